"""The ward of the demonstration: a console of a hospital at which two containers have just arrived."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from tests.console.conftest import DEMO_NOW, Watch

from regenqc.cli.demo_console import make_accounts
from regenqc.cli.demo_office import PASSWORD
from regenqc.cli.demo_ward import COI, PACKET, RECIPIENT, STAFF, WARD_LOT, furnish_ward
from regenqc.cli.serve import console_clock
from regenqc.console.access.person import SignedIn
from regenqc.console.application import create_application
from regenqc.console.settings import read_settings
from regenqc.custody.state import left_of
from regenqc.custody.trace import Reader
from regenqc.ledger import Log

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from httpx2 import Response

    from regenqc.custody import Event

FIRST, SECOND, DECIDER = "PHARM-0201", "PHARM-0202", "QA-0204"


@pytest.fixture(scope="session")
def furnished(demonstration: Path, demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Furnish a ward once; nobody writes into it."""
    home = Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("ward") / "home"))
    furnish_ward(home, hospital=demonstration / "signed" / "hospital", now=DEMO_NOW)
    return home


@pytest.fixture
def live_ward(demonstration: Path, live_home: Path, tmp_path: Path) -> Path:
    """Return the home of a ward as of now, with accounts, for a real server."""
    return made_live_ward(demonstration, live_home, tmp_path / "live")


def made_live_ward(demonstration: Path, live_home: Path, folder: Path) -> Path:
    """Make the home of a ward as of now, with accounts, in a folder that is not there yet."""
    home = Path(shutil.copytree(live_home, folder))
    settings = read_settings(home)
    clock = console_clock(settings)
    furnish_ward(home, hospital=demonstration / "signed" / "hospital", now=clock())
    make_accounts(read_settings(home), clock=clock, people=STAFF)
    return home


def life_of(home: Path, item: str) -> list[Event]:
    """Return what the ledger of a home says of an item."""
    with Log.open(read_settings(home).ledger_url, read_only=True) as log, log.read() as view:
        return [step.event for step in Reader(view).life(item)]


@dataclass
class Ward:
    """A ward to work in: its home, its clock, and clients signed in as each of its people."""

    home: Path
    watch: Callable[[], datetime]
    application: Any

    def client(self, person_id: str) -> TestClient:
        """Return a client of somebody."""
        return TestClient(self.application, headers={"x-person": person_id}, follow_redirects=False)

    def life(self, item: str) -> list[Event]:
        """Return what the ledger says of an item."""
        return life_of(self.home, item)

    def left(self, item: str) -> str:
        """Return how much the ledger says is left of an item; empty for one whole thing."""
        with Log.open(read_settings(self.home).ledger_url, read_only=True) as log, log.read() as view:
            state = Reader(view).life(item)[-1].state
        return str(left_of(state)) if state.made else ""


@pytest.fixture
def ward(furnished: Path, tmp_path: Path) -> Ward:
    """Return a ward of its own."""
    home = Path(shutil.copytree(furnished, tmp_path / "ward"))
    watch = Watch()
    return Ward(home, watch, create_application(read_settings(home), identify=_named, clock=watch))


def ward_of(home: Path) -> Ward:
    """Return a live ward as a server that has just started sees it."""
    settings = read_settings(home)
    clock = console_clock(settings)
    return Ward(home, clock, create_application(settings, identify=_named, clock=clock))


def seen(page: str) -> str:
    """Return the digest that a page of a receipt names; a page on which nothing can be changed names none."""
    found = re.search(r'name="seen" value="([^"]+)"', page)
    return found[1] if found else ""


class Receiving:
    """Fill in a receipt, page by page, as people do."""

    def __init__(self, ward: Ward, item: str) -> None:
        self.ward, self.item = ward, item
        begun = ward.client(FIRST).post(
            "/receipts", data={"item": item, "specification": "example/receipt-of-frozen-cells", "csrf": "token"}
        )
        assert begun.status_code == 303, begun.text
        self.place = begun.headers["location"]

    def post(self, person: str, step: str, files: Any = None, on: str = "", **fields: str) -> Response:
        """Send a page that was just opened."""
        client = self.ward.client(person)
        shown = client.get(f"{self.place}/{on or step}")
        assert shown.status_code == 200, shown.text
        return client.post(
            f"{self.place}/{step}", data=fields | {"seen": seen(shown.text), "csrf": "token"}, files=files
        )

    def fill(self, *, logger: str | None = None) -> None:
        """Fill in everything up to the files."""
        life = {event.kind: event for event in self.ward.life(self.item)}
        label = {"recipient": RECIPIENT, "coi": COI, "lot": WARD_LOT}
        taken = life["receive"]
        pages = (
            (FIRST, "arrival", {
                "received_by": FIRST, "received_as": "receiver", "received_at": taken.event_time,
                "shipment": life["ship"].event_id,
            }),
            (FIRST, "first", {"by": FIRST, "role": "pharmacist", **label}),
            (FIRST, "second", {"by": SECOND, "role": "pharmacist", "password": PASSWORD, **label}),
            (SECOND, "label", {
                "containers": "2", "expires_at": "2029-05-13T07:00:00Z", "shipper": "SHIPPER-7",
                "requalified_until": "2027-12-31",
            }),
            (FIRST, "checks", {"receipt_seal": "yes", "receipt_container": "yes", "receipt_label": "yes"}),
        )  # fmt: skip
        for person, step, fields in pages:
            answer = self.post(person, step, **fields)
            assert answer.status_code == 303, (step, answer.text)
        home = self.ward.home
        files = [
            ("packet", (PACKET, (home / "packets" / PACKET).read_bytes(), "application/pdf")),
            ("logger", ("logger.csv", (home / "loggers" / f"{logger or self.item}.csv").read_bytes(), "text/csv")),
        ]
        answer = self.post(SECOND, "files", files=files, condition="demonstration-frozen.toml", profile="generic")
        assert answer.status_code == 303, answer.text

    def record(self) -> Response:
        """Let the engine judge, and record the inspection with both signatures."""
        assert self.post(FIRST, "judge").status_code == 303
        return self.post(FIRST, "record", on="judge", first_password=PASSWORD, second_password=PASSWORD)

    def decide(self, outcome: str, *, person: str = DECIDER, password: str = PASSWORD, **more: str) -> Response:
        """Decide."""
        fields = {"outcome": outcome, "role": "quality_assurance", "password": password} | more
        return self.post(person, "decide", **fields)


def _named(request: Any) -> SignedIn | None:
    person_id = request.headers.get("x-person", "")
    if person_id not in STAFF:
        return None
    name, role, _ = STAFF[person_id]
    return SignedIn(person_id=person_id, printed_name=name, roles=frozenset({role}), session_id="s", csrf="token")
