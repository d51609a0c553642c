"""The ceremony of signing: who identifies themselves how, and what is asked before a password is tried.

The first signing of a session takes all components, person and password; those that follow in the same session take the
password (21 CFR 11.200(a)(1)(i)). A session belongs to one person, lives in one process and ends when it was idle too long.
No opened key outlives one signing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.errors import SignatureError
from regenqc.signing.faults import refused
from regenqc.signing.opening import open_any_key
from regenqc.signing.signature import sign
from regenqc.signing.verification import key_faults, signature_faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from regenqc.signing.attempts import AttemptLog
    from regenqc.signing.keys import KeyFile, Opened
    from regenqc.signing.people import CertifiedKey, People, Person
    from regenqc.signing.signature import Signature
    from regenqc.signing.statement import Settings
    from regenqc.signing.tokens import TokenKeyFile

__all__ = ["SigningSession", "check_clock", "unlocked_key"]


class SigningSession:
    """Sign documents one after the other.

    Args:
        people: the registry.
        attempts: where every attempt is recorded.
        clock: returns the present moment, with zone.

    Example:
        See `docs/decision.md`; the tests of signing show every refusal.
    """

    def __init__(self, people: People, *, attempts: AttemptLog, clock: Callable[[], datetime]) -> None:
        self._people = people
        self._attempts = attempts
        self._clock = clock
        self._person = ""
        self._sequence = 0
        self._last: datetime | None = None

    def needs_person(self, person_id: str) -> bool:
        """Return whether the next signing of a person takes all components."""
        if self._last is None or self._person != person_id:
            return True
        return (self._clock() - self._last).total_seconds() > _settings(self._people).session_seconds

    def sign(
        self,
        content: bytes,
        *,
        key: KeyFile | TokenKeyFile,
        password: str,
        role: str,
        meaning: str,
        document_id: str,
        document_schema: str,
        person_id: str | None = None,
    ) -> Signature:
        """Return a signature, after everything that must hold was asked.

        Args:
            content: what was shown.
            key: of the person.
            password: typed for this signing.
            role: in which they sign.
            meaning: what the signature says.
            document_id: of the document.
            document_schema: of the document.
            person_id: typed for this signing; may be left out after the first signing of a session.

        Raises:
            SignatureError: `RQC-G014` the session asks for all components, `RQC-G010` the password is wrong, `RQC-G012` locked
                out, `RQC-G016` the clock went back, `RQC-G033` to `RQC-G039` the person, role or key does not sign.
        """
        now = self._clock()
        owner = key.person_id
        check_clock(self._people, self._attempts, now)
        is_new = self.needs_person(owner)
        if is_new and person_id is None:
            raise refused(
                "RQC-G014",
                "The first signing of a session takes person and password.",
                where=owner,
                got="a password alone" if self._last is None or self._person != owner else "an idle session",
                expected=f"both, and then a signing at least every {_settings(self._people).session_seconds} s",
                action="Identify yourself again.",
            )
        person, certified = _owner(self._people, key)
        if person_id is not None and person_id != owner:
            self._attempts.record(owner, key_id=key.key_id, purpose=document_id, outcome="started", now=now)
            self._attempts.record(owner, key_id=key.key_id, purpose=document_id, outcome="failed", now=now)
            raise refused(
                "RQC-G014",
                "The key belongs to somebody else.",
                where=key.key_id,
                got=person_id,
                expected=owner,
                action="Sign with your own key; the attempt is recorded.",
            )
        faults = list(key_faults(person, certified, role=role, moment=now))
        if faults:
            raise SignatureError(*faults)
        opened = unlocked_key(
            key, password=password, people=self._people, attempts=self._attempts, purpose=document_id, now=now
        )
        log, attempt = self._attempts.ends()
        signature = sign(
            content,
            opened,
            printed_name=person.printed_name,
            person_id=owner,
            role=role,
            meaning=meaning,
            signed_at=now,
            document_id=document_id,
            document_schema=document_schema,
            sequence=1 if is_new else self._sequence + 1,
            components="person_id+password" if person_id is not None else "password",
            attempt_log=log,
            attempt=attempt,
        )
        faults = signature_faults(
            signature,
            content=content,
            document_id=document_id,
            document_schema=document_schema,
            people=self._people,
            now=now,
        )
        if faults:
            raise SignatureError(*faults)
        self._person, self._sequence, self._last = owner, signature.ceremony.sequence, now
        return signature


def unlocked_key(
    key: KeyFile | TokenKeyFile, *, password: str, people: People, attempts: AttemptLog, purpose: str, now: datetime
) -> Opened:
    """Return the opened key; the attempt is on record before the password is tried.

    Raises:
        SignatureError: `RQC-G012` after too many failures, `RQC-G010` for a wrong password.
    """
    person = people.person(key.person_id)
    allowed = _settings(people).lockout_after
    failed = attempts.record(
        key.person_id,
        key_id=key.key_id,
        purpose=purpose,
        outcome="started",
        now=now,
        allowed=allowed,
        since=person.unlocked_at if person is not None else None,
    )
    if failed >= allowed:
        raise refused(
            "RQC-G012",
            "This person is locked out.",
            where=key.person_id,
            got=f"{failed} failed attempts in a row",
            expected=f"fewer than {allowed}, as the site decided",
            action="An administrator who is somebody else finds out why, and runs: regenqc people unlock",
        )
    try:
        opened = open_any_key(key, password=password)
    except SignatureError:
        attempts.record(key.person_id, key_id=key.key_id, purpose=purpose, outcome="failed", now=now)
        raise
    attempts.record(key.person_id, key_id=key.key_id, purpose=purpose, outcome="succeeded", now=now)
    return opened


def check_clock(people: People, attempts: AttemptLog, now: datetime) -> None:
    """Refuse to sign with a clock that shows an earlier time than something already on record.

    Raises:
        SignatureError: `RQC-G016`.
    """
    tolerance = _settings(people).clock_tolerance_seconds
    for what, last in (("registry of people", people.last_moment), ("log of attempts", attempts.last_moment())):
        if last is not None and (last - now).total_seconds() > tolerance:
            raise refused(
                "RQC-G016",
                "The clock of this machine went back.",
                where=what,
                got=now.isoformat(timespec="seconds"),
                expected=f"not before {last.isoformat(timespec='seconds')}, within {tolerance} s",
                action="Set the clock; nobody signs with a wrong one.",
            )


def _owner(people: People, key: KeyFile | TokenKeyFile) -> tuple[Person, CertifiedKey]:
    person = people.person(key.person_id)
    certified = person.key(key.key_id) if person is not None else None
    if person is None or certified is None or certified.public_key != key.public_key:
        raise refused(
            "RQC-G033",
            "The registry of people knows no such key of this person.",
            where=key.person_id,
            got=key.key_id,
            expected="a key that an administrator certified",
            action="Run: regenqc people certify-key",
        )
    return person, certified


def _settings(people: People) -> Settings:
    if people.settings is None:
        raise refused(
            "RQC-G022",
            "The registry of people is empty.",
            expected="a registry that an administrator founded",
            action="Run: regenqc people found",
        )
    return people.settings
