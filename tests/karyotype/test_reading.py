"""What is read of a karyotype: cell lines, their sex chromosomes, abnormalities and counts."""

import pytest

from regenqc.karyotype import Form

from .readings import clones_of, read


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("46,XX[20]", [(46, "XX", "", 20)], id="a normal female karyotype"),
        pytest.param("46,XY[1]", [(46, "XY", "", 1)], id="a normal male karyotype"),
        pytest.param("46,XX", [(46, "XX", "", None)], id="without count"),
        pytest.param("46,XX[9999]", [(46, "XX", "", 9999)], id="the largest count"),
        pytest.param("46<2n>,XX[20]", [(46, "XX", "", 20)], id="the ploidy stated"),
        pytest.param("mos 45,X[10]/46,XX[20]", [(45, "X", "", 10), (46, "XX", "", 20)], id="a mosaic"),
        pytest.param("chi 46,XX[25]/46,XY[10]", [(46, "XX", "", 25), (46, "XY", "", 10)], id="a chimera"),
        pytest.param("47,XXY[20]", [(47, "XXY", "", 20)], id="other sex chromosomes"),
        pytest.param(
            "47,XX,+12[3]/46,XX[17]", [(47, "XX", "+12", 3), (46, "XX", "", 17)], id="a clone beside a normal one"
        ),
        pytest.param(
            "48,XY,+8,+12,t(9;22)(q34;q11.2)[20]",
            [(48, "XY", "+8,+12,t(9;22)(q34;q11.2)", 20)],
            id="several abnormalities",
        ),
    ],
)
def test_clones(text, wanted):
    assert clones_of(text) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        pytest.param("  46,XX[20] ", "46,XX[20]", id="blanks around"),
        pytest.param("４６，ＸＸ［２０］", "46,XX[20]", id="full-width forms"),
        pytest.param("45,X,–Y[3]", "45,X,-Y[3]", id="the dash that ISCN prints for a loss"),
        pytest.param("45,X,−Y[3]", "45,X,-Y[3]", id="the minus sign"),
        pytest.param("46,XX,del(6)(q13q23)×2[4]", "46,XX,del(6)(q13q23)x2[4]", id="the multiplication sign"),
        pytest.param("mos  45,X[10]/46,XX[20]", "mos 45,X[10]/46,XX[20]", id="two blanks after mos"),
    ],
)
def test_differences_that_carry_no_meaning(written, wanted):
    assert read(written) == read(wanted)


ABNORMALITIES = [
    ("+8", Form.GAIN, ("8",), ()),
    ("-X", Form.LOSS, ("X",), ()),
    ("add(17)(q25)", Form.ADDITION, ("17",), (("q25",),)),
    ("del(5)(q13)", Form.DELETION, ("5",), (("q13",),)),
    ("del(5)(q13q33)", Form.DELETION, ("5",), (("q13", "q33"),)),
    ("dup(20)(q11.21q11.21)", Form.DUPLICATION, ("20",), (("q11.21", "q11.21"),)),
    ("dup(1)(q42q21)", Form.DUPLICATION, ("1",), (("q42", "q21"),)),
    ("trp(1)(q21q32)", Form.TRIPLICATION, ("1",), (("q21", "q32"),)),
    ("qdp(1)(q23q32)", Form.QUADRUPLICATION, ("1",), (("q23", "q32"),)),
    ("inv(9)(p12q13)", Form.INVERSION, ("9",), (("p12", "q13"),)),
    ("ins(2)(p13q21q31)", Form.INSERTION, ("2",), (("p13", "q21", "q31"),)),
    ("ins(5;2)(p14;q22q32)", Form.INSERTION, ("5", "2"), (("p14",), ("q22", "q32"))),
    ("t(9;22)(q34;q11.2)", Form.TRANSLOCATION, ("9", "22"), (("q34",), ("q11.2",))),
    ("t(2;7;5)(p21;q22;q23)", Form.TRANSLOCATION, ("2", "7", "5"), (("p21",), ("q22",), ("q23",))),
    ("i(20)(q10)", Form.ISOCHROMOSOME, ("20",), (("q10",),)),
    ("idic(Y)(q11.2)", Form.ISODICENTRIC, ("Y",), (("q11.2",),)),
    ("psu idic(X)(q21)", Form.PSEUDO_ISODICENTRIC, ("X",), (("q21",),)),
    ("dic(13;15)(q22;q24)", Form.DICENTRIC, ("13", "15"), (("q22",), ("q24",))),
    ("psu dic(15;13)(q12;q12)", Form.PSEUDO_DICENTRIC, ("15", "13"), (("q12",), ("q12",))),
    ("rob(13;14)(q10;q10)", Form.ROBERTSONIAN, ("13", "14"), (("q10",), ("q10",))),
    ("tas(12;13)(q24.3;q34)", Form.TELOMERE_FUSION, ("12", "13"), (("q24.3",), ("q34",))),
    ("der(1;7)(q10;p10)", Form.DERIVATIVE, ("1", "7"), (("q10",), ("p10",))),
    ("r(7)", Form.RING, ("7",), ()),
    ("r(7)(p22q36)", Form.RING, ("7",), (("p22", "q36"),)),
    ("r(1;3)(p36.1q23;q21q27)", Form.RING, ("1", "3"), (("p36.1", "q23"), ("q21", "q27"))),
    ("hsr(1)(p22)", Form.HOMOGENEOUS_STAINING, ("1",), (("p22",),)),
    ("fra(X)(q27.3)", Form.FRAGILE_SITE, ("X",), (("q27.3",),)),
    ("+mar", Form.MARKER, (), ()),
    ("+r", Form.RING, (), ()),
    ("dmin", Form.DOUBLE_MINUTE, (), ()),
    ("9qh+", Form.HETEROMORPHISM, ("9",), ()),
]


@pytest.mark.parametrize(
    ("text", "form", "chromosomes", "breakpoints"), ABNORMALITIES, ids=[row[0] for row in ABNORMALITIES]
)
def test_an_abnormality(text, form, chromosomes, breakpoints, abnormality):
    found = abnormality(text)
    assert (found.form, found.chromosomes, found.breakpoints) == (form, chromosomes, breakpoints)


@pytest.mark.parametrize(
    ("text", "sign", "copies", "note"),
    [
        ("+der(22)t(9;22)(q34;q11.2)", "+", 1, ""),
        ("+der(22)t(9;22)(q34;q11.2)x2", "+", 2, ""),
        ("+2mar", "+", 2, ""),
        ("+mar1x3", "+", 3, ""),
        ("del(6)(q13q23)x2", "", 2, ""),
        ("+21c", "+", 1, "c"),
        ("t(11;22)(q23;q11.2)c", "", 1, "c"),
        ("inv(14)(q12q31)pat", "", 1, "pat"),
        ("t(5;6)(q34;q23)mat", "", 1, "mat"),
        ("del(15)(q11.2q13)dn", "", 1, "dn"),
    ],
)
def test_sign_copies_and_note(text, sign, copies, note, abnormality):
    found = abnormality(text)
    assert (found.sign, found.copies, found.note, found.constitutional) == (sign, copies, note, note != "")


def test_a_derivative_chromosome_has_its_rearrangements_in_order(abnormality):
    found = abnormality("der(1)t(1;3)(p32;q21)t(1;11)(q25;q13)")
    assert [(part.form.value, part.chromosomes) for part in found.parts] == [("t", ("1", "3")), ("t", ("1", "11"))]


def test_an_isoderivative_chromosome_names_its_arm(abnormality):
    found = abnormality("ider(22)(q10)t(9;22)(q34;q11.2)")
    assert (found.form, found.breakpoints, len(found.parts)) == (Form.ISODERIVATIVE, (("q10",),), 1)


def test_breakpoints_that_stand_before_are_not_repeated_in_a_derivative_chromosome():
    (clone,) = read("47,XY,t(9;22)(q34;q11.2),+der(22)t(9;22)[5]").clones
    assert clone.abnormalities[1].parts[0].breakpoints == ()


def test_numbered_markers_differ(abnormality):
    assert abnormality("+mar1") != abnormality("+mar2")


def test_metaphases_are_the_sum_over_all_clones():
    assert read("47,XX,+12[3]/47,XX,+8[2]/46,XX[15]").metaphases == 20


def test_metaphases_are_unknown_where_one_count_is_missing():
    assert read("47,XX,+12[3]/46,XX").metaphases is None


def test_the_reported_text_is_kept():
    assert read(" 46,XX[20]").text == " 46,XX[20]"


def test_a_long_karyotype_of_repeated_changes_is_read():
    gains = ",".join(f"+{number}" for number in range(1, 23))
    assert len(read(f"68,XX,{gains}[20]").clones[0].abnormalities) == 22
