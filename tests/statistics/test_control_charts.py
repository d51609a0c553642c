"""Control charts against the worked examples of the NIST/SEMATECH e-Handbook, and against plain loops."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from regenqc.errors import UsageError
from regenqc.statistics import control_charts as charts
from regenqc.statistics.run_rules import NELSON, RULES, WESTERN_ELECTRIC, rule_marks

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.statistics.run_rules import RunRule

# NIST/SEMATECH e-Handbook 6.3.2.2 (https://www.itl.nist.gov/div898/handbook/pmc/section3/pmc322.htm), flow rate of ten batches.
FLOW = np.array([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
# 6.3.2.4 (…/pmc324.htm): twenty values, start 50, s 2.0539, weight 0.3, and the averages that the page prints.
WEIGHED = np.array([52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5, *FLOW])
AVERAGES = [
    50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33,
    50.11, 49.36, 49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99,
]  # fmt: skip
# 6.3.2.3 (…/pmc323.htm): target 325, k 0.3175, h 4.1959, and the two sums that the page prints.
SUMMED = np.array([
    324.925, 324.675, 324.725, 324.350, 325.350, 325.225, 324.125, 324.525, 325.225, 324.600,
    324.625, 325.150, 328.325, 327.250, 327.825, 328.500, 326.675, 327.775, 326.875, 328.350,
])  # fmt: skip
HIGH = [0, 0, 0, 0, 0.03, 0, 0, 0, 0, 0, 0, 0, 3.01, 4.94, 7.45, 10.63, 11.99, 14.44, 16.00, 19.04]
LOW = [0, 0.01, 0, 0.33, 0, 0, 0.56, 0.72, 0.17, 0.25, 0.31, 0, 0, 0, 0, 0, 0, 0, 0, 0]


def whole(values: np.ndarray) -> np.ndarray:
    return np.array([0, len(values)])


def test_the_individuals_chart_of_the_handbook() -> None:
    offsets = whole(FLOW)
    centre = charts.means(FLOW, offsets=offsets)[0]
    mean_range = charts.mean_moving_range(FLOW, offsets=offsets)[0]
    assert (round(centre, 2), round(mean_range, 4)) == (50.81, 1.8778)
    half_width = 3 * mean_range / charts.RANGE_TO_SIGMA
    assert (round(centre + half_width, 4), round(centre - half_width, 4)) == (55.8041, 45.8159)
    ranges = charts.moving_ranges(FLOW, offsets=offsets)
    assert ranges[1:].round(1).tolist() == [2.0, 2.3, 1.4, 3.5, 3.4, 1.4, 0.2, 1.2, 1.5]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_process_of_the_handbook_is_in_control_by_every_rule(rule: RunRule) -> None:
    z = (FLOW - 50.81) / (1.8778 / charts.RANGE_TO_SIGMA)
    assert not rule_marks(rule, lowest=z, highest=z, offsets=whole(z)).any()


def test_the_weighted_average_of_the_handbook() -> None:
    found = charts.ewma(WEIGHED, offsets=whole(WEIGHED), start=np.array([50.0]), weight=0.3)
    assert found.round(2).tolist() == AVERAGES
    half_width = charts.ewma_half_width(np.array([2.0539]), weight=0.3, width=3.0)[0]
    # The page prints 47.4115 for the lower limit, from a square root rounded to 0.4201.
    assert (round(50 + half_width, 4), 50 - half_width) == (52.5884, pytest.approx(47.4115, abs=1e-4))
    assert (np.abs(found - 50) < half_width).all()


def test_the_limits_of_the_weighted_average_widen_to_those_of_the_steady_state() -> None:
    steps = np.arange(1, 60)
    widths = charts.ewma_half_width(np.array([2.0]), weight=0.3, width=3.0, steps=steps)
    assert widths[0] == pytest.approx(0.3 * 2.0 * 3.0)
    assert (np.diff(widths) >= 0).all()
    assert widths[-1] == pytest.approx(charts.ewma_half_width(np.array([2.0]), weight=0.3, width=3.0)[0])


def test_the_cumulative_sums_of_the_handbook() -> None:
    high, low = charts.cusum(SUMMED, offsets=whole(SUMMED), target=np.array([325.0]), allowance=np.array([0.3175]))
    assert high == pytest.approx(HIGH, abs=0.005 + 1e-9)
    assert low == pytest.approx(LOW, abs=0.005 + 1e-9)
    assert (np.flatnonzero(high > 4.1959) + 1).tolist() == [14, 15, 16, 17, 18, 19, 20]
    assert not (low > 4.1959).any()


def random_series(seed: int) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    lengths = dice.integers(0, 60, 25)
    drift = np.concatenate([np.linspace(0, dice.normal(0, 2), length) for length in lengths])
    values = np.round(dice.normal(0, 1, lengths.sum()) + drift, 1)  # ties and points on the lines
    return values, np.concatenate([[0], np.cumsum(lengths)])


@pytest.mark.parametrize("seed", range(5))
def test_averages_and_sums_of_many_series_are_those_of_plain_loops(seed: int) -> None:
    values, offsets = random_series(seed)
    start, slack = np.arange(25) / 10, np.full(25, 0.4)
    average = charts.ewma(values, offsets=offsets, start=start, weight=0.2)
    high, low = charts.cusum(values, offsets=offsets, target=start, allowance=slack)
    for series in range(25):
        z, up, down = start[series], 0.0, 0.0
        for at in range(offsets[series], offsets[series + 1]):
            z = 0.2 * values[at] + 0.8 * z
            up = max(0.0, up + values[at] - start[series] - 0.4)
            down = max(0.0, down + start[series] - 0.4 - values[at])
            assert (average[at], high[at], low[at]) == pytest.approx((z, up, down), abs=1e-9)


# The rules said again, over the points so far as intervals (lowest, highest), the newest last.
Points = list[tuple[float, float]]


def beyond(points: Points, *, count: int, window: int, line: float) -> bool:
    above = [low > line for low, _ in points[-window:]]
    below = [high < -line for _, high in points[-window:]]
    return (sum(above) >= count and above[-1]) or (sum(below) >= count and below[-1])


def directions(points: Points) -> list[int]:
    return [(then[0] > now[1]) - (then[1] < now[0]) for now, then in pairwise(points)]


def trending(points: Points) -> bool:
    steps = directions(points[-6:])
    return steps in ([1] * 5, [-1] * 5)


def turning(points: Points) -> bool:
    steps = directions(points[-14:])
    return len(steps) == 13 and 0 not in steps and all(now != then for now, then in pairwise(steps))


def inside(points: Points) -> bool:
    return len(points) >= 15 and all(low >= -1 and high <= 1 for low, high in points[-15:])


def outside(points: Points) -> bool:
    return len(points) >= 8 and all(low > 1 or high < -1 for low, high in points[-8:])


PLAIN: dict[str, Callable[[Points], bool]] = {
    "western_electric_1": partial(beyond, count=1, window=1, line=3),
    "western_electric_2": partial(beyond, count=2, window=3, line=2),
    "western_electric_3": partial(beyond, count=4, window=5, line=1),
    "western_electric_4": partial(beyond, count=8, window=8, line=0),
    "nelson_1": partial(beyond, count=1, window=1, line=3),
    "nelson_2": partial(beyond, count=9, window=9, line=0),
    "nelson_3": trending,
    "nelson_4": turning,
    "nelson_5": partial(beyond, count=2, window=3, line=2),
    "nelson_6": partial(beyond, count=4, window=5, line=1),
    "nelson_7": inside,
    "nelson_8": outside,
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_a_rule_marks_the_points_that_a_plain_reading_of_it_marks(name: str, seed: int) -> None:
    values, offsets = random_series(seed)
    dice = np.random.default_rng(seed + 100)
    spread = {"nelson_7": 0.3, "nelson_8": 4.0}.get(name, 1.0)
    lowest, highest = values * spread, values * spread
    if name == "nelson_4":  # chance hardly ever turns fourteen times
        lowest = highest = np.abs(values) * np.where(np.arange(len(values)) % 2, 1.0, -1.0)
    if name == "nelson_3":
        lowest = highest = values * 0.1 + 3 * np.sin(np.arange(len(values)) / 5)
    hidden = dice.random(len(values)) < 0.1
    lowest = np.where(hidden & (dice.random(len(values)) < 0.5), -np.inf, lowest)
    highest = np.where(hidden & np.isfinite(lowest), np.inf, highest)
    found = rule_marks(RULES[name], lowest=lowest, highest=highest, offsets=offsets)
    points = list(zip(lowest.tolist(), highest.tolist(), strict=True))
    expected = [
        PLAIN[name](points[first : at + 1]) for first, last in pairwise(offsets.tolist()) for at in range(first, last)
    ]
    assert found.tolist() == expected
    assert any(expected)


def test_there_are_four_rules_of_western_electric_and_eight_of_nelson() -> None:
    assert (len(WESTERN_ELECTRIC), len(NELSON), len(RULES)) == (4, 8, 12)


def test_a_censored_point_counts_where_its_limit_proves_the_side_and_interrupts_where_it_does_not() -> None:
    lowest = np.array([-1.0] * 4 + [-np.inf] + [-1.0] * 4)
    highest = np.where(np.isfinite(lowest), lowest, -0.5)
    rule = RULES["nelson_2"]
    assert rule_marks(rule, lowest=lowest, highest=highest, offsets=whole(lowest)).tolist() == [False] * 8 + [True]
    highest[4] = 0.5
    assert not rule_marks(rule, lowest=lowest, highest=highest, offsets=whole(lowest)).any()


@pytest.mark.parametrize(
    ("values", "offsets"),
    [([1.0, np.nan], [0, 2]), ([1.0, 2.0], [0, 1]), ([1.0, 2.0], [1, 2]), ([1.0, 2.0], [0, 2, 1, 2])],
    ids=["a value is missing", "values are left over", "the first series does not begin at 0", "offsets fall"],
)
def test_what_is_no_series_is_refused(values: list[float], offsets: list[int]) -> None:
    with pytest.raises(UsageError):
        charts.means(np.array(values), offsets=np.array(offsets))
