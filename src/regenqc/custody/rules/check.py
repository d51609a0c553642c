"""Judge one event by every rule."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from regenqc.custody.kinds import KINDS, Group
from regenqc.custody.rules.admission import is_plainly_admitted
from regenqc.custody.rules.book import book_violations
from regenqc.custody.rules.case import Case, refusal
from regenqc.custody.rules.custody import custody_violations
from regenqc.custody.rules.identity import identity_violations
from regenqc.custody.rules.people import people_violations
from regenqc.custody.rules.quantity import late_quantity_violations, quantity_violations
from regenqc.custody.rules.stages import stage_violations
from regenqc.custody.rules.standing import standing_violations
from regenqc.custody.rules.time import time_violations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from regenqc.custody.kinds import Kind
    from regenqc.custody.knowledge import Knowledge
    from regenqc.custody.record import Event, Item
    from regenqc.custody.rules.policy import Policy
    from regenqc.custody.state import ItemState
    from regenqc.errors import Fault

__all__ = ["explained_violations", "violations"]


def violations(event: Event, *, known: Knowledge, policy: Policy, now: str) -> list[Fault]:
    """Return every rule that an event violates.

    Args:
        event: right in itself (`regenqc.custody.reading.read_event`).
        known: the log before it.
        policy: of the site.
        now: the present moment, `2026-03-16T12:00:00.000Z`.

    Returns:
        One fault for each violation, empty when the event may be recorded. The rules are listed in
        `regenqc.custody.rules.catalogue`.
    """
    if is_plainly_admitted(event, known=known, policy=policy, now=now):
        return []
    return explained_violations(event, known=known, policy=policy, now=now)


def explained_violations(event: Event, *, known: Knowledge, policy: Policy, now: str) -> list[Fault]:
    """Return what `violations` does, after asking every rule."""
    if event.replaces:
        return _replacement_violations(event, known=known, policy=policy, now=now)
    return _violations(event, known=known, policy=policy, now=now)


def _violations(event: Event, *, known: Knowledge, policy: Policy, now: str) -> list[Fault]:
    kind = KINDS[event.kind]
    found: list[Fault] = []
    case = Case(event, kind, known, policy, now, [], [])
    if event.items:
        case.items = _known(event.items, case, found)
    if event.inputs:
        case.inputs = _known(event.inputs, case, found)
    for rule in _RULES_OF[event.kind]:
        found.extend(rule(case))
    return found


def _replacement_violations(event: Event, *, known: Knowledge, policy: Policy, now: str) -> list[Fault]:
    """Judge an event by what was known where the void event stood whose place it takes, and by what it does to later ones."""
    case = Case(event, KINDS[event.kind], known, policy, now, [], [])
    found = list(book_violations(case))
    if found:
        return found
    found = _violations(event, known=known.at_the_place_of(event), policy=policy, now=now)
    return [*found, *late_quantity_violations(case)]


def _rules_of(kind: Kind) -> tuple[Callable[[Case], Iterable[Fault]], ...]:
    """Return the rules that can refuse an event of a kind; the others have nothing to say about it."""
    rules: list[Callable[[Case], Iterable[Fault]]] = [time_violations, people_violations]
    if kind.group == Group.BOOK:
        rules.append(book_violations)
        return tuple(rules)
    if kind.custody or kind.group not in {Group.OBSERVATION, Group.DECISION, Group.STUDY, Group.ORIGIN}:
        rules.append(custody_violations)
    if kind.group != Group.STUDY:
        rules.append(identity_violations)
    if kind.group not in {Group.OBSERVATION, Group.DECISION, Group.STUDY}:
        rules.append(quantity_violations)
    if not (kind.containment and kind.group == Group.OBSERVATION):
        rules.append(standing_violations)
    if kind.takes or kind.gives or kind.name in {"ship", "decision"}:
        rules.append(stage_violations)
    return tuple(rules)


_RULES_OF: Final = MappingProxyType({name: _rules_of(kind) for name, kind in KINDS.items()})


def _known(items: Sequence[Item], case: Case, found: list[Fault]) -> list[tuple[Item, ItemState]]:
    pairs = []
    for item in items:
        state = case.known.item(item.id)
        if state is not None and state.created >= 0:
            pairs.append((item, state))
        elif not _may_be_new(case, item, found):
            found.append(
                refusal(
                    "RQC-C161",
                    item.id,
                    got="not in this log" if state is None else "its origin is void",
                    expected="an item that an earlier event made or received",
                    action="Record where it comes from first.",
                )
            )
    return pairs


def _may_be_new(case: Case, item: Item, found: list[Fault]) -> bool:
    """Return whether an event may name an item for the first time: the receipt of what another log sent."""
    event = case.event
    if event.kind != "receive" or event.previous is None or not event.previous.origin:
        return False
    if not event.previous.leaf:
        found.append(refusal("RQC-C104", item.id, got="no leaf hash", expected="leaf hash of the event that sent it"))
    return True
