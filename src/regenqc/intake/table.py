"""Result tables: where reported results come from, read as streams of record batches of reported text."""

from __future__ import annotations

import glob
import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from regenqc.errors import DataError, Fault, UsageError
from regenqc.intake.contracts import RESULT_COLUMNS, InputColumn, check_column_names, frame_schema
from regenqc.intake.readers.text import as_text_codes

__all__ = ["ResultTable", "Source", "read_results", "source_of"]

Reader = Callable[[int, Sequence[str] | None], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Source:
    """One file or table of the input.

    Args:
        name: file name as given, or `<frame>` and the like.
        kind: `csv`, `parquet`, `arrow`, `xlsx`, `json_lines`, `frame`, `table`.
        columns: header, in order.
        digest: `sha256:` of the file's bytes, empty for tables in memory.
        byte_count: size of the file, 0 for tables in memory.
        read: `read(rows, only)` yields record batches of at most `rows` rows with the columns `only`.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    digest: str
    byte_count: int
    read: Reader = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResultTable:
    """The reported results of one run, not yet judged.

    Args:
        sources: in the order given; rows keep their source and their number in it.

    Example:
        >>> import pandas
        >>> frame = pandas.DataFrame({"batch_id": ["B1"], "test": ["ph"], "result": ["7.2"], "unit": ["pH"]})
        >>> read_results(frame).sources[0].columns
        ('batch_id', 'test', 'result', 'unit')
    """

    sources: tuple[Source, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column of any source, in order of first appearance."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.columns))


def read_results(*inputs: Any, profile: str = "canonical") -> ResultTable:
    """Describe results to be judged; files are opened and their headers checked, rows are read later.

    Args:
        inputs: paths, glob patterns, `-` for standard input, pandas frames or Arrow tables.
        profile: how the laboratory's columns map to the canonical ones; only `canonical` so far.

    Raises:
        UsageError: nothing given, or an unknown profile.
        DataError: a file that is missing, unreadable or lacks required columns.

    Example:
        >>> read_results("nowhere.csv")
        Traceback (most recent call last):
        ...
        regenqc.errors.DataError: RQC-D008 There is no such file. At nowhere.csv. Expected: a file with results.
        Check the path.
    """
    if profile != "canonical":
        raise UsageError(
            Fault(code="RQC-U001", what="There is no such profile.", got=profile, expected="canonical")
        )
    sources = [source for item in inputs for source in _sources(item, RESULT_COLUMNS)]
    if not sources:
        raise UsageError(
            Fault(
                code="RQC-U002",
                what="No results were given.",
                expected="a file, a pattern that matches files, or a table",
                action="Name the export.",
            )
        )
    return ResultTable(tuple(sources))


def source_of(item: Any, *, columns: Sequence[InputColumn]) -> Source:
    """Return one input as a source whose header satisfies the contract.

    Raises:
        DataError: missing, unreadable, or another header.

    Example:
        >>> import pyarrow
        >>> source_of(pyarrow.table({"batch_id": ["B1"]}), columns=()).kind
        'table'
    """
    found = _sources(item, columns)
    if len(found) != 1:
        raise UsageError(Fault(code="RQC-U003", what="One table is expected.", got=f"{len(found)} tables"))
    return found[0]


def _sources(item: Any, columns: Sequence[InputColumn]) -> list[Source]:
    if isinstance(item, ResultTable):
        return list(item.sources)
    if isinstance(item, (str, Path)):
        return [_file_source(path, columns) for path in _paths(str(item))]
    if isinstance(item, (pa.Table, pa.RecordBatch)):
        return [_table_source(item, "<table>", "table", columns)]
    if hasattr(item, "columns") and hasattr(item, "to_numpy"):
        return [_table_source(_frame_to_arrow(item, columns), "<frame>", "frame", columns)]
    raise UsageError(
        Fault(
            code="RQC-U004",
            what="The input is of a type that holds no results.",
            got=type(item).__name__,
            expected="a path, a pandas DataFrame or an Arrow table",
        )
    )


def _paths(text: str) -> list[Path]:
    if text == "-":
        return [_standard_input()]
    path = Path(text)
    if path.is_dir():
        raise DataError(
            Fault(
                code="RQC-D008",
                what="The path is a directory.",
                where=text,
                expected="a file with results",
                action="Name the file, or a pattern such as DIR/*.csv.",
            )
        )
    if path.exists():
        return [path]
    matches = sorted(glob.glob(text)) if any(mark in text for mark in "*?[") else []  # noqa: PTH207 - a user's pattern
    if matches:
        return [Path(match) for match in matches]
    raise DataError(
        Fault(
            code="RQC-D008",
            what="There is no such file.",
            where=text,
            expected="a file with results",
            action="Check the path.",
        )
    )


def _standard_input() -> Path:
    # Results are read more than once (revisions first), so a stream is kept in a file for the run.
    with tempfile.NamedTemporaryFile(prefix="regenqc-stdin-", suffix=".csv", delete=False) as copy:
        copy.write(sys.stdin.buffer.read())
    return Path(copy.name)


def _file_source(path: Path, columns: Sequence[InputColumn]) -> Source:
    kind, header, read = _open(path)
    check_column_names(header, columns=columns, source=str(path))
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as error:
        raise DataError(_unreadable(path, error)) from error
    return Source(str(path), kind, tuple(header), f"sha256:{digest}", size, read)


def _open(path: Path) -> tuple[str, list[str], Reader]:
    # Each reader is imported with the first file of its kind: an evaluation of one CSV needs no Parquet.
    suffix = path.suffix.lower()
    try:
        if suffix in {".parquet", ".pq"}:
            from regenqc.intake.readers import arrow  # noqa: PLC0415

            header = arrow.parquet_header(path)
            return "parquet", header, lambda rows, only: arrow.read_parquet(path, rows=rows, only=only)
        if suffix in {".arrow", ".feather", ".ipc", ".arrows"}:
            from regenqc.intake.readers import arrow  # noqa: PLC0415

            header = arrow.arrow_header(path)
            return "arrow", header, lambda _rows, only: arrow.read_arrow(path, only=only)
        if suffix in {".jsonl", ".ndjson"}:
            from regenqc.intake.readers import json_lines  # noqa: PLC0415

            names = json_lines.json_lines_header(path)
            return (
                "json_lines",
                names,
                lambda rows, only: json_lines.read_json_lines(path, names=names, rows=rows, only=only),
            )
        if suffix == ".xlsx":
            from regenqc.intake.readers import xlsx  # noqa: PLC0415

            titles = xlsx.xlsx_header(path)
            return "xlsx", titles, lambda rows, only: xlsx.read_xlsx(path, names=titles, rows=rows, only=only)
        if suffix in {".csv", ".txt"}:
            from regenqc.intake.readers import csv  # noqa: PLC0415

            fields = csv.csv_header(path)
            return "csv", fields, lambda _rows, only: csv.read_csv(path, names=fields, only=only)
    except OSError as error:
        raise DataError(_unreadable(path, error)) from error
    raise DataError(
        Fault(
            code="RQC-D009",
            what="The file format is not known by its name.",
            where=str(path),
            got=suffix or "no ending",
            expected=".csv, .parquet, .arrow, .xlsx or .jsonl",
            action="Name the file after its format.",
        )
    )


def _unreadable(path: Path, error: OSError) -> Fault:
    return Fault(
        code="RQC-D008",
        what="The file cannot be opened.",
        where=str(path),
        got=str(error),
        expected="a readable file",
        action="Check the path and its permissions.",
    )


def _table_source(
    table: pa.Table | pa.RecordBatch, name: str, kind: str, columns: Sequence[InputColumn]
) -> Source:
    check_column_names(table.schema.names, columns=columns, source=name)

    def read(rows: int, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        for start in range(0, table.num_rows, rows):
            yield as_text_codes(table.slice(start, rows), only=only)

    return Source(name, kind, tuple(table.schema.names), "", 0, read)


def _frame_to_arrow(frame: Any, columns: Sequence[InputColumn]) -> pa.Table:
    from pandera.errors import SchemaErrors  # noqa: PLC0415 - see frame_schema

    try:
        names = [str(name) for name in frame.columns]
        check_column_names(names, columns=columns, source="<frame>")
        checked = frame_schema(columns).validate(frame.reset_index(drop=True), lazy=True)
        arrays = [_series_to_arrow(checked.iloc[:, position]) for position in range(len(names))]
        return pa.table(arrays, names=names)
    except SchemaErrors as error:
        cases = error.failure_cases
        where = ", ".join(sorted({str(column) for column in cases["column"]}))
        raise DataError(
            Fault(
                code="RQC-D012",
                what="A column of the frame holds neither text nor numbers.",
                where=f"<frame> {where}",
                expected="text, categories or numbers",
                action="Convert the column to text as reported.",
            )
        ) from error
    except (pa.ArrowException, UnicodeEncodeError) as error:
        raise DataError(
            Fault(
                code="RQC-D012",
                what="A column of the frame cannot be read as text.",
                where="<frame>",
                got=str(error).splitlines()[0],
                expected="text, categories or numbers",
                action="Convert the column to text as reported.",
            )
        ) from error


def _series_to_arrow(series: Any) -> pa.Array:
    if str(series.dtype) == "object":
        return pa.array([None if _is_missing(value) else str(value) for value in series], type=pa.string())
    return pa.Array.from_pandas(series)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN differs from itself
