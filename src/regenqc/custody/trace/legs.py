"""Legs: how items passed between sites with ledgers of their own, each leg looked up on both of its sides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from regenqc.custody.moments import milliseconds_of
from regenqc.custody.projection.tables import Part, Use
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regenqc.custody.record import Event, Previous
    from regenqc.ledger import Snapshot

__all__ = ["LEG_FINDINGS", "Leg", "legs_of"]

_SENDING: Final = frozenset({"ship", "return"})
# What can be found of a leg; everything but the last is wrong.
LEG_FINDINGS: Final[Mapping[str, str]] = {
    "ledger_not_asked": "the receipt names a ledger that was not asked",
    "not_found": "the ledger that the receipt names has no such event",
    "void": "the event that the receipt names was corrected away",
    "another_leaf": "the event that the receipt names is another one than it was",
    "not_sent": "the event that the receipt names sent nothing",
    "another_item": "the event that the receipt names did not send this item",
    "another_destination": "it was sent to another site",
    "before_it_was_sent": "it was received before it was sent",
    "received_twice": "the same sending was received twice",
    "made_twice": "two ledgers say, by different events, how it came into being",
    "not_received": "it was sent to a site whose ledger does not say that it came",
    "on_its_way": "no ledger that was asked says that it came",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Hold one passing of an item, by itself or inside of a container, from one site to another.

    Args:
        item: code.
        sent: event_id of the event that sent it; empty where none is named.
        sent_in: ledger in which that stands, or should.
        sent_at: when; empty where it is not known.
        destination: site to which it was sent.
        received: event_id of the receipt; empty where there is none.
        received_in: ledger in which that stands.
        received_at: when.
        site: at which it was received.
        finding: a word of `LEG_FINDINGS`; empty where both sides agree.
    """

    item: str
    sent: str = ""
    sent_in: str = ""
    sent_at: str = ""
    destination: str = ""
    received: str = ""
    received_in: str = ""
    received_at: str = ""
    site: str = ""
    finding: str = ""

    @property
    def is_faulty(self) -> bool:
        """Return whether something is missing or contradicts; what is still on its way is neither."""
        return self.finding not in {"", "on_its_way"}

    @property
    def explanation(self) -> str:
        """Return the finding as a sentence that names both sides."""
        sent = f"{self.sent or 'a sending that is not named'} in {self.sent_in or 'no ledger'}"
        received = f"{self.received} in {self.received_in} at {self.site}" if self.received else "no receipt"
        said = LEG_FINDINGS.get(self.finding, "both sides agree")
        return (
            f"{self.item}: {said}. Sent by {sent}{f' to {self.destination}' if self.destination else ''}; {received}."
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """An event that sends or receives, and the ledger in which it stands."""

    origin: str
    event: Event


@dataclass(frozen=True, slots=True)
class _Packed:
    """An item that lay in a container from a moment on, until another where it was taken out."""

    item: str
    began: str
    ended: str = ""


def legs_of(views: Mapping[str, Snapshot], items: Sequence[str], *, asking: Asking = ALWAYS) -> tuple[Leg, ...]:
    """Return the legs of items, by themselves or inside of a container, in order of time.

    Args:
        views: of the ledgers, by their origins.
        items: codes.
        asking: as of when.

    A leg inside one ledger is left out: the rules of the ledger admitted both of its sides. What came into being in two ledgers
    by different events stands among the legs, because one between them is missing.
    """
    readers = {origin: Reader(view, asking) for origin, view in views.items()}
    sent: dict[str, list[_Seen]] = {}
    received: dict[str, list[_Seen]] = {}
    for code, seen in _passings(readers, items):
        (received if seen.event.kind == "receive" else sent).setdefault(code, []).append(seen)
    found: list[Leg] = []
    wanted = set(items)
    for code in (each for each in dict.fromkeys([*sent, *received]) if each in wanted):
        found += _legs_of_item(code, sent.get(code, []), received.get(code, []), readers)
    for code in items:
        found += _beginnings(code, readers)
    return tuple(sorted(found, key=lambda leg: (leg.sent_at or leg.received_at, leg.item)))


def _passings(readers: Mapping[str, Reader], items: Sequence[str]) -> Iterator[tuple[str, _Seen]]:
    """Yield every sending and receipt of items; those of a container are those of what lay in it then."""
    packed: dict[str, list[_Packed]] = {}
    waiting, known = list(items), set(items)
    while waiting:
        for reader in readers.values():
            for event in _naming(reader, waiting):
                if event.kind in {"pack", "unpack"}:
                    _pack(packed, event, frozenset(waiting))
        waiting = [box for box in packed if box not in known]
        known.update(waiting)
    for origin, reader in readers.items():
        for event in _naming(reader, list(known)):
            if event.kind in _SENDING or event.kind == "receive":
                for named in event.items:
                    for code in _inside(packed, named.id, event.event_time):
                        yield code, _Seen(origin, event)


def _inside(packed: Mapping[str, Sequence[_Packed]], code: str, moment: str, *, deep: int = 8) -> Iterator[str]:
    """Yield what a code stands for at a moment: itself, and what lies in it, and in that."""
    yield code
    for each in packed.get(code, ()) if deep else ():
        if each.began <= moment <= (each.ended or moment):
            yield from _inside(packed, each.item, moment, deep=deep - 1)


def _naming(reader: Reader, codes: Sequence[str]) -> list[Event]:
    numbers = list(reader.source.numbers(list(codes)).values())
    named = reader.events_naming(numbers, parts=(int(Part.ITEM),))
    return sorted((event for _, event in named), key=lambda event: event.event_time)


def _pack(packed: dict[str, list[_Packed]], event: Event, items: frozenset[str]) -> None:
    around = packed.setdefault(event.container, [])
    for item in event.items:
        if item.id not in items:
            continue
        if event.kind == "pack":
            around.append(_Packed(item.id, event.event_time))
        else:
            packed[event.container] = around = [
                replace(each, ended=event.event_time) if each.item == item.id and not each.ended else each
                for each in around
            ]


def _legs_of_item(
    code: str, sent: Sequence[_Seen], received: Sequence[_Seen], readers: Mapping[str, Reader]
) -> Iterator[Leg]:
    # Answered is a sending by whichever receipt names it; a ledger that took over the events of another names it as its own.
    answers = Counter(
        (seen.event.previous.origin, seen.event.previous.event_id)
        for seen in received
        if seen.event.previous is not None
    )
    for seen in received:
        previous = seen.event.previous
        if previous is not None and previous.origin not in {"", seen.origin}:
            leg = _received_leg(code, seen, previous, readers)
            is_again = answers[previous.origin, previous.event_id] > 1
            yield replace(leg, finding=leg.finding or ("received_twice" if is_again else ""))
    for seen in sent:
        event = seen.event
        if answers[seen.origin, event.event_id] or answers["", event.event_id]:
            continue
        others = [reader for origin, reader in readers.items() if origin != seen.origin]
        is_expected = any(_records_at(reader, event.destination) for reader in others)
        yield Leg(
            item=code,
            sent=event.event_id,
            sent_in=seen.origin,
            sent_at=event.event_time,
            destination=event.destination,
            finding="not_received" if is_expected else "on_its_way",
        )


def _records_at(reader: Reader, site: str) -> bool:
    """Return whether a ledger records what happens at a site."""
    number = reader.source.numbers([site]).get(site)
    rows = [] if number is None else reader.view.execute("SELECT sort FROM custody_use WHERE number = ?", (number,))
    return int(Use.SITE) in {sort for (sort,) in rows}


def _beginnings(code: str, readers: Mapping[str, Reader]) -> Iterator[Leg]:
    """Yield the contradiction between ledgers that tell of different events by which an item came into being."""
    made: dict[str, tuple[str, Event]] = {}
    for origin, reader in readers.items():
        number = reader.source.numbers([code]).get(code)
        state = reader.states([number]).get(number) if number is not None else None
        if state is not None and state.created >= 0:
            event = reader.event(state.created)
            if event.kind != "receive":
                made.setdefault(event.event_id, (origin, event))
    for (first_in, first), (second_in, second) in pairwise(made.values()):
        yield Leg(
            item=code,
            sent=first.event_id,
            sent_in=first_in,
            sent_at=first.event_time,
            received=second.event_id,
            received_in=second_in,
            received_at=second.event_time,
            site=second.site,
            finding="made_twice",
        )


def _received_leg(code: str, seen: _Seen, previous: Previous, readers: Mapping[str, Reader]) -> Leg:
    """Return the leg of a receipt that names an event of another ledger, looked up there."""
    leg = Leg(
        item=code,
        sent=previous.event_id,
        sent_in=previous.origin,
        received=seen.event.event_id,
        received_in=seen.origin,
        received_at=seen.event.event_time,
        site=seen.event.site,
    )
    reader = readers.get(previous.origin)
    if reader is None:
        return replace(leg, finding="ledger_not_asked")
    entry = reader.view.find([previous.event_id.encode()]).get(previous.event_id.encode())
    if entry is None:
        return replace(leg, finding="not_found")
    index, leaf = entry
    event = reader.event(index)
    leg = replace(leg, sent_at=event.event_time, destination=event.destination)
    finding = ""
    if f"sha256:{leaf.hex()}" != previous.leaf:
        finding = "another_leaf"
    elif not reader.is_counted(index, event):
        finding = "void"
    elif event.kind not in _SENDING:
        finding = "not_sent"
    elif code not in {item.id for item in event.items} and not _is_packed(reader, code, event):
        finding = "another_item"
    elif event.destination != seen.event.site:
        finding = "another_destination"
    elif milliseconds_of(seen.event.event_time) < milliseconds_of(event.event_time):
        finding = "before_it_was_sent"
    return replace(leg, finding=finding)


def _is_packed(reader: Reader, code: str, shipped: Event) -> bool:
    """Return whether an item lay in a container that an event sent: a site may receive the item itself."""
    sent, around = {item.id for item in shipped.items}, {code}
    while code:
        inside = ""
        for event in _naming(reader, [code]):
            if event.event_time <= shipped.event_time and event.kind in {"pack", "unpack"}:
                inside = event.container if event.kind == "pack" else ""
        if inside in sent:
            return True
        code = "" if inside in around else inside
        around.add(inside)
    return False
