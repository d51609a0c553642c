"""Whether a decision of a hospital is in force: read in its one spelling, allowed by what it says itself, signed by who may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from regenqc.canonical import canonical_json, digest_of
from regenqc.decision.hospital import (
    ACCEPTS,
    SCHEMA,
    SIGNATURE,
    HospitalDecision,
    hospital_content_bytes,
    hospital_decision_bytes,
    hospital_decision_id_of,
    people_of_receipt,
)
from regenqc.decision.registry import registry_faults
from regenqc.errors import RegenqcError, SignatureError
from regenqc.signing.faults import fault, refused
from regenqc.signing.moments import read_moment
from regenqc.signing.verification import signature_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from regenqc.decision.model import RequiredSignature
    from regenqc.errors import Fault
    from regenqc.signing.people import People

__all__ = ["hospital_decision_faults", "parse_hospital_decision"]


def parse_hospital_decision(data: bytes, *, where: str = "") -> HospitalDecision:
    """Return the decision that bytes are; whether it is in force, `hospital_decision_faults` says.

    Args:
        data: of a file.
        where: its name, for messages.

    Raises:
        SignatureError: `RQC-A050` no decision of a hospital, `RQC-A051` another spelling.

    Example:
        >>> parse_hospital_decision(b"{}")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.SignatureError: RQC-A050 This is no decision of a hospital. ...
    """
    try:
        decision = msgspec.json.decode(data, type=HospitalDecision)
        spelled = hospital_decision_bytes(decision)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, RegenqcError) as error:
        raise refused(
            "RQC-A050",
            "This is no decision of a hospital.",
            where=where,
            got=str(error),
            expected=f"one JSON object of schema {SCHEMA}",
            action="Name a file that `regenqc reinspect decide` wrote.",
        ) from error
    if decision.schema != SCHEMA or spelled != data:
        raise refused(
            "RQC-A051",
            "The decision is not in its one spelling.",
            where=where,
            got=decision.schema if decision.schema != SCHEMA else "other bytes for the same words",
            expected=f"canonical JSON of schema {SCHEMA}, one line",
            action="Ask for the file as it was written; nothing may be reformatted.",
        )
    return decision


def hospital_decision_faults(
    decision: HospitalDecision,
    *,
    people: People,
    now: datetime,
    proved_at: datetime | None = None,
    is_complete: bool = True,
) -> list[Fault]:
    """Return why a decision of a hospital is not in force; an empty list when it is.

    Whether a later decision took its place, the ledger says: a decision alone cannot.

    Args:
        decision: as read.
        people: the registry of the hospital, as pinned by whoever checks.
        now: the present moment.
        proved_at: moment by which the decision is shown to have existed.
        is_complete: the signature must be there; `False` checks what is about to be signed.

    Codes: `RQC-A052` identifier, `RQC-A053` not signed, `RQC-A054` not the signature that it needs, `RQC-A055` signed before it
    was made, `RQC-A056` another registry, `RQC-A080` not the receipt that it names, `RQC-A081` accepted although it does not
    conform, `RQC-A082` who decides received or inspected it, `RQC-A083` no reason or no document, and those of signatures.
    """
    faults = list(_content_faults(decision))
    faults += registry_faults(decision, people=people)
    if is_complete or decision.signatures:
        faults += _signed_faults(decision, people, now, proved_at)
    return faults


def _content_faults(decision: HospitalDecision) -> Iterator[Fault]:
    where = decision.decision_id
    if decision.decision_id != hospital_decision_id_of(decision):
        yield fault(
            "RQC-A052",
            "The identifier of the decision is not that of its content.",
            where=where,
            got=where,
            expected=hospital_decision_id_of(decision),
            action="Refuse it: the content was changed.",
        )
    receipt = decision.receipt
    digest = digest_of(canonical_json(receipt) + b"\n")
    if digest != decision.receipt_digest or (receipt.get("item"), receipt.get("site")) != (
        decision.item,
        decision.place,
    ):
        yield fault(
            "RQC-A080",
            "The receipt is not the one that the decision names.",
            where=where,
            got=f"{receipt.get('item')} at {receipt.get('site')}, {digest}",
            expected=f"{decision.item} at {decision.place}, {decision.receipt_digest}",
            action="Refuse it: the content was changed.",
        )
    failed = [each.test for each in decision.checks if each.found == "does not comply"]
    open_ones = [each.test for each in decision.checks if each.codes and not each.found]
    conforms = decision.disposition in {"eligible", "conditional"} and decision.outcome == "conformant"
    cells = [each for each in decision.requirements if each.verdict == "fails"]
    if decision.kind in ACCEPTS and (not conforms or failed or open_ones or cells):
        yield fault(
            "RQC-A081",
            "What does not conform is not accepted.",
            where=where,
            got=f"{decision.disposition}, {decision.outcome}: "
            + (", ".join([*failed, *open_ones, *(each.requirement_id for each in cells)]) or "something is missing"),
            expected="a receipt that conforms, or a refusal, quarantine or exception",
            action="Do not use it; the hospital decides again.",
        )
    yield from _person_faults(decision)
    if decision.kind not in ACCEPTS and not decision.reason.strip():
        yield fault(
            "RQC-A083",
            "This decision needs a reason.",
            where=where,
            got="none",
            expected="a reason in words",
            action="Decide again, and state why.",
        )
    if decision.kind == "exceptional" and (
        not decision.exceptional or not all(each.reference.strip() for each in decision.exceptional)
    ):
        yield fault(
            "RQC-A083",
            "The exceptional path needs its documents.",
            where=where,
            got=f"{len(decision.exceptional)} documents",
            expected="every document of the checklist of the jurisdiction, each with its identifier",
            action="Decide again, and name the documents.",
        )


def _person_faults(decision: HospitalDecision) -> Iterator[Fault]:
    received_as = decision.receipt.get("received_as") or ""
    signing_roles = {each.role for each in decision.signatures}
    if decision.prepared_by in people_of_receipt(decision.receipt):
        yield fault(
            "RQC-A082",
            "Whoever received or inspected it does not decide about it.",
            where=decision.decision_id,
            got=decision.prepared_by,
            expected="another person",
            action="Somebody who neither received nor inspected it decides.",
        )
    elif not received_as or received_as in {decision.role, *signing_roles}:
        yield fault(
            "RQC-A082",
            "Another role decides than the one that received it.",
            where=decision.decision_id,
            got=decision.role if received_as else "who received it is not written down",
            expected=f"another role than {received_as}" if received_as else "the role of whoever received it",
            action="Somebody in another role decides.",
        )


def _signed_faults(
    decision: HospitalDecision, people: People, now: datetime, proved_at: datetime | None
) -> Iterator[Fault]:
    where = decision.decision_id
    if decision.required_signatures != (SIGNATURE,):
        yield fault(
            "RQC-A054",
            "The decision does not ask for the signature that it needs.",
            where=where,
            got=", ".join(_asked(each) for each in decision.required_signatures) or "none",
            expected=_asked(SIGNATURE),
            action="Refuse it: nobody has to sign it as a hospital's decision is signed.",
        )
    if len(decision.signatures) != 1:
        yield fault(
            "RQC-A053",
            "The decision is signed by whoever decided, and by nobody else.",
            where=where,
            got=f"{len(decision.signatures)} signatures",
            expected="one",
            action="Do not use it until whoever decided has signed.",
        )
    for signature in decision.signatures:
        if signature.meaning != SIGNATURE.meaning or signature.role not in SIGNATURE.roles:
            yield fault(
                "RQC-A054",
                "This is not the signature that the decision needs.",
                where=where,
                got=f"{signature.meaning} as {signature.role}",
                expected=f"{SIGNATURE.meaning} as {' or '.join(SIGNATURE.roles)}",
                action="Refuse it; somebody who may decides again.",
            )
        if signature.person_id != decision.prepared_by:
            yield fault(
                "RQC-A054",
                "Somebody else signed than who decided.",
                where=where,
                got=signature.person_id,
                expected=decision.prepared_by,
                action="Refuse it: the signature is of another person.",
            )
        yield from signature_faults(
            signature,
            content=hospital_content_bytes(decision),
            document_id=decision.decision_id,
            document_schema=SCHEMA,
            people=people,
            now=now,
            proved_at=proved_at,
        )
        yield from _time_faults(decision, signature.signed_at, people)


def _asked(rule: RequiredSignature) -> str:
    return f"{rule.meaning} as {' or '.join(rule.roles)}"


def _time_faults(decision: HospitalDecision, signed_at: str, people: People) -> Iterator[Fault]:
    tolerance = people.settings.clock_tolerance_seconds if people.settings is not None else 0
    try:
        made = read_moment(decision.made_at, where=decision.decision_id)
        signed = read_moment(signed_at, where=decision.decision_id)
    except SignatureError as error:
        yield from error.faults
        return
    if (made - signed).total_seconds() > tolerance:
        yield fault(
            "RQC-A055",
            "The signature is older than what it follows.",
            where=decision.decision_id,
            got=signed_at,
            expected=f"not before {decision.made_at}",
            action="Check the clocks of the machines.",
        )
