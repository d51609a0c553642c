"""`regenqc trend` from files to files."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from regenqc.cli.main import app
from regenqc.simulation import simulate
from regenqc.trends.history import Aside

if TYPE_CHECKING:
    from pathlib import Path

FILES = [
    "capability.csv", "charts.csv", "comparisons.csv", "run.json", "series.parquet", "set_aside.csv", "signals.csv",
    "signals.parquet", "trend.html",
]  # fmt: skip


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "lots"
    simulate(batches=80, seed=3, out=folder, file_format="csv")
    return folder


@pytest.fixture(scope="module")
def out(export: Path) -> Path:
    folder = export.parent / "trends"
    arguments = ["--batches", str(export / "batches.csv"), "--spec", "example/hipsc-progenitors", "--out", str(folder)]
    done = CliRunner().invoke(app, ["trend", str(export / "results.csv"), *arguments])
    assert done.exit_code == 0, done.output
    return folder


def test_every_file_is_written_and_rows_add_up(export: Path, out: Path) -> None:
    assert sorted(path.name for path in out.iterdir()) == FILES
    run = json.loads((out / "run.json").read_text())
    rows = run["counts"]["rows"]
    with (export / "results.csv").open() as stream:
        assert sum(rows.values()) == run["counts"]["rows_read"] == sum(1 for _ in csv.DictReader(stream))
    points = pq.read_table(out / "series.parquet")
    assert sum(points["results"].to_pylist()) == rows["charted"]
    assert points.num_rows == run["counts"]["points"]
    signals = pq.read_table(out / "signals.parquet")
    assert signals.num_rows == sum(run["counts"]["signals"].values()) > 0
    assert set(rows) == {reason.name.lower() for reason in Aside}


def test_signals_of_charts_stand_at_points_that_the_series_mark(out: Path) -> None:
    points = pq.read_table(out / "series.parquet").to_pylist()
    by_place = {(row["test"], row["stage"], row["unit"], row["series_group"], row["batch_id"]): row for row in points}
    checked = 0
    for signal in pq.read_table(out / "signals.parquet").to_pylist():
        if signal["test"] and not signal["factor"]:
            place = tuple(signal[name] for name in ("test", "stage", "unit", "series_group", "batch_id"))
            assert by_place[place][f"is_{signal['rule']}"]
            checked += 1
    assert checked > 10


def test_a_second_run_gives_the_same_bytes(export: Path, out: Path) -> None:
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    arguments = ["--batches", str(export / "batches.csv"), "--spec", "example/hipsc-progenitors", "--out", str(out)]
    done = CliRunner().invoke(app, ["trend", str(export / "results.csv"), *arguments, "--json"])
    assert done.exit_code == 0
    assert json.loads(done.output)["counts"] == json.loads(before["run.json"])["counts"]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_the_page_asks_nothing_of_the_network_and_shows_censored_points_hollow(out: Path) -> None:
    page = (out / "trend.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<img|<link|https?://", page)
    assert 'class="hollow' in page
    assert "A signal changes no disposition." in page
    assert "prefers-color-scheme: dark" in page


def test_what_a_laboratory_wrote_cannot_steer_the_page(tmp_path: Path) -> None:
    rows = ["batch_id,test,result,unit,stage,tested_at,laboratory"]
    rows += [
        f"<b>L{day:02d},<script>alert(1)</script>,{50 + day % 3},%,drug_product_release,2026-01-{day:02d}T08:00:00Z,\u202eNORTH"
        for day in range(1, 29)
    ]
    (tmp_path / "results.csv").write_text("\n".join([*rows, rows[-1].replace(",51,", ",99,").replace("L28", "L29")]))
    done = CliRunner().invoke(app, ["trend", str(tmp_path / "results.csv"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    page = (tmp_path / "out" / "trend.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>L" not in page
    assert "\u202e" not in page + done.output


def test_a_folder_with_something_else_is_left_alone(export: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    done = CliRunner().invoke(app, ["trend", str(export / "results.csv"), "--out", str(tmp_path)])
    assert done.exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_export_without_numbers_has_no_series_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(
        "batch_id,test,result,unit,stage,tested_at\nA,sterility,no growth,,shipping,2026-01-01T08:00:00Z\n"
    )
    done = CliRunner().invoke(app, ["trend", str(tmp_path / "results.csv"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "0 signals in 0 series" in done.output
    assert "1 rows read = 0 charted + 1 set aside" in done.output
