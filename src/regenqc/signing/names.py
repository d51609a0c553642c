"""Printed names that a reader takes for one: the same person under two identifiers is no second person.

Two names are alike when their words are, in any order, without titles, accents, case and width, and with letters of other
scripts taken for the Latin ones that they look like. The table is a small part of what Unicode Technical Standard 39 lists:
letters of alphabets in which names are written.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

__all__ = ["are_alike", "look_of"]

# Before case is folded: capitals look like other letters than their small forms do.
_CAPITALS: Final = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХІЈЅ", "ABEZHIKMNOPTYXABEKMHOPCTYXIJS")
# The small letter l, the figure 1 and the capital i are one to the eye, and so are the figure 0 and the letter o.
_SMALL: Final = str.maketrans("αεικνορτυχγωаеорсухіјѕһкмтвнԁԛԝӏøłđħıl1|0", "aeikvoptuxywaeopcyxijshkmtbhdqwioidhiiiio")
_ALSO: Final = {"æ": "ae", "œ": "oe", "rn": "m", "vv": "w"}
_TITLES: Final = frozenset({"dr", "prof", "professor", "mr", "mrs", "ms", "phd", "md"})


@lru_cache(maxsize=1 << 12)
def look_of(name: str) -> tuple[str, ...]:
    """Return what a reader sees of a name: its words in alphabetical order, every letter as the one that it looks like.

    Example:
        >>> look_of("Dr. José Example") == look_of("EXAMPLE, Jose")
        True
    """
    plain = unicodedata.normalize("NFKD", name.translate(_CAPITALS)).casefold()
    seen = "".join(mark for mark in plain if unicodedata.category(mark) not in {"Mn", "Cf"}).translate(_SMALL)
    for pair, letter in _ALSO.items():
        seen = seen.replace(pair, letter)
    words = "".join(mark if unicodedata.category(mark)[0] in "LN" else " " for mark in seen).split()
    return tuple(sorted([word for word in words if word not in _TITLES] or words))


def are_alike(first: str, second: str) -> bool:
    """Return whether two printed names are one to the eye.

    Example:
        >>> are_alike("Ana Example", "Аna Example"), are_alike("Wei Zhang", "Wei Zhang (2)")
        (True, False)
    """
    return look_of(first) == look_of(second)
