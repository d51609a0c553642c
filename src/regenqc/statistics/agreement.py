"""Agreement of two laboratories over many lots: mean difference, limits of agreement, and how well both are known.

The differences are taken as normal and as independent of the size of what is measured; where they grow with it, compare
logarithms. What comes out describes the two laboratories. It says nothing about any single lot.

Arguments, arrays and NaN: see `regenqc.statistics.domain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri, stdtrit

from regenqc.errors import Fault, UsageError
from regenqc.statistics.capability import FEWEST_VALUES
from regenqc.statistics.domain import CONFIDENCE, REAL, FloatArray
from regenqc.statistics.refusal import Refusal, RefusalReason

__all__ = ["LimitsOfAgreement", "limits_of_agreement"]

_SHARE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsOfAgreement:
    """Hold how two laboratories differ.

    Args:
        count: of pairs.
        bias: mean of second minus first.
        standard_deviation: of the differences, with n - 1 degrees of freedom.
        bias_interval: confidence interval of the bias.
        lower: below it lie 2.5 % of the differences.
        upper: above it lie 2.5 % of the differences.
        lower_interval: confidence interval of the lower limit.
        upper_interval: confidence interval of the upper limit.
    """

    count: int
    bias: float
    standard_deviation: float
    bias_interval: tuple[float, float]
    lower: float
    upper: float
    lower_interval: tuple[float, float]
    upper_interval: tuple[float, float]

    @property
    def is_biased(self) -> bool:
        """Return whether zero lies outside the confidence interval of the bias."""
        low, high = self.bias_interval
        return not low <= 0 <= high


def limits_of_agreement(
    first: FloatArray, second: FloatArray, *, confidence: float = 0.95
) -> LimitsOfAgreement | Refusal:
    """Return bias and limits of agreement of pairs, or why there are none.

    Limits: d̄ ± 1.96 s. Intervals, with t of n - 1 degrees of freedom: d̄ ± t s/√n, and limit ± t s √(1/n + 1.96²/(2(n - 1))).

    Args:
        first: values of one laboratory, in one dimension.
        second: values of the other for the same lots, in the same unit and order.
        confidence: of the intervals, above 0 and below 1.

    Returns:
        `Refusal` with `TOO_FEW_VALUES` for fewer than 10 pairs, with `CENSORED_VALUES` where a value is NaN, with `NO_SPREAD`
        where all differences are equal.

    Raises:
        UsageError: an argument is outside its domain, or the columns differ in length.

    Source: Bland and Altman 1986, Lancet 327:307; 1999, Statistical Methods in Medical Research 8:135.

    Example:
        >>> maker = np.asarray([91, 88, 85, 93, 90, 87, 89, 92, 86, 90.0])
        >>> found = limits_of_agreement(maker, maker - np.asarray([2, 3, 1, 2, 4, 2, 1, 3, 2, 2.0]))
        >>> round(found.bias, 2), round(found.lower, 2), round(found.upper, 2), found.is_biased
        (-2.2, -4.0, -0.4, True)
    """
    one, other = np.atleast_1d(REAL.read(first, "first")), np.atleast_1d(REAL.read(second, "second"))
    if one.shape != other.shape or one.ndim != 1:
        raise UsageError(
            Fault(
                code="RQC-U081",
                what="The values are no pairs.",
                got=f"{one.shape} and {other.shape}",
                expected="two columns of one length",
                action="Give both values of each lot, in one order.",
            )
        )
    level = float(CONFIDENCE.read(confidence, "confidence"))
    differences = other - one
    count = differences.size
    if np.isnan(differences).any():
        return Refusal(
            reason=RefusalReason.CENSORED_VALUES, detail=f"{int(np.isnan(differences).sum())} of {count} pairs"
        )
    if count < FEWEST_VALUES:
        return Refusal(reason=RefusalReason.TOO_FEW_VALUES, detail=f"{count} pairs")
    spread = float(np.std(differences, ddof=1))
    if spread == 0:
        return Refusal(reason=RefusalReason.NO_SPREAD, detail=f"all differences are {differences[0]:g}")
    bias = float(np.mean(differences))
    quantile = float(ndtri((1 + _SHARE) / 2))
    student = float(stdtrit(count - 1, (1 + level) / 2))
    of_bias = student * spread / np.sqrt(count)
    of_limit = float(student * spread * np.sqrt(1 / count + quantile**2 / (2 * (count - 1))))
    lower, upper = bias - quantile * spread, bias + quantile * spread
    return LimitsOfAgreement(
        count=count,
        bias=bias,
        standard_deviation=spread,
        bias_interval=(float(bias - of_bias), float(bias + of_bias)),
        lower=lower,
        upper=upper,
        lower_interval=(lower - of_limit, lower + of_limit),
        upper_interval=(upper - of_limit, upper + of_limit),
    )
