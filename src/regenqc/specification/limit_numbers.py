"""The numbers of limits as whole numbers and powers of ten.

They are made when a specification is read, so that thousands of specifications judge without reading any of them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.measurement.limits import Rounding, is_plain_decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.specification.model import Criterion, LimitText

__all__ = ["LIMIT_NUMBERS", "ROUNDINGS", "SIDES", "limit_numbers"]

SIDES: Final = ("lower", "upper", "alert_lower", "alert_upper")
ROUNDINGS: Final = (Rounding.NONE, Rounding.USP, Rounding.PH_EUR)

# Of each side: the number is `whole` times ten to the `power`. A side that is not stated is plain.
LIMIT_NUMBERS: Final = np.dtype(
    [
        *(
            (f"{side}_{part}", kind)
            for side in SIDES
            for part, kind in (
                ("whole", np.int64),
                ("power", np.int8),
                ("is_stated", np.bool_),
                ("is_exclusive", np.bool_),
                ("is_plain", np.bool_),
                ("is_power_or_zero", np.bool_),
            )
        ),
        ("rounding", np.int8),
    ]
)

_Side = tuple[int, int, bool, bool, bool, bool]
_NOT_STATED: Final[_Side] = (0, 0, False, False, True, False)
# What a limit without any number says is for those who read it one by one.
_UNDECIDED: Final[_Side] = (0, 0, False, False, False, False)


def limit_numbers(criteria: Sequence[tuple[Criterion, str | None]]) -> NDArray[np.void]:
    """Return the numbers of the limit and alert limit of some criteria.

    Args:
        criteria: each with its rounding rule; one without a limit gets an entry as well.

    Returns:
        `LIMIT_NUMBERS` of each, the rounding as position in `ROUNDINGS`. What is not written with at most fourteen digits and
        a point, or with two numbers for one side, is not plain; its numbers say nothing.

    Example:
        >>> from regenqc.specification.model import AlternativePart
        >>> numbers = limit_numbers([(AlternativePart(test="a", limit={"max": "0.50", "unit": "%"}), None)])
        >>> int(numbers["upper_whole"][0]), int(numbers["upper_power"][0]), bool(numbers["lower_is_stated"][0])
        (50, -2, False)
    """
    rows = [
        (*_both_sides(criterion.limit), *_both_sides(criterion.alert), ROUNDINGS.index(Rounding(rounding or "none")))
        for criterion, rounding in criteria
    ]
    return np.array(rows, dtype=LIMIT_NUMBERS)


def _both_sides(limit: LimitText | None) -> tuple[int | bool, ...]:
    if limit is None:
        return (*_NOT_STATED, *_NOT_STATED)
    lower, upper = _side(limit.min, limit.min_exclusive), _side(limit.max, limit.max_exclusive)
    return (*(_UNDECIDED if lower == upper == _NOT_STATED else lower), *upper)


def _side(inclusive: str | None, exclusive: str | None) -> _Side:
    text = inclusive if exclusive is None else exclusive
    if text is None:
        return _NOT_STATED
    is_exclusive = exclusive is not None
    if (inclusive is not None and is_exclusive) or not is_plain_decimal(text):
        return (0, 0, True, is_exclusive, False, False)
    units, _, decimals = text.partition(".")
    whole = units + decimals
    return (int(whole), -len(decimals), True, is_exclusive, True, whole.strip("0") in {"", "1"})
