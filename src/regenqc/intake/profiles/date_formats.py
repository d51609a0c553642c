"""Dates as a laboratory writes them, by a declared format and the zone of its clock; nothing is guessed."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

__all__ = ["DateFormat", "iso_date", "read_format", "zone_of"]

ISO: Final = "ISO"
SERIAL: Final = "serial"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TOKENS: Final = {
    "YYYY": "(?P<year>[0-9]{4})",
    "MMM": f"(?P<name>{'|'.join(_MONTHS)})",
    "MM": "(?P<month>[0-9]{2})",
    "M": "(?P<month>[0-9]{1,2})",
    "DD": "(?P<day>[0-9]{2})",
    "D": "(?P<day>[0-9]{1,2})",
    "hh": "(?P<hour>[0-9]{2})",
    "h": "(?P<hour>[0-9]{1,2})",
    "mm": "(?P<minute>[0-9]{2})",
    "ss": "(?P<second>[0-9]{2})",
    "a": "(?P<half>[AaPp][Mm])",
}
_PARTS: Final = re.compile("|".join(_TOKENS) + r"|[A-Za-z]+|[^A-Za-z]")
_OFFSET: Final = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")
# Day 0 of spreadsheets whose count begins in 1900 and takes that year for a leap year; right from day 61 on.
_FIRST_DAY: Final = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a serial number has no zone
_SERIAL: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,15})?")
_FIRST_SERIAL: Final = 61
_UNZONED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?")


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A format that has been read.

    Args:
        text: as declared.
        pattern: what a date must match from its first to its last character; `None` for `ISO` and `serial`.
        problem: why it cannot be used, else empty.
    """

    text: str
    pattern: re.Pattern[str] | None
    problem: str = ""


@lru_cache(maxsize=64)
def read_format(text: str) -> DateFormat:
    """Read a format: `ISO`, `serial` (of spreadsheets), or the parts of a date with the marks between them.

    Example:
        >>> read_format("DD.MM.YYYY hh:mm").problem, read_format("DD.MM.YY").problem
        ('', "'YY' is no part of a date")
    """
    if text in {ISO, SERIAL}:
        return DateFormat(text, None)
    pattern = ""
    groups: list[str] = []
    for part in _PARTS.findall(" ".join(text.split())):
        token = _TOKENS.get(part)
        if token is None:
            if part.isalpha() and part != "T":
                return DateFormat(text, None, f"'{part}' is no part of a date")
            pattern += re.escape(part)
            continue
        groups.append(re.findall("<([a-z]+)>", token)[0])
        pattern += token
    months = groups.count("month") + groups.count("name")
    if len(set(groups)) < len(groups) or months != 1 or not {"year", "day"} <= set(groups):
        return DateFormat(text, None, "year, month and day have to stand in it once")
    if ("minute" in groups or "half" in groups or "second" in groups) and "hour" not in groups:
        return DateFormat(text, None, "there is no hour")
    if "hour" in groups and "minute" not in groups:
        return DateFormat(text, None, "there are no minutes")
    return DateFormat(text, re.compile(pattern))


@lru_cache(maxsize=64)
def zone_of(text: str) -> dt.tzinfo | None:
    """Return the zone that a text names, `None` when there is none.

    Example:
        >>> zone_of("+09:00"), zone_of("Mars/Base")
        (datetime.timezone(datetime.timedelta(seconds=32400)), None)
    """
    if text in {"Z", "UTC"}:
        return dt.UTC
    if (offset := _OFFSET.fullmatch(text)) is not None:
        delta = dt.timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return dt.timezone(-delta if offset[1] == "-" else delta)
    try:
        return zoneinfo.ZoneInfo(text) if "/" in text else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=1 << 16)
def iso_date(text: str, *, declared: str, zone: str | None) -> str | None:
    """Return a date as ISO 8601, or `None` when the text is not written as declared, or does not exist.

    A date without time of day stays one, and has no zone. A time that the clock of the zone shows twice, or never, is refused.

    Args:
        text: as reported; an empty one stays empty.
        declared: see `read_format`.
        zone: of the laboratory's clock; without it the date has none.

    Example:
        >>> iso_date("6-24-2022  14:34:52", declared="M-D-YYYY hh:mm:ss", zone="-05:00")
        '2022-06-24T14:34:52-05:00'
        >>> iso_date("24-6-2022  14:34:52", declared="M-D-YYYY hh:mm:ss", zone="-05:00")
    """
    folded = " ".join(text.split())
    if not folded:
        return ""
    if declared == ISO:
        unzoned = zone is not None and _UNZONED.fullmatch(folded) is not None
        return _zoned(_parsed(folded), zone) if unzoned else folded
    has_time = True
    if declared == SERIAL:
        if _SERIAL.fullmatch(folded) is None or Decimal(folded) < _FIRST_SERIAL:
            return None
        has_time = "." in folded
        try:
            seconds = round(Decimal(folded) * 86_400)
            moment = _FIRST_DAY + dt.timedelta(seconds=seconds)
        except OverflowError:
            return None
    else:
        pattern = read_format(declared).pattern
        match = None if pattern is None or not folded.isascii() else pattern.fullmatch(folded)
        if match is None:
            return None
        found = match.groupdict()
        has_time = "hour" in found
        try:
            moment = _moment(found)
        except ValueError:
            return None
    if not 1900 <= moment.year <= 2199:
        return None
    if not has_time:
        return moment.date().isoformat()
    return _zoned(moment, zone)


def _parsed(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _zoned(moment: dt.datetime | None, zone: str | None) -> str | None:
    if moment is None or zone is None:
        return None if moment is None else moment.isoformat()
    clock = zone_of(zone)
    if clock is None:
        return None
    first, second = moment.replace(tzinfo=clock, fold=0), moment.replace(tzinfo=clock, fold=1)
    if first.utcoffset() != second.utcoffset():
        return None
    return first.isoformat()


def _moment(found: dict[str, str]) -> dt.datetime:
    month = int(found["month"]) if "month" in found else _MONTHS.index(found["name"]) + 1
    hour = int(found.get("hour", 0))
    if "half" in found:
        if not 1 <= hour <= 12:
            raise ValueError("hour of half a day")
        hour = hour % 12 + (12 if found["half"].upper() == "PM" else 0)
    return dt.datetime(  # noqa: DTZ001 - the zone is put to it by the caller
        int(found["year"]), month, int(found["day"]), hour, int(found.get("minute", 0)), int(found.get("second", 0))
    )
