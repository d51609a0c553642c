"""A signature that is sent again, or several times at once, is one decision; one that is sent by somebody else is none."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi.testclient import TestClient

from regenqc.cli.demo_office import PASSWORD
from regenqc.console.access.accounts import create_account
from regenqc.console.access.passwords import Passwords
from regenqc.console.access.policy import AccessPolicy
from regenqc.console.application import create_application
from regenqc.console.settings import read_settings
from regenqc.console.store.current_lots import lot_key
from regenqc.custody import decode_event
from regenqc.decision.folder import DecisionFolder
from regenqc.ledger import Log

BATCH = "SYNTHETIC-CD20-11"
LOT = f"/lots/{lot_key(BATCH, 'drug_product_release', 'example/car-t-cd20-two-step')}"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@pytest.fixture
def application(home, watch):
    passwords = Passwords(PasswordHasher.from_parameters(CHEAPEST))
    policy = AccessPolicy(second_factor=False)
    made = create_application(read_settings(home), clock=watch, policy=policy, passwords=passwords)
    for person in ("QP-0001", "QP-0002"):
        create_account(made.state.console.office, person, password=PASSWORD, by="ADMIN-001", must_change=False)
    return made


def signed_in(application, person="QP-0001"):
    client = TestClient(application, base_url="https://console.example", follow_redirects=False)
    assert client.post("/sign-in", data={"name": person, "password": PASSWORD}).status_code == 303
    return client


def ceremony(client):
    """Return the fields of the form that signs, once everything was answered."""
    page = client.get(f"{LOT}/decide", params={"kind": "conditional_release"}).text
    form = dict.fromkeys(re.findall(r'name="(item:[^"]*)"', page), "yes")
    form |= {name: html.unescape(value) for name, value in HIDDEN.findall(page) if name in {"csrf", "kind"}}
    form["kind"] = "conditional_release"
    form["acknowledged"] = [html.unescape(each) for each in re.findall(r'name="acknowledged" value="([^"]*)"', page)]
    shown = client.post(f"{LOT}/decide", data=form)
    assert shown.status_code == 200, shown.text
    fields = {name: html.unescape(value) for name, value in HIDDEN.findall(shown.text)}
    return fields | {"person": "QP-0001", "password": PASSWORD}


def decisions(home):
    return DecisionFolder(home / "decisions").of_lot(BATCH)


def test_one_ceremony_sent_many_times_at_once_is_one_decision(application, home):
    client = signed_in(application)
    form = ceremony(client)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: client.post(f"{LOT}/sign", data=form).status_code, range(6)))
    assert 303 in found
    assert max(found) < 500
    assert len(decisions(home)) == 1
    assert client.post(f"{LOT}/sign", data=form).status_code < 500
    assert len(decisions(home)) == 1
    assert not list((home / "begun").glob("*"))
    with Log.open(f"sqlite:///{home / 'ledger-home' / 'ledger.db'}", read_only=True) as log:
        events = [decode_event(log.entry(index).body) for index in range(log.size)]
    decision_id = decisions(home)[0].decision_id
    assert len([event for event in events if event.kind == "decision" and decision_id in event.documents]) == 1


def test_a_ceremony_that_somebody_else_sends_signs_nothing(application, home):
    form = ceremony(signed_in(application))
    thief = signed_in(application, "QP-0002")
    # Without the word of the thief's session, and with it.
    assert thief.post(f"{LOT}/sign", data=form).status_code == 403
    form["csrf"] = re.search(r'name="csrf" value="([^"]+)"', thief.get("/account").text)[1]
    assert thief.post(f"{LOT}/sign", data=form).status_code in {403, 409, 422}
    assert decisions(home) == ()


def test_a_ceremony_of_a_session_that_ended_signs_nothing(application, home):
    client = signed_in(application)
    form = ceremony(client)
    assert client.post("/sign-out", data={"csrf": form["csrf"]}).status_code == 303
    assert client.post(f"{LOT}/sign", data=form).headers.get("location", "").startswith("/sign-in")
    again = signed_in(application)
    assert again.post(f"{LOT}/sign", data=form).status_code == 403, "the word of the session before"
    assert decisions(home) == ()
