"""Deliver what is in the outbox: at least once, for each lot in order, again and again by a schedule, also after a restart."""

from __future__ import annotations

import fcntl
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from regenqc.console.webhooks.sending import send
from regenqc.console.webhooks.tables import (
    DELIVERIES,
    EVENTS,
    SUBSCRIPTIONS,
    DeliveryState,
    end_subscription,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine, Row

    from regenqc.console.webhooks.sending import Sent

__all__ = ["SCHEDULE_SECONDS", "Deliverer", "deliver_due"]

_LOG: Final = logging.getLogger("regenqc.console")
# Seconds to wait after each attempt that failed; after the last of them it is given up: three days in all.
SCHEDULE_SECONDS: Final = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400)
_GONE: Final = 410
_AT_ONCE: Final = 200
_LOOK_SECONDS: Final = 1.0
_RECEIVERS_AT_ONCE: Final = 4


class Deliverer:
    """Look for what happened and deliver it, in one process of those that share the store.

    Args:
        store: with the tables of webhooks.
        home: folder of the console; a lock in it says which process delivers.
        clock: the present moment, with zone.
        networks: that may be called although they are not public.
        look: sees what happened outside the console, and takes it into the outbox.
    """

    def __init__(
        self,
        *,
        store: Engine,
        home: Path,
        clock: Callable[[], datetime],
        networks: tuple[str, ...],
        look: Callable[[], object],
    ) -> None:
        self._store, self._home, self._clock, self._networks, self._look = store, home, clock, networks, look
        self._stop = Event()
        self._thread = Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Return when the attempt that runs has ended; what is left is delivered after the next start."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        lock = os.open(self._home / ".webhooks.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with ThreadPoolExecutor(_RECEIVERS_AT_ONCE, thread_name_prefix="webhook") as pool:
                while not self._stop.wait(_LOOK_SECONDS):
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        self._look()
                        list(pool.map(self._deliver, self._receivers()))
                    except BlockingIOError:
                        continue
                    except Exception:  # noqa: BLE001 - the thread goes on: what cannot be told now is told later
                        _LOG.exception("webhooks cannot be delivered")
        finally:
            os.close(lock)

    def _receivers(self) -> list[str]:
        asked = (
            select(DELIVERIES.c.subscription_id)
            .where(
                DELIVERIES.c.state == DeliveryState.PENDING.value,
                DELIVERIES.c.next_at <= int(self._clock().timestamp()),
            )
            .distinct()
        )
        with self._store.connect() as connection:
            return list(connection.execute(asked).scalars())

    def _deliver(self, subscription_id: str) -> None:
        deliver_due(self._store, subscription_id, clock=self._clock, networks=self._networks, is_over=self._stop.is_set)


def deliver_due(
    store: Engine,
    subscription_id: str,
    *,
    clock: Callable[[], datetime],
    networks: tuple[str, ...],
    is_over: Callable[[], bool] = lambda: False,
) -> int:
    """Deliver to one receiver what is due; returns how many events it took.

    Of the events about one lot, none is sent before those that happened earlier were taken or given up. The first attempt that
    fails ends the round: a receiver that is away is not asked for each lot.
    """
    taken, held = 0, set()
    for row in _pending(store, subscription_id):
        now = clock()
        if is_over():
            break
        if row.about in held:
            continue
        if row.next_at > now.timestamp():
            held.add(row.about)
            continue
        sent = send(
            row.url,
            row.body.encode(),
            event_id=row.event_id,
            secret=row.secret,
            seconds=int(now.timestamp()),
            networks=networks,
        )
        _note(store, row, sent, now=now)
        if not sent.is_taken:
            break
        taken += 1
    return taken


def _pending(store: Engine, subscription_id: str) -> list[Row[Any]]:
    asked = (
        select(
            DELIVERIES.c.subscription_id,
            DELIVERIES.c.number,
            DELIVERIES.c.attempts,
            DELIVERIES.c.next_at,
            EVENTS.c.event_id,
            EVENTS.c.about,
            EVENTS.c.body,
            SUBSCRIPTIONS.c.url,
            SUBSCRIPTIONS.c.secret,
        )
        .join(EVENTS, EVENTS.c.number == DELIVERIES.c.number)
        .join(SUBSCRIPTIONS, SUBSCRIPTIONS.c.subscription_id == DELIVERIES.c.subscription_id)
        .where(
            DELIVERIES.c.subscription_id == subscription_id,
            DELIVERIES.c.state == DeliveryState.PENDING.value,
            SUBSCRIPTIONS.c.ended_at == "",
        )
        .order_by(DELIVERIES.c.number)
        .limit(_AT_ONCE)
    )
    with store.connect() as connection:
        return list(connection.execute(asked))


def _note(store: Engine, row: Row[Any], sent: Sent, *, now: datetime) -> None:
    status, said = sent
    attempts = row.attempts + 1
    is_last = attempts > len(SCHEDULE_SECONDS)
    state = DeliveryState.DELIVERED if sent.is_taken else DeliveryState.GIVEN_UP if is_last else DeliveryState.PENDING
    wait = 0 if sent.is_taken or is_last else SCHEDULE_SECONDS[attempts - 1]
    with store.begin() as connection:
        connection.execute(
            update(DELIVERIES)
            .where(
                DELIVERIES.c.subscription_id == row.subscription_id,
                DELIVERIES.c.number == row.number,
                DELIVERIES.c.state == DeliveryState.PENDING.value,
            )
            .values(state=state.value, attempts=attempts, next_at=int(now.timestamp()) + wait, status=status, said=said)
        )
        if status == _GONE:
            end_subscription(connection, row.subscription_id, at=now.isoformat())
