"""The keys of the log itself, as events: from which entry on one signs, and from which one does not any more.

The log is an actor of its own book, and its keys bear its origin as their name. `actor_enrolled` with such a key says that the
log signs with it from there on; `key_revoked` says that it does no more. A key that no event names, the first one, is in force
from the start. What a
checkpoint of so many entries is signed with must be in force for that tree: the thief of a revoked key signs nothing new that
the log itself does not contradict. A revocation stays, also when a correction makes its event void.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from regenqc.custody.canonical import decode_event
from regenqc.errors import DataError, Fault, LedgerError, RegenqcError
from regenqc.ledger.checkpoint import parse_signed_checkpoint
from regenqc.ledger.faults import fault, ledger_error
from regenqc.ledger.keys import parse_public_key
from regenqc.ledger.verification import Detection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.ledger import Policy, SignedCheckpoint, Snapshot, Verification
    from regenqc.ledger.note import Verifier
    from regenqc.ledger.verification import Detector

__all__ = ["KeyPeriods", "check_may_sign", "key_periods", "with_keys_in_force"]

_ENROLLED: Final = "actor_enrolled"
_REVOKED: Final = "key_revoked"
_MOST_FAULTS: Final = 20


@dataclass(frozen=True, slots=True)
class KeyPeriods:
    """Say for which trees each key of a log signs.

    Args:
        since: name and key id of each enrolled key, and the entry that enrols it first.
        until: name and key id of each revoked key, and the entry that revokes it first.

    Example:
        >>> periods = KeyPeriods(since={("a", b"new"): 7}, until={("a", b"old"): 8})
        >>> [periods.is_in_force(("a", b"old"), size=size) for size in (8, 9)]
        [True, False]
        >>> [periods.is_in_force(("a", b"new"), size=size) for size in (7, 8)]
        [False, True]
    """

    since: dict[tuple[str, bytes], int]
    until: dict[tuple[str, bytes], int]

    def is_in_force(self, key: tuple[str, bytes], *, size: int) -> bool:
        """Return whether a key signs trees of so many entries."""
        begins, ends = self.since.get(key), self.until.get(key)
        return (begins is None or size > begins) and (ends is None or size <= ends)


def key_periods(view: Snapshot, *, origin: str) -> KeyPeriods:
    """Return what the events of a book say about the keys of its log.

    Args:
        view: of a book of custody.
        origin: of the log.
    """
    since: dict[tuple[str, bytes], int] = {}
    until: dict[tuple[str, bytes], int] = {}
    for (index,) in view.execute(
        "SELECT s.event FROM custody_step s JOIN custody_name n ON n.number = s.kind "
        "WHERE n.text IN (?, ?) ORDER BY s.event",
        (_ENROLLED, _REVOKED),
    ):
        event = decode_event(view.entry(index).body)
        periods = since if event.kind == _ENROLLED else until
        for text in event.keys:
            with suppress(LedgerError):  # what is no key of a log signs no checkpoint
                key = parse_public_key(text)
                if key.name == origin:
                    periods.setdefault((key.name, key.key_id), index)
    return KeyPeriods(since, until)


def check_may_sign(view: Snapshot, verifiers: Iterable[Verifier], *, origin: str) -> None:
    """Refuse to sign the tree of a view with a key that is not in force.

    Raises:
        LedgerError: `RQC-L054`.
    """
    periods, size = key_periods(view, origin=origin), view.size()
    for verifier in verifiers:
        if not periods.is_in_force((verifier.name, verifier.key_id), size=size):
            raise ledger_error(
                "RQC-L054",
                "The key of the log was revoked, and nothing is signed with it.",
                where=f"{size} entries",
                got=f"{verifier.name}+{verifier.key_id.hex()}",
                expected="a key of the log that is in force",
                action="Sign with the new key: `regenqc ledger rotate` put it into log.key of the home.",
            )


def with_keys_in_force(
    found: Verification, view: Snapshot, *, trust: Policy | None, outside: Sequence[bytes]
) -> Verification:
    """Return a verification with every checkpoint that is signed by no key in force.

    Args:
        found: without that.
        view: of the book that was verified.
        trust: whose signatures count; `None` when none is checked.
        outside: checkpoints held elsewhere, as given to the verification.
    """
    try:
        periods = key_periods(view, origin=found.origin)
    except (DataError, LedgerError) as error:
        # An event that is none was reported before; what it says of keys is not known.
        return replace(
            found,
            detections=(*found.detections, Detection("projection", error.faults[0])),
            counts=_counted(found, "projection", 1),
        )
    stored = view.stream("SELECT note FROM ledger_checkpoint ORDER BY number")
    notes: tuple[tuple[Detector, str, Iterable[bytes]], ...] = (
        ("signed_checkpoint", "of the store", (bytes(row[0]) for rows in stored for row in rows)),
        ("outside_checkpoint", "from outside", outside),
    )
    for detector, held, data in notes:
        faults = [
            _out_of_force(signed, f"checkpoint {number} {held}")
            for number, signed in _readable(data)
            if signed.origin == found.origin and not _by_key_in_force(signed, periods, trust)
        ]
        if faults:
            kept = tuple(Detection(detector, each) for each in faults[:_MOST_FAULTS])
            counts = _counted(found, detector, len(faults))
            found = replace(found, detections=(*found.detections, *kept), counts=counts)
    return found


def _readable(data: Iterable[bytes]) -> Iterator[tuple[int, SignedCheckpoint]]:
    """Yield those that can be read, with their numbers; the others were reported by the verification."""
    for number, note in enumerate(data, start=1):
        try:
            yield number, parse_signed_checkpoint(note)
        except RegenqcError:
            continue


def _by_key_in_force(signed: SignedCheckpoint, periods: KeyPeriods, trust: Policy | None) -> bool:
    believed = None if trust is None else {(key.name, key.key_id) for key in trust.logs}
    by_log = [
        key
        for each in signed.note.signatures
        if (key := (each.name, each.key_id))[0] == signed.origin and (believed is None or key in believed)
    ]
    # Signed by no believed key at all: reported by the verification.
    return not by_log or any(periods.is_in_force(key, size=signed.size) for key in by_log)


def _out_of_force(signed: SignedCheckpoint, where: str) -> Fault:
    return fault(
        "RQC-C213",
        "A checkpoint is signed by a key of the log that was not in force for its tree.",
        where=f"{where}, {signed.size} entries",
        got=", ".join(f"{each.name}+{each.key_id.hex()}" for each in signed.note.signatures),
        expected="a key that the log had enrolled and not revoked",
        action="Do not rely on it: whoever holds a revoked key may have made it. Ask the owner of the log and the witnesses.",
    )


def _counted(found: Verification, detector: Detector, more: int) -> tuple[tuple[Detector, int], ...]:
    counts = dict(found.counts)
    counts[detector] = counts.get(detector, 0) + more
    return tuple(counts.items())
