"""An administrator enrols somebody and gives them a role, in Chromium; then the registry says so."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.console.real_server import browser, serving, signed_in
from tests.console.test_ward_in_a_browser import follow, looked_at

from regenqc.cli.demo_office import PASSWORD
from regenqc.signing.people_file import PeopleFile


def test_an_administrator_enrols_somebody_and_grants_a_role(live_home: Path, tmp_path: Path):
    home = Path(shutil.copytree(live_home, tmp_path / "home"))
    with browser() as started, serving(home) as (address, _), signed_in(started, address, "ADMIN-001") as page:
        page.context.set_default_timeout(60_000)
        follow(page, 'nav a[href="/people"]')
        looked_at(page, "people-administrator")
        follow(page, 'main a[href="/people/change"]')
        looked_at(page, "people-enrol")
        page.fill("#person_id", "LAB-0007")
        page.fill("#printed_name", "Uma Example (synthetic)")
        page.fill("#reason-enrolled", "badge seen")
        follow(page, "main button.main")
        looked_at(page, "people-confirm")
        page.fill("#password", PASSWORD)
        follow(page, "main button.main")
        follow(page, 'main a[href="/people/change?person_id=LAB-0007"]')
        looked_at(page, "people-change")
        page.select_option("#granted", "analyst")
        page.fill("#reason-role_granted", "appointed")
        follow(page, "form:has(#granted) button")
        page.fill("#password", PASSWORD)
        follow(page, "main button.main")
        assert "Analyst" in page.locator("tr", has_text="LAB-0007").first.inner_text()
        page.goto("/account/key")
        looked_at(page, "own-key")
    statements = PeopleFile(home / "people" / "people.jsonl").read().statements
    assert [(each.kind, each.by, each.reason) for each in statements[-2:]] == [
        ("enrolled", "ADMIN-001", "badge seen"),
        ("role_granted", "ADMIN-001", "appointed"),
    ]
