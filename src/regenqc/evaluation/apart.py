"""Judge single rows apart from all cells: what a result would be if it counted, or what a control in a column shows.

It is the same kernel, over one slot per entry and a cell that nobody reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regenqc.evaluation.kernel import PlanArrays, RowArrays, block_arrays, kernel_for
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.evaluation.plan import Plan

__all__ = ["judge_apart"]


def judge_apart(
    plan: Plan,
    rows: RowArrays,
    *,
    at: NDArray[np.integer],
    slot: NDArray[np.integer],
    members: NDArray[np.uint64],
    standing: NDArray[np.uint8] | None = None,
    compiled: bool | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return verdict and reason of every entry, a row before a slot.

    Args:
        plan: with the units of the rows prepared.
        rows: of a chunk; batches and lines are of no account.
        at: row of each entry.
        slot: slot of each entry.
        members: of each entry, the position of its batch's specification in its family.
        standing: of each entry; every row counts when not given.
        compiled: force the compiled or the plain kernel.

    Returns:
        `Verdict` and `Reason` of each entry; where text or several rows decide, the verdict is `missing` and the reason one
        of the marks `DELEGATED` and `COLLECTED`.

    Example:
        >>> from regenqc.evaluation.row_arrays import reading_arrays
        >>> from regenqc.intake.reading import read_texts
        >>> from regenqc.measurement.reported import NumberLocale
        >>> from regenqc.measurement.units import unit_code
        >>> from regenqc.specification import load_specification
        >>> import pyarrow as pa
        >>> from regenqc.evaluation.plan import Plan
        >>> plan = Plan([load_specification("example/car-t-ari-0001")])
        >>> number = next(at for at, slot in enumerate(plan.slots) if slot.test == "viability")
        >>> unit, code = np.array([unit_code("%")], dtype=np.uint16), np.zeros(1, dtype=np.uint32)
        >>> plan.prepare_units(unit)
        >>> readings = reading_arrays(read_texts(pa.array(["12"]), number_locale=NumberLocale()))
        >>> rows = RowArrays(code, code, code, unit, np.zeros(1, dtype=np.uint8), *readings)
        >>> verdict, reason = judge_apart(
        ...     plan, rows, at=np.array([0]), slot=np.array([number]), members=np.zeros(1, dtype=np.uint64)
        ... )
        >>> Verdict(verdict[0]).word, Reason(reason[0]).code
        ('fails', 'below_minimum')
    """
    entries, slots = len(at), len(plan.slots)
    verdict = np.full(entries, Verdict.CONFORMS, dtype=np.uint8)
    reason = np.full(entries, Reason.CONFORMS, dtype=np.uint8)
    if not entries:
        return verdict, reason
    # One place for every slot, and one cell for all of them. No row is settled in the first pass.
    settling = np.zeros((slots, 4), dtype=np.uint32)
    settling[:, 0] = [plan.never_settles[slot.specification] for slot in plan.slots]
    member, batch = members[:1], np.zeros(entries, dtype=np.int64)
    if (members != member).any():
        member, batch = np.unique(members, return_inverse=True)
    batch_at = np.zeros((len(member), 3), dtype=np.uint64)
    batch_at[:, 2] = member
    arrays = PlanArrays(
        batch_at=batch_at.ravel(),
        begin=np.arange(slots + 1, dtype=np.uint64),
        slot_at=np.arange(slots, dtype=np.uint32),
        column_at=np.zeros(slots, dtype=np.uint32),
        settling_at=settling.ravel(),
        receiving_at=np.zeros(4 * slots, dtype=np.uint32),
        settling_bounds=plan.settling_bounds,
        settling_words=plan.settling_words,
        unit_at=plan.unit_at,
        kind=plan.kind_apart,
        accept_preliminary=plan.accept_preliminary,
        has_limit=plan.has_limit,
        interval_at=plan.interval_at,
        bounds=plan.bounds,
        word_verdict=plan.word_verdict,
        word_reason=plan.word_reason,
    )
    chosen = rows._replace(
        batch=batch.astype(np.uint32),
        line=slot.astype(np.uint32),
        reading=rows.reading[at],
        unit=rows.unit[at],
        standing=np.zeros(entries, dtype=np.uint8) if standing is None else standing,
    )
    found_row, found_slot = np.empty((2, entries), dtype=np.int32)
    found_verdict, found_reason = np.empty((2, entries), dtype=np.uint8)
    worst, worst_reason = np.empty((2, entries), dtype=np.uint8)
    found = kernel_for(entries, compiled=compiled)(
        chosen,
        arrays,
        np.zeros(1, dtype=np.uint8),
        worst,
        worst_reason,
        found_row,
        found_slot,
        found_verdict,
        found_reason,
        block_arrays(),
    )
    verdict[found_row[:found]] = found_verdict[:found]
    reason[found_row[:found]] = found_reason[:found]
    return verdict, reason
