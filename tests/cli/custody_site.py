"""A site with a ledger, as its people would set it up with the commands: keys, enrolled staff, one life of a lot."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from tests.custody.story import Scribe, life

from regenqc.cli.main import run
from regenqc.custody import Event, encode_event

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = "maker.example/ledger"
STAFF = {
    "STAFF-0417": ("operator", "nurse", "quality_control", "courier"),
    "QP-0001": ("qualified_person",),
    "PHARM-0099": ("pharmacist",),
    "NURSE-0501": ("nurse",),
    "PHYS-0077": ("physician",),
}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = "Callable[..., Done]"


def events() -> list[Event]:
    """Return the life of a lot of two doses, recorded by the system of the site where a system does it."""
    return [replace(event, actor="SYSTEM-0001") if event.role == "system" else event for event in life(Scribe())]


def lines(some: list[Event]) -> bytes:
    return b"".join(encode_event(event) + b"\n" for event in some)


@pytest.fixture
def regenqc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run a command in this process, as a terminal would."""

    def run_it(*arguments: str | Path) -> Done:
        monkeypatch.setenv("COLUMNS", "160")
        monkeypatch.setattr("sys.argv", ["regenqc", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run()
        printed = capsys.readouterr()
        return Done(left.value.code if isinstance(left.value.code, int) else 1, printed.out, printed.err)

    return run_it


@pytest.fixture(scope="session")
def made_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a site once: everybody enrolled with a key, the life of a lot recorded with their signatures, a checkpoint."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)

        def command(*arguments: str) -> None:
            patch.setattr("sys.argv", ["regenqc", *arguments])
            with pytest.raises(SystemExit) as left:
                run()
            assert left.value.code in {0, None}, arguments

        command("ledger", "init", "--origin", ORIGIN, "--site", "MAKER-1", "--zone", "+01:00")
        for person, roles in STAFF.items():
            command("ledger", "key", person, "--out", f"keys/{person}.key")
            named = [word for role in roles for word in ("--role", role)]
            command("ledger", "enrol", person, *named, "--key", f"keys/{person}.key.pub")
        Path("events.jsonl").write_bytes(lines(events()))
        signing = [word for person in STAFF for word in ("--sign", f"keys/{person}.key")]
        command("ledger", "append", "events.jsonl", *signing)
        command("ledger", "checkpoint", "--out", "first.checkpoint")
    return folder


@pytest.fixture
def site(made_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the site, and work in it."""
    folder = tmp_path / "site"
    shutil.copytree(made_site, folder)
    monkeypatch.chdir(folder)
    return folder


def signing(*people: str) -> list[str]:
    """Return the options that sign for people."""
    return [word for person in people for word in ("--sign", f"keys/{person}.key")]


def event(kind: str, event_id: str, **members: Any) -> Event:
    """Return an event of later the same day."""
    write = Scribe(start="2026-03-17T08:00:00.000Z")
    return write(kind, event_id=event_id, **members)
