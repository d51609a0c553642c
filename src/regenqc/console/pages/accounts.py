"""Accounts and keys of service accounts, for whoever administers them; roles stay with the registry of people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from regenqc.console.access.accounts import (
    accounts,
    close_account,
    create_account,
    one_time_password,
    reset_account,
    restrict_to_sites,
)
from regenqc.console.access.lockout import unlock
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.access.service_keys import create_service_key, revoke_service_key, service_keys
from regenqc.console.pages.sign_in import address_of
from regenqc.console.rendering import page
from regenqc.errors import Fault, UsageError
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["router"]

router: Final = APIRouter(prefix="/accounts", include_in_schema=False)
_ALLOWED: Final = [allow(Permission.ADMINISTER)]
Text = Annotated[str, Form()]


@router.get("", dependencies=_ALLOWED)
def show_accounts(request: Request) -> Response:
    """List accounts and keys."""
    return _accounts_page(request)


@router.post("/add", dependencies=_ALLOWED)
def add_account(request: Request, person_id: Text = "", sites: Text = "") -> Response:
    """Create the account of a person of the registry, and show the password of the first sign-in this once."""
    password = one_time_password()
    office = request.app.state.console.office
    by = signed_in(request).person_id
    create_account(
        office, person_id.strip(), password=password, by=by, address=address_of(request), sites=sites.split(",")
    )
    return _accounts_page(request, shown_for=person_id.strip(), shown=password)


@router.post("/reset", dependencies=_ALLOWED)
def reset(request: Request, person_id: Text = "", second_factor: Text = "") -> Response:
    """Give an account a password for one sign-in, and show it this once."""
    password = one_time_password()
    office = request.app.state.console.office
    by = signed_in(request).person_id
    reset_account(
        office, person_id, password=password, by=by, address=address_of(request), second_factor=bool(second_factor)
    )
    return _accounts_page(request, shown_for=person_id, shown=password)


@router.post("/close", dependencies=_ALLOWED)
def close(request: Request, person_id: Text = "") -> Response:
    """Close an account and end its sessions."""
    close_account(
        request.app.state.console.office, person_id, by=signed_in(request).person_id, address=address_of(request)
    )
    return RedirectResponse("/accounts", status_code=303)


@router.post("/unlock", dependencies=_ALLOWED)
def unlock_name(request: Request, person_id: Text = "") -> Response:
    """Let a name that was locked out try again."""
    unlock(
        request.app.state.console.office, name=person_id, by=signed_in(request).person_id, address=address_of(request)
    )
    return RedirectResponse("/accounts", status_code=303)


@router.post("/sites", dependencies=_ALLOWED)
def set_sites(request: Request, person_id: Text = "", sites: Text = "") -> Response:
    """State whose lots and chains an account may see."""
    office = request.app.state.console.office
    restrict_to_sites(
        office, person_id, sites=sites.split(","), by=signed_in(request).person_id, address=address_of(request)
    )
    return RedirectResponse("/accounts", status_code=303)


@router.post("/keys/add", dependencies=_ALLOWED)
def add_key(request: Request, person_id: Text = "", note: Text = "", days: Text = "", sites: Text = "") -> Response:
    """Make a key of a service account, and show it this once."""
    office = request.app.state.console.office
    if not (days.isascii() and days.isdigit() and len(days) <= 5 and 1 <= int(days) <= 36500):
        raise UsageError(
            Fault(code="RQC-U164", what="No key can be made.", where="days", got=days, expected="days, 1 to 36500")
        )
    key = create_service_key(
        office,
        person_id.strip(),
        by=signed_in(request).person_id,
        address=address_of(request),
        expires_at=office.clock() + timedelta(days=int(days)),
        note=note,
        sites=sites.split(","),
    )
    return _accounts_page(request, shown_for=person_id.strip(), shown=key)


@router.post("/keys/revoke", dependencies=_ALLOWED)
def revoke_key(request: Request, key_id: Text = "") -> Response:
    """End a key at once."""
    revoke_service_key(
        request.app.state.console.office, key_id, by=signed_in(request).person_id, address=address_of(request)
    )
    return RedirectResponse("/accounts", status_code=303)


def _accounts_page(request: Request, *, shown_for: str = "", shown: str = "") -> Response:
    console: Console = request.app.state.console
    office, now = console.office, console.clock()
    people = office.registry.people()
    held = people.at(now)
    known = accounts(office)
    without = sorted(set(held) - {each.person_id for each in known})
    return page(
        request,
        "accounts.html.jinja",
        accounts=known,
        names={each.person_id: each.printed_name for each in people.people.values()},
        roles={name: sorted(role.printed for role in roles) for name, roles in held.items()},
        without=[name for name in without if Role.SERVICE not in held[name]],
        machines=sorted(name for name, roles in held.items() if Role.SERVICE in roles),
        keys=service_keys(office),
        seconds=int(now.timestamp()),
        day=lambda seconds: datetime.fromtimestamp(seconds, UTC).date().isoformat(),
        shown_for=shown_for,
        shown=shown,
    )
