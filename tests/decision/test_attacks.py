"""No decision passes that was changed, moved, signed by the wrong people, or made up."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from tests.reviewed_messages import Told
from tests.signing.office import SETTINGS, Clock, enrolled, founded, key_of, staffed, stated

from regenqc.decision.checklist import extended_checklist
from regenqc.decision.drafting import draft_decision, open_draft
from regenqc.decision.model import AuditReviewed, Decision, RegistryName, decision_bytes, decision_id_of
from regenqc.decision.reading import parse_decision
from regenqc.decision.verification import decision_faults
from regenqc.errors import SignatureError

from .workbench import NOW, PEOPLE, checklist_of, decided, dossier_of, full_answers, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.signing import People

LATER = NOW + timedelta(hours=1)
TOLD = Told(Path(__file__).with_name("attack_messages.txt"))
DRUG_TRACK = {"jurisdiction": "CN", "extends": ("cn/drug-track@1.0.0 sha256:0",)}


def codes(decision: Decision, **changes: Any) -> set[str]:
    said: dict[str, Any] = {"people": PEOPLE, "now": LATER}
    return {fault.code for fault in TOLD.hear(decision_faults(decision, **(said | changes)))}


@pytest.fixture(autouse=True)
def _reviewed(request: pytest.FixtureRequest) -> Iterator[None]:
    yield from TOLD.reviewed(request.node.name)


@pytest.fixture
def good(files: Path, tmp_path: Path) -> Decision:
    return signed(decided(dossier_of(files, "GOOD-1")), tmp_path, "QP-0001")


@pytest.fixture
def two_step(files: Path, tmp_path: Path) -> Decision:
    """A release on the drug track with the first of two signatures."""
    return signed(decided(dossier_of(files, "GOOD-1", **DRUG_TRACK)), tmp_path, "QP-0001")


def renamed(decision: Decision, **changes: Any) -> Decision:
    """Return a changed decision under the identifier that its new content has: what a careful forger would do."""
    changed = replace(decision, **changes)
    return replace(changed, decision_id=decision_id_of(changed))


def test_a_decision_with_its_signatures_is_in_force_and_survives_its_file(good: Decision) -> None:
    assert codes(good) == set()
    assert parse_decision(decision_bytes(good)) == good


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"kind": "reject"}, id="another kind"),
        pytest.param({"batch_id": "GOOD-2"}, id="another lot"),
        pytest.param({"stage": "cell_bank"}, id="another stage"),
        pytest.param({"made_at": "2026-03-20T12:00:01+00:00"}, id="another time"),
        pytest.param({"prepared_by": "QP-0002"}, id="another person"),
        pytest.param({"results": ()}, id="results taken out"),
        pytest.param({"checklist": ()}, id="the checklist taken out"),
        pytest.param({"justification": "none"}, id="a word put in"),
        pytest.param({"supersedes": "DECISION-1", "reason": "x"}, id="what it supersedes"),
        pytest.param({"audit": AuditReviewed(entries=0, digest="sha256:0")}, id="another audit trail"),
        pytest.param({"required_signatures": ()}, id="the signatures that it needs"),
    ],
)
def test_content_that_was_changed_after_signing_does_not_hold(good: Decision, change: dict[str, Any]) -> None:
    assert "RQC-G031" in codes(replace(good, **change))
    assert "RQC-G031" in codes(renamed(good, **change))


def test_a_signature_moved_to_another_decision_does_not_hold(good: Decision, files: Path) -> None:
    other = decided(dossier_of(files, "ALERT-1"))
    assert {"RQC-G031", "RQC-G032"} <= codes(replace(other, signatures=good.signatures))


def test_without_signature_nothing_is_in_force(files: Path) -> None:
    assert codes(decided(dossier_of(files, "GOOD-1"))) == {"RQC-A053"}


def test_signed_by_somebody_else_than_who_answered(files: Path, tmp_path: Path) -> None:
    decision = signed(decided(dossier_of(files, "GOOD-1"), by="QP-0002"), tmp_path, "QP-0001")
    assert codes(decision) == {"RQC-A058"}


def test_signed_in_a_role_that_may_not_certify(files: Path, tmp_path: Path) -> None:
    decision = signed(decided(dossier_of(files, "GOOD-1"), by="REV-0001"), tmp_path, "REV-0001")
    assert codes(decision) == {"RQC-A054"}


def test_signed_by_whoever_measured(files: Path, tmp_path: Path) -> None:
    people = stated(staffed(), "role_withdrawn", person_id="LAB-0001", role="analyst", reason="moved")
    people = stated(people, "role_granted", person_id="LAB-0001", role="qualified_person", reason="moved")
    decision = decided(dossier_of(files, "GOOD-1"), by="LAB-0001", people=people)
    from tests.signing.office import Desk, password_of

    from regenqc.decision.model import SCHEMA, content_bytes

    desk = Desk(tmp_path, people=people, clock=Clock(NOW))
    made = desk.sign(
        content_bytes(decision), person="LAB-0001", key=key_of("LAB-0001"), password=password_of("LAB-0001"),
        role="qualified_person", document_id=decision.decision_id, document_schema=SCHEMA,
    )  # fmt: skip
    assert codes(replace(decision, signatures=(made,)), people=people) == {"RQC-A059"}


@pytest.mark.parametrize("name", ["QP-0001", "qp-0001", "Ana Example", "Example, Ana", "Аnа Ехample", "Dr Ana Exämple"])
def test_an_analyst_is_known_by_pseudonym_and_by_name(good: Decision, name: str) -> None:
    rows = tuple(replace(row, analyst=name) for row in good.results)
    assert "RQC-A059" in codes(renamed(good, results=rows))


# ---- two releases (Drug Administration Law Art 47 and 33) ---------------------------------------------------------------------


def test_on_the_drug_track_one_release_is_not_enough(two_step: Decision) -> None:
    assert [each.meaning for each in two_step.required_signatures] == ["factory_release", "marketing_release"]
    assert codes(two_step) == {"RQC-A053"}


def test_on_the_drug_track_two_people_release(two_step: Decision, tmp_path: Path) -> None:
    assert codes(signed(two_step, tmp_path, "QP-0002")) == set()


def test_on_the_drug_track_the_same_person_does_not_release_twice(two_step: Decision, tmp_path: Path) -> None:
    assert codes(signed(two_step, tmp_path, "QP-0001")) == {"RQC-A057"}


@pytest.mark.parametrize(
    "name",
    ["Ana Example", "Аna Example", "Dr. ANA EXAMPLE", "Example, Ána"],
    ids=["same", "Cyrillic", "title", "accent"],
)
def test_one_person_under_two_identifiers_does_not_release_twice(two_step: Decision, tmp_path: Path, name: str) -> None:
    people = enrolled(staffed(), "QP-0009", name=name, role="qualified_person")
    both = signed(two_step, tmp_path, "QP-0009", people=people, roles={"QP-0009": "qualified_person"})
    found = [fault for fault in decision_faults(both, people=people, now=LATER) if fault.code == "RQC-A057"]
    assert [fault.what for fault in found] == [
        "Nobody can tell the names of two signers apart: they may be one person."
    ]


def test_the_signatures_of_a_decision_have_an_order(two_step: Decision, tmp_path: Path) -> None:
    both = signed(two_step, tmp_path, "QP-0002")
    assert {"RQC-A054", "RQC-A058"} <= codes(replace(both, signatures=both.signatures[::-1]))


def test_a_signature_more_than_needed_is_refused(good: Decision, two_step: Decision, tmp_path: Path) -> None:
    both = signed(two_step, tmp_path, "QP-0002")
    assert "RQC-A054" in codes(replace(good, signatures=(*good.signatures, both.signatures[1])))


def test_a_decision_that_asks_for_one_release_where_two_are_needed_is_refused(
    two_step: Decision, tmp_path: Path
) -> None:
    alone = renamed(two_step, required_signatures=two_step.required_signatures[:1], signatures=())
    assert codes(signed(alone, tmp_path / "alone", "QP-0001")) == {"RQC-A054"}


def test_a_decision_under_a_weaker_checklist_is_refused(two_step: Decision, tmp_path: Path) -> None:
    weaker = renamed(two_step, checklist_id="general@1", signatures=())
    assert "RQC-A022" in codes(signed(weaker, tmp_path / "weaker", "QP-0001"))


# ---- whoever may sign, and signs what no one may ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"disposition": "reject"}, "RQC-A001", id="release of what fails"),
        pytest.param({"disposition": "hold"}, "RQC-A001", id="release of what is on hold"),
        pytest.param({"checklist": ()}, "RQC-A007", id="nothing confirmed"),
        pytest.param({"kind": "reject"}, "RQC-A003", id="no justification"),
        pytest.param({"site": "MAKER-2"}, "RQC-A056", id="another site"),
    ],
)
def test_a_valid_signature_does_not_make_valid_what_may_not_be_signed(
    good: Decision, tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    forged = signed(renamed(good, signatures=(), **change), tmp_path / "forged", "QP-0001")
    assert code in codes(forged)


def test_an_alert_that_was_not_acknowledged_is_found_later_too(files: Path, tmp_path: Path) -> None:
    silent = renamed(decided(dossier_of(files, "ALERT-1")), acknowledged=())
    assert codes(signed(silent, tmp_path, "QP-0001")) == {"RQC-A005"}


# ---- time, keys ---------------------------------------------------------------------------------------------------------------


def test_a_signature_older_than_the_decision_is_refused(good: Decision, tmp_path: Path) -> None:
    early = signed(replace(good, signatures=()), tmp_path / "early", "QP-0001", clock=Clock(NOW - timedelta(minutes=5)))
    assert codes(early) == {"RQC-A055"}


def test_a_signature_of_the_future_is_refused(good: Decision) -> None:
    assert codes(good, now=NOW - timedelta(hours=1)) == {"RQC-G035"}


def test_a_decision_signed_with_a_key_that_was_lost_needs_proof_of_its_age(good: Decision) -> None:
    people = stated(
        staffed(), "key_revoked", at=LATER, person_id="QP-0001", key_id=key_of("QP-0001").key_id, basis="compromised",
        since=(LATER - timedelta(minutes=30)).isoformat(), reason="INC-7",
    )  # fmt: skip
    assert codes(good, people=people) == {"RQC-G037"}
    assert codes(good, people=people, proved_at=NOW + timedelta(minutes=2)) == set()


def test_a_signature_given_after_the_batch_expired_does_not_count(files: Path, tmp_path: Path) -> None:
    # LATE-1 expires at 12:30; it was decided at 12:20 and signed at 12:35.
    decision = decided(dossier_of(files, "LATE-1"), now=NOW - timedelta(minutes=40))
    late = signed(decision, tmp_path, "QP-0001", clock=Clock(NOW - timedelta(minutes=25)))
    assert codes(late) == {"RQC-A009"}


def test_a_second_signature_given_after_a_result_was_due_does_not_count(files: Path, tmp_path: Path) -> None:
    decision = decided(dossier_of(files, "WAIT-1", **DRUG_TRACK), "conditional_release")
    half = signed(decision, tmp_path, "QP-0001")
    late = Clock(NOW + timedelta(days=12))
    done = signed(half, tmp_path / "late", "QP-0002", clock=late)
    assert codes(done, now=late()) == {"RQC-A008"}


# ---- author, reviewer, responsible person -------------------------------------------------------------------------------------


def reviewing() -> People:
    """Return the registry of a site that wants a review of every decision."""
    settings = replace(SETTINGS, review_required=True)
    return stated(staffed(), "settings_changed", settings=settings, reason="two pairs of eyes")


def test_where_the_site_wants_a_review_three_people_sign(files: Path, tmp_path: Path) -> None:
    decision = decided(dossier_of(files, "GOOD-1"), by="QP-0002", people=reviewing())
    done = signed(decision, tmp_path, "QP-0002", "REV-0001", "QP-0001", people=reviewing())
    assert [each.meaning for each in done.signatures] == ["authorship", "review", "certification"]
    assert codes(done, people=reviewing()) == set()


def test_the_reviewer_is_not_the_author(files: Path, tmp_path: Path) -> None:
    decision = decided(dossier_of(files, "GOOD-1"), by="QP-0002", people=reviewing())
    signed_twice = signed(decision, tmp_path, "QP-0002", "QP-0002", people=reviewing())
    assert "RQC-A057" in codes(signed_twice, people=reviewing())


def test_a_decision_that_leaves_the_review_out_is_refused(good: Decision, tmp_path: Path) -> None:
    registry = RegistryName(root=reviewing().root, head=reviewing().head)
    alone = signed(renamed(good, registry=registry, signatures=()), tmp_path / "alone", "QP-0001", people=reviewing())
    assert codes(alone, people=reviewing()) == {"RQC-A054"}


def test_a_review_that_the_site_asked_for_later_does_not_undo_a_decision(good: Decision) -> None:
    settings = replace(SETTINGS, review_required=True)
    later = stated(staffed(), "settings_changed", at=LATER, settings=settings, reason="two pairs of eyes")
    assert codes(good, people=later) == set()


# ---- the registry ---------------------------------------------------------------------------------------------------------------


def test_a_registry_that_was_cut_off_before_the_decision_is_refused(files: Path, tmp_path: Path) -> None:
    later = stated(staffed(), "role_withdrawn", person_id="PHYS-0001", role="physician", reason="left")
    decision = signed(decided(dossier_of(files, "GOOD-1"), people=later), tmp_path, "QP-0001", people=later)
    assert codes(decision, people=later) == set()
    assert codes(decision, people=staffed()) == {"RQC-A056"}


def test_a_registry_founded_anew_is_refused(good: Decision) -> None:

    people = enrolled(founded(reason="again"), "QP-0001", name="Ana Example", role="qualified_person")
    assert codes(good, people=people) == {"RQC-A056"}


# ---- form ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        pytest.param(lambda data: data[:-1], "RQC-A051", id="the end of the line is missing"),
        pytest.param(lambda data: data + b"\n", "RQC-A051", id="a line more"),
        pytest.param(lambda data: b" " + data, "RQC-A051", id="a blank more"),
        pytest.param(lambda data: json.dumps(json.loads(data)).encode(), "RQC-A051", id="formatted anew"),
        pytest.param(
            lambda data: data.replace(b'"kind"', b'"kind":"release","kind"', 1), "RQC-A051", id="a member twice"
        ),
        pytest.param(lambda data: data.replace(b'{"acknow', b'{"a":1,"acknow', 1), "RQC-A050", id="a member more"),
        pytest.param(lambda data: data.replace(b"GOOD-1", b"GOOD-2"), "RQC-A052", id="another lot"),
        pytest.param(lambda data: data.replace(b"decision/1", b"decision/2", 1), "RQC-A051", id="another schema"),
        pytest.param(lambda _: b"words", "RQC-A050", id="no JSON"),
    ],
)
def test_a_file_in_another_spelling_is_no_decision(good: Decision, harm: Any, code: str) -> None:
    with pytest.raises(SignatureError, match=code):
        parse_decision(harm(decision_bytes(good)))


@pytest.mark.parametrize("place", [each / 40 for each in range(40)])
def test_no_flipped_bit_passes(good: Decision, place: float) -> None:
    data = bytearray(decision_bytes(good))
    data[int(len(data) * place)] ^= 1
    try:
        changed = parse_decision(bytes(data))
    except SignatureError:
        return
    assert decision_faults(changed, people=PEOPLE, now=LATER)


# ---- checklists of a site -----------------------------------------------------------------------------------------------------

OURS = """
schema  = "regenqc.checklist/1"
id      = "maker-1"
version = "3"
title   = "Maker 1"
extends = "european-union"

[[item]]
id       = "label"
text     = "The label was compared with the approved one."
citation = "SOP-017"
mark     = "verified"
"""


def test_a_site_adds_items_and_whoever_verifies_without_them_checks_the_rest(files: Path, tmp_path: Path) -> None:
    dossier = dossier_of(files, "GOOD-1")
    ours = extended_checklist(checklist_of(dossier), OURS, where="ours.toml")
    draft = open_draft(
        dossier, kind="release", checklist=ours, people=PEOPLE, prepared_by="QP-0001", now=NOW,
        audit=AuditReviewed(entries=0, digest=""),
    )  # fmt: skip
    decision = signed(draft_decision(draft, full_answers(draft, ours), checklist=ours), tmp_path, "QP-0001")
    assert codes(decision) == set()
    assert codes(decision, checklist=ours) == set()
    less = renamed(decision, checklist=decision.checklist[:-1], signatures=())
    assert codes(signed(less, tmp_path / "less", "QP-0001"), checklist=ours) == {"RQC-A007"}


OURS_SIGNED = """
[[signature]]
kinds    = ["release"]
meaning  = "review"
roles    = ["reviewer"]
text     = "The reviewer of the site."
citation = "SOP-018"
mark     = "verified"
"""


def test_a_signature_that_the_site_adds_is_needed_too(files: Path, tmp_path: Path) -> None:
    dossier = dossier_of(files, "GOOD-1")
    ours = extended_checklist(checklist_of(dossier), OURS + OURS_SIGNED, where="ours.toml")
    said = {"kind": "release", "checklist": ours, "people": PEOPLE, "now": NOW}
    draft = open_draft(dossier, prepared_by="REV-0001", audit=AuditReviewed(entries=0, digest=""), **said)
    decision = draft_decision(draft, full_answers(draft, ours), checklist=ours)
    done = signed(decision, tmp_path, "REV-0001", "QP-0001")
    assert codes(done, checklist=ours) == set()
    less = renamed(decision, required_signatures=decision.required_signatures[1:], prepared_by="QP-0001")
    assert codes(signed(less, tmp_path / "less", "QP-0001"), checklist=ours) == {"RQC-A054"}
