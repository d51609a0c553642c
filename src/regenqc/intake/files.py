"""Files as sources: found by path or pattern, opened by what they are, checked at the door."""

from __future__ import annotations

import glob
import hashlib
import sys
import tempfile
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from regenqc.errors import DataError, Fault
from regenqc.intake.contracts import check_column_names, check_column_types
from regenqc.intake.formats import format_of
from regenqc.intake.readers.names import schema_names
from regenqc.intake.sources import Reader, Source, not_empty, unreported_types

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    import pyarrow as pa

    from regenqc.intake.contracts import InputColumn
    from regenqc.intake.profiles.model import Profile

__all__ = ["check_unchanged", "file_sources"]

# What these files are is told by their first bytes, whatever they are called.
_BINARY_ENDINGS: Final = {"xlsx": ".xlsx", "parquet": ".parquet", "arrow": ".arrow"}
# A digest takes a second for every one or two gigabytes.
_LARGE_FILE_BYTES: Final = 8 << 20


def file_sources(text: str, *, columns: Sequence[InputColumn], profile: Profile | None = None) -> list[Source]:
    """Return the files that a path, a pattern or `-` names, in the order of their names.

    Args:
        text: a path, a pattern with `*`, `?` or `[…]`, or `-` for comma-separated text on standard input.
        columns: the contract.
        profile: what the columns of the files mean; without it they are the canonical ones.

    Raises:
        DataError: no such file, or one that cannot be read or does not satisfy the contract.

    Example:
        >>> file_sources("results.doc", columns=())
        Traceback (most recent call last):
        ...
        regenqc.errors.DataError: RQC-D008 There is no such file. At results.doc. Expected: a file with rows.
        Check the path.
    """
    if text == "-":
        return [_standard_input(columns, profile)]
    try:
        paths = _paths(text)
    except (OSError, ValueError) as error:
        raise DataError(_unopened(text, error)) from error
    return [_file_source(path, columns, profile) for path in paths]


def _paths(text: str) -> list[Path]:
    path = Path(text)
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
            expected="a file with rows",
            action="Check the path.",
        )
    )


class _Copy:
    """A file that exists as long as this object does, and no longer than the process."""

    def __init__(self, content: Iterator[bytes]) -> None:
        with tempfile.NamedTemporaryFile(prefix="regenqc-", suffix=".csv", delete=False) as stream:
            self.path = Path(stream.name)
            weakref.finalize(self, self.path.unlink, missing_ok=True)
            for part in content:
                stream.write(part)


def _standard_input(columns: Sequence[InputColumn], profile: Profile | None) -> Source:
    # Results are read more than once (revisions first), so the stream is kept in a file for the run.
    name = "<standard input>"
    copy = _Copy(iter(lambda: sys.stdin.buffer.read(1 << 20), b""))

    def named(error: DataError) -> DataError:
        return DataError(*(replace(fault, where=fault.where.replace(str(copy.path), name)) for fault in error.faults))

    try:
        source = _file_source(copy.path, columns, profile)
    except DataError as error:
        raise named(error) from error.__cause__

    def read(rows: int, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        try:
            yield from source.read(rows, only)
        except DataError as error:
            raise named(error) from error.__cause__

    return replace(source, name=name, read=read)


def _file_source(path: Path, columns: Sequence[InputColumn], profile: Profile | None = None) -> Source:
    if path.is_dir():
        raise DataError(
            Fault(
                code="RQC-D008",
                what="The path is a directory.",
                where=str(path),
                expected="a file with rows",
                action="Name the file, or a pattern such as DIR/*.csv.",
            )
        )
    try:
        before = path.stat()
        mapped = None
        if profile is None:
            kind, header, read = _open(path, columns)
        else:
            from regenqc.intake.profiles.source import MappedFile  # noqa: PLC0415 - canonical files need none of it

            mapped = MappedFile(path, profile)
            kind, header, read = mapped.kind, mapped.names, mapped.read
        check_column_names(header, columns=columns, source=str(path))
        digest = _digest_of(path, before)
    except OSError as error:
        raise DataError(_unopened(str(path), error)) from error
    unchanged = _unchanged(not_empty(read, name=str(path)), path, before)
    notes = _notes(path, kind) if mapped is None else mapped.notes
    return Source(str(path), kind, tuple(header), digest, before.st_size, unchanged, mapped, notes)


def _digest_of(path: Path, before: os.stat_result) -> str | Future[str]:
    """Return the digest of a file; of a large one it is taken while the file is read."""
    if before.st_size < _LARGE_FILE_BYTES:
        return _digest(path)
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="regenqc-digest")
    found = pool.submit(_digest_of_unchanged, path, before)
    pool.shutdown(wait=False)
    return found


def _digest_of_unchanged(path: Path, before: os.stat_result) -> str:
    try:
        digest = _digest(path)
    except OSError as error:
        raise DataError(_unopened(str(path), error)) from error
    check_unchanged(path, before)
    return digest


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def _notes(path: Path, kind: str) -> tuple[str, ...]:
    if kind != "xlsx":
        return ()
    from regenqc.intake.readers import xlsx  # noqa: PLC0415 - see _open

    return xlsx.hidden_notes(path)


def _unchanged(read: Reader, path: Path, before: os.stat_result) -> Reader:
    """Return the reader such that it raises when the file is no longer the one whose digest was taken."""

    def checked(rows: int, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        try:
            yield from read(rows, only)
        except OSError as error:
            raise DataError(_unopened(str(path), error)) from error
        check_unchanged(path, before)

    return checked


def check_unchanged(path: Path, before: os.stat_result) -> None:
    """Refuse a file that is no longer the one that was described.

    Raises:
        DataError: `RQC-D014`; or it cannot be opened any more.
    """
    try:
        after = path.stat()
    except OSError as error:
        raise DataError(_unopened(str(path), error)) from error
    if (after.st_size, after.st_mtime_ns, after.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino):
        raise DataError(
            Fault(
                code="RQC-D014",
                what="The file changed while it was read.",
                where=str(path),
                got=f"{after.st_size} bytes",
                expected=f"the {before.st_size} bytes that were there at the start",
                action="Wait until the export is complete, then run again.",
            )
        )


def _open(path: Path, columns: Sequence[InputColumn]) -> tuple[str, Sequence[str], Reader]:
    # Each reader is imported with the first file of its kind: an evaluation of one CSV needs no Parquet.
    suffix = _BINARY_ENDINGS.get(format_of(path), path.suffix.lower())
    if suffix in {".csv", ".txt"}:
        from regenqc.intake.readers import csv  # noqa: PLC0415

        header = csv.csv_header(path)
        return "csv", header.names, lambda _, only: csv.read_csv(path, header=header, only=only)
    if suffix in {".parquet", ".pq"}:
        from regenqc.intake.readers import arrow  # noqa: PLC0415

        names = _names_of(arrow.parquet_schema(path), path, columns)
        return "parquet", names, lambda rows, only: arrow.read_parquet(path, rows=rows, only=only)
    if suffix in {".arrow", ".feather", ".ipc", ".arrows"}:
        from regenqc.intake.readers import arrow  # noqa: PLC0415

        names = _names_of(arrow.arrow_schema(path), path, columns)
        return "arrow", names, lambda rows, only: arrow.read_arrow(path, rows=rows, only=only)
    if suffix in {".jsonl", ".ndjson"}:
        from regenqc.intake.readers import json_lines  # noqa: PLC0415

        keys = json_lines.json_lines_header(path)
        return (
            "json_lines",
            keys,
            lambda rows, only: json_lines.read_json_lines(path, names=keys, rows=rows, only=only),
        )
    if suffix == ".xlsx":
        from regenqc.intake.readers import xlsx  # noqa: PLC0415

        titles = xlsx.xlsx_header(path)
        return "xlsx", titles, lambda rows, only: xlsx.read_xlsx(path, names=titles, rows=rows, only=only)
    raise DataError(
        Fault(
            code="RQC-D009",
            what="The file format is not known by its name.",
            where=str(path),
            got=suffix or "no ending",
            expected=".csv, .txt, .parquet, .pq, .arrow, .feather, .ipc, .arrows, .xlsx, .jsonl or .ndjson",
            action="Name the file after its format.",
        )
    )


def _names_of(schema: pa.Schema, path: Path, columns: Sequence[InputColumn]) -> list[str]:
    names = schema_names(schema, path=path)
    check_column_types(unreported_types(schema), columns=columns, source=str(path))
    return names


def _unopened(text: str, error: Exception) -> Fault:
    return Fault(
        code="RQC-D008",
        what="The file cannot be opened.",
        where=text,
        got=str(error),
        expected="a readable file",
        action="Check the path and its permissions.",
    )
