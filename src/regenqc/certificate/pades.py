"""Sign the PDF of a certificate: PAdES B-B with the issuer's key, B-T where a time-stamping authority is named.

The signature is an appended revision over the whole file. B-T needs the authority while signing, and nothing afterwards.
Long-term levels (B-LT, B-LTA) need revocation data of a public authority; they are not issued.
"""

from __future__ import annotations

import asyncio
import io
import weakref
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner, fields
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from regenqc.certificate.faults import data_error

if TYPE_CHECKING:
    from datetime import datetime

    from pyhanko.sign.timestamps import TimeStamper

    from regenqc.certificate.sealing import IssuerKey

__all__ = ["SIGNATURE_FIELD", "PdfSealer"]

SIGNATURE_FIELD: Final = "Issuer"
# Room for the CMS structure in the file; more with a time stamp and its certificates.
_BYTES: Final = 4096
_BYTES_WITH_STAMP: Final = 16384


class _SignerAt(PdfSigner):
    """Sign at a moment that is given, not at that of the machine."""

    moment: datetime

    def init_signing_session(self, *arguments: Any, **named: Any) -> Any:
        """Return a session of that moment."""
        session = super().init_signing_session(*arguments, **named)
        session.system_time = self.moment
        return session


class PdfSealer:
    """Sign PDFs with the key of an issuer.

    Args:
        key: opened.
        reason: printed by readers beside the signature.
        time_stamper: client of an authority (RFC 3161); with one, the level is B-T.
    """

    def __init__(
        self, key: IssuerKey, *, reason: str = "Issued by the site", time_stamper: TimeStamper | None = None
    ) -> None:
        certificate = asn1_x509.Certificate.load(key.certificate.public_bytes(Encoding.DER))
        secret = key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._signer = SimpleSigner(
            signing_cert=certificate,
            signing_key=asn1_keys.PrivateKeyInfo.load(secret),
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        )
        self._stamper = time_stamper
        self._loop = asyncio.new_event_loop()
        weakref.finalize(self, self._loop.close)
        self._reason = reason

    @property
    def level(self) -> str:
        """Return the level that is issued: `B-B`, or `B-T` with a time stamp."""
        return "B-B" if self._stamper is None else "B-T"

    def sign(self, document: bytes, *, signed_at: datetime) -> bytes:
        """Return the document with an appended signature over the whole file.

        Args:
            document: PDF without signature.
            signed_at: stated moment, with zone; the attested moment is that of the time stamp, where there is one.

        Raises:
            DataError: `RQC-V060`, it cannot be signed, or the authority did not answer.
        """
        metadata = PdfSignatureMetadata(
            field_name=SIGNATURE_FIELD,
            md_algorithm="sha256",
            reason=self._reason,
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        )
        signer = _SignerAt(metadata, signer=self._signer, timestamper=self._stamper)
        signer.moment = signed_at
        try:
            writer = IncrementalPdfFileWriter(io.BytesIO(document))
            out = self._loop.run_until_complete(
                signer.async_sign_pdf(
                    writer, bytes_reserved=2 * (_BYTES if self._stamper is None else _BYTES_WITH_STAMP)
                )
            )
        except Exception as error:
            raise data_error(
                "RQC-V060",
                "The document cannot be signed.",
                got=f"{type(error).__name__}: {error}",
                action="Check the time-stamping authority, or sign without one.",
            ) from error
        return bytes(out.getbuffer())
