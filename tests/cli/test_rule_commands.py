"""Commands on rules: what they print, write and leave with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regenqc.cli.main import app
from regenqc.errors import RegenqcError
from regenqc.specification import load_specification

ROOT = Path(__file__).resolve().parents[2]
LOTS = ROOT / "sample_data" / "published" / "ari-0001"
PRODUCT = [
    "kind=cells",
    "cell_source=hipsc",
    "setting=treatment",
    "gene_modification=none",
    "designated_institution=yes",
]


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(done.exception, RegenqcError):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.parametrize(
    "command",
    [
        "classify",
        "obligations",
        "spec audit",
        "spec compare",
        "spec strictest",
        "spec diff",
        "spec impact",
        "spec export",
        "spec import",
    ],
)
def test_a_command_has_help_with_an_example(command):
    assert "Example: regenqc" in run(*command.split(), "--help")


# ---- classify


def test_classify_names_row_source_and_mark():
    text = run("classify", *PRODUCT, "-j", "JP")
    assert "JP-B1" in text
    assert "[JP-ORD-2] verified" in text
    assert "Indicative; confirm with the authority." in text


def test_classify_answers_for_five_jurisdictions_as_json():
    found = json.loads(run("classify", *PRODUCT, "severe_rare_or_intractable=yes", "--as-of", "2026-11-01", "--json"))
    assert [entry["jurisdiction"] for entry in found] == ["US", "EU", "JP", "KR", "CN"]
    assert found[3]["risk_class"]["answer"] == "high"


def test_classify_says_what_has_to_be_stated():
    assert "state setting" in run("classify", "kind=cells", "-j", "JP")


def test_classify_lists_its_words():
    assert "other_substantial" in run("classify", "--words")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["cell_source=ipsc"], "RQC-U100", id="an unknown word"),
        pytest.param(["colour=red"], "RQC-U101", id="an unknown property"),
        pytest.param(["cell_source"], "RQC-U103", id="no word"),
        pytest.param(["kind=cells", "kind=exosome"], "RQC-U103", id="a property twice"),
        pytest.param(["kind=cells", "-j", "TW"], "RQC-U104", id="another jurisdiction"),
        pytest.param(["kind=cells", "--as-of", "1.5.2026"], "RQC-U105", id="a day that cannot be read"),
    ],
)
def test_classify_refuses(arguments, code):
    with pytest.raises(RegenqcError, match=code):
        run("classify", *arguments)


# ---- obligations


def test_obligations_keep_for_thirty_years_after_the_study():
    """Order 818 Art 22 [CN-818-22]."""
    text = run(
        "obligations", "-j", "CN", "-t", "order_818", "-a", "study_ended=2028-03-01", "-c", "offspring_involved=no"
    )
    assert "2058-03-01" in text


def test_obligations_keep_what_is_not_known_indefinitely():
    assert "indefinitely" in run("obligations", "-j", "CN", "-t", "order_818")


def test_obligations_take_a_working_calendar(tmp_path):
    calendar = tmp_path / "calendar.txt"
    calendar.write_text("# holidays\n2026-05-07\n+2026-05-09\n", encoding="utf-8")
    arguments = ("obligations", "-j", "CN", "-t", "order_818", "-e", "CN-R1=2026-05-06", "--json")
    found = json.loads(run(*arguments, "--holidays", calendar))
    assert found["reports"][0]["due"] == "2026-05-13"
    assert json.loads(run(*arguments))["reports"][0]["due"] is None


def test_a_track_without_rows_says_so():
    assert "No table has a row" in run("obligations", "-j", "JP", "-t", "cosmetic")


def test_an_unknown_track_is_refused():
    with pytest.raises(RegenqcError, match="RQC-U102"):
        run("obligations", "-j", "US", "-t", "nothing")


def test_a_calendar_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RegenqcError, match="RQC-U106"):
        run("obligations", "-j", "CN", "-t", "order_818", "--holidays", tmp_path / "none")


# ---- spec audit


def test_the_audit_of_all_packs_passes():
    text = run("spec", "audit")
    assert "kr/product" in text
    assert "✘" not in text


def test_the_audit_fails_where_a_pack_is_not_sound():
    with_faults = CliRunner().invoke(app, ["spec", "audit", "example/car-t-ari-0001"])
    assert with_faults.exit_code == 4


def test_the_audit_is_read_by_machines():
    (found,) = json.loads(run("spec", "audit", "eu/atmp", "--json"))
    assert found["faults"] == []
    assert "viability" in found["sponsor_must_set"]


# ---- compare, strictest


def test_a_comparison_as_csv_has_a_line_for_every_specification():
    lines = list(
        csv.DictReader(io.StringIO(run("spec", "compare", "jp/asrm-class-2", "jp/asrm-class-3", "-f", "csv", "-d")))
    )
    assert {line["requirement"] for line in lines} == {
        "specified_committee_review",
        "committee_review",
        "responsible_lead_and_emergency_care",
    }
    assert {line["specification"] for line in lines} == {"jp/asrm-class-2", "jp/asrm-class-3"}


def test_a_comparison_is_a_page_of_its_own(tmp_path):
    page = tmp_path / "page.html"
    run("spec", "compare", "us/investigational", "eu/atmp", "-f", "html", "-o", page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "http" not in text
    assert "Ph. Eur. 2.6.7" in text


def test_a_comparison_on_the_screen_marks_what_differs():
    assert "≠ committee_review" in run("spec", "compare", "jp/asrm-class-2", "jp/asrm-class-3", "-d")


@pytest.mark.parametrize("command", ["compare", "strictest"])
def test_one_specification_is_nothing_to_compare(command):
    with pytest.raises(RegenqcError, match="RQC-U110"):
        run("spec", command, "eu/atmp")


def test_the_strictest_specification_loads(tmp_path):
    path = tmp_path / "strictest.toml"
    run("spec", "strictest", "us/investigational", "jp/asrm-class-1", "-o", path)
    assert load_specification(path).id == "strictest"


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(RegenqcError, match="RQC-U111"):
        run("spec", "strictest", "us/investigational", "eu/atmp", "-o", tmp_path / "no" / "s.toml")


# ---- diff, impact


@pytest.fixture
def stricter(tmp_path):
    path = tmp_path / "stricter.toml"
    text = (ROOT / "specs" / "example" / "car-t-ari-0001.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('min = "70"', 'min = "98"').replace("1.0.0", "1.1.0"), encoding="utf-8")
    return path


def test_a_difference_is_told_in_words(stricter):
    text = run("spec", "diff", "example/car-t-ari-0001", stricter)
    assert "viability at drug product release: tightened" in text
    assert "min 70, unit % → min 98, unit %" in text


def test_a_looser_limit_says_so(stricter):
    assert "demands less: its limit is wider" in run("spec", "diff", stricter, "example/car-t-ari-0001")


def test_nothing_changes_from_a_version_to_itself():
    assert "Nothing changes." in run("spec", "diff", "eu/atmp", "eu/atmp")


def impact(*versions, code, more=()):
    lots = ("--results", LOTS / "results.csv", "--batches", LOTS / "batches.csv", "--as-of", "2026-06-30T00:00:00Z")
    return run("spec", "impact", *versions, *lots, *more, code=code)


def test_an_impact_lists_the_batches_and_the_requirement(stricter, tmp_path):
    out = tmp_path / "impact.csv"
    text = impact("example/car-t-ari-0001", stricter, code=1, more=("-o", out))
    assert "eligible → ✘ reject" in text
    assert "viability: no finding → fails (below_minimum)" in text
    assert "viability" in out.read_text(encoding="utf-8")


def test_no_impact_leaves_with_zero():
    assert "0 of 3" in impact("example/car-t-ari-0001", "example/car-t-ari-0001", code=0)


def test_an_impact_is_read_by_machines(stricter):
    found = json.loads(impact("example/car-t-ari-0001", stricter, code=1, more=("--json",)))
    assert found["judged"] == 3
    assert {(batch["before"], batch["after"]) for batch in found["changed"]} == {("eligible", "reject")}


# ---- conformance


def test_lint_shows_what_a_product_makes_of_its_packs():
    text = run("spec", "lint", "us/investigational", "--conformance")
    assert "sets" in text
    assert "still open" in text


# ---- exchange


def test_limits_go_out_and_come_back(tmp_path):
    path = tmp_path / "product.json"
    run("spec", "export", "example/car-t-ari-0001", "-o", path)
    text = run("spec", "import", path)
    assert 'min = "70"' in text
    assert json.loads(path.read_text(encoding="utf-8"))["resourceType"] == "PlanDefinition"


def test_an_empty_template_is_filled_and_read(tmp_path):
    path = tmp_path / "limits.csv"
    path.write_text(run("spec", "export", "-f", "template") + "a,a,donor,,,1.0,,,,%,,,,,\n", encoding="utf-8")
    assert 'min = "1.0"' in run("spec", "import", path)


def test_a_template_goes_out_and_comes_back_as_a_workbook(tmp_path):
    sheet, text = tmp_path / "limits.XLSX", tmp_path / "limits.csv"
    for path in (sheet, text):
        run("spec", "export", "example/car-t-ari-0001", "-f", "template", "-o", path)
    assert sheet.read_bytes()[:2] == b"PK"
    assert run("spec", "import", sheet) == run("spec", "import", text)


def test_a_specification_is_written_out_in_one_file(tmp_path):
    path = tmp_path / "whole.toml"
    run("spec", "export", "eu/atmp", "-f", "toml", "-o", path)
    assert load_specification(path).requirements == load_specification("eu/atmp").requirements


def test_nothing_to_export_is_refused():
    with pytest.raises(RegenqcError, match="RQC-U112"):
        run("spec", "export")


# ---- one lot, every market

FIVE = ("us/investigational", "eu/atmp", "jp/asrm-class-1", "kr/product", "cn/drug-track")


def test_the_release_matrix_has_every_jurisdiction_and_the_reasons_of_every_no():
    specifications = [part for name in FIVE for part in ("-s", name)]
    lots = (LOTS / "results.csv", "--batches", LOTS / "batches.csv", "--stage", "drug_product_release")
    text = run("evaluate", *lots, *specifications, "--as-of", "2026-11-01T00:00:00Z", "--matrix", code=1)
    assert text.count("■ hold") == 15
    assert all(f"\n{name}\n" in text for name in FIVE)
    assert "limit unverified (3 batches): two_step_release_procedure" in text
    assert "release_confirmation_6" in text
