"""A reported value as an exact rational number with its operator, and the text of such numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_05UP, ROUND_CEILING, ROUND_FLOOR, Context, Decimal, Inexact
from fractions import Fraction
from functools import lru_cache
from typing import Final

from regenqc.intake.reading import SIGNED_KINDS
from regenqc.measurement.limits import Bound, ExactInterval
from regenqc.measurement.reported import Form, fold_text, read_reported
from regenqc.measurement.units import UNITS, conversion_factor, find_unit

__all__ = [
    "BOUNDED_WORDS",
    "FLIPPED",
    "OPERATORS",
    "WEAKENED",
    "Quantity",
    "exact_text",
    "quantity_text",
    "read_quantity",
]

# These words stand for less than the limit that is declared with them.
BOUNDED_WORDS: Final = frozenset({"not detected", "below quantitation limit"})

_OPERATORS: Final = {Form.LESS: "<", Form.LESS_OR_EQUAL: "≤", Form.GREATER: ">", Form.GREATER_OR_EQUAL: "≥"}

# The operators by code, what each becomes where the value falls as the input rises, and the weaker one that the bound
# itself satisfies as well.
OPERATORS: Final = ("", "<", "≤", ">", "≥")
FLIPPED: Final = (0, 3, 4, 1, 2)
WEAKENED: Final = (0, 2, 2, 4, 4)

# The unit in which quantities of a kind are compared when no unit is asked for.
_FIRST_OF_KIND: Final = {unit.kind: unit for unit in reversed(UNITS)}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A rational number with its operator.

    Args:
        operator: empty for a number as such.
        numerator: carries the sign.
        denominator: above zero.
        kind: kind of unit, only where any kind would do; then in the first unit of that kind in the dictionary.
    """

    operator: str
    numerator: int
    denominator: int
    kind: str = field(default="", repr=False)

    @property
    def fraction(self) -> Fraction:
        """Return the number."""
        return Fraction(self.numerator, self.denominator)

    @property
    def span(self) -> ExactInterval:
        """Return the values that it may stand for.

        Example:
            >>> Quantity("<", 5, 1).span
            ExactInterval(lower=None, upper=Bound(value=Fraction(5, 1), inclusive=False))
        """
        end = Bound(self.fraction, inclusive=self.operator not in {"<", ">"})
        return ExactInterval(
            None if self.operator in {"<", "≤"} else end,
            None if self.operator in {">", "≥"} else end,
        )


@lru_cache(maxsize=1 << 17)
def read_quantity(text: str, unit: str, *, target: str | None, lod: str = "") -> Quantity | None:
    """Return a reported value in a unit, exactly, or `None` when it cannot be had.

    Args:
        text: as reported.
        unit: as reported; a percent sign in the text counts.
        target: unit in which the value is needed; `None` for any, which then stands in the quantity as its kind.
        lod: limit declared with a result that is not detected, or below the limit of quantitation.

    Example:
        >>> read_quantity("<50", "ng/mL", target="ug/mL")
        Quantity(operator='<', numerator=1, denominator=20)
    """
    reported = read_reported(text)
    if reported.word in BOUNDED_WORDS and lod:
        limit = read_reported(lod)
        own_unit = limit.unit in {"", unit.strip()}
        if limit.form is not Form.NUMBER or limit.number is None or limit.number < 0 or not own_unit:
            return None
        operator, number = "<", limit.number
    elif reported.number is None:
        return None
    else:
        operator, number = _OPERATORS.get(reported.form, ""), reported.number
    written = fold_text(unit)
    if reported.unit == "%":
        if written not in {"", "%"}:
            return None
        written = "%"
    source = find_unit(written)
    if source is None:
        return None
    goal = _FIRST_OF_KIND[source.kind] if target is None else find_unit(target)
    if goal is None or source.kind != goal.kind:
        return None
    if source.kind not in SIGNED_KINDS and (number < 0 or (number == 0 and operator == "<")):
        return None
    value = Fraction(number) * conversion_factor(source, goal)
    return Quantity(operator, value.numerator, value.denominator, source.kind if target is None else "")


def exact_text(value: Fraction) -> str:
    """Return a rational number as text: exact within 15 digits, otherwise 20 digits, which no limit mistakes for exact.

    Example:
        >>> exact_text(Fraction(1, 8)), exact_text(Fraction(1, 3))
        ('0.125', '0.33333333333333333333')
    """
    return quantity_text("", value.numerator, value.denominator)


# This rounding never ends in 0, so that what is not exact never looks as if it had fewer digits.
_LONG: Final = Context(prec=20, rounding=ROUND_05UP)
_ROUNDED: Final = {
    "": Context(prec=15),
    "<": Context(prec=15, rounding=ROUND_CEILING),
    "≤": Context(prec=15, rounding=ROUND_CEILING),
    ">": Context(prec=15, rounding=ROUND_FLOOR),
    "≥": Context(prec=15, rounding=ROUND_FLOOR),
}


@lru_cache(maxsize=1 << 17)
def quantity_text(operator: str, numerator: int, denominator: int) -> str:
    """Return a value with its operator as text, an uncensored one as `exact_text` does.

    A censored one is widened to 15 digits, which keeps the statement true.

    Example:
        >>> quantity_text("<", 1, 3), quantity_text(">", 2, 3)
        ('<0.333333333333334', '>0.666666666666666')
    """
    context = _ROUNDED[operator]
    context.clear_flags()
    above, below = Decimal(numerator), Decimal(denominator)
    number = context.divide(above, below)
    if operator == "" and context.flags[Inexact]:
        return str(_LONG.divide(above, below))
    number = number.normalize(context)
    return operator + (format(number, "f") if abs(number.adjusted()) < 30 else str(number))
