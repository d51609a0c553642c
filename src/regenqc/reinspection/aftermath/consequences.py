"""Whom something reaches: every container that came of it, who holds it or received it, and why it may not be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.custody.state import Status, left_of
from regenqc.custody.trace.lineage import forward
from regenqc.custody.trace.reader import Reader
from regenqc.custody.versions import specification_of
from regenqc.custody.words import PERMITTING_DECISIONS
from regenqc.reinspection.origins import fallen_origins
from regenqc.vocabulary import Disposition, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from regenqc.custody.record import Event
    from regenqc.custody.state import ItemState
    from regenqc.custody.trace.reader import Step
    from regenqc.ledger import Snapshot

__all__ = ["Affected", "consequences_of"]

_PRODUCT: Final = frozenset(
    stage.value for stage in (Stage.DRUG_PRODUCT_RELEASE, Stage.SHIPPING, Stage.HOSPITAL_RECEIPT, Stage.ADMINISTRATION)
)
_FAILING: Final = frozenset({Disposition.REJECT.value, Disposition.HOLD.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """Hold one container that something reaches.

    Args:
        item: its code.
        lot: manufactured lot.
        status: `active`, `administered`, `discarded`, `used`.
        holder: who has it, or had it last.
        heading: where it is on its way to; empty when it is not.
        left: what is left of it.
        unit: of that; empty for one whole thing.
        recipient: who received it, or for whom it is.
        administered_at: when it was given; empty when it was not.
        stops: why the gate says no to it now; empty only when nothing in the ledger stops it.
    """

    item: str
    lot: str
    status: str
    holder: str
    heading: str
    left: Decimal
    unit: str
    recipient: str
    administered_at: str
    stops: tuple[str, ...]


def consequences_of(view: Snapshot, code: str) -> tuple[Affected, ...]:
    """Return every container of product that came of something, in the order of the log.

    Args:
        view: of the ledger.
        code: of a lot, an item, a donor, a bank, a material, a piece of equipment.

    Raises:
        UsageError: `RQC-C221`, the log never names the code.

    A container that nothing stops although something of its origin failed is listed, too, with no stop: somebody has to act.
    """
    found = forward(view, code)
    reader = Reader(view)
    recalled = {
        str(lot)
        for (lot,) in view.execute("SELECT code FROM custody_register WHERE sort = ? AND value <> ?", ("lot", ""))
    }
    return tuple(
        _affected(
            reader,
            item.code,
            item.state,
            recalled,
            item.where.holder if item.where else "",
            item.where.heading if item.where else "",
        )
        for item in found.items
        if item.state is not None and item.state.stage in _PRODUCT
    )


def _affected(reader: Reader, code: str, state: ItemState, recalled: set[str], holder: str, heading: str) -> Affected:
    life = reader.life(code)
    given = [step.event for step in life if step.event.kind == "administer"]
    return Affected(
        item=code,
        lot=state.lot,
        status=state.status,
        holder=holder,
        heading=heading,
        left=left_of(state),
        unit=state.unit,
        recipient=given[-1].recipient if given else state.recipient,
        administered_at=given[-1].event_time if given else "",
        stops=(*_stops(state, life, recalled), *(f"made from {each}" for each in fallen_origins(reader, code))),
    )


def _stops(state: ItemState, life: list[Step], recalled: set[str]) -> Iterator[str]:
    if state.status != Status.ACTIVE:
        yield state.status
    if state.recalled:
        yield "recalled"
    elif state.lot in recalled:
        yield f"lot {state.lot} recalled"
    if state.decision == "reject":
        yield "rejected"
    if state.acceptance in {"refuse", "quarantine"}:
        yield {"refuse": "refused", "quarantine": "in quarantine"}[state.acceptance]
    if state.investigations:
        yield f"under investigation {', '.join(state.investigations)}"
    late = _late_failure([step.event for step in life])
    if late:
        yield late


def _late_failure(events: list[Event]) -> str:
    answers = PERMITTING_DECISIONS | {"exceptional"}
    last = max(
        (at for at, event in enumerate(events) if event.kind == "decision" and event.outcome in answers), default=-1
    )
    later = {specification_of(event): event.outcome for event in events[last + 1 :] if event.kind == "evaluation"}
    failing = next((outcome for outcome in later.values() if outcome in _FAILING), "")
    return f"evaluated as {failing} after the decision" if failing else ""
