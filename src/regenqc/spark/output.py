"""Write an evaluation on Spark into a directory: the files of a local run, with the same bytes.

Outputs of the ranges stream through the driver in order. Only judged rows do not: tasks write them, part by part, into the
folder `results.parquet`.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regenqc.evaluation.conclusion import Evaluation, conclude
from regenqc.evaluation.disposition import DISPOSITION_SCHEMA
from regenqc.evaluation.output import inputs_of, run_record, write_run
from regenqc.evaluation.output_directory import OutputDirectory, unwritable
from regenqc.evaluation.row_files import RefusedFile, RowFormat
from regenqc.evaluation.table_files import WRITTEN_TABLES, TableFiles
from regenqc.spark.ranges import judge_of
from regenqc.spark.spark_calls import spark_calls
from regenqc.spark.states import PartialState, from_bytes, merge
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from types import TracebackType

    from pyspark.sql import DataFrame

    from regenqc.intake.batches import BatchTable
    from regenqc.intake.table import ResultTable
    from regenqc.spark.evaluation import SparkEvaluation
    from regenqc.specification.model import Specification

__all__ = ["MOST_REPORTED", "SparkOutput", "WrittenEvaluation"]

# The report is made by the driver from the cells of all batches, a few hundred bytes each.
MOST_REPORTED: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class WrittenEvaluation:
    """An evaluation as its files have it; nothing of their size is held.

    Args:
        folder: with the files.
        specifications: judged side by side.
        evaluated_at: moment of evaluation.
        rows_judged: rows with a verdict.
        rows_refused: rows that could not be judged at all.
        rows_computed: means, medians and derived results.
        batch_count: batches that the results or the batch table name.
        disposition_counts: dispositions by word.
    """

    folder: Path
    specifications: tuple[Specification, ...]
    evaluated_at: datetime
    rows_judged: int
    rows_refused: int
    rows_computed: int
    batch_count: int
    disposition_counts: dict[str, int]

    @property
    def rows_read(self) -> int:
        """Return the number of rows of the input."""
        return self.rows_judged + self.rows_refused

    @property
    def is_all_eligible(self) -> bool:
        """Return whether there is a disposition and every one is `eligible`."""
        total = sum(self.disposition_counts.values())
        return total > 0 and self.disposition_counts[Disposition.ELIGIBLE.value] == total

    def disposition_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the dispositions, sorted, a part at a time."""
        return self._read("dispositions")

    def finding_batches(self, *, only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the findings, sorted, a part at a time.

        Args:
            only: identifiers of the batches that are asked about; all when not given.
        """
        for batch in self._read("findings"):
            yield batch if only is None else batch.filter(_are_among(batch["batch_id"], only))

    def first_dispositions(self, word: str, count: int) -> list[dict[str, Any]]:
        """Return the first rows with one disposition.

        Args:
            word: the disposition.
            count: rows at most.
        """
        found: list[dict[str, Any]] = []
        batches = self.disposition_batches() if self.disposition_counts[word] and count > 0 else iter(())
        for batch in batches:
            found += batch.filter(pc.equal(batch["disposition"], word)).slice(0, count - len(found)).to_pylist()
            if len(found) >= count:
                break
        return found

    def _read(self, name: str) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(self.folder / f"{name}.parquet") as file:
            yield from file.iter_batches()


class SparkOutput(AbstractContextManager["SparkOutput"]):
    """A directory of output files that appears when everything in it is written.

    Args:
        directory: where to put them, `None` for a place that lasts as long as this object.
        results: the input, for its columns and digests.
        batches: the batch table, if there is one.
        most_reported: batches up to which `report.html` is written.

    Raises:
        UsageError: the directory exists and holds something else.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        results: ResultTable,
        batches: BatchTable | None,
        most_reported: int = MOST_REPORTED,
    ) -> None:
        self._results = results
        self._batches = batches
        self._most_reported = most_reported
        self._started = time.perf_counter()
        self._timings: dict[str, float] = {}
        self._stack = ExitStack()
        self._is_kept = directory is not None
        if directory is None:
            temporary = tempfile.TemporaryDirectory(prefix="regenqc-")
            directory = Path(self._stack.enter_context(temporary)) / "output"
        self._output = self._stack.enter_context(OutputDirectory(directory))
        self.rows_folder: Path | None = None
        if self._is_kept:
            self.rows_folder = self._output.work.resolve() / "results.parquet"
            self.rows_folder.mkdir()

    def finish(self, evaluation: SparkEvaluation) -> tuple[WrittenEvaluation, dict[str, Any]]:
        """Write everything, put the directory into place, and return what was written with the content of `run.json`.

        Args:
            evaluation: of these results; it is closed.
        """
        self._note("judged")
        is_reported = self._is_kept and evaluation.batches_at_most <= self._most_reported
        names = [*WRITTEN_TABLES, *(["state"] if is_reported else [])]
        with spark_calls("finishing"):
            finished = evaluation.finished(names).persist()
            try:
                # All ranges are finished here, side by side; afterwards they are fetched one by one.
                counts = evaluation.counts_in(finished)
                states = self._write_tables(finished)
            finally:
                finished.unpersist()
            self._write_refused(evaluation)
        evaluation.close()
        written = WrittenEvaluation(
            self._output.work,
            evaluation.specifications,
            evaluation.evaluated_at,
            evaluation.rows_judged,
            evaluation.rows_refused,
            counts["computed"],
            counts["batches"],
            counts["dispositions"],
        )
        if is_reported:
            self._write_report(evaluation, written, states)
        self._note("written")
        run = run_record(written, results=self._results, batches=self._batches, timings=self._timings)
        run["engine"]["pyspark"] = _version()
        write_run(self._output.work, run)
        if self._is_kept:
            self._output.put_into_place()
            written = replace(written, folder=self._output.directory)
        return written, run

    def _write_tables(self, finished: DataFrame) -> list[PartialState]:
        """Write the tables in order and return the states of all ranges, none where they were not asked for."""
        states: list[PartialState] = []
        rows = finished.where("name <> 'counts'").toLocalIterator(prefetchPartitions=True)
        try:
            with TableFiles(self._output.work) as files:
                for row in rows:
                    if row["name"] == "state":
                        states.append(PartialState.unpacked(row["content"]))
                        continue
                    table = from_bytes(row["content"])
                    plain = table.cast(DISPOSITION_SCHEMA) if row["name"] == "dispositions" else table
                    for batch in plain.to_batches():
                        files.write(row["name"], batch)
        except OSError as error:
            raise unwritable(self._output.directory, error) from error
        return states

    def _write_refused(self, evaluation: SparkEvaluation) -> None:
        row_format = RowFormat(self._results.columns, sources=())
        with RefusedFile(self._output.work / "refused.csv", row_format) as file:
            if evaluation.rows_refused:
                for row in evaluation.refused.toLocalIterator():
                    file.write_row(list(row))

    def _write_report(
        self, evaluation: SparkEvaluation, written: WrittenEvaluation, states: list[PartialState]
    ) -> None:
        from regenqc.evaluation.report import write_report  # noqa: PLC0415 - imports jinja2

        judge = judge_of(evaluation.terms, plan=evaluation.plan, batches=evaluation.terms.batches)
        merge(judge, states)
        judge.unattributed_rows = [0] if evaluation.rows_unattributed else []
        concluded = conclude(
            judge,
            moment=evaluation.evaluated_at,
            stage=evaluation.terms.stage,
            sources=[source.name for source in self._results.sources],
            rows_computed=written.rows_computed,
        )
        names = concluded.matrix.batch_ids
        whole: Evaluation = replace(
            concluded,
            rows_read=written.rows_read,
            rows_judged=written.rows_judged,
            rows_refused=written.rows_refused,
            # The cells that the driver has know nothing of most rows; the sentences stand in the file.
            _findings=lambda part: written.finding_batches(only=names.take(part.batches()).to_pylist()),
        )
        write_report(whole, self._output.work / "report.html", inputs=inputs_of(self._results, self._batches))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the unfinished files of a run that failed."""
        self._stack.close()

    def _note(self, step: str) -> None:
        now = time.perf_counter()
        self._timings[f"{step}_seconds"] = round(now - self._started, 3)
        self._started = now


def _are_among(column: pa.Array, words: Sequence[str]) -> pa.BooleanArray:
    return pc.is_in(column, value_set=pa.array(words, type=pa.string()))


def _version() -> str:
    import pyspark  # noqa: PLC0415 - may not be installed

    return str(pyspark.__version__)
