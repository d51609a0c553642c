"""The decision of the hospital about a container: who may take it, on what it may rest, and the events that record it.

What is inspected and what is decided are two acts of different people in different roles. Acceptance rests on a receipt that
conforms; what does not conform is refused, put in quarantine, or accepted as an exception, where the law has a path for it, with
every document of that path. A refusal is permanent; the ledger takes no other decision after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import to_builtins

from regenqc.canonical import canonical_json, digest_of
from regenqc.custody.digest_names import digest_name
from regenqc.custody.projection.source import TableSource
from regenqc.custody.record import SCHEMA, Blob, Event, Item, Measurement
from regenqc.custody.trace.reader import Reader
from regenqc.custody.versions import PACKET_FINGERPRINT, PACKET_SPECIFICATION, procedure_documents
from regenqc.custody.words import ACCEPTING_DECISIONS, HOSPITAL_DECISIONS
from regenqc.decision.hospital import ACCEPTS, hospital_decision_bytes, people_of_receipt
from regenqc.errors import Fault
from regenqc.reinspection.receipt.model import receipt_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from regenqc.decision.checklist import Checklist
    from regenqc.decision.hospital import HospitalDecision
    from regenqc.ledger import Snapshot
    from regenqc.reinspection.receipt.judging import JudgedReceipt
    from regenqc.reinspection.receipt.model import Receipt

__all__ = [
    "RecordedActs",
    "decision_event",
    "decision_faults",
    "inspected_digest",
    "inspection_event",
    "recorded_acts",
]


def decision_faults(
    judged: JudgedReceipt,
    outcome: str,
    *,
    actor: str,
    role: str,
    reason: str,
    documents: Mapping[str, str],
    checklist: Checklist,
    inspected: str,
) -> Iterator[Fault]:
    """Yield everything that keeps a person from deciding so.

    Args:
        judged: what the data of the receipt allow.
        outcome: `accept`, `accept_for_infusion`, `exceptional`, `quarantine` or `refuse`.
        actor: pseudonym of who decides.
        role: in which role.
        reason: in words; needed for everything but acceptance.
        documents: of the exceptional path, by the identifiers of the checklist.
        checklist: of the jurisdiction, which names those documents and what closes the path.
        inspected: digest of the receipt whose inspection the ledger recorded last (`inspected_digest`).

    Codes: `RQC-H401` no such decision, `RQC-H402` the person, or `RQC-H403` the role, that received or inspected it, `RQC-H404`
    accepted although it does not conform, `RQC-H405` no reason, `RQC-H406` no exceptional path, `RQC-H407` a document is
    missing, `RQC-H408` a failure that closes the path, `RQC-H409` not the receipt whose inspection is recorded.
    """
    receipt = judged.receipt
    if outcome not in HOSPITAL_DECISIONS:
        yield _fault("RQC-H401", "There is no such decision.", outcome, ", ".join(sorted(HOSPITAL_DECISIONS)))
        return
    if actor in people_of_receipt(to_builtins(receipt)):
        yield _fault("RQC-H402", "Whoever received or inspected it does not decide about it.", actor, "another person")
    elif role == receipt.received_as or not receipt.received_as:
        yield _fault(
            "RQC-H403",
            "Another role decides than the one that received it.",
            role if receipt.received_as else "who received it is not written down",
            f"another role than {receipt.received_as or 'a known one'}",
        )
    if outcome in ACCEPTS and not judged.conforms:
        yield _fault(
            "RQC-H404",
            "What does not conform is not accepted.",
            f"{judged.disposition.value}: {', '.join(judged.failed) or 'something is missing'}",
            "refuse, quarantine, or exceptional with its documents",
        )
    if outcome in ACCEPTING_DECISIONS and inspected != digest_of(receipt_bytes(receipt)):
        yield _fault(
            "RQC-H409",
            "This is not the receipt whose inspection the ledger recorded last.",
            digest_of(receipt_bytes(receipt)),
            inspected or "a recorded inspection: `regenqc reinspect judge --record`",
        )
    if outcome not in ACCEPTS and not reason.strip():
        yield _fault("RQC-H405", "This decision needs a reason.", "none", "a reason in words")
    if outcome == "exceptional":
        yield from _exceptional(judged, documents, checklist)


def _exceptional(judged: JudgedReceipt, documents: Mapping[str, str], checklist: Checklist) -> Iterator[Fault]:
    if not checklist.exceptional:
        yield _fault(
            "RQC-H406",
            "No exceptional path is known for this jurisdiction.",
            checklist.name,
            "a checklist with such a path",
        )
        return
    for document in checklist.exceptional:
        if not documents.get(document.id, "").strip():
            yield _fault(
                "RQC-H407", f"A document is missing: {document.text}", "nothing", f"{document.id}={{identifier}}"
            )
    if judged.outcome != "non_conformant":
        yield _fault(
            "RQC-H408",
            "Damage, expiry, a wrong count, and whose it is, are no matter for an exception.",
            judged.outcome,
            "refuse or quarantine",
        )
    for closed in checklist.no_exception:
        failed = sorted({*closed.tests} & {*judged.failed})
        if failed:
            yield _fault("RQC-H408", f"{closed.text} ({closed.citation})", ", ".join(failed), "refuse")


def inspected_digest(view: Snapshot, item: str) -> str:
    """Return the digest of the receipt whose inspection a ledger recorded last for an item, empty when it recorded none."""
    number = TableSource(view).numbers([item]).get(item)
    life = Reader(view).life(item, number) if number is not None else []
    inspections = [step.event for step in life if step.event.kind == "reinspect"]
    blobs = inspections[-1].blobs if inspections else ()
    return next((blob.digest for blob in blobs if blob.name == "receipt"), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedActs:
    """Name what a ledger recorded on the ground of one receipt; empty where it recorded nothing.

    Args:
        inspection: event_id of the inspection.
        decision: event_id of the last decision.
        outcome: of that decision.
    """

    inspection: str = ""
    decision: str = ""
    outcome: str = ""


def recorded_acts(view: Snapshot, receipt: Receipt) -> RecordedActs:
    """Return what a ledger recorded on the ground of exactly this receipt."""
    number = TableSource(view).numbers([receipt.item]).get(receipt.item)
    life = Reader(view).life(receipt.item, number) if number is not None else []
    digest = digest_of(receipt_bytes(receipt))
    acts = RecordedActs()
    for event in (step.event for step in life):
        if not any(blob.name == "receipt" and blob.digest == digest for blob in event.blobs):
            continue
        if event.kind == "reinspect":
            acts = replace(acts, inspection=event.event_id)
        elif event.kind == "decision" and event.outcome in HOSPITAL_DECISIONS:
            acts = replace(acts, decision=event.event_id, outcome=event.outcome)
    return acts


def inspection_event(
    judged: JudgedReceipt,
    *,
    zone: str,
    inspected_at: str,
    recorded_at: str,
    procedures: Mapping[str, str] = MappingProxyType({}),
) -> Event:
    """Return the event that records a re-inspection, by the two people who read the label.

    Args:
        judged: with two readings of the label.
        zone: offset of the wall clock of the site.
        inspected_at: when it was finished.
        recorded_at: the present moment.
        procedures: versions of the site's operating procedures, by name (`Site.procedures`).
    """
    receipt = judged.receipt
    first = receipt.readings[0] if receipt.readings else None
    # One person who read twice is one person; that there were not two is recorded with the findings.
    second = next(
        (each for each in receipt.readings[1:] if first is not None and each.person not in {"", first.person}), None
    )
    return Event(
        schema=SCHEMA,
        kind="reinspect",
        event_id=digest_name("REINSPECT", canonical_json({"receipt": digest_of(receipt_bytes(receipt))})),
        event_time=inspected_at,
        record_time=recorded_at,
        zone=zone,
        actor=first.by if first is not None else receipt.received_by,
        role=first.role if first is not None else receipt.received_as,
        site=receipt.site,
        items=(Item(receipt.item),),
        coi=first.coi if first is not None else "",
        recipient=first.recipient if first is not None else "",
        outcome=judged.outcome,
        documents=(judged.specification, *procedure_documents(procedures)),
        measurements=tuple(_measured(judged)),
        conditions=tuple(each.condition for each in receipt.way if each.condition is not None),
        blobs=(*_blobs(receipt), Blob(judged.fingerprint, "specification")),
        second_actor=second.by if second is not None else "",
        second_role=second.role if second is not None else "",
    )


def _measured(judged: JudgedReceipt) -> Iterator[Measurement]:
    receipt = judged.receipt
    yield Measurement("disposition", judged.disposition.value)
    packet = receipt.packet
    if packet is not None:
        is_right = packet.verified and not any(
            found.faults for found in judged.findings if found.test == "receipt_packet"
        )
        yield Measurement("packet", "verified" if is_right else "not verified")
        yield Measurement("packet_decision", packet.decision or "none")
        yield from (Measurement("pending", each) for each in packet.pending)
        if packet.specification:
            yield Measurement(PACKET_SPECIFICATION, packet.specification)
        if packet.fingerprint:
            yield Measurement(PACKET_FINGERPRINT, packet.fingerprint)
    for found in judged.findings:
        codes = " ".join(sorted({fault.code for fault in found.faults}))
        if codes:
            yield Measurement(found.test, codes)
    yield from (Measurement(each.test, each.result, each.unit) for each in receipt.results)


def _blobs(receipt: Receipt) -> Iterator[Blob]:
    yield Blob(digest_of(receipt_bytes(receipt)), "receipt", "application/json")
    if receipt.packet is not None:
        yield Blob(receipt.packet.digest, "certificate")
    yield from (Blob(digest, "logger-trace") for digest in dict.fromkeys(each.digest for each in receipt.way))


def decision_event(
    judged: JudgedReceipt,
    outcome: str,
    *,
    actor: str,
    role: str,
    reason: str,
    documents: Mapping[str, str],
    zone: str,
    decided_at: str,
    record: HospitalDecision | None = None,
) -> Event:
    """Return the event that records a decision of the hospital; whoever decides signs it.

    Args:
        judged: on which it rests.
        outcome: of the hospital's decisions.
        actor: pseudonym of who decides.
        role: in which role.
        reason: in words.
        documents: of the exceptional path.
        zone: offset of the wall clock of the site.
        decided_at: the present moment.
        record: the signed document of the decision, which the event then names by identifier and digest.
    """
    receipt = judged.receipt
    named = () if record is None else (record.decision_id,)
    digest = digest_of(receipt_bytes(receipt))
    return Event(
        schema=SCHEMA,
        kind="decision",
        event_id=digest_name(
            "HOSPITAL", canonical_json({"receipt": digest, "outcome": outcome, "at": decided_at, "by": actor})
        ),
        event_time=decided_at,
        record_time=decided_at,
        zone=zone,
        actor=actor,
        role=role,
        site=receipt.site,
        items=(Item(receipt.item),),
        outcome=outcome,
        reason=reason,
        documents=tuple(dict.fromkeys((judged.specification, *documents.values(), *named))),
        blobs=(
            Blob(digest, "receipt", "application/json"),
            *(() if record is None else (Blob(digest_of(hospital_decision_bytes(record)), "decision"),)),
        ),
    )


def _fault(code: str, what: str, got: str, expected: str) -> Fault:
    return Fault(code=code, what=what, got=got, expected=expected)
