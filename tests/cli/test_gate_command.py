"""`regenqc gate` at the bedside: the word, the reasons, the exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.custody.story import COI, LATER, PATIENT
from tests.reinspection.bedside import AT_HOSPITAL, DOSE, POLICY, Story, ready
from tests.reinspection.test_gate_offline import keyed

from regenqc.custody import Book, Event, read_event
from regenqc.ledger import CheckpointMemory

from .custody_site import regenqc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .custody_site import Done

__all__ = ["regenqc"]  # fixture

RULES = 'schema = "regenqc.gate/1"\nbedside_check_minutes = 30\n'


def options(story: Story) -> list[str]:
    people = ["--by", "NURSE-0501:nurse", "--with", "PHYS-0077:physician"]
    return [DOSE, "--recipient", PATIENT, "--coi", COI, *people, "--site", "HOSPITAL-1", "--now", story.now]


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], Story]:
    """Return what records a story in the folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ledger-home").mkdir()
    (tmp_path / "ledger-home" / "gate.toml").write_text(RULES)

    def record(story: Story) -> Story:
        story.book(tmp_path).close()
        return story

    return record


def test_go_leaves_with_0(ward: Callable[[Story], Story], regenqc: Callable[..., Done]) -> None:
    done = regenqc("gate", *options(ward(ready())))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("✔ GO")


def test_no_go_leaves_with_1_and_prints_every_reason(
    ward: Callable[[Story], Story], regenqc: Callable[..., Done]
) -> None:
    story = ready().drop("consent")
    story.add("recall", "recall", items=(DOSE,), reason="late positive", **AT_HOSPITAL)
    done = regenqc("gate", *options(ward(story)))
    assert done.code == 1
    assert [line.split("  ")[0] for line in done.out.splitlines() if line.startswith("✘")] == [
        "✘ NO-GO",
        "✘ recalled",
        "✘ no consent recorded",
    ]


def test_every_condition_stands_in_the_answer_for_programs(
    ward: Callable[[Story], Story], regenqc: Callable[..., Done]
) -> None:
    done = regenqc("gate", *options(ward(ready().drop("consent"))), "--json")
    told = json.loads(done.out)
    broken = [each for each in told["conditions"] if each["answer"] == "does not hold"]
    assert (done.code, told["answer"], [each["name"] for each in broken]) == (1, "no-go", ["consent_given"])
    assert broken[0]["reasons"][0]["code"] == "RQC-H141"


def test_all_shows_what_holds_and_what_is_not_asked(
    ward: Callable[[Story], Story], regenqc: Callable[..., Done]
) -> None:
    done = regenqc("gate", *options(ward(ready())), "--all")
    assert "✔ A named person released it." in done.out
    assert "Not asked: it was not thawed at the bedside." in done.out


def test_without_rules_of_the_gate_the_check_at_the_bedside_blocks(
    ward: Callable[[Story], Story], regenqc: Callable[..., Done], tmp_path: Path
) -> None:
    story = ward(ready())
    (tmp_path / "ledger-home" / "gate.toml").unlink()
    done = regenqc("gate", *options(story))
    assert done.code == 1
    assert "gate.toml" in done.out


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("--by", "NURSE-0501"), "RQC-U140"),
        (("--now", "2026-03-16T08:30"), "RQC-U106"),
        (("--checkpoint", "nowhere"), "RQC-U101"),
    ],
    ids=["a person without role", "a moment without zone", "a checkpoint that is not there"],
)
def test_what_is_not_understood_is_refused(
    change: tuple[str, str], code: str, ward: Callable[[Story], Story], regenqc: Callable[..., Done]
) -> None:
    done = regenqc("gate", *options(ward(ready())), *change)
    assert (done.code, code in done.err) == (2, True)


def test_rules_that_are_not_valid_are_refused_with_every_fault(
    ward: Callable[[Story], Story], regenqc: Callable[..., Done], tmp_path: Path
) -> None:
    story = ward(ready())
    (tmp_path / "ledger-home" / "gate.toml").write_text('schema = "x"\nbedside_minutes = 3\ncheckpoint_hours = 0\n')
    done = regenqc("gate", *options(story))
    assert done.code == 4
    assert done.err.count("RQC-H001") == 3
    assert "bedside_check_minutes" in done.err


def test_network_down_it_goes_by_the_last_checkpoint_and_says_how_old_it_is(
    ward: Callable[[Story], Story], regenqc: Callable[..., Done], tmp_path: Path
) -> None:
    story = ward(ready())
    signer, policy = keyed()
    with Book.open(f"sqlite:///{tmp_path}/ledger.db", policy=None, now=lambda: story.now) as book:
        made = book.log.checkpoint(signer, memory=CheckpointMemory(tmp_path / "signed"), now=1_774_000_000)
    (tmp_path / "last.checkpoint").write_bytes(made.encoded)
    home = tmp_path / "ledger-home"
    (home / "policy.txt").write_text(policy.text)
    offline = ("--checkpoint", "last.checkpoint")
    unset = regenqc("gate", *options(story), *offline)
    assert (unset.code, "knowledge_fresh" in unset.out) == (1, True)
    (home / "gate.toml").write_text(f"{RULES}checkpoint_hours = 24\n")
    done = regenqc("gate", *options(story), *offline)
    assert (done.code, done.err) == (0, "")
    assert "network down, last checkpoint 1 min old" in done.out
    (home / "policy.txt").write_text(keyed()[1].text)
    stranger = regenqc("gate", *options(story), *offline)
    assert (stranger.code, "knowledge_fresh" in stranger.out) == (1, True)


# ---- recorded ------------------------------------------------------------------------------------------------------------

SITE = """schema = "regenqc.site/1"
site = "HOSPITAL-1"
system = "SYSTEM-0001"
zone = "+01:00"

[rules]
enrolled_people_only = false
"""


def recorded(tmp_path: Path) -> list[Event]:
    """Return the answers that the ledger holds."""
    with Book.open(f"sqlite:///{tmp_path}/ledger.db", policy=POLICY, now=lambda: LATER) as book:
        assert book.verify().ok
        with book.read() as view:
            return [event for entry in view.entries() if (event := read_event(entry.body)).kind == "gate_answer"]


@pytest.mark.parametrize(
    ("dropped", "outcome", "against", "code"),
    [((), "go", (), 0), (("consent",), "no_go", ("consent_given",), 1)],
    ids=["go", "no-go"],
)
def test_an_answer_is_recorded_once_with_what_stands_against_it(
    dropped: tuple[str, ...],
    outcome: str,
    against: tuple[str, ...],
    code: int,
    ward: Callable[[Story], Story],
    regenqc: Callable[..., Done],
    tmp_path: Path,
) -> None:
    story = ward(ready().drop(*dropped))
    (tmp_path / "ledger-home" / "site.toml").write_text(SITE)
    first = regenqc("gate", *options(story), "--record")
    again = regenqc("gate", *options(story), "--record")
    assert (first.code, again.code, first.err, again.err) == (code, code, "", "")
    assert "there already" not in first.out
    assert "it was there already" in again.out
    (event,) = recorded(tmp_path)
    assert (event.outcome, tuple(each.name for each in event.measurements)) == (outcome, against)
    assert ([item.id for item in event.items], event.actor, event.second_actor) == ([DOSE], "NURSE-0501", "PHYS-0077")
    assert (event.recipient, event.coi) == ("", "")


def test_an_answer_that_the_ledger_refuses_leaves_with_5_and_stands_in_the_refusal_log(
    ward: Callable[[Story], Story], regenqc: Callable[..., Done], tmp_path: Path
) -> None:
    story = ward(ready())
    (tmp_path / "ledger-home" / "site.toml").write_text(SITE.replace("false", "true"))
    done = regenqc("gate", *options(story), "--by", "NURSE-0999:nurse", "--record")
    assert (done.code, "RQC-C162" in done.err) == (5, True)
    assert done.out.startswith("✘ NO-GO")
    assert recorded(tmp_path) == []
    assert "NURSE-0999" in regenqc("ledger", "refusals").out


def test_what_a_copy_answers_is_not_recorded_in_the_copy(
    ward: Callable[[Story], Story], regenqc: Callable[..., Done], tmp_path: Path
) -> None:
    story = ward(ready())
    (tmp_path / "last.checkpoint").write_text("any")
    done = regenqc("gate", *options(story), "--checkpoint", "last.checkpoint", "--record")
    assert (done.code, "RQC-U152" in done.err) == (2, True)
    assert recorded(tmp_path) == []
