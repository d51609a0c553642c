"""The text that a scanner reads from the QR code of a certificate: number, batch, digest and seal."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from typing import Final

__all__ = ["QR_PREFIX", "base45", "qr_text"]

QR_PREFIX: Final = "REGENQC1"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BATCH: Final = re.compile(r"[!-9;-~]{1,40}")


def qr_text(number: str, batch: str, digest: str, seal: str) -> str:
    """Return the text of a QR code.

    Args:
        number: of the certificate.
        batch: of the decision; left out when it is longer than 40 characters, has a colon or is not plain ASCII.
        digest: of the content, `sha256:` and 64 hexadecimal digits.
        seal: in base64url without padding, or empty.

    Returns:
        `REGENQC1:number:batch:`, then the Base45 of the digest and of the seal.
    """
    sealed = urlsafe_b64decode(seal + "=" * (-len(seal) % 4)) if seal else b""
    shown = batch if _BATCH.fullmatch(batch) else ""
    return f"{QR_PREFIX}:{number}:{shown}:{base45(bytes.fromhex(digest.removeprefix('sha256:')) + sealed)}"


def base45(data: bytes) -> str:
    """Return bytes in Base45 (RFC 9285).

    Example:
        >>> base45(b"Hello!!")
        '%69 VD92EX0'
    """
    text = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(3 if len(pair) == 2 else 2):
            number, digit = divmod(number, 45)
            text.append(_ALPHABET[digit])
    return "".join(text)
