"""Compare groups by rank in many families of values at once, with the size of the difference and control of chance.

Ranks need no distribution and take censored values as they are: everything below the highest limit of detection of a family
is one tie at the bottom, whatever was reported there, and everything above the lowest upper limit one tie at the top.

Source: Kruskal and Wallis 1952, Journal of the American Statistical Association 47:583; Helsel 2012, Statistics for Censored
Environmental Data, 2nd ed. (ranks of censored values); Tomczak and Tomczak 2014, Trends in Sport Sciences 1:19 (epsilon²).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, ndtr

if TYPE_CHECKING:
    import numpy.typing as npt

    from regenqc.statistics.control_charts import Offsets
    from regenqc.statistics.domain import FloatArray

__all__ = [
    "Comparisons",
    "adjusted_for_false_discovery",
    "compare_groups",
    "holm_adjusted",
    "rank_keys",
    "robust_scores",
    "two_sided_p_values",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """Hold the comparison of the groups of many families.

    Args:
        statistic: Kruskal-Wallis H with correction for ties, of each family; NaN where fewer than two groups are left or all
            values are tied.
        p_value: of chi-square with one degree less than there are groups.
        effect: epsilon² = H / (n - 1), from 0 (no difference) to 1.
        counts: values by family and group.
        deltas: Cliff's delta of each group against all others of its family: 1 where all of it lies above them, -1 where all
            lies below; NaN for a group that was left out.
    """

    statistic: FloatArray
    p_value: FloatArray
    effect: FloatArray
    counts: npt.NDArray[np.int64]
    deltas: FloatArray


def rank_keys(lowest: FloatArray, highest: FloatArray, *, offsets: Offsets) -> FloatArray:
    """Return numbers that order values by what is certain about them.

    Args:
        lowest: the least that each value may be.
        highest: the most; equal for a number.
        offsets: where each family begins, and the number of values.

    Example:
        >>> rank_keys(np.array([-np.inf, 1.0, 3.0]), np.array([2.0, 1.0, 3.0]), offsets=np.array([0, 3])).tolist()
        [-inf, -inf, 3.0]
    """
    lengths = np.diff(offsets)
    number = lowest == highest
    # A value reported as `> 5` or `< 2`, or a mean of such, is one whose two ends differ.
    left = ~number & np.isfinite(highest)
    right = ~number & ~left
    bottom = np.repeat(_extremes(np.where(left, highest, -np.inf), offsets, np.maximum), lengths)
    top = np.repeat(_extremes(np.where(right, lowest, np.inf), offsets, np.minimum), lengths)
    keys = np.where(left | (highest < bottom), -np.inf, np.where(right | (lowest > top), np.inf, highest))
    return np.asarray(keys, dtype=np.float64)


def compare_groups(
    keys: FloatArray,
    *,
    family: npt.NDArray[np.int64],
    group: npt.NDArray[np.int64],
    families: int,
    groups: int,
    least: int,
) -> Comparisons:
    """Compare the groups of every family by the ranks of its values.

    Args:
        keys: what to rank by, e.g. of `rank_keys`.
        family: of each value, from 0.
        group: of each value, from 0; negative where it has none.
        families: number of families.
        groups: number of groups.
        least: groups with fewer values are left out.

    Example:
        >>> found = compare_groups(np.array([1.0, 2, 3, 4, 5, 6]), family=np.zeros(6, dtype=int),
        ...     group=np.array([0, 0, 0, 1, 1, 1]), families=1, groups=2, least=3)
        >>> found.statistic.round(3).tolist(), found.effect.round(3).tolist(), found.deltas.tolist()
        ([3.857], [0.771], [[-1.0, 1.0]])
    """
    cells = np.where(group >= 0, family * groups + group, families * groups)
    counts = np.bincount(cells, minlength=families * groups + 1)[:-1].reshape(families, groups)
    counts = np.where(counts >= least, counts, 0)
    kept = (group >= 0) & (np.append(counts.ravel(), 0)[cells] > 0)
    keys, family, cells = keys[kept], family[kept], cells[kept]
    ranks, ties = _ranks(keys, family, families)
    sums = np.bincount(cells, weights=ranks, minlength=families * groups).reshape(families, groups)
    n = counts.sum(axis=1).astype(np.float64)
    usable = ((counts > 0).sum(axis=1) > 1) & (ties < n**3 - n)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = sums / counts
        spread = np.where(counts > 0, sums * means, 0.0).sum(axis=1)
        statistic = (12 / (n * (n + 1)) * spread - 3 * (n + 1)) / (1 - ties / (n**3 - n))
        statistic = np.where(usable, np.maximum(statistic, 0.0), np.nan)
        deltas = 2 * (means - (n[:, None] + 1) / 2) / (n[:, None] - counts)
        effect = statistic / (n - 1)
    p_value = np.where(usable, chdtrc(np.maximum((counts > 0).sum(axis=1) - 1, 1), np.nan_to_num(statistic)), np.nan)
    deltas = np.where(usable[:, None] & (counts > 0), deltas, np.nan)
    return Comparisons(statistic=statistic, p_value=p_value, effect=effect, counts=counts, deltas=deltas)


def adjusted_for_false_discovery(p_values: FloatArray) -> FloatArray:
    """Return p values adjusted so that alerts below q are false in at most the share q; NaN stays and does not count.

    Source: Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57:289.

    Example:
        >>> adjusted_for_false_discovery(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
        [0.03, 0.04, nan, 0.04]
    """
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(-p_values[known], kind="stable")]
    place = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum.accumulate(np.minimum(p_values[order] * len(order) / place, 1.0))
    return adjusted


def holm_adjusted(p_values: FloatArray, *, family: npt.NDArray[np.int64]) -> FloatArray:
    """Return p values adjusted by Holm within each family: the chance of any false alert in it stays below the level.

    Source: Holm 1979, Scandinavian Journal of Statistics 6:65.

    Example:
        >>> holm_adjusted(np.array([0.01, 0.04, 0.03]), family=np.array([0, 0, 0])).tolist()
        [0.03, 0.06, 0.06]
    """
    order = np.lexsort((p_values, family))
    starts = np.flatnonzero(np.diff(family[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    scaled = np.minimum(p_values[order] * (np.repeat(sizes, sizes) - place), 1.0)
    # Running maximum within each family: families lie one above the other by 2, which no p value reaches.
    lifted = np.maximum.accumulate(scaled + 2.0 * np.repeat(np.arange(len(starts)), sizes))
    adjusted = np.empty(len(order))
    adjusted[order] = lifted - 2.0 * np.repeat(np.arange(len(starts)), sizes)
    return adjusted


def robust_scores(values: FloatArray, *, offsets: Offsets) -> FloatArray:
    """Return how far each value lies from the median of its family, in robust standard deviations.

    The robust standard deviation is 1.4826 times the median absolute deviation, which for normal values estimates sigma and
    which half of the values may be outliers without moving far. NaN where it is 0.

    Source: Hampel 1974, Journal of the American Statistical Association 69:383.

    Example:
        >>> robust_scores(np.array([1.0, 2.0, 3.0, 4.0, 90.0]), offsets=np.array([0, 5])).round(2).tolist()
        [-1.35, -0.67, 0.0, 0.67, 58.68]
    """
    lengths = np.diff(offsets)
    distance = values - np.repeat(_medians(values, offsets), lengths)
    spread = 1.4826 * np.repeat(_medians(np.abs(distance), offsets), lengths)
    return np.asarray(np.divide(distance, spread, out=np.full(len(values), np.nan), where=spread > 0))


def two_sided_p_values(scores: FloatArray) -> FloatArray:
    """Return the chance that a standard normal value lies at least so far from 0.

    Example:
        >>> two_sided_p_values(np.array([1.959963984540054])).round(6).tolist()
        [0.05]
    """
    return np.asarray(2 * ndtr(-np.abs(scores)))


def _medians(values: FloatArray, offsets: Offsets) -> FloatArray:
    lengths = np.diff(offsets)
    ordered = values[np.lexsort((values, np.repeat(np.arange(len(lengths)), lengths)))]
    filled = lengths > 0
    found = np.full(len(lengths), np.nan)
    begins, sizes = offsets[:-1][filled], lengths[filled]
    found[filled] = (ordered[begins + (sizes - 1) // 2] + ordered[begins + sizes // 2]) / 2
    return found


def _extremes(values: FloatArray, offsets: Offsets, choose: np.ufunc) -> FloatArray:
    found = np.full(len(offsets) - 1, np.inf if choose is np.minimum else -np.inf)
    filled = np.diff(offsets) > 0
    if filled.any():
        found[filled] = choose.reduceat(values, offsets[:-1][filled])
    return found


def _ranks(keys: FloatArray, family: npt.NDArray[np.int64], families: int) -> tuple[FloatArray, FloatArray]:
    """Return the rank of every value in its family, the mean of it for tied ones, and Σ(t³ - t) over ties by family."""
    order = np.lexsort((keys, family))
    sorted_keys, sorted_family = keys[order], family[order]
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = (sorted_keys[1:] != sorted_keys[:-1]) | (sorted_family[1:] != sorted_family[:-1])
    firsts = np.flatnonzero(is_new)
    sizes = np.diff(np.append(firsts, len(order)))
    begins = np.searchsorted(sorted_family, np.arange(families))
    middle = firsts - begins[sorted_family[firsts]] + (sizes + 1) / 2
    ranks = np.empty(len(order))
    ranks[order] = np.repeat(middle, sizes)
    large = sizes.astype(np.float64)
    ties = np.bincount(sorted_family[firsts], weights=large**3 - large, minlength=families).astype(np.float64)
    return ranks, ties
