"""A way on which loggers travelled one after another: each is judged for its own time, and permitted time adds up over all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regenqc.reinspection.condition.excursions import judge_traces
from regenqc.reinspection.condition.legs import add_legs
from regenqc.reinspection.condition.traces import join_traces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.reinspection.condition.excursions import TraceFindings
    from regenqc.reinspection.condition.legs import WayFinding
    from regenqc.reinspection.condition.requirement import ChannelRequirement
    from regenqc.reinspection.condition.traces import Traces

__all__ = ["LegsInTurn", "explain_way", "judge_in_turn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegsInTurn:
    """Hold a way of several legs.

    Args:
        traces: of the legs, in order of time.
        findings: of each of them.
        began: of each leg, milliseconds since 1970 UTC.
        ended: of each leg.
        whole: what became of the item over all of them.
    """

    traces: Traces
    findings: TraceFindings
    began: tuple[int, ...]
    ended: tuple[int, ...]
    whole: WayFinding


def judge_in_turn(
    parts: Sequence[Traces], requirement: ChannelRequirement, *, began: int, ended: int, now: int
) -> LegsInTurn:
    """Judge traces of one channel as the legs of one way.

    Args:
        parts: traces of loggers, one or several each, in any order.
        requirement: what the product permits.
        began: of the way, milliseconds since 1970 UTC.
        ended: of the way.
        now: the present moment.

    The first leg begins with the way and the last one ends with it; in between a leg lasts from the first reading of its logger
    to the last. What nobody watched between two legs is silence. A trace without readings stands first, and is silence, too.
    """
    single = [part.one(number) for part in parts for number in range(part.count)]
    single.sort(key=lambda trace: int(trace.moments.min()) if trace.readings else began)
    joined = join_traces(single)
    # A clock that shows another time than that of the way leaves its leg without a reading.
    starts = [began, *(_within(began, each.moments.min() if each.readings else began, ended) for each in single[1:])]
    lasts = [_within(began, each.moments.max() if each.readings else began, ended) for each in single[:-1]]
    ends = [max(start, last) for start, last in zip(starts, [*lasts, ended], strict=True)]
    found = judge_traces(joined, requirement, began=np.asarray(starts), ended=np.asarray(ends), now=now)
    return LegsInTurn(
        traces=joined,
        findings=found,
        began=tuple(starts),
        ended=tuple(ends),
        whole=add_legs(found, requirement, legs=range(joined.count), began=starts, ended=ends),
    )


def _within(began: int, moment: int, ended: int) -> int:
    return min(max(int(moment), began), ended)


def explain_way(way: LegsInTurn, requirement: ChannelRequirement) -> tuple[str, ...]:
    """Return what became of an item over all legs, in sentences."""
    whole = way.whole
    minutes = 60_000
    permitted = "no total is set" if requirement.total_minutes is None else f"{requirement.total_minutes} min permitted"
    least, most = whole.outside_at_least / minutes, whole.outside_at_most / minutes
    said = [f"Over {way.traces.count} legs outside for {least:g} to {most:g} min in all; {permitted}."]
    if whole.silent:
        said.append(f"Nobody watched for {whole.silent / minutes:g} min, the time between legs included.")
    return tuple(said)
