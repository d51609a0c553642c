"""Import profiles: every fault is found and placed, no text has two meanings, and the shipped ones read their samples."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from regenqc.cli.profile import app
from regenqc.errors import DataError, SpecificationError
from regenqc.evaluation import evaluate
from regenqc.intake.profiles import list_profiles, load_profile, parse_profile
from regenqc.intake.profiles.drafting import draft_profile
from regenqc.intake.profiles.source import check_coverage
from regenqc.intake.table import Source, read_results
from regenqc.specification import load_specification

from .mapped import COLUMNS, HEAD, profile_of, rows_of

SAMPLES = Path(__file__).parents[2] / "sample_data" / "exports"
SHIPPED = [identifier for identifier, _ in list_profiles()]
LISTED = 'other_tests = "keep"\n' + COLUMNS


def sample_of(identifier: str) -> Path:
    (found,) = SAMPLES.glob(f"{identifier}.*")
    return found


def faults_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(SpecificationError) as caught:
        parse_profile(text, source="p.toml")
    assert caught.value.exit_code == 4
    return [(fault.code, fault.where) for fault in caught.value.faults]


FAULTS = {
    "an unknown key": ("colums = 1\n" + LISTED, "RQC-S201", "p.toml:5 colums"),
    "an unknown key of a column": (LISTED + 'tested_at = { nam = "a" }\n', "RQC-S201", "p.toml:11 columns.tested_at.nam"),
    "no columns": ('other_tests = "keep"\n', "RQC-S202", "p.toml:1 columns"),
    "a column of results without source": ('other_tests = "keep"\n[columns]\nbatch_id = "Lot"\n', "RQC-S202", "p.toml:6 columns"),
    "a column of results that does not exist": (LISTED + 'batch = "Lot"\n', "RQC-S205", "p.toml:11 columns.batch"),
    "a column with a name and a constant": (LISTED + 'stage = { name = "a", constant = "b" }\n', "RQC-S206", "p.toml:11 columns.stage"),
    "a column with neither": (LISTED + "stage = { }\n", "RQC-S206", "p.toml:11 columns.stage"),
    "a format of what is no date": (LISTED + 'stage = { name = "a", format = "ISO" }\n', "RQC-S206", "p.toml:11 columns.stage"),
    "a boolean as text": ('draft = "yes"\n' + LISTED, "RQC-S203", "p.toml:5 draft"),
    "a decimal mark that is none": (LISTED + '[numbers]\ndecimal_mark = ";"\n', "RQC-S203", "p.toml:12 numbers.decimal_mark"),
    "one mark for decimals and thousands": (LISTED + '[numbers]\nthousands_mark = "."\n', "RQC-S203", "p.toml:11 numbers"),
    "a year of two digits": (LISTED + '[dates]\nformat = "DD.MM.YY"\n', "RQC-S209", "p.toml:12 dates.format"),
    "a zone that does not exist": (LISTED + '[dates]\nzone = "Mars/Base"\n', "RQC-S209", "p.toml:12 dates.zone"),
    "an encoding that does not exist": (LISTED + '[dialect]\nencoding = "utf-9"\n', "RQC-S205", "p.toml:12 dialect.encoding"),
    "an encoding that is no text": (LISTED + '[dialect]\nencoding = "zlib"\n', "RQC-S205", "p.toml:12 dialect.encoding"),
    "a dialect of what is no text": ('format = "fhir"\n' + LISTED + '[dialect]\ndelimiter = ";"\n', "RQC-S206", "p.toml:12 dialect"),
    "a word outside the vocabulary": (LISTED + '[words]\n"o.B." = "nothing"\n', "RQC-S205", "p.toml:12 words.o.B."),
    "a word with another meaning in the vocabulary": (LISTED + '[words]\n"neg." = "negative"\n"Positive" = "negative"\n', "RQC-S204", "p.toml:13 words.Positive"),
    "a word twice in other letters": (LISTED + '[words]\n"o.B." = "negative"\n"O.B." = "absent"\n', "RQC-S204", "p.toml:13 words.O.B."),
    "a number as a word": (LISTED + '[words]\n"0" = "negative"\n', "RQC-S206", "p.toml:12 words.0"),
    "two meanings of one word in one test": (
        COLUMNS + '[tests.A]\ntest = "t"\nwords = { "o.B." = "negative" }\n[tests.B]\ntest = "t"\nwords = { "o.B." = "absent" }\n',
        "RQC-S204", "p.toml:15 tests.B.words.o.B.",
    ),
    "a unit that is none": (LISTED + '[units]\n"Stk" = "pieces"\n', "RQC-S205", "p.toml:12 units.Stk"),
    "a unit with another meaning in the dictionary": (LISTED + '[units]\n"mg/L" = "g/L"\n', "RQC-S204", "p.toml:12 units.mg/L"),
    "a unit with a factor beside its own": (LISTED + '[units]\n"mg/L" = { unit = "mg/L", power_of_ten = 3 }\n', "RQC-S204", "p.toml:12 units.mg/L"),
    "a code twice": (COLUMNS + '[tests]\n"A  B" = "a"\n"A B" = "b"\n', "RQC-S204", "p.toml:12 tests.A B"),
    "no test": (COLUMNS, "RQC-S206", "p.toml:1 other_tests"),
    "a stage that is none": (LISTED + '[stages]\n"F" = "final"\n', "RQC-S205", "p.toml:12 stages.F"),
    "a status that is none": (LISTED + '[statuses]\n"F" = "final"\n', "RQC-S203", "p.toml:12 statuses.F"),
    "an operator with another meaning": (LISTED + '[operator]\ncolumn = "Op"\ntexts = { "<" = ">" }\n', "RQC-S204", "p.toml:13 operator.texts.<"),
    "a flag with two meanings": (LISTED + '[[qualifier]]\ncolumn = "F"\naccept = ["p"]\nbelow = ["p"]\n', "RQC-S204", "p.toml:14 qualifier[0].below"),
    "a wide layout with a column of results": (LISTED + '[[result_column]]\nname = "a"\ntest = "a"\n', "RQC-S206", "p.toml:8 columns.test"),
    "an operator column that may be absent": (LISTED + '[operator]\ncolumn = { name = "Op", optional = true }\n', "RQC-S206", "p.toml:12 operator.column"),
    "a flag column that may be absent": (LISTED + '[[qualifier]]\ncolumn = { name = "F", optional = true }\n', "RQC-S206", "p.toml:12 qualifier[0].column"),
    "a status column that may be absent although its words are listed": (
        LISTED + 'status = { name = "S", optional = true }\n[statuses]\n"ok" = "verified"\n', "RQC-S206", "p.toml:11 columns.status",
    ),
    "a detection limit beside results that are multiplied": (
        LISTED + 'lod = "LOD"\n[units]\n"Mio" = { unit = "cells/mL", power_of_ten = 6 }\n', "RQC-S206", "p.toml:11 columns.lod",
    ),
    "a flag that makes a whole wide row a limit": (
        '[columns]\nbatch_id = "Lot"\n[[result_column]]\nname = "a"\ntest = "a"\n[[qualifier]]\ncolumn = "F"\nbelow = ["<"]\n',
        "RQC-S206", "p.toml:12 qualifier[0].below",
    ),
    "no TOML": ("x = = 1\n", "RQC-S200", "p.toml:5"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "where"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_profile_is_found_where_it_stands(text: str, code: str, where: str) -> None:
    assert (code, where) in faults_of(HEAD + text)


def test_all_faults_of_a_profile_are_found_at_once() -> None:
    text = HEAD + LISTED + 'batch = "x"\n[words]\n"a" = "nothing"\n[units]\n"b" = "pieces"\n'
    assert [code for code, _ in faults_of(text)] == ["RQC-S205"] * 3


def test_the_nearest_known_key_is_named() -> None:
    with pytest.raises(SpecificationError, match="did you mean 'columns'"):
        parse_profile(HEAD + "colunms = 1\n" + LISTED)


def test_the_fingerprint_is_of_the_meaning() -> None:
    plain = parse_profile(HEAD + LISTED)
    assert parse_profile("# a comment\n" + HEAD + LISTED).fingerprint == plain.fingerprint
    assert parse_profile(HEAD + LISTED.replace('"Lot"', '"Batch"')).fingerprint != plain.fingerprint


def test_faults_survive_a_pickle() -> None:
    import pickle

    with pytest.raises(SpecificationError) as caught:
        parse_profile("x")
    assert pickle.loads(pickle.dumps(caught.value)).faults == caught.value.faults  # noqa: S301 - made here


@pytest.mark.parametrize("identifier", SHIPPED)
def test_a_shipped_profile_reads_its_sample(identifier: str) -> None:
    rows, tally = rows_of(sample_of(identifier), load_profile(identifier))
    refused = [row for row in rows if "mapping_fault" in row]
    assert tally.read > 2
    assert all(row["batch_id"].startswith("SYN-") for row in rows)
    # The Allotrope sample shows what a number without a measurement behind it leads to.
    assert [row["mapping_fault"] for row in refused] == (
        ["the flag 'N/A' in 'error' is not listed"] if identifier == "allotrope-asm" else []
    )


def test_every_sample_has_its_profile() -> None:
    assert {path.stem for path in SAMPLES.iterdir()} - {"README"} == set(SHIPPED)


@pytest.mark.parametrize("rows", [1, 2, 1000])
@pytest.mark.parametrize("identifier", SHIPPED)
def test_the_size_of_chunks_changes_nothing(identifier: str, rows: int) -> None:
    profile = load_profile(identifier)
    assert rows_of(sample_of(identifier), profile, rows=rows) == rows_of(sample_of(identifier), profile)


def test_the_engine_sees_what_a_canonical_file_gives() -> None:
    specification = load_specification("example/car-t-ari-0001")
    mapped = read_results(sample_of("generic-long-comma"), profile="generic-long-comma")
    titles = {"Batch": "batch_id", "Test": "test", "Result": "result", "Unit": "unit", "Sample": "sample_id", "Method": "method", "Analyst": "analyst", "Tested": "tested_at", "Status": "status"}  # fmt: skip
    lines = sample_of("generic-long-comma").read_text(encoding="utf-8").splitlines()
    texts = [line.split(",") for line in lines[1:]]
    names = [titles[title] for title in lines[0].split(",")]
    canonical = pa.table({name: [row[at] for row in texts] for at, name in enumerate(names)})
    found = [
        evaluate(results, specification, stage="drug_product_release", as_of="2026-06-01T00:00:00Z")
        for results in (mapped, canonical)
    ]
    one, other = (entry.findings.drop(columns="source") for entry in found)
    assert one.equals(other)
    assert found[0].dispositions.equals(found[1].dispositions)


def test_the_canonical_profile_gives_what_no_profile_gives() -> None:
    published = Path(__file__).parents[2] / "sample_data" / "published"
    for path in sorted(published.rglob("results*.csv")):
        rows, tally = rows_of(path, load_profile("canonical"))
        (source,) = read_results(path).sources
        direct = [row for batch in source.read(1000, None) for row in batch.to_pylist()]
        assert rows == [{name: text for name, text in row.items() if text} for row in direct]
        assert tally.refused == 0


def _source_of(identifier: str) -> Source:
    (source,) = read_results(sample_of(identifier), profile=identifier).sources
    return source


def test_a_part_of_the_columns_is_the_same_as_all_of_them() -> None:
    keys = ("batch_id", "test", "stage", "result_id", "revision")
    wanted = [(identifier, [keys, *((name,) for name in _source_of(identifier).columns)]) for identifier in SHIPPED]
    for identifier, part in [(identifier, part) for identifier, parts in wanted for part in parts]:
        source = _source_of(identifier)
        names = [name for name in part if name in source.columns]
        some = [row for batch in source.read(1000, names) for row in batch.to_pylist()]
        every = [row for batch in source.read(1000, None) for row in batch.to_pylist()]
        assert some == [{name: row[name] for name in names} for row in every]


@pytest.mark.parametrize("identifier", [name for name in SHIPPED if name not in {"allotrope-asm", "fhir-batch-analysis", "senaite-json"}])  # fmt: skip
def test_a_draft_of_every_sample_is_a_profile_with_its_titles(identifier: str, tmp_path: Path) -> None:
    text = draft_profile(sample_of(identifier), identifier="drafted")
    (tmp_path / "draft.toml").write_text(text, encoding="utf-8")
    if "# batch_id" in text:
        text = text.replace('# batch_id = "?"', 'batch_id = "Lot"')
    profile = parse_profile(text, is_draft_allowed=True)
    assert profile.document.draft
    with pytest.raises(SpecificationError, match="RQC-S208"):
        parse_profile(text)
    coverage = check_coverage(sample_of(identifier), profile)
    assert all(role for _, _, role in coverage.columns)


def test_the_report_of_a_file_is_whole_only_when_nothing_is_left(tmp_path: Path) -> None:
    profile = profile_of(tables='[tests]\n"PH" = "ph"\n')
    path = tmp_path / "a.csv"
    path.write_text("Lot,Test,Result,Unit\nL1,PH,7.2,pH\n")
    assert check_coverage(path, profile).is_whole
    path.write_text("Lot,Test,Result,Unit\nL1,PH,7.2,pH\nL1,DO,7.2,pH\nL1,PH,7.2,furlong\n")
    coverage = check_coverage(path, profile)
    assert coverage.faults == {"the test 'DO' is not listed": (2, 1)}
    assert [(entry.text, entry.problem) for entry in coverage.met("unit") if entry.problem] == [
        ("furlong", "not in the dictionary of units")
    ]
    assert json.loads(json.dumps(coverage.as_json()))["rows"]["refused"] == 1


def test_spark_reads_no_file_by_a_profile() -> None:
    pytest.importorskip("pyspark")
    from regenqc.errors import UsageError
    from regenqc.spark.parts import parts_of

    with pytest.raises(UsageError, match="RQC-U131"):
        parts_of(read_results(sample_of("generic-long-comma"), profile="generic-long-comma"))


def test_a_table_in_memory_is_read_by_no_profile() -> None:
    from regenqc.errors import UsageError

    with pytest.raises(UsageError, match="RQC-U130"):
        read_results(pa.table({"Batch": ["a"]}), profile="generic-long-comma")


def test_a_packaged_profile_is_shown_as_it_is_written() -> None:
    for identifier, path in list_profiles():
        done = CliRunner().invoke(app, ["show", identifier])
        assert (done.exit_code, done.output) == (0, path.read_text(encoding="utf-8"))


def test_of_a_document_no_draft_is_made() -> None:
    with pytest.raises(DataError, match="profile show"):
        draft_profile(sample_of("senaite-json"), identifier="drafted")
