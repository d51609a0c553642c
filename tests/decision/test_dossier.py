"""What lies before a person is what the evaluation found; files that say something else are refused."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from regenqc.cli.main import app
from regenqc.decision.dossier import read_dossier
from regenqc.decision.evaluation_files import EvaluationFiles
from regenqc.errors import DataError, RegenqcError, UsageError
from regenqc.specification import load_specification

from .workbench import dossier_of

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_about_a_lot_is_there(files: Path) -> None:
    dossier = dossier_of(files, "ALERT-1")
    assert (dossier.disposition, dossier.counts["alerts"]) == ("eligible", 1)
    assert [row.requirement_id for row in dossier.requirements if row.verdict == "alert"] == ["viability"]
    assert [finding.reported for finding in dossier.findings] == ["72"]
    assert {attribute.name for attribute in dossier.lot} == {"manufactured_at", "donor_relation"}
    row = next(row for row in dossier.results if row.test == "viability")
    assert (row.reported, row.unit, row.limit, row.verdict) == ("72", "%", "≥ 70 %", "alert")


def test_results_stand_in_the_order_of_the_requirements(own_files: Path) -> None:
    from .workbench import judge

    head, *lines = (own_files / "results.csv").read_text().splitlines()
    (own_files / "results.csv").write_text("\n".join([head, *lines[::-1]]) + "\n")
    judge(own_files)
    found = [row.test for row in dossier_of(own_files, "REV-1").results]
    assert found == ["viability", "viability", "mycoplasma", "appearance", "sterility"]


def test_inputs_are_named_without_their_folders(files: Path) -> None:
    assert [entry.name for entry in dossier_of(files, "GOOD-1").evaluation.inputs] == ["results.csv", "batches.csv"]


def test_a_result_changed_after_entry_is_marked_with_what_it_was(files: Path) -> None:
    rows = {row.revision: row for row in dossier_of(files, "REV-1").results if row.test == "viability"}
    assert rows["2"].changed == "changed after entry; it was “90 %” (revision 1)"
    assert rows["1"].changed == "superseded by revision 2 “88 %”"
    assert (rows["1"].counts, rows["2"].counts) == (False, True)


def test_a_revised_result_without_its_first_value_is_marked_too(own_files: Path) -> None:
    results = own_files / "results.csv"
    results.write_text(results.read_text().replace("GOOD-1,viability,90,%,R0,1", "GOOD-1,viability,90,%,R0,3"))
    from .workbench import judge

    judge(own_files)
    row = next(row for row in dossier_of(own_files, "GOOD-1").results if row.test == "viability")
    assert row.changed == "changed after entry; revision 3, the earlier value is not in the export"


def test_every_cell_is_there_the_built_in_ones_included(own_files: Path) -> None:
    from .workbench import judge

    path = own_files / "product.toml"
    path.write_text(path.read_text().replace("[[requirement]]", "valid_from = 2020-01-01\n\n[[requirement]]", 1))
    judge(own_files)
    dossier = dossier_of(own_files, "GOOD-1")
    found = [row.requirement_id for row in dossier.requirements]
    verdicts = pq.read_table(own_files / "judged" / "verdicts.parquet").to_pylist()
    assert sorted(found) == sorted(row["requirement_id"] for row in verdicts if row["batch_id"] == "GOOD-1")
    assert "specification_validity" in found


def test_only_the_rows_of_the_lots_in_question_are_kept(files: Path) -> None:
    own = EvaluationFiles(files / "judged", only=["LOW-1"])
    assert [row["disposition"] for row in own.rows("dispositions")] == ["reject"]
    assert own.rows("results", batch_id="GOOD-1") == []
    assert own.digests == EvaluationFiles(files / "judged").digests


def table(folder: Path, name: str, change: Any) -> None:
    path = folder / "judged" / f"{name}.parquet"
    rows = change(pq.read_table(path).to_pylist())
    pq.write_table(pa.Table.from_pylist(rows), path)


def made(member: str, value: Any, **chosen: str) -> Any:
    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row | {member: value} if all(row[k] == v for k, v in chosen.items()) else row for row in rows]

    return change


def without(**chosen: str) -> Any:
    return lambda rows: [row for row in rows if not all(row[name] == value for name, value in chosen.items())]


@pytest.mark.parametrize(
    ("lot", "name", "change"),
    [
        pytest.param("LOW-1", "dispositions", made("disposition", "eligible", batch_id="LOW-1"), id="a better word"),
        pytest.param("LOW-1", "dispositions", made("fails", 0, batch_id="LOW-1"), id="fewer failures"),
        pytest.param("LOW-1", "verdicts", made("verdict", "conforms", batch_id="LOW-1"), id="better verdicts"),
        pytest.param("LOW-1", "verdicts", without(batch_id="LOW-1"), id="no verdicts"),
        pytest.param("LOW-1", "findings", without(batch_id="LOW-1"), id="no findings"),
        pytest.param("ALERT-1", "findings", without(batch_id="ALERT-1"), id="an alert without its finding"),
        pytest.param("WAIT-1", "findings", without(batch_id="WAIT-1"), id="a pending result without its finding"),
        pytest.param(
            "GOOD-1",
            "verdicts",
            made("requirement_id", "other", batch_id="GOOD-1"),
            id="verdicts of other requirements",
        ),
        pytest.param(
            "GAP-1", "dispositions", made("disposition", "conditional", batch_id="GAP-1"), id="hold as conditional"
        ),
    ],
)
def test_files_that_contradict_each_other_are_refused(own_files: Path, lot: str, name: str, change: Any) -> None:
    table(own_files, name, change)
    with pytest.raises(DataError, match="RQC-A031"):
        dossier_of(own_files, lot)


@pytest.mark.parametrize("name", ["results.csv", "batches.csv"])
def test_an_input_that_changed_since_is_refused(own_files: Path, name: str) -> None:
    run = own_files / "judged" / "run.json"
    run.write_text(
        run.read_text().replace(json.loads(run.read_text())["inputs"][0]["name"], str(own_files / "results.csv"))
    )
    record = json.loads(run.read_text())
    record["batches"]["name"] = str(own_files / "batches.csv")
    run.write_text(json.dumps(record))
    assert dossier_of(own_files, "GOOD-1")
    with (own_files / name).open("a") as file:
        file.write("\n")
    with pytest.raises(DataError, match="RQC-A032"):
        dossier_of(own_files, "GOOD-1")


def test_a_batch_table_that_was_moved_is_named(own_files: Path, files: Path) -> None:
    run = own_files / "judged" / "run.json"
    record = json.loads(run.read_text())
    record["batches"]["name"] = str(own_files / "nowhere.csv")
    run.write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"Name it with --batches"):
        dossier_of(own_files, "GOOD-1")
    specification = load_specification(str(own_files / "product.toml"))
    said = {"batch_id": "GOOD-1", "specification": specification}
    assert read_dossier(EvaluationFiles(own_files / "judged"), batches=files / "batches.csv", **said).lot
    (own_files / "other.csv").write_text("batch_id,expires_at\nGOOD-1,2099-01-01T00:00:00Z\n")
    with pytest.raises(DataError, match="another batch table"):
        read_dossier(EvaluationFiles(own_files / "judged"), batches=own_files / "other.csv", **said)


def test_another_text_of_the_specification_is_refused(own_files: Path) -> None:
    path = own_files / "product.toml"
    path.write_text(path.read_text().replace('min = "70"', 'min = "50"'))
    with pytest.raises(DataError, match="RQC-A033"):
        dossier_of(own_files, "LOW-1")


def test_a_lot_that_was_not_judged_is_refused(files: Path) -> None:
    with pytest.raises(UsageError, match="RQC-A034"):
        dossier_of(files, "NOBODY-1")


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(shutil.rmtree, id="no directory"),
        pytest.param(lambda judged: (judged / "run.json").unlink(), id="no record of the run"),
        pytest.param(lambda judged: (judged / "run.json").write_text("[]"), id="another file of that name"),
        pytest.param(lambda judged: (judged / "verdicts.parquet").unlink(), id="no verdicts"),
        pytest.param(lambda judged: (judged / "findings.parquet").write_bytes(b"PAR1"), id="half a file"),
    ],
)
def test_what_is_no_evaluation_is_refused(own_files: Path, harm: Any) -> None:
    harm(own_files / "judged")
    with pytest.raises(DataError, match="RQC-A030"):
        dossier_of(own_files, "GOOD-1")


def test_a_run_of_several_products_is_decided_on_lot_by_lot(files: Path, tmp_path: Path) -> None:
    from regenqc.cli.evaluate import run_evaluation

    other = tmp_path / "other.toml"
    text = (files / "product.toml").read_text().replace("maker/product", "maker/other")
    other.write_text(text.replace("[[requirement]]", '[product]\ndonor_relation = "allogeneic"\n\n[[requirement]]', 1))
    run_evaluation(
        [str(files / "results.csv")], specifications=[str(files / "product.toml"), str(other)],
        batches=str(files / "batches.csv"), as_of="2026-03-20T12:00:00Z", out=tmp_path / "judged", quiet=True,
    )  # fmt: skip
    specification = load_specification(str(files / "product.toml"))
    assert (
        read_dossier(EvaluationFiles(tmp_path / "judged"), batch_id="GOOD-1", specification=specification).disposition
        == "eligible"
    )


def test_several_specifications_at_once_are_not_decided_on(files: Path, tmp_path: Path) -> None:
    from regenqc.cli.evaluate import run_evaluation

    run_evaluation(
        [str(files / "results.csv")], specifications=[str(files / "product.toml"), "eu/atmp"],
        batches=str(files / "batches.csv"), stage="drug_product_release", as_of="2026-03-20T12:00:00Z", out=tmp_path / "judged", quiet=True,
    )  # fmt: skip
    specification = load_specification(str(files / "product.toml"))
    with pytest.raises(RegenqcError, match="RQC-A035") as error:
        read_dossier(EvaluationFiles(tmp_path / "judged"), batch_id="GOOD-1", specification=specification)
    _, _, said = error.value.faults[0].action.partition("): regenqc ")
    assert said == (
        f"evaluate {files / 'results.csv'} --batches {files / 'batches.csv'} --spec maker/product"
        f" --as-of 2026-03-20T12:00:00Z --out {tmp_path / 'judged-product'}"
    )
    command = said.replace("maker/product", str(files / "product.toml")).split()
    CliRunner().invoke(app, command, catch_exceptions=False)
    alone = EvaluationFiles(tmp_path / "judged-product")
    assert read_dossier(alone, batch_id="GOOD-1", specification=specification).disposition == "eligible"
