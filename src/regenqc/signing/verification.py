"""Whether a signature holds: over this content, under this document, by somebody who might sign then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.canonical import digest_of
from regenqc.errors import SignatureError
from regenqc.signing.faults import fault
from regenqc.signing.keys import check_ed25519
from regenqc.signing.moments import read_moment
from regenqc.signing.signature import ALGORITHM, SCHEMA, signed_bytes
from regenqc.signing.words import SIGNING_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from regenqc.errors import Fault
    from regenqc.signing.people import CertifiedKey, People, Person
    from regenqc.signing.signature import Signature

__all__ = ["key_faults", "signature_faults"]


def signature_faults(
    signature: Signature,
    *,
    content: bytes,
    document_id: str,
    document_schema: str,
    people: People,
    now: datetime,
    proved_at: datetime | None = None,
) -> list[Fault]:
    """Return why a signature does not hold; an empty list when it does.

    Args:
        signature: under the document.
        content: of the document, the bytes that were shown.
        document_id: of the document in which it was found.
        document_schema: of that document.
        people: the registry, as pinned by whoever checks.
        now: the present moment.
        proved_at: moment by which the document is shown to have existed, by a checkpoint of a ledger or a time stamp. Without
            it a signature with a key that was lost or compromised later does not hold: whoever had the key could state any time.

    Example:
        >>> from datetime import UTC, datetime
        >>> from regenqc.signing.keys import OpenKey
        >>> from regenqc.signing.people import People
        >>> from regenqc.signing.signature import sign
        >>> moment = datetime(2026, 3, 16, tzinfo=UTC)
        >>> made = sign(b"shown", OpenKey(bytes(32)), printed_name="A. Example", person_id="QP-0001", document_id="D-1",
        ...     role="qualified_person", meaning="certification", signed_at=moment, document_schema="regenqc.decision/1",
        ...     sequence=1, components="person_id+password")
        >>> [each.code for each in signature_faults(made, content=b"changed", document_id="D-2", people=People(), now=moment,
        ...     document_schema="regenqc.decision/1")]
        ['RQC-G031', 'RQC-G032', 'RQC-G033']
    """
    return list(_faults(signature, content, document_id, document_schema, people, now, proved_at))


def _faults(
    signature: Signature,
    content: bytes,
    document_id: str,
    document_schema: str,
    people: People,
    now: datetime,
    proved_at: datetime | None,
) -> Iterator[Fault]:
    who = signature.person_id
    if (signature.schema, signature.algorithm) != (SCHEMA, ALGORITHM):
        yield fault(
            "RQC-G030",
            "The signature is of a kind that this software does not know.",
            where=who,
            got=f"{signature.schema}, {signature.algorithm}",
            expected=f"{SCHEMA}, {ALGORITHM}",
            action="Refuse the document, or check it with the version that made it.",
        )
    if signature.digest != digest_of(content):
        yield fault(
            "RQC-G031",
            "The content is not what was signed.",
            where=f"signature of {who}",
            got=digest_of(content),
            expected=signature.digest,
            action="Refuse the document: it was changed after it was signed.",
        )
    if (signature.document_id, signature.document_schema) != (document_id, document_schema):
        yield fault(
            "RQC-G032",
            "The signature belongs to another document.",
            where=f"signature of {who}",
            got=f"{signature.document_id} ({signature.document_schema})",
            expected=f"{document_id} ({document_schema})",
            action="Refuse the document: a signature was moved to it.",
        )
    person = people.person(who)
    key = person.key(signature.key_id) if person is not None else None
    if person is None or key is None:
        yield fault(
            "RQC-G033",
            "The registry of people knows no such key of this person.",
            where=who,
            got=signature.key_id,
            expected="a key that an administrator certified",
            action="Ask the site for its registry; refuse the document until it shows the key.",
        )
        return
    if signature.printed_name != person.printed_name:
        yield fault(
            "RQC-G033",
            "The printed name is not that of the registry.",
            where=who,
            got=signature.printed_name,
            expected=person.printed_name,
            action="Refuse the document: it names somebody else than the registry.",
        )
    if not check_ed25519(key.public_key, signed_bytes(signature), signature.value):
        yield fault(
            "RQC-G034",
            "The signature does not verify.",
            where=who,
            got="another signature",
            expected=f"a signature by key {key.key_id} over these words",
            action="Refuse the document: the signature was changed, or another key made it.",
        )
    try:
        moment = read_moment(signature.signed_at, where=f"signature of {who}")
    except SignatureError as error:
        yield from error.faults
        return
    tolerance = people.settings.clock_tolerance_seconds if people.settings is not None else 0
    if (moment - now).total_seconds() > tolerance:
        yield fault(
            "RQC-G035",
            "The signature is dated in the future.",
            where=who,
            got=signature.signed_at,
            expected=f"at most {tolerance} s after {now.isoformat(timespec='seconds')}",
            action="Check the clocks of both machines.",
        )
    if proved_at is not None and (moment - proved_at).total_seconds() > tolerance:
        yield fault(
            "RQC-G035",
            "The signature is dated later than the moment at which the document is shown to have existed.",
            where=who,
            got=signature.signed_at,
            expected=f"not after {proved_at.isoformat(timespec='seconds')}",
            action="Check the clocks of the machines; refuse the document until they explain it.",
        )
    yield from key_faults(person, key, role=signature.role, moment=moment, proved_at=proved_at)


def key_faults(
    person: Person, key: CertifiedKey, *, role: str, moment: datetime, proved_at: datetime | None = None
) -> Iterator[Fault]:
    """Yield why a key of a person does not sign in a role at a moment.

    Args:
        person: of the registry.
        key: of that person.
        role: in which they sign.
        moment: of signing.
        proved_at: moment by which what was signed is shown to have existed.

    Example:
        >>> from datetime import UTC, datetime
        >>> from regenqc.signing.people import CertifiedKey, Person
        >>> start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        >>> key = CertifiedKey(key_id="k", public_key="", valid_from=start, valid_to=end, first_used=start)
        >>> person = Person(person_id="QP-0001", printed_name="A. Example", enrolled_at=start, keys=(key,))
        >>> [each.code for each in key_faults(person, key, role="qualified_person", moment=end)]
        ['RQC-G036', 'RQC-G038']
    """
    who = f"{person.person_id} {key.key_id}"
    if not key.valid_from <= moment < key.valid_to:
        yield fault(
            "RQC-G036",
            "The key had expired." if moment >= key.valid_to else "The key was not certified yet.",
            where=who,
            got=moment.isoformat(),
            expected=f"from {key.valid_from.isoformat()} until before {key.valid_to.isoformat()}",
            action="Refuse the signature; the person signs again with a key that is in date.",
        )
    if key.revoked_since is not None and key.revoked_as is not None:
        if moment >= key.revoked_since:
            yield fault(
                "RQC-G037",
                "The key had been revoked.",
                where=who,
                got=moment.isoformat(),
                expected=f"before {key.revoked_since.isoformat()} ({key.revoked_as})",
                action="Refuse the signature; the person signs again with a new key.",
            )
        elif key.revoked_as.needs_proof_of_time and (proved_at is None or proved_at >= key.revoked_since):
            yield fault(
                "RQC-G037",
                "The key was lost or compromised, and nothing shows that it signed before.",
                where=who,
                got="no proof of time" if proved_at is None else proved_at.isoformat(),
                expected=f"a checkpoint or time stamp from before {key.revoked_since.isoformat()}",
                action="Show the document's inclusion in the ledger.",
            )
    if role not in SIGNING_ROLES:
        yield fault(
            "RQC-G038",
            "In this role nobody signs.",
            where=who,
            got=role,
            expected=", ".join(sorted(SIGNING_ROLES)),
            action="Service accounts and administrators sign no document.",
        )
    elif role not in person.roles_at(moment):
        yield fault(
            "RQC-G038",
            "The person did not hold this role.",
            where=who,
            got=role,
            expected=", ".join(sorted(person.roles_at(moment))) or "no role at that time",
            action="Refuse the signature: in a role that was not held it does not count.",
        )
    if key.first_used is None or moment < key.first_used:
        yield fault(
            "RQC-G039",
            "The owner has not certified the first use of this key.",
            where=who,
            got="no statement of the owner" if key.first_used is None else f"one of {key.first_used.isoformat()}",
            expected="the statement that this signature binds like one by hand (21 CFR 11.100(c))",
            action="Run: regenqc people accept",
        )
