"""Derived results that are statistics: what each of them computes, and where it is exact.

The statistics themselves are those of `regenqc.statistics`, which brings SciPy; it is imported when one is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.derivation.rounding import ARITHMETIC
from regenqc.specification.derived_functions import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Values = Mapping[str, NDArray[np.float64]]
    Numbers = Mapping[str, Fraction]

__all__ = ["STATISTICS", "Statistic"]

_LEVEL: Final = float(CONFIDENCE)
_RISK: Final = float(1 - CONFIDENCE)
_FEW: Final = 50
_SHORT: Final = 10**15
_MOST_DOSES: Final = 1e300


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """How one statistic is computed from columns of inputs, each in the unit that its function declares.

    Args:
        value: of every row.
        is_exact: rows of which the value may be a number that can be written out.
        exact: that number for one row, `None` where it cannot.
        is_product: rows of which the value is the product of some inputs and the factor of the function.
        product: these inputs.
        problem: rows for which there is no value, and why.
        error: how far a value may be from the statistic itself, relatively.
        least: of an upper bound, what is there at least, from the same inputs; `None` where nothing can have been detected.
        least_rises: inputs with which that rises.
        least_falls: inputs with which that falls.
    """

    value: Callable[[Values], NDArray[np.float64]]
    is_exact: Callable[[Values, NDArray[np.float64]], NDArray[np.bool_]] | None = None
    exact: Callable[[Numbers], Fraction | None] | None = None
    is_product: Callable[[Values], NDArray[np.bool_]] | None = None
    product: tuple[str, ...] = ()
    problem: tuple[Callable[[Values], NDArray[np.bool_]], str] | None = None
    error: Callable[[Values], NDArray[np.float64] | float] = lambda _: ARITHMETIC
    least: Callable[[Values], NDArray[np.float64]] | None = None
    least_rises: tuple[str, ...] = ()
    least_falls: tuple[str, ...] = ()


def _population_doublings(values: Values) -> NDArray[np.float64]:
    harvested, seeded = values["harvested"], values["seeded"]
    # Beside one, the logarithm of a ratio keeps its digits only as that of the difference.
    change = (harvested - seeded) / seeded
    near = np.abs(change) < 0.4
    beside_one: NDArray[np.float64] = np.log1p(np.where(near, change, 0.0)) / np.log(2.0)
    return np.where(near, beside_one, np.log2(harvested) - np.log2(seeded))


def _whole_doublings(numbers: Numbers) -> Fraction | None:
    """Return the logarithm of a power of two; of every other rational number it is irrational."""
    ratio = numbers["harvested"] / numbers["seeded"]
    up, down = ratio.numerator.bit_length() - 1, ratio.denominator.bit_length() - 1
    return Fraction(up - down) if ratio == Fraction(2) ** (up - down) else None


def _bound_by_count(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import binomial  # noqa: PLC0415 - brings SciPy

    bound = binomial.proportion_upper_bound(values["positives"], trials=values["examined"], confidence=_LEVEL)
    return values["dose"] * np.minimum(bound / (values["efficiency"] / 100), 1)


def _least_by_count(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import binomial  # noqa: PLC0415 - brings SciPy

    bound = binomial.proportion_lower_bound(values["positives"], trials=values["examined"], confidence=_LEVEL)
    return values["dose"] * np.minimum(bound / (values["efficiency"] / 100), 1)


def _error_of_quantile(values: Values) -> NDArray[np.float64]:
    """Return how far SciPy's beta quantile is known to be off: 1.4 parts in 10^17 for each cell examined, seven times that.

    Measured against the binomial distribution summed up, for up to 10^12 cells; without positives it is exact.
    """
    return np.where(values["positives"] == 0, ARITHMETIC, np.maximum(ARITHMETIC, 1e-16 * values["examined"]))


def _bound_by_fraction(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import conformance  # noqa: PLC0415 - brings SciPy

    bound = values["fraction"] + conformance.guard_band(values["uncertainty"], risk=_RISK)
    return values["dose"] * np.minimum(bound / 100, 1)


def _least_by_fraction(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import conformance  # noqa: PLC0415 - brings SciPy

    band = conformance.guard_band(values["uncertainty"], risk=_RISK)
    # Both may be off, also where little is left between them.
    slack = ARITHMETIC * (values["fraction"] + band) * (values["uncertainty"] > 0)
    return values["dose"] * (values["fraction"] - band - slack) / 100


def _doses(values: Values) -> NDArray[np.float64]:
    """Return the doses tested; beyond all bounds they are taken to be fewer."""
    return np.minimum(values["amount"] / values["dose"], _MOST_DOSES)


def _virus_detection_probability(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import poisson  # noqa: PLC0415 - brings SciPy

    doses = _doses(values)
    return 100 * poisson.detection_probability(np.ones(len(doses)), amount=doses, efficiency=values["efficiency"] / 100)


def _virus_upper_bound(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import poisson  # noqa: PLC0415 - brings SciPy

    return poisson.concentration_upper_bound(
        values["positives"],
        amount=_doses(values),
        confidence=_LEVEL,
        efficiency=values["efficiency"] / 100,
    )


def _virus_lower_bound(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import poisson  # noqa: PLC0415 - brings SciPy

    events = poisson.event_lower_bound(values["positives"], confidence=_LEVEL)
    return events / _doses(values) / (values["efficiency"] / 100)


def _excluded_mosaicism(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import mosaicism  # noqa: PLC0415 - brings SciPy

    return 100 * mosaicism.excluded_mosaicism(values["karyotype"], confidence=_LEVEL)


def _contamination_detection_probability(values: Values) -> NDArray[np.float64]:
    from regenqc.statistics import binomial  # noqa: PLC0415 - brings SciPy

    return 100 * binomial.detection_probability(values["contaminated"] / 100, trials=values["containers"])


def _short_probability(numbers: Numbers) -> Fraction | None:
    """Return the probability where it has few digits: 4 containers of which 10 % are contaminated give 34.39 %."""
    value = 100 * (1 - (1 - numbers["contaminated"] / 100) ** int(numbers["containers"]))
    return value if _SHORT % value.denominator == 0 and value * _SHORT < 100 * _SHORT * _SHORT else None


STATISTICS: Final[Mapping[str, Statistic]] = {
    "population_doublings": Statistic(
        value=_population_doublings,
        is_exact=lambda _, found: np.abs(found - np.rint(found)) < 1e-9,
        exact=_whole_doublings,
    ),
    "residual_cells_bound_by_count": Statistic(
        value=_bound_by_count,
        # All cells of the dose, and no more.
        is_exact=lambda values, found: found >= values["dose"],
        exact=lambda numbers: numbers["dose"],
        problem=(lambda values: values["positives"] > values["examined"], "positives is more than examined"),
        error=_error_of_quantile,
        least=_least_by_count,
        least_rises=("positives", "dose"),
        least_falls=("examined", "efficiency"),
    ),
    "residual_cells_bound_by_fraction": Statistic(
        value=_bound_by_fraction,
        is_exact=lambda values, found: found >= values["dose"],
        exact=lambda numbers: numbers["dose"],
        is_product=lambda values: values["uncertainty"] == 0,
        product=("fraction", "dose"),
        least=_least_by_fraction,
        least_rises=("fraction", "dose"),
        least_falls=("uncertainty",),
    ),
    "virus_detection_probability": Statistic(value=_virus_detection_probability),
    "virus_upper_bound_per_dose": Statistic(
        value=_virus_upper_bound,
        least=_virus_lower_bound,
        least_rises=("positives", "dose"),
        least_falls=("amount", "efficiency"),
    ),
    "excluded_mosaicism": Statistic(
        value=_excluded_mosaicism,
        is_exact=lambda values, _: values["karyotype"] == 1,
        exact=lambda _: 100 * CONFIDENCE,
    ),
    "contamination_detection_probability": Statistic(
        value=_contamination_detection_probability,
        is_exact=lambda values, _: values["containers"] <= _FEW,
        exact=_short_probability,
    ),
}
