"""Sign checkpoints of a stored log, and never one that contradicts another.

Rules, in order; a rule that does not hold stops the signing:

1. every key bears the name of the log;
2. the tree that is stored is the tree that the head row says;
3. it is at least as large as the last one signed, both as the database and as the signer's own memory know it;
4. it is shown by a consistency proof to extend both;
5. the checkpoint is on the disk of the signer's memory before anybody sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.ledger.checkpoint import Checkpoint, SignedCheckpoint
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import verify_consistency
from regenqc.ledger.note import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.errors import LedgerError
    from regenqc.ledger.memory import CheckpointMemory
    from regenqc.ledger.note import Signer, Verifier
    from regenqc.ledger.store import Store
    from regenqc.ledger.tree import StoredTree

__all__ = ["sign_checkpoint"]


def sign_checkpoint(
    store: Store, signers: Sequence[Signer], *, origin: str, memory: CheckpointMemory, now: int
) -> SignedCheckpoint:
    """Return a signed checkpoint of a log; see `Log.checkpoint`."""
    verifiers = [signer.verifier for signer in signers]
    if not signers or any(verifier.name != origin for verifier in verifiers):
        raise ledger_error(
            "RQC-L040",
            "The key is not a key of this log.",
            got=", ".join(verifier.name for verifier in verifiers) or "no key",
            expected=f"a key with the name {origin}",
            action="Make a key with the origin of the log as its name.",
        )
    with memory.hold(origin) as remembered, store.transaction() as transaction:
        tree = transaction.tree()
        now_is = Checkpoint(origin, tree.size, tree.root(tree.size))
        recorded = next(iter(transaction.checkpoints(newest_first=True)), None)
        if now_is.root != transaction.head().root:
            raise _inconsistent(now_is, now_is, "its stored hashes lead to another root than its head row")
        for before in (remembered.latest, recorded):
            if before is not None:
                _check_extends(tree, before.checkpoint, now_is)
        if recorded is not None and recorded.checkpoint == now_is and _signed_by(recorded, verifiers):
            return recorded
        signatures = tuple(signer.sign(now_is.text, time=now) for signer in signers)
        signed = SignedCheckpoint(now_is, Note(now_is.text, signatures))
        remembered.replace(signed)
        transaction.put_checkpoint(signed, signed_at=now)
    return signed


def _signed_by(signed: SignedCheckpoint, verifiers: Sequence[Verifier]) -> bool:
    present = {(found.name, found.key_id) for found in signed.note.signatures}
    return all((verifier.name, verifier.key_id) in present for verifier in verifiers)


def _check_extends(tree: StoredTree, before: Checkpoint, now_is: Checkpoint) -> None:
    if before.origin != now_is.origin:
        raise _inconsistent(before, now_is, f"the memory is that of {before.origin}")
    if now_is.size < before.size:
        raise ledger_error(
            "RQC-L050",
            "The ledger is smaller than the one that was signed last; it was rolled back.",
            got=f"{now_is.size} entries",
            expected=f"at least {before.size}",
            action="Run the recovery drill: the entries from the newest backup or from a witness are missing here.",
        )
    if before.size == 0:
        return
    try:
        verify_consistency(
            tree.consistency_proof(before.size, now_is.size),
            first=before.size,
            second=now_is.size,
            first_root=before.root,
            second_root=now_is.root,
        )
    except Exception as error:
        raise _inconsistent(before, now_is, str(error)) from error


def _inconsistent(before: Checkpoint, now_is: Checkpoint, why: str) -> LedgerError:
    return ledger_error(
        "RQC-L051",
        "The ledger does not extend the one that was signed last; it was rewritten, so nothing is signed.",
        where=f"{before.size} to {now_is.size} entries",
        got=why,
        action="Verify the ledger and restore it from a backup that the witnesses confirm.",
    )
