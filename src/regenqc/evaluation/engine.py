"""Evaluate results against specifications: the one way through the house.

Rows stream through the judge; cells only rise, so that order, chunks and repetition change nothing. When the last row
of a batch has passed, criteria over several of them are settled, at the end the cells, the dispositions and the findings.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.batch_groups import BatchGroups
from regenqc.evaluation.closing import find_last_rows
from regenqc.evaluation.conclusion import Evaluation, RowSink, conclude
from regenqc.evaluation.families import Family, families_of, single_families
from regenqc.evaluation.judge import Judge
from regenqc.evaluation.kernel import load_compiled
from regenqc.evaluation.plan import Plan
from regenqc.evaluation.read_ahead import read_ahead
from regenqc.evaluation.terms import no_results, terms_of
from regenqc.evaluation.together import ResultsTogether
from regenqc.garbage import collection_paused
from regenqc.intake.batch_numbers import BatchNumbers, load_numbering
from regenqc.intake.dates import load_dates
from regenqc.intake.readers.text import trimmed
from regenqc.intake.revisions import find_superseding
from regenqc.intake.table import ResultTable, read_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from regenqc.intake.batches import BatchTable
    from regenqc.intake.coding import CodedRows, RowCoder
    from regenqc.intake.sources import Source
    from regenqc.specification.model import Specification

__all__ = ["CHUNK_ROWS", "Evaluation", "evaluate"]

CHUNK_ROWS = 262_144
_LARGE_INPUT_BYTES = 4_000_000


@collection_paused()
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
    if compiled is None and sum(source.byte_count for source in table.sources) >= _LARGE_INPUT_BYTES:
        # Loading compiled code takes as long as judging a million rows; it goes on while the first of them are read.
        Thread(target=_load_compiled, name="regenqc-kernel", daemon=True).start()
    # Revisions are looked for while batches are read and numbered and the specifications are compiled.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="regenqc-revisions") as reader:
        superseding = reader.submit(find_superseding, table, rows=chunk_rows)
        terms = terms_of(table.sources, specifications, batches=batches, stage=stage, as_of=as_of)
        batch_ids = BatchNumbers() if terms.batches is None else terms.batches.numbers()
        # Asked by whoever needs it first: of thousands of specifications before there is a plan.
        last_rows_of = cache(lambda: find_last_rows(table, batch_ids, rows=chunk_rows))
        families = _families(
            terms.specifications, terms.batches, table, rows=chunk_rows, batch_ids=batch_ids, last_rows_of=last_rows_of
        )
        plan = Plan(terms.specifications, families=families)
        groups = BatchGroups(plan, table=terms.batches, as_of=terms.moment)
        last_rows = last_rows_of() if plan.has_collected else None
    coder = terms.coder(plan, superseding=superseding.result(), batch_ids=batch_ids)
    judge = Judge(plan, groups, coder, compiled=compiled)
    together = ResultsTogether(judge, source=len(table.sources), on_rows=on_rows, last_rows=last_rows)
    _judge_sources(judge, table, together, chunk_rows=chunk_rows, on_rows=on_rows)
    if judge.rows_judged + judge.rows_refused == 0:
        raise no_results(table.sources)
    rows_computed = together.finish()
    # Nothing of this is needed any more, and what follows needs memory of its own.
    del together, last_rows, last_rows_of, superseding, reader
    return conclude(
        judge,
        moment=terms.moment,
        stage=terms.stage,
        sources=[source.name for source in table.sources],
        rows_computed=rows_computed,
    )


def _load_compiled() -> None:
    load_numbering()
    load_compiled()
    load_dates()


def _families(
    specifications: Sequence[Specification],
    listed: BatchTable | None,
    table: ResultTable,
    *,
    rows: int,
    batch_ids: BatchNumbers,
    last_rows_of: Callable[[], object | None],
) -> tuple[Family, ...]:
    """Return the specifications that are judged together, if every batch of the results is listed with its attributes."""
    if len(specifications) == 1 or listed is None:
        return single_families(specifications)
    families = families_of(specifications, is_stated=listed.is_stated)
    if len(families) < len(specifications):
        if last_rows_of() is not None:
            # The batches of all rows have been numbered behind those of the list.
            return families if len(batch_ids) == len(listed.texts) else single_families(specifications)
        # Asked once: a set of all listed batches is made for every call.
        words = [batch["batch_id"].dictionary for source in table.sources for batch in source.read(rows, ("batch_id",))]
        ids = pc.drop_null(trimmed(pa.chunked_array(words, type=pa.string()).unique()))
        if not pc.all(pc.or_(pc.is_in(ids, value_set=listed.texts), pc.equal(ids, ""))).as_py():
            return single_families(specifications)
    return families


def _judge_sources(
    judge: Judge, table: ResultTable, together: ResultsTogether, *, chunk_rows: int, on_rows: RowSink | None
) -> None:
    for index, source in enumerate(table.sources):
        for coded in read_ahead(_coded(judge.coder, source, chunk_rows)):
            judged = judge.judge_coded(coded, source=index)
            if on_rows is not None:
                on_rows(judged, index)
            together.settle_complete(judge.rows_judged + judge.rows_refused)


def _coded(coder: RowCoder, source: Source, chunk_rows: int) -> Iterator[CodedRows]:
    first_row = 1
    # Decoding goes on in one thread, coding in another, judging in this one.
    for batch in read_ahead(source.read(chunk_rows, None)):
        for start in range(0, batch.num_rows, chunk_rows):
            rows = batch.slice(start, chunk_rows)
            yield coder.code(rows, first_row=first_row)
            first_row += rows.num_rows
