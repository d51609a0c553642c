"""The interface on PostgreSQL: many clients at once, twins, and two servers that share one outbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from tests.console.api.conftest import SPECIFICATION, ended, new_key, sample_form
from tests.console.api.test_webhooks import Receiver, happened, keys, subscribed
from tests.ledger.postgres_server import PostgresServer, why_no_server

from regenqc.console.jobs.table import JOBS
from regenqc.console.settings import ConsoleSettings
from regenqc.console.store.database import open_store
from regenqc.console.webhooks.tables import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from sqlalchemy import Engine

pytestmark = pytest.mark.skipif(bool(why_no_server()), reason=why_no_server() or "there is one")
URL = "/api/v1/evaluations"
ROW = {"batch_id": "B-1", "test": "viability", "result": "92.4", "unit": "%"}
BODY = {"specifications": [SPECIFICATION], "results": [ROW], "as_of": "2026-06-30T00:00:00Z"}
# A server that delivers and does nothing else, until it is told to end.
DELIVER = """
import signal, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from regenqc.console.store.database import open_store
from regenqc.console.webhooks.delivery import Deliverer
made = Deliverer(
    store=open_store(sys.argv[1]), home=Path(sys.argv[2]), clock=lambda: datetime.now(UTC), networks=("127.0.0.0/8",),
    look=lambda: None,
)
over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())
made.start()
print("begun", flush=True)
over.wait()
made.stop()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    made = PostgresServer()
    made.start("fsync=off")
    yield made
    made.remove()


@pytest.fixture
def settings(tmp_path: Path, server: PostgresServer) -> ConsoleSettings:
    return ConsoleSettings(
        home=tmp_path / "home", site="SITE-A", store_url=server.new_ledger(), webhook_networks=("127.0.0.0/8",)
    )


@pytest.fixture
def store(settings: ConsoleSettings) -> Iterator[Engine]:
    made = open_store(settings.store)
    yield made
    made.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def at_once(what: Callable[[int], object], count: int) -> list[object]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(what, range(count)))


def test_results_come_in_are_judged_and_are_seen(lims: TestClient, as_person: Callable[[str], TestClient]) -> None:
    answer = lims.post(URL, headers=new_key(), **sample_form())
    assert ended(lims, answer.json()["evaluation_id"])["state"] == "done"
    found = lims.get("/api/v1/dispositions").json()["dispositions"]
    assert len(found) == 3
    person = as_person("PHYS-0001")
    word = found[0]["disposition"]
    pages = [str(page) for page in at_once(lambda _: person.get(f"/?disposition={word}").text, 16)]
    assert all(page == pages[0] for page in pages)
    assert [each["batch_id"] in pages[0] for each in found] == [each["disposition"] == word for each in found]


def test_of_twins_at_once_one_is_done_and_all_are_told_of_it(lims: TestClient, application: FastAPI) -> None:
    key = new_key()
    answers = at_once(lambda _: lims.post(URL, headers=key, json=BODY), 12)
    assert {answer.status_code for answer in answers} <= {200, 202}
    (evaluation,) = {answer.json()["evaluation_id"] for answer in answers}
    ended(lims, evaluation)
    with application.state.console.store.connect() as connection:
        assert connection.execute(select(func.count()).select_from(JOBS)).scalar() == 1


def test_of_different_content_by_one_key_at_once_one_is_done(lims: TestClient, application: FastAPI) -> None:
    key = new_key()

    def post(number: int):
        row = ROW | {"result": f"9{number}.4"}
        return lims.post(URL, headers=key, json=BODY | {"results": [row]})

    answers = at_once(post, 8)
    assert sorted(answer.status_code for answer in answers)[1:] == [409] * 7
    with application.state.console.store.connect() as connection:
        assert connection.execute(select(func.count()).select_from(JOBS)).scalar() == 1


def test_uploads_of_many_at_once_are_each_judged_once(lims: TestClient, application: FastAPI) -> None:
    def post(number: int):
        row = ROW | {"batch_id": f"B-{number}"}
        return lims.post(URL, headers=new_key(), json=BODY | {"results": [row]}).json()["evaluation_id"]

    made = at_once(post, 6)
    assert len(set(made)) == 6
    assert {ended(lims, str(each))["state"] for each in made} == {"done"}
    found = lims.get("/api/v1/dispositions").json()["dispositions"]
    assert sorted({each["batch_id"] for each in found}) == [f"B-{number}" for number in range(6)]
    with application.state.console.store.connect() as connection:
        assert set(connection.execute(select(JOBS.c.attempts)).scalars()) == {1}


def test_one_event_that_many_see_at_once_is_one_event(store: Engine) -> None:
    subscribed(store, "http://127.0.0.1:1/hook")
    assert sum(map(bool, at_once(lambda number: happened(store, f"{number % 4}"), 32))) == 4
    with store.connect() as connection:
        assert connection.execute(select(func.count()).select_from(EVENTS)).scalar() == 4


def test_servers_that_start_at_once_make_the_tables_once(settings: ConsoleSettings) -> None:
    for store in at_once(lambda _: open_store(settings.store), 8):
        store.dispose()


def begun(settings: ConsoleSettings) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DELIVER, settings.store, str(settings.home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def left(process: subprocess.Popen[str], sent: int) -> None:
    os.kill(process.pid, sent)
    process.communicate(timeout=60)


def test_two_servers_deliver_each_event_once(settings: ConsoleSettings, store: Engine, receiver: Receiver) -> None:
    settings.home.mkdir()
    subscribed(store, receiver.url)
    servers = [begun(settings) for _ in range(2)]
    try:
        at_once(lambda number: happened(store, str(number), about=f"LOT-{number % 7}"), 120)
        until = time.monotonic() + 60
        while len(receiver.came) < 120 and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(2.5)  # in which one that comes twice would come
    finally:
        for each in servers:
            left(each, signal.SIGTERM)
    assert sorted(map(int, map(str, keys(receiver)))) == list(range(120))


def test_when_one_server_is_killed_the_other_delivers_the_rest(
    settings: ConsoleSettings, store: Engine, receiver: Receiver
) -> None:
    settings.home.mkdir()
    subscribed(store, receiver.url)
    for number in range(60):
        happened(store, str(number), about="LOT-1")
    first = begun(settings)
    until = time.monotonic() + 60
    while not receiver.came and time.monotonic() < until:
        time.sleep(0.001)
    left(first, signal.SIGKILL)
    second = begun(settings)
    try:
        while len(set(keys(receiver))) < 60 and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        left(second, signal.SIGTERM)
    came = [int(str(each)) for each in keys(receiver)]
    assert sorted(set(came)) == list(range(60))
    # At least once: what was under way when the server died may come again, and what a receiver is told keeps its order.
    assert len(came) <= 61
    assert list(dict.fromkeys(came)) == list(range(60))
