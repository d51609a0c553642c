"""The line of every key, whatever way the author writes it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from regenqc.specification import list_specifications
from regenqc.toml_places import Path, describe_place, locate_lines

from .texts import faults_of, header, requirement

CASES = [
    pytest.param("a = 1\nb = 2\n", ("b",), 2, id="a key on its line"),
    pytest.param("\n\n# note\na = 1\n", ("a",), 4, id="a key after blank lines and comments"),
    pytest.param("[t]\na = 1\n", ("t",), 1, id="a table at its header"),
    pytest.param("[t]\na = 1\n", ("t", "a"), 2, id="a key of a table"),
    pytest.param('[ t . "u v" ]\na = 1\n', ("t", "u v", "a"), 2, id="a header with blanks and quotes"),
    pytest.param("[[r]]\na = 1\n[[r]]\na = 2\n", ("r", 1, "a"), 4, id="a key of the second table of an array"),
    pytest.param("[[r]]\n[r.limit]\nmin = 1\n", ("r", 0, "limit", "min"), 3, id="a table below an array"),
    pytest.param(
        "[[r]]\n[[r]]\n[[r.p]]\n[[r.p]]\nk = 1\n", ("r", 1, "p", 1, "k"), 5, id="an array of tables below an array"
    ),
    pytest.param("a = { b = 1,\tc = 2 }\n", ("a", "c"), 1, id="a key of an inline table at its holder"),
    pytest.param("x = 1\na.b.c = 1\n", ("a", "b"), 2, id="the middle of a dotted key"),
    pytest.param("a . \"b\" . 'c' = 1\n", ("a", "b", "c"), 1, id="a dotted key with quotes and blanks"),
    pytest.param('"a\\u0062" = 1\n', ("ab",), 1, id="a quoted key with an escape"),
    pytest.param("a = [\n  1,\n  # note ]\n  2,\n]\nb = 1\n", ("a", 1), 4, id="an element of a long array"),
    pytest.param("a = [\n  1,\n  # note ]\n  2,\n]\nb = 1\n", ("b",), 6, id="a key after a long array"),
    pytest.param(
        "a = [\n  { t = 1 },\n  { t = 2, u = 3 } ]\n", ("a", 1, "u"), 3, id="a key of a table in a long array"
    ),
    pytest.param("a = [[1], [\n2]]\n", ("a", 1, 0), 2, id="an element of an array in an array"),
    pytest.param('a = """\nb = 1\n"""\nb = 2\n', ("b",), 4, id="a key after a text of several lines"),
    pytest.param("a = '''\n[t]\n'''''\nb = 2\n", ("b",), 4, id="a literal text of several lines that ends with quotes"),
    pytest.param('a = """x\\"""y"""\nb = 2\n', ("b",), 2, id="an escaped quote in a text of several lines"),
    pytest.param('a = "x # ] } \\" y"\nb = 2\n', ("b",), 2, id="marks and an escaped quote in a text"),
    pytest.param("a = 'x \\'\nb = 2\n", ("b",), 2, id="a literal text that ends with a backslash"),
    pytest.param("a = 1 # [t]\nb = 2020-01-01 12:00:00Z\nc = 1\n", ("c",), 3, id="a key after a time with a blank"),
    pytest.param(
        'a = "\x85\u2028\x0c"\nb = 1\n'.replace("\x0c", "\\f"),
        ("b",),
        2,
        id="characters that are line breaks elsewhere",
    ),
    pytest.param("a = 1\r\nb = 2\r\n", ("b",), 2, id="line ends of two characters"),
]


@pytest.mark.parametrize(("text", "path", "line"), CASES)
def test_the_line_is_that_of(text: str, path: Path, line: int) -> None:
    tomllib.loads(text)
    assert locate_lines(text)[path] == line


def _paths(value: Any, path: Path = ()) -> list[Path]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, inner in steps for found in [(*path, step), *_paths(inner, (*path, step))]]


@pytest.mark.parametrize("identifier", [identifier for identifier, _ in list_specifications()])
def test_every_key_of_a_packaged_specification_is_found_on_a_line_that_names_it(identifier: str) -> None:
    text = dict(list_specifications())[identifier].read_text(encoding="utf-8")
    lines, found = text.split("\n"), locate_lines(text)
    paths = _paths(tomllib.loads(text))
    assert all(str(path[-1]) in lines[found[path] - 1] for path in paths if isinstance(path[-1], str))
    assert set(paths) == set(found)


def test_a_key_that_is_missing_stands_where_its_holder_stands() -> None:
    assert describe_place("a.toml", ("requirement", 0, "test"), {("requirement",): 3, ("requirement", 0): 4}) == (
        "a.toml:4 requirement[0].test"
    )


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        pytest.param('limit = { min = "70", unti = "%" }', "13 requirement[0].limit.unti", id="an inline table"),
        pytest.param('limit.min = "70"\nlimit.unti = "%"', "14 requirement[0].limit.unti", id="dotted keys"),
        pytest.param(
            '[requirement.limit]\nmin = "70"\n"unti" = "%"', "15 requirement[0].limit.unti", id="a table of its own"
        ),
        pytest.param(
            'one_of = [\n  "absent",\n  "absnt",\n]', "15 requirement[0].one_of[1]", id="an array over several lines"
        ),
    ],
)
def test_a_fault_is_placed_on_its_line_in(keys: str, where: str) -> None:
    (fault,) = faults_of(header() + requirement(keys))
    assert fault.where == f"product.toml:{where}"


def test_a_fault_in_a_part_is_placed_on_the_line_of_the_part() -> None:
    parts = (
        'any_of = [\n  { test = "a", one_of = ["absent"] },\n  { test = "b", limit = { min = "1", unit = "x" } },\n]'
    )
    (fault,) = faults_of(header() + requirement(parts, test=""))
    assert fault.where == "product.toml:14 requirement[0].any_of[1].limit"


def test_invalid_toml_is_placed_on_its_line() -> None:
    (fault,) = faults_of(header() + "\n\nbroken\n")
    assert fault.where == "product.toml:8"
