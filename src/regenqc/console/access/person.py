"""Who sends a request, and the check that every route makes before anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fastapi import Depends, Request

from regenqc.console.access.journal import Event, record
from regenqc.console.access.permissions import RECORDED, Permission, permissions_of
from regenqc.console.refusals import NotAllowed, NotSignedIn

if TYPE_CHECKING:
    from regenqc.signing.words import Role

__all__ = ["SignedIn", "allow", "asked_of", "person_of", "signed_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Hold who sends a request.

    Args:
        person_id: as in the registry of people.
        printed_name: as it is shown.
        roles: held now.
        sites: identifiers of the sites whose lots and chains may be seen; empty means every one.
        session_id: digest of the session, for the journal; never the cookie.
        csrf: token that forms of this session carry.
    """

    person_id: str
    printed_name: str
    roles: frozenset[Role]
    sites: frozenset[str] = frozenset()
    session_id: str = ""
    csrf: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        """Return what this person may do."""
        return permissions_of(self.roles)

    def may(self, permission: Permission) -> bool:
        """Return whether this person may do something."""
        return permission in self.permissions

    def sees(self, site: str) -> bool:
        """Return whether this person may see what belongs to a site."""
        return not self.sites or site in self.sites


def person_of(request: Request) -> SignedIn | None:
    """Return who sends a request, `None` when nobody is signed in."""
    found: SignedIn | None = request.app.state.console.identify(request)
    return found


def signed_in(request: Request) -> SignedIn:
    """Return who sends a request.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    person = person_of(request)
    if person is None:
        raise NotSignedIn
    return person


# Which word of the journal the use of a permission is.
_WORDS: Final = {
    Permission.CUSTODY: Event.CUSTODY,
    Permission.GATE: Event.GATE,
    Permission.RECEIVE: Event.RECEIPT,
    Permission.ACCEPT: Event.RECEIPT,
}


def allow(permission: Permission, *, told_by_route: bool = False) -> Any:
    """Return the dependency of a route that only some may use; what comes near the chain of a person, it records.

    A route states it as `dependencies=[allow(Permission.READ)]`. With `told_by_route` the route itself records what was
    asked and what it answered, before it answers: one line in place of two.

    Raises:
        NotSignedIn: by the dependency, when nobody is signed in.
        NotAllowed: by the dependency, when no role of the person allows it.
    """

    def check(request: Request) -> None:
        if permission is Permission.OPEN:
            return
        if not signed_in(request).may(permission):
            raise NotAllowed(permission)
        if permission in RECORDED and not told_by_route:
            record(request, _WORDS[permission], subject=asked_of(request))

    dependency = Depends(check)
    # So that the start of the application, and a test over every route, can read which permission a route names.
    check.permission = permission  # type: ignore[attr-defined]
    return dependency


def asked_of(request: Request) -> str:
    """Return what was asked for: method, path and query, as they were sent."""
    query = request.url.query
    return f"{request.method} {request.url.path}{'?' if query else ''}{query}"
