"""Conservation of quantity: made = administered + left + destroyed + used + unaccounted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from regenqc.custody.amounts import sum_of
from regenqc.custody.kinds import Group
from regenqc.custody.rules.case import refusal
from regenqc.custody.state import left_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.record import Item
    from regenqc.custody.rules.case import Case
    from regenqc.custody.state import ItemState
    from regenqc.errors import Fault

__all__ = ["late_quantity_violations", "quantity_violations"]

_TAKING: Final = frozenset({"administer", "discard"})
# A count at these may find less than the record says; the difference is then unaccounted for.
_COUNTING: Final = frozenset({"receive", "store"})
_MOVING: Final = frozenset({"pack", "unpack", "ship", "handover", "return", "label"})


def quantity_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C131 to RQC-C136."""
    event, kind = case.event, case.kind
    for item, state in case.inputs:
        yield from _taken(item, state)
    if kind.name in _TAKING:
        for item, state in case.items:
            yield from _taken(item, state)
    elif kind.name in _COUNTING or kind.name in _MOVING:
        for item, state in case.items:
            if item.quantity:
                yield from _stated(item, state, whole=kind.name in _MOVING)
    elif kind.group == Group.PROCESS:
        for item, state in case.items:
            if item.quantity and state.made and item.unit != state.unit:
                yield refusal(
                    "RQC-C132", item.id, got=f"{item.quantity} {item.unit}", expected=f"a quantity in {state.unit}"
                )
    for item in event.outputs:
        known = case.known.item(item.id)
        if known is not None and known.created >= 0:
            yield refusal("RQC-C135", item.id, got=f"made by event {known.created}", expected="a new code")
    if kind.conserves:
        yield from _divided(case)


def late_quantity_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C131 and RQC-C135 that a replacement causes among the events that follow its place."""
    event = case.event
    for item in (*event.inputs, *(event.items if event.kind in _TAKING else ())):
        state = case.known.item(item.id)
        if state is not None and state.made and item.quantity and Decimal(item.quantity) > left_of(state):
            yield refusal(
                "RQC-C131",
                item.id,
                got=f"{item.quantity} {item.unit}",
                expected=f"at most {left_of(state)} {state.unit}, which later events left",
            )
    for item in event.outputs:
        state = case.known.item(item.id)
        if state is not None and state.created >= 0:
            yield refusal("RQC-C135", item.id, got=f"made by event {state.created}", expected="a new code")


def _taken(item: Item, state: ItemState) -> Iterator[Fault]:
    if state.made and not item.quantity:
        yield refusal("RQC-C133", item.id, got="no quantity", expected=f"at most {left_of(state)} {state.unit}")
    elif item.quantity:
        yield from _stated(item, state, whole=False)


def _stated(item: Item, state: ItemState, *, whole: bool) -> Iterator[Fault]:
    if item.unit != state.unit:
        yield refusal(
            "RQC-C132",
            item.id,
            got=f"{item.quantity} {item.unit}",
            expected=f"a quantity in {state.unit}" if state.unit else "no quantity: the item is one whole thing",
        )
        return
    left, stated = left_of(state), Decimal(item.quantity)
    if stated > left:
        yield refusal("RQC-C131", item.id, got=f"{item.quantity} {item.unit}", expected=f"at most {left} {state.unit}")
    elif whole and stated != left:
        yield refusal(
            "RQC-C134",
            item.id,
            got=f"{item.quantity} {item.unit}",
            expected=f"all {left} {state.unit}",
            action="Record the division first, with codes for the parts.",
        )


def _divided(case: Case) -> Iterator[Fault]:
    taken: dict[str, Decimal] = {}
    for item, _ in case.inputs:
        if item.quantity:
            taken[item.unit] = sum_of(taken.get(item.unit, Decimal(0)), Decimal(item.quantity))
    made: dict[str, Decimal] = {}
    for item in case.event.outputs:
        if item.quantity:
            made[item.unit] = sum_of(made.get(item.unit, Decimal(0)), Decimal(item.quantity))
    for unit, total in made.items():
        if unit in taken and total > taken[unit]:
            yield refusal("RQC-C136", "outputs", got=f"{total} {unit}", expected=f"at most {taken[unit]} {unit}")
