"""The custody timeline: who held an item, where it was, what it went through, and where its identity was checked."""

from __future__ import annotations

from bisect import bisect_right
from math import log2
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from regenqc.custody.kinds import KINDS
from regenqc.custody.moments import milliseconds_of
from regenqc.custody.picture.drawing import INK, PALE, QUIET, Drawing, text_width, trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.trace.condition_chain import ChannelSummary
    from regenqc.custody.trace.custody_chain import CustodyFinding, CustodySpan
    from regenqc.custody.trace.identity_chain import IdentityPoint
    from regenqc.custody.trace.reader import Step

__all__ = ["timeline_picture"]

_LEFT: Final = 128.0
_RIGHT: Final = 40.0
_LANE: Final = 46.0
_HOLDERS: Final = ("#4f7fc0", "#4fa69c", "#b1805a", "#8b6fb5", "#6f9a4d", "#c06b86", "#5f8ea8", "#9a8a45")
_RED: Final = "#d2483c"
_AMBER: Final = "#e0a030"
_GREEN: Final = "#4f9f5b"


class _Scale:
    """Map moments to places: every stretch between two moments gets room by the logarithm of its length.

    Days of culture and the minutes of a thaw then stand beside each other and can both be read.
    """

    def __init__(self, moments: Sequence[str]) -> None:
        self.moments = sorted(set(moments))
        self._times = [milliseconds_of(moment) for moment in self.moments]
        self._places = [_LEFT + 12]
        for first, second in zip(self._times, self._times[1:], strict=False):
            minutes = (second - first) / 60_000
            self._places.append(self._places[-1] + min(34 + 11 * log2(1 + minutes), 190))
        self.end = self._places[-1] + 46

    def __call__(self, moment: str | None) -> float:
        if moment is None:
            return self.end
        time = milliseconds_of(moment)
        at = bisect_right(self._times, time) - 1
        if at < 0:
            return self._places[0]
        if at + 1 >= len(self._times):
            return self._places[-1]
        share = (time - self._times[at]) / (self._times[at + 1] - self._times[at])
        return self._places[at] + share * (self._places[at + 1] - self._places[at])


def timeline_picture(
    code: str,
    *,
    steps: Sequence[Step],
    spans: Sequence[CustodySpan],
    findings: Sequence[CustodyFinding] = (),
    channels: Sequence[ChannelSummary] = (),
    points: Sequence[IdentityPoint] = (),
) -> str:
    """Return the custody timeline of an item as SVG.

    Args:
        code: of the item.
        steps: its life (`Reader.life`); at least one.
        spans: who held it (`custody_spans`).
        findings: gaps and overlaps (`custody_findings`).
        channels: what loggers saw (`condition_of`).
        points: where its identity was stated (`identity_points`); those of other items are left out.

    Returns:
        One SVG document without links to anything else. The scale is not even: each stretch between two moments has room
        by the logarithm of its length, and its length stands under it.
    """
    own = [point for point in points if point.item == code]
    moments = [step.event.event_time for step in steps]
    moments += [moment for span in spans for moment in (span.started, span.ended) if moment]
    moments += [moment for channel in channels for gap in channel.unwatched for moment in (gap.started, gap.ended)]
    scale = _Scale(moments)
    lanes = ["custody", "place", *(f"condition {number}" for number in range(len(channels))), "identity"]
    tops = {name: 150 + number * _LANE for number, name in enumerate(lanes)}
    bottom = 150 + len(lanes) * _LANE + 12
    foot = bottom + 44
    height = foot + 18 * max(len(findings), 1) + 26
    drawing = Drawing(
        f"Custody of {code}", f"{len(steps)} events, {len(spans)} holders, {len(findings)} findings, in order of time."
    )
    drawing.definitions.append(
        '<pattern id="unwatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="#fff6e3"/><rect width="2" height="6" fill="{_AMBER}"/></pattern>'
    )
    _header(drawing, code, steps, findings)
    _events(drawing, steps, spans, scale, bottom)
    _custody(drawing, spans, scale, tops["custody"])
    _places(drawing, steps, scale, tops["place"])
    for number, channel in enumerate(channels):
        _condition(drawing, channel, scale, tops[f"condition {number}"])
    _identity(drawing, own, scale, tops["identity"])
    _axis(drawing, scale, bottom)
    _findings(drawing, findings, foot)
    width = max(scale.end + _RIGHT, 720)
    return drawing.svg(width, height)


def _header(drawing: Drawing, code: str, steps: Sequence[Step], findings: Sequence[CustodyFinding]) -> None:
    state = steps[-1].state
    drawing.text(28, 36, f"Custody of {code}", size=19, bold=True)
    parts = [
        f"lot {state.lot}" if state.lot else "",
        state.product,
        f"identity {state.coi}" if state.coi else "",
        state.stage.replace("_", " "),
        state.status,
        f"expires {state.expires_at[:10]}" if state.expires_at else "",
    ]
    drawing.text(28, 57, " · ".join(filter(None, parts)), size=12, fill=QUIET)
    said, colour = ("no gap, no overlap, nothing open", _GREEN) if not findings else (f"{len(findings)} open", _RED)
    drawing.circle(33, 75, 5, fill=colour)
    drawing.text(44, 79, said, size=12, fill=INK)


def _events(
    drawing: Drawing, steps: Sequence[Step], spans: Sequence[CustodySpan], scale: _Scale, bottom: float
) -> None:
    """Write each event over its moment, slanted, with a thin line through all lanes.

    What happened to the container around the item stands in the spans only.
    """
    shown: dict[str, tuple[str, str, bool]] = {}
    for step in steps:
        event = step.event
        bad = event.kind in {"recall", "discard", "return"} or event.outcome in {"reject", "refuse", "quarantine"}
        shown[event.event_id] = (event.event_time, event.kind, bad)
    for span in spans:
        shown.setdefault(span.event_id, (span.started, span.kind, False))
    for event_id, (moment, kind, bad) in shown.items():
        x = scale(moment)
        drawing.path(f"M{x:.1f} 146 V{bottom:.1f}", stroke=PALE, thickness=1)
        drawing.parts.append(
            f'<g transform="translate({x:.1f} 142) rotate(-38)"><text font-size="11" fill="{_RED if bad else INK}">'
            f"<title>{escape(event_id)} {moment}</title>{KINDS[kind].title}</text></g>"
        )


def _label(drawing: Drawing, text: str, top: float, detail: str = "") -> None:
    drawing.text(28, top + (17 if detail else 23), text, size=12, bold=True)
    if detail:
        drawing.text(28, top + 32, trimmed(detail, 10, _LEFT - 34), size=10, fill=QUIET)


def _bar(
    drawing: Drawing, x1: float, x2: float, top: float, text: str, *, fill: str, hint: str, ink: str = "#ffffff"
) -> None:
    drawing.rectangle(x1, top + 8, x2 - x1, 24, fill=fill, radius=4, hint=hint)
    if x2 - x1 > 26:
        drawing.text(
            (x1 + x2) / 2,
            top + 24,
            trimmed(text, 11, x2 - x1 - 10, bold=True),
            size=11,
            fill=ink,
            bold=True,
            anchor="middle",
        )


def _custody(drawing: Drawing, spans: Sequence[CustodySpan], scale: _Scale, top: float) -> None:
    _label(drawing, "Custody", top)
    colours: dict[str, str] = {}
    for span in spans:
        x1, x2 = scale(span.started), scale(span.ended)
        hint = f"{span.holder or 'nobody named'}, {span.started} to {span.ended or 'now'}"
        if not span.holder:
            drawing.rectangle(x1, top + 8, x2 - x1, 24, fill="#fdeceb", stroke=_RED, radius=4, dashed=True, hint=hint)
            if x2 - x1 > 90:
                drawing.text(
                    (x1 + x2) / 2,
                    top + 24,
                    trimmed("nobody named", 11, x2 - x1 - 8),
                    size=11,
                    fill=_RED,
                    anchor="middle",
                )
            continue
        colour = colours.setdefault(span.holder, _HOLDERS[len(colours) % len(_HOLDERS)])
        name = f"→ {span.holder}" if span.in_transit else span.holder
        _bar(drawing, x1, x2 - 1.5, top, name, fill=colour, hint=hint)


def _places(drawing: Drawing, steps: Sequence[Step], scale: _Scale, top: float) -> None:
    _label(drawing, "Place", top)
    stays: list[tuple[str, str, str | None]] = []
    for step in steps:
        place = f"in {step.state.container}" if step.state.container else step.state.place
        if stays and stays[-1][0] == place:
            continue
        if stays:
            stays[-1] = (stays[-1][0], stays[-1][1], step.event.event_time)
        stays.append((place, step.event.event_time, None))
    for place, started, ended in stays:
        if place:
            hint = f"{place}, {started} to {ended or 'now'}"
            _bar(drawing, scale(started), scale(ended) - 1.5, top, place, fill="#e8edf2", hint=hint, ink=INK)


def _condition(drawing: Drawing, channel: ChannelSummary, scale: _Scale, top: float) -> None:
    span = "" if channel.minimum is None else f"{channel.minimum} to {channel.maximum} {channel.unit}"
    _label(drawing, channel.channel.capitalize(), top, span or "no readings")
    for reading in channel.readings:
        condition = reading.condition
        x1, x2 = scale(condition.started), scale(condition.ended)
        alarm = float(condition.excursion_seconds or 0) > 0
        hint = (
            f"{reading.event_id}: {condition.minimum} to {condition.maximum} {condition.unit}, "
            f"{condition.excursion_seconds or '0'} s outside, {condition.gap_seconds or '0'} s without reading"
        )
        drawing.rectangle(
            x1 - 1, top + 14, max(x2 - x1, 0) + 6, 12, fill=_RED if alarm else "#9fd0a8", radius=3, hint=hint
        )
        if alarm:
            drawing.text(x1 + 8, top + 10, f"{condition.excursion_seconds} s", size=10, fill=_RED)
    for gap in channel.unwatched:
        x1, x2 = scale(gap.started), scale(gap.ended)
        drawing.rectangle(
            x1,
            top + 14,
            x2 - x1,
            12,
            fill="url(#unwatched)",
            stroke=_AMBER,
            radius=3,
            hint=f"no logger for {gap.seconds} s",
        )


def _identity(drawing: Drawing, points: Sequence[IdentityPoint], scale: _Scale, top: float) -> None:
    _label(drawing, "Identity", top, points[0].stated if points else "none recorded")
    for point in points:
        if not point.required and point.agrees:
            continue
        x, y = scale(point.event_time), top + 20
        colour = _GREEN if point.agrees else _RED
        hint = f"{KINDS[point.kind].title}: {point.stated or 'nothing stated'} by {' and '.join(point.verified_by)}"
        drawing.circle(x, y, 8, fill=colour, hint=hint)
        mark = (
            f"M{x - 3.5:.1f} {y:.1f} l2.6 2.8 l4.6 -5.4"
            if point.agrees
            else f"M{x - 3:.1f} {y - 3:.1f} l6 6 m0 -6 l-6 6"
        )
        drawing.path(mark, stroke="#ffffff", thickness=1.8)


def _axis(drawing: Drawing, scale: _Scale, y: float) -> None:
    drawing.path(f"M{_LEFT:.1f} {y:.1f} H{scale.end:.1f}", stroke=QUIET, thickness=1)
    written, day, before = -100.0, "", ""
    for moment in scale.moments:
        x = scale(moment)
        drawing.path(f"M{x:.1f} {y:.1f} v4", stroke=QUIET, thickness=1)
        if before and x - scale(before) > 92:
            length = _length(milliseconds_of(moment) - milliseconds_of(before))
            drawing.text((x + scale(before)) / 2, y + 16, length, size=10, fill="#9aa6b2", anchor="middle")
        if x - written >= 34:
            drawing.text(x, y + 16, moment[11:16], size=10, fill=QUIET, anchor="middle")
            written = x
        if moment[:10] != day:
            day = moment[:10]
            drawing.text(x, y + 30, day, size=10.5, fill=INK, anchor="middle", bold=True)
        before = moment


def _length(milliseconds: int) -> str:
    minutes = round(milliseconds / 60_000)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"


def _findings(drawing: Drawing, findings: Sequence[CustodyFinding], y: float) -> None:
    for number, finding in enumerate(findings):
        line = y + 16 + number * 18
        drawing.circle(33, line - 4, 4, fill=_RED)
        moment = f"{finding.started[:10]} {finding.started[11:16]}"
        drawing.text(44, line, moment, size=11, fill=QUIET)
        drawing.text(44 + text_width(moment, 11) + 10, line, finding.explanation, size=11)
