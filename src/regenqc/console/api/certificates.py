"""Certificates: what was issued, as its record and as its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from regenqc.certificate.content import Certificate
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.api.answers import After, Limit, refusals
from regenqc.console.issued import issued_certificate, issued_certificates
from regenqc.console.refusals import NotFound

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from regenqc.console.application import Console

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/certificates", tags=["certificates"])
Number = Annotated[
    str, Path(max_length=120, description="Number of the certificate, with its slashes.", examples=["MAKER/2026-1"])
]


class CertificateName(BaseModel):
    """What a certificate is about."""

    certificate_id: str
    type: str
    issued_at: str
    batch_id: str
    stage: str
    site: str
    spec_id: str
    decision_id: str
    decision: str = Field(description="What was decided: `release`, `conditional_release`, `reject` …")
    supersedes: str = Field(description="Number of the certificate that it replaces, or empty.")


class Certificates(BaseModel):
    """A page of certificates, in the order of their numbers."""

    certificates: list[CertificateName]
    next: str | None = Field(description="For `after` of the next page; null on the last.")


@router.get("", summary="List certificates", responses=refusals(), dependencies=[allow(Permission.READ)])
def list_certificates(
    request: Request,
    after: After = "",
    limit: Limit = 100,
    batch_id: Annotated[str, Query(max_length=400, description="Only those about this batch.")] = "",
) -> Certificates:
    """Return the certificates that the account may see."""
    console: Console = request.app.state.console
    shown = issued_certificates(
        console.settings.certificates, person=signed_in(request), after=after, limit=limit, batch_id=batch_id
    )
    return Certificates(certificates=[_name(each) for each in shown.certificates], next=shown.following)


@router.get(
    "/{number:path}/pdf",
    summary="Fetch the pages of a certificate",
    response_class=FileResponse,
    responses={
        200: {
            "description": "PDF/A-3b with the record inside.",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        },
        **refusals(404),
    },
    dependencies=[allow(Permission.READ)],
)
def fetch_pages(request: Request, number: Number) -> Response:
    """Return the PDF, byte for byte as it was issued."""
    path, _ = _found(request, number)
    pages = path.with_suffix(".pdf")
    if not pages.is_file():
        raise NotFound("certificate", number)
    return FileResponse(pages, media_type="application/pdf", filename=pages.name, content_disposition_type="attachment")


@router.get(
    "/{number:path}",
    summary="Fetch the record of a certificate",
    response_class=Response,
    responses={
        200: {
            "description": "The record: canonical JSON, byte for byte as it was sealed.",
            "content": {"application/json": {"schema": {"type": "object", "additionalProperties": True}}},
        },
        **refusals(404),
    },
    dependencies=[allow(Permission.READ)],
)
def fetch_record(request: Request, number: Number) -> Response:
    """Return the record; its seal and its signatures are over these bytes."""
    path, _ = _found(request, number)
    return Response(path.read_bytes(), media_type="application/json")


def _found(request: Request, number: str) -> tuple[FilePath, Certificate]:
    console: Console = request.app.state.console
    return issued_certificate(console.settings.certificates, number, person=signed_in(request))


def _name(certificate: Certificate) -> CertificateName:
    decision: dict[str, Any] = certificate.decision
    spec = decision.get("spec") or {}
    return CertificateName(
        certificate_id=certificate.certificate_id,
        type=certificate.type,
        issued_at=certificate.issued_at,
        batch_id=decision.get("batch_id", ""),
        stage=decision.get("stage", ""),
        site=decision.get("site", ""),
        spec_id=spec.get("id", ""),
        decision_id=decision.get("decision_id", ""),
        decision=decision.get("kind", ""),
        supersedes=certificate.supersedes,
    )
