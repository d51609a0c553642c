"""Statistics of columns of inputs as text: what is censored stays censored, and nothing is rounded in favour of a batch."""

from __future__ import annotations

from fractions import Fraction
from itertools import repeat
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.derivation.columns import ABSENT, NOT_DETECTED, Problem, QuantityColumn, product_of
from regenqc.evaluation.derivation.exact_rules import CENSORED, OTHER_KIND, OUT_OF_RANGE, refusal
from regenqc.evaluation.derivation.quantity import FLIPPED, OPERATORS, WEAKENED, Quantity, quantity_text
from regenqc.evaluation.derivation.rounding import rounded_texts
from regenqc.evaluation.derivation.statistic_rules import STATISTICS
from regenqc.specification.derived_functions import Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.derivation.statistic_rules import Statistic
    from regenqc.specification.derived_functions import DerivedFunction

__all__ = ["NO_BOUND", "least_texts", "statistic_texts"]

NO_BOUND: Final = "inputs censored so that nothing bounds it from above"

_FLIPPED: Final = np.array(FLIPPED, dtype=np.uint8)
_WEAKENED: Final = np.array(WEAKENED, dtype=np.uint8)
_AT_MOST: Final = OPERATORS.index("≤")
_AT_LEAST: Final = OPERATORS.index("≥")
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
        ['≤13.9108340669', '≤13.9108340669']
    """
    statistic = STATISTICS[name]
    columns = _completed(function, columns)
    texts, operator = _refusals(function, columns)
    if statistic.problem is not None:
        is_wrong, why = statistic.problem
        for row in np.flatnonzero(is_wrong(_numbers(function, columns))).tolist():
            texts[row] = texts[row] or refusal(why)
    rows = np.array([row for row, text in enumerate(texts) if not text], dtype=np.int64)
    with np.errstate(all="ignore"):
        found = statistic.value(_numbers(function, [column.take(rows) for column in columns]))
    for row in rows[~np.isfinite(found)].tolist():
        texts[row] = refusal(OUT_OF_RANGE)
    rows, found = rows[np.isfinite(found)], found[np.isfinite(found)]
    written = _written(statistic, function, [column.take(rows) for column in columns], operator[rows], found)
    for row, text in zip(rows.tolist(), written, strict=True):
        texts[row] = text
    if function.is_bound:
        # What is censored the other way is bounded from below only.
        unbounded = np.flatnonzero([text.startswith("≥") for text in texts])
        for row, text in zip(unbounded.tolist(), _least(statistic, function, columns, unbounded), strict=True):
            texts[row] = f"≥{text}" if text else refusal(NO_BOUND)
    return texts


def least_texts(
    name: str, function: DerivedFunction, columns: Sequence[QuantityColumn], bounds: Sequence[str]
) -> list[str]:
    """Return beside each upper bound what is there at least, empty where nothing was detected or none is known.

    An upper bound never fails a limit, because nobody has shown that so much is there. The lower bound of the same
    confidence does. Where nothing was detected, or only less than something, there is none: it is never zero.

    Args:
        name: of the function.
        function: a statistic that is an upper bound.
        columns: one for each input, in its unit.
        bounds: what `statistic_texts` returned for them.

    Example:
        >>> from regenqc.evaluation.derivation.columns import quantity_column
        >>> from regenqc.specification.derived_functions import FUNCTIONS
        >>> function, at = FUNCTIONS["residual_cells_bound_by_count"], np.array([0, 1])
        >>> positives = quantity_column([Quantity("", 20, 1), Quantity("", 0, 1)], at)
        >>> rest = [quantity_column([Quantity("", number, 1)], at * 0) for number in (10**6, 50, 1, 10**8)]
        >>> columns = [positives, *rest]
        >>> bounds = statistic_texts("residual_cells_bound_by_count", function, columns)
        >>> least_texts("residual_cells_bound_by_count", function, columns, bounds)
        ['2650.93793471', '']
    """
    found = [""] * len(bounds)
    bounded = np.flatnonzero([text.startswith("≤") for text in bounds])
    columns = _completed(function, columns)
    for row, text in zip(bounded.tolist(), _least(STATISTICS[name], function, columns, bounded), strict=True):
        found[row] = text
    return found


def _least(
    statistic: Statistic,
    function: DerivedFunction,
    columns: Sequence[QuantityColumn],
    rows: NDArray[np.int64],
) -> list[str]:
    """Return what is there at least in some rows, rounded down; empty where nothing is known to be."""
    texts = [""] * len(rows)
    if statistic.least is None or not len(rows):
        return texts
    by_name = {entry.name: column.take(rows) for entry, column in zip(function.inputs, columns, strict=True)}
    known = np.ones(len(rows), dtype=np.bool_)
    for names, unknown in ((statistic.least_rises, _AT_MOST), (statistic.least_falls, _AT_LEAST)):
        for name in names:
            known &= _WEAKENED[by_name[name].operator] != unknown
    numbers = {name: column.number for name, column in by_name.items()}
    with np.errstate(all="ignore"):
        found = statistic.least(numbers)
    known &= np.isfinite(found) & (found > 0)
    at = np.flatnonzero(known)
    error = np.broadcast_to(np.asarray(statistic.error(numbers)), found.shape)[at]
    for row, text in zip(
        at.tolist(), rounded_texts(found[at], up=np.zeros(len(at), dtype=np.bool_), error=error), strict=True
    ):
        texts[row] = text
    if statistic.is_product is not None:
        exact = np.flatnonzero(known & statistic.is_product(numbers))
        of_rows = [by_name[entry.name].take(exact) for entry in function.inputs]
        for row, value in zip(exact.tolist(), _products(function, statistic.product, of_rows), strict=True):
            texts[row] = quantity_text("", *value)
    return ["" if text == "0" else text for text in texts]


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

    The first fault of the first input is named. Operators are never strict: a statistic need not change with its inputs. An
    upper bound on what is really there is at most that, also where no input is censored.
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
    if function.is_bound:
        operator = np.where(operator == 0, np.uint8(_AT_MOST), operator)
    return texts, operator


def _problem(column: QuantityColumn, row: int) -> str:
    entry = column.at(row)
    return entry.text if isinstance(entry, Problem) else ""


def _written(
    statistic: Statistic,
    function: DerivedFunction,
    columns: Sequence[QuantityColumn],
    operator: NDArray[np.uint8],
    found: NDArray[np.float64],
) -> list[str]:
    """Return the texts of values, which are numbers."""
    numbers = _numbers(function, columns)
    up = np.where(operator == 0, function.worse_up, operator == _AT_MOST)
    texts = rounded_texts(found, up=up, error=statistic.error(numbers))
    exact: dict[int, tuple[int, int]] = {}
    if statistic.is_product is not None:
        rows = np.flatnonzero(statistic.is_product(numbers))
        of_rows = [column.take(rows) for column in columns]
        exact |= zip(rows.tolist(), _products(function, statistic.product, of_rows), strict=True)
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
