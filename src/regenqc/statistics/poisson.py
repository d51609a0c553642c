"""Rare events in an amount tested: replication-competent virus, residual undifferentiated cells, contaminants.

The number of events in an amount V of a well-mixed material with c events per unit is Poisson distributed with mean c V.
An assay of efficiency e responds to each event with probability e, so that the number of responses has the mean c V e.
Amounts are in any unit (mL, doses, cells) as long as the concentration is per that unit.

Arguments, arrays and NaN: see `regenqc.statistics.domain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammainccinv, gammaincinv

from regenqc.statistics.domain import (
    AMOUNT,
    CONFIDENCE,
    COUNT,
    FRACTION,
    PROBABILITY,
    Bounds,
    Numbers,
    check_shapes,
    shaped_as,
)

if TYPE_CHECKING:
    from regenqc.statistics.domain import FloatArray

__all__ = [
    "amount_to_test",
    "concentration_upper_bound",
    "count_to_test",
    "detection_probability",
    "event_bounds",
    "event_lower_bound",
    "event_upper_bound",
]


def detection_probability(
    concentration: Numbers, *, amount: Numbers | float, efficiency: Numbers | float = 1.0
) -> Numbers:
    """Return the probability that the amount tested shows at least one event: 1 - exp(-c V e).

    Args:
        concentration: c, events per unit, 0 or more.
        amount: V, units tested, 0 or more.
        efficiency: e, probability from 0 to 1 that the assay responds to an event that is there.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Poisson distribution; ICH Q5A gives the same relation for the probability that a sample holds a virus.

    Example:
        >>> round(detection_probability(1.0, amount=3), 5)
        0.95021
    """
    c = AMOUNT.read(concentration, "concentration")
    v, e = AMOUNT.read(amount, "amount"), FRACTION.read(efficiency, "efficiency")
    check_shapes(concentration=c, amount=v, efficiency=e)
    with np.errstate(over="ignore"):  # beyond all doubles the probability is 1
        return shaped_as(concentration, -np.expm1(-c * (v * e)))


def amount_to_test(
    concentration: Numbers, *, probability: Numbers | float, efficiency: Numbers | float = 1.0
) -> Numbers:
    """Return the amount that shows at least one event with the probability asked: -ln(1 - P) / (c e).

    Args:
        concentration: c, events per unit, 0 or more.
        probability: P, at least 0 and less than 1.
        efficiency: e, from 0 to 1.

    Returns:
        Units to test; infinite where c or e is 0 and P is not, because no amount shows what is not there or not seen.

    Raises:
        UsageError: an argument is outside its domain.

    Source: `detection_probability` solved for V.

    Example:
        >>> round(amount_to_test(1 / 100, probability=0.95), 2)
        299.57
    """
    c = AMOUNT.read(concentration, "concentration")
    p, e = PROBABILITY.read(probability, "probability"), FRACTION.read(efficiency, "efficiency")
    check_shapes(concentration=c, probability=p, efficiency=e)
    return shaped_as(concentration, _amount(c * e, p))


def count_to_test(rate: Numbers, *, probability: Numbers | float, efficiency: Numbers | float = 1.0) -> Numbers:
    """Return the smallest whole number of items that shows at least one event with the probability asked.

    When none is seen among so many, the rate is below the one asked, with this confidence.

    Args:
        rate: r, events per item, from 0 to 1.
        probability: P, at least 0 and less than 1.
        efficiency: e, from 0 to 1.

    Returns:
        A whole number; infinite where r or e is 0 and P is not.

    Raises:
        UsageError: an argument is outside its domain.

    Source: `amount_to_test`, rounded up. The binomial count (`binomial.trials_needed`) is never larger.

    Example:
        >>> count_to_test(1e-5, probability=0.95)
        299574.0
    """
    r = FRACTION.read(rate, "rate")
    p, e = PROBABILITY.read(probability, "probability"), FRACTION.read(efficiency, "efficiency")
    check_shapes(rate=r, probability=p, efficiency=e)
    return shaped_as(rate, np.ceil(_amount(r * e, p)))


def event_upper_bound(events: Numbers, *, confidence: Numbers | float) -> Numbers:
    """Return the one-sided upper bound on the mean number of events: chi2 quantile(confidence; 2k + 2) / 2.

    For k = 0 it is -ln(1 - confidence): 2.9957 at 95 %.

    Args:
        events: k, events counted.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Garwood 1936, Biometrika 28:437.

    Example:
        >>> round(event_upper_bound(1, confidence=0.95), 4)
        4.7439
    """
    k, gamma = _counted(events, confidence)
    return shaped_as(events, gammainccinv(k + 1, 1 - gamma))


def event_lower_bound(events: Numbers, *, confidence: Numbers | float) -> Numbers:
    """Return the one-sided lower bound on the mean number of events: chi2 quantile(1 - confidence; 2k) / 2.

    For k = 0 it is 0.

    Args:
        events: k, events counted.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Garwood 1936, Biometrika 28:437.

    Example:
        >>> round(event_lower_bound(3, confidence=0.975), 4)
        0.6187
    """
    k, gamma = _counted(events, confidence)
    return shaped_as(events, _lower(k, 1 - gamma))


def event_bounds(events: Numbers, *, confidence: Numbers | float) -> Bounds[Numbers]:
    """Return the two-sided bounds on the mean number of events, with half of the risk on each side.

    Args:
        events: k, events counted.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Garwood 1936, Biometrika 28:437.

    Example:
        >>> bounds = event_bounds(0, confidence=0.95)
        >>> bounds.lower, round(bounds.upper, 4)
        (0.0, 3.6889)
    """
    k, gamma = _counted(events, confidence)
    tail = (1 - gamma) / 2
    return Bounds(shaped_as(events, _lower(k, tail)), shaped_as(events, gammainccinv(k + 1, tail)))


def concentration_upper_bound(
    events: Numbers, *, amount: Numbers | float, confidence: Numbers | float, efficiency: Numbers | float = 1.0
) -> Numbers:
    """Return the one-sided upper bound on the events per unit: `event_upper_bound(k)` / (V e).

    Zero events bound the concentration too, by -ln(1 - confidence) / (V e), and never at zero.

    Args:
        events: k, events seen in the amount tested.
        amount: V, units tested, 0 or more.
        confidence: more than 0 and less than 1.
        efficiency: e, from 0 to 1.

    Returns:
        Events per unit; infinite where V or e is 0, because then nothing was tested.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Garwood 1936, Biometrika 28:437, divided by the exposure.

    Example:
        >>> round(concentration_upper_bound(0, amount=0.01, confidence=0.95), 1)
        299.6
    """
    k, gamma = _counted(events, confidence)
    v, e = AMOUNT.read(amount, "amount"), FRACTION.read(efficiency, "efficiency")
    check_shapes(events=k, amount=v, confidence=gamma, efficiency=e)
    with np.errstate(divide="ignore"):
        return shaped_as(events, gammainccinv(k + 1, 1 - gamma) / (v * e))


def _counted(events: Numbers, confidence: Numbers | float) -> tuple[FloatArray, FloatArray]:
    k, gamma = COUNT.read(events, "events"), CONFIDENCE.read(confidence, "confidence")
    check_shapes(events=k, confidence=gamma)
    return k, gamma


def _lower(k: FloatArray, tail: FloatArray) -> FloatArray:
    # The quantile of a chi-square distribution without degrees of freedom is 0; NaN stays NaN.
    return np.where(k == 0, 0 * tail, gammaincinv(np.maximum(k, 1), tail))


def _amount(response: FloatArray, probability: FloatArray) -> FloatArray:
    wanted = -np.log1p(-probability)
    with np.errstate(divide="ignore", invalid="ignore"):
        amount = wanted / response
    # Nothing is asked, nothing need be tested: 0 / 0 is 0 here. NaN stays NaN.
    return np.where((wanted == 0) & (response == 0), 0.0, amount)
