"""Texts as small integers: every text of an export is written down once and referred to by number.

The pools depend on no seed and no lot, so that a number means the same text in every chunk and file.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from regenqc.simulation.readings import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["HOURS", "LAST_HOUR", "ReadingPool", "TextPool", "hour_of"]

_FIRST_HOUR = datetime(2025, 6, 1, tzinfo=UTC)
_YEARS_OF_EXPIRY = 3
LAST_HOUR = int((datetime(2026, 6, 30, tzinfo=UTC) - _FIRST_HOUR) / timedelta(hours=1)) - 1


class TextPool:
    """Number texts in the order in which they are first seen; 0 is the empty text.

    Example:
        >>> pool = TextPool(["a", "b"])
        >>> pool.code("b"), pool.code("c"), pool.texts
        (2, 3, ['', 'a', 'b', 'c'])
    """

    __slots__ = ("_codes", "texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = [""]
        self._codes = {"": 0}
        for text in texts:
            self.code(text)

    def code(self, text: str) -> int:
        """Return the number of a text, new or known."""
        code = self._codes.setdefault(text, len(self.texts))
        if code == len(self.texts):
            self.texts.append(text)
        return code

    def codes(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Return the numbers of several texts."""
        return np.array([self.code(text) for text in texts], dtype=np.int32)


class ReadingPool:
    """Number readings, and know the texts of each in the columns that it fills.

    Example:
        >>> pool = ReadingPool()
        >>> code = pool.code(Reading("<0.05", "EU/mL"))
        >>> pool.columns["unit"].texts[pool.table("unit")[code]]
        'EU/mL'
    """

    __slots__ = ("_codes", "_tables", "columns")

    def __init__(self) -> None:
        self.columns = {name: TextPool() for name in Reading.__slots__}
        self._codes: dict[Reading, int] = {}
        self._tables: dict[str, list[int]] = {name: [] for name in self.columns}
        self.code(Reading(""))

    def code(self, reading: Reading) -> int:
        """Return the number of a reading, new or known."""
        code = self._codes.setdefault(reading, len(self._codes))
        if code == len(self._tables["result"]):
            for name, pool in self.columns.items():
                self._tables[name].append(pool.code(getattr(reading, name)))
        return code

    def table(self, column: str) -> NDArray[np.int32]:
        """Return the text number in one column for every reading number."""
        return np.array(self._tables[column], dtype=np.int32)


def hour_of(text: str) -> int:
    """Return the hour of the calendar in which a time lies.

    Example:
        >>> hour_of("2025-06-02T08:00:00Z")
        32
    """
    return int((datetime.fromisoformat(text) - _FIRST_HOUR) / timedelta(hours=1))


def _hours(count: int) -> list[str]:
    start = np.datetime64(_FIRST_HOUR.replace(tzinfo=None), "s")
    return [f"{hour}Z" for hour in (start + np.arange(count) * np.timedelta64(3600, "s")).astype(str)]


# Hour h of the calendar is text h + 1 of a pool that begins with these.
HOURS: tuple[str, ...] = tuple(_hours(LAST_HOUR + 1))
