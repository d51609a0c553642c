"""The console of the demonstration: its home made once, a copy for each test, and clients signed in as each of its people."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from regenqc.cli.demo import demo_command
from regenqc.cli.demo_console import DEMO_PEOPLE, make_accounts, make_console_home
from regenqc.cli.serve import console_clock
from regenqc.console.access.person import SignedIn
from regenqc.console.application import create_application
from regenqc.console.settings import read_settings
from regenqc.console.store.database import open_store
from regenqc.console.store.upkeep import load_all

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO_NOW = datetime(2026, 8, 3, 9, tzinfo=UTC)


class Watch:
    """A clock that goes on a second with every look at it."""

    def __init__(self) -> None:
        self.now = DEMO_NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what `regenqc demo` writes; nobody writes into it."""
    folder = tmp_path_factory.mktemp("console") / "demo"
    demo_command(folder)
    return folder


@pytest.fixture(scope="session")
def demo_home(demonstration: Path) -> Path:
    """Make the home of the demonstration's console; nobody writes into it."""
    return _made_home(demonstration.parent / "home", demonstration, now=DEMO_NOW)


@pytest.fixture(scope="session")
def live_home(demonstration: Path) -> Path:
    """Make such a home as of now, with accounts, for a real server; nobody writes into it."""
    home = _made_home(demonstration.parent / "live", demonstration, now=datetime.now(UTC))
    settings = read_settings(home)
    make_accounts(settings, clock=console_clock(settings))
    return home


def _made_home(home: Path, demonstration: Path, *, now: datetime) -> Path:
    make_console_home(home, demonstration, now=now)
    settings = read_settings(home)
    store = open_store(settings.store)
    load_all(store, settings, now=now)
    store.dispose()
    return home


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """Return a copy of the home to write into."""
    return Path(shutil.copytree(demo_home, tmp_path / "home"))


@pytest.fixture
def watch() -> Watch:
    """Return the clock of the console."""
    return Watch()


@pytest.fixture
def client_of(home: Path, watch: Watch) -> Callable[..., TestClient]:
    """Return what makes a client of somebody: all clients share one application."""
    application = create_application(read_settings(home), identify=_named, clock=watch)

    def client(person_id: str | None, *, sites: str = "") -> TestClient:
        headers = {"x-person": person_id, "x-sites": sites} if person_id else {}
        return TestClient(application, headers=headers, follow_redirects=False)

    return client


def _named(request: object) -> SignedIn | None:
    person_id = request.headers.get("x-person", "")  # type: ignore[attr-defined]
    if person_id not in DEMO_PEOPLE:
        return None
    name, role = DEMO_PEOPLE[person_id]
    sites = frozenset(filter(None, request.headers.get("x-sites", "").split(",")))  # type: ignore[attr-defined]
    return SignedIn(
        person_id=person_id, printed_name=name, roles=frozenset({role}), sites=sites, session_id="s", csrf="token"
    )
