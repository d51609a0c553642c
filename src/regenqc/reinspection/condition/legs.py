"""Add up a way of several legs: time out of storage, what is left of the permitted time, and the time between two legs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.reinspection.condition.excursions import Trouble
from regenqc.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.reinspection.condition.excursions import TraceFindings
    from regenqc.reinspection.condition.requirement import ChannelRequirement

__all__ = ["WayFinding", "add_legs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WayFinding:
    """Hold what became of one item over all its legs.

    Args:
        verdict: the worst of all legs, and of their sum.
        trouble: everything that keeps it from conforming.
        outside_at_least: milliseconds outside the limits over all legs.
        outside_at_most: the same, from the reading before to the reading after each excursion.
        left: milliseconds of permitted time that are left after the longest possible time outside, 0 for none; `None` when
            no total is set.
        silent: milliseconds without readings, the time between two legs included.
    """

    verdict: Verdict
    trouble: Trouble
    outside_at_least: int
    outside_at_most: int
    left: int | None
    silent: int


def add_legs(
    findings: TraceFindings,
    requirement: ChannelRequirement,
    *,
    legs: Sequence[int],
    began: Sequence[int],
    ended: Sequence[int],
) -> WayFinding:
    """Return what became of an item over its legs.

    Args:
        findings: of traces.
        requirement: what the product permits.
        legs: rows of `findings` that are the legs of this item, in order of time.
        began: for each leg, milliseconds since 1970 UTC.
        ended: for each leg.

    Returns:
        Permitted time is used up over all legs: what each leg alone would permit may be too much together. Time between two
        legs that nobody watched is silence.
    """
    trouble = Trouble(0)
    for row in legs:
        trouble |= findings.trouble(row)
    at_least = sum(int(findings.outside_at_least[row]) for row in legs)
    at_most = sum(int(findings.outside_at_most[row]) for row in legs)
    silent = sum(int(findings.silent[row]) for row in legs)
    permitted_gap = None if requirement.gap_minutes is None else float(requirement.gap_minutes) * 60_000
    for end, begin in zip(ended, began[1:], strict=False):
        between = begin - end
        if permitted_gap is not None and between > permitted_gap:
            trouble |= Trouble.SILENT
            silent += between
    total = None if requirement.total_minutes is None else int(requirement.total_minutes * 60_000)
    if total is not None and at_least > total:
        trouble |= Trouble.OUTSIDE
    elif total is not None and at_most > total:
        trouble |= Trouble.PERHAPS_OUTSIDE
    if not legs:
        trouble |= Trouble.NO_READINGS
    verdict = Verdict.CONFORMS
    if trouble & Trouble.OUTSIDE:
        trouble &= ~Trouble.PERHAPS_OUTSIDE
        verdict = Verdict.FAILS
    elif trouble & ~Trouble.VALUES_MISSING:
        verdict = Verdict.INCONCLUSIVE
    return WayFinding(
        verdict=verdict,
        trouble=trouble,
        outside_at_least=at_least,
        outside_at_most=at_most,
        left=None if total is None else max(total - at_most, 0),
        silent=silent,
    )
