"""A range of the rows of Parquet files as a table of results of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc.intake.readers.arrow import read_parquet
from regenqc.intake.sources import Source
from regenqc.intake.table import ResultTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

__all__ = ["can_be_parted", "rows_between"]


def can_be_parted(table: ResultTable) -> bool:
    """Return whether every source is a Parquet file in its own columns, of which a part can be read alone.

    Example:
        >>> import pyarrow
        >>> from regenqc.intake.table import read_results
        >>> can_be_parted(read_results(pyarrow.table({name: ["x"] for name in ("batch_id", "test", "result", "unit")})))
        False
    """
    return all(source.kind == "parquet" and source.mapped is None for source in table.sources)


def rows_between(table: ResultTable, first: int, end: int, *, counts: Sequence[int]) -> ResultTable:
    """Return the table of some rows, counted over all sources.

    Args:
        table: of which `can_be_parted` holds.
        first: rows to pass over.
        end: row before which to stop.
        counts: rows of each source.

    Returns:
        A table that can be sent to another process. It has no digests: whoever asks for parts looks whether a file changed.
    """
    sources, before = [], 0
    for source, count in zip(table.sources, counts, strict=True):
        begin, stop = max(first - before, 0), min(end - before, count)
        before += count
        if begin < stop:
            share = source.byte_count * (stop - begin) // count
            read = partial(_read, Path(source.name), begin, stop)
            sources.append(Source(source.name, "parquet", source.columns, "", share, read))
    return ResultTable(tuple(sources))


def _read(path: Path, first: int, end: int, rows: int, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    return read_parquet(path, rows=rows, only=only, first=first, end=end)
