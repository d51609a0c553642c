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
