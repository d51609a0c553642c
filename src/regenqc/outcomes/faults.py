"""Why rows of outcomes and of doses are refused, and the errors of whole files, in one place with stable codes."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from regenqc.errors import DataError, Fault

__all__ = ["EXPLANATIONS", "RowRefusal", "doses_refused", "unknown_columns"]


class RowRefusal(IntEnum):
    """Why a row does not count; the lower-case name is the word in `refused.csv`."""

    NONE = 0
    BLANK_ROW = 1
    IDENTIFIES_A_PERSON = 2
    NO_PSEUDONYM = 3
    UNKNOWN_MEASURE = 4
    OTHER_KIND = 5
    DATE_UNREADABLE = 6
    DATE_WITHOUT_ZONE = 7
    AFTER_TODAY = 8
    UNREADABLE_REVISION = 9
    VALUE_MISSING = 10
    VALUE_UNREADABLE = 11
    UNKNOWN_WORD = 12
    UNIT_MISSING = 13
    UNKNOWN_UNIT = 14
    UNIT_OF_ANOTHER_KIND = 15
    OUTSIDE_RANGE = 16
    UNKNOWN_VISIT = 17
    CONFLICTING = 18
    UNKNOWN_RECIPIENT = 20
    UNKNOWN_DOSE = 21
    DOSE_OF_ANOTHER = 22
    BEFORE_ADMINISTRATION = 23


EXPLANATIONS: Final[dict[RowRefusal, str]] = {
    RowRefusal.BLANK_ROW: "The row is blank.",
    RowRefusal.IDENTIFIES_A_PERSON: "A cell holds what identifies a person: an e-mail address, a telephone or identity number.",
    RowRefusal.NO_PSEUDONYM: "The recipient is no pseudonym: upper-case letters and at least three digits, no date of birth.",
    RowRefusal.UNKNOWN_MEASURE: "The plan has no such measure.",
    RowRefusal.OTHER_KIND: "The plan says that the measure is of another kind.",
    RowRefusal.DATE_UNREADABLE: "The moment is missing, or no date that can be read without guessing.",
    RowRefusal.DATE_WITHOUT_ZONE: "The moment lacks its zone.",
    RowRefusal.AFTER_TODAY: "The moment lies in the future.",
    RowRefusal.UNREADABLE_REVISION: "The revision is no whole number.",
    RowRefusal.VALUE_MISSING: "There is no value.",
    RowRefusal.VALUE_UNREADABLE: "The value cannot be read without guessing.",
    RowRefusal.UNKNOWN_WORD: "The word is none of those that the plan lists.",
    RowRefusal.UNIT_MISSING: "The unit is missing.",
    RowRefusal.UNKNOWN_UNIT: "The unit is in no dictionary.",
    RowRefusal.UNIT_OF_ANOTHER_KIND: "The unit does not convert into that of the plan.",
    RowRefusal.OUTSIDE_RANGE: "The value is not one that the measure can have.",
    RowRefusal.UNKNOWN_VISIT: "The schedule has no such visit for this measure.",
    RowRefusal.CONFLICTING: "Rows of one patient, measure and moment, or of one identity and revision, say different things; none of them counts.",
    RowRefusal.UNKNOWN_RECIPIENT: "Nobody of this pseudonym received anything.",
    RowRefusal.UNKNOWN_DOSE: "No such dose was given.",
    RowRefusal.DOSE_OF_ANOTHER: "The dose was given to somebody else.",
    RowRefusal.BEFORE_ADMINISTRATION: "The moment lies before the dose was given.",
}


def unknown_columns(source: str, names: list[str], *, known: tuple[str, ...]) -> DataError:
    """Return the error of a file with columns beyond the contract: a free column is where names of people come in.

    Example:
        >>> unknown_columns("a.csv", ["patient_name"], known=("recipient",)).code
        'RQC-O010'
    """
    return DataError(
        Fault(
            code="RQC-O010",
            what="The file has columns that outcomes do not have.",
            where=source,
            got=", ".join(names),
            expected=", ".join(known),
            action="Leave them out of the export; what a person could be known by does not belong here.",
        )
    )


def doses_refused(faults: list[Fault]) -> DataError:
    """Return the error of a table of doses that cannot be relied on: every outcome hangs on it."""
    return DataError(*faults)
