"""Find the line of every key, table and array element of a TOML text.

The standard library reads TOML but forgets where things stood. This reader walks a text that is already known to be
valid and remembers only lines, so it is lenient: it never decides whether a text is TOML.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from typing import Final

__all__ = ["Path", "describe_place", "locate_lines"]

Path = tuple[str | int, ...]

_SKIPPED: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANKS: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}\n#]*")
_STRING: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|'
    r"'''(?:[^']|'(?!''))*'{3,5}|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'",
    re.DOTALL,
)


def locate_lines(text: str) -> dict[Path, int]:
    r"""Return the 1-based line at which each key, table and array element of a valid TOML text stands.

    A key inside an inline table has the line on which it is written, which is the line of the key that holds the table
    unless an array spreads over several lines. Dotted and quoted keys count under their meaning.

    Example:
        >>> locate_lines('id = "a"\n[[requirement]]\nlimit.min = "70"\n')[("requirement", 0, "limit", "min")]
        3
    """
    return _Walk(text).walk()


def describe_place(source: str, path: Path, lines: dict[Path, int]) -> str:
    """Return `file:line path` for a place inside a document; what is not written stands where its holder stands.

    Example:
        >>> describe_place("a.toml", ("requirement", 0, "test"), {("requirement", 0): 7})
        'a.toml:7 requirement[0].test'
    """
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 1)
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"{source}:{line} {words}".rstrip()


class _Walk:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.breaks = [position for position, character in enumerate(text) if character == "\n"]
        self.lines: dict[Path, int] = {}
        self.last_of: dict[Path, int] = {}  # arrays of tables: index of the table that later headers extend

    def walk(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip() < len(self.text):
            table = self._header() if self.text[self.at] == "[" else self._entry(table)
        return self.lines

    def _header(self) -> Path:
        start = self.at
        repeated = self.text.startswith("[[", start)
        self.at += 2 if repeated else 1
        keys = self._keys()
        self.at += 2 if repeated else 1
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            if repeated and position == len(keys) - 1:
                self._remember(path, start)
                self.last_of[path] = self.last_of.get(path, -1) + 1
            if path in self.last_of:
                path = (*path, self.last_of[path])
        self._remember(path, start)
        return path

    def _entry(self, table: Path) -> Path:
        """Read `key = value` below a table and return the table, which stays the current one."""
        start = self.at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._remember(path, start)
        self.at += 1  # the equals sign
        self._value(path)
        return table

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self.at = _match_end(_BLANKS, self.text, self.at)
            begin = self.at
            if self.text[begin] in "\"'":
                self.at = _match_end(_STRING, self.text, begin)
                keys.append(str(tomllib.loads(f"key = {self.text[begin : self.at]}")["key"]))
            else:
                self.at = _match_end(_BARE_KEY, self.text, begin)
                keys.append(self.text[begin : self.at])
            self.at = _match_end(_BLANKS, self.text, self.at)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _value(self, path: Path) -> None:
        self.at = _match_end(_BLANKS, self.text, self.at)
        opening = self.text[self.at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        elif opening in "\"'":
            self.at = _match_end(_STRING, self.text, self.at)
        else:
            self.at = _match_end(_SCALAR, self.text, self.at)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self.text[self._skip()] != "]":
            self._remember((*path, index), self.at)
            self._value((*path, index))
            index += 1
            if self.text[self._skip()] == ",":
                self.at += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self.text[self._skip()] != "}":
            self._entry(path)
            if self.text[self._skip()] == ",":
                self.at += 1
        self.at += 1

    def _skip(self) -> int:
        """Pass blanks, line breaks and comments, and return where something stands."""
        self.at = _match_end(_SKIPPED, self.text, self.at)
        return self.at

    def _remember(self, path: Path, position: int) -> None:
        self.lines.setdefault(path, bisect_left(self.breaks, position) + 1)


def _match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()
