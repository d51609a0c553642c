"""`regenqc evaluate --engine spark` as a pipeline sees it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import csv, parquet

from regenqc.errors import UsageError
from regenqc.resources import packaged_path
from regenqc.spark.installation import check_installation

SAMPLES = packaged_path("sample_data") / "published" / "ari-0001"


@pytest.fixture(autouse=True)
def spark_is_there():
    try:
        check_installation()
    except UsageError as error:
        pytest.skip(str(error))


def run(*arguments, cwd=None, **environment):
    command = [sys.executable, "-m", "regenqc", "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=os.environ | environment)


def arguments(out, *more):
    return (
        SAMPLES / "results.csv",
        "--batches",
        SAMPLES / "batches.csv",
        "--spec",
        "example/car-t-ari-0001",
        "--as-of",
        "2026-06-30T00:00:00Z",
        "--out",
        out,
        *more,
    )


def test_both_engines_print_and_write_the_same(tmp_path):
    local = run(*arguments(tmp_path / "one" / "out"))
    spark = run(*arguments(tmp_path / "two" / "out", "--engine", "spark"))
    assert (spark.returncode, spark.stderr) == (local.returncode, "")
    assert spark.stdout.replace("/two/", "/one/") == local.stdout
    for name in ("dispositions.csv", "findings.parquet", "verdicts.parquet", "refused.csv", "report.html"):
        assert (tmp_path / "two" / "out" / name).read_bytes() == (tmp_path / "one" / "out" / name).read_bytes(), name


def test_without_a_directory_the_summary_is_printed_and_nothing_is_left(tmp_path):
    command = [*arguments(tmp_path / "out")[:-2], "--json", "--engine", "spark"]
    done = run(*command, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["counts"]["dispositions"]["eligible"] == len(printed["dispositions"])
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("regenqc")]


def test_a_stage_that_does_not_exist_is_said_before_spark_starts(tmp_path):
    done = run(*arguments(tmp_path / "out", "--engine", "spark", "--stage", "release"))
    assert done.returncode == 2
    assert "RQC-U008" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_does_not_exist_is_a_usage_error(tmp_path):
    done = run(*arguments(tmp_path / "out", "--engine", "hadoop"))
    assert done.returncode == 2
    assert "spark" in done.stderr


def test_without_java_the_command_says_what_to_install(tmp_path):
    done = run(*arguments(tmp_path / "out", "--engine", "spark"), PATH="/nonexistent", JAVA_HOME="/nonexistent")
    assert done.returncode == 2
    assert "RQC-U091" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_commands_of_the_document_on_scale_run(tmp_path):
    document = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
    found = re.findall(r"^regenqc evaluate (.*)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert found
    (tmp_path / "exports").mkdir()
    for name in ("results", "batches"):
        table = csv.read_csv(
            SAMPLES / f"{name}.csv", convert_options=csv.ConvertOptions(strings_can_be_null=False, null_values=[])
        )
        folder = tmp_path / "exports" if name == "results" else tmp_path
        parquet.write_table(table, folder / f"{name}.parquet")
    shutil.copy(packaged_path("specs") / "example" / "car-t-ari-0001.toml", tmp_path / "my-product.toml")
    for line in found:
        done = run(*shlex.split(line.split("  #")[0]), cwd=tmp_path)
        assert done.returncode in {0, 1}, done.stderr
        assert (tmp_path / "judged" / "dispositions.csv").exists()
