"""Check the signature inside a PDF: CMS SignedData over detached content, ECDSA P-256 with SHA-256 (RFC 5652, ETSI EN 319 122-1)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate

from regenqc.certificate.offline.der import Element, NotDerError, object_identifier, read_element

__all__ = ["CheckedSignature", "check_detached"]

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_DATA: Final = "1.2.840.113549.1.7.1"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.47"
_TIME_STAMP: Final = "1.2.840.113549.1.9.16.2.14"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"
_SEQUENCE, _SET, _OCTETS, _TAGGED_0, _TAGGED_1 = 0x30, 0x31, 0x04, 0xA0, 0xA1


@dataclass(frozen=True, slots=True)
class CheckedSignature:
    """Hold what a signature shows.

    Args:
        fault: why it does not hold; empty when it does.
        certificate: X.509 of the signer, DER, as it stands in the signature.
        has_time_stamp: whether it carries a time stamp; the stamp itself is not checked here.
    """

    fault: str
    certificate: bytes = b""
    has_time_stamp: bool = False


def check_detached(structure: bytes, content: bytes) -> CheckedSignature:
    """Return whether a CMS structure signs some content.

    Args:
        structure: DER, zeros after it allowed (the room that a PDF keeps).
        content: what is signed.

    Example:
        >>> check_detached(b"", b"").fault
        'the signature is not readable: no element'
    """
    try:
        return _check(structure, content)
    except (NotDerError, ValueError, IndexError, TypeError) as error:
        return CheckedSignature(f"the signature is not readable: {error}")


def _check(structure: bytes, content: bytes) -> CheckedSignature:
    outer = read_element(structure)
    if structure[len(outer.whole) :].strip(b"\x00"):
        return CheckedSignature("something stands behind the signature")
    kind, explicit = outer.expect(_SEQUENCE).children()
    if object_identifier(kind) != _SIGNED_DATA:
        return CheckedSignature("it is no signed data")
    parts = explicit.expect(_TAGGED_0).children()[0].expect(_SEQUENCE).children()
    encapsulated = parts[2].expect(_SEQUENCE).children()
    if object_identifier(encapsulated[0]) != _DATA or len(encapsulated) != 1:
        return CheckedSignature("the signed content is not the document")
    certificates = [entry.whole for part in parts[3:] if part.tag == _TAGGED_0 for entry in part.children()]
    signers = parts[-1].expect(_SET).children()
    if len(signers) != 1:
        return CheckedSignature(f"it has {len(signers)} signers instead of one")
    return _check_signer(signers[0], certificates, content)


def _check_signer(signer: Element, certificates: list[bytes], content: bytes) -> CheckedSignature:
    members = signer.expect(_SEQUENCE).children()
    digest_algorithm, attributes, algorithm, value = members[2], members[3].expect(_TAGGED_0), members[4], members[5]
    if _algorithm(digest_algorithm) != _SHA256 or _algorithm(algorithm) != _ECDSA_SHA256:
        return CheckedSignature("it is not ECDSA with SHA-256")
    stated: dict[str, Element] = {}
    for attribute in attributes.children():
        name, values = attribute.expect(_SEQUENCE).children()
        if object_identifier(name) in stated:
            return CheckedSignature("an attribute stands twice")
        stated[object_identifier(name)] = values.expect(_SET).children()[0]
    if not {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE} <= stated.keys():
        return CheckedSignature("an attribute that PAdES asks for is missing")
    if object_identifier(stated[_CONTENT_TYPE]) != _DATA:
        return CheckedSignature("the content type is another one")
    named = _certificate_digest(stated[_SIGNING_CERTIFICATE])
    own = [found for found in certificates if hashlib.sha256(found).digest() == named]
    if len(own) != 1:
        return CheckedSignature("the certificate that it names is not there")
    holder = load_der_x509_certificate(own[0])
    issuer, serial = members[1].expect(_SEQUENCE).children()
    if (
        len(certificates) != 1
        or issuer.whole != holder.issuer.public_bytes()
        or int.from_bytes(serial.content, "big") != holder.serial_number
    ):
        return CheckedSignature("it names another signer than its certificate", own[0])
    public_key = holder.public_key()
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        return CheckedSignature("the key of the certificate is no ECDSA key", own[0])
    if stated[_MESSAGE_DIGEST].expect(_OCTETS).content != hashlib.sha256(content).digest():
        return CheckedSignature("the digest of the file is another than the one that was signed", own[0])
    signed = bytes([_SET]) + attributes.whole[1:]
    try:
        public_key.verify(value.expect(_OCTETS).content, signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return CheckedSignature("the signature does not verify with the key of its certificate", own[0])
    unsigned = [entry for part in members[6:] if part.tag == _TAGGED_1 for entry in part.children()]
    has_time_stamp = any(object_identifier(entry.children()[0]) == _TIME_STAMP for entry in unsigned)
    return CheckedSignature("", own[0], has_time_stamp)


def _algorithm(element: Element) -> str:
    return object_identifier(element.expect(_SEQUENCE).children()[0])


def _certificate_digest(attribute: Element) -> bytes:
    """Return the digest in a signing-certificate-v2 attribute (RFC 5035), which has SHA-256 as its default."""
    first = attribute.expect(_SEQUENCE).children()[0].expect(_SEQUENCE).children()[0].expect(_SEQUENCE)
    members = first.children()
    if members[0].tag == _SEQUENCE:
        if _algorithm(members[0]) != _SHA256:
            raise NotDerError("the certificate is named by another digest than SHA-256")
        members = members[1:]
    return members[0].expect(_OCTETS).content
