"""Read what a ledger knows of a question, by index: the life of one item, and what was stated last about people and places."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.knowledge import Register, Whereabouts, whereabouts
from regenqc.custody.moments import moment_of
from regenqc.custody.projection.source import decode_person, marks, parted
from regenqc.custody.projection.tables import Part
from regenqc.custody.trace.reader import Reader
from regenqc.custody.versions import specification_of
from regenqc.errors import RegenqcError
from regenqc.reinspection.gate.facts import Facts, Pending, stated
from regenqc.reinspection.gate.of_item import decided_event, packet_event
from regenqc.reinspection.origins import fallen_origins
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.custody.knowledge import Person
    from regenqc.custody.record import Event
    from regenqc.custody.state import ItemState
    from regenqc.custody.trace.reader import Step
    from regenqc.ledger import Snapshot
    from regenqc.reinspection.gate.checkpoint import KnownCheckpoint
    from regenqc.reinspection.gate.question import GateRules, Question

__all__ = ["gather"]

_STUDY_DECISIONS: Final = ("study_suspended", "study_resumed", "study_terminated")
_BY_KIND: Final = (
    "SELECT e.subject, e.event FROM custody_edge e JOIN custody_step s ON s.event = e.event "
    "WHERE e.subject IN ({subjects}) AND e.part = ? AND s.kind = ?"
)


def gather(view: Snapshot, question: Question, *, rules: GateRules, checkpoint: KnownCheckpoint | None = None) -> Facts:
    """Return what a ledger knows of a question.

    Args:
        view: of the ledger.
        question: what is asked.
        rules: of the site's gate.
        checkpoint: by which the ledger is known while the network is down.
    """
    return _Gathering(view, question).facts(rules, checkpoint)


class _Gathering:
    def __init__(self, view: Snapshot, question: Question) -> None:
        self._view = view
        self._question = question
        self._reader = Reader(view)
        kinds = ("consent", "subject_enrolled", "study_plan", "cohort_opened", "site_qualified", "person_qualified")
        codes = (question.item, question.recipient, question.site, question.actor, question.second_actor)
        wanted = [*kinds, *_STUDY_DECISIONS, "adverse_event", "receive", "administer", *filter(None, codes)]
        self._numbers = self._reader.source.numbers(list(dict.fromkeys(wanted)))

    def facts(self, rules: GateRules, checkpoint: KnownCheckpoint | None) -> Facts:
        question = self._question
        state = self._state(question.item)
        life = tuple(self._reader.life(question.item, self._numbers[question.item])) if state is not None else ()
        study = state.study if state is not None else ""
        if study:
            self._numbers.update(self._reader.source.numbers([study]))
        plans = self._stated("study_plan", study)
        consents = [event for event in self._stated("consent", question.recipient) if event.study in {"", study}]
        enrolments = [event for event in self._stated("subject_enrolled", question.recipient) if event.study == study]
        size = self._view.size()
        facts = Facts(
            question=question,
            rules=rules,
            state=state,
            where=self._where(state),
            life=life,
            receivers=tuple(dict.fromkeys(self._receivers(life))),
            lot_recalled=bool(state is not None and state.lot and self._register("lot", state.lot)),
            fallen_origins=fallen_origins(self._reader, question.item) if life else (),
            standing=self._register("study", study) if study else "",
            plans=plans,
            cohorts=self._stated("cohort_opened", study),
            enrolments=tuple(enrolments),
            consents=tuple(consents),
            reactions=self._reactions(study),
            study_decisions=tuple(
                event for kind in _STUDY_DECISIONS for event in self._events(kind, [study], part=int(Part.STUDY))
            ),
            given_in_cohort=(),
            people=self._people(),
            qualifications={
                person: self._stated("person_qualified", person)
                for person in filter(None, (question.actor, question.second_actor))
            },
            site_qualifications=self._stated("site_qualified", question.site),
            pending=(),
            size=size,
            last_recorded_at=self._reader.event(size - 1).record_time if size else "",
            checkpoint=checkpoint,
        )
        return replace(facts, pending=self._pending(facts), given_in_cohort=self._given_in_cohort(facts, study))

    # ---- the item ---------------------------------------------------------------------------------------------------

    def _state(self, code: str) -> ItemState | None:
        number = self._numbers.get(code)
        return self._reader.source.states([number]).get(number) if number is not None else None

    def _where(self, state: ItemState | None) -> Whereabouts | None:
        if state is None:
            return None
        known = Register()
        around = state
        while around.container and around.container not in known.items:
            self._numbers.update(self._reader.source.numbers([around.container]))
            found = self._state(around.container)
            if found is None:
                break
            known.items[around.container] = around = found
        return whereabouts(known, state)

    def _receivers(self, life: Sequence[Step]) -> Iterator[tuple[str, str]]:
        packed: dict[str, int] = {}
        for step in life:
            event = step.event
            if event.kind == "pack":
                packed[event.container] = step.index
            if event.site != self._question.site and event.kind != "handover":
                continue
            if event.kind in {"receive", "unpack"}:
                yield event.actor, event.role
            if event.kind == "unpack":
                yield from self._took_in(event.container, packed.get(event.container, -1), step.index)
            if event.kind == "handover" and event.destination == self._question.site:
                yield event.second_actor, event.second_role

    def _took_in(self, container: str, first: int, last: int) -> Iterator[tuple[str, str]]:
        """Yield who received a container at the site between two places of the log."""
        numbers = self._reader.source.numbers([container, "receive"])
        if len(numbers) < 2:
            return
        rows = self._view.execute(
            f"{_BY_KIND.format(subjects='?')} AND e.event > ? AND e.event < ?",
            (numbers[container], int(Part.ITEM), numbers["receive"], first, last),
        )
        for _, index in rows:
            event = self._reader.event(index)
            if self._reader.is_counted(index, event) and event.site == self._question.site:
                yield event.actor, event.role

    # ---- what follows the release -----------------------------------------------------------------------------------

    def _pending(self, facts: Facts) -> tuple[Pending, ...] | None:
        state = facts.state
        if state is not None and state.elsewhere:
            packet = packet_event(facts)
            said = [each.value for each in packet.measurements if each.name == "pending"] if packet is not None else []
            return tuple(Pending(*_name_and_day(text)) for text in said)
        decided = decided_event(facts)
        if decided is None or decided.outcome not in {"conditional_release", "exceptional_release"}:
            return ()
        document = self._document(decided)
        if document is None:
            return None
        at = facts.position(lambda event: event is decided)
        named = str((document.get("spec") or {}).get("id", ""))
        later = [event for event in facts.after(at) if event.kind == "evaluation" and specification_of(event) == named]
        if named and later and later[-1].outcome == Disposition.ELIGIBLE.value:
            return ()
        return tuple(
            Pending(str(each.get("requirement_id", "")), _moment(str(each.get("due", ""))))
            for each in document.get("pending", ())
        )

    def _document(self, decided: Event) -> dict[str, Any] | None:
        for blob in decided.blobs:
            digest = bytes.fromhex(blob.digest.removeprefix("sha256:"))
            data = self._view.blob(digest) if blob.name == "decision" else None
            if data is not None and sha256(data).digest() == digest:
                try:
                    document = json.loads(data)
                except ValueError:
                    return None
                return document if isinstance(document, dict) else None
        return None

    # ---- what was stated last ---------------------------------------------------------------------------------------

    def _stated(self, kind: str, subject: str) -> tuple[Event, ...]:
        """Return the events of a kind about a subject that count and have happened, in order of time."""
        found = self._events(kind, [subject] if subject else [], part=int(Part.SUBJECT))
        return tuple(sorted(found, key=lambda event: event.event_time))

    def _events(self, kind: str, codes: Sequence[str], *, part: int) -> Iterator[Event]:
        numbers = [self._numbers[code] for code in codes if code in self._numbers]
        if kind not in self._numbers:
            return
        for some in parted(numbers):
            rows = self._view.execute(_BY_KIND.format(subjects=marks(some)), (*some, part, self._numbers[kind]))
            for index in sorted({index for _, index in rows}):
                event = self._reader.event(index)
                if self._reader.is_counted(index, event) and event.event_time <= self._question.now:
                    yield event

    def _given_in_cohort(self, facts: Facts, study: str) -> tuple[tuple[str, str], ...]:
        hold, _ = stated(facts.plan, "observation_hold")
        cohort = stated(facts.enrolment, "cohort")[0]
        if hold in {"", "0"} or not cohort:
            return ()
        enrolled = {event.recipient: event for event in self._stated("subject_enrolled", study)}
        others = [
            code
            for code, event in enrolled.items()
            if code != self._question.recipient and stated(event, "cohort")[0] in {cohort, ""}
        ]
        self._numbers.update(self._reader.source.numbers(others))
        given = self._events("administer", others, part=int(Part.RECIPIENT))
        return tuple((event.recipient, event.event_time) for event in given if event.study in {"", study})

    def _reactions(self, study: str) -> tuple[Event, ...]:
        if not study or "adverse_event" not in self._numbers:
            return ()
        subjects = {event.recipient for event in self._stated("subject_enrolled", study)}
        self._numbers.update(self._reader.source.numbers(sorted(subjects)))
        named = [
            *self._events("adverse_event", [study], part=int(Part.STUDY)),
            *self._events("adverse_event", sorted(subjects), part=int(Part.RECIPIENT)),
        ]
        return tuple({event.event_id: event for event in named if event.study in {"", study}}.values())

    def _people(self) -> dict[str, Person]:
        codes = [code for code in (self._question.actor, self._question.second_actor) if code]
        found = {code: self._register("person", code) for code in codes}
        return {code: decode_person(value) for code, value in found.items() if value}

    def _register(self, sort: str, code: str) -> str:
        rows = self._view.execute("SELECT value FROM custody_register WHERE sort = ? AND code = ?", (sort, code))
        return str(rows[0][0]) if rows else ""


def _name_and_day(text: str) -> tuple[str, str]:
    """Return requirement and moment of `sterility 2026-03-26T14:00:00.000Z`; the moment is empty when none stands there."""
    name, _, day = text.rpartition(" ")
    return (name, _moment(day)) if name else (text, "")


def _moment(text: str) -> str:
    try:
        return moment_of(datetime.fromisoformat(text))
    except (ValueError, RegenqcError):
        return ""
