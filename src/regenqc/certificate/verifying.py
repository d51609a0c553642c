"""Verify a certificate with everything that regenqc has: what the single file checks, and the pages made again.

The pages of a PDF are made a second time from the record inside it and compared byte by byte with what came. Equal bytes
mean that the page shows the record, whatever a reader would make of hidden text, covered words or an exchanged code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from regenqc.certificate.issuing import ledger_attachments
from regenqc.certificate.offline.judging import judge
from regenqc.certificate.offline.received import ENTRY_NAME, PROOF_NAME, Received
from regenqc.certificate.offline.sealed import REFUSE, fault
from regenqc.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from regenqc.certificate.content import Certificate
    from regenqc.certificate.offline.trust import Trust
    from regenqc.certificate.offline.verdict import Verdict
    from regenqc.certificate.rendering import Renderer

__all__ = ["verify_certificate"]


def verify_certificate(
    data: bytes,
    *,
    trust: Trust,
    now: datetime,
    renderer: Renderer,
    evidence: Mapping[str, bytes] | None = None,
    code: str | None = None,
) -> Verdict:
    """Return the verdict on a certificate.

    Args:
        data: bytes of a PDF, a record or a packet.
        trust: whom to believe.
        now: the present moment, with zone.
        renderer: with the template and the fonts of the issuer.
        evidence: further files by name, to be found among those on which the decision rests.
        code: text that a scanner read from the page.
    """
    verdict, certificate, received = judge(
        data, trust=trust, now=now, evidence=evidence, code=code, pages_are_checked=True
    )
    if certificate is not None and received is not None and received.content is not None:
        _judge_pages(verdict, certificate, received, renderer)
    return verdict


def _judge_pages(verdict: Verdict, certificate: Certificate, received: Received, renderer: Renderer) -> None:
    content = received.content
    if content is None:
        return
    made_by = content.files.get("rendering.json", b"")
    same = made_by == renderer.manifest.encode()
    is_signed = bool(content.signature) and all(check.passed for check in verdict.checks if check.name == "signature")
    if not same and is_signed:
        verdict.not_shown(
            "pages",
            f"The pages were made with another {_difference(made_by, renderer.manifest)}, so they were not made again; the "
            "signature of the issuer binds them to the record.",
        )
        return
    names = {ENTRY_NAME, PROOF_NAME} & content.files.keys()
    pair = (
        (content.files[ENTRY_NAME].decode(errors="replace"), content.files[PROOF_NAME].decode(errors="replace"))
        if len(names) == 2
        else None
    )
    try:
        again = renderer.pdf(certificate, attachments=ledger_attachments(pair)) if same else b""
    except DataError as error:
        verdict.failed("pages", *error.faults)
        return
    if again == received.pdf[: content.first_revision]:
        verdict.passed("pages", "The pages were made again from the record and are the same, byte for byte.")
        return
    verdict.failed(
        "pages",
        fault(
            "RQC-V190",
            "The pages are not those that the record gives.",
            where=certificate.certificate_id,
            got="other pages"
            if same
            else f"made with another {_difference(made_by, renderer.manifest)}, and not signed",
            expected="the pages that this record gives, byte for byte",
            action=REFUSE,
        ),
    )


def _difference(made_by: bytes, own: str) -> str:
    """Return in what the making of a page differed."""
    try:
        theirs: dict[str, Any] = json.loads(made_by)
        mine: dict[str, Any] = json.loads(own)
        return ", ".join(f"{name}" for name in mine if mine[name] != theirs.get(name)) or "form"
    except (ValueError, AttributeError):
        return "form"
