"""Criteria over several rows: replicates, derived results, agreement and identity between stages.

Runs when every row of the batches concerned has been seen. Means, medians and derived results become rows of their own and go through the
kernel like reported ones; agreement, identity and n of m are settled here. Rows that are equal in everything count once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.comparisons import judge_comparison
from regenqc.evaluation.derivation.exact_rules import is_refusal
from regenqc.evaluation.derived import derivations
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.evaluation.plan import MEAN_SUFFIX, STAGES
from regenqc.evaluation.read_ahead import read_ahead
from regenqc.evaluation.replicates import averages, indistinguishable, judge_replicates
from regenqc.evaluation.slots import other_stage
from regenqc.vocabulary import Replicates, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.collected import CollectedResults, SlotRows
    from regenqc.evaluation.derivation.columns import QuantityColumn
    from regenqc.evaluation.derived import Derivation
    from regenqc.evaluation.judge import Judge
    from regenqc.evaluation.plan import Plan
    from regenqc.evaluation.replicates import BatchTexts, Judged
    from regenqc.intake.batch_numbers import BatchNumbers
    from regenqc.specification.model import Requirement

__all__ = ["AcrossRows", "ComputedPart", "ComputedRows", "rows_of_parts"]

_ROWS_AT_ONCE: Final = 100_000
_AVERAGED: Final = frozenset({Replicates.MEAN, Replicates.MEDIAN})


class ComputedPart(NamedTuple):
    """Computed results of one test at one stage."""

    results: BatchTexts
    test: str
    unit: str
    stage: str


class ComputedRows(NamedTuple):
    """Computed results as rows.

    Args:
        rows: dictionary-coded text in canonical columns.
        batch_codes: code of each word of their dictionary of batches.
    """

    rows: pa.RecordBatch
    batch_codes: NDArray[np.int32]


class AcrossRows:
    """What specifications want of several rows together.

    Args:
        judge: of which every batch is numbered.
    """

    def __init__(self, judge: Judge) -> None:
        known: dict[Hashable, QuantityColumn] = {}
        self._judge = judge
        self._criteria = [_criteria_of(judge, index, known) for index in range(len(judge.plan.specifications))]

    def computed_of_no_rows(self) -> Iterator[tuple[tuple[int, ...], ComputedRows]]:
        """Yield derived results of which no input is reported as rows, for every batch; otherwise as `computed` does."""
        return self._rows(_computed_of_no_rows(self._judge, self._criteria))

    def computed(self, collected: CollectedResults) -> Iterator[tuple[tuple[int, ...], ComputedRows]]:
        """Yield means, medians and derived results as rows in canonical columns, each with the specifications it is for.

        On the way, agreement and identity between stages and n of m replicates are judged, and the cells concerned raised.

        Args:
            collected: every row of the batches that it names.
        """
        return self._rows(_computed(self._judge, self._criteria, collected))

    def _rows(
        self, parts: Iterator[tuple[tuple[int, ...], ComputedPart]]
    ) -> Iterator[tuple[tuple[int, ...], ComputedRows]]:
        batch_ids = self._judge.coder.batch_ids
        held: dict[tuple[int, ...], list[ComputedPart]] = {}
        for specifications, part in parts:
            if not len(part.results.batch):
                continue
            own = held.setdefault(specifications, [])
            own.append(part)
            if sum(len(entry.results.batch) for entry in own) >= _ROWS_AT_ONCE:
                yield specifications, rows_of_parts(held.pop(specifications), batch_ids)
        for specifications, own in held.items():
            yield specifications, rows_of_parts(own, batch_ids)


class _Together(NamedTuple):
    """A requirement whose rows count only together, or with those of another stage.

    Args:
        slot: of its rows.
        requirement: with its policy or comparison.
        reference: slot of the rows at the other stage, if there is one.
    """

    slot: int
    requirement: Requirement
    reference: int | None


class _Criteria(NamedTuple):
    """What one specification wants of several rows together.

    Args:
        averaged: requirements of which the mean or median is judged, with the slot of their rows.
        together: requirements that are settled here.
        derivations: derived results.
    """

    averaged: list[tuple[int, Requirement]]
    together: list[_Together]
    derivations: list[Derivation]

    @property
    def slots(self) -> set[int]:
        """Return the slots that rows are taken from."""
        references = {entry.reference for entry in self.together if entry.reference is not None}
        derived = {slot for derivation in self.derivations for slot in derivation.slots}
        return {slot for slot, _ in self.averaged} | {entry.slot for entry in self.together} | references | derived


def _criteria_of(judge: Judge, index: int, known: dict[Hashable, QuantityColumn]) -> _Criteria:
    plan = judge.plan
    own = [entry for entry in _single_slots(plan) if plan.slots[entry[0]].specification == index]
    return _Criteria(
        averaged=[(slot, requirement) for slot, requirement in own if requirement.replicates in _AVERAGED],
        together=[
            _Together(slot, requirement, _reference_slot(plan, slot, requirement))
            for slot, requirement in own
            if requirement.replicates is not Replicates.EACH or other_stage(requirement) is not None
        ],
        derivations=list(derivations(plan, judge.groups, index, batch_count=len(judge.coder.batch_ids), known=known)),
    )


def _computed_of_no_rows(judge: Judge, criteria: Sequence[_Criteria]) -> Iterator[tuple[tuple[int, ...], ComputedPart]]:
    for index, entry in enumerate(criteria):
        for derivation in entry.derivations:
            if not derivation.rows:
                batches = np.array(judge.groups.batches_of(index), dtype=np.int32)
                yield (index,), _part(derivation, derivation.of_batches(batches))


def _computed(
    judge: Judge, criteria: Sequence[_Criteria], collected: CollectedResults
) -> Iterator[tuple[tuple[int, ...], ComputedPart]]:
    """Yield computed results with the specifications that they are for: versions of one mostly compute the same."""
    for block in read_ahead(collected.blocks({slot for entry in criteria for slot in entry.slots})):
        found: dict[Hashable, tuple[list[int], ComputedPart]] = {}
        sources = {slot: id(rows) for slot, rows in block.items()}
        for index, entry in enumerate(criteria):
            for together in entry.together:
                _judge_together(judge, block, together)
            for key, part in _parts_of_block(judge.plan, entry, block, sources, known=found):
                found.setdefault(key, ([], part))[0].append(index)
        for specifications, part in found.values():
            yield tuple(specifications), part


def _parts_of_block(
    plan: Plan,
    criteria: _Criteria,
    block: Mapping[int, SlotRows],
    sources: Mapping[int, int],
    *,
    known: Mapping[Hashable, tuple[list[int], ComputedPart]],
) -> Iterator[tuple[Hashable, ComputedPart]]:
    """Yield what one specification computes of a block, with what it follows from: equal keys have equal results.

    Args:
        plan: with the slots.
        criteria: of the specification.
        block: rows by slot.
        sources: what tells them apart.
        known: by key what has been computed of this block already.
    """
    for slot, requirement in criteria.averaged:
        if slot in block:
            assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
            stage, unit = STAGES[plan.slots[slot].stage].value, requirement.limit.unit
            key: Hashable = (sources[slot], requirement.id, requirement.replicates, unit, stage)
            yield (
                key,
                known[key][1]
                if key in known
                else ComputedPart(averages(block[slot], requirement), f"{requirement.id}{MEAN_SUFFIX}", unit, stage),
            )
    for derivation in criteria.derivations:
        if derivation.rows:
            key = (derivation.derived.id, derivation.stage, derivation.key(sources))
            yield key, known[key][1] if key in known else _part(derivation, derivation.of_block(block))


def _part(derivation: Derivation, results: BatchTexts) -> ComputedPart:
    return ComputedPart(results, derivation.derived.id, derivation.function.unit, STAGES[derivation.stage].value)


def rows_of_parts(parts: list[ComputedPart], batch_ids: BatchNumbers) -> ComputedRows:
    """Return computed results as rows of dictionary-coded text; `batch_ids` are the identifiers by batch code."""
    counts = [len(part.results.batch) for part in parts]
    together = np.concatenate([part.results.batch for part in parts])
    # Codes within a block lie close to one another.
    first, batch = distinct_combinations(together - together.min(initial=0))
    batches = together[first]
    preliminary = np.concatenate([part.results.preliminary for part in parts]).astype(np.int32)
    known: dict[str, int] = {}
    texts = [
        np.array([known.setdefault(word, len(known)) for word in part.results.words], dtype=np.int32)[part.results.text]
        for part in parts
    ]
    columns = {
        "batch_id": _coded(batch, batch_ids.take(batches)),
        "test": _repeated([part.test for part in parts], counts),
        "result": _coded(np.concatenate(texts), pa.array(list(known), type=pa.string())),
        "unit": _units(parts),
        "stage": _repeated([part.stage for part in parts], counts),
        "status": _coded(preliminary, pa.array([Status.VERIFIED.value, Status.PRELIMINARY.value])),
    }
    return ComputedRows(pa.record_batch(columns), batches)


def _units(parts: list[ComputedPart]) -> pa.DictionaryArray:
    """Return the unit of every result; a reason why there is none has no unit."""
    known = {"": 0}
    codes = [
        np.where(
            np.array([is_refusal(word) for word in part.results.words], dtype=np.bool_)[part.results.text],
            0,
            known.setdefault(part.unit, len(known)),
        )
        for part in parts
    ]
    return _coded(np.concatenate(codes), pa.array(list(known)))


def _repeated(words: list[str], counts: list[int]) -> pa.DictionaryArray:
    known: dict[str, int] = {}
    return _coded(np.repeat([known.setdefault(word, len(known)) for word in words], counts), pa.array(list(known)))


def _coded(codes: np.ndarray, words: pa.StringArray) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), words)


def _judge_together(judge: Judge, block: Mapping[int, SlotRows], entry: _Together) -> None:
    """Judge one requirement for the batches of a block."""
    if entry.slot not in block:
        return
    rows, requirement = block[entry.slot], entry.requirement
    if requirement.replicates is Replicates.N_OF_M:
        found = judge_replicates(rows, requirement)
    elif requirement.replicates in _AVERAGED:
        found = indistinguishable(rows)
    else:
        found = judge_comparison(rows, None if entry.reference is None else block.get(entry.reference), requirement)
    for judged in found:
        _settle(judge, entry.slot, judged)


def _settle(judge: Judge, slot: int, judged: Judged) -> None:
    """Raise the cells of judgements, and record what has to be explained."""
    rows, at = judged.rows, judged.at
    batch = rows.batches if at is None else rows.batch[at]
    judge.raise_cells(batch, np.full(len(batch), slot, dtype=np.int32), judged.verdict)
    explained = judged.verdict != Verdict.CONFORMS
    if not explained.any():
        return
    if at is None:
        rows = rows.take(rows.of_batches(explained))
        at = rows.first_of_batches()
    else:
        at = at[explained]
    judge.explain(
        batch=rows.batch[at],
        slot=np.full(len(at), slot, dtype=np.int32),
        verdict=judged.verdict[explained],
        reason=judged.reason[explained],
        unit_code=rows.unit_code[at],
        row=rows.row[at],
        reported=rows.reported.at(at),
        unit=rows.unit.at(at),
        detail=judged.detail.filter(pa.array(explained)),
    )


def _single_slots(plan: Plan) -> Iterator[tuple[int, Requirement]]:
    """Yield the slots that collect or judge the rows of one requirement as a whole."""
    for number, slot in enumerate(plan.slots):
        if slot.requirement >= 0 and slot.part < 0 and not slot.test.endswith(MEAN_SUFFIX):
            yield number, plan.specifications[slot.specification].requirements[slot.requirement]


def _reference_slot(plan: Plan, number: int, requirement: Requirement) -> int | None:
    stage = other_stage(requirement)
    if stage is None:
        return None
    slot = plan.slots[number]
    return plan.input_slot(slot.specification, slot.test, STAGES.index(stage))
