"""Associations against SciPy and published examples, and the coverage of their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from regenqc.statistics.association import Estimate, odds_ratio, rank_correlation, share_difference, shift_between
from regenqc.statistics.refusal import Refusal, RefusalReason


def estimate(found: Estimate | Refusal) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_correlation_of_ranks_is_that_of_scipy_with_and_without_ties(seed: int) -> None:
    dice = np.random.default_rng(seed)
    x, y = dice.integers(0, 9, 30).astype(float), dice.normal(size=30)
    found, expected = estimate(rank_correlation(x, y)), stats.spearmanr(x, y)
    assert (found.value, found.p_value) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9)
    assert found.lower < found.value < found.upper


def test_what_lies_beyond_a_limit_is_one_tie_wherever_the_limit_is() -> None:
    y = np.arange(12.0)
    censored = np.where(y < 4, -np.inf, y)
    assert estimate(rank_correlation(censored, y)) == estimate(rank_correlation(np.where(y < 4, -7.0, y), y))


def test_one_and_the_same_order_still_has_an_interval_with_a_width() -> None:
    found = estimate(rank_correlation(np.arange(10.0), np.exp(np.arange(10.0))))
    assert found.value == found.upper == 1
    assert 0.9 < found.lower < 0.95


@pytest.mark.parametrize(("rho", "size"), [(0.0, 12), (0.6, 25)])
def test_intervals_of_correlations_hold_the_truth_as_often_as_they_say(rho: float, size: int) -> None:
    dice = np.random.default_rng(7)
    truth = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's correlation of a normal pair
    held = 0
    for _ in range(1000):
        x = dice.normal(size=size)
        found = estimate(rank_correlation(x, rho * x + np.sqrt(1 - rho**2) * dice.normal(size=size)))
        held += found.lower <= truth <= found.upper
    assert 930 <= held <= 975


def test_intervals_of_shifts_hold_the_truth_as_often_as_they_say() -> None:
    dice = np.random.default_rng(8)
    held = 0
    for _ in range(1000):
        found = estimate(shift_between(dice.gumbel(size=6), dice.gumbel(size=9) + 2))
        held += found.lower <= 2 <= found.upper
    assert held >= 940


# Newcombe 1998, Table II, method 10.
@pytest.mark.parametrize(
    ("second", "first", "interval"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_differences_of_shares_have_the_published_intervals(
    second: tuple[int, int], first: tuple[int, int], interval: tuple[float, float]
) -> None:
    found = estimate(share_difference(*first, *second))
    assert (found.lower, found.upper) == pytest.approx(interval, abs=5e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_odds_ratio_is_where_another_optimiser_finds_it_and_its_ends_are_where_the_likelihood_has_fallen(
    seed: int,
) -> None:
    dice = np.random.default_rng(seed)
    x = dice.normal(50, 20, 120)
    event = dice.random(120) < 1 / (1 + np.exp(-(x - 55) / 20))
    scaled = (x - x.mean()) / x.std(ddof=1)

    def loss(ends: np.ndarray) -> float:
        line = ends[0] + ends[1] * scaled
        return float(np.logaddexp(0, np.where(event, -line, line)).sum())

    best = optimize.minimize(loss, [0, 0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    found = estimate(odds_ratio(x, event))
    assert found.value == pytest.approx(np.exp(best.x[1]), rel=1e-5)
    for end in (found.lower, found.upper):
        slope = float(np.log(end))
        at_end = optimize.minimize_scalar(lambda start, slope=slope: loss(np.array([start, slope])))
        assert 2 * (at_end.fun - best.fun) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-4)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (rank_correlation(np.arange(9.0), np.arange(9.0)), RefusalReason.TOO_FEW_TO_SAY),
        (rank_correlation(np.ones(12), np.arange(12.0)), RefusalReason.NO_SPREAD),
        (shift_between(np.arange(4.0), np.arange(9.0)), RefusalReason.TOO_FEW_TO_SAY),
        (shift_between(np.ones(6), np.ones(6)), RefusalReason.NO_SPREAD),
        (share_difference(1, 4, 3, 30), RefusalReason.TOO_FEW_TO_SAY),
        (odds_ratio(np.arange(40.0), np.arange(40) % 5 == 0), RefusalReason.TOO_FEW_EVENTS),
        (odds_ratio(np.arange(40.0), np.arange(40) > 19), RefusalReason.SEPARATED),
        (odds_ratio(np.ones(40), np.arange(40) > 19), RefusalReason.NO_SPREAD),
    ],
    ids=[
        "nine pairs",
        "one quantity never differs",
        "a group of four",
        "nothing differs",
        "a share of four",
        "eight events",
        "one value parts events from the rest",
        "a variable without spread",
    ],
)
def test_what_cannot_be_said_is_refused_by_name(found: Estimate | Refusal, reason: RefusalReason) -> None:
    assert isinstance(found, Refusal)
    assert found.reason is reason
    assert found.detail
