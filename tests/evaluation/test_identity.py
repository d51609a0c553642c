"""Whose it is: equal to what the batch states, or to the result of another stage."""

import pytest

from strategies import STAGE, cell, evaluate, reasons, row_verdicts, rows

ATTRIBUTE = {"id": "profile", "identity": {"equals": "@donor_profile"}}
OTHER_STAGE = {"id": "profile", "identity": {"equals_stage": "cell_bank"}}


@pytest.mark.parametrize(
    ("stated", "reported", "wanted"),
    [
        pytest.param("D3S1358 15,16", "D3S1358 15,16", "conforms", id="the same"),
        pytest.param("D3S1358 15,16", " d3s1358  15,16 ", "conforms", id="the same but for case and blanks"),
        pytest.param("D3S1358 15,16", "Ｄ３Ｓ１３５８　15,16", "conforms", id="the same in full-width forms"),
        pytest.param("D3S1358 15,16", "D3S1358 15,17", "fails", id="another allele"),
        pytest.param("D3S1358 15,16", "D3S1358 15,16 (partial)", "fails", id="the same with a remark"),
        pytest.param("", "D3S1358 15,16", "inconclusive", id="nothing stated"),
        pytest.param("", "", "missing", id="nothing stated and nothing reported"),
        pytest.param("pending", "pending", "missing", id="pending is nobody"),
        pytest.param("indeterminate", "indeterminate", "inconclusive", id="indeterminate is nobody"),
        pytest.param("ABC", "pending", "missing", id="pending is not a mismatch"),
    ],
)
def test_identity_with_an_attribute(stated, reported, wanted):
    found = evaluate(rows(("profile", reported, "")), ATTRIBUTE, batches={"donor_profile": stated})
    assert cell(found, "profile") == wanted


def test_every_row_of_an_identity_is_compared():
    found = row_verdicts(rows(("profile", "A", ""), ("profile", "B", "")), ATTRIBUTE, batches={"donor_profile": "A"})
    assert found == [("conforms", "conforms"), ("fails", "identity_mismatch")]


def across(here, there, *, here_unit="", there_unit=""):
    first = {"test": "profile", "result": there, "unit": there_unit, "stage": "cell_bank"}
    second = {"test": "profile", "result": here, "unit": here_unit, "stage": STAGE}
    return cell(evaluate(rows(first, second), OTHER_STAGE, stage=STAGE), "profile")


@pytest.mark.parametrize(
    ("here", "there", "wanted"),
    [
        pytest.param("A1,A2", "a1,a2", "conforms", id="the same"),
        pytest.param("A1,A2", "A1,A3", "fails", id="another"),
        pytest.param("A1,A2", "", "inconclusive", id="nothing reported there"),
        pytest.param("pending", "pending", "missing", id="pending at both stages is nobody"),
        pytest.param("indeterminate", "indeterminate", "inconclusive", id="indeterminate at both stages is nobody"),
        pytest.param("A1,A2", "invalid", "inconclusive", id="an invalid reference is no mismatch"),
    ],
)
def test_identity_with_another_stage(here, there, wanted):
    assert across(here, there) == wanted


def test_five_milligrams_are_not_five_grams():
    assert across("5", "5", here_unit="mg", there_unit="g") == "fails"


def test_the_finding_says_what_was_expected():
    found = evaluate(rows(("profile", "B", "")), ATTRIBUTE, batches={"donor_profile": "A"})
    assert (reasons(found), "expected 'A'" in found.findings["explanation"][0]) == ({"identity_mismatch"}, True)
