"""Results against their limits on one line: permitted range, alert limits, each result as a point, hollow where it is censored."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from regenqc.measurement.reported import Form, read_reported
from regenqc.specification.criteria import read_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regenqc.specification.model import LimitText, Requirement

__all__ = ["BoundsPicture", "Line", "Point", "draw_bounds"]

_WIDTH: Final = 240
_MARGIN: Final = 14
_DOWN: Final = frozenset({Form.LESS, Form.LESS_OR_EQUAL})
_UP: Final = frozenset({Form.GREATER, Form.GREATER_OR_EQUAL})
_NUMBERS: Final = frozenset({Form.NUMBER, Form.LONG_NUMBER})


@dataclass(frozen=True, slots=True)
class Line:
    """Hold a limit: where, what is written beside it, and whether it is an alert limit."""

    x: int
    text: str
    is_alert: bool


@dataclass(frozen=True, slots=True)
class Point:
    """Hold a result: where, as reported, and how far it may lie from there.

    Args:
        x: place.
        text: as reported.
        arrow: `left` or `right` for a censored result, which is drawn hollow; empty for a number.
        verdict: of the row.
    """

    x: int
    text: str
    arrow: str
    verdict: str


@dataclass(frozen=True, slots=True)
class BoundsPicture:
    """Hold what is drawn; every place is in pixels of a picture 240 wide.

    Args:
        low: left end of the permitted range.
        high: right end of it.
        lines: limits and alert limits.
        points: results.
    """

    low: int
    high: int
    lines: tuple[Line, ...]
    points: tuple[Point, ...]


def draw_bounds(
    requirement: Requirement,
    results: Sequence[tuple[str, str, str]],
    *,
    factor_of: Callable[[str], Fraction | None],
) -> BoundsPicture | None:
    """Return the picture of results against the limit of a requirement, `None` where there is nothing to draw.

    Args:
        requirement: with its limit.
        results: text as reported, unit and verdict of each row.
        factor_of: how many of a reported unit make one of the limit's; `None` where it is not known.

    Example:
        >>> from regenqc.specification.model import LimitText, Requirement
        >>> viability = Requirement(id="viability", limit=LimitText(min="70", unit="%"))
        >>> picture = draw_bounds(viability, [("90", "%", "conforms")], factor_of=lambda unit: Fraction(1))
        >>> picture.low < picture.points[0].x <= picture.high
        True
    """
    if requirement.limit is None:
        return None
    found: list[tuple[Fraction, str, str, str]] = []
    for text, unit, verdict in results:
        reported = read_reported(text)
        factor = factor_of(unit)
        if reported.number is None or not reported.number.is_finite() or not factor:
            continue
        if reported.form in _NUMBERS | _DOWN | _UP:
            arrow = "left" if reported.form in _DOWN else "right" if reported.form in _UP else ""
            found.append((Fraction(reported.number) / factor, f"{text} {unit}".strip(), arrow, verdict))
    if not found:
        return None
    limits, alerts = _ends(requirement.limit), _ends(requirement.alert) if requirement.alert is not None else []
    place = _scale([number for number, *_ in found] + [number for number, _ in limits + alerts])
    lower = next((number for number, sign in limits if sign in "≥>"), None)
    upper = next((number for number, sign in limits if sign in "≤<"), None)
    return BoundsPicture(
        low=0 if lower is None else place(lower),
        high=_WIDTH if upper is None else place(upper),
        lines=tuple(
            Line(place(number), f"{sign} {_short(number)}", is_alert)
            for ends, is_alert in ((limits, False), (alerts, True))
            for number, sign in ends
        ),
        points=tuple(Point(place(number), text, arrow, verdict) for number, text, arrow, verdict in found),
    )


def _ends(limit: LimitText) -> list[tuple[Fraction, str]]:
    written = read_limit(limit)
    ends = []
    if written.minimum is not None:
        ends.append((Fraction(written.minimum), ">" if written.minimum_exclusive else "≥"))
    if written.maximum is not None:
        ends.append((Fraction(written.maximum), "<" if written.maximum_exclusive else "≤"))
    return ends


def _scale(numbers: Sequence[Fraction]) -> Callable[[Fraction], int]:
    """Return what places a number; numbers that differ by powers of ten stand on a scale of their logarithms."""
    lowest, highest = min(numbers), max(numbers)
    if lowest > 0 and highest / lowest > _DECADES:
        from math import log10  # noqa: PLC0415 - a name used once

        return _linear(lambda number: _logarithm(number, log10), lowest, highest)
    return _linear(float, lowest, highest)


_DECADES: Final = 50


def _logarithm(number: Fraction, log10: Callable[[int], float]) -> float:
    return log10(number.numerator) - log10(number.denominator)


def _linear(measure: Callable[[Fraction], float], lowest: Fraction, highest: Fraction) -> Callable[[Fraction], int]:
    begins, ends = measure(lowest), measure(highest)
    span = ends - begins
    room = _WIDTH - 2 * _MARGIN

    def place(number: Fraction) -> int:
        return _WIDTH // 2 if not span else round(_MARGIN + room * (measure(number) - begins) / span)

    return place


def _short(number: Fraction) -> str:
    return f"{float(number):.6g}"
