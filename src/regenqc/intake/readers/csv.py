"""Read comma-separated exports as streams of reported text."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.text import TEXT_CODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["csv_header", "read_csv"]

_BLOCK_BYTES = 8 << 20
_LARGEST_BLOCK_BYTES = 512 << 20


def csv_header(path: Path) -> list[str]:
    """Return the names in the first record of a UTF-8 file.

    Raises:
        DataError: empty, not UTF-8, or a zipped or binary file under a text name.
    """
    with path.open("rb") as stream:
        start = stream.read(4096)
    _refuse_other_formats(path, start)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return next(csv.reader(stream, strict=True), [])
    except UnicodeDecodeError as error:
        raise DataError(_not_text(path, str(error))) from error
    except csv.Error as error:
        raise DataError(
            Fault(code="RQC-D003", what="The header cannot be read.", where=str(path), got=str(error))
        ) from error


def read_csv(path: Path, *, names: Sequence[str], only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the records as dictionary-coded text, exactly as written between the commas.

    Args:
        path: UTF-8, comma separated, one header record.
        names: the header.
        only: read these columns only.

    Raises:
        DataError: records with another number of fields than the header (all such rows are listed), text that is not
            UTF-8, an unclosed quotation.
    """
    broken: list[Any] = []

    def keep(row: Any) -> str:
        broken.append(row)
        return "skip"

    convert = pacsv.ConvertOptions(
        column_types=dict.fromkeys(names, TEXT_CODES),
        strings_can_be_null=False,
        quoted_strings_can_be_null=False,
        null_values=[],
        include_columns=list(only) if only is not None else [],
    )
    size = path.stat().st_size
    block = min(_BLOCK_BYTES, max(size, 1 << 16))
    while True:
        emitted = False
        try:
            with pacsv.open_csv(
                path,
                read_options=pacsv.ReadOptions(block_size=block, use_threads=False),
                parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep),
                convert_options=convert,
            ) as reader:
                for batch in reader:
                    if broken:
                        break
                    if batch.num_rows:
                        emitted = True
                        yield batch
            break
        except pa.ArrowInvalid as error:
            # A cell longer than a block: read again with longer blocks, as long as nothing has been handed out.
            if "straddl" in str(error) and block < min(size * 2, _LARGEST_BLOCK_BYTES) and not emitted:
                block *= 8
                continue
            raise DataError(_malformed(path, str(error))) from error
    if broken:
        raise DataError(_ragged(path, broken))


def _refuse_other_formats(path: Path, start: bytes) -> None:
    if not start.strip(b"\xef\xbb\xbf \r\n\t"):
        raise DataError(
            Fault(
                code="RQC-D001",
                what="The file is empty.",
                where=str(path),
                expected="a header and at least one result",
                action="Export again; an empty export releases nothing.",
            )
        )
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start[:200]:
        raise DataError(_not_text(path, "UTF-16 or binary content"))
    if start.startswith(b"PK\x03\x04"):
        raise DataError(
            Fault(
                code="RQC-D002",
                what="The file is a zipped spreadsheet under a text name.",
                where=str(path),
                got="PK\\x03\\x04",
                expected="comma-separated text",
                action="Rename it to .xlsx, or export as CSV.",
            )
        )


def _not_text(path: Path, got: str) -> Fault:
    return Fault(
        code="RQC-D002",
        what="The file is not UTF-8 text.",
        where=str(path),
        got=got,
        expected="UTF-8, with or without byte order mark",
        action="Export as UTF-8, or describe the export in a profile.",
    )


def _malformed(path: Path, message: str) -> Fault:
    if "UTF8" in message or "UTF-8" in message:
        return _not_text(path, message.splitlines()[0])
    return Fault(
        code="RQC-D003",
        what="The file cannot be read as comma-separated text.",
        where=str(path),
        got=message.splitlines()[0],
        expected="every record with the fields of the header",
        action="Export again; no part of a broken file is judged.",
    )


def _ragged(path: Path, rows: list[Any]) -> Fault:
    listed = ", ".join(f"{row.number - 1} ({row.actual_columns} fields)" for row in rows[:10] if row.number is not None)
    more = f" and {len(rows) - 10} more" if len(rows) > 10 else ""
    return Fault(
        code="RQC-D004",
        what="Records have another number of fields than the header.",
        where=f"{path} rows {listed}{more}",
        got=str(rows[0].text)[:100],
        expected=f"{rows[0].expected_columns} fields",
        action="Export again, or correct the rows; no part of a broken file is judged.",
    )
