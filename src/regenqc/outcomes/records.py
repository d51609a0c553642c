"""Read outcomes: one row for each report, typed by the plan; every other row is refused with its reason, and nothing is guessed.

The order of decisions, the first that applies: blank, identifies a person, no pseudonym, unknown measure, other kind, moment,
revision, value, unit, range, visit. A revised row is superseded by its highest revision; rows that contradict each other are
refused together. Rows read = accepted + repeated + superseded + refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from regenqc.custody.identifiers import is_standard
from regenqc.custody.privacy import identifying_fault, is_harmless, is_pseudonym
from regenqc.evaluation.dates import parse_time
from regenqc.intake.contracts import InputColumn
from regenqc.intake.dates import DateKind, date_kinds
from regenqc.intake.revisions import revision_number
from regenqc.intake.table import source_of
from regenqc.measurement.reported import Form, fold_word, read_reported
from regenqc.measurement.units import conversion_factor, find_unit
from regenqc.outcomes.faults import RowRefusal, unknown_columns
from regenqc.regulation.clocks import read_period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from regenqc.outcomes.plan import FollowUpPlan, Measure

__all__ = ["OUTCOME_COLUMNS", "Outcome", "OutcomeTable", "RefusedRow", "read_outcomes", "rows_of"]

OUTCOME_COLUMNS: Final = (
    InputColumn("recipient", required=True, meaning="pseudonym of the patient"),
    InputColumn("measure", required=True, meaning="measure of the plan"),
    InputColumn("kind", required=True, meaning="instrument, patient_reported or adverse_event"),
    InputColumn("value", required=True, meaning="as reported, text"),
    InputColumn("unit", required=True, meaning="unit as reported, empty for words"),
    InputColumn("observed_at", required=True, meaning="ISO 8601 with zone"),
    InputColumn("dose", required=False, meaning="container that was given"),
    InputColumn("visit", required=False, meaning="visit of the schedule, as 3 mo"),
    InputColumn("outcome_id", required=False, meaning="identity of the report"),
    InputColumn("revision", required=False, meaning="the highest revision of an outcome_id counts"),
)
_CODES: Final = frozenset({"recipient", "measure", "dose", "outcome_id"})
_CENSORED: Final = {
    Form.LESS: (-1, False),
    Form.LESS_OR_EQUAL: (-1, True),
    Form.GREATER: (1, False),
    Form.GREATER_OR_EQUAL: (1, True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One accepted report.

    Args:
        source: file.
        row_number: of it, from 1.
        recipient: pseudonym.
        measure: of the plan.
        lowest: the least that a number may be, in the unit of the plan; of a word NaN.
        highest: the most; equal to `lowest` for a number that is not censored.
        word: as the plan writes it; empty for a number.
        is_event: whether the word is one that counts as the event.
        observed_at: seconds since 1970 UTC.
        day: of the calendar where it was observed.
        dose: container; empty when the row names none.
        visit: as the row states it; empty when it states none.
        identity: `outcome_id` and revision, where stated.
    """

    source: str
    row_number: int
    recipient: str
    measure: str
    lowest: float
    highest: float
    word: str
    is_event: bool
    observed_at: int
    day: date
    dose: str
    visit: str
    identity: tuple[str, int]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that does not count; what it says is not repeated, because it may name somebody."""

    source: str
    row_number: int
    reason: RowRefusal
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeTable:
    """Outcomes of one run.

    Args:
        outcomes: that count, in the order of files and rows.
        refused: that do not.
        rows_read: of all files.
        repeated: rows that say again what an accepted one says.
        superseded: rows with a later revision.
        sources: name, kind, digest and size of each file.
    """

    outcomes: tuple[Outcome, ...]
    refused: tuple[RefusedRow, ...]
    rows_read: int
    repeated: int
    superseded: int
    sources: tuple[dict[str, Any], ...]


class _Refused(Exception):  # noqa: N818 - a way out of the order of decisions, not an error
    def __init__(self, reason: RowRefusal, column: str = "") -> None:
        super().__init__()
        self.reason = reason
        self.column = column


def rows_of(
    item: Any, *, columns: tuple[InputColumn, ...], learn: Callable[[pa.RecordBatch], None] | None = None
) -> tuple[dict[str, Any], Iterator[tuple[int, dict[str, str]]]]:
    """Return what a file is, and its rows as trimmed texts by column with their numbers.

    Args:
        item: a path or a table.
        columns: the contract; every column must be one of these.
        learn: looks at each batch of rows before they are given out.

    Raises:
        DataError: unreadable, or `RQC-O010`, further columns.
    """
    source = source_of(item, columns=columns)
    names = tuple(column.name for column in columns)
    further = [name for name in source.columns if name not in names]
    if further:
        raise unknown_columns(source.name, further, known=names)

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        first = 1
        for batch in source.read(1 << 16, None):
            if learn is not None:
                learn(batch)
            texts = [
                [text.strip() for text in batch[name].to_pylist()] if name in batch.schema.names else repeat("")
                for name in names
            ]
            for at, cells in enumerate(zip(*texts, strict=False)):
                yield first + at, dict(zip(names, cells, strict=True))
            first += batch.num_rows

    stated = {"name": source.name, "kind": source.kind, "digest": source.digest, "bytes": source.byte_count}
    return stated, rows()


def read_outcomes(*inputs: Any, plan: FollowUpPlan, now: datetime) -> OutcomeTable:
    r"""Read outcomes by a plan.

    Args:
        inputs: paths or Arrow tables.
        plan: what the measures are.
        now: the present moment, with zone; a report from the future is refused.

    Raises:
        DataError: a file cannot be read, or has other columns.

    Example:
        >>> import pyarrow as pa
        >>> from datetime import UTC, datetime
        >>> from regenqc.outcomes.plan import parse_plan
        >>> plan = parse_plan('schema = "regenqc.follow-up-plan/1"\nid = "p"\nversion = "1"\ntitle = "t"\n'
        ...     'schedule = {visits = ["6 mo"], window = "14 d", citation = "c", mark = "verified"}\n'
        ...     '[[measure]]\nid = "capacity"\ntitle = "t"\nkind = "instrument"\nunit = "mL"\n')
        >>> rows = pa.table({"recipient": ["PAT-0001", "Erika"], "measure": ["capacity"] * 2, "kind": ["instrument"] * 2,
        ...     "value": ["4.1", "3"], "unit": ["L", "L"], "observed_at": ["2026-03-01T10:00:00Z"] * 2})
        >>> table = read_outcomes(rows, plan=plan, now=datetime(2026, 6, 1, tzinfo=UTC))
        >>> table.outcomes[0].highest, table.refused[0].reason.name
        (4100.0, 'NO_PSEUDONYM')
    """
    reader = _Reader(plan, int(now.timestamp()))
    sources = []
    accepted: list[Outcome] = []
    refused: list[RefusedRow] = []
    rows_read = 0
    for item in inputs:
        source, rows = rows_of(item, columns=OUTCOME_COLUMNS, learn=reader.learn)
        sources.append(source)
        for number, cells in rows:
            rows_read += 1
            try:
                accepted.append(reader.read(source["name"], number, cells))
            except _Refused as found:
                refused.append(RefusedRow(source["name"], number, found.reason, found.column))
    standing, conflicting, superseded, repeated = _standing(accepted)
    refused += [RefusedRow(each.source, each.row_number, RowRefusal.CONFLICTING, "") for each in conflicting]
    return OutcomeTable(
        outcomes=tuple(standing),
        refused=tuple(refused),
        rows_read=rows_read,
        repeated=repeated,
        superseded=superseded,
        sources=tuple(sources),
    )


class _Reader:
    """Reads rows by one plan."""

    def __init__(self, plan: FollowUpPlan, now: int) -> None:
        self._measures = plan.measures
        self._visits = {
            each.id: {str(read_period(text)): text for text in plan.visits_of(each)} for each in plan.measure
        }
        self._words = {
            each.id: {fold_word(word): word for word in each.one_of} for each in plan.measure if not each.is_number
        }
        self._now = now
        self._moments: dict[str, tuple[DateKind, int | None]] = {}
        self._numbers: dict[tuple[str, str, str], tuple[float, float, str]] = {}
        self._events = {each.id: {fold_word(word) for word in each.event} for each in plan.measure}

    def read(self, source: str, number: int, cells: dict[str, str]) -> Outcome:
        if not any(cells.values()):
            raise _Refused(RowRefusal.BLANK_ROW)
        for name, text in cells.items():
            if name != "observed_at" and not is_harmless(text) and _identifies(text, name):
                raise _Refused(RowRefusal.IDENTIFIES_A_PERSON, name)
        if not is_pseudonym(cells["recipient"]):
            raise _Refused(RowRefusal.NO_PSEUDONYM, "recipient")
        measure = self._measures.get(cells["measure"])
        if measure is None:
            raise _Refused(RowRefusal.UNKNOWN_MEASURE, "measure")
        if fold_word(cells["kind"]).replace(" ", "_") != measure.kind:
            raise _Refused(RowRefusal.OTHER_KIND, "kind")
        moment = self._moment(cells["observed_at"])
        revision = revision_number(cells["revision"])
        if revision is None:
            raise _Refused(RowRefusal.UNREADABLE_REVISION, "revision")
        lowest, highest, word = (
            self._number(cells["value"], cells["unit"], measure)
            if measure.is_number
            else (float("nan"), float("nan"), self._word(cells["value"], cells["unit"], measure))
        )
        return Outcome(
            source=source,
            row_number=number,
            recipient=cells["recipient"],
            measure=measure.id,
            lowest=lowest,
            highest=highest,
            word=word,
            is_event=bool(word) and fold_word(word) in self._events[measure.id],
            observed_at=moment,
            day=date.fromisoformat(cells["observed_at"][:10]),
            dose=cells["dose"],
            visit=self._visit(cells["visit"], measure),
            identity=(cells["outcome_id"], revision),
        )

    def learn(self, batch: pa.RecordBatch) -> None:
        """Read the moments of many rows at once, each distinct text once."""
        texts = [text.strip() for text in batch["observed_at"].dictionary.to_pylist()]
        kinds = date_kinds(pa.array(texts, pa.string()))
        for text, kind in zip(texts, kinds.tolist(), strict=True):
            if text not in self._moments:
                is_read = kind == DateKind.ZONED_OR_EMPTY and text
                self._moments[text] = (DateKind(kind), parse_time(text) if is_read else None)

    def _moment(self, text: str) -> int:
        kind, moment = self._moments[text]
        if kind is DateKind.WITHOUT_ZONE:
            raise _Refused(RowRefusal.DATE_WITHOUT_ZONE, "observed_at")
        if moment is None:
            raise _Refused(RowRefusal.DATE_UNREADABLE, "observed_at")
        if moment > self._now:
            raise _Refused(RowRefusal.AFTER_TODAY, "observed_at")
        return moment

    def _number(self, value: str, unit: str, measure: Measure) -> tuple[float, float, str]:
        key = (value, unit, measure.id)
        if key not in self._numbers:
            self._numbers[key] = _number(value, unit, measure)
        return self._numbers[key]

    def _word(self, value: str, unit: str, measure: Measure) -> str:
        if not value:
            raise _Refused(RowRefusal.VALUE_MISSING, "value")
        word = self._words[measure.id].get(fold_word(value))
        if word is None:
            raise _Refused(RowRefusal.UNKNOWN_WORD, "value")
        if unit:
            raise _Refused(RowRefusal.UNIT_OF_ANOTHER_KIND, "unit")
        return word

    def _visit(self, text: str, measure: Measure) -> str:
        if not text:
            return ""
        try:
            return self._visits[measure.id][str(read_period(fold_word(text)))]
        except (ValueError, KeyError):
            raise _Refused(RowRefusal.UNKNOWN_VISIT, "visit") from None


def _identifies(text: str, name: str) -> bool:
    if name in _CODES and is_standard(text):
        return False
    return identifying_fault(text, where=name, coded=name in _CODES) is not None


def _number(value: str, unit_text: str, measure: Measure) -> tuple[float, float, str]:
    """Return the least and the most that a reported number may be, in the unit of the plan."""
    if not value:
        raise _Refused(RowRefusal.VALUE_MISSING, "value")
    reported = read_reported(value)
    if reported.number is None:
        raise _Refused(RowRefusal.VALUE_UNREADABLE, "value")
    if measure.unit and not unit_text and not reported.unit:
        raise _Refused(RowRefusal.UNIT_MISSING, "unit")
    exact = Fraction(reported.number) * _factor(unit_text or reported.unit, reported.unit, measure)
    least = Fraction(measure.minimum) if measure.minimum else None
    most = Fraction(measure.maximum) if measure.maximum else None
    side, closed = _CENSORED.get(reported.form, (0, True))
    outside = (least is not None and (exact < least or (exact == least and side < 0 and not closed))) or (
        most is not None and (exact > most or (exact == most and side > 0 and not closed))
    )
    if outside:
        raise _Refused(RowRefusal.OUTSIDE_RANGE, "value")
    number = float(exact)
    if side < 0:
        return (float("-inf") if least is None else float(least)), number, ""
    if side > 0:
        return number, (float("inf") if most is None else float(most)), ""
    return number, number, ""


def _factor(unit: str, written: str, measure: Measure) -> Fraction:
    """Return by what a number is multiplied to be in the unit of the plan."""
    own, wanted = find_unit(unit), find_unit(measure.unit)
    if wanted is None and fold_word(unit) == fold_word(measure.unit) and not written:
        return Fraction(1)
    if own is None:
        raise _Refused(RowRefusal.UNKNOWN_UNIT, "unit")
    if wanted is None or own.kind != wanted.kind or (written and own.symbol != "%"):
        raise _Refused(RowRefusal.UNIT_OF_ANOTHER_KIND, "unit")
    return conversion_factor(own, wanted)


def _standing(accepted: list[Outcome]) -> tuple[list[Outcome], list[Outcome], int, int]:
    """Return what counts, what contradicts itself, and how many rows are superseded and repeated."""
    latest: dict[str, int] = {}
    speaks_of: dict[str, set[tuple[str, str]]] = {}
    for each in accepted:
        name, revision = each.identity
        if name:
            latest[name] = max(latest.get(name, 0), revision)
            speaks_of.setdefault(name, set()).add((each.recipient, each.measure))
    # One identity of two patients: numbers of two sites that met, or a row that moved; which one counts is not guessed.
    mixed = {name for name, several in speaks_of.items() if len(several) > 1}
    latest |= dict.fromkeys(mixed, -1)
    current = [each for each in accepted if latest.get(each.identity[0], each.identity[1]) in {each.identity[1], -1}]
    by_place: dict[tuple[object, ...], list[Outcome]] = {}
    for each in current:
        by_place.setdefault(("id", each.identity) if each.identity[0] else ("at", *_place(each)), []).append(each)
    wrong = {id(one) for one in current if one.identity[0] in mixed}
    wrong |= {id(one) for same in by_place.values() if len({_said(one) for one in same}) > 1 for one in same}
    kept: dict[tuple[object, ...], Outcome] = {}
    places: dict[tuple[object, ...], list[Outcome]] = {}
    for each in current:
        if id(each) not in wrong:
            places.setdefault(_place(each), []).append(each)
    for place, same in places.items():
        if len({_said(one)[1:] for one in same}) > 1:
            wrong |= {id(one) for one in same}
        else:
            kept[place] = same[0]
    standing = sorted(kept.values(), key=lambda one: (one.source, one.row_number))
    conflicting = [one for one in current if id(one) in wrong]
    repeated = len(current) - len(conflicting) - len(standing)
    return standing, conflicting, len(accepted) - len(current), repeated


def _place(each: Outcome) -> tuple[object, ...]:
    return (each.recipient, each.measure, each.observed_at, each.dose, each.visit)


def _said(each: Outcome) -> tuple[object, ...]:
    return (_place(each), repr(each.lowest), repr(each.highest), each.word)
