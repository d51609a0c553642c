"""Draw one trace as SVG: readings, limits, excursions, silence, and the way on which they count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.custody.moments import moment_of_milliseconds
from regenqc.custody.picture.drawing import INK, PALE, QUIET, Drawing
from regenqc.reinspection.condition.summary import explain_trace

if TYPE_CHECKING:
    from regenqc.reinspection.condition.excursions import TraceFindings
    from regenqc.reinspection.condition.requirement import ChannelRequirement
    from regenqc.reinspection.condition.traces import Traces

__all__ = ["trace_picture"]

_WIDTH: Final = 960.0
_LEFT, _RIGHT, _TOP, _HIGH = 84.0, 150.0, 96.0, 260.0
_RED: Final = "#d2483c"
_AMBER: Final = "#e0a030"
_LINE: Final = "#2f5d8a"
_MOST_POINTS: Final = 1_600
_WORDS: Final = {"conforms": "#3f8f4b", "inconclusive": "#b07a10", "fails": "#c23b30"}


def trace_picture(
    traces: Traces,
    findings: TraceFindings,
    position: int,
    requirement: ChannelRequirement,
    *,
    began: int,
    ended: int,
    title: str,
) -> str:
    """Return one trace as an SVG document without links to anything else.

    Args:
        traces: of one channel.
        findings: of `judge_traces`.
        position: of the trace.
        requirement: what the product permits.
        began: beginning of the way, milliseconds since 1970 UTC.
        ended: end of it.
        title: e.g. the shipment.

    A stretch without readings that is longer than permitted is hatched, and no line crosses it. Where there are more readings
    than room, the lowest and the highest of each small stretch are drawn, so that no excursion is hidden.
    """
    trace = traces.one(position)
    limits = requirement.limits_in(trace.unit) or (float("-inf"), float("inf"))
    verdict = findings.verdict(position).word
    sentences = explain_trace(traces, findings, position, requirement)
    drawing = Drawing(title, " ".join(sentences))
    drawing.definitions.append(
        '<pattern id="silent" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="#fff6e3"/><rect width="2" height="6" fill="{_AMBER}"/></pattern>'
    )
    drawing.text(_LEFT, 34, title, size=17, bold=True)
    drawing.text(_LEFT, 58, f"{trace.channel}, {trace.names[0]}", fill=QUIET)
    drawing.text(_WIDTH - _RIGHT, 34, verdict, size=17, bold=True, anchor="end", fill=_WORDS.get(verdict, INK))
    scale = _Scale(trace, limits, began, ended)
    _silence(drawing, trace, requirement, scale, began, ended)
    _axes(drawing, trace, scale, began, ended)
    _limits(drawing, requirement, limits, scale)
    _line(drawing, trace, requirement, scale, limits)
    foot = _TOP + _HIGH + 62
    for number, sentence in enumerate(sentences):
        drawing.text(_LEFT, foot + 19 * number, sentence, fill=INK if number == 0 else QUIET)
    return drawing.svg(_WIDTH, foot + 19 * len(sentences) + 12)


class _Scale:
    """Map moments and values to places."""

    def __init__(self, trace: Traces, limits: tuple[float, float], began: int, ended: int) -> None:
        first = int(trace.moments.min()) if trace.readings else began
        last = int(trace.moments.max()) if trace.readings else ended
        self.start, self.end = min(began, first), max(ended, last, min(began, first) + 1)
        seen = [value for value in limits if np.isfinite(value)]
        values = trace.values[np.isfinite(trace.values)]
        if values.size:
            seen += [float(values.min()), float(values.max())]
        low, high = (min(seen), max(seen)) if seen else (0.0, 1.0)
        room = (high - low) * 0.12 or 1.0
        self.low, self.high = low - room, high + room

    def x(self, moment: float) -> float:
        return _LEFT + (moment - self.start) / (self.end - self.start) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _TOP + (self.high - value) / (self.high - self.low) * _HIGH


def _silence(
    drawing: Drawing, trace: Traces, requirement: ChannelRequirement, scale: _Scale, began: int, ended: int
) -> None:
    if requirement.gap_minutes is None:
        return
    permitted = float(requirement.gap_minutes) * 60_000
    on_way = trace.moments[(trace.moments >= began) & (trace.moments <= ended)]
    moments = np.concatenate(([began], np.sort(on_way), [ended]))
    for at in np.flatnonzero(np.diff(moments) > permitted):
        start, end = scale.x(moments[at]), scale.x(moments[at + 1])
        minutes = (moments[at + 1] - moments[at]) / 60_000
        drawing.rectangle(
            start, _TOP, end - start, _HIGH, fill="url(#silent)", hint=f"no reading for {minutes:.0f} min"
        )
        if end - start > 70:
            drawing.text((start + end) / 2, _TOP + 18, "no reading", anchor="middle", fill=QUIET, halo=True)


def _axes(drawing: Drawing, trace: Traces, scale: _Scale, began: int, ended: int) -> None:
    for value in _round_values(scale.low, scale.high):
        y = scale.y(value)
        drawing.path(f"M{_LEFT:.1f},{y:.1f}H{_WIDTH - _RIGHT:.1f}", stroke=PALE, thickness=1)
        drawing.text(_LEFT - 10, y + 4, f"{value:g} {trace.unit}", anchor="end", fill=QUIET, size=11)
    bottom = _TOP + _HIGH
    for moment, word in ((began, "way began"), (ended, "way ended")):
        x = scale.x(moment)
        drawing.path(f"M{x:.1f},{_TOP - 6:.1f}V{bottom + 6:.1f}", stroke=QUIET, thickness=1, dashed=True)
        anchor = "start" if moment == began else "end"
        text = moment_of_milliseconds(moment)
        drawing.text(x, bottom + 22, word, anchor=anchor, fill=QUIET, size=11)
        drawing.text(x, bottom + 36, f"{text[:10]} {text[11:16]} UTC", anchor=anchor, fill=QUIET, size=11)


def _limits(drawing: Drawing, requirement: ChannelRequirement, limits: tuple[float, float], scale: _Scale) -> None:
    for limit, stated, word in ((limits[0], requirement.low, "at least"), (limits[1], requirement.high, "at most")):
        if not np.isfinite(limit):
            continue
        y = scale.y(limit)
        drawing.path(f"M{_LEFT:.1f},{y:.1f}H{_WIDTH - _RIGHT:.1f}", stroke=_RED, thickness=1.3, dashed=True)
        drawing.text(_WIDTH - _RIGHT + 10, y + 4, f"{word} {stated} {requirement.unit}", fill=_RED, size=11)


def _line(
    drawing: Drawing, trace: Traces, requirement: ChannelRequirement, scale: _Scale, limits: tuple[float, float]
) -> None:
    known = ~np.isnan(trace.values)
    moments, values = trace.moments[known], trace.values[known]
    order = np.argsort(moments, kind="stable")
    moments, values = moments[order], values[order]
    permitted = np.inf if requirement.gap_minutes is None else float(requirement.gap_minutes) * 60_000
    for some in np.split(np.arange(moments.size), np.flatnonzero(np.diff(moments) > permitted) + 1):
        times, seen = _thinned(moments[some], values[some])
        points = [
            f"{scale.x(float(moment)):.1f},{scale.y(float(value)):.1f}"
            for moment, value in zip(times, seen, strict=True)
        ]
        if points:
            drawing.path(f"M{' L'.join(points)}", stroke=_LINE, thickness=1.6)
    moments, values = _thinned(moments, values)
    for at in np.flatnonzero((values < limits[0]) | (values > limits[1])):
        hint = f"{values[at]:g} {trace.unit} at {moment_of_milliseconds(int(moments[at]))}"
        drawing.circle(scale.x(moments[at]), scale.y(values[at]), 2.6, fill=_RED, hint=hint)


def _thinned(
    moments: np.ndarray[tuple[int], np.dtype[np.int64]], values: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    if moments.size <= _MOST_POINTS:
        return moments, values
    keep: set[int] = {0, moments.size - 1}
    for some in np.array_split(np.arange(moments.size), _MOST_POINTS // 2):
        keep |= {int(some[np.argmin(values[some])]), int(some[np.argmax(values[some])])}
    chosen = np.asarray(sorted(keep))
    return moments[chosen], values[chosen]


def _round_values(low: float, high: float) -> list[float]:
    step = 10.0 ** np.floor(np.log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
    first = np.ceil(low / step)
    return [float(number * step) for number in np.arange(first, np.floor(high / step) + 1)]
