"""Receipts: what complies, what does not, and every bad input refused or held by a reason of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from tests.custody.story import COI, HOSPITAL, PATIENT
from tests.reinspection.bedside import DOSE, ready

import regenqc
from regenqc.canonical import canonical_json
from regenqc.errors import DataError
from regenqc.reinspection.receipt import (
    QUESTIONS,
    Answer,
    Expectation,
    IdentityReading,
    PacketFinding,
    Receipt,
    ReTest,
    WayCondition,
    amended,
    expectation_of,
    judge_receipt,
    judge_receipts,
    read_receipt,
    receipt_bytes,
    receipt_findings,
)
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
SPECIFICATION = regenqc.load_specification("example/msc-post-thaw")
EXPECTED = Expectation(
    known=True,
    recipient=PATIENT,
    coi=COI,
    lot="LOT-0001",
    shipment="EV-0016",
    containers=2,
    expires_at="2027-03-16T00:00:00.000Z",
    times_received=1,
)
DIGEST = "sha256:" + 64 * "0"
SEEN = {"recipient": PATIENT, "coi": COI, "lot": "LOT-0001"}
PACKET = PacketFinding(digest=DIGEST, verified=True, batch="LOT-0001", decision="release", certificate="CERTIFICATE-1")
WAY = WayCondition(
    channel="temperature", logger="LOGGER-55", verdict="conforms", explanation=(), troubles=(), digest=DIGEST
)
GOOD = Receipt(
    schema="regenqc.receipt/1",
    item=DOSE,
    site=HOSPITAL,
    shipment="EV-0016",
    received_at="2026-03-16T09:30:00+01:00",
    received_by="PHARM-0099",
    received_as="receiver",
    readings=(
        IdentityReading(by="PHARM-0100", role="pharmacist", **SEEN),
        IdentityReading(by="NURSE-0501", role="nurse", **SEEN),
    ),
    containers="2",
    answers=tuple(Answer(question=each.test, answer="yes", by="PHARM-0100") for each in QUESTIONS),
    expires_at="2027-03-16T01:00:00+01:00",
    shipper="SHIPPER-12",
    requalified_until="2026-06-30",
    packet=PACKET,
    way=(WAY,),
    results=(
        ReTest(test="gram_stain", result="negative"),
        ReTest(test="viability", result="84.1", unit="%"),
        ReTest(test="endotoxin_per_body_weight", result="<0.6", unit="EU/kg"),
        ReTest(test="cell_count", result="102", unit="10^6 cells"),
    ),
    thawed_at="2026-03-16T10:00:00+01:00",
    attributes={"cell_source": "msc"},
)


def judged(receipt: Receipt, expected: Expectation = EXPECTED) -> Any:
    return judge_receipt(receipt, expected=expected, specification=SPECIFICATION, now=NOW)


def codes(receipt: Receipt, expected: Expectation = EXPECTED) -> list[str]:
    return [fault.code for found in receipt_findings(receipt, expected) for fault in found.faults]


def test_a_good_receipt_is_conditional_until_its_culture_ends() -> None:
    found = judged(GOOD)
    assert (found.disposition, found.outcome, found.conforms) == (Disposition.CONDITIONAL, "conformant", True)
    assert found.pending == ("sterility 2026-03-30T09:00:00Z",)


def test_with_the_culture_it_is_eligible() -> None:
    found = judged(replace(GOOD, results=(*GOOD.results, ReTest(test="sterility", result="no growth"))))
    assert (found.disposition, found.explanations) == (Disposition.ELIGIBLE, ())


def other_reading(**changes: str) -> Receipt:
    return replace(GOOD, readings=(GOOD.readings[0], replace(GOOD.readings[1], **changes)))


def way(verdict: str, *troubles: str) -> Receipt:
    return replace(GOOD, way=(WAY, replace(WAY, verdict=verdict, troubles=troubles, explanation=("What was seen.",))))


BAD = {
    "an unknown item": (GOOD, {"known": False}, "RQC-H301", "reject", "no_pedigree_match"),
    "never sent": (GOOD, {"shipment": ""}, "RQC-H301", "reject", "no_pedigree_match"),
    "papers of another shipment": (replace(GOOD, shipment="EV-0099"), {}, "RQC-H301", "reject", "no_pedigree_match"),
    "received twice": (GOOD, {"times_received": 2}, "RQC-H302", "reject", "no_pedigree_match"),
    "one container too few": (replace(GOOD, containers="1"), {}, "RQC-H303", "reject", "mismatch_quantity"),
    "a count that is none": (replace(GOOD, containers="two"), {}, "RQC-H303", "reject", "mismatch_quantity"),
    "a packet of another lot": (
        replace(GOOD, packet=replace(PACKET, batch="LOT-0002")),
        {},
        "RQC-H304",
        "reject",
        "no_pedigree_match",
    ),
    "a packet whose key is expired": (
        replace(GOOD, packet=replace(PACKET, verified=False, faults=("RQC-V141 The key was not valid then.",))),
        {},
        "RQC-H305",
        "reject",
        "no_pedigree_match",
    ),
    "a packet that rejects": (
        replace(GOOD, packet=replace(PACKET, decision="reject")),
        {},
        "RQC-H305",
        "reject",
        "no_pedigree_match",
    ),
    "a logger with a wrong clock": (way("inconclusive", "WRONG_CLOCK"), {}, "RQC-H306", "hold", "non_conformant"),
    "a logger that was silent": (way("inconclusive", "SILENT"), {}, "RQC-H306", "hold", "non_conformant"),
    "an expiry without zone": (
        replace(GOOD, expires_at="2027-03-16T01:00:00"),
        {},
        "RQC-H307",
        "hold",
        "non_conformant",
    ),
    "an expiry without time": (replace(GOOD, expires_at="2027-03-16"), {}, "RQC-H307", "hold", "non_conformant"),
    "a receipt without zone": (
        replace(GOOD, received_at="2026-03-16T09:30:00"),
        {},
        "RQC-H307",
        "hold",
        "non_conformant",
    ),
    "two inspectors with one identity": (other_reading(by="PHARM-0100"), {}, "RQC-H308", "hold", "non_conformant"),
    "one inspector": (replace(GOOD, readings=GOOD.readings[:1]), {}, "RQC-H314", "hold", "non_conformant"),
    "another recipient on the label": (
        other_reading(recipient="PATIENT-0002"),
        {},
        "RQC-H309",
        "reject",
        "mismatch_instance",
    ),
    "another identity on the label": (other_reading(coi="COI-0002"), {}, "RQC-H309", "reject", "mismatch_instance"),
    "another lot on the label": (other_reading(lot="LOT-0002"), {}, "RQC-H309", "reject", "mismatch_instance"),
    "expired": (replace(GOOD, received_at="2027-03-16T01:00:01+01:00"), {}, "RQC-H310", "reject", "expired"),
    "another expiry than recorded": (
        replace(GOOD, expires_at="2027-03-16T00:00:00+01:00"),
        {},
        "RQC-H310",
        "reject",
        "expired",
    ),
    "too warm on the way": (way("fails", "OUTSIDE"), {}, "RQC-H311", "reject", "non_conformant"),
    "a shipper past its date": (
        replace(GOOD, requalified_until="2026-03-15"),
        {},
        "RQC-H312",
        "reject",
        "non_conformant",
    ),
    "a broken seal": (
        replace(GOOD, answers=(*GOOD.answers, Answer(question="receipt_seal", answer="no", by="PHARM-0100"))),
        {},
        "RQC-H313",
        "reject",
        "damaged",
    ),
}


@pytest.mark.parametrize("says", BAD)
def test_bad_input_is_refused_or_held_by_a_reason_of_its_own(says: str) -> None:
    receipt, changes, code, disposition, outcome = BAD[says]
    expected = Expectation(**{name: changes.get(name, getattr(EXPECTED, name)) for name in EXPECTED.__slots__})
    if receipt.received_at.startswith("2027"):
        receipt = replace(receipt, requalified_until="2027-12-31")
    assert set(codes(receipt, expected)) == {code}
    found = judged(receipt, expected)
    assert (found.disposition.value, found.outcome, found.conforms) == (disposition, outcome, False)


@pytest.mark.parametrize(
    "missing",
    ["packet", "readings", "containers", "answers", "expires_at", "shipper", "way", "results"],
)
def test_what_was_not_looked_at_holds(missing: str) -> None:
    empty = None if missing == "packet" else () if isinstance(getattr(GOOD, missing), tuple) else ""
    found = judged(replace(GOOD, **{missing: empty}))
    assert (found.disposition, found.outcome) == (Disposition.HOLD, "non_conformant")
    assert found.explanations


def test_a_re_test_below_its_limit_rejects() -> None:
    results = tuple(replace(each, result="69.9") if each.test == "viability" else each for each in GOOD.results)
    found = judged(replace(GOOD, results=results))
    assert found.disposition is Disposition.REJECT
    assert "69.9" in found.explanations[0]


def test_receipts_are_judged_together_as_each_alone() -> None:
    told = [
        (replace(receipt, item=f"DP-{number}"), EXPECTED)
        for number, (receipt, *_) in enumerate(BAD.values(), start=100)
    ]
    together = judge_receipts(told, specification=SPECIFICATION, now=NOW)
    alone = [
        judge_receipt(receipt, expected=expected, specification=SPECIFICATION, now=NOW) for receipt, expected in told
    ]
    assert [(each.disposition, each.outcome) for each in together] == [
        (each.disposition, each.outcome) for each in alone
    ]


def test_a_receipt_is_read_as_it_was_written() -> None:
    assert read_receipt(receipt_bytes(GOOD)) == GOOD
    assert receipt_bytes(read_receipt(receipt_bytes(GOOD))) == receipt_bytes(GOOD)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"schema":"x","item":"DP-1","site":"H-1"}', b'{"colour":"red"}', b"\xff"]
)
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match="RQC-H300"):
        read_receipt(data)


def test_the_ledger_says_what_is_expected(tmp_path: Path) -> None:
    story = ready()
    with story.book(tmp_path) as book, book.read() as view:
        found = expectation_of(view, DOSE, site=HOSPITAL)
        unknown = expectation_of(view, "DP-9999", site=HOSPITAL)
    assert (found.recipient, found.coi, found.lot) == (PATIENT, COI, "LOT-0001")
    assert (found.shipment, found.containers, found.times_received) == (story.events["ship"].event_id, 1, 1)
    assert unknown == Expectation()


def test_a_receipt_of_an_earlier_version_keeps_its_bytes() -> None:
    told = json.loads(receipt_bytes(amended(GOOD, packet=PACKET)))
    # Written before a packet said by which specification the maker judged.
    assert sorted(told["packet"]) == [
        "batch",
        "certificate",
        "decision",
        "digest",
        "faults",
        "pending",
        "results",
        "verified",
    ]
    data = canonical_json(told) + b"\n"
    assert receipt_bytes(read_receipt(data)) == data
    assert not [each for each in receipt_findings(read_receipt(data), Expectation()) if "RQC-H315" in str(each.faults)]
