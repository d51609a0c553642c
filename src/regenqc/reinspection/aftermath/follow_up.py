"""Which visits of follow-up are done, due, or overdue, by the schedule that the plan of the study sets.

No source gives a number of years for every product, so that there is no schedule unless the sponsor states one: measurements
`follow_up` of the plan, as `3 mo` or `5 y`, each with a period that counts from the administration.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from regenqc.custody.projection.tables import Part
from regenqc.custody.trace.reader import Reader
from regenqc.errors import Fault, SpecificationError
from regenqc.outcomes.follow_up import Answer, Visit, visits_of
from regenqc.regulation.clocks import Period, read_period

if TYPE_CHECKING:
    from regenqc.custody.record import Event
    from regenqc.ledger import Snapshot

__all__ = ["Visit", "follow_up_visits"]

_PLAN: Final = "follow_up"
_WINDOW: Final = "follow_up_window"


def follow_up_visits(view: Snapshot, study: str, *, today: date) -> tuple[Visit, ...]:
    """Return the visits of everybody who received something in a study, by recipient and date.

    Args:
        view: of the ledger.
        study: its code.
        today: the present day.

    Raises:
        UsageError: `RQC-C221`, the log never names the study.
        SpecificationError: `RQC-H602`, its plan states no schedule, or one that is not understood.

    A visit is answered by the first follow-up of the recipient that lies in its window or after it and answers no earlier visit.
    """
    reader = Reader(view)
    told = reader.events_naming([reader.number(study)], parts=(int(Part.SUBJECT),))
    plans = sorted((event for _, event in told if event.kind == "study_plan"), key=lambda event: event.event_time)
    periods, window = _schedule(plans[-1] if plans else None, study)
    recipients = list(dict.fromkeys(event.recipient for _, event in told if event.kind == "subject_enrolled"))
    visits: list[Visit] = []
    for recipient in recipients:
        events = [event for _, event in reader.events_naming([reader.number(recipient)], parts=(int(Part.RECIPIENT),))]
        given = sorted(event.event_time for event in events if event.kind == "administer")
        if given:
            answers = [
                Answer(_day(event.event_time), event.event_time) for event in events if event.kind == "follow_up"
            ]
            visits += visits_of(
                recipient,
                _day(given[0]),
                periods=periods,
                window=window,
                answers=answers,
                today=today,
                late_counts=True,
            )
    return tuple(visits)


def _schedule(plan: Event | None, study: str) -> tuple[list[Period], timedelta]:
    stated = [
        (each.name, f"{each.value} {each.unit}".strip())
        for each in (plan.measurements if plan is not None else ())
        if each.name in {_PLAN, _WINDOW}
    ]
    try:
        periods = [read_period(text) for name, text in stated if name == _PLAN]
        windows = [read_period(text) for name, text in stated if name == _WINDOW]
    except ValueError as error:
        raise SpecificationError(_not_set(study, str(error))) from error
    if not periods or any(each.unit not in {"d", "mo", "y"} for each in periods):
        raise SpecificationError(_not_set(study, ", ".join(text for _, text in stated) or "no schedule"))
    if len(windows) != 1 or windows[0].unit != "d":
        raise SpecificationError(_not_set(study, f"{len(windows)} windows"))
    return periods, timedelta(days=windows[0].amount)


def _not_set(study: str, got: str) -> Fault:
    return Fault(
        code="RQC-H602",
        what="The plan of the study sets no schedule of follow-up.",
        where=study,
        got=got,
        expected=f"measurements `{_PLAN}` as 3 mo or 5 y, and one `{_WINDOW}` in d",
        action="The sponsor sets it; record it with the plan.",
    )


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])
