"""Statistics of columns of inputs as text: what is censored stays censored, and nothing is rounded in favour of a batch."""

from __future__ import annotations

from fractions import Fraction
from itertools import repeat
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.derivation.columns import ABSENT, NOT_DETECTED, Problem, QuantityColumn, product_of
from regenqc.evaluation.derivation.exact_rules import CENSORED, OTHER_KIND, refusal
from regenqc.evaluation.derivation.quantity import FLIPPED, OPERATORS, WEAKENED, Quantity, quantity_text
from regenqc.evaluation.derivation.rounding import rounded_texts
from regenqc.evaluation.derivation.statistic_rules import STATISTICS
from regenqc.specification.derived_functions import Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.derivation.statistic_rules import Statistic
    from regenqc.specification.derived_functions import DerivedFunction

__all__ = ["statistic_texts"]

_FLIPPED: Final = np.array(FLIPPED, dtype=np.uint8)
_WEAKENED: Final = np.array(WEAKENED, dtype=np.uint8)
_AT_MOST: Final = OPERATORS.index("≤")
_NOTHING: Final = Quantity("", 0, 1)
# Where two numbers are closer than this, relatively, which is larger is decided in whole numbers.
_CLOSE: Final = 1e-9


def statistic_texts(name: str, function: DerivedFunction, columns: Sequence[QuantityColumn]) -> list[str]:
    """Return a statistic of each row as text, in the function's unit; a reason in words where there is none.

    Args:
        name: of the function.
        function: a statistic.
        columns: one for each input, in its unit.

    Example:
        >>> from regenqc.evaluation.derivation.columns import quantity_column
        >>> from regenqc.specification.derived_functions import FUNCTIONS
        >>> metaphases = quantity_column([Quantity("", 20, 1), Quantity("≥", 20, 1)], np.array([0, 1]))
        >>> statistic_texts("excluded_mosaicism", FUNCTIONS["excluded_mosaicism"], [metaphases])
        ['13.9108340669', '≤13.9108340669']
    """
    statistic = STATISTICS[name]
    columns = _completed(function, columns)
    texts, operator = _refusals(function, columns)
    if statistic.problem is not None:
        is_wrong, why = statistic.problem
        for row in np.flatnonzero(is_wrong(_numbers(function, columns))).tolist():
            texts[row] = texts[row] or refusal(why)
    rows = np.array([row for row, text in enumerate(texts) if not text], dtype=np.int64)
    if len(rows):
        sound = [column.take(rows) for column in columns]
        for row, text in zip(rows.tolist(), _values(statistic, function, sound, operator[rows]), strict=True):
            texts[row] = text
    return texts


def _numbers(function: DerivedFunction, columns: Sequence[QuantityColumn]) -> dict[str, NDArray[np.float64]]:
    return {entry.name: column.number for entry, column in zip(function.inputs, columns, strict=True)}


def _completed(function: DerivedFunction, columns: Sequence[QuantityColumn]) -> list[QuantityColumn]:
    """Return the inputs with what stands in for one that is not stated, where the function says what does.

    What was not detected is at most the input that bounds it. An input that is needless beside one that is reported as less
    than something is nothing there.
    """
    found = list(columns)
    names = [entry.name for entry in function.inputs]
    for position, entry in enumerate(function.inputs):
        if entry.not_detected_below:
            bound = found[names.index(entry.not_detected_below)]
            found[position] = _replaced(found[position], bound, _at_most, where=NOT_DETECTED)
        if entry.unless_below:
            other = found[names.index(entry.unless_below)]
            found[position] = _replaced(found[position], other, _nothing_below, where=ABSENT)
    return found


def _at_most(bound: Quantity) -> Quantity | None:
    is_bound = bound.operator in {"", "<", "≤"}
    return Quantity("≤", bound.numerator, bound.denominator, bound.kind) if is_bound else None


def _nothing_below(other: Quantity) -> Quantity | None:
    return _NOTHING if other.operator in {"<", "≤"} else None


def _replaced(
    column: QuantityColumn, other: QuantityColumn, replacement: Callable[[Quantity], Quantity | None], *, where: Problem
) -> QuantityColumn:
    """Return a column in which one problem has become what follows from another column, where anything does."""
    concerned = column.is_entry(where)
    if not concerned.any():
        return column
    code, entries = column.code.copy(), list(column.entries)
    for number, entry in enumerate(other.entries):
        instead = replacement(entry) if isinstance(entry, Quantity) else None
        if instead is not None:
            code[concerned & (other.code == number)] = len(entries)
            entries.append(instead)
    return QuantityColumn(code, tuple(entries))


def _refusals(function: DerivedFunction, columns: Sequence[QuantityColumn]) -> tuple[list[str], NDArray[np.uint8]]:
    """Return for each row why there is no value, empty where there is one, and the code of the value's operator.

    The first fault of the first input is named. Operators are never strict: a statistic need not change with its inputs.
    """
    texts = [""] * len(columns[0].code)
    operator, kind = np.zeros(len(texts), dtype=np.uint8), np.zeros(len(texts), dtype=np.int64)

    for entry, column in zip(function.inputs, columns, strict=True):
        number, is_known = column.number, column.is_quantity
        faults: list[tuple[NDArray[np.bool_], str]] = [(number < 0, f"{entry.name} is negative")]
        if entry.above_zero:
            faults.append((is_known & (number == 0), f"{entry.name} is zero"))
        if entry.at_most is not None:
            faults.append((number > entry.at_most, f"{entry.name} is above {entry.at_most} {entry.unit}"))
        if entry.unit is None:
            faults.append(((kind != 0) & (kind != column.kind), OTHER_KIND))
            kind = np.where(kind == 0, column.kind, kind)
        own = _WEAKENED[column.operator]
        own = _FLIPPED[own] if entry.direction is Direction.FALLS else own
        faults.append(((operator != 0) & (own != 0) & (operator != own), CENSORED))
        operator = np.where(own, own, operator)
        for row in np.flatnonzero(~is_known).tolist():
            texts[row] = texts[row] or refusal(f"{entry.name} {_problem(column, row)}")
        for where, why in faults:
            for row in np.flatnonzero(where).tolist():
                texts[row] = texts[row] or refusal(why)
    return texts, operator


def _problem(column: QuantityColumn, row: int) -> str:
    entry = column.at(row)
    return entry.text if isinstance(entry, Problem) else ""


def _values(
    statistic: Statistic, function: DerivedFunction, columns: Sequence[QuantityColumn], operator: NDArray[np.uint8]
) -> list[str]:
    """Return the texts of rows that have a value."""
    numbers = _numbers(function, columns)
    found = statistic.value(numbers)
    up = np.where(operator == 0, function.worse_up, operator == _AT_MOST)
    texts = rounded_texts(found, up=up, error=statistic.error(numbers))
    exact: dict[int, tuple[int, int]] = {}
    if statistic.is_product is not None:
        rows = np.flatnonzero(statistic.is_product(numbers))
        found_rows = [column.take(rows) for column in columns]
        exact |= zip(rows.tolist(), _products(function, statistic.product, found_rows), strict=True)
    if statistic.is_exact is not None and statistic.exact is not None:
        for row in np.flatnonzero(statistic.is_exact(numbers, found)).tolist():
            value = statistic.exact(_fractions(function, columns, row))
            if value is not None:
                exact[row] = value.numerator, value.denominator
    least: Iterable[tuple[int, int] | None] = repeat(None)
    if function.never_below:
        least = _products(function, function.never_below, columns)
    return [
        _larger(OPERATORS[code], value, text, exact.get(row), bound)
        for row, (code, value, text, bound) in enumerate(
            zip(operator.tolist(), found.tolist(), texts, least, strict=False)  # `least` may have no end
        )
    ]


def _fractions(function: DerivedFunction, columns: Sequence[QuantityColumn], row: int) -> dict[str, Fraction]:
    entries = zip(function.inputs, (column.at(row) for column in columns), strict=True)
    return {entry.name: found.fraction for entry, found in entries if isinstance(found, Quantity)}


def _products(
    function: DerivedFunction, names: Sequence[str], columns: Sequence[QuantityColumn]
) -> list[tuple[int, int]]:
    """Return for each row the product of some inputs and the factor of the function, above and below the line."""
    named = [column for entry, column in zip(function.inputs, columns, strict=True) if entry.name in names]
    fits = np.logical_and.reduce([column.fits for column in named])
    found = product_of(
        [(column.numerator, column.denominator) for column in named], fits=fits, constant=function.factor
    )
    above, below = (numbers.tolist() for numbers in found.reduced())
    for row in np.flatnonzero(~found.fits).tolist():
        value = function.factor
        for name, fraction in _fractions(function, columns, row).items():
            value *= fraction if name in names else 1
        above[row], below[row] = value.numerator, value.denominator
    return list(zip(above, below, strict=True))


def _larger(
    operator: str, value: float, text: str, exact: tuple[int, int] | None, least: tuple[int, int] | None
) -> str:
    """Return the statistic, or what it never falls below where that is larger, with the operator."""
    if exact is not None:
        if least is not None and least[0] * exact[1] > exact[0] * least[1]:
            exact = least
        return quantity_text(operator, *exact)
    if least is None:
        return operator + text
    bound = least[0] / least[1]
    is_larger = value > bound
    if abs(value - bound) <= bound * _CLOSE:
        is_larger = Fraction(text) >= Fraction(*least)
    return operator + text if is_larger else quantity_text(operator, *least)
