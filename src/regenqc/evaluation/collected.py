"""Results that count only together, handed out by slot and batch."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.specification.criteria import canonical_word
from regenqc.vocabulary import INTERIM_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Collected", "CollectedResults", "Evidence"]

_BATCHES_AT_ONCE: Final = 50_000


class Collected(NamedTuple):
    """One collected result."""

    replicate: str
    reported: str
    unit: str
    lod: str
    preliminary: bool
    unit_code: int
    row: int


Evidence = dict[int, dict[int, list[Collected]]]  # slot -> batch -> results, batches in ascending order


class CollectedResults:
    """What was collected, handed out for some batches at a time, so that memory does not grow with the input.

    Args:
        table: see `regenqc.evaluation.evidence.COLLECTED_SCHEMA`.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table.combine_chunks()
        slot, batch, row = (table[name].to_numpy() for name in ("slot", "batch", "row"))
        self._order = np.lexsort((row, batch, slot))
        self._slot, self._batch = slot[self._order], batch[self._order]

    def blocks(self, slots: Collection[int]) -> Iterator[Evidence]:
        """Yield the results of these slots by slot and batch, equal ones once, in an order that no input order changes."""
        ranges = {slot: np.searchsorted(self._slot, [slot, slot + 1]) for slot in sorted(slots)}
        last = max((int(self._batch[end - 1]) for begin, end in ranges.values() if end > begin), default=-1)
        for first in range(0, last + 1, _BATCHES_AT_ONCE):
            evidence: Evidence = {}
            for slot, (begin, end) in ranges.items():
                start, stop = begin + np.searchsorted(self._batch[begin:end], [first, first + _BATCHES_AT_ONCE])
                if stop > start:
                    evidence[slot] = self._by_batch(int(start), int(stop))
            if evidence:
                yield evidence

    def _by_batch(self, start: int, stop: int) -> dict[int, list[Collected]]:
        part = self._table.take(pa.array(self._order[start:stop]))
        results = list(
            map(
                partial(tuple.__new__, Collected),
                zip(*(_listed(part[name]) for name in Collected._fields), strict=True),
            )
        )
        batch = self._batch[start:stop]
        starts = np.flatnonzero(np.concatenate([[True], batch[1:] != batch[:-1]]))
        ends = np.append(starts[1:], len(batch)).tolist()
        by_batch: dict[int, list[Collected]] = {}
        for code, first, end in zip(batch[starts].tolist(), starts.tolist(), ends, strict=True):
            found = results[first:end]
            # Interim words alone are no evidence; beside results they leave open what those come to.
            if not all(_is_interim(result.reported) for result in found):
                by_batch[code] = found if end - first == 1 else _distinct(found)
        return by_batch


def _listed(column: pa.ChunkedArray) -> list[object]:
    """Return a column as a list in which equal texts are one object."""
    if not pa.types.is_string(column.type):
        values: list[object] = column.to_pylist()
        return values
    coded = column.combine_chunks().dictionary_encode()
    words = coded.dictionary.to_pylist()
    return [words[code] for code in coded.indices.to_pylist()]


@lru_cache(maxsize=1 << 16)
def _is_interim(text: str) -> bool:
    return canonical_word(text) in INTERIM_WORDS


def _distinct(results: list[Collected]) -> list[Collected]:
    # Sorted by what was reported and then by row, equal reports stand side by side and the first row comes first.
    ordered = sorted(results)
    identities = {result.replicate for result in results}
    if len(identities) == len(results):
        return ordered
    # A final result sorts before the equal preliminary one, which adds nothing to it.
    return [result for at, result in enumerate(ordered) if at == 0 or result[:4] != ordered[at - 1][:4]]
