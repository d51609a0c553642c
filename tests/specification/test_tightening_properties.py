"""Tightening is sound: whatever conforms to an accepted requirement conforms to the inherited one."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from regenqc.errors import SpecificationError
from regenqc.measurement.reported import WORDS
from regenqc.measurement.units import conversion_factor, find_unit
from regenqc.specification.criteria import canonical_word, exact_interval
from regenqc.specification.model import LimitText, Requirement
from regenqc.specification.tightening import list_loosenings
from regenqc.vocabulary import OPPOSITE_WORDS

NUMBERS = st.sampled_from(["0.9", "1", "1.0", "1.00", "1.05", "2", "2.0", "10", "999", "1000", "1001"])
UNITS = st.sampled_from(["mg", "ug"])
ROUNDINGS = st.sampled_from([None, "usp", "ph_eur"])


@st.composite
def limits(draw: st.DrawFn) -> LimitText:
    sides = draw(
        st.sampled_from(
            [("min",), ("max",), ("min_exclusive",), ("max_exclusive",), ("min", "max"), ("min_exclusive", "max")]
        )
    )
    return LimitText(**{side: draw(NUMBERS) for side in sides}, unit=draw(UNITS))


def _conforms(value_in_mg: Fraction, requirement: Requirement) -> bool:
    assert requirement.limit is not None
    factor = conversion_factor(find_unit("mg"), find_unit(requirement.limit.unit))  # type: ignore[arg-type]
    return exact_interval(requirement.limit, rounding=requirement.rounding, factor=factor).contains(value_in_mg)


@given(limits(), limits(), ROUNDINGS, ROUNDINGS, st.data())
@settings(max_examples=500)
def test_a_value_that_conforms_to_an_accepted_limit_conforms_to_the_inherited_one(
    old_limit: LimitText, new_limit: LimitText, old_rounding: str | None, new_rounding: str | None, data: st.DataObject
) -> None:
    old = Requirement(id="a", limit=old_limit, rounding=old_rounding)
    new = Requirement(id="a", limit=new_limit, rounding=new_rounding)
    try:
        accepted = not list(list_loosenings(old, new))
        near = st.sampled_from([*(text for text in old_limit.model_dump().values() if text and text[0].isdigit()), "1"])
        value = Fraction(data.draw(near)) * data.draw(st.sampled_from([Fraction(1), Fraction(1, 1000), Fraction(1000)]))
        value += data.draw(
            st.sampled_from([Fraction(0), *(Fraction(sign, 10**k) for sign in (-1, 1, 5, -5) for k in range(7))])
        )
        conforms = (_conforms(value, old), _conforms(value, new))
    except SpecificationError:
        assume(False)  # noqa: FBT003 - nothing could conform to one of the limits
    assert not (accepted and conforms == (False, True))


def _composites() -> st.SearchStrategy[Requirement]:
    part = st.tuples(st.sampled_from("abcd"), st.integers(1, 3))
    parts = st.lists(part, min_size=2, max_size=4, unique=True)
    distinct = st.lists(part, min_size=2, max_size=4, unique_by=lambda entry: entry[0])
    return st.one_of(
        parts.map(lambda chosen: Requirement(id="a", any_of=_parts(chosen))),
        parts.map(lambda chosen: Requirement(id="a", all_of=_parts(chosen))),
        st.tuples(distinct, st.integers(1, 4)).map(
            lambda chosen: Requirement(id="a", n_of_m={"n": min(chosen[1], len(chosen[0])), "of": _parts(chosen[0])})
        ),
    )


def _parts(chosen: list[tuple[str, int]]) -> Any:
    return tuple({"test": test, "limit": {"min": str(number)}} for test, number in chosen)


def _satisfied(requirement: Requirement, values: dict[str, int]) -> bool:
    of = requirement.n_of_m.of if requirement.n_of_m else requirement.any_of or requirement.all_of or ()
    needed = requirement.n_of_m.n if requirement.n_of_m else 1 if requirement.any_of else len(of)
    return sum(values[part.test] >= int(part.limit.min) for part in of if part.limit and part.limit.min) >= needed


@given(_composites(), _composites())
@settings(max_examples=1000)
def test_results_that_satisfy_accepted_parts_satisfy_the_inherited_ones(old: Requirement, new: Requirement) -> None:
    assume(not list(list_loosenings(old, new)))
    for outcome in product(range(4), repeat=4):
        values = dict(zip("abcd", outcome, strict=True))
        assert _satisfied(old, values) or not _satisfied(new, values)


@given(_composites())
def test_the_same_parts_are_accepted(requirement: Requirement) -> None:
    assert list(list_loosenings(requirement, requirement)) == []


WORD_LISTS = st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=3)
WORD_CRITERIA = st.one_of(
    WORD_LISTS.map(lambda words: Requirement(id="a", one_of=tuple(words))),
    WORD_LISTS.map(lambda words: Requirement(id="a", none_of=tuple(words))),
)


OPPOSITES = {first: second for pair in OPPOSITE_WORDS for first, second in (pair, pair[::-1])}


def _word_conforms(word: str, requirement: Requirement) -> bool:
    if requirement.one_of is not None:
        return word in {canonical_word(listed) for listed in requirement.one_of}
    listed = {canonical_word(entry) for entry in requirement.none_of or ()}
    return word not in listed and OPPOSITES.get(word) in listed


@given(WORD_CRITERIA, WORD_CRITERIA)
def test_words_that_conform_to_an_accepted_list_conform_to_the_inherited_one(
    old: Requirement, new: Requirement
) -> None:
    accepted = not list(list_loosenings(old, new))
    looser = any(_word_conforms(word, new) and not _word_conforms(word, old) for word in WORDS)
    assert not (accepted and looser)
