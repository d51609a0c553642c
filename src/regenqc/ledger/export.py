"""Export a log as a folder of plain files that outlives databases, and bring it back.

Full tiles never change, so exporting again into the same folder only adds what is new; the checkpoint is replaced last.
A folder whose log is not the beginning of this one is refused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from regenqc.ledger.archive import VerifiedArchive, archived_entries, archived_file, verify_archive
from regenqc.ledger.checkpoint import parse_signed_checkpoint
from regenqc.ledger.entries import Appended
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import TILE_WIDTH, Frontier, leaf_hashes, verify_consistency
from regenqc.ledger.tiles import Tile, encode_bundle, tiles_of

if TYPE_CHECKING:
    from regenqc.errors import LedgerError
    from regenqc.ledger.checkpoint import SignedCheckpoint
    from regenqc.ledger.log import Log
    from regenqc.ledger.policy import Policy
    from regenqc.ledger.store import Snapshot

__all__ = ["export_log", "restore_archive"]

_VERIFIER: Final = (
    "errors.py",
    *(
        f"ledger/{name}.py"
        for name in (
            "archive",
            "checkpoint",
            "cosignature",
            "entries",
            "faults",
            "keys",
            "merkle",
            "note",
            "policy",
            "proof",
            "tiles",
        )
    ),
)
_START: Final = '''"""Verify this log: python verifier/verify.py FOLDER POLICY-FILE (needs Python 3.11 and `cryptography`)."""

import sys

from regenqc.ledger.archive import main

sys.exit(main(sys.argv[1:]))
'''
_README: Final = """This folder is a transparency log
{line}

Log:     {origin}
Entries: {size}

checkpoint        what the log said of itself, signed (C2SP signed-note and tlog-checkpoint)
tile/entries/...  the entries, 256 in a file, each with its length in two bytes before it
tile/0/...        their hashes: SHA-256 of a zero byte and the entry
tile/1/... etc.   the hashes above them: the tree of RFC 6962, 8 levels in a file
tile/keys/...     the names under which the entries were recorded; not covered by the tree
blobs/...         larger content that entries name by its SHA-256, which is the name of the file
policy.txt        whom the exporter believed (C2SP tlog-policy)
verifier/         source that verifies all this

To verify: python verifier/verify.py . policy.txt
It needs Python 3.11 or later and the library `cryptography`. First compare the keys in policy.txt with those that you
were given by another way: whoever could change this folder could change that file too.
"""


def export_log(log: Log, folder: str | Path, *, policy: Policy) -> VerifiedArchive:
    """Write the entries under the newest trusted checkpoint as a tlog-tiles folder, and verify what was written.

    Args:
        log: the log.
        folder: made when it is not there; when it is an earlier export of the same log, it is brought up to date.
        policy: whose checkpoint is exported; also written into the folder.

    Raises:
        LedgerError: `RQC-L061` there is no such checkpoint, `RQC-L081` the folder holds another log, or the store is
            damaged and would not give a log that verifies.
    """
    folder = Path(folder)
    signed = log.latest_checkpoint(policy=policy)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with log.read() as snapshot:
            before = _check_extends(snapshot, folder, signed)
            _write_entries(snapshot, folder, signed, start=before // TILE_WIDTH * TILE_WIDTH)
            for digest in snapshot.blob_digests():
                name = digest.hex()
                if not (folder / "blobs" / name[:2] / name).exists():
                    _write(folder / "blobs" / name[:2] / name, snapshot.blob(digest) or b"")
        _write_verifier(folder)
        _write(folder / "policy.txt", policy.text.encode())
        readme = _README.format(line="=" * 33, origin=signed.origin, size=signed.size)
        _write(folder / "README.txt", readme.encode())
        _write(folder / "checkpoint", signed.encoded)
    except OSError as error:
        raise ledger_error(
            "RQC-L081", "The export cannot be written.", where=str(folder), got=error.strerror, action="Make room."
        ) from error
    return verify_archive(folder, policy=policy)


def _check_extends(snapshot: Snapshot, folder: Path, signed: SignedCheckpoint) -> int:
    """Return how many entries the folder has already."""
    if not (folder / "checkpoint").exists():
        return 0
    before = parse_signed_checkpoint(archived_file(folder, "checkpoint"))
    if before.origin != signed.origin or before.size > signed.size:
        raise _another_log(folder, f"{before.origin}, {before.size} entries", f"{signed.origin}, {signed.size} entries")
    if before.size:
        verify_consistency(
            snapshot.tree().consistency_proof(before.size, signed.size),
            first=before.size,
            second=signed.size,
            first_root=before.root,
            second_root=signed.root,
        )
    return before.size


def _another_log(folder: Path, got: str, expected: str) -> LedgerError:
    return ledger_error(
        "RQC-L081",
        "The folder holds another log, or a longer one.",
        where=str(folder),
        got=got,
        expected=expected,
        action="Name an empty folder.",
    )


def _write_entries(snapshot: Snapshot, folder: Path, signed: SignedCheckpoint, *, start: int) -> None:
    for chunk in snapshot.chunks(start, signed.size, rows=TILE_WIDTH):
        first = chunk[0].index if chunk else 0
        number, width = first // TILE_WIDTH, len(chunk)
        bodies = [entry.body for entry in chunk]
        _write(folder / Tile("entries", number, width).path, encode_bundle(bodies))
        _write(folder / Tile("keys", number, width).path, encode_bundle(entry.key for entry in chunk))
        _write(folder / Tile("0", number, width).path, b"".join(leaf_hashes(bodies)))
    for tile in tiles_of(signed.size):
        if tile.kind != "0" and (tile.width < TILE_WIDTH or not (folder / tile.path).exists()):
            first = tile.number * TILE_WIDTH
            _write(folder / tile.path, b"".join(snapshot.nodes(int(tile.kind), first, first + tile.width)))


def _write_verifier(folder: Path) -> None:
    source = Path(__file__).resolve().parents[1]
    for name in _VERIFIER:
        _write(folder / "verifier" / "regenqc" / name, (source / name).read_bytes())
    for empty in ("__init__.py", "ledger/__init__.py"):
        _write(folder / "verifier" / "regenqc" / empty, b"")
    _write(folder / "verifier" / "verify.py", _START.encode())


def _write(path: Path, data: bytes) -> None:
    """Write a file so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def restore_archive(folder: str | Path, log: Log, *, policy: Policy) -> SignedCheckpoint:
    """Record the entries of an exported log in an empty ledger of the same origin, on either store.

    Args:
        folder: an export.
        log: an empty ledger.
        policy: whom to believe.

    Returns:
        The checkpoint that the restored ledger has been shown to agree with; it is recorded in it too.

    Raises:
        LedgerError: `RQC-L082`, the ledger is not empty, has another origin, or did not become the log that was signed.
        SignatureError: the policy does not trust the export.
    """
    folder = Path(folder)
    trusted = policy.trust(archived_file(folder, "checkpoint"))
    signed = trusted.signed
    if log.size or log.origin != signed.origin:
        raise _not_restored(f"{log.origin}, {log.size} entries", f"{signed.origin}, empty")
    frontier = Frontier()
    waiting = []
    for chunk in archived_entries(folder, signed.size):
        waiting += chunk
        frontier, _ = frontier.extended(leaf_hashes([entry.body for entry in chunk]))
        if len(waiting) >= 8_192 or frontier.size == signed.size:
            outcomes = log.append(waiting)
            refused = [outcome for outcome in outcomes if not isinstance(outcome, Appended) or outcome.again]
            if refused:
                raise _not_restored(refused[0], "every entry recorded anew")
            waiting = []
    for blob in sorted((folder / "blobs").glob("*/*")):
        log.put_blob(blob.read_bytes())
    if frontier.root != signed.root:
        raise _not_restored(frontier.root.hex(), signed.root.hex())
    with log.store.transaction() as transaction:
        if transaction.head().root != signed.root:
            raise _not_restored(transaction.head().root.hex(), signed.root.hex())
        transaction.put_checkpoint(signed, signed_at=trusted.witnessed_at or 0)
    return signed


def _not_restored(got: object, expected: str) -> LedgerError:
    return ledger_error(
        "RQC-L082",
        "The export was not restored.",
        got=got,
        expected=expected,
        action="Restore into a new, empty ledger, from a copy that verifies.",
    )
