"""The signed document of a hospital's decision: what it holds, and every attack on it refused by name."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.reinspection.test_receipt import EXPECTED, GOOD, NOW, SPECIFICATION, judged
from tests.reviewed_messages import Told
from tests.signing.office import Clock, Desk, key_of, password_of, staffed

from regenqc.canonical import canonical_json, digest_of
from regenqc.decision.checklist import find_checklist
from regenqc.decision.hospital import (
    SCHEMA,
    HospitalDecision,
    hospital_content_bytes,
    hospital_decision_bytes,
    hospital_decision_id_of,
    hospital_decision_schema,
    with_hospital_signature,
)
from regenqc.decision.hospital_verification import hospital_decision_faults, parse_hospital_decision
from regenqc.errors import SignatureError
from regenqc.reinspection.receipt import Receipt, ReTest, receipt_bytes
from regenqc.reinspection.receipt.record import hospital_decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WHO = "PHYS-0001"
TOLD = Told(Path(__file__).with_name("hospital_decision_messages.txt"))
LATER = NOW + timedelta(minutes=5)
CHECKLIST = find_checklist(
    jurisdiction=SPECIFICATION.jurisdiction.value, specification=SPECIFICATION.id, extends=SPECIFICATION.extends
)


def drafted(outcome: str = "accept", receipt: Receipt = GOOD, **changes: Any) -> HospitalDecision:
    told: dict[str, Any] = {
        "expected": EXPECTED,
        "specification": SPECIFICATION,
        "checklist": CHECKLIST,
        "people": staffed(),
        "prepared_by": WHO,
        "role": "physician",
        "reason": "" if outcome == "accept" else "too warm on the way",
        "documents": {},
        "supersedes": "",
        "judged_at": NOW,
        "made_at": NOW,
    }
    return hospital_decision(judged(receipt), outcome, **(told | changes))


@pytest.fixture
def signed(tmp_path: Path) -> Callable[..., HospitalDecision]:
    def sign(decision: HospitalDecision, **changes: Any) -> HospitalDecision:
        desk = Desk(tmp_path, clock=Clock(LATER))
        person = changes.pop("person", WHO)
        said: dict[str, Any] = {
            "person": person,
            "key": key_of(person),
            "password": password_of(person),
            "meaning": "receipt",
            "document_id": decision.decision_id,
            "document_schema": SCHEMA,
        }
        return with_hospital_signature(decision, desk.sign(hospital_content_bytes(decision), **(said | changes)))

    return sign


def codes(decision: HospitalDecision, **changes: Any) -> set[str]:
    found = TOLD.hear(hospital_decision_faults(decision, people=staffed(), now=LATER, **changes))
    return {fault.code for fault in found}


@pytest.fixture(autouse=True)
def _reviewed(request: pytest.FixtureRequest) -> Iterator[None]:
    yield from TOLD.reviewed(request.node.name)


def named_anew(decision: HospitalDecision, **changes: Any) -> HospitalDecision:
    """Return another document that names itself rightly: what a forger makes who can compute digests."""
    other = replace(decision, **changes)
    return replace(other, decision_id=hospital_decision_id_of(other))


def test_a_signed_decision_holds_everything_on_which_it_rests(signed: Callable[..., HospitalDecision]) -> None:
    made = signed(drafted())
    assert codes(made) == set()
    assert (made.kind, made.item, made.batch_id, made.disposition) == ("accept", GOOD.item, "LOT-0001", "conditional")
    assert made.receipt_digest == digest_of(receipt_bytes(GOOD))
    assert {each.test: each.verdict for each in made.results}["viability"] == "conforms"
    assert {each.requirement_id: each.pending for each in made.requirements}["sterility"]
    assert [each.requirement_id for each in made.pending] == ["sterility"]
    assert [each.name for each in made.evaluation.inputs] == ["receipt", "packet", "logger"]
    assert {each.found for each in made.checks} == {"complies"}
    assert {each.name: each.value for each in made.lot}["container_integrity"] == (
        "seal intact, container intact, label intact"
    )


def test_a_file_is_read_in_its_one_spelling_only(signed: Callable[..., HospitalDecision]) -> None:
    made = signed(drafted())
    data = hospital_decision_bytes(made)
    assert parse_hospital_decision(data) == made
    for other in (data + b" ", json.dumps(json.loads(data)).encode(), data.replace(SCHEMA.encode(), b"regenqc.x/1")):
        with pytest.raises(SignatureError, match="RQC-A051"):
            parse_hospital_decision(other)
    for other in (b"", b"[]", b"\xff", data[:-20], data.replace(b'"accept"', b'"release"')):
        with pytest.raises(SignatureError, match="RQC-A050"):
            parse_hospital_decision(other)


def test_a_number_that_is_no_text_is_no_decision(signed: Callable[..., HospitalDecision]) -> None:
    told = json.loads(hospital_decision_bytes(signed(drafted())))
    told["receipt"]["containers"] = 1.5
    with pytest.raises(SignatureError, match="RQC-A050"):
        parse_hospital_decision(json.dumps(told).encode())


def test_the_same_decision_has_the_same_identifier_whenever_it_is_made() -> None:
    assert drafted().decision_id == drafted(judged_at=LATER, made_at=LATER).decision_id
    others = {drafted("refuse").decision_id, drafted(supersedes="HOSPITAL-1").decision_id, drafted().decision_id}
    assert len(others) == 3


BROKEN = replace(GOOD, answers=(replace(GOOD.answers[0], answer="no"), *GOOD.answers[1:]))
TOO_FEW = replace(GOOD, results=(ReTest(test="viability", result="64.0", unit="%"),))


@pytest.mark.parametrize("receipt", [BROKEN, TOO_FEW], ids=["broken seal", "low viability"])
def test_what_does_not_conform_is_refused_or_kept_apart_and_never_accepted(
    signed: Callable[..., HospitalDecision], receipt: Receipt
) -> None:
    for outcome in ("refuse", "quarantine"):
        assert codes(signed(drafted(outcome, receipt))) == set()
    for outcome in ("accept", "accept_for_infusion"):
        assert codes(signed(drafted(outcome, receipt))) == {"RQC-A081"}


ATTACKS: dict[str, tuple[Callable[[HospitalDecision], HospitalDecision], set[str]]] = {
    "another outcome": (lambda made: replace(made, kind="accept_for_infusion"), {"RQC-A052", "RQC-G031"}),
    "another lot": (lambda made: replace(made, batch_id="LOT-0002"), {"RQC-A052", "RQC-G031"}),
    "another outcome, named anew": (
        lambda made: named_anew(made, kind="accept_for_infusion"),
        {"RQC-G031", "RQC-G032"},
    ),
    "no signature": (lambda made: replace(made, signatures=()), {"RQC-A053"}),
    "the signature twice": (lambda made: replace(made, signatures=made.signatures * 2), {"RQC-A053"}),
    "no signature asked for": (
        lambda made: named_anew(made, required_signatures=(), signatures=()),
        {"RQC-A053", "RQC-A054"},
    ),
    "a signature of another role asked for": (
        lambda made: replace(made, required_signatures=(replace(made.required_signatures[0], roles=("analyst",)),)),
        {"RQC-A052", "RQC-A054", "RQC-G031"},
    ),
    "another registry": (
        lambda made: replace(made, registry=replace(made.registry, root="sha256:" + 64 * "0")),
        {"RQC-A056", "RQC-G031"},
    ),
    "another site": (lambda made: replace(made, site="HOSPITAL-9"), {"RQC-A052", "RQC-A056", "RQC-G031"}),
    "made after it was signed": (
        lambda made: replace(made, made_at="2026-03-21T12:00:00+00:00"),
        {"RQC-A055", "RQC-G031"},
    ),
    "a made-up moment": (lambda made: replace(made, made_at="yesterday"), {"RQC-G003", "RQC-G031"}),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_document_that_was_changed_is_refused(signed: Callable[..., HospitalDecision], name: str) -> None:
    change, expected = ATTACKS[name]
    assert codes(change(signed(drafted()))) == expected


def with_receipt(made: HospitalDecision, **changes: Any) -> HospitalDecision:
    receipt = made.receipt | changes
    return named_anew(made, receipt=receipt, receipt_digest=digest_of(canonical_json(receipt) + b"\n"))


FORGED: dict[str, tuple[Callable[[HospitalDecision], HospitalDecision], set[str]]] = {
    "the receipt of another container": (lambda made: with_receipt(made, item="DP-0009-1"), {"RQC-A080"}),
    "another receipt than the one it names": (
        lambda made: named_anew(made, receipt=made.receipt | {"containers": "3"}),
        {"RQC-A080"},
    ),
    "who decides received it": (lambda made: with_receipt(made, received_by=WHO), {"RQC-A082"}),
    "who decides read the label": (
        lambda made: with_receipt(made, readings=[made.receipt["readings"][0] | {"by": WHO}]),
        {"RQC-A082"},
    ),
    "who decides looked at the seal": (
        lambda made: with_receipt(made, answers=[made.receipt["answers"][0] | {"by": WHO}]),
        {"RQC-A082"},
    ),
    "the role that received it": (lambda made: with_receipt(made, received_as="physician"), {"RQC-A082"}),
    "nobody received it": (lambda made: with_receipt(made, received_as=""), {"RQC-A082"}),
    "a check that does not comply": (
        lambda made: named_anew(made, checks=(replace(made.checks[0], found="does not comply"), *made.checks[1:])),
        {"RQC-A081"},
    ),
    "a cell that fails": (
        lambda made: named_anew(
            made, requirements=(replace(made.requirements[0], verdict="fails"), *made.requirements[1:])
        ),
        {"RQC-A081"},
    ),
    "on hold": (lambda made: named_anew(made, disposition="hold"), {"RQC-A081"}),
    "not conformant": (lambda made: named_anew(made, outcome="expired"), {"RQC-A081"}),
    "refused without reason": (lambda made: named_anew(made, kind="refuse"), {"RQC-A083"}),
    "an exception without documents": (lambda made: named_anew(made, kind="exceptional", reason="x"), {"RQC-A083"}),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_may_not_be_decided_is_refused_though_a_person_signed_it(
    signed: Callable[..., HospitalDecision], name: str
) -> None:
    forge, expected = FORGED[name]
    assert codes(signed(forge(drafted()))) == expected
    assert codes(forge(drafted()), is_complete=False) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"person": "QP-0001"}, {"RQC-A054"}),
        ({"meaning": "review"}, {"RQC-A054"}),
        ({"document_schema": "regenqc.decision/1"}, {"RQC-G032"}),
    ],
    ids=["by somebody else", "another meaning", "as another document"],
)
def test_another_signature_than_the_one_it_needs_is_refused(
    signed: Callable[..., HospitalDecision], changes: dict[str, Any], expected: set[str]
) -> None:
    made = drafted()
    if "document_schema" in changes:
        signature = signed(made).signatures[0]
        moved = replace(signature, document_schema=changes["document_schema"])
        assert expected <= codes(with_hospital_signature(made, moved))
        return
    assert codes(signed(made, **changes)) == expected


def test_an_analyst_signs_no_decision_of_a_hospital(signed: Callable[..., HospitalDecision]) -> None:
    made = drafted(prepared_by="LAB-0001", role="quality_control")
    assert codes(signed(made, person="LAB-0001")) == {"RQC-A054"}


def test_a_signature_before_its_time_is_refused(signed: Callable[..., HospitalDecision]) -> None:
    found = hospital_decision_faults(signed(drafted()), people=staffed(), now=NOW - timedelta(days=1))
    assert {each.code for each in found} == {"RQC-G035"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a signed decision."""
    made = drafted()
    desk = Desk(tmp_path_factory.mktemp("desk"), clock=Clock(LATER))
    said = {"meaning": "receipt", "document_id": made.decision_id, "document_schema": SCHEMA}
    signature = desk.sign(hospital_content_bytes(made), person=WHO, key=key_of(WHO), password=password_of(WHO), **said)
    return hospital_decision_bytes(with_hospital_signature(made, signature))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255), kept=st.integers(0, 2))
def test_no_byte_of_a_signed_file_can_be_changed(file: bytes, place: int, byte: int, kept: int) -> None:
    at = place % len(file)
    changed = file[:at] + bytes([byte]) + file[at + kept :]
    if changed == file:
        return
    try:
        read = parse_hospital_decision(changed)
    except SignatureError:
        return
    assert hospital_decision_faults(read, people=staffed(), now=LATER)


def test_the_schema_names_every_member() -> None:
    told = hospital_decision_schema()["$defs"]["HospitalDecision"]
    assert set(told["properties"]) == set(HospitalDecision.__struct_fields__)
