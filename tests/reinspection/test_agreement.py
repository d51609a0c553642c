"""The hospital's value against the manufacturer's: by intervals, absolute and as a share, and never without uncertainties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.errors import UsageError
from regenqc.reinspection.agreement import Margin, agreement_picture, compare_values
from regenqc.statistics.agreement import LimitsOfAgreement, limits_of_agreement
from regenqc.vocabulary import Verdict


def compared(manufacturer: float, hospital: float, **changes: Any) -> Any:
    stated = {"margin": Margin(10.0), "manufacturer_uncertainty": 1.0, "hospital_uncertainty": 1.0}
    return compare_values(manufacturer, hospital, **(stated | changes))


@pytest.mark.parametrize(
    ("says", "hospital", "changes", "verdict"),
    [
        ("close and well known", 88.0, {}, Verdict.CONFORMS),
        ("close, but hardly known", 88.0, {"hospital_uncertainty": 9.0}, Verdict.INCONCLUSIVE),
        ("within by points, not by the interval", 82.0, {}, Verdict.INCONCLUSIVE),
        ("outside by points, not by the interval", 79.0, {}, Verdict.INCONCLUSIVE),
        ("far outside", 70.0, {}, Verdict.FAILS),
        ("far above", 110.0, {}, Verdict.FAILS),
        ("no margin", 90.0, {"margin": None}, Verdict.INCONCLUSIVE),
        ("no uncertainty of the hospital", 90.0, {"hospital_uncertainty": None}, Verdict.INCONCLUSIVE),
        ("no uncertainty of the manufacturer", 90.0, {"manufacturer_uncertainty": None}, Verdict.INCONCLUSIVE),
        ("as a share, close", 85.0, {"margin": Margin(0.15, relative=True)}, Verdict.CONFORMS),
        ("as a share, far", 60.0, {"margin": Margin(0.15, relative=True)}, Verdict.FAILS),
    ],
)
def test_agreement(says: str, hospital: float, changes: dict[str, Any], verdict: Verdict) -> None:
    found = compared(90.0, hospital, **changes)
    assert found.verdict is verdict, says
    assert found.explanation


def test_the_interval_is_that_of_two_one_sided_tests() -> None:
    found = compared(90.0, 85.0)
    assert found.interval == (pytest.approx(-5 - 1.644854 * 2**0.5), pytest.approx(-5 + 1.644854 * 2**0.5))


@given(
    st.floats(1, 200),
    st.floats(1, 200),
    st.floats(0.01, 20),
    st.floats(0.01, 20),
    st.floats(0.1, 50),
    st.floats(0.1, 20),
)
def test_more_uncertainty_never_turns_doubt_into_agreement(
    manufacturer: float, hospital: float, first: float, second: float, margin: float, more: float
) -> None:
    stated = {"margin": Margin(margin), "manufacturer_uncertainty": first}
    known = compare_values(manufacturer, hospital, hospital_uncertainty=second, **stated)
    worse = compare_values(manufacturer, hospital, hospital_uncertainty=second + more, **stated)
    if known.verdict is not Verdict.CONFORMS:
        assert worse.verdict is not Verdict.CONFORMS


@pytest.mark.parametrize(
    "changes",
    [
        {"margin": Margin(-1.0)},
        {"hospital_uncertainty": -1.0},
        {"hospital": float("nan")},
        {"confidence": 1.0},
        {"manufacturer": 0.0, "margin": Margin(0.1, relative=True)},
    ],
)
def test_what_cannot_be_compared_is_refused(changes: dict[str, Any]) -> None:
    values = {"manufacturer": 90.0, "hospital": 88.0} | {
        name: changes[name] for name in ("manufacturer", "hospital") if name in changes
    }
    rest = {name: value for name, value in changes.items() if name not in values}
    with pytest.raises(UsageError, match="RQC-H501"):
        compared(values["manufacturer"], values["hospital"], **rest)


def test_the_picture_says_that_it_is_a_trend() -> None:
    first = np.linspace(80, 95, 14)
    second = first - 2 + np.sin(np.arange(14))
    found = limits_of_agreement(first, second)
    assert isinstance(found, LimitsOfAgreement)
    picture = agreement_picture(list(first), list(second), found, title="Viability <a>", unit="%")
    assert "no verdict on a lot" in picture
    assert picture.count("<circle") == 14
    assert "<a>" not in picture
