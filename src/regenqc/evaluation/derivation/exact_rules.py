"""Derived results that are exact: products and relative differences, in whole numbers.

Columns are computed at once where 62 bits provably hold every step; the other rows one by one, with numbers of any length.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.evaluation.derivation.columns import Problem, Rationals, product_of
from regenqc.evaluation.derivation.quantity import FLIPPED, OPERATORS, WEAKENED, Quantity, exact_text, quantity_text
from regenqc.specification.derived_functions import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.derivation.columns import QuantityColumn
    from regenqc.specification.derived_functions import DerivedFunction, Input

__all__ = [
    "BY_ZERO",
    "CENSORED",
    "OTHER_KIND",
    "OUT_OF_RANGE",
    "bounded_fraction",
    "derive_difference",
    "derive_product",
    "difference_texts",
    "is_refusal",
    "product_texts",
    "refusal",
]

BY_ZERO: Final = "division by zero"
CENSORED: Final = "inputs censored in different ways"
OTHER_KIND: Final = "inputs in units of different kinds"
OUT_OF_RANGE: Final = "out of range"
_REFUSED: Final = "not computable: "

_CODES: Final = {operator: code for code, operator in enumerate(OPERATORS)}
_FLIPPED: Final = np.array(FLIPPED, dtype=np.uint8)
_WEAKENED: Final = np.array(WEAKENED, dtype=np.uint8)


def refusal(why: str) -> str:
    """Return the text of a derived result that cannot be computed; no criterion can read it, so that the batch holds.

    Example:
        >>> refusal(BY_ZERO)
        'not computable: division by zero'
    """
    return f"{_REFUSED}{why}"


def is_refusal(text: str) -> bool:
    """Return whether a derived result is such a text.

    Example:
        >>> is_refusal(refusal(BY_ZERO)), is_refusal("<0.5")
        (True, False)
    """
    return text.startswith(_REFUSED)


def derive_product(function: DerivedFunction, quantities: Sequence[Quantity | Problem]) -> str:
    """Return one product as text, in the function's unit; a reason in words when there is none.

    Args:
        function: a product.
        quantities: one for each input, in its unit.

    Example:
        >>> from regenqc.specification.derived_functions import FUNCTIONS
        >>> quantities = [Quantity("<", 1, 2), Quantity("", 70, 1), Quantity("", 70, 1), Quantity("", 1, 2)]
        >>> derive_product(FUNCTIONS["endotoxin_per_kg_hour"], quantities)
        '<0.5'
    """
    numerator, denominator = function.factor.numerator, function.factor.denominator
    operator, kind = 0, ""
    for entry, quantity in zip(function.inputs, quantities, strict=True):
        if isinstance(quantity, Problem):
            return refusal(f"{entry.name} {quantity.text}")
        above, below = quantity.numerator, quantity.denominator
        if above < 0:
            return refusal(f"{entry.name} is negative")
        if entry.above_zero and above == 0:
            return refusal(f"{entry.name} is zero")
        if entry.unit is None and kind not in {"", quantity.kind}:
            return refusal(OTHER_KIND)
        kind = quantity.kind or kind
        falls = entry.direction is Direction.FALLS
        if quantity.operator:
            own = FLIPPED[_CODES[quantity.operator]] if falls else _CODES[quantity.operator]
            # Where the value does not change with the input, the bound itself can be reached.
            own = WEAKENED[own] if entry.at_least else own
            if operator not in {0, own}:
                return refusal(CENSORED)
            operator = own
        if above < entry.at_least * below:
            above, below = entry.at_least, 1
        if falls:
            above, below = below, above
        numerator *= above
        denominator *= below
    if denominator == 0:
        return refusal(BY_ZERO)
    # Nothing times anything is nothing: the value then is the bound itself.
    return quantity_text(OPERATORS[operator if numerator else WEAKENED[operator]], numerator, denominator)


def product_texts(function: DerivedFunction, columns: Sequence[QuantityColumn]) -> list[str]:
    """Return products as `derive_product` does, one for each row.

    Args:
        function: a product.
        columns: one for each input, in its unit.
    """
    operator = np.zeros(len(columns[0].code), dtype=np.uint8)
    plain = np.ones(len(operator), dtype=np.bool_)
    kind = np.zeros(len(operator), dtype=np.int64)
    for entry, column in zip(function.inputs, columns, strict=True):
        own = column.operator
        if entry.direction is Direction.FALLS:
            own = _FLIPPED[own]
        if entry.at_least:
            own = _WEAKENED[own]
        plain &= column.fits & (column.numerator >= 0) & ((operator == 0) | (own == 0) | (operator == own))
        operator = np.where(own, own, operator)
        if entry.above_zero:
            plain &= column.numerator > 0
        if entry.unit is None:
            plain &= (kind == 0) | (kind == column.kind)
            kind = column.kind
    factors = [bounded_fraction(entry, column) for entry, column in zip(function.inputs, columns, strict=True)]
    found = product_of(factors, fits=plain, constant=function.factor)
    plain = found.fits & (found.denominator > 0)
    operator = np.where(found.numerator == 0, _WEAKENED[operator], operator)
    return _texts(found, operator, plain, lambda row: derive_product(function, [column.at(row) for column in columns]))


def bounded_fraction(entry: Input, column: QuantityColumn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the fraction with which an input enters a product."""
    above, below = column.numerator, column.denominator
    if entry.at_least:
        small = above < entry.at_least * below
        above, below = np.where(small, entry.at_least, above), np.where(small, 1, below)
    return (below, above) if entry.direction is Direction.FALLS else (above, below)


def derive_difference(quantities: Sequence[Quantity | Problem], *, names: Sequence[str]) -> str:
    """Return the difference of two quantities in percent of the second, as text; a reason in words when there is none.

    It neither rises nor falls with either of them, so that nothing is known of it where one of them is censored.

    Args:
        quantities: the result and the reference.
        names: of the two, for the reason.

    Example:
        >>> derive_difference([Quantity("", 9, 10), Quantity("", 1, 1)], names=("result", "reference"))
        '10'
    """
    numbers: list[Fraction] = []
    for name, quantity in zip(names, quantities, strict=True):
        if isinstance(quantity, Problem):
            return refusal(f"{name} {quantity.text}")
        if quantity.operator:
            return refusal(f"{name} is censored")
        if quantity.numerator < 0:
            return refusal(f"{name} is negative")
        numbers.append(quantity.fraction)
    if len({quantity.kind for quantity in quantities if isinstance(quantity, Quantity)}) > 1:
        return refusal(OTHER_KIND)
    result, reference = numbers
    if reference == 0:
        return refusal(BY_ZERO)
    return exact_text(100 * abs(result - reference) / reference)


def difference_texts(function: DerivedFunction, columns: Sequence[QuantityColumn]) -> list[str]:
    """Return relative differences as `derive_difference` does, one for each row.

    Args:
        function: a relative difference.
        columns: the results and the references.
    """
    names = [entry.name for entry in function.inputs]
    result, reference = columns
    plain = result.fits & reference.fits & (result.operator == 0) & (reference.operator == 0)
    plain &= (result.kind == reference.kind) & (result.numerator >= 0) & (reference.numerator > 0)
    one = np.ones(len(plain), dtype=np.int64)
    # 100 × |a / b - c / d| / (c / d) = 100 × |a d - c b| / (c b)
    first = product_of([(result.numerator, one), (reference.denominator, one)], fits=plain, constant=Fraction(100))
    second = product_of([(reference.numerator, one), (result.denominator, one)], fits=plain, constant=Fraction(100))
    found = Rationals(np.abs(first.numerator - second.numerator), second.numerator // 100, first.fits & second.fits)
    return _texts(
        found,
        np.zeros(len(plain), dtype=np.uint8),
        found.fits,
        lambda row: derive_difference([column.at(row) for column in columns], names=names),
    )


def _texts(found: Rationals, operator: NDArray[np.uint8], plain: NDArray[np.bool_], one_by_one: Any) -> list[str]:
    above, below = found.reduced()
    return [
        quantity_text(OPERATORS[code], numerator, denominator) if is_plain else one_by_one(row)
        for row, (is_plain, code, numerator, denominator) in enumerate(
            zip(plain.tolist(), operator.tolist(), above.tolist(), below.tolist(), strict=True)
        )
    ]
