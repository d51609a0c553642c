"""The rows of lots: what a lot in order reports, what trouble changes in it, and the history every record has.

Rows are columns of numbers; the numbers are explained by the pools of `Press`. A row is drawn from its own address (lot
and place in the record), never from a stream, so that a lot reads the same in every chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regenqc.simulation.pools import LAST_HOUR, ReadingPool, TextPool
from regenqc.simulation.readings import Reading
from regenqc.simulation.troubles import TROUBLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.simulation.attributes import Attributes
    from regenqc.simulation.deal import Deal
    from regenqc.simulation.dice import Dice
    from regenqc.simulation.panels import Panel, Tables
    from regenqc.simulation.troubles import Edit

__all__ = ["MAXIMUM_ORDINAL", "Press", "Rows"]

# A regular result has its place in the panel, from 1, as ordinal; further rows have one above these.
MAXIMUM_ORDINAL = 128
_TROUBLE_ORDINAL, _FURTHER_ORDINAL, _HISTORY_ORDINAL = 41, 81, 120
PROOFS = ("none", "complete", "one_person")
_SUPERSEDED, _INVALIDATED, _DUPLICATED, _CANCELLED = range(4)
# Of a hundred lots, in this order: superseded, invalidated and repeated, written twice, cancelled. The rest has no history.
_HISTORY = np.array([12, 20, 28, 32])
STATUSES = ("verified", "preliminary", "unverified", "invalidated", "cancelled", "approved?")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as numbers, one entry per row in every array.

    Args:
        lot: number of the lot.
        ordinal: number of the result within its lot, also its `result_id`.
        copy: 1 for a row that is written a second time.
        slot: place in the panel.
        reading, test, stage, status, tested_at: numbers in the pools.
        revision: of the result.
        investigated: what stands behind an invalidation, position in `PROOFS`.
        retest_of: ordinal of the first result that the row retests, 0 for none.
    """

    lot: NDArray[np.int64]
    ordinal: NDArray[np.int32]
    copy: NDArray[np.int32]
    slot: NDArray[np.int32]
    reading: NDArray[np.int32]
    test: NDArray[np.int32]
    stage: NDArray[np.int32]
    status: NDArray[np.int32]
    tested_at: NDArray[np.int32]
    revision: NDArray[np.int32]
    investigated: NDArray[np.int32]
    retest_of: NDArray[np.int32]

    @staticmethod
    def join(parts: list[Rows]) -> Rows:
        """Return the rows of all parts, in their order."""
        return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__slots__))


@dataclass(slots=True)
class _Draft:
    """The regular rows of lots as (lot × slot) matrices, while they are being changed."""

    reading: NDArray[np.int32]
    test: NDArray[np.int32]
    stage: NDArray[np.int32]
    status: NDArray[np.int32]
    tested_at: NDArray[np.int32]
    revision: NDArray[np.int32]
    retest_of: NDArray[np.int32]
    present: NDArray[np.bool_]
    touched: NDArray[np.bool_]


class Press:
    """Print the rows of lots of one panel.

    Args:
        dice: of the run.
        panel: what the lots report.
        readings: pool shared by all panels, as are the others.
        texts: pools of `test`, `stage`, `status` and `tested_at`.
        vectors: pool of the vector attribute.
    """

    def __init__(
        self, dice: Dice, panel: Panel, *, readings: ReadingPool, texts: dict[str, TextPool], vectors: TextPool
    ) -> None:
        self._dice, self.panel, self._readings, self._texts = dice, panel, readings, texts
        slots = panel.slots
        self._usual = [self._table(slot.usual) for slot in slots]
        self._wrong = [np.array([readings.code(reading) for reading in slot.wrong], dtype=np.int32) for slot in slots]
        self._test = texts["test"].codes([slot.test for slot in slots])
        self._stage = texts["stage"].codes([slot.stage for slot in slots])
        self._is_retested = np.array([slot.is_retested for slot in slots], dtype=np.bool_)
        self._days = np.array([slot.days for slot in slots], dtype=np.int64)
        self._vector = [vectors.code(slot.vector) for slot in slots]
        self._edits = {
            number: [(edit, self._table(edit.tables)) for edit in trouble.edits if edit.slot in panel.place]
            for number, trouble in enumerate(TROUBLES)
        }
        for trouble in TROUBLES:
            for edit in trouble.edits:
                for name in ("test", "stage", "status", "tested_at"):
                    texts[name].code(getattr(edit, name))

    def print(self, lots: NDArray[np.int64], fate: Deal, attributes: Attributes) -> tuple[Rows, NDArray[np.int64]]:
        """Return every row of the lots, in no order that matters, and for each lot the result whose failure stays visible.

        That is the place in the panel of a wrong result that was revised, or invalidated and repeated; -1 for none.
        """
        draft = self._draft(lots, attributes)
        parts: list[Rows] = []
        for number in range(len(TROUBLES)):
            mine = np.flatnonzero((fate.first == number) | (fate.second == number))
            if mine.size:
                parts += self._apply(number, mine, lots=lots, attributes=attributes, draft=draft)
        history, noted = self._history(lots, draft)
        parts += history
        lot, slot = np.nonzero(draft.present)
        regular = self._rows(lots, lot, slot.astype(np.int32), draft, ordinal=slot.astype(np.int32) + 1)
        return Rows.join([regular, *parts]), noted

    def _table(self, tables: Tables) -> NDArray[np.int32]:
        """Return reading numbers by (key, place), every line of one length."""
        length = max((len(table) for table in tables), default=0)
        codes = [[self._readings.code(table[place % len(table)]) for place in range(length)] for table in tables]
        return np.array(codes, dtype=np.int32).reshape(len(tables), length)

    def _draw(
        self, table: NDArray[np.int32], question: str, lots: NDArray[np.int64], donor: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        keys = donor % table.shape[0]  # one table for all, one for each sex (donors alternate), or one for each donor
        drawn: NDArray[np.int32] = table[keys, self._dice.pick(question, lots, table.shape[1])]
        return drawn

    def _draft(self, lots: NDArray[np.int64], attributes: Attributes) -> _Draft:
        shape = (lots.size, len(self.panel.slots))
        draft = _Draft(
            reading=np.empty(shape, dtype=np.int32),
            test=np.broadcast_to(self._test, shape).copy(),
            stage=np.broadcast_to(self._stage, shape).copy(),
            status=np.full(shape, self._texts["status"].code("verified"), dtype=np.int32),
            tested_at=np.empty(shape, dtype=np.int32),
            revision=np.ones(shape, dtype=np.int32),
            retest_of=np.zeros(shape, dtype=np.int32),
            present=np.ones(shape, dtype=np.bool_),
            touched=np.zeros(shape, dtype=np.bool_),
        )
        for place, slot in enumerate(self.panel.slots):
            question = f"{self.panel.prefix} {slot.stream or slot.name}"
            draft.reading[:, place] = self._draw(self._usual[place], question, lots, attributes.donor)
            if slot.vector:
                draft.present[:, place] = attributes.vector == self._vector[place]
        hours = attributes.manufactured_hour[:, None] + self._days * 24 + self._dice.pick("hour", lots, 8)[:, None]
        draft.tested_at[:] = np.clip(hours, 0, LAST_HOUR - 12) + 1
        return draft

    def _apply(
        self,
        number: int,
        mine: NDArray[np.int64],
        *,
        lots: NDArray[np.int64],
        attributes: Attributes,
        draft: _Draft,
    ) -> list[Rows]:
        trouble = TROUBLES[number]
        added: list[Rows] = []
        if trouble.no_rows:
            draft.present[mine] = False
            draft.touched[mine] = True
        for edit, table in self._edits[number]:
            place = self.panel.place[edit.slot]
            draft.touched[mine, place] = True
            if edit.action == "drop":
                draft.present[mine, place] = False
                continue
            codes = None
            if table.size:
                codes = self._draw(table, f"{trouble.word} {edit.slot}", lots[mine], attributes.donor[mine])
            if edit.action == "add":
                added.append(self._added(edit, codes, mine, lots, draft))
            else:
                self._replace(edit, codes, mine, place, draft)
        return added

    def _replace(
        self, edit: Edit, codes: NDArray[np.int32] | None, mine: NDArray[np.int64], place: int, draft: _Draft
    ) -> None:
        if codes is not None:
            draft.reading[mine, place] = codes
        draft.status[mine, place] = self._texts["status"].code(edit.status)
        if edit.stage:
            draft.stage[mine, place] = self._texts["stage"].code(edit.stage)
        if edit.tested_at:
            draft.tested_at[mine, place] = self._texts["tested_at"].code(edit.tested_at)

    def _added(
        self,
        edit: Edit,
        codes: NDArray[np.int32] | None,
        mine: NDArray[np.int64],
        lots: NDArray[np.int64],
        draft: _Draft,
    ) -> Rows:
        place = self.panel.place[edit.slot]
        revises = edit.revision > 1
        ordinal = place + 1 if revises else (_FURTHER_ORDINAL if edit.retests else _TROUBLE_ORDINAL) + place
        slots = np.full(mine.size, place, dtype=np.int32)
        rows = self._rows(lots, mine, slots, draft, ordinal=np.full(mine.size, ordinal, dtype=np.int32))
        if codes is not None:
            rows.reading[:] = codes
        rows.status[:] = self._texts["status"].code(edit.status)
        rows.revision[:] = edit.revision
        rows.investigated[:] = PROOFS.index(edit.proof)
        rows.retest_of[:] = _TROUBLE_ORDINAL + place if edit.retests else 0
        if edit.retested:
            draft.retest_of[mine, place] = ordinal
        if edit.test:
            rows.test[:] = self._texts["test"].code(edit.test)
        return rows

    def _history(self, lots: NDArray[np.int64], draft: _Draft) -> tuple[list[Rows], NDArray[np.int64]]:
        """Give some lots a superseded, invalidated, repeated or cancelled result that must not count against them."""
        event = np.searchsorted(_HISTORY, self._dice.pick("history", lots, 100), side="right")
        place = self._dice.pick("history slot", lots, len(self.panel.slots))
        each = np.arange(lots.size)
        event[~draft.present[each, place] | draft.touched[each, place]] = len(_HISTORY)
        event[(event == _INVALIDATED) & ~self._is_retested[place]] = len(_HISTORY)
        noted = np.where((event == _SUPERSEDED) | (event == _INVALIDATED), place, -1)
        parts: list[Rows] = []
        for kind in range(len(_HISTORY)):
            mine = np.flatnonzero(event == kind)
            slots = place[mine].astype(np.int32)
            same_result = kind in (_SUPERSEDED, _DUPLICATED)
            ordinal = slots + 1 if same_result else np.full(mine.size, _HISTORY_ORDINAL + kind, dtype=np.int32)
            rows = self._rows(lots, mine, slots, draft, ordinal=ordinal)
            rows.copy[:] = kind == _DUPLICATED
            rows.retest_of[:] = 0
            if kind in (_SUPERSEDED, _INVALIDATED):
                rows.reading[:] = np.array([self._wrong[slot][0] for slot in range(len(self._wrong))])[slots]
            if kind == _SUPERSEDED:
                draft.revision[mine, slots] = 2
            elif kind == _INVALIDATED:
                rows.status[:] = self._texts["status"].code("invalidated")
                rows.investigated[:] = PROOFS.index("complete")
                draft.retest_of[mine, slots] = ordinal
            elif kind == _CANCELLED:
                rows.reading[:] = self._readings.code(Reading(""))
                rows.status[:] = self._texts["status"].code("cancelled")
            parts.append(rows)
        return parts, noted

    def _rows(
        self,
        lots: NDArray[np.int64],
        mine: NDArray[np.int64],
        slots: NDArray[np.int32],
        draft: _Draft,
        *,
        ordinal: NDArray[np.int32],
    ) -> Rows:
        zeros = np.zeros(mine.size, dtype=np.int32)
        return Rows(
            lot=lots[mine],
            ordinal=ordinal,
            copy=zeros.copy(),
            slot=slots,
            reading=draft.reading[mine, slots],
            test=draft.test[mine, slots],
            stage=draft.stage[mine, slots],
            status=draft.status[mine, slots],
            tested_at=draft.tested_at[mine, slots],
            revision=draft.revision[mine, slots],
            investigated=zeros.copy(),
            retest_of=draft.retest_of[mine, slots],
        )
