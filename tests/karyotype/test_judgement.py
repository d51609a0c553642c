"""What a karyotype requirement decides."""

import pytest

from regenqc.evaluation.row_criteria import judge_karyotype
from regenqc.specification.model import Karyotype, Requirement


def judge(text, sex="", **criterion):
    requirement = Requirement(id="karyotype", karyotype=Karyotype(min_metaphases="20", **criterion))
    verdict, reason, _ = judge_karyotype(requirement, text, lambda _: sex)
    return verdict.word, reason.code


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("46,XX[20]", ("conforms", "conforms"), id="exactly enough metaphases"),
        pytest.param("46,XX[19]", ("inconclusive", "karyotype_too_few_metaphases"), id="one metaphase too few"),
        pytest.param("46,XX", ("inconclusive", "karyotype_not_understood"), id="no count"),
        pytest.param("47,XX,+12[20]", ("inconclusive", "karyotype_not_understood"), id="an abnormality"),
    ],
)
def test_normality_and_count(text, wanted):
    assert judge(text) == wanted


@pytest.mark.parametrize(
    ("stated", "text", "wanted"),
    [
        ("female", "46,XX[20]", "conforms"),
        ("F", "46,XX[20]", "conforms"),
        ("xy", "46,XY[20]", "conforms"),
        ("male", "46,XX[20]", "fails"),
        ("", "46,XX[20]", "inconclusive"),
        ("unknown", "46,XX[20]", "inconclusive"),
        ("female ♀", "46,XX[20]", "inconclusive"),
    ],
)
def test_the_sex_of_the_donor(stated, text, wanted):
    assert judge(text, stated, expected_sex="@donor_sex")[0] == wanted


def test_a_fixed_sex_needs_no_attribute():
    assert [judge(text, expected_sex="male")[0] for text in ("46,XY[20]", "46,XX[20]")] == ["conforms", "fails"]


def test_too_few_metaphases_of_the_other_sex_are_undecided():
    assert judge("46,XY[5]", "female", expected_sex="@donor_sex")[0] == "inconclusive"
