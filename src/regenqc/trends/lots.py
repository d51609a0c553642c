"""Lots that are unlike their history: all tests of a lot together, with the tests that drive it.

Every number is compared with the median of its series in robust standard deviations, so that an odd lot does not hide itself;
in a series with censored points with its fitted centre and spread. Chances are those of a normal distribution, adjusted by
Holm over the tests of a lot, and by Benjamini and Hochberg over lots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regenqc.statistics.comparison import (
    adjusted_for_false_discovery,
    holm_adjusted,
    robust_scores,
    two_sided_p_values,
)

if TYPE_CHECKING:
    from regenqc.trends.charts import Charts
    from regenqc.trends.series import Points

__all__ = ["UnlikeLot", "unlike_lots"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlikeLot:
    """A lot that is unlike the others.

    Args:
        batch: index into `batch_ids`.
        q_value: adjusted for its tests and for all lots.
        tests: number of its points that were compared.
        drivers: points that lie too far from their series by themselves, the farthest first, with their scores.
    """

    batch: int
    q_value: float
    tests: int
    drivers: tuple[tuple[int, float], ...]


def unlike_lots(points: Points, charts: Charts, *, level: float = 0.05) -> list[UnlikeLot]:
    """Return the lots that are unlike their history, the least likely first.

    Args:
        points: of all series.
        charts: of the same series; those without a chart are left out.
        level: of false alerts among the alerts.
    """
    of = points.series_of
    with np.errstate(invalid="ignore"):
        scores = np.where(
            charts.censored[of] == 0, robust_scores(points.highest, offsets=points.offsets), charts.lowest
        )
    compared = np.flatnonzero(~points.is_censored & ~np.isnan(charts.centre[of]) & ~np.isnan(scores))
    if not len(compared):
        return []
    lots, lot = np.unique(points.batch[compared], return_inverse=True)
    p_values = holm_adjusted(two_sided_p_values(scores[compared]), family=lot)
    least = np.ones(len(lots))
    np.minimum.at(least, lot, p_values)
    q_values = adjusted_for_false_discovery(least)
    tests = np.bincount(lot, minlength=len(lots))
    unlike = np.flatnonzero(q_values <= level)
    driving = np.flatnonzero((q_values[lot] <= level) & (p_values <= level))
    drivers: dict[int, list[tuple[int, float]]] = {}
    for at in driving[np.argsort(-np.abs(scores[compared[driving]]), kind="stable")].tolist():
        drivers.setdefault(int(lot[at]), []).append((int(compared[at]), float(scores[compared[at]])))
    listed = [
        UnlikeLot(
            batch=int(lots[number]),
            q_value=float(q_values[number]),
            tests=int(tests[number]),
            drivers=tuple(drivers[number]),
        )
        for number in unlike.tolist()
    ]
    return sorted(listed, key=lambda entry: (entry.q_value, -abs(entry.drivers[0][1]), entry.batch))
