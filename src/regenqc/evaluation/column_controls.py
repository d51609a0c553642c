"""Controls in a column of the result's own row: without them the result is no evidence either way."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.apart import judge_apart
from regenqc.evaluation.evidence import texts_at
from regenqc.evaluation.kernel import RowArrays
from regenqc.evaluation.row_arrays import reading_arrays
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.evaluation.batch_groups import BatchGroups
    from regenqc.evaluation.plan import Plan
    from regenqc.intake.coding import CodedRows, RowCoder

__all__ = ["CONTROL_REASONS", "ColumnControls"]

# What a control that does not conform makes of the results of its assay.
CONTROL_REASONS: Final = {
    Verdict.MISSING: Reason.CONTROL_MISSING,
    Verdict.ALERT: Reason.CONTROL_OUTSIDE_ALERT_LIMIT,
    Verdict.INCONCLUSIVE: Reason.CONTROL_INCONCLUSIVE,
    Verdict.FAILS: Reason.CONTROL_FAILED,
}
# Of several controls of one row the worst decides; to have none is worse than an alert.
_RANK: Final = np.argsort([Verdict.CONFORMS, Verdict.ALERT, Verdict.MISSING, Verdict.INCONCLUSIVE, Verdict.FAILS])
_REASON: Final = np.array([CONTROL_REASONS.get(verdict, Reason.CONFORMS) for verdict in Verdict], dtype=np.uint8)
_LONGEST_QUOTED: Final = 120


class ColumnControls:
    """The controls of some rows.

    Args:
        plan: compiled specifications.
        groups: batches and their limits.
        coder: that has coded the rows.
        compiled: force the compiled or the plain kernel.
    """

    def __init__(self, plan: Plan, groups: BatchGroups, coder: RowCoder, *, compiled: bool | None = None) -> None:
        self._plan, self._groups, self._coder, self._compiled = plan, groups, coder, compiled
        self._is_controlled = np.zeros(len(plan.slots), dtype=np.bool_)
        self._is_controlled[list(plan.columns_of)] = True

    def concern(self, slot: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return whether the rows of these slots have controls of their own."""
        controlled: NDArray[np.bool_] = self._is_controlled[slot]
        return controlled

    def apply(
        self,
        coded: CodedRows,
        *,
        row: NDArray[np.integer],
        slot: NDArray[np.integer],
        verdict: NDArray[np.uint8],
        reason: NDArray[np.uint8],
        detail: NDArray[np.object_],
        together: bool = False,
    ) -> None:
        """Make a result inconclusive whose control does not conform, whatever it says; what is missing stays so.

        Args:
            coded: rows of the chunk.
            row: row of each entry.
            slot: slot of each entry, any.
            verdict: of each entry without its controls; changed in place, as are the next two.
            reason: of that verdict.
            detail: what helps a reader, or `None`.
            together: whether the rows count only together, so that none has a verdict of its own.
        """
        for number in np.unique(slot[self.concern(slot)]).tolist():
            members = np.flatnonzero((slot == number) & (verdict != Verdict.MISSING))
            worst, which = self.judge(coded, number, row[members])
            chosen = np.flatnonzero(
                (worst != Verdict.CONFORMS) & ((worst != Verdict.ALERT) | (verdict[members] == Verdict.CONFORMS))
            )
            at, worst, which = members[chosen], worst[chosen], which[chosen]
            columns = [self._plan.slots[control].column for control in self._plan.columns_of[number]]
            said = [texts_at(coded.rows, column, row[at]).to_pylist() for column in columns]
            for place, (entry, control) in enumerate(zip(at.tolist(), which.tolist(), strict=True)):
                alone = "" if together else _alone(verdict[entry], reason[entry], detail[entry])
                detail[entry] = f"{columns[control]} {_reported(said[control][place])}{alone}"
            verdict[at] = np.where(worst == Verdict.ALERT, Verdict.ALERT, Verdict.INCONCLUSIVE)
            reason[at] = _REASON[worst]

    def judge(
        self, coded: CodedRows, number: int, row: NDArray[np.integer]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Judge the controls of some rows of one slot.

        Returns:
            The verdict of the worst control of each row, and the position of that control.
        """
        worst = np.full(len(row), Verdict.CONFORMS, dtype=np.uint8)
        which = np.zeros(len(row), dtype=np.int64)
        for position, control in enumerate(self._plan.columns_of[number]):
            column = self._plan.slots[control].column
            found = self._verdicts(coded, control, column, row)
            worse = _RANK[found] > _RANK[worst]
            worst[worse], which[worse] = found[worse], position
        return worst, which

    def _verdicts(self, coded: CodedRows, control: int, column: str, row: NDArray[np.integer]) -> NDArray[np.uint8]:
        read = self._coder.read_column(coded.rows, column, row)
        if read is None:
            return np.full(len(row), Verdict.MISSING, dtype=np.uint8)
        readings, reading, unit = read
        self._plan.prepare_units(unit)
        code, counts = np.zeros(len(row), dtype=np.uint32), np.zeros(len(row), dtype=np.uint8)
        arrays = RowArrays(
            code, code, reading.astype(np.uint32), unit.astype(np.uint16), counts, *reading_arrays(readings)
        )
        verdict, _ = judge_apart(
            self._plan,
            arrays,
            at=np.arange(len(row)),
            slot=np.full(len(row), control, dtype=np.int64),
            members=self._groups.members_of(coded.batch[row]),
            compiled=self._compiled,
        )
        return verdict


def _reported(text: str) -> str:
    shown = text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}…"
    return f"reports “{shown}”" if text.strip() else "reports nothing"


@lru_cache(maxsize=1 << 12)
def _alone(verdict: int, reason: int, detail: str | None) -> str:
    because = [Reason(reason).code.replace("_", " ")] if reason != Reason.CONFORMS else []
    because += [detail] if detail else []
    return f"; the result would {Verdict(verdict).verb}" + (f": {', '.join(because)}" if because else "")
