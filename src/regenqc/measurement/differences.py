"""The difference of two measured values, and how well it is known: two laboratories never read one truth twice the same."""

from __future__ import annotations

from math import hypot
from statistics import NormalDist

__all__ = ["difference_interval"]


def difference_interval(
    value: float,
    reference: float,
    *,
    uncertainty: float,
    reference_uncertainty: float,
    confidence: float,
    relative: bool = False,
) -> tuple[float, float, float]:
    """Return a difference and the ends of its two-sided confidence interval.

    Args:
        value: first value.
        reference: second value, in the same unit; not zero where `relative`.
        uncertainty: standard uncertainty of the first value, in that unit.
        reference_uncertainty: of the second.
        confidence: of the interval, between 0 and 1; 0.90 is two one-sided tests at 5 %.
        relative: all three as shares of the second value; both values move the share, so both uncertainties are propagated.

    The errors are taken as normal and as independent of one another.

    Source: JCGM 100:2008 (GUM), 5.1.2 (law of propagation, uncorrelated inputs).

    Example:
        >>> [round(each, 3) for each in difference_interval(84.0, 91.0, uncertainty=1.5, reference_uncertainty=1.5, confidence=0.9)]
        [-7.0, -10.489, -3.511]
    """
    if relative:
        difference = (value - reference) / reference
        combined = hypot(uncertainty / reference, value * reference_uncertainty / reference**2)
    else:
        difference = value - reference
        combined = hypot(uncertainty, reference_uncertainty)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * combined
    return difference, difference - half, difference + half
