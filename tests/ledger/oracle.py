"""RFC 6962 section 2.1 written down as it stands there: recursive, slow, and without a thought of our own."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

__all__ = ["LEAVES", "consistency", "inclusion", "root"]

DATA = [f"entry {number}".encode() for number in range(700)]
LEAVES = [sha256(b"\x00" + data).digest() for data in DATA]


def _largest_power_below(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


@cache
def root(start: int, end: int) -> bytes:
    """Return MTH(D[start:end])."""
    if start == end:
        return sha256(b"").digest()
    if end - start == 1:
        return LEAVES[start]
    middle = start + _largest_power_below(end - start)
    return sha256(b"\x01" + root(start, middle) + root(middle, end)).digest()


def inclusion(index: int, start: int, end: int) -> list[bytes]:
    """Return PATH(index, D[start:end]), index counted from the start of the whole."""
    if end - start == 1:
        return []
    middle = start + _largest_power_below(end - start)
    if index < middle:
        return [*inclusion(index, start, middle), root(middle, end)]
    return [*inclusion(index, middle, end), root(start, middle)]


def consistency(first: int, second: int) -> list[bytes]:
    """Return PROOF(first, D[0:second])."""
    return _subproof(first, 0, second, whole=True)


def _subproof(first: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if first == end:
        return [] if whole else [root(start, end)]
    middle = start + _largest_power_below(end - start)
    if first <= middle:
        return [*_subproof(first, start, middle, whole=whole), root(middle, end)]
    return [*_subproof(first, middle, end, whole=False), root(start, middle)]
