"""What the latest evaluation says, where several were given: of each lot and stage its rows, of each specification its findings.

Laboratories export by month, or in-process results before those of release: an evaluation that has nothing of a stage takes nothing
of that stage away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from regenqc.decision.evaluation_files import EvaluationFiles

__all__ = ["latest_findings", "latest_results"]

_BETWEEN = "\x1f"


def latest_results(evaluations: Sequence[EvaluationFiles], batch_ids: Collection[str]) -> list[pa.Table]:
    """Return judged rows, each lot and stage from the latest evaluation that has rows of it; the latest evaluation first.

    Args:
        evaluations: in any order.
        batch_ids: lots whose rows are asked for.
    """
    taken: set[str] = set()
    found = []
    for files in sorted(evaluations, key=lambda each: each.moment, reverse=True):
        table = _with_stage(files.table_of_batches("results", batch_ids), files)
        keys = pc.binary_join_element_wise(table["batch_id"].cast(pa.string()), table["stage"], _BETWEEN)
        own = set(keys.unique().to_pylist())
        if own & taken:
            table = table.filter(pc.is_in(keys, value_set=pa.array(sorted(own - taken), pa.string())))
        taken |= own
        if table.num_rows:
            found.append(table)
    return found


def _with_stage(table: pa.Table, files: EvaluationFiles) -> pa.Table:
    """Return rows with their stage: those that state none are of the one at which the evaluation judged."""
    stages = {row["stage"] for row in files.rows("dispositions")} - {""}
    at = stages.pop() if len(stages) == 1 else ""
    if "stage" not in table.column_names:
        return table.append_column("stage", pa.array([at] * table.num_rows, pa.string()))
    stated = pc.fill_null(table["stage"].cast(pa.string()), "")
    place = table.column_names.index("stage")
    return table.set_column(place, "stage", pc.if_else(pc.equal(stated, ""), at, stated))


def latest_findings(evaluations: Sequence[EvaluationFiles], batch_ids: Collection[str]) -> list[dict[str, Any]]:
    """Return findings, of each lot, stage and specification from the latest evaluation that judged it.

    Args:
        evaluations: in any order.
        batch_ids: lots whose findings are asked for.
    """
    latest: dict[tuple[str, str, str], EvaluationFiles] = {}
    ordered = sorted(evaluations, key=lambda each: each.moment)
    for files in ordered:
        rows = files.table_of_batches("dispositions", batch_ids).select(["batch_id", "stage", "spec_id"]).to_pylist()
        latest |= {(row["batch_id"], row["stage"], row["spec_id"]): files for row in rows}
    return [
        row
        for files in ordered
        for row in files.table_of_batches("findings", batch_ids).to_pylist()
        if latest.get((row["batch_id"], row["stage"], row["spec_id"])) is files
    ]
