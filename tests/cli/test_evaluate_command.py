"""`regenqc evaluate` as a pipeline sees it: exit codes, files, and nothing half-written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
ARI = ROOT / "sample_data" / "published" / "ari-0001"
JAPAN = ROOT / "sample_data" / "published" / "tisagenlecleucel-japan"
SPECIFICATION = "example/car-t-ari-0001"
OUTPUT_FILES = {
    "dispositions.csv",
    "dispositions.parquet",
    "findings.csv",
    "findings.parquet",
    "refused.csv",
    "report.html",
    "results.parquet",
    "run.json",
    "verdicts.parquet",
}


def regenqc(*arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "regenqc", *map(str, arguments)], input=stdin, capture_output=True, check=False
    )


def evaluate_ari(out: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    return regenqc(
        "evaluate", ARI / "results.csv", "--batches", ARI / "batches.csv", "--spec", SPECIFICATION,
        "--as-of", "2026-06-30T00:00:00Z", "--out", out, *more,
    )  # fmt: skip


def test_it_leaves_with_0_when_every_batch_is_eligible_and_writes_every_file(tmp_path: Path) -> None:
    done = evaluate_ari(tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == OUTPUT_FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_it_leaves_with_1_when_some_batch_is_not_eligible(tmp_path: Path) -> None:
    arguments = (
        "evaluate",
        JAPAN / "results.csv",
        "--spec",
        "example/tisagenlecleucel-japan",
        "--out",
        tmp_path / "out",
    )
    assert regenqc(*arguments).returncode == 1
    assert regenqc(*arguments, "--exit-zero").returncode == 0


def test_it_leaves_with_2_on_an_unknown_stage_and_names_the_stages(tmp_path: Path) -> None:
    done = evaluate_ari(tmp_path / "out", "--stage", "release")
    assert done.returncode == 2
    assert b"drug_product_release" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_leaves_with_2_without_a_specification() -> None:
    assert regenqc("evaluate", ARI / "results.csv").returncode == 2


def test_it_leaves_with_3_on_an_empty_export_and_writes_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("batch_id,test,result,unit\n")
    done = regenqc("evaluate", empty, "--spec", SPECIFICATION, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.csv"]


def test_it_leaves_with_3_on_a_missing_file_and_says_what_to_do() -> None:
    done = regenqc("evaluate", "nowhere.csv", "--spec", SPECIFICATION)
    assert done.returncode == 3
    assert b"nowhere.csv" in done.stderr
    assert b"Check the path" in done.stderr


def test_it_leaves_with_4_on_an_invalid_specification_and_lists_its_faults(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('schema = "regenqc.specification/1"\nid = "a"\nlimt = 3\n')
    done = regenqc("evaluate", ARI / "results.csv", "--spec", broken)
    assert done.returncode == 4
    assert b"broken.toml:3" in done.stderr


def test_it_replaces_an_earlier_output(tmp_path: Path) -> None:
    assert evaluate_ari(tmp_path / "out").returncode == 0
    (tmp_path / "out" / "left-over.txt").write_text("old")
    assert evaluate_ari(tmp_path / "out").returncode == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == OUTPUT_FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_it_leaves_a_directory_that_is_no_output_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("years of work")
    done = evaluate_ari(out)
    assert done.returncode == 2
    assert [path.name for path in out.iterdir()] == ["thesis.docx"]


def test_the_same_inputs_give_the_same_bytes_except_timings(tmp_path: Path) -> None:
    evaluate_ari(tmp_path / "first")
    evaluate_ari(tmp_path / "second")
    for name in OUTPUT_FILES - {"run.json"}:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    first, second = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("first", "second"))
    assert first.pop("timings").keys() == second.pop("timings").keys()
    assert first == second


def test_json_is_what_run_json_holds(tmp_path: Path) -> None:
    done = evaluate_ari(tmp_path / "out", "--json")
    printed = json.loads(done.stdout)
    assert printed["counts"]["dispositions"] == {"eligible": 3, "conditional": 0, "hold": 0, "reject": 0}
    assert printed["counts"]["rows_read"] == printed["counts"]["rows_judged"] + printed["counts"]["rows_refused"]
    assert printed["inputs"][0]["digest"].startswith("sha256:")
    assert printed["specifications"][0]["fingerprint"].startswith("sha256:")


def test_standard_input_is_read_as_csv() -> None:
    done = regenqc(
        "evaluate", "-", "--batches", ARI / "batches.csv", "--spec", SPECIFICATION, "--json",
        stdin=(ARI / "results.csv").read_bytes(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_patterns_and_several_files_are_one_run(tmp_path: Path) -> None:
    lines = (ARI / "results.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join(lines[:10]) + "\n")
    (tmp_path / "b.csv").write_text("\n".join([lines[0], *lines[10:]]) + "\n")
    done = regenqc(
        "evaluate",
        tmp_path / "*.csv",
        "--batches",
        ARI / "batches.csv",
        "--spec",
        SPECIFICATION,
        "--out",
        tmp_path / "out",
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads((tmp_path / "out" / "run.json").read_text())["inputs"]) == 2


def test_every_row_read_is_in_results_or_refused(tmp_path: Path) -> None:
    hostile = ROOT / "sample_data" / "hostile"
    regenqc(
        "evaluate", hostile / "results.csv", "--batches", hostile / "batches.csv", "--spec", "example/hostile",
        "--as-of", "2026-06-01T00:00:00Z", "--out", tmp_path / "out",
    )  # fmt: skip
    counts = json.loads((tmp_path / "out" / "run.json").read_text())["counts"]
    results = pq.read_table(tmp_path / "out" / "results.parquet")
    refused = (tmp_path / "out" / "refused.csv").read_text(encoding="utf-8")
    assert counts["rows_refused"] > 0
    assert results.num_rows == counts["rows_judged"] + counts["rows_computed"]
    assert refused.startswith("source,row_number,reason_code,batch_id")
    assert counts["rows_read"] == counts["rows_judged"] + counts["rows_refused"]


def test_columns_that_nobody_asked_for_are_carried_and_named(tmp_path: Path) -> None:
    text = (ARI / "results.csv").read_text().splitlines()
    export = tmp_path / "export.csv"
    export.write_text("\n".join([text[0] + ",freezer,verdict", *(line + ",F7,fine" for line in text[1:])]) + "\n")
    regenqc("evaluate", export, "--batches", ARI / "batches.csv", "--spec", SPECIFICATION, "--out", tmp_path / "out")
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    table = pq.read_table(tmp_path / "out" / "results.parquet")
    assert {"freezer", "verdict"} <= set(run["carried_columns"])
    assert table["freezer"][0].as_py() == "F7"
    assert table["input_verdict"][0].as_py() == "fine"
    assert table["verdict"][0].as_py() == "conforms"


@pytest.mark.parametrize("name", ["dispositions", "findings"])
def test_csv_and_parquet_say_the_same(tmp_path: Path, name: str) -> None:
    import pandas as pd

    regenqc("evaluate", JAPAN / "results.csv", "--spec", "example/tisagenlecleucel-japan", "--out", tmp_path / "out")
    text = pd.read_csv(tmp_path / "out" / f"{name}.csv", dtype=str, keep_default_na=False)
    table = pq.read_table(tmp_path / "out" / f"{name}.parquet").to_pylist()
    assert [{key: "" if value is None else str(value) for key, value in row.items()} for row in table] == text.to_dict(
        "records"
    )
