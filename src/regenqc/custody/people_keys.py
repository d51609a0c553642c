"""Signatures of people: Ed25519 over the canonical bytes of an event without its signatures.

A person's key is a public key as text, `pseudonym+key id+base64`, enrolled with the person (`actor_enrolled`). The bytes that
are signed begin with `{`, which no checkpoint does, so a signature of an event can never stand for one of a log.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from regenqc.custody.canonical import signed_bytes
from regenqc.custody.record import Signature
from regenqc.errors import Fault, RegenqcError, UsageError
from regenqc.ledger.keys import parse_public_key
from regenqc.ledger.note import Ed25519Verifier, NoteSignature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.record import Event
    from regenqc.ledger.note import Signer, Verifier
    from regenqc.signing.keys import Opened

__all__ = ["PersonSigner", "check_person_signature", "signed_event"]


@dataclass(frozen=True, slots=True)
class PersonSigner:
    """Sign events of the ledger with the opened key of a person.

    Args:
        name: pseudonym of the person.
        key: opened by a password, or on a token.

    Example:
        >>> from regenqc.signing.keys import OpenKey
        >>> PersonSigner("QA-0042", OpenKey(bytes(32))).verifier.name
        'QA-0042'
    """

    name: str
    key: Opened

    @property
    def verifier(self) -> Verifier:
        """Return what checks the signatures."""
        return Ed25519Verifier(self.name, self.key.public_key)

    def sign(self, text: str, *, time: int) -> NoteSignature:
        """Return the signature of a text; it says no time."""
        del time
        return NoteSignature(self.name, self.verifier.key_id, self.key.sign(text.encode()))


def check_person_signature(key: str, message: bytes, signature: str) -> bool:
    """Return whether a person's signature verifies; whose key it is, the rules ask of the log.

    Args:
        key: public key as text; any other kind than Ed25519 verifies nothing.
        message: what was signed (`signed_bytes`).
        signature: in base64.

    Example:
        >>> check_person_signature("no key", b"anything", "AAAA")
        False
    """
    try:
        verifier = parse_public_key(key)
        if not isinstance(verifier, Ed25519Verifier):
            return False
        verifier.verify(message.decode(), b64decode(signature, validate=True))
    except (RegenqcError, NotBase64, ValueError):
        return False
    return True


def signed_event(event: Event, signers: Sequence[Signer]) -> Event:
    """Return an event with the signatures of those of its actors whose keys are at hand.

    Args:
        event: what is signed; signatures that it has already stay.
        signers: secret keys, each with the pseudonym of a person as its name.

    Raises:
        UsageError: `RQC-C402`, a key is no Ed25519 key of a person.

    Example:
        >>> from regenqc.custody.record import SCHEMA, Event
        >>> from regenqc.ledger.note import Ed25519Signer
        >>> event = Event(schema=SCHEMA, kind="ship", event_id="EV-1", event_time="2026-03-16T08:00:00.000Z",
        ...     record_time="2026-03-16T08:00:00.000Z", zone="+01:00", actor="STAFF-1", role="operator", site="SITE-1")
        >>> made = signed_event(event, [Ed25519Signer("STAFF-1", bytes(32))]).signatures[0]
        >>> check_person_signature(made.key, signed_bytes(event), made.value)
        True
    """
    message = signed_bytes(event)
    present = {signature.actor for signature in event.signatures}
    made: list[Signature] = []
    for signer in signers:
        verifier = signer.verifier
        if not isinstance(verifier, Ed25519Verifier):
            raise UsageError(
                Fault(
                    code="RQC-C402",
                    what="With this key no person can sign.",
                    got=verifier.name,
                    expected="an Ed25519 key made for a person",
                    action="Make one: regenqc ledger key PSEUDONYM --for person.",
                )
            )
        if verifier.name in {event.actor, event.second_actor} - present:
            value = b64encode(signer.sign(message.decode(), time=0).signature).decode()
            made.append(Signature(verifier.name, verifier.text, value))
            present.add(verifier.name)
    return replace(event, signatures=(*event.signatures, *made)) if made else event
