"""One analysis from reports of patients to what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenqc.outcomes.associations import Association, Threshold, associations_of
from regenqc.outcomes.conditions import ConditionState, conditions_of
from regenqc.outcomes.joining import Joining, join_outcomes
from regenqc.outcomes.records import OutcomeTable, read_outcomes
from regenqc.outcomes.summaries import Summary, summaries_of
from regenqc.outcomes.tables import Shown, shown_tables
from regenqc.trends.history import read_history
from regenqc.trends.series import series_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from regenqc.intake.table import ResultTable
    from regenqc.outcomes.doses import DoseTable
    from regenqc.outcomes.plan import FollowUpPlan
    from regenqc.outcomes.records import RefusedRow

__all__ = ["OutcomeAnalysis", "analyse_outcomes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeAnalysis:
    """Everything that was found.

    Args:
        plan: of the follow-up.
        now: the moment as of which it holds.
        table: outcomes as read.
        doses: who received what.
        joining: outcomes with lots and visits; names people by pseudonym.
        conditions: where they stand; names people by pseudonym.
        shown: counts of people that may be shown.
        summaries: quartiles of numbers.
        associations: of attributes with outcomes.
        rows_of_results: results behind the attributes: read and used.
        lots_without_results: lots that were given, and that no result in numbers speaks of; empty where no results were given.
    """

    plan: FollowUpPlan
    now: datetime
    table: OutcomeTable
    doses: DoseTable
    joining: Joining
    conditions: tuple[ConditionState, ...]
    shown: Shown
    summaries: tuple[Summary, ...]
    associations: tuple[Association, ...]
    rows_of_results: tuple[int, int]
    lots_without_results: tuple[str, ...]

    @property
    def refused(self) -> tuple[RefusedRow, ...]:
        """Return every refused row, by file and row."""
        rows = (*self.table.refused, *self.joining.refused)
        return tuple(sorted(rows, key=lambda row: (row.source, row.row_number)))


def analyse_outcomes(
    *outcomes: Any,
    doses: DoseTable,
    plan: FollowUpPlan,
    now: datetime,
    results: ResultTable | None = None,
    stage: str | None = None,
    thresholds: Sequence[Threshold] = (),
) -> OutcomeAnalysis:
    """Read outcomes, join them to lots, and say where follow-up and conditions stand and what goes with what.

    Args:
        outcomes: paths or Arrow tables.
        doses: who received what.
        plan: of the follow-up.
        now: the present moment, with zone.
        results: of the lots, for their quality attributes; no associations without them.
        stage: attributes of this stage only; rows that state none are of it.
        thresholds: by which lots are parted besides thirds.

    Raises:
        DataError: a file cannot be read.
        UsageError: results without a stage and none named; a threshold that fits no results.
    """
    table = read_outcomes(*outcomes, plan=plan, now=now)
    joining = join_outcomes(table, doses, plan=plan, today=now.date())
    conditions = conditions_of(joining, plan=plan, today=now.date())
    shown = shown_tables(joining, conditions, plan=plan)
    associations: list[Association] = []
    rows = (0, 0)
    unknown: tuple[str, ...] = ()
    if results is not None:
        history = read_history(results, stage=stage)
        rows = (history.rows_read, len(history.batch))
        points = series_of(history)
        unknown = tuple(
            sorted({dose.lot for dose in doses.doses} - {points.batch_ids[at] for at in set(points.batch.tolist())})
        )
        associations = associations_of(points, joining, plan=plan, countable=shown.countable, thresholds=thresholds)
    return OutcomeAnalysis(
        plan=plan,
        now=now,
        table=table,
        doses=doses,
        joining=joining,
        conditions=conditions,
        shown=shown,
        summaries=summaries_of(joining, plan=plan),
        associations=tuple(associations),
        rows_of_results=rows,
        lots_without_results=unknown,
    )
