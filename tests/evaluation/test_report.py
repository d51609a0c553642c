"""The report for people: escaped, honest about what it leaves out, self-contained and the same every time."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import regenqc
from regenqc.evaluation.report import Bounds, write_report
from regenqc.evaluation.visible_text import visible

SPECIFICATION = """
schema = "regenqc.specification/1"
id = "example/report"
version = "2.1"
title = "Cells for a report"
jurisdiction = "INT"

[[requirement]]
id = "viability"
test = "viability"
stage = "drug_product_release"
title = "Viable cells"
limit = { min = "70", unit = "%" }
alert = { min = "75", unit = "%" }
citation = "Table 9"
mark = "secondary"

[[requirement]]
id = "sterility"
test = "sterility"
stage = "drug_product_release"
one_of = ["no growth"]
timing = "after_release"
due = "14 d"
citation = "Table 9"
mark = "verified"
"""

AS_OF = "2026-01-10T00:00:00Z"
# batch -> viability, sterility; the sterility of "pending" is not reported yet.
GOOD = {"A-good": ("90", "no growth")}
ALERTING = GOOD | {"B-alert": ("74", "no growth")}
EVERY_KIND = ALERTING | {
    "C-pending": ("90", ""),
    "D-hold": ("looks fine", "no growth"),
    "E-reject": ("12", "no growth"),
}


class Page(HTMLParser):
    """The elements of a page with their attributes and texts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], []
        self._skipped = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._skipped += tag == "style"

    def handle_endtag(self, tag):
        self._skipped -= tag == "style"

    def handle_data(self, data):
        if not self._skipped:
            self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def evaluation_of(lots, specification=SPECIFICATION, **attributes):
    rows = [
        {"batch_id": batch, "test": test, "result": result, "unit": "%" if test == "viability" else ""}
        for batch, results in lots.items()
        for test, result in zip(("viability", "sterility"), results, strict=True)
    ]
    batches = pd.DataFrame({"batch_id": list(lots), "manufactured_at": "2026-01-01"} | attributes)
    return regenqc.evaluate(
        pd.DataFrame(rows), regenqc.parse_specification(specification), batches=batches, as_of=AS_OF, compiled=False
    )


@pytest.fixture
def page_of(tmp_path):
    def write(lots, *, specification=SPECIFICATION, **options):
        path = tmp_path / "report.html"
        write_report(evaluation_of(lots, specification), path, **options)
        return path.read_text(encoding="utf-8")

    return write


# ---- content and order -------------------------------------------------------------------------------------------


def test_groups_come_from_reject_to_eligible_with_alerts(page_of):
    text = page_of(EVERY_KIND)
    exceptions = text[text.index('id="exceptions"') : text.index('id="maps"')]
    places = [exceptions.index(f"<bdi>{batch}</bdi>") for batch in ("E-reject", "D-hold", "C-pending", "B-alert")]
    assert places == sorted(places)


def test_a_batch_without_findings_is_no_exception(page_of):
    text = page_of(EVERY_KIND)
    assert "A-good" not in text[text.index('id="exceptions"') : text.index('id="maps"')]
    assert "A-good" in text[text.index('id="maps"') :]


def test_exceptions_come_before_cells_and_cells_before_the_specification(page_of):
    text = page_of(EVERY_KIND)
    assert text.index('id="exceptions"') < text.index('id="maps"') < text.index('id="specifications"')


def test_a_finding_shows_what_was_reported_the_limit_the_place_and_the_sentence(page_of):
    text = Page(page_of({"X": ("12", "no growth")})).text
    assert "fails Viable cells 12 % ≥ 70 %" in text
    assert ":1 Viable cells: reported “12 %” is below the limit ≥ 70 %" in text


def test_a_pending_result_is_said_to_be_pending_and_until_when(page_of):
    text = Page(page_of({"X": ("90", "")})).text
    assert "pending until 2026-01-15T00:00:00Z" in text
    assert "pending Sterility" in text


def test_an_interim_answer_leaves_a_deferred_requirement_pending(page_of):
    text = Page(page_of({"X": ("90", "in progress")})).text
    assert text.count("◷ pending Sterility") == 2
    assert "○ missing Sterility" not in text


def test_the_worst_finding_of_a_batch_comes_first(page_of):
    text = page_of({"X": ("looks fine", "growth")})
    assert text.index(": reported “growth”") < text.index(": reported “looks fine")


def test_the_sum_of_the_rows_is_printed(page_of):
    assert "10 read = 10 judged + 0 refused" in page_of(EVERY_KIND)


def test_inputs_are_listed_with_their_digests(page_of):
    text = page_of(GOOD, inputs=[("export.csv", "sha256:0123")])
    assert "export.csv" in text
    assert "sha256:0123" in text


def test_the_full_fingerprint_is_printed(page_of):
    fingerprint = regenqc.parse_specification(SPECIFICATION).fingerprint
    assert f"<code>{fingerprint}</code>" in page_of(GOOD)


def test_a_disposition_is_never_called_a_decision(page_of):
    text = Page(page_of(EVERY_KIND)).text
    assert "decided by a named person" in text
    assert not re.search(r"validated|certified|compliant", text)


def test_a_source_that_nobody_verified_is_marked(page_of):
    text = Page(page_of(GOOD)).text
    assert "◇ secondary" in text
    assert "1 of 2 requirements rest on a source that is not verified" in text


def test_a_removed_requirement_is_listed_with_its_justification(tmp_path):
    parent = SPECIFICATION.replace("example/report", "example/parent")
    (tmp_path / "specs" / "example").mkdir(parents=True)
    (tmp_path / "specs" / "example" / "parent.toml").write_text(parent, encoding="utf-8")
    child = tmp_path / "specs" / "example" / "child.toml"
    child.write_text(
        parent.partition("[[requirement]]")[0].replace("example/parent", "example/child")
        + 'extends = ["example/parent@2.1"]\n'
        + 'removed = [{ id = "sterility", justification = "Sterile by its process." }]\n',
        encoding="utf-8",
    )
    specification = regenqc.load_specification(child)
    frame = pd.DataFrame({"batch_id": ["A"], "test": "viability", "result": "90", "unit": "%"})
    write_report(regenqc.evaluate(frame, specification, as_of=AS_OF), tmp_path / "report.html")
    assert "<code>sterility</code>: Sterile by its process." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_without_exceptions_there_is_no_section_of_exceptions(page_of):
    text = page_of(GOOD)
    assert 'id="exceptions"' not in text
    assert "Every disposition is eligible" in text


def test_alerts_alone_are_exceptions_that_stay_eligible(page_of):
    text = Page(page_of(ALERTING)).text
    assert "1 of 2 dispositions are exceptions" in text
    assert "● eligible with findings to acknowledge: 1 disposition" in text


def test_a_batch_that_no_specification_speaks_about_says_so(tmp_path):
    specification = SPECIFICATION.replace("\n[[", '\n[product]\nproduct = "P-1"\n\n[[', 1)
    write_report(evaluation_of(GOOD, specification, product="P-2"), tmp_path / "report.html")
    text = Page((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "■ hold A-good no stage · no specification speaks about this batch" in text
    assert "No specification of this run speaks about the batch" in text


def test_of_two_sources_with_one_name_the_whole_path_is_shown(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "export.csv").write_text(
            f"batch_id,test,result,unit\n{folder},viability,12,%\n", encoding="utf-8"
        )
    results = regenqc.read_results(tmp_path / "one" / "export.csv", tmp_path / "two" / "export.csv")
    evaluation = regenqc.evaluate(results, regenqc.parse_specification(SPECIFICATION), as_of=AS_OF)
    write_report(evaluation, tmp_path / "report.html")
    text = Page((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert [name in text for name in evaluation.sources] == [True, True]


# ---- hostile text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("<script>alert(1)</script>", id="a script"),
        pytest.param('"><img src=x onerror=alert(1)>', id="an attribute that is closed"),
        pytest.param("</style><iframe src='https://example.invalid'>", id="a frame"),
        pytest.param("{{ 7 * 7 }}{% raw %}", id="a template"),
    ],
)
def test_text_of_the_laboratory_stays_text(page_of, hostile):
    plain = Page(page_of({"X": ("12", "no growth")}))
    page = Page(page_of({f"X{hostile}": (hostile, hostile)}, inputs=[(hostile, hostile)]))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements}
    assert hostile in "".join(page.texts)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("neg\u202eative", "neg⟨U+202E⟩ative", id="direction override"),
        pytest.param("a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩", id="direction isolate"),
        pytest.param("no\u200bgrowth", "no⟨U+200B⟩growth", id="blank of no width"),
        pytest.param("7\u00a00", "7⟨U+00A0⟩0", id="blank that does not break"),
        pytest.param("a\nb\x00", "a⟨U+000A⟩b⟨U+0000⟩", id="control characters"),
        pytest.param("p\u0430ss", "p\u0430⟨U+0430⟩ss", id="Cyrillic letter in a Latin word"),
        pytest.param("\u043f\u0440\u043e\u0431\u0430", "\u043f\u0440\u043e\u0431\u0430", id="a Cyrillic word stays"),
        pytest.param("µg/mL 無菌 é", "µg/mL 無菌 é", id="other scripts and signs stay"),
        pytest.param(" Neg ", "␣Neg␣", id="blanks at the ends"),
        pytest.param("   ", "␣␣␣", id="blanks alone"),
        pytest.param("", "", id="nothing"),
        pytest.param("=HYPERLINK(1)", "=HYPERLINK(1)", id="a formula"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text, shown):
    assert visible(text, longest=80, edges=True) == shown


def test_no_invisible_character_of_the_laboratory_reaches_the_page(page_of):
    hidden = "\u202e\u2066\u200b\u2028\ufeff\x07\u00ad"
    text = page_of({f"X{hidden}": (f"9{hidden}", f"no{hidden}growth")}, inputs=[(f"f{hidden}", hidden)])
    assert not set(hidden) & set(text)


def test_marks_stacked_on_a_letter_are_spelled_out():
    assert visible("e" + "\u0301" * 4, longest=80) == "e\u0301\u0301⟨U+0301⟩⟨U+0301⟩"


@pytest.mark.parametrize("mark", ["0", "\u202e"], ids=["visible characters", "invisible characters"])
def test_an_endless_result_is_cut_and_counted(page_of, mark):
    text = page_of({"X": (mark * 60_000, "no growth")})
    assert "(60,000 characters)" in text
    assert len(text) < 40_000


# ---- self-contained ----------------------------------------------------------------------------------------------


def test_the_page_loads_nothing(page_of):
    page = Page(page_of(EVERY_KIND, inputs=[("https://example.invalid/a.csv", "sha256:0")]))
    assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.elements}
    assert not [attributes for _, attributes in page.elements if "src" in attributes]
    assert all(attributes["href"].startswith("#") for attributes in page.all("a"))


def test_the_styles_load_nothing(page_of):
    style = re.search(r"<style>(.*?)</style>", page_of(GOOD), re.DOTALL)
    assert style
    assert not re.search(r"url\(|@import|https?:", style[1])


def test_the_page_forbids_itself_everything_but_its_styles(page_of):
    policies = [meta["content"] for meta in Page(page_of(GOOD)).all("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


def test_every_link_has_its_target(page_of):
    page = Page(page_of(EVERY_KIND))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"][1:] for attributes in page.all("a")} <= set(ids)


def test_the_same_evaluation_gives_the_same_bytes(tmp_path):
    for name in ("one.html", "two.html"):
        write_report(evaluation_of(EVERY_KIND), tmp_path / name, inputs=[("a.csv", "sha256:1")])
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


# ---- accessibility -----------------------------------------------------------------------------------------------


def test_the_page_states_its_language_and_title(page_of):
    text = page_of(GOOD)
    assert text.startswith("<!DOCTYPE html>\n")
    assert Page(text).all("html") == [{"lang": "en"}]
    assert "<title>regenqc report, as of 2026-01-10</title>" in text


def test_every_table_header_has_a_scope_and_every_table_a_caption(page_of):
    page = Page(page_of(EVERY_KIND))
    assert {attributes.get("scope") for attributes in page.all("th")} == {"col", "row", "rowgroup"}
    assert len(page.all("caption")) == len(page.all("table"))


def test_colour_never_speaks_alone(page_of):
    text = page_of(EVERY_KIND)
    cells = re.findall(
        r'<td class="(fails|inconclusive|missing|pending|alert)" title="[^"]*: (\w+)">(.)<span>(\w+)<', text
    )
    assert {(word, title, hidden) for word, title, _, hidden in cells} == {
        (word, word, word) for word in ("fails", "inconclusive", "pending", "alert")
    }
    assert len({symbol for _, _, symbol, _ in cells}) == 4


# ---- bounded -----------------------------------------------------------------------------------------------------


def many(count, results=("12", "growth")):
    return {f"B{number:05d}": results for number in range(count)}


def test_capped_exceptions_say_how_many_there_are(page_of):
    text = Page(page_of(many(30), bounds=Bounds(batches=7))).text
    assert "Showing 7 of 30; all are in dispositions.parquet, their findings in findings.parquet." in text
    assert text.count("is below the limit") == 7


def test_a_rare_disposition_is_not_crowded_out(page_of):
    lots = many(30) | {"Z-pending": ("90", "")}
    assert Page(page_of(lots, bounds=Bounds(batches=4))).text.count("pending until") == 1


def test_capped_findings_say_how_many_there_are(page_of):
    text = Page(page_of(many(2), bounds=Bounds(findings_of_one=1))).text
    assert text.count("showing 1 of 2 findings, all are in findings.parquet") == 2


def test_the_sum_of_the_findings_is_capped_evenly(page_of):
    text = Page(page_of(many(10), bounds=Bounds(findings=12))).text
    assert text.count("showing 1 of 2 findings") == 10


@pytest.mark.parametrize(
    "bounds", [Bounds(map_rows=5), Bounds(map_cells=15)], ids=["by its rows", "by the cells of the page"]
)
def test_a_capped_map_says_how_many_batches_there_are(page_of, bounds):
    text = page_of(many(30), bounds=bounds)
    assert "Showing 5 of 30 batches; all are in verdicts.parquet." in Page(text).text
    assert text.count('<td class="fails"') == 10


def test_causes_are_counted_over_all_batches(page_of):
    text = Page(page_of(many(30), bounds=Bounds(batches=1, causes=1))).text
    assert "Viable cells drug product release example/report 30 0 0 0 0 30" in text
    assert "Showing 1 of 2 requirements" in text


def test_a_map_shows_exceptions_first(page_of):
    text = page_of({"A-good": ("90", "no growth"), "B-bad": ("12", "growth")}, bounds=Bounds(map_rows=1))
    assert "<bdi>B-bad</bdi>" in text[text.index('id="maps"') :]
    assert "<bdi>A-good</bdi>" not in text


def test_twenty_thousand_exceptions_make_a_page_of_ordinary_size(tmp_path):
    write_report(evaluation_of(many(20_000)), tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 3_000_000


def test_every_finding_of_a_listed_batch_is_counted_across_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("regenqc.evaluation.findings._RENDERED_AT_ONCE", 3)
    path = Path(tmp_path / "report.html")
    write_report(evaluation_of(many(5)), path)
    text = Page(path.read_text(encoding="utf-8")).text
    assert text.count("is below the limit") == 5
    assert "showing" not in text
