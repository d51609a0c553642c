"""How one quantity goes with another, always as an estimate with an interval: rank correlation, shift, shares, odds.

Each answer carries a p value for the adjustment of many questions at once; none is given without the estimate and its interval.
Fewer than `LEAST_PAIRS` pairs, or `LEAST_OF_GROUP` values in a group, are refused as too few to say. Both numbers are a choice of
regenqc: below them the intervals cover next to everything that is possible, and their approximations are poor.

Sources: Bonett and Wright 2000, Psychometrika 65:23 (standard error of Spearman's correlation after Fisher's transformation);
Hodges and Lehmann 1963, Annals of Mathematical Statistics 34:598, with the interval of Moses by the normal approximation of
Mann and Whitney; Newcombe 1998, Statistics in Medicine 17:873, method 10 (difference of shares); Peduzzi and others 1996,
Journal of Clinical Epidemiology 49:1373 (ten events for each variable; later work holds that other things matter as well, van
Smeden and others 2016, BMC Medical Research Methodology 16:163).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import optimize, special, stats

from regenqc.statistics.domain import CONFIDENCE, COUNT, POSITIVE_COUNT, check_not_above, check_shapes
from regenqc.statistics.refusal import Refusal, RefusalReason

if TYPE_CHECKING:
    import numpy.typing as npt

    from regenqc.statistics.domain import FloatArray

__all__ = [
    "EVENTS_PER_VARIABLE",
    "LEAST_OF_GROUP",
    "LEAST_PAIRS",
    "Estimate",
    "odds_ratio",
    "rank_correlation",
    "share_difference",
    "shift_between",
]

LEAST_PAIRS: Final = 10
LEAST_OF_GROUP: Final = 5
EVENTS_PER_VARIABLE: Final = 10
_NEAR: Final = 1e-9
_FARTHEST: Final = 50.0
_STEPS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Hold an estimate with its interval.

    Args:
        value: the estimate.
        lower: lower end of the interval.
        upper: upper end.
        p_value: two-sided, for this question alone.
    """

    value: float
    lower: float
    upper: float
    p_value: float


def rank_correlation(x: FloatArray, y: FloatArray, *, confidence: float = 0.95) -> Estimate | Refusal:
    """Return Spearman's correlation of the ranks of pairs, from -1 to 1.

    Args:
        x: one value for each pair; infinite ones, as `rank_keys` gives for censored values, are ranked at the end, as ties.
        y: the other value.
        confidence: of the interval.

    Where the order of both is one and the same, the lower end is that of the order with two neighbours exchanged: an interval
    of no width would say more than ten pairs can.

    Example:
        >>> found = rank_correlation(np.arange(12.0), np.array([2.0, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11]))
        >>> round(found.value, 3), round(found.lower, 2), round(found.upper, 2)
        (0.958, 0.81, 0.99)
    """
    level = float(CONFIDENCE.read(confidence, "confidence"))
    check_shapes(x=x, y=y)
    n = len(x)
    if n < LEAST_PAIRS:
        return Refusal(reason=RefusalReason.TOO_FEW_TO_SAY, detail=f"{n} pairs, and {LEAST_PAIRS} are needed")
    first, second = stats.rankdata(x), stats.rankdata(y)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return Refusal(reason=RefusalReason.NO_SPREAD, detail=f"{n} pairs")
    rho = round(float(np.clip(np.corrcoef(first, second)[0, 1], -1, 1)), 12)
    nearest = 1 - 12 / (n * (n * n - 1))
    within = float(np.clip(rho, -nearest, nearest))
    reach = float(special.ndtri((1 + level) / 2)) * np.sqrt((1 + within**2 / 2) / (n - 3))
    ends = np.tanh(np.arctanh(within) + np.array([-reach, reach]))
    score = within * np.sqrt((n - 2) / (1 - within**2))
    return Estimate(
        value=rho,
        lower=float(min(ends[0], rho)),
        upper=float(max(ends[1], rho)),
        p_value=float(2 * stats.t.sf(abs(score), n - 2)),
    )


def shift_between(first: FloatArray, second: FloatArray, *, confidence: float = 0.95) -> Estimate | Refusal:
    """Return by how much the second group lies above the first: the median of all differences between them.

    Args:
        first: values of one group, finite.
        second: values of the other.
        confidence: of the interval.

    Example:
        >>> found = shift_between(np.array([1.0, 2, 3, 4, 5, 6]), np.array([4.0, 5, 6, 7, 8, 9]))
        >>> found.value, found.lower, found.upper
        (3.0, 0.0, 6.0)
    """
    level = float(CONFIDENCE.read(confidence, "confidence"))
    m, n = len(first), len(second)
    if min(m, n) < LEAST_OF_GROUP:
        detail = f"groups of {m} and {n}, and {LEAST_OF_GROUP} are needed in each"
        return Refusal(reason=RefusalReason.TOO_FEW_TO_SAY, detail=detail)
    if np.ptp(np.concatenate([first, second])) == 0:
        return Refusal(reason=RefusalReason.NO_SPREAD, detail=f"groups of {m} and {n}")
    differences = np.sort((second[:, None] - first[None, :]).ravel())
    half = float(special.ndtri((1 + level) / 2)) * np.sqrt(m * n * (m + n + 1) / 12)
    place = max(int(np.floor(m * n / 2 - half)), 1)
    return Estimate(
        value=float(np.median(differences)),
        lower=float(differences[place - 1]),
        upper=float(differences[m * n - place]),
        p_value=float(stats.mannwhitneyu(first, second, method="asymptotic").pvalue),
    )


def share_difference(
    first_events: int, first: int, second_events: int, second: int, *, confidence: float = 0.95
) -> Estimate | Refusal:
    """Return the share of events in the second group less that in the first, from -1 to 1.

    Args:
        first_events: events in the first group.
        first: its size.
        second_events: events in the second group.
        second: its size.
        confidence: of the interval.

    Example:
        >>> found = share_difference(48, 80, 56, 70)  # the first worked example of Newcombe 1998, other way round
        >>> round(found.value, 4), round(found.lower, 4), round(found.upper, 4)
        (0.2, 0.0524, 0.3339)
    """
    level = float(CONFIDENCE.read(confidence, "confidence"))
    sizes = POSITIVE_COUNT.read(np.array([first, second], dtype=np.float64), "sizes")
    events = COUNT.read(np.array([first_events, second_events], dtype=np.float64), "events")
    check_not_above(events, sizes, names=("events", "sizes"))
    if sizes.min() < LEAST_OF_GROUP:
        detail = f"groups of {first} and {second}, and {LEAST_OF_GROUP} are needed in each"
        return Refusal(reason=RefusalReason.TOO_FEW_TO_SAY, detail=detail)
    z = float(special.ndtri((1 + level) / 2))
    shares = events / sizes
    middle = (events + z * z / 2) / (sizes + z * z)
    half = z * np.sqrt(shares * (1 - shares) / sizes + (z / (2 * sizes)) ** 2) / (1 + z * z / sizes)
    low, high = middle - half, middle + half
    value = float(shares[1] - shares[0])
    table = np.stack([events, sizes - events])
    return Estimate(
        value=value,
        lower=value - float(np.hypot(shares[1] - low[1], high[0] - shares[0])),
        upper=value + float(np.hypot(high[1] - shares[1], shares[0] - low[0])),
        p_value=float(stats.fisher_exact(table).pvalue),
    )


def odds_ratio(x: FloatArray, has_event: npt.NDArray[np.bool_], *, confidence: float = 0.95) -> Estimate | Refusal:
    """Return by what the odds of an event are multiplied when a quantity grows by one of its standard deviations.

    A logistic model with this one variable; the interval holds every ratio that a test of the likelihood does not reject, so
    that it needs no symmetry.

    Args:
        x: the quantity, finite.
        has_event: whether the event came, independently of each other.
        confidence: of the interval.

    Example:
        >>> x = np.arange(40.0)
        >>> found = odds_ratio(x, (x + 15 * np.tile([-1, 1], 20)) > 19.5)
        >>> round(found.value, 2), round(found.lower, 2), round(found.upper, 2)
        (2.14, 1.09, 4.6)
    """
    level = float(CONFIDENCE.read(confidence, "confidence"))
    check_shapes(x=x, has_event=has_event.astype(np.float64))
    events, others = int(has_event.sum()), int((~has_event).sum())
    if min(events, others) < EVENTS_PER_VARIABLE:
        return Refusal(reason=RefusalReason.TOO_FEW_EVENTS, detail=f"{events} with and {others} without the event")
    spread = float(np.std(x, ddof=1))
    if spread == 0:
        return Refusal(reason=RefusalReason.NO_SPREAD, detail=f"{len(x)} values")
    scaled = (x - x.mean()) / spread
    if scaled[has_event].min() >= scaled[~has_event].max() or scaled[has_event].max() <= scaled[~has_event].min():
        return Refusal(
            reason=RefusalReason.SEPARATED, detail=f"{events} with and {others} without the event, not mixed"
        )
    best = float(optimize.minimize_scalar(lambda slope: -_height(slope, scaled, has_event), tol=_NEAR).x)
    top = _height(best, scaled, has_event)
    drop = float(special.chdtri(1, 1 - level)) / 2

    def below(slope: float) -> float:
        return top - _height(slope, scaled, has_event) - drop

    ends = [_crossing(below, best, direction) for direction in (-1.0, 1.0)]
    return Estimate(
        value=float(np.exp(best)),
        lower=float(np.exp(ends[0])),
        upper=float(np.exp(ends[1])),
        p_value=float(special.chdtrc(1, max(2 * (top - _height(0.0, scaled, has_event)), 0.0))),
    )


def _crossing(below: object, best: float, direction: float) -> float:
    """Return where the likelihood has fallen far enough, infinity where it never does."""
    step = 0.5
    while step < _FARTHEST and below(best + direction * step) < 0:  # type: ignore[operator]
        step *= 2
    if step >= _FARTHEST:
        return direction * np.inf
    return float(optimize.brentq(below, best, best + direction * step))


def _height(slope: float, x: FloatArray, has_event: npt.NDArray[np.bool_]) -> float:
    """Return the logarithm of the likelihood at a slope, with the intercept that suits it best."""
    events, part = float(has_event.sum()), slope * x
    intercept = 0.0
    for _ in range(_STEPS):
        chance = special.expit(intercept + part)
        bend = float((chance * (1 - chance)).sum())
        # Newton's method, no step longer than 2: far from the best intercept the curve is nearly flat.
        step = float(np.clip((events - float(chance.sum())) / max(bend, _NEAR), -2.0, 2.0))
        intercept += step
        if abs(step) < _NEAR:
            break
    line = intercept + part
    return float(special.log_expit(np.where(has_event, line, -line)).sum())
