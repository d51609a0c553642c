"""The contract of the two input tables, declared once and checked at the door.

Files and Arrow tables are checked against the declaration directly; pandas frames through the pandera schema that is
built from the same declaration. Only presence, names and types are the door's business: what the values mean is judged
row by row, and a bad row is recorded, never raised.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandera.pandas as pa

__all__ = [
    "BATCH_COLUMNS",
    "MAXIMUM_CELL_CHARACTERS",
    "RESULT_COLUMNS",
    "InputColumn",
    "check_column_names",
    "frame_schema",
]

MAXIMUM_CELL_CHARACTERS: Final = 65_536


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
        Expected: result (the result as reported, text); did you mean the column 'Result'? Name the column exactly so,
        or describe the export in a profile.
    """
    faults = []
    for column in columns:
        if column.required and column.name not in names:
            near = [name for name in names if name.strip().casefold() == column.name]
            near = near or difflib.get_close_matches(column.name, names, n=1, cutoff=0.6)
            hint = f"; did you mean the column '{near[0]}'?" if near else ""
            faults.append(
                Fault(
                    code="RQC-D010",
                    what="A required column is missing.",
                    where=source,
                    got=", ".join(names) or "no columns",
                    expected=f"{column.name} ({column.meaning}){hint}".removesuffix("?") + ("?" if hint else ""),
                    action="Name the column exactly so, or describe the export in a profile.",
                )
            )
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    faults += [
        Fault(
            code="RQC-D011",
            what="A column stands twice in the header.",
            where=source,
            got=name or "(a column without name)",
            expected="every column once",
            action="Rename or remove one; regenqc does not guess which of them is meant.",
        )
        for name in repeated
    ]
    if faults:
        raise DataError(*faults)


def frame_schema(columns: Sequence[InputColumn]) -> pa.DataFrameSchema:
    """Return the pandera schema of a table as pandas frames have to satisfy it.

    Required columns must be present, names unique, and a canonical column must hold text, numbers or categories: a
    column of other objects has no reported text.

    Example:
        >>> sorted(frame_schema(BATCH_COLUMNS).columns)
        ['batch_id']
    """
    import pandera.pandas as pa  # noqa: PLC0415 - 0.5 s to import, only pandas users need it

    def holds_text_or_numbers(series: Any) -> bool:
        if str(series.dtype) != "object":
            return True
        return all(value is None or isinstance(value, (str, int, float)) for value in series)

    check = pa.Check(holds_text_or_numbers, error="the column holds text or numbers")
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(None, checks=check, required=column.required, nullable=True)
            for column in columns
        },
        unique_column_names=True,
        strict=False,
    )
