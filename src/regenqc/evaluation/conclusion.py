"""The end of a run: what counts only together, then the cells, the dispositions and the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from regenqc.evaluation.consequences import CONSEQUENCE_FILE, consequence_batches
from regenqc.evaluation.disposition import DISPOSITION_SCHEMA, DISPOSITIONS
from regenqc.evaluation.disposition_rows import DispositionIndex, DispositionRows
from regenqc.evaluation.findings import FINDING_COLUMNS, findings_of
from regenqc.evaluation.investigations import INVESTIGATION_FILE, investigation_batches
from regenqc.evaluation.judge import Judge, JudgedRows
from regenqc.evaluation.matrix import VerdictMatrix
from regenqc.evaluation.settlement import SettledPart, Settlement
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from regenqc.specification.model import Specification

__all__ = ["Evaluation", "RowSink", "conclude"]

RowSink = Callable[[JudgedRows, int], None]
_RENDERED_AT_ONCE: Final = 65_536


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the data allow.

    Args:
        specifications: judged side by side.
        evaluated_at: moment of evaluation.
        rows_read: rows of the input; `rows_judged + rows_refused`.
        rows_judged: rows with a verdict.
        rows_refused: rows that could not be judged at all.
        rows_computed: means, medians and derived results, judged beside the rows read.
        matrix: every cell.
    """

    specifications: tuple[Specification, ...]
    sources: tuple[str, ...]
    evaluated_at: datetime
    rows_read: int
    rows_judged: int
    rows_refused: int
    rows_computed: int
    matrix: VerdictMatrix
    _rows: DispositionRows
    _findings: Callable[[SettledPart], Iterator[pa.RecordBatch]]
    _investigations: Callable[[], Iterator[pa.RecordBatch]]
    _consequences: Callable[[SettledPart], Iterator[pa.RecordBatch]]

    def finding_batches(self, *, only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the findings, sorted, a part at a time.

        Args:
            only: identifiers of the batches that are asked about, few; all when not given.
        """
        settlement = self.matrix.settlement
        parts = settlement.parts() if only is None else settlement.parts_with(self.matrix.are_named(only))
        for part in parts:
            yield from self._findings(part)

    @property
    def disposition_table(self) -> pa.Table:
        """Return one row per batch, specification and stage, sorted; made when it is asked for first."""
        return self._rows.table

    @property
    def disposition_index(self) -> DispositionIndex:
        """Return a few bytes of every disposition; made when it is asked for first, without holding the table."""
        return self._rows.index

    def dispositions_at(self, rows: NDArray[np.int64]) -> pa.Table:
        """Return some rows of `disposition_table`, in the given order, without making all of it."""
        return self._rows.take(rows)

    @property
    def dispositions(self) -> Any:
        """Return the dispositions as a pandas frame."""
        return self.disposition_table.cast(DISPOSITION_SCHEMA).to_pandas()

    @property
    def findings(self) -> Any:
        """Return the findings as a pandas frame; `row_number` is missing where no row explains the cell."""
        frame = pa.Table.from_batches(self.finding_batches(), schema=FINDING_COLUMNS).to_pandas(
            integer_object_nulls=True
        )
        frame["row_number"] = frame["row_number"].astype("Int64")
        return frame

    def disposition_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the dispositions as they are written, a part at a time."""
        for rows in self._rows.parts():
            yield from _rendered(rows)

    def first_dispositions(self, word: str, count: int) -> list[dict[str, Any]]:
        """Return the first rows with one disposition.

        Args:
            word: the disposition.
            count: rows at most.
        """
        severity = DISPOSITIONS.index(Disposition(word))
        rows = np.flatnonzero(self.disposition_index.severity == severity)[:count]
        found: list[dict[str, Any]] = self.dispositions_at(rows).to_pylist()
        return found

    def verdict_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the cells in long form, sorted, a part at a time."""
        return self.matrix.batches()

    def investigation_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of investigations, sorted, a part at a time."""
        return self._investigations()

    def consequence_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what has to be done because of late failures, sorted, a part at a time."""
        for part in self.matrix.parts():
            yield from self._consequences(part)

    def batches_of(self, name: str) -> Iterator[pa.RecordBatch]:
        """Yield one of the tables as it is written, sorted, a part at a time.

        Args:
            name: `dispositions`, `findings`, `verdicts`, `investigations` or `consequences`.
        """
        if name == "investigations":
            return self.investigation_batches()
        return (batch for _, batch in self.batches_of_each([name]))

    def batches_of_each(self, names: Iterable[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield several tables as they are written, side by side, so that cells are settled once for all of them.

        Args:
            names: `dispositions`, `findings`, `verdicts` or `consequences`.
        """
        settlement = self.matrix.settlement
        tables: dict[str, Callable[[int, SettledPart], Iterator[pa.RecordBatch]]] = {
            "dispositions": lambda number, part: _rendered(self._rows.part(number, part)),
            "findings": lambda _, part: self._findings(part),
            "verdicts": lambda _, part: self.matrix.batches_of(part),
            "consequences": lambda _, part: self._consequences(part),
        }
        chosen = [(name, tables[name]) for name in names]
        for number, part in enumerate(settlement.parts()):
            for name, batches_of in chosen:
                for batch in batches_of(number, part):
                    yield name, batch

    @property
    def investigations(self) -> Any:
        """Return the rows of investigations as a pandas frame."""
        return pa.Table.from_batches(self.investigation_batches(), schema=INVESTIGATION_FILE).to_pandas()

    @property
    def consequences(self) -> Any:
        """Return what has to be done as a pandas frame; `triggered_by_row` is missing where no reported row failed."""
        frame = pa.Table.from_batches(self.consequence_batches(), schema=CONSEQUENCE_FILE).to_pandas(
            integer_object_nulls=True
        )
        frame["triggered_by_row"] = frame["triggered_by_row"].astype("Int64")
        return frame

    @property
    def batch_count(self) -> int:
        """Return the number of batches that the results or the batch table name."""
        return len(self.matrix.rank)

    @property
    def disposition_counts(self) -> dict[str, int]:
        """Return the number of dispositions by word; every word is named."""
        counts = self.disposition_index.counts
        return {word.value: counts[word.value] for word in Disposition}

    @property
    def is_all_eligible(self) -> bool:
        """Return whether there is a disposition and every one is `eligible`; a run over nothing is not."""
        severity = self.disposition_index.severity
        return len(severity) > 0 and bool((severity == DISPOSITIONS.index(Disposition.ELIGIBLE)).all())


def _rendered(rows: pa.Table) -> Iterator[pa.RecordBatch]:
    for start in range(0, rows.num_rows, _RENDERED_AT_ONCE):
        yield from rows.slice(start, _RENDERED_AT_ONCE).cast(DISPOSITION_SCHEMA).combine_chunks().to_batches()


def conclude(
    judge: Judge, *, moment: datetime, stage: int | None, sources: Sequence[str], rows_computed: int
) -> Evaluation:
    """Settle the cells of every batch that the judge has seen, and say what they allow.

    Args:
        judge: of which what counts only together has been settled.
        moment: of evaluation.
        stage: index of the only stage wanted, `None` for all.
        sources: names of the sources.
        rows_computed: means, medians and derived results.
    """
    # Each of the phases needs much memory for a while; what the last one needed is given back first.
    pa.default_memory_pool().release_unused()
    plan, groups, records = judge.plan, judge.groups, judge.investigated.table()
    settlement = Settlement(judge, stage=stage)
    rank, batch_ids = settlement.rank, settlement.batch_ids

    def findings(part: SettledPart) -> Iterator[pa.RecordBatch]:
        return findings_of(part, plan=plan, groups=groups, rank=rank, batch_ids=batch_ids, sources=sources, stage=stage)

    def investigations() -> Iterator[pa.RecordBatch]:
        return investigation_batches(
            records, plan=plan, groups=groups, rank=rank, batch_ids=batch_ids, sources=sources, stage=stage
        )

    def consequences(part: SettledPart) -> Iterator[pa.RecordBatch]:
        return consequence_batches(part, plan=plan, rank=rank, batch_ids=batch_ids, sources=sources, stage=stage)

    return Evaluation(
        specifications=plan.judged_by,
        sources=tuple(sources),
        evaluated_at=moment,
        rows_read=judge.rows_judged + judge.rows_refused,
        rows_judged=judge.rows_judged,
        rows_refused=judge.rows_refused,
        rows_computed=rows_computed,
        matrix=VerdictMatrix(plan.judged_by, settlement),
        _rows=DispositionRows(settlement, evaluated_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
        _findings=findings,
        _investigations=investigations,
        _consequences=consequences,
    )
