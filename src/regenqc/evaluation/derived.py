"""Results computed from other results, exactly.

Every derived value is a product of inputs, some of them in the denominator, in fixed units; it is computed in whole numbers.
A censored input stays censored: for a value that grows with the input `< a` gives `< f(a)`, for one that falls it gives
`> f(a)`. Inputs censored in both directions, or anything unreadable, give a text that no criterion can read, so that the
batch holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_05UP, ROUND_CEILING, ROUND_FLOOR, Context, Decimal, Inexact
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from regenqc.intake.reading import SIGNED_KINDS
from regenqc.measurement.limits import Bound, ExactInterval
from regenqc.measurement.reported import Form, fold_text, read_reported
from regenqc.measurement.units import conversion_factor, find_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "FUNCTIONS",
    "DerivedFunction",
    "Input",
    "Quantity",
    "derive",
    "exact_text",
    "mean_text",
    "median_text",
    "read_quantity",
]

_OPERATORS: Final = {Form.LESS: "<", Form.LESS_OR_EQUAL: "≤", Form.GREATER: ">", Form.GREATER_OR_EQUAL: "≥"}
_FLIPPED: Final = {"<": ">", "≤": "≥", ">": "<", "≥": "≤"}
_WEAKENED: Final = {"<": "≤", "≤": "≤", ">": "≥", "≥": "≥", "": ""}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A rational number with its operator; `operator` is empty for a number as such."""

    operator: str
    numerator: int
    denominator: int

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a derived function.

    Args:
        name: as in the specification.
        unit: unit in which it enters.
        divides: whether the value is divided by it.
        at_least: smaller inputs count as this one.
    """

    name: str
    unit: str
    divides: bool = False
    at_least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedFunction:
    """The product of its inputs, divided by those that divide and by a constant.

    Args:
        inputs: in the order in which `derive` takes them.
        unit: unit of the value.
        divisor: constant.
        source: where the formula comes from.
    """

    inputs: tuple[Input, ...]
    unit: str
    source: str
    divisor: int = 1


FUNCTIONS: Final[Mapping[str, DerivedFunction]] = {
    "endotoxin_per_kg_hour": DerivedFunction(
        inputs=(
            Input(name="concentration", unit="EU/mL"),
            Input(name="volume", unit="mL"),
            Input(name="weight", unit="kg", divides=True),
            # A dose given within less than an hour counts as given in one hour.
            Input(name="duration", unit="h", divides=True, at_least=1),
        ),
        unit="EU/kg/h",
        source="USP <85>: limit K per kg and hour, whole dose within one hour where it is shorter",
    ),
    "dose_per_kg": DerivedFunction(
        inputs=(Input(name="dose", unit="cells"), Input(name="weight", unit="kg", divides=True)),
        unit="cells/kg",
        source="definition",
    ),
    "viable_cell_dose": DerivedFunction(
        inputs=(
            Input(name="concentration", unit="cells/mL"),
            Input(name="volume", unit="mL"),
            Input(name="viability", unit="%"),
        ),
        unit="cells",
        divisor=100,
        source="definition",
    ),
    "residual_cells_per_dose": DerivedFunction(
        inputs=(Input(name="fraction", unit="%"), Input(name="dose", unit="cells")),
        unit="cells",
        divisor=100,
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
        Quantity(operator='<', numerator=1, denominator=20)
    """
    reported = read_reported(text)
    if reported.word == "not detected" and lod:
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
    source, goal = find_unit(written), find_unit(target)
    if source is None or goal is None or source.kind != goal.kind:
        return None
    if number < 0 and source.kind not in SIGNED_KINDS:
        return None
    value = Fraction(number) * conversion_factor(source, goal)
    return Quantity(operator, value.numerator, value.denominator)


def derive(function: DerivedFunction, quantities: Sequence[Quantity | None]) -> str:
    """Return the derived result as text, in the function's unit; a reason in words when there is none.

    Args:
        function: what to compute.
        quantities: one for each input, in its unit.

    Example:
        >>> quantities = [Quantity("<", 1, 2), Quantity("", 70, 1), Quantity("", 70, 1), Quantity("", 1, 2)]
        >>> derive(FUNCTIONS["endotoxin_per_kg_hour"], quantities)
        '<0.5'
    """
    numerator, denominator = 1, function.divisor
    operator = ""
    for entry, quantity in zip(function.inputs, quantities, strict=True):
        if quantity is None:
            return f"not computable: {entry.name} cannot be read"
        above, below = quantity.numerator, quantity.denominator
        if above < 0:
            return f"not computable: {entry.name} is negative"
        if quantity.operator:
            own = _FLIPPED[quantity.operator] if entry.divides else quantity.operator
            # Where the value does not change with the input, the bound itself can be reached.
            own = _WEAKENED[own] if entry.at_least else own
            if operator not in {"", own}:
                return "not computable: inputs censored in different ways"
            operator = own
        if above < entry.at_least * below:
            above, below = entry.at_least, 1
        if entry.divides:
            above, below = below, above
        numerator *= above
        denominator *= below
    if denominator == 0:
        return "not computable: division by zero"
    # Nothing times anything is nothing: the value then is the bound itself.
    return _text(operator if numerator else _WEAKENED[operator], numerator, denominator)


def mean_text(values: Sequence[Quantity]) -> str:
    """Return the mean of replicates as text; censored replicates give a censored mean.

    Example:
        >>> mean_text([Quantity("", 1, 1), Quantity("<", 2, 1)])
        '<1.5'
    """
    operators = {value.operator for value in values if value.operator}
    if len(operators) > 1:
        return "not computable: replicates censored in different ways"
    numerator, denominator = 0, 1
    for value in values:
        numerator = numerator * value.denominator + value.numerator * denominator
        denominator *= value.denominator
    return _text("".join(operators), numerator, denominator * len(values))


def median_text(values: Sequence[Quantity]) -> str:
    """Return the median of replicates as text; censored replicates have none.

    Example:
        >>> median_text([Quantity("", 3, 1), Quantity("", 1, 1), Quantity("", 2, 1)])
        '2'
    """
    if any(value.operator for value in values):
        return "not computable: censored replicates"
    ordered = sorted(value.fraction for value in values)
    middle = len(ordered) // 2
    return exact_text(ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def exact_text(value: Fraction) -> str:
    """Return a rational number as text: exact within 15 digits, otherwise 20 digits, which no limit mistakes for exact.

    Example:
        >>> exact_text(Fraction(1, 8)), exact_text(Fraction(1, 3))
        ('0.125', '0.33333333333333333333')
    """
    return _text("", value.numerator, value.denominator)


# This rounding never ends in 0, so that what is not exact never looks as if it had fewer digits.
_LONG: Final = Context(prec=20, rounding=ROUND_05UP)
_ROUNDED: Final = {
    "": Context(prec=15),
    "<": Context(prec=15, rounding=ROUND_CEILING),
    "≤": Context(prec=15, rounding=ROUND_CEILING),
    ">": Context(prec=15, rounding=ROUND_FLOOR),
    "≥": Context(prec=15, rounding=ROUND_FLOOR),
}


def _text(operator: str, numerator: int, denominator: int) -> str:
    """Return a value with its operator; a censored one is widened to 15 digits, which keeps the statement true."""
    context = _ROUNDED[operator]
    context.clear_flags()
    above, below = Decimal(numerator), Decimal(denominator)
    number = context.divide(above, below)
    if operator == "" and context.flags[Inexact]:
        return str(_LONG.divide(above, below))
    number = number.normalize(context)
    return operator + (format(number, "f") if abs(number.adjusted()) < 30 else str(number))
