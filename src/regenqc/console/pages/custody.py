"""Custody: what came of something and what it came from, who held one container, and the evidence for every answer."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.photos.fields import Photographed, answer_photos, read_form
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.console.site_ledger import site_ledger, trusted_policy, view_of_ledger
from regenqc.custody.identifiers import read_scan
from regenqc.custody.trace import Reader, backward, forward, recent_beginnings, trace_document
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from regenqc.console.application import Console
    from regenqc.custody.trace import Trace, TracedItem
    from regenqc.ledger import Snapshot

__all__ = ["Reached", "router"]

router = APIRouter()
Code = Annotated[str, Query(max_length=400)]
_DRAWN: Final = 3000
_SHOWN: Final = 500
_GIVEN: Final = "administered"
_NOTHING_SHOWN: Final[dict[str, Any]] = {
    "code": "",
    "direction": "forward",
    "trace": None,
    "beginnings": [],
    "faults": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Hold a patient whom something reached, or may reach.

    Args:
        recipient: pseudonym.
        item: container that carries it.
        lot: of the container.
        status: of the container.
        held_by: who has it now.
        is_given: the patient got it.
    """

    recipient: str
    item: str
    lot: str
    status: str
    held_by: str
    is_given: bool


@router.get("/custody", dependencies=[allow(Permission.CUSTODY)])
def custody(request: Request, code: Code = "", direction: Annotated[str, Query(max_length=20)] = "forward") -> Response:
    """Answer what came of something, patients first; without a code, ask for one."""
    _check_site(request)
    shown: dict[str, Any] = _NOTHING_SHOWN | {"code": code, "direction": direction}
    if code.strip():
        try:
            with view_of_ledger(request) as view:
                trace = _trace(view, code, direction)
                items = [item for item in trace.items if item.code != trace.start]
                shown |= {
                    "trace": trace,
                    "rows": [(item, standing_of(item)) for item in items[:_SHOWN]],
                    "more": max(len(items) - _SHOWN, 0),
                    "patients": patients_of(trace),
                    "late": sum(not item.in_time for item in trace.items),
                    "picture": _lineage(view, trace) if len(trace.items) <= _DRAWN else "",
                }
        except RegenqcError as error:
            return page(request, "ward/custody.html.jinja", status=404, **(shown | {"faults": error.faults}))
    else:
        with view_of_ledger(request) as view:
            shown["beginnings"] = recent_beginnings(view)
    return page(request, "ward/custody.html.jinja", **shown)


# A photo that is read comes near nobody's chain: what is then looked up is recorded.
@router.post("/custody/photo", dependencies=[allow(Permission.CUSTODY, told_by_route=True)])
def custody_photo(request: Request, found: Annotated[Photographed, Depends(read_form)]) -> Response:
    """Read a photo, and show the field with what it says; nothing is looked up yet."""
    shown: dict[str, Any] = _NOTHING_SHOWN | {"code": found.typed.get("code", "")}
    return answer_photos(request, found, lambda: page(request, "ward/custody.html.jinja", **shown, photographed=found))


@router.get("/custody/item", dependencies=[allow(Permission.CUSTODY)])
def custody_of_item(request: Request, code: Code = "") -> Response:
    """Show the life of one container: who held it, what it went through, whose it is."""
    from regenqc.custody.picture import timeline_picture  # noqa: PLC0415 - pictures are drawn where they are shown
    from regenqc.custody.trace import condition_of, custody_findings, custody_spans, identity_points  # noqa: PLC0415

    _check_site(request)
    read = read_scan(code).code
    with view_of_ledger(request) as view:
        reader = Reader(view)
        try:
            steps = reader.life(read)
        except RegenqcError as error:
            raise NotFound("container", code) from error
        if not steps:
            raise NotFound("container", code)
        coi = steps[-1].state.coi
        spans, findings = custody_spans(view, read), custody_findings(view, read)
        channels, points = condition_of(view, read), identity_points(view, coi) if coi else ()
        drawn = timeline_picture(read, steps=steps, spans=spans, findings=findings, channels=channels, points=points)
    return page(
        request,
        "ward/custody_item.html.jinja",
        code=read,
        state=steps[-1].state,
        steps=steps,
        spans=spans,
        findings=findings,
        channels=channels,
        points=[point for point in points if point.item == read],
        picture=drawn,
    )


@router.get("/custody/evidence", dependencies=[allow(Permission.CUSTODY)])
def evidence(
    request: Request, code: Code = "", direction: Annotated[str, Query(max_length=20)] = "forward"
) -> Response:
    """Hand over the evidence packet of an answer: every event of every item in it, each with its proof."""
    from regenqc.custody.trace import events_of_items, evidence_packet  # noqa: PLC0415

    _check_site(request)
    console: Console = request.app.state.console
    log = site_ledger(request)
    packed = io.BytesIO()
    with log.read() as view:
        trace = _trace(view, code, direction)
        indices = sorted({*trace.events, *events_of_items(Reader(view), [item.code for item in trace.items])})
    question = {"question": trace.direction, "about": trace.start, "known_at": None, "true_at": None}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in evidence_packet(
            log, indices, question=question, answer=trace_document(trace), trust=trusted_policy(console)
        ):
            # The same answer gives the same bytes: no moment of packing in it.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return Response(
        packed.getvalue(),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="evidence-{trace.direction}.zip"'},
    )


def patients_of(trace: Trace) -> list[Reached]:
    """Return every patient whom something reached or may reach: those who got it first, each container once."""
    found = [
        Reached(
            recipient=item.state.recipient,
            item=item.code,
            lot=item.state.lot,
            status=item.state.status,
            held_by=item.where.holder if item.where is not None else "",
            is_given=item.state.status == _GIVEN or bool(item.state.administered),
        )
        for item in trace.items
        if item.state is not None and item.state.recipient
    ]
    return sorted(found, key=lambda each: (not each.is_given, each.recipient, each.item))


def _trace(view: Snapshot, code: str, direction: str) -> Trace:
    ask = backward if direction == "backward" else forward
    return ask(view, read_scan(code).code)


def _lineage(view: Snapshot, trace: Trace) -> str:
    from regenqc.custody.picture import lineage_picture  # noqa: PLC0415

    reader = Reader(view)
    return lineage_picture(trace, {index: reader.event(index) for index in trace.events})


def _check_site(request: Request) -> None:
    console: Console = request.app.state.console
    if not signed_in(request).sees(console.settings.site):
        raise NotFound("ledger", console.settings.site)


def standing_of(item: TracedItem) -> str:
    """Return the standing of an item in words.

    Example:
        >>> from regenqc.custody.trace import TracedItem
        >>> standing_of(TracedItem("DP-1", None, None, True))
        'not known then'
    """
    if item.state is None:
        return "not known then"
    marks = ["recalled"] if item.state.recalled else ["lot recalled"] if item.lot_recalled else []
    return ", ".join([item.state.status, *marks, *(["under investigation"] if item.state.investigations else [])])
