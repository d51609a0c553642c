"""Lockout: a failure is counted before the password is tried, by name and by address, so that guesses at once count, too.

A name that does not exist is counted and locked out like one that does. A lockout ends by itself, and an administrator ends
it sooner. Signing is not touched by it: whoever types wrong passwords here locks no key (`signing/attempts`), which would let
anybody keep a person from releasing.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Integer, String, Table, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from regenqc.console.access.journal import Event, write
from regenqc.console.access.networks import network_of
from regenqc.console.store.database import METADATA

if TYPE_CHECKING:
    from regenqc.console.access.office import Office

__all__ = ["Locked", "count_attempt", "forget_failures", "unlock"]

_FAILURES: Final = Table(
    "access_failures",
    METADATA,
    Column("whose", String, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """Say that an attempt is not even tried.

    Args:
        what: `name` or `address`.
        until: seconds since 1970.
        is_new: whether this attempt is the first one that was not tried; those that follow change nothing any more.
    """

    what: str
    until: int
    is_new: bool


def count_attempt(office: Office, *, name: str, address: str) -> Locked | None:
    """Count an attempt as failed until it has succeeded, and say whether it may be tried at all.

    Args:
        office: of the console.
        name: as typed.
        address: from where.
    """
    now = int(office.clock().timestamp())
    for what, whose, most in (
        ("address", _address_key(address), office.policy.address_failures),
        ("name", _name_key(name), office.lockout_after),
    ):
        count, last_at, is_counted = _counted(office, whose, most, now)
        if count > most:
            return Locked(what=what, until=last_at + office.policy.lockout_seconds, is_new=is_counted)
    return None


def forget_failures(office: Office, *, name: str, address: str) -> None:
    """Forget the failures of a name after a success; of the address only this attempt, which was none."""
    with office.store.begin() as connection:
        connection.execute(delete(_FAILURES).where(_FAILURES.c.whose == _name_key(name)))
        # Not the others: whoever has an account of their own could go on guessing for ever.
        connection.execute(
            update(_FAILURES)
            .where(_FAILURES.c.whose == _address_key(address), _FAILURES.c.count > 0)
            .values(count=_FAILURES.c.count - 1)
        )


def unlock(office: Office, *, name: str, by: str, address: str = "") -> None:
    """Let a name try again.

    Args:
        office: of the console.
        name: as it is typed.
        by: who lets it.
        address: from where, for the journal.
    """
    with office.store.begin() as connection:
        connection.execute(delete(_FAILURES).where(_FAILURES.c.whose == _name_key(name)))
    write(
        office.store,
        now=office.clock(),
        event=Event.ACCOUNT,
        person_id=by,
        address=address,
        subject=name,
        detail="unlocked",
    )


def _counted(office: Office, whose: str, most: int, now: int) -> tuple[int, int, bool]:
    """Return how many attempts there were with this one, when the last one was that counted, and whether this one did.

    While something is locked out, further attempts neither count nor prolong it.
    """
    is_over = _FAILURES.c.last_at <= now - office.policy.lockout_seconds
    upsert = sqlite.insert if office.store.dialect.name == "sqlite" else postgresql.insert
    # One statement: between two, another attempt at the same moment would be seen and this one not counted.
    counted = (
        upsert(_FAILURES)
        .values(whose=whose, count=1, last_at=now)
        .on_conflict_do_update(
            index_elements=[_FAILURES.c.whose],
            set_={"count": case((is_over, 1), else_=_FAILURES.c.count + 1), "last_at": now},
            where=is_over | (_FAILURES.c.count <= most),
        )
    )
    with office.store.begin() as connection:
        connection.execute(delete(_FAILURES).where(_FAILURES.c.last_at < now - 10 * office.policy.lockout_seconds))
        is_counted = bool(connection.execute(counted).rowcount)
        row = connection.execute(select(_FAILURES.c.count, _FAILURES.c.last_at).where(_FAILURES.c.whose == whose)).one()
        return int(row[0]), int(row[1]), is_counted


def _name_key(name: str) -> str:
    # A digest: people type passwords into the field of the name.
    return f"name:{sha256(name.strip().casefold().encode('utf-8', errors='surrogatepass')).hexdigest()}"


def _address_key(address: str) -> str:
    return f"address:{network_of(address)}"
