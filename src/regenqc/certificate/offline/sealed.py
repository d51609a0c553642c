"""Check the seal of a record: sealed by an issuer that is believed, with a key that was valid then and is not revoked."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from regenqc.certificate.content import Certificate, certificate_digest, sealed_content
from regenqc.certificate.offline.trust import x509_digest
from regenqc.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.certificate.offline.trust import Trust

__all__ = ["REFUSE", "fault", "moment_of", "seal_faults"]

REFUSE: Final = "Refuse the file, and ask the issuer for the certificate again."


def seal_faults(certificate: Certificate, trust: Trust, proved_at: datetime | None) -> Iterator[Fault]:
    """Yield why the seal of a record does not hold; nothing when it does.

    Args:
        certificate: with its seal.
        trust: whom to believe.
        proved_at: moment by which a ledger shows that it existed; needed after a key was lost or compromised.
    """
    seal, where = certificate.seal, certificate.certificate_id
    if seal is None:
        yield fault(
            "RQC-V110",
            "The record has no seal.",
            where=where,
            got="no seal",
            expected="the seal of an issuer that you believe",
            action=REFUSE,
        )
        return
    issuer = trust.issuers.get(seal.issuer_key)
    if issuer is None:
        yield fault(
            "RQC-V111",
            "The record was sealed by nobody whom you believe.",
            where=where,
            got=seal.issuer_key,
            expected=", ".join(trust.issuers) or "an issuer that you believe",
            action="Ask the issuer for its key by another way than the certificate came.",
        )
        return
    public_key = issuer.public_key()
    if seal.algorithm != "ECDSA-P256-SHA256" or not isinstance(public_key, ec.EllipticCurvePublicKey):
        yield fault(
            "RQC-V112",
            "The seal is of a kind that this software does not know.",
            where=where,
            got=seal.algorithm,
            expected="ECDSA-P256-SHA256",
            action=REFUSE,
        )
        return
    try:
        raw = urlsafe_b64decode(seal.value + "==")
        value = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public_key.verify(value if len(raw) == 64 else b"", sealed_content(certificate), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        yield fault(
            "RQC-V113",
            "The record is not what its issuer sealed.",
            where=where,
            got=f"content {certificate_digest(certificate)}, to which the seal does not belong",
            expected="the content as it was issued",
            action=REFUSE,
        )
        return
    issued = moment_of(certificate.issued_at)
    if issued is not None and not issuer.not_valid_before_utc <= issued <= issuer.not_valid_after_utc:
        yield fault(
            "RQC-V114",
            "The issuer's key was not valid when the certificate was issued.",
            where=where,
            got=f"issued at {certificate.issued_at}",
            expected=f"{issuer.not_valid_before_utc.isoformat()} to {issuer.not_valid_after_utc.isoformat()}",
            action=REFUSE,
        )
    for entry in trust.withdrawn:
        since = moment_of(entry.since)
        open_to_others = entry.basis in {"compromised", "lost"} and (
            proved_at is None or since is None or proved_at >= since
        )
        if entry.what == x509_digest(issuer) and (since is None or issued is None or issued >= since or open_to_others):
            yield fault(
                "RQC-V115",
                "The issuer's key was revoked.",
                where=where,
                got=f"issued at {certificate.issued_at}",
                expected=f"issued before {entry.since} ({entry.basis})"
                + (", and shown by a ledger to be that old" if open_to_others else ""),
                action=REFUSE,
            )


def moment_of(text: str) -> datetime | None:
    """Return the moment that a text states; `None` when it states none, or no zone."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo is not None else None


def fault(code: str, what: str, *, where: str = "", got: str = "", expected: str = "", action: str = "") -> Fault:
    """Return one fault."""
    return Fault(code=code, what=what, where=where, got=got, expected=expected, action=action)
