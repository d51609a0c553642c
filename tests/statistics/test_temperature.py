"""Mean kinetic temperature: oracles, properties, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed import as_printed

from regenqc.errors import UsageError
from regenqc.statistics.refusal import Refusal, RefusalReason
from regenqc.statistics.temperature import (
    ACTIVATION_ENERGY,
    GAS_CONSTANT,
    MeanKineticTemperature,
    mean_kinetic_temperature,
    mean_kinetic_temperature_columns,
    mean_kinetic_temperature_of_log,
)

readings = st.lists(st.floats(0, 100), min_size=1, max_size=40)


def of(celsius, hours=1.0) -> MeanKineticTemperature:
    found = mean_kinetic_temperature(np.asarray(celsius, dtype=float), hours=np.asarray(hours, dtype=float))
    assert isinstance(found, MeanKineticTemperature)
    return found


def refused(celsius, hours=1.0) -> RefusalReason:
    found = mean_kinetic_temperature(np.asarray(celsius, dtype=float), hours=np.asarray(hours, dtype=float))
    assert isinstance(found, Refusal)
    return found.reason


# Temperatures, hours, arithmetic mean, mean kinetic temperature. [C]
ORACLES = [
    ([25, 25], [1, 1], "25", "25.0000"),
    ([20, 30], [1, 1], "25", "26.2599"),
    ([15, 25, 30], [1, 1, 1], "23.3333", "25.1500"),
    ([2, 8], [1, 1], "5", "5.5364"),
    ([20, 25, 30, 35], [1, 1, 1, 1], "27.5", "29.0539"),
    (list(range(20, 31)), [1] * 11, "25", "25.5214"),
    ([22, 40], [23, 1], "22.75", "23.9600"),
    ([5, 25], [719, 1], "5.0278", "5.1084"),
    ([22, 29], [717, 3], "22.0292", "22.0432"),
    ([5, 12], [18, 6], "6.75", "7.3662"),
    ([5, 14], [18, 6], "7.25", "8.2852"),
]


@pytest.mark.parametrize(
    ("celsius", "hours", "mean", "printed"), ORACLES, ids=[f"{c} °C for {h} h [C]" for c, h, _, _ in ORACLES]
)
def test_mean_kinetic_temperatures(celsius, hours, mean, printed):
    found = of(celsius, hours)

    assert (as_printed(found.arithmetic_mean, mean), as_printed(found.celsius, printed)) == (mean, printed)


def test_a_cold_excursion_is_above_8_degrees_although_its_mean_is_not():
    """[C] 5 °C for 18 h and 14 °C for 6 h."""
    found = of([5, 14], [18, 6])

    assert found.arithmetic_mean < 8 < found.celsius


def test_the_activation_energy_over_the_gas_constant_is_ten_thousand_kelvin():
    assert pytest.approx(10_000, rel=1e-15) == ACTIVATION_ENERGY / GAS_CONSTANT


@settings(deadline=None)
@given(readings)
def test_the_formula_is_the_published_one(celsius):
    # As printed, digit losses and all.
    rates = [math.exp(-10_000 / (t + 273.15)) for t in celsius]
    expected = 10_000 / -math.log(sum(rates) / len(rates)) - 273.15

    assert of(celsius).celsius == pytest.approx(expected, abs=1e-9)


# ---- PROPERTIES ----


@settings(deadline=None)
@given(readings)
def test_it_is_never_below_the_arithmetic_mean_nor_above_the_highest_reading(celsius):
    found = of(celsius)

    assert found.arithmetic_mean - 1e-9 <= found.celsius <= found.highest + 1e-9


@settings(deadline=None)
@given(readings, st.randoms(use_true_random=False))
def test_the_order_of_readings_does_not_matter(celsius, random):
    mixed = list(celsius)
    random.shuffle(mixed)

    assert of(mixed).celsius == pytest.approx(of(celsius).celsius, abs=1e-9)


@settings(deadline=None)
@given(st.floats(0, 100), st.integers(1, 50))
def test_a_constant_temperature_is_its_own(celsius, count):
    assert of([celsius] * count).celsius == pytest.approx(celsius, abs=1e-10)


@settings(deadline=None)
@given(readings, st.data())
def test_splitting_a_stretch_changes_nothing(celsius, data):
    at = data.draw(st.integers(0, len(celsius) - 1))
    share = data.draw(st.floats(0.01, 0.99))
    hours = np.ones(len(celsius))
    split = np.insert(hours, at, share)
    split[at + 1] = 1 - share

    assert of(np.insert(celsius, at, celsius[at]), split).celsius == pytest.approx(of(celsius, hours).celsius, abs=1e-9)


@settings(deadline=None)
@given(readings, st.floats(0.001, 1000))
def test_the_unit_of_time_does_not_matter(celsius, scale):
    assert of(celsius, scale).celsius == pytest.approx(of(celsius).celsius, abs=1e-9)


@settings(deadline=None)
@given(readings, st.floats(0, 20))
def test_a_warmer_record_has_a_higher_one(celsius, step):
    assert of(np.add(celsius, step)).celsius >= of(celsius).celsius - 1e-9


@settings(deadline=None)
@given(st.lists(readings, min_size=1, max_size=8))
def test_records_laid_end_to_end_have_the_same_ones(records):
    flat = np.concatenate(records)
    offsets = np.cumsum([0, *map(len, records)])
    found = mean_kinetic_temperature_columns(flat, hours=np.ones(flat.size), offsets=offsets)

    assert found.celsius == pytest.approx([of(record).celsius for record in records], abs=1e-9)


# ---- REFUSALS ----


@pytest.mark.parametrize(
    ("celsius", "reason"),
    [
        ([5, -0.1, 5], RefusalReason.BELOW_FREEZING),
        ([-150, -150], RefusalReason.BELOW_FREEZING),
        ([5, math.nan, 5], RefusalReason.READING_MISSING),
        ([math.nan, -20], RefusalReason.READING_MISSING),
        ([], RefusalReason.NO_READINGS),
    ],
    ids=["one reading below 0 °C", "a cryogenic record", "a missing reading", "missing and frozen", "no reading"],
)
def test_there_is_none_for(celsius, reason):
    assert refused(celsius) is reason


def test_0_degrees_is_not_below_0():
    assert of([0, 0]).celsius == pytest.approx(0, abs=1e-10)


def test_records_without_rows_do_not_take_their_neighbours():
    found = mean_kinetic_temperature_columns(
        np.array([20.0, 30.0, 5.0]), hours=np.ones(3), offsets=np.array([0, 0, 2, 2, 3, 3])
    )

    assert [RefusalReason(code).name for code in found.refusal] == [
        "NO_READINGS", "NONE", "NO_READINGS", "NONE", "NO_READINGS",
    ]  # fmt: skip
    assert np.array_equal(found.celsius.round(4), [np.nan, 26.2599, np.nan, 5.0, np.nan], equal_nan=True)


def log(times, interval=1.0, tolerance=0.0):
    return mean_kinetic_temperature_of_log(
        np.full(len(times), 5.0),
        elapsed_hours=np.asarray(times, dtype=float),
        interval_hours=interval,
        tolerance_hours=tolerance,
    )


def test_an_even_record_is_judged():
    found = log([0.1 * step for step in range(100)], interval=0.1)

    assert isinstance(found, MeanKineticTemperature)
    assert (found.celsius, found.hours) == pytest.approx((5.0, 10.0))


@pytest.mark.parametrize(
    ("times", "tolerance", "reason"),
    [
        ([0, 1, 3], 0, RefusalReason.GAP_BETWEEN_READINGS),
        ([0, 1, 2.2], 0.1, RefusalReason.GAP_BETWEEN_READINGS),
        ([0, 1, 1.5], 0, RefusalReason.READINGS_TOO_CLOSE),
        ([0, 1, 1], 0.5, RefusalReason.READINGS_TOO_CLOSE),
        ([2, 1, 0], 0, RefusalReason.READINGS_TOO_CLOSE),
        ([0, math.nan, 2], 0, RefusalReason.READING_MISSING),
    ],
    ids=["a gap", "a gap beyond the tolerance", "a close reading", "a doubled reading", "a reversed record", "no time"],
)
def test_a_record_that_is_not_even_is_refused_and_not_interpolated(times, tolerance, reason):
    found = log(times, tolerance=tolerance)

    assert isinstance(found, Refusal)
    assert found.reason is reason


def test_a_wobbling_clock_is_judged_within_its_tolerance():
    assert isinstance(log([0, 1.05, 2, 2.95], tolerance=0.1), MeanKineticTemperature)


def test_a_refusal_says_where_the_gap_is():
    found = log([0, 1, 9])

    assert isinstance(found, Refusal)
    assert "8 h apart after reading 2 of 3" in str(found)


# ---- ARGUMENTS ----


@pytest.mark.parametrize(
    "question",
    [
        lambda: of([-300]),
        lambda: of([5], 0),
        lambda: of([5, math.inf]),
        lambda: mean_kinetic_temperature_columns(np.ones(3), hours=np.ones(2), offsets=np.array([0, 3])),
        lambda: mean_kinetic_temperature_columns(np.ones(3), hours=np.ones(3), offsets=np.array([0, 2])),
        lambda: mean_kinetic_temperature_columns(np.ones(3), hours=np.ones(3), offsets=np.array([0, 2, 1, 3])),
        lambda: log([0, 1], tolerance=1.0),
        lambda: mean_kinetic_temperature_of_log(np.ones(3), elapsed_hours=np.ones(2), interval_hours=1.0),
    ],
    ids=[
        "below absolute zero", "no time", "an endless temperature", "columns of two lengths", "rows left over",
        "offsets that fall", "a tolerance as wide as the interval", "a record without all its times",
    ],
)  # fmt: skip
def test_an_impossible_record_is_an_error(question):
    with pytest.raises(UsageError, match="RQC-U08"):
        question()
