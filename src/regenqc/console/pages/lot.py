"""The page of a lot."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from regenqc.console.access.journal import Event, lines
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.pages.lot_view import read_lot
from regenqc.console.pages.moments import lapse, when
from regenqc.console.rendering import page

__all__ = ["ROUTER"]

ROUTER = APIRouter()
_SHOWN: Final = 50


@ROUTER.get("/lots/{key}", dependencies=[allow(Permission.READ)], response_class=HTMLResponse)
def lot(request: Request, key: str) -> HTMLResponse:
    """Show everything about one lot."""
    console = request.app.state.console
    person = signed_in(request)
    view = read_lot(console.store, console.settings, key, person=person)
    now = console.clock()
    return page(
        request,
        "lot.html.jinja",
        view=view,
        refused=lines(console.store, event=Event.SIGNATURE, subject=key, count=_SHOWN),
        may_decide=person.may(Permission.REVIEW if view.lot.state == "waiting" else Permission.DECIDE),
        lapse=lambda seconds: lapse(seconds, now),
        when=when,
    )
