"""Evaluate results against specifications: the one way through the house.

Rows stream through the judge; cells only rise, so that order, chunks and repetition change nothing. When the last row
has passed, criteria over several rows are settled, then the cells, the dispositions and the findings.
"""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

from regenqc.evaluation.batch_groups import BatchGroups
from regenqc.evaluation.conclusion import Evaluation, RowSink, conclude, judge_across_rows
from regenqc.evaluation.judge import Judge
from regenqc.evaluation.kernel import load_compiled
from regenqc.evaluation.plan import Plan
from regenqc.evaluation.read_ahead import read_ahead
from regenqc.evaluation.terms import no_results, terms_of
from regenqc.intake.revisions import find_superseding
from regenqc.intake.table import ResultTable, read_results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from regenqc.specification.model import Specification

__all__ = ["CHUNK_ROWS", "Evaluation", "evaluate"]

CHUNK_ROWS = 262_144
_LARGE_INPUT_BYTES = 4_000_000


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
    table = results if isinstance(results, ResultTable) else read_results(results)
    terms = terms_of(table.sources, specifications, batches=batches, stage=stage, as_of=as_of)
    if compiled is None and sum(source.byte_count for source in table.sources) >= _LARGE_INPUT_BYTES:
        # Loading compiled code takes as long as judging a million rows; it goes on while the first of them are read.
        Thread(target=load_compiled, name="regenqc-kernel", daemon=True).start()
    plan = Plan(terms.specifications)
    groups = BatchGroups(plan, table=terms.batches, as_of=terms.moment)
    coder = terms.coder(plan, superseding=find_superseding(table, rows=chunk_rows))
    for batch_id in terms.batches.batch_ids if terms.batches is not None else ():
        coder.batch_code(batch_id)
    judge = Judge(plan, groups, coder, compiled=compiled)
    _judge_sources(judge, table, chunk_rows=chunk_rows, on_rows=on_rows)
    if judge.rows_judged + judge.rows_refused == 0:
        raise no_results(table.sources)
    return conclude(
        judge,
        moment=terms.moment,
        stage=terms.stage,
        sources=[source.name for source in table.sources],
        rows_computed=judge_across_rows(judge, source=len(table.sources), on_rows=on_rows),
    )


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
