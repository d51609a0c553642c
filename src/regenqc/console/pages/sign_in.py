"""Sign-in and sign-out: one form for name, password and code; what must be set before the first work comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from regenqc.console.access.accounts import Account, change_password, find_account
from regenqc.console.access.journal import Event, write
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, person_of
from regenqc.console.access.second_factor import confirm, propose
from regenqc.console.access.sessions import (
    Session,
    close_session,
    drop_cookie,
    find_session,
    renew_session,
    set_cookie,
    token_of,
)
from regenqc.console.access.sign_in import Opened, Refused, check_code, sign_in
from regenqc.console.refusals import NotSignedIn
from regenqc.console.rendering import page
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["address_of", "check_same", "entered", "own_path", "refusal_page", "renewed", "router", "sign_in_address"]

router: Final = APIRouter(include_in_schema=False)
_OPEN: Final = [allow(Permission.OPEN)]
_NEXT: Final = {
    "password": "/sign-in/password",
    "second_factor": "/sign-in/second-factor",
    "code": "/sign-in/code",
}
Text = Annotated[str, Form()]


@router.get("/sign-in", dependencies=_OPEN)
def show_sign_in(request: Request, next: str = "") -> Response:  # noqa: A002 - the name that addresses have
    """Show the form; who is signed in already goes on."""
    if person_of(request) is not None:
        return RedirectResponse(own_path(next) or "/", status_code=303)
    return _form(request, 200, next_path=own_path(next))


@router.post("/sign-in", dependencies=_OPEN)
def do_sign_in(
    request: Request,
    name: Text = "",
    password: Text = "",
    code: Text = "",
    next: Text = "",  # noqa: A002 - as above
) -> Response:
    """Sign somebody in, with a token that nobody held before."""
    console: Console = request.app.state.console
    found = sign_in(console.office, name=name, password=password, code=code, address=address_of(request))
    if isinstance(found, Refused):
        return refusal_page(request, found, next_path=own_path(next))
    return entered(request, found, next_path=own_path(next))


@router.get("/sign-in/password", dependencies=_OPEN)
def show_first_password(request: Request) -> Response:
    """Ask for the password that replaces the one an administrator gave."""
    session, _ = _pending(request, "password")
    console: Console = request.app.state.console
    return page(request, "first_password.html.jinja", name=session.person_id, shortest=console.office.shortest_password)


@router.post("/sign-in/password", dependencies=_OPEN)
def set_first_password(request: Request, new: Text = "", again: Text = "") -> Response:
    """Take that password; the session that asked for it ends, and a new one begins."""
    office = request.app.state.console.office
    session, account = _pending(request, "password")
    check_same(new, again)
    change_password(office, account, password=new, but=session.digest, address=address_of(request))
    pending = "second_factor" if office.policy.second_factor and not account.secret else ""
    return renewed(request, pending=pending)


@router.get("/sign-in/second-factor", dependencies=_OPEN)
def show_first_factor(request: Request) -> Response:
    """Show the secret of the second factor, to be taken by an authenticator."""
    session, _ = _pending(request, "second_factor")
    return _factor_form(request, session, is_wrong=False)


@router.post("/sign-in/second-factor", dependencies=_OPEN)
def set_first_factor(request: Request, code: Text = "") -> Response:
    """Take the second factor when a code of it is right, and show the recovery codes this once."""
    session, account = _pending(request, "second_factor")
    codes = confirm(request.app.state.console.office, account, code=code, address=address_of(request))
    if not codes:
        return _factor_form(request, session, is_wrong=True)
    return renewed(request, page(request, "recovery_codes.html.jinja", codes=codes))


@router.get("/sign-in/code", dependencies=_OPEN)
def show_code(request: Request) -> Response:
    """Ask for a code of the second factor, where the identity provider did not."""
    _pending(request, "code")
    return page(request, "code.html.jinja", refused="", minutes=0)


@router.post("/sign-in/code", dependencies=_OPEN)
def check_second_factor(request: Request, code: Text = "") -> Response:
    """Let somebody in whom the identity provider knows when the code is right, too."""
    _, account = _pending(request, "code")
    refused = check_code(request.app.state.console.office, account, code=code, address=address_of(request))
    if refused is None:
        return renewed(request)
    return page(
        request,
        "code.html.jinja",
        status=429 if refused.why == "locked" else 403,
        refused=refused.why,
        minutes=_minutes(request, refused),
    )


@router.post("/sign-out", dependencies=_OPEN)
def sign_out(request: Request) -> Response:
    """End the session, here and in the database."""
    console: Console = request.app.state.console
    session = find_session(console.office, token_of(request))
    if session is not None:
        close_session(console.office, token_of(request))
        write(
            console.store,
            now=console.clock(),
            event=Event.SIGN_OUT,
            person_id=session.person_id,
            session_id=session.digest,
            address=address_of(request),
        )
    answer = RedirectResponse("/sign-in", status_code=303)
    drop_cookie(answer, is_secure=console.settings.is_secure)
    return answer


def entered(request: Request, opened: Opened, *, next_path: str = "") -> Response:
    """Return the answer that gives a browser its new session, and ends the one that it had."""
    console: Console = request.app.state.console
    if token_of(request):
        close_session(console.office, token_of(request))
    target = _NEXT.get(opened.pending) or next_path or "/"
    answer = RedirectResponse(target, status_code=303)
    set_cookie(answer, opened.token, is_secure=console.settings.is_secure)
    console.metrics.sign_in("done")
    return answer


def renewed(request: Request, answer: Response | None = None, *, pending: str = "") -> Response:
    """Return an answer that gives a browser another token of its session.

    Args:
        request: with the token so far.
        answer: to what was asked; to go on where nothing is stated.
        pending: what must still be done first.

    Raises:
        NotSignedIn: somebody ended the session meanwhile.
    """
    console: Console = request.app.state.console
    token = renew_session(console.office, token_of(request), pending=pending)
    if not token:
        raise NotSignedIn
    answer = answer or RedirectResponse(_NEXT.get(pending, "/"), status_code=303)
    set_cookie(answer, token, is_secure=console.settings.is_secure)
    return answer


def refusal_page(request: Request, refused: Refused, *, next_path: str = "") -> Response:
    """Return the form again, with what is wrong; whether a name exists, it does not say."""
    request.app.state.console.metrics.sign_in(refused.why)
    answer = _form(request, 429 if refused.why == "locked" else 403, next_path=next_path, refused=refused)
    if refused.why == "locked":
        wait = max(1, refused.until - int(request.app.state.console.clock().timestamp()))
        answer.headers["Retry-After"] = str(wait)
    return answer


def check_same(new: str, again: str) -> None:
    """Refuse a new password that was typed differently the second time.

    Raises:
        UsageError: `RQC-U121`.
    """
    if new != again:
        raise UsageError(Fault(code="RQC-U121", what="The two passwords differ.", action="Type the same twice."))


def address_of(request: Request) -> str:
    """Return from where a request comes."""
    return request.client.host if request.client is not None else ""


def own_path(text: str) -> str:
    r"""Return a path of this console to go on to, empty when it leads anywhere else.

    Example:
        >>> own_path("/lots/A?x=1"), own_path("//evil.example"), own_path("/\\evil.example"), own_path("https://evil.example")
        ('/lots/A?x=1', '', '', '')
    """
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and "\\" not in text
    return text if is_own and len(text) <= 2000 else ""


def sign_in_address(request: Request) -> str:
    """Return the address of the sign-in page that leads back to where somebody wanted to go."""
    query = request.url.query
    wanted = f"{request.url.path}{'?' if query else ''}{query}"
    if request.method != "GET" or wanted == "/":
        return "/sign-in"
    return f"/sign-in?{urlencode({'next': wanted})}"


def _form(request: Request, status: int, *, next_path: str, refused: Refused | None = None) -> Response:
    policy = request.app.state.console.office.policy
    return page(
        request,
        "sign_in.html.jinja",
        status=status,
        next_path=next_path,
        refused=refused.why if refused is not None else "",
        minutes=_minutes(request, refused) if refused is not None else 0,
        provider=policy.oidc.name if policy.oidc is not None else "",
    )


def _minutes(request: Request, refused: Refused) -> int:
    return max(1, -(-(refused.until - int(request.app.state.console.clock().timestamp())) // 60))


def _pending(request: Request, step: str) -> tuple[Session, Account]:
    """Return a session that waits for this step, and the account as it was while the session lasted.

    Raises:
        NotSignedIn: there is none; or a second factor was enrolled by another session since.
    """
    office = request.app.state.console.office
    first = find_session(office, token_of(request))
    account = find_account(office, first.person_id) if first is not None else None
    # Once more: whoever changes an account ends its sessions afterwards.
    session = find_session(office, token_of(request))
    if session is None or account is None or session.pending != step or (step == "second_factor" and account.secret):
        raise NotSignedIn
    return session, account


def _factor_form(request: Request, session: Session, *, is_wrong: bool) -> Response:
    console: Console = request.app.state.console
    proposal = propose(console.office, session.person_id, site=console.settings.site)
    return page(
        request,
        "first_factor.html.jinja",
        status=403 if is_wrong else 200,
        proposal=proposal,
        is_wrong=is_wrong,
    )
