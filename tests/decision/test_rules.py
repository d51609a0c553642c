"""What may be decided, what must be said, and what no one may sign."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from regenqc.decision.answers import Confirmation, parse_answers
from regenqc.decision.drafting import draft_decision
from regenqc.decision.model import Attribute, decision_id_of
from regenqc.decision.rules import content_faults, required_acknowledgements
from regenqc.errors import UsageError

from .workbench import AS_OF, NOW, OPEN, checklist_of, decided, dossier_of, drafted, full_answers

if TYPE_CHECKING:
    from pathlib import Path


def codes(error: pytest.ExceptionInfo[UsageError]) -> set[str]:
    return {fault.code for fault in error.value.faults}


@pytest.mark.parametrize(
    ("lot", "disposition"),
    [
        ("GOOD-1", "eligible"),
        ("ALERT-1", "eligible"),
        ("LOOK-1", "eligible"),
        ("WAIT-1", "conditional"),
        ("GAP-1", "hold"),
        ("ODD-1", "hold"),
        ("LOW-1", "reject"),
    ],
)
def test_the_lots_are_what_the_tests_take_them_for(files: Path, lot: str, disposition: str) -> None:
    assert dossier_of(files, lot).disposition == disposition


@pytest.mark.parametrize(
    ("lot", "kind"),
    [
        pytest.param("GOOD-1", "release", id="release of what is eligible"),
        pytest.param("ALERT-1", "release", id="release with an alert that is acknowledged"),
        pytest.param("LOOK-1", "release", id="release with a reported failure that is acknowledged"),
        pytest.param("WAIT-1", "conditional_release", id="conditional release with what is pending"),
        pytest.param("GOOD-1", "reject", id="rejection of what is eligible, justified"),
        pytest.param("GAP-1", "reject", id="rejection of what is on hold, justified"),
        pytest.param("LOW-1", "reject", id="rejection of what fails"),
        pytest.param("LOW-1", "exceptional_release", id="exceptional release with every document"),
    ],
)
def test_these_may_be_signed(files: Path, lot: str, kind: str) -> None:
    assert decided(dossier_of(files, lot), kind).kind == kind


@pytest.mark.parametrize(
    ("lot", "kind"),
    [
        pytest.param("LOW-1", "release", id="release of what fails"),
        pytest.param("LOW-1", "conditional_release", id="conditional release of what fails"),
        pytest.param("GAP-1", "release", id="release although a result is missing"),
        pytest.param("ODD-1", "release", id="release although a result is not understood"),
        pytest.param("GAP-1", "conditional_release", id="conditional release although a result must come before"),
        pytest.param("GAP-1", "exceptional_release", id="exceptional release of what is unknown"),
        pytest.param("WAIT-1", "release", id="full release although a result is pending"),
        pytest.param("WAIT-1", "exceptional_release", id="exceptional release of what does not fail"),
        pytest.param("GOOD-1", "conditional_release", id="conditional release without a condition"),
        pytest.param("GOOD-1", "exceptional_release", id="exceptional release of what conforms"),
    ],
)
def test_these_no_one_may_sign(files: Path, lot: str, kind: str) -> None:
    with pytest.raises(UsageError, match="No one may sign this") as refused:
        decided(dossier_of(files, lot), kind)
    assert "RQC-A001" in codes(refused)


@pytest.mark.parametrize(("lot", "kind"), [("GOOD-1", "reject"), ("GAP-1", "reject"), ("LOW-1", "exceptional_release")])
@pytest.mark.parametrize("text", ["   ", "n/a", "none", "-"])
def test_a_departure_needs_a_justification(files: Path, lot: str, kind: str, text: str) -> None:
    with pytest.raises(UsageError, match="RQC-A003"):
        decided(dossier_of(files, lot), kind, justification=text)


# ---- acknowledgements -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lot", "kind", "needed"),
    [
        ("GOOD-1", "release", set()),
        ("ALERT-1", "release", {"alert:viability"}),
        ("LOOK-1", "release", {"failure:appearance"}),
        ("WAIT-1", "conditional_release", {"conditional:sterility"}),
        ("LOW-1", "exceptional_release", {"failure:viability"}),
    ],
)
def test_everything_that_is_not_simply_right_is_acknowledged_by_name(
    files: Path, lot: str, kind: str, needed: set[str]
) -> None:
    dossier = dossier_of(files, lot)
    found = {f"{each.kind}:{each.id}" for each in required_acknowledgements(drafted(dossier, kind))}
    assert found == needed
    for name in found:
        with pytest.raises(UsageError, match=f"RQC-A005.*{name}"):
            decided(dossier, kind, acknowledged=tuple(found - {name}))


def test_a_requirement_that_nobody_verified_is_acknowledged(files: Path) -> None:
    decision = drafted(dossier_of(files, "GOOD-1"), "release")
    rows = tuple(
        replace(row, mark="unverified") if row.requirement_id == "viability" else row for row in decision.requirements
    )
    found = required_acknowledgements(replace(decision, requirements=rows))
    assert ("unverified_limit", "viability") in {(each.kind, each.id) for each in found}


def test_what_is_pending_under_a_limit_that_nobody_verified_is_acknowledged_as_both(files: Path) -> None:
    decision = drafted(dossier_of(files, "WAIT-1"), "conditional_release")
    rows = tuple(
        replace(row, mark="unverified") if row.requirement_id == "sterility" else row for row in decision.requirements
    )
    found = [(each.kind, each.id) for each in required_acknowledgements(replace(decision, requirements=rows))]
    assert found == [("conditional", "sterility"), ("unverified_limit", "sterility")]


def test_a_removed_requirement_is_acknowledged_with_its_justification(files: Path) -> None:
    from regenqc.decision.model import RemovedItem

    decision = drafted(dossier_of(files, "GOOD-1"), "release")
    removed = replace(decision, removed=(RemovedItem(requirement_id="rcl", justification="no vector is used"),))
    found = {each.id: each for each in required_acknowledgements(removed)}
    assert (found["rcl"].kind, found["rcl"].text) == ("removed", "no vector is used")
    assert "RQC-A005" in {fault.code for fault in content_faults(removed, checklist_of(dossier_of(files, "GOOD-1")))}


def test_what_is_not_there_cannot_be_acknowledged(files: Path) -> None:
    dossier = dossier_of(files, "GOOD-1")
    with pytest.raises(UsageError, match="RQC-A006"):
        decided(dossier, acknowledged=("alert:viability",))


# ---- checklist --------------------------------------------------------------------------------------------------------------


def answered(files: Path, lot: str = "GOOD-1", **answers: Any):
    dossier = dossier_of(files, lot)
    draft, checklist = drafted(dossier, "release"), checklist_of(dossier)
    full = full_answers(draft, checklist)
    kept = {name: each for name, each in (full.checklist | answers).items() if each is not None}
    return draft_decision(draft, replace(full, checklist=kept), checklist=checklist)


@pytest.mark.parametrize("item", ["tests_present", "deviations", "audit_trail", "register"])
def test_every_item_must_be_confirmed(files: Path, item: str) -> None:
    with pytest.raises(UsageError, match=f"An item of the checklist is not confirmed.*{item}"):
        answered(files, **{item: None})
    with pytest.raises(UsageError, match="RQC-A007"):
        answered(files, **{item: Confirmation(answer="no", comment="not yet")})


@pytest.mark.parametrize(
    ("item", "comment", "is_right"),
    [
        pytest.param("import_testing", "made in the Union", True, id="where it may be, with a reason"),
        pytest.param("import_testing", "", False, id="without a reason"),
        pytest.param("import_testing", "none", False, id="with a word for nothing"),
        pytest.param("deviations", "none", False, id="where it always applies"),
    ],
)
def test_an_item_does_not_apply_only_where_that_may_be_and_with_a_reason(
    files: Path,
    item: str,
    comment: str,
    is_right: bool,  # noqa: FBT001 - a column of the table
) -> None:
    answer = Confirmation(answer="not_applicable", comment=comment)
    if is_right:
        assert answered(files, **{item: answer})
    else:
        with pytest.raises(UsageError, match="RQC-A007"):
            answered(files, **{item: answer})


def test_an_item_that_the_checklist_does_not_have_is_refused(files: Path) -> None:
    with pytest.raises(UsageError, match="The checklist has no such item"):
        answered(files, weather=Confirmation(answer="yes"))


def test_a_rejection_needs_no_confirmation(files: Path) -> None:
    assert decided(dossier_of(files, "LOW-1"), "reject").checklist == ()


# ---- the exceptional path (EU: GMP Part IV 11.53, 11.54; KR: PM Rule Art 20(3)6) -----------------------------------------------


@pytest.mark.parametrize("document", OPEN)
def test_every_document_of_the_exceptional_path_is_needed(files: Path, document: str) -> None:
    without = {name: text for name, text in OPEN.items() if name != document}
    with pytest.raises(UsageError, match=f"RQC-A004.*{document}"):
        decided(dossier_of(files, "LOW-1"), "exceptional_release", exceptional=without)
    with pytest.raises(UsageError, match="RQC-A004"):
        decided(dossier_of(files, "LOW-1"), "exceptional_release", exceptional=OPEN | {document: " "})
    with pytest.raises(UsageError, match="RQC-A004"):
        decided(dossier_of(files, "LOW-1"), "exceptional_release", exceptional=OPEN | {document: "to follow"})


def test_a_failed_test_of_safety_closes_the_exceptional_path(files: Path) -> None:
    with pytest.raises(UsageError, match="A failed test of safety closes the exceptional path"):
        decided(dossier_of(files, "MYCO-1"), "exceptional_release")


def test_what_is_unknown_closes_the_exceptional_path(files: Path) -> None:
    with pytest.raises(UsageError, match="never for what is unknown"):
        decided(dossier_of(files, "BOTH-1"), "exceptional_release")


@pytest.mark.parametrize(
    ("jurisdiction", "extends"),
    [("US", ()), ("JP", ()), ("INT", ()), ("CN", ()), ("CN", ("cn/drug-track@1.0.0 sha256:0",))],
)
def test_where_no_rule_is_known_there_is_no_exceptional_path(
    files: Path, jurisdiction: str, extends: tuple[str, ...]
) -> None:
    dossier = dossier_of(files, "LOW-1", jurisdiction=jurisdiction, extends=extends)
    with pytest.raises(UsageError, match="There is no exceptional path here") as refused:
        decided(dossier, "exceptional_release")
    assert "RQC-A013" in codes(refused)


def test_in_korea_the_exception_is_for_cells_of_the_recipient(files: Path) -> None:
    dossier = dossier_of(files, "LOW-1", jurisdiction="KR")
    documents = {document.id: "DOC-1" for document in checklist_of(dossier).exceptional}
    assert decided(dossier, "exceptional_release", exceptional=documents)
    draft = drafted(dossier, "exceptional_release")
    other = replace(draft, lot=(Attribute(name="donor_relation", value="allogeneic"),))
    answers = full_answers(other, checklist_of(dossier), exceptional=documents)
    with pytest.raises(UsageError, match="The exceptional path is not open to this lot"):
        draft_decision(other, answers, checklist=checklist_of(dossier))


# ---- time -------------------------------------------------------------------------------------------------------------------


def test_a_pending_result_that_is_overdue_keeps_the_batch(files: Path) -> None:
    dossier = dossier_of(files, "WAIT-1")
    assert dossier.pending[0].due == "2026-03-30T08:00:00Z"
    late = AS_OF + timedelta(days=12)
    with pytest.raises(UsageError, match="RQC-A008"):
        decided(dossier, "conditional_release", now=late)


def test_an_expired_batch_is_released_by_nobody(files: Path) -> None:
    dossier = dossier_of(files, "LATE-1")
    assert dossier.disposition == "eligible"  # it had half an hour left when it was judged
    with pytest.raises(UsageError, match="RQC-A009"):
        decided(dossier, now=NOW)
    assert decided(dossier, "reject", now=NOW)


def test_an_evaluation_of_the_future_is_not_decided_on(files: Path) -> None:
    with pytest.raises(UsageError, match="RQC-A010"):
        decided(dossier_of(files, "GOOD-1"), now=AS_OF - timedelta(seconds=1))


# ---- superseding, answers ---------------------------------------------------------------------------------------------------


def test_whoever_supersedes_says_why(files: Path) -> None:
    dossier = dossier_of(files, "GOOD-1")
    with pytest.raises(UsageError, match="RQC-A011"):
        decided(dossier, supersedes="DECISION-1")
    with pytest.raises(UsageError, match="RQC-A011"):
        decided(dossier, supersedes="DECISION-1", reason="n/a")
    with pytest.raises(UsageError, match="RQC-A011"):
        decided(dossier, reason="no decision before")
    assert decided(dossier, supersedes="DECISION-1", reason="a result was corrected").supersedes == "DECISION-1"


def test_a_withdrawal_names_what_it_withdraws(files: Path) -> None:
    with pytest.raises(UsageError, match="RQC-A011"):
        decided(dossier_of(files, "GOOD-1"), "withdrawal")


def test_answers_about_another_batch_are_refused(files: Path) -> None:
    with pytest.raises(UsageError, match="RQC-A012"):
        decided(dossier_of(files, "GOOD-1"), batch_id="GOOD-2")


def test_the_same_answers_are_the_same_decision_whenever_they_are_given(files: Path) -> None:
    dossier = dossier_of(files, "GOOD-1")
    first, second = decided(dossier), decided(dossier, now=NOW + timedelta(days=1))
    assert first.decision_id == second.decision_id
    assert first.decision_id == decision_id_of(first)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "reject"},
        {"by": "QP-0002"},
        {"supersedes": "DECISION-1", "reason": "x"},
    ],
)
def test_other_answers_are_another_decision(files: Path, changes: dict[str, str]) -> None:
    dossier = dossier_of(files, "GOOD-1")
    kind, by = changes.pop("kind", "release"), changes.pop("by", "QP-0001")
    assert decided(dossier, kind, by=by, **changes).decision_id != decided(dossier).decision_id


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('schema = "regenqc.answers/2"\ndecision = []', id="another schema"),
        pytest.param('schema = "regenqc.answers/1"\n[[decision]]\nbatch_id = "A"', id="no kind"),
        pytest.param(
            'schema = "regenqc.answers/1"\n[[decision]]\nbatch_id = "A"\nkind = "let go"', id="an unknown kind"
        ),
        pytest.param(
            'schema = "regenqc.answers/1"\n[[decision]]\nbatch_id = "A"\nkind = "release"\nsigned = true',
            id="an unknown key",
        ),
        pytest.param(
            'schema = "regenqc.answers/1"\n[[decision]]\nbatch_id = "A"\nkind = "release"\nchecklist = { a = "perhaps" }',
            id="an unknown answer",
        ),
        pytest.param('schema = "regenqc.answers/1"\ndecision = "yes"', id="no table"),
        pytest.param("= =", id="no TOML"),
    ],
)
def test_a_file_of_answers_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="RQC-A040"):
        parse_answers(text, where="answers.toml")
