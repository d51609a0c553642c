"""The first day of a person in Chromium: one-time password, own password, second factor, sign-out; and what each page looks like."""

from __future__ import annotations

import pytest
from tests.console.access_site import Site, password_of
from tests.console.real_server import browser, follow
from tests.console.running_server import running
from tests.console.screens import looked_at

from regenqc.console.access.policy import AccessPolicy

POLICY = AccessPolicy(second_factor=True)


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path, policy=POLICY)
    made.account("QP-0001", must_change=True)
    made.account("ADMIN-001")
    made.key(note="LIMS of the laboratory")
    return made


def sign_in(page, person, password, code=""):
    page.fill("#name", person)
    page.fill("#password", password)
    page.fill("#code", code)
    follow(page, "main button.main")


def enrol(page, site):
    secret = page.inner_text("code.id").replace(" ", "")
    page.fill("#code", site.code(secret))
    follow(page, "main button.main")
    page.wait_for_selector("ul.codes")
    return secret


def test_the_first_day_of_a_person(site):
    with running(site.application, policy=POLICY) as port, browser() as started:
        address = f"http://127.0.0.1:{port}"
        elsewhere, blocked = [], []
        page = started.new_page(base_url=address, locale="en-GB")
        page.on("request", lambda request: request.url.startswith((address, "data:")) or elsewhere.append(request.url))
        page.on("console", lambda said: "Content Security Policy" in said.text and blocked.append(said.text))
        page.goto("/account")
        assert page.url == f"{address}/sign-in?next=%2Faccount"
        looked_at(page, "sign-in")
        sign_in(page, "QP-0001", "not this one")
        assert "do not match" in page.inner_text("[role=alert]")
        sign_in(page, "QP-0001", password_of("QP-0001"))
        looked_at(page, "first-password")
        page.fill("#new", "another long sentence")
        page.fill("#again", "another long sentence")
        follow(page, "main button.main")
        looked_at(page, "first-factor")
        assert page.evaluate("document.querySelector('img.code').naturalWidth") > 0, "the picture is drawn"
        secret = enrol(page, site)
        looked_at(page, "recovery-codes")
        page.goto("/account")
        looked_at(page, "own-account")
        page.goto("/journal")
        looked_at(page, "journal")
        follow(page, "text=Sign out")
        site.clock.forward(seconds=60)
        sign_in(page, "QP-0001", "another long sentence", site.code(secret))
        page.goto("/account")
        assert "QP-0001" in page.inner_text("main")
        # From here on as somebody who reads with the keyboard alone.
        follow(page, "text=Sign out")
        page.wait_for_selector("#name:focus")
        page.keyboard.type("ADMIN-001")
        page.keyboard.press("Tab")
        page.keyboard.type(password_of("ADMIN-001"))
        with page.expect_navigation(wait_until="load"):
            page.keyboard.press("Enter")
        enrol(page, site)
        page.goto("/accounts")
        page.locator("summary").nth(1).press("Enter")
        looked_at(page, "accounts")
        page.select_option("#new-person", "LAB-0001")
        follow(page, "form[action='/accounts/add'] button")
        assert len(page.inner_text("code.secret")) == 29
        assert (elsewhere, blocked) == ([], [])
