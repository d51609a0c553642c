"""What is read of a karyotype: the normal one with its count; everything else is not understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.karyotype import read_karyotype


@pytest.mark.parametrize(
    ("text", "sex", "metaphases"),
    [
        ("46,XX[20]", "female", 20),
        ("46,XY[1]", "male", 1),
        ("46,XX[1000]", "female", 1000),
        (" 46,XY[30] ", "male", 30),
        ("４６，ＸＸ［２０］", "female", 20),
    ],
)
def test_a_normal_karyotype_is_read(text, sex, metaphases):
    reading = read_karyotype(text)
    assert (reading.understood, reading.sex, reading.metaphases, reading.problem) == (True, sex, metaphases, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "46,XX",
        "46,XX[]",
        "46,XX[0]",
        "46,XX[020]",
        "46,XX[20.0]",
        "46,XX[20",
        "46,XX[20]]",
        "46,XX[20][20]",
        "46,XX[20]/46,XY[20]",
        "46,XX[18]/47,XX,+12[2]",
        "47,XX[20]",
        "45,X[20]",
        "46,X[20]",
        "46,XXY[20]",
        "47,XXY[20]",
        "46,YY[20]",
        "46,XX,[20]",
        "46,XX,+12[20]",
        "46,XX,del(5)(q13q33)[20]",
        "46,XX,inv(9)(p12q13)[20]",
        "46,xx[20]",
        "46;XX[20]",
        "46, XX[20]",
        "46,XX [20]",
        "46,XX[cp20]",
        "46,XX[20]c",
        "mos 46,XX[20]",
        "normal female karyotype",
        "46,XX[20]\n47,XX,+8[5]",
        "46,XX[²0]",
        "46,XX[٢٠]",
    ],
)
def test_anything_else_is_not_understood_and_says_why(text):
    reading = read_karyotype(text)
    assert not reading.understood
    assert (reading.sex, reading.metaphases) == ("", 0)
    assert reading.problem


def test_a_missing_count_is_named():
    assert read_karyotype("46,XX").problem == "the number of metaphases is not stated"


def test_a_variant_is_normal_only_where_it_is_allowed_exactly():
    allow = ("inv(9)(p12q13)",)
    assert read_karyotype("46,XX,inv(9)(p12q13)[20]", allow=allow).understood
    for text in (
        "46,XX,inv(9)(p11q13)[20]",
        "46,XX,inv(9)(p12q13),+8[20]",
        "46,XX,inv(9)(p12q13)?[20]",
        "46,XX,INV(9)(p12q13)[20]",
    ):
        assert not read_karyotype(text, allow=allow).understood


@given(st.text(alphabet="46,XY[]120/+inv()pq? ", max_size=25))
def test_nothing_that_is_understood_is_abnormal(text):
    reading = read_karyotype(text)
    if reading.understood:
        assert text.strip().replace(" ", "") == f"46,{'XX' if reading.sex == 'female' else 'XY'}[{reading.metaphases}]"


@given(st.text())
def test_no_text_raises(text):
    assert read_karyotype(text).understood in {True, False}
