"""Statements of the registry of people: one line each, chained by digest, signed.

The registry is a file of JSON Lines to which is only appended. Each line holds the digest of the line before, so that none
can be changed, removed or put elsewhere, and the signature of an administrator. The digest of the first line names the
registry: whoever pins it knows that every later line goes back to the people who founded it.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from regenqc.canonical import canonical_json, digest_of
from regenqc.signing.faults import refused

__all__ = [
    "BY_THEMSELVES",
    "KINDS",
    "SCHEMA",
    "Settings",
    "Statement",
    "StatementSignature",
    "decode_line",
    "line_of",
    "signed_bytes",
]

SCHEMA: Final = "regenqc.people/1"

# Kind -> members that it has beyond those that every statement has.
KINDS: Final[dict[str, frozenset[str]]] = {
    "founded": frozenset(
        {"site", "settings", "person_id", "printed_name", "key_id", "public_key", "valid_to", "reason"}
    ),
    "settings_changed": frozenset({"settings", "reason"}),
    "enrolled": frozenset({"person_id", "printed_name", "reason"}),
    "role_granted": frozenset({"person_id", "role", "reason"}),
    "role_withdrawn": frozenset({"person_id", "role", "reason"}),
    "key_certified": frozenset({"person_id", "key_id", "public_key", "valid_to", "reason"}),
    "first_use_certified": frozenset({"person_id", "key_id", "reason"}),
    "key_revoked": frozenset({"person_id", "key_id", "basis", "since", "reason"}),
    "person_withdrawn": frozenset({"person_id", "reason"}),
    "unlocked": frozenset({"person_id", "reason"}),
}
# What a person states about themselves, without an administrator.
BY_THEMSELVES: Final[frozenset[str]] = frozenset({"first_use_certified"})

_Count = Annotated[int, Meta(ge=1)]


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a site decides about signing. No regulation names these numbers; the site does, and they are on record.

    Args:
        lockout_after: failed attempts in a row after which a person signs nothing until an administrator unlocks them.
        session_seconds: after so long without a signing, the next one needs all components again.
        clock_tolerance_seconds: how far two clocks may differ.
        shortest_password: characters.
        review_required: every decision also needs an author and a reviewer, all different people.
    """

    lockout_after: _Count
    session_seconds: _Count
    clock_tolerance_seconds: Annotated[int, Meta(ge=0)]
    shortest_password: _Count
    review_required: bool


class StatementSignature(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sign a statement: which key, and the signature in base64."""

    key_id: str
    value: str


class Statement(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One line of the registry.

    Args:
        schema: `regenqc.people/1`.
        number: of the line, from 0.
        kind: what is stated; a key of `KINDS`.
        made_at: when, with zone.
        by: person who states it.
        previous: digest of the line before; empty in the first.
        signatures: by the key of `by`, and for a new key also by that key, which shows that its owner holds it.
        site: name of the site.
        settings: what the site decides about signing.
        person_id: whom the statement is about.
        printed_name: their name as it is printed under signatures.
        role: granted or withdrawn.
        key_id: of the key that is certified or revoked.
        public_key: of that key, base64.
        valid_to: moment at which the key expires.
        basis: why the key was revoked.
        since: moment from which the revocation holds, not after `made_at`.
        reason: why, in words; for an enrolment how the identity was verified, for a first use what the person certifies.
    """

    schema: str
    number: int
    kind: str
    made_at: str
    by: str
    previous: str
    signatures: tuple[StatementSignature, ...] = ()
    site: str = ""
    settings: Settings | None = None
    person_id: str = ""
    printed_name: str = ""
    role: str = ""
    key_id: str = ""
    public_key: str = ""
    valid_to: str = ""
    basis: str = ""
    since: str = ""
    reason: str = ""


_DECODER: Final = msgspec.json.Decoder(Statement)


def signed_bytes(statement: Statement) -> bytes:
    """Return what the signatures of a statement sign: its canonical bytes without them.

    Example:
        >>> signed_bytes(Statement(schema=SCHEMA, number=1, kind="enrolled", made_at="t", by="A", previous="d"))[:11]
        b'{"by":"A","'
    """
    return canonical_json(msgspec.to_builtins(msgspec.structs.replace(statement, signatures=())))


def line_of(statement: Statement) -> bytes:
    """Return the line of a statement, without its end."""
    return canonical_json(msgspec.to_builtins(statement))


def decode_line(line: bytes, *, where: str = "") -> tuple[Statement, str]:
    """Return the statement of a line, and the digest of the line.

    Raises:
        SignatureError: `RQC-G020`, the line is no statement in its one spelling.

    Example:
        >>> decode_line(b"{}")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.SignatureError: RQC-G020 A line of the registry of people cannot be read. ...
    """
    try:
        statement = _DECODER.decode(line)
        got = "another spelling" if line_of(statement) != line else ""
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        got = str(error)
    else:
        if not got and statement.schema == SCHEMA:
            return statement, digest_of(line)
        got = got or statement.schema
    raise refused(
        "RQC-G020",
        "A line of the registry of people cannot be read.",
        where=where,
        got=got,
        expected=f"one canonical JSON object of schema {SCHEMA}",
        action="Restore the registry from its copy; lines are only ever appended.",
    )
