"""Criteria over several rows: replicates, derived results, agreement and identity between stages.

Runs once, when every row has been seen. Means, medians and derived results become rows of their own and go through the
kernel like reported ones; agreement, identity and n of m are settled here. Rows that are equal in everything count once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.comparisons import judge_comparison
from regenqc.evaluation.derivation.exact_rules import is_refusal
from regenqc.evaluation.derived import derivations
from regenqc.evaluation.plan import MEAN_SUFFIX, STAGES
from regenqc.evaluation.replicates import averages, indistinguishable, judge_replicates
from regenqc.evaluation.slots import other_stage
from regenqc.vocabulary import Replicates, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regenqc.evaluation.collected import CollectedResults, SlotRows
    from regenqc.evaluation.judge import Judge
    from regenqc.evaluation.plan import Plan
    from regenqc.evaluation.replicates import BatchTexts, Judged
    from regenqc.specification.model import Requirement

__all__ = ["ComputedPart", "computed_rows", "rows_of_parts"]

_ROWS_AT_ONCE: Final = 100_000
_AVERAGED: Final = frozenset({Replicates.MEAN, Replicates.MEDIAN})


class ComputedPart(NamedTuple):
    """Computed results of one test at one stage."""

    results: BatchTexts
    test: str
    unit: str
    stage: str


def computed_rows(judge: Judge, collected: CollectedResults) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield means, medians and derived results as rows in canonical columns, each with the specification it is for.

    On the way, agreement and identity between stages and n of m replicates are judged, and the cells concerned raised.
    """
    batch_ids = judge.coder.batch_ids
    for index in range(len(judge.plan.specifications)):
        held: list[ComputedPart] = []
        count = 0
        for part in _computed(judge, index, collected):
            if len(part.results.batch):
                held.append(part)
                count += len(part.results.batch)
            if count >= _ROWS_AT_ONCE:
                yield index, rows_of_parts(held, batch_ids)
                held, count = [], 0
        if held:
            yield index, rows_of_parts(held, batch_ids)


def _computed(judge: Judge, index: int, collected: CollectedResults) -> Iterator[ComputedPart]:
    plan = judge.plan
    averaged = [
        (number, requirement)
        for number, requirement in _single_slots(plan)
        if plan.slots[number].specification == index and requirement.replicates in _AVERAGED
    ]
    found = list(derivations(plan, judge.groups, index, batch_count=len(judge.coder.batch_ids)))
    for derivation in found:
        if not derivation.rows:
            batches = np.array(judge.groups.batches_of(index), dtype=np.int32)
            stage = STAGES[derivation.stage].value
            yield ComputedPart(derivation.of_batches(batches), derivation.derived.id, derivation.function.unit, stage)
    needed = {slot for derivation in found for slot in derivation.slots}
    together = list(_judged_together(plan, index))
    needed |= {slot for entry in together for slot in entry.slots}
    for block in collected.blocks({*(number for number, _ in averaged), *needed}):
        for entry in together:
            _judge_together(judge, block, entry)
        for number, requirement in averaged:
            if number in block:
                assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
                name, stage = f"{requirement.id}{MEAN_SUFFIX}", STAGES[plan.slots[number].stage].value
                yield ComputedPart(averages(block[number], requirement), name, requirement.limit.unit, stage)
        for derivation in found:
            if derivation.rows:
                stage = STAGES[derivation.stage].value
                yield ComputedPart(derivation.of_block(block), derivation.derived.id, derivation.function.unit, stage)


def rows_of_parts(parts: list[ComputedPart], batch_ids: Sequence[str]) -> pa.RecordBatch:
    """Return computed results as rows of dictionary-coded text; `batch_ids` are the identifiers by batch code."""
    counts = [len(part.results.batch) for part in parts]
    batches, batch = np.unique(np.concatenate([part.results.batch for part in parts]), return_inverse=True)
    preliminary = np.concatenate([part.results.preliminary for part in parts]).astype(np.int32)
    known: dict[str, int] = {}
    texts = [
        np.array([known.setdefault(word, len(known)) for word in part.results.words], dtype=np.int32)[part.results.text]
        for part in parts
    ]
    columns = {
        "batch_id": _coded(batch, pa.array([batch_ids[code] for code in batches.tolist()], type=pa.string())),
        "test": _repeated([part.test for part in parts], counts),
        "result": _coded(np.concatenate(texts), pa.array(list(known), type=pa.string())),
        "unit": _units(parts),
        "stage": _repeated([part.stage for part in parts], counts),
        "status": _coded(preliminary, pa.array([Status.VERIFIED.value, Status.PRELIMINARY.value])),
    }
    return pa.record_batch(columns)


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

    @property
    def slots(self) -> set[int]:
        """Return the slots that it takes rows from."""
        return {self.slot} if self.reference is None else {self.slot, self.reference}


def _judged_together(plan: Plan, index: int) -> Iterator[_Together]:
    for number, requirement in _single_slots(plan):
        is_together = requirement.replicates is not Replicates.EACH or other_stage(requirement) is not None
        if plan.slots[number].specification == index and is_together:
            yield _Together(number, requirement, _reference_slot(plan, number, requirement))


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
