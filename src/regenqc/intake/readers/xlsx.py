"""Read the first sheet of an XLSX workbook as reported text."""

from __future__ import annotations

import datetime
import zipfile
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.text import as_text_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["read_xlsx", "xlsx_header"]


def xlsx_header(path: Path) -> list[str]:
    """Return the names in the first row of the only visible sheet.

    Raises:
        DataError: no workbook, several visible sheets, or an empty sheet.
    """
    rows = _rows(path)
    names = [_text(value) for value in next(rows, ())]
    while names and names[-1] == "":
        names.pop()
    return names


def read_xlsx(
    path: Path, *, names: Sequence[str], rows: int, only: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows below the header as dictionary-coded text, `rows` at a time.

    A number cell gives its shortest exact text, because the digits that were typed are not stored; formulas give the
    value the spreadsheet program last computed.

    Raises:
        DataError: a row with more cells than the header.
    """
    kept = [index for index, name in enumerate(names) if only is None or name in only]
    pending: list[list[str]] = []
    content = _rows(path)
    next(content, None)
    for number, row in enumerate(content, start=1):
        texts = [_text(value) for value in row]
        if any(texts[len(names) :]):
            raise DataError(
                Fault(
                    code="RQC-D004",
                    what="A row has more cells than the header.",
                    where=f"{path} row {number}",
                    got=", ".join(texts)[:100],
                    expected=f"{len(names)} cells",
                    action="Correct the sheet; no part of a broken file is judged.",
                )
            )
        texts += [""] * (len(names) - len(texts))
        pending.append(texts)
        if len(pending) == rows:
            yield _batch(pending, names, kept)
            pending = []
    if pending:
        yield _batch(pending, names, kept)


def _batch(rows: list[list[str]], names: Sequence[str], kept: list[int]) -> pa.RecordBatch:
    columns = [pa.array([row[index] for row in rows], type=pa.string()) for index in kept]
    return as_text_codes(pa.record_batch(columns, names=[names[index] for index in kept]))


def _rows(path: Path) -> Iterator[tuple[Any, ...]]:
    import openpyxl  # noqa: PLC0415 - 0.2 s to import, only spreadsheets need it

    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, openpyxl.utils.exceptions.InvalidFileException) as error:
        raise DataError(
            Fault(
                code="RQC-D005",
                what="The file cannot be read as an XLSX workbook.",
                where=str(path),
                got=str(error),
                expected="a complete .xlsx file",
                action="Save it again as .xlsx.",
            )
        ) from error
    try:
        sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        if len(sheets) != 1 or len(workbook.worksheets) != 1:
            raise DataError(
                Fault(
                    code="RQC-D007",
                    what="The workbook has several sheets.",
                    where=str(path),
                    got=", ".join(f"{sheet.title} ({sheet.sheet_state})" for sheet in workbook.worksheets),
                    expected="one visible sheet",
                    action="Keep the sheet with the results only; regenqc does not choose.",
                )
            )
        yield from sheets[0].iter_rows(values_only=True)
    finally:
        workbook.close()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
