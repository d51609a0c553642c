"""Deciding in the console: every refusal is shown, what is signed is what was shown, and it stands in the ledger afterwards."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from regenqc.canonical import digest_of
from regenqc.cli.demo_office import PASSWORD
from regenqc.console.settings import read_settings
from regenqc.console.store.current_lots import lot_key
from regenqc.custody import SCHEMA, Book, Declined, Event, Item, decode_event
from regenqc.custody.moments import moment_of
from regenqc.custody.people_keys import PersonSigner, signed_event
from regenqc.custody.site import parse_site
from regenqc.decision.folder import DecisionFolder
from regenqc.decision.model import decision_bytes
from regenqc.decision.verification import decision_faults
from regenqc.ledger import Log
from regenqc.signing.keys import open_key, read_key_file
from regenqc.signing.people_file import PeopleFile

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = "drug_product_release"
WAITING = lot_key("SYNTHETIC-CD20-11", RELEASE, "example/car-t-cd20-two-step")
HELD = lot_key("SYNTHETIC-CD20-12", RELEASE, "example/car-t-cd20-two-step")
FAILED = lot_key("SYNTHETIC-CD20-13", RELEASE, "example/car-t-cd20-two-step")
CHINESE = lot_key("SYNTHETIC-MSC/08", RELEASE, "synthetic-maker/drug-track-msc")


def fields(text: str) -> dict[str, str]:
    """Return the hidden fields of the form that signs."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
    return {name: html.unescape(value) for name, value in found}


def answered(client, key, kind, **more):
    """Answer everything that the page asks with yes, acknowledge everything, and return the page that follows."""
    text = client.get(f"/lots/{key}/decide", params={"kind": kind}).text
    form: dict[str, object] = {"kind": kind, "csrf": "token"}
    form |= dict.fromkeys(re.findall(r'name="(item:[^"]*)"', text), "yes")
    form["acknowledged"] = [html.unescape(each) for each in re.findall(r'name="acknowledged" value="([^"]*)"', text)]
    return client.post(f"/lots/{key}/decide", data=form | more)


def sign(client, key, text, *, person="QP-0001", password=PASSWORD, where="sign", **more):
    form = {**fields(text), "person": person, "password": password, **more}
    return client.post(f"/lots/{key}/{where}", data=form)


def in_ledger(home: Path, decision_id: str) -> list:
    with Log.open(f"sqlite:///{home / 'ledger-home' / 'ledger.db'}", read_only=True) as log:
        events = [decode_event(log.entry(index).body) for index in range(log.size)]
    return [event for event in events if event.kind == "decision" and decision_id in event.documents]


def stored(home: Path, batch: str):
    return DecisionFolder(home / "decisions").of_lot(batch)


def test_a_conditional_lot_is_released_and_recorded(client_of, home, watch):
    client = client_of("QP-0001")
    page = answered(client, WAITING, "conditional_release")
    assert page.status_code == 200, page.text
    assert "The certificate that follows" in page.text
    assert "Draft, not issued" in page.text
    assert "U+200B" not in page.text
    done = sign(client, WAITING, page.text)
    assert done.status_code == 303, re.findall(r"<li><code>RQC.*", done.text)
    assert done.headers["location"] == f"/lots/{WAITING}"
    (decision,) = stored(home, "SYNTHETIC-CD20-11")
    assert (decision.kind, decision.is_complete) == ("conditional_release", True)
    people = PeopleFile(home / "people" / "people.jsonl").read()
    assert decision_faults(decision, people=people, now=watch()) == []
    (event,) = in_ledger(home, decision.decision_id)
    assert (event.outcome, event.actor, event.blobs[0].digest) == (
        "conditional_release", "QP-0001", digest_of(decision_bytes(decision)),
    )  # fmt: skip
    assert not list((home / "begun").glob("*"))
    assert "decided" in client.get(f"/lots/{WAITING}").text


def test_signing_twice_is_one_decision(client_of, home):
    client = client_of("QP-0001")
    page = answered(client, WAITING, "conditional_release")
    assert [sign(client, WAITING, page.text).status_code for _ in range(2)] == [303, 303]
    (decision,) = stored(home, "SYNTHETIC-CD20-11")
    assert len(in_ledger(home, decision.decision_id)) == 1


def test_what_nobody_may_sign_is_not_offered_and_refused(client_of):
    client = client_of("QP-0001")
    offered = client.get(f"/lots/{HELD}/decide").text
    assert "kind=reject" in offered
    assert "kind=release" not in offered
    assert "kind=conditional_release" not in offered
    assert answered(client, HELD, "release").status_code == 200  # the page that asks again, without that kind
    assert "form.signature" not in answered(client, HELD, "release").text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"acknowledged": []}, "RQC-A005"),
        ({"acknowledged": ["alert:invented"]}, "RQC-A006"),
        ({"item:invented": "yes"}, "RQC-A007"),
        ({"exceptional:invented": "DOC-1"}, "RQC-A004"),
    ],
    ids=["nothing acknowledged", "something else acknowledged", "an item that is none", "a document that is none"],
)
def test_what_is_not_answered_as_it_must_be_is_refused_by_code(client_of, home, change, code):
    page = answered(client_of("QP-0001"), WAITING, "conditional_release", **change)
    assert page.status_code == 422
    assert code in page.text
    assert stored(home, "SYNTHETIC-CD20-11") == ()


def test_no_to_an_item_is_refused_and_the_other_answers_stay(client_of):
    client = client_of("QP-0001")
    text = client.get(f"/lots/{WAITING}/decide", params={"kind": "conditional_release"}).text
    item = re.search(r'name="(item:[^"]*)"', text)[1]
    page = answered(client, WAITING, "conditional_release", **{item: "no"})
    assert page.status_code == 422
    assert "RQC-A007" in page.text
    assert page.text.count(" checked>") > 3


def test_a_rejection_that_departs_needs_a_reason(client_of, home):
    client = client_of("QP-0001")
    assert "RQC-A003" in answered(client, WAITING, "reject").text
    page = answered(client, WAITING, "reject", justification="the patient withdrew")
    assert sign(client, WAITING, page.text).status_code == 303
    assert stored(home, "SYNTHETIC-CD20-11")[0].kind == "reject"


WRONG = {
    "a wrong password": ({"password": "not it"}, "RQC-G010"),
    "somebody else's name": ({"person": "QP-0002"}, "RQC-A058"),
    "nobody": ({"person": "NOBODY"}, "RQC-"),
    "a path for a name": ({"person": "../keys/QP-0001"}, "RQC-"),
    "another meaning": ({"meaning": "review"}, "RQC-A054"),
    "another role": ({"role": "reviewer"}, "RQC-A054"),
}


@pytest.mark.parametrize(("typed", "code"), WRONG.values(), ids=list(WRONG))
def test_whoever_may_not_sign_does_not_and_nothing_is_written(client_of, home, typed, code):
    client = client_of("QP-0001")
    page = answered(client, WAITING, "conditional_release")
    before = len((home / "ledger-home" / "ledger.db").read_bytes())
    done = sign(client, WAITING, page.text, **typed)
    assert done.status_code == 422
    assert code in done.text
    assert PASSWORD not in done.text
    history = client.get(f"/lots/{WAITING}").text.partition("Attempts to sign that were refused")[2]
    assert code in history
    assert typed.get("password", PASSWORD) not in history
    assert stored(home, "SYNTHETIC-CD20-11") == ()
    assert not list((home / "begun").glob("*.json"))
    assert len((home / "ledger-home" / "ledger.db").read_bytes()) == before


def test_what_is_signed_is_what_was_shown(client_of, home):
    client = client_of("QP-0001")
    page = answered(client, WAITING, "conditional_release")
    done = sign(client, WAITING, page.text, shown="sha256:" + 64 * "0")
    assert done.status_code == 409
    assert "RQC-W110" in done.text
    assert stored(home, "SYNTHETIC-CD20-11") == ()
    assert sign(client, WAITING, done.text).status_code == 303


def test_what_was_shown_too_long_ago_is_looked_at_again(client_of, home, watch):
    client = client_of("QP-0001")
    page = answered(client, WAITING, "conditional_release")
    watch.now += timedelta(minutes=31)
    assert sign(client, WAITING, page.text).status_code == 409
    assert stored(home, "SYNTHETIC-CD20-11") == ()


def test_after_so_many_wrong_passwords_nobody_gets_in(client_of, home):
    client = client_of("QP-0001")
    page = answered(client, WAITING, "conditional_release")
    for _ in range(5):
        sign(client, WAITING, page.text, password="wrong")  # noqa: S106 - no password of anything
    assert "RQC-G012" in sign(client, WAITING, page.text).text
    assert stored(home, "SYNTHETIC-CD20-11") == ()


def test_on_the_drug_track_a_second_person_releases(client_of, home):
    first, second = client_of("QP-0001"), client_of("QP-0002")
    page = answered(first, CHINESE, "release")
    assert "Then somebody else signs: marketing release." in page.text
    assert sign(first, CHINESE, page.text).status_code == 303
    (decision,) = stored(home, "SYNTHETIC-MSC/08")
    assert not decision.is_complete
    assert in_ledger(home, decision.decision_id) == []
    again = first.get(f"/lots/{CHINESE}/countersign").text
    assert "RQC-A057" in sign(first, CHINESE, again, where="countersign").text
    shown = second.get(f"/lots/{CHINESE}/decide")
    assert (shown.status_code, shown.headers["location"]) == (303, f"/lots/{CHINESE}/countersign")
    page = second.get(f"/lots/{CHINESE}/countersign").text
    assert sign(second, CHINESE, page, person="QP-0002", where="countersign").status_code == 303
    (decision,) = stored(home, "SYNTHETIC-MSC/08")
    assert [each.person_id for each in decision.signatures] == ["QP-0001", "QP-0002"]
    (event,) = in_ledger(home, decision.decision_id)
    assert (event.outcome, event.actor) == ("release", "QP-0002")


def test_what_the_ledger_refuses_is_not_decided(client_of, home, watch):
    """The lot is recalled in the ledger between the look at it and the signature."""
    client = client_of("QP-0001")
    page = answered(client, WAITING, "conditional_release")
    site = parse_site((home / "ledger-home" / "site.toml").read_text(encoding="utf-8"))
    key = open_key(read_key_file((home / "keys" / "QP-0001.key").read_bytes()), password=PASSWORD)
    when = moment_of(watch())
    recall = Event(
        schema=SCHEMA, kind="recall", event_id="RECALL-1", event_time=when, record_time=when, zone=site.zone,
        actor="QP-0001", role="qualified_person", site=site.code, items=(Item("CD20-11-1"),), reason="contaminated",
    )  # fmt: skip
    with Book.open(f"sqlite:///{home / 'ledger-home' / 'ledger.db'}", policy=site.policy, now=lambda: when) as book:
        (noted,) = book.append([signed_event(recall, [PersonSigner("QP-0001", key)])])
    assert not isinstance(noted, Declined), noted
    done = sign(client, WAITING, page.text)
    assert done.status_code == 422
    assert "RQC-C149" in done.text
    assert stored(home, "SYNTHETIC-CD20-11") == ()
    assert not list((home / "begun").glob("*"))
    assert "waits for a decision" in client.get(f"/lots/{WAITING}").text


def test_a_withdrawal_takes_back_what_was_decided(client_of, home):
    client = client_of("QP-0001")
    sign(client, WAITING, answered(client, WAITING, "conditional_release").text)
    assert "RQC-A011" in answered(client, WAITING, "withdrawal").text
    page = answered(client, WAITING, "withdrawal", reason="signed the wrong lot")
    assert sign(client, WAITING, page.text).status_code == 303
    assert [each.kind for each in stored(home, "SYNTHETIC-CD20-11")] == ["conditional_release", "withdrawal"]
    assert "waits for a decision" in client.get(f"/lots/{WAITING}").text


@pytest.mark.parametrize("person", ["REV-0001", "LAB-0001", "INSP-0001", "PHYS-0001", "ADMIN-001"])
def test_nobody_else_decides(client_of, person):
    client = client_of(person)
    assert client.get(f"/lots/{WAITING}/decide").status_code == 403
    assert client.post(f"/lots/{WAITING}/sign", data={"csrf": "token"}).status_code == 403


@pytest.mark.parametrize("answers", ["", "{}", "[]", '{"batch_id": 1}', "\x00", "{" * 5000])
def test_a_form_that_no_page_wrote_is_refused(client_of, home, answers):
    done = client_of("QP-0001").post(f"/lots/{WAITING}/sign", data={"answers": answers, "csrf": "token"})
    assert done.status_code == 422
    assert stored(home, "SYNTHETIC-CD20-11") == ()


def test_answers_about_another_lot_are_refused(client_of, home):
    client = client_of("QP-0001")
    page = answered(client, WAITING, "conditional_release")
    assert sign(client, FAILED, page.text).status_code == 422
    assert stored(home, "SYNTHETIC-CD20-13") == ()


def test_settings_are_those_of_the_home(home):
    settings = read_settings(home)
    assert settings.ledger_url == f"sqlite:///{home / 'ledger-home' / 'ledger.db'}"
