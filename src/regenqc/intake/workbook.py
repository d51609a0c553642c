"""One sheet of texts as an XLSX workbook: written with text cells only, and read as result tables are read."""

from __future__ import annotations

import io
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from regenqc.errors import DataError, Fault, UsageError
from regenqc.intake.readers.xlsx import read_xlsx, xlsx_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["read_workbook", "write_workbook"]

_ROWS: Final = 1000
_TEXT: Final = "@"
_LONGEST_CELL: Final = 32_767
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that an archive can state


def read_workbook(path: Path) -> tuple[tuple[str, ...], ...]:
    """Read the only sheet as texts, head first; every row has as many cells as the head.

    Cells read as they do in result tables: a number gives its shortest exact text, an empty cell gives empty text, and a
    blank row between others stays. What a result may be and a limit may not is refused: the value of a formula, which a
    later change of another cell moves, an error value, and merged cells, of which only the first one has content.

    Raises:
        DataError: no such file (RQC-D008), no workbook (RQC-D005), several sheets (RQC-D007), nothing in it (RQC-D001), a row
            longer than the head (RQC-D004), formulas and error values (RQC-D015), merged cells (RQC-D016).

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "limits.xlsx"
        ...     _ = path.write_bytes(write_workbook([("id", "min"), ("viability", "70.0")]))
        ...     read_workbook(path)
        (('id', 'min'), ('viability', '70.0'))
    """
    if not path.is_file():
        raise DataError(
            Fault(
                code="RQC-D008",
                what="There is no such file.",
                where=str(path),
                expected="an .xlsx workbook",
                action="Check the path.",
            )
        )
    names = xlsx_header(path)
    faults = tuple(_unstable_cells(path))
    if faults:
        raise DataError(*faults)
    # By position and not by name: a name that stands twice is for the caller to refuse.
    places = [f"{position}" for position in range(len(names))]
    rows = [tuple(row.values()) for batch in read_xlsx(path, names=places, rows=_ROWS) for row in batch.to_pylist()]
    return (tuple(names), *rows)


def write_workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """Return a workbook of one sheet. The same rows give the same bytes.

    Every cell, and every cell that people fill in later below, is text: digits stay as they are typed, and what begins with
    an equals sign is no formula.

    Raises:
        UsageError: RQC-U114, a text that a cell cannot hold.

    Example:
        >>> write_workbook([("id", "min")])[:2]
        b'PK'
    """
    import openpyxl  # noqa: PLC0415 - 0.2 s to import, only spreadsheets need it
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415 - as above
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - as above

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "limits"
    sheet.freeze_panes = "A2"
    for position in range(1, max(map(len, rows), default=0) + 1):
        sheet.column_dimensions[get_column_letter(position)].number_format = _TEXT
    for number, row in enumerate(rows, start=1):
        for position, text in enumerate(row, start=1):
            if len(text) > _LONGEST_CELL or ILLEGAL_CHARACTERS_RE.search(text):
                raise UsageError(
                    Fault(
                        code="RQC-U114",
                        what="A text does not fit into a cell of a workbook.",
                        where=f"{get_column_letter(position)}{number}",
                        got=text,
                        expected=f"at most {_LONGEST_CELL} characters, without control characters",
                        action="Write CSV instead.",
                    )
                )
            if text:
                cell = sheet.cell(number, position, text)
                cell.data_type = "s"
                cell.number_format = _TEXT
    return _without_times(workbook)


def _without_times(workbook: Any) -> bytes:
    from openpyxl.writer.excel import ExcelWriter  # noqa: PLC0415 - 0.2 s to import, only spreadsheets need it

    workbook.properties.created = workbook.properties.modified = datetime(*_EPOCH)  # noqa: DTZ001 - the format has no zone
    written, stable = io.BytesIO(), io.BytesIO()
    ExcelWriter(workbook, ZipFile(written, "w", ZIP_DEFLATED)).save()
    with ZipFile(written) as parts, ZipFile(stable, "w") as archive:
        for name in parts.namelist():
            archive.writestr(ZipInfo(name, _EPOCH), parts.read(name), ZIP_DEFLATED)
    return stable.getvalue()


def _unstable_cells(path: Path) -> Iterator[Fault]:
    import openpyxl  # noqa: PLC0415 - 0.2 s to import, only spreadsheets need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and other things that hold no limits
        sheet = openpyxl.load_workbook(path).worksheets[0]
    for merged in sorted(str(entry) for entry in sheet.merged_cells.ranges):
        yield Fault(
            code="RQC-D016",
            what="Cells are merged, and only the first of them has content.",
            where=f"{path} {merged}",
            expected="every cell filled by itself",
            action="Take the merged cells apart and fill each.",
        )
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type in {"f", "e"}:
                yield Fault(
                    code="RQC-D015",
                    what="A cell holds a formula or an error value.",
                    where=f"{path} {cell.coordinate}",
                    got=str(cell.value),
                    expected="the limit itself, typed",
                    action="Replace the formula by its value.",
                )
