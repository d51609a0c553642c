"""Partial states: what one partition knows of its batches, and how such states become one.

A partial state holds the raw cells of the batches that a partition named, and what those rows left to be explained or
judged together with others. Two states of one batch merge cell by cell by the maximum, which is commutative, associative
and idempotent: partitions may cut a batch anywhere, arrive in any order, and twice.
"""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.errors import Fault, InternalError
from regenqc.evaluation.evidence import Columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.judge import Judge

__all__ = [
    "CELL_SCHEMA",
    "PartialState",
    "cells_of_batches",
    "evidence_of",
    "from_bytes",
    "merge",
    "other_terms",
    "ranges_of",
    "state_of",
    "take_evidence",
    "to_bytes",
]

CELL_SCHEMA: Final = pa.schema([("batch_id", pa.string()), ("cells", pa.binary())])


class PartialState(NamedTuple):
    """What is known of some batches.

    Args:
        cells: `CELL_SCHEMA`, one row per batch, sorted by `batch_id`; one byte per cell, in the order of its group.
        evidence: what rows left to be explained or looked at again, by the name that it has in a `Judge`; sorted by their
            first column, which is a row of `cells`.
    """

    cells: pa.Table
    evidence: dict[str, pa.Table]

    @property
    def batch_ids(self) -> list[str]:
        """Return the identifiers of the batches, sorted."""
        ids: list[str] = self.cells["batch_id"].to_pylist()
        return ids

    def cut(self, begin: int, end: int) -> PartialState:
        """Return the state of the batches in rows `begin` to `end` of `cells`."""
        evidence = {}
        for name, table in self.evidence.items():
            batch = table.column(0).to_numpy()
            start, stop = np.searchsorted(batch, [begin, end])
            part = table.slice(start, stop - start)
            evidence[name] = part.set_column(0, table.schema.field(0), pa.array(batch[start:stop] - np.int32(begin)))
        return PartialState(self.cells.slice(begin, end - begin), evidence)

    def packed(self) -> bytes:
        """Return the state as bytes, for other tasks of the same run."""
        evidence = {name: to_bytes(table) for name, table in self.evidence.items()}
        return pickle.dumps((to_bytes(self.cells), evidence), protocol=pickle.HIGHEST_PROTOCOL)

    @classmethod
    def unpacked(cls, content: bytes) -> PartialState:
        """Return the state that was packed.

        Example:
            >>> state = PartialState(pa.table([["B1"], [b"1"]], schema=CELL_SCHEMA), {})
            >>> PartialState.unpacked(state.packed()).batch_ids
            ['B1']
        """
        cells, evidence = pickle.loads(content)  # noqa: S301 - packed by another task of this run
        return cls(from_bytes(cells), {name: from_bytes(table) for name, table in evidence.items()})


def evidence_of(judge: Judge) -> dict[str, Columns]:
    """Return everything that a judge keeps of its rows, by name.

    Found by type: what a judge learns to keep one day must not be lost between partitions.

    Example:
        >>> from regenqc.evaluation.terms import terms_of
        >>> from regenqc.specification import load_specification
        >>> from regenqc.spark.ranges import judge_of
        >>> terms = terms_of([], load_specification("example/car-t-ari-0001"), batches=None, stage=None, as_of=None)
        >>> sorted(evidence_of(judge_of(terms)))
        ['collected', 'findings', 'investigated', 'revised_inputs']
    """
    return {name: value for name, value in vars(judge).items() if isinstance(value, Columns)}


def take_evidence(judge: Judge) -> dict[str, pa.Table]:
    """Return what a judge has kept of its rows since it was asked last; it keeps nothing of that."""
    taken = {}
    for name, columns in evidence_of(judge).items():
        taken[name] = columns.table()
        setattr(judge, name, Columns(columns.schema))
    return taken


def cells_of_batches(groups: BatchGroups, batches: NDArray[np.integer]) -> pa.BinaryArray:
    """Return the raw cells of some batches, one value per batch.

    Args:
        groups: with the cells.
        batches: codes, in any order.
    """
    widths = np.array([group.width for group in groups.groups], dtype=np.int64)[groups.group_of_batch[batches]]
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(widths)])
    at = np.repeat(groups.first_cells(batches) - offsets[:-1], widths) + np.arange(offsets[-1])
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(groups.cells[at].tobytes())]
    return pa.Array.from_buffers(pa.binary(), len(batches), buffers)


def state_of(judge: Judge, evidence: dict[str, pa.Table]) -> PartialState:
    """Return what a judge knows of its batches.

    Args:
        judge: after the rows of a partition.
        evidence: as it was taken from the judge, by batch code.
    """
    ids = judge.coder.batch_ids.texts()
    order = pc.sort_indices(ids).to_numpy().astype(np.int64)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    cells = pa.table([ids.take(pa.array(order)), cells_of_batches(judge.groups, order)], schema=CELL_SCHEMA)
    return PartialState(cells, {name: _by_batch(table, rank) for name, table in evidence.items()})


def _by_batch(table: pa.Table, code_of: NDArray[np.int32]) -> pa.Table:
    """Return evidence with other batch codes, sorted by them."""
    batch = code_of[table.column(0).to_numpy()]
    order = np.argsort(batch, kind="stable")
    # Texts are written out: a dictionary would travel with every part of the state.
    columns = [pa.chunked_array([batch]), *(_written_out(column) for column in table.columns[1:])]
    return pa.table(columns, names=table.column_names).take(pa.array(order)).combine_chunks()


def _written_out(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def merge(judge: Judge, states: Iterable[PartialState]) -> None:
    """Raise the cells of a judge to the maximum of partial states, and hand it their evidence.

    Args:
        judge: in the terms in which the states came about.
        states: any number for each batch, in any order.

    Raises:
        InternalError: a state comes from a run in other terms.

    Example:
        >>> from regenqc.evaluation.terms import terms_of
        >>> from regenqc.specification import load_specification
        >>> from regenqc.spark.ranges import judge_of
        >>> terms = terms_of([], load_specification("example/car-t-ari-0001"), batches=None, stage=None, as_of=None)
        >>> judge = judge_of(terms)
        >>> width = judge.groups.groups[0].width
        >>> for worst in (4, 1):
        ...     cells = pa.table([["B1"], [bytes([worst] * width)]], schema=CELL_SCHEMA)
        ...     merge(judge, [PartialState(cells, {})])
        >>> set(judge.groups.cells[:width].tolist())
        {4}
    """
    groups = judge.groups
    for state in states:
        codes = judge.coder.batch_ids.codes_of(pa.array(state.batch_ids, type=pa.string()))
        groups.extend(len(judge.coder.batch_ids))
        cells = state.cells["cells"].combine_chunks()
        widths = np.array([group.width for group in groups.groups], dtype=np.int64)[groups.group_of_batch[codes]]
        if not np.array_equal(pc.binary_length(cells).to_numpy(zero_copy_only=False), widths):
            raise other_terms()
        _raise_cells(groups, codes, widths, np.frombuffer(b"".join(cells.to_pylist()), dtype=np.uint8))
        kept = evidence_of(judge)
        for name, table in state.evidence.items():
            kept[name].append(_columns(table, codes, kept[name].schema))


def other_terms() -> InternalError:
    """Return the error of a task that understands the terms of the run differently."""
    return InternalError(
        Fault(
            code="RQC-X090",
            what="Partitions disagree about the requirements of a batch.",
            expected="the same specifications and batch table on every executor",
            action="Check that all executors have one version of regenqc, then report this.",
        )
    )


def _raise_cells(
    groups: BatchGroups, codes: NDArray[np.int32], widths: NDArray[np.int64], verdicts: NDArray[np.uint8]
) -> None:
    starts = np.cumsum(widths) - widths
    at = np.repeat(groups.first_cells(codes) - starts, widths) + np.arange(len(verdicts))
    # Each batch stands once in a state, so that no cell is raised twice here.
    groups.cells[at] = np.maximum(groups.cells[at], verdicts)


def _columns(table: pa.Table, codes: NDArray[np.int32], schema: pa.Schema) -> list[pa.Array]:
    columns = [column.combine_chunks() for column in table.columns]
    coded = [
        column.dictionary_encode() if pa.types.is_dictionary(entry.type) else column
        for column, entry in zip(columns, schema, strict=True)
    ]
    return [pa.array(codes[columns[0].to_numpy()]), *coded[1:]]


def to_bytes(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream, compressed: what Spark moves and holds, it copies several times."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def from_bytes(content: bytes) -> pa.Table:
    """Return the table of an Arrow stream.

    Example:
        >>> from_bytes(to_bytes(pa.table({"batch_id": ["B1"]})))["batch_id"].to_pylist()
        ['B1']
    """
    with pa.ipc.open_stream(content) as reader:
        return reader.read_all()


def ranges_of(state: PartialState, bounds: Sequence[str]) -> Iterator[tuple[int, PartialState]]:
    """Yield the parts of a state by range of batches.

    Args:
        state: any.
        bounds: first batch of every range but the first, sorted.

    Example:
        >>> state = PartialState(pa.table([["A", "B", "C"], [b"", b"", b""]], schema=CELL_SCHEMA), {})
        >>> [(number, part.batch_ids) for number, part in ranges_of(state, ["B"])]
        [(0, ['A']), (1, ['B', 'C'])]
    """
    ids = np.array(state.batch_ids, dtype=object)
    edges = [0, *np.searchsorted(ids, np.array(bounds, dtype=object)).tolist(), len(ids)] if bounds else [0, len(ids)]
    for number, (begin, end) in enumerate(pairwise(edges)):
        if end > begin:
            yield number, state.cut(begin, end)
