"""Evaluate results against specifications: the one way through the house.

Rows stream through the judge; cells only rise, so that order, chunks and repetition change nothing. When the last row
has passed, criteria over several rows are settled, then the cells, the dispositions and the findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.errors import DataError, Fault, UsageError
from regenqc.evaluation.across_rows import computed_rows, settle_across_rows
from regenqc.evaluation.batch_groups import BatchGroups
from regenqc.evaluation.cell_marks import marks_of
from regenqc.evaluation.cells import SettledCells, settle_cells
from regenqc.evaluation.collected import CollectedResults
from regenqc.evaluation.consequences import CONSEQUENCE_FILE, consequence_batches
from regenqc.evaluation.dates import parse_as_of
from regenqc.evaluation.disposition import DISPOSITION_CODES, DISPOSITION_SCHEMA, dispositions_of, no_specification
from regenqc.evaluation.findings import FINDING_COLUMNS, findings_of
from regenqc.evaluation.investigations import INVESTIGATION_FILE, investigation_batches
from regenqc.evaluation.judge import Judge, JudgedRows
from regenqc.evaluation.kernel import load_compiled
from regenqc.evaluation.matrix import VerdictMatrix
from regenqc.evaluation.plan import STAGES, Plan
from regenqc.evaluation.read_ahead import read_ahead
from regenqc.evaluation.retests import settle_retests
from regenqc.intake.batches import BatchTable, read_batches
from regenqc.intake.coding import RowCoder
from regenqc.intake.revisions import find_superseding
from regenqc.intake.table import ResultTable, read_results
from regenqc.specification.attributes import attributes_used
from regenqc.specification.model import Specification
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

__all__ = ["CHUNK_ROWS", "Evaluation", "evaluate"]

CHUNK_ROWS = 262_144
_LARGE_INPUT_BYTES = 4_000_000

RowSink = Callable[[JudgedRows, int], None]


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
        disposition_table: one row per batch, specification and stage, sorted.
        matrix: every cell.
    """

    specifications: tuple[Specification, ...]
    sources: tuple[str, ...]
    evaluated_at: datetime
    rows_read: int
    rows_judged: int
    rows_refused: int
    rows_computed: int
    disposition_table: pa.Table
    matrix: VerdictMatrix
    _findings: Callable[[], Iterator[pa.RecordBatch]]
    _investigations: Callable[[], Iterator[pa.RecordBatch]]
    _consequences: Callable[[], Iterator[pa.RecordBatch]]

    def finding_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the findings, sorted, a part at a time."""
        return self._findings()

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

    def investigation_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of investigations, sorted, a part at a time."""
        return self._investigations()

    def consequence_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what has to be done because of late failures, sorted, a part at a time."""
        return self._consequences()

    @property
    def investigations(self) -> Any:
        """Return the rows of investigations as a pandas frame."""
        return pa.Table.from_batches(self.investigation_batches(), schema=INVESTIGATION_FILE).to_pandas()

    @property
    def consequences(self) -> Any:
        """Return what has to be done as a pandas frame; `triggered_by_row` is missing where no single row failed."""
        frame = pa.Table.from_batches(self.consequence_batches(), schema=CONSEQUENCE_FILE).to_pandas(
            integer_object_nulls=True
        )
        frame["triggered_by_row"] = frame["triggered_by_row"].astype("Int64")
        return frame

    @property
    def is_all_eligible(self) -> bool:
        """Return whether there is a disposition and every one is `eligible`; a run over nothing is not."""
        words = self.disposition_table["disposition"]
        return len(words) > 0 and pc.all(pc.equal(words, "eligible")).as_py() is True


def evaluate(
    results: Any,
    specifications: Specification | Sequence[Specification],
    *,
    batches: Any = None,
    stage: str | None = None,
    as_of: str | datetime | None = None,
    chunk_rows: int = CHUNK_ROWS,
    compiled: bool | None = None,
    on_rows: RowSink | None = None,
) -> Evaluation:
    """Judge every batch of the results by every specification that speaks about it.

    Args:
        results: a `ResultTable`, or anything that `read_results` takes.
        specifications: one or several.
        batches: batch table as a path, frame or Arrow table; needed where requirements select on attributes.
        stage: judge this stage only; without it every result is judged at its own stage.
        as_of: moment of evaluation, ISO 8601 with zone; now when not given.
        chunk_rows: rows to hold in memory at a time.
        compiled: force the compiled or the plain kernel; both are the same function.
        on_rows: called with every judged chunk and the index of its source.

    Raises:
        UsageError: no specification, unknown stage, or results without a stage where several are possible.
        DataError: input refused as a whole, or without a single row.

    Example:
        >>> import pandas
        >>> from regenqc.specification import parse_specification
        >>> specification = parse_specification('''
        ... schema = "regenqc.specification/1"
        ... id = "example/one"
        ... version = "1"
        ... title = "One requirement"
        ... jurisdiction = "INT"
        ... [[requirement]]
        ... id = "viability"
        ... test = "viability"
        ... stage = "drug_product_release"
        ... limit = { min = "70", unit = "%" }
        ... citation = "example"
        ... mark = "verified"
        ... ''')
        >>> frame = pandas.DataFrame({"batch_id": ["A", "B"], "test": "viability", "result": ["70", "69.9"], "unit": "%"})
        >>> evaluate(frame, specification, as_of="2026-01-01").dispositions["disposition"].tolist()
        ['eligible', 'reject']
    """
    judged_by = (specifications,) if isinstance(specifications, Specification) else tuple(specifications)
    _check_specifications(judged_by)
    table = results if isinstance(results, ResultTable) else read_results(results)
    listed: BatchTable | None = None
    if batches is not None:
        listed = batches if isinstance(batches, BatchTable) else read_batches(batches, only=attributes_used(judged_by))
    moment = parse_as_of(as_of)
    wanted = _stage(stage)
    if compiled is None and sum(source.byte_count for source in table.sources) >= _LARGE_INPUT_BYTES:
        # Loading compiled code takes as long as judging a million rows; it goes on while the first of them are read.
        Thread(target=load_compiled, name="regenqc-kernel", daemon=True).start()
    plan = Plan(judged_by)
    groups = BatchGroups(plan, table=listed, as_of=moment)
    coder = RowCoder(
        tests=plan.tests,
        default_stage=_default_stage(wanted, judged_by, table),
        superseding=find_superseding(table, rows=chunk_rows),
        # A reported value must not stand in for one that cannot be computed because an input is missing.
        computed_tests={derived.id for specification in judged_by for derived in specification.derived},
    )
    for batch_id in listed.batch_ids if listed is not None else ():
        coder.batch_code(batch_id)
    judge = Judge(plan, groups, coder, compiled=compiled)
    _judge_sources(judge, table, chunk_rows=chunk_rows, on_rows=on_rows)
    if judge.rows_judged + judge.rows_refused == 0:
        raise DataError(
            Fault(
                code="RQC-D001",
                what="The input holds no results.",
                where=", ".join(source.name for source in table.sources),
                expected="at least one result",
                action="Export again; an empty export releases nothing.",
            )
        )
    rows_computed = _judge_across_rows(judge, source=len(table.sources), on_rows=on_rows)
    return _conclude(judge, moment=moment, stage=wanted, table=table, rows_computed=rows_computed)


def _check_specifications(specifications: tuple[Specification, ...]) -> None:
    if not specifications:
        raise UsageError(
            Fault(code="RQC-U006", what="No specification was given.", expected="at least one", action="Name one.")
        )
    ids = [specification.id for specification in specifications]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise UsageError(
            Fault(
                code="RQC-U007",
                what="A specification was given twice.",
                got=", ".join(repeated),
                expected="every specification once",
                action="Give one version of it.",
            )
        )


def _stage(stage: str | None) -> int | None:
    if stage is None:
        return None
    words = [entry.value for entry in Stage]
    if stage not in words:
        raise UsageError(
            Fault(
                code="RQC-U008",
                what="There is no such stage.",
                got=str(stage),
                expected=", ".join(words),
                action="Use one of these words.",
            )
        )
    return words.index(stage)


def _default_stage(wanted: int | None, specifications: tuple[Specification, ...], table: ResultTable) -> Stage | None:
    if wanted is not None:
        return STAGES[wanted]
    stages = {stage for specification in specifications for stage in specification.stages}
    if len(stages) == 1:
        return next(iter(stages))
    lacking = [source.name for source in table.sources if "stage" not in source.columns]
    if lacking:
        raise UsageError(
            Fault(
                code="RQC-U009",
                what="The results state no stage, and the specifications have several.",
                where=", ".join(lacking),
                got=", ".join(sorted(stages)),
                expected="a column stage, or one stage to judge",
                action="Name the stage with --stage.",
            )
        )
    return None


def _judge_sources(judge: Judge, table: ResultTable, *, chunk_rows: int, on_rows: RowSink | None) -> None:
    for index, source in enumerate(table.sources):
        first_row = 1
        for batch in read_ahead(source.read(chunk_rows, None)):
            for start in range(0, batch.num_rows, chunk_rows):
                rows = batch.slice(start, chunk_rows)
                judged = judge.judge(rows, first_row=first_row, source=index)
                first_row += rows.num_rows
                if on_rows is not None:
                    on_rows(judged, index)


def _judge_across_rows(judge: Judge, *, source: int, on_rows: RowSink | None) -> int:
    collected = CollectedResults(judge.release_collected())
    first_row = 1
    for specification, rows in computed_rows(judge, collected):
        judged = judge.judge(rows, first_row=first_row, source=source, computed_for=specification)
        first_row += rows.num_rows
        if on_rows is not None:
            on_rows(judged, source)
    settle_across_rows(judge, collected)
    settle_retests(judge)
    return first_row - 1


def _conclude(
    judge: Judge, *, moment: datetime, stage: int | None, table: ResultTable, rows_computed: int
) -> Evaluation:
    plan, groups = judge.plan, judge.groups
    batch_ids = pa.array(judge.coder.batch_ids, type=pa.string())
    order = pc.sort_indices(batch_ids).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    raw = judge.findings.table()
    settled, final = settle_cells(
        plan,
        groups,
        rank=rank,
        unattributed=bool(judge.unattributed_rows),
        marks=marks_of(raw, plan=plan, groups=groups),
    )
    evaluated_at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    dispositions, uncovered = _dispositions(plan, settled, batch_ids, rank=rank, stage=stage, evaluated_at=evaluated_at)
    sources = tuple(source.name for source in table.sources)

    def findings() -> Iterator[pa.RecordBatch]:
        return findings_of(
            raw,
            plan=plan,
            groups=groups,
            settled=settled,
            final=final,
            rank=rank,
            batch_ids=batch_ids,
            sources=sources,
            stage=stage,
            uncovered=uncovered,
        )

    records = judge.investigated.table()

    def investigations() -> Iterator[pa.RecordBatch]:
        return investigation_batches(records, plan=plan, rank=rank, batch_ids=batch_ids, sources=sources, stage=stage)

    def consequences() -> Iterator[pa.RecordBatch]:
        return consequence_batches(
            raw, plan=plan, settled=settled, rank=rank, batch_ids=batch_ids, sources=sources, stage=stage
        )

    return Evaluation(
        specifications=plan.specifications,
        sources=sources,
        evaluated_at=moment,
        rows_read=judge.rows_judged + judge.rows_refused,
        rows_judged=judge.rows_judged,
        rows_refused=judge.rows_refused,
        rows_computed=rows_computed,
        disposition_table=dispositions,
        matrix=VerdictMatrix(plan.specifications, settled, batch_ids, rank, stage),
        _findings=findings,
        _investigations=investigations,
        _consequences=consequences,
    )


def _dispositions(
    plan: Plan,
    settled: list[SettledCells],
    batch_ids: pa.StringArray,
    *,
    rank: NDArray[np.int64],
    stage: int | None,
    evaluated_at: str,
) -> tuple[pa.Table, NDArray[np.int64]]:
    """Return the dispositions, sorted, and the batches that no specification speaks about."""
    parts: list[pa.RecordBatch] = []
    keys: list[NDArray[np.int64]] = []
    seen: list[NDArray[np.int64]] = []
    for cells in settled:
        found = dispositions_of(
            cells,
            specification=plan.specifications[cells.specification],
            batch_ids=batch_ids,
            stage=stage,
            evaluated_at=evaluated_at,
        )
        for at, batches, rows in found:
            parts.append(rows)
            seen.append(batches)
            keys.append((rank[batches] * len(plan.specifications) + cells.specification) * len(STAGES) + at)
    judged = np.zeros(len(rank), dtype=np.bool_)
    for batches in seen:
        judged[batches] = True
    bare = np.flatnonzero(~judged)
    if len(bare):
        word = "" if stage is None else STAGES[stage].value
        parts.append(no_specification(batch_ids.take(pa.array(bare)), stage=word, evaluated_at=evaluated_at))
        keys.append(rank[bare] * len(plan.specifications) * len(STAGES))
    table = pa.Table.from_batches(parts, schema=DISPOSITION_CODES).unify_dictionaries()
    order = np.argsort(np.concatenate(keys), kind="stable") if keys else np.empty(0, dtype=np.int64)
    return table.take(pa.array(order)), bare
