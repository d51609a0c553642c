"""The batch table: one row per batch with the attributes that requirements select on or compute with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from regenqc.errors import DataError, Fault
from regenqc.intake.contracts import BATCH_COLUMNS
from regenqc.intake.table import source_of

__all__ = ["BatchTable", "read_batches"]


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
    """Read the whole batch table.

    Args:
        item: a path, a pandas DataFrame or an Arrow table.

    Raises:
        DataError: unreadable, without `batch_id`, a batch without identifier, or two differing rows for one batch.
    """
    source = source_of(item, columns=BATCH_COLUMNS)
    columns: dict[str, list[str]] = {name: [] for name in source.columns}
    for batch in source.read(1 << 20, None):
        for name in source.columns:
            column = batch[name]
            words = [word.strip() for word in column.dictionary.to_pylist()]
            columns[name].extend([words[code] for code in column.indices.to_pylist()])
    ids = columns.pop("batch_id")
    first: dict[str, int] = {}
    kept: list[int] = []
    faults: list[Fault] = []
    for row, batch_id in enumerate(ids):
        if batch_id in first:
            previous = first[batch_id]
            differing = [name for name, values in columns.items() if values[row] != values[previous]]
            if differing:
                faults.append(
                    Fault(
                        code="RQC-D021",
                        what=f"Batch '{batch_id}' stands twice with different attributes.",
                        where=f"{source.name} rows {previous + 1} and {row + 1}",
                        got=", ".join(f"{name}: {columns[name][previous]} | {columns[name][row]}" for name in differing),
                        expected="one row per batch",
                        action="Remove the wrong row; regenqc does not choose.",
                    )
                )
            continue
        if batch_id == "":
            if any(values[row] for values in columns.values()):
                faults.append(
                    Fault(
                        code="RQC-D020",
                        what="A row names no batch.",
                        where=f"{source.name} row {row + 1}",
                        expected="batch_id",
                        action="Complete or remove the row.",
                    )
                )
            continue
        first[batch_id] = row
        kept.append(row)
    if faults:
        raise DataError(*faults[:50])
    attributes = {name: [values[row] for row in kept] for name, values in columns.items()}
    return BatchTable(list(first), attributes, source.name, source.digest)
