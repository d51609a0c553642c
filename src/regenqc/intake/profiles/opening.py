"""Open a file as the columns that it has, whatever its format: titles in order, and rows of text by position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.errors import DataError, Fault
from regenqc.intake.contracts import check_column_names
from regenqc.intake.formats import format_of
from regenqc.intake.readers.names import schema_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from regenqc.intake.profiles.model import Profile

__all__ = ["OpenedFile", "open_file"]

_DOCUMENTS = {"senaite_json", "allotrope", "fhir"}


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """One file, its header read.

    Args:
        kind: format.
        titles: of the columns, as written; they may stand twice.
        read: `read(rows)` yields record batches of dictionary-coded text, columns in the order of the titles.
        notes: what a reader of the file should know, such as rows that are hidden in a sheet.
    """

    kind: str
    titles: tuple[str, ...]
    read: Callable[[int], Iterator[pa.RecordBatch]]
    notes: tuple[str, ...] = ()


def open_file(path: Path, profile: Profile) -> OpenedFile:
    """Open a file as a profile says that it is written.

    Raises:
        DataError: another format than the profile declares, or a file that cannot be read.
    """
    document = profile.document
    kind = format_of(path)
    declared = document.format
    accepts = (
        {kind}
        if declared == "table" and kind != "json"
        else {"json", "json_lines"}
        if declared in _DOCUMENTS
        else {declared}
    )
    if kind not in accepts:
        raise DataError(
            Fault(
                code="RQC-D009",
                what="The file is of another format than the profile declares.",
                where=str(path),
                got=kind,
                expected="a table" if declared == "table" else declared,
                action="Name the profile of this format; the content of a file decides, not its ending.",
            )
        )
    # Each reader is imported with the first file of its kind.
    if declared in _DOCUMENTS:
        from regenqc.intake.readers.documents import read_document  # noqa: PLC0415

        rows = read_document(path, declared)
        return OpenedFile(declared, rows.titles, rows.read)
    if kind == "delimited":
        return _open_text(path, profile)
    if kind == "xlsx":
        from regenqc.intake.readers import xlsx  # noqa: PLC0415

        sheet = xlsx.open_sheet(path, name=document.sheet.name, hidden=document.sheet.hidden)
        return OpenedFile("xlsx", sheet.titles, sheet.read, sheet.notes)
    if kind == "parquet":
        from regenqc.intake.readers import arrow  # noqa: PLC0415

        names = _distinct(arrow.parquet_schema(path), path)
        return OpenedFile(kind, names, lambda rows: arrow.read_parquet(path, rows=rows))
    if kind == "arrow":
        from regenqc.intake.readers import arrow  # noqa: PLC0415

        names = _distinct(arrow.arrow_schema(path), path)
        return OpenedFile(kind, names, lambda rows: arrow.read_arrow(path, rows=rows))
    from regenqc.intake.readers import json_lines  # noqa: PLC0415

    keys = tuple(json_lines.json_lines_header(path))
    return OpenedFile("json_lines", keys, lambda rows: json_lines.read_json_lines(path, names=keys, rows=rows))


def _distinct(schema: pa.Schema, path: Path) -> tuple[str, ...]:
    # These formats are read by name: a name that stands twice cannot be told apart by its position.
    names = schema_names(schema, path=path)
    check_column_names(names, columns=(), source=str(path))
    return tuple(names)


def _open_text(path: Path, profile: Profile) -> OpenedFile:
    from regenqc.intake.readers import csv  # noqa: PLC0415

    dialect = profile.document.dialect
    form = csv.CsvForm(
        encoding=dialect.encoding,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        separator_line=dialect.separator_line,
        skip_lines=dialect.skip_lines,
        titles=dialect.header,
        comment=dialect.comment,
    )
    header = csv.csv_header(path, form=form)
    # By position and not by name: a name that stands twice is for the profile to tell apart.
    places = tuple(f"{position}" for position in range(len(header.titles)))
    by_position = csv.CsvHeader(places, header.size, header.titles, form)
    return OpenedFile("delimited", header.titles, lambda _: csv.read_csv(path, header=by_position))
