"""Traces over the ledgers of several sites: one item in all of them, and the legs by which it passed from one to the next.

Every site keeps its own log. A receipt names the event by which the item was sent: its log, its identifier, its leaf. Here each
leg is looked up on its other side, and a leg that is missing there, or says something else, is named. The answer is again a set that is
certainly large enough: an item that two ledgers name is one item, with or without a leg between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.custody.state import Status
from regenqc.custody.trace.legs import Leg, legs_of
from regenqc.custody.trace.lineage import backward, forward
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader
from regenqc.custody.versions import version_differences, versions_stated
from regenqc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.custody.trace.lineage import Trace, TracedItem
    from regenqc.custody.versions import VersionDifference, VersionStated
    from regenqc.ledger import Snapshot

__all__ = ["JoinedItem", "JoinedTrace", "trace_over"]

_ENDED = frozenset({Status.ADMINISTERED, Status.DISCARDED, Status.USED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedItem:
    """Hold an item that one or several ledgers tell of.

    Args:
        item: as the ledger tells of it that saw it last.
        ledger: that ledger.
        known_in: every ledger that names it.
        recalled_in: every ledger in which it or its lot is recalled; a recall in one counts in all.
    """

    item: TracedItem
    ledger: str
    known_in: tuple[str, ...]
    recalled_in: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedTrace:
    """Hold the answer to a forward or backward question over several ledgers.

    Args:
        start: what was asked about.
        direction: `forward` or `backward`.
        items: everything reached, in the order in which the ledgers first name it.
        legs: by which these items passed between sites.
        versions: specifications and procedures by which the sites judged, received or inspected these items.
    """

    start: str
    direction: str
    items: tuple[JoinedItem, ...]
    legs: tuple[Leg, ...]
    versions: tuple[VersionStated, ...]

    @property
    def differences(self) -> tuple[VersionDifference, ...]:
        """Return the names under which the sites worked by different versions."""
        return version_differences(self.versions)

    @property
    def faulty(self) -> tuple[Leg, ...]:
        """Return the legs that are missing on one side, or on which the sides contradict each other."""
        return tuple(leg for leg in self.legs if leg.is_faulty)


def trace_over(
    views: Mapping[str, Snapshot], code: str, *, direction: str = "forward", asking: Asking = ALWAYS
) -> JoinedTrace:
    """Return what came of something, or what it came from, by the ledgers of several sites together.

    Args:
        views: of the ledgers, by their origins.
        code: of an item, lot, donor, person, site, place, study or piece of equipment.
        direction: `forward` or `backward`.
        asking: as of when.

    Raises:
        UsageError: `RQC-C221`, none of the ledgers names the code.
    """
    follow = forward if direction == "forward" else backward
    told: dict[str, dict[str, TracedItem]] = {}
    answered: set[tuple[str, str]] = set()
    waiting, unknown = [code], None
    while waiting:
        asked = waiting.pop(0)
        for origin, view in views.items():
            if (origin, asked) in answered:
                continue
            answered.add((origin, asked))
            try:
                found: Trace = follow(view, asked, asking=asking)
            except UsageError as error:
                unknown = unknown or error
                continue
            for item in found.items:
                # What was reached in a ledger has been followed there; the others may go on with it.
                answered.add((origin, item.code))
                if item.code not in told:
                    waiting.append(item.code)
                told.setdefault(item.code, {}).setdefault(origin, item)
    if not told and unknown is not None:
        raise unknown
    return JoinedTrace(
        start=code,
        direction=direction,
        items=tuple(_joined(by_ledger) for by_ledger in told.values()),
        legs=legs_of(views, tuple(told), asking=asking),
        versions=tuple(
            stated for view in views.values() for stated in versions_stated(Reader(view, asking), tuple(told))
        ),
    )


def _joined(by_ledger: Mapping[str, TracedItem]) -> JoinedItem:
    speaks = max(by_ledger, key=lambda origin: _knows(by_ledger[origin]))
    recalled = tuple(
        origin
        for origin, item in by_ledger.items()
        if item.lot_recalled or (item.state is not None and item.state.recalled)
    )
    return JoinedItem(item=by_ledger[speaks], ledger=speaks, known_in=tuple(by_ledger), recalled_in=recalled)


def _knows(item: TracedItem) -> int:
    """Return how much a ledger knows of an item: where it ended, before who holds it, before where it was sent."""
    if item.state is None:
        return 0
    if item.state.status in _ENDED:
        return 3
    return 1 if item.where is not None and item.where.heading else 2
