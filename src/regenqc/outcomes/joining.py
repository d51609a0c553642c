"""Join outcomes to the doses, lots and visits that they belong to.

A report that names a dose belongs to the lot of that dose. One that names none belongs to the lot of everything that the patient had
received by then, if that is one lot; with several lots it is counted, but says nothing about any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.outcomes.faults import RowRefusal
from regenqc.outcomes.follow_up import Answer, Visit, visits_of
from regenqc.outcomes.records import RefusedRow
from regenqc.regulation.clocks import read_period

if TYPE_CHECKING:
    from datetime import date

    from regenqc.outcomes.doses import Dose, DoseTable
    from regenqc.outcomes.plan import FollowUpPlan
    from regenqc.outcomes.records import Outcome, OutcomeTable

__all__ = ["Due", "Joined", "Joining", "join_outcomes"]


@dataclass(frozen=True, slots=True)
class Joined:
    """An outcome, the lot that it speaks of (empty when none can be told), and the visit that it answers, if any."""

    outcome: Outcome
    lot: str
    visit: str


@dataclass(frozen=True, slots=True)
class Due:
    """A measure at a visit of one recipient."""

    measure: str
    visit: Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Outcomes with their lots, and what is due.

    Args:
        rows: outcomes that count, in the order of files and rows.
        refused: rows that fit no dose, besides those that could not be read.
        due: every scheduled measure of every recipient, by recipient, measure and day.
        recipients: everybody who received something.
    """

    rows: tuple[Joined, ...]
    refused: tuple[RefusedRow, ...]
    due: tuple[Due, ...]
    recipients: tuple[str, ...]

    def answers(self, measure: str, visit: str) -> dict[str, list[Joined]]:
        """Return by recipient what answers a measure at a visit; with an empty visit, every report of the measure."""
        found: dict[str, list[Joined]] = {}
        for row in self.rows:
            if row.outcome.measure == measure and (not visit or row.visit == visit):
                found.setdefault(row.outcome.recipient, []).append(row)
        return found


def join_outcomes(table: OutcomeTable, doses: DoseTable, *, plan: FollowUpPlan, today: date) -> Joining:
    """Return outcomes with their lots and visits.

    Args:
        table: outcomes.
        doses: what was given.
        plan: of the follow-up.
        today: the present day.
    """
    given: dict[str, list[Dose]] = {}
    for dose in doses.doses:
        given.setdefault(dose.recipient, []).append(dose)
    by_code = {dose.dose: dose for dose in doses.doses}
    refused: list[RefusedRow] = []
    lots: list[tuple[Outcome, str]] = []
    for outcome in table.outcomes:
        found = _lot_of(outcome, given.get(outcome.recipient), by_code.get(outcome.dose))
        if isinstance(found, RowRefusal):
            refused.append(
                RefusedRow(outcome.source, outcome.row_number, found, "dose" if outcome.dose else "recipient")
            )
        else:
            lots.append((outcome, found))
    due, answered = _due(lots, doses.first_day, plan=plan, today=today)
    rows = [Joined(outcome, lot, answered.get(number, "")) for number, (outcome, lot) in enumerate(lots)]
    return Joining(rows=tuple(rows), refused=tuple(refused), due=tuple(due), recipients=tuple(doses.first_day))


def _lot_of(outcome: Outcome, given: list[Dose] | None, dose: Dose | None) -> str | RowRefusal:
    if given is None:
        return RowRefusal.UNKNOWN_RECIPIENT
    if outcome.dose:
        if dose is None:
            return RowRefusal.UNKNOWN_DOSE
        if dose.recipient != outcome.recipient:
            return RowRefusal.DOSE_OF_ANOTHER
        return RowRefusal.BEFORE_ADMINISTRATION if outcome.observed_at < dose.administered_at else dose.lot
    before = [each for each in given if each.administered_at <= outcome.observed_at]
    if not before:
        return RowRefusal.BEFORE_ADMINISTRATION
    lots = {each.lot for each in before}
    return lots.pop() if len(lots) == 1 else ""


def _due(
    lots: list[tuple[Outcome, str]], first_day: dict[str, date], *, plan: FollowUpPlan, today: date
) -> tuple[list[Due], dict[int, str]]:
    """Return what is due of everybody, and by position the visit that an outcome answers, as the plan writes it."""
    answers: dict[tuple[str, str], list[Answer]] = {}
    for number, (outcome, _) in enumerate(lots):
        stated = str(read_period(outcome.visit)) if outcome.visit else ""
        answers.setdefault((outcome.recipient, outcome.measure), []).append(
            Answer(outcome.day, f"{number:012d}", stated)
        )
    due: list[Due] = []
    answered: dict[int, str] = {}
    window = plan.schedule.window_days
    for recipient, day in first_day.items():
        for measure in plan.measure:
            written = {str(read_period(text)): text for text in plan.visits_of(measure)}
            visits = visits_of(
                recipient,
                day,
                periods=[read_period(text) for text in written.values()],
                window=window,
                answers=answers.get((recipient, measure.id), ()),
                today=today,
                late_counts=False,  # what was measured at another time is no value of this visit
            )
            due += [Due(measure.id, visit) for visit in visits]
            answered |= {int(visit.done_at): written[visit.period] for visit in visits if visit.done_at}
    return due, answered
