"""`regenqc trace` answers the questions of a trace as table, as JSON and as a picture."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from regenqc.cli import trace as trace_commands
from regenqc.custody import Item, Measurement, Previous

from .custody_site import event, lines, made_site, regenqc, signing, site

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_site", "regenqc", "site"]  # fixtures
pytestmark = pytest.mark.usefixtures("site")

DAY = ["--from", "2026-03-16T00:00Z", "--to", "2026-03-17T00:00Z"]
QUESTIONS = [
    pytest.param(["forward", "ML-0001"], "DP-0001-1", id="what came of a lot of medium"),
    pytest.param(["forward", "DONOR-0001"], "DP-0001-1", id="what came of a donor"),
    pytest.param(["backward", "DP-0001-1"], "MEDIUM-0001", id="what a dose came from"),
    pytest.param(["sideways", "INC-07", *DAY], "CU-0001", id="what shared an incubator"),
    pytest.param(["where", "DP-0001-2"], "MAKER-1", id="where a dose is"),
    pytest.param(["reconcile", "LOT-0001"], "mL", id="whether the sum of a lot is right"),
    pytest.param(["custody", "DP-0001-1"], "COURIER-1", id="who held a dose"),
    pytest.param(["condition", "DP-0001-1"], "temperature", id="what a dose went through"),
    pytest.param(["identity", "COI-0001"], "DP-0001-1", id="whose it is at every point"),
    pytest.param(["completeness", "MEDIUM-0001"], "MEDIUM-0001", id="that nothing else used a medium"),
    pytest.param(["partner", "HOSPITAL-1"], "DP-0001-1", id="what a partner may know"),
]


@pytest.mark.parametrize(("arguments", "named"), QUESTIONS)
def test_a_question_is_answered_as_a_table_and_as_json(arguments: list[str], named: str, regenqc: Command) -> None:
    table, value = regenqc("trace", *arguments), regenqc("trace", *arguments, "--json")
    assert (table.code, value.code) == (0, 0), table.err + value.err
    assert named in table.out
    document = json.loads(value.out)
    assert document["question"] == arguments[0]
    assert named in json.dumps(document["answer"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["forward", "ML-0001"],
        ["backward", "DP-0001-1"],
        ["custody", "DP-0001-1"],
        ["condition", "DP-0001-1"],
        ["identity", "COI-0001"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_question_is_answered_as_a_picture(arguments: list[str], regenqc: Command) -> None:
    assert regenqc("trace", *arguments, "--svg", "answer.svg").code == 0
    assert ET.parse("answer.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own file


def test_a_trace_names_the_donor_behind_and_the_recipient_ahead(regenqc: Command) -> None:
    assert "DONOR-0001" in regenqc("trace", "backward", "DP-0001-1").out
    assert "PATIENT-0815" in regenqc("trace", "forward", "ML-0001").out


def test_what_is_of_a_recalled_lot_says_so_from_the_recall_on(regenqc: Command) -> None:
    recall = event(
        "recall", "NEW-8", lot="ML-0001", reason="found contaminated", actor="QP-0001", role="qualified_person"
    )
    Path("new.jsonl").write_bytes(lines([recall]))
    assert regenqc("ledger", "append", "new.jsonl", *signing("QP-0001")).code == 0
    assert "lot recalled" in regenqc("trace", "where", "MEDIUM-0001").out
    assert "lot recalled" not in regenqc("trace", "where", "MEDIUM-0001", "--true-at", "2026-03-16T23:00Z").out
    assert "lot recalled" in regenqc("trace", "where", "MEDIUM-0001", "--true-at", "2026-03-18T00:00Z").out
    assert "lot recalled" not in regenqc("trace", "where", "DP-0001-2").out
    (found,) = json.loads(regenqc("trace", "where", "MEDIUM-0001", "--json").out)["answer"]
    assert found["lot_recalled"]


def test_moments_are_shown_without_milliseconds_that_nobody_measured(regenqc: Command) -> None:
    shown = regenqc("trace", "custody", "DP-0001-1").out
    assert "2026-03-16T08:16:00Z" in shown
    assert ".000Z" not in shown


def test_no_kind_of_event_is_proposed_for_a_misspelt_code(regenqc: Command) -> None:
    assert "actor_enrolled" not in regenqc("trace", "forward", "a").err


def test_what_was_known_then_is_not_what_is_known_now(regenqc: Command) -> None:
    then = regenqc("trace", "where", "DP-0001-1", "--known-at", "2026-03-16T08:17:30Z", "--json")
    now = regenqc("trace", "where", "DP-0001-1", "--json")
    (before,), (after,) = json.loads(then.out)["answer"], json.loads(now.out)["answer"]
    assert (before["on_its_way_to"], after["held_by"]) == ("HOSPITAL-1", "HOSPITAL-1")
    assert "status" not in before
    assert after["status"] == "administered"


def test_what_is_missing_at_a_receipt_leaves_with_5_and_is_named(regenqc: Command) -> None:
    sent = event("ship", "NEW-1", items=("DP-0001-2",), destination="HOSPITAL-1", carrier="COURIER-1", coi="COI-0001")
    there = {"site": "HOSPITAL-1", "actor": "PHARM-0099", "role": "pharmacist", "coi": "COI-0001"}
    less = (Item("DP-0001-2", "8", "mL"),)
    received = event("receive", "NEW-2", items=less, previous=Previous("NEW-1"), **there)
    Path("new.jsonl").write_bytes(lines([sent, received]))
    assert regenqc("ledger", "append", "new.jsonl", *signing("STAFF-0417", "PHARM-0099")).code == 0
    done = regenqc("trace", "reconcile", "LOT-0001")
    assert (done.code, "To be explained: DP-0001-2" in done.out) == (5, True)


def test_an_open_investigation_is_shown_beside_the_status(regenqc: Command) -> None:
    found = event("out_of_specification_opened", "NEW-1", items=("DP-0001-2",), investigation="INV-1")
    Path("new.jsonl").write_bytes(lines([found]))
    assert regenqc("ledger", "append", "new.jsonl").code == 0
    assert "under investigation" in regenqc("trace", "where", "DP-0001-2").out


def test_a_dose_on_its_way_is_a_finding_of_custody(regenqc: Command) -> None:
    sent = event("ship", "NEW-2", items=("DP-0001-2",), destination="HOSPITAL-2")
    Path("new.jsonl").write_bytes(lines([sent]))
    assert regenqc("ledger", "append", "new.jsonl", *signing("STAFF-0417")).code == 0
    done = regenqc("trace", "custody", "DP-0001-2", "--json")
    kinds = {finding["kind"] for finding in json.loads(done.out)["answer"]["findings"]}
    assert (done.code, kinds) == (0, {"still_in_transit", "nobody_named"})
    assert "no receipt is recorded" in regenqc("trace", "custody", "DP-0001-2").out


def test_a_packet_of_evidence_is_checked_without_the_ledger(regenqc: Command) -> None:
    assert regenqc("trace", "evidence", "ML-0001", "--out", "packet").code == 0
    Path("ledger.db").unlink()
    done = regenqc("trace", "check", "packet", "--policy", "ledger-home/policy.txt", "--json")
    named = json.loads(Path("packet/answer.json").read_text())["events"]
    assert (done.code, json.loads(done.out)["events"]) == (0, len(named))
    assert "DP-0001-1" in Path("packet/answer.json").read_text()


def test_a_packet_of_what_a_dose_came_from_names_the_donation(regenqc: Command) -> None:
    assert regenqc("trace", "evidence", "DP-0001-1", "--backward", "--out", "packet").code == 0
    assert any(b'"donation"' in path.read_bytes() for path in Path("packet/events").glob("*.json"))


def _drop_an_event(packet: Path) -> None:
    min((packet / "events").glob("*.json")).unlink()


def _drop_an_event_from_the_answer_too(packet: Path) -> None:
    answer = json.loads((packet / "answer.json").read_text())
    answer["events"] = [0]
    (packet / "answer.json").write_text(json.dumps(answer))


def _exchange_two_events(packet: Path) -> None:
    first, second, *_ = sorted((packet / "events").glob("*.json"))
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


def _exchange_two_events_with_their_proofs(packet: Path) -> None:
    for ending in ("json", "proof"):
        first, second, *_ = sorted((packet / "events").glob(f"*.{ending}"))
        one, other = first.read_bytes(), second.read_bytes()
        first.write_bytes(other)
        second.write_bytes(one)


def _alter_an_event(packet: Path) -> None:
    path = min((packet / "events").glob("*.json"))
    path.write_bytes(path.read_bytes().replace(b"MAKER-1", b"MAKER-2"))


def _spoil_the_answer(packet: Path) -> None:
    (packet / "answer.json").write_text("{}")


@pytest.mark.parametrize(
    "attack",
    [
        _drop_an_event,
        _drop_an_event_from_the_answer_too,
        _exchange_two_events,
        _exchange_two_events_with_their_proofs,
        _alter_an_event,
        _spoil_the_answer,
    ],
    ids=lambda attack: attack.__name__.strip("_").replace("_", " "),
)
def test_a_packet_that_was_changed_is_not_believed(attack: Callable[[Path], None], regenqc: Command) -> None:
    assert regenqc("trace", "evidence", "ML-0001", "--out", "packet").code == 0
    attack(Path("packet"))
    assert regenqc("trace", "check", "packet", "--policy", "ledger-home/policy.txt").code == 5


def test_evidence_is_never_overwritten(regenqc: Command) -> None:
    assert regenqc("trace", "evidence", "ML-0001", "--out", "packet").code == 0
    done = regenqc("trace", "evidence", "ML-0001", "--out", "packet")
    assert (done.code, "RQC-U102" in done.err) == (2, True)


def test_without_a_checkpoint_there_is_no_evidence_and_no_half_written_folder(regenqc: Command) -> None:
    found = event("test_result", "NEW-1", items=("DP-0001-2",), role="quality_control")
    Path("new.jsonl").write_bytes(lines([replace(found, measurements=(Measurement("sterility", "No growth"),))]))
    assert regenqc("ledger", "append", "new.jsonl").code == 0
    done = regenqc("trace", "evidence", "DP-0001-2", "--out", "packet")
    assert (done.code, "RQC-L061" in done.err) == (5, True)
    assert not [path.name for path in Path().iterdir() if "packet" in path.name]


def test_a_deleted_edge_is_found_by_the_audit_of_completeness(regenqc: Command) -> None:
    import sqlite3

    with sqlite3.connect("ledger.db") as database:
        database.execute(
            "DELETE FROM custody_edge WHERE part = 1 AND subject = (SELECT number FROM custody_name WHERE text = 'MEDIUM-0001')"
        )
    database.close()
    done = regenqc("trace", "completeness", "MEDIUM-0001", "--json")
    assert (done.code, json.loads(done.out)["answer"]["complete"]) == (5, False)


def test_a_partner_learns_of_no_patient(regenqc: Command) -> None:
    said = regenqc("trace", "partner", "HOSPITAL-1", "--json").out
    assert "DONOR-0001" not in said
    assert "PATIENT-0815" not in said


@pytest.mark.parametrize(
    "arguments",
    [["forward", "ML-9999"], ["custody", "NOTHING"], ["where", "NOTHING"], ["completeness", "NOTHING"]],
    ids=" ".join,
)
def test_a_code_that_the_log_never_names_is_an_error_and_not_an_empty_answer(
    arguments: list[str], regenqc: Command
) -> None:
    done = regenqc("trace", *arguments)
    assert (done.code, "RQC-C221" in done.err) == (2, True)


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-16", "2026-03-16T12:00"])
def test_a_moment_without_a_zone_is_refused(moment: str, regenqc: Command) -> None:
    done = regenqc("trace", "where", "DP-0001-1", "--known-at", moment)
    assert (done.code, "RQC-U106" in done.err) == (2, True)


def test_every_command_has_an_example_that_names_it() -> None:
    for command in trace_commands.app.registered_commands:
        assert command.callback is not None
        assert f"Example: regenqc trace {command.name}" in (command.callback.__doc__ or ""), command.name


def test_help_loads_neither_the_custody_nor_the_ledger() -> None:
    code = (
        "import sys; import regenqc.cli.main; heavy = {'msgspec', 'cryptography', 'regenqc.custody', 'regenqc.ledger', "
        "'sqlite3', 'numpy', 'pyarrow'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
