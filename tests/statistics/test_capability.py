"""Ppk, its lower bound, and when there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed import as_printed

from regenqc.errors import UsageError
from regenqc.statistics.capability import (
    FEWEST_VALUES,
    Capability,
    capability,
    capability_columns,
    logit_of_percentage,
    performance_index,
    performance_index_lower_bound,
)
from regenqc.statistics.refusal import EXPLANATIONS, Refusal, RefusalReason

VIABILITY = np.array([85.0 + 5.0 * step / 3 for step in (-3, -2, -1, 0, 1, 2, 3, -3, 0, 3)])


def reason_of(values: np.ndarray, **changes: float) -> RefusalReason:
    found = capability(values, **{"lower": 70.0, "confidence": 0.95, "censored": 0, **changes})
    assert isinstance(found, Refusal)
    return found.reason


# ---- FIGURES ----


def test_the_index_of_viability():
    """[C] mean 85, s 5, LSL 70: Ppk 1.000."""
    assert as_printed(performance_index(85.0, standard_deviation=5.0, lower=70.0), "1.000") == "1.000"


def test_the_lower_bound_of_the_index():
    """[C] n = 30, Ppk 1.33, 95 %: 1.0258."""
    found = performance_index_lower_bound(1.33, count=30, confidence=0.95)

    assert as_printed(found, "1.0258") == "1.0258"


def test_a_sample_gives_the_index_with_its_bound():
    found = capability(VIABILITY, lower=70.0, confidence=0.95, censored=0, largest_possible=100.0)
    spread = math.sqrt(sum((x - 85.0) ** 2 for x in VIABILITY) / 9)

    assert isinstance(found, Capability)
    assert (found.count, found.mean, found.standard_deviation) == pytest.approx((10, 85.0, spread))
    assert found.ppk == pytest.approx(15 / (3 * spread))
    assert found.lower_bound == performance_index_lower_bound(found.ppk, count=10, confidence=0.95)


@settings(deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 20), st.floats(-50, 0), st.floats(0, 50))
def test_the_index_is_that_of_the_nearer_limit(mean, spread, lower, upper):
    both = performance_index(mean, standard_deviation=spread, lower=lower, upper=upper)

    assert both == min(
        performance_index(mean, standard_deviation=spread, lower=lower),
        performance_index(mean, standard_deviation=spread, upper=upper),
    )


@settings(deadline=None)
@given(st.floats(-3, 3), st.integers(2, 1000), st.floats(0.5, 0.999))
def test_the_bound_is_below_the_index_and_closer_with_more_values(index, count, confidence):
    few, many = (performance_index_lower_bound(index, count=n, confidence=confidence) for n in (count, 2 * count))

    assert few <= many <= index


# ---- REFUSALS ----


def test_nine_values_are_refused_and_ten_are_not():
    assert FEWEST_VALUES == 10
    assert reason_of(VIABILITY[:9]) is RefusalReason.TOO_FEW_VALUES
    assert isinstance(capability(VIABILITY, lower=70.0, confidence=0.95, censored=0), Capability)


def test_no_values_are_too_few():
    assert reason_of(np.array([])) is RefusalReason.TOO_FEW_VALUES


def test_one_censored_result_refuses_the_index():
    assert reason_of(VIABILITY, censored=1) is RefusalReason.CENSORED_VALUES


def test_censored_results_are_the_reason_even_where_values_are_few():
    assert reason_of(VIABILITY[:2], censored=20) is RefusalReason.CENSORED_VALUES


@pytest.mark.parametrize("value", [0.1, 85.0], ids=["rounding leaves a spread", "rounding leaves none"])
def test_equal_values_have_no_index(value):
    assert reason_of(np.full(12, value)) is RefusalReason.NO_SPREAD


def test_percentages_near_100_are_refused():
    assert reason_of(VIABILITY + 10, largest_possible=100.0) is RefusalReason.CROWDS_A_BOUND


def test_percentages_near_0_are_refused():
    assert reason_of(VIABILITY - 80, lower=-np.inf, upper=20.0, least_possible=0.0) is RefusalReason.CROWDS_A_BOUND


def test_three_standard_deviations_may_reach_the_bound_itself():
    """[C] n = 25, mean 85, s 5 of a percentage: Ppk 1.000 is given."""
    found = capability_columns(
        np.array([85.0]),
        standard_deviation=5.0,
        count=25,
        lower=70.0,
        confidence=0.95,
        censored=0,
        largest_possible=100.0,
    )

    assert (found.ppk.tolist(), found.refusal.tolist()) == ([1.0], [RefusalReason.NONE])


def test_transformed_percentages_have_no_bound_to_crowd():
    values = logit_of_percentage(np.clip(VIABILITY + 9, None, 99.0))

    assert isinstance(capability(values, lower=logit_of_percentage(70.0), confidence=0.95, censored=0), Capability)


@pytest.mark.parametrize("percentage", [0, 100, -1], ids=lambda value: f"{value} %")
def test_the_logit_of_what_is_at_a_bound_is_refused(percentage):
    with pytest.raises(UsageError, match="RQC-U080"):
        logit_of_percentage(percentage)


def test_every_refusal_says_what_and_what_to_do():
    assert set(EXPLANATIONS) == set(RefusalReason) - {RefusalReason.NONE}
    assert all(what and action for what, action in EXPLANATIONS.values())


def test_a_refused_row_never_has_a_figure_and_a_figure_never_a_reason():
    found = capability_columns(
        np.array([85.0, 85.0, 85.0, 85.0, 98.0, np.nan]),
        standard_deviation=np.array([5.0, 5.0, 5.0, 0.0, 5.0, 5.0]),
        count=np.array([25, 9, 25, 25, 25, 25]),
        lower=70.0,
        confidence=0.95,
        censored=np.array([0, 0, 1, 0, 0, 0]),
        largest_possible=100.0,
    )

    assert [RefusalReason(code).name for code in found.refusal] == [
        "NONE", "TOO_FEW_VALUES", "CENSORED_VALUES", "NO_SPREAD", "CROWDS_A_BOUND", "NONE",
    ]  # fmt: skip
    assert np.isnan(found.ppk).tolist() == [False, True, True, True, True, True]
    assert np.isnan(found.lower_bound).tolist() == np.isnan(found.ppk).tolist()


# ---- ARGUMENTS ----


def test_a_missing_value_in_a_sample_is_refused():
    with pytest.raises(UsageError, match=r"position 10 of 11.*Got: nan"):
        capability(np.append(VIABILITY, np.nan), lower=70.0, confidence=0.95, censored=0)


def test_an_index_without_limit_is_refused():
    with pytest.raises(UsageError, match="RQC-U083"):
        capability(VIABILITY, confidence=0.95, censored=0)


def test_an_index_without_spread_is_refused():
    with pytest.raises(UsageError, match="Without spread there is no index"):
        performance_index(85.0, standard_deviation=0.0, lower=70.0)
