"""Criteria over several rows: replicates, derived results, agreement and identity between stages.

Runs once, when every row has been seen. Means, medians and derived results become rows of their own and go through the
kernel like reported ones; agreement, identity and n of m are settled here. Rows that are equal in everything count once.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.derived import (
    FUNCTIONS,
    DerivedFunction,
    Quantity,
    derive,
    mean_text,
    median_text,
    read_quantity,
)
from regenqc.evaluation.plan import MEAN_SUFFIX, STAGES, composite_parts
from regenqc.intake.readers.text import as_text_codes
from regenqc.measurement.reported import fold_text, fold_word
from regenqc.specification.criteria import canonical_word, exact_interval
from regenqc.vocabulary import INTERIM_WORDS, UNDECIDED_WORDS, Reason, Replicates, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.evaluation.collected import Collected, CollectedResults, Evidence
    from regenqc.evaluation.judge import Judge
    from regenqc.evaluation.plan import Plan
    from regenqc.specification.model import Derived, Requirement, Specification
    from regenqc.vocabulary import Stage

__all__ = ["computed_rows", "settle_across_rows"]

_CHUNK: Final = 100_000


def _selections(results: list[Collected]) -> list[tuple[list[Collected], bool]]:
    """Return the results that count, then all of them where some are preliminary, and whether some are.

    A preliminary result never satisfies a requirement and can fail one, so that both have to be judged.
    """
    final = [result for result in results if not result.preliminary]
    if len(final) == len(results):
        return [(results, False)]
    return [(final, False), (results, True)] if final else [(results, True)]


class Row(NamedTuple):
    """One computed result in canonical columns."""

    batch_id: str
    test: str
    result: str
    unit: str
    stage: str
    status: str


def computed_rows(judge: Judge, collected: CollectedResults) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield means, medians and derived results as rows in canonical columns, each with the specification it is for."""
    for index in range(len(judge.plan.specifications)):
        rows = _computed(judge, index, collected)
        while part := list(islice(rows, _CHUNK)):
            columns = [pa.array(column, type=pa.string()) for column in zip(*part, strict=True)]
            yield index, as_text_codes(pa.record_batch(columns, names=list(Row._fields)))


def settle_across_rows(judge: Judge, collected: CollectedResults) -> None:
    """Judge agreement and identity between stages and n of m replicates, and raise the cells concerned."""
    judgements = _Judgements(judge)
    concerned = [
        (number, requirement)
        for number, requirement in _single_slots(judge.plan)
        if requirement.replicates is not Replicates.EACH or _other_stage(requirement) is not None
    ]
    slots = {number for number, _ in concerned} | {
        reference
        for number, requirement in concerned
        if (reference := _reference_slot(judge.plan, number, requirement)) is not None
    }
    for evidence in collected.blocks(slots):
        for number, requirement in concerned:
            if requirement.replicates is Replicates.N_OF_M:
                _settle_replicates(judgements, number, requirement, evidence)
            elif requirement.replicates in _AVERAGES:
                _refuse_indistinguishable(judgements, number, evidence)
            else:
                _settle_comparison(judgements, number, requirement, evidence)
    judgements.settle()


def _single_slots(plan: Plan) -> Iterator[tuple[int, Requirement]]:
    """Yield the slots that collect or judge the rows of one requirement as a whole."""
    for number, slot in enumerate(plan.slots):
        if slot.requirement >= 0 and slot.part < 0 and not slot.test.endswith(MEAN_SUFFIX):
            yield number, plan.specifications[slot.specification].requirements[slot.requirement]


def _other_stage(requirement: Requirement) -> Stage | None:
    if requirement.agreement is not None:
        return requirement.agreement.stage
    return requirement.identity.equals_stage if requirement.identity is not None else None


def _reference_slot(plan: Plan, number: int, requirement: Requirement) -> int | None:
    stage = _other_stage(requirement)
    slot = plan.slots[number]
    return None if stage is None else _input_slot(plan, slot.specification, slot.test, STAGES.index(stage))


_AVERAGES: Final = {Replicates.MEAN: mean_text, Replicates.MEDIAN: median_text}


def _computed(judge: Judge, index: int, collected: CollectedResults) -> Iterator[Row]:
    plan = judge.plan
    specification = plan.specifications[index]
    averaged = [
        (number, requirement)
        for number, requirement in _single_slots(plan)
        if plan.slots[number].specification == index and requirement.replicates in _AVERAGES
    ]
    inputs = plan.slots_of[index].get(-2, ())
    for derived in specification.derived:
        if all(source.startswith("@") for source in derived.inputs.values()):
            yield from _derived(judge, index, specification, derived, {})
    for evidence in collected.blocks({*(number for number, _ in averaged), *inputs}):
        for number, requirement in averaged:
            yield from _averages(judge, number, requirement, evidence)
        for derived in specification.derived:
            if not all(source.startswith("@") for source in derived.inputs.values()):
                yield from _derived(judge, index, specification, derived, evidence)


def _averages(judge: Judge, number: int, requirement: Requirement, evidence: Evidence) -> Iterator[Row]:
    assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
    average, unit = _AVERAGES[requirement.replicates], requirement.limit.unit
    name, stage = f"{requirement.id}{MEAN_SUFFIX}", STAGES[judge.plan.slots[number].stage].value
    for batch, found in evidence.get(number, {}).items():
        for results, preliminary in _selections(found):
            if not _are_distinguishable(results):
                continue
            values = [read_quantity(result.reported, result.unit, target=unit, lod=result.lod) for result in results]
            known = [value for value in values if value is not None]
            text = average(known) if len(known) == len(values) else "not computable: a replicate cannot be read"
            yield Row(judge.coder.batch_ids[batch], name, text, unit, stage, _status(preliminary=preliminary))


_PRELIMINARY: Final = Status.PRELIMINARY.value
_VERIFIED: Final = Status.VERIFIED.value


def _status(*, preliminary: bool) -> str:
    return _PRELIMINARY if preliminary else _VERIFIED


def _derived(
    judge: Judge, index: int, specification: Specification, derived: Derived, evidence: Evidence
) -> Iterator[Row]:
    function = FUNCTIONS[derived.function]
    batch_ids, unit = judge.coder.batch_ids, function.unit
    for stage in _stages(specification, derived):
        place = STAGES[stage].value
        reported: dict[int, dict[int, list[Collected]]] = {}
        for position, entry in enumerate(function.inputs):
            source = derived.inputs[entry.name]
            if not source.startswith("@"):
                slot = _input_slot(judge.plan, index, source, stage)
                reported[position] = evidence.get(slot, {}) if slot is not None else {}
        batches = _common(list(reported.values())) if reported else judge.groups.batches_of(index)
        columns = [
            [_only_quantity(reported[position][batch], entry.unit) for batch in batches]
            if position in reported
            else _attribute_quantities(judge, derived.inputs[entry.name][1:], entry.unit, batches)
            for position, entry in enumerate(function.inputs)
        ]
        for batch, quantities in zip(batches, zip(*columns, strict=True), strict=True):
            if "" in quantities:
                continue
            if _SEVERAL not in quantities:
                yield Row(batch_ids[batch], derived.id, derive(function, quantities), unit, place, _VERIFIED)
                continue
            results = {position: found[batch] for position, found in reported.items()}
            for chosen, preliminary in _input_selections(results):
                for text in _values(function, list(quantities), chosen):
                    yield Row(batch_ids[batch], derived.id, text, unit, place, _status(preliminary=preliminary))


# Stands for an input with several results, or with a preliminary one.
_SEVERAL: Final = "several"


def _only_quantity(results: list[Collected], unit: str) -> Quantity | str | None:
    """Return the quantity of the only result, where there is one and it is final."""
    result = results[0]
    if len(results) > 1 or result.preliminary:
        return _SEVERAL
    return read_quantity(result.reported, result.unit, target=unit, lod=result.lod)


def _input_selections(reported: dict[int, list[Collected]]) -> list[tuple[dict[int, list[Collected]], bool]]:
    if not any(result.preliminary for results in reported.values() for result in results):
        return [(reported, False)]
    final = {
        position: [result for result in results if not result.preliminary] for position, results in reported.items()
    }
    return [(final, False), (reported, True)] if all(final.values()) else [(reported, True)]


def _common(found: list[dict[int, list[Collected]]]) -> list[int]:
    first, *others = found
    return [batch for batch in first if all(batch in results for results in others)] if others else list(first)


def _values(
    function: DerivedFunction, stated: list[Quantity | str | None], reported: dict[int, list[Collected]]
) -> list[str]:
    """Return the derived result for every value of the one input that has several."""
    inputs: list[Any] = list(stated)
    several: dict[int, list[Quantity | None]] = {}
    for position, results in reported.items():
        target = function.inputs[position].unit
        values = [read_quantity(result.reported, result.unit, target=target, lod=result.lod) for result in results]
        inputs[position] = values[0]
        if len(values) > 1 and len(set(values)) > 1:
            several[position] = values
    if not several:
        return [derive(function, inputs)]
    if len(several) > 1:
        return ["not computable: several values of several inputs"]
    ((position, values),) = several.items()
    return sorted({derive(function, [*inputs[:position], value, *inputs[position + 1 :]]) for value in values})


def _attribute_quantities(judge: Judge, name: str, target: str, batches: Sequence[int]) -> list[Quantity | str | None]:
    """Return an attribute of some batches as quantities: `None` for what cannot be read, empty text for what is not stated."""
    table = judge.groups.table
    if table is None or name not in table.attributes:
        return [""] * len(batches)
    texts, listed = table.attributes[name], len(table.batch_ids)
    units = table.attributes.get(f"{name}_unit")
    return [
        read_quantity(texts[batch], units[batch] if units is not None else "", target=target)
        if batch < listed and texts[batch]
        else ""
        for batch in batches
    ]


def _stages(specification: Specification, derived: Derived) -> list[int]:
    if derived.stage is not None:
        return [STAGES.index(derived.stage)]
    return sorted(
        {
            STAGES.index(requirement.stage)
            for requirement in specification.requirements
            if requirement.stage is not None
            and (
                requirement.test == derived.id or any(part.test == derived.id for part in composite_parts(requirement))
            )
        }
    )


def _input_slot(plan: Plan, specification: int, test: str, stage: int) -> int | None:
    for slot in plan.slots_of[specification].get(-2, ()):
        if plan.slots[slot].test == test and plan.slots[slot].stage == stage:
            return slot
    return None


def _are_distinguishable(results: list[Collected]) -> bool:
    """Return whether replicates carry identities of their own; without them they may be copies of one row."""
    if len(results) == 1:
        return True
    identities = [result.replicate for result in results]
    return all(identities) and len(set(identities)) == len(identities)


def _refuse_indistinguishable(judgements: _Judgements, slot: int, evidence: Evidence) -> None:
    for batch, results in evidence.get(slot, {}).items():
        if not all(_are_distinguishable(selection) for selection, _ in _selections(results)):
            reason = Reason.REPLICATES_INDISTINGUISHABLE
            judgements.add(slot, batch, results[0], judged=(Verdict.INCONCLUSIVE, reason, None))


def _settle_replicates(judgements: _Judgements, slot: int, requirement: Requirement, evidence: Evidence) -> None:
    for batch, found in evidence.get(slot, {}).items():
        for results, preliminary in _selections(found):
            judged = _judge_replicates(requirement, results)
            if not preliminary or requirement.accept_preliminary or judged[0] > Verdict.ALERT:
                judgements.add(slot, batch, results[0], judged=judged)


def _judge_replicates(requirement: Requirement, results: list[Collected]) -> tuple[Verdict, Reason, str]:
    """Judge n of m: as many as stated conform, and no more than the rest of m do not, however many were reported."""
    assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
    assert requirement.replicates_conforming is not None  # noqa: S101
    assert requirement.replicates_total is not None  # noqa: S101
    needed, total = requirement.replicates_conforming, requirement.replicates_total
    unit = requirement.limit.unit
    quantities = [read_quantity(result.reported, result.unit, target=unit, lod=result.lod) for result in results]
    spans = [quantity.span for quantity in quantities if quantity is not None]
    interval = exact_interval(requirement.limit, rounding=requirement.rounding)
    conforming = sum(span.is_within(interval) for span in spans)
    failing = sum(span.is_apart(interval) for span in spans)
    count = len(results)
    found = f"{conforming} conform, {failing} do not, {count} reported"
    if not _are_distinguishable(results):
        return Verdict.INCONCLUSIVE, Reason.REPLICATES_INDISTINGUISHABLE, found
    if count >= total and conforming >= max(needed, count - (total - needed)):
        unrounded = exact_interval(requirement.limit)
        if sum(span.is_within(unrounded) for span in spans) < max(needed, count - (total - needed)):
            return Verdict.ALERT, Reason.CONFORMS_BY_ROUNDING, found
        return Verdict.CONFORMS, Reason.CONFORMS, found
    if failing > max(count, total) - needed:
        return Verdict.FAILS, Reason.REPLICATES_NOT_CONFORMING, found
    if count > total:
        return Verdict.INCONCLUSIVE, Reason.REPLICATES_NOT_CONFORMING, found
    return Verdict.INCONCLUSIVE, Reason.REPLICATES_TOO_FEW, found


def _settle_comparison(judgements: _Judgements, slot: int, requirement: Requirement, evidence: Evidence) -> None:
    stage = _other_stage(requirement)
    reference_slot = _reference_slot(judgements.judge.plan, slot, requirement)
    references = evidence.get(reference_slot, {}) if reference_slot is not None else {}
    for batch, results in evidence.get(slot, {}).items():
        known = references.get(batch, [])
        for result in results:
            if not known:
                missing = (
                    Reason.AGREEMENT_REFERENCE_MISSING if requirement.agreement else Reason.IDENTITY_REFERENCE_MISSING
                )
                judged = (Verdict.INCONCLUSIVE, missing, f"no result at stage {stage}")
                judgements.add(slot, batch, result, judged=judged)
            for reference in known:
                compare = _agree if requirement.agreement else _equal
                found = compare(requirement, result, reference)
                preliminary = result.preliminary or reference.preliminary
                if not preliminary or requirement.accept_preliminary or found[0] is not Verdict.CONFORMS:
                    judgements.add(slot, batch, result, judged=found)


def _equal(_: Requirement, result: Collected, reference: Collected) -> tuple[Verdict, Reason, str | None]:
    for entry in (result, reference):
        word = canonical_word(entry.reported)
        if word in INTERIM_WORDS or word in UNDECIDED_WORDS:
            return (
                Verdict.INCONCLUSIVE,
                Reason.UNKNOWN_WORD,
                f"the stages reported '{result.reported}' and '{reference.reported}'",
            )
    same_unit = fold_text(result.unit) == fold_text(reference.unit)
    if same_unit and fold_word(result.reported) == fold_word(reference.reported):
        return Verdict.CONFORMS, Reason.CONFORMS, None
    return (
        Verdict.FAILS,
        Reason.IDENTITY_MISMATCH,
        f"expected '{reference.reported} {reference.unit}'".replace(" '", "'"),
    )


def _agree(requirement: Requirement, result: Collected, reference: Collected) -> tuple[Verdict, Reason, str | None]:
    agreement = requirement.agreement
    assert agreement is not None  # noqa: S101 - the caller asked
    target = agreement.unit if agreement.absolute is not None else (reference.unit or "%" * ("%" in reference.reported))
    here = read_quantity(result.reported, result.unit, target=target, lod=result.lod)
    there = read_quantity(reference.reported, reference.unit, target=target, lod=reference.lod)
    detail = f"the other stage reported {reference.reported} {reference.unit}".rstrip()
    if here is None or there is None or here.operator or there.operator:
        return Verdict.INCONCLUSIVE, Reason.AGREEMENT_REFERENCE_MISSING, detail
    if agreement.absolute is not None:
        tolerance = Fraction(agreement.absolute)
    else:
        tolerance = abs(there.fraction) * Fraction(agreement.relative or "0") / 100
    if abs(here.fraction - there.fraction) <= tolerance:
        return Verdict.CONFORMS, Reason.CONFORMS, None
    return Verdict.FAILS, Reason.AGREEMENT_EXCEEDED, detail


class _Judgements:
    """Judgements over several rows, kept until all are made: cells and findings take them column by column."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._made: list[tuple[int, int, Verdict, Reason, Collected, str | None]] = []

    def add(self, slot: int, batch: int, result: Collected, *, judged: tuple[Verdict, Reason, str | None]) -> None:
        """Keep one judgement."""
        verdict, reason, detail = judged
        self._made.append((batch, slot, verdict, reason, result, detail))

    def settle(self) -> None:
        """Raise the cells and record what has to be explained."""
        if not self._made:
            return
        batch, slot, verdict, reason, result, detail = zip(*self._made, strict=True)
        batches, slots = np.array(batch, dtype=np.int32), np.array(slot, dtype=np.int32)
        verdicts = np.array(verdict, dtype=np.uint8)
        self.judge.raise_cells(batches, slots, verdicts)
        kept = np.flatnonzero(verdicts != Verdict.CONFORMS)
        results = [result[at] for at in kept.tolist()]
        self.judge.explain(
            batch=batches[kept],
            slot=slots[kept],
            verdict=verdicts[kept],
            reason=np.array(reason, dtype=np.uint8)[kept],
            unit_code=np.array([entry.unit_code for entry in results], dtype=np.int16),
            row=np.array([entry.row for entry in results], dtype=np.int64),
            reported=pa.array([entry.reported for entry in results], type=pa.string()),
            unit=pa.array([entry.unit for entry in results], type=pa.string()),
            detail=pa.array([detail[at] for at in kept.tolist()], type=pa.string()),
        )
