"""What is known of an item: the fold of every event that names it.

`advance` is a pure function of the state before and one event. It needs no other item, so the state of an item can be
derived again from its own events alone, in whatever order corrections give them.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from regenqc.custody.amounts import difference_of, sum_of
from regenqc.custody.kinds import KINDS, Group
from regenqc.custody.words import HOSPITAL_DECISIONS
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regenqc.custody.record import Event, Item

__all__ = [
    "CHANGING_KINDS",
    "ItemState",
    "Status",
    "advance",
    "decode_state",
    "encode_state",
    "left_of",
    "output_stage",
    "stated_identity",
]


_NOTHING: Final = Decimal(0)


class Status:
    """What has become of an item."""

    ACTIVE = "active"
    USED = "used"
    ADMINISTERED = "administered"
    DISCARDED = "discarded"


class ItemState(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """Hold what is known of an item at one moment of the log.

    Args:
        created: index of the event by which it came into being, -1 when that event is void or not in this log.
        began: moment of that event.
        changed: moment of the last event that changed it.
        status: `active`, `used`, `administered`, `discarded`.
        stage: stage of the product, empty for materials, samples and containers.
        holder: who holds it; while it is packed, whoever holds the container does.
        heading: where it is on its way to, empty when it is not in transit.
        sent: event_id of the event that sent it there.
        place: room, tank, position.
        container: what it is packed in.
        travelled: it was received from elsewhere.
        elsewhere: its life before that receipt, with its release, stands in another log.
        returned: it was sent back.
        coi, product, lot, study, donor, recipient, expires_at: as recorded.
        unit, made: quantity at its beginning; both empty for one whole thing.
        used, administered, destroyed, unaccounted: quantities that are gone, in that unit, empty for none.
        decision: last release decision.
        acceptance: last decision of the hospital.
        examined: outcome of the last examination.
        recalled: it was recalled.
        investigations: open investigations.
    """

    created: int = -1
    began: str = ""
    changed: str = ""
    status: str = Status.ACTIVE
    stage: str = ""
    holder: str = ""
    heading: str = ""
    sent: str = ""
    place: str = ""
    container: str = ""
    travelled: bool = False
    elsewhere: bool = False
    returned: bool = False
    coi: str = ""
    product: str = ""
    lot: str = ""
    study: str = ""
    donor: str = ""
    recipient: str = ""
    expires_at: str = ""
    unit: str = ""
    made: str = ""
    used: str = ""
    administered: str = ""
    destroyed: str = ""
    unaccounted: str = ""
    decision: str = ""
    acceptance: str = ""
    examined: str = ""
    recalled: bool = False
    investigations: tuple[str, ...] = ()


def left_of(state: ItemState) -> Decimal:
    """Return how much of an item is left, in its unit; 1 or 0 for one whole thing.

    Example:
        >>> left_of(ItemState(made="20", unit="mL", used="2.5"))
        Decimal('17.5')
        >>> left_of(ItemState(status="discarded"))
        Decimal('0')
    """
    if not state.made:
        return Decimal(1) if state.status == Status.ACTIVE else Decimal(0)
    return _rest(state.made, state.used, state.administered, state.destroyed, state.unaccounted)


@lru_cache(maxsize=4_096)
def _rest(made: str, *gone: str) -> Decimal:
    # Asked by the rules and then again by what becomes of the item.
    parts = list(filter(None, gone))
    if made.isdecimal() and all(map(str.isdecimal, parts)):
        return Decimal(int(made) - sum(map(int, parts)))
    return difference_of(Decimal(made), sum_of(_NOTHING, *map(Decimal, parts)))


@lru_cache(maxsize=4_096)
def _number(quantity: str) -> Decimal:
    return Decimal(quantity)


def stated_identity(event: Event, item: Item) -> str:
    """Return the chain-of-identity identifier that an event states for one of its items."""
    return item.coi or event.coi


def output_stage(event: Event) -> str:
    """Return the stage that an event gives to its outputs, empty when it gives none or does not say which.

    Example:
        >>> from regenqc.custody.record import Event
        >>> output_stage(Event(schema="s", kind="filling", event_id="1", event_time="t", record_time="t", zone="z", actor="a",
        ...     role="r", site="x"))
        'drug_product_release'
    """
    gives = KINDS[event.kind].gives
    return next(iter(gives)) if len(gives) == 1 else event.stage


def advance(before: ItemState | None, event: Event, item: Item, *, part: str, index: int) -> ItemState:
    """Return what is known of an item after an event.

    Args:
        before: what was known; `None` when nothing was.
        event: an event of a known kind.
        item: what the event says of the item.
        part: `items`, `inputs`, `outputs` or `container`: how the event names it.
        index: position of the event in the log.

    Returns:
        The state after it; the same object when the event leaves it as it was.
    """
    if part == "outputs":
        return _made(event, item, index)
    if before is None:
        before = (
            ItemState() if part != "container" else ItemState(created=index, began=event.event_time, holder=event.site)
        )
    if part == "inputs":
        return _gone(before, event, item, field="used", status=Status.USED)
    if part == "container":
        return before if before.changed >= event.event_time else replace(before, changed=event.event_time)
    change = _CHANGES.get(event.kind)
    return change(before, event, item, index) if change else before


def _made(event: Event, item: Item, index: int) -> ItemState:
    return ItemState(
        created=index,
        began=event.event_time,
        changed=event.event_time,
        stage=output_stage(event),
        holder=event.site,
        place=event.place,
        coi=stated_identity(event, item),
        product=event.product,
        lot=event.lot,
        study=event.study,
        donor=event.donor,
        recipient=event.recipient,
        expires_at=event.expires_at,
        unit=item.unit,
        made=item.quantity,
    )


def _gone(before: ItemState, event: Event, item: Item, *, field: str, status: str) -> ItemState:
    if not before.made or not item.quantity:
        # Sampling takes from a thing that is not measured without using it up.
        changed = {} if event.kind == "sampling" and not before.made else {"status": status}
        if before.made:
            changed[field] = _sum(getattr(before, field), str(left_of(before)))
        return replace(before, changed=event.event_time, **changed)
    total = _sum(getattr(before, field), item.quantity)
    spent = _number(item.quantity) >= left_of(before)
    return replace(before, changed=event.event_time, status=status if spent else before.status, **{field: total})


def _sum(first: str, second: str) -> str:
    if not first:
        return second
    if first.isdecimal() and second.isdecimal():
        # The same digits as below, in a third of the time.
        return str(int(first) + int(second))
    return str(sum_of(Decimal(first), Decimal(second)))


def _counted(before: ItemState, item: Item) -> dict[str, str]:
    """Return what is missing when a count finds less than the record says."""
    if not (before.made and item.quantity):
        return {}
    missing = difference_of(left_of(before), Decimal(item.quantity))
    return {"unaccounted": _sum(before.unaccounted, str(missing))} if missing > 0 else {}


def _placed(before: ItemState, event: Event, item: Item, _: int) -> ItemState:
    return replace(before, changed=event.event_time, place=event.place, **_counted(before, item))


def _labelled(before: ItemState, event: Event, item: Item, _: int) -> ItemState:
    return replace(
        before,
        changed=event.event_time,
        coi=before.coi or stated_identity(event, item),
        recipient=event.recipient or before.recipient,
        place=event.place or before.place,
    )


def _packed(before: ItemState, event: Event, _item: Item, _: int) -> ItemState:
    return replace(before, changed=event.event_time, container=event.container, place="")


def _unpacked(before: ItemState, event: Event, _item: Item, _: int) -> ItemState:
    # Whoever held it when it was packed is still written in it: another site now means that it travelled in between.
    moved = before.holder != event.site
    return replace(
        before,
        changed=event.event_time,
        container="",
        holder=event.site,
        place=event.place,
        travelled=before.travelled or moved,
        stage=_RECEIVED.get(before.stage, before.stage) if moved else before.stage,
    )


def _sent(before: ItemState, event: Event, _item: Item, _: int) -> ItemState:
    back = event.kind == "return"
    return replace(
        before,
        changed=event.event_time,
        heading=event.destination,
        sent=event.event_id,
        holder=event.carrier or before.holder,
        place="",
        returned=before.returned or back,
        stage=_SENT.get(before.stage, before.stage),
    )


def _handed_over(before: ItemState, event: Event, _item: Item, _: int) -> ItemState:
    arrived = before.heading == event.destination
    return replace(
        before,
        changed=event.event_time,
        holder=event.destination,
        heading="" if arrived else before.heading,
        sent="" if arrived else before.sent,
        place=event.place,
        travelled=before.travelled or arrived,
        stage=_arrived(before) if arrived else before.stage,
    )


def _received(before: ItemState, event: Event, item: Item, index: int) -> ItemState:
    if before.created < 0 and event.previous is not None and event.previous.origin:
        # The first that this log hears of it: another log tells its life before.
        before = _made(event, item, index)
        before = replace(before, stage=event.stage, elsewhere=True)
    return replace(
        before,
        changed=event.event_time,
        holder=event.site,
        heading="",
        sent="",
        place=event.place,
        travelled=True,
        examined=event.outcome or before.examined,
        stage=_arrived(before),
        **_counted(before, item),
    )


def _arrived(before: ItemState) -> str:
    # What was sent back is not received anew as a product to be used.
    return before.stage if before.returned else _RECEIVED.get(before.stage, before.stage)


def _administered(before: ItemState, event: Event, item: Item, _: int) -> ItemState:
    after = _gone(before, event, item, field="administered", status=Status.ADMINISTERED)
    return replace(after, recipient=event.recipient, stage=Stage.ADMINISTRATION.value)


def _discarded(before: ItemState, event: Event, item: Item, _: int) -> ItemState:
    return _gone(before, event, item, field="destroyed", status=Status.DISCARDED)


def _decided(before: ItemState, event: Event, _item: Item, _: int) -> ItemState:
    if event.outcome in HOSPITAL_DECISIONS:
        return replace(before, acceptance=event.outcome)
    return replace(before, decision=event.outcome)


def _recalled(before: ItemState, _event: Event, _item: Item, _: int) -> ItemState:
    return replace(before, recalled=True)


def _examined(before: ItemState, event: Event, _item: Item, _: int) -> ItemState:
    return replace(before, examined=event.outcome)


def _investigated(before: ItemState, event: Event, _item: Item, _: int) -> ItemState:
    others = tuple(name for name in before.investigations if name != event.investigation)
    opened = event.kind == "out_of_specification_opened"
    return replace(before, investigations=(*others, event.investigation) if opened else others)


def _processed(before: ItemState, event: Event, item: Item, _: int) -> ItemState:
    if item.quantity:
        # Measured anew: growth and added medium make more of it, without a new code.
        gone = difference_of(Decimal(before.made), left_of(before)) if before.made else _NOTHING
        before = replace(before, made=str(sum_of(Decimal(item.quantity), gone)), unit=item.unit)
    return replace(
        before,
        changed=event.event_time,
        stage=output_stage(event) or before.stage,
        coi=before.coi or stated_identity(event, item),
        place=event.place or before.place,
        expires_at=event.expires_at or before.expires_at,
    )


def _thawed_at_bedside(before: ItemState, event: Event, item: Item, index: int) -> ItemState:
    return replace(_processed(before, event, item, index), stage=Stage.ADMINISTRATION.value)


_RECEIVED: Final[Mapping[str, str]] = {
    Stage.DRUG_PRODUCT_RELEASE.value: Stage.HOSPITAL_RECEIPT.value,
    Stage.SHIPPING.value: Stage.HOSPITAL_RECEIPT.value,
}
_SENT: Final[Mapping[str, str]] = {
    Stage.DRUG_PRODUCT_RELEASE.value: Stage.SHIPPING.value,
    Stage.HOSPITAL_RECEIPT.value: Stage.SHIPPING.value,
    Stage.ADMINISTRATION.value: Stage.SHIPPING.value,
}
_CHANGES: Final[Mapping[str, Callable[[ItemState, Event, Item, int], ItemState]]] = {
    **{name: _processed for name, kind in KINDS.items() if kind.group == Group.PROCESS},
    "thaw_at_bedside": _thawed_at_bedside,
    "label": _labelled,
    "pack": _packed,
    "unpack": _unpacked,
    "store": _placed,
    "ship": _sent,
    "return": _sent,
    "handover": _handed_over,
    "receive": _received,
    "administer": _administered,
    "discard": _discarded,
    "decision": _decided,
    "recall": _recalled,
    "reinspect": _examined,
    "out_of_specification_opened": _investigated,
    "out_of_specification_closed": _investigated,
}


# Kinds that change what is known of the items they name; the others say something about them.
CHANGING_KINDS: Final = frozenset(_CHANGES)


def encode_state(state: ItemState) -> str:
    """Return the JSON of a state, as the projection stores it."""
    return _STATE_ENCODER.encode(state).decode()


def decode_state(data: str) -> ItemState:
    """Return the state that the projection stored."""
    return _STATE_DECODER.decode(data)


_STATE_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_STATE_DECODER: Final = msgspec.json.Decoder(ItemState)
