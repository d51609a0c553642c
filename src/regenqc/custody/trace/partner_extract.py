"""What a partner may know: what passed between them and us, one step up and one step down, and nobody else (question 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from regenqc.custody.trace.reader import ALWAYS, Asking, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.record import Event
    from regenqc.custody.state import ItemState
    from regenqc.ledger import Snapshot

__all__ = ["PassedItem", "partner_extract"]


class PassedItem(Struct, frozen=True, kw_only=True):
    """Hold one item that passed between a partner and somebody else.

    Donors, recipients, people, and everything that happened before or after are left out.

    Args:
        item: its code.
        direction: `up` when the partner had it from us, `down` when we had it from the partner.
        event_id: of the event by which it passed.
        event_time: when.
        source: who sent or handed over.
        destination: to whom.
        container: what it was packed in, empty when in nothing.
        product, lot, expires_at: as recorded.
        coi: chain-of-identity identifier, with which both sides check whose it is.
        quantity: what was left of it then, empty for one whole thing.
        unit: of the quantity.
        leaf: leaf hash of the event, in hexadecimal digits, by which the partner's log refers to it.
        index: place of the event in this log.
    """

    item: str
    direction: str
    event_id: str
    event_time: str
    source: str
    destination: str
    container: str
    product: str
    lot: str
    expires_at: str
    coi: str
    quantity: str
    unit: str
    leaf: str
    index: int


def partner_extract(view: Snapshot, partner: str, *, asking: Asking = ALWAYS) -> tuple[PassedItem, ...]:
    """Return every item that passed between a partner and another holder, as the partner may see it.

    Args:
        view: of the ledger.
        partner: code of the partner's site.
        asking: as of when.

    Returns:
        One entry for each item and transfer; what travelled in a container is listed item by item.

    Raises:
        UsageError: `RQC-C221`, the log never names the partner.
    """
    reader = Reader(view, asking)
    number = reader.number(partner)
    rows = view.execute(
        "SELECT DISTINCT event FROM custody_transfer WHERE source = ? OR destination = ? ORDER BY event",
        (number, number),
    )
    found: list[PassedItem] = []
    for (index,) in rows:
        event = reader.event(index)
        # Sending and receipt are the two halves of one passing: the sending tells it, a receipt only what another log sent.
        if reader.is_counted(index, event) and not (
            event.kind == "receive" and event.previous is not None and not event.previous.origin
        ):
            found += _passed(reader, index, event, partner)
    return tuple(found)


def _passed(reader: Reader, index: int, event: Event, partner: str) -> Iterator[PassedItem]:
    source, destination = event.source or event.site, event.destination or event.site
    leaf = reader.view.entry(index).leaf.hex()
    for item in event.items:
        for code, container, state in _contents(reader, item.id, index):
            yield PassedItem(
                item=code,
                direction="up" if destination == partner else "down",
                event_id=event.event_id,
                event_time=event.event_time,
                source=source,
                destination=destination,
                container=container,
                product=state.product,
                lot=state.lot,
                expires_at=state.expires_at,
                coi=state.coi,
                quantity=state.made,
                unit=state.unit,
                leaf=leaf,
                index=index,
            )


def _contents(reader: Reader, code: str, index: int) -> Iterator[tuple[str, str, ItemState]]:
    """Yield an item, or everything that was in it when an event happened."""
    number = reader.number(code)
    packed = reader.view.execute(
        "SELECT DISTINCT e.subject FROM custody_edge c JOIN custody_edge e ON e.event = c.event AND e.part = 0 "
        "WHERE c.subject = ? AND c.part = 3 AND c.event < ?",
        (number, index),
    )
    inside = False
    for subject, name in reader.codes([subject for (subject,) in packed]).items():
        state = _state_at(reader, name, subject, index)
        if state is not None and state.container == code:
            inside = True
            for content, container, known in _contents(reader, name, index):
                yield content, container or code, known
    state = _state_at(reader, code, number, index)
    if not inside and state is not None:
        yield code, "", state


def _state_at(reader: Reader, code: str, number: int, index: int) -> ItemState | None:
    states = [step.state for step in reader.life(code, number) if step.index <= index]
    return states[-1] if states else None
