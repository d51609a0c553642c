"""Evaluate results on Spark: judge partitions, merge their states by range of batches, finish every range.

1. Every partition is judged by the code of a local run and leaves a partial state: cells, and what has to be explained or
   judged together with other rows. No row is shuffled.
2. States are cut into ranges of batches; the states of a range are merged by the maximum of each cell.
3. Every range is finished as a local run is. Ranges follow each other in the order of batch identifiers, so that their
   outputs, one behind the other, are the output of a local run.
"""

from __future__ import annotations

import json
import pickle
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from regenqc.errors import DataError, Fault, InternalError
from regenqc.evaluation.consequences import CONSEQUENCE_FILE
from regenqc.evaluation.disposition import DISPOSITION_SCHEMA
from regenqc.evaluation.findings import FINDING_COLUMNS
from regenqc.evaluation.investigations import INVESTIGATION_FILE
from regenqc.evaluation.matrix import VERDICT_COLUMNS
from regenqc.evaluation.terms import no_results, terms_of
from regenqc.intake.table import ResultTable, read_results
from regenqc.spark.chunks import SEPARATOR_IN_TEXT
from regenqc.spark.frames import batches_of, format_of, is_spark_frame, results_of, rows_of
from regenqc.spark.installation import check_installation, spark_session
from regenqc.spark.partition import JUDGED_COLUMNS, judge_frame, judge_parts
from regenqc.spark.parts import parts_of
from regenqc.spark.ranges import FINISHED_COLUMNS, RANGE_COLUMNS, finish_ranges, split_states
from regenqc.spark.refused import refused_columns, refused_task
from regenqc.spark.seen_batches import UNLISTED_IN_FAMILIES
from regenqc.spark.spark_calls import spark_calls
from regenqc.spark.states import from_bytes
from regenqc.spark.superseding import superseding_of_frame, superseding_of_parts
from regenqc.spark.task_context import Packed, context_of
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pyspark.sql import DataFrame, Row

    from regenqc.evaluation.plan import Plan
    from regenqc.evaluation.terms import RunTerms
    from regenqc.specification.model import Specification

__all__ = ["SparkEvaluation", "evaluate"]

# Batches counted once for the results and once for the batch table.
_RANGE_WEIGHT: Final = 20_000

_SCHEMAS: Final = {
    "dispositions": DISPOSITION_SCHEMA,
    "findings": FINDING_COLUMNS,
    "verdicts": VERDICT_COLUMNS,
    "investigations": INVESTIGATION_FILE,
    "consequences": CONSEQUENCE_FILE,
}


@dataclass(frozen=True, slots=True)
class SparkEvaluation:
    """What the data allow, as Spark DataFrames; nothing of the size of the data is held by the driver.

    The partial states stay on the executors until `close`; each DataFrame finishes them when Spark asks for its rows.

    Args:
        results: what was judged.
        terms: what it was judged by.
        rows_judged: rows with a verdict.
        rows_refused: rows that could not be judged at all.
        rows_unattributed: refused rows that name no batch; one of them holds every batch.
        batches_at_most: upper bound of the number of batches; one that several partitions name counts for each.
    """

    results: ResultTable
    terms: RunTerms
    rows_judged: int
    rows_refused: int
    rows_unattributed: int
    batches_at_most: int
    _judged: DataFrame = field(repr=False)
    _packed: Packed = field(repr=False)
    _bounds: tuple[str, ...] = field(repr=False)

    @property
    def specifications(self) -> tuple[Specification, ...]:
        """Return what was judged by."""
        return self.terms.specifications

    @property
    def evaluated_at(self) -> datetime:
        """Return the moment of evaluation."""
        return self.terms.moment

    @property
    def plan(self) -> Plan:
        """Return the compiled specifications."""
        return self._packed.open().plan

    @property
    def rows_read(self) -> int:
        """Return the number of rows of the input; `rows_judged + rows_refused`."""
        return self.rows_judged + self.rows_refused

    @property
    def dispositions(self) -> DataFrame:
        """Return one row per batch, specification and stage, sorted; columns as in `dispositions.parquet`."""
        return self._table("dispositions")

    @property
    def findings(self) -> DataFrame:
        """Return every cell that does not conform, explained, sorted; columns as in `findings.parquet`."""
        return self._table("findings")

    @property
    def verdicts(self) -> DataFrame:
        """Return the matrix in long form, sorted; columns as in `verdicts.parquet`."""
        return self._table("verdicts")

    @property
    def investigations(self) -> DataFrame:
        """Return the rows of investigations, sorted."""
        return self._table("investigations")

    @property
    def consequences(self) -> DataFrame:
        """Return what has to be done because of late failures, sorted."""
        return self._table("consequences")

    @property
    def refused(self) -> DataFrame:
        """Return the rows that could not be judged, as reported, in order of source and row number."""
        names = tuple(source.name for source in self.results.sources)
        contents = self._judged.where("refused is not null").select("refused")
        with spark_calls("refused rows"):
            rows = contents.mapInArrow(refused_task(names, self.results.columns), refused_columns(self.results.columns))
        return rows.orderBy("place").drop("place")

    def _table(self, name: str) -> DataFrame:
        columns = ", ".join(f"`{entry.name}` {_spark_type(entry.type)}" for entry in _SCHEMAS[name])
        with spark_calls(name):
            return self.finished([name]).where(f"name = '{name}'").mapInArrow(_unpacked, columns)

    def finished(self, names: Sequence[str]) -> DataFrame:
        """Return the outputs of every range as Arrow streams: `range, name, content`, in order; counts come first.

        Args:
            names: of the tables, see `regenqc.evaluation.conclusion.Evaluation.batches_of`; `state` is what they follow from.
        """
        ranges = len(self._bounds) + 1
        task = finish_ranges(self._packed, self._bounds, names=tuple(names), unattributed=self.rows_unattributed > 0)
        states = self._judged.where("state is not null").select("state")
        with spark_calls("finishing"):
            return (
                states.mapInArrow(split_states(self._bounds), RANGE_COLUMNS)
                .repartitionById(ranges, "range")
                .mapInArrow(task, FINISHED_COLUMNS)
            )

    def counts(self) -> dict[str, Any]:
        """Return the number of batches, of computed rows, and of dispositions by word."""
        with spark_calls("counting"):
            return self.counts_in(self.finished([]))

    def counts_in(self, finished: DataFrame) -> dict[str, Any]:
        """Return the counts that stand in finished outputs, as `counts` does.

        Args:
            finished: see `finished`.

        Raises:
            InternalError: a range is missing.
        """
        rows = finished.where("name = 'counts'").collect()
        if sorted(row["range"] for row in rows) != list(range(len(self._bounds) + 1)):
            raise InternalError(
                Fault(
                    code="RQC-X093",
                    what="Spark lost a range of batches.",
                    got=f"{len(rows)} ranges",
                    expected=f"{len(self._bounds) + 1} ranges",
                    action="Report this with the version of Spark.",
                )
            )
        return _counts_of(rows)

    def close(self) -> None:
        """Let go of the partial states; DataFrames of this evaluation that are read later are computed anew."""
        self._judged.unpersist()


def evaluate(
    results: Any,
    specifications: Specification | Sequence[Specification],
    *,
    batches: Any = None,
    stage: str | None = None,
    as_of: str | datetime | None = None,
    row_number: str | None = None,
    source: str | None = None,
    rows_folder: Path | None = None,
) -> SparkEvaluation:
    """Judge every batch of the results on Spark: same dispositions, findings and verdicts as a local run.

    Args:
        results: a Spark DataFrame in canonical columns, or files as for `regenqc.evaluate` that every executor sees under
            the same path.
        specifications: one or several.
        batches: batch table as a Spark DataFrame, path, pandas frame or Arrow table; every task gets a copy of what the
            specifications ask for.
        stage: judge this stage only; without it every result is judged at its own stage.
        as_of: moment of evaluation, ISO 8601 with zone; now when not given.
        row_number: column of a DataFrame that numbers its rows; without it findings point to no row.
        source: column that names the file of each row.
        rows_folder: folder that every executor sees, for the judged rows; of files only.

    Raises:
        UsageError: PySpark or Java is missing, or the terms make no sense.
        DataError: the input is refused as a whole.
        InternalError: a Spark job failed in spite of its retries.
    """
    check_installation()
    if not is_spark_frame(results):
        table = results if isinstance(results, ResultTable) else read_results(results)
        terms = terms_of(table.sources, specifications, batches=batches, stage=stage, as_of=as_of)
        return _evaluate_files(table, terms, rows_folder)
    frame: DataFrame = results
    with spark_calls("looking at the results"):
        table = results_of(frame, row_number=row_number, source=source)
        listed = batches_of(batches, specifications)
    terms = terms_of(table.sources, specifications, batches=listed, stage=stage, as_of=as_of)
    return _evaluate_frame(frame, table, terms, row_number=row_number, source=source)


def _evaluate_files(table: ResultTable, terms: RunTerms, rows_folder: Path | None) -> SparkEvaluation:
    parts = parts_of(table)
    session = spark_session()
    with spark_calls("looking for revisions"):
        superseding = superseding_of_parts(session, parts)

    def judged(*, has_families: bool, is_joined: bool) -> SparkEvaluation:
        del is_joined
        packed = Packed.of(
            context_of(table, terms, superseding=superseding, rows_folder=rows_folder, has_families=has_families)
        )
        with spark_calls("judging"):
            places = session.range(0, len(parts), 1, len(parts))
            return _evaluation(places.mapInArrow(judge_parts(packed, parts), JUDGED_COLUMNS), packed, table, terms)

    return _without_obstacles(judged)


def _evaluate_frame(
    frame: DataFrame, table: ResultTable, terms: RunTerms, *, row_number: str | None, source: str | None
) -> SparkEvaluation:
    with spark_calls("looking for revisions"):
        superseding = superseding_of_frame(frame)

    def judged(*, has_families: bool, is_joined: bool) -> SparkEvaluation:
        packed = Packed.of(context_of(table, terms, superseding=superseding, has_families=has_families))
        row_format = format_of(frame, table, has_source=source is not None, is_joined=is_joined)
        with spark_calls("judging"):
            rows = rows_of(frame, row_format, row_number=row_number, source=source)
            return _evaluation(rows.mapInArrow(judge_frame(packed, row_format), JUDGED_COLUMNS), packed, table, terms)

    return _without_obstacles(judged)


def _without_obstacles(judged: Callable[..., SparkEvaluation]) -> SparkEvaluation:
    """Judge in the quickest way; where a task finds the input not made for it, once more without what it tripped over."""
    way = {"has_families": True, "is_joined": True}
    obstacles = {UNLISTED_IN_FAMILIES: "has_families", SEPARATOR_IN_TEXT: "is_joined"}
    while True:
        try:
            return judged(**way)
        except DataError as error:
            met = {obstacles[fault.code] for fault in error.faults if fault.code in obstacles}
            if not met:
                raise
            way |= dict.fromkeys(met, False)


def _evaluation(judged: DataFrame, packed: Packed, table: ResultTable, terms: RunTerms) -> SparkEvaluation:
    from pyspark import StorageLevel  # noqa: PLC0415 - may not be installed

    with spark_calls("judging"):
        held = judged.persist(StorageLevel.MEMORY_AND_DISK)
        rows = held.select(
            "part", "first", "batches", "rows_judged", "rows_refused", "rows_unattributed", "fault"
        ).collect()
    totals = {
        name: sum(row[name] or 0 for row in rows) for name in ("rows_judged", "rows_refused", "rows_unattributed")
    }
    faulty = sorted((row for row in rows if row["fault"] is not None), key=lambda row: int(row["part"]))
    if faulty:
        held.unpersist()
        raise DataError(*(fault for row in faulty for fault in pickle.loads(row["fault"])))  # noqa: S301 - of our tasks
    if totals["rows_judged"] + totals["rows_refused"] == 0:
        held.unpersist()
        raise no_results(table.sources)
    weights = [(row["first"], row["batches"]) for row in rows if row["batches"]]
    at_most = sum(batches for _, batches in weights)
    if terms.batches is not None:
        at_most += len(terms.batches.texts)
        listed = sorted(terms.batches.batch_ids)[:: _RANGE_WEIGHT // 10]
        weights += [(batch_id, _RANGE_WEIGHT // 10) for batch_id in listed]
    return SparkEvaluation(
        table, terms, **totals, batches_at_most=at_most, _judged=held, _packed=packed, _bounds=_bounds_of(weights)
    )


def _bounds_of(weights: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Return the first batch of every range but the first, such that ranges weigh about the same.

    Example:
        >>> _bounds_of([("C", 9_000), ("A", 20_000), ("B", 9_000), ("D", 9_000)])
        ('B',)
    """
    bounds: list[str] = []
    weight = 0
    for batch_id, batches in sorted(weights):
        if weight >= _RANGE_WEIGHT and (not bounds or batch_id > bounds[-1]):
            bounds.append(batch_id)
            weight = 0
        weight += batches
    return tuple(bounds)


def _unpacked(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for content in batch["content"].to_pylist():
            table = from_bytes(content)
            yield from table.cast(_plain(table.schema)).to_batches()


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema without dictionaries, which Spark does not know."""
    return pa.schema(
        [(entry.name, entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type) for entry in schema]
    )


def _spark_type(kind: pa.DataType) -> str:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return {pa.string(): "string", pa.int64(): "long", pa.int32(): "int"}[plain]


def _counts_of(rows: Iterable[Row]) -> dict[str, Any]:
    """Return the sum of the counts of all ranges: `batches`, `computed` and `dispositions` by word."""
    dispositions: Counter[str] = Counter()
    batches = computed = 0
    for row in rows:
        counts = json.loads(row["content"])
        batches, computed = batches + counts["batches"], computed + counts["computed"]
        dispositions.update(counts["dispositions"])
    words = {word.value: dispositions[word.value] for word in Disposition}
    return {"batches": batches, "computed": computed, "dispositions": words}
