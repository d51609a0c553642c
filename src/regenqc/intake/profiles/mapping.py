"""Rows of a laboratory's file as canonical rows, by a profile: worked out on distinct spellings, looked up by row.

The order for every row: rows declared to hold no data become blank rows, so that rows keep their number; a row with anything
that the profile does not explain is refused with the reason in `mapping_fault`; every other row says in canonical columns
exactly what it says in the laboratory's own. What was changed on the way is carried beside it, as exported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from regenqc.intake.contracts import MAPPING_FAULT, RESULT_COLUMNS
from regenqc.intake.profiles.checks import DATE_COLUMNS
from regenqc.intake.profiles.coded import Coded, coded_constant, from_list, recoded, stacked
from regenqc.intake.profiles.date_columns import iso_dates
from regenqc.intake.profiles.flags import Flags
from regenqc.intake.profiles.model import fold_name
from regenqc.intake.profiles.raw_rows import RawRows, RowFaults, RowTests
from regenqc.intake.profiles.result_texts import ResultTexts
from regenqc.intake.profiles.tally import RowTally
from regenqc.intake.profiles.values import ValueRules, map_value
from regenqc.measurement.reported import NumberLocale, word_key
from regenqc.measurement.units import find_unit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from regenqc.intake.profiles.coverage import Coverage
    from regenqc.intake.profiles.model import Column, Profile, ResultColumn, TestEntry
    from regenqc.intake.profiles.places import Places

__all__ = ["RowMapping"]

# What programs write for a byte that they could not read: the text that stood there is lost.
_REPLACEMENT: Final = "\ufffd"
_NUMBERS: Final = frozenset({"lod", "loq", "uncertainty", "sample_amount"})
_ORDER: Final = tuple(column.name for column in RESULT_COLUMNS)


class RowMapping:
    """The way from the rows of one file to canonical rows.

    Args:
        profile: what its columns mean.
        places: where they stand.
        titles: header of the file.
        doubted: rows of the file, from 1, that hold a statistic which its own rows do not give, and why.
        coverage: collects what was met, for the coverage report.
    """

    def __init__(
        self,
        profile: Profile,
        places: Places,
        *,
        titles: Sequence[str],
        doubted: Mapping[int, str] | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        document = profile.document
        self._profile = profile
        self._document = document
        self._columns = {name: column for name, column in document.columns.items() if places.has(column)}
        self._places = places
        self._titles = titles
        self._doubted = dict(doubted or {})
        self._coverage = coverage
        self._tests = {fold_name(code): entry for code, entry in document.tests.items()}
        self._statuses = {fold_name(text): str(status) for text, status in document.statuses.items()}
        self._stages = {fold_name(text): stage for text, stage in document.stages.items()}
        self._units = {fold_name(text): entry for text, entry in document.units.items()}
        rules = ValueRules(
            NumberLocale(document.numbers.decimal_mark, document.numbers.thousands_mark),
            frozenset(word_key(text) for text in document.not_measured),
            document.unescape == "html",
        )
        self._rules = rules
        self._entries: list[TestEntry | ResultColumn] = [*document.result_column] or [*document.tests.values()]
        self._results = ResultTexts(rules, common=document.words, entries=[entry.words for entry in self._entries])
        self._skips_statistics = True
        self._flags = Flags(document, at=self._raw)
        self.names = self._names()

    def without_statistics(self) -> RowMapping:
        """Return the mapping such that rows of statistics are mapped like all others."""
        plain = RowMapping(self._profile, self._places, titles=self._titles)
        plain._skips_statistics = False
        return plain

    def _names(self) -> tuple[str, ...]:
        document = self._document
        stated = {*self._columns, "batch_id", "test", "result", "unit"}
        stated |= {name for name in ("method", "stage") if any(getattr(entry, name) for entry in self._entries)}
        if self._flags.states_status:
            stated.add("status")
        names = [name for name in _ORDER if name in stated]
        names += ["test_as_exported"] if self._entries else []
        names += ["result_as_exported"] if self._changes_results() else []
        names += ["unit_as_exported"] if self._units else []
        names += [*self._places.carried]
        names += ["file_row", "file_column"] if document.result_column else []
        return (*names, MAPPING_FAULT)

    def _changes_results(self) -> bool:
        document = self._document
        return (
            self._rules != ValueRules()
            or bool(document.words or document.operator or document.qualifier)
            or any(entry.words for entry in self._entries)
            or any(entry.power_of_ten for entry in document.units.values())
            or any(entry.power_of_ten for entry in document.result_column)
        )

    # ---- one chunk -----------------------------------------------------------------------------------------------

    def map(
        self, rows: pa.RecordBatch, *, first_row: int, only: Collection[str] | None
    ) -> tuple[pa.RecordBatch, RowTally]:
        """Return the canonical rows of one chunk, and what became of its rows.

        Args:
            rows: dictionary-coded text, one column for each of the file, in its order.
            first_row: number of the first row in the file, from 1.
            only: canonical columns that are asked for; `None` for all.
        """
        count = rows.num_rows
        raw = RawRows(rows, np.arange(count))
        blank = self._blank_rows(raw)
        faults = RowFaults(np.zeros(count, dtype=np.int32))
        no_data = blank | self._not_data(raw)
        self._doubt(faults, first_row, count)
        no_data &= faults.codes == 0
        for position in self._places.untitled:
            faults.add(
                raw.at(position), lambda text: "a cell in a column without title holds text" if text.strip() else ""
            )
        if self._document.result_column:
            return self._map_wide(raw, faults, no_data, first_row=first_row, only=only)
        columns = self._canonical(raw, faults, self._test_column(raw, faults), only)
        self._observe(raw, columns, faults, no_data, first_row)
        refused = (faults.codes != 0) & ~no_data
        batch = self._batch(columns, faults, no_data, only)
        done = int(count - np.count_nonzero(no_data) - np.count_nonzero(refused))
        return batch, RowTally(count, done, int(np.count_nonzero(no_data)), int(np.count_nonzero(refused)), done)

    def _map_wide(
        self,
        raw: RawRows,
        faults: RowFaults,
        no_data: NDArray[np.bool_],
        *,
        first_row: int,
        only: Collection[str] | None,
    ) -> tuple[pa.RecordBatch, RowTally]:
        entries = self._document.result_column
        cells = [raw.at(self._places.at(entry)) for entry in entries]
        result = stacked(cells)
        count, width = len(no_data), len(entries)
        row, column = np.repeat(np.arange(count), width), np.tile(np.arange(width), count)
        is_stated = result.where(lambda text: bool(text.strip())) & ~no_data[row]
        # A row without a single result still says that its batch exists: it becomes an empty result of the first test.
        silent = ~is_stated.reshape(count, width).any(axis=1) & ~no_data
        is_stated[np.flatnonzero(silent) * width] = True
        row, column = row[is_stated], column[is_stated]
        long = RawRows(raw.rows, row)
        own = faults.of_rows(row)
        test = Coded(column.astype(np.int32), [entry.test for entry in entries])
        columns = self._canonical(
            long, own, RowTests(test, column.astype(np.int32)), only, result=result.take(is_stated)
        )
        columns["file_row"] = from_list([str(number) for number in (row + first_row).tolist()])
        columns["file_column"] = Coded(
            column.astype(np.int32),
            [f"{self._titles[self._places.at(entry)]} (column {self._places.at(entry) + 1})" for entry in entries],
        )
        columns["test_as_exported"] = Coded(column.astype(np.int32), [entry.name for entry in entries])
        none = np.zeros(len(row), dtype=np.bool_)
        self._observe(long, columns, own, none, first_row)
        refused = np.zeros(count, dtype=np.bool_)
        refused[row[own.codes != 0]] = True
        batch = self._batch(columns, own, none, only)
        return batch, RowTally(
            count,
            int(np.count_nonzero(~no_data & ~refused)),
            int(np.count_nonzero(no_data)),
            int(np.count_nonzero(refused)),
            int(np.count_nonzero(own.codes == 0)),
        )

    def _batch(
        self, columns: dict[str, Coded], faults: RowFaults, no_data: NDArray[np.bool_], only: Collection[str] | None
    ) -> pa.RecordBatch:
        columns[MAPPING_FAULT] = Coded(faults.codes, faults.texts)
        names = [name for name in self.names if only is None or name in only]
        hide = no_data if no_data.any() else None
        arrays = [(columns[name] if hide is None else columns[name].blanked(hide)).arrow() for name in names]
        return pa.record_batch(arrays, names=names)

    # ---- rows that hold no data ----------------------------------------------------------------------------------

    def _blank_rows(self, raw: RawRows) -> NDArray[np.bool_]:
        blank = np.ones(raw.count, dtype=np.bool_)
        for position in range(raw.rows.num_columns):
            blank &= ~raw.at(position).where(lambda text: bool(text.strip()))
            if not blank.any():
                break
        return blank

    def _not_data(self, raw: RawRows) -> NDArray[np.bool_]:
        found = np.zeros(raw.count, dtype=np.bool_)
        document = self._document
        declared = [(entry.column, entry.texts) for entry in document.not_data]
        declared += [(entry.column, entry.not_data) for entry in document.qualifier if entry.not_data]
        declared += [(entry.column, (entry.text,)) for entry in document.statistic if self._skips_statistics]
        for column, texts in declared:
            wanted = frozenset(map(fold_name, texts))
            found |= self._raw(raw, column).where(lambda text, wanted=wanted: fold_name(text) in wanted)  # type: ignore[misc]
        mark = document.dialect.comment
        if mark and raw.rows.num_columns:
            found |= raw.at(0).where(lambda text: text.startswith(mark))
        return found

    def _doubt(self, faults: RowFaults, first_row: int, count: int) -> None:
        for row, text in self._doubted.items():
            if first_row <= row < first_row + count:
                faults.codes[row - first_row] = faults.code_of(text)

    # ---- columns -------------------------------------------------------------------------------------------------

    def _raw(self, raw: RawRows, column: Column) -> Coded:
        if column.name is None or not self._places.has(column):
            return coded_constant(column.constant or "", raw.count)
        return raw.at(self._places.at(column))

    def _test_column(self, raw: RawRows, faults: RowFaults) -> RowTests:
        codes = self._raw(raw, self._columns["test"])
        if not self._tests and self._document.other_tests == "keep":
            return RowTests(codes, None)
        numbers = {id(entry): number for number, entry in enumerate(self._entries)}
        found = [self._tests.get(fold_name(code)) for code in codes.words]
        keeps = self._document.other_tests == "keep"
        if not keeps:
            faults.add(
                codes,
                lambda code: (
                    f"the test '{code}' is not listed" if code.strip() and fold_name(code) not in self._tests else ""
                ),
            )
        names = [
            entry.test if entry is not None else code.strip() for entry, code in zip(found, codes.words, strict=True)
        ]
        entry = np.array([-1 if entry is None else numbers[id(entry)] for entry in found] or [-1], dtype=np.int32)
        return RowTests(recoded(codes, names), entry[codes.codes])

    def _canonical(
        self,
        raw: RawRows,
        faults: RowFaults,
        tests: RowTests,
        only: Collection[str] | None,
        *,
        result: Coded | None = None,
    ) -> dict[str, Coded]:
        document = self._document
        columns: dict[str, Coded] = {}
        for name, column in self._columns.items():
            if column.name is not None and (only is None or MAPPING_FAULT in only):
                faults.add_where(
                    self._raw(raw, column),
                    _REPLACEMENT,
                    f"a text of '{column.name}' was damaged before: it holds {_REPLACEMENT}",
                )
            if name not in {"test", "result", "unit"} and (only is None or name in only):
                columns[name] = self._plain(name, column, raw, faults)
        columns["test"] = tests.names
        for name in ("method", "stage"):
            if name not in columns and name in self.names:
                columns[name] = tests.look_up([getattr(entry, name) for entry in self._entries])
        # Looking for revisions takes identities only: results are not worked out for them.
        identities = ({*self._columns, "test", "method", "stage"} - {"result", "unit"}) | {"file_row", "file_column"}
        if only is not None and {*only}.intersection(self.names) <= identities:
            return columns
        if self._entries and not document.result_column:
            columns["test_as_exported"] = self._raw(raw, self._columns["test"])
        power, bound, status = self._unit(raw, tests, columns), self._flags.bound(raw, faults), self._flags.status(raw)
        if status is not None and "status" not in columns:
            columns["status"] = status
        exported = self._raw(raw, self._columns["result"]) if result is None else result
        operator = self._flags.operator(raw, faults)
        mapped, problem = self._results.map(exported, operator=operator, bound=bound, entry=tests.entry, power=power)
        faults.add(problem, lambda text: text)
        columns["result"] = mapped
        columns["result_as_exported"] = exported
        for name, position in self._places.carried.items():
            columns[name] = raw.at(position)
        return columns

    def _plain(self, name: str, column: Column, raw: RawRows, faults: RowFaults) -> Coded:
        coded = self._raw(raw, column)
        if column.name is None:
            return coded
        if name in DATE_COLUMNS:
            declared, zone = column.format or self._document.dates.format, column.zone or self._document.dates.zone
            if declared == "ISO" and zone is None:
                return coded
            dates, wrong = iso_dates(coded.array, declared=declared, zone=zone)
            if wrong.any():
                bad = frozenset(coded.array.filter(pa.array(wrong)).to_pylist())
                faults.add(
                    coded,
                    lambda text: (
                        f"the date '{text}' is not written as {declared}, or does not exist" if text in bad else ""
                    ),
                )
            return Coded(coded.codes, dates)
        if name in _NUMBERS and self._rules != ValueRules():
            values = [map_value(text, rules=self._rules, words={}) for text in coded.words]
            by_text = {text: value.fault for text, value in zip(coded.words, values, strict=True)}
            faults.add(coded, lambda text: f"{name}: {by_text[text]}" if by_text[text] else "")
            return recoded(coded, [value.text for value in values])
        if name == "status" and self._statuses:
            return self._listed(coded, self._statuses, "status", faults)
        if name == "stage" and self._stages:
            return self._listed(coded, self._stages, "stage", faults)
        if name == "sample_amount_unit":
            units = [(text, *self._unit_text(text)) for text in coded.words]
            # The amount itself is not multiplied: with a power of ten its unit stays one that nobody knows.
            return recoded(coded, [unit if power == 0 else text for text, unit, power in units])
        return coded

    @staticmethod
    def _listed(coded: Coded, known: Mapping[str, str], what: str, faults: RowFaults) -> Coded:
        # A row without stage is at the stage that is judged. A row without status would count as verified: only a profile
        # can say so.
        is_open = what == "stage"

        def is_listed(text: str) -> bool:
            key = fold_name(text)
            return key in known or (is_open and not key)

        faults.add(coded, lambda text: "" if is_listed(text) else f"the {what} '{text}' is not listed")
        return recoded(
            coded,
            [known.get(fold_name(text), "") if is_listed(text) else f"not listed: {text}" for text in coded.words],
        )

    def _unit(self, raw: RawRows, tests: RowTests, columns: dict[str, Coded]) -> NDArray[np.int32] | None:
        """Put the unit of every row, and return the power of ten that its number is multiplied by; `None` for none."""
        document = self._document
        if document.result_column:
            columns["unit"] = tests.look_up([entry.unit for entry in document.result_column])
            powers = np.array([*(entry.power_of_ten for entry in document.result_column), 0], dtype=np.int32)
            return powers[tests.entry] if powers.any() and tests.entry is not None else None
        if "unit" not in self._columns:
            columns["unit"] = tests.look_up([entry.unit for entry in self._entries])
            return None
        coded = self._raw(raw, self._columns["unit"])
        if not self._units:
            columns["unit"] = coded
            return None
        found = [self._unit_text(text) for text in coded.words]
        columns["unit_as_exported"] = coded
        columns["unit"] = recoded(coded, [unit for unit, _ in found])
        powers = np.array([power for _, power in found] or [0], dtype=np.int32)
        return powers[coded.codes] if powers.any() else None

    def _unit_text(self, text: str) -> tuple[str, int]:
        entry = self._units.get(fold_name(text))
        if entry is not None:
            return entry.unit, entry.power_of_ten
        return text, 0

    # ---- what was met --------------------------------------------------------------------------------------------

    def _observe(
        self, raw: RawRows, columns: dict[str, Coded], faults: RowFaults, no_data: NDArray[np.bool_], first_row: int
    ) -> None:
        if self._coverage is None or "result" not in columns:
            return
        live = ~no_data
        see = self._coverage.see
        if "test_as_exported" in columns:
            see("test", columns["test_as_exported"], live, columns["test"])
        else:
            see("test", columns["test"], live, columns["test"])
        unit = columns.get("unit_as_exported", columns["unit"])
        see("unit", unit, live, columns["unit"], explain=_known_unit)
        see("result", columns["result_as_exported"], live & (faults.codes == 0), columns["result"])
        for name in ("status", "stage"):
            column = self._columns.get(name)
            if column is not None and name in columns:
                see(name, self._raw(raw, column), live, columns[name])
        for entry in self._document.qualifier:
            see("qualifier", self._raw(raw, entry.column), live, None)
        if self._document.operator is not None:
            see("operator", self._raw(raw, self._document.operator.column), live, None)
        self._coverage.see_faults(faults.codes, faults.texts, live, rows=raw.of + first_row)


def _known_unit(text: str) -> str:
    return "" if find_unit(text) is not None else "not in the dictionary of units"
