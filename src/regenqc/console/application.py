"""The application: settings in, routes out. Whatever route names no permission stops the start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from regenqc.console.headers import SafeHeaders
from regenqc.console.refusals import NotAllowed, NotFound, NotSignedIn
from regenqc.console.rendering import STATIC, page
from regenqc.console.store.database import open_store
from regenqc.errors import Fault, InternalError, RegenqcError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from regenqc.console.access.permissions import Permission
    from regenqc.console.access.person import SignedIn
    from regenqc.console.pages import Screen
    from regenqc.console.settings import ConsoleSettings

__all__ = ["Console", "create_application", "permission_of"]


def _present() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Hold what every route of the console needs; `request.app.state.console`.

    Args:
        settings: where everything lies.
        store: its database.
        clock: the present moment, with zone.
        identify: who sends a request, `None` when nobody is signed in.
        screens: for the navigation.
    """

    settings: ConsoleSettings
    store: Engine
    clock: Callable[[], datetime]
    identify: Callable[[Request], SignedIn | None]
    screens: tuple[Screen, ...]


def create_application(
    settings: ConsoleSettings,
    *,
    identify: Callable[[Request], SignedIn | None],
    clock: Callable[[], datetime] = _present,
) -> FastAPI:
    """Return the application of the console.

    Args:
        settings: where everything lies.
        identify: who sends a request.
        clock: the present moment, with zone.

    Raises:
        InternalError: `RQC-X040`, a route names no permission.
    """
    application = FastAPI(title="regenqc", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    application.state.console = Console(
        settings=settings, store=open_store(settings.store), clock=clock, identify=identify, screens=()
    )
    application.mount("/static", StaticFiles(directory=STATIC), name="static")
    application.add_middleware(SafeHeaders, is_secure=settings.is_secure)
    _answer_refusals(application)
    for route in application.routes:
        if isinstance(route, APIRoute):
            permission_of(route)
    return application


def permission_of(route: APIRoute) -> Permission:
    """Return the permission that a route names.

    Raises:
        InternalError: `RQC-X040`, it names none, or several.
    """
    asked = [getattr(each.call, "permission", None) for each in route.dependant.dependencies]
    named: list[Permission] = [each for each in asked if each is not None]
    if len(named) != 1:
        raise InternalError(
            Fault(code="RQC-X040", what="A route of the console names no permission.", where=route.path, got=str(named))
        )
    return named[0]


def _answer_refusals(application: FastAPI) -> None:
    @application.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, _: NotSignedIn) -> Response:
        if _is_interface(request):
            return _told("RQC-W401", "Nobody is signed in.", 401)
        return RedirectResponse("/sign-in", status_code=303)

    @application.exception_handler(NotAllowed)
    def not_allowed(request: Request, refused: NotAllowed) -> Response:
        if _is_interface(request):
            return _told("RQC-W403", "No role of yours allows this.", 403)
        return page(request, "refused.html.jinja", status=403, permission=refused.permission.value)

    @application.exception_handler(NotFound)
    def not_found(request: Request, missing: NotFound) -> Response:
        if _is_interface(request):
            return _told("RQC-W404", f"There is no such {missing.what}.", 404)
        return page(request, "not_found.html.jinja", status=404, what=missing.what, name=missing.name)

    @application.exception_handler(RegenqcError)
    def refused(request: Request, error: RegenqcError) -> Response:
        status = 500 if isinstance(error, InternalError) else 422
        if _is_interface(request):
            faults = [
                {"code": each.code, "what": each.what, "where": each.where, "got": each.got, "action": each.action}
                for each in error.faults
            ]
            return JSONResponse({"faults": faults}, status_code=status)
        return page(request, "faults.html.jinja", status=status, faults=error.faults)


def _is_interface(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _told(code: str, what: str, status: int) -> JSONResponse:
    return JSONResponse({"faults": [{"code": code, "what": what}]}, status_code=status)
