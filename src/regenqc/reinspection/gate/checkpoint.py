"""While the network is down: by which checkpoint the ledger is known, and how old that knowledge is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.custody.moments import milliseconds_of, moment_of_milliseconds
from regenqc.custody.projection.source import TableSource
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from regenqc.ledger import Policy, Snapshot

__all__ = ["KnownCheckpoint", "known_checkpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCheckpoint:
    """Hold the last checkpoint that this copy of the ledger was synchronised with.

    Args:
        size: number of events that it covers.
        known_at: latest moment for which the ledger is known to be complete: when a witness saw the checkpoint, otherwise
            when the last event that it covers was recorded; empty when neither is known.
        age_seconds: from then to now.
        fault: why it cannot be believed; empty when it can.
    """

    size: int = 0
    known_at: str = ""
    age_seconds: int = 0
    fault: str = ""

    @property
    def age_text(self) -> str:
        """Return the age in words.

        Example:
            >>> KnownCheckpoint(age_seconds=7_380).age_text
            '2 h 3 min'
        """
        hours, minutes = divmod(self.age_seconds // 60, 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def known_checkpoint(view: Snapshot, data: bytes, *, policy: Policy, now: str) -> KnownCheckpoint:
    """Return what a checkpoint says about a copy of a ledger.

    Args:
        view: of the copy.
        data: the signed checkpoint, as it was received last.
        policy: whom to believe.
        now: the present moment.
    """
    try:
        trusted = policy.trust(data, now=milliseconds_of(now) // 1000)
        checkpoint = trusted.signed.checkpoint
        if checkpoint.size > view.size():
            fault = f"the copy holds {view.size():,} events, the checkpoint covers {checkpoint.size:,}"
            return KnownCheckpoint(size=checkpoint.size, fault=fault)
        if view.tree().root(checkpoint.size) != checkpoint.root:
            return KnownCheckpoint(size=checkpoint.size, fault="the copy is not the ledger of this checkpoint")
        witnessed = trusted.witnessed_at
        if witnessed is not None:
            known_at = moment_of_milliseconds(witnessed * 1000)
        elif checkpoint.size:
            known_at = TableSource(view).event(checkpoint.size - 1).record_time
        else:
            return KnownCheckpoint(fault="the checkpoint covers no event")
    except RegenqcError as error:
        return KnownCheckpoint(fault=error.faults[0].what.rstrip("."))
    age = (milliseconds_of(now) - milliseconds_of(known_at)) // 1000
    if age < 0:
        return KnownCheckpoint(
            size=checkpoint.size, known_at=known_at, fault=f"the checkpoint is from {known_at}, ahead of this clock"
        )
    return KnownCheckpoint(size=checkpoint.size, known_at=known_at, age_seconds=age)
