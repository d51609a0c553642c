"""An event on its way into the log."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from regenqc.custody.canonical import MAXIMUM_BYTES, decode_event
from regenqc.custody.kinds import KINDS
from regenqc.custody.reading import event_faults, events_of_usual_form, judged_event, read_event
from regenqc.custody.record import Event  # noqa: TC001 - the struct below resolves it
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.ledger import Entry

__all__ = ["OfferedEntry", "entries_of", "entry_of", "offered_entry"]

# Few enough that they stay near the processor.
_READ_AT_ONCE: Final = 64


class OfferedEntry(Struct, gc=False):
    """Hold an entry of the log with what is known of it before it is judged.

    It has the members of `regenqc.ledger.Entry`, which a frozen dataclass of so many members would take ten times as long
    to make as this.

    Args:
        key: the event_id in bytes, or a digest where there is none.
        body: canonical bytes of the event, exactly what will be hashed and kept.
        event: the event it states, `None` when it states none.
        faults: what is wrong with it by itself.
        offered_by: who offers it: a person, a system, a partner.
        offered: the bytes that were offered, when they cannot be a body of the log; `None` when they are the body.
        judged: every violated rule, when it was refused.
    """

    key: bytes
    body: bytes
    event: Event | None = None
    faults: tuple[Fault, ...] = ()
    offered_by: str = ""
    offered: bytes | None = None
    judged: tuple[Fault, ...] = ()

    @property
    def fault(self) -> Fault | None:
        """Return `None`: key and body have lengths that the log takes."""
        return None


def entry_of(data: bytes, *, offered_by: str, judged_elsewhere: bool = False) -> OfferedEntry:
    """Return bytes that claim to be an event as an entry, right or wrong.

    Args:
        data: canonical bytes of an event, or whatever came instead.
        offered_by: who offers them.
        judged_elsewhere: another log has taken them, so only their form is checked.

    Example:
        >>> entry_of(b"nonsense", offered_by="STAFF-0417").faults[0].code
        'RQC-C001'
    """
    try:
        event, faults = (decode_event(data), ()) if judged_elsewhere else judged_event(data)
    except DataError as error:
        # No event, no event_id: the bytes name themselves, so that the refusal log can.
        digest = hashlib.sha256(data).hexdigest()
        body = data if 0 < len(data) <= MAXIMUM_BYTES else digest.encode()
        return OfferedEntry(
            f"refused:{digest}".encode(),
            body,
            faults=error.faults,
            offered_by=offered_by,
            offered=None if body is data else data,
        )
    if event.kind not in KINDS:
        faults = tuple(event_faults(event))
    return OfferedEntry(event.event_id.encode(), data, event, faults, offered_by)


def entries_of(offers: Sequence[bytes], *, offered_by: str, judged_elsewhere: bool = False) -> list[OfferedEntry]:
    """Return of each of several offers what `entry_of` does; most are of usual form, and seen to be so a few dozen at once.

    Example:
        >>> [len(entry.faults) for entry in entries_of([b"nonsense"], offered_by="STAFF-0417")]
        [1]
    """
    found: list[OfferedEntry] = []
    for start in range(0, len(offers), _READ_AT_ONCE):
        some = offers[start : start + _READ_AT_ONCE]
        for data, event in zip(some, events_of_usual_form(some), strict=True):
            if event is None:
                found.append(entry_of(data, offered_by=offered_by, judged_elsewhere=judged_elsewhere))
            else:
                found.append(OfferedEntry(event.event_id.encode(), data, event, (), offered_by))
    return found


def offered_entry(entry: Entry | OfferedEntry) -> OfferedEntry:
    """Return an entry with the event that it states, or with what is wrong with it."""
    if isinstance(entry, OfferedEntry):
        return entry
    try:
        event = read_event(entry.body)
    except DataError as error:
        return OfferedEntry(entry.key, entry.body, None, error.faults)
    if entry.key != event.event_id.encode():
        wrong = Fault(
            code="RQC-C171",
            what="An event is recorded under its event_id.",
            where=event.event_id,
            got=entry.key.decode(errors="replace"),
            expected=event.event_id,
        )
        return OfferedEntry(entry.key, entry.body, event, (wrong,))
    return OfferedEntry(entry.key, entry.body, event)
