"""Time stamps of checkpoints by an authority of RFC 3161, as an option (`pip install 'regenqc[timestamps]'`).

A witness says when it saw a checkpoint; a qualified authority says so with legal weight, and its certificate outlives the
witness. What is stamped is the SHA-256 of the checkpoint's text, so a stamp stays valid whoever cosigns later, and the
authority learns nothing but a hash. The response is kept as a file beside the checkpoint, or as a blob.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptography import x509

from regenqc.ledger.faults import ledger_error, signature_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from regenqc.errors import LedgerError
    from regenqc.ledger.checkpoint import SignedCheckpoint

__all__ = ["fetch_timestamp", "timestamp_request", "verify_timestamp"]

_QUERY_TYPE: Final = "application/timestamp-query"
_REPLY_TYPE: Final = "application/timestamp-reply"
_LARGEST_REPLY_BYTES: Final = 65_536


def timestamp_request(signed: SignedCheckpoint) -> bytes:
    """Return a request to stamp a checkpoint, to be sent to an authority by any way (RFC 3161 section 2.4.1).

    Raises:
        LedgerError: `RQC-L044`, the library for time stamps is not installed.
    """
    library = _library()
    builder = library.TimestampRequestBuilder().data(signed.note.text.encode())
    return bytes(
        builder.hash_algorithm(library.HashAlgorithm.SHA256).cert_request(cert_request=True).build().as_bytes()
    )


def fetch_timestamp(signed: SignedCheckpoint, url: str, *, timeout_seconds: float = 10.0) -> bytes:
    """Return the response of an authority over HTTP (RFC 3161 section 3.4); verify it before it is kept.

    Raises:
        LedgerError: `RQC-L072`, the authority cannot be reached or does not answer with a stamp.
    """
    parts = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise _not_stamped(url, "not a URL of an authority")
    body = timestamp_request(signed)
    try:
        connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout_seconds)
        try:
            connection.request("POST", parts.path or "/", body=body, headers={"Content-Type": _QUERY_TYPE})
            response = connection.getresponse()
            data: bytes = response.read(_LARGEST_REPLY_BYTES)
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _not_stamped(url, f"{type(error).__name__}: {error}") from error
    kind = str(response.headers.get("Content-Type", ""))
    if response.status != 200 or kind.partition(";")[0].strip() != _REPLY_TYPE:
        raise _not_stamped(url, f"status {response.status}, {kind}")
    return data


def verify_timestamp(
    signed: SignedCheckpoint, response: bytes, *, roots: Sequence[bytes], intermediates: Sequence[bytes] = ()
) -> datetime:
    """Return when an authority saw a checkpoint.

    Args:
        signed: the checkpoint.
        response: the authority's response, in DER.
        roots: certificates that are trusted, in PEM; pinned, not taken from the response.
        intermediates: certificates between those and the authority's, in PEM.

    Raises:
        SignatureError: `RQC-L015`, the response is not a stamp of this checkpoint by a trusted authority.
        LedgerError: `RQC-L044`, the library for time stamps is not installed.
    """
    library = _library()
    text = signed.note.text.encode()
    try:
        stamp = library.decode_timestamp_response(response)
        builder = library.VerifierBuilder(
            roots=[x509.load_pem_x509_certificate(root) for root in roots],
            intermediates=[x509.load_pem_x509_certificate(found) for found in intermediates],
        )
        builder.build().verify_message(stamp, text)
    except (ValueError, library.VerificationError) as error:
        raise signature_error(
            "RQC-L015",
            "This is not a time stamp of the checkpoint by a trusted authority.",
            where=f"{signed.origin}, {signed.size} entries",
            got=error,
            action="Ask the authority for a new one, and check that its root certificate is the right one.",
        ) from error
    stamped_at: datetime = stamp.tst_info.gen_time
    return stamped_at


def _library() -> Any:
    try:
        import rfc3161_client  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise ledger_error(
            "RQC-L044",
            "The library for time stamps is not installed.",
            got=error,
            action="Install it with: pip install 'regenqc[timestamps]'",
        ) from error
    return rfc3161_client


def _not_stamped(url: str, got: str) -> LedgerError:
    return ledger_error(
        "RQC-L072",
        "The authority did not stamp the checkpoint.",
        where=url,
        got=got,
        action="Try again, or ask another.",
    )
