"""`regenqc demo` tells the whole story in one command."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from regenqc.specification.derived_functions import FUNCTIONS

from .custody_site import regenqc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .custody_site import Done

__all__ = ["regenqc"]  # a fixture


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the demonstration once, into a directory."""
    out = tmp_path_factory.mktemp("demo") / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "regenqc", "demo", str(out)], capture_output=True, text=True, check=True
    )
    return out, done.stdout


@pytest.fixture(scope="module")
def printed(told: tuple[Path, str]) -> str:
    return " ".join(told[1].split())


def test_demo_judges_every_story_and_writes_a_report_of_each(told: tuple[Path, str], printed: str) -> None:
    stories = sorted(path.parent.name for path in told[0].glob("*/report.html"))
    assert len(stories) == 6
    assert "3 eligible" in printed
    assert "21 reject" in printed
    assert "cn/drug-track" in printed
    assert "limit unverified (3 batches): two_step_release_procedure" in printed


CERTIFIED = {
    "synthetic-cd20-01-reject": "notice of rejection",
    "ari0001-01-release": "certificate of release",
    "ari0001-02-release": "certificate of release",
    "ari0001-03-release": "certificate of release",
    "hp-00000057-release": "certificate of release",
    "hp-00000048-reject": "notice of rejection",
}


@pytest.mark.parametrize(("name", "title"), CERTIFIED.items(), ids=list(CERTIFIED))
def test_demo_ends_with_a_certificate_that_verifies_offline(
    told: tuple[Path, str], printed: str, name: str, title: str
) -> None:
    assert f"✔ {name} {title}" in printed
    assert (told[0] / "signed" / "hospital" / f"{name}.pdf").read_bytes().startswith(b"%PDF-1.7")


def test_demo_shows_that_a_superseded_certificate_no_longer_holds(printed: str) -> None:
    assert (
        "✘ synthetic-cd20-01-conditional-release certificate of conditional release "
        "RQC-V151 A later decision superseded the one that this certificate carries."
    ) in printed


def test_the_command_that_demo_prints_verifies_all_certificates_but_the_superseded_one(told: tuple[Path, str]) -> None:
    (line,) = [line for line in told[1].splitlines() if line.startswith("  again: ")]
    folder, _, command = line.removeprefix("  again: ").partition("; python ")
    arguments = command.replace("*.pdf", " ".join(f"{name}.pdf" for name in CERTIFIED)).split()
    place = folder.removeprefix("cd ")
    done = subprocess.run([sys.executable, *arguments], cwd=place, capture_output=True, text=True, check=True)
    assert done.stdout.count(": VERIFIED") == len(CERTIFIED)


def test_the_certificates_of_the_demo_verify_with_their_pages_and_the_proof_of_the_ledger(
    told: tuple[Path, str], regenqc: Callable[..., Done]
) -> None:
    hospital = told[0] / "signed" / "hospital"
    pdfs = [hospital / f"{name}.pdf" for name in CERTIFIED]
    done = regenqc("verify", *pdfs, "--trust", hospital / "trust", "--now", "2026-07-01T12:00:00Z", "--json")
    assert done.code == 0, done.out
    for name, verdict in json.loads(done.out).items():
        checks = {check["name"]: check["passed"] for check in verdict["checks"]}
        assert checks["pages"], name
        assert checks["ledger"] is (True if "hp-00000057" in name else None), name


RECEIPTS = ("cd20-01-1-accept-for-infusion", "cd20-01-2-refuse")


def test_the_hospital_of_the_demo_certifies_what_it_received_and_what_it_refused(
    told: tuple[Path, str], printed: str, regenqc: Callable[..., Done]
) -> None:
    hospital = told[0] / "signed" / "hospital"
    for name in RECEIPTS:
        assert f"✔ receipt/{name} certificate of receipt, verified by one file alone" in printed
    (line,) = [line for line in told[1].splitlines() if line.startswith("  also: ")]
    _, _, command = line.partition("; python ")
    arguments = command.replace("receipt/*.pdf", " ".join(f"receipt/{name}.pdf" for name in RECEIPTS)).split()
    done = subprocess.run([sys.executable, *arguments], cwd=hospital, capture_output=True, text=True, check=True)
    assert done.stdout.count(": VERIFIED") == len(RECEIPTS)
    pdfs, trust = [hospital / "receipt" / f"{name}.pdf" for name in RECEIPTS], hospital / "receipt" / "trust"
    checked = regenqc("verify", *pdfs, "--trust", trust, "--now", "2026-03-17T12:00:00Z", "--json")
    assert checked.code == 0, checked.out
    for verdict in json.loads(checked.out).values():
        assert (verdict["type"], verdict["container"][:7]) == ("receipt_certificate", "CD20-01")
        assert {each["name"]: each["passed"] for each in verdict["checks"]}["pages"]


def test_a_decision_of_the_demo_about_a_container_is_a_document_in_the_ledger_of_its_hospital(
    told: tuple[Path, str], tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    place = told[0] / "signed" / "receipt"
    ledger = f"sqlite:///{place / 'hospital.db'}"
    out = tmp_path / "documents"
    assert regenqc("reinspect", "export", "CD20-01-1", "--decisions", out, "--ledger", ledger).code == 0
    people = place / "office" / "people"
    done = regenqc("reinspect", "verify", out, "--people", people, "--now", "2026-03-17T12:00:00Z")
    assert done.code == 0, done.out + done.err


def test_the_ledger_of_the_demo_verifies(told: tuple[Path, str], regenqc: Callable[..., Done]) -> None:
    place = told[0] / "signed" / "ledger"
    done = regenqc("ledger", "verify", "--ledger", f"sqlite:///{place / 'ledger.db'}", "--home", place)
    assert done.code == 0, done.out
    assert {path.name for path in place.glob("*.svg")} == {"lineage.svg", "custody.svg"}


def test_demo_runs_again_into_its_own_directory_and_leaves_those_of_others_alone(
    tmp_path: Path, regenqc: Callable[..., Done]
) -> None:
    (tmp_path / "demo" / "signed").mkdir(parents=True)
    (tmp_path / "demo" / "signed" / "mine.txt").write_text("mine")
    done = regenqc("demo", tmp_path / "demo")
    assert (done.code, "RQC-U131" in done.err) == (2, True)
    assert (tmp_path / "demo" / "signed" / "mine.txt").read_text() == "mine"
    (tmp_path / "demo" / "signed" / "mine.txt").rename(tmp_path / "demo" / "signed" / "DEMONSTRATION.txt")
    done = regenqc("demo", tmp_path / "demo")
    assert done.code == 0, done.out + done.err


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
        pytest.param(
            "HP-00000057-1 (administered at HOSPITAL-1), …-2, …-3 (TANK-3/R2)", id="a life: where the dose went"
        ),
        pytest.param("held by MAKER-1 → COURIER-1 → HOSPITAL-1, without gap", id="a life: who held it"),
        pytest.param("bytes prove offline that the release is among them", id="a life: the proof"),
        pytest.param("114 of 114 dispositions are the planted ones", id="every planted disposition is found"),
    ],
)
def test_demo_shows_what_its_text_says(printed: str, shown: str) -> None:
    assert shown in printed


def test_demo_counts_every_function_that_computes_results(printed: str) -> None:
    assert f"computed from others, by {len(FUNCTIONS)} functions" in printed


def test_demo_refuses_one_container_gives_the_other_and_tells_who_received_it(
    told: tuple[Path, str], printed: str
) -> None:
    assert "GO at the bedside CD20-01-1" in printed
    assert "NO-GO at the bedside CD20-01-2" in printed
    assert "RQC-H311 On the way it was outside what is permitted." in printed
    assert "A later decision superseded the one that this certificate carries." in printed
    assert "CD20-01-1 given to PATIENT-0815 on 2026-03-17" in printed
    assert "by 2026-03-29 14:00 UTC: EMA" in printed
    assert "<svg" in (told[0] / "signed" / "receipt" / "receipt-2.html").read_text(encoding="utf-8")
