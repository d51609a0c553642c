"""What controls make of a cell: every verdict beside every pair of controls and every mark, against the rule said plainly."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from regenqc.evaluation.cell_marks import Marks
from regenqc.evaluation.controlled_cells import controlled
from regenqc.vocabulary import Reason, Verdict

MARKS = (0, Marks.NOTED, Marks.SET_ASIDE, Marks.CONTROL_MISSING, Marks.CONTROL_INCONCLUSIVE, Marks.CONTROL_FAILED,
         Marks.CONTROL_MISSING | Marks.CONTROL_FAILED, Marks.CONTROL_MISSING | Marks.CONTROL_INCONCLUSIVE)  # fmt: skip


def ruled(verdict: Verdict, controls: tuple[Verdict, ...], marks: int) -> tuple[Verdict, int]:
    """Return verdict and reason of one cell: no evidence beside a control that failed, is undecided, or is not there."""
    if Verdict.FAILS in controls or marks & Marks.CONTROL_FAILED:
        return Verdict.INCONCLUSIVE, Reason.CONTROL_FAILED
    if Verdict.INCONCLUSIVE in controls or marks & Marks.CONTROL_INCONCLUSIVE:
        return Verdict.INCONCLUSIVE, Reason.CONTROL_INCONCLUSIVE
    if verdict != Verdict.MISSING and (Verdict.MISSING in controls or marks & Marks.CONTROL_MISSING):
        return Verdict.INCONCLUSIVE, Reason.CONTROL_MISSING
    if verdict == Verdict.CONFORMS and Verdict.ALERT in controls:
        return Verdict.ALERT, 0
    return verdict, 0


@pytest.mark.parametrize("count", [0, 1, 2], ids=["no control", "one control", "two controls"])
def test_a_result_counts_when_all_of_its_controls_conform(count: int):
    cases = list(product(Verdict, product(Verdict, repeat=count), MARKS))
    verdict = np.array([case[0] for case in cases], dtype=np.uint8)
    controls = [np.array([case[1][number] for case in cases], dtype=np.uint8) for number in range(count)]
    marks = np.array([case[2] for case in cases], dtype=np.uint8)
    before = verdict.copy()
    found, reason = controlled(verdict, np.zeros(len(cases), dtype=np.uint8), controls, marks)
    wanted = [ruled(*case) for case in cases]
    assert found.tolist() == [int(case[0]) for case in wanted]
    assert reason.tolist() == [int(case[1]) for case in wanted]
    assert verdict.tolist() == before.tolist()  # what the results are alone is still asked for


def test_where_no_control_speaks_nothing_changes():
    verdict, reason = np.array([Verdict.FAILS, Verdict.MISSING], dtype=np.uint8), np.array([0, 9], dtype=np.uint8)
    conforming = np.full(2, Verdict.CONFORMS, dtype=np.uint8)
    found, why = controlled(verdict, reason, [conforming], np.zeros(2, dtype=np.uint8))
    assert (found.tolist(), why.tolist()) == (verdict.tolist(), reason.tolist())
