"""The number of chromosomes, the sex chromosomes and the abnormalities of a clone have to agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.karyotype import read_karyotype
from regenqc.karyotype.arithmetic import chromosomes_added, clone_sex, implied_changes, sex_constitution
from regenqc.karyotype.model import Karyotype

from .readings import read, refused

# Texts as ISCN prints them for each rule.
AGREEING = [
    ("a normal karyotype", "46,XX"),
    ("a trisomy", "47,XX,+21"),
    ("a monosomy", "45,XY,-7"),
    ("gains and losses", "46,XX,+8,-21"),
    ("a tetrasomy", "48,XX,+8,+8"),
    ("a balanced translocation", "46,XX,t(9;22)(q34;q11.2)"),
    ("a derivative chromosome in place of a normal one", "46,XX,der(1)t(1;3)(p32;q21)"),
    ("an additional derivative chromosome", "47,XX,t(9;22)(q34;q11.2),+der(22)t(9;22)(q34;q11.2)"),
    ("two additional copies", "48,XX,+del(6)(q13q23)x2"),
    ("both homologues", "46,XX,del(6)(q13q23)x2"),
    ("a dicentric chromosome", "45,XX,dic(13;15)(q22;q24)"),
    ("an additional dicentric chromosome", "47,XX,+dic(13;15)(q22;q24)"),
    ("a Robertsonian translocation", "45,XX,rob(13;14)(q10;q10)"),
    ("a Robertsonian derivative chromosome", "45,XX,der(13;14)(q10;q10)"),
    ("a Robertsonian derivative with its trisomy", "46,XX,+13,der(13;21)(q10;q10)"),
    ("a whole-arm derivative with its gain", "46,XY,+1,der(1;7)(q10;p10)"),
    ("an isochromosome", "46,XX,i(17)(q10)"),
    ("an additional isochromosome", "47,XX,+i(12)(p10)"),
    ("a ring", "46,XX,r(7)(p22q36)"),
    ("a ring of two chromosomes", "45,XX,r(1;3)(p36.1q23;q21q27)"),
    ("a ring of unknown origin", "47,XX,+r"),
    ("a telomeric association", "45,XX,tas(12;13)(q24.3;q34)"),
    ("an insertion between two chromosomes", "46,XX,ins(5;2)(p14;q22q32)"),
    ("a marker", "47,XX,+mar"),
    ("two markers", "48,XX,+2mar"),
    ("a marker three times", "49,XX,+mar1x3"),
    ("double minutes, which are no chromosomes", "46,XX,4~9dmin"),
    ("a heteromorphism", "46,XX,9qh+"),
    ("two heteromorphisms of a chromosome that is rearranged too", "46,XX,15cenh+,15ps+,r(15)(p11.2q26)"),
    ("Turner syndrome", "45,X"),
    ("Klinefelter syndrome", "47,XXY"),
    ("three X chromosomes", "47,XXX"),
    ("two Y chromosomes", "47,XYY"),
    ("the loss of an X", "45,X,-X"),
    ("the loss of a Y", "45,X,-Y"),
    ("the loss of the X of a man", "45,Y,-X"),
    ("the gain of an X", "47,XX,+X"),
    ("the gain of an X in a man", "47,XY,+X"),
    ("the gain of X and Y", "48,XY,+X,+Y"),
    ("a gain beside constitutional sex chromosomes", "48,XXYc,+X"),
    ("a loss beside constitutional sex chromosomes", "46,XXYc,-X"),
    ("the gain of an X in Turner syndrome", "46,Xc,+X"),
    ("the loss of the only X in Turner syndrome", "44,Xc,-X"),
    ("an autosome in Turner syndrome", "46,Xc,+21"),
    ("a rearranged X", "46,X,del(X)(q24)"),
    ("an isochromosome of the X", "46,X,i(X)(q10)"),
    ("a rearranged Y", "46,X,idic(Y)(q11.2)"),
    ("the inversion of the Y", "46,X,inv(Y)(p11.2q11.2)"),
    ("a variant of the Y", "46,X,Yqh+"),
    ("the fragile site of a man", "46,Y,fra(X)(q27.3)"),
    ("a translocation of the X of a woman", "46,X,t(X;13)(q27;q12)"),
    ("a translocation of the X of a man", "46,Y,t(X;18)(p11.1;q11.1)"),
    ("a translocation of the Y", "46,X,t(Y;1)(q12;q21)"),
    ("a dicentric chromosome of X and autosome", "45,X,dic(X;22)(q22;q13)"),
    ("a marker in Turner syndrome", "46,X,+mar"),
    ("an acquired beside a constitutional gain", "48,XY,+21c,+21"),
    ("the acquired loss of a constitutional gain", "46,XY,+21c,-21"),
    ("triploidy", "69,XXY"),
    ("triploidy with the ploidy stated", "69<3n>,XXX"),
    ("tetraploidy", "92,XXXX"),
    ("tetraploidy with a gain", "93,XXYY,+8"),
    ("near-triploidy with a lost X", "68<3n>,XX"),
    ("haploidy", "23,X"),
]


@pytest.mark.parametrize("text", [row[1] for row in AGREEING], ids=[row[0] for row in AGREEING])
def test_what_agrees_is_read(text):
    assert read(f"{text}[20]").metaphases == 20


DISAGREEING = [
    ("a number without its gain", "47,XX"),
    ("a gain without its number", "46,XX,+21"),
    ("a loss without its number", "46,XX,-7"),
    ("a sex chromosome too few", "46,X"),
    ("a sex chromosome too many", "46,XXY"),
    ("a Robertsonian translocation that loses nothing", "46,XX,rob(13;14)(q10;q10)"),
    ("a dicentric chromosome that loses nothing", "46,XX,dic(13;15)(q22;q24)"),
    ("an additional derivative chromosome without its number", "46,XX,+der(1)t(1;3)(p32;q21)"),
    ("two markers counted as one", "47,XX,+2mar"),
    ("double minutes counted as chromosomes", "47,XX,dmin"),
    ("a rearranged X beside two normal ones", "46,XX,del(X)(q24)"),
    ("a translocation of the X beside both normal ones", "46,XY,t(X;18)(p11.1;q11.1)"),
    ("no X at all", "45,Y"),
    ("two Y chromosomes and no X", "46,YY"),
    ("the loss of an X beside two", "46,XX,-X"),
    ("the gain of an X beside one", "46,X,+X"),
    ("the gain of an X beside three", "48,XXX,+X"),
    ("normal sex chromosomes marked constitutional", "46,XXc"),
    ("more lost than there were", "45,XXYc,-Y,-Y"),
    ("a third chromosome 5 rearranged", "46,XX,del(5)(q13),del(5)(q31),add(5)(p15)"),
    ("a chromosome lost and both homologues rearranged", "45,XX,-5,del(5)(q13)x2"),
    ("three copies in place of two", "46,XX,del(5)(q13)x3"),
    ("a chromosome lost three times", "43,XX,-21,-21,-21"),
    ("a chromosome gained and lost", "46,XX,+8,-8"),
    ("a ploidy that the number contradicts", "46<3n>,XY"),
    ("a ploidy that is not the one stated", "69<2n>,XXY"),
    ("triploidy with two sex chromosomes", "68,XX"),
    ("tetraploidy with two sex chromosomes", "90,XX"),
]


@pytest.mark.parametrize("text", [row[1] for row in DISAGREEING], ids=[row[0] for row in DISAGREEING])
def test_what_contradicts_itself_is_refused_at_the_clone(text):
    assert refused(f"{text}[20]").position == 0
    assert refused(f"46,XX[20]/{text}[20]").position == 10


def test_the_numbers_are_named():
    assert refused("47,XX[20]").problem == "47 chromosomes are stated, the sex chromosomes and abnormalities give 46"


@given(st.integers(1, 120), st.sampled_from(["X", "XX", "XY", "XXY", "XYY", "XXX", "XXXX", "XXYY"]))
def test_a_clone_without_changes_is_read_exactly_where_its_sets_are_complete(number, sex):
    complete = (number - len(sex)) == 44 or ((number - len(sex)) == 22 * len(sex))
    assert isinstance(read_karyotype(f"{number},{sex}[3]"), Karyotype) == complete


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("del(5)(q13)", 0),
        ("t(9;22)(q34;q11.2)", 0),
        ("rob(13;14)(q10;q10)", -1),
        ("+rob(13;14)(q10;q10)", 1),
        ("del(X)(q24)", 1),
        ("t(X;13)(q27;q12)", 1),
        ("dic(X;22)(q22;q13)", 0),
        ("+2mar", 2),
        ("dmin", 0),
        ("9qh+", 0),
    ],
)
def test_chromosomes_added(text, added, abnormality):
    assert chromosomes_added(abnormality(text)) == added


@pytest.mark.parametrize(
    ("text", "constitution", "sex"),
    [
        ("46,XX", "XX", "female"),
        ("46,XY", "XY", "male"),
        ("45,X", "X", ""),
        ("45,X,-X", "XX", "female"),
        ("45,X,-Y", "XY", "male"),
        ("46,X,del(X)(q24)", "XX", "female"),
        ("46,X,Yqh+", "XY", "male"),
        ("46,X,+mar", "X", ""),
        ("92,XXYY", "XXYY", "male"),
        ("46,XXYc,-X", "XXY", "male"),
    ],
)
def test_the_constitution_and_the_sex(text, constitution, sex):
    (clone,) = read(f"{text}[5]").clones
    assert (sex_constitution(clone), clone_sex(clone)) == (constitution, sex)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("46,XX", []),
        ("45,X,-Y", []),
        ("47,XX,+X", []),
        ("46,X,del(X)(q24)", []),
        ("45,X", [("sex chromosome loss", ())]),
        ("47,XXX", [("gain", ("X",))]),
        ("47,XXY", [("gain", ("X",))]),
        ("47,XYY", [("gain", ("Y",))]),
        ("49,XXXXY", [("gain", ("X",))] * 3),
        ("69,XXY", [("ploidy", ())]),
    ],
)
def test_changes_that_no_abnormality_names(text, wanted):
    (clone,) = read(f"{text}[5]").clones
    assert [(change.form.value, change.chromosomes) for change in implied_changes(clone)] == wanted
