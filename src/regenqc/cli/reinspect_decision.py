"""`regenqc reinspect decide`, `export` and `verify`: a person decides about a container, and anybody can check that offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.ledger_place import AsJson, HomeOption, Ledger, moment_now, open_log, read_file, read_site, write_file
from regenqc.cli.ledger_screen import print_json, print_line
from regenqc.cli.reinspect_place import (
    NowOption,
    ReceiptFile,
    SignOption,
    SpecOption,
    clock_of,
    expected_of,
    record_event,
    signers_of,
    specification_of,
)
from regenqc.cli.signing_place import (
    PasswordDescriptor,
    PasswordFile,
    PeopleFolder,
    Root,
    attempt_log,
    key_file,
    people_file,
    present,
)
from regenqc.cli.trace_answers import moment_stated
from regenqc.errors import DataError, Fault, SignatureError, UsageError, fault_value
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from regenqc.decision.hospital import HospitalDecision
    from regenqc.ledger.note import Signer
    from regenqc.signing.people import People

__all__ = ["decide_command", "export_command", "verify_command"]

Decisions = Annotated[Path, typer.Option("--decisions", help="Folder into which the signed document is written.")]


def decide_command(
    receipt: ReceiptFile,
    outcome: Annotated[str, typer.Argument(help="accept, accept_for_infusion, exceptional, quarantine, refuse.")],
    spec: SpecOption,
    by: Annotated[str, typer.Option("--by", help="Who decides: PERSON:role; neither received nor inspected it.")],
    key: Annotated[
        Path | None, typer.Option("--key", "-k", help="Key file of who decides: sign a document that others can check.")
    ] = None,
    signs_as: Annotated[
        Role, typer.Option("--role", help="With --key: role of the registry of people in which you sign.")
    ] = Role.HOSPITAL_INSPECTOR,
    people: PeopleFolder = Path("people"),
    root: Root = "",
    password_file: PasswordFile = None,
    password_fd: PasswordDescriptor = None,
    decisions: Decisions = Path("decisions"),
    sign: SignOption = None,
    reason: Annotated[str, typer.Option("--reason", help="In words; needed for everything but acceptance.")] = "",
    document: Annotated[
        list[str] | None, typer.Option("--document", help="Of the exceptional path: name=identifier; several times.")
    ] = None,
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    now: NowOption = None,
) -> None:
    """Decide about a container that was re-inspected, and record the decision with your signature; a refusal is permanent.

    With --key the decision is a document of its own (`regenqc.hospital_decision/1`), signed as releases are; the ledger names its
    digest, and `regenqc reinspect verify` checks it offline.

    Example: regenqc reinspect decide DP-0001-1.json refuse --spec example/msc-post-thaw --by QA-0042:quality_assurance
    --reason "too warm on the way" --key keys/QA-0042.key
    """
    from regenqc.cli.gate import person_stated
    from regenqc.decision.checklist import find_checklist
    from regenqc.decision.hospital import hospital_decision_bytes
    from regenqc.reinspection.receipt import judge_receipt, read_receipt, receipt_bytes
    from regenqc.reinspection.receipt.deciding import decision_event, decision_faults, inspected_digest
    from regenqc.reinspection.receipt.record import hospital_decision, last_decision_of

    actor, role = person_stated(by, "--by")
    moment = moment_stated(now, "--now") if now is not None else moment_now()
    read = read_receipt(read_file(receipt), where=str(receipt))
    expected, specification = expected_of(read, ledger), specification_of(spec)
    judged = judge_receipt(read, expected=expected, specification=specification, now=clock_of(moment))
    documents = dict(_named(each) for each in document or [])
    checklist = find_checklist(
        jurisdiction=specification.jurisdiction.value, specification=specification.id, extends=specification.extends
    )
    told: dict[str, Any] = {"role": role, "reason": reason, "documents": documents}
    with open_log(ledger) as log, log.read() as view:
        inspected, before = inspected_digest(view, read.item), last_decision_of(view, read.item)
    faults = tuple(decision_faults(judged, outcome, actor=actor, **told, checklist=checklist, inspected=inspected))
    if faults:
        raise DataError(*faults)
    signed, signers = None, signers_of(sign or [])
    if key is not None:
        desk = _Desk(people, root)
        drafted = hospital_decision(
            judged,
            outcome,
            expected=expected,
            specification=specification,
            checklist=checklist,
            people=desk.registry,
            prepared_by=actor,
            **told,
            supersedes=before,
            judged_at=clock_of(moment),
            made_at=present(),
        )
        signed, signer = desk.signed(
            drafted, key=key, role=signs_as, password_file=password_file, password_fd=password_fd
        )
        signers.append(signer)
    event = decision_event(
        judged, outcome, actor=actor, **told, zone=read_site(home).zone, decided_at=moment, record=signed
    )
    documented = [hospital_decision_bytes(signed)] if signed is not None else []
    blobs = [receipt_bytes(read), *documented]
    record_event(event, ledger, home, signers=signers, blobs=blobs, quiet=False)
    if signed is not None:
        print_line(f"signed: {_write(decisions, signed.decision_id, documented[0])}", good=True)
    if outcome == "refuse":
        print_line("Refused for good: it is discarded or returned, and never used.")


def export_command(
    item: Annotated[str, typer.Argument(help="Code on the container.")],
    decisions: Decisions = Path("decisions"),
    ledger: Ledger = "sqlite:///ledger.db",
    as_json: AsJson = False,
) -> None:
    """Write the signed documents of every decision that the hospital took about a container, from its ledger.

    Example: regenqc reinspect export DP-0001-1 --decisions for-the-inspector
    """
    from regenqc.reinspection.receipt.record import documents_of

    with open_log(ledger) as log, log.read() as view:
        found = documents_of(view, item)
    if not found:
        raise DataError(
            Fault(
                code="RQC-H410",
                what="The ledger holds no signed document of a decision about this container.",
                where=ledger,
                got=item,
                expected="a container about which was decided with --key",
            )
        )
    written = [str(_write(decisions, name, data)) for name, data in found]
    if as_json:
        print_json({"item": item, "files": written})
    else:
        for path in written:
            print_line(path, good=True)


def verify_command(
    decisions: Annotated[
        list[Path], typer.Argument(help="Signed documents of a hospital's decisions, or folders that hold them.")
    ],
    people: PeopleFolder = Path("people"),
    root: Root = "",
    now: NowOption = None,
    as_json: AsJson = False,
) -> None:
    """Check signed documents of a hospital's decisions offline, by the registry of people that you had before.

    Leaves with 0 when each of them holds, and with 5 when one does not. Of several about one container it says which is the last.

    Example: regenqc reinspect verify for-the-inspector --people hospital-people
    """
    from regenqc.decision.hospital_verification import hospital_decision_faults, parse_hospital_decision

    registry = people_file(people, root).read()
    moment = clock_of(moment_stated(now, "--now")) if now is not None else present()
    read = [parse_hospital_decision(read_file(path), where=str(path)) for path in _files(decisions)]
    found = [(each, hospital_decision_faults(each, people=registry, now=moment)) for each in read]
    followed = {each.supersedes: each.decision_id for each, faults in found if not faults and each.supersedes}
    if as_json:
        print_json([_checked_value(each, faults, followed) for each, faults in found])
    else:
        for each, faults in found:
            _print_checked(each, faults, followed)
        print_line("Whether a decision that is not among these took the place of one, only the ledger says.")
    raise typer.Exit(5 if any(faults for _, faults in found) else 0)


def _files(paths: list[Path]) -> list[Path]:
    found = [file for path in paths for file in (sorted(path.glob("hospital-*.json")) if path.is_dir() else [path])]
    if not found:
        raise UsageError(
            Fault(
                code="RQC-U149",
                what="There is no decision of a hospital to check.",
                where=", ".join(map(str, paths)),
                got="no file hospital-….json",
                expected="a document, or a folder with documents",
            )
        )
    return found


def _checked_value(decision: HospitalDecision, faults: list[Fault], followed: dict[str, str]) -> dict[str, Any]:
    return {
        "decision_id": decision.decision_id,
        "item": decision.item,
        "kind": decision.kind,
        "verified": not faults,
        "followed_by": followed.get(decision.decision_id, ""),
        "faults": [fault_value(fault) for fault in faults],
    }


def _print_checked(decision: HospitalDecision, faults: list[Fault], followed: dict[str, str]) -> None:
    print_line(f"{decision.kind.replace('_', ' ')}  {decision.item}", good=not faults, detail=decision.decision_id)
    for fault in faults:
        print_line(f"  {fault.code} {fault.what}", detail=f"{fault.got}; needed: {fault.expected}")
    for signature in () if faults else decision.signatures:
        role = signature.role.replace("_", " ")
        print_line(f"  {signature.printed_name} ({signature.person_id}), {role}, {signature.signed_at}")
    print_line(
        f"  lot {decision.batch_id}: {decision.disposition} by {decision.spec.id}#{decision.spec.version}",
        detail=decision.reason,
    )
    if decision.decision_id in followed:
        print_line(f"  {followed[decision.decision_id]} took its place")


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where somebody signs, at the moment that the clock of the machine shows."""

    people: Path
    root: str

    @property
    def registry(self) -> People:
        return people_file(self.people, self.root).read()

    def signed(
        self,
        drafted: HospitalDecision,
        *,
        key: Path,
        role: Role,
        password_file: Path | None,
        password_fd: int | None,
    ) -> tuple[HospitalDecision, Signer]:
        """Return the signed document, and the key of who decides for the event of the ledger."""
        from regenqc.cli.decision_desk import KeyHolder
        from regenqc.custody.people_keys import PersonSigner
        from regenqc.decision.hospital import SCHEMA, SIGNATURE, hospital_content_bytes, with_hospital_signature
        from regenqc.decision.hospital_verification import hospital_decision_faults
        from regenqc.signing.session import SigningSession, unlocked_key

        registry, attempts, who = self.registry, attempt_log(self.people), drafted.prepared_by
        _refuse(hospital_decision_faults(drafted, people=registry, now=present(), is_complete=False))
        keyed = KeyHolder(key_file(key), who, password_file, password_fd)
        password = keyed.password()
        signature = SigningSession(registry, attempts=attempts, clock=present).sign(
            hospital_content_bytes(drafted),
            key=keyed.file,
            password=password,
            role=role.value,
            meaning=SIGNATURE.meaning,
            document_id=drafted.decision_id,
            document_schema=SCHEMA,
            person_id=who,
        )
        made = with_hospital_signature(drafted, signature)
        now = present()
        _refuse(hospital_decision_faults(made, people=registry, now=now))
        opened = unlocked_key(
            keyed.file,
            password=password,
            people=registry,
            attempts=attempts,
            purpose=made.decision_id,
            now=now,
        )
        return made, PersonSigner(who, opened)


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise SignatureError(*faults)


def _write(folder: Path, decision_id: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{decision_id.lower()}.json"
    write_file(path, data, replace=True)
    return path


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageError(
            Fault(
                code="RQC-U142",
                what="A document is stated by name and identifier.",
                where="--document",
                got=text,
                expected="as physician_request=REQUEST-7",
            )
        )
    return name, value
