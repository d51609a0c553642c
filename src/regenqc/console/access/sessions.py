"""Sessions: a random token in a cookie, its digest in the database, an end when idle and an end in any case."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Index, Integer, String, Table, delete, insert, select, update

from regenqc.console.store.database import METADATA

if TYPE_CHECKING:
    from fastapi import Request, Response
    from sqlalchemy import Connection, Update

    from regenqc.console.access.office import Office

__all__ = [
    "Session",
    "close_session",
    "close_sessions",
    "cookie_name",
    "csrf_of",
    "drop_cookie",
    "find_session",
    "open_session",
    "open_sessions",
    "renew_session",
    "set_cookie",
    "token_of",
]

_TOKEN_BYTES: Final = 32
# When a session was last seen is written at most so often: a reading page costs no write.
_SEEN_EVERY_SECONDS: Final = 30
_SESSIONS: Final = Table(
    "access_sessions",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("pending", String, nullable=False),
    Column("made_at", Integer, nullable=False),
    Column("seen_at", Integer, nullable=False),
    Column("address", String, nullable=False),
)
Index("access_sessions_person", _SESSIONS.c.person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as the database holds it.

    Args:
        digest: of the token; the token itself is with the browser alone.
        person_id: whose it is.
        pending: what must be done before it counts: `password`, `second_factor`, `code`, or nothing.
        made_at: seconds since 1970.
        seen_at: seconds since 1970, to within half a minute.
        address: from where it was opened.
    """

    digest: str
    person_id: str
    pending: str
    made_at: int
    seen_at: int
    address: str


def open_session(
    office: Office, person_id: str, *, address: str, pending: str = "", only_if: Update | None = None
) -> str:
    """Open a session and return its token, which nobody held before.

    Args:
        office: of the console.
        person_id: whose it is.
        address: from where.
        pending: what must be done before it counts.
        only_if: statement that changes a row, in the same transaction; where it changes none, no session is opened.

    Returns:
        The token; empty when there is no session.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = int(office.clock().timestamp())
    with office.store.begin() as connection:
        if only_if is not None and connection.execute(only_if).rowcount != 1:
            return ""
        connection.execute(delete(_SESSIONS).where(_SESSIONS.c.made_at < now - office.policy.absolute_seconds))
        connection.execute(
            insert(_SESSIONS).values(
                digest=_digest(token), person_id=person_id, pending=pending, made_at=now, seen_at=now, address=address
            )
        )
    return token


def renew_session(office: Office, token: str, *, pending: str = "") -> str:
    """Return another token of a session; the former one counts no more.

    The session stays the one that it was, with its end: where somebody ended it meanwhile, there is none to renew.

    Args:
        office: of the console.
        token: so far.
        pending: what must still be done before it counts.

    Returns:
        The token; empty when there is no such session any more.
    """
    new = secrets.token_urlsafe(_TOKEN_BYTES)
    with office.store.begin() as connection:
        renewed = connection.execute(
            update(_SESSIONS).where(_SESSIONS.c.digest == _digest(token)).values(digest=_digest(new), pending=pending)
        )
        return new if renewed.rowcount == 1 else ""


def find_session(office: Office, token: str) -> Session | None:
    """Return the session of a token while it lasts, and note that it was seen.

    Args:
        office: of the console.
        token: as the cookie states it.
    """
    if not token:
        return None
    now = int(office.clock().timestamp())
    with office.store.connect() as connection:
        row = connection.execute(select(_SESSIONS).where(_SESSIONS.c.digest == _digest(token))).first()
    if row is None:
        return None
    found = Session(**row._mapping)  # noqa: SLF001 - public by its documentation
    is_over = now - found.seen_at > office.idle_seconds or now - found.made_at > office.policy.absolute_seconds
    # A clock that went back makes no session younger than it is.
    if is_over or now < found.made_at - office.policy.absolute_seconds:
        close_session(office, token)
        return None
    if now - found.seen_at >= min(_SEEN_EVERY_SECONDS, office.idle_seconds // 4):
        with office.store.begin() as connection:
            connection.execute(update(_SESSIONS).where(_SESSIONS.c.digest == found.digest).values(seen_at=now))
    return found


def close_session(office: Office, token: str) -> None:
    """End a session."""
    with office.store.begin() as connection:
        connection.execute(delete(_SESSIONS).where(_SESSIONS.c.digest == _digest(token)))


def close_sessions(connection: Connection, person_id: str, *, but: str = "") -> None:
    """End the sessions of a person.

    Args:
        connection: in a transaction.
        person_id: whose they are.
        but: digest of the one that goes on.
    """
    connection.execute(delete(_SESSIONS).where(_SESSIONS.c.person_id == person_id, _SESSIONS.c.digest != but))


def open_sessions(office: Office, person_id: str) -> list[Session]:
    """Return the sessions of a person that last, the newest first."""
    now = int(office.clock().timestamp())
    query = (
        select(_SESSIONS)
        .where(_SESSIONS.c.person_id == person_id, _SESSIONS.c.seen_at >= now - office.idle_seconds)
        .order_by(_SESSIONS.c.made_at.desc())
    )
    with office.store.connect() as connection:
        return [Session(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - public by its documentation


def csrf_of(token: str) -> str:
    """Return the word that forms of a session carry: only whoever has the token can make it, and it does not give it away.

    Example:
        >>> csrf_of("a") == csrf_of("a"), csrf_of("a") == csrf_of("b")
        (True, False)
    """
    return hmac.digest(token.encode(), b"forms of this session", "sha256").hex()


def cookie_name(*, is_secure: bool) -> str:
    """Return the name of the cookie: by its prefix a browser takes it only by TLS, for this host and the whole of it.

    Source: RFC 6265bis, section 4.1.3.2.

    Example:
        >>> cookie_name(is_secure=True), cookie_name(is_secure=False)
        ('__Host-regenqc', 'regenqc-loopback')
    """
    return "__Host-regenqc" if is_secure else "regenqc-loopback"


def token_of(request: Request) -> str:
    """Return the token that a request carries, empty for none."""
    is_secure = request.app.state.console.settings.is_secure
    return request.cookies.get(cookie_name(is_secure=is_secure), "")


def set_cookie(response: Response, token: str, *, is_secure: bool) -> None:
    """Give a browser the token of its session."""
    # Lax: a link in a mail opens the page; forms of other sites carry no cookie, and the forgery check is beside it.
    response.set_cookie(
        cookie_name(is_secure=is_secure), token, path="/", secure=is_secure, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, *, is_secure: bool) -> None:
    """Take the token from a browser."""
    response.delete_cookie(cookie_name(is_secure=is_secure), path="/", secure=is_secure, httponly=True, samesite="lax")


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", errors="surrogateescape")).hexdigest()
