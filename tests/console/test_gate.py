"""The gate: go or no-go from the ledger alone, every reason named, every question on record, codes as scanners send them."""

from __future__ import annotations

from tests.console.ward import Receiving, Ward, furnished, ward

from regenqc.cli.demo_ward import ARRIVED, COI, RECIPIENT
from regenqc.console.access.journal import lines
from regenqc.console.settings import read_settings
from regenqc.console.site_ledger import moment_now, site_rules
from regenqc.console.store.database import open_store
from regenqc.custody import SCHEMA, Book, Event, Item

__all__ = ["furnished", "ward"]  # fixtures

ASKED = {
    "item": ARRIVED[0],
    "recipient": RECIPIENT,
    "coi": COI,
    "actor": "NURSE-0203",
    "role": "nurse",
    "second_actor": "PHYS-0205",
    "second_role": "physician",
    "csrf": "token",
}


def check_identity(ward: Ward) -> None:
    """Record that two people checked the identity at the bedside."""
    console = ward.application.state.console
    now = moment_now(console)
    event = Event(
        schema=SCHEMA, kind="bedside_check", event_id="CHECK-1", event_time=now, record_time=now, zone="+00:00",
        actor="NURSE-0203", role="nurse", second_actor="PHYS-0205", second_role="physician", site="HOSPITAL-1",
        items=(Item(ARRIVED[0]),), outcome="conformant", recipient=RECIPIENT, coi=COI,
    )  # fmt: skip
    with Book.open(console.settings.ledger_url, policy=site_rules(console).policy, now=lambda: now) as book:
        book.append_one(event)


def test_what_was_not_accepted_is_no_go_with_every_reason_and_the_question_is_on_record(ward: Ward):
    answer = ward.client("NURSE-0203").post("/gate", data=ASKED)
    assert answer.status_code == 200
    assert "NO-GO" in answer.text
    for code in ("RQC-H113", "RQC-H115", "RQC-H133"):
        assert code in answer.text
    (line,) = lines(open_store(read_settings(ward.home).store), event="gate")
    assert (line.person_id, line.subject, line.outcome) == ("NURSE-0203", ARRIVED[0], "refused")
    assert line.detail.startswith("no-go by NURSE-0203 and PHYS-0205: ")
    assert "accepted" in line.detail


def test_what_was_received_inspected_accepted_and_checked_at_the_bedside_is_go(ward: Ward):
    received = Receiving(ward, ARRIVED[0])
    received.fill()
    received.record()
    assert received.decide("accept_for_infusion").status_code == 303
    check_identity(ward)
    asked = ward.client("PHYS-0205").post("/gate", data=ASKED)
    assert '<div class="verdict go"' in asked.text, asked.text
    another = ward.client("PHYS-0205").post("/gate", data=ASKED | {"recipient": "PATIENT-0999"})
    assert '<div class="verdict no-go"' in another.text
    assert "RQC-H131" in another.text


def test_a_code_with_a_wrong_check_digit_is_asked_for_again_and_never_answered(ward: Ward):
    answer = ward.client("NURSE-0203").post("/gate", data=ASKED | {"item": "(01)09506000134353(21)A1"})
    assert answer.status_code == 422
    assert "RQC-C030" in answer.text
    assert 'class="verdict' not in answer.text


def test_while_the_network_is_down_the_age_of_the_last_checkpoint_is_judged(ward: Ward):
    client = ward.client("NURSE-0203")
    answer = client.post("/gate", data=ASKED | {"offline": "yes"})
    assert "RQC-H161" in answer.text  # the site has not said how old it may be
    (ward.home / "ledger-home" / "policy.txt").unlink()
    answer = client.post("/gate", data=ASKED | {"offline": "yes"})
    assert "this site has not said whose checkpoints it believes" in answer.text


def test_the_form_knows_who_asks_and_what_was_scanned_before(ward: Ward):
    shown = ward.client("NURSE-0203").get("/gate", params={"item": ARRIVED[0]})
    assert shown.status_code == 200
    assert f'value="{ARRIVED[0]}"' in shown.text
    assert 'value="NURSE-0203"' in shown.text


def test_whoever_may_not_ask_learns_nothing(ward: Ward):
    assert ward.client("STAFF-0418").post("/gate", data=ASKED).status_code == 403
    assert ward.client("nobody").get("/gate").status_code in {303, 307}


def test_a_lot_that_nobody_knows_is_no_go(ward: Ward):
    answer = ward.client("NURSE-0203").post("/gate", data=ASKED | {"item": "<script>alert(1)</script>"})
    assert '<div class="verdict no-go"' in answer.text
    assert "<script>alert" not in answer.text
