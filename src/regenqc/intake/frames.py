"""pandas frames as Arrow tables: validated by pandera, missing values told from text, numbers as in every other format."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regenqc.errors import DataError, Fault
from regenqc.intake.contracts import check_column_names, frame_schema, is_reported_value
from regenqc.intake.readers.text import number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.intake.contracts import InputColumn

__all__ = ["frame_to_arrow", "is_frame"]


def is_frame(item: Any) -> bool:
    """Return whether the item is a pandas frame; pandas is not imported to find out.

    Example:
        >>> is_frame("results.csv")
        False
    """
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(item, pandas.DataFrame)


def frame_to_arrow(frame: Any, *, columns: Sequence[InputColumn]) -> pa.Table:
    """Return the frame as a table; labels become text, the index is not part of the results.

    Args:
        frame: text, categories, numbers, booleans or dates in every canonical column; NaN, NA, NaT and None are empty.
        columns: the contract.

    Raises:
        DataError: a column is missing, stands twice, or holds other objects.

    Example:
        >>> import pandas
        >>> frame_to_arrow(pandas.DataFrame({"batch_id": ["B1", None]}), columns=())["batch_id"].to_pylist()
        ['B1', None]
    """
    from pandera.errors import SchemaError, SchemaErrors  # noqa: PLC0415 - see frame_schema

    names = [str(name) for name in frame.columns]
    check_column_names(names, columns=columns, source="<frame>")
    labelled = frame.set_axis(names, axis="columns").reset_index(drop=True)
    try:
        checked = frame_schema(columns).validate(labelled, lazy=True)
    except (SchemaError, SchemaErrors) as error:
        cases = getattr(error, "failure_cases", None)
        found = sorted({str(column) for column in cases["column"]}) if cases is not None else []
        raise DataError(*(_unreadable(name, str(labelled[name].dtype)) for name in found or ["?"])) from error
    arrays = []
    for position, name in enumerate(names):
        series = checked.iloc[:, position]
        try:
            arrays.append(_series_to_arrow(series))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(_unreadable(name, next(iter(str(error).splitlines()), str(series.dtype)))) from error
    return pa.table(arrays, names=names)


def _unreadable(name: str, got: str) -> Fault:
    return Fault(
        code="RQC-D012",
        what="A column of the frame cannot be read as reported text.",
        where=f"<frame> column {name}",
        got=got,
        expected="text, numbers, booleans, dates or categories of these",
        action="Convert the column to text as reported.",
    )


def _series_to_arrow(series: Any) -> pa.Array | pa.ChunkedArray:
    if str(series.dtype) == "object":
        return pa.array([_text(value) for value in series], type=pa.string())
    if hasattr(series, "cat"):
        codes = series.cat.codes.to_numpy()
        texts = _series_to_arrow(series.cat.categories.to_series())
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), texts)
    return pa.Array.from_pandas(series)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if not is_reported_value(value):
        return repr(value)  # only in columns that decide nothing
    if value is None or type(value).__name__ == "NAType" or value != value:  # noqa: PLR0124 - NaN and NaT
        return None
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)
