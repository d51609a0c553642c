"""A task that fails and is tried again changes nothing; an input that cannot be read is said so, and nothing is written."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

import regenqc
from regenqc.errors import DataError, InternalError, UsageError
from regenqc.spark import evaluate
from spark.partitions import plain, tables_of
from spark.test_same_bytes import SPECIFICATIONS, written_by_spark, written_locally
from strategies import AS_OF


@pytest.fixture
def failing(session, export):
    """Return results as a DataFrame on whose way to the judge something happens."""
    from pyspark import cloudpickle

    # Workers cannot import the tests.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])

    def make(happening):
        frame = session.read.parquet(str(export / "first.parquet")).repartition(3)
        return frame.mapInArrow(happening, frame.schema)

    return make


def raise_once(batches):
    from pyspark import TaskContext

    for number, batch in enumerate(batches):
        yield batch
        if number == 0 and TaskContext.get().attemptNumber() == 0:
            raise OSError("the disk was away for a moment")


def die_once(batches):
    import os
    import signal

    from pyspark import TaskContext

    for number, batch in enumerate(batches):
        yield batch
        if number == 0 and TaskContext.get().attemptNumber() == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def raise_always(batches):
    yield from batches
    raise OSError("the disk is away")


HAPPENINGS = {"a task that fails once": raise_once, "a worker process that is killed": die_once}


@pytest.mark.usefixtures("small_ranges")
@pytest.mark.parametrize("name", HAPPENINGS)
def test_a_task_that_is_tried_again_changes_nothing(name, failing, export):
    batches = str(export / "whole" / "batches.parquet")
    found = evaluate(failing(HAPPENINGS[name]), SPECIFICATIONS, batches=batches, as_of=AS_OF)
    local = regenqc.evaluate(str(export / "first.parquet"), SPECIFICATIONS, batches=batches, as_of=AS_OF)
    expected = tables_of(local)
    assert plain(found.dispositions.toArrow()) == expected[0]
    assert plain(found.verdicts.toArrow()) == expected[2]
    places = ["row_number", "source"]
    assert plain(found.findings.toArrow()).drop_columns(places) == expected[1].drop_columns(places)
    assert (found.rows_judged, found.rows_refused) == (local.rows_judged, local.rows_refused)


@pytest.mark.usefixtures("session", "small_ranges")
def test_a_judging_task_that_fails_once_writes_the_same_files(export, tmp_path, monkeypatch):
    from regenqc.spark import partition

    original = partition.judge_partition

    def failing_once(context, part, chunks):
        from pyspark import TaskContext

        for number, row in enumerate(original(context, part, chunks)):
            yield row
            if number == 1 and TaskContext.get().attemptNumber() == 0:
                raise OSError("gone in the middle of the state")

    batches = export / "whole" / "batches.parquet"
    local = written_locally(tmp_path / "local", export / "first.parquet", batches=batches)
    task = partition.judge_parts

    def patched(packed, parts):
        def run(rows):
            from regenqc.spark import partition as module

            module.judge_partition = failing_once
            try:
                yield from task(packed, parts)(rows)
            finally:
                module.judge_partition = original

        return run

    monkeypatch.setattr("regenqc.spark.evaluation.judge_parts", patched)
    spark = written_by_spark(tmp_path / "spark", export / "first.parquet", batches=batches)
    for name in ("dispositions.parquet", "findings.parquet", "verdicts.parquet", "refused.csv", "report.html"):
        assert (spark / name).read_bytes() == (local / name).read_bytes(), name
    assert not [path for path in (spark / "results.parquet").iterdir() if path.name.startswith(".")]


def test_a_task_that_always_fails_is_an_internal_error_with_its_cause(failing):
    with pytest.raises(InternalError, match=r"RQC-X091 Spark gave up: judging\. .*the disk is away"):
        evaluate(failing(raise_always), SPECIFICATIONS, as_of=AS_OF)


def damaged(source, target, *, group):
    """Copy a Parquet file and overwrite the pages of one row group."""
    import pyarrow.parquet as pq

    shutil.copy(source, target)
    chunk = pq.ParquetFile(source).metadata.row_group(group).column(0)
    offset = chunk.dictionary_page_offset or chunk.data_page_offset
    with target.open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xff" * chunk.total_compressed_size)


@pytest.mark.usefixtures("session")
def test_a_damaged_row_group_is_named_with_its_file_and_nothing_is_written(export, tmp_path, monkeypatch):
    from regenqc.spark import parts

    monkeypatch.setattr(parts, "_PART_ROWS", 1)
    place = tmp_path / "exports"
    place.mkdir()
    shutil.copy(export / "second.parquet", place / "a.parquet")
    damaged(export / "first.parquet", place / "b.parquet", group=2)
    with pytest.raises(DataError, match=r"RQC-D005 .* At \S*b\.parquet row group 2\.") as caught:
        written_by_spark(
            tmp_path / "out", place / "a.parquet", place / "b.parquet", batches=export / "whole" / "batches.parquet"
        )
    assert len(caught.value.faults) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exports"]


@pytest.mark.usefixtures("session")
def test_a_csv_file_with_a_broken_record_is_refused_as_it_is_locally(tmp_path):
    (tmp_path / "broken.csv").write_text("batch_id,test,result,unit\nB1,ph,7,pH\nB1,ph,7\n")
    specification = regenqc.load_specification("example/car-t-ari-0001")
    results = regenqc.read_results(str(tmp_path / "broken.csv"))
    with pytest.raises(DataError) as local:
        regenqc.evaluate(results, specification)
    with pytest.raises(DataError) as spark:
        evaluate(results, specification)
    assert spark.value.faults == local.value.faults


@pytest.mark.usefixtures("session")
def test_a_file_that_changes_before_a_task_reads_it_is_refused(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("batch_id,test,result,unit\nB1,ph,7,pH\n")
    results = regenqc.read_results(str(path))
    path.write_text("batch_id,test,result,unit\nB1,ph,8,pH\n")
    with pytest.raises(DataError, match="RQC-D014 An executor sees another file"):
        evaluate(results, regenqc.load_specification("example/car-t-ari-0001"))


@pytest.mark.usefixtures("session")
def test_a_table_in_memory_is_no_input_for_spark():
    import pyarrow as pa

    table = pa.table({"batch_id": ["B1"], "test": ["ph"], "result": ["7"], "unit": ["pH"]})
    with pytest.raises(UsageError, match="RQC-U093"):
        evaluate(table, regenqc.load_specification("example/car-t-ari-0001"))


@pytest.mark.usefixtures("session")
def test_an_output_that_cannot_be_finished_leaves_nothing(export, tmp_path, monkeypatch):
    from regenqc.evaluation import table_files

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(table_files.TableFiles, "write", full)
    with pytest.raises(UsageError, match="RQC-U011"):
        written_by_spark(tmp_path / "out", export / "first.parquet", batches=export / "whole" / "batches.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("session")
def test_the_record_of_the_run_names_spark(export, tmp_path):
    import pyspark

    spark = written_by_spark(tmp_path / "out", export / "first.parquet", batches=export / "whole" / "batches.parquet")
    assert json.loads((spark / "run.json").read_text())["engine"]["pyspark"] == pyspark.__version__
