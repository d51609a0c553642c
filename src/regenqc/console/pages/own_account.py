"""Somebody's own account: password, second factor, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from regenqc.console.access.accounts import Account, change_password, find_account
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import SignedIn, allow, signed_in
from regenqc.console.access.second_factor import confirm, propose
from regenqc.console.access.sessions import close_sessions, open_sessions
from regenqc.console.access.sign_in import Refused, check_password
from regenqc.console.pages.sign_in import address_of, check_same, renewed
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["router"]

router: Final = APIRouter(include_in_schema=False)
# Whoever is signed in has an account, whatever their roles; the routes ask for that themselves.
_OPEN: Final = [allow(Permission.OPEN)]
Text = Annotated[str, Form()]


@router.get("/account", dependencies=_OPEN)
def show_account(request: Request) -> Response:
    """Show who somebody is here, and what they may change."""
    return _account_page(request, 200, "")


@router.post("/account/password", dependencies=_OPEN)
def set_password(request: Request, present: Text = "", code: Text = "", new: Text = "", again: Text = "") -> Response:
    """Change a password; every other session ends, and the browser that did it gets another token."""
    person, account = _own(request)
    check_same(new, again)
    refused = _shown(request, account, password=present, code=code)
    if refused is not None:
        return _account_page(request, 403, refused.why)
    office = request.app.state.console.office
    change_password(office, account, password=new, but=person.session_id, address=address_of(request))
    return renewed(request, RedirectResponse("/account", status_code=303))


@router.get("/account/second-factor", dependencies=_OPEN)
def show_factor(request: Request) -> Response:
    """Show the secret of a new second factor."""
    return _factor_page(request, 200, "")


@router.post("/account/second-factor", dependencies=_OPEN)
def set_factor(request: Request, present: Text = "", code: Text = "", new_code: Text = "") -> Response:
    """Take a new second factor in place of the present one, after the password and a code of the present one."""
    _, account = _own(request)
    refused = _shown(request, account, password=present, code=code)
    if refused is not None:
        return _factor_page(request, 403, refused.why)
    codes = confirm(request.app.state.console.office, account, code=new_code, address=address_of(request))
    if not codes:
        return _factor_page(request, 403, "mismatch")
    return page(request, "recovery_codes.html.jinja", codes=codes)


@router.post("/account/sessions", dependencies=_OPEN)
def end_other_sessions(request: Request) -> Response:
    """End every session of somebody but that of this browser."""
    person, _ = _own(request)
    with request.app.state.console.store.begin() as connection:
        close_sessions(connection, person.person_id, but=person.session_id)
    return renewed(request, RedirectResponse("/account", status_code=303))


def _own(request: Request) -> tuple[SignedIn, Account]:
    person = signed_in(request)
    account = find_account(request.app.state.console.office, person.person_id)
    if account is None:
        raise NotFound("account", person.person_id)
    return person, account


def _shown(request: Request, account: Account, *, password: str, code: str) -> Refused | None:
    return check_password(
        request.app.state.console.office,
        account,
        name=account.person_id,
        password=password,
        code=code,
        address=address_of(request),
    )


def _account_page(request: Request, status: int, refused: str) -> Response:
    person, account = _own(request)
    console: Console = request.app.state.console
    return page(
        request,
        "own_account.html.jinja",
        status=status,
        account=account,
        roles=sorted(role.printed for role in person.roles),
        sessions=len(open_sessions(console.office, person.person_id)),
        shortest=console.office.shortest_password,
        refused=refused,
    )


def _factor_page(request: Request, status: int, refused: str) -> Response:
    person, account = _own(request)
    console: Console = request.app.state.console
    proposal = propose(console.office, person.person_id, site=console.settings.site)
    return page(request, "own_factor.html.jinja", status=status, account=account, proposal=proposal, refused=refused)
