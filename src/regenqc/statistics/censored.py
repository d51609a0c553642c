"""Mean and standard deviation of normal values of which some are known only to lie below, above or between limits.

Nothing is put in the place of a censored value: it enters the likelihood as the probability to lie where it was reported.
With mu = eta / theta and sigma = 1 / theta the logarithm of the likelihood is concave in (eta, theta), so that it has one
maximum at most. It needs the count, mean and standard deviation of the numbers, and how many values lie in each interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import log_ndtr

if TYPE_CHECKING:
    import numpy.typing as npt

    from regenqc.statistics.domain import FloatArray

__all__ = ["censored_normal"]

_STEPS: Final = 200
_PRECISION: Final = 1e-12


def censored_normal(numbers: FloatArray, *, lowest: FloatArray, highest: FloatArray) -> tuple[float, float]:
    """Return mean and standard deviation with the largest likelihood; NaN where the data determine none.

    Args:
        numbers: values that were measured, two different ones or more.
        lowest: of each censored value the least that it may be; minus infinity where it is only known to be less.
        highest: the most that it may be; infinity where it is only known to be more.

    Source: Olsen 1978, Econometrica 46:1211 (concavity); Helsel 2012, Statistics for Censored Environmental Data, 2nd ed.

    Example:
        >>> mean, sigma = censored_normal(np.array([1.0, 2.0, 3.0]), lowest=np.array([-np.inf]), highest=np.array([0.5]))
        >>> round(mean, 3), round(sigma, 3)
        (1.45, 1.221)
    """
    n = len(numbers)
    if n < 2 or np.all(numbers == numbers[0]):
        return float("nan"), float("nan")
    # Numbers are scaled to mean 0 and standard deviation 1, so that the first guess is eta 0, theta 1.
    size = float(np.abs(numbers).max())  # the square of 1e290 is no number
    centre, spread = float(np.mean(numbers)), float(np.std(numbers / size)) * size
    ends, counts = np.unique(np.stack([lowest, highest]), axis=1, return_counts=True)
    ends = (ends - centre) / spread
    point = np.array([0.0, 1.0])
    height, slope, curve = _likelihood(point, n, ends, counts)
    for _ in range(_STEPS):
        step = np.linalg.solve(curve, slope)
        share = 1.0
        while point[1] - share * step[1] <= 0 or _likelihood(point - share * step, n, ends, counts)[0] < height:
            share /= 2
            if share < _PRECISION:
                break
        if share < _PRECISION:
            break
        point = point - share * step
        height, slope, curve = _likelihood(point, n, ends, counts)
        if np.abs(step).max() < _PRECISION:
            break
    eta, theta = point.tolist()
    return centre + spread * eta / theta, spread / theta


def _likelihood(
    point: FloatArray, n: int, ends: FloatArray, counts: npt.NDArray[np.int64]
) -> tuple[float, FloatArray, FloatArray]:
    """Return the logarithm of the likelihood with its first and second derivatives by (eta, theta).

    For numbers of mean 0 and variance 1: n ln theta - n (theta² + eta²) / 2. An interval (a, b) adds the logarithm of
    Phi(theta b - eta) - Phi(theta a - eta).
    """
    eta, theta = float(point[0]), float(point[1])
    z = theta * ends - eta
    # On the side of the lower tail, where differences of probabilities keep their digits.
    low, high = np.where(z[0] > 0, -z[::-1], z)
    chance = log_ndtr(high) + np.log1p(-np.exp(log_ndtr(low) - log_ndtr(high)))
    finite = np.isfinite(z)
    z, limits = np.where(finite, z, 0.0), np.where(finite, ends, 0.0)
    # Density at each end in units of the chance of the interval; nothing at an open end, and subtracted at the lower one.
    log_density = np.where(finite, -0.5 * z**2 - 0.5 * np.log(2 * np.pi), -np.inf) - chance
    density = np.exp(log_density) * np.array([[-1.0], [1.0]])
    by_eta, by_theta = -density.sum(axis=0), (limits * density).sum(axis=0)
    bend = -z * density
    eta_eta, theta_theta = bend.sum(axis=0) - by_eta**2, (limits**2 * bend).sum(axis=0) - by_theta**2
    eta_theta = -(limits * bend).sum(axis=0) - by_eta * by_theta
    height = n * np.log(theta) - n * (theta**2 + eta**2) / 2 + float(counts @ chance)
    slope = np.array([-n * eta + counts @ by_eta, n / theta - n * theta + counts @ by_theta])
    cross = counts @ eta_theta
    curve = np.array([[-n + counts @ eta_eta, cross], [cross, -n / theta**2 - n + counts @ theta_theta]])
    return float(height), slope, curve
