"""The issuer's key: ECDSA P-256 with an X.509 certificate; it seals records and signs PDFs.

A seal says that a record was issued by a site. Who decided says the person's own signature inside the record.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from regenqc.certificate.content import Certificate, Seal, sealed_content
from regenqc.certificate.faults import usage_error

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["SEAL_ALGORITHM", "IssuerKey", "make_issuer_key", "open_issuer_key"]

SEAL_ALGORITHM: Final = "ECDSA-P256-SHA256"
_DAYS_OF_YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """Hold the opened key of an issuer.

    Args:
        private_key: secret; never printed.
        certificate: X.509, of the same key.
    """

    private_key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def __repr__(self) -> str:
        return f"IssuerKey({self.key_digest})"

    @property
    def key_digest(self) -> str:
        """Return the digest of the X.509 certificate, by which records name it."""
        return f"sha256:{hashlib.sha256(self.certificate.public_bytes(Encoding.DER)).hexdigest()}"

    def seal(self, certificate: Certificate) -> Certificate:
        """Return the certificate with a seal over its content; the same content gets the same seal (RFC 6979)."""
        signature = self.private_key.sign(
            sealed_content(certificate), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        )
        r, s = decode_dss_signature(signature)
        value = urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=").decode()
        seal = Seal(issuer_key=self.key_digest, algorithm=SEAL_ALGORITHM, value=value)
        return msgspec.structs.replace(certificate, seal=seal)


def make_issuer_key(name: str, *, password: str, now: datetime, years: int = 10) -> tuple[bytes, bytes]:
    """Return a new key and its self-signed X.509 certificate, both PEM, the key encrypted.

    Args:
        name: of the issuing site.
        password: that the key is encrypted with; not empty.
        now: start of validity.
        years: of validity.

    Raises:
        UsageError: `RQC-V050`, there is no password or no name.
    """
    if not password or not name.strip():
        raise usage_error(
            "RQC-V050",
            "An issuer's key has a name and a password.",
            expected="both, not empty",
            action="Choose a password and keep it apart from the key.",
        )
    private_key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=years * _DAYS_OF_YEAR))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(private_key, hashes.SHA256())
    )
    secret = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
    return secret, certificate.public_bytes(Encoding.PEM)


def open_issuer_key(key: bytes, certificate: bytes, *, password: str) -> IssuerKey:
    """Return the opened key of an issuer.

    Args:
        key: PEM, encrypted.
        certificate: PEM.
        password: of the key.

    Raises:
        UsageError: `RQC-V051`, the password or the files are wrong, or do not belong together.
    """
    try:
        private_key = load_pem_private_key(key, password.encode() if password else None)
        shown = x509.load_pem_x509_certificate(certificate)
    except (ValueError, TypeError) as error:
        raise _unusable(str(error)) from error
    if not isinstance(private_key, ec.EllipticCurvePrivateKey) or not isinstance(private_key.curve, ec.SECP256R1):
        raise _unusable("another kind of key")
    if private_key.public_key() != shown.public_key():
        raise _unusable("key and certificate of different keys")
    return IssuerKey(private_key, shown)


def _unusable(got: str) -> Exception:
    return usage_error(
        "RQC-V051",
        "The issuer's key cannot be opened.",
        got=got,
        expected="an ECDSA P-256 key, its password and its X.509 certificate",
        action="Check the password and that both files belong together.",
    )
