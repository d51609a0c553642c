"""Judge a table in partitions and finish it in ranges, as Spark's tasks do, without Spark."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from regenqc.evaluation.consequences import CONSEQUENCE_FILE
from regenqc.evaluation.disposition import DISPOSITION_SCHEMA
from regenqc.evaluation.findings import FINDING_COLUMNS
from regenqc.evaluation.investigations import INVESTIGATION_FILE
from regenqc.evaluation.matrix import VERDICT_COLUMNS
from regenqc.evaluation.terms import terms_of
from regenqc.intake.readers.text import as_text_codes
from regenqc.intake.revisions import find_superseding
from regenqc.intake.table import read_results
from regenqc.spark.chunks import Chunk
from regenqc.spark.partition import judge_partition
from regenqc.spark.ranges import finish_range
from regenqc.spark.states import PartialState, ranges_of
from regenqc.spark.task_context import Packed, context_of


def tables_of(evaluation):
    """Return dispositions, findings, verdicts, investigations and consequences of a local evaluation, as they are written."""
    return (
        pa.Table.from_batches(evaluation.disposition_batches(), DISPOSITION_SCHEMA),
        pa.Table.from_batches(evaluation.finding_batches(), FINDING_COLUMNS),
        plain(pa.Table.from_batches(evaluation.verdict_batches(), VERDICT_COLUMNS)),
        pa.Table.from_batches(evaluation.investigation_batches(), INVESTIGATION_FILE),
        pa.Table.from_batches(evaluation.consequence_batches(), CONSEQUENCE_FILE),
    )


def plain(table):
    """Return a table with every text written out, rows and columns in their order."""
    kinds = [entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type for entry in table.schema]
    return table.cast(pa.schema(list(zip(table.schema.names, kinds, strict=True)))).combine_chunks()


def judged_in_partitions(frame, specifications, partitions, *, bounds=(), batches=None, as_of, stage=None):
    """Return dispositions, findings and verdicts, and the counts of rows judged and refused.

    Args:
        frame: results.
        specifications: to judge by.
        partitions: lists of row positions, each a partition; a partition that stands twice is judged twice.
        bounds: first batch of every range but the first.
        batches: batch table.
        as_of: moment of evaluation.
        stage: the only stage wanted.
    """
    results = read_results(frame)
    terms = terms_of(results.sources, specifications, batches=batches, stage=stage, as_of=as_of)
    context = Packed.of(context_of(results, terms, superseding=find_superseding(results, rows=1000))).open()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    states, judged, refused, unattributed = {}, 0, 0, 0
    for number, positions in enumerate(partitions):
        rows = as_text_codes(table.take(pa.array(positions, type=pa.int64())))
        chunk = Chunk(rows, 0, 0, np.array(positions, dtype=np.int64) + 1)
        for batch in judge_partition(context, number, [chunk]):
            (row,) = batch.to_pylist()
            judged += row["rows_judged"] or 0
            refused += row["rows_refused"] or 0
            unattributed += row["rows_unattributed"] or 0
            if row["state"] is not None:
                for place, part in ranges_of(PartialState.unpacked(row["state"]), bounds):
                    states.setdefault(place, []).append(part)
    found = [
        tables_of(finish_range(context, place, bounds, states.get(place, []), unattributed=unattributed > 0)[1])
        for place in range(len(bounds) + 1)
    ]
    return tuple(pa.concat_tables(part) for part in zip(*found, strict=True)), judged, refused
