"""Broken texts: either every fault is a fault of the specification, or the change shows in the fingerprint."""

from __future__ import annotations

import pickle
import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import SpecificationError
from regenqc.specification import Specification, parse_specification

from .test_fingerprint import ORIGINAL, WHOLE, _write_file

CHARACTERS = st.sampled_from(
    [*"=[]{}\"'#.,\\\n\r\t -_@0159aez", "\x00", "\x85", "\u2028", "é", "１", "\U0001f600", '"""', "[[", "\r\n"]
)
SCALARS = st.one_of(
    st.none().map(lambda _: "nan"),
    st.booleans(),
    st.integers(-3, 3),
    st.text(max_size=4).filter(str.isprintable),
    st.sampled_from(
        [
            "70",
            "0",
            "-1",
            "1E400",
            "pending",
            "negative",
            "verified",
            "each",
            "@x",
            "",
            " ",
            "2020-01-01",
            "14 d",
            "viability",
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["min", "unit", "test", "of", "n", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def _load(text: str) -> Specification | None:
    """Return the specification, or `None` when it is refused with faults that pickle; anything else is raised."""
    try:
        return parse_specification(text)
    except SpecificationError as error:
        refusal = error
    assert refusal.faults
    assert pickle.loads(pickle.dumps(refusal)).faults == refusal.faults  # noqa: S301 - our own bytes
    return None


def _check(text: str) -> None:
    specification = _load(text)
    if specification is None:
        return
    assert (specification.fingerprint == ORIGINAL) == (_plain(tomllib.loads(text)) == _plain(tomllib.loads(WHOLE)))


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content with the closed values of attributes, which have no order, in one order."""
    values = {name: sorted(set(words)) for name, words in content.get("attributes", {}).items()}
    return content | {"attributes": values}


@settings(max_examples=300)
@given(st.data())
def test_characters_that_are_cut_out_put_in_or_replaced(data: st.DataObject) -> None:
    text = WHOLE
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        text = text[:start] + "".join(data.draw(st.lists(CHARACTERS, max_size=3))) + text[end:]
    _check(text)


@settings(max_examples=200)
@given(st.data())
def test_lines_that_are_dropped_doubled_or_moved(data: st.DataObject) -> None:
    lines = WHOLE.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        line = lines.pop(data.draw(st.integers(0, len(lines) - 1)))
        for _ in range(data.draw(st.integers(0, 2))):
            lines.insert(data.draw(st.integers(0, len(lines))), line)
    _check("\n".join(lines))


@settings(max_examples=300)
@given(st.data())
def test_values_of_any_type_in_any_place(data: st.DataObject) -> None:
    content = tomllib.loads(WHOLE)
    holder: Any = content
    while True:
        key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        if not isinstance(holder[key], dict | list) or not holder[key] or data.draw(st.integers(0, 3)) == 0:
            break
        holder = holder[key]
    holder[key] = data.draw(VALUES)
    _check(_write_file(content))


@settings(max_examples=200)
@given(st.lists(CHARACTERS, max_size=60).map("".join))
def test_texts_that_are_no_specification(text: str) -> None:
    assert _load(text) is None
