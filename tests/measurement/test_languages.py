"""The words of other languages: each is of the vocabulary, of one meaning, in every writing of its letters."""

from __future__ import annotations

import unicodedata

import pytest

from regenqc.measurement.languages import TRANSLATED_WORDS
from regenqc.measurement.reported import Form, read_reported, word_key
from regenqc.vocabulary import RESULT_WORDS

WORDS = [
    (language, text, word)
    for language, vocabulary in TRANSLATED_WORDS.items()
    for word, texts in vocabulary.items()
    for text in texts
]


@pytest.mark.parametrize(
    ("language", "text", "word"), WORDS, ids=[f"{language}: {text}" for language, text, _ in WORDS]
)
def test_a_word_is_read_in_every_writing(language: str, text: str, word: str) -> None:
    del language
    assert word in RESULT_WORDS
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        written = unicodedata.normalize(form, text)
        for shown in (written, f"  {written}\u3000", written.upper(), written.replace(" ", "  ")):
            assert (read_reported(shown).form, read_reported(shown).word) == (Form.WORD, word), shown


def test_no_text_has_two_meanings() -> None:
    meanings: dict[str, set[str]] = {}
    english = [("en", text, word) for word, texts in RESULT_WORDS.items() for text in (word, *texts)]
    for _, text, word in [*english, *WORDS]:
        meanings.setdefault(word_key(text), set()).add(word)
    assert {text: found for text, found in meanings.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    "text", ["未检出阳性", "阴性。", "kein  sichtbares Wachstum", "nicht", "non", "음성 아님", "陰性 (+)"]
)
def test_a_word_inside_a_sentence_is_no_word(text: str) -> None:
    assert read_reported(text).form is Form.UNREADABLE


@pytest.mark.parametrize("text", ["10⁶", "½", "５-１０", "１０⁶"])
def test_numbers_are_not_normalised_as_words_are(text: str) -> None:
    assert read_reported(text).form is Form.UNREADABLE


def test_half_width_and_full_width_letters_are_one_word() -> None:
    assert read_reported("ＰＯＳＩＴＩＶＥ").word == "positive"
    assert read_reported("Ｎ．Ｄ．").word == "not detected"
