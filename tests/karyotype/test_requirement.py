"""What a karyotype requirement decides about a reported row."""

import pytest

from regenqc.evaluation.row_criteria import judge_karyotype
from regenqc.karyotype import Outcome
from regenqc.specification.model import Karyotype, Requirement


def judge(text, sex="", **criterion):
    requirement = Requirement(id="karyotype", karyotype=Karyotype(min_metaphases="20", **criterion))
    verdict, reason, _ = judge_karyotype(requirement, text, lambda _: sex)
    return verdict.word, reason.code


def detail(text, sex="", **criterion):
    requirement = Requirement(id="karyotype", karyotype=Karyotype(min_metaphases="20", **criterion))
    return judge_karyotype(requirement, text, lambda _: sex)[2]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("46,XX[20]", ("conforms", "conforms"), id="exactly enough metaphases"),
        pytest.param("46,XX[19]", ("inconclusive", "karyotype_too_few_metaphases"), id="one metaphase too few"),
        pytest.param("46,XX", ("inconclusive", "karyotype_count_not_stated"), id="no count"),
        pytest.param("47,XX,+12[20]", ("fails", "karyotype_abnormal"), id="an abnormality in every cell"),
        pytest.param("47,XX,+12[3]/46,XX[17]", ("fails", "karyotype_abnormal"), id="an abnormal clone"),
        pytest.param(
            "47,XX,+12[2]/46,XX[3]", ("fails", "karyotype_abnormal"), id="an abnormal clone in few metaphases"
        ),
        pytest.param("47,XY,+21c[20]", ("fails", "karyotype_abnormal"), id="a constitutional abnormality"),
        pytest.param("47,XY,+21c[1]/46,XY[19]", ("fails", "karyotype_abnormal"), id="a constitutional one in one cell"),
        pytest.param("47,XX,+12[1]/46,XX[19]", ("inconclusive", "karyotype_non_clonal"), id="a single abnormal cell"),
        pytest.param("45,XX,-21[2]/46,XX[18]", ("inconclusive", "karyotype_non_clonal"), id="a loss in two cells"),
        pytest.param("46,XX[10]/46,XY[10]", ("inconclusive", "karyotype_mixed_cell_lines"), id="two sexes"),
        pytest.param("46,XX,9qh+[20]", ("inconclusive", "karyotype_variant_not_allowed"), id="a variant"),
        pytest.param(
            "46,XX[20].nuc ish(BCL2L1x3)[150/200]",
            ("inconclusive", "karyotype_other_technique"),
            id="another technique that disagrees",
        ),
        pytest.param("46,XX,+8[20]", ("inconclusive", "karyotype_not_understood"), id="a contradiction"),
        pytest.param("normal karyotype", ("inconclusive", "karyotype_not_understood"), id="words"),
    ],
)
def test_verdict_and_reason(text, wanted):
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
        ("", "47,XX,+8[20]", "fails"),
    ],
)
def test_the_sex_of_the_donor(stated, text, wanted):
    assert judge(text, stated, expected_sex="@donor_sex")[0] == wanted


def test_a_fixed_sex_needs_no_attribute():
    assert [judge(text, expected_sex="male")[0] for text in ("46,XY[20]", "46,XX[20]")] == ["conforms", "fails"]


def test_too_few_metaphases_of_the_other_sex_are_undecided():
    assert judge("46,XY[5]", "female", expected_sex="@donor_sex")[0] == "inconclusive"


def test_a_sex_that_is_not_stated_is_named():
    assert judge("46,XX[20]", "", expected_sex="@donor_sex")[1] == "karyotype_sex_not_stated"
    assert detail("46,XX[20]", "?", expected_sex="@donor_sex") == "the batch states '?'"


def test_an_allowed_variant_conforms():
    assert judge("46,XX,inv(9)(p12q13)[20]", allow=("inv(9)(p12q13)",)) == ("conforms", "conforms")


def test_what_is_not_understood_says_where():
    assert detail("46,XQ[20]").startswith("'Q' is no sex chromosome at character 5; expected:")


def test_an_abnormal_clone_says_what_in_how_many_cells():
    assert detail("47,XX,+12[3]/46,XX[17]") == "+12 in 3 of 20 metaphases, recurrent in pluripotent stem cells (12)"


def test_a_conforming_karyotype_needs_no_words():
    assert detail("46,XX[20]") == ""


def test_every_outcome_of_one_row_has_a_verdict():
    from regenqc.evaluation.row_criteria import _KARYOTYPES

    about_second_methods = {Outcome.SECOND_METHOD_ABNORMAL, Outcome.SECOND_METHOD_MISSING}
    assert set(_KARYOTYPES) == set(Outcome) - about_second_methods
