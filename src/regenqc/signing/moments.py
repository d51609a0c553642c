"""Moments with their zone, as signatures state them."""

from __future__ import annotations

from datetime import datetime

from regenqc.signing.faults import refused

__all__ = ["moment_text", "read_moment"]


def moment_text(when: datetime) -> str:
    """Return a moment in ISO 8601 to the second, with the offset of its zone.

    Raises:
        SignatureError: `RQC-G003`, the time has no zone.

    Example:
        >>> from datetime import timedelta, timezone
        >>> moment_text(datetime(2026, 3, 16, 13, 0, 5, 900, tzinfo=timezone(timedelta(hours=1))))
        '2026-03-16T13:00:05+01:00'
    """
    if when.tzinfo is None:
        raise _zoneless(when.isoformat())
    return when.replace(microsecond=0).isoformat()


def read_moment(text: str, *, where: str = "") -> datetime:
    """Return the moment that a text states.

    Raises:
        SignatureError: `RQC-G003`, it is no moment, or it states no zone.

    Example:
        >>> read_moment("2026-03-16T13:00:05+01:00") < read_moment("2026-03-16T12:00:06Z")
        True
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise _zoneless(text, where) from error
    if when.tzinfo is None:
        raise _zoneless(text, where)
    return when


def _zoneless(got: str, where: str = "") -> Exception:
    return refused(
        "RQC-G003",
        "This is no date and time with zone.",
        where=where,
        got=got,
        expected="ISO 8601 with zone, for example 2026-03-16T13:00:05+01:00",
    )
