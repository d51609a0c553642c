"""Read the only sheet of an XLSX workbook as reported text."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import warnings
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.text import as_text_codes, number_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["read_xlsx", "xlsx_header"]

_ROWS: Final = 1000
_CONDITIONS: Final = re.compile(r"\[[^\]]*\]")


def xlsx_header(path: Path) -> list[str]:
    """Return the names in the first row of the only sheet; a cell without name is called `unnamed_` and its position.

    Raises:
        DataError: no workbook, several sheets, a hidden sheet, or an empty one.
    """
    names = next(_rows(path), [])
    while names and names[-1] == "":
        names.pop()
    if not names:
        raise DataError(
            Fault(
                code="RQC-D001",
                what="The sheet is empty.",
                where=str(path),
                expected="a header in its first row and at least one row below",
                action="Export again; an empty export releases nothing.",
            )
        )
    return [name or f"unnamed_{position}" for position, name in enumerate(names, start=1)]


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
    pending: list[list[str]] = []
    blank = 0
    for number, texts in enumerate(itertools.islice(_rows(path), 1, None), start=1):
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
        pending.append(texts + [""] * (len(names) - len(texts)))
        while len(pending) >= rows:
            yield _batch(pending[:rows], names, kept)
            pending = pending[rows:]
    if pending:
        yield _batch(pending, names, kept)


def _batch(rows: list[list[str]], names: Sequence[str], kept: list[int]) -> pa.RecordBatch:
    columns = [pa.array([row[index] for row in rows], type=pa.string()) for index in kept]
    return as_text_codes(pa.record_batch(columns, names=[names[index] for index in kept]))


def _rows(path: Path) -> Iterator[list[str]]:
    import openpyxl  # noqa: PLC0415 - 0.2 s to import, only spreadsheets need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and other things that hold no results
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            rows = _only_sheet(path, workbook).iter_rows()
            while part := _next_rows(rows):
                yield from part
        finally:
            workbook.close()
    except DataError:
        raise
    except Exception as error:  # the library raises whatever the damaged part happens to raise
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


def _next_rows(rows: Iterator[Any]) -> list[list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [[_text(cell.value, cell.number_format) for cell in row] for row in itertools.islice(rows, _ROWS)]


def _only_sheet(path: Path, workbook: Any) -> Any:
    sheets = workbook.worksheets
    if len(sheets) != 1 or sheets[0].sheet_state != "visible":
        raise DataError(
            Fault(
                code="RQC-D007",
                what="The workbook has several sheets, or a hidden one.",
                where=str(path),
                got=", ".join(f"{sheet.title} ({sheet.sheet_state})" for sheet in sheets) or "no sheet",
                expected="one visible sheet",
                action="Keep the sheet with the results only; regenqc does not choose.",
            )
        )
    # Some programs record too small a size of the sheet; rows beyond it would be lost.
    sheets[0].reset_dimensions()
    return sheets[0]


def _text(value: Any, number_format: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value, _CONDITIONS.sub("", number_format or ""))
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return str(value)


def _number(value: float, number_format: str) -> str:
    text = str(value) if isinstance(value, int) else number_text(value)
    if any(mark in number_format for mark in "<>≤≥"):
        # The operator that readers of the sheet see belongs to the format; the number alone would say something else.
        return f"{text} (shown as {number_format})"
    if "%" in number_format:
        return f"{(Decimal(text) * 100).normalize():f}%"
    return text
