"""The heat maps of the report, batches by requirements, and the requirements that most batches do not conform to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.evaluation.plan import STAGES
from regenqc.evaluation.visible_text import in_words, visible
from regenqc.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.cells import FinalColumn
    from regenqc.evaluation.conclusion import Evaluation
    from regenqc.evaluation.disposition_rows import DispositionIndex
    from regenqc.evaluation.matrix import VerdictMatrix
    from regenqc.specification.model import Specification

__all__ = ["Cause", "HeatMap", "maps_of", "pairs_of"]

_PENDING: Final = 5
_MARKS: Final = {int(verdict): verdict.word for verdict in Verdict} | {_PENDING: "pending"}
_NO_CELL: Final = "none"
_NAME_LENGTH: Final = 80
# Marks of cells that do not conform, worst first.
_OPEN: Final = [Verdict.FAILS, Verdict.INCONCLUSIVE, Verdict.MISSING, _PENDING, Verdict.ALERT]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Batches by requirements at one stage of one specification.

    Args:
        specification: identifier.
        stage: word.
        columns: title and identifier of the requirements.
        rows: batch, disposition, anchor of the batch in the page or nothing, and a mark for every column.
        total: batches, shown or not.
    """

    specification: str
    stage: str
    columns: list[tuple[str, str]]
    rows: list[tuple[str, str, str, list[str]]]
    total: int


@dataclass(frozen=True, slots=True)
class Cause:
    """A requirement, and how many batches do not conform to it.

    Args:
        name: of the requirement.
        specification: identifier.
        stage: word.
        counts: failing, inconclusive, missing, pending and alerting cells.
        open: all of them.
        batches: of the specification and stage.
    """

    name: str
    specification: str
    stage: str
    counts: list[int]
    open: int
    batches: int


@dataclass(slots=True)
class _Counted:
    """One requirement of one specification over all batches: its index there, and its cells by mark."""

    requirement: int
    by_mark: NDArray[np.int64]


# By specification and stage, both as indices, and requirement.
_Counts = dict[tuple[int, int], dict[str, _Counted]]


def pairs_of(index: DispositionIndex) -> list[tuple[int, str, str]]:
    """Return number, specification and stage of every pair that dispositions name, in the order of stages.

    Args:
        index: of all dispositions.
    """
    words = [entry.value for entry in STAGES]
    pairs = [(number, *pair) for number, pair in enumerate(index.pairs)]
    return sorted(pairs, key=lambda pair: (pair[1], words.index(pair[2]) if pair[2] in words else -1))


def maps_of(
    evaluation: Evaluation,
    groups_of_rows: NDArray[np.uint8],
    *,
    anchors: Mapping[tuple[str, str, str], str],
    most_rows: int,
    most_cells: int,
) -> tuple[list[HeatMap], list[Cause]]:
    """Return a heat map for every specification and stage, and the causes over all of them, the commonest first.

    Args:
        evaluation: of which to show.
        groups_of_rows: by disposition, which of them to show first: those with the lowest number.
        anchors: of the batches that the page lists, by batch, specification and stage.
        most_rows: rows of one map.
        most_cells: cells of all maps.
    """
    numbers = {specification.id: at for at, specification in enumerate(evaluation.specifications)}
    words = [stage.value for stage in STAGES]
    counts = _counts_of(evaluation.matrix)
    index = evaluation.disposition_index
    pairs = [pair for pair in pairs_of(index) if pair[1] in numbers]
    chosen: list[NDArray[np.int64]] = []
    totals: list[int] = []
    columns: list[dict[str, str]] = []
    causes: list[Cause] = []
    cells_left = most_cells
    for left, (pair, specification, stage) in zip(range(len(pairs), 0, -1), pairs, strict=True):
        number, is_own = numbers[specification], index.pair == pair
        total = int(np.count_nonzero(is_own))
        counted = counts.get((number, words.index(stage)), {})
        named = _columns(evaluation.specifications[number], counted)
        causes += _causes(specification, stage, total, named, counted)
        share = min(most_rows, cells_left // left // max(len(named), 1), total)
        chosen.append(_first_rows(is_own, groups_of_rows, share))
        columns.append(named)
        totals.append(total)
        cells_left -= share * len(named)
    rows = evaluation.dispositions_at(np.concatenate([np.empty(0, dtype=np.int64), *chosen]))
    shown = iter(rows.select(["batch_id", "spec_id", "stage", "disposition"]).to_pylist())
    listed = [[next(shown) for _ in at] for at in chosen]
    marks = _marks_of(evaluation.matrix, [row["batch_id"] for part in listed for row in part])
    maps = [
        HeatMap(
            specification,
            stage,
            [(visible(name, longest=_NAME_LENGTH), key) for key, name in named.items()],
            [_row(row, list(named), (numbers[specification], words.index(stage)), marks, anchors) for row in part],
            total,
        )
        for (_, specification, stage), named, part, total in zip(pairs, columns, listed, totals, strict=True)
    ]
    return maps, sorted(causes, key=lambda cause: tuple(-count for count in (cause.open, *cause.counts)))


def _first_rows(is_own: NDArray[np.bool_], groups_of_rows: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """Return the first rows of the lowest group, of the next one, and so on, until there are enough."""
    found = np.empty(0, dtype=np.int64)
    for group in range(int(groups_of_rows.max(initial=0)) + 1):
        if len(found) < count:
            rows = np.flatnonzero(is_own & (groups_of_rows == group))[: count - len(found)]
            found = np.concatenate([found, rows])
    return found


def _row(
    row: dict[str, Any],
    columns: Sequence[str],
    place: tuple[int, int],
    marks: Mapping[tuple[str, int, int, str], int],
    anchors: Mapping[tuple[str, str, str], str],
) -> tuple[str, str, str, list[str]]:
    batch_id = row["batch_id"]
    words = [_MARKS.get(marks.get((batch_id, *place, column), -1), _NO_CELL) for column in columns]
    return batch_id, row["disposition"], anchors.get((batch_id, row["spec_id"], row["stage"]), ""), words


def _columns(specification: Specification, counted: Mapping[str, _Counted]) -> dict[str, str]:
    """Return the requirement ids with their names, built-in ones first, then in the order of the specification."""
    ordered = sorted(((name, entry.requirement) for name, entry in counted.items()), key=lambda item: item[1])
    return {name: specification.requirements[at].name if at >= 0 else in_words(name) for name, at in ordered}


def _marks(column: FinalColumn) -> NDArray[np.uint8]:
    return np.where(column.pending, np.uint8(_PENDING), column.verdict)


def _counts_of(matrix: VerdictMatrix) -> _Counts:
    counts: _Counts = {}
    for part in matrix.parts():
        for cells, judged_by in zip(part.settled, part.judged_by, strict=True):
            specifications, place = np.unique(judged_by, return_inverse=True)
            by_specification = place * (_PENDING + 1)
            for column in cells.columns:
                codes = by_specification + _marks(column)
                found = np.bincount(codes, minlength=len(specifications) * (_PENDING + 1)).reshape(-1, _PENDING + 1)
                for number, by_mark in zip(specifications.tolist(), found, strict=True):
                    at_stage = counts.setdefault((number, column.stage), {})
                    known = at_stage.setdefault(
                        column.requirement_id, _Counted(column.requirement, np.zeros(_PENDING + 1, dtype=np.int64))
                    )
                    known.by_mark += by_mark
    return counts


def _causes(
    specification: str, stage: str, batches: int, columns: Mapping[str, str], counted: Mapping[str, _Counted]
) -> list[Cause]:
    """Return the requirements that some batch does not conform to, counted over all batches."""
    causes = []
    for key, name in columns.items():
        counts = counted[key].by_mark[_OPEN].tolist()
        if sum(counts):
            causes.append(Cause(name, specification, stage, counts, sum(counts), batches))
    return causes


def _marks_of(matrix: VerdictMatrix, batch_ids: Sequence[str]) -> dict[tuple[str, int, int, str], int]:
    """Return the marks of some batches by batch, index of the specification, index of the stage, and requirement."""
    found: dict[tuple[str, int, int, str], int] = {}
    for part in matrix.settlement.parts_with(matrix.are_named(batch_ids)):
        for cells, judged_by in zip(part.settled, part.judged_by, strict=True):
            names = matrix.batch_ids.take(cells.batches).to_pylist()
            for column in cells.columns:
                for name, number, mark in zip(names, judged_by.tolist(), _marks(column).tolist(), strict=True):
                    found[name, number, column.stage, column.requirement_id] = mark
    return found
