"""A log that can be proved; it does not know what its entries mean.

>>> from regenqc.ledger import Entry, Log, Policy, verify_proof
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regenqc.ledger.checkpoint import Checkpoint, SignedCheckpoint, parse_signed_checkpoint
    from regenqc.ledger.entries import Appended, Entry, Outcome, Refused, StoredEntry
    from regenqc.ledger.keys import make_key, parse_public_key, parse_secret_key
    from regenqc.ledger.log import Log
    from regenqc.ledger.memory import CheckpointMemory
    from regenqc.ledger.policy import Policy, TrustedCheckpoint, parse_policy
    from regenqc.ledger.proof import VerifiedEntry, verify_proof
    from regenqc.ledger.store import Projection, Snapshot, Store, Transaction, open_store
    from regenqc.ledger.verification import Auditor, Detection, Verification, verify_log

__all__ = [
    "Appended",
    "Auditor",
    "Checkpoint",
    "CheckpointMemory",
    "Detection",
    "Entry",
    "Log",
    "Outcome",
    "Policy",
    "Projection",
    "Refused",
    "SignedCheckpoint",
    "Snapshot",
    "Store",
    "StoredEntry",
    "Transaction",
    "TrustedCheckpoint",
    "Verification",
    "VerifiedEntry",
    "make_key",
    "open_store",
    "parse_policy",
    "parse_public_key",
    "parse_secret_key",
    "parse_signed_checkpoint",
    "verify_log",
    "verify_proof",
]

# Imported on first use: whoever verifies a proof loads no database.
_HOMES = {
    "Appended": "entries",
    "Auditor": "verification",
    "Checkpoint": "checkpoint",
    "CheckpointMemory": "memory",
    "Detection": "verification",
    "Entry": "entries",
    "Log": "log",
    "Outcome": "entries",
    "Policy": "policy",
    "Projection": "store",
    "Refused": "entries",
    "SignedCheckpoint": "checkpoint",
    "Snapshot": "store",
    "Store": "store",
    "StoredEntry": "entries",
    "Transaction": "store",
    "TrustedCheckpoint": "policy",
    "Verification": "verification",
    "VerifiedEntry": "proof",
    "make_key": "keys",
    "open_store": "store",
    "parse_policy": "policy",
    "parse_public_key": "keys",
    "parse_secret_key": "keys",
    "parse_signed_checkpoint": "checkpoint",
    "verify_log": "verification",
    "verify_proof": "proof",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'regenqc.ledger' has no attribute '{name}'")
    value = getattr(import_module(f"regenqc.ledger.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
