"""Idempotency keys: what is sent twice is done once.

A client that did not get the answer sends the same request with the same key again, and is told what came of the first one.
The key belongs to the account and to the operation. It is written in the same transaction as what it stands for, so that of two
that arrive at the same moment one is done and the other is told of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Header
from sqlalchemy import Column, Connection, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from regenqc.console.refusals import Refused
from regenqc.console.store.database import METADATA
from regenqc.errors import Fault

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["KEYS", "KEY_DAYS", "IdempotencyKey", "remember", "remembered"]

KEY_DAYS: Final = 30

KEYS: Final = Table(
    "idempotency_key",
    METADATA,
    Column("person_id", String(200), primary_key=True),
    Column("operation", String(40), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("fingerprint", String(80), nullable=False),
    Column("result", String(200), nullable=False),
    Column("made_at", String(40), nullable=False, index=True),
)

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description=(
            "A text of your own, new for each request and the same when it is sent again, as a UUID. The same key with the same "
            f"content is done once; with other content it is refused by 409. It is remembered for {KEY_DAYS} days."
        ),
        examples=["7f0e2d8c-1f0a-4c55-9d1e-0b5ac2f4a771"],
    ),
]


def remembered(
    connection: Connection, *, person_id: str, operation: str, key: str, fingerprint: str, now: datetime
) -> str | None:
    """Return what an earlier request with this key came to, `None` when there was none.

    Raises:
        Refused: 409 `RQC-W409`, it had other content.
    """
    connection.execute(delete(KEYS).where(KEYS.c.made_at < (now - timedelta(days=KEY_DAYS)).isoformat()))
    row = connection.execute(
        select(KEYS.c.fingerprint, KEYS.c.result).where(
            KEYS.c.person_id == person_id, KEYS.c.operation == operation, KEYS.c.key == key
        )
    ).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Refused(
            409,
            Fault(
                code="RQC-W409",
                what="This idempotency key was used for other content.",
                where="Idempotency-Key",
                got=key,
                expected=f"the content of {row.result}, or a new key",
                action="Use a new key for a new request; nothing was done.",
            ),
        )
    return str(row.result)


def remember(
    connection: Connection, *, person_id: str, operation: str, key: str, fingerprint: str, result: str, now: datetime
) -> str:
    """Note what a request comes to, in the transaction that does it; returns what the first one with this key came to.

    Raises:
        Refused: 409 `RQC-W409`, the first one had other content.
    """
    found = remembered(connection, person_id=person_id, operation=operation, key=key, fingerprint=fingerprint, now=now)
    if found is not None:
        return found
    try:
        with connection.begin_nested():
            connection.execute(
                insert(KEYS).values(
                    person_id=person_id,
                    operation=operation,
                    key=key,
                    fingerprint=fingerprint,
                    result=result,
                    made_at=now.isoformat(),
                )
            )
    except IntegrityError:
        # A twin came first, between looking and writing.
        found = remembered(
            connection, person_id=person_id, operation=operation, key=key, fingerprint=fingerprint, now=now
        )
        if found is None:
            raise
        return found
    return result
