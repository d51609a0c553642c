"""Signals: what a reviewer should look at, each with a name, the lot, and a sentence that can be acknowledged.

Points that one rule marks one after the other are one signal, raised at the first of them. A signal never changes a
disposition. Its identifier depends on the rule, the series and the lot alone, so that an acknowledged one is known again.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.dates import format_time
from regenqc.statistics.control_charts import positions_of
from regenqc.trends.charts import CHART_RULES
from regenqc.trends.comparisons import LEAST_EFFECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.trends.charts import Charts
    from regenqc.trends.comparisons import Comparison
    from regenqc.trends.lots import UnlikeLot
    from regenqc.trends.series import Points

__all__ = ["FALSE_ALERTS", "Signal", "chart_signals", "comparison_signals", "lot_signals", "point_text", "q_text"]

# Share of false alerts among comparisons and among lots.
FALSE_ALERTS: Final = 0.05
_MOST_DRIVERS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One alert.

    Args:
        signal_id: stable.
        rule: name of the rule.
        series: position of the series, -1 for a lot as a whole.
        batch_id: the lot at which it was raised; empty for a comparison.
        tested_at: of that lot, ISO 8601; empty for a comparison.
        value: of that lot; empty where there is none.
        until_batch_id: the last lot in a row that the rule marks.
        points: lots that it marks in a row.
        point: position of the first of them, -1 for none.
        factor: column compared.
        group: the group that lies farthest from the others.
        effect: epsilon² of a comparison; distance from the centre in sigma for a chart; score of the farthest test of a lot.
        q_value: adjusted chance, where there is one.
        sentence: what a reviewer acknowledges.
    """

    signal_id: str
    rule: str
    series: int = -1
    batch_id: str = ""
    tested_at: str = ""
    value: str = ""
    until_batch_id: str = ""
    points: int = 0
    point: int = -1
    factor: str = ""
    group: str = ""
    effect: float | None = None
    q_value: float | None = None
    sentence: str


def point_text(lowest: float, highest: float) -> str:
    """Return what a point may be, as it is read.

    Example:
        >>> point_text(7.2, 7.2), point_text(0.0, 0.05), point_text(5.0, float("inf")), point_text(0.1, 0.2)
        ('7.2', '< 0.05', '> 5', '0.1 to 0.2')
    """
    if lowest == highest:
        return f"{lowest:.6g}"
    if np.isinf(highest):
        return f"> {lowest:.6g}"
    return f"< {highest:.6g}" if lowest == 0 or np.isinf(lowest) else f"{lowest:.6g} to {highest:.6g}"


def q_text(q_value: float) -> str:
    """Return an adjusted chance as it is read; below what a normal distribution can be believed for, a bound.

    Example:
        >>> q_text(0.0123), q_text(0.0)
        ('q 0.012', 'q < 1e-06')
    """
    return f"q {q_value:.2g}" if q_value >= 1e-6 else "q < 1e-06"


def chart_signals(points: Points, charts: Charts) -> list[Signal]:
    """Return one signal for every run of marked points, by series, time and rule.

    Args:
        points: of all series.
        charts: of the same series.
    """
    position, of = positions_of(points.offsets), points.series_of
    found: list[tuple[int, str, int]] = []
    for rule, marks in charts.marks.items():
        starts = marks.copy()
        starts[1:] &= ~(marks[:-1] & (position[1:] > 0))
        ends = marks.copy()
        ends[:-1] &= ~(marks[1:] & (position[1:] > 0))
        pairs = zip(np.flatnonzero(starts).tolist(), np.flatnonzero(ends).tolist(), strict=True)
        found += [(first, rule, last) for first, last in pairs]
    names = [series.name for series in points.series]
    return [_chart_signal(points, charts, names, of, entry) for entry in sorted(found)]


def _chart_signal(
    points: Points, charts: Charts, names: list[str], of: NDArray[np.int64], entry: tuple[int, str, int]
) -> Signal:
    first, rule, last = entry
    series = int(of[first])
    batch_id, until = points.batch_ids[points.batch[first]], points.batch_ids[points.batch[last]]
    value = point_text(float(points.lowest[first]), float(points.highest[first]))
    tested_at = format_time(int(points.tested[first]))
    count = last - first + 1
    runs_on = f" It goes on for {count} lots, to {until}." if count > 1 else ""
    centre, sigma = float(charts.centre[series]), float(charts.sigma[series])
    around = f", centre {centre:.5g}, sigma {sigma:.3g}" if np.isfinite(centre) else ""
    away = float(charts.lowest[first])
    return Signal(
        signal_id=_identifier(rule, names[series], batch_id),
        rule=rule,
        series=series,
        batch_id=batch_id,
        tested_at=tested_at,
        value=value,
        until_batch_id=until,
        points=count,
        point=first,
        effect=away if np.isfinite(away) else None,
        sentence=f"{names[series]}: {CHART_RULES[rule]}, at lot {batch_id} of {tested_at[:10]} (value {value}{around}).{runs_on}",
    )


def comparison_signals(points: Points, comparisons: list[Comparison]) -> list[Signal]:
    """Return a signal for every comparison that chance does not explain and whose effect is not negligible."""
    return [
        Signal(
            signal_id=_identifier("comparison", points.series[entry.series].name, f"{entry.factor}={entry.group}"),
            rule="comparison",
            series=entry.series,
            factor=entry.factor,
            group=entry.group,
            points=entry.group_lots,
            effect=entry.effect,
            q_value=entry.q_value,
            sentence=(
                f"{points.series[entry.series].name} differs by {entry.factor} (epsilon² {entry.effect:.3f}, {entry.groups} "
                f"groups, {entry.lots} lots, {q_text(entry.q_value)}): {entry.group} lies {'above' if entry.delta > 0 else 'below'} "
                f"the others (Cliff's delta {entry.delta:+.2f}, {entry.group_lots} lots)."
            ),
        )
        for entry in comparisons
        if entry.q_value <= FALSE_ALERTS and entry.effect >= LEAST_EFFECT
    ]


def lot_signals(points: Points, lots: list[UnlikeLot]) -> list[Signal]:
    """Return a signal for every lot that is unlike its history, with the tests that drive it."""
    of = points.series_of
    found = []
    for lot in lots:
        driver, score = lot.drivers[0]
        batch_id = points.batch_ids[lot.batch]
        parts = [
            f"{points.series[int(of[point])].name} {point_text(float(points.lowest[point]), float(points.highest[point]))} "
            f"({distance:+.3g} robust sigma)"
            for point, distance in lot.drivers[:_MOST_DRIVERS]
        ]
        more = f" and {len(lot.drivers) - _MOST_DRIVERS} more" if len(lot.drivers) > _MOST_DRIVERS else ""
        found.append(
            Signal(
                signal_id=_identifier("unlike_its_history", "", batch_id),
                rule="unlike_its_history",
                batch_id=batch_id,
                tested_at=format_time(int(points.tested[driver])),
                until_batch_id=batch_id,
                points=1,
                effect=score,
                q_value=lot.q_value,
                sentence=(
                    f"Lot {batch_id} is unlike the other lots in {len(lot.drivers)} of {lot.tests} tests ({q_text(lot.q_value)}): "
                    f"{'; '.join(parts)}{more}."
                ),
            )
        )
    return found


def _identifier(rule: str, series: str, where: str) -> str:
    return sha256(f"{rule}\x1f{series}\x1f{where}".encode()).hexdigest()[:12]
