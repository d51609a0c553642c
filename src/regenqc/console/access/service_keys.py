"""Keys of service accounts: what a LIMS sends as `Authorization: Bearer …`.

A key belongs to a service account of the registry of people, ends at a moment that is stated when it is made, and may be
restricted to sites. The database holds its digest; its first characters name it in lists.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Integer, String, Table, insert, select, update

from regenqc.console.access.accounts import joined_sites, sites_of
from regenqc.console.access.journal import Event, write
from regenqc.console.store.database import METADATA
from regenqc.errors import Fault, UsageError
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regenqc.console.access.office import Office

__all__ = ["ServiceKey", "create_service_key", "find_service_key", "revoke_service_key", "service_keys"]

_PREFIX: Final = "rqc_"
_USED_EVERY_SECONDS: Final = 60
_KEYS: Final = Table(
    "access_service_keys",
    METADATA,
    Column("key_id", String, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    Column("person_id", String, nullable=False),
    Column("note", String, nullable=False),
    Column("sites", String, nullable=False),
    Column("made_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("revoked_at", Integer),
    Column("used_at", Integer),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKey:
    """A key of a service account, without the key.

    Args:
        key_id: its first characters, as lists show it.
        person_id: the service account.
        note: what it is for.
        sites: whose lots may be seen and sent with it; empty means every one.
        made_at: seconds since 1970.
        expires_at: seconds since 1970.
        revoked_at: seconds since 1970, `None` while it counts.
        used_at: seconds since 1970, to within a minute; `None` before the first time.
    """

    key_id: str
    person_id: str
    note: str
    sites: frozenset[str]
    made_at: int
    expires_at: int
    revoked_at: int | None
    used_at: int | None


def create_service_key(
    office: Office,
    person_id: str,
    *,
    by: str,
    expires_at: datetime,
    note: str = "",
    sites: Iterable[str] = (),
    address: str = "",
) -> str:
    """Make a key and return it; it is shown this once.

    Args:
        office: of the console.
        person_id: a service account of the registry of people.
        by: who makes it.
        expires_at: moment at which it ends, with zone.
        note: what it is for.
        sites: that it is restricted to; none for every one.
        address: from where, for the journal.

    Raises:
        UsageError: `RQC-U164`, it is no service account, or the moment has passed.
    """
    now = office.clock()
    if office.registry.roles(person_id, now=now) != {Role.SERVICE}:
        raise _refused(person_id, got="no service account", expected="an identifier with the role service and no other")
    if expires_at <= now:
        raise _refused(person_id, got=expires_at.isoformat(), expected="a moment that has not passed")
    key_id = _PREFIX + secrets.token_hex(5)
    token = f"{key_id}_{secrets.token_urlsafe(32)}"
    row = {
        "key_id": key_id,
        "digest": _digest(token),
        "person_id": person_id,
        "note": note,
        "sites": joined_sites(sites),
        "made_at": int(now.timestamp()),
        "expires_at": int(expires_at.timestamp()),
    }
    with office.store.begin() as connection:
        connection.execute(insert(_KEYS).values(**row))
    write(
        office.store,
        now=now,
        event=Event.SERVICE_KEY,
        person_id=by,
        address=address,
        subject=person_id,
        detail=f"{key_id} made",
    )
    return token


def find_service_key(office: Office, token: str) -> ServiceKey | None:
    """Return the key of a token while it counts, and note that it was used."""
    if not token.startswith(_PREFIX):
        return None
    now = int(office.clock().timestamp())
    with office.store.connect() as connection:
        row = connection.execute(select(_KEYS).where(_KEYS.c.digest == _digest(token))).first()
    if row is None:
        return None
    found = _key(row)
    if found.revoked_at is not None or now >= found.expires_at:
        return None
    if found.used_at is None or now - found.used_at >= _USED_EVERY_SECONDS:
        with office.store.begin() as connection:
            connection.execute(update(_KEYS).where(_KEYS.c.key_id == found.key_id).values(used_at=now))
    return found


def revoke_service_key(office: Office, key_id: str, *, by: str, address: str = "") -> None:
    """End a key at once.

    Raises:
        UsageError: `RQC-U165`, there is no such key, or it was revoked.
    """
    now = office.clock()
    ended = (
        update(_KEYS)
        .where(_KEYS.c.key_id == key_id, _KEYS.c.revoked_at.is_(None))
        .values(revoked_at=int(now.timestamp()))
    )
    with office.store.begin() as connection:
        if connection.execute(ended).rowcount != 1:
            raise UsageError(
                Fault(
                    code="RQC-U165",
                    what="There is no such key that counts.",
                    got=key_id,
                    action="List them: regenqc console keys",
                )
            )
    write(
        office.store, now=now, event=Event.SERVICE_KEY, person_id=by, address=address, subject=key_id, detail="revoked"
    )


def service_keys(office: Office) -> list[ServiceKey]:
    """Return every key, the newest first."""
    with office.store.connect() as connection:
        return [_key(row) for row in connection.execute(select(_KEYS).order_by(_KEYS.c.made_at.desc(), _KEYS.c.key_id))]


def _key(row: Any) -> ServiceKey:
    said = dict(row._mapping)  # noqa: SLF001 - public by its documentation
    del said["digest"]
    return ServiceKey(**(said | {"sites": sites_of(said["sites"])}))


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", errors="surrogateescape")).hexdigest()


def _refused(where: str, *, got: str, expected: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U164",
            what="No key can be made.",
            where=where,
            got=got,
            expected=expected,
            action="Enrol the machine and grant it the role: regenqc people enrol, regenqc people grant … service",
        )
    )
