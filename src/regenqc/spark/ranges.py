"""Finish one range of batches: merge the partial states, then go on exactly as a local run does."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from regenqc.evaluation.batch_groups import BatchGroups
from regenqc.evaluation.cell_marks import findings_with_marks
from regenqc.evaluation.conclusion import conclude
from regenqc.evaluation.judge import Judge
from regenqc.evaluation.plan import Plan
from regenqc.evaluation.together import ResultsTogether
from regenqc.garbage import collection_paused
from regenqc.spark.rows_folder import RowsFile
from regenqc.spark.states import PartialState, merge, ranges_of, state_of, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from regenqc.evaluation.conclusion import Evaluation, RowSink
    from regenqc.evaluation.judge import JudgedRows
    from regenqc.evaluation.terms import RunTerms
    from regenqc.intake.batches import BatchTable
    from regenqc.spark.task_context import Packed, TaskContext

__all__ = ["FINISHED_COLUMNS", "RANGE_COLUMNS", "finish_range", "finish_ranges", "judge_of", "split_states"]

RANGE_COLUMNS: Final = "range int, state binary"
FINISHED_COLUMNS: Final = "range int, name string, content binary"

_ROWS_AT_ONCE: Final = 262_144


def judge_of(terms: RunTerms, *, plan: Plan | None = None, batches: BatchTable | None = None) -> Judge:
    """Return a judge that has seen no rows, only the batch table.

    Args:
        terms: of the run.
        plan: of its specifications, where it has been made.
        batches: the part of the batch table to judge, `None` for a run without one.
    """
    plan = plan or Plan(terms.specifications)
    coder = terms.coder(plan, superseding={})
    if batches is not None:
        coder.batch_ids.number(batches.texts)
    return Judge(plan, BatchGroups(plan, table=batches, as_of=terms.moment), coder)


def split_states(bounds: Sequence[str]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the task that cuts partial states into ranges of batches.

    Args:
        bounds: first batch of every range but the first, sorted.
    """

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for content in batch["state"].to_pylist():
                for number, part in ranges_of(PartialState.unpacked(content), bounds):
                    columns = [pa.array([number], type=pa.int32()), pa.array([part.packed()], type=pa.binary())]
                    yield pa.record_batch(columns, names=["range", "state"])

    return task


def finish_ranges(
    packed: Packed, bounds: Sequence[str], *, names: Collection[str], unattributed: bool
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the task that finishes ranges of batches; partition number `n` holds range number `n`.

    Args:
        packed: what every task knows.
        bounds: as for `split_states`.
        names: of the tables to yield after the counts, see `Evaluation.batches_of`; `state` is what dispositions follow from.
        unattributed: whether a row without batch was refused, which holds every batch.
    """

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext as SparkTask  # noqa: PLC0415 - runs where PySpark is

        running = SparkTask.get()
        assert running is not None  # noqa: S101 - this is a task
        number = running.partitionId()
        with collection_paused():
            states = (PartialState.unpacked(content) for batch in batches for content in batch["state"].to_pylist())
            judge, evaluation = finish_range(packed.open(), number, bounds, states, unattributed=unattributed)
            yield _row(number, "counts", _counts(evaluation))
            for name in names:
                if name == "state":
                    yield _row(number, name, _judged(judge).packed())
                    continue
                for part in _finished(name, evaluation):
                    yield _row(number, name, to_bytes(pa.Table.from_batches([part])))

    return task


def finish_range(
    context: TaskContext, number: int, bounds: Sequence[str], states: Iterable[PartialState], *, unattributed: bool
) -> tuple[Judge, Evaluation]:
    """Merge the partial states of one range and conclude it.

    Args:
        context: of the run; computed rows are written where it says that judged rows are.
        number: of the range.
        bounds: as for `split_states`.
        states: of batches in this range, as many as there are.
        unattributed: whether a row without batch was refused, which holds every batch.

    Returns:
        The judge with the raw cells, and what they allow.
    """
    edges = [None, *bounds, None]
    listed = context.directory.between(edges[number], edges[number + 1]) if context.directory else None
    judge = judge_of(context.terms, plan=context.plan, batches=listed)
    merge(judge, states)
    judge.unattributed_rows = [0] if unattributed else []
    with ExitStack() as stack:
        on_rows: RowSink | None = None
        if context.rows_folder is not None:
            path = context.rows_folder / f"computed-{number:06}.parquet"
            file = stack.enter_context(RowsFile(path, context.row_format.schema))

            def on_rows(judged: JudgedRows, source: int) -> None:
                file.write(context.row_format.judged_rows(judged, source))

        computed = ResultsTogether(judge, source=len(context.sources), on_rows=on_rows).finish()
    return judge, conclude(
        judge, moment=context.terms.moment, stage=context.terms.stage, sources=context.sources, rows_computed=computed
    )


def _judged(judge: Judge) -> PartialState:
    """Return the raw cells of a range, and of its evidence what dispositions depend on."""
    return state_of(judge, {"findings": findings_with_marks(judge.findings.table())})


def _finished(name: str, evaluation: Evaluation) -> Iterator[pa.RecordBatch]:
    # Dispositions with their repeating columns as codes, which is a fraction of what is written.
    is_coded = name == "dispositions"
    batches = evaluation.disposition_table.to_batches() if is_coded else evaluation.batches_of(name)
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
            yield batch.slice(start, _ROWS_AT_ONCE)


def _counts(evaluation: Evaluation) -> bytes:
    counts = {
        "batches": evaluation.batch_count,
        "computed": evaluation.rows_computed,
        "dispositions": evaluation.disposition_counts,
    }
    return json.dumps(counts).encode()


def _row(number: int, name: str, content: bytes) -> pa.RecordBatch:
    columns = [pa.array([number], type=pa.int32()), pa.array([name]), pa.array([content], type=pa.binary())]
    return pa.record_batch(columns, names=["range", "name", "content"])
