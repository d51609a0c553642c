"""Results computed from other results, exactly.

Every function takes quantities as rational numbers in fixed units and returns one. A censored input stays censored: for
a function that grows with the input `< a` gives `< f(a)`, for one that falls it gives `> f(a)`. Two censored inputs, or
anything unreadable, give a text that no criterion can read, so that the batch holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from regenqc.measurement.reported import Form, fold_text, read_reported
from regenqc.measurement.units import conversion_factor, find_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FUNCTIONS", "DerivedFunction", "Quantity", "derive", "exact_text", "mean_text", "median_text", "read_quantity"]

_OPERATORS: Final = {Form.LESS: "<", Form.LESS_OR_EQUAL: "≤", Form.GREATER: ">", Form.GREATER_OR_EQUAL: "≥"}
_FLIPPED: Final = {"<": ">", "≤": "≥", ">": "<", "≥": "≤", "": ""}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its operator; `operator` is empty for a number as such."""

    operator: str
    number: Fraction


@dataclass(frozen=True, slots=True)
class DerivedFunction:
    """A named function of reported results.

    Args:
        units: unit of each input, in the order of the arguments.
        falling: inputs with which the value falls.
        unit: unit of the value.
        function: of rational numbers in these units.
        source: where the formula comes from.
    """

    units: Mapping[str, str]
    falling: frozenset[str]
    unit: str
    function: Callable[..., Fraction]
    source: str


def _endotoxin_per_kg_hour(
    *, concentration: Fraction, volume: Fraction, weight: Fraction, duration: Fraction
) -> Fraction:
    # A dose given within less than an hour counts as given in one hour.
    return concentration * volume / (weight * max(duration, Fraction(1)))


FUNCTIONS: Final[Mapping[str, DerivedFunction]] = {
    "endotoxin_per_kg_hour": DerivedFunction(
        units={"concentration": "EU/mL", "volume": "mL", "weight": "kg", "duration": "h"},
        falling=frozenset({"weight", "duration"}),
        unit="EU/kg/h",
        function=_endotoxin_per_kg_hour,
        source="USP <85>: limit K per kg and hour, whole dose within one hour where it is shorter",
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


def read_quantity(text: str, unit: str, *, target: str, lod: str = "") -> Quantity | None:
    """Return a reported value in a unit, exactly, or `None` when it cannot be had.

    Args:
        text: as reported.
        unit: as reported; a percent sign in the text counts.
        target: unit in which the value is needed.
        lod: detection limit declared with a result that is not detected.

    Example:
        >>> read_quantity("<50", "EU/L", target="EU/mL")
        Quantity(operator='<', number=Fraction(1, 20))
    """
    reported = read_reported(text)
    if reported.word == "not detected" and lod:
        limit = read_reported(lod)
        if limit.form is not Form.NUMBER or limit.number is None:
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
    if source is None or goal is None or source.kind != goal.kind or number < 0:
        return None
    return Quantity(operator, Fraction(number) * conversion_factor(source, goal))


def derive(function: DerivedFunction, inputs: Mapping[str, Quantity | None]) -> str:
    """Return the derived result as text, in the function's unit; a reason in words when there is none.

    Example:
        >>> rate = FUNCTIONS["endotoxin_per_kg_hour"]
        >>> derive(rate, {"concentration": Quantity("<", Fraction(1, 2)), "volume": Quantity("", Fraction(70)),
        ...     "weight": Quantity("", Fraction(70)), "duration": Quantity("", Fraction(1, 2))})
        '<0.5'
    """
    numbers: dict[str, Fraction] = {}
    censored = []
    for name in function.units:
        quantity = inputs[name]
        if quantity is None:
            return f"not computable: {name} cannot be read"
        numbers[name] = quantity.number
        if quantity.operator:
            censored.append(_FLIPPED[quantity.operator] if name in function.falling else quantity.operator)
    if len(set(censored)) > 1:
        return "not computable: inputs censored in both directions"
    try:
        value = function.function(**numbers)
    except ZeroDivisionError:
        return "not computable: division by zero"
    return _text(censored[0] if censored else "", value)


def mean_text(values: Sequence[Quantity]) -> str:
    """Return the mean of replicates as text; censored replicates give a censored mean.

    Example:
        >>> mean_text([Quantity("", Fraction(1)), Quantity("<", Fraction(2))])
        '<1.5'
    """
    operators = {value.operator for value in values if value.operator}
    if len(operators) > 1:
        return "not computable: replicates censored in different ways"
    return _text("".join(operators), sum((value.number for value in values), Fraction(0)) / len(values))


def median_text(values: Sequence[Quantity]) -> str:
    """Return the median of replicates as text; censored replicates have none.

    Example:
        >>> median_text([Quantity("", Fraction(3)), Quantity("", Fraction(1)), Quantity("", Fraction(2))])
        '2'
    """
    if any(value.operator for value in values):
        return "not computable: censored replicates"
    ordered = sorted(value.number for value in values)
    middle = len(ordered) // 2
    return exact_text(ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def _text(operator: str, value: Fraction) -> str:
    """Return a value with its operator; a censored one is widened to 15 digits, which keeps the statement true."""
    if operator == "":
        return exact_text(value)
    with localcontext() as context:
        context.prec = 15
        context.rounding = ROUND_CEILING if operator in {"<", "≤"} else ROUND_FLOOR
        bound = Decimal(value.numerator) / Decimal(value.denominator)
    return operator + exact_text(Fraction(bound))


def exact_text(value: Fraction) -> str:
    """Return a rational number as text: exact within 15 digits, otherwise 20 digits, which no limit mistakes for exact.

    Example:
        >>> exact_text(Fraction(1, 8)), exact_text(Fraction(1, 3))
        ('0.125', '0.33333333333333333333')
    """
    with localcontext() as context:
        context.prec = 15
        short = Decimal(value.numerator) / Decimal(value.denominator)
        if value == Fraction(short):
            return format(short.normalize(), "f" if abs(short.adjusted()) < 30 else "E")
        context.prec = 20
        return str(Decimal(value.numerator) / Decimal(value.denominator))
