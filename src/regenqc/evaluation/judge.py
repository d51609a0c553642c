"""Judge chunk after chunk: code the rows, run the kernel, settle what the kernel hands back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from regenqc.evaluation.apart import judge_apart
from regenqc.evaluation.column_controls import ColumnControls
from regenqc.evaluation.evidence import (
    ANNEX_COLUMNS,
    COLLECTED_SCHEMA,
    FINDING_SCHEMA,
    INVESTIGATION_SCHEMA,
    ROW_BITS,
    Columns,
    codes_at,
    identities_at,
    joined_codes,
    texts_at,
)
from regenqc.evaluation.judged_rows import Chunk, JudgedRows, raise_rows
from regenqc.evaluation.kernel import COLLECTED, DELEGATED, PlanArrays, block_arrays, kernel_for
from regenqc.evaluation.plan import STAGES
from regenqc.evaluation.row_arrays import row_arrays
from regenqc.evaluation.row_criteria import judge_text
from regenqc.evaluation.set_aside import record_investigated
from regenqc.intake.coding import Refusal, Standing
from regenqc.intake.refusals import refusal_text
from regenqc.measurement.reported import WORDS, Form, fold_word
from regenqc.vocabulary import INTERIM_WORDS, Reason, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.plan import Plan
    from regenqc.intake.coding import CodedRows, RowCoder
    from regenqc.specification.model import Requirement

__all__ = ["Judge", "JudgedRows"]


_INTERIM: Final = np.array([word in INTERIM_WORDS for word in WORDS] + [False])  # the last one is no word
_BELOW_QUANTITATION: Final = WORDS.index("below quantitation limit")


class Judge:
    """The state of one run: cells that only rise, and what has to be explained.

    Args:
        plan: compiled specifications.
        groups: batches, their groups and cells.
        coder: numbering of batches and tests.
        compiled: force the compiled or the plain kernel; `None` decides by chunk size.
    """

    def __init__(self, plan: Plan, groups: BatchGroups, coder: RowCoder, *, compiled: bool | None = None) -> None:
        self.plan = plan
        self.groups = groups
        self.coder = coder
        # Computed rows are coded while the next part of the input is.
        self._computed_coder = coder.beside()
        self.compiled = compiled
        self.findings = Columns(FINDING_SCHEMA)
        self.collected = Columns(COLLECTED_SCHEMA)
        self.investigated = Columns(INVESTIGATION_SCHEMA)
        self.revised_inputs = Columns(INVESTIGATION_SCHEMA)
        self.controls = ColumnControls(plan, groups, coder, compiled=compiled)
        self.rows_judged = 0
        self.rows_refused = 0
        self.unattributed_rows: list[int] = []
        self.places = groups.places()
        counts = np.diff(self.places.begin)
        self._most_slots = int(counts.max()) if len(counts) else 1
        self._has_common_rows = len(np.unique(plan.collected_as)) < len(plan.slots)
        self._method_slots = [
            index
            for index, slot in enumerate(plan.slots)
            if slot.requirement >= 0
            and not slot.is_control
            and plan.specifications[slot.specification].requirements[slot.requirement].methods is not None
        ]

    def judge(
        self,
        rows: pa.RecordBatch,
        *,
        first_row: int,
        source: int,
        computed_for: tuple[int, ...] | None = None,
        batch_codes: NDArray[np.int32] | None = None,
    ) -> JudgedRows:
        """Judge one chunk.

        Args:
            rows: dictionary-coded text.
            first_row: number of its first row in its source, from 1.
            source: index of the source.
            computed_for: specifications for which the engine computed the rows itself: no other judges them, they are
                not counted as read, and their methods are those of the results they were computed from.
            batch_codes: as for the coder.
        """
        coder = self.coder if computed_for is None else self._computed_coder
        coded = coder.code(rows, first_row=first_row, computed=computed_for is not None, batch_codes=batch_codes)
        return self.judge_coded(coded, source=source, computed_for=computed_for)

    def judge_coded(self, coded: CodedRows, *, source: int, computed_for: tuple[int, ...] | None = None) -> JudgedRows:
        """Judge one chunk that the coder of this judge has coded; arguments as for `judge`."""
        computed = computed_for is not None
        self.groups.extend(len(self.coder.batch_ids))
        self.plan.prepare_units(coded.unit)
        places = self.places if computed_for is None else self.groups.places(only=computed_for)
        plan = PlanArrays(
            batch_at=self.groups.batch_at,
            begin=places.begin,
            slot_at=places.slot_at,
            column_at=places.column_at,
            settling_at=places.settling_at,
            receiving_at=places.receiving_at,
            settling_bounds=self.plan.settling_bounds,
            settling_words=self.plan.settling_words,
            unit_at=self.plan.unit_at,
            kind=self.plan.kind,
            accept_preliminary=self.plan.accept_preliminary,
            has_limit=self.plan.has_limit,
            interval_at=self.plan.interval_at,
            bounds=self.plan.bounds,
            word_verdict=self.plan.word_verdict,
            word_reason=self.plan.word_reason,
        )
        arrays = row_arrays(coded)
        count = coded.rows.num_rows
        verdict = np.full(count, Verdict.CONFORMS, dtype=np.uint8)
        reason = np.full(count, Reason.CONFORMS, dtype=np.uint8)
        room = count * max(self._most_slots, 1)
        found_row, found_slot = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        found_verdict, found_reason = np.empty(room, dtype=np.uint8), np.empty(room, dtype=np.uint8)
        found = 0
        if self.groups.batch_count:
            found = kernel_for(count, compiled=self.compiled)(
                arrays,
                plan,
                self.groups.cells,
                verdict,
                reason,
                found_row,
                found_slot,
                found_verdict,
                found_reason,
                block_arrays(),
            )
        else:
            verdict[:], reason[:] = Verdict.INCONCLUSIVE, Reason.ROW_REFUSED
        judged = JudgedRows(coded, verdict, reason)
        row_key = (np.int64(source) << ROW_BITS) + coded.first_row
        chunk = Chunk(judged, arrays, row_key)
        self._settle(chunk, found_row[:found], found_slot[:found], found_verdict[:found], found_reason[:found])
        self._record_refusals(chunk)
        if not computed:
            self._check_methods(chunk)
            record_investigated(self, chunk)
            refused = int(np.count_nonzero(coded.refusal))
            self.rows_refused += refused
            self.rows_judged += count - refused
        return judged

    def raise_cells(self, batch: NDArray[np.integer], slot: NDArray[np.integer], verdict: NDArray[np.integer]) -> None:
        """Raise the cells of some batches; cells never fall.

        Args:
            batch: batch codes.
            slot: slots, all of which apply to the batch's group.
            verdict: `Verdict` of each.
        """
        np.maximum.at(self.groups.cells, self.groups.cells_of(batch, slot), verdict.astype(np.uint8))

    def explain(
        self,
        *,
        batch: NDArray[np.integer],
        slot: NDArray[np.integer],
        verdict: NDArray[np.integer],
        reason: NDArray[np.integer],
        unit_code: NDArray[np.integer],
        row: NDArray[np.integer],
        reported: pa.Array,
        unit: pa.Array,
        detail: pa.Array | None = None,
    ) -> None:
        """Record what has to be explained; columns as in `FINDING_SCHEMA`."""
        details = pa.nulls(len(batch), pa.string()) if detail is None else detail
        self.findings.append([batch, slot, verdict, reason, unit_code, row, reported, unit, details])

    def explain_rows(
        self,
        chunk: Chunk,
        row: NDArray[np.integer],
        slot: NDArray[np.integer],
        *,
        verdict: NDArray[np.uint8],
        reason: NDArray[np.uint8],
        detail: NDArray[np.object_] | pa.Array | None = None,
    ) -> None:
        """Record what has to be explained about rows of a chunk.

        Args:
            chunk: of the rows.
            row: row of each entry, as are the others.
            slot: by which it was judged.
            verdict: `Verdict`.
            reason: `Reason`.
            detail: what helps a reader, or `None`.
        """
        coded = chunk.judged.coded
        if len(row):
            self.explain(
                batch=coded.batch[row],
                slot=slot,
                verdict=verdict,
                reason=reason,
                unit_code=coded.unit[row],
                row=chunk.row_key + row,
                reported=texts_at(coded.rows, "result", row),
                unit=texts_at(coded.rows, "unit", row),
                detail=None if detail is None else pa.array(detail, type=pa.string()),
            )

    def release_collected(self) -> pa.Table:
        """Return what was collected, and keep nothing of it."""
        table = self.collected.table()
        self.collected = Columns(COLLECTED_SCHEMA)
        return table

    # ---- what the kernel hands back ------------------------------------------------------------------------------

    def _settle(
        self,
        chunk: Chunk,
        row: NDArray[np.int32],
        slot: NDArray[np.int32],
        verdict: NDArray[np.uint8],
        reason: NDArray[np.uint8],
    ) -> None:
        failed = self.plan.is_control[slot] & (verdict == Verdict.FAILS)
        if failed.any():
            # A control that fails says that results are no evidence, and nothing about the batch.
            verdict[failed], reason[failed] = Verdict.INCONCLUSIVE, Reason.CONTROL_FAILED
            again = np.isin(row, row[failed]) & (reason < COLLECTED)
            chunk.judged.verdict[row[failed]] = Verdict.MISSING
            raise_rows(chunk.judged, row[again], verdict[again], reason[again])
        # A total without one of its parts would be too small: an empty part is collected like a reported one.
        collected = (reason == COLLECTED) | ((reason == Reason.EMPTY_RESULT) & self.plan.is_totalled[slot])
        if collected.any():
            self._collect(chunk, row[collected], slot[collected])
            self._look_at_members(chunk, row[collected], slot[collected])
        delegated = reason == DELEGATED
        if delegated.any():
            self._judge_delegated(chunk, row[delegated], slot[delegated])
        keep = ~(collected | delegated) & (reason != Reason.SPONSOR_MUST_SET)
        self.explain_rows(chunk, row[keep], slot[keep], verdict=verdict[keep], reason=reason[keep])

    def _collect(self, chunk: Chunk, row: NDArray[np.int32], slot: NDArray[np.int32]) -> None:
        coded = chunk.judged.coded
        slot = self.plan.collected_as[slot]
        if self._has_common_rows:
            _, first = np.unique(row * np.int64(len(self.plan.slots)) + slot, return_index=True)
            row, slot = row[first], slot[first]
        raise_rows(chunk.judged, row, np.full(len(row), Verdict.MISSING), np.full(len(row), Reason.JUDGED_WITH_OTHERS))
        self.collected.append(
            [
                coded.batch[row],
                slot,
                coded.unit[row],
                chunk.row_key + row,
                codes_at(coded.rows, "result", row),
                codes_at(coded.rows, "unit", row),
                self.limits_below(coded, row),
                identities_at(coded.rows, row),
                self._annexes(coded, row, slot),
                coded.standing[row] == Standing.PRELIMINARY,
            ]
        )

    def _annexes(self, coded: CodedRows, row: NDArray[np.integer], slot: NDArray[np.integer]) -> pa.DictionaryArray:
        """Return the further columns of rows, empty where the slot asks for none."""
        annexed = self.plan.annexed[slot]
        found = joined_codes(coded.rows, ANNEX_COLUMNS, row[annexed])
        # The first word of that dictionary is empty.
        codes = np.zeros(len(row), dtype=np.int32)
        codes[annexed] = found.indices.to_numpy()
        return pa.DictionaryArray.from_arrays(pa.array(codes), found.dictionary)

    @staticmethod
    def limits_below(coded: CodedRows, row: NDArray[np.integer]) -> pa.DictionaryArray:
        """Return the limits below which what was reported lies, if it lies below one.

        That is the limit of detection; of what is below the limit of quantitation, that limit and no other.
        """
        limits = codes_at(coded.rows, "lod", row)
        below = coded.readings.word[coded.reading[row]] == _BELOW_QUANTITATION
        if not below.any():
            return limits
        others = codes_at(coded.rows, "loq", row)
        codes = np.where(below, others.indices.to_numpy() + np.int32(len(limits.dictionary)), limits.indices.to_numpy())
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.concat_arrays([limits.dictionary, others.dictionary]))

    def _look_at_members(self, chunk: Chunk, row: NDArray[np.int32], slot: NDArray[np.int32]) -> None:
        """Look at single rows of what counts only together: at their controls, and at what an average would hide."""
        coded = chunk.judged.coded
        final = self.plan.is_averaged[slot] & (coded.standing[row] == Standing.COUNTS)
        if final.any():
            rows, slots = row[final], slot[final]
            members = self.groups.members_of(coded.batch[rows])
            verdict, _ = judge_apart(
                self.plan, chunk.arrays, at=rows, slot=slots, members=members, compiled=self.compiled
            )
            outside = verdict == Verdict.FAILS
            reasons = np.full(np.count_nonzero(outside), Reason.INDIVIDUAL_RESULT_OUTSIDE, dtype=np.uint8)
            verdicts = np.full(len(reasons), Verdict.ALERT, dtype=np.uint8)
            self.explain_rows(chunk, rows[outside], slots[outside], verdict=verdicts, reason=reasons)
        controlled = self.controls.concern(slot) & ~_INTERIM[coded.readings.word[coded.reading[row]]]
        if controlled.any():
            rows, slots = row[controlled], slot[controlled]
            verdict = np.full(len(rows), Verdict.CONFORMS, dtype=np.uint8)
            reason = np.full(len(rows), Reason.CONFORMS, dtype=np.uint8)
            detail = np.full(len(rows), None, dtype=np.object_)
            self.controls.apply(
                coded, row=rows, slot=slots, verdict=verdict, reason=reason, detail=detail, together=True
            )
            open_ = verdict != Verdict.CONFORMS
            raise_rows(chunk.judged, rows[open_], verdict[open_], reason[open_])
            self.explain_rows(
                chunk, rows[open_], slots[open_], verdict=verdict[open_], reason=reason[open_], detail=detail[open_]
            )

    def _judge_delegated(self, chunk: Chunk, row: NDArray[np.int32], slot: NDArray[np.int32]) -> None:
        coded = chunk.judged.coded
        verdict, reason, detail = self.judge_alone(chunk, row, slot, standing=coded.standing[row])
        raise_rows(chunk.judged, row, verdict, reason)
        self.raise_cells(coded.batch[row], slot, verdict)
        keep = verdict != Verdict.CONFORMS
        self.explain_rows(chunk, row[keep], slot[keep], verdict=verdict[keep], reason=reason[keep], detail=detail[keep])

    def judge_alone(
        self, chunk: Chunk, row: NDArray[np.integer], slot: NDArray[np.integer], *, standing: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.object_]]:
        """Judge rows by slots of single rows, with the controls in their columns; no cell is raised.

        Args:
            chunk: of the rows.
            row: row of each entry.
            slot: slot of each entry.
            standing: as which each row is judged, `COUNTS` or `PRELIMINARY`.

        Returns:
            Verdict, reason and detail of each entry; `missing` and `COLLECTED` where several rows decide.
        """
        coded = chunk.judged.coded
        members = self.groups.members_of(coded.batch[row])
        verdict, reason = judge_apart(
            self.plan, chunk.arrays, at=row, slot=slot, members=members, standing=standing, compiled=self.compiled
        )
        detail = np.full(len(row), None, dtype=np.object_)
        by_text = reason == DELEGATED
        if by_text.any():
            interim = (standing == Standing.PRELIMINARY) & (self.plan.accept_preliminary[slot] == 0)
            found = self._judge_texts(coded, row[by_text], slot[by_text], interim[by_text])
            verdict[by_text], reason[by_text], detail[by_text] = found
        if self.controls.concern(slot).any():
            self.controls.apply(coded, row=row, slot=slot, verdict=verdict, reason=reason, detail=detail)
        return verdict, reason, detail

    def _judge_texts(
        self,
        coded: CodedRows,
        row: NDArray[np.integer],
        slot: NDArray[np.integer],
        interim: NDArray[np.bool_],
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.object_]]:
        column: pa.DictionaryArray = coded.rows["result"]
        text = column.indices.to_numpy(zero_copy_only=False)[row].astype(np.int64)
        batches = coded.batch[row]
        verdicts = np.empty(len(row), dtype=np.uint8)
        reasons = np.empty(len(row), dtype=np.uint8)
        details = np.empty(len(row), dtype=np.object_)
        for number in np.unique(slot).tolist():
            members = np.flatnonzero(slot == number)
            name = self._attribute_of(number)
            stated, values = self.groups.attribute_codes(name, batches[members])
            # Each distinct question is answered once.
            questions = (text[members] * len(values) + stated) * 2 + interim[members]
            distinct, question = np.unique(questions, return_inverse=True)
            texts = column.dictionary.take(pa.array(distinct // (2 * len(values)))).to_pylist()
            answers = [
                _judge_text(
                    self._requirement(number), text, name, values[entry // 2 % len(values)], early=entry % 2 == 1
                )
                for entry, text in zip(distinct.tolist(), texts, strict=True)
            ]
            verdicts[members] = np.array([answer[0] for answer in answers], dtype=np.uint8)[question]
            reasons[members] = np.array([answer[1] for answer in answers], dtype=np.uint8)[question]
            details[members] = np.array([answer[2] for answer in answers], dtype=np.object_)[question]
        return verdicts, reasons, details

    def _requirement(self, slot: int) -> Requirement:
        entry = self.plan.slots[slot]
        return self.plan.specifications[entry.specification].requirements[entry.requirement]

    def _attribute_of(self, slot: int) -> str:
        """Return the attribute of the batch with which a text criterion compares, empty when it compares with none."""
        requirement = self._requirement(slot)
        name = requirement.identity.equals if requirement.identity else None
        if requirement.karyotype is not None:
            name = requirement.karyotype.expected_sex
        return name[1:] if name is not None and name.startswith("@") else ""

    def _check_methods(self, chunk: Chunk) -> None:
        """Make a result inconclusive whose method the requirement does not list."""
        coded = chunk.judged.coded
        for number in self._method_slots:
            requirement = self._requirement(number)
            candidates = np.flatnonzero(
                (coded.line == self.plan.line(self.plan.slots[number]))
                & (coded.refusal == Refusal.NONE)
                & (coded.standing < Standing.CANCELLED)
                & (coded.readings.form[coded.reading] != Form.EMPTY)
            )
            applying = np.array([number in group.column_of_slot for group in self.groups.groups], dtype=np.bool_)[
                self.groups.group_of_batch[coded.batch[candidates]]
            ]
            candidates = candidates[applying]
            listed = {fold_word(method) for method in requirement.methods or ()}
            methods = texts_at(coded.rows, "method", candidates).to_pylist()
            other = (
                candidates[[fold_word(method) not in listed for method in methods]] if len(candidates) else candidates
            )
            verdict = np.full(len(other), Verdict.INCONCLUSIVE, dtype=np.uint8)
            reason = np.full(len(other), Reason.METHOD_NOT_LISTED, dtype=np.uint8)
            slot = np.full(len(other), number, dtype=np.int32)
            raise_rows(chunk.judged, other, verdict, reason)
            self.raise_cells(coded.batch[other], slot, verdict)
            detail = texts_at(coded.rows, "method", other)
            self.explain_rows(chunk, other, slot, verdict=verdict, reason=reason, detail=detail)

    def _record_refusals(self, chunk: Chunk) -> None:
        """Hold the batches of refused rows; note dates without zone."""
        coded = chunk.judged.coded
        refused = np.flatnonzero((coded.refusal != Refusal.NONE) & (coded.refusal != Refusal.BLANK_ROW))
        unattributed = refused[coded.batch[refused] < 0]
        self.unattributed_rows.extend((chunk.row_key + unattributed).tolist())
        refused = refused[coded.batch[refused] >= 0]
        self._record(chunk, refused, Verdict.INCONCLUSIVE, Reason.ROW_REFUSED)
        if coded.without_zone is not None:
            unzoned = np.flatnonzero(coded.without_zone & (coded.refusal == Refusal.NONE))
            self._record(chunk, unzoned, Verdict.ALERT, Reason.DATE_WITHOUT_ZONE)

    def _record(self, chunk: Chunk, rows: NDArray[np.integer], verdict: Verdict, reason: Reason) -> None:
        """Hold the batches of some rows: in the record of the stage of each, by every specification that judges it."""
        if not len(rows):
            return
        coded = chunk.judged.coded
        groups = self.groups.group_of_batch[coded.batch[rows]]
        stages = coded.line[rows] // (len(self.plan.tests) + 1)
        astray = coded.refusal[rows] == Refusal.UNKNOWN_STAGE
        held: list[NDArray[np.int64]] = []
        slots: list[NDArray[np.int32]] = []
        for group in np.unique(groups).tolist():
            placed, lost = np.flatnonzero((groups == group) & ~astray), np.flatnonzero((groups == group) & astray)
            for index in self.groups.groups[group].specifications:
                unlisted = np.array(self.plan.unlisted_slot[index], dtype=np.int32)
                held.append(placed)
                slots.append(unlisted[stages[placed]])
                # A row whose stage is not known may belong to any stage of the specification.
                for stage in self.plan.specifications[index].stages:
                    held.append(lost)
                    slots.append(np.full(len(lost), unlisted[STAGES.index(stage)], dtype=np.int32))
        if not held:
            return
        at, slot = np.concatenate(held), np.concatenate(slots)
        verdicts = np.full(len(at), verdict, dtype=np.uint8)
        # The text of a row is the same for every specification.
        texts = [refusal_text(coded, row) if reason is Reason.ROW_REFUSED else None for row in rows.tolist()]
        details = pa.array(texts, type=pa.string()).take(pa.array(at))
        self.raise_cells(coded.batch[rows[at]], slot, verdicts)
        reasons = np.full(len(at), reason, dtype=np.uint8)
        self.explain_rows(chunk, rows[at], slot, verdict=verdicts, reason=reasons, detail=details)


def _judge_text(
    requirement: Requirement, text: str, name: str, value: str, *, early: bool
) -> tuple[Verdict, Reason, str | None]:
    verdict, reason, detail = judge_text(requirement, text, {name: value}.__getitem__)
    if early and verdict in {Verdict.CONFORMS, Verdict.ALERT}:
        verdict, reason = Verdict.MISSING, Reason.PRELIMINARY
    return verdict, reason, detail or None
