"""Limits as exact intervals: strictness, units and pharmacopoeial rounding are settled before a result is looked at.

Every step is exact. A `Limit` is what the specification writes. `conforming_interval` turns it into the set of reported
values that conform, with rational ends, in the unit in which results are reported; `compiled_limits` makes doubles of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from enum import StrEnum
from fractions import Fraction
from typing import Final

from regenqc.errors import Fault, InternalError, SpecificationError
from regenqc.measurement.reported import SIGNIFICANT_DIGITS, Form, read_reported

__all__ = [
    "EXACT",
    "Bound",
    "DecimalBound",
    "ExactInterval",
    "Limit",
    "Rounding",
    "check_factor",
    "conforming_interval",
    "decimal_ends",
    "is_plain_decimal",
    "make_limit",
    "round_reported",
]


class Rounding(StrEnum):
    """How a reported value is rounded before it is compared; the specification says so, it is never assumed.

    `usp` rounds to the decimals with which the limit is written (USP General Notices 7.20), `ph_eur` to the significant
    figures with which it is written (Ph. Eur. 1.4), both half up by magnitude.
    """

    NONE = "none"
    USP = "usp"
    PH_EUR = "ph_eur"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Hold the numbers of a limit as they are written; build it with `make_limit`, which checks them.

    Args:
        minimum: smallest conforming value, or the value just below it when `minimum_exclusive`; None for no lower side.
        maximum: the same for the upper side.
        minimum_exclusive: whether the minimum itself does not conform.
        maximum_exclusive: whether the maximum itself does not conform.
        unit: unit of both numbers as the specification writes it.
    """

    minimum: Decimal | None
    maximum: Decimal | None
    minimum_exclusive: bool = False
    maximum_exclusive: bool = False
    unit: str = ""

    def describe(self) -> str:
        """Return the limit as people write it.

        Example:
            >>> make_limit(minimum_exclusive="0.5", maximum="10", unit="copies/cell").describe()
            '> 0.5 and ≤ 10 copies/cell'
        """
        sides = []
        if self.minimum is not None:
            sides.append(f"{'>' if self.minimum_exclusive else '≥'} {_written(self.minimum)}")
        if self.maximum is not None:
            sides.append(f"{'<' if self.maximum_exclusive else '≤'} {_written(self.maximum)}")
        return f"{' and '.join(sides)} {self.unit}".strip()


def _written(number: Decimal) -> str:
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -SIGNIFICANT_DIGITS <= exponent <= 0:
        return f"{number:f}"
    return str(number).replace("E+", "E")


_PLAIN: Final = re.compile("(?:0|[1-9][0-9]*)(?:[.][0-9]+)?", re.ASCII)
_MOST_OF_PLAIN: Final = 14


def is_plain_decimal(text: str) -> bool:
    """Return whether a number of a limit is written with at most fourteen digits and a point, and nothing else.

    Such a number reads as it is written.

    Example:
        >>> [is_plain_decimal(text) for text in ("70.0", "0", "007", "-1", "5E6", ".5")]
        [True, True, False, False, False, False]
    """
    return len(text) <= _MOST_OF_PLAIN and _PLAIN.fullmatch(text) is not None


def make_limit(
    *,
    minimum: str | None = None,
    maximum: str | None = None,
    minimum_exclusive: str | None = None,
    maximum_exclusive: str | None = None,
    unit: str = "",
) -> Limit:
    """Build a limit from the texts of a specification; every digit written is kept.

    Args:
        minimum: smallest conforming value.
        maximum: largest conforming value.
        minimum_exclusive: value above which results conform; excludes `minimum`.
        maximum_exclusive: value below which results conform; excludes `maximum`.
        unit: unit of the numbers.

    Raises:
        SpecificationError: no number, two numbers for one side, a text that is not a plain finite number of at most
            15 significant digits between 1e-290 and 1e290, or sides that no value can satisfy; all faults at once.

    Example:
        >>> make_limit(minimum="70.0", unit="%").minimum
        Decimal('70.0')
    """
    written = {
        "min": minimum,
        "max": maximum,
        "min_exclusive": minimum_exclusive,
        "max_exclusive": maximum_exclusive,
    }
    faults: list[Fault] = []
    numbers = {key: _limit_number(key, text, faults) for key, text in written.items() if text is not None}
    faults.extend(
        Fault(
            code="RQC-S062",
            what=f"A limit cannot have both {side} and {side}_exclusive.",
            got=f"{written[side]} and {written[f'{side}_exclusive']}",
            expected="one of the two",
            action="Keep the one that is meant.",
        )
        for side in ("min", "max")
        if side in numbers and f"{side}_exclusive" in numbers
    )
    if not numbers:
        faults.append(
            Fault(
                code="RQC-S061",
                what="A limit without a number limits nothing.",
                expected="at least one of min, max, min_exclusive, max_exclusive",
                action="State the limit, or write sponsor_must_set = true until it is known.",
            )
        )
    if faults:
        raise SpecificationError(*faults)
    limit = Limit(
        minimum=numbers.get("min", numbers.get("min_exclusive")),
        maximum=numbers.get("max", numbers.get("max_exclusive")),
        minimum_exclusive="min_exclusive" in numbers,
        maximum_exclusive="max_exclusive" in numbers,
        unit=unit,
    )
    decimal_ends(limit, Rounding.NONE)
    return limit


def _limit_number(key: str, text: str, faults: list[Fault]) -> Decimal | None:
    got = f"{key} = {text!r}"
    if not isinstance(text, str):
        expected = "a text in quotation marks, because the digits of a limit are significant"  # type: ignore[unreachable]
    else:
        reported = read_reported(text)
        if reported.form is Form.NUMBER and not reported.unit and "=" not in text and "＝" not in text:
            return reported.number
        expected = f"one finite number with a decimal point and at most {SIGNIFICANT_DIGITS} significant digits"
    faults.append(
        Fault(
            code="RQC-S061",
            what="The limit is not a number that can be compared exactly.",
            got=got,
            expected=expected,
            action='Write the number alone, e.g. min = "70.0"; the unit has its own key.',
        )
    )
    return None


def _empty_fault(limit: Limit, rounding: Rounding) -> Fault:
    rounded = "" if rounding is Rounding.NONE else f" after {rounding} rounding"
    return Fault(
        code="RQC-S063",
        what=f"No value can conform to this limit{rounded}.",
        got=limit.describe(),
        expected="a minimum below the maximum, or equal to it with both inclusive",
        action="Correct the numbers; they may be exchanged.",
    )


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of the conforming values.

    Args:
        value: the exact boundary.
        inclusive: whether the boundary itself conforms.
    """

    value: Fraction
    inclusive: bool


@dataclass(frozen=True, slots=True)
class ExactInterval:
    """The values that conform; a side that is None is open to infinity.

    Example:
        >>> interval = conforming_interval(make_limit(maximum="5"), rounding=Rounding.USP)
        >>> interval.contains(Fraction(549, 100)), interval.contains(Fraction(550, 100))
        (True, False)
    """

    lower: Bound | None
    upper: Bound | None

    def contains(self, value: Fraction) -> bool:
        """Return whether `value` conforms."""
        lower, upper = self.lower, self.upper
        if lower is not None and (value < lower.value or (value == lower.value and not lower.inclusive)):
            return False
        return upper is None or value < upper.value or (value == upper.value and upper.inclusive)

    def is_apart(self, other: ExactInterval) -> bool:
        """Return whether no value lies in both intervals.

        Both must be in the same unit.

        Example:
            >>> below = ExactInterval(None, Bound(Fraction(5), inclusive=False))
            >>> below.is_apart(conforming_interval(make_limit(minimum="5"), rounding=Rounding.NONE))
            True
        """
        return any(
            upper is not None
            and lower is not None
            and (
                upper.value < lower.value or (upper.value == lower.value and not (upper.inclusive and lower.inclusive))
            )
            for upper, lower in ((self.upper, other.lower), (other.upper, self.lower))
        )

    def is_empty(self) -> bool:
        """Return whether nothing conforms."""
        lower, upper = self.lower, self.upper
        if lower is None or upper is None:
            return False
        return lower.value > upper.value or (lower.value == upper.value and not (lower.inclusive and upper.inclusive))

    def is_within(self, other: ExactInterval) -> bool:
        """Return whether everything that conforms to this interval conforms to `other` too: it is as tight or tighter.

        Both must be in the same unit.

        Example:
            >>> wide, tight = make_limit(maximum="5"), make_limit(maximum_exclusive="5")
            >>> [conforming_interval(limit, rounding=Rounding.NONE) for limit in (wide, tight)]
            [ExactInterval(lower=None, upper=Bound(value=Fraction(5, 1), inclusive=True)),
             ExactInterval(lower=None, upper=Bound(value=Fraction(5, 1), inclusive=False))]
            >>> _[1].is_within(_[0]), _[0].is_within(_[1])
            (True, False)
        """
        return self.is_empty() or (
            _is_within(self.lower, other.lower, direction=1) and _is_within(self.upper, other.upper, direction=-1)
        )


def _is_within(mine: Bound | None, theirs: Bound | None, *, direction: int) -> bool:
    if theirs is None:
        return True
    if mine is None:
        return False
    distance = (mine.value - theirs.value) * direction
    return distance > 0 or (distance == 0 and (theirs.inclusive or not mine.inclusive))


def conforming_interval(limit: Limit, *, rounding: Rounding, factor: Fraction = Fraction(1)) -> ExactInterval:
    """Return the reported values that conform: the pre-image of "convert, round, compare".

    Rounding is a monotone step function, so the values that round to a conforming one reach exactly to the midpoint
    between the last conforming and the first non-conforming step; half up by magnitude decides to which side the midpoint
    itself belongs.

    Args:
        limit: the limit, in its own unit.
        rounding: the rule; each side is rounded as its own number is written.
        factor: `value in the limit's unit = reported value * factor`; greater than zero.

    Raises:
        SpecificationError: the rule does not define the rounding of the limit as written (`ph_eur` with a limit of zero,
            `usp` with a power of ten such as `5E6`), or nothing could conform after rounding.

    Example:
        >>> limit = make_limit(minimum="98.0", unit="%")
        >>> conforming_interval(limit, rounding=Rounding.USP).lower
        Bound(value=Fraction(1959, 20), inclusive=True)
    """
    check_factor(factor)
    lower, upper = (
        None if end is None else Bound(Fraction(end.value) / factor, end.inclusive)
        for end in decimal_ends(limit, rounding)
    )
    return ExactInterval(lower, upper)


def check_factor(factor: Fraction) -> None:
    """Refuse a unit factor that is not greater than zero.

    Raises:
        InternalError: `RQC-X060`.
    """
    if factor <= 0:
        raise InternalError(
            Fault(code="RQC-X060", what="A unit factor must be greater than zero.", got=str(factor), expected="> 0")
        )


@dataclass(frozen=True, slots=True)
class DecimalBound:
    """One end of the conforming values in the unit of the limit, in which it is a decimal."""

    value: Decimal
    inclusive: bool


def decimal_ends(limit: Limit, rounding: Rounding) -> tuple[DecimalBound | None, DecimalBound | None]:
    """Return both ends of what conforms.

    Raises:
        SpecificationError: nothing conforms, or the rounding is not defined for the limit.
    """
    lower = upper = None
    if limit.minimum is not None:
        below, above = _midpoints(limit.minimum, rounding)
        value = above if limit.minimum_exclusive else below
        lower = DecimalBound(value, not limit.minimum_exclusive if rounding is Rounding.NONE else value > 0)
    if limit.maximum is not None:
        below, above = _midpoints(limit.maximum, rounding)
        value = below if limit.maximum_exclusive else above
        upper = DecimalBound(value, not limit.maximum_exclusive if rounding is Rounding.NONE else value < 0)
    if (
        lower is not None
        and upper is not None
        and (lower.value > upper.value or (lower.value == upper.value and not (lower.inclusive and upper.inclusive)))
    ):
        raise SpecificationError(_empty_fault(limit, rounding))
    return lower, upper


# Arithmetic that never rounds: whatever needs more digits is refused, and done with fractions.
EXACT: Final = Context(
    prec=80, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow]
)


def _midpoints(limit_value: Decimal, rounding: Rounding) -> tuple[Decimal, Decimal]:
    """Return the exact midpoints to the neighbouring steps below and above; without rounding the value itself, twice."""
    if not limit_value.is_finite():
        raise _undefined(limit_value, rounding, "it is not a finite number")
    if rounding is Rounding.NONE:
        return limit_value, limit_value
    place = _last_place(limit_value, rounding)
    outer = inner = Decimal((0, (5,), place - 1))
    if rounding is Rounding.PH_EUR and _is_power_of_ten(limit_value):
        inner = Decimal(
            (0, (5,), place - 2)
        )  # 99.99 and 100.0 both have four figures: nearer to zero the steps are a tenth
    below, above = (inner, outer) if limit_value >= 0 else (outer, inner)
    return EXACT.subtract(limit_value, below), EXACT.add(limit_value, above)


def _is_power_of_ten(number: Decimal) -> bool:
    digits = number.as_tuple().digits
    return digits[0] == 1 and not any(digits[1:])


def _last_place(limit_value: Decimal, rounding: Rounding) -> int:
    """Return the power of ten of the last digit of the limit as written, to which its neighbourhood is rounded."""
    if not limit_value.is_finite():
        raise _undefined(limit_value, rounding, "it is not a finite number")
    exponent = int(limit_value.as_tuple().exponent)
    if rounding is Rounding.USP and exponent > 0:
        raise _undefined(limit_value, rounding, "a power of ten does not show to which decimal place it is meant")
    if rounding is Rounding.PH_EUR and not limit_value:
        raise _undefined(limit_value, rounding, "zero has no significant figures")
    return exponent


def _undefined(limit_value: Decimal, rounding: Rounding, why: str) -> SpecificationError:
    return SpecificationError(
        Fault(
            code="RQC-S064",
            what=f"Rounding rule {rounding} is not defined for this limit: {why}.",
            got=_written(limit_value),
            expected="a limit whose last digit says how results are rounded",
            action='Write the limit out, or state rounding = "none" for this requirement.',
        )
    )


def round_reported(value: Decimal, *, limit_value: Decimal, rounding: Rounding) -> Decimal:
    """Round `value` as the rule asks for comparison with `limit_value`; exact, for explanations and as test oracle.

    Raises:
        SpecificationError: the rule is not defined for the limit as written.

    Example:
        >>> round_reported(Decimal("98.28568"), limit_value=Decimal("100.0"), rounding=Rounding.USP)
        Decimal('98.3')
        >>> round_reported(Decimal("98.28568"), limit_value=Decimal("100.0"), rounding=Rounding.PH_EUR)
        Decimal('98.29')
    """
    if rounding is Rounding.NONE:
        return value
    place = _last_place(limit_value, rounding)
    if rounding is Rounding.PH_EUR:
        if not value:
            return Decimal(0)
        place = value.adjusted() - len(limit_value.as_tuple().digits) + 1
    # One rounding step from all digits; rounding twice would turn 97.949 into 98.0 against a limit of 98.0.
    precision = max(value.adjusted() - place + 2, 1)
    return value.quantize(Decimal((0, (1,), place)), context=Context(prec=precision, rounding=ROUND_HALF_UP))
