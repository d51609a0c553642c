"""Order in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.custody.moments import milliseconds_of, moment_of_milliseconds
from regenqc.custody.rules.case import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.rules.case import Case
    from regenqc.errors import Fault

__all__ = ["time_violations"]


def time_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C121 to RQC-C123."""
    event = case.event
    if event.event_time > event.record_time:
        yield refusal("RQC-C122", "event_time", got=event.event_time, expected=f"not after {event.record_time}")
    if event.record_time > case.now:
        latest = moment_of_milliseconds(milliseconds_of(case.now) + case.policy.clock_tolerance_seconds * 1000)
        if event.record_time > latest:
            yield refusal(
                "RQC-C123",
                "record_time",
                got=event.record_time,
                expected=f"not after {latest}",
                action="Set the clock that wrote it.",
            )
    changes = case.kind.changes
    for item, state in (*case.items, *case.inputs):
        earliest = state.changed if changes else state.began
        if event.event_time < earliest:
            yield refusal("RQC-C121", item.id, got=event.event_time, expected=f"not before {earliest}")
