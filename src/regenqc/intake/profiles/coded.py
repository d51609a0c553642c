"""A column of texts as codes: what is said of a text is worked out once for each spelling and looked up by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Coded", "coded_constant", "from_list", "recoded", "stacked"]


class Coded:
    """Texts of rows as codes into words; a word may stand more than once, and some may be of no row.

    Args:
        codes: one per row.
        words: the text of each code; empty only where there are no rows.

    Example:
        >>> Coded(np.array([1, 0], dtype=np.int32), ["%", "mL"]).take(np.array([0])).arrow().to_pylist()
        ['mL']
    """

    __slots__ = ("_array", "_words", "codes")

    def __init__(self, codes: NDArray[np.int32], words: Sequence[str] | pa.StringArray) -> None:
        self.codes = codes
        self._array = words if isinstance(words, pa.Array) else None
        self._words = None if isinstance(words, pa.Array) else list(words)

    @classmethod
    def of(cls, column: pa.DictionaryArray) -> Coded:
        """Return a column of a record batch; its words stay in Arrow's memory until somebody asks for them."""
        return cls(column.indices.to_numpy(zero_copy_only=False), column.dictionary)

    @property
    def words(self) -> list[str]:
        """Return the words as a list."""
        if self._words is None:
            self._words = self._array.to_pylist()  # type: ignore[union-attr]
        return self._words

    @property
    def array(self) -> pa.StringArray:
        """Return the words as Arrow text."""
        if self._array is None:
            self._array = pa.array(self._words, type=pa.string())
        return self._array

    def where(self, is_meant: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Return by row whether its text is meant."""
        table = np.array([is_meant(word) for word in self.words] or [False])
        found: NDArray[np.bool_] = table[self.codes]
        return found

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Coded:
        """Return some rows, in the order given."""
        return Coded(self.codes[rows], self._array if self._array is not None else self.words)

    def joined(self, other: Coded) -> Coded:
        """Return these rows and the others behind them."""
        return Coded(
            np.concatenate([self.codes, other.codes + np.int32(len(self.words))]).astype(np.int32),
            [*self.words, *other.words],
        )

    def blanked(self, rows: NDArray[np.bool_]) -> Coded:
        """Return the column with empty texts in some rows."""
        words = pa.concat_arrays([self.array, pa.array([""], type=pa.string())])
        return Coded(np.where(rows, np.int32(len(self.array)), self.codes).astype(np.int32), words)

    def arrow(self) -> pa.DictionaryArray:
        """Return a column of a record batch, every word once in its dictionary."""
        array = self.array
        codes = self.codes
        if pc.count_distinct(array).as_py() != len(array):
            encoded = array.dictionary_encode()
            codes, array = encoded.indices.to_numpy(zero_copy_only=False)[codes], encoded.dictionary
        return pa.DictionaryArray.from_arrays(pa.array(codes, type=pa.int32()), array)


def recoded(column: Coded, texts: Sequence[str]) -> Coded:
    """Return the column with other words in place of its own, each once.

    Args:
        column: to look up in.
        texts: one in place of each of its words.

    Example:
        >>> recoded(Coded(np.array([0, 1], dtype=np.int32), ["neg", "NEG"]), ["negative", "negative"]).words
        ['negative']
    """
    known: dict[str, int] = {}
    table = np.array([known.setdefault(text, len(known)) for text in texts] or [0], dtype=np.int32)
    return Coded(table[column.codes], list(known) or [""])


def coded_constant(text: str, count: int) -> Coded:
    """Return one text for every row.

    Example:
        >>> coded_constant("%", 2).arrow().to_pylist()
        ['%', '%']
    """
    return Coded(np.zeros(count, dtype=np.int32), [text])


def from_list(texts: Sequence[str]) -> Coded:
    """Return texts, one per row, as codes.

    Example:
        >>> from_list(["a", "a"]).words
        ['a']
    """
    encoded = pa.array(texts, type=pa.string()).dictionary_encode()
    return Coded(encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary)


def stacked(columns: Sequence[Coded]) -> Coded:
    """Return the cells of several columns row by row: all cells of the first row, then of the second.

    Example:
        >>> stacked([from_list(["a", "b"]), from_list(["c", "d"])]).arrow().to_pylist()
        ['a', 'c', 'b', 'd']
    """
    offset = 0
    parts, words = [], []
    for column in columns:
        parts.append(column.codes + np.int32(offset))
        words += column.words
        offset += len(column.words)
    return Coded(np.stack(parts, axis=1).reshape(-1).astype(np.int32), words or [""])
