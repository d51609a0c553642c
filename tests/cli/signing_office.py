"""A site whose people sign, set up with the commands: two Qualified Persons, a reviewer, an analyst, keys, a product."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.decision.workbench import AS_OF, make_files

from regenqc.cli.main import run

from .custody_site import regenqc

__all__ = ["PEOPLE", "STAFF", "Watch", "as_admin", "made_office", "office", "regenqc", "signing_as", "watch"]

STAFF = {
    "QP-0001": ("Ana Example", "qualified_person"),
    "QP-0002": ("Wei Example", "qualified_person"),
    "REV-0001": ("Kim Example", "reviewer"),
}
PEOPLE = ["--people", "people"]
_CLOCKS = ("regenqc.cli.decide.present", "regenqc.cli.people.present")


class Watch:
    """The clock of the machine, set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **lapse: float) -> None:
        self.now += timedelta(**lapse)


def as_admin() -> list[str]:
    return ["--by", "ADMIN-001", "--key", "keys/ADMIN-001.key", "--password-file", "secret/ADMIN-001"]


def signing_as(person: str) -> list[str]:
    return ["--person", person, "--key", f"keys/{person}.key", "--password-file", f"secret/{person}"]


@pytest.fixture(scope="session")
def made_office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the site once."""
    folder = tmp_path_factory.mktemp("office")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in _CLOCKS:
            patch.setattr(name, Watch(datetime(2026, 3, 1, 9, tzinfo=UTC)))

        def command(*arguments: str) -> None:
            patch.setattr("sys.argv", ["regenqc", *arguments])
            with pytest.raises(SystemExit) as left:
                run()
            assert left.value.code in {0, None}, arguments

        Path("secret").mkdir()
        for person in ("ADMIN-001", *STAFF):
            Path("secret", person).write_text(f"correct horse {person}\n")
            command(
                "people", "key", person, "--out", f"keys/{person}.key", "--password-file", f"secret/{person}",
                "--work-factor", "16384",
            )  # fmt: skip
        command(
            "people", "found", "--site", "MAKER-1", "--person", "ADMIN-001", "--name", "B. Example", "--key",
            "keys/ADMIN-001.key", "--valid-to", "2036-12-31T23:59:59Z", "--lockout-after", "3", "--session-seconds",
            "900", "--clock-tolerance-seconds", "60", "--shortest-password", "8", "--password-file", "secret/ADMIN-001",
        )  # fmt: skip
        for person, (name, role) in STAFF.items():
            command("people", "enrol", person, "--name", name, "--identity", "passport seen", *as_admin())
            command("people", "grant", person, role, "--reason", "appointed", *as_admin())
            command(
                "people", "certify-key", person, f"keys/{person}.key", "--valid-to", "2028-12-31T23:59:59Z",
                "--reason", "first key", "--own-password-file", f"secret/{person}", *as_admin(),
            )  # fmt: skip
            command("people", "accept", person, "--key", f"keys/{person}.key", "--password-file", f"secret/{person}")
        make_files(Path())
    return folder


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Set the clock an hour after the evaluation."""
    watch = Watch(AS_OF + timedelta(hours=1))
    for name in _CLOCKS:
        monkeypatch.setattr(name, watch)
    return watch


@pytest.fixture
def office(made_office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch) -> Path:
    """Return a copy of the site, and work in it."""
    del watch
    folder = tmp_path / "office"
    shutil.copytree(made_office, folder)
    monkeypatch.chdir(folder)
    return folder
