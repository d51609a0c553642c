"""The certificates that were issued: a list, their pages and their records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.issued import issued_certificate, issued_certificates
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["ROUTER"]

ROUTER = APIRouter()
_AT_ONCE: Final = 50


@ROUTER.get("/certificates", dependencies=[allow(Permission.READ)], response_class=HTMLResponse)
def certificates(
    request: Request,
    batch_id: Annotated[str, Query(max_length=400)] = "",
    after: Annotated[str, Query(max_length=400)] = "",
) -> HTMLResponse:
    """List what was issued."""
    console: Console = request.app.state.console
    asked = batch_id.strip()
    shown = issued_certificates(
        console.settings.certificates, person=signed_in(request), after=after, limit=_AT_ONCE, batch_id=asked
    )
    return page(request, "certificates.html.jinja", shown=shown, batch_id=asked, after=after)


@ROUTER.get("/certificates/pages/{number:path}", dependencies=[allow(Permission.READ)], response_class=FileResponse)
def pages(request: Request, number: str) -> Response:
    """Give the PDF, byte for byte as it was issued."""
    console: Console = request.app.state.console
    record_file, _ = issued_certificate(console.settings.certificates, number, person=signed_in(request))
    file = record_file.with_suffix(".pdf")
    if not file.is_file():
        raise NotFound("certificate", number)
    return FileResponse(file, media_type="application/pdf", filename=file.name, content_disposition_type="attachment")


@ROUTER.get("/certificates/record/{number:path}", dependencies=[allow(Permission.READ)], response_class=FileResponse)
def record(request: Request, number: str) -> Response:
    """Give the record, byte for byte as it was sealed."""
    console: Console = request.app.state.console
    file, _ = issued_certificate(console.settings.certificates, number, person=signed_in(request))
    return FileResponse(file, media_type="application/json", filename=file.name, content_disposition_type="attachment")
