"""A result within a tolerance of the same test's result at another stage."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import STAGE, cell, decimal_text, disposition, evaluate, reasons, rows

RELATIVE = {"id": "stable", "test": "dose", "agreement": {"stage": "cell_bank", "relative": "20"}}
ABSOLUTE = {"id": "stable", "test": "dose", "agreement": {"stage": "cell_bank", "absolute": "5", "unit": "%"}}


def pair(here, there, *, unit="%", there_unit=None, here_changes=None, there_changes=None):
    first = {"test": "dose", "result": there, "unit": unit if there_unit is None else there_unit, "stage": "cell_bank"}
    second = {"test": "dose", "result": here, "unit": unit, "stage": STAGE}
    return rows(first | (there_changes or {}), second | (here_changes or {}))


def verdict(requirement, *args, **options):
    return cell(evaluate(pair(*args, **options), requirement, stage=STAGE), "stable")


@pytest.mark.parametrize(
    ("requirement", "here", "there", "wanted"),
    [
        pytest.param(RELATIVE, "80", "100", "conforms", id="exactly twenty percent below"),
        pytest.param(RELATIVE, "120", "100", "conforms", id="exactly twenty percent above"),
        pytest.param(RELATIVE, "79.9999999999999", "100", "fails", id="a hair more than twenty percent below"),
        pytest.param(RELATIVE, "120.000000000001", "100", "fails", id="a hair more than twenty percent above"),
        pytest.param(RELATIVE, "0", "0", "conforms", id="nothing agrees with nothing"),
        pytest.param(RELATIVE, "0.1", "0", "fails", id="something does not agree with nothing"),
        pytest.param(ABSOLUTE, "0.3", "5.3", "conforms", id="exactly five apart"),
        pytest.param(ABSOLUTE, "0.3", "5.3000000000001", "fails", id="a hair more than five apart"),
        pytest.param(RELATIVE, "<80", "100", "inconclusive", id="censored here"),
        pytest.param(RELATIVE, "80", ">100", "inconclusive", id="censored there"),
        pytest.param(RELATIVE, "80", "see report", "inconclusive", id="unreadable there"),
        pytest.param(RELATIVE, "pending", "100", "missing", id="pending here"),
        pytest.param(RELATIVE, "80", "pending", "inconclusive", id="pending there"),
    ],
)
def test_agreement(requirement, here, there, wanted):
    assert verdict(requirement, here, there) == wanted


WHOLE = {"id": "stable", "test": "dose", "agreement": {**ABSOLUTE["agreement"], "confidence": "0.90"}}
SHARE = {"id": "stable", "test": "dose", "agreement": {**RELATIVE["agreement"], "confidence": "0.90"}}


def known_to(here, there, **more):
    """State how well both results are known."""
    changes = {"here_changes": {"uncertainty": here}, "there_changes": {"uncertainty": there}}
    return {key: value for key, value in changes.items() if value["uncertainty"] is not None} | more


@pytest.mark.parametrize(
    ("requirement", "here", "there", "options", "wanted"),
    [
        pytest.param(WHOLE, "100", "100", known_to("1", "1"), "conforms", id="all of the interval within"),
        pytest.param(WHOLE, "104", "100", known_to("1", "1"), "inconclusive", id="an interval that reaches beyond"),
        pytest.param(WHOLE, "106", "100", known_to("1", "1"), "inconclusive", id="an interval that reaches in"),
        pytest.param(WHOLE, "110", "100", known_to("1", "1"), "fails", id="all of the interval outside"),
        pytest.param(WHOLE, "90", "100", known_to("1", "1"), "fails", id="all of it outside on the other side"),
        pytest.param(WHOLE, "105", "100", known_to("0", "0"), "conforms", id="known without doubt, at the tolerance"),
        pytest.param(WHOLE, "100", "100", known_to("3", "3"), "inconclusive", id="equal points that are hardly known"),
        pytest.param(WHOLE, "100", "100", known_to(None, "1"), "inconclusive", id="no uncertainty here"),
        pytest.param(WHOLE, "100", "100", known_to("1", None), "inconclusive", id="no uncertainty there"),
        pytest.param(WHOLE, "100", "100", known_to("1e-3", "1"), "inconclusive", id="an uncertainty written otherwise"),
        pytest.param(WHOLE, "100", "100", known_to("1", "1\x1f2"), "inconclusive", id="an uncertainty torn apart"),
        pytest.param(SHARE, "100", "100", known_to("5", "5"), "conforms", id="a share within"),
        pytest.param(SHARE, "115", "100", known_to("5", "5"), "inconclusive", id="a share that reaches beyond"),
        pytest.param(SHARE, "0", "0", known_to("0", "0"), "inconclusive", id="no share of nothing"),
        pytest.param(
            {**WHOLE, "agreement": {"stage": "cell_bank", "absolute": "1", "unit": "10^6 cells", "confidence": "0.90"}},
            "2000000",
            "2",
            known_to("100000", "0.1", unit="cells", there_unit="10^6 cells"),
            "conforms",
            id="uncertainties in the units of their results",
        ),
        pytest.param(
            {**WHOLE, "agreement": {"stage": "cell_bank", "absolute": "1", "unit": "10^6 cells", "confidence": "0.90"}},
            "2000000",
            "2",
            known_to("1000000", "0.1", unit="cells", there_unit="10^6 cells"),
            "inconclusive",
            id="an uncertainty as large as the result",
        ),
    ],
)
def test_with_a_confidence_the_whole_interval_decides(requirement, here, there, options, wanted):
    assert verdict(requirement, here, there, **options) == wanted


@settings(max_examples=60)
@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 30), st.integers(0, 30))
def test_what_conforms_by_its_interval_conforms_by_its_point(here, there, first, second):
    options = known_to(str(first), str(second))
    by_interval = verdict(WHOLE, str(here), str(there), **options)
    by_point = verdict(ABSOLUTE, str(here), str(there), **options)
    assert (by_interval, by_point) in {
        ("conforms", "conforms"), ("inconclusive", "conforms"), ("inconclusive", "fails"), ("fails", "fails"),
    }  # fmt: skip


@settings(max_examples=60)
@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_agreement_is_exact(here, there):
    here, there = Fraction(here, 1000), Fraction(there, 1000)
    found = verdict(RELATIVE, decimal_text(here), decimal_text(there))
    assert found == ("conforms" if abs(here - there) <= there / 5 else "fails")


def test_stages_may_report_in_different_units_of_one_kind():
    assert verdict(RELATIVE, "0.8E6", "1", unit="cells", there_unit="10^6 cells") == "conforms"


def test_units_of_different_kinds_do_not_agree():
    assert verdict(RELATIVE, "100", "100", unit="cells", there_unit="%") == "inconclusive"


def test_without_a_result_at_the_other_stage_nothing_agrees():
    found = evaluate(rows({"test": "dose", "result": "1", "unit": "%", "stage": STAGE}), RELATIVE)
    assert reasons(found) == {"agreement_reference_missing"}


@pytest.mark.parametrize("status", ["unverified", "cancelled"])
def test_a_reference_that_is_no_evidence_is_none(status):
    assert verdict(RELATIVE, "100", "100", there_changes={"status": status}) == "inconclusive"


def test_a_preliminary_result_can_disagree_and_cannot_agree():
    assert verdict(RELATIVE, "100", "100", here_changes={"status": "preliminary"}) == "missing"
    assert verdict(RELATIVE, "10", "100", here_changes={"status": "preliminary"}) == "fails"


def test_of_several_references_every_one_must_agree():
    results = rows(
        {"test": "dose", "result": "100", "unit": "%", "stage": "cell_bank"},
        {"test": "dose", "result": "10", "unit": "%", "stage": "cell_bank"},
        {"test": "dose", "result": "100", "unit": "%", "stage": STAGE},
    )
    assert disposition(evaluate(results, RELATIVE, stage=STAGE)) == "reject"
