"""A dose at the bedside of which nothing is wrong, event by event, for tests to bend in one place.

Every person, site, study and lot is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from tests.custody.story import COI, HOSPITAL, LATER, PATIENT, Scribe, collected, delivered, made, released, treated

from regenqc.custody.book import Book
from regenqc.custody.moments import milliseconds_of, moment_of_milliseconds
from regenqc.custody.record import Event, Measurement
from regenqc.custody.rules import Policy, signatures_unchecked
from regenqc.reinspection.gate import GateRules, Question

if TYPE_CHECKING:
    from pathlib import Path

DOSE, STUDY = "DP-0001-1", "STUDY-0007"
NURSE, PHYSICIAN, PHARMACIST, QUALITY = "NURSE-0501", "PHYS-0077", "PHARM-0099", "QA-0042"
RULES = GateRules(bedside_check_minutes=30, checkpoint_hours=24)
# What the gate forbids need not be forbidden by the ledger: here the ledger takes nearly everything.
POLICY = Policy(
    check_signature=signatures_unchecked,
    enrolled_people_only=False,
    signed_kinds=frozenset(),
    ship_before_release=True,
)
AT_HOSPITAL: dict[str, Any] = {"site": HOSPITAL, "actor": QUALITY, "role": "quality_assurance"}
BEDSIDE: dict[str, Any] = {
    "site": HOSPITAL,
    "actor": NURSE,
    "role": "nurse",
    "second_actor": PHYSICIAN,
    "second_role": "physician",
}
PLAN = (
    Measurement("protocol_version", "PROTOCOL-2"),
    Measurement("consent_version", "CONSENT-2"),
    Measurement("minimum_age", "18", "y"),
    Measurement("maximum_age", "75", "y"),
    Measurement("observation_hold", "72", "h"),
)
SUBJECT = (Measurement("age", "54", "y"), Measurement("cohort", "C1"))
END = "2026-12-01T00:00:00.000Z"


@dataclass
class Story:
    """Events by name, in order, and the clock behind the last of them.

    Args:
        events: each with the name by which a test bends it.
        write: writes further ones.
    """

    events: dict[str, Event] = field(default_factory=dict)
    write: Scribe = field(default_factory=Scribe)

    def add(self, name: str, kind: str, **members: Any) -> Story:
        """Add an event behind the others."""
        self.events[name] = self.write(kind, **members)
        return self

    def bend(self, name: str, **members: Any) -> Story:
        """Change members of one event."""
        self.events[name] = replace(self.events[name], **members)
        return self

    def drop(self, *names: str) -> Story:
        """Leave events out."""
        for name in names:
            del self.events[name]
        return self

    @property
    def now(self) -> str:
        """Return the moment behind the last event."""
        return moment_of_milliseconds(self.write.clock + 60_000)

    def question(self, **changes: Any) -> Question:
        """Return the question that the nurse asks."""
        asked = {
            "item": DOSE,
            "recipient": PATIENT,
            "coi": COI,
            "site": HOSPITAL,
            "actor": NURSE,
            "role": "nurse",
            "second_actor": PHYSICIAN,
            "second_role": "physician",
            "now": self.now,
        }
        return Question(**(asked | changes))

    def book(self, folder: Path) -> Book:
        """Return a ledger in which all of it is recorded."""
        book = Book.open(
            f"sqlite:///{folder}/ledger.db", policy=POLICY, now=lambda: LATER, origin="hospital.example/ledger"
        )
        for event in self.events.values():
            book.append_one(event)
        return book


def _named(prefix: str, events: list[Event]) -> dict[str, Event]:
    seen: dict[str, Event] = {}
    for event in events:
        name = f"{prefix}{event.kind}"
        seen[name if name not in seen else f"{name}-{len(seen)}"] = event
    return seen


def ready(*, standing: bool = True) -> Story:
    """Return the story of a dose that may be given: made, released, shipped, inspected, accepted, checked at the bedside.

    Args:
        standing: also state what holds of study, recipient, site and people.
    """
    story = Story()
    write = story.write
    for code, role in ((NURSE, "nurse"), (PHYSICIAN, "physician")):
        story.add(f"enrol {code}", "actor_enrolled", person=code, roles=(role,), **AT_HOSPITAL)
    story.events.update(_named("collect ", collected(write)))
    story.events.update(_named("make ", made(write)))
    story.events.update(_named("maker ", released(write)))
    story.events.update(_named("", delivered(write)))
    # Two people match the identity, and a third one, in another role, accepts.
    story.bend("reinspect", second_actor="PHARM-0100", second_role="pharmacist")
    story.bend("decision", actor=QUALITY, role="quality_assurance")
    story.bend("make filling", study=STUDY)
    if standing:
        state_standing(story)
    return story.add(
        "check", "bedside_check", items=(DOSE,), outcome="conformant", coi=COI, recipient=PATIENT, **BEDSIDE
    )


def state_standing(story: Story) -> None:
    """State what holds of the study, the recipient, the site and both people."""
    story.add("plan", "study_plan", study=STUDY, documents=("FILING-7",), measurements=PLAN, **AT_HOSPITAL)
    story.add("cohort", "cohort_opened", study=STUDY, documents=("DSMB-1",), measurements=SUBJECT[1:], **AT_HOSPITAL)
    granted = {"outcome": "granted", "documents": ("DOC-1",), "expires_at": END}
    story.add("site", "site_qualified", destination=HOSPITAL, **granted, **AT_HOSPITAL)
    for code in (NURSE, PHYSICIAN):
        story.add(f"qualify {code}", "person_qualified", person=code, **granted, **AT_HOSPITAL)
    story.add("consent", "consent", recipient=PATIENT, outcome="given", documents=("CONSENT-2",), **AT_HOSPITAL)
    story.add("subject", "subject_enrolled", **_enrolled(PATIENT), **AT_HOSPITAL)


def _enrolled(recipient: str, cohort: str = "C1") -> dict[str, Any]:
    measured = (SUBJECT[0], Measurement("cohort", cohort))
    return {
        "recipient": recipient,
        "study": STUDY,
        "outcome": "enrolled",
        "documents": ("PROTOCOL-2",),
        "measurements": measured,
    }


def treat_another(story: Story, *, cohort: str = "C1") -> Story:
    """Add the treatment of another subject, just before the question is asked."""
    write, name, coi = story.write, "0002", "COI-0002"
    told = [
        *collected(write, name=name, coi=coi),
        *made(write, name=name, coi=coi),
        *released(write, name=name, coi=coi),
        *delivered(write, name=name, coi=coi),
        *treated(write, name=name, coi=coi),
    ]
    began = "2026-03-16T08:00:00.000Z"
    for event in told:
        changed = {"recipient": "PATIENT-0002"} if event.recipient else {}
        if event.kind == "donation":
            changed |= {"event_time": began, "record_time": began}
        story.events[f"another {event.event_id}"] = replace(event, **changed)
    story.add("other subject", "subject_enrolled", **_enrolled("PATIENT-0002", cohort), **AT_HOSPITAL)
    return story


def minutes_later(moment: str, minutes: float) -> str:
    """Return the moment so many minutes later."""
    return moment_of_milliseconds(milliseconds_of(moment) + round(minutes * 60_000))
