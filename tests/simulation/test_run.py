"""What `simulate` promises about its files, whatever the engine makes of them."""

import csv
import inspect
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from regenqc.errors import UsageError
from regenqc.resources import packaged_path
from regenqc.simulation import TROUBLE_KINDS, simulate
from regenqc.vocabulary import Disposition, Stage

SAMPLE = {"batches": 60, "seed": 20260101}
TABLES = ("results", "batches", "truth")


def read_rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture(scope="module")
def six_hundred(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    out = tmp_path_factory.mktemp("simulation") / "export"
    simulate(batches=600, seed=5, out=out)
    return {name: read_rows(out / f"{name}.csv") for name in TABLES}


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_same_arguments_give_the_same_bytes(tmp_path, file_format):
    for name in ("first", "second"):
        simulate(batches=150, seed=3, out=tmp_path / name, file_format=file_format)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
@pytest.mark.parametrize("chunk", [1, 20, 70, 400])
def test_the_bytes_do_not_depend_on_the_chunk_size(tmp_path, file_format, chunk):
    simulate(batches=333, seed=3, out=tmp_path / "whole", file_format=file_format)
    simulate(batches=333, seed=3, out=tmp_path / "chunked", file_format=file_format, chunk_batches=chunk)
    assert contents(tmp_path / "whole") == contents(tmp_path / "chunked")


def test_blocks_of_rows_do_not_show_in_the_content(tmp_path, monkeypatch):
    simulate(batches=120, seed=3, out=tmp_path / "whole", file_format="parquet")
    monkeypatch.setattr("regenqc.simulation.export._BLOCK_ROWS", 137)
    simulate(batches=120, seed=3, out=tmp_path / "blocks", file_format="parquet", chunk_batches=40)
    assert pq.ParquetFile(tmp_path / "blocks" / "results.parquet").num_row_groups > 10
    for name in TABLES:
        assert read_rows(tmp_path / "whole" / f"{name}.parquet") == read_rows(tmp_path / "blocks" / f"{name}.parquet")


def test_a_longer_run_begins_with_the_lots_of_a_shorter_one(tmp_path):
    simulate(batches=100, seed=3, out=tmp_path / "short")
    simulate(batches=140, seed=3, out=tmp_path / "long")
    for name in TABLES:
        short, long = ((tmp_path / run / f"{name}.csv").read_bytes() for run in ("short", "long"))
        assert long.startswith(short)


def test_another_seed_gives_other_lots(tmp_path):
    simulate(batches=60, seed=1, out=tmp_path / "one")
    simulate(batches=60, seed=2, out=tmp_path / "two")
    assert (tmp_path / "one" / "truth.csv").read_bytes() != (tmp_path / "two" / "truth.csv").read_bytes()


def test_csv_and_parquet_hold_the_same_texts(tmp_path):
    simulate(batches=80, seed=4, out=tmp_path / "csv")
    simulate(batches=80, seed=4, out=tmp_path / "parquet", file_format="parquet")
    for name in TABLES:
        assert read_rows(tmp_path / "csv" / f"{name}.csv") == read_rows(tmp_path / "parquet" / f"{name}.parquet")


def test_text_columns_are_dictionaries_in_parquet(tmp_path):
    simulate(batches=80, seed=4, out=tmp_path / "out", file_format="parquet")
    schema = pq.read_schema(tmp_path / "out" / "results.parquet")
    assert {str(field.type) for field in schema} == {"dictionary<values=string, indices=int32, ordered=0>"}


def test_the_shipped_sample_is_what_the_generator_writes(tmp_path):
    simulate(**SAMPLE, out=tmp_path / "out")
    shipped = packaged_path("sample_data") / "synthetic-hipsc"
    assert contents(tmp_path / "out") == contents(shipped)


def test_sixty_lots_show_every_kind_of_trouble(tmp_path):
    summary = simulate(**SAMPLE, out=tmp_path / "out")
    assert set(summary.troubles) == set(TROUBLE_KINDS)


def test_six_hundred_lots_show_every_kind_of_trouble(six_hundred):
    planted = {word for row in six_hundred["truth"] for word in row["trouble"].split(";") if word}
    assert planted == set(TROUBLE_KINDS)


def test_one_lot_in_ten_is_a_cell_bank(six_hundred):
    assert Counter(row["product"] for row in six_hundred["batches"]) == {
        "SYNTHETIC-HIPSC-BANK": 60,
        "SYNTHETIC-HIPSC-PROGENITORS": 540,
    }


def test_every_lot_has_one_truth_per_stage_with_requirements(six_hundred):
    stages = {
        "SYNTHETIC-HIPSC-BANK": ["cell_bank"],
        "SYNTHETIC-HIPSC-PROGENITORS": ["in_process", "drug_product_release"],
    }
    expected = [(row["batch_id"], stage) for row in six_hundred["batches"] for stage in stages[row["product"]]]
    assert [(row["batch_id"], row["stage"]) for row in six_hundred["truth"]] == expected


def test_truth_speaks_in_the_closed_words(six_hundred):
    assert {row["expected_disposition"] for row in six_hundred["truth"]} == set(Disposition)
    assert {row["stage"] for row in six_hundred["truth"]} <= set(Stage)


def test_a_lot_without_trouble_is_eligible_whatever_its_history(six_hundred):
    sound = [row for row in six_hundred["truth"] if not row["trouble"]]
    assert {row["expected_disposition"] for row in sound} == {"eligible"}
    assert {"", "dose", "sterility"} <= {row["requirement_ids"] for row in sound}


def test_every_complete_invalidation_has_a_cause_and_a_second_person(six_hundred):
    rows = [row for row in six_hundred["results"] if row["investigation_id"]]
    assert {row["status"] for row in rows} == {"invalidated"}
    assert all(row["assignable_cause"] for row in rows)
    assert {row["invalidated_by"] == row["analyst"] for row in rows} == {True, False}


def test_a_retest_names_a_result_of_its_lot_and_test_that_was_invalidated(six_hundred):
    known = {(row["batch_id"], row["test"], row["stage"], row["result_id"]): row for row in six_hundred["results"]}
    retests = [row for row in six_hundred["results"] if row["retest_of"]]
    assert retests
    for row in retests:
        assert known[row["batch_id"], row["test"], row["stage"], row["retest_of"]]["status"] == "invalidated"


def test_a_lot_that_is_not_eligible_names_what_is_open(six_hundred):
    assert all(row["requirement_ids"] for row in six_hundred["truth"] if row["expected_disposition"] != "eligible")


def test_trouble_and_requirements_are_sorted(six_hundred):
    for row in six_hundred["truth"]:
        for column in ("trouble", "requirement_ids"):
            words = row[column].split(";")
            assert words == sorted(set(words))


def test_only_lots_without_results_report_nothing(six_hundred):
    silent = {row["batch_id"] for row in six_hundred["truth"] if row["trouble"] == "no_results"}
    reported = {row["batch_id"] for row in six_hundred["results"]}
    assert silent
    assert reported == {row["batch_id"] for row in six_hundred["batches"]} - silent


def test_about_the_asked_share_of_lots_is_troubled(tmp_path):
    summary = simulate(batches=6000, seed=8, out=tmp_path / "out", file_format="parquet", troubled_share=0.2)
    truth = read_rows(tmp_path / "out" / "truth.parquet")
    troubled = {row["batch_id"] for row in truth if row["trouble"]}
    assert 0.18 < len(troubled) / summary.batches < 0.23


def test_a_share_of_zero_plants_nothing(tmp_path):
    summary = simulate(batches=200, seed=8, out=tmp_path / "out", troubled_share=0)
    assert summary.troubles == {}
    assert summary.expected == {"eligible": 380, "conditional": 0, "hold": 0, "reject": 0}


def test_the_summary_counts_what_was_written(tmp_path):
    summary = simulate(batches=90, seed=8, out=tmp_path / "out")
    truth = read_rows(summary.out / "truth.csv")
    assert summary.results == len(read_rows(summary.out / "results.csv"))
    assert summary.expected == Counter(row["expected_disposition"] for row in truth)
    assert summary.files == tuple(sorted(path.name for path in summary.out.iterdir()))
    lots = Counter({(row["batch_id"], word) for row in truth for word in row["trouble"].split(";") if word})
    assert summary.troubles == Counter(word for _, word in lots)


@pytest.mark.parametrize(
    ("column", "spelling"),
    [
        ("result", "<0.05"),
        ("result", "no growth "),
        ("result", "NO GROWTH"),
        ("result", "ND"),
        ("unit", "ug/mL"),
        ("unit", "µg/mL"),
        ("unit", "cells/mL"),
        ("unit", "10^6 cells/mL"),
        ("status", "invalidated"),
        ("spike_recovery", "87.5 %"),
        ("positive_control", "DETECTED"),
        ("status", "cancelled"),
        ("revision", "2"),
    ],
)
def test_sound_lots_vary_as_real_ones_do(six_hundred, column, spelling):
    sound = {row["batch_id"] for row in six_hundred["truth"]} - {
        row["batch_id"] for row in six_hundred["truth"] if row["trouble"]
    }
    assert any(row[column] == spelling for row in six_hundred["results"] if row["batch_id"] in sound)


def test_some_rows_are_written_twice(six_hundred):
    rows = Counter(tuple(row.values()) for row in six_hundred["results"])
    assert any(count == 2 for count in rows.values())


def test_a_result_has_one_identity_within_its_lot_and_test(six_hundred):
    distinct = {tuple(row.values()): row for row in six_hundred["results"]}.values()
    identities = Counter((row["batch_id"], row["result_id"], row["revision"]) for row in distinct)
    assert set(identities.values()) == {1}


def test_the_readme_says_that_the_data_are_synthetic(tmp_path):
    simulate(batches=20, seed=77, out=tmp_path / "out")
    text = (tmp_path / "out" / "README.txt").read_text(encoding="utf-8")
    assert text.startswith("SYNTHETIC DATA.")
    assert "seed 77" in text
    assert "2026-06-30T00:00:00Z" in text


def test_an_earlier_export_is_replaced(tmp_path):
    simulate(batches=20, seed=1, out=tmp_path / "out", file_format="parquet")
    simulate(batches=20, seed=1, out=tmp_path / "out")
    assert sorted(contents(tmp_path / "out")) == ["README.txt", "batches.csv", "results.csv", "truth.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_anything_else_in_the_place_is_refused_and_kept(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"RQC-U041 .* Got: notes\.txt"):
        simulate(batches=20, seed=1, out=tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_in_the_place_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="RQC-U041"):
        simulate(batches=20, seed=1, out=tmp_path / "out")


def test_a_failed_run_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("regenqc.simulation.produce.deal", fail)
    with pytest.raises(KeyboardInterrupt):
        simulate(batches=20, seed=1, out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batches", 0),
        ("batches", 100_000_000),
        ("troubled_share", -0.1),
        ("troubled_share", 1.1),
        ("troubled_share", float("nan")),
        ("chunk_batches", 0),
        ("file_format", "xlsx"),
    ],
)
def test_an_argument_out_of_range_is_refused(tmp_path, name, value):
    arguments = {"batches": 20, "seed": 1, "out": tmp_path / "out"} | {name: value}
    with pytest.raises(UsageError, match=f"RQC-U040 .* At {name}"):
        simulate(**arguments)
    assert not (tmp_path / "out").exists()


def test_every_argument_is_named():
    parameters = inspect.signature(simulate).parameters.values()
    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}


def test_a_dictionary_holds_every_text_once(tmp_path):
    simulate(batches=600, seed=5, out=tmp_path / "out", file_format="parquet")
    for name in TABLES:
        for column in pq.read_table(tmp_path / "out" / f"{name}.parquet").columns:
            for chunk in column.chunks:
                assert len(set(chunk.dictionary.to_pylist())) == len(chunk.dictionary)
