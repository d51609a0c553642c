"""Stores to test with: SQLite in a folder of the test, PostgreSQL in a server of the test run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from regenqc.ledger import CheckpointMemory, Log

from .postgres_server import PostgresServer, why_no_server
from .workbench import ORIGIN, Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if why_no_server():
        pytest.skip(why_no_server())
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a new ledger can be made, on each store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_ledger()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    return postgres_server.new_ledger()


@pytest.fixture
def memory(tmp_path: Path) -> CheckpointMemory:
    return CheckpointMemory(tmp_path / "memory")


@pytest.fixture
def open_log(url: str) -> Iterator[Callable[..., Log]]:
    """Return what opens the ledger of the test; whatever it opened is closed at the end."""
    opened: list[Log] = []

    def opening(**options: Any) -> Log:
        log = Log.open(url, **{"origin": ORIGIN, **options})
        opened.append(log)
        return log

    yield opening
    for log in opened:
        log.close()


@pytest.fixture
def bench(open_log: Callable[..., Log], memory: CheckpointMemory) -> Workbench:
    """Return a new ledger with a key and a memory."""
    return Workbench(open_log(), memory)
