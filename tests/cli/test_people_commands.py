"""`regenqc people`: founding, keys, roles, revocation, and what is refused."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from regenqc.ledger import parse_public_key
from regenqc.signing import read_people

from .signing_office import STAFF, Watch, as_admin, made_office, office, regenqc, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_office", "office", "regenqc", "watch"]  # fixtures
pytestmark = pytest.mark.usefixtures("office")

FOUND = [
    "people", "found", "--site", "MAKER-2", "--person", "ADMIN-001", "--name", "B. Example", "--key",
    "keys/ADMIN-001.key", "--valid-to", "2036-12-31T23:59:59Z", "--lockout-after", "3", "--session-seconds", "900",
    "--clock-tolerance-seconds", "60", "--shortest-password", "8", "--password-file", "secret/ADMIN-001",
]  # fmt: skip


def listed(regenqc: Command) -> dict[str, dict[str, str]]:
    return {each["person"]: each for each in json.loads(regenqc("people", "list", "--json").out)}


def test_everybody_is_listed_with_role_and_key(regenqc: Command) -> None:
    people = listed(regenqc)
    assert set(people) == {"ADMIN-001", *STAFF}
    assert people["QP-0001"]["roles"] == "qualified_person"
    assert "until 2028-12-31" in people["QP-0001"]["keys"]


def test_the_history_says_who_did_what_and_why(regenqc: Command) -> None:
    lines = json.loads(regenqc("people", "list", "--history", "--json").out)
    assert [line[2] for line in lines[:4]] == ["founded", "enrolled", "role granted", "key certified"]
    assert lines[1][-1] == "passport seen"


def test_a_registry_is_founded_once(regenqc: Command) -> None:
    done = regenqc(*FOUND)
    assert (done.code, "RQC-G042" in done.err) == (5, True)
    done = regenqc(*FOUND, "--people", "other")
    assert done.code == 0, done.err
    assert "to be pinned" in done.out


@pytest.mark.parametrize(
    "option", ["--lockout-after", "--session-seconds", "--clock-tolerance-seconds", "--shortest-password"]
)
def test_no_number_of_the_site_has_a_default(regenqc: Command, option: str) -> None:
    at = FOUND.index(option)
    assert regenqc(*FOUND[:at], *FOUND[at + 2 :], "--people", "other").code == 2


def test_a_key_file_is_for_its_owner_alone_and_is_never_replaced(regenqc: Command) -> None:
    assert stat.S_IMODE(Path("keys/QP-0001.key").stat().st_mode) == 0o600
    done = regenqc("people", "key", "QP-0001", "--out", "keys/QP-0001.key", "--password-file", "secret/QP-0001")
    assert (done.code, "RQC-U102" in done.err) == (2, True)


def test_the_public_line_is_what_the_ledger_enrols() -> None:
    assert parse_public_key(Path("keys/QP-0001.key.pub").read_text()).name == "QP-0001"


@pytest.mark.parametrize(
    ("password", "more", "code"),
    [
        pytest.param("short", [], "RQC-U121", id="shorter than the site allows"),
        pytest.param("long enough", ["--work-factor", "1000"], "RQC-U123", id="a cost that scrypt does not have"),
        pytest.param("long enough", ["--work-factor", "1024"], "RQC-U123", id="a cost that is none"),
    ],
)
def test_a_weak_key_is_not_made(regenqc: Command, password: str, more: list[str], code: str) -> None:
    Path("secret/new").write_text(password)
    done = regenqc("people", "key", "QP-0003", "--out", "keys/new.key", "--password-file", "secret/new", *more)
    assert (done.code, code in done.err, Path("keys/new.key").exists()) == (2, True, False)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(
            ["grant", "QP-0001", "administrator", "--reason", "x"], "RQC-G027", id="two roles that exclude each other"
        ),
        pytest.param(["grant", "QP-0001", "qualified_person", "--reason", "x"], "RQC-G027", id="a role that is held"),
        pytest.param(["grant", "ADMIN-001", "reviewer", "--reason", "x"], "RQC-G027", id="a role for oneself"),
        pytest.param(
            ["revoke", "QP-0001", "--role", "physician", "--reason", "x"], "RQC-G027", id="a role that is not held"
        ),
        pytest.param(["enrol", "QP-0001", "--name", "X", "--identity", "x"], "RQC-G027", id="somebody twice"),
        pytest.param(["enrol", "Müller", "--name", "X", "--identity", "x"], "RQC-G023", id="no pseudonym"),
    ],
)
def test_what_may_not_be_stated_is_refused_and_nothing_is_written(
    regenqc: Command, arguments: list[str], code: str
) -> None:
    before = Path("people/people.jsonl").read_bytes()
    done = regenqc("people", *arguments, *as_admin())
    assert (done.code, code in done.err) == (5, True), done.err
    assert Path("people/people.jsonl").read_bytes() == before


def test_nobody_but_an_administrator_states_anything(regenqc: Command) -> None:
    by = ["--by", "QP-0001", "--key", "keys/QP-0001.key", "--password-file", "secret/QP-0001"]
    done = regenqc("people", "grant", "REV-0001", "qualified_person", "--reason", "x", *by)
    assert (done.code, "RQC-G025" in done.err) == (5, True)


def test_in_the_name_of_the_administrator_with_another_key(regenqc: Command) -> None:
    by = ["--by", "ADMIN-001", "--key", "keys/QP-0001.key", "--password-file", "secret/QP-0001"]
    done = regenqc("people", "grant", "REV-0001", "qualified_person", "--reason", "x", *by)
    assert (done.code, "RQC-G026" in done.err) == (5, True)


def test_a_key_is_certified_with_its_owner_present(regenqc: Command) -> None:
    regenqc("people", "enrol", "QP-0003", "--name", "N. Example", "--identity", "passport seen", *as_admin())
    Path("secret/QP-0003").write_text("correct horse QP-0003")
    key = ["--out", "keys/QP-0003.key", "--password-file", "secret/QP-0003", "--work-factor", "16384"]
    regenqc("people", "key", "QP-0003", *key)
    certify = [
        "people",
        "certify-key",
        "QP-0003",
        "keys/QP-0003.key",
        "--valid-to",
        "2027-01-01T00:00:00Z",
        "--reason",
        "x",
    ]
    done = regenqc(*certify, "--own-password-file", "secret/QP-0001", *as_admin())
    assert (done.code, "RQC-G010" in done.err) == (5, True)
    assert regenqc(*certify, "--own-password-file", "secret/QP-0003", *as_admin()).code == 0
    assert "no role" in listed(regenqc)["QP-0003"]["roles"]


def test_one_thing_is_revoked_at_a_time(regenqc: Command) -> None:
    done = regenqc("people", "revoke", "QP-0001", "--reason", "x", *as_admin())
    assert (done.code, "RQC-U124" in done.err) == (2, True)


def test_whoever_left_has_no_role(regenqc: Command, watch: Watch) -> None:
    assert regenqc("people", "revoke", "QP-0001", "--person-left", "--reason", "left", *as_admin()).code == 0
    watch.forward(seconds=1)
    assert listed(regenqc)["QP-0001"]["roles"] == "no role"


def test_a_moment_without_zone_is_refused(regenqc: Command) -> None:
    certify = ["people", "certify-key", "QP-0001", "keys/QP-0001.key", "--valid-to", "2027-01-01", "--reason", "x"]
    done = regenqc(*certify, "--own-password-file", "secret/QP-0001", *as_admin())
    assert (done.code, "RQC-U122" in done.err) == (2, True)


def test_without_registry_nothing_is_listed(regenqc: Command) -> None:
    done = regenqc("people", "list", "--people", "nowhere")
    assert (done.code, "RQC-G041" in done.err) == (5, True)


def test_a_changed_setting_leaves_the_others_as_they_were(regenqc: Command) -> None:
    assert regenqc("people", "settings", "--review-required", "--reason", "CC-12", *as_admin()).code == 0
    settings = read_people(Path("people/people.jsonl").read_bytes()).settings
    assert settings is not None
    assert (settings.review_required, settings.lockout_after, settings.session_seconds) == (True, 3, 900)
