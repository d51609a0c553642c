"""Attempts to sign: every one is on record before the password is tried, and too many failures lock the person out.

The file is JSON Lines, each line with the digest of the line before. It is not signed: a failed attempt is what happens when
nobody could. Every signature under a document names the line with which the log ended, so lines cannot be changed or cut away
unseen by whoever holds a later signature. What came after the last signature can; keep the file where only the signing
machine writes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import Struct

from regenqc.canonical import canonical_json, digest_of
from regenqc.signing.disk import locked, writing
from regenqc.signing.faults import fault, refused
from regenqc.signing.moments import moment_text, read_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from regenqc.errors import Fault
    from regenqc.signing.signature import Signature

__all__ = ["SCHEMA", "Attempt", "AttemptLog"]

SCHEMA: Final = "regenqc.attempt/1"


class Attempt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line: who tried what with which key, when, and how it went."""

    schema: Literal["regenqc.attempt/1"]
    number: int
    person_id: str
    key_id: str
    purpose: str
    outcome: Literal["started", "succeeded", "failed"]
    at: str
    previous: str


class AttemptLog:
    """The attempts of a site.

    Args:
        path: of the file; it appears with the first attempt.

    Example:
        >>> import tempfile
        >>> from datetime import UTC, datetime
        >>> from pathlib import Path
        >>> log = AttemptLog(Path(tempfile.mkdtemp()) / "attempts.jsonl")
        >>> log.record("QP-0001", key_id="k", purpose="D-1", outcome="started", now=datetime(2026, 3, 16, tzinfo=UTC))
        0
        >>> log.failures("QP-0001", since=None)
        1
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Attempt, ...]:
        """Return all attempts.

        Raises:
            SignatureError: `RQC-G040`, a line was changed or is missing.
        """
        if not self.path.exists():
            return ()
        with writing(self.path):  # what cannot be read cannot be continued either
            data = self.path.read_bytes()
        return self._parsed(data)

    def record(
        self,
        person_id: str,
        *,
        key_id: str,
        purpose: str,
        outcome: Literal["started", "succeeded", "failed"],
        now: datetime,
        allowed: int | None = None,
        since: datetime | None = None,
    ) -> int:
        """Add one line, on the disk before this returns; with `allowed` only while fewer attempts in a row failed.

        Looking and writing are one step: of several who guess at the same moment, each sees those before.

        Args:
            person_id: who tries.
            key_id: of their key.
            purpose: what is to be signed.
            outcome: how it went so far.
            now: the present moment.
            allowed: failures in a row, from which on nothing is written; `None` for no limit.
            since: moment at which an administrator unlocked them last.

        Returns:
            Attempts in a row that did not succeed before this one.

        Raises:
            UsageError: `RQC-G043`, it cannot be written.
        """
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file, locked(file):
                file.seek(0)
                data = file.read()
                known = self._parsed(data)
                failed = _failures(known, person_id, since=since)
                if allowed is not None and failed >= allowed:
                    return failed
                line = Attempt(
                    schema=SCHEMA,
                    number=len(known),
                    person_id=person_id,
                    key_id=key_id,
                    purpose=purpose,
                    outcome=outcome,
                    at=moment_text(now),
                    previous=digest_of(data.rstrip(b"\n").rpartition(b"\n")[2]) if known else "",
                )
                file.write(canonical_json(msgspec.to_builtins(line)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
                return failed

    def failures(self, person_id: str, *, since: datetime | None) -> int:
        """Return how many attempts of a person in a row did not succeed.

        Args:
            person_id: who tried.
            since: moment at which an administrator unlocked them last, `None` for never.

        Returns:
            Attempts that were started and not succeeded; one that was broken off counts.
        """
        return _failures(self.read(), person_id, since=since)

    def ends(self) -> tuple[str, str]:
        """Return the digests of the first line, which names the log, and of the last one; empty when there is none."""
        digests = self._digests()
        return (digests[0], digests[-1]) if digests else ("", "")

    def faults(self, signatures: Iterable[Signature]) -> Iterator[Fault]:
        """Yield which signatures were given after lines that are no longer there.

        Args:
            signatures: under documents; those that were given beside another log say nothing about this one.

        Example:
            See `docs/decision.md`; the tests of signing cut the log.
        """
        digests = self._digests()
        there = set(digests)
        for signature in signatures:
            said = signature.ceremony
            if digests and said.attempt_log == digests[0] and said.attempt not in there:
                yield fault(
                    "RQC-G044",
                    "The log of attempts was cut: it ends before the line beside which a signature was given.",
                    where=f"{self.path}, {signature.document_id} by {signature.person_id}",
                    got=f"{len(digests)} lines, none of them with the digest {said.attempt[:23]}…",
                    expected="every line that was there at the signature",
                    action="Find out who changed it; nobody signs until the file is restored.",
                )

    def _digests(self) -> list[str]:
        if not self.path.exists():
            return []
        with writing(self.path):
            data = self.path.read_bytes()
        self._parsed(data)
        return [digest_of(line) for line in data.split(b"\n")[:-1]]

    def last_moment(self) -> datetime | None:
        """Return when the last attempt was made."""
        known = self.read()
        return read_moment(known[-1].at) if known else None

    def _parsed(self, data: bytes) -> tuple[Attempt, ...]:
        found: list[Attempt] = []
        previous = ""
        for number, line in enumerate(data.split(b"\n")[:-1]):
            try:
                attempt = msgspec.json.decode(line, type=Attempt)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise self._broken(number, str(error)) from error
            if attempt.number != number or attempt.previous != previous:
                raise self._broken(number, "another line than the one that followed")
            found.append(attempt)
            previous = digest_of(line)
        if data and not data.endswith(b"\n"):
            raise self._broken(len(found), "half a line")
        return tuple(found)

    def _broken(self, number: int, got: str) -> Exception:
        return refused(
            "RQC-G040",
            "The log of attempts was changed.",
            where=f"{self.path} line {number + 1}",
            got=got,
            expected="lines chained by digest",
            action="Find out who changed it; nobody signs until the file is restored.",
        )


def _failures(known: Iterable[Attempt], person_id: str, *, since: datetime | None) -> int:
    count = 0
    for attempt in known:
        if attempt.person_id != person_id or (since is not None and read_moment(attempt.at) <= since):
            continue
        if attempt.outcome == "started":
            count += 1
        elif attempt.outcome == "succeeded":
            count = 0
    return count
