"""The answer of the gate as an event of custody: that it was asked, by whom, and what stood against it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from regenqc.canonical import canonical_json
from regenqc.custody.digest_names import digest_name
from regenqc.custody.record import SCHEMA, Event, Item, Measurement

if TYPE_CHECKING:
    from regenqc.reinspection.gate.answer import GateAnswer

__all__ = ["MADE_ANEW", "answer_event"]

# What differs each time the same answer is recorded.
MADE_ANEW: Final = ("record_time",)


def answer_event(answer: GateAnswer, *, zone: str, recorded_at: str) -> Event:
    """Return the event that records an answer.

    Args:
        answer: of the gate.
        zone: offset of the site's wall clock.
        recorded_at: the present moment.

    Returns:
        An event whose identifier follows from question and answer, so that it is recorded once. It says by name what does
        not hold. Recipient and identity are left out: they are as somebody read them at the bedside, and where they are wrong
        the record would connect people who have nothing to do with each other.
    """
    question = answer.question
    told = {"question": asdict(question), "answer": answer.word, "against": list(answer.names)}
    return Event(
        schema=SCHEMA,
        kind="gate_answer",
        event_id=digest_name("GATE", canonical_json(told)),
        event_time=question.now,
        record_time=max(recorded_at, question.now),
        zone=zone,
        actor=question.actor,
        role=question.role,
        second_actor=question.second_actor,
        second_role=question.second_role,
        site=question.site,
        items=(Item(question.item),),
        outcome=answer.word.replace("-", "_"),
        measurements=tuple(Measurement(name, "does not hold") for name in answer.names),
    )
