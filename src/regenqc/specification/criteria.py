"""Turn the limits and word lists of a requirement into exact intervals and sets, in one place."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from regenqc.measurement.limits import ExactInterval, Limit, Rounding, conforming_interval, make_limit
from regenqc.measurement.reported import WORDS, fold_word
from regenqc.vocabulary import RESULT_WORDS

if TYPE_CHECKING:
    from regenqc.specification.model import LimitText

__all__ = ["canonical_word", "exact_interval", "read_limit"]

_SPELLINGS = {fold_word(spelling): word for word, spellings in RESULT_WORDS.items() for spelling in (word, *spellings)}


def read_limit(limit: LimitText) -> Limit:
    """Return the limit with exact decimal bounds.

    Raises:
        SpecificationError: contradictory, unreadable or empty bounds.

    Example:
        >>> from regenqc.specification.model import LimitText
        >>> read_limit(LimitText(min="70", unit="%")).describe()
        '≥ 70 %'
    """
    return make_limit(
        minimum=limit.min,
        maximum=limit.max,
        minimum_exclusive=limit.min_exclusive,
        maximum_exclusive=limit.max_exclusive,
        unit=limit.unit,
    )


def exact_interval(limit: LimitText, *, rounding: str | None = None, factor: Fraction = Fraction(1)) -> ExactInterval:
    """Return the values that conform, in the unit of the report.

    Args:
        limit: as written.
        rounding: `none`, `usp` or `ph_eur`.
        factor: exact; value in the limit's unit = reported value × factor.

    Example:
        >>> from regenqc.specification.model import LimitText
        >>> exact_interval(LimitText(min="70", unit="%"), rounding="usp").lower
        Bound(value=Fraction(139, 2), inclusive=True)
    """
    return conforming_interval(read_limit(limit), rounding=Rounding(rounding or "none"), factor=factor)


def canonical_word(text: str) -> str | None:
    """Return the canonical word of the closed result vocabulary for one spelling, or `None`.

    Example:
        >>> canonical_word(" ND "), canonical_word("looks fine")
        ('not detected', None)
    """
    word = _SPELLINGS.get(fold_word(text))
    return word if word in WORDS else None
