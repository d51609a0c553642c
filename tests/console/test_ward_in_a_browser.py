"""Two stories as people live them, in Chromium, each then looked up in the ledger; and what each screen looks like."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.console import screens
from tests.console.real_server import browser, follow, serving, signed_in
from tests.console.ward import DECIDER, FIRST, SECOND, life_of, live_ward

from regenqc.cli.demo_office import PASSWORD
from regenqc.cli.demo_ward import ARRIVED, COI, PACKET, RECIPIENT, WARD_LOT

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

__all__ = ["live_ward"]  # fixtures

WARM = ARRIVED[1]
MATERIAL = "ML-0421"


looked_at = partial(screens.looked_at, in_the_dark=True)


def step_looked_at(page: Page, step: str, item: str) -> None:
    """Look at a step of a receipt: at all of the first container's, and of the other's at those that say how it is."""
    if item == WARM:
        looked_at(page, f"receipt-{step}")
    elif step in {"judge", "decide", "decided"}:
        looked_at(page, f"receipt-{step}-in-order")


def receive(page: Page, home: Path, item: str) -> None:
    """Receive a container on a tablet that the first person signed in at; the second one shows by password who they are."""
    taken = {event.kind: event for event in life_of(home, item)}
    page.goto("/receipts")
    if item == WARM:
        looked_at(page, "receipts")
    page.fill("#item", item)
    page.select_option("#specification", "example/receipt-of-frozen-cells")
    follow(page, "main button.main")
    page.fill("#received_as", "receiver")
    page.fill("#received_at", taken["receive"].event_time)
    page.fill("#shipment", taken["ship"].event_id)
    step_looked_at(page, "arrival", item)
    follow(page, "main button.main")
    for step, who in (("first", FIRST), ("second", SECOND)):
        page.wait_for_url(f"**/{step}")
        page.fill("#by", who)
        if who == SECOND:
            page.fill("#password", PASSWORD)
        page.fill("#role", "pharmacist")
        for field, text in (("recipient", RECIPIENT), ("coi", COI), ("lot", WARD_LOT)):
            page.fill(f"#{field}", text)
        step_looked_at(page, step, item)
        follow(page, "main button.main")
    page.wait_for_url("**/label")
    for field, text in (
        ("containers", "2"),
        ("expires_at", "2029-05-13T07:00:00Z"),
        ("shipper", "SHIPPER-7"),
        ("requalified_until", "2029-12-31"),
    ):
        page.fill(f"#{field}", text)
    step_looked_at(page, "label", item)
    follow(page, "main button.main")
    page.wait_for_url("**/checks")
    for each in page.locator('input[value="yes"]').all():
        each.check()
    step_looked_at(page, "checks", item)
    follow(page, "main button.main")
    page.wait_for_url("**/files")
    page.set_input_files("#packet", home / "packets" / PACKET)
    page.set_input_files("#logger", home / "loggers" / f"{item}.csv")
    follow(page, "main button.main")
    page.wait_for_url("**/files")
    page.locator("text=verified").first.wait_for()
    step_looked_at(page, "files", item)
    page.goto(page.url.replace("/files", "/judge"))
    follow(page, 'form[action$="/judge"] button')
    page.locator("#first_password").wait_for()
    step_looked_at(page, "judge", item)
    page.fill("#first_password", PASSWORD)
    page.fill("#second_password", PASSWORD)
    follow(page, 'form[action$="/record"] button')
    page.wait_for_url("**/decide")


def decide(started: Browser, address: str, place: str, item: str, outcome: str, reason: str) -> None:
    """Decide as somebody who neither received nor inspected it, signed in at a device of their own."""
    with signed_in(started, address, DECIDER) as page:
        page.goto(place)
        page.check(f'input[name="outcome"][value="{outcome}"]')
        page.fill("#reason", reason)
        page.fill("#password", PASSWORD)
        step_looked_at(page, "decide", item)
        follow(page, "main button.main")
        page.locator("text=The decision stands in the ledger").wait_for()
        step_looked_at(page, "decided", item)


@pytest.mark.parametrize("height", [900], ids=["tablet"])
def test_a_hospital_receives_a_container_that_became_warm_and_refuses_it(live_ward: Path, height: int):
    del height
    with browser() as started, serving(live_ward) as (address, _):
        with signed_in(started, address, FIRST, width=820) as page:
            page.context.set_default_timeout(60_000)
            receive(page, live_ward, WARM)
            place = page.url
        decide(started, address, place, WARM, "refuse", "too warm on the way")
        with signed_in(started, address, "NURSE-0203", width=820) as page:
            page.goto("/gate")
            looked_at(page, "gate")
            for field, text in (
                ("item", WARM), ("recipient", RECIPIENT), ("coi", COI), ("second_actor", "PHYS-0205"),
            ):  # fmt: skip
                page.fill(f"#{field}", text)
            page.select_option("#role", "nurse")
            page.select_option("#second_role", "physician")
            follow(page, "main button.main")
            assert "NO-GO" in page.locator(".verdict h1").inner_text()
            looked_at(page, "gate-no-go")
    inspection, decision = life_of(live_ward, WARM)[-2:]
    assert (inspection.kind, inspection.outcome) == ("reinspect", "non_conformant")
    assert {signature.actor for signature in inspection.signatures} == {FIRST, SECOND}
    assert (decision.outcome, decision.actor, decision.reason) == ("refuse", DECIDER, "too warm on the way")
    assert [signature.actor for signature in decision.signatures] == [DECIDER]


def test_from_a_lot_of_raw_material_to_its_patients_in_two_clicks(live_ward: Path):
    with browser() as started, serving(live_ward) as (address, _), signed_in(started, address, "REV-0301") as page:
        page.context.set_default_timeout(60_000)
        follow(page, 'nav a[href="/custody"]')
        looked_at(page, "custody-empty")
        follow(page, f'main a:text-is("{MATERIAL}")')
        found = page.locator(".patients tbody tr").all_inner_texts()
        assert len(found) == 3
        assert all(RECIPIENT in each for each in found)
        looked_at(page, "custody")
        follow(page, ".patients tbody a >> nth=0")
        looked_at(page, "custody-item")
        for name in ("ledger", "trends", "specifications", "people"):
            page.set_viewport_size({"width": 1280, "height": 900})
            follow(page, f'nav a[href="/{name}"]')
            looked_at(page, name)
        page.goto("/specifications/show?id=example/hipsc-progenitors")
        looked_at(page, "specification")
        page.goto("/specifications/diff?old=jp/asrm-class-3&new=jp/asrm-class-2")
        looked_at(page, "difference")
        page.goto("/specifications/compare?id=jp/asrm-class-2&id=jp/asrm-class-3")
        looked_at(page, "compare")
        page.goto("/ledger")
        follow(page, "main form button.main")
        page.locator("text=everything agrees").wait_for()
        looked_at(page, "ledger-verified")
        page.goto("/trends")
        page.check('input[value="synthetic-hipsc"]')
        follow(page, "main form button.main")
        page.locator("text=signals are open").wait_for()
        looked_at(page, "trend")
    # The reviewer recalled nothing and changed nothing: looking leaves the ledger as it was, and is on record beside it.
    assert [event.kind for event in life_of(live_ward, WARM)][-1] == "receive"


def sign_check(page: Page, *, thaw_until: str = "") -> None:
    """Read wristband and label as two people, and sign what the console says of them."""
    for field, text in (("recipient", RECIPIENT), ("coi", COI), ("second_actor", "PHYS-0205")):
        page.fill(f"#{field}", text)
    page.select_option("#second_role", "physician")
    follow(page, "main form .wide")
    assert "It matches" in page.locator(".verdict h1").inner_text()
    looked_at(page, "bedside-matches")
    if thaw_until:
        page.check('input[name="thaw"]')
        page.fill("#expires_at", thaw_until)
    page.fill("#password", PASSWORD)
    page.fill("#second_password", PASSWORD)
    follow(page, "main form .wide")


def test_a_dose_is_checked_at_the_bedside_thawed_and_given(live_ward: Path):
    cold = ARRIVED[0]
    with browser() as started, serving(live_ward) as (address, _):
        with signed_in(started, address, FIRST, width=820) as page:
            page.context.set_default_timeout(60_000)
            receive(page, live_ward, cold)
            place = page.url
        decide(started, address, place, cold, "accept_for_infusion", "")
        with signed_in(started, address, "NURSE-0203", width=820) as page:
            page.context.set_default_timeout(60_000)
            follow(page, 'nav a[href="/bedside"]')
            looked_at(page, "bedside-empty")
            page.fill("#item", cold)
            follow(page, "main form button.main")
            looked_at(page, "bedside")
            sign_check(page, thaw_until="2029-05-13T07:00Z")
            looked_at(page, "bedside-checked")
            follow(page, f'main a[href="/gate?item={cold}"]')
            for field, text in (("recipient", RECIPIENT), ("coi", COI), ("second_actor", "PHYS-0205")):
                page.fill(f"#{field}", text)
            page.select_option("#role", "nurse")
            page.select_option("#second_role", "physician")
            follow(page, "main button.main")
            assert "GO" in page.locator(".verdict h1").inner_text()
            looked_at(page, "gate-go")
            follow(page, 'form[action="/bedside/give"] button')
            looked_at(page, "bedside-give")
            page.fill("#password", PASSWORD)
            page.fill("#second_password", PASSWORD)
            follow(page, 'form[action="/bedside/give"] button')
            page.locator("text=administered").first.wait_for()
            looked_at(page, "bedside-given")
    life = life_of(live_ward, cold)
    assert [event.kind for event in life[-4:]] == ["bedside_check", "thaw_at_bedside", "gate_answer", "administer"]
    assert life[-1].recipient == RECIPIENT
    assert all({each.actor for each in event.signatures} == {"NURSE-0203", "PHYS-0205"} for event in life[-4:])
