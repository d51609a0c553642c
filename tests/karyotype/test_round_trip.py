"""Valid karyotypes are read, and what was read is written and read again."""

import itertools

import pytest
from hypothesis import given

from regenqc.karyotype import read_abnormality, read_karyotype, write_abnormality, write_karyotype
from regenqc.karyotype.model import Karyotype

from .readings import read
from .strategies import karyotypes
from .test_arithmetic import AGREEING
from .test_reading import ABNORMALITIES
from .valid_karyotypes import valid_karyotypes


@given(karyotypes())
def test_a_valid_karyotype_is_read_with_its_clones_and_metaphases(valid):
    found = read(valid.text)
    assert (len(found.clones), found.metaphases) == (valid.clones, valid.metaphases)


@given(karyotypes())
def test_what_was_read_is_written_and_read_again(valid):
    found = read(valid.text)
    assert read_karyotype(write_karyotype(found)) == found


@given(karyotypes())
def test_writing_twice_writes_the_same(valid):
    written = write_karyotype(read(valid.text))
    assert write_karyotype(read(written)) == written


@given(karyotypes())
def test_a_banded_karyotype_is_written_as_it_was_reported(valid):
    if "arr" not in valid.text:
        assert write_karyotype(read(valid.text)) == valid.text


@given(karyotypes())
def test_blanks_around_change_nothing(valid):
    assert read_karyotype(f"  {valid.text}　") == read_karyotype(valid.text)


@given(karyotypes())
def test_without_its_counts_a_karyotype_has_no_number_of_metaphases(valid):
    if "cp" in valid.text or "." in valid.text.partition("]")[2]:
        return
    without = "".join(part.partition("]")[2] if "]" in part else part for part in valid.text.split("["))
    found = read_karyotype(without)
    assert isinstance(found, Karyotype)
    assert found.metaphases is None


@pytest.mark.parametrize("text", [row[0] for row in ABNORMALITIES])
def test_an_abnormality_is_written_as_it_was_read(text, abnormality):
    assert write_abnormality(abnormality(text)) == text


@pytest.mark.parametrize("text", [row[1] for row in AGREEING])
def test_every_printed_form_is_written_as_it_was_read(text):
    assert write_karyotype(read(f"{text}[20]")) == f"{text}[20]"


def test_ten_thousand_seeded_karyotypes_are_all_read():
    valid = list(itertools.islice(valid_karyotypes(seed=20), 10_000))
    assert [entry.text for entry in valid if not isinstance(read_karyotype(entry.text), Karyotype)] == []
    assert len({entry.text for entry in valid}) > 6000


def test_the_seed_decides():
    first, again, other = (
        [entry.text for entry in itertools.islice(valid_karyotypes(seed=seed), 50)] for seed in (1, 1, 2)
    )
    assert first == again != other


@given(karyotypes())
def test_abnormalities_mean_the_same_alone(valid):
    for clone in read(valid.text).clones:
        for change in clone.abnormalities:
            assert read_abnormality(write_abnormality(change)) == change
