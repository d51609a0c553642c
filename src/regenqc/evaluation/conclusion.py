"""The end of a run: what counts only together, then the cells, the dispositions and the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.cells import SettledCells, settle_cells
from regenqc.evaluation.consequences import CONSEQUENCE_FILE, consequence_batches
from regenqc.evaluation.disposition import (
    DISPOSITION_CODES,
    DISPOSITION_SCHEMA,
    dispositions_of,
    judged_batches,
    no_specification,
)
from regenqc.evaluation.findings import FINDING_COLUMNS, findings_of
from regenqc.evaluation.investigations import INVESTIGATION_FILE, investigation_batches
from regenqc.evaluation.judge import Judge, JudgedRows
from regenqc.evaluation.matrix import VerdictMatrix
from regenqc.evaluation.plan import STAGES, Plan
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.specification.model import Specification

__all__ = ["Evaluation", "RowSink", "conclude"]

RowSink = Callable[[JudgedRows, int], None]
_RENDERED_AT_ONCE: Final = 65_536
# Of so many batches dispositions are made and put in order at a time.
_BATCHES_AT_ONCE: Final = 250_000


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
    _dispositions: Callable[[], pa.Table]
    _findings: Callable[[NDArray[np.int64] | None], Iterator[pa.RecordBatch]]
    _investigations: Callable[[], Iterator[pa.RecordBatch]]
    _consequences: Callable[[], Iterator[pa.RecordBatch]]

    def finding_batches(self, *, only: NDArray[np.int64] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the findings, sorted, a part at a time.

        Args:
            only: codes of the batches that are asked about, as positions in `matrix.batch_ids`; all when not given.
        """
        return self._findings(only)

    @property
    def disposition_table(self) -> pa.Table:
        """Return one row per batch, specification and stage, sorted; made when it is asked for first."""
        return self._dispositions()

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
        table = self.disposition_table
        for start in range(0, table.num_rows, _RENDERED_AT_ONCE):
            yield from table.slice(start, _RENDERED_AT_ONCE).cast(DISPOSITION_SCHEMA).combine_chunks().to_batches()

    def first_dispositions(self, word: str, count: int) -> list[dict[str, Any]]:
        """Return the first rows with one disposition.

        Args:
            word: the disposition.
            count: rows at most.
        """
        table = self.disposition_table
        rows: list[dict[str, Any]] = table.filter(pc.equal(table["disposition"], word)).slice(0, count).to_pylist()
        return rows

    def verdict_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the cells in long form, sorted, a part at a time."""
        return self.matrix.batches()

    def investigation_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of investigations, sorted, a part at a time."""
        return self._investigations()

    def consequence_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what has to be done because of late failures, sorted, a part at a time."""
        return self._consequences()

    def batches_of(self, name: str) -> Iterator[pa.RecordBatch]:
        """Yield one of the tables as it is written, sorted, a part at a time.

        Args:
            name: `dispositions`, `findings`, `verdicts`, `investigations` or `consequences`.
        """
        tables = {
            "dispositions": self.disposition_batches,
            "findings": self.finding_batches,
            "verdicts": self.verdict_batches,
            "investigations": self.investigation_batches,
            "consequences": self.consequence_batches,
        }
        return tables[name]()

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
        counts = self.disposition_table["disposition"].value_counts().to_pylist()
        return {word.value: 0 for word in Disposition} | {entry["values"]: entry["counts"] for entry in counts}

    @property
    def is_all_eligible(self) -> bool:
        """Return whether there is a disposition and every one is `eligible`; a run over nothing is not."""
        words = self.disposition_table["disposition"]
        return len(words) > 0 and pc.all(pc.equal(words, "eligible")).as_py() is True


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
    plan, groups = judge.plan, judge.groups
    batch_ids = judge.coder.batch_ids.texts()
    order = pc.sort_indices(batch_ids).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    raw, records = judge.findings.table(), judge.investigated.table()
    settled, final = settle_cells(plan, groups, rank=rank, unattributed=bool(judge.unattributed_rows), findings=raw)
    raw = raw.append_column("settled", pa.array(final))
    evaluated_at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    uncovered = _uncovered(plan, settled, count=len(rank), stage=stage)

    @cache
    def dispositions() -> pa.Table:
        parts = _disposition_parts(
            plan, groups, settled, batch_ids, rank=rank, stage=stage, evaluated_at=evaluated_at, uncovered=uncovered
        )
        return pa.concat_tables([DISPOSITION_CODES.empty_table(), *parts]).unify_dictionaries()

    def findings(only: NDArray[np.int64] | None) -> Iterator[pa.RecordBatch]:
        rows, cells, bare = raw, settled, uncovered
        if only is not None:
            asked = np.zeros(len(rank), dtype=np.bool_)
            asked[only] = True
            rows = raw.filter(pa.array(asked[raw["batch"].to_numpy()]))
            cells = [each.of(np.flatnonzero(asked[each.batches])) for each in settled]
            bare = uncovered[asked[uncovered]]
        return findings_of(
            rows,
            plan=plan,
            groups=groups,
            settled=cells,
            rank=rank,
            batch_ids=batch_ids,
            sources=sources,
            stage=stage,
            uncovered=bare,
        )

    def investigations() -> Iterator[pa.RecordBatch]:
        return investigation_batches(
            records, plan=plan, groups=groups, rank=rank, batch_ids=batch_ids, sources=sources, stage=stage
        )

    def consequences() -> Iterator[pa.RecordBatch]:
        return consequence_batches(
            raw,
            plan=plan,
            groups=groups,
            settled=settled,
            rank=rank,
            batch_ids=batch_ids,
            sources=sources,
            stage=stage,
        )

    return Evaluation(
        specifications=plan.judged_by,
        sources=tuple(sources),
        evaluated_at=moment,
        rows_read=judge.rows_judged + judge.rows_refused,
        rows_judged=judge.rows_judged,
        rows_refused=judge.rows_refused,
        rows_computed=rows_computed,
        matrix=VerdictMatrix(
            plan.judged_by,
            settled,
            [groups.judged_by(cells.specification, cells.batches) for cells in settled],
            batch_ids,
            rank,
            stage,
        ),
        _dispositions=dispositions,
        _findings=findings,
        _investigations=investigations,
        _consequences=consequences,
    )


def _uncovered(plan: Plan, settled: list[SettledCells], *, count: int, stage: int | None) -> NDArray[np.int64]:
    """Return the codes of the batches that no specification speaks about."""
    judged = np.zeros(count, dtype=np.bool_)
    for cells in settled:
        for batches in judged_batches(cells, stages=plan.specifications[cells.specification].stages, stage=stage):
            judged[batches] = True
    return np.flatnonzero(~judged)


def _disposition_parts(
    plan: Plan,
    groups: BatchGroups,
    settled: list[SettledCells],
    batch_ids: pa.StringArray,
    *,
    rank: NDArray[np.int64],
    stage: int | None,
    evaluated_at: str,
    uncovered: NDArray[np.int64],
) -> Iterator[pa.Table]:
    """Yield the dispositions, sorted, of some batches at a time."""
    ranks = [rank[cells.batches] for cells in settled]
    for begin in range(0, len(rank), _BATCHES_AT_ONCE):
        end = begin + _BATCHES_AT_ONCE
        parts: list[pa.RecordBatch] = []
        keys: list[NDArray[np.int64]] = []
        for whole, order in zip(settled, ranks, strict=True):
            first, last = np.searchsorted(order, [begin, end]).tolist()
            if first == last:
                continue
            cells = whole.of(slice(first, last))
            found = dispositions_of(
                cells,
                specifications=plan.judged_by,
                judged_by=groups.judged_by(cells.specification, cells.batches),
                batch_ids=batch_ids,
                stage=stage,
                evaluated_at=evaluated_at,
            )
            for at, batches, rows in found:
                parts.append(rows)
                judged_by = groups.judged_by(cells.specification, batches)
                keys.append((rank[batches] * len(plan.judged_by) + judged_by) * len(STAGES) + at)
        bare = uncovered[(rank[uncovered] >= begin) & (rank[uncovered] < end)]
        if len(bare):
            word = "" if stage is None else STAGES[stage].value
            parts.append(no_specification(batch_ids.take(pa.array(bare)), stage=word, evaluated_at=evaluated_at))
            keys.append(rank[bare] * len(plan.judged_by) * len(STAGES))
        if parts:
            table = pa.Table.from_batches(parts, schema=DISPOSITION_CODES).unify_dictionaries()
            yield table.take(pa.array(np.argsort(np.concatenate(keys), kind="stable")))
