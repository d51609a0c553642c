"""Keep what has to be explained or looked at again, column by column, while chunks pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.grouping import distinct_combinations
from regenqc.intake.readers.text import TEXT_CODES
from regenqc.intake.word_table import text_buffers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "ANNEX_COLUMNS",
    "COLLECTED_SCHEMA",
    "FINDING_SCHEMA",
    "IDENTITY_COLUMNS",
    "INVESTIGATION_COLUMNS",
    "INVESTIGATION_SCHEMA",
    "NOT_JUDGED",
    "ROW_BITS",
    "SEPARATOR",
    "Columns",
    "codes_at",
    "identities_at",
    "joined_codes",
    "texts_at",
]

# A row is identified by its source and its number in it: source << ROW_BITS | number.
ROW_BITS = 40

# Between texts that are joined; where it stands in one of them, there are more parts than columns.
SEPARATOR = "\x1f"

FINDING_SCHEMA = pa.schema(
    [
        ("batch", pa.int32()),
        ("slot", pa.int32()),
        ("verdict", pa.uint8()),
        ("reason", pa.uint8()),
        ("unit_code", pa.int16()),
        ("row", pa.int64()),
        ("reported", pa.string()),
        ("unit", pa.string()),
        ("detail", pa.string()),
    ]
)

# Further columns that a derived result can ask for; a collected row has them joined in its annex.
ANNEX_COLUMNS = ("method", "loq", "sample_amount", "sample_amount_unit", "uncertainty")

# Columns that tell the rows of one test apart; a collected row has them joined in its `replicate`.
IDENTITY_COLUMNS = ("result_id", "sample_id", "replicate")

COLLECTED_SCHEMA = pa.schema(
    [
        ("batch", pa.int32()),
        ("slot", pa.int32()),
        ("unit_code", pa.int16()),
        ("row", pa.int64()),
        ("reported", TEXT_CODES),
        ("unit", TEXT_CODES),
        ("lod", TEXT_CODES),
        ("replicate", TEXT_CODES),
        ("annex", TEXT_CODES),
        ("preliminary", pa.bool_()),
    ]
)

# Columns of a row that tell the life of an investigation.
INVESTIGATION_COLUMNS = (
    "test",
    "investigation_id",
    "result_id",
    "revision",
    "retest_of",
    "sample_id",
    "replicate",
    "result",
    "unit",
    "status",
    "analyst",
    "invalidated_by",
    "assignable_cause",
    "tested_at",
    "reported_at",
)

NOT_JUDGED = 255

# `slot` is -1 for a row that nothing judges; `verdict` is what the row says if it counts, or `NOT_JUDGED`. The last
# three are as in `COLLECTED_SCHEMA`: what would be computed with a result that was invalidated.
INVESTIGATION_SCHEMA = pa.schema(
    [
        ("batch", pa.int32()),
        ("slot", pa.int32()),
        ("stage", pa.int16()),
        ("row", pa.int64()),
        ("standing", pa.uint8()),
        ("lacking", pa.uint8()),
        ("is_empty", pa.bool_()),
        ("verdict", pa.uint8()),
        *((name, pa.string()) for name in INVESTIGATION_COLUMNS),
        ("unit_code", pa.int16()),
        ("limit", pa.string()),
        ("annex", pa.string()),
    ]
)


@dataclass(slots=True)
class Columns:
    """Record batches of one schema, in order of arrival.

    Args:
        schema: of every batch.
        parts: the batches.
    """

    schema: pa.Schema
    parts: list[pa.RecordBatch] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        """Return the number of rows so far."""
        return sum(part.num_rows for part in self.parts)

    def append(self, columns: Sequence[NDArray[np.generic] | pa.Array]) -> None:
        """Append columns in the order of the schema."""
        arrays = [
            column if isinstance(column, pa.Array) else pa.array(column, type=entry.type)
            for column, entry in zip(columns, self.schema, strict=True)
        ]
        if len(arrays[0]):
            self.parts.append(pa.record_batch(arrays, schema=self.schema))

    def append_table(self, table: pa.Table) -> None:
        """Append the rows of a table of the same schema."""
        self.parts += (part for part in table.to_batches() if part.num_rows)

    def table(self) -> pa.Table:
        """Return everything as one table."""
        return pa.Table.from_batches(self.parts, schema=self.schema)


def texts_at(rows: pa.RecordBatch, name: str, at: NDArray[np.integer]) -> pa.StringArray:
    """Return the text of a column at some rows, empty text when the column is absent.

    Example:
        >>> batch = pa.record_batch({"unit": pa.array(["%", "EU"]).dictionary_encode()})
        >>> texts_at(batch, "unit", np.array([1])).to_pylist()
        ['EU']
    """
    column = codes_at(rows, name, at)
    return pc.take(column.dictionary, column.indices)


def codes_at(rows: pa.RecordBatch, name: str, at: NDArray[np.integer]) -> pa.DictionaryArray:
    """Return the text of a column at some rows as codes of its dictionary, empty text when the column is absent.

    Example:
        >>> batch = pa.record_batch({"unit": pa.array(["%", "EU"]).dictionary_encode()})
        >>> codes_at(batch, "unit", np.array([1])).to_pylist()
        ['EU']
    """
    if name not in rows.schema.names:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(at), dtype=np.int32)), pa.array([""]))
    column: pa.DictionaryArray = rows[name]
    return pa.DictionaryArray.from_arrays(column.indices.take(pa.array(at)), column.dictionary, safe=False)


def joined_codes(rows: pa.RecordBatch, names: Sequence[str], at: NDArray[np.integer]) -> pa.DictionaryArray:
    """Return the texts of several columns at some rows as one, empty where all of them are empty.

    Example:
        >>> batch = pa.record_batch({"sample_id": pa.array(["S1", ""]).dictionary_encode()})
        >>> [text.split(SEPARATOR) for text in joined_codes(batch, ["sample_id", "lod"], np.array([0, 1])).to_pylist()]
        [['S1', ''], ['']]
    """
    columns = [codes_at(rows, name, at) for name in names]
    return _joined(columns, otherwise=codes_at(rows, "", at), unless_empty=columns)


def identities_at(rows: pa.RecordBatch, at: NDArray[np.integer]) -> pa.DictionaryArray:
    """Return what tells rows of one test apart: their `IDENTITY_COLUMNS` joined, or the first of them where it stands alone.

    Example:
        >>> columns = {"result_id": ["r1", "r1", ""], "replicate": ["", "2", ""]}
        >>> batch = pa.record_batch({name: pa.array(texts).dictionary_encode() for name, texts in columns.items()})
        >>> [text.split(SEPARATOR) for text in identities_at(batch, np.arange(3)).to_pylist()]
        [['r1'], ['r1', '', '2'], ['']]
    """
    columns = [codes_at(rows, name, at) for name in IDENTITY_COLUMNS]
    return _joined(columns, otherwise=columns[0], unless_empty=columns[1:])


def _joined(
    columns: Sequence[pa.DictionaryArray], *, otherwise: pa.DictionaryArray, unless_empty: Sequence[pa.DictionaryArray]
) -> pa.DictionaryArray:
    """Return the texts of columns joined where one of some columns is not empty, and another column elsewhere."""
    is_joined = np.zeros(len(otherwise), dtype=np.bool_)
    for column in unless_empty:
        # Of the words that are used alone: a dictionary may hold many more.
        begin_of_word, _ = text_buffers(column.dictionary)
        indices = column.indices.to_numpy()
        is_joined |= begin_of_word[indices + 1] > begin_of_word[indices]
    if not is_joined.any():
        return otherwise
    # What several rows have in common is joined once.
    found = distinct_combinations(*(column.indices.to_numpy()[is_joined] for column in columns))
    first = pa.array(np.flatnonzero(is_joined)[found.first])
    texts = (pc.take(column.dictionary, column.indices.take(first)) for column in columns)
    joined = pc.binary_join_element_wise(*texts, SEPARATOR)
    codes = otherwise.indices.to_numpy().copy()
    codes[is_joined] = len(otherwise.dictionary) + found.of_row
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.concat_arrays([otherwise.dictionary, joined]))
