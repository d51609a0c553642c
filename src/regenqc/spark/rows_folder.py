"""Judged rows in a folder that every executor sees: one file per part of the input."""

from __future__ import annotations

import os
import uuid
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from regenqc.evaluation.row_files import open_rows_file

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["RowsFile"]


class RowsFile(AbstractContextManager["RowsFile"]):
    """One file of judged rows, in place when it is complete; a task that runs twice writes the same file twice.

    Args:
        path: of the file.
        schema: of its rows.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema
        self._unfinished = path.parent / f".{path.name}.{uuid.uuid4().hex}"
        self._file: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the next rows."""
        if self._file is None:
            self._file = open_rows_file(self._unfinished, self._schema)
        self._file.write_batch(batch)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file and put it into place, unless writing failed or there was nothing to write."""
        if self._file is not None:
            self._file.close()
            if error is None:
                os.replace(self._unfinished, self._path)  # noqa: PTH105 - the one call that is atomic
            else:
                self._unfinished.unlink(missing_ok=True)
