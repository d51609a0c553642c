"""The desk of whoever decides, on a terminal: what is shown and asked, and the signature at the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from regenqc.cli.audit_page import print_trail
from regenqc.cli.decision_page import print_answers, print_evidence, print_signatures
from regenqc.cli.ledger_place import read_file
from regenqc.cli.ledger_screen import print_line
from regenqc.cli.signing_place import read_password
from regenqc.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from regenqc.decision.answers import Answers
    from regenqc.decision.checklist import Checklist
    from regenqc.decision.desk import Desk
    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.model import Decision
    from regenqc.signing.attempts import AttemptLog
    from regenqc.signing.keys import KeyFile
    from regenqc.signing.session import SigningSession
    from regenqc.signing.tokens import TokenKeyFile
    from regenqc.signing.words import Role

__all__ = ["KeyHolder", "check_attempts", "checklist_of", "decide_on", "print_end", "text_of"]


class KeyHolder:
    """The key of whoever signs; its password is read from a file or descriptor once, from a terminal each time."""

    def __init__(
        self, file: KeyFile | TokenKeyFile, person: str, password_file: Path | None, descriptor: int | None
    ) -> None:
        self.file = file
        self._person = person
        self._read = None
        if password_file is not None or descriptor is not None:
            self._read = read_password(person, file=password_file, descriptor=descriptor)

    def password(self) -> str:
        """Return the password for one signing."""
        return self._read if self._read is not None else read_password(self._person, file=None)


def decide_on(
    desk: Desk,
    batch: str,
    *,
    stage: str | None,
    answers: Answers | None,
    session: SigningSession,
    keyed: KeyHolder,
    role: Role,
    quiet: bool,
) -> tuple[Decision, bool]:
    """Return a decision about one batch, and whether it was made now; asks on the terminal what was not answered.

    Args:
        desk: of whoever decides.
        batch: about which.
        stage: at which; may be left out when there is one only.
        answers: prepared; asked for otherwise.
        session: of signing.
        keyed: key of the person.
        role: in which they sign.
        quiet: show nothing.
    """
    from regenqc.cli.decision_questions import ask_answers, ask_kind
    from regenqc.decision.desk import check_signer, sign_next

    laid_out = desk.lay_out(batch, stage=stage or (answers.stage if answers is not None else None))
    if not quiet:
        print_evidence(desk.draft(laid_out, "reject"))
        print_line("")
        print_line("Audit trail", bold=True)
        print_trail(batch, laid_out.trail)
    if answers is None:
        kind = ask_kind(desk.kinds(laid_out))
        answers = ask_answers(
            desk.draft(laid_out, kind),
            desk.checklist,
            supersedes=laid_out.head,
            departs=desk.departs(laid_out, kind),
        )
    decision = desk.prepare(laid_out, answers)
    folder = desk.folder
    if not folder.check_new(decision):
        known = next(each for each in folder.of_lot(batch) if each.decision_id == decision.decision_id)
        if not quiet:
            print_end(known, folder, is_new=False)
        return known, False
    if not quiet:
        print_answers(decision, desk.checklist)
        _print_meaning(decision)
    meaning = decision.required_signatures[0].meaning
    check_signer(decision, people=desk.people, person=desk.person, role=role.value, meaning=meaning)
    signed = sign_next(
        decision,
        session=session,
        key=keyed.file,
        password=keyed.password(),
        person=desk.person if session.needs_person(desk.person) else None,
        role=role.value,
        meaning=meaning,
    )
    is_new = folder.add(signed)
    if not quiet:
        print_end(signed, folder, is_new=is_new)
    return signed, is_new


def check_attempts(attempts: AttemptLog, folder: DecisionFolder) -> None:
    """Refuse to go on where the log of attempts lacks what the newest signature was given beside.

    Raises:
        SignatureError: `RQC-G044`.
    """
    newest = folder.newest()
    faults = list(attempts.faults(newest.signatures)) if newest is not None else []
    if faults:
        raise SignatureError(*faults)


def checklist_of(
    *, jurisdiction: str, specification: str, extends: Sequence[str], file: Path | None, version: str | None = None
) -> Checklist:
    """Return the checklist that applies, with what the site adds in a file."""
    from regenqc.decision.checklist import extended_checklist, find_checklist

    base = find_checklist(jurisdiction=jurisdiction, specification=specification, extends=extends, version=version)
    return base if file is None else extended_checklist(base, text_of(file), where=str(file))


def print_end(decision: Decision, folder: DecisionFolder, *, is_new: bool) -> None:
    """Print who signed, and whether the decision is in force."""
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


def text_of(path: Path) -> str:
    """Return the text of a file, or of standard input for `-`."""
    return sys.stdin.read() if str(path) == "-" else read_file(path).decode("utf-8", errors="replace")


def _print_meaning(decision: Decision) -> None:
    rule = decision.required_signatures[0]
    print_line("")
    print_line(f"Your signature means: {rule.meaning.replace('_', ' ')}. {rule.text}", detail=rule.citation)
