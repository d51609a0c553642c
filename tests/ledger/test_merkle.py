"""The tree is that of RFC 6962, for every size up to 130, against a recursive oracle."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.errors import LedgerError
from regenqc.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    node_hash,
    tree_hash,
    verify_consistency,
    verify_inclusion,
)
from regenqc.ledger.tree import StoredTree, TileCache

from . import oracle
from .vectors_of_others import ABSENT, vectors

LARGEST = 130
# Roots over the first 0 to 8 of the inputs that implementations of RFC 6962 have tested with since Certificate Transparency.
REFERENCE_INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
REFERENCE_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def stored(size: int, *, cache: TileCache | None = None) -> StoredTree:
    """Return a tree of the oracle's leaves, stored as leaves and inner hashes of full tiles."""
    _, nodes = Frontier().extended(oracle.LEAVES[:size])
    inner = {(node.level, node.position): node.hash for node in nodes}

    def hashes(level: int, start: int, end: int) -> list[bytes]:
        if level == 0:
            return oracle.LEAVES[start:end]
        return [inner[level, position] for position in range(start, end)]

    return StoredTree(size, hashes, cache=cache)


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_that_certificate_transparency_has_always_had(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in REFERENCE_INPUTS[:size]]
    assert tree_hash(leaves).hex() == REFERENCE_ROOTS[size]


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_the_root_is_that_of_the_recursive_definition(size: int) -> None:
    assert tree_hash(oracle.LEAVES[:size]) == oracle.root(0, size)
    assert stored(size).root(size) == oracle.root(0, size)


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_inclusion_proof_is_that_of_the_recursive_definition_and_verifies(size: int) -> None:
    tree = stored(LARGEST)
    for index in range(size):
        proof = tree.inclusion_proof(index, size)
        assert proof == oracle.inclusion(index, 0, size)
        verify_inclusion(oracle.LEAVES[index], proof, index=index, size=size, root=oracle.root(0, size))


@pytest.mark.parametrize("second", range(1, LARGEST + 1))
def test_every_consistency_proof_is_that_of_the_recursive_definition_and_verifies(second: int) -> None:
    tree = stored(LARGEST)
    for first in range(1, second + 1):
        proof = tree.consistency_proof(first, second)
        assert proof == oracle.consistency(first, second)
        verify_consistency(
            proof, first=first, second=second, first_root=oracle.root(0, first), second_root=oracle.root(0, second)
        )


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 700])
def test_proofs_over_several_tiles_are_those_of_the_recursive_definition(size: int) -> None:
    tree = stored(size)
    for index in range(0, size, 13):
        assert tree.inclusion_proof(index, size) == oracle.inclusion(index, 0, size)
    for first in range(1, size, 13):
        assert tree.consistency_proof(first, size) == oracle.consistency(first, size)


def test_tiles_kept_from_a_smaller_tree_serve_a_larger_one() -> None:
    cache = TileCache()
    for size in range(200, 700, 37):
        tree = stored(size, cache=cache)
        assert [tree.inclusion_proof(index, size) for index in (0, size // 2, size - 1)] == [
            oracle.inclusion(index, 0, size) for index in (0, size // 2, size - 1)
        ]


@pytest.mark.parametrize("size", range(1, 40))
def test_no_altered_inclusion_proof_verifies(size: int) -> None:
    root = oracle.root(0, size)
    for index in range(size):
        proof = oracle.inclusion(index, 0, size)
        leaf = oracle.LEAVES[index]
        altered = [
            *((other, proof, size, root) for other in (index - 1, index + 1, index ^ 2, index + size, -1)),
            *((index, proof, other, root) for other in (size * 2, size // 2, 0, -1)),
            (index, [*proof, b"\x00" * 32], size, root),
            (index, [b"\x00" * 32, *proof], size, root),
            (index, [*proof, root], size, root),
            (index, [root, *proof], size, root),
            (index, proof, size, b""),
            (index, proof, size, b"\x00" * 32),
            (index, [*proof, b""], size, root),
        ]
        altered += [(index, [*proof[:at], *proof[at + 1 :]], size, root) for at in range(len(proof))]
        altered += [(index, [*proof[:at], flip(proof[at]), *proof[at + 1 :]], size, root) for at in range(len(proof))]
        for place, path, count, claimed in altered:
            with pytest.raises(LedgerError, match="RQC-L010"):
                verify_inclusion(leaf, path, index=place, size=count, root=claimed)
        with pytest.raises(LedgerError, match="RQC-L010"):
            verify_inclusion(flip(leaf), proof, index=index, size=size, root=root)


@pytest.mark.parametrize("second", range(2, 34))
def test_no_altered_consistency_proof_verifies(second: int) -> None:
    for first in range(1, second):
        proof = oracle.consistency(first, second)
        one, two = oracle.root(0, first), oracle.root(0, second)
        altered = [
            (proof, 0, second, one, two),
            (proof, second, first, one, two),
            (proof, first, second, two, one),
            (proof, first, second, flip(one), two),
            (proof, first, second, one, flip(two)),
            (proof, first, second * 2, one, two),
            (proof, first, first, one, one),
            ([*proof, b"\x00" * 32], first, second, one, two),
            ([b"\x00" * 32, *proof], first, second, one, two),
            ([*proof, one], first, second, one, two),
            ([two, *proof], first, second, one, two),
            (proof[:-1], first, second, one, two),
            ([], first, second, one, two),
        ]
        altered += [
            ([*proof[:at], flip(proof[at]), *proof[at + 1 :]], first, second, one, two) for at in range(len(proof))
        ]
        for path, size_one, size_two, root_one, root_two in altered:
            with pytest.raises(LedgerError, match="RQC-L011"):
                verify_consistency(path, first=size_one, second=size_two, first_root=root_one, second_root=root_two)


@given(st.lists(st.integers(0, 300), max_size=6))
def test_the_right_edge_does_not_depend_on_how_leaves_arrive(steps: list[int]) -> None:
    frontier, seen = Frontier(), []
    for count in steps:
        frontier, nodes = frontier.extended(oracle.LEAVES[frontier.size % 300 :][:count])
        seen += nodes
    leaves: list[bytes] = []
    for count in steps:
        leaves += oracle.LEAVES[len(leaves) % 300 :][:count]
    at_once, nodes = Frontier().extended(leaves)
    assert at_once == frontier
    assert sorted(seen) == sorted(nodes)


def test_inner_hashes_are_kept_for_every_full_tile_and_no_other() -> None:
    _, nodes = Frontier().extended([bytes(32)] * (256 * 256 + 300))
    assert sum(node.level == 1 for node in nodes) == 257
    assert [node.position for node in nodes if node.level == 2] == [0]


def test_a_right_edge_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(LedgerError, match="RQC-L036"):
        Frontier(3, (bytes(32),))


def test_a_store_that_lacks_hashes_is_refused() -> None:
    tree = StoredTree(10, lambda _level, start, end: oracle.LEAVES[start : end - 1])
    with pytest.raises(LedgerError, match="RQC-L036"):
        tree.root(10)


def test_a_size_that_the_log_never_had_is_refused() -> None:
    with pytest.raises(LedgerError, match="RQC-L060"):
        stored(7).root(8)


def test_a_leaf_cannot_pass_for_an_inner_node() -> None:
    assert leaf_hash(b"\x01" + bytes(64)) != node_hash(bytes(32), bytes(32))
    assert sha256(b"").digest() == EMPTY_ROOT


# ---- vectors of github.com/transparency-dev/merkle ------------------------------------------------------------------


def published(kind: str) -> list[object]:
    folder = vectors("transparency-dev-merkle")
    if folder is None:
        return [pytest.param(None, marks=pytest.mark.skip(reason=ABSENT), id=f"no {kind} vectors")]
    files = sorted((folder / "testdata" / kind).rglob("*.json"))
    return [pytest.param(json.loads(file.read_text()), id=f"{file.parent.name} {file.stem}") for file in files]


def test_all_published_vectors_are_run() -> None:
    if vectors("transparency-dev-merkle") is None:
        pytest.skip(ABSENT)
    assert (len(published("inclusion")), len(published("consistency"))) == (98, 98)


def decoded(values: list[str] | None) -> list[bytes]:
    return [b64decode(value) for value in values or []]


@pytest.mark.parametrize("vector", published("inclusion"))
def test_published_inclusion_vector(vector: dict[str, object]) -> None:
    def check() -> None:
        verify_inclusion(
            b64decode(vector["leafHash"] or ""),
            decoded(vector["proof"]),
            index=vector["leafIdx"],
            size=vector["treeSize"],
            root=b64decode(vector["root"] or ""),
        )

    if vector["wantErr"]:
        with pytest.raises(LedgerError, match="RQC-L010"):
            check()
    else:
        check()


@pytest.mark.parametrize("vector", published("consistency"))
def test_published_consistency_vector(vector: dict[str, object]) -> None:
    def check() -> None:
        verify_consistency(
            decoded(vector["proof"]),
            first=vector["size1"],
            second=vector["size2"],
            first_root=b64decode(vector["root1"] or ""),
            second_root=b64decode(vector["root2"] or ""),
        )

    if vector["wantErr"]:
        with pytest.raises(LedgerError, match="RQC-L011"):
            check()
    else:
        check()


def flip(value: bytes) -> bytes:
    """Return the bytes with one bit changed."""
    return bytes([value[0] ^ 16]) + value[1:]


def test_the_oracle_knows_no_two_equal_roots() -> None:
    roots = [oracle.root(0, size) for size in range(LARGEST)]
    assert all(one != two for one, two in pairwise(roots))
