"""A console with an empty home, its background running, and clients of a LIMS, of another one, and of an administrator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from regenqc.console.access.person import SignedIn
from regenqc.console.application import create_application
from regenqc.console.settings import ConsoleSettings
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI, Request

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data" / "published" / "ari-0001"
SPECIFICATION = "example/car-t-ari-0001"
_PEOPLE = {
    "LIMS-0001": (Role.SERVICE, frozenset()),
    "LIMS-0002": (Role.SERVICE, frozenset({"SITE-B"})),
    "ADMIN-001": (Role.ADMINISTRATOR, frozenset()),
    "PHYS-0001": (Role.PHYSICIAN, frozenset()),
}


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 8, 3, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> ConsoleSettings:
    return ConsoleSettings(home=tmp_path / "home", site="SITE-A", webhook_networks=("127.0.0.0/8",))


@pytest.fixture
def application(settings: ConsoleSettings, clock: Clock) -> Iterator[FastAPI]:
    settings.home.mkdir(exist_ok=True)
    made = create_application(settings, identify=identified, clock=clock)
    yield made
    made.state.console.store.dispose()


@pytest.fixture
def as_person(application: FastAPI) -> Iterator[Callable[[str], TestClient]]:
    """Return what makes a client of somebody, while what runs beside the answers runs."""
    with TestClient(application) as running:

        def client(person_id: str) -> TestClient:
            return TestClient(application, headers={"x-person": person_id}, raise_server_exceptions=False)

        assert running is not None
        yield client


@pytest.fixture
def lims(as_person: Callable[[str], TestClient]) -> TestClient:
    return as_person("LIMS-0001")


@pytest.fixture
def admin(as_person: Callable[[str], TestClient]) -> TestClient:
    return as_person("ADMIN-001")


def identified(request: Request) -> SignedIn | None:
    person_id = request.headers.get("x-person", "")
    if person_id not in _PEOPLE:
        return None
    role, sites = _PEOPLE[person_id]
    return SignedIn(person_id=person_id, printed_name=person_id, roles=frozenset({role}), sites=sites)


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def sample_form(**changed: str) -> dict[str, object]:
    """Return what uploads the published lots as files."""
    return {
        "files": [
            ("results", ("results.csv", (SAMPLES / "results.csv").read_bytes())),
            ("batches", ("batches.csv", (SAMPLES / "batches.csv").read_bytes())),
        ],
        "data": {"specification": SPECIFICATION, "as_of": "2026-06-30T00:00:00Z"} | changed,
    }


def ended(client: TestClient, evaluation_id: str) -> dict[str, object]:
    """Return an evaluation when it has ended."""
    for _ in range(10):
        answer = client.get(f"/api/v1/evaluations/{evaluation_id}", params={"wait": 30}).json()
        if answer["state"] not in {"queued", "running"}:
            return answer
    pytest.fail("the evaluation does not end")
