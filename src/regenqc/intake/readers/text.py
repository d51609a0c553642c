"""Bring the columns of a record batch to one form: dictionary codes over reported text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TEXT_CODES", "as_text_codes"]

TEXT_CODES = pa.dictionary(pa.int32(), pa.string())


def as_text_codes(batch: pa.RecordBatch | pa.Table, *, only: Iterable[str] | None = None) -> pa.RecordBatch:
    """Return the batch with every column as dictionary<int32, string>, nulls as empty text.

    Numbers become their shortest exact text, timestamps ISO 8601 with their zone.

    Args:
        batch: any flat Arrow types.
        only: keep these columns, where present.

    Example:
        >>> batch = pa.record_batch({"result": pa.array([92.4, None])})
        >>> as_text_codes(batch)["result"].to_pylist()
        ['92.4', '']
    """
    names = [name for name in batch.schema.names if only is None or name in set(only)]
    columns = [_as_codes(batch.column(name)) for name in names]
    if not columns:
        return pa.record_batch([pa.nulls(batch.num_rows)], names=["(no column)"])
    return pa.record_batch(columns, names=names)


def _as_codes(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0) if column.num_chunks else pa.array([], type=pa.string())
    if pa.types.is_dictionary(column.type):
        values = _as_text(column.dictionary)
        codes = column.indices.cast(pa.int32())
        if column.null_count == 0 and values.null_count == 0:
            return pa.DictionaryArray.from_arrays(codes, values)
        column = pc.take(values, codes)
    text = _as_text(column)
    if text.null_count:
        text = pc.fill_null(text, "")
    encoded = pc.dictionary_encode(text)
    return encoded


def _as_text(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_timestamp(kind):
        zone = "Z" if kind.tz is not None else ""
        text = pc.strftime(array.cast(pa.timestamp("us", kind.tz)) if kind.tz is None else array.cast(pa.timestamp("us", "UTC")), format="%Y-%m-%dT%H:%M:%S")
        return pc.binary_join_element_wise(text, zone, "")
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([None if value is None else repr(value) for value in array.to_pylist()], type=pa.string())
    return array.cast(pa.string())
