"""Rules that tell a pattern from chance on a control chart, by their names: Western Electric and Nelson.

A point is an interval of standardised values, (value - centre) / sigma: a number is an interval without width, a censored
result is everything that it may be. A rule counts a point only where all of its interval does what the rule asks, so that a
censored point takes part where its limit proves something, and interrupts a run where it does not.

A point on the line between two zones belongs to the inner one. A rule marks the point that completes the pattern, and every
further point that continues it.

Source: Western Electric 1956, Statistical Quality Control Handbook; Nelson 1984, Journal of Quality Technology 16:237; NIST/SEMATECH
e-Handbook, 6.3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.statistics.control_charts import positions_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from regenqc.statistics.control_charts import Offsets
    from regenqc.statistics.domain import FloatArray

__all__ = ["NELSON", "RULES", "WESTERN_ELECTRIC", "Pattern", "RunRule", "rule_marks"]


class Pattern(StrEnum):
    """What a rule counts."""

    ABOVE_OR_BELOW = "on one side beyond the line"
    OUTSIDE = "on either side beyond the line"
    INSIDE = "between the lines"
    STEADY_STEPS = "steps in one direction"
    TURNS = "steps against the one before"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRule:
    """One rule.

    Args:
        name: stable, as written to files.
        pattern: what is counted.
        count: how many of it make a signal.
        window: among how many points in a row.
        sigmas: distance of the line from the centre.
        words: what happened, to be read behind the name of a series.
    """

    name: str
    pattern: Pattern
    count: int
    window: int
    sigmas: float = 0.0
    words: str


def _rule(name: str, pattern: Pattern, count: int, window: int, sigmas: float, words: str) -> RunRule:
    return RunRule(name=name, pattern=pattern, count=count, window=window, sigmas=sigmas, words=words)


_SIDE, _STEPS, _TURNS = Pattern.ABOVE_OR_BELOW, Pattern.STEADY_STEPS, Pattern.TURNS

WESTERN_ELECTRIC: Final = (
    _rule("western_electric_1", _SIDE, 1, 1, 3, "one point beyond 3 sigma"),
    _rule("western_electric_2", _SIDE, 2, 3, 2, "2 of 3 points beyond 2 sigma on one side"),
    _rule("western_electric_3", _SIDE, 4, 5, 1, "4 of 5 points beyond 1 sigma on one side"),
    _rule("western_electric_4", _SIDE, 8, 8, 0, "8 points in a row on one side of the centre"),
)
NELSON: Final = (
    _rule("nelson_1", _SIDE, 1, 1, 3, "one point beyond 3 sigma"),
    _rule("nelson_2", _SIDE, 9, 9, 0, "9 points in a row on one side of the centre"),
    _rule("nelson_3", _STEPS, 5, 5, 0, "6 points in a row, all rising or all falling"),
    _rule("nelson_4", _TURNS, 12, 12, 0, "14 points in a row, rising and falling by turns"),
    _rule("nelson_5", _SIDE, 2, 3, 2, "2 of 3 points beyond 2 sigma on one side"),
    _rule("nelson_6", _SIDE, 4, 5, 1, "4 of 5 points beyond 1 sigma on one side"),
    _rule("nelson_7", Pattern.INSIDE, 15, 15, 1, "15 points in a row within 1 sigma of the centre"),
    _rule("nelson_8", Pattern.OUTSIDE, 8, 8, 1, "8 points in a row beyond 1 sigma, on either side"),
)
RULES: Final = {rule.name: rule for rule in (*WESTERN_ELECTRIC, *NELSON)}


def rule_marks(rule: RunRule, *, lowest: FloatArray, highest: FloatArray, offsets: Offsets) -> npt.NDArray[np.bool_]:
    """Return which points complete or continue the pattern of a rule, in all series at once.

    Args:
        rule: one of `RULES`.
        lowest: the least standardised value that each point may have; NaN where the series has no centre or spread.
        highest: the greatest one.
        offsets: where each series begins, and the number of points.

    Example:
        >>> z = np.array([0.0, 2.5, 0.0, 2.1, 3.5])
        >>> [rule_marks(RULES[name], lowest=z, highest=z, offsets=np.array([0, 5])).tolist() for name in ("nelson_1", "nelson_5")]
        [[False, False, False, False, True], [False, False, False, True, True]]
    """
    position = positions_of(offsets)
    if rule.pattern is Pattern.ABOVE_OR_BELOW:
        sides = [lowest > rule.sigmas, highest < -rule.sigmas]
    elif rule.pattern is Pattern.OUTSIDE:
        sides = [(lowest > rule.sigmas) | (highest < -rule.sigmas)]
    elif rule.pattern is Pattern.INSIDE:
        sides = [(lowest >= -rule.sigmas) & (highest <= rule.sigmas)]
    else:
        rises = np.zeros(len(lowest), dtype=np.bool_)
        falls = rises.copy()
        rises[1:], falls[1:] = lowest[1:] > highest[:-1], highest[1:] < lowest[:-1]
        rises[position == 0] = falls[position == 0] = False
        sides = [rises, falls]
        if rule.pattern is Pattern.TURNS:
            turns = np.zeros(len(lowest), dtype=np.bool_)
            turns[1:] = (rises[1:] & falls[:-1]) | (falls[1:] & rises[:-1])
            turns[position == 0] = False
            sides = [turns]
    marks = np.zeros(len(lowest), dtype=np.bool_)
    for side in sides:
        marks |= side & (_recent(side, position, window=rule.window) >= rule.count)
    return marks


def _recent(side: npt.NDArray[np.bool_], position: Offsets, *, window: int) -> Offsets:
    """Return how many of the last points of the same series, the present one included, are on that side."""
    total = np.concatenate([[0], np.cumsum(side)])
    ends = np.arange(1, len(side) + 1)
    return np.asarray(total[ends] - total[ends - np.minimum(position + 1, window)])
