"""Hashes and proofs of a stored tree, read tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    consistency_ranges,
    inclusion_ranges,
    node_hash,
    parents_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["StoredTree", "TileCache"]

_TILES_KEPT: Final = 512
_Tile = list[list[bytes]]


class TileCache:
    """Keep tiles for further proofs; one may serve several threads.

    A tile of some width never changes: the next entry makes a wider one, which is another.

    Example:
        >>> cache = TileCache()
        >>> cache.put(0, 7, [[b"a"]])
        >>> cache.get(0, 7, width=1), cache.get(0, 7, width=2), cache.get(0, 8, width=1)
        ([[b'a']], None, None)
    """

    __slots__ = ("_tiles",)

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int, int], _Tile] = {}

    def get(self, level: int, tile: int, *, width: int) -> _Tile | None:
        """Return the hashes of a tile and the levels above them, `None` when it is not kept at that width."""
        return self._tiles.get((level, tile, width))

    def put(self, level: int, tile: int, hashes: _Tile) -> None:
        """Keep a tile; when there are too many, all are let go, which is simple and rare."""
        if len(self._tiles) >= _TILES_KEPT:
            self._tiles = {}
        self._tiles[level, tile, len(hashes[0])] = hashes


class StoredTree:
    """Answer for hashes and proofs of every size up to the size of a stored tree.

    Args:
        size: leaves that may be read.
        hashes: returns the hashes `start` to `end` (excluded) of a level: level 0 are the leaf hashes, level L the roots
            of the complete subtrees of `256 ** L` leaves. It may return fewer than asked for; that is a damaged store.
        cache: tiles from earlier views of the same log; without it the tiles of this tree alone are kept.

    Example:
        >>> from regenqc.ledger.merkle import leaf_hash, tree_hash, verify_inclusion
        >>> leaves = [leaf_hash(bytes([i])) for i in range(7)]
        >>> tree = StoredTree(7, lambda level, start, end: leaves[start:end])
        >>> tree.root(7) == tree_hash(leaves)
        True
        >>> verify_inclusion(leaves[5], tree.inclusion_proof(5, 7), index=5, size=7, root=tree.root(7))
    """

    __slots__ = ("_hashes", "_kept", "_size")

    def __init__(
        self, size: int, hashes: Callable[[int, int, int], list[bytes]], *, cache: TileCache | None = None
    ) -> None:
        self._size = size
        self._hashes = hashes
        self._kept = cache or TileCache()

    @property
    def size(self) -> int:
        """Return the number of leaves that may be read."""
        return self._size

    def root(self, size: int) -> bytes:
        """Return the root that the tree had when it had `size` leaves."""
        self._check(size)
        return self._range_hash(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return the proof that entry `index` is in the tree of `size` leaves, leaf's sibling first."""
        self._check(size)
        return [self._range_hash(start, end) for start, end in inclusion_ranges(index, size)]

    def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """Return the proof that the tree of `second` leaves extends the tree of `first` leaves."""
        self._check(second)
        return [self._range_hash(start, end) for start, end in consistency_ranges(first, second)]

    def _check(self, size: int) -> None:
        if not 0 <= size <= self._size:
            raise ledger_error(
                "RQC-L060", "The ledger never had this size.", got=size, expected=f"0 to {self._size} entries"
            )

    def _range_hash(self, start: int, end: int) -> bytes:
        """Return the hash of a subtree that may be incomplete at its right end; `start` is aligned to it."""
        parts = []
        while start < end:
            height = (end - start).bit_length() - 1
            parts.append(self._complete(height, start >> height))
            start += 1 << height
        root = parts.pop()
        while parts:
            root = node_hash(parts.pop(), root)
        return root

    def _complete(self, height: int, position: int) -> bytes:
        """Return the hash of the `position`-th complete subtree of `2 ** height` leaves."""
        level, inner = divmod(height, TILE_HEIGHT)
        per_tile = TILE_WIDTH >> inner
        tile, offset = divmod(position, per_tile)
        return self._tile(level, tile)[inner][offset]

    def _tile(self, level: int, tile: int) -> _Tile:
        """Return the hashes of a tile: its own 256 or fewer, and the seven levels of complete pairs above them."""
        start = tile * TILE_WIDTH
        end = min(start + TILE_WIDTH, self._size >> (TILE_HEIGHT * level))
        known = self._kept.get(level, tile, width=end - start)
        if known is not None:
            return known
        hashes = self._hashes(level, start, end)
        if not _are_hashes(hashes, count=end - start):
            raise ledger_error(
                "RQC-L036",
                "The store lacks hashes of the tree.",
                where=f"level {level}, tile {tile}",
                got=f"{len(hashes)} hashes",
                expected=f"{end - start}",
                action="Verify the ledger; restore a backup if it does not verify.",
            )
        inner = [hashes]
        while len(inner) < TILE_HEIGHT:
            inner.append(parents_of(inner[-1]))
        self._kept.put(level, tile, inner)
        return inner


def _are_hashes(hashes: list[bytes], *, count: int) -> bool:
    """Return whether a store gave as many hashes as it should; a damaged one may give anything."""
    try:
        return len(hashes) == count and len(b"".join(hashes)) == count * HASH_BYTES
    except TypeError:
        return False
