"""The synthetic sample comes out the same however its rows are cut, ordered and coded, and however few batches are held at once."""

import importlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import regenqc
from regenqc.resources import packaged_path
from regenqc.simulation import AS_OF

SPECIFICATIONS = ("example/hipsc-bank", "example/hipsc-progenitors")
IN_PARTS = ("collected", "conclusion", "findings", "retests")


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


def test_few_batches_at_once(path, expected, monkeypatch):
    for name in IN_PARTS:
        monkeypatch.setattr(importlib.import_module(f"regenqc.evaluation.{name}"), "_BATCHES_AT_ONCE", 3)
    assert judge(path) == expected


def test_row_groups_whose_dictionaries_differ(shuffled, expected, tmp_path):
    table = pa.Table.from_pandas(shuffled, preserve_index=False)
    with pq.ParquetWriter(tmp_path / "results.parquet", table.schema, use_dictionary=True) as writer:
        begin, size = 0, 1
        while begin < table.num_rows:
            writer.write_table(table.slice(begin, size))
            begin, size = begin + size, 2 * size + 1
    assert judge(tmp_path / "results.parquet", chunk_rows=100) == expected
