"""Tell the dates of results apart: with a zone, without one, and those that cannot be read without guessing."""

from __future__ import annotations

import datetime as dt
import re
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.intake.date_forms import OPEN, TELL_DATES
from regenqc.intake.readers.text import trimmed
from regenqc.intake.word_table import text_buffers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DateKind", "date_kinds", "load_dates"]

# Fewer are told without compiled code.
_MANY: Final = 1_000


class DateKind(IntEnum):
    """What a reported date can be used for.

    Example:
        >>> DateKind.WITHOUT_ZONE.name
        'WITHOUT_ZONE'
    """

    ZONED_OR_EMPTY = 0
    WITHOUT_ZONE = 1
    UNREADABLE = 2


_DAY_LENGTH: Final = len("2026-01-31")
_DAY: Final = re.compile("(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_TIME: Final = "[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_ZONED: Final = f"^{_TIME}(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)$"
_UNZONED: Final = f"^(?:{_TIME})?$"


def date_kinds(texts: pa.StringArray) -> NDArray[np.uint8]:
    """Return the `DateKind` of distinct texts.

    A date is written as ISO 8601 has it, year first, between 1900 and 2199, on a day of the calendar. A date without
    time of day has no zone. Anything else is unreadable: day and month first, a bare year, the serial number of a
    spreadsheet, a 31st of February.

    Example:
        >>> date_kinds(pa.array(["2026-01-31T10:00:00+09:00", "", "2026-01-31", "31/01/2026"])).tolist()
        [0, 0, 1, 2]
    """
    if len(texts) < _MANY or texts.null_count or not TELL_DATES.is_kept:
        return _kinds_of(texts)
    offsets, data = text_buffers(texts)
    kinds = np.empty(len(texts), dtype=np.uint8)
    if TELL_DATES(offsets, data, kinds):
        rest = np.flatnonzero(kinds == OPEN)
        kinds[rest] = _kinds_of(texts.take(pa.array(rest)))
    return kinds


def load_dates() -> None:
    """Load the compiled code, or compile it the first time, before many dates are met."""
    TELL_DATES.load()


def _kinds_of(texts: pa.StringArray) -> NDArray[np.uint8]:
    text = trimmed(texts)
    time = pc.utf8_slice_codeunits(text, _DAY_LENGTH)
    # There are few days among many dates: the calendar is asked once for each.
    day = pc.dictionary_encode(pc.utf8_slice_codeunits(text, 0, _DAY_LENGTH))
    exists = np.array([_is_day(word) for word in day.dictionary.to_pylist()] or [False])
    kinds = np.full(len(text), DateKind.UNREADABLE, dtype=np.uint8)
    kinds[_as_numpy(pc.match_substring_regex(time, _UNZONED))] = DateKind.WITHOUT_ZONE
    kinds[_as_numpy(pc.match_substring_regex(time, _ZONED))] = DateKind.ZONED_OR_EMPTY
    kinds[~exists[_as_numpy(day.indices)]] = DateKind.UNREADABLE
    kinds[_as_numpy(pc.equal(text, ""))] = DateKind.ZONED_OR_EMPTY
    return kinds


def _is_day(text: str) -> bool:
    if _DAY.fullmatch(text) is None:
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _as_numpy(values: pa.Array) -> NDArray[Any]:
    array: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return array
