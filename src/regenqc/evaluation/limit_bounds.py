"""The limits of a plan as doubles: thousands of them at once where they are plain decimals, one by one where they are not.

A plain decimal has at most fourteen digits and no sign. With a power of ten as the factor of its unit it stays a decimal of
at most fifteen digits, rounded or not, so that the double nearest to it is its own (see
`regenqc.measurement.compiled_limits`). Such a double is a whole number below 2^53 times or divided by a power of ten below
10^23, both of them doubles, and so comes out of one correctly rounded operation.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from regenqc.measurement.compiled_limits import (
    BENEATH_DOUBLE,
    CompiledInterval,
    compile_interval,
    compile_limit,
)
from regenqc.measurement.limits import Rounding
from regenqc.measurement.units import UNITS, conversion_factor, find_unit
from regenqc.specification.criteria import exact_interval, read_limit
from regenqc.specification.limit_numbers import ROUNDINGS, SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from regenqc.measurement.units import Unit
    from regenqc.specification.model import LimitText

__all__ = ["BOUNDS", "LimitBounds", "WrittenLimit"]

# Columns of `PlanArrays.bounds`: the limit after rounding, the alert limit (without one: the limit unrounded), the limit
# unrounded, each as the kernel needs it, and the doubles beyond the limit: a number with more digits than a double holds
# lies outside only where the doubles on both sides of it do.
BOUNDS: Final = (
    *(f"limit_{name}" for name in ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")),
    *(f"alert_{name}" for name in ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")),
    "unrounded_lo",
    "unrounded_hi",
    "beyond_lo",
    "beyond_hi",
)

# Powers of ten that are doubles.
_LARGEST_POWER: Final = 22
_POWERS: Final = np.array([float(10**power) for power in range(_LARGEST_POWER + 1)])
_LARGEST_FACTOR: Final = 6
# Of the six doubles of an interval those that bound it from below.
_IS_LOWER: Final = np.array([True, False, True, True, False, False])


class WrittenLimit(NamedTuple):
    """One limit as written.

    Args:
        limit: of a criterion.
        alert: alert limit of the same criterion.
        rounding: rule.
    """

    limit: LimitText
    alert: LimitText | None
    rounding: str | None


class LimitBounds:
    """The limits of a plan.

    Args:
        numbers: `LIMIT_NUMBERS` of each.
        units: of the limit and of the alert limit, as positions in `names`.
        names: of units.
        written: each as written, asked for where its numbers are not plain.

    Example:
        >>> from regenqc.measurement.units import unit_code
        >>> from regenqc.specification.limit_numbers import limit_numbers
        >>> from regenqc.specification.model import AlternativePart
        >>> criterion = AlternativePart(test="a", limit={"max": "5", "unit": "%"})
        >>> numbers, units = limit_numbers([(criterion, None)]), np.zeros((1, 2), dtype=np.int64)
        >>> limits = LimitBounds(numbers, units=units, names=["%"], written=lambda row: WrittenLimit(criterion.limit, None, None))
        >>> at, bounds = limits.bounds_in(unit_code("%"))
        >>> at.tolist(), bounds[0, BOUNDS.index("limit_hi")]
        ([0], np.float64(5.0))
    """

    def __init__(
        self,
        numbers: NDArray[np.void],
        *,
        units: NDArray[np.integer],
        names: Sequence[str],
        written: Callable[[int], WrittenLimit],
    ) -> None:
        self._names, self._written = names, written
        kinds = [_unit(name).kind for name in names]
        self._at_of_kind = {
            kind: np.flatnonzero(np.array([own == kind for own in kinds], dtype=np.bool_)[units[:, 0]])
            for kind in dict.fromkeys(kinds)
        }
        self._count = len(numbers)
        self._limits = {kind: _Limits(numbers[at], units[at]) for kind, at in self._at_of_kind.items()}

    def __len__(self) -> int:
        return self._count

    def bounds_in(self, code: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return which limits can be compared with results in a unit, and `BOUNDS` of each of these.

        Args:
            code: of the unit.

        Raises:
            SpecificationError: nothing conforms to a limit, or its rounding is not defined.
        """
        kind = UNITS[code].kind
        at = self._at_of_kind.get(kind)
        if at is None:
            return np.empty(0, dtype=np.int64), np.empty((0, len(BOUNDS)))
        power = np.array([_power_of_ten(name, code) for name in self._names], dtype=np.int64)
        bounds, is_decided = self._limits[kind].bounds_in(power)
        for row in np.flatnonzero(~is_decided).tolist():
            bounds[row] = bounds_of(*self._written(int(at[row])), code)
        return at, bounds


class _Limits:
    """The plain decimals among the limits of one kind of units.

    Args:
        numbers: `LIMIT_NUMBERS` of each.
        units: of the limit and of the alert limit.
    """

    def __init__(self, numbers: NDArray[np.void], units: NDArray[np.integer]) -> None:
        self._lower, self._upper, self._alert_lower, self._alert_upper = (_Side(numbers, side) for side in SIDES)
        self._unit, self._alert_unit = units.T
        self._rounding = numbers["rounding"]
        # What states no number is read one by one, and told: nothing conforms because nothing was found.
        self._is_plain = self._lower.is_stated | self._upper.is_stated
        for side in (self._lower, self._upper, self._alert_lower, self._alert_upper):
            self._is_plain &= side.is_plain
        for side in (self._lower, self._upper):
            # Zero has no significant figures, and beneath a power of ten they are closer together.
            is_by_figures = self._rounding == ROUNDINGS.index(Rounding.PH_EUR)
            self._is_plain &= ~(is_by_figures & side.is_stated & side.is_power_or_zero)

    def bounds_in(self, powers: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the bounds of each limit, and where they are decided.

        Args:
            powers: of ten, by which a number in a unit is multiplied, by position of the unit.
        """
        power, alert_power = powers[self._unit], powers[self._alert_unit]
        is_decided = self._is_plain & (abs(power) <= _LARGEST_FACTOR) & (abs(alert_power) <= _LARGEST_FACTOR)
        power[~is_decided] = alert_power[~is_decided] = 0
        is_rounded = self._rounding != ROUNDINGS.index(Rounding.NONE)
        never = np.zeros_like(is_rounded)
        unrounded, is_sound = _interval(self._lower, self._upper, power, never)
        rounded, narrow = unrounded, unrounded
        if is_rounded.any():
            rounded, is_sound_rounded = _interval(self._lower, self._upper, power, is_rounded)
            is_sound &= is_sound_rounded
            # Rounding narrows a strict limit and widens the others: what lies in both conforms without a word about rounding.
            narrow = _intersections(rounded, unrounded)
        alert, is_sound_alert = _interval(self._alert_lower, self._alert_upper, alert_power, never)
        narrow = _intersections(narrow, alert)
        beyond = np.nextafter(rounded[:, 2], -np.inf), np.nextafter(rounded[:, 4], np.inf)
        bounds = np.column_stack([rounded, narrow, unrounded[:, :2], *beyond])
        return bounds, is_decided & is_sound & is_sound_alert


class _Side:
    """One side of some limits.

    Args:
        numbers: `LIMIT_NUMBERS` of each.
        side: of `SIDES`.
    """

    def __init__(self, numbers: NDArray[np.void], side: str) -> None:
        self.whole: NDArray[np.int64] = numbers[f"{side}_whole"]
        self.power: NDArray[np.int64] = numbers[f"{side}_power"].astype(np.int64)
        self.is_stated: NDArray[np.bool_] = numbers[f"{side}_is_stated"]
        self.is_exclusive: NDArray[np.bool_] = numbers[f"{side}_is_exclusive"]
        self.is_plain: NDArray[np.bool_] = numbers[f"{side}_is_plain"]
        self.is_power_or_zero: NDArray[np.bool_] = numbers[f"{side}_is_power_or_zero"]


def _interval(
    lower: _Side, upper: _Side, power: NDArray[np.int64], is_rounded: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the six doubles of every interval, as in `CompiledInterval`, and whether something lies in it."""
    # The midpoint to the next step conforms on the side that is rounded half up by magnitude.
    least = _ends(lower, power, is_rounded, np.where(lower.is_exclusive, 5, -5))
    most = _ends(upper, power, is_rounded, np.where(upper.is_exclusive, -5, 5))
    least_conforms = np.where(is_rounded, least > 0, ~lower.is_exclusive)
    most_conforms = np.where(is_rounded, most < 0, ~upper.is_exclusive)
    lo_open = np.where(least == 0, BENEATH_DOUBLE, np.nextafter(least, np.inf))
    hi_open = np.where(most == 0, -BENEATH_DOUBLE, np.nextafter(most, -np.inf))
    columns = [
        np.where(least_conforms, least, lo_open),
        np.where(most_conforms, most, hi_open),
        least,
        lo_open,
        most,
        hi_open,
    ]
    is_open = np.where(_IS_LOWER, ~lower.is_stated[:, None], ~upper.is_stated[:, None])
    intervals = np.where(is_open, np.where(_IS_LOWER, -np.inf, np.inf), np.column_stack(columns))
    is_two_sided = lower.is_stated & upper.is_stated
    is_sound = (least < most) | ((least == most) & least_conforms & most_conforms) | ~is_two_sided
    return intervals, is_sound


def _ends(
    side: _Side, power: NDArray[np.int64], is_rounded: NDArray[np.bool_], halves: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return the ends of what conforms, as the double nearest to each.

    Args:
        side: of the limits.
        power: of ten, by which each is multiplied.
        is_rounded: whether the end is the midpoint to the next step, half a last place away.
        halves: tenths of the last place by which that midpoint lies above the number.
    """
    whole = np.where(is_rounded, 10 * side.whole + halves, side.whole)
    exponent = side.power - is_rounded + power
    scale = _POWERS[abs(exponent)]
    number = whole.astype(np.float64)
    ends: NDArray[np.float64] = np.where(exponent < 0, number / scale, number * scale)
    return ends


@lru_cache(maxsize=1 << 12)
def _power_of_ten(unit: str, code: int) -> int:
    """Return by which power of ten a limit is multiplied to be in a unit; more than `_LARGEST_FACTOR` for another factor."""
    if _unit(unit).kind != UNITS[code].kind:
        return _LARGEST_FACTOR + 1
    factor = _factor(unit, code)
    for power in range(_LARGEST_FACTOR + 1):
        if factor.numerator == 10**power and factor.denominator == 1:
            return -power
        if factor.denominator == 10**power and factor.numerator == 1:
            return power
    return _LARGEST_FACTOR + 1


def _factor(unit: str, code: int) -> Fraction:
    """Return what a number in the unit of a code is multiplied with to be in the unit of a limit."""
    return conversion_factor(UNITS[code], _unit(unit))


def _unit(name: str) -> Unit:
    unit = find_unit(name)
    assert unit is not None  # noqa: S101 - checked when the specification was loaded
    return unit


@lru_cache(maxsize=1 << 12)
def bounds_of(limit: LimitText, alert: LimitText | None, rounding: str | None, code: int) -> tuple[float, ...]:
    """Return `BOUNDS` of one limit, whatever numbers it has.

    Args:
        limit: as written.
        alert: alert limit as written.
        rounding: rule.
        code: of the unit in which results are reported.

    Raises:
        SpecificationError: nothing conforms, or the rounding is not defined for the limit.
    """
    exact, factor = read_limit(limit), _factor(limit.unit, code)
    unrounded = compile_limit(exact, rounding=Rounding.NONE, factor=factor)
    rounded = unrounded
    if rounding not in {None, "none"}:
        rounded = compile_limit(exact, rounding=Rounding(rounding), factor=factor)
    narrow = _intersections(_array(rounded), _array(unrounded))
    if alert is not None:
        narrow = _intersections(narrow, _array(_alert_interval(alert, code)))
    beyond = math.nextafter(rounded.lo_closed, -math.inf), math.nextafter(rounded.hi_closed, math.inf)
    return (*_numbers(rounded), *narrow[0].tolist(), unrounded.lo, unrounded.hi, *beyond)


@lru_cache(maxsize=1 << 12)
def _alert_interval(alert: LimitText, code: int) -> CompiledInterval:
    """Return an alert limit in a unit."""
    return compile_interval(exact_interval(alert, factor=_factor(alert.unit, code)))


def _numbers(interval: CompiledInterval) -> tuple[float, ...]:
    return (
        interval.lo,
        interval.hi,
        interval.lo_closed,
        interval.lo_open,
        interval.hi_closed,
        interval.hi_open,
    )


def _array(interval: CompiledInterval) -> NDArray[np.float64]:
    return np.array([_numbers(interval)])


def _intersections(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what lies in both of each two intervals, each given as six doubles."""
    return np.where(_IS_LOWER, np.maximum(first, second), np.minimum(first, second))
