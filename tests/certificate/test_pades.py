"""Signatures inside PDFs, judged also by the library that made them and by poppler."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from certificate import site
from regenqc.certificate.offline.cms import check_detached
from regenqc.certificate.offline.der import NotDerError, read_element
from regenqc.certificate.offline.pdf import read_pdf
from regenqc.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def status_of(document: bytes) -> Any:
    own = asn1_x509.Certificate.load(site.issuer().certificate.public_bytes(Encoding.DER))
    context = ValidationContext(trust_roots=[own], allow_fetching=False, moment=site.NOW)
    signature = PdfFileReader(BytesIO(document)).embedded_signatures[0]
    return asyncio.run(async_validate_pdf_signature(signature, context))


def test_the_library_that_signed_agrees() -> None:
    status = status_of(site.pdf(site.certificate()))
    assert (status.intact, status.valid, status.coverage) == (True, True, SignatureCoverageLevel.ENTIRE_FILE)
    assert status.signer_reported_dt == site.NOW


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_poppler_agrees(tmp_path: Path) -> None:
    path = tmp_path / "c.pdf"
    path.write_bytes(site.pdf(site.certificate()))
    said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False).stdout
    assert "ETSI.CAdES.detached" in said
    assert "Total document signed" in said
    assert "Signature is Valid" in said


def test_the_pages_and_their_declaration_survive_signing() -> None:
    made, signed = site.pdf(site.certificate(), signed=False), site.pdf(site.certificate())
    assert signed.startswith(made)
    assert signed.count(b"<pdfaid:part>") >= 1


def authority() -> DummyTimeStamper:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of tests")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(site.START)
        .not_valid_after(site.START + timedelta(days=3650))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return DummyTimeStamper(
        tsa_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        tsa_key=asn1_keys.PrivateKeyInfo.load(secret),
        fixed_dt=site.NOW,
    )


def test_with_an_authority_the_level_is_b_t_and_the_verdict_says_that_the_stamp_is_not_checked() -> None:
    sealer = site.PdfSealer(site.issuer(), time_stamper=authority())
    assert (sealer.level, site.PdfSealer(site.issuer()).level) == ("B-T", "B-B")
    signed = sealer.sign(site.renderer().pdf(site.certificate()), signed_at=site.NOW)
    verdict = site.verify(signed)
    assert verdict.ok
    assert "it carries a time stamp, which is not checked here" in next(
        check.said for check in verdict.checks if check.name == "signature"
    )
    assert status_of(signed).timestamp_validity.intact


def test_what_is_no_pdf_is_not_signed() -> None:
    with pytest.raises(DataError, match="RQC-V060"):
        site.PdfSealer(site.issuer()).sign(b"%PDF-1.7\nnothing", signed_at=site.NOW)


@pytest.mark.parametrize("at", range(0, 1400, 35))
def test_a_flipped_bit_anywhere_in_the_signature_is_found(at: int) -> None:
    content = read_pdf(site.pdf(site.certificate()))
    whole = read_element(content.signature).whole
    damaged = bytearray(content.signature)
    damaged[at % len(whole)] ^= 0x04
    checked = check_detached(bytes(damaged), content.signed)
    # What the attributes and the certificate do not cover is looked at by its value: the signer's own certificate.
    assert checked.fault or checked.certificate == check_detached(content.signature, content.signed).certificate


@pytest.mark.parametrize(
    "data",
    [b"", b"\x30", b"\x30\x80\x00\x00", b"\x30\x81\x05\x00\x00\x00\x00\x00", b"\x30\x05\x00", b"\x1f\x01\x00"],
    ids=["nothing", "no length", "indefinite", "padded length", "truncated", "long tag"],
)
def test_what_is_no_der_is_refused(data: bytes) -> None:
    with pytest.raises(NotDerError):
        read_element(data)
