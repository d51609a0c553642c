"""What the ledger knows of a question, gathered before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from regenqc.custody.knowledge import Person, Whereabouts
    from regenqc.custody.record import Event
    from regenqc.custody.state import ItemState
    from regenqc.custody.trace.reader import Step
    from regenqc.reinspection.gate.checkpoint import KnownCheckpoint
    from regenqc.reinspection.gate.question import GateRules, Question

__all__ = ["Facts", "Pending"]


@dataclass(frozen=True, slots=True)
class Pending:
    """Name a result that may follow the release; `due` is empty when nobody says when."""

    requirement: str
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Hold everything that the conditions look at.

    Args:
        question: what is asked.
        rules: of the site's gate.
        state: of the item, `None` when the ledger does not know it.
        where: who has the item in hand.
        life: counted events of the item, in order, with the state after each.
        receivers: actor and role of everybody who took the item, or the container around it, in at this site.
        lot_recalled: the lot is recalled as a whole.
        fallen_origins: what it was made from that was recalled or rejected.
        standing: of the study: `suspended`, `terminated`, or empty.
        plans: plans of the study as filed, in order of time.
        cohorts: openings of dose cohorts of the study.
        enrolments: of the recipient in the study.
        consents: of the recipient, for the study or for all.
        reactions: adverse events of the study and of its subjects.
        study_decisions: suspensions, resumptions and terminations of the study.
        given_in_cohort: recipient and moment of every administration to another subject of the recipient's cohort.
        people: who acts, as enrolled.
        qualifications: of who acts, by pseudonym, in order of time.
        site_qualifications: of the site.
        pending: results that may follow the release; `None` when the document that lists them is not at hand.
        size: number of events in the ledger.
        last_recorded_at: when the last of them was recorded; empty for none.
        checkpoint: by which the ledger is known while the network is down; `None` when it is up.
    """

    question: Question
    rules: GateRules
    state: ItemState | None
    where: Whereabouts | None
    life: tuple[Step, ...]
    receivers: tuple[tuple[str, str], ...]
    lot_recalled: bool
    fallen_origins: tuple[str, ...]
    standing: str
    plans: tuple[Event, ...]
    cohorts: tuple[Event, ...]
    enrolments: tuple[Event, ...]
    consents: tuple[Event, ...]
    reactions: tuple[Event, ...]
    study_decisions: tuple[Event, ...]
    given_in_cohort: tuple[tuple[str, str], ...]
    people: Mapping[str, Person]
    qualifications: Mapping[str, tuple[Event, ...]]
    site_qualifications: tuple[Event, ...]
    pending: tuple[Pending, ...] | None
    size: int
    last_recorded_at: str
    checkpoint: KnownCheckpoint | None = None

    @property
    def study(self) -> str:
        """Return the study of the item, empty when it belongs to none."""
        return self.state.study if self.state is not None else ""

    @property
    def plan(self) -> Event | None:
        """Return the plan in force: the one filed last."""
        return self.plans[-1] if self.plans else None

    @property
    def enrolment(self) -> Event | None:
        """Return the last enrolment of the recipient in the study; whether it still holds is another question."""
        return next((event for event in reversed(self.enrolments) if event.outcome == "enrolled"), None)

    def position(self, wanted: Callable[[Event], bool]) -> int:
        """Return the place in `life` of the last event that is wanted, -1 for none."""
        return next((at for at in range(len(self.life) - 1, -1, -1) if wanted(self.life[at].event)), -1)

    def after(self, position: int) -> Iterator[Event]:
        """Yield the events of the item behind a place of `life`."""
        for step in self.life[position + 1 :]:
            yield step.event


def stated(event: Event | None, name: str) -> tuple[str, str]:
    """Return value and unit of a measurement that an event states, empty texts when it does not."""
    for measurement in event.measurements if event is not None else ():
        if measurement.name == name:
            return measurement.value, measurement.unit
    return "", ""
