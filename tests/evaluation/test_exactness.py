"""From the written limit to the verdict: no reported decimal lands on the wrong side.

The oracle converts, rounds and compares with rational numbers, written here and not taken from the engine.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from regenqc import SpecificationError
from strategies import decimal_text, decimals, row_verdicts, rows, verdict_of

# Value in the first unit × factor = value in the second; only powers of ten, so that every decimal stays one.
UNITS = {
    ("%", "%"): Fraction(1),
    ("EU/mL", "EU/mL"): Fraction(1),
    ("ng/mL", "ug/mL"): Fraction(1, 1000),
    ("g/L", "mg/dL"): Fraction(100),
    ("cells/uL", "cells/mL"): Fraction(1000),
    ("10^6 cells", "cells"): Fraction(1_000_000),
    ("cells", "10^9 cells"): Fraction(1, 10**9),
}
SIDES = ["min", "max", "min_exclusive", "max_exclusive"]


def rounded(value, limit, rounding):
    """Round as a pharmacopoeia asks, half up by magnitude, to the limit's decimals (USP) or figures (Ph. Eur.)."""
    if rounding == "none" or (value == 0 and rounding == "ph_eur"):
        return value
    written = Decimal(limit).as_tuple()
    place = written.exponent
    if rounding == "ph_eur":
        magnitude, exponent = abs(value), 0
        while magnitude >= Fraction(10) ** (exponent + 1):
            exponent += 1
        while magnitude < Fraction(10) ** exponent:
            exponent -= 1
        place = exponent - len(written.digits) + 1
    step = Fraction(10) ** place
    with localcontext() as context:
        context.prec = 400
        steps = Decimal((abs(value) / step).numerator) / Decimal((abs(value) / step).denominator)
        whole = int(steps.to_integral_value(rounding=ROUND_HALF_UP))
    return step * whole * (1 if value >= 0 else -1)


def conforms(value, side, limit, rounding):
    compared, bound = rounded(value, limit, rounding), Fraction(limit)
    return {
        "min": compared >= bound,
        "max": compared <= bound,
        "min_exclusive": compared > bound,
        "max_exclusive": compared < bound,
    }[side]


@st.composite
def cases(draw):
    """Draw a limit and reported values at it, beside it and half a digit beside it, in a reported unit."""
    limit = draw(decimals())
    pair = draw(st.sampled_from(list(UNITS)))
    digit = Fraction(10) ** Decimal(limit).as_tuple().exponent
    steps = [Fraction(0), digit, digit / 2, digit / 2 + digit / 1000, digit / 2 - digit / 1000, digit / 10, 2 * digit]
    values = {Fraction(limit) + sign * step for step in steps for sign in (1, -1)}
    values |= {Fraction(limit) * 10, Fraction(limit) / 10, Fraction(draw(decimals()))}
    # What is counted or weighed is never negative; such a report is not readable.
    texts = [text for value in sorted(values) if value >= 0 and (text := shown(value / UNITS[pair])) is not None]
    assume(texts)
    return draw(st.sampled_from(SIDES)), limit, draw(st.sampled_from(["none", "usp", "ph_eur"])), pair, texts


def shown(value):
    """Return a value as text where it has at most 15 significant digits and is no negative zero."""
    text = decimal_text(value)
    return text if len(text.lstrip("-").replace(".", "").strip("0")) <= 15 else None


def check(case):
    side, limit, rounding, (unit, limit_unit), texts = case
    try:
        found = row_verdicts(
            rows(*(("value", text, unit) for text in texts)),
            {"id": "value", "limit": {side: limit, "unit": limit_unit}, "rounding": rounding},
        )
    except SpecificationError:
        reject()
    for text, (verdict, _) in zip(texts, found, strict=True):
        value = Fraction(text) * UNITS[unit, limit_unit]
        assert verdict != "inconclusive"
        assert (verdict != "fails") == conforms(value, side, limit, rounding), (text, verdict)
        # Without an alert limit, an alert says that rounding alone made the value conform.
        only_by_rounding = verdict != "fails" and not conforms(value, side, limit, "none")
        assert (verdict == "alert") == only_by_rounding, (text, verdict)


QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=250, suppress_health_check=QUIET)
@given(cases())
def test_every_value_at_and_beside_a_limit_is_judged_as_exact_arithmetic_judges_it(case):
    check(case)


@pytest.mark.long
@settings(max_examples=20_000, suppress_health_check=QUIET)
@given(cases())
def test_every_value_at_and_beside_a_limit_is_judged_as_exact_arithmetic_judges_it_at_length(case):
    check(case)


@settings(max_examples=150, suppress_health_check=QUIET)
@given(
    decimals(), st.sampled_from(SIDES), st.integers(16, 60), st.sampled_from([-1, 0, 1]), st.sampled_from(list(UNITS))
)
def test_a_value_of_many_digits_is_never_wrongly_conforming_or_failing(limit, side, digits, sign, pair):
    value = Fraction(limit) + sign * Fraction(1, 10**digits)
    assume(value > 0)
    text = decimal_text(value / UNITS[pair])
    verdict = verdict_of(text, pair[0], limit={side: limit, "unit": pair[1]})
    wanted = "conforms" if conforms(value, side, limit, "none") else "fails"
    assert verdict in {wanted, "inconclusive"}


@pytest.mark.parametrize(
    ("limit", "text", "wanted"),
    [
        ({"min": "98.0"}, "97.96", "alert"),
        ({"min": "98.0"}, "97.92", "fails"),
        ({"min": "98.0"}, "97.95", "alert"),
        ({"min": "98.0"}, "97.949", "fails"),
        ({"max": "101.5"}, "101.55", "fails"),
        ({"max": "101.5"}, "101.46", "conforms"),
        ({"max": "101.5"}, "101.45", "conforms"),
        ({"max": "0.02"}, "0.025", "fails"),
        ({"max": "0.02"}, "0.015", "conforms"),
        ({"max": "0.02"}, "0.027", "fails"),
        ({"max": "0.0003"}, "0.00035", "fails"),
        ({"max": "0.0003"}, "0.00025", "conforms"),
        ({"max": "0.0003"}, "0.00028", "conforms"),
        ({"min": "70"}, "69.5", "alert"),
        ({"min": "70"}, "69.49", "fails"),
        ({"min": "70"}, "69.9", "alert"),
    ],
)
def test_the_published_table_of_pharmacopoeial_rounding(limit, text, wanted):
    assert verdict_of(text, "%", limit=limit | {"unit": "%"}, rounding="usp") == wanted


@pytest.mark.parametrize("text", ["69.9", "69.5", "69.999999999999999"])
def test_without_a_rounding_rule_nothing_is_rounded(text):
    assert verdict_of(text, "%", limit={"min": "70", "unit": "%"}) in {"fails", "inconclusive"}


@pytest.mark.parametrize(
    ("text", "unit", "limit"),
    [
        ("0.3", "EU/mL", "0.3"),
        ("300", "ng/mL", "0.3"),
        ("0.1", "10^6 cells", "1E5"),
        ("4.35", "%", "4.35"),
        ("1.005", "%", "1.005"),
    ],
)
def test_a_result_exactly_at_an_inclusive_limit_conforms_in_every_unit(text, unit, limit):
    limit_unit = {"ng/mL": "ug/mL", "10^6 cells": "cells"}.get(unit, unit)
    for side in ("min", "max"):
        assert verdict_of(text, unit, limit={side: limit, "unit": limit_unit}) == "conforms"
        assert verdict_of(text, unit, limit={f"{side}_exclusive": limit, "unit": limit_unit}) == "fails"
