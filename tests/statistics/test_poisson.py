"""Rare events: detection, amounts to test, and bounds on the mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed import as_printed
from scipy.optimize import brentq
from scipy.stats import chi2, poisson

from regenqc.errors import UsageError
from regenqc.statistics.poisson import (
    amount_to_test,
    concentration_upper_bound,
    count_to_test,
    detection_probability,
    event_bounds,
    event_lower_bound,
    event_upper_bound,
)

concentrations = st.floats(1e-9, 1e3)
amounts = st.floats(0, 1e6)
efficiencies = st.floats(0.01, 1)
probabilities = st.floats(0.001, 0.999999)
counts = st.integers(0, 10_000)

# ---- DETECTION ----


@pytest.mark.parametrize(
    ("doses", "printed"),
    [(0.5, "0.39347"), (1, "0.63212"), (3, "0.95021")],
    ids=lambda value: f"{value} dose-equivalents tested at 1 RCL per dose [C]" if not isinstance(value, str) else value,
)
def test_detection_of_one_particle_per_dose(doses, printed):
    assert as_printed(detection_probability(1.0, amount=doses), printed) == printed


@pytest.mark.parametrize(("events", "printed"), [(1, "0.00995"), (10, "0.09516"), (100, "0.63212"), (300, "0.95021")])
def test_one_percent_of_a_lot_in_exponential_form(events, printed):
    """[C] f = 1 %."""
    assert as_printed(detection_probability(float(events), amount=0.01), printed) == printed


def test_five_stem_cells_in_a_million_are_seen_by_testing_a_million():
    """[C] Highly efficient culture detects 5 hiPSC in 10^6 [V]; efficiency 1."""
    assert as_printed(detection_probability(5e-6, amount=1e6), "0.99326") == "0.99326"


@pytest.mark.parametrize(
    ("concentration", "amount", "efficiency"),
    [(0, 5, 1), (5, 0, 1), (5, 5, 0), (0, 0, 0)],
    ids=["nothing is there", "nothing is tested", "nothing is seen", "none of it"],
)
def test_detection_is_impossible_when(concentration, amount, efficiency):
    assert detection_probability(concentration, amount=amount, efficiency=efficiency) == 0.0


def test_detection_is_certain_in_the_limit():
    assert detection_probability(1e300, amount=1e300) == 1.0


def test_a_tiny_probability_keeps_its_digits():
    assert detection_probability(1e-12, amount=1e-8) == pytest.approx(1e-20, rel=1e-14)


@settings(deadline=None)
@given(concentrations, amounts, efficiencies)
def test_detection_is_the_complement_of_no_event(concentration, amount, efficiency):
    expected = poisson.sf(0, concentration * amount * efficiency)

    assert detection_probability(concentration, amount=amount, efficiency=efficiency) == pytest.approx(
        expected, rel=1e-11
    )


@settings(deadline=None)
@given(concentrations, amounts, amounts, efficiencies)
def test_testing_more_never_detects_less(concentration, first, second, efficiency):
    less, more = sorted((first, second))

    assert detection_probability(concentration, amount=less, efficiency=efficiency) <= detection_probability(
        concentration, amount=more, efficiency=efficiency
    )


# ---- AMOUNTS ----


def test_three_hundred_millilitres_of_supernatant():
    """[C] 1 RCR per 100 mL at 95 %: 299.57 mL, published as 300 mL."""
    assert as_printed(amount_to_test(1 / 100, probability=0.95), "299.57") == "299.57"


def test_half_the_efficiency_needs_twice_the_amount():
    """[C] 5.99146 dose-equivalents."""
    assert as_printed(amount_to_test(1.0, probability=0.95, efficiency=0.5), "5.99146") == "5.99146"


@pytest.mark.parametrize(("probability", "printed"), [(0.95, "2.995732"), (0.99, "4.605170")])
def test_the_amount_in_expected_events(probability, printed):
    """[C] L95 and L99."""
    assert as_printed(amount_to_test(1.0, probability=probability), printed) == printed


CELLS = [
    (1e-4, 0.95, "29,958"),
    (2e-5, 0.95, "149,787"),
    (1e-5, 0.95, "299,574"),
    (1e-6, 0.95, "2,995,733"),
    (2e-7, 0.95, "14,978,662"),
    (1e-5, 0.99, "460,518"),
]


@pytest.mark.parametrize(("rate", "probability", "printed"), CELLS, ids=[f"{r} at {p:.0%} [C]" for r, p, _ in CELLS])
def test_cells_to_test_for_a_claim_after_seeing_none(rate, probability, printed):
    assert f"{count_to_test(rate, probability=probability):,.0f}" == printed


@pytest.mark.parametrize(
    ("concentration", "probability", "efficiency", "amount"),
    [(0, 0.95, 1, math.inf), (1, 0.95, 0, math.inf), (1, 0, 1, 0), (0, 0, 1, 0), (0, 0, 0, 0)],
    ids=[
        "no amount shows what is not there",
        "no amount shows what is not seen",
        "nothing asked needs nothing",
        "nothing asked of nothing needs nothing",
        "nothing asked of a blind assay needs nothing",
    ],
)
def test_amounts_at_the_ends(concentration, probability, efficiency, amount):
    assert amount_to_test(concentration, probability=probability, efficiency=efficiency) == amount


@settings(deadline=None)
@given(concentrations, probabilities, efficiencies)
def test_the_amount_detects_with_the_probability_asked(concentration, probability, efficiency):
    amount = amount_to_test(concentration, probability=probability, efficiency=efficiency)

    assert detection_probability(concentration, amount=amount, efficiency=efficiency) == pytest.approx(probability)


@settings(deadline=None)
@given(st.floats(1e-6, 1), probabilities, efficiencies)
def test_the_count_is_the_smallest_that_is_enough(rate, probability, efficiency):
    count = count_to_test(rate, probability=probability, efficiency=efficiency)

    assert detection_probability(rate, amount=count, efficiency=efficiency) >= probability - 1e-12
    assert detection_probability(rate, amount=max(count - 1, 0), efficiency=efficiency) < probability + 1e-12


@settings(deadline=None)
@given(st.floats(1e-6, 1), probabilities, probabilities)
def test_more_confidence_never_needs_less(rate, first, second):
    less, more = sorted((first, second))

    assert count_to_test(rate, probability=less) <= count_to_test(rate, probability=more)


# ---- BOUNDS ----

# k, one-sided 95 % upper bound, two-sided 95 % bounds. [C]
GARWOOD = [
    (0, "2.9957", "0", "3.6889"),
    (1, "4.7439", ".0253", "5.5716"),
    (2, "6.2958", ".2422", "7.2247"),
    (3, "7.7537", ".6187", "8.7673"),
    (4, "9.1535", "1.0899", "10.2416"),
    (5, "10.5130", "1.6235", "11.6683"),
]


@pytest.mark.parametrize(
    ("events", "one_sided", "lower", "upper"), GARWOOD, ids=[f"{row[0]} events [C]" for row in GARWOOD]
)
def test_bounds_on_the_mean_number_of_events(events, one_sided, lower, upper):
    bounds = event_bounds(events, confidence=0.95)

    assert as_printed(event_upper_bound(events, confidence=0.95), one_sided) == one_sided
    assert (as_printed(bounds.lower, lower), as_printed(bounds.upper, upper)) == (lower, upper)


def test_one_percent_of_a_lot_without_events_bounds_the_lot_by_three_hundred():
    """[C] Less than 299.6 RCL in the lot at 95 %."""
    assert as_printed(concentration_upper_bound(0, amount=0.01, confidence=0.95), "299.6") == "299.6"


@pytest.mark.parametrize(("amount", "efficiency"), [(0, 1), (5, 0)], ids=["nothing tested", "nothing seen"])
def test_nothing_tested_bounds_nothing(amount, efficiency):
    assert concentration_upper_bound(0, amount=amount, efficiency=efficiency, confidence=0.95) == math.inf


@settings(deadline=None)
@given(st.floats(1e-3, 1e6), probabilities)
def test_no_event_is_never_a_concentration_of_zero(amount, confidence):
    assert concentration_upper_bound(0, amount=amount, confidence=confidence) > 0


@settings(deadline=None)
@given(counts, probabilities)
def test_bounds_are_the_quantiles_of_chi_square(events, confidence):
    assert event_upper_bound(events, confidence=confidence) == pytest.approx(
        chi2.ppf(confidence, 2 * events + 2) / 2, rel=1e-9
    )
    if events:
        assert event_lower_bound(events, confidence=confidence) == pytest.approx(
            chi2.ppf(1 - confidence, 2 * events) / 2, rel=1e-9
        )


@settings(deadline=None)
@given(st.integers(0, 200), st.floats(0.5, 0.9999))
def test_the_upper_bound_makes_so_few_events_just_improbable_enough(events, confidence):
    # Independent of any quantile: the mean at which k events or fewer have the probability of the risk.
    mean = brentq(lambda x: poisson.cdf(events, x) - (1 - confidence), 1e-9, 2 * events + 60, xtol=1e-13)

    assert event_upper_bound(events, confidence=confidence) == pytest.approx(mean, rel=1e-9)


@settings(deadline=None)
@given(counts, st.floats(0.5, 0.9999))
def test_two_sided_bounds_lie_around_the_count(events, confidence):
    bounds = event_bounds(events, confidence=confidence)

    assert bounds.lower <= events <= bounds.upper


@settings(deadline=None)
@given(counts, probabilities)
def test_one_more_event_raises_both_bounds(events, confidence):
    assert event_upper_bound(events, confidence=confidence) < event_upper_bound(events + 1, confidence=confidence)
    assert event_lower_bound(events, confidence=confidence) < event_lower_bound(events + 1, confidence=confidence)


def test_the_lower_bound_of_no_event_is_zero():
    assert event_lower_bound(0, confidence=0.95) == 0.0


# ---- ARGUMENTS ----


@pytest.mark.parametrize("confidence", [95, 1.0, 0.0, -0.1, math.inf], ids=lambda value: f"{value} is no confidence")
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(UsageError, match="RQC-U080"):
        event_upper_bound(0, confidence=confidence)


def test_certain_detection_is_refused():
    with pytest.raises(UsageError, match="no finite sample detects with certainty"):
        amount_to_test(1.0, probability=1.0)


@pytest.mark.parametrize("events", [-1, 0.5, math.inf], ids=lambda value: f"{value} is no count")
def test_a_count_that_is_none_is_refused(events):
    with pytest.raises(UsageError, match="RQC-U080"):
        event_bounds(events, confidence=0.95)


def test_a_column_of_counts_gives_a_column_of_bounds():
    column = event_upper_bound(np.array([[0, 1, 2], [3, 4, 5]]), confidence=0.95)

    assert column.dtype == np.float64
    assert column.round(4).tolist() == [[2.9957, 4.7439, 6.2958], [7.7537, 9.1535, 10.513]]


def test_a_row_without_value_has_none():
    events = np.array([0.0, np.nan, 2.0])

    for found in (
        event_upper_bound(events, confidence=0.95),
        event_lower_bound(events, confidence=0.95),
        concentration_upper_bound(events, amount=2.0, confidence=0.95),
        amount_to_test(events, probability=0.95),
        detection_probability(events, amount=1.0),
    ):
        assert np.isnan(found).tolist() == [False, True, False]
