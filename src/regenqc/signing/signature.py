"""A signature, and what it binds: who, when, in which role, what it means, and exactly what was shown.

What is signed are the canonical bytes of the signature itself without its value. They hold the digest of the content and
the identifier of the document, so a signature cut out of one document fits no other (21 CFR 11.70), and they hold the
printed name, date and time with zone, and the meaning (21 CFR 11.50).
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from msgspec import Struct

from regenqc.canonical import canonical_json, digest_of
from regenqc.signing.moments import moment_text

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ALGORITHM", "SCHEMA", "Ceremony", "Signature", "Signer", "sign", "signed_bytes"]

SCHEMA: Final = "regenqc.signature/1"
ALGORITHM: Final = "Ed25519"


class Signer(Protocol):
    """An opened key."""

    @property
    def key_id(self) -> str:
        """Return the identifier of the key."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""


class Ceremony(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Say how the person identified themselves (21 CFR 11.200(a)(1)).

    Args:
        sequence: 1 for the first signing of a session.
        components: `person_id+password` for the first, `password` for those that follow.
        attempt_log: digest of the first line of the log of attempts, which names it.
        attempt: digest of the line that the log ended with; what stood before it then cannot be cut away unseen.
    """

    sequence: int
    components: str
    attempt_log: str = ""
    attempt: str = ""


class Signature(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One signature of a person under a document.

    Args:
        schema: `regenqc.signature/1`.
        printed_name: as the registry of people states it.
        person_id: pseudonym of the person.
        role: in which they sign.
        meaning: what the signature says.
        signed_at: date and time with the offset of the zone.
        digest: of the content that was shown, `sha256:` and 64 hexadecimal digits.
        document_id: of the document.
        document_schema: of the document.
        ceremony: how the person identified themselves.
        key_id: of the key.
        algorithm: `Ed25519`.
        value: the signature in base64; empty while it is being made.
    """

    schema: str
    printed_name: str
    person_id: str
    role: str
    meaning: str
    signed_at: str
    digest: str
    document_id: str
    document_schema: str
    ceremony: Ceremony
    key_id: str
    algorithm: str
    value: str


def signed_bytes(signature: Signature) -> bytes:
    """Return what a signature signs: its own canonical bytes without `value`.

    Example:
        >>> from regenqc.signing.keys import OpenKey
        >>> from datetime import UTC, datetime
        >>> made = sign(b"content", OpenKey(bytes(32)), printed_name="A. Example", person_id="QP-0001",
        ...     role="qualified_person", meaning="certification", signed_at=datetime(2026, 3, 16, tzinfo=UTC),
        ...     document_id="D-1", document_schema="regenqc.decision/1", sequence=1, components="person_id+password")
        >>> b'"value"' in signed_bytes(made)
        False
    """
    members = msgspec.to_builtins(signature)
    del members["value"]
    return canonical_json(members)


def sign(
    content: bytes,
    key: Signer,
    *,
    printed_name: str,
    person_id: str,
    role: str,
    meaning: str,
    signed_at: datetime,
    document_id: str,
    document_schema: str,
    sequence: int,
    components: str,
    attempt_log: str = "",
    attempt: str = "",
) -> Signature:
    """Return the signature of a document's content; whether the person may sign, `SigningSession` asks first.

    Args:
        content: the bytes that were shown, canonical.
        key: of the person, opened.
        printed_name: as the registry states it.
        person_id: pseudonym.
        role: in which they sign.
        meaning: what the signature says.
        signed_at: the present moment, with zone.
        document_id: of the document.
        document_schema: of the document.
        sequence: number of this signing in the session, from 1.
        components: with which the person identified themselves.
        attempt_log: digest of the first line of the log of attempts.
        attempt: digest of the line with which it ends.

    Raises:
        SignatureError: `RQC-G003`, the moment has no zone.

    Example:
        See `signed_bytes`.
    """
    blank = Signature(
        schema=SCHEMA,
        printed_name=printed_name,
        person_id=person_id,
        role=str(role),
        meaning=str(meaning),
        signed_at=moment_text(signed_at),
        digest=digest_of(content),
        document_id=document_id,
        document_schema=document_schema,
        ceremony=Ceremony(sequence, components, attempt_log, attempt),
        key_id=key.key_id,
        algorithm=ALGORITHM,
        value="",
    )
    return msgspec.structs.replace(blank, value=b64encode(key.sign(signed_bytes(blank))).decode())
