"""Tolerance factors against published tables, independent integration and simulation-free identities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from printed import as_printed
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import chi2, nct, norm

from regenqc.errors import UsageError
from regenqc.statistics.tolerance import (
    howe_factor,
    howe_guenther_factor,
    natrella_factor,
    nonparametric_sample_size,
    one_sided_factor,
    tolerance_limits,
    two_sided_factor,
)

samples = st.integers(2, 2000)
shares = st.floats(0.05, 0.999)

# ---- PUBLISHED ----


def test_the_handbook_example_of_43_wafers():
    """[V + C] NIST/SEMATECH e-Handbook 7.2.6.3: mean 97.07, s 0.0268, coverage 0.90, confidence 0.99.

    The page prints an upper limit of 102.096 elsewhere, which is a known misprint.
    """
    two = howe_factor(43, coverage=0.90, confidence=0.99)
    one = natrella_factor(43, coverage=0.90, confidence=0.99)
    interval = tolerance_limits(97.07, standard_deviation=0.0268, factor=two)
    single = tolerance_limits(97.07, standard_deviation=0.0268, factor=one)

    assert (as_printed(two, "2.2173159"), as_printed(one, "1.8751896")) == ("2.2173159", "1.8751896")
    assert as_printed(interval.lower, "97.010576") == "97.010576"
    assert as_printed(interval.upper, "97.12942") == "97.12942"
    assert as_printed(single.upper, "97.120255") == "97.120255"
    assert as_printed(single.lower, "97.019745") == "97.019745"


def test_the_exact_factors_of_the_handbook_example():
    """[C]"""
    assert as_printed(one_sided_factor(43, coverage=0.90, confidence=0.99), "1.8739536") == "1.8739536"
    assert as_printed(two_sided_factor(43, coverage=0.90, confidence=0.99), "2.2228252") == "2.2228252"


def test_the_published_example_of_forty_values():
    """[V] n = 40, mean 10, s 0.2, coverage 0.90, confidence 0.99: 9.5496 to 10.4504; k1 1.9034 and 1.9017.

    The interval is Howe's with Guenther's correction; the exact one is 9.5494 to 10.4506.
    """
    two = howe_guenther_factor(40, coverage=0.90, confidence=0.99)
    interval = tolerance_limits(10.0, standard_deviation=0.2, factor=two)

    assert (as_printed(interval.lower, "9.5496"), as_printed(interval.upper, "10.4504")) == ("9.5496", "10.4504")
    assert as_printed(natrella_factor(40, coverage=0.90, confidence=0.99), "1.9034") == "1.9034"
    assert as_printed(one_sided_factor(40, coverage=0.90, confidence=0.99), "1.9017") == "1.9017"


# Sample, coverage, printed [V], exact [C]; two-sided at 95 % confidence.
TWO_SIDED = [
    (5, 0.95, "5.08", "5.0769"),
    (10, 0.95, "3.39", "3.3934"),
    (20, 0.95, "2.76", "2.7603"),
    (30, 0.95, "2.55", "2.5549"),
    (10, 0.99, "4.44", "4.4369"),
    (20, 0.99, "3.62", "3.6210"),
    (30, 0.99, "3.35", "3.3546"),
]


@pytest.mark.parametrize(
    ("sample", "coverage", "printed", "exact"),
    TWO_SIDED,
    ids=[f"{n} values, {p:.0%} [V + C]" for n, p, _, _ in TWO_SIDED],
)
def test_two_sided_factors(sample, coverage, printed, exact):
    found = two_sided_factor(sample, coverage=coverage, confidence=0.95)

    assert as_printed(found, exact) == exact
    # 2.5549 is printed 2.55 and 3.3546 is printed 3.35.
    assert found == pytest.approx(float(printed), abs=0.005)


# One-sided 95 % coverage with 95 % confidence. [C]
ONE_SIDED = {
    3: "7.6559",
    5: "4.2027",
    8: "3.1873",
    10: "2.9110",
    15: "2.5660",
    20: "2.3960",
    25: "2.2917",
    30: "2.2198",
    50: "2.0650",
    100: "1.9265",
}


@pytest.mark.parametrize(("sample", "printed"), ONE_SIDED.items(), ids=[f"{n} values [C]" for n in ONE_SIDED])
def test_one_sided_factors(sample, printed):
    assert as_printed(one_sided_factor(sample, coverage=0.95, confidence=0.95), printed) == printed


def test_the_lower_tolerance_limit_of_viability():
    """[C] n = 25, mean 85, s 5: the lower 95/95 tolerance limit is 73.54."""
    factor = one_sided_factor(25, coverage=0.95, confidence=0.95)

    assert as_printed(tolerance_limits(85.0, standard_deviation=5.0, factor=factor).lower, "73.54") == "73.54"


# Coverage, one-sided, two-sided at 95 % confidence. [C]
NONPARAMETRIC = [(0.90, 29, 46), (0.95, 59, 93), (0.99, 299, 473)]


@pytest.mark.parametrize(
    ("coverage", "one", "two"), NONPARAMETRIC, ids=[f"95/{p:.0%} [C]" for p, _, _ in NONPARAMETRIC]
)
def test_values_needed_without_a_distribution(coverage, one, two):
    assert nonparametric_sample_size(coverage, confidence=0.95) == one
    assert nonparametric_sample_size(coverage, confidence=0.95, sides=2) == two


# ---- INDEPENDENT FORMULAS ----


@settings(deadline=None)
@given(samples, shares, shares)
def test_the_one_sided_factor_has_the_confidence_asked(sample, coverage, confidence):
    factor = one_sided_factor(sample, coverage=coverage, confidence=confidence)
    reached = nct.cdf(factor * math.sqrt(sample), sample - 1, norm.ppf(coverage) * math.sqrt(sample))

    assert reached == pytest.approx(confidence, abs=1e-9)


def half_width(centre: float, coverage: float) -> float:
    return brentq(lambda r: norm.cdf(centre + r) - norm.cdf(centre - r) - coverage, 0, abs(centre) + 10, xtol=1e-12)


@pytest.mark.parametrize("sample", [2, 3, 7, 30, 200])
@pytest.mark.parametrize(("coverage", "confidence"), [(0.95, 0.95), (0.5, 0.99), (0.999, 0.6)])
def test_the_two_sided_factor_has_the_confidence_asked(sample, coverage, confidence):
    # Independent of the quadrature of the package: adaptive integration, with each half-width found by bisection.
    factor = two_sided_factor(sample, coverage=coverage, confidence=confidence)

    def density(t: float) -> float:
        needed = (sample - 1) * half_width(t / math.sqrt(sample), coverage) ** 2 / factor**2
        return 2 * norm.pdf(t) * chi2.sf(needed, sample - 1)

    assert quad(density, 0, 9, epsabs=1e-9)[0] == pytest.approx(confidence, abs=1e-7)


@settings(deadline=None)
@given(st.integers(2, 400), st.floats(0.05, 0.95))
def test_without_a_distribution_the_formulas_of_wilks_hold(sample, confidence):
    # The coverage at which so many values are just enough.
    one = (1 - confidence) ** (1 / sample)
    two = brentq(lambda p: 1 - sample * p ** (sample - 1) + (sample - 1) * p**sample - confidence, 0, 1, xtol=1e-15)

    assert nonparametric_sample_size(one - 1e-7, confidence=confidence) == sample
    assert nonparametric_sample_size(two - 1e-7, confidence=confidence, sides=2) == sample


@settings(deadline=None, max_examples=50)
@given(st.integers(30, 2000), shares, st.floats(0.5, 0.99))
def test_howe_is_close_to_the_exact_factor(sample, coverage, confidence):
    approximate = howe_factor(sample, coverage=coverage, confidence=confidence)

    corrected = howe_guenther_factor(sample, coverage=coverage, confidence=confidence)
    exact = two_sided_factor(sample, coverage=coverage, confidence=confidence)

    assert (approximate, corrected) == pytest.approx((exact, exact), rel=0.01)


@settings(deadline=None)
@given(st.integers(40, 2000), st.floats(0.9, 0.999), st.floats(0.5, 0.99))
def test_natrella_is_close_to_the_exact_factor(sample, coverage, confidence):
    approximate = natrella_factor(sample, coverage=coverage, confidence=confidence)

    assert approximate == pytest.approx(one_sided_factor(sample, coverage=coverage, confidence=confidence), rel=0.01)


# ---- PROPERTIES ----


@settings(deadline=None, max_examples=25)
@given(samples, shares, st.floats(0.5, 0.999))
def test_a_larger_sample_never_has_a_larger_factor(sample, coverage, confidence):
    assume(coverage >= 0.5)
    for factor in (one_sided_factor, two_sided_factor):
        smaller, larger = (factor(n, coverage=coverage, confidence=confidence) for n in (sample, 2 * sample))
        assert larger <= smaller + 1e-9


@settings(deadline=None, max_examples=25)
@given(samples, shares, shares, shares)
def test_more_coverage_or_confidence_never_has_a_smaller_factor(sample, fixed, first, second):
    less, more = sorted((first, second))
    for factor in (one_sided_factor, two_sided_factor):
        assert factor(sample, coverage=less, confidence=fixed) <= factor(sample, coverage=more, confidence=fixed) + 1e-9
        assert factor(sample, coverage=fixed, confidence=less) <= factor(sample, coverage=fixed, confidence=more) + 1e-9


def test_a_very_large_sample_knows_the_distribution():
    assert two_sided_factor(10**8, coverage=0.95, confidence=0.5) == pytest.approx(norm.ppf(0.975), abs=1e-6)
    assert one_sided_factor(10**8, coverage=0.95, confidence=0.5) == pytest.approx(norm.ppf(0.95), abs=1e-6)


def test_a_column_of_samples_gives_a_column_of_factors():
    found = two_sided_factor(np.array([5, 10, np.nan, 5]), coverage=0.95, confidence=0.95)

    assert np.array_equal(found.round(4), [5.0769, 3.3934, np.nan, 5.0769], equal_nan=True)


# ---- ARGUMENTS ----


@pytest.mark.parametrize("factor", [one_sided_factor, two_sided_factor, howe_factor, natrella_factor])
def test_one_value_has_no_standard_deviation(factor):
    with pytest.raises(UsageError, match="One value has no standard deviation"):
        factor(1, coverage=0.95, confidence=0.95)


def test_a_sample_too_small_for_natrella_is_refused():
    with pytest.raises(UsageError, match="RQC-U084"):
        natrella_factor(2, coverage=0.95, confidence=0.95)


def test_three_sides_are_refused():
    with pytest.raises(UsageError, match="1 or 2"):
        nonparametric_sample_size(0.95, confidence=0.95, sides=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("coverage", "confidence", "needed"),
    [(1, 0.95, math.inf), (0, 0.95, 1), (0.9, 0, 0)],
    ids=["all of a distribution", "none of it", "nothing asked"],
)
def test_values_needed_at_the_ends(coverage, confidence, needed):
    assert nonparametric_sample_size(coverage, confidence=confidence) == needed
