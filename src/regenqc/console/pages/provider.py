"""The way to the identity provider and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from regenqc.console.access.oidc import begin, finish
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow
from regenqc.console.access.sign_in import Refused
from regenqc.console.pages.sign_in import address_of, entered, own_path, refusal_page
from regenqc.console.refusals import NotFound

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["router"]

router: Final = APIRouter(prefix="/sign-in/provider", include_in_schema=False)
_OPEN: Final = [allow(Permission.OPEN)]


# By a link and not by a form: a form may lead nowhere but to this console (content policy), and the provider is elsewhere.
@router.get("", dependencies=_OPEN)
def go(request: Request, next: str = "") -> Response:  # noqa: A002 - the name that addresses have
    """Lead to the identity provider."""
    console = _with_provider(request)
    address, carried = begin(console.office, next_path=own_path(next))
    answer = RedirectResponse(address, status_code=303)
    is_secure = console.settings.is_secure
    answer.set_cookie(
        _cookie(is_secure=is_secure),
        carried,
        max_age=600,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/return", dependencies=_OPEN)
def come_back(request: Request) -> Response:
    """Sign in whoever the provider says it is, if an account is tied to them."""
    console = _with_provider(request)
    is_secure = console.settings.is_secure
    name = _cookie(is_secure=is_secure)
    found, next_path = finish(
        console.office,
        carried=request.cookies.get(name, ""),
        said=dict(request.query_params),
        address=address_of(request),
    )
    if isinstance(found, Refused):
        answer = refusal_page(request, found, next_path=next_path)
    else:
        answer = entered(request, found, next_path=next_path)
    answer.delete_cookie(name, path="/", secure=is_secure, httponly=True, samesite="lax")
    return answer


def _with_provider(request: Request) -> Console:
    console: Console = request.app.state.console
    if console.office.policy.oidc is None:
        raise NotFound("page", "provider")
    return console


def _cookie(*, is_secure: bool) -> str:
    return "__Host-regenqc-provider" if is_secure else "regenqc-provider-loopback"
