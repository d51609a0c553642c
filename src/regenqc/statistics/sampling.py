"""Samples from a lot that is not endless: a share of its volume, or some of its containers.

Arguments, arrays and NaN: see `regenqc.statistics.domain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regenqc.statistics.binomial import detection_probability, trials_needed
from regenqc.statistics.domain import (
    COUNT,
    FRACTION,
    PROBABILITY,
    Numbers,
    check_not_above,
    check_shapes,
    on_distinct,
    shaped_as,
)

if TYPE_CHECKING:
    from regenqc.statistics.domain import FloatArray

__all__ = [
    "container_detection_probability",
    "containers_needed",
    "contaminated_containers",
    "events_detected_by_share",
    "share_detection_probability",
]


def share_detection_probability(events: Numbers, *, share_tested: Numbers | float) -> Numbers:
    """Return the probability that testing a share f of a lot shows at least one of its m events: 1 - (1 - f)^m.

    Args:
        events: m, events in the whole lot, each as likely to be in the part tested as in any other of that size.
        share_tested: f, from 0 to 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: m independent events; for small f it is close to 1 - exp(-m f).

    Example:
        >>> round(share_detection_probability(100, share_tested=0.01), 5)
        0.63397
    """
    m, f = COUNT.read(events, "events"), FRACTION.read(share_tested, "share_tested")
    check_shapes(events=m, share_tested=f)
    # The same binomial, with the events as the trials.
    return shaped_as(events, np.asarray(detection_probability(f, trials=m)))


def events_detected_by_share(share_tested: Numbers, *, probability: Numbers | float) -> Numbers:
    """Return the smallest number of events in a lot that testing a share of it shows with the probability asked.

    When the part tested shows none, the lot held fewer, with this confidence. It is not a number per dose.

    Args:
        share_tested: f, from 0 to 1.
        probability: at least 0 and less than 1.

    Returns:
        A whole number; infinite where f = 0 and some probability is asked.

    Raises:
        UsageError: an argument is outside its domain.

    Source: `share_detection_probability` solved for m.

    Example:
        >>> events_detected_by_share(0.01, probability=0.95)
        299.0
    """
    FRACTION.read(share_tested, "share_tested")
    return trials_needed(share_tested, probability=probability)


def container_detection_probability(
    containers_tested: Numbers, *, contaminated: Numbers | float, containers: Numbers | float
) -> Numbers:
    """Return the probability that n of N containers, taken without replacement, include a contaminated one.

    With D contaminated it is 1 - C(N - D, n) / C(N, n). For a lot that is large against the sample it approaches the
    binomial `detection_probability(D / N, trials=n)`, and it is never below it.

    Args:
        containers_tested: n, at most N.
        contaminated: D, at most N.
        containers: N, containers in the lot.

    Raises:
        UsageError: an argument is outside its domain, or more are tested or contaminated than there are.

    Source: hypergeometric distribution.

    Example:
        >>> round(container_detection_probability(4, contaminated=2, containers=20), 4)
        0.3684
    """
    n, d = COUNT.read(containers_tested, "containers_tested"), COUNT.read(contaminated, "contaminated")
    total = COUNT.read(containers, "containers")
    check_not_above(n, total, names=("containers_tested", "containers"))
    check_not_above(d, total, names=("contaminated", "containers"))
    check_shapes(containers_tested=n, contaminated=d, containers=total)
    return shaped_as(containers_tested, _found(*np.broadcast_arrays(n, d, total)))


def containers_needed(contaminated: Numbers, *, containers: Numbers | float, probability: Numbers | float) -> Numbers:
    """Return how many of N containers must be tested to include a contaminated one with the probability asked.

    Args:
        contaminated: D, contaminated containers in the lot, at most N.
        containers: N, containers in the lot.
        probability: at least 0 and less than 1.

    Returns:
        A whole number, at most N - D + 1; infinite where D = 0 and some probability is asked.

    Raises:
        UsageError: an argument is outside its domain, or more are contaminated than there are.

    Source: hypergeometric distribution.

    Example:
        >>> containers_needed(2, containers=20, probability=0.95)
        16.0
    """
    d, total = COUNT.read(contaminated, "contaminated"), COUNT.read(containers, "containers")
    p = PROBABILITY.read(probability, "probability")
    check_not_above(d, total, names=("contaminated", "containers"))
    check_shapes(contaminated=d, containers=total, probability=p)
    return shaped_as(contaminated, on_distinct(_needed, d, total, p))


def contaminated_containers(share: Numbers, *, containers: Numbers | float) -> Numbers:
    """Return the smallest number of contaminated containers that is no smaller a share of the lot.

    Args:
        share: of the containers, from 0 to 1.
        containers: N, in the lot.

    Returns:
        A whole number; at least 1 where the share is above 0 and there are containers.

    Raises:
        UsageError: an argument is outside its domain.

    Source: p N, rounded up.

    Example:
        >>> contaminated_containers(0.01, containers=20), contaminated_containers(0.07, containers=100)
        (1.0, 7.0)
    """
    f, total = FRACTION.read(share, "share"), COUNT.read(containers, "containers")
    check_shapes(share=f, containers=total)
    exact = f * total
    # The product of two decimals may lie a rounding above a whole number: 0.07 × 100 is 7.000000000000001.
    nearest = np.rint(exact)
    whole = np.where(np.abs(exact - nearest) <= 4 * np.spacing(exact), nearest, np.ceil(exact))
    return shaped_as(share, np.where((f > 0) & (total > 0), np.maximum(whole, 1), whole))


def _found(n: FloatArray, d: FloatArray, total: FloatArray) -> FloatArray:
    from scipy.stats import hypergeom  # noqa: PLC0415 - half a second, and most callers do not sample containers

    found = np.where(n > total - d, 1.0, 0.0)
    open_question = (n > 0) & (d > 0) & (n <= total - d)
    found[open_question] = hypergeom.sf(0, total[open_question], d[open_question], n[open_question])
    missing = np.isnan(n) | np.isnan(d) | np.isnan(total)
    return np.where(missing, np.nan, np.where((n == 0) | (d == 0), 0.0, found))


def _needed(d: FloatArray, total: FloatArray, p: FloatArray) -> FloatArray:
    # The smallest n is bracketed by 0 and N - D + 1, which includes a contaminated container for certain. What misses the
    # probability by a few units in the last place has reached it: 0.95 of 20 containers is 19.
    enough = p - 4 * np.finfo(np.float64).eps
    low, high = np.zeros_like(d), total - d + 1
    while np.any(low < high):
        middle = np.floor((low + high) / 2)
        reached = _found(np.minimum(middle, total), d, total) >= enough
        low, high = np.where(reached, low, np.minimum(middle + 1, high)), np.where(reached, middle, high)
    return np.where(d > 0, high, np.where(p > 0, np.inf, 0.0))
