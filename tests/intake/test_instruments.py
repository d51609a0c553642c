"""Real instrument exports and the documents that a converter made of them, read by profiles or refused with a place."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from regenqc.errors import DataError
from regenqc.intake.profiles import load_profile, parse_profile

from .mapped import HEAD, rows_of

VECTORS = Path(os.environ.get("REGENQC_VECTORS", "")) / "allotropy"
pytestmark = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="published vectors are not here; name their folder in REGENQC_VECTORS"
)
KEEP = 'other_tests = "keep"\nother_columns = "carry"\n'


def numbers_of(rows: list[dict[str, str]], *tests: str) -> list[Decimal]:
    """Return the mapped numbers of some tests, in order of size."""
    texts = [
        row["result"] for row in rows if "mapping_fault" not in row and (not tests or row["test"].startswith(tests))
    ]
    return sorted(Decimal(text.strip()) for text in texts if text.strip()[:1] not in "<>")


def test_every_file_is_tested_here() -> None:
    tested = {"SampleResults2022", "chemometec", "flowjo", "qiacuity", "roche"}
    names = [
        path.name
        for path in VECTORS.iterdir()
        if path.suffix in {".csv", ".txt", ".json"} and path.name != "PROVENANCE.txt"
    ]
    assert all(name.startswith((*tested, "LICENSE")) for name in names)


def test_a_metabolite_analyser_with_one_column_per_analyte() -> None:
    analytes = ["Gln", "Glu", "Gluc", "Lac", "NH4+", "Na+", "K+", "Ca++"]
    columns = "".join(
        f'[[result_column]]\nname = "{name}"\ntest = "{name.lower().strip("+")}"\nunit = "mmol/L"\n'
        for name in analytes
    )
    profile = parse_profile(
        HEAD + 'other_columns = "carry"\n[dates]\nformat = "M-D-YYYY hh:mm:ss"\nzone = "+00:00"\n'
        '[columns]\nbatch_id = "Batch ID"\nsample_id = "Sample ID"\ntested_at = "Date & Time"\n' + columns
    )
    rows, tally = rows_of(VECTORS / "SampleResults2022-06-28_142558.csv", profile)
    assert (tally.read, tally.mapped, tally.results) == (1, 1, 8)
    assert rows[0]["tested_at"] == "2022-06-24T14:34:52+00:00"
    document, _ = rows_of(VECTORS / "SampleResults2022-06-28_142558.json", load_profile("allotrope-asm"))
    found = {row["test"].partition(":")[0]: row["result"] for row in document if ": " in row["test"]}
    exported = {row["test"]: Decimal(row["result"]) for row in rows}
    for analyte, test in (
        ("glutamine", "gln"),
        ("glucose", "gluc"),
        ("lactate", "lac"),
        ("ammonium", "nh4"),
        ("sodium", "na"),
    ):
        assert Decimal(found[analyte]) == exported[test], analyte


def test_a_metabolite_analyser_whose_second_date_is_in_another_order_is_refused() -> None:
    profile = parse_profile(
        HEAD + 'other_columns = "carry"\n[dates]\nformat = "M-D-YYYY hh:mm:ss"\n'
        '[columns]\nbatch_id = "Batch ID"\ntested_at = "Date & Time"\nreported_at = "Sample Time"\n'
        '[[result_column]]\nname = "Gln"\ntest = "gln"\nunit = "mmol/L"\n'
    )
    rows, tally = rows_of(VECTORS / "SampleResults2022-06-28_142558.csv", profile)
    assert tally.refused == 1
    assert "24-6-2022  14:34:52" in rows[0]["mapping_fault"]


@pytest.mark.parametrize("name", ["example01", "example03", "example07"])
def test_a_cell_counter_that_writes_a_page_instead_of_a_table_is_refused_with_its_rows(name: str) -> None:
    profile = parse_profile(
        HEAD + KEEP + '[dialect]\ndelimiter = ";"\nheader = ["key", "value", "more"]\n'
        '[columns]\nbatch_id = { constant = "?" }\ntest = "key"\nresult = "value"\n'
    )
    with pytest.raises(DataError, match=r"rows? [0-9]"):
        rows_of(VECTORS / f"chemometec_nucleoview_{name}.csv", profile)


@pytest.mark.parametrize("name", ["example01", "example03"])
def test_digital_pcr_and_its_document_agree(name: str) -> None:
    title = "Concentration (copies/\u00b5L)" if name == "example01" else "Conc. [copies/\ufffdL]"
    # Two columns are called `CI (95%)` in one of them: other columns are carried by position.
    profile = parse_profile(
        HEAD + KEEP + "[dialect]\nseparator_line = true\n"
        f'[columns]\nbatch_id = "Sample/NTC/Control"\ntest = "Target"\nresult = "{title}"\nunit = {{ constant = "copies/uL" }}\n'
    )
    rows, tally = rows_of(VECTORS / f"qiacuity_dpcr_{name}.csv", profile)
    assert (tally.refused, tally.not_data) == (0, 0)
    document, _ = rows_of(VECTORS / f"qiacuity_dpcr_{name}.json", load_profile("allotrope-asm"))
    concentrations = numbers_of([row for row in document if row["test"].endswith("number concentration")])
    assert concentrations == numbers_of(rows)


def test_a_bioanalyser_whose_last_row_is_cut_short_is_refused_with_its_row() -> None:
    path = VECTORS / "roche_cedex_bioht_example04.txt"
    names = [f"c{at}" for at in range(len(path.read_text(encoding="utf-8").splitlines()[1].split("\t")))]
    profile = parse_profile(
        HEAD
        + KEEP
        + f'[dialect]\ndelimiter = "\\t"\nskip_lines = 1\nheader = {names}\n'.replace("'", '"')
        + '[columns]\nbatch_id = "c3"\ntest = "c6"\nresult = "c10"\nunit = "c8"\n[[qualifier]]\ncolumn = "c9"\n'
    )
    with pytest.raises(DataError, match="row 9"):
        rows_of(path, profile)
    document, tally = rows_of(VECTORS / "roche_cedex_bioht_example04.json", load_profile("allotrope-asm"))
    assert (tally.read, tally.refused) == (9, 0)
    texts = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert numbers_of(document) == sorted(Decimal(fields[10].strip()) for fields in texts)


def test_replicates_and_dilutions_of_a_bioanalyser_are_rows_of_their_own() -> None:
    path = VECTORS / "roche_cedex_bioht_v7_dilution_and_replicates.txt"
    width = len(path.read_text(encoding="utf-8").splitlines()[1].split("\t"))
    names = [
        "record",
        "at",
        "Sample",
        "a",
        "type",
        "b",
        "code",
        "dilution",
        "Unit",
        "Flag",
        "Result",
        *(f"{at}" for at in range(11, width)),
    ]
    profile = parse_profile(
        HEAD
        + KEEP
        + f'[dialect]\ndelimiter = "\\t"\nskip_lines = 1\nheader = {names}\n'.replace("'", '"')
        + '[columns]\nbatch_id = "Sample"\ntest = "code"\nresult = "Result"\nunit = "Unit"\n'
        '[[qualifier]]\ncolumn = "Flag"\nbelow = ["< TEST RNG"]\n'
    )
    rows, tally = rows_of(path, profile)
    assert (tally.read, tally.refused) == (16, 4)  # the flag v, which nobody has explained
    twice = [row["result"].strip() for row in rows if row["batch_id"] == "11AMB26001NBR04" and row["test"] == "GLC3D"]
    assert twice == ["15.17", "15.43"]


def test_a_cytometer_whose_documents_hold_populations() -> None:
    rows, tally = rows_of(VECTORS / "flowjo_example_2.json", load_profile("allotrope-asm"))
    assert (tally.refused, tally.read) == (0, 318)
    assert all(row["path"].startswith("$.") for row in rows)


def test_no_negative_zero_and_no_flagged_number_of_a_real_document_is_mapped() -> None:
    profile = load_profile("allotrope-asm")
    for path in sorted(VECTORS.glob("*.json")):
        rows, tally = rows_of(path, profile)
        assert tally.read > 0, path
        for row in rows:
            is_doubtful = row.get("result_as_exported") == "-0.0" or "flag" in row or "error" in row
            assert is_doubtful == ("mapping_fault" in row), (path, row)


def test_a_real_export_and_its_document_agree_where_both_are_read() -> None:
    columns = ("record", "at", "code", "a", "b", "Sample", "type", "Unit", "Flag", "Result", "raw", "r")
    profile = parse_profile(
        HEAD
        + 'other_tests = "keep"\ncarried = ["record", "at", "a", "b", "type", "raw", "r"]\n'
        f'[dialect]\ndelimiter = "\\t"\nskip_lines = 1\nheader = {list(columns)}\n'.replace("'", '"')
        + '[columns]\nbatch_id = "Sample"\ntest = "code"\nresult = "Result"\nunit = "Unit"\n'
        '[[qualifier]]\ncolumn = "Flag"\nbelow = ["< TEST RNG"]\n'
    )
    export, tally = rows_of(VECTORS / "roche_cedex_bioht_v5_multiple_detection_ranges.txt", profile)
    assert (tally.read, tally.refused) == (16, 2)  # the flags p and v, which nobody has explained
    results = {row["test"]: (row["result"].strip(), row["unit"]) for row in export if "mapping_fault" not in row}
    assert results["GLN2B"] == ("<0.100", "mmol/L")
    document, _ = rows_of(
        VECTORS / "roche_cedex_bioht_v5_multiple_detection_ranges.json", load_profile("allotrope-asm")
    )
    read = {row["test"]: (row["result"], row["unit"]) for row in document if "mapping_fault" not in row}
    assert read["acetate: mass concentration"] == ("0.02389", "g/L")
    assert results["AC2B"] == ("23.89", "mg/L")  # the same concentration
    # Everything that the instrument could not measure is refused in the document, whose limits have lost their unit.
    assert not any(name.startswith(("calcium", "glutamine", "ammonia")) for name in read)
