"""Which changes are those that pluripotent stem cells acquire again and again."""

import pytest

from regenqc.karyotype import RECURRENT_CHANGES, recurrent_changes
from regenqc.karyotype.bands import BAND_ORDER
from regenqc.karyotype.recurrent import gained_segments

RECURRENT = [
    ("+1", ["1q"]),
    ("+8", ["8"]),
    ("+12", ["12"]),
    ("+17", ["17q"]),
    ("+20", ["20q11.21"]),
    ("+X", ["X"]),
    ("dup(1)(q21q42)", ["1q"]),
    ("dup(1)(q42q21)", ["1q"]),
    ("dup(1)(p13q21)", ["1q"]),
    ("trp(1)(q21q32)", ["1q"]),
    ("dup(20)(q11.21q11.21)", ["20q11.21"]),
    ("dup(20)(q11.2q11.2)", ["20q11.21"]),
    ("dup(20)(p13q13.3)", ["20q11.21"]),
    ("i(20)(q10)", ["20q11.21"]),
    ("i(12)(p10)", ["12"]),
    ("+i(12)(p10)", ["12"]),
    ("i(17)(q10)", ["17q"]),
    ("i(1)(q10)", ["1q"]),
    ("i(X)(q10)", ["X"]),
    ("idic(20)(p11.2)", ["20q11.21"]),
    ("der(5)t(5;17)(p15;q21)", ["17q"]),
    ("der(18)t(1;18)(q21;q23)", ["1q"]),
    ("der(1)t(1;17)(p36;q11.2)", ["17q"]),
    ("+der(1)t(1;7)(p12;q11)", ["1q"]),
    ("+der(1;7)(q10;p10)", ["1q"]),
    ("+der(8)t(8;9)(q24;p13)", ["8"]),
    ("+del(12)(q13)", ["12"]),
    ("+add(17)(q25)", ["17q"]),
    ("+inv(12)(p11q13)", ["12"]),
    ("+r(20)(p11q13)", ["20q11.21"]),
    ("+dic(12;14)(q24;p11)", ["12"]),
    ("ider(17)(q10)t(5;17)(q35;q25)", ["17q"]),
    ("der(3)ins(3;1)(p21;q21q32)", ["1q"]),
    ("der(3)dup(3)(q21q26)t(3;12)(p25;p13)", ["12"]),
    ("+8c", ["8"]),
]
OTHER = [
    "+21", "-8", "-X", "+9", "t(8;12)(q24;p13)", "inv(1)(q21q32)", "del(1)(q21)", "del(12)(p13)", "add(17)(q25)", "add(1)(q44)",
    "dup(1)(p13p22)", "i(1)(p10)", "i(17)(p10)", "dup(17)(p11.2p12)", "dup(20)(q13.1q13.3)", "i(20)(p10)", "idic(20)(q13.3)x2",
    "der(1)t(1;3)(q21;q21)", "der(17)t(3;17)(q21;q25)", "+mar", "dmin", "hsr(8)(q24)", "rob(13;14)(q10;q10)", "r(8)", "1qh+", "+Y",
    "+i(1)(p10)", "+der(1;7)(p10;q10)", "fra(X)(q27.3)", "der(22)t(9;22)(q34;q11.2)",
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), RECURRENT, ids=[row[0] for row in RECURRENT])
def test_a_gain_of_the_region_is_recurrent(text, wanted, abnormality):
    assert list(recurrent_changes(abnormality(text))) == wanted


@pytest.mark.parametrize("text", [text for text in OTHER if text != "idic(20)(q13.3)x2"])
def test_losses_balanced_changes_and_unknown_material_are_not(text, abnormality):
    assert recurrent_changes(abnormality(text)) == ()


def test_the_changes_are_those_of_the_published_list():
    assert RECURRENT_CHANGES == ("1q", "8", "12", "17q", "20q11.21", "X")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("der(5)t(5;17)(p15;q21)", [("17", "q21.1", "q25.3")]),
        ("der(5)t(5;17)(p15;p12)", [("17", "p13.3", "p12")]),
        ("+del(12)(q13)", [("12", "p13.33", "q13.3")]),
        ("+del(12)(p12)", [("12", "p12.3", "q24.33")]),
        ("idic(Y)(q11.2)", [("Y", "p11.32", "q11.23")]),
        ("+der(22)t(9;22)(q34;q11.2)", [("22", "p13", "q11.23"), ("9", "q34.11", "q34.3")]),
    ],
)
def test_the_gained_segments_end_at_the_breakpoints(text, wanted, abnormality):
    found = gained_segments(abnormality(text))
    assert [(name, BAND_ORDER[name][first], BAND_ORDER[name][last]) for name, first, last in found] == wanted
