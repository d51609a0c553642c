"""Clones that refer to others, composites, mosaics and chimeras."""

import pytest

from .readings import clones_of, read, refused

STEM = "46,XX,t(8;21)(q22;q22)[12]"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param(
            "46,XX,t(9;22)(q34;q11.2)[3]/47,idem,+8[5]",
            (47, "XX", "t(9;22)(q34;q11.2),+8", 5),
            id="idem with a further gain",
        ),
        pytest.param(f"{STEM}/45,sl,-X[19]", (45, "X", "t(8;21)(q22;q22),-X", 19), id="the stemline without an X"),
        pytest.param(
            f"{STEM}/45,sl,-X[19]/46,sdl,+8[5]", (46, "X", "t(8;21)(q22;q22),-X,+8", 5), id="the only sideline"
        ),
        pytest.param(
            f"{STEM}/45,sl,-X[19]/46,sdl1,+8[5]/47,sdl2,+9[8]",
            (47, "X", "t(8;21)(q22;q22),-X,+8,+9", 8),
            id="the second sideline",
        ),
        pytest.param(f"{STEM}/92,idemx2[3]", (92, "XXXX", "t(8;21)(q22;q22)x2", 3), id="doubled"),
        pytest.param("47,XX,+8[12]/94,slx2[3]", (94, "XXXX", "+8,+8", 3), id="a gain doubled"),
        pytest.param("48,XX,+8,+10[5]/47,idem,-8[3]", (47, "XX", "+10", 3), id="a gain lost again"),
        pytest.param("47,XX,+mar[5]/46,idem,-mar[3]", None, id="a marker lost again"),
        pytest.param(
            "47,XX,+der(1)t(1;3)(p32;q21)[5]/46,idem,-der(1)t(1;3)(p32;q21),inv(9)(p12q13)[3]",
            (46, "XX", "inv(9)(p12q13)", 3),
            id="an additional derivative chromosome lost again",
        ),
        pytest.param("46,XXYc,-X[5]/47,idem,+8[3]", (47, "XXY", "-X,+8", 3), id="constitutional sex chromosomes"),
    ],
)
def test_a_reference_is_resolved_to_everything_the_clone_has(text, wanted):
    if wanted is None:
        refused(text)
    else:
        assert clones_of(text)[-1] == wanted


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("47,idem,+9[3]", 3),
        ("47,sl,+9[3]/46,XX[17]", 3),
        (f"{STEM}/46,sdl,+8[5]", 30),
        (f"{STEM}/47,idem,+8[5]/48,sdl2,+9[3]", 44),
        (f"{STEM}/47,sl,+8[5]/47,sl,+9[4]/48,sdl,+10[3]", 54),
        (f"{STEM}/46,idem,-der(8)t(8;21)(q22;q22),+8[5]", 30),
        (f"{STEM}/46,idem,+8[5]", 27),
        (f"{STEM}/47<2n>,idem,+8[5]", 29),
        ("46~47,XX,+8[3],-7[1][cp5]/48,idem,+9,+10[2]", 29),
        (f"{STEM}/46,idem[5]", 27),
        (f"{STEM}/47,idem,+8x2[5]", 37),
        (f"{STEM}/47,idemx,+8[5]", 30),
    ],
)
def test_a_reference_that_leads_nowhere_or_disagrees_is_refused(text, position):
    assert refused(text).position == position


def test_breakpoints_of_the_clone_referred_to_are_not_repeated():
    text = "46,XY,t(9;22)(q34;q11.2)[5]/47,idem,+der(22)t(9;22)[3]"
    assert clones_of(text)[1] == (47, "XY", "t(9;22)(q34;q11.2),+der(22)t(9;22)", 3)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("45~48,XX,del(3)(p11)[2],-5[4],+8[2],+11[3][cp7]", id="a range with all counts"),
        pytest.param("45~47,XX,-5,+8[cp7]", id="without counts of abnormalities"),
        pytest.param("46,XX,del(5)(q13)[3],inv(9)(p12q13)[4][cp7]", id="one number of chromosomes"),
        pytest.param("46~48,XY,+8[3],+8[1][cp5]", id="a gain twice in some of the cells"),
        pytest.param("46~47,XX,+8[3],-7[1][cp5]/46,XX[15]", id="beside a normal clone"),
    ],
)
def test_a_composite_counts_its_cells_once(text):
    composite = read(text).clones[0]
    assert composite.notation.composite
    assert composite.cells in {5, 7}


def test_the_cells_of_each_abnormality_of_a_composite_are_kept():
    assert read("45~47,XX,-5[4],+8[cp7]").clones[0].notation.cells_of == (4, None)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        pytest.param("46,XX[cp20]", 5, id="nothing but normal cells"),
        pytest.param("45~49,XX,-5[4],+8[2][cp7]", 0, id="a range that no cell can have"),
        pytest.param("46~47,XX,-5[7],+8[1][cp7]", 0, id="a sum that the range cannot give"),
        pytest.param("46,XX,+8[2],-7[3][cp5]", 0, id="one number that the cells cannot all have"),
        pytest.param("47~47,XX,+8[5][cp5]", 0, id="a range of one number"),
        pytest.param("46~47,XX,+8[8],-7[1][cp7]", 12, id="more cells than the composite has"),
        pytest.param("46~47,XXY,+8[2],-7[1][cp7]", 6, id="other sex chromosomes"),
        pytest.param("46~47,XX,del(X)(q24)[2],+7[1][cp7]", 0, id="a rearranged sex chromosome"),
        pytest.param("45~47,XX,-5[4],+99[2][cp7]", 16, id="an unknown chromosome"),
        pytest.param("46~47,XX,+8[3],-7[1]", 2, id="a range without composite"),
        pytest.param("46,XX,+8[3],-7[1]", 11, id="counts of abnormalities without composite"),
        pytest.param("46~47,XX,+8[3],-7[1][cp0]", 23, id="a composite of no cell"),
    ],
)
def test_a_composite_that_contradicts_itself_is_refused(text, position):
    assert refused(text).position == position


def test_metaphases_of_a_composite_are_its_cells():
    assert read("46~47,XX,+8[3],-7[1][cp5]/46,XX[15]").metaphases == 20


def test_origin_is_kept():
    assert [read(text).origin for text in ("46,XX[20]", "mos 45,X[1]/46,XX[2]", "chi 46,XX[1]/46,XY[2]")] == [
        "",
        "mos",
        "chi",
    ]


def test_clones_that_list_the_same_changes_in_another_order_are_the_same():
    assert refused("48,XX,+8,+12[5]/48,XX,+12,+8[3]").position == 16
