"""Whether a text states anything: a form that wants a text is often filled with a word for nothing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from regenqc.measurement.reported import fold_word

__all__ = ["is_stated", "letters_of", "names_document", "words_of"]

# Without blanks and points.
_NOTHING: Final = frozenset(
    {
        *("", "0", "missing", "na", "nil", "no", "nocause", "none", "notapplicable", "notavailable", "notdetermined"),
        *("notgiven", "notidentified", "notknown", "notrecorded", "notstated", "null", "pending", "tba", "tbc", "tbd"),
        *("tobeconfirmed", "tobedetermined", "unassigned", "unknown"),
    }
)

_ASCII_WORD: Final = re.compile("[0-9a-z]+")

# What stands where a document was asked for and there is none that counts. Without blanks and points, as above.
_NO_DOCUMENT: Final = frozenset(
    {
        *("cancelled", "canceled", "denied", "draft", "expired", "inpreparation", "inprogress", "inreview", "lapsed"),
        *("notapproved", "notrequired", "planned", "refused", "rejected", "requested", "revoked", "submitted"),
        *("suspended", "terminated", "tofollow", "underreview", "void", "withdrawn", "yes"),
    }
)


def is_stated(text: str) -> bool:
    """Return whether a text holds a letter or a digit and is no word for nothing.

    Args:
        text: an identifier, a name or a reason, in any case and width.

    Example:
        >>> [is_stated(text) for text in ("OOS-1", "", " - ", "N/A", "not known", "?")]
        [True, False, False, False, False, False]
    """
    return letters_of(text) not in _NOTHING


def names_document(text: str) -> bool:
    """Return whether a text can be the name or number of a document, and no word for what became of one.

    Args:
        text: as stated where a document is asked for.

    Example:
        >>> [names_document(text) for text in ("IRB-2026-7", "withdrawn", "under review", "n/a", "yes")]
        [True, False, False, False, False]
    """
    return is_stated(text) and letters_of(text) not in _NO_DOCUMENT


def letters_of(text: str) -> str:
    """Return a text without what two spellings of it may differ in: case, width, blanks, points, hidden marks.

    Example:
        >>> letters_of(" Kim, A. ")
        'kima'
    """
    return "".join(words_of(text))


@lru_cache(maxsize=1 << 14)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text in order, folded; a mark that cannot be seen parts none.

    Example:
        >>> words_of("Kim, A.")
        ('kim', 'a')
    """
    if text.isascii():
        return tuple(_ASCII_WORD.findall(text.lower()))
    kept = (mark for mark in fold_word(text) if unicodedata.category(mark) != "Cf")
    return tuple("".join(mark if unicodedata.category(mark)[0] in "LMN" else " " for mark in kept).split())
