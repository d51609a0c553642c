"""Who is told by when: what happened, and the reports that the tables of the jurisdiction have for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault, UsageError
from regenqc.regulation.obligations import list_obligations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.regulation.clocks import WorkingCalendar
    from regenqc.vocabulary import Jurisdiction

__all__ = ["OCCURRENCES", "Notice", "notices_due"]

# What may happen, and the reports of `regenqc.regulation.duties` that it sets going.
OCCURRENCES: Final[dict[str, tuple[str, ...]]] = {
    "administration": ("KR-R3", "KR-R8"),
    "out_of_specification_administered": ("EU-R1",),
    "quality_problem": ("CN-R7",),
    "recall": ("KR-R15", "KR-R16"),
    "serious_reaction": ("JP-R1", "JP-R2", "KR-R1", "KR-R2", "KR-R4", "CN-R4", "CN-R8"),
    "study_suspended": ("CN-R4",),
    "study_terminated": ("CN-R3", "JP-R6"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Hold one notice.

    Args:
        report: identifier of the rule.
        what: happened.
        to: whom to tell, in the words of the table.
        due: date, or date and time, by which; empty where no period is stated or no calendar is at hand.
        period: in words; empty where none is stated.
        overdue: it was due before now.
        source: of the rule.
    """

    report: str
    what: str
    to: str
    due: str
    period: str
    overdue: bool
    source: str


def notices_due(
    occurred: Mapping[str, datetime],
    *,
    jurisdiction: Jurisdiction,
    track: str,
    now: datetime,
    calendar: WorkingCalendar | None = None,
) -> tuple[Notice, ...]:
    """Return the notices that follow from what happened; indicative, as the tables are.

    Args:
        occurred: what happened, by the words of `OCCURRENCES`, and when, with zone.
        jurisdiction: whose tables.
        track: code of `regenqc classify`.
        now: the present moment, with zone.
        calendar: working days; without it a period of working days has no date.

    Raises:
        UsageError: `RQC-H601`, no table knows what happened; `RQC-U102`, there is no such track.

    Example:
        >>> from datetime import UTC
        >>> from regenqc.vocabulary import Jurisdiction
        >>> given = {"out_of_specification_administered": datetime(2026, 3, 16, 9, tzinfo=UTC)}
        >>> [(each.due, each.source) for each in notices_due(given, jurisdiction=Jurisdiction.EU, track="atmp",
        ...     now=datetime(2026, 3, 17, tzinfo=UTC))]
        [('2026-03-18T09:00:00+00:00', 'EU-OOS-3')]
    """
    unknown = [word for word in occurred if word not in OCCURRENCES]
    if unknown:
        raise UsageError(
            Fault(
                code="RQC-H601",
                what="No table knows what happened.",
                got=", ".join(unknown),
                expected=", ".join(sorted(OCCURRENCES)),
            )
        )
    started: dict[str, datetime] = {}
    for word, moment in occurred.items():
        for report in OCCURRENCES[word]:
            started[report] = min(moment, started.get(report, moment))
    found = list_obligations(
        jurisdiction=jurisdiction,
        track=track,
        events={report: moment.date() for report, moment in started.items()},
        calendar=calendar,
    )
    notices = []
    for each in found.reports:
        if each.rule.id not in started:
            continue
        moment = started[each.rule.id]
        due, overdue = "", False
        if each.period is not None and each.period.unit == "h":
            end = moment + timedelta(hours=each.period.amount)
            due, overdue = end.isoformat(), end < now
        elif each.due is not None:
            due, overdue = each.due.isoformat(), each.due < now.date()
        notices.append(
            Notice(
                report=each.rule.id,
                what=each.rule.event,
                to=each.rule.words,
                due=due,
                period=str(each.period) if each.period is not None else "",
                overdue=overdue,
                source=each.rule.source,
            )
        )
    return tuple(notices)
