"""The synthetic sample comes out the same however its rows are cut, ordered and coded, and however few batches are held at once."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import regenqc
from regenqc.cli.evaluate import print_evaluation
from regenqc.evaluation.disposition import DISPOSITIONS
from regenqc.evaluation.output import EvaluationOutput
from regenqc.intake.batches import read_batches
from regenqc.intake.table import read_results
from regenqc.resources import packaged_path
from regenqc.simulation import AS_OF

SPECIFICATIONS = ("example/hipsc-bank", "example/hipsc-progenitors")
IN_PARTS = ("collected", "retests", "settlement")


def judge(results, **options):
    directory = packaged_path("sample_data") / "synthetic-hipsc"
    specifications = [regenqc.load_specification(name) for name in SPECIFICATIONS]
    found = regenqc.evaluate(results, specifications, batches=directory / "batches.csv", as_of=AS_OF, **options)
    findings = found.findings.drop(columns=["row_number", "source"]).astype("str")
    return found.dispositions.to_csv(), findings.to_csv(), found.matrix.table().to_pandas().to_csv()


@pytest.fixture(scope="module")
def path():
    return Path(packaged_path("sample_data") / "synthetic-hipsc" / "results.csv")


@pytest.fixture(scope="module")
def expected(path):
    return judge(path)


@pytest.fixture(scope="module")
def shuffled(path):
    return pd.read_csv(path, dtype="str", keep_default_na=False).sample(frac=1, random_state=3)


@pytest.mark.parametrize("chunk_rows", [7, 1_000])
def test_rows_in_any_order_and_in_chunks_of_any_size(shuffled, expected, chunk_rows):
    assert judge(shuffled, chunk_rows=chunk_rows) == expected


@pytest.fixture(params=["kept", "settled anew for every use"])
def _few_at_once(request, monkeypatch):
    for name in IN_PARTS:
        monkeypatch.setattr(importlib.import_module(f"regenqc.evaluation.{name}"), "_BATCHES_AT_ONCE", 3)
    if request.param != "kept":
        monkeypatch.setattr("regenqc.evaluation.settlement._MOST_KEPT", 0)


@pytest.mark.usefixtures("_few_at_once")
def test_few_batches_at_once(path, expected):
    assert judge(path) == expected


def written(path, folder, capsys):
    directory = packaged_path("sample_data") / "synthetic-hipsc"
    results, batches = read_results(path), read_batches(directory / "batches.csv")
    specifications = [regenqc.load_specification(name) for name in SPECIFICATIONS]
    with EvaluationOutput(folder, results=results, batches=batches) as output:
        found = regenqc.evaluate(results, specifications, batches=batches, as_of=AS_OF, on_rows=output.on_rows)
        run = output.finish(found)
    print_evaluation(found, out=None)
    files = {each.name: each.read_bytes() for each in folder.iterdir() if each.name != "run.json"}
    return files, run["counts"], capsys.readouterr().out


def test_every_file_and_what_is_printed_are_the_same_of_few_batches_at_once(path, tmp_path, capsys, monkeypatch):
    whole = written(path, tmp_path / "whole", capsys)
    monkeypatch.setattr("regenqc.evaluation.settlement._BATCHES_AT_ONCE", 3)
    monkeypatch.setattr("regenqc.evaluation.settlement._MOST_KEPT", 0)
    assert written(path, tmp_path / "parts", capsys) == whole


@pytest.mark.usefixtures("_few_at_once")
def test_some_rows_of_the_dispositions_are_those_of_the_table(path):
    directory = packaged_path("sample_data") / "synthetic-hipsc"
    specifications = [regenqc.load_specification(name) for name in SPECIFICATIONS]
    found = regenqc.evaluate(path, specifications, batches=directory / "batches.csv", as_of=AS_OF)
    rows = np.random.default_rng(7).permutation(found.disposition_table.num_rows)[:40]
    assert found.dispositions_at(rows).to_pylist() == found.disposition_table.take(pa.array(rows)).to_pylist()
    assert found.dispositions_at(rows[:0]).num_rows == 0
    index = found.disposition_index
    assert [DISPOSITIONS[at].value for at in index.severity] == found.disposition_table["disposition"].to_pylist()
    columns = (found.disposition_table[name].to_pylist() for name in ("spec_id", "stage"))
    assert [index.pairs[at] for at in index.pair] == list(zip(*columns, strict=True))
    assert index.batches == found.batch_count


@pytest.mark.usefixtures("_few_at_once")
def test_findings_of_some_batches_are_those_of_the_whole_about_them(path):
    directory = packaged_path("sample_data") / "synthetic-hipsc"
    specifications = [regenqc.load_specification(name) for name in SPECIFICATIONS]
    found = regenqc.evaluate(path, specifications, batches=directory / "batches.csv", as_of=AS_OF)
    whole = [row for part in found.finding_batches() for row in part.to_pylist()]
    asked = sorted({row["batch_id"] for row in whole})[1::3]
    about = [row for part in found.finding_batches(only=[*asked, "unknown"]) for row in part.to_pylist()]
    assert about == [row for row in whole if row["batch_id"] in asked]
    assert about
    assert list(found.finding_batches(only=["unknown"])) == []


def test_row_groups_whose_dictionaries_differ(shuffled, expected, tmp_path):
    table = pa.Table.from_pandas(shuffled, preserve_index=False)
    with pq.ParquetWriter(tmp_path / "results.parquet", table.schema, use_dictionary=True) as writer:
        begin, size = 0, 1
        while begin < table.num_rows:
            writer.write_table(table.slice(begin, size))
            begin, size = begin + size, 2 * size + 1
    assert judge(tmp_path / "results.parquet", chunk_rows=100) == expected
