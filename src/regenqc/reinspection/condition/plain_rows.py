"""One pass over the bytes of a logger's file, for files that are plain throughout; any other file is left to the reader of tables.

Plain is what loggers usually write: as many cells in every line, no quotes, moments as `2026-03-16T09:00:00+01:00` (with or
without milliseconds), decimal numbers of at most 15 digits, serial numbers in ASCII. About such a file there is one opinion only,
so that both ways of reading it give the same numbers, bit by bit. At the first byte that is not plain the pass gives up.

The function is ordinary Python; large files run it compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CHANNEL", "LOGGER", "MOMENT", "NOT_PLAIN", "PASSED_OVER", "SHORTEST_ROW", "scan_rows"]

# What a column holds: a moment, a serial number, nothing that is wanted, or a channel by its number from 0.
MOMENT: Final = -3
LOGGER: Final = -2
PASSED_OVER: Final = -1
CHANNEL: Final = 0
NOT_PLAIN: Final = -1
# No plain row has fewer bytes: a moment with its zone, of which the last may end the file.
SHORTEST_ROW: Final = 19

# Of each byte the digit that it writes; of any other byte far more than a digit.
_DIGIT: Final = np.asarray([byte - 48 if 48 <= byte <= 57 else 100_000 for byte in range(256)])
_POWERS: Final = np.asarray([10.0**power for power in range(16)])
_DAYS: Final = np.asarray([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_BEFORE: Final = np.asarray([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])


def scan_rows(
    data: NDArray[np.uint8],
    begin: int,
    delimiter: int,
    decimal: int,
    is_zoned: int,
    holds: NDArray[np.int64],
    moments: NDArray[np.int64],
    values: NDArray[np.float64],
    runs: NDArray[np.int64],
    run_count: NDArray[np.int64],
) -> int:
    """Read rows into arrays.

    Args:
        data: bytes of the file.
        begin: where the first row begins.
        delimiter: byte between cells.
        decimal: byte before decimals.
        is_zoned: moments state their zone; otherwise none does.
        holds: for each column what it holds.
        moments: gets milliseconds since 1970-01-01T00:00:00, of UTC where moments state their zone.
        values: by channel, gets the readings; NaN for an empty cell.
        runs: gets, for each run of rows with one serial number, its first row, and where that number begins and ends.
        run_count: gets the number of runs.

    Returns:
        Number of rows; `NOT_PLAIN` where the file is not plain, or holds more rows or runs than the arrays.
    """
    size, columns, last = len(data), len(holds), len(holds) - 1
    at, row, run, known, length = begin, 0, 0, 0, 0
    last_date, midnight = np.int64(0), np.int64(0)
    while at < size:
        if row == len(moments):
            return NOT_PLAIN
        for column in range(columns):
            kind = holds[column]
            if kind == MOMENT:
                # 2026-03-16T09:00:00: what is no digit counts so much that every part which holds it is out of range.
                if at + 19 > size:
                    return NOT_PLAIN
                if (
                    data[at + 4] != 45
                    or data[at + 7] != 45
                    or data[at + 13] != 58
                    or data[at + 16] != 58
                    or (data[at + 10] != 84 and data[at + 10] != 32)
                ):
                    return NOT_PLAIN
                year = (
                    _DIGIT[data[at]] * 1000
                    + _DIGIT[data[at + 1]] * 100
                    + _DIGIT[data[at + 2]] * 10
                    + _DIGIT[data[at + 3]]
                )
                month = _DIGIT[data[at + 5]] * 10 + _DIGIT[data[at + 6]]
                day = _DIGIT[data[at + 8]] * 10 + _DIGIT[data[at + 9]]
                hour = _DIGIT[data[at + 11]] * 10 + _DIGIT[data[at + 12]]
                minute = _DIGIT[data[at + 14]] * 10 + _DIGIT[data[at + 15]]
                second = _DIGIT[data[at + 17]] * 10 + _DIGIT[data[at + 18]]
                if year < 1901 or year > 2199 or month < 1 or month > 12 or hour > 23 or minute > 59 or second > 59:
                    return NOT_PLAIN
                date = (year * 100 + month) * 100 + day
                if date != last_date:
                    is_leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
                    if day < 1 or day > _DAYS[month - 1] + (1 if is_leap and month == 2 else 0):
                        return NOT_PLAIN
                    before = year - 1
                    days = before * 365 + before // 4 - before // 100 + before // 400 - 719_162
                    days += _BEFORE[month - 1] + day - 1 + (1 if is_leap and month > 2 else 0)
                    last_date, midnight = date, days * 86_400_000
                moment = midnight + ((hour * 60 + minute) * 60 + second) * 1000
                at += 19
                if at + 4 <= size and data[at] == 46:
                    thousandths = _DIGIT[data[at + 1]] * 100 + _DIGIT[data[at + 2]] * 10 + _DIGIT[data[at + 3]]
                    if thousandths > 999:
                        return NOT_PLAIN
                    moment += thousandths
                    at += 4
                if is_zoned:
                    if at < size and data[at] == 90:
                        at += 1
                    elif at + 6 <= size and (data[at] == 43 or data[at] == 45) and data[at + 3] == 58:
                        hours = _DIGIT[data[at + 1]] * 10 + _DIGIT[data[at + 2]]
                        minutes = _DIGIT[data[at + 4]] * 10 + _DIGIT[data[at + 5]]
                        if hours > 23 or minutes > 59:
                            return NOT_PLAIN
                        offset = (hours * 60 + minutes) * 60_000
                        moment += offset if data[at] == 45 else -offset
                        at += 6
                    else:
                        return NOT_PLAIN
                moments[row] = moment
            elif kind >= CHANNEL:
                first = at
                is_negative = at < size and data[at] == 45
                if is_negative:
                    at += 1
                number, digits, decimals = np.int64(0), 0, 0
                while at < size and _DIGIT[data[at]] <= 9:
                    number = number * 10 + _DIGIT[data[at]]
                    digits += 1
                    at += 1
                    if digits > 15:
                        return NOT_PLAIN
                if digits > 0 and at < size and data[at] == decimal:
                    at += 1
                    while at < size and _DIGIT[data[at]] <= 9:
                        number = number * 10 + _DIGIT[data[at]]
                        decimals += 1
                        at += 1
                        if digits + decimals > 15:
                            return NOT_PLAIN
                    if decimals == 0:
                        return NOT_PLAIN
                if digits > 0:
                    # Both are whole numbers that doubles hold exactly, so that one division rounds rightly.
                    reading = np.float64(number) / _POWERS[decimals]
                    values[kind, row] = -reading if is_negative else reading
                elif at == first:
                    values[kind, row] = np.nan
                else:
                    return NOT_PLAIN
            else:
                first = at
                # Nearly always it is the logger of the row before.
                is_same = kind == LOGGER and length > 0 and at + length < size
                if is_same:
                    behind = data[at + length]
                    is_same = behind == delimiter or behind == 10 or behind == 13  # noqa: PLR1714 - compiled code
                if is_same:
                    for place in range(length):
                        if data[first + place] != data[known + place]:
                            is_same = False
                            break
                if is_same:
                    at += length
                else:
                    while at < size and data[at] != delimiter and data[at] != 10 and data[at] != 13:
                        byte = data[at]
                        if byte == 34 or (kind == LOGGER and (byte < 33 or byte > 126)):
                            return NOT_PLAIN
                        at += 1
                    if kind == LOGGER:
                        if at == first or run == len(runs):
                            return NOT_PLAIN
                        runs[run, 0], runs[run, 1], runs[run, 2] = row, first, at
                        known, length = first, at - first
                        run += 1
            if column < last:
                if at >= size or data[at] != delimiter:
                    return NOT_PLAIN
                at += 1
        if at < size:
            if data[at] == 13 and at + 1 < size:
                at += 1
            if data[at] != 10:
                return NOT_PLAIN
            at += 1
        row += 1
    run_count[0] = run
    return row
