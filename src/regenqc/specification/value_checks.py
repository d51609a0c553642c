"""Check limits, units and words: what conforms must be something, and must not be everything."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from regenqc.errors import Fault, SpecificationError
from regenqc.measurement.reported import WORDS
from regenqc.measurement.units import closest_spellings, conversion_factor, find_unit
from regenqc.specification.criteria import canonical_word, exact_interval, read_limit
from regenqc.vocabulary import INTERIM_WORDS, OPPOSITE_WORDS, UNDECIDED_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regenqc.specification.model import Criterion, LimitText

__all__ = ["check_unit", "check_values", "fault"]

# Where both words of a pair conform, no decided result could fail.


def check_values(criterion: Criterion, rounding: str | None, place: Callable[..., str]) -> Iterator[Fault]:
    """Yield every fault in the limits and words of a requirement, of a part of one or of a control.

    Args:
        criterion: with its limits and words.
        rounding: rule for its limit.
        place: `place(*keys)` names a key of it as `file:line path`.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> requirement = Requirement(id="a", limit={"min": "70", "unit": "%"}, alert={"min": "65", "unit": "%"})
        >>> [fault.expected for fault in check_values(requirement, None, lambda *keys: "a.toml")]
        ['inside ≥ 70 %']
    """
    if criterion.limit is not None:
        yield from _check_limits(criterion.limit, criterion.alert, rounding, place)
    elif criterion.alert is not None:
        yield fault("RQC-S012", "An alert limit stands without a limit.", place("alert"), action="Add the limit.")
    if criterion.one_of is not None:
        yield from _check_words(criterion.one_of, lambda *keys: place("one_of", *keys))
        yield from _check_conforming(criterion.one_of, place("one_of"))
    if criterion.none_of is not None:
        yield from _check_words(criterion.none_of, lambda *keys: place("none_of", *keys))
        if {canonical_word(word) for word in criterion.none_of} <= INTERIM_WORDS | UNDECIDED_WORDS:
            yield fault(
                "RQC-S033",
                "Only words that decide nothing are excluded, so that no decided result could fail.",
                place("none_of"),
                got=", ".join(criterion.none_of),
                expected='at least one word for a result that fails, for example "detected"',
            )


def _check_limits(
    limit: LimitText, alert: LimitText | None, rounding: str | None, place: Callable[..., str]
) -> Iterator[Fault]:
    faults = [*_check_limit(limit, rounding, place("limit"))]
    if alert is not None:
        faults += _check_limit(alert, None, place("alert"))
    yield from faults
    if alert is None or faults:
        return
    limit_unit, alert_unit = find_unit(limit.unit), find_unit(alert.unit)
    assert limit_unit is not None  # noqa: S101 - _check_limit has refused an unknown unit above
    assert alert_unit is not None  # noqa: S101
    if limit_unit.kind != alert_unit.kind:
        yield fault(
            "RQC-S022",
            "The alert limit is in another kind of unit than the limit.",
            place("alert"),
            got=f"{alert.unit} ({alert_unit.kind})",
            expected=f"a unit of {limit_unit.kind}",
        )
    elif not exact_interval(alert).is_within(exact_interval(limit, factor=conversion_factor(alert_unit, limit_unit))):
        yield fault(
            "RQC-S023",
            "The alert limit lies outside the limit, so that it could never be met before the limit.",
            place("alert"),
            got=read_limit(alert).describe(),
            expected=f"inside {read_limit(limit).describe()}",
        )


def _check_limit(limit: LimitText, rounding: str | None, where: str) -> Iterator[Fault]:
    yield from check_unit(limit.unit, where)
    try:
        exact_interval(limit, rounding=rounding)
    except SpecificationError as error:
        for found in error.faults:
            yield fault(found.code, found.what, where, got=found.got, expected=found.expected, action=found.action)


def check_unit(unit: str, where: str) -> Iterator[Fault]:
    """Yield the fault of a unit that is not in the dictionary.

    Example:
        >>> [fault.expected for fault in check_unit("eu/ml", "a.toml")]
        ["did you mean 'EU/mL' or 'ug/mL' or '/mL'"]
    """
    if find_unit(unit) is None:
        near = closest_spellings(unit)
        suggestion = "did you mean " + " or ".join(f"'{symbol}'" for symbol in near)
        yield fault(
            "RQC-S024",
            "The unit is not in the dictionary.",
            where,
            got=unit,
            expected=suggestion if near else "a unit of the dictionary",
            action="Use a unit that `regenqc spec schema --units` lists.",
        )


def _check_words(words: tuple[str, ...], place: Callable[..., str]) -> Iterator[Fault]:
    for index, word in enumerate(words):
        if canonical_word(word) is None:
            near = difflib.get_close_matches(word.casefold(), WORDS, n=1, cutoff=0.5)
            yield fault(
                "RQC-S025",
                "The word is not in the result vocabulary.",
                place(index),
                got=word,
                expected=f"did you mean '{near[0]}'" if near else ", ".join(WORDS),
                action="Use a word of the vocabulary; a profile maps a laboratory's own words onto it.",
            )


def _check_conforming(words: tuple[str, ...], where: str) -> Iterator[Fault]:
    """Refuse lists of conforming words under which a result that shows nothing, or any result, would conform."""
    canonical = {canonical_word(word) for word in words}
    action = "List the words of a final result that conforms."
    undecided = sorted(word for word in canonical if word in UNDECIDED_WORDS)
    if undecided:
        yield fault(
            "RQC-S033",
            "A word that reports no answer cannot conform.",
            where,
            got=", ".join(undecided),
            expected="words of a decided result",
            action=action,
        )
    if canonical <= INTERIM_WORDS:
        yield fault(
            "RQC-S033",
            "Only interim words conform, so that a final result never could.",
            where,
            got=", ".join(words),
            expected="at least one word of a final result",
            action=action,
        )
    for bad, good in OPPOSITE_WORDS:
        if {bad, good} <= canonical:
            yield fault(
                "RQC-S033",
                "A word and its opposite both conform, so that no decided result could fail.",
                where,
                got=f"{bad}, {good}",
                expected="one of the two, or report_only = true",
                action=action,
            )


def fault(code: str, what: str, where: str, *, got: str = "", expected: str = "", action: str = "") -> Fault:
    """Return a fault of a specification; without an action of its own it is to be corrected.

    Example:
        >>> fault("RQC-S010", "The requirement has no criterion.", "a.toml:1").action
        'Correct the specification.'
    """
    return Fault(
        code=code, what=what, where=where, got=got, expected=expected, action=action or "Correct the specification."
    )
