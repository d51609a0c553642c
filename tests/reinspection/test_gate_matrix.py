"""The complete matrix of the gate: whatever single condition is broken, the answer is no-go with exactly that reason."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace as bent
from tests.custody.story import COI, HOSPITAL, MAKER, PATIENT, condition
from tests.reinspection.bedside import (
    AT_HOSPITAL,
    BEDSIDE,
    DOSE,
    END,
    NURSE,
    PHARMACIST,
    PHYSICIAN,
    PLAN,
    RULES,
    STUDY,
    SUBJECT,
    Story,
    minutes_later,
    ready,
    treat_another,
)

from regenqc.canonical import digest_of
from regenqc.custody.record import Blob, Item, Measurement
from regenqc.reinspection.gate import CONDITIONS, GateRules, KnownCheckpoint, ask_gate, judge_gate
from regenqc.reinspection.gate.gathering import gather

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regenqc.reinspection.gate import Facts, GateAnswer


@dataclass(frozen=True)
class Case:
    """One break.

    Args:
        says: what is broken, in words.
        name: of the condition that must say no.
        bend: changes the story.
        asked: members of the question that change.
        rules: of the gate.
        facts: changes what was gathered, where no ledger would take the break.
        blob: kept beside the ledger.
        checkpoint: by which the ledger is known.
    """

    says: str
    name: str
    bend: Callable[[Story], object] = lambda _: None
    asked: dict[str, Any] | None = None
    rules: GateRules = RULES
    facts: Callable[[Facts], Facts] = lambda facts: facts
    blob: bytes = b""
    checkpoint: KnownCheckpoint | None = None


def handed_over_without_shipping(story: Story) -> None:
    for name in ("pack", "ship", "sensor_reading", "receive", "unpack", "reinspect", "decision"):
        story.drop(name)
    two = {"second_actor": PHARMACIST, "second_role": "pharmacist"}
    check = story.events.pop("check")
    story.add("handover", "handover", items=(DOSE,), source=MAKER, destination=HOSPITAL, coi=COI, **two)
    story.events["check"] = bent(check, event_time=story.now, record_time=story.now)
    story.write.clock += 60_000


def accepted_early(story: Story) -> None:
    """Accept the dose in another site's hands, before it was unpacked and inspected here."""
    names = list(story.events)
    told = {name: story.events[name] for name in names}
    unpacked, decided = told["unpack"], told["decision"]
    early = bent(decided, event_time=unpacked.event_time, record_time=unpacked.event_time)
    story.events.clear()
    for name in names:
        if name == "decision":
            continue
        if name == "reinspect":
            story.events["decision"] = early
            again = {"site": HOSPITAL, "actor": PHARMACIST, "role": "pharmacist"}
            story.events["pack again"] = bent(unpacked, kind="pack", event_id="EV-9001", container="BOX-9", outcome="")
            story.events["unpack again"] = bent(unpacked, event_id="EV-9002", container="BOX-9", **again)
        story.events[name] = told[name]


def document(*pending: tuple[str, str]) -> bytes:
    return json.dumps({"pending": [{"requirement_id": name, "due": due} for name, due in pending]}).encode()


def conditional(data: bytes) -> Callable[[Story], object]:
    blobs = (Blob(digest_of(data), "decision"),)
    return lambda story: story.bend("maker decision", outcome="conditional_release", blobs=blobs)


def thawed(**members: Any) -> Callable[[Story], object]:
    return lambda story: story.add(
        "thaw", "thaw_at_bedside", items=(DOSE,), coi=COI, recipient=PATIENT, **BEDSIDE, **members
    )


def said(kind: str, **members: Any) -> Callable[[Story], object]:
    return lambda story: story.add("said", kind, **(AT_HOSPITAL | members))


def reacted(name: str = "reaction", **said_so: Any) -> Callable[[Story], object]:
    """Report an adverse event, with what is said of its seriousness and of whether it is related."""
    words = tuple(Measurement(word, said_so.pop(word)) for word in ("serious", "related") if word in said_so)
    members = {"recipient": PATIENT, "measurements": words, **AT_HOSPITAL, **said_so}
    return lambda story: story.add(name, "adverse_event", **members)


BANK = "MCB-0001/V001"
BANK_REJECTED = {"kind": "decision", "outcome": "reject"}
BANK_RECALLED = {"kind": "recall", "reason": "contaminated"}
BANK_FAILED = {"kind": "evaluation", "outcome": "reject", "stage": "cell_bank", "documents": ("example/bank#1",)}


def from_a_bank(*told: dict[str, Any], late: bool = False) -> Callable[[Story], object]:
    """Make the culture of a vial of a bank, too, and tell of the bank before the lot is made, or after all the rest."""

    def bend(story: Story) -> None:
        began = story.events["make modification"]
        before = {"event_time": began.event_time, "record_time": began.event_time}
        source = story.write("donation", outputs=("BIOPSY-0001",), donor="DONOR-0009", **before)
        banked = story.write(
            "banking", inputs=("BIOPSY-0001",), outputs=(BANK,), lot="MCB-0001", stage="cell_bank", **before
        )
        about = [story.write(**each, items=(BANK,), **({} if late else before)) for each in told]
        story.bend("make modification", inputs=(*began.inputs, Item(BANK)))
        names = {"biopsy": source, "bank": banked} | ({} if late else dict(zip("abc", about, strict=False)))
        kept = dict(story.events)
        story.events.clear()
        for name, event in kept.items():
            if name == "make modification":
                story.events.update(names)
            story.events[name] = event
        if late:
            story.events.update(zip("abc", about, strict=False))

    return bend


def planned(**changes: str) -> Callable[[Story], object]:
    kept = tuple(Measurement(each.name, changes.get(each.name, each.value), each.unit) for each in PLAN)
    return lambda story: story.bend("plan", measurements=tuple(each for each in kept if each.value != "-"))


OVERDUE, UNDATED = document(("sterility", "2026-03-16T08:30:00Z")), document(("mycoplasma", ""))
OLD = KnownCheckpoint(size=10, known_at="2026-03-14T00:00:00.000Z", age_seconds=200_000)

CASES = (
    Case("an item of another ledger", "known", asked={"item": "DP-9999"}),
    Case("nobody released it", "released", bend=lambda story: story.drop("maker decision")),
    Case(
        "rejected after it was shipped",
        "not_reversed",
        bend=said("decision", items=(DOSE,), outcome="reject", site=MAKER),
    ),
    Case("late positive", "no_late_failure", bend=said("evaluation", items=(DOSE,), outcome="reject", site=MAKER)),
    Case("late doubt", "no_late_failure", bend=said("evaluation", items=(DOSE,), outcome="hold", site=MAKER)),
    Case("a pending result is overdue", "results_in_time", bend=conditional(OVERDUE), blob=OVERDUE),
    Case("a pending result has no date", "results_in_time", bend=conditional(UNDATED), blob=UNDATED),
    Case("what is pending is not at hand", "results_in_time", bend=conditional(OVERDUE)),
    Case("what is pending cannot be read", "results_in_time", bend=conditional(b"[]"), blob=b"[]"),
    Case(
        "an investigation is open",
        "no_open_investigation",
        bend=said("out_of_specification_opened", items=(DOSE,), investigation="OOS-1"),
    ),
    Case("recalled", "not_recalled", bend=said("recall", items=(DOSE,), reason="late positive")),
    Case("its lot recalled", "not_recalled", bend=said("recall", lot="LOT-0001", reason="late positive")),
    Case("its material recalled", "origins_stand", bend=said("recall", items=("MEDIUM-0001",), reason="contaminated")),
    Case(
        "the lot of its material recalled", "origins_stand", bend=said("recall", lot="ML-0001", reason="contaminated")
    ),
    Case(
        "what it was made from rejected",
        "origins_stand",
        bend=said("decision", items=("AP-0001",), outcome="reject", site=MAKER),
    ),
    *(
        Case(f"a bank that it was made from {word}, {when}", "origins_stand", bend=from_a_bank(told, late=late))
        for word, told in (("rejected", BANK_REJECTED), ("recalled", BANK_RECALLED), ("failed", BANK_FAILED))
        for when, late in (("before the lot was made", False), ("after the dose was accepted", True))
        # What is rejected or recalled already is not used: the ledger refuses the next step.
        if late or word == "failed"
    ),
    Case(
        "inspected by another version than the maker judged by",
        "versions_equal",
        bend=lambda story: (
            story.bend("reinspect", documents=("a/b#2",)),
            said("evaluation", items=(DOSE,), outcome="eligible", site=MAKER, documents=("a/b#1",))(story),
        ),
    ),
    Case(
        "one version number, two fingerprints",
        "versions_equal",
        bend=lambda story: story.bend(
            "reinspect",
            documents=("a/b#1",),
            blobs=(Blob("sha256:" + 64 * "1", "specification"),),
            measurements=(
                Measurement("packet_specification", "a/b#1"),
                Measurement("packet_fingerprint", "sha256:" + 64 * "2"),
            ),
        ),
    ),
    Case(
        "another version of a procedure than the plan's",
        "versions_equal",
        bend=lambda story: (
            story.bend("reinspect", documents=("procedure/SOP-1#2",)),
            story.bend("plan", measurements=(*PLAN, Measurement("procedure", "SOP-1#3"))),
        ),
    ),
    Case(
        "a specification of the plan that nobody stated",
        "versions_equal",
        bend=lambda story: story.bend("plan", measurements=(*PLAN, Measurement("specification", "a/b#1"))),
    ),
    Case("never shipped nor received", "received", bend=handed_over_without_shipping),
    Case("sent on", "held_here", bend=said("ship", items=(DOSE,), destination="HOSPITAL-2")),
    Case("packed again", "held_here", bend=said("pack", items=(DOSE,), container="BOX-9")),
    Case("not re-inspected", "reinspected", bend=lambda story: story.drop("reinspect")),
    Case("found damaged", "reinspected", bend=lambda story: story.bend("reinspect", outcome="damaged")),
    Case(
        "identity matched by one person",
        "identity_matched_by_two",
        bend=lambda story: story.bend("reinspect", second_actor="", second_role=""),
    ),
    Case("no decision of the hospital", "accepted", bend=lambda story: story.drop("decision")),
    Case("in quarantine", "accepted", bend=lambda story: story.bend("decision", outcome="quarantine")),
    Case("refused", "accepted", bend=lambda story: story.bend("decision", outcome="refuse")),
    Case("accepted before it arrived", "accepted", bend=accepted_early),
    Case(
        "an exception without documents",
        "accepted",
        bend=lambda story: story.bend("decision", outcome="exceptional", reason="hazard", documents=("example/x#1",)),
    ),
    Case(
        "late positive by one of two specifications",
        "no_late_failure",
        bend=lambda story: (
            said("evaluation", items=(DOSE,), outcome="reject", site=MAKER, documents=("example/a#1",))(story),
            story.add("b", "evaluation", items=(DOSE,), outcome="eligible", site=MAKER, documents=("example/b#1",)),
        ),
    ),
    Case(
        "consent to the study withdrawn, to others given",
        "consent_given",
        bend=lambda story: (
            said("consent", recipient=PATIENT, outcome="withdrawn", documents=("CONSENT-2",), study=STUDY)(story),
            story.add("other", "consent", recipient=PATIENT, outcome="given", documents=("CONSENT-2",), **AT_HOSPITAL),
        ),
    ),
    Case(
        "qualification for the study withdrawn, for others granted",
        "people_qualified",
        bend=lambda story: (
            said("person_qualified", person=NURSE, outcome="withdrawn", documents=("D-1",), study=STUDY)(story),
            story.add(
                "more",
                "person_qualified",
                person=NURSE,
                outcome="granted",
                documents=("D-2",),
                expires_at=END,
                **AT_HOSPITAL,
            ),
        ),
    ),
    Case(
        "a later expiry that somebody typed on receipt does not count",
        "in_date",
        bend=lambda story: (
            story.bend("make filling", expires_at=minutes_later(story.now, -0.5)),
            story.bend("unpack"),
            story.bend("receive", expires_at="2030-01-01T00:00:00.000Z"),
        ),
    ),
    Case(
        "accepted by whoever received it",
        "accepted_by_another",
        bend=lambda story: story.bend("decision", actor=PHARMACIST),
    ),
    Case(
        "accepted in the role that received it",
        "accepted_by_another",
        bend=lambda story: story.bend("decision", actor="PHARM-0200", role="pharmacist"),
    ),
    Case("destroyed", "available", bend=said("discard", items=(Item(DOSE, "10", "mL"),), reason="spilt", coi=COI)),
    Case(
        "expired", "in_date", bend=lambda story: story.bend("make filling", expires_at=minutes_later(story.now, -0.5))
    ),
    Case("no expiry", "in_date", bend=lambda story: story.bend("make filling", expires_at="")),
    Case("thawed without a window", "in_thaw_window", bend=thawed()),
    Case(
        "thawed too long ago",
        "in_thaw_window",
        bend=lambda story: thawed(expires_at=minutes_later(story.now, 0.5))(story),
    ),
    Case(
        "too warm since it was accepted",
        "stored_in_range",
        bend=said("sensor_reading", items=(DOSE,), conditions=(condition(excursion="60"),)),
    ),
    Case(
        "for somebody else",
        "right_recipient",
        facts=lambda facts: replace(facts, state=bent(facts.state, recipient="PATIENT-0002")),
    ),
    Case("another identity on the label", "right_identity", asked={"coi": "COI-0002"}),
    Case("no identity on the label", "right_identity", asked={"coi": ""}),
    Case("not checked at the bedside", "bedside_identity", bend=lambda story: story.drop("check")),
    Case(
        "the check found another item",
        "bedside_identity",
        bend=lambda story: story.bend("check", outcome="mismatch_instance"),
    ),
    Case(
        "checked too long ago",
        "bedside_identity",
        rules=replace(RULES, bedside_check_minutes=1),
        bend=said("follow_up", recipient="PATIENT-0003"),
    ),
    Case("nobody set how long a check holds", "bedside_identity", rules=replace(RULES, bedside_check_minutes=None)),
    Case(
        "checked for somebody else",
        "bedside_identity",
        facts=lambda facts: replace(
            facts,
            life=(
                *facts.life[:-1],
                replace(facts.life[-1], event=bent(facts.life[-1].event, recipient="PATIENT-0002")),
            ),
        ),
    ),
    Case(
        "checked at another site",
        "bedside_identity",
        facts=lambda facts: replace(
            facts, life=(*facts.life[:-1], replace(facts.life[-1], event=bent(facts.life[-1].event, site="HOSPITAL-2")))
        ),
    ),
    Case("no consent", "consent_given", bend=lambda story: story.drop("consent")),
    Case(
        "consent withdrawn",
        "consent_given",
        bend=said("consent", recipient=PATIENT, outcome="withdrawn", documents=("CONSENT-2",)),
    ),
    Case(
        "consent ended",
        "consent_given",
        bend=lambda story: story.bend("consent", expires_at=minutes_later(story.now, -1)),
    ),
    Case(
        "consent to an older version",
        "consent_version",
        bend=lambda story: story.bend("consent", documents=("CONSENT-1",)),
    ),
    Case("the plan names no consent", "consent_version", bend=planned(consent_version="-")),
    Case("no study", "in_a_study", bend=lambda story: story.bend("make filling", study="")),
    Case("study suspended", "study_goes_on", bend=said("study_suspended", study=STUDY, reason="serious reaction")),
    Case("study terminated", "study_goes_on", bend=said("study_terminated", study=STUDY, reason="no benefit")),
    Case("no subject of the study", "subject_enrolled", bend=lambda story: story.drop("subject")),
    Case(
        "left the study",
        "subject_enrolled",
        bend=said("subject_enrolled", recipient=PATIENT, study=STUDY, outcome="left", documents=("LEFT-1",)),
    ),
    Case("a newer protocol was filed", "protocol_filed", bend=planned(protocol_version="PROTOCOL-3")),
    Case("no protocol filed", "protocol_filed", bend=planned(protocol_version="-")),
    Case(
        "too young",
        "age_permitted",
        bend=lambda story: story.bend("subject", measurements=(Measurement("age", "12", "y"), SUBJECT[1])),
    ),
    Case(
        "too old",
        "age_permitted",
        bend=lambda story: story.bend("subject", measurements=(Measurement("age", "76", "y"), SUBJECT[1])),
    ),
    Case(
        "age in months",
        "age_permitted",
        bend=lambda story: story.bend("subject", measurements=(Measurement("age", "54", "mo"), SUBJECT[1])),
    ),
    Case("age not recorded", "age_permitted", bend=lambda story: story.bend("subject", measurements=SUBJECT[1:])),
    Case(
        "age not a number",
        "age_permitted",
        bend=lambda story: story.bend("subject", measurements=(Measurement("age", "NaN", "y"), SUBJECT[1])),
    ),
    Case("the plan sets no age", "age_permitted", bend=planned(minimum_age="-")),
    Case("cohort not opened", "cohort_open", bend=lambda story: story.drop("cohort")),
    Case(
        "another cohort opened",
        "cohort_open",
        bend=lambda story: story.bend("cohort", measurements=(Measurement("cohort", "C2"),)),
    ),
    Case("no cohort", "cohort_open", bend=lambda story: story.bend("subject", measurements=SUBJECT[:1])),
    Case(
        "another subject was just treated",
        "observation_over",
        bend=treat_another,
        rules=replace(RULES, bedside_check_minutes=600),
    ),
    Case("nobody set the observation", "observation_over", bend=planned(observation_hold="-")),
    Case("a serious reaction that is related", "reactions_answered", bend=reacted(serious="yes", related="yes")),
    Case("a serious reaction, not assessed", "reactions_answered", bend=reacted(serious="yes")),
    Case("a reaction that nobody assessed", "reactions_answered", bend=reacted()),
    Case(
        "a reaction assessed by another word",
        "reactions_answered",
        bend=reacted(serious="perhaps", related="yes"),
    ),
    Case(
        "a serious reaction of another subject",
        "reactions_answered",
        bend=lambda story: (treat_another(story), reacted(recipient="PATIENT-0002", serious="yes")(story)),
        rules=replace(RULES, bedside_check_minutes=600),
        facts=lambda facts: replace(facts, given_in_cohort=()),
    ),
    Case(
        "a serious reaction that names the study",
        "reactions_answered",
        bend=reacted(recipient="PATIENT-0099", study=STUDY, serious="yes"),
    ),
    Case(
        "a serious reaction after the study went on again",
        "reactions_answered",
        bend=lambda story: (
            said("study_suspended", study=STUDY, reason="r")(story),
            story.add("again", "study_resumed", study=STUDY, reason="committee", **AT_HOSPITAL),
            reacted(serious="yes", related="yes")(story),
        ),
    ),
    Case(
        "a case that became serious",
        "reactions_answered",
        bend=lambda story: (
            reacted("first", investigation="AE-1", serious="no")(story),
            reacted("second", investigation="AE-1", serious="yes", related="yes")(story),
        ),
    ),
    Case(
        "an assessment of another case",
        "reactions_answered",
        bend=lambda story: (
            reacted("first", investigation="AE-1", serious="yes")(story),
            reacted("second", investigation="AE-2", serious="no")(story),
        ),
    ),
    Case(
        "a reaction recorded late, after the committee had decided",
        "reactions_answered",
        bend=lambda story: (
            said("study_suspended", study=STUDY, reason="r")(story),
            story.add("again", "study_resumed", study=STUDY, reason="committee", **AT_HOSPITAL),
            reacted(
                serious="yes",
                related="yes",
                event_time=story.events["check"].event_time,
                record_time=minutes_later(story.now, 0),
            )(story),
        ),
    ),
    Case("site never qualified", "site_qualified", bend=lambda story: story.drop("site")),
    Case(
        "qualification of the site withdrawn",
        "site_qualified",
        bend=lambda story: story.bend("site", outcome="withdrawn"),
    ),
    Case(
        "qualification of the site ended",
        "site_qualified",
        bend=lambda story: story.bend("site", expires_at=minutes_later(story.now, -1)),
    ),
    Case(
        "qualification of the site without end", "site_qualified", bend=lambda story: story.bend("site", expires_at="")
    ),
    Case(
        "site qualified for another study", "site_qualified", bend=lambda story: story.bend("site", study="STUDY-0008")
    ),
    Case("nurse not enrolled", "people_enrolled", bend=lambda story: story.drop(f"enrol {NURSE}")),
    Case("nurse withdrawn", "people_enrolled", bend=said("actor_withdrawn", person=NURSE, reason="left")),
    Case("nurse in a role that is not hers", "people_enrolled", asked={"role": "physician"}),
    Case("physician not qualified", "people_qualified", bend=lambda story: story.drop(f"qualify {PHYSICIAN}")),
    Case(
        "nurse's qualification ended",
        "people_qualified",
        bend=lambda story: story.bend(f"qualify {NURSE}", expires_at=minutes_later(story.now, -1)),
    ),
    Case("one person twice", "two_people", asked={"second_actor": NURSE, "second_role": "nurse"}),
    Case("nobody beside the nurse", "two_people", asked={"second_actor": "", "second_role": ""}),
    Case("knowledge too old", "knowledge_fresh", checkpoint=OLD),
    Case(
        "nobody set how old knowledge may be",
        "knowledge_fresh",
        checkpoint=OLD,
        rules=replace(RULES, checkpoint_hours=None),
    ),
    Case("a checkpoint of another ledger", "knowledge_fresh", checkpoint=KnownCheckpoint(fault="not of this ledger")),
)


def answer_to(case: Case, folder: Path) -> GateAnswer:
    story = ready()
    case.bend(story)
    question = story.question(**(case.asked or {}))
    with story.book(folder) as book:
        if case.blob:
            book.log.put_blob(case.blob)
        with book.read() as view:
            facts = gather(view, question, rules=case.rules, checkpoint=case.checkpoint)
    return judge_gate(case.facts(facts))


@pytest.mark.parametrize("case", CASES, ids=[f"{case.says} is no-go by {case.name}" for case in CASES])
def test_each_broken_condition_says_no_and_no_other_does(case: Case, tmp_path: Path) -> None:
    answer = answer_to(case, tmp_path)
    assert (answer.word, answer.names) == ("no-go", (case.name,))
    assert all(reason.got and reason.expected for reason in answer.reasons)


def test_every_condition_of_the_table_is_broken_by_some_case() -> None:
    assert {case.name for case in CASES} == {condition.name for condition in CONDITIONS}


@pytest.mark.parametrize(
    "told",
    [
        pytest.param((), id="nothing was said of it"),
        pytest.param((BANK_FAILED, BANK_FAILED | {"outcome": "eligible"}), id="it failed, and conformed in the end"),
        pytest.param(
            (BANK_FAILED, {"kind": "decision", "outcome": "release"}), id="it failed, and somebody released it"
        ),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["before the lot was made", "after the dose was accepted"])
def test_a_dose_from_a_bank_that_stands_may_be_given(
    tmp_path: Path, told: tuple[dict[str, Any], ...], *, late: bool
) -> None:
    answer = answer_to(Case("", "", bend=from_a_bank(*told, late=late)), tmp_path)
    assert (answer.word, answer.names) == ("go", ())


def test_the_reason_names_the_bank_and_what_became_of_it(tmp_path: Path) -> None:
    answer = answer_to(Case("", "", bend=from_a_bank(BANK_FAILED)), tmp_path)
    assert [reason.got for reason in answer.reasons] == [f"made from {BANK} evaluated as reject"]


def test_codes_and_names_are_unique() -> None:
    assert len({each.code for each in CONDITIONS}) == len({each.name for each in CONDITIONS}) == len(CONDITIONS)


def test_a_dose_of_which_nothing_is_wrong_may_be_given(tmp_path: Path) -> None:
    story = ready()
    with story.book(tmp_path) as book, book.read() as view:
        answer = ask_gate(view, story.question(), rules=RULES)
    assert (answer.word, answer.reasons) == ("go", ())
    assert {each.condition.name for each in answer.answered if not each.applies} == {
        "in_thaw_window",
        "knowledge_fresh",
    }


RESOLVED = json.dumps(
    {"spec": {"id": "example/a"}, "pending": [{"requirement_id": "sterility", "due": "2026-03-16T08:30:00Z"}]}
).encode()

GOES = {
    "after a reaction that is not serious": (reacted(serious="no"), RULES, None),
    "after a serious reaction that is not related": (reacted(serious="yes", related="no"), RULES, None),
    "after a reaction that was assessed later": (
        lambda story: (
            reacted("first", investigation="AE-1", serious="yes")(story),
            reacted("second", investigation="AE-1", serious="yes", related="no")(story),
        ),
        RULES,
        None,
    ),
    "after a serious reaction on which the committee decided": (
        lambda story: (
            reacted(serious="yes", related="yes", investigation="AE-1")(story),
            said("study_suspended", study=STUDY, reason="serious reaction")(story),
            story.add("again", "study_resumed", study=STUDY, reason="committee", **AT_HOSPITAL),
            reacted("later", serious="yes", related="yes", investigation="AE-1")(story),
        ),
        RULES,
        None,
    ),
    "after a serious reaction in another study": (
        reacted(recipient="PATIENT-0099", study="STUDY-0008", serious="yes"),
        RULES,
        None,
    ),
    "for a site that goes on while a reaction waits for an answer": (
        reacted(serious="yes"),
        replace(RULES, serious_reactions_stop=False),
        None,
    ),
    "when what was pending came and is eligible by the specification of the release": (
        lambda story: (
            conditional(RESOLVED)(story),
            said("evaluation", items=(DOSE,), outcome="eligible", site=MAKER, documents=("example/a#1.0.0",))(story),
        ),
        RULES,
        RESOLVED,
    ),
    "within the window after thaw": (lambda story: thawed(expires_at=minutes_later(story.now, 30))(story), RULES, None),
    "after an excursion with permitted time left": (
        said("sensor_reading", items=(DOSE,), conditions=(condition(excursion="60", budget_seconds="10"),)),
        RULES,
        None,
    ),
    "with a conditional release whose results are not due": (
        conditional(document(("sterility", "2026-03-26T14:00:00Z"))),
        RULES,
        document(("sterility", "2026-03-26T14:00:00Z")),
    ),
    "after another subject of another cohort": (
        lambda story: treat_another(story, cohort="C9"),
        replace(RULES, bedside_check_minutes=600),
        None,
    ),
    "for a site that gives outside studies": (
        lambda story: story.bend("make filling", study=""),
        replace(RULES, study_required=False),
        None,
    ),
    "when the study was resumed": (
        lambda story: (
            said("study_suspended", study=STUDY, reason="r")(story),
            story.add("again", "study_resumed", study=STUDY, reason="committee", **AT_HOSPITAL),
        ),
        RULES,
        None,
    ),
    "when an investigation was closed": (
        lambda story: (
            said("out_of_specification_opened", items=(DOSE,), investigation="OOS-1")(story),
            story.add(
                "closed",
                "out_of_specification_closed",
                items=(DOSE,),
                investigation="OOS-1",
                outcome="invalidated",
                reason="r",
                **AT_HOSPITAL,
            ),
        ),
        RULES,
        None,
    ),
    "by an exceptional acceptance that knew of the failure": (
        lambda story: (
            story.bend("reinspect", outcome="non_conformant"),
            story.bend("decision", outcome="exceptional", reason="hazard", documents=("REQUEST-1", "RISK-1")),
        ),
        RULES,
        None,
    ),
}


@pytest.mark.parametrize("says", GOES)
def test_it_goes(says: str, tmp_path: Path) -> None:
    bend, rules, blob = GOES[says]
    story = ready()
    bend(story)
    with story.book(tmp_path) as book:
        if blob:
            book.log.put_blob(blob)
        with book.read() as view:
            answer = ask_gate(view, story.question(), rules=rules)
    assert answer.reasons == ()
    assert answer.is_go


def test_a_correction_takes_back_what_was_said(tmp_path: Path) -> None:
    story = ready()
    story.add(
        "void",
        "correction",
        corrects=story.events["consent"].event_id,
        basis="did_not_occur",
        reason="r",
        **AT_HOSPITAL,
    )
    with story.book(tmp_path) as book, book.read() as view:
        answer = ask_gate(view, story.question(), rules=RULES)
    assert answer.names == ("consent_given",)


def test_all_reasons_stand_in_one_answer(tmp_path: Path) -> None:
    story = ready().drop("consent", "site")
    said("recall", items=(DOSE,), reason="late positive")(story)
    with story.book(tmp_path) as book, book.read() as view:
        answer = ask_gate(view, story.question(), rules=RULES)
    assert answer.names == ("not_recalled", "consent_given", "site_qualified")
