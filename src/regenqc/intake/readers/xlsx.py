"""Read a sheet of an XLSX workbook as reported text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pyarrow as pa

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.text import as_text_codes, number_text
from regenqc.intake.readers.xlsx_parts import (
    SheetMarks,
    SheetPart,
    check_archive,
    read_long_numbers,
    read_marks,
    read_sheets,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_Found = TypeVar("_Found")

__all__ = ["Sheet", "hidden_notes", "open_sheet", "read_xlsx", "xlsx_header"]

_MOST_COLUMNS: Final = 16_384
_SHOWN: Final = 20
_LEAST_LONG: Final = 1e15  # from here on a double may not hold every whole number that was typed


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet whose header is known.

    Args:
        titles: of the columns, as written.
        notes: what is hidden in it.
        read: `read(rows)` yields its rows as text codes, by position.
    """

    titles: tuple[str, ...]
    notes: tuple[str, ...]
    read: Callable[[int], Iterator[pa.RecordBatch]]


def open_sheet(path: Path, *, name: str | None, hidden: str) -> Sheet:
    """Open one sheet of a workbook.

    Args:
        path: of the workbook.
        name: of the sheet; without it the workbook has one only.
        hidden: `read` what is hidden, and say so, or `refuse` it.

    Raises:
        DataError: no such sheet, or several without a name (RQC-D007); hidden rows, columns or sheets where they are refused
            (RQC-D017); a formula without value (RQC-D018); a damaged workbook (RQC-D005).
    """
    sheet, others = _choose(path, name)
    marks = _readable(path, lambda: read_marks(path, sheet))
    notes = [f"the sheet '{entry.name}' is {entry.state}" for entry in [*others, sheet] if entry.state != "visible"]
    notes += _hidden(marks)
    if notes and hidden == "refuse":
        raise DataError(
            *(
                Fault(
                    code="RQC-D017",
                    what="Something in the workbook is hidden from those who look at it.",
                    where=str(path),
                    got=note,
                    expected="a workbook in which everything is seen",
                    action='Show it and decide whether it belongs to the results, or declare hidden = "read" under `sheet`.',
                )
                for note in notes
            )
        )
    titles = _titles(path, sheet, marks)
    return Sheet(
        tuple(titles),
        tuple(notes),
        lambda rows: _batches(path, sheet, marks, names=[f"{at}" for at in range(len(titles))], rows=rows, kept=None),
    )


def hidden_notes(path: Path) -> tuple[str, ...]:
    """Return which rows and columns of the only sheet are hidden; they are read like the others.

    Raises:
        DataError: no workbook, or several sheets.
    """
    sheet = _only_sheet(path)
    return tuple(_hidden(_readable(path, lambda: read_marks(path, sheet))))


def xlsx_header(path: Path) -> list[str]:
    """Return the names in the first row of the only sheet; a cell without name is called `unnamed_` and its position.

    Raises:
        DataError: no workbook, several sheets, a hidden sheet, an empty one, or a formula without value.
    """
    sheet = _only_sheet(path)
    titles = _titles(path, sheet, _readable(path, lambda: read_marks(path, sheet)))
    return [title or f"unnamed_{position}" for position, title in enumerate(titles, start=1)]


def read_xlsx(
    path: Path, *, names: Sequence[str], rows: int, only: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows below the header as dictionary-coded text, `rows` at a time.

    A number cell gives its shortest exact text, because the digits that were typed are not stored; formulas give the
    value the spreadsheet program last computed. Blank rows below the last row with content are not rows.

    Raises:
        DataError: a row with more cells than the header.
    """
    kept = [index for index, name in enumerate(names) if only is None or name in only]
    sheet = _only_sheet(path)
    marks = _readable(path, lambda: read_marks(path, sheet))
    yield from _batches(path, sheet, marks, names=names, rows=rows, kept=kept)


def _batches(
    path: Path, sheet: SheetPart, marks: SheetMarks, *, names: Sequence[str], rows: int, kept: list[int] | None
) -> Iterator[pa.RecordBatch]:
    kept = [*range(len(names))] if kept is None else kept
    pending: list[list[str]] = []
    blank = 0
    found = _rows(path, sheet, marks)
    next(found, None)
    for number, texts in enumerate(found, start=1):
        if any(texts[len(names) :]):
            raise DataError(
                Fault(
                    code="RQC-D004",
                    what="A row has more cells than the header.",
                    where=f"{path} row {number}",
                    got=", ".join(texts),
                    expected=f"{len(names)} cells",
                    action="Correct the sheet; no part of a broken file is judged.",
                )
            )
        if not any(texts):
            blank += 1
            continue
        pending += [[""] * len(names) for _ in range(blank)]
        blank = 0
        pending.append(texts[: len(names)] + [""] * (len(names) - len(texts)))
        while len(pending) >= rows:
            yield _batch(pending[:rows], names, kept)
            pending = pending[rows:]
    if pending:
        yield _batch(pending, names, kept)


def _batch(rows: list[list[str]], names: Sequence[str], kept: list[int]) -> pa.RecordBatch:
    columns = [pa.array([row[index] for row in rows], type=pa.string()) for index in kept]
    return as_text_codes(pa.record_batch(columns, names=[names[index] for index in kept]))


def _titles(path: Path, sheet: SheetPart, marks: SheetMarks) -> list[str]:
    if marks.empty_formulas:
        raise DataError(
            Fault(
                code="RQC-D018",
                what="A formula has no value.",
                where=f"{path} {', '.join(marks.empty_formulas[:_SHOWN])}",
                got=f"{len(marks.empty_formulas)} formulas that no spreadsheet program has computed",
                expected="the value beside every formula",
                action="Open and save the workbook in a spreadsheet program, or export values.",
            )
        )
    titles = next(_rows(path, sheet, marks), [])
    while titles and titles[-1] == "":
        titles.pop()
    if not titles:
        raise DataError(
            Fault(
                code="RQC-D001",
                what="The sheet is empty.",
                where=str(path),
                expected="a header in its first row and at least one row below",
                action="Export again; an empty export releases nothing.",
            )
        )
    return titles


def _only_sheet(path: Path) -> SheetPart:
    sheets = _readable(path, lambda: read_sheets(path))
    if len(sheets) != 1 or sheets[0].state != "visible":
        raise DataError(_several(path, sheets, "one visible sheet"))
    return sheets[0]


def _choose(path: Path, name: str | None) -> tuple[SheetPart, list[SheetPart]]:
    sheets = _readable(path, lambda: read_sheets(path))
    chosen = sheets if name is None else [sheet for sheet in sheets if sheet.name == name]
    if len(chosen) != 1:
        raise DataError(_several(path, sheets, "one sheet" if name is None else f"a sheet '{name}'"))
    return chosen[0], [sheet for sheet in sheets if sheet is not chosen[0]]


def _several(path: Path, sheets: Sequence[SheetPart], expected: str) -> Fault:
    return Fault(
        code="RQC-D007",
        what="The workbook has several sheets, or a hidden one.",
        where=str(path),
        got=", ".join(f"{sheet.name} ({sheet.state})" for sheet in sheets) or "no sheet",
        expected=expected,
        action="Keep the sheet with the results only, or name it in a profile; regenqc does not choose.",
    )


def _hidden(marks: SheetMarks) -> list[str]:
    notes = []
    if marks.hidden_rows:
        notes.append(f"hidden rows of the sheet: {_ranges(marks.hidden_rows)}")
    if marks.hidden_columns:
        shown = ", ".join(
            f"{_letters(first)}-{_letters(last)}" if last > first else _letters(first)
            for first, last in marks.hidden_columns[:_SHOWN]
        )
        notes.append(f"hidden columns of the sheet: {shown}")
    return notes


def _readable(path: Path, work: Callable[[], _Found]) -> _Found:
    try:
        return work()
    except DataError:
        raise
    except Exception as error:  # a library raises whatever the damaged part happens to raise
        raise DataError(
            Fault(
                code="RQC-D005",
                what="The file cannot be read as an XLSX workbook.",
                where=str(path),
                got=next(iter(str(error).splitlines()), type(error).__name__),
                expected="a complete .xlsx file",
                action="Save it again as .xlsx.",
            )
        ) from error


def _rows(path: Path, sheet: SheetPart, marks: SheetMarks) -> Iterator[list[str]]:
    from python_calamine import load_workbook  # noqa: PLC0415 - only spreadsheets need it

    def opened() -> Iterator[list[Any]]:
        check_archive(path)
        found = load_workbook(str(path)).get_sheet_by_name(sheet.name)
        if found.width > _MOST_COLUMNS:
            raise ValueError(f"{found.width} columns")
        return iter(found.to_python(skip_empty_area=False))

    formats, errors = marks.formats, marks.errors
    long_numbers: dict[tuple[int, int], str] | None = None
    for number, cells in enumerate(_readable(path, opened), start=1):
        texts = [value if isinstance(value, str) else _text(value) for value in cells]
        for column, value in enumerate(cells, start=1):
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                if errors and (number, column) in errors:
                    texts[column - 1] = errors[number, column] or "#ERROR"
                continue
            if abs(value) >= _LEAST_LONG:
                if long_numbers is None:
                    long_numbers = _readable(path, lambda: read_long_numbers(path, sheet))
                texts[column - 1] = long_numbers.get((number, column), texts[column - 1])
            if formats and (shown := formats.get((number, column))) is not None:
                texts[column - 1] = _shown(texts[column - 1], shown)
        yield texts


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    return "" if value is None else str(value)


def _shown(text: str, number_format: str) -> str:
    if any(mark in number_format for mark in "<>≤≥"):
        # The operator that readers of the sheet see belongs to the format; the number alone would say something else.
        return f"{text} (shown as {number_format})"
    return f"{(Decimal(text) * 100).normalize():f}%"


def _ranges(numbers: Sequence[int]) -> str:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = [f"{first}-{last}" if last > first else f"{first}" for first, last in ranges[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(ranges) - _SHOWN} more ranges" if len(ranges) > _SHOWN else "")


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
