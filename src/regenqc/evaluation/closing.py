"""Know beforehand with which row of the input a batch is complete, so that it need not be held until the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from regenqc.intake.readers.text import trimmed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.intake.batch_numbers import BatchNumbers
    from regenqc.intake.table import ResultTable

__all__ = ["find_last_rows"]

# Formats of which one column alone is read quickly; a text file would be parsed twice.
_COLUMNAR: Final = frozenset({"parquet", "arrow"})
# Smaller inputs are held as a whole.
_LARGE_INPUT_BYTES: Final = 4_000_000


def find_last_rows(table: ResultTable, batch_ids: BatchNumbers, *, rows: int) -> NDArray[np.int64] | None:
    """Return for each batch how many rows of the input have passed when its last one has, by batch code.

    Args:
        table: the results of the run, in the order of which rows are counted over all sources.
        batch_ids: of the run; batches that the rows name are numbered.
        rows: rows to read at a time.

    Returns:
        Zero for a batch without rows; nothing for input that is small, mapped by a profile, or not stored by columns.

    Raises:
        DataError: a source is broken.

    Example:
        >>> import pyarrow as pa
        >>> from regenqc.intake import read_results
        >>> columns = {"batch_id": ["A", "B", "A"], "test": ["ph"] * 3, "result": ["7"] * 3, "unit": [""] * 3}
        >>> find_last_rows(read_results(pa.table(columns)), None, rows=10) is None
        True
    """
    sources = table.sources
    # Which rows of a mapped file count may depend on columns that are not read here.
    if not all(source.kind in _COLUMNAR and source.mapped is None for source in sources):
        return None
    if sum(source.byte_count for source in sources) < _LARGE_INPUT_BYTES:
        return None
    last = np.zeros(len(batch_ids), dtype=np.int64)
    passed = 0
    for source in sources:
        for part in source.read(rows, ("batch_id",)):
            column = part["batch_id"]
            indices = column.indices.to_numpy(zero_copy_only=False)
            last_of_word = np.full(max(len(column.dictionary), 1), -1, dtype=np.int64)
            last_of_word[indices] = np.arange(passed + 1, passed + part.num_rows + 1)
            passed += part.num_rows
            # Words that no row uses name no batch.
            used = np.flatnonzero(last_of_word >= 0)
            codes = batch_ids.codes_of(trimmed(column.dictionary.take(pa.array(used))))
            if len(batch_ids) > len(last):
                grown = np.zeros(max(len(batch_ids), 2 * len(last)), dtype=np.int64)
                grown[: len(last)] = last
                last = grown
            named = codes >= 0
            # Two words of a dictionary may be one batch, written with and without blanks.
            np.maximum.at(last, codes[named], last_of_word[used[named]])
    return last[: len(batch_ids)]
