"""What those who watch over the server ask: whether it lives, whether it can answer, and its figures."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow
from regenqc.console.refusals import NotFound
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["router"]

router: Final = APIRouter(include_in_schema=False)


@router.get("/health", dependencies=[allow(Permission.OPEN)])
async def health() -> dict[str, str]:
    """Say that the process lives; nothing else is asked."""
    return {"status": "ok"}


@router.get("/ready", dependencies=[allow(Permission.OPEN)])
def ready(request: Request) -> Response:
    """Say whether the database and the registry of people can be read; in what way they cannot, the command line says."""
    console: Console = request.app.state.console
    found = {"store": "ok", "people": "ok"}
    try:
        with console.store.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        found["store"] = "unreadable"
    try:
        console.office.registry.people()
    except RegenqcError:
        found["people"] = "unreadable"
    is_ready = set(found.values()) == {"ok"}
    return JSONResponse({"status": "ok" if is_ready else "unready", **found}, status_code=200 if is_ready else 503)


@router.get("/metrics", dependencies=[allow(Permission.OPEN)])
def metrics(request: Request) -> Response:
    """Return the figures for Prometheus, to the addresses that the site named; to others there is no such page."""
    console: Console = request.app.state.console
    if not _is_among(request.client.host if request.client is not None else "", console.office.policy.metrics_from):
        raise NotFound("page", "metrics")
    return Response(console.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _is_among(address: str, networks: tuple[str, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(each, strict=False) for each in networks)
