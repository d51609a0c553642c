"""A local Spark session for all tests; without PySpark or Java the tests say so and are left out."""

from __future__ import annotations

import os
import sys
import warnings

import pytest

from regenqc.errors import UsageError
from regenqc.spark.installation import check_installation


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    try:
        check_installation()
    except UsageError as error:
        pytest.skip(str(error))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PySpark's start
        # Two cores, and four attempts of a task before a job is given up.
        builder = SparkSession.builder.master("local[2,4]").appName("tests")
        settings = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.memory": "1g",
            "spark.driver.host": "localhost",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.log.level": "OFF",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.session.timeZone": "UTC",
            "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        started = builder.getOrCreate()
    yield started
    started.stop()


@pytest.fixture
def small_ranges(monkeypatch):
    """Make ranges of few batches, so that small data have several."""
    from regenqc.spark import evaluation

    monkeypatch.setattr(evaluation, "_RANGE_WEIGHT", 40)


@pytest.fixture(scope="session")
def export(tmp_path_factory):
    """A synthetic export: Parquet with several row groups, in two files, and the same as CSV."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    from regenqc import simulate

    folder = tmp_path_factory.mktemp("export")
    simulate(batches=240, seed=3, out=folder / "whole", file_format="parquet")
    table = pq.read_table(folder / "whole" / "results.parquet")
    table = table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
    # One row without batch holds every batch of a run; one row is refused for another reason.
    middle = table.num_rows // 2
    pq.write_table(table.slice(0, middle), folder / "first.parquet", row_group_size=700)
    pq.write_table(table.slice(middle), folder / "second.parquet", row_group_size=900)
    pyarrow.csv.write_csv(table, folder / "all.csv")
    return folder
