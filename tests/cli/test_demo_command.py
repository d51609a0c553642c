"""`regenqc demo` tells the whole story in one command."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from regenqc.specification.derived_functions import FUNCTIONS

if TYPE_CHECKING:
    from pathlib import Path


def test_demo_judges_every_story_and_writes_a_report_of_each(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "regenqc", "demo", str(tmp_path / "demo")], capture_output=True, text=True, check=True
    )
    stories = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert len(stories) == 6
    assert all((tmp_path / "demo" / story / "report.html").is_file() for story in stories)
    assert "3 eligible" in done.stdout
    assert "21 reject" in done.stdout
    assert "cn/drug-track" in done.stdout
    assert "limit unverified (3 batches): two_step_release_procedure" in done.stdout
    assert "a named person decides" in done.stdout


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("demo") / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "regenqc", "demo", str(out)], capture_output=True, text=True, check=True
    )
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param("“in progress” is an interim answer and no final result", id="sterility: an interim answer"),
        pytest.param("may follow the release and is due 2026-03-26", id="sterility: when the final answer is due"),
        pytest.param("“positive” does not meet the requirement negative", id="sterility: the late positive"),
        pytest.param("→ Inform the treating physician", id="sterility: what is to be done"),
        pytest.param("“34.39 %” is below the limit ≥ 80 %", id="sterility: four containers, as the text says"),
        pytest.param("“91.7915001376 %” is below the limit ≥ 95 %", id="virus: too little tested"),
        pytest.param("“≤1.19829290943” is a bound", id="virus: what may be in a dose"),
        pytest.param("+12 in 3 of 20 metaphases", id="karyotype: a clone"),
        pytest.param("8 metaphases counted, at least 20 required", id="karyotype: too few metaphases"),
        # -ln(0.05) / 200000 / 0.5 × 10^8 to four digits: none seen, as the text says.
        pytest.param("“≤2995.70983764 cells” is a bound", id="residual cells: none seen among too few"),
        pytest.param("“≤17224.2681348 cells” is a bound", id="residual cells: too uncertain"),
        pytest.param("“50355.146373 cells” is what is there at least", id="residual cells: too many"),
        pytest.param("114 of 114 dispositions are the planted ones", id="every planted disposition is found"),
    ],
)
def test_demo_shows_what_its_text_says(printed: str, shown: str) -> None:
    assert shown in printed


def test_demo_counts_every_function_that_computes_results(printed: str) -> None:
    assert f"computed from others, by {len(FUNCTIONS)} functions" in printed
