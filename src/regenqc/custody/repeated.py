"""Offer again what may be recorded already: the same act has the same bytes, whenever it is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from regenqc.custody.canonical import decode_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.record import Event
    from regenqc.ledger import Log

__all__ = ["as_recorded"]


def as_recorded(log: Log, events: Sequence[Event], *, members: Sequence[str]) -> list[Event]:
    """Return events with some members as they are recorded, where their event_id is.

    When nothing else differs the bytes are those that are recorded, and the log acknowledges the event again. When something
    does, the log refuses it, because an event_id names one event.

    Args:
        log: in which they may stand.
        events: to be offered; their event_id follows from what they say.
        members: that say when and by whom the record was made.
    """
    with log.read() as view:
        known = view.find([event.event_id.encode() for event in events])
        found = []
        for event in events:
            key = event.event_id.encode()
            if key in known:
                recorded = decode_event(view.entry(known[key][0]).body)
                found.append(replace(event, **{name: getattr(recorded, name) for name in members}))
            else:
                found.append(event)
    return found
