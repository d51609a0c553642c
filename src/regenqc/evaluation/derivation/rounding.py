"""Statistics as text: 12 significant digits, never better than the statistic itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ARITHMETIC", "DIGITS", "rounded_texts"]

DIGITS: Final = 12

# What is computed in doubles is exact to a few parts in 10^15. This much, a tenth of the last digit written, may be wrong
# without a text that is better than the statistic.
ARITHMETIC: Final = 1e-13

_MOST_EXACT_POWER: Final = 22
_LEAST_PLAIN: Final = 1e-4


def rounded_texts(
    values: NDArray[np.float64], *, up: NDArray[np.bool_], error: NDArray[np.float64] | float = ARITHMETIC
) -> list[str]:
    """Return statistics as plain decimals of 12 significant digits.

    Args:
        values: finite.
        up: whether each is rounded up; otherwise it is rounded down.
        error: how far each may be from the statistic itself, relatively.

    Example:
        >>> rounded_texts(np.array([2 / 3, 2 / 3, 0.0]), up=np.array([True, False, True]))
        ['0.666666666667', '0.666666666666', '0']
    """
    with np.errstate(divide="ignore"):
        exponent = np.where(values == 0, 0, np.floor(np.log10(np.abs(values))))
    power = (DIGITS - 1 - exponent).astype(np.int64)
    scaled = values * 10.0**power
    slack = np.abs(scaled) * error
    whole = np.where(up, np.ceil(scaled + slack), np.floor(scaled - slack)) + 0.0
    return [_text(int(number), places) for number, places in zip(whole.tolist(), power.tolist(), strict=True)]


def _text(number: int, places: int) -> str:
    """Return number × 10^-places."""
    if 0 <= places <= _MOST_EXACT_POWER:
        # Both are exact doubles, so that their quotient is the double nearest to the decimal, and its text that decimal.
        value = number / 10**places
        if value == 0 or abs(value) >= _LEAST_PLAIN:
            return repr(value).removesuffix(".0")
    return format(Decimal(number).scaleb(-places).normalize(), "f")
