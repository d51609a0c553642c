"""The second factor: enrolled before the first work, each code counts once, and a lost telephone locks nobody out for ever."""

from __future__ import annotations

import re

import pytest
from tests.console.access_site import Site, password_of

from regenqc.console.access.accounts import find_account
from regenqc.console.access.policy import AccessPolicy
from regenqc.console.access.seal import open_seal
from regenqc.console.access.second_factor import confirm, propose


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path, policy=AccessPolicy(second_factor=True))
    made.account("QP-0001")
    return made


def enrol(site):
    """Return a browser that has enrolled, the secret, and the recovery codes."""
    browser = site.browser()
    assert browser.sign_in("QP-0001").headers["location"] == "/sign-in/second-factor"
    secret = secret_of(browser.get("/sign-in/second-factor").text)
    shown = browser.post("/sign-in/second-factor", code=site.code(secret))
    assert shown.status_code == 200
    return browser, secret, re.findall(r"<li><code>([^<]+)</code></li>", shown.text)


def secret_of(text):
    return re.search(r'<code class="id">([A-Z2-7 ]+)</code>', text)[1].replace(" ", "")


def sign_in(site, code):
    return site.browser().sign_in("QP-0001", code=code).status_code


def test_nobody_works_before_the_second_factor_is_enrolled(site):
    browser = site.browser()
    browser.sign_in("QP-0001")
    assert browser.get("/account").status_code == 303
    shown = browser.get("/sign-in/second-factor").text
    assert 'src="data:image/svg+xml' in shown
    assert secret_of(browser.get("/sign-in/second-factor").text) == secret_of(shown), "a reload shows the same secret"
    assert browser.post("/sign-in/second-factor", code="000000").status_code == 403
    assert browser.get("/account").status_code == 303


def test_with_a_second_factor_the_password_alone_opens_nothing(site):
    _, secret, _ = enrol(site)
    site.clock.forward(seconds=60)
    assert sign_in(site, "") == 403
    assert sign_in(site, "123 456") == 403
    assert sign_in(site, site.code(secret)) == 303


def test_a_code_counts_once(site):
    _, secret, _ = enrol(site)
    assert sign_in(site, site.code(secret)) == 403, "the code of the enrolment is used up"
    site.clock.forward(seconds=60)
    code = site.code(secret)
    assert sign_in(site, code) == 303
    assert sign_in(site, code) == 403
    # Nor does the code of the step before, once a later one was used.
    assert sign_in(site, site.code(secret, steps=-1)) == 403


@pytest.mark.parametrize(("steps", "status"), [(-2, 403), (-1, 303), (0, 303), (1, 303), (2, 403)])
def test_a_clock_may_be_one_step_away(site, steps, status):
    _, secret, _ = enrol(site)
    site.clock.forward(seconds=300)
    assert sign_in(site, site.code(secret, steps=steps)) == status


def test_a_code_is_read_however_it_is_typed(site):
    _, secret, _ = enrol(site)
    site.clock.forward(seconds=60)
    code = site.code(secret)
    assert sign_in(site, f" {code[:3]} {code[3:]} ") == 303


def test_each_recovery_code_opens_the_account_once(site):
    _, _, codes = enrol(site)
    assert len(set(codes)) == 10
    assert sign_in(site, codes[0]) == 303
    assert sign_in(site, codes[0]) == 403
    assert sign_in(site, codes[1].replace("-", " ").upper()) == 303


def test_a_new_second_factor_takes_the_password_and_the_present_one(site):
    browser, secret, codes = enrol(site)
    site.clock.forward(seconds=60)
    new = secret_of(browser.get("/account/second-factor").text)
    assert new != secret
    said = {"present": password_of("QP-0001"), "new_code": site.code(new)}
    assert browser.post("/account/second-factor", **said, code="").status_code == 403
    assert (
        browser.post("/account/second-factor", **(said | {"present": "wrong"}), code=site.code(secret)).status_code
        == 403
    )
    site.clock.forward(seconds=60)
    said["new_code"] = site.code(new)
    assert browser.post("/account/second-factor", **said, code=site.code(secret)).status_code == 200
    site.clock.forward(seconds=60)
    assert sign_in(site, site.code(secret)) == 403
    assert sign_in(site, codes[2]) == 403, "recovery codes of the factor that was replaced count no more"
    assert sign_in(site, site.code(new)) == 303


def test_an_administrator_takes_a_lost_second_factor_away(site):
    enrol(site)
    from regenqc.console.access.accounts import reset_account

    reset_account(site.office, "QP-0001", password=password_of("new"), by="ADMIN-001", second_factor=True)
    browser = site.browser()
    assert browser.sign_in("QP-0001", password=password_of("new")).headers["location"] == "/sign-in/password"
    answer = browser.post("/sign-in/password", new=password_of("third"), again=password_of("third"))
    assert answer.headers["location"] == "/sign-in/second-factor"


def test_wrong_codes_lock_out_like_wrong_passwords(site):
    enrol(site)
    assert [sign_in(site, "000000") for _ in range(4)] == [403, 403, 403, 429]


def test_a_copy_of_the_database_gives_no_secret_away(site):
    _, secret, codes = enrol(site)
    held = b"".join(path.read_bytes() for path in site.home.glob("console.db*"))
    for each in (secret, *codes):
        assert each.encode() not in held
    assert (site.home / "access.key").stat().st_mode & 0o077 == 0


def test_a_key_that_others_may_read_is_refused(tmp_path):
    from regenqc.errors import UsageError

    file = tmp_path / "access.key"
    open_seal(file)
    file.chmod(0o644)
    with pytest.raises(UsageError, match="RQC-U156"):
        open_seal(file)


def test_what_is_sealed_for_one_person_opens_for_no_other(tmp_path):
    seal = open_seal(tmp_path / "access.key")
    assert seal.opened(seal.sealed(b"s", purpose="second factor of A"), purpose="second factor of B") is None
    assert seal.opened(b"", purpose="p") is None


def test_a_session_from_before_the_enrolment_replaces_no_second_factor(site):
    early = site.browser()
    assert early.sign_in("QP-0001").headers["location"] == "/sign-in/second-factor"
    _, secret, codes = enrol(site)
    assert early.get("/sign-in/second-factor").headers["location"].startswith("/sign-in?")
    proposed = propose(site.office, "QP-0001", site="SITE-A").secret
    assert early.post("/sign-in/second-factor", code=site.code(proposed)).status_code == 303
    assert early.get("/account").status_code == 303, "nobody is signed in by it"
    site.clock.forward(seconds=60)
    assert sign_in(site, site.code(secret)) == 303
    assert sign_in(site, codes[0]) == 303


def test_of_two_confirmations_at_once_the_recovery_codes_of_one_are_shown(site):
    proposed = propose(site.office, "QP-0001", site="SITE-A").secret
    account = find_account(site.office, "QP-0001")  # as both requests read it
    assert account is not None
    shown = confirm(site.office, account, code=site.code(proposed))
    assert len(shown) == 10
    assert confirm(site.office, account, code=site.code(proposed)) == []
    assert sign_in(site, shown[0]) == 303
