"""The queue of lots: exceptions first, what is due first among equals."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.pages.moments import lapse, when
from regenqc.console.rendering import page
from regenqc.console.store.queue import DISPOSITIONS, SHOWN, Choice, read_queue

__all__ = ["ROUTER"]

ROUTER = APIRouter()
_Text = Annotated[str, Query(max_length=300)]
_NAMES = ("show", "disposition", "product", "stage", "site", "name", "after")


@ROUTER.get("/", dependencies=[allow(Permission.READ)], response_class=HTMLResponse)
def queue(
    request: Request,
    show: _Text = "open",
    disposition: _Text = "",
    product: _Text = "",
    stage: _Text = "",
    site: _Text = "",
    name: _Text = "",
    after: _Text = "",
) -> HTMLResponse:
    """Show a page of the queue."""
    console = request.app.state.console
    choice = Choice(
        show=show if show in SHOWN else "open",
        disposition=disposition if disposition in DISPOSITIONS else "",
        product=product,
        stage=stage,
        site=site,
        name=name,
        after=after,
    )
    found = read_queue(console.store, choice, sees=signed_in(request).sees)
    now = console.clock()

    def address(**changes: str) -> str:
        asked = {each: getattr(choice, each) for each in _NAMES} | {"after": ""} | changes
        return "/?" + urlencode({each: value for each, value in asked.items() if value and (each, value) != _USUAL})

    return page(
        request,
        "queue.html.jinja",
        choice=choice,
        found=found,
        address=address,
        dispositions=DISPOSITIONS,
        shown=SHOWN,
        lapse=lambda seconds: lapse(seconds, now),
        when=when,
    )


_USUAL = ("show", "open")
