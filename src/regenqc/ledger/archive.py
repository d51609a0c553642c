"""Read a log that was exported as a folder, and verify it with nothing but its files and pinned keys.

The folder is a C2SP tlog-tiles log (`checkpoint`, `tile/…`), with the keys of the entries beside it (`tile/keys/…`, in the
form of entry bundles), the blobs (`blobs/…`), and a copy of this source. This module and what it imports use the standard
library and `cryptography`, nothing else, and are copied into every export: `python verifier/verify.py`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc.errors import RegenqcError
from regenqc.ledger.entries import Entry
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import TILE_WIDTH, Frontier, leaf_hashes
from regenqc.ledger.policy import parse_policy
from regenqc.ledger.tiles import Tile, bundles_of, decode_bundle, decode_tile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.errors import LedgerError
    from regenqc.ledger.policy import Policy, TrustedCheckpoint

__all__ = ["VerifiedArchive", "archived_entries", "archived_file", "verify_archive"]


@dataclass(frozen=True, slots=True)
class VerifiedArchive:
    """Say what was verified: every entry, tile and blob of the folder, against the checkpoint in it."""

    trusted: TrustedCheckpoint
    entries: int
    tiles: int
    blobs: int


def archived_file(folder: Path, name: str) -> bytes:
    """Return a file of an exported log.

    Raises:
        LedgerError: `RQC-L081`, it is not there or cannot be read.
    """
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ledger_error(
            "RQC-L081",
            "A file of the exported log cannot be read.",
            where=str(folder / name),
            got=error.strerror,
            action="Take it from another copy.",
        ) from error


def archived_entries(folder: Path, size: int) -> Iterator[list[Entry]]:
    """Yield the entries of an exported log in order, bundle by bundle, with their keys."""
    for bundle in bundles_of(size):
        keys = bundle._replace(kind="keys")
        bodies = decode_bundle(archived_file(folder, bundle.path), width=bundle.width, where=bundle.path)
        names = decode_bundle(archived_file(folder, keys.path), width=keys.width, where=keys.path)
        yield [Entry(key, body) for key, body in zip(names, bodies, strict=True)]


def verify_archive(folder: str | Path, *, policy: Policy, now: int | None = None) -> VerifiedArchive:
    """Verify an exported log: signatures of its checkpoint, every entry, every tile, every blob.

    Args:
        folder: where `checkpoint` and `tile` are.
        policy: whom to believe; pinned, not taken from the folder.
        now: seconds since 1970 UTC; with it, cosignatures dated in the future are refused.

    Raises:
        LedgerError: `RQC-L081`, a file is missing, damaged or not the one that was signed.
        SignatureError: the policy does not trust the checkpoint.
    """
    folder = Path(folder)
    trusted = policy.trust(archived_file(folder, "checkpoint"), now=now)
    size = trusted.signed.size
    frontier = Frontier()
    tiles = 0
    above: dict[int, list[bytes]] = {}
    for chunk in archived_entries(folder, size):
        leaves = leaf_hashes([entry.body for entry in chunk])
        tiles += _check_tile(folder, Tile("0", frontier.size // TILE_WIDTH, len(leaves)), leaves)
        frontier, nodes = frontier.extended(leaves)
        for node in nodes:
            above.setdefault(node.level, []).append(node.hash)
    if frontier.root != trusted.signed.root:
        raise _not_signed("checkpoint", "the entries lead to another root")
    for level, hashes in above.items():
        for number in range(0, len(hashes), TILE_WIDTH):
            some = hashes[number : number + TILE_WIDTH]
            tiles += _check_tile(folder, Tile(str(level), number // TILE_WIDTH, len(some)), some)
    return VerifiedArchive(trusted, size, tiles, _check_blobs(folder))


def _check_tile(folder: Path, tile: Tile, hashes: Sequence[bytes]) -> int:
    if decode_tile(archived_file(folder, tile.path), width=tile.width, where=tile.path) != hashes:
        raise _not_signed(tile.path, "its hashes are not those of the entries")
    return 1


def _check_blobs(folder: Path) -> int:
    blobs = sorted((folder / "blobs").glob("*/*")) if (folder / "blobs").is_dir() else []
    for blob in blobs:
        name = f"blobs/{blob.parent.name}/{blob.name}"
        if sha256(archived_file(folder, name)).hexdigest() != blob.name:
            raise _not_signed(name, "its content is not what its name says")
    return len(blobs)


def _not_signed(where: str, why: str) -> LedgerError:
    return ledger_error(
        "RQC-L081",
        f"The exported log is not the one that was signed: {why}.",
        where=where,
        action="Keep it as evidence and use another copy.",
    )


def main(arguments: Sequence[str]) -> int:
    """Verify the folder named first under the policy file named second; print the outcome."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python verifier/verify.py FOLDER POLICY-FILE\n")
        return 2
    try:
        policy = parse_policy(Path(arguments[1]).read_text(encoding="utf-8"))
        found = verify_archive(arguments[0], policy=policy)
    except (RegenqcError, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"NOT VERIFIED\n{error}\n")
        return 5
    witnesses = ", ".join(witness.name for witness in found.trusted.witnesses) or "none asked for"
    sys.stdout.write(
        f"Verified: {found.entries} entries, {found.tiles} tiles, {found.blobs} blobs\n"
        f"Log:       {found.trusted.signed.origin}\n"
        f"Root:      {found.trusted.signed.root.hex()}\n"
        f"Witnesses: {witnesses}\n"
    )
    return 0
