"""Draw the pictures of docs/science.md: `python -m regenqc.plots.documentation docs/science`.

Each picture is a chart of the same functions that judge a batch, so that a picture cannot say anything else than they do.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.errors import Fault, UsageError
from regenqc.plots.drawing import draw_chart
from regenqc.statistics import conformance, poisson
from regenqc.statistics.curves import (
    Axis,
    Chart,
    Curve,
    bound_chart,
    container_chart,
    mosaicism_chart,
    operating_chart,
)
from regenqc.statistics.plan_tables import percent_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["PICTURES", "conformance_chart", "draw_pictures", "main"]

_POINTS: Final = 241


def conformance_chart(limit: float, *, standard_uncertainties: Sequence[float], risk: float, unit: str) -> Chart:
    """Return the probability that a value is above its limit, against the result.

    Args:
        limit: lower one, TL, in the unit of the result.
        standard_uncertainties: to draw a curve for, each above 0; the first is the one whose guard band is marked.
        risk: specific risk of the guard band, more than 0 and at most 0.5.
        unit: of the result.

    Raises:
        UsageError: an argument is outside its domain.

    Source: JCGM 106:2012, clauses 7 and 8.

    Example:
        >>> conformance_chart(70.0, standard_uncertainties=(1.5, 0.5), risk=0.05, unit="%").mark[2]
        'accept from 72.47 %'
    """
    band = conformance.guard_band(float(standard_uncertainties[0]), risk=risk)
    accepted = float(conformance.acceptance_limits(band, lower=limit).lower)
    low, high = limit - 2 * band, limit + 2.5 * band
    result = np.linspace(low, high, _POINTS)
    return Chart(
        title=f"What a result near a limit of {limit:g} {unit} is worth",
        subtitle="probability that the value itself is at least the limit",
        x=Axis(title=f"result, {unit}", low=low, high=high),
        y=Axis(title="probability of conformity", low=0, high=1, percent=True),
        curves=tuple(
            Curve(
                label=f"uncertainty {own:g} {unit}",
                x=result,
                y=conformance.conformance_probability(result, standard_uncertainty=own, lower=limit),
                asked=own == standard_uncertainties[0],
            )
            for own in standard_uncertainties
        ),
        mark=(accepted, 1 - risk, f"accept from {accepted:.2f} {unit}"),
        level=(0.5, "a result at the limit"),
    )


def _operating_chart() -> Chart:
    """Return the operating curves of three amounts, with the answer that a sampling plan asks for."""
    chart = operating_chart((0.5, 1, 3), unit="dose")
    largest, *others = chart.curves
    seen = poisson.detection_probability(1.0, amount=3)
    return replace(
        chart,
        curves=(replace(largest, asked=True), *others),
        mark=(1.0, seen, f"1 per dose: {percent_text(seen)}"),
        level=(0.95, "95 % asked"),
    )


PICTURES: Final[Mapping[str, Callable[[], Chart]]] = {
    "containers.svg": lambda: container_chart(0.10, confidence=0.95, containers=40),
    "operating-curve.svg": _operating_chart,
    "mosaicism.svg": lambda: mosaicism_chart(confidence=0.95, power=0.95, metaphases=20),
    "residual-cells.svg": lambda: bound_chart(1e-5, confidence=0.95),
    "guard-band.svg": lambda: conformance_chart(70.0, standard_uncertainties=(1.5, 0.5), risk=0.05, unit="%"),
}


def draw_pictures(folder: str | Path) -> list[Path]:
    """Draw every picture of the page into a folder, which is made where it is missing.

    Args:
        folder: where the pictures go; pictures of the same names are replaced.

    Returns:
        The files, in the order of the page.

    Raises:
        UsageError: RQC-U088 without matplotlib, RQC-U089 when a file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [path.name for path in draw_pictures(folder)]
        ['containers.svg', 'operating-curve.svg', 'mosaicism.svg', 'residual-cells.svg', 'guard-band.svg']
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    return [draw_chart(chart(), place / name) for name, chart in PICTURES.items()]


def main(arguments: Sequence[str]) -> None:
    """Draw the pictures into the folder that the only argument names.

    Raises:
        UsageError: RQC-U095 for none or several arguments.

    Example:
        >>> main([])
        Traceback (most recent call last):
        regenqc.errors.UsageError: RQC-U095 The pictures need one folder. Got: 0 arguments. Expected: one folder. Say where they
        go: python -m regenqc.plots.documentation docs/science
    """
    if len(arguments) != 1:
        raise UsageError(
            Fault(
                code="RQC-U095",
                what="The pictures need one folder.",
                got=f"{len(arguments)} arguments",
                expected="one folder",
                action="Say where they go: python -m regenqc.plots.documentation docs/science",
            )
        )
    draw_pictures(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
