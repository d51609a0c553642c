"""What a change of a specification would have done to history: the batches whose disposition changes, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.changed_part import cells_of_new, changed_part
from regenqc.evaluation.disposition import DISPOSITIONS, severities_of
from regenqc.evaluation.engine import evaluate
from regenqc.evaluation.plan import STAGES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from regenqc.evaluation.changed_part import ChangedPart
    from regenqc.evaluation.engine import Evaluation
    from regenqc.evaluation.matrix import VerdictMatrix
    from regenqc.specification.model import Requirement, Specification

__all__ = ["NOT_JUDGED", "ChangedBatch", "Impact", "assess_impact"]

NOT_JUDGED: Final = "not judged"


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
    part = changed_part(old, new)
    judged = (replace(old, id=names[0]), replace(new if part is None else part.specification, id=names[1]))
    evaluation = evaluate(results, judged, batches=batches, as_of=as_of)
    if part is None:
        compared, differing = _side_by_side(evaluation, names)
        concerned = None
    else:
        compared, differing = _by_changed_part(evaluation.matrix, old, new, part)
        concerned = part.anew | {"specification_validity"}
    ids = evaluation.matrix.batch_ids
    codes = pc.index_in(pa.array(sorted({batch for batch, *_ in differing}), type=pa.string()), value_set=ids)
    reasons = _reasons(evaluation, codes.to_numpy()) if differing else {}
    changed = tuple(
        ChangedBatch(
            batch_id=batch,
            stage=stage,
            before=before,
            after=after,
            because=_because(reasons, batch, stage, names, concerned=concerned)
            or _by_consequence(reasons.get((batch, stage, names[0]), {}), old, new),
        )
        for batch, stage, before, after in sorted(differing)
    )
    return Impact(old=old, new=new, judged=compared, changed=changed)


# Batch, stage, and the dispositions by both versions.
_Differing = list[tuple[str, str, str, str]]


def _by_changed_part(
    matrix: VerdictMatrix, old: Specification, new: Specification, part: ChangedPart
) -> tuple[int, _Differing]:
    """Return how many dispositions were compared, and those that differ."""
    words = [*(word.value for word in DISPOSITIONS), NOT_JUDGED]
    compared, differing = 0, []
    # Both versions speak about the same batches, so that every group has cells by the old one and by the changed part.
    for by_old, by_part in zip(matrix.settled[::2], matrix.settled[1::2], strict=True):
        by_new = cells_of_new(by_old, by_part, new=new, changed=part)
        before, after = dict(severities_of(by_old, old.stages)), dict(severities_of(by_new, new.stages))
        nowhere = np.full(len(by_old.batches), -1, dtype=np.int8)
        for at in before.keys() | after.keys():
            pair = before.get(at, nowhere), after.get(at, nowhere)
            compared += int(np.count_nonzero((pair[0] >= 0) | (pair[1] >= 0)))
            rows = np.flatnonzero(pair[0] != pair[1])
            names = matrix.batch_ids.take(pa.array(by_old.batches[rows])).to_pylist()
            differing += [
                (name, STAGES[at].value, words[first], words[second])
                for name, first, second in zip(names, pair[0][rows].tolist(), pair[1][rows].tolist(), strict=True)
            ]
    return compared, differing


def _side_by_side(evaluation: Evaluation, names: tuple[str, str]) -> tuple[int, _Differing]:
    """Return how many dispositions were compared, and those that differ, where both versions were judged whole."""
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
        both = both.set_column(both.column_names.index(when), when, pc.fill_null(both[when], NOT_JUDGED))
    differs = both.filter(pc.not_equal(both["before"], both["after"]))
    return both.num_rows, [(row["batch_id"], row["stage"], row["before"], row["after"]) for row in differs.to_pylist()]


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _reasons(evaluation: Evaluation, batches: NDArray[np.int64]) -> Mapping[tuple[str, str, str], dict[str, str]]:
    """Return the worst state of every open cell of some batches: (batch, stage, specification) -> requirement -> state."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for part in evaluation.finding_batches(only=batches):
        for row in part.select(
            ["batch_id", "stage", "spec_id", "requirement_id", "verdict", "reason_code"]
        ).to_pylist():
            cells = found.setdefault((row["batch_id"], row["stage"], row["spec_id"]), {})
            cells.setdefault(row["requirement_id"], f"{row['verdict']} ({row['reason_code']})")
    return found


def _because(
    reasons: Mapping[tuple[str, str, str], dict[str, str]],
    batch: str,
    stage: str,
    names: tuple[str, str],
    *,
    concerned: Collection[str] | None,
) -> tuple[tuple[str, str, str], ...]:
    before, after = (reasons.get((batch, stage, name), {}) for name in names)
    return tuple(
        (requirement, before.get(requirement, "no finding"), after.get(requirement, "no finding"))
        for requirement in dict.fromkeys((*after, *before))
        if (concerned is None or requirement in concerned) and before.get(requirement) != after.get(requirement)
    )


def _by_consequence(
    states: Mapping[str, str], old: Specification, new: Specification
) -> tuple[tuple[str, str, str], ...]:
    """Return the open requirements of a batch that have the same state by both versions and another consequence."""
    after = {requirement.id: _consequence(requirement) for requirement in new.requirements}
    pairs = [
        (requirement.id, states[requirement.id], _consequence(requirement), after.get(requirement.id, ""))
        for requirement in old.requirements
        if requirement.id in states
    ]
    return tuple(
        (name, f"{state}, {first}", f"{state}, {second}") for name, state, first, second in pairs if first != second
    )


def _consequence(requirement: Requirement) -> str:
    """Return in words what an open or failing cell of a requirement means for its batch."""
    due = f" within {requirement.due}" if requirement.due else ""
    return f"on_fail {requirement.consequence.value}, {requirement.timing.value}{due}"
