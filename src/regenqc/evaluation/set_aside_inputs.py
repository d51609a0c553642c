"""Inputs that were invalidated or revised: what would have been computed with them, or compared, is never forgotten either.

A result without a limit of its own may be what a derived result fails by. So every derived result is computed once more with
each such input in the place of those that count, and judged apart from all cells. What is compared between stages is not
computed again: that it would have agreed is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.across_rows import ComputedPart, rows_of_parts
from regenqc.evaluation.apart import judge_apart
from regenqc.evaluation.collected import CollectedResults
from regenqc.evaluation.derived import derivations
from regenqc.evaluation.evidence import COLLECTED_SCHEMA, INVESTIGATION_COLUMNS, SEPARATOR
from regenqc.evaluation.retests import identity_of, in_number, is_not_understood, record_retests, requirement_of
from regenqc.evaluation.row_arrays import row_arrays
from regenqc.evaluation.slots import STAGES, other_stage
from regenqc.intake.coding import Standing
from regenqc.specification.criteria import canonical_word
from regenqc.vocabulary import INTERIM_WORDS, UNDECIDED_WORDS, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.derived import Derivation
    from regenqc.evaluation.judge import Judge
    from regenqc.evaluation.plan import Plan
    from regenqc.evaluation.replicates import BatchTexts

__all__ = ["settle_inputs"]

_NAMES = ("batch", "slot", "row", "standing", "verdict", "unit_code", "limit", "annex", *INVESTIGATION_COLUMNS)


class _Input(NamedTuple):
    """One result that was invalidated or revised.

    Args:
        at: its position among the records.
        fields: of the record.
    """

    at: int
    fields: dict[str, Any]


def settle_inputs(judge: Judge, collected: CollectedResults) -> None:
    """Make a cell inconclusive of which more inputs were invalidated than may be retested, and note the others.

    Args:
        judge: after all rows; its cells are raised and its findings get further ones.
        collected: what counts.
    """
    tables = [judge.investigated.table(), judge.revised_inputs.table()]
    records = pa.concat_tables(tables).combine_chunks()
    inputs = list(_set_aside(judge, records))
    if not inputs:
        return
    concerned: dict[tuple[int, int], list[_Input]] = {}
    for cell, found in _compared(judge, inputs):
        concerned.setdefault(cell, []).append(found)
    for index, specification in enumerate(judge.plan.specifications):
        own = [entry for entry in inputs if judge.plan.slots[entry.fields["slot"]].specification == index]
        if own and specification.derived:
            for cell, found in _failing(judge, collected, index, own):
                concerned.setdefault(cell, []).append(found)
    if concerned:
        _record(judge, records, concerned)


def _set_aside(judge: Judge, records: pa.Table) -> Iterator[_Input]:
    """Yield what was set aside and said something: neither interim nor that the test gave no answer."""
    standing, slot = records["standing"].to_numpy(), records["slot"].to_numpy()
    is_revised = (standing == Standing.SUPERSEDED) & judge.plan.is_input[slot]
    chosen = ((standing == Standing.INVALIDATED) | is_revised) & _feeds(judge.plan)[slot]
    at = np.flatnonzero(chosen & (slot >= 0) & ~records["is_empty"].to_numpy(zero_copy_only=False))
    part = records.take(pa.array(at))
    columns = (part[name].to_pylist() for name in _NAMES)
    for place, values in zip(at.tolist(), zip(*columns, strict=True), strict=True):
        fields: dict[str, Any] = dict(zip(_NAMES, values, strict=True))
        undecided = fields["verdict"] == Verdict.INCONCLUSIVE and not is_not_understood(judge, fields)
        gives_no_answer = canonical_word(fields["result"]) in INTERIM_WORDS | UNDECIDED_WORDS
        if not undecided and not gives_no_answer and not judge.plan.is_control[fields["slot"]]:
            yield _Input(place, fields)


def _feeds(plan: Plan) -> NDArray[np.bool_]:
    """Return for each slot whether something is computed from the results that it judges, or compared with them."""
    lines = {(slot.specification, slot.test, slot.stage) for slot in plan.slots if slot.is_input}
    return np.array([(slot.specification, slot.test, slot.stage) in lines for slot in plan.slots], dtype=np.bool_)


def _compared(judge: Judge, inputs: Sequence[_Input]) -> Iterator[tuple[tuple[int, int], _Input]]:
    """Yield what was to be compared between stages, with the cell of the comparison."""
    plan = judge.plan
    comparing: dict[tuple[int, str, int], set[int]] = {}
    for number, slot in enumerate(plan.slots):
        requirement = requirement_of(judge, number)
        other = None if requirement is None or slot.is_control else other_stage(requirement)
        if other is not None:
            for stage in (slot.stage, STAGES.index(other)):
                comparing.setdefault((slot.specification, slot.test, stage), set()).add(number)
    for entry in inputs:
        own = plan.slots[entry.fields["slot"]]
        for number in sorted(comparing.get((own.specification, own.test, own.stage), ())):
            if _has_cell(judge, entry.fields["batch"], number):
                yield (entry.fields["batch"], number), entry


def _failing(
    judge: Judge, collected: CollectedResults, index: int, inputs: Sequence[_Input]
) -> Iterator[tuple[tuple[int, int], _Input]]:
    """Yield the inputs with which a derived result would fail, with its cell."""
    plan = judge.plan
    counted = collected.of_batches(np.unique([entry.fields["batch"] for entry in inputs]))
    for derivation in derivations(plan, judge.groups, index, batch_count=len(judge.coder.batch_ids), known={}):
        judging = [
            number
            for number, slot in enumerate(plan.slots)
            if (slot.specification, slot.test, slot.stage) == (index, derivation.derived.id, derivation.stage)
            and slot.requirement >= 0
            and not slot.is_control
        ]
        for slot in sorted(derivation.slots):
            line = (plan.slots[slot].test, plan.slots[slot].stage)
            # One after the other, the inputs of a batch stand in the place of those that count.
            layers: dict[int, dict[int, list[_Input]]] = {}
            for batch, found in _by_batch(judge, inputs, line).items():
                for number, same in enumerate(found.values()):
                    layers.setdefault(number, {})[batch] = same
            for layer in layers.values():
                for texts in _computed_with(judge, derivation, slot, layer, counted):
                    for batch, number in _judged(judge, derivation, texts, judging):
                        yield from (((batch, number), entry) for entry in layer[batch])


def _by_batch(
    judge: Judge, inputs: Sequence[_Input], line: tuple[str, int]
) -> dict[int, dict[tuple[Any, ...], list[_Input]]]:
    """Return the inputs of one test and stage by batch and row; a row that several requirements judge is one."""
    found: dict[int, dict[tuple[Any, ...], list[_Input]]] = {}
    for entry in inputs:
        own = judge.plan.slots[entry.fields["slot"]]
        if (own.test, own.stage) == line:
            row = (entry.fields["row"],)
            found.setdefault(entry.fields["batch"], {}).setdefault(row, []).append(entry)
    return found


def _computed_with(
    judge: Judge, derivation: Derivation, slot: int, layer: Mapping[int, Sequence[_Input]], counted: pa.Table
) -> Iterator[BatchTexts]:
    """Yield a derived result, computed with one input of each batch that was set aside."""
    rows = []
    common = judge.plan.collected_as
    for entries in layer.values():
        fields = entries[0].fields
        identity = [fields[name] for name in ("result_id", "sample_id", "replicate")]
        rows.append(
            {
                **{name: fields[name] for name in ("batch", "row", "unit_code", "unit", "annex")},
                "slot": int(common[slot]),
                "reported": fields["result"],
                "lod": fields["limit"],
                "replicate": SEPARATOR.join(identity) if any(identity) else "",
                "preliminary": False,
            }
        )
    sources = common[sorted(derivation.slots - {slot})]
    others = pc.is_in(counted["slot"], pa.array(sources, type=pa.int32()))
    others = pc.and_(others, pc.is_in(counted["batch"], pa.array(list(layer), type=pa.int32())))
    table = pa.concat_tables([counted.filter(others), pa.Table.from_pylist(rows, schema=COLLECTED_SCHEMA)])
    for block in CollectedResults(table, plan=judge.plan, groups=judge.groups).blocks(derivation.slots):
        texts = derivation.of_block(block)
        if len(texts.batch):
            yield texts


def _judged(
    judge: Judge, derivation: Derivation, texts: BatchTexts, judging: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield batch and slot of the results that fail."""
    part = ComputedPart(texts, derivation.derived.id, derivation.function.unit, STAGES[derivation.stage].value)
    coded = judge.coder.code(rows_of_parts([part], judge.coder.batch_ids), first_row=1, computed=True)
    judge.plan.prepare_units(coded.unit)
    arrays = row_arrays(coded)
    for number in judging:
        at = np.flatnonzero([_has_cell(judge, batch, number) for batch in texts.batch.tolist()])
        verdict, _ = judge_apart(
            judge.plan,
            arrays,
            at=at,
            slot=np.full(len(at), number),
            limits=judge.groups.limits_of(texts.batch[at]),
            compiled=judge.compiled,
        )
        yield from ((batch, number) for batch in np.unique(texts.batch[at[verdict == Verdict.FAILS]]).tolist())


def _has_cell(judge: Judge, batch: int, slot: int) -> bool:
    return slot in judge.groups.groups[int(judge.groups.group_of_batch[batch])].column_of_slot


def _record(judge: Judge, records: pa.Table, concerned: Mapping[tuple[int, int], Sequence[_Input]]) -> None:
    places: list[int] = []
    slots: list[int] = []
    said: list[tuple[Verdict, Reason, str]] = []
    for (_, slot), entries in concerned.items():
        requirement = requirement_of(judge, slot)
        if requirement is None or requirement.report_only:
            continue
        reported = (requirement_of(judge, entry.fields["slot"]) for entry in entries)
        allowed = max(requirement.retests, *(0 if own is None else own.retests for own in reported))
        results = {identity_of(entry.fields) for entry in entries if not _is_revised(entry)}
        verdict = Verdict.INCONCLUSIVE if len(results) > allowed else Verdict.ALERT
        detail = f"{in_number(len(results), 'input')} invalidated, {allowed} allowed"
        for entry in sorted({entry.fields["row"]: entry for entry in reversed(entries)}.values()):
            places.append(entry.at)
            slots.append(slot)
            if _is_revised(entry):
                revision = entry.fields["revision"] or "0"
                said.append(
                    (Verdict.ALERT, Reason.INPUT_REVISED, f"result {entry.fields['result_id']}, revision {revision}")
                )
            else:
                said.append((verdict, Reason.INPUT_INVALIDATED, detail))
    if places:
        record_retests(judge, records, np.array(places, dtype=np.int64), np.array(slots, dtype=np.int64), said)


def _is_revised(entry: _Input) -> bool:
    return bool(entry.fields["standing"] == Standing.SUPERSEDED)
