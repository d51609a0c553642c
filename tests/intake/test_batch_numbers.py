"""Batches are numbered in the order in which they appear, by a dictionary and by compiled code alike."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.intake import batch_numbers
from regenqc.intake.batch_numbers import BatchNumbers, load_numbering
from regenqc.intake.word_table import WordTable, number_words, place_hashes

# Few letters, so that words repeat and begin alike; signs of several bytes, and bytes of zero.
WORDS = st.text(alphabet="AB1\0é染", max_size=4)
CHUNKS = st.lists(st.lists(WORDS, max_size=30), max_size=8)


def text(words: list[str]) -> pa.StringArray:
    return pa.array(words, type=pa.string())


def by_hand(chunks: list[list[str]]) -> tuple[list[list[int]], list[str]]:
    known: dict[str, int] = {}
    codes = [[known.setdefault(word, len(known)) if word else -1 for word in chunk] for chunk in chunks]
    return codes, list(known)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    load_numbering()


@given(CHUNKS)
def test_compiled_code_numbers_as_a_dictionary_does(chunks: list[list[str]]) -> None:
    table, few = WordTable(), BatchNumbers()
    codes, words = by_hand(chunks)
    assert [table.codes_of(text(chunk)).tolist() for chunk in chunks] == codes
    assert [few.codes_of(text(chunk)).tolist() for chunk in chunks] == codes
    assert table.texts().to_pylist() == words == list(few)


@given(CHUNKS, st.integers(0, 5))
def test_a_part_of_an_array_is_numbered_as_the_words_in_it(chunks: list[list[str]], cut: int) -> None:
    table = WordTable()
    codes, _ = by_hand([chunk[cut:] for chunk in chunks])
    assert [table.codes_of(text(chunk)[cut:]).tolist() for chunk in chunks] == codes


@given(CHUNKS, CHUNKS)
def test_batches_keep_their_numbers_when_there_are_many_of_them(
    before: list[list[str]], after: list[list[str]]
) -> None:
    numbers = BatchNumbers()
    codes, words = by_hand([*before, *after])
    found = [numbers.codes_of(text(chunk)).tolist() for chunk in before]
    with pytest.MonkeyPatch.context() as many:
        many.setattr(batch_numbers, "_MANY", 0)
        found += [numbers.codes_of(text(chunk)).tolist() for chunk in after]
    assert found == codes
    assert list(numbers) == words
    assert len(numbers) == len(words)
    assert [numbers[at] for at in range(len(words))] == words
    assert numbers[1:] == words[1:]
    assert numbers.take(np.arange(len(words))[::-1]).to_pylist() == words[::-1]
    with pytest.raises(IndexError):
        numbers[len(words)]


@pytest.mark.parametrize("distinct", [1, 3_000, 120_000])
def test_the_table_grows_with_the_words(distinct: int) -> None:
    words = [f"LOT-{at % distinct:06d}" for at in range(200_000)]
    table = WordTable()
    found = np.concatenate([table.codes_of(text(words[at : at + 7_000])) for at in range(0, len(words), 7_000)])
    assert found.tolist() == [at % distinct for at in range(len(words))]
    assert table.texts().to_pylist() == words[:distinct]
    assert table.texts(distinct - 1, distinct).to_pylist() == [words[distinct - 1]]


def test_words_of_one_hash_are_told_apart_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both functions as the ordinary Python that they are, with a hash that is the same for every word."""
    monkeypatch.setattr("regenqc.intake.word_table._PRIME", np.uint64(0))
    monkeypatch.setattr("regenqc.intake.word_table.NUMBER_WORDS", number_words)
    monkeypatch.setattr("regenqc.intake.word_table.PLACE_HASHES", place_hashes)
    monkeypatch.setattr("regenqc.intake.word_table._FIRST_SLOTS", 4)
    table = WordTable()
    assert table.codes_of(text(["AB", "BA", "AB", "", "B"])).tolist() == [0, 1, 0, -1, 2]
    assert table.codes_of(text(["A", "ABA", "BA", "AB"])).tolist() == [3, 4, 1, 0]


def test_texts_that_were_taken_stay_as_they_are_when_further_batches_are_numbered() -> None:
    table = WordTable()
    table.codes_of(text(["A", "B"]))
    taken = table.texts()
    table.codes_of(text([f"{at}" for at in range(100_000)]))
    assert taken.to_pylist() == ["A", "B"]
