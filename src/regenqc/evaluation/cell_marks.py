"""What was recorded about raw cells: of which rows, and what these leave to be said beside the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from regenqc.vocabulary import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.plan import Plan

__all__ = ["Marks", "RecordedCells", "findings_with_marks", "recorded_cells"]


class Marks(IntFlag):
    """What rows leave to be said about their cell."""

    # A conforming cell becomes an alert: something about its results has to be acknowledged.
    NOTED = 1
    # A failing result was set aside: nothing that is missing may be waited for.
    SET_ASIDE = 2
    # A control in a column of a row does not conform.
    CONTROL_MISSING = 4
    CONTROL_INCONCLUSIVE = 8
    CONTROL_FAILED = 16


_OF_REASON: Final = {
    Reason.FAILING_RESULT_INVALIDATED: Marks.NOTED | Marks.SET_ASIDE,
    Reason.FAILING_RESULT_REVISED: Marks.NOTED | Marks.SET_ASIDE,
    Reason.INVALIDATION_WITHOUT_INVESTIGATION: Marks.NOTED,
    Reason.INVALIDATION_WITHOUT_CAUSE: Marks.NOTED,
    Reason.INVALIDATION_WITHOUT_SECOND_PERSON: Marks.NOTED,
    Reason.INDIVIDUAL_RESULT_OUTSIDE: Marks.NOTED,
    Reason.INPUT_INVALIDATED: Marks.NOTED | Marks.SET_ASIDE,
    Reason.INPUT_REVISED: Marks.NOTED | Marks.SET_ASIDE,
    Reason.CONTROL_OUTSIDE_ALERT_LIMIT: Marks.NOTED,
    Reason.CONTROL_MISSING: Marks.CONTROL_MISSING,
    Reason.CONTROL_INCONCLUSIVE: Marks.CONTROL_INCONCLUSIVE,
    Reason.CONTROL_FAILED: Marks.CONTROL_FAILED,
}
_TABLE: Final = np.zeros(256, dtype=np.uint8)
for _reason, _marks in _OF_REASON.items():
    _TABLE[_reason] = _marks


def findings_with_marks(findings: pa.Table) -> pa.Table:
    """Return the findings that leave marks; the others do not change it.

    Args:
        findings: see `regenqc.evaluation.evidence.FINDING_SCHEMA`.

    Example:
        >>> from regenqc.evaluation.evidence import FINDING_SCHEMA
        >>> findings_with_marks(FINDING_SCHEMA.empty_table()).num_rows
        0
    """
    return findings.filter(pa.array(_TABLE[findings["reason"].to_numpy()] > 0))


@dataclass(frozen=True, slots=True)
class RecordedCells:
    """What was recorded about the cells of one group of batches, in order of slots; a cell may stand there several times.

    Args:
        row: position among all that was recorded.
        slot: of each.
        place: position of the batch of each among the batches of the group.
        marks: `Marks` of each.
    """

    row: NDArray[np.int64]
    slot: NDArray[np.int32]
    place: NDArray[np.int64]
    marks: NDArray[np.uint8]

    def about(self, slot: int) -> slice:
        """Return where the cells of a slot stand."""
        first, last = np.searchsorted(self.slot, [slot, slot + 1]).tolist()
        return slice(first, last)

    def marks_of(self, slots: Iterable[int], *, count: int) -> NDArray[np.uint8]:
        """Return the marks that the rows of some slots leave, one set for every batch.

        Args:
            slots: of one requirement.
            count: of batches.

        Example:
            >>> place, marks = np.array([0, 0, 2]), np.array([1, 2, 4], dtype=np.uint8)
            >>> cells = RecordedCells(np.arange(3), np.array([0, 1, 1]), place, marks)
            >>> cells.marks_of([0, 1], count=3).tolist(), cells.marks_of([5], count=3).tolist()
            ([3, 0, 4], [0, 0, 0])
        """
        found: NDArray[np.uint8] | None = None
        for slot in slots:
            at = self.about(slot)
            if self.marks[at].any():
                found = np.zeros(count, dtype=np.uint8) if found is None else found
                np.bitwise_or.at(found, self.place[at], self.marks[at])
        # A view of one value: most cells have none, and there may be millions of batches.
        return np.broadcast_to(np.uint8(0), count) if found is None else found


def recorded_cells(
    findings: pa.Table, *, batches: NDArray[np.int64], plan: Plan, groups: BatchGroups, rank: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], RecordedCells]]:
    """Yield for every group those of some batches that are in it, and what was recorded about their cells.

    Args:
        findings: what the judgement of rows recorded of the batches, see `regenqc.evaluation.evidence.FINDING_SCHEMA`.
        batches: codes, in the order of identifiers.
        plan: slots of all specifications.
        groups: batches and their groups.
        rank: position of each batch code in the order of identifiers.
    """
    batch, slot = (findings[name].to_numpy() for name in ("batch", "slot"))
    marks = _marks_of(findings, plan)
    group_of_row = groups.group_of_batch[batch]
    group_of_batch = groups.group_of_batch[batches]
    by_group = batches[np.argsort(group_of_batch, kind="stable")]
    edges = np.cumsum(np.concatenate([[0], np.bincount(group_of_batch, minlength=len(groups.groups))]))
    for group in range(len(groups.groups)):
        members = by_group[edges[group] : edges[group + 1]]
        rows = np.flatnonzero(group_of_row == group)
        rows = rows[np.argsort(slot[rows], kind="stable")]
        place = np.searchsorted(rank[members], rank[batch[rows]])
        yield members, RecordedCells(rows, slot[rows], place, marks[rows])


def _marks_of(findings: pa.Table, plan: Plan) -> NDArray[np.uint8]:
    slot = findings["slot"].to_numpy()
    marks: NDArray[np.uint8] = _TABLE[findings["reason"].to_numpy()]
    marks[plan.requirement_of_slot[slot] < 0] = 0
    # Rows of a control raise a cell of their own; what became of one of them concerns the requirement.
    marks[plan.is_control[slot]] &= np.uint8(Marks.NOTED)
    return marks
