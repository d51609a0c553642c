"""Which lots a review speaks of, and what became of them."""

from __future__ import annotations

import csv
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from msgspec import convert
from tests.certificate import lots as made
from tests.reinspection.bedside import AT_HOSPITAL, ready
from tests.reinspection.test_aftermath import treated
from tests.review.conftest import PRODUCT, SAMPLE
from typer.testing import CliRunner

from regenqc.cli.main import app
from regenqc.decision.evaluation_files import EvaluationFiles
from regenqc.decision.model import Decision
from regenqc.errors import DataError, UsageError
from regenqc.intake import read_batches
from regenqc.review.after_release import lots_afterwards
from regenqc.review.failures import failures_of
from regenqc.review.latest import latest_results
from regenqc.review.lots import LotsOfPeriod, decided, judged, lots_of_period

if TYPE_CHECKING:
    from pathlib import Path

START, END = date(2025, 11, 1), date(2026, 6, 30)


def one_lot(batch_id: str) -> LotsOfPeriod:
    return LotsOfPeriod(product="P", lots={batch_id: "2026-01-01"}, earlier=(), later=(), undated=())


def table(*rows: tuple[str, str, str]):
    return read_batches(
        pa.table(
            {name: [row[at] for row in rows] for at, name in enumerate(("batch_id", "product", "manufactured_at"))}
        )
    )


def test_a_lot_belongs_to_the_period_in_which_it_was_made_first_and_last_day_included() -> None:
    found = lots_of_period(
        table(
            ("B1", "P", "2025-10-31T23:00:00Z"), ("B2", "P", "2026-06-30"), ("B3", "P", "2025-11-01T00:30:00+09:00"),
            ("B4", "P", "2026-07-01"), ("B5", "P", ""), ("B6", "P", "05/11/2025"), ("B7", "Q", "2026-01-01"),
        ),
        product="P", start=START, end=END,
    )  # fmt: skip
    assert found.lots == {"B3": "2025-11-01", "B2": "2026-06-30"}
    assert (found.earlier, found.later, found.undated) == (("B1",), ("B4",), ("B5", "B6"))


def test_a_review_is_of_one_product_and_of_a_period() -> None:
    two = table(("B1", "P", "2026-01-01"), ("B2", "Q", "2026-01-01"))
    with pytest.raises(UsageError, match="RQC-U160"):
        lots_of_period(two, product=None, start=START, end=END)
    with pytest.raises(UsageError, match="RQC-U160"):
        lots_of_period(two, product="R", start=START, end=END)
    with pytest.raises(UsageError, match="RQC-U161"):
        lots_of_period(two, product="P", start=END, end=START)
    with pytest.raises(DataError, match="RQC-D050"):
        lots_of_period(
            read_batches(pa.table({"batch_id": ["B1"], "product": ["P"]})), product="P", start=START, end=END
        )


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "in another order"])
def test_the_latest_evaluation_counts_and_what_it_changed_is_said(
    evaluations: tuple[Path, Path],
    turned: bool,  # noqa: FBT001
) -> None:
    lots = lots_of_period(read_batches(str(SAMPLE / "batches.csv")), product=PRODUCT, start=START, end=END)
    given = evaluations[::-1] if turned else evaluations
    found = judged([EvaluationFiles(path) for path in given], lots)
    expected = {}
    for path in evaluations:
        with (path / "dispositions.csv").open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                if row["batch_id"] in lots.lots:
                    key = (row["batch_id"], row["stage"])
                    expected.setdefault(key, []).append(row["disposition"])
    assert {(each.batch_id, each.stage): each.disposition for each in found} == {
        key: several[-1] for key, several in expected.items()
    }
    changed = {(each.batch_id, each.stage): each.earlier for each in found if each.earlier}
    assert changed == {
        key: several[0] for key, several in expected.items() if len(several) == 2 and several[0] != several[1]
    }
    assert changed


def test_failures_are_those_of_the_latest_evaluation(evaluations: tuple[Path, Path]) -> None:
    lots = lots_of_period(read_batches(str(SAMPLE / "batches.csv")), product=PRODUCT, start=START, end=END)
    found = failures_of([EvaluationFiles(path) for path in evaluations], lots)
    with (evaluations[1] / "findings.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["batch_id"] in lots.lots]
    assert len(found.findings) == sum(row["verdict"] == "fails" for row in rows) > 0
    cells = {(row["stage"], row["requirement_id"], row["batch_id"]) for row in rows}
    assert sum(sum(each.counts.values()) for each in found.requirements) == len(cells)
    with (SAMPLE / "results.csv").open(encoding="utf-8") as stream:
        results = [row for row in csv.DictReader(stream) if row["batch_id"] in lots.lots]
    assert len(found.invalidated) == sum(row["status"] == "invalidated" for row in results) > 0
    assert len(found.retests) == sum(row["retest_of"] != "" for row in results) > 0
    assert found.revised == sum(row["revision"] not in {"", "1"} for row in results) > 0


def test_a_decision_without_all_its_signatures_is_none() -> None:
    decision = convert(made.decision("HP-00000001"), Decision)
    key = ("HP-00000001", decision.stage, decision.spec.id)
    assert decided([decision], one_lot("HP-00000001")) == {key: decision}
    assert decided([decision], one_lot("HP-00000002")) == {}
    unsigned = convert(made.unsigned_decision("HP-00000001"), Decision)
    assert decided([unsigned], one_lot("HP-00000001")) == {}


def test_a_ledger_says_what_was_given_and_what_stops_the_rest(tmp_path: Path) -> None:
    with treated().book(tmp_path) as book, book.read() as view:
        (found,) = lots_afterwards(view, one_lot("LOT-0001"))
        assert found.given == 1
        assert lots_afterwards(view, one_lot("LOT-9999")) == ()
    (tmp_path / "recalled").mkdir()
    story = ready().add("recall", "recall", reason="late positive", lot="LOT-0001", **AT_HOSPITAL)
    with story.book(tmp_path / "recalled") as book, book.read() as view:
        (found,) = lots_afterwards(view, one_lot("LOT-0001"))
    assert found.given == 0
    assert any("recalled" in stop for stop in found.stops)
    assert all("PAT" not in stop for stop in found.stops)


def test_an_evaluation_of_one_stage_takes_nothing_of_another_away(tmp_path: Path) -> None:
    outputs = []
    for number, stage in enumerate(("in_process", "drug_product_release"), 1):
        out = tmp_path / stage
        done = CliRunner().invoke(
            app,
            ["evaluate", str(SAMPLE / "results.csv"), "--batches", str(SAMPLE / "batches.csv"), "--spec",
             "example/hipsc-progenitors", "--stage", stage, "--as-of", f"2026-06-{number:02d}T00:00:00Z", "--out", str(out),
             "--exit-zero"],
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        outputs.append(EvaluationFiles(out))
    lots = lots_of_period(read_batches(str(SAMPLE / "batches.csv")), product=PRODUCT, start=START, end=END)
    assert {each.stage for each in judged(outputs, lots)} == {"in_process", "drug_product_release"}
    stages = {each.stage for each in failures_of(outputs, lots).requirements}
    assert {"in_process", "drug_product_release"} <= stages
    rows = [row for table in latest_results(outputs, lots.lots) for row in table.to_pylist()]
    places = [(row["source"], row["row_number"]) for row in rows if row["row_number"] is not None]
    assert len(places) == len(set(places))


def test_rows_without_a_stage_are_of_the_one_at_which_was_judged(tmp_path: Path) -> None:
    with (SAMPLE / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["stage"] == "in_process"]
    names = [name for name in rows[0] if name != "stage"]
    with (tmp_path / "results.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app,
        ["evaluate", str(tmp_path / "results.csv"), "--batches", str(SAMPLE / "batches.csv"), "--spec",
         "example/hipsc-progenitors", "--stage", "in_process", "--out", str(out), "--exit-zero"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    lots = lots_of_period(read_batches(str(SAMPLE / "batches.csv")), product=PRODUCT, start=START, end=END)
    (table,) = latest_results([EvaluationFiles(out)], lots.lots)
    assert set(table["stage"].to_pylist()) == {"in_process"}
    assert table.num_rows > 0
