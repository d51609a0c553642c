"""The bedside: identity compared and signed by two people, given only after a go, once; and what is destroyed or sent back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.console.ward import Receiving, Ward, furnished, ward

from regenqc.cli.demo_office import PASSWORD
from regenqc.cli.demo_ward import ARRIVED, COI, RECIPIENT
from regenqc.console.access.journal import lines
from regenqc.console.settings import read_settings
from regenqc.console.store.database import open_store

__all__ = ["furnished", "ward"]  # fixtures

NURSE, PHYSICIAN, PHARMACIST = "NURSE-0203", "PHYS-0205", "PHARM-0201"
READ = {
    "item": ARRIVED[0],
    "recipient": RECIPIENT,
    "coi": COI,
    "actor": NURSE,
    "role": "nurse",
    "second_actor": PHYSICIAN,
    "second_role": "physician",
    "csrf": "token",
}
SIGNED = {"password": PASSWORD, "second_password": PASSWORD}


def sheet_of(page: str) -> str:
    return re.search(r'name="sheet" value="([^"]+)"', page)[1]  # type: ignore[index]


def check(ward: Ward, **changes: str) -> Any:
    """Compare and record a check; return the two answers."""
    client = ward.client(NURSE)
    said = READ | changes
    shown = client.post("/bedside/check", data=said)
    assert shown.status_code == 200, shown.text
    return shown, client.post("/bedside/record", data=SIGNED | said | {"sheet": sheet_of(shown.text)})


@pytest.fixture
def accepted(ward: Ward) -> Ward:
    """Return a ward that accepted a container."""
    received = Receiving(ward, ARRIVED[0])
    received.fill()
    received.record()
    assert received.decide("accept_for_infusion").status_code == 303
    return ward


def test_a_check_that_matches_is_signed_by_both_and_its_patient_is_named(ward: Ward):
    shown, recorded = check(ward)
    assert '<div class="verdict step"' in shown.text
    assert recorded.status_code == 303, recorded.text
    event = ward.life(ARRIVED[0])[-1]
    assert (event.kind, event.outcome, event.recipient) == ("bedside_check", "conformant", RECIPIENT)
    assert {signature.actor for signature in event.signatures} == {NURSE, PHYSICIAN}


def test_another_patient_is_stopped_and_not_named_in_the_ledger(ward: Ward):
    shown, recorded = check(ward, recipient="PATIENT-0999")
    assert '<div class="verdict no-go"' in shown.text
    assert recorded.status_code == 303, recorded.text
    event = ward.life(ARRIVED[0])[-1]
    assert (event.kind, event.outcome, event.recipient) == ("bedside_check", "mismatch_instance", RECIPIENT)
    told = [line.detail for line in lines(open_store(read_settings(ward.home).store), event="gate")]
    assert "identity at the bedside: no match" in told


def test_another_label_is_stopped(ward: Ward):
    shown, _ = check(ward, coi="COI-00000099")
    assert '<div class="verdict no-go"' in shown.text
    assert ward.life(ARRIVED[0])[-1].outcome == "mismatch_instance"


def test_the_page_on_which_people_read_does_not_say_what_is_expected(ward: Ward):
    shown = ward.client(NURSE).get("/bedside", params={"item": ARRIVED[0]})
    assert shown.status_code == 200
    assert RECIPIENT not in shown.text
    assert COI not in shown.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"second_actor": NURSE}, "RQC-H420"),
        ({"recipient": ""}, "RQC-H421"),
        ({"item": "DP-UNKNOWN-1"}, "RQC-H423"),
        ({"item": "(01)09506000134353(21)A1"}, "RQC-C030"),
    ],
    ids=["one person twice", "no wristband", "a container that nobody knows", "a code with a wrong check digit"],
)
def test_what_cannot_be_compared_is_refused(ward: Ward, changes: dict[str, str], code: str):
    answer = ward.client(NURSE).post("/bedside/check", data=READ | changes)
    assert (answer.status_code, code in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"second_password": "wrong"}, "RQC-G010"),
        ({"thaw": "yes"}, "RQC-H421"),
        ({"thaw": "yes", "expires_at": "soon"}, "RQC-H421"),
        ({"role": "physician"}, "RQC-C163"),
        ({"actor": "PHARM-0202", "role": "pharmacist"}, "RQC-H419"),
    ],
    ids=[
        "a wrong password",
        "a thaw without end",
        "a thaw until no moment",
        "a role not held",
        "somebody else signs in",
    ],
)
def test_what_is_not_signed_rightly_is_not_recorded(ward: Ward, changes: dict[str, str], code: str):
    before = ward.life(ARRIVED[0])
    shown = ward.client(NURSE).post("/bedside/check", data=READ)
    said = READ | SIGNED | {"sheet": sheet_of(shown.text)} | changes
    answer = ward.client(NURSE).post("/bedside/record", data=said)
    assert (answer.status_code, code in answer.text) == (422, True), answer.text
    assert ward.life(ARRIVED[0]) == before


def test_no_thaw_begins_for_another_patient(ward: Ward):
    before = len(ward.life(ARRIVED[0]))
    _, recorded = check(ward, recipient="PATIENT-0999", thaw="yes", expires_at="2026-08-03T12:00Z")
    assert (recorded.status_code, "RQC-H422" in recorded.text) == (422, True)
    assert len(ward.life(ARRIVED[0])) == before


def give(ward: Ward, **changes: str) -> Any:
    client = ward.client(PHYSICIAN)
    shown = client.get("/bedside/give", params=READ)
    assert shown.status_code == 200
    said = READ | SIGNED | {"sheet": sheet_of(shown.text)} | changes
    return said, client.post("/bedside/give", data=said)


def test_what_was_accepted_and_checked_is_thawed_given_and_recorded_once(accepted: Ward):
    _, recorded = check(accepted, thaw="yes", expires_at="2026-08-03T12:00Z")
    assert recorded.status_code == 303, recorded.text
    asked = accepted.client(PHYSICIAN).post("/gate", data=READ)
    assert 'action="/bedside/give"' in asked.text, asked.text
    amounts = {"quantity": accepted.left(ARRIVED[0])}
    said, answer = give(accepted, **amounts)
    assert answer.status_code == 303, answer.text
    life = accepted.life(ARRIVED[0])
    assert [event.kind for event in life[-4:]] == ["bedside_check", "thaw_at_bedside", "gate_answer", "administer"]
    assert life[-3].expires_at == "2026-08-03T12:00:00.000Z"
    assert life[-2].outcome == "go"
    assert all({each.actor for each in event.signatures} == {NURSE, PHYSICIAN} for event in life[-4:])
    again = accepted.client(PHYSICIAN).post("/bedside/give", data=said)
    assert again.status_code == 303
    assert accepted.life(ARRIVED[0]) == life
    _, twice = give(accepted, **amounts)
    assert (twice.status_code, "NO-GO" in twice.text) == (422, True)
    assert accepted.life(ARRIVED[0]) == life


def test_what_the_gate_forbids_is_not_recorded_as_given(ward: Ward):
    before = ward.life(ARRIVED[0])
    _, answer = give(ward, quantity=ward.left(ARRIVED[0]))
    assert (answer.status_code, "NO-GO" in answer.text) == (422, True)
    assert ward.life(ARRIVED[0]) == before


def end(ward: Ward, act: str, person: str = PHARMACIST, **said: str) -> Any:
    client = ward.client(person)
    shown = client.get(f"/bedside/{act}", params={"item": ARRIVED[0]})
    assert shown.status_code == 200, shown.text
    fields = {
        "item": ARRIVED[0],
        "role": "pharmacist",
        "password": PASSWORD,
        "csrf": "token",
        "sheet": sheet_of(shown.text),
    }
    return fields | said, client.post(f"/bedside/{act}", data=fields | said)


def test_what_is_destroyed_is_gone_once(ward: Ward):
    amount = ward.left(ARRIVED[0])
    said, answer = end(ward, "discard", reason="refused: it became warm", quantity=amount)
    assert answer.status_code == 303, answer.text
    assert ward.client(PHARMACIST).post("/bedside/discard", data=said).status_code == 303
    events = [event for event in ward.life(ARRIVED[0]) if event.kind == "discard"]
    assert [(event.actor, event.reason) for event in events] == [(PHARMACIST, "refused: it became warm")]
    assert [each.actor for each in events[0].signatures] == [PHARMACIST]


def test_what_is_sent_back_names_why_and_where_to(ward: Ward):
    _, without = end(ward, "return", destination="MAKER-1")
    assert (without.status_code, "RQC-H421" in without.text) == (422, True)
    _, answer = end(ward, "return", reason="refused: it became warm", destination="MAKER-1")
    assert answer.status_code == 303, answer.text
    event = ward.life(ARRIVED[0])[-1]
    assert (event.kind, event.destination, event.reason) == ("return", "MAKER-1", "refused: it became warm")


def test_whoever_only_gives_destroys_nothing(ward: Ward):
    assert ward.client(PHYSICIAN).get("/bedside/discard", params={"item": ARRIVED[0]}).status_code == 403
    assert ward.client("STAFF-0418").get("/bedside").status_code == 403


def test_there_is_no_other_act(ward: Ward):
    assert ward.client(PHARMACIST).get("/bedside/recall", params={"item": ARRIVED[0]}).status_code == 404
