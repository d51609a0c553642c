"""Lay out a lineage: things and events in columns, from what was there first to what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.custody.trace.lineage import Trace

__all__ = ["Group", "Layout", "lay_out"]

# So many things that came from one event and led to nothing are drawn as one.
_MOST_SIBLINGS = 6
_SWEEPS = 6


@dataclass(slots=True)
class Group:
    """Stand for one thing, or for several alike, or for one event.

    Args:
        key: for things the code of the first, for events its index.
        members: codes of the things; empty for an event.
        column: from the left.
        row: within its column, from the top.
    """

    key: str | int
    members: list[str] = field(default_factory=list)
    column: int = 0
    row: float = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold groups with their places, and the lines between them.

    Args:
        groups: things and events.
        lines: pairs of keys, each from a thing to an event or from an event to a thing.
        columns: how many.
        left_out: things that were too many to draw.
    """

    groups: Mapping[str | int, Group]
    lines: Sequence[tuple[str | int, str | int]]
    columns: int
    left_out: int


def lay_out(trace: Trace, *, most: int) -> Layout:
    """Return the layout of a trace.

    Args:
        trace: forward or backward.
        most: how many groups of things are drawn at most, those first in the log first.
    """
    group_of, groups, left_out = _groups(trace, most)
    lines: dict[tuple[str | int, str | int], None] = {}
    for link in trace.links:
        if link.source in group_of and link.target in group_of:
            groups.setdefault(link.event, Group(link.event))
            lines[group_of[link.source], link.event] = None
            lines[link.event, group_of[link.target]] = None
    _columns(groups, list(lines))
    _rows(groups, list(lines))
    columns = max((group.column for group in groups.values()), default=0) + 1
    return Layout(groups, list(lines), columns, left_out)


def _groups(trace: Trace, most: int) -> tuple[dict[str, str], dict[str | int, Group], int]:
    """Return to which group each thing belongs: alike are those that the same events made and nothing used."""
    made: dict[str, list[int]] = {}
    used: set[str] = set()
    for link in trace.links:
        made.setdefault(link.target, []).append(link.event)
        used.add(link.source)
    siblings: dict[tuple[object, ...], list[str]] = {}
    for item in trace.items:
        status = "" if item.state is None else item.state.status
        alone = item.code in used or item.code == trace.start
        key = (item.code,) if alone else (tuple(sorted(set(made.get(item.code, [])))), status)
        siblings.setdefault(key, []).append(item.code)
    wanted: list[list[str]] = []
    for members in siblings.values():
        wanted += [members] if len(members) > _MOST_SIBLINGS else [[code] for code in members]
    drawn = wanted[:most]
    groups: dict[str | int, Group] = {members[0]: Group(members[0], members) for members in drawn}
    group_of = {code: members[0] for members in drawn for code in members}
    return group_of, groups, sum(len(members) for members in wanted[most:])


def _columns(groups: Mapping[str | int, Group], lines: Sequence[tuple[str | int, str | int]]) -> None:
    """Put every group right of all that leads to it; a line that would close a circle does not count."""
    leading: dict[str | int, list[str | int]] = {key: [] for key in groups}
    for source, target in lines:
        leading[target].append(source)
    column: dict[str | int, int] = {}
    # Depth first without recursion: a long history is deeper than Python's stack.
    for start in groups:
        stack: list[tuple[str | int, bool]] = [(start, False)]
        open_: set[str | int] = set()
        while stack:
            key, done = stack.pop()
            if done:
                known = [column[source] for source in leading[key] if source in column]
                column[key] = max(known, default=-1) + 1
                open_.discard(key)
            elif key not in column and key not in open_:
                open_.add(key)
                stack.append((key, True))
                stack += [(source, False) for source in leading[key] if source not in column and source not in open_]
    # Things that nothing led to stand right before the first event that used them, not all at the left edge.
    following: dict[str | int, list[int]] = {}
    for source, target in lines:
        following.setdefault(source, []).append(column[target])
    for key, group in groups.items():
        group.column = column[key]
        if not leading[key] and key in following:
            group.column = max(column[key], min(following[key]) - 1)


def _rows(groups: Mapping[str | int, Group], lines: Sequence[tuple[str | int, str | int]]) -> None:
    """Order each column by where its neighbours stand, from the left and from the right in turns."""
    by_column: dict[int, list[Group]] = {}
    for group in groups.values():
        by_column.setdefault(group.column, []).append(group)
    before: dict[str | int, list[str | int]] = {}
    after: dict[str | int, list[str | int]] = {}
    for source, target in lines:
        after.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    for members in by_column.values():
        for position, group in enumerate(members):
            group.row = position - (len(members) - 1) / 2
    order = sorted(by_column)
    for sweep in range(_SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        for column in order if sweep % 2 == 0 else reversed(order):
            members = by_column[column]
            weight = {
                group.key: _mean([groups[key].row for key in neighbours.get(group.key, [])], group.row)
                for group in members
            }
            members.sort(key=lambda group: (weight[group.key], str(group.key)))
            for position, group in enumerate(members):
                group.row = position - (len(members) - 1) / 2


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
