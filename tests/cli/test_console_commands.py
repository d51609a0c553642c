"""`regenqc console`: the first administrator, one-time passwords, keys of machines, and the journal of all of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from tests.console.access_site import Browser, people
from tests.signing.office import lines_of

from regenqc.console.application import create_application
from regenqc.console.settings import ConsoleSettings

from .signing_office import made_office, office, regenqc, watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_office", "office", "regenqc", "watch"]  # fixtures
ONE_TIME = re.compile(r"^(?:[a-z2-9]{5}-){4}[a-z2-9]{5}$", re.MULTILINE)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "console"
    (folder / "people").mkdir(parents=True)
    (folder / "people" / "people.jsonl").write_bytes(lines_of(people()))
    (folder / "console.toml").write_text('schema = "regenqc.console/1"\nsite = "SITE-A"\n')
    return folder


def sign_in(home: Path, person: str, password: str) -> str:
    from fastapi.testclient import TestClient

    application = create_application(ConsoleSettings(home=home, site="SITE-A", is_secure=False))
    browser = Browser(TestClient(application, follow_redirects=False))
    return browser.sign_in(person, password=password).headers.get("location", "refused")


def test_the_first_administrator_signs_in_with_what_the_command_printed(regenqc: Command, home: Path) -> None:
    done = regenqc("console", "add", "ADMIN-001", "--home", str(home))
    assert done.code == 0, done.err
    found = ONE_TIME.search(done.out)
    assert found is not None
    assert sign_in(home, "ADMIN-001", found[0]) == "/sign-in/password"
    listed = json.loads(regenqc("console", "list", "--home", str(home), "--json").out)
    assert listed == [
        {
            "person": "ADMIN-001",
            "roles": "administrator",
            "sites": "every one",
            "state": "password to be changed",
            "sign-in": "password",
        }
    ]
    assert regenqc("console", "add", "ADMIN-001", "--home", str(home)).code == 2


def test_a_password_that_its_owner_chose_is_not_changed_at_the_first_sign_in(regenqc: Command, home: Path) -> None:
    (home / "chosen").write_text("a sentence of their own\n")
    done = regenqc("console", "add", "QP-0001", "--home", str(home), "--password-file", str(home / "chosen"))
    assert done.code == 0, done.err
    assert "a sentence" not in done.out
    assert sign_in(home, "QP-0001", "a sentence of their own") == "/sign-in/second-factor"


def test_closing_resetting_and_restricting_an_account(regenqc: Command, home: Path) -> None:
    first = ONE_TIME.search(regenqc("console", "add", "QP-0001", "--home", str(home)).out)
    assert first is not None
    assert regenqc("console", "close", "QP-0001", "--home", str(home)).code == 0
    assert sign_in(home, "QP-0001", first[0]) == "refused"
    second = ONE_TIME.search(regenqc("console", "reset", "QP-0001", "--home", str(home), "--second-factor").out)
    assert second is not None
    assert sign_in(home, "QP-0001", second[0]) == "/sign-in/password"
    assert "SITE-B" in regenqc("console", "sites", "QP-0001", "--site", "SITE-B", "--home", str(home)).out
    assert regenqc("console", "link", "QP-0001", "--subject", "248289761001", "--home", str(home)).code == 0
    assert regenqc("console", "unlock", "QP-0001", "--home", str(home)).code == 0
    shown = regenqc("console", "list", "--home", str(home)).out
    assert "SITE-B" in shown
    assert "identity provider" in shown


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("add", "NOBODY-1"), "RQC-U160"),
        (("add", "LIMS-0001"), "RQC-U160"),
        (("reset", "QP-0001"), "RQC-U162"),
        (("close", "QP-0001"), "RQC-U162"),
        (("key", "QP-0001", "--expires", "2099-01-01T00:00:00Z"), "RQC-U164"),
        (("key", "LIMS-0001", "--expires", "2020-01-01T00:00:00Z"), "RQC-U164"),
        (("key", "LIMS-0001", "--expires", "tomorrow"), "RQC-U122"),
        (("revoke", "rqc_0123456789"), "RQC-U165"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_what_cannot_be_done_is_refused_by_name(
    regenqc: Command, home: Path, arguments: tuple[str, ...], code: str
) -> None:
    done = regenqc("console", *arguments, "--home", str(home))
    assert (done.code, code in done.err) == (2, True), done.err


def test_keys_are_made_listed_and_ended(regenqc: Command, home: Path) -> None:
    made = regenqc(
        "console", "key", "LIMS-0001", "--expires", "2099-01-01T00:00:00Z", "--note", "LIMS", "--home", str(home)
    )
    key = made.out.strip().splitlines()[-1]
    listed = regenqc("console", "keys", "--home", str(home))
    assert key[:14] in listed.out
    assert key not in listed.out
    assert regenqc("console", "revoke", key[:14], "--home", str(home)).code == 0
    assert json.loads(regenqc("console", "keys", "--home", str(home), "--json").out)[0]["state"] == "revoked"


def test_the_journal_says_what_was_done_and_whether_it_was_changed(regenqc: Command, home: Path) -> None:
    regenqc("console", "add", "QP-0001", "--home", str(home), "--by", "ADMIN-001")
    done = regenqc("console", "journal", "--home", str(home), "--json")
    said = json.loads(done.out)
    assert (done.code, said["faults"], said["lines"][0]["person_id"]) == (0, [], "ADMIN-001")
    assert regenqc("console", "journal", "--home", str(home), "--head", said["lines"][0]["digest"]).code == 0
    assert regenqc("console", "journal", "--home", str(home), "--head", "sha256:other").code == 5
    from regenqc.console.store.database import open_store

    with open_store(f"sqlite:///{home / 'console.db'}").begin() as connection:
        connection.execute(text("DROP TRIGGER access_journal_no_update"))
        connection.execute(text("UPDATE access_journal SET person_id = 'QP-0002'"))
    done = regenqc("console", "journal", "--home", str(home))
    assert (done.code, "RQC-U158" in done.err) == (5, True)


def test_a_policy_that_cannot_be_used_stops_every_command_and_the_server(regenqc: Command, home: Path) -> None:
    (home / "access.toml").write_text('idle_secnds = 5\ntrusted_proxies = ["ten"]\n')
    done = regenqc("console", "list", "--home", str(home))
    assert (done.code, "RQC-U155" in done.err, "idle_secnds" in done.err) == (2, True, True)
    (home / "access.toml").write_text('trusted_proxies = ["ten"]\ntls_key = "k"\nburst = 0\n')
    done = regenqc("console", "list", "--home", str(home))
    assert [name in done.err for name in ("trusted_proxies", "tls_certificate", "burst")] == [True] * 3
