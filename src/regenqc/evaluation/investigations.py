"""The life of every investigation: its rows, what they say if they count, and why they do or do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.evidence import INVESTIGATION_COLUMNS, NOT_JUDGED, ROW_BITS
from regenqc.evaluation.plan import STAGES
from regenqc.intake.coding import Standing
from regenqc.intake.invalidation import in_words
from regenqc.intake.revisions import revision_number
from regenqc.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.plan import Plan

__all__ = ["INVESTIGATION_FILE", "investigation_batches", "story_of"]

INVESTIGATION_FILE: Final = pa.schema(
    [
        ("batch_id", pa.string()),
        ("stage", pa.string()),
        ("test", pa.string()),
        ("requirement_id", pa.string()),
        ("investigation_id", pa.string()),
        ("result_id", pa.string()),
        ("revision", pa.string()),
        ("retest_of", pa.string()),
        ("reported", pa.string()),
        ("unit", pa.string()),
        ("status", pa.string()),
        ("analyst", pa.string()),
        ("invalidated_by", pa.string()),
        ("assignable_cause", pa.string()),
        ("verdict_if_counted", pa.string()),
        ("counts", pa.string()),
        ("why", pa.string()),
        ("row_number", pa.int64()),
        ("source", pa.string()),
        ("spec_id", pa.string()),
    ]
)

_RENDERED_AT_ONCE: Final = 65_536
# In this order the rows of one requirement tell a story: investigation, first result before retests, revision by revision.
_STORY: Final = ("story", "is_retest", "result_id", "revision_number")
_STATES: Final = ("standing", "lacking", "is_empty", "is_unjudged", "verdict")


def investigation_batches(
    records: pa.Table,
    *,
    plan: Plan,
    groups: BatchGroups,
    rank: NDArray[np.int64],
    batch_ids: pa.StringArray,
    sources: Sequence[str],
    stage: int | None,
) -> Iterator[pa.RecordBatch]:
    """Yield what is known of investigations in order of batch, specification, stage, requirement and investigation.

    Rows that are equal in everything are one; the first of them stands for it.

    Args:
        records: see `regenqc.evaluation.evidence.INVESTIGATION_SCHEMA`.
        plan: slots of all specifications.
        groups: batches, and the specifications by which they were judged.
        rank: position of each batch code in the order of identifiers.
        batch_ids: identifier by batch code.
        sources: names of the sources.
        stage: the only stage wanted, `None` for all.
    """
    if stage is not None:
        records = records.filter(pc.equal(records["stage"], pa.scalar(stage, pa.int16())))
    table = _with_order(records, plan=plan, groups=groups, rank=rank)
    keys = [name for name in table.schema.names if name != "row"]
    grouped = table.group_by(keys, use_threads=False).aggregate([("row", "min")])
    first = ("rank", "specification", "stage", "position", *_STORY)
    order = [*first, *(name for name in keys if name not in first)]
    places = pc.sort_indices(grouped, sort_keys=[(name, "ascending") for name in order])
    for start in range(0, grouped.num_rows, _RENDERED_AT_ONCE):
        part = grouped.take(places.slice(start, _RENDERED_AT_ONCE)).combine_chunks()
        yield _render(part, plan=plan, batch_ids=batch_ids, sources=sources)


def story_of(
    places: Sequence[Hashable], investigations: Sequence[str], results: Sequence[str], retests_of: Sequence[str]
) -> list[str]:
    """Return the investigation to which each row belongs: its own, that of its result, or that of the result it retests.

    Args:
        places: of each row; results are known by their identity within one place.
        investigations: that the rows name, as are the next two; empty for none.
        results: identity.
        retests_of: identity of the first result.

    Example:
        >>> story_of([1, 1, 1], ["OOS-1", "", ""], ["R1", "R1", "R2"], ["", "", "R1"])
        ['OOS-1', 'OOS-1', 'OOS-1']
    """
    known: dict[tuple[Hashable, str], str] = {}
    for place, investigation, result in zip(places, investigations, results, strict=True):
        if investigation and result:
            known[place, result] = min(investigation, known.get((place, result), investigation))
    return [
        investigation or known.get((place, result), "") or known.get((place, first), "")
        for place, investigation, result, first in zip(places, investigations, results, retests_of, strict=True)
    ]


def _with_order(records: pa.Table, *, plan: Plan, groups: BatchGroups, rank: NDArray[np.int64]) -> pa.Table:
    batch, slot = records["batch"].to_numpy(), records["slot"].to_numpy()
    specification = np.full(len(slot), len(plan.judged_by), dtype=np.int32)
    judged = slot >= 0
    family = np.array([entry.specification for entry in plan.slots], dtype=np.int32)[slot[judged]]
    specification[judged] = groups.judged_by_each(family, batch[judged])
    requirement = plan.requirement_of_slot[slot]
    # A row that is judged twice under one requirement, as a result and as a control, is one row of its story.
    named = np.where(requirement >= 0, requirement + 1, 0)
    texts = {name: records[name].to_pylist() for name in ("investigation_id", "result_id", "retest_of", "revision")}
    places = zip(batch.tolist(), specification.tolist(), named.tolist(), strict=True)
    stories = story_of(list(places), *(texts[name] for name in ("investigation_id", "result_id", "retest_of")))
    revisions = [revision_number(text) for text in texts["revision"]]
    columns = {
        "story": pa.array(stories, type=pa.string()),
        "rank": pa.array(rank[batch]),
        "specification": pa.array(specification),
        "stage": records["stage"],
        "position": pa.array(named.astype(np.int32)),
        "is_retest": pc.not_equal(records["retest_of"], ""),
        "revision_number": pa.array([-1 if number is None else number for number in revisions], type=pa.int64()),
        **{name: records[name] for name in (*INVESTIGATION_COLUMNS, "standing", "lacking", "is_empty", "verdict")},
        "is_unjudged": pa.array(slot < 0),
        "batch": records["batch"],
        "row": records["row"],
    }
    return pa.table(columns)


def _render(part: pa.Table, *, plan: Plan, batch_ids: pa.StringArray, sources: Sequence[str]) -> pa.RecordBatch:
    states = np.stack([part[name].to_numpy(zero_copy_only=False).astype(np.int64) for name in _STATES], axis=1)
    kinds, inverse = np.unique(states, axis=0, return_inverse=True)
    words = [(_verdict(verdict), *_counts(*state)) for *state, verdict in kinds.tolist()]
    verdict, counts, why = (
        pa.array([word[at] for word in words], type=pa.string()).take(pa.array(inverse.reshape(-1))) for at in range(3)
    )
    specification, position = part["specification"].to_numpy(), part["position"].to_numpy()
    names = {
        (at, place): requirement.id
        for at, entry in enumerate(plan.judged_by)
        for place, requirement in enumerate(entry.requirements, start=1)
    }
    names |= {(at, 0): "result_record" for at in range(len(plan.judged_by))}
    requirements = [names.get(key, "") for key in zip(specification.tolist(), position.tolist(), strict=True)]
    spec_ids = pa.array([*(entry.id for entry in plan.judged_by), ""])
    row = part["row_min"].to_numpy()
    columns = {
        **{name: part[name].combine_chunks() for name in INVESTIGATION_COLUMNS},
        "batch_id": batch_ids.take(part["batch"].combine_chunks()),
        "stage": pa.array([entry.value for entry in STAGES]).take(part["stage"].combine_chunks()),
        "requirement_id": pa.array(requirements, type=pa.string()),
        "reported": part["result"].combine_chunks(),
        "verdict_if_counted": verdict,
        "counts": counts,
        "why": why,
        "row_number": pa.array(row & ((1 << ROW_BITS) - 1), mask=row < 0),
        "source": pa.array([*sources, ""], type=pa.string()).take(
            pa.array(np.where(row < 0, len(sources), row >> ROW_BITS))
        ),
        "spec_id": spec_ids.take(pa.array(specification)),
    }
    return pa.record_batch([columns[entry.name] for entry in INVESTIGATION_FILE], schema=INVESTIGATION_FILE)


def _verdict(verdict: int) -> str:
    return "" if verdict == NOT_JUDGED else Verdict(verdict).word


def _counts(standing: int, lacking: int, is_empty: int, is_unjudged: int) -> tuple[str, str]:
    """Return whether a row counts, and why.

    Example:
        >>> from regenqc.intake.invalidation import Lacking
        >>> _counts(Standing.COUNTS, Lacking.CAUSE, False, False)
        ('yes', 'its invalidation takes no effect without an assignable cause')
    """
    if is_unjudged:
        return "no", "no requirement of this run applies to it"
    if standing == Standing.SUPERSEDED:
        return "no", "a later revision counts in its place"
    if standing == Standing.INVALIDATED:
        return "no", "it was invalidated"
    if standing == Standing.CANCELLED:
        return "no", "it was cancelled" if is_empty else "it was cancelled although it has a result"
    if is_empty:
        return "no", "it is empty"
    if standing == Standing.UNVERIFIED:
        return "no", "it is not verified by the laboratory"
    if lacking:
        return "yes", f"its invalidation takes no effect without {in_words(lacking)}"
    return "yes", "it is preliminary" if standing == Standing.PRELIMINARY else ""
