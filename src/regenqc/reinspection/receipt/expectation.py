"""What the ledger says of a container that arrives: whose it is, of which lot, sent by which event, with how many others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.custody.projection.source import TableSource
from regenqc.custody.projection.tables import Part
from regenqc.custody.trace.reader import Reader

if TYPE_CHECKING:
    from regenqc.custody.record import Event
    from regenqc.ledger import Snapshot

__all__ = ["Expectation", "expectation_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Hold what a ledger expects of an item on receipt.

    Args:
        known: the ledger knows the item.
        recipient: pseudonym of the patient; empty when none is assigned.
        coi: chain-of-identity identifier.
        lot: manufactured lot.
        shipment: event_id of the last event that sent it, or the container around it.
        containers: how many items that event sent, those packed in its containers counted; 0 when not known.
        expires_at: as recorded.
        times_received: how often it was received at the site.
        origin: log in which the shipment stands; empty when it is this one.
        sent_at: when it was sent; empty when another log tells that.
    """

    known: bool = False
    recipient: str = ""
    coi: str = ""
    lot: str = ""
    shipment: str = ""
    containers: int = 0
    expires_at: str = ""
    times_received: int = 0
    origin: str = ""
    sent_at: str = ""


def expectation_of(view: Snapshot, item: str, *, site: str) -> Expectation:
    """Return what a ledger expects of an item on receipt at a site; nothing is known of an item that it does not name."""
    source = TableSource(view)
    numbers = source.numbers([item])
    if item not in numbers:
        return Expectation()
    reader = Reader(view)
    life = reader.life(item, numbers[item])
    if not life:
        return Expectation()
    state = life[-1].state
    received, boxes = 0, dict[str, None]()
    # By place in the log: the event that sent it, its log where that is another one, how many items it sent, and when.
    sendings: dict[int, tuple[str, str, int, str]] = {}
    for step in life:
        event = step.event
        if event.kind == "pack":
            boxes[event.container] = None
        elif event.kind in {"ship", "return"}:
            sendings[step.index] = (event.event_id, "", len(event.items), event.event_time)
        elif event.kind == "receive" and event.site == site:
            received += 1
            if event.previous is not None and event.previous.origin:
                sendings[step.index] = (event.previous.event_id, event.previous.origin, len(event.items), "")
    for box in boxes:
        for index, event in _sent_and_received(reader, box):
            if event.kind == "ship":
                count = _inside(reader, [each.id for each in event.items], before=index)
                sendings[index] = (event.event_id, "", count, event.event_time)
            elif event.kind == "receive" and event.site == site:
                received += 1
    sent, origin, count, sent_at = sendings[max(sendings)] if sendings else ("", "", 0, "")
    return Expectation(
        known=state.created >= 0,
        recipient=state.recipient,
        coi=state.coi,
        lot=state.lot,
        shipment=sent,
        containers=count,
        expires_at=state.expires_at,
        times_received=received,
        origin=origin,
        sent_at=sent_at,
    )


def _sent_and_received(reader: Reader, box: str) -> list[tuple[int, Event]]:
    number = reader.source.numbers([box]).get(box)
    return [] if number is None else reader.events_naming([number], parts=(int(Part.ITEM),))


def _inside(reader: Reader, boxes: list[str], *, before: int) -> int:
    """Return how many items lay in boxes when they were sent; an empty box counts as one."""
    inside: dict[str, set[str]] = {box: set() for box in boxes}
    numbers = reader.source.numbers(boxes)
    for index, event in reader.events_naming(list(numbers.values()), parts=(int(Part.CONTAINER),)):
        if index < before and event.container in inside:
            named = {each.id for each in event.items}
            inside[event.container] = (
                inside[event.container] | named if event.kind == "pack" else inside[event.container] - named
            )
    return sum(len(items) or 1 for items in inside.values())
