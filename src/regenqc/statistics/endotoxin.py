"""Bacterial endotoxins: the limit of a product from its dose, and how far it may be diluted for the test.

Arguments, arrays and NaN: see `regenqc.statistics.domain`.
"""

from __future__ import annotations

import numpy as np

from regenqc.statistics.domain import AMOUNT, POSITIVE, Numbers, check_shapes, shaped_as

__all__ = ["endotoxin_limit", "maximum_valid_dilution", "volume_in_worst_hour"]


def endotoxin_limit(volume_in_one_hour: Numbers, *, threshold: Numbers | float, weight: Numbers | float) -> Numbers:
    """Return the endotoxin limit K / M of a product given by volume: K W / V.

    M = V / W is the largest dose per kilogram in one hour. The lightest patient has the lowest limit.

    Args:
        volume_in_one_hour: V in mL, the largest given within one hour (`volume_in_worst_hour`), 0 or more.
        threshold: K in EU per kg and hour: by USP <85> 5 for every route but the intrathecal, and 0.2 for that.
        weight: W in kg, above 0.

    Returns:
        EU/mL; infinite where no volume is given.

    Raises:
        UsageError: an argument is outside its domain.

    Source: USP <85>, Ph. Eur. 2.6.14.

    Example:
        >>> endotoxin_limit(2.0, threshold=5.0, weight=70.0)
        175.0
    """
    v = AMOUNT.read(volume_in_one_hour, "volume_in_one_hour")
    k, w = POSITIVE.read(threshold, "threshold"), POSITIVE.read(weight, "weight")
    check_shapes(volume_in_one_hour=v, threshold=k, weight=w)
    with np.errstate(divide="ignore", over="ignore"):
        return shaped_as(volume_in_one_hour, k * w / v)


def volume_in_worst_hour(volume: Numbers, *, duration: Numbers | float) -> Numbers:
    """Return the volume given within one hour of an even infusion: all of it when that takes an hour or less.

    An uneven infusion has a worst hour of its own; give its volume instead.

    Args:
        volume: of the dose in mL, 0 or more.
        duration: of the infusion in hours, 0 (a bolus) or more.

    Returns:
        mL.

    Raises:
        UsageError: an argument is outside its domain.

    Source: USP <85>, M is the maximum dose per kilogram in a single hour.

    Example:
        >>> volume_in_worst_hour(68.0, duration=0.5), volume_in_worst_hour(68.0, duration=2)
        (68.0, 34.0)
    """
    v, t = AMOUNT.read(volume, "volume"), AMOUNT.read(duration, "duration")
    check_shapes(volume=v, duration=t)
    return shaped_as(volume, v / np.maximum(t, 1))


def maximum_valid_dilution(
    limit: Numbers, *, sensitivity: Numbers | float, concentration: Numbers | float = 1.0
) -> Numbers:
    """Return the largest dilution at which the limit can still be seen: limit × concentration / lambda.

    Args:
        limit: endotoxin limit, in EU/mL, or in EU per mg or unit of active substance, 0 or more.
        sensitivity: lambda in EU/mL: the labelled sensitivity of the lysate, or the lowest point of the standard curve.
        concentration: of the test solution in mg or units per mL; 1 where the limit is in EU/mL.

    Returns:
        A factor; below 1 the test cannot see the limit even undiluted.

    Raises:
        UsageError: an argument is outside its domain.

    Source: USP <85>, Ph. Eur. 2.6.14.

    Example:
        >>> maximum_valid_dilution(5.0, sensitivity=0.05)
        100.0
    """
    bound, c = AMOUNT.read(limit, "limit"), AMOUNT.read(concentration, "concentration")
    sensed = POSITIVE.read(sensitivity, "sensitivity")
    check_shapes(limit=bound, concentration=c, sensitivity=sensed)
    with np.errstate(over="ignore"):
        return shaped_as(limit, bound * c / sensed)
