"""Find the revisions that later ones supersede, before any row is judged.

The verdict matrix only ever grows, so a result that is corrected later in the file must be known beforehand. Only the
identities of corrected results are kept: a file without corrections costs one look at the distinct revisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.intake.readers.text import trimmed_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from regenqc.intake.table import ResultTable, Source

__all__ = ["Superseding", "find_superseding", "result_keys", "revision_number"]

Superseding = dict[tuple[str, str, str, str], int]

_KEYS: Final = ("batch_id", "test", "stage", "result_id")
_COLUMNAR: Final = frozenset({"parquet", "arrow", "frame", "table"})


def revision_number(text: str) -> int | None:
    """Return a revision as a number, 0 for none, `None` when it is not a whole number of at most nine digits.

    Example:
        >>> revision_number("2"), revision_number("2.0"), revision_number(""), revision_number("2b")
        (2, 2, 0, None)
    """
    text = text.strip()
    if text == "":
        return 0
    text = text.removesuffix(".0")  # integers that passed through a floating-point column
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def result_keys(rows: pa.RecordBatch, at: NDArray[np.integer]) -> list[tuple[str, str, str, str]]:
    """Return the identities of some rows: laboratories number results per batch, test and stage.

    Example:
        >>> import pyarrow as pa
        >>> columns = {name: pa.array([f" {name}"]).dictionary_encode() for name in ("batch_id", "test", "result_id")}
        >>> result_keys(pa.record_batch(columns), np.array([0]))
        [('batch_id', 'test', '', 'result_id')]
    """
    return list(zip(*(trimmed_at(rows, name, at) for name in _KEYS), strict=True))


def find_superseding(table: ResultTable, *, rows: int) -> Superseding:
    """Return the highest revision of every result that has been revised.

    A result without revision, or in a source without that column, has revision 0. Rows that are refused for another
    reason count here as well: a correction that cannot be read still says that the earlier result is wrong.

    Args:
        table: the results of the run.
        rows: rows to read at a time.

    Raises:
        DataError: a source is broken.

    Example:
        >>> import pyarrow as pa
        >>> from regenqc.intake.table import read_results
        >>> results = read_results(pa.table({"batch_id": ["B", "B"], "test": ["ph", "ph"], "result": ["1", "2"],
        ...     "unit": ["", ""], "result_id": ["r1", "r1"], "revision": ["1", "2"]}))
        >>> find_superseding(results, rows=100)
        {('B', 'ph', '', 'r1'): 2}
    """
    identified = [source for source in table.sources if "result_id" in source.columns]
    revised = [source for source in identified if "revision" in source.columns]
    # Revision 0 stands for every source that states none; a lowest revision supersedes nothing and is not collected.
    known = {0} if len(revised) < len(identified) else set()
    for source in revised:
        if source.kind in _COLUMNAR:  # one column alone is read quickly; of a text file it takes as long as of all
            known |= _distinct_revisions(source, rows)
    if len(known) < 2 and all(source.kind in _COLUMNAR for source in revised):
        return {}
    lowest = min(known, default=None)
    while True:
        highest, lower = _collect(revised, rows, lowest)
        if lower is None:
            return highest
        lowest = lower


def _collect(sources: Sequence[Source], rows: int, lowest: int | None) -> tuple[Superseding, int | None]:
    """Return the results above the lowest revision; or, when a lower revision turns up, nothing and that revision."""
    highest: Superseding = {}
    for source in sources:
        for batch in source.read(rows, [name for name in (*_KEYS, "revision") if name in source.columns]):
            numbers = _revision_numbers(batch)
            valid = numbers[numbers >= 0]
            if not len(valid):
                continue
            least = int(valid.min())
            if lowest is None:
                lowest = least
            if least < lowest:
                return {}, least
            above = np.flatnonzero(numbers > lowest)
            for key, number in zip(result_keys(batch, above), numbers[above].tolist(), strict=True):
                if key[-1]:
                    highest[key] = max(highest.get(key, 0), number)
    return highest, None


def _distinct_revisions(source: Source, rows: int) -> set[int]:
    found: set[int] = set()
    for batch in source.read(rows, ("revision",)):
        column: pa.DictionaryArray = batch["revision"]
        is_used = np.zeros(max(len(column.dictionary), 1), dtype=np.bool_)
        is_used[column.indices.to_numpy(zero_copy_only=False)] = True
        found |= {number for number in _numbers_of(column)[is_used].tolist() if number >= 0}
    return found


def _revision_numbers(batch: pa.RecordBatch) -> NDArray[np.int64]:
    column: pa.DictionaryArray = batch["revision"]
    indices: NDArray[np.int32] = column.indices.to_numpy(zero_copy_only=False)
    return _numbers_of(column)[indices]


def _numbers_of(column: pa.DictionaryArray) -> NDArray[np.int64]:
    """Return the revision of every word of a dictionary, negative where it cannot be read."""
    words = column.dictionary.to_pylist()
    numbers = [-1 if (number := revision_number(word)) is None else number for word in words]
    return np.array(numbers or [0], dtype=np.int64)
