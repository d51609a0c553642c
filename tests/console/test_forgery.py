"""Forged requests: what another site makes a browser send changes nothing."""

from __future__ import annotations

import pytest
from tests.console.access_site import Site, password_of

from regenqc.console.access.journal import lines
from regenqc.console.access.policy import AccessPolicy


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    made.account("ADMIN-001")
    made.account("QP-0001")
    return made


def test_a_form_without_the_word_of_the_session_changes_nothing(site):
    browser, other = site.signed_in("ADMIN-001"), site.signed_in("ADMIN-001")
    word = browser.csrf()
    for wrong in ("", "x", other.csrf(), word[:-1], word.upper(), "é"):
        answer = browser.post("/accounts/close", csrf=wrong, person_id="QP-0001")
        assert answer.status_code == 403, wrong
    assert site.browser().sign_in("QP-0001").status_code == 303
    assert browser.post("/accounts/close", csrf=word, person_id="QP-0001").status_code == 303
    refused = [each for each in lines(site.office.store) if each.event == "forged"]
    assert {(each.person_id, each.subject) for each in refused} == {("ADMIN-001", "POST /accounts/close")}


def test_the_word_may_come_in_a_header_as_scripts_send_it(site):
    browser = site.signed_in("ADMIN-001")
    headers = {"X-CSRF-Token": browser.csrf()}
    assert browser.client.post("/accounts/close", data={"person_id": "QP-0001"}, headers=headers).status_code == 303
    assert browser.client.post("/accounts/close", json={"person_id": "QP-0001"}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://console.example"}, 303),
        ({"Origin": "http://CONSOLE.example", "Sec-Fetch-Site": "same-origin"}, 303),
        ({}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://console.example.evil.example"}, 403),
        ({"Origin": "http://console.example:8080"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_another_site_signs_nobody_in(site, headers, status):
    said = {"name": "QP-0001", "password": password_of("QP-0001")}
    assert site.browser().client.post("/sign-in", data=said, headers=headers).status_code == status


def test_with_a_stated_address_no_other_host_is_answered(tmp_path):
    site = Site(
        tmp_path, policy=AccessPolicy(second_factor=False, public_url="https://console.example"), is_secure=True
    )
    site.account("QP-0001")
    client = site.browser().client
    said = {"name": "QP-0001", "password": password_of("QP-0001")}
    assert client.get("/sign-in", headers={"Host": "evil.example"}).status_code == 400
    assert client.post("/sign-in", data=said, headers={"Origin": "https://console.example"}).status_code == 303
    assert client.post("/sign-in", data=said, headers={"Origin": "http://console.example"}).status_code == 403
    assert client.get("/health", headers={"Host": "127.0.0.1:8000"}).status_code == 200


def test_reading_needs_no_word_and_changes_nothing(site):
    browser = site.signed_in("ADMIN-001")
    assert browser.get("/accounts", headers={"Origin": "https://evil.example"}).status_code == 200
    assert browser.get("/accounts/close?person_id=QP-0001").status_code in {404, 405}
