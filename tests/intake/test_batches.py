"""The batch table: one row per batch, and no choice between contradictory ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from regenqc.errors import DataError, UsageError
from regenqc.intake.batches import read_batches

from .tables import write

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = {"batch_id": ["B1", " B2", ""], "vector": ["lentiviral ", "none", ""], "recipient_weight": ["70", "", ""]}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow", ".jsonl", ".xlsx"])
def test_every_format_gives_the_same_attributes(tmp_path: Path, suffix: str) -> None:
    table = read_batches(write(tmp_path / f"a{suffix}", CONTENT))
    assert table.batch_ids == ["B1", "B2"]
    assert table.attributes == {"vector": ["lentiviral", "none"], "recipient_weight": ["70", ""]}
    assert table.digest.startswith("sha256:")


def test_frames_and_arrow_tables_are_read_alike() -> None:
    assert read_batches(pd.DataFrame(CONTENT)).attributes == read_batches(pa.table(CONTENT)).attributes


def test_equal_rows_count_once() -> None:
    assert read_batches(pa.table({"batch_id": ["B1", "B1 "], "vector": ["aav", " aav"]})).batch_ids == ["B1"]


def test_an_equal_row_among_many_counts_once() -> None:
    batches = [f"B{number}" for number in range(12_000)]
    assert read_batches(pa.table({"batch_id": [*batches, "B7 "], "route": ["iv"] * 12_001})).batch_ids == batches


@pytest.mark.parametrize("count", [1, 127, 128, 129, 32_769])
def test_attributes_of_any_number_of_words_keep_them(count: int) -> None:
    words = [f"w{number}" for number in range(count)]
    table = read_batches(pa.table({"batch_id": words, "lot": words}))
    codes, texts = table.coded("lot")
    assert [texts[code] for code in codes.tolist()] == words
    assert table.attributes["lot"] == words


def test_who_asks_for_the_numbers_of_batches_gets_numbers_of_their_own() -> None:
    table = read_batches(pa.table({"batch_id": ["B2", "B1"], "route": ["iv", "im"]}))
    first = table.numbers()
    first.number(pa.array(["B3"]))
    second, of_part = table.numbers(), table.part(np.array([1])).numbers()
    assert (list(first), list(second), list(of_part)) == (["B2", "B1", "B3"], ["B2", "B1"], ["B1"])
    assert table.batch_ids == ["B2", "B1"]


def test_conflicting_rows_are_all_named() -> None:
    rows = {"batch_id": ["B1", "B2", "B1", "B2"], "vector": ["aav", "none", "none", "aav"]}
    with pytest.raises(DataError) as caught:
        read_batches(pa.table(rows))
    assert [fault.code for fault in caught.value.faults] == ["RQC-D021", "RQC-D021"]
    assert [fault.where for fault in caught.value.faults] == ["<table> rows 1 and 3", "<table> rows 2 and 4"]
    assert caught.value.faults[0].got == "vector: aav | none"


def test_attributes_without_batch_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        read_batches(pa.table({"batch_id": ["B1", " "], "vector": ["aav", "none"]}))
    assert (caught.value.code, caught.value.faults[0].where) == ("RQC-D020", "<table> row 2")


def test_a_table_without_batch_identifiers_is_refused() -> None:
    with pytest.raises(DataError, match=r"RQC-D010 .*batch_id .*Did you mean the column 'batch'"):
        read_batches(pa.table({"batch": ["B1"]}))


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("batch_id\n")
    with pytest.raises(DataError, match="RQC-D001"):
        read_batches(tmp_path / "a.csv")


def test_several_files_are_a_usage_error(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, CONTENT)
    with pytest.raises(UsageError, match="RQC-U003"):
        read_batches(str(tmp_path / "*.csv"))
