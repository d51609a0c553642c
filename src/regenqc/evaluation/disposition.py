"""Dispositions: what the settled cells of a stage allow for a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.dates import NO_TIME, format_time
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.evaluation.plan import STAGES
from regenqc.vocabulary import Disposition, OnFail, Stage, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.cells import FinalColumn, SettledCells
    from regenqc.specification.model import Specification

__all__ = [
    "DISPOSITIONS",
    "DISPOSITION_CODES",
    "DISPOSITION_SCHEMA",
    "count_batches",
    "dispositions_of",
    "judged_batches",
    "no_specification",
    "severities_of",
]

_WORDS: Final = pa.dictionary(pa.int32(), pa.string())

# As written to files; in memory the columns that repeat themselves are dictionary coded.
DISPOSITION_SCHEMA: Final = pa.schema(
    [
        ("batch_id", pa.string()),
        ("spec_id", pa.string()),
        ("spec_version", pa.string()),
        ("spec_fingerprint", pa.string()),
        ("stage", pa.string()),
        ("disposition", pa.string()),
        ("fails", pa.int32()),
        ("inconclusive", pa.int32()),
        ("missing", pa.int32()),
        ("pending", pa.int32()),
        ("alerts", pa.int32()),
        ("reasons", pa.string()),
        ("pending_until", pa.string()),
        ("evaluated_at", pa.string()),
    ]
)

DISPOSITION_CODES: Final = pa.schema(
    [
        (entry.name, _WORDS if entry.type == pa.string() and entry.name != "batch_id" else entry.type)
        for entry in DISPOSITION_SCHEMA
    ]
)

DISPOSITIONS: Final = (Disposition.ELIGIBLE, Disposition.CONDITIONAL, Disposition.HOLD, Disposition.REJECT)
_PENDING_MARK: Final = 9


def _left_by(consequence: OnFail) -> NDArray[np.uint8]:
    """Return the disposition that a cell leaves to its batch, by verdict, and 8 more for a pending one."""
    left = np.zeros(16, dtype=np.uint8)
    left[[Verdict.INCONCLUSIVE, Verdict.MISSING, Verdict.INCONCLUSIVE + 8]] = 2
    left[[Verdict.FAILS, Verdict.FAILS + 8]] = {OnFail.REJECT: 3, OnFail.HOLD: 2, OnFail.REPORT: 0}[consequence]
    left[[verdict + 8 for verdict in (Verdict.MISSING, Verdict.CONFORMS, Verdict.ALERT)]] = 1
    return left


_LEFT_BY: Final = {consequence: _left_by(consequence) for consequence in OnFail}
_CONFORMING: Final = np.array([Verdict.CONFORMS])
# Sixteen states take four bits.
_STATES_OF_A_WORD: Final = 15
_SAID: Final = (
    (int(Verdict.FAILS), "fails"),
    (int(Verdict.INCONCLUSIVE), "inconclusive"),
    (int(Verdict.MISSING), "missing"),
    (_PENDING_MARK, "pending"),
    (int(Verdict.ALERT), "alert"),
)


def dispositions_of(
    settled: SettledCells,
    *,
    specifications: Sequence[Specification],
    judged_by: NDArray[np.int64],
    batch_ids: pa.StringArray,
    stage: int | None,
    evaluated_at: str,
) -> list[tuple[int, NDArray[np.int64], pa.RecordBatch]]:
    """Return the dispositions of one group under one specification, or under specifications of one form.

    Args:
        settled: its cells.
        specifications: all of the run.
        judged_by: index of the specification by which each batch was judged.
        batch_ids: identifier by batch code.
        stage: index of the only stage wanted, `None` for every stage that has requirements or results.
        evaluated_at: moment of evaluation as text.

    Returns:
        For each stage its index, the batch codes and the rows in the order of `settled.batches`.
    """
    parts = []
    distinct, chosen = np.unique(judged_by, return_inverse=True)
    names = [(entry.id, entry.version, entry.fingerprint) for entry in (specifications[at] for at in distinct.tolist())]
    stages = specifications[int(distinct[0])].stages
    for index, columns, rows in _judged(settled, stages, stage=stage):
        batches = settled.batches[rows]
        table = _rows(columns, rows, requirements=settled.requirements_at[index])
        count = len(rows)
        parts.append(
            (
                index,
                batches,
                pa.record_batch(
                    [
                        batch_ids.take(pa.array(batches)),
                        *(_coded(list(texts), chosen[rows]) for texts in zip(*names, strict=True)),
                        _constant(STAGES[index].value, count),
                        *table,
                        _constant(evaluated_at, count),
                    ],
                    schema=DISPOSITION_CODES,
                ),
            )
        )
    return parts


def judged_batches(settled: SettledCells, *, stages: Sequence[Stage], stage: int | None) -> Iterator[NDArray[np.int64]]:
    """Yield for every stage at which batches of a group are judged their codes.

    Args:
        settled: cells of one group under one specification.
        stages: of that specification.
        stage: index of the only stage wanted, `None` for every stage that has requirements or results.
    """
    for _, _, rows in _judged(settled, stages, stage=stage):
        yield settled.batches[rows]


def severities_of(settled: SettledCells, stages: Sequence[Stage]) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """Yield for every stage at which a batch is judged its index and the disposition of each batch.

    Args:
        settled: cells of one group under one specification.
        stages: of that specification.

    Returns:
        Dispositions as positions in `DISPOSITIONS`, in the order of `settled.batches`; -1 for a batch that is not judged at
        the stage.
    """
    for index, columns, rows in _judged(settled, stages, stage=None):
        found = np.full(len(settled.batches), -1, dtype=np.int8)
        patterns = _Patterns(columns, rows)
        found[rows] = _severity(columns, patterns, requirements=settled.requirements_at[index])[patterns.of_row]
        yield index, found


def _judged(
    settled: SettledCells, stages: Sequence[Stage], *, stage: int | None
) -> Iterator[tuple[int, list[FinalColumn], NDArray[np.int64]]]:
    """Yield the stages at which batches are judged, with the columns there and the batches as rows of `settled`."""
    for index in [stage] if stage is not None else range(len(STAGES)):
        columns = [column for column in settled.columns if column.stage == index]
        rows = np.arange(len(settled.batches))
        if settled.requirements_at[index] == 0 and stage is None:
            if STAGES[index] not in stages:
                # Rows at a stage that the specification does not speak about hold their batches, and theirs only.
                seen = [
                    column.verdict > Verdict.CONFORMS for column in columns if column.requirement_id == "result_record"
                ]
                rows = np.flatnonzero(seen[0]) if seen else rows[:0]
            if not len(rows):
                continue
        yield index, columns, rows


def no_specification(batch_ids: pa.StringArray, *, stage: str, evaluated_at: str) -> pa.RecordBatch:
    """Return `hold` for batches that no specification speaks about."""
    count = len(batch_ids)
    texts = ("", "", "", stage, Disposition.HOLD.value)
    numbers = (0, 1, 0, 0, 0)
    return pa.record_batch(
        [
            batch_ids,
            *(_constant(text, count) for text in texts),
            *(pa.repeat(pa.scalar(number, pa.int32()), count) for number in numbers),
            _constant("inconclusive: no_specification", count),
            _constant("", count),
            _constant(evaluated_at, count),
        ],
        schema=DISPOSITION_CODES,
    )


def count_batches(dispositions: pa.Table) -> int:
    """Return how many batches have dispositions; a hash table over millions would take more memory than the table.

    Args:
        dispositions: sorted by batch.

    Example:
        >>> count_batches(pa.table({"batch_id": ["B1", "B1", "B2"]})), count_batches(DISPOSITION_SCHEMA.empty_table())
        (2, 0)
    """
    batch_ids = dispositions["batch_id"]
    changes = pc.not_equal(batch_ids.slice(1), batch_ids.slice(0, max(len(batch_ids) - 1, 0)))
    return min(len(batch_ids), 1) + int(pc.sum(changes).as_py() or 0)


class _Patterns:
    """The distinct combinations of open cells among batches: most batches conform in everything, the others show few.

    Args:
        columns: cells of one stage.
        rows: batches as positions in the columns.

    Attributes:
        states: (patterns, columns) verdicts, and 8 more for a pending one.
        of_row: pattern of every batch.
    """

    def __init__(self, columns: Sequence[FinalColumn], rows: NDArray[np.int64]) -> None:
        codes = [_states(column, rows) for column in columns]
        # A batch without cells is like every other one.
        parts = [codes[at : at + _STATES_OF_A_WORD] for at in range(0, len(codes), _STATES_OF_A_WORD)]
        packed = [np.zeros(len(rows), dtype=np.int64)] if not parts else [_packed(part) for part in parts]
        is_plain = np.ones(len(rows), dtype=np.bool_)
        for word, part in zip(packed, parts, strict=False):
            is_plain &= word == _packed([_CONFORMING] * len(part))
        others = np.flatnonzero(~is_plain)
        found = distinct_combinations(*(word[others] for word in packed))
        self.of_row = np.zeros(len(rows), dtype=np.int32)
        self.of_row[others] = found.of_row + 1
        states = np.full((len(found.first) + 1, len(columns)), Verdict.CONFORMS, dtype=np.uint8)
        for position, code in enumerate(codes):
            states[1:, position] = code[others[found.first]]
        self.states = states


def _states(column: FinalColumn, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    is_whole = len(rows) == len(column.verdict)
    verdict, pending = (column.verdict, column.pending) if is_whole else (column.verdict[rows], column.pending[rows])
    if not pending.any():
        return verdict
    return np.where(pending, verdict | np.uint8(8), verdict).astype(np.uint8)


def _packed(codes: Sequence[NDArray[np.integer[Any]]]) -> NDArray[np.int64]:
    word = codes[0].astype(np.int64)
    for code in codes[1:]:
        word <<= 4
        word |= code
    return word


def _severity(columns: Sequence[FinalColumn], patterns: _Patterns, *, requirements: int) -> NDArray[np.uint8]:
    """Return the disposition of every pattern as a position in `DISPOSITIONS`: the worst that one of its cells leaves."""
    severity = np.full(len(patterns.states), 0 if requirements else 2, dtype=np.uint8)
    for position, column in enumerate(columns):
        np.maximum(severity, _LEFT_BY[column.consequence][patterns.states[:, position]], out=severity)
    return severity


def _rows(columns: Sequence[FinalColumn], rows: NDArray[np.int64], *, requirements: int) -> list[pa.Array]:
    patterns = _Patterns(columns, rows)
    marks = np.where(patterns.states >= 8, np.uint8(_PENDING_MARK), patterns.states)
    severity = _severity(columns, patterns, requirements=requirements)
    totals = [(marks == mark).sum(axis=1).astype(np.int32) for mark, _ in _SAID]
    latest = np.full(len(rows), NO_TIME, dtype=np.int64)
    for column in columns:
        if column.pending.any():
            np.maximum(latest, np.where(column.pending[rows], column.due[rows], NO_TIME), out=latest)
    words = pa.array([disposition.value for disposition in DISPOSITIONS])
    texts = [_said(columns, pattern, requirements=requirements) for pattern in marks]
    return [
        pa.DictionaryArray.from_arrays(pa.array(severity.astype(np.int32)[patterns.of_row]), words),
        *(pa.array(total[patterns.of_row]) for total in totals),
        _coded(texts, patterns.of_row),
        _until(latest),
    ]


def _said(columns: Sequence[FinalColumn], pattern: NDArray[np.uint8], *, requirements: int) -> str:
    named: dict[int, list[str]] = {mark: [] for mark, _ in _SAID}
    for column, mark in zip(columns, pattern.tolist(), strict=True):
        if mark in named:
            named[mark].append(column.requirement_id)
    said = [f"{word}: " + ", ".join(named[mark]) for mark, word in _SAID if named[mark]]
    if requirements == 0:
        said.insert(0, "inconclusive: no_requirement_at_stage")
    return "; ".join(said)


def _until(latest: NDArray[np.int64]) -> pa.Array:
    moments, inverse = np.unique(latest, return_inverse=True)
    texts = ["" if moment == NO_TIME else format_time(moment) for moment in moments.tolist()]
    return _coded(texts, inverse.reshape(-1))


def _coded(words: list[str], codes: NDArray[np.integer]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words, type=pa.string()))


def _constant(text: str, count: int) -> pa.DictionaryArray:
    return _coded([text], np.zeros(count, dtype=np.int32))
