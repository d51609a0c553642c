"""The contract of the two input tables, declared once and checked at the door.

Files and Arrow tables are checked against the declaration directly; pandas frames through the pandera schema that is
built from the same declaration. Only presence, names and types are the door's business: what the values mean is judged
row by row, and a bad row is recorded, never raised.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections import Counter
from dataclasses import dataclass
from numbers import Number
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandera.pandas as pa

__all__ = [
    "BATCH_COLUMNS",
    "MAPPING_FAULT",
    "MAXIMUM_CELL_CHARACTERS",
    "RESULT_COLUMNS",
    "InputColumn",
    "check_column_names",
    "check_column_types",
    "frame_schema",
    "is_reported_value",
]

MAXIMUM_CELL_CHARACTERS: Final = 65_536
# A column that mapping by a profile adds: a row with a text in it is refused, whoever wrote the text.
MAPPING_FAULT: Final = "mapping_fault"


@dataclass(frozen=True, slots=True)
class InputColumn:
    """One canonical column.

    Args:
        name: canonical name.
        required: whether the table is refused without it.
        meaning: one line for documents and messages.
    """

    name: str
    required: bool
    meaning: str


RESULT_COLUMNS: Final = (
    InputColumn("batch_id", required=True, meaning="manufactured lot"),
    InputColumn("test", required=True, meaning="test code"),
    InputColumn("result", required=True, meaning="the result as reported, text"),
    InputColumn("unit", required=True, meaning="unit as reported, may be empty for words"),
    InputColumn("stage", required=False, meaning="stage of the batch's life"),
    InputColumn("result_id", required=False, meaning="identity of the result"),
    InputColumn("revision", required=False, meaning="the highest revision of a result_id counts"),
    InputColumn("sample_id", required=False, meaning="sample"),
    InputColumn("replicate", required=False, meaning="replicate"),
    InputColumn("method", required=False, meaning="analytical procedure"),
    InputColumn("laboratory", required=False, meaning="laboratory"),
    InputColumn("analyst", required=False, meaning="analyst"),
    InputColumn("instrument_id", required=False, meaning="instrument"),
    InputColumn("tested_at", required=False, meaning="ISO 8601 with zone"),
    InputColumn("reported_at", required=False, meaning="ISO 8601 with zone"),
    InputColumn("status", required=False, meaning="standing of the result"),
    InputColumn("investigation_id", required=False, meaning="investigation behind an invalidation"),
    InputColumn("invalidated_by", required=False, meaning="who approved the invalidation"),
    InputColumn("assignable_cause", required=False, meaning="cause found behind an invalidation"),
    InputColumn("retest_of", required=False, meaning="result_id of the first result that this one retests"),
    InputColumn("lod", required=False, meaning="detection limit, in the result's unit"),
    InputColumn("loq", required=False, meaning="quantitation limit, in the result's unit"),
    InputColumn("sample_amount", required=False, meaning="amount tested"),
    InputColumn("sample_amount_unit", required=False, meaning="unit of the amount tested"),
    InputColumn("uncertainty", required=False, meaning="standard uncertainty, in the result's unit"),
)

BATCH_COLUMNS: Final = (InputColumn("batch_id", required=True, meaning="manufactured lot"),)


def check_column_names(names: Sequence[str], *, columns: Sequence[InputColumn], source: str) -> None:
    """Refuse a table whose header lacks a required column or names one twice.

    Args:
        names: header of the table, in order.
        columns: the contract.
        source: file or table, for the message.

    Raises:
        DataError: every fault of the header.

    Example:
        >>> check_column_names(["batch_id", "test", "Result", "unit"], columns=RESULT_COLUMNS, source="a.csv")
        Traceback (most recent call last):
        ...
        regenqc.errors.DataError: RQC-D010 A required column is missing. At a.csv. Got: batch_id, test, Result, unit.
        Expected: result (the result as reported, text). Did you mean the column 'Result'? Name the column exactly so,
        or describe the export in a profile.
    """
    faults = [
        Fault(
            code="RQC-D010",
            what="A required column is missing.",
            where=source,
            got=", ".join(names) or "no columns",
            expected=f"{column.name} ({column.meaning})",
            action=f"{_hint(column.name, names)}Name the column exactly so, or describe the export in a profile.",
        )
        for column in columns
        if column.required and column.name not in names
    ]
    faults += [
        Fault(
            code="RQC-D011",
            what="A column stands twice in the header.",
            where=source,
            got=name or "(a column without name)",
            expected="every column once",
            action="Rename or remove one; regenqc does not guess which of them is meant.",
        )
        for name, count in sorted(Counter(names).items())
        if count > 1
    ]
    if faults:
        raise DataError(*faults)


def _hint(name: str, names: Sequence[str]) -> str:
    near = [other for other in names if other.strip().casefold() == name]
    near = near or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"Did you mean the column '{near[0]}'? " if near else ""


def check_column_types(types: Mapping[str, str], *, columns: Sequence[InputColumn], source: str) -> None:
    """Refuse a table in which a canonical column has a type whose values are no reported text, such as a list.

    Args:
        types: columns whose type holds no reported text, with the name of the type.
        columns: the contract; other columns are carried as they are and decide nothing.
        source: file or table, for the message.

    Raises:
        DataError: every such column.

    Example:
        >>> check_column_types({"result": "list<item: string>"}, columns=RESULT_COLUMNS, source="a.parquet")
        Traceback (most recent call last):
        ...
        regenqc.errors.DataError: RQC-D012 A column holds neither text nor numbers. At a.parquet column result.
        Got: list<item: string>. Expected: text, numbers, booleans, dates or categories of these.
        Convert the column to text as reported.
    """
    faults = [
        Fault(
            code="RQC-D012",
            what="A column holds neither text nor numbers.",
            where=f"{source} column {column.name}",
            got=types[column.name],
            expected="text, numbers, booleans, dates or categories of these",
            action="Convert the column to text as reported.",
        )
        for column in columns
        if column.name in types
    ]
    if faults:
        raise DataError(*faults)


def frame_schema(columns: Sequence[InputColumn]) -> pa.DataFrameSchema:
    """Return the pandera schema of a table as pandas frames have to satisfy it.

    Required columns must be present, names unique, and a canonical column must hold text, numbers, dates or categories:
    a column of other objects has no reported text.

    Example:
        >>> sorted(frame_schema(BATCH_COLUMNS).columns)
        ['batch_id']
    """
    import pandera.pandas as pa  # noqa: PLC0415 - 0.5 s to import, only pandas users need it

    check = pa.Check(_holds_reported_values, error="the column holds text, numbers, dates or categories")
    return pa.DataFrameSchema(
        {column.name: pa.Column(None, checks=check, required=column.required, nullable=True) for column in columns},
        unique_column_names=True,
        strict=False,
    )


def _holds_reported_values(series: Any) -> bool:
    if hasattr(series, "cat"):
        series = series.cat.categories
    return str(series.dtype) != "object" or all(is_reported_value(value) for value in series)


def is_reported_value(value: Any) -> bool:
    """Return whether an object in a pandas column stands for one reported text or for a missing one.

    Example:
        >>> is_reported_value("<0.5"), is_reported_value(None), is_reported_value(b"5"), is_reported_value(["5"])
        (True, True, False, False)
    """
    # NA and NaT of pandas are of classes of their own and cannot be imported here for a look.
    return (
        value is None
        or isinstance(value, (str, Number, np.number, np.bool_, dt.date))
        or type(value).__name__ in {"NAType", "NaTType"}
    )
