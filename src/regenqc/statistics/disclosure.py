"""Withhold counts of few people, and as many others as are needed so that sums do not give them back.

Counts and their sums are one system: whoever reads a table knows what is printed, that parts add up to their sums, that counts are not
negative, and that nothing withheld is zero, because zeros are printed. A count below the smallest that may be shown is withheld
first. Then further counts are withheld until no withheld count follows from what is printed: the least and the most that each
may be are found by linear programming, over all tables at once.

Source of the rule and of its usual threshold: Cell Size Suppression Policy of the Centers for Medicare & Medicaid Services, as of
2024-01-26 (resdac.org/node/1506): no cell of 1 to 10 is shown, nor may one be derived from others; zero may be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import optimize

from regenqc.errors import Fault, InternalError, UsageError
from regenqc.statistics.domain import COUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from regenqc.statistics.domain import FloatArray

__all__ = ["SMALLEST_SHOWN", "Sum", "possible_ranges", "withheld"]

SMALLEST_SHOWN: Final = 11
_PRECISION: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Sum:
    """Say that counts add up to another one; all are positions."""

    total: int
    parts: tuple[int, ...]


def withheld(
    counts: npt.NDArray[np.int64], *, sums: Sequence[Sum], smallest: int = SMALLEST_SHOWN
) -> npt.NDArray[np.bool_]:
    """Return which counts are not to be shown.

    Args:
        counts: of people, whole numbers.
        sums: everything that a reader knows to add up.
        smallest: counts from 1 up to the one before are not shown.

    Returns:
        A mask. What is below `smallest` is in it, and may be so much as `smallest` or more for all that a reader can tell, in a
        range at least as wide; everything else in it may be two numbers at least.

    Raises:
        UsageError: `RQC-U080`, a count that is none; `RQC-U097`, parts that do not add up.

    Example:
        >>> rows = [Sum(2, (0, 1)), Sum(5, (3, 4)), Sum(6, (0, 3)), Sum(7, (1, 4)), Sum(8, (2, 5)), Sum(8, (6, 7))]
        >>> withheld(np.array([3, 40, 43, 50, 60, 110, 53, 100, 153]), sums=rows).tolist()
        [True, True, False, True, True, False, False, False, False]
    """
    COUNT.read(counts.astype(np.float64), "counts", complete=True)
    for each in sums:
        if counts[each.total] != counts[list(each.parts)].sum():
            raise UsageError(
                Fault(
                    code="RQC-U097",
                    what="Parts do not add up to their sum.",
                    got=f"{counts[list(each.parts)].tolist()} and {counts[each.total]}",
                    action="Count again.",
                )
            )
    hidden = (counts > 0) & (counts < smallest)
    is_total = np.zeros(len(counts), dtype=np.bool_)
    is_total[[each.total for each in sums]] = True
    # Whatever is withheld besides only widens the range of a count: who is safe once is looked at no more.
    safe: set[int] = set()
    while waiting := [at for at in np.flatnonzero(hidden).tolist() if at not in safe]:
        at = waiting[0]
        if _is_safe(at, counts, hidden, sums, smallest):
            safe.add(at)
        else:
            hidden[_companion(at, counts, hidden, is_total, sums)] = True
    return hidden


def possible_ranges(
    counts: npt.NDArray[np.int64], *, sums: Sequence[Sum], hidden: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most that each count may be for all that a reader can tell.

    Args:
        counts: all of them; those that are withheld are not looked at.
        sums: everything that a reader knows to add up.
        hidden: which are withheld.

    Example:
        >>> least, most = possible_ranges(np.array([3, 40, 43]), sums=[Sum(2, (0, 1))], hidden=np.array([True, True, False]))
        >>> least.tolist(), most.tolist()
        ([1.0, 1.0, 43.0], [42.0, 42.0, 43.0])
    """
    least, most = counts.astype(np.float64), counts.astype(np.float64)
    for at in np.flatnonzero(hidden).tolist():
        least[at], most[at] = _range(at, counts, hidden, sums)
    return least, most


def _is_safe(
    at: int, counts: npt.NDArray[np.int64], hidden: npt.NDArray[np.bool_], sums: Sequence[Sum], smallest: int
) -> bool:
    least, most = _range(at, counts, hidden, sums)
    if counts[at] < smallest:
        return most - least >= smallest - 1 - _PRECISION and most >= smallest - _PRECISION
    return most - least >= 1 - _PRECISION


def _companion(
    at: int,
    counts: npt.NDArray[np.int64],
    hidden: npt.NDArray[np.bool_],
    is_total: npt.NDArray[np.bool_],
    sums: Sequence[Sum],
) -> int:
    """Return which count to withhold next: of those in a sum with what hangs together with it, a part before a total."""
    reached: set[int] = {at}
    fitting: set[int] = set()
    grew = True
    while grew:
        grew = False
        for each in sums:
            places = {each.total, *each.parts}
            if places & reached:
                own = {place for place in places if hidden[place]}
                grew = grew or not own <= reached
                reached |= own
                fitting |= {place for place in places if counts[place] > 0 and not hidden[place]}
    if not fitting:
        # Sums are homogeneous: when all that hangs together is withheld, every multiple of it is possible.
        raise InternalError(Fault(code="RQC-X096", what="A count that stands in no printed sum was told from them."))
    return min(fitting, key=lambda place: (bool(is_total[place]), int(counts[place]), place))


def _range(
    at: int, counts: npt.NDArray[np.int64], hidden: npt.NDArray[np.bool_], sums: Sequence[Sum]
) -> tuple[float, float]:
    unknown = {place: number for number, place in enumerate(np.flatnonzero(hidden).tolist())}
    rows, right = [], []
    for each in sums:
        signed = [(each.total, -1.0), *((part, 1.0) for part in each.parts)]
        if not any(place in unknown for place, _ in signed):
            continue
        row = np.zeros(len(unknown))
        known = 0.0
        for place, sign in signed:
            if place in unknown:
                row[unknown[place]] += sign
            else:
                known += sign * float(counts[place])
        rows.append(row)
        right.append(-known)
    if not rows:
        return 1.0, np.inf
    ends = []
    for sign in (1.0, -1.0):
        aim = np.zeros(len(unknown))
        aim[unknown[at]] = sign
        found = optimize.linprog(aim, A_eq=np.array(rows), b_eq=np.array(right), bounds=(1, None), method="highs")
        ends.append(sign * found.fun if found.status == 0 else sign * -np.inf)
    return float(ends[0]), float(ends[1])
