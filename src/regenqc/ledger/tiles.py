"""The files of a log as static resources: paths, hash tiles, entry bundles (C2SP tlog-tiles)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from regenqc.ledger.entries import LONGEST_BODY_BYTES
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Tile", "bundles_of", "decode_bundle", "decode_tile", "encode_bundle", "tiles_of"]


class Tile(NamedTuple):
    """Name a tile: the `number`-th of its level, with its width, 1 to 256; `kind` is a level or a word."""

    kind: str
    number: int
    width: int

    @property
    def path(self) -> str:
        """Return where the tile stands, relative to the log.

        Example:
            >>> Tile("0", 1234067, 256).path, Tile("entries", 5, 7).path
            ('tile/0/x001/x234/067', 'tile/entries/005.p/7')
        """
        groups = [f"{self.number % 1000:03d}"]
        rest = self.number // 1000
        while rest:
            groups.append(f"x{rest % 1000:03d}")
            rest //= 1000
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.kind}/{'/'.join(reversed(groups))}{partial}"


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield the hash tiles of a tree of some size, lowest level first; the last of a level may be partial.

    Example:
        >>> [tile.path for tile in tiles_of(256)]
        ['tile/0/000', 'tile/1/000.p/1']
    """
    level, hashes = 0, size
    while hashes:
        full, rest = divmod(hashes, TILE_WIDTH)
        yield from (Tile(str(level), number, TILE_WIDTH) for number in range(full))
        if rest:
            yield Tile(str(level), full, rest)
        level, hashes = level + 1, hashes >> TILE_HEIGHT


def bundles_of(size: int, *, kind: str = "entries") -> Iterator[Tile]:
    """Yield the bundles that hold the entries of a log of some size.

    Example:
        >>> [bundle.path for bundle in bundles_of(300)]
        ['tile/entries/000', 'tile/entries/001.p/44']
    """
    full, rest = divmod(size, TILE_WIDTH)
    yield from (Tile(kind, number, TILE_WIDTH) for number in range(full))
    if rest:
        yield Tile(kind, full, rest)


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    r"""Return entries as one bundle: each with its length in two bytes, the higher first.

    Raises:
        LedgerError: `RQC-L020`, an entry is longer than 65,535 bytes.

    Example:
        >>> encode_bundle([b"a", b""])
        b'\x00\x01a\x00\x00'
    """
    parts = []
    for entry in entries:
        if len(entry) > LONGEST_BODY_BYTES:
            raise ledger_error(
                "RQC-L020",
                "An entry is too long for a bundle.",
                got=len(entry),
                expected=f"at most {LONGEST_BODY_BYTES}",
            )
        parts += [struct.pack(">H", len(entry)), entry]
    return b"".join(parts)


def decode_bundle(data: bytes, *, width: int, where: str = "") -> list[bytes]:
    """Return the entries of a bundle.

    Args:
        data: its bytes.
        width: how many entries it must have.
        where: its path, for the message.

    Raises:
        LedgerError: `RQC-L081`, it has another number of entries or ends within one.

    Example:
        >>> decode_bundle(encode_bundle([b"a", b""]), width=2)
        [b'a', b'']
    """
    entries = []
    position = 0
    while position + 2 <= len(data):
        (length,) = struct.unpack_from(">H", data, position)
        position += 2 + length
        entries.append(data[position - length : position])
    if position != len(data) or len(entries) != width:
        raise ledger_error(
            "RQC-L081",
            "A bundle of entries is damaged.",
            where=where,
            got=f"{len(entries)} entries, {len(data)} bytes",
            expected=f"{width} entries",
            action="Take the file from another copy.",
        )
    return entries


def decode_tile(data: bytes, *, width: int, where: str = "") -> list[bytes]:
    """Return the hashes of a tile.

    Raises:
        LedgerError: `RQC-L081`, it has another number of hashes.

    Example:
        >>> decode_tile(bytes(64), width=2) == [bytes(32), bytes(32)]
        True
    """
    if len(data) != width * HASH_BYTES:
        raise ledger_error(
            "RQC-L081",
            "A tile is damaged.",
            where=where,
            got=f"{len(data)} bytes",
            expected=f"{width * HASH_BYTES} bytes",
            action="Take the file from another copy.",
        )
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
