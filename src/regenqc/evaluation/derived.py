"""Results computed from other results, exactly.

Every function takes quantities as rational numbers in fixed units and returns one. A censored input stays censored: for
a function that grows with the input `< a` gives `< f(a)`, for one that falls it gives `> f(a)`. Two censored inputs, or
anything unreadable, give a text that no criterion can read, so that the batch holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import (
    ROUND_05UP,
    ROUND_CEILING,
    ROUND_FLOOR,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from regenqc.intake.reading import SIGNED_KINDS
from regenqc.measurement.reported import Form, fold_text, read_reported
from regenqc.measurement.units import conversion_factor, find_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

__all__ = ["FUNCTIONS", "DerivedFunction", "Quantity", "derive", "exact_text", "mean_text", "median_text", "read_quantity"]

_OPERATORS: Final = {Form.LESS: "<", Form.LESS_OR_EQUAL: "≤", Form.GREATER: ">", Form.GREATER_OR_EQUAL: "≥"}
_FLIPPED: Final = {"<": ">", "≤": "≥", ">": "<", "≥": "≤", "": ""}
_WEAKENED: Final = {"<": "≤", "≤": "≤", ">": "≥", "≥": "≥", "": ""}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its operator; `operator` is empty for a number as such."""

    operator: str
    number: Decimal


# Products of reported decimals of at most 30 digits are exact in 100 digits; a quotient that is not differs from every
# number of 15 digits within these 100, so that it is recognised as such and never taken for an exact value.
_WIDE: Final = Context(prec=100, traps=[DivisionByZero, InvalidOperation, Overflow])
_MOST_DIGITS: Final = 30


@dataclass(frozen=True, slots=True)
class DerivedFunction:
    """A named function of reported results.

    Args:
        units: unit of each input, in the order of the arguments.
        falling: inputs with which the value falls.
        level: inputs over a part of whose range the value does not change.
        unit: unit of the value.
        function: of decimal numbers in these units.
        source: where the formula comes from.
    """

    units: Mapping[str, str]
    falling: frozenset[str]
    unit: str
    function: Callable[..., Decimal]
    source: str
    level: frozenset[str] = frozenset()


def _endotoxin_per_kg_hour(
    *, concentration: Decimal, volume: Decimal, weight: Decimal, duration: Decimal
) -> Decimal:
    # A dose given within less than an hour counts as given in one hour.
    return concentration * volume / (weight * max(duration, Decimal(1)))


FUNCTIONS: Final[Mapping[str, DerivedFunction]] = {
    "endotoxin_per_kg_hour": DerivedFunction(
        units={"concentration": "EU/mL", "volume": "mL", "weight": "kg", "duration": "h"},
        falling=frozenset({"weight", "duration"}),
        unit="EU/kg/h",
        function=_endotoxin_per_kg_hour,
        source="USP <85>: limit K per kg and hour, whole dose within one hour where it is shorter",
        level=frozenset({"duration"}),
    ),
    "dose_per_kg": DerivedFunction(
        units={"dose": "cells", "weight": "kg"},
        falling=frozenset({"weight"}),
        unit="cells/kg",
        function=lambda *, dose, weight: dose / weight,
        source="definition",
    ),
    "viable_cell_dose": DerivedFunction(
        units={"concentration": "cells/mL", "volume": "mL", "viability": "%"},
        falling=frozenset(),
        unit="cells",
        function=lambda *, concentration, volume, viability: concentration * volume * viability / 100,
        source="definition",
    ),
    "residual_cells_per_dose": DerivedFunction(
        units={"fraction": "%", "dose": "cells"},
        falling=frozenset(),
        unit="cells",
        function=lambda *, fraction, dose: fraction * dose / 100,
        source="definition",
    ),
}


@lru_cache(maxsize=1 << 17)
def read_quantity(text: str, unit: str, *, target: str, lod: str = "") -> Quantity | None:
    """Return a reported value in a unit, exactly, or `None` when it cannot be had.

    Args:
        text: as reported.
        unit: as reported; a percent sign in the text counts.
        target: unit in which the value is needed.
        lod: detection limit declared with a result that is not detected.

    Example:
        >>> read_quantity("<50", "ng/mL", target="ug/mL")
        Quantity(operator='<', number=Decimal('0.05'))
    """
    reported = read_reported(text)
    if reported.word == "not detected" and lod:
        limit = read_reported(lod)
        if limit.form is not Form.NUMBER or limit.number is None or limit.number < 0 or limit.unit not in {"", unit.strip()}:
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
    source, goal = find_unit(written), find_unit(target)
    if source is None or goal is None or source.kind != goal.kind or len(number.as_tuple().digits) > _MOST_DIGITS:
        return None
    if number < 0 and source.kind not in SIGNED_KINDS:
        return None
    factor = conversion_factor(source, goal)
    if factor != 1:
        number = _WIDE.divide(_WIDE.multiply(number, Decimal(factor.numerator)), Decimal(factor.denominator))
    return Quantity(operator, number)


def derive(function: DerivedFunction, inputs: Mapping[str, Quantity | None]) -> str:
    """Return the derived result as text, in the function's unit; a reason in words when there is none.

    Example:
        >>> rate = FUNCTIONS["endotoxin_per_kg_hour"]
        >>> derive(rate, {"concentration": Quantity("<", Decimal("0.5")), "volume": Quantity("", Decimal(70)),
        ...     "weight": Quantity("", Decimal(70)), "duration": Quantity("", Decimal("0.5"))})
        '<0.5'
    """
    numbers: dict[str, Decimal] = {}
    censored = []
    for name in function.units:
        quantity = inputs[name]
        if quantity is None:
            return f"not computable: {name} cannot be read"
        if quantity.number < 0:
            return f"not computable: {name} is negative"
        numbers[name] = quantity.number
        if quantity.operator:
            operator = _FLIPPED[quantity.operator] if name in function.falling else quantity.operator
            censored.append(_WEAKENED[operator] if name in function.level else operator)
    if len(set(censored)) > 1:
        return "not computable: inputs censored in both directions"
    with localcontext(_WIDE):
        try:
            value = function.function(**numbers)
        except (DivisionByZero, InvalidOperation):
            return "not computable: division by zero"
    operator = censored[0] if censored else ""
    # Nothing times anything is nothing: the value then is the bound itself.
    return _text(operator if value else _WEAKENED[operator], value)


def mean_text(values: Sequence[Quantity]) -> str:
    """Return the mean of replicates as text; censored replicates give a censored mean.

    Example:
        >>> mean_text([Quantity("", Decimal(1)), Quantity("<", Decimal(2))])
        '<1.5'
    """
    operators = {value.operator for value in values if value.operator}
    if len(operators) > 1:
        return "not computable: replicates censored in different ways"
    with localcontext(_WIDE):
        mean = sum((value.number for value in values), Decimal(0)) / len(values)
    return _text("".join(operators), mean)


def median_text(values: Sequence[Quantity]) -> str:
    """Return the median of replicates as text; censored replicates have none.

    Example:
        >>> median_text([Quantity("", Decimal(3)), Quantity("", Decimal(1)), Quantity("", Decimal(2))])
        '2'
    """
    if any(value.operator for value in values):
        return "not computable: censored replicates"
    ordered = sorted(value.number for value in values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return _text("", ordered[middle])
    return _text("", _WIDE.divide(_WIDE.add(ordered[middle - 1], ordered[middle]), Decimal(2)))


def _text(operator: str, value: Decimal) -> str:
    """Return a value with its operator: exact within 15 digits, otherwise with 20, which no limit mistakes for exact.

    A censored value is widened to 15 digits, which keeps the statement true.
    """
    context = _ROUNDED[operator]
    context.clear_flags()
    short = context.plus(value)
    if operator == "" and context.flags[Inexact]:
        return str(_LONG.plus(value))
    return operator + _written(short)


# This rounding never ends in 0, so that what is not exact never looks as if it had fewer digits.
_LONG: Final = Context(prec=20, rounding=ROUND_05UP)
_ROUNDED: Final = {
    "": Context(prec=15),
    "<": Context(prec=15, rounding=ROUND_CEILING),
    "≤": Context(prec=15, rounding=ROUND_CEILING),
    ">": Context(prec=15, rounding=ROUND_FLOOR),
    "≥": Context(prec=15, rounding=ROUND_FLOOR),
}


def exact_text(value: Fraction) -> str:
    """Return a rational number as text: exact within 15 digits, otherwise 20 digits, which no limit mistakes for exact.

    Example:
        >>> from fractions import Fraction
        >>> exact_text(Fraction(1, 8)), exact_text(Fraction(1, 3))
        ('0.125', '0.33333333333333333333')
    """
    return _text("", _WIDE.divide(Decimal(value.numerator), Decimal(value.denominator)))


def _written(number: Decimal) -> str:
    number = number.normalize()
    return format(number, "f") if abs(number.adjusted()) < 30 else str(number)
