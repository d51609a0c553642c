"""`regenqc aftermath`: what it prints, and with what it leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.custody.story import MAKER, PATIENT
from tests.reinspection.bedside import AT_HOSPITAL, DOSE, PLAN, STUDY, ready
from tests.reinspection.test_aftermath import BOTH, followed, treated

from regenqc.custody.record import Blob

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


def two_sites(folder: Path) -> tuple[str, str]:
    """A maker's ledger that ends with the shipping, and a hospital's in which the dose was given."""
    (folder / "maker").mkdir()
    (folder / "hospital").mkdir()
    story = treated()
    story.book(folder / "hospital").close()
    names = list(story.events)
    story.drop(*names[names.index("sensor_reading") :]).book(folder / "maker").close()
    return f"sqlite:///{folder}/maker/ledger.db", f"sqlite:///{folder}/hospital/ledger.db"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["maker first", "hospital first"])
def test_over_several_ledgers_the_one_that_saw_it_last_speaks(
    order: tuple[int, int], folder: Path, regenqc: Callable[..., Done]
) -> None:
    urls = two_sites(folder)
    first, second = (urls[at] for at in order)
    done = regenqc("aftermath", "reaches", "LOT-0001", "--ledger", first, "--also", second, "--json")
    told = {each["item"]: each for each in json.loads(done.out)}
    assert told[DOSE]["recipient"] == "PATIENT-0815"
    assert told[DOSE]["administered_at"]
    alone = json.loads(regenqc("aftermath", "reaches", "LOT-0001", "--ledger", urls[0], "--json").out)
    assert {each["item"]: each["administered_at"] for each in alone}[DOSE] == ""


def test_a_recall_in_one_ledger_stops_it_in_all(folder: Path, regenqc: Callable[..., Done]) -> None:
    for name, bend in (("a", False), ("b", True)):
        (folder / name).mkdir()
        story = ready()
        if bend:
            story.add("recall", "recall", lot="LOT-0001", reason="late positive", **AT_HOSPITAL)
        story.book(folder / name).close()
    urls = [f"sqlite:///{folder}/{name}/ledger.db" for name in "ab"]
    assert regenqc("aftermath", "reaches", "LOT-0001", "--ledger", urls[0]).code == 1
    assert regenqc("aftermath", "reaches", "LOT-0001", "--ledger", urls[0], "--also", urls[1]).code == 0


def test_versions_of_sites_must_be_equal(folder: Path, regenqc: Callable[..., Done]) -> None:
    for name in "abc":
        (folder / name).mkdir()
    ready().book(folder / "a").close()
    ready().book(folder / "b").close()
    ready().bend("plan", measurements=PLAN[1:]).book(folder / "c").close()
    lead, same, other = (f"sqlite:///{folder}/{name}/ledger.db" for name in "abc")
    assert regenqc("aftermath", "versions", STUDY, "--ledger", lead, "--also", same).code == 0
    done = regenqc("aftermath", "versions", STUDY, "--ledger", lead, "--also", same, "--also", other, "--json")
    assert (done.code, [each["differs"] for each in json.loads(done.out)]) == (1, [[], [], ["protocol_version"]])
    assert regenqc("aftermath", "versions", "STUDY-9", "--ledger", lead).code == 1


def test_sites_that_judged_by_different_versions_are_named(folder: Path, regenqc: Callable[..., Done]) -> None:
    for name, version, where in (("a", "1", "maker evaluation"), ("b", "2", "reinspect")):
        (folder / name).mkdir()
        documents, blobs = (f"example/a#{version}",), (Blob(f"sha256:{64 * version}", "specification"),)
        ready().bend(where, documents=documents, blobs=blobs).book(folder / name).close()
    lead, other = (f"sqlite:///{folder}/{name}/ledger.db" for name in "ab")
    assert regenqc("aftermath", "versions", STUDY, "--ledger", lead).code == 0
    done = regenqc("aftermath", "versions", STUDY, "--ledger", lead, "--also", other, "--json")
    said = "example/a: MAKER-1 by 1 (sha256:111111111111…), HOSPITAL-1 by 2 (sha256:222222222222…)."
    assert (done.code, [each["worked_by_differs"] for each in json.loads(done.out)]) == (1, [[said], [said]])
    assert "versions differ" in regenqc("aftermath", "versions", STUDY, "--ledger", lead, "--also", other).out


def test_the_lead_site_collects_the_adverse_events_of_all_sites(folder: Path, regenqc: Callable[..., Done]) -> None:
    for name in "ab":
        (folder / name).mkdir()
    lead = treated().add("own", "adverse_event", recipient=PATIENT, reason="fever", **AT_HOSPITAL)
    lead.add("stop", "study_suspended", study=STUDY, reason="serious reaction", **AT_HOSPITAL).book(
        folder / "a"
    ).close()
    other = ready().add("other", "adverse_event", recipient="PATIENT-0003", study=STUDY, reason="rash", **AT_HOSPITAL)
    other.add("stranger", "adverse_event", recipient="PATIENT-0009", reason="not of this study", **AT_HOSPITAL)
    other.book(folder / "b").close()
    urls = [f"sqlite:///{folder}/{name}/ledger.db" for name in "ab"]
    assert regenqc("aftermath", "inbox", STUDY, "--ledger", urls[0]).code == 0
    done = regenqc("aftermath", "inbox", STUDY, "--ledger", urls[0], "--also", urls[1], "--json")
    told = json.loads(done.out)
    assert (done.code, sorted((each["said"], each["answered"]) for each in told)) == (
        1,
        [("fever", True), ("rash", False)],
    )
    assert regenqc("aftermath", "inbox", "STUDY-9", "--ledger", urls[0]).code == 0
