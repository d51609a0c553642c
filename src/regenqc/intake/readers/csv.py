"""Read exports of separated text as streams of reported text, exactly as written between the marks."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as pacsv

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.csv_cells import CellCoder
from regenqc.intake.readers.csv_lines import LinesOfFile
from regenqc.intake.readers.csv_plain import is_worth_loading, read_plain
from regenqc.intake.readers.encodings import check_utf8, open_utf8
from regenqc.intake.readers.text import TEXT_CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["PLAIN_FORM", "CsvForm", "CsvHeader", "csv_header", "read_csv"]

_BLOCK_BYTES: Final = 8 << 20
_LARGEST_BLOCK_BYTES: Final = 512 << 20
_LONGEST_HEADER_BYTES: Final = 1 << 20
_MOST_COLUMNS: Final = 20_000
_MARK: Final = b"\xef\xbb\xbf"

# A record that is put behind the file. When it does not come out as the last record, a quotation has swallowed it.
_LAST: Final = "\x1e end of file \x1e"

_OTHER_FORMATS: Final = (
    (b"\x1f\x8b", "a compressed file", "Unpack it first."),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "Save it as .xlsx, or export as CSV."),
    (b"%PDF", "a PDF document", "Export the results as CSV."),
)


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a text file is written; by default comma-separated UTF-8 with one header record.

    Args:
        encoding: of its bytes.
        delimiter: one ASCII character between fields.
        quote: one ASCII character around fields, or nothing.
        separator_line: whether the first line is a hint for spreadsheet programs (`sep=;`).
        skip_lines: lines above the header that belong to no record.
        titles: header of a file that has none.
        comment: with what lines begin that are no records, or nothing.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    separator_line: bool = False
    skip_lines: int = 0
    titles: tuple[str, ...] = ()
    comment: str = ""


PLAIN_FORM: Final = CsvForm()


@dataclass(frozen=True, slots=True)
class CsvHeader:
    """The first record of a file.

    Args:
        names: in order; a field without name is called `unnamed_` and its position.
        size: bytes up to the end of the record, in UTF-8.
        titles: the fields as they are written.
        form: how the file is written.
    """

    names: tuple[str, ...]
    size: int
    titles: tuple[str, ...] = ()
    form: CsvForm = PLAIN_FORM


def csv_header(path: Path, *, form: CsvForm = PLAIN_FORM) -> CsvHeader:
    """Return the names in the first record of a file; blank lines before it are passed over.

    Args:
        path: of the file.
        form: how it is written.

    Raises:
        DataError: empty, not in its encoding, another format under a text name, or fields that are separated otherwise.
    """
    with path.open("rb") as raw:
        _refuse_other_formats(path, raw.read(4096), form)
    with open_utf8(path, form.encoding) as stream:
        size = _skip(path, stream, form)
        if form.titles:
            return CsvHeader(_names(form.titles), size, form.titles, form)

        def lines() -> Iterator[str]:
            nonlocal size
            while line := stream.readline(_LONGEST_HEADER_BYTES):
                mark = len(_MARK) if size == 0 and line.startswith(_MARK) else 0
                size += len(line)
                if size > _LONGEST_HEADER_BYTES:
                    raise csv.Error("the header does not end")
                text = line[mark:].decode()
                if not form.comment or not text.startswith(form.comment):
                    yield text

        reader = csv.reader(
            lines(),
            strict=True,
            delimiter=form.delimiter,
            quotechar=form.quote or None,
            quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        )
        try:
            fields = next((record for record in reader if record), [])
        except UnicodeDecodeError as error:
            raise DataError(_not_text(path, f"{error.reason} in the header")) from error
        except csv.Error as error:
            raise DataError(_malformed(path, f"header: {error}")) from error
    _refuse_other_separators(path, fields, form)
    if len(fields) > _MOST_COLUMNS:
        raise DataError(_malformed(path, f"{len(fields)} columns"))
    return CsvHeader(_names(fields), size, tuple(fields), form)


def _names(titles: Sequence[str]) -> tuple[str, ...]:
    return tuple(name or f"unnamed_{position}" for position, name in enumerate(titles, start=1))


def _skip(path: Path, stream: Any, form: CsvForm) -> int:
    """Pass over what stands above the header and return its size in bytes."""
    size = 0
    if form.separator_line:
        line = stream.readline(_LONGEST_HEADER_BYTES)
        size += len(line)
        hint = line.removeprefix(_MARK).decode("utf-8", "replace").strip().casefold()
        if not hint.startswith("sep=") or hint[4:].strip(form.delimiter + form.quote):
            raise DataError(
                Fault(
                    code="RQC-D013",
                    what="The first line is not the hint for spreadsheet programs that the profile declares.",
                    where=f"{path} line 1",
                    got=hint,
                    expected=f"sep={form.delimiter}",
                    action="Correct the dialect in the profile, or export again.",
                )
            )
    for _ in range(form.skip_lines):
        line = stream.readline(_LONGEST_HEADER_BYTES)
        if not line.endswith(b"\n"):
            raise DataError(_malformed(path, f"fewer lines than the {form.skip_lines} above the header"))
        size += len(line)
    return size


def read_csv(path: Path, *, header: CsvHeader, only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the records as dictionary-coded text, a block of the file at a time.

    Args:
        path: of the file.
        header: as `csv_header` gives it.
        only: read these columns only.

    Raises:
        DataError: records with another number of fields than the header (all of them are counted and located), text
            that is not UTF-8, NUL characters, a quotation that is not closed.
    """
    done = 0
    if _may_be_plain(header.form) and is_worth_loading(path.stat().st_size):
        names = header.names if not only else tuple(only)
        coder = CellCoder(header.names, delimiter=header.form.delimiter, quote=header.form.quote, wanted=names)
        with path.open("rb") as stream:
            _go_behind_header(stream, header)
            begin = stream.tell()
        records = read_plain(LinesOfFile(path, begin=begin), coder)
        while True:
            try:
                batch = next(records)
            except StopIteration as end:
                if end.value:
                    return
                break
            done += batch.num_rows
            yield batch
    # Text that is not plain is read from the start: what is wrong with it is told with the numbers of its records.
    block = _BLOCK_BYTES
    largest = min(max(_BLOCK_BYTES, 2 * path.stat().st_size), _LARGEST_BLOCK_BYTES)
    while True:
        ahead = done
        try:
            for batch in _read_blocks(path, header, only, block):
                fresh = batch.slice(min(ahead, batch.num_rows))
                ahead -= batch.num_rows - fresh.num_rows
                if fresh.num_rows:
                    done += fresh.num_rows
                    yield fresh
        except UnicodeDecodeError as error:
            raise DataError(_not_text(path, f"{error.reason} in {_place_of(path)}")) from error
        except pa.ArrowInvalid as error:
            # A record longer than a block: read again in longer blocks and pass over what has been handed out.
            if "straddl" in str(error) and block < largest:
                block = min(block * 8, largest)
                continue
            raise DataError(_explained(path, str(error))) from error
        return


def _read_blocks(path: Path, header: CsvHeader, only: Sequence[str] | None, block: int) -> Iterator[pa.RecordBatch]:
    form = header.form
    broken = _BrokenRecords(form.comment)
    convert = pacsv.ConvertOptions(
        column_types=dict.fromkeys(header.names, TEXT_CODES),
        strings_can_be_null=False,
        quoted_strings_can_be_null=False,
        null_values=[],
        check_utf8=False,  # `_Records` has looked
        include_columns=list(only) if only is not None else [],
    )
    with (
        _Records(path, header) as records,
        pacsv.open_csv(
            pa.PythonFile(records, mode="r"),
            read_options=pacsv.ReadOptions(block_size=block, use_threads=False, column_names=list(header.names)),
            parse_options=pacsv.ParseOptions(
                delimiter=form.delimiter,
                quote_char=form.quote or False,
                double_quote=bool(form.quote),
                newlines_in_values=True,
                invalid_row_handler=broken.keep,
            ),
            convert_options=convert,
        ) as reader,
    ):
        held: pa.RecordBatch | None = None
        count = 0
        for batch in reader:
            if batch.num_rows == 0:
                continue
            if held is not None and not broken.count:
                yield held
            held = batch
            count += batch.num_rows
        if records.has_nul:
            raise DataError(_not_text(path, f"NUL characters in line {_line_of(path, _find_nul)}"))
        if held is None or any(column[-1].as_py() != _LAST for column in held.columns):
            raise DataError(_unclosed(path, count + broken.count, broken))
        if broken.count:
            raise DataError(broken.fault(path, len(header.names)))
        yield held.slice(0, held.num_rows - 1)


def _may_be_plain(form: CsvForm) -> bool:
    return not form.comment and codecs.lookup(form.encoding).name in {"utf-8", "utf-8-sig"}


def _go_behind_header(stream: BinaryIO, header: CsvHeader) -> None:
    stream.seek(header.size)
    if header.size == 0 and stream.read(len(_MARK)) != _MARK:  # a file without header begins with its mark
        stream.seek(0)


class _Records(io.RawIOBase):
    """The bytes behind the header, and the last record."""

    def __init__(self, path: Path, header: CsvHeader) -> None:
        self._stream = open_utf8(path, header.form.encoding)
        _go_behind_header(self._stream, header)
        self._rest = b"\n" + header.form.delimiter.join([_LAST] * len(header.names)).encode() + b"\n"
        self._begun = b""
        self.has_nul = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        part = self._stream.read(size)
        # Looked at here, because a broken record that is no UTF-8 would not come back from the parser.
        self._begun = check_utf8(self._begun + part if self._begun else part, final=not part)
        self.has_nul = self.has_nul or b"\x00" in part
        if not part:
            part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def close(self) -> None:
        self._stream.close()
        super().close()


class _BrokenRecords:
    """Records with another number of fields, as ranges of their numbers."""

    def __init__(self, comment: str = "") -> None:
        self._comment = comment
        self.count = 0
        self.ranges: list[list[int]] = []
        self.first: Any = None

    def keep(self, record: Any) -> str:
        if self._comment and str(record.text).startswith(self._comment):
            return "skip"
        self.count += 1
        self.first = self.first or record
        if self.ranges and self.ranges[-1][1] == record.number - 1:
            self.ranges[-1][1] = record.number
        else:
            self.ranges.append([record.number, record.number])
        return "skip"

    def fault(self, path: Path, fields: int) -> Fault:
        shown = [f"{first}" if first == last else f"{first}-{last}" for first, last in self.ranges[:50]]
        more = f" and further ones up to row {self.ranges[-1][1]}" if len(self.ranges) > 50 else ""
        text = str(self.first.text).strip()
        return Fault(
            code="RQC-D004",
            what=f"{self.count} records have another number of fields than the header."
            if self.count > 1
            else "A record has another number of fields than the header.",
            where=f"{path} rows {', '.join(shown)}{more}" if self.count > 1 else f"{path} row {shown[0]}",
            got=f"{self.first.actual_columns} fields in row {self.first.number}: {text}",
            expected=f"{fields} fields",
            action="Export again, or correct the rows; no part of a broken file is judged.",
        )


def _refuse_other_formats(path: Path, start: bytes, form: CsvForm) -> None:
    if not start.removeprefix(_MARK).strip(b" \r\n\t"):
        raise DataError(
            Fault(
                code="RQC-D001",
                what="The file is empty.",
                where=str(path),
                expected="a header and at least one row",
                action="Export again; an empty export releases nothing.",
            )
        )
    for magic, what, action in _OTHER_FORMATS:
        if start.startswith(magic):
            raise DataError(
                Fault(
                    code="RQC-D002",
                    what=f"The file is {what} under a text name.",
                    where=str(path),
                    got=magic.decode("ascii", errors="backslashreplace").encode("unicode_escape").decode(),
                    expected="comma-separated text",
                    action=action,
                )
            )
    if form.encoding.casefold().replace("_", "-") != "utf-8":
        return
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(_not_text(path, "UTF-16"))
    if b"\x00" in start:
        raise DataError(_not_text(path, "UTF-16 without byte order mark, or binary content"))


def _refuse_other_separators(path: Path, fields: Sequence[str], form: CsvForm) -> None:
    hint = len(fields) > 1 and fields[0].casefold() == "sep=" and not any(fields[1:])
    if hint or (len(fields) == 1 and fields[0].casefold().startswith("sep=")):
        raise DataError(
            Fault(
                code="RQC-D013",
                what="The first line is a hint for spreadsheet programs, not the header.",
                where=f"{path} line 1",
                got=",".join(fields) if hint else fields[0],
                expected="the names of the columns",
                action="Remove the line.",
            )
        )
    if len(fields) == 1:
        separators = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
        declared = separators.pop(form.delimiter, repr(form.delimiter))
        found = max(separators, key=fields[0].count)
        if found in fields[0]:
            raise DataError(
                Fault(
                    code="RQC-D013",
                    what=f"The fields are separated by {separators[found]}.",
                    where=f"{path} line 1",
                    got=fields[0],
                    expected=f"fields separated by {declared}",
                    action=f"Export with {declared}, or declare the delimiter in a profile; regenqc does not guess which mark separates fields.",
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


def _explained(path: Path, message: str) -> Fault:
    if "straddl" in message:
        return _malformed(path, f"a record of more than {_LARGEST_BLOCK_BYTES >> 20} MiB, or a quotation without end")
    return _malformed(path, message.splitlines()[0])


def _malformed(path: Path, got: str) -> Fault:
    return Fault(
        code="RQC-D003",
        what="The file cannot be read as comma-separated text.",
        where=str(path),
        got=got,
        expected="records with the fields of the header",
        action="Export again; no part of a broken file is judged.",
    )


def _unclosed(path: Path, row: int, broken: _BrokenRecords) -> Fault:
    # The record with the open quotation is the last one: it is counted among the whole or among the broken ones.
    text = str(broken.first.text)[:60] if broken.count == 1 else "the rest of the file as one field"
    return Fault(
        code="RQC-D003",
        what="A quotation is not closed.",
        where=f"{path} row {row}",
        got=text,
        expected='every field that begins with " to end with "',
        action="Export again; no part of a broken file is judged.",
    )


def _line_of(path: Path, find: Callable[[bytes], bool]) -> int | str:
    with path.open("rb") as stream:
        return next((number for number, line in enumerate(stream, start=1) if find(line)), "?")


def _find_nul(line: bytes) -> bool:
    return b"\x00" in line


def _place_of(path: Path) -> str:
    """Return line and offset of the first byte that is not UTF-8."""
    offset = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"line {number}, byte {offset + error.start} of the file"
            offset += len(line)
    return "a place that is no longer there"
