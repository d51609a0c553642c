"""Random histories: whatever happens in whatever order, what any rule forbids is never administered."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.custody.story import COI, HOSPITAL, MAKER, PATIENT
from tests.reinspection.bedside import AT_HOSPITAL, BEDSIDE, DOSE, END, NURSE, PHYSICIAN, STUDY, Story, ready

from regenqc.custody.book import Declined
from regenqc.custody.record import Item, Measurement
from regenqc.reinspection.gate import GateRules, ask_gate

if TYPE_CHECKING:
    from regenqc.custody.book import Book

RULES = GateRules(bedside_check_minutes=5)
GRANTED = {"documents": ("DOC-2",), "expires_at": END}


class Bedside(RuleBasedStateMachine):
    """A ledger to which things happen, and beside it a plain list of what forbids administration."""

    book: Book
    story: Story

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.forbidden: set[str] = set()
        self.checked = 0
        self.administered = False
        self.inspected, self.accepted = "conformant", "accept"
        self.reaction = "none"

    @initialize()
    def begin(self) -> None:
        self.story = ready()
        self.book = self.story.book(self.folder)
        self.checked = self.story.write.clock

    def teardown(self) -> None:
        if hasattr(self, "book"):
            self.book.close()
        shutil.rmtree(self.folder)

    def happens(self, kind: str, **members: Any) -> bool:
        """Offer an event; return whether the ledger took it."""
        event = self.story.write(kind, **members)
        (outcome,) = self.book.append([event])
        return not isinstance(outcome, Declined)

    def flag(self, name: str, *, raised: bool) -> None:
        self.forbidden.add(name) if raised else self.forbidden.discard(name)

    # ---- what may happen --------------------------------------------------------------------------------------------

    @rule(outcome=st.sampled_from(["accept", "accept_for_infusion", "exceptional", "quarantine", "refuse"]))
    def decide(self, outcome: str) -> None:
        more = {"reason": "hazard", "documents": ("REQUEST-1",)} if outcome == "exceptional" else {}
        if self.happens("decision", items=(DOSE,), outcome=outcome, **more, **AT_HOSPITAL):
            self.accepted = outcome
            accepts = outcome not in {"quarantine", "refuse"}
            self.flag("acceptance", raised=not accepts)
            if outcome == "refuse":
                self.forbidden.add("for ever")
            if accepts:
                self.checked = 0  # a check holds only from the last acceptance on
            if outcome == "exceptional":
                self.flag("late failure", raised=False)

    @rule(outcome=st.sampled_from(["conformant", "damaged", "non_conformant"]))
    def inspect(self, outcome: str) -> None:
        two = {"actor": "PHARM-0099", "role": "pharmacist", "second_actor": "PHARM-0100", "second_role": "pharmacist"}
        if self.happens("reinspect", items=(DOSE,), outcome=outcome, coi=COI, site=HOSPITAL, **two):
            self.inspected = outcome

    @rule(whole_lot=st.booleans())
    def recall(self, *, whole_lot: bool) -> None:
        named = {"lot": "LOT-0001"} if whole_lot else {"items": (DOSE,)}
        if self.happens("recall", reason="late positive", **named):
            self.forbidden.add("recall")

    @rule(outcome=st.sampled_from(["eligible", "hold", "reject"]))
    def evaluate(self, outcome: str) -> None:
        if self.happens("evaluation", items=(DOSE,), outcome=outcome, site=MAKER):
            self.flag("late failure", raised=outcome != "eligible")

    @rule(kind=st.sampled_from(["study_suspended", "study_resumed", "study_terminated"]))
    def change_study(self, kind: str) -> None:
        if self.happens(kind, study=STUDY, reason="committee", **AT_HOSPITAL):
            self.flag("study", raised=kind != "study_resumed")
            if self.reaction == "open":
                self.reaction = "answered"
                self.flag("reaction", raised=False)

    @rule(serious=st.sampled_from(["yes", "no", ""]), related=st.sampled_from(["yes", "no", ""]))
    def react(self, serious: str, related: str) -> None:
        words = {"serious": serious, "related": related}
        said = tuple(Measurement(name, word) for name, word in words.items() if word)
        if self.happens("adverse_event", recipient=PATIENT, investigation="AE-1", measurements=said, **AT_HOSPITAL):
            assessed = "no" in {serious, related}
            self.reaction = "none" if assessed else "open" if self.reaction == "none" else self.reaction
            self.flag("reaction", raised=self.reaction == "open")

    @rule(outcome=st.sampled_from(["given", "withdrawn"]), version=st.sampled_from(["CONSENT-1", "CONSENT-2"]))
    def consent(self, outcome: str, version: str) -> None:
        if self.happens("consent", recipient=PATIENT, outcome=outcome, documents=(version,), **AT_HOSPITAL):
            self.flag("consent", raised=outcome != "given")
            if outcome == "given":
                self.flag("version", raised=version != "CONSENT-2")

    @rule(who=st.sampled_from([NURSE, PHYSICIAN, HOSPITAL]), outcome=st.sampled_from(["granted", "withdrawn"]))
    def qualify(self, who: str, outcome: str) -> None:
        kind, named = ("site_qualified", "destination") if who == HOSPITAL else ("person_qualified", "person")
        if self.happens(kind, **{named: who}, outcome=outcome, **GRANTED, **AT_HOSPITAL):
            self.flag(f"qualification of {who}", raised=outcome != "granted")

    @rule(opened=st.booleans())
    def investigate(self, *, opened: bool) -> None:
        kind = "out_of_specification_opened" if opened else "out_of_specification_closed"
        more = {} if opened else {"outcome": "invalidated", "reason": "instrument"}
        if self.happens(kind, items=(DOSE,), investigation="OOS-1", **more, **AT_HOSPITAL):
            self.flag("investigation", raised=opened)

    @rule(packed=st.booleans())
    def pack(self, *, packed: bool) -> None:
        kind = "pack" if packed else "unpack"
        if self.happens(kind, items=(DOSE,), container="BOX-9", site=HOSPITAL, actor="PHARM-0099", role="pharmacist"):
            self.flag("packed", raised=packed)
            if not packed:
                # What was taken out of a box is looked at and accepted again.
                self.inspected = ""
                self.forbidden.add("acceptance")

    @rule()
    def send_away(self) -> None:
        if self.happens("ship", items=(DOSE,), destination="HOSPITAL-2", **AT_HOSPITAL):
            self.forbidden.add("gone")

    @rule()
    def destroy(self) -> None:
        if self.happens("discard", items=(Item(DOSE, "10", "mL"),), reason="spilt", coi=COI, **AT_HOSPITAL):
            self.forbidden.add("destroyed")

    @rule(right=st.booleans())
    def check(self, *, right: bool) -> None:
        outcome = "conformant" if right else "mismatch_instance"
        if self.happens("bedside_check", items=(DOSE,), outcome=outcome, coi=COI, recipient=PATIENT, **BEDSIDE):
            self.checked = self.story.write.clock if right else 0

    @rule(minutes=st.integers(1, 10))
    def wait(self, minutes: int) -> None:
        self.story.write.clock += minutes * 60_000

    # ---- what must never happen -------------------------------------------------------------------------------------

    def may_be_given(self) -> bool:
        fresh = self.checked and self.story.write.clock + 60_000 - self.checked <= 5 * 60_000
        excused = self.inspected == "non_conformant" and self.accepted == "exceptional"
        right = self.inspected == "conformant" or excused
        return not self.forbidden and right and bool(fresh) and not self.administered

    @invariant()
    def the_gate_says_no_to_what_is_forbidden_and_go_to_what_is_not(self) -> None:
        if hasattr(self, "book"):
            with self.book.read() as view:
                answer = ask_gate(view, self.story.question(), rules=RULES)
            assert answer.is_go == self.may_be_given(), (sorted(self.forbidden), answer.names)

    @precondition(lambda self: hasattr(self, "book"))
    @rule()
    def administer(self) -> None:
        with self.book.read() as view:
            answer = ask_gate(view, self.story.question(), rules=RULES)
        if answer.is_go:
            assert self.may_be_given()
            taken = self.happens("administer", items=(Item(DOSE, "10", "mL"),), recipient=PATIENT, coi=COI, **BEDSIDE)
            assert taken, "what the gate lets through, the ledger takes"
            self.administered = True


TestBedside = Bedside.TestCase
TestBedside.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
