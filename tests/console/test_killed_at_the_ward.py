"""A server that ends while a hospital records, decides or asks: it stands in the ledger and the console goes on, or neither does."""

from __future__ import annotations

import re
import shutil
import signal
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

import pytest
from tests.console.real_server import serving
from tests.console.test_gate import ASKED
from tests.console.test_killed import Browser, hidden, wait_for
from tests.console.ward import DECIDER, FIRST, Receiving, life_of, made_live_ward, seen, ward_of

from regenqc.cli.demo_office import PASSWORD
from regenqc.cli.demo_ward import ARRIVED
from regenqc.console.access.journal import every_line, journal_faults, lines
from regenqc.console.settings import read_settings
from regenqc.console.store.database import open_store

ITEM = ARRIVED[0]
_DIE = "os.kill(os.getpid(), signal.SIGKILL)"
# What the process does before it answers, and whether the ledger has the act then.
_STEPS = {
    "before a password is tried": (
        "from regenqc.signing import session as at\nat.unlocked_key = lambda *a, **k: {die}",
        False,
    ),
    "signed, and not offered to the ledger": (
        "from regenqc.console.pages import receipt_decision as at\nat.record_event = lambda *a, **k: {die}",
        False,
    ),
    "its documents in the ledger, and no event": (
        "from regenqc.custody import Book\nBook.append_one = lambda *a, **k: {die}",
        False,
    ),
    "in the ledger, and not in the store": (
        "from regenqc.console.pages import receipt_decision as at\nat._keep = lambda *a, **k: {die}",
        True,
    ),
    "in the store, and not answered": (
        "from regenqc.console.pages import receipt_decision as at\nat.record = lambda *a, **k: {die}",
        True,
    ),
}
# The two between which something could be lost or done twice are tried each time, the others in the long runs.
_ALWAYS = {"its documents in the ledger, and no event", "in the ledger, and not in the store"}
STEPS = pytest.mark.parametrize(
    ("script", "is_recorded"),
    [pytest.param(*step, id=name, marks=() if name in _ALWAYS else pytest.mark.long) for name, step in _STEPS.items()],
)


@pytest.fixture(scope="module")
def filled(demonstration: Path, live_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a ward at which a receipt is filled in and judged, and where; nobody writes into it."""
    home = made_live_ward(demonstration, live_home, tmp_path_factory.mktemp("filled") / "home")
    received = Receiving(ward_of(home), ITEM)
    received.fill()
    assert received.post(FIRST, "judge").status_code == 303
    return home, received.place


@pytest.fixture(scope="module")
def inspected(filled: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the same with the inspection recorded."""
    home = Path(shutil.copytree(filled[0], tmp_path_factory.mktemp("inspected") / "home"))
    assert Receiving(ward_of(home), ITEM).record().status_code == 303
    return home, filled[1]


def killed(home: Path, script: str, person: str, act) -> None:
    """Do something at a server that ends in the middle of it."""
    with serving(home, before="import os, signal\n" + script.format(die=_DIE)) as (address, process):
        somebody = Browser(address)
        somebody.sign_in(person)
        try:
            act(somebody)
        except HTTPError as error:
            pytest.fail(error.read().decode())
        except (OSError, HTTPException):
            pass  # the connection ended with the process
        assert wait_for(lambda: process.poll() is not None), "the process was to end"
        assert process.returncode == -signal.SIGKILL


def send(somebody: Browser, page: str, path: str, **fields: str) -> None:
    text = somebody.get(page)
    own = {name: value for name, value in hidden(text) if name == "csrf"}
    somebody.post(path, list((own | {"seen": seen(text)} | fields).items()))


def recorded(home: Path, kind: str, *outcomes: str) -> int:
    """Return how many such events the ledger has; of decisions also that of the maker."""
    found = [event for event in life_of(home, ITEM) if event.kind == kind]
    return len([event for event in found if not outcomes or event.outcome in outcomes])


@STEPS
def test_an_inspection_is_recorded_once_or_not_at_all(filled, tmp_path, script, is_recorded):
    home, place = Path(shutil.copytree(filled[0], tmp_path / "home")), filled[1]

    def record(somebody):
        send(somebody, f"{place}/judge", f"{place}/record", first_password=PASSWORD, second_password=PASSWORD)

    killed(home, script, FIRST, record)
    assert recorded(home, "reinspect") == is_recorded
    restarted = ward_of(home)
    page = restarted.client(FIRST).get(f"{place}/judge").text
    assert ('name="first_password"' in page) is not is_recorded
    received = Receiving(restarted, ITEM)
    passwords = {"first_password": PASSWORD, "second_password": PASSWORD}
    again = received.post(FIRST, "record", on="judge", **passwords) if is_recorded else received.record()
    assert again.status_code == (422 if is_recorded else 303), again.text
    assert recorded(home, "reinspect") == 1
    assert restarted.client(FIRST).get(place).headers["location"] == f"{place}/decide"


@STEPS
def test_a_hospital_decides_once_or_not_at_all(inspected, tmp_path, script, is_recorded):
    home, place = Path(shutil.copytree(inspected[0], tmp_path / "home")), inspected[1]

    def decide(somebody):
        told = {"outcome": "refuse", "role": "quality_assurance", "reason": "not wanted", "password": PASSWORD}
        send(somebody, f"{place}/decide", f"{place}/decide", **told)

    killed(home, script, DECIDER, decide)
    assert recorded(home, "decision", "refuse") == is_recorded
    restarted = ward_of(home)
    page = restarted.client(DECIDER).get(f"{place}/decide").text
    assert ("The decision stands in the ledger" in page) is is_recorded
    told = {"outcome": "refuse", "role": "quality_assurance", "reason": "not wanted", "password": PASSWORD}
    again = restarted.client(DECIDER).post(f"{place}/decide", data=told | {"seen": seen(page), "csrf": "token"})
    assert again.status_code == (422 if is_recorded else 303), again.text
    assert recorded(home, "decision", "refuse") == 1
    assert restarted.client(DECIDER).get(f"{place}/document").status_code == 200


@pytest.mark.parametrize(
    ("script", "is_recorded"),
    [
        ("from regenqc.reinspection import gate as at\nat.ask_gate = lambda *a, **k: {die}", False),
        ("from regenqc.console.pages import gate as at\nat.record = lambda *a, **k: {die}", False),
        (
            (
                "from regenqc.console.pages import gate as at\nreal = at.record\n"
                "def record(*a, **k):\n    real(*a, **k)\n    {die}\nat.record = record"
            ),
            True,
        ),
    ],
    ids=["before the answer", "answered, and not on record", "on record, and not shown"],
)
def test_no_answer_of_the_gate_is_shown_that_is_not_on_record(filled, tmp_path, script, is_recorded):
    home = Path(shutil.copytree(filled[0], tmp_path / "home"))
    before = len(life_of(home, ITEM))
    shown = []

    def ask(somebody):
        own = [("csrf", value) for name, value in hidden(somebody.get("/gate")) if name == "csrf"][:1]
        shown.append(somebody.post("/gate", [*[each for each in ASKED.items() if each[0] != "csrf"], *own]))

    killed(home, script, "NURSE-0203", ask)
    assert shown == []
    store = open_store(read_settings(home).store)
    asked = [line for line in lines(store, event="gate") if re.match("(no-)?go by", line.detail)]
    assert len(asked) == is_recorded
    assert list(journal_faults(every_line(store))) == []
    store.dispose()
    assert len(life_of(home, ITEM)) == before
