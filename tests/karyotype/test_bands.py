"""Chromosomes and bands: every band of the 850-band level and coarser, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.karyotype.bands import AUTOSOMES, BAND_ORDER, BAND_SPANS, CHROMOSOMES, ONE_BAND, arm_span, split_bands

EVERY_BAND = [(chromosome, band) for chromosome, bands in BAND_ORDER.items() for band in bands]


def test_there_are_24_chromosomes_and_862_bands():
    # UCSC Genome Browser, cytoBand of hg19 and hg38.
    assert (len(CHROMOSOMES), len(EVERY_BAND)) == (24, 862)


def test_the_bands_of_an_arm_count_away_from_the_centromere():
    for chromosome, bands in BAND_ORDER.items():
        arms = {arm: [band[1:] for band in bands if band[0] == arm] for arm in "pq"}
        assert arms["p"] == sorted(arms["p"], reverse=True), chromosome
        assert arms["q"] == sorted(arms["q"]), chromosome
        assert [band[0] for band in bands] == ["p"] * len(arms["p"]) + ["q"] * len(arms["q"])


def test_no_band_is_part_of_another_in_the_finest_level():
    for chromosome, bands in BAND_ORDER.items():
        assert not [(one, other) for one in bands for other in bands if one != other and other.startswith(f"{one}.")], (
            chromosome
        )


@pytest.mark.parametrize(
    ("chromosome", "band"),
    [
        ("9", "q34"),
        ("22", "q11.2"),
        ("20", "q11.21"),
        ("1", "p36.33"),
        ("5", "q13"),
        ("X", "q27.3"),
        ("Y", "q12"),
        ("17", "q25"),
        ("8", "p10"),
        ("13", "q10"),
        ("14", "q32.3"),
        ("11", "q23"),
    ],
)
def test_a_band_of_any_level_is_known(chromosome, band):
    assert band in BAND_SPANS[chromosome]


@pytest.mark.parametrize(
    ("chromosome", "band"),
    [
        ("9", "q35"),
        ("9", "q"),
        ("9", "q3"),
        ("9", "34"),
        ("21", "p14"),
        ("Y", "q13"),
        ("5", "q13.11"),
        ("20", "q11.4"),
        ("9", "q34."),
        ("9", "Q34"),
        ("9", "qter"),
        ("9", "p0"),
    ],
)
def test_a_band_that_does_not_exist_is_unknown(chromosome, band):
    assert band not in BAND_SPANS[chromosome]


def test_a_coarse_band_spans_exactly_its_sub_bands():
    first, last = BAND_SPANS["22"]["q11.2"]
    assert BAND_ORDER["22"][first : last + 1] == ("q11.21", "q11.22", "q11.23")


@given(st.sampled_from(EVERY_BAND))
def test_every_shortening_of_a_band_contains_it(found):
    chromosome, band = found
    place = BAND_ORDER[chromosome].index(band)
    whole, _, digits = band.partition(".")
    for name in (whole, *(f"{whole}.{digits[:end]}" for end in range(1, len(digits) + 1))):
        first, last = BAND_SPANS[chromosome][name]
        assert first <= place <= last


@pytest.mark.parametrize("chromosome", [*AUTOSOMES, "X", "Y"])
def test_the_arms_meet_and_fill_the_chromosome(chromosome):
    short, long = arm_span(chromosome, "p"), arm_span(chromosome, "q")
    assert (short[0], short[1] + 1, long[1]) == (0, long[0], len(BAND_ORDER[chromosome]) - 1)


@given(st.lists(st.sampled_from(["p11", "q13", "q11.2", "p36.33"]), min_size=1, max_size=3))
def test_bands_beside_each_other_are_told_apart(bands):
    assert split_bands("".join(bands), {band: (band,) for band in bands}) == tuple(bands)


@given(st.text(alphabet="pq0123456789.;", max_size=12))
def test_what_is_split_is_the_whole_text(text):
    found = split_bands(text, ONE_BAND["1"])
    if found:
        assert "".join(found) == text
        assert ONE_BAND["1"].keys() >= set(found)
