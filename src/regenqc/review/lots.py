"""Which lots a review speaks of, what the data allowed, and what named persons decided.

A lot belongs to a period by the day on which it was made. A lot of the product without a day that can be read is in no period, and is
named: it is not left out in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.decision.folder import chain_of
from regenqc.errors import DataError, Fault, UsageError
from regenqc.evaluation.dates import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from regenqc.decision.evaluation_files import EvaluationFiles
    from regenqc.decision.model import Decision
    from regenqc.intake.batches import BatchTable

__all__ = ["Judged", "LotsOfPeriod", "decided", "judged", "lots_of_period"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LotsOfPeriod:
    """Lots of one product.

    Args:
        product: its code.
        lots: made in the period, in the order in which they were made, with the day as the batch table states it.
        earlier: made before it.
        later: made after it.
        undated: whose day cannot be read.
    """

    product: str
    lots: dict[str, str]
    earlier: tuple[str, ...]
    later: tuple[str, ...]
    undated: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the data allow of one lot at one stage.

    Args:
        batch_id: lot.
        stage: stage.
        spec_id: specification.
        spec_version: its version.
        disposition: of the latest evaluation.
        reasons: of it.
        evaluated_at: when.
        earlier: disposition of the evaluation before, where it was another one; else empty.
    """

    batch_id: str
    stage: str
    spec_id: str
    spec_version: str
    disposition: str
    reasons: str
    evaluated_at: str
    earlier: str


def lots_of_period(batches: BatchTable, *, product: str | None, start: date, end: date) -> LotsOfPeriod:
    """Return the lots of a product by the period in which they were made.

    Args:
        batches: batch table with `product` and `manufactured_at`.
        product: its code; may be left out when the table has one only.
        start: first day.
        end: last day.

    Raises:
        UsageError: `RQC-U160`, no such product, or several and none named; `RQC-U161`, the period ends before it begins.
        DataError: `RQC-D050`, the table does not say when lots were made.

    Example:
        >>> from datetime import date
        >>> import pyarrow as pa
        >>> from regenqc.intake import read_batches
        >>> table = read_batches(pa.table({"batch_id": ["B1", "B2"], "product": ["P", "P"],
        ...     "manufactured_at": ["2026-01-15T08:00:00Z", "2025-12-31"]}))
        >>> lots_of_period(table, product=None, start=date(2026, 1, 1), end=date(2026, 12, 31)).lots
        {'B1': '2026-01-15'}
    """
    if end < start:
        raise UsageError(
            Fault(
                code="RQC-U161",
                what="The period ends before it begins.",
                got=f"{start} to {end}",
                action="Check the days.",
            )
        )
    products = batches.attributes.get("product", [""] * len(batches.batch_ids))
    stated = sorted({each for each in products if each})
    if product not in stated and not (product is None and len(stated) <= 1):
        raise UsageError(
            Fault(
                code="RQC-U160",
                what="A review speaks of one product.",
                where=batches.name,
                got=product or f"{len(stated)} products",
                expected=", ".join(stated[:20]) or "a column product",
                action="Name one of them with --product.",
            )
        )
    if "manufactured_at" not in batches.attributes:
        raise DataError(
            Fault(
                code="RQC-D050",
                what="The batch table does not say when lots were made.",
                where=batches.name,
                expected="a column manufactured_at",
                action="Add the column; a period needs days.",
            )
        )
    name = product or (stated[0] if stated else "")
    own = [
        (batch_id, made)
        for batch_id, made, of in zip(batches.batch_ids, batches.attributes["manufactured_at"], products, strict=True)
        if of == name
    ]
    undated = tuple(batch_id for batch_id, made in own if parse_time(made) is None)
    dated = sorted((made[:10], batch_id) for batch_id, made in own if parse_time(made) is not None)
    return LotsOfPeriod(
        product=name,
        lots={batch_id: day for day, batch_id in dated if start.isoformat() <= day <= end.isoformat()},
        earlier=tuple(batch_id for day, batch_id in dated if day < start.isoformat()),
        later=tuple(batch_id for day, batch_id in dated if day > end.isoformat()),
        undated=undated,
    )


def judged(evaluations: Sequence[EvaluationFiles], lots: LotsOfPeriod) -> list[Judged]:
    """Return what the latest evaluation of every lot, stage and specification says, in the order of the lots.

    Args:
        evaluations: in any order.
        lots: those of the period count.
    """
    found: dict[tuple[str, str, str], Judged] = {}
    for files in sorted(evaluations, key=lambda each: each.moment):
        for row in files.rows("dispositions"):
            if row["batch_id"] not in lots.lots:
                continue
            key = (row["batch_id"], row["stage"], row["spec_id"])
            before = found.get(key)
            found[key] = Judged(
                batch_id=row["batch_id"],
                stage=row["stage"],
                spec_id=row["spec_id"],
                spec_version=row["spec_version"],
                disposition=row["disposition"],
                reasons=row["reasons"],
                evaluated_at=row["evaluated_at"],
                earlier="" if before is None or before.disposition == row["disposition"] else before.disposition,
            )
    order = {batch_id: number for number, batch_id in enumerate(lots.lots)}
    return sorted(found.values(), key=lambda each: (order[each.batch_id], each.stage, each.spec_id))


def decided(decisions: Sequence[Decision], lots: LotsOfPeriod) -> dict[tuple[str, str, str], Decision]:
    """Return the decision that stands on each lot, stage and specification: the last one with all its signatures.

    Args:
        decisions: of a folder.
        lots: those of the period count.

    Raises:
        SignatureError: `RQC-A061`, decisions about a lot do not form one chain.
    """
    own: dict[tuple[str, str, str], list[Decision]] = {}
    for each in decisions:
        if each.batch_id in lots.lots:
            own.setdefault((each.batch_id, each.stage, each.spec.id), []).append(each)
    standing = {}
    for key, several in own.items():
        complete = [each for each in chain_of(several) if each.is_complete]
        if complete:
            standing[key] = complete[-1]
    return standing
