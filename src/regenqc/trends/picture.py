"""Draw the chart of one series as SVG: numbers as dots, censored points hollow at their limit, limits as lines.

Colours and fonts come from the page, by class, so that a picture is dark where the page is.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.dates import format_time
from regenqc.evaluation.visible_text import visible
from regenqc.trends.signals import point_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.trends.charts import Charts
    from regenqc.trends.series import Points

__all__ = ["MOST_POINTS", "draw_series"]

MOST_POINTS: Final = 200
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 900, 260, 64, 142, 14, 30
_NAME_LENGTH: Final = 60
_LINE_OF_TEXT: Final = 12.0


@dataclass(frozen=True, slots=True)
class _Frame:
    """The part of the plane that is drawn."""

    count: int
    low: float
    high: float

    def x(self, at: int) -> float:
        return _LEFT + (at + 0.5) * (_WIDTH - _LEFT - _RIGHT) / max(self.count, 1)

    def y(self, value: float) -> float:
        return _TOP + (self.high - value) / (self.high - self.low) * (_HEIGHT - _TOP - _BOTTOM)


def draw_series(points: Points, charts: Charts, number: int, *, limits: tuple[float, ...] = ()) -> str:
    """Return the chart of the last `MOST_POINTS` lots of a series.

    Args:
        points: of all series.
        charts: of the same series.
        number: of the series.
        limits: of specifications, in the unit of the series; drawn where they lie near the points.
    """
    last = int(points.offsets[number + 1])
    part = slice(max(int(points.offsets[number]), last - MOST_POINTS), last)
    lowest, highest = points.lowest[part], points.highest[part]
    # A censored point stands at the limit that it was reported with.
    shown = np.where(np.isfinite(highest), highest, lowest)
    centre, sigma = float(charts.centre[number]), float(charts.sigma[number])
    lines = [(centre + k * sigma, k) for k in (-3, 0, 3)] if np.isfinite(centre) else []
    frame = _frame(shown, [height for height, _ in lines], limits)
    marked = np.any([marks[part] for marks in charts.marks.values()], axis=0)
    drawn = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{_text(points.series[number].name)}">']
    drawn += _axis(frame)
    named = [(limit, "limit", f"limit {limit:.5g}") for limit in limits]
    named += [
        (at, "sigma" if k else "centre", f"{k:+d} sigma {at:.5g}" if k else f"centre {at:.5g}") for at, k in lines
    ]
    drawn += _lines(frame, [line for line in named if frame.low <= line[0] <= frame.high])
    drawn += _average(frame, charts.ewma[part])
    drawn.append('<g class="points">')
    for at, (value, ends) in enumerate(
        zip(shown.tolist(), zip(lowest.tolist(), highest.tolist(), strict=True), strict=True)
    ):
        hollow = ends[0] != ends[1]
        kind = "hollow" if hollow else "number"
        lot = points.batch_ids[points.batch[part.start + at]]
        when = format_time(int(points.tested[part.start + at]))[:10]
        drawn.append(
            f'<circle class="{kind}{" marked" if marked[at] else ""}" cx="{frame.x(at):.1f}" cy="{frame.y(value):.1f}" '
            f'r="{4.2 if marked[at] else 2.8}"><title>{_text(lot)}, {when}: {_text(point_text(*ends))}</title></circle>'
        )
    first, final = (format_time(int(points.tested[at]))[:10] for at in (part.start, last - 1))
    drawn += [
        "</g>",
        f'<text class="tick" x="{_LEFT}" y="{_HEIGHT - 8}">{first}</text>',
        f'<text class="tick" x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{final}</text>',
        "</svg>",
    ]
    return "".join(drawn)


def _frame(shown: NDArray[np.float64], lines: list[float], limits: tuple[float, ...]) -> _Frame:
    every = np.concatenate([shown, lines])
    low, high = float(every.min()), float(every.max())
    room = (high - low) or abs(high) or 1.0
    # A limit far away would press the points into a line.
    near = [limit for limit in limits if low - room < limit < high + room]
    low, high = min([low, *near]), max([high, *near])
    edge = 0.06 * ((high - low) or abs(high) or 1.0)
    return _Frame(len(shown), low - edge, high + edge)


def _axis(frame: _Frame) -> list[str]:
    step = 10.0 ** np.floor(np.log10((frame.high - frame.low) / 2))
    step *= next(times for times in (1, 2, 5, 10) if (frame.high - frame.low) / (step * times) <= 6)
    ticks = np.arange(np.ceil(frame.low / step), np.floor(frame.high / step) + 1) * step
    return [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{frame.y(tick):.1f}" y2="{frame.y(tick):.1f}"/>'
        f'<text class="tick" x="{_LEFT - 6}" y="{frame.y(tick) + 4:.1f}" text-anchor="end">{tick + 0.0:.6g}</text>'
        for tick in ticks.tolist()
    ]


def _lines(frame: _Frame, named: list[tuple[float, str, str]]) -> list[str]:
    """Return lines with their names at the right, from above to below, so far apart that none covers another."""
    drawn, free = [], 0.0
    for height, kind, words in sorted(named, key=lambda line: -line[0]):
        y = frame.y(height)
        free = max(y + 4, free)
        drawn += [
            f'<line class="{kind}" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text class="name {kind}" x="{_WIDTH - _RIGHT + 6}" y="{free:.1f}">{_text(words)}</text>',
        ]
        free += _LINE_OF_TEXT
    return drawn


def _average(frame: _Frame, ewma: NDArray[np.float64]) -> list[str]:
    if np.isnan(ewma).any():
        return []
    corners = " ".join(f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in enumerate(ewma.tolist()))
    return [f'<polyline class="ewma" points="{corners}"/>']


def _text(text: str) -> str:
    return escape(visible(text, longest=_NAME_LENGTH), quote=True)
