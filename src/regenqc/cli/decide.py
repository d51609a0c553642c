"""`regenqc decide` and `regenqc sign`: a named person decides about a batch, and signs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.audit_page import print_trail
from regenqc.cli.decision_page import print_answers, print_evidence, print_signatures
from regenqc.cli.ledger_place import AsJson, read_file
from regenqc.cli.ledger_screen import print_json, print_line
from regenqc.cli.signing_place import (
    Key,
    PasswordDescriptor,
    PasswordFile,
    PeopleFolder,
    Person,
    Root,
    attempt_log,
    key_file,
    people_file,
    present,
    read_password,
)
from regenqc.cli.start import leave_pandas_out
from regenqc.errors import Fault, SignatureError, UsageError
from regenqc.signing.words import Meaning, Role

if TYPE_CHECKING:
    from regenqc.decision.answers import Answers
    from regenqc.decision.checklist import Checklist
    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.model import Decision
    from regenqc.signing.keys import KeyFile
    from regenqc.signing.people import People
    from regenqc.signing.session import SigningSession
    from regenqc.specification.model import Specification

__all__ = ["decide_command", "sign_command"]

Decisions = Annotated[Path, typer.Option("--decisions", help="Folder of decisions, one file each.")]
SignsAs = Annotated[Role, typer.Option("--role", help="Role in which you sign.")]
LedgerUrl = Annotated[str | None, typer.Option("--ledger", "-l", help="Record the decision in this ledger, once.")]
LedgerHome = Annotated[
    Path, typer.Option("--home", help="With --ledger: folder with its site.toml.", envvar="REGENQC_LEDGER_HOME")
]
OwnChecklist = Annotated[
    Path | None, typer.Option("--checklist", help="Checklist of the site, which extends the one that applies.")
]


def decide_command(
    judged: Annotated[Path, typer.Argument(help="Directory that `regenqc evaluate --out` wrote.")],
    person: Person,
    key: Key,
    batch: Annotated[
        list[str] | None, typer.Option("--batch", "-b", help="Batch; may be given several times. Default: as answered.")
    ] = None,
    role: SignsAs = Role.QUALIFIED_PERSON,
    answers: Annotated[
        Path | None, typer.Option("--answers", "-a", help="Prepared answers (TOML); asked on the terminal otherwise.")
    ] = None,
    spec: Annotated[
        str | None, typer.Option("--spec", "-s", help="Specification: identifier or file; default that of the run.")
    ] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="Stage, where the batch was judged at several.")] = None,
    batches: Annotated[Path | None, typer.Option("--batches", help="Batch table, where it was moved.")] = None,
    decisions: Decisions = Path("decisions"),
    people: PeopleFolder = Path("people"),
    root: Root = "",
    checklist: OwnChecklist = None,
    password_file: PasswordFile = None,
    password_fd: PasswordDescriptor = None,
    ledger: LedgerUrl = None,
    home: LedgerHome = Path("ledger-home"),
    as_json: AsJson = False,
) -> None:
    """Decide about a batch: exceptions first, then the checklist, then your signature.

    The engine proposes; you decide. What no one may sign is refused, with the reason.

    Example: regenqc decide judged --batch ARI0001/01 --person QP-0001 --key keys/qp.key
    """
    leave_pandas_out()
    from regenqc.cli.decision_record import check_ledger
    from regenqc.decision.answers import parse_answers
    from regenqc.decision.folder import DecisionFolder
    from regenqc.signing.session import SigningSession

    check_ledger(ledger, home)
    desk = _Desk(
        judged=judged,
        specification=_specification(judged, spec),
        batches=batches,
        folder=DecisionFolder(decisions),
        people=people_file(people, root).read(),
        checklist_file=checklist,
        person=person,
        quiet=as_json,
    )
    prepared = parse_answers(_text(answers), where=str(answers)) if answers is not None else ()
    wanted = list(batch or dict.fromkeys(each.batch_id for each in prepared))
    if not wanted:
        raise UsageError(
            Fault(
                code="RQC-U126",
                what="Which batch?",
                where=str(judged),
                expected="--batch, or --answers that name it",
                action="dispositions.csv lists what was judged.",
            )
        )
    session = SigningSession(desk.people, attempts=attempt_log(people), clock=present)
    keyed = _KeyHolder(key_file(key), person, password_file, password_fd)
    told = []
    for name in wanted:
        own = next((each for each in prepared if each.batch_id == name), None)
        if answers is not None and own is None:
            raise UsageError(
                Fault(code="RQC-U127", what="Nothing is answered about this batch.", where=str(answers), got=name)
            )
        decision, is_new = desk.decide(name, stage=stage, answers=own, session=session, keyed=keyed, role=role)
        told.append(_told(decision, desk.folder, is_new=is_new))
        if ledger is not None and decision.is_complete:
            _record(decision, desk.folder, keyed, ledger, home, people, root, quiet=as_json)
    if as_json:
        print_json(told)


def sign_command(
    decision: Annotated[str, typer.Argument(help="File or identifier of a decision that waits for a signature.")],
    person: Person,
    key: Key,
    role: SignsAs = Role.QUALIFIED_PERSON,
    meaning: Annotated[
        Meaning | None, typer.Option("--meaning", help="What you sign; asked on the terminal otherwise.")
    ] = None,
    decisions: Decisions = Path("decisions"),
    people: PeopleFolder = Path("people"),
    root: Root = "",
    checklist: OwnChecklist = None,
    password_file: PasswordFile = None,
    password_fd: PasswordDescriptor = None,
    ledger: LedgerUrl = None,
    home: LedgerHome = Path("ledger-home"),
    as_json: AsJson = False,
) -> None:
    """Give the next signature to a decision that somebody else prepared: a review, or the second release.

    Example: regenqc sign DECISION-0123456789ABCDEF0123 --person QP-0002 --key keys/holder.key
    """
    from regenqc.cli.decision_questions import ask
    from regenqc.cli.decision_record import check_ledger
    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.model import SCHEMA, content_bytes
    from regenqc.decision.reading import read_decision
    from regenqc.decision.rules import time_faults
    from regenqc.decision.verification import decision_faults, signer_faults
    from regenqc.signing.session import SigningSession

    check_ledger(ledger, home)
    path = Path(decision)
    folder = DecisionFolder(path.parent if path.is_file() else decisions)
    shown = read_decision(folder.file_of(path.stem))
    registry = people_file(people, root).read()
    ours = _checklist_of(shown, checklist)
    faults = decision_faults(shown, people=registry, now=present(), checklist=ours, is_complete=False)
    faults += time_faults(shown, present())
    if faults:
        raise SignatureError(*faults)
    number = len(shown.signatures)
    if not as_json:
        print_evidence(shown)
        print_answers(shown, ours)
        print_signatures(shown)
    wanted = [rule.meaning for rule in shown.required_signatures[number : number + 1]]
    stated = meaning.value if meaning is not None else ask(f"\nWhat do you sign? Type {wanted[0] if wanted else '-'}:")
    faults = list(
        signer_faults(
            shown, number, person_id=person, printed_name=_name(registry, person), meaning=stated, role=role.value
        )
    )
    if faults:
        raise SignatureError(*faults)
    keyed = _KeyHolder(key_file(key), person, password_file, password_fd)
    session = SigningSession(registry, attempts=attempt_log(people), clock=present)
    signature = session.sign(
        content_bytes(shown),
        key=keyed.file,
        password=keyed.password(),
        role=role.value,
        meaning=stated,
        document_id=shown.decision_id,
        document_schema=SCHEMA,
        person_id=person,
    )
    signed = folder.add_signature(shown, signature)
    if as_json:
        print_json(_told(signed, folder, is_new=True))
    else:
        _print_end(signed, folder, is_new=True)
    if ledger is not None and signed.is_complete:
        _record(signed, folder, keyed, ledger, home, people, root, quiet=as_json)


class _KeyHolder:
    """The key of whoever signs; its password is read from a file or descriptor once, from a terminal each time."""

    def __init__(self, file: KeyFile, person: str, password_file: Path | None, descriptor: int | None) -> None:
        self.file = file
        self._person = person
        self._read = None
        if password_file is not None or descriptor is not None:
            self._read = read_password(person, file=password_file, descriptor=descriptor)

    def password(self) -> str:
        """Return the password for one signing."""
        return self._read if self._read is not None else read_password(self._person, file=None)


class _Desk:
    """Everything that lies on the desk of whoever decides."""

    def __init__(
        self,
        *,
        judged: Path,
        specification: Specification,
        batches: Path | None,
        folder: DecisionFolder,
        people: People,
        checklist_file: Path | None,
        person: str,
        quiet: bool,
    ) -> None:
        self.judged = judged
        self.specification = specification
        self.batches = batches
        self.folder = folder
        self.people = people
        self.person = person
        self.quiet = quiet
        self.checklist = _checklist(specification, checklist_file)

    def decide(
        self,
        batch: str,
        *,
        stage: str | None,
        answers: Answers | None,
        session: SigningSession,
        keyed: _KeyHolder,
        role: Role,
    ) -> tuple[Decision, bool]:
        """Return a decision about one batch, and whether it was made now."""
        from regenqc.cli.decision_questions import ask_answers, ask_kind
        from regenqc.decision.audit import audit_trail, reviewed
        from regenqc.decision.dossier import read_dossier
        from regenqc.decision.drafting import draft_decision, open_draft
        from regenqc.decision.model import SCHEMA, content_bytes, with_signature
        from regenqc.decision.rules import departs, kinds_open_to
        from regenqc.decision.verification import signer_faults

        dossier = read_dossier(
            self.judged,
            batch_id=batch,
            specification=self.specification,
            stage=stage or (answers.stage if answers is not None else None),
            batches=self.batches,
        )
        chain = self.folder.chain(batch, stage=dossier.stage, spec_id=dossier.spec.id)
        trail = audit_trail(batch, decisions=chain, evaluations=[self.judged])

        def drafted(kind: str) -> Decision:
            return open_draft(
                dossier,
                kind=kind,
                checklist=self.checklist,
                people=self.people,
                prepared_by=self.person,
                now=present(),
                audit=reviewed(trail),
            )

        if not self.quiet:
            print_evidence(drafted("reject"))
            print_line("")
            print_line("Audit trail", bold=True)
            print_trail(batch, trail)
        if answers is None:
            open_kinds = kinds_open_to(dossier.disposition, has_exceptional_path=bool(self.checklist.exceptional))
            kind = ask_kind((*open_kinds, *(("withdrawal",) if chain else ())))
            head = chain[-1].decision_id if chain else None
            answers = ask_answers(
                drafted(kind), self.checklist, supersedes=head, departs=departs(kind, dossier.disposition)
            )
        # Made when everything is answered, not when the questions began.
        draft = drafted(answers.kind)
        decision = draft_decision(draft, answers, checklist=self.checklist)
        if not self.folder.check_new(decision):
            known = next(each for each in self.folder.of_lot(batch) if each.decision_id == decision.decision_id)
            if not self.quiet:
                _print_end(known, self.folder, is_new=False)
            return known, False
        if not self.quiet:
            print_answers(decision, self.checklist)
            _print_meaning(decision)
        rule = decision.required_signatures[0]
        faults = list(
            signer_faults(
                decision,
                0,
                person_id=self.person,
                printed_name=_name(self.people, self.person),
                meaning=rule.meaning,
                role=role.value,
            )
        )
        if faults:
            raise SignatureError(*faults)
        signature = session.sign(
            content_bytes(decision),
            key=keyed.file,
            password=keyed.password(),
            role=role.value,
            meaning=rule.meaning,
            document_id=decision.decision_id,
            document_schema=SCHEMA,
            person_id=self.person if session.needs_person(self.person) else None,
        )
        signed = with_signature(decision, signature)
        is_new = self.folder.add(signed)
        if not self.quiet:
            _print_end(signed, self.folder, is_new=is_new)
        return signed, is_new


def _specification(judged: Path, reference: str | None) -> Specification:
    from regenqc.decision.dossier import batches_of
    from regenqc.specification import load_specification

    if reference is not None:
        return load_specification(reference)
    names = sorted({name for _, name, _, _ in batches_of(judged) if name})
    if len(names) != 1:
        raise UsageError(
            Fault(
                code="RQC-U128",
                what="Which specification?",
                where=str(judged),
                got=", ".join(names) or "none",
                expected="one",
                action="Name it with --spec.",
            )
        )
    return load_specification(names[0])


def _checklist_of(decision: Decision, file: Path | None) -> Checklist:
    from regenqc.decision.checklist import extended_checklist, find_checklist

    base = find_checklist(
        jurisdiction=decision.spec.jurisdiction,
        specification=decision.spec.id,
        extends=decision.spec.extends,
        version=decision.checklist_id.rpartition("@")[2],
    )
    return base if file is None else extended_checklist(base, _text(file), where=str(file))


def _checklist(specification: Specification, file: Path | None) -> Checklist:
    from regenqc.decision.checklist import extended_checklist, find_checklist

    base = find_checklist(
        jurisdiction=specification.jurisdiction.value, specification=specification.id, extends=specification.extends
    )
    return base if file is None else extended_checklist(base, _text(file), where=str(file))


def _record(
    decision: Decision,
    folder: DecisionFolder,
    keyed: _KeyHolder,
    ledger: str,
    home: Path,
    people: Path,
    root: str,
    *,
    quiet: bool,
) -> None:
    from regenqc.cli.decision_record import record_decision
    from regenqc.signing.session import unlocked_key

    opened = unlocked_key(
        keyed.file,
        password=keyed.password(),
        people=people_file(people, root).read(),
        attempts=attempt_log(people),
        purpose=decision.decision_id,
        now=present(),
    )
    record_decision(decision, folder=folder, key=opened, ledger=ledger, home=home, quiet=quiet)


def _told(decision: Decision, folder: DecisionFolder, *, is_new: bool) -> dict[str, object]:
    open_ones = decision.required_signatures[len(decision.signatures) :]
    return {
        "decision_id": decision.decision_id,
        "batch_id": decision.batch_id,
        "kind": decision.kind,
        "file": str(folder.file_of(decision.decision_id)),
        "new": is_new,
        "complete": decision.is_complete,
        "awaits": [rule.meaning for rule in open_ones],
    }


def _print_meaning(decision: Decision) -> None:
    rule = decision.required_signatures[0]
    print_line("")
    print_line(f"Your signature means: {rule.meaning.replace('_', ' ')}. {rule.text}", detail=rule.citation)


def _print_end(decision: Decision, folder: DecisionFolder, *, is_new: bool) -> None:
    print_signatures(decision)
    print_line("")
    where = str(folder.file_of(decision.decision_id))
    if not is_new:
        print_line(f"{decision.batch_id}: this was decided already, nothing was added.", good=True, detail=where)
    elif decision.is_complete:
        print_line(f"{decision.batch_id}: {decision.kind.replace('_', ' ')}, in force.", good=True, detail=where)
    else:
        rule = decision.required_signatures[len(decision.signatures)]
        print_line(f"{decision.batch_id}: not in force yet, waits for {rule.meaning.replace('_', ' ')}.", detail=where)


def _name(people: People, person_id: str) -> str:
    person = people.person(person_id)
    return person.printed_name if person is not None else ""


def _text(path: Path) -> str:
    return sys.stdin.read() if str(path) == "-" else read_file(path).decode("utf-8", errors="replace")
