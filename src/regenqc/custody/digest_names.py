"""Identifiers made from digests, which nobody can take for the number of a person."""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["digest_name"]

_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def digest_name(prefix: str, content: bytes) -> str:
    """Return an identifier that follows from content: its SHA-256, the hexadecimal digits 0 to f written as a to p.

    In hexadecimal digits one digest of a hundred or so holds twelve digits in a row, as identity and telephone numbers do,
    and the check for these would refuse it.

    Args:
        prefix: what is named, in upper case.
        content: from which the identifier follows.

    Example:
        >>> digest_name("EVALUATION", b"")[:20]
        'EVALUATION-odlameecj'
    """
    return f"{prefix}-{hashlib.sha256(content).hexdigest().translate(_LETTERS)}"
