"""Conformance probability, guard bands and placement."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed import as_printed
from scipy.stats import norm

from regenqc.errors import UsageError
from regenqc.statistics.conformance import (
    Placement,
    acceptance_limits,
    conformance_probability,
    guard_band,
    largest_false_acceptance,
    place_result,
)

results = st.floats(-100, 100)
uncertainties = st.floats(0.01, 50)
risks = st.floats(0.001, 0.999)

# Result, standard uncertainty, limits, probability. [C]; the first three are examples of JCGM 106:2012, which prints 0.92,
# 0.99 and 0.66.
PROBABILITIES = [
    ("Zener diode", -5.47, 0.05, -math.inf, -5.40, "0.91924", "0.92"),
    ("burst strength", 509.7, 8.6, 490, math.inf, "0.98901", "0.99"),
    ("motor oil", 13.6, 1.8, 12.5, 16.3, "0.66263", "0.66"),
    ("viability 72.0 %", 72.0, 1.5, 70, math.inf, "0.90879", "0.91"),
    ("viability 70.9 %", 70.9, 1.5, 70, math.inf, "0.72575", "0.73"),
]


@pytest.mark.parametrize("row", PROBABILITIES, ids=[f"{row[0]} [C]" for row in PROBABILITIES])
def test_conformance_probability(row):
    _, y, u, lower, upper, computed, published = row
    found = conformance_probability(y, standard_uncertainty=u, lower=lower, upper=upper)

    assert (as_printed(found, computed), as_printed(found, published)) == (computed, published)


@settings(deadline=None)
@given(results, uncertainties, results, results)
def test_conformance_probability_is_the_normal_mass_between_the_limits(y, u, first, second):
    lower, upper = sorted((first, second))
    expected = norm.cdf(upper, y, u) - norm.cdf(lower, y, u)

    assert conformance_probability(y, standard_uncertainty=u, lower=lower, upper=upper) == pytest.approx(
        expected, abs=1e-14
    )


def test_a_small_probability_above_the_result_keeps_its_digits():
    found = conformance_probability(0.0, standard_uncertainty=1.0, lower=10.0, upper=11.0)

    assert found == pytest.approx(norm.sf(10) - norm.sf(11), rel=1e-12)


@settings(deadline=None)
@given(results, uncertainties, st.floats(0, 10), results)
def test_a_result_further_inside_one_limit_is_never_less_likely_to_conform(y, u, step, lower):
    nearer, further = (conformance_probability(x, standard_uncertainty=u, lower=lower) for x in (y, y + step))

    assert nearer <= further


@settings(deadline=None)
@given(results, uncertainties)
def test_conformance_is_even_at_the_limit(limit, u):
    assert conformance_probability(limit, standard_uncertainty=u, upper=limit) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("y", "probability"), [(70.0, 1), (90.0, 1), (69.999, 0), (90.001, 0)], ids=lambda value: f"{value}"
)
def test_without_uncertainty_the_limits_belong_to_the_inside(y, probability):
    assert conformance_probability(y, standard_uncertainty=0.0, lower=70.0, upper=90.0) == probability


# ---- GUARD BANDS ----


@pytest.mark.parametrize(("risk", "printed"), [(0.10, "1.2816"), (0.05, "1.6449"), (0.025, "1.9600"), (0.01, "2.3263")])
def test_guard_band_of_one_limit(risk, printed):
    """[C] In units of the standard uncertainty."""
    assert as_printed(guard_band(1.0, risk=risk), printed) == printed


def test_simple_acceptance_has_no_guard_band_and_up_to_half_the_risk():
    """False-acceptance risk of simple acceptance: up to 50 % at the limit (OIML G 1-106)."""
    assert guard_band(1.5, risk=0.5) == 0.0
    assert largest_false_acceptance(0.0, standard_uncertainty=1.5) == 0.5


def test_the_expanded_uncertainty_as_guard_band_keeps_the_risk_below_two_and_a_half_percent():
    """ILAC-G8: w = U with k = 2."""
    assert largest_false_acceptance(2.0, standard_uncertainty=1.0) < 0.025


@settings(deadline=None)
@given(uncertainties, risks)
def test_the_guard_band_has_the_risk_asked(u, risk):
    assert largest_false_acceptance(guard_band(u, risk=risk), standard_uncertainty=u) == pytest.approx(risk)


@settings(deadline=None)
@given(results, uncertainties, risks)
def test_a_result_at_the_acceptance_limit_conforms_with_the_complement_of_the_risk(limit, u, risk):
    accepted = acceptance_limits(guard_band(u, risk=risk), upper=limit).upper

    assert conformance_probability(accepted, standard_uncertainty=u, upper=limit) == pytest.approx(1 - risk)


@settings(deadline=None)
@given(uncertainties, risks, risks)
def test_a_smaller_risk_never_has_a_narrower_guard_band(u, first, second):
    small, large = sorted((first, second))

    assert guard_band(u, risk=small) >= guard_band(u, risk=large)


@pytest.mark.parametrize(("band", "risk"), [(0, 0), (1, 0), (-1, 1)], ids=["none", "inwards", "outwards"])
def test_without_uncertainty_the_risk_is_none_or_certain(band, risk):
    assert largest_false_acceptance(band, standard_uncertainty=0) == risk


# ---- PLACEMENT ----


@pytest.mark.parametrize(
    ("y", "band", "placement"),
    [
        (72.5, 2.5, Placement.INSIDE),
        (72.4, 2.5, Placement.GUARD_BAND),
        (70.0, 2.5, Placement.GUARD_BAND),
        (69.9, 2.5, Placement.OUTSIDE),
        (70.0, 0.0, Placement.INSIDE),
        (69.9, 0.0, Placement.OUTSIDE),
        (70.0, -2.5, Placement.INSIDE),
        (69.9, -2.5, Placement.GUARD_BAND),
        (67.5, -2.5, Placement.GUARD_BAND),
        (67.4, -2.5, Placement.OUTSIDE),
        (87.5, 2.5, Placement.INSIDE),
        (87.6, 2.5, Placement.GUARD_BAND),
        (90.1, 2.5, Placement.OUTSIDE),
    ],
)
def test_a_result_is_placed_between_limits_and_acceptance_limits(y, band, placement):
    assert place_result(y, guard_band=band, lower=70.0, upper=90.0) is placement


def test_where_guard_bands_meet_nothing_is_inside():
    found = place_result(np.linspace(69, 91, 45), guard_band=11.0, lower=70.0, upper=90.0)

    assert set(found.tolist()) == {Placement.GUARD_BAND, Placement.OUTSIDE}


def test_a_row_without_result_has_no_place():
    found = place_result(np.array([80.0, np.nan]), guard_band=2.5, lower=70.0)

    assert (found.dtype, found.tolist()) == (np.int8, [Placement.INSIDE, Placement.NO_RESULT])


@settings(deadline=None)
@given(results, st.floats(0, 10), st.floats(0, 10))
def test_a_wider_guard_band_never_lets_more_inside(y, first, second):
    narrow, wide = sorted((first, second))

    assert place_result(y, guard_band=wide, lower=0.0) >= place_result(y, guard_band=narrow, lower=0.0)


# ---- ARGUMENTS ----


def test_no_limit_accepts_nothing_and_is_refused():
    for question in (
        lambda: conformance_probability(1.0, standard_uncertainty=1.0),
        lambda: place_result(1.0, guard_band=0.0),
        lambda: acceptance_limits(1.0, lower=math.inf),
    ):
        with pytest.raises(UsageError, match="RQC-U083"):
            question()


def test_one_row_without_limit_is_refused():
    with pytest.raises(UsageError, match="RQC-U083"):
        place_result(np.array([1.0, 1.0]), guard_band=0.0, upper=np.array([2.0, math.inf]))


def test_exchanged_limits_are_refused():
    with pytest.raises(UsageError, match="RQC-U082"):
        acceptance_limits(1.0, lower=90.0, upper=70.0)


def test_a_negative_uncertainty_is_refused():
    with pytest.raises(UsageError, match="RQC-U080"):
        guard_band(-1.0, risk=0.05)


def test_rows_without_value_have_none():
    gaps = np.array([np.nan, 1.0])

    assert np.isnan(conformance_probability(gaps, standard_uncertainty=0.0, lower=0.0)).tolist() == [True, False]
    assert np.isnan(conformance_probability(np.ones(2), standard_uncertainty=gaps, lower=0.0)).tolist() == [True, False]
    assert np.isnan(largest_false_acceptance(gaps, standard_uncertainty=0.0)).tolist() == [True, False]
