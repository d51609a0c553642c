"""Mean and standard deviation of normal values of which some are known only to lie below or above a limit of the method.

Nothing is put in the place of a censored value: it enters the likelihood as the probability to lie where it was reported.
With mu = eta / theta and sigma = 1 / theta the logarithm of the likelihood is concave in (eta, theta), so that it has one
maximum at most. It needs the count, mean and standard deviation of the numbers, and how many values lie beyond each limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import log_ndtr

if TYPE_CHECKING:
    from regenqc.statistics.domain import FloatArray

__all__ = ["censored_normal"]

_STEPS: Final = 200
_PRECISION: Final = 1e-12


def censored_normal(numbers: FloatArray, *, below: FloatArray, above: FloatArray) -> tuple[float, float]:
    """Return mean and standard deviation with the largest likelihood; NaN where the data determine none.

    Args:
        numbers: values that were measured, two different ones or more.
        below: limits of the values known to be less.
        above: limits of the values known to be more.

    Source: Olsen 1978, Econometrica 46:1211 (concavity); Helsel 2012, Statistics for Censored Environmental Data, 2nd ed.

    Example:
        >>> mean, sigma = censored_normal(np.array([1.0, 2.0, 3.0]), below=np.array([0.5]), above=np.array([]))
        >>> round(mean, 3), round(sigma, 3)
        (1.45, 1.221)
    """
    n = len(numbers)
    if n < 2 or np.all(numbers == numbers[0]):
        return float("nan"), float("nan")
    centre, spread = float(np.mean(numbers)), float(np.std(numbers))
    limits, counts, signs = _limits((below - centre) / spread, (above - centre) / spread)
    # Numbers are scaled to mean 0 and standard deviation 1, so that the first guess is eta 0, theta 1.
    point = np.array([0.0, 1.0])
    height, slope, curve = _likelihood(point, n, limits, counts, signs)
    for _ in range(_STEPS):
        step = np.linalg.solve(curve, slope)
        share = 1.0
        while (
            point[1] - share * step[1] <= 0 or _likelihood(point - share * step, n, limits, counts, signs)[0] < height
        ):
            share /= 2
            if share < _PRECISION:
                break
        if share < _PRECISION:
            break
        point = point - share * step
        height, slope, curve = _likelihood(point, n, limits, counts, signs)
        if np.abs(step).max() < _PRECISION:
            break
    eta, theta = point.tolist()
    return centre + spread * eta / theta, spread / theta


def _limits(below: FloatArray, above: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return distinct limits, how many values lie beyond each, and on which side: -1 below, 1 above."""
    parts = [np.unique(side, return_counts=True) for side in (below, above)]
    signs = np.concatenate([np.full(len(parts[0][0]), -1.0), np.full(len(parts[1][0]), 1.0)])
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]), signs


def _likelihood(
    point: FloatArray, n: int, limits: FloatArray, counts: FloatArray, signs: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Return the logarithm of the likelihood with its first and second derivatives by (eta, theta).

    For numbers of mean 0 and variance 1: n ln theta - n (theta² + eta²) / 2. A value beyond limit L adds ln Phi(w), with
    w = -sign (theta L - eta).
    """
    eta, theta = float(point[0]), float(point[1])
    w = -signs * (theta * limits - eta)
    log_tail = log_ndtr(w)
    hazard = np.exp(-0.5 * w**2 - 0.5 * np.log(2 * np.pi) - log_tail)
    bend = -hazard * (w + hazard)
    by = np.stack([signs, -signs * limits])
    height = n * np.log(theta) - n * (theta**2 + eta**2) / 2 + float(counts @ log_tail)
    slope = np.array([-n * eta, n / theta - n * theta]) + by @ (counts * hazard)
    curve = np.diag([-n, -n / theta**2 - n]) + (by * (counts * bend)) @ by.T
    return float(height), slope, curve
