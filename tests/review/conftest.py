"""One synthetic product, evaluated twice: before and after its last results came."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from regenqc.cli.main import app
from regenqc.resources import packaged_path

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = packaged_path("sample_data") / "synthetic-hipsc"
PRODUCT = "SYNTHETIC-HIPSC-PROGENITORS"


@pytest.fixture(scope="session")
def evaluations(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two outputs: of results without any growth, and of all of them."""
    folder = tmp_path_factory.mktemp("evaluations")
    with (SAMPLE / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    early = folder / "early.csv"
    at = rows[0].index("result")
    with early.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(row for row in rows if row[at].lower() not in {"growth", "positive"})
    found = []
    for name, path, moment in (("early", early, "2026-06-01"), ("late", SAMPLE / "results.csv", "2026-06-30")):
        out = folder / name
        done = CliRunner().invoke(
            app,
            ["evaluate", str(path), "--batches", str(SAMPLE / "batches.csv"), "--spec", "example/hipsc-progenitors",
             "--as-of", f"{moment}T00:00:00Z", "--out", str(out), "--exit-zero"],
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        found.append(out)
    return found[0], found[1]
