"""What follows from a track: how long what is kept, what is reported when, follow-up, and duties on receipt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault, UsageError
from regenqc.regulation.classification import NOTE, TABLES
from regenqc.regulation.clocks import Period, latest, read_period
from regenqc.regulation.duties import (
    ANCHORS,
    FOLLOW_UPS,
    RECEIPT_DUTIES,
    REPORTS,
    RETENTIONS,
    Duty,
    FollowUp,
    Report,
    Retention,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from regenqc.regulation.clocks import WorkingCalendar
    from regenqc.vocabulary import Jurisdiction

__all__ = ["CASE", "DueReport", "Obligations", "Retained", "RetentionClock", "list_obligations"]

# Facts of the case on which clocks depend, and their words; one that is not stated applies every clock that it could.
CASE: Final[dict[str, tuple[str, ...]]] = {
    "designated_product": ("yes", "no"),
    "offspring_involved": ("yes", "no"),
    "cell_source": ("stem", "animal", "other"),
    "gene_modification": ("any", "none"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionClock:
    """One clock of a subject, and the day until which it runs; `None` for no end, or an end that is not known."""

    rule: Retention
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """One thing that is kept.

    Args:
        subject: what.
        until: last day; `None`: keep indefinitely.
        why: in words.
        clocks: all that apply.
    """

    subject: str
    until: date | None
    why: str
    clocks: tuple[RetentionClock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReport:
    """One report, and the day by which it is due; `None` where the event, or a calendar, is not known."""

    rule: Report
    period: Period | None
    due: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligations:
    """What follows in one jurisdiction and track; indicative."""

    jurisdiction: Jurisdiction
    track: str
    retention: tuple[Retained, ...]
    reports: tuple[DueReport, ...]
    follow_up: tuple[FollowUp, ...]
    on_receipt: tuple[Duty, ...]
    note: str = field(default=NOTE)


def list_obligations(
    *,
    jurisdiction: Jurisdiction,
    track: str,
    anchors: Mapping[str, date] | None = None,
    events: Mapping[str, date] | None = None,
    case: Mapping[str, str] | None = None,
    calendar: WorkingCalendar | None = None,
) -> Obligations:
    """Return the obligations of a track.

    The retention of a subject is the longest of all clocks that apply. A clock whose anchor has not happened, or was not
    stated, has no known end: what it covers is kept indefinitely.

    Args:
        jurisdiction: US, EU, JP, KR or CN.
        track: code of `classify`, for example `asrm`.
        anchors: day of events from which retentions run, by the names of `ANCHORS`.
        events: day of events that are reported, by identifier of the report, for example `CN-R1`.
        case: facts on which clocks depend, by the names of `CASE`.
        calendar: working days; without it a period of working days has no date.

    Raises:
        UsageError: a track, anchor, event or fact that no table knows.

    Example:
        >>> from datetime import date
        >>> from regenqc.vocabulary import Jurisdiction
        >>> found = list_obligations(
        ...     jurisdiction=Jurisdiction.CN, track="order_818", anchors={"study_ended": date(2028, 3, 1)},
        ...     case={"offspring_involved": "no"},
        ... )
        >>> [(kept.subject, str(kept.until)) for kept in found.retention]
        [('study records and originals', '2058-03-01')]
    """
    anchors, events, case = anchors or {}, events or {}, case or {}
    _check(anchors, events, case)
    _check_track(jurisdiction, track)
    clocks: dict[str, list[RetentionClock]] = {}
    for rule in RETENTIONS:
        if _speaks(rule, jurisdiction, track) and _holds(rule.condition, case):
            clocks.setdefault(rule.subject, []).append(RetentionClock(rule=rule, until=_until(rule, anchors)))
    reports = [rule for rule in REPORTS if _speaks(rule, jurisdiction, track)]
    return Obligations(
        jurisdiction=jurisdiction,
        track=track,
        retention=tuple(_retained(subject, running) for subject, running in clocks.items()),
        reports=tuple(_due(rule, events, calendar) for rule in reports),
        follow_up=tuple(
            rule for rule in FOLLOW_UPS if _speaks(rule, jurisdiction, track) and _holds(rule.condition, case)
        ),
        on_receipt=tuple(rule for rule in RECEIPT_DUTIES if _speaks(rule, jurisdiction, track)),
    )


def _speaks(rule: Retention | Report | FollowUp | Duty, jurisdiction: Jurisdiction, track: str) -> bool:
    return rule.jurisdiction is jurisdiction and (not rule.tracks or track in rule.tracks)


def _holds(condition: tuple[str, str] | None, case: Mapping[str, str]) -> bool:
    """Return whether a condition holds or may hold: what is not stated could be."""
    return condition is None or case.get(condition[0], condition[1]) == condition[1]


def _until(rule: Retention, anchors: Mapping[str, date]) -> date | None:
    if not rule.period or rule.anchor not in anchors:
        return None
    return read_period(rule.period).end(anchors[rule.anchor])


def _retained(subject: str, clocks: list[RetentionClock]) -> Retained:
    until = latest([clock.until for clock in clocks])
    permanent = [clock.rule for clock in clocks if not clock.rule.period]
    open_ends = dict.fromkeys(
        ANCHORS[clock.rule.anchor] for clock in clocks if clock.until is None and clock.rule.period
    )
    if permanent:
        why = f"for ever ({', '.join(rule.source for rule in permanent)})"
    elif open_ends:
        why = (
            f"indefinitely: no day is known on which {' or '.join(open_ends)}"
            if "not stated in what was read" not in open_ends
            else ("indefinitely: the event from which the period runs is not stated in what was read")
        )
    else:
        longest = next(clock.rule for clock in clocks if clock.until == until)
        why = f"{read_period(longest.period)} after {ANCHORS[longest.anchor]} ({longest.source})"
    return Retained(subject=subject, until=until, why=why, clocks=tuple(clocks))


def _due(rule: Report, events: Mapping[str, date], calendar: WorkingCalendar | None) -> DueReport:
    period = read_period(rule.period) if rule.period else None
    start = events.get(rule.id)
    due = period.end(start, calendar=calendar) if period is not None and start is not None else None
    return DueReport(rule=rule, period=period, due=due)


def _check_track(jurisdiction: Jurisdiction, track: str) -> None:
    """Refuse a track that `classify` cannot answer: a misspelt one would seem to have no obligations."""
    known = {row.answer for row in TABLES[jurisdiction][0]} if jurisdiction in TABLES else set()
    if track not in known:
        raise UsageError(
            Fault(
                code="RQC-U102",
                what=f"There is no such track in {jurisdiction}.",
                got=track,
                expected=", ".join(sorted(known)) or "one of US, EU, JP, KR, CN",
                action="Take the code from `regenqc classify`.",
            )
        )


def _check(anchors: Mapping[str, date], events: Mapping[str, date], case: Mapping[str, str]) -> None:
    known = {"anchor": set(ANCHORS) - {"not_read"}, "event": {rule.id for rule in REPORTS}, "fact": set(CASE)}
    faults = [
        Fault(
            code="RQC-U102",
            what=f"There is no such {kind}.",
            got=name,
            expected=", ".join(sorted(known[kind])),
            action="Correct the name.",
        )
        for kind, names in (("anchor", anchors), ("event", events), ("fact", case))
        for name in names
        if name not in known[kind]
    ]
    faults += [
        Fault(
            code="RQC-U102",
            what=f"The word for {name.replace('_', ' ')} is not known.",
            got=word,
            expected=", ".join(CASE[name]),
            action="Use one of the words, or leave it out.",
        )
        for name, word in case.items()
        if name in CASE and word not in CASE[name]
    ]
    if faults:
        raise UsageError(*faults)
