"""Read Parquet and Arrow IPC exports as streams of reported text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.text import as_text_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["arrow_header", "parquet_header", "read_arrow", "read_parquet"]


def parquet_header(path: Path) -> list[str]:
    """Return the column names of a Parquet file.

    Raises:
        DataError: truncated, or no Parquet at all.
    """
    try:
        with pq.ParquetFile(path) as file:
            return list(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        raise DataError(_damaged(path, "Parquet", error)) from error


def read_parquet(path: Path, *, rows: int, only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the rows as dictionary-coded text, `rows` at a time.

    Raises:
        DataError: a damaged page or an unreadable column.
    """
    try:
        with pq.ParquetFile(path, memory_map=True) as probe:
            text = [field.name for field in probe.schema_arrow if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)]
        with pq.ParquetFile(path, read_dictionary=text, memory_map=True, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(only) if only is not None else None, use_threads=False):
                yield as_text_codes(batch)
    except (pa.ArrowException, OSError) as error:
        raise DataError(_damaged(path, "Parquet", error)) from error


def arrow_header(path: Path) -> list[str]:
    """Return the column names of an Arrow IPC file or stream.

    Raises:
        DataError: truncated, or no Arrow data at all.
    """
    try:
        with _open_arrow(path) as reader:
            return list(reader.schema.names)
    except (pa.ArrowException, OSError) as error:
        raise DataError(_damaged(path, "Arrow IPC", error)) from error


def read_arrow(path: Path, *, only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the record batches as dictionary-coded text.

    Raises:
        DataError: a damaged batch.
    """
    try:
        with _open_arrow(path) as reader:
            if isinstance(reader, pa.RecordBatchFileReader):
                for index in range(reader.num_record_batches):
                    yield as_text_codes(reader.get_batch(index), only=only)
            else:
                for batch in reader:
                    yield as_text_codes(batch, only=only)
    except (pa.ArrowException, OSError) as error:
        raise DataError(_damaged(path, "Arrow IPC", error)) from error


def _open_arrow(path: Path) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
    source = pa.memory_map(str(path))
    if source.read(6) == b"ARROW1":
        return pa.ipc.open_file(source)
    source.seek(0)
    return pa.ipc.open_stream(source)


def _damaged(path: Path, kind: str, error: Exception) -> Fault:
    return Fault(
        code="RQC-D005",
        what=f"The file cannot be read as {kind}.",
        where=str(path),
        got=str(error).splitlines()[0],
        expected=f"a complete {kind} file",
        action="Export or copy it again; no part of a damaged file is judged.",
    )
