"""Whatever the text: it is read or refused with a position inside it, and normal only where it truly is."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regenqc.karyotype import (
    Abnormality,
    Karyotype,
    NotUnderstood,
    Outcome,
    judge_karyotype,
    read_abnormality,
    read_karyotype,
    write_karyotype,
)

from .strategies import CHARACTERS, karyotypes, mutated_karyotypes

_BLANKS = re.compile("[ \t\u00a0\u2007\u2009\u202f\u3000]+")


def truly_normal(text: str) -> bool:
    """Say by other means than the grammar whether a text is one normal cell line and nothing else."""
    folded = _BLANKS.sub(" ", "".join(unicodedata.normalize("NFKC", character) for character in text)).strip(" ")
    banded, point, techniques = folded.replace("×", "x").partition(".")
    match = re.fullmatch(r"46(?:<2n>)?,(XX|XY)\[([1-9][0-9]{0,3})\]", banded)
    if match is None:
        return False
    copies = set(re.findall(r"x([0-9]+)", techniques))
    sexes = techniques.count("X") + techniques.count("Y") > 0
    return not point or copies <= {"2"} or (sexes and match[1] == "XY" and copies <= {"1", "2"})


def check(text: str) -> None:
    found = read_karyotype(text)
    if isinstance(found, NotUnderstood):
        assert 0 <= found.position <= len(text)
        assert found.problem
        assert found.expected not in {"a clone of the documented subset", "an abnormality of the documented subset"}
    else:
        assert read_karyotype(write_karyotype(found)) == found
    judgement = judge_karyotype(found, min_metaphases=1)
    assert judgement.explanation
    assert judgement.position is None or 0 <= judgement.position <= len(text)
    if judgement.outcome is Outcome.NORMAL:
        assert truly_normal(text), text
    if isinstance(found, NotUnderstood):
        assert judgement.outcome is Outcome.NOT_UNDERSTOOD


@given(st.text())
@example("46,XX[20]\x00")
@example("46,XX[20]/")
@example("４６，ＸＸ［２０］／４６，ＸＹ［１０］")
def test_any_text(text):
    check(text)


@given(st.text(alphabet=CHARACTERS, max_size=40))
def test_texts_of_the_characters_of_karyotypes(text):
    check(text)


@given(st.lists(st.sampled_from(["46", ",", "XX", "XY", "X", "[", "]", "20", "/", "+", "-", "8", "t", "(", ")", ";", "9", "22",
                                 "q34", "q11.2", "idem", "sl", "sdl1", "x2", "mos ", "chi ", "cp", "~", "<", "2n", ">", "der",
                                 "del", "inv", "p12", "q13", "mar", "c", ".", "ish", " ", "arr", "47", "45"]), max_size=25))  # fmt: skip
def test_texts_of_the_words_of_karyotypes(words):
    check("".join(words))


@given(mutated_karyotypes())
@settings(max_examples=400)
def test_a_damaged_karyotype(text):
    check(text)


@given(karyotypes())
def test_a_valid_karyotype_is_normal_exactly_where_it_was_made_so(valid):
    outcome = judge_karyotype(read_karyotype(valid.text), min_metaphases=1).outcome
    if valid.normal:
        assert outcome is (Outcome.COUNT_NOT_STATED if valid.metaphases is None else Outcome.NORMAL)
    elif outcome is Outcome.NORMAL:
        assert truly_normal(valid.text)


@given(karyotypes())
def test_a_karyotype_cut_off_anywhere_is_never_normal_by_mistake(valid):
    for end in range(len(valid.text)):
        check(valid.text[:end])


@given(karyotypes(), st.integers(0, 60))
def test_a_change_of_a_normal_clone_is_never_normal(valid, cells):
    if valid.normal and valid.metaphases is not None:
        text = f"{valid.text}/47,{valid.text[3:5]},+8[{cells}]"
        assert judge_karyotype(read_karyotype(text), min_metaphases=1).outcome in {
            Outcome.ABNORMAL_CLONE,
            Outcome.NON_CLONAL_FINDING,
            Outcome.NOT_UNDERSTOOD,
        }


@given(st.text(alphabet=CHARACTERS, max_size=25))
def test_any_single_abnormality(text):
    found = read_abnormality(text)
    if isinstance(found, NotUnderstood):
        assert 0 <= found.position <= len(text)
    else:
        assert isinstance(found, Abnormality)


@pytest.mark.parametrize("removed", range(9))
def test_no_character_of_a_normal_karyotype_can_be_left_out_unnoticed(removed):
    text = "46,XX[20]"
    shorter = text[:removed] + text[removed + 1 :]
    outcome = judge_karyotype(read_karyotype(shorter), min_metaphases=20).outcome
    assert outcome in {Outcome.NOT_UNDERSTOOD, Outcome.TOO_FEW_METAPHASES}


@pytest.mark.long
@given(mutated_karyotypes())
@settings(max_examples=30_000, deadline=None)
def test_thirty_thousand_damaged_karyotypes(text):
    check(text)


def test_every_refusal_is_of_the_public_kind():
    assert isinstance(read_karyotype("46,XX[20]"), Karyotype)
    assert isinstance(read_karyotype("46,XX[2"), NotUnderstood)
