"""Exact sums of the results of each batch, for totals and means."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from regenqc.evaluation.derivation.quantity import OPERATORS, Quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.derivation.columns import Problem, QuantityColumn

__all__ = ["Scaled", "Sums", "scaled_numbers", "sum_of", "sums_of"]

_LARGEST_DENOMINATOR: Final = 1 << 40
_LARGEST_SUM: Final = 1 << 61


class Scaled(NamedTuple):
    """Numbers of rows as whole numbers over one denominator.

    Args:
        number: whole number of every row, 0 where it does not fit.
        denominator: of all of them.
        fits: which rows are exact; a sum of as many as there are rows then is exact too.
    """

    number: NDArray[np.int64]
    denominator: int
    fits: NDArray[np.bool_]


class Sums(NamedTuple):
    """Sums by batch.

    Args:
        numerator: of the sum, 0 where it does not fit.
        denominator: of all of them.
        operator: code of the operator, see `OPERATORS`; 0 where no result is censored.
        agree: whether all censored results of the batch have this operator.
        known: whether every result of the batch is a quantity.
        fits: whether the sum is exact; otherwise it has to be computed by other means.
    """

    numerator: NDArray[np.int64]
    denominator: int
    operator: NDArray[np.uint8]
    agree: NDArray[np.bool_]
    known: NDArray[np.bool_]
    fits: NDArray[np.bool_]


def scaled_numbers(column: QuantityColumn) -> Scaled:
    """Return a column over one common denominator, as far as sums of it provably fit 62 bits.

    Example:
        >>> from regenqc.evaluation.derivation.columns import quantity_column
        >>> half, third = Quantity("", 1, 2), Quantity("", 1, 3)
        >>> found = scaled_numbers(quantity_column([half, third], np.array([0, 1])))
        >>> found.number.tolist(), found.denominator
        ([3, 2], 6)
    """
    common = 1
    for denominator in sorted({entry.denominator for entry in column.entries if isinstance(entry, Quantity)}):
        together = lcm(common, denominator)
        common = together if together <= _LARGEST_DENOMINATOR else common
    largest = _LARGEST_SUM // max(len(column.code), 1)
    numbers = [0] * len(column.entries)
    fits = [False] * len(column.entries)
    for code, entry in enumerate(column.entries):
        if isinstance(entry, Quantity) and common % entry.denominator == 0:
            number = entry.numerator * (common // entry.denominator)
            if abs(number) <= largest:
                numbers[code], fits[code] = number, True
    return Scaled(np.array(numbers, dtype=np.int64)[column.code], common, np.array(fits)[column.code])


def sums_of(column: QuantityColumn, begins: NDArray[np.int64]) -> Sums:
    """Return the sums of a column by batch.

    Args:
        column: sorted by batch.
        begins: first row of every batch.
    """
    scaled = scaled_numbers(column)
    operator = column.operator
    highest = np.maximum.reduceat(operator, begins)
    # A plain number takes the place of whatever operator the others have.
    lowest = np.minimum.reduceat(np.where(operator == 0, np.uint8(len(OPERATORS)), operator), begins)
    return Sums(
        np.add.reduceat(scaled.number, begins),
        scaled.denominator,
        highest,
        (highest == 0) | (highest == lowest),
        np.logical_and.reduceat(column.is_quantity, begins),
        np.logical_and.reduceat(scaled.fits, begins),
    )


def sum_of(entries: Sequence[Quantity | Problem]) -> Fraction:
    """Return the sum of quantities of any length.

    Example:
        >>> sum_of([Quantity("", 1, 2), Quantity("<", 1, 3)])
        Fraction(5, 6)
    """
    return sum((entry.fraction for entry in entries if isinstance(entry, Quantity)), start=Fraction(0))
