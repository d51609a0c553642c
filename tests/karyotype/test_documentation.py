"""docs/karyotype.md is true: every example is read, refused and judged as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regenqc.evaluation.row_criteria import judge_karyotype as judge_row
from regenqc.karyotype import RECURRENT_CHANGES, NotUnderstood, Outcome, judge_karyotype, read_karyotype
from regenqc.specification.model import Karyotype, Requirement

from .readings import read, refused

PAGE = (Path(__file__).parents[2] / "docs" / "karyotype.md").read_text(encoding="utf-8")
OUTCOMES = re.findall(
    r"^\| `([^`]+)` \| ([a-z -]+) \| (conforms|inconclusive|fails) \| (.+) \|$", PAGE, flags=re.MULTILINE
)
REFUSALS = re.findall(r"^\| `([^`]+)` \| ([0-9]+) \| (.+) \|$", PAGE, flags=re.MULTILINE)
FORMS = [
    text
    for line in PAGE[PAGE.index("## What is read") : PAGE.index("Surrounding blanks")].splitlines()
    for text in re.findall(r"`([^`]+)`", line)
]


@pytest.mark.parametrize(("text", "outcome", "verdict", "says"), OUTCOMES, ids=[row[0] for row in OUTCOMES])
def test_a_report_leads_to_what_the_page_says(text, outcome, verdict, says):
    judgement = judge_karyotype(read_karyotype(text), min_metaphases=20)
    assert (judgement.outcome.value, judgement.explanation) == (outcome, says)
    requirement = Requirement(id="karyotype", karyotype=Karyotype(min_metaphases="20"))
    assert judge_row(requirement, text, lambda _: "")[0].word == verdict


@pytest.mark.parametrize(("text", "character", "why"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_report_is_refused_where_the_page_says(text, character, why):
    found = refused(text)
    assert (found.position + 1, found.problem) == (int(character), why)


@pytest.mark.parametrize("text", FORMS)
def test_a_form_of_the_page_is_read(text):
    assert read(text).clones


def test_the_page_has_its_tables():
    assert (len(OUTCOMES), len(REFUSALS), len(FORMS)) == (17, 15, 63)


def test_every_outcome_that_one_report_can_have_stands_on_the_page():
    elsewhere = {Outcome.OTHER_SEX, Outcome.SECOND_METHOD_ABNORMAL, Outcome.SECOND_METHOD_MISSING}
    assert {row[1] for row in OUTCOMES} == {outcome.value for outcome in set(Outcome) - elsewhere}


def test_the_recurrent_changes_of_the_page_are_those_of_the_code():
    sentence = re.sub(r"\s+", " ", PAGE)
    assert f"gains of {', '.join(RECURRENT_CHANGES[:-1])} and {RECURRENT_CHANGES[-1]}." in sentence


@pytest.mark.parametrize(
    "text",
    [
        "46,XX,?del(5)(q13)[2]",
        "46,XX,del(5)(q13~q15)[2]",
        "46,XX,inc[2]",
        "46,XX[3]//46,XY[17]",
        "46,XX,rec(6)dup(6p)inv(6)(p22.2q25.2)[2]",
        "47,XX,+neo(3)[2]",
        "46,XX,chtb(4)[2]",
        "46,XX,del(5)(pter→q13:)[2]",
        "46,t(X;Y)(q22;q11.2)[2]",
        "44~46,X,-X[2],-5[4][cp7]",
    ],
)
def test_what_the_page_says_is_not_read_is_not_read(text):
    assert isinstance(read_karyotype(text), NotUnderstood)
