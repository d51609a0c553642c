"""Serious reactions: nothing is given in a study in which somebody has one to answer for.

Between a serious adverse reaction and the decision whether the study goes on lies a time in which nobody has suspended it yet.
The gate is closed in that time. A report that does not say whether the reaction is serious, or whether it is related, is taken
for one that is both: silence is no assessment.
"""

from __future__ import annotations

from itertools import groupby, takewhile
from typing import TYPE_CHECKING

from regenqc.reinspection.gate.facts import stated
from regenqc.reinspection.gate.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.custody.record import Event
    from regenqc.reinspection.gate.facts import Facts

__all__ = ["open_reactions", "reactions_answered"]


def open_reactions(reports: Iterable[Event], answers: Sequence[Event]) -> tuple[Event, ...]:
    """Return the first report of every serious reaction that may be related and that nothing answers.

    Args:
        reports: events `adverse_event` of a study; those of one recipient and one `investigation` are one case, of which the
            report recorded last speaks.
        answers: `study_suspended`, `study_resumed` and `study_terminated` of the study. One of them answers what had been recorded
            before it: whoever decided could know of it.

    A report says `serious` and `related`, each `yes` or `no`; any other word is no assessment.
    """
    cases = groupby(sorted(reports, key=_case_and_time), key=lambda event: _case_and_time(event)[:2])
    found = []
    for _, told in cases:
        standing = list(takewhile(_may_be_serious_and_related, reversed(list(told))))
        if standing and not any(answer.record_time >= standing[-1].record_time for answer in answers):
            found.append(standing[-1])
    return tuple(sorted(found, key=lambda event: event.record_time))


def reactions_answered(facts: Facts) -> Iterator[Reason]:
    """Yield every serious reaction in the study that nobody has answered."""
    for event in open_reactions(facts.reactions, facts.study_decisions):
        serious, related = (_word(event, name) for name in ("serious", "related"))
        said = "serious" if serious == "yes" else "not assessed as serious or not"
        said += ", related" if related == "yes" else ", not assessed as related or not"
        yield Reason(
            f"{event.event_id} of {event.recipient} at {event.site}, {event.event_time}: {said}",
            "assessed as not serious or not related, or the study suspended and resumed since",
            "Assess it, or suspend the study; the ethics committee decides whether it goes on.",
        )


def _case_and_time(event: Event) -> tuple[str, str, str, str]:
    return event.recipient, event.investigation or event.event_id, event.record_time, event.event_time


def _may_be_serious_and_related(event: Event) -> bool:
    return "no" not in {_word(event, "serious"), _word(event, "related")}


def _word(event: Event, name: str) -> str:
    return stated(event, name)[0].strip().casefold()
