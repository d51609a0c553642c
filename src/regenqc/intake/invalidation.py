"""What an invalidation lacks: without an investigation, an assignable cause and a second person it takes no effect."""

from __future__ import annotations

import unicodedata
from enum import IntFlag
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.intake.readers.text import trimmed_at
from regenqc.measurement.reported import fold_word

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Lacking", "in_words", "lacking_of"]


class Lacking(IntFlag):
    """What is missing behind an invalidation."""

    NOTHING = 0
    INVESTIGATION = 1
    CAUSE = 2
    SECOND_PERSON = 4


def lacking_of(rows: pa.RecordBatch, at: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return `Lacking` of some rows that are reported as invalidated.

    A second person is shown where the row states who measured (`analyst`) and who approved (`invalidated_by`), and the two
    differ in letters or digits; case, width, blanks, points and marks that cannot be seen make no difference between people.
    Nor does the order of the parts of a name, and whoever is one of several that are named is no second person. What says
    that nothing is stated (`n/a`, `-`, `none`, `unknown`) states nothing.

    Args:
        rows: dictionary-coded text.
        at: positions of the rows.

    Source: 21 CFR 610.1 (a result may be disregarded only when the test is shown to be invalid for causes unrelated to
    the product), 21 CFR 211.192.

    Example:
        >>> import pyarrow as pa
        >>> columns = {"investigation_id": "OOS-1", "assignable_cause": "broken vial", "analyst": "Kim", "invalidated_by": "KIM"}
        >>> rows = pa.record_batch({name: pa.array([text]).dictionary_encode() for name, text in columns.items()})
        >>> Lacking(int(lacking_of(rows, np.array([0]))[0])).name
        'SECOND_PERSON'
    """
    names = ("investigation_id", "assignable_cause", "analyst", "invalidated_by")
    columns = zip(*(trimmed_at(rows, name, at) for name in names), strict=True)
    return np.array(
        [
            (Lacking.NOTHING if _is_stated(investigation) else Lacking.INVESTIGATION)
            | (Lacking.NOTHING if _is_stated(cause) else Lacking.CAUSE)
            | (Lacking.NOTHING if _are_two(analyst, approver) else Lacking.SECOND_PERSON)
            for investigation, cause, analyst, approver in columns
        ],
        dtype=np.uint8,
    )


def in_words(lacking: int) -> str:
    """Return what is missing, in words.

    Example:
        >>> in_words(Lacking.CAUSE | Lacking.SECOND_PERSON)
        'an assignable cause and a second person'
    """
    words = {Lacking.INVESTIGATION: "an investigation", Lacking.CAUSE: "an assignable cause"}
    return " and ".join(words.get(entry, "a second person") for entry in Lacking(lacking))


# What people write where a form wants a text and there is none, without blanks and points.
_NOTHING_SAID: Final = frozenset(
    {
        *("na", "nil", "no", "nocause", "none", "notapplicable", "notavailable", "notdetermined", "notidentified"),
        *("notknown", "notstated", "null", "pending", "tba", "tbc", "tbd", "tobedetermined", "unassigned", "unknown"),
    }
)


def _is_stated(text: str) -> bool:
    return _letters(text) not in _NOTHING_SAID | {""}


def _are_two(analyst: str, approver: str) -> bool:
    if not _is_stated(analyst) or not _is_stated(approver) or _letters(analyst) == _letters(approver):
        return False
    first, second = _parts(analyst), _parts(approver)
    return not (first <= second or second <= first)


def _letters(text: str) -> str:
    """Return a text without what two spellings of it may differ in: case, width, blanks, points, hidden marks."""
    return "".join(_parts_in_order(text))


def _parts(text: str) -> set[str]:
    return set(_parts_in_order(text))


def _parts_in_order(text: str) -> list[str]:
    """Return the words of a text; a mark that cannot be seen parts none."""
    kept = (mark for mark in fold_word(text) if unicodedata.category(mark) != "Cf")
    return "".join(mark if unicodedata.category(mark)[0] in "LMN" else " " for mark in kept).split()
