"""Webhooks: signed, at least once, in order for each lot, tried again by the schedule, never into the network behind the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from tests.console.api.conftest import SPECIFICATION, ended, new_key

from regenqc.console.store.database import open_store
from regenqc.console.webhooks.addresses import permitted_target
from regenqc.console.webhooks.delivery import SCHEDULE_SECONDS, deliver_due
from regenqc.console.webhooks.outbox import take
from regenqc.console.webhooks.sending import send
from regenqc.console.webhooks.signing import new_secret, signature_headers
from regenqc.console.webhooks.tables import (
    DELIVERIES,
    EventType,
    Subscription,
    add_subscription,
    delivery_counts,
    end_subscription,
    try_again,
)
from regenqc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from sqlalchemy import Engine
    from tests.console.api.conftest import Clock

ROOT = Path(__file__).resolve().parents[3]
URL = "/api/v1/webhooks"
SECRET = new_secret(b"\x07" * 32)
HOME = ("127.0.0.0/8",)
ROW = {"batch_id": "B-1", "test": "viability", "result": "92.4", "unit": "%"}


class Receiver:
    """A system that is told, on loopback: it answers what the test says and keeps what came."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.came: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    @property
    def told(self) -> list[dict[str, object]]:
        return [json.loads(body) for _, body in self.came]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    made = open_store(f"sqlite:///{tmp_path}/console.db")
    yield made
    made.dispose()


def subscribed(store: Engine, url: str, *types: EventType, name: str = "hook-1", sites: tuple[str, ...] = ()) -> str:
    made = Subscription(
        subscription_id=name, url=url, types=types, sites=sites, note="", made_by="ADMIN-001", made_at="2026-08-03"
    )
    with store.begin() as connection:
        add_subscription(connection, made, secret=SECRET)
    return name


def happened(store: Engine, key: str, *, about: str = "LOT-1", site: str = "SITE-A") -> bool:
    with store.begin() as connection:
        return take(
            connection, EventType.DECISION_MADE, key=key, about=about, site=site, at="2026-08-03T09:00:00Z",
            data={"key": key},
        )  # fmt: skip


def keys(receiver: Receiver) -> list[object]:
    return [event["data"]["key"] for event in receiver.told]


def test_a_signature_is_that_of_the_published_example_of_standard_webhooks() -> None:
    headers = signature_headers(
        b'{"test": 2432232314}',
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # noqa: S106 - the published one
        seconds=1614265330,
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_sent_verifies_and_a_changed_byte_does_not(store: Engine, receiver: Receiver, clock: Clock) -> None:
    subscribed(store, receiver.url)
    happened(store, "one")
    assert deliver_due(store, "hook-1", clock=clock, networks=HOME) == 1
    (headers, body), *others = receiver.came
    assert others == []
    verify = verifier_of_the_document()
    now = int(clock().timestamp())
    assert verify(headers, body, SECRET, now=now)["data"] == {"key": "one"}
    for changed, at in ((body.replace(b"one", b"two"), now), (body, now + 301), (body, now - 301)):
        with pytest.raises(ValueError):
            verify(headers, changed, SECRET, now=at)
    with pytest.raises(ValueError):
        verify(headers | {"webhook-id": "event-0"}, body, SECRET, now=now)
    expected = hmac.new(base64.b64decode(SECRET[6:]), f"{headers['webhook-id']}.{now}.".encode() + body, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected.digest()).decode()}"


def verifier_of_the_document() -> object:
    """Return the function that docs/api.md shows to whoever receives."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (block,) = [each for each in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "def verify" in each]
    names: dict[str, object] = {}
    exec(block, names)  # noqa: S102 - our own document
    return names["verify"]


def test_the_same_event_is_taken_once(store: Engine, receiver: Receiver, clock: Clock) -> None:
    subscribed(store, receiver.url)
    assert [happened(store, "one"), happened(store, "one")] == [True, False]
    assert deliver_due(store, "hook-1", clock=clock, networks=HOME) == 1


def test_receivers_are_told_what_they_asked_for_and_nothing_earlier(
    store: Engine, receiver: Receiver, clock: Clock
) -> None:
    assert not happened(store, "before anybody asked")
    subscribed(store, receiver.url, EventType.DECISION_MADE, name="hook-1", sites=("SITE-A",))
    subscribed(store, receiver.url, EventType.RECALL_RECORDED, name="hook-2")
    happened(store, "here")
    happened(store, "there", site="SITE-B")
    for name in ("hook-1", "hook-2"):
        deliver_due(store, name, clock=clock, networks=HOME)
    assert keys(receiver) == ["here"]


def test_what_is_not_taken_is_tried_again_by_the_schedule_and_then_given_up(
    store: Engine, receiver: Receiver, clock: Clock
) -> None:
    subscribed(store, receiver.url)
    happened(store, "one")
    receiver.answers = [500] * 100
    for wait in SCHEDULE_SECONDS:
        before = len(receiver.came)
        deliver_due(store, "hook-1", clock=clock, networks=HOME)
        deliver_due(store, "hook-1", clock=clock, networks=HOME)
        clock.pass_by(seconds=wait - 1)
        deliver_due(store, "hook-1", clock=clock, networks=HOME)
        assert len(receiver.came) == before + 1
        clock.pass_by(seconds=1)
    deliver_due(store, "hook-1", clock=clock, networks=HOME)
    clock.pass_by(days=30)
    deliver_due(store, "hook-1", clock=clock, networks=HOME)
    assert len(receiver.came) == len(SCHEDULE_SECONDS) + 1
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1
    with store.begin() as connection:
        assert delivery_counts(connection, ["hook-1"])["hook-1"] == {"pending": 0, "delivered": 0, "given_up": 1}
        assert try_again(connection, "hook-1") == 1
    receiver.answers = []
    assert deliver_due(store, "hook-1", clock=clock, networks=HOME) == 1


def test_events_about_a_lot_keep_their_order_and_other_lots_do_not_wait(
    store: Engine, receiver: Receiver, clock: Clock
) -> None:
    subscribed(store, receiver.url)
    for key, about in (("1", "LOT-1"), ("2", "LOT-1"), ("3", "LOT-2"), ("4", "LOT-1")):
        happened(store, key, about=about)
    receiver.answers = [503]
    deliver_due(store, "hook-1", clock=clock, networks=HOME)
    deliver_due(store, "hook-1", clock=clock, networks=HOME)
    assert keys(receiver) == ["1", "3"]
    clock.pass_by(seconds=5)
    deliver_due(store, "hook-1", clock=clock, networks=HOME)
    assert keys(receiver) == ["1", "3", "1", "2", "4"]


def test_a_redirect_is_no_success_and_is_not_followed(store: Engine, receiver: Receiver, clock: Clock) -> None:
    subscribed(store, receiver.url)
    happened(store, "one")
    receiver.answers = [302]
    assert deliver_due(store, "hook-1", clock=clock, networks=HOME) == 0
    with store.connect() as connection:
        row = connection.execute(select(DELIVERIES)).one()
    assert (row.state, row.status, row.said) == ("pending", 302, "answered 302")


def test_a_receiver_that_answers_byte_by_byte_keeps_nobody_waiting() -> None:
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not is_over.wait(0.05):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            sent = send(
                f"http://127.0.0.1:{server.getsockname()[1]}/",
                b"{}",
                event_id="event-1",
                secret=SECRET,
                seconds=1,
                networks=HOME,
                seconds_in_all=0.3,
            )
        finally:
            is_over.set()
            thread.join()
    assert sent == (0, "TimeoutError: more than 0.3 s in all")


def test_nothing_of_what_a_receiver_says_is_kept() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def say() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"-ERR the password of this cache is SESAME\r\n")

        thread = threading.Thread(target=say)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        sent = send(url, b"{}", event_id="event-1", secret=SECRET, seconds=1, networks=HOME)
        thread.join()
    assert sent == (0, "BadStatusLine")


def test_a_receiver_that_is_gone_is_not_asked_again(store: Engine, receiver: Receiver, clock: Clock) -> None:
    subscribed(store, receiver.url)
    happened(store, "one")
    receiver.answers = [410]
    deliver_due(store, "hook-1", clock=clock, networks=HOME)
    assert not happened(store, "two")


def test_an_ended_subscription_is_told_nothing_more(store: Engine, receiver: Receiver, clock: Clock) -> None:
    subscribed(store, receiver.url)
    happened(store, "one")
    with store.begin() as connection:
        end_subscription(connection, "hook-1", at="now")
    assert deliver_due(store, "hook-1", clock=clock, networks=HOME) == 0
    assert receiver.came == []


def test_a_name_that_came_to_lead_inwards_is_not_called(store: Engine, receiver: Receiver, clock: Clock) -> None:
    subscribed(store, receiver.url)
    happened(store, "one")
    assert deliver_due(store, "hook-1", clock=clock, networks=()) == 0
    assert receiver.came == []
    with store.connect() as connection:
        assert connection.execute(select(DELIVERIES.c.said)).scalar().startswith("RQC-W530")


PUBLIC = "93.184.215.14"
INWARDS = {
    "loopback": "127.0.0.1", "a private network": "10.1.2.3", "another one": "192.168.0.1", "a third": "172.16.0.1",
    "the address of cloud metadata": "169.254.169.254", "shared addresses": "100.64.0.1", "this host": "0.0.0.0",  # noqa: S104
    "multicast": "224.0.0.1", "broadcast": "255.255.255.255", "loopback of IPv6": "::1", "link-local": "fe80::1",
    "unique local": "fd00::1", "IPv4 inside IPv6": "::ffff:10.0.0.1", "IPv4 behind NAT64": "64:ff9b::a00:1",
    "6to4": "2002:a00:1::", "Teredo": "2001::a00:1", "documentation": "2001:db8::1", "an old form": "::10.0.0.1",
}  # fmt: skip


@pytest.mark.parametrize("address", INWARDS.values(), ids=INWARDS)
def test_no_address_that_leads_inwards_may_be_called(address: str) -> None:
    for found in ([address], [PUBLIC, address]):
        with pytest.raises(UsageError, match="RQC-W530"):
            permitted_target("https://lims.example.org/", networks=(), resolve=lambda *_, found=found: found)


REFUSED = (
    "http://lims.example.org/", "ftp://lims.example.org/", "https://user:secret@lims.example.org/", "https:///path",
    "https://lims.example.org/#part", "https://lims.example.org:99999/", "https://[::1/", "lims.example.org",
    "https://lims.example.org/ö", "https://lims.example.org/\r\nHost: other", f"https://lims.example.org/{'a' * 2000}",
)  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="RQC-W530"):
        permitted_target(url, networks=(), resolve=lambda *_: [PUBLIC])


def test_a_subscription_shows_its_secret_once(admin: TestClient) -> None:
    key, asked = new_key(), {"url": "http://127.0.0.1:9/hook", "types": ["recall.recorded"], "note": "QA"}
    made = admin.post(URL, headers=key, json=asked)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    again = admin.post(URL, headers=key, json=asked)
    assert (again.status_code, again.json()["secret"]) == (200, None)
    assert again.json()["subscription_id"] == made.json()["subscription_id"]
    known = admin.get(f"{URL}/{made.json()['subscription_id']}")
    assert "secret" not in known.json()
    assert made.json()["secret"] not in admin.get(URL).text
    assert admin.delete(f"{URL}/{made.json()['subscription_id']}").json()["ended_at"]
    assert admin.post(f"{URL}/{made.json()['subscription_id']}/retry").status_code == 404


def test_only_an_administrator_subscribes_and_never_to_an_address_inside(admin: TestClient, lims: TestClient) -> None:
    asked = {"url": "https://10.0.0.5/hook"}
    assert lims.post(URL, headers=new_key(), json=asked).status_code == 403
    answer = admin.post(URL, headers=new_key(), json=asked)
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (422, "RQC-W530")
    assert admin.get(URL).json() == {"webhooks": []}


def test_an_upload_and_what_it_changes_are_told(
    admin: TestClient, lims: TestClient, receiver: Receiver, application: FastAPI
) -> None:
    secret = admin.post(URL, headers=new_key(), json={"url": receiver.url}).json()["secret"]
    time.sleep(2.5)  # the first look is over: from here on everything is told
    asked = {"specifications": [SPECIFICATION], "results": [ROW], "as_of": "2026-06-30T00:00:00Z"}
    first = ended(lims, lims.post("/api/v1/evaluations", headers=new_key(), json=asked).json()["evaluation_id"])
    failing = asked | {"results": [ROW | {"result": "12"}], "as_of": "2026-07-01T00:00:00Z"}
    second = ended(lims, lims.post("/api/v1/evaluations", headers=new_key(), json=failing).json()["evaluation_id"])
    for _ in range(300):
        if len(receiver.came) == 4:
            break
        time.sleep(0.1)
    changes = [event["data"] for event in receiver.told if event["type"] == "disposition.changed"]
    assert [(each["from"], each["to"]) for each in changes] == [("", "hold"), ("hold", "reject")]
    done = [event["data"]["evaluation_id"] for event in receiver.told if event["type"] == "evaluation.ended"]
    assert done == [first["evaluation_id"], second["evaluation_id"]]
    for headers, body in receiver.came:
        at = int(headers["webhook-timestamp"])
        assert (
            signature_headers(body, event_id=headers["webhook-id"], secret=secret, seconds=at).items()
            <= headers.items()
        )
    assert application.state.console.settings.webhook_networks == HOME
