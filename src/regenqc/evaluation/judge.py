"""Judge chunk after chunk: code the rows, run the kernel, settle what the kernel hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.evidence import (
    ANNEX_COLUMNS,
    COLLECTED_SCHEMA,
    FINDING_SCHEMA,
    ROW_BITS,
    Columns,
    joined_texts,
    texts_at,
)
from regenqc.evaluation.kernel import (
    COLLECTED,
    DELEGATED,
    EMPTY_COLUMN,
    NO_WORD_COLUMN,
    REFUSED,
    PlanArrays,
    RowArrays,
    kernel_for,
)
from regenqc.evaluation.plan import STAGES
from regenqc.evaluation.row_criteria import judge_text
from regenqc.intake.coding import Refusal, Standing
from regenqc.intake.reading import NO_WORD
from regenqc.measurement.reported import Form, fold_word
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.plan import Plan
    from regenqc.intake.coding import CodedRows, RowCoder
    from regenqc.specification.model import Requirement

__all__ = ["Judge", "JudgedRows"]


# The least and the greatest value that a reading may stand for; `None` is its number.
_REACH: Final = {
    Form.NUMBER: (None, None),
    Form.LESS: (-np.inf, None),
    Form.LESS_OR_EQUAL: (-np.inf, None),
    Form.GREATER: (None, np.inf),
    Form.GREATER_OR_EQUAL: (None, np.inf),
}


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """One chunk after judgement.

    Args:
        coded: the rows as coded.
        verdict: worst verdict of each row over the requirements that speak about it.
        reason: the reason of that verdict.
    """

    coded: CodedRows
    verdict: NDArray[np.uint8]
    reason: NDArray[np.uint8]


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
        self.compiled = compiled
        self.findings = Columns(FINDING_SCHEMA)
        self.collected = Columns(COLLECTED_SCHEMA)
        self.rows_judged = 0
        self.rows_refused = 0
        self.unattributed_rows: list[int] = []
        self._places = groups.places()
        counts = np.diff(self._places.begin)
        self._most_slots = int(counts.max()) if len(counts) else 1
        self._method_slots = [
            index
            for index, slot in enumerate(plan.slots)
            if slot.requirement >= 0
            and plan.specifications[slot.specification].requirements[slot.requirement].methods is not None
        ]

    def judge(
        self, rows: pa.RecordBatch, *, first_row: int, source: int, computed_for: int | None = None
    ) -> JudgedRows:
        """Judge one chunk.

        Args:
            rows: dictionary-coded text.
            first_row: number of its first row in its source, from 1.
            source: index of the source.
            computed_for: specification for which the engine computed the rows itself: no other judges them, they are
                not counted as read, and their methods are those of the results they were computed from.
        """
        coded = self.coder.code(rows, first_row=first_row, computed=computed_for is not None)
        return self.judge_coded(coded, source=source, computed_for=computed_for)

    def judge_coded(self, coded: CodedRows, *, source: int, computed_for: int | None = None) -> JudgedRows:
        """Judge one chunk that the coder of this judge has coded; arguments as for `judge`."""
        computed = computed_for is not None
        self.groups.extend(len(self.coder.batch_ids))
        self.plan.prepare_units(coded.unit)
        places = self._places if computed_for is None else self.groups.places(only=computed_for)
        plan = PlanArrays(
            batch_at=self.groups.batch_at,
            begin=places.begin,
            slot_at=places.slot_at,
            column_at=places.column_at,
            settling_at=places.settling_at,
            receiving_at=places.receiving_at,
            settling_bounds=self.plan.settling_bounds,
            settling_words=self.plan.settling_words,
            unit_column=self.plan.unit_column,
            unit_columns=np.uint64(self.plan.interval.shape[1]),
            kind=self.plan.kind,
            accept_preliminary=self.plan.accept_preliminary,
            has_limit=self.plan.has_limit,
            interval=self.plan.interval,
            bounds=self.plan.bounds,
            word_verdict=self.plan.word_verdict,
            word_reason=self.plan.word_reason,
        )
        count = coded.rows.num_rows
        verdict = np.full(count, Verdict.CONFORMS, dtype=np.uint8)
        reason = np.full(count, Reason.CONFORMS, dtype=np.uint8)
        room = count * max(self._most_slots, 1)
        found_row, found_slot = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        found_verdict, found_reason = np.empty(room, dtype=np.uint8), np.empty(room, dtype=np.uint8)
        found = 0
        if self.groups.batch_count:
            found = kernel_for(count, compiled=self.compiled)(
                _row_arrays(coded),
                plan,
                self.groups.cells,
                verdict,
                reason,
                found_row,
                found_slot,
                found_verdict,
                found_reason,
            )
        else:
            verdict[:], reason[:] = Verdict.INCONCLUSIVE, Reason.ROW_REFUSED
        judged = JudgedRows(coded, verdict, reason)
        row_key = (np.int64(source) << ROW_BITS) + coded.first_row
        self._settle(
            judged, found_row[:found], found_slot[:found], found_verdict[:found], found_reason[:found], row_key
        )
        self._record_refusals(judged, row_key)
        if not computed:
            self._check_methods(judged, row_key)
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

    def release_collected(self) -> pa.Table:
        """Return what was collected, and keep nothing of it."""
        table = self.collected.table()
        self.collected = Columns(COLLECTED_SCHEMA)
        return table

    # ---- what the kernel hands back ------------------------------------------------------------------------------

    def _settle(
        self,
        judged: JudgedRows,
        row: NDArray[np.int32],
        slot: NDArray[np.int32],
        verdict: NDArray[np.uint8],
        reason: NDArray[np.uint8],
        row_key: np.int64,
    ) -> None:
        coded = judged.coded
        collected = reason == COLLECTED
        if collected.any():
            self._collect(judged, row[collected], slot[collected], row_key)
        delegated = reason == DELEGATED
        if delegated.any():
            self._judge_texts(judged, row[delegated], slot[delegated], row_key)
        keep = ~(collected | delegated) & (reason != Reason.SPONSOR_MUST_SET)
        if keep.any():
            rows = row[keep]
            self.explain(
                batch=coded.batch[rows],
                slot=slot[keep],
                verdict=verdict[keep],
                reason=reason[keep],
                unit_code=coded.unit[rows],
                row=row_key + rows,
                reported=texts_at(coded.rows, "result", rows),
                unit=texts_at(coded.rows, "unit", rows),
            )

    def _collect(self, judged: JudgedRows, row: NDArray[np.int32], slot: NDArray[np.int32], row_key: np.int64) -> None:
        coded = judged.coded
        _raise_rows(judged, row, np.full(len(row), Verdict.MISSING), np.full(len(row), Reason.JUDGED_WITH_OTHERS))
        annexed = self.plan.annexed[slot]
        nothing = pa.repeat("", len(row))
        self.collected.append(
            [
                coded.batch[row],
                slot,
                coded.unit[row],
                row_key + row,
                texts_at(coded.rows, "result", row),
                texts_at(coded.rows, "unit", row),
                texts_at(coded.rows, "lod", row),
                joined_texts(coded.rows, ("result_id", "sample_id", "replicate"), row),
                pc.if_else(pa.array(annexed), joined_texts(coded.rows, ANNEX_COLUMNS, row), nothing)
                if annexed.any()
                else nothing,
                coded.standing[row] == Standing.PRELIMINARY,
            ]
        )

    def _judge_texts(
        self, judged: JudgedRows, row: NDArray[np.int32], slot: NDArray[np.int32], row_key: np.int64
    ) -> None:
        coded = judged.coded
        column: pa.DictionaryArray = coded.rows["result"]
        text = column.indices.to_numpy(zero_copy_only=False)[row].astype(np.int64)
        batches = coded.batch[row]
        interim = (coded.standing[row] == Standing.PRELIMINARY) & (self.plan.accept_preliminary[slot] == 0)
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
        _raise_rows(judged, row, verdicts, reasons)
        self.raise_cells(batches, slot, verdicts)
        keep = verdicts != Verdict.CONFORMS
        if keep.any():
            self.explain(
                batch=batches[keep],
                slot=slot[keep],
                verdict=verdicts[keep],
                reason=reasons[keep],
                unit_code=coded.unit[row[keep]],
                row=row_key + row[keep],
                reported=texts_at(coded.rows, "result", row[keep]),
                unit=texts_at(coded.rows, "unit", row[keep]),
                detail=pa.array(details[keep], type=pa.string()),
            )

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

    def _check_methods(self, judged: JudgedRows, row_key: np.int64) -> None:
        """Make a result inconclusive whose method the requirement does not list."""
        coded = judged.coded
        for number in self._method_slots:
            slot = self.plan.slots[number]
            requirement = self._requirement(number)
            candidates = np.flatnonzero(
                (coded.line == self.plan.line(slot))
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
            if len(other):
                count = len(other)
                verdicts = np.full(count, Verdict.INCONCLUSIVE, dtype=np.uint8)
                reasons = np.full(count, Reason.METHOD_NOT_LISTED, dtype=np.uint8)
                slots = np.full(count, number, dtype=np.int32)
                _raise_rows(judged, other, verdicts, reasons)
                self.raise_cells(coded.batch[other], slots, verdicts)
                self.explain(
                    batch=coded.batch[other],
                    slot=slots,
                    verdict=verdicts,
                    reason=reasons,
                    unit_code=coded.unit[other],
                    row=row_key + other,
                    reported=texts_at(coded.rows, "result", other),
                    unit=texts_at(coded.rows, "unit", other),
                    detail=texts_at(coded.rows, "method", other),
                )

    def _record_refusals(self, judged: JudgedRows, row_key: np.int64) -> None:
        """Hold the batches of refused rows; note dates without zone."""
        coded = judged.coded
        refused = np.flatnonzero((coded.refusal != Refusal.NONE) & (coded.refusal != Refusal.BLANK_ROW))
        unattributed = refused[coded.batch[refused] < 0]
        self.unattributed_rows.extend((row_key + unattributed).tolist())
        refused = refused[coded.batch[refused] >= 0]
        self._record(judged, refused, Verdict.INCONCLUSIVE, Reason.ROW_REFUSED, row_key)
        if coded.without_zone is not None:
            unzoned = np.flatnonzero(coded.without_zone & (coded.refusal == Refusal.NONE))
            self._record(judged, unzoned, Verdict.ALERT, Reason.DATE_WITHOUT_ZONE, row_key)

    def _record(
        self, judged: JudgedRows, rows: NDArray[np.integer], verdict: Verdict, reason: Reason, row_key: np.int64
    ) -> None:
        coded = judged.coded
        per_stage = len(self.plan.tests) + 1
        groups = self.groups.group_of_batch[coded.batch[rows]]
        for group in np.unique(groups).tolist():
            members = rows[groups == group]
            stages = coded.line[members] // per_stage
            astray = coded.refusal[members] == Refusal.UNKNOWN_STAGE
            for index in self.groups.groups[group].specifications:
                unlisted = np.array(self.plan.unlisted_slot[index], dtype=np.int32)
                self._hold(judged, members[~astray], unlisted[stages[~astray]], verdict, reason, row_key)
                # A row whose stage is not known may belong to any stage of the specification.
                for stage in self.plan.specifications[index].stages:
                    slots = np.full(np.count_nonzero(astray), unlisted[STAGES.index(stage)], dtype=np.int32)
                    self._hold(judged, members[astray], slots, verdict, reason, row_key)

    def _hold(
        self,
        judged: JudgedRows,
        rows: NDArray[np.integer],
        slots: NDArray[np.int32],
        verdict: Verdict,
        reason: Reason,
        row_key: np.int64,
    ) -> None:
        coded = judged.coded
        verdicts = np.full(len(rows), verdict, dtype=np.uint8)
        details = [
            Refusal(code).name.lower().replace("_", " ") if reason is Reason.ROW_REFUSED else None
            for code in coded.refusal[rows].tolist()
        ]
        self.raise_cells(coded.batch[rows], slots, verdicts)
        self.explain(
            batch=coded.batch[rows],
            slot=slots,
            verdict=verdicts,
            reason=np.full(len(rows), reason, dtype=np.uint8),
            unit_code=coded.unit[rows],
            row=row_key + rows,
            reported=texts_at(coded.rows, "result", rows),
            unit=texts_at(coded.rows, "unit", rows),
            detail=pa.array(details, type=pa.string()),
        )


def _judge_text(
    requirement: Requirement, text: str, name: str, value: str, *, early: bool
) -> tuple[Verdict, Reason, str | None]:
    verdict, reason, detail = judge_text(requirement, text, {name: value}.__getitem__)
    if early and verdict in {Verdict.CONFORMS, Verdict.ALERT}:
        verdict, reason = Verdict.MISSING, Reason.PRELIMINARY
    return verdict, reason, detail or None


def _row_arrays(coded: CodedRows) -> RowArrays:
    """Return the rows as the kernel reads them; it looks up the batch even of a refused row, which may have none."""
    refused = coded.refusal != Refusal.NONE
    readings = coded.readings
    word = np.where(readings.word == NO_WORD, NO_WORD_COLUMN, readings.word)
    word[readings.form == Form.EMPTY] = EMPTY_COLUMN
    reach = np.full((len(word), 2), np.nan)
    for form, ends in _REACH.items():
        of_form = readings.form == form
        for end, value in enumerate(ends):
            reach[of_form, end] = readings.number[of_form] if value is None else value
    return RowArrays(
        batch=np.where(refused, np.int32(0), coded.batch).view(np.uint32),
        line=coded.line.view(np.uint32),
        reading=np.require(coded.reading, requirements=["C", "W"]).view(np.uint32),
        unit=coded.unit.view(np.uint16),
        standing=np.where(refused, np.uint8(REFUSED), coded.standing),
        form=readings.form,
        number=readings.number,
        word=word.astype(np.uint8),
        reach=reach.ravel(),
    )


def _raise_rows(
    judged: JudgedRows,
    rows: NDArray[np.integer],
    verdict: NDArray[np.integer],
    reason: NDArray[np.integer],
) -> None:
    """Raise the verdicts of rows, and put a real reason where the kernel left a mark."""
    # Worst first, so that a row that several requirements judge ends with the worst of them.
    order = np.argsort(-verdict.astype(np.int16), kind="stable")
    _, first = np.unique(rows[order], return_index=True)
    chosen = order[first]
    at = rows[chosen]
    marked = (judged.reason[at] == DELEGATED) | (judged.reason[at] == COLLECTED)
    higher = marked | (verdict[chosen] > judged.verdict[at])
    judged.verdict[at[higher]] = verdict[chosen][higher]
    judged.reason[at[higher]] = reason[chosen][higher]
