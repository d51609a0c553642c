"""The Merkle tree of RFC 6962 and RFC 9162 over SHA-256: hashes, the growing right edge, and checking of proofs.

Rules, in the order in which a proof is checked (RFC 9162 sections 2.1.3.2 and 2.1.4.2):

1. the numbers must be possible: 0 ≤ index < size, and 0 < first size ≤ second size;
2. the proof must have exactly the hashes that the numbers call for, none missing and none left over;
3. folding the proof must give the root (for consistency: both roots).

A consistency proof from the empty tree says nothing and is refused: every tree extends the empty one.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from regenqc.ledger.faults import ledger_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "Frontier",
    "Node",
    "consistency_ranges",
    "fold_inclusion",
    "inclusion_ranges",
    "leaf_hash",
    "leaf_hashes",
    "node_hash",
    "parents_of",
    "tree_hash",
    "verify_consistency",
    "verify_inclusion",
]

HASH_BYTES: Final = 32
TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
EMPTY_ROOT: Final = sha256(b"").digest()
LARGEST_SIZE: Final = (1 << 63) - 1


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry: SHA-256 of a zero byte and the entry (RFC 6962 section 2.1).

    Example:
        >>> leaf_hash(b"").hex()[:16]
        '6e340b9cffb37a98'
    """
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the hashes of many entries, in their order.

    Example:
        >>> leaf_hashes([b"", b"a"])[0] == leaf_hash(b"")
        True
    """
    digest = sha256
    return [digest(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of a one byte and both children (RFC 6962 section 2.1).

    Example:
        >>> node_hash(leaf_hash(b""), leaf_hash(bytes(1))).hex()[:16]
        'fac54203e7cc696c'
    """
    return sha256(b"\x01" + left + right).digest()


def parents_of(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the hashes one level up, of complete pairs only; a last one without a sibling is left out.

    Example:
        >>> parents_of([b"a", b"b", b"c"]) == [node_hash(b"a", b"b")]
        True
    """
    digest = sha256
    each = iter(hashes)
    return [digest(b"\x01" + left + right).digest() for left, right in zip(each, each, strict=False)]


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, of any number of them (RFC 6962 section 2.1).

    Example:
        >>> tree_hash([]) == EMPTY_ROOT, tree_hash([b"a"]) == b"a"
        (True, True)
    """
    return Frontier().extended(leaves)[0].root


class Node(NamedTuple):
    """One hash at its place: the `position`-th complete subtree of `256 ** level` leaves."""

    level: int
    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Frontier:
    """Hold the right edge of a tree: the complete subtrees that its size is the sum of, largest first.

    It is all that is needed to append and to know the root, and it is at most 63 hashes.

    Args:
        size: number of leaves.
        hashes: one hash for every bit of `size` that is set, the highest bit first.

    Example:
        >>> frontier, nodes = Frontier().extended([leaf_hash(bytes([i])) for i in range(5)])
        >>> frontier.size, len(frontier.hashes), nodes
        (5, 2, [])
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ledger_error(
                "RQC-L036",
                "The right edge of the tree does not fit its size.",
                got=f"{len(self.hashes)} hashes for {self.size} entries",
                expected=f"{max(self.size, 0).bit_count()} hashes",
                action="The store is damaged; restore a backup and run the recovery drill.",
            )

    @property
    def root(self) -> bytes:
        """Return the root of the tree; of no leaves, the hash of nothing."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def extended(self, leaves: Sequence[bytes]) -> tuple[Frontier, list[Node]]:
        """Return the frontier after more leaves, and the inner hashes of full tiles that became complete.

        Args:
            leaves: leaf hashes, in order.

        Returns:
            The new frontier, and every new `Node` of level 1 and above, in order of level and position.
        """
        heights = [height for height in range(self.size.bit_length()) if self.size >> height & 1]
        kept = dict(zip(reversed(heights), self.hashes, strict=True))
        nodes: list[Node] = []
        current = list(leaves)
        position = self.size
        height = 0
        while current:
            if height and height % TILE_HEIGHT == 0:
                level = height // TILE_HEIGHT
                nodes.extend(Node(level, position + offset, found) for offset, found in enumerate(current))
            if position & 1:
                current.insert(0, kept.pop(height))
            if len(current) & 1:
                kept[height] = current.pop()
            current = parents_of(current)
            position >>= 1
            height += 1
        ordered = tuple(kept[height] for height in sorted(kept, reverse=True))
        return Frontier(self.size + len(leaves), ordered), nodes


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return which subtrees an inclusion proof consists of, leaf's sibling first (RFC 6962 section 2.1.1).

    Args:
        index: 0-based, below `size`.
        size: leaves of the tree.

    Returns:
        `(start, end)` of each subtree, end excluded.

    Example:
        >>> inclusion_ranges(5, 7)
        [(4, 5), (6, 7), (0, 4)]
    """
    if not 0 <= index < size:
        raise ledger_error(
            "RQC-L010", "There is no such entry in a tree of that size.", got=index, expected=f"0 to {size - 1}"
        )
    ranges = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    ranges.reverse()
    return ranges


def consistency_ranges(first: int, second: int) -> list[tuple[int, int]]:
    """Return which subtrees a consistency proof consists of, in its order (RFC 6962 section 2.1.2).

    Args:
        first: size of the older tree, at least 1.
        second: size of the newer tree, at least `first`.

    Returns:
        `(start, end)` of each subtree, end excluded; none when the sizes are equal.

    Example:
        >>> consistency_ranges(3, 7)
        [(2, 3), (3, 4), (0, 2), (4, 7)]
    """
    if not 0 < first <= second:
        raise ledger_error(
            "RQC-L011", "There is no consistency proof between these sizes.", got=f"{first} and {second}"
        )
    ranges = []
    start, end = 0, second
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # the older tree is not itself one of the subtrees on the way
        ranges.append((start, end))
    ranges.reverse()
    return ranges


def fold_inclusion(leaf: bytes, proof: Sequence[bytes], *, index: int, size: int) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162 section 2.1.3.2).

    Args:
        leaf: leaf hash of the entry.
        proof: hashes from the leaf's sibling to the root's child.
        index: 0-based place of the entry.
        size: leaves of the tree.

    Raises:
        LedgerError: the numbers are impossible, or the proof has too few or too many hashes.

    Example:
        >>> fold_inclusion(b"a", [b"b"], index=0, size=2) == node_hash(b"a", b"b")
        True
    """
    if not 0 <= index < size <= LARGEST_SIZE:
        raise _refused_inclusion("the numbers are impossible", got=f"index {index} of {size}")
    place, last = index, size - 1
    root = leaf
    for sibling in proof:
        if last == 0:
            raise _refused_inclusion("it has too many hashes", got=len(proof))
        if place & 1 or place == last:
            root = node_hash(sibling, root)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            root = node_hash(root, sibling)
        place >>= 1
        last >>= 1
    if last != 0:
        raise _refused_inclusion("it has too few hashes", got=len(proof))
    return root


def verify_inclusion(leaf: bytes, proof: Sequence[bytes], *, index: int, size: int, root: bytes) -> None:
    """Check that a leaf is in a tree.

    Args:
        leaf: leaf hash of the entry, 32 bytes.
        proof: hashes from the leaf's sibling to the root's child.
        index: 0-based place of the entry.
        size: leaves of the tree.
        root: root of the tree.

    Raises:
        LedgerError: `RQC-L010`, the proof does not show it.

    Example:
        >>> verify_inclusion(leaf_hash(b"a"), [], index=0, size=1, root=leaf_hash(b"a"))
    """
    if len(leaf) != HASH_BYTES or any(len(found) != HASH_BYTES for found in proof):
        raise _refused_inclusion("a hash is not 32 bytes long")
    folded = fold_inclusion(leaf, proof, index=index, size=size)
    if folded != root:
        raise _refused_inclusion("it leads to another root", got=folded.hex(), expected=root.hex())


def verify_consistency(
    proof: Sequence[bytes], *, first: int, second: int, first_root: bytes, second_root: bytes
) -> None:
    """Check that a newer tree is an older one with entries added, none changed and none removed.

    Args:
        proof: hashes in the order of RFC 6962 section 2.1.2.
        first: size of the older tree, at least 1.
        second: size of the newer tree.
        first_root: root of the older tree.
        second_root: root of the newer tree.

    Raises:
        LedgerError: `RQC-L011`, the proof does not show it.

    Example:
        >>> verify_consistency([b"b" * 32], first=1, second=2, first_root=b"a" * 32,
        ...     second_root=node_hash(b"a" * 32, b"b" * 32))
    """
    if not 0 < first <= second <= LARGEST_SIZE:
        raise _refused_consistency("the numbers are impossible", got=f"{first} to {second}")
    if first == second:
        if proof:
            raise _refused_consistency("it has too many hashes", got=len(proof))
        if first_root != second_root:
            raise _refused_consistency("two trees of one size differ", got=second_root.hex(), expected=first_root.hex())
        return
    if any(len(found) != HASH_BYTES for found in proof):
        raise _refused_consistency("a hash is not 32 bytes long")
    # An older tree of 2^k leaves is itself a subtree of the newer one and is therefore not repeated in the proof.
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        raise _refused_consistency("it has too few hashes", got=0)
    place, last = first - 1, second - 1
    while place & 1:
        place >>= 1
        last >>= 1
    older = newer = path[0]
    for found in path[1:]:
        if last == 0:
            raise _refused_consistency("it has too many hashes", got=len(proof))
        if place & 1 or place == last:
            older = node_hash(found, older)
            newer = node_hash(found, newer)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            newer = node_hash(newer, found)
        place >>= 1
        last >>= 1
    if last != 0:
        raise _refused_consistency("it has too few hashes", got=len(proof))
    if older != first_root:
        raise _refused_consistency("it does not lead to the older root", got=older.hex(), expected=first_root.hex())
    if newer != second_root:
        raise _refused_consistency("it does not lead to the newer root", got=newer.hex(), expected=second_root.hex())


def _refused_inclusion(why: str, *, got: object = "", expected: object = "") -> Exception:
    return ledger_error(
        "RQC-L010",
        f"The inclusion proof does not hold: {why}.",
        got=got,
        expected=expected,
        action="Do not rely on the entry; ask for a new proof and for the log to be verified.",
    )


def _refused_consistency(why: str, *, got: object = "", expected: object = "") -> Exception:
    return ledger_error(
        "RQC-L011",
        f"The consistency proof does not hold: {why}.",
        got=got,
        expected=expected,
        action="Keep both checkpoints as evidence and have the log verified.",
    )
