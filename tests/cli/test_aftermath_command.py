"""`regenqc aftermath`: what it prints, and with what it leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.custody.story import MAKER
from tests.reinspection.bedside import AT_HOSPITAL, DOSE, STUDY, ready
from tests.reinspection.test_aftermath import BOTH, followed, treated

from .custody_site import regenqc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .custody_site import Done

__all__ = ["regenqc"]  # fixture


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run commands in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def test_a_late_positive_names_who_received_it(folder: Path, regenqc: Callable[..., Done]) -> None:
    treated().add("late", "evaluation", items=BOTH, outcome="reject", site=MAKER).book(folder).close()
    done = regenqc("aftermath", "reaches", "LOT-0001")
    assert (done.code, done.err) == (1, "")
    assert "given to PATIENT-0815" in done.out
    assert "evaluated as reject after the decision" in done.out


def test_a_container_that_nothing_stops_is_said_aloud(folder: Path, regenqc: Callable[..., Done]) -> None:
    ready().book(folder).close()
    done = regenqc("aftermath", "reaches", "LOT-0001", "--json")
    assert (done.code, [each["stops"] for each in json.loads(done.out)]) == (1, [[], []])
    assert "nothing stops DP-0001-1" in regenqc("aftermath", "reaches", "LOT-0001").out


def test_a_whole_recall_leaves_with_0(folder: Path, regenqc: Callable[..., Done]) -> None:
    ready().add("recall", "recall", lot="LOT-0001", reason="late positive", **AT_HOSPITAL).book(folder).close()
    done = regenqc("aftermath", "reaches", DOSE)
    assert done.code == 0
    assert "All of it is stopped" in done.out


def test_notices_with_their_clocks(regenqc: Callable[..., Done]) -> None:
    happened = "out_of_specification_administered=2026-03-16T09:00Z"
    where = ("-j", "EU", "-t", "atmp")
    assert regenqc("aftermath", "notices", happened, *where, "--now", "2026-03-17T00:00Z").code == 0
    late = regenqc("aftermath", "notices", happened, *where, "--now", "2026-03-19T00:00Z")
    assert (late.code, "OVERDUE" in late.out) == (1, True)


def test_follow_up_that_is_overdue_leaves_with_1(folder: Path, regenqc: Callable[..., Done]) -> None:
    followed().book(folder).close()
    assert regenqc("aftermath", "follow-up", STUDY, "--today", "2026-03-20").code == 0
    done = regenqc("aftermath", "follow-up", STUDY, "--today", "2026-05-01")
    assert (done.code, "overdue" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("command", "code", "exit_code"),
    [
        (("reaches", "LOT-9"), "RQC-C221", 2),
        (("notices", "recall", "-j", "EU", "-t", "atmp"), "RQC-U147", 2),
        (("notices", "rain=2026-03-16T09:00Z", "-j", "EU", "-t", "atmp"), "RQC-H601", 2),
        (("notices", "recall=2026-03-16T09:00", "-j", "EU", "-t", "atmp"), "RQC-U106", 2),
        (("follow-up", STUDY, "--today", "soon"), "RQC-U146", 2),
        (("follow-up", STUDY), "RQC-H602", 4),
    ],
    ids=["an unknown lot", "no moment", "no such occurrence", "no zone", "no day", "no schedule"],
)
def test_what_is_not_understood_is_refused(
    command: tuple[str, ...], code: str, exit_code: int, folder: Path, regenqc: Callable[..., Done]
) -> None:
    ready().book(folder).close()
    done = regenqc("aftermath", *command)
    assert (done.code, code in done.err) == (exit_code, True)
