"""Code rows of reported text as small integers, so that the kernel never sees a string.

Each distinct spelling in a column is looked at once; rows are looked up. What a row cannot be coded without (batch,
test, stage, status, revision, unambiguous dates) refuses the row: it is counted, kept and written out, never dropped.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.intake.batch_numbers import BatchNumbers
from regenqc.intake.contracts import MAPPING_FAULT, MAXIMUM_CELL_CHARACTERS
from regenqc.intake.dates import DateKind, date_kinds
from regenqc.intake.invalidation import Lacking, lacking_of
from regenqc.intake.readers.text import trimmed
from regenqc.intake.reading import NEVER_NEGATIVE, Readings, read_texts
from regenqc.intake.refusals import Refusal
from regenqc.intake.revisions import revision_number
from regenqc.intake.superseded import SupersededResults
from regenqc.measurement.reported import WORDS, Form, NumberLocale, read_reported
from regenqc.measurement.units import UNITS, find_unit, unit_code
from regenqc.vocabulary import Stage, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from regenqc.intake.revisions import Superseding

__all__ = ["UNKNOWN_UNIT", "CodedRows", "Refusal", "RowCoder", "Standing"]

UNKNOWN_UNIT: Final = len(UNITS)
_PERCENT: Final = unit_code("%")
_STAGES: Final = {stage.value: code for code, stage in enumerate(Stage)}
_NOT_DETECTED: Final = WORDS.index("not detected")
_BELOW_QUANTITATION: Final = WORDS.index("below quantitation limit")

# Of a batch whose dictionary entry no row has used yet.
_NOT_SEEN: Final = -2

Work = TypeVar("Work")
Code = TypeVar("Code", bound=np.integer[Any])


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
        under_investigation: whether the row names an investigation, was to be invalidated, or is a retest; `None` where no
            row of the chunk does.
        lacking: `Lacking` of rows that were to be invalidated and count nevertheless; `None` where there are none.
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
    under_investigation: NDArray[np.bool_] | None = None
    lacking: NDArray[np.uint8] | None = None

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
        computed_tests: tests that the engine computes; a row that reports one is of a test nobody names.
        batch_ids: batches that have been numbered already.
    """

    def __init__(
        self,
        *,
        tests: Sequence[str],
        default_stage: Stage | None,
        superseding: Superseding,
        number_locale: NumberLocale | None = None,
        computed_tests: Collection[str] = (),
        batch_ids: BatchNumbers | None = None,
    ) -> None:
        self.batch_ids = BatchNumbers() if batch_ids is None else batch_ids
        self._test_codes = {test: code for code, test in enumerate(tests, start=1)}
        # No laboratory can report a test that only the engine itself computes; their codes carry an `@`.
        self._reported_codes = {
            test: code for test, code in self._test_codes.items() if "@" not in test and test not in computed_tests
        }
        self._test_count = len(tests) + 1
        self._default_stage = None if default_stage is None else _STAGES[default_stage.value]
        self._superseded = SupersededResults(superseding)
        self._number_locale = number_locale or NumberLocale()
        self._last: dict[tuple[str, ...], tuple[pa.Array, object]] = {}

    def beside(self) -> RowCoder:
        """Return a coder with the same numbering, which may code other rows meanwhile if it meets no new batches."""
        other = copy(self)
        vars(other)["_last"] = {}
        return other

    def code(
        self,
        rows: pa.RecordBatch,
        *,
        first_row: int,
        computed: bool = False,
        batch_codes: NDArray[np.int32] | None = None,
    ) -> CodedRows:
        """Return the codes of one chunk.

        Args:
            rows: dictionary-coded text as the readers give it.
            first_row: number of its first row in its source, from 1.
            computed: whether the engine computed the rows itself.
            batch_codes: code of each word of the dictionary of batches, where they are known.

        Example:
            >>> columns = {"batch_id": ["B1"], "test": ["ph"], "result": ["7.2"], "unit": ["pH"], "stage": ["shipping"]}
            >>> rows = pa.record_batch({name: pa.array(texts).dictionary_encode() for name, texts in columns.items()})
            >>> coder = RowCoder(tests=["ph"], default_stage=None, superseding={})
            >>> coded = coder.code(rows, first_row=1)
            >>> list(coder.batch_ids), coded.readings.number[coded.reading].tolist(), coded.refusal.tolist()
            (['B1'], [7.2], [0])
        """
        refusal = np.zeros(rows.num_rows, dtype=np.uint8)

        def refuse(mask: NDArray[np.bool_], reason: Refusal) -> None:
            if mask.any():  # seldom
                refusal[mask & (refusal == Refusal.NONE)] = reason

        batch = self._batches(rows) if batch_codes is None else batch_codes[_indices(rows["batch_id"])]
        self._refuse_unattributed(rows, batch, refusal)
        # Before every other reason: such a row holds its batch at every stage.
        stage = self._stages(rows)
        refuse(stage < 0, Refusal.UNKNOWN_STAGE)
        refuse(self._is_stated(rows, MAPPING_FAULT), Refusal.NOT_MAPPED)
        for name in rows.schema.names:
            long = self._once(rows[name], ("length", name), _too_long)
            if long is not None:
                refuse(long[_indices(rows[name])], Refusal.OVERSIZED_CELL)
        codes = self._test_codes if computed else self._reported_codes

        def test_code(text: str) -> int:
            test = text.strip()
            return codes.get(test, 0) if test else -1

        test = self._look_up(rows, "test", ("test", str(computed)), test_code, np.int32)
        refuse(test < 0, Refusal.ROW_WITHOUT_TEST)
        standing, under_investigation, lacking = self._standings(rows, batch, refuse)
        without_zone = self._dates(rows, refuse)
        unit = self._look_up(rows, "unit", ("unit",), _unit_or_unknown, np.int16)
        readings, reading, unit = self._readings(rows, unit)
        line = np.maximum(stage, 0) * np.int32(self._test_count) + np.maximum(test, 0)
        return CodedRows(
            rows,
            first_row,
            batch,
            line.astype(np.int32),
            reading,
            readings,
            unit,
            standing,
            refusal,
            without_zone,
            under_investigation,
            lacking,
        )

    # ---- columns -------------------------------------------------------------------------------------------------

    def _once(self, column: pa.DictionaryArray, purpose: tuple[str, ...], work: Callable[[pa.Array], Work]) -> Work:
        """Do work on a dictionary once, however many slices share it."""
        dictionary = column.dictionary
        held = self._last.get(purpose)
        if held is not None and _same(held[0], dictionary):
            return cast("Work", held[1])
        done = work(dictionary)
        self._last[purpose] = (dictionary, done)
        return done

    def _look_up(
        self,
        rows: pa.RecordBatch,
        name: str,
        purpose: tuple[str, ...],
        code_of: Callable[[str], int],
        dtype: type[Code],
    ) -> NDArray[Code]:
        column: pa.DictionaryArray = rows[name]

        def table(words: pa.Array) -> NDArray[Code]:
            return np.array([code_of(word) for word in words.to_pylist()] or [0], dtype=dtype)

        return self._once(column, purpose, table)[_indices(column)]

    def _batches(self, rows: pa.RecordBatch) -> NDArray[np.int32]:
        """Return the batch codes, numbered in the order of rows.

        A dictionary may hold batches that no row names (categories of a filtered frame): they do not exist here.
        """
        column: pa.DictionaryArray = rows["batch_id"]
        codes = self._once(column, ("batch_id",), lambda words: np.full(max(len(words), 1), _NOT_SEEN, dtype=np.int32))
        indices = _indices(column)
        batch = codes[indices]
        is_new = batch == _NOT_SEEN
        if is_new.any():
            unseen = _in_order(indices[is_new], count=len(codes))
            codes[unseen] = self.batch_ids.codes_of(trimmed(column.dictionary.take(pa.array(unseen))))
            batch = codes[indices]
        return batch

    def _refuse_unattributed(self, rows: pa.RecordBatch, batch: NDArray[np.int32], refusal: NDArray[np.uint8]) -> None:
        without = batch < 0
        if without.any():
            blank = without.copy()
            for name in rows.schema.names:
                blank &= ~self._is_stated(rows, name)
            refusal[without] = Refusal.ROW_WITHOUT_BATCH
            refusal[blank] = Refusal.BLANK_ROW

    def _stages(self, rows: pa.RecordBatch) -> NDArray[np.int32]:
        default = -1 if self._default_stage is None else self._default_stage
        if "stage" not in rows.schema.names:
            return np.full(rows.num_rows, default, dtype=np.int32)

        def code_of(text: str) -> int:
            word = text.strip()
            return _STAGES.get(word, -1) if word else default

        return self._look_up(rows, "stage", ("stage",), code_of, np.int32)

    def _standings(
        self,
        rows: pa.RecordBatch,
        batch: NDArray[np.int32],
        refuse: Callable[[NDArray[np.bool_], Refusal], None],
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None, NDArray[np.uint8] | None]:
        """Return the standing of every row, which rows an investigation concerns, and what their invalidations lack."""
        standing = np.zeros(rows.num_rows, dtype=np.uint8)
        concerned = self._is_stated(rows, "investigation_id") | self._is_stated(rows, "retest_of")
        lacking: NDArray[np.uint8] | None = None
        if "status" in rows.schema.names:
            status = self._look_up(rows, "status", ("status",), _status_code, np.int8)
            refuse(status < 0, Refusal.UNKNOWN_STATUS)
            standing[status == _STATUS_CODES["preliminary"]] = Standing.PRELIMINARY
            standing[status == _STATUS_CODES["unverified"]] = Standing.UNVERIFIED
            standing[status == _STATUS_CODES["cancelled"]] = Standing.CANCELLED
            invalidated = status == _STATUS_CODES["invalidated"]
            if invalidated.any():
                concerned |= invalidated
                at = np.flatnonzero(invalidated)
                found = lacking_of(rows, at)
                standing[at[found == Lacking.NOTHING]] = Standing.INVALIDATED
                if found.any():
                    lacking = np.zeros(rows.num_rows, dtype=np.uint8)
                    lacking[at] = found
        number = np.zeros(rows.num_rows, dtype=np.int64)
        if "revision" in rows.schema.names:
            number = self._look_up(rows, "revision", ("revision",), _revision_or_none, np.int64)
            refuse(number < 0, Refusal.UNREADABLE_REVISION)
        if self._superseded and "result_id" in rows.schema.names:
            ids: pa.DictionaryArray = rows["result_id"]
            codes = self._once(ids, ("result_id",), self._superseded.codes_of)
            superseded = self._superseded.rows(
                rows,
                batch=batch,
                batch_ids=self.batch_ids,
                result_id=codes[_indices(ids)] if len(codes) else np.full(rows.num_rows, -1, dtype=np.int64),
                revision=number,
            )
            standing[superseded] = Standing.SUPERSEDED
        return standing, concerned if concerned.any() else None, lacking

    def _is_stated(self, rows: pa.RecordBatch, name: str) -> NDArray[np.bool_]:
        if name not in rows.schema.names:
            return np.zeros(rows.num_rows, dtype=np.bool_)
        column: pa.DictionaryArray = rows[name]
        stated = self._once(column, ("stated", name), lambda words: _as_numpy(pc.not_equal(trimmed(words), "")))
        return stated[_indices(column)]

    def _dates(
        self, rows: pa.RecordBatch, refuse: Callable[[NDArray[np.bool_], Refusal], None]
    ) -> NDArray[np.bool_] | None:
        without_zone: NDArray[np.bool_] | None = None
        for name in ("tested_at", "reported_at"):
            if name in rows.schema.names:
                kind = self._once(rows[name], ("date", name), date_kinds)[_indices(rows[name])]
                refuse(kind == DateKind.UNREADABLE, Refusal.AMBIGUOUS_DATE)
                unzoned = kind == DateKind.WITHOUT_ZONE
                without_zone = unzoned if without_zone is None else without_zone | unzoned
        return without_zone

    def _readings(
        self, rows: pa.RecordBatch, unit: NDArray[np.int16]
    ) -> tuple[Readings, NDArray[np.int32], NDArray[np.int16]]:
        column: pa.DictionaryArray = rows["result"]
        readings: Readings = self._once(
            column, ("result",), lambda words: read_texts(words, number_locale=self._number_locale)
        )
        readings, reading, unit = _in_units(readings, _indices(column), unit)
        for name, word in (("lod", _NOT_DETECTED), ("loq", _BELOW_QUANTITATION)):
            if name in rows.schema.names:
                readings, reading = self._censor(rows, name, word, readings, reading)
        return readings, reading, unit

    def read_column(
        self, rows: pa.RecordBatch, name: str, at: NDArray[np.integer]
    ) -> tuple[Readings, NDArray[np.int32], NDArray[np.int16]] | None:
        """Return what another column reports at some rows, its unit in the column `<name>_unit`; `None` without it.

        Args:
            rows: dictionary-coded text as the readers give it.
            name: of the column.
            at: positions of the rows.

        Returns:
            Readings, and for each of the rows the index of its reading and the code of its unit.
        """
        if name not in rows.schema.names:
            return None
        texts, place = _distinct_texts(rows[name], at)
        unit = np.full(len(at), unit_code(""), dtype=np.int16)
        if f"{name}_unit" in rows.schema.names:
            units, place_of_unit = _distinct_texts(rows[f"{name}_unit"], at)
            unit = np.array([_unit_or_unknown(text) for text in units.to_pylist()], dtype=np.int16)[place_of_unit]
        return _in_units(read_texts(texts, number_locale=self._number_locale), place.astype(np.int32), unit)

    def _censor(
        self, rows: pa.RecordBatch, name: str, word: int, readings: Readings, reading: NDArray[np.int32]
    ) -> tuple[Readings, NDArray[np.int32]]:
        """Read a word such as `ND` as `< lod` where the row declares the limit; the reading keeps the word as well."""
        affected = np.flatnonzero(readings.word[reading] == word)
        if not len(affected):
            return readings, reading
        limits: pa.DictionaryArray = rows[name]
        codes, place = np.unique(_indices(limits)[affected], return_inverse=True)
        texts = limits.dictionary.take(pa.array(codes)).to_pylist()
        entries = np.full(len(codes), -1, dtype=np.int32)
        added: list[tuple[Form, float]] = []
        for index, text in enumerate(texts):
            number = self._limit_number(text)
            if number is not None:
                entries[index] = len(readings.form) + len(added)
                added.append((Form.LESS, number))
        entry = entries[place]
        reading = reading.copy()
        reading[affected[entry >= 0]] = entry[entry >= 0]
        return readings.extended(added, word=word), reading

    def _limit_number(self, text: str) -> float | None:
        """Return a detection or quantitation limit: a plain number above zero, in the unit of the result."""
        reported = read_reported(text, number_locale=self._number_locale)
        if reported.form is not Form.NUMBER or reported.unit or reported.number is None or reported.number <= 0:
            return None
        return float(reported.number)


def _in_units(
    readings: Readings, reading: NDArray[np.int32], unit: NDArray[np.int16]
) -> tuple[Readings, NDArray[np.int32], NDArray[np.int16]]:
    """Return readings and units in which a percent sign is a unit, and nothing that cannot be is below zero."""
    if readings.percent.any():
        # A percent sign in the result is its unit; beside another unit it contradicts it.
        unit = unit.copy()
        fitting = (unit == unit_code("")) | (unit == _PERCENT)
        percent = readings.percent[reading]
        unit[percent] = UNKNOWN_UNIT
        unit[percent & fitting] = _PERCENT
    below = readings.below_zero()
    if below.any():
        impossible = below[reading] & NEVER_NEGATIVE[unit]
        reading = np.where(impossible, np.int32(len(readings.form)), reading)
        readings = readings.extended([(Form.UNREADABLE, 0.0)])
    return readings, reading, unit


def _distinct_texts(column: pa.DictionaryArray, at: NDArray[np.integer]) -> tuple[pa.StringArray, NDArray[np.int64]]:
    indices = _indices(column)[at]
    is_named = np.zeros(len(column.dictionary), dtype=np.bool_)
    is_named[indices] = True
    place = np.cumsum(is_named) - 1
    return column.dictionary.filter(pa.array(is_named)), place[indices]


def _in_order(codes: NDArray[np.int32], *, count: int) -> NDArray[np.int64]:
    """Return the distinct ones of some codes, below a count, in the order in which they appear first."""
    first = np.full(count, len(codes), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # of equal codes the last assignment stays
    used = np.flatnonzero(first < len(codes))
    return used[np.argsort(first[used])]


def _indices(column: pa.DictionaryArray) -> NDArray[np.int32]:
    indices: NDArray[np.int32] = column.indices.to_numpy(zero_copy_only=False)
    return indices


def _as_numpy(mask: pa.BooleanArray) -> NDArray[np.bool_]:
    values: NDArray[np.bool_] = mask.to_numpy(zero_copy_only=False)
    return values


def _same(held: pa.Array, other: pa.Array) -> bool:
    """Return whether two dictionaries are the same memory, so that work on one holds for the other.

    The held array keeps its memory alive, so an equal address is the same dictionary and never one that took its place.
    """
    if len(held) != len(other) or held.offset != other.offset or held.type != other.type:
        return False
    return all(
        (ours is None and theirs is None)
        or (ours is not None and theirs is not None and ours.address == theirs.address and ours.size == theirs.size)
        for ours, theirs in zip(held.buffers(), other.buffers(), strict=True)
    )


def _too_long(words: pa.Array) -> NDArray[np.bool_] | None:
    longest = pc.max(pc.binary_length(words)).as_py()
    if longest is None or longest <= MAXIMUM_CELL_CHARACTERS:
        return None
    return _as_numpy(pc.greater(pc.utf8_length(words), MAXIMUM_CELL_CHARACTERS))


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
