"""Certificates of receipt in `regenqc demo`: a hospital decides with a signature of its own, certifies, and anybody verifies."""

from __future__ import annotations

import shlex
import shutil
from datetime import datetime
from typing import TYPE_CHECKING, Final

from regenqc.cli.demo_certificates import VERIFIER, verify_alone
from regenqc.cli.demo_office import PASSWORD, Office
from regenqc.errors import DataError, SignatureError
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from regenqc.custody import Book, Event
    from regenqc.decision.hospital import HospitalDecision
    from regenqc.reinspection.receipt import JudgedReceipt

__all__ = ["DECIDER", "ReceivingOffice", "print_receipts"]

DECIDER: Final = "QA-0042"
_NAME: Final = "Jo Example (synthetic)"
_ROLE: Final = "quality_assurance"
_ISSUER: Final = "Synthetic University Hospital"
_PROFILE: Final = "hospital-receipt-certificate.toml"
_FOUNDED_AT: Final = datetime.fromisoformat("2026-03-01T09:00:00+00:00")
_DECIDED_AT: Final = datetime.fromisoformat("2026-03-17T10:00:00+00:00")
_CHECKED_AT: Final = datetime.fromisoformat("2026-03-17T12:00:00+00:00")


class ReceivingOffice:
    """Decide at the hospital about containers that were inspected, and certify what was decided.

    Args:
        place: folder in which the hospital works: people, keys, decisions, certificates.
        hospital: folder that holds the single file; the certificates of receipt go into `receipt` in it, with the keys to check
            them.
        site: code of the hospital.
        specification: by which containers are judged.
    """

    def __init__(self, place: Path, *, hospital: Path, site: str, specification: str) -> None:
        from regenqc.certificate.sealing import make_issuer_key

        self._office = Office(
            place / "office",
            founded_at=_FOUNDED_AT,
            site=site,
            signer=DECIDER,
            signer_name=_NAME,
            role=Role.HOSPITAL_INSPECTOR,
        )
        self._office.now = _DECIDED_AT
        self._key, self._issuer = make_issuer_key(_ISSUER, password=PASSWORD, now=_FOUNDED_AT)
        (self._office.folder / "keys" / "issuer.key").write_bytes(self._key)
        (self._office.folder / "keys" / "issuer.pem").write_bytes(self._issuer)
        self._specification = specification
        self._certificates = place / "certificates"
        self.hospital = hospital
        self.decided: list[HospitalDecision] = []

    def decide(self, book: Book, judged: JudgedReceipt, outcome: str, *, reason: str) -> Event:
        """Return the event of a signed decision, whose document is kept; whoever decides has still to sign the event.

        Args:
            book: the hospital's ledger.
            judged: receipt on which it rests.
            outcome: what is decided.
            reason: in words, where it is no acceptance.

        Raises:
            SignatureError: the decision would not hold.
        """
        from regenqc.decision.checklist import find_checklist
        from regenqc.decision.hospital import hospital_decision_bytes
        from regenqc.reinspection.receipt import expectation_of
        from regenqc.reinspection.receipt.deciding import decision_event
        from regenqc.reinspection.receipt.record import hospital_decision
        from regenqc.specification import load_specification

        specification = load_specification(self._specification)
        with book.read() as view:
            expected = expectation_of(view, judged.receipt.item, site=judged.receipt.site)
        decision = self._signed(
            hospital_decision(
                judged,
                outcome,
                expected=expected,
                specification=specification,
                checklist=find_checklist(
                    jurisdiction=specification.jurisdiction.value,
                    specification=specification.id,
                    extends=specification.extends,
                ),
                people=self._office.people.read(),
                prepared_by=DECIDER,
                role=_ROLE,
                reason=reason,
                documents={},
                supersedes="",
                judged_at=self._office.clock(),
                made_at=self._office.clock(),
            )
        )
        document = hospital_decision_bytes(decision)
        folder = self._office.folder / "decisions"
        folder.mkdir(exist_ok=True)
        (folder / f"{decision.decision_id.lower()}.json").write_bytes(document)
        book.log.put_blob(document)
        self.decided.append(decision)
        return decision_event(
            judged,
            outcome,
            actor=DECIDER,
            role=_ROLE,
            reason=reason,
            documents={},
            zone="+00:00",
            decided_at="2026-03-17T10:00:00.000Z",
            record=decision,
        )

    def _signed(self, drafted: HospitalDecision) -> HospitalDecision:
        from regenqc.decision.hospital import SCHEMA, SIGNATURE, hospital_content_bytes, with_hospital_signature
        from regenqc.decision.hospital_verification import hospital_decision_faults
        from regenqc.signing.session import SigningSession

        people = self._office.people.read()
        session = SigningSession(people, attempts=self._office.attempts, clock=self._office.clock)
        signature = session.sign(
            hospital_content_bytes(drafted),
            key=self._office.key_of(DECIDER),
            password=PASSWORD,
            role=self._office.role.value,
            meaning=SIGNATURE.meaning,
            document_id=drafted.decision_id,
            document_schema=SCHEMA,
            person_id=DECIDER,
        )
        signed = with_hospital_signature(drafted, signature)
        faults = hospital_decision_faults(signed, people=people, now=self._office.clock())
        if faults:
            raise SignatureError(*faults)
        return signed

    def certify(self) -> dict[str, str]:
        """Issue the certificates, hand them over with the keys to check them, and return what is wrong with each by its name."""
        from regenqc.certificate.issuing import Issue, Issued, file_stem, issue_all
        from regenqc.certificate.profile import load_profile
        from regenqc.resources import packaged_path

        how = Issue(
            out=self._certificates,
            profile=load_profile(packaged_path("sample_data") / "synthetic-maker" / _PROFILE),
            key=self._key,
            certificate=self._issuer,
            password=PASSWORD,
            people=self._office.people.path.read_bytes(),
            now=self._office.clock(),
        )
        made: list[Issued] = []
        folder = self._office.folder / "decisions"
        paths = [folder / f"{decision.decision_id.lower()}.json" for decision in self.decided]
        issue_all(paths, how, on_issued=made.append)
        trust = self.hospital / "receipt" / "trust"
        trust.mkdir(parents=True)
        (trust / "issuer.pem").write_bytes(self._issuer)
        (trust / "people.jsonl").write_bytes(self._office.people.path.read_bytes())
        (trust / "people.root").write_text(self._office.people.read().root, encoding="utf-8")
        names = []
        for decision, issued in zip(self.decided, made, strict=True):
            if issued.faults:
                raise DataError(*issued.faults)
            stem, name = file_stem(issued.certificate_id), f"receipt/{decision.item.lower()}-{decision.kind}"
            names.append(f"{name.replace('_', '-')}.pdf")
            for ending in (".pdf", ".json"):
                shutil.copyfile(self._certificates / f"{stem}{ending}", (self.hospital / names[-1]).with_suffix(ending))
        return verify_alone(self.hospital, names, now=_CHECKED_AT, trust="receipt/trust")


def print_receipts(screen: Console, office: ReceivingOffice) -> None:
    """Certify what the hospital decided, verify it by the single file, and print what that says.

    Args:
        screen: to print on.
        office: that decided.
    """
    for name, fault in office.certify().items():
        mark = "[red]✘[/]" if fault else "[green]✔[/]"
        screen.print(f"  {mark} {name.removesuffix('.pdf'):<40} certificate of receipt, verified by one file alone")
        if fault:
            screen.print(f"    {fault}", style="red", markup=False)
    again = f"cd {shlex.quote(str(office.hospital))}; python {VERIFIER} receipt/*.pdf --trust receipt/trust"
    screen.print(f"  [dim]also:[/] {again} --now {_CHECKED_AT:%Y-%m-%dT%H:%MZ}", soft_wrap=True)
