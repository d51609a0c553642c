"""The batch table: one row per batch with the attributes that requirements select on or compute with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenqc.errors import DataError, Fault
from regenqc.intake.contracts import BATCH_COLUMNS
from regenqc.intake.readers.text import trimmed
from regenqc.intake.table import source_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BatchTable", "read_batches"]

_MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class BatchTable:
    """Attributes by batch, all as text.

    Args:
        attributes: column name to one text per batch, in the order of `batch_ids`; empty text means not stated.
        digest: of the file, empty for tables in memory.

    Example:
        >>> import pyarrow
        >>> table = read_batches(pyarrow.table({"batch_id": ["B1"], "vector": ["lentiviral"]}))
        >>> table.attributes["vector"]
        ['lentiviral']
    """

    batch_ids: list[str]
    attributes: dict[str, list[str]]
    name: str
    digest: str


def read_batches(item: Any) -> BatchTable:
    """Read the whole batch table; blanks around texts are not kept, blank rows and repeated equal rows count once.

    Args:
        item: a path, a pandas DataFrame or an Arrow table.

    Raises:
        DataError: unreadable, empty, without `batch_id`, a row without identifier, or two differing rows for one batch.

    Example:
        >>> import pyarrow
        >>> read_batches(pyarrow.table({"batch_id": [" B1", "B1"], "route": ["iv", "iv "]})).batch_ids
        ['B1']
    """
    source = source_of(item, columns=BATCH_COLUMNS)
    columns: dict[str, list[str]] = {name: [] for name in source.columns}
    for batch in source.read(1 << 16, None):
        for name in source.columns:
            column: pa.DictionaryArray = batch[name]
            words = trimmed(column.dictionary).to_pylist()
            columns[name].extend([words[code] for code in column.indices.to_pylist()])
    ids = columns.pop("batch_id")
    first: dict[str, int] = {}
    faults: list[Fault] = []
    for row, batch_id in enumerate(ids):
        if batch_id == "":
            if any(values[row] for values in columns.values()):
                faults.append(_nameless(source.name, row))
        elif first.setdefault(batch_id, row) != row:
            previous = first[batch_id]
            differing = {name: values for name, values in columns.items() if values[row] != values[previous]}
            if differing:
                faults.append(_conflicting(source.name, batch_id, previous, row, differing))
    if faults:
        raise DataError(*faults[:_MOST_FAULTS])
    attributes = {name: [values[row] for row in first.values()] for name, values in columns.items()}
    return BatchTable(list(first), attributes, source.name, source.digest)


def _nameless(name: str, row: int) -> Fault:
    return Fault(
        code="RQC-D020",
        what="A row names no batch.",
        where=f"{name} row {row + 1}",
        got="an empty batch_id beside other attributes",
        expected="batch_id",
        action="Complete or remove the row.",
    )


def _conflicting(name: str, batch_id: str, previous: int, row: int, differing: dict[str, list[str]]) -> Fault:
    return Fault(
        code="RQC-D021",
        what=f"Batch '{batch_id}' stands twice with different attributes.",
        where=f"{name} rows {previous + 1} and {row + 1}",
        got=", ".join(f"{column}: {values[previous]} | {values[row]}" for column, values in differing.items()),
        expected="one row per batch",
        action="Remove the wrong row; regenqc does not choose.",
    )
