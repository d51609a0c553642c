"""Sign-in by a real identity provider at a real socket, well-behaved and not."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey
from tests.console.access_site import Site
from tests.console.identity_provider import CLIENT, SECRET, IdentityProvider
from tests.console.running_server import running
from tests.signing.office import Clock

from regenqc.console.access.accounts import known_account, link_subject
from regenqc.console.access.journal import lines
from regenqc.console.access.policy import AccessPolicy
from regenqc.console.access.policy import IdentityProvider as Stated
from regenqc.console.access.second_factor import confirm, propose
from regenqc.console.access.sessions import cookie_name

COOKIE = cookie_name(is_secure=False)
URL = "http://console.example"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def provider(clock):
    made = IdentityProvider(now=clock)
    with running(made.application(), policy=AccessPolicy()) as port:
        made.issuer = f"http://127.0.0.1:{port}"
        yield made


@pytest.fixture
def site(tmp_path, provider, clock):
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    stated = Stated(issuer=provider.issuer, client_id=CLIENT, client_secret_file=tmp_path / "secret", name="Hospital")
    made = Site(tmp_path / "home", policy=AccessPolicy(second_factor=False, public_url=URL, oidc=stated), clock=clock)
    made.account("QP-0001")
    link_subject(made.office, "QP-0001", subject="248289761001", by="ADMIN-001")
    return made


def travelled(browser, *, next_path=""):
    """Return the address to which the provider leads back."""
    there = browser.get("/sign-in/provider", params={"next": next_path})
    assert there.status_code == 303, there.text
    return httpx.get(there.headers["location"]).headers["location"].removeprefix(URL)


def refusal(site, answer):
    """Return what the journal says of a sign-in that was refused."""
    assert answer.status_code == 403
    assert COOKIE not in answer.headers.get("set-cookie", "")
    line = lines(site.office.store, count=1)[0]
    assert (line.event, line.outcome) == ("sign_in", "refused")
    return line.detail


def test_who_comes_back_from_the_provider_is_signed_in_and_goes_on(site):
    browser = site.browser()
    assert "Hospital" in browser.get("/sign-in").text
    answer = browser.get(travelled(browser, next_path="/journal?person=A"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/journal?person=A")
    assert "Ana Example" in browser.get("/account").text
    assert lines(site.office.store, event="sign_in")[0].detail == "by identity provider"


def test_what_goes_to_the_provider_is_new_each_time_and_gives_nothing_away(site):
    asked = [parse_qs(urlsplit(site.browser().get("/sign-in/provider").headers["location"]).query) for _ in range(2)]
    for each in ("state", "nonce", "code_challenge"):
        assert asked[0][each] != asked[1][each]
    assert "code_verifier" not in asked[0]
    assert asked[0]["scope"] == ["openid"]
    assert asked[0]["redirect_uri"] == [f"{URL}/sign-in/provider/return"]


def test_nobody_gets_an_account_by_signing_in(site, provider):
    provider.subject = "another subject"
    browser = site.browser()
    assert "another subject" in refusal(site, browser.get(travelled(browser)))
    link_subject(site.office, "QP-0001", subject="", by="ADMIN-001")
    provider.subject = "248289761001"
    assert "no account is tied" in refusal(site, browser.get(travelled(browser)))


def test_the_answer_counts_in_the_browser_that_asked_and_once(site, provider):
    victim, thief = site.browser(), site.browser()
    back = travelled(victim)
    assert "was not given" in refusal(site, thief.get(back)), "a stranger's answer signs nobody in"
    travelled(thief)
    assert "was not given" in refusal(site, thief.get(back))
    assert provider.tokens_made == 0
    assert victim.get(back).status_code == 303
    assert "was not given" in refusal(site, victim.get(back))


def test_a_journey_ends_after_ten_minutes(site, clock):
    browser = site.browser()
    back = travelled(browser)
    clock.forward(seconds=601)
    assert "was not given" in refusal(site, browser.get(back))


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"aud": "another client"}, "aud"),
        ({"aud": [CLIENT, "another client"]}, "somebody else"),
        ({"aud": [CLIENT, "another client"], "azp": "another client"}, "somebody else"),
        ({"nonce": "of another sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": 99999999999}, "future"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
    ],
    ids=str,
)
def test_a_token_that_says_anything_else_signs_nobody_in(site, provider, claims, words):
    provider.claims = claims
    browser = site.browser()
    assert words in refusal(site, browser.get(travelled(browser)))


def test_a_token_of_another_key_or_another_kind_signs_nobody_in(site, provider):
    browser = site.browser()
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "first"})
    assert "BadSignature" in refusal(site, browser.get(travelled(browser)))
    provider.signing_key = OctKey.import_key("k" * 32)
    provider.header = {"alg": "HS256"}
    refusal(site, browser.get(travelled(browser)))


def test_a_provider_that_changes_its_key_is_understood(site, provider):
    browser = site.browser()
    assert browser.get(travelled(browser)).status_code == 303
    provider.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
    assert site.browser().get("/sign-in").status_code == 200
    again = site.browser()
    assert again.get(travelled(again)).status_code == 303


def test_an_answer_of_another_provider_or_an_error_signs_nobody_in(site):
    browser = site.browser()
    back = travelled(browser)
    assert "another provider" in refusal(site, browser.get(back.split("&iss=")[0] + "&iss=https://evil.example"))
    state = parse_qs(urlsplit(travelled(browser)).query)["state"][0]
    said = {"error": "access_denied", "state": state}
    assert "access_denied" in refusal(site, browser.get("/sign-in/provider/return", params=said))


def test_a_provider_that_does_not_ask_for_a_second_factor_leaves_that_to_the_console(site, provider, tmp_path, clock):
    stated = site.policy.oidc
    for asks, led in ((False, "/sign-in/second-factor"), (True, "/")):
        policy = AccessPolicy(public_url=URL, oidc=replace(stated, second_factor=asks))
        made = Site(tmp_path / str(asks), policy=policy, clock=clock)
        made.account("QP-0001")
        link_subject(made.office, "QP-0001", subject=provider.subject, by="ADMIN-001")
        browser = made.browser()
        assert browser.get(travelled(browser)).headers["location"] == led


def test_whoever_has_a_second_factor_shows_it_here_when_the_provider_asks_for_none(site, provider, tmp_path, clock):
    made = Site(tmp_path / "own", policy=AccessPolicy(public_url=URL, oidc=site.policy.oidc), clock=clock)
    made.account("QP-0001")
    link_subject(made.office, "QP-0001", subject=provider.subject, by="ADMIN-001")
    secret = propose(made.office, "QP-0001", site="SITE-A").secret
    assert confirm(made.office, known_account(made.office, "QP-0001"), code=made.code(secret))
    clock.forward(seconds=60)
    browser = made.browser()
    assert browser.get(travelled(browser)).headers["location"] == "/sign-in/code"
    assert browser.get("/account").status_code == 303, "by the provider alone nobody is signed in"
    assert 'name="code"' in browser.get("/sign-in/code").text
    assert browser.post("/sign-in/code", code="000000").status_code == 403
    code = made.code(secret)
    assert browser.post("/sign-in/code", code=code).headers["location"] == "/"
    assert browser.get("/account").status_code == 200
    another = made.browser()
    another.get(travelled(another))
    assert [another.post("/sign-in/code", code=code).status_code for _ in range(4)] == [403, 403, 403, 429]


def test_a_closed_account_stays_closed(site):
    from regenqc.console.access.accounts import close_account

    close_account(site.office, "QP-0001", by="ADMIN-001")
    browser = site.browser()
    assert "closed account" in refusal(site, browser.get(travelled(browser)))


def test_a_provider_that_does_not_answer_is_said_by_name(tmp_path):
    stated = Stated(issuer="http://127.0.0.1:9", client_id=CLIENT)
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False, public_url=URL, oidc=stated))
    answer = site.browser().get("/sign-in/provider")
    assert answer.status_code == 422
    assert "RQC-U166" in answer.text


def test_without_a_provider_there_is_no_such_page(tmp_path):
    site = Site(tmp_path)
    assert site.browser().get("/sign-in/provider").status_code == 404
    assert "/sign-in/provider" not in site.browser().get("/sign-in").text
