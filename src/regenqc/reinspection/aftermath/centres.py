"""Several centres: one lot in the ledgers of all its sites, equal versions, and the adverse events that the lead site collects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from regenqc.custody.projection.source import TableSource
from regenqc.custody.projection.tables import Part
from regenqc.custody.trace.lineage import forward
from regenqc.custody.trace.reader import Reader
from regenqc.custody.versions import versions_stated
from regenqc.reinspection.gate.of_reactions import open_reactions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from regenqc.custody.record import Event
    from regenqc.custody.versions import VersionStated
    from regenqc.ledger import Snapshot
    from regenqc.reinspection.aftermath.consequences import Affected

__all__ = ["PlanAt", "Reaction", "adverse_events", "join_sites", "plans_at", "versions_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAt:
    """Hold what the ledger of one site says of the plan of a study.

    Args:
        ledger: its name.
        stated: values of the plan in force by name, each with its unit; empty where the ledger knows no plan.
        differs: names of values that are not as in the first ledger.
    """

    ledger: str
    stated: Mapping[str, str]
    differs: tuple[str, ...]


def join_sites(told: Iterable[Iterable[Affected]]) -> tuple[Affected, ...]:
    """Return one row for each container that several ledgers tell of, in the order in which they first name it.

    Args:
        told: of each ledger, what it says.

    The ledger that saw it last speaks for it: the one in which it was given, destroyed or used, before one that has it in hand,
    before one from which it was only sent away. What stops it in any ledger stops it.
    """
    joined: dict[str, Affected] = {}
    stops: dict[str, dict[str, None]] = {}
    for rows in told:
        for row in rows:
            stops.setdefault(row.item, {}).update(dict.fromkeys(row.stops))
            known = joined.get(row.item)
            if known is None or _knows_more(row) > _knows_more(known):
                joined[row.item] = row
    return tuple(replace(row, stops=tuple(stops[item])) for item, row in joined.items())


def _knows_more(row: Affected) -> int:
    if row.administered_at:
        return 3
    if row.status != "active":
        return 2
    return 0 if row.heading else 1


def plans_at(views: Mapping[str, Snapshot], study: str) -> tuple[PlanAt, ...]:
    """Return the plan of a study as the ledger of each site states it, and where they differ from the first.

    Args:
        views: of the ledgers by name, the lead site first.
        study: its code.

    Versions must be equal across sites; a site that knows no plan differs in everything.
    """
    plans = [(name, _plan(view, study)) for name, view in views.items()]
    lead = plans[0][1] if plans else {}
    return tuple(
        PlanAt(
            ledger=name,
            stated=stated,
            differs=tuple(sorted(key for key in lead.keys() | stated.keys() if lead.get(key) != stated.get(key))),
        )
        for name, stated in plans
    )


def _plan(view: Snapshot, study: str) -> dict[str, str]:
    number = TableSource(view).numbers([study]).get(study)
    if number is None:
        return {}
    told = Reader(view).events_naming([number], parts=(int(Part.SUBJECT),))
    plans = sorted((event for _, event in told if event.kind == "study_plan"), key=lambda event: event.event_time)
    values: dict[str, list[str]] = {}
    for each in plans[-1].measurements if plans else ():
        values.setdefault(each.name, []).append(f"{each.value} {each.unit}".strip())
    return {name: ", ".join(sorted(stated)) for name, stated in values.items()}


def versions_at(views: Mapping[str, Snapshot], study: str) -> dict[str, tuple[VersionStated, ...]]:
    """Return, by ledger, by which versions the sites judged, received and inspected what belongs to a study.

    Args:
        views: of the ledgers by name; an item that belongs to the study in one of them is asked for in all.
        study: its code; ledgers that never name it add nothing.
    """
    codes: dict[str, None] = {}
    for view in views.values():
        if study in TableSource(view).numbers([study]):
            codes.update(dict.fromkeys(item.code for item in forward(view, study).items))
    return {name: versions_stated(Reader(view), codes) for name, view in views.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Hold one adverse event as a site recorded it.

    Args:
        event_id: of the event.
        event_time: when it happened.
        site: which recorded it.
        recipient: pseudonym.
        items: what the recipient had been given, where it is stated.
        said: measurements and reason, in words.
        answered: assessed as not serious or not related, or a decision on the study was recorded afterwards in that ledger.
    """

    event_id: str
    event_time: str
    site: str
    recipient: str
    items: tuple[str, ...]
    said: str
    answered: bool


def adverse_events(view: Snapshot, study: str) -> tuple[Reaction, ...]:
    """Return the adverse events of a study, in order of time: those that name it, and those of its subjects.

    Args:
        view: of the ledger of one site; a lead site asks all of them.
        study: its code; a ledger that never names it has none.
    """
    source = TableSource(view)
    numbers = source.numbers([study])
    if study not in numbers:
        return ()
    reader = Reader(view)
    told = reader.events_naming([numbers[study]], parts=(int(Part.SUBJECT),))
    subjects = {event.recipient for _, event in told if event.kind == "subject_enrolled"}
    told = _of_kind(reader, "adverse_event", [study, *subjects])
    found = {index: event for index, event in told if event.study in {"", study}}
    decisions = [
        event
        for kind in ("study_suspended", "study_resumed", "study_terminated")
        for _, event in _of_kind(reader, kind, [study])
    ]
    reports = list(found.values())
    waiting = {(event.recipient, event.investigation or event.event_id) for event in open_reactions(reports, decisions)}
    return tuple(
        Reaction(
            event_id=event.event_id,
            event_time=event.event_time,
            site=event.site,
            recipient=event.recipient,
            items=tuple(item.id for item in event.items),
            said="; ".join(
                [*(f"{each.name} {each.value} {each.unit}".strip() for each in event.measurements), event.reason]
            ).strip("; "),
            answered=(event.recipient, event.investigation or event.event_id) not in waiting,
        )
        for event in sorted(found.values(), key=lambda each: each.event_time)
    )


def _of_kind(reader: Reader, kind: str, codes: Iterable[str]) -> list[tuple[int, Event]]:
    numbers = list(reader.source.numbers(list(dict.fromkeys(codes))).values())
    named = reader.events_naming(numbers, parts=(int(Part.STUDY), int(Part.RECIPIENT)))
    return [(index, event) for index, event in named if event.kind == kind]
