"""Identifiers of batches and their numbers, in the order in which they first appear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, overload

import numpy as np
import pyarrow as pa

from regenqc.intake.word_table import NUMBER_WORDS, PLACE_HASHES, WordTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BatchNumbers", "load_numbering"]

# Fewer are looked up in a dictionary before compiled code is loaded.
_MANY: Final = 10_000


def load_numbering() -> None:
    """Load the compiled numbering, or compile it the first time, before many batches are met."""
    NUMBER_WORDS.load()
    PLACE_HASHES.load()


class BatchNumbers(Sequence[str]):
    """The batches of a run: identifier by number, and number by identifier.

    A sequence of identifiers that reads like a list. Many are held as one run of bytes instead of a string each, and looked up
    by compiled code, which leaves the interpreter to other threads; few, and all where that code is not at hand, as a dictionary.

    Example:
        >>> numbers = BatchNumbers()
        >>> numbers.codes_of(pa.array(["B2", "B1", "", "B2"])).tolist(), list(numbers), numbers[1]
        ([0, 1, -1, 0], ['B2', 'B1'], 'B1')
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._ids: list[str] = []
        self._table: WordTable | None = None

    def __len__(self) -> int:
        return len(self._ids) if self._table is None else self._table.count

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if self._table is None:
            return self._ids[number]
        if isinstance(number, slice):
            return list(self)[number]
        code = range(len(self))[number]
        return str(self._table.texts(code, code + 1)[0].as_py())

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts().to_pylist())

    def texts(self, first: int = 0, end: int | None = None) -> pa.StringArray:
        """Return the identifiers from number `first` on, up to `end`, as they are now."""
        if self._table is None:
            return pa.array(self._ids[first:end], type=pa.string())
        return self._table.texts(first, end)

    def take(self, codes: NDArray[np.integer]) -> pa.StringArray:
        """Return the identifiers of some batches.

        Example:
            >>> numbers = BatchNumbers()
            >>> numbers.number(pa.array(["B1", "B2", "B3"]))
            >>> numbers.take(np.array([2, 1, 2])).to_pylist()
            ['B3', 'B2', 'B3']
        """
        if not len(codes):
            return pa.array([], type=pa.string())
        first = int(codes.min())
        return self.texts(first, int(codes.max()) + 1).take(pa.array(codes - first))

    def number(self, batch_ids: pa.StringArray) -> None:
        """Number batches in the order of a list; see `codes_of`."""
        self.codes_of(batch_ids)

    def codes_of(self, batch_ids: pa.StringArray) -> NDArray[np.int32]:
        """Return the numbers of batches, numbering new ones in order; -1 for an empty identifier.

        Args:
            batch_ids: without surrounding blanks, no nulls.
        """
        if self._table is None and len(batch_ids) >= _MANY and NUMBER_WORDS.is_kept:
            self._table = WordTable()
            self._table.codes_of(pa.array(self._ids, type=pa.string()))
            self._codes, self._ids = {}, []
        if self._table is not None:
            return self._table.codes_of(batch_ids)
        codes = np.empty(len(batch_ids), dtype=np.int32)
        for at, batch_id in enumerate(batch_ids.to_pylist()):
            code = self._codes.setdefault(batch_id, len(self._ids)) if batch_id else -1
            if code == len(self._ids):
                self._ids.append(batch_id)
            codes[at] = code
        return codes
