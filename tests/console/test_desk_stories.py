"""Whole stories in Chromium on the demonstration: a conditional lot is released, two people release on the drug track.

Each is looked up in the ledger afterwards. Every screen is looked at with axe-core, at three widths, without a request to
anywhere else; what they look like is compared with reviewed images (`screens`).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.console.real_server import WIDTHS, browser, follow, serious_faults, serving, signed_in
from tests.console.screens import pictured
from tests.console.test_deciding import in_ledger, stored

from regenqc.cli.demo_office import PASSWORD
from regenqc.console.store.current_lots import lot_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

WAITING = lot_key("SYNTHETIC-CD20-11", "drug_product_release", "example/car-t-cd20-two-step")
MOSAIC = lot_key("HP-00000033", "drug_product_release", "example/hipsc-progenitors")
CHINESE = lot_key("SYNTHETIC-MSC/08", "drug_product_release", "synthetic-maker/drug-track-msc")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def home(live_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(live_home, tmp_path / "home"))


def keep(page: Page, name: str) -> None:
    """Look at a page at the width that it has."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    pictured(page, f"{name}-{width}", is_whole=False)


def sign(page: Page, person: str) -> None:
    page.fill('form.signature input[name="person"]', person)
    page.fill('form.signature input[name="password"]', PASSWORD)
    page.click('form.signature button[type="submit"]')


def answer_everything(page: Page) -> None:
    for box in page.locator('input[name="acknowledged"]').all():
        box.check()
    for choice in page.locator('input[type="radio"][value="yes"]').all():
        choice.check()
    follow(page, page.get_by_role("button", name="Show what I would sign"))


def test_a_reviewer_releases_a_conditional_lot(chromium: Browser, home: Path) -> None:
    with serving(home) as (address, _), signed_in(chromium, address, "QP-0001") as page:
        follow(page, page.get_by_role("link", name="conditional").first)
        follow(page, page.get_by_role("link", name="SYNTHETIC-CD20-11"))
        page.get_by_role("heading", name="Exceptions").wait_for()
        follow(page, page.get_by_role("link", name="Decide"))
        keep(page, "decide")
        follow(page, page.get_by_role("link", name="conditional release"))
        keep(page, "checklist")
        answer_everything(page)
        page.get_by_text("The certificate that follows").click()
        page.get_by_text("Draft, not issued").wait_for()
        keep(page, "sign")
        assert serious_faults(page) == []
        sign(page, "QP-0001")
        page.wait_for_url(f"{address}/lots/{WAITING}")
        page.get_by_text("decided", exact=True).wait_for()
        (decision,) = stored(home, "SYNTHETIC-CD20-11")
        (event,) = in_ledger(home, decision.decision_id)
        assert (decision.kind, event.outcome, event.actor) == ("conditional_release", "conditional_release", "QP-0001")


def test_two_people_release_on_the_drug_track(chromium: Browser, home: Path) -> None:
    with serving(home) as (address, _):
        with signed_in(chromium, address, "QP-0001") as page:
            page.goto(f"/lots/{CHINESE}/decide?kind=release")
            answer_everything(page)
            page.get_by_text("Then somebody else signs: marketing release.").wait_for()
            sign(page, "QP-0001")
            page.wait_for_url(f"{address}/lots/{CHINESE}")
            page.get_by_text("not in force yet").wait_for()
        (decision,) = stored(home, "SYNTHETIC-MSC/08")
        assert in_ledger(home, decision.decision_id) == []
        with signed_in(chromium, address, "QP-0002") as page:
            follow(page, page.get_by_role("link", name="To countersign"))
            follow(page, page.get_by_role("link", name="SYNTHETIC-MSC/08"))
            follow(page, page.get_by_role("link", name="Sign", exact=True))
            keep(page, "countersign")
            sign(page, "QP-0002")
            page.wait_for_url(f"{address}/lots/{CHINESE}")
            page.get_by_text("decided", exact=True).wait_for()
        (decision,) = stored(home, "SYNTHETIC-MSC/08")
        (event,) = in_ledger(home, decision.decision_id)
        assert [each.person_id for each in decision.signatures] == ["QP-0001", "QP-0002"]
        assert (event.outcome, event.actor) == ("release", "QP-0002")


@pytest.mark.parametrize("width", WIDTHS)
def test_every_screen_of_the_desk_fits_and_has_no_serious_fault(chromium: Browser, live_home: Path, width: int) -> None:
    screens = {
        "queue": "/",
        "queue-rejected": "/?disposition=reject",
        "lot-conditional": f"/lots/{WAITING}",
        "lot-mosaic": f"/lots/{MOSAIC}",
        "decide": f"/lots/{WAITING}/decide",
        "checklist": f"/lots/{WAITING}/decide?kind=conditional_release",
        "departing": f"/lots/{WAITING}/decide?kind=reject",
    }
    with serving(live_home) as (address, _), signed_in(chromium, address, "QP-0001", width=width) as page:
        for name, path in screens.items():
            page.goto(path)
            keep(page, name)
            assert serious_faults(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
