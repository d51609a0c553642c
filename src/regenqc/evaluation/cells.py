"""Settle the cells: composite criteria, evidence, deferred tests, unverified limits and the built-in requirements.

Runs once per group of batches and specification, column by column over all batches of the group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.evaluation.batch_groups import Applies
from regenqc.evaluation.cell_marks import Marks, RecordedCells, recorded_cells
from regenqc.evaluation.controlled_cells import controlled
from regenqc.evaluation.dates import NO_TIME, parse_time
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.evaluation.kernel import SlotKind
from regenqc.evaluation.plan import STAGES, composite_parts
from regenqc.evaluation.slots import COLLECTED_ONLY
from regenqc.measurement.stated import names_document
from regenqc.specification.criteria import canonical_word
from regenqc.specification.inheritance import due_hours
from regenqc.vocabulary import Mark, OnFail, Reason, Stage, Timing, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups, Group
    from regenqc.evaluation.plan import Plan
    from regenqc.specification.model import Requirement, Specification

__all__ = ["BUILT_IN_REQUIREMENTS", "FinalColumn", "SettledCells", "settle_cells"]

# In the order in which they stand before the requirements of a stage.
BUILT_IN_REQUIREMENTS: Final = ("result_record", "specification_validity", "expiry")

# A date alone is a day in UTC, which elsewhere has begun earlier.
_A_DAY: Final = 86_400

# Stages at which something that can expire is handed on.
_EXPIRING: Final = frozenset(
    {
        Stage.CELL_BANK,
        Stage.DRUG_SUBSTANCE,
        Stage.DRUG_PRODUCT_RELEASE,
        Stage.SHIPPING,
        Stage.HOSPITAL_RECEIPT,
        Stage.ADMINISTRATION,
    }
)


@dataclass(frozen=True, slots=True)
class FinalColumn:
    """One requirement of a stage over all batches of a group.

    Args:
        requirement_id: of the specification, or built in.
        requirement: index in the specification, -1 for a built-in one.
        stage: index of the stage.
        consequence: what a failing cell does.
        verdict: of each batch.
        pending: whether a missing result is deferred and not overdue.
        due: when it is due, in seconds; `NO_TIME` where nothing is deferred.
        reason: `Reason` where the cell itself has to be explained, 0 where its rows explain it.
        alone: verdict that the results have without their controls.
        present: whether the batch has this cell.
    """

    requirement_id: str
    requirement: int
    stage: int
    consequence: OnFail
    verdict: NDArray[np.uint8]
    pending: NDArray[np.bool_]
    due: NDArray[np.int64]
    reason: NDArray[np.uint8]
    alone: NDArray[np.uint8]
    present: NDArray[np.bool_]

    def of(self, rows: NDArray[np.int64] | slice) -> FinalColumn:
        """Return the column over some of the batches."""
        return replace(
            self,
            verdict=self.verdict[rows],
            pending=self.pending[rows],
            due=self.due[rows],
            reason=self.reason[rows],
            alone=self.alone[rows],
            present=self.present[rows],
        )


@dataclass(frozen=True, slots=True)
class SettledCells:
    """The cells of one group of batches under one specification.

    Args:
        specification: index.
        batches: codes of the batches, sorted by identifier.
        columns: requirements in order of stage and specification, built-in ones first in each stage.
        requirements_at: number of requirements that apply at each stage.
    """

    specification: int
    batches: NDArray[np.int64]
    columns: tuple[FinalColumn, ...]
    requirements_at: tuple[int, ...]

    def of(self, rows: NDArray[np.int64] | slice) -> SettledCells:
        """Return the cells of some of the batches."""
        columns = tuple(column.of(rows) for column in self.columns)
        return replace(self, batches=self.batches[rows], columns=columns)


# The same dates are asked for by every group, specification and stage.
_end_of_day = lru_cache(maxsize=1 << 17)(partial(parse_time, end_of_day=True))


def settle_cells(
    plan: Plan,
    groups: BatchGroups,
    *,
    batches: NDArray[np.int64],
    rank: NDArray[np.int64],
    unattributed: bool,
    findings: pa.Table,
) -> tuple[list[SettledCells], NDArray[np.uint8]]:
    """Return the settled cells of some batches, by group and specification.

    Args:
        plan: slots of all specifications.
        groups: batches with their raw cells, which stay as they are.
        batches: codes, in the order of identifiers.
        rank: position of each batch code in the order of batch identifiers.
        unattributed: whether a row without batch was refused, which holds every batch.
        findings: what the judgement of rows recorded of these batches, see
            `regenqc.evaluation.evidence.FINDING_SCHEMA`.

    Returns:
        The settled cells, and for each of the findings the verdict of the requirement that its cell went into.
    """
    settled: list[SettledCells] = []
    final = np.zeros(findings.num_rows, dtype=np.uint8)
    recorded_by_group = recorded_cells(findings, batches=batches, plan=plan, groups=groups, rank=rank)
    for group, (members, recorded) in zip(groups.groups, recorded_by_group, strict=True):
        if len(members):
            worker = _Settling(plan, groups, group, members, recorded)
            positions = range(len(group.specifications))
            settled += [worker.settle(position, unattributed=unattributed) for position in positions]
            final[recorded.row] = worker.final
    return settled, final


class _Settling:
    """One group of batches on its way from raw to settled cells."""

    def __init__(
        self,
        plan: Plan,
        groups: BatchGroups,
        group: Group,
        members: NDArray[np.int64],
        recorded: RecordedCells,
    ) -> None:
        self.plan = plan
        self.groups = groups
        self.group = group
        self.members = members
        self.start = groups.first_cells(members)
        self.recorded = recorded
        self.final = np.full(len(recorded.row), Verdict.MISSING, dtype=np.uint8)
        self.now = int(groups.as_of.timestamp())

    def _note_final(self, slot: int, verdict: NDArray[np.uint8]) -> None:
        at = self.recorded.about(slot)
        self.final[at] = verdict[self.recorded.place[at]]

    def settle(self, position: int, *, unattributed: bool) -> SettledCells:
        index = self.group.specifications[position]
        specification = self.plan.specifications[index]
        applies = self.group.applies[position]
        columns: list[FinalColumn] = []
        counts = [0] * len(STAGES)
        for stage_index, stage in enumerate(STAGES):
            named = [
                number
                for number, requirement in enumerate(specification.requirements)
                if requirement.stage is stage and applies[number] is not Applies.NO
            ]
            counts[stage_index] = len(named)
            observed = self._record_cell(index, stage_index)
            if stage not in specification.stages and not observed.any():
                continue
            record = self._record_column(
                index, stage_index, observed, speaks=self.group.speaks[position], unattributed=unattributed
            )
            if stage not in specification.stages:
                record = _only_at(observed > 0, record)
            columns.append(record)
            columns += self._built_in(specification, stage_index, valid=self.group.valid[position])
            columns += [
                self._requirement_column(index, specification.requirements[number], number, applies[number])
                for number in named
            ]
        return SettledCells(index, self.members, tuple(columns), tuple(counts))

    def _cell(self, slot: int) -> NDArray[np.uint8]:
        return self.groups.cells[self.start + self.group.column_of_slot[slot]]

    def _record_slots(self, specification: int, stage: int) -> list[int]:
        """Return the slots of rows that no requirement answers for: unlisted tests, and inputs of other criteria."""
        inputs = self.plan.slots_of[specification].get(COLLECTED_ONLY, ())
        return [
            self.plan.unlisted_slot[specification][stage],
            *(slot for slot in inputs if self.plan.slots[slot].stage == stage),
        ]

    def _record_cell(self, specification: int, stage: int) -> NDArray[np.uint8]:
        cells = np.stack([self._cell(slot) for slot in self._record_slots(specification, stage)])
        observed: NDArray[np.uint8] = cells.max(axis=0)
        return observed

    def _column(
        self,
        requirement_id: str,
        stage: int,
        verdict: NDArray[np.uint8],
        reason: NDArray[np.uint8],
        consequence: OnFail = OnFail.HOLD,
    ) -> FinalColumn:
        count = len(self.members)
        return FinalColumn(
            requirement_id=requirement_id,
            requirement=-1,
            stage=stage,
            consequence=consequence,
            verdict=verdict,
            pending=np.broadcast_to(np.False_, count),
            due=np.broadcast_to(np.int64(NO_TIME), count),
            reason=reason,
            alone=verdict,
            present=np.broadcast_to(np.True_, count),
        )

    # ---- built-in requirements -----------------------------------------------------------------------------------

    def _record_column(
        self, specification: int, stage: int, observed: NDArray[np.uint8], *, speaks: Applies, unattributed: bool
    ) -> FinalColumn:
        verdict = np.maximum(observed, np.uint8(Verdict.CONFORMS))
        reason = np.zeros(len(self.members), dtype=np.uint8)
        if not self.group.listed:
            verdict = np.maximum(verdict, np.uint8(Verdict.INCONCLUSIVE))
            reason[:] = Reason.BATCH_NOT_LISTED
        if speaks is not Applies.YES:
            verdict = np.maximum(verdict, np.uint8(Verdict.INCONCLUSIVE))
            reason[:] = Reason.PRODUCT_NOT_UNDERSTOOD
        if unattributed:
            verdict = np.maximum(verdict, np.uint8(Verdict.INCONCLUSIVE))
            reason[:] = Reason.ROW_WITHOUT_BATCH
        # At a stage that the specification does not speak about, what one batch reports says nothing of the others.
        concerned = (observed > 0) | (STAGES[stage] in self.plan.specifications[specification].stages)
        final = verdict if concerned.all() else np.where(concerned, verdict, np.uint8(Verdict.MISSING))
        for slot in self._record_slots(specification, stage):
            self._note_final(slot, final)
        return self._column("result_record", stage, verdict, reason)

    def _built_in(self, specification: Specification, stage: int, *, valid: Applies) -> Iterator[FinalColumn]:
        count = len(self.members)
        if specification.valid_from is not None or specification.valid_to is not None:
            answers = {
                Applies.YES: (Verdict.CONFORMS, 0),
                Applies.NO: (Verdict.INCONCLUSIVE, Reason.SPECIFICATION_NOT_VALID),
                Applies.UNKNOWN: (Verdict.INCONCLUSIVE, Reason.BATCH_DATE_UNREADABLE),
            }
            verdict = np.full(count, answers[valid][0], dtype=np.uint8)
            reason = np.full(count, answers[valid][1], dtype=np.uint8)
            yield self._column("specification_validity", stage, verdict, reason)
        table = self.groups.table
        if table is not None and "expires_at" in table.attributes and STAGES[stage] in _EXPIRING:
            verdict, reason = self.expiry
            yield self._column("expiry", stage, verdict, reason)

    @cached_property
    def expiry(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Verdict and reason of the requirement that no batch has expired."""
        code, texts = self.groups.attribute_codes("expires_at", self.members)
        found = distinct_combinations(code)
        answers = [_expiry_answer(texts[distinct], self.now) for distinct in code[found.first].tolist()]
        verdict, reason = np.array(answers, dtype=np.uint8).reshape(-1, 2)[found.of_row].T
        return verdict, reason

    # ---- requirements of the specification -------------------------------------------------------------------------

    def _requirement_column(
        self, specification: int, requirement: Requirement, number: int, applies: Applies
    ) -> FinalColumn:
        assert requirement.stage is not None  # noqa: S101 - checked when the specification was loaded
        count = len(self.members)
        reason = np.zeros(count, dtype=np.uint8)
        slots = self.plan.slots_of[specification].get(number, [])
        raw = [self._cell(slot) for slot in slots if not self.plan.is_control[slot]]
        marks = self._marks(slots)
        if requirement.sponsor_must_set:
            verdict = np.full(count, Verdict.INCONCLUSIVE, dtype=np.uint8)
            reason[:] = Reason.SPONSOR_MUST_SET
        elif requirement.evidence is not None:
            verdict, reason = self._evidence(requirement)
        elif composite_parts(requirement):
            verdict, reason = _combine(requirement, raw)
        else:
            verdict = np.maximum.reduce(raw)
        alone = verdict
        is_marked = bool(marks.any())
        if (is_marked or self.plan.controlling[specification][number]) and not requirement.sponsor_must_set:
            verdict, reason = controlled(verdict, reason, *self._controls(specification, number))
            noted = (marks & Marks.NOTED > 0) & (verdict == Verdict.CONFORMS)
            verdict = np.where(noted, np.uint8(Verdict.ALERT), verdict).astype(np.uint8)
        if requirement.mark is Mark.UNVERIFIED and not requirement.report_only and not requirement.sponsor_must_set:
            known = verdict > Verdict.MISSING
            verdict = np.where(known, np.uint8(Verdict.INCONCLUSIVE), verdict).astype(np.uint8)
            reason[known] = Reason.LIMIT_UNVERIFIED
        if applies is Applies.UNKNOWN:
            capped = (verdict == Verdict.FAILS) | (verdict == Verdict.ALERT)
            verdict = np.where(capped, np.uint8(Verdict.INCONCLUSIVE), verdict).astype(np.uint8)
            reason[capped] = Reason.APPLICABILITY_UNKNOWN
        missing = verdict == Verdict.MISSING
        # Views of one value: most columns are never deferred, and there may be a million batches.
        pending: NDArray[np.bool_] = np.broadcast_to(np.False_, count)
        due: NDArray[np.int64] = np.broadcast_to(np.int64(NO_TIME), count)
        reason[missing] = Reason.NOT_REPORTED
        if requirement.timing is Timing.AFTER_RELEASE and missing.any():
            made = self.groups.manufactured_at(self.members)
            # Nothing is due from a day that has not come.
            dated = missing & (made != NO_TIME) & (made <= self.now + _A_DAY)
            due = np.full(count, NO_TIME, dtype=np.int64)
            due[dated] = made[dated] + due_hours(requirement.due) * 3600
            pending = dated & (due >= self.now)
            reason[missing] = np.where(
                pending, Reason.PENDING, np.where(dated, Reason.OVERDUE, Reason.DUE_DATE_UNKNOWN)
            )[missing]
        # A known failure is not carried into a release by waiting for what may take its place.
        if is_marked:
            not_replaced = missing & (marks & Marks.SET_ASIDE > 0)
            reason[not_replaced] = Reason.FAILING_RESULT_NOT_REPLACED
            pending = pending & ~not_replaced
        for slot in slots:
            self._note_final(slot, verdict)
        return FinalColumn(
            requirement_id=requirement.id,
            requirement=number,
            stage=STAGES.index(requirement.stage),
            consequence=requirement.consequence,
            verdict=verdict,
            pending=pending,
            due=due,
            reason=reason,
            alone=alone,
            present=np.broadcast_to(np.True_, count),
        )

    def _controls(self, specification: int, number: int) -> tuple[list[NDArray[np.uint8]], NDArray[np.uint8]]:
        """Return the cells of the controls behind a requirement, and the marks of controls in columns of rows."""
        cells: list[NDArray[np.uint8]] = []
        marks = np.zeros(len(self.members), dtype=np.uint8)
        for other in {number, *self.plan.controlling[specification][number]}:
            slots = [
                slot for slot in self.plan.slots_of[specification].get(other, ()) if slot in self.group.column_of_slot
            ]
            cells += [self._cell(slot) for slot in slots if self.plan.is_control[slot]]
            # A row of its own has met its controls already; only what counts together meets them here.
            together = [slot for slot in slots if other != number or self.plan.kind[slot] == SlotKind.COLLECTED]
            marks = marks | self._marks(together)
        return cells, marks

    def _marks(self, slots: list[int]) -> NDArray[np.uint8]:
        """Return what the rows of some slots leave to be said, for every batch."""
        return self.recorded.marks_of(slots, count=len(self.members))

    def _evidence(self, requirement: Requirement) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        evidence = requirement.evidence
        assert evidence is not None  # noqa: S101 - the caller asked
        document, documents = self.groups.attribute_codes(evidence.document[1:], self.members)
        until: NDArray[np.integer[Any]] = np.zeros(len(self.members), dtype=np.int32)
        dates = [""]
        if evidence.valid_until is not None:
            until, dates = self.groups.attribute_codes(evidence.valid_until[1:], self.members)
        found = distinct_combinations(document, until)
        answers = [
            self._evidence_answer(documents[document[row]], None if evidence.valid_until is None else dates[until[row]])
            for row in found.first.tolist()
        ]
        verdict, reason = np.array(answers, dtype=np.uint8).reshape(-1, 2)[found.of_row].T
        return verdict, reason

    def _evidence_answer(self, document: str, valid_until: str | None) -> tuple[int, int]:
        # A word for nothing, or of the result vocabulary, such as "pending" or "absent", names no document.
        if not names_document(document) or canonical_word(document) is not None:
            return Verdict.FAILS, Reason.EVIDENCE_MISSING
        if valid_until is None:
            return Verdict.CONFORMS, 0
        moment = _end_of_day(valid_until)
        if moment is None:
            return Verdict.INCONCLUSIVE, Reason.EVIDENCE_DATE_UNREADABLE
        return (Verdict.FAILS, Reason.EVIDENCE_EXPIRED) if moment < self.now else (Verdict.CONFORMS, 0)


@lru_cache(maxsize=1 << 17)
def _expiry_answer(text: str, now: int) -> tuple[int, int]:
    moment = _end_of_day(text) if text else None
    if text and moment is None:
        return int(Verdict.INCONCLUSIVE), int(Reason.BATCH_DATE_UNREADABLE)
    if moment is not None and moment < now:
        return int(Verdict.FAILS), int(Reason.BATCH_EXPIRED)
    return int(Verdict.CONFORMS), 0


def _only_at(present: NDArray[np.bool_], column: FinalColumn) -> FinalColumn:
    """Return a column of which only some batches have a cell: what other batches reported is no matter of theirs."""
    return replace(
        column,
        verdict=np.where(present, column.verdict, np.uint8(Verdict.CONFORMS)),
        reason=np.where(present, column.reason, np.uint8(0)),
        present=present,
    )


def _combine(requirement: Requirement, raw: list[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Combine the parts of a composite requirement.

    Conforming and alerting parts satisfy; a part that failed is spent; anything else is open. A requirement that can
    still be met by an open part is inconclusive once another part has failed or cannot be judged, because a deferred
    result must not carry a known failure; it is missing only while nothing speaks against it.
    """
    parts = np.stack(raw)
    satisfied = (parts == Verdict.CONFORMS) | (parts == Verdict.ALERT)
    failed = (parts == Verdict.FAILS).sum(axis=0)
    inconclusive = (parts == Verdict.INCONCLUSIVE).sum(axis=0)
    count = len(raw)
    if requirement.n_of_m is not None:
        needed, impossible = requirement.n_of_m.n, Reason.TOO_FEW_CONFORM
    elif requirement.any_of is not None:
        needed, impossible = 1, Reason.NO_ALTERNATIVE_CONFORMS
    else:
        needed, impossible = count, Reason.PART_FAILS
    met = satisfied.sum(axis=0) >= needed
    lost = count - failed < needed
    open_question = (inconclusive > 0) | (failed > 0)
    plain = (parts == Verdict.CONFORMS).sum(axis=0) >= needed
    verdict = np.where(
        met,
        np.where(plain, Verdict.CONFORMS, Verdict.ALERT),
        np.where(lost, Verdict.FAILS, np.where(open_question, Verdict.INCONCLUSIVE, Verdict.MISSING)),
    ).astype(np.uint8)
    reason = np.zeros(parts.shape[1], dtype=np.uint8)
    reason[verdict == Verdict.FAILS] = impossible
    reason[verdict == Verdict.INCONCLUSIVE] = Reason.ALTERNATIVES_UNDECIDED
    return verdict, reason
