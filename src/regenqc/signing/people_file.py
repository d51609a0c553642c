"""The file of the registry of people: statements are made, signed and appended here, never changed."""

from __future__ import annotations

import os
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import msgspec

from regenqc.canonical import digest_of
from regenqc.signing.disk import locked, writing
from regenqc.signing.faults import refused
from regenqc.signing.moments import moment_text
from regenqc.signing.names import are_alike
from regenqc.signing.people import People, read_people
from regenqc.signing.statement import SCHEMA, Statement, StatementSignature, line_of, signed_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from regenqc.signing.keys import Opened

__all__ = ["PeopleFile", "make_statement"]


def make_statement(
    people: People, kind: str, *, by: str, now: datetime, keys: Sequence[Opened], **members: Any
) -> Statement:
    """Return a signed statement that follows the last one of a registry; whether it is admitted, the registry says.

    Args:
        people: the registry.
        kind: a key of `regenqc.signing.statement.KINDS`.
        by: person who states it.
        now: the present moment.
        keys: opened, that of `by` and, where a key is certified, also that one.
        members: of the kind; texts are brought into Unicode Normalization Form C.

    Example:
        >>> from datetime import UTC, datetime
        >>> from regenqc.signing.keys import OpenKey
        >>> made = make_statement(People(), "enrolled", by="ADMIN-001", now=datetime(2026, 3, 16, tzinfo=UTC),
        ...     keys=[OpenKey(bytes(32))], person_id="QP-0001", printed_name="A. Example", reason="passport seen")
        >>> made.number, len(made.signatures)
        (0, 1)
    """
    said: dict[str, Any] = {
        name: normalize("NFC", value) if isinstance(value, str) else value for name, value in members.items()
    }
    blank = Statement(
        schema=SCHEMA,
        number=len(people.statements),
        kind=kind,
        made_at=moment_text(now),
        by=by,
        previous=people.head,
        **said,
    )
    message = signed_bytes(blank)
    made = tuple(StatementSignature(key_id=key.key_id, value=b64encode(key.sign(message)).decode()) for key in keys)
    return msgspec.structs.replace(blank, signatures=made)


class PeopleFile:
    """A registry on disk.

    Args:
        path: of the file.
        root: digest of its first line, where it is pinned.

    Example:
        >>> from pathlib import Path
        >>> PeopleFile(Path("/nowhere/people.jsonl")).read()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.SignatureError: RQC-G041 There is no registry of people. ...
    """

    def __init__(self, path: Path, *, root: str = "") -> None:
        self.path = path
        self.root = root

    def read(self) -> People:
        """Return the registry.

        Raises:
            SignatureError: `RQC-G041` there is none, `RQC-G020` to `RQC-G028` it does not hold.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise refused(
                "RQC-G041",
                "There is no registry of people.",
                where=str(self.path),
                got=error.strerror or str(error),
                action="Name the folder with --people, or found a registry: regenqc people found",
            ) from error
        return read_people(data, where=str(self.path), root=self.root)

    def append(
        self, kind: str, *, by: str, now: datetime, keys: Sequence[Opened], found: bool = False, **members: Any
    ) -> People:
        """Make a statement, add it, and return the registry with it; on the disk before this returns.

        Args:
            kind: of the statement.
            by: person who states it.
            now: the present moment.
            keys: that sign it, opened.
            found: make the file, which must not be there.
            members: of the kind.

        Raises:
            SignatureError: the statement may not be made, and nothing was written; `RQC-G029`, the name of whoever is enrolled
                cannot be told from that of somebody else.
            UsageError: `RQC-G043`, the file cannot be written.
        """
        if found and self.path.exists():
            raise refused(
                "RQC-G042",
                "There is a registry of people already.",
                where=str(self.path),
                action="Name another folder; a registry is never founded twice.",
            )
        if not found:
            self.read()
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file, locked(file):
                file.seek(0)
                people = read_people(file.read(), where=str(self.path), root=self.root)
                if kind == "enrolled":
                    _check_name(people, str(members.get("printed_name", "")))
                statement = make_statement(people, kind, by=by, now=now, keys=keys, **members)
                line = line_of(statement)
                try:
                    changed = people.with_statement(statement, digest=digest_of(line))
                except Exception:
                    if not people.statements:
                        self.path.unlink(missing_ok=True)
                    raise
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        return changed


def _check_name(people: People, name: str) -> None:
    for person in people.people.values():
        if person.withdrawn_at is None and are_alike(person.printed_name, name):
            raise refused(
                "RQC-G029",
                "Somebody is enrolled under a name that nobody can tell from this one.",
                where=person.person_id,
                got=name,
                expected=f"another name than “{person.printed_name}”",
                action="A person is enrolled once. Two people of one name are told apart by what is printed: “Wei Zhang (2)”.",
            )
