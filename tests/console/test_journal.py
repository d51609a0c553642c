"""The journal: what comes near the chain of a person is written before it is shown, and no line is changed unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from tests.console.access_site import Site
from tests.signing.office import START

from regenqc.console.access.journal import Event, Line, Outcome, every_line, journal_faults, lines, write
from regenqc.console.access.permissions import RECORDED
from regenqc.console.access.person import allow
from regenqc.console.store.database import open_store


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    for person in ("QP-0001", "REV-0001", "INSP-0001", "ADMIN-001"):
        made.account(person)
    return made


@pytest.mark.parametrize("permission", sorted(RECORDED))
def test_a_route_near_a_person_records_its_use_without_being_told(site, permission):
    router = APIRouter()
    router.get("/chain/{item:path}", dependencies=[allow(permission)])(lambda item: item)
    site.application.include_router(router)
    person = "INSP-0001"
    assert site.signed_in(person).get("/chain/DIN-1/x?y=2").status_code == 200
    line = lines(site.office.store, count=1)[0]
    assert (line.person_id, line.subject, line.outcome) == (person, "GET /chain/DIN-1/x?y=2", "done")
    assert line.session_id
    assert line.event in {"custody", "gate", "receipt"}


def test_what_a_role_does_not_allow_is_recorded_as_refused(site):
    assert site.signed_in("QP-0001").get("/accounts").status_code == 403
    line = lines(site.office.store, count=1)[0]
    assert (line.event, line.outcome, line.subject) == ("not_allowed", "refused", "GET /accounts")


def test_what_cannot_be_recorded_is_not_shown(site):
    browser = site.signed_in("REV-0001")
    with site.office.store.begin() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON access_journal BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        )
    answer = browser.get("/journal")
    assert answer.status_code == 422
    assert "RQC-U157" in answer.text
    assert "sign-in" not in answer.text


@pytest.mark.parametrize(
    "statement", ["UPDATE access_journal SET person_id = 'QP-0002'", "DELETE FROM access_journal WHERE number = 1"]
)
def test_the_database_changes_and_removes_no_line(site, statement):
    site.signed_in("QP-0001")
    with pytest.raises((IntegrityError, OperationalError), match="only added"), site.office.store.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found[1:],
        lambda found: [*found[:1], *found[2:]],
        lambda found: [found[1], found[0], *found[2:]],
        lambda found: [Line(**(_said(found[0]) | {"subject": "another"})), *found[1:]],
        lambda found: found[:-1],
    ],
    ids=["the first is gone", "one is gone", "two are swapped", "one says something else", "the end is cut"],
)
def test_a_line_that_was_changed_beyond_the_database_breaks_the_chain(tmp_path, change):
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    for number in range(4):
        write(store, now=START, event=Event.GATE, person_id="PHYS-0001", subject=f"DIN-{number}")
    found = list(every_line(store))
    assert list(journal_faults(iter(found), head=found[-1].digest)) == []
    assert [fault.code for fault in journal_faults(iter(change(found)), head=found[-1].digest)] == ["RQC-U158"]


def _said(line):
    return {name: getattr(line, name) for name in Line.__dataclass_fields__}


def test_lines_of_many_threads_and_processes_are_one_chain(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    store = open_store(url)
    script = (
        "import sys\nfrom datetime import UTC, datetime\n"
        "from regenqc.console.access.journal import Event, write\nfrom regenqc.console.store.database import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "for number in range(30):\n    write(store, now=datetime(2026, 6, 30, tzinfo=UTC), event=Event.GATE, subject=str(number))\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", script, url]) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write(store, now=START, event=Event.CUSTODY, subject=str(number)), range(60)))
    assert [each.wait(timeout=120) for each in others] == [0, 0]
    found = list(every_line(store))
    assert len(found) == 120
    assert list(journal_faults(iter(found))) == []


@pytest.mark.parametrize(
    "hostile",
    [
        "'; DROP TABLE access_journal; --",
        "<script>alert(1)</script>",
        "{{ 7 * 7 }}",
        "a\r\nSet-Cookie: x=1",
        "é",
        "\ud800",
        "a\0b",
    ],
)
def test_whatever_is_written_comes_back_as_text(site, hostile):
    write(
        site.office.store,
        now=START,
        event=Event.CUSTODY,
        outcome=Outcome.REFUSED,
        person_id=hostile,
        subject=hostile * 300,
    )
    browser = site.signed_in("REV-0001")
    page = browser.get("/journal").text
    assert "<script>alert" not in page
    assert "{{" not in hostile or hostile in page
    assert list(journal_faults(every_line(site.office.store))) == []


def test_the_journal_is_read_by_page_and_whole_and_reading_it_is_a_line(site):
    for number in range(120):
        write(site.office.store, now=START, event=Event.GATE, person_id="PHYS-0001", subject=f"DIN-{number:03}")
    browser = site.signed_in("REV-0001")
    first = browser.get("/journal?event=gate").text
    assert "DIN-119" in first
    assert "DIN-019" not in first
    older = first.split("before=")[1].split('"')[0]
    assert "DIN-019" in browser.get(f"/journal?event=gate&before={older}").text
    exported = [json.loads(line) for line in browser.get("/journal/journal.jsonl").text.splitlines()]
    assert list(journal_faults(Line(**each) for each in exported)) == []
    assert exported[-1]["event"] == "journal"
    assert exported[-1]["detail"] == "exported"


def test_who_may_see_some_sites_alone_does_not_read_what_belongs_to_all(site):
    browser = site.signed_in("ADMIN-001")
    browser.post("/accounts/sites", person_id="REV-0001", sites="SITE-B")
    assert site.signed_in("REV-0001").get("/journal").status_code == 404
