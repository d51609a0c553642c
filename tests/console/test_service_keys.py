"""Keys of service accounts: what a machine may do, for how long, for which sites."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import APIRouter, Request
from tests.console.access_site import MACHINE, Site, people
from tests.signing.office import stated

from regenqc.console.access.identify import identify_by
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.access.service_keys import revoke_service_key, service_keys
from regenqc.errors import UsageError


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    router = APIRouter()

    @router.get("/api/who", dependencies=[allow(Permission.READ)])
    def who(request: Request):
        person = signed_in(request)
        return {"who": person.person_id, "sites": sorted(person.sites), "key": person.session_id}

    @router.post("/api/send", dependencies=[allow(Permission.UPLOAD)])
    def send():
        return {"taken": True}

    made.application.include_router(router)
    return made


def answer(site, key, path="/api/who", **headers):
    return site.browser().get(path, headers={"Authorization": f"Bearer {key}", **headers})


def test_a_machine_is_known_by_its_key_and_restricted_to_its_sites(site):
    key = site.key(sites=["SITE-B", "SITE-A"])
    said = answer(site, key).json()
    assert said == {"who": MACHINE, "sites": ["SITE-A", "SITE-B"], "key": key[:14]}
    assert service_keys(site.office)[0].used_at == int(site.clock().timestamp())


def test_a_machine_sends_without_a_word_of_a_session(site):
    sent = site.browser().client.post("/api/send", headers={"Authorization": f"Bearer {site.key()}"}, json={})
    assert sent.json() == {"taken": True}


@pytest.mark.parametrize(
    "broken",
    [lambda key: key[:-1], lambda key: key + "x", lambda key: key[:14], lambda _: "", lambda key: key.upper()],
    ids=["cut", "longer", "its identifier", "nothing", "in capitals"],
)
def test_what_is_not_the_key_is_nobody(site, broken):
    refused = answer(site, broken(site.key()))
    assert refused.status_code == 401
    assert refused.json()["faults"][0]["code"] == "RQC-W401"


def test_a_key_ends_at_its_moment_and_when_it_is_revoked(site):
    key, other = site.key(expires_at=site.clock() + timedelta(days=1)), site.key()
    revoke_service_key(site.office, other[:14], by="ADMIN-001")
    assert (answer(site, key).status_code, answer(site, other).status_code) == (200, 401)
    site.clock.forward(days=1)
    assert answer(site, key).status_code == 401
    with pytest.raises(UsageError, match="RQC-U165"):
        revoke_service_key(site.office, other[:14], by="ADMIN-001")


def test_a_key_is_worth_what_the_registry_says_now(site):
    key = site.key()
    withdrawn = stated(people(), "role_withdrawn", at=site.clock(), person_id=MACHINE, role="service", reason="retired")
    site.write_people(withdrawn)
    assert answer(site, key).status_code == 401


@pytest.mark.parametrize("person", ["QP-0001", "ADMIN-001", "NOBODY-1"])
def test_nobody_but_a_service_account_has_a_key(site, person):
    with pytest.raises(UsageError, match="RQC-U164"):
        site.key(person)


def test_a_service_account_has_no_password(site):
    with pytest.raises(UsageError, match="RQC-U160"):
        site.account(MACHINE)


def test_a_key_that_has_ended_is_never_made(site):
    with pytest.raises(UsageError, match="RQC-U164"):
        site.key(expires_at=site.clock())


def test_a_wrong_key_does_not_fall_back_to_the_cookie_beside_it(site):
    site.account("LAB-0001")
    browser = site.signed_in("LAB-0001")
    assert browser.get("/api/who").status_code == 200
    for header in ("Bearer wrong", "Basic TEFCLTAwMDE6eA==", "Bearer", ""):
        assert browser.get("/api/who", headers={"Authorization": header}).status_code == 401


def test_a_machine_signs_nothing_and_administers_nothing(site):
    key = site.key()
    for path in ("/accounts", "/journal"):
        assert answer(site, key, path).status_code == 403


def test_two_consoles_know_each_request_once(site):
    identify = identify_by(site.office)
    request = Request(
        {"type": "http", "headers": [(b"authorization", f"Bearer {site.key()}".encode())], "app": site.application}
    )
    assert identify(request) is identify(request)


def test_the_administrator_makes_and_ends_keys_on_the_page(site):
    import re

    site.account("ADMIN-001")
    browser = site.signed_in("ADMIN-001")
    shown = browser.post("/accounts/keys/add", person_id=MACHINE, note="<b>LIMS</b>", days="30").text
    key = re.search(r'class="secret">([^<]+)<', shown)[1]
    assert answer(site, key).status_code == 200
    page = browser.get("/accounts").text
    assert key not in page
    assert "&lt;b&gt;LIMS" in page
    browser.post("/accounts/keys/revoke", key_id=key[:14])
    assert answer(site, key).status_code == 401
    for days in ("0", "-1", "1e9", "", "99999999999999999999", "00000199999999999999", "٣"):
        assert browser.post("/accounts/keys/add", person_id=MACHINE, days=days).status_code == 422
