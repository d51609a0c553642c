"""The limits of a plan as doubles: thousands of them at once where they are plain decimals, one by one where they are not.

A plain decimal has at most fourteen digits and no sign. With a power of ten as the factor of its unit it stays a decimal of
at most fifteen digits, rounded or not, so that the double nearest to it is its own (see
`regenqc.measurement.compiled_limits`). Such a double is a whole number below 2^53 times or divided by a power of ten below
10^23, both of them doubles, and so comes out of one correctly rounded operation.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.measurement.compiled_limits import (
    BENEATH_DOUBLE,
    CompiledInterval,
    compile_interval,
    compile_limit,
)
from regenqc.measurement.limits import Rounding, is_plain_decimal
from regenqc.measurement.units import UNITS, conversion_factor, find_unit
from regenqc.specification.criteria import exact_interval, read_limit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from regenqc.specification.model import LimitText

__all__ = ["BOUNDS", "LimitBounds", "LimitKey"]

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

# Kind of the unit, limit, alert limit and rounding rule.
LimitKey = tuple[str, "LimitText", "LimitText | None", str | None]

# Powers of ten that are doubles.
_LARGEST_POWER: Final = 22
_POWERS: Final = np.array([float(10**power) for power in range(_LARGEST_POWER + 1)])
_LARGEST_FACTOR: Final = 6
_ROUNDINGS: Final = (Rounding.NONE, Rounding.USP, Rounding.PH_EUR)
# Of the six doubles of an interval those that bound it from below.
_IS_LOWER: Final = np.array([True, False, True, True, False, False])


class LimitBounds:
    """The limits of a plan.

    Args:
        limits: each once.

    Example:
        >>> from regenqc.measurement.units import unit_code
        >>> from regenqc.specification.model import LimitText
        >>> limits = LimitBounds([(find_unit("%").kind, LimitText(max="5", unit="%"), None, None)])
        >>> at, bounds = limits.bounds_in(unit_code("%"))
        >>> at.tolist(), bounds[0, BOUNDS.index("limit_hi")]
        ([0], np.float64(5.0))
    """

    def __init__(self, limits: Iterable[LimitKey]) -> None:
        self._limits = list(limits)
        at_of_kind: dict[str, list[int]] = {}
        for at, (kind, *_) in enumerate(self._limits):
            at_of_kind.setdefault(kind, []).append(at)
        self._at_of_kind = {kind: np.array(at, dtype=np.int64) for kind, at in at_of_kind.items()}
        self._sides: dict[str, _Sides] = {}

    def __len__(self) -> int:
        return len(self._limits)

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
        limits = [self._limits[number] for number in at.tolist()]
        if kind not in self._sides:
            self._sides[kind] = _Sides(limits)
        bounds, is_decided = self._sides[kind].bounds_in(code)
        for row in np.flatnonzero(~is_decided).tolist():
            _, limit, alert, rounding = limits[row]
            bounds[row] = bounds_of(limit, alert, rounding, code)
        return at, bounds


class _Sides:
    """The plain decimals among the limits of one kind of units: a whole number and a power of ten for each side.

    Args:
        limits: of one kind.
    """

    def __init__(self, limits: Sequence[LimitKey]) -> None:
        self._units = [limit.unit for _, limit, _, _ in limits]
        # Specifications of one form mostly have their alert limits in common.
        alerts: dict[LimitText, int] = {}
        self._alert = np.array(
            [0 if alert is None else 1 + alerts.setdefault(alert, len(alerts)) for *_, alert, _ in limits],
            dtype=np.int64,
        )
        self._alerts = list(alerts)
        self._rounding = np.array([_ROUNDINGS.index(Rounding(rule or "none")) for *_, rule in limits], dtype=np.int8)
        self._lower = _Side([(limit.min, limit.min_exclusive) for _, limit, _, _ in limits])
        self._upper = _Side([(limit.max, limit.max_exclusive) for _, limit, _, _ in limits])
        is_one_sided = ~(self._lower.is_stated | self._upper.is_stated)
        self._is_plain = self._lower.is_plain & self._upper.is_plain & ~is_one_sided
        for side in (self._lower, self._upper):
            # Zero has no significant figures, and beneath a power of ten they are closer together.
            self._is_plain &= ~((self._rounding == 2) & side.is_stated & side.is_power_or_zero)

    def bounds_in(self, code: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the bounds of each limit, and where they are decided."""
        powers = {unit: _power_of_ten(unit, code) for unit in set(self._units)}
        power = np.array([powers[unit] for unit in self._units], dtype=np.int64)
        is_decided = self._is_plain & (abs(power) <= _LARGEST_FACTOR)
        power[~is_decided] = 0
        is_rounded = self._rounding > 0
        unrounded, is_sound = _interval(self._lower, self._upper, power, np.zeros_like(is_rounded))
        rounded, narrow = unrounded, unrounded
        if is_rounded.any():
            rounded, is_sound_rounded = _interval(self._lower, self._upper, power, is_rounded)
            is_sound &= is_sound_rounded
            # Rounding narrows a strict limit and widens the others: what lies in both conforms without a word about rounding.
            narrow = _intersections(rounded, unrounded)
        narrow = _intersections(narrow, self._alert_intervals(code))
        beyond = np.nextafter(rounded[:, 2], -np.inf), np.nextafter(rounded[:, 4], np.inf)
        return np.column_stack([rounded, narrow, unrounded[:, :2], *beyond]), is_decided & is_sound

    def _alert_intervals(self, code: int) -> NDArray[np.float64]:
        everything = (-math.inf, math.inf, -math.inf, -math.inf, math.inf, math.inf)
        known = [_numbers(_alert_interval(alert, code)) for alert in self._alerts]
        return np.array([everything, *known])[self._alert]


class _Side:
    """One side of some limits.

    Args:
        texts: inclusive and exclusive number of each, where it is stated.
    """

    def __init__(self, texts: Sequence[tuple[str | None, str | None]]) -> None:
        count = len(texts)
        self.is_stated = np.array([first is not None or second is not None for first, second in texts], dtype=np.bool_)
        self.is_exclusive = np.array([second is not None for _, second in texts], dtype=np.bool_)
        self.is_plain = ~self.is_stated
        self.is_power_or_zero = np.zeros(count, dtype=np.bool_)
        self.whole = np.zeros(count, dtype=np.int64)
        self.power = np.zeros(count, dtype=np.int64)
        for at, (first, second) in enumerate(texts):
            text = first if second is None else second
            if text is None or (first is not None and second is not None):
                continue
            if not is_plain_decimal(text):
                continue
            units, _, decimals = text.partition(".")
            whole = units + decimals
            self.is_plain[at] = True
            self.is_power_or_zero[at] = whole.strip("0") in {"", "1"}
            self.whole[at], self.power[at] = int(whole), -len(decimals)


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
    factor = _factor(unit, code)
    for power in range(_LARGEST_FACTOR + 1):
        if factor.numerator == 10**power and factor.denominator == 1:
            return -power
        if factor.denominator == 10**power and factor.numerator == 1:
            return power
    return _LARGEST_FACTOR + 1


def _factor(unit: str, code: int) -> Fraction:
    """Return what a number in the unit of a code is multiplied with to be in the unit of a limit."""
    limit_unit = find_unit(unit)
    assert limit_unit is not None  # noqa: S101 - checked when the specification was loaded
    return conversion_factor(UNITS[code], limit_unit)


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
