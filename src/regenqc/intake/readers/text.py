"""Bring the columns of a record batch to one form: dictionary codes over reported text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "TEXT_CODES",
    "as_text_codes",
    "has_reported_text",
    "number_text",
    "shared_dictionaries",
    "text_chunks",
    "trimmed",
    "trimmed_at",
]

TEXT_CODES = pa.dictionary(pa.int32(), pa.string())


def as_text_codes(batch: pa.RecordBatch | pa.Table, *, only: Iterable[str] | None = None) -> pa.RecordBatch:
    """Return the batch with every column as dictionary<int32, string>, nulls as empty text.

    Numbers become their shortest exact text; timestamps ISO 8601, with `Z` where they have a zone, because Arrow keeps
    the moment and not the zone in which it was written. Dictionaries hold every text once.

    Args:
        batch: any Arrow types; lists, structs and bytes become their Python form, which no criterion reads.
        only: keep these columns, where present.

    Raises:
        pyarrow.ArrowInvalid: text that is not UTF-8, or codes outside their dictionary; readers turn it into `DataError`.

    Example:
        >>> batch = pa.record_batch({"result": pa.array([92.4, None])})
        >>> as_text_codes(batch)["result"].to_pylist()
        ['92.4', '']
    """
    wanted = None if only is None else set(only)
    names = [name for name in batch.schema.names if wanted is None or name in wanted]
    return pa.record_batch([_as_codes(batch.column(name)) for name in names], names=names)


def shared_dictionaries(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield `as_text_codes` of the batches; a dictionary that equals the one of the batch before is read once, and shared.

    Arrow copies the dictionary of a row group into every batch; whatever is learnt of one need not be learnt again.

    Args:
        batches: of one schema; their dictionaries hold every text once.

    Example:
        >>> parts = [pa.record_batch({"unit": pa.array(["%", "%"]).dictionary_encode()}) for _ in range(2)]
        >>> first, second = shared_dictionaries(parts)
        >>> first["unit"].dictionary.buffers()[2].address == second["unit"].dictionary.buffers()[2].address
        True
    """
    held: dict[str, tuple[pa.Array, pa.Array]] = {}
    for batch in batches:
        columns = []
        for name in batch.schema.names:
            column = batch.column(name)
            is_coded = (
                pa.types.is_dictionary(column.type) and not column.null_count and not column.dictionary.null_count
            )
            if is_coded and name in held and held[name][0].equals(column.dictionary):
                # Made safely: codes outside the dictionary are refused.
                columns.append(pa.DictionaryArray.from_arrays(column.indices.cast(pa.int32()), held[name][1]))
                continue
            columns.append(_as_codes(column, distinct=True))
            if is_coded:
                held[name] = column.dictionary, columns[-1].dictionary
        yield pa.record_batch(columns, names=batch.schema.names)


def text_chunks(
    batch: pa.RecordBatch | pa.Table, *, rows: int, only: Iterable[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield `as_text_codes` of the batch, `rows` at a time; chunks share the dictionaries that the batch came with.

    Example:
        >>> table = pa.table({"unit": pa.array(["%", "pH", "%"]).dictionary_encode()})
        >>> [chunk["unit"].to_pylist() for chunk in text_chunks(table, rows=2)]
        [['%', 'pH'], ['%']]
    """
    wanted = None if only is None else set(only)
    names = [name for name in batch.schema.names if wanted is None or name in wanted]
    # Dictionaries are brought to text once and then shared; other columns chunk by chunk, to hold few texts at a time.
    columns = [batch.column(name) for name in names]
    columns = [_as_codes(column) if pa.types.is_dictionary(column.type) else column for column in columns]
    for start in range(0, batch.num_rows, rows):
        parts = [column.slice(start, rows) for column in columns]
        yield pa.record_batch([part if part.type == TEXT_CODES else _as_codes(part) for part in parts], names=names)


def has_reported_text(kind: pa.DataType) -> bool:
    """Return whether values of this type stand for one text each: text, numbers, booleans, dates and nulls do.

    Example:
        >>> has_reported_text(pa.dictionary(pa.int8(), pa.string())), has_reported_text(pa.list_(pa.string()))
        (True, False)
    """
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return has_reported_text(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return has_reported_text(kind.storage_type)
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_boolean,
        pa.types.is_timestamp,
        pa.types.is_date,
        pa.types.is_null,
    )
    return any(test(kind) for test in tests)


def number_text(value: float) -> str:
    """Return the text that a number has in every input format: the shortest that reads back as the same number.

    Example:
        >>> number_text(7.0), number_text(1e-05)
        ('7', '0.00001')
    """
    text = repr(float(value))
    if "e" in text:
        return str(pa.scalar(float(value)).cast(pa.string()).as_py())
    return text.removesuffix(".0")


def trimmed(texts: pa.Array) -> pa.Array:
    """Return the texts without surrounding blanks; identities are compared in this form.

    Example:
        >>> trimmed(pa.array([" LOT 7 "])).to_pylist()
        ['LOT 7']
    """
    return pc.utf8_trim_whitespace(texts)


def trimmed_at(rows: pa.RecordBatch, name: str, at: NDArray[np.integer]) -> list[str]:
    """Return the texts of a dictionary-coded column at some rows without surrounding blanks, empty without the column.

    Example:
        >>> import numpy as np
        >>> trimmed_at(pa.record_batch({"a": pa.array([" x", "y "]).dictionary_encode()}), "a", np.array([1]))
        ['y']
    """
    if name not in rows.schema.names:
        return [""] * len(at)
    column: pa.DictionaryArray = rows[name]
    codes = column.indices.take(pa.array(at))
    if len(column.dictionary) <= len(at):
        # One string for each word and not for each row: whoever keeps them keeps few.
        words: list[str] = trimmed(column.dictionary).to_pylist()
        return [words[code] for code in codes.to_pylist()]
    texts: list[str] = trimmed(pc.take(column.dictionary, codes)).to_pylist()
    return texts


def _as_codes(column: pa.Array | pa.ChunkedArray, *, distinct: bool = False) -> pa.DictionaryArray:
    if isinstance(column, pa.ChunkedArray):
        column = _one_array(column)
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    # Memory that another program wrote is not trusted: a code or offset out of bounds would be read as such.
    column.validate(full=True)
    if pa.types.is_dictionary(column.type):
        texts = _as_text(column.dictionary)
        texts.validate(full=True)  # the check of a coded column leaves the texts of its dictionary out
        if (
            column.null_count == 0
            and texts.null_count == 0
            and (distinct or pc.count_distinct(texts).as_py() == len(texts))
        ):
            return pa.DictionaryArray.from_arrays(column.indices.cast(pa.int32()), texts, safe=False)
        column = pc.take(texts, column.indices)
    text = _as_text(column)
    return pc.dictionary_encode(pc.fill_null(text, "") if text.null_count else text)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.array([], type=column.type)
    return pa.concat_arrays(column.unify_dictionaries().chunks)


def _as_text(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_timestamp(kind):
        # The moment as its count, read without zone: no time zone database is needed.
        text = array.view(pa.timestamp(kind.unit)).cast(pa.string())
        text = pc.replace_substring(text, " ", "T", max_replacements=1)
        text = pc.replace_substring_regex(text, r"(\.\d*[1-9])0+$", r"\1")
        text = pc.replace_substring_regex(text, r"\.0+$", "")
        return text if kind.tz is None else pc.binary_join_element_wise(text, "Z", "")
    if has_reported_text(kind):
        return array.cast(pa.string())
    return pa.array([_python_text(value) for value in array.to_pylist()], type=pa.string())


def _python_text(value: Any) -> str | None:
    return None if value is None else repr(value).encode(errors="replace").decode()
