"""What a workbook says beside the values of its cells: sheets, hidden rows and columns, formats that change a value's meaning.

Every part is read by a streaming parser that refuses document types, so that no entity is ever expanded, and only after the
archive has shown that its parts are as large as it says and no larger than a workbook can be.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SheetMarks", "SheetPart", "check_archive", "read_long_numbers", "read_marks", "read_sheets"]

_LARGEST_BYTES: Final = 2 << 30
_LARGEST_RATIO: Final = 400
_SMALL_BYTES: Final = 64 << 20
_PART_BYTES: Final = 1 << 20
_CONDITIONS: Final = re.compile(r"\[[^\]]*\]")
# What a damaged part of an archive may raise.
_DAMAGE: Final = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, lzma.LZMAError)
_EXACT_DIGITS: Final = 15
_PERCENT_FORMATS: Final = {9: "0%", 10: "0.00%"}


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One sheet of a workbook.

    Args:
        name: as people see it.
        state: `visible`, `hidden` or `veryHidden`.
        part: name of its part in the archive.
    """

    name: str
    state: str
    part: str


@dataclass(slots=True)
class SheetMarks:
    """What the values of a sheet do not say.

    Args:
        hidden_rows: numbers of hidden rows, from 1.
        hidden_columns: numbers of hidden columns, from 1, as ranges.
        formats: format of cells (row, column, from 1) that is shown with a percent sign or an operator.
        empty_formulas: cells whose formula has no value.
        errors: text of cells (row, column, from 1) that hold an error value, such as `#DIV/0!`.
    """

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    empty_formulas: list[str] = field(default_factory=list)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)


def read_sheets(path: Path) -> list[SheetPart]:
    """Return the sheets of a workbook, in their order.

    Raises:
        ValueError: no workbook, a damaged archive, or one that is larger than it says or than a workbook can be.
        OSError: the file cannot be read.
    """
    with _opened(path) as archive:
        targets: dict[str, str] = {}
        found: list[tuple[str, str, str]] = []

        def relation(name: str, keys: dict[str, str]) -> None:
            if name == "Relationship":
                targets[keys.get("Id", "")] = keys.get("Target", "")

        def sheet(name: str, keys: dict[str, str]) -> None:
            if name == "sheet":
                identifier = next((value for key, value in keys.items() if key.rpartition(":")[2] == "id"), "")
                found.append((keys.get("name", ""), keys.get("state", "visible"), identifier))

        _parse(archive, "xl/_rels/workbook.xml.rels", relation)
        _parse(archive, "xl/workbook.xml", sheet)
        return [SheetPart(name, state, _target(targets.get(identifier, ""))) for name, state, identifier in found]


def read_marks(path: Path, sheet: SheetPart) -> SheetMarks:
    """Return what the values of a sheet do not say.

    Raises:
        ValueError: a part is damaged.
        OSError: the file cannot be read.
    """
    stated = path.stat()
    return _marks_of(path, sheet, stated.st_mtime_ns, stated.st_size)


@lru_cache(maxsize=2)  # header and rows of one file ask for them
def _marks_of(path: Path, sheet: SheetPart, *_: int) -> SheetMarks:
    with _opened(path) as archive:
        parser = expat.ParserCreate()
        scan = _SheetScan(
            _special_formats(archive), listen=lambda handler: setattr(parser, "CharacterDataHandler", handler)
        )
        _parse(archive, sheet.part, scan.start, parser=parser)
        scan.close()
        return scan.marks


def read_long_numbers(path: Path, sheet: SheetPart) -> dict[tuple[int, int], str]:
    """Return the digits of whole numbers that are longer than a double can hold, by row and column, from 1.

    Raises:
        ValueError: a part is damaged.
        OSError: the file cannot be read.
    """
    found: dict[tuple[int, int], str] = {}
    with _opened(path) as archive:
        parser = expat.ParserCreate()
        row = column = 0
        text = ""

        def start(name: str, keys: dict[str, str]) -> None:
            nonlocal row, column, text
            if name == "row":
                row, column = (int(keys["r"]) if "r" in keys else row + 1), 0
            elif name == "c":
                column = _column_number(keys["r"]) if "r" in keys else column + 1
            elif name == "v":
                text = ""

        def heard(part: str) -> None:
            nonlocal text
            text += part

        def end(name: str) -> None:
            if name == "v" and len(text) > _EXACT_DIGITS and text.isascii() and text.removeprefix("-").isdigit():
                found[row, column] = text

        parser.CharacterDataHandler = heard
        _parse(archive, sheet.part, start, end, parser=parser)
    return found


class _SheetScan:
    def __init__(self, special: dict[str, str], *, listen: Callable[[Callable[[str], None] | None], None]) -> None:
        self._listen = listen
        self.marks = SheetMarks()
        self._special = special
        self._row = 0
        self._column = 0
        self._cell = ""
        self._has_formula = False
        self._has_value = False
        self._is_error = False

    def start(self, name: str, keys: dict[str, str]) -> None:
        if name == "c":
            self.close()
            self._cell = keys.get("r", "")
            self._column = _column_number(self._cell) if self._cell else self._column + 1
            if keys.get("t") == "e":
                self._is_error = True
                self.marks.errors[self._row, self._column] = ""
            if (shown := self._special.get(keys.get("s", ""))) is not None:
                self.marks.formats[self._row, self._column] = shown
        elif name == "v":
            # Some programs write an empty value behind a formula; of other cells than these the text is not looked at.
            if self._has_formula or self._is_error:
                self._listen(self.text)
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._row = int(keys["r"]) if "r" in keys else self._row + 1
            self._column = 0
            if keys.get("hidden") in {"1", "true"}:
                self.marks.hidden_rows.append(self._row)
        elif name == "col" and keys.get("hidden") in {"1", "true"}:
            self.marks.hidden_columns.append((int(keys["min"]), int(keys["max"])))

    def text(self, text: str) -> None:
        """Note that the formula has a value, and what an error says."""
        self._has_value = True
        if self._is_error:
            self.marks.errors[self._row, self._column] += text

    def close(self) -> None:
        """Note whether the last cell has a formula without value."""
        if self._has_formula and not self._has_value:
            self.marks.empty_formulas.append(self._cell or f"row {self._row} column {self._column}")
        if self._has_formula or self._is_error:
            self._listen(None)
        self._has_formula = self._has_value = self._is_error = False


def _special_formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the format of every style that is shown with a percent sign or an operator, by the number of the style."""
    if "xl/styles.xml" not in archive.namelist():
        return {}
    formats: dict[int, str] = dict(_PERCENT_FORMATS)
    styles: list[int] = []
    inside = False

    def start(name: str, keys: dict[str, str]) -> None:
        nonlocal inside
        if name == "numFmt":
            formats[int(keys.get("numFmtId", "0"))] = keys.get("formatCode", "")
        elif name == "cellXfs":
            inside = True
        elif name == "xf" and inside:
            styles.append(int(keys.get("numFmtId", "0")))

    def end(name: str) -> None:
        nonlocal inside
        inside = inside and name != "cellXfs"

    _parse(archive, "xl/styles.xml", start, end)
    found: dict[str, str] = {}
    for number, style in enumerate(styles):
        shown = _CONDITIONS.sub("", formats.get(style, ""))
        if any(mark in shown for mark in "%<>≤≥"):
            found[str(number)] = shown
    return found


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(str(error)) from error
    size = sum(entry.file_size for entry in archive.infolist())
    packed = max(1, path.stat().st_size)
    if size > _LARGEST_BYTES or (size > _SMALL_BYTES and size > _LARGEST_RATIO * packed):
        archive.close()
        raise ValueError(f"{size:,} bytes are packed into {packed:,}")
    return archive


def check_archive(path: Path) -> None:
    """Read every part once, so that another library meets none that is larger than it says.

    Raises:
        ValueError: a part is damaged, or not as large as the archive says.
    """
    with _opened(path) as archive:
        try:
            for name in archive.namelist():
                with archive.open(name) as part:
                    while part.read(_PART_BYTES):
                        pass
        except _DAMAGE as error:
            raise ValueError(f"{name}: {error}") from error


def _parse(
    archive: zipfile.ZipFile,
    name: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    *,
    parser: expat.XMLParserType | None = None,
) -> None:
    parser = expat.ParserCreate() if parser is None else parser

    def refuse(*_: Any) -> None:
        raise ValueError(f"{name} has a document type")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda tag, keys: start(tag if ":" not in tag else tag.rpartition(":")[2], keys)
    if end is not None:
        parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2] if ":" in tag else tag)
    try:
        with archive.open(name) as part:
            parser.ParseFile(part)
    except (KeyError, expat.ExpatError, *_DAMAGE) as error:
        raise ValueError(f"{name}: {error}") from error


def _target(text: str) -> str:
    return text.removeprefix("/") if text.startswith("/") else f"xl/{text}"


def _column_number(cell: str) -> int:
    number = 0
    for character in cell:
        if not "A" <= character <= "Z":
            break
        number = number * 26 + ord(character) - 64
    return number
