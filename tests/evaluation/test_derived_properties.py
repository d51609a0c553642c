"""What holds of every derived result: monotone, censored truthfully, never rounded in favour of a batch, never nothing."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regenqc.evaluation.derivation.columns import UNREADABLE, quantity_column
from regenqc.evaluation.derivation.exact_rules import (
    derive_difference,
    derive_product,
    difference_texts,
    product_texts,
)
from regenqc.evaluation.derivation.quantity import Quantity
from regenqc.evaluation.derivation.reading import read_input
from regenqc.evaluation.derivation.rounding import rounded_texts
from regenqc.evaluation.derived import derived_texts
from regenqc.specification.derived_functions import FUNCTIONS, Direction, Reading, Rule

from .derived_results import bound_of, text_of, texts_of

MODEST = settings(max_examples=60, deadline=None)
COMPUTED = sorted(name for name, function in FUNCTIONS.items() if function.rule is not Rule.TOTAL)
MONOTONE = sorted(name for name in COMPUTED if FUNCTIONS[name].rule is not Rule.DIFFERENCE)
RESIDUAL = ["residual_cells_bound_by_count", "residual_cells_bound_by_fraction"]


def unit_of(entry):
    return "cells" if entry.unit is None else entry.unit


@st.composite
def numbers(draw, entry):
    """Draw what an input can be, as a fraction in its unit."""
    if entry.reading is not Reading.QUANTITY:
        return Fraction(draw(st.integers(int(entry.above_zero), 2000)))
    high = 100 if entry.at_most else 10**6
    number = Fraction(draw(st.integers(int(entry.above_zero), high * 1000)), 1000)
    return number / draw(st.sampled_from([1, 1, 10**4]))


@st.composite
def inputs_of(draw, name):
    """Draw every input of a function."""
    values = {entry.name: draw(numbers(entry)) for entry in FUNCTIONS[name].inputs}
    if "examined" in values:
        values["examined"] = max(values["examined"], values["positives"])
    return values


def decimal(value):
    with localcontext() as context:
        context.prec = 60
        return format(Decimal(value.numerator) / Decimal(value.denominator), "f")


def written(name, values, operators=None):
    """Return inputs as texts with their units."""
    operators = operators or {}
    return {
        entry.name: (operators.get(entry.name, "") + decimal(values[entry.name]), unit_of(entry))
        for entry in FUNCTIONS[name].inputs
    }


def value_of(text):
    assert not text.startswith("not computable"), text
    return Fraction(text.lstrip("<≤>≥"))


def holds(text, value):
    """Return whether a value may be what a censored text stands for."""
    bound = value_of(text)
    return {"<": value < bound, "≤": value <= bound, ">": value > bound, "≥": value >= bound}.get(
        text[0], value == bound
    )


# ---- monotone ----


@pytest.mark.parametrize("name", MONOTONE)
@MODEST
@given(data=st.data())
def test_a_value_rises_and_falls_as_its_function_declares(name, data):
    first = data.draw(inputs_of(name))
    entry = data.draw(st.sampled_from(FUNCTIONS[name].inputs))
    second = first | {entry.name: max(first[entry.name], data.draw(numbers(entry)))}
    if name == "residual_cells_bound_by_count":
        second["positives"] = min(second["positives"], second["examined"])
    texts = texts_of(name, [written(name, first), written(name, second)])
    if any(text.startswith("not computable: division") for text in texts):
        return
    low, high = map(value_of, texts)
    # Rounding to 20 digits of what does not end may differ in the last of them.
    slack = max(abs(low), abs(high)) / 10**18
    assert low <= high + slack if entry.direction is Direction.RISES else low + slack >= high


# ---- censored inputs ----


@pytest.mark.parametrize("name", MONOTONE)
@MODEST
@given(data=st.data())
def test_a_censored_result_holds_the_value_of_every_input_that_it_may_stand_for(name, data):
    values = data.draw(inputs_of(name))
    function = FUNCTIONS[name]
    upwards = data.draw(st.booleans())  # whether the value is bounded from above
    strict = data.draw(st.booleans())
    bounds, operators = dict(values), {}
    for entry in data.draw(st.lists(st.sampled_from(function.inputs), unique_by=lambda entry: entry.name)):
        from_above = upwards is (entry.direction is Direction.RISES)
        other = data.draw(numbers(entry))
        bound = max(values[entry.name], other) if from_above else min(values[entry.name], other)
        is_strict = strict and bound != values[entry.name]
        bounds[entry.name] = bound
        operators[entry.name] = ("<" if is_strict else "≤") if from_above else (">" if is_strict else "≥")
    plain, censored = texts_of(name, [written(name, values), written(name, bounds, operators)])
    if plain.startswith("not computable") or censored.startswith("not computable"):
        return  # nothing is claimed
    if operators:
        assert censored[0] in ("<≤" if upwards else ">≥")
    assert holds(censored, value_of(plain))


@pytest.mark.parametrize("name", MONOTONE)
@MODEST
@given(data=st.data())
def test_inputs_censored_in_both_directions_give_no_number(name, data):
    function = FUNCTIONS[name]
    if len(function.inputs) < 2:
        return
    values = {
        entry.name: max(number, Fraction(1))
        for entry, number in zip(function.inputs, data.draw(inputs_of(name)).values(), strict=True)
    }
    pair = data.draw(st.permutations(function.inputs))[:2]
    up, down = ("<", ">") if data.draw(st.booleans()) else (">", "<")
    operators = {
        entry.name: operator if entry.direction is Direction.RISES else {"<": ">", ">": "<"}[operator]
        for entry, operator in zip(pair, (up, down), strict=True)
    }
    assert texts_of(name, [written(name, values, operators)])[0].startswith("not computable: ")


# ---- rounding ----


@MODEST
@given(st.lists(st.floats(-1e300, 1e300).filter(lambda value: value == 0 or abs(value) > 1e-290)), st.booleans())
def test_rounding_has_twelve_digits_and_one_direction(values, upwards):
    for value, text in zip(values, rounded_texts(np.array(values), up=np.full(len(values), upwards)), strict=True):
        rounded = Decimal(text)
        assert len(rounded.normalize().as_tuple().digits) <= 12
        assert rounded >= Decimal(value) if upwards else rounded <= Decimal(value)
        assert abs(rounded - Decimal(value)) <= abs(Decimal(value)) * Decimal("1.2e-11")


@MODEST
@given(st.integers(0, 30), st.integers(1, 10**5), st.integers(1, 100))
def test_the_upper_bound_of_virus_is_one(positives, thousandths, percent):
    # With the bound as the true mean, so few positives have a probability of at most 5 %, and hardly less.
    text = bound_of(
        "virus_upper_bound_per_dose",
        positives=str(positives),
        amount=f"{decimal(Fraction(thousandths, 1000))} mL",
        dose="100 mL",
        efficiency=f"{percent} %",
    )
    with localcontext() as context:
        context.prec = 50
        mean = Decimal(text) * Decimal(thousandths) / 100_000 * percent / 100
        term, found = (-mean).exp(), Decimal(0)
        for number in range(positives + 1):
            found += term
            term *= mean / (number + 1)
    assert Decimal("0.05") * (1 - Decimal("1e-9")) < found <= Decimal("0.05")


@MODEST
@given(st.integers(1, 60), st.data())
def test_the_upper_bound_of_residual_cells_is_one(examined, data):
    positives = data.draw(st.integers(0, examined - 1))
    text = bound_of(
        "residual_cells_bound_by_count",
        positives=str(positives),
        examined=f"{examined} cells",
        efficiency="100 %",
        detection_limit="1E-9 %",
        dose="1E8 cells",
    )
    share = Fraction(text) / 10**8
    term, found = (1 - share) ** examined, Fraction(0)
    for number in range(positives + 1):
        found += term
        term *= Fraction(examined - number, number + 1) * share / (1 - share)
    assert Fraction(5, 100) * (1 - Fraction(1, 10**8)) < found <= Fraction(5, 100)


@pytest.mark.parametrize("examined", [10**5, 10**6, 10**7, 10**8, 10**9])
@pytest.mark.parametrize("positives", [1, 2, 5, 30])
def test_the_upper_bound_holds_for_millions_of_cells(positives, examined):
    text = bound_of(
        "residual_cells_bound_by_count",
        positives=str(positives),
        examined=f"{examined} cells",
        efficiency="100 %",
        detection_limit="1E-20 %",
        dose="1E8 cells",
    )
    with localcontext() as context:
        context.prec = 50
        share = Decimal(text) / 10**8
        term, found = (examined * (1 - share).ln()).exp(), Decimal(0)
        for number in range(positives + 1):
            found += term
            term *= (examined - number) * share / (number + 1) / (1 - share)
    assert found <= Decimal("0.05")


@MODEST
@given(st.integers(1, 500))
def test_the_excluded_mosaicism_is_excluded(metaphases):
    share = Fraction(bound_of("excluded_mosaicism", karyotype=f"46,XX[{metaphases}]")) / 100
    assert Fraction(5, 100) * (1 - Fraction(1, 10**9)) < (1 - share) ** metaphases <= Fraction(5, 100)


@MODEST
@given(st.integers(0, 200), st.integers(1, 999))
def test_the_probability_to_meet_a_contaminated_container_is_not_overstated(containers, permille):
    text = text_of(
        "contamination_detection_probability",
        containers=str(containers),
        contaminated=f"{decimal(Fraction(permille, 10))} %",
    )
    exact = 100 * (1 - (1 - Fraction(permille, 1000)) ** containers)
    assert exact * (1 - Fraction(1, 10**10)) <= Fraction(text) <= exact


@MODEST
@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 100))
def test_the_probability_to_detect_a_virus_is_not_overstated(amount, dose, percent):
    text = text_of("virus_detection_probability", amount=f"{amount} mL", dose=f"{dose} mL", efficiency=f"{percent} %")
    with localcontext() as context:
        context.prec = 50
        exact = 100 * (1 - (-(Decimal(amount) / Decimal(dose) * percent / 100)).exp())
    assert exact * (1 - Decimal("1e-10")) <= Decimal(text) <= exact


@MODEST
@given(st.integers(1, 10**12), st.integers(1, 10**12))
@example(37927325691, 37902559320)
def test_population_doublings_are_not_understated(harvested, seeded):
    text = text_of("population_doublings", harvested=f"{harvested} cells", seeded=f"{seeded} cells")
    with localcontext() as context:
        context.prec = 50
        exact = (Decimal(harvested) / Decimal(seeded)).ln() / Decimal(2).ln()
        assert -Decimal("1e-45") <= Decimal(text) - exact <= abs(exact) * Decimal("1e-10")


@MODEST
@given(st.integers(-60, 60), st.integers(1, 10**9))
def test_whole_doublings_are_whole(doublings, cells):
    text = text_of(
        "population_doublings",
        harvested=f"{cells * 2 ** max(doublings, 0)} cells",
        seeded=f"{cells * 2 ** max(-doublings, 0)} cells",
    )
    assert text == str(doublings)


# ---- never below the detection limit, never nothing ----


@pytest.mark.parametrize("name", RESIDUAL)
@MODEST
@given(data=st.data())
def test_residual_cells_are_never_fewer_than_the_detection_limit_leaves(name, data):
    values = data.draw(inputs_of(name))
    text = texts_of(name, [written(name, values)])[0]
    least = values["detection_limit"] * values["dose"] / 100
    assert value_of(text) >= least * (1 - Fraction(1, 10**15))
    assert value_of(text) > 0


@pytest.mark.parametrize("name", RESIDUAL)
@MODEST
@given(data=st.data())
def test_where_the_detection_limit_decides_the_value_is_exact(name, data):
    limit, dose = data.draw(st.integers(1, 100)), data.draw(st.integers(1, 10**8))
    first = {"positives": ("0", ""), "examined": ("1E12", "cells"), "efficiency": ("100", "%")}
    if name == "residual_cells_bound_by_fraction":
        first = {"fraction": ("0", "%"), "uncertainty": ("0", "%")}
    rest = {"detection_limit": (decimal(Fraction(limit, 100)), "%"), "dose": (str(dose), "cells")}
    assert value_of(texts_of(name, [first | rest])[0]) == Fraction(limit * dose, 10**4)


@pytest.mark.parametrize("name", MONOTONE)
@MODEST
@given(data=st.data())
def test_nothing_undetected_is_taken_for_zero_or_for_half_a_limit(name, data):
    """Search the texts of many cases for the values that zero and half the limit would give."""
    function = FUNCTIONS[name]
    values = {key: max(number, Fraction(1)) for key, number in data.draw(inputs_of(name)).items()}
    # Fewer than one of what is counted is none of it.
    measured = [entry for entry in function.inputs if entry.reading is Reading.QUANTITY]
    if not measured:
        return
    entry = data.draw(st.sampled_from(measured))
    if entry.at_least:
        values[entry.name] += 2 * entry.at_least  # below that, one input is another one by definition
    censored = written(name, values, {entry.name: data.draw(st.sampled_from(["<", "≤"]))})
    instead = [values | {entry.name: number} for number in (Fraction(0), values[entry.name] / 2)]
    text, *substituted = texts_of(name, [censored, *(written(name, other) for other in instead)])
    assert text.startswith(("<", "≤", ">", "≥", "not computable"))
    for other in substituted:
        if not other.startswith("not computable") and name not in RESIDUAL:
            is_changed = value_of(other) != value_of(texts_of(name, [written(name, values)])[0])
            assert not is_changed or text.lstrip("<≤>≥") != other


def test_a_count_below_one_bounds_as_none_does_and_is_not_nothing():
    found = text_of("virus_upper_bound_per_dose", positives="< 1", amount="1 mL", dose="1 mL", efficiency="100 %")
    assert found == "≤2.99573227356"


@pytest.mark.parametrize("reported", ["not detected", "ND", "< 0.002", "≤ 0.002", "< 0.0001"])
@pytest.mark.parametrize("lod", ["", "0.002", "0.0005"])
def test_an_undetected_fraction_is_bounded_by_its_limit(reported, lod):
    function = FUNCTIONS["residual_cells_bound_by_fraction"]
    texts = [(reported, "%", lod), ("", "%", ""), ("0.001", "%", ""), ("1E8", "cells", "")]
    columns = [
        quantity_column([read_input(entry, text, unit, lod=limit)], np.array([0]))
        for entry, (text, unit, limit) in zip(function.inputs, texts, strict=True)
    ]
    (found,) = derived_texts(function, columns, name="residual_cells_bound_by_fraction")
    own = {"< 0.0001": "0.0001"}.get(reported, "0.002" if reported[0] in "<≤" else lod or "0.001")
    assert found == f"≤{max(Fraction(own), Fraction('0.001')) * 10**6}"


# ---- anything a laboratory can write ----

ODD = ["0", "1E290", "1E-290", "3", "<1E-290", ">1E290", "ND", "positive", "46,XX[20]", "nan", "", "0.5", "-1", "1E20"]


@pytest.mark.parametrize("name", COMPUTED)
@MODEST
@given(data=st.data())
def test_whatever_is_reported_gives_a_number_or_a_reason(name, data):
    units = {"cells", "%", "", "mL", "metaphases", "cells/10^6 cells"}
    row = {
        entry.name: (data.draw(st.sampled_from(ODD)), data.draw(st.sampled_from([unit_of(entry), *sorted(units)])))
        for entry in FUNCTIONS[name].inputs
    }
    (text,) = texts_of(name, [row])
    assert text.startswith("not computable: ") or value_of(text) is not None


# ---- columns ----

QUANTITIES = st.one_of(
    st.just(UNREADABLE),
    st.builds(
        Quantity,
        st.sampled_from(["", "", "", "<", "≤", ">", "≥"]),
        st.integers(-1, 5) | st.integers(0, 10**9) | st.integers(0, 10**30),
        st.integers(1, 5) | st.integers(1, 10**9) | st.integers(1, 10**30),
        st.sampled_from(["", "cells", "volume"]),
    ),
)


@pytest.mark.parametrize("name", [name for name in COMPUTED if FUNCTIONS[name].rule is Rule.PRODUCT])
@MODEST
@given(data=st.data())
def test_products_of_columns_are_products_one_by_one(name, data):
    function = FUNCTIONS[name]
    count = data.draw(st.integers(1, 20))
    rows = [data.draw(st.lists(QUANTITIES, min_size=count, max_size=count)) for _ in function.inputs]
    columns = [quantity_column(column, np.arange(count)) for column in rows]
    assert product_texts(function, columns) == [derive_product(function, row) for row in zip(*rows, strict=True)]


@MODEST
@given(st.lists(st.tuples(QUANTITIES, QUANTITIES), min_size=1, max_size=20))
def test_differences_of_columns_are_differences_one_by_one(rows):
    columns = [quantity_column(column, np.arange(len(rows))) for column in zip(*rows, strict=True)]
    names = ("result", "reference")
    assert difference_texts(FUNCTIONS["relative_difference"], columns) == [
        derive_difference(row, names=names) for row in rows
    ]
