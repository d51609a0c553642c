"""Findings: every cell that does not conform, explained, in an order that no input order changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.batch_groups import Applies
from regenqc.evaluation.cells import BUILT_IN_REQUIREMENTS
from regenqc.evaluation.dates import NO_TIME, format_time
from regenqc.evaluation.evidence import ROW_BITS
from regenqc.evaluation.plan import STAGES
from regenqc.evaluation.sentences import say
from regenqc.evaluation.slots import COLLECTED_ONLY
from regenqc.vocabulary import Mark, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.plan import Plan
    from regenqc.evaluation.settlement import SettledPart

__all__ = ["FINDING_COLUMNS", "findings_of"]

FINDING_COLUMNS: Final = pa.schema(
    [
        ("batch_id", pa.string()),
        ("requirement_id", pa.string()),
        ("verdict", pa.string()),
        ("reason_code", pa.string()),
        ("test", pa.string()),
        ("reported", pa.string()),
        ("unit", pa.string()),
        ("limit", pa.string()),
        ("row_number", pa.int64()),
        ("source", pa.string()),
        ("explanation", pa.string()),
        ("spec_id", pa.string()),
        ("stage", pa.string()),
    ]
)

_LONGEST_QUOTED: Final = 120
_KNOWN: Final = {int(reason): reason.code for reason in Reason}
_REASON_CODES: Final = [_KNOWN.get(code, "") for code in range(256)]
_RENDERED_AT_ONCE: Final = 65_536
# Reasons that say of a row only that it is no evidence: worth a word where the cell stays empty because of it.
_NO_EVIDENCE: Final = np.array(
    [Reason.EMPTY_RESULT, Reason.INTERIM_WORD, Reason.INVALIDATED, Reason.CANCELLED, Reason.PRELIMINARY]
)

_KEYS: Final = ("rank", "specification", "stage", "position", "severity", "reason", "reported", "unit", "detail")


def findings_of(
    part: SettledPart,
    *,
    plan: Plan,
    groups: BatchGroups,
    rank: NDArray[np.int64],
    batch_ids: pa.StringArray,
    sources: Sequence[str],
    stage: int | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the findings about some batches in order of batch, specification, stage, requirement and severity.

    Args:
        part: settled cells of the batches.
        plan: slots of all specifications.
        groups: batches and their cells.
        rank: position of each batch code in the order of identifiers.
        batch_ids: identifier by batch code.
        sources: names of the sources.
        stage: the only stage wanted, `None` for all.
    """
    rows = _row_findings(part.findings, plan=plan, groups=groups, rank=rank, stage=stage)
    cells = list(_cell_findings(part, rank=rank, stage=stage))
    bare = part.uncovered
    if len(bare):
        reasons = np.full(len(bare), Reason.NO_SPECIFICATION, dtype=np.uint8)
        nowhere = len(STAGES) if stage is None else stage
        cells.append(
            _cells(bare, reasons, rank=rank, specification=np.full(len(bare), len(plan.judged_by)), stage=nowhere)
        )
    yield from _sorted(pa.concat_tables([rows, _without_rows(cells)]), plan=plan, batch_ids=batch_ids, sources=sources)


def _sorted(
    table: pa.Table, *, plan: Plan, batch_ids: pa.StringArray, sources: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    others = [name for name in table.schema.names if name not in (*_KEYS, "row")]
    keys = [(name, "ascending") for name in (*_KEYS, "slot", "unit_code", *others, "row")]
    order = pc.sort_indices(table, sort_keys=list(dict.fromkeys(keys))).to_numpy()
    # Equal findings of one cell, from rows that were reported twice, are one finding: the first row stands for them.
    order = order[~_is_repeated(table, order)]
    for start in range(0, len(order), _RENDERED_AT_ONCE):
        part = table.take(pa.array(order[start : start + _RENDERED_AT_ONCE])).combine_chunks()
        yield _render(part, plan=plan, batch_ids=batch_ids, sources=sources)


def _is_repeated(table: pa.Table, order: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return for each row in an order whether it says, but for the number of the row, what the one before it says."""
    repeated = np.ones(len(order), dtype=np.bool_)
    repeated[:1] = False
    for entry in table.schema:
        if entry.name != "row" and not pa.types.is_string(entry.type):
            values = table[entry.name].to_numpy()[order]
            repeated[1:] &= values[1:] == values[:-1]
    # Texts are compared where all the rest is equal, which is seldom.
    at = np.flatnonzero(repeated)
    for entry in table.schema:
        if pa.types.is_string(entry.type) and len(at):
            column = table[entry.name]
            is_equal = pc.equal(column.take(pa.array(order[at])), column.take(pa.array(order[at - 1])))
            repeated[at] &= is_equal.to_numpy()
    return repeated


_ROW_SCHEMA: Final = pa.schema(
    [
        ("rank", pa.int64()),
        ("specification", pa.int32()),
        ("stage", pa.int16()),
        ("position", pa.int32()),
        ("severity", pa.int8()),
        ("reason", pa.uint8()),
        ("reported", pa.string()),
        ("unit", pa.string()),
        ("detail", pa.string()),
        ("batch", pa.int32()),
        ("slot", pa.int32()),
        ("verdict", pa.uint8()),
        ("unit_code", pa.int16()),
        ("requirement", pa.int32()),
        ("capped", pa.bool_()),
        ("alone", pa.uint8()),
        ("triggers", pa.bool_()),
        ("due", pa.int64()),
        ("row", pa.int64()),
    ]
)


def _row_findings(
    raw: pa.Table,
    *,
    plan: Plan,
    groups: BatchGroups,
    rank: NDArray[np.int64],
    stage: int | None,
) -> pa.Table:
    batch = raw["batch"].to_numpy()
    slot = raw["slot"].to_numpy()
    verdict = raw["verdict"].to_numpy()
    requirement_of_slot = np.array([entry.requirement for entry in plan.slots], dtype=np.int32)
    stage_of_slot = np.array([entry.stage for entry in plan.slots], dtype=np.int16)
    specification_of_slot = np.array([entry.specification for entry in plan.slots], dtype=np.int32)
    settled = raw["settled"].to_numpy()
    reason = raw["reason"].to_numpy()
    keep = settled != Verdict.CONFORMS
    no_evidence = verdict == Verdict.MISSING
    # Why a control is missing is worth a word as well.
    is_open = (settled == Verdict.MISSING) | (plan.is_control[slot] & (settled == Verdict.INCONCLUSIVE))
    keep &= ~no_evidence | (is_open & (requirement_of_slot[slot] != COLLECTED_ONLY) & np.isin(reason, _NO_EVIDENCE))
    # A failing result that was invalidated is explained as such, and not once more as no evidence.
    said = raw["row"].to_numpy()[reason == Reason.FAILING_RESULT_INVALIDATED]
    keep &= (reason != Reason.INVALIDATED) | ~np.isin(raw["row"].to_numpy(), said)
    # A single result outside has to be acknowledged where the average conforms, and only there.
    keep &= (reason != Reason.INDIVIDUAL_RESULT_OUTSIDE) | (settled == Verdict.ALERT)
    if stage is not None:
        keep &= stage_of_slot[slot] == stage
    kept = np.flatnonzero(keep)
    part = raw.take(pa.array(kept))
    batch, slot, verdict, settled = batch[kept], slot[kept], verdict[kept], settled[kept]
    milder = (settled == Verdict.INCONCLUSIVE) & ((verdict == Verdict.FAILS) | (verdict == Verdict.ALERT))
    capped = milder & _capping(plan, groups)[groups.group_of_batch[batch], slot]
    # An alert beside an open question stays an alert; a failed part of an undecided whole is no failure of the batch.
    undecided = capped | (milder & (verdict == Verdict.FAILS))
    shown = np.where(undecided, np.uint8(Verdict.INCONCLUSIVE), verdict).astype(np.uint8)
    requirement = requirement_of_slot[slot]
    triggers = (shown == Verdict.FAILS) & (settled == Verdict.FAILS)
    return pa.table(
        [
            pa.array(rank[batch]),
            pa.array(groups.judged_by_each(specification_of_slot[slot], batch).astype(np.int32)),
            pa.array(stage_of_slot[slot]),
            pa.array(np.where(requirement < 0, 7, requirement + 10).astype(np.int32)),
            pa.array(-shown.astype(np.int8)),
            part["reason"],
            part["reported"],
            part["unit"],
            pc.fill_null(part["detail"], ""),
            pa.array(batch),
            pa.array(slot),
            pa.array(shown),
            part["unit_code"],
            pa.array(requirement),
            pa.array(capped),
            pa.array(np.zeros(len(kept), dtype=np.uint8)),
            pa.array(triggers),
            pa.nulls(len(kept), pa.int64()).fill_null(NO_TIME),
            part["row"],
        ],
        schema=_ROW_SCHEMA,
    )


def _capping(plan: Plan, groups: BatchGroups) -> NDArray[np.bool_]:
    """Return for each group and slot whether its requirement can decide nothing: unverified, or perhaps not applying."""
    capping = np.zeros((len(groups.groups), len(plan.slots)), dtype=np.bool_)
    for number, group in enumerate(groups.groups):
        for position, index in enumerate(group.specifications):
            requirements = plan.specifications[index].requirements
            for requirement, slots in plan.slots_of[index].items():
                if requirement >= 0:
                    unsure = group.applies[position][requirement] is Applies.UNKNOWN
                    capping[number, slots] = unsure or requirements[requirement].mark is Mark.UNVERIFIED
    return capping


def _cell_findings(
    part: SettledPart, *, rank: NDArray[np.int64], stage: int | None
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the findings that no row explains."""
    for cells, judged_by in zip(part.settled, part.judged_by, strict=True):
        if stage is not None and cells.requirements_at[stage] == 0:
            reasons = np.full(len(cells.batches), Reason.NO_REQUIREMENT_AT_STAGE, dtype=np.uint8)
            yield _cells(cells.batches, reasons, rank=rank, specification=judged_by, stage=stage)
        for column in cells.columns:
            rows = np.flatnonzero(column.reason)
            if not len(rows) or (stage is not None and column.stage != stage):
                continue
            built_in = column.requirement < 0
            place = BUILT_IN_REQUIREMENTS.index(column.requirement_id) + 7 if built_in else column.requirement + 10
            yield _cells(
                cells.batches[rows],
                column.reason[rows],
                rank=rank,
                specification=judged_by[rows],
                stage=column.stage,
                place=place,
                verdict=column.verdict[rows],
                requirement=column.requirement,
                alone=column.alone[rows],
                due=column.due[rows],
            )


_NO_PLACE: Final = 6


def _cells(
    batches: NDArray[np.int64],
    reason: NDArray[np.uint8],
    *,
    rank: NDArray[np.int64],
    specification: NDArray[np.int64],
    stage: int,
    place: int = _NO_PLACE,
    verdict: NDArray[np.uint8] | None = None,
    requirement: int = -1,
    alone: NDArray[np.uint8] | None = None,
    due: NDArray[np.int64] | None = None,
) -> dict[str, NDArray[Any]]:
    """Return findings that no row explains: the columns of `_ROW_SCHEMA` that are no text."""
    count = len(batches)
    verdict = np.full(count, Verdict.INCONCLUSIVE, dtype=np.uint8) if verdict is None else verdict
    return {
        "rank": rank[batches],
        "specification": specification,
        "stage": np.full(count, stage),
        "position": np.full(count, place),
        "severity": -verdict.astype(np.int8),
        "reason": reason,
        "batch": batches,
        "slot": np.full(count, -1),
        "verdict": verdict,
        "unit_code": np.zeros(count),
        "requirement": np.full(count, requirement),
        "capped": np.zeros(count, dtype=np.bool_),
        "alone": np.zeros(count) if alone is None else alone,
        "triggers": verdict == Verdict.FAILS,
        "due": np.full(count, NO_TIME) if due is None else due,
        "row": np.full(count, -1),
    }


def _without_rows(parts: Sequence[dict[str, NDArray[Any]]]) -> pa.Table:
    """Return the findings of several `_cells` as one table."""
    if not parts:
        return _ROW_SCHEMA.empty_table()
    count = sum(len(part["row"]) for part in parts)
    columns = [
        pa.repeat("", count)
        if pa.types.is_string(entry.type)
        else pa.array(np.concatenate([part[entry.name] for part in parts]).astype(entry.type.to_pandas_dtype()))
        for entry in _ROW_SCHEMA
    ]
    return pa.table(columns, schema=_ROW_SCHEMA)


def _render(part: pa.Table, *, plan: Plan, batch_ids: pa.StringArray, sources: Sequence[str]) -> pa.RecordBatch:
    said = say(part, plan=plan)
    slot = part["slot"].to_numpy()
    reported, unit = part["reported"].combine_chunks(), part["unit"].combine_chunks()
    explanation = pc.binary_join_element_wise(
        said.before, _quoted(reported, unit, slot), *said.after, _detail(part, slot), ".", ""
    )
    row = part["row"].to_numpy()
    has_row = row >= 0
    names = pa.array([*sources, "(computed)"], type=pa.string())
    source_codes = np.where(has_row, row >> ROW_BITS, 0)
    # A computed row stands in no file; its place among other computed rows would tell of other batches.
    is_numbered = has_row & (source_codes < len(sources))
    verdicts = pa.array([verdict.word for verdict in Verdict])
    reasons = pa.array(_REASON_CODES)
    specifications = pa.array([*(specification.id for specification in plan.judged_by), ""])
    stages = pa.array([*(stage.value for stage in STAGES), ""])
    return pa.record_batch(
        [
            batch_ids.take(part["batch"].combine_chunks()),
            said.requirement_id,
            verdicts.take(part["verdict"].combine_chunks()),
            reasons.take(part["reason"].combine_chunks()),
            said.test,
            reported,
            unit,
            said.limit,
            pa.array(row & ((1 << ROW_BITS) - 1), mask=~is_numbered),
            pc.if_else(pa.array(has_row), names.take(pa.array(source_codes)), ""),
            explanation,
            specifications.take(part["specification"].combine_chunks()),
            stages.take(part["stage"].combine_chunks()),
        ],
        schema=FINDING_COLUMNS,
    )


def _quoted(reported: pa.Array, unit: pa.Array, slot: NDArray[np.int32]) -> pa.Array:
    """Return the reported text as the sentence quotes it, with its unit; nothing for a cell without row."""
    short = pc.if_else(
        pc.greater(pc.utf8_length(reported), _LONGEST_QUOTED),
        pc.binary_join_element_wise(pc.utf8_slice_codeunits(reported, 0, _LONGEST_QUOTED), "…", ""),
        reported,
    )
    with_unit = pc.if_else(pc.equal(unit, ""), short, pc.binary_join_element_wise(short, unit, " "))
    quoted = pc.binary_join_element_wise("“", with_unit, "”", "")
    shown = pc.if_else(pc.equal(reported, ""), "nothing", quoted)
    return pc.if_else(pa.array(slot >= 0), shown, "")


def _detail(part: pa.Table, slot: NDArray[np.int32]) -> pa.Array:
    """Return what varies by batch: a due date, or what was found instead."""
    detail = part["detail"].combine_chunks()
    due = part["due"].to_numpy()
    moments, inverse = np.unique(due, return_inverse=True)
    texts = [f" {format_time(moment)}" if moment != NO_TIME else "" for moment in moments.tolist()]
    dates = pa.array(texts, type=pa.string()).take(pa.array(inverse.reshape(-1)))
    found = pc.if_else(pc.equal(detail, ""), "", pc.binary_join_element_wise(" (", detail, ")", ""))
    return pc.if_else(pa.array(slot >= 0), found, dates)
