"""The registry of people: who may sign, in which roles, with which keys, at any moment.

Reading it checks everything: the chain of lines, the signature of an administrator on each, and that the statement may be
made. What is not shown by it does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from regenqc.errors import SignatureError
from regenqc.signing.admission import statement_faults
from regenqc.signing.moments import read_moment
from regenqc.signing.statement import decode_line
from regenqc.signing.words import KeyEnd, Role

if TYPE_CHECKING:
    from datetime import datetime

    from regenqc.errors import Fault
    from regenqc.signing.statement import Settings, Statement

__all__ = ["CertifiedKey", "HeldRole", "People", "Person", "read_people"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedKey:
    """A key of a person: since when and until when it counts.

    Args:
        key_id: of the key.
        public_key: base64.
        valid_from: when it was certified.
        valid_to: when it expires.
        first_used: when its owner certified the first use, `None` before that.
        revoked_since: moment from which it no longer counts, `None` while it does.
        revoked_as: why.
    """

    key_id: str
    public_key: str
    valid_from: datetime
    valid_to: datetime
    first_used: datetime | None = None
    revoked_since: datetime | None = None
    revoked_as: KeyEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRole:
    """A role of a person, from when to when; `until` is `None` while it is held."""

    role: Role
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person of the registry, with their whole history."""

    person_id: str
    printed_name: str
    enrolled_at: datetime
    withdrawn_at: datetime | None = None
    held: tuple[HeldRole, ...] = ()
    keys: tuple[CertifiedKey, ...] = ()
    unlocked_at: datetime | None = None

    def roles_at(self, moment: datetime) -> frozenset[Role]:
        """Return the roles held at a moment; none once withdrawn."""
        if self.withdrawn_at is not None and moment >= self.withdrawn_at:
            return frozenset()
        return frozenset(
            each.role for each in self.held if each.since <= moment and (each.until is None or moment < each.until)
        )

    def key(self, key_id: str) -> CertifiedKey | None:
        """Return a key by its identifier."""
        return next((each for each in self.keys if each.key_id == key_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Hold what the registry states, checked line by line.

    Args:
        statements: all of them, in order.
        root: digest of the first line, which names the registry.
        head: digest of the last line.
        site: name of the site.
        settings: in force now.
        people: by identifier.
    """

    statements: tuple[Statement, ...] = ()
    root: str = ""
    head: str = ""
    site: str = ""
    settings: Settings | None = None
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, person_id: str) -> Person | None:
        """Return a person with their history, `None` when nobody is enrolled under that identifier."""
        return self.people.get(person_id)

    def at(self, moment: datetime) -> dict[str, frozenset[Role]]:
        """Return the roles of everybody who held one at a moment."""
        held = {name: person.roles_at(moment) for name, person in self.people.items()}
        return {name: roles for name, roles in held.items() if roles}

    @property
    def last_moment(self) -> datetime | None:
        """Return when the last statement was made."""
        return read_moment(self.statements[-1].made_at) if self.statements else None

    def settings_at(self, moment: datetime) -> Settings | None:
        """Return what the site had decided about signing by a moment, `None` before it was founded."""
        stated = [each for each in self.statements if each.settings and read_moment(each.made_at) <= moment]
        return stated[-1].settings if stated else None

    def reached(self, head: str) -> bool:
        """Return whether a line of some digest stands in this registry: whether it goes at least so far.

        Example:
            >>> People().reached("sha256:0")
            False
        """
        return head == self.head or head in {each.previous for each in self.statements if each.previous}

    def with_statement(self, statement: Statement, *, digest: str) -> People:
        """Return the registry with one more statement.

        Args:
            statement: to be added.
            digest: of its line.

        Raises:
            SignatureError: it may not be made, with every fault.
        """
        faults: list[Fault] = list(statement_faults(statement, self))
        if faults:
            raise SignatureError(*faults)
        people = dict(self.people)
        if statement.person_id:
            people[statement.person_id] = _changed(people.get(statement.person_id), statement)
        return replace(
            self,
            statements=(*self.statements, statement),
            root=self.root or digest,
            head=digest,
            site=statement.site or self.site,
            settings=statement.settings or self.settings,
            people=people,
        )


def read_people(data: bytes, *, where: str = "people.jsonl", root: str = "") -> People:
    """Return what a registry of people states.

    Args:
        data: the whole file.
        where: its name, for messages.
        root: digest of the first line, where it is pinned; another registry is refused.

    Raises:
        SignatureError: `RQC-G020` to `RQC-G028`, a line was changed, removed, or may not be made.

    Example:
        >>> read_people(b"").people
        {}
    """
    from regenqc.signing.faults import refused  # noqa: PLC0415 - only where something is refused

    people = People()
    if data and not data.endswith(b"\n"):
        raise refused(
            "RQC-G020",
            "The registry of people does not end with a whole line.",
            where=where,
            action="Restore the registry from its copy.",
        )
    for number, line in enumerate(data.split(b"\n")[:-1]):
        statement, digest = decode_line(line, where=f"{where} line {number + 1}")
        people = people.with_statement(statement, digest=digest)
    if root and people.root != root:
        raise refused(
            "RQC-G028",
            "This is another registry of people than the pinned one.",
            where=where,
            got=people.root or "an empty file",
            expected=root,
            action="Ask the site for its registry by another way than this one came.",
        )
    return people


def _changed(person: Person | None, statement: Statement) -> Person:
    moment = read_moment(statement.made_at)
    kind = statement.kind
    if person is None:
        person = Person(person_id=statement.person_id, printed_name=statement.printed_name, enrolled_at=moment)
    if kind == "founded":
        person = replace(person, held=(HeldRole(role=Role.ADMINISTRATOR, since=moment),))
    if kind in {"founded", "key_certified"}:
        made = CertifiedKey(
            key_id=statement.key_id,
            public_key=statement.public_key,
            valid_from=moment,
            valid_to=read_moment(statement.valid_to),
        )
        return replace(person, keys=(*person.keys, made))
    if kind == "role_granted":
        return replace(person, held=(*person.held, HeldRole(role=Role(statement.role), since=moment)))
    if kind == "role_withdrawn":
        held = tuple(
            replace(each, until=moment) if each.role == statement.role and each.until is None else each
            for each in person.held
        )
        return replace(person, held=held)
    if kind == "first_use_certified":
        return replace(person, keys=_with_key(person, statement, first_used=moment))
    if kind == "key_revoked":
        since = read_moment(statement.since)
        return replace(
            person, keys=_with_key(person, statement, revoked_since=since, revoked_as=KeyEnd(statement.basis))
        )
    if kind == "person_withdrawn":
        return replace(person, withdrawn_at=moment)
    if kind == "unlocked":
        return replace(person, unlocked_at=moment)
    return person


def _with_key(person: Person, statement: Statement, **members: datetime | KeyEnd) -> tuple[CertifiedKey, ...]:
    return tuple(
        replace(key, **members) if key.key_id == statement.key_id else key  # type: ignore[arg-type] # one type by name
        for key in person.keys
    )
