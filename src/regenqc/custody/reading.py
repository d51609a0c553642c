"""Read an event from bytes and accept nothing that is not wholly understood."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from msgspec import MsgspecError

from regenqc.custody.canonical import EVENT_DECODER, MAXIMUM_BYTES, decode_event
from regenqc.custody.form import has_usual_form, have_usual_form
from regenqc.custody.grammar import grammar_faults, named_codes
from regenqc.custody.identifiers import spelling_fault
from regenqc.custody.kinds import ALWAYS, KINDS, Kind
from regenqc.custody.plainness import MEMBERS, is_plainly_right
from regenqc.custody.privacy import privacy_faults
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.custody.record import Event

__all__ = ["event_faults", "read_event"]

# How alike a kind that is not known must be to one that is, for this one to be meant.
_ALIKE: Final = 0.6


def read_event(data: bytes) -> Event:
    """Return the event that canonical bytes state, if everything in it is understood and permitted.

    Args:
        data: canonical bytes.

    Raises:
        DataError: every fault of the event: spelling (`RQC-C001` to `RQC-C006`), members of its kind (`RQC-C007`,
            `RQC-C008`), texts (`RQC-C009` to `RQC-C015`), people (`RQC-C020` to `RQC-C024`), identifiers (`RQC-C030`,
            `RQC-C031`).

    Example:
        >>> from regenqc.custody.canonical import encode_event
        >>> from regenqc.custody.record import SCHEMA, Event, Item
        >>> stored = Event(schema=SCHEMA, kind="store", event_id="EV-0009", event_time="2026-03-16T08:00:00.000Z",
        ...     record_time="2026-03-16T08:05:00.000Z", zone="+01:00", actor="STAFF-0417", role="operator", site="SITE-1",
        ...     items=(Item("WCB-1/V001"),), place="TANK-3/R2/B7")
        >>> read_event(encode_event(stored)) == stored
        True
    """
    event, faults = judged_event(data)
    if faults:
        raise DataError(*faults)
    return event


def judged_event(data: bytes) -> tuple[Event, tuple[Fault, ...]]:
    """Return the event that canonical bytes state, and everything that is wrong with it by itself.

    Raises:
        DataError: they state none (`RQC-C001` to `RQC-C005`).
    """
    event = event_of_usual_form(data)
    if event is not None:
        return event, ()
    event = decode_event(data)
    return event, () if is_plainly_right(event, data) else tuple(event_faults(event))


def event_of_usual_form(data: bytes) -> Event | None:
    """Return the event of bytes whose form shows that nothing is wrong with it, `None` when that takes a closer look."""
    if len(data) > MAXIMUM_BYTES:
        return None
    try:
        event = EVENT_DECODER.decode(data)
    except (MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return event if has_usual_form(event, data) else None


def events_of_usual_form(bodies: Sequence[bytes]) -> list[Event | None]:
    """Return of each of several bodies what `event_of_usual_form` does.

    Step by step for all of them, which keeps what each step needs near the processor: a few dozen at once are best.
    """
    try:
        events = list(map(EVENT_DECODER.decode, bodies))
    except (MsgspecError, UnicodeDecodeError, RecursionError):
        return list(map(event_of_usual_form, bodies))
    return [
        event if usual and len(data) <= MAXIMUM_BYTES else None
        for event, usual, data in zip(events, have_usual_form(events, bodies), bodies, strict=True)
    ]


def event_faults(event: Event) -> list[Fault]:
    """Return everything that is wrong with an event by itself, whatever happened before it."""
    kind = KINDS.get(event.kind)
    if kind is None:
        return [
            Fault(
                code="RQC-C006",
                what="This kind of event is not known.",
                where="kind",
                got=event.kind,
                expected=", ".join(get_close_matches(event.kind, KINDS, cutoff=_ALIKE) or sorted(KINDS)),
                action="Use a kind of the list; nothing else is recorded.",
            )
        ]
    identifiers = (
        Fault(
            code=fault.code, what=fault.what, where=where, got=fault.got, expected=fault.expected, action=fault.action
        )
        for where, value in named_codes(event)
        if (fault := spelling_fault(value))
    )
    return [*_member_faults(event, kind), *grammar_faults(event), *privacy_faults(event), *identifiers]


def _member_faults(event: Event, kind: Kind) -> Iterator[Fault]:
    missing = [name for name in kind.required if not getattr(event, name)]
    missing += [" or ".join(choice) for choice in kind.one_of if not any(getattr(event, name) for name in choice)]
    if bool(event.second_actor) != bool(event.second_role):
        missing.append("second_role" if event.second_actor else "second_actor")
    for name in missing:
        yield Fault(
            code="RQC-C007",
            what=f"An event of kind {kind.name} needs this member.",
            where=name,
            got="nothing",
            expected=f"all of {', '.join((*ALWAYS, *kind.required))}",
            action="State it.",
        )
    for name in MEMBERS:
        if getattr(event, name) and name not in kind.allowed:
            yield Fault(
                code="RQC-C008",
                what=f"An event of kind {kind.name} has no such member.",
                where=name,
                expected=", ".join(sorted(kind.allowed - set(ALWAYS))),
                action="Leave it out, or record it in an event of the kind that has it.",
            )
