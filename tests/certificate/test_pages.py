"""Pages of certificates: deterministic, complete, nothing but text, no holes, no overflow."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from certificate import site
from certificate.lots import TESTS, decision, identified, profile, result, signature, unsigned_decision
from certificate.reviewed_pages import PAGES
from regenqc.certificate.making import make_certificate
from regenqc.certificate.page import make_page, visible
from regenqc.certificate.rendering import Renderer, template_folder
from regenqc.certificate.web import html_page
from regenqc.errors import DataError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.certificate.content import Certificate

NEEDS_POPPLER = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")


def with_lot(batch: str = "HP-00000001", *languages: str, **changes: Any) -> Certificate:
    content = identified(unsigned_decision(batch) | changes)
    return site.certificate(batch, *languages, made=content | {"signatures": [signature(content)]})


def text_of(document: bytes, tmp_path: Path, *options: str) -> str:
    path = tmp_path / "page.pdf"
    path.write_bytes(document)
    return subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, text=True, check=True).stdout


def plain(text: str) -> str:
    return "".join(text.replace("\u200b", "").split())


def test_the_same_record_gives_the_same_bytes() -> None:
    one = site.certificate()
    assert Renderer().pdf(one) == site.renderer().pdf(one)


def test_the_same_record_gives_the_same_bytes_after_others() -> None:
    renderer = Renderer()
    first = renderer.pdf(site.certificate("HP-1"))
    renderer.pdf(site.certificate("HP-2", "en", "ja"))
    assert renderer.pdf(site.certificate("HP-1")) == first


def test_the_document_declares_pdf_a_3b_and_is_tagged() -> None:
    document = site.renderer().pdf(site.certificate())
    assert b"<pdfaid:part>3</pdfaid:part>" in document
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in document
    assert b"/StructTreeRoot" in document
    assert b"/MarkInfo<</Marked true" in document
    assert b"/AFRelationship/Data" in document


@NEEDS_POPPLER
def test_text_can_be_selected_and_says_what_the_record_says(tmp_path: Path) -> None:
    text = plain(text_of(site.renderer().pdf(site.certificate("HP-00000001", "en", "zh")), tmp_path))
    for said in ("Certificate of release", "放行证书", "HP-00000001", "Dr. Ada Example", "46,XY[20]", "< 0.05 EU/mL"):
        assert plain(said) in text


@NEEDS_POPPLER
@pytest.mark.parametrize("language", ["zh", "ja", "ko"])
def test_a_bilingual_page_has_the_title_in_both_languages(language: str, tmp_path: Path) -> None:
    from regenqc.certificate.wording import heading

    text = plain(text_of(site.renderer().pdf(site.certificate("HP-1", "en", language)), tmp_path))
    for words in heading("types", "release_certificate", ("en", language)):
        assert plain(words) in text


HOSTILE = [
    pytest.param('#panic("x") #eval("1") $x$ @y <z> *b* _i_ `c` = = / // /*', id="Typst"),
    pytest.param("<script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'", id="HTML"),
    pytest.param("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", id="XML"),
    pytest.param("\\input{/etc/passwd} \\write18{ls} %{}~^_$", id="LaTeX"),
    pytest.param("{{ 7*7 }} {% raw %} ${jndi:ldap://x}", id="templates"),
    pytest.param('","x":1}] \\u0000 \\n', id="JSON"),
    pytest.param("x" * 10_000, id="10,000 characters without a blank"),
    pytest.param("word " * 2_000, id="10,000 characters of words"),
    pytest.param("עברית ومعه العربية 中文 한국어 Ελληνικά Кириллица", id="right to left and other scripts"),
]


@NEEDS_POPPLER
@pytest.mark.parametrize("name", HOSTILE)
def test_a_lot_name_of_others_is_text_and_nothing_else_in_the_pdf(name: str, tmp_path: Path) -> None:
    certificate = with_lot(name, lot=[*unsigned_decision()["lot"], {"name": "batch_id", "value": name}])
    text = plain(text_of(site.renderer().pdf(certificate), tmp_path, "-raw"))
    if "עברית" not in name:
        assert plain(name)[:200] in text
    else:
        assert all(word in text for word in ("中文", "한국어", "Ελληνικά"))


class Collected(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_lot_name_of_others_is_text_and_nothing_else_on_the_web_page(name: str) -> None:
    page = Collected()
    page.feed(html_page(with_lot(name)))
    assert plain(name) in plain("".join(page.text))
    assert not page.tags & {"script", "img", "iframe", "object", "a"}
    assert not {each for each in page.attributes if each.startswith("on") or each in {"src", "href"}}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("A\u202eB", "A[U+202E]B", id="a character that turns the direction"),
        pytest.param("A\u200bB", "A[U+200B]B", id="a space without width"),
        pytest.param("A\x00\x1b[31m", "A[U+0000][U+001B][31m", id="control characters"),
        pytest.param("A\ue000", "A[U+E000]", id="a character of private use"),
        pytest.param("a\nb", "a[U+000A]b", id="a line feed where there are no lines"),
        pytest.param("¹×⁸ µg ≥", "¹×⁸ µg ≥", id="what laboratories write"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_its_code_point(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_character_without_glyph_is_an_error_that_names_it() -> None:
    with pytest.raises(DataError, match=r"RQC-V021 .*ꙮ \(U\+A66E\)"):
        site.renderer().pdf(with_lot("LOT-ꙮ"))


@pytest.mark.parametrize("form", ["svg", "png"])
def test_a_picture_has_no_hole_either(form: str) -> None:
    with pytest.raises(DataError, match="RQC-V021"):
        getattr(site.renderer(), form)(with_lot("LOT-ꙮ"))


def test_without_fonts_chinese_is_an_error_and_english_is_not() -> None:
    renderer = Renderer(fonts=())
    assert renderer.pdf(site.certificate("HP-1")).startswith(b"%PDF-1.7")
    with pytest.raises(DataError, match="fonts-noto-cjk"):
        renderer.pdf(site.certificate("HP-1", "en", "zh"))


def test_a_folder_that_is_no_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RQC-V020"):
        Renderer(template=tmp_path)


def test_another_style_changes_the_page_and_not_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(template_folder(), folder)
    style = folder / "style.typ"
    style.write_text(style.read_text().replace("#1f3a5f", "#5f1f3a"))
    one = site.certificate()
    restyled = Renderer(template=folder)
    assert restyled.pdf(one) != site.renderer().pdf(one)
    signed = site.PdfSealer(site.issuer()).sign(restyled.pdf(one), signed_at=site.NOW)
    assert site.verify(signed, renderer=restyled).ok
    other = site.verify(signed)
    assert other.ok
    assert "another template" in next(check.said for check in other.checks if check.name == "pages")


def test_pages_of_another_template_without_signature_are_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(template_folder(), folder)
    (folder / "style.typ").write_text((folder / "style.typ").read_text() + "\n// changed\n")
    verdict = site.verify(Renderer(template=folder).pdf(site.certificate()))
    assert [fault.code for fault in verdict.faults] == ["RQC-V190"]


def many_tests(count: int) -> Certificate:
    rows = [
        result(f"{test}_{number}", f"{method}, a long description of the procedure that was followed", *rest)
        for number in range(count // len(TESTS) + 1)
        for test, method, *rest in TESTS
    ][:count]
    return with_lot("HP-1", results=rows)


def boxes(document: bytes, tmp_path: Path) -> list[list[tuple[float, float, float, float, str]]]:
    import re

    found: list[list[tuple[float, float, float, float, str]]] = []
    for line in text_of(document, tmp_path, "-bbox").splitlines():
        if "<page " in line:
            found.append([])
        box = re.search(r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*)</word>', line)
        if box is not None:
            found[-1].append((*map(float, box.groups()[:4]), box[5]))  # type: ignore[arg-type]
    return found


@NEEDS_POPPLER
@pytest.mark.parametrize(
    "certificate",
    [
        pytest.param(lambda: many_tests(60), id="60 tests"),
        pytest.param(lambda: many_tests(150), id="150 tests on several pages"),
        pytest.param(
            lambda: with_lot(
                "HP-1",
                lot=[
                    {"name": name, "value": "x" * 300}
                    for name in ("product", "manufactured_at", "expires_at", "coi_id")
                ],
            ),
            id="long values without blanks",
        ),
        pytest.param(lambda: site.certificate("HP-1", "en", "ja"), id="two languages"),
        pytest.param(PAGES["long-values"][0], id="a long name"),
        pytest.param(PAGES["right-to-left"][0], id="Hebrew and Arabic"),
        pytest.param(PAGES["release-chinese-two-signatures"][0], id="two signatures, Chinese"),
        pytest.param(PAGES["receipt"][0], id="a receipt, Chinese"),
    ],
)
def test_nothing_leaves_the_page_or_overlaps(certificate: Any, tmp_path: Path) -> None:
    for page in boxes(site.renderer().pdf(certificate()), tmp_path):
        assert page
        for x_min, y_min, x_max, y_max, word in page:
            assert 40 <= x_min < x_max <= 555, word
            assert 30 <= y_min < y_max <= 830, word
        for at, (x_min, y_min, x_max, y_max, word) in enumerate(page):
            for other in page[at + 1 :]:
                across = min(x_max, other[2]) - max(x_min, other[0])
                down = min(y_max, other[3]) - max(y_min, other[1])
                # Boxes reach from ascender to descender; lines stand closer than that.
                assert across <= 1 or down <= 0.45 * min(y_max - y_min, other[3] - other[1]), (word, other[4])


@NEEDS_POPPLER
def test_every_page_has_the_number_and_says_which_page_of_how_many_it_is(tmp_path: Path) -> None:
    certificate = many_tests(150)
    pages = text_of(site.renderer().pdf(certificate), tmp_path, "-layout").split("\f")[:-1]
    assert len(pages) >= 4
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert certificate.certificate_id in page


def test_a_result_changed_after_entry_is_marked() -> None:
    rows = [result(*TESTS[1], changed="revision 1 replaced 61.4 %: transcription error")]
    page = make_page(with_lot("HP-1", results=rows))
    assert page["tables"][0]["rows"][0]["cells"][2]["note"] == (
        "changed after entry: revision 1 replaced 61.4 %: transcription error"
    )


def test_a_result_that_does_not_count_has_no_verdict_and_says_why() -> None:
    rows = [result(*TESTS[1], counts=False, reason_code="invalidated", status="invalidated")]
    cells = make_page(with_lot("HP-1", results=rows))["tables"][0]["rows"][0]["cells"]
    assert (cells[4]["texts"], cells[2]["note"]) == (["–"], "invalidated")


def test_removed_requirements_are_on_the_certificate() -> None:
    removed = [{"requirement_id": "mycoplasma", "justification": "covered by the bank"}]
    page = make_page(with_lot("HP-1", removed=removed))
    assert any("covered by the bank" in str(table["rows"]) for table in page["tables"])


def test_a_conditional_certificate_lists_what_is_pending_and_when_it_is_due() -> None:
    content = identified(
        unsigned_decision("HP-1", "conditional_release")
        | {
            "disposition": "conditional",
            "pending": [{"requirement_id": "sterility", "title": "Sterility", "due": "2026-03-30T00:00:00Z"}],
        }
    )
    made = content | {"signatures": [signature(content)]}
    certificate = site.issuer().seal(make_certificate(made, profile=profile(), issued_at="2026-03-16T15:30:00+01:00"))
    assert certificate.type == "conditional_certificate"
    (pending,) = [table for table in make_page(certificate)["tables"] if table["heading"] == ["Tests still pending"]]
    assert [cell["texts"] for cell in pending["rows"][0]["cells"]] == [["Sterility"], ["2026-03-30T00:00:00Z"]]


def test_what_is_absent_and_may_be_is_printed_as_not_stated() -> None:
    rows = {row["label"][0]: row for section in make_page(site.certificate())["facts"] for row in section["rows"]}
    assert (rows["Batch size"]["value"], rows["Batch size"]["stated"]) == ("not stated", False)


def test_a_decision_without_what_the_page_needs_is_refused() -> None:
    broken = decision()
    del broken["audit"], broken["acknowledged"]
    certificate = msgspec.structs.replace(site.certificate(), decision=broken)
    with pytest.raises(DataError, match="RQC-V011"):
        make_page(certificate)
