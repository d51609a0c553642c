"""Write dispositions, findings and verdicts: the same rows give the same bytes, in whatever parts they arrive."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from regenqc.evaluation.disposition import DISPOSITION_SCHEMA
from regenqc.evaluation.findings import FINDING_COLUMNS
from regenqc.evaluation.matrix import VERDICT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["WRITTEN_TABLES", "EqualParts", "TableFiles", "WrittenTable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTable:
    """How one table of an evaluation is written.

    Args:
        schema: of its rows.
        row_group: rows in every row group but the last.
        is_text: whether it is written as comma-separated text as well.
        statistics: columns with statistics in the Parquet file, or all of them.
    """

    schema: pa.Schema
    row_group: int = 65_536
    is_text: bool = True
    statistics: tuple[str, ...] | None = None


# A verdict takes a few bytes, and there is one for every cell.
WRITTEN_TABLES: Final[Mapping[str, WrittenTable]] = {
    "dispositions": WrittenTable(schema=DISPOSITION_SCHEMA),
    "findings": WrittenTable(schema=FINDING_COLUMNS),
    "verdicts": WrittenTable(schema=VERDICT_COLUMNS, row_group=1_048_576, is_text=False, statistics=("batch_id",)),
}


class EqualParts:
    """Cut a stream of record batches into parts of equally many rows.

    Args:
        rows: of every part but the last.

    Example:
        >>> parts = EqualParts(2)
        >>> batches = [pa.record_batch({"n": pa.array(numbers)}) for numbers in ([1], [2, 3, 4], [5])]
        >>> [part["n"].to_pylist() for batch in batches for part in parts.add(batch)]
        [[1, 2], [3, 4]]
        >>> [part["n"].to_pylist() for part in parts.rest()]
        [[5]]
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._waiting: list[pa.RecordBatch] = []
        self._count = 0

    def add(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Take the next batch and yield the parts that are complete."""
        while self._count + batch.num_rows >= self._rows:
            taken = self._rows - self._count
            self._waiting.append(batch.slice(0, taken))
            self._count += taken
            yield from self.rest()
            batch = batch.slice(taken)
        if batch.num_rows:
            self._waiting.append(batch)
            self._count += batch.num_rows

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield what waits, if anything does."""
        if len(self._waiting) == 1:
            yield self._waiting[0]
        elif self._waiting:
            yield from pa.Table.from_batches(self._waiting).combine_chunks().to_batches()
        self._waiting, self._count = [], 0


class _Table:
    """One table on its way into its files."""

    def __init__(self, folder: Path, name: str, table: WrittenTable, stack: ExitStack) -> None:
        self._parts = EqualParts(table.row_group)
        statistics = True if table.statistics is None else list(table.statistics)
        self._parquet = stack.enter_context(
            pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd", write_statistics=statistics)
        )
        self._text: pacsv.CSVWriter | None = None
        if table.is_text:
            options = pacsv.WriteOptions(quoting_style="needed")
            self._text = stack.enter_context(
                pacsv.CSVWriter(folder / f"{name}.csv", table.schema, write_options=options)
            )

    def write(self, batch: pa.RecordBatch) -> None:
        for part in self._parts.add(batch):
            self._write(part)

    def finish(self) -> None:
        for part in self._parts.rest():
            self._write(part)

    def _write(self, part: pa.RecordBatch) -> None:
        self._parquet.write_batch(part)
        if self._text is not None:
            self._text.write_batch(part)


class TableFiles:
    """The files of the tables in `WRITTEN_TABLES` in a directory, open for writing.

    Row groups have the same number of rows however the rows arrive, so that the bytes depend on the rows alone.

    Args:
        folder: an existing directory.
    """

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._tables = {name: _Table(folder, name, table, self._stack) for name, table in WRITTEN_TABLES.items()}

    def write(self, name: str, batch: pa.RecordBatch) -> None:
        """Write the next rows of one table.

        Args:
            name: of `WRITTEN_TABLES`.
            batch: rows in canonical order, behind those written before.
        """
        self._tables[name].write(batch)

    def __enter__(self) -> Self:
        """Return the open files."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left, unless writing failed, and close the files."""
        with self._stack:
            if error is None:
                for table in self._tables.values():
                    table.finish()
