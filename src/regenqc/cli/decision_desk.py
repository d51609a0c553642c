"""The desk of whoever decides: everything that lies on it, what is shown and asked, and the signature at the end."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.cli.audit_page import print_trail
from regenqc.cli.decision_page import print_answers, print_evidence, print_signatures
from regenqc.cli.ledger_place import read_file
from regenqc.cli.ledger_screen import print_line
from regenqc.cli.signing_place import read_password
from regenqc.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from regenqc.decision.answers import Answers
    from regenqc.decision.audit import AuditEntry
    from regenqc.decision.checklist import Checklist
    from regenqc.decision.dossier import Dossier
    from regenqc.decision.evaluation_files import EvaluationFiles
    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.model import Decision
    from regenqc.signing.attempts import AttemptLog
    from regenqc.signing.keys import KeyFile
    from regenqc.signing.people import People
    from regenqc.signing.session import SigningSession
    from regenqc.signing.tokens import TokenKeyFile
    from regenqc.signing.words import Role
    from regenqc.specification.model import Specification

__all__ = ["Desk", "KeyHolder", "check_attempts", "checklist_of", "name_of", "print_end", "text_of"]


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


class Desk:
    """Hold everything that lies on the desk of whoever decides.

    Args:
        judged: files of the evaluation.
        specification: by which it was judged.
        batches: batch table, where it was moved.
        folder: of decisions.
        people: the registry.
        checklist_file: checklist of the site.
        person: who decides.
        clock: returns the present moment, with zone.
        quiet: show nothing.
    """

    def __init__(
        self,
        *,
        judged: EvaluationFiles,
        specification: Specification,
        batches: Path | None,
        folder: DecisionFolder,
        people: People,
        checklist_file: Path | None,
        person: str,
        clock: Callable[[], datetime],
        quiet: bool,
    ) -> None:
        self.judged = judged
        self.specification = specification
        self.batches = batches
        self.folder = folder
        self.people = people
        self.person = person
        self.quiet = quiet
        self.checklist = checklist_of(
            jurisdiction=specification.jurisdiction.value,
            specification=specification.id,
            extends=specification.extends,
            file=checklist_file,
        )
        self._clock = clock

    def draft(self, batch: str, *, kind: str, stage: str | None = None) -> Decision:
        """Return a decision about one batch to which nothing has been answered yet."""
        return self._drafted(self._lay_out(batch, stage=stage), kind)

    def _lay_out(self, batch: str, *, stage: str | None) -> _LaidOut:
        from regenqc.decision.audit import audit_trail
        from regenqc.decision.dossier import read_dossier

        dossier = read_dossier(
            self.judged, batch_id=batch, specification=self.specification, stage=stage, batches=self.batches
        )
        chain = self.folder.chain(batch, stage=dossier.stage, spec_id=dossier.spec.id)
        return _LaidOut(dossier, chain, audit_trail(batch, decisions=chain, evaluations=[self.judged]))

    def _drafted(self, laid_out: _LaidOut, kind: str) -> Decision:
        from regenqc.decision.audit import reviewed
        from regenqc.decision.drafting import open_draft

        return open_draft(
            laid_out.dossier,
            kind=kind,
            checklist=self.checklist,
            people=self.people,
            prepared_by=self.person,
            now=self._clock(),
            audit=reviewed(laid_out.trail),
        )

    def decide(
        self,
        batch: str,
        *,
        stage: str | None,
        answers: Answers | None,
        session: SigningSession,
        keyed: KeyHolder,
        role: Role,
    ) -> tuple[Decision, bool]:
        """Return a decision about one batch, and whether it was made now."""
        from regenqc.cli.decision_questions import ask_answers, ask_kind
        from regenqc.decision.drafting import draft_decision
        from regenqc.decision.model import SCHEMA, content_bytes, with_signature
        from regenqc.decision.rules import departs, kinds_open_to
        from regenqc.decision.verification import signer_faults

        laid_out = self._lay_out(batch, stage=stage or (answers.stage if answers is not None else None))
        dossier, chain = laid_out.dossier, laid_out.chain
        if not self.quiet:
            print_evidence(self._drafted(laid_out, "reject"))
            print_line("")
            print_line("Audit trail", bold=True)
            print_trail(batch, laid_out.trail)
        if answers is None:
            open_kinds = kinds_open_to(dossier.disposition, has_exceptional_path=bool(self.checklist.exceptional))
            kind = ask_kind((*open_kinds, *(("withdrawal",) if chain else ())))
            head = chain[-1].decision_id if chain else None
            answers = ask_answers(
                self._drafted(laid_out, kind),
                self.checklist,
                supersedes=head,
                departs=departs(kind, dossier.disposition),
            )
        # Made when everything is answered, not when the questions began.
        draft = self._drafted(laid_out, answers.kind)
        decision = draft_decision(draft, answers, checklist=self.checklist)
        if not self.folder.check_new(decision):
            known = next(each for each in self.folder.of_lot(batch) if each.decision_id == decision.decision_id)
            if not self.quiet:
                print_end(known, self.folder, is_new=False)
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
                printed_name=name_of(self.people, self.person),
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
            print_end(signed, self.folder, is_new=is_new)
        return signed, is_new


@dataclass(frozen=True, slots=True)
class _LaidOut:
    """Hold what lies on the desk about one batch: dossier, decisions so far, audit trail."""

    dossier: Dossier
    chain: tuple[Decision, ...]
    trail: tuple[AuditEntry, ...]


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


def name_of(people: People, person_id: str) -> str:
    """Return the printed name of a person, empty when nobody is enrolled under the identifier."""
    person = people.person(person_id)
    return person.printed_name if person is not None else ""


def text_of(path: Path) -> str:
    """Return the text of a file, or of standard input for `-`."""
    return sys.stdin.read() if str(path) == "-" else read_file(path).decode("utf-8", errors="replace")


def _print_meaning(decision: Decision) -> None:
    rule = decision.required_signatures[0]
    print_line("")
    print_line(f"Your signature means: {rule.meaning.replace('_', ' ')}. {rule.text}", detail=rule.citation)
