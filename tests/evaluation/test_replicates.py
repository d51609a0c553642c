"""Several results of one test: each, mean, median and n of m."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import VIABILITY, cell, decimal_text, disposition, evaluate, reasons, rows

LIMIT = Fraction(70)


def judge(results, policy, *, rounding="none", unit="%", **changes):
    named = [
        {"test": "viability", "result": text, "unit": unit, "replicate": str(number)} | changes
        for number, text in enumerate(results, start=1)
    ]
    policy = {"replicates": policy} if isinstance(policy, str) else policy
    return evaluate(rows(*named), VIABILITY | policy | {"rounding": rounding})


TWO_OF_THREE = {"replicates": "n_of_m", "replicates_conforming": 2, "replicates_total": 3}


@pytest.mark.parametrize(
    ("policy", "results", "wanted"),
    [
        pytest.param("each", ["80", "69.9"], "fails", id="each: one failing replicate fails"),
        pytest.param("mean", ["80", "60"], "alert", id="mean: exactly at the limit, one replicate below"),
        pytest.param("mean", ["80", "59.9"], "fails", id="mean: a hair below the limit"),
        pytest.param("mean", ["70"], "conforms", id="mean of one"),
        pytest.param("mean", ["70", "70", "69.9"], "fails", id="mean: a third below the limit"),
        pytest.param("mean", ["70", "70", "70"], "conforms", id="mean of three equal replicates with identities"),
        pytest.param("mean", [">80", "60"], "alert", id="mean: one beyond the range, the bound conforms, one below"),
        pytest.param("mean", ["<81", "60"], "inconclusive", id="mean: one below the range, undecided"),
        pytest.param("mean", ["<79", "60"], "fails", id="mean: one below the range, below the limit whatever it is"),
        pytest.param("mean", ["<90", ">60"], "inconclusive", id="mean: ends on both sides"),
        pytest.param("mean", ["80", "ND"], "inconclusive", id="mean: a word"),
        pytest.param("mean", ["70", "69.99999999999999999999999999"], "inconclusive", id="mean: too many digits"),
        pytest.param("median", ["1", "70", "99"], "alert", id="median of three, one below"),
        pytest.param("median", ["1", "69.9", "99"], "fails", id="median of three below the limit"),
        pytest.param(
            "median", ["1", "60", "80", "99"], "alert", id="median of four is the mean of the middle ones, two below"
        ),
        pytest.param("median", ["60", "70", ">99"], "inconclusive", id="median with a censored replicate"),
        pytest.param(TWO_OF_THREE, ["70", "70", "1"], "conforms", id="two of three conform"),
        pytest.param(TWO_OF_THREE, ["70", "1", "1"], "fails", id="one of three conforms"),
        pytest.param(TWO_OF_THREE, ["70", "70"], "inconclusive", id="two conform, the third is missing"),
        pytest.param(
            TWO_OF_THREE, [">70", "≥ 70", "1"], "conforms", id="two conform whatever they are beyond the range"
        ),
        pytest.param(
            TWO_OF_THREE, [">69", "70", "1"], "inconclusive", id="one beyond the range may lie on either side"
        ),
        pytest.param(TWO_OF_THREE, ["<70", "≤ 69", "99"], "fails", id="two fail whatever they are below the range"),
        pytest.param(TWO_OF_THREE, ["≤ 70", "1", "99"], "inconclusive", id="one at most at the limit may lie on it"),
        pytest.param(TWO_OF_THREE, ["1", "1"], "fails", id="two fail, the third cannot help"),
        pytest.param(TWO_OF_THREE, ["70", "?", "?"], "inconclusive", id="two cannot be read"),
        pytest.param(
            TWO_OF_THREE, ["70", "70", "70", "1"], "conforms", id="three of four, no more failures than planned"
        ),
        pytest.param(TWO_OF_THREE, ["70", "70", "1", "1"], "inconclusive", id="more failures than planned"),
        pytest.param(TWO_OF_THREE, ["70", "70", "1", "1", "1"], "inconclusive", id="tested until two conform"),
        pytest.param(TWO_OF_THREE, ["70", "1", "1", "1"], "fails", id="three of four fail"),
    ],
)
def test_replicate_policies(policy, results, wanted):
    assert cell(judge(results, policy), "viability") == wanted


@settings(max_examples=60)
@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=7), st.sampled_from(["mean", "median"]))
def test_means_and_medians_are_exact(thousandths, policy):
    values = sorted(Fraction(number, 1000) for number in thousandths)
    middle = len(values) // 2
    median = values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2
    value = sum(values) / len(values) if policy == "mean" else median
    found = cell(judge([decimal_text(entry) for entry in values], policy), "viability")
    hides_nothing = min(values) >= LIMIT
    assert found == ("fails" if value < LIMIT else "conforms" if hides_nothing else "alert")


def test_the_mean_is_rounded_once_and_not_its_parts():
    # Rounded one by one: 70 and 69, whose mean is below 70; the mean itself is 69.5, which rounds to 70.
    found = judge(["69.6", "69.4"], "mean", rounding="usp")
    assert (cell(found, "viability"), reasons(found)) == (
        "alert",
        {"conforms_by_rounding", "individual_result_outside"},
    )


def test_n_of_m_that_conforms_only_by_rounding_is_an_alert():
    found = judge(["69.6", "80", "1"], TWO_OF_THREE, rounding="usp")
    assert (cell(found, "viability"), reasons(found)) == ("alert", {"conforms_by_rounding"})


def test_n_of_m_that_conforms_without_the_rounded_replicate_is_no_alert():
    assert cell(judge(["69.6", "80", "90"], TWO_OF_THREE, rounding="usp"), "viability") == "conforms"


def test_replicates_in_different_units_of_one_kind_are_averaged_exactly():
    limit = {"id": "dna", "limit": {"max": "0.2", "unit": "ug/mL"}, "replicates": "mean"}
    results = rows(
        {"test": "dna", "result": "100", "unit": "ng/mL", "replicate": "1"},
        {"test": "dna", "result": "0.3", "unit": "ug/mL", "replicate": "2"},
    )
    assert disposition(evaluate(results, limit)) == "eligible"


def test_a_mean_may_be_negative_where_the_unit_allows_it():
    limit = {"id": "storage", "limit": {"max": "-130", "unit": "degC"}, "replicates": "mean"}
    results = rows(
        *({"test": "storage", "result": text, "unit": "degC", "replicate": text} for text in ("-150", "-110"))
    )
    assert disposition(evaluate(results, limit)) == "eligible"


@pytest.mark.parametrize("policy", ["mean", "median", TWO_OF_THREE])
def test_replicates_that_cannot_be_told_apart_may_be_copies(policy):
    found = judge(["80", "90"], policy, replicate="")
    assert (cell(found, "viability"), reasons(found)) == ("inconclusive", {"replicates_indistinguishable"})


@pytest.mark.parametrize("policy", ["mean", TWO_OF_THREE | {"replicates_conforming": 1, "replicates_total": 1}])
def test_a_row_that_comes_twice_is_one_replicate(policy):
    found = judge(["80", "80"], policy, replicate="1")
    assert cell(found, "viability") == "conforms"


def test_listed_methods_apply_to_the_replicates_and_not_to_their_mean():
    mean = VIABILITY | {"replicates": "mean", "methods": ["7-AAD"]}
    good = {"test": "viability", "result": "90", "unit": "%", "method": "7-AAD"}
    assert disposition(evaluate(rows(good), mean)) == "eligible"
    assert disposition(evaluate(rows(good, good | {"method": "trypan blue", "replicate": "2"}), mean)) == "hold"


def test_a_superseded_replicate_is_not_averaged():
    first = {"test": "viability", "result": "1", "unit": "%", "result_id": "r1", "revision": "1"}
    assert (
        disposition(
            evaluate(rows(first, first | {"result": "90", "revision": "2"}), VIABILITY | {"replicates": "mean"})
        )
        == "eligible"
    )


def test_a_preliminary_replicate_counts_where_the_requirement_accepts_it():
    row = {"test": "viability", "result": "90", "unit": "%", "status": "preliminary"}
    verdicts = [
        disposition(evaluate(rows(row), VIABILITY | policy | {"accept_preliminary": accepts}))
        for policy in ({"replicates": "mean"}, TWO_OF_THREE | {"replicates_conforming": 1, "replicates_total": 1})
        for accepts in (True, False)
    ]
    assert verdicts == ["eligible", "hold", "eligible", "hold"]
