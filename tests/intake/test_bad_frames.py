"""Frames that hold no reported text are refused; the message names the column."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from regenqc.errors import DataError
from regenqc.intake.contracts import BATCH_COLUMNS, RESULT_COLUMNS, frame_schema
from regenqc.intake.table import read_results

from .tables import columns_of


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns_of({}, {})).assign(**columns)


BAD_COLUMNS = {
    "bytes": [b"5", "5"],
    "lists": [["5"], "5"],
    "dictionaries": [{"a": 5}, "5"],
    "complex objects": [object(), "5"],
    "half of a character": ["\ud800", "5"],
}


@pytest.mark.parametrize("values", BAD_COLUMNS.values(), ids=BAD_COLUMNS)
def test_a_canonical_column_of_other_objects_is_refused(values: list[object]) -> None:
    with pytest.raises(DataError) as caught:
        read_results(frame(result=pd.Series(values, dtype=object)))
    assert caught.value.code == "RQC-D012"
    assert caught.value.faults[0].where == "<frame> column result"


def test_categories_of_other_objects_are_refused() -> None:
    values = pd.Series(pd.Categorical.from_codes([0, 1], categories=pd.Index([b"5", b"6"], dtype=object)))
    with pytest.raises(DataError, match="RQC-D012"):
        read_results(frame(result=values))


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([["5"], ["6"]], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
        pd.Series([b"5", b"6"], dtype=pd.ArrowDtype(pa.binary())),
        pd.Series(pd.to_timedelta(["1h", "2h"])),
        pd.Series([1 + 2j, 3j]),
        pd.Series(pd.interval_range(0, 2)),
    ],
    ids=lambda values: str(values.dtype),
)
def test_a_canonical_column_of_another_type_is_refused(values: pd.Series) -> None:
    with pytest.raises(DataError) as caught:
        read_results(frame(result=values))
    assert caught.value.code == "RQC-D012"
    assert "column result" in caught.value.faults[0].where


def test_every_bad_column_is_named() -> None:
    bad = pd.Series([b"5", b"6"], dtype=object)
    with pytest.raises(DataError) as caught:
        read_results(frame(result=bad, unit=bad))
    assert [fault.where for fault in caught.value.faults] == ["<frame> column result", "<frame> column unit"]


def test_a_column_that_decides_nothing_may_hold_any_object() -> None:
    table = read_results(frame(attachments=pd.Series([{"a": 1}, b"x"], dtype=object)))
    batch = next(iter(table.sources[0].read(10, None)))
    assert batch["attachments"].to_pylist() == ["{'a': 1}", "b'x'"]


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(DataError, match=r"RQC-D010 .* At <frame>"):
        read_results(frame().rename(columns={"result": "Result"}))


def test_labels_of_several_levels_are_refused_as_missing_columns() -> None:
    table = frame()
    table.columns = pd.MultiIndex.from_product([["a"], table.columns])
    with pytest.raises(DataError, match="RQC-D010"):
        read_results(table)


def test_a_label_that_stands_twice_is_refused() -> None:
    table = frame()
    table.columns = ["batch_id", "test", "result", "unit", "unit"]
    with pytest.raises(DataError, match="RQC-D011"):
        read_results(table)


def test_labels_that_become_the_same_text_are_refused() -> None:
    with pytest.raises(DataError, match="RQC-D011"):
        read_results(frame(x="a").rename(columns={"stage": 7, "x": "7"}))


def test_a_frame_without_rows_is_refused() -> None:
    source = read_results(frame().iloc[:0]).sources[0]
    with pytest.raises(DataError, match=r"RQC-D001 .* At <frame>"):
        list(source.read(10, None))


def test_a_frame_is_left_as_it_was() -> None:
    table = frame(result=pd.Series([Decimal("0.10"), 5], dtype=object)).set_axis([3, 3], axis="index")
    before = table.copy(deep=True)
    read_results(table)
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("columns", [RESULT_COLUMNS, BATCH_COLUMNS], ids=["results", "batches"])
def test_the_schema_of_frames_is_the_declaration_of_columns(columns: tuple) -> None:
    schema = frame_schema(columns)
    assert {name: entry.required for name, entry in schema.columns.items()} == {
        column.name: column.required for column in columns
    }
