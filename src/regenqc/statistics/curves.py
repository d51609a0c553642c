"""Curves of the plans, as points: what a picture shows, without a drawing library.

Every function returns a `Chart` whose points come from the same functions as the figures of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.statistics import binomial, mosaicism, poisson, sampling
from regenqc.statistics.domain import CONFIDENCE, COUNT, POSITIVE, POSITIVE_COUNT, POSITIVE_SHARE
from regenqc.statistics.plan_tables import amount_text, occurrence_text, one_in_text, percent_text, with_asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.statistics.domain import FloatArray

__all__ = [
    "Axis",
    "Chart",
    "Curve",
    "bound_chart",
    "container_chart",
    "detection_chart",
    "mosaicism_chart",
    "operating_chart",
]

_POINTS: Final = 241
_LARGEST_DRAWN: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Describe an axis.

    Args:
        title: quantity and unit.
        logarithmic: whether decades are equally long.
        percent: whether the values are fractions to be written in percent.
        whole: whether only whole numbers have a meaning.
        low: smallest value shown.
        high: largest value shown.
    """

    title: str
    low: float
    high: float
    logarithmic: bool = False
    percent: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Hold the points of one curve.

    Args:
        label: what distinguishes it.
        x: `float64`, rising.
        y: `float64`, as many.
        asked: whether it is the one that the answer lies on.
    """

    label: str
    x: FloatArray
    y: FloatArray
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """Hold a picture as data.

    Args:
        title: what the picture says.
        subtitle: under which conditions.
        x: horizontal axis.
        y: vertical axis.
        curves: from the one drawn first.
        mark: the answer, as a point and its words; `None` where there is none.
        level: a horizontal line and its words, e.g. a limit; `None` where there is none.
    """

    title: str
    subtitle: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    mark: tuple[float, float, str] | None = None
    level: tuple[float, str] | None = None


def mosaicism_chart(
    *, confidence: float, power: float, share: float | None = None, metaphases: int | None = None
) -> Chart:
    """Return the mosaicism excluded, and called as a clone, against the metaphases counted.

    Args:
        confidence: of the exclusion.
        power: of the call.
        share: asked, to mark how many metaphases exclude it; or
        metaphases: counted, to mark what they exclude.

    Raises:
        UsageError: an argument is outside its domain.

    Example:
        >>> chart = mosaicism_chart(confidence=0.95, power=0.95, share=0.10)
        >>> chart.mark[2], [curve.label for curve in chart.curves][0]
        ('29 metaphases', 'excluded, all normal')
    """
    CONFIDENCE.read(confidence, "confidence")
    CONFIDENCE.read(power, "power")
    mark, level, last = None, None, 100.0
    if share is not None:
        counted = mosaicism.metaphases_needed(float(POSITIVE_SHARE.read(share, "share")), confidence=confidence)
        mark = (counted, mosaicism.excluded_mosaicism(counted, confidence=confidence), f"{counted:,.0f} metaphases")
        level = (share, f"{percent_text(share)} asked")
        last = max(last, float(np.ceil(counted * 1.25 / 10) * 10))
    elif metaphases is not None:
        counted = float(POSITIVE_COUNT.read(metaphases, "metaphases"))
        excluded = mosaicism.excluded_mosaicism(counted, confidence=confidence)
        mark = (counted, excluded, f"{counted:,.0f} metaphases: {percent_text(excluded)}")
        last = max(last, float(np.ceil(counted * 1.25 / 10) * 10))
    count = np.unique(np.rint(np.geomspace(1, last, _POINTS)))
    curves = [
        Curve(
            label="excluded, all normal",
            x=count,
            y=mosaicism.excluded_mosaicism(count, confidence=confidence),
            asked=True,
        )
    ]
    for cells, what in ((2, "gain called, 2 cells"), (3, "loss called, 3 cells")):
        curves.append(
            Curve(label=what, x=count, y=mosaicism.smallest_mosaicism_called(count, cells=cells, power=power))
        )
    return Chart(
        title="What a number of metaphases says about mosaicism",
        subtitle=f"confidence of exclusion {percent_text(confidence)}, power to call a clone {percent_text(power)}",
        x=Axis(title="metaphases counted", low=0, high=last, whole=True),
        y=Axis(title="share of abnormal cells", low=0, high=_highest_share(mark), percent=True),
        curves=tuple(curves),
        mark=mark,
        level=level,
    )


def _highest_share(mark: tuple[float, float, str] | None) -> float:
    # The answer lies in the lower half of the picture, where the curves are apart.
    steps = (0.1, 0.2, 0.5)
    return next(
        (step for step in steps if mark is not None and mark[1] <= 0.4 * step),
        0.5 if mark is None or mark[1] < 0.4 else 1.0,
    )


def detection_chart(
    concentration: float,
    *,
    unit: str,
    confidence: float,
    efficiency: float = 1.0,
    efficiencies: Sequence[float] = (1.0, 0.5),
) -> Chart:
    """Return the probability of seeing at least one event against the amount tested.

    Args:
        concentration: events per unit, above 0.
        unit: of the amount.
        confidence: asked, to mark the amount that reaches it.
        efficiency: of the assay, above 0.
        efficiencies: to draw beside it.

    Raises:
        UsageError: an argument is outside its domain.

    Example:
        >>> detection_chart(0.01, unit="mL", confidence=0.95).mark[2]
        '299.6 mL'
    """
    c, e = float(POSITIVE.read(concentration, "concentration")), float(POSITIVE.read(efficiency, "efficiency"))
    needed = poisson.amount_to_test(c, probability=float(CONFIDENCE.read(confidence, "confidence")), efficiency=e)
    high = max(1.6 * needed, 1.25 * -np.log(0.05) / (c * e))
    amount = np.linspace(0, high, _POINTS)
    shown = with_asked(efficiencies, e)[::-1]
    return Chart(
        title=f"How much to test to see {occurrence_text(c, unit)}",
        subtitle="probability that the amount tested shows at least one event",
        x=Axis(title=f"amount tested, {unit}", low=0, high=high),
        y=Axis(title="probability of detection", low=0, high=1, percent=True),
        curves=tuple(
            Curve(
                label=f"efficiency {percent_text(own)}",
                x=amount,
                y=poisson.detection_probability(np.full_like(amount, c), amount=amount, efficiency=own),
                asked=own == e,
            )
            for own in shown
        ),
        mark=(needed, confidence, amount_text(needed, unit)),
        level=(confidence, f"{percent_text(confidence)} asked"),
    )


def operating_chart(amounts: Sequence[float], *, unit: str, efficiency: float = 1.0) -> Chart:
    """Return the operating curves of tests of several amounts: detection against the true concentration.

    Args:
        amounts: tested, each above 0.
        unit: of the amounts.
        efficiency: of the assay, above 0.

    Raises:
        UsageError: an argument is outside its domain.

    Example:
        >>> chart = operating_chart((0.5, 1, 3), unit="dose")
        >>> [curve.label for curve in chart.curves]
        ['3 doses tested', '1 dose tested', '0.5 doses tested']
    """
    e = float(POSITIVE.read(efficiency, "efficiency"))
    tested = sorted((float(POSITIVE.read(amount, "amounts")) for amount in amounts), reverse=True)
    low, high = 0.01 / (tested[0] * e), 10 / (tested[-1] * e)
    concentration = np.geomspace(low, high, _POINTS)
    return Chart(
        title="What a test of each amount detects",
        subtitle="probability that a material shows at least one event, by what it holds",
        x=Axis(title=f"events per {unit}", low=low, high=high, logarithmic=True),
        y=Axis(title="probability of detection", low=0, high=1, percent=True),
        curves=tuple(
            Curve(
                label=f"{amount_text(amount, unit)} tested",
                x=concentration,
                y=poisson.detection_probability(concentration, amount=amount, efficiency=e),
            )
            for amount in tested
        ),
    )


def bound_chart(
    rate: float, *, confidence: float, efficiency: float = 1.0, seen: Sequence[int] = (0, 1, 3), item: str = "cells"
) -> Chart:
    """Return the upper bound on a rate against the number of items tested, and the rate to claim.

    Args:
        rate: to claim, above 0.
        confidence: of the bound.
        efficiency: of the assay, above 0.
        seen: numbers of events to draw a bound for, smallest first.
        item: what is tested.

    Raises:
        UsageError: an argument is outside its domain.

    Example:
        >>> bound_chart(1e-5, confidence=0.95).mark[2]
        '299,574 cells, none seen'
    """
    r, e = float(POSITIVE.read(rate, "rate")), float(POSITIVE.read(efficiency, "efficiency"))
    level = float(CONFIDENCE.read(confidence, "confidence"))
    needed = poisson.count_to_test(r, probability=level, efficiency=e)
    low, high = needed / 20, needed * 20
    tested = np.geomspace(low, high, _POINTS)
    curves = []
    for events in seen:
        counted = np.full_like(tested, float(COUNT.read(events, "seen")))
        bound = poisson.concentration_upper_bound(counted, amount=tested, confidence=level, efficiency=e)
        curves.append(Curve(label=f"{events or 'none'} seen", x=tested, y=bound, asked=events == 0))
    return Chart(
        title=f"How many {item} to test to claim less than 1 in {one_in_text(r)}",
        subtitle=f"upper bound on the rate, one-sided, {percent_text(level)}; never zero",
        x=Axis(title=f"{item} tested", low=low, high=high, logarithmic=True),
        y=Axis(title="upper bound on the rate", low=r / 20, high=r * 60, logarithmic=True),
        curves=tuple(curves),
        mark=(needed, r, f"{amount_text(needed)} {item}, none seen"),
        level=(r, f"claim: 1 in {one_in_text(r)}"),
    )


def container_chart(
    share: float,
    *,
    confidence: float,
    containers: int | None = None,
    shares: Sequence[float] = (0.01, 0.05, 0.1, 0.2),
) -> Chart:
    """Return the probability of including a contaminated container against the containers tested.

    Args:
        share: of the containers that are contaminated, above 0.
        confidence: asked, to mark the number that reaches it.
        containers: in the lot; without it the lot is taken to be large.
        shares: to draw beside it.

    Raises:
        UsageError: an argument is outside its domain.

    Example:
        >>> container_chart(0.05, confidence=0.95).mark[2]
        '59 containers'
    """
    asked = float(POSITIVE_SHARE.read(share, "share"))
    level = float(CONFIDENCE.read(confidence, "confidence"))
    if containers is None:
        needed = binomial.trials_needed(asked, probability=level)
        high = float(np.clip(np.ceil(1.5 * needed / 10) * 10, 20, max(_LARGEST_DRAWN, 1.2 * needed)))
        subtitle = "large lot"
    else:
        held = sampling.contaminated_containers(asked, containers=containers)
        needed = sampling.containers_needed(held, containers=containers, probability=level)
        high = float(containers)
        subtitle = f"lot of {containers:,} containers"
    tested = np.unique(np.append(np.floor(np.linspace(0, high, _POINTS)), needed))
    curves: list[Curve] = []
    # Two shares of a small lot may be the same number of containers; the one asked is drawn.
    for own in sorted(with_asked(shares, asked), key=lambda own: (own != asked, -own)):
        if containers is None:
            found = binomial.detection_probability(np.full_like(tested, own), trials=tested)
            label = f"{percent_text(own)} contaminated"
        else:
            held = sampling.contaminated_containers(own, containers=containers)
            found = sampling.container_detection_probability(tested, contaminated=held, containers=containers)
            label = f"{held:.0f} of {containers:,} contaminated"
        if label not in {curve.label for curve in curves}:
            curves.append(Curve(label=label, x=tested, y=found, asked=own == asked))
    asked_curve = next(curve for curve in curves if curve.asked)
    return Chart(
        title="How many containers to test for contamination",
        subtitle=f"probability that the sample includes a contaminated container, {subtitle}",
        x=Axis(title="containers tested", low=0, high=high, whole=True),
        y=Axis(title="probability of detection", low=0, high=1, percent=True),
        curves=tuple(sorted(curves, key=lambda curve: -float(curve.y[1]))),
        mark=(needed, float(np.interp(needed, asked_curve.x, asked_curve.y)), f"{needed:,.0f} containers"),
        level=(level, f"{percent_text(level)} asked"),
    )
