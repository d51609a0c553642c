"""Limits as doubles, many at once: what is decided for thousands together is what is decided for each of them alone."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regenqc import SpecificationError
from regenqc.evaluation.limit_bounds import BOUNDS, LimitBounds, WrittenLimit, bounds_of
from regenqc.measurement.units import UNITS, find_unit, unit_code
from regenqc.resources import packaged_path
from regenqc.specification import load_specification
from regenqc.specification.limit_numbers import limit_numbers
from regenqc.specification.model import AlternativePart, LimitText

# Units of one kind each, so that limits are converted by one, by powers of ten, and by other factors.
KINDS = [["%"], ["EU/mL"], ["ng/mL", "ug/mL", "g/L", "mg/dL"], ["cells", "10^6 cells", "10^9 cells"], ["min", "h", "d"]]

plain = st.one_of(
    st.integers(0, 10**6).map(str),
    st.decimals(0, 10**5, places=3, allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["0", "0.0", "0.1", "1", "1.0", "10", "10.0", "100", "0.5", "99.99", "5E6", "1e-3", "-0.5", "-1"]),
    st.sampled_from(["12345678901234", "123456789012345", "0.00000000000001", "99999999999999", "1000000000000000"]),
)


@st.composite
def keys(draw):
    units = draw(st.sampled_from(KINDS))
    unit = draw(st.sampled_from(units))
    sides = draw(
        st.sampled_from(
            [
                ("min",),
                ("max",),
                ("min", "max"),
                ("min_exclusive", "max"),
                ("max_exclusive",),
                ("min_exclusive", "max_exclusive"),
            ]
        )
    )
    limit = LimitText(unit=unit, **{side: draw(plain) for side in sides})
    alert = draw(
        st.none() | st.builds(_alert, plain, st.sampled_from(["max", "min_exclusive"]), st.sampled_from(units))
    )
    return limit, alert, draw(st.sampled_from([None, "none", "usp", "ph_eur"]))


def _alert(text, side, unit):
    return LimitText(**{side: text}, unit=unit)


def limit_bounds(keys):
    """Return limits as a plan has them."""
    criteria = [
        (AlternativePart.model_construct(test="a", limit=limit, alert=alert), rounding)
        for limit, alert, rounding in keys
    ]
    names = list(dict.fromkeys(limit.unit for written in keys for limit in written[:2] if limit is not None))
    units = [[names.index(limit.unit), names.index((alert or limit).unit)] for limit, alert, _ in keys]
    return LimitBounds(
        limit_numbers(criteria),
        units=np.array(units, dtype=np.int64).reshape(-1, 2),
        names=names,
        written=lambda row: WrittenLimit(*keys[row]),
    )


def kind_of(key):
    return find_unit(key[0].unit).kind


def outcome(judge):
    try:
        return judge()
    except SpecificationError as error:
        return [fault.code for fault in error.faults]


def alone(key, code):
    return outcome(lambda: bounds_of(*key, code))


@settings(max_examples=400, deadline=None)
@given(st.lists(keys(), min_size=1, max_size=12), st.sampled_from([unit for units in KINDS for unit in units]))
@example([(LimitText(min="0", unit="%"), None, "usp")], "%")
@example([(LimitText(min="10.0", max="10.0", unit="%"), None, "ph_eur")], "%")
@example([(LimitText(max="5", unit="%"), LimitText(min="1e-3", unit="%"), None)], "%")
@example([(LimitText(max="5", unit="%"), LimitText(min="6", max="4", unit="%"), None)], "%")
@example([(LimitText(max="5", unit="%"), LimitText(unit="%"), None)], "%")
@example([(LimitText(max="5", unit="ng/mL"), LimitText(max="2", unit="mg/dL"), "usp")], "ug/mL")
def test_many_limits_get_the_doubles_that_each_gets_alone(limits, unit):
    code = unit_code(unit)
    own = [key for key in limits if kind_of(key) == UNITS[code].kind]
    sound = [key for key in own if not isinstance(alone(key, code), list)]
    at, found = limit_bounds(sound).bounds_in(code)
    assert at.tolist() == list(range(len(sound)))
    assert found.shape == (len(sound), len(BOUNDS))
    expected = np.array([alone(key, code) for key in sound]).reshape(-1, len(BOUNDS))
    np.testing.assert_array_equal(found, expected)
    for key in own:
        told = outcome(lambda key=key: limit_bounds([key]).bounds_in(code)[1][0])
        assert isinstance(told, list) == (key not in sound)
        if isinstance(told, list):
            assert told == alone(key, code)


def test_numbers_that_were_not_found_let_nothing_conform():
    written = WrittenLimit(LimitText(max="5", unit="%"), None, None)
    numbers = limit_numbers([(AlternativePart(test="a", one_of=("absent",)), None)])
    lost = LimitBounds(numbers, units=np.zeros((1, 2), dtype=np.int64), names=["%"], written=lambda _: written)
    _, found = lost.bounds_in(unit_code("%"))
    assert found[0, BOUNDS.index("limit_hi")] == 5
    np.testing.assert_array_equal(found[0], bounds_of(*written, unit_code("%")))


def test_limits_of_other_kinds_are_left_out():
    limits = [(LimitText(max="5", unit=unit), None, None) for unit in ("%", "EU/mL", "%")]
    at, found = limit_bounds(limits).bounds_in(unit_code("EU/mL"))
    assert at.tolist() == [1]
    assert len(found) == 1
    assert limit_bounds([]).bounds_in(unit_code("%"))[1].shape == (0, len(BOUNDS))


def packaged_limits():
    for path in sorted(packaged_path("specs").rglob("*.toml")):
        try:
            specification = load_specification(path)
        except SpecificationError:
            continue
        for requirement in specification.requirements:
            if requirement.limit is not None:
                yield requirement.limit, requirement.alert, requirement.rounding


def test_every_limit_of_the_packaged_specifications_gets_the_doubles_that_it_gets_alone():
    limits = list(packaged_limits())
    assert len(limits) > 100
    table = limit_bounds(limits)
    for code in {unit_code(find_unit(limit.unit).symbol) for limit, _, _ in limits}:
        at, found = table.bounds_in(code)
        expected = [bounds_of(*limits[row], code) for row in at.tolist()]
        np.testing.assert_array_equal(found, np.array(expected))


@pytest.mark.parametrize(
    ("limit", "rounding", "code"),
    [
        (LimitText(min="5", max="4", unit="%"), None, "RQC-S063"),
        (LimitText(min_exclusive="5", max="5", unit="%"), None, "RQC-S063"),
        (LimitText(min="5", min_exclusive="4", unit="%"), None, "RQC-S062"),
        (LimitText(unit="%"), None, "RQC-S061"),
        (LimitText(max="five", unit="%"), None, "RQC-S061"),
        (LimitText(max="5E6", unit="%"), "usp", "RQC-S064"),
        (LimitText(max="0", unit="%"), "ph_eur", "RQC-S064"),
    ],
    ids=[
        "the minimum is above the maximum",
        "nothing lies between a number and itself",
        "two numbers for one side",
        "no number",
        "a word",
        "a power of ten does not show its place",
        "zero has no significant figures",
    ],
)
def test_a_limit_that_decides_nothing_is_told_as_alone(limit, rounding, code):
    key = (limit, None, rounding)
    assert outcome(lambda: limit_bounds([key]).bounds_in(unit_code("%"))) == [code]
