"""Work on a dictionary is shared by every chunk that has it, and by no other."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.intake import coding
from regenqc.intake.coding import RowCoder
from regenqc.intake.readers.text import as_text_codes, shared_dictionaries

from .tables import PLAIN, TESTS, coder_of, columns_of, facts

ROWS = columns_of(
    *(
        {"batch_id": f"B{n % 3}", "test": test, "result": result, "unit": unit, "lod": "0.1", "revision": str(n % 2)}
        for n, (test, result, unit) in enumerate(
            (test, result, unit)
            for test in (*TESTS, "other", "")
            for result in ("ND", "7.2", "-1", "93 %", "No growth")
            for unit in ("%", "", "pH")
        )
    )
)
TABLE = as_text_codes(pa.table(ROWS))


def coded_slices(bounds: list[int]) -> list[tuple]:
    coder = RowCoder(tests=TESTS, default_stage=None, superseding={})
    edges = sorted({0, TABLE.num_rows, *bounds})
    return facts(
        coder,
        [
            coder.code(TABLE.slice(start, stop - start), first_row=start + 1)
            for start, stop in itertools.pairwise(edges)
        ],
    )


@given(st.lists(st.integers(0, TABLE.num_rows), max_size=10))
def test_any_slices_give_the_same_rows(bounds: list[int]) -> None:
    assert coded_slices(bounds) == coded_slices([])


@given(st.lists(st.permutations(["7.2", "ND", "-1"]), min_size=2, max_size=6))
def test_dictionaries_that_come_and_go_are_never_confused(orders: list[list[str]]) -> None:
    coder = RowCoder(tests=TESTS, default_stage=None, superseding={})
    for order in orders:
        rows = as_text_codes(pa.table(columns_of(*({"result": text, "unit": "pH"} for text in order))))
        coded = coder.code(rows, first_row=1)
        expected = {"7.2": 7.2, "ND": 0.0, "-1": -1.0}
        assert coded.readings.number[coded.reading].tolist() == [expected[text] for text in order]
        del rows, coded  # the memory is free for the next one


def test_memory_of_a_dictionary_is_not_reused_while_its_codes_are_kept() -> None:
    coder = RowCoder(tests=TESTS, default_stage=None, superseding={})
    for number in range(300):
        batch_id = f"BATCH-{number:04}"
        rows = as_text_codes(
            pa.table({name: pa.array([value]) for name, value in (PLAIN | {"batch_id": batch_id}).items()})
        )
        coded = coder.code(rows, first_row=1)
        assert coder.batch_ids[coded.batch[0]] == batch_id
        del rows, coded  # the memory is free for the next one


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (pa.array(["a", "b"]), pa.array(["a", "b"])),
        (pa.array(["a", "b", "c"])[:2], pa.array(["a", "b", "c"])[1:]),
        (pa.array(["a", "b"]), pa.array(["b", "a"])),
    ],
    ids=["equal texts in other memory", "other parts of one array", "the same length"],
)
def test_other_memory_is_another_dictionary(ours: pa.Array, theirs: pa.Array) -> None:
    assert not coding._same(ours, theirs)


def test_parts_of_one_array_are_different_dictionaries() -> None:
    texts = pa.array(["a", "b", "c"])
    assert coding._same(texts, texts)
    assert coding._same(texts[1:], texts[1:])
    assert not coding._same(texts[:2], texts[1:])
    assert not coding._same(texts[:2], texts)


def test_the_same_bytes_with_other_borders_are_another_dictionary() -> None:
    data = pa.py_buffer(b"abc")
    first, second = (
        pa.StringArray.from_buffers(2, pa.py_buffer(np.array(borders, dtype=np.int32)), data)
        for borders in ([0, 1, 3], [0, 2, 3])
    )
    assert not coding._same(first, second)


def test_the_same_bytes_with_other_nulls_are_another_dictionary() -> None:
    whole = pa.array(["a", "b"])
    buffers = whole.buffers()
    nulled = pa.StringArray.from_buffers(2, buffers[1], buffers[2], pa.py_buffer(b"\x01"))
    assert not coding._same(whole, nulled)


def test_work_is_done_once_for_all_chunks_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    read_texts = coding.read_texts

    def counted(words: pa.Array, **options: object) -> object:
        calls.append(len(words))
        return read_texts(words, **options)

    monkeypatch.setattr(coding, "read_texts", counted)
    coder_of(pa.table({name: pa.array(values).dictionary_encode() for name, values in ROWS.items()}), rows=7)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        pytest.param(["a", "b"], [[1, 0], [0, 1]], id="texts"),
        pytest.param([None, "a"], [[1, 0], [0, 1]], id="a null among the texts"),
        pytest.param(["a", "b"], [[1, None], [0, 1]], id="a null among the codes"),
        pytest.param([7, 5], [[1, 0], [0, 1]], id="numbers"),
    ],
)
def test_chunks_with_one_dictionary_say_what_each_of_them_says_alone(words, codes):
    batches = [
        pa.record_batch({"unit": pa.DictionaryArray.from_arrays(pa.array(own, pa.int8()), pa.array(words))})
        for own in [*codes, *codes]
    ]
    alone = [as_text_codes(batch)["unit"].to_pylist() for batch in batches]
    assert [batch["unit"].to_pylist() for batch in shared_dictionaries(batches)] == alone


def test_a_code_outside_a_dictionary_that_was_read_before_is_refused():
    words = pa.array(["a", "b"])
    broken = pa.DictionaryArray.from_arrays(pa.array([5], pa.int32()), words, safe=False)
    batches = [pa.record_batch({"unit": column}) for column in (pa.array(["a", "b"]).dictionary_encode(), broken)]
    with pytest.raises(pa.ArrowException):
        list(shared_dictionaries(batches))
