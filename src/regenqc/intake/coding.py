"""Code rows of reported text as small integers, so that the kernel never sees a string.

Each distinct spelling in a column is looked at once; rows are looked up. What a row cannot be coded without (batch,
test, stage, status, revision, unambiguous dates) refuses the row: it is counted, kept and written out, never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.intake.contracts import MAXIMUM_CELL_CHARACTERS
from regenqc.intake.reading import Readings, read_texts
from regenqc.intake.revisions import Superseding, revision_number
from regenqc.measurement.reported import WORDS, Form, NumberLocale, read_reported
from regenqc.measurement.units import UNITS, find_unit, unit_code
from regenqc.vocabulary import Stage, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["UNKNOWN_UNIT", "CodedRows", "Refusal", "RowCoder", "Standing"]

UNKNOWN_UNIT: Final = len(UNITS)
_PERCENT: Final = unit_code("%")
_STAGES: Final = {stage.value: code for code, stage in enumerate(Stage)}
_NOT_DETECTED: Final = WORDS.index("not detected")
_BELOW_QUANTITATION: Final = WORDS.index("below quantitation limit")

# A date of the calendar in ISO 8601; a zone is required with a time of day and missed without one.
_DATE: Final = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?)?"
_ZONED: Final = _DATE + r"(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)$"
_UNZONED: Final = _DATE + r"$"


class Refusal(IntEnum):
    """Why a row cannot be judged at all; the lower-case name is the code in `refused.csv`."""

    NONE = 0
    BLANK_ROW = 1
    ROW_WITHOUT_BATCH = 2
    ROW_WITHOUT_TEST = 3
    UNKNOWN_STAGE = 4
    UNKNOWN_STATUS = 5
    AMBIGUOUS_DATE = 6
    UNREADABLE_REVISION = 7
    OVERSIZED_CELL = 8


class Standing(IntEnum):
    """Whether a row counts as evidence."""

    COUNTS = 0
    PRELIMINARY = 1
    UNVERIFIED = 2
    CANCELLED = 3
    SUPERSEDED = 4
    INVALIDATED = 5


@dataclass(frozen=True, slots=True)
class CodedRows:
    """Rows of one chunk as codes; all arrays have one entry per row unless said otherwise.

    Args:
        rows: the reported text, dictionary coded, every column of the source.
        first_row: number of the first row in its source, from 1.
        batch: code of the batch, -1 for a row without batch.
        line: stage code × number of tests + test code; test code 0 is a test that no specification names.
        reading: index into `readings`.
        unit: index in `UNITS`; `UNKNOWN_UNIT` for a text that is in no dictionary or contradicts the result's own.
        standing: `Standing`.
        refusal: `Refusal`.
        without_zone: whether a date of the row has no zone.
    """

    rows: pa.RecordBatch
    first_row: int
    batch: NDArray[np.int32]
    line: NDArray[np.int32]
    reading: NDArray[np.int32]
    readings: Readings
    unit: NDArray[np.int16]
    standing: NDArray[np.uint8]
    refusal: NDArray[np.uint8]
    without_zone: NDArray[np.bool_] | None

    def text(self, column: str, row: int) -> str:
        """Return one reported text, empty when the column is absent."""
        if column not in self.rows.schema.names:
            return ""
        return str(self.rows[column][row].as_py())


class RowCoder:
    """Code chunk after chunk with one numbering of batches and tests.

    Args:
        tests: test codes that specifications name; test code `i + 1` is `tests[i]`.
        default_stage: stage of a row that states none; without it such a row is refused.
        superseding: highest revision of every revised result.
        number_locale: declared decimal and thousands marks.
    """

    def __init__(
        self,
        *,
        tests: Sequence[str],
        default_stage: Stage | None,
        superseding: Superseding,
        number_locale: NumberLocale | None = None,
    ) -> None:
        self.batch_ids: list[str] = []
        self._batch_codes: dict[str, int] = {}
        self._test_codes = {test: code for code, test in enumerate(tests, start=1)}
        # No laboratory can report a test that only the engine itself computes; their codes carry an `@`.
        self._reported_codes = {test: code for test, code in self._test_codes.items() if "@" not in test}
        self._test_count = len(tests) + 1
        self._default_stage = None if default_stage is None else _STAGES[default_stage.value]
        self._superseding = superseding
        self._superseded_ids = {result_id for _, _, result_id in superseding}
        self._number_locale = number_locale or NumberLocale()
        self._last: dict[str, tuple[pa.Array, object]] = {}

    def batch_code(self, batch_id: str) -> int:
        """Return the code of a batch, numbering it if it is new."""
        code = self._batch_codes.setdefault(batch_id, len(self.batch_ids))
        if code == len(self.batch_ids):
            self.batch_ids.append(batch_id)
        return code

    def code(self, rows: pa.RecordBatch, *, first_row: int, computed: bool = False) -> CodedRows:
        """Return the codes of one chunk.

        Args:
            rows: dictionary-coded text as the readers give it.
            first_row: number of its first row in its source, from 1.
            computed: whether the engine computed the rows itself.
        """
        count = rows.num_rows
        refusal = np.zeros(count, dtype=np.uint8)

        def refuse(mask: NDArray[np.bool_], reason: Refusal) -> None:
            refusal[mask & (refusal == Refusal.NONE)] = reason

        batch = self._look_up(rows, "batch_id", self._batch_or_none, np.int32)
        codes = self._test_codes if computed else self._reported_codes
        test = self._look_up(rows, "test", lambda text: codes.get(text.strip(), 0) if text.strip() else -1, np.int32)
        self._refuse_unattributed(rows, batch, refusal)
        for name in rows.schema.names:
            long = self._once(rows[name], f"{name} length", _too_long)
            if long is not None:
                refuse(long[_indices(rows[name])], Refusal.OVERSIZED_CELL)
        refuse(test < 0, Refusal.ROW_WITHOUT_TEST)
        stage = self._stages(rows)
        refuse(stage < 0, Refusal.UNKNOWN_STAGE)
        standing = self._standings(rows, refuse)
        without_zone = self._dates(rows, refuse)
        readings, reading = self._readings(rows)
        unit = self._look_up(rows, "unit", _unit_or_unknown, np.int16)
        if readings.percent.any():
            percent = readings.percent[reading]
            unit = np.where(percent, np.where((unit == 0) | (unit == _PERCENT), _PERCENT, UNKNOWN_UNIT), unit).astype(
                np.int16
            )
        line = np.maximum(stage, 0) * np.int32(self._test_count) + np.maximum(test, 0)
        return CodedRows(
            rows, first_row, batch, line.astype(np.int32), reading, readings, unit, standing, refusal, without_zone
        )

    # ---- columns -------------------------------------------------------------------------------------------------

    def _once(self, column: pa.DictionaryArray, purpose: str, work: Callable[[pa.Array], object]) -> object:
        """Do work on a dictionary once, however many slices share it."""
        dictionary = column.dictionary
        held = self._last.get(purpose)
        if held is not None and held[0] is not None and _same(held[0], dictionary):
            return held[1]
        done = work(dictionary)
        self._last[purpose] = (dictionary, done)
        return done

    def _look_up(
        self, rows: pa.RecordBatch, name: str, code_of: Callable[[str], int], dtype: type[np.integer]
    ) -> NDArray[np.integer]:
        column: pa.DictionaryArray = rows[name]
        table = self._once(
            column, name, lambda words: np.array([code_of(word) for word in words.to_pylist()] or [0], dtype=dtype)
        )
        return table[_indices(column)]

    def _batch_or_none(self, text: str) -> int:
        batch_id = text.strip()
        return self.batch_code(batch_id) if batch_id else -1

    def _refuse_unattributed(
        self, rows: pa.RecordBatch, batch: NDArray[np.integer], refusal: NDArray[np.uint8]
    ) -> None:
        for index in np.flatnonzero(batch < 0).tolist():
            blank = not any(column[index].as_py().strip() for column in rows.columns)
            refusal[index] = Refusal.BLANK_ROW if blank else Refusal.ROW_WITHOUT_BATCH

    def _stages(self, rows: pa.RecordBatch) -> NDArray[np.int32]:
        default = -1 if self._default_stage is None else self._default_stage
        if "stage" not in rows.schema.names:
            return np.full(rows.num_rows, default, dtype=np.int32)

        def code_of(text: str) -> int:
            word = text.strip()
            return _STAGES.get(word, -1) if word else default

        return self._look_up(rows, "stage", code_of, np.int32)

    def _standings(
        self, rows: pa.RecordBatch, refuse: Callable[[NDArray[np.bool_], Refusal], None]
    ) -> NDArray[np.uint8]:
        standing = np.zeros(rows.num_rows, dtype=np.uint8)
        if "status" in rows.schema.names:
            status = self._look_up(rows, "status", _status_code, np.int8)
            refuse(status < 0, Refusal.UNKNOWN_STATUS)
            standing[status == 1] = Standing.PRELIMINARY
            standing[status == 2] = Standing.UNVERIFIED
            standing[status == 4] = Standing.CANCELLED
            invalidated = status == 3
            if invalidated.any():
                backed = self._is_stated(rows, "investigation_id") & self._is_stated(rows, "invalidated_by")
                standing[invalidated & backed] = Standing.INVALIDATED
        if "revision" in rows.schema.names:
            number = self._look_up(rows, "revision", _revision_or_none, np.int64)
            refuse(number < 0, Refusal.UNREADABLE_REVISION)
            if self._superseding and "result_id" in rows.schema.names:
                revised = self._look_up(rows, "result_id", lambda word: word.strip() in self._superseded_ids, np.int8)
                for index in np.flatnonzero(revised).tolist():
                    key = tuple(rows[name][index].as_py().strip() for name in ("batch_id", "test", "result_id"))
                    if 0 <= number[index] < self._superseding.get(key, 0):
                        standing[index] = Standing.SUPERSEDED
        return standing

    def _is_stated(self, rows: pa.RecordBatch, name: str) -> NDArray[np.bool_]:
        if name not in rows.schema.names:
            return np.zeros(rows.num_rows, dtype=np.bool_)
        return self._look_up(rows, name, lambda word: word.strip() != "", np.int8).astype(np.bool_)

    def _dates(
        self, rows: pa.RecordBatch, refuse: Callable[[NDArray[np.bool_], Refusal], None]
    ) -> NDArray[np.bool_] | None:
        without_zone: NDArray[np.bool_] | None = None
        for name in ("tested_at", "reported_at"):
            if name in rows.schema.names:
                kind = self._once(rows[name], name, _date_kinds)[_indices(rows[name])]
                refuse(kind == 2, Refusal.AMBIGUOUS_DATE)
                unzoned = kind == 1
                without_zone = unzoned if without_zone is None else without_zone | unzoned
        return without_zone

    def _readings(self, rows: pa.RecordBatch) -> tuple[Readings, NDArray[np.int32]]:
        column: pa.DictionaryArray = rows["result"]
        readings: Readings = self._once(
            column, "result", lambda words: read_texts(words, number_locale=self._number_locale)
        )
        reading = _indices(column)
        for name, word in (("lod", _NOT_DETECTED), ("loq", _BELOW_QUANTITATION)):
            if name in rows.schema.names:
                readings, reading = self._censor(rows, name, word, readings, reading)
        return readings, reading

    def _censor(
        self, rows: pa.RecordBatch, name: str, word: int, readings: Readings, reading: NDArray[np.int32]
    ) -> tuple[Readings, NDArray[np.int32]]:
        """Read a word such as `ND` as `< lod` where the row declares the limit."""
        affected = np.flatnonzero(readings.word[reading] == word)
        if not len(affected):
            return readings, reading
        limits = rows[name]
        numbers = self._once(limits, name, lambda words: [_limit_number(text) for text in words.to_pylist()])
        codes = _indices(limits)[affected]
        entries: dict[int, int] = {}
        added: list[tuple[Form, float]] = []
        reading = reading.copy()
        for row, code in zip(affected.tolist(), codes.tolist(), strict=True):
            number = numbers[code]
            if number is not None:
                if code not in entries:
                    entries[code] = len(readings.form) + len(added)
                    added.append((Form.LESS, number))
                reading[row] = entries[code]
        return readings.extended(added), reading


def _indices(column: pa.DictionaryArray) -> NDArray[np.int32]:
    return column.indices.to_numpy(zero_copy_only=False)


def _same(held: pa.Array, other: pa.Array) -> bool:
    # The held array keeps its memory alive, so an equal address is the same dictionary and never a reused one.
    if len(held) != len(other) or held.offset != other.offset:
        return False
    ours, theirs = held.buffers()[1:], other.buffers()[1:]
    return all(
        (a is None and b is None) or (a is not None and b is not None and a.address == b.address and a.size == b.size)
        for a, b in zip(ours, theirs, strict=True)
    )


def _too_long(words: pa.Array) -> NDArray[np.bool_] | None:
    longest = pc.max(pc.binary_length(words)).as_py()
    if longest is None or longest <= MAXIMUM_CELL_CHARACTERS:
        return None
    return pc.greater(pc.utf8_length(words), MAXIMUM_CELL_CHARACTERS).to_numpy(zero_copy_only=False)


def _unit_or_unknown(text: str) -> int:
    unit = find_unit(text)
    return UNKNOWN_UNIT if unit is None else unit_code(unit.symbol)


_STATUS_CODES: Final = {status.value: code for code, status in enumerate(Status)}


def _status_code(text: str) -> int:
    word = text.strip().casefold()
    return _STATUS_CODES.get(word, -1) if word else 0


def _revision_or_none(text: str) -> int:
    number = revision_number(text)
    return -1 if number is None else number


def _date_kinds(words: pa.Array) -> NDArray[np.uint8]:
    """Return 0 for an empty or zoned date, 1 for a date without zone, 2 for anything else."""
    text = pc.utf8_trim_whitespace(words)
    zoned = pc.match_substring_regex(text, _ZONED).to_numpy(zero_copy_only=False)
    unzoned = pc.match_substring_regex(text, _UNZONED).to_numpy(zero_copy_only=False)
    empty = pc.equal(text, "").to_numpy(zero_copy_only=False)
    return np.where(zoned | empty, 0, np.where(unzoned, 1, 2)).astype(np.uint8)


def _limit_number(text: str) -> float | None:
    reported = read_reported(text)
    if reported.form is not Form.NUMBER or reported.number is None or reported.number < 0:
        return None
    return float(reported.number)
