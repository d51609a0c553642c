"""Process performance: how far the limits are from the mean of released lots, in units of three standard deviations.

Ppk uses the overall standard deviation, with n - 1 degrees of freedom, and assumes a normal distribution. It is refused
where it would mislead: for fewer than 10 values, for censored values, without spread, and for a quantity that crowds a bound
it cannot pass, such as percentages near 0 or 100.

Arguments, arrays and NaN: see `regenqc.statistics.domain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import logit, ndtri

from regenqc.statistics.conformance import read_limits
from regenqc.statistics.domain import (
    AMOUNT,
    CONFIDENCE,
    COUNT,
    LIMIT,
    REAL,
    Domain,
    FloatArray,
    Numbers,
    check_not_above,
    check_shapes,
    shaped_as,
)
from regenqc.statistics.refusal import Refusal, RefusalReason

__all__ = [
    "FEWEST_VALUES",
    "Capability",
    "CapabilityColumns",
    "capability",
    "capability_columns",
    "logit_of_percentage",
    "performance_index",
    "performance_index_lower_bound",
]

FEWEST_VALUES: Final = 10

_SAMPLE: Final = Domain(
    text="a whole number, 2 or more",
    action="One value has no standard deviation; measure more.",
    minimum=2,
    open_above=True,
    whole=True,
)
_SPREAD: Final = Domain(
    text="a finite number above 0",
    action="Without spread there is no index; see capability for a refusal with its reason.",
    minimum=0,
    open_below=True,
    open_above=True,
)
_PERCENTAGE: Final = Domain(
    text="more than 0 and less than 100",
    action="The logit of 0 % and of 100 % is infinite; such values are censored by the number of cells counted.",
    minimum=0,
    maximum=100,
    open_below=True,
    open_above=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Hold the performance index of a sample.

    Args:
        ppk: the index; 1 where the nearer limit is three standard deviations from the mean.
        lower_bound: approximate one-sided lower bound of it.
        confidence: of the bound.
        count: values.
        mean: of the values, in their unit.
        standard_deviation: of the values, with n - 1 degrees of freedom, in their unit.
    """

    ppk: float
    lower_bound: float
    confidence: float
    count: int
    mean: float
    standard_deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityColumns:
    """Hold performance indices of many samples, one row each.

    Args:
        ppk: `float64`; NaN where refused, and where an argument was.
        lower_bound: `float64`; NaN where `ppk` is.
        refusal: `int8` codes of `RefusalReason`, 0 where there is a figure or no value to refuse.
    """

    ppk: FloatArray
    lower_bound: FloatArray
    refusal: npt.NDArray[np.int8]


def performance_index(
    mean: Numbers,
    *,
    standard_deviation: Numbers | float,
    lower: Numbers | float = -np.inf,
    upper: Numbers | float = np.inf,
) -> Numbers:
    """Return Ppk = min(USL - mean, mean - LSL) / (3 s), without asking whether it may be used.

    Args:
        mean: of the sample.
        standard_deviation: s of the sample, above 0, in the unit of the mean.
        lower: LSL; minus infinity where there is none.
        upper: USL; infinity where there is none.

    Raises:
        UsageError: an argument is outside its domain, the lower limit is above the upper one, or there is no limit.

    Source: ISO 22514-2; definition.

    Example:
        >>> performance_index(85.0, standard_deviation=5.0, lower=70.0)
        1.0
    """
    m, s = REAL.read(mean, "mean"), _SPREAD.read(standard_deviation, "standard_deviation")
    low, high = read_limits(lower, upper)
    check_shapes(mean=m, standard_deviation=s, lower=low, upper=high)
    return shaped_as(mean, _index(m, s, low, high))


def performance_index_lower_bound(ppk: Numbers, *, count: Numbers | float, confidence: Numbers | float) -> Numbers:
    """Return the approximate one-sided lower bound: Ppk - z √(1 / (9 n) + Ppk² / (2 (n - 1))).

    Args:
        ppk: index found.
        count: n, values behind it, 2 or more.
        confidence: more than 0 and less than 1.

    Raises:
        UsageError: an argument is outside its domain.

    Source: Bissell 1990, Applied Statistics 39:331.

    Example:
        >>> round(performance_index_lower_bound(1.33, count=30, confidence=0.95), 4)
        1.0258
    """
    index, n = REAL.read(ppk, "ppk"), _SAMPLE.read(count, "count")
    gamma = CONFIDENCE.read(confidence, "confidence")
    check_shapes(ppk=index, count=n, confidence=gamma)
    return shaped_as(ppk, _lower_bound(index, n, gamma))


def capability(
    values: FloatArray,
    *,
    lower: float = -np.inf,
    upper: float = np.inf,
    confidence: float,
    censored: int,
    least_possible: float = -np.inf,
    largest_possible: float = np.inf,
) -> Capability | Refusal:
    """Return Ppk and its lower bound for a sample, or why there is none.

    Args:
        values: of the lots, all of them numbers; censored ones are not among them.
        lower: LSL; minus infinity where there is none.
        upper: USL; infinity where there is none.
        confidence: of the lower bound, more than 0 and less than 1.
        censored: results of the same series that were reported as below or above a limit of the method; any refuses.
        least_possible: what the quantity cannot fall below: 0 for percentages, counts and concentrations.
        largest_possible: what it cannot exceed: 100 for percentages.

    Raises:
        UsageError: an argument is outside its domain, a value is missing, or there is no limit.

    Source: `performance_index`, `performance_index_lower_bound`.

    Example:
        >>> str(capability(np.arange(7.0), upper=9.0, confidence=0.95, censored=0).reason.name)
        'TOO_FEW_VALUES'
    """
    sample = np.ravel(REAL.read(values, "values", complete=True))
    n = sample.size
    mean = float(np.mean(sample)) if n else 0.0
    spread = float(np.std(sample, ddof=1)) if n > 1 else 0.0
    if n and np.all(sample == sample[0]):
        spread = 0.0  # and not what rounding of the mean leaves of it
    found = capability_columns(
        np.asarray([mean]),
        standard_deviation=spread,
        count=n,
        lower=lower,
        upper=upper,
        confidence=confidence,
        censored=censored,
        least_possible=least_possible,
        largest_possible=largest_possible,
    )
    reason = RefusalReason(int(found.refusal[0]))
    if reason is not RefusalReason.NONE:
        detail = f"{n} values, {censored} censored, mean {mean:.6g}, standard deviation {spread:.6g}"
        return Refusal(reason=reason, detail=detail)
    return Capability(
        ppk=float(found.ppk[0]),
        lower_bound=float(found.lower_bound[0]),
        confidence=confidence,
        count=n,
        mean=mean,
        standard_deviation=spread,
    )


def capability_columns(
    mean: FloatArray,
    *,
    standard_deviation: FloatArray | float,
    count: FloatArray | float,
    lower: FloatArray | float = -np.inf,
    upper: FloatArray | float = np.inf,
    confidence: FloatArray | float,
    censored: FloatArray | float,
    least_possible: FloatArray | float = -np.inf,
    largest_possible: FloatArray | float = np.inf,
) -> CapabilityColumns:
    """Return Ppk and its lower bound for many samples, and for each row without one the reason.

    Args:
        mean: of each sample.
        standard_deviation: of each sample, 0 or more, with n - 1 degrees of freedom.
        count: values of each sample, 0 or more.
        lower: LSL; minus infinity where there is none.
        upper: USL; infinity where there is none.
        confidence: of the lower bound, more than 0 and less than 1.
        censored: results of the series reported as below or above a limit of the method, 0 or more.
        least_possible: what the quantity cannot fall below: 0 for percentages, counts and concentrations.
        largest_possible: what it cannot exceed: 100 for percentages.

    Raises:
        UsageError: an argument is outside its domain, the lower limit is above the upper one, or a row has no limit.

    Source: `performance_index`, `performance_index_lower_bound`.

    Example:
        >>> found = capability_columns(np.asarray([85.0, 97.0]), standard_deviation=5.0, count=25, lower=70.0,
        ...     confidence=0.95, censored=0, largest_possible=100.0)
        >>> found.ppk.tolist(), [RefusalReason(code).name for code in found.refusal]
        ([1.0, nan], ['NONE', 'CROWDS_A_BOUND'])
    """
    m, s = REAL.read(mean, "mean"), AMOUNT.read(standard_deviation, "standard_deviation")
    n, hidden = COUNT.read(count, "count"), COUNT.read(censored, "censored")
    low, high = read_limits(lower, upper)
    gamma = CONFIDENCE.read(confidence, "confidence")
    least, most = LIMIT.read(least_possible, "least_possible"), LIMIT.read(largest_possible, "largest_possible")
    check_not_above(least, most, names=("least_possible", "largest_possible"))
    check_shapes(
        mean=m,
        standard_deviation=s,
        count=n,
        lower=low,
        upper=high,
        confidence=gamma,
        censored=hidden,
        least_possible=least,
        largest_possible=most,
    )
    m, s, n, low, high, gamma, hidden, least, most = np.broadcast_arrays(m, s, n, low, high, gamma, hidden, least, most)
    refusal = np.select(
        [hidden > 0, n < FEWEST_VALUES, s == 0, (m - 3 * s < least) | (m + 3 * s > most)],
        [
            RefusalReason.CENSORED_VALUES,
            RefusalReason.TOO_FEW_VALUES,
            RefusalReason.NO_SPREAD,
            RefusalReason.CROWDS_A_BOUND,
        ],
        RefusalReason.NONE,
    ).astype(np.int8)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = np.where(refusal == 0, _index(m, s, low, high), np.nan)
        bound = _lower_bound(index, n, gamma)
    return CapabilityColumns(ppk=index, lower_bound=bound, refusal=refusal)


def logit_of_percentage(percentage: Numbers) -> Numbers:
    """Return ln(x / (100 - x)), which has no bounds; limits are transformed with it as well as values.

    Args:
        percentage: x, more than 0 and less than 100.

    Raises:
        UsageError: a percentage is 0, 100 or beyond.

    Source: definition of the logit.

    Example:
        >>> logit_of_percentage(50.0)
        0.0
    """
    return shaped_as(percentage, logit(_PERCENTAGE.read(percentage, "percentage") / 100))


def _index(m: FloatArray, s: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    return np.asarray(np.minimum(high - m, m - low) / (3 * s))


def _lower_bound(index: FloatArray, n: FloatArray, gamma: FloatArray) -> FloatArray:
    return np.asarray(index - ndtri(gamma) * np.sqrt(1 / (9 * n) + index**2 / (2 * (n - 1))))
