"""Canonical bytes: one spelling, that of RFC 8785, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.custody.story import Scribe, life, signed

from regenqc.custody.canonical import (
    MAXIMUM_BYTES,
    canonical_json,
    decode_event,
    encode_event,
    signed_bytes,
    spell_event,
)
from regenqc.custody.record import Event, Item, Measurement, Signature
from regenqc.errors import DataError

NAMES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(
    lambda text: __import__("unicodedata").is_normalized("NFC", text)
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


def event() -> Event:
    return Scribe()("store", items=("WCB-1/V001",), place="TANK-3")


@given(VALUES)
def test_bytes_are_those_of_an_independent_implementation_of_rfc_8785(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", "literals": [None, True, False]},
            '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
            id="strings and literals of RFC 8785, section 3.2.2, without its numbers",
        ),
        pytest.param(
            {"peach": "This sorting order", "péché": 1}.get("peach"),
            '"This sorting order"',
            id="a text alone",
        ),
        pytest.param(
            {"b": {}, "a": [], "1": {"f": "f", "F": "F"}},
            '{"1":{"F":"F","f":"f"},"a":[],"b":{}}',
            id="nested members are sorted too",
        ),
        pytest.param(
            "\u0000\u0008\u0009\u000a\u000c\u000d\u001f\u007f",
            '"\\u0000\\b\\t\\n\\f\\r\\u001f\x7f"',
            id="control characters take the shortest escape",
        ),
        pytest.param("</script>\u2028", '"</script>\u2028"', id="nothing else is escaped"),
    ],
)
def test_examples_of_the_scheme(value: Any, expected: str) -> None:
    assert canonical_json(value) == expected.encode()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param({"a": 1.5}, "RQC-C001", id="a floating point number"),
        pytest.param({"a": 1.0}, "RQC-C001", id="a floating point number that is whole"),
        pytest.param([2**53], "RQC-C001", id="a whole number beyond 2^53 - 1"),
        pytest.param({"é": 1}, "RQC-C001", id="a member name outside ASCII"),
        pytest.param({1: 1}, "RQC-C001", id="a member name that is no text"),
        pytest.param(b"bytes", "RQC-C001", id="bytes"),
        pytest.param("\ud800", "RQC-C001", id="a lone surrogate"),
        pytest.param("e\u0301", "RQC-C004", id="a decomposed character"),
    ],
)
def test_what_has_no_canonical_bytes_is_refused(value: Any, code: str) -> None:
    with pytest.raises(DataError) as caught:
        canonical_json(value)
    assert caught.value.code == code


@pytest.mark.parametrize("event", life(Scribe()), ids=lambda event: event.kind)
def test_decoding_and_encoding_gives_the_same_bytes(event: Event) -> None:
    data = encode_event(event)
    assert decode_event(data) == event
    assert encode_event(decode_event(data)) == data


@pytest.mark.parametrize("event", life(Scribe()), ids=lambda event: event.kind)
def test_an_event_has_the_bytes_of_rfc_8785(event: Event) -> None:
    assert rfc8785.dumps(json.loads(encode_event(event))) == encode_event(event)


def _respelled(change: Any) -> bytes:
    return bytes(change(encode_event(event())))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: data + b"\n", id="a line feed at the end"),
        pytest.param(lambda data: data.replace(b":", b": ", 1), id="a blank behind a colon"),
        pytest.param(
            lambda data: json.dumps(dict(reversed(json.loads(data).items())), separators=(",", ":")).encode(),
            id="members out of order",
        ),
        pytest.param(lambda data: data.replace(b'"zone"', b'"zone":"+02:00","zone"'), id="a member twice"),
        pytest.param(lambda data: data.replace(b"TANK", b"T\\u0041NK"), id="a needless escape"),
        pytest.param(lambda data: data.replace(b'"zone"', b'"source":"","zone"'), id="an empty text instead of none"),
        pytest.param(lambda data: data.replace(b'"zone"', b'"labels":[],"zone"'), id="an empty list instead of none"),
        pytest.param(lambda data: data.replace(b'"zone"', b'"surprise":"1","zone"'), id="an unknown member"),
        pytest.param(lambda data: data.replace(b'"TANK-3"', b"3"), id="a number where text belongs"),
        pytest.param(lambda data: data.replace(b'"TANK-3"', b"null"), id="null where text belongs"),
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="a byte order mark"),
        pytest.param(lambda data: data[:-1], id="the last byte missing"),
        pytest.param(lambda _: b"", id="nothing"),
        pytest.param(lambda _: b"\xff\xfe", id="no text at all"),
        pytest.param(lambda _: b"[" * 60_000, id="brackets without end"),
        pytest.param(lambda data: data.replace(b"TANK", b"\xff"), id="bytes that are no UTF-8"),
    ],
)
def test_another_spelling_is_refused(change: Any) -> None:
    with pytest.raises(DataError) as caught:
        decode_event(_respelled(change))
    assert caught.value.code in {"RQC-C001", "RQC-C003"}


def test_a_newer_schema_is_named_as_such_even_with_members_that_are_not_known() -> None:
    data = encode_event(event()).replace(b"regenqc.event/1", b"regenqc.event/2").replace(b'"zone"', b'"yaw":"1","zone"')
    with pytest.raises(DataError) as caught:
        decode_event(data)
    assert caught.value.code == "RQC-C005"
    assert caught.value.faults[0].got == "regenqc.event/2"


def test_a_decomposed_character_in_an_event_is_refused() -> None:
    decomposed = replace(event(), kind="discard", reason="e\u0301chantillon")
    with pytest.raises(DataError) as caught:
        decode_event(spell_event(decomposed))
    assert caught.value.code == "RQC-C004"


def long_event(length: int) -> Event:
    """Return an event of so many bytes."""
    filler = Scribe()("test_result", items=("S-1",), measurements=(Measurement("remark", "x"),))
    missing = length - len(spell_event(filler))
    more, size = [], len(',{"name":"remark-00","value":""}')
    while missing:
        text = min(200, missing - size if missing - size <= 200 or missing - size > 200 + size else missing // 2 - size)
        more.append(Measurement(f"remark-{len(more) % 100:02d}", "x" * text))
        missing -= text + size
    return replace(filler, measurements=(*filler.measurements, *more))


def test_an_event_of_exactly_the_longest_length_is_read() -> None:
    data = spell_event(long_event(MAXIMUM_BYTES))
    assert len(data) == MAXIMUM_BYTES
    assert len(decode_event(data).measurements) > 1


def test_one_byte_more_is_refused() -> None:
    data = spell_event(long_event(MAXIMUM_BYTES + 1))
    assert len(data) == MAXIMUM_BYTES + 1
    with pytest.raises(DataError) as caught:
        decode_event(data)
    assert caught.value.code == "RQC-C002"


def test_a_text_that_no_bytes_stand_for_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        encode_event(replace(event(), reason="\ud800"))
    assert caught.value.code == "RQC-C001"


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else_than_a_data_error(data: bytes) -> None:
    with pytest.raises(DataError):
        decode_event(data)


@given(st.data())
def test_a_changed_byte_is_never_read_as_the_same_event(data: st.DataObject) -> None:
    original = encode_event(event())
    position = data.draw(st.integers(0, len(original) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != original[position]))
    changed = original[:position] + bytes([value]) + original[position + 1 :]
    try:
        read = decode_event(changed)
    except DataError:
        return
    assert read != event()


def test_what_is_signed_leaves_out_the_signatures_and_nothing_else() -> None:
    plain = event()
    twice = replace(signed(plain), signatures=(Signature("QP-0001", "k", "AAAA"),))
    assert signed_bytes(twice) == encode_event(plain)
    assert signed_bytes(replace(plain, items=(Item("WCB-1/V002"),))) != encode_event(plain)


def test_the_encoder_of_the_record_orders_members_as_the_scheme_does() -> None:
    names = list(msgspec.json.decode(encode_event(event())))
    assert names == sorted(names, key=lambda name: name.encode("utf-16-be"))
