"""The middle of what was measured at each visit, where enough patients stand behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.statistics.refusal import Refusal, RefusalReason

if TYPE_CHECKING:
    from regenqc.outcomes.joining import Joining
    from regenqc.outcomes.plan import FollowUpPlan

__all__ = ["Summary", "summaries_of"]

_LEAST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One measure at one visit: quartiles in the unit of the plan; NaN where refused."""

    measure: str
    visit: str
    lower_quartile: float
    median: float
    upper_quartile: float
    refusal: Refusal | None


def summaries_of(joining: Joining, *, plan: FollowUpPlan) -> tuple[Summary, ...]:
    """Return quartiles of every number at every visit, in the order of the plan.

    Args:
        joining: outcomes with their visits.
        plan: measures, and the smallest count of people that may show.
    """
    least = max(_LEAST, plan.disclosure.smallest)
    found = []
    for measure in plan.measure:
        for visit in plan.visits_of(measure) if measure.is_number else ():
            rows = [each[0].outcome for each in joining.answers(measure.id, visit).values()]
            refusal = None
            if len(rows) < least:
                reason = RefusalReason.TOO_FEW_TO_SAY if plan.disclosure.smallest == 1 else RefusalReason.SMALL_CELLS
                refusal = Refusal(reason=reason, detail=f"fewer than {least} patients, or none that may be told")
            elif any(row.lowest != row.highest for row in rows):
                refusal = Refusal(reason=RefusalReason.CENSORED_VALUES, detail="outcomes beyond a limit")
            ends = [np.nan] * 3 if refusal else np.quantile([row.highest for row in rows], [0.25, 0.5, 0.75]).tolist()
            found.append(
                Summary(
                    measure=measure.id,
                    visit=visit,
                    lower_quartile=ends[0],
                    median=ends[1],
                    upper_quartile=ends[2],
                    refusal=refusal,
                )
            )
    return tuple(found)
