"""The tables of webhooks: who asked to be told, what happened, and which of it has been delivered to whom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, func, insert, select, update

from regenqc.console.store.database import METADATA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

__all__ = [
    "DELIVERIES",
    "EVENTS",
    "POSITIONS",
    "SUBSCRIPTIONS",
    "DeliveryState",
    "EventType",
    "Subscription",
    "add_subscription",
    "delivery_counts",
    "end_subscription",
    "find_subscription",
    "move",
    "position_of",
    "subscriptions",
    "try_again",
]


class EventType(StrEnum):
    """What receivers are told."""

    EVALUATION_ENDED = "evaluation.ended"
    DISPOSITION_CHANGED = "disposition.changed"
    DECISION_MADE = "decision.made"
    CERTIFICATE_ISSUED = "certificate.issued"
    RECALL_RECORDED = "recall.recorded"


class DeliveryState(StrEnum):
    """What became of one event for one receiver."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


# SQLite numbers rows by itself only in a column of this very type.
_NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")

SUBSCRIPTIONS: Final = Table(
    "webhook_subscription",
    METADATA,
    Column("subscription_id", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", String(100), nullable=False),
    Column("types", Text, nullable=False),
    Column("sites", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("made_at", String(40), nullable=False),
    Column("ended_at", String(40), nullable=False, default=""),
)
EVENTS: Final = Table(
    "webhook_event",
    METADATA,
    Column("number", _NUMBER, primary_key=True),
    Column("event_id", String(80), nullable=False, unique=True),
    Column("about", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", String(40), nullable=False),
)
DELIVERIES: Final = Table(
    "webhook_delivery",
    METADATA,
    Column("subscription_id", String(64), primary_key=True),
    Column("number", _NUMBER, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", BigInteger, nullable=False),
    Column("status", Integer, nullable=False, default=0),
    Column("said", Text, nullable=False, default=""),
    Index("webhook_delivery_by_state", "subscription_id", "state", "number"),
)
# How far what happens outside the console has been looked at.
POSITIONS: Final = Table(
    "webhook_position",
    METADATA,
    Column("source", String(40), primary_key=True),
    Column("position", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Hold who asked to be told what; the secret stands in the table alone.

    Args:
        subscription_id: of the subscription.
        url: of the receiver.
        types: of events; none for every one.
        sites: whose events; none for every one.
        note: what it is for.
        made_by: who asked for it.
        made_at: moment, RFC 3339.
        ended_at: moment at which it ended, empty while it counts.
    """

    subscription_id: str
    url: str
    types: tuple[EventType, ...]
    sites: tuple[str, ...]
    note: str
    made_by: str
    made_at: str
    ended_at: str = ""

    def wants(self, what: EventType, site: str | None = None) -> bool:
        """Return whether the receiver asked for this, of a site or of any."""
        is_of_site = site is None or not self.sites or site in self.sites
        return not self.ended_at and (not self.types or what in self.types) and is_of_site


def add_subscription(connection: Connection, subscription: Subscription, *, secret: str) -> None:
    """Add a subscription; it is told what happens from now on."""
    connection.execute(
        insert(SUBSCRIPTIONS).values(
            subscription_id=subscription.subscription_id,
            url=subscription.url,
            secret=secret,
            types=json.dumps([each.value for each in subscription.types]),
            sites=json.dumps(list(subscription.sites)),
            note=subscription.note,
            made_by=subscription.made_by,
            made_at=subscription.made_at,
            ended_at="",
        )
    )


def subscriptions(connection: Connection) -> list[Subscription]:
    """Return every subscription, the ended ones included, in the order in which they were made."""
    asked = select(SUBSCRIPTIONS).order_by(SUBSCRIPTIONS.c.made_at, SUBSCRIPTIONS.c.subscription_id)
    return [_subscription(row) for row in connection.execute(asked)]


def find_subscription(connection: Connection, subscription_id: str) -> Subscription | None:
    """Return a subscription, `None` when there is none of this name."""
    row = connection.execute(select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.subscription_id == subscription_id)).first()
    return None if row is None else _subscription(row)


def end_subscription(connection: Connection, subscription_id: str, *, at: str) -> bool:
    """End a subscription and what was still to be delivered; returns whether it counted until now."""
    ended = connection.execute(
        update(SUBSCRIPTIONS)
        .where(SUBSCRIPTIONS.c.subscription_id == subscription_id, SUBSCRIPTIONS.c.ended_at == "")
        .values(ended_at=at)
    )
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.subscription_id == subscription_id, DELIVERIES.c.state == DeliveryState.PENDING.value)
        .values(state=DeliveryState.GIVEN_UP.value, said="the subscription was ended")
    )
    return ended.rowcount == 1


def try_again(connection: Connection, subscription_id: str) -> int:
    """Put what was given up among what is to be delivered again; returns how many."""
    found = connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.subscription_id == subscription_id, DELIVERIES.c.state == DeliveryState.GIVEN_UP.value)
        .values(state=DeliveryState.PENDING.value, attempts=0, next_at=0)
    )
    return found.rowcount


def delivery_counts(connection: Connection, subscription_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the number of deliveries of subscriptions by state."""
    asked = (
        select(DELIVERIES.c.subscription_id, DELIVERIES.c.state, func.count())
        .where(DELIVERIES.c.subscription_id.in_(subscription_ids))
        .group_by(DELIVERIES.c.subscription_id, DELIVERIES.c.state)
    )
    found = {each: {state.value: 0 for state in DeliveryState} for each in subscription_ids}
    for subscription_id, state, count in connection.execute(asked):
        found[subscription_id][state] = count
    return found


def position_of(connection: Connection, source: str) -> int | None:
    """Return how far was looked at what happens outside the console, `None` before the first look."""
    found = connection.execute(select(POSITIONS.c.position).where(POSITIONS.c.source == source)).scalar()
    return None if found is None else int(found)


def move(connection: Connection, source: str, position: int, *, is_first: bool) -> None:
    """Note how far was looked."""
    if is_first:
        connection.execute(insert(POSITIONS).values(source=source, position=position))
    else:
        connection.execute(update(POSITIONS).where(POSITIONS.c.source == source).values(position=position))


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        subscription_id=row.subscription_id,
        url=row.url,
        types=tuple(EventType(each) for each in json.loads(row.types)),
        sites=tuple(json.loads(row.sites)),
        note=row.note,
        made_by=row.made_by,
        made_at=row.made_at,
        ended_at=row.ended_at,
    )
