"""What the rows of a cell leave to be said beside its verdict, one set of marks per raw cell."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from regenqc.vocabulary import Reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.plan import Plan

__all__ = ["Marks", "findings_with_marks", "marks_of"]


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
    """Return the findings from which `marks_of` takes anything; the others do not change it.

    Args:
        findings: see `regenqc.evaluation.evidence.FINDING_SCHEMA`.

    Example:
        >>> from regenqc.evaluation.evidence import FINDING_SCHEMA
        >>> findings_with_marks(FINDING_SCHEMA.empty_table()).num_rows
        0
    """
    return findings.filter(pa.array(_TABLE[findings["reason"].to_numpy()] > 0))


def marks_of(findings: pa.Table, *, plan: Plan, groups: BatchGroups) -> NDArray[np.uint8] | None:
    """Return `Marks` of every raw cell, or `None` where no cell has any.

    Args:
        findings: what the judgement of rows recorded, see `regenqc.evaluation.evidence.FINDING_SCHEMA`.
        plan: slots of all specifications.
        groups: batches and their cells.
    """
    batch, slot, reason = (findings[name].to_numpy() for name in ("batch", "slot", "reason"))
    marks = _TABLE[reason]
    marks[plan.requirement_of_slot[slot] < 0] = 0
    # Rows of a control raise a cell of their own; what became of one of them concerns the requirement.
    marks[plan.is_control[slot]] &= np.uint8(Marks.NOTED)
    noted = np.flatnonzero(marks)
    if not len(noted):
        return None
    cells = np.zeros(len(groups.cells), dtype=np.uint8)
    np.bitwise_or.at(cells, groups.cells_of(batch[noted], slot[noted]), marks[noted])
    return cells
