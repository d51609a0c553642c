"""The dispositions of a run as rows, sorted, made of some batches at a time; and what is known of every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regenqc.evaluation.disposition import (
    DISPOSITION_CODES,
    DISPOSITIONS,
    count_batches,
    dispositions_of,
    no_specification,
)
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.evaluation.plan import STAGES
from regenqc.garbage import collection_paused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from regenqc.evaluation.settlement import SettledPart, Settlement

__all__ = ["DispositionIndex", "DispositionRows"]


@dataclass(frozen=True, slots=True)
class DispositionIndex:
    """A few bytes of every disposition, in the order of rows.

    Args:
        severity: position in `DISPOSITIONS`.
        is_noted: whether a cell fails, is inconclusive, is missing or alerts.
        pair: position in `pairs`.
        pairs: identifier of a specification and stage; both may be empty for a batch that no specification speaks about.
        begins: row with which each part begins, and where the last one ends.
        batches: how many have dispositions.
    """

    severity: NDArray[np.uint8]
    is_noted: NDArray[np.bool_]
    pair: NDArray[np.int32]
    pairs: list[tuple[str, str]]
    begins: NDArray[np.int64]
    batches: int

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of dispositions by word; every word is named."""
        counts = np.bincount(self.severity, minlength=len(DISPOSITIONS)).tolist()
        return {word.value: count for word, count in zip(DISPOSITIONS, counts, strict=True)}


class DispositionRows:
    """The dispositions of a run.

    Args:
        settlement: settled cells.
        evaluated_at: moment of evaluation as text.
    """

    def __init__(self, settlement: Settlement, *, evaluated_at: str) -> None:
        self._settlement = settlement
        self._evaluated_at = evaluated_at
        self._kept: dict[int, pa.Table] = {}

    def parts(self) -> Iterator[pa.Table]:
        """Yield all rows in order, with columns as in `DISPOSITION_CODES`."""
        return (self.part(number) for number in range(self._settlement.count))

    def part(self, number: int, settled: SettledPart | None = None) -> pa.Table:
        """Return the rows of one part of the settlement.

        Args:
            number: of the part.
            settled: that part, where it is at hand.
        """
        rows = self._kept.get(number)
        if rows is None:
            rows = self._rows_of(settled or self._settlement.part(number))
            if self._settlement.is_kept:
                self._kept[number] = rows
        return rows

    @cached_property
    def table(self) -> pa.Table:
        """All rows as one table."""
        return pa.concat_tables([DISPOSITION_CODES.empty_table(), *self.parts()]).unify_dictionaries()

    def take(self, rows: NDArray[np.int64]) -> pa.Table:
        """Return some rows in the given order; of the parts without them nothing is made."""
        begins = self.index.begins
        part_of_row = np.searchsorted(begins, rows, side="right") - 1
        order = np.argsort(part_of_row, kind="stable")
        taken = [
            self.part(number).take(pa.array(rows[part_of_row == number] - begins[number]))
            for number in np.unique(part_of_row).tolist()
        ]
        place = np.empty(len(rows), dtype=np.int64)
        place[order] = np.arange(len(rows))
        return pa.concat_tables([DISPOSITION_CODES.empty_table(), *taken]).unify_dictionaries().take(pa.array(place))

    @cached_property
    def index(self) -> DispositionIndex:
        """What is known of every row."""
        severities = {word.value: at for at, word in enumerate(DISPOSITIONS)}
        pairs: dict[tuple[str, str], int] = {}
        severity, pair = [np.empty(0, dtype=np.uint8)], [np.empty(0, dtype=np.int32)]
        is_noted = [np.empty(0, dtype=np.bool_)]
        begins, batches = [0], 0
        for rows in self.parts():
            codes, words = _coded(rows["disposition"])
            severity.append(np.array([severities[word] for word in words] or [0], dtype=np.uint8)[codes])
            pair.append(_pairs(rows, pairs))
            noted = np.zeros(rows.num_rows, dtype=np.bool_)
            for name in ("fails", "inconclusive", "missing", "alerts"):
                noted |= rows[name].to_numpy() > 0
            is_noted.append(noted)
            begins.append(begins[-1] + rows.num_rows)
            batches += count_batches(rows)  # no batch is in two parts
        return DispositionIndex(
            np.concatenate(severity),
            np.concatenate(is_noted),
            np.concatenate(pair),
            list(pairs),
            np.array(begins, dtype=np.int64),
            batches,
        )

    @collection_paused()
    def _rows_of(self, part: SettledPart) -> pa.Table:
        settlement = self._settlement
        rank, width = settlement.rank, len(settlement.plan.judged_by)
        tables: list[pa.RecordBatch] = []
        keys: list[NDArray[np.int64]] = []
        for cells, judged_by in zip(part.settled, part.judged_by, strict=True):
            found = dispositions_of(
                cells,
                specifications=settlement.plan.judged_by,
                judged_by=judged_by,
                batch_ids=settlement.batch_ids,
                stage=settlement.stage,
                evaluated_at=self._evaluated_at,
            )
            for at, batches, rows in found:
                tables.append(rows)
                judged = settlement.groups.judged_by(cells.specification, batches)
                keys.append((rank[batches] * width + judged) * len(STAGES) + at)
        if len(part.uncovered):
            word = "" if settlement.stage is None else STAGES[settlement.stage].value
            ids = settlement.batch_ids.take(pa.array(part.uncovered))
            tables.append(no_specification(ids, stage=word, evaluated_at=self._evaluated_at))
            keys.append(rank[part.uncovered] * width * len(STAGES))
        if not tables:
            return DISPOSITION_CODES.empty_table()
        table = pa.Table.from_batches(tables, schema=DISPOSITION_CODES).unify_dictionaries()
        return table.take(pa.array(np.argsort(np.concatenate(keys), kind="stable")))


def _pairs(rows: pa.Table, known: dict[tuple[str, str], int]) -> NDArray[np.int32]:
    """Return specification and stage of every row as one number, numbering new pairs in order."""
    (specification, specifications), (stage, stages) = _coded(rows["spec_id"]), _coded(rows["stage"])
    found = distinct_combinations(specification, stage)
    first = found.first.tolist()
    pairs = [(specifications[specification[row]], stages[stage[row]]) for row in first]
    return np.array([known.setdefault(pair, len(known)) for pair in pairs] or [0], dtype=np.int32)[found.of_row]


def _coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    """Return a column with one dictionary as codes and words."""
    if not len(column):
        return np.empty(0, dtype=np.int32), []
    joined: pa.DictionaryArray = column.combine_chunks()
    return joined.indices.to_numpy(), joined.dictionary.to_pylist()
