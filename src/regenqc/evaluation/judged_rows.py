"""The rows of one chunk, and the verdicts that they have so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regenqc.evaluation.kernel import COLLECTED, DELEGATED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.evaluation.kernel import RowArrays
    from regenqc.intake.coding import CodedRows

__all__ = ["Chunk", "JudgedRows", "raise_rows"]


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """One chunk after judgement.

    Args:
        coded: the rows as coded.
        verdict: worst verdict of each row over the requirements that speak about it.
        reason: the reason of that verdict.
    """

    coded: CodedRows
    verdict: NDArray[np.uint8]
    reason: NDArray[np.uint8]


class Chunk(NamedTuple):
    """One chunk while it is being judged.

    Args:
        judged: its rows.
        arrays: the same as the kernel reads them.
        row_key: key of its first row, see `ROW_BITS`.
    """

    judged: JudgedRows
    arrays: RowArrays
    row_key: np.int64


def raise_rows(
    judged: JudgedRows,
    rows: NDArray[np.integer],
    verdict: NDArray[np.integer],
    reason: NDArray[np.integer],
) -> None:
    """Raise the verdicts of rows, and put a real reason where the kernel left a mark."""
    # Worst last, and of equals the first one last: of a row that is named several times, what is written last stays.
    order = np.argsort(-verdict.astype(np.int8), kind="stable")[::-1]
    at = rows[order]
    marked = (judged.reason[at] == DELEGATED) | (judged.reason[at] == COLLECTED)
    order = order[marked | (verdict[order] > judged.verdict[at])]
    at = rows[order]
    judged.verdict[at] = verdict[order]
    judged.reason[at] = reason[order]
