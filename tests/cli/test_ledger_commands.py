"""`regenqc ledger` as a site, a hospital and an inspector use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from tests.custody.conftest import postgres_server
from tests.ledger.test_timestamps import authority

from regenqc.cli import ledger as ledger_commands
from regenqc.cli import ledger_rotation
from regenqc.custody import canonical_json, encode_event
from regenqc.custody.digest_names import digest_name
from regenqc.ledger import CheckpointMemory, Log, parse_secret_key

from .custody_site import ORIGIN, STAFF, event, events, lines, made_site, regenqc, signing, site

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["authority", "made_site", "postgres_server", "regenqc", "site"]  # fixtures
pytestmark = pytest.mark.usefixtures("site")


# ---- making and recording ---------------------------------------------------------------------------------------------


def test_a_site_is_made_with_a_secret_key_that_only_its_owner_can_read(site: Path) -> None:
    assert sorted(path.name for path in (site / "ledger-home").iterdir()) == [
        "log.key",
        "log.pub",
        "policy.txt",
        "signed",
        "site.toml",
    ]
    assert (site / "ledger-home" / "log.key").stat().st_mode & 0o077 == 0


def test_a_site_is_not_made_twice_and_its_key_stays(regenqc: Command) -> None:
    key = Path("ledger-home/log.key").read_bytes()
    done = regenqc("ledger", "init", "--origin", ORIGIN, "--site", "MAKER-1")
    assert (done.code, Path("ledger-home/log.key").read_bytes()) == (2, key)
    assert "RQC-U102" in done.err


def test_a_ledger_that_is_not_there_is_not_made_by_anything_but_init(regenqc: Command) -> None:
    for command in (["append", "events.jsonl"], ["checkpoint"], ["status"], ["verify"]):
        done = regenqc("ledger", *command, "--ledger", "sqlite:///elsewhere.db")
        assert (done.code, Path("elsewhere.db").exists()) == (5, False), command
        assert "RQC-L036" in done.err


def test_a_whole_life_is_recorded_with_signatures_of_everybody_who_answers_for_it(regenqc: Command) -> None:
    status = json.loads(regenqc("ledger", "status", "--json").out)
    assert status["entries"] == 1 + len(STAFF) + len(events())
    shown = json.loads(regenqc("ledger", "show", "EV-0013").out)
    assert [signature["actor"] for signature in shown["signatures"]] == ["QP-0001"]


def test_events_offered_again_are_acknowledged_again(regenqc: Command) -> None:
    before = json.loads(regenqc("ledger", "status", "--json").out)["entries"]
    done = regenqc("ledger", "append", "events.jsonl", *signing(*STAFF), "--json")
    assert (done.code, {each["again"] for each in json.loads(done.out)["recorded"]}) == (0, {True})
    assert json.loads(regenqc("ledger", "status", "--json").out)["entries"] == before


STORE = event("store", "NEW-1", items=("DP-0001-2",), place="TANK-4")
SHIP = event("ship", "NEW-2", items=("DP-0001-2",), destination="HOSPITAL-2", carrier="COURIER-1")
BAD_INPUT = [
    pytest.param(b"nonsense", "RQC-C001", id="malformed"),
    pytest.param(b'{"schema":"regenqc.event/1","schema":"regenqc.event/1"}', "RQC-C001", id="a member twice"),
    pytest.param(b'{"kind":"store","quantity":1.5}', "RQC-C001", id="a number with a point"),
    pytest.param(lines([STORE]).replace(b"TANK-4", b"T" * 70_000), "RQC-C002", id="oversized"),
    pytest.param(lines([replace(STORE, event_id="EV-0014")]), "RQC-C171", id="the same event_id with other bytes"),
    pytest.param(
        lines([replace(STORE, event_time="2099-01-01T00:00:00.000Z", record_time="2099-01-01T00:00:00.000Z")]),
        "RQC-C123",
        id="future-dated",
    ),
    pytest.param(lines([replace(STORE, event_time="2026-03-15T08:00:00.000Z")]), "RQC-C121", id="out of order"),
    pytest.param(lines([replace(STORE, kind="teleport")]), "RQC-C006", id="of an unknown kind"),
    pytest.param(lines([replace(STORE, actor="STAFF-9999")]), "RQC-C162", id="by somebody unknown"),
    pytest.param(lines([replace(STORE, role="physician")]), "RQC-C163", id="in a role that they do not have"),
    pytest.param(lines([SHIP]), "RQC-C165", id="not signed"),
    pytest.param(lines([replace(STORE, reason="call jane.roe@clinic.example")]), "RQC-C02", id="naming a person"),
    pytest.param(
        canonical_json(json.loads(encode_event(STORE)) | {"schema": "regenqc.event/2"}), "RQC-C005", id="newer schema"
    ),
]


@pytest.mark.parametrize(("data", "rule"), BAD_INPUT)
def test_bad_input_is_refused_with_rule_and_reason_and_kept_in_the_refusal_log(
    data: bytes, rule: str, regenqc: Command
) -> None:
    Path("new.jsonl").write_bytes(data)
    before = json.loads(regenqc("ledger", "status", "--json").out)["entries"]
    done = regenqc("ledger", "append", "new.jsonl", "--by", "LIMS-1", "--json")
    (refused,) = json.loads(done.out)["refused"]
    assert done.code == 3
    assert any(fault["code"].startswith(rule) for fault in refused["faults"]), refused
    (logged,) = json.loads(regenqc("ledger", "refusals", "--json").out)
    assert logged["offered_by"] == "LIMS-1"
    assert any(each.startswith(rule) for each in logged["rules"])
    assert json.loads(regenqc("ledger", "status", "--json").out)["entries"] == before


def test_what_is_no_event_is_named_by_its_line(regenqc: Command) -> None:
    Path("new.jsonl").write_bytes(lines([STORE]) + b"\n" + b"nonsense\n" + lines([SHIP]))
    refused = json.loads(regenqc("ledger", "append", "new.jsonl", "--json").out)["refused"]
    assert [(each["event_id"], each.get("at")) for each in refused] == [("", "new.jsonl, line 3"), ("NEW-2", None)]
    assert "new.jsonl, line 3" in regenqc("ledger", "append", "new.jsonl").out


def test_a_refused_signature_says_how_to_sign(regenqc: Command) -> None:
    Path("new.jsonl").write_bytes(lines([SHIP]))
    done = regenqc("ledger", "append", "new.jsonl")
    assert "STAFF-0417" in done.out
    assert "--sign KEY" in done.out


def test_a_signature_with_a_key_that_is_not_enrolled_is_refused(regenqc: Command) -> None:
    assert regenqc("ledger", "key", "STAFF-0417", "--out", "other.key").code == 0
    Path("new.jsonl").write_bytes(lines([SHIP]))
    done = regenqc("ledger", "append", "new.jsonl", "--sign", "other.key")
    assert (done.code, "RQC-C166" in done.out) == (3, True)


def test_an_event_that_was_altered_after_signing_is_refused(regenqc: Command) -> None:
    shown = json.loads(regenqc("ledger", "show", "EV-0013").out)
    Path("new.json").write_text(json.dumps([shown | {"event_id": "NEW-3"}]))
    done = regenqc("ledger", "append", "new.json")
    assert (done.code, "RQC-C166" in done.out) == (3, True)


def test_a_key_of_a_witness_signs_for_no_person(regenqc: Command) -> None:
    assert regenqc("ledger", "key", "STAFF-0417", "--for", "witness", "--out", "w.key").code == 0
    Path("new.jsonl").write_bytes(lines([SHIP]))
    done = regenqc("ledger", "append", "new.jsonl", "--sign", "w.key")
    assert (done.code, "RQC-C402" in done.err) == (2, True)


def test_events_come_by_standard_input_and_in_any_order_of_members(
    regenqc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = json.loads(encode_event(STORE))
    Path("new.json").write_text(json.dumps([dict(reversed(value.items()))], indent=2))
    with Path("new.json").open("rb") as file:
        monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": file}))
        assert regenqc("ledger", "append", "-").code == 0
    assert regenqc("ledger", "show", "NEW-1").code == 0


def test_a_site_file_with_a_fault_is_refused_with_the_nearest_key(regenqc: Command) -> None:
    path = Path("ledger-home/site.toml")
    path.write_text(path.read_text().replace("ship_before_release", "ship_before_relase"))
    done = regenqc("ledger", "append", "events.jsonl")
    assert (done.code, "ship_before_release" in done.err) == (4, True)


def test_a_second_writer_of_a_sqlite_ledger_is_told_who_writes(regenqc: Command) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys; from regenqc.ledger import Log; log = Log.open('sqlite:///ledger.db'); print('open', flush=True);"
                " sys.stdin.read(); log.close()"
            ),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    done = regenqc("ledger", "append", "events.jsonl")
    holder.communicate(b"")
    assert (done.code, "RQC-L030" in done.err) == (5, True)


# ---- verifying and proving -----------------------------------------------------------------------------------------------


def test_what_was_recorded_verifies(regenqc: Command) -> None:
    done = regenqc("ledger", "verify", "--outside", "first.checkpoint", "--json")
    value = json.loads(done.out)
    assert (done.code, value["ok"], value["unsigned_tail"], value["unwitnessed_tail"]) == (0, True, 0, 0)


def test_a_deleted_trace_edge_does_not_verify(regenqc: Command) -> None:
    import sqlite3

    with sqlite3.connect("ledger.db") as database:
        database.execute(
            "DELETE FROM custody_edge WHERE part = 1 AND event = (SELECT MAX(event) FROM custody_edge WHERE part = 1)"
        )
    database.close()
    done = regenqc("ledger", "verify")
    assert (done.code, "projection" in done.out) == (5, True)


def test_stricter_rules_at_verification_name_the_events_that_they_forbid(regenqc: Command) -> None:
    path = Path("ledger-home/site.toml")
    path.write_text(
        path.read_text().replace(
            'signed_kinds            = ["administer"', 'signed_kinds = ["evaluation", "administer"'
        )
    )
    done = regenqc("ledger", "verify")
    assert (done.code, "RQC-C165" in done.out) == (5, True)


def test_a_checkpoint_is_refused_when_the_ledger_was_rolled_back(regenqc: Command) -> None:
    assert regenqc("ledger", "backup", "old.db").code == 0
    Path("new.jsonl").write_bytes(lines([STORE]))
    assert regenqc("ledger", "append", "new.jsonl").code == 0
    assert regenqc("ledger", "checkpoint").code == 0
    for path in Path().glob("ledger.db*"):
        path.unlink()
    Path("old.db").rename("ledger.db")
    done = regenqc("ledger", "checkpoint")
    assert (done.code, "RQC-L050" in done.err) == (5, True)


# ---- another key for the log --------------------------------------------------------------------------------------------


def test_the_log_is_given_another_key_and_says_so_itself(regenqc: Command) -> None:
    old = Path("ledger-home/log.pub").read_text().strip()
    secret = Path("ledger-home/log.key").read_text()
    done = regenqc("ledger", "rotate", "--reason", "yearly change", "--out", "rotated.checkpoint")
    new = Path("ledger-home/log.pub").read_text().strip()
    assert (done.code, new != old, new in done.out) == (0, True, True)
    enrolled = json.loads(regenqc("ledger", "show", digest_name("LOG-KEY-IN-FORCE", new.encode())).out)
    revoked = json.loads(regenqc("ledger", "show", digest_name("LOG-KEY-REVOKED", old.encode())).out)
    assert (enrolled["kind"], enrolled["keys"]) == ("actor_enrolled", [new])
    assert (revoked["kind"], revoked["keys"], revoked["reason"]) == ("key_revoked", [old], "yearly change")
    # Whoever has pinned the old key sees by its last signature which is the next one.
    signatures = [line.split(" ")[1] for line in Path("rotated.checkpoint").read_text().splitlines()[4:]]
    assert signatures == [ORIGIN, ORIGIN]
    retired = Path(f"ledger-home/log-{old.split('+')[1]}.retired.key")
    assert (retired.read_text(), retired.stat().st_mode & 0o077) == (secret, 0)
    assert not Path("ledger-home/next.key").exists()
    assert Path("ledger-home/policy.txt").read_text() == f"log {new}\nlog {old}\nquorum none\n"
    assert regenqc("ledger", "checkpoint").code == 0
    assert regenqc("ledger", "verify", "--outside", "rotated.checkpoint").code == 0
    # A proof from before, and one from after.
    for event_id in (events()[4].event_id, revoked["event_id"]):
        assert regenqc("ledger", "prove", event_id, "--out", event_id).code == 0


def test_nothing_is_signed_with_a_revoked_key_of_the_log(regenqc: Command) -> None:
    Path("stolen.key").write_bytes(Path("ledger-home/log.key").read_bytes())
    assert regenqc("ledger", "rotate", "--reason", "stolen", "--old-is-lost").code == 0
    done = regenqc("ledger", "checkpoint", "--key", "stolen.key")
    assert done.code == 5
    assert "RQC-L054 The key of the log was revoked, and nothing is signed with it." in " ".join(done.err.split())


def test_a_checkpoint_of_a_revoked_key_does_not_verify(regenqc: Command) -> None:
    stolen = Path("ledger-home/log.key").read_text()
    assert regenqc("ledger", "rotate", "--reason", "stolen", "--old-is-lost").code == 0
    with Log.open("sqlite:///ledger.db") as log:
        # As the thief would: not by the command, and with a memory of their own.
        log.checkpoint(parse_secret_key(stolen), memory=CheckpointMemory("memory of the thief"), now=1_790_000_000)
        forged = log.latest_checkpoint().encoded
    done = regenqc("ledger", "verify", "--json")
    (found,) = json.loads(done.out)["detections"]
    assert (done.code, found["detector"], found["code"]) == (5, "signed_checkpoint", "RQC-C213")
    Path("forged.checkpoint").write_bytes(forged)
    found = json.loads(regenqc("ledger", "verify", "--outside", "forged.checkpoint", "--json").out)["detections"]
    assert {each["detector"] for each in found} == {"signed_checkpoint", "outside_checkpoint"}


def test_a_change_of_the_key_that_was_interrupted_is_completed(
    regenqc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Path("ledger-home/log.pub").read_text()
    for place in ("_put_in_place", "write_file"):  # after the events, and before anything
        with monkeypatch.context() as patch:
            patch.setattr(f"regenqc.cli.ledger_rotation.{place}", None)
            with pytest.raises(TypeError):
                ledger_rotation.rotate_command(reason="yearly change")
        assert Path("ledger-home/log.pub").read_text() == old
    assert regenqc("ledger", "rotate", "--reason", "yearly change").code == 0
    assert regenqc("ledger", "verify").code == 0
    assert len(Path("ledger-home/policy.txt").read_text().splitlines()) == 3


def test_a_proof_and_its_event_fit_in_4_kb_and_are_checked_without_the_ledger(regenqc: Command) -> None:
    assert regenqc("ledger", "prove", "EV-0013", "--out", "packet").code == 0
    files = sorted(Path("packet").iterdir())
    assert sum(file.stat().st_size for file in files) <= 4096
    Path("ledger.db").unlink()
    done = regenqc("ledger", "check", *files, "--policy", "ledger-home/policy.txt", "--json")
    assert (done.code, json.loads(done.out)["origin"]) == (0, ORIGIN)


def test_an_altered_event_is_not_proved(regenqc: Command) -> None:
    assert regenqc("ledger", "prove", "EV-0013", "--out", "packet").code == 0
    event_file, proof = sorted(Path("packet").iterdir())
    event_file.write_bytes(event_file.read_bytes().replace(b"release", b"reject_", 1))
    done = regenqc("ledger", "check", event_file, proof, "--policy", "ledger-home/policy.txt")
    assert (done.code, "RQC-L010" in done.err) == (5, True)


def test_checking_a_proof_loads_nothing_but_the_standard_library_and_cryptography() -> None:
    code = (
        "import sys, regenqc.ledger.proof, regenqc.ledger.policy; heavy = {'msgspec', 'numpy', 'pandas', 'pyarrow', "
        "'sqlite3', 'psycopg', 'typer', 'rich'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_entry_that_is_not_there_is_a_question_and_not_a_proof(regenqc: Command) -> None:
    done = regenqc("ledger", "prove", "EV-9999")
    assert (done.code, "RQC-U103" in done.err) == (2, True)


# ---- witnesses ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hospital(regenqc: Command) -> list[str]:
    """Return the options of a witness at the hospital, whom the policy asks for."""
    assert regenqc("ledger", "key", "hospital.example", "--for", "witness", "--out", "w.key").code == 0
    log = "ledger-home/log.pub"
    done = regenqc("ledger", "policy", "--log", log, "--witness", "w.key.pub", "--out", "ledger-home/policy.txt")
    assert done.code == 0
    return ["--key", "w.key", "--log", log, "--memory", "seen"]


def test_a_policy_is_printed_for_a_person_to_read(regenqc: Command) -> None:
    done = regenqc("ledger", "policy", "--log", "ledger-home/log.pub")
    assert done.out.splitlines()[-1] == "quorum none"


def test_a_witness_cosigns_by_file_and_the_proof_says_so(regenqc: Command, hospital: list[str]) -> None:
    assert regenqc("ledger", "prove", "0").code == 5, "the policy asks for a witness"
    assert regenqc("ledger", "witness", "request", "to.request").code == 0
    assert regenqc("ledger", "witness", "answer", "to.request", *hospital, "--out", "answer").code == 0
    assert regenqc("ledger", "witness", "add", "answer", "--out", "cosigned.checkpoint").code == 0
    assert regenqc("ledger", "verify", "--outside", "cosigned.checkpoint").code == 0
    assert regenqc("ledger", "prove", "0", "--out", "packet").code == 0
    files = sorted(Path("packet").iterdir())
    done = regenqc("ledger", "check", *files, "--policy", "ledger-home/policy.txt", "--json")
    assert json.loads(done.out)["witnesses"] == ["hospital.example"]


def test_a_witness_refuses_a_fork_and_says_from_where_it_wants_a_proof(regenqc: Command, hospital: list[str]) -> None:
    assert regenqc("ledger", "witness", "request", "to.request").code == 0
    assert regenqc("ledger", "witness", "answer", "to.request", *hospital, "--out", "answer").code == 0
    done = regenqc("ledger", "witness", "answer", "to.request", *hospital, "--out", "again")
    size = json.loads(regenqc("ledger", "status", "--json").out)["entries"]
    assert (done.code, f"from size {size}" in done.err, Path("again").exists()) == (5, True, False)


def test_a_witness_does_not_cosign_for_a_log_that_it_does_not_know(regenqc: Command, hospital: list[str]) -> None:
    assert regenqc("ledger", "key", "other.example/ledger", "--for", "log", "--out", "other.key").code == 0
    assert regenqc("ledger", "witness", "request", "to.request").code == 0
    strangers = [word.replace("ledger-home/log.pub", "other.key.pub") for word in hospital]
    done = regenqc("ledger", "witness", "answer", "to.request", *strangers, "--out", "answer")
    assert (done.code, "404" in done.err) == (5, True)


def test_an_answer_that_arrives_late_is_kept_beside_the_checkpoint_that_it_is_for(
    regenqc: Command, hospital: list[str]
) -> None:
    assert regenqc("ledger", "witness", "request", "to.request").code == 0
    assert regenqc("ledger", "witness", "answer", "to.request", *hospital, "--out", "answer").code == 0
    Path("new.jsonl").write_bytes(lines([STORE]))
    assert regenqc("ledger", "append", "new.jsonl").code == 0
    assert regenqc("ledger", "checkpoint").code == 0
    assert regenqc("ledger", "witness", "add", "answer").code == 0
    assert regenqc("ledger", "prove", "EV-0013").code == 0
    assert regenqc("ledger", "prove", "NEW-1").code == 5, "nobody cosigned that one yet"


def test_a_witness_cosigns_over_http(regenqc: Command, hospital: list[str]) -> None:
    served = subprocess.Popen(
        [sys.executable, "-m", "regenqc", "ledger", "witness", "serve", *hospital, "--port", "0"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "400"},
    )
    killer = threading.Timer(60, served.kill)
    killer.start()
    try:
        assert served.stdout is not None
        url = served.stdout.readline().decode().split()[0]
        done = regenqc("ledger", "witness", "ask", url, "--out", "cosigned.checkpoint")
        assert done.code == 0, done.err
    finally:
        killer.cancel()
        served.kill()
        served.communicate()
    assert regenqc("ledger", "verify", "--outside", "cosigned.checkpoint").code == 0


# ---- time stamps ---------------------------------------------------------------------------------------------------------


def test_a_time_stamp_of_a_checkpoint_is_checked_and_that_of_another_is_not_believed(
    regenqc: Command, authority: Any
) -> None:
    Path("root.pem").write_bytes(authority.root)
    assert regenqc("ledger", "stamp", "first.checkpoint", "--request", "to.tsq").code == 0
    Path("from.tsr").write_bytes(authority.stamp(Path("to.tsq").read_bytes()))
    stamp = ["--response", "from.tsr", "--root", "root.pem"]
    assert regenqc("ledger", "stamp", "first.checkpoint", *stamp).code == 0
    Path("new.jsonl").write_bytes(lines([STORE]))
    assert regenqc("ledger", "append", "new.jsonl").code == 0
    assert regenqc("ledger", "checkpoint", "--out", "second.checkpoint").code == 0
    done = regenqc("ledger", "stamp", "second.checkpoint", *stamp)
    assert (done.code, "RQC-L015" in done.err) == (5, True)


def test_a_time_stamp_without_a_pinned_certificate_is_not_checked(regenqc: Command) -> None:
    done = regenqc("ledger", "stamp", "first.checkpoint", "--response", "from.tsr")
    assert (done.code, "RQC-U108" in done.err) == (2, True)


# ---- copies ---------------------------------------------------------------------------------------------------------------


def test_an_export_verifies_by_itself_and_comes_back(regenqc: Command) -> None:
    assert regenqc("ledger", "export", "archive").code == 0
    alone = subprocess.run(
        [sys.executable, "-I", "archive/verifier/verify.py", "archive", "ledger-home/policy.txt"],
        capture_output=True,
        check=False,
    )
    assert (alone.returncode, alone.stdout[:8]) == (0, b"Verified"), alone.stderr
    new = ["--ledger", "sqlite:///restored.db"]
    assert regenqc("ledger", "import", "archive", *new).code == 0
    assert regenqc("ledger", "verify", "--outside", "first.checkpoint", *new).code == 0
    assert regenqc("trace", "backward", "DP-0001-1", *new).code == 0


def test_a_drill_tells_a_good_backup_from_one_that_is_behind(regenqc: Command) -> None:
    assert regenqc("ledger", "backup", "good.db").code == 0
    assert regenqc("ledger", "drill", "good.db", "--witnessed", "first.checkpoint").code == 0
    Path("new.jsonl").write_bytes(lines([STORE]))
    assert regenqc("ledger", "append", "new.jsonl").code == 0
    assert regenqc("ledger", "checkpoint", "--out", "second.checkpoint").code == 0
    done = regenqc("ledger", "drill", "good.db", "--witnessed", "second.checkpoint", "--json")
    value = json.loads(done.out)
    assert (done.code, value["verdict"], value["missing"]) == (5, "behind", 1)


def test_a_drill_finds_a_backup_whose_tables_were_changed(regenqc: Command) -> None:
    import sqlite3

    assert regenqc("ledger", "backup", "bad.db").code == 0
    with sqlite3.connect("bad.db") as database:
        database.execute(
            "DELETE FROM custody_edge WHERE part = 1 AND event = (SELECT MAX(event) FROM custody_edge WHERE part = 1)"
        )
    database.close()
    done = regenqc("ledger", "drill", "bad.db", "--witnessed", "first.checkpoint", "--json")
    assert (done.code, json.loads(done.out)["verdict"]) == (5, "damaged")


def test_a_drill_of_an_exported_folder_leaves_the_restored_ledger_where_it_is_told(regenqc: Command) -> None:
    assert regenqc("ledger", "export", "archive").code == 0
    done = regenqc("ledger", "drill", "archive", "--witnessed", "first.checkpoint", "--scratch", "scratch")
    assert (done.code, Path("scratch/ledger.db").exists()) == (0, True)


def test_only_sqlite_ledgers_are_backed_up_by_this_command(regenqc: Command) -> None:
    assert regenqc("ledger", "backup", "x.db", "--ledger", "postgresql://nobody@localhost/none").code == 2


def test_events_go_to_a_partner_as_epcis_and_their_log_takes_them(regenqc: Command) -> None:
    sent = ["--epcis", "--base", "https://maker.example"]
    assert regenqc("ledger", "export", "all.jsonld", *sent, "--record", "--people").code == 0
    document = json.loads(Path("all.jsonld").read_text())
    assert document["type"] == "EPCISDocument"
    again = regenqc("ledger", "import", "all.jsonld", *sent, "--json")
    recorded = json.loads(again.out)["recorded"]
    assert (again.code, {each["again"] for each in recorded}) == (0, {True})


def test_the_export_of_one_item_is_about_it(regenqc: Command) -> None:
    arguments = ["--epcis", "--base", "https://maker.example", "--item", "DP-0001-1"]
    assert regenqc("ledger", "export", "one.jsonld", *arguments).code == 0
    assert "SA-0001" not in Path("one.jsonld").read_text()
    done = regenqc("ledger", "export", "none.jsonld", *arguments[:3], "--item", "DP-0001-9")
    assert (done.code, Path("none.jsonld").exists()) == (2, False)


PARTNER: dict[str, Any] = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-03-16T12:00:00.000Z",
    "epcisBody": {
        "eventList": [
            {
                "type": "ObjectEvent",
                "eventTime": "2026-03-16T12:00:00.000Z",
                "eventTimeZoneOffset": "+01:00",
                "epcList": ["https://partner.example/item/PLASMID-7"],
                "action": "ADD",
                "bizStep": "receiving",
                "readPoint": {"id": "https://partner.example/site/MAKER-1"},
                "bizLocation": {"id": "https://partner.example/site/MAKER-1"},
            }
        ]
    },
}


def test_a_document_that_comes_twice_is_recorded_once(regenqc: Command) -> None:
    Path("partner.jsonld").write_text(json.dumps(PARTNER))
    command = ["ledger", "import", "partner.jsonld", "--epcis", "--base", "https://partner.example", "--json"]
    first, second = regenqc(*command), regenqc(*command)
    (one,), (other,) = json.loads(first.out)["recorded"], json.loads(second.out)["recorded"]
    assert (first.code, second.code, one["again"], other["again"]) == (0, 0, False, True)
    assert one["index"] == other["index"]


def test_a_document_that_is_not_valid_is_refused_whole(regenqc: Command) -> None:
    Path("partner.jsonld").write_text(json.dumps(PARTNER | {"schemaVersion": "1.2"}))
    done = regenqc("ledger", "import", "partner.jsonld", "--epcis", "--base", "https://partner.example")
    assert (done.code, "RQC-C303" in done.err) == (3, True)


def test_without_a_domain_no_document_is_made(regenqc: Command) -> None:
    done = regenqc("ledger", "export", "all.jsonld", "--epcis")
    assert (done.code, "RQC-U105" in done.err) == (2, True)


# ---- what people see ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["refusals"], ["verify"], ["show", "0"], ["show", "0", "--raw"], ["checkpoint"]],
    ids=" ".join,
)
def test_a_command_without_options_prints_for_people(arguments: list[str], regenqc: Command) -> None:
    assert regenqc("ledger", *arguments).code == 0


def test_what_a_text_of_an_event_says_cannot_steer_the_terminal(regenqc: Command) -> None:
    Path("new.jsonl").write_bytes(lines([replace(STORE, actor="EVIL")]).replace(b"EVIL", b"\\u001b[2J"))
    done = regenqc("ledger", "append", "new.jsonl")
    assert (done.code, "\x1b[2J" in done.out) == (3, False)


def test_every_command_has_an_example_that_names_it() -> None:
    for command in ledger_commands.app.registered_commands:
        assert command.callback is not None
        name = command.name
        assert f"Example: regenqc ledger {name}" in (command.callback.__doc__ or ""), name


def test_a_ledger_in_postgresql_is_used_by_the_same_commands(
    regenqc: Command, postgres_server: Any, tmp_path: Path
) -> None:
    there = ["--ledger", postgres_server.new_ledger(), "--home", tmp_path / "home"]
    assert regenqc("ledger", "init", "--origin", ORIGIN, "--site", "MAKER-1", *there).code == 0
    for person, roles in STAFF.items():
        named = [word for role in roles for word in ("--role", role)]
        assert regenqc("ledger", "enrol", person, *named, "--key", f"keys/{person}.key.pub", *there).code == 0
    assert regenqc("ledger", "append", "events.jsonl", *signing(*STAFF), *there).code == 0
    assert regenqc("ledger", "checkpoint", *there).code == 0
    assert regenqc("ledger", "verify", *there).code == 0
    assert "MEDIUM-0001" in regenqc("trace", "backward", "DP-0001-1", *there[:2]).out
