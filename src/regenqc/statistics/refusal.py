"""Questions a statistic does not answer, with the reason.

An argument outside its domain is an error of the caller. A refusal is an answer: the data are what they are, and the figure
asked for would mislead.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = ["EXPLANATIONS", "Refusal", "RefusalReason"]


class RefusalReason(IntEnum):
    """Why there is no figure; the integers are stable codes, 0 is no refusal."""

    NONE = 0
    TOO_FEW_VALUES = 1
    CENSORED_VALUES = 2
    NO_SPREAD = 3
    CROWDS_A_BOUND = 4
    MOSTLY_CENSORED = 5
    TOO_FEW_TO_SAY = 6
    TOO_FEW_EVENTS = 7
    SEPARATED = 8
    SHARED_LOTS = 9
    NO_READINGS = 10
    READING_MISSING = 11
    GAP_BETWEEN_READINGS = 12
    READINGS_TOO_CLOSE = 13
    BELOW_FREEZING = 14
    SMALL_CELLS = 15


# What happened, and what to do.
EXPLANATIONS: Final[dict[RefusalReason, tuple[str, str]]] = {
    RefusalReason.TOO_FEW_VALUES: (
        "Fewer than 10 values say next to nothing about the spread of a process.",
        "Report the values themselves, and the index when there are 10.",
    ),
    RefusalReason.CENSORED_VALUES: (
        "Values below or above a limit of the method have no place in a mean or a standard deviation.",
        "Report how many of how many values lie beyond the limit, with a bound on the proportion.",
    ),
    RefusalReason.NO_SPREAD: (
        "All values are equal; an index would be infinite.",
        "Check the resolution of the method and whether the values were rounded.",
    ),
    RefusalReason.CROWDS_A_BOUND: (
        "Three standard deviations reach beyond what the quantity can be, so that it is not normal.",
        "Transform values and limits, e.g. by the logit for percentages, and ask again without bounds.",
    ),
    RefusalReason.MOSTLY_CENSORED: (
        "More than half of the values lie beyond a limit of the method, so that not even the middle of them is known.",
        "Report how many of how many values lie beyond the limit; a method with a lower limit would show a trend.",
    ),
    RefusalReason.TOO_FEW_TO_SAY: (
        "Too few to say: an interval from so few would leave nearly everything possible.",
        "Report how many there are, and ask again when there are more.",
    ),
    RefusalReason.TOO_FEW_EVENTS: (
        "Too few to say: with fewer than 10 events, or 10 without one, for each variable a logistic model misleads.",
        "Report how many of how many had the event, with a bound on the proportion.",
    ),
    RefusalReason.SEPARATED: (
        "One value parts those with the event from those without, so that the odds ratio has no upper end.",
        "Show both groups; no model adds to that.",
    ),
    RefusalReason.SHARED_LOTS: (
        "Several patients received of one lot, and are not independent of each other.",
        "Compare lots by the share of their patients; a model of patients needs a term for the lot.",
    ),
    RefusalReason.SMALL_CELLS: (
        "Too few to say, or a count of so few people would show through; which of the two is not told.",
        "Join groups, or ask again when there are more.",
    ),
    RefusalReason.NO_READINGS: ("There is no reading.", "Obtain the record of the logger."),
    RefusalReason.READING_MISSING: (
        "A reading has no temperature, and none is made up for it.",
        "Obtain the reading, or judge the excursion without the mean kinetic temperature.",
    ),
    RefusalReason.GAP_BETWEEN_READINGS: (
        "The logger was silent longer than its interval, and what happened then is not interpolated.",
        "Obtain the missing record, or judge the excursion without the mean kinetic temperature.",
    ),
    RefusalReason.READINGS_TOO_CLOSE: (
        "Readings are closer than the interval of the logger, out of order, or doubled.",
        "Sort the record, remove repeated rows, and state the interval at which the logger was set.",
    ),
    RefusalReason.BELOW_FREEZING: (
        "Below 0 °C damage is done by ice and glass, not by the reaction rate that this mean stands for.",
        "Judge frozen storage by the highest temperature and the minutes above the threshold of the label.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Say why there is no figure.

    Args:
        reason: stable code.
        detail: the numbers that led to it.

    Example:
        >>> str(Refusal(reason=RefusalReason.TOO_FEW_VALUES, detail="7 values"))
        'Fewer than 10 values say next to nothing about the spread of a process. Got: 7 values. Report the values themselves,
        and the index when there are 10.'
    """

    reason: RefusalReason
    detail: str

    @property
    def what(self) -> str:
        """Return what happened, in a sentence."""
        return EXPLANATIONS[self.reason][0]

    @property
    def action(self) -> str:
        """Return what to do next, in a sentence."""
        return EXPLANATIONS[self.reason][1]

    def __str__(self) -> str:
        return f"{self.what} Got: {self.detail}. {self.action}"
