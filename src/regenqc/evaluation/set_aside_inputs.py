"""Inputs that were invalidated or revised: what would have been computed with them, or compared, is never forgotten either.

A result without a limit of its own may be what a derived result fails by. So every derived result is computed once more with
each such input in the place of those that count, and judged apart from all cells. What is compared between stages is not
computed again: that it would have agreed is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.across_rows import ComputedPart, rows_of_parts
from regenqc.evaluation.apart import judge_apart
from regenqc.evaluation.collected import CollectedResults
from regenqc.evaluation.derived import derivations
from regenqc.evaluation.evidence import COLLECTED_SCHEMA, IDENTITY_COLUMNS, INVESTIGATION_COLUMNS, SEPARATOR
from regenqc.evaluation.grouping import begins_of, distinct_combinations
from regenqc.evaluation.retests import identity_of, in_number, is_not_understood, record_retests, requirement_of
from regenqc.evaluation.row_arrays import row_arrays
from regenqc.evaluation.slots import STAGES, other_stage
from regenqc.intake.coding import Standing
from regenqc.intake.readers.text import TEXT_CODES
from regenqc.specification.criteria import canonical_word
from regenqc.vocabulary import INTERIM_WORDS, UNDECIDED_WORDS, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.derivation.columns import QuantityColumn
    from regenqc.evaluation.derived import Derivation
    from regenqc.evaluation.judge import Judge
    from regenqc.evaluation.plan import Plan
    from regenqc.evaluation.replicates import BatchTexts

__all__ = ["settle_inputs"]

_NO_ANSWER = INTERIM_WORDS | UNDECIDED_WORDS


class _Inputs(NamedTuple):
    """Results that were set aside, an entry for each slot that judges or collects one of them.

    Args:
        records: see `regenqc.evaluation.evidence.INVESTIGATION_SCHEMA`.
        batch: of each entry, as are the next two.
        slot: of the result.
        row: the same for entries of one row, and for no others.
        counted: what was collected of their batches.
        columns: inputs of derived results that stand in the batch table or the specification, as far as they are known.
        computed: what has been computed with results that were set aside, as far as it is known.
    """

    records: pa.Table
    batch: NDArray[np.int32]
    slot: NDArray[np.int32]
    row: NDArray[np.int64]
    counted: pa.Table
    columns: dict[Hashable, QuantityColumn]
    computed: dict[Hashable, list[BatchTexts]]


def settle_inputs(judge: Judge, collected: CollectedResults) -> None:
    """Make a cell inconclusive of which more inputs were invalidated than may be retested, and note the others.

    Args:
        judge: after all rows; its cells are raised and its findings get further ones.
        collected: what counts.
    """
    tables = [judge.investigated.table(), judge.revised_inputs.table()]
    records = pa.concat_tables(tables).combine_chunks()
    records = records.take(pa.array(_set_aside(judge, records)))
    if not records.num_rows:
        return
    batch, slot = (records[name].to_numpy() for name in ("batch", "slot"))
    inputs = _Inputs(records, batch, slot, _rows_of(records), collected.of_batches(np.unique(batch)), {}, {})
    concerned: dict[tuple[int, int], list[int]] = {}
    for number, entries in [*_compared(judge, inputs), *_failing(judge, inputs)]:
        for entry, code in zip(entries.tolist(), batch[entries].tolist(), strict=True):
            concerned.setdefault((code, number), []).append(entry)
    if concerned:
        _record(judge, inputs, concerned)


def _rows_of(records: pa.Table) -> NDArray[np.int64]:
    """Return what tells rows apart: their key; of rows without a number everything that they say."""
    row: NDArray[np.int64] = records["row"].to_numpy()
    if (row >= 0).all():
        return row
    names = ("batch", "row", "unit_code", "limit", "annex", *INVESTIGATION_COLUMNS)
    codes = (records[name].combine_chunks().dictionary_encode().indices.to_numpy() for name in names)
    return distinct_combinations(*codes).of_row


def _set_aside(judge: Judge, records: pa.Table) -> NDArray[np.int64]:
    """Return where results were set aside that said something: neither interim nor that the test gave no answer."""
    plan = judge.plan
    standing, slot, verdict = (records[name].to_numpy() for name in ("standing", "slot", "verdict"))
    is_revised = (standing == Standing.SUPERSEDED) & plan.is_input[slot]
    chosen = ((standing == Standing.INVALIDATED) | is_revised) & _feeds(plan)[slot] & ~plan.is_control[slot]
    at = np.flatnonzero(chosen & (slot >= 0) & ~records["is_empty"].to_numpy(zero_copy_only=False))
    texts = records["result"].combine_chunks().take(pa.array(at)).dictionary_encode()
    silent = np.array([canonical_word(text) in _NO_ANSWER for text in texts.dictionary.to_pylist()], dtype=np.bool_)
    at = at[~silent[texts.indices.to_numpy()]] if len(at) else at
    open_ = at[verdict[at] == Verdict.INCONCLUSIVE]
    fields = records.select(["slot", "verdict", "standing", "result"]).take(pa.array(open_)).to_pylist()
    undecided = open_[np.array([not is_not_understood(judge, entry) for entry in fields], dtype=np.bool_)]
    return np.setdiff1d(at, undecided)


def _feeds(plan: Plan) -> NDArray[np.bool_]:
    """Return for each slot whether something is computed from the results that it judges, or compared with them."""
    lines = {(slot.specification, slot.test, slot.stage) for slot in plan.slots if slot.is_input}
    return np.array([(slot.specification, slot.test, slot.stage) in lines for slot in plan.slots], dtype=np.bool_)


def _entries(judge: Judge, inputs: _Inputs, specification: int, test: str, stage: int) -> NDArray[np.int64]:
    """Return the results of one test and stage, as one specification judges them."""
    line = (specification, test, stage)
    own = np.array([(slot.specification, slot.test, slot.stage) == line for slot in judge.plan.slots], dtype=np.bool_)
    return np.flatnonzero(own[inputs.slot])


def _compared(judge: Judge, inputs: _Inputs) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the slots of comparisons between stages with the entries that were to be compared."""
    for number, slot in enumerate(judge.plan.slots):
        requirement = requirement_of(judge, number)
        other = None if requirement is None or slot.is_control else other_stage(requirement)
        if other is not None:
            for stage in (slot.stage, STAGES.index(other)):
                entries = _entries(judge, inputs, slot.specification, slot.test, stage)
                yield number, entries[judge.groups.are_judged_by(number, inputs.batch[entries])]


def _failing(judge: Judge, inputs: _Inputs) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield slots with the entries with which the derived results that they judge would fail."""
    plan, count = judge.plan, len(judge.coder.batch_ids)
    for index in np.unique([plan.slots[slot].specification for slot in np.unique(inputs.slot).tolist()]).tolist():
        for derivation in derivations(plan, judge.groups, index, batch_count=count, known=inputs.columns):
            line = (index, derivation.derived.id, derivation.stage)
            judging = [
                number
                for number, slot in enumerate(plan.slots)
                if (slot.specification, slot.test, slot.stage) == line and slot.requirement >= 0 and not slot.is_control
            ]
            for slot in sorted(derivation.slots) if judging else ():
                entries = _entries(judge, inputs, index, plan.slots[slot].test, plan.slots[slot].stage)
                for layer in _layers(inputs, entries):
                    for texts in _computed_with(judge, inputs, derivation, slot, layer):
                        for number, batches in _judged(judge, derivation, texts, judging):
                            failing = inputs.row[layer[np.isin(inputs.batch[layer], batches)]]
                            yield number, entries[np.isin(inputs.row[entries], failing)]


def _layers(inputs: _Inputs, entries: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield entries with one row of each batch at a time: one after the other, they stand in the place of what counts."""
    _, first = np.unique(inputs.row[entries], return_index=True)
    rows = entries[np.sort(first)]
    rows = rows[np.argsort(inputs.batch[rows], kind="stable")]
    begins = begins_of(inputs.batch[rows])
    counts = np.diff(begins, append=len(rows))
    position = np.arange(len(rows)) - np.repeat(begins, counts)
    for number in range(int(counts.max(initial=0))):
        yield rows[position == number]


def _computed_with(
    judge: Judge, inputs: _Inputs, derivation: Derivation, slot: int, layer: NDArray[np.int64]
) -> Sequence[BatchTexts]:
    """Return a derived result, computed with one input of each batch that was set aside."""
    common = judge.plan.collected_as
    sources = {source: int(common[source]) for source in derivation.slots}
    key = (derivation.key(sources), sources[slot], inputs.row[layer].tobytes())
    if key not in inputs.computed:
        own = _as_collected(inputs.records.take(pa.array(layer)), slot=sources[slot])
        others = pc.is_in(
            inputs.counted["slot"], pa.array(sorted({*sources.values()} - {sources[slot]}), type=pa.int32())
        )
        others = pc.and_(others, pc.is_in(inputs.counted["batch"], pa.array(inputs.batch[layer])))
        table = pa.concat_tables([inputs.counted.filter(others), own])
        blocks = CollectedResults(table, plan=judge.plan, groups=judge.groups).blocks(derivation.slots)
        texts = (derivation.of_block(block) for block in blocks)
        inputs.computed[key] = [part for part in texts if len(part.batch)]
    return inputs.computed[key]


def _as_collected(records: pa.Table, *, slot: int) -> pa.Table:
    """Return results that were set aside as if they counted."""
    first, *others = (records[name] for name in IDENTITY_COLUMNS)
    stands_alone = pc.and_(*(pc.equal(texts, "") for texts in others))
    identity = pc.if_else(stands_alone, first, pc.binary_join_element_wise(first, *others, SEPARATOR))
    count = records.num_rows
    columns = {
        **{name: records[name] for name in ("batch", "unit_code", "row", "unit", "annex")},
        "slot": pa.repeat(pa.scalar(slot, pa.int32()), count),
        "reported": records["result"],
        "lod": records["limit"],
        "replicate": identity,
        "preliminary": pa.repeat(pa.scalar(value=False), count),
    }
    coded = {
        entry.name: columns[entry.name].dictionary_encode() if entry.type == TEXT_CODES else columns[entry.name]
        for entry in COLLECTED_SCHEMA
    }
    return pa.table(coded, schema=COLLECTED_SCHEMA)


def _judged(
    judge: Judge, derivation: Derivation, texts: BatchTexts, judging: Sequence[int]
) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Yield slots with the batches whose results fail by them."""
    part = ComputedPart(texts, derivation.derived.id, derivation.function.unit, STAGES[derivation.stage].value)
    rows, batch_codes = rows_of_parts([part], judge.coder.batch_ids)
    coded = judge.coder.code(rows, first_row=1, computed=True, batch_codes=batch_codes)
    judge.plan.prepare_units(coded.unit)
    arrays = row_arrays(coded)
    for number in judging:
        at = np.flatnonzero(judge.groups.are_judged_by(number, texts.batch))
        verdict, _ = judge_apart(
            judge.plan,
            arrays,
            at=at,
            slot=np.full(len(at), number),
            members=judge.groups.members_of(texts.batch[at]),
            compiled=judge.compiled,
        )
        yield number, np.unique(texts.batch[at[verdict == Verdict.FAILS]])


def _record(judge: Judge, inputs: _Inputs, concerned: Mapping[tuple[int, int], Sequence[int]]) -> None:
    places = np.unique([entry for entries in concerned.values() for entry in entries])
    names = ["slot", "standing", *INVESTIGATION_COLUMNS]
    known = dict(zip(places.tolist(), inputs.records.select(names).take(pa.array(places)).to_pylist(), strict=True))
    found: list[tuple[int, int, tuple[Verdict, Reason, str]]] = []
    for (_, slot), entries in concerned.items():
        requirement = requirement_of(judge, slot)
        if requirement is None or requirement.report_only:
            continue
        # A row that several requirements judge is one.
        rows = {int(inputs.row[entry]): entry for entry in sorted(entries, reverse=True)}
        reported = (requirement_of(judge, known[entry]["slot"]) for entry in entries)
        allowed = max(requirement.retests, *(0 if own is None else own.retests for own in reported))
        invalidated = {identity_of(known[entry]) for entry in entries if not _is_revised(known[entry])}
        verdict = Verdict.INCONCLUSIVE if len(invalidated) > allowed else Verdict.ALERT
        detail = f"{in_number(len(invalidated), 'input')} invalidated, {allowed} allowed"
        for entry in sorted(rows.values()):
            fields = known[entry]
            said = (verdict, Reason.INPUT_INVALIDATED, detail)
            if _is_revised(fields):
                revision = f"result {fields['result_id']}, revision {fields['revision'] or '0'}"
                said = (Verdict.ALERT, Reason.INPUT_REVISED, revision)
            found.append((entry, slot, said))
    if found:
        at, slots = (np.array([entry[place] for entry in found], dtype=np.int64) for place in (0, 1))
        record_retests(judge, inputs.records, at, slots, [entry[2] for entry in found])


def _is_revised(fields: Mapping[str, object]) -> bool:
    return fields["standing"] == Standing.SUPERSEDED
