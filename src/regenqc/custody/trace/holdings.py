"""Where everything is, and whether the sum is right (questions 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from regenqc.custody.amounts import difference_of, sum_of
from regenqc.custody.projection.tables import Part
from regenqc.custody.state import Status, left_of
from regenqc.custody.trace.lineage import TracedItem, traced_items
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.state import ItemState
    from regenqc.ledger import Snapshot

__all__ = ["Balance", "holdings", "items_of_lot", "reconcile"]


def holdings(view: Snapshot, codes: Sequence[str], *, asking: Asking = ALWAYS) -> tuple[TracedItem, ...]:
    """Return what is known of items: who has them, where, in what state.

    Args:
        view: of the ledger.
        codes: of items.
        asking: as of when: as known at a moment, or as true at a moment.

    Raises:
        UsageError: `RQC-C221`, the log never names one of the codes.
    """
    reader = Reader(view, asking)
    return traced_items(reader, [reader.number(code) for code in codes])


def items_of_lot(view: Snapshot, lot: str, *, asking: Asking = ALWAYS) -> tuple[str, ...]:
    """Return the codes of the items that came into being under a lot number, in the order of the log.

    Raises:
        UsageError: `RQC-C221`, the log never names the lot.
    """
    reader = Reader(view, asking)
    number = reader.number(lot)
    found: dict[str, None] = {}
    for _, event in reader.events_naming([number], parts=(Part.LOT,)):
        for item in event.outputs or event.items:
            found[item.id] = None
    return tuple(found)


@dataclass(slots=True)
class Balance:
    """Hold the account of items in one unit: `made` is the sum of all other quantities.

    Args:
        unit: of the quantities; empty for whole things.
        made: what came into being.
        used: used in making other items, samples included.
        administered: given to patients.
        stock: left, with whoever holds it.
        in_transit: left, on its way.
        returned: left, sent back and received.
        destroyed: discarded.
        unaccounted: missing at a count; always to be explained.
        unaccounted_items: which items something is missing of.
    """

    unit: str
    made: Decimal = Decimal(0)
    used: Decimal = Decimal(0)
    administered: Decimal = Decimal(0)
    stock: Decimal = Decimal(0)
    in_transit: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)
    destroyed: Decimal = Decimal(0)
    unaccounted: Decimal = Decimal(0)
    unaccounted_items: list[str] = field(default_factory=list)

    @property
    def difference(self) -> Decimal:
        """Return what was made and is in none of the other quantities; zero unless the account itself is wrong."""
        gone = sum_of(self.used, self.administered, self.destroyed, self.unaccounted)
        return difference_of(self.made, sum_of(gone, self.stock, self.in_transit, self.returned))


def reconcile(view: Snapshot, codes: Sequence[str], *, asking: Asking = ALWAYS) -> tuple[Balance, ...]:
    """Return the account of items, one balance for each unit, units in order.

    Args:
        view: of the ledger.
        codes: of items, for instance `items_of_lot`.
        asking: as of when.

    Example:
        >>> Balance("mL", made=Decimal(20), administered=Decimal(10), stock=Decimal(10)).difference
        Decimal('0')
    """
    balances: dict[str, Balance] = {}
    for item in holdings(view, codes, asking=asking):
        if item.state is not None and item.state.created >= 0:
            balance = balances.setdefault(item.state.unit, Balance(item.state.unit))
            _count(balance, item, item.state)
    return tuple(balances[unit] for unit in sorted(balances))


def _count(balance: Balance, item: TracedItem, state: ItemState) -> None:
    left = left_of(state)
    if state.made:
        balance.made = sum_of(balance.made, Decimal(state.made))
        for name in ("used", "administered", "destroyed", "unaccounted"):
            setattr(balance, name, sum_of(getattr(balance, name), Decimal(getattr(state, name) or 0)))
    else:
        balance.made += 1
        gone = {Status.USED: "used", Status.ADMINISTERED: "administered", Status.DISCARDED: "destroyed"}.get(
            state.status
        )
        if gone:
            setattr(balance, gone, getattr(balance, gone) + 1)
    if item.where is not None and item.where.heading:
        balance.in_transit = sum_of(balance.in_transit, left)
    elif state.returned:
        balance.returned = sum_of(balance.returned, left)
    else:
        balance.stock = sum_of(balance.stock, left)
    if state.unaccounted:
        balance.unaccounted_items.append(item.code)
