"""What an invalidation lacks: without an investigation, an assignable cause and a second person it takes no effect."""

from __future__ import annotations

from enum import IntFlag
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from regenqc.intake.readers.text import trimmed_at
from regenqc.measurement.stated import is_stated, letters_of, words_of

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


# As plain numbers: to join flags takes longer than to read the texts.
_INVESTIGATION, _CAUSE, _SECOND_PERSON = (
    int(lacking) for lacking in (Lacking.INVESTIGATION, Lacking.CAUSE, Lacking.SECOND_PERSON)
)


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
            (0 if is_stated(investigation) else _INVESTIGATION)
            | (0 if is_stated(cause) else _CAUSE)
            | (0 if _are_two(analyst, approver) else _SECOND_PERSON)
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


@lru_cache(maxsize=1 << 14)
def _are_two(analyst: str, approver: str) -> bool:
    if not is_stated(analyst) or not is_stated(approver) or letters_of(analyst) == letters_of(approver):
        return False
    first, second = set(words_of(analyst)), set(words_of(approver))
    return not (first <= second or second <= first)
