"""Moments as pages show them: how long still, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from regenqc.console.store.tables import NEVER

__all__ = ["SENTENCES", "lapse", "when"]

SENTENCES: Final = ("in {number} h", "in {number} d", "{number} h ago", "{number} d ago")
_HOUR: Final = 3600
# Up to three days are told in hours: a dose with an expiry lives in hours.
_IN_HOURS: Final = 72


def lapse(seconds: int, now: datetime) -> tuple[str, int] | None:
    """Return how long it is until a moment: a sentence for translation and its number; `None` for no moment.

    Example:
        >>> lapse(1767225600, datetime(2025, 12, 31, 12, tzinfo=UTC))
        ('in {number} h', 12)
    """
    if seconds >= NEVER:
        return None
    left = seconds - int(now.timestamp())
    hours = abs(left) // _HOUR
    is_past, in_days = left < 0, hours >= _IN_HOURS
    return SENTENCES[is_past * 2 + in_days], hours // 24 if in_days else hours


def when(seconds: int) -> str:
    """Return a moment as text, empty for none.

    Example:
        >>> when(1767225600)
        '2026-01-01 00:00 UTC'
    """
    if seconds >= NEVER or not 0 <= seconds < 253_402_300_800:  # the year 9999 ends there
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
