"""The text of the QR code: number, batch, digest of the content and seal of the issuer.

Digest and seal are written in Base45 (RFC 9285), which a QR code holds as densely as bytes.

A phone that reads paper compares it with the file; whoever holds the issuer's public key can check the seal from the
code alone, because the seal signs that digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.certificate.offline.scanned import qr_text

if TYPE_CHECKING:
    from regenqc.certificate.content import Certificate

__all__ = ["verification_text"]


def verification_text(certificate: Certificate, digest: str) -> str:
    """Return the text of the QR code of a certificate.

    Args:
        certificate: sealed or not; without seal its part is empty.
        digest: of its content.

    Returns:
        `REGENQC1:number:batch:` and the Base45 of the 32 bytes of the digest and the 64 bytes of the seal; the batch is
        left out when it is longer than 40 characters or not plain ASCII, since the digest covers it anyway.
    """
    return qr_text(
        certificate.certificate_id,
        str(certificate.decision["batch_id"]),
        digest,
        certificate.seal.value if certificate.seal is not None else "",
    )
