"""Where the conditions of an approval stand: how many patients are reported, who is missing, and until when.

The conditions are data of the plan, with their sources. A number or a day that the sponsor has not set leaves a condition open;
nothing counts as met because nobody asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from regenqc.outcomes.joining import Joining
    from regenqc.outcomes.plan import Condition, FollowUpPlan

__all__ = ["ConditionState", "conditions_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionState:
    """One condition, as of a day.

    Args:
        condition: as the plan states it.
        state: `met`, `open`, `overdue`, or `not_set`.
        reported: patients with a report that counts.
        required: patients to report; 0 when it is not set.
        days_left: until the day, negative after it; `None` without one.
        without_report: pseudonyms of those treated of whom no report counts.
    """

    condition: Condition
    state: str
    reported: int
    required: int
    days_left: int | None
    without_report: tuple[str, ...]

    @property
    def lacking(self) -> int:
        """Return how many patients are still to be reported."""
        return max(self.required - self.reported, 0)


def conditions_of(joining: Joining, *, plan: FollowUpPlan, today: date) -> tuple[ConditionState, ...]:
    """Return the conditions of a plan, in its order.

    Args:
        joining: outcomes with their visits.
        plan: whose conditions they are.
        today: the present day.

    A report counts when it is of the measure and visit that the condition names, and was observed on its day or before.
    """
    return tuple(_state(condition, joining, today) for condition in plan.condition)


def _state(condition: Condition, joining: Joining, today: date) -> ConditionState:
    counted = {
        row.outcome.recipient
        for row in joining.rows
        if (not condition.measure or row.outcome.measure == condition.measure)
        and (not condition.visit or row.visit == condition.visit)
        and (condition.by is None or row.outcome.day <= condition.by)
    }
    required = len(joining.recipients) if condition.all_treated else condition.patients
    if condition.by is None or not required:
        # Nobody treated yet, or a number that nobody set: there is nothing to be met.
        state = "not_set" if condition.sponsor_must_set else "open"
    elif len(counted) >= required:
        state = "met"
    else:
        state = "overdue" if today > condition.by else "open"
    return ConditionState(
        condition=condition,
        state="not_set" if condition.sponsor_must_set else state,
        reported=len(counted),
        required=required,
        days_left=None if condition.by is None else (condition.by - today).days,
        without_report=tuple(each for each in joining.recipients if each not in counted),
    )
