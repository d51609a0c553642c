"""A plan is refused with every fault that it has, and takes nothing for granted."""

from __future__ import annotations

import pytest
from tests.outcomes.conftest import PLAN

from regenqc.errors import SpecificationError
from regenqc.outcomes.plan import parse_plan, showing_all
from regenqc.resources import packaged_path
from regenqc.statistics.disclosure import SMALLEST_SHOWN

CONDITION = """
[[condition]]
id = "c"
title = "t"
citation = "letter"
mark = "unverified"
force = "binding"
jurisdiction = "JP"
"""
APPROVAL = (
    '[approval]\njurisdiction = "{0}"\ngranted = 2025-01-06\nterm = "{1}"\ncitation = "letter"\nmark = "unverified"\n'
)


def test_the_sample_plan_is_valid_and_says_that_it_is_synthetic() -> None:
    text = (packaged_path("sample_data") / "synthetic-outcomes" / "plan.toml").read_text(encoding="utf-8")
    plan = parse_plan(text)
    assert text.startswith("# SYNTHETIC")
    assert plan.approval is not None
    assert str(plan.approval.expires) == "2032-01-06"


def test_a_plan_that_says_nothing_of_counts_withholds_as_its_source_does() -> None:
    plan = parse_plan(PLAN)
    assert plan.disclosure.smallest == SMALLEST_SHOWN == 11
    assert "CMS" in plan.disclosure.citation
    assert showing_all(plan).disclosure.smallest == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('window = "14 d"', 'window = "2 mo"'), "days such as 14 d"),
        (('visits = ["1 mo", "6 mo"]', 'visits = ["1 mo", "1 mo"]'), "each visit once"),
        (('visits = ["1 mo", "6 mo"]', 'visits = ["soon", "6 mo"]'), "3 mo, 5 y or 28 d"),
        (('citation = "protocol"', 'citation = " "'), "where the schedule stands"),
        (('id = "score"', 'id = "capacity"'), "identifiers that differ"),
        (('visits = ["6 mo"]', 'visits = ["2 y"]'), "a visit of the schedule"),
        (('minimum = "0"', 'minimum = "zero"'), "a number as text"),
        (('minimum = "0"', 'minimum = "9001"'), "minimum at most maximum"),
        (('event = ["severe"]', 'event = ["fatal"]'), "a word of one_of"),
        (('one_of = ["none", "mild", "severe"]', 'unit = "mL"'), "one_of, of which these are words"),
        (('one_of = ["none", "mild", "severe"]', 'unit = "mL"\none_of = ["a", "severe"]'), "words or numbers"),
        (('schema = "regenqc.follow-up-plan/1"', 'schema = "regenqc.follow-up-plan/2"'), "regenqc.follow-up-plan/1"),
        (('kind = "patient_reported"', 'kind = "adverse_event"'), "an adverse event with one_of"),
        (('event = ["severe"]', 'event = ["severe"]\nvisits = ["6 mo"]'), "and no visits"),
    ],
    ids=[
        "a window in months",
        "a visit twice",
        "a visit that is no period",
        "a schedule without source",
        "two measures of one name",
        "a visit that the schedule has not",
        "a minimum that is no number",
        "minimum above maximum",
        "an event that is no word",
        "events without words",
        "words and numbers at once",
        "another schema",
        "an adverse event in numbers",
        "an adverse event at a visit",
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_place(change: tuple[str, str], expected: str) -> None:
    with pytest.raises(SpecificationError, match="RQC-O002") as caught:
        parse_plan(PLAN.replace(*change))
    assert any(expected in fault.expected for fault in caught.value.faults)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(SpecificationError, match="RQC-O001"):
        parse_plan(PLAN.replace("maximum =", "maxmum ="))


@pytest.mark.parametrize(
    ("lines", "is_valid"),
    [
        ("patients = 30\nby = 2027-01-01\n", True),
        ("all_treated = true\nby = 2027-01-01\n", True),
        ("sponsor_must_set = true\n", True),
        ("patients = 30\nsponsor_must_set = true\n", True),
        ("patients = 30\n", False),
        ("by = 2027-01-01\n", False),
        ("patients = 30\nby = 2027-01-01\nsponsor_must_set = true\n", False),
        ("patients = 30\nall_treated = true\nby = 2027-01-01\n", False),
        ("patients = -1\nby = 2027-01-01\n", False),
        ('patients = 30\nby = 2027-01-01\nmeasure = "grip"\n', False),
        ('patients = 30\nby = 2027-01-01\nvisit = "3 y"\n', False),
    ],
)
def test_a_condition_is_set_whole_or_says_that_it_is_not(lines: str, is_valid: bool) -> None:  # noqa: FBT001
    text = PLAN + CONDITION + lines
    if is_valid:
        assert parse_plan(text).condition[0].id == "c"
    else:
        with pytest.raises(SpecificationError, match="RQC-O002"):
            parse_plan(text)


@pytest.mark.parametrize(
    ("jurisdiction", "term", "is_valid"),
    [("JP", "7 y", True), ("JP", "84 mo", True), ("JP", "85 mo", False), ("JP", "8 y", False), ("CN", "8 y", True)],
)
def test_a_term_in_japan_is_no_longer_than_its_law_allows(jurisdiction: str, term: str, is_valid: bool) -> None:  # noqa: FBT001
    text = PLAN + APPROVAL.format(jurisdiction, term)
    if is_valid:
        assert parse_plan(text).approval is not None
    else:
        with pytest.raises(SpecificationError, match="Art 23-26"):
            parse_plan(text)
