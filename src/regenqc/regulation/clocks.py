"""Periods that run from an event: calendar years, months, days, and working days by a calendar that the caller brings."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Period", "WorkingCalendar", "add_working_days", "latest", "read_period"]

_PERIOD: Final = re.compile(r"([0-9]+) (h|d|wd|mo|y)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """Days that are not what their weekday says; no calendar is bundled, the caller brings one.

    Args:
        holidays: weekdays on which nobody works.
        working_weekends: Saturdays and Sundays on which people work in exchange.
    """

    holidays: frozenset[date] = frozenset()
    working_weekends: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        """Return whether people work on that day."""
        return day in self.working_weekends or (day.weekday() < 5 and day not in self.holidays)


@dataclass(frozen=True, slots=True)
class Period:
    """An amount of one unit: `h`, `d`, `wd` (working days), `mo` or `y`."""

    amount: int
    unit: str

    def end(self, start: date, *, calendar: WorkingCalendar | None = None) -> date | None:
        """Return the last day of the period.

        Args:
            start: day of the event.
            calendar: working days; `None` when no calendar is at hand.

        Returns:
            `None` for working days without a calendar, and for hours, which need a moment and not a day. A day that a
            month does not have becomes the next day that exists, so that nothing is kept too short.

        Example:
            >>> Period(1, "y").end(date(2024, 2, 29)), Period(5, "wd").end(date(2026, 5, 6), calendar=WorkingCalendar())
            (datetime.date(2025, 3, 1), datetime.date(2026, 5, 13))
        """
        if self.unit == "d":
            return start + timedelta(days=self.amount)
        if self.unit == "wd":
            return None if calendar is None else add_working_days(start, self.amount, calendar=calendar)
        if self.unit == "h":
            return None
        months = start.month - 1 + self.amount * (12 if self.unit == "y" else 1)
        year, month = start.year + months // 12, months % 12 + 1
        if start.day > monthrange(year, month)[1]:
            return date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, start.day)

    def __str__(self) -> str:
        words = {"h": "hours", "d": "days", "wd": "working days", "mo": "months", "y": "years"}[self.unit]
        return f"{self.amount} {words if self.amount != 1 else words[:-1]}"


def read_period(text: str) -> Period:
    """Read a period as the register of sources writes it.

    Raises:
        ValueError: no such period.

    Example:
        >>> str(read_period("5 wd"))
        '5 working days'
    """
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError(f"no period: {text!r}")
    return Period(int(found[1]), found[2])


def add_working_days(start: date, amount: int, *, calendar: WorkingCalendar) -> date:
    """Return the day that many working days after the start, which itself does not count.

    Example:
        >>> add_working_days(date(2026, 5, 1), 1, calendar=WorkingCalendar(holidays=frozenset({date(2026, 5, 4)})))
        datetime.date(2026, 5, 5)
    """
    day = start
    while amount > 0:
        day += timedelta(days=1)
        amount -= calendar.is_working(day)
    return day


def latest(days: Sequence[date | None]) -> date | None:
    """Return the last day, `None` when one of them is not known: what may run longer does run longer.

    Example:
        >>> latest([date(2030, 1, 1), None]) is None
        True
    """
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None
