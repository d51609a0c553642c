"""What shared a place, an incubator, a tank, a shipper or a cabinet with something in a window of time (question 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.custody.projection.tables import Part
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regenqc.custody.trace.reader import Step
    from regenqc.ledger import Snapshot

__all__ = ["Stay", "sideways"]

# Later than every moment of a record, as text.
_OPEN = "9999-12-31T23:59:59.999Z"


@dataclass(frozen=True, slots=True)
class Stay:
    """Say that an item was at, in or with something.

    Args:
        item: its code.
        manner: `equipment` when an event used both, `place` when it was stored there, `container` when it was packed in it.
        started: when.
        ended: until when, `None` when it is there still.
        event_id: of the event by which it came there, or that used both.
    """

    item: str
    manner: str
    started: str
    ended: str | None
    event_id: str


def sideways(view: Snapshot, code: str, *, start: str, end: str, asking: Asking = ALWAYS) -> tuple[Stay, ...]:
    """Return every item that was at a place, in a container, or worked on with a piece of equipment, within a window.

    Args:
        view: of the ledger.
        code: of the place, container or equipment; a place includes the positions within it (`TANK-3` has `TANK-3/R2`).
        start: first moment of the window.
        end: last moment of the window.
        asking: as of when.

    Returns:
        Every stay that overlaps the window, in order of its beginning.

    Raises:
        UsageError: `RQC-C221`, the log never names the code.
    """
    reader = Reader(view, asking)
    number = reader.number(code)
    stays = [
        *_uses(reader, number, start=start, end=end),
        *_intervals(reader, _stored_at(reader, code), "place", lambda step: _is_within(step.state.place, code)),
        *_intervals(reader, _packed_in(reader, number), "container", lambda step: step.state.container == code),
    ]
    found = {stay for stay in stays if stay.started <= end and (stay.ended or _OPEN) >= start}
    return tuple(sorted(found, key=lambda stay: (stay.started, stay.item, stay.manner)))


def _is_within(place: str, code: str) -> bool:
    return place == code or place.startswith(f"{code}/")


def _uses(reader: Reader, number: int, *, start: str, end: str) -> list[Stay]:
    stays = []
    for _, event in reader.events_naming([number], parts=(Part.EQUIPMENT,)):
        if start <= event.event_time <= end:
            things = (*event.items, *event.inputs, *event.outputs)
            stays += [Stay(item.id, "equipment", event.event_time, event.event_time, event.event_id) for item in things]
    return stays


def _stored_at(reader: Reader, code: str) -> list[int]:
    """Return the numbers of items that an event brought to a place or a position within it."""
    rows = reader.view.execute(
        "SELECT DISTINCT e.subject FROM custody_name n JOIN custody_step s ON s.place = n.number "
        "JOIN custody_edge e ON e.event = s.event AND e.part IN (0, 2) WHERE n.text = ? OR (n.text > ? AND n.text < ?)",
        (code, f"{code}/", f"{code}0"),
    )
    return [subject for (subject,) in rows]


def _packed_in(reader: Reader, number: int) -> list[int]:
    rows = reader.view.execute(
        "SELECT DISTINCT e.subject FROM custody_edge c JOIN custody_edge e ON e.event = c.event AND e.part = 0 "
        "WHERE c.subject = ? AND c.part = ?",
        (number, int(Part.CONTAINER)),
    )
    return [subject for (subject,) in rows]


def _intervals(reader: Reader, numbers: Sequence[int], manner: str, is_there: Callable[[Step], bool]) -> list[Stay]:
    stays = []
    for number, code in reader.codes(numbers).items():
        began: Step | None = None
        for step in reader.life(code, number):
            there = is_there(step)
            if there and began is None:
                began = step
            elif not there and began is not None:
                stays.append(Stay(code, manner, began.event.event_time, step.event.event_time, began.event.event_id))
                began = None
        if began is not None:
            stays.append(Stay(code, manner, began.event.event_time, None, began.event.event_id))
    return stays
