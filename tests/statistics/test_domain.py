"""What every statistic asks of its arguments, and how it answers."""

from __future__ import annotations

import math
import pickle
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import UsageError
from regenqc.statistics.binomial import zero_event_upper_bound
from regenqc.statistics.domain import AMOUNT, CONFIDENCE, COUNT, on_distinct

NOT_NUMERIC = [
    ("a text", "20"),
    ("a list of texts", ["20"]),
    ("nothing", None),
    ("a truth value", True),
    ("a decimal", Decimal(20)),
    ("a complex number", 20 + 0j),
    ("an object array", np.array([20, None], dtype=object)),
    ("a ragged list", [[1], [1, 2]]),
    ("an array whose mask would be lost", np.ma.MaskedArray([20, 30], mask=[True, False])),
]


@pytest.mark.parametrize("value", [case[1] for case in NOT_NUMERIC], ids=[case[0] for case in NOT_NUMERIC])
def test_what_is_not_numeric_is_refused(value):
    with pytest.raises(UsageError, match=r"RQC-U080 The argument trials is not numeric"):
        zero_event_upper_bound(value, confidence=0.95)


NUMERIC = [
    ("an int", 20),
    ("a float", 20.0),
    ("a numpy int", np.int32(20)),
    ("a numpy float", np.float32(20)),
    ("an array without dimensions", np.array(20)),
]


@pytest.mark.parametrize("value", [case[1] for case in NUMERIC], ids=[case[0] for case in NUMERIC])
def test_a_number_in_gives_a_float_out(value):
    assert type(zero_event_upper_bound(value, confidence=0.95)) is float


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.float32, np.float64])
def test_an_array_in_gives_doubles_out(dtype):
    found = zero_event_upper_bound(np.array([[10], [20]], dtype=dtype), confidence=np.array([0.9, 0.95, 0.99]))

    assert (found.shape, found.dtype) == ((2, 3), np.float64)


def test_an_empty_array_in_gives_an_empty_array_out():
    assert zero_event_upper_bound(np.array([]), confidence=0.95).shape == (0,)


def test_arguments_are_not_changed():
    given_ = np.array([10.0, np.nan])
    zero_event_upper_bound(given_, confidence=0.95)

    assert np.array_equal(given_, [10.0, np.nan], equal_nan=True)


def test_a_single_missing_value_is_refused():
    with pytest.raises(UsageError, match="Got: nan"):
        zero_event_upper_bound(math.nan, confidence=0.95)


def test_a_missing_value_in_a_row_gives_that_row_none():
    assert np.isnan(zero_event_upper_bound(np.array([10, np.nan]), confidence=0.95)).tolist() == [False, True]


def test_a_fault_names_the_first_position_and_value():
    with pytest.raises(UsageError) as caught:
        COUNT.read(np.array([1.0, np.nan, 2.5, -1.0]), "events")

    assert (caught.value.faults[0].where, caught.value.faults[0].got) == ("position 2 of 4", "2.5")


def test_a_fault_survives_pickling():
    with pytest.raises(UsageError) as caught:
        CONFIDENCE.read(95, "confidence")

    assert pickle.loads(pickle.dumps(caught.value)).faults == caught.value.faults  # noqa: S301 - our own bytes


def test_no_amount_is_endless():
    with pytest.raises(UsageError, match="a finite number"):
        AMOUNT.read(math.inf, "amount")


columns = st.lists(st.sampled_from([0.0, 1.0, 2.0, math.nan]), min_size=1, max_size=30)


@settings(deadline=None)
@given(columns, st.sampled_from([0.0, 3.0]), columns)
def test_computing_distinct_rows_once_changes_nothing(first, second, third):
    length = min(len(first), len(third))
    a, b, c = np.array(first[:length]), np.asarray(second), np.array(third[:length])

    found = on_distinct(lambda x, y, z: 100 * x + 10 * y + z, a, b, c)

    assert np.array_equal(found, 100 * a + 10 * b + c, equal_nan=True)


def test_each_distinct_row_is_computed_once():
    seen = []

    def record(value):
        seen.extend(value.tolist())
        return value

    on_distinct(record, np.array([3.0, 1.0, 3.0, np.nan, 1.0]))

    assert sorted(seen) == [1.0, 3.0]


def test_more_combinations_than_codes_are_still_told_apart(monkeypatch):
    monkeypatch.setattr("regenqc.statistics.domain._MOST_CODES", 3)
    a, b = np.array([0.0, 0.0, 1.0, 1.0]), np.array([5.0, 6.0, 5.0, 6.0])

    assert on_distinct(lambda x, y: 10 * x + y, a, b).tolist() == [5, 6, 15, 16]
