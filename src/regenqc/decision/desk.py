"""The desk of whoever decides: what lies on it about a lot, what may be decided, and the signature at the end. It shows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.decision.audit import AuditEntry, audit_trail, reviewed
from regenqc.decision.dossier import Dossier, read_dossier
from regenqc.decision.drafting import draft_decision, open_draft
from regenqc.decision.model import SCHEMA, Decision, content_bytes, with_signature
from regenqc.decision.rules import departs, kinds_open_to, time_faults
from regenqc.decision.verification import decision_faults, signer_faults
from regenqc.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from regenqc.decision.answers import Answers
    from regenqc.decision.checklist import Checklist
    from regenqc.decision.evaluation_files import EvaluationFiles
    from regenqc.decision.folder import DecisionFolder
    from regenqc.signing.keys import KeyFile
    from regenqc.signing.people import People
    from regenqc.signing.session import SigningSession
    from regenqc.signing.tokens import TokenKeyFile
    from regenqc.specification.model import Specification

__all__ = ["Desk", "LaidOut", "check_open", "check_signer", "name_of", "sign_next"]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """Hold what lies on the desk about one batch.

    Args:
        dossier: what the evaluation found.
        chain: decisions so far, each superseding the one before.
        trail: audit trail.
    """

    dossier: Dossier
    chain: tuple[Decision, ...]
    trail: tuple[AuditEntry, ...]

    @property
    def head(self) -> str | None:
        """Return the decision that another one would supersede."""
        return self.chain[-1].decision_id if self.chain else None


class Desk:
    """Hold everything that lies on the desk of whoever decides.

    Args:
        judged: files of the evaluation.
        specification: by which it was judged.
        batches: batch table, where it was moved.
        folder: of decisions.
        people: the registry.
        checklist: that applies, with what the site adds.
        person: who decides.
        clock: returns the present moment, with zone.

    Example:
        See the tests of `regenqc decide`, which works on it.
    """

    def __init__(
        self,
        *,
        judged: EvaluationFiles,
        specification: Specification,
        batches: Path | None,
        folder: DecisionFolder,
        people: People,
        checklist: Checklist,
        person: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.judged = judged
        self.specification = specification
        self.batches = batches
        self.folder = folder
        self.people = people
        self.checklist = checklist
        self.person = person
        self._clock = clock

    def lay_out(self, batch: str, *, stage: str | None) -> LaidOut:
        """Return what there is about one batch.

        Raises:
            DataError, UsageError: as `read_dossier`.
            SignatureError: a decision in the folder is none, or they form no chain.
        """
        dossier = read_dossier(
            self.judged, batch_id=batch, specification=self.specification, stage=stage, batches=self.batches
        )
        chain = self.folder.chain(batch, stage=dossier.stage, spec_id=dossier.spec.id)
        return LaidOut(dossier, chain, audit_trail(batch, decisions=chain, evaluations=[self.judged]))

    def kinds(self, laid_out: LaidOut) -> tuple[str, ...]:
        """Return the kinds of decision that may be taken, the one that the data propose first."""
        open_kinds = kinds_open_to(laid_out.dossier.disposition, has_exceptional_path=bool(self.checklist.exceptional))
        return (*open_kinds, *(("withdrawal",) if laid_out.chain else ()))

    def departs(self, laid_out: LaidOut, kind: str) -> bool:
        """Return whether a kind is another decision than the data propose, and needs a justification."""
        return departs(kind, laid_out.dossier.disposition)

    def draft(self, laid_out: LaidOut, kind: str, *, now: datetime | None = None) -> Decision:
        """Return a decision to which nothing has been answered yet.

        Args:
            laid_out: about the batch.
            kind: of decision.
            now: when it is made; the present moment unless stated.
        """
        return open_draft(
            laid_out.dossier,
            kind=kind,
            checklist=self.checklist,
            people=self.people,
            prepared_by=self.person,
            now=now or self._clock(),
            audit=reviewed(laid_out.trail),
        )

    def prepare(self, laid_out: LaidOut, answers: Answers, *, now: datetime | None = None) -> Decision:
        """Return the decision with everything answered, ready to be signed; made now, not when the questions began.

        Raises:
            UsageError: with everything that keeps it from being signed, `RQC-A001` to `RQC-A014`.
        """
        return draft_decision(self.draft(laid_out, answers.kind, now=now), answers, checklist=self.checklist)


def name_of(people: People, person_id: str) -> str:
    """Return the printed name of a person, empty when nobody is enrolled under the identifier."""
    person = people.person(person_id)
    return person.printed_name if person is not None else ""


def check_open(decision: Decision, *, people: People, now: datetime, checklist: Checklist) -> None:
    """Refuse a decision that was changed, that does not verify as far as it is signed, or for which it is too late.

    Args:
        decision: that waits for a signature.
        people: the registry.
        now: the present moment.
        checklist: that it names.

    Raises:
        SignatureError: with every reason.
    """
    faults = [
        *decision_faults(decision, people=people, now=now, checklist=checklist, is_complete=False),
        *time_faults(decision, now),
    ]
    if faults:
        raise SignatureError(*faults)


def check_signer(decision: Decision, *, people: People, person: str, role: str, meaning: str) -> None:
    """Refuse whoever cannot give the next signature.

    Args:
        decision: with the signatures before it.
        people: the registry.
        person: who would sign.
        role: in which role.
        meaning: what they would sign.

    Raises:
        SignatureError: `RQC-A054` to `RQC-A059`.
    """
    faults = list(
        signer_faults(
            decision,
            len(decision.signatures),
            person_id=person,
            printed_name=name_of(people, person),
            meaning=meaning,
            role=role,
        )
    )
    if faults:
        raise SignatureError(*faults)


def sign_next(
    decision: Decision,
    *,
    session: SigningSession,
    key: KeyFile | TokenKeyFile,
    password: str,
    person: str | None,
    role: str,
    meaning: str,
) -> Decision:
    """Return the decision with its next signature; nothing is written.

    Args:
        decision: as shown.
        session: of signing.
        key: of the person.
        password: typed for this signing.
        person: typed for this signing; `None` where the session does not ask for it.
        role: in which they sign.
        meaning: what they sign.

    Raises:
        SignatureError: as `SigningSession.sign`.
    """
    signature = session.sign(
        content_bytes(decision),
        key=key,
        password=password,
        role=role,
        meaning=meaning,
        document_id=decision.decision_id,
        document_schema=SCHEMA,
        person_id=person,
    )
    return with_signature(decision, signature)
