"""Capability of each series against the limits of specifications, or why there is no figure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.intake.reading import NEVER_NEGATIVE
from regenqc.measurement.limits import make_limit
from regenqc.measurement.units import UNITS, conversion_factor, find_unit
from regenqc.statistics.capability import Capability, capability

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from regenqc.specification.model import Requirement, Specification
    from regenqc.trends.series import Points

__all__ = ["CapabilityOfSeries", "capabilities_of"]

_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityOfSeries:
    """Ppk of one series against one requirement.

    Args:
        series: position of the series.
        requirement: `specification/requirement`.
        limit: as the specification writes it.
        lower: the limit in the unit of the series, minus infinity where there is none.
        upper: the same for the upper side.
        lots: numbers behind it.
        ppk: NaN where refused.
        lower_bound: one-sided, 95 %; NaN where refused.
        refusal: why there is no figure, in sentences; else empty.
    """

    series: int
    requirement: str
    limit: str
    lower: float
    upper: float
    lots: int
    ppk: float
    lower_bound: float
    refusal: str


def capabilities_of(
    points: Points,
    specifications: Sequence[Specification],
    *,
    attributes: Mapping[str, tuple[NDArray[np.integer[Any]], list[str]]],
) -> list[CapabilityOfSeries]:
    """Return Ppk for every series that a requirement limits.

    Args:
        points: of all series.
        specifications: whose limits to use; a requirement that applies to some lots only counts those.
        attributes: of lots: a code for each of `points.batch_ids`, and the words by code.
    """
    found = []
    for number, series in enumerate(points.series):
        part = slice(int(points.offsets[number]), int(points.offsets[number + 1]))
        for specification in specifications:
            for requirement in specification.requirements:
                limit = requirement.limit
                if limit is None or requirement.test != series.test or requirement.stage != series.stage:
                    continue
                unit = find_unit(limit.unit)
                if unit is None or unit.kind != UNITS[series.unit].kind:
                    continue
                written = make_limit(
                    minimum=limit.min,
                    maximum=limit.max,
                    minimum_exclusive=limit.min_exclusive,
                    maximum_exclusive=limit.max_exclusive,
                    unit=limit.unit,
                )
                factor = conversion_factor(unit, UNITS[series.unit])
                found.append(
                    _capability(
                        points,
                        part,
                        number=number,
                        name=f"{specification.id}/{requirement.id}",
                        limit=written.describe(),
                        sides=(_side(written.minimum, factor, -np.inf), _side(written.maximum, factor, np.inf)),
                        applies=_applies(points.batch[part], requirement, attributes),
                    )
                )
    return found


def _side(number: Decimal | None, factor: Fraction, missing: float) -> float:
    return missing if number is None else float(Fraction(number) * factor)


def _applies(
    batch: NDArray[np.int64],
    requirement: Requirement,
    attributes: Mapping[str, tuple[NDArray[np.integer[Any]], list[str]]],
) -> NDArray[np.bool_] | None:
    """Return which lots the requirement is about; `None` where nobody can tell."""
    applies = np.ones(len(batch), dtype=np.bool_)
    for name, wanted in requirement.when.items():
        if name not in attributes:
            return None
        codes, words = attributes[name]
        applies &= np.array([word in wanted for word in words])[codes[batch]]
    return applies


def _capability(
    points: Points,
    part: slice,
    *,
    number: int,
    name: str,
    limit: str,
    sides: tuple[float, float],
    applies: NDArray[np.bool_] | None,
) -> CapabilityOfSeries:
    refusal, lots, answer = "The limit applies to some lots only, and their attributes were not given.", 0, None
    if applies is not None:
        unit = points.series[number].unit
        is_number = points.lowest[part] == points.highest[part]
        values = points.lowest[part][applies & is_number]
        lots = len(values)
        answer = capability(
            values,
            lower=sides[0],
            upper=sides[1],
            confidence=_CONFIDENCE,
            censored=int((applies & ~is_number).sum()),
            least_possible=0.0 if NEVER_NEGATIVE[unit] else -np.inf,
            largest_possible=100.0 if UNITS[unit].symbol == "%" else np.inf,
        )
        refusal = "" if isinstance(answer, Capability) else str(answer)
    has_figure = isinstance(answer, Capability)
    return CapabilityOfSeries(
        series=number,
        requirement=name,
        limit=limit,
        lower=sides[0],
        upper=sides[1],
        lots=lots,
        ppk=answer.ppk if has_figure else np.nan,  # type: ignore[union-attr]
        lower_bound=answer.lower_bound if has_figure else np.nan,  # type: ignore[union-attr]
        refusal=refusal,
    )
