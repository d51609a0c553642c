"""Take what happened into the outbox, in the transaction in which it happened, for whoever asked to be told."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from regenqc.canonical import canonical_json
from regenqc.console.webhooks.tables import DELIVERIES, EVENTS, DeliveryState, EventType, subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

__all__ = ["take"]


def take(
    connection: Connection,
    what: EventType,
    *,
    key: str,
    about: str,
    site: str,
    at: str,
    data: Mapping[str, Any],
) -> bool:
    """Take an event into the outbox, once; returns whether it is new and somebody asked for it.

    Args:
        connection: in a transaction.
        what: happened.
        key: makes it one event: the same key is told once.
        about: what keeps its order: the batch, else the evaluation.
        site: it belongs to.
        at: moment, RFC 3339 with zone.
        data: what receivers are told; never a patient.
    """
    asked = [each for each in subscriptions(connection) if each.wants(what, site)]
    if not asked:
        return False
    named = hashlib.sha256(f"{what.value} {key}".encode("utf-8", "surrogatepass")).hexdigest()
    event_id = f"event-{named[:32]}"
    if connection.execute(select(EVENTS.c.number).where(EVENTS.c.event_id == event_id)).first() is not None:
        return False
    body = canonical_json({"id": event_id, "type": what.value, "at": at, "site": site, "data": dict(data)})
    event = insert(EVENTS).values(event_id=event_id, about=about, body=body.decode(), at=at).returning(EVENTS.c.number)
    try:
        with connection.begin_nested():
            number = connection.execute(event).scalar_one()
    except IntegrityError:
        # A twin came first, between looking and writing.
        return False
    connection.execute(
        insert(DELIVERIES),
        [
            {
                "subscription_id": each.subscription_id,
                "number": number,
                "state": DeliveryState.PENDING.value,
                "attempts": 0,
                "next_at": 0,
                "status": 0,
                "said": "",
            }
            for each in asked
        ],
    )
    return True
