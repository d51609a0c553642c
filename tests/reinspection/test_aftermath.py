"""Afterwards: late positives and recalls reach every container, notices have their clocks, follow-up its days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from tests.custody.story import COI, HOSPITAL, MAKER, PATIENT
from tests.custody.two_ledgers import TwoLedgers
from tests.reinspection.bedside import AT_HOSPITAL, BEDSIDE, DOSE, PLAN, RULES, STUDY, Story, ready

from regenqc.custody.record import Item, Measurement
from regenqc.errors import SpecificationError, UsageError
from regenqc.regulation.clocks import WorkingCalendar
from regenqc.regulation.duties import REPORTS
from regenqc.reinspection.aftermath import OCCURRENCES, consequences_of, follow_up_visits, join_sites, notices_due
from regenqc.reinspection.gate import ask_gate
from regenqc.vocabulary import Jurisdiction

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.reinspection.aftermath import Affected

BOTH = (DOSE, "DP-0001-2")


def reached(story: Story, folder: Path, code: str = "LOT-0001") -> dict[str, Affected]:
    with story.book(folder) as book, book.read() as view:
        return {each.item: each for each in consequences_of(view, code)}


def treated() -> Story:
    given = {"items": (Item(DOSE, "10", "mL"),), "recipient": PATIENT, "coi": COI}
    return ready().add("given", "administer", **given, **BEDSIDE)


def test_a_late_positive_stops_what_is_left_and_names_who_received_the_rest(tmp_path: Path) -> None:
    story = treated().add("late", "evaluation", items=BOTH, outcome="reject", site=MAKER)
    found = reached(story, tmp_path)
    given, left = found[DOSE], found["DP-0001-2"]
    assert (given.recipient, given.administered_at, given.status) == (
        PATIENT,
        story.events["given"].event_time,
        "administered",
    )
    assert (left.holder, left.administered_at) == (MAKER, "")
    assert left.stops == ("evaluated as reject after the decision",)


@pytest.mark.parametrize("named", [{"lot": "LOT-0001"}, {"items": BOTH}], ids=["the lot", "each container"])
def test_a_recall_turns_every_container_to_no_go(named: dict[str, object], tmp_path: Path) -> None:
    story = ready().add("recall", "recall", reason="late positive", **named, **AT_HOSPITAL)
    with story.book(tmp_path) as book, book.read() as view:
        found = consequences_of(view, "LOT-0001")
        answer = ask_gate(view, story.question(), rules=RULES)
    assert all(any("recalled" in stop for stop in each.stops) for each in found)
    assert answer.names == ("not_recalled",)


def test_a_container_that_nothing_stops_is_listed_without_a_stop(tmp_path: Path) -> None:
    assert [each.stops for each in reached(ready(), tmp_path).values()] == [(), ()]


def test_a_serious_reaction_that_suspends_the_study_stops_every_site(tmp_path: Path) -> None:
    story = ready().add("reaction", "adverse_event", recipient=PATIENT, **AT_HOSPITAL)
    story.add("stop", "study_suspended", study=STUDY, reason="serious reaction", **AT_HOSPITAL)
    with story.book(tmp_path) as book, book.read() as view:
        assert ask_gate(view, story.question(), rules=RULES).names == ("study_goes_on",)
        elsewhere = ask_gate(view, story.question(site="HOSPITAL-2"), rules=RULES)
    assert "study_goes_on" in elsewhere.names


# ---- notices ------------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 20, tzinfo=UTC)
HAPPENED = datetime(2026, 3, 16, 9, tzinfo=UTC)


def test_every_occurrence_names_reports_of_the_tables() -> None:
    known = {report.id for report in REPORTS}
    assert {report for reports in OCCURRENCES.values() for report in reports} <= known


def test_forty_eight_hours_run_from_the_moment() -> None:
    (found,) = notices_due(
        {"out_of_specification_administered": HAPPENED}, jurisdiction=Jurisdiction.EU, track="atmp", now=NOW
    )
    assert (found.due, found.overdue, found.period) == ("2026-03-18T09:00:00+00:00", True, "48 hours")


def test_working_days_need_a_calendar() -> None:
    asked = {"jurisdiction": Jurisdiction.CN, "track": "order_818", "now": NOW}
    (without,) = notices_due({"study_suspended": HAPPENED}, **asked)
    (found,) = notices_due({"study_suspended": HAPPENED}, **asked, calendar=WorkingCalendar())
    assert (without.due, without.overdue) == ("", False)
    assert (found.due, found.overdue) == ("2026-03-23", False)


def test_the_earliest_occurrence_sets_the_clock() -> None:
    later = datetime(2026, 3, 18, tzinfo=UTC)
    (found,) = notices_due(
        {"study_suspended": later, "serious_reaction": HAPPENED},
        jurisdiction=Jurisdiction.CN,
        track="order_818",
        now=NOW,
        calendar=WorkingCalendar(),
    )
    assert found.due == "2026-03-23"


def test_what_no_table_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="RQC-H601"):
        notices_due({"rain": HAPPENED}, jurisdiction=Jurisdiction.EU, track="atmp", now=NOW)


# ---- follow-up ----------------------------------------------------------------------------------------------------------

SCHEDULE = (
    Measurement("follow_up", "1", "mo"),
    Measurement("follow_up", "3", "mo"),
    Measurement("follow_up", "5", "y"),
    Measurement("follow_up_window", "7", "d"),
)


def followed(*days: str) -> Story:
    story = treated().bend("plan", measurements=(*PLAN, *SCHEDULE))
    for day in days:
        moment = f"{day}T09:00:00.000Z"
        story.add(f"visit {day}", "follow_up", recipient=PATIENT, event_time=moment, record_time=moment, **AT_HOSPITAL)
    return story


@pytest.mark.parametrize(
    ("days", "today", "states"),
    [
        ((), date(2026, 3, 20), ["later", "later", "later"]),
        ((), date(2026, 4, 10), ["due", "later", "later"]),
        ((), date(2026, 4, 24), ["overdue", "later", "later"]),
        (("2026-04-12",), date(2026, 4, 24), ["done", "later", "later"]),
        (("2026-03-20",), date(2026, 4, 24), ["overdue", "later", "later"]),
        (("2026-04-12", "2026-06-16"), date(2026, 7, 1), ["done", "done", "later"]),
        (("2026-06-16",), date(2026, 7, 1), ["done", "overdue", "later"]),
    ],
    ids=[
        "nothing is due yet",
        "the window is open",
        "the window has closed",
        "in the window",
        "too early to count",
        "two visits",
        "one late visit answers one",
    ],
)
def test_visits(days: tuple[str, ...], today: date, states: list[str], tmp_path: Path) -> None:
    with followed(*days).book(tmp_path) as book, book.read() as view:
        found = follow_up_visits(view, STUDY, today=today)
    assert [each.state for each in found] == states
    assert [each.due for each in found] == [date(2026, 4, 16), date(2026, 6, 16), date(2031, 3, 16)]


def test_without_a_schedule_of_the_sponsor_nothing_is_said_to_be_done(tmp_path: Path) -> None:
    with treated().book(tmp_path) as book, book.read() as view, pytest.raises(SpecificationError, match="RQC-H602"):
        follow_up_visits(view, STUDY, today=date(2026, 4, 1))


def test_who_received_nothing_is_not_followed(tmp_path: Path) -> None:
    story = ready().bend("plan", measurements=(*PLAN, *SCHEDULE))
    with story.book(tmp_path) as book, book.read() as view:
        assert follow_up_visits(view, STUDY, today=date(2026, 4, 1)) == ()


@pytest.mark.parametrize(
    ("kind", "said", "word"),
    [
        ("evaluation", {"outcome": "reject", "stage": "cell_bank"}, "evaluated as reject"),
        ("decision", {"outcome": "reject"}, "rejected"),
        ("recall", {"reason": "contaminated"}, "recalled"),
    ],
)
def test_what_becomes_of_a_bank_reaches_the_doses_at_another_site(
    tmp_path: Path, kind: str, said: dict[str, str], word: str
) -> None:
    sites = TwoLedgers(tmp_path).made()
    write, began = sites.write, sites.makers[0]
    before = {"event_time": began.event_time, "record_time": began.event_time}
    source = write("donation", outputs=("BIOPSY-9",), donor="DONOR-0009", **before)
    banked = write("banking", inputs=("BIOPSY-9",), outputs=("MCB-9/V001",), lot="MCB-9", stage="cell_bank", **before)
    at = next(number for number, event in enumerate(sites.makers) if event.kind == "modification")
    made = sites.makers[at]
    sites.makers[at : at + 1] = [source, banked, replace(made, inputs=(*made.inputs, Item("MCB-9/V001")))]
    sites.received(DOSE, of=sites.sent(DOSE))
    sites.makers.append(write(kind, items=("MCB-9/V001",), role="qualified_person", actor="QP-0001", **said))
    told = []
    for book in sites.books():
        with book, book.read() as view:
            told.append(consequences_of(view, "MCB-9/V001") if not told else consequences_of(view, DOSE))
    found = {each.item: each for each in join_sites(told)}
    assert (found[DOSE].holder, found[DOSE].stops) == (HOSPITAL, (f"made from MCB-9/V001 {word}",))
