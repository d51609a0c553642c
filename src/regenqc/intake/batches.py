"""The batch table: one row per batch with the attributes that requirements select on or compute with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sized
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.errors import DataError, Fault
from regenqc.intake.batch_numbers import BatchNumbers
from regenqc.intake.contracts import BATCH_COLUMNS
from regenqc.intake.readers.text import trimmed
from regenqc.intake.table import source_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BatchTable", "read_batches"]

_MOST_FAULTS = 50


@dataclass(frozen=True)
class BatchTable:
    """Attributes by batch, all as text.

    Args:
        texts: identifiers of the batches.
        attributes: column name to one text per batch, in the order of `batch_ids`; empty text means not stated.
        digest: of the file, empty for tables in memory.

    Example:
        >>> import pyarrow
        >>> table = read_batches(pyarrow.table({"batch_id": ["B1"], "vector": ["lentiviral"]}))
        >>> table.attributes["vector"]
        ['lentiviral']
    """

    texts: pa.StringArray
    attributes: Mapping[str, list[str]]
    name: str
    digest: str
    # Made to see that no batch stands twice; whoever asks first numbers further batches in it.
    _numbers: list[BatchNumbers] = field(default_factory=list, repr=False, compare=False)

    def numbers(self) -> BatchNumbers:
        """Return the numbers of the batches, in the order of the table, as the caller's own.

        Example:
            >>> import pyarrow
            >>> table = read_batches(pyarrow.table({"batch_id": ["B2", "B1"]}))
            >>> table.numbers().codes_of(pyarrow.array(["B1", "B3"])).tolist(), len(table.numbers())
            ([1, 2], 2)
        """
        if self._numbers:
            return self._numbers.pop()
        return _numbered(self.texts)

    def is_stated(self, name: str) -> bool:
        """Return whether every batch states an attribute.

        Example:
            >>> import pyarrow
            >>> table = read_batches(pyarrow.table({"batch_id": ["B1", "B2"], "route": ["iv", " "], "site": ["A", "A"]}))
            >>> table.is_stated("route"), table.is_stated("site"), table.is_stated("dose")
            (False, True, False)
        """
        return name in self.attributes and bool((self.coded(name)[0] > 0).all())

    @cached_property
    def batch_ids(self) -> list[str]:
        """Return the identifiers as strings; of millions of batches they take long to make."""
        ids: list[str] = self.texts.to_pylist()
        return ids

    def part(self, rows: NDArray[np.int64]) -> BatchTable:
        """Return the table of some of the batches.

        Args:
            rows: positions in `batch_ids`, ascending.

        Example:
            >>> import pyarrow
            >>> table = read_batches(pyarrow.table({"batch_id": ["B1", "B2"], "route": ["iv", "im"]}))
            >>> table.part(np.array([1])).attributes["route"]
            ['im']
        """
        kept = rows.tolist()
        texts = self.texts.take(pa.array(rows))
        if isinstance(self.attributes, _Attributes):
            return replace(self, texts=texts, attributes=self.attributes.part(kept), _numbers=[])
        attributes = {name: [values[row] for row in kept] for name, values in self.attributes.items()}
        return replace(self, texts=texts, attributes=attributes, _numbers=[])

    def coded(self, name: str) -> tuple[NDArray[np.integer[Any]], list[str]]:
        """Return an attribute as one index per batch into its distinct values, the first of which is empty.

        Args:
            name: of the attribute; one that the table does not have is empty throughout.

        Example:
            >>> import pyarrow
            >>> codes, values = read_batches(pyarrow.table({"batch_id": ["B1", "B2"], "route": ["iv", ""]})).coded("route")
            >>> codes.tolist(), values
            ([1, 0], ['', 'iv'])
        """
        if name not in self.attributes:
            return np.zeros(len(self.texts), dtype=np.int32), [""]
        if isinstance(self.attributes, _Attributes):
            return self.attributes.coded(name)
        known = {"": 0}
        codes = [known.setdefault(value, len(known)) for value in self.attributes[name]]
        return np.array(codes, dtype=np.int32), list(known)


class _Attributes(Mapping[str, list[str]]):
    """Columns of a batch table that become lists when somebody first asks for them; most are never asked for.

    Args:
        columns: dictionary-coded text of each column, in parts.
        rows: rows to keep, in order.
    """

    def __init__(self, columns: dict[str, list[pa.DictionaryArray]], rows: list[int] | None) -> None:
        self._columns = columns
        self._rows = rows
        self._lists: dict[str, list[str]] = {}

    def __getitem__(self, name: str) -> list[str]:
        if name not in self._lists:
            texts = _texts(self._columns[name])
            self._lists[name] = texts if self._rows is None else [texts[row] for row in self._rows]
        return self._lists[name]

    def part(self, rows: list[int]) -> _Attributes:
        """Return the columns of some of the batches."""
        return _Attributes(self._columns, rows if self._rows is None else [self._rows[row] for row in rows])

    def coded(self, name: str) -> tuple[NDArray[np.integer[Any]], list[str]]:
        """Return a column as one index per row into its distinct values, the first of which is empty."""
        known = {"": 0}
        words = [trimmed(part.dictionary).to_pylist() for part in self._columns[name]]
        places = [[known.setdefault(word, len(known)) for word in each] or [0] for each in words]
        parts: list[NDArray[np.integer[Any]]] = [np.empty(0, dtype=_narrowest(known))]
        for place, part in zip(places, self._columns[name], strict=True):
            parts.append(np.array(place, dtype=_narrowest(known))[part.indices.to_numpy(zero_copy_only=False)])
        codes = np.concatenate(parts)
        return codes if self._rows is None else codes[self._rows], list(known)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def _array(parts: list[pa.DictionaryArray]) -> pa.StringArray:
    texts = [trimmed(pc.take(part.dictionary, part.indices)) for part in parts]
    return pa.concat_arrays(texts) if texts else pa.array([], type=pa.string())


def _texts(parts: list[pa.DictionaryArray]) -> list[str]:
    texts: list[str] = _array(parts).to_pylist()
    return texts


def read_batches(item: Any, *, only: Collection[str] | None = None) -> BatchTable:
    """Read the whole batch table; blanks around texts are not kept, blank rows and repeated equal rows count once.

    Args:
        item: a path, a pandas DataFrame or an Arrow table.
        only: attributes to read; the others are not looked at, `None` reads all.

    Raises:
        DataError: unreadable, empty, without `batch_id`, a row without identifier, or two differing rows for one batch.

    Example:
        >>> import pyarrow
        >>> read_batches(pyarrow.table({"batch_id": [" B1", "B1"], "route": ["iv", "iv "]})).batch_ids
        ['B1']
    """
    source = source_of(item, columns=BATCH_COLUMNS)
    names = [name for name in source.columns if only is None or name in only or name == "batch_id"]
    columns: dict[str, list[pa.DictionaryArray]] = {name: [] for name in names}
    for batch in source.read(1 << 20, names):
        for name in names:
            columns[name].append(batch[name] if name == "batch_id" else _narrow(batch[name]))
    texts = _array(columns.pop("batch_id"))
    attributes = _Attributes(columns, None)
    numbers = _numbered(texts)
    if len(numbers) == len(texts):  # no batch stands twice, and none is empty, because that has no number
        return BatchTable(numbers.texts(), attributes, source.name, source.digest, [numbers])
    ids: list[str] = texts.to_pylist()
    first: dict[str, int] = {}
    faults: list[Fault] = []
    for row, batch_id in enumerate(ids):
        if batch_id == "":
            if any(values[row] for values in attributes.values()):
                faults.append(_nameless(source.name, row))
        elif first.setdefault(batch_id, row) != row:
            previous = first[batch_id]
            differing = {name: values for name, values in attributes.items() if values[row] != values[previous]}
            if differing:
                faults.append(_conflicting(source.name, batch_id, previous, row, differing))
    if faults:
        raise DataError(*faults[:_MOST_FAULTS])
    if len(first) < len(ids):
        attributes = _Attributes(columns, list(first.values()))
    return BatchTable(pa.array(list(first), type=pa.string()), attributes, source.name, source.digest)


def _numbered(texts: pa.StringArray) -> BatchNumbers:
    numbers = BatchNumbers()
    numbers.number(texts)
    return numbers


def _narrow(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return a column with codes as short as its dictionary allows: most attributes have few words, and batches are many."""
    indices = column.indices.to_numpy(zero_copy_only=False).astype(_narrowest(column.dictionary))
    return pa.DictionaryArray.from_arrays(pa.array(indices), column.dictionary)


def _narrowest(words: Sized) -> np.dtype[Any]:
    """Return the shortest type of codes of some words."""
    return np.min_scalar_type(-max(len(words), 1))


def _nameless(name: str, row: int) -> Fault:
    return Fault(
        code="RQC-D020",
        what="A row names no batch.",
        where=f"{name} row {row + 1}",
        got="an empty batch_id beside other attributes",
        expected="batch_id",
        action="Complete or remove the row.",
    )


def _conflicting(name: str, batch_id: str, previous: int, row: int, differing: dict[str, list[str]]) -> Fault:
    return Fault(
        code="RQC-D021",
        what=f"Batch '{batch_id}' stands twice with different attributes.",
        where=f"{name} rows {previous + 1} and {row + 1}",
        got=", ".join(f"{column}: {values[previous]} | {values[row]}" for column, values in differing.items()),
        expected="one row per batch",
        action="Remove the wrong row; regenqc does not choose.",
    )
