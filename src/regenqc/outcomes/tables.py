"""The counts of people that are shown, as one system: whatever adds up in one table or between them is withheld together.

A number with its complement is one sum, too: whoever reads that 40 were treated and 38 have a report knows of the two others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from regenqc.regulation.clocks import read_period
from regenqc.statistics.disclosure import Sum, withheld

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.outcomes.conditions import ConditionState
    from regenqc.outcomes.joining import Joining
    from regenqc.outcomes.plan import FollowUpPlan, Measure

__all__ = ["VISIT_STATES", "Cell", "Shown", "ShownTable", "shown_tables"]

# A recipient's state at a visit: a report of any measure that is due there, else whether its window is past. Fewer columns than
# there are states, because every column makes its counts smaller.
VISIT_STATES: Final = ("reported", "overdue", "not yet")
_Key: TypeAlias = tuple[str, ...]
_TREATED: Final = ("treated",)


@dataclass(frozen=True, slots=True)
class Cell:
    """A count as it is shown: `None` when it is withheld."""

    count: int | None

    def __str__(self) -> str:
        return "withheld" if self.count is None else f"{self.count:,}"


_WITHHELD: Final = Cell(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTable:
    """One table: a title, what its columns are, and rows of cells."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown.

    Args:
        treated: patients who received something.
        tables: of visits, reports and words.
        reported: patients whose report counts, by condition.
        countable: measures and visits of which the number of reports, and of each of their words, is shown.
        smallest: the smallest count that is shown.
        withheld: counts that are not.
    """

    treated: Cell
    tables: tuple[ShownTable, ...]
    reported: dict[str, Cell]
    countable: frozenset[tuple[str, str]]
    smallest: int
    withheld: int

    def state_of(self, state: ConditionState) -> str:
        """Return the state of a condition as it may be told: whether a withheld count is enough says something about it."""
        is_told = state.state == "not_set" or self.reported[state.condition.id].count is not None
        return state.state if is_told else str(_WITHHELD)


@dataclass(slots=True)
class _System:
    """Sets of patients by key, and how a reader knows them to hang together.

    A set that parts another is one of its parts; of a set that lies in another, what is left over is a count as well, which a
    reader gets by subtraction.
    """

    sets: dict[_Key, frozenset[str]] = field(default_factory=dict)
    sums: list[tuple[_Key, tuple[_Key, ...]]] = field(default_factory=list)

    def part(self, whole: _Key, parts: dict[_Key, frozenset[str]]) -> None:
        self.sets |= parts
        self.sums.append((whole, tuple(parts)))

    def nest(self, whole: _Key, within: _Key) -> None:
        rest = ("rest", *whole, *within)
        if not self.sets[within] <= self.sets[whole]:
            return
        self.sets[rest] = self.sets[whole] - self.sets[within]
        self.sums.append((whole, (within, rest)))

    def cells(self, smallest: int) -> dict[_Key, Cell]:
        place = {key: number for number, key in enumerate(self.sets)}
        counts = np.array([len(people) for people in self.sets.values()], dtype=np.int64)
        hidden = withheld(
            counts,
            sums=[Sum(place[total], tuple(place[part] for part in parts)) for total, parts in self.sums],
            smallest=smallest,
        )
        return {key: Cell(None if hidden[number] else int(counts[number])) for key, number in place.items()}


def shown_tables(joining: Joining, conditions: Sequence[ConditionState], *, plan: FollowUpPlan) -> Shown:
    """Return the tables of a joining, with counts of few people withheld.

    Args:
        joining: outcomes with their visits.
        conditions: where they stand.
        plan: measures, visits, and the smallest count that may be shown.
    """
    system = _System({_TREATED: frozenset(joining.recipients)})
    visits = _add_visits(system, joining, plan)
    places = [(measure, visit) for measure in plan.measure for visit in plan.visits_of(measure) or ("",)]
    for measure, visit in places:
        _add_reports(system, joining, measure, visit)
    for state in conditions:
        _add_condition(system, state, joining, places)
    smallest = plan.disclosure.smallest
    cells = system.cells(smallest)
    return Shown(
        treated=cells[_TREATED],
        tables=(
            ShownTable(
                name="visits",
                title="Patients by visit",
                columns=VISIT_STATES,
                rows=tuple((visit, tuple(cells["visit", visit, state] for state in VISIT_STATES)) for visit in visits),
            ),
            ShownTable(
                name="reports",
                title="Patients with a report",
                columns=("with a report", "without"),
                rows=tuple(
                    (
                        _name(measure, visit),
                        tuple(cells["report", measure.id, visit, part] for part in ("with", "without")),
                    )
                    for measure, visit in places
                ),
            ),
            *(
                ShownTable(
                    name=f"words {measure.id}",
                    title=measure.title,
                    columns=_words(measure),
                    rows=tuple(
                        (visit or "ever", tuple(cells["word", measure.id, visit, word] for word in _words(measure)))
                        for visit in plan.visits_of(measure) or ("",)
                    ),
                )
                for measure in plan.measure
                if not measure.is_number
            ),
        ),
        reported={state.condition.id: cells["condition", state.condition.id] for state in conditions},
        countable=frozenset(
            (measure.id, visit)
            for measure, visit in places
            if all(
                cell.count is not None
                for key, cell in cells.items()
                if key == ("report", measure.id, visit, "with") or key[:3] == ("word", measure.id, visit)
            )
        ),
        smallest=smallest,
        withheld=sum(cell.count is None for key, cell in cells.items() if key[0] != "rest"),
    )


def _name(measure: Measure, visit: str) -> str:
    return f"{measure.title}, {visit}" if visit else measure.title


def _words(measure: Measure) -> tuple[str, ...]:
    # Of an adverse event a patient may have several reports; what counts is whether any of them is the event.
    return measure.one_of if measure.is_scheduled else ("event", "no event")


def _add_visits(system: _System, joining: Joining, plan: FollowUpPlan) -> list[str]:
    states: dict[str, dict[str, set[str]]] = {}
    for due in joining.due:
        states.setdefault(due.visit.period, {}).setdefault(due.visit.recipient, set()).add(due.visit.state)
    asked = {text for measure in plan.measure for text in plan.visits_of(measure)}
    visits = [text for text in plan.schedule.visits if text in asked]
    for visit in visits:
        people: dict[str, set[str]] = {state: set() for state in VISIT_STATES}
        for recipient, found in states.get(str(read_period(visit)), {}).items():
            people[_together(found)].add(recipient)
        system.part(_TREATED, {("visit", visit, state): frozenset(each) for state, each in people.items()})
    return visits


def _together(states: set[str]) -> str:
    return "reported" if "done" in states else "overdue" if "overdue" in states else "not yet"


def _add_reports(system: _System, joining: Joining, measure: Measure, visit: str) -> None:
    answers = joining.answers(measure.id, visit)
    key = ("report", measure.id, visit)
    reported = frozenset(answers)
    system.part(_TREATED, {(*key, "with"): reported, (*key, "without"): frozenset(joining.recipients) - reported})
    if visit:
        system.nest(("visit", visit, "reported"), (*key, "with"))
    if measure.is_number:
        return
    people: dict[str, set[str]] = {word: set() for word in _words(measure)}
    for recipient, rows in answers.items():
        if measure.is_scheduled:
            people[rows[0].outcome.word].add(recipient)
        else:
            people["event" if any(row.outcome.is_event for row in rows) else "no event"].add(recipient)
    system.part((*key, "with"), {("word", measure.id, visit, word): frozenset(each) for word, each in people.items()})


def _add_condition(
    system: _System, state: ConditionState, joining: Joining, places: Sequence[tuple[Measure, str]]
) -> None:
    """Add whom a condition counts: some of those with a report that fits it, whenever it came."""
    condition = state.condition
    key = ("condition", condition.id)
    system.sets[key] = system.sets[_TREATED] - frozenset(state.without_report)
    system.nest(_TREATED, key)
    if condition.visit:
        fitting: list[_Key] = [("visit", condition.visit, "reported")]
        if condition.measure:
            fitting = [("report", condition.measure, condition.visit, "with")]
    elif ("report", condition.measure, "", "with") in system.sets:
        fitting = [("report", condition.measure, "", "with")]
    else:
        # A report at no visit counts as well, so that these are more than those of all visits together.
        ever: _Key = ("ever", condition.measure)
        fitting = [ever]
        if ever not in system.sets:
            system.sets[ever] = frozenset(
                row.outcome.recipient
                for row in joining.rows
                if not condition.measure or row.outcome.measure == condition.measure
            )
            system.nest(_TREATED, ever)
            for measure, visit in places:
                if condition.measure in {"", measure.id}:
                    system.nest(ever, ("report", measure.id, visit, "with"))
    for whole in fitting:
        system.nest(whole, key)
