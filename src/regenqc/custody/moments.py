"""Moments as the record writes them: UTC, milliseconds, one form whose order as text is the order in time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

from regenqc.errors import DataError, Fault

__all__ = ["ZONES", "is_moment", "milliseconds_of", "moment_of", "moment_of_milliseconds"]

_CLOCK: Final = re.compile(r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z")

# Offsets of civil time lie between -12:00 and +14:00 in quarters of an hour.
ZONES: Final[frozenset[str]] = frozenset(
    f"{'-' if quarters < 0 else '+'}{abs(quarters) // 4:02d}:{abs(quarters) % 4 * 15:02d}"
    for quarters in range(-48, 57)
)


class _Days(dict[str, int]):
    """Milliseconds at which days begin, -1 for texts that are no date: no day begins one millisecond before 1970.

    A log is full of events of the same days, so each is read once.
    """

    def __missing__(self, text: str) -> int:
        if len(self) > _MOST_DAYS:
            self.clear()
        start = _start_of(text)
        self[text] = start
        return start


def _start_of(text: str) -> int:
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        return _NO_DAY
    try:
        return (date.fromisoformat(text).toordinal() - _EPOCH) * _DAY
    except ValueError:
        return _NO_DAY


_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY: Final = 86_400_000
_NO_DAY: Final = -1
_MOST_DAYS: Final = 100_000
_DAYS: Final = _Days()


_MINUTES: Final = {f"{minute // 60:02d}:{minute % 60:02d}": minute * 60_000 for minute in range(1440)}


class _Seconds(dict[str, int]):
    """Milliseconds of seconds within a minute, `12.500`: there are no more than 60,000 of them."""

    def __missing__(self, text: str) -> int:
        self[text] = found = int(text[:2]) * 1000 + int(text[3:])
        return found


_SECONDS: Final = _Seconds()


def is_moment(text: str) -> bool:
    """Return whether the text is a moment in the record's one form.

    Example:
        >>> is_moment("2026-03-16T12:00:00.000Z"), is_moment("2026-02-30T12:00:00.000Z"), is_moment("2026-03-16")
        (True, False, False)
    """
    return _CLOCK.fullmatch(text, 10) is not None and _DAYS[text[:10]] != _NO_DAY


def milliseconds_of(moment: str) -> int:
    """Return milliseconds since 1970-01-01T00:00:00Z of a moment that `is_moment` accepts.

    Example:
        >>> milliseconds_of("1970-01-02T00:00:01.500Z")
        86401500
    """
    return _DAYS[moment[:10]] + _MINUTES[moment[11:16]] + _SECONDS[moment[17:23]]


def moment_of_milliseconds(milliseconds: int) -> str:
    """Return the moment so many milliseconds after 1970-01-01T00:00:00Z.

    Example:
        >>> moment_of_milliseconds(86_401_500)
        '1970-01-02T00:00:01.500Z'
    """
    days, rest = divmod(milliseconds, _DAY)
    seconds, thousandths = divmod(rest, 1000)
    day = date.fromordinal(days + _EPOCH).isoformat()
    return f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{thousandths:03d}Z"


def moment_of(when: datetime) -> str:
    """Return a moment of the clock in the record's form; what is finer than a millisecond is cut off.

    Raises:
        DataError: `RQC-C010` when the time has no zone.

    Example:
        >>> from datetime import timedelta, timezone
        >>> moment_of(datetime(2026, 3, 16, 13, 0, tzinfo=timezone(timedelta(hours=1))))
        '2026-03-16T12:00:00.000Z'
    """
    if when.tzinfo is None:
        raise DataError(
            Fault(
                code="RQC-C010",
                what="A time without zone is no moment.",
                got=when.isoformat(),
                expected="a time with zone",
                action="State the zone of the clock.",
            )
        )
    utc = when.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
