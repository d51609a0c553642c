"""Rows that an investigation concerns, or that failed before a revision: what they say if they count.

The first result is never forgotten. A row that would fail and has been invalidated, or superseded, does not decide about its
cell any more, but it stays visible in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from regenqc.evaluation.evidence import ANNEX_COLUMNS, INVESTIGATION_COLUMNS, NOT_JUDGED, joined_codes, texts_at
from regenqc.evaluation.judged_rows import raise_rows
from regenqc.evaluation.kernel import COLLECTED
from regenqc.evaluation.slots import COLLECTED_ONLY
from regenqc.intake.coding import Refusal, Standing
from regenqc.intake.invalidation import Lacking, in_words
from regenqc.intake.readers.text import trimmed, trimmed_at
from regenqc.measurement.reported import Form
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.evaluation.judge import Judge
    from regenqc.evaluation.judged_rows import Chunk

__all__ = ["record_investigated"]

# What an invalidation lacks first names its reason.
_REASONS: Final = {
    Lacking.INVESTIGATION: Reason.INVALIDATION_WITHOUT_INVESTIGATION,
    Lacking.CAUSE: Reason.INVALIDATION_WITHOUT_CAUSE,
    Lacking.SECOND_PERSON: Reason.INVALIDATION_WITHOUT_SECOND_PERSON,
}


def record_investigated(judge: Judge, chunk: Chunk) -> None:
    """Judge the rows of a chunk that an investigation concerns as if they counted, and record what they are.

    Recorded are rows that name an investigation, were to be invalidated, or are retests, and superseded rows that fail. An
    alert is raised where a failing row has been set aside, and where an invalidation takes no effect. Superseded rows that
    something would be computed from, or compared with, are recorded apart: whether that would fail is not known yet.

    Args:
        judge: of the run.
        chunk: rows as judged.
    """
    coded = chunk.judged.coded
    concerned = coded.standing >= Standing.SUPERSEDED
    named = coded.under_investigation
    if named is not None:
        concerned = concerned | named
    rows = np.flatnonzero(concerned & (coded.refusal == Refusal.NONE))
    if not len(rows):
        return
    row, slot = _entries(judge, chunk, rows)
    revised = judge.plan.is_input[slot] & (coded.standing[row] == Standing.SUPERSEDED)
    unjudged = np.full(np.count_nonzero(revised), NOT_JUDGED, dtype=np.uint8)
    judge.revised_inputs.append(_record(judge, chunk, row[revised], slot[revised], unjudged))
    row, slot = _once(judge, row, slot)
    requirement = judge.plan.requirement_of_slot[slot]
    verdict = np.full(len(row), NOT_JUDGED, dtype=np.uint8)
    single = np.flatnonzero((requirement != COLLECTED_ONLY) & (slot >= 0))
    counts = np.full(len(single), Standing.COUNTS, dtype=np.uint8)
    alone, reason, _ = judge.judge_alone(chunk, row[single], slot[single], standing=counts)
    verdict[single] = np.where(reason == COLLECTED, np.uint8(NOT_JUDGED), alone)
    failed = (verdict == Verdict.FAILS) & (requirement >= 0)
    kept = failed | (named[row] if named is not None else np.False_)
    row, slot, verdict, failed, requirement = (part[kept] for part in (row, slot, verdict, failed, requirement))
    _note_failures(judge, chunk, row[failed], slot[failed])
    if coded.lacking is not None:
        effective = (requirement >= 0) & (coded.standing[row] < Standing.SUPERSEDED)
        without = effective & (coded.lacking[row] > 0) & (coded.readings.form[coded.reading[row]] != Form.EMPTY)
        _note_lacking(judge, chunk, row[without], slot[without], coded.lacking[row[without]])
    judge.investigated.append(_record(judge, chunk, row, slot, verdict))


_AS_REPORTED: Final = frozenset({"result", "unit"})


def _record(
    judge: Judge, chunk: Chunk, row: NDArray[np.int64], slot: NDArray[np.int64], verdict: NDArray[np.uint8]
) -> list[NDArray[np.generic] | pa.Array]:
    """Return columns as in `INVESTIGATION_SCHEMA`."""
    coded = chunk.judged.coded
    return [
        coded.batch[row],
        slot,
        coded.line[row] // (len(judge.plan.tests) + 1),
        chunk.row_key + row,
        coded.standing[row],
        np.zeros(len(row), dtype=np.uint8) if coded.lacking is None else coded.lacking[row],
        coded.readings.form[coded.reading[row]] == Form.EMPTY,
        verdict,
        *(_texts(chunk, name, row) for name in INVESTIGATION_COLUMNS),
        coded.unit[row],
        judge.limits_below(coded, row).dictionary_decode(),
        joined_codes(coded.rows, ANNEX_COLUMNS, row).dictionary_decode(),
    ]


def _texts(chunk: Chunk, name: str, row: NDArray[np.integer]) -> pa.Array:
    rows = chunk.judged.coded.rows
    texts = texts_at(rows, name, row)
    return texts if name in _AS_REPORTED else trimmed(texts)


def _entries(judge: Judge, chunk: Chunk, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every row with every slot that judges or collects it, with -1 where nothing does."""
    coded, places = chunk.judged.coded, judge.places
    first_place = judge.groups.batch_at[3 * coded.batch[rows].astype(np.int64)].astype(np.int64)
    place = first_place + coded.line[rows]
    begin = places.begin[place].astype(np.int64)
    count = places.begin[place + 1].astype(np.int64) - begin
    row = np.repeat(rows, count)
    ends = np.cumsum(count)
    at = np.repeat(begin, count) + np.arange(len(row)) - np.repeat(ends - count, count)
    slot = places.slot_at[at].astype(np.int64)
    left = rows[count == 0]
    return np.concatenate([row, left]), np.concatenate([slot, np.full(len(left), -1, dtype=np.int64)])


def _once(judge: Judge, row: NDArray[np.int64], slot: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the entries without those that only collect a row that something else judges."""
    judged = judge.plan.requirement_of_slot[slot] != COLLECTED_ONLY
    is_judged = np.zeros(row.max(initial=-1) + 1, dtype=np.bool_)
    is_judged[row[judged]] = True
    own = judged | ~is_judged[row]
    return row[own], slot[own]


def _note_failures(judge: Judge, chunk: Chunk, row: NDArray[np.integer], slot: NDArray[np.integer]) -> None:
    """Keep failing results that have been set aside in sight."""
    coded = chunk.judged.coded
    standing = coded.standing[row]
    for mark, reason, names in (
        (
            Standing.INVALIDATED,
            Reason.FAILING_RESULT_INVALIDATED,
            ("investigation_id", "invalidated_by", "assignable_cause"),
        ),
        (Standing.SUPERSEDED, Reason.FAILING_RESULT_REVISED, ("result_id", "revision")),
    ):
        chosen = standing == mark
        if not chosen.any():
            continue
        rows, slots = row[chosen], slot[chosen]
        texts = zip(*(trimmed_at(coded.rows, name, rows) for name in names), strict=True)
        detail = pa.array([_said(mark, *text) for text in texts], type=pa.string())
        verdicts = np.full(len(rows), Verdict.ALERT, dtype=np.uint8)
        reasons = np.full(len(rows), reason, dtype=np.uint8)
        raise_rows(chunk.judged, rows, verdicts, reasons)
        judge.explain_rows(chunk, rows, slots, verdict=verdicts, reason=reasons, detail=detail)


def _said(mark: Standing, *texts: str) -> str:
    if mark is Standing.SUPERSEDED:
        result_id, revision = texts
        return f"result {result_id}, revision {revision or '0'}"
    investigation, approver, cause = texts
    return f"investigation {investigation}, invalidated by {approver}: {cause}"


def _note_lacking(
    judge: Judge, chunk: Chunk, row: NDArray[np.integer], slot: NDArray[np.integer], lacking: NDArray[np.uint8]
) -> None:
    """Say of results that were to be invalidated and count nevertheless what is missing."""
    reason_of = np.zeros(int(max(Lacking)) * 2, dtype=np.uint8)
    for code in range(1, len(reason_of)):
        reason_of[code] = next(_REASONS[entry] for entry in Lacking(code))
    reasons = reason_of[lacking]
    verdicts = np.full(len(row), Verdict.ALERT, dtype=np.uint8)
    detail = [f"without {in_words(code)}" for code in lacking.tolist()]
    raise_rows(chunk.judged, row, verdicts, reasons)
    judge.explain_rows(chunk, row, slot, verdict=verdicts, reason=reasons, detail=pa.array(detail, type=pa.string()))
