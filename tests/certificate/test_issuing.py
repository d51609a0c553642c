"""Certificates are issued once each, whole or not at all, and a run that was killed is taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from certificate import site
from certificate.lots import decision, identified, profile, signature, unsigned_decision
from regenqc.canonical import canonical_json
from regenqc.certificate.issuing import Issue, Issued, issue_all
from regenqc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

TESTS = Path(__file__).resolve().parents[1]


def write(folder: Path, *documents: dict[str, Any]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = []
    for document in documents:
        path = folder / f"{document['batch_id']}-{document['decision_id']}.json"
        path.write_bytes(canonical_json(document) + b"\n")
        paths.append(path)
    return paths


def how(out: Path, **changes: Any) -> Issue:
    key, certificate = site.issuer_files(site.MAKER)
    options: dict[str, Any] = {
        "out": out,
        "profile": profile(),
        "key": key,
        "certificate": certificate,
        "password": site.PASSWORD,
        "people": site.registry().data,
        "now": site.NOW,
    }
    return Issue(**options | changes)


def run(paths: Sequence[Path], issue: Issue, **options: Any) -> list[Issued]:
    found: list[Issued] = []
    issue_all(paths, issue, on_issued=found.append, **options)
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".issuing")


def test_a_decision_gives_a_record_and_its_pages_that_verify(tmp_path: Path) -> None:
    (issued,) = run(write(tmp_path / "d", decision()), how(tmp_path / "c"))
    assert names(tmp_path / "c") == [f"{issued.certificate_id}.json", f"{issued.certificate_id}.pdf"]
    for name in names(tmp_path / "c"):
        assert site.verify((tmp_path / "c" / name).read_bytes()).ok


def test_running_twice_issues_nothing_twice(tmp_path: Path) -> None:
    paths = write(tmp_path / "d", decision("HP-1"), decision("HP-2"))
    assert [each.state for each in run(paths, how(tmp_path / "c"))] == ["issued", "issued"]
    before = {name: (tmp_path / "c" / name).read_bytes() for name in names(tmp_path / "c")}
    later = site.NOW.replace(day=25)
    assert [each.state for each in run(paths, how(tmp_path / "c", now=later))] == ["kept", "kept"]
    assert {name: (tmp_path / "c" / name).read_bytes() for name in names(tmp_path / "c")} == before


def test_a_record_without_pages_gets_them_and_stays_the_same(tmp_path: Path) -> None:
    paths = write(tmp_path / "d", decision())
    (issued,) = run(paths, how(tmp_path / "c", signs_pdf=False))
    pdf = tmp_path / "c" / f"{issued.certificate_id}.pdf"
    record, pages = pdf.with_suffix(".json").read_bytes(), pdf.read_bytes()
    pdf.unlink()
    later = how(tmp_path / "c", now=site.NOW.replace(day=25), signs_pdf=False)
    assert [each.state for each in run(paths, later)] == ["completed"]
    assert (pdf.with_suffix(".json").read_bytes(), pdf.read_bytes()) == (record, pages)


def test_two_processes_issue_the_same_as_one(tmp_path: Path) -> None:
    paths = write(tmp_path / "d", *(decision(f"HP-{number}") for number in range(6)))
    one = run(paths, how(tmp_path / "one", signs_pdf=False))
    two = run(paths, how(tmp_path / "two", signs_pdf=False), processes=2)
    assert one == two
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_run_that_is_killed_is_taken_up_again(tmp_path: Path) -> None:
    paths = write(tmp_path / "d", *(decision(f"HP-{number:03d}") for number in range(30)))
    script = (
        "import sys; from pathlib import Path\n"
        "from certificate.test_issuing import how, run\n"
        f"run(sorted(Path({str(tmp_path / 'd')!r}).iterdir()), how(Path({str(tmp_path / 'c')!r})))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as process:
        for _ in range(3000):
            if len(list((tmp_path / "c").glob("*.pdf"))) >= 5 or process.poll() is not None:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    issued_before = {path.name: path.read_bytes() for path in (tmp_path / "c").glob("*.pdf")}
    assert 0 < len(issued_before) < 30
    for content in issued_before.values():
        assert content.rstrip().endswith(b"%%EOF")
    # The key of the killed run was one of its own; what it issued is kept, and the rest is issued.
    states = [each.state for each in run(paths, how(tmp_path / "c"))]
    assert states.count("kept") == len(issued_before)
    assert len(list((tmp_path / "c").glob("*.pdf"))) == 30
    assert not list((tmp_path / "c").glob(".*.part"))
    assert all((tmp_path / "c" / name).read_bytes() == content for name, content in issued_before.items())


def test_no_second_run_issues_into_the_same_folder(tmp_path: Path) -> None:
    paths = write(tmp_path / "d", decision("HP-1"), decision("HP-2"))
    refused = []

    def again(_: Issued) -> None:
        with pytest.raises(UsageError) as error:
            run(paths, how(tmp_path / "c"))
        refused.append(error.value.code)

    issue_all(paths, how(tmp_path / "c"), on_issued=again)
    assert refused == ["RQC-V080", "RQC-V080"]


def test_an_unsigned_decision_gets_no_certificate(tmp_path: Path) -> None:
    (issued,) = run(write(tmp_path / "d", unsigned_decision() | {"signatures": []}), how(tmp_path / "c"))
    assert (issued.state, [fault.code for fault in issued.faults]) == ("refused", ["RQC-A053"])
    assert names(tmp_path / "c") == []


def test_a_decision_whose_signature_does_not_verify_gets_no_certificate(tmp_path: Path) -> None:
    forged = decision() | {"signatures": decision("HP-2")["signatures"]}
    (issued,) = run(write(tmp_path / "d", forged), how(tmp_path / "c"))
    assert (issued.state, issued.faults[0].code) == ("refused", "RQC-G031")
    assert names(tmp_path / "c") == []


def test_a_superseded_decision_gets_no_certificate_and_the_later_one_says_what_it_supersedes(tmp_path: Path) -> None:
    older = decision()
    newer = unsigned_decision("HP-00000001", supersedes=older["decision_id"], reason="expiry corrected")
    newer |= {"signatures": [signature(newer)]}
    (first,) = run(write(tmp_path / "d", older), how(tmp_path / "c"))
    found = run(write(tmp_path / "d", older, newer), how(tmp_path / "c"))
    assert [each.state for each in found] == ["issued"]
    record = (tmp_path / "c" / f"{found[0].certificate_id}.json").read_bytes()
    assert b'"supersedes":"' + first.certificate_id.encode() in record


def test_a_withdrawal_gets_no_certificate(tmp_path: Path) -> None:
    older = decision()
    withdrawn = identified(
        unsigned_decision(
            "HP-00000001", "withdrawal", supersedes=older["decision_id"], reason="late positive", checklist=[]
        )
    )
    withdrawn |= {"signatures": [signature(withdrawn)]}
    assert run(write(tmp_path / "d", older, withdrawn), how(tmp_path / "c")) == []


def test_a_missing_field_is_named_and_the_other_lots_go_on(tmp_path: Path) -> None:
    bare = unsigned_decision("HP-1", lot=[{"name": "batch_id", "value": "HP-1"}])
    bare |= {"signatures": [signature(bare)]}
    found = run(write(tmp_path / "d", bare, decision("HP-2")), how(tmp_path / "c"))
    assert [each.state for each in found] == ["refused", "issued"]
    assert [fault.what for fault in found[0].faults] == [
        "The certificate has to state date_of_manufacture, and nothing states it.",
        "The certificate has to state expiry, and nothing states it.",
    ]


def test_a_file_that_is_no_decision_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text("{}")
    (issued,) = run([path, tmp_path / "absent.json"][:1], how(tmp_path / "c"))
    assert (issued.state, issued.faults[0].code, issued.source) == ("refused", "RQC-V082", str(path))


def test_a_wrong_password_stops_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RQC-V051"):
        run(write(tmp_path / "d", decision()), how(tmp_path / "c", password=site.PASSWORD[:-1]))
    assert names(tmp_path / "c") == []
