"""Tolerance factors: how far from the mean of n normal values a stated share of all values lies.

The interval mean ± k s, or its one-sided limit, holds at least the share p of a normal population (the coverage) with the
stated confidence. s is the standard deviation of the sample, with n - 1 degrees of freedom. Data that are not normal, that
are censored or that crowd a bound need a transformation or the non-parametric sample size.

Factors are computed once for each distinct combination of arguments. Arguments, arrays and NaN: see
`regenqc.statistics.domain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.special import chdtrc, chdtri, chndtrix, nctdtrit, ndtri

from regenqc.errors import Fault, UsageError
from regenqc.statistics.binomial import trials_needed
from regenqc.statistics.domain import (
    AMOUNT,
    CONFIDENCE,
    REAL,
    Bounds,
    Domain,
    Numbers,
    check_shapes,
    on_distinct,
    shaped_as,
)

if TYPE_CHECKING:
    from regenqc.statistics.domain import FloatArray

__all__ = [
    "howe_factor",
    "howe_guenther_factor",
    "natrella_factor",
    "nonparametric_sample_size",
    "one_sided_factor",
    "tolerance_limits",
    "two_sided_factor",
]

_SAMPLE: Final = Domain(
    text="a whole number, 2 or more",
    action="One value has no standard deviation; measure more.",
    minimum=2,
    open_above=True,
    whole=True,
)


def one_sided_factor(sample_size: Numbers, *, coverage: Numbers | float, confidence: Numbers | float) -> Numbers:
    """Return the exact one-sided factor: quantile(confidence) of noncentral t(n - 1, z_p √n), divided by √n.

    Args:
        sample_size: n, 2 or more.
        coverage: p, more than 0 and less than 1.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.6.3; ISO 16269-6.

    Example:
        >>> round(one_sided_factor(10, coverage=0.95, confidence=0.95), 4)
        2.911
    """
    n, p, gamma = _arguments(sample_size, coverage, confidence)
    return shaped_as(sample_size, on_distinct(_one_sided, n, p, gamma))


def two_sided_factor(sample_size: Numbers, *, coverage: Numbers | float, confidence: Numbers | float) -> Numbers:
    """Return the exact two-sided factor.

    It solves, for k, that the interval covers p with the confidence, averaged over where the sample mean may lie:
    2 ∫ φ(t) Q((n - 1) r(t / √n)² / k²; n - 1) dt over t > 0 = confidence, with Q the upper tail of chi-square and r(x) the
    half-width of the interval around x that holds p of a standard normal distribution.

    Args:
        sample_size: n, 2 or more.
        coverage: p, more than 0 and less than 1.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Odeh 1978, Communications in Statistics B 7:183; ISO 16269-6.

    Example:
        >>> round(two_sided_factor(10, coverage=0.95, confidence=0.95), 4)
        3.3934
    """
    n, p, gamma = _arguments(sample_size, coverage, confidence)
    return shaped_as(sample_size, on_distinct(_two_sided, n, p, gamma))


def howe_factor(sample_size: Numbers, *, coverage: Numbers | float, confidence: Numbers | float) -> Numbers:
    """Return Howe's approximation of the two-sided factor: z((1 + p) / 2) √((n - 1)(1 + 1/n) / chi2(1 - confidence; n - 1)).

    It is here to reproduce published figures; `two_sided_factor` is exact.

    Args:
        sample_size: n, 2 or more.
        coverage: p, more than 0 and less than 1.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Howe 1969, Journal of the American Statistical Association 64:610; NIST/SEMATECH e-Handbook, 7.2.6.3.

    Example:
        >>> round(howe_factor(43, coverage=0.90, confidence=0.99), 7)
        2.2173159
    """
    n, p, gamma = _arguments(sample_size, coverage, confidence)
    return shaped_as(sample_size, on_distinct(_howe, n, p, gamma))


def howe_guenther_factor(sample_size: Numbers, *, coverage: Numbers | float, confidence: Numbers | float) -> Numbers:
    """Return Howe's two-sided factor with Guenther's correction: times √(1 + (n - 3 - chi2(1 - confidence; n - 1)) / (2 (n + 1)²)).

    It is here to reproduce published figures; `two_sided_factor` is exact.

    Args:
        sample_size: n, 2 or more.
        coverage: p, more than 0 and less than 1.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Guenther 1977, Sampling Inspection in Statistical Quality Control, Griffin.

    Example:
        >>> round(10 - 0.2 * howe_guenther_factor(40, coverage=0.90, confidence=0.99), 4)
        9.5496
    """
    n, p, gamma = _arguments(sample_size, coverage, confidence)
    return shaped_as(sample_size, on_distinct(_howe_guenther, n, p, gamma))


def natrella_factor(sample_size: Numbers, *, coverage: Numbers | float, confidence: Numbers | float) -> Numbers:
    """Return Natrella's approximation of the one-sided factor: (z_p + √(z_p² - a b)) / a.

    a = 1 - z_c² / (2 (n - 1)) and b = z_p² - z_c² / n, with z_c the normal quantile of the confidence. It is here to
    reproduce published figures; `one_sided_factor` is exact.

    Args:
        sample_size: n, more than 1 + z_c² / 2, where a is positive.
        coverage: p, at least 0.5 and less than 1.
        confidence: at least 0.5 and less than 1.

    Raises:
        UsageError: an argument is outside its domain, or the sample is too small for the approximation.

    Source: Natrella 1963, NBS Handbook 91; NIST/SEMATECH e-Handbook, 7.2.6.3.

    Example:
        >>> round(natrella_factor(43, coverage=0.90, confidence=0.99), 7)
        1.8751896
    """
    n = _SAMPLE.read(sample_size, "sample_size")
    p, gamma = _HALF.read(coverage, "coverage"), _HALF.read(confidence, "confidence")
    check_shapes(sample_size=n, coverage=p, confidence=gamma)
    z_p, z_c = ndtri(p), ndtri(gamma)
    a = 1 - z_c**2 / (2 * (n - 1))
    if np.any(a <= 0):
        raise UsageError(
            Fault(
                code="RQC-U084",
                what="The sample is too small for Natrella's approximation.",
                got=f"{np.min(n):.0f} values",
                expected="more than 1 + z² / 2 values, with z the normal quantile of the confidence",
                action="Use one_sided_factor, which is exact for every sample.",
            )
        )
    return shaped_as(sample_size, (z_p + np.sqrt(z_p**2 - a * (z_p**2 - z_c**2 / n))) / a)


def nonparametric_sample_size(coverage: Numbers, *, confidence: Numbers | float, sides: Literal[1, 2] = 1) -> Numbers:
    """Return how many values are needed so that their extremes are tolerance limits whatever the distribution.

    One-sided, the smallest (or largest) of n values is the limit when 1 - p^n reaches the confidence; two-sided, both are
    when 1 - n p^(n-1) + (n - 1) p^n does.

    Args:
        coverage: p, from 0 to 1.
        confidence: at least 0 and less than 1.
        sides: 1 or 2.

    Returns:
        A whole number; infinite where p = 1 and some confidence is asked.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Wilks 1941, Annals of Mathematical Statistics 12:91. Both are the trials with which `sides` values outside the
    coverage are found.

    Example:
        >>> nonparametric_sample_size(0.95, confidence=0.95), nonparametric_sample_size(0.95, confidence=0.95, sides=2)
        (59.0, 93.0)
    """
    p = _COVERAGE.read(coverage, "coverage")
    needed = trials_needed(1 - p, probability=np.asarray(confidence), at_least=float(_SIDES.read(sides, "sides")))
    return shaped_as(coverage, np.asarray(needed))


def tolerance_limits(mean: Numbers, *, standard_deviation: Numbers | float, factor: Numbers | float) -> Bounds[Numbers]:
    """Return mean - k s and mean + k s; with a one-sided factor each of them is a limit of its own.

    Args:
        mean: of the sample.
        standard_deviation: s of the sample, 0 or more, in the unit of the mean.
        factor: k.

    Raises:
        UsageError: an argument is outside its domain.

    Source: NIST/SEMATECH e-Handbook, 7.2.6.3.

    Example:
        >>> factor = one_sided_factor(25, coverage=0.95, confidence=0.95)
        >>> round(tolerance_limits(85.0, standard_deviation=5.0, factor=factor).lower, 2)
        73.54
    """
    m, s = REAL.read(mean, "mean"), AMOUNT.read(standard_deviation, "standard_deviation")
    k = REAL.read(factor, "factor")
    check_shapes(mean=m, standard_deviation=s, factor=k)
    return Bounds(shaped_as(mean, m - k * s), shaped_as(mean, m + k * s))


_HALF: Final = Domain(
    text="at least 0.5 and less than 1, e.g. 0.95 for 95 %",
    action="Give it as a fraction.",
    minimum=0.5,
    maximum=1,
    open_above=True,
)
_COVERAGE: Final = Domain(
    text="at least 0 and at most 1, e.g. 0.95 for 95 %", action="Give it as a fraction.", minimum=0, maximum=1
)
_SIDES: Final = Domain(text="1 or 2", action="Say how many limits are wanted.", minimum=1, maximum=2, whole=True)


def _arguments(
    sample_size: Numbers, coverage: Numbers | float, confidence: Numbers | float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = _SAMPLE.read(sample_size, "sample_size")
    p, gamma = CONFIDENCE.read(coverage, "coverage"), CONFIDENCE.read(confidence, "confidence")
    check_shapes(sample_size=n, coverage=p, confidence=gamma)
    return n, p, gamma


def _one_sided(n: FloatArray, p: FloatArray, gamma: FloatArray) -> FloatArray:
    return np.asarray(nctdtrit(n - 1, np.sqrt(n) * ndtri(p), gamma) / np.sqrt(n))


def _howe(n: FloatArray, p: FloatArray, gamma: FloatArray) -> FloatArray:
    return np.asarray(ndtri((1 + p) / 2) * np.sqrt((n - 1) * (1 + 1 / n) / chdtri(n - 1, gamma)))


def _howe_guenther(n: FloatArray, p: FloatArray, gamma: FloatArray) -> FloatArray:
    correction = np.sqrt(1 + (n - 3 - chdtri(n - 1, gamma)) / (2 * (n + 1) ** 2))
    return np.asarray(_howe(n, p, gamma) * correction)


def _two_sided(n: FloatArray, p: FloatArray, gamma: FloatArray) -> FloatArray:
    from scipy.optimize.elementwise import find_root  # noqa: PLC0415 - half a second, and few callers need it

    # Beyond nine standard deviations the mean does not lie; 96 nodes integrate the smooth rest to double precision.
    nodes, weights = np.polynomial.legendre.leggauss(96)
    t, weights = 4.5 * (nodes + 1), 4.5 * weights
    density = 2 * weights * np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)
    squared = chndtrix(p[:, None], 1.0, t**2 / n[:, None])

    def shortfall(k: FloatArray, row: FloatArray) -> FloatArray:
        own = row.astype(np.intp)
        ratio = (n[own, None] - 1) * squared[own] / k[:, None] ** 2
        return np.asarray(chdtrc(n[own, None] - 1, ratio) @ density - gamma[own])

    guess = _howe(n, p, gamma)
    rows = np.arange(n.size, dtype=np.float64)
    return np.asarray(find_root(shortfall, (guess / 4, guess * 4), args=(rows,)).x)
