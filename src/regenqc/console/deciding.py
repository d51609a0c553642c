"""A decision in the console: what lies on the desk, the signature, and the order in which it is written everywhere.

With its last signature a decision goes into the ledger and into the folder of decisions, or into neither. Everything that is
needed to write both, the signed events included, is first put on the disk as begun; a server that ends anywhere after that
finishes it when it starts again, and one that ends before has written nothing. The certificate follows from the decision.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from regenqc.canonical import canonical_json, digest_of
from regenqc.console.refusals import NotFound
from regenqc.console.store.evaluation_folder import batch_table_of
from regenqc.console.store.specifications import judged_by
from regenqc.console.store.tables import BATCHES, EVALUATIONS, JUDGEMENTS
from regenqc.console.store.upkeep import take_decision
from regenqc.custody import Book, Declined, decode_event, encode_event
from regenqc.custody.moments import moment_of
from regenqc.custody.site import Site, parse_site
from regenqc.decision.checklist import find_checklist
from regenqc.decision.desk import Desk, check_open, check_signer, sign_next
from regenqc.decision.evaluation_files import EvaluationFiles
from regenqc.decision.folder import DecisionFolder
from regenqc.decision.model import Decision, content_bytes, decision_bytes
from regenqc.decision.reading import parse_decision
from regenqc.decision.recording import append_events, signed_events, withdrawn_by
from regenqc.errors import Fault, LedgerError, RegenqcError, SignatureError, UsageError
from regenqc.signing.attempts import AttemptLog
from regenqc.signing.opening import read_any_key_file
from regenqc.signing.session import SigningSession, unlocked_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from regenqc.console.access.registry import Registry
    from regenqc.console.settings import ConsoleSettings
    from regenqc.custody import Event
    from regenqc.decision.checklist import Checklist
    from regenqc.signing.keys import KeyFile
    from regenqc.signing.people import People
    from regenqc.signing.tokens import TokenKeyFile

__all__ = ["SigningDesk", "Typed", "begin", "digest_shown", "finish_begun"]

# One signature at a time is written: the ledger has one writer, and nobody signs a lot that somebody else is just signing.
_WRITING: Final = Lock()


@dataclass(frozen=True, slots=True)
class Typed:
    """Hold what a person typed to sign.

    Args:
        person: identifier.
        password: of their key file; never kept.
        role: in which they sign.
        meaning: what they sign.
    """

    person: str
    password: str
    role: str
    meaning: str

    def __repr__(self) -> str:
        return f"Typed(person={self.person!r}, role={self.role!r}, meaning={self.meaning!r})"


class SigningDesk:
    """Decide and sign in the console.

    Args:
        settings: of the console.
        store: of the console.
        registry: of people.
        clock: returns the present moment, with zone.
    """

    def __init__(
        self, settings: ConsoleSettings, store: Engine, registry: Registry, clock: Callable[[], datetime]
    ) -> None:
        self._settings, self._store, self._registry, self._clock = settings, store, registry, clock
        self.folder = DecisionFolder(settings.decisions)
        self._attempts = AttemptLog(settings.people / "attempts.jsonl")

    @property
    def people(self) -> People:
        """Return the registry as it is now."""
        return self._registry.people()

    def desk(self, lot: Any, *, person: str) -> Desk:
        """Return the desk on which a lot lies, read from the files of its current evaluation.

        Args:
            lot: row of the table of lots.
            person: who decides.

        Raises:
            NotFound: the specification or the evaluation is not at hand.
        """
        with self._store.connect() as connection:
            row = connection.execute(
                select(EVALUATIONS.c.folder, EVALUATIONS.c.run, JUDGEMENTS.c.spec_fingerprint, BATCHES.c.batch_id)
                .join(JUDGEMENTS, JUDGEMENTS.c.evaluation_id == EVALUATIONS.c.id)
                .join(BATCHES, BATCHES.c.id == JUDGEMENTS.c.batch)
                .where(JUDGEMENTS.c.id == lot.judgement_id)
            ).one()
        specification = judged_by(self._settings, lot.spec_id, fingerprint=row.spec_fingerprint)
        if specification is None:
            raise NotFound("specification", lot.spec_id)
        folder = self._settings.evaluations / row.folder
        return Desk(
            judged=EvaluationFiles(folder, only=[lot.batch_id]),
            specification=specification,
            batches=batch_table_of(folder, json.loads(row.run)),
            folder=self.folder,
            people=self.people,
            checklist=find_checklist(
                jurisdiction=specification.jurisdiction.value,
                specification=specification.id,
                extends=specification.extends,
            ),
            person=person,
            clock=self._clock,
        )

    def sign_new(self, decision: Decision, typed: Typed) -> tuple[Decision, bool]:
        """Sign a decision that was prepared, and write it.

        Args:
            decision: as shown.
            typed: by whoever signs.

        Returns:
            The decision, and whether it was made now: the same one, signed again, adds nothing.

        Raises:
            SignatureError, UsageError, LedgerError: with every reason; nothing is written then.
        """
        with _WRITING:
            if not self.folder.check_new(decision):
                known = self.folder.of_lot(decision.batch_id)
                return next(each for each in known if each.decision_id == decision.decision_id), False
            signed = self._signed(decision, typed)
            events = self._events(signed, typed)
            self.folder.add(signed, first=self._recording(signed, events))
            self._written(signed, events)
        return signed, True

    def sign_further(self, decision: Decision, typed: Typed, *, checklist: Checklist) -> Decision:
        """Give the next signature to a decision that somebody else prepared, and write it.

        Args:
            decision: as shown.
            typed: by whoever signs.
            checklist: that the decision names.

        Raises:
            SignatureError, UsageError, LedgerError: with every reason; nothing is written then.
        """
        with _WRITING:
            check_open(decision, people=self.people, now=self._clock(), checklist=checklist)
            signed = self._signed(decision, typed)
            events = self._events(signed, typed)
            self.folder.add_signature(decision, signed.signatures[-1], first=self._recording(signed, events))
            self._written(signed, events)
        return signed

    def _signed(self, decision: Decision, typed: Typed) -> Decision:
        people = self.people
        check_signer(decision, people=people, person=typed.person, role=typed.role, meaning=typed.meaning)
        newest = self.folder.newest()
        faults = list(self._attempts.faults(newest.signatures)) if newest is not None else []
        if faults:
            raise SignatureError(*faults)
        return sign_next(
            decision,
            session=SigningSession(people, attempts=self._attempts, clock=self._clock),
            key=self._key_of(typed.person),
            password=typed.password,
            person=typed.person,
            role=typed.role,
            meaning=typed.meaning,
        )

    def _key_of(self, person: str) -> KeyFile | TokenKeyFile:
        # A person's identifier is one of the registry, which has no name that leads out of the folder.
        if self.people.person(person) is None:
            raise _no_key(person)
        path = self._settings.keys / f"{person}.key"
        try:
            return read_any_key_file(path.read_bytes(), where=path.name)
        except OSError as error:
            raise _no_key(person) from error

    def _events(self, signed: Decision, typed: Typed) -> list[Event] | None:
        """Return the signed events of a decision that has all its signatures; `None` where nothing is to be recorded."""
        if not signed.is_complete or not self._settings.ledger_url:
            return None
        now = self._clock()
        opened = unlocked_key(
            self._key_of(typed.person),
            password=typed.password,
            people=self.people,
            attempts=self._attempts,
            purpose=signed.decision_id,
            now=now,
        )
        with _book(self._settings, self._clock) as (book, site):
            return signed_events(
                book,
                signed,
                site=site,
                key=opened,
                recorded_at=moment_of(now),
                withdrawn=withdrawn_by(signed, self.folder),
            )

    def _recording(self, signed: Decision, events: Sequence[Event] | None) -> Callable[[], None] | None:
        if events is None:
            return None

        def record() -> None:
            begin(self._settings, signed, events)
            refused = _append(self._settings, signed, events, self._clock)
            if refused:
                _begun_file(self._settings, signed.decision_id).unlink()
                raise LedgerError(*refused)

        return record

    def _written(self, signed: Decision, events: Sequence[Event] | None) -> None:
        if events is not None:
            _begun_file(self._settings, signed.decision_id).unlink(missing_ok=True)
        take_decision(self._store, signed, self.folder.file_of(signed.decision_id))


def begin(settings: ConsoleSettings, decision: Decision, events: Sequence[Event]) -> None:
    """Put on the disk what is about to be written into the ledger and the folder of decisions."""
    settings.begun.mkdir(parents=True, exist_ok=True)
    path = _begun_file(settings, decision.decision_id)
    part = path.with_name(f".{path.name}.part")
    content = {
        "decision": decision_bytes(decision).decode(),
        "events": [encode_event(event).decode() for event in events],
    }
    with part.open("wb") as file:
        file.write(canonical_json(content))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    descriptor = os.open(settings.begun, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def finish_begun(settings: ConsoleSettings, *, clock: Callable[[], datetime]) -> list[Fault]:
    """Write what a server that ended had begun: into the ledger, then into the folder of decisions.

    What the rules of the ledger refuse now was never recorded, and nobody was told that it was: it is given up.

    Returns:
        What was given up, or could not be finished, and why.
    """
    faults: list[Fault] = []
    for path in sorted(settings.begun.glob("*.json")):
        try:
            content = json.loads(path.read_bytes())
            decision = parse_decision(content["decision"].encode(), where=path.name)
            events = [decode_event(text.encode()) for text in content["events"]]
            refused = _append(settings, decision, events, clock)
            if not refused:
                DecisionFolder(settings.decisions).restore(decision)
            faults += refused
            path.unlink()
        except RegenqcError as error:
            faults += error.faults  # it stays begun: the next start tries again
    for part in settings.begun.glob(".*.part"):
        part.unlink()
    return faults


def _append(
    settings: ConsoleSettings, decision: Decision, events: Sequence[Event], clock: Callable[[], datetime]
) -> list[Fault]:
    with _book(settings, clock) as (book, _):
        outcomes = append_events(book, decision, events)
    return [fault for outcome in outcomes if isinstance(outcome, Declined) for fault in outcome.faults]


@contextmanager
def _book(settings: ConsoleSettings, clock: Callable[[], datetime]) -> Iterator[tuple[Book, Site]]:
    path = settings.custody / "site.toml"
    try:
        site = parse_site(path.read_text(encoding="utf-8"), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            Fault(
                code="RQC-U101",
                what="A file that is needed to record cannot be read.",
                where=str(path),
                got=str(error),
                action="Check the home of the ledger.",
            )
        ) from error
    with Book.open(settings.ledger_url, policy=site.policy, now=lambda: moment_of(clock()), keeper=site.keeper) as book:
        yield book, site


def _begun_file(settings: ConsoleSettings, decision_id: str) -> Path:
    return settings.begun / f"{decision_id.lower()}.json"


def _no_key(person: str) -> SignatureError:
    return SignatureError(
        Fault(
            code="RQC-G033",
            what="There is no key file of this person here.",
            where=person,
            expected=f"keys/{person}.key in the home of the console",
            action="Sign on the command line with your own key file, or have it put there.",
        )
    )


def digest_shown(decision: Decision) -> str:
    """Return the digest of what a person is shown and signs."""
    return digest_of(content_bytes(decision))
