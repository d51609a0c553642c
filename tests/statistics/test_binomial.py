"""Proportions: Clopper-Pearson bounds, detection, and the number of trials."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from printed import as_printed
from scipy.stats import binom, binomtest

from regenqc.errors import UsageError
from regenqc.statistics.binomial import (
    detection_probability,
    proportion_bounds,
    proportion_lower_bound,
    proportion_upper_bound,
    smallest_proportion_detected,
    trials_needed,
    zero_event_upper_bound,
)

confidences = st.floats(0.01, 0.9999)
proportions = st.floats(1e-4, 1)


@st.composite
def counted(draw: st.DrawFn, *, most: int = 2000) -> tuple[int, int]:
    trials = draw(st.integers(1, most))
    return draw(st.integers(0, trials)), trials


# ---- NO EVENTS ----

# n, one-sided 90, 95, 99 %, two-sided 95 %, 3/n. [C]; 17, 308 and 375 are lots and patients without replication-competent
# virus (Marcucci 2018 [V]).
ZERO = """
10 .20567 .25887 .36904 .30850 .30000
17 .12667 .16157 .23730 .19506 .17647
20 .10875 .13911 .20567 .16843 .15000
30 .07388 .09503 .14230 .11570 .10000
50 .04501 .05816 .08799 .07112 .06000
59 .03828 .04951 .07509 .06061 .05085
100 .02276 .02951 .04501 .03622 .03000
299 .00767 .00997 .01528 .01226 .01003
308 .00745 .00968 .01484 .01191 .00974
375 .00612 .00796 .01221 .00979 .00800
"""
ZERO_ROWS = [line.split() for line in ZERO.split("\n") if line]


@pytest.mark.parametrize("row", ZERO_ROWS, ids=[f"none of {row[0]} [C]" for row in ZERO_ROWS])
def test_bounds_when_none_was_seen(row):
    trials = int(row[0])
    found = [zero_event_upper_bound(trials, confidence=c) for c in (0.90, 0.95, 0.99)]
    found += [proportion_bounds(0, trials=trials, confidence=0.95).upper, 3 / trials]

    assert [as_printed(value, printed) for value, printed in zip(found, row[1:], strict=True)] == row[1:]


@settings(deadline=None)
@given(st.integers(30, 10**6))
def test_the_rule_of_three_is_above_the_exact_bound(trials):
    assert zero_event_upper_bound(trials, confidence=0.95) < 3 / trials


@settings(deadline=None)
@given(st.integers(0, 10**9), confidences)
def test_the_closed_form_is_the_clopper_pearson_bound(trials, confidence):
    assert zero_event_upper_bound(trials, confidence=confidence) == pytest.approx(
        proportion_upper_bound(0, trials=trials, confidence=confidence), rel=1e-11
    )


@settings(deadline=None)
@given(st.integers(0, 10**9), confidences)
def test_none_seen_is_never_a_proportion_of_zero(trials, confidence):
    assert zero_event_upper_bound(trials, confidence=confidence) > 0


# ---- SOME EVENTS ----

# k, n, two-sided 95 % bounds, one-sided 95 % upper bound. [C]
SOME = [
    (1, 20, ".00127", ".24873", ".21611"),
    (2, 20, ".01235", ".31698", ".28262"),
    (3, 50, ".01255", ".16548", ".14784"),
    (1, 100, ".00025", ".05446", ".04656"),
]


@pytest.mark.parametrize(
    ("events", "trials", "lower", "upper", "one_sided"), SOME, ids=[f"{r[0]}/{r[1]} [C]" for r in SOME]
)
def test_bounds_when_some_were_seen(events, trials, lower, upper, one_sided):
    bounds = proportion_bounds(events, trials=trials, confidence=0.95)

    assert (as_printed(bounds.lower, lower), as_printed(bounds.upper, upper)) == (lower, upper)
    assert as_printed(proportion_upper_bound(events, trials=trials, confidence=0.95), one_sided) == one_sided


# k, n, bounds in percent as printed. [V + C]: 7/15 doi 10.1016/j.jcyt.2025.04.067, the others Kymriah prescribing
# information (June 2025).
PUBLISHED = [
    (7, 15, "21.3 %", "73.4 %"),
    (52, 63, "71 %", "91 %"),
    (34, 68, "37.6 %", "62.4 %"),
    (22, 68, "21.5 %", "44.8 %"),
    (77, 90, "76.6 %", "92.1 %"),
    (84, 98, "77.2 %", "92.0 %"),
    (66, 98, "57.1 %", "76.5 %"),
]


@pytest.mark.parametrize(
    ("events", "trials", "lower", "upper"), PUBLISHED, ids=[f"{r[0]}/{r[1]} [V]" for r in PUBLISHED]
)
def test_published_response_rates(events, trials, lower, upper):
    bounds = proportion_bounds(events, trials=trials, confidence=0.95)

    assert (as_printed(bounds.lower, lower), as_printed(bounds.upper, upper)) == (lower, upper)


def test_a_published_response_rate_that_was_rounded_down():
    """[V + C] 61/90 is printed 57.1 to 77.2; the upper bound is 77.25 at two decimals."""
    bounds = proportion_bounds(61, trials=90, confidence=0.95)

    assert as_printed(bounds.lower, "57.1 %") == "57.1 %"
    assert as_printed(bounds.upper, "77.25 %") == "77.25 %"
    assert 100 * bounds.upper == pytest.approx(77.2, abs=0.06)


@settings(deadline=None)
@given(counted(), confidences)
def test_two_sided_bounds_are_those_of_the_exact_test(count, confidence):
    events, trials = count
    bounds = proportion_bounds(events, trials=trials, confidence=confidence)
    exact = binomtest(events, trials).proportion_ci(confidence_level=confidence, method="exact")

    assert (bounds.lower, bounds.upper) == pytest.approx((exact.low, exact.high), rel=1e-7, abs=1e-12)


@settings(deadline=None)
@given(counted(most=40), st.floats(0.5, 0.999))
def test_at_the_upper_bound_so_few_events_are_just_improbable_enough(count, confidence):
    events, trials = count
    assume(events < trials)
    # Independent of any beta distribution: the binomial sum in rational numbers.
    share = Fraction(proportion_upper_bound(events, trials=trials, confidence=confidence))
    so_few = sum(math.comb(trials, i) * share**i * (1 - share) ** (trials - i) for i in range(events + 1))

    assert float(so_few) == pytest.approx(1 - confidence, rel=1e-9)


@settings(deadline=None)
@given(counted(), confidences)
def test_bounds_mirror(count, confidence):
    events, trials = count

    assert proportion_lower_bound(events, trials=trials, confidence=confidence) == pytest.approx(
        1 - proportion_upper_bound(trials - events, trials=trials, confidence=confidence), abs=1e-12
    )


@settings(deadline=None)
@given(counted(), confidences)
def test_one_more_event_never_lowers_a_bound(count, confidence):
    events, trials = count
    assume(events < trials)
    for bound in (proportion_lower_bound, proportion_upper_bound):
        assert bound(events, trials=trials, confidence=confidence) <= bound(
            events + 1, trials=trials, confidence=confidence
        )


@settings(deadline=None)
@given(counted(), confidences, confidences)
def test_more_confidence_never_lowers_the_upper_bound(count, first, second):
    events, trials = count
    less, more = sorted((first, second))

    assert proportion_upper_bound(events, trials=trials, confidence=less) <= proportion_upper_bound(
        events, trials=trials, confidence=more
    )


@pytest.mark.parametrize("trials", [0, 1, 20, 10**9], ids=lambda n: f"{n} trials")
def test_the_bounds_at_the_ends_are_0_and_1(trials):
    assert proportion_bounds(0, trials=trials, confidence=0.95).lower == 0.0
    assert proportion_bounds(trials, trials=trials, confidence=0.95).upper == 1.0


def test_nothing_looked_at_bounds_nothing():
    assert zero_event_upper_bound(0, confidence=0.95) == 1.0


# ---- DETECTION ----

# Contaminated containers found by a sterility sample. [C]
CONTAINERS = [
    (20, 0.01, "0.1821"),
    (20, 0.05, "0.6415"),
    (20, 0.10, "0.8784"),
    (4, 0.10, "0.3439"),
    (10, 0.10, "0.6513"),
]


@pytest.mark.parametrize(
    ("trials", "share", "printed"),
    CONTAINERS,
    ids=[f"{n} containers, {p:.0%} contaminated [C]" for n, p, _ in CONTAINERS],
)
def test_containers_that_show_contamination(trials, share, printed):
    assert as_printed(detection_probability(share, trials=trials), printed) == printed


@settings(deadline=None)
@given(proportions, st.integers(0, 5000), st.integers(1, 10))
def test_detection_is_the_upper_tail_of_the_binomial(proportion, trials, at_least):
    assert detection_probability(proportion, trials=trials, at_least=at_least) == pytest.approx(
        binom.sf(at_least - 1, trials, proportion), rel=1e-9, abs=1e-300
    )


@pytest.mark.parametrize(
    ("proportion", "trials", "at_least", "probability"),
    [(0, 20, 1, 0), (1, 20, 1, 1), (1, 0, 1, 0), (0.5, 0, 1, 0), (1, 2, 3, 0), (1, 3, 3, 1), (0, 0, 1, 0)],
    ids=[
        "nothing has it",
        "everything has it",
        "everything has it, nothing is looked at",
        "nothing is looked at",
        "fewer looked at than must be found",
        "as many looked at as must be found",
        "nothing at all",
    ],
)
def test_detection_at_the_ends(proportion, trials, at_least, probability):
    assert detection_probability(proportion, trials=trials, at_least=at_least) == probability


@settings(deadline=None)
@given(proportions, st.integers(0, 5000), st.integers(1, 5))
def test_one_more_trial_never_detects_less(proportion, trials, at_least):
    fewer, more = (detection_probability(proportion, trials=n, at_least=at_least) for n in (trials, trials + 1))

    assert fewer <= more + 1e-15


# ---- TRIALS ----


@settings(deadline=None)
@given(st.floats(1e-6, 1), confidences, st.integers(1, 5))
def test_the_trials_are_the_smallest_that_are_enough(proportion, probability, at_least):
    trials = trials_needed(proportion, probability=probability, at_least=at_least)
    enough = detection_probability(proportion, trials=trials, at_least=at_least)
    fewer = detection_probability(proportion, trials=trials - 1, at_least=at_least)

    assert enough >= probability - 1e-11
    assert fewer < probability + 1e-11


@st.composite
def ties(draw: st.DrawFn) -> tuple[float, float, int, int]:
    """A probability of at most 15 digits that a number of trials reaches exactly."""
    share, trials = Fraction(draw(st.integers(1, 9)), 10), draw(st.integers(1, 7))
    at_least = draw(st.integers(1, min(trials, 3)))
    exact = sum(math.comb(trials, i) * share**i * (1 - share) ** (trials - i) for i in range(at_least, trials + 1))
    return float(share), float(exact), at_least, trials


@example((0.5, 0.75, 1, 2))
@example((0.9, 0.9999, 1, 4))
@example((0.3, 0.216, 2, 3))
@settings(deadline=None)
@given(ties())
def test_a_probability_reached_exactly_needs_no_further_trial(tie):
    proportion, probability, at_least, trials = tie

    assert trials_needed(proportion, probability=probability, at_least=at_least) == trials


@pytest.mark.parametrize(
    ("proportion", "probability", "at_least", "trials"),
    [
        (0, 0.95, 1, math.inf),
        (0, 0.95, 2, math.inf),
        (0, 0, 1, 0),
        (0.5, 0, 3, 0),
        (1, 0.95, 1, 1),
        (1, 0.95, 3, 3),
        (1e-12, 0.5, 2, 1678346990017),
    ],
    ids=[
        "what is nowhere is never found",
        "what is nowhere is never found twice",
        "nothing asked of nothing needs nothing",
        "nothing asked needs nothing",
        "what is everywhere is found at once",
        "three of what is everywhere need three",
        "a share so small that the Poisson quantile stands in",
    ],
)
def test_trials_at_the_ends(proportion, probability, at_least, trials):
    assert trials_needed(proportion, probability=probability, at_least=at_least) == pytest.approx(trials, rel=1e-9)


@settings(deadline=None)
@given(st.floats(1e-6, 1), st.floats(1e-6, 1), confidences, st.integers(1, 3))
def test_a_smaller_share_never_needs_fewer_trials(first, second, probability, at_least):
    small, large = sorted((first, second))

    assert trials_needed(small, probability=probability, at_least=at_least) >= trials_needed(
        large, probability=probability, at_least=at_least
    )


def test_one_call_answers_for_one_and_for_several_items():
    found = trials_needed(np.array([0.1, 0.1, np.nan]), probability=0.95, at_least=np.array([1, 2, 2]))

    assert found[:2].tolist() == [29, 46]
    assert np.isnan(found[2])


@settings(deadline=None)
@given(st.integers(1, 5000), confidences, st.integers(1, 5))
def test_the_smallest_share_is_detected_with_the_probability_asked(trials, probability, at_least):
    share = smallest_proportion_detected(trials, probability=probability, at_least=at_least)
    if trials < at_least:
        assert share == math.inf
    else:
        assert detection_probability(share, trials=trials, at_least=at_least) == pytest.approx(probability)


def test_no_share_is_needed_for_no_probability():
    assert smallest_proportion_detected(1, probability=0, at_least=2) == 0.0


# ---- ARGUMENTS ----


def test_more_events_than_trials_are_refused():
    with pytest.raises(UsageError, match=r"RQC-U082.*position 1 of 2.*events 21, trials 20"):
        proportion_upper_bound(np.array([3, 21]), trials=20, confidence=0.95)


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="RQC-U081"):
        proportion_bounds(np.zeros(3), trials=np.ones(2), confidence=0.95)


def test_rows_without_value_have_none():
    missing = np.array([np.nan, 0.0, np.nan, 0.0])
    trials = np.array([20.0, np.nan, np.nan, 20.0])
    bounds = proportion_bounds(missing, trials=trials, confidence=0.95)

    for column in (bounds.lower, bounds.upper):
        assert np.isnan(column).tolist() == [True, True, True, False]
