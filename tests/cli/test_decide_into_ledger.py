"""`regenqc decide --ledger` records a decision once, signed by whoever signed it, with its digest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from regenqc.canonical import digest_of
from regenqc.cli.main import run
from regenqc.decision.checklist import find_checklist
from regenqc.decision.folder import DecisionFolder

from .custody_site import event, lines, made_site, regenqc

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_site", "regenqc"]  # fixtures

ARI = Path(__file__).resolve().parents[2] / "sample_data" / "published" / "ari-0001"
LOT = "ARI0001/01"
ITEMS = [item.id for item in find_checklist(jurisdiction="EU", specification="a/b", extends=()).items_of("release")]
LEDGER = ["--ledger", "sqlite:///ledger.db"]
DECIDE = [
    "decide", "judged", "--person", "QP-0500", "--key", "own/qp.key", "--password-file", "own/qp", "--answers",
    "answers.toml",
]  # fmt: skip


@pytest.fixture(scope="session")
def made_ready(made_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make once a site with a ledger that knows the lot, an evaluation, and a Qualified Person enrolled in both."""
    folder = tmp_path_factory.mktemp("decided") / "site"
    shutil.copytree(made_site, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)

        def command(*arguments: str | Path) -> None:
            patch.setattr("sys.argv", ["regenqc", *map(str, arguments)])
            with pytest.raises(SystemExit) as left:
                run()
            assert left.value.code in {0, None}, arguments

        Path("own").mkdir()
        for name, person in (("admin", "ADMIN-001"), ("qp", "QP-0500")):
            Path("own", name).write_text(f"correct horse {name}")
            command(
                "people", "key", person, "--out", f"own/{name}.key", "--password-file", f"own/{name}", "--work-factor",
                "16384",
            )  # fmt: skip
        by = ["--by", "ADMIN-001", "--key", "own/admin.key", "--password-file", "own/admin"]
        expiry = ["--valid-to", "2099-12-31T23:59:59Z"]
        command(
            "people", "found", "--site", "MAKER-1", "--person", "ADMIN-001", "--name", "B. Example", *by[2:], *expiry,
            "--lockout-after", "3", "--session-seconds", "900", "--clock-tolerance-seconds", "60", "--shortest-password", "8",
        )  # fmt: skip
        command("people", "enrol", "QP-0500", "--name", "Ana Example", "--identity", "passport seen", *by)
        command("people", "grant", "QP-0500", "qualified_person", "--reason", "appointed", *by)
        command(
            "people",
            "certify-key",
            "QP-0500",
            "own/qp.key",
            *expiry,
            "--reason",
            "first",
            "--own-password-file",
            "own/qp",
            *by,
        )
        command("people", "accept", "QP-0500", "--key", "own/qp.key", "--password-file", "own/qp")
        command("ledger", "enrol", "QP-0500", "--role", "qualified_person", "--key", "own/qp.key.pub")
        received = event("receipt", "NEW-1", outputs=(f"{LOT}-DP",), lot=LOT, source="MAKER-2")
        Path("new.jsonl").write_bytes(lines([received]))
        command("ledger", "append", "new.jsonl")
        command(
            "evaluate", ARI / "results.csv", "--batches", ARI / "batches.csv", "--spec", "example/car-t-ari-0001", "--out",
            "judged",
        )  # fmt: skip
        confirmed = "\n".join(f'{item} = "yes"' for item in ITEMS)
        text = f'schema = "regenqc.answers/1"\n[[decision]]\nbatch_id = "{LOT}"\nkind = "release"\n[decision.checklist]\n{confirmed}\n'
        Path("answers.toml").write_text(text)
    return folder


@pytest.fixture
def ready(made_ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it, and work in it."""
    folder = tmp_path / "site"
    shutil.copytree(made_ready, folder)
    monkeypatch.chdir(folder)
    return folder


def decisions(regenqc: Command) -> list[dict[str, Any]]:
    size = json.loads(regenqc("ledger", "status", "--json").out)["entries"]
    shown = [json.loads(regenqc("ledger", "show", str(index)).out) for index in range(size)]
    return [each for each in shown if each["kind"] in {"decision", "correction"} and each["actor"] == "QP-0500"]


@pytest.mark.usefixtures("ready")
def test_the_decision_is_recorded_with_its_digest_and_the_ledger_verifies(regenqc: Command) -> None:
    done = regenqc(*DECIDE, *LEDGER)
    assert done.code == 0, done.err
    (recorded,) = decisions(regenqc)
    (decision,) = DecisionFolder(Path("decisions")).read()
    assert (recorded["lot"], recorded["outcome"], recorded["role"]) == (LOT, "release", "qualified_person")
    assert recorded["documents"] == [decision.decision_id]
    file = Path("decisions", f"{decision.decision_id.lower()}.json").read_bytes()
    assert [blob["digest"] for blob in recorded["blobs"]] == [digest_of(file)]
    regenqc("ledger", "checkpoint")
    assert regenqc("ledger", "verify").code == 0


@pytest.mark.usefixtures("ready")
def test_recording_again_adds_nothing(regenqc: Command) -> None:
    assert regenqc(*DECIDE, *LEDGER).code == 0
    done = regenqc(*DECIDE, *LEDGER)
    assert (done.code, "it was there already" in done.out) == (0, True), done.err
    assert len(decisions(regenqc)) == 1


@pytest.mark.usefixtures("ready")
def test_a_decision_made_without_ledger_is_recorded_later(regenqc: Command) -> None:
    assert regenqc(*DECIDE).code == 0
    assert decisions(regenqc) == []
    assert regenqc(*DECIDE, *LEDGER).code == 0
    assert len(decisions(regenqc)) == 1


@pytest.mark.usefixtures("ready")
def test_a_withdrawal_makes_the_recorded_decision_void(regenqc: Command) -> None:
    assert regenqc(*DECIDE, *LEDGER).code == 0
    (decision,) = DecisionFolder(Path("decisions")).read()
    Path("answers.toml").write_text(
        f'schema = "regenqc.answers/1"\n[[decision]]\nbatch_id = "{LOT}"\nkind = "withdrawal"\n'
        f'supersedes = "{decision.decision_id}"\nreason = "signed in error"\n'
    )
    done = regenqc(*DECIDE, *LEDGER)
    assert done.code == 0, done.err
    release, withdrawal = decisions(regenqc)
    assert (withdrawal["kind"], withdrawal["corrects"]) == ("correction", release["event_id"])


@pytest.mark.usefixtures("ready")
def test_without_ledger_or_site_nothing_is_signed(regenqc: Command) -> None:
    done = regenqc(*DECIDE, "--ledger", "sqlite:///nowhere.db")
    assert (done.code, Path("decisions").exists()) == (5, False)
    shutil.rmtree("ledger-home")
    done = regenqc(*DECIDE, *LEDGER)
    assert (done.code, Path("decisions").exists()) == (2, False)


@pytest.mark.usefixtures("ready")
def test_whoever_signed_last_records_a_decision_later_and_nobody_else(regenqc: Command) -> None:
    assert regenqc(*DECIDE).code == 0
    (decision,) = DecisionFolder(Path("decisions")).read()
    record = ["sign", decision.decision_id, *LEDGER]
    done = regenqc(*record, "--person", "ADMIN-001", "--key", "own/admin.key", "--password-file", "own/admin")
    assert (done.code, "RQC-A071" in done.err) == (2, True)
    own = ["--person", "QP-0500", "--key", "own/qp.key", "--password-file", "own/qp"]
    assert regenqc(*record, *own).code == 0
    assert [each["documents"] for each in decisions(regenqc)] == [[decision.decision_id]]
    done = regenqc(*record, *own)
    assert (done.code, "it was there already" in done.out) == (0, True)
    assert len(decisions(regenqc)) == 1
    assert DecisionFolder(Path("decisions")).read() == (decision,)


@pytest.mark.usefixtures("ready")
def test_what_the_ledger_refuses_stays_signed_and_says_so(regenqc: Command) -> None:
    text = Path("answers.toml").read_text().replace(LOT, "ARI0001/02")
    Path("answers.toml").write_text(text)
    done = regenqc(*DECIDE, *LEDGER)
    assert (done.code, "RQC-C" in done.err) == (5, True)
    assert len(DecisionFolder(Path("decisions")).read()) == 1
