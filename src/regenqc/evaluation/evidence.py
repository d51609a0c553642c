"""Keep what has to be explained or looked at again, column by column, while chunks pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ANNEX_COLUMNS",
    "COLLECTED_SCHEMA",
    "FINDING_SCHEMA",
    "INVESTIGATION_COLUMNS",
    "INVESTIGATION_SCHEMA",
    "NOT_JUDGED",
    "ROW_BITS",
    "SEPARATOR",
    "Columns",
    "joined_texts",
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

COLLECTED_SCHEMA = pa.schema(
    [
        ("batch", pa.int32()),
        ("slot", pa.int32()),
        ("unit_code", pa.int16()),
        ("row", pa.int64()),
        ("reported", pa.string()),
        ("unit", pa.string()),
        ("lod", pa.string()),
        ("replicate", pa.string()),
        ("annex", pa.string()),
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
        >>> import numpy as np
        >>> batch = pa.record_batch({"unit": pa.array(["%", "EU"]).dictionary_encode()})
        >>> texts_at(batch, "unit", np.array([1])).to_pylist()
        ['EU']
    """
    if name not in rows.schema.names:
        return pa.array([""] * len(at), type=pa.string())
    column: pa.DictionaryArray = rows[name]
    return pc.take(column.dictionary, column.indices.take(pa.array(at)))


def joined_texts(rows: pa.RecordBatch, names: Sequence[str], at: NDArray[np.integer]) -> pa.StringArray:
    """Return the texts of several columns at some rows as one, empty where all of them are empty.

    Example:
        >>> import numpy as np
        >>> batch = pa.record_batch({"sample_id": pa.array(["S1", ""]).dictionary_encode()})
        >>> [text.split(SEPARATOR) for text in joined_texts(batch, ["sample_id", "lod"], np.array([0, 1])).to_pylist()]
        [['S1', ''], ['']]
    """
    joined = pc.binary_join_element_wise(*(texts_at(rows, name, at) for name in names), SEPARATOR)
    return pc.if_else(pc.equal(joined, SEPARATOR * (len(names) - 1)), "", joined)
