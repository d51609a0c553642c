"""A source: one file or table of the input, read as often as needed, the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from regenqc.errors import DataError, Fault
from regenqc.intake.contracts import check_column_names, check_column_types
from regenqc.intake.readers.text import has_reported_text, text_chunks

if TYPE_CHECKING:
    from concurrent.futures import Future

    from regenqc.intake.contracts import InputColumn
    from regenqc.intake.profiles.source import MappedFile

__all__ = ["Reader", "Source", "not_empty", "table_source", "unreported_types"]

Reader = Callable[[int, Sequence[str] | None], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Source:
    """One file or table of the input.

    Args:
        name: file name as given, `<standard input>`, `<frame>` or `<table>`.
        kind: `csv`, `parquet`, `arrow`, `xlsx`, `json_lines`, `frame`, `table`.
        columns: header, in order.
        stated_digest: `sha256:` of the file's bytes, or what will be that; empty for tables in memory.
        byte_count: size of the file, 0 for tables in memory.
        read: `read(rows, only)` yields record batches of dictionary-coded text with the columns `only`; of about `rows`
            rows where the format allows it. It raises `DataError` when the source turns out to be broken or without rows.
        mapped: the way from the file's own columns to these; `None` where they are its own.
        notes: what whoever looks at the file may not see, such as hidden rows of a sheet.

    Example:
        >>> source = table_source(pa.table({"batch_id": ["B1"]}), name="<table>", kind="table", columns=())
        >>> [rows.num_rows for rows in source.read(100, None)]
        [1]
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    stated_digest: str | Future[str]
    byte_count: int
    read: Reader = field(repr=False)
    mapped: MappedFile | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return `sha256:` of the file's bytes, empty for tables in memory; of a large file it may have to be waited for.

        Raises:
            DataError: the file changed, or cannot be opened any more.
        """
        return self.stated_digest if isinstance(self.stated_digest, str) else self.stated_digest.result()


def table_source(table: pa.Table | pa.RecordBatch, *, name: str, kind: str, columns: Sequence[InputColumn]) -> Source:
    """Return a table in memory as a source.

    Args:
        table: any flat Arrow table; it is not copied.
        name: for messages.
        kind: `frame` or `table`.
        columns: the contract.

    Raises:
        DataError: the header or a type does not satisfy the contract.

    Example:
        >>> table_source(pa.table({"batch_id": ["B1"]}), name="<table>", kind="table", columns=()).columns
        ('batch_id',)
    """
    check_column_names(table.schema.names, columns=columns, source=name)
    check_column_types(unreported_types(table.schema), columns=columns, source=name)

    def read(rows: int, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        try:
            yield from text_chunks(table, rows=rows, only=only)
        except (pa.ArrowException, ValueError) as error:
            raise DataError(
                Fault(
                    code="RQC-D005",
                    what="The table cannot be read.",
                    where=name,
                    got=next(iter(str(error).splitlines()), type(error).__name__),
                    expected="valid Arrow data, text in UTF-8",
                    action="Make the table again from its source.",
                )
            ) from error

    return Source(name, kind, tuple(table.schema.names), "", 0, not_empty(read, name=name))


def unreported_types(schema: pa.Schema) -> dict[str, str]:
    """Return the columns whose type holds no reported text.

    Example:
        >>> unreported_types(pa.schema([("result", pa.binary()), ("unit", pa.string())]))
        {'result': 'binary'}
    """
    return {entry.name: str(entry.type) for entry in schema if not has_reported_text(entry.type)}


def not_empty(read: Reader, *, name: str) -> Reader:
    """Return the reader such that it raises after the last row if there was none.

    Args:
        read: any reader.
        name: of the source, for the message.

    Example:
        >>> list(not_empty(lambda rows, only: iter(()), name="a.csv")(100, None))
        Traceback (most recent call last):
        ...
        regenqc.errors.DataError: RQC-D001 The file or table has no rows. At a.csv. Expected: at least one row.
        Export again; an empty export releases nothing.
    """

    def checked(rows: int, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        count = 0
        for batch in read(rows, only):
            count += batch.num_rows
            yield batch
        if count == 0:
            raise DataError(
                Fault(
                    code="RQC-D001",
                    what="The file or table has no rows.",
                    where=name,
                    expected="at least one row",
                    action="Export again; an empty export releases nothing.",
                )
            )

    return checked
