"""Turn the limits and word lists of a requirement into exact intervals and sets, in one place."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from regenqc.measurement.limits import (
    ExactInterval,
    Limit,
    Rounding,
    conforming_interval,
    is_plain_decimal,
    make_limit,
)
from regenqc.measurement.reported import WORDS, find_word
from regenqc.vocabulary import INTERIM_WORDS, OPPOSITE_WORDS, UNDECIDED_WORDS

if TYPE_CHECKING:
    from regenqc.specification.model import AlternativePart, Criterion, LimitText, Requirement

__all__ = [
    "canonical_word",
    "composite_parts",
    "conforming_words",
    "criteria_of",
    "exact_interval",
    "failing_words",
    "limit_as_written",
    "read_limit",
]


@lru_cache(maxsize=1 << 16)
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


def limit_as_written(limit: LimitText) -> str:
    """Return a limit in words and in its own unit; of plain decimals without reading them.

    Raises:
        SpecificationError: contradictory, unreadable or empty bounds.

    Example:
        >>> from regenqc.specification.model import LimitText
        >>> limit_as_written(LimitText(min="70.0", max="9E1", unit="%"))
        '≥ 70.0 and ≤ 9E1 %'
    """
    sides = []
    for sign, number in (
        ("≥", limit.min),
        (">", limit.min_exclusive),
        ("≤", limit.max),
        ("<", limit.max_exclusive),
    ):
        if number is not None:
            if not is_plain_decimal(number):
                return read_limit(limit).describe()
            sides.append(f"{sign} {number}")
    return f"{' and '.join(sides)} {limit.unit}".strip()


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


def criteria_of(requirement: Requirement) -> tuple[Criterion, ...]:
    """Return everything of a requirement that can have a limit: itself, its parts, its controls.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> len(criteria_of(Requirement(id="a", any_of=({"test": "b", "one_of": ("absent",)},))))
        2
    """
    return (requirement, *composite_parts(requirement), *requirement.controls)


def composite_parts(requirement: Requirement) -> tuple[AlternativePart, ...]:
    """Return the parts of a composite requirement, none for a simple one.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> [part.test for part in composite_parts(Requirement(id="a", any_of=({"test": "b", "one_of": ("absent",)},)))]
        ['b']
    """
    if requirement.n_of_m is not None:
        return requirement.n_of_m.of
    return requirement.any_of or requirement.all_of or ()


def canonical_word(text: str) -> str | None:
    """Return the canonical word of the closed result vocabulary for one spelling, or `None`.

    Example:
        >>> canonical_word(" ND "), canonical_word("looks fine")
        ('not detected', None)
    """
    word = find_word(text)
    return word if word in WORDS else None


def conforming_words(criterion: Criterion) -> frozenset[str]:
    """Return the canonical words that conform to the word list of a criterion.

    `one_of` accepts what it lists. `none_of` accepts the opposites of what it lists and nothing else: a word that speaks
    of another question, such as `does not comply` beside `none_of = ["growth"]`, answers neither way.

    Example:
        >>> from regenqc.specification.model import AlternativePart
        >>> sorted(conforming_words(AlternativePart(test="sterility", none_of=("growth",))))
        ['no growth']
    """
    if criterion.one_of is not None:
        return frozenset(canonical_word(word) or word for word in criterion.one_of)
    listed = {canonical_word(word) for word in criterion.none_of or ()}
    opposites = {first: second for pair in OPPOSITE_WORDS for first, second in (pair, pair[::-1])}
    return frozenset(opposites[word] for word in listed if word in opposites) - listed


def failing_words(criterion: Criterion) -> frozenset[str]:
    """Return the canonical words that fail the word list of a criterion.

    Example:
        >>> from regenqc.specification.model import AlternativePart
        >>> "growth" in failing_words(AlternativePart(test="sterility", one_of=("no growth",)))
        True
    """
    if criterion.one_of is not None:
        return frozenset(WORDS) - INTERIM_WORDS - UNDECIDED_WORDS - conforming_words(criterion)
    return frozenset(word for spelling in criterion.none_of or () if (word := canonical_word(spelling)) is not None)
