"""Draw the differences of two laboratories over lots: bias and limits of agreement with their confidence intervals, as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.custody.picture.drawing import INK, PALE, QUIET, Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.statistics.agreement import LimitsOfAgreement

__all__ = ["agreement_picture"]

_WIDTH, _LEFT, _RIGHT, _TOP, _HIGH = 900.0, 84.0, 210.0, 90.0, 320.0
_BLUE: Final = "#2f5d8a"
_RED: Final = "#b3402f"


def agreement_picture(
    first: Sequence[float], second: Sequence[float], found: LimitsOfAgreement, *, title: str, unit: str
) -> str:
    """Return a Bland-Altman plot as an SVG document without links to anything else.

    Args:
        first: values of the manufacturer.
        second: values of the hospital, for the same lots.
        found: of `regenqc.statistics.agreement.limits_of_agreement`.
        title: e.g. the test and the two laboratories.
        unit: of the values.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    means, differences = (one + other) / 2, other - one
    ends = (found.lower_interval[0], found.upper_interval[1], 0.0, float(differences.min()), float(differences.max()))
    low, high = min(ends), max(ends)
    room = (high - low) * 0.08
    low, high = low - room, high + room
    left, right = float(means.min()), float(means.max())
    width = (right - left) or 1.0

    def x(mean: float) -> float:
        return _LEFT + 16 + (mean - left) / width * (_WIDTH - _LEFT - _RIGHT - 32)

    def y(difference: float) -> float:
        return _TOP + (high - difference) / (high - low) * _HIGH

    said = "the hospital reads differently" if found.is_biased else "no bias is shown"
    drawing = Drawing(
        title,
        f"{found.count} lots; bias {found.bias:.3g} {unit}; {said}. A trend of two laboratories, no verdict on a lot.",
    )
    drawing.text(_LEFT, 34, title, size=17, bold=True)
    drawing.text(
        _LEFT, 58, f"{found.count} lots: {said}. A trend of two laboratories, no verdict on a lot.", fill=QUIET
    )
    edge = _WIDTH - _RIGHT
    for value, (start, end), word, color in (
        (found.upper, found.upper_interval, "upper limit", _RED),
        (found.bias, found.bias_interval, "bias", _BLUE),
        (found.lower, found.lower_interval, "lower limit", _RED),
    ):
        drawing.rectangle(_LEFT, y(end), edge - _LEFT, y(start) - y(end), fill=f"{color}1f")
        drawing.path(f"M{_LEFT:.1f},{y(value):.1f}H{edge:.1f}", stroke=color, dashed=word != "bias")
        drawing.text(edge + 10, y(value) - 1, f"{word} {value:.3g} {unit}", fill=color, size=11.5, bold=True)
        drawing.text(edge + 10, y(value) + 13, f"{start:.3g} to {end:.3g}", fill=QUIET, size=10.5)
    drawing.path(f"M{_LEFT:.1f},{y(0):.1f}H{edge:.1f}", stroke=QUIET, thickness=1)
    drawing.text(_LEFT - 10, y(0) + 4, "0", anchor="end", fill=QUIET, size=11)
    drawing.path(f"M{_LEFT:.1f},{_TOP:.1f}V{_TOP + _HIGH:.1f}H{edge:.1f}", stroke=PALE)
    for mean, difference in zip(means, differences, strict=True):
        hint = f"mean {mean:.4g}, difference {difference:.3g} {unit}"
        drawing.circle(x(float(mean)), y(float(difference)), 4, fill="#ffffff", stroke=INK, hint=hint)
    bottom = _TOP + _HIGH
    drawing.text(_LEFT, bottom + 22, f"{left:.4g}", fill=QUIET, size=11)
    drawing.text(edge, bottom + 22, f"{right:.4g}", fill=QUIET, size=11, anchor="end")
    drawing.text((_LEFT + edge) / 2, bottom + 40, f"mean of both laboratories ({unit})", anchor="middle", size=12)
    drawing.text(_LEFT, _TOP - 10, f"hospital - manufacturer ({unit})", size=12)
    return drawing.svg(_WIDTH, bottom + 58)
