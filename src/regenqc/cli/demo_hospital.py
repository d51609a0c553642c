"""What happens at the hospital in `regenqc demo`: receipt, re-inspection, a refusal, the gate, and a late positive."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from regenqc.cli.demo_receipt import DECIDER, ReceivingOffice, print_receipts
from regenqc.cli.demo_shipment import CONDITION, HOSPITAL, MAKER, leaf_of, logger_file
from regenqc.errors import LedgerError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from regenqc.custody import Book, Event
    from regenqc.custody.site import Site
    from regenqc.reinspection.gate import GateAnswer
    from regenqc.reinspection.receipt import JudgedReceipt

__all__ = ["tell_hospital"]

_LOT: Final = "SYNTHETIC-CD20-01"
_PACKET: Final = "synthetic-cd20-01-conditional-release.pdf"
_SPECIFICATION: Final = "example/receipt-of-frozen-cells"
_MAKERS_LOG, _HOSPITALS_LOG = "maker.example/shipping", "hospital.example/receipt"
_RECIPIENT, _COI, _STUDY = "PATIENT-0815", "COI-0815", "STUDY-0007"
_CONTAINERS: Final = ("CD20-01-1", "CD20-01-2")
_SENT, _ARRIVED = "2026-03-16T14:00:00.000Z", "2026-03-17T08:00:00.000Z"
_EXPIRES: Final = "2026-09-16T00:00:00.000Z"
_END: Final = "2027-03-01T00:00:00.000Z"
_STAFF: Final = {
    "COUR-0303": "courier",
    "QA-0042": "quality_assurance",
    "NURSE-0501": "nurse",
    "PHARM-0099": "pharmacist",
    "PHARM-0100": "pharmacist",
    "PHYS-0077": "physician",
    "STAFF-0417": "operator",
    "SYSTEM-0001": "system",
}


def tell_hospital(screen: Console, folder: Path) -> None:
    """Tell what happens to two containers of a lot whose last results came too late.

    Args:
        screen: to print on.
        folder: of what was signed; `hospital` in it holds certificates and the keys that the hospital had before.

    Without the libraries of certificates there is no packet, and nothing is told.
    """
    hospital = folder / "hospital"
    screen.print("\n[bold]At the hospital[/]  [dim](synthetic: two containers, people and dates are made up)[/]")
    if not (hospital / _PACKET).exists():
        screen.print("  [dim]no packet to receive: pip install 'regenqc[certificate]'[/]")
        return
    place = folder / "receipt"
    place.mkdir()
    # What the hospital had on the day of receipt: the packet and the keys, and no word yet of anything later.
    shutil.copytree(hospital / "trust", place / "trust", ignore=shutil.ignore_patterns("known"))
    shutil.copyfile(hospital / _PACKET, place / _PACKET)
    maker, own = (
        _Ledger(place / "maker.db", _MAKERS_LOG, MAKER),
        _Ledger(place / "hospital.db", _HOSPITALS_LOG, HOSPITAL),
    )
    with maker.book, own.book:
        _send(maker)
        sent = leaf_of(maker.book, "SHIP-1")
        _prepare(own)
        own.add(
            "receive",
            "RECEIVE-1",
            _ARRIVED,
            items=_CONTAINERS,
            actor="PHARM-0099",
            previous=("SHIP-1", sent, _MAKERS_LOG),
            coi=_COI,
            recipient=_RECIPIENT,
            lot=_LOT,
            expires_at=_EXPIRES,
            stage="drug_product_release",
            study=_STUDY,
            place="PHARMACY-1",
        )
        office = ReceivingOffice(place, hospital=hospital, site=HOSPITAL, specification=_SPECIFICATION)
        for number, item in enumerate(_CONTAINERS, 1):
            judged = _inspect(own, place, item, number)
            _print_receipt(screen, judged)
            word = "accept_for_infusion" if judged.conforms else "refuse"
            reason = "" if judged.conforms else "outside its limits on the way"
            own.take(office.decide(own.book, judged, word, reason=reason))
            screen.print(
                f"      {DECIDER} decides and signs, who neither received nor inspected it: "
                f"[bold]{word.replace('_', ' ')}[/]"
            )
        print_receipts(screen, office)
        for item in _CONTAINERS:
            two = {"actor": "NURSE-0501", "second_actor": "PHYS-0077", "recipient": _RECIPIENT, "coi": _COI}
            own.add(
                "bedside_check", f"CHECK-{item}", "2026-03-17T10:50:00.000Z", items=(item,), outcome="conformant", **two
            )
            answer = _ask(own, item)
            _print_gate(screen, answer)
            if answer.is_go:
                own.add("administer", f"GIVE-{item}", "2026-03-17T11:00:00.000Z", items=(item,), **two)
        _print_late(screen, own, hospital)
        entries = own.book.log.size
    screen.print(
        f"  [dim]the hospital's own ledger holds {entries} events; each receipt names the leaf of the maker's shipment[/]"
    )


@dataclass
class _Ledger:
    """Keep one site's ledger, in which everybody signs with a key of their own."""

    path: Path
    origin: str
    code: str
    signers: dict[str, Any] = field(default_factory=dict)
    site: Site = field(init=False)
    book: Book = field(init=False)

    def __post_init__(self) -> None:
        from regenqc.custody import Book
        from regenqc.custody.site import parse_site, site_text
        from regenqc.ledger.note import Ed25519Signer

        self.site = parse_site(site_text(code=self.code, system="SYSTEM-0001", zone="+00:00"))
        self.book = Book.open(
            f"sqlite:///{self.path}",
            policy=self.site.policy,
            now=lambda: "2026-12-31T00:00:00.000Z",
            origin=self.origin,
        )
        self.signers = {person: Ed25519Signer(person, secrets.token_bytes(32)) for person in _STAFF}
        # The system first: it enrols the others.
        for person, role in sorted(_STAFF.items(), key=lambda entry: entry[1] != "system"):
            self.add(
                "actor_enrolled",
                f"ENROL-{person}",
                "2026-03-01T00:00:00.000Z",
                actor="SYSTEM-0001",
                person=person,
                roles=(role,),
                keys=(self.signers[person].verifier.text,),
            )

    def add(
        self, kind: str, event_id: str, moment: str, *, actor: str, items: tuple[str, ...] = (), **members: Any
    ) -> None:
        """Record one event, signed by whoever acts."""
        from regenqc.custody import SCHEMA, Event, Item, Previous

        if "previous" in members:
            members["previous"] = Previous(*members["previous"])
        for name in {"inputs", "outputs"} & members.keys():
            members[name] = tuple(map(Item, members[name]))
        if members.get("second_actor"):
            members["second_role"] = _STAFF[members["second_actor"]]
        event = Event(
            schema=SCHEMA,
            kind=kind,
            event_id=event_id,
            event_time=moment,
            record_time=moment,
            zone="+00:00",
            actor=actor,
            role=_STAFF[actor],
            site=members.pop("site", self.code),
            items=tuple(map(Item, items)),
            **members,
        )
        self.take(event)

    def take(self, event: Event) -> None:
        """Record an event, signed by those who act in it where the site asks for that."""
        from regenqc.custody import Declined
        from regenqc.custody.people_keys import signed_event

        is_signed = event.kind in self.site.policy.signed_kinds
        (outcome,) = self.book.append([signed_event(event, list(self.signers.values())) if is_signed else event])
        if isinstance(outcome, Declined):
            raise LedgerError(*outcome.faults)


def _send(maker: _Ledger) -> None:
    """Record the making of two containers, their conditional release, and their shipping."""
    day = "2026-03-{}T08:00:00.000Z".format
    common: dict[str, Any] = {"coi": _COI, "lot": _LOT}
    made = (
        ("donation", 2, {"donor": "DONOR-0815", "outputs": ("AP-0815",)}),
        ("modification", 3, {"inputs": ("AP-0815",), "outputs": ("CU-0815",), "stage": "in_process"}),
        ("formulation", 12, {"inputs": ("CU-0815",), "outputs": ("DS-0815",)}),
        ("filling", 13, {"inputs": ("DS-0815",), "outputs": _CONTAINERS, "expires_at": _EXPIRES}),
    )
    for kind, number, members in made:
        maker.add(kind, f"MAKE-{number}", day(f"{number:02d}"), actor="STAFF-0417", **common, **members)
    maker.add(
        "label",
        "LABEL-1",
        day(14),
        actor="STAFF-0417",
        items=_CONTAINERS,
        labels=("LABEL-815",),
        coi=_COI,
        recipient=_RECIPIENT,
    )
    maker.add(
        "decision",
        "RELEASE-1",
        "2026-03-16T13:00:00.000Z",
        actor="QA-0042",
        items=_CONTAINERS,
        outcome="conditional_release",
    )
    maker.add(
        "ship",
        "SHIP-1",
        _SENT,
        actor="STAFF-0417",
        items=_CONTAINERS,
        destination=HOSPITAL,
        carrier="COURIER-1",
        coi=_COI,
    )


def _prepare(own: _Ledger) -> None:
    """Record at the hospital what holds of study, recipient, site and people."""
    from regenqc.custody import Measurement

    began = "2026-03-05T08:00:00.000Z"
    plan = (
        Measurement("protocol_version", "PROTOCOL-2"),
        Measurement("consent_version", "CONSENT-2"),
        Measurement("minimum_age", "18", "y"),
        Measurement("observation_hold", "72", "h"),
    )
    cohort = Measurement("cohort", "C1")
    granted = {"outcome": "granted", "documents": ("QUALIFIED-1",), "expires_at": _END}
    enrolled = {
        "outcome": "enrolled",
        "documents": ("PROTOCOL-2",),
        "measurements": (Measurement("age", "54", "y"), cohort),
    }
    told: tuple[tuple[str, dict[str, Any]], ...] = (
        ("study_plan", {"study": _STUDY, "documents": ("FILING-1",), "measurements": plan}),
        ("cohort_opened", {"study": _STUDY, "documents": ("BOARD-1",), "measurements": (cohort,)}),
        ("site_qualified", {"destination": HOSPITAL, **granted}),
        ("person_qualified", {"person": "NURSE-0501", **granted}),
        ("person_qualified", {"person": "PHYS-0077", **granted}),
        ("consent", {"recipient": _RECIPIENT, "outcome": "given", "documents": ("CONSENT-2",)}),
        ("subject_enrolled", {"recipient": _RECIPIENT, "study": _STUDY, **enrolled}),
    )
    for number, (kind, members) in enumerate(told, 1):
        own.add(kind, f"STANDING-{number}", began, actor="QA-0042", **members)


def _inspect(own: _Ledger, place: Path, item: str, number: int) -> JudgedReceipt:
    """Inspect a container as two people would, judge it, and record what was found."""
    from regenqc.cli.reinspect_evidence import add_packet, add_way
    from regenqc.reinspection.receipt import (
        QUESTIONS,
        Answer,
        IdentityReading,
        Receipt,
        expectation_of,
        judge_receipt,
        receipt_bytes,
    )
    from regenqc.reinspection.receipt.deciding import inspection_event
    from regenqc.reinspection.receipt.page import receipt_page
    from regenqc.specification import load_specification

    read = {"recipient": _RECIPIENT, "coi": _COI, "lot": _LOT}
    receipt = Receipt(
        schema="regenqc.receipt/1",
        item=item,
        site=HOSPITAL,
        shipment="SHIP-1",
        received_at=_ARRIVED,
        received_by="PHARM-0099",
        received_as="pharmacist",
        readings=tuple(IdentityReading(by=by, role=_STAFF[by], **read) for by in ("PHARM-0100", "PHYS-0077")),
        containers="2",
        answers=tuple(Answer(question=each.test, answer="yes", by="PHARM-0100") for each in QUESTIONS),
        expires_at=_EXPIRES,
        shipper=f"SHIPPER-{number}",
        requalified_until="2026-12-31",
    )
    inspected_at = "2026-03-17T09:00:00.000Z"
    logger, condition = place / f"logger-{number}.csv", place / "condition.toml"
    warm = number == len(_CONTAINERS)
    logger.write_text(logger_file("LOGGER-55", began=_SENT, ended=_ARRIVED, warm=warm), encoding="utf-8")
    condition.write_text(CONDITION, encoding="utf-8")
    specification = load_specification(_SPECIFICATION)
    receipt = add_packet(
        receipt,
        place / _PACKET,
        trust=place / "trust",
        now=datetime.fromisoformat(inspected_at),
        used=specification,
        agreed=own.site.specifications,
    )
    pictures: list[str] = []
    receipt = add_way(
        receipt,
        [logger],
        profile="generic",
        condition=condition,
        ledger=f"sqlite:///{own.path}",
        now=inspected_at,
        sent_at=_SENT,
        pictures=pictures,
    )
    with own.book.read() as view:
        expected = expectation_of(view, item, site=HOSPITAL)
    judged = judge_receipt(
        receipt,
        expected=expected,
        specification=specification,
        now=datetime.fromisoformat(inspected_at),
    )
    (place / f"receipt-{number}.json").write_bytes(receipt_bytes(receipt))
    (place / f"receipt-{number}.html").write_text(receipt_page(judged, pictures=pictures), encoding="utf-8")
    own.book.log.put_blob(receipt_bytes(receipt))
    own.take(inspection_event(judged, zone="+00:00", inspected_at=inspected_at, recorded_at=inspected_at))
    return judged


def _ask(own: _Ledger, item: str) -> GateAnswer:
    from regenqc.reinspection.gate import GateRules, Question, ask_gate

    question = Question(
        item=item,
        recipient=_RECIPIENT,
        coi=_COI,
        site=HOSPITAL,
        actor="NURSE-0501",
        role="nurse",
        second_actor="PHYS-0077",
        second_role="physician",
        now="2026-03-17T11:00:00.000Z",
    )
    rules = GateRules(bedside_check_minutes=30)
    with own.book.read() as view:
        return ask_gate(view, question, rules=rules)


def _print_receipt(screen: Console, judged: JudgedReceipt) -> None:
    from regenqc.cli.terminal import MARKS

    symbol, style = MARKS[judged.disposition.value]
    packet = judged.receipt.packet
    says = "verified offline" if packet is not None and packet.verified else "not verified"
    pending = ", ".join(each.partition(" ")[0] for each in packet.pending) if packet is not None else ""
    screen.print(
        f"  [{style}]{symbol} {judged.disposition.value:<9}[/] {judged.receipt.item}  [dim]packet {says}; pending: {pending}[/]"
    )
    for found in judged.findings:
        for fault in found.faults:
            screen.print(f"      {fault.code} {fault.what}", markup=False)
            screen.print(f"      {fault.got}", style="dim", markup=False)


def _print_gate(screen: Console, answer: GateAnswer) -> None:
    asked = [each for each in answer.answered if each.applies]
    held = sum(each.holds for each in asked)
    word = "[green]✔ GO[/]" if answer.is_go else "[red]✘ NO-GO[/]"
    screen.print(f"  {word} at the bedside  {answer.question.item}  [dim]{held} of {len(asked)} conditions hold[/]")
    for reason in answer.reasons:
        screen.print(f"      {reason.got}, needed: {reason.expected}", markup=False)


def _print_late(screen: Console, own: _Ledger, hospital: Path) -> None:
    """Tell what a late positive changes: the packet is superseded, the lot recalled, people are told."""
    from regenqc.certificate.offline.judging import judge
    from regenqc.certificate.offline.trust import read_trust
    from regenqc.reinspection.aftermath import consequences_of, notices_due
    from regenqc.vocabulary import Jurisdiction

    known = datetime.fromisoformat("2026-03-27T14:00:00.000+00:00")
    verdict, _, _ = judge((hospital / _PACKET).read_bytes(), trust=read_trust(hospital / "trust"), now=known)
    why = next((fault.what for fault in verdict.faults), "")
    screen.print(f"  On 27 March sterility is positive. The same packet now: [red]✘[/] {why}")
    own.add("recall", "RECALL-1", "2026-03-27T14:00:00.000Z", actor="QA-0042", lot=_LOT, reason="sterility positive")
    with own.book.read() as view:
        for each in consequences_of(view, _LOT):
            where = (
                f"given to {each.recipient} on {each.administered_at[:10]}"
                if each.administered_at
                else f"with {each.holder}"
            )
            screen.print(f"      {each.item:<12} {where:<36} [dim]{', '.join(each.stops)}[/]", highlight=False)
    given = {"out_of_specification_administered": known}
    for notice in notices_due(given, jurisdiction=Jurisdiction.EU, track="atmp", now=known):
        screen.print(
            f"      by {notice.due[:16].replace('T', ' ')} UTC: {notice.to} [dim]({notice.source})[/]", highlight=False
        )
