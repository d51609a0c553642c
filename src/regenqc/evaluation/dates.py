"""Dates and times of batches, as seconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from regenqc.errors import Fault, UsageError

__all__ = ["NO_TIME", "format_time", "parse_as_of", "parse_time"]

NO_TIME: Final = -(2**62)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = 253_402_300_799  # 9999-12-31T23:59:59Z


def parse_time(text: str, *, end_of_day: bool = False) -> int | None:
    """Return a moment in seconds since 1970 UTC.

    Args:
        text: ISO 8601; a time of day needs a zone, a date alone is that day in UTC.
        end_of_day: read a date alone as the end of the day instead of its beginning.

    Returns:
        Seconds, or `None` when the text is empty, ambiguous or no date.

    Example:
        >>> parse_time("2026-01-01T01:00:00+01:00"), parse_time("01/02/2026"), parse_time("2026-01-01T00:00")
        (1767225600, None, None)
    """
    text = text.strip()
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            if day.isoformat() != text:
                return None
            moment = datetime.combine(day, time(0), tzinfo=UTC)
            if end_of_day:
                moment += timedelta(days=1, seconds=-1)
        else:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None or len(text) < 17:
                return None
    except (ValueError, OverflowError):
        return None
    return int((moment - _EPOCH).total_seconds())


def parse_as_of(text: str | datetime | None) -> datetime:
    """Return the moment of evaluation, with zone.

    Args:
        text: ISO 8601 with zone, a date alone for its beginning in UTC, or `None` for now.

    Raises:
        UsageError: no such moment.

    Example:
        >>> parse_as_of("2026-06-30T02:00:00+02:00").isoformat()
        '2026-06-30T00:00:00+00:00'
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    seconds = parse_time(text.isoformat() if isinstance(text, datetime) else text)
    if seconds is None:
        raise UsageError(
            Fault(
                code="RQC-U005",
                what="The moment of evaluation cannot be read.",
                got=str(text),
                expected="ISO 8601 with zone, e.g. 2026-06-30T00:00:00Z",
                action="State the zone: due and expiry dates depend on it.",
            )
        )
    return _EPOCH + timedelta(seconds=seconds)


def format_time(seconds: int) -> str:
    """Return a moment as ISO 8601 in UTC; what lies behind the last year of the calendar becomes its last second.

    Example:
        >>> format_time(1767225600)
        '2026-01-01T00:00:00Z'
    """
    return (_EPOCH + timedelta(seconds=min(seconds, _LATEST))).strftime("%Y-%m-%dT%H:%M:%SZ")
