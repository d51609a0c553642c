"""The gate and the ledger by the interface: answers as on the command line, every question on record, events by the rules."""

from __future__ import annotations

import msgspec
from tests.console.ward import Receiving, Ward, furnished, ward

from regenqc.cli.demo_ward import ARRIVED, COI, RECIPIENT
from regenqc.console.access.journal import lines
from regenqc.console.settings import read_settings
from regenqc.console.site_ledger import moment_now
from regenqc.console.store.database import open_store
from regenqc.custody import SCHEMA, Event, Item

__all__ = ["furnished", "ward"]  # fixtures

ASKED = {
    "item": ARRIVED[0],
    "recipient": RECIPIENT,
    "coi": COI,
    "actor": "NURSE-0203",
    "role": "nurse",
    "second_actor": "PHYS-0205",
    "second_role": "physician",
}


def bedside_check(ward: Ward, **changed: object) -> dict[str, object]:
    now = moment_now(ward.application.state.console)
    event = Event(
        schema=SCHEMA, kind="bedside_check", event_id="CHECK-1", event_time=now, record_time=now, zone="+00:00",
        actor="NURSE-0203", role="nurse", second_actor="PHYS-0205", second_role="physician", site="HOSPITAL-1",
        items=(Item(ARRIVED[0]),), outcome="conformant", recipient=RECIPIENT, coi=COI,
    )  # fmt: skip
    return msgspec.to_builtins(event) | changed


def test_the_gate_says_no_with_every_reason_and_go_when_nothing_stands_against_it(ward: Ward) -> None:
    asks = ward.client("PHYS-0205")
    answer = asks.post("/api/v1/gate", json=ASKED)
    assert (answer.status_code, answer.json()["answer"]) == (200, "no-go")
    reasons = [reason["code"] for each in answer.json()["conditions"] for reason in each["reasons"]]
    assert {"RQC-H113", "RQC-H115", "RQC-H133"} <= set(reasons)
    line = lines(open_store(read_settings(ward.home).store), event="gate")[0]
    assert (line.person_id, line.subject, line.outcome) == ("PHYS-0205", ARRIVED[0], "refused")
    received = Receiving(ward, ARRIVED[0])
    received.fill()
    received.record()
    assert received.decide("accept_for_infusion").status_code == 303
    recorder = ward.client("STAFF-0418")
    told = recorder.post("/api/v1/events", json={"events": [bedside_check(ward)]})
    assert told.status_code == 200, told.text
    assert asks.post("/api/v1/gate", json=ASKED).json()["answer"] == "go"


def test_the_gate_answers_no_for_what_nobody_knows_and_refuses_a_bad_scan(ward: Ward) -> None:
    asks = ward.client("PHYS-0205")
    assert asks.post("/api/v1/gate", json=ASKED | {"item": "NOBODYS-1"}).json()["answer"] == "no-go"
    answer = asks.post("/api/v1/gate", json=ASKED | {"item": "(01)09506000134353(21)X1"})
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (422, "RQC-C030")
    assert asks.post("/api/v1/gate", json=ASKED | {"network_down": True}).json()["checkpoint"] is not None


def test_events_are_recorded_once_and_judged_by_the_rules(ward: Ward) -> None:
    recorder = ward.client("STAFF-0418")
    event = bedside_check(ward)
    first = recorder.post("/api/v1/events", json={"events": [event]})
    assert first.status_code == 200, first.text
    again = recorder.post("/api/v1/events", json={"events": [event]}).json()["outcomes"][0]
    assert (first.json()["outcomes"][0]["state"], again["state"]) == ("recorded", "known")
    assert first.json()["outcomes"][0]["index"] == again["index"]
    other = recorder.post("/api/v1/events", json={"events": [event | {"outcome": "nonconformant"}]})
    assert (other.status_code, other.json()["outcomes"][0]["state"]) == (409, "declined")
    wrong = recorder.post("/api/v1/events", json={"events": [{"kind": "bedside_check"}, event]})
    assert [each["state"] for each in wrong.json()["outcomes"]] == ["declined", "known"]
    number = recorder.post("/api/v1/events", json={"events": [event | {"outcome": 1.5}]})
    assert (number.status_code, number.json()["faults"][0]["where"]) == (422, "body.events.0.outcome")


def test_who_may_not_ask_or_record_learns_nothing(ward: Ward) -> None:
    assert ward.client("QA-0204").post("/api/v1/events", json={"events": [bedside_check(ward)]}).status_code == 403
    assert ward.client("STAFF-0418").post("/api/v1/gate", json=ASKED).status_code == 403
    assert ward.client("nobody").post("/api/v1/gate", json=ASKED).status_code == 401
