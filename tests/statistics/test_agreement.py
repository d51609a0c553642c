"""Limits of agreement against a published example, simulation, and what must not be answered."""

from __future__ import annotations

import numpy as np
import pytest

from regenqc.errors import UsageError
from regenqc.statistics.agreement import LimitsOfAgreement, limits_of_agreement
from regenqc.statistics.refusal import Refusal, RefusalReason


def pairs(count: int, mean: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs whose differences have exactly this mean and standard deviation."""
    base = np.random.default_rng(5).normal(size=count)
    base = (base - base.mean()) / base.std(ddof=1)
    first = np.linspace(300, 600, count)
    return first, first + mean + spread * base


def test_two_flow_meters_as_published_in_1986() -> None:
    """17 subjects, mean difference -2.1 and standard deviation 38.8 l/min: the interval of the bias is -22.0 to 17.8."""
    found = limits_of_agreement(*pairs(17, -2.1, 38.8))
    assert isinstance(found, LimitsOfAgreement)
    assert found.bias_interval == (pytest.approx(-22.0, abs=0.06), pytest.approx(17.8, abs=0.06))
    assert (found.lower, found.upper) == (pytest.approx(-2.1 - 1.959964 * 38.8), pytest.approx(-2.1 + 1.959964 * 38.8))
    assert not found.is_biased


def test_intervals_cover_as_often_as_they_say() -> None:
    dice = np.random.default_rng(11)
    hits = np.zeros(2)
    for _ in range(2_000):
        first = np.zeros(20)
        found = limits_of_agreement(first, dice.normal(1.0, 2.0, 20))
        assert isinstance(found, LimitsOfAgreement)
        for row, (truth, (low, high)) in enumerate(
            ((1.0, found.bias_interval), (1.0 + 1.959964 * 2.0, found.upper_interval))
        ):
            hits[row] += low <= truth <= high
    assert hits[0] / 2_000 == pytest.approx(0.95, abs=0.015)
    assert hits[1] / 2_000 == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (np.arange(9.0), np.arange(9.0) ** 2, RefusalReason.TOO_FEW_VALUES),
        (np.arange(12.0), np.arange(12.0) + 1, RefusalReason.NO_SPREAD),
        (np.append(np.arange(11.0), np.nan), np.arange(12.0) ** 2, RefusalReason.CENSORED_VALUES),
    ],
    ids=["nine lots", "one difference throughout", "a value that is not known"],
)
def test_what_would_mislead_is_declined(first: np.ndarray, second: np.ndarray, reason: RefusalReason) -> None:
    found = limits_of_agreement(first, second)
    assert isinstance(found, Refusal)
    assert found.reason is reason


def test_columns_of_two_lengths_are_refused() -> None:
    with pytest.raises(UsageError):
        limits_of_agreement(np.arange(12.0), np.arange(13.0))
