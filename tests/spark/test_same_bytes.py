"""What Spark writes is, byte for byte, what a local run writes."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import regenqc
from regenqc.evaluation.output import EvaluationOutput
from regenqc.spark import evaluate
from regenqc.spark.output import SparkOutput
from strategies import AS_OF

SPECIFICATIONS = [regenqc.load_specification(name) for name in ("example/hipsc-bank", "example/hipsc-progenitors")]
SAME = [
    "dispositions.csv",
    "dispositions.parquet",
    "findings.csv",
    "findings.parquet",
    "refused.csv",
    "report.html",
    "verdicts.parquet",
]


def written_locally(folder, *paths, batches, specifications=SPECIFICATIONS, **options):
    results, listed = regenqc.read_results(*map(str, paths)), regenqc.read_batches(str(batches)) if batches else None
    with EvaluationOutput(folder, results=results, batches=listed) as output:
        evaluation = regenqc.evaluate(
            results, specifications, batches=listed, as_of=AS_OF, on_rows=output.on_rows, **options
        )
        output.finish(evaluation)
    return folder


def written_by_spark(folder, *paths, batches, specifications=SPECIFICATIONS, most_reported=1_000_000, **options):
    results, listed = regenqc.read_results(*map(str, paths)), regenqc.read_batches(str(batches)) if batches else None
    with SparkOutput(folder, results=results, batches=listed, most_reported=most_reported) as output:
        evaluation = evaluate(
            results, specifications, batches=listed, as_of=AS_OF, rows_folder=output.rows_folder, **options
        )
        output.finish(evaluation)
    return folder


def rows_in(path):
    """Return the judged rows of a file or folder as texts, in order."""
    files = (
        sorted(path.iterdir(), key=lambda file: (file.name.startswith("computed"), file.name))
        if path.is_dir()
        else [path]
    )
    tables = [pq.read_table(file) for file in files]
    kinds = [
        (entry.name, entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type)
        for entry in tables[0].schema
    ]
    return pa.concat_tables(table.cast(pa.schema(kinds)) for table in tables).combine_chunks()


CASES = {
    "two Parquet files, several row groups": (["first.parquet", "second.parquet"], "whole/batches.parquet", {}),
    "one CSV file": (["all.csv"], "whole/batches.parquet", {}),
    "no batch table": (["first.parquet"], None, {}),
    "one stage": (["first.parquet"], "whole/batches.parquet", {"stage": "cell_bank"}),
    "half of the results, so that listed batches have none": (["second.parquet"], "whole/batches.parquet", {}),
}


@pytest.mark.usefixtures("session", "small_ranges")
@pytest.mark.parametrize("case", CASES)
def test_the_files_are_those_of_a_local_run(case, export, tmp_path, monkeypatch):
    from regenqc.spark import parts

    monkeypatch.setattr(parts, "_PART_ROWS", 1)  # every row group is a part
    names, batches, options = CASES[case]
    paths = [export / name for name in names]
    batches = export / batches if batches else None
    local = written_locally(tmp_path / "local", *paths, batches=batches, **options)
    spark = written_by_spark(tmp_path / "spark", *paths, batches=batches, **options)
    assert {path.name for path in spark.iterdir()} == {path.name for path in local.iterdir()}
    for name in SAME:
        assert (spark / name).read_bytes() == (local / name).read_bytes(), name
    counts = [json.loads((folder / "run.json").read_text())["counts"] for folder in (local, spark)]
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("session", "small_ranges")
def test_the_judged_rows_are_those_of_a_local_run_in_the_same_order(export, tmp_path, monkeypatch):
    from regenqc.spark import parts

    monkeypatch.setattr(parts, "_PART_ROWS", 1)
    paths = [export / "first.parquet", export / "second.parquet"]
    local = written_locally(tmp_path / "local", *paths, batches=export / "whole" / "batches.parquet")
    spark = written_by_spark(tmp_path / "spark", *paths, batches=export / "whole" / "batches.parquet")
    expected, found = rows_in(local / "results.parquet"), rows_in(spark / "results.parquet")
    reported = pa.compute.is_valid(expected["row_number"])
    assert found.filter(pa.compute.is_valid(found["row_number"])).equals(expected.filter(reported))
    order = [(name, "ascending") for name in ("batch_id", "test", "result", "stage")]
    computed = [table.filter(pa.compute.is_null(table["row_number"])).sort_by(order) for table in (expected, found)]
    assert computed[0].equals(computed[1])


@pytest.mark.usefixtures("session")
def test_a_row_without_batch_holds_every_batch_on_spark_too(tmp_path):
    rows = "batch_id,test,result,unit\nB1,viability,90,%\n,viability,91,%\n,,,\nB2,viability,92,%\n"
    (tmp_path / "results.csv").write_text(rows)
    specification = [regenqc.load_specification("example/car-t-ari-0001")]
    local = written_locally(tmp_path / "a", tmp_path / "results.csv", batches=None, specifications=specification)
    spark = written_by_spark(tmp_path / "b", tmp_path / "results.csv", batches=None, specifications=specification)
    for name in SAME:
        assert (spark / name).read_bytes() == (local / name).read_bytes(), name
    assert "row_without_batch" in (spark / "findings.csv").read_text()


@pytest.mark.usefixtures("session")
def test_results_of_no_batch_at_all_give_empty_tables(tmp_path):
    (tmp_path / "results.csv").write_text("batch_id,test,result,unit\n,viability,91,%\n")
    specification = [regenqc.load_specification("example/car-t-ari-0001")]
    local = written_locally(tmp_path / "a", tmp_path / "results.csv", batches=None, specifications=specification)
    spark = written_by_spark(tmp_path / "b", tmp_path / "results.csv", batches=None, specifications=specification)
    for name in SAME:
        assert (spark / name).read_bytes() == (local / name).read_bytes(), name


@pytest.mark.usefixtures("session")
def test_a_run_over_many_batches_has_no_report(export, tmp_path):
    spark = written_by_spark(
        tmp_path / "spark", export / "first.parquet", batches=export / "whole" / "batches.parquet", most_reported=10
    )
    assert not (spark / "report.html").exists()
    assert (spark / "run.json").exists()
