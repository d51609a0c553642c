"""What a change of a specification would have done to history: the batches whose disposition changes, and why."""

from __future__ import annotations

import itertools
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.changed_part import cells_of_new, changed_part
from regenqc.evaluation.clean_cuts import find_clean_cuts
from regenqc.evaluation.dates import parse_as_of
from regenqc.evaluation.disposition import DISPOSITIONS, severities_of
from regenqc.evaluation.engine import CHUNK_ROWS, evaluate
from regenqc.evaluation.kernel import load_compiled
from regenqc.evaluation.plan import STAGES
from regenqc.intake.batches import read_batches
from regenqc.intake.files import check_unchanged
from regenqc.intake.parts import can_be_parted, rows_between
from regenqc.intake.table import ResultTable, read_results
from regenqc.specification.attributes import attributes_used

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from regenqc.evaluation.changed_part import ChangedPart
    from regenqc.evaluation.engine import Evaluation
    from regenqc.evaluation.matrix import VerdictMatrix
    from regenqc.specification.model import Requirement, Specification

__all__ = ["NOT_JUDGED", "ChangedBatch", "Impact", "assess_impact"]

NOT_JUDGED: Final = "not judged"
# Starting a process and loading the kernel in it takes as long as judging two million results.
_WORTH_PROCESSES_BYTES: Final = 48_000_000


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
    processes: int = 1,
) -> Impact:
    """Judge history by two versions in one pass over the data, and list every batch whose disposition changes.

    What the new version asks alike is judged once.

    Args:
        results: as for `evaluate`.
        old: the version in force.
        new: the version that is to replace it.
        batches: as for `evaluate`.
        as_of: moment of evaluation, the same for both.
        processes: at most so many judge a part of a large history each, where it is in Parquet files and can be cut such that
            no batch lies on both sides. More than one needs a program that can be imported without running it.

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
    table = results if isinstance(results, ResultTable) else read_results(results)
    moment = parse_as_of(as_of)
    if processes < 2 or not _is_worth_processes(table, batches):
        return _assess(table, old, new, batches=batches, moment=moment)
    before = [Path(source.name).stat() for source in table.sources]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        # They start, and load the kernel, while this one looks where to cut.
        started = [pool.submit(load_compiled) for _ in range(processes)]
        tasks = _tasks(table, old, new, batches=batches, moment=moment, processes=processes)
        found = [_assess(table, old, new, batches=batches, moment=moment)] if not tasks else []
        found += pool.map(_assess_part, tasks)
        for each in started:
            each.result()
    for source, then in zip(table.sources, before, strict=True):
        check_unchanged(Path(source.name), then)
    changed = sorted(
        (each for impact in found for each in impact.changed), key=lambda each: (each.batch_id, each.stage)
    )
    return Impact(old=old, new=new, judged=sum(impact.judged for impact in found), changed=tuple(changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of a history for another process: its rows, and the batches of the table that are judged with them.

    Args:
        batch_ids: that the rows of this part name.
        elsewhere: that the rows of the other parts name; `None` where the batches without rows are judged elsewhere.
    """

    results: ResultTable
    old: Specification
    new: Specification
    batches: str | None
    moment: datetime
    batch_ids: pa.StringArray
    elsewhere: pa.StringArray | None


def _is_worth_processes(table: ResultTable, batches: Any) -> bool:
    """Return whether a history is large, and in files of which every process can read its part."""
    is_large = sum(source.byte_count for source in table.sources) >= _WORTH_PROCESSES_BYTES
    return is_large and can_be_parted(table) and isinstance(batches, (str, Path, type(None)))


def _tasks(
    table: ResultTable, old: Specification, new: Specification, *, batches: Any, moment: datetime, processes: int
) -> list[_Part]:
    """Return the parts that are judged in processes of their own; none where there is no clean cut."""
    cuts = find_clean_cuts(table, parts=processes, rows=CHUNK_ROWS)
    if cuts is None:
        return []
    return [
        _Part(
            results=rows_between(table, first, end, counts=cuts.counts),
            old=old,
            new=new,
            batches=None if batches is None else str(batches),
            moment=moment,
            batch_ids=cuts.batch_ids[at],
            elsewhere=None if at else pa.concat_arrays(cuts.batch_ids[1:]),
        )
        for at, (first, end) in enumerate(itertools.pairwise(cuts.edges))
    ]


def _assess_part(part: _Part) -> Impact:
    listed = None
    if part.batches is not None:
        whole = read_batches(part.batches, only=attributes_used([part.old, part.new]))
        ids = whole.texts
        if part.elsewhere is None:
            mine = pc.is_in(ids, value_set=part.batch_ids)
        else:
            mine = pc.invert(pc.is_in(ids, value_set=part.elsewhere))
        listed = whole.part(np.flatnonzero(mine.to_numpy(zero_copy_only=False)))
    return _assess(part.results, part.old, part.new, batches=listed, moment=part.moment)


def _assess(table: ResultTable, old: Specification, new: Specification, *, batches: Any, moment: datetime) -> Impact:
    # Two versions share an identifier, and outputs are told apart by it.
    names = (f"{old.id}@old", f"{new.id}@new")
    part = changed_part(old, new)
    judged = (replace(old, id=names[0]), replace(new if part is None else part.specification, id=names[1]))
    evaluation = evaluate(table, judged, batches=batches, as_of=moment)
    if part is None:
        compared, differing = _side_by_side(evaluation, names)
        concerned = None
    else:
        compared, differing = _by_changed_part(evaluation.matrix, old, new, part)
        concerned = part.anew | {"specification_validity"}
    reasons = _reasons(evaluation, sorted({batch for batch, *_ in differing})) if differing else {}
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
    pairs = (
        pair
        for settled in (each.settled for each in matrix.parts())
        for pair in zip(settled[::2], settled[1::2], strict=True)
    )
    for by_old, by_part in pairs:
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


def _reasons(evaluation: Evaluation, batches: Sequence[str]) -> Mapping[tuple[str, str, str], dict[str, str]]:
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
