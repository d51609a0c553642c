"""The journal: who had access to what, when, from where. Reading it is a line of it as well."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from regenqc.canonical import canonical_json
from regenqc.console.access.journal import Event, every_line, lines, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

__all__ = ["router"]

router: Final = APIRouter(prefix="/journal", include_in_schema=False)
_ALLOWED: Final = [allow(Permission.JOURNAL)]
_ON_A_PAGE: Final = 100


@router.get("", dependencies=_ALLOWED)
def show_journal(
    request: Request,
    person: str = "",
    event: str = "",
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Show lines of the journal, the last one first."""
    _check_sites(request)
    record(request, Event.JOURNAL, subject=" ".join(each for each in (person, event) if each), detail="read")
    store = request.app.state.console.store
    found = lines(store, person_id=person, event=event, before=before, count=_ON_A_PAGE + 1)
    newest = lines(store, count=1)
    return page(
        request,
        "journal.html.jinja",
        lines=found[:_ON_A_PAGE],
        older=found[_ON_A_PAGE - 1].number if len(found) > _ON_A_PAGE else None,
        head=newest[0] if newest else None,
        asked_person=person,
        asked_event=event,
        events=[each.value for each in Event],
    )


@router.get("/journal.jsonl", dependencies=_ALLOWED)
def export_journal(request: Request) -> Response:
    """Return every line, one JSON object each, chained as `regenqc console journal` checks it."""
    _check_sites(request)
    record(request, Event.JOURNAL, subject="", detail="exported")
    return StreamingResponse(
        _exported(request.app.state.console.store),
        media_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="journal.jsonl"'},
    )


def _exported(store: Engine) -> Iterator[bytes]:
    for line in every_line(store):
        yield canonical_json(asdict(line)) + b"\n"


def _check_sites(request: Request) -> None:
    # Lines name what belongs to every site: they are not for somebody who may see some sites alone.
    if signed_in(request).sites:
        raise NotFound("page", "journal")
