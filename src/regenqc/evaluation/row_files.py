"""The rows of an output: `results.parquet` with every judged row, `refused.csv` with every other."""

from __future__ import annotations

import csv
from contextlib import AbstractContextManager
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regenqc.evaluation.evidence import texts_at
from regenqc.intake.coding import Refusal
from regenqc.intake.readers.text import TEXT_CODES
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from regenqc.evaluation.judge import JudgedRows

__all__ = ["RefusedFile", "RowFormat", "open_rows_file"]

_VERDICT_WORDS: Final = pa.array([verdict.word for verdict in Verdict])
# A dictionary must not hold a word twice, therefore codes that mean nothing keep their number.
_REASON_WORDS: Final = pa.array([Reason(code).code if code in set(Reason) else str(code) for code in range(256)])
_ADDED: Final = ("row_number", "source", "verdict", "reason_code")


class RowFormat:
    """How the rows of a run are written: beside their own columns stand where they come from and what became of them.

    Args:
        columns: of the results, in order.
        sources: names of the sources.
    """

    def __init__(self, columns: Sequence[str], *, sources: Sequence[str]) -> None:
        taken = {name: f"input_{name}" for name in _ADDED}
        self.columns = {name: taken.get(name, name) for name in columns}
        self.sources = tuple(sources)
        self.schema = pa.schema(
            [("row_number", pa.int64()), ("source", TEXT_CODES)]
            + [(name, TEXT_CODES) for name in self.columns.values()]
            + [
                ("verdict", pa.dictionary(pa.int8(), pa.string())),
                ("reason_code", pa.dictionary(pa.int16(), pa.string())),
            ]
        )
        self._source_words = pa.array([*self.sources, "(computed)"])

    def judged_rows(self, judged: JudgedRows, source: int) -> pa.RecordBatch:
        """Return the judged rows of one chunk in the columns of `schema`.

        Args:
            judged: one chunk.
            source: number of its source, one beyond the others for computed rows, which have no row number.
        """
        coded = judged.coded
        count = coded.rows.num_rows
        empty = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([""]))
        numbers = pa.array(np.arange(coded.first_row, coded.first_row + count, dtype=np.int64))
        columns = [
            numbers if source < len(self.sources) else pa.nulls(count, pa.int64()),
            pa.DictionaryArray.from_arrays(pa.array(np.full(count, source, dtype=np.int32)), self._source_words),
            *(coded.rows[name] if name in coded.rows.schema.names else empty for name in self.columns),
            pa.DictionaryArray.from_arrays(pa.array(judged.verdict.astype(np.int8)), _VERDICT_WORDS),
            pa.DictionaryArray.from_arrays(pa.array(judged.reason.astype(np.int16)), _REASON_WORDS),
        ]
        batch = pa.record_batch(columns, schema=self.schema)
        return batch.filter(pa.array(coded.refusal == 0)) if coded.refusal.any() else batch

    def refused_texts(self, judged: JudgedRows, rows: NDArray[np.integer]) -> list[pa.StringArray]:
        """Return the reported text of some rows, column by column."""
        return [texts_at(judged.coded.rows, name, rows) for name in self.columns]


class RefusedFile(AbstractContextManager["RefusedFile"]):
    """`refused.csv`, open for writing.

    Args:
        path: of the file.
        row_format: of the rows.
    """

    def __init__(self, path: Path, row_format: RowFormat) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(["source", "row_number", "reason_code", *row_format.columns.values()])

    def write(
        self, *, source: str, numbers: Sequence[int], refusals: Sequence[int], texts: Sequence[Sequence[str]]
    ) -> None:
        """Write refused rows of one source, in order.

        Args:
            source: its name.
            numbers: of the rows.
            refusals: `Refusal` of each row.
            texts: columns of reported text.
        """
        reasons = [Refusal(code).name.lower() for code in refusals]
        self._rows.writerows(zip(repeat(source, len(numbers)), numbers, reasons, *texts, strict=True))

    def write_row(self, row: Sequence[Any]) -> None:
        """Write one refused row: source, number, reason and its texts."""
        self._rows.writerow(row)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()


def open_rows_file(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a file of judged rows for writing.

    Texts arrive as dictionaries and stay so; row numbers only grow. Statistics of texts would cost more than the rest.
    """
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[name for name in schema.names if name != "row_number"],
        column_encoding={"row_number": "DELTA_BINARY_PACKED"},
        write_statistics=["row_number"],
    )
