"""Outcomes find their doses, lots and visits, and conditions count them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from tests.outcomes.conftest import NOW, PLAN

from regenqc.errors import DataError
from regenqc.outcomes.conditions import conditions_of
from regenqc.outcomes.doses import doses_of_ledger, outcomes_of_ledger
from regenqc.outcomes.faults import RowRefusal
from regenqc.outcomes.joining import join_outcomes
from regenqc.outcomes.plan import FollowUpPlan, parse_plan
from regenqc.outcomes.records import OutcomeTable, read_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regenqc.outcomes.doses import DoseTable

    Reports = Callable[..., OutcomeTable]
    Given = Callable[..., DoseTable]

TODAY = date(2026, 6, 30)
FIRST = ("D-0001", "PAT-0001", "LOT-0001", "2026-01-10")
SECOND = ("D-0002", "PAT-0001", "LOT-0002", "2026-03-01")
OTHER = ("D-0003", "PAT-0002", "LOT-0002", "2026-01-12")
AT = "2026-02-10T10:00:00+09:00"
LATER = "2026-04-01T10:00:00+09:00"


@pytest.mark.parametrize(
    ("row", "lot"),
    [
        ({"observed_at": AT}, "LOT-0001"),
        ({"observed_at": LATER}, ""),
        ({"observed_at": LATER, "dose": "D-0002"}, "LOT-0002"),
        ({"observed_at": LATER, "dose": "D-0001"}, "LOT-0001"),
        ({"observed_at": AT, "dose": "D-0002"}, RowRefusal.BEFORE_ADMINISTRATION),
        ({"observed_at": "2026-01-01T10:00:00Z"}, RowRefusal.BEFORE_ADMINISTRATION),
        ({"dose": "D-0003"}, RowRefusal.DOSE_OF_ANOTHER),
        ({"dose": "D-0009"}, RowRefusal.UNKNOWN_DOSE),
        ({"recipient": "PAT-0009"}, RowRefusal.UNKNOWN_RECIPIENT),
    ],
    ids=[
        "one lot by then",
        "two lots by then tell nothing of either",
        "the dose is named",
        "the first dose is named",
        "before the dose that it names",
        "before any dose",
        "somebody else's dose",
        "a dose that was not given",
        "somebody who received nothing",
    ],
)
def test_a_report_belongs_to_the_lot_of_its_dose(
    reports: Reports, given: Given, plan: FollowUpPlan, row: dict[str, str], lot: str | RowRefusal
) -> None:
    joining = join_outcomes(reports(row), given(FIRST, SECOND, OTHER), plan=plan, today=TODAY)
    assert [*(each.lot for each in joining.rows), *(each.reason for each in joining.refused)] == [lot]


def test_visits_are_answered_in_their_window_or_where_they_are_stated(
    reports: Reports, given: Given, plan: FollowUpPlan
) -> None:
    table = reports(
        {"observed_at": "2026-02-20T10:00:00+09:00"},  # in the window of one month
        {"observed_at": "2026-03-20T10:00:00+09:00", "value": "4200"},  # in none
        {"recipient": "PAT-0002", "observed_at": "2026-04-20T10:00:00+09:00", "visit": "1 mo"},  # late, and says so
    )
    joining = join_outcomes(table, given(FIRST, OTHER), plan=plan, today=TODAY)
    assert [each.visit for each in joining.rows] == ["1 mo", "", "1 mo"]
    states = {(each.visit.recipient, each.measure, each.visit.period): each.visit.state for each in joining.due}
    assert states == {
        ("PAT-0001", "capacity", "1 month"): "done",
        ("PAT-0001", "capacity", "6 months"): "due",
        ("PAT-0001", "score", "6 months"): "due",
        ("PAT-0002", "capacity", "1 month"): "done",
        ("PAT-0002", "capacity", "6 months"): "due",
        ("PAT-0002", "score", "6 months"): "due",
    }
    later = join_outcomes(table, given(FIRST, OTHER), plan=plan, today=date(2026, 8, 1))
    assert {each.visit.state for each in later.due if each.visit.period == "6 months"} == {"overdue"}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("D-0001", "PAT-0001", "", "2026-01-10")], "RQC-O011"),
        ([("D-0001", "Erika", "LOT-0001", "2026-01-10")], "RQC-C023"),
        ([FIRST, ("D-0001", "PAT-0002", "LOT-0001", "2026-01-10")], "RQC-O012"),
        ([FIRST, ("D-0002", "PAT-0001", "+49 30 901820", "2026-01-10")], "RQC-C021"),
    ],
    ids=["no lot", "a name", "a dose of two", "a telephone number for a lot"],
)
def test_one_wrong_dose_refuses_the_table(given: Given, rows: list[tuple[str, str, str, str]], code: str) -> None:
    with pytest.raises(DataError, match=code):
        given(*rows)


CONDITION = """
[[condition]]
id = "c"
title = "t"
citation = "letter"
mark = "unverified"
force = "binding"
jurisdiction = "JP"
"""


@pytest.mark.parametrize(
    ("lines", "state", "reported", "lacking"),
    [
        ("patients = 1\nby = 2026-09-30\n", "met", 2, 0),
        ("patients = 3\nby = 2026-09-30\n", "open", 2, 1),
        ("patients = 3\nby = 2026-06-29\n", "overdue", 2, 1),
        ("patients = 3\nby = 2026-06-30\n", "open", 2, 1),
        ("patients = 2\nby = 2026-02-15\n", "overdue", 1, 1),
        ('patients = 1\nmeasure = "score"\nby = 2026-09-30\n', "open", 0, 1),
        ('patients = 1\nmeasure = "capacity"\nvisit = "1 mo"\nby = 2026-09-30\n', "met", 1, 0),
        ("all_treated = true\nby = 2026-09-30\n", "open", 2, 1),
        ("sponsor_must_set = true\n", "not_set", 2, 0),
        ("patients = 1\nsponsor_must_set = true\n", "not_set", 2, 0),
    ],
    ids=[
        "enough",
        "too few yet",
        "too few, and the day is past",
        "the last day is in time",
        "a report after the day does not count",
        "of another measure",
        "of one measure and visit",
        "everybody",
        "nothing is set",
        "no day is set",
    ],
)
def test_a_condition_counts_patients_until_its_day(
    reports: Reports, given: Given, lines: str, state: str, reported: int, lacking: int
) -> None:
    plan = parse_plan(PLAN + CONDITION + lines)
    third = ("D-0004", "PAT-0003", "LOT-0003", "2026-01-15")
    table = reports({"observed_at": AT}, {"recipient": "PAT-0002", "observed_at": LATER}, {"observed_at": LATER})
    joining = join_outcomes(table, given(FIRST, OTHER, third), plan=plan, today=TODAY)
    (found,) = conditions_of(joining, plan=plan, today=TODAY)
    assert (found.state, found.reported, found.lacking) == (state, reported, lacking)
    assert len(found.without_report) == 3 - reported


def test_a_ledger_says_who_received_what_and_what_was_seen(tmp_path: Path) -> None:
    from tests.reinspection.bedside import AT_HOSPITAL, DOSE
    from tests.reinspection.test_aftermath import PATIENT, treated

    from regenqc.custody.record import Measurement

    moment = "2026-04-12T09:00:00.000Z"
    story = treated()
    story.add(
        "seen", "follow_up", recipient=PATIENT, event_time=moment, record_time=moment,
        measurements=(Measurement("capacity", "4.1", "L"), Measurement("grip", "31", "kg")), **AT_HOSPITAL,
    )  # fmt: skip
    plan = parse_plan(PLAN)
    with story.book(tmp_path) as book, book.read() as view:
        doses = doses_of_ledger(view, name="ledger")
        told = outcomes_of_ledger(view, plan=plan)
        assert doses_of_ledger(view, name="ledger", product="SOMETHING-ELSE").doses == ()
    assert [(each.dose, each.recipient) for each in doses.doses] == [(DOSE, PATIENT)]
    assert doses.doses[0].lot
    table = read_outcomes(told, plan=plan, now=NOW)
    assert [(each.recipient, each.highest) for each in table.outcomes] == [(PATIENT, 4100.0)]
    assert [each.reason for each in table.refused] == [RowRefusal.UNKNOWN_MEASURE]
    joining = join_outcomes(table, doses, plan=plan, today=TODAY)
    assert [each.lot for each in joining.rows] == [doses.doses[0].lot]
