"""Write an evaluation into a directory: complete, or not at all."""

from __future__ import annotations

import json
import platform
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pyarrow as pa

from regenqc.evaluation.output_directory import OutputDirectory, unwritable
from regenqc.evaluation.row_files import RefusedFile, RowFormat, open_rows_file
from regenqc.evaluation.table_files import WRITTEN_TABLES, TableFiles
from regenqc.intake.contracts import RESULT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    import pyarrow.parquet as pq

    from regenqc.evaluation.conclusion import Evaluation
    from regenqc.evaluation.judge import JudgedRows
    from regenqc.intake.batches import BatchTable
    from regenqc.intake.sources import Source
    from regenqc.intake.table import ResultTable
    from regenqc.specification.model import Specification

__all__ = ["OUTPUT_FILES", "EvaluationOutput", "Outcome", "inputs_of", "run_record", "write_run"]

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

_WAITING_CHUNKS: Final = 2


class Outcome(Protocol):
    """What `run.json` says about an evaluation."""

    @property
    def specifications(self) -> tuple[Specification, ...]:
        """Return what was judged by."""

    @property
    def evaluated_at(self) -> datetime:
        """Return the moment of evaluation."""

    @property
    def rows_read(self) -> int:
        """Return the number of rows of the input."""

    @property
    def rows_judged(self) -> int:
        """Return the number of rows with a verdict."""

    @property
    def rows_refused(self) -> int:
        """Return the number of rows that could not be judged at all."""

    @property
    def rows_computed(self) -> int:
        """Return the number of rows that were computed beside those read."""

    @property
    def batch_count(self) -> int:
        """Return the number of batches."""

    @property
    def disposition_counts(self) -> dict[str, int]:
        """Return the number of dispositions by word."""


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
        self._results = results
        self._batches = batches
        self._started = time.perf_counter()
        self._timings: dict[str, float] = {}
        self._format = RowFormat(results.columns, sources=[source.name for source in results.sources])
        self._rows_file: pq.ParquetWriter | None = None
        self._refused_file: RefusedFile | None = None
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="regenqc-results")
        self._pending: deque[Future[None]] = deque()
        self._output = OutputDirectory(directory)

    def on_rows(self, judged: JudgedRows, source: int) -> None:
        """Write one chunk of judged rows, and the refused ones among them apart."""
        refused = np.flatnonzero(judged.coded.refusal)
        if len(refused):
            self._open_refused().write(
                source=self._format.sources[source],
                numbers=(judged.coded.first_row + refused).tolist(),
                refusals=judged.coded.refusal[refused].tolist(),
                texts=[column.to_pylist() for column in self._format.refused_texts(judged, refused)],
            )
        # Written in the background, after the chunks before it: judging goes on meanwhile.
        self._pending.append(
            self._writer.submit(self._open_rows().write_batch, self._format.judged_rows(judged, source))
        )
        if len(self._pending) > _WAITING_CHUNKS:
            self._await()

    def _await(self) -> None:
        """Wait for the oldest of the parts that are being written."""
        try:
            self._pending.popleft().result()
        except OSError as error:
            raise unwritable(self._output.directory, error) from error

    def _open_rows(self) -> pq.ParquetWriter:
        if self._rows_file is None:
            self._rows_file = open_rows_file(self._output.work / "results.parquet", self._format.schema)
        return self._rows_file

    def _open_refused(self) -> RefusedFile:
        if self._refused_file is None:
            self._refused_file = RefusedFile(self._output.work / "refused.csv", self._format)
        return self._refused_file

    def finish(self, evaluation: Evaluation, *, report: bool = True) -> dict[str, Any]:
        """Write everything else, put the directory into place and return the content of `run.json`.

        Args:
            evaluation: what was judged through `on_rows`.
            report: whether to write `report.html`.
        """
        self._note("judged")
        self._open_refused().close()
        self._pending += [
            self._writer.submit(self._open_rows().close),
            self._writer.submit(self._write_tables, evaluation),
        ]
        if report:
            from regenqc.evaluation.report import write_report  # noqa: PLC0415 - imports jinja2

            write_report(evaluation, self._output.work / "report.html", inputs=inputs_of(self._results, self._batches))
        while self._pending:
            self._await()
        self._rows_file = None
        self._note("written")
        run = run_record(evaluation, results=self._results, batches=self._batches, timings=self._timings)
        write_run(self._output.work, run)
        self._output.put_into_place()
        return run

    def _write_tables(self, evaluation: Evaluation) -> None:
        with TableFiles(self._output.work) as files:
            for name, batch in evaluation.batches_of_each(WRITTEN_TABLES):
                files.write(name, batch)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the unfinished files of a run that failed."""
        self._writer.shutdown(wait=True)
        for stream in (self._rows_file, self._refused_file):
            if stream is not None:
                stream.close()
        self._output.__exit__(kind, error, trace)

    def _note(self, step: str) -> None:
        now = time.perf_counter()
        self._timings[f"{step}_seconds"] = round(now - self._started, 3)
        self._started = now


def inputs_of(results: ResultTable, batches: BatchTable | None) -> list[tuple[str, str]]:
    """Return name and digest of every input."""
    inputs = [(source.name, source.digest) for source in results.sources]
    return inputs if batches is None else [*inputs, (batches.name, batches.digest)]


def write_run(folder: Path, run: dict[str, Any]) -> None:
    """Write `run.json`."""
    (folder / "run.json").write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def run_record(
    outcome: Outcome, *, results: ResultTable, batches: BatchTable | None, timings: dict[str, float]
) -> dict[str, Any]:
    """Return the content of `run.json`: inputs, specifications, versions and counts.

    Args:
        outcome: of the evaluation.
        results: what was judged.
        batches: the batch table, if there is one.
        timings: seconds by step.
    """
    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily

    canonical = {column.name for column in RESULT_COLUMNS}
    return {
        "schema": "regenqc.run/1",
        "engine": {
            "regenqc": regenqc.__version__,
            "python": platform.python_version(),
            "pyarrow": pa.__version__,
            "numpy": np.__version__,
        },
        "as_of": outcome.evaluated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **_profile_record(results),
        "inputs": [_input_record(source) for source in results.sources],
        "batches": None if batches is None else {"name": batches.name, "digest": batches.digest},
        "specifications": [_specification(entry) for entry in outcome.specifications],
        "counts": {
            "rows_read": outcome.rows_read,
            "rows_judged": outcome.rows_judged,
            "rows_refused": outcome.rows_refused,
            "rows_computed": outcome.rows_computed,
            "batches": outcome.batch_count,
            "dispositions": outcome.disposition_counts,
        },
        "carried_columns": [name for name in results.columns if name not in canonical],
        "timings": timings,
    }


def _profile_record(results: ResultTable) -> dict[str, str | None]:
    used = {source.mapped.profile.fingerprint: source.mapped.profile for source in results.sources if source.mapped}
    if not used:
        return {"profile": "canonical", "profile_version": None, "profile_fingerprint": None}
    (profile,) = used.values()  # a run reads all its files by one profile
    return {
        "profile": profile.document.id,
        "profile_version": profile.document.version,
        "profile_fingerprint": profile.fingerprint,
    }


def _input_record(source: Source) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": source.name,
        "kind": source.kind,
        "digest": source.digest,
        "bytes": source.byte_count,
    }
    if source.notes:
        record["notes"] = list(source.notes)
    if source.mapped is not None:
        record["rows"] = source.mapped.tally.as_json()
    return record


def _specification(entry: Specification) -> dict[str, str | Sequence[str]]:
    return {
        "id": entry.id,
        "version": entry.version,
        "fingerprint": entry.fingerprint,
        "extends": list(entry.extends),
    }
