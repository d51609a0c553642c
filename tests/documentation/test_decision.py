"""Every command of the document on decisions is run in its order, by people at a terminal who type what it says."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.custody_site import regenqc

from regenqc.cli import people
from regenqc.decision.checklist import extended_checklist, find_checklist, packaged_checklists
from regenqc.decision.folder import DecisionFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from tests.cli.custody_site import Done

__all__ = ["regenqc"]  # a fixture

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "decision.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line.removeprefix("$ "))
    for block in re.findall(r"```shell\n(.*?)```", TEXT, flags=re.DOTALL)
    for line in block.splitlines()
]
TABLES = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)


class Person(io.StringIO):
    """Somebody at a terminal who releases, and confirms whatever is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._typed = iter(["release"])

    def isatty(self) -> bool:
        return True

    def readline(self, *_: int) -> str:
        return next(self._typed, "yes") + "\n"


def test_every_command_of_the_document_succeeds_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regenqc: Callable[..., Done]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("results.csv", "batches.csv"):
        shutil.copy(ROOT / "sample_data" / "published" / "ari-0001" / name, name)
    Path("secret").mkdir()
    Path("secret/qp").write_text("correct horse battery")
    Path("answers.toml").write_text(TABLES[0], encoding="utf-8")
    monkeypatch.setattr("getpass.getpass", lambda _: "correct horse battery")
    for command in COMMANDS:
        assert command[0] == "regenqc"
        monkeypatch.setattr("sys.stdin", Person())
        done = regenqc(*command[1:])
        assert done.code == 0, (command, done.err, done.out)
    decisions = DecisionFolder(Path("decisions")).read()
    assert sorted((each.batch_id, each.kind) for each in decisions) == [
        ("ARI0001/01", "release"),
        ("ARI0001/02", "release"),
    ]
    assert Path("trail.csv").stat().st_size > 0


def test_the_answers_that_are_shown_answer_the_whole_checklist() -> None:
    answers = tomllib.loads(TABLES[0])["decision"][0]["checklist"]
    checklist = find_checklist(jurisdiction="EU", specification="a/b", extends=())
    assert set(answers) == {item.id for item in checklist.items_of("release")}


def test_the_checklist_that_is_shown_is_one() -> None:
    base = next(checklist for checklist in packaged_checklists() if checklist.id == "european-union")
    assert extended_checklist(base, TABLES[1], where="ours.toml").name == "maker-1@1+european-union@1"


def test_every_command_on_people_is_shown() -> None:
    shown = {tuple(command[1:3]) for command in COMMANDS}
    assert {("people", command.name) for command in people.app.registered_commands} <= shown
