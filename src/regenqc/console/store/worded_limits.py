"""What requirements demand in the units in which results arrive, worked out once for each specification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.evaluation.criteria_in_words import criterion_text
from regenqc.measurement.units import UNITS, conversion_factor, find_unit, unit_code

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from regenqc.specification.model import Specification

__all__ = ["limits_in_units"]


def limits_in_units(specification: Specification, reported: Collection[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Yield, for every requirement with a limit and every other unit in which its test was reported, the limit in that unit.

    Args:
        specification: by which was judged.
        reported: test and unit, as reported.

    Example:
        >>> from regenqc.resources import packaged_path
        >>> from regenqc.specification import load_specification
        >>> product = load_specification(packaged_path("sample_data") / "synthetic-maker" / "drug-track-product.toml")
        >>> next(limits_in_units(product, [("dose", "10^6 cells")]))["worded"]
        '≥ 10 and ≤ 50 10^6 cells (≥ 1.0E7 and ≤ 5.0E7 cells)'
    """
    for requirement in specification.requirements:
        own = find_unit(requirement.limit.unit) if requirement.limit is not None else None
        if own is None:
            continue
        for test, text in sorted(reported):
            unit = find_unit(text) if test == requirement.test else None
            if unit is None or unit.symbol == own.symbol or unit.kind != own.kind:
                continue
            factor = conversion_factor(own, UNITS[unit_code(unit.symbol)])
            yield {
                "requirement_id": requirement.id,
                "unit": text,
                "worded": criterion_text(requirement, unit_code=unit_code(unit.symbol)),
                "factor": f"{factor.numerator}/{factor.denominator}",
            }
