"""`regenqc decide` and `regenqc sign`: a named person decides about a batch, and signs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.decision_desk import KeyHolder, check_attempts, checklist_of, decide_on, print_end, text_of
from regenqc.cli.decision_page import print_answers, print_evidence, print_signatures
from regenqc.cli.ledger_place import AsJson  # noqa: TC001 - typer reads the type
from regenqc.cli.ledger_screen import print_json
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
)
from regenqc.cli.start import leave_pandas_out
from regenqc.errors import Fault, UsageError
from regenqc.signing.words import Meaning, Role

if TYPE_CHECKING:
    from regenqc.decision.evaluation_files import EvaluationFiles
    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.model import Decision
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
    from regenqc.decision.desk import Desk
    from regenqc.decision.evaluation_files import EvaluationFiles
    from regenqc.decision.folder import DecisionFolder
    from regenqc.signing.session import SigningSession

    check_ledger(ledger, home)
    prepared = parse_answers(text_of(answers), where=str(answers)) if answers is not None else ()
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
    files = EvaluationFiles(judged, only=wanted)
    specification = _specification(files, spec)
    desk = Desk(
        judged=files,
        specification=specification,
        batches=batches,
        folder=DecisionFolder(decisions),
        people=people_file(people, root).read(),
        checklist=checklist_of(
            jurisdiction=specification.jurisdiction.value,
            specification=specification.id,
            extends=specification.extends,
            file=checklist,
        ),
        person=person,
        clock=present,
    )
    check_attempts(attempt_log(people), desk.folder)
    session = SigningSession(desk.people, attempts=attempt_log(people), clock=present)
    keyed = KeyHolder(key_file(key), person, password_file, password_fd)
    told = []
    for name in wanted:
        own = next((each for each in prepared if each.batch_id == name), None)
        if answers is not None and own is None:
            raise UsageError(
                Fault(code="RQC-U127", what="Nothing is answered about this batch.", where=str(answers), got=name)
            )
        decision, is_new = decide_on(
            desk, name, stage=stage, answers=own, session=session, keyed=keyed, role=role, quiet=as_json
        )
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

    With --ledger, whoever signed last records a decision that could not be recorded then.

    Example: regenqc sign DECISION-0123456789ABCDEF0123 --person QP-0002 --key keys/holder.key
    """
    from regenqc.cli.decision_questions import ask
    from regenqc.cli.decision_record import check_ledger
    from regenqc.decision.desk import check_open, check_signer, sign_next
    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.reading import read_decision
    from regenqc.decision.verification import decision_faults
    from regenqc.signing.session import SigningSession

    check_ledger(ledger, home)
    path = Path(decision)
    folder = DecisionFolder(path.parent if path.is_file() else decisions)
    shown = read_decision(folder.file_of(path.stem))
    registry = people_file(people, root).read()
    ours = checklist_of(
        jurisdiction=shown.spec.jurisdiction,
        specification=shown.spec.id,
        extends=shown.spec.extends,
        file=checklist,
        version=shown.checklist_id.rpartition("@")[2],
    )
    if (
        ledger is not None
        and shown.is_complete
        and not decision_faults(shown, people=registry, now=present(), checklist=ours)
    ):
        # Everybody signed, and the ledger could not be reached then.
        keyed = KeyHolder(key_file(key), person, password_file, password_fd)
        _record(shown, folder, keyed, ledger, home, people, root, quiet=as_json)
        if as_json:
            print_json(_told(shown, folder, is_new=False))
        return
    check_open(shown, people=registry, now=present(), checklist=ours)
    number = len(shown.signatures)
    if not as_json:
        print_evidence(shown)
        print_answers(shown, ours)
        print_signatures(shown)
    wanted = [rule.meaning for rule in shown.required_signatures[number : number + 1]]
    stated = meaning.value if meaning is not None else ask(f"\nWhat do you sign? Type {wanted[0] if wanted else '-'}:")
    check_signer(shown, people=registry, person=person, role=role.value, meaning=stated)
    check_attempts(attempt_log(people), folder)
    keyed = KeyHolder(key_file(key), person, password_file, password_fd)
    session = SigningSession(registry, attempts=attempt_log(people), clock=present)
    given = sign_next(
        shown,
        session=session,
        key=keyed.file,
        password=keyed.password(),
        person=person,
        role=role.value,
        meaning=stated,
    )
    signed = folder.add_signature(shown, given.signatures[-1])
    if as_json:
        print_json(_told(signed, folder, is_new=True))
    else:
        print_end(signed, folder, is_new=True)
    if ledger is not None and signed.is_complete:
        _record(signed, folder, keyed, ledger, home, people, root, quiet=as_json)


def _specification(files: EvaluationFiles, reference: str | None) -> Specification:
    from regenqc.specification import load_specification

    if reference is not None:
        return load_specification(reference)
    names = files.specifications
    if len(names) != 1:
        raise UsageError(
            Fault(
                code="RQC-U128",
                what="Which specification?",
                where=str(files.directory),
                got=", ".join(names) or "none",
                expected="one",
                action="Name it with --spec.",
            )
        )
    return load_specification(names[0])


def _record(
    decision: Decision,
    folder: DecisionFolder,
    keyed: KeyHolder,
    ledger: str,
    home: Path,
    people: Path,
    root: str,
    *,
    quiet: bool,
) -> None:
    from regenqc.cli.decision_record import record_decision
    from regenqc.signing.session import unlocked_key

    last = decision.signatures[-1].person_id
    if keyed.file.person_id != last:
        raise UsageError(
            Fault(
                code="RQC-A071",
                what="A decision is recorded by whoever gave its last signature.",
                where=decision.decision_id,
                got=keyed.file.person_id,
                expected=last,
                action=f"{last} runs: regenqc sign {decision.decision_id} --ledger …",
            )
        )
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
