"""Upper bounds that are not shown hold a batch, lower bounds that are shown fail it, and limits stand in for what was not seen."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.evaluation.derivation.statistic_rules import STATISTICS
from regenqc.specification.derived_functions import FUNCTIONS, Direction, Reading, Rule
from strategies import cell, evaluate, rows

from .derived_results import bound_of, computed, least_of, text_of, texts_of

MODEST = settings(max_examples=60, deadline=None)
BOUNDS = sorted(name for name, function in FUNCTIONS.items() if function.is_bound)
DOSE = {"dose_cells": "1E8", "dose_cells_unit": "cells"}
LOW = {"detection_limit": "1E-9 %", "dose": "1E8 cells"}


# ---- what is there at least ----


@pytest.mark.parametrize(
    ("positives", "examined", "efficiency", "least"),
    [
        # One-sided 95 % bounds of Clopper and Pearson 1934; of one among n it is 1 - 0.95^(1/n), of all of n 0.05^(1/n).
        pytest.param("1", "20", "100", Fraction("0.00256137"), id="one of 20"),
        pytest.param("1", "100", "100", Fraction("0.00051280"), id="one of 100"),
        pytest.param("20", "20", "100", Fraction("0.86089166"), id="all of 20"),
        pytest.param("1", "100", "50", Fraction("0.00102560"), id="one of 100 where half of them grow"),
        pytest.param("20", "20", "10", Fraction(1), id="never more than all cells"),
    ],
)
def test_counted_cells_that_are_there_at_least(positives, examined, efficiency, least):
    found = least_of(
        "residual_cells_bound_by_count",
        positives=positives,
        examined=f"{examined} cells",
        efficiency=f"{efficiency} %",
        **LOW,
    )
    assert abs(Fraction(found) / 10**8 - least) < Fraction(1, 10**8)


@pytest.mark.parametrize(
    ("positives", "printed"),
    [
        # Garwood 1936: one-sided 95 % lower bounds on a mean; of one event it is -ln(0.95).
        ("1", "0.0513"),
        ("2", "0.3554"),
        ("3", "0.8177"),
        ("5", "1.9701"),
    ],
)
def test_virus_that_is_there_at_least(positives, printed):
    found = least_of("virus_upper_bound_per_dose", positives=positives, amount="1 mL", dose="1 mL", efficiency="100 %")
    assert f"{float(found):.4f}" == printed


@pytest.mark.parametrize(
    ("fraction", "uncertainty", "wanted"),
    [
        pytest.param("0.01 %", "0.002 %", "6710.29274609", id="a number: 1.6449 uncertainties less"),
        pytest.param("0.01 %", "0 %", "10000", id="a number without uncertainty is exact"),
        pytest.param("0.01 %", "< 0.002 %", "6710.29274609", id="an uncertainty of at most that"),
        pytest.param("0.01 %", "> 0.002 %", "", id="an uncertainty of nobody knows how much"),
        pytest.param("0.001 %", "0.002 %", "", id="perhaps nothing"),
        pytest.param("0 %", "0 %", "", id="a reported zero"),
        pytest.param("< 0.01 %", "", "", id="less than something"),
        pytest.param("not detected", "", "", id="not detected"),
    ],
)
def test_measured_cells_that_are_there_at_least(fraction, uncertainty, wanted):
    found = least_of("residual_cells_bound_by_fraction", fraction=fraction, uncertainty=uncertainty, **LOW)
    assert found == wanted


@pytest.mark.parametrize("positives", ["0", "not detected", "ND", "< 1", "≤ 3", "no growth"])
@pytest.mark.parametrize("name", ["residual_cells_bound_by_count", "virus_upper_bound_per_dose"])
def test_nothing_seen_is_bounded_from_above_only(name, positives):
    rest = {"examined": "1E6 cells", "efficiency": "50 %", **LOW}
    if name == "virus_upper_bound_per_dose":
        rest = {"amount": "1 mL", "dose": "1 mL", "efficiency": "50 %"}
    assert float(bound_of(name, positives=positives, **rest)) > 0
    assert least_of(name, positives=positives, **rest) == ""


@MODEST
@given(st.integers(0, 500), st.integers(1, 10**6), st.integers(1, 100))
def test_what_is_there_at_least_is_never_more_than_what_is_there_at_most(positives, more, percent):
    inputs = {"positives": str(positives), "examined": f"{positives + more} cells", "efficiency": f"{percent} %"}
    least = least_of("residual_cells_bound_by_count", **inputs, **LOW)
    assert Fraction(least or 0) < Fraction(bound_of("residual_cells_bound_by_count", **inputs, **LOW))
    assert (least == "") is (positives == 0)


@MODEST
@given(st.integers(1, 60), st.data())
def test_so_many_positives_are_improbable_where_so_few_cells_are_there(examined, data):
    positives = data.draw(st.integers(1, examined))
    least = least_of(
        "residual_cells_bound_by_count",
        positives=str(positives),
        examined=f"{examined} cells",
        efficiency="100 %",
        **LOW,
    )
    share = Fraction(least) / 10**8
    term, below = (1 - share) ** examined, Fraction(0)
    for number in range(positives):
        below += term
        term *= Fraction(examined - number, number + 1) * share / (1 - share)
    assert Fraction(5, 100) * (1 - Fraction(1, 10**8)) < 1 - below <= Fraction(5, 100)


def test_every_bound_says_how_its_lower_one_is_computed():
    described = {name for name, function in FUNCTIONS.items() if function.lower_bound}
    assert described == {name for name, statistic in STATISTICS.items() if statistic.least is not None}
    assert described == set(BOUNDS) - {"excluded_mosaicism"}


@pytest.mark.parametrize("name", [name for name in BOUNDS if STATISTICS[name].least is not None])
def test_a_lower_bound_rises_and_falls_with_every_input_that_it_has(name):
    statistic = STATISTICS[name]
    inputs = {entry.name for entry in FUNCTIONS[name].inputs} - {"detection_limit"}
    assert {*statistic.least_rises, *statistic.least_falls} == inputs


# ---- judged ----

COUNTED = {"id": "residual", "limit": {"max": "1000", "unit": "cells"}}
COUNTED_FROM = {
    "id": "residual",
    "function": "residual_cells_bound_by_count",
    "inputs": {
        "positives": "colonies",
        "examined": {"test": "colonies", "column": "sample_amount"},
        "efficiency": "50 %",
        "detection_limit": "0.0005 %",
        "dose": "@dose_cells",
    },
}
COLONIES = {"id": "colonies", "report_only": True}


def counted(colonies, examined, *, limit=COUNTED, **more):
    row = {"test": "colonies", "result": colonies, "sample_amount": examined, "sample_amount_unit": "cells"} | more
    return evaluate(rows(row), limit, COLONIES, derived=[COUNTED_FROM], batches=DOSE)


@pytest.mark.parametrize(
    ("colonies", "examined", "wanted"),
    [
        pytest.param("0", "1E6", "conforms", id="none seen, enough examined"),
        pytest.param("0", "1E5", "inconclusive", id="none seen, too few examined"),
        pytest.param("ND", "1E5", "inconclusive", id="not detected, too few examined"),
        pytest.param("1", "1E6", "conforms", id="one seen, enough examined"),
        pytest.param("2", "1E6", "inconclusive", id="two seen: the measured number conforms, the bound does not"),
        pytest.param("1", "1E5", "inconclusive", id="one seen in too few: 2000 by the number, perhaps 103"),
        pytest.param("6", "1E6", "inconclusive", id="six seen: 1200 by the number, perhaps 523"),
        pytest.param("10", "1E6", "fails", id="ten seen: at least 1085"),
        pytest.param("> 9", "1E6", "fails", id="more than nine seen"),
        pytest.param("growth", "1E6", "inconclusive", id="some seen"),
        pytest.param("0", "< 1E6", "inconclusive", id="none seen among fewer than so many"),
        pytest.param("0", "> 1E6", "conforms", id="none seen among more than enough"),
        pytest.param("0", "1E6 or so", "inconclusive", id="an amount that cannot be read"),
    ],
)
def test_a_bound_above_the_limit_holds_and_a_lower_bound_above_it_fails(colonies, examined, wanted):
    assert cell(counted(colonies, examined), "residual") == wanted


@pytest.mark.parametrize("name", ["residual_cells_bound_by_count", "virus_upper_bound_per_dose"])
def test_no_detection_in_however_little_ever_fails(name):
    for amount in ("1", "10", "1E3", "1E6"):
        rest = {"examined": f"{amount} cells", "efficiency": "1 %", **LOW}
        if name == "virus_upper_bound_per_dose":
            rest = {"amount": f"{amount} cells", "dose": "1E8 cells", "efficiency": "1 %"}
        assert text_of(name, positives="0", **rest).startswith("≤")


@pytest.mark.parametrize("metaphases", [1, 10, 19])
def test_too_few_metaphases_hold_and_do_not_fail(metaphases):
    requirement = {"id": "mosaicism", "limit": {"max": "14", "unit": "%"}}
    derived = {"id": "mosaicism", "function": "excluded_mosaicism", "inputs": {"karyotype": "banding"}}
    results = rows({"test": "banding", "result": f"46,XX[{metaphases}]"})
    found = evaluate(results, requirement, {"id": "banding", "report_only": True}, derived=[derived])
    assert cell(found, "mosaicism") == "inconclusive"


def test_a_bound_that_is_not_shown_says_what_decides():
    (sentence,) = counted("0", "1E5").findings.query("requirement_id == 'residual'")["explanation"]
    assert "“≤5991.37480389 cells” is a bound and does not show that the limit ≤ 1000 cells is met" in sentence


def test_a_lower_bound_that_fails_says_that_it_is_one():
    found = counted("20", "1E6").findings.query("requirement_id == 'residual'")
    assert found["verdict"].tolist() == ["inconclusive", "fails"] or set(found["verdict"]) == {"inconclusive", "fails"}
    assert any("is what is there at least, with 95 % confidence" in sentence for sentence in found["explanation"])


def test_where_some_were_seen_both_bounds_are_results():
    row = {"test": "colonies", "result": "2", "sample_amount": "1E6", "sample_amount_unit": "cells"}
    found = computed(rows(row), COUNTED, COLONIES, derived=[COUNTED_FROM], batches=DOSE)
    assert sorted(text for _, _, text, _ in found) == ["71.0723250406", "≤1259.15601997"]


def test_an_undecided_bound_is_an_alert_of_nobody():
    limit = COUNTED | {"alert": {"max": "500", "unit": "cells"}}
    assert cell(counted("0", "1E6", limit=limit), "residual") == "alert"


# ---- words with a declared limit ----

MEASURED = [
    pytest.param(name, entry.name, id=f"{name}: {entry.name}")
    for name, function in FUNCTIONS.items()
    if function.rule not in (Rule.TOTAL, Rule.DIFFERENCE)
    for entry in function.inputs
    if entry.reading is Reading.QUANTITY
]


def inputs_with(name, changed, text, lod):
    """Return plain inputs of a function, one of them changed."""
    texts = {}
    for entry in FUNCTIONS[name].inputs:
        unit = "cells" if entry.unit is None else entry.unit
        plain = "5" if entry.reading is Reading.QUANTITY else "7"
        texts[entry.name] = (text, unit, lod) if entry.name == changed else (plain, unit, "")
    if "examined" in texts:
        texts["examined"] = ("1000", "cells", "")
    return texts


@pytest.mark.parametrize("word", ["ND", "not detected", "BLQ", "below quantitation limit", "None detected"])
@pytest.mark.parametrize(("name", "changed"), MEASURED)
def test_a_word_with_its_limit_is_less_than_that_limit(name, changed, word):
    said, written = (texts_of(name, [inputs_with(name, changed, *pair)])[0] for pair in ((word, "0.4"), ("< 0.4", "")))
    assert said == written


@pytest.mark.parametrize("word", ["ND", "BLQ"])
@pytest.mark.parametrize(("name", "changed"), MEASURED)
def test_a_word_with_its_limit_is_neither_nothing_nor_half_of_it(name, changed, word):
    (said,) = texts_of(name, [inputs_with(name, changed, word, "0.4")])
    assert said.startswith(("<", "≤", ">", "≥", "not computable"))
    entry = FUNCTIONS[name].input(changed)
    for instead in ("0", "0.2"):
        (other,) = texts_of(name, [inputs_with(name, changed, instead, "")])
        (whole,) = texts_of(name, [inputs_with(name, changed, "0.4", "")])
        is_same = other.lstrip("≤≥") == whole.lstrip("≤≥") or entry.direction is Direction.NEITHER
        assert is_same or said.lstrip("<≤>≥") != other.lstrip("≤≥")


@pytest.mark.parametrize("word", ["ND", "BLQ"])
@pytest.mark.parametrize(("name", "changed"), MEASURED)
def test_a_word_without_its_limit_is_no_number(name, changed, word):
    (said,) = texts_of(name, [inputs_with(name, changed, word, "")])
    is_bounded = FUNCTIONS[name].input(changed).not_detected_below and word == "ND"
    assert said.startswith("≤" if is_bounded else "not computable: ")


SHARE = {"id": "cells", "limit": {"max": "1000", "unit": "cells"}}
SHARE_FROM = {
    "id": "cells",
    "function": "residual_cells_per_dose",
    "inputs": {"fraction": "share", "dose": "@dose_cells"},
}
TIME = {"id": "time", "limit": {"max": "30", "unit": "min"}}
TIME_FROM = {"id": "time", "function": "out_of_storage_time", "inputs": {"interval": "share"}}
MEAN = {"id": "share", "limit": {"max": "0.001", "unit": "%"}, "replicates": "mean"}


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        pytest.param({"result": "BLQ", "loq": "0.001"}, "<1000", id="the limit of quantitation"),
        pytest.param({"result": "BLQ", "lod": "0.0001", "loq": "0.001"}, "<1000", id="and not the one of detection"),
        pytest.param({"result": "BLQ", "lod": "0.0001"}, "not computable", id="which cannot take its place"),
        pytest.param({"result": "ND", "lod": "0.0001", "loq": "0.001"}, "<100", id="the limit of detection"),
        pytest.param({"result": "ND", "loq": "0.001"}, "not computable", id="and not the one of quantitation"),
        pytest.param({"result": "< 0.0005", "lod": "0.0001", "loq": "0.001"}, "<500", id="the bound that is stated"),
        pytest.param({"result": "BLQ", "loq": "about 0.001"}, "not computable", id="a limit that cannot be read"),
        pytest.param({"result": "BLQ", "loq": "<0.001"}, "not computable", id="a limit that is itself a bound"),
    ],
)
def test_the_limit_of_the_word_counts_through_the_whole_run(columns, wanted):
    row = {"test": "share", "unit": "%"} | columns
    ((_, _, text, _),) = computed(
        rows(row), SHARE, {"id": "share", "report_only": True}, derived=[SHARE_FROM], batches=DOSE
    )
    assert text.startswith(wanted) if wanted.startswith("not") else text == wanted


def test_an_interval_below_quantitation_enters_a_sum_with_its_limit():
    results = [
        {"test": "share", "unit": "min", "result_id": "1", "result": "10"},
        {"test": "share", "unit": "min", "result_id": "2", "result": "BLQ", "lod": "1", "loq": "5"},
    ]
    ((_, _, text, _),) = computed(rows(*results), TIME, derived=[TIME_FROM])
    assert text == "<15"


def test_a_replicate_below_quantitation_enters_a_mean_with_its_limit():
    results = [
        {"test": "share", "unit": "%", "replicate": "1", "result": "0.0010"},
        {"test": "share", "unit": "%", "replicate": "2", "result": "BLQ", "lod": "0.0001", "loq": "0.0005"},
    ]
    ((_, _, text, _),) = computed(rows(*results), MEAN)
    assert text == "<0.00075"
