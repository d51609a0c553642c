"""`regenqc reinspect`: the form, the judgement, the record, the decision by somebody else, and then the gate."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.custody.story import COI, HOSPITAL, PATIENT
from tests.reinspection.bedside import BEDSIDE, DOSE, Story, ready

from regenqc.custody import Book
from regenqc.custody.moments import milliseconds_of, moment_of_milliseconds
from regenqc.reinspection.receipt import read_receipt

from .custody_site import regenqc

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

__all__ = ["regenqc"]  # fixture

SITE = f"""schema = "regenqc.site/1"
site = "{HOSPITAL}"
system = "SYSTEM-0009"
zone = "+01:00"
[rules]
enrolled_people_only = false
ship_before_release = true
signed_kinds = []
"""
CONDITION = """schema = "regenqc.condition/1"
id = "example/synthetic"
version = "1"
title = "Synthetic product, frozen"
[[channel]]
name = "temperature"
unit = "°C"
high = "-120"
longest_minutes = "5"
total_minutes = "5"
gap_minutes = "5"
citation = "synthetic"
mark = "unverified"
"""
SPEC = ("--spec", "example/msc-post-thaw")


@pytest.fixture
def arrived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A container that was unpacked at the hospital, and nothing more; commands run in its folder."""
    monkeypatch.chdir(tmp_path)
    story = ready().drop("reinspect", "decision", "check")
    story.book(tmp_path).close()
    (tmp_path / "ledger-home").mkdir()
    (tmp_path / "ledger-home" / "site.toml").write_text(SITE)
    (tmp_path / "ledger-home" / "gate.toml").write_text('schema = "regenqc.gate/1"\nbedside_check_minutes = 30\n')
    (tmp_path / "condition.toml").write_text(CONDITION)
    return story


def answers(story: Story, **changes: str) -> str:
    received = story.events["receive"].event_time
    asked = {
        "received_by": "PHARM-0099",
        "received_as": "pharmacist",
        "received_at": received,
        "shipment": story.events["ship"].event_id,
        "first": "PHARM-0100",
        "first role": "pharmacist",
        "recipient": PATIENT,
        "coi": COI,
        "lot": "LOT-0001",
        "second": "NURSE-0501",
        "second role": "nurse",
        "second recipient": PATIENT,
        "second coi": COI,
        "second lot": "LOT-0001",
        "containers": "1",
        "expires_at": "2027-03-16T00:00:00Z",
        "shipper": "SHIPPER-12",
        "requalified_until": "2026-06-30",
        "thawed_at": story.now,
        "seal": "yes",
        "container": "yes",
        "label": "yes",
        "gram": "negative",
        "viability": "84.1",
        "endotoxin": "<0.6",
        "count": "102",
        "sterility": "no growth",
    }
    return "".join(f"{answer}\n" for answer in (asked | changes).values())


def logged(story: Story) -> str:
    began, ended = (milliseconds_of(story.events[name].event_time) for name in ("ship", "receive"))
    rows = [f"LOGGER-55,{moment_of_milliseconds(moment)},-150" for moment in range(began, ended + 1, 30_000)]
    return "logger,moment,temperature\n" + "\n".join(rows) + "\n"


def fill(regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, text: str, *options: str) -> Done:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return regenqc("reinspect", "form", "receipt.json", "--item", DOSE, *options)


def packet_was_verified(folder: Path) -> None:
    """Write down a packet as the verification of a real one would: that is tested with certificates."""
    told = json.loads((folder / "receipt.json").read_text())
    told["packet"] = {
        "digest": "sha256:" + 64 * "0",
        "verified": True,
        "batch": "LOT-0001",
        "decision": "release",
        "certificate": "CERTIFICATE-1",
        "pending": [],
        "faults": [],
    }
    (folder / "receipt.json").write_text(json.dumps(told))


def judge(regenqc: Callable[..., Done], story: Story, *more: str) -> Done:
    file = Path("logger.csv")
    if not file.exists():
        file.write_text(logged(story))
    logger = ("--logger", "logger.csv", "--condition", "condition.toml")
    return regenqc("reinspect", "judge", "receipt.json", *SPEC, *logger, "--now", story.now, *more)


def test_from_the_form_to_the_patient(
    arrived: Story, tmp_path: Path, regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fill(regenqc, monkeypatch, answers(arrived), *SPEC).code == 0
    packet_was_verified(tmp_path)
    judged = judge(regenqc, arrived, "--record", "--page", "receipt.html")
    assert (judged.code, judged.err) == (0, "")
    assert judged.out.startswith(f"✔ eligible  {DOSE}")
    assert "recorded: reinspect conformant" in judged.out
    page = (tmp_path / "receipt.html").read_text()
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    accepted = regenqc(
        "reinspect",
        "decide",
        "receipt.json",
        "accept",
        *SPEC,
        "--by",
        "QA-0042:quality_assurance",
        "--now",
        arrived.now,
    )
    assert (accepted.code, accepted.err) == (0, "")
    with Book.open(f"sqlite:///{tmp_path}/ledger.db", policy=None, now=lambda: "2026-12-31T00:00:00.000Z") as book:
        check = arrived.add(
            "check", "bedside_check", items=(DOSE,), outcome="conformant", coi=COI, recipient=PATIENT, **BEDSIDE
        )
        book.append_one(check.events["check"])
    people = ("--by", "NURSE-0501:nurse", "--with", "PHYS-0077:physician")
    asked = regenqc("gate", DOSE, "--recipient", PATIENT, "--coi", COI, *people, "--now", arrived.now)
    assert (asked.code, asked.err) == (0, "")


def test_the_form_goes_on_where_it_was_left(
    arrived: Story, tmp_path: Path, regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = answers(arrived).splitlines(keepends=True)
    fill(regenqc, monkeypatch, "".join(some[:9]) + "\n" * 20, *SPEC)
    first = read_receipt((tmp_path / "receipt.json").read_bytes())
    assert (len(first.readings), first.containers) == (1, "")
    fill(regenqc, monkeypatch, "".join(some[9:]), *SPEC)
    whole = read_receipt((tmp_path / "receipt.json").read_bytes())
    assert (len(whole.readings), whole.containers, len(whole.answers), len(whole.results)) == (2, "1", 3, 5)
    assert whole.readings[:1] == first.readings


def test_what_was_too_warm_is_refused_for_good(
    arrived: Story, tmp_path: Path, regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(regenqc, monkeypatch, answers(arrived), *SPEC)
    packet_was_verified(tmp_path)
    ended = milliseconds_of(arrived.events["receive"].event_time)
    told = json.loads((tmp_path / "receipt.json").read_text())
    told["received_at"] = moment_of_milliseconds(ended + 20 * 60_000)
    (tmp_path / "receipt.json").write_text(json.dumps(told))
    rows = [
        f"L,{moment_of_milliseconds(moment)},{-20 if ended < moment <= ended + 10 * 60_000 else -150}"
        for moment in range(milliseconds_of(arrived.events["ship"].event_time), ended + 20 * 60_000 + 1, 60_000)
    ]
    (tmp_path / "logger.csv").write_text("logger,moment,temperature\n" + "\n".join(rows) + "\n")
    later = moment_of_milliseconds(ended + 40 * 60_000)
    arrived.write.clock = milliseconds_of(later)
    judged = judge(regenqc, arrived, "--record")
    assert judged.code == 1
    assert "RQC-H311" in judged.out
    decide = ("reinspect", "decide", "receipt.json")
    by = (*SPEC, "--by", "QA-0042:quality_assurance", "--now", arrived.now)
    assert "RQC-H404" in regenqc(*decide, "accept", *by).err
    assert "RQC-H405" in regenqc(*decide, "refuse", *by).err
    assert regenqc(*decide, "refuse", *by, "--reason", "too warm on the way").code == 0
    again = regenqc(*decide, "quarantine", *by, "--reason", "second thoughts")
    assert (again.code, "RQC-C149" in again.err) == (5, True)


@pytest.mark.parametrize(
    ("outcome", "by", "code"),
    [
        ("accept", "PHARM-0099:quality_assurance", "RQC-H402"),
        ("accept", "NURSE-0501:physician", "RQC-H402"),
        ("accept", "PHARM-0777:pharmacist", "RQC-H403"),
        ("keep", "QA-0042:quality_assurance", "RQC-H401"),
        ("exceptional", "QA-0042:quality_assurance", "RQC-H40"),
    ],
    ids=["who received it", "who inspected it", "the role that received it", "no such decision", "no documents"],
)
def test_who_may_not_decide_so(
    arrived: Story,
    tmp_path: Path,
    regenqc: Callable[..., Done],
    monkeypatch: pytest.MonkeyPatch,
    outcome: str,
    by: str,
    code: str,
) -> None:
    fill(regenqc, monkeypatch, answers(arrived), *SPEC)
    packet_was_verified(tmp_path)
    assert judge(regenqc, arrived).code == 0
    done = regenqc("reinspect", "decide", "receipt.json", outcome, *SPEC, "--by", by, "--now", arrived.now)
    assert (done.code, code in done.err) == (3, True)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("form", "receipt.json"), "RQC-U141"),
        (("judge", "nowhere.json", *SPEC), "RQC-U101"),
        (("judge", "receipt.json", *SPEC, "--logger", "logger.csv"), "RQC-U143"),
        (
            (
                "judge",
                "receipt.json",
                *SPEC,
                "--logger",
                "logger.csv",
                "--condition",
                "condition.toml",
                "--profile",
                "x",
            ),
            "RQC-U14",
        ),
    ],
    ids=["no container", "no receipt", "no condition", "no such profile"],
)
def test_what_is_not_understood_is_refused(
    arrived: Story,
    tmp_path: Path,
    regenqc: Callable[..., Done],
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    code: str,
) -> None:
    if command[0] == "judge":
        fill(regenqc, monkeypatch, answers(arrived))
        (tmp_path / "logger.csv").write_text(logged(arrived))
    done = regenqc("reinspect", *command)
    assert (done.code, code in done.err) == (2, True)


def test_a_receipt_that_was_changed_after_its_inspection_was_recorded_is_not_accepted(
    arrived: Story, tmp_path: Path, regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(regenqc, monkeypatch, answers(arrived), *SPEC)
    packet_was_verified(tmp_path)
    decide = ("reinspect", "decide", "receipt.json", "accept", *SPEC, "--by", "QA-0042:quality_assurance")
    assert judge(regenqc, arrived).code == 0
    never = regenqc(*decide, "--now", arrived.now)
    assert (never.code, "RQC-H409" in never.err) == (3, True)
    assert judge(regenqc, arrived, "--record").code == 0
    file = tmp_path / "receipt.json"
    file.write_text(file.read_text().replace('"84.1"', '"98.2"'))
    changed = regenqc(*decide, "--now", arrived.now)
    assert (changed.code, "RQC-H409" in changed.err) == (3, True)


def test_the_second_person_must_be_another_one(
    arrived: Story, tmp_path: Path, regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(regenqc, monkeypatch, answers(arrived, second="PHARM-0100"), *SPEC)
    packet_was_verified(tmp_path)
    judged = judge(regenqc, arrived, "--json")
    told = json.loads(judged.out)
    assert (judged.code, told["disposition"]) == (1, "hold")
    assert [fault["code"] for each in told["findings"] for fault in each["faults"]] == ["RQC-H308"]


def test_loggers_that_travelled_in_turn_are_the_legs_of_one_way(
    arrived: Story, tmp_path: Path, regenqc: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(regenqc, monkeypatch, answers(arrived), *SPEC)
    packet_was_verified(tmp_path)
    rows = logged(arrived).splitlines()
    half = len(rows) // 2
    (tmp_path / "logger.csv").write_text("\n".join(rows[:half]) + "\n")
    second = [row.replace("LOGGER-55", "LOGGER-56") for row in rows[half:]]
    (tmp_path / "second.csv").write_text("\n".join([rows[0], *second]) + "\n")
    in_turn = judge(regenqc, arrived, "--logger", "second.csv", "--in-turn", "--json", "--page", "receipt.html")
    assert (in_turn.code, json.loads(in_turn.out)["disposition"]) == (0, "eligible")
    told = json.loads((tmp_path / "receipt.json").read_bytes())["way"]
    assert [each["logger"] for each in told] == ["LOGGER-55", "LOGGER-56", "LOGGER-55 + LOGGER-56"]
    assert (tmp_path / "receipt.html").read_text().count("<svg") == 2
