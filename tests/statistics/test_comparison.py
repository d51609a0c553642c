"""Comparison of groups against SciPy, one family at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control, kruskal, mannwhitneyu, median_abs_deviation

from regenqc.statistics.comparison import (
    adjusted_for_false_discovery,
    compare_groups,
    holm_adjusted,
    rank_keys,
    robust_scores,
)


@pytest.mark.parametrize("seed", range(4))
def test_every_family_is_compared_as_scipy_compares_it(seed: int) -> None:
    dice = np.random.default_rng(seed)
    family, group = dice.integers(0, 6, 400), dice.integers(-1, 4, 400)
    values = np.round(dice.normal(0, 1, 400) + 0.4 * group * (family % 2), 1)
    found = compare_groups(values, family=family, group=group, families=6, groups=4, least=2)
    for number in range(6):
        parts = [values[(family == number) & (group == level)] for level in range(4)]
        expected = kruskal(*parts)
        assert (found.statistic[number], found.p_value[number]) == pytest.approx(tuple(expected), rel=1e-9)
        for level, part in enumerate(parts):
            others = np.concatenate(parts[:level] + parts[level + 1 :])
            u = mannwhitneyu(part, others).statistic
            assert found.deltas[number, level] == pytest.approx(2 * u / (len(part) * len(others)) - 1, abs=1e-12)


def test_small_groups_and_families_without_a_comparison_have_no_figure() -> None:
    family = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1])
    group = np.array([0, 0, 0, 1, 1, 0, 0, 1, 1])
    found = compare_groups(np.ones(9), family=family, group=group, families=3, groups=2, least=2)
    assert np.isnan(found.statistic).all()  # all values tied, and a family without values
    found = compare_groups(np.arange(9.0), family=family, group=group, families=3, groups=2, least=3)
    assert np.isnan(found.p_value).all()
    assert found.counts.tolist() == [[3, 0], [0, 0], [0, 0]]


def test_values_below_the_highest_limit_of_detection_are_one_tie_whatever_was_reported() -> None:
    lowest = np.array([0.0, 0.05, 0.0, 0.2, 0.1, 7.0, 5.0])
    highest = np.array([0.1, 0.05, 0.02, 0.2, 0.1, 7.0, np.inf])
    keys = rank_keys(lowest, highest, offsets=np.array([0, 7]))
    assert keys.tolist() == [-np.inf, -np.inf, -np.inf, 0.2, 0.1, np.inf, np.inf]


def test_false_discoveries_are_controlled_as_scipy_controls_them() -> None:
    p_values = np.random.default_rng(3).random(40) ** 3
    assert adjusted_for_false_discovery(p_values) == pytest.approx(false_discovery_control(p_values))


def test_holm_steps_down_within_each_family_alone() -> None:
    p_values = np.array([0.04, 0.01, 0.5, 0.03, 0.02])
    family = np.array([0, 0, 1, 0, 1])
    assert holm_adjusted(p_values, family=family) == pytest.approx([0.06, 0.03, 0.5, 0.06, 0.04])


def test_scores_are_distances_from_the_median_in_scaled_median_deviations() -> None:
    values, offsets = np.random.default_rng(5).normal(3, 2, 30), np.array([0, 11, 11, 30])
    found = robust_scores(values, offsets=offsets)
    for part in (slice(0, 11), slice(11, 30)):
        spread = 1.4826 * median_abs_deviation(values[part])
        assert found[part] == pytest.approx((values[part] - np.median(values[part])) / spread)
    assert np.isnan(robust_scores(np.ones(3), offsets=np.array([0, 3]))).all()
