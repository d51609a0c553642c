"""Books to test with: in SQLite in a folder of the test, in PostgreSQL in a server of the test run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.custody.story import LATER, LENIENT

from regenqc.custody.book import Book

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ORIGIN = "maker.example/ledger"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    from tests.ledger.postgres_server import PostgresServer, why_no_server

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
    return str(request.getfixturevalue("postgres_server").new_ledger())


@pytest.fixture
def opening() -> Iterator[Callable[..., Book]]:
    """Return what opens books; whatever it opened is closed at the end."""
    opened: list[Book] = []

    def open_book(url: str, **options: Any) -> Book:
        given = {"policy": LENIENT, "now": lambda: LATER, "origin": ORIGIN} | options
        book = Book.open(url, **given)
        opened.append(book)
        return book

    yield open_book
    for book in opened:
        book.close()


@pytest.fixture
def book(url: str, opening: Callable[..., Book]) -> Book:
    """Return a new book, on each store."""
    return opening(url)


@pytest.fixture
def sqlite_book(tmp_path: Path, opening: Callable[..., Book]) -> Book:
    """Return a new book in SQLite."""
    return opening(f"sqlite:///{tmp_path}/ledger.db")
