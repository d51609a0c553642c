"""Parts of files: what one task reads, and how it reads it.

A part is some row groups of a Parquet file, or the whole of another file. Tasks read them with the readers of a local run,
so that a row has the same text and the same number wherever it is read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from regenqc.errors import DataError, Fault, UsageError
from regenqc.intake.contracts import RESULT_COLUMNS
from regenqc.intake.files import file_sources
from regenqc.intake.readers.text import shared_dictionaries
from regenqc.spark.chunks import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.intake.sources import Source
    from regenqc.intake.table import ResultTable

__all__ = ["FilePart", "parts_of", "read_part"]

_PART_ROWS: Final = 524_288
_CHUNK_ROWS: Final = 262_144
# Reading a text column as codes pays where its row group is stored as codes; see `regenqc.intake.readers.arrow`.
_DICTIONARY_BYTES: Final = 2 << 20
_CODE_BYTES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """What one task reads.

    Args:
        source: number of the source.
        name: of the source, as the user gave it.
        path: absolute; every executor must see the file there.
        kind: format.
        columns: header.
        digest: of the whole file.
        byte_count: of the whole file.
        row_groups: of a Parquet file; empty for the whole of another file.
        first_row: number of its first row in the file.
    """

    source: int
    name: str
    path: str
    kind: str
    columns: tuple[str, ...]
    digest: str
    byte_count: int
    row_groups: tuple[int, ...] = ()
    first_row: int = 1


def parts_of(results: ResultTable) -> list[FilePart]:
    """Return the parts of all files, in the order of their rows.

    Args:
        results: files only.

    Raises:
        UsageError: a source is no file, or is read by a profile.
        DataError: a Parquet file is damaged or has no rows.
    """
    parts: list[FilePart] = []
    for number, source in enumerate(results.sources):
        path = Path(source.name)
        if source.mapped is not None:
            raise UsageError(
                Fault(
                    code="RQC-U131",
                    what="Spark reads files with canonical columns.",
                    where=source.name,
                    got=f"the profile {source.mapped.profile.label}",
                    expected="the canonical columns",
                    action="Leave the engine out.",
                )
            )
        if source.kind in {"frame", "table"} or not path.is_file():
            raise UsageError(
                Fault(
                    code="RQC-U093",
                    what="Spark reads files or a DataFrame.",
                    where=source.name,
                    expected="files that every executor sees under the same path",
                    action="Save the results as Parquet, or leave the engine out.",
                )
            )
        whole = FilePart(
            source=number,
            name=source.name,
            path=str(path.resolve()),
            kind=source.kind,
            columns=source.columns,
            digest=source.digest,
            byte_count=source.byte_count,
        )
        parts += _parquet_parts(whole, source) if source.kind == "parquet" else [whole]
    return parts


def _parquet_parts(whole: FilePart, source: Source) -> Iterator[FilePart]:
    # The first row is read here: a file without rows is refused, and the footer is known to be sound.
    next(source.read(1, ["batch_id"]))
    with pq.ParquetFile(whole.path) as file:
        counts = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
    groups: list[int] = []
    first_row, rows = 1, 0
    for group, count in enumerate(counts):
        groups.append(group)
        rows += count
        if rows >= _PART_ROWS or group == len(counts) - 1:
            yield replace(whole, row_groups=tuple(groups), first_row=first_row)
            first_row, rows, groups = first_row + rows, 0, []


def read_part(part: FilePart, *, only: Sequence[str] | None = None) -> Iterator[Chunk]:
    """Yield the rows of a part.

    Args:
        part: to read.
        only: columns to read, where present.

    Raises:
        DataError: damaged, without rows, or no longer the file that the driver saw; it names the file and, of a Parquet
            file, the row group.
    """
    try:
        batches = _read_parquet(part, only) if part.kind == "parquet" else _read_whole(part, only)
        first_row = part.first_row
        for rows in batches:
            yield Chunk(rows, part.source, first_row)
            first_row += rows.num_rows
    except DataError as error:
        raise DataError(
            *(replace(fault, where=fault.where.replace(part.path, part.name)) for fault in error.faults)
        ) from (error.__cause__)


def _read_whole(part: FilePart, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    (source,) = file_sources(part.path, columns=RESULT_COLUMNS)
    _check_unchanged(part, source.byte_count, source.digest)
    yield from source.read(_CHUNK_ROWS, only)


def _read_parquet(part: FilePart, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    group = None
    try:
        _check_unchanged(part, Path(part.path).stat().st_size, part.digest)
        with pq.ParquetFile(part.path, memory_map=True) as probe:
            names = [name for name in part.columns if only is None or name in only]
            coded = _coded_columns(probe, part.row_groups, names)
        with pq.ParquetFile(part.path, read_dictionary=coded, memory_map=True, pre_buffer=False) as file:
            for group in part.row_groups:
                rows = file.iter_batches(_CHUNK_ROWS, row_groups=[group], columns=names, use_threads=False)
                yield from shared_dictionaries(rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(
            Fault(
                code="RQC-D005",
                what="A row group of the file cannot be read." if group is not None else "The file cannot be read.",
                where=part.name if group is None else f"{part.name} row group {group}",
                got=next(iter(str(error).splitlines()), type(error).__name__),
                expected="a complete Parquet file that every executor sees under the same path",
                action="Export or copy it again; no part of a damaged file is judged.",
            )
        ) from error


def _coded_columns(file: pq.ParquetFile, groups: Sequence[int], names: Sequence[str]) -> list[str]:
    texts = {
        entry.name
        for entry in file.schema_arrow
        if pa.types.is_string(entry.type) or pa.types.is_large_string(entry.type) or pa.types.is_dictionary(entry.type)
    }
    columns = {file.metadata.schema.column(index).path: index for index in range(file.metadata.num_columns)}
    return [name for name in names if name in texts and name in columns and _is_coded(file, groups, columns[name])]


def _is_coded(file: pq.ParquetFile, groups: Sequence[int], column: int) -> bool:
    chunks = [file.metadata.row_group(group).column(column) for group in groups]
    return all(chunk.total_uncompressed_size <= _DICTIONARY_BYTES + _CODE_BYTES * chunk.num_values for chunk in chunks)


def _check_unchanged(part: FilePart, byte_count: int, digest: str) -> None:
    if (byte_count, digest) != (part.byte_count, part.digest):
        raise DataError(
            Fault(
                code="RQC-D014",
                what="An executor sees another file than the driver.",
                where=part.name,
                got=f"{byte_count} bytes",
                expected=f"the {part.byte_count} bytes with digest {part.digest}",
                action="Wait until the export is complete, on storage that all executors share, then run again.",
            )
        )
