"""What a certificate says: one content model, whose canonical bytes are the record.

The PDF, the web page and the pictures are renderings of these bytes. The decision is carried whole, with its signatures,
so that results, verdicts, pending tests and signers are stated once and by the person who signed them. What the
decision does not know (product, sites, languages, statements) is stated beside it and sealed with it by the issuer.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal

import msgspec

from regenqc.canonical import canonical_json
from regenqc.certificate.faults import data_error

__all__ = [
    "CERTIFICATE_SCHEMA",
    "AnnexRow",
    "Certificate",
    "Issuer",
    "Seal",
    "certificate_bytes",
    "certificate_digest",
    "certificate_schema",
    "read_certificate",
    "record_and_digest",
    "sealed_content",
]

CERTIFICATE_SCHEMA: Final = "regenqc.certificate/1"

CertificateType = Literal[
    "certificate_of_analysis",
    "batch_certificate",
    "release_certificate",
    "conditional_certificate",
    "receipt_certificate",
    "rejection_notice",
]


class Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name the site that issues the certificate.

    Args:
        name: of the company or hospital.
        address: lines, in the order in which they are printed.
    """

    name: str
    address: tuple[str, ...] = ()


class AnnexRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """State what the data allow by the rules of one more jurisdiction.

    Args:
        specification: identifier of the specification.
        version: of the specification.
        fingerprint: of the specification.
        disposition: `eligible`, `conditional`, `hold` or `reject`.
        obstacles: requirements that are in the way.
    """

    specification: str
    version: str
    fingerprint: str
    disposition: str
    obstacles: tuple[str, ...] = ()


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bind the record to its issuer: a signature over the canonical bytes of everything but the seal.

    Args:
        issuer_key: digest of the issuer's X.509 certificate, `sha256:` and 64 hexadecimal digits.
        algorithm: `ECDSA-P256-SHA256`.
        value: r and s, 32 bytes each, base64url without padding.
    """

    issuer_key: str
    algorithm: str
    value: str


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=False):
    """Hold the content of one certificate.

    Args:
        schema: `regenqc.certificate/1`.
        certificate_id: number of the certificate; on every page.
        type: which certificate it is.
        issued_at: moment of issue, RFC 3339 with zone.
        languages: English first, then at most one of `zh`, `ja`, `ko`.
        issuer: who issues it.
        fields: value by name of the field; the names stand in `fields.toml`. A field that the type asks for and that is
            not here is printed as "not stated".
        statement: text by language.
        remarks: free text, may be empty.
        annex: what the data allow by the rules of other jurisdictions.
        supersedes: number of the certificate that this one replaces, or empty.
        decision: the decision document, whole, with its signatures.
        seal: of the issuer; absent before sealing.
    """

    schema: str = CERTIFICATE_SCHEMA
    certificate_id: str
    type: CertificateType
    issued_at: str
    languages: tuple[str, ...]
    issuer: Issuer
    fields: dict[str, str]
    statement: dict[str, str]
    remarks: str = ""
    annex: tuple[AnnexRow, ...] = ()
    supersedes: str = ""
    decision: dict[str, Any]
    seal: Seal | None = None


_DECODER: Final = msgspec.json.Decoder(Certificate)
# For what was checked already; anything else goes through canonical_json.
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def certificate_bytes(certificate: Certificate) -> bytes:
    """Return the canonical bytes of a certificate: the record.

    Raises:
        DataError: `RQC-C001` or `RQC-C004`, a text or number that has no canonical bytes.
    """
    value = msgspec.to_builtins(certificate)
    if certificate.seal is None:
        del value["seal"]
    return canonical_json(value)


def record_and_digest(certificate: Certificate) -> tuple[bytes, str]:
    """Return the record and the digest of its content, for less than both apart.

    Args:
        certificate: sealed or read, so that its texts and numbers were checked already.
    """
    value = msgspec.to_builtins(certificate)
    record = _ENCODER.encode(value)
    del value["seal"]
    return record, f"sha256:{hashlib.sha256(_ENCODER.encode(value)).hexdigest()}"


def sealed_content(certificate: Certificate) -> bytes:
    """Return what the issuer seals: the canonical bytes without the seal."""
    return certificate_bytes(msgspec.structs.replace(certificate, seal=None))


def certificate_digest(certificate: Certificate) -> str:
    """Return the digest that names the content: printed, in the QR code, and the same before and after sealing."""
    return f"sha256:{hashlib.sha256(sealed_content(certificate)).hexdigest()}"


def read_certificate(data: bytes, *, where: str = "") -> Certificate:
    """Return the certificate that bytes state; any other spelling of it is refused.

    Args:
        data: the record.
        where: name of the file, for the message.

    Raises:
        DataError: `RQC-V010`, the bytes are no certificate, or not the canonical spelling of one.

    Example:
        >>> try:
        ...     read_certificate(b'{"schema": 1}')
        ... except Exception as error:
        ...     error.code
        'RQC-V010'
    """
    try:
        certificate = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _no_certificate(where, str(error)) from error
    if certificate.schema != CERTIFICATE_SCHEMA:
        raise _no_certificate(where, certificate.schema)
    if certificate_bytes(certificate) != data:
        raise _no_certificate(where, "another spelling than the canonical one")
    return certificate


def certificate_schema() -> dict[str, Any]:
    """Return the JSON Schema of a certificate.

    Example:
        >>> certificate_schema()["$id"]
        'regenqc.certificate/1'
    """
    schema = msgspec.json.schema(Certificate)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": CERTIFICATE_SCHEMA} | schema


def _no_certificate(where: str, got: str) -> Exception:
    return data_error(
        "RQC-V010",
        "The bytes are no certificate.",
        where=where,
        got=got,
        expected=f"canonical JSON of schema {CERTIFICATE_SCHEMA}",
        action="Take the file as it was issued.",
    )
