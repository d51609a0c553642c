"""Metaphases: what a normal result excludes, and what calls a clone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed import as_printed
from scipy.stats import binom

from regenqc.errors import UsageError
from regenqc.statistics.mosaicism import (
    clone_call_power,
    excluded_mosaicism,
    metaphases_needed,
    metaphases_needed_to_call,
    smallest_mosaicism_called,
)

CONFIDENCES = (0.90, 0.95, 0.99)

# Mosaicism, metaphases at 90, 95, 99 %. [C]
NEEDED = [
    (0.01, 230, 299, 459),
    (0.02, 114, 149, 228),
    (0.03, 76, 99, 152),
    (0.05, 45, 59, 90),
    (0.08, 28, 36, 56),
    (0.10, 22, 29, 44),
    (0.14, 16, 20, 31),
    (0.20, 11, 14, 21),
    (0.30, 7, 9, 13),
]


@pytest.mark.parametrize("row", NEEDED, ids=[f"{row[0]:.0%} mosaicism [C]" for row in NEEDED])
def test_metaphases_that_exclude_a_mosaicism(row):
    assert tuple(metaphases_needed(row[0], confidence=confidence) for confidence in CONFIDENCES) == row[1:]


@pytest.mark.parametrize(("mosaicism", "colonies"), [(0.10, 29), (0.20, 14), (0.30, 9)])
def test_published_numbers_of_colonies(mosaicism, colonies):
    """[V] Richkind and Risch 1990, doi 10.1002/pd.1970100807: in situ colonies at 95 % confidence."""
    assert metaphases_needed(mosaicism, confidence=0.95) == colonies


# Metaphases, mosaicism excluded at 90, 95, 99 %. [C]
EXCLUDED = [
    (10, "20.6 %", "25.9 %", "36.9 %"),
    (15, "14.2 %", "18.1 %", "26.4 %"),
    (20, "10.9 %", "13.9 %", "20.6 %"),
    (25, "8.8 %", "11.3 %", "16.8 %"),
    (30, "7.4 %", "9.5 %", "14.2 %"),
    (40, "5.6 %", "7.2 %", "10.9 %"),
    (50, "4.5 %", "5.8 %", "8.8 %"),
    (100, "2.3 %", "3.0 %", "4.5 %"),
]


@pytest.mark.parametrize("row", EXCLUDED, ids=[f"{row[0]} metaphases [C]" for row in EXCLUDED])
def test_mosaicism_that_metaphases_exclude(row):
    found = [excluded_mosaicism(row[0], confidence=confidence) for confidence in CONFIDENCES]

    assert tuple(as_printed(value, text) for value, text in zip(found, row[1:], strict=True)) == row[1:]


# Metaphases, mosaicism, P(at least 1, 2, 3 cells). [C]
POWER = [
    (20, 0.05, ".6415", ".2642", ".0755"),
    (20, 0.10, ".8784", ".6083", ".3231"),
    (20, 0.14, ".9510", ".7916", ".5450"),
    (20, 0.20, ".9885", ".9308", ".7939"),
    (50, 0.10, ".9948", ".9662", ".8883"),
]


@pytest.mark.parametrize("row", POWER, ids=[f"{row[0]} metaphases at {row[1]:.0%} [C]" for row in POWER])
def test_power_to_call_a_clone(row):
    found = [clone_call_power(row[1], metaphases=row[0], cells=cells) for cells in (1, 2, 3)]

    assert tuple(as_printed(value, text) for value, text in zip(found, row[2:], strict=True)) == row[2:]


CALLED = [
    (20, 2, "21.6 %"),
    (30, 2, "14.9 %"),
    (50, 2, "9.1 %"),
    (20, 3, "28.3 %"),
    (30, 3, "19.5 %"),
    (50, 3, "12.1 %"),
]


@pytest.mark.parametrize(
    ("metaphases", "cells", "printed"), CALLED, ids=[f"{n} metaphases, {k} cells [C]" for n, k, _ in CALLED]
)
def test_smallest_mosaicism_called_with_95_percent_power(metaphases, cells, printed):
    assert as_printed(smallest_mosaicism_called(metaphases, cells=cells, power=0.95), printed) == printed


def test_twenty_cells_do_not_always_detect_five_percent():
    """[V] "20-cell analysis will not always detect 5 % mosaicism" (laboratory service description)."""
    assert clone_call_power(0.05, metaphases=20, cells=1) < 0.95


@settings(deadline=None)
@given(st.integers(1, 1000), st.floats(0.01, 0.999))
def test_at_the_excluded_share_all_normal_has_the_probability_of_the_risk(metaphases, confidence):
    share = excluded_mosaicism(metaphases, confidence=confidence)

    assert binom.pmf(0, metaphases, share) == pytest.approx(1 - confidence)


@settings(deadline=None)
@given(st.floats(0.001, 1), st.floats(0.01, 0.999))
def test_the_metaphases_needed_exclude_the_mosaicism(mosaicism, confidence):
    needed = metaphases_needed(mosaicism, confidence=confidence)

    assert excluded_mosaicism(needed, confidence=confidence) <= mosaicism + 1e-12


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(0, 500), st.integers(1, 5))
def test_a_clone_of_more_cells_is_never_easier_to_call(mosaicism, metaphases, cells):
    assert clone_call_power(mosaicism, metaphases=metaphases, cells=cells + 1) <= clone_call_power(
        mosaicism, metaphases=metaphases, cells=cells
    )


@settings(deadline=None)
@given(st.integers(5, 500), st.integers(1, 5), st.floats(0.05, 0.99))
def test_a_clone_called_is_called_with_the_power_asked(metaphases, cells, power):
    share = smallest_mosaicism_called(metaphases, cells=cells, power=power)

    assert clone_call_power(share, metaphases=metaphases, cells=cells) == pytest.approx(power)
    assert metaphases_needed_to_call(min(share * (1 + 1e-9), 1.0), cells=cells, power=power) <= metaphases


def test_no_metaphases_exclude_nothing_and_call_nothing():
    assert excluded_mosaicism(0, confidence=0.95) == 1.0
    assert clone_call_power(1.0, metaphases=0, cells=1) == 0.0
    assert smallest_mosaicism_called(1, cells=2, power=0.95) == math.inf


def test_an_absent_mosaicism_is_never_excluded():
    assert metaphases_needed(0.0, confidence=0.95) == math.inf


def test_messages_name_the_argument_as_it_was_given():
    with pytest.raises(UsageError, match="argument metaphases"):
        excluded_mosaicism(-1, confidence=0.95)
    with pytest.raises(UsageError, match="argument mosaicism"):
        metaphases_needed(10, confidence=0.95)
