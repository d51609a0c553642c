"""What a ledger knows of the containers of the lots: how many were given, and what stops those that were not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.errors import UsageError
from regenqc.reinspection.aftermath import consequences_of

if TYPE_CHECKING:
    from regenqc.ledger import Snapshot
    from regenqc.review.lots import LotsOfPeriod

__all__ = ["LotAfterwards", "lots_afterwards"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LotAfterwards:
    """Containers of one lot; no recipient is named.

    Args:
        batch_id: lot.
        containers: of product.
        given: of these, administered.
        stops: what the ledger holds against containers, such as `recalled`, with how many; what is used up is no stop.
    """

    batch_id: str
    containers: int
    given: int
    stops: dict[str, int]


def lots_afterwards(view: Snapshot, lots: LotsOfPeriod) -> tuple[LotAfterwards, ...]:
    """Return what a ledger knows of the lots of a period; lots that it never names are left out.

    Args:
        view: of the ledger.
        lots: of the period.
    """
    found = []
    for batch_id in lots.lots:
        try:
            containers = consequences_of(view, batch_id)
        except UsageError:
            continue
        stops = Counter(
            stop for each in containers for stop in each.stops if stop not in {"administered", "discarded", "used"}
        )
        found.append(
            LotAfterwards(
                batch_id=batch_id,
                containers=len(containers),
                given=sum(bool(each.administered_at) for each in containers),
                stops=dict(stops),
            )
        )
    return tuple(found)
