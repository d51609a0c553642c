"""The application: settings in, routes out. Whatever route names no permission stops the start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DataError as NotStorable
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from regenqc.console.access.forgery import refuse_forgeries
from regenqc.console.access.identify import identify_by
from regenqc.console.access.journal import Event, Outcome, record
from regenqc.console.access.limits import RequestLimits
from regenqc.console.access.metrics import Metrics, RequestMetrics
from regenqc.console.access.office import Office, open_office
from regenqc.console.access.person import asked_of, person_of
from regenqc.console.api.answers import answer_faults, faults_answer, is_interface
from regenqc.console.api.routes import API_ROUTERS, describe
from regenqc.console.api.upload_limits import UploadLimits
from regenqc.console.headers import SafeHeaders
from regenqc.console.lifespan import job_runner, running
from regenqc.console.outer_answers import OuterAnswers
from regenqc.console.pages.access_routes import ACCESS_ROUTERS, ACCESS_SCREENS
from regenqc.console.pages.desk_routes import DESK_ROUTERS, DESK_SCREENS
from regenqc.console.pages.interface import router as interface_page
from regenqc.console.pages.sign_in import sign_in_address
from regenqc.console.pages.ward_routes import WARD_ROUTERS, WARD_SCREENS
from regenqc.console.refusals import Forged, NotAllowed, NotFound, NotSignedIn
from regenqc.console.rendering import STATIC, page
from regenqc.console.store.database import open_store
from regenqc.errors import Fault, InternalError, RegenqcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from regenqc.console.access.passwords import Passwords
    from regenqc.console.access.permissions import Permission
    from regenqc.console.access.person import SignedIn
    from regenqc.console.access.policy import AccessPolicy
    from regenqc.console.pages import Screen
    from regenqc.console.settings import ConsoleSettings

__all__ = ["Console", "create_application", "permission_of", "routes_of"]


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
        office: accounts, sessions, keys and what they need.
        metrics: figures for Prometheus.
    """

    settings: ConsoleSettings
    store: Engine
    clock: Callable[[], datetime]
    identify: Callable[[Request], SignedIn | None]
    screens: tuple[Screen, ...]
    office: Office
    metrics: Metrics


def create_application(
    settings: ConsoleSettings,
    *,
    identify: Callable[[Request], SignedIn | None] | None = None,
    clock: Callable[[], datetime] = _present,
    policy: AccessPolicy | None = None,
    passwords: Passwords | None = None,
) -> FastAPI:
    """Return the application of the console.

    Args:
        settings: where everything lies.
        identify: who sends a request; by session or key unless stated.
        clock: the present moment, with zone.
        policy: what the site decided about access; as `access.toml` in the home says unless stated.
        passwords: how they are stored; as RFC 9106 recommends unless stated.

    Raises:
        UsageError: `RQC-U150` and `RQC-U151` the store cannot be opened, `RQC-U155` the site's policy of access cannot be used.
        InternalError: `RQC-X040`, a route names no permission.
    """
    store = open_store(settings.store)
    office = open_office(settings, store, clock=clock, policy=policy, passwords=passwords)
    application = FastAPI(
        title="regenqc",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(refuse_forgeries)],
        lifespan=running,
    )
    metrics = Metrics()
    application.state.console = Console(
        settings=settings,
        store=store,
        clock=clock,
        identify=identify or identify_by(office),
        screens=(*DESK_SCREENS, *WARD_SCREENS, *ACCESS_SCREENS),
        office=office,
        metrics=metrics,
    )
    application.mount("/static", StaticFiles(directory=STATIC), name="static")
    application.state.jobs = job_runner(application.state.console)
    for router in (*DESK_ROUTERS, *WARD_ROUTERS, *ACCESS_ROUTERS, *API_ROUTERS, interface_page):
        application.include_router(router)
    _surround(application, settings, office.policy, metrics)
    _answer_refusals(application)
    answer_faults(application)
    describe(application)
    for route in routes_of(application):
        permission_of(route)
    return application


def _surround(application: FastAPI, settings: ConsoleSettings, policy: AccessPolicy, metrics: Metrics) -> None:
    """Put around the application what every request passes, the innermost first."""
    uploads = {
        r"/api/v1/(?:evaluations|verify)": policy.largest_upload_bytes,
        r"/.+/photo|/receipts/[^/]+/files": policy.largest_files_bytes,
    }
    application.add_middleware(UploadLimits, largest_bytes=uploads)
    application.add_middleware(RequestBodyLimitMiddleware, max_body_size=policy.largest_body_bytes)
    application.add_middleware(RequestLimits, policy=policy, refused=metrics.refused)
    application.add_middleware(RequestMetrics, metrics=metrics)
    if policy.public_url:
        hosts = [urlsplit(policy.public_url).hostname or "", "localhost", "127.0.0.1", "[::1]"]
        application.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    application.add_middleware(OuterAnswers)
    application.add_middleware(SafeHeaders, is_secure=settings.is_secure)
    if policy.trusted_proxies:
        application.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(policy.trusted_proxies))


def routes_of(application: FastAPI) -> list[RouteContext]:
    """Return every route of an application, those of included routers as well, as requests reach them.

    Static files and the description of the interface are none: they need no permission.
    """
    return [
        each
        for each in iter_route_contexts(application.routes)
        if not isinstance(each.original_route, Mount) and each.path != application.openapi_url
    ]


def permission_of(route: APIRoute | RouteContext) -> Permission:
    """Return the permission that a route names.

    Raises:
        InternalError: `RQC-X040`, it names none, or several.
    """
    # A route that FastAPI does not make (a plain one, a socket) has no dependencies, and none that could name a permission.
    dependant = getattr(route, "dependant", None)
    asked = [getattr(each.call, "permission", None) for each in (dependant.dependencies if dependant else ())]
    named: list[Permission] = [each for each in asked if each is not None]
    if len(named) != 1:
        raise InternalError(
            Fault(
                code="RQC-X040",
                what="A route of the console names no permission.",
                where=str(route.path),
                got=str(named),
            )
        )
    return named[0]


def _answer_refusals(application: FastAPI) -> None:
    @application.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, _: NotSignedIn) -> Response:
        if is_interface(request):
            return _told(
                "RQC-W401", "Nobody is signed in.", 401, action="Send a key that counts: Authorization: Bearer rqc_…"
            )
        return RedirectResponse(sign_in_address(request), status_code=303)

    @application.exception_handler(NotAllowed)
    def not_allowed(request: Request, refused: NotAllowed) -> Response:
        record(request, Event.NOT_ALLOWED, subject=asked_of(request), outcome=Outcome.REFUSED)
        if is_interface(request):
            return _told("RQC-W403", "No role of yours allows this.", 403, action="Ask an administrator.")
        return page(request, "refused.html.jinja", status=403, permission=refused.permission.value)

    @application.exception_handler(Forged)
    def forged(request: Request, refused: Forged) -> Response:
        if person_of(request) is not None:  # strangers, who have nothing that could be forged, do not fill the journal
            record(request, Event.FORGED, subject=asked_of(request), outcome=Outcome.REFUSED, detail=refused.why)
        if is_interface(request):
            return _told("RQC-W412", "The request does not come from a page of this session.", 403)
        return page(request, "forged.html.jinja", status=403)

    @application.exception_handler(NotFound)
    def not_found(request: Request, missing: NotFound) -> Response:
        if is_interface(request):
            return _told("RQC-W404", f"There is no such {missing.what}, or it belongs to another site.", 404)
        return page(request, "not_found.html.jinja", status=404, what=missing.what, name=missing.name)

    @application.exception_handler(NotStorable)
    def not_storable(request: Request, error: NotStorable) -> Response:
        fault = Fault(
            code="RQC-W422",
            what="What was sent holds a character or a number that no database can hold.",
            got=str(error.orig).splitlines()[0],
            action="Send it without; nothing was changed.",
        )
        return refused(request, UsageError(fault))

    @application.exception_handler(RegenqcError)
    def refused(request: Request, error: RegenqcError) -> Response:
        status = 500 if isinstance(error, InternalError) else 422
        if is_interface(request):
            return faults_answer(error.faults, status)
        return page(request, "faults.html.jinja", status=status, faults=error.faults)


def _told(code: str, what: str, status: int, *, action: str = "") -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return faults_answer([Fault(code=code, what=what, action=action)], status, headers)
