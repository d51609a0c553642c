"""Continuity of custody: who works with an item holds it, who hands it over held it, who receives it was meant to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.custody.kinds import Group
from regenqc.custody.knowledge import container_path, whereabouts
from regenqc.custody.rules.case import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.rules.case import Case
    from regenqc.custody.state import ItemState
    from regenqc.errors import Fault

__all__ = ["custody_violations"]

# What may be said of an item without having it in hand.
_FROM_AFAR: Final = frozenset({Group.OBSERVATION, Group.DECISION})


def custody_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C101 to RQC-C108."""
    kind, event = case.kind, case.event
    if kind.group in _FROM_AFAR and not kind.custody:
        return
    for item, state in case.items:
        if kind.name == "unpack":
            if state.container != event.container:
                yield refusal(
                    "RQC-C107", item.id, got=f"packed in {state.container or 'nothing'}", expected=event.container
                )
                continue
        elif state.container and kind.group not in _FROM_AFAR:
            yield refusal("RQC-C107", item.id, got=f"packed in {state.container}", expected="not packed")
            continue
        if kind.name == "receive":
            yield from _receipt(case, item.id, state)
        elif kind.name == "handover":
            yield from _handover(case, item.id, state)
        elif kind.custody:
            yield from _in_hand(case, item.id, state)
    for item, state in case.inputs:
        if state.container:
            yield refusal("RQC-C107", item.id, got=f"packed in {state.container}", expected="not packed")
        elif kind.custody:
            yield from _in_hand(case, item.id, state)
    if kind.name == "pack":
        yield from _container(case)


def _in_hand(case: Case, code: str, state: ItemState) -> Iterator[Fault]:
    where = whereabouts(case.known, state)
    if where.heading:
        yield refusal(
            "RQC-C106",
            code,
            got=f"on its way to {where.heading}, with {where.holder}",
            expected=f"held by {case.event.site}",
            action=f"Record its receipt at {where.heading}, naming event {state.sent or 'that sent its container'}.",
        )
    elif where.holder != case.event.site:
        yield refusal(
            "RQC-C101",
            code,
            got=f"held by {where.holder or 'nobody'}",
            expected=f"held by {case.event.site}",
            action="Record the handover first.",
        )


def _receipt(case: Case, code: str, state: ItemState) -> Iterator[Fault]:
    event, previous = case.event, case.event.previous
    if previous is not None and previous.origin:
        # It left this log for another site, and that site's log tells how it came back.
        if not previous.leaf:
            yield refusal("RQC-C104", code, got="no leaf hash", expected="leaf hash of the event that sent it")
        if state.heading not in {event.site, event.source} or not state.heading:
            yield refusal(
                "RQC-C103",
                code,
                got=f"sent by {event.source or 'nobody'}; here on its way to {state.heading or 'nowhere'}",
                expected=f"on its way to {event.site}, or sent back by where it was on its way to",
            )
    elif state.heading != event.site:
        yield refusal(
            "RQC-C103",
            code,
            got=f"on its way to {state.heading}" if state.heading else f"not on its way; held by {state.holder}",
            expected=f"on its way to {event.site}",
        )
    elif previous is not None and previous.event_id != state.sent:
        yield refusal("RQC-C105", code, got=previous.event_id, expected=state.sent)


def _handover(case: Case, code: str, state: ItemState) -> Iterator[Fault]:
    event = case.event
    if state.holder != event.source:
        yield refusal("RQC-C102", code, got=f"{event.source} hands over; held by {state.holder}", expected=state.holder)
    if event.destination == event.source:
        yield refusal("RQC-C102", code, got=f"{event.source} to itself", expected="another holder")


def _container(case: Case) -> Iterator[Fault]:
    event = case.event
    state = case.known.item(event.container)
    if state is None:
        return
    yield from _in_hand(case, event.container, state)
    around = {event.container, *container_path(case.known, state)}
    for item in event.items:
        if item.id in around:
            yield refusal("RQC-C108", item.id, got=f"{event.container} is in {item.id}", expected="another container")
