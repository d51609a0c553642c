"""The document of a hospital's decision: made of the receipt, of what the engine says of it, and of what a person decided.

Its shape stands in `regenqc.decision.hospital`. The cells, results and findings are those that the same evaluation writes to
files, read back as whoever decides about a lot reads them.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from unicodedata import normalize

from msgspec.json import decode
from msgspec.structs import replace

from regenqc.canonical import digest_of
from regenqc.custody.projection.source import TableSource
from regenqc.custody.trace.reader import Reader
from regenqc.custody.words import HOSPITAL_DECISIONS
from regenqc.decision.hospital import (
    SCHEMA,
    SIGNATURE,
    HospitalCheck,
    HospitalDecision,
    HospitalEvaluation,
    hospital_decision_id_of,
)
from regenqc.decision.model import Attribute, DocumentReference, InputName, RegistryName
from regenqc.reinspection.receipt.findings import COMPLIES
from regenqc.reinspection.receipt.judging import tables_of
from regenqc.reinspection.receipt.model import receipt_bytes
from regenqc.signing.moments import moment_text
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from regenqc.custody.record import Event
    from regenqc.decision.checklist import Checklist
    from regenqc.decision.dossier import Dossier
    from regenqc.ledger import Snapshot
    from regenqc.reinspection.receipt.expectation import Expectation
    from regenqc.reinspection.receipt.judging import JudgedReceipt
    from regenqc.reinspection.receipt.model import Receipt
    from regenqc.signing.people import People
    from regenqc.specification.model import Specification

__all__ = ["documents_of", "hospital_decision", "last_decision_of"]


def hospital_decision(
    judged: JudgedReceipt,
    outcome: str,
    *,
    expected: Expectation,
    specification: Specification,
    checklist: Checklist,
    people: People,
    prepared_by: str,
    role: str,
    reason: str,
    documents: Mapping[str, str],
    supersedes: str,
    judged_at: datetime,
    made_at: datetime,
) -> HospitalDecision:
    """Return the unsigned document of a decision; whether it may be taken, `deciding.decision_faults` says.

    Args:
        judged: on which it rests.
        outcome: `accept`, `accept_for_infusion`, `exceptional`, `quarantine` or `refuse`.
        expected: what the ledger says of the container.
        specification: by which it was judged.
        checklist: of the jurisdiction, which names the documents of the exceptional path.
        people: the registry of the hospital.
        prepared_by: who decides.
        role: in which they act, as the ledger names it.
        reason: in words.
        documents: of the exceptional path, by the identifiers of the checklist.
        supersedes: decision that this one takes the place of (`last_decision_of`).
        judged_at: moment as of which the receipt was judged, with zone.
        made_at: the present moment, with zone.
    """
    import regenqc  # noqa: PLC0415 - the engine is loaded when it judges

    receipt = judged.receipt
    dossier = _dossier(judged, specification, judged_at)
    written = receipt_bytes(receipt)
    digest = digest_of(written)
    blank = HospitalDecision(
        schema=SCHEMA,
        decision_id="",
        item=receipt.item,
        batch_id=expected.lot or next((each.lot for each in receipt.readings), ""),
        stage=Stage.HOSPITAL_RECEIPT.value,
        kind=outcome,  # type: ignore[arg-type] # read from the closed list by `decision_faults`
        site=people.site,
        place=receipt.site,
        role=role,
        registry=RegistryName(root=people.root, head=people.head),
        spec=dossier.spec,
        disposition=judged.disposition.value,
        outcome=judged.outcome,
        reasons=_text(" ".join(judged.explanations)),
        counts=dossier.counts,
        evaluation=HospitalEvaluation(
            as_of=dossier.evaluation.as_of,
            engine=f"regenqc {regenqc.__version__}",
            inputs=tuple(_inputs(receipt, digest)),
        ),
        lot=tuple(_attributes(judged, expected)),
        requirements=dossier.requirements,
        results=tuple(replace(each, source="receipt", row_number=0) for each in dossier.results),
        findings=dossier.findings,
        removed=dossier.removed,
        checks=tuple(
            HospitalCheck(
                test=found.test,
                found=found.word,
                codes=tuple(sorted({fault.code for fault in found.faults})),
                why=_text(" ".join(f"{fault.what} {fault.got}".strip() for fault in found.faults)),
            )
            for found in judged.findings
        ),
        pending=dossier.pending,
        receipt=decode(written),
        receipt_digest=digest,
        exceptional=tuple(
            DocumentReference(
                id=each.id,
                text=each.text,
                citation=each.citation,
                mark=each.mark.value,
                reference=_text(documents[each.id].strip()),
            )
            for each in checklist.exceptional
            if outcome == "exceptional" and each.id in documents
        ),
        reason=_text(reason.strip()),
        supersedes=supersedes,
        prepared_by=prepared_by,
        made_at=moment_text(made_at),
        required_signatures=(SIGNATURE,),
    )
    return replace(blank, decision_id=hospital_decision_id_of(blank))


def last_decision_of(view: Snapshot, item: str) -> str:
    """Return the document that the last decision of a hospital about an item names in a ledger, empty when there is none."""
    decided = _decided(view, item)
    return _document_of(decided[-1]) if decided else ""


def documents_of(view: Snapshot, item: str) -> tuple[tuple[str, bytes], ...]:
    """Return identifier and bytes of every signed document of a hospital's decisions about an item, oldest first."""
    found = []
    for event in _decided(view, item):
        for blob in event.blobs:
            digest = bytes.fromhex(blob.digest.removeprefix("sha256:"))
            data = view.blob(digest) if blob.name == "decision" else None
            if data is not None and digest_of(data) == blob.digest:
                found.append((_document_of(event), data))
    return tuple(found)


def _decided(view: Snapshot, item: str) -> list[Event]:
    number = TableSource(view).numbers([item]).get(item)
    life = Reader(view).life(item, number) if number is not None else []
    return [step.event for step in life if step.event.kind == "decision" and step.event.outcome in HOSPITAL_DECISIONS]


def _document_of(event: Event) -> str:
    return next((name for name in reversed(event.documents) if name.startswith("HOSPITAL-")), "")


def _dossier(judged: JudgedReceipt, specification: Specification, now: datetime) -> Dossier:
    """Return what an evaluation of the receipt writes to files, read back as it is for a lot."""
    from regenqc.decision.dossier import read_dossier  # noqa: PLC0415 - whoever only asks the gate needs none of it
    from regenqc.decision.evaluation_files import EvaluationFiles  # noqa: PLC0415
    from regenqc.evaluation import evaluate  # noqa: PLC0415
    from regenqc.evaluation.output import EvaluationOutput  # noqa: PLC0415
    from regenqc.intake import read_batches, read_results  # noqa: PLC0415

    rows, attributes = tables_of([judged.receipt], [judged.findings], specification=specification)
    table, batches = read_results(rows), read_batches(attributes)
    with TemporaryDirectory() as folder:
        directory = Path(folder) / "judged"
        with EvaluationOutput(directory, results=table, batches=None) as output:
            found = evaluate(
                table,
                specification,
                batches=batches,
                stage=Stage.HOSPITAL_RECEIPT.value,
                as_of=now,
                on_rows=output.on_rows,
            )
            output.finish(found, report=False)
        return read_dossier(
            EvaluationFiles(directory),
            batch_id=judged.receipt.item,
            specification=specification,
            stage=Stage.HOSPITAL_RECEIPT.value,
        )


def _inputs(receipt: Receipt, digest: str) -> Iterator[InputName]:
    yield InputName(name="receipt", digest=digest)
    if receipt.packet is not None:
        yield InputName(name="packet", digest=receipt.packet.digest)
    yield from (InputName(name="logger", digest=each) for each in dict.fromkeys(way.digest for way in receipt.way))


def _attributes(judged: JudgedReceipt, expected: Expectation) -> Iterator[Attribute]:
    receipt = judged.receipt
    found = {each.test: each.word for each in judged.findings}
    whole = [
        f"{name} {'intact' if found[test] == COMPLIES else 'not intact' if found[test] else 'not looked at'}"
        for name, test in (("seal", "receipt_seal"), ("container", "receipt_container"), ("label", "receipt_label"))
    ]
    way = [f"{each.channel}: {each.verdict}. {' '.join(each.explanation)}".strip() for each in receipt.way]
    told = dict(receipt.attributes) | {
        "item": receipt.item,
        "recipient_code": expected.recipient,
        "coi_id": expected.coi,
        "expires_at": receipt.expires_at,
        "shipment": receipt.shipment or expected.shipment,
        "received_at": receipt.received_at,
        "receiving_site": receipt.site,
        "container_count": receipt.containers,
        "container_integrity": ", ".join(whole),
        "temperature_record": " ".join(way),
        "shipper": receipt.shipper,
        "thawed_at": receipt.thawed_at,
    }
    yield from (Attribute(name=_text(name), value=_text(value)) for name, value in told.items() if value)


def _text(text: str) -> str:
    # What is signed is in Form C, in which equal texts have equal bytes.
    return normalize("NFC", text)
