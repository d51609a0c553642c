"""Put every condition to what is known: go, or no-go with every reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenqc.errors import Fault, fault_value
from regenqc.reinspection.gate.gathering import gather
from regenqc.reinspection.gate.table import CONDITIONS

if TYPE_CHECKING:
    from regenqc.ledger import Snapshot
    from regenqc.reinspection.gate.checkpoint import KnownCheckpoint
    from regenqc.reinspection.gate.facts import Facts
    from regenqc.reinspection.gate.question import GateRules, Question
    from regenqc.reinspection.gate.table import Condition

__all__ = ["Answered", "GateAnswer", "ask_gate", "gate_value", "judge_gate"]


@dataclass(frozen=True, slots=True)
class Answered:
    """Hold what became of one condition.

    Args:
        condition: of the table.
        applies: it was asked.
        reasons: what stands against it; empty when it holds or was not asked.
    """

    condition: Condition
    applies: bool
    reasons: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """Return whether the condition was asked and holds."""
        return self.applies and not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """Hold the answer to one question.

    Args:
        question: what was asked.
        answered: every condition of the table, in its order.
        size: number of events that were known.
        last_recorded_at: when the last of them was recorded.
        checkpoint: by which they were known while the network was down.
    """

    question: Question
    answered: tuple[Answered, ...]
    size: int
    last_recorded_at: str
    checkpoint: KnownCheckpoint | None

    @property
    def is_go(self) -> bool:
        """Return whether no condition stands against it; with no condition asked the answer is no."""
        asked = [each for each in self.answered if each.applies]
        return bool(asked) and not any(each.reasons for each in asked)

    @property
    def word(self) -> str:
        """Return `go` or `no-go`."""
        return "go" if self.is_go else "no-go"

    @property
    def reasons(self) -> tuple[Fault, ...]:
        """Return every reason, in the order of the table."""
        return tuple(reason for each in self.answered for reason in each.reasons)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the conditions that do not hold."""
        return tuple(each.condition.name for each in self.answered if each.reasons)


def ask_gate(
    view: Snapshot, question: Question, *, rules: GateRules, checkpoint: KnownCheckpoint | None = None
) -> GateAnswer:
    """Return whether an item may be given, from the ledger alone.

    Args:
        view: of the ledger.
        question: what is asked.
        rules: of the site's gate.
        checkpoint: by which the ledger is known while the network is down; `None` when it is up.

    Errors: none for an item that is not known; that is a reason.

    Example:
        >>> import tempfile
        >>> from regenqc.custody import Book
        >>> from regenqc.reinspection.gate import GateRules, Question
        >>> folder = tempfile.TemporaryDirectory()
        >>> question = Question(item="DP-1", recipient="PATIENT-0815", coi="", site="HOSPITAL-1", actor="NURSE-0501",
        ...     role="nurse", second_actor="PHYS-0077", second_role="physician", now="2026-03-16T12:00:00.000Z")
        >>> with Book.open(f"sqlite:///{folder.name}/ledger.db", origin="hospital.example/ledger", policy=None,
        ...     now=lambda: "2026-03-16T12:00:00.000Z") as book, book.read() as view:
        ...     answer = ask_gate(view, question, rules=GateRules())
        >>> answer.word, answer.names
        ('no-go', ('known', 'site_qualified', 'people_enrolled', 'people_qualified'))
        >>> folder.cleanup()
    """
    return judge_gate(gather(view, question, rules=rules, checkpoint=checkpoint))


def judge_gate(facts: Facts) -> GateAnswer:
    """Return the answer to what was gathered."""
    return GateAnswer(
        question=facts.question,
        answered=tuple(_answered(condition, facts) for condition in CONDITIONS),
        size=facts.size,
        last_recorded_at=facts.last_recorded_at,
        checkpoint=facts.checkpoint,
    )


def _answered(condition: Condition, facts: Facts) -> Answered:
    if not condition.applies(facts):
        return Answered(condition, applies=False, reasons=())
    reasons = tuple(
        Fault(
            code=condition.code,
            what=condition.sentence,
            where=facts.question.item,
            got=reason.got,
            expected=reason.expected,
            action=reason.action,
        )
        for reason in condition.judge(facts)
    )
    return Answered(condition, applies=True, reasons=reasons)


def gate_value(answer: GateAnswer) -> dict[str, Any]:
    """Return an answer as values of JSON."""
    known = answer.checkpoint
    return {
        "answer": answer.word,
        "item": answer.question.item,
        "recipient": answer.question.recipient,
        "site": answer.question.site,
        "asked_at": answer.question.now,
        "conditions": [
            {
                "code": each.condition.code,
                "name": each.condition.name,
                "sentence": each.condition.sentence,
                "answer": "holds" if each.holds else "not asked" if not each.applies else "does not hold",
                "source": each.condition.source,
                "mark": each.condition.mark,
                **({} if each.applies else {"otherwise": each.condition.otherwise}),
                "reasons": [fault_value(reason) for reason in each.reasons],
            }
            for each in answer.answered
        ],
        "events_known": answer.size,
        "last_recorded_at": answer.last_recorded_at,
        "checkpoint": None
        if known is None
        else {"covers": known.size, "known_at": known.known_at, "age_seconds": known.age_seconds, "fault": known.fault},
    }
