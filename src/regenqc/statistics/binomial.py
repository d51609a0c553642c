"""Proportions: how many of n independent items have a property, and how many must be looked at.

Items are independent draws from a material in which a share p has the property: cells, metaphases, containers of a large
lot, lots. What is drawn from a small lot without being put back is in `regenqc.statistics.sampling`.

Arguments, arrays and NaN: see `regenqc.statistics.domain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import betainc, betainccinv, betaincinv, gammaincinv

from regenqc.statistics.domain import (
    CONFIDENCE,
    COUNT,
    FRACTION,
    POSITIVE_COUNT,
    PROBABILITY,
    Bounds,
    Numbers,
    check_not_above,
    check_shapes,
    shaped_as,
)

if TYPE_CHECKING:
    from regenqc.statistics.domain import FloatArray

__all__ = [
    "detection_probability",
    "proportion_bounds",
    "proportion_lower_bound",
    "proportion_upper_bound",
    "smallest_proportion_detected",
    "trials_needed",
    "zero_event_upper_bound",
]

_EPSILON: Final = float(np.finfo(np.float64).eps)

# Below this share the Poisson quantile takes over: it differs by less than one part in 10^9, which is as much as the
# binomial one is known to.
_RARE: Final = 1e-9

# More steps from the first guess than this are left to the search of SciPy.
_STEPS: Final = 8


def proportion_upper_bound(events: Numbers, *, trials: Numbers | float, confidence: Numbers | float) -> Numbers:
    """Return the one-sided Clopper-Pearson upper bound: beta quantile(confidence; k + 1, n - k).

    Args:
        events: k, items with the property, at most n.
        trials: n, items looked at.
        confidence: more than 0 and less than 1.

    Returns:
        A fraction; 1 where k = n, so also where nothing was looked at.

    Raises:
        UsageError: an argument is outside its domain, or k exceeds n.

    Source: Clopper and Pearson 1934, Biometrika 26:404.

    Example:
        >>> round(proportion_upper_bound(0, trials=20, confidence=0.95), 5)
        0.13911
    """
    k, n, gamma = _counted(events, trials, confidence)
    return shaped_as(events, _upper(k, n, 1 - gamma))


def proportion_lower_bound(events: Numbers, *, trials: Numbers | float, confidence: Numbers | float) -> Numbers:
    """Return the one-sided Clopper-Pearson lower bound: beta quantile(1 - confidence; k, n - k + 1).

    Args:
        events: k, items with the property, at most n.
        trials: n, items looked at.
        confidence: more than 0 and less than 1.

    Returns:
        A fraction; 0 where k = 0, so also where nothing was looked at.

    Raises:
        UsageError: an argument is outside its domain, or k exceeds n.

    Source: Clopper and Pearson 1934, Biometrika 26:404.

    Example:
        >>> round(proportion_lower_bound(20, trials=20, confidence=0.95), 5)
        0.86089
    """
    k, n, gamma = _counted(events, trials, confidence)
    return shaped_as(events, _lower(k, n, 1 - gamma))


def proportion_bounds(events: Numbers, *, trials: Numbers | float, confidence: Numbers | float) -> Bounds[Numbers]:
    """Return the two-sided Clopper-Pearson bounds, with half of the risk on each side.

    Args:
        events: k, items with the property, at most n.
        trials: n, items looked at.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain, or k exceeds n.

    Source: Clopper and Pearson 1934, Biometrika 26:404.

    Example:
        >>> bounds = proportion_bounds(7, trials=15, confidence=0.95)
        >>> f"{bounds.lower:.1%} to {bounds.upper:.1%}"
        '21.3% to 73.4%'
    """
    k, n, gamma = _counted(events, trials, confidence)
    tail = (1 - gamma) / 2
    return Bounds(shaped_as(events, _lower(k, n, tail)), shaped_as(events, _upper(k, n, tail)))


def zero_event_upper_bound(trials: Numbers, *, confidence: Numbers | float) -> Numbers:
    """Return the one-sided upper bound when none of n items has the property: 1 - (1 - confidence)^(1/n).

    The "rule of three" 3/n is an approximation of it at 95 %; it is nowhere used here.

    Args:
        trials: n, items looked at.
        confidence: more than 0 and less than 1.

    Returns:
        A fraction above 0; 1 where n = 0.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Clopper-Pearson with k = 0; Hanley and Lippman-Hand 1983, JAMA 249:1743.

    Example:
        >>> round(zero_event_upper_bound(375, confidence=0.95), 5)
        0.00796
    """
    n, gamma = COUNT.read(trials, "trials"), CONFIDENCE.read(confidence, "confidence")
    check_shapes(trials=n, confidence=gamma)
    with np.errstate(divide="ignore"):
        return shaped_as(trials, -np.expm1(np.log1p(-gamma) / n))


def detection_probability(proportion: Numbers, *, trials: Numbers | float, at_least: Numbers | float = 1) -> Numbers:
    """Return the probability that at least k of n items have the property; for k = 1 it is 1 - (1 - p)^n.

    Args:
        proportion: p, share of items with the property, from 0 to 1.
        trials: n, items looked at.
        at_least: k, items that must be found, 1 or more.

    Returns:
        A probability; 0 where n is less than k.

    Raises:
        UsageError: an argument is outside its domain.

    Source: binomial distribution, as the regularised incomplete beta function I(p; k, n - k + 1).

    Example:
        >>> round(detection_probability(0.05, trials=20), 4)
        0.6415
    """
    p = FRACTION.read(proportion, "proportion")
    n, k = COUNT.read(trials, "trials"), POSITIVE_COUNT.read(at_least, "at_least")
    check_shapes(proportion=p, trials=n, at_least=k)
    return shaped_as(proportion, _found(p, n, k))


def trials_needed(proportion: Numbers, *, probability: Numbers | float, at_least: Numbers | float = 1) -> Numbers:
    """Return the smallest n with which at least k items are found with the probability asked.

    For k = 1 it is ln(1 - P) / ln(1 - p), rounded up; otherwise k plus a negative binomial quantile. A count that reaches
    the probability exactly, as far as the arguments can tell in double precision, is enough.

    Args:
        proportion: p, share of items with the property, from 0 to 1.
        probability: P, at least 0 and less than 1.
        at_least: k, items that must be found, 1 or more.

    Returns:
        A whole number, 0 where P = 0; infinite where p = 0 and P is not.

    Raises:
        UsageError: an argument is outside its domain.

    Source: binomial distribution.

    Example:
        >>> trials_needed(0.05, probability=0.95), trials_needed(0.05, probability=0.95, at_least=2)
        (59.0, 93.0)
    """
    p = FRACTION.read(proportion, "proportion")
    gamma, k = PROBABILITY.read(probability, "probability"), POSITIVE_COUNT.read(at_least, "at_least")
    check_shapes(proportion=p, probability=gamma, at_least=k)
    needed = _first(p, gamma)
    if np.any(k > 1):
        needed = np.where(k > 1, _later(p, gamma, k), needed)
    return shaped_as(proportion, needed)


def smallest_proportion_detected(
    trials: Numbers, *, probability: Numbers | float, at_least: Numbers | float = 1
) -> Numbers:
    """Return the smallest share with which at least k of n items are found with the probability asked.

    For k = 1 it is 1 - (1 - P)^(1/n).

    Args:
        trials: n, items looked at.
        probability: P, at least 0 and less than 1.
        at_least: k, items that must be found, 1 or more.

    Returns:
        A fraction, 0 where P = 0; infinite where n is less than k and P is not 0, because then no share is found.

    Raises:
        UsageError: an argument is outside its domain.

    Source: `detection_probability` solved for p, a beta quantile (k, n - k + 1).

    Example:
        >>> round(smallest_proportion_detected(20, probability=0.95, at_least=2), 3)
        0.216
    """
    n = COUNT.read(trials, "trials")
    gamma, k = PROBABILITY.read(probability, "probability"), POSITIVE_COUNT.read(at_least, "at_least")
    check_shapes(trials=n, probability=gamma, at_least=k)
    share = betaincinv(k, np.maximum(n - k, 0) + 1, gamma)
    return shaped_as(trials, np.where((n < k) & (gamma > 0), np.inf, share))


def _counted(
    events: Numbers, trials: Numbers | float, confidence: Numbers | float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    k, n = COUNT.read(events, "events"), COUNT.read(trials, "trials")
    gamma = CONFIDENCE.read(confidence, "confidence")
    check_not_above(k, n, names=("events", "trials"))
    check_shapes(events=k, trials=n, confidence=gamma)
    return k, n, gamma


# The beta distributions of the two ends, k = n and k = 0, have no quantiles; the bounds there are 1 and 0. NaN stays NaN.
def _upper(k: FloatArray, n: FloatArray, tail: FloatArray) -> FloatArray:
    return np.where(k == n, 1 + 0 * tail, betainccinv(k + 1, np.maximum(n - k, 1), tail))


def _lower(k: FloatArray, n: FloatArray, tail: FloatArray) -> FloatArray:
    return np.where(k == 0, 0 * n * tail, betaincinv(np.maximum(k, 1), n - k + 1, tail))


def _found(p: FloatArray, n: FloatArray, k: FloatArray) -> FloatArray:
    return np.where(n < k, 0 * p, betainc(k, np.maximum(n - k, 0) + 1, p))


def _first(p: FloatArray, gamma: FloatArray) -> FloatArray:
    """Return the trials needed to find one item."""
    wanted = -np.log1p(-gamma)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        each = -np.log1p(-p)
        exact = wanted / each
        # What half a unit in the last place of P and of p can change: 0.75 with p = 0.5 needs 2, not 3.
        slack = _EPSILON * (1 / (1 - gamma) + exact * p / (1 - p)) / each + 4 * np.spacing(exact)
        nearest = np.rint(exact)
        needed = np.where(np.abs(exact - nearest) <= slack, nearest, np.ceil(exact))
    needed = np.where(p == 1, 1 + 0 * gamma, needed)
    return np.where(gamma == 0, 0 * p, needed)


def _later(p: FloatArray, gamma: FloatArray, k: FloatArray) -> FloatArray:
    """Return the trials needed to find several items."""
    shape = np.broadcast_shapes(p.shape, gamma.shape, k.shape)
    p, gamma, k = (np.broadcast_to(array, shape).reshape(-1) for array in (p, gamma, k))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        waiting = gammaincinv(k, gamma)
        # The waiting time in trials; with few items it is at most a trial or two short.
        needed = np.maximum(np.rint(waiting / -np.log1p(-p) + (k - 1) / 2), k)
        needed = np.where(p < _RARE, np.ceil(waiting / p), needed)
    rows = np.flatnonzero((p >= _RARE) & (gamma > 0))
    needed[rows] = _smallest(needed[rows], p[rows], gamma[rows], k[rows])
    return np.where(gamma == 0, 0 * p, needed).reshape(shape)


def _smallest(start: FloatArray, p: FloatArray, gamma: FloatArray, k: FloatArray) -> FloatArray:
    """Return the smallest n that is enough, from one that is close to it."""
    # What misses the probability by a few units in the last place has reached it.
    enough = gamma - 4 * _EPSILON
    needed = start.copy()
    short = np.arange(start.size)
    for _ in range(_STEPS):
        short = short[_found(p[short], needed[short], k[short]) < enough[short]]
        needed[short] += 1
    ample = np.flatnonzero(needed == start)
    for _ in range(_STEPS):
        ample = ample[_found(p[ample], needed[ample] - 1, k[ample]) >= enough[ample]]
        needed[ample] -= 1
    far = np.concatenate((short, ample))
    if far.size:
        from scipy.stats import nbinom  # noqa: PLC0415 - half a second, and hardly ever needed

        needed[far] = k[far] + nbinom.ppf(gamma[far], k[far], p[far])
    return needed
