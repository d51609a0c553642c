"""The plan of follow-up as data: measures, visits, the conditions of an approval, and how small a count may be shown.

No source gives one schedule or one set of measures for every product, so nothing is assumed: what the plan does not state is not
asked for, and what its sponsor has to set and has not set stays open.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from regenqc.errors import Fault, SpecificationError
from regenqc.measurement.reported import fold_word
from regenqc.regulation.clocks import Period, read_period
from regenqc.statistics.disclosure import SMALLEST_SHOWN
from regenqc.vocabulary import Force, Jurisdiction, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "Approval",
    "Condition",
    "Disclosure",
    "FollowUpPlan",
    "Measure",
    "OutcomeKind",
    "Schedule",
    "parse_plan",
    "read_plan",
    "showing_all",
]

SCHEMA: Final = "regenqc.follow-up-plan/1"
_DAYS: Final = frozenset({"d", "mo", "y"})
# PMD Act Art 23-26, [JP-PMD-COND] of the register of sources.
_LONGEST_TERM_IN_JAPAN: Final = Period(7, "y")


class OutcomeKind(StrEnum):
    """What sort of record an outcome is."""

    INSTRUMENT = "instrument"
    PATIENT_REPORTED = "patient_reported"
    ADVERSE_EVENT = "adverse_event"


class Schedule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Visits after the first administration, as `3 mo` or `5 y`, and the days by which each may be early or late."""

    visits: tuple[str, ...]
    window: str
    citation: str
    mark: Mark

    @property
    def periods(self) -> tuple[Period, ...]:
        """Return the visits as periods, in the order of the plan."""
        return tuple(read_period(text) for text in self.visits)

    @property
    def window_days(self) -> timedelta:
        """Return the window."""
        return timedelta(days=read_period(self.window).amount)


class Measure(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One outcome that is recorded.

    A measure is either a number in `unit` within `minimum` and `maximum`, inclusive, or one of the words `one_of`, of which those in
    `event` count as the event. `visits` are those at which it is due; all of the schedule when none is stated. Adverse events are words,
    have no visits, and are recorded when they happen. A unit that the dictionary does not have, such as `points`, is matched as it is
    written.
    """

    id: str
    title: str
    kind: OutcomeKind
    unit: str = ""
    minimum: str = ""
    maximum: str = ""
    one_of: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    citation: str = ""

    @property
    def is_number(self) -> bool:
        """Return whether the measure is a number."""
        return not self.one_of

    @property
    def is_scheduled(self) -> bool:
        """Return whether the measure is due at visits."""
        return self.kind is not OutcomeKind.ADVERSE_EVENT


class Condition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One condition of an approval: so many patients with a report of `measure` at `visit`, by a day.

    Without `measure` any accepted report counts; `all_treated` asks for everybody who was treated, in place of a number.
    `sponsor_must_set` says that the number or the day is not set yet: the condition is then open, and never met.
    """

    id: str
    title: str
    citation: str
    mark: Mark
    force: Force
    jurisdiction: Jurisdiction
    patients: int = 0
    all_treated: bool = False
    measure: str = ""
    visit: str = ""
    by: date | None = None
    sponsor_must_set: bool = False


class Approval(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A conditional approval: from when, and for how long."""

    jurisdiction: Jurisdiction
    granted: date
    citation: str
    mark: Mark
    term: str = ""

    @property
    def expires(self) -> date | None:
        """Return the last day of the term, `None` when none is stated."""
        return read_period(self.term).end(self.granted) if self.term else None


class Disclosure(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The smallest count of people that may be shown; 1 shows every count, for readers who may see single patients."""

    smallest: int = SMALLEST_SHOWN
    citation: str = "CMS Cell Size Suppression Policy, 2024-01-26 (resdac.org/node/1506)"
    mark: Mark = Mark.VERIFIED


class FollowUpPlan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan of follow-up; `sources` name the documents behind it."""

    schema: str
    id: str
    version: str
    title: str
    schedule: Schedule
    measure: tuple[Measure, ...]
    product: str = ""
    study: str = ""
    approval: Approval | None = None
    condition: tuple[Condition, ...] = ()
    disclosure: Disclosure = Disclosure()

    @property
    def measures(self) -> dict[str, Measure]:
        """Return the measures by identifier."""
        return {each.id: each for each in self.measure}

    def visits_of(self, measure: Measure) -> tuple[str, ...]:
        """Return the visits at which a measure is due."""
        return (measure.visits or self.schedule.visits) if measure.is_scheduled else ()


@dataclass(frozen=True, slots=True)
class _Wrong:
    path: str
    got: str
    expected: str


def read_plan(path: Path) -> FollowUpPlan:
    """Read a plan from a TOML file.

    Raises:
        SpecificationError: `RQC-O001`, it cannot be read; `RQC-O002`, with every fault of its content.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(str(path), [_Wrong("", str(error), "a TOML file in UTF-8")]) from error
    return parse_plan(text, where=str(path))


def parse_plan(text: str, *, where: str = "plan.toml") -> FollowUpPlan:
    """Return the plan that a text states.

    Args:
        text: TOML.
        where: its name, for messages.

    Raises:
        SpecificationError: `RQC-O001`, no such form; `RQC-O002`, with every fault of its content.

    Example:
        >>> plan = parse_plan('''
        ... schema = "regenqc.follow-up-plan/1"
        ... id = "example/plan"
        ... version = "1"
        ... title = "An example"
        ... schedule = { visits = ["6 mo"], window = "14 d", citation = "protocol, section 8", mark = "verified" }
        ... [[measure]]
        ... id = "vital_capacity"
        ... title = "Forced vital capacity"
        ... kind = "instrument"
        ... unit = "L"
        ... minimum = "0"
        ... ''')
        >>> [str(period) for period in plan.schedule.periods], plan.disclosure.smallest
        (['6 months'], 11)
    """
    try:
        plan: FollowUpPlan = msgspec.convert(tomllib.loads(text), FollowUpPlan)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SpecificationError(
            Fault(
                code="RQC-O001",
                what="The plan of follow-up has not the form of one.",
                where=where,
                got=str(error),
                expected=SCHEMA,
                action="Correct the key; docs/outcomes.md names them all.",
            )
        ) from error
    wrong = list(_faults(plan))
    if wrong:
        raise _invalid(where, wrong)
    return plan


def showing_all(plan: FollowUpPlan) -> FollowUpPlan:
    """Return a plan by which no count is withheld, for readers who may see single patients."""
    disclosure = Disclosure(smallest=1, citation="whoever asked for it", mark=Mark.UNVERIFIED)
    return msgspec.structs.replace(plan, disclosure=disclosure)


def _invalid(where: str, wrong: list[_Wrong]) -> SpecificationError:
    return SpecificationError(
        *(
            Fault(
                code="RQC-O002",
                what="The plan of follow-up cannot be followed.",
                where=f"{where} {each.path}".rstrip(),
                got=each.got,
                expected=each.expected,
                action="Correct it; nothing is taken for granted in its place.",
            )
            for each in wrong
        )
    )


def _faults(plan: FollowUpPlan) -> Iterator[_Wrong]:
    if plan.schema != SCHEMA:
        yield _Wrong("schema", plan.schema, SCHEMA)
    yield from _schedule_faults(plan)
    if plan.disclosure.smallest < 1:
        yield _Wrong("disclosure.smallest", str(plan.disclosure.smallest), "1 or more")
    if not plan.measure:
        yield _Wrong("measure", "none", "one measure or more")
    for kind, ids in (
        ("measure", [each.id for each in plan.measure]),
        ("condition", [each.id for each in plan.condition]),
    ):
        yield from (
            _Wrong(f"{kind} {name}", "stated twice", "identifiers that differ")
            for name in {*ids}
            if ids.count(name) > 1
        )
        yield from (_Wrong(kind, "an empty id", "an identifier") for name in ids if not name.strip())
    for measure in plan.measure:
        yield from _measure_faults(measure, plan)
    for condition in plan.condition:
        yield from _condition_faults(condition, plan)
    if plan.approval is not None:
        yield from _approval_faults(plan.approval)


def _schedule_faults(plan: FollowUpPlan) -> Iterator[_Wrong]:
    for name, texts in (("visits", plan.schedule.visits), ("window", (plan.schedule.window,))):
        for text in texts:
            period = _period(text)
            if period is None or period.unit not in ({"d"} if name == "window" else _DAYS):
                yield _Wrong(f"schedule.{name}", text, "days such as 14 d" if name == "window" else "3 mo, 5 y or 28 d")
    if not plan.schedule.visits:
        yield _Wrong("schedule.visits", "none", "one visit or more")
    if len(set(plan.schedule.visits)) < len(plan.schedule.visits):
        yield _Wrong("schedule.visits", ", ".join(plan.schedule.visits), "each visit once")
    if not plan.schedule.citation.strip():
        yield _Wrong("schedule.citation", "nothing", "where the schedule stands")


def _measure_faults(measure: Measure, plan: FollowUpPlan) -> Iterator[_Wrong]:
    at = f"measure {measure.id}"
    yield from (
        _Wrong(f"{at}.visits", text, "a visit of the schedule")
        for text in measure.visits
        if text not in plan.schedule.visits
    )
    if measure.kind is OutcomeKind.ADVERSE_EVENT and (not measure.event or measure.visits):
        # At a visit the first report would count, and hide a worse one.
        yield _Wrong(
            at, "visits" if measure.visits else "no event", "an adverse event with one_of and event, and no visits"
        )
    if measure.one_of:
        if measure.unit or measure.minimum or measure.maximum:
            yield _Wrong(at, "one_of beside unit, minimum or maximum", "words or numbers, not both")
        folded = {fold_word(word) for word in measure.one_of}
        if len(folded) < len(measure.one_of) or "" in folded:
            yield _Wrong(f"{at}.one_of", ", ".join(measure.one_of), "words that differ, none empty")
        yield from (
            _Wrong(f"{at}.event", word, "a word of one_of") for word in measure.event if fold_word(word) not in folded
        )
        return
    if measure.event:
        yield _Wrong(f"{at}.event", ", ".join(measure.event), "one_of, of which these are words")
    ends = [_number(text) for text in (measure.minimum, measure.maximum)]
    for name, text, number in zip(("minimum", "maximum"), (measure.minimum, measure.maximum), ends, strict=True):
        if text and number is None:
            yield _Wrong(f"{at}.{name}", text, "a number as text")
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        yield _Wrong(at, f"minimum {measure.minimum}, maximum {measure.maximum}", "minimum at most maximum")


def _condition_faults(condition: Condition, plan: FollowUpPlan) -> Iterator[_Wrong]:
    at = f"condition {condition.id}"
    if not condition.citation.strip():
        yield _Wrong(f"{at}.citation", "nothing", "where the condition stands")
    if condition.measure and condition.measure not in plan.measures:
        yield _Wrong(f"{at}.measure", condition.measure, "a measure of the plan")
    if condition.visit and condition.visit not in plan.schedule.visits:
        yield _Wrong(f"{at}.visit", condition.visit, "a visit of the schedule")
    if condition.patients < 0 or (condition.patients and condition.all_treated):
        yield _Wrong(f"{at}.patients", str(condition.patients), "a number, or all_treated")
    is_set = (condition.patients > 0 or condition.all_treated) and condition.by is not None
    if is_set == condition.sponsor_must_set:
        yield _Wrong(at, "patients and by" if is_set else "no patients or no day", "both, or sponsor_must_set = true")


def _approval_faults(approval: Approval) -> Iterator[_Wrong]:
    period = _period(approval.term) if approval.term else None
    if approval.term and (period is None or period.unit not in _DAYS):
        yield _Wrong("approval.term", approval.term, "5 y, 90 d")
    elif approval.jurisdiction is Jurisdiction.JP and period is not None:
        longest = _LONGEST_TERM_IN_JAPAN.end(approval.granted)
        ends = period.end(approval.granted)
        if longest is not None and ends is not None and ends > longest:
            yield _Wrong("approval.term", approval.term, "at most 7 y (PMD Act Art 23-26)")
    if not approval.citation.strip():
        yield _Wrong("approval.citation", "nothing", "where the approval stands")


def _period(text: str) -> Period | None:
    try:
        return read_period(text)
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
