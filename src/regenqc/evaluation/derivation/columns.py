"""Columns of quantities: codes over distinct quantities, as arrays that whole columns are computed with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from regenqc.evaluation.derivation.quantity import OPERATORS, Quantity
from regenqc.measurement.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

__all__ = [
    "ABSENT",
    "NOT_DETECTED",
    "UNREADABLE",
    "Problem",
    "QuantityColumn",
    "Rationals",
    "product_of",
    "quantity_column",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an input is no quantity.

    Args:
        text: what is wrong, behind the name of the input.
    """

    text: str


ABSENT: Final = Problem("is not stated")
UNREADABLE: Final = Problem("cannot be read")
# For an input of which another one bounds what was not detected.
NOT_DETECTED: Final = Problem("was not detected and states no detection limit")

_OPERATOR_CODES: Final = {operator: code for code, operator in enumerate(OPERATORS)}
_KINDS: Final = {kind: code for code, kind in enumerate(["", *dict.fromkeys(unit.kind for unit in UNITS)])}
_MOST_BITS: Final = 62.0


@dataclass(frozen=True)
class QuantityColumn:
    """One input of many derived results.

    Args:
        code: index into `entries`, one per derived result.
        entries: the distinct quantities, and problems where there is none; the first is `ABSENT`.
    """

    code: NDArray[np.int32]
    entries: tuple[Quantity | Problem, ...]

    def take(self, rows: NDArray[np.integer[Any]]) -> QuantityColumn:
        """Return some rows."""
        return QuantityColumn(self.code[rows], self.entries)

    def at(self, row: int) -> Quantity | Problem:
        """Return one entry."""
        return self.entries[int(self.code[row])]

    @cached_property
    def numerator(self) -> NDArray[np.int64]:
        """Return the numerators; 0 where `fits` is false."""
        return self._of_entries(lambda entry: entry.numerator if _fits(entry) else 0, np.int64)

    @cached_property
    def denominator(self) -> NDArray[np.int64]:
        """Return the denominators; 1 where `fits` is false."""
        return self._of_entries(lambda entry: entry.denominator if _fits(entry) else 1, np.int64, other=1)

    @property
    def is_absent(self) -> NDArray[np.bool_]:
        """Return which rows are not stated."""
        absent: NDArray[np.bool_] = self.code == 0
        return absent

    def is_entry(self, wanted: Problem) -> NDArray[np.bool_]:
        """Return which rows have one problem."""
        return np.array([entry is wanted for entry in self.entries], dtype=np.bool_)[self.code]

    @cached_property
    def is_quantity(self) -> NDArray[np.bool_]:
        """Return which rows hold a quantity."""
        return self._of_entries(lambda _: True, np.bool_, other=False)

    @cached_property
    def fits(self) -> NDArray[np.bool_]:
        """Return which rows hold a quantity of at most 62 bits above and below."""
        return self._of_entries(_fits, np.bool_)

    @cached_property
    def operator(self) -> NDArray[np.uint8]:
        """Return the codes of the operators, see `OPERATORS`; 0 for a problem."""
        return self._of_entries(lambda entry: _OPERATOR_CODES[entry.operator], np.uint8)

    @cached_property
    def number(self) -> NDArray[np.float64]:
        """Return the nearest doubles; 0 for a problem."""
        return self._of_entries(lambda entry: entry.numerator / entry.denominator, np.float64)

    @cached_property
    def kind(self) -> NDArray[np.int64]:
        """Return a code of the kind of unit, the same for the same kind in every column; 0 where it does not matter."""
        return self._of_entries(lambda entry: _KINDS[entry.kind], np.int64)

    def _of_entries(self, value: Any, dtype: Any, *, other: Any = 0) -> NDArray[Any]:
        by_code = [value(entry) if isinstance(entry, Quantity) else other for entry in self.entries]
        return np.array(by_code, dtype=dtype)[self.code]


def _fits(entry: Quantity) -> bool:
    return abs(entry.numerator).bit_length() <= _MOST_BITS and entry.denominator.bit_length() <= _MOST_BITS


def quantity_column(found: Iterable[Quantity | Problem], of_row: NDArray[np.integer[Any]]) -> QuantityColumn:
    """Return a column whose rows point at what was found, equal quantities being one.

    Args:
        found: for every distinct text what it says.
        of_row: the distinct text of every row.

    Example:
        >>> half = Quantity("", 1, 2)
        >>> quantity_column([half, half, ABSENT], np.array([0, 1, 2])).code.tolist()
        [1, 1, 0]
    """
    codes: dict[Quantity | Problem, int] = {ABSENT: 0}
    by_text = np.array([codes.setdefault(entry, len(codes)) for entry in found], dtype=np.int32)
    return QuantityColumn(by_text[of_row] if len(by_text) else np.empty(0, dtype=np.int32), tuple(codes))


class Rationals(NamedTuple):
    """Rational numbers, one per row, not reduced.

    Args:
        numerator: not below zero.
        denominator: zero where something is divided by nothing.
        fits: whether they are exact; a row that does not fit has to be computed by other means.
    """

    numerator: NDArray[np.int64]
    denominator: NDArray[np.int64]
    fits: NDArray[np.bool_]

    def reduced(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return them in lowest terms."""
        divisor = np.maximum(np.gcd(self.numerator, self.denominator), 1)
        return self.numerator // divisor, self.denominator // divisor


def product_of(
    factors: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], *, fits: NDArray[np.bool_], constant: Fraction
) -> Rationals:
    """Return the exact product of fractions by rows, as far as it provably fits 62 bits.

    Args:
        factors: numerators and denominators, not below zero.
        fits: rows of which all factors are exact.
        constant: further factor.

    Example:
        >>> from fractions import Fraction
        >>> one, two, three = (np.array([number]) for number in (1, 2, 3))
        >>> found = product_of([(one, two), (three, one)], fits=np.array([True]), constant=Fraction(1, 100))
        >>> found.numerator.tolist(), found.denominator.tolist(), found.fits.tolist()
        ([3], [200], [True])
    """
    above = np.full(len(fits), constant.numerator, dtype=np.int64)
    below = np.full(len(fits), constant.denominator, dtype=np.int64)
    above_bits, below_bits = np.log2(above.astype(np.float64)), np.log2(below.astype(np.float64))
    for numerator, denominator in factors:
        above_bits += np.log2(np.maximum(numerator, 1))
        below_bits += np.log2(np.maximum(denominator, 1))
    fits = fits & (above_bits < _MOST_BITS) & (below_bits < _MOST_BITS)
    for numerator, denominator in factors:
        above *= np.where(fits, numerator, 0)
        below *= np.where(fits, denominator, 1)
    return Rationals(above, below, fits)
