"""Settle the cells of some batches at a time, in the order of batch identifiers, whenever somebody asks for them.

Settled cells take many times what raw ones take. Of few batches they are kept; of millions they are settled anew for
every use, which costs less than holding them.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.cells import SettledCells, settle_cells
from regenqc.evaluation.disposition import judged_batches
from regenqc.evaluation.read_ahead import read_ahead
from regenqc.evaluation.taking import RowsOfTable
from regenqc.garbage import collection_paused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.judge import Judge

__all__ = ["SettledPart", "Settlement"]

_BATCHES_AT_ONCE: Final = 131_072
# Of so many batches, or fewer, what was settled is kept.
_MOST_KEPT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class SettledPart:
    """Some batches of a run that follow each other in the order of identifiers.

    Args:
        settled: their cells by group of batches and specification.
        judged_by: for each of these, the index of the specification by which each batch was judged.
        findings: what the judgement of rows recorded about them, see `regenqc.evaluation.evidence.FINDING_SCHEMA`, and in
            `settled` the verdict of the requirement that the cell went into.
        uncovered: codes of the batches that no specification speaks about.
    """

    settled: Sequence[SettledCells]
    judged_by: Sequence[NDArray[np.int64]]
    findings: pa.Table
    uncovered: NDArray[np.int64]

    def batches(self) -> NDArray[np.int64]:
        """Return the codes of the batches, in ascending order."""
        return np.unique(np.concatenate([*(cells.batches for cells in self.settled), self.uncovered]))

    def of(self, asked: NDArray[np.bool_]) -> SettledPart:
        """Return what concerns some of the batches.

        Args:
            asked: whether each batch code is asked for.
        """
        rows = [np.flatnonzero(asked[cells.batches]) for cells in self.settled]
        return SettledPart(
            [cells.of(at) for cells, at in zip(self.settled, rows, strict=True)],
            [judged_by[at] for judged_by, at in zip(self.judged_by, rows, strict=True)],
            self.findings.filter(pa.array(asked[self.findings["batch"].to_numpy()])),
            self.uncovered[asked[self.uncovered]],
        )


class Settlement:
    """The settled cells of a run, part by part.

    Args:
        judge: that has seen every row, and of which what counts only together has been settled.
        stage: index of the only stage wanted, `None` for all.

    Attributes:
        batch_ids: identifier by batch code.
        rank: position of each batch code in the order of identifiers.
        is_kept: whether what was settled stays; what is made of it may stay as well then.
    """

    def __init__(self, judge: Judge, *, stage: int | None) -> None:
        self.plan, self.groups = judge.plan, judge.groups
        self.stage = stage
        self.batch_ids = judge.coder.batch_ids.texts()
        self._order = pc.sort_indices(self.batch_ids).to_numpy().astype(np.int32)
        self.rank = np.empty(len(self._order), dtype=np.int64)
        self.rank[self._order] = np.arange(len(self._order))
        self.is_kept = len(self.rank) <= _MOST_KEPT
        self.count = max(-(-len(self.rank) // _BATCHES_AT_ONCE), 1)
        self._unattributed = bool(judge.unattributed_rows)
        self._findings = judge.findings.table()
        self._rows_of_findings = RowsOfTable(self._findings)
        self._finding_order, self._finding_edges = self._sorted_findings()
        self._kept: dict[int, SettledPart] = {}
        self._lock = Lock()

    def parts(self) -> Iterator[SettledPart]:
        """Yield all parts in order; the next one is settled while something is made of the one before."""
        parts = (self.part(number) for number in range(self.count))
        return read_ahead(parts) if self.count > 1 else parts

    def part(self, number: int) -> SettledPart:
        """Return one part, of `count`."""
        if not self.is_kept:
            return self._settled(number)
        with self._lock:
            if number not in self._kept:
                self._kept[number] = self._settled(number)
            return self._kept[number]

    def parts_with(self, asked: NDArray[np.bool_]) -> Iterator[SettledPart]:
        """Yield what concerns some of the batches, in order.

        Args:
            asked: whether each batch code is asked for.
        """
        for number in np.unique(self.rank[asked] // _BATCHES_AT_ONCE).tolist():
            yield self.part(number).of(asked)

    def _sorted_findings(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Return the rows of the findings part by part, and where each part begins."""
        part = (self.rank // _BATCHES_AT_ONCE)[self._findings["batch"].to_numpy()]
        order = np.argsort(part, kind="stable").astype(np.int32)
        return order, np.searchsorted(part[order], np.arange(self.count + 1))

    @collection_paused()
    def _settled(self, number: int) -> SettledPart:
        groups = self.groups
        batches = self._order[number * _BATCHES_AT_ONCE :][:_BATCHES_AT_ONCE].astype(np.int64)
        first, last = self._finding_edges[number : number + 2]
        findings = self._findings
        if self.count > 1:
            findings = self._rows_of_findings.take(self._finding_order[first:last])
        settled, final = settle_cells(
            self.plan, groups, batches=batches, rank=self.rank, unattributed=self._unattributed, findings=findings
        )
        return SettledPart(
            settled,
            [groups.judged_by(cells.specification, cells.batches) for cells in settled],
            findings.append_column("settled", pa.array(final)),
            self._uncovered(batches, settled),
        )

    def _uncovered(self, batches: NDArray[np.int64], settled: Sequence[SettledCells]) -> NDArray[np.int64]:
        is_judged = np.zeros(len(self.rank), dtype=np.bool_)
        for cells in settled:
            stages = self.plan.specifications[cells.specification].stages
            for judged in judged_batches(cells, stages=stages, stage=self.stage):
                is_judged[judged] = True
        return batches[~is_judged[batches]]
