"""Certificates: what was issued, as its record and as its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from regenqc.certificate.content import Certificate, read_certificate
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.api.answers import After, Limit, refusals
from regenqc.console.refusals import NotFound
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from regenqc.console.application import Console

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/certificates", tags=["certificates"])
# As numbers of certificates are written; what does not fit names no file.
Number = Annotated[
    str, Path(max_length=120, description="Number of the certificate, with its slashes.", examples=["MAKER/2026-1"])
]
_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+-")


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
    person = signed_in(request)
    found: list[CertificateName] = []
    last, is_more = "", False
    for path in sorted(console.settings.certificates.glob("*.json"), key=lambda each: each.stem):
        if path.stem <= after:
            continue
        certificate = _read(path)
        if certificate is None:
            continue
        name = _name(certificate)
        if not person.sees(name.site) or batch_id not in {"", name.batch_id}:
            continue
        if len(found) == limit:
            is_more = True
            break
        found.append(name)
        last = path.stem
    return Certificates(certificates=found, next=last if is_more else None)


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
    from regenqc.certificate.issuing import file_stem  # noqa: PLC0415 - what makes pages is loaded with it

    console: Console = request.app.state.console
    # A name with other characters names no certificate, and no other file either.
    if number and set(number) <= _CHARACTERS:
        path = console.settings.certificates / f"{file_stem(number)}.json"
        certificate = _read(path) if not path.name.startswith(".") else None
        if (
            certificate is not None
            and certificate.certificate_id == number
            and signed_in(request).sees(_name(certificate).site)
        ):
            return path, certificate
    raise NotFound("certificate", number)


def _read(path: FilePath) -> Certificate | None:
    try:
        return read_certificate(path.read_bytes())
    except (OSError, RegenqcError):
        return None


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
