"""The recovery drill: restore a backup into a scratch place, and prove that it is, or is not, behind the witness.

A backup that verifies in itself may still be old. Only a checkpoint that somebody else kept tells; so the drill compares
the restored log with the newest checkpoints of the witnesses, and says how many entries would be lost.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from regenqc.errors import RegenqcError
from regenqc.ledger.checkpoint import parse_signed_checkpoint
from regenqc.ledger.export import restore_archive
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.log import Log
from regenqc.ledger.sqlite_session import translated
from regenqc.ledger.verification import REWRITTEN, ROLLED_BACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.ledger.policy import Policy
    from regenqc.ledger.verification import Auditor, Verification

__all__ = ["DrillReport", "DrillVerdict", "back_up_sqlite", "recovery_drill"]

DrillVerdict = Literal["recoverable", "behind", "rewritten", "damaged"]


@dataclass(frozen=True, slots=True)
class DrillReport:
    """Hold the outcome of a recovery drill.

    Args:
        verdict: `recoverable`, everything witnessed is there; `behind`, entries that were witnessed are missing and the
            rest is right; `rewritten`, a witnessed entry is another one; `damaged`, the backup does not verify in itself.
        backup: what was restored.
        restored_size: entries in it.
        witnessed_size: entries under the newest checkpoint held elsewhere.
        verification: everything that was found.
    """

    verdict: DrillVerdict
    backup: str
    restored_size: int
    witnessed_size: int
    verification: Verification

    @property
    def ok(self) -> bool:
        """Return whether one could go on from this backup without losing what was witnessed."""
        return self.verdict == "recoverable"

    @property
    def missing(self) -> int:
        """Return how many witnessed entries the backup lacks."""
        return max(0, self.witnessed_size - self.restored_size)

    @property
    def unwitnessed(self) -> int:
        """Return how many entries no witness had seen when the backup was made: a newer backup could lack them unseen."""
        return max(0, self.restored_size - self.witnessed_size)


def back_up_sqlite(url: str, target: str | Path) -> Path:
    """Copy a SQLite ledger while it is in use, as it is at one moment, and return where.

    Args:
        url: `sqlite:///…`; it is only read.
        target: must not be there yet.

    Raises:
        LedgerError: `RQC-L083`, the target is there already, or it cannot be written.
    """
    target = Path(target)
    if target.exists():
        raise ledger_error("RQC-L083", "The backup is there already.", where=str(target), action="Name another file.")
    new = target.with_name(f"{target.name}.new")
    new.unlink(missing_ok=True)
    with Log.open(url, read_only=True) as log:  # refuses what is not a ledger
        source = f"file:{quote(str(getattr(log.store, 'path', '')))}?mode=ro"
        try:
            with closing(sqlite3.connect(source, uri=True)) as ledger, closing(sqlite3.connect(new)) as copy:
                ledger.backup(copy)
        except sqlite3.Error as error:
            raise translated(error, where=str(target)) from error
    with new.open("rb") as written:
        os.fsync(written.fileno())
    new.replace(target)
    return target


def recovery_drill(
    backup: str | Path,
    *,
    scratch: str | Path,
    policy: Policy,
    witnessed: Sequence[bytes],
    auditor: Auditor | None = None,
) -> DrillReport:
    """Restore a backup into a scratch place, verify it, and compare it with what witnesses hold.

    Args:
        backup: a copy of a SQLite ledger, an exported folder, or the `postgresql://` URL of a database into which a dump
            was restored (it is only read). The backup itself is not touched.
        scratch: an empty or new folder; the restored ledger stays there.
        policy: whom to believe; its quorum is asked of the checkpoints in `witnessed`.
        witnessed: signed checkpoints from elsewhere: the memories of witnesses and signers, or proofs handed out.
        auditor: recomputes the tables of the layer above.

    Raises:
        LedgerError: `RQC-L084`, there is nothing to compare with; otherwise the backup cannot be read at all.
        SignatureError: the policy does not trust a checkpoint in `witnessed`.
    """
    sizes = [policy.trust(data).signed.size for data in witnessed]
    if not sizes:
        raise ledger_error(
            "RQC-L084",
            "There is no checkpoint from elsewhere to compare with.",
            expected="at least one, of a witness or of the signer's memory",
            action="Fetch one: without it a drill cannot tell an old backup from a new one.",
        )
    with _restored(str(backup), Path(scratch), policy) as log:
        verification = log.verify(policy=policy, outside=witnessed, auditor=auditor)
    largest = max(sizes)
    return DrillReport(
        verdict=_verdict(verification),
        backup=str(backup) if "://" not in str(backup) else log.store.url,
        restored_size=verification.size,
        witnessed_size=largest,
        verification=verification,
    )


def _restored(backup: str, scratch: Path, policy: Policy) -> Log:
    if backup.startswith(("postgresql://", "postgres://")):
        return Log.open(backup, read_only=True)
    source = Path(backup.removeprefix("sqlite:///"))
    ledger = scratch / "ledger.db"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        if ledger.exists():
            raise ledger_error("RQC-L083", "The scratch folder is in use.", where=str(ledger), action="Name another.")
        if not source.is_dir():
            for ending in ("", "-wal"):
                if Path(f"{source}{ending}").exists() or not ending:
                    shutil.copyfile(f"{source}{ending}", f"{ledger}{ending}")
    except OSError as error:
        raise ledger_error("RQC-L083", "The backup cannot be copied.", where=str(source), got=error.strerror) from error
    if not source.is_dir():
        return Log.open(
            f"sqlite:///{ledger.absolute()}", read_only=True
        )  # a damaged one is to be reported, not refused
    origin = parse_signed_checkpoint((source / "checkpoint").read_bytes()).origin
    log = Log.open(f"sqlite:///{ledger.absolute()}", origin=origin)
    try:
        restore_archive(source, log, policy=policy)
    except RegenqcError:
        log.close()
        raise
    return log


def _verdict(verification: Verification) -> DrillVerdict:
    if verification.ok:
        return "recoverable"
    codes = {found.fault.code for found in verification.detections}
    if verification.detectors == {"outside_checkpoint"} and codes <= {ROLLED_BACK, REWRITTEN}:
        return "rewritten" if REWRITTEN in codes else "behind"
    return "damaged"
