"""Tell which lots have another disposition since an evaluation was loaded, whoever loaded it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from regenqc.console.store.tables import BATCHES, EVALUATIONS, JUDGEMENTS, LOTS
from regenqc.console.webhooks.outbox import take
from regenqc.console.webhooks.tables import EventType, move, position_of, subscriptions

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["tell_changes"]

_SOURCE: Final = "evaluations"
_AT_ONCE: Final = 1_000


def tell_changes(store: Engine, *, at: str) -> None:
    """Take into the outbox every change of a disposition by the evaluations that were loaded since the last look.

    A judgement as of an earlier moment than the one that a lot had changes nothing. The first disposition of a lot is a change
    from nothing. What was loaded before the first look is not told.

    Args:
        store: of the console.
        at: the present moment, RFC 3339.
    """
    with store.begin() as connection:
        newest = int(connection.execute(select(func.max(EVALUATIONS.c.id))).scalar() or 0)
        unfinished = connection.execute(
            select(func.min(EVALUATIONS.c.id)).where(EVALUATIONS.c.state != "loaded")
        ).scalar()
        # What is being loaded has its number already; it is told when it is whole.
        until = newest if unfinished is None else int(unfinished) - 1
        position = position_of(connection, _SOURCE)
        if position is not None and position >= until:
            return
        # Where nobody asked, a load of many lots takes no longer for it.
        is_asked = any(each.wants(EventType.DISPOSITION_CHANGED) for each in subscriptions(connection))
        if position is not None and is_asked:
            found = select(EVALUATIONS.c.id).where(EVALUATIONS.c.id > position, EVALUATIONS.c.id <= until)
            for evaluation in connection.execute(found.order_by(EVALUATIONS.c.id)).scalars().all():
                last: int | None = 0
                while last is not None:
                    last = _tell_some(connection, evaluation, after=last, at=at)
        move(connection, _SOURCE, until, is_first=position is None)


def _tell_some(connection: Connection, evaluation: int, *, after: int, at: str) -> int | None:
    asked = (
        select(
            JUDGEMENTS,
            LOTS.c.site,
            LOTS.c.product,
            BATCHES.c.batch_id,
            EVALUATIONS.c.folder,
            EVALUATIONS.c.as_of_seconds,
        )
        .join(LOTS, LOTS.c.key == JUDGEMENTS.c.key)
        .join(BATCHES, BATCHES.c.id == JUDGEMENTS.c.batch)
        .join(EVALUATIONS, EVALUATIONS.c.id == JUDGEMENTS.c.evaluation_id)
        .where(JUDGEMENTS.c.evaluation_id == evaluation, JUDGEMENTS.c.id > after)
        .order_by(JUDGEMENTS.c.id)
        .limit(_AT_ONCE)
    )
    rows = connection.execute(asked).all()
    for row in rows:
        before, as_of_seconds = _before(connection, row.key, evaluation)
        if before == row.disposition or as_of_seconds > row.as_of_seconds:
            continue
        take(
            connection,
            EventType.DISPOSITION_CHANGED,
            key=f"{row.key} {row.evaluation_id} {row.folder}",
            about=row.batch_id,
            site=row.site,
            at=at,
            data={
                "lot_id": row.key,
                "batch_id": row.batch_id,
                "stage": row.stage,
                "spec_id": row.spec_id,
                "spec_version": row.spec_version,
                "product": row.product,
                "from": before,
                "to": row.disposition,
                "reasons": row.reasons,
                "evaluation_id": row.folder,
            },
        )
    return rows[-1].id if len(rows) == _AT_ONCE else None


def _before(connection: Connection, key: str, evaluation: int) -> tuple[str, int]:
    """Return the disposition that a lot had before an evaluation was loaded, and as of when; empty when it had none."""
    asked = (
        select(JUDGEMENTS.c.disposition, EVALUATIONS.c.as_of_seconds)
        .join(EVALUATIONS, EVALUATIONS.c.id == JUDGEMENTS.c.evaluation_id)
        .where(JUDGEMENTS.c.key == key, EVALUATIONS.c.id < evaluation, EVALUATIONS.c.state == "loaded")
        .order_by(EVALUATIONS.c.as_of_seconds.desc(), EVALUATIONS.c.id.desc())
        .limit(1)
    )
    row = connection.execute(asked).first()
    return ("", 0) if row is None else (row.disposition, row.as_of_seconds)
