"""Measurement uncertainty and limits: how likely a result means conformity, and where to accept.

The result y has the standard uncertainty u; what is known about the measurand afterwards is a normal distribution with mean
y and standard deviation u. Units are those of the result throughout.

A guard band moves the acceptance limit inwards (guarded acceptance, w > 0) or outwards (guarded rejection, w < 0). Which
of them applies belongs to the decision rule of the specification. Limits of a pharmacopoeia already allow for analytical
error, so that a guard band on them is an internal limit. A result rounded for comparison with the specification is
compared with the specification, an unrounded one with the acceptance limits; the two are never mixed.

Arguments, arrays and NaN: see `regenqc.statistics.domain`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from regenqc.errors import Fault, UsageError
from regenqc.statistics.domain import (
    AMOUNT,
    CONFIDENCE,
    LIMIT,
    REAL,
    Bounds,
    Numbers,
    check_not_above,
    check_shapes,
    shaped_as,
)

if TYPE_CHECKING:
    from regenqc.statistics.domain import FloatArray

__all__ = [
    "Placement",
    "acceptance_limits",
    "conformance_probability",
    "guard_band",
    "largest_false_acceptance",
    "place_result",
]


class Placement(IntEnum):
    """Where a result lies; the larger of two is the more severe.

    INSIDE is within both the limits and the acceptance limits, OUTSIDE beyond both, GUARD_BAND between them. NO_RESULT is a
    row without one. It is not a decision about a batch: the evaluation and a person come after it.
    """

    INSIDE = 0
    GUARD_BAND = 1
    NO_RESULT = 2
    OUTSIDE = 3


def conformance_probability(
    result: Numbers,
    *,
    standard_uncertainty: Numbers | float,
    lower: Numbers | float = -np.inf,
    upper: Numbers | float = np.inf,
) -> Numbers:
    """Return the probability that the measurand lies within its limits: Phi((TU - y) / u) - Phi((TL - y) / u).

    Args:
        result: y, unrounded.
        standard_uncertainty: u, 0 or more; not the expanded one. With u = 0 the probability is 1 inside the limits, the
            limits included, and 0 outside.
        lower: TL; minus infinity where there is none.
        upper: TU; infinity where there is none.

    Raises:
        UsageError: an argument is outside its domain, the lower limit is above the upper one, or there is no limit.

    Source: JCGM 106:2012, clause 7 (= OIML G 1-106).

    Example:
        >>> round(conformance_probability(72.0, standard_uncertainty=1.5, lower=70.0), 5)
        0.90879
    """
    y, u = REAL.read(result, "result"), AMOUNT.read(standard_uncertainty, "standard_uncertainty")
    low, high = read_limits(lower, upper)
    check_shapes(result=y, standard_uncertainty=u, lower=low, upper=high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        below, above = (low - y) / u, (high - y) / u
    # Both ends far above the result: their difference is taken in the other tail, where it keeps its digits.
    inside = np.where(below > 0, ndtr(-below) - ndtr(-above), ndtr(above) - ndtr(below))
    inside = np.where(u == 0, (low <= y) & (y <= high), inside)
    missing = np.isnan(y) | np.isnan(u) | np.isnan(low) | np.isnan(high)
    return shaped_as(result, np.where(missing, np.nan, inside))


def guard_band(standard_uncertainty: Numbers, *, risk: Numbers | float) -> Numbers:
    """Return the guard band of one limit for a specific risk: w = z(1 - risk) u.

    A result accepted at the acceptance limit itself means an item outside the limit with this probability. With a second
    limit closer than a few u the risk is larger; `conformance_probability` of the acceptance limit tells it.

    Args:
        standard_uncertainty: u, 0 or more, in the unit of the result.
        risk: probability of accepting an item outside the limit, more than 0 and less than 1; above 0.5 the guard band
            is negative (guarded rejection), at 0.5 it is 0 (simple acceptance).

    Raises:
        UsageError: an argument is outside its domain.

    Source: JCGM 106:2012, clause 8.3; ILAC-G8:09/2019.

    Example:
        >>> round(guard_band(1.0, risk=0.05), 4)
        1.6449
    """
    u, alpha = AMOUNT.read(standard_uncertainty, "standard_uncertainty"), CONFIDENCE.read(risk, "risk")
    check_shapes(standard_uncertainty=u, risk=alpha)
    return shaped_as(standard_uncertainty, -ndtri(alpha) * u + 0.0)


def largest_false_acceptance(guard_band: Numbers, *, standard_uncertainty: Numbers | float) -> Numbers:
    """Return the probability that an item accepted at the acceptance limit of one limit is outside it: Phi(-w / u).

    It is the worst case over all accepted results: 50 % for simple acceptance (w = 0).

    Args:
        guard_band: w, in the unit of the result.
        standard_uncertainty: u, 0 or more; with u = 0 the risk is 0 for w ≥ 0 and 1 otherwise.

    Raises:
        UsageError: an argument is outside its domain.

    Source: JCGM 106:2012, clause 8.3.

    Example:
        >>> round(largest_false_acceptance(2.0, standard_uncertainty=1.0), 4)
        0.0228
    """
    w, u = REAL.read(guard_band, "guard_band"), AMOUNT.read(standard_uncertainty, "standard_uncertainty")
    check_shapes(guard_band=w, standard_uncertainty=u)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        risk = ndtr(-w / u)
    known = np.where(np.isnan(w), np.nan, w < 0)
    return shaped_as(guard_band, np.where(u == 0, known, risk))


def acceptance_limits(
    guard_band: Numbers, *, lower: Numbers | float = -np.inf, upper: Numbers | float = np.inf
) -> Bounds[Numbers]:
    """Return the acceptance limits: AL = TL + w and AU = TU - w.

    Where the guard bands meet, AL exceeds AU and nothing can be accepted: the method is not fit for these limits.

    Args:
        guard_band: w, in the unit of the limits.
        lower: TL; minus infinity where there is none.
        upper: TU; infinity where there is none.

    Raises:
        UsageError: an argument is outside its domain, the lower limit is above the upper one, or there is no limit.

    Source: JCGM 106:2012, clause 8.

    Example:
        >>> acceptance_limits(2.5, lower=70.0)
        Bounds(lower=72.5, upper=inf)
    """
    w = REAL.read(guard_band, "guard_band")
    low, high = read_limits(lower, upper)
    check_shapes(guard_band=w, lower=low, upper=high)
    return Bounds(shaped_as(guard_band, low + w), shaped_as(guard_band, high - w))


@overload
def place_result(
    result: float,
    *,
    guard_band: float,
    lower: float = ...,
    upper: float = ...,
) -> Placement: ...
@overload
def place_result(
    result: FloatArray,
    *,
    guard_band: FloatArray | float,
    lower: FloatArray | float = ...,
    upper: FloatArray | float = ...,
) -> npt.NDArray[np.int8]: ...
def place_result(
    result: float | FloatArray,
    *,
    guard_band: float | FloatArray,
    lower: float | FloatArray = -np.inf,
    upper: float | FloatArray = np.inf,
) -> Placement | npt.NDArray[np.int8]:
    """Compare unrounded results with limits and acceptance limits, both of which belong to the inside.

    The comparison is one of doubles. A specification limit without guard band is compared by the evaluation, exactly.

    Args:
        result: y, unrounded.
        guard_band: w, in the unit of the result.
        lower: TL; minus infinity where there is none.
        upper: TU; infinity where there is none.

    Returns:
        A `Placement`; for arrays their `int8` codes, NO_RESULT for a row with NaN.

    Raises:
        UsageError: an argument is outside its domain, the lower limit is above the upper one, or there is no limit.

    Source: JCGM 106:2012, clause 8; ILAC-G8:09/2019.

    Example:
        >>> [place_result(y, guard_band=2.5, lower=70.0).name for y in (72.5, 70.0, 69.9)]
        ['INSIDE', 'GUARD_BAND', 'OUTSIDE']
    """
    y, w = REAL.read(result, "result"), REAL.read(guard_band, "guard_band")
    low, high = read_limits(lower, upper)
    check_shapes(result=y, guard_band=w, lower=low, upper=high)
    within = (low <= y) & (y <= high)
    accepted = (low + w <= y) & (y <= high - w)
    codes = np.where(within & accepted, Placement.INSIDE, Placement.GUARD_BAND)
    codes = np.where(within | accepted, codes, Placement.OUTSIDE)
    codes = np.where(np.isnan(y) | np.isnan(w) | np.isnan(low) | np.isnan(high), Placement.NO_RESULT, codes)
    return codes.astype(np.int8) if codes.ndim else Placement(int(codes))


def read_limits(lower: Numbers | float, upper: Numbers | float) -> tuple[FloatArray, FloatArray]:
    low, high = LIMIT.read(lower, "lower"), LIMIT.read(upper, "upper")
    check_not_above(low, high, names=("lower", "upper"))
    if np.any((low == -np.inf) & (high == np.inf)) or np.any(low == np.inf) or np.any(high == -np.inf):
        raise UsageError(
            Fault(
                code="RQC-U083",
                what="There is no limit to conform to.",
                got="no finite limit",
                expected="a lower limit, an upper limit, or both",
                action="State the limit; a limit that is not set accepts nothing.",
            )
        )
    return low, high
