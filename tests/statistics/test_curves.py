"""Charts as data: their points are those of the statistics."""

from __future__ import annotations

import numpy as np
import pytest

from regenqc.errors import UsageError
from regenqc.statistics import binomial, mosaicism, poisson
from regenqc.statistics.curves import (
    bound_chart,
    container_chart,
    detection_chart,
    mosaicism_chart,
    operating_chart,
)

CHARTS = {
    "mosaicism asked": lambda: mosaicism_chart(confidence=0.95, power=0.95, share=0.1),
    "a small mosaicism asked": lambda: mosaicism_chart(confidence=0.99, power=0.8, share=0.005),
    "metaphases counted": lambda: mosaicism_chart(confidence=0.95, power=0.95, metaphases=20),
    "one metaphase counted": lambda: mosaicism_chart(confidence=0.95, power=0.95, metaphases=1),
    "mosaicism, nothing asked": lambda: mosaicism_chart(confidence=0.95, power=0.95),
    "detection": lambda: detection_chart(0.01, unit="mL", confidence=0.95, efficiency=0.3),
    "operating curves": lambda: operating_chart((0.5, 1, 3), unit="dose"),
    "bound": lambda: bound_chart(1e-5, confidence=0.95),
    "containers": lambda: container_chart(0.01, confidence=0.95),
    "containers of a lot": lambda: container_chart(0.1, confidence=0.95, containers=40),
    "containers of a small lot": lambda: container_chart(0.1, confidence=0.95, containers=3),
}
charts = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)


@charts
def test_curves_rise_along_x_and_have_as_many_y(chart):
    for curve in chart().curves:
        assert curve.x.shape == curve.y.shape
        assert np.all(np.diff(curve.x) > 0)
        assert not np.any(np.isnan(curve.y))


@charts
def test_the_answer_lies_on_the_curve_asked_and_inside_the_picture(chart):
    made = chart()
    if made.mark is None:
        return
    x, y, _ = made.mark
    asked = next(curve for curve in made.curves if curve.asked)
    scale = np.log if made.x.logarithmic else np.asarray
    height = np.log if made.y.logarithmic else np.asarray

    assert height(np.interp(scale(x), scale(asked.x), asked.y)) == pytest.approx(height(y), rel=2e-3)
    assert made.x.low <= x <= made.x.high
    assert made.y.low <= y <= made.y.high


@charts
def test_labels_tell_curves_apart(chart):
    labels = [curve.label for curve in chart().curves]

    assert len(set(labels)) == len(labels)


def test_the_mosaicism_curve_is_the_excluded_mosaicism():
    curve = mosaicism_chart(confidence=0.95, power=0.95).curves[0]

    assert np.array_equal(curve.y, mosaicism.excluded_mosaicism(curve.x, confidence=0.95))


def test_an_operating_curve_is_the_detection_probability():
    curve = operating_chart((3,), unit="dose").curves[0]

    assert np.array_equal(curve.y, poisson.detection_probability(curve.x, amount=3))


def test_a_bound_is_never_zero():
    assert all(np.all(curve.y > 0) for curve in bound_chart(1e-5, confidence=0.95).curves)


def test_a_container_curve_is_the_detection_probability():
    curve = next(curve for curve in container_chart(0.05, confidence=0.95).curves if curve.asked)

    assert curve.y == pytest.approx(binomial.detection_probability(np.full(curve.x.shape, 0.05), trials=curve.x))


@pytest.mark.parametrize(
    "question",
    [
        lambda: mosaicism_chart(confidence=0.95, power=0.95, share=0.0),
        lambda: detection_chart(0.0, unit="mL", confidence=0.95),
        lambda: operating_chart((0,), unit="mL"),
        lambda: bound_chart(0.0, confidence=0.95),
        lambda: container_chart(0.0, confidence=0.95),
    ],
    ids=["no mosaicism", "no concentration", "no amount", "no rate", "no contamination"],
)
def test_absence_has_no_curve(question):
    with pytest.raises(UsageError, match="RQC-U080"):
        question()
