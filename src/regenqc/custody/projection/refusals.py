"""The refusal log: what the rules did not admit, who offered it, when, and why.

A refused event is never lost, and never in the log. It is kept beside it, in a chain of digests whose end is recorded in the
log with every projection digest; taking an entry out of the refusal log therefore shows. The bytes themselves are not part
of the chain and can be erased, because an event may have been refused for naming a person.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from regenqc.custody.moments import milliseconds_of, moment_of_milliseconds
from regenqc.custody.projection.tables import COLUMNS
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.projection.offered import OfferedEntry
    from regenqc.custody.record import Event
    from regenqc.ledger import Snapshot, Transaction

__all__ = ["Refusal", "erase_refused", "log_refusals", "refusal_anchors", "refusal_chain_faults", "refusals"]

_MOST_RULES: Final = 20
_FIRST: Final = bytes(32)
_NUMBER: Final = "SELECT number, chain FROM custody_refusal ORDER BY number DESC LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Hold one entry of the refusal log.

    Args:
        number: its place, from 1.
        refused_at: when.
        offered_by: who offered the event.
        event_id: of the event, empty when it could not be read.
        digest: SHA-256 of its bytes.
        rules: ids of what it violates.
        faults: explanations, empty after erasure.
        body: its bytes, `None` after erasure.
        chain: SHA-256 over the entry before and this one.
    """

    number: int
    refused_at: str
    offered_by: str
    event_id: str
    digest: bytes
    rules: tuple[str, ...]
    faults: tuple[Fault, ...]
    body: bytes | None
    chain: bytes


def log_refusals(
    transaction: Transaction, refused: Sequence[tuple[OfferedEntry, Sequence[Fault]]], *, now: str
) -> None:
    """Add refused entries to the refusal log.

    Args:
        transaction: the change in which they were refused.
        refused: each entry with what is wrong with it.
        now: the present moment.
    """
    found = transaction.execute(_NUMBER)
    last, chain = found[0] if found else (0, _FIRST)
    moment = milliseconds_of(now)
    rows = []
    for number, (entry, faults) in enumerate(refused, start=last + 1):
        body = entry.body if entry.offered is None else entry.offered
        digest = hashlib.sha256(body).digest()
        event_id = entry.event.event_id if entry.event is not None else ""
        offered_by = entry.offered_by or (entry.event.actor if entry.event is not None else "")
        rules = " ".join(dict.fromkeys(fault.code for fault in faults[:_MOST_RULES]))
        chain = _chained(bytes(chain), number, moment, offered_by, digest, rules)
        explained = msgspec.json.encode(list(faults[:_MOST_RULES])).decode()
        rows.append((number, moment, offered_by, event_id, digest, rules, explained, body, chain))
    transaction.insert_rows("custody_refusal", COLUMNS["custody_refusal"], rows)


def refusals(view: Snapshot, *, after: int = 0) -> list[Refusal]:
    """Return the refusal log behind an entry, oldest first."""
    columns = ", ".join(COLUMNS["custody_refusal"])
    rows = view.execute(f"SELECT {columns} FROM custody_refusal WHERE number > ? ORDER BY number", (after,))  # noqa: S608 - names from code
    return [
        Refusal(
            number=number,
            refused_at=moment_of_milliseconds(moment),
            offered_by=offered_by,
            event_id=event_id,
            digest=bytes(digest),
            rules=tuple(rules.split()),
            faults=tuple(msgspec.json.decode(faults, type=list[Fault])),
            body=None if body is None else bytes(body),
            chain=bytes(chain),
        )
        for number, moment, offered_by, event_id, digest, rules, faults, body, chain in rows
    ]


def erase_refused(transaction: Transaction, number: int) -> None:
    """Erase what a refused event said; that one was refused, when, whose and by which rules stays.

    Raises:
        UsageError: `RQC-C201`, there is no such entry.
    """
    if not transaction.execute("SELECT number FROM custody_refusal WHERE number = ?", (number,)):
        raise UsageError(Fault(code="RQC-C201", what="The refusal log has no such entry.", got=str(number)))
    transaction.execute(
        "UPDATE custody_refusal SET body = NULL, faults = '[]', event_id = '' WHERE number = ?", (number,)
    )


def refusal_anchors(event: Event) -> list[tuple[int, str]]:
    """Return what an event states of the refusal log: number of an entry, and digest of the chain up to it."""
    return [(int(blob.size), blob.digest) for blob in event.blobs if blob.name == "refusal-log" and blob.size]


def refusal_chain_faults(view: Snapshot) -> list[Fault]:
    """Return where the refusal log is not the chain that it was, `RQC-C202`."""
    chain = _FIRST
    for expected, entry in enumerate(refusals(view), start=1):
        moment = milliseconds_of(entry.refused_at)
        chain = _chained(chain, expected, moment, entry.offered_by, entry.digest, " ".join(entry.rules))
        changed = entry.body is not None and hashlib.sha256(entry.body).digest() != entry.digest
        if entry.number != expected or entry.chain != chain or changed:
            return [
                Fault(
                    code="RQC-C202",
                    what="The refusal log is not the one that was written.",
                    where=f"entry {expected}",
                    got="missing" if entry.number != expected else "changed",
                    action="Keep it as evidence and look for who changed it.",
                )
            ]
    return []


def _chained(before: bytes, number: int, moment: int, offered_by: str, digest: bytes, rules: str) -> bytes:
    parts = [str(number), str(moment), offered_by, digest.hex(), rules]
    return hashlib.sha256(before + msgspec.json.encode(parts)).digest()
