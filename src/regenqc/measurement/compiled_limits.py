"""Limits as doubles for a loop that does nothing but compare, without a change of any verdict.

`compile_interval` turns exact ends into doubles such that for every decimal `v` of at most 15 significant digits

    lo <= float(v) <= hi   exactly when   v conforms.

Why that is possible: such decimals are further apart than doubles, so each has a double of its own, in the same order
(IEEE 754 binary64, DBL_DIG = 15). At the double nearest to the boundary there is at most one such decimal; an exact
comparison of that decimal with the boundary says whether the double belongs to the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, Inexact
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from regenqc.measurement.limits import EXACT, DecimalBound, check_factor, conforming_interval, decimal_ends

if TYPE_CHECKING:
    from regenqc.measurement.limits import Bound, ExactInterval, Limit, Rounding

__all__ = ["BENEATH_DOUBLE", "CompiledInterval", "compile_interval", "compile_limit"]


@dataclass(frozen=True, slots=True)
class CompiledInterval:
    """An interval as doubles, for a loop that does nothing but compare; open sides are infinite.

    Args:
        lo: smallest double that conforms.
        hi: largest double that conforms.
        lo_closed: `lo` as it would be if the lower boundary conformed.
        lo_open: `lo` as it would be if it did not.
        hi_closed: `hi` as it would be if the upper boundary conformed.
        hi_open: `hi` as it would be if it did not.

    A result `< a` conforms to the upper side when `a <= hi_closed`, and is outside the lower when `a < lo_open`; `<= a` uses
    `hi` and `lo`. A result `> a` conforms to the lower side when `a >= lo_closed`, and is outside the upper when
    `a > hi_open`; `>= a` uses `lo` and `hi`.
    """

    lo: float
    hi: float
    lo_closed: float
    lo_open: float
    hi_closed: float
    hi_open: float


def compile_interval(interval: ExactInterval) -> CompiledInterval:
    """Return the doubles that decide for every decimal of at most 15 significant digits as the exact interval does.

    The promise covers zero and magnitudes between 1e-290 and 1e290, which is all that `read_reported` lets through.

    Example:
        >>> from regenqc.measurement.limits import Bound, ExactInterval
        >>> compiled = compile_interval(ExactInterval(None, Bound(Fraction(1, 10), inclusive=False)))
        >>> compiled.hi < 0.1 == compiled.hi_closed, compiled.lo
        (True, -inf)
    """
    return _compiled(interval.lower, interval.upper)


def compile_limit(limit: Limit, *, rounding: Rounding, factor: Fraction = Fraction(1)) -> CompiledInterval:
    """Return `compile_interval(conforming_interval(…))` of the same, in a tenth of the time where all numbers are decimals.

    Raises:
        SpecificationError: as `conforming_interval`.

    Example:
        >>> from regenqc.measurement.limits import Rounding, make_limit
        >>> compiled = compile_limit(make_limit(maximum="5"), rounding=Rounding.USP)
        >>> compiled.hi < 5.5 == compiled.hi_closed
        True
    """
    lower, upper = decimal_ends(limit, rounding)
    if factor == 1:
        return _compiled(lower, upper)
    check_factor(factor)
    try:
        above, below = Decimal(factor.numerator), Decimal(factor.denominator)
        return _compiled(
            *(
                None
                if end is None
                else DecimalBound(EXACT.divide(EXACT.multiply(end.value, below), above), end.inclusive)
                for end in (lower, upper)
            )
        )
    except Inexact:
        return compile_interval(conforming_interval(limit, rounding=rounding, factor=factor))


def _compiled(lower: Bound | DecimalBound | None, upper: Bound | DecimalBound | None) -> CompiledInterval:
    lo_closed = lo_open = -math.inf
    hi_closed = hi_open = math.inf
    if lower is not None:
        nearest, distance = _nearest(lower.value)
        beyond = BENEATH_DOUBLE if nearest == 0 else math.nextafter(nearest, math.inf)
        lo_closed, lo_open = nearest if distance >= 0 else beyond, nearest if distance > 0 else beyond
    if upper is not None:
        nearest, distance = _nearest(upper.value)
        beyond = -BENEATH_DOUBLE if nearest == 0 else math.nextafter(nearest, -math.inf)
        hi_closed, hi_open = nearest if distance <= 0 else beyond, nearest if distance < 0 else beyond
    return CompiledInterval(
        lo=lo_closed if lower is not None and lower.inclusive else lo_open,
        hi=hi_closed if upper is not None and upper.inclusive else hi_open,
        lo_closed=lo_closed,
        lo_open=lo_open,
        hi_closed=hi_closed,
        hi_open=hi_open,
    )


# No readable number lies beyond these, so a boundary may be moved here without changing any verdict. That keeps the
# doubles finite, and normal: a processor set to flush subnormals to zero would let 0 pass "> 0".
_LEAST_POWER: Final = -291
_BEYOND: Final = Fraction(10) ** -_LEAST_POWER
_BENEATH: Final = 1 / _BEYOND
BENEATH_DOUBLE: Final = float(_BENEATH)
_CERTAINLY_BETWEEN: Final = 960  # 2**961 < 10**290


def _nearest(boundary: Fraction | Decimal) -> tuple[float, int]:
    """Return the double nearest to a boundary, and on which side of it the decimal lies that may have this double.

    Returns:
        The double; and -1, 0 or 1 where the one decimal of 15 digits that can have it lies below, at or above the boundary.
        Where the double has another decimal, none of 15 digits has it, and either side would do.
    """
    if not boundary:
        return 0.0, 0
    if not _is_between(boundary):
        magnitude = _BENEATH if abs(Fraction(boundary)) < _BENEATH else _BEYOND
        boundary = magnitude if boundary > 0 else -magnitude
    nearest = float(boundary)
    decimal = Decimal(f"{nearest:.14e}")
    if isinstance(boundary, Decimal):
        return nearest, (decimal > boundary) - (decimal < boundary)
    above, below = decimal.as_integer_ratio()
    distance = above * boundary.denominator - boundary.numerator * below
    return nearest, (distance > 0) - (distance < 0)


def _is_between(boundary: Fraction | Decimal) -> bool:
    """Return whether the magnitude of a boundary is one that a readable number may have."""
    if isinstance(boundary, Decimal):
        return _LEAST_POWER <= boundary.adjusted() < -_LEAST_POWER
    above, below = boundary.numerator.bit_length(), boundary.denominator.bit_length()
    # The logarithm to base two differs from that by less than one; near the ends the numbers themselves are compared.
    return abs(above - below) < _CERTAINLY_BETWEEN or _BENEATH <= abs(boundary) <= _BEYOND
