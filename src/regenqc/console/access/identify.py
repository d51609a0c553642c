"""Who sends a request: by the key of a service account, or by the session of a browser; roles as the registry says now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.console.access.accounts import find_account
from regenqc.console.access.person import SignedIn
from regenqc.console.access.service_keys import find_service_key
from regenqc.console.access.sessions import csrf_of, find_session, token_of
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

    from regenqc.console.access.office import Office

__all__ = ["bearer_of", "identify_by"]

_KEPT = "regenqc.person"


def identify_by(office: Office) -> Callable[[Request], SignedIn | None]:
    """Return the function that says who sends a request.

    A request with a key is judged by the key alone, never by a cookie beside it. A session whose password is to be changed,
    or whose second factor is to be enrolled, is nobody's yet.
    """

    def identify(request: Request) -> SignedIn | None:
        if _KEPT not in request.scope:
            request.scope[_KEPT] = (
                None  # should the registry be refused, the page that says so is shown to nobody in particular
            )
            key = bearer_of(request)
            request.scope[_KEPT] = _by_session(office, token_of(request)) if key is None else _by_key(office, key)
        found: SignedIn | None = request.scope[_KEPT]
        return found

    return identify


def bearer_of(request: Request) -> str | None:
    """Return the key that a request carries, `None` when it carries none.

    Another scheme of `Authorization` is a key that nobody has: it does not fall back to a cookie.
    """
    stated = request.headers.get("authorization")
    if stated is None:
        return None
    scheme, _, key = stated.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _by_key(office: Office, token: str) -> SignedIn | None:
    key = find_service_key(office, token)
    if key is None:
        return None
    person = office.registry.person(key.person_id)
    roles = person.roles_at(office.clock()) if person is not None else frozenset()
    if person is None or roles != {Role.SERVICE}:
        return None
    return SignedIn(
        person_id=person.person_id,
        printed_name=person.printed_name,
        roles=roles,
        sites=key.sites,
        session_id=key.key_id,
    )


def _by_session(office: Office, token: str) -> SignedIn | None:
    session = find_session(office, token)
    if session is None or session.pending:
        return None
    account = find_account(office, session.person_id)
    person = office.registry.person(session.person_id)
    roles = person.roles_at(office.clock()) if person is not None else frozenset()
    if account is None or account.closed_at is not None or person is None or not roles or Role.SERVICE in roles:
        return None
    return SignedIn(
        person_id=person.person_id,
        printed_name=person.printed_name,
        roles=roles,
        sites=account.sites,
        session_id=session.digest,
        csrf=csrf_of(token),
    )
