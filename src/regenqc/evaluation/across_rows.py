"""Criteria over several rows: replicates, derived results, agreement and identity between stages.

Runs once, when every row has been seen. Means, medians and derived results become rows of their own and go through the
kernel like reported ones; agreement, identity and n of m are settled here. Rows that are equal in everything count once.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.derived import FUNCTIONS, derive, mean_text, median_text, read_quantity
from regenqc.evaluation.plan import MEAN_SUFFIX, STAGES, composite_parts
from regenqc.intake.readers.text import as_text_codes
from regenqc.measurement.reported import fold_word
from regenqc.specification.criteria import exact_interval
from regenqc.vocabulary import Reason, Replicates, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.evaluation.judge import Judge
    from regenqc.evaluation.plan import Plan
    from regenqc.specification.model import Derived, Requirement, Specification

__all__ = ["computed_rows", "settle_across_rows"]

_CHUNK: Final = 100_000


class Collected(NamedTuple):
    """One collected result."""

    unit_code: int
    row: int
    reported: str
    unit: str
    lod: str
    replicate: str


Evidence = dict[int, dict[int, list[Collected]]]  # slot -> batch -> results


def collect(judge: Judge) -> Evidence:
    """Return the collected results by slot and batch, equal ones once, in an order that no input order changes."""
    evidence: Evidence = defaultdict(lambda: defaultdict(list))
    for batch in judge.collected.table().to_batches():
        columns = [column.to_pylist() for column in batch.columns]
        for number, slot, *rest in zip(*columns, strict=True):
            evidence[slot][number].append(Collected(*rest))
    for batches in evidence.values():
        for number, results in batches.items():
            first: dict[tuple[str, str, str, str], Collected] = {}
            for result in sorted(results, key=lambda item: item.row):
                first.setdefault((result.replicate, result.reported, result.unit, result.lod), result)
            batches[number] = [first[key] for key in sorted(first)]
    return evidence


def computed_rows(judge: Judge, evidence: Evidence) -> Iterator[pa.RecordBatch]:
    """Yield means, medians and derived results as rows in canonical columns."""
    rows: list[tuple[str, str, str, str, str]] = []
    for row in _computed(judge, evidence):
        rows.append(row)
        if len(rows) == _CHUNK:
            yield _as_batch(rows)
            rows = []
    if rows:
        yield _as_batch(rows)


def settle_across_rows(judge: Judge, evidence: Evidence) -> None:
    """Judge agreement and identity between stages and n of m replicates, and raise the cells concerned."""
    for number, slot in enumerate(judge.plan.slots):
        if slot.requirement < 0 or slot.part >= 0:
            continue
        requirement = judge.plan.specifications[slot.specification].requirements[slot.requirement]
        if requirement.replicates is Replicates.N_OF_M and not slot.test.endswith(MEAN_SUFFIX):
            _settle_replicates(judge, number, requirement, evidence)
        elif requirement.replicates in _AVERAGES and not slot.test.endswith(MEAN_SUFFIX):
            _refuse_indistinguishable(judge, number, evidence)
        elif requirement.agreement is not None or (requirement.identity and requirement.identity.equals_stage):
            _settle_comparison(judge, number, requirement, evidence)


_AVERAGES: Final = {Replicates.MEAN: mean_text, Replicates.MEDIAN: median_text}


def _computed(judge: Judge, evidence: Evidence) -> Iterator[tuple[str, str, str, str, str]]:
    plan = judge.plan
    for number, slot in enumerate(plan.slots):
        if slot.requirement < 0 or slot.part >= 0 or slot.test.endswith(MEAN_SUFFIX):
            continue
        requirement = plan.specifications[slot.specification].requirements[slot.requirement]
        average = _AVERAGES.get(requirement.replicates)
        if average is None or requirement.limit is None:
            continue
        for batch, results in sorted(evidence.get(number, {}).items()):
            if _are_distinguishable(results):
                values = [
                    read_quantity(result.reported, result.unit, target=requirement.limit.unit, lod=result.lod)
                    for result in results
                ]
                known = [value for value in values if value is not None]
                text = average(known) if len(known) == len(values) else "not computable: a replicate cannot be read"
                name = f"{requirement.id}{MEAN_SUFFIX}"
                yield judge.coder.batch_ids[batch], name, text, requirement.limit.unit, STAGES[slot.stage].value
    for index, specification in enumerate(plan.specifications):
        for derived in specification.derived:
            yield from _derived(judge, index, specification, derived, evidence)


def _derived(
    judge: Judge, index: int, specification: Specification, derived: Derived, evidence: Evidence
) -> Iterator[tuple[str, str, str, str, str]]:
    function = FUNCTIONS[derived.function]
    for stage in _stages(specification, derived):
        sources: dict[str, dict[int, list[Collected]]] = {}
        for name, source in derived.inputs.items():
            if not source.startswith("@"):
                slot = _input_slot(judge.plan, index, source, stage)
                sources[name] = evidence.get(slot, {}) if slot is not None else {}
        batches = set(range(len(judge.coder.batch_ids))) if not sources else set.intersection(*map(set, sources.values()))
        for batch in sorted(batches):
            quantities = {
                name: _attribute_quantity(judge, batch, source, function.units[name])
                for name, source in derived.inputs.items()
                if source.startswith("@")
            }
            if "" in quantities.values():
                continue
            varying = {
                name: [
                    read_quantity(result.reported, result.unit, target=function.units[name], lod=result.lod)
                    for result in found[batch]
                ]
                for name, found in sources.items()
            }
            batch_id = judge.coder.batch_ids[batch]
            texts: set[str]
            if sum(len(set(values)) > 1 for values in varying.values()) > 1:
                texts = {"not computable: several values of several inputs"}
            else:
                longest = max((len(values) for values in varying.values()), default=1)
                texts = {
                    derive(
                        function,
                        quantities  # type: ignore[arg-type]
                        | {name: values[min(position, len(values) - 1)] for name, values in varying.items()},
                    )
                    for position in range(longest)
                }
            for text in sorted(texts):
                yield batch_id, derived.id, text, function.unit, STAGES[stage].value


def _attribute_quantity(judge: Judge, batch: int, source: str, target: str):  # noqa: ANN202
    """Return the quantity, `None` for one that cannot be read, or an empty text for one that is not stated."""
    name = source[1:]
    text = judge.groups.attribute(name, batch)
    return read_quantity(text, judge.groups.attribute(f"{name}_unit", batch), target=target) if text else ""


def _stages(specification: Specification, derived: Derived) -> list[int]:
    if derived.stage is not None:
        return [STAGES.index(derived.stage)]
    return sorted(
        {
            STAGES.index(requirement.stage)
            for requirement in specification.requirements
            if requirement.stage is not None
            and (
                requirement.test == derived.id
                or any(part.test == derived.id for part in composite_parts(requirement))
            )
        }
    )


def _input_slot(plan: Plan, specification: int, test: str, stage: int) -> int | None:
    for slot in plan.slots_of[specification].get(-2, ()):
        if plan.slots[slot].test == test and plan.slots[slot].stage == stage:
            return slot
    return None


def _as_batch(rows: list[tuple[str, str, str, str, str]]) -> pa.RecordBatch:
    names = ("batch_id", "test", "result", "unit", "stage")
    columns = [pa.array([row[position] for row in rows], type=pa.string()) for position in range(len(names))]
    return as_text_codes(pa.record_batch(columns, names=list(names)))


def _are_distinguishable(results: list[Collected]) -> bool:
    """Return whether replicates carry identities of their own; without them they may be copies of one row."""
    if len(results) == 1:
        return True
    identities = [result.replicate for result in results]
    return all(identities) and len(set(identities)) == len(identities)


def _refuse_indistinguishable(judge: Judge, slot: int, evidence: Evidence) -> None:
    for batch, results in sorted(evidence.get(slot, {}).items()):
        if not _are_distinguishable(results):
            _raise(judge, slot, batch, results[0], Verdict.INCONCLUSIVE, Reason.REPLICATES_INDISTINGUISHABLE, None)


def _settle_replicates(judge: Judge, slot: int, requirement: Requirement, evidence: Evidence) -> None:
    assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
    assert requirement.replicates_conforming is not None  # noqa: S101
    assert requirement.replicates_total is not None  # noqa: S101
    interval = exact_interval(requirement.limit, rounding=requirement.rounding)
    for batch, results in sorted(evidence.get(slot, {}).items()):
        conforming = failing = 0
        for result in results:
            quantity = read_quantity(result.reported, result.unit, target=requirement.limit.unit, lod=result.lod)
            if quantity is not None and quantity.operator == "":
                inside = interval.contains(quantity.number)
                conforming, failing = conforming + inside, failing + (not inside)
        found = f"{conforming} conform, {failing} do not, {len(results)} reported"
        if not _are_distinguishable(results):
            verdict, reason = Verdict.INCONCLUSIVE, Reason.REPLICATES_INDISTINGUISHABLE
        elif conforming >= requirement.replicates_conforming and len(results) >= requirement.replicates_total:
            verdict, reason = Verdict.CONFORMS, Reason.CONFORMS
        elif failing > max(len(results), requirement.replicates_total) - requirement.replicates_conforming:
            verdict, reason = Verdict.FAILS, Reason.REPLICATES_NOT_CONFORMING
        else:
            verdict, reason = Verdict.INCONCLUSIVE, Reason.REPLICATES_TOO_FEW
        _raise(judge, slot, batch, results[0], verdict, reason, found)


def _settle_comparison(judge: Judge, slot: int, requirement: Requirement, evidence: Evidence) -> None:
    entry = judge.plan.slots[slot]
    stage = requirement.agreement.stage if requirement.agreement else requirement.identity.equals_stage  # type: ignore[union-attr]
    assert stage is not None  # noqa: S101 - one of the two is set
    reference_slot = _input_slot(judge.plan, entry.specification, entry.test, STAGES.index(stage))
    references = evidence.get(reference_slot, {}) if reference_slot is not None else {}
    for batch, results in sorted(evidence.get(slot, {}).items()):
        known = references.get(batch, [])
        for result in results:
            if not known:
                missing = (
                    Reason.AGREEMENT_REFERENCE_MISSING if requirement.agreement else Reason.IDENTITY_REFERENCE_MISSING
                )
                _raise(judge, slot, batch, result, Verdict.INCONCLUSIVE, missing, f"no result at stage {stage}")
            for reference in known:
                compare = _agree if requirement.agreement else _equal
                verdict, reason, detail = compare(requirement, result, reference)
                _raise(judge, slot, batch, result, verdict, reason, detail)


def _equal(_: Requirement, result: Collected, reference: Collected) -> tuple[Verdict, Reason, str | None]:
    if fold_word(result.reported) == fold_word(reference.reported):
        return Verdict.CONFORMS, Reason.CONFORMS, None
    return Verdict.FAILS, Reason.IDENTITY_MISMATCH, f"expected '{reference.reported}'"


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
        tolerance = abs(there.number) * Fraction(agreement.relative or "0") / 100
    if abs(here.number - there.number) <= tolerance:
        return Verdict.CONFORMS, Reason.CONFORMS, None
    return Verdict.FAILS, Reason.AGREEMENT_EXCEEDED, detail


def _raise(
    judge: Judge, slot: int, batch: int, result: Collected, verdict: Verdict, reason: Reason, detail: str | None
) -> None:
    batches, slots = np.array([batch]), np.array([slot])
    judge.raise_cells(batches, slots, np.array([verdict]))
    if verdict is not Verdict.CONFORMS:
        judge.explain(
            batch=batches,
            slot=slots,
            verdict=np.array([verdict]),
            reason=np.array([reason]),
            unit_code=np.array([result.unit_code]),
            row=np.array([result.row]),
            reported=pa.array([result.reported], type=pa.string()),
            unit=pa.array([result.unit], type=pa.string()),
            detail=pa.array([detail], type=pa.string()),
        )
