"""`regenqc outcomes` from files to files, on the synthetic sample."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.sample_data.synthetic_outcomes import FOLDER, made
from typer.testing import CliRunner

from regenqc.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

COMMON = [
    str(FOLDER / "outcomes.csv"), "--plan", str(FOLDER / "plan.toml"), "--doses", str(FOLDER / "doses.csv"),
    "--now", "2026-06-30T00:00:00Z",
]  # fmt: skip


def run(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["outcomes", command, *COMMON, *arguments])


def test_the_sample_is_what_its_maker_makes() -> None:
    for name, content in made().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == content, name


def test_a_report_is_written_and_its_rows_add_up(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("report", "--results", str(FOLDER / "results.csv"), "--out", str(out), "--threshold", "potency=95 %")
    assert done.exit_code == 0, done.output
    assert "withheld" in done.output
    assert "PAT-" not in done.output
    counts = json.loads((out / "run.json").read_text())["counts"]
    refused = sum(counts["rows_refused"].values())
    parts = counts["rows_accepted"] + counts["rows_repeated"] + counts["rows_superseded"] + refused
    assert counts["rows_read"] == parts
    assert counts["rows_repeated"] == 1
    with (out / "refused.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    # One row of each kind that the sample plants.
    assert len(rows) == refused == len({row["reason"] for row in rows}) == 20
    page = (out / "shown" / "outcomes.html").read_text()
    assert "PAT-" not in page
    assert "SO-0" not in page
    assert not re.search(r"(?:src|href)=\"http", page)
    with (out / "shown" / "associations.csv").open() as stream:
        found = list(csv.DictReader(stream))
    assert found[0]["test"] == "potency"
    assert found[0]["measure"] == "motor_score"
    for row in found:
        assert bool(row["estimate"]) == bool(row["lower"]) == bool(row["upper"]) == bool(row["p_value"])
        assert bool(row["estimate"]) != bool(row["refusal"])


def test_what_is_due_is_listed_and_overdue_leaves_with_1() -> None:
    done = run("due", "--json")
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert {row["state"] for row in found} == {"due", "overdue"}
    everything = json.loads(run("due", "--all", "--json").output)
    assert len(everything) == 240 * 2 * 3


def test_conditions_say_who_is_missing_only_when_asked() -> None:
    done = run("conditions", "--json")
    assert done.exit_code == 1  # one was never set
    found = {row["condition"]: row for row in json.loads(done.output)}
    assert found["two-hundred-at-six-months"] == {
        "condition": "two-hundred-at-six-months", "state": "open", "reported": 160, "required": 200, "lacking": 40,
        "by": "2026-09-30", "days_left": 92, "citation": "synthetic, condition 1 of an approval that does not exist",
        "mark": "unverified",
    }  # fmt: skip
    assert "PAT-" not in run("conditions").output
    assert "PAT-" in run("conditions", "--missing").output


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["report", COMMON[0], "--plan", COMMON[2], "--out", "out"], "RQC-O021", 2),
        (["due", COMMON[0], "--plan", COMMON[2], "--doses", COMMON[4], "--ledger", "sqlite:///x.db"], "RQC-O021", 2),
        (["due", COMMON[0], "--plan", COMMON[4], "--doses", COMMON[4]], "RQC-O001", 4),
        (["due", COMMON[4], "--plan", COMMON[2], "--doses", COMMON[4]], "RQC-D010", 3),
        (["report", *COMMON, "--threshold", "potency", "--out", "out"], "RQC-O020", 2),
        (
            ["report", *COMMON, "--results", str(FOLDER / "results.csv"), "--threshold", "ph=7 %", "--out", "out"],
            "RQC-O023",
            2,
        ),
    ],
    ids=[
        "no doses",
        "doses from two places",
        "no plan",
        "other columns",
        "no threshold",
        "a threshold in another unit",
    ],
)
def test_what_cannot_be_done_is_refused(arguments: list[str], code: str, exit_code: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "regenqc", "outcomes", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code, done.stderr
    assert code in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_ledger_is_asked_for_the_product_of_the_plan(tmp_path: Path) -> None:
    from tests.reinspection.test_aftermath import treated

    with treated().book(tmp_path):
        pass
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    arguments = ["outcomes", "due", "--ledger", url, "--now", "2026-06-30T00:00:00Z", "--json", "--plan"]
    done = CliRunner().invoke(app, [*arguments, str(FOLDER / "plan.toml")])
    assert done.exception is not None
    assert "RQC-O022" in str(done.exception)
    plan = tmp_path / "plan.toml"
    text = (FOLDER / "plan.toml").read_text(encoding="utf-8")
    plan.write_text(text.replace('product = "SYNTHETIC-OUTCOMES"', ""), encoding="utf-8")
    done = CliRunner().invoke(app, [*arguments, str(plan)])
    assert done.exit_code == 1
    assert {(row["measure"], row["state"]) for row in json.loads(done.output)} == {
        ("motor_score", "overdue"),
        ("symptom_score", "overdue"),
    }


def test_lots_that_were_given_and_have_no_result_are_named_to_whoever_makes_the_run(tmp_path: Path) -> None:
    lines = (FOLDER / "results.csv").read_text(encoding="utf-8").splitlines()
    results = tmp_path / "results.csv"
    results.write_text("\n".join(line for line in lines if not line.startswith("SO-0007,")), encoding="utf-8")
    done = run("report", "--results", str(results), "--out", str(tmp_path / "out"))
    assert "1 lot that was given has no result in numbers: SO-0007" in done.output
    assert json.loads((tmp_path / "out" / "run.json").read_text())["counts"]["lots_without_results"] == 1
    # One patient fewer than have a report: an interval would tell that there is one.
    with (tmp_path / "out" / "shown" / "associations.csv").open() as stream:
        assert not any(row["estimate"] for row in csv.DictReader(stream))
