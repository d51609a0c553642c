"""The list of commands says of each what the command says of itself, and calls the one that is named."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from regenqc.cli.commands import COMMANDS, import_command
from regenqc.cli.main import app


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_a_command_is_the_first_paragraph_of_its_help(name: str) -> None:
    command = import_command(name)
    first = " ".join((command.help or "").split("\n\n")[0].split())
    assert (command.name, first) == (name, COMMANDS[name][1])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_is_shown_without_options_of_the_shell(name: str) -> None:
    found = CliRunner().invoke(app, [name, "--help"], terminal_width=200)
    assert found.exit_code == 0
    assert f"regenqc {name}" in found.output.replace("\n", " ")
    assert "completion" not in found.output


def test_an_unknown_command_is_refused_with_the_nearest_one() -> None:
    found = CliRunner().invoke(app, ["evalute"])
    assert found.exit_code == 2
    assert "evaluate" in found.output


def test_a_list_of_the_commands_imports_none_of_them() -> None:
    code = (
        "import sys\n"
        "from regenqc.cli.commands import COMMANDS\n"
        "from regenqc.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "modules = {place.partition('.')[0] for place, _ in COMMANDS.values()}\n"
        "print(sorted(name for name in modules if f'regenqc.cli.{name}' in sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
