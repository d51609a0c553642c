"""Text is checked part by part, wherever the parts are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.intake.readers.encodings import check_utf8


def is_utf8_in_parts(parts):
    begun = b""
    try:
        for part in parts:
            begun = check_utf8(begun + part, final=False) if part else begun
        check_utf8(begun, final=True)
    except UnicodeDecodeError:
        return False
    return True


def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@st.composite
def cut_bytes(draw):
    data = bytearray("".join(draw(st.lists(st.sampled_from("aéü漢🎉\x00"), max_size=8))).encode())
    for _ in range(draw(st.integers(0, 2))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    return [bytes(data[start:end]) for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@given(cut_bytes())
def test_parts_are_text_when_the_whole_is(parts):
    assert is_utf8_in_parts(parts) is is_utf8(b"".join(parts))


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([b"\xe6\xbc"], id="a character that the end of the file cuts"),
        pytest.param([b"\xed\xa0\x80"], id="half of a surrogate pair"),
        pytest.param([b"\xc0\x80"], id="a character in more bytes than it needs"),
        pytest.param([b"a", b"\x80"], id="a continuation of nothing at the begin of a part"),
    ],
)
def test_what_is_not_text_is_refused(parts):
    assert not is_utf8_in_parts(parts)
