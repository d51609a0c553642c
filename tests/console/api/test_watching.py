"""What happens outside the console is told as well: decisions and certificates in their folders, recalls in the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from tests.certificate import site
from tests.certificate.lots import decision

from regenqc.canonical import canonical_json
from regenqc.certificate.content import certificate_bytes
from regenqc.console.settings import ConsoleSettings
from regenqc.console.store.database import open_store
from regenqc.console.webhooks.tables import EVENTS, Subscription, add_subscription
from regenqc.console.webhooks.watching import Watch
from regenqc.custody import SCHEMA, Book, Event, Item, Policy
from regenqc.custody.rules import signatures_unchecked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine
    from tests.console.api.conftest import Clock

NOW = "2026-08-03T09:00:00.000Z"


@pytest.fixture
def book(tmp_path: Path) -> Callable[[Event], None]:
    """Return what records an event in the ledger of the site."""

    def record(event: Event) -> None:
        policy = Policy(check_signature=signatures_unchecked, enrolled_people_only=False, signed_kinds=frozenset())
        url = f"sqlite:///{tmp_path}/ledger.db"
        with Book.open(url, origin="site.example/ledger", policy=policy, now=lambda: NOW) as opened:
            opened.append_one(event)

    record(
        _event("donation", donor="DONOR-7F31", outputs=(Item("APHERESIS-1", "120", "mL"),), coi="COI-001", role="nurse")
    )
    return record


def _event(kind: str, **members: object) -> Event:
    stated = {"role": "quality_assurance", "event_id": f"EV-{kind}"} | members
    return Event(
        schema=SCHEMA, kind=kind, event_time=NOW, record_time=NOW, zone="+00:00", actor="STAFF-0417", site="SITE-A",
        **stated,
    )  # fmt: skip


def _told(store: Engine) -> list[dict[str, object]]:
    with store.connect() as connection:
        return [
            json.loads(body) for body in connection.execute(select(EVENTS.c.body).order_by(EVENTS.c.number)).scalars()
        ]


def test_decisions_certificates_and_recalls_are_told_once_and_nothing_that_was_there_before(
    tmp_path: Path, clock: Clock, book: Callable[[Event], None]
) -> None:
    settings = ConsoleSettings(home=tmp_path, site="SITE-A", ledger_url=f"sqlite:///{tmp_path}/ledger.db")
    store = open_store(settings.store)
    with store.begin() as connection:
        asked = Subscription(
            subscription_id="hook-1", url="https://lims.example.org/", types=(), sites=(), note="", made_by="ADMIN-001",
            made_at="2026-08-03",
        )  # fmt: skip
        add_subscription(connection, asked, secret="whsec_AAAA")  # noqa: S106 - synthetic
    settings.decisions.mkdir()
    settings.certificates.mkdir()
    watch = Watch(store=store, settings=settings, clock=clock)
    watch.look()
    assert _told(store) == []
    made = decision()
    (settings.decisions / f"{made['decision_id'].lower()}.json").write_bytes(canonical_json(made) + b"\n")
    certificate = site.certificate(made=made)
    (settings.certificates / "one.json").write_bytes(certificate_bytes(certificate))
    (settings.certificates / "broken.json").write_text("{")
    book(_event("recall", items=(Item("APHERESIS-1"),), reason="contaminated"))
    watch.look()
    told = _told(store)
    assert [each["type"] for each in told] == ["decision.made", "certificate.issued", "recall.recorded"]
    assert told[0]["data"]["decision_id"] == told[1]["data"]["decision_id"] == made["decision_id"]
    assert told[1]["data"]["certificate_id"] == certificate.certificate_id
    assert (told[2]["data"]["items"], told[2]["data"]["reason"]) == (["APHERESIS-1"], "contaminated")
    watch.look()
    # Another process, or the same after a restart, begins where this one was.
    Watch(store=store, settings=settings, clock=clock).look()
    assert _told(store) == told
    store.dispose()
