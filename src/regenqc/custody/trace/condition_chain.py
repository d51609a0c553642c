"""What an item went through: excursions, budget, and time that no logger saw (question 7)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from regenqc.custody.moments import milliseconds_of
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.custody.record import Condition, Event
    from regenqc.ledger import Snapshot

__all__ = ["ChannelSummary", "ConditionReading", "Unwatched", "condition_of"]


@dataclass(frozen=True, slots=True)
class ConditionReading:
    """Hold one interval that a logger watched, as recorded.

    Args:
        subject: the item, the container it was in, or the equipment.
        event_id: of the event that recorded it.
        condition: what it saw.
    """

    subject: str
    event_id: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Unwatched:
    """Name a stretch of time in transit that no logger watched.

    Args:
        started: from when.
        ended: until when.
        seconds: how long.
    """

    started: str
    ended: str
    seconds: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSummary:
    """Sum up one channel over the life of an item.

    Args:
        channel: e.g. `temperature`.
        unit: of minimum and maximum.
        minimum: smallest value seen, `None` when none is recorded.
        maximum: largest value seen.
        excursion_seconds: time outside the permitted range, over all readings.
        gap_seconds: time without readings that the loggers themselves report.
        budget_seconds: permitted time outside that is left after the last reading, `None` when not recorded.
        readings: what was recorded, in order of time.
        unwatched: stretches in transit that no logger of this channel watched.
    """

    channel: str
    unit: str
    minimum: Decimal | None
    maximum: Decimal | None
    excursion_seconds: Decimal
    gap_seconds: Decimal
    budget_seconds: Decimal | None
    readings: tuple[ConditionReading, ...]
    unwatched: tuple[Unwatched, ...]


def condition_of(view: Snapshot, code: str, *, asking: Asking = ALWAYS) -> tuple[ChannelSummary, ...]:
    """Return what loggers saw of an item, and of the containers it was in while it was in them.

    Args:
        view: of the ledger.
        code: of the item.
        asking: as of when.

    Returns:
        One summary for each channel and unit. An item that was in transit without any reading has one with the channel
        `temperature`, no readings, and the whole way unwatched.

    Raises:
        UsageError: `RQC-C221`, the log never names the code.
    """
    reader = Reader(view, asking)
    readings = sorted(_readings(reader, code), key=lambda reading: (reading.condition.started, reading.event_id))
    ways = list(_ways(reader, code))
    channels = dict.fromkeys((reading.condition.channel, reading.condition.unit) for reading in readings)
    if not any(channel == "temperature" for channel, _ in channels) and ways:
        channels["temperature", ""] = None
    return tuple(
        _summary(
            channel,
            unit,
            [r for r in readings if (r.condition.channel, r.condition.unit) == (channel, unit)],
            ways,
        )
        for channel, unit in channels
    )


def _summary(
    channel: str, unit: str, readings: Sequence[ConditionReading], ways: Sequence[tuple[str, str]]
) -> ChannelSummary:
    seen = [reading.condition for reading in readings]
    budgets = [condition.budget_seconds for condition in seen if condition.budget_seconds]
    return ChannelSummary(
        channel=channel,
        unit=unit,
        minimum=min((Decimal(condition.minimum) for condition in seen if condition.minimum), default=None),
        maximum=max((Decimal(condition.maximum) for condition in seen if condition.maximum), default=None),
        excursion_seconds=sum((Decimal(condition.excursion_seconds or 0) for condition in seen), Decimal(0)),
        gap_seconds=sum((Decimal(condition.gap_seconds or 0) for condition in seen), Decimal(0)),
        budget_seconds=Decimal(budgets[-1]) if budgets else None,
        readings=tuple(readings),
        unwatched=tuple(
            stretch for way in ways for stretch in _unwatched(way, [(each.started, each.ended) for each in seen])
        ),
    )


def _unwatched(way: tuple[str, str], watched: Sequence[tuple[str, str]]) -> Iterator[Unwatched]:
    """Yield the parts of an interval that no other interval covers."""
    position, end = way
    for started, ended in sorted(watched):
        if started > end:
            break
        if started > position:
            yield _stretch(position, started)
        position = max(position, ended)
    if position < end:
        yield _stretch(position, end)


def _stretch(started: str, ended: str) -> Unwatched:
    return Unwatched(started, ended, Decimal(milliseconds_of(ended) - milliseconds_of(started)) / 1000)


def _readings(reader: Reader, code: str, *, start: str = "", end: str = "9999") -> Iterator[ConditionReading]:
    for event in _events(reader, code):
        if start <= event.event_time <= end:
            for condition in event.conditions:
                yield ConditionReading(code, event.event_id, condition)
    for container, packed, unpacked in _containers(reader, code, start=start, end=end):
        yield from _readings(reader, container, start=packed, end=unpacked)


def _ways(reader: Reader, code: str, *, start: str = "", end: str = "9999") -> Iterator[tuple[str, str]]:
    """Yield the intervals in which an item, or the container around it, was in transit; an open one until its last event."""
    steps = [step for step in reader.life(code) if start <= step.event.event_time <= end]
    sent = ""
    for step in steps:
        if step.state.heading and not sent:
            sent = step.event.event_time
        elif not step.state.heading and sent:
            yield sent, step.event.event_time
            sent = ""
    if sent and steps[-1].event.event_time > sent:
        yield sent, steps[-1].event.event_time
    for container, packed, unpacked in _containers(reader, code, start=start, end=end):
        yield from _ways(reader, container, start=packed, end=unpacked)


def _containers(reader: Reader, code: str, *, start: str, end: str) -> Iterator[tuple[str, str, str]]:
    """Yield the containers that an item was in, with the moments of packing and unpacking."""
    packed = container = ""
    for step in reader.life(code):
        if step.state.container and not container:
            container, packed = step.state.container, step.event.event_time
        elif not step.state.container and container:
            yield container, max(packed, start), min(step.event.event_time, end)
            container = ""
    if container:
        yield container, max(packed, start), end


def _events(reader: Reader, code: str) -> list[Event]:
    seen: dict[str, Event] = {step.event.event_id: step.event for step in reader.life(code)}
    return list(seen.values())
