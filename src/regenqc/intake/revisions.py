"""Find the revisions that later ones supersede, before any row is judged.

The verdict matrix only ever grows, so a result that is corrected later in the file must be known beforehand. Only the
identities of corrected results are kept: a file without corrections costs one look at the distinct revisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from regenqc.intake.table import ResultTable, Source

__all__ = ["Superseding", "find_superseding", "revision_number"]

Superseding = dict[tuple[str, str, str], int]
_KEYS = ("batch_id", "test", "result_id", "revision")


def revision_number(text: str) -> int | None:
    """Return a revision as a number, 0 for none, `None` when it is not a whole number.

    Example:
        >>> revision_number("2"), revision_number(""), revision_number("2b")
        (2, 0, None)
    """
    text = text.strip()
    if text == "":
        return 0
    text = text.removesuffix(".0")  # integers that passed through a floating-point column
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def find_superseding(table: ResultTable, *, rows: int) -> Superseding:
    """Return the highest revision of every result that has been revised.

    The identity of a result is batch, test and `result_id` together: laboratories number results per batch.

    Args:
        table: the results of the run.
        rows: rows to read at a time.

    Example:
        >>> import pyarrow
        >>> from regenqc.intake.table import read_results
        >>> results = read_results(pyarrow.table({"batch_id": ["B", "B"], "test": ["ph", "ph"], "result": ["1", "2"],
        ...     "unit": ["", ""], "result_id": ["r1", "r1"], "revision": ["1", "2"]}))
        >>> find_superseding(results, rows=100)
        {('B', 'ph', 'r1'): 2}
    """
    sources = [source for source in table.sources if {"result_id", "revision"} <= set(source.columns)]
    distinct = {number for source in sources for number in _distinct_revisions(source, rows)}
    if len(distinct) < 2:
        return {}
    lowest = min(distinct)
    highest: Superseding = {}
    for source in sources:
        for batch in source.read(rows, _KEYS):
            numbers = _revision_codes(batch)
            for row in np.flatnonzero(numbers > lowest):
                index = int(row)
                result_id = batch["result_id"][index].as_py().strip()
                if result_id:
                    key = (batch["batch_id"][index].as_py().strip(), batch["test"][index].as_py().strip(), result_id)
                    highest[key] = max(highest.get(key, 0), int(numbers[index]))
    return highest


def _distinct_revisions(source: Source, rows: int) -> set[int]:
    found: set[int] = set()
    for batch in source.read(rows, ("revision",)):
        column: pa.DictionaryArray = batch["revision"]
        used = pc.unique(column.indices).to_pylist()
        words = column.dictionary.to_pylist()
        found |= {number for code in used if (number := revision_number(words[code])) is not None}
    return found


def _revision_codes(batch: pa.RecordBatch) -> np.ndarray:
    column: pa.DictionaryArray = batch["revision"]
    numbers = np.array(
        [-1 if (number := revision_number(word)) is None else number for word in column.dictionary.to_pylist()] or [0],
        dtype=np.int64,
    )
    return numbers[column.indices.to_numpy(zero_copy_only=False)]
