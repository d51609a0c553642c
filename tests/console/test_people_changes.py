"""Administrators change who may do what: confirmed, signed by their own key, never about themselves, once, and on record."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.console.conftest import DEMO_NOW

from regenqc.cli.demo_office import PASSWORD, WORK_FACTOR
from regenqc.console.access.journal import lines
from regenqc.console.settings import read_settings
from regenqc.console.store.database import open_store
from regenqc.signing.keys import create_key, key_file_bytes
from regenqc.signing.people_file import PeopleFile
from regenqc.signing.words import BINDING, Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi.testclient import TestClient

    from regenqc.signing.people import People

ADMINISTRATOR, NEW = "ADMIN-001", "LAB-0007"


def registry(home: Path) -> People:
    return PeopleFile(home / "people" / "people.jsonl").read()


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    return found[1] if found else ""


def state(
    client: TestClient, kind: str, person_id: str, *, password: str = PASSWORD, own: str = "", **said: str
) -> Any:
    """Confirm and sign a change; return both answers."""
    fields = {"kind": kind, "person_id": person_id, "reason": "tested", "csrf": "token"} | said
    shown = client.post("/people/confirm", data=fields)
    signed = {"password": password, "own_password": own, "seen": seen(shown.text)}
    return shown, client.post("/people/state", data=fields | signed)


def make_key(home: Path, person_id: str) -> None:
    """Make a key, as its owner does by `regenqc people key`."""
    made = create_key(
        person_id, password=PASSWORD, random=secrets.token_bytes, made_at=DEMO_NOW, work_factor=WORK_FACTOR
    )
    (home / "keys" / f"{person_id}.key").write_bytes(key_file_bytes(made))


@pytest.fixture
def administrator(client_of: Callable[..., TestClient]) -> TestClient:
    return client_of(ADMINISTRATOR)


def test_somebody_new_is_enrolled_gets_a_role_and_a_key_and_ends_again(administrator: TestClient, home: Path):
    done = [state(administrator, "enrolled", NEW, printed_name="Uma Example (synthetic)")]
    done.append(state(administrator, "role_granted", NEW, role="analyst"))
    make_key(home, NEW)
    shown = administrator.get("/people/change", params={"person_id": NEW})
    assert 'value="key_certified"' in shown.text
    done.append(state(administrator, "key_certified", NEW, own=PASSWORD, valid_to="2028-12-31"))
    person = registry(home).people[NEW]
    (key,) = person.keys
    assert (person.printed_name, key.valid_to.date().isoformat()) == ("Uma Example (synthetic)", "2028-12-31")
    assert person.roles_at(DEMO_NOW + timedelta(days=1)) == {Role.ANALYST}
    done.append(state(administrator, "role_withdrawn", NEW, role="analyst"))
    done.append(state(administrator, "key_revoked", NEW, key_id=key.key_id, basis="lost"))
    done.append(state(administrator, "unlocked", NEW))
    done.append(state(administrator, "person_withdrawn", NEW))
    assert [(shown.status_code, answer.status_code) for shown, answer in done] == [(200, 303)] * 7
    person = registry(home).people[NEW]
    assert person.withdrawn_at is not None
    assert person.keys[0].revoked_since is not None
    told = lines(open_store(read_settings(home).store), event="people")
    assert [(line.person_id, line.subject, line.outcome) for line in told] == [(ADMINISTRATOR, NEW, "done")] * 7


@pytest.mark.parametrize("kind", ["role_granted", "role_withdrawn", "unlocked", "person_withdrawn", "key_certified"])
def test_nobody_changes_their_own_standing(administrator: TestClient, home: Path, kind: str):
    before = registry(home).head
    said = {"role": "analyst", "valid_to": "2028-12-31"}
    for answer in state(administrator, kind, ADMINISTRATOR, own=PASSWORD, **said):
        assert (answer.status_code, "RQC-U168" in answer.text) == (422, True)
    assert registry(home).head == before


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"password": "wrong"}, "RQC-G010"),
        ({"role": "physician", "reason": ""}, "RQC-U167"),
        ({"role": "king"}, "RQC-U167"),
        ({"role": "reviewer"}, "RQC-G027"),
        ({"role": "administrator"}, "RQC-G027"),
    ],
    ids=["a wrong password", "no reason", "no role of the list", "a role held already", "an administrator who signs"],
)
def test_what_may_not_be_stated_is_not(administrator: TestClient, home: Path, said: dict[str, str], code: str):
    before = registry(home).head
    _, answer = state(administrator, "role_granted", "REV-0001", **({"role": "analyst"} | said))
    assert (answer.status_code, code in answer.text) == (422, True), answer.text
    assert registry(home).head == before
    (line,) = lines(open_store(read_settings(home).store), event="people")
    assert line.outcome == "refused"


def test_the_same_page_sent_twice_is_one_statement(administrator: TestClient, home: Path):
    fields = {"kind": "unlocked", "person_id": "REV-0001", "reason": "forgot it", "csrf": "token"}
    shown = administrator.post("/people/confirm", data=fields)
    sent = fields | {"password": PASSWORD, "seen": seen(shown.text)}
    assert administrator.post("/people/state", data=sent).status_code == 303
    again = administrator.post("/people/state", data=sent)
    assert (again.status_code, "RQC-U169" in again.text) == (422, True)
    assert sum(each.kind == "unlocked" for each in registry(home).statements) == 1


def test_a_key_counts_only_when_its_owner_opened_it(administrator: TestClient, home: Path):
    state(administrator, "enrolled", NEW, printed_name="Uma Example (synthetic)")
    make_key(home, NEW)
    _, answer = state(administrator, "key_certified", NEW, own="guessed", valid_to="2028-12-31")
    assert answer.status_code == 422
    assert registry(home).people[NEW].keys == ()


def test_the_first_use_is_certified_by_the_owner_alone(client_of: Callable[..., TestClient], home: Path):
    administrator, reviewer = client_of(ADMINISTRATOR), client_of("REV-0001")
    (home / "keys" / "REV-0001.key").unlink()
    make_key(home, "REV-0001")
    _, answer = state(administrator, "key_certified", "REV-0001", own=PASSWORD, valid_to="2028-12-31")
    assert answer.status_code == 303
    shown = reviewer.get("/account/key")
    assert BINDING in shown.text
    sent = {"password": PASSWORD, "seen": seen(shown.text), "csrf": "token"}
    assert "RQC-G010" in reviewer.post("/account/key", data=sent | {"password": "wrong"}).text
    assert reviewer.post("/account/key", data=sent).status_code == 303
    assert registry(home).people["REV-0001"].keys[-1].first_used is not None
    assert seen(reviewer.get("/account/key").text) == ""


def test_only_administrators_change_people(client_of: Callable[..., TestClient]):
    for person in ("QP-0001", "REV-0001", "INSP-0001"):
        client = client_of(person)
        assert client.get("/people/change").status_code == 403
        for answer in state(client, "unlocked", "LAB-0001"):
            assert answer.status_code == 403
    assert "/people/change" not in client_of("REV-0001").get("/people").text
