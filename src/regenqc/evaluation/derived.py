"""Results computed from other results: for every batch that states all inputs, one for each combination of them.

A censored input stays censored by the direction in which the value changes with it. Inputs censored in both directions, or
anything unreadable, give a text that no criterion can read, so that the batch holds; without an input there is no derived
result, and the cell is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regenqc.evaluation.derivation.columns import ABSENT, Problem, QuantityColumn
from regenqc.evaluation.derivation.exact_rules import CENSORED, difference_texts, product_texts, refusal
from regenqc.evaluation.derivation.inputs import (
    Combined,
    SourceRows,
    combinations,
    constant_column,
    rows_by_method,
    source_rows,
    stated_column,
    stated_only,
)
from regenqc.evaluation.derivation.quantity import OPERATORS, quantity_text
from regenqc.evaluation.derivation.totals import sum_of, sums_of
from regenqc.evaluation.evidence import SEPARATOR
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.evaluation.plan import stages_of_derived
from regenqc.evaluation.replicates import BatchTexts
from regenqc.measurement.reported import fold_word
from regenqc.specification.derived_functions import FUNCTIONS, DerivedFunction, Rule
from regenqc.specification.derived_sources import AttributeSource, read_source
from regenqc.specification.model import RowInput

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.collected import SlotRows
    from regenqc.evaluation.plan import Plan
    from regenqc.specification.derived_functions import Input
    from regenqc.specification.model import Derived

__all__ = ["FUNCTIONS", "Derivation", "derivations", "derived_texts"]

_SEVERAL = "several values of several inputs"
_NO_IDENTITY = "results that cannot be told apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """One derived result at one stage.

    Args:
        derived: as the specification has it.
        function: what it computes.
        stage: index of the stage.
        rows: for each test and method the slot of its rows, and the inputs that it gives by position.
        stated: attributes of batches and constants, by position.
    """

    derived: Derived
    function: DerivedFunction
    stage: int
    rows: Mapping[tuple[int, str | None], dict[int, tuple[Input, RowInput]]]
    stated: Mapping[int, QuantityColumn]

    @property
    def slots(self) -> set[int]:
        """Return the slots that it takes rows from."""
        return {slot for slot, _ in self.rows}

    def key(self, sources: Mapping[int, Hashable]) -> tuple[Hashable, ...]:
        """Return what the results follow from: two derivations with equal keys have equal results.

        Args:
            sources: by slot, the same for slots that have the same rows; columns of `stated` must outlive the key.
        """
        rows = tuple((sources.get(slot), method, *wanted.items()) for (slot, method), wanted in self.rows.items())
        return self.derived.function, rows, tuple((position, id(column)) for position, column in self.stated.items())

    def of_batches(self, batches: NDArray[np.int32]) -> BatchTexts:
        """Return the results of batches where no input comes from results."""
        return _written(self, [stated_only(self.function, batches, self.stated)])

    def of_block(self, block: Mapping[int, SlotRows]) -> BatchTexts:
        """Return the results of the batches of one block.

        Args:
            block: rows by slot.
        """
        sources: list[SourceRows] = []
        for (slot, method), wanted in self.rows.items():
            rows = rows_by_method(block[slot], method) if slot in block else None
            if rows is None or not len(rows):
                return BatchTexts.empty()
            sources.append(source_rows(rows, wanted))
        if self.function.rule is Rule.TOTAL:
            return _totals(self.function, sources[0])
        return _written(self, list(combinations(self.function, sources, self.stated)))


def derivations(
    plan: Plan, groups: BatchGroups, specification: int, *, batch_count: int, known: dict[Hashable, QuantityColumn]
) -> Iterator[Derivation]:
    """Yield the derived results of a specification, in its order, stage by stage.

    Args:
        plan: slots of all specifications.
        groups: attributes of batches.
        specification: index of the specification.
        batch_count: of the run.
        known: attributes and constants as inputs that have been made already; gets what is made here.
    """
    for derived in plan.specifications[specification].derived:
        function = FUNCTIONS[derived.function]
        stated: dict[int, QuantityColumn] = {}
        from_rows: dict[int, RowInput] = {}
        for position, entry in enumerate(function.inputs):
            source = read_source(derived.inputs[entry.name])
            if isinstance(source, RowInput):
                from_rows[position] = source
                continue
            if (entry, source) not in known:
                known[entry, source] = (
                    _attribute(groups, source.name, entry)
                    if isinstance(source, AttributeSource)
                    else constant_column(entry, source.number, source.unit, count=batch_count)
                )
            stated[position] = known[entry, source]
        for stage in stages_of_derived(plan.specifications[specification], derived):
            rows: dict[tuple[int, str | None], dict[int, tuple[Input, RowInput]]] = {}
            for position, source in from_rows.items():
                slot = plan.input_slot(specification, source.test, stage)
                method = None if source.method is None else fold_word(source.method)
                rows.setdefault((slot, method), {})[position] = (function.inputs[position], source)
            yield Derivation(derived=derived, function=function, stage=stage, rows=rows, stated=stated)


def _attribute(groups: BatchGroups, name: str, entry: Input) -> QuantityColumn:
    table = groups.table
    if table is None or name not in table.attributes:
        return QuantityColumn(np.empty(0, dtype=np.int32), (ABSENT,))
    return stated_column(entry, table.coded(name), table.coded(f"{name}_unit"))


def derived_texts(function: DerivedFunction, columns: Sequence[QuantityColumn], *, name: str) -> list[str]:
    """Return a function of every row as text, in its unit; a reason in words where there is no value.

    Args:
        function: no total.
        columns: one for each input.
        name: of the function.
    """
    if function.rule is Rule.PRODUCT:
        return product_texts(function, columns)
    if function.rule is Rule.DIFFERENCE:
        return difference_texts(function, columns)
    from regenqc.evaluation.derivation.statistic_texts import statistic_texts  # noqa: PLC0415 - few specifications do

    return statistic_texts(name, function, columns)


def _written(derivation: Derivation, parts: Sequence[Combined]) -> BatchTexts:
    """Return the distinct results of every batch as text: the final ones first, then all.

    Beside an upper bound stands the lower one, where anything was detected.
    """
    words: list[str] = [refusal(_SEVERAL)]
    batches: list[NDArray[np.int32]] = []
    early: list[NDArray[np.bool_]] = []
    texts: list[NDArray[np.int64]] = []
    for part in parts:
        found = distinct_combinations(*(column.code for column in part.columns))
        distinct = [column.take(found.first) for column in part.columns]
        own = derived_texts(derivation.function, distinct, name=derivation.derived.function)
        text = found.of_row + len(words)
        text[part.is_open] = 0
        words += own
        beside = _least_texts(derivation, distinct, own)
        detected = np.array([word != "" for word in beside], dtype=np.bool_)[found.of_row] & ~part.is_open
        batches += [part.batch, part.batch[detected]]
        early += [part.preliminary, part.preliminary[detected]]
        texts += [text, found.of_row[detected] + len(words)]
        words += beside
    batch, preliminary, text = np.concatenate(batches), np.concatenate(early), np.concatenate(texts)
    if (batch[1:] > batch[:-1]).all():
        return BatchTexts(batch, text, words, preliminary)
    place = {word: number for number, word in enumerate(sorted(set(words)))}
    rank = np.array([place[word] for word in words], dtype=np.int64)[text]
    found = distinct_combinations(batch, preliminary.astype(np.int64), rank)
    return BatchTexts(batch[found.first], text[found.first], words, preliminary[found.first])


def _least_texts(derivation: Derivation, columns: Sequence[QuantityColumn], own: list[str]) -> list[str]:
    if not derivation.function.is_bound:
        return [""] * len(own)
    from regenqc.evaluation.derivation.statistic_texts import least_texts  # noqa: PLC0415 - few specifications do

    return least_texts(derivation.derived.function, derivation.function, columns, own)


def _totals(function: DerivedFunction, source: SourceRows) -> BatchTexts:
    """Return the sum of the results of every batch.

    Equal rows count once, so that two equal results are two only when each has an identity: an identifier or a number. A
    sum of which one part is preliminary is preliminary.
    """
    rows, ((position, column),) = source.rows, source.columns.items()
    named = np.array([_is_named(text) for text in rows.replicate.words.to_pylist()], dtype=np.bool_)
    told_apart = np.logical_and.reduceat(named[rows.replicate.codes], rows.begins) & rows.are_distinguishable()
    lacking = np.logical_and.reduceat(column.is_absent, rows.begins)
    sums = sums_of(column, rows.begins)
    words: list[str] = []
    for batch, (begin, count) in enumerate(zip(rows.begins.tolist(), rows.counts.tolist(), strict=True)):
        if not told_apart[batch]:
            words.append(refusal(_NO_IDENTITY))
        elif not sums.known[batch]:
            entries = [column.at(row) for row in range(begin, begin + count)]
            problem = next(entry.text for entry in entries if isinstance(entry, Problem))
            words.append(refusal(f"{function.inputs[position].name} {problem}"))
        elif not sums.agree[batch]:
            words.append(refusal(CENSORED))
        else:
            above, below = int(sums.numerator[batch]), sums.denominator
            if not sums.fits[batch]:
                value = sum_of([column.at(row) for row in range(begin, begin + count)])
                above, below = value.numerator, value.denominator
            words.append(quantity_text(OPERATORS[sums.operator[batch]], above, below))
    stated = np.flatnonzero(~lacking)
    preliminary = np.logical_or.reduceat(rows.preliminary, rows.begins)
    return BatchTexts(rows.batches[stated], stated, words, preliminary[stated])


def _is_named(identity: str) -> bool:
    """Return whether an identity is one of a result; that of a sample alone is not."""
    parts = identity.split(SEPARATOR)
    return bool(parts[0] or parts[-1])
