"""Control charts of single values in the order of time: individuals and moving range, EWMA, CUSUM.

Many series are charted at once. Their values stand one behind the other in one flat array; `offsets` says where each begins
and has one entry more than there are series, so that series `i` is `values[offsets[i]:offsets[i + 1]]`. Values are numbers:
a NaN has no place in a series, and censored results are handled by those who call (`regenqc.trends`), never replaced here.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

from regenqc.errors import Fault, UsageError
from regenqc.statistics.domain import AMOUNT, POSITIVE_SHARE, REAL, FloatArray

__all__ = [
    "MOVING_RANGE_LIMIT",
    "RANGE_TO_SIGMA",
    "cusum",
    "ewma",
    "ewma_half_width",
    "mean_moving_range",
    "means",
    "moving_ranges",
    "positions_of",
]

Offsets = npt.NDArray[np.int64]

# d2 and D4 for two values, as the tables of control charts print them.
# Source: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.1 and 6.3.2.2.
RANGE_TO_SIGMA: Final = 1.128
MOVING_RANGE_LIMIT: Final = 3.267


def positions_of(offsets: Offsets) -> Offsets:
    """Return the position of every value in its own series, from 0.

    Example:
        >>> positions_of(np.array([0, 2, 5])).tolist()
        [0, 1, 0, 1, 2]
    """
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))


def means(values: FloatArray, *, offsets: Offsets) -> FloatArray:
    """Return the mean of every series; NaN for one without values.

    Raises:
        UsageError: a value is missing, or the offsets do not fit the values.

    Example:
        >>> means(np.array([1.0, 3.0, 5.0]), offsets=np.array([0, 2, 2, 3])).tolist()
        [2.0, nan, 5.0]
    """
    given = _series(values, offsets)
    return _sums(given, offsets, counts=np.diff(offsets))


def moving_ranges(values: FloatArray, *, offsets: Offsets) -> FloatArray:
    """Return |x(t) - x(t - 1)| of every value; NaN for the first of each series.

    Raises:
        UsageError: a value is missing, or the offsets do not fit the values.

    Source: NIST/SEMATECH e-Handbook, 6.3.2.2.

    Example:
        >>> moving_ranges(np.array([49.6, 47.6, 49.9]), offsets=np.array([0, 3])).round(1).tolist()
        [nan, 2.0, 2.3]
    """
    given = _series(values, offsets)
    ranges = np.abs(np.diff(given, prepend=np.nan))
    ranges[offsets[:-1][np.diff(offsets) > 0]] = np.nan
    return ranges


def mean_moving_range(values: FloatArray, *, offsets: Offsets) -> FloatArray:
    """Return the mean moving range of every series; NaN where there are fewer than two values.

    Divided by `RANGE_TO_SIGMA` it estimates the standard deviation between neighbours, which a slow drift does not inflate;
    times `MOVING_RANGE_LIMIT` it is the upper limit of the moving ranges.

    Raises:
        UsageError: a value is missing, or the offsets do not fit the values.

    Source: NIST/SEMATECH e-Handbook, 6.3.2.2.

    Example:
        >>> mean_moving_range(np.array([49.6, 47.6, 49.9]), offsets=np.array([0, 3])).round(2).tolist()
        [2.15]
    """
    ranges = moving_ranges(values, offsets=offsets)
    return _sums(np.nan_to_num(ranges), offsets, counts=np.maximum(np.diff(offsets) - 1, 0))


def ewma(values: FloatArray, *, offsets: Offsets, start: FloatArray, weight: float) -> FloatArray:
    """Return the exponentially weighted moving average: z(t) = weight x(t) + (1 - weight) z(t - 1).

    Args:
        values: of all series.
        offsets: where each begins.
        start: z(0) of each series: its target, or the mean of its history.
        weight: lambda, more than 0 and at most 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: NIST/SEMATECH e-Handbook, 6.3.2.4; Hunter 1986, Journal of Quality Technology 18:203.

    Example:
        >>> ewma(np.array([52.0, 47.0, 53.0]), offsets=np.array([0, 3]), start=np.array([50.0]), weight=0.3).round(2).tolist()
        [50.6, 49.52, 50.56]
    """
    given, share = _series(values, offsets), float(POSITIVE_SHARE.read(weight, "weight"))
    average = np.empty_like(given)
    for first, last, z in zip(offsets[:-1].tolist(), offsets[1:].tolist(), start.tolist(), strict=True):
        # A recursion: each step needs the one before.
        steps = accumulate(given[first:last].tolist(), lambda held, x: held + share * (x - held), initial=z)
        next(steps)
        average[first:last] = np.fromiter(steps, dtype=np.float64, count=last - first)
    return average


def ewma_half_width(sigma: FloatArray, *, weight: float, width: float, steps: Offsets | None = None) -> FloatArray:
    """Return how far the limits of an EWMA lie from its centre.

    Args:
        sigma: standard deviation of single values.
        weight: lambda of the average.
        width: standard deviations of the average between centre and limit, usually 3.
        steps: number t of each value in its series, from 1: limits that widen from the start; without it those of the
            steady state.

    Raises:
        UsageError: an argument is outside its domain.

    Source: NIST/SEMATECH e-Handbook, 6.3.2.4 (steady state); Lucas and Saccucci 1990, Technometrics 32:1 (at step t).

    Example:
        >>> round(float(50 + ewma_half_width(np.array([2.0539]), weight=0.3, width=3.0)[0]), 4)
        52.5884
    """
    share = float(POSITIVE_SHARE.read(weight, "weight"))
    variance = np.asarray(share / (2 - share))
    if steps is not None:
        variance = variance * (1 - (1 - share) ** (2.0 * steps))
    return np.asarray(AMOUNT.read(width, "width") * sigma * np.sqrt(variance))


def cusum(
    values: FloatArray, *, offsets: Offsets, target: FloatArray, allowance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the tabular cumulative sums above and below the target; both start at 0 and never fall below it.

    S_high(t) = max(0, S_high(t - 1) + x(t) - target - allowance); S_low(t) = max(0, S_low(t - 1) + target - allowance - x(t)).

    Args:
        values: of all series.
        offsets: where each begins.
        target: of each series.
        allowance: k of each series in the unit of the values, usually half the shift to be found.

    Raises:
        UsageError: an argument is outside its domain.

    Source: NIST/SEMATECH e-Handbook, 6.3.2.3.

    Example:
        >>> high, low = cusum(np.array([325.35, 325.225]), offsets=np.array([0, 2]), target=np.array([325.0]),
        ...     allowance=np.array([0.3175]))
        >>> high.round(2).tolist(), low.tolist()
        ([0.03, 0.0], [0.0, 0.0])
    """
    given = _series(values, offsets)
    lengths = np.diff(offsets)
    above = given - np.repeat(target, lengths)
    slack = np.repeat(allowance, lengths)
    return _restarted(above - slack, offsets), _restarted(-above - slack, offsets)


def _restarted(steps: FloatArray, offsets: Offsets) -> FloatArray:
    """Return max(0, S + step) along each series: the distance of the plain sum from its lowest point so far."""
    sums = np.empty_like(steps)
    for first, last in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        total = np.cumsum(steps[first:last])
        sums[first:last] = total - np.minimum(np.minimum.accumulate(total), 0.0)
    return sums


def _sums(values: FloatArray, offsets: Offsets, *, counts: Offsets) -> FloatArray:
    total = np.zeros(len(offsets) - 1)
    filled = np.diff(offsets) > 0
    if filled.any():
        total[filled] = np.add.reduceat(values, offsets[:-1][filled])
    return np.asarray(np.where(counts > 0, total / np.maximum(counts, 1), np.nan))


def _series(values: FloatArray, offsets: Offsets) -> FloatArray:
    given = REAL.read(values, "values", complete=True)
    if len(offsets) < 1 or offsets[0] != 0 or offsets[-1] != len(given) or (np.diff(offsets) < 0).any():
        raise UsageError(
            Fault(
                code="RQC-U096",
                what="The offsets do not divide the values into series.",
                got=f"{len(offsets)} offsets, {len(given)} values",
                expected="offsets that begin with 0, never fall and end with the number of values",
                action="Give one offset for each series, and the number of values.",
            )
        )
    return given
