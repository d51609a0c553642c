"""People and keys: who may act in which roles, with which keys, since when; and every attempt to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.console.site_ledger import people_of

if TYPE_CHECKING:
    from datetime import datetime

    from regenqc.console.application import Console
    from regenqc.signing.people import CertifiedKey

__all__ = ["router", "standing_of_key"]

router = APIRouter()
_SHOWN: Final = 200


@router.get("/people", dependencies=[allow(Permission.JOURNAL)])
def people(request: Request) -> Response:
    """Show the registry of people, their keys, and the attempts to sign, the last one first."""
    from regenqc.signing.attempts import AttemptLog  # noqa: PLC0415 - read where it is shown

    console: Console = request.app.state.console
    if not signed_in(request).sees(console.settings.site):
        raise NotFound("registry", console.settings.site)
    registry = people_of(console)
    log = AttemptLog(console.settings.people / "attempts.jsonl")
    now = console.clock()
    rows = [
        {
            "person": person,
            "roles": sorted(person.roles_at(now)),
            "keys": [(key, standing_of_key(key, now)) for key in person.keys],
            "failures": log.failures(person.person_id, since=person.unlocked_at),
        }
        for person in registry.people.values()
    ]
    attempts = log.read()
    return page(
        request,
        "ward/people.html.jinja",
        registry=registry,
        rows=rows,
        lockout=registry.settings.lockout_after if registry.settings is not None else 0,
        attempts=list(reversed(attempts))[:_SHOWN],
        count=len(attempts),
    )


def standing_of_key(key: CertifiedKey, now: datetime) -> str:
    """Return whether a key counts now: `counts`, `revoked`, `expired`, `not certified yet`, or `first use not certified`.

    Example:
        >>> from datetime import UTC, datetime
        >>> from regenqc.signing.people import CertifiedKey
        >>> start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        >>> standing_of_key(CertifiedKey(key_id="k", public_key="", valid_from=start, valid_to=end), start)
        'first use not certified'
    """
    if key.revoked_since is not None and now >= key.revoked_since:
        return "revoked"
    if now >= key.valid_to:
        return "expired"
    if now < key.valid_from:
        return "not certified yet"
    return "counts" if key.first_used is not None else "first use not certified"
