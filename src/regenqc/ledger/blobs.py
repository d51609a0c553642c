"""Blobs: content too large for an entry, kept under its own SHA-256.

The entry records the digest, and the tree covers the entry; so whoever has the blob can show that it is the one that
was recorded, and nobody can exchange it. A blob is kept before the entry that names it is recorded.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from regenqc.ledger.faults import fault, ledger_error

if TYPE_CHECKING:
    from regenqc.errors import Fault
    from regenqc.ledger.store import Snapshot, Store

__all__ = ["LARGEST_BLOB_BYTES", "damaged_blobs", "get_blob", "put_blob"]

LARGEST_BLOB_BYTES: Final = 64 * 1024 * 1024


def put_blob(store: Store, data: bytes) -> bytes:
    """Keep a blob durably and return its SHA-256.

    Args:
        store: where to keep it.
        data: at most 64 MiB; what is kept already is not kept twice.

    Raises:
        LedgerError: `RQC-L022`, it is too large, or it could not be kept.
    """
    if len(data) > LARGEST_BLOB_BYTES:
        raise ledger_error(
            "RQC-L022",
            "The blob is too large.",
            got=f"{len(data)} bytes",
            expected=f"at most {LARGEST_BLOB_BYTES} bytes",
            action="Divide it and record a digest for each part.",
        )
    digest = sha256(data).digest()
    with store.snapshot() as snapshot:
        if snapshot.blob(digest) == data:
            return digest
    with store.transaction() as transaction:
        transaction.put_blob(digest, data)
    return digest


def get_blob(snapshot: Snapshot, digest: bytes) -> bytes:
    """Return the blob with that SHA-256, after checking that it is.

    Raises:
        LedgerError: `RQC-L022`, it is not kept, or what is kept is not it.
    """
    data = snapshot.blob(digest)
    if data is None:
        raise ledger_error("RQC-L022", "The blob is not kept here.", got=digest.hex())
    found = sha256(data).digest()
    if found != digest:
        raise ledger_error(
            "RQC-L022",
            "The blob is not the one that was kept.",
            got=found.hex(),
            expected=digest.hex(),
            action="Restore it from a backup; the digest tells when it is right.",
        )
    return data


def damaged_blobs(snapshot: Snapshot) -> list[Fault]:
    """Return a fault for every blob whose content is not what its digest says."""
    faults = []
    for digest in snapshot.blob_digests():
        data = snapshot.blob(digest) or b""
        if sha256(data).digest() != digest:
            faults.append(
                fault(
                    "RQC-L022",
                    "A blob is not the one that was kept.",
                    where=digest.hex(),
                    got=sha256(data).hexdigest(),
                    expected=digest.hex(),
                    action="Restore it from a backup.",
                )
            )
    return faults
