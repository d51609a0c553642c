"""Digests of the projection, block by block: what whoever replays the log must arrive at.

A Merkle log proves what is in it. It does not prove that nothing else used a lot: that needs somebody to derive every edge.
A digest recorded in the log lets anybody who does so compare one number with the site that answered.

The digest of a block of events is SHA-256 over: the digest before (32 zero bytes for the first); for steps, edges, transfers,
voids and places the number of rows and the rows in order of their keys, all as integers of eight bytes, little-endian; then the names
and the conditions, each as one JSON array of rows without blanks.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from typing import TYPE_CHECKING, Final

import msgspec

from regenqc.custody.projection.tables import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regenqc.custody.projection.rows import AddedRows

__all__ = ["FIRST", "block_digest"]

FIRST: Final = bytes(32)


def block_digest(before: bytes, rows: AddedRows) -> bytes:
    """Return the digest of the rows of one block.

    Args:
        before: digest of the block before.
        rows: every row that the events of the block add, in the order of the log.

    Example:
        >>> from regenqc.custody.projection.rows import AddedRows
        >>> block_digest(FIRST, AddedRows()).hex()[:16]
        '626e2e3fd16f25b2'
    """
    total = hashlib.sha256(before)
    for table, flat in (
        ("custody_step", rows.steps),
        ("custody_edge", rows.edges),
        ("custody_transfer", rows.transfers),
        ("custody_void", rows.voids),
        ("custody_place", rows.places),
    ):
        total.update(_integers([len(flat) // len(COLUMNS[table])]))
        total.update(_integers(flat))
    for texts in (rows.names, rows.conditions):
        total.update(msgspec.json.encode(texts))
    return total.digest()


def _integers(values: Iterable[int]) -> bytes:
    numbers = array("q", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
