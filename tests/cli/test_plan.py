"""`regenqc plan` answers on the terminal, as JSON and as a picture."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from regenqc.cli.main import run
from regenqc.cli.plan import read_concentration, read_share
from regenqc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def plan(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run `regenqc plan` in this process, as a terminal would."""

    def run_it(*arguments: str | Path) -> Done:
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.setattr("sys.argv", ["regenqc", "plan", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            run()
        printed = capsys.readouterr()
        return Done(int(left.value.code or 0), printed.out, printed.err)

    return run_it


ANSWERS = [
    (("metaphases", "--mosaicism", "10%", "--confidence", "95%"), 29, "▸29"),
    (("metaphases", "--counted", "20"), 0.13910834, "▸13.9 %"),
    (("supernatant", "--concentration", "1/100 mL"), 299.57323, "▸299.6 mL"),
    (("cells", "--rate", "1e-5", "--dose", "1e8"), 299_574, "▸299,574"),
    (("containers", "--contaminated-share", "1%"), 299, "▸299"),
    (("containers", "--contaminated-share", "10%", "--lot", "40"), 21, "▸21"),
]
NAMES = [" ".join(arguments) for arguments, _, _ in ANSWERS]


@pytest.mark.parametrize(("arguments", "marked"), [(a, m) for a, _, m in ANSWERS], ids=NAMES)
def test_the_answer_is_printed_with_its_table_and_marked(plan, arguments, marked):
    done = plan(*arguments)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("▸") == 1
    assert marked in done.stdout
    assert all(len(line) <= 120 for line in done.stdout.splitlines() if line.startswith("  "))


@pytest.mark.parametrize(("arguments", "required"), [(a, r) for a, r, _ in ANSWERS], ids=NAMES)
def test_the_answer_is_a_number_in_json(plan, arguments, required):
    done = plan(*arguments, "--json")
    document = json.loads(done.stdout)

    assert document["required"] == pytest.approx(required, rel=1e-5)
    assert set(document) == {"answer", "required", "unit", "asked", "tables", "notes", "formula", "source"}
    for table in document["tables"]:
        assert all(len(row["values"]) == len(table["columns"]) for row in table["rows"])


def test_a_count_in_json_is_whole(plan):
    assert '"required": 29,' in plan("metaphases", "--mosaicism", "10%", "--json").stdout


def test_a_clone_that_cannot_be_called_is_null_in_json(plan):
    table = json.loads(plan("metaphases", "--counted", "2", "--json").stdout)["tables"][0]

    assert table["rows"][0]["values"][-1] is None


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_the_curve_is_drawn_into_a_file(plan, tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"curve.{ending}"
    done = plan("metaphases", "--mosaicism", "10%", "--plot", path)

    assert done.returncode == 0, done.stderr
    assert f"drawn into {path}" in done.stdout
    assert path.stat().st_size > 5_000


def test_a_picture_that_cannot_be_drawn_leaves_with_2_and_prints_no_answer(plan, tmp_path: Path) -> None:
    done = plan("containers", "--contaminated-share", "1%", "--plot", tmp_path / "curve.gif")

    assert (done.returncode, done.stdout) == (2, "")
    assert "RQC-U087" in done.stderr


REFUSED = [
    (("metaphases",), "RQC-U090"),
    (("metaphases", "--mosaicism", "10%", "--counted", "20"), "RQC-U090"),
    (("metaphases", "--mosaicism", "10"), "RQC-U091"),
    (("metaphases", "--mosaicism", "10%", "--confidence", "95"), "RQC-U091"),
    (("metaphases", "--mosaicism", "10%", "--confidence", "100%"), "RQC-U080"),
    (("cells", "--rate", "0"), "RQC-U086"),
    (("cells", "--rate", "1e-5", "--dose", "many"), "RQC-U091"),
    (("supernatant", "--concentration", "1"), "RQC-U091"),
    (("containers", "--contaminated-share", "-1%"), "RQC-U091"),
]


@pytest.mark.parametrize(("arguments", "code"), REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED])
def test_a_question_that_cannot_be_answered_leaves_with_2_and_says_why(plan, arguments, code):
    done = plan(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert code in done.stderr


SHARES = [
    ("10%", 0.1),
    ("10 %", 0.1),
    ("0.1", 0.1),
    ("1e-5", 1e-5),
    ("0.001%", 1e-5),
    ("1/100000", 1e-5),
    ("5 / 10^6", None),
    ("5/1e6", 5e-6),
    ("100%", 1.0),
    ("0", 0.0),
    ("1", None),
    ("10", None),
    ("110%", None),
    ("2/1", None),
    ("1/0", None),
    ("-5%", None),
    ("<5%", None),
    ("0,1", None),
    ("ten", None),
    ("", None),
]


@pytest.mark.parametrize(
    ("text", "share"), SHARES, ids=[f"{text!r} {'is read' if s is not None else 'is not'}" for text, s in SHARES]
)
def test_shares_are_read_without_guessing(text, share):
    if share is None:
        with pytest.raises(UsageError, match="RQC-U091"):
            read_share(text, "--mosaicism")
    else:
        assert read_share(text, "--mosaicism") == share


CONCENTRATIONS = [
    ("1/100 mL", (0.01, "mL")),
    ("1/100mL", (0.01, "mL")),
    ("0.01/mL", (0.01, "mL")),
    ("1 per dose", (1.0, "dose")),
    ("1 in 100 mL", (0.01, "mL")),
    ("3 per 1e6 cells", (3e-6, "cells")),
    ("1/dose-equivalent", (1.0, "dose-equivalent")),
    ("1", None),
    ("1 mL", None),
    ("1/100", None),
    ("1/0 mL", None),
    ("-1/100 mL", None),
    ("1%/mL", None),
    ("some/mL", None),
]


@pytest.mark.parametrize(
    ("text", "concentration"),
    CONCENTRATIONS,
    ids=[f"{text!r} {'is read' if c else 'is not'}" for text, c in CONCENTRATIONS],
)
def test_concentrations_are_read_without_guessing(text, concentration):
    if concentration is None:
        with pytest.raises(UsageError, match="RQC-U091"):
            read_concentration(text)
    else:
        assert read_concentration(text) == concentration


@pytest.mark.parametrize("name", ["metaphases", "supernatant", "cells", "containers"])
def test_every_question_has_help_with_an_example(plan, name):
    assert "Example: regenqc plan" in plan(name, "--help").stdout


def test_asking_without_drawing_imports_no_drawing_library() -> None:
    script = (
        "import sys; sys.argv = ['regenqc', 'plan', 'cells', '--rate', '1e-5']\n"
        "from regenqc.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('matplotlib', 'pandas', 'pint', 'numba', 'scipy.stats') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip().splitlines()[-1] == "[]"
