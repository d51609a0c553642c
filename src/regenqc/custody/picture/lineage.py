"""The lineage graph: what went into what, and where everything is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.custody.kinds import KINDS
from regenqc.custody.picture.drawing import INK, PALE, QUIET, Drawing, text_width, trimmed
from regenqc.custody.picture.graph import Group, Layout, lay_out
from regenqc.custody.state import Status, left_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.custody.record import Event
    from regenqc.custody.trace.lineage import Trace, TracedItem

__all__ = ["lineage_picture"]

_CARD: Final = (184.0, 58.0)
_EVENT_WIDTH: Final = 118.0
_ROW: Final = 78.0
_MARGIN: Final = 28.0
_HEAD: Final = 74.0
_FOOT: Final = 46.0
_MOST_GROUPS: Final = 150

# Fill, border, and what the colour stands for.
_SORTS: Final[dict[str, tuple[str, str, str]]] = {
    "material": ("#eef1f4", "#a9b4bf", "material or sample"),
    "cells": ("#e3f3f1", "#4fa69c", "cells in manufacture"),
    "product": ("#e6ecfb", "#5b7fd4", "product"),
    "administered": ("#e2f4e4", "#4f9f5b", "administered"),
    "gone": ("#f6f6f6", "#c3c9ce", "used up or destroyed"),
    "stopped": ("#fde8e6", "#d2483c", "recalled, rejected or refused"),
}
_STAGE_WORDS: Final = {"drug_product_release": "drug product", "hospital_receipt": "at hospital", "administration": ""}
_MADE: Final = frozenset({"donor", "cell_bank", "in_process", "drug_substance"})


def lineage_picture(trace: Trace, events: Mapping[int, Event]) -> str:
    """Return the lineage graph of a trace as SVG.

    Args:
        trace: forward or backward.
        events: those of the trace by their index.

    Returns:
        One SVG document without links to anything else. Things that came alike from one event are drawn as one card; when a
        trace is larger than a picture can show, the first things of the log are drawn and the number of the others is said.
    """
    layout = lay_out(trace, most=_MOST_GROUPS)
    items = {item.code: item for item in trace.items}
    widths = _column_widths(layout)
    lefts = [_MARGIN + sum(widths[:column]) + 34 * column for column in range(layout.columns)]
    rows = max((abs(group.row) for group in layout.groups.values()), default=0)
    width = max(lefts[-1] + widths[-1] + _MARGIN, 640)
    height = _HEAD + (2 * rows + 1) * _ROW + _FOOT
    middle = _HEAD + (height - _HEAD - _FOOT) / 2
    towards = "came of" if trace.direction == "forward" else "went into"
    drawing = Drawing(
        f"Lineage: what {towards} {trace.start}",
        f"{len(trace.items)} things and {len(trace.events)} events, from left to right.",
    )
    drawing.definitions.append(
        '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0.8 L7 4 L0 7.2 z" fill="{QUIET}"/></marker>'
    )
    _header(drawing, trace, layout)
    places = {
        key: (lefts[group.column], widths[group.column], middle + group.row * _ROW)
        for key, group in layout.groups.items()
    }
    for source, target in layout.lines:
        _line(drawing, places[source], places[target], layout, source, target)
    for key, group in layout.groups.items():
        left, column_width, y = places[key]
        if isinstance(key, int):
            _event(drawing, left + column_width / 2, y, events.get(key), key)
        else:
            _card(drawing, left, y, group, items, start=trace.start)
    _legend(drawing, height, {_sort(items[code]) for group in layout.groups.values() for code in group.members})
    return drawing.svg(width, height)


def _column_widths(layout: Layout) -> list[float]:
    widths = [_EVENT_WIDTH] * layout.columns
    for group in layout.groups.values():
        if group.members:
            widths[group.column] = _CARD[0]
    return widths


def _header(drawing: Drawing, trace: Trace, layout: Layout) -> None:
    towards = "What came of" if trace.direction == "forward" else "What went into"
    drawing.text(_MARGIN, 34, f"{towards} {trace.start}", size=19, bold=True)
    parts = [", ".join(trace.sorts), _count(len(trace.items), "thing"), _count(len(trace.events), "event")]
    late = sum(not item.in_time for item in trace.items)
    if late:
        parts.append(f"{late} reached only against the order of time")
    if layout.left_out:
        parts.append(f"{layout.left_out} not drawn")
    drawing.text(_MARGIN, 54, " · ".join(parts), size=12, fill=QUIET)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _line(
    drawing: Drawing,
    source: tuple[float, float, float],
    target: tuple[float, float, float],
    layout: Layout,
    source_key: str | int,
    target_key: str | int,
) -> None:
    x1 = source[0] + source[1] / 2 + 5 if isinstance(source_key, int) else source[0] + _CARD[0]
    x2 = target[0] + target[1] / 2 - 6 if isinstance(target_key, int) else target[0] - 1
    y1, y2 = source[2], target[2]
    back = layout.groups[target_key].column <= layout.groups[source_key].column
    bend = max((x2 - x1) * 0.5, 18)
    path = f"M{x1:.1f} {y1:.1f} C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    drawing.path(path, stroke="#9aa6b2", dashed=back, arrow=not isinstance(target_key, int))


def _event(drawing: Drawing, x: float, y: float, event: Event | None, index: int) -> None:
    title = KINDS[event.kind].title if event is not None else f"event {index}"
    when = "" if event is None else event.event_time
    hint = f"{title}, {when}, entry {index}" + ("" if event is None else f", {event.event_id}")
    drawing.circle(x, y, 5, fill="#ffffff", stroke=QUIET, hint=hint)
    drawing.text(x, y - 14, title, size=11, bold=True, anchor="middle", halo=True)
    if when:
        drawing.text(x, y + 19, f"{when[:10]} {when[11:16]}", size=10, fill=QUIET, anchor="middle", halo=True)


def _card(drawing: Drawing, x: float, y: float, group: Group, items: Mapping[str, TracedItem], *, start: str) -> None:
    item = items[group.members[0]]
    fill, border, _ = _SORTS[_sort(item)]
    width, height = _CARD
    top = y - height / 2
    many = len(group.members) > 1
    if many:
        for shift in (8, 4):
            drawing.rectangle(x + shift, top - shift, width, height, fill=fill, stroke=border, radius=7)
    hint = ", ".join(group.members[:40]) + ("" if len(group.members) <= 40 else f" and {len(group.members) - 40} more")
    moving = item.where is not None and bool(item.where.heading)
    drawing.rectangle(
        x,
        top,
        width,
        height,
        fill=fill,
        stroke=border,
        radius=7,
        dashed=moving or not item.in_time,
        hint=hint,
        thickness=2.4 if item.code == start else 1.2,
    )
    struck = not many and item.state is not None and item.state.status == Status.DISCARDED
    name = f"{len(group.members)} × {item.code} …" if many else item.code
    drawing.text(x + 11, top + 20, trimmed(name, 12.5, width - 20, bold=True), size=12.5, bold=True, struck=struck)
    first, second = _lines(item)
    drawing.text(x + 11, top + 35, trimmed(first, 10.5, width - 20), size=10.5, fill=INK)
    drawing.text(x + 11, top + 49, trimmed(second, 10.5, width - 20), size=10.5, fill=QUIET)


def _lines(item: TracedItem) -> tuple[str, str]:
    state, where = item.state, item.where
    if state is None:
        return "not known yet", ""
    amount = f"{state.made} {state.unit}" if state.made else ""
    if state.status == Status.ACTIVE:
        standing = f"{left_of(state)} of {amount}" if amount else ""
    elif state.status == Status.USED:
        standing = "used up"
    else:
        standing = f"{state.status} {amount}" if state.status == Status.ADMINISTERED else "destroyed"
    first = " · ".join(filter(None, (_STAGE_WORDS.get(state.stage, state.stage.replace("_", " ")), standing)))
    if not first:
        first = f"lot {state.lot}" if state.lot else "one whole thing"
    if where is None or state.status in {Status.USED, Status.DISCARDED}:
        second = f"lot {state.lot}" if state.lot else ""
    elif state.status == Status.ADMINISTERED:
        second = f"at {where.holder}"
    elif where.heading:
        second = f"{where.holder} → {where.heading}"
    else:
        second = " · ".join(
            filter(None, (where.holder, where.place or (f"in {where.outermost}" if where.outermost else "")))
        )
    return first, second


def _sort(item: TracedItem) -> str:
    state = item.state
    if state is None:
        return "material"
    if state.recalled or item.lot_recalled or state.decision == "reject" or state.acceptance == "refuse":
        return "stopped"
    if state.status == Status.ADMINISTERED:
        return "administered"
    if state.status != Status.ACTIVE:
        return "gone"
    if not state.stage:
        return "material"
    return "cells" if state.stage in _MADE else "product"


def _legend(drawing: Drawing, height: float, present: set[str]) -> None:
    x, y = _MARGIN, height - 24
    drawing.path(f"M{_MARGIN:.1f} {height - _FOOT + 2:.1f} H{640 - _MARGIN:.1f}", stroke=PALE, thickness=1)
    for sort, (fill, border, meaning) in _SORTS.items():
        if sort in present:
            drawing.rectangle(x, y - 10, 16, 12, fill=fill, stroke=border, radius=3)
            drawing.text(x + 22, y, meaning, size=11, fill=QUIET)
            x += 22 + text_width(meaning, 11) + 22
