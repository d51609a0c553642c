"""Whether an event certainly violates no rule; nearly all do not, and need no explanation.

Everything asked here is asked again, rule by rule and with an explanation, by `regenqc.custody.rules.check`; a property test
holds the two together. What is rare or takes long (signatures, replacements, studies, the book itself, counts, divisions) is
left to the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from regenqc.custody.kinds import KINDS, STAGE_ORDER, Group
from regenqc.custody.knowledge import whereabouts
from regenqc.custody.state import Status, left_of, output_stage
from regenqc.custody.words import ACCEPTING_DECISIONS, HOSPITAL_DECISIONS, PERMITTING_DECISIONS
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.custody.kinds import Kind
    from regenqc.custody.knowledge import Knowledge
    from regenqc.custody.record import Event, Item
    from regenqc.custody.rules.policy import Policy
    from regenqc.custody.state import ItemState

__all__ = ["is_plainly_admitted"]

_PRODUCT: Final = Stage.DRUG_PRODUCT_RELEASE.value
_BEFORE_SHIPPING: Final = STAGE_ORDER[Stage.SHIPPING]
_AFTER_RECEIPT: Final = STAGE_ORDER[Stage.HOSPITAL_RECEIPT]
_FROM_AFAR: Final = frozenset({Group.OBSERVATION, Group.DECISION})
_ACTIVE: Final = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class _Look:
    """Say of a kind at once what the rules derive from its properties each time."""

    name: str
    unpacks: bool
    changes: bool
    custody: bool
    in_hand: bool
    identity_point: bool
    process: bool
    quantities: bool
    conserves: bool
    alive: bool
    unblocked: bool
    takes: frozenset[str]
    gives: frozenset[str]


def _look(kind: Kind) -> _Look:
    at_hand = kind.group not in {Group.OBSERVATION, Group.DECISION, Group.ORIGIN}
    return _Look(
        name=kind.name,
        unpacks=kind.name == "unpack",
        changes=kind.changes,
        custody=at_hand or kind.custody,
        in_hand=kind.custody,
        identity_point=kind.identity_point,
        process=kind.group == Group.PROCESS,
        quantities=kind.group not in _FROM_AFAR,
        conserves=kind.conserves,
        alive=kind.group not in _FROM_AFAR,
        unblocked=not kind.containment,
        takes=kind.takes,
        gives=kind.gives,
    )


_LOOKS: Final[Mapping[str, _Look]] = MappingProxyType(
    {name: _look(kind) for name, kind in KINDS.items() if kind.group not in {Group.BOOK, Group.STUDY}}
)


def is_plainly_admitted(event: Event, *, known: Knowledge, policy: Policy, now: str) -> bool:
    """Return whether an event certainly violates no rule.

    Args:
        event: right in itself (`regenqc.custody.reading.read_event`).
        known: the log before it.
        policy: of the site.
        now: the present moment.

    Returns:
        `False` says nothing: `regenqc.custody.rules.violations` then explains, and may find nothing wrong.
    """
    look = _LOOKS.get(event.kind)
    return (
        look is not None
        and event.event_time <= event.record_time <= now
        and not event.replaces
        and not event.signatures
        and not event.person
        and event.kind not in policy.signed_kinds
        and (event.previous is None or not event.previous.origin)
        and (event.actor != event.second_actor)
        and (not policy.enrolled_people_only or _people_may(event, known))
        and not (event.study and look.unblocked and known.study(event.study))
        and _things_may(event, look, known, policy)
    )


def _people_may(event: Event, known: Knowledge) -> bool:
    return _may(event.actor, event.role, known) and (
        not event.second_actor or _may(event.second_actor, event.second_role, known)
    )


def _may(code: str, role: str, known: Knowledge) -> bool:
    person = known.person(code)
    return person is not None and not person.withdrawn and role in person.roles


def _things_may(event: Event, look: _Look, known: Knowledge, policy: Policy) -> bool:
    identity, site = "", event.site
    cells, highest = not look.process, ""
    for items, used in ((event.inputs, True), (event.items, False)):
        for item in items:
            state = known.item(item.id)
            if state is None or state.created < 0:
                return False
            if event.event_time < (state.changed if look.changes else state.began):
                return False
            if state.coi:
                if (item.coi or event.coi) != state.coi and (item.coi or event.coi or look.identity_point):
                    return False
                if look.process:
                    if identity and identity != state.coi:
                        return False
                    identity = state.coi
            if event.recipient and state.recipient and event.recipient != state.recipient:
                return False
            if look.alive and state.status != _ACTIVE:
                return False
            if look.unblocked and _is_blocked(event, state, known):
                return False
            if look.custody:
                if state.container or look.unpacks:
                    if not _is_in_container(event, look, state, known):
                        return False
                elif look.in_hand and (state.holder != site or state.heading):
                    return False
            if look.quantities and (item.quantity or state.made) and not _is_enough(look, item, state, used=used):
                return False
            if look.takes:
                if state.stage in look.takes:
                    cells = True
                elif state.stage or not look.process:
                    return False
            if look.process and state.stage and (not highest or STAGE_ORDER[state.stage] > STAGE_ORDER[highest]):
                highest = state.stage
    if look.process and not _outputs_may(event, look, identity, highest, cells=cells or not look.takes):
        return False
    for item in event.outputs:
        made = known.item(item.id)
        if made is not None and made.created >= 0:
            return False
    special = _SPECIAL.get(event.kind)
    return special is None or special(event, known, policy)


def _is_blocked(event: Event, state: ItemState, known: Knowledge) -> bool:
    return (
        state.recalled
        or state.returned
        or state.decision == "reject"
        or state.acceptance in {"refuse", "quarantine"}
        or bool(state.investigations)
        or bool(state.expires_at and event.event_time > state.expires_at)
        or bool(state.lot and known.is_recalled_lot(state.lot))
        or bool(state.study and known.study(state.study))
    )


def _is_in_container(event: Event, look: _Look, state: ItemState, known: Knowledge) -> bool:
    """Return whether an item that is packed may be worked with: it is taken out, or looked at, by who holds the outermost."""
    if look.unpacks:
        if state.container != event.container:
            return False
    elif look.name not in {"reinspect", "bedside_check"}:
        return False
    where = whereabouts(known, state)
    return where.holder == event.site and not where.heading


def _is_enough(look: _Look, item: Item, state: ItemState, *, used: bool) -> bool:
    if used or look.name in {"administer", "discard"}:
        return bool(item.quantity) and item.unit == state.unit and Decimal(item.quantity) <= left_of(state)
    if look.process:
        return not (item.quantity and state.made) or item.unit == state.unit
    return not item.quantity


def _outputs_may(event: Event, look: _Look, identity: str, highest: str, *, cells: bool) -> bool:
    if not cells:
        return False
    for item in event.outputs:
        if identity and (item.coi or event.coi) != identity:
            return False
        if look.conserves and item.quantity:
            return False
    if not look.takes and not look.gives:
        return True
    stage = output_stage(event)
    if (event.outputs and look.gives and not stage) or (event.stage and event.stage not in look.gives):
        return False
    return not (stage and highest) or STAGE_ORDER[highest] <= STAGE_ORDER[stage]


def _pack(event: Event, known: Knowledge, _policy: Policy) -> bool:
    around = known.item(event.container)
    return around is None or (around.holder == event.site and not around.heading and not around.container)


def _ship(event: Event, known: Knowledge, policy: Policy) -> bool:
    return policy.ship_before_release or all(
        state.stage != _PRODUCT or state.decision in PERMITTING_DECISIONS for state in _states(event, known)
    )


def _receive(event: Event, known: Knowledge, _policy: Policy) -> bool:
    previous = event.previous
    return previous is not None and all(
        state.heading == event.site and state.sent == previous.event_id for state in _states(event, known)
    )


def _hand_over(event: Event, known: Knowledge, _policy: Policy) -> bool:
    return event.destination != event.source and all(state.holder == event.source for state in _states(event, known))


def _administer(event: Event, known: Knowledge, _policy: Policy) -> bool:
    return all(
        (state.elsewhere or state.decision in PERMITTING_DECISIONS)
        and (not state.travelled or state.acceptance in ACCEPTING_DECISIONS)
        for state in _states(event, known)
    )


def _decide(event: Event, known: Knowledge, _policy: Policy) -> bool:
    of_hospital = event.outcome in HOSPITAL_DECISIONS
    permits = event.outcome in PERMITTING_DECISIONS or event.outcome in ACCEPTING_DECISIONS
    for state in _states(event, known):
        order = STAGE_ORDER.get(state.stage, -1)
        if of_hospital:
            if order < _AFTER_RECEIPT or (state.acceptance == "refuse" and event.outcome != "refuse"):
                return False
        elif permits and order >= _BEFORE_SHIPPING:
            return False
        if permits and (
            state.recalled
            or state.decision == "reject"
            or state.acceptance == "refuse"
            or (state.lot and known.is_recalled_lot(state.lot))
        ):
            return False
    return True


def _states(event: Event, known: Knowledge) -> list[ItemState]:
    return [state for item in event.items if (state := known.item(item.id)) is not None]


_SPECIAL: Final = MappingProxyType(
    {
        "pack": _pack,
        "ship": _ship,
        "receive": _receive,
        "handover": _hand_over,
        "administer": _administer,
        "decision": _decide,
    }
)
