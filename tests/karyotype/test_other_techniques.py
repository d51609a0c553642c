"""In situ hybridisation and arrays: recognised, and read as far as they state copies."""

import pytest

from regenqc.karyotype import Signal, read_karyotype
from regenqc.karyotype.model import Karyotype
from regenqc.karyotype.other_results import unexpected_signals

from .readings import read, refused

AUTOSOMES = tuple(str(number) for number in range(1, 23))


@pytest.mark.parametrize(
    ("text", "technique", "build", "signals"),
    [
        ("nuc ish(BCL2L1x2)[200]", "nuc ish", "", [Signal(2, probe="BCL2L1", scored=200)]),
        (
            "nuc ish 20q11.21(BCL2L1x3)[12/200]",
            "nuc ish",
            "",
            [Signal(3, ("20",), ("q11.21",), "BCL2L1", cells=12, scored=200)],
        ),
        ("nuc ish(ABL1,BCR)x2[400]", "nuc ish", "", [Signal(2, probe=name, scored=400) for name in ("ABL1", "BCR")]),
        (
            "nuc ish(D8Z2x3,D12Z3x2)[150]",
            "nuc ish",
            "",
            [Signal(3, probe="D8Z2", scored=150), Signal(2, probe="D12Z3", scored=150)],
        ),
        ("ish 22q11.2(HIRAx2)", "ish", "", [Signal(2, ("22",), ("q11.2",), "HIRA")]),
        ("arr(X,1-22)x2", "arr", "", [Signal(2, ("X", *AUTOSOMES))]),
        ("arr(1-22,X)x2", "arr", "", [Signal(2, (*AUTOSOMES, "X"))]),
        ("arr(X,Y)x1,(1-22)x2", "arr", "", [Signal(1, ("X", "Y")), Signal(2, AUTOSOMES)]),
        ("arr(1-22)x2,(XY)x1", "arr", "", [Signal(2, AUTOSOMES), Signal(1, ("X", "Y"))]),
        (
            "arr[GRCh38] 20q11.21(30,100,000_31,500,000)x3",
            "arr",
            "GRCh38",
            [Signal(3, ("20",), ("q11.21",), start=30_100_000, end=31_500_000)],
        ),
        (
            "arr[hg19] 4q32.2q35.1(163146681-183022312)×1",
            "arr",
            "hg19",
            [Signal(1, ("4",), ("q32.2", "q35.1"), start=163_146_681, end=183_022_312)],
        ),
    ],
)
def test_technique_build_regions_probes_and_copies(text, technique, build, signals):
    (found,) = read(text).other_techniques
    assert (found.technique, found.build, list(found.signals)) == (technique, build, signals)


def test_they_follow_a_banded_karyotype_after_a_point():
    found = read("46,XX[20].nuc ish(BCL2L1x2)[200].arr(X,1-22)x2")
    assert ([technique.technique for technique in found.other_techniques], found.metaphases) == (["nuc ish", "arr"], 20)


def test_alone_they_report_no_banded_metaphase():
    found = read("arr(X,1-22)x2")
    assert (found.clones, found.metaphases) == ((), 0)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("46,XX.ish del(22)(q11.2q11.2)(HIRA-)", 10),
        ("46,XX[20].ish", 13),
        ("46,XX[20].ishx", 9),
        ("46,XX[20].nuc ish(ABL1x2)(BCRx2)", 25),
        ("46,XX[20].nuc ish(ABL1)[200]", 18),
        ("nuc ish(ABL1,BCRx2)x2[400]", 8),
        ("nuc ish(BCL2L1x3)[201/200]", 18),
        ("nuc ish(BCL2L1x2~4)[200]", 7),
        ("nuc ish(BCL2L1x2)[0]", 17),
        ("nuc ish(BCL2L1x2)[200", 17),
        ("nuc ish 20q11.4(BCL2L1x2)[200]", 10),
        ("nuc ish 23q11(BCL2L1x2)[200]", 8),
        ("nuc ish[GRCh38](BCL2L1x2)", 0),
        ("arr(X,1-23)x2", 4),
        ("arr(1,1)x2", 4),
        ("arr(5-3)x2", 4),
        ("arr(1-22)x2~3", 3),
        ("arr[GRCh38] 20q11.21(31500000_30100000)x3", 21),
        ("arr[GRCh38] 20q11.21x2 hmz", 22),
        ("arr[GRCh38]20q11.21x3", 11),
        ("arr[GRCh38] 20q99x3", 14),
        ("arr[GRCh38] 20q11.21(30100000_31500000)x3[0.4]", 41),
        ("46,XX[20].rsa(X)x2", 9),
    ],
)
def test_what_else_they_can_say_is_refused_with_its_position(text, position):
    assert refused(text).position == position


@pytest.mark.parametrize("gene", ["PARK7", "arr", "fish", "CARR"])
def test_their_names_inside_other_words_begin_no_technique(gene):
    assert not isinstance(read_karyotype(f"46,XX,{gene}[20]"), Karyotype)


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("nuc ish(BCL2L1x2)[200]", "female"),
        ("nuc ish(D20Z1x2)[200]", "male"),
        ("nuc ish(DXZ1x2,DYZ3x0)[200]", "female"),
        ("nuc ish(DXZ1x1,DYZ3x1)[200]", "male"),
        ("ish 22q11.2(HIRAx2)", "male"),
        ("arr(X,1-22)x2", "female"),
        ("arr(X,Y)x1,(1-22)x2", "male"),
        ("arr[GRCh38] 20q11.21(30100000_31500000)x2", ""),
    ],
)
def test_normal_copies(text, sex):
    assert unexpected_signals(read(text).other_techniques, sex=sex) == ""


@pytest.mark.parametrize(
    ("text", "sex", "why"),
    [
        ("nuc ish(BCL2L1x3)[200]", "female", "nuc ish reports BCL2L1 in 3 copies in 200 of 200 cells, 2 are normal"),
        ("nuc ish(BCL2L1x3)[3/200]", "female", "nuc ish reports BCL2L1 in 3 copies in 3 of 200 cells, 2 are normal"),
        ("nuc ish(DXZ1x2)[200]", "male", "nuc ish reports DXZ1 in 2 copies in 200 of 200 cells, 1 are normal"),
        ("nuc ish(DXZ1x1)[200]", "", "nuc ish reports DXZ1 in 1 copies, and the sex of the cells is not known"),
        (
            "nuc ish(TP53x2)[200]",
            "female",
            "nuc ish reports TP53 in 2 copies, and on which chromosome the probe lies is not known",
        ),
        ("arr(X,1-22)x2", "male", "arr reports X,1-22 in 2 copies, 1 are normal"),
        ("arr[GRCh38] 20q11.21x3", "female", "arr reports 20q11.21 in 3 copies, 2 are normal"),
    ],
)
def test_other_copies_and_what_cannot_be_compared(text, sex, why):
    assert unexpected_signals(read(text).other_techniques, sex=sex) == why
