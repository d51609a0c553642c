"""Plans: the answer, and the table around it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import UsageError
from regenqc.statistics import binomial, poisson
from regenqc.statistics.plan_tables import Plan, PlanTable, amount_text, one_in_text, percent_text, steps_around
from regenqc.statistics.planning import (
    plan_cells,
    plan_containers,
    plan_counted_metaphases,
    plan_metaphases,
    plan_supernatant,
)

PLANS = {
    "metaphases for a mosaicism": lambda: plan_metaphases(0.1, confidence=0.95, power=0.95),
    "metaphases for an odd mosaicism at an odd confidence": lambda: plan_metaphases(0.137, confidence=0.97, power=0.8),
    "metaphases counted": lambda: plan_counted_metaphases(20, confidence=0.95, power=0.95),
    "metaphases counted, few": lambda: plan_counted_metaphases(1, confidence=0.95, power=0.95),
    "supernatant": lambda: plan_supernatant(0.01, unit="mL", confidence=0.95),
    "supernatant by a weak assay": lambda: plan_supernatant(1.0, unit="dose", confidence=0.99, efficiency=0.35),
    "cells": lambda: plan_cells(1e-5, confidence=0.95),
    "cells of a dose": lambda: plan_cells(3e-6, confidence=0.92, efficiency=0.4, dose=1e8),
    "containers": lambda: plan_containers(0.01, confidence=0.95),
    "containers of a lot": lambda: plan_containers(0.1, confidence=0.95, containers=40),
    "containers of a lot of one": lambda: plan_containers(0.1, confidence=0.95, containers=1),
}
plans = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


def column(table: PlanTable, title: str) -> dict[str, str]:
    at = table.columns.index(title)
    return {row.title: row.cells[at].text for row in table.rows}


def asked_cells(plan: Plan) -> list[float | None]:
    return [cell.value for table in plan.tables for row in table.rows for cell in row.cells if cell.asked]


# ---- ANSWERS ----

ANSWERS = [
    ("metaphases for a mosaicism", 29, "29 metaphases, all normal, exclude a mosaicism of 10 %"),
    ("metaphases counted", 0.13910834, "20 metaphases, all normal, exclude a mosaicism of 13.9 % or more"),
    (
        "supernatant",
        299.57323,
        "299.6 mL show at least one event with a probability of 95 % when there is 1 in 100 mL.",
    ),
    ("cells", 299_574, "299,574 cells, none of them of the rare kind, claim a rate below 1 in 100,000"),
    ("containers", 299, "299 containers include a contaminated one with a probability of 95 %"),
    ("containers of a lot", 21, "21 of 40 containers include a contaminated one"),
    ("containers of a lot of one", 1, "1 of 1 containers include a contaminated one"),
]


@pytest.mark.parametrize(("name", "required", "words"), ANSWERS, ids=[name for name, _, _ in ANSWERS])
def test_the_answer_is_a_figure_and_a_sentence(name, required, words):
    plan = PLANS[name]()

    assert plan.required == pytest.approx(required, rel=1e-5)
    assert words in plan.answer


@plans
def test_the_answer_stands_once_in_the_table_as_asked(plan):
    made = plan()

    assert asked_cells(made) == [made.required]


@plans
def test_every_row_has_a_cell_for_every_column(plan):
    for table in plan().tables:
        assert all(len(row.cells) == len(table.columns) for row in table.rows)


@plans
def test_every_plan_names_its_formula_and_what_it_takes_for_granted(plan):
    made = plan()

    assert made.formula
    assert made.source
    assert made.notes


def test_the_table_of_metaphases_is_the_published_one():
    """[C] 95 % column for 1, 2, 5, 10, 20 %."""
    table = plan_metaphases(0.1, confidence=0.95, power=0.95).tables[0]

    assert column(table, "exclude at 95 %") == {
        "1 %": "299", "2 %": "149", "5 %": "59", "10 %": "29", "20 %": "14", "50 %": "5",
    }  # fmt: skip


def test_a_clone_needs_as_many_cells_as_it_has():
    table = plan_counted_metaphases(2, confidence=0.95, power=0.95).tables[0]

    assert (column(table, "gain at 95 %")["2"], column(table, "loss at 95 %")["2"]) == ("97.5 %", "never")


def test_cells_when_some_are_seen_bound_the_rate_with_the_confidence():
    table = plan_cells(1e-5, confidence=0.95).tables[1]

    for row in table.rows:
        cells = row.cells[table.columns.index("95 %")].value
        bound = poisson.concentration_upper_bound(float(row.title), amount=cells, confidence=0.95)
        assert bound <= 1e-5
        assert bound == pytest.approx(1e-5, rel=1e-4)


def test_a_rate_is_said_per_dose_and_never_as_none():
    """0.001 % of 10^8 cells: up to 1000 undetected [V]."""
    plan = plan_cells(1e-5, confidence=0.95, dose=1e8)

    assert "A dose of 100,000,000 cells may then still hold up to 1,000 of them." in plan.notes
    assert column(plan.tables[0], "left in a dose, up to")["1 in 100,000"] == "1,000"


def test_shares_that_are_one_number_of_containers_have_one_row():
    table = plan_containers(0.02, confidence=0.95, containers=40).tables[0]

    assert [row.title for row in table.rows if row.title.startswith("1 of 40")] == ["1 of 40 (2.5 %)"]
    assert [row.title for row in table.rows if row.asked] == ["1 of 40 (2.5 %)"]


# ---- PROPERTIES ----


@settings(deadline=None, max_examples=50)
@given(st.floats(0.001, 0.9), st.floats(0.5, 0.999))
def test_the_metaphases_are_enough(share, confidence):
    plan = plan_metaphases(share, confidence=confidence, power=0.9)

    assert binomial.detection_probability(share, trials=plan.required) >= confidence - 1e-12


@settings(deadline=None, max_examples=50)
@given(st.floats(1e-6, 10), st.floats(0.5, 0.999), st.floats(0.05, 1))
def test_the_amount_printed_is_enough(concentration, confidence, efficiency):
    plan = plan_supernatant(concentration, unit="mL", confidence=confidence, efficiency=efficiency)
    printed = float(plan.answer.split(" mL")[0].replace(",", ""))

    found = poisson.detection_probability(concentration, amount=printed, efficiency=efficiency)
    assert found >= confidence - 1e-9


@settings(deadline=None, max_examples=50)
@given(st.floats(0.001, 1), st.integers(1, 400), st.floats(0.5, 0.999))
def test_a_lot_never_needs_more_containers_than_it_has(share, containers, confidence):
    assert plan_containers(share, confidence=confidence, containers=containers).required <= containers


@given(st.floats(1e-9, 1))
def test_the_steps_around_a_share_rise_and_include_it(share):
    steps = steps_around(share)

    assert list(steps) == sorted(set(steps))
    assert share in steps
    assert all(0 < step <= 1 for step in steps)


# ---- WORDS ----


@given(st.floats(1e-6, 1e9))
def test_an_amount_is_never_printed_smaller_than_it_is(amount):
    assert float(amount_text(amount).replace(",", "")) >= amount * (1 - 1e-11)


@given(st.floats(1e-9, 1))
def test_a_rate_is_never_printed_smaller_than_it_is(rate):
    assert 1 / float(one_in_text(rate).replace(",", "")) >= rate * (1 - 1e-11)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.95, "95 %"),
        (0.999, "99.9 %"),
        (0.99999, "99.999 %"),
        (1.0, "100 %"),
        (1e-7, "0.00001 %"),
        (0.13911, "13.9 %"),
    ],
)
def test_a_percentage_is_short_but_never_100_before_it_is(share, text):
    assert percent_text(share) == text


# ---- REFUSALS ----

ENDLESS = {
    "a mosaicism of nothing": lambda: plan_metaphases(0.0, confidence=0.95, power=0.95),
    "a concentration of nothing": lambda: plan_supernatant(0.0, unit="mL", confidence=0.95),
    "an assay that sees nothing": lambda: plan_supernatant(1.0, unit="mL", confidence=0.95, efficiency=0.0),
    "a rate of nothing": lambda: plan_cells(0.0, confidence=0.95),
    "a contaminated share of nothing": lambda: plan_containers(0.0, confidence=0.95),
    "a contaminated share of nothing in a lot": lambda: plan_containers(0.0, confidence=0.95, containers=20),
}


@pytest.mark.parametrize("question", ENDLESS.values(), ids=ENDLESS)
def test_no_amount_is_enough_for(question):
    with pytest.raises(UsageError, match="RQC-U086"):
        question()


IMPOSSIBLE = {
    "certainty": lambda: plan_metaphases(0.1, confidence=1.0, power=0.95),
    "a share above all": lambda: plan_containers(1.5, confidence=0.95),
    "a lot without containers": lambda: plan_containers(0.1, confidence=0.95, containers=0),
    "no metaphases": lambda: plan_counted_metaphases(0, confidence=0.95, power=0.95),
    "an endless dose": lambda: plan_cells(1e-5, confidence=0.95, dose=math.inf),
}


@pytest.mark.parametrize("question", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_asked(question):
    with pytest.raises(UsageError, match="RQC-U080"):
        question()
