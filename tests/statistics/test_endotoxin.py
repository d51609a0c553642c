"""Endotoxin limits and dilutions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed import as_printed

from regenqc.errors import UsageError
from regenqc.statistics.endotoxin import endotoxin_limit, maximum_valid_dilution, volume_in_worst_hour

# K by USP <85> [V]: 5 EU/kg, intrathecal 0.2 EU/kg.
ORACLES = [
    ("a bolus of 2 mL, 70 kg (published)", 2.0, 0.0, 5.0, 70.0, "175"),
    ("a bag of 68 mL within an hour, 70 kg [C]", 68.0, 1.0, 5.0, 70.0, "5.147"),
    ("the same bag, 10 kg [C]", 68.0, 1.0, 5.0, 10.0, "0.735"),
    ("the same bag within half an hour, 10 kg [C]", 68.0, 0.5, 5.0, 10.0, "0.735"),
    ("10 mL intrathecal, 70 kg [C]", 10.0, 0.0, 0.2, 70.0, "1.4"),
]


@pytest.mark.parametrize("row", ORACLES, ids=[row[0] for row in ORACLES])
def test_endotoxin_limits(row):
    _, volume, duration, threshold, weight, printed = row
    limit = endotoxin_limit(volume_in_worst_hour(volume, duration=duration), threshold=threshold, weight=weight)

    assert as_printed(limit, printed) == printed


def test_a_longer_infusion_counts_its_worst_hour():
    assert volume_in_worst_hour(68.0, duration=2.0) == 34.0


def test_no_volume_has_no_limit():
    assert endotoxin_limit(0.0, threshold=5.0, weight=70.0) == math.inf


@settings(deadline=None)
@given(st.floats(0.1, 500), st.floats(0, 24), st.floats(0.01, 10), st.floats(1, 150))
def test_the_limit_in_the_worst_hour_is_the_threshold_per_kilogram(volume, duration, threshold, weight):
    worst = volume_in_worst_hour(volume, duration=duration)
    limit = endotoxin_limit(worst, threshold=threshold, weight=weight)

    assert limit * worst / weight == pytest.approx(threshold)


@settings(deadline=None)
@given(st.floats(0.1, 500), st.floats(1, 150), st.floats(1, 150))
def test_the_lightest_patient_has_the_lowest_limit(volume, first, second):
    light, heavy = sorted((first, second))

    assert endotoxin_limit(volume, threshold=5.0, weight=light) <= endotoxin_limit(volume, threshold=5.0, weight=heavy)


@settings(deadline=None)
@given(st.floats(0, 500), st.floats(0, 24), st.floats(0, 24))
def test_a_slower_infusion_never_gives_more_in_an_hour(volume, first, second):
    fast, slow = sorted((first, second))

    assert volume_in_worst_hour(volume, duration=slow) <= volume_in_worst_hour(volume, duration=fast) <= volume


@settings(deadline=None)
@given(st.floats(0.01, 500), st.floats(0.001, 1), st.floats(0.1, 100))
def test_at_the_largest_dilution_the_limit_is_just_seen(limit, sensitivity, concentration):
    dilution = maximum_valid_dilution(limit, sensitivity=sensitivity, concentration=concentration)

    assert limit * concentration / dilution == pytest.approx(sensitivity)


@pytest.mark.parametrize(
    "question",
    [
        lambda: endotoxin_limit(2.0, threshold=5.0, weight=0.0),
        lambda: endotoxin_limit(2.0, threshold=0.0, weight=70.0),
        lambda: endotoxin_limit(-2.0, threshold=5.0, weight=70.0),
        lambda: volume_in_worst_hour(2.0, duration=-1.0),
        lambda: maximum_valid_dilution(5.0, sensitivity=0.0),
    ],
    ids=["no weight", "no threshold", "a negative volume", "a negative time", "no sensitivity"],
)
def test_what_cannot_be_is_refused(question):
    with pytest.raises(UsageError, match="RQC-U080"):
        question()


def test_a_column_of_patients_gives_a_column_of_limits():
    found = endotoxin_limit(np.full(3, 68.0), threshold=5.0, weight=np.array([70.0, np.nan, 10.0]))

    assert np.array_equal(found.round(3), [5.147, np.nan, 0.735], equal_nan=True)
