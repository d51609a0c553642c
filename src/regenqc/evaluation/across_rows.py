"""Criteria over several rows: replicates, derived results, agreement and identity between stages.

Runs once, when every row has been seen. Means, medians and derived results become rows of their own and go through the
kernel like reported ones; agreement, identity and n of m are settled here. Rows that are equal in everything count once.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache, partial
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

    from regenqc.evaluation.judge import Judge
    from regenqc.evaluation.plan import Plan
    from regenqc.specification.model import Derived, Requirement, Specification

__all__ = ["computed_rows", "settle_across_rows"]

_CHUNK: Final = 100_000


class Collected(NamedTuple):
    """One collected result."""

    replicate: str
    reported: str
    unit: str
    lod: str
    preliminary: bool
    unit_code: int
    row: int


Evidence = dict[int, dict[int, list[Collected]]]  # slot -> batch -> results, batches in ascending order


def collect(judge: Judge) -> Evidence:
    """Return the collected results by slot and batch, equal ones once, in an order that no input order changes."""
    table = judge.collected.table()
    evidence: Evidence = {}
    if not table.num_rows:
        return evidence
    slot, batch, row = (table[name].to_numpy() for name in ("slot", "batch", "row"))
    order = np.lexsort((row, batch, slot))
    columns = [_listed(table[name].take(pa.array(order))) for name in Collected._fields]
    results = list(map(partial(tuple.__new__, Collected), zip(*columns, strict=True)))
    slot, batch = slot[order], batch[order]
    starts = np.flatnonzero(np.concatenate([[True], (slot[1:] != slot[:-1]) | (batch[1:] != batch[:-1])]))
    ends = np.append(starts[1:], len(order))
    for number, code, start, end in zip(
        slot[starts].tolist(), batch[starts].tolist(), starts.tolist(), ends.tolist(), strict=True
    ):
        found = results[start:end]
        # Interim words alone are no evidence; beside results they leave open what those come to.
        if not all(_is_interim(result.reported) for result in found):
            evidence.setdefault(number, {})[code] = found if end - start == 1 else _distinct(found)
    return evidence


def _listed(column: pa.ChunkedArray) -> list[object]:
    """Return a column as a list in which equal texts are one object."""
    if not pa.types.is_string(column.type):
        values: list[object] = column.to_pylist()
        return values
    coded = column.combine_chunks().dictionary_encode()
    words = coded.dictionary.to_pylist()
    return [words[code] for code in coded.indices.to_pylist()]


@lru_cache(maxsize=1 << 16)
def _is_interim(text: str) -> bool:
    return canonical_word(text) in INTERIM_WORDS


def _distinct(results: list[Collected]) -> list[Collected]:
    # Sorted by what was reported and then by row, equal reports stand side by side and the first row comes first.
    ordered = sorted(results)
    identities = {result.replicate for result in results}
    if len(identities) == len(results):
        return ordered
    # A final result sorts before the equal preliminary one, which adds nothing to it.
    return [result for at, result in enumerate(ordered) if at == 0 or result[:4] != ordered[at - 1][:4]]


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


def computed_rows(judge: Judge, evidence: Evidence) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield means, medians and derived results as rows in canonical columns, each with the specification it is for."""
    for index in range(len(judge.plan.specifications)):
        rows = _computed(judge, index, evidence)
        while part := list(islice(rows, _CHUNK)):
            columns = [pa.array(column, type=pa.string()) for column in zip(*part, strict=True)]
            yield index, as_text_codes(pa.record_batch(columns, names=list(Row._fields)))


def settle_across_rows(judge: Judge, evidence: Evidence) -> None:
    """Judge agreement and identity between stages and n of m replicates, and raise the cells concerned."""
    judgements = _Judgements(judge)
    for number, slot in enumerate(judge.plan.slots):
        if slot.requirement < 0 or slot.part >= 0:
            continue
        requirement = judge.plan.specifications[slot.specification].requirements[slot.requirement]
        if requirement.replicates is Replicates.N_OF_M and not slot.test.endswith(MEAN_SUFFIX):
            _settle_replicates(judgements, number, requirement, evidence)
        elif requirement.replicates in _AVERAGES and not slot.test.endswith(MEAN_SUFFIX):
            _refuse_indistinguishable(judgements, number, evidence)
        elif requirement.agreement is not None or (requirement.identity and requirement.identity.equals_stage):
            _settle_comparison(judgements, number, requirement, evidence)
    judgements.settle()


_AVERAGES: Final = {Replicates.MEAN: mean_text, Replicates.MEDIAN: median_text}


def _computed(judge: Judge, index: int, evidence: Evidence) -> Iterator[Row]:
    plan = judge.plan
    specification = plan.specifications[index]
    for number, slot in enumerate(plan.slots):
        if slot.specification != index or slot.requirement < 0 or slot.part >= 0 or slot.test.endswith(MEAN_SUFFIX):
            continue
        requirement = specification.requirements[slot.requirement]
        average = _AVERAGES.get(requirement.replicates)
        if average is None or requirement.limit is None:
            continue
        name, unit, stage = f"{requirement.id}{MEAN_SUFFIX}", requirement.limit.unit, STAGES[slot.stage].value
        for batch, found in evidence.get(number, {}).items():
            for results, preliminary in _selections(found):
                if not _are_distinguishable(results):
                    continue
                values = [
                    read_quantity(result.reported, result.unit, target=unit, lod=result.lod) for result in results
                ]
                known = [value for value in values if value is not None]
                text = average(known) if len(known) == len(values) else "not computable: a replicate cannot be read"
                yield Row(judge.coder.batch_ids[batch], name, text, unit, stage, _status(preliminary=preliminary))
    for derived in specification.derived:
        yield from _derived(judge, index, specification, derived, evidence)


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
        stated: dict[int, Sequence[Quantity | str | None]] = {}
        reported: dict[int, dict[int, list[Collected]]] = {}
        for position, entry in enumerate(function.inputs):
            source = derived.inputs[entry.name]
            if source.startswith("@"):
                stated[position] = _attribute_quantities(judge, source[1:], entry.unit)
            else:
                slot = _input_slot(judge.plan, index, source, stage)
                reported[position] = evidence.get(slot, {}) if slot is not None else {}
        batches = _common(list(reported.values())) if reported else judge.groups.batches_of(index)
        columns: list[list[Quantity | str | None]] = []
        for position, entry in enumerate(function.inputs):
            if position in stated:
                values, known = stated[position], len(stated[position])
                columns.append([values[batch] if batch < known else "" for batch in batches])
            else:
                found = reported[position]
                columns.append([_only_quantity(found[batch], entry.unit) for batch in batches])
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


def _attribute_quantities(judge: Judge, name: str, target: str) -> Sequence[Quantity | str | None]:
    """Return an attribute of every listed batch as a quantity, nothing for an attribute that no batch has.

    `None` stands for what cannot be read, empty text for what is not stated.
    """
    table = judge.groups.table
    if table is None or name not in table.attributes:
        return ()
    texts = table.attributes[name]
    units = table.attributes.get(f"{name}_unit", [""] * len(texts))
    return [read_quantity(text, unit, target=target) if text else "" for text, unit in zip(texts, units, strict=True)]


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
            if not preliminary or requirement.accept_preliminary or judged[0] is not Verdict.CONFORMS:
                judgements.add(slot, batch, results[0], judged=judged)


def _judge_replicates(requirement: Requirement, results: list[Collected]) -> tuple[Verdict, Reason, str]:
    """Judge n of m: as many as stated conform, and no more than the rest of m do not, however many were reported."""
    assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
    assert requirement.replicates_conforming is not None  # noqa: S101
    assert requirement.replicates_total is not None  # noqa: S101
    needed, total = requirement.replicates_conforming, requirement.replicates_total
    interval = exact_interval(requirement.limit, rounding=requirement.rounding)
    conforming = failing = 0
    for result in results:
        quantity = read_quantity(result.reported, result.unit, target=requirement.limit.unit, lod=result.lod)
        if quantity is not None and quantity.operator == "":
            inside = interval.contains(quantity.fraction)
            conforming, failing = conforming + inside, failing + (not inside)
    count = len(results)
    found = f"{conforming} conform, {failing} do not, {count} reported"
    if not _are_distinguishable(results):
        return Verdict.INCONCLUSIVE, Reason.REPLICATES_INDISTINGUISHABLE, found
    if conforming >= needed and count >= total and count - conforming <= total - needed:
        return Verdict.CONFORMS, Reason.CONFORMS, found
    if failing > max(count, total) - needed:
        return Verdict.FAILS, Reason.REPLICATES_NOT_CONFORMING, found
    if count > total:
        return Verdict.INCONCLUSIVE, Reason.REPLICATES_NOT_CONFORMING, found
    return Verdict.INCONCLUSIVE, Reason.REPLICATES_TOO_FEW, found


def _settle_comparison(judgements: _Judgements, slot: int, requirement: Requirement, evidence: Evidence) -> None:
    plan = judgements.judge.plan
    entry = plan.slots[slot]
    stage = requirement.agreement.stage if requirement.agreement else requirement.identity.equals_stage  # type: ignore[union-attr]
    assert stage is not None  # noqa: S101 - one of the two is set
    reference_slot = _input_slot(plan, entry.specification, entry.test, STAGES.index(stage))
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
