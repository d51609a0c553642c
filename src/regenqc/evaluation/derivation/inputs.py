"""Bring the inputs of a derived result together: which values belong to which batch, and in which combinations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regenqc.evaluation.derivation.columns import NOT_DETECTED, UNREADABLE, Problem, QuantityColumn, quantity_column
from regenqc.evaluation.derivation.quantity import OPERATORS, Quantity
from regenqc.evaluation.derivation.reading import read_input
from regenqc.evaluation.evidence import ANNEX_COLUMNS, SEPARATOR
from regenqc.evaluation.grouping import distinct_combinations, spread
from regenqc.measurement.reported import fold_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    # One index per batch into the distinct values of an attribute.
    CodedAttribute = tuple[NDArray[np.integer[Any]], list[str]]

    from regenqc.evaluation.collected import SlotRows
    from regenqc.specification.derived_functions import DerivedFunction, Input
    from regenqc.specification.model import RowInput

__all__ = [
    "Combined",
    "SourceRows",
    "annex_of",
    "combinations",
    "constant_column",
    "rows_by_method",
    "source_rows",
    "stated_column",
]

_BELOW = np.array([OPERATORS.index("<"), OPERATORS.index("≤")])


class SourceRows(NamedTuple):
    """The rows of one test, or of one method of it, with the inputs that each of them gives.

    Args:
        rows: sorted by batch.
        columns: one for each input, by its position in the function.
    """

    rows: SlotRows
    columns: Mapping[int, QuantityColumn]

    def take(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> SourceRows:
        """Return some rows."""
        at = np.arange(len(self.rows))[rows]
        return SourceRows(self.rows.take(at), {position: column.take(at) for position, column in self.columns.items()})


class Combined(NamedTuple):
    """Combinations of inputs.

    Args:
        batch: code of the batch of each, ascending.
        preliminary: whether preliminary results are among its inputs.
        columns: one for each input of the function.
        is_open: whether several values of several inputs stand beside each other, so that none belongs to any.
    """

    batch: NDArray[np.int32]
    preliminary: NDArray[np.bool_]
    columns: tuple[QuantityColumn, ...]
    is_open: NDArray[np.bool_]


def rows_by_method(rows: SlotRows, method: str | None) -> SlotRows:
    """Return the rows of one method, case and blanks folded; all rows for `None`."""
    if method is None:
        return rows
    wanted = fold_word(method)
    is_wanted = [fold_word(annex_of(text)["method"]) == wanted for text in rows.annex.words.to_pylist()]
    return rows.take(np.array(is_wanted, dtype=np.bool_)[rows.annex.codes])


def source_rows(rows: SlotRows, wanted: Mapping[int, tuple[Input, RowInput]]) -> SourceRows:
    """Return what rows give for each of the inputs that name them.

    Args:
        rows: of the test, or of the one method.
        wanted: input and source, by position of the input.
    """
    return SourceRows(rows, {position: _column(rows, *entry) for position, entry in wanted.items()})


def _column(rows: SlotRows, entry: Input, source: RowInput) -> QuantityColumn:
    if source.column == "result":
        found = rows.statements
        texts = zip(*(text.listed(found.first) for text in (rows.reported, rows.unit, rows.lod)), strict=True)
        return quantity_column([read_input(entry, text, unit, lod=lod) for text, unit, lod in texts], found.of_row)
    if source.column == "lod":
        found = distinct_combinations(rows.lod.codes, rows.unit.codes)
        pairs = zip(rows.lod.listed(found.first), rows.unit.listed(found.first), strict=True)
        return quantity_column([read_input(entry, text, unit) for text, unit in pairs], found.of_row)
    found = distinct_combinations(rows.annex.codes, rows.unit.codes)
    return quantity_column(
        [
            _read_annex(entry, source.column, annex_of(annex), unit)
            for annex, unit in zip(rows.annex.listed(found.first), rows.unit.listed(found.first), strict=True)
        ],
        found.of_row,
    )


_NO_ANNEX = dict.fromkeys(ANNEX_COLUMNS, "")
_TORN_ANNEX = dict.fromkeys(ANNEX_COLUMNS, SEPARATOR)


def annex_of(text: str) -> dict[str, str]:
    """Return the further columns of a row by name; text that holds the separator itself is never read."""
    if not text:
        return _NO_ANNEX
    parts = text.split(SEPARATOR)
    return dict(zip(ANNEX_COLUMNS, parts, strict=True)) if len(parts) == len(ANNEX_COLUMNS) else _TORN_ANNEX


def _read_annex(entry: Input, column: str, annex: dict[str, str], unit: str) -> Quantity | Problem:
    if annex is _TORN_ANNEX:
        return UNREADABLE
    return read_input(entry, annex[column], annex["sample_amount_unit"] if column == "sample_amount" else unit)


def stated_column(entry: Input, texts: CodedAttribute, units: CodedAttribute) -> QuantityColumn:
    """Return an attribute of batches as an input.

    Args:
        entry: the input.
        texts: of the attribute, as one index per batch and the distinct values; empty where it is not stated.
        units: of the attribute with the unit, likewise.
    """
    (word_of, words), (symbol_of, symbols) = texts, units
    found = distinct_combinations(word_of, symbol_of)
    pairs = zip(word_of[found.first].tolist(), symbol_of[found.first].tolist(), strict=True)
    return quantity_column([read_input(entry, words[word], symbols[symbol]) for word, symbol in pairs], found.of_row)


def constant_column(entry: Input, number: str, unit: str, *, count: int) -> QuantityColumn:
    """Return a number of the specification as an input of so many rows."""
    return quantity_column([read_input(entry, number, unit)], np.zeros(count, dtype=np.int64))


def combinations(
    function: DerivedFunction, sources: Sequence[SourceRows], stated: Mapping[int, QuantityColumn]
) -> Iterator[Combined]:
    """Yield the combinations of inputs of which each gives one derived result.

    Every value of one input is combined with the only value of each of the others. Where results of one test are
    preliminary, the final ones are combined, and then all. Batches that lack an input are left out.

    Args:
        function: what is to be computed.
        sources: results by test, at least one.
        stated: attributes by batch code and constants, by position; beyond their end nothing is stated.
    """
    final = [source.take(~source.rows.preliminary) for source in sources]
    yield _combined(function, final, stated, preliminary=False)
    if any(source.rows.preliminary.any() for source in sources):
        early = np.unique(np.concatenate([source.rows.batch[source.rows.preliminary] for source in sources]))
        concerned = [source.take(np.isin(source.rows.batch, early)) for source in sources]
        yield _combined(function, concerned, stated, preliminary=True)


def _combined(
    function: DerivedFunction,
    sources: Sequence[SourceRows],
    stated: Mapping[int, QuantityColumn],
    *,
    preliminary: bool,
) -> Combined:
    own = [_distinct(source) for source in sources]
    batches = own[0].rows.batches
    for source in own[1:]:
        batches = np.intersect1d(batches, source.rows.batches, assume_unique=True)
    at = [np.searchsorted(source.rows.batches, batches) for source in own]
    counts = np.array([source.rows.counts[places] for source, places in zip(own, at, strict=True)])
    # Inputs of one test come from one row; rows of different tests cannot be told to belong together.
    is_open = np.count_nonzero(counts > 1, axis=0) > 1
    group, offset = spread(np.where(is_open, 1, counts.max(axis=0, initial=0)))
    columns: dict[int, QuantityColumn] = {}
    for source, places, count in zip(own, at, counts, strict=True):
        rows = source.rows.begins[places][group] + np.where(count[group] > 1, offset, 0)
        columns |= {position: column.take(rows) for position, column in source.columns.items()}
    batch = batches[group]
    columns |= {position: _of_batches(column, batch) for position, column in stated.items()}
    found = Combined(
        batch,
        np.full(len(batch), preliminary),
        tuple(columns[position] for position in range(len(function.inputs))),
        is_open[group],
    )
    return _without_lacking(function, found)


def _distinct(source: SourceRows) -> SourceRows:
    rows = source.rows
    if len(rows.batches) == len(rows):
        return source
    of_batch = rows.of_batches(np.arange(len(rows.batches)))
    return source.take(distinct_combinations(of_batch, *(column.code for column in source.columns.values())).first)


def _of_batches(column: QuantityColumn, batch: NDArray[np.int32]) -> QuantityColumn:
    """Return what batches state; a batch that is not listed states nothing."""
    listed = batch < len(column.code)
    code = np.zeros(len(batch), dtype=np.int32)
    code[listed] = column.code[batch[listed]]
    return QuantityColumn(code, column.entries)


def _without_lacking(function: DerivedFunction, found: Combined) -> Combined:
    """Leave out batches of which every combination lacks an input; of the others a lacking one stays, to be seen."""
    lacking = np.zeros(len(found.batch), dtype=np.bool_)
    names = [entry.name for entry in function.inputs]
    for entry, column in zip(function.inputs, found.columns, strict=True):
        absent = column.is_absent
        if entry.unless_below:
            other = found.columns[names.index(entry.unless_below)]
            absent = absent & ~(np.isin(other.operator, _BELOW) | other.is_entry(NOT_DETECTED))
        lacking |= absent
    if not lacking.any():
        return found
    complete = np.isin(found.batch, found.batch[~lacking])
    return Combined(
        found.batch[complete],
        found.preliminary[complete],
        tuple(column.take(np.flatnonzero(complete)) for column in found.columns),
        found.is_open[complete],
    )


def stated_only(
    function: DerivedFunction, batches: NDArray[np.int32], stated: Mapping[int, QuantityColumn]
) -> Combined:
    """Return the inputs of batches where all of them are attributes or constants."""
    columns = tuple(_of_batches(stated[position], batches) for position in range(len(function.inputs)))
    nothing = np.zeros(len(batches), dtype=np.bool_)
    return _without_lacking(function, Combined(batches, nothing, columns, nothing))
