"""Checkpoints are signed from the page of the ledger, never of less than before, and cosigned by files that people carry."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.console.ward import Ward, furnished, ward

from regenqc.cli.demo_office import PASSWORD
from regenqc.console.access.journal import lines
from regenqc.console.settings import read_settings
from regenqc.console.store.database import open_store
from regenqc.ledger import CheckpointMemory, Log, Policy, parse_secret_key
from regenqc.ledger.cosignature import CosignatureSigner
from regenqc.ledger.witness import Witness

if TYPE_CHECKING:
    from pathlib import Path

    from httpx2 import Response

__all__ = ["furnished", "ward"]  # fixtures

REVIEWER = "REV-0301"


def sign(ward: Ward, person: str = REVIEWER, password: str = PASSWORD) -> Response:
    return ward.client(person).post("/ledger/checkpoint", data={"password": password, "csrf": "token"})


def check_bedside(ward: Ward) -> None:
    """Record one more event."""
    client = ward.client("NURSE-0203")
    said = {
        "sheet": "1", "item": "HP-00000057-2", "recipient": "PATIENT-0815", "coi": "COI-00000057", "actor": "NURSE-0203",
        "role": "nurse", "second_actor": "PHYS-0205", "second_role": "physician", "password": PASSWORD,
        "second_password": PASSWORD, "csrf": "token",
    }  # fmt: skip
    assert client.post("/bedside/record", data=said).status_code == 303


def newest(ward: Ward) -> tuple[int, int]:
    """Return the size of the newest checkpoint, and of the ledger."""
    with Log.open(read_settings(ward.home).ledger_url, read_only=True) as log:
        return log.latest_checkpoint().size, log.size


def journal(ward: Ward) -> list[tuple[str, str, str]]:
    store = open_store(read_settings(ward.home).store)
    return [(line.person_id, line.subject, line.outcome) for line in lines(store, event="ledger")]


def test_a_reviewer_has_the_ledger_signed_and_the_journal_says_who(ward: Ward):
    check_bedside(ward)
    before, size = newest(ward)
    assert before < size
    assert sign(ward).status_code == 303
    assert newest(ward) == (size, size)
    assert journal(ward) == [(REVIEWER, "checkpoint", "done")]
    assert "Sign a checkpoint" in ward.client(REVIEWER).get("/ledger").text


def test_with_a_wrong_password_nothing_is_signed(ward: Ward):
    check_bedside(ward)
    before = newest(ward)
    answer = sign(ward, REVIEWER, "wrong")
    assert (answer.status_code, "RQC-G010" in answer.text) == (422, True)
    assert newest(ward) == before
    assert journal(ward) == [(REVIEWER, "checkpoint", "refused")]


def test_a_ledger_that_was_rolled_back_is_not_signed(ward: Ward, tmp_path: Path):
    folder = ward.home / "ledger-home"
    shutil.copyfile(folder / "ledger.db", tmp_path / "before.db")
    check_bedside(ward)
    assert sign(ward).status_code == 303
    for each in folder.glob("ledger.db*"):
        each.unlink()
    shutil.copyfile(tmp_path / "before.db", folder / "ledger.db")
    ward.application.state.site_ledger = None
    answer = sign(ward)
    assert (answer.status_code, "RQC-L050" in answer.text) == (422, True), answer.text


def test_where_the_key_of_the_log_is_not_kept_nothing_is_signed(ward: Ward):
    (ward.home / "ledger-home" / "log.key").unlink()
    assert "RQC-U160" in sign(ward).text
    assert 'action="/ledger/checkpoint"' not in ward.client(REVIEWER).get("/ledger").text


def test_a_witness_cosigns_by_files_and_only_what_continues_what_it_saw(ward: Ward, tmp_path: Path):
    folder = ward.home / "ledger-home"
    log_key = parse_secret_key((folder / "log.key").read_text()).verifier
    witness_key = CosignatureSigner("witness.example/w", bytes(range(32)))
    (folder / "policy.txt").write_text(Policy.of([log_key], witnesses=[witness_key.verifier], least=1).text)
    witness = Witness([witness_key], logs=[log_key], memory=CheckpointMemory(tmp_path / "seen"))
    client = ward.client(REVIEWER)
    asked = client.get("/ledger/witness/request", params={"old_size": "0"})
    answer = witness.answer(asked.content, now=1)
    assert answer.status == 200
    kept = client.post("/ledger/witness", data={"csrf": "token"}, files={"answer": ("answer", answer.body)})
    assert kept.status_code == 303, kept.text
    shown = client.get("/ledger").text
    assert "witness.example/w" in shown
    assert journal(ward) == [(REVIEWER, "cosignature", "done")]
    for wrong in (b"", b"nothing that anybody signed\n", b"x" * 70_000, answer.body.replace(b"A", b"B")):
        refused = client.post("/ledger/witness", data={"csrf": "token"}, files={"answer": ("answer", wrong)})
        assert (refused.status_code, "RQC-" in refused.text) == (422, True)
    assert "RQC-L071" in client.get("/ledger/witness/request", params={"old_size": "100000"}).text


def test_whoever_may_not_see_the_ledger_signs_nothing(ward: Ward):
    assert sign(ward, "PHYS-0205").status_code == 403
    assert sign(ward, "STAFF-0418").status_code == 403
