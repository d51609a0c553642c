"""Limits: what a specification may write, what it means, and the published rounding tables."""

from __future__ import annotations

import math
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import InternalError, SpecificationError
from regenqc.measurement import (
    Bound,
    CompiledInterval,
    ExactInterval,
    Limit,
    Rounding,
    compile_interval,
    conforming_interval,
    make_limit,
    round_reported,
)

# ---- WRITING LIMITS ----

DESCRIBED = [
    ({"minimum": "70", "unit": "%"}, "≥ 70 %"),
    ({"maximum": "0.50", "unit": "EU/mL"}, "≤ 0.50 EU/mL"),
    ({"minimum_exclusive": "0.5", "maximum": "10", "unit": "copies/cell"}, "> 0.5 and ≤ 10 copies/cell"),
    ({"minimum": "6.8", "maximum_exclusive": "7.4", "unit": "pH"}, "≥ 6.8 and < 7.4 pH"),
    ({"maximum": "5E6"}, "≤ 5E6"),
    ({"maximum": "5 x 10^6"}, "≤ 5E6"),
    ({"minimum": "-5.0"}, "≥ -5.0"),
    ({"maximum": "0.00000010"}, "≤ 0.00000010"),
    ({"maximum": "1E-30"}, "≤ 1E-30"),
    ({"minimum": "5", "maximum": "5"}, "≥ 5 and ≤ 5"),
]


@pytest.mark.parametrize(("stated", "text"), DESCRIBED, ids=[text for _, text in DESCRIBED])
def test_a_limit_is_described_with_every_digit_it_was_written_with(stated, text):
    assert make_limit(**stated).describe() == text


REFUSED = [
    ("nothing at all", {}, ["RQC-S061"]),
    ("a unit without a number", {"unit": "%"}, ["RQC-S061"]),
    ("an empty text", {"minimum": ""}, ["RQC-S061"]),
    ("a word", {"minimum": "negative"}, ["RQC-S061"]),
    ("a number with its unit", {"minimum": "70 %"}, ["RQC-S061"]),
    ("a number with an operator", {"minimum": ">= 70"}, ["RQC-S061"]),
    ("a number with an equals sign", {"minimum": "= 70"}, ["RQC-S061"]),
    ("a decimal comma", {"minimum": "0,5"}, ["RQC-S061"]),
    ("a range", {"minimum": "5-10"}, ["RQC-S061"]),
    ("not a number", {"minimum": "nan"}, ["RQC-S061"]),
    ("infinity", {"maximum": "inf"}, ["RQC-S061"]),
    ("more digits than a double keeps", {"maximum": "1.234567890123456"}, ["RQC-S061"]),
    ("a number beyond doubles", {"maximum": "1e300"}, ["RQC-S061"]),
    ("negative zero", {"minimum": "-0"}, ["RQC-S061"]),
    ("a number that is not a text", {"minimum": 0.1}, ["RQC-S061"]),
    ("two minima", {"minimum": "1", "minimum_exclusive": "1"}, ["RQC-S062"]),
    ("two maxima", {"maximum": "1", "maximum_exclusive": "2"}, ["RQC-S062"]),
    ("sides exchanged", {"minimum": "10", "maximum": "5"}, ["RQC-S063"]),
    ("one value, excluded below", {"minimum_exclusive": "5", "maximum": "5"}, ["RQC-S063"]),
    ("one value, excluded above", {"minimum": "5", "maximum_exclusive": "5.0"}, ["RQC-S063"]),
    (
        "several faults",
        {"minimum": "x", "minimum_exclusive": "1", "maximum": "y"},
        ["RQC-S061", "RQC-S061", "RQC-S062"],
    ),
]


@pytest.mark.parametrize(("stated", "codes"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_limit_that_cannot_be_meant_is_refused(stated, codes):
    with pytest.raises(SpecificationError) as caught:
        make_limit(**stated)

    assert [fault.code for fault in caught.value.faults] == codes


def test_a_refusal_survives_pickling():
    with pytest.raises(SpecificationError) as caught:
        make_limit(minimum="x")

    assert pickle.loads(pickle.dumps(caught.value)).faults == caught.value.faults  # noqa: S301


# ---- ROUNDING ----

# USP General Notices 7.20, illustration of rounding numerical values for comparison with requirements.
USP_TABLE = [
    ({"minimum": "98.0"}, "97.96", "98.0", True),
    ({"minimum": "98.0"}, "97.92", "97.9", False),
    ({"minimum": "98.0"}, "97.95", "98.0", True),
    ({"maximum": "101.5"}, "101.55", "101.6", False),
    ({"maximum": "101.5"}, "101.46", "101.5", True),
    ({"maximum": "101.5"}, "101.45", "101.5", True),
    ({"maximum": "0.02"}, "0.025", "0.03", False),
    ({"maximum": "0.02"}, "0.015", "0.02", True),
    ({"maximum": "0.02"}, "0.027", "0.03", False),
    ({"maximum": "0.0003"}, "0.00035", "0.0004", False),
    ({"maximum": "0.0003"}, "0.00025", "0.0003", True),
    ({"maximum": "0.0003"}, "0.00028", "0.0003", True),
]
# Further values of the same rule: rounding happens once, half goes up, zero and negative limits mirror.
USP_FURTHER = [
    ({"minimum": "98.0"}, "97.949", "97.9", False),
    ({"maximum": "100.0"}, "98.28568", "98.3", True),
    ({"minimum": "70"}, "69.5", "70", True),
    ({"minimum": "70"}, "69.49", "69", False),
    ({"minimum": "70"}, "69.9", "70", True),
    ({"minimum": "70"}, "70.5", "71", True),
    ({"minimum": "70.0"}, "69.9", "69.9", False),
    ({"minimum_exclusive": "70"}, "70.4", "70", False),
    ({"minimum_exclusive": "70"}, "70.5", "71", True),
    ({"maximum_exclusive": "70"}, "69.4", "69", True),
    ({"maximum_exclusive": "70"}, "69.5", "70", False),
    ({"maximum": "0"}, "0.4", "0", True),
    ({"maximum": "0"}, "0.5", "1", False),
    ({"maximum": "0"}, "-3", "-3", True),
    ({"minimum": "0"}, "-0.4", "0", True),
    ({"minimum": "0"}, "-0.5", "-1", False),
    ({"maximum_exclusive": "0"}, "-0.4", "0", False),
    ({"maximum_exclusive": "0"}, "-0.5", "-1", True),
    ({"minimum_exclusive": "0"}, "0.5", "1", True),
    ({"minimum_exclusive": "0"}, "0.4", "0", False),
    ({"maximum": "-5.0"}, "-4.95", "-5.0", True),
    ({"maximum": "-5.0"}, "-4.949", "-4.9", False),
    ({"minimum": "-5.0"}, "-5.04", "-5.0", True),
    ({"minimum": "-5.0"}, "-5.05", "-5.1", False),
]
PH_EUR = [
    ({"maximum": "100.0"}, "98.28568", "98.29", True),
    ({"maximum": "100.0"}, "100.04", "100.0", True),
    ({"maximum": "100.0"}, "100.05", "100.1", False),
    ({"minimum": "100.0"}, "99.995", "100.00", True),
    ({"minimum": "100.0"}, "99.9949", "99.99", False),
    ({"minimum": "100.0"}, "99.95", "99.95", False),
    ({"maximum_exclusive": "100.0"}, "99.9949", "99.99", True),
    ({"maximum_exclusive": "100.0"}, "99.995", "100.00", False),
    ({"minimum_exclusive": "100.0"}, "100.04", "100.0", False),
    ({"minimum_exclusive": "100.0"}, "100.05", "100.1", True),
    ({"maximum": "0.050"}, "0.0504", "0.050", True),
    ({"maximum": "0.050"}, "0.0505", "0.051", False),
    ({"maximum": "99"}, "99.4", "99", True),
    ({"maximum": "99"}, "99.5", "100", False),
    ({"maximum": "5E6"}, "5499999", "5E6", True),
    ({"maximum": "5E6"}, "5500000", "6E6", False),
    ({"minimum": "1E6"}, "950000", "1.0E6", True),
    ({"minimum": "1E6"}, "949999", "9E5", False),
    ({"minimum": "-100"}, "-100.4", "-100", True),
    ({"minimum": "-100"}, "-100.5", "-101", False),
    ({"maximum": "-100"}, "-99.95", "-100.0", True),
    ({"maximum": "-100"}, "-99.94", "-99.9", False),
    ({"maximum": "5"}, "0", "0", True),
    ({"minimum": "5"}, "-7.77", "-8", False),
]
ROUNDED = [
    (rounding, *case)
    for rounding, cases in ((Rounding.USP, USP_TABLE + USP_FURTHER), (Rounding.PH_EUR, PH_EUR))
    for case in cases
]


@pytest.mark.parametrize(
    ("rounding", "stated", "value", "shown", "verdict"),
    ROUNDED,
    ids=[f"{r} {v} {'conforms to' if ok else 'is outside'} {make_limit(**s).describe()}" for r, s, v, _, ok in ROUNDED],
)
def test_a_value_is_rounded_as_the_pharmacopoeia_prints_it(rounding, stated, value, shown, verdict):
    limit = make_limit(**stated)
    limit_value = limit.minimum if limit.minimum is not None else limit.maximum
    interval = conforming_interval(limit, rounding=rounding)
    compiled = compile_interval(interval)

    rounded = round_reported(Decimal(value), limit_value=limit_value, rounding=rounding)

    assert (rounded, interval.contains(Fraction(value))) == (Decimal(shown), verdict)
    assert (compiled.lo <= float(value) <= compiled.hi) is verdict


# Viability (%) of 24 published batches against a release criterion of 70 %; 15 were classed as out of specification
# (doi 10.1016/j.jcyt.2025.04.067, tables 2 and 3).
PUBLISHED_VIABILITY = "69.9 69.2 68.9 68.5 68.4 68.3 66.4 64.8 63.4 62.4 60.9 60.2 86.8 88.0 77.7 85.7 87.8 64.2 85.1 57.7 69.5 80.8 93.2 85.0"


@pytest.mark.parametrize(("rounding", "low"), [(Rounding.NONE, 15), (Rounding.USP, 13)])
def test_published_batches_are_classed_as_published_only_without_rounding(rounding, low):
    interval = conforming_interval(make_limit(minimum="70", unit="%"), rounding=rounding)

    assert sum(not interval.contains(Fraction(value)) for value in PUBLISHED_VIABILITY.split()) == low


def test_each_side_is_rounded_to_its_own_decimals():
    interval = conforming_interval(make_limit(minimum="95", maximum="105.0"), rounding=Rounding.USP)

    assert interval == ExactInterval(
        Bound(Fraction("94.5"), inclusive=True), Bound(Fraction("105.05"), inclusive=False)
    )


def test_rounding_happens_in_the_unit_of_the_limit():
    interval = conforming_interval(make_limit(maximum="0.5"), rounding=Rounding.USP, factor=Fraction(1, 1000))

    assert interval.upper == Bound(Fraction(550), inclusive=False)


UNDEFINED = [
    ("significant figures of zero", {"maximum": "0.0"}, Rounding.PH_EUR),
    ("decimals of a power of ten", {"maximum": "5E6"}, Rounding.USP),
]


@pytest.mark.parametrize(("stated", "rounding"), [case[1:] for case in UNDEFINED], ids=[case[0] for case in UNDEFINED])
def test_rounding_that_the_rule_does_not_define_is_refused(stated, rounding):
    limit = make_limit(**stated)

    for attempt in (
        lambda: conforming_interval(limit, rounding=rounding),
        lambda: round_reported(Decimal(1), limit_value=limit.maximum, rounding=rounding),
    ):
        with pytest.raises(SpecificationError, match="RQC-S064"):
            attempt()


def test_a_limit_that_rounding_empties_is_refused():
    limit = make_limit(minimum_exclusive="5", maximum_exclusive="6")

    with pytest.raises(SpecificationError, match="RQC-S063"):
        conforming_interval(limit, rounding=Rounding.USP)


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity")])
def test_a_limit_built_around_the_checks_is_still_refused(number, rounding):
    with pytest.raises(SpecificationError, match="RQC-S064"):
        conforming_interval(Limit(minimum=None, maximum=number), rounding=rounding)


@pytest.mark.parametrize("factor", [Fraction(0), Fraction(-1)])
def test_a_factor_that_would_turn_the_limit_around_is_refused(factor):
    with pytest.raises(InternalError, match="RQC-X060"):
        conforming_interval(make_limit(maximum="1"), rounding=Rounding.NONE, factor=factor)


def test_no_rounding_returns_the_value_with_its_digits():
    assert str(round_reported(Decimal("70.00"), limit_value=Decimal(70), rounding=Rounding.NONE)) == "70.00"


# ---- INHERITANCE ----

WITHIN = [
    ({"minimum": "75"}, {"minimum": "70"}, True),
    ({"minimum": "70"}, {"minimum": "75"}, False),
    ({"minimum": "70"}, {"minimum": "70"}, True),
    ({"minimum_exclusive": "70"}, {"minimum": "70"}, True),
    ({"minimum": "70"}, {"minimum_exclusive": "70"}, False),
    ({"minimum": "70", "maximum": "90"}, {"minimum": "70"}, True),
    ({"minimum": "70"}, {"minimum": "70", "maximum": "90"}, False),
    ({"maximum": "5"}, {"minimum": "70"}, False),
    ({"maximum_exclusive": "5"}, {"maximum": "5"}, True),
    ({"maximum": "5"}, {"maximum_exclusive": "5"}, False),
    ({"minimum": "1", "maximum": "2"}, {"minimum_exclusive": "0", "maximum_exclusive": "3"}, True),
]


@pytest.mark.parametrize(
    ("mine", "theirs", "tighter"),
    WITHIN,
    ids=[
        f"{make_limit(**a).describe()} {'is' if ok else 'is not'} within {make_limit(**b).describe()}"
        for a, b, ok in WITHIN
    ],
)
def test_a_limit_is_within_another_when_it_lets_nothing_more_through(mine, theirs, tighter):
    a, b = (conforming_interval(make_limit(**stated), rounding=Rounding.NONE) for stated in (mine, theirs))

    assert a.is_within(b) is tighter


bounds = st.none() | st.builds(Bound, st.integers(-3, 3).map(Fraction), st.booleans())
intervals = st.builds(ExactInterval, bounds, bounds)
GRID = [Fraction(step, 2) for step in range(-9, 10)]


@settings(deadline=None)
@given(intervals, intervals)
def test_within_means_that_every_conforming_value_conforms_to_the_other(a, b):
    subset = all(b.contains(value) for value in GRID if a.contains(value))

    assert a.is_within(b) is subset


@settings(deadline=None)
@given(intervals)
def test_an_empty_interval_contains_nothing(interval):
    assert interval.is_empty() is not any(interval.contains(value) for value in GRID)


# ---- COMPILATION ----


def compiled(**stated) -> CompiledInterval:
    return compile_interval(conforming_interval(make_limit(**stated), rounding=Rounding.NONE))


def test_an_open_side_is_infinite():
    assert compiled(maximum="5") == CompiledInterval(
        lo=-math.inf,
        hi=5.0,
        lo_closed=-math.inf,
        lo_open=-math.inf,
        hi_closed=5.0,
        hi_open=math.nextafter(5.0, 0.0),
    )


def test_an_exclusive_limit_ends_at_the_neighbouring_double():
    assert compiled(minimum_exclusive="0.1").lo == math.nextafter(0.1, 1.0)


def test_a_boundary_between_two_decimals_needs_no_neighbour():
    interval = ExactInterval(None, Bound(Fraction(1, 3), inclusive=False))

    assert compile_interval(interval).hi < float("0.333333333333334")
    assert compile_interval(interval).hi >= float("0.333333333333333")


def test_zero_is_not_above_zero_even_where_subnormal_numbers_count_as_zero():
    above = compiled(minimum_exclusive="0")

    assert 2.3e-308 < above.lo <= 1e-290
    assert -1e-290 <= compiled(maximum_exclusive="0").hi < -2.3e-308


@pytest.mark.parametrize("stated", [{"minimum": "0"}, {"maximum": "0"}])
def test_zero_compiles_to_positive_zero(stated):
    interval = compiled(**stated)

    assert all(math.copysign(1, side) > 0 for side in (interval.lo, interval.hi) if side == 0)


BEYOND = [Fraction(10) ** 400, Fraction(10) ** 5000]


@pytest.mark.parametrize("boundary", BEYOND, ids=["four hundred digits", "five thousand digits"])
def test_boundaries_beyond_every_readable_number_compile(boundary):
    assert compile_interval(ExactInterval(None, Bound(boundary, inclusive=True))).hi > 1e290
    assert compile_interval(ExactInterval(Bound(boundary, inclusive=True), None)).lo > 1e290
    tiny = compile_interval(ExactInterval(None, Bound(1 / boundary, inclusive=True)))
    assert 0.0 <= tiny.hi < 1e-290
    negative = compile_interval(ExactInterval(None, Bound(-1 / boundary, inclusive=True)))
    assert -1e-290 < negative.hi < -2.3e-308  # a normal double


def test_minus_signs_mirror_everything():
    up, down = compiled(minimum="0.3", maximum_exclusive="70.1"), compiled(minimum_exclusive="-70.1", maximum="-0.3")

    assert (up.lo, up.hi, up.lo_open, up.hi_closed) == (-down.hi, -down.lo, -down.hi_open, -down.lo_closed)
