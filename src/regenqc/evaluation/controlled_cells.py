"""Apply the controls of a requirement to its cells: what they say decides whether a result is evidence at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.cell_marks import Marks
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["controlled"]

# What controls say of a batch, as bits.
_FAILED, _UNDECIDED, _ABSENT, _TO_ACKNOWLEDGE = (np.uint8(1 << bit) for bit in range(4))
_SAID_BY_CONTROL: Final = np.zeros(256, dtype=np.uint8)
_SAID_BY_CONTROL[[Verdict.FAILS, Verdict.INCONCLUSIVE, Verdict.MISSING, Verdict.ALERT]] = (
    _FAILED, _UNDECIDED, _ABSENT, _TO_ACKNOWLEDGE,
)  # fmt: skip
_SAID_BY_MARKS: Final = np.zeros(256, dtype=np.uint8)
for _mark, _said in (
    (Marks.CONTROL_FAILED, _FAILED),
    (Marks.CONTROL_INCONCLUSIVE, _UNDECIDED),
    (Marks.CONTROL_MISSING, _ABSENT),
):
    _SAID_BY_MARKS[np.arange(256) & _mark > 0] |= _said


def controlled(
    verdict: NDArray[np.uint8],
    reason: NDArray[np.uint8],
    controls: Sequence[NDArray[np.uint8]],
    marks: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Apply the controls of a requirement: a result counts when all of them conform, and is no evidence otherwise.

    A result that has not been reported stays missing until a control fails or cannot be judged.

    Args:
        verdict: of the results alone.
        reason: of that verdict.
        controls: verdicts of each control that is reported in rows of its own.
        marks: for controls in columns of rows.

    Returns:
        Verdict and reason of each cell.

    Example:
        >>> reported, absent = np.array([[Verdict.CONFORMS], [Verdict.MISSING]], dtype=np.uint8)
        >>> no_reason, no_mark = np.zeros((2, 1), dtype=np.uint8)
        >>> verdict, reason = controlled(reported, no_reason, [absent], no_mark)
        >>> Verdict(verdict[0]).word, Reason(reason[0]).code
        ('inconclusive', 'control_missing')
    """
    found = _SAID_BY_MARKS[marks]
    for control in controls:
        found |= _SAID_BY_CONTROL[control]
    # Of most batches there is nothing to say.
    at = np.flatnonzero(found)
    if not len(at):
        return verdict, reason
    said, alone = found[at], verdict[at]
    failed, undecided = said & _FAILED > 0, said & _UNDECIDED > 0
    invalid = failed | undecided | ((said & _ABSENT > 0) & (alone > Verdict.MISSING))
    to_acknowledge = (alone == Verdict.CONFORMS) & (said & _TO_ACKNOWLEDGE > 0)
    why = np.where(undecided, np.uint8(Reason.CONTROL_INCONCLUSIVE), np.uint8(Reason.CONTROL_MISSING))
    why = np.where(failed, np.uint8(Reason.CONTROL_FAILED), why)
    verdict, reason = verdict.copy(), reason.copy()
    alone = np.where(to_acknowledge, np.uint8(Verdict.ALERT), alone)
    verdict[at] = np.where(invalid, np.uint8(Verdict.INCONCLUSIVE), alone)
    reason[at] = np.where(invalid, why, reason[at])
    return verdict, reason
