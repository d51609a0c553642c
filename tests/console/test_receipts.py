"""Receipt on a tablet: filled in by two people, recorded with both signatures, decided by a third; all of it in the ledger."""

from __future__ import annotations

from fastapi.testclient import TestClient
from sqlalchemy import text
from tests.console.ward import DECIDER, FIRST, SECOND, Receiving, Ward, furnished, seen, ward

from regenqc.cli.demo_office import PASSWORD
from regenqc.cli.demo_ward import ARRIVED, COI, RECIPIENT, WARD_LOT
from regenqc.console.access.person import SignedIn
from regenqc.console.application import create_application
from regenqc.console.receipt_store import list_receipts
from regenqc.console.settings import read_settings
from regenqc.decision.hospital_verification import hospital_decision_faults, parse_hospital_decision
from regenqc.ledger import Log
from regenqc.reinspection.receipt.record import documents_of
from regenqc.signing.people_file import PeopleFile
from regenqc.signing.words import Role

__all__ = ["furnished", "ward"]  # fixtures

COLD, WARM = ARRIVED
WRONG = PASSWORD[::-1]


def test_one_container_is_accepted_and_another_that_became_warm_is_refused(ward: Ward):
    accepted, refused = Receiving(ward, COLD), Receiving(ward, WARM)
    accepted.fill()
    assert accepted.record().status_code == 303
    assert accepted.decide("accept_for_infusion").status_code == 303
    refused.fill()
    assert refused.record().status_code == 303
    told = refused.decide("accept")
    assert told.status_code == 422
    assert "RQC-H404" in told.text
    assert refused.decide("refuse", reason="too warm on the way").status_code == 303
    inspection, decision = ward.life(COLD)[-2:]
    assert (inspection.kind, inspection.outcome) == ("reinspect", "conformant")
    assert {signature.actor for signature in inspection.signatures} == {FIRST, SECOND}
    assert (decision.kind, decision.outcome, decision.actor) == ("decision", "accept_for_infusion", DECIDER)
    assert [signature.actor for signature in decision.signatures] == [DECIDER]
    inspection, decision = ward.life(WARM)[-2:]
    assert (inspection.outcome, decision.outcome, decision.reason) == (
        "non_conformant",
        "refuse",
        "too warm on the way",
    )
    with Log.open(read_settings(ward.home).ledger_url, read_only=True) as log, log.read() as view:
        ((_, document),) = documents_of(view, WARM)
    people = PeopleFile(ward.home / "people" / "people.jsonl").read()
    signed = parse_hospital_decision(document)
    assert hospital_decision_faults(signed, people=people, now=ward.watch()) == []
    assert (signed.kind, signed.prepared_by, signed.disposition) == ("refuse", DECIDER, "reject")


def test_what_keeps_a_decision_from_being_recorded_is_said_and_leaves_the_ledger_as_it_was(ward: Ward):
    received = Receiving(ward, COLD)
    received.fill()
    early = received.decide("refuse", reason="not wanted")
    assert "First the inspection is recorded" in early.text
    mixed = received.post(FIRST, "record", on="judge", first_password=PASSWORD, second_password=WRONG)
    assert "RQC-G010" in mixed.text
    assert received.record().status_code == 303
    recorded = len(ward.life(COLD))
    by_inspector = received.decide("accept", person=SECOND, role="pharmacist")
    assert "RQC-H402" in by_inspector.text
    without_reason = received.decide("quarantine")
    assert "RQC-H405" in without_reason.text
    wrong = received.decide("accept", password=WRONG)
    assert "RQC-G010" in wrong.text
    assert len(ward.life(COLD)) == recorded
    changed = ward.client(FIRST).post(f"{received.place}/label", data={"containers": "3", "seen": "", "csrf": "token"})
    assert "RQC-H418" in changed.text
    assert received.decide("quarantine", reason="the ward is full").status_code == 303
    again = received.decide("accept")
    assert "RQC-H418" in again.text
    assert [event.outcome for event in ward.life(COLD)[recorded:]] == ["quarantine"]
    document = ward.client(DECIDER).get(f"{received.place}/document")
    assert parse_hospital_decision(document.content).kind == "quarantine"


def test_of_two_who_change_a_page_at_once_the_second_one_is_told(ward: Ward):
    received = Receiving(ward, COLD)
    shown = seen(ward.client(FIRST).get(f"{received.place}/label").text)
    told = {"expires_at": "2029-05-13T07:00:00Z", "shipper": "S-1", "requalified_until": "2027-12-31", "seen": shown}
    client = ward.client(SECOND)
    assert client.post(f"{received.place}/label", data=told | {"containers": "2", "csrf": "t"}).status_code == 303
    late = client.post(f"{received.place}/label", data=told | {"containers": "1", "csrf": "t"})
    assert "RQC-H416" in late.text
    assert 'value="2"' in client.get(f"{received.place}/label").text


def test_nobody_signs_a_receipt_that_is_no_longer_the_one_on_the_page(ward: Ward):
    received = Receiving(ward, COLD)
    received.fill()
    client = ward.client(FIRST)
    assert received.post(FIRST, "judge").status_code == 303
    shown = seen(client.get(f"{received.place}/judge").text)
    assert received.post(SECOND, "checks", receipt_seal="no", receipt_seal_remark="broken").status_code == 303
    passwords = {"first_password": PASSWORD, "second_password": PASSWORD}
    late = client.post(f"{received.place}/record", data=passwords | {"seen": shown, "csrf": "t"})
    assert "RQC-H416" in late.text
    assert "reinspect" not in [event.kind for event in ward.life(COLD)]


def test_two_who_begin_with_a_container_at_the_same_moment_begin_one_receipt(ward: Ward, monkeypatch):
    monkeypatch.setattr("regenqc.console.receipt_store.open_receipt", lambda *_: None)  # as both saw it
    assert Receiving(ward, COLD).place == Receiving(ward, COLD).place
    assert len(list_receipts(ward.application.state.console.store, site=read_settings(ward.home).site)) == 1


def test_who_is_restricted_to_other_sites_begins_no_receipt(ward: Ward):
    somebody = SignedIn(
        person_id=FIRST, printed_name="", roles=frozenset({Role.HOSPITAL_INSPECTOR}), sites=frozenset({"SITE-Z"})
    )
    made = create_application(read_settings(ward.home), identify=lambda _: somebody, clock=ward.watch)
    told = TestClient(made, follow_redirects=False).post(
        "/receipts", data={"item": COLD, "specification": "example/receipt-of-frozen-cells", "csrf": ""}
    )
    assert told.status_code == 404
    assert list_receipts(made.state.console.store, site=read_settings(ward.home).site) == []


def test_one_person_is_not_two_and_a_second_one_shows_by_password_who_they_are(ward: Ward):
    received = Receiving(ward, COLD)
    read = {"role": "pharmacist", "recipient": RECIPIENT, "coi": COI, "lot": WARD_LOT}
    assert "RQC-H417" in received.post(FIRST, "second", by=SECOND, password=PASSWORD, **read).text
    assert received.post(FIRST, "first", by=FIRST, **read).status_code == 303
    assert "RQC-H308" in received.post(FIRST, "second", by=FIRST, **read).text
    assert "RQC-G010" in received.post(FIRST, "second", by=SECOND, password=WRONG, **read).text
    assert "RQC-G033" in received.post(FIRST, "second", by="../keys/ADMIN-001", password=PASSWORD, **read).text
    assert received.post(FIRST, "second", by=SECOND, password=PASSWORD, **read).status_code == 303


def test_what_the_ledger_has_and_the_store_has_not_is_found_again(ward: Ward):
    received = Receiving(ward, COLD)
    received.fill()
    assert received.record().status_code == 303
    store = ward.application.state.console.store
    with store.begin() as connection:
        connection.execute(text("UPDATE receipt SET inspection = ''"))
    again = received.post(FIRST, "record", on="judge", first_password=PASSWORD, second_password=PASSWORD)
    assert "RQC-H418" in again.text
    assert [event.kind for event in ward.life(COLD)].count("reinspect") == 1
