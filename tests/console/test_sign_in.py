"""Sign-in from outside: what a browser can and cannot do with names, passwords, codes and cookies."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update
from tests.console.access_site import Site, password_of, people
from tests.signing.office import stated

from regenqc.console.access.accounts import ACCOUNTS, change_password, known_account, reset_account
from regenqc.console.access.journal import Event, journal_faults, lines
from regenqc.console.access.policy import AccessPolicy
from regenqc.console.access.sessions import close_sessions
from regenqc.errors import UsageError

WRONG = "not the password"


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    made.account("QP-0001")
    made.account("REV-0001")
    return made


def test_who_signs_in_is_somebody_and_after_signing_out_nobody(site):
    browser = site.signed_in("QP-0001")
    assert "Ana Example" in browser.get("/account").text
    token = browser.client.cookies["regenqc-loopback"]
    assert browser.post("/sign-out").status_code == 303
    assert browser.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    # The token is worth nothing, whoever kept it.
    browser.client.cookies.set("regenqc-loopback", token)
    assert browser.get("/account").status_code == 303


def test_sign_in_gives_a_token_that_nobody_held_before(site):
    browser = site.browser()
    browser.client.cookies.set("regenqc-loopback", "chosen-by-somebody-else")
    answer = browser.sign_in("QP-0001")
    assert answer.status_code == 303
    assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]
    first = (
        browser.client.cookies.get("regenqc-loopback", domain="console.example.local")
        or answer.cookies["regenqc-loopback"]
    )
    stranger = site.browser()
    stranger.client.cookies.set("regenqc-loopback", "chosen-by-somebody-else")
    assert stranger.get("/account").status_code == 303
    again = site.browser()
    again.client.cookies.set("regenqc-loopback", first)
    second = again.sign_in("QP-0001").cookies["regenqc-loopback"]
    assert second != first
    stranger.client.cookies.set("regenqc-loopback", first)
    assert stranger.get("/account").status_code == 303, "signing in again ends the session that the browser had"


def test_the_cookie_is_for_this_host_by_tls_and_out_of_reach_of_scripts(tmp_path):
    site = Site(tmp_path, is_secure=True)
    site.account("QP-0001")
    said = site.browser().sign_in("QP-0001").headers["set-cookie"]
    assert said.startswith("__Host-regenqc=")
    assert {"Path=/", "HttpOnly", "Secure", "SameSite=lax"} <= set(said.split("; "))
    assert "Domain" not in said


def test_the_database_holds_no_token_and_no_password(site):
    token = site.browser().sign_in("QP-0001").cookies["regenqc-loopback"]
    key = site.key()
    held = b"".join(path.read_bytes() for path in site.home.glob("console.db*"))
    for secret in (token, key, password_of("QP-0001")):
        assert secret.encode() not in held


@pytest.mark.parametrize(
    ("name", "password"),
    [("QP-0001", "wrong"), ("QP-9999", password_of("QP-0001")), ("PHYS-0001", ""), ("", ""), ("QP-0001", "x" * 5000)],
    ids=["a wrong password", "no such person", "a person without account", "nothing", "a very long password"],
)
def test_whatever_is_wrong_the_answer_is_one(site, name, password):
    answer = site.browser().sign_in(name, password=password)
    assert answer.status_code == 403
    assert "Name, password or code do not match." in answer.text
    assert "set-cookie" not in answer.headers


def test_an_idle_session_ends(site):
    browser = site.signed_in("QP-0001")
    site.clock.forward(seconds=899)
    assert browser.get("/account").status_code == 200
    site.clock.forward(seconds=901)
    assert browser.get("/account").status_code == 303


def test_a_session_in_use_ends_in_any_case(tmp_path):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False, absolute_seconds=3600))
    site.account("QP-0001")
    browser = site.signed_in("QP-0001")
    for _ in range(5):
        site.clock.forward(seconds=700)
        assert browser.get("/account").status_code == 200
    site.clock.forward(seconds=700)
    assert browser.get("/account").status_code == 303


def test_a_changed_password_ends_every_session(site):
    at_home, here = site.signed_in("QP-0001"), site.signed_in("QP-0001")
    new = "another long sentence"
    answer = here.post("/account/password", present=password_of("QP-0001"), new=new, again=new)
    assert answer.status_code == 303
    assert here.get("/account").status_code == 200
    assert at_home.get("/account").status_code == 303
    assert site.browser().sign_in("QP-0001").status_code == 403
    assert site.browser().sign_in("QP-0001", password=new).status_code == 303


@pytest.mark.parametrize(
    ("present", "new", "again", "status"),
    [
        ("wrong", "another long sentence", "another long sentence", 403),
        (password_of("QP-0001"), "short", "short", 422),
        (password_of("QP-0001"), "another long sentence", "another long sentense", 422),
        (password_of("QP-0001"), password_of("QP-0001"), password_of("QP-0001"), 422),
        (password_of("QP-0001"), "qp-0001!!", "qp-0001!!", 422),
        (password_of("QP-0001"), "aaaaaaaaaaaa", "aaaaaaaaaaaa", 422),
    ],
    ids=["without the present one", "too short", "typed differently", "the present one", "the name", "one letter"],
)
def test_a_password_that_cannot_be_used_changes_nothing(site, present, new, again, status):
    browser = site.signed_in("QP-0001")
    assert browser.post("/account/password", present=present, new=new, again=again).status_code == status
    assert site.browser().sign_in("QP-0001").status_code == 303


def test_a_password_of_an_administrator_opens_nothing_but_its_change(site):
    site.account("LAB-0001", must_change=True)
    browser = site.browser()
    assert browser.sign_in("LAB-0001").headers["location"] == "/sign-in/password"
    assert browser.get("/account").status_code == 303
    answer = browser.post("/sign-in/password", new="another long sentence", again="another long sentence")
    assert answer.headers["location"] == "/"
    assert browser.get("/account").status_code == 200
    assert browser.get("/sign-in/password").status_code == 303


def test_failures_in_a_row_lock_a_name_out_and_the_right_password_with_it(site):
    for number in range(3):
        assert site.browser(address=f"10.0.1.{number}").sign_in("QP-0001", password=WRONG).status_code == 403
    locked = site.browser(address="10.0.1.9").sign_in("QP-0001")
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) <= 900
    assert "Too many attempts" in locked.text
    assert site.browser().sign_in("REV-0001").status_code == 303
    site.clock.forward(seconds=901)
    assert site.browser().sign_in("QP-0001").status_code == 303


def test_a_name_that_does_not_exist_is_locked_out_like_one_that_does(site):
    def answers(name):
        return [site.browser().sign_in(name, password=WRONG).status_code for _ in range(5)]

    assert answers("NOBODY-1") == answers("QP-0001")


def test_attempts_while_locked_out_do_not_prolong_it(site):
    for _ in range(4):
        site.browser().sign_in("QP-0001", password=WRONG)
    site.clock.forward(seconds=600)
    assert site.browser().sign_in("QP-0001").status_code == 429
    site.clock.forward(seconds=301)
    assert site.browser().sign_in("QP-0001").status_code == 303


def test_an_address_that_tries_many_names_is_locked_out(tmp_path):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False, address_failures=6))
    site.account("QP-0001")
    for number in range(6):
        # An account of their own does not clear what they guessed at others.
        assert site.browser().sign_in(f"NOBODY-{number}", password=WRONG).status_code == 403
    assert site.browser().sign_in("QP-0001").status_code == 429
    assert site.browser(address="10.9.9.9").sign_in("QP-0001").status_code == 303


def test_an_administrator_unlocks_a_name(site):
    site.account("ADMIN-001")
    for _ in range(4):
        site.browser().sign_in("QP-0001", password=WRONG)
    assert site.signed_in("ADMIN-001").post("/accounts/unlock", person_id="QP-0001").status_code == 303
    assert site.browser().sign_in("QP-0001").status_code == 303


def test_whoever_is_withdrawn_from_the_registry_is_out_at_once(site):
    browser = site.signed_in("QP-0001")
    site.write_people(stated(people(), "person_withdrawn", at=site.clock(), person_id="QP-0001", reason="left"))
    assert browser.get("/account").status_code == 303
    refused = site.browser().sign_in("QP-0001")
    assert refused.status_code == 403
    assert "closed" in refused.text


def test_a_role_that_is_withdrawn_is_gone_with_the_next_request(site):
    browser = site.signed_in("REV-0001")
    assert browser.get("/journal").status_code == 200
    known = stated(people(), "role_granted", at=site.clock(), person_id="REV-0001", role="analyst", reason="moved")
    known = stated(known, "role_withdrawn", at=site.clock(), person_id="REV-0001", role="reviewer", reason="moved")
    site.write_people(known)
    assert browser.get("/journal").status_code == 403


def test_a_registry_that_was_changed_lets_nobody_in_and_says_so(site):
    browser = site.signed_in("QP-0001")
    file = site.home / "people" / "people.jsonl"
    file.write_bytes(file.read_bytes().replace(b"Ana Example", b"Eva Example"))
    answer = browser.get("/account")
    assert answer.status_code == 422
    assert "RQC-G02" in answer.text
    assert site.browser().get("/ready").json() == {"status": "unready", "store": "ok", "people": "unreadable"}


def test_the_administrator_closes_an_account_and_its_sessions(site):
    site.account("ADMIN-001")
    browser, administrator = site.signed_in("QP-0001"), site.signed_in("ADMIN-001")
    assert administrator.post("/accounts/close", person_id="QP-0001").status_code == 303
    assert browser.get("/account").status_code == 303
    assert site.browser().sign_in("QP-0001").status_code == 403
    shown = administrator.post("/accounts/reset", person_id="QP-0001").text
    password = re.search(r'class="secret">([^<]+)<', shown)[1]
    assert site.browser().sign_in("QP-0001", password=password).headers["location"] == "/sign-in/password"


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/journal?person=A", "/journal?person=A"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil", "/"),
    ],
)
def test_sign_in_leads_back_into_the_console_and_nowhere_else(site, wanted, led):
    answer = site.browser().post("/sign-in", name="QP-0001", password=password_of("QP-0001"), next=wanted)
    assert answer.headers["location"] == led


def test_every_sign_in_and_refusal_is_in_the_journal_with_its_chain(site):
    site.browser().sign_in("QP-0001", password=WRONG)
    site.browser().sign_in("my secret passphrase", password=WRONG)
    site.signed_in("QP-0001", address="10.7.7.7")
    store = site.application.state.console.store
    found = lines(store, event=Event.SIGN_IN.value)
    assert [(each.person_id, each.outcome, each.address, each.detail) for each in found] == [
        ("QP-0001", "done", "10.7.7.7", "by password"),
        ("", "refused", "10.0.0.1", "no such account"),
        ("QP-0001", "refused", "10.0.0.1", "wrong password"),
    ]
    # What somebody typed into the wrong field is nowhere.
    assert not any("secret passphrase" in str(each) for each in lines(store))
    assert list(journal_faults(iter(reversed(lines(store))))) == []


def test_the_log_of_signing_attempts_is_not_touched_so_nobody_locks_a_key_from_outside(site):
    for _ in range(10):
        site.browser().sign_in("QP-0001", password=WRONG)
    assert not (site.home / "people" / "attempts.jsonl").exists()


def test_going_on_while_locked_out_does_not_fill_the_journal(site):
    for _ in range(30):
        site.browser().sign_in("QP-0001", password=WRONG)
    found = [each.detail for each in lines(site.office.store, event="sign_in")]
    assert [each.split(";")[0] for each in found] == ["locked out by name", *["wrong password"] * 3]
    for _ in range(5):
        site.browser().client.post("/accounts/add", data={}, headers={"Origin": "https://evil.example"})
    assert not lines(site.office.store, event="forged")


def test_what_an_administrator_changes_while_a_password_is_checked_counts(site, monkeypatch):
    checked = site.office.passwords.is_right

    def meanwhile(stored, password):
        found = checked(stored, password)
        reset_account(site.office, "QP-0001", password=password_of("reset"), by="ADMIN-001")
        return found

    monkeypatch.setattr(site.office.passwords, "is_right", meanwhile)
    browser = site.browser()
    assert browser.sign_in("QP-0001").status_code == 403
    monkeypatch.undo()
    assert browser.get("/account").status_code == 303
    assert site.browser().sign_in("QP-0001").status_code == 403
    again = site.browser().sign_in("QP-0001", password=password_of("reset"))
    assert again.headers["location"] == "/sign-in/password"


def test_storing_a_password_anew_brings_no_former_one_back(site, monkeypatch):
    def outdated(_):
        reset_account(site.office, "QP-0001", password=password_of("reset"), by="ADMIN-001")
        return True

    monkeypatch.setattr(site.office.passwords, "is_outdated", outdated)
    site.browser().sign_in("QP-0001")
    monkeypatch.undo()
    assert site.browser().sign_in("QP-0001").status_code == 403
    assert site.browser().sign_in("QP-0001", password=password_of("reset")).status_code == 303


def test_a_session_that_is_ended_meanwhile_makes_no_other(site, monkeypatch):
    browser = site.signed_in("QP-0001")

    def meanwhile(*said, **more):
        monkeypatch.undo()
        reset_account(site.office, "QP-0001", password=password_of("reset"), by="ADMIN-001")
        return close_sessions(*said, **more)

    monkeypatch.setattr("regenqc.console.pages.own_account.close_sessions", meanwhile)
    browser.post("/account/sessions")
    assert browser.get("/account").status_code == 303


def test_whoever_chooses_a_password_while_it_is_reset_does_not_undo_the_reset(site):
    account = known_account(site.office, "QP-0001")
    reset_account(site.office, "QP-0001", password=password_of("reset"), by="ADMIN-001")
    with pytest.raises(UsageError, match="RQC-U168"):
        change_password(site.office, account, password=password_of("another"))
    assert site.browser().sign_in("QP-0001", password=password_of("reset")).status_code == 303


def test_a_session_of_a_closed_account_is_nobodys(site):
    browser = site.signed_in("QP-0001")
    with site.office.store.begin() as connection:  # closed, and the session not ended yet
        connection.execute(update(ACCOUNTS).values(closed_at=1))
    assert browser.get("/account").status_code == 303
