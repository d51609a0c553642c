"""The annex says what the rules of several jurisdictions allow, about the very results on which the decision rests."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from certificate.lots import decision
from certificate.test_issuing import how, run, write
from regenqc.certificate.annex import read_annex
from regenqc.certificate.content import read_certificate
from regenqc.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + 64 * "0"


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Return a folder with what `regenqc evaluate` writes for two specifications."""
    folder = tmp_path / "judged"
    folder.mkdir()
    of_batch = {"batch_id": "HP-00000001", "stage": "drug_product_release"}
    named = {"spec_version": "1.0.0", "spec_fingerprint": "sha256:" + 64 * "1"}
    told = [("eu/atmp", "conditional"), ("us/investigational", "eligible")]
    table(
        folder / "dispositions.csv", [of_batch | named | {"spec_id": name, "disposition": word} for name, word in told]
    )
    found = [("sterility", "missing"), ("residual_undifferentiated", "alert"), ("sterility", "missing")]
    table(
        folder / "findings.csv",
        [of_batch | {"spec_id": "eu/atmp", "requirement_id": name, "verdict": word} for name, word in found],
    )
    state(folder, inputs=[{"name": "results.csv", "digest": DIGEST}])
    return folder


def table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def state(folder: Path, **run: Any) -> None:
    (folder / "run.json").write_text(json.dumps({"batches": None} | run))


def test_every_jurisdiction_is_a_row_with_what_is_in_the_way(judged: Path, tmp_path: Path) -> None:
    (done,) = run(write(tmp_path / "decisions", decision()), how(tmp_path / "out", annex=read_annex(judged)))
    assert done.state == "issued"
    record = read_certificate((tmp_path / "out" / f"{done.certificate_id}.json").read_bytes())
    assert [(row.specification, row.disposition, row.obstacles) for row in record.annex] == [
        ("eu/atmp", "conditional", ("sterility",)),
        ("us/investigational", "eligible", ()),
    ]


@pytest.mark.parametrize(
    ("inputs", "batch", "what"),
    [
        ([{"name": "results.csv", "digest": "sha256:" + 64 * "7"}], "HP-00000001", "judged from other results"),
        ([{"name": "results.csv", "digest": DIGEST}, {"name": "more.csv", "digest": DIGEST[:-1] + "1"}], "HP-00000001", "other results"),
        ([{"name": "-", "digest": None}], "HP-00000001", "judged from other results"),
        ([{"name": "results.csv", "digest": DIGEST}], "HP-00000002", "says nothing about this batch"),
    ],
    ids=["changed results", "a file more", "files that nobody digested", "another batch"],
)  # fmt: skip
def test_an_annex_about_something_else_is_refused_by_name(
    judged: Path, tmp_path: Path, inputs: list[dict[str, Any]], batch: str, what: str
) -> None:
    state(judged, inputs=inputs)
    (done,) = run(write(tmp_path / "decisions", decision(batch)), how(tmp_path / "out", annex=read_annex(judged)))
    assert (done.state, done.faults[0].code) == ("refused", "RQC-V094")
    assert what in done.faults[0].what
    assert not list((tmp_path / "out").glob("*.json"))


@pytest.mark.parametrize("name", ["dispositions.csv", "findings.csv", "run.json"])
def test_a_folder_that_is_no_output_is_refused(judged: Path, name: str) -> None:
    (judged / name).write_text("[]")
    with pytest.raises(DataError, match="RQC-V090"):
        read_annex(judged)
