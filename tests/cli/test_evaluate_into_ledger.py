"""`regenqc evaluate --ledger` records what was found, once, and never half of it in silence."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from regenqc.custody import Item, event_faults
from regenqc.custody.evaluation_event import evaluation_events
from regenqc.custody.site import parse_site, site_text
from regenqc.errors import SpecificationError

from .custody_site import event, lines, made_site, regenqc, site

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_site", "regenqc", "site"]  # fixtures
pytestmark = pytest.mark.usefixtures("site")

ARI = Path(__file__).resolve().parents[2] / "sample_data" / "published" / "ari-0001"
BATCHES = [line.split(",")[0] for line in (ARI / "batches.csv").read_text().splitlines()[1:]]
EVALUATE = [
    "evaluate", ARI / "results.csv", "--batches", ARI / "batches.csv", "--spec", "example/car-t-ari-0001",
    "--ledger", "sqlite:///ledger.db", "--as-of", "2026-06-30T00:00:00Z",
]  # fmt: skip
LATER = [*EVALUATE[:-1], "2026-07-01T00:00:00Z"]


@pytest.fixture
def with_batches(site: Path, regenqc: Command) -> None:
    """Record where the batches of the export come from."""
    received = [
        event("receipt", f"NEW-{number}", outputs=(f"{batch}-DP",), lot=batch, source="MAKER-2")
        for number, batch in enumerate(BATCHES)
    ]
    (site / "new.jsonl").write_bytes(lines(received))
    assert regenqc("ledger", "append", "new.jsonl").code == 0


def evaluations(regenqc: Command) -> list[dict[str, Any]]:
    regenqc("ledger", "checkpoint")
    size = json.loads(regenqc("ledger", "status", "--json").out)["entries"]
    shown = [json.loads(regenqc("ledger", "show", str(index)).out) for index in range(size)]
    return [each for each in shown if each["kind"] == "evaluation" and each["event_id"].startswith("EVALUATION-")]


@pytest.mark.usefixtures("with_batches")
def test_every_batch_is_recorded_with_digests_of_specification_inputs_and_disposition(regenqc: Command) -> None:
    done = regenqc(*EVALUATE)
    assert done.code == 0, done.err
    found = evaluations(regenqc)
    assert {each["lot"] for each in found} == set(BATCHES)
    digests = {blob["name"] for each in found for blob in each["blobs"]}
    assert digests == {"specification", "input", "disposition"}
    results = f"sha256:{hashlib.sha256((ARI / 'results.csv').read_bytes()).hexdigest()}"
    assert all(results in {blob["digest"] for blob in each["blobs"]} for each in found)
    assert {each["outcome"] for each in found} == {"eligible"}
    assert regenqc("ledger", "verify").code == 0


@pytest.mark.usefixtures("with_batches")
@pytest.mark.parametrize("second", [EVALUATE, LATER], ids=["at the same moment", "a day later with the same outcome"])
def test_running_it_again_records_nothing_more(second: list[str], regenqc: Command) -> None:
    assert regenqc(*EVALUATE).code == 0
    first = evaluations(regenqc)
    done = regenqc(*second)
    assert (done.code, "were there already" in done.out) == (0, True)
    assert evaluations(regenqc) == first


def test_a_batch_that_the_ledger_does_not_know_is_an_error_and_the_files_are_written(regenqc: Command) -> None:
    done = regenqc(*EVALUATE, "--out", "judged")
    assert (done.code, "RQC-C161" in done.err) == (5, True)
    assert Path("judged/run.json").exists()


def test_without_a_ledger_nothing_is_judged(regenqc: Command) -> None:
    arguments = [*EVALUATE, "--out", "judged"]
    arguments[arguments.index("sqlite:///ledger.db")] = "sqlite:///nothing.db"
    done = regenqc(*arguments)
    assert (done.code, Path("judged").exists(), Path("nothing.db").exists()) == (5, False, False)


@pytest.mark.usefixtures("with_batches")
def test_the_exit_code_of_the_evaluation_stays(regenqc: Command) -> None:
    assert regenqc(*EVALUATE, "--stage", "in_process").code == 1
    assert regenqc(*EVALUATE, "--json").code == 0


# ---- the pure function ------------------------------------------------------------------------------------------------------

SITE = parse_site(site_text(code="MAKER-1", system="SYSTEM-0001", zone="+01:00"))
ROW = {
    "batch_id": "LOT-1",
    "stage": "drug_product_release",
    "disposition": "hold",
    "spec_id": "example/one",
    "spec_version": "1.0.0",
    "spec_fingerprint": f"sha256:{'0' * 64}",
    "missing": 2,
    "pending_until": None,
    "evaluated_at": "2026-03-16T12:00:00Z",
}
INPUTS = [f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"]


def made(row: dict[str, Any] = ROW, *, items: tuple[str, ...] = ("DP-1",), inputs: list[str] = INPUTS) -> Any:
    moments = {"evaluated_at": "2026-03-16T12:00:00.000Z", "recorded_at": "2026-03-16T12:00:01.000Z"}
    return evaluation_events(row, items=items, inputs=inputs, site=SITE, **moments)


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        pytest.param(made(ROW | {"evaluated_at": "2026-03-17T12:00:00Z"}), True, id="another moment is the same"),
        pytest.param(made(inputs=INPUTS[::-1]), True, id="another order of inputs is the same"),
        pytest.param(made(ROW | {"disposition": "reject"}), False, id="another disposition is another"),
        pytest.param(made(ROW | {"missing": 3}), False, id="another count is another"),
        pytest.param(made(ROW | {"spec_fingerprint": f"sha256:{'3' * 64}"}), False, id="another specification"),
        pytest.param(made(inputs=INPUTS[:1]), False, id="other inputs are another"),
        pytest.param(made(items=("DP-1", "DP-2")), False, id="further items are another"),
    ],
)
def test_an_event_is_named_by_what_was_evaluated_and_what_came_of_it(changed: Any, is_same: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (changed[0].event_id == made()[0].event_id) is is_same


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(made(), id="a batch"),
        pytest.param(
            made(ROW | {"spec_id": "", "spec_version": "", "spec_fingerprint": ""}), id="without specification"
        ),
        pytest.param(made(ROW | {"spec_id": None, "spec_version": None, "spec_fingerprint": None}), id="null"),
        pytest.param(made(items=()), id="without items"),
        pytest.param(made(items=tuple(f"{'V' * 120}-{number:06d}" for number in range(1001))), id="1,001 long codes"),
    ],
)
def test_an_event_is_right_in_itself(events: Any) -> None:
    from regenqc.custody import encode_event

    for each in events:
        assert event_faults(each) == []
        assert len(encode_event(each)) <= 65_535


def test_a_large_batch_is_recorded_in_several_events_that_name_every_item_once() -> None:
    codes = tuple(f"DP-{number}" for number in range(1001))
    assert [item.id for each in made(items=codes) for item in each.items] == list(codes)


def test_a_batch_that_is_no_code_is_a_fault_and_not_another_batch() -> None:
    (found,) = made(ROW | {"batch_id": "LOT 1"}, items=())
    assert found.items == (Item("LOT 1"),)
    assert event_faults(found)
    assert event_faults(replace(found, items=(Item("LOT-1"),), lot="LOT-1")) == []


def test_an_evaluation_names_the_procedures_of_its_site_and_another_version_of_one_is_another_evaluation() -> None:
    row = {"batch_id": "LOT-1", "stage": "drug_product_release", "disposition": "eligible", "spec_id": "a/b"}
    row |= {"spec_version": "1", "spec_fingerprint": "sha256:" + 64 * "0"}
    moment = "2026-03-16T12:00:00.000Z"
    found = [
        evaluation_events(row, items=["DP-1"], inputs=[], site=site, evaluated_at=moment, recorded_at=moment)[0]
        for site in (SITE, *(dataclasses.replace(SITE, procedures={"SOP-QC-014": version}) for version in "34"))
    ]
    assert [each.documents for each in found] == [
        ("a/b#1",),
        ("a/b#1", "procedure/SOP-QC-014#3"),
        ("a/b#1", "procedure/SOP-QC-014#4"),
    ]
    assert len({each.event_id for each in found}) == 3


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ('[procedures]\n"SOP 1" = "3"', "procedures"),
        ('[procedures]\n"SOP-1" = 3', "procedures.SOP-1"),
        ('[procedures]\n"SOP-1" = "3#4"', "procedures.SOP-1"),
        ('[specifications]\n"a/b" = "1.0.0"', "specifications.a/b"),
        ('specifications = "a/b"', "specifications"),
    ],
)
def test_versions_of_a_site_file_that_say_nothing_are_refused(table: str, where: str) -> None:
    text = site_text(code="MAKER-1", system="SYSTEM-0001", zone="+01:00")
    text = f"{table}\n{text}" if "[" not in table else f"{text}\n{table}\n"
    with pytest.raises(SpecificationError) as caught:
        parse_site(text)
    assert [fault.where for fault in caught.value.faults] == [f"site.toml {where}"]
