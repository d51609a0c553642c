"""Results that count only together, handed out by slot, some batches at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.evidence import COLLECTED_SCHEMA
from regenqc.evaluation.grouping import Combinations, begins_of, distinct_combinations
from regenqc.evaluation.taking import RowsOfTable
from regenqc.specification.criteria import canonical_word
from regenqc.vocabulary import INTERIM_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.plan import Plan

__all__ = ["CodedTexts", "CollectedResults", "SlotRows"]

_BATCHES_AT_ONCE: Final = 20_000
_CODED: Final = ("reported", "unit", "lod", "annex")
_PLAIN: Final = ("batch", "slot", "unit_code", "row", "preliminary")


@dataclass(frozen=True, slots=True)
class CodedTexts:
    """Texts of rows as codes.

    Args:
        codes: one per row.
        words: the text of each code; some may be of no row.
    """

    codes: NDArray[np.int32]
    words: pa.StringArray

    def take(self, rows: NDArray[np.integer[Any]]) -> CodedTexts:
        """Return the texts of some rows."""
        return CodedTexts(self.codes[rows], self.words)

    def part(self, rows: slice) -> CodedTexts:
        """Return the texts of rows that stand one after the other, and the words of these."""
        return CodedTexts(self.codes[rows], self.words).compact()

    def compact(self) -> CodedTexts:
        """Return the same texts with no word that is of no row.

        Example:
            >>> texts = CodedTexts(np.array([2, 2], dtype=np.int32), pa.array(["%", "mL", "pH"])).compact()
            >>> texts.codes.tolist(), texts.words.to_pylist()
            ([0, 0], ['pH'])
        """
        is_used = np.zeros(len(self.words), dtype=np.bool_)
        is_used[self.codes] = True
        number = np.cumsum(is_used, dtype=np.int32) - 1
        return CodedTexts(number[self.codes].astype(np.int32), self.words.filter(pa.array(is_used)))

    def at(self, rows: NDArray[np.integer[Any]]) -> pa.StringArray:
        """Return the texts of some rows, written out.

        Example:
            >>> CodedTexts(np.array([1, 0], dtype=np.int32), pa.array(["%", "mL"])).at(np.array([0])).to_pylist()
            ['mL']
        """
        return self.words.take(pa.array(self.codes[rows]))

    def listed(self, rows: NDArray[np.integer[Any]]) -> list[str]:
        """Return the texts of some rows as a list in which equal texts are one object."""
        words: list[str] = self.words.to_pylist()
        return [words[code] for code in self.codes[rows].tolist()]

    def ranks(self) -> NDArray[np.int64]:
        """Return the place of every row's text among the words in order."""
        place = np.empty(len(self.words), dtype=np.int64)
        place[pc.array_sort_indices(self.words).to_numpy()] = np.arange(len(self.words))
        return place[self.codes]


@dataclass(frozen=True, kw_only=True)
class SlotRows:
    """The rows of one slot and some batches, sorted by batch.

    Args:
        batch: code of the batch.
        reported: result as reported.
        unit: unit as reported.
        lod: limit as reported below which the result lies, if it lies below one: that of detection, or of quantitation.
        annex: further columns, see `regenqc.evaluation.evidence.ANNEX_COLUMNS`; empty where none are needed.
        preliminary: whether the row is preliminary.
        unit_code: code of the unit.
        row: key of the row.
        place: position of the row among everything that was collected.
        identities: texts by that position.
    """

    batch: NDArray[np.int32]
    reported: CodedTexts
    unit: CodedTexts
    lod: CodedTexts
    annex: CodedTexts
    preliminary: NDArray[np.bool_]
    unit_code: NDArray[np.int16]
    row: NDArray[np.int64]
    place: NDArray[np.int64]
    identities: RowsOfTable

    def __len__(self) -> int:
        return len(self.batch)

    @cached_property
    def replicate(self) -> CodedTexts:
        """Return the identity of every row, empty for a row without; looked up where rows have to be told apart."""
        texts = self.identities.take(self.place)["replicate"].combine_chunks().dictionary_encode()
        return CodedTexts(texts.indices.to_numpy(), texts.dictionary)

    @cached_property
    def begins(self) -> NDArray[np.int64]:
        """Return the first row of every batch."""
        return begins_of(self.batch)

    @cached_property
    def batches(self) -> NDArray[np.int32]:
        """Return the batches, each once, in ascending order."""
        return self.batch[self.begins]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Return the number of rows of every batch."""
        return np.diff(self.begins, append=len(self))

    @cached_property
    def statements(self) -> Combinations:
        """Return the distinct statements: reported text, unit and detection limit."""
        return distinct_combinations(self.reported.codes, self.unit.codes, self.lod.codes)

    def of_batches(self, values: NDArray[np.generic]) -> NDArray[Any]:
        """Return for every row the value of its batch."""
        return np.repeat(values, self.counts)

    def take(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> SlotRows:
        """Return some rows, in ascending order."""
        at = np.arange(len(self))[rows]
        return SlotRows(
            batch=self.batch[at],
            reported=self.reported.take(at),
            unit=self.unit.take(at),
            lod=self.lod.take(at),
            annex=self.annex.take(at),
            preliminary=self.preliminary[at],
            unit_code=self.unit_code[at],
            row=self.row[at],
            place=self.place[at],
            identities=self.identities,
        )

    def selections(self) -> Iterator[tuple[SlotRows, bool]]:
        """Yield the rows that count as final, then all rows of the batches of which some are preliminary.

        A preliminary result never satisfies a requirement and can fail one, so that both have to be judged. The second of a
        pair says whether preliminary rows are among them.
        """
        if not self.preliminary.any():
            yield self, False
            return
        yield self.take(~self.preliminary), False
        yield self.take(self.of_batches(np.logical_or.reduceat(self.preliminary, self.begins))), True

    def are_distinguishable(self) -> NDArray[np.bool_]:
        """Return by batch whether its rows carry identities of their own; without them they may be copies of one row."""
        single: NDArray[np.bool_] = self.counts == 1
        if single.all():
            return single
        nameless = _code_of(self.replicate.words, "")
        named = np.logical_and.reduceat(self.replicate.codes != nameless, self.begins)
        number = self.of_batches(np.arange(len(self.begins)))
        found = distinct_combinations(number, self.replicate.codes)
        own = np.bincount(number[found.first], minlength=len(self.begins))
        distinguishable: NDArray[np.bool_] = single | (named & (own == self.counts))
        return distinguishable

    def first_of_batches(self) -> NDArray[np.int64]:
        """Return of every batch the row that stands for it in a finding: in the order of what was reported, the first."""
        if len(self.batches) == len(self):
            return np.arange(len(self))
        texts = [text.ranks() for text in (self.lod, self.unit, self.reported, self.replicate)]
        keys: list[NDArray[Any]] = [self.row, self.unit_code, self.preliminary, *texts, self.batch]
        order = np.lexsort(keys)
        first: NDArray[np.int64] = order[self.begins]
        return first


class CollectedResults:
    """What was collected, handed out for some batches at a time, so that memory does not grow with the input.

    Args:
        table: see `regenqc.evaluation.evidence.COLLECTED_SCHEMA`.
        plan: with the slots that have rows in common.
        groups: the slots that apply to each batch.
    """

    def __init__(self, table: pa.Table, *, plan: Plan, groups: BatchGroups) -> None:
        self._plan, self._groups = plan, groups
        slot, batch = table["slot"].to_numpy(), table["batch"].to_numpy()
        self._order = np.argsort((slot.astype(np.int64) << 32) | batch, kind="stable")
        # Nearly every row has an identity of its own, which few are asked for: those are no codes.
        self._identities = RowsOfTable(pa.table({"replicate": table["replicate"].cast(pa.string())}))
        self._texts = {name: _coded(table[name]).take(self._order) for name in _CODED}
        self._columns = {name: table[name].to_numpy()[self._order] for name in _PLAIN}
        self._slot, self._batch = self._columns["slot"], self._columns["batch"]

    def of_batches(self, batches: NDArray[np.integer[Any]]) -> pa.Table:
        """Return what was collected of some batches."""
        at = np.flatnonzero(np.isin(self._batch, batches))
        columns = {name: pa.array(values[at]) for name, values in self._columns.items()}
        for name, texts in self._texts.items():
            kept = texts.take(at).compact()
            columns[name] = pa.DictionaryArray.from_arrays(pa.array(kept.codes), kept.words)
        identities = self._identities.take(self._order[at])["replicate"].combine_chunks().dictionary_encode()
        columns["replicate"] = identities
        return pa.table([columns[name] for name in COLLECTED_SCHEMA.names], schema=COLLECTED_SCHEMA)

    def blocks(self, slots: Collection[int]) -> Iterator[dict[int, SlotRows]]:
        """Yield the rows of these slots, equal ones once, in blocks of batches; slots without rows are absent."""
        as_slot = {slot: int(self._plan.collected_as[slot]) for slot in slots}
        ranges = {slot: np.searchsorted(self._slot, [slot, slot + 1]) for slot in sorted(set(as_slot.values()))}
        edges = [self._batch[[begin, end - 1]] for begin, end in ranges.values() if end > begin]
        if not edges:
            return
        for first in range(min(edge[0] for edge in edges), max(edge[1] for edge in edges) + 1, _BATCHES_AT_ONCE):
            held: dict[int, SlotRows] = {}
            for slot, (begin, end) in ranges.items():
                places = np.searchsorted(self._batch[begin:end], [first, first + _BATCHES_AT_ONCE])
                if places[1] > places[0]:
                    held[slot] = _evidence_of(self._rows(slice(begin + places[0], begin + places[1])))
            block = {slot: self._of_slot(slot, held[common]) for slot, common in as_slot.items() if common in held}
            block = {slot: rows for slot, rows in block.items() if len(rows)}
            if block:
                yield block

    def _rows(self, at: slice) -> SlotRows:
        columns, texts = self._columns, self._texts
        return SlotRows(
            batch=columns["batch"][at],
            reported=texts["reported"].part(at),
            unit=texts["unit"].part(at),
            lod=texts["lod"].part(at),
            annex=texts["annex"].part(at),
            preliminary=columns["preliminary"][at],
            unit_code=columns["unit_code"][at],
            row=columns["row"][at],
            place=self._order[at],
            identities=self._identities,
        )

    def _of_slot(self, slot: int, rows: SlotRows) -> SlotRows:
        """Return the rows of batches to which a slot applies; others have been collected for another slot."""
        own = self._groups.are_judged_by(slot, rows.batch)
        return rows if own.all() else rows.take(own)


def _coded(column: pa.ChunkedArray) -> CodedTexts:
    """Return a column as codes of one dictionary, in which every text stands once."""
    unified = column.unify_dictionaries()
    if not unified.num_chunks:
        return CodedTexts(np.empty(0, dtype=np.int32), pa.array([], type=pa.string()))
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in unified.chunks])
    words = unified.chunk(0).dictionary
    distinct = words.dictionary_encode()
    if len(distinct.dictionary) < len(words):
        return CodedTexts(distinct.indices.to_numpy()[codes], distinct.dictionary)
    return CodedTexts(codes, words)


def _code_of(words: pa.StringArray, text: str) -> int:
    found: int = pc.index(words, text).as_py()
    return found


def _evidence_of(rows: SlotRows) -> SlotRows:
    """Return the rows of batches that report more than interim words, each statement of one replicate once.

    Interim words alone are no evidence; beside results they leave open what those come to.
    """
    interim = np.array([_is_interim(word) for word in rows.reported.words.to_pylist()], dtype=np.bool_)
    if interim.any():
        only_interim = np.logical_and.reduceat(interim[rows.reported.codes], rows.begins)
        if only_interim.any():
            rows = rows.take(~rows.of_batches(only_interim))
    if len(rows.batches) == len(rows):
        return rows
    texts = (rows.replicate, rows.reported, rows.unit, rows.lod, rows.annex)
    found = distinct_combinations(rows.of_batches(np.arange(len(rows.batches))), *(text.codes for text in texts))
    if len(found.first) == len(rows):
        return rows
    # Of equal rows the first stays; a final result stands before the equal preliminary one, which adds nothing to it.
    order = np.lexsort((rows.row, rows.unit_code, rows.preliminary, found.of_row))
    return rows.take(np.sort(order[begins_of(found.of_row[order])]))


@lru_cache(maxsize=1 << 16)
def _is_interim(text: str) -> bool:
    return canonical_word(text) in INTERIM_WORDS
