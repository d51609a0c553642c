"""Columns of dates: written with fixed places they are rewritten in bulk, in every other form spelling by spelling."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.intake.dates import DateKind, date_kinds
from regenqc.intake.profiles.date_formats import iso_date, zone_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["iso_dates"]

_FEW: Final = 256
_FIXED: Final = {
    "YYYY": "([0-9]{4})",
    "MM": "([0-9]{2})",
    "DD": "([0-9]{2})",
    "hh": "([0-9]{2})",
    "mm": "([0-9]{2})",
    "ss": "([0-9]{2})",
}
_PARTS: Final = re.compile("|".join(_FIXED) + "|[A-Za-z]+|[^A-Za-z]")


def iso_dates(texts: pa.StringArray, *, declared: str, zone: str | None) -> tuple[pa.StringArray, NDArray[np.bool_]]:
    """Return distinct dates as ISO 8601, and which of them are not written as declared and stay as they are.

    Args:
        texts: as reported.
        declared: format, see `regenqc.intake.profiles.date_formats.read_format`.
        zone: of the laboratory's clock.

    Example:
        >>> dates, wrong = iso_dates(pa.array(["02.03.2026 10:30", "?"]), declared="DD.MM.YYYY hh:mm", zone="+09:00")
        >>> dates.to_pylist(), wrong.tolist()
        (['2026-03-02T10:30:00+09:00', '?'], [False, True])
    """
    form = _fixed_form(declared, zone) if len(texts) > _FEW else None
    dates, rest = texts, np.arange(len(texts))
    if form is not None:
        pattern, replacement = form
        # What has other blanks or other places is looked at by itself.
        is_fixed = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
        dates = pc.replace_substring_regex(texts, pattern, replacement)
        rest = np.flatnonzero(~is_fixed | (date_kinds(dates) == DateKind.UNREADABLE))
    wrong = np.zeros(len(texts), dtype=np.bool_)
    if len(rest):
        at = pa.array(rest)
        own = texts.take(at).to_pylist()
        found = [iso_date(text, declared=declared, zone=zone) for text in own]
        wrong[rest] = [date is None for date in found]
        mask = np.zeros(len(texts), dtype=np.bool_)
        mask[rest] = True
        kept = [text if date is None else date for text, date in zip(own, found, strict=True)]
        dates = pc.replace_with_mask(dates, pa.array(mask), pa.array(kept, type=pa.string()))
    return dates, wrong


@lru_cache(maxsize=16)
def _fixed_form(declared: str, zone: str | None) -> tuple[str, str] | None:
    """Return pattern and replacement of a format whose parts all have fixed places, at a fixed distance from UTC."""
    suffix = ""
    if zone is not None:
        clock = zone_of(zone)
        offset = None if clock is None else clock.utcoffset(None)
        if offset is None:
            return None
        minutes = int(offset.total_seconds()) // 60
        suffix = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    pattern, groups = "", []
    for part in _PARTS.findall(" ".join(declared.split())):
        if part in _FIXED:
            groups.append(part)
            pattern += _FIXED[part]
        elif part.isalpha() and part != "T":
            return None
        else:
            pattern += re.escape(part)
    if not {"YYYY", "MM", "DD"} <= set(groups):
        return None
    place = {name: f"\\{number}" for number, name in enumerate(groups, start=1)}
    day = f"{place['YYYY']}-{place['MM']}-{place['DD']}"
    if "hh" not in place:
        return f"^{pattern}$", day
    return f"^{pattern}$", f"{day}T{place['hh']}:{place['mm']}:{place.get('ss', '00')}{suffix}"
