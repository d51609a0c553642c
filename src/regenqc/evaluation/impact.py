"""What a change of a specification would have done to history: the batches whose disposition changes, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.engine import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from regenqc.evaluation.engine import Evaluation
    from regenqc.specification.model import Specification

__all__ = ["ChangedBatch", "Impact", "assess_impact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedBatch:
    """One batch whose disposition at one stage changes.

    Args:
        batch_id: the batch.
        stage: where it is judged.
        before, after: dispositions; `not judged` where a version does not speak about the batch at the stage.
        because: requirements whose state differs, with their state and reason before and after.
    """

    batch_id: str
    stage: str
    before: str
    after: str
    because: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The outcome of judging one history by two versions.

    Args:
        judged: dispositions that were compared: batches times stages.
        changed: sorted by batch and stage.
    """

    old: Specification
    new: Specification
    judged: int
    changed: tuple[ChangedBatch, ...]


def assess_impact(
    results: Any,
    old: Specification,
    new: Specification,
    *,
    batches: Any = None,
    as_of: str | datetime | None = None,
) -> Impact:
    """Judge history by two versions in one pass over the data, and list every batch whose disposition changes.

    Args:
        results: as for `evaluate`.
        old: the version in force.
        new: the version that is to replace it.
        batches: as for `evaluate`.
        as_of: moment of evaluation, the same for both.

    Raises:
        UsageError, DataError: as for `evaluate`.

    Example:
        >>> import pandas
        >>> from dataclasses import replace
        >>> from regenqc.specification import parse_specification
        >>> text = '''
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
        ... '''
        >>> old, new = parse_specification(text), parse_specification(text.replace('"70"', '"80"'))
        >>> history = pandas.DataFrame({"batch_id": ["B1", "B2"], "test": "viability", "result": ["75", "90"], "unit": "%"})
        >>> [(batch.batch_id, batch.before, batch.after) for batch in assess_impact(history, old, new).changed]
        [('B1', 'eligible', 'reject')]
    """
    # Two versions share an identifier, and outputs are told apart by it.
    names = (f"{old.id}@old", f"{new.id}@new")
    evaluation = evaluate(results, [replace(old, id=names[0]), replace(new, id=names[1])], batches=batches, as_of=as_of)
    table = _side_by_side(evaluation, names)
    differs = table.filter(pc.not_equal(table["before"], table["after"]))
    reasons = _reasons(evaluation, pc.unique(differs["batch_id"])) if differs.num_rows else {}
    changed = tuple(
        ChangedBatch(
            batch_id=row["batch_id"],
            stage=row["stage"],
            before=row["before"],
            after=row["after"],
            because=_because(reasons, row["batch_id"], row["stage"], names),
        )
        for row in differs.sort_by([("batch_id", "ascending"), ("stage", "ascending")]).to_pylist()
    )
    return Impact(old=old, new=new, judged=table.num_rows, changed=changed)


def _side_by_side(evaluation: Evaluation, names: tuple[str, str]) -> pa.Table:
    """Return batch, stage, and the disposition by either version."""
    columns = ("batch_id", "spec_id", "stage", "disposition")
    table = evaluation.disposition_table.select(columns)
    table = pa.table({name: _text(table[name]) for name in columns})
    parts = [
        table.filter(pc.equal(table["spec_id"], name))
        .drop_columns("spec_id")
        .rename_columns(["batch_id", "stage", when])
        for name, when in zip(names, ("before", "after"), strict=True)
    ]
    both = parts[0].join(parts[1], keys=["batch_id", "stage"], join_type="full outer")
    for when in ("before", "after"):
        both = both.set_column(both.column_names.index(when), when, pc.fill_null(both[when], "not judged"))
    return both


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _reasons(evaluation: Evaluation, batches: pa.Array) -> Mapping[tuple[str, str, str], dict[str, str]]:
    """Return the worst state of every open cell of some batches: (batch, stage, specification) -> requirement -> state."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for part in evaluation.finding_batches():
        kept = part.filter(pc.is_in(_plain(part["batch_id"]), value_set=batches))
        for row in kept.select(
            ["batch_id", "stage", "spec_id", "requirement_id", "verdict", "reason_code"]
        ).to_pylist():
            cells = found.setdefault((row["batch_id"], row["stage"], row["spec_id"]), {})
            cells.setdefault(row["requirement_id"], f"{row['verdict']} ({row['reason_code']})")
    return found


def _plain(column: pa.Array) -> pa.Array:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _because(
    reasons: Mapping[tuple[str, str, str], dict[str, str]], batch: str, stage: str, names: tuple[str, str]
) -> tuple[tuple[str, str, str], ...]:
    before, after = (reasons.get((batch, stage, name), {}) for name in names)
    listed = dict.fromkeys((*after, *before))
    return tuple(
        (requirement, before.get(requirement, "no finding"), after.get(requirement, "no finding"))
        for requirement in listed
        if before.get(requirement) != after.get(requirement)
    )
