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
    numbers = values[(values >= low) & (values <= high)]
    below, above = low[values < low], high[values > high]
    mean, sigma = censored_normal(numbers, below=below, above=above)
    expected = norm.fit(CensoredData(uncensored=numbers, left=below, right=above))
    assert (mean, sigma) == pytest.approx(expected, abs=2e-4)  # SciPy searches by simplex


def test_without_censored_values_it_is_the_mean_and_the_standard_deviation_of_all_values() -> None:
    numbers = np.array([1.0, 2.5, 4.0, 9.0])
    found = censored_normal(numbers, below=NONE, above=NONE)
    assert found == pytest.approx((numbers.mean(), numbers.std()), rel=1e-12)


def test_scale_and_place_do_not_matter() -> None:
    numbers, below = np.array([2.0, 3.0, 5.0, 7.0]), np.array([1.0, 1.0, 2.0])
    mean, sigma = censored_normal(numbers, below=below, above=NONE)
    moved = censored_normal(numbers * 1e-9 + 1, below=below * 1e-9 + 1, above=NONE)
    assert moved == pytest.approx((mean * 1e-9 + 1, sigma * 1e-9), rel=1e-6)


def test_a_limit_far_from_the_numbers_is_survived() -> None:
    mean, sigma = censored_normal(np.array([100.0, 100.1, 99.9]), below=np.array([1.0] * 3), above=NONE)
    assert np.isfinite(mean)
    assert sigma > 20


@pytest.mark.parametrize("numbers", [[], [3.0], [3.0, 3.0]], ids=["no number", "one number", "equal numbers"])
def test_without_spread_there_is_no_fit(numbers: list[float]) -> None:
    assert np.isnan(censored_normal(np.array(numbers), below=np.array([1.0]), above=NONE)).all()
