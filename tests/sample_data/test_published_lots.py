"""The published lots come out as published, and no hostile row makes a batch look better than it is."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import regenqc

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "sample_data" / "published"
HOSTILE = ROOT / "sample_data" / "hostile"
RELEASE = "drug_product_release"
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def read(path):
    """Return a sample table as text, as a user with pandas would."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def judge(results, specification, *, batches, stage=RELEASE, as_of=LATER):
    return regenqc.evaluate(
        regenqc.read_results(results),
        regenqc.load_specification(f"example/{specification}"),
        batches=batches,
        stage=stage,
        as_of=as_of,
    )


def dispositions(evaluation):
    frame = evaluation.dispositions
    assert frame["batch_id"].is_unique
    return dict(zip(frame["batch_id"].astype(str), frame["disposition"].astype(str), strict=True))


def batches_with(evaluation, *, requirement, verdict):
    frame = evaluation.findings
    chosen = (frame["requirement_id"].astype(str) == requirement) & (frame["verdict"].astype(str) == verdict)
    return set(frame["batch_id"].astype(str)[chosen])


# ---- ARI-0001 --------------------------------------------------------------------------------------------------------

ARI = PUBLISHED / "ari-0001"


@cache
def ari():
    return judge(ARI / "results.csv", "car-t-ari-0001", batches=ARI / "batches.csv")


def test_three_published_lots_of_ari_0001_are_eligible():
    assert dispositions(ari()) == dict.fromkeys(("ARI0001/01", "ARI0001/02", "ARI0001/03"), "eligible")


def test_published_lots_of_ari_0001_have_no_findings():
    assert ari().findings.empty


@pytest.mark.parametrize(
    ("surviving", "difference", "expected"),
    [
        pytest.param("69.9", "40", "eligible", id="the first potency alone is enough"),
        pytest.param("80", "50.1", "eligible", id="the second potency alone is enough"),
        pytest.param("70", "50", "reject", id="both exactly at their exclusive limits fail"),
    ],
)
def test_one_potency_of_two_is_enough(surviving, difference, expected):
    frame = read(ARI / "results.csv")
    frame.loc[frame["test"] == "potency_a", "result"] = surviving
    frame.loc[frame["test"] == "potency_b", "result"] = difference
    evaluation = judge(frame, "car-t-ari-0001", batches=ARI / "batches.csv")
    assert set(dispositions(evaluation).values()) == {expected}


# ---- Tisagenlecleucel, Japan -----------------------------------------------------------------------------------------

JAPAN = PUBLISHED / "tisagenlecleucel-japan"
BOTH = {"TISA-JP-R", "TISA-JP-T-1"}
SAVED_BY_ROUNDING = {"TISA-JP-A", "TISA-JP-T-2"}
OTHER_TESTS_ONLY = {"TISA-JP-U", "TISA-JP-V", "TISA-JP-W"}


@cache
def japan(specification):
    return judge(JAPAN / "results.csv", specification, batches=JAPAN / "batches.csv")


def test_the_japanese_series_has_twenty_four_batches():
    assert len(dispositions(japan("tisagenlecleucel-japan"))) == 24


def test_fifteen_batches_fail_viability_as_published():
    assert len(batches_with(japan("tisagenlecleucel-japan"), requirement="viability", verdict="fails")) == 15


def test_eight_batches_fail_dose_as_published():
    assert len(batches_with(japan("tisagenlecleucel-japan"), requirement="dose", verdict="fails")) == 8


def test_two_batches_fail_viability_and_dose():
    evaluation = japan("tisagenlecleucel-japan")
    viability = batches_with(evaluation, requirement="viability", verdict="fails")
    assert viability & batches_with(evaluation, requirement="dose", verdict="fails") == BOTH


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        pytest.param("viability", "Low viability", id="viability fails where the paper says low viability"),
        pytest.param("dose", "Low dose", id="dose fails where the paper says low dose"),
    ],
)
def test_failures_are_those_that_the_paper_names(requirement, words):
    batches = read(JAPAN / "batches.csv")
    published = set(batches["batch_id"][batches["published_oos_type"].str.contains(words)])
    assert batches_with(japan("tisagenlecleucel-japan"), requirement=requirement, verdict="fails") == published


def test_thirteen_batches_fail_viability_when_the_specification_asks_for_rounding():
    failing = batches_with(japan("tisagenlecleucel-japan-rounded"), requirement="viability", verdict="fails")
    assert len(failing) == 13
    assert not failing & SAVED_BY_ROUNDING


def test_the_finding_says_that_a_result_conforms_only_by_rounding():
    findings = japan("tisagenlecleucel-japan-rounded").findings
    by_rounding = findings[findings["reason_code"].astype(str) == "conforms_by_rounding"]
    assert set(by_rounding["batch_id"].astype(str)) == SAVED_BY_ROUNDING
    assert set(by_rounding["verdict"].astype(str)) == {"alert"}
    assert by_rounding["explanation"].astype(str).str.contains("round", case=False).all()


def test_no_batch_published_as_out_of_specification_is_eligible():
    found = dispositions(japan("tisagenlecleucel-japan"))
    assert {batch for batch, disposition in found.items() if disposition != "reject"} == OTHER_TESTS_ONLY
    assert {found[batch] for batch in OTHER_TESTS_ONLY} == {"hold"}


# ---- Dopaminergic progenitors ----------------------------------------------------------------------------------------

PROGENITORS = PUBLISHED / "dopaminergic-progenitors"


def progenitors(stage):
    return judge(
        PROGENITORS / "results.csv", "dopaminergic-progenitors", batches=PROGENITORS / "batches.csv", stage=stage
    )


def test_published_means_of_the_in_process_markers_conform():
    assert dispositions(progenitors("in_process")) == {"published-mean": "eligible"}


def test_the_endotoxin_that_was_not_analyzed_holds_the_published_panel():
    evaluation = progenitors(RELEASE)
    assert dispositions(evaluation) == {"published-mean": "hold"}
    assert set(evaluation.findings["requirement_id"].astype(str)) == {"endotoxin"}


# ---- CD20 CAR-T, two steps -------------------------------------------------------------------------------------------

TWO_STEP = PUBLISHED / "cd20-car-t-two-step"
LOTS = ("SYNTHETIC-CD20-01", "SYNTHETIC-CD20-02")
DAY_14 = datetime(2026, 3, 26, 14, 0, tzinfo=UTC)  # of the first lot; the second was made a day later
BEFORE = DAY_14 - timedelta(days=10)
AFTER_RELEASE = {"sterility", "mycoplasma", "vector_copy_number"}


def two_step(results, *, as_of=BEFORE, stage=RELEASE, batches=None):
    return judge(
        TWO_STEP / results if isinstance(results, str) else results,
        "car-t-cd20-two-step",
        batches=TWO_STEP / "batches.csv" if batches is None else batches,
        stage=stage,
        as_of=as_of,
    )


def test_the_two_step_lots_are_conditional_before_day_14():
    assert dispositions(two_step("results_day_10.csv")) == dict.fromkeys(LOTS, "conditional")


def test_a_conditional_lot_lists_what_is_pending():
    evaluation = two_step("results_day_10.csv")
    for lot in LOTS:
        findings = evaluation.findings
        pending = findings[
            (findings["batch_id"].astype(str) == lot) & (findings["reason_code"].astype(str) == "pending")
        ]
        assert set(pending["requirement_id"].astype(str)) == AFTER_RELEASE


def test_a_conditional_lot_states_when_its_pending_results_are_due():
    frame = two_step("results_day_10.csv").dispositions
    due = dict(zip(frame["batch_id"].astype(str), pd.to_datetime(frame["pending_until"], utc=True), strict=True))
    assert due == {LOTS[0]: pd.Timestamp(DAY_14), LOTS[1]: pd.Timestamp(DAY_14 + timedelta(days=1))}


def test_an_overdue_final_result_holds_the_lot():
    late = two_step("results_day_10.csv", as_of=DAY_14 + timedelta(minutes=1))
    assert dispositions(late) == {LOTS[0]: "hold", LOTS[1]: "conditional"}


def test_a_lot_whose_time_of_manufacture_is_unknown_has_no_due_date_and_holds():
    batches = read(TWO_STEP / "batches.csv").drop(columns="manufactured_at")
    assert set(dispositions(two_step("results_day_10.csv", batches=batches)).values()) == {"hold"}


@pytest.mark.parametrize("test", ["sterility_day_10", "mycoplasma_day_10"])
def test_the_first_step_needs_the_interim_results(test):
    frame = read(TWO_STEP / "results_day_10.csv")
    assert set(dispositions(two_step(frame[frame["test"] != test])).values()) == {"hold"}


def test_the_two_step_lots_are_eligible_with_the_final_results():
    assert dispositions(two_step("results_final.csv", as_of=LATER)) == dict.fromkeys(LOTS, "eligible")


def test_a_late_positive_rejects_the_lot():
    evaluation = two_step("results_late_positive.csv", as_of=LATER)
    assert dispositions(evaluation) == dict.fromkeys(LOTS, "reject")
    assert batches_with(evaluation, requirement="sterility", verdict="fails") == {LOTS[0]}
    assert batches_with(evaluation, requirement="mycoplasma", verdict="fails") == {LOTS[1]}


@pytest.mark.parametrize("results", ["results_day_10.csv", "results_final.csv", "results_late_positive.csv"])
def test_the_in_process_controls_of_the_two_step_lots_conform(results):
    assert dispositions(two_step(results, stage="in_process", as_of=LATER)) == dict.fromkeys(LOTS, "eligible")


# ---- The hostile export ----------------------------------------------------------------------------------------------


def _expected():
    with (HOSTILE / "expected.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


EXPECTED = _expected()


@cache
def hostile():
    return judge(HOSTILE / "results.csv", "hostile", batches=HOSTILE / "batches.csv")


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row['disposition']}: {row['shows']}")
def test_hostile_batch_comes_out_as_expected(row):
    assert dispositions(hostile())[row["batch_id"]] == row["disposition"]


def test_every_batch_of_the_hostile_export_has_one_disposition_and_no_other_has():
    assert sorted(dispositions(hostile())) == sorted(row["batch_id"] for row in EXPECTED)


def test_only_the_controls_of_the_hostile_export_are_eligible():
    controls = {row["batch_id"] for row in EXPECTED if row["kind"] == "control"}
    assert {batch for batch, disposition in dispositions(hostile()).items() if disposition == "eligible"} == controls


def test_every_fail_open_trap_is_in_the_hostile_export():
    assert {f"F{number}" for number in range(1, 11)} <= {row["quirk"] for row in EXPECTED}


def test_the_order_of_the_hostile_rows_changes_no_disposition():
    shuffled = read(HOSTILE / "results.csv").sample(frac=1, random_state=20260101)
    evaluation = judge(shuffled, "hostile", batches=HOSTILE / "batches.csv")
    assert dispositions(evaluation) == dispositions(hostile())


def unattributed(results):
    batches = read(HOSTILE / "batches.csv")
    return judge(results, "hostile", batches=batches[batches["batch_id"].isin(("C-plain", "C-at-the-limits"))])


def test_a_row_without_batch_holds_every_batch_of_the_run():
    found = dispositions(unattributed(HOSTILE / "results_unattributed.csv"))
    assert found == {"C-plain": "hold", "C-at-the-limits": "hold"}


def test_the_batches_of_the_unattributed_export_are_eligible_without_its_stray_row():
    results = read(HOSTILE / "results_unattributed.csv")
    found = dispositions(unattributed(results[results["batch_id"] != ""]))
    assert found == {"C-plain": "eligible", "C-at-the-limits": "eligible"}


# ---- The commands of sample_data/README.md ---------------------------------------------------------------------------


def regenqc_command(*arguments):
    """Run the command line from the root of the repository, wherever its script is installed."""
    code = "import sys; from regenqc.cli.main import run; sys.argv[0] = 'regenqc'; sys.exit(run())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def _documented_commands():
    text = (ROOT / "sample_data" / "README.md").read_text(encoding="utf-8")
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("regenqc evaluate "):
            command, _, comment = line.partition("#")
            words = shlex.split(command)[1:]
            out = words.index("--out") + 1
            code = re.search(r"exit code (\d)", comment)
            assert code is not None, line
            yield pytest.param(words, out, int(code[1]), id=f"{words[out]} ends with exit code {code[1]}")


@pytest.mark.parametrize(("words", "out", "code"), list(_documented_commands()))
def test_documented_command_ends_as_documented(words, out, code, tmp_path):
    arguments = [*words[:out], str(tmp_path / "out"), *words[out + 1 :]]
    done = regenqc_command(*arguments)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "out" / "dispositions.csv").exists()


@pytest.fixture(scope="module")
def hostile_output(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile") / "out"
    done = regenqc_command(
        "evaluate", str(HOSTILE / "results.csv"), "--batches", str(HOSTILE / "batches.csv"),
        "--spec", "example/hostile", "--as-of", "2026-06-01T00:00:00Z", "--out", str(out),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    return out


def test_every_row_of_the_hostile_export_is_judged_or_refused(hostile_output):
    counts = json.loads((hostile_output / "run.json").read_text(encoding="utf-8"))["counts"]
    assert counts["rows_read"] == len(read(HOSTILE / "results.csv"))
    assert counts["rows_read"] == counts["rows_judged"] + counts["rows_refused"]


def test_the_written_dispositions_of_the_hostile_export_are_those_of_python(hostile_output):
    frame = read(hostile_output / "dispositions.csv")
    assert dict(zip(frame["batch_id"], frame["disposition"], strict=True)) == {
        row["batch_id"]: row["disposition"] for row in EXPECTED
    }


@pytest.mark.parametrize("markup", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>"])
def test_the_report_shows_markup_of_the_laboratory_and_does_not_run_it(hostile_output, markup):
    assert markup not in (hostile_output / "report.html").read_text(encoding="utf-8")


# ---- MSC after thaw --------------------------------------------------------------------------------------------------

MSC = PUBLISHED / "msc-post-thaw"


def test_receipts_after_thaw_come_out_as_expected():
    found = judge(
        MSC / "results.csv",
        "msc-post-thaw",
        batches=read(MSC / "batches.csv"),
        stage="hospital_receipt",
        as_of=datetime(2026, 3, 21, tzinfo=UTC),
    )
    expected = read(MSC / "expected.csv")
    assert dispositions(found) == dict(zip(expected["batch_id"], expected["disposition"], strict=True))


def test_a_culture_that_is_not_final_after_fourteen_days_holds():
    found = judge(
        MSC / "results.csv",
        "msc-post-thaw",
        batches=read(MSC / "batches.csv"),
        stage="hospital_receipt",
        as_of=datetime(2026, 4, 1, tzinfo=UTC),
    )
    assert dispositions(found)["SYNTHETIC-MSC-02"] == "hold"
