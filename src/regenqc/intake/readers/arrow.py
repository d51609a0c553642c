"""Read Parquet and Arrow IPC exports as streams of reported text."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.text import shared_dictionaries, text_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["arrow_schema", "parquet_schema", "read_arrow", "read_parquet"]

# Writers give a dictionary up at 1 MiB and write text from there on; a code in such a dictionary takes under 3 bytes.
_DICTIONARY_BYTES: Final = 2 << 20
_CODE_BYTES: Final = 3


def parquet_schema(path: Path) -> pa.Schema:
    """Return the columns of a Parquet file.

    Raises:
        DataError: truncated, or no Parquet at all.
    """
    try:
        with pq.ParquetFile(path, memory_map=True) as noted:
            with pq.ParquetFile(path, memory_map=True, metadata=_without_noted_types(noted)) as file:
                _check_row_groups(file, path)
            return noted.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(_damaged(path, "Parquet", error)) from error


def read_parquet(
    path: Path, *, rows: int, only: Sequence[str] | None = None, first: int = 0, end: int | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows as dictionary-coded text, `rows` at a time, however long the row groups are.

    Args:
        path: of the file.
        rows: to read at a time.
        only: columns; all when not given.
        first: rows to pass over; row groups that lie before are not decoded.
        end: row before which to stop, counted from the start of the file; the last one when not given.

    Raises:
        DataError: a damaged page or an unreadable column.
    """
    try:
        with pq.ParquetFile(path, memory_map=True) as noted:
            coded, metadata = _coded_columns(noted), _without_noted_types(noted)
        with pq.ParquetFile(path, read_dictionary=coded, pre_buffer=False, metadata=metadata) as file:
            names = None if only is None else [name for name in file.schema_arrow.names if name in set(only)]
            groups, passed = _row_groups(file.metadata, first, end)
            batches = file.iter_batches(batch_size=rows, columns=names, row_groups=groups, use_threads=False)
            within = batches if first == 0 and end is None else _rows_within(batches, first - passed, end, passed)
            yield from shared_dictionaries(within)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(_damaged(path, "Parquet", error)) from error


def _row_groups(metadata: pq.FileMetaData, first: int, end: int | None) -> tuple[list[int], int]:
    """Return the row groups that hold some rows, and how many rows lie before the first of these groups."""
    edges = [0, *accumulate(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))]
    last = edges[-1] if end is None else end
    groups = [group for group in range(metadata.num_row_groups) if edges[group + 1] > first and edges[group] < last]
    return groups, edges[groups[0]] if groups else 0


def _rows_within(
    batches: Iterable[pa.RecordBatch], over: int, end: int | None, passed: int
) -> Iterator[pa.RecordBatch]:
    """Yield the batches without the first `over` rows, and without those from row `end` of the file on."""
    for batch in batches:
        begin = min(over, batch.num_rows)
        over -= begin
        length = batch.num_rows - begin if end is None else min(batch.num_rows, max(end - passed, 0)) - begin
        passed += batch.num_rows
        if length > 0:
            yield batch.slice(begin, length)


def arrow_schema(path: Path) -> pa.Schema:
    """Return the columns of an Arrow IPC file or stream.

    Raises:
        DataError: truncated, or no Arrow data at all.
    """
    try:
        with _open_arrow(path) as reader:
            return reader.schema
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(_damaged(path, "Arrow IPC", error)) from error


def read_arrow(path: Path, *, rows: int, only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the rows as dictionary-coded text, at most `rows` at a time.

    Raises:
        DataError: a damaged batch.
    """
    try:
        with _open_arrow(path) as reader:
            if isinstance(reader, pa.RecordBatchFileReader):
                for index in range(reader.num_record_batches):
                    yield from text_chunks(reader.get_batch(index), rows=rows, only=only)
            else:
                for batch in reader:
                    yield from text_chunks(batch, rows=rows, only=only)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(_damaged(path, "Arrow IPC", error)) from error


def _check_row_groups(file: pq.ParquetFile, path: Path) -> None:
    """Read a row of every row group: of one whose description is damaged, pyarrow ends the process when asked for its columns."""
    for group in range(file.metadata.num_row_groups):
        try:
            next(file.iter_batches(1, row_groups=[group], use_threads=True), None)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(_damaged(f"{path} row group {group}", "Parquet", error)) from error


def _coded_columns(file: pq.ParquetFile) -> list[str]:
    """Return the text columns that are stored as codes throughout.

    Reading another one as codes collects its distinct texts over a whole row group, which may be the whole file.
    """
    metadata = file.metadata
    kept = []
    for index in range(metadata.num_columns):
        chunks = [metadata.row_group(group).column(index) for group in range(metadata.num_row_groups)]
        is_coded = all(
            chunk.total_uncompressed_size <= _DICTIONARY_BYTES + _CODE_BYTES * chunk.num_values for chunk in chunks
        )
        if is_coded and chunks:
            kept.append(chunks[0].path_in_schema)
    texts = {
        field.name
        for field in file.schema_arrow
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type) or pa.types.is_dictionary(field.type)
    }
    return [name for name in kept if name in texts]


def _without_noted_types(file: pq.ParquetFile) -> pq.FileMetaData:
    """Return the description of a file without the Arrow types that its writer noted, where those only say how texts were held.

    Of a column that is noted as a dictionary Arrow unites the dictionaries of a whole row group, for a single row as well.
    """
    fields = file.schema_arrow
    texts = [field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in fields]
    if texts == fields.types or not all(map(pa.types.is_string, texts)):
        return file.metadata
    plain = pa.schema([field.with_type(text) for field, text in zip(fields, texts, strict=True)])
    sink = pa.BufferOutputStream()
    pq.ParquetWriter(sink, plain, store_schema=False).close()
    metadata = pq.read_metadata(pa.BufferReader(sink.getvalue()))
    if not metadata.schema.equals(file.metadata.schema):
        return file.metadata
    metadata.append_row_groups(file.metadata)
    return metadata


def _open_arrow(path: Path) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
    source = pa.memory_map(str(path))
    if source.read(6) == b"ARROW1":
        return pa.ipc.open_file(source)
    source.seek(0)
    return pa.ipc.open_stream(source)


def _damaged(path: Path | str, kind: str, error: Exception) -> Fault:
    return Fault(
        code="RQC-D005",
        what=f"The file cannot be read as {kind}.",
        where=str(path),
        got=next(iter(str(error).splitlines()), type(error).__name__),
        expected=f"a complete {kind} file",
        action="Export or copy it again; no part of a damaged file is judged.",
    )
