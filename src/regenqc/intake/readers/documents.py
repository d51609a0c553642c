"""Read JSON documents of other systems as rows of text: SENAITE's API, the Allotrope Simple Model, HL7 FHIR bundles.

Each kind has its own columns, listed in its module. Nothing is judged here: what a document leaves out stays empty, and
what it says in a place that has no column stands in no row.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from regenqc.errors import DataError, Fault
from regenqc.intake.readers.text import as_text_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["DocumentRows", "Row", "read_document", "text_of"]

_LARGEST_BYTES: Final = 512 << 20

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """The rows of a document.

    Args:
        titles: columns, in order.
        rows: one text for each title that is stated.
    """

    titles: tuple[str, ...]
    rows: list[Row]

    def read(self, count: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows as text codes, by position."""
        for start in range(0, len(self.rows), count):
            part = self.rows[start : start + count]
            columns = [pa.array([row.get(title, "") for row in part], type=pa.string()) for title in self.titles]
            yield as_text_codes(pa.record_batch(columns, names=[f"{at}" for at in range(len(self.titles))]))


def read_document(path: Path, kind: str) -> DocumentRows:
    """Read a document.

    Args:
        path: of the file.
        kind: `senaite_json`, `allotrope` or `fhir`.

    Raises:
        DataError: RQC-D006, no such document; it names the place in it.
    """
    from regenqc.intake.readers import allotrope, fhir, senaite  # noqa: PLC0415 - one of them is needed

    readers: dict[str, tuple[tuple[str, ...], Callable[[Any], Iterator[Row]]]] = {
        "senaite_json": (senaite.TITLES, senaite.senaite_rows),
        "allotrope": (allotrope.TITLES, allotrope.allotrope_rows),
        "fhir": (fhir.TITLES, fhir.fhir_rows),
    }
    titles, rows_of = readers[kind]
    try:
        rows = [row for content in _contents(_bounded(path)) for row in rows_of(content)]
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(
            Fault(
                code="RQC-D006",
                what="The document cannot be read.",
                where=str(path),
                got=str(error) or type(error).__name__,
                expected=f"a document of the kind {kind}",
                action="Export again; no part of a broken file is judged.",
            )
        ) from error
    return DocumentRows(titles, rows)


def _bounded(path: Path) -> bytes:
    size = path.stat().st_size
    if size > _LARGEST_BYTES:
        raise ValueError(f"{size >> 20} MiB, more than {_LARGEST_BYTES >> 20}")
    return path.read_bytes()


def _contents(content: bytes) -> Iterator[Any]:
    """Yield the one document of a file, or those of its lines."""
    text = content.decode("utf-8-sig")
    try:
        yield _parsed(text)
    except json.JSONDecodeError as error:
        if "Extra data" not in str(error):
            raise
        for line in text.splitlines():
            if line.strip():
                yield _parsed(line)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=_Digits, parse_int=_Digits, parse_constant=_refused, object_pairs_hook=_unique)


class _Digits(str):
    """A number of a document, with the digits that it was written with."""

    __slots__ = ()


def _refused(text: str) -> str:
    raise ValueError(f"{text} is no number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f"the key '{name}' stands twice")
        content[name] = value
    return content


def text_of(value: Any, place: str) -> str:
    """Return the text of a value of a document; a list of one text is that text.

    Raises:
        ValueError: a value that is no text, with its place.

    Example:
        >>> text_of(True, "$.a"), text_of(None, "$.a"), text_of("x", "$.a")
        ('true', '', 'x')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        value.encode()  # a lone surrogate is refused here
        return str(value)
    raise ValueError(f"{place} is {'a list' if isinstance(value, list) else 'a table'} where a text is expected")
