"""Read JSON Lines exports as streams of reported text; numbers keep their digits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.text import as_text_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["json_lines_header", "read_json_lines"]


def json_lines_header(path: Path) -> list[str]:
    """Return every key of the file in the order in which keys appear first.

    Raises:
        DataError: empty, or a line that is not a flat JSON object.
    """
    names: dict[str, None] = {}
    record = None
    for record in _records(path):
        names.update(dict.fromkeys(record))
    if record is None:
        raise DataError(
            Fault(
                code="RQC-D001",
                what="The file is empty.",
                where=str(path),
                expected="at least one row",
                action="Export again; an empty export releases nothing.",
            )
        )
    return list(names)


def read_json_lines(
    path: Path, *, names: Sequence[str], rows: int, only: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the records as dictionary-coded text, `rows` at a time; an absent key is empty text.

    Raises:
        DataError: a line that is not a flat JSON object.
    """
    kept = [name for name in names if only is None or name in only]
    pending: list[dict[str, str]] = []
    for record in _records(path):
        pending.append(record)
        if len(pending) == rows:
            yield _batch(pending, kept)
            pending = []
    if pending:
        yield _batch(pending, kept)


def _batch(records: list[dict[str, str]], names: Sequence[str]) -> pa.RecordBatch:
    columns = [pa.array([record.get(name, "") for record in records], type=pa.string()) for name in names]
    return as_text_codes(pa.record_batch(columns, names=list(names)))


def _records(path: Path) -> Iterator[dict[str, str]]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip(b" \t\r\n\xef\xbb\xbf"):
                continue
            try:
                record = _record(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError) as error:
                raise DataError(
                    Fault(
                        code="RQC-D006",
                        what="A line is not a flat JSON object in UTF-8.",
                        where=f"{path} line {number}",
                        got=str(error),
                        expected='{"batch_id": "…", "test": "…", "result": "…", "unit": "…"}',
                        action="Export again; no part of a broken file is judged.",
                    )
                ) from error
            yield record


def _record(line: str) -> dict[str, str]:
    pairs = json.loads(line, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_unique)
    if not isinstance(pairs, dict):
        raise ValueError(f"found {type(pairs).__name__}")  # noqa: TRY004 - becomes the DataError above
    return {_text(name): _text(value) for name, value in pairs.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f"the key '{name}' stands twice")
        content[name] = value
    return content


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        value.encode()  # a lone surrogate is refused here, with its line
        return value
    raise ValueError(f"found a nested {type(value).__name__}")
