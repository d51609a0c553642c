"""Judge one partition: rows in, partial states out; nothing of a row leaves but what has to be explained."""

from __future__ import annotations

import pickle
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from regenqc.errors import DataError
from regenqc.evaluation.batch_groups import BatchGroups
from regenqc.evaluation.judge import Judge
from regenqc.garbage import collection_paused
from regenqc.spark.chunks import chunks_of_frame
from regenqc.spark.parts import read_part
from regenqc.spark.rows_folder import RowsFile
from regenqc.spark.seen_batches import SeenBatches
from regenqc.spark.states import evidence_of, state_of, take_evidence, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from regenqc.evaluation.judge import JudgedRows
    from regenqc.spark.chunks import Chunk, FrameFormat
    from regenqc.spark.parts import FilePart
    from regenqc.spark.states import PartialState
    from regenqc.spark.task_context import Packed, TaskContext

    Task = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

__all__ = ["JUDGED_COLUMNS", "REFUSED_KEYS", "judge_frame", "judge_partition", "judge_parts"]

# One row for every few thousand batches of a partition. `fault` is an error of the input, which is a result of the task
# and no failure of it: trying again would not help.
_JUDGED_SCHEMA: Final = pa.schema(
    [
        ("part", pa.int64()),
        ("first", pa.string()),
        ("batches", pa.int64()),
        ("rows_judged", pa.int64()),
        ("rows_refused", pa.int64()),
        ("rows_unattributed", pa.int64()),
        ("state", pa.binary()),
        ("refused", pa.binary()),
        ("fault", pa.binary()),
    ]
)
_SPARK_TYPES: Final = {pa.int64(): "long", pa.string(): "string", pa.binary(): "binary"}
JUDGED_COLUMNS: Final = ", ".join(f"{entry.name} {_SPARK_TYPES[entry.type]}" for entry in _JUDGED_SCHEMA)

# Columns of refused rows before their reported texts: place and `Refusal`.
REFUSED_KEYS: Final = ("\x1fplace", "\x1frefusal")

_BATCHES_OF_ONE_ROW: Final = 8_192
# A state is sent off and a new one begun when it holds so much; the two are merged like those of two partitions.
_MOST_BATCHES: Final = 100_000
_MOST_EVIDENCE: Final = 500_000


def judge_frame(packed: Packed, row_format: FrameFormat) -> Task:
    """Return the task that judges a partition of a DataFrame.

    Args:
        packed: what every task knows.
        row_format: of the rows.
    """

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext as SparkTask  # noqa: PLC0415 - runs where PySpark is

        running = SparkTask.get()
        assert running is not None  # noqa: S101 - this is a task
        with collection_paused():
            yield from judge_partition(packed.open(), running.partitionId(), chunks_of_frame(batches, row_format))

    return task


def judge_parts(packed: Packed, parts: Sequence[FilePart]) -> Task:
    """Return the task that reads and judges parts of files; its rows are the numbers of parts."""

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with collection_paused():
            for batch in batches:
                for number in batch["id"].to_pylist():
                    yield from judge_partition(packed.open(), number, read_part(parts[number]))

    return task


def judge_partition(context: TaskContext, part: int, chunks: Iterable[Chunk]) -> Iterator[pa.RecordBatch]:
    """Yield the partial states of one partition, in the columns `JUDGED_COLUMNS`.

    Args:
        context: of the run.
        part: number of the partition or part of the input.
        chunks: its rows. A `DataError` on the way becomes a row of its own.
    """
    with ExitStack() as stack:
        partition = _Partition(context, part, stack)
        try:
            for chunk in chunks:
                partition.judge(chunk)
                if partition.is_full:
                    yield from partition.release()
        except DataError as error:
            yield _row(part=part, fault=pickle.dumps(error.faults))
            return
        yield from partition.release()


class _Partition:
    """The state of one partition between two releases."""

    def __init__(self, context: TaskContext, part: int, stack: ExitStack) -> None:
        self._context = context
        self._part = part
        self._rows_file: RowsFile | None = None
        if context.rows_folder is not None:
            path = context.rows_folder / f"part-{part:06}.parquet"
            self._rows_file = stack.enter_context(RowsFile(path, context.row_format.schema))
        self._begin()

    def _begin(self) -> None:
        context = self._context
        terms, plan = context.terms, context.plan
        coder = terms.coder(plan, superseding=context.superseding)
        groups = (
            BatchGroups(plan, table=None, as_of=terms.moment)
            if context.directory is None
            else SeenBatches(plan, directory=context.directory, coder=coder, as_of=terms.moment)
        )
        self._judge = Judge(plan, groups, coder)
        self._evidence: dict[str, list[pa.Table]] = {name: [] for name in evidence_of(self._judge)}
        self._refused: list[pa.Table] = []
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Return whether the state should be released before more rows are judged."""
        return len(self._judge.coder.batch_ids) >= _MOST_BATCHES or self._count >= _MOST_EVIDENCE

    def judge(self, chunk: Chunk) -> None:
        """Judge the next rows."""
        judge = self._judge
        # Without places of their own the rows are numbered by the judge itself, from zero where they have some.
        judged = judge.judge(chunk.rows, first_row=chunk.first_row, source=chunk.source)
        for name, table in take_evidence(judge).items():
            self._evidence[name].append(table if chunk.places is None else _placed(table, chunk))
            self._count += table.num_rows
        refused = np.flatnonzero(judged.coded.refusal)
        if len(refused):
            self._refused.append(self._refused_rows(judged, chunk, refused))
        self._count += len(refused)
        if self._rows_file is not None:
            self._rows_file.write(self._context.row_format.judged_rows(judged, chunk.source))

    def _refused_rows(self, judged: JudgedRows, chunk: Chunk, rows: Any) -> pa.Table:
        columns = [pa.array(chunk.places_of(rows)), pa.array(judged.coded.refusal[rows])]
        names = [*REFUSED_KEYS, *self._context.columns]
        return pa.table([*columns, *self._context.row_format.refused_texts(judged, rows)], names=names)

    def release(self) -> Iterator[pa.RecordBatch]:
        """Yield what is known so far, and begin anew."""
        judge = self._judge
        state = state_of(
            judge,
            {
                name: pa.concat_tables([evidence_of(judge)[name].table(), *tables])
                for name, tables in self._evidence.items()
            },
        )
        yield _row(
            part=self._part,
            rows_judged=judge.rows_judged,
            rows_refused=judge.rows_refused,
            rows_unattributed=len(judge.unattributed_rows),
            refused=to_bytes(pa.concat_tables(self._refused)) if self._refused else None,
        )
        self._begin()
        for begin in range(0, state.cells.num_rows, _BATCHES_OF_ONE_ROW):
            yield _state_row(self._part, state.cut(begin, min(begin + _BATCHES_OF_ONE_ROW, state.cells.num_rows)))


def _placed(evidence: pa.Table, chunk: Chunk) -> pa.Table:
    """Return evidence with the places of its rows for their positions in the chunk."""
    at = evidence.schema.get_field_index("row")
    places = chunk.places_of(evidence["row"].to_numpy())
    return evidence.set_column(at, evidence.schema.field(at), pa.array(places))


def _state_row(part: int, state: PartialState) -> pa.RecordBatch:
    return _row(
        part=part,
        first=state.cells["batch_id"][0].as_py(),
        batches=state.cells.num_rows,
        state=state.packed(),
    )


def _row(**values: Any) -> pa.RecordBatch:
    columns = [pa.array([values.get(entry.name)], type=entry.type) for entry in _JUDGED_SCHEMA]
    return pa.record_batch(columns, schema=_JUDGED_SCHEMA)
