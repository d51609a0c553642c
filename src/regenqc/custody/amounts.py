"""Arithmetic of quantities without rounding: what is taken from an item and what is left of it are equal to the last digit."""

from __future__ import annotations

from decimal import Context, Decimal
from functools import reduce
from typing import Final

__all__ = ["difference_of", "sum_of"]

# A quantity has up to 18 digits before and 18 behind the point, and no log has so many events that sums outgrow this. The
# context of `decimal` itself would round after 28.
_EXACT: Final = Context(prec=100)


def sum_of(*amounts: Decimal) -> Decimal:
    """Return the exact sum.

    Example:
        >>> sum_of(Decimal("999999999999999999"), Decimal("0.000000000000000001"))
        Decimal('999999999999999999.000000000000000001')
    """
    return reduce(_EXACT.add, amounts)


def difference_of(amount: Decimal, less: Decimal) -> Decimal:
    """Return the exact difference.

    Example:
        >>> difference_of(Decimal(20), Decimal("2.5"))
        Decimal('17.5')
    """
    return _EXACT.subtract(amount, less)
