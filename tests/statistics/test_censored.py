"""The censored normal distribution against SciPy's own fit, and where the data determine nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import CensoredData, norm

from regenqc.statistics.censored import censored_normal

NONE = np.array([])


@pytest.mark.parametrize("seed", range(6))
def test_the_fit_is_that_of_scipy(seed: int) -> None:
    dice = np.random.default_rng(seed)
    values = dice.normal(7, 2, 80)
    low, high = dice.choice([4.5, 6.0], 80), np.full(80, 9.5 if seed % 2 else 99.0)
    is_left, is_right = values < low, values > high
    is_between = ~is_left & ~is_right & (dice.random(80) < 0.2)
    numbers = values[~is_left & ~is_right & ~is_between]
    lowest = np.concatenate([np.full(is_left.sum(), -np.inf), high[is_right], np.floor(values[is_between])])
    highest = np.concatenate([low[is_left], np.full(is_right.sum(), np.inf), np.floor(values[is_between]) + 1])
    found = censored_normal(numbers, lowest=lowest, highest=highest)
    intervals = np.column_stack([np.append(numbers, lowest), np.append(numbers, highest)])
    assert found == pytest.approx(norm.fit(CensoredData.interval_censored(*intervals.T)), abs=5e-4)  # a simplex search


def test_without_censored_values_it_is_the_mean_and_the_standard_deviation_of_all_values() -> None:
    numbers = np.array([1.0, 2.5, 4.0, 9.0])
    found = censored_normal(numbers, lowest=NONE, highest=NONE)
    assert found == pytest.approx((numbers.mean(), numbers.std()), rel=1e-12)


def test_scale_and_place_do_not_matter() -> None:
    numbers, highest = np.array([2.0, 3.0, 5.0, 7.0]), np.array([1.0, 1.0, 2.0])
    open_ends = np.full(3, -np.inf)
    mean, sigma = censored_normal(numbers, lowest=open_ends, highest=highest)
    moved = censored_normal(numbers * 1e-9 + 1, lowest=open_ends, highest=highest * 1e-9 + 1)
    assert moved == pytest.approx((mean * 1e-9 + 1, sigma * 1e-9), rel=1e-6)
    mirrored = censored_normal(-numbers, lowest=-highest, highest=-open_ends)
    assert mirrored == pytest.approx((-mean, sigma))


def test_a_limit_far_from_the_numbers_is_survived() -> None:
    mean, sigma = censored_normal(
        np.array([100.0, 100.1, 99.9]), lowest=np.full(3, -np.inf), highest=np.array([1.0] * 3)
    )
    assert np.isfinite(mean)
    assert sigma > 20


@pytest.mark.parametrize("numbers", [[], [3.0], [3.0, 3.0]], ids=["no number", "one number", "equal numbers"])
def test_without_spread_there_is_no_fit(numbers: list[float]) -> None:
    found = censored_normal(np.array(numbers), lowest=np.array([-np.inf]), highest=np.array([1.0]))
    assert np.isnan(found).all()
