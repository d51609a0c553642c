"""Read results for trends: numbers with their batch, test, stage, unit and time, and every row that has no place in a trend.

Every row is either charted or set aside with a reason; the two add up to the rows read. Nothing is guessed: a result without
a moment of testing, or with a date that lacks its zone, has no place in an order of time and is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.dates import NO_TIME, parse_time
from regenqc.evaluation.read_ahead import read_ahead
from regenqc.intake.coding import UNKNOWN_UNIT, CodedRows, RowCoder, Standing
from regenqc.intake.dates import DateKind, date_kinds
from regenqc.intake.readers.text import trimmed
from regenqc.intake.reading import NEVER_NEGATIVE, NO_WORD
from regenqc.intake.revisions import find_superseding
from regenqc.measurement.reported import Form
from regenqc.trends.faults import not_a_choice, stage_missing
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.intake.sources import Source
    from regenqc.intake.table import ResultTable

__all__ = ["ROW_FACTORS", "SET_ASIDE_COLUMNS", "Aside", "History", "read_history"]

CHUNK_ROWS: Final = 262_144
# Columns of a row that say where and how it was measured; carried columns that name a lot of a material join them.
ROW_FACTORS: Final = ("laboratory", "instrument_id", "analyst", "method", "site", "manufacturing_site")
_LOT_COLUMNS: Final = ("reagent_lot", "raw_material_lot")


class Aside(IntEnum):
    """Why a row is not charted; the lower-case name is the word in `set_aside.csv`."""

    CHARTED = 0
    REFUSED = 1
    SUPERSEDED = 2
    INVALIDATED = 3
    CANCELLED = 4
    UNVERIFIED = 5
    PRELIMINARY = 6
    OTHER_STAGE = 7
    EMPTY = 8
    WORD = 9
    UNREADABLE = 10
    UNKNOWN_UNIT = 11
    WITHOUT_TIME = 12
    TIME_WITHOUT_ZONE = 13


# What everybody expects to find in an export, and is counted only; the other reasons are listed row by row.
_COUNTED_ONLY: Final = (Aside.CHARTED, Aside.WORD, Aside.OTHER_STAGE)
_TEXTS: Final = ("batch_id", "test", "result", "unit", "tested_at")
SET_ASIDE_COLUMNS: Final = pa.schema(
    [
        ("source", pa.string()),
        ("row_number", pa.int64()),
        ("reason", pa.string()),
        *((name, pa.string()) for name in _TEXTS),
    ]
)
_STANDINGS: Final = {
    Standing.SUPERSEDED: Aside.SUPERSEDED,
    Standing.INVALIDATED: Aside.INVALIDATED,
    Standing.CANCELLED: Aside.CANCELLED,
    Standing.UNVERIFIED: Aside.UNVERIFIED,
    Standing.PRELIMINARY: Aside.PRELIMINARY,
}


@dataclass(slots=True)
class _Numbering:
    """Distinct texts in the order in which they were met."""

    codes: dict[str, int] = field(default_factory=dict)

    def of(self, column: pa.DictionaryArray) -> NDArray[np.int64]:
        """Return the code of every row of a column."""
        words = trimmed(column.dictionary).to_pylist()
        table = [self.codes.setdefault(word, len(self.codes)) for word in words]
        indices: NDArray[np.int32] = column.indices.to_numpy(zero_copy_only=False)
        return np.array(table or [0], dtype=np.int64)[indices]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Charted rows, one entry each in every array, and the count of all others.

    Args:
        batch: index into `batch_ids`.
        test: index into `tests`.
        stage: position of the stage in `Stage`.
        unit: index in `UNITS`.
        lowest: the least that the result may be; of a number, the number.
        highest: the most.
        tested: seconds since 1970 UTC.
        factors: by column, the code of each row, 0 for one that states nothing; and the words by code.
        words: results in words by code of the test and position of the stage; they are in no chart.
        counts: rows by `Aside`.
        set_aside: rows that somebody may want to correct, one by one, in `SET_ASIDE_COLUMNS`: those of tests that have a
            series; karyotypes and the like are counted only.
        sources: names of the files.
    """

    batch_ids: list[str]
    tests: list[str]
    batch: NDArray[np.int64]
    test: NDArray[np.int64]
    stage: NDArray[np.int64]
    unit: NDArray[np.int64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    tested: NDArray[np.int64]
    factors: dict[str, tuple[NDArray[np.int64], list[str]]]
    words: dict[tuple[int, int], int]
    counts: dict[Aside, int]
    set_aside: pa.Table
    sources: tuple[str, ...]

    @property
    def rows_read(self) -> int:
        """Return the number of rows of the input."""
        return sum(self.counts.values())


def read_history(table: ResultTable, *, stage: str | None = None, chunk_rows: int = CHUNK_ROWS) -> History:
    """Read results into arrays.

    Args:
        table: the results.
        stage: chart this stage only; rows that state none are of it.
        chunk_rows: rows to hold in memory at a time.

    Raises:
        UsageError: an unknown stage, or results without a stage and none named.
        DataError: a file is broken.

    Example:
        >>> from regenqc.intake import read_results
        >>> results = read_results(pa.table({"batch_id": ["B1", "B2"], "test": ["ph", "ph"], "result": ["7.2", "ND"],
        ...     "unit": ["pH", "pH"], "tested_at": ["2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z"]}))
        >>> history = read_history(results, stage="drug_product_release")
        >>> history.lowest.tolist(), {reason.name: count for reason, count in history.counts.items() if count}
        ([7.2], {'CHARTED': 1, 'WORD': 1})
    """
    stages = tuple(entry.value for entry in Stage)
    if stage is not None and stage not in stages:
        raise not_a_choice("stage", got=stage, choices=stages)
    lacking = [source.name for source in table.sources if "stage" not in source.columns]
    if stage is None and lacking:
        raise stage_missing(where=", ".join(lacking))
    reader = _Reader(table, stage=None if stage is None else Stage(stage), rows=chunk_rows)
    for source in table.sources:
        reader.read(source)
    return reader.history(tuple(source.name for source in table.sources))


class _Reader:
    """Arrays that grow by one chunk after the other."""

    def __init__(self, table: ResultTable, *, stage: Stage | None, rows: int) -> None:
        self._rows = rows
        self._stage = None if stage is None else list(Stage).index(stage)
        # Without tests to tell apart, the line of a coded row is its stage.
        self._coder = RowCoder(tests=(), default_stage=stage, superseding=find_superseding(table, rows=rows))
        self._tests = _Numbering()
        lots = [name for name in table.columns if name.startswith(_LOT_COLUMNS)]
        self._factors = {name: _Numbering({"": 0}) for name in (*ROW_FACTORS, *lots) if name in table.columns}
        self._chunks: list[dict[str, NDArray[Any]]] = []
        self._counts = np.zeros(len(Aside), dtype=np.int64)
        self._words: dict[tuple[int, int], int] = {}
        self._set_aside: list[tuple[pa.RecordBatch, NDArray[np.int64]]] = []
        self._times: tuple[pa.Array, NDArray[np.int64], NDArray[np.uint8]] | None = None

    def read(self, source: Source) -> None:
        first_row = 1
        # All columns, as for an evaluation: a row that one of them refuses is refused here as well.
        for batch in read_ahead(source.read(self._rows, None)):
            for start in range(0, batch.num_rows, self._rows):
                rows = batch.slice(start, self._rows)
                self._add(self._coder.code(rows, first_row=first_row), source=source.name)
                first_row += rows.num_rows

    def _add(self, coded: CodedRows, *, source: str) -> None:
        reason, tested = self._reasons(coded)
        self._counts += np.bincount(reason, minlength=len(Aside))
        test = self._tests.of(coded.rows["test"])
        listed = np.flatnonzero(~np.isin(reason, _COUNTED_ONLY))
        self._set_aside.append((_listed(coded, listed, reason, source=source), test[listed]))
        in_words = np.flatnonzero(reason == Aside.WORD)
        pairs, times = np.unique(np.stack([test[in_words], coded.line[in_words]]), axis=1, return_counts=True)
        for pair, count in zip(pairs.T.tolist(), times.tolist(), strict=True):
            self._words[pair[0], pair[1]] = self._words.get((pair[0], pair[1]), 0) + count
        kept = np.flatnonzero(reason == Aside.CHARTED)
        form, number = coded.readings.form[coded.reading[kept]], coded.readings.number[coded.reading[kept]]
        unit = coded.unit[kept].astype(np.int64)
        is_less = (form == Form.LESS) | (form == Form.LESS_OR_EQUAL)
        is_more = (form == Form.GREATER) | (form == Form.GREATER_OR_EQUAL)
        self._chunks.append(
            {
                "batch": coded.batch[kept].astype(np.int64),
                "test": test[kept],
                "stage": coded.line[kept].astype(np.int64),
                "unit": unit,
                "lowest": np.where(is_less, np.where(NEVER_NEGATIVE[unit], 0.0, -np.inf), number),
                "highest": np.where(is_more, np.inf, number),
                "tested": tested[kept],
            }
            | {
                f"factor {name}": (
                    numbering.of(coded.rows[name])[kept]
                    if name in coded.rows.schema.names
                    else np.zeros(len(kept), dtype=np.int64)
                )
                for name, numbering in self._factors.items()
            }
        )

    def _reasons(self, coded: CodedRows) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return why each row is set aside, the first reason that applies, and the moments of testing."""
        reason = np.zeros(coded.rows.num_rows, dtype=np.uint8)

        def because(mask: NDArray[np.bool_], word: Aside) -> None:
            reason[mask & (reason == Aside.CHARTED)] = word

        because(coded.refusal != 0, Aside.REFUSED)
        if self._stage is not None:
            because(coded.line != self._stage, Aside.OTHER_STAGE)
        for standing, word in _STANDINGS.items():
            because(coded.standing == standing, word)
        form = coded.readings.form[coded.reading]
        because(form == Form.EMPTY, Aside.EMPTY)
        # A word such as `ND` with a declared limit reads as less than that limit, and keeps its word.
        because((form == Form.WORD) & (coded.readings.word[coded.reading] != NO_WORD), Aside.WORD)
        because(form == Form.UNREADABLE, Aside.UNREADABLE)
        because(coded.unit == UNKNOWN_UNIT, Aside.UNKNOWN_UNIT)
        tested, kind = self._moments(coded.rows)
        because(kind == DateKind.WITHOUT_ZONE, Aside.TIME_WITHOUT_ZONE)
        because(tested == NO_TIME, Aside.WITHOUT_TIME)
        return reason, tested

    def _moments(self, rows: pa.RecordBatch) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        if "tested_at" not in rows.schema.names:
            return np.full(rows.num_rows, NO_TIME, dtype=np.int64), np.zeros(rows.num_rows, dtype=np.uint8)
        column: pa.DictionaryArray = rows["tested_at"]
        if self._times is None or self._times[0] is not column.dictionary:
            self._times = (column.dictionary, *_moments_of(trimmed(column.dictionary)))
        indices: NDArray[np.int32] = column.indices.to_numpy(zero_copy_only=False)
        return self._times[1][indices], self._times[2][indices]

    def history(self, sources: tuple[str, ...]) -> History:
        names = self._chunks[0]
        whole = {name: np.concatenate([chunk[name] for chunk in self._chunks]) for name in names}
        factors = {
            name: (whole.pop(f"factor {name}"), list(numbering.codes)) for name, numbering in self._factors.items()
        }
        # A row that cannot even be attributed may belong to any test.
        charted = np.unique(np.append(whole["test"], self._tests.codes.get("", -1)))
        rows = [batch.filter(pa.array(np.isin(test, charted))) for batch, test in self._set_aside]
        return History(
            batch_ids=list(self._coder.batch_ids),
            tests=list(self._tests.codes),
            factors=factors,
            words=self._words,
            counts={reason: int(self._counts[reason]) for reason in Aside},
            set_aside=pa.Table.from_batches(rows, schema=SET_ASIDE_COLUMNS),
            sources=sources,
            **whole,
        )


def _moments_of(texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return seconds since 1970 of distinct texts, and the kind of each date."""
    stated = pc.if_else(pc.equal(texts, ""), None, texts)
    try:
        # With a zone asked for, Arrow refuses the whole column for one text without; that column goes the slow way.
        moments = pc.fill_null(stated.cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()), NO_TIME)
        return moments.to_numpy(zero_copy_only=False), np.zeros(len(texts), dtype=np.uint8)
    except pa.ArrowInvalid:
        kinds = date_kinds(texts)
        read = [
            parse_time(text) if text and kind == DateKind.ZONED_OR_EMPTY else None
            for text, kind in zip(texts.to_pylist(), kinds.tolist(), strict=True)
        ]
        return np.array([NO_TIME if moment is None else moment for moment in read], dtype=np.int64), kinds


def _listed(coded: CodedRows, at: NDArray[np.intp], reason: NDArray[np.uint8], *, source: str) -> pa.RecordBatch:
    rows = coded.rows.take(pa.array(at))
    none = pa.array([""] * len(at), type=pa.string())
    words = [word.name.lower() for word in Aside]
    columns = [
        pa.array([source] * len(at), type=pa.string()),
        pa.array(coded.first_row + at, type=pa.int64()),
        pa.array([words[code] for code in reason[at].tolist()], type=pa.string()),
        *(rows[name].cast(pa.string()) if name in rows.schema.names else none for name in _TEXTS),
    ]
    return pa.record_batch(columns, schema=SET_ASIDE_COLUMNS)
