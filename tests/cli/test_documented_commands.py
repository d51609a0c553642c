"""Every command that the documents of ledger and custody show is run, in the order in which they show it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .custody_site import events, lines, made_site, regenqc, site

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

__all__ = ["made_site", "regenqc", "site"]  # fixtures

DOCUMENTS = Path(__file__).resolve().parents[2] / "docs"


def commands_of(document: str) -> list[list[str]]:
    blocks = re.findall(r"```shell\n(.*?)```", (DOCUMENTS / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    found = [shlex.split(line.removeprefix("$ ")) for block in blocks for line in block.splitlines()]
    assert all(command[0] == "regenqc" for command in found)
    return [command[1:] for command in found]


@pytest.mark.usefixtures("site")
def test_every_command_of_the_document_on_custody_succeeds(regenqc: Callable[..., Done]) -> None:
    for command in commands_of("custody.md"):
        done = regenqc(*command)
        assert done.code == 0, (command, done.err, done.out)


def test_every_command_of_the_document_on_the_ledger_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regenqc: Callable[..., Done]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("events.jsonl").write_bytes(lines(events()))
    for command in commands_of("ledger.md"):
        done = regenqc(*command)
        if command[:2] == ["ledger", "init"]:
            rules = Path("ledger-home/site.toml")
            text = rules.read_text().replace("enrolled_people_only    = true", "enrolled_people_only = false")
            rules.write_text(re.sub(r"signed_kinds .*", "signed_kinds = []", text))
        assert done.code == 0, (command, done.err, done.out)


@pytest.mark.parametrize("name", ["ledger", "trace"])
def test_every_command_is_shown_in_a_document(name: str) -> None:
    from importlib import import_module

    app = import_module(f"regenqc.cli.{name}").app
    text = "".join((DOCUMENTS / document).read_text(encoding="utf-8") for document in ("ledger.md", "custody.md"))
    shown = [f"regenqc {name} {command.name}" for command in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        shown += [f"regenqc {name} {group.name} {command.name}" for command in group.typer_instance.registered_commands]
    assert [command for command in shown if command not in text] == []
