"""Where a file of results can be cut so that no batch lies on both sides: then its parts can be judged apart."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.intake.readers.text import trimmed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.intake.table import ResultTable

__all__ = ["CleanCuts", "find_clean_cuts"]

# A cut that far from where it should be, as a share of a part, is worth no other process.
_FARTHEST: Final = 0.2


@dataclass(frozen=True, slots=True)
class CleanCuts:
    """Parts of the rows of a table, such that every batch lies in one of them.

    Args:
        edges: first row of each part, and the number of all rows.
        counts: rows of each source.
        batch_ids: of the batches in each part.
    """

    edges: tuple[int, ...]
    counts: tuple[int, ...]
    batch_ids: tuple[pa.StringArray, ...]


def find_clean_cuts(table: ResultTable, *, parts: int, rows: int) -> CleanCuts | None:
    """Return where to cut a table into parts of about one size.

    Args:
        table: read once, its batches alone.
        parts: at least two.
        rows: to read at a time.

    Returns:
        `None` where there are no such cuts, or a row names no batch: such a row holds every batch.

    Raises:
        DataError: a source is broken.

    Example:
        >>> from regenqc.intake.table import read_results
        >>> columns = {"batch_id": list("AAABBC"), "test": ["ph"] * 6, "result": ["7"] * 6, "unit": [""] * 6}
        >>> find_clean_cuts(read_results(pa.table(columns)), parts=2, rows=100).edges
        (0, 3, 6)
    """
    chunks: list[pa.DictionaryArray] = []
    counts = []
    for source in table.sources:
        before = sum(map(len, chunks))
        chunks += [part["batch_id"] for part in source.read(rows, ("batch_id",))]
        counts.append(sum(map(len, chunks)) - before)
    named = _codes(chunks)
    if named is None:
        return None
    codes, ids = named
    total = sum(counts)
    first, last = np.full(len(ids), -1, dtype=np.int64), np.full(len(ids), -1, dtype=np.int64)
    ends = np.cumsum([len(part) for part in codes])
    # Of several rows of one batch the one that is written last stays.
    for end, part in zip(ends.tolist(), codes, strict=True):
        last[part] = np.arange(end - len(part), end)
    for end, part in zip(ends[::-1].tolist(), codes[::-1], strict=True):
        first[part[::-1]] = np.arange(end - 1, end - len(part) - 1, -1)
    # Words of a dictionary that no row uses name no batch.
    used = first >= 0
    first, last, ids = first[used], last[used], ids.filter(pa.array(used))
    order = np.argsort(first)
    ended = np.maximum.accumulate(last[order])[:-1]
    clean = first[order][1:][ended < first[order][1:]]
    edges = [0]
    for number in range(1, parts):
        wanted = total * number // parts
        nearest = int(clean[np.argmin(np.abs(clean - wanted))]) if len(clean) else 0
        if abs(nearest - wanted) * parts > _FARTHEST * total or nearest <= edges[-1]:
            return None
        edges.append(nearest)
    edges.append(total)
    there = [ids.filter(pa.array((first >= begin) & (first < end))) for begin, end in itertools.pairwise(edges)]
    return CleanCuts(tuple(edges), tuple(counts), tuple(there))


def _codes(chunks: list[pa.DictionaryArray]) -> tuple[list[NDArray[np.int32]], pa.StringArray] | None:
    """Return the batch of every row, part by part, and the identifiers; `None` when a row names none."""
    if not chunks:
        return None
    together = pa.chunked_array(chunks).unify_dictionaries()
    encoded = trimmed(together.chunk(0).dictionary).dictionary_encode()
    ids, place = encoded.dictionary, encoded.indices.to_numpy()
    codes = [chunk.indices.to_numpy(zero_copy_only=False) for chunk in together.chunks]
    if len(ids) < len(place):
        codes = [place[part] for part in codes]
    empty = pc.index(ids, "").as_py()
    if empty >= 0 and any((part == empty).any() for part in codes):
        return None
    return codes, ids
