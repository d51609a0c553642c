"""What a karyotype shows: the outcome, the phrase a reviewer signs, and where it points."""

import pytest

from regenqc.errors import UsageError
from regenqc.karyotype import Outcome, judge_karyotype, read_karyotype
from regenqc.vocabulary import Verdict


def judge(text, **criterion):
    return judge_karyotype(read_karyotype(text), **({"min_metaphases": 20} | criterion))


OUTCOMES = [
    # one normal cell line
    ("46,XX[20]", Outcome.NORMAL),
    ("46,XY[20]", Outcome.NORMAL),
    ("46<2n>,XX[20]", Outcome.NORMAL),
    ("46,XX[20].nuc ish(BCL2L1x2)[200]", Outcome.NORMAL),
    ("46,XY[20].arr(X,Y)x1,(1-22)x2", Outcome.NORMAL),
    # abnormal clones, however few cells were counted
    ("47,XX,+12[3]/46,XX[17]", Outcome.ABNORMAL_CLONE),
    ("47,XX,+12[2]/46,XX[3]", Outcome.ABNORMAL_CLONE),
    ("47,XX,+12[20]", Outcome.ABNORMAL_CLONE),
    ("46,XX,dup(20)(q11.21q11.21)[5]/46,XX[15]", Outcome.ABNORMAL_CLONE),
    ("46,XX,t(9;22)(q34;q11.2)[20]", Outcome.ABNORMAL_CLONE),
    ("mos 45,X[10]/46,XX[20]", Outcome.ABNORMAL_CLONE),
    ("45,X,-X[3]/46,XX[17]", Outcome.ABNORMAL_CLONE),
    ("45,X[3]/46,XX[17]", Outcome.ABNORMAL_CLONE),
    ("47,XXX[20]", Outcome.ABNORMAL_CLONE),
    ("47,XX,+X[2]/46,XX[18]", Outcome.ABNORMAL_CLONE),
    ("92,XXXX[2]/46,XX[18]", Outcome.ABNORMAL_CLONE),
    ("69,XXY[20]", Outcome.ABNORMAL_CLONE),
    ("46,XX,+8,-21[2]/46,XX[18]", Outcome.ABNORMAL_CLONE),
    ("47,XX,+12[1]/48,idem,+8[1]/46,XX[18]", Outcome.ABNORMAL_CLONE),
    ("46~47,XX,+8[2],-7[1][cp5]/46,XX[15]", Outcome.ABNORMAL_CLONE),
    ("46~48,XX,+8[3],+8[1][cp5]/46,XX[15]", Outcome.ABNORMAL_CLONE),
    ("47,XX,+12[5]/46,XX", Outcome.ABNORMAL_CLONE),
    ("46,XX,dmin[2]/46,XX[18]", Outcome.ABNORMAL_CLONE),
    ("46,XY[20]/47,XX,+8[2]", Outcome.ABNORMAL_CLONE),
    ("46,XX,inv(9)(p12q13)[10]/46,XX[10]", Outcome.ABNORMAL_CLONE),
    # with which the donor was born
    ("47,XY,+21c[1]/46,XY[19]", Outcome.CONSTITUTIONAL_ABNORMALITY),
    # fewer cells than make a clone
    ("47,XX,+12[1]/46,XX[19]", Outcome.NON_CLONAL_FINDING),
    ("45,XX,-21[2]/46,XX[18]", Outcome.NON_CLONAL_FINDING),
    ("45,X[2]/46,XX[18]", Outcome.NON_CLONAL_FINDING),
    ("45,X,-Y[2]/46,XY[18]", Outcome.NON_CLONAL_FINDING),
    ("47,XX,+8[1]/47,XX,+12[1]/46,XX[18]", Outcome.NON_CLONAL_FINDING),
    ("47,XX,+12[1]", Outcome.NON_CLONAL_FINDING),
    ("92,XXXX[1]/46,XX[19]", Outcome.NON_CLONAL_FINDING),
    ("45~47,XX,+8[1],-7[2][cp5]/46,XX[15]", Outcome.NON_CLONAL_FINDING),
    ("46,XX,inv(9)(p12q13)[1]/46,XX[19]", Outcome.NON_CLONAL_FINDING),
    # not one cell line
    ("46,XX[10]/46,XY[10]", Outcome.MIXED_CELL_LINES),
    ("chi 46,XX[25]/46,XY[10]", Outcome.MIXED_CELL_LINES),
    # counts
    ("46,XX", Outcome.COUNT_NOT_STATED),
    ("47,XX,+12", Outcome.COUNT_NOT_STATED),
    ("47,XX,+12/46,XX[20]", Outcome.COUNT_NOT_STATED),
    ("47,XX,+X", Outcome.COUNT_NOT_STATED),
    ("46,XX,add(17)(q25)", Outcome.COUNT_NOT_STATED),
    ("47,XY,+21c", Outcome.COUNT_NOT_STATED),
    ("45~47,XX,-5,+8[cp20]", Outcome.COUNT_NOT_STATED),
    ("46,XX[19]", Outcome.TOO_FEW_METAPHASES),
    ("nuc ish(BCL2L1x2)[200]", Outcome.TOO_FEW_METAPHASES),
    ("arr(X,1-22)x2", Outcome.TOO_FEW_METAPHASES),
    # variants
    ("46,XX,inv(9)(p12q13)[20]", Outcome.VARIANT_NOT_ALLOWED),
    ("46,XX,9qh+[20]", Outcome.VARIANT_NOT_ALLOWED),
    ("46,XX,inv(9)(p12q13)c[20]", Outcome.VARIANT_NOT_ALLOWED),
    ("46,X,Yqh+[20]", Outcome.VARIANT_NOT_ALLOWED),
    # what another technique adds
    ("46,XX[20].nuc ish(BCL2L1x3)[150/200]", Outcome.OTHER_TECHNIQUE_FINDING),
    ("46,XY[20].arr(X,1-22)x2", Outcome.OTHER_TECHNIQUE_FINDING),
    # not understood
    ("46,XX,+21[20]", Outcome.NOT_UNDERSTOOD),
    ("normal female karyotype", Outcome.NOT_UNDERSTOOD),
]


@pytest.mark.parametrize(("text", "outcome"), OUTCOMES, ids=[row[0] for row in OUTCOMES])
def test_the_outcome(text, outcome):
    assert judge(text).outcome is outcome


@pytest.mark.parametrize("text", [row[0] for row in OUTCOMES])
def test_every_outcome_is_explained_in_one_phrase(text):
    explanation = judge(text).explanation
    assert explanation
    assert not explanation.endswith((".", ";", " "))
    assert "\n" not in explanation


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        ("46,XX[20]", "normal female karyotype in 20 metaphases"),
        ("47,XX,+12[3]/46,XX[17]", "+12 in 3 of 20 metaphases, recurrent in pluripotent stem cells (12)"),
        ("46,XX,t(9;22)(q34;q11.2)[20]", "t(9;22)(q34;q11.2) in 20 of 20 metaphases"),
        ("45,XX,-21[2]/46,XX[18]", "-21 in 2 of 20 metaphases, clonal from 3"),
        ("45,X[10]/46,XX[10]", "one sex chromosome only in 10 of 20 metaphases"),
        ("92,XXXX[2]/46,XX[18]", "ploidy 4n in 2 of 20 metaphases"),
        ("46,XX", "the number of metaphases is not stated"),
        ("46,XX[19]", "19 metaphases counted, at least 20 required"),
        ("46,XQ[20]", "'Q' is no sex chromosome at character 5; expected: X, Y, ',' or '['"),
        ("46,XX,9qh+[20]", "9qh+ is a known heteromorphism that the specification does not list as allowed"),
    ],
)
def test_the_phrase(text, explanation):
    assert judge(text).explanation == explanation


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("46,XX[20]", None),
        ("47,XX,+12[3]/46,XX[17]", 6),
        ("46,XX[17]/47,XX,+12[3]", 16),
        ("  46,XX[17]/47,XX,+12[3]", 18),
        ("48,XX,+12,+1[3]/46,XX[17]", 6),
        ("47,XX,+1[3]/47,XX,+12[1]/46,XX[16]", 6),
        ("mos 45,X[10]/46,XX[20]", 4),
        ("46,XX[10]/45,X[10]", 10),
        ("46,XX,t(9;22)(q34;q11.2)[1]/47,idem,+8[1]/46,XX[18]", 6),
        ("４６，ＸＸ［１７］／４７，ＸＸ，＋１２［３］", 16),
        ("46,XX,-2-21[20]", 8),
    ],
)
def test_where_it_points(text, position):
    assert judge(text).position == position


def test_the_first_abnormal_change_of_several_is_pointed_at():
    assert judge("48,XX,+1,+12[3]/46,XX[17]").position == 6
    assert judge("48,XX,9qh+,+8,+12[3]/46,XX,9qh+[17]").position == 11


@pytest.mark.parametrize(
    ("text", "sex", "outcome"),
    [
        ("46,XX[20]", "female", Outcome.NORMAL),
        ("46,XY[20]", "male", Outcome.NORMAL),
        ("46,XY[20]", "female", Outcome.OTHER_SEX),
        ("46,XX[20]", "male", Outcome.OTHER_SEX),
        ("46,XX[5]", "male", Outcome.TOO_FEW_METAPHASES),
        ("46,XX", "male", Outcome.COUNT_NOT_STATED),
        ("46,XX[10]/46,XY[10]", "male", Outcome.MIXED_CELL_LINES),
        ("47,XX,+8[20]", "male", Outcome.ABNORMAL_CLONE),
        ("46,XY[19]/47,XY,+8[1]", "female", Outcome.OTHER_SEX),
        ("46,X,Yqh+[20]", "female", Outcome.OTHER_SEX),
    ],
)
def test_the_expected_sex(text, sex, outcome):
    assert judge(text, expected_sex=sex).outcome is outcome


@pytest.mark.parametrize(
    ("text", "allow", "outcome"),
    [
        ("46,XX,inv(9)(p12q13)[20]", ("inv(9)(p12q13)",), Outcome.NORMAL),
        ("46,XX,inv(9)(p12q13)c[20]", ("inv(9)(p12q13)",), Outcome.NORMAL),
        ("46,XX,inv(9)(p12q13)pat[20]", ("inv(9)(p12q13)",), Outcome.NORMAL),
        ("46,XX,inv(9)(p12q13)[20]", (" inv(9)(p12q13) ",), Outcome.NORMAL),
        ("46,XX,9qh+,21ps+[20]", ("21ps+", "9qh+"), Outcome.NORMAL),
        ("46,XX,9qh+,21ps+[20]", ("21ps+",), Outcome.VARIANT_NOT_ALLOWED),
        ("46,XX,inv(9)(p11q13)[20]", ("inv(9)(p12q13)",), Outcome.VARIANT_NOT_ALLOWED),
        ("46,XX,inv(9)(p12q13)x2[20]", ("inv(9)(p12q13)",), Outcome.ABNORMAL_CLONE),
        ("47,XX,inv(9)(p12q13),+8[20]", ("inv(9)(p12q13)",), Outcome.ABNORMAL_CLONE),
        ("47,XX,inv(9)(p12q13),+8[1]/46,XX,inv(9)(p12q13)[19]", ("inv(9)(p12q13)",), Outcome.NON_CLONAL_FINDING),
        ("46,XX,inv(9)(p12q13)[12]", ("inv(9)(p12q13)",), Outcome.TOO_FEW_METAPHASES),
        ("46,XX,inv(9)(p12q13)[10]/46,XX[10]", ("inv(9)(p12q13)",), Outcome.MIXED_CELL_LINES),
        ("47,XY,+21c[20]", ("+21c",), Outcome.NORMAL),
        ("47,XY,+21c[20]", ("+21",), Outcome.NORMAL),
        ("47,XY,+21[20]", ("+21c",), Outcome.ABNORMAL_CLONE),
        ("48,XY,+21c,+21[20]", ("+21c",), Outcome.ABNORMAL_CLONE),
        ("45,XX,rob(13;14)(q10;q10)c[20]", ("rob(13;14)(q10;q10)",), Outcome.NORMAL),
        ("46,X,Yqh+[20]", ("Yqh+",), Outcome.NORMAL),
        ("mos 47,XX,+8[5]/46,XX[20]", ("+8",), Outcome.NORMAL),
    ],
)
def test_allowed_variants_count_as_normal_where_they_stand_exactly_so(text, allow, outcome):
    assert judge(text, allow=allow).outcome is outcome


def test_an_allowed_variant_is_named_in_a_normal_karyotype():
    explanation = judge("46,XX,9qh+[20]", allow=("9qh+",)).explanation
    assert explanation == "normal female karyotype in 20 metaphases with 9qh+, which is allowed"


def test_an_allowed_variant_that_is_not_understood_is_the_callers_error():
    with pytest.raises(UsageError, match=r"RQC-U060.*inv\(9\)\(p12\)"):
        judge("46,XX[20]", allow=("inv(9)(p12)",))


@pytest.mark.parametrize(
    ("methods", "outcome"),
    [
        ({}, Outcome.NORMAL),
        ({"fish_20q11_21": Verdict.CONFORMS}, Outcome.NORMAL),
        ({"fish_20q11_21": Verdict.ALERT}, Outcome.NORMAL),
        ({"fish_20q11_21": Verdict.MISSING}, Outcome.SECOND_METHOD_MISSING),
        ({"fish_20q11_21": Verdict.INCONCLUSIVE}, Outcome.SECOND_METHOD_MISSING),
        ({"fish_20q11_21": Verdict.FAILS}, Outcome.SECOND_METHOD_ABNORMAL),
        ({"fish": Verdict.FAILS, "array": Verdict.MISSING}, Outcome.SECOND_METHOD_ABNORMAL),
        ({"fish": Verdict.CONFORMS, "array": Verdict.MISSING}, Outcome.SECOND_METHOD_MISSING),
    ],
)
def test_second_methods_stand_beside_a_normal_karyotype(methods, outcome):
    assert judge("46,XX[20]", second_methods=methods).outcome is outcome


def test_a_second_method_heals_nothing():
    assert judge("47,XX,+12[3]/46,XX[17]", second_methods={"fish": Verdict.CONFORMS}).outcome is Outcome.ABNORMAL_CLONE
    assert judge("46,XX[19]", second_methods={"fish": Verdict.CONFORMS}).outcome is Outcome.TOO_FEW_METAPHASES


@pytest.mark.parametrize(
    ("text", "recurrent"),
    [
        ("46,XX[20]", ()),
        ("47,XX,+12[3]/46,XX[17]", ("12",)),
        ("47,XX,+12[1]/46,XX[19]", ("12",)),
        ("47,XXX[20]", ("X",)),
        ("46,XX,i(20)(q10)", ("20q11.21",)),
        ("46,XY,dup(1)(q21q42)[4]/47,XY,+8[3]/46,XY[13]", ("1q", "8")),
        ("46,XX,add(17)(q25)[20]", ()),
        ("46,XX,t(9;22)(q34;q11.2)[20]", ()),
        ("46,XX,der(18)t(1;18)(q21;q23)[20]", ("1q",)),
    ],
)
def test_recurrent_changes_are_listed(text, recurrent):
    assert judge(text).recurrent == recurrent


def test_metaphases_and_sex_are_returned():
    found = judge("47,XX,+12[3]/46,XX[17]")
    assert (found.metaphases, found.sex) == (20, "female")


@pytest.mark.parametrize("cells", [1, 2, 3, 20])
def test_a_gain_is_clonal_from_two_cells_and_a_loss_from_three(cells):
    gain = judge(f"47,XX,+8[{cells}]/46,XX[30]").outcome
    loss = judge(f"45,XX,-8[{cells}]/46,XX[30]").outcome
    assert (gain is Outcome.ABNORMAL_CLONE, loss is Outcome.ABNORMAL_CLONE) == (cells >= 2, cells >= 3)


def test_more_metaphases_never_make_a_normal_karyotype_worse():
    outcomes = [judge(f"46,XX[{cells}]").outcome for cells in range(1, 60)]
    assert outcomes == [Outcome.TOO_FEW_METAPHASES] * 19 + [Outcome.NORMAL] * 40
