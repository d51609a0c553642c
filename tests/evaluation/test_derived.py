"""Results computed from results: exact, censored where an input is, and never from what is not known."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import VIABILITY, cell, decimal_text, disposition, evaluate, reasons, rows

RATE = {"id": "rate", "limit": {"max": "5", "unit": "EU/kg/h"}}
RATE_FROM = {
    "id": "rate",
    "function": "endotoxin_per_kg_hour",
    "inputs": {"concentration": "endotoxin", "volume": "@volume", "weight": "@weight", "duration": "@hours"},
}
RECIPIENT = {"volume": "70", "volume_unit": "mL", "weight": "70", "weight_unit": "kg", "hours": "1", "hours_unit": "h"}


def rate(*endotoxin, limit=None, unit="EU/mL", **recipient):
    requirement = RATE | ({"limit": limit} if limit else {})
    results = rows(*(("endotoxin", text, unit) for text in endotoxin))
    return cell(evaluate(results, requirement, derived=[RATE_FROM], batches=RECIPIENT | recipient), "rate")


@pytest.mark.parametrize(
    ("endotoxin", "recipient", "wanted"),
    [
        pytest.param("5", {}, "conforms", id="exactly at the limit"),
        pytest.param("5.00000000000001", {}, "fails", id="a hair above the limit"),
        pytest.param("10", {"hours": "2"}, "conforms", id="given in two hours"),
        pytest.param("10", {"hours": "0.5"}, "fails", id="given in less than an hour counts as an hour"),
        pytest.param("5", {"hours": "30", "hours_unit": "min"}, "conforms", id="minutes are hours"),
        pytest.param("5", {"weight": "70000", "weight_unit": "g"}, "conforms", id="grams are kilograms"),
        pytest.param("5", {"volume": "0.07", "volume_unit": "L"}, "conforms", id="litres are millilitres"),
        pytest.param("15", {"volume": "10", "weight": "30"}, "conforms", id="a quotient that is exact in the end"),
        pytest.param("< 5", {}, "conforms", id="below the range, the bound at the limit"),
        pytest.param("< 6", {}, "inconclusive", id="below the range, the bound above the limit"),
        pytest.param("> 5", {}, "fails", id="above the range, the bound at the limit"),
        pytest.param("> 4", {}, "inconclusive", id="above the range, the bound below the limit"),
        pytest.param("< 0.5", {"volume": "50"}, "conforms", id="a censored quotient without end"),
        pytest.param("4", {"weight": "> 70"}, "conforms", id="heavier than stated, so less per kilogram"),
        pytest.param("4", {"weight": "< 70"}, "inconclusive", id="lighter than stated, so more per kilogram"),
        pytest.param("< 5", {"weight": "< 70"}, "inconclusive", id="censored in both directions"),
        pytest.param("5", {"weight": "0"}, "inconclusive", id="no weight"),
        pytest.param("5", {"weight": "-70"}, "inconclusive", id="a negative weight"),
        pytest.param("5", {"weight": ""}, "missing", id="a weight that is not stated"),
        pytest.param("5", {"weight_unit": ""}, "inconclusive", id="a weight without unit"),
        pytest.param("5", {"weight_unit": "lb"}, "inconclusive", id="a weight in an unknown unit"),
        pytest.param("?", {}, "inconclusive", id="an input that cannot be read"),
        pytest.param("pending", {}, "missing", id="an input that is pending"),
        pytest.param("0", {}, "conforms", id="nothing"),
    ],
)
def test_endotoxin_per_kilogram_and_hour(endotoxin, recipient, wanted):
    assert rate(endotoxin, **recipient) == wanted


@pytest.mark.parametrize("hours", ["> 0.5", "≥ 0.5", "> 0.99"])
def test_a_duration_that_may_be_under_an_hour_does_not_show_that_the_rate_lies_below_the_limit(hours):
    # Five within at most an hour is a rate of five; a strict limit of five is not met by a rate that may be five.
    assert rate("5", hours=hours, limit={"max_exclusive": "5", "unit": "EU/kg/h"}) == "inconclusive"


def test_a_duration_under_an_hour_does_not_show_that_the_rate_lies_above_the_limit():
    assert rate("5", hours="< 0.5") != "fails"


@settings(max_examples=80)
@given(st.integers(0, 10**5), st.integers(1, 500), st.integers(1, 150), st.integers(1, 48), st.integers(1, 10**5))
def test_the_arithmetic_is_exact(endotoxin, volume, weight, quarters, limit):
    concentration, hours, bound = Fraction(endotoxin, 1000), Fraction(quarters, 4), Fraction(limit, 1000)
    value = concentration * volume / (weight * max(hours, 1))
    texts = {"volume": str(volume), "weight": str(weight), "hours": decimal_text(hours)}
    found = rate(decimal_text(concentration), limit={"max": decimal_text(bound), "unit": "EU/kg/h"}, **texts)
    assert found == ("conforms" if value <= bound else "fails")


def test_several_values_of_one_input_are_all_judged():
    assert [rate("1", "5"), rate("1", "6"), rate("1", "?")] == ["conforms", "fails", "inconclusive"]


def test_several_values_of_several_inputs_are_not_combined():
    dose = {"id": "fatal", "limit": {"max": "100", "unit": "cells"}}
    computed = {
        "id": "fatal",
        "function": "residual_cells_per_dose",
        "inputs": {"fraction": "residual", "dose": "dose"},
    }
    several = rows(("residual", "1", "%"), ("residual", "2", "%"), ("dose", "10", "cells"), ("dose", "20", "cells"))
    assert cell(evaluate(several, dose, derived=[computed]), "fatal") == "inconclusive"
    one = rows(("residual", "1", "%"), ("residual", "2", "%"), ("dose", "10", "cells"))
    assert cell(evaluate(one, dose, derived=[computed]), "fatal") == "conforms"


@pytest.mark.parametrize(
    ("function", "inputs", "results", "unit", "value"),
    [
        ("dose_per_kg", {"dose": "dose", "weight": "@weight"}, [("dose", "1.4", "10^8 cells")], "cells/kg", "2000000"),
        (
            "viable_cell_dose",
            {"concentration": "count", "volume": "@volume", "viability": "viable"},
            [("count", "1E6", "cells/mL"), ("viable", "69.9", "%")],
            "cells",
            "48930000",
        ),
        (
            "residual_cells_per_dose",
            {"fraction": "residual", "dose": "dose"},
            [("residual", "0.001", "%"), ("dose", "5E6", "cells")],
            "cells",
            "50",
        ),
    ],
)
def test_every_function_computes_what_it_is_named_after(function, inputs, results, unit, value):
    computed = {"id": "value", "function": function, "inputs": inputs}
    for limit in ({"min": value}, {"max": value}):
        requirement = {"id": "value", "limit": limit | {"unit": unit}}
        assert disposition(evaluate(rows(*results), requirement, derived=[computed], batches=RECIPIENT)) == "eligible"
    strict = {"id": "value", "limit": {"max_exclusive": value, "unit": unit}}
    assert disposition(evaluate(rows(*results), strict, derived=[computed], batches=RECIPIENT)) == "reject"


def test_without_an_input_nothing_is_computed_and_the_finding_names_the_inputs():
    found = evaluate(rows(("viability", "90", "%")), VIABILITY, RATE, derived=[RATE_FROM], batches=RECIPIENT)
    assert (cell(found, "rate"), found.rows_computed) == ("missing", 0)
    assert "endotoxin" in found.findings["explanation"][0]


def test_computed_rows_are_counted_beside_the_rows_read():
    found = evaluate(rows(("endotoxin", "5", "EU/mL")), RATE, derived=[RATE_FROM], batches=RECIPIENT)
    assert (found.rows_read, found.rows_judged, found.rows_refused, found.rows_computed) == (1, 1, 0, 1)


def test_a_finding_about_a_computed_result_says_that_it_was_computed():
    found = evaluate(rows(("endotoxin", "6", "EU/mL")), RATE, derived=[RATE_FROM], batches=RECIPIENT)
    (finding,) = found.findings.to_dict("records")
    assert (finding["source"], finding["reported"], finding["unit"]) == ("(computed)", "6", "EU/kg/h")


@pytest.mark.parametrize("status", ["unverified", "cancelled"])
def test_an_input_that_is_an_open_question_holds_beside_a_good_one(status):
    results = rows(
        ("endotoxin", "1", "EU/mL"), {"test": "endotoxin", "result": "500", "unit": "EU/mL", "status": status}
    )
    found = evaluate(results, RATE, derived=[RATE_FROM], batches=RECIPIENT)
    assert (disposition(found), cell(found, "result_record")) == ("hold", "inconclusive")
    assert len(reasons(found)) == 1


def test_a_preliminary_input_can_fail_and_cannot_release():
    results = [{"test": "endotoxin", "result": text, "unit": "EU/mL", "status": "preliminary"} for text in ("1", "500")]
    verdicts = [cell(evaluate(rows(row), RATE, derived=[RATE_FROM], batches=RECIPIENT), "rate") for row in results]
    assert verdicts == ["missing", "fails"]
