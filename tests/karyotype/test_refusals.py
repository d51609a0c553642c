"""What is not understood is refused, with the position where it stops being so."""

import pytest

from regenqc.karyotype import NotUnderstood, read_abnormality

from .readings import refused

REFUSALS = [
    # the number and the sex chromosomes
    ("", 0, "the number of chromosomes"),
    ("normal", 0, "the number of chromosomes"),
    ("XX,46[20]", 0, "the number of chromosomes"),
    ("046,XX[20]", 0, "the number of chromosomes"),
    ("4646,XX[20]", 0, "the number of chromosomes"),
    ("46", 2, "',' and the sex chromosomes"),
    ("46;XX[20]", 2, "',' and the sex chromosomes"),
    ("46,", 3, "the sex chromosomes, or idem, sl or sdl"),
    ("46, XX[20]", 3, "the sex chromosomes, or idem, sl or sdl"),
    ("46,xx[20]", 3, "the sex chromosomes, or idem, sl or sdl"),
    ("46,t(X;Y)(q22;q11.2)[3]", 3, "the sex chromosomes, or idem, sl or sdl"),
    ("46,XQ,+21", 4, "X, Y, ',' or '['"),
    ("46,YX", 4, "the X chromosomes first"),
    ("46,XX [20]", 5, "X, Y, ',' or '['"),
    ("46,XX+8[20]", 5, "X, Y, ',' or '['"),
    ("46<9n>,XX[20]", 2, "<1n> to <8n>"),
    ("45~47,XX[20]", 2, "one number, or [cp10]"),
    # the count
    ("46,XX[]", 6, "a number of cells from 1 to 9999"),
    ("46,XX[0]", 6, "a number of cells from 1 to 9999"),
    ("46,XX[020]", 6, "a number of cells from 1 to 9999"),
    ("46,XX[20.0]", 8, "']'"),
    ("46,XX[²0]", 6, "a number of cells from 1 to 9999"),
    ("46,XX[٢٠]", 6, "a number of cells from 1 to 9999"),
    ("46,XX[2O]", 7, "']'"),
    ("46,XX[10000]", 6, "a number of cells from 1 to 9999"),
    ("46,XX[20", 8, "']'"),
    ("47,XX,+21[20", 12, "']'"),
    ("46,XY,t(9;22)(q34;q11.2)[0]", 25, "a number of cells from 1 to 9999"),
    ("46,XX[20]]", 9, "'/' and another clone, or the end"),
    ("46,XX[20][20]", 9, "'/' and another clone, or the end"),
    ("46,XX[20]c", 9, "'/' and another clone, or the end"),
    ("46,XX[20] normal", 9, "'/' and another clone, or the end"),
    ("46,XX[20]\n47,XX,+8[5]", 9, "'/' and another clone, or the end"),
    ("46,XX[20]/", 10, "the number of chromosomes"),
    ("46,XX[10]//46,XY[10]", 10, "the number of chromosomes"),
    # abnormalities
    ("46,XX,[20]", 6, "a chromosome or an abnormality"),
    ("47,XX,+21,[20]", 10, "a chromosome or an abnormality"),
    ("47,XX,21[20]", 6, "'+' or '-' before it"),
    ("47,XX,+23[20]", 7, "a chromosome: 1 to 22, X or Y"),
    ("46,XY,-2-21", 8, "',', '/', '[' or the end"),
    ("46,XX,del(99)(p15)", 10, "a chromosome: 1 to 22, X or Y"),
    ("46,XX,del(5)(q99)[3]", 13, "a band of the 850-band level or coarser"),
    ("46,XX,del(5)(q13.4)[3]", 13, "a band of the 850-band level or coarser"),
    ("46,XX,del(5)(s13)[3]", 13, "a band of chromosome 5, e.g. q11.2"),
    ("46,XX,del(5)[3]", 12, "'(' and bands: one chromosome and one band, or two of one arm"),
    ("46,XX,del(5)(p13q31)[3]", 13, "one chromosome and one band, or two of one arm"),
    ("46,XY,inv(9)(p11)", 16, "one chromosome and the two bands where the segment begins and ends"),
    ("46,XX,dup(20)(q11.21)[5]", 20, "one chromosome and the two bands where the segment begins and ends"),
    ("46,XY,t(9,22)(q34;q11.2)", 9, "';' or ')'"),
    ("46,XY,t(9;22)(q34,q11.2)", 17, "';', ')' or another band"),
    ("46,XY,t(9;22)(q34)[5]", 17, "';' and its band"),
    ("46,XY,t(9;22)(q34;q11.2;q12)[5]", 23, "')'"),
    ("46,XY,t(9;22)(q34;q11.2[5]", 23, "';', ')' or another band"),
    ("46,XY,t(9;22[5]", 12, "';' or ')'"),
    ("46,XY,t(22;9)(q11.2;q34)[5]", 8, "X and Y first, then the lower number"),
    ("46,XX,i(17)(q21)[5]", 12, "one chromosome and p10 or q10"),
    ("45,XX,rob(1;14)(q10;q10)[5]", 10, None),
    ("46,XX,foo(5)(q13)[3]", 6, None),
    ("46,XX,INV(9)(p12q13)[20]", 6, None),
    ("46,XX,8qh+[20]", 7, "for example 9qh+ or 21ps-"),
    ("46,XX,9qh[20]", 7, "for example 9qh+ or 21ps-"),
    ("47,XX,mar[5]", 6, "+mar"),
    ("47,XX,+marx2[5]", 7, None),
    ("46,XX,der(5)[3]", 12, "its rearrangements, e.g. t(9;22)"),
    ("46,XX,der(5)t(9;22)(q34;q11.2)[3]", 12, "a rearrangement of the chromosome named"),
    ("47,XY,+der(22)t(9;22)[5]", 14, "its bands, here or before"),
    ("46,XX,-del(5)(q13)[3]", 6, "a loss such as -7"),
    ("46,XX,inc[3]", 6, None),
    # what the laboratory itself leaves open
    ("46,XX,?del(5)(q13)[2]", 6, "an abnormality without '?'"),
    ("46,XX,del(5)(q?13)[2]", 14, "an abnormality without '?'"),
    ("47,XX,+?8[2]", 7, "an abnormality without '?'"),
    # other clones
    ("47,idem,+9", 3, "a clone stated before, or the clone in full"),
    ("mos 46,XX[20]", 13, "'/' and another cell line"),
    ("mos46,XX[20]", 0, "the number of chromosomes"),
    ("46,XX[20]/46,XX[5]", 10, "clones that differ"),
    ("47,XX,+8[5]/47,XX,+8[3]/46,XX[12]", 12, "clones that differ"),
]


@pytest.mark.parametrize(("text", "position", "expected"), REFUSALS, ids=[repr(row[0]) for row in REFUSALS])
def test_the_position_and_what_was_expected_there(text, position, expected):
    found = refused(text)
    assert found.position == position
    if expected is not None:
        assert found.expected == expected


@pytest.mark.parametrize("text", [row[0] for row in REFUSALS], ids=repr)
def test_every_refusal_says_in_one_line_what_is_wrong(text):
    found = refused(text)
    assert found.problem
    assert found.expected
    assert "\n" not in found.problem + found.expected


def test_the_position_is_that_in_the_text_as_reported():
    assert refused("   46,XQ[20]").position == 7
    assert refused("mos   45,X[10]/46,XQ[20]").position == 19
    assert refused("４６，ＸＱ［２０］").position == 4


def test_what_is_missing_at_the_end_is_missing_behind_the_last_character():
    assert refused("46,XX[20  ").position == 8


def test_a_very_long_text_is_refused():
    assert refused("46,XX" + ",+8" * 4000).position == 10_000


@pytest.mark.parametrize("text", ["46,XX[20]" + "(" * 5000, "46,XX," + "+8," * 3000, "t(" * 4000, "," * 9000])
def test_a_hostile_text_is_refused_without_delay(text):
    assert refused(text).expected


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 0), ("+", 1), ("inv(9)(p11)", 10), ("-del(5)(q13)", 0), ("8", 0), ("inv(9)(p12q13)?", 14), ("+8,+9", 2)],
)
def test_a_single_abnormality_is_refused_with_its_position(text, position):
    found = read_abnormality(text)
    assert isinstance(found, NotUnderstood)
    assert found.position == position
