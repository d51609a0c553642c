"""Tell plainly written dates, as machine code: ISO 8601, year first, on a day of the calendar; anything else is left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.compiled import CompiledFunction

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OPEN", "TELL_DATES", "WITHOUT_ZONE", "ZONED_OR_EMPTY", "tell_dates"]

# As `regenqc.intake.dates.DateKind`; whole numbers, because compiled code reads constants.
ZONED_OR_EMPTY: Final = 0
WITHOUT_ZONE: Final = 1
OPEN: Final = 255

_ZERO, _NINE = 48, 57
_TWO_ZEROS: Final = 11 * _ZERO
_DASH, _PLUS, _COLON, _BLANK, _T, _Z = 45, 43, 58, 32, 84, 90
# Where digits stand: of the day, of hour and minute behind it, and of two numbers behind a sign.
_DAY: Final = (0, 1, 2, 3, 5, 6, 8, 9)
_MINUTE: Final = (11, 12, 14, 15)
_OFFSET: Final = (1, 2, 4, 5)


def tell_dates(offsets: NDArray[np.int32], data: NDArray[np.uint8], kinds: NDArray[np.uint8]) -> int:
    """Tell what each of some texts can be used for, where it is written plainly.

    Plain are nothing at all, `2026-01-31`, and that with `T10:00` or `T10:00:00` (or a blank for the T), alone or with `Z`
    or `+09:00` behind it.

    Args:
        offsets: where each text begins in `data`, and where the last one ends.
        data: bytes of the texts.
        kinds: gets `ZONED_OR_EMPTY`, `WITHOUT_ZONE` or `OPEN` for each.

    Returns:
        How many are left open.
    """
    left = 0
    for word in range(kinds.size):
        begin, end = int(offsets[word]), int(offsets[word + 1])
        length = end - begin
        kind = ZONED_OR_EMPTY if length == 0 else OPEN
        is_plain = length >= 10 and data[begin + 4] == _DASH and data[begin + 7] == _DASH
        if is_plain:
            for place in _DAY:
                is_plain &= _ZERO <= data[begin + place] <= _NINE
        if is_plain:
            year = 100 * (10 * int(data[begin]) + int(data[begin + 1]) - _TWO_ZEROS)
            year += 10 * int(data[begin + 2]) + int(data[begin + 3]) - _TWO_ZEROS
            month = 10 * int(data[begin + 5]) + int(data[begin + 6]) - _TWO_ZEROS
            day = 10 * int(data[begin + 8]) + int(data[begin + 9]) - _TWO_ZEROS
            days = 31 - int(month in (4, 6, 9, 11))
            if month == 2:
                days = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
            is_plain = 1900 <= year < 2200 and 1 <= month <= 12 and 1 <= day <= days
        if is_plain and length == 10:
            kind = WITHOUT_ZONE
        is_plain &= length >= 16
        if is_plain:
            is_plain = data[begin + 13] == _COLON and data[begin + 10] in (_T, _BLANK)
            for place in _MINUTE:
                is_plain &= _ZERO <= data[begin + place] <= _NINE
            is_plain &= 10 * int(data[begin + 11]) + int(data[begin + 12]) - _TWO_ZEROS < 24
            is_plain &= data[begin + 14] < _ZERO + 6
        if is_plain:
            at = begin + 16
            if end - at >= 3 and data[at] == _COLON:
                is_plain = _ZERO <= data[at + 1] < _ZERO + 6 and _ZERO <= data[at + 2] <= _NINE
                at += 3
            if is_plain and at == end:
                kind = WITHOUT_ZONE
            elif is_plain and end - at == 1 and data[at] == _Z:
                kind = ZONED_OR_EMPTY
            elif is_plain and end - at == 6 and data[at + 3] == _COLON and data[at] in (_PLUS, _DASH):
                for place in _OFFSET:
                    is_plain &= _ZERO <= data[at + place] <= _NINE
                is_plain &= 10 * int(data[at + 1]) + int(data[at + 2]) - _TWO_ZEROS < 24
                if is_plain and data[at + 4] < _ZERO + 6:
                    kind = ZONED_OR_EMPTY
        kinds[word] = kind
        left += int(kind == OPEN)
    return left


def _no_dates() -> tuple[Any, ...]:
    byte = np.empty(0, dtype=np.uint8)
    return np.empty(0, dtype=np.int32), byte, byte


TELL_DATES: Final = CompiledFunction(tell_dates, like=_no_dates)
