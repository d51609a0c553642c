"""Custody, ledger, trends, specifications and people, as somebody meets them who asks and looks."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.console.ward import Ward, furnished, ward

from regenqc.cli.demo_ward import ARRIVED, RECIPIENT
from regenqc.console.access.journal import lines
from regenqc.console.children import jobs_of
from regenqc.ledger import parse_policy
from regenqc.ledger.proof import verify_proof

if TYPE_CHECKING:
    from httpx2 import Response

__all__ = ["furnished", "ward"]  # fixtures

REVIEWER = "REV-0301"
MATERIAL = "ML-0421"


def finished(ward: Ward, address: str) -> Response:
    """Return a page of work in another process once that is done."""
    client = ward.client(REVIEWER)
    for _ in range(600):
        shown = client.get(address)
        assert shown.status_code == 200, shown.text
        if 'http-equiv="refresh"' not in shown.text:
            return shown
        time.sleep(0.2)
    raise AssertionError(shown.text)


def test_every_patient_of_a_lot_of_raw_material_stands_on_the_first_page_of_the_answer(ward: Ward):
    shown = ward.client(REVIEWER).get("/custody", params={"code": MATERIAL})
    assert shown.status_code == 200
    patients = shown.text.partition('<section class="patients"')[2].partition("</section>")[0]
    assert "Patients reached: 1" in patients
    rows = patients.partition("<tbody>")[2].split("<tr>")[1:]
    assert [(RECIPIENT in row, "given to the patient" in row) for row in rows] == [
        (True, True),
        (True, False),
        (True, False),
    ]
    for item in ("HP-00000057-1", *ARRIVED):
        assert item in patients
    assert "<svg" in shown.text
    assert lines(ward.application.state.console.store, event="custody")[0].subject == f"GET /custody?code={MATERIAL}"


def test_what_a_container_came_from_names_the_donation(ward: Ward):
    shown = ward.client(REVIEWER).get("/custody", params={"code": ARRIVED[0], "direction": "backward"})
    assert "BIOPSY-006" in shown.text
    assert 'class="patients"' not in shown.text


def test_a_code_that_nobody_wrote_is_told_with_what_stands_near_it(ward: Ward):
    shown = ward.client(REVIEWER).get("/custody", params={"code": "ML-0420"})
    assert shown.status_code == 404
    assert "RQC-C221" in shown.text
    assert MATERIAL in shown.text


def test_the_life_of_a_container_is_drawn_and_told(ward: Ward):
    shown = ward.client(REVIEWER).get("/custody/item", params={"code": "HP-00000057-1"})
    assert shown.status_code == 200
    for word in ("<svg", "administer", "No gap, no overlap", "COURIER-1", "signed"):
        assert word in shown.text
    assert ward.client(REVIEWER).get("/custody/item", params={"code": "NOTHING-1"}).status_code == 404


def test_the_evidence_packet_is_checked_offline_and_is_the_same_each_time(ward: Ward):
    client = ward.client(REVIEWER)
    told = client.get("/custody/evidence", params={"code": MATERIAL})
    again = client.get("/custody/evidence", params={"code": MATERIAL})
    assert told.content == again.content
    policy = parse_policy((ward.home / "ledger-home" / "policy.txt").read_text())
    with zipfile.ZipFile(io.BytesIO(told.content)) as archive:
        names = archive.namelist()
        proofs = [name for name in names if name.endswith(".proof")]
        for name in proofs:
            verify_proof(archive.read(name), archive.read(name.replace(".proof", ".json")), policy=policy)
    assert {"answer.json", "question.json", "checkpoint", "README.txt"} <= set(names)
    assert len(proofs) > 20


def test_whoever_may_not_look_at_chains_sees_none(ward: Ward):
    for address in ("/custody?code=ML-0421", "/custody/item?code=HP-00000057-1", "/custody/evidence?code=ML-0421"):
        assert ward.client("STAFF-0418").get(address).status_code == 403


def test_the_ledger_is_verified_in_a_process_of_its_own_and_a_proof_is_handed_over(ward: Ward):
    client = ward.client(REVIEWER)
    shown = client.get("/ledger")
    assert shown.status_code == 200
    assert "maker.example/demonstration" in shown.text
    begun = client.post("/ledger/verify", data={"csrf": "token"})
    assert begun.status_code == 303, begun.text
    found = finished(ward, begun.headers["location"])
    assert "everything agrees" in found.text
    told = client.get("/ledger/proof", params={"event": "RECEIVE-57-2"})
    policy = parse_policy((ward.home / "ledger-home" / "policy.txt").read_text())
    with zipfile.ZipFile(io.BytesIO(told.content)) as archive:
        event, proof = sorted(archive.namelist())
        verify_proof(archive.read(proof), archive.read(event), policy=policy)
    assert client.get("/ledger/checkpoint").text.startswith("maker.example/demonstration\n")
    assert client.get("/ledger/proof", params={"event": "NOTHING"}).status_code == 404


def test_a_changed_ledger_does_not_verify_and_says_so(ward: Ward):
    import sqlite3

    path = ward.home / "ledger-home" / "ledger.db"
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM custody_edge WHERE event > 20")
    begun = ward.client(REVIEWER).post("/ledger/verify", data={"csrf": "token"})
    found = finished(ward, begun.headers["location"])
    assert "something differs" in found.text, found.text


def test_a_signal_is_acknowledged_with_a_reason_and_known_again_in_the_next_analysis(ward: Ward):
    client = ward.client(REVIEWER)
    asked = {"evaluation": "synthetic-hipsc", "rules": "nelson", "csrf": "token"}
    begun = client.post("/trends", data=asked)
    assert begun.status_code == 303, begun.text
    address = begun.headers["location"]
    finished(ward, address)
    (job,) = jobs_of(ward.home, "trend")
    path = Path(ward.home) / "jobs" / "trend" / job.job_id / "analysis" / "signals.csv"
    with path.open(newline="") as file:
        signals = list(csv.DictReader(file))
    signal = signals[0]["signal_id"]
    without = client.post(f"{address}/acknowledge", data={"signal": signal, "reason": "ok", "csrf": "token"})
    assert without.status_code == 422
    assert "RQC-U166" in without.text
    told = {"signal": signal, "reason": "Looked at: a donor with a slow culture.", "csrf": "token"}
    assert client.post(f"{address}/acknowledge", data=told).status_code == 303
    shown = client.get(address)
    assert "a donor with a slow culture" in shown.text
    assert f"{len(signals) - 1} signals are open" in shown.text
    again = client.post("/trends", data=asked).headers["location"]
    assert f"{len(signals) - 1} signals are open" in finished(ward, again).text
    assert client.get(f"{address}/report").text.startswith("<!")
    assert ward.client("STAFF-0418").post("/trends", data=asked).status_code == 403


def test_specifications_are_shown_compared_and_told_apart(ward: Ward):
    client = ward.client(REVIEWER)
    assert "example/hipsc-progenitors" in client.get("/specifications").text
    shown = client.get("/specifications/show", params={"id": "example/car-t-ari-0001"})
    assert "PMC6319086" in shown.text
    two = [("id", "jp/asrm-class-2"), ("id", "jp/asrm-class-3")]
    compared = client.get("/specifications/compare", params=[*two, ("only", "differences")])
    assert compared.text.count("≠ ") == 4  # three rows and the caption
    changed = client.get("/specifications/diff", params={"old": "jp/asrm-class-3", "new": "jp/asrm-class-2"})
    assert "specified_committee_review" in changed.text
    assert client.get("/specifications/compare", params={"id": "jp/asrm-class-2"}).status_code == 422
    assert client.get("/specifications/show", params={"id": "../../etc/passwd"}).status_code == 404


def test_what_a_change_would_have_done_to_history_is_judged_in_a_process_of_its_own(ward: Ward):
    asked = {
        "old": "example/hipsc-progenitors", "new": "example/hipsc-bank", "evaluation": "synthetic-hipsc", "csrf": "t",
    }  # fmt: skip
    begun = ward.client(REVIEWER).post("/specifications/impact", data=asked)
    assert begun.status_code == 303, begun.text
    found = finished(ward, begun.headers["location"])
    assert "dispositions change." in found.text


def test_people_with_their_roles_keys_and_attempts(ward: Ward):
    shown = ward.client(REVIEWER).get("/people")
    assert shown.status_code == 200
    assert "Hana Example (synthetic)" in shown.text
    assert "✔ counts" in shown.text
    assert ward.client("PHARM-0201").get("/people").status_code == 403


def test_the_empty_page_leads_to_materials_recalls_and_investigations(ward: Ward):
    shown = ward.client(REVIEWER).get("/custody").text
    assert f'href="/custody?code={MATERIAL}&amp;direction=forward"' in shown
    assert "raw material received" in shown
    assert "Often asked about" not in ward.client(REVIEWER).get("/custody", params={"code": MATERIAL}).text


@pytest.mark.parametrize("kind", ["verify", "trend", "..", "impact"], ids=str)
def test_the_identifier_of_a_job_is_never_a_path(ward: Ward, kind: str):
    from regenqc.console.children import read_job

    for wrong in ("..", "../../console.toml", "", "a" * 50, "20260803T090001-%2e%2e"):
        assert read_job(ward.home, kind, wrong) is None
