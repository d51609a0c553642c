"""Write an evaluation into a directory: complete, or not at all."""

from __future__ import annotations

import csv
import json
import os
import platform
import shutil
import tempfile
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from regenqc.errors import Fault, UsageError
from regenqc.evaluation.disposition import DISPOSITION_SCHEMA
from regenqc.evaluation.evidence import texts_at
from regenqc.evaluation.findings import FINDING_COLUMNS
from regenqc.evaluation.matrix import VERDICT_COLUMNS
from regenqc.intake.coding import Refusal
from regenqc.intake.readers.text import TEXT_CODES
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from regenqc.evaluation.engine import Evaluation
    from regenqc.evaluation.judge import JudgedRows
    from regenqc.intake.batches import BatchTable
    from regenqc.intake.table import ResultTable

__all__ = ["OUTPUT_FILES", "EvaluationOutput"]

OUTPUT_FILES: Final = (
    "dispositions.csv",
    "dispositions.parquet",
    "findings.csv",
    "findings.parquet",
    "refused.csv",
    "report.html",
    "results.parquet",
    "run.json",
    "verdicts.parquet",
)

_VERDICT_WORDS: Final = pa.array([verdict.word for verdict in Verdict])
# A dictionary must not hold a word twice, therefore codes that mean nothing keep their number.
_REASON_WORDS: Final = pa.array([Reason(code).code if code in set(Reason) else str(code) for code in range(256)])
_WAITING_CHUNKS: Final = 2
_WRITTEN_AT_ONCE: Final = 65_536
_ADDED: Final = ("row_number", "source", "verdict", "reason_code")


class EvaluationOutput(AbstractContextManager["EvaluationOutput"]):
    """A directory of output files that appears when everything in it is written.

    Args:
        directory: where to put them; an earlier output there is replaced, anything else is left alone and refused.
        results: the input, for its columns and digests.
        batches: the batch table, if there is one.

    Raises:
        UsageError: the directory exists and holds something else.
    """

    def __init__(self, directory: Path, *, results: ResultTable, batches: BatchTable | None) -> None:
        self.directory = directory
        self._results = results
        self._batches = batches
        self._started = time.perf_counter()
        self._timings: dict[str, float] = {}
        self._rows_file: pq.ParquetWriter | None = None
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="regenqc-results")
        self._pending: deque[Future[None]] = deque()
        self._refused_file: Any = None
        self._refused_rows: Any = None
        if directory.exists() and (
            not directory.is_dir() or (any(directory.iterdir()) and not (directory / "run.json").is_file())
        ):
            raise UsageError(
                Fault(
                    code="RQC-U010",
                    what="The output directory holds something that is no earlier output.",
                    where=str(directory),
                    expected="a new or empty directory, or an earlier output to be replaced",
                    action="Name another directory.",
                )
            )
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        except OSError as error:
            raise UsageError(
                Fault(
                    code="RQC-U011",
                    what="The output directory cannot be made.",
                    where=str(directory),
                    got=str(error),
                    action="Name a directory that can be written.",
                )
            ) from error
        taken = {name: f"input_{name}" for name in _ADDED}
        self._columns = {name: taken.get(name, name) for name in results.columns}
        self._schema = pa.schema(
            [("row_number", pa.int64()), ("source", TEXT_CODES)]
            + [(name, TEXT_CODES) for name in self._columns.values()]
            + [
                ("verdict", pa.dictionary(pa.int8(), pa.string())),
                ("reason_code", pa.dictionary(pa.int16(), pa.string())),
            ]
        )
        self._source_words = pa.array([*(source.name for source in results.sources), "(computed)"])

    def on_rows(self, judged: JudgedRows, source: int) -> None:
        """Write one chunk of judged rows, and the refused ones among them apart."""
        coded = judged.coded
        refused = np.flatnonzero(coded.refusal)
        if len(refused):
            self._write_refused(judged, refused, source)
        count = coded.rows.num_rows
        empty = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([""]))
        columns = [
            pa.array(np.arange(coded.first_row, coded.first_row + count, dtype=np.int64)),
            pa.DictionaryArray.from_arrays(pa.array(np.full(count, source, dtype=np.int32)), self._source_words),
            *(coded.rows[name] if name in coded.rows.schema.names else empty for name in self._columns),
            pa.DictionaryArray.from_arrays(pa.array(judged.verdict.astype(np.int8)), _VERDICT_WORDS),
            pa.DictionaryArray.from_arrays(pa.array(judged.reason.astype(np.int16)), _REASON_WORDS),
        ]
        batch = pa.record_batch(columns, schema=self._schema)
        if len(refused):
            batch = batch.filter(pa.array(coded.refusal == 0))
        self._write_rows(batch)

    def _write_rows(self, batch: pa.RecordBatch) -> None:
        """Write one chunk in the background, after those before it: judging goes on meanwhile."""
        if self._rows_file is None:
            self._rows_file = self._open_rows()
        self._pending.append(self._writer.submit(self._rows_file.write_batch, batch))
        if len(self._pending) > _WAITING_CHUNKS:
            self._await()

    def _await(self) -> None:
        """Wait for the oldest of the parts that are being written."""
        try:
            self._pending.popleft().result()
        except OSError as error:
            raise UsageError(
                Fault(
                    code="RQC-U011",
                    what="The output cannot be written.",
                    where=str(self.directory),
                    got=str(error),
                    action="Name a directory that can be written and has room; nothing was left behind.",
                )
            ) from error

    def _open_rows(self) -> pq.ParquetWriter:
        # Texts arrive as dictionaries and stay so; row numbers only grow. Statistics of texts would cost more than the rest.
        return pq.ParquetWriter(
            self._work / "results.parquet",
            self._schema,
            compression="zstd",
            use_dictionary=[name for name in self._schema.names if name != "row_number"],
            column_encoding={"row_number": "DELTA_BINARY_PACKED"},
            write_statistics=["row_number"],
        )

    def finish(self, evaluation: Evaluation, *, report: bool = True) -> dict[str, Any]:
        """Write everything else, put the directory into place and return the content of `run.json`.

        Args:
            evaluation: what was judged through `on_rows`.
            report: whether to write `report.html`.
        """
        self._note("judged")
        rows_file = self._rows_file if self._rows_file is not None else self._open_rows()
        if self._refused_file is None:
            self._open_refused()
        self._refused_file.close()
        self._refused_file = None
        self._pending += [
            self._writer.submit(rows_file.close),
            self._writer.submit(self._write_tables, evaluation),
        ]
        if report:
            from regenqc.evaluation.report import write_report  # noqa: PLC0415 - imports jinja2

            inputs = [(source.name, source.digest) for source in self._results.sources]
            inputs += [(self._batches.name, self._batches.digest)] if self._batches is not None else []
            write_report(evaluation, self._work / "report.html", inputs=inputs)
        while self._pending:
            self._await()
        self._rows_file = None
        self._note("written")
        run = self._run(evaluation)
        (self._work / "run.json").write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        self._put_into_place()
        return run

    def _write_tables(self, evaluation: Evaluation) -> None:
        dispositions = evaluation.disposition_table
        parts = (
            part
            for start in range(0, dispositions.num_rows, _WRITTEN_AT_ONCE)
            for part in dispositions.slice(start, _WRITTEN_AT_ONCE)
            .cast(DISPOSITION_SCHEMA)
            .combine_chunks()
            .to_batches()
        )
        self._write_both("dispositions", DISPOSITION_SCHEMA, parts)
        self._write_both("findings", FINDING_COLUMNS, evaluation.finding_batches())
        with pq.ParquetWriter(
            self._work / "verdicts.parquet", VERDICT_COLUMNS, compression="zstd", write_statistics=["batch_id"]
        ) as writer:
            for batch in evaluation.matrix.batches():
                writer.write_batch(batch)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the unfinished files of a run that failed."""
        self._writer.shutdown(wait=True)
        for stream in (self._rows_file, self._refused_file):
            if stream is not None:
                stream.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def _note(self, step: str) -> None:
        now = time.perf_counter()
        self._timings[f"{step}_seconds"] = round(now - self._started, 3)
        self._started = now

    def _open_refused(self) -> None:
        self._refused_file = (self._work / "refused.csv").open("w", encoding="utf-8", newline="")
        self._refused_rows = csv.writer(self._refused_file)
        self._refused_rows.writerow(["source", "row_number", "reason_code", *self._columns.values()])

    def _write_refused(self, judged: JudgedRows, rows: Any, source: int) -> None:
        if self._refused_file is None:
            self._open_refused()
        coded = judged.coded
        columns = [texts_at(coded.rows, name, rows).to_pylist() for name in self._columns]
        reasons = [Refusal(code).name.lower() for code in coded.refusal[rows].tolist()]
        numbers = (coded.first_row + rows).tolist()
        name = self._source_words[source].as_py()
        self._refused_rows.writerows(
            [name, number, reason, *texts] for number, reason, *texts in zip(numbers, reasons, *columns, strict=True)
        )

    def _write_both(self, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        options = pacsv.WriteOptions(quoting_style="needed")
        with (
            pq.ParquetWriter(self._work / f"{name}.parquet", schema, compression="zstd") as table,
            pacsv.CSVWriter(self._work / f"{name}.csv", schema, write_options=options) as text,
        ):
            for batch in batches:
                table.write_batch(batch)
                text.write_batch(batch)

    def _run(self, evaluation: Evaluation) -> dict[str, Any]:
        import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily
        from regenqc.intake.contracts import RESULT_COLUMNS  # noqa: PLC0415

        canonical = {column.name for column in RESULT_COLUMNS}
        counts = evaluation.disposition_table["disposition"].value_counts().to_pylist()
        return {
            "schema": "regenqc.run/1",
            "engine": {
                "regenqc": regenqc.__version__,
                "python": platform.python_version(),
                "pyarrow": pa.__version__,
                "numpy": np.__version__,
            },
            "as_of": evaluation.evaluated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "profile": "canonical",
            "inputs": [
                {"name": source.name, "kind": source.kind, "digest": source.digest, "bytes": source.byte_count}
                for source in self._results.sources
            ],
            "batches": None if self._batches is None else {"name": self._batches.name, "digest": self._batches.digest},
            "specifications": [
                {
                    "id": entry.id,
                    "version": entry.version,
                    "fingerprint": entry.fingerprint,
                    "extends": list(entry.extends),
                }
                for entry in evaluation.specifications
            ],
            "counts": {
                "rows_read": evaluation.rows_read,
                "rows_judged": evaluation.rows_judged,
                "rows_refused": evaluation.rows_refused,
                "rows_computed": evaluation.rows_computed,
                "batches": len(evaluation.matrix.rank),
                "dispositions": {
                    word: next((entry["counts"] for entry in counts if entry["values"] == word), 0)
                    for word in ("eligible", "conditional", "hold", "reject")
                },
            },
            "carried_columns": [name for name in self._results.columns if name not in canonical],
            "timings": self._timings,
        }

    def _put_into_place(self) -> None:
        old: Path | None = None
        self._work.chmod(0o777 & ~_umask())
        if self.directory.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{self.directory.name}-old-", dir=self.directory.parent))
            os.replace(self.directory, old / "output")  # noqa: PTH105 - the one call that is atomic
        os.replace(self._work, self.directory)  # noqa: PTH105
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
