"""The engine finds exactly what was planted."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import regenqc
from regenqc.resources import packaged_path
from regenqc.simulation import AS_OF, simulate

SPECIFICATIONS = ("example/hipsc-bank", "example/hipsc-progenitors")
KEYS = ["batch_id", "specification", "stage"]


def read_truth(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path).astype("str")
    return pd.read_csv(path, keep_default_na=False, dtype="str")


def evaluate(directory: Path, suffix: str):
    return regenqc.evaluate(
        regenqc.read_results(directory / f"results.{suffix}"),
        [regenqc.load_specification(name) for name in SPECIFICATIONS],
        batches=directory / f"batches.{suffix}",
        as_of=AS_OF,
    )


def differences(dispositions: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    found = dispositions.rename(columns={"spec_id": "specification"})[[*KEYS, "disposition", "reasons"]].astype("str")
    both = truth.merge(found, on=KEYS, how="outer", indicator=True, validate="one_to_one")
    return both[(both["_merge"] != "both") | (both["disposition"] != both["expected_disposition"])]


def found_by(evaluation) -> set[tuple[str, str]]:
    # Planted are the results that were set aside, not what would have been computed with them.
    findings = evaluation.findings.query("verdict != 'conforms'")
    findings = findings[~findings["reason_code"].isin(["input_invalidated", "input_revised"])]
    return {(row.batch_id, row.requirement_id) for row in findings.itertuples()}


def planted(truth: pd.DataFrame) -> set[tuple[str, str]]:
    return {
        (row.batch_id, requirement)
        for row in truth.itertuples()
        for requirement in row.requirement_ids.split(";")
        if requirement
    }


@pytest.fixture(scope="module")
def sample():
    directory = packaged_path("sample_data") / "synthetic-hipsc"
    return evaluate(directory, "csv"), read_truth(directory / "truth.csv")


def test_the_dispositions_of_the_sixty_sample_lots_are_the_planted_ones(sample):
    evaluation, truth = sample
    wrong = differences(evaluation.dispositions, truth)
    assert wrong.empty, wrong.to_string()


def test_the_findings_of_the_sixty_sample_lots_name_the_planted_requirements(sample):
    evaluation, truth = sample
    assert planted(truth) == found_by(evaluation)


def test_late_positives_of_the_sample_have_their_consequences(sample):
    evaluation, truth = sample
    late = truth["trouble"].str.contains("sterility_growth|sterility_late_positive") & (truth["stage"] != "cell_bank")
    consequences = evaluation.consequences
    assert set(consequences["batch_id"]) == set(
        truth[late & truth["requirement_ids"].str.contains("sterility")]["batch_id"]
    )
    assert set(consequences.groupby("batch_id").size()) == {3}


def test_investigations_of_the_sample_list_every_row_that_names_one(sample):
    directory = packaged_path("sample_data") / "synthetic-hipsc"
    results = pd.read_csv(directory / "results.csv", keep_default_na=False, dtype="str")
    named = results[
        (results["investigation_id"] != "") | (results["retest_of"] != "") | (results["status"] == "invalidated")
    ]
    found = sample[0].investigations
    assert set(named.index + 1) <= set(found["row_number"])
    assert set(found["verdict_if_counted"]) <= {"", "missing", "conforms", "alert", "inconclusive", "fails"}


def test_the_command_line_finds_the_same(tmp_path):
    directory = packaged_path("sample_data") / "synthetic-hipsc"
    command = [
        sys.executable,
        "-c",
        "from regenqc.cli.main import run; run()",
        "evaluate",
        str(directory / "results.csv"),
    ]
    command += ["--batches", str(directory / "batches.csv"), "--as-of", AS_OF, "--out", str(tmp_path / "out")]
    for name in SPECIFICATIONS:
        command += ["--spec", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    dispositions = pd.read_parquet(tmp_path / "out" / "dispositions.parquet")
    wrong = differences(dispositions, read_truth(directory / "truth.csv"))
    assert wrong.empty, wrong.to_string()
    counts = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert counts


@pytest.mark.parametrize(("batches", "seed"), [(2_000, 1), (2_000, 2)], ids=["seed 1", "seed 2"])
def test_the_dispositions_of_two_thousand_lots_are_the_planted_ones(tmp_path, batches, seed):
    simulate(batches=batches, seed=seed, out=tmp_path / "export", file_format="parquet")
    evaluation = evaluate(tmp_path / "export", "parquet")
    truth = read_truth(tmp_path / "export" / "truth.parquet")
    wrong = differences(evaluation.dispositions, truth)
    assert wrong.empty, wrong.head(20).to_string()
    assert planted(truth) == found_by(evaluation)


@pytest.mark.long
def test_the_dispositions_of_sixty_thousand_lots_are_the_planted_ones(tmp_path):
    simulate(batches=60_000, seed=20260101, out=tmp_path / "export", file_format="parquet")
    evaluation = evaluate(tmp_path / "export", "parquet")
    truth = read_truth(tmp_path / "export" / "truth.parquet")
    wrong = differences(evaluation.dispositions, truth)
    assert wrong.empty, wrong.head(20).to_string()
    assert planted(truth) == found_by(evaluation)
