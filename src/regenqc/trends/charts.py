"""Charts of series: centre, spread, averages and sums, and which rule marks which point.

Limits come from the baseline: the points before a given moment, or all of them. A series whose baseline has fewer than ten
numbers, no spread, or more censored points than numbers has no limits, and says so by name. Where some points are censored,
centre and spread are those of the normal distribution that makes numbers and limits together most likely; averages, sums
and moving ranges need every number and are left out. Such a fit is refused where it reaches below what the quantity can be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.intake.reading import NEVER_NEGATIVE
from regenqc.statistics import control_charts
from regenqc.statistics.capability import FEWEST_VALUES
from regenqc.statistics.censored import censored_normal
from regenqc.statistics.refusal import RefusalReason
from regenqc.statistics.run_rules import NELSON, RULES, RunRule, rule_marks
from regenqc.statistics.tolerance import two_sided_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.trends.series import Points

__all__ = ["CHART_RULES", "ChartOptions", "Charts", "charts_of"]

# What charts other than the runs rules say, in words to be read behind the name of a series.
CHART_RULES: Final = {
    "moving_range": "the step from the lot before is larger than the limit of moving ranges",
    "ewma": "the weighted average left its limits",
    "cusum_high": "the sum of deviations upwards passed its limit",
    "cusum_low": "the sum of deviations downwards passed its limit",
    "out_of_trend": "the lot lies outside the tolerance interval of all others",
} | {name: rule.words for name, rule in RULES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartOptions:
    """State how charts are drawn.

    Args:
        baseline_until: seconds since 1970; limits come from the points before. Without it from all points.
        rules: run rules to apply.
        weight: lambda of the weighted average; NIST/SEMATECH e-Handbook 6.3.2.4: between 0.2 and 0.3.
        width: standard deviations of the average between its centre and its limits.
        allowance: k of the cumulative sums in sigma, half the shift to be found; e-Handbook 6.3.2.3.
        decision: h of the cumulative sums in sigma; e-Handbook 6.3.2.3 has 4 or 5.
        coverage: share of lots that the tolerance interval holds.
        confidence: with which it holds them.
    """

    baseline_until: int | None = None
    rules: tuple[RunRule, ...] = NELSON
    weight: float = 0.2
    width: float = 3.0
    allowance: float = 0.5
    decision: float = 5.0
    coverage: float = 0.99
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """Charts of all series; arrays of series, then arrays of points.

    Args:
        numbers: points of each series that are numbers.
        censored: points that are not.
        baseline: points that the limits come from.
        centre: NaN where refused.
        sigma: NaN where refused.
        refusal: code of `RefusalReason` of each series.
        tolerance_refusal: the same for the tolerance interval, which takes no censored points.
        lowest: standardised, NaN where refused.
        highest: the same for the upper end.
        moving_range: NaN for the first point and wherever a point of the series is censored.
        ewma: NaN wherever a point of the series is censored.
        ewma_half_width: of the limits of the average.
        cusum_high: in sigma.
        cusum_low: in sigma.
        marks: points that each rule marks, by its name.
    """

    numbers: NDArray[np.int64]
    censored: NDArray[np.int64]
    baseline: NDArray[np.int64]
    centre: NDArray[np.float64]
    sigma: NDArray[np.float64]
    refusal: NDArray[np.int8]
    tolerance_refusal: NDArray[np.int8]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    moving_range: NDArray[np.float64]
    ewma: NDArray[np.float64]
    ewma_half_width: NDArray[np.float64]
    cusum_high: NDArray[np.float64]
    cusum_low: NDArray[np.float64]
    marks: dict[str, NDArray[np.bool_]] = field(default_factory=dict)


def charts_of(points: Points, *, options: ChartOptions) -> Charts:
    """Chart every series.

    Args:
        points: of all series.
        options: see `ChartOptions`.

    Example:
        >>> import pyarrow as pa
        >>> from regenqc.intake import read_results
        >>> from regenqc.trends.history import read_history
        >>> from regenqc.trends.series import series_of
        >>> table = pa.table({"batch_id": [f"B{n}" for n in range(12)], "test": ["ph"] * 12, "unit": ["pH"] * 12,
        ...     "result": ["7.1", "7.2"] * 5 + ["7.2", "7.9"], "tested_at": [f"2026-01-{n + 1:02d}T08:00:00Z" for n in range(12)]})
        >>> points = series_of(read_history(read_results(table), stage="shipping"))
        >>> charts = charts_of(points, options=ChartOptions())
        >>> [name for name, marked in charts.marks.items() if marked[-1]]
        ['nelson_1', 'moving_range', 'out_of_trend']
    """
    count = len(points.series)
    of = points.series_of
    is_number = ~points.is_censored
    in_baseline = np.ones(len(of), dtype=np.bool_)
    if options.baseline_until is not None:
        in_baseline = points.tested < options.baseline_until
    numbers = np.bincount(of[is_number], minlength=count)
    censored = np.diff(points.offsets) - numbers
    centre, sigma, mean_range, refusal, baseline = _limits(points, in_baseline)
    whole = (censored == 0) & (refusal == RefusalReason.NONE)
    wide_centre, wide_sigma = centre[of], sigma[of]
    with np.errstate(invalid="ignore"):
        lowest, highest = ((end - wide_centre) / wide_sigma for end in (points.lowest, points.highest))
    charts = _Drawn.of(points, whole=whole, centre=centre, sigma=sigma, options=options)
    marks = {
        rule.name: rule_marks(rule, lowest=lowest, highest=highest, offsets=points.offsets) for rule in options.rules
    }
    with np.errstate(invalid="ignore"):
        marks["moving_range"] = charts.moving_range > (control_charts.MOVING_RANGE_LIMIT * mean_range)[of]
        marks["ewma"] = np.abs(charts.ewma - wide_centre) > charts.ewma_half_width
        marks["cusum_high"] = charts.cusum_high > options.decision
        marks["cusum_low"] = charts.cusum_low > options.decision
    marks["out_of_trend"], tolerance_refusal = _outside_tolerance(points, censored, options)
    return Charts(
        numbers=numbers,
        censored=censored,
        baseline=baseline,
        centre=centre,
        sigma=sigma,
        refusal=refusal,
        tolerance_refusal=tolerance_refusal,
        lowest=lowest,
        highest=highest,
        moving_range=charts.moving_range,
        ewma=charts.ewma,
        ewma_half_width=charts.ewma_half_width,
        cusum_high=charts.cusum_high,
        cusum_low=charts.cusum_low,
        marks=marks,
    )


def _limits(
    points: Points, in_baseline: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int8], NDArray[np.int64]]:
    """Return centre, sigma, mean moving range, refusal and points of the baseline of every series."""
    count, of = len(points.series), points.series_of
    is_number = in_baseline & ~points.is_censored
    held = np.bincount(of[in_baseline], minlength=count)
    counted = np.bincount(of[is_number], minlength=count)
    offsets = np.concatenate([[0], np.cumsum(counted)])
    values = points.lowest[is_number]
    centre = control_charts.means(values, offsets=offsets)
    mean_range = control_charts.mean_moving_range(values, offsets=offsets)
    sigma = mean_range / control_charts.RANGE_TO_SIGMA
    refusal = np.select(
        [held < FEWEST_VALUES, held - counted > counted, counted < FEWEST_VALUES, np.nan_to_num(sigma) == 0],
        [
            RefusalReason.TOO_FEW_VALUES,
            RefusalReason.MOSTLY_CENSORED,
            RefusalReason.TOO_FEW_VALUES,
            RefusalReason.NO_SPREAD,
        ],
        RefusalReason.NONE,
    ).astype(np.int8)
    for series in np.flatnonzero((held > counted) & (refusal == RefusalReason.NONE)).tolist():
        part = slice(int(points.offsets[series]), int(points.offsets[series + 1]))
        hidden = in_baseline[part] & ~is_number[part]
        lowest, highest = points.lowest[part][hidden], points.highest[part][hidden]
        # `< 5` of a quantity that cannot be negative is anything below 5 to a distribution that can.
        centre[series], sigma[series] = censored_normal(
            points.lowest[part][is_number[part]], lowest=np.where(lowest == 0, -np.inf, lowest), highest=highest
        )
        # The fit fills what is out of sight with a normal tail; one that reaches below nothing cannot be believed.
        if NEVER_NEGATIVE[points.series[series].unit] and centre[series] - 3 * sigma[series] < 0:
            refusal[series] = RefusalReason.CROWDS_A_BOUND
    refused = refusal != RefusalReason.NONE
    for array in (centre, sigma, mean_range):
        array[refused] = np.nan
    return centre, sigma, mean_range, refusal, held


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Charts that need every number of a series; NaN for the points of other series."""

    moving_range: NDArray[np.float64]
    ewma: NDArray[np.float64]
    ewma_half_width: NDArray[np.float64]
    cusum_high: NDArray[np.float64]
    cusum_low: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        points: Points,
        *,
        whole: NDArray[np.bool_],
        centre: NDArray[np.float64],
        sigma: NDArray[np.float64],
        options: ChartOptions,
    ) -> _Drawn:
        """Return the charts of the series that are whole."""
        lengths = np.diff(points.offsets)
        chosen = np.repeat(whole, lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths[whole])])
        values = points.lowest[chosen]

        def spread(part: NDArray[np.float64]) -> NDArray[np.float64]:
            all_points = np.full(len(chosen), np.nan)
            all_points[chosen] = part
            return all_points

        own_centre, own_sigma = centre[whole], sigma[whole]
        wide = np.repeat(own_sigma, lengths[whole])
        high, low = control_charts.cusum(
            values, offsets=offsets, target=own_centre, allowance=options.allowance * own_sigma
        )
        steps = control_charts.positions_of(offsets) + 1
        return cls(
            spread(control_charts.moving_ranges(values, offsets=offsets)),
            spread(control_charts.ewma(values, offsets=offsets, start=own_centre, weight=options.weight)),
            spread(control_charts.ewma_half_width(wide, weight=options.weight, width=options.width, steps=steps)),
            spread(high / wide),
            spread(low / wide),
        )


def _outside_tolerance(
    points: Points, censored: NDArray[np.int64], options: ChartOptions
) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
    """Return the lots outside the two-sided tolerance interval of all other lots of their series, and who has none."""
    lengths = np.diff(points.offsets)
    chosen = (censored == 0) & (lengths > FEWEST_VALUES)
    refusal = np.where(censored > 0, RefusalReason.CENSORED_VALUES, RefusalReason.TOO_FEW_VALUES).astype(np.int8)
    refusal[chosen] = RefusalReason.NONE
    outside = np.zeros(len(points.lowest), dtype=np.bool_)
    if not chosen.any():
        return outside, refusal
    of = np.repeat(np.arange(len(lengths)), lengths)
    with_interval = chosen[of]
    values, own = points.lowest[with_interval], of[with_interval]
    n = lengths.astype(np.float64)
    mean = np.bincount(own, weights=values, minlength=len(n)) / np.maximum(n, 1)
    away = values - mean[own]
    # In units of the largest distance: a result may be 1e290, and its square no number.
    largest = np.zeros(len(n))
    np.maximum.at(largest, own, np.abs(away))
    away = away / np.where(largest > 0, largest, 1.0)[own]
    squares = np.bincount(own, weights=away**2, minlength=len(n))
    factor = np.full(len(n), np.nan)
    factor[chosen] = two_sided_factor(n[chosen] - 1, coverage=options.coverage, confidence=options.confidence)
    # Mean and variance without one value, from those with it.
    rest = n[own] - 1
    variance = np.maximum(squares[own] - away**2 * n[own] / rest, 0.0) / (rest - 1)
    outside[with_interval] = np.abs(away * n[own] / rest) > factor[own] * np.sqrt(variance)
    return outside, refusal
