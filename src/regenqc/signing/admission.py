"""Which statements the registry of people admits: by whom, about whom, and after what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from regenqc.errors import SignatureError
from regenqc.signing.faults import fault
from regenqc.signing.keys import check_ed25519, public_key_id
from regenqc.signing.moments import read_moment
from regenqc.signing.statement import BY_THEMSELVES, KINDS, signed_bytes
from regenqc.signing.words import ALONE, KeyEnd, Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from regenqc.errors import Fault
    from regenqc.signing.people import People, Person
    from regenqc.signing.statement import Statement

__all__ = ["statement_faults"]

# A pseudonym: the registry maps it to a printed name, and nothing else of a person leaves the site.
_PERSON_ID: Final = re.compile(r"[A-Z][0-9A-Z]*(?:-[0-9A-Z]+)*")
_ALWAYS: Final = frozenset({"schema", "number", "kind", "made_at", "by", "previous", "signatures"})


def statement_faults(statement: Statement, people: People) -> Iterator[Fault]:
    """Yield why a registry does not admit a statement; nothing when it does.

    Args:
        statement: to be added.
        people: the registry before it.

    Example:
        >>> from regenqc.signing.people import People
        >>> from regenqc.signing.statement import SCHEMA, Statement
        >>> statement = Statement(schema=SCHEMA, number=0, kind="enrolled", made_at="2026-03-16T00:00:00Z", by="A", previous="")
        >>> next(statement_faults(statement, People())).code
        'RQC-G022'
    """
    where = f"statement {statement.number} ({statement.kind})"
    shape = list(_shape(statement, people, where))
    yield from shape
    if shape:
        return
    yield from _authority(statement, people, where)
    yield from _sense(statement, people, where)


def _shape(statement: Statement, people: People, where: str) -> Iterator[Fault]:
    if statement.number != len(people.statements) or statement.previous != people.head:
        yield fault(
            "RQC-G021",
            "The chain of the registry of people is broken.",
            where=where,
            got=f"number {statement.number}, after {statement.previous[:20] or 'nothing'}",
            expected=f"number {len(people.statements)}, after {people.head[:20] or 'nothing'}",
            action="Restore the registry from its copy; lines are only ever appended.",
        )
    if (statement.kind == "founded") is not (not people.statements) or statement.kind not in KINDS:
        yield fault(
            "RQC-G022",
            "This statement may not stand here.",
            where=where,
            got=statement.kind,
            expected="`founded` first and once, then any other kind",
        )
        return
    stated = {name for name in statement.__struct_fields__ if getattr(statement, name) not in ("", None, ())}
    needed = KINDS[statement.kind]
    if stated - _ALWAYS != needed:
        yield fault(
            "RQC-G022",
            "The statement does not have the members of its kind.",
            where=where,
            got=", ".join(sorted(stated - _ALWAYS)),
            expected=", ".join(sorted(needed)),
        )
    if statement.person_id and (
        not _PERSON_ID.fullmatch(statement.person_id) or sum(map(str.isdigit, statement.person_id)) < 3
    ):
        yield fault(
            "RQC-G023",
            "A person is named by a pseudonym.",
            where=where,
            got=statement.person_id,
            expected="upper-case letters and digits in groups joined by `-`, at least three digits, as QP-0001",
        )
    try:
        moment = read_moment(statement.made_at)
        for text in (statement.valid_to, statement.since):
            if text:
                read_moment(text)
    except SignatureError as error:
        yield from error.faults
        return
    if people.last_moment is not None and moment < people.last_moment:
        yield fault(
            "RQC-G024",
            "The statement is older than the one before it.",
            where=where,
            got=statement.made_at,
            expected=f"not before {people.statements[-1].made_at}",
            action="Check the clock of this machine.",
        )


def _authority(statement: Statement, people: People, where: str) -> Iterator[Fault]:
    moment = read_moment(statement.made_at)
    own = statement.kind in BY_THEMSELVES
    if statement.kind == "founded":
        keys = {statement.key_id: statement.public_key}
        if statement.by != statement.person_id:
            yield _unauthorised(where, statement.by, "the administrator who founds the registry")
    else:
        author = people.person(statement.by)
        roles = author.roles_at(moment) if author is not None else frozenset()
        if author is None or (own and statement.by != statement.person_id):
            yield _unauthorised(where, statement.by, "the person themselves" if own else "an administrator")
            return
        if not own and Role.ADMINISTRATOR not in roles:
            yield _unauthorised(where, statement.by, "an administrator")
        keys = {
            key.key_id: key.public_key
            for key in author.keys
            if key.valid_from <= moment < key.valid_to and (key.revoked_since is None or moment < key.revoked_since)
        }
    message = signed_bytes(statement)
    made = {each.key_id: each.value for each in statement.signatures}
    if not any(check_ed25519(public, message, made.get(key_id, "")) for key_id, public in keys.items()):
        yield fault(
            "RQC-G026",
            "The statement is not signed by a valid key of its author.",
            where=where,
            got=", ".join(made) or "no signature",
            expected=f"a signature of {statement.by}",
            action="Refuse the registry: a line was changed, or somebody wrote it who may not.",
        )
    if statement.kind == "key_certified" and not check_ed25519(
        statement.public_key, message, made.get(statement.key_id, "")
    ):
        yield fault(
            "RQC-G026",
            "Nothing shows that the owner of the new key holds it.",
            where=where,
            expected="a signature of the new key beside that of the administrator",
        )


def _sense(statement: Statement, people: People, where: str) -> Iterator[Fault]:
    moment = read_moment(statement.made_at)
    person = people.person(statement.person_id)
    if statement.kind in {"founded", "enrolled"}:
        if person is not None:
            yield _senseless(where, "The person is enrolled already.", statement.person_id)
    elif statement.person_id and (person is None or person.withdrawn_at is not None):
        yield _senseless(where, "Nobody is enrolled under this identifier.", statement.person_id)
    elif statement.kind == "role_granted" and person is not None:
        yield from _role(statement, person, moment, where)
    elif statement.kind == "role_withdrawn" and person is not None:
        if statement.role not in person.roles_at(moment):
            yield _senseless(where, "The person does not hold this role.", statement.role)
    elif statement.kind in {"key_revoked", "first_use_certified"} and person is not None:
        yield from _key_in_use(statement, person, moment, where)
    if statement.kind == "key_certified" and person is not None and Role.SERVICE in person.roles_at(moment):
        yield _senseless(where, "A service account has no key with which a person signs.", statement.person_id)
    if statement.kind in {"founded", "key_certified"}:
        yield from _new_key(statement, people, moment, where)
    if statement.kind in {"role_granted", "unlocked"} and statement.by == statement.person_id:
        yield _senseless(where, "Nobody gives themselves a role, or unlocks themselves.", statement.by)


def _role(statement: Statement, person: Person, moment: datetime, where: str) -> Iterator[Fault]:
    if statement.role not in set(Role):
        yield _senseless(where, "This is no role.", statement.role, ", ".join(Role))
        return
    held = person.roles_at(moment)
    together = held | {Role(statement.role)}
    if statement.role in held:
        yield _senseless(where, "The person holds this role already.", statement.role)
    elif together & ALONE and len(together) > 1:
        yield _senseless(
            where,
            "Administrators and service accounts hold no other role.",
            ", ".join(sorted(together)),
            "keys and roles in other hands than signatures under documents (21 CFR 11.200(a)(3))",
        )
    if statement.role == Role.SERVICE and person.keys:
        yield _senseless(where, "Whoever has a key is no service account.", person.person_id)


def _new_key(statement: Statement, people: People, moment: datetime, where: str) -> Iterator[Fault]:
    if public_key_id(statement.public_key) != statement.key_id:
        yield _senseless(where, "Name and key do not belong together.", statement.key_id)
    if any(person.key(statement.key_id) is not None for person in people.people.values()):
        yield _senseless(where, "The key is certified already; every key has one owner.", statement.key_id)
    if read_moment(statement.valid_to) <= moment:
        yield _senseless(where, "The key has expired before it is certified.", statement.valid_to)


def _key_in_use(statement: Statement, person: Person, moment: datetime, where: str) -> Iterator[Fault]:
    key = person.key(statement.key_id)
    if key is None:
        yield _senseless(where, "The person has no such key.", statement.key_id)
        return
    if key.revoked_since is not None:
        yield _senseless(where, "The key is revoked already.", statement.key_id)
    if statement.kind == "first_use_certified" and key.first_used is not None:
        yield _senseless(where, "The first use of this key is certified already.", statement.key_id)
    if statement.kind == "key_revoked":
        if statement.basis not in set(KeyEnd):
            yield _senseless(where, "This is no reason of a revocation.", statement.basis, ", ".join(KeyEnd))
        if read_moment(statement.since) > moment:
            yield _senseless(where, "A revocation does not begin later than it is stated.", statement.since)


def _unauthorised(where: str, got: str, expected: str) -> Fault:
    return fault("RQC-G025", "This person may not make this statement.", where=where, got=got, expected=expected)


def _senseless(where: str, what: str, got: str, expected: str = "") -> Fault:
    return fault("RQC-G027", what, where=where, got=got, expected=expected)
