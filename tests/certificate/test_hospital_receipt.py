"""Certificates of receipt: made of a hospital's signed decision, verified with its registry of people, attacked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.reinspection.test_hospital_decision import BROKEN
from tests.signing.office import lines_of, staffed

from certificate import hospital_lots, site
from certificate.test_issuing import how, run
from certificate.test_single_file import folder as alone
from certificate.test_single_file import run as run_alone
from regenqc.certificate.content import certificate_bytes, read_certificate
from regenqc.certificate.making import make_certificate
from regenqc.certificate.page import make_page
from regenqc.decision.hospital import hospital_decision_bytes
from regenqc.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["alone"]  # fixture


def verify(data: bytes, **options: Any) -> Any:
    return site.verify(data, **{"trust": hospital_lots.trust(), "now": hospital_lots.ISSUED} | options)


def codes(data: bytes, **options: Any) -> list[str]:
    return [fault.code for fault in verify(data, **options).faults]


def facts(page: dict[str, Any]) -> dict[str, str]:
    return {row["label"][0]: row["value"] for section in page["facts"] for row in section["rows"]}


def test_an_accepted_container_gets_a_certificate_of_receipt_that_verifies() -> None:
    made = hospital_lots.certificate()
    assert (made.type, made.fields["container"]) == ("receipt_certificate", hospital_lots.GOOD.item)
    assert verify(site.pdf(made)).ok
    page = make_page(made)
    assert page["conclusion"]["texts"] == ["Accepted"]
    assert "the data allow: acceptance, with results to follow" in page["conclusion"]["sentence"]
    assert facts(page)["Seal, container and label"] == "seal intact, container intact, label intact"
    assert [table["heading"][0] for table in page["tables"]] == ["Results", "Tests still pending"]


@pytest.mark.parametrize("outcome", ["quarantine", "refuse"])
def test_what_was_wrong_stands_on_the_certificate_with_the_reason(outcome: str) -> None:
    made = hospital_lots.certificate(hospital_lots.signed(outcome, receipt=BROKEN))
    page = make_page(made)
    (found,) = (table for table in page["tables"] if table["heading"][0].startswith("Out of specification"))
    assert any("seal" in cell["texts"][0].lower() for row in found["rows"] for cell in row["cells"])
    assert {"heading": ["Justification"], "texts": [["too warm on the way"]]} in page["paragraphs"]
    assert verify(site.pdf(made)).ok


def test_what_the_specification_did_not_ask_stands_there_too() -> None:
    made = hospital_lots.signed()
    (first, *others) = made.checks
    doubtful = msgspec.structs.replace(first, test="receipt_unasked", found="", codes=("RQC-H308",), why="One person.")
    page = make_page(hospital_lots.certificate(msgspec.structs.replace(made, checks=(doubtful, *others))))
    (found,) = (table for table in page["tables"] if table["heading"][0].startswith("Out of specification"))
    assert [cell["texts"][0] for cell in found["rows"][-1]["cells"]] == [
        "Receipt unasked",
        "Inconclusive",
        "One person.",
    ]


def test_certify_issues_the_certificates_of_a_hospital_once(tmp_path: Path) -> None:
    made = hospital_lots.signed()
    path = tmp_path / "decision.json"
    path.write_bytes(hospital_decision_bytes(made))
    issue = how(
        tmp_path / "out",
        profile=hospital_lots.profile("en", "zh"),
        people=lines_of(staffed()),
        now=hospital_lots.ISSUED,
    )
    assert [each.state for each in run([path], issue)] == ["issued"]
    assert [each.state for each in run([path], issue)] == ["kept"]
    (pdf,) = (tmp_path / "out").glob("*.pdf")
    assert pdf.stem == f"{made.decision_id}-HR"
    assert verify(pdf.read_bytes()).ok
    changed = hospital_decision_bytes(made).replace(b'"84.1"', b'"98.2"')
    path.write_bytes(changed)
    (refused,) = run([path], how(tmp_path / "other", profile=issue.profile, people=issue.people, now=issue.now))
    assert (refused.state, refused.faults[0].code) == ("refused", "RQC-A052")


def test_a_superseded_decision_of_a_hospital_gets_no_certificate(tmp_path: Path) -> None:
    first = hospital_lots.signed("quarantine")
    second = hospital_lots.signed("accept", supersedes=first.decision_id)
    paths = []
    for name, each in (("first", first), ("second", second)):
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_bytes(hospital_decision_bytes(each))
    issue = how(tmp_path / "out", profile=hospital_lots.profile(), people=lines_of(staffed()), now=hospital_lots.ISSUED)
    assert [each.certificate_id for each in run(paths, issue)] == [f"{second.decision_id}-HR"]
    known = (("second.json", hospital_decision_bytes(second)),)
    earlier = certificate_bytes(hospital_lots.certificate(first))
    assert codes(earlier) == []
    assert codes(earlier, trust=hospital_lots.trust(known=known)) == ["RQC-V151"]


def test_the_single_file_verifies_it(alone: Path) -> None:
    (alone / "trust" / "people.jsonl").write_bytes(lines_of(staffed()))
    (alone / "trust" / "people.root").write_text(staffed().root)
    now = ("--now", hospital_lots.ISSUED.isoformat())
    made = hospital_lots.certificate(None, "en", "zh")
    (alone / "received.pdf").write_bytes(site.pdf(made))
    done = run_alone(alone, "received.pdf", *now)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[0]) == (0, "", "received.pdf: VERIFIED")


def _record(decision: Any) -> bytes:
    return certificate_bytes(hospital_lots.certificate(decision))


def test_another_container_than_the_decision_has_is_found() -> None:
    made = hospital_lots.certificate()
    other = msgspec.structs.replace(made, fields=made.fields | {"container": "DP-9999-9"}, seal=None)
    assert codes(certificate_bytes(site.issuer().seal(other))) == ["RQC-V122"]


def test_the_registry_of_the_manufacturer_does_not_vouch_for_a_hospital() -> None:
    assert "RQC-A056" in codes(_record(hospital_lots.signed()), trust=site.trust())


@pytest.mark.parametrize("certificate_type", ["release_certificate", "certificate_of_analysis", "rejection_notice"])
def test_a_decision_of_a_hospital_releases_nothing(certificate_type: str) -> None:
    made = hospital_lots.certificate()
    with pytest.raises(DataError, match="RQC-V040"):
        make_certificate(
            made.decision,
            profile=hospital_lots.profile(),
            issued_at=made.issued_at,
            certificate_type=certificate_type,
        )
    posing = site.issuer().seal(msgspec.structs.replace(made, type=certificate_type, seal=None))
    assert "RQC-V121" in codes(certificate_bytes(posing))


def test_a_record_is_read_as_it_was_written() -> None:
    made = hospital_lots.certificate()
    assert read_certificate(certificate_bytes(made)) == made
