"""Judge traces: how long each was outside its limits, at least and at most, and how long nobody watched.

A logger says what was at the moments at which it looked. Between two readings inside the range nothing is known to have been
outside; between a reading inside and one outside the excursion began at some moment, which nobody knows. So every excursion has
two lengths: it lasted *at least* from its first to its last reading outside, and *at most* from the reading before to the
reading after. What is permitted is compared with both:

- at least more than permitted: fails;
- at most no more than permitted: conforms;
- in between: inconclusive, because the logger looked too seldom to tell.

Where nothing is permitted, one reading outside fails. A limit that nobody has set never conforms once it is needed. Silence
longer than permitted, a start after the way began, an end before it ended, readings out of order and clocks that do not fit
the way are inconclusive, each by a name of its own. All traces are judged together, in a few passes over their columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from regenqc.errors import Fault, UsageError
from regenqc.vocabulary import Verdict

if TYPE_CHECKING:
    from regenqc.reinspection.condition.requirement import ChannelRequirement
    from regenqc.reinspection.condition.traces import Traces

__all__ = ["EXPLANATIONS", "TraceFindings", "Trouble", "judge_traces"]

Milliseconds = npt.NDArray[np.int64]


class Trouble(IntFlag):
    """What keeps a trace from conforming; the numbers are stable."""

    NO_READINGS = 1
    OUT_OF_ORDER = 2
    WRONG_CLOCK = 4
    STARTS_LATE = 8
    ENDS_EARLY = 16
    SILENT = 32
    OUTSIDE = 64
    PERHAPS_OUTSIDE = 128
    NOT_SET = 256
    VALUES_MISSING = 512


_FAILING: Final = int(Trouble.OUTSIDE)

EXPLANATIONS: Final[dict[Trouble, tuple[str, str]]] = {
    Trouble.NO_READINGS: ("The logger recorded nothing.", "Obtain its record."),
    Trouble.OUT_OF_ORDER: (
        "The readings are not in order of time.",
        "Read the logger again; a clock that was set back hides time.",
    ),
    Trouble.WRONG_CLOCK: (
        "The clock of the logger does not fit the way: its readings lie outside it, or in the future.",
        "Compare the clock of the logger with a right one, and let quality assurance judge.",
    ),
    Trouble.STARTS_LATE: ("The logger began after the way began.", "Obtain what watched it before."),
    Trouble.ENDS_EARLY: ("The logger ended before the way ended.", "Obtain what watched it afterwards."),
    Trouble.SILENT: (
        "The logger was silent longer than permitted, and what happened then is not interpolated.",
        "Obtain the missing readings.",
    ),
    Trouble.OUTSIDE: ("It was outside its limits longer than permitted.", "Do not use it."),
    Trouble.PERHAPS_OUTSIDE: (
        "It may have been outside its limits longer than permitted: the logger looked too seldom to tell.",
        "Let quality assurance judge, with stability data.",
    ),
    Trouble.NOT_SET: ("What is permitted has not been set by the sponsor.", "Ask for the product's own limit."),
    Trouble.VALUES_MISSING: ("Some readings have no value.", "They count as silence."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFindings:
    """Hold what became of traces, one row each.

    Args:
        verdicts: codes of `Verdict`.
        troubles: flags of `Trouble`.
        readings: number of readings that counted: with a value, and on the way.
        minimum: smallest of them; NaN without any.
        maximum: largest of them.
        mean: of the readings, each counted alike.
        excursions: number of excursions.
        outside_at_least: milliseconds outside, from first to last reading outside.
        outside_at_most: milliseconds outside, from the reading before to the reading after.
        longest_at_least: of the longest excursion.
        longest_at_most: of the longest excursion.
        silent: milliseconds in stretches without reading that are longer than permitted, ends of the way included.
        longest_silence: longest stretch without reading.
    """

    verdicts: npt.NDArray[np.int8]
    troubles: npt.NDArray[np.int16]
    readings: Milliseconds
    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    excursions: Milliseconds
    outside_at_least: Milliseconds
    outside_at_most: Milliseconds
    longest_at_least: Milliseconds
    longest_at_most: Milliseconds
    silent: Milliseconds
    longest_silence: Milliseconds

    def verdict(self, position: int) -> Verdict:
        """Return the verdict on one trace."""
        return Verdict(int(self.verdicts[position]))

    def trouble(self, position: int) -> Trouble:
        """Return what keeps one trace from conforming."""
        return Trouble(int(self.troubles[position]))


def judge_traces(
    traces: Traces, requirement: ChannelRequirement, *, began: Milliseconds, ended: Milliseconds, now: int
) -> TraceFindings:
    """Return what became of traces on their way.

    Args:
        traces: of one channel.
        requirement: what the product permits.
        began: when the way of each trace began, milliseconds since 1970 UTC; readings before are left out.
        ended: when it ended; readings after are left out.
        now: the present moment; a reading behind it comes from a wrong clock.

    Raises:
        UsageError: `RQC-H210`, a way for each trace is not stated or ends before it begins; `RQC-H211`, the unit of the
            readings is none in which the limits can be written.

    Example:
        >>> from regenqc.reinspection.condition import ChannelRequirement, Traces
        >>> from regenqc.vocabulary import Mark
        >>> from decimal import Decimal
        >>> permitted = ChannelRequirement(name="temperature", unit="°C", low=None, high=Decimal(-120),
        ...     longest_minutes=Decimal(3), total_minutes=Decimal(3), gap_minutes=Decimal(10), citation="", mark=Mark.VERIFIED)
        >>> traces = Traces(names=("LOGGER-55",), channel="temperature", unit="°C", moments=np.arange(5) * 60_000,
        ...     values=np.asarray([-150.0, -119, -110, -130, -150]), offsets=np.asarray([0, 5]))
        >>> found = judge_traces(traces, permitted, began=np.asarray([0]), ended=np.asarray([240_000]), now=240_000)
        >>> found.verdict(0).word, int(found.outside_at_least[0]), int(found.outside_at_most[0])
        ('conforms', 60000, 180000)
    """
    began, ended = _ways(traces, began, ended)
    limits = requirement.limits_in(traces.unit)
    if limits is None:
        raise UsageError(
            Fault(
                code="RQC-H211",
                what="The limits cannot be written in the unit of the readings.",
                where=traces.channel,
                got=traces.unit or "no unit",
                expected=requirement.unit,
                action="Correct the profile of the logger, or state the limit for this quantity.",
            )
        )
    stated = np.diff(traces.offsets)
    traces, has_gaps = _with_values(traces)
    with_values = np.diff(traces.offsets)
    latest = _at_ends(traces, last=True)
    in_order = _in_order(traces)
    traces = _on_the_way(traces, began, ended, in_order=bool(in_order.all()))
    counted = np.diff(traces.offsets)

    troubles = np.zeros(traces.count, dtype=np.int16)
    troubles[stated == 0] |= Trouble.NO_READINGS
    troubles[(stated > 0) & (with_values == 0)] |= Trouble.NO_READINGS
    troubles[has_gaps] |= Trouble.VALUES_MISSING
    troubles[~in_order] |= Trouble.OUT_OF_ORDER
    troubles[((with_values > 0) & (counted == 0)) | (latest > now)] |= Trouble.WRONG_CLOCK

    minimum, maximum, mean = _extremes(traces)
    silent, longest_silence = _silence(traces, requirement, began, ended, troubles)
    outside = _outside(traces, limits, began, ended)
    _compare(requirement, outside, troubles)
    verdicts = np.where(
        troubles & _FAILING,
        Verdict.FAILS,
        np.where(troubles & ~np.int16(Trouble.VALUES_MISSING), Verdict.INCONCLUSIVE, Verdict.CONFORMS),
    ).astype(np.int8)
    return TraceFindings(
        verdicts=verdicts,
        troubles=troubles,
        readings=counted,
        minimum=minimum,
        maximum=maximum,
        mean=mean,
        excursions=outside.count,
        outside_at_least=outside.at_least,
        outside_at_most=outside.at_most,
        longest_at_least=outside.longest_at_least,
        longest_at_most=outside.longest_at_most,
        silent=silent,
        longest_silence=longest_silence,
    )


# ---- which readings count -----------------------------------------------------------------------------------------------


def _ways(traces: Traces, began: Milliseconds, ended: Milliseconds) -> tuple[Milliseconds, Milliseconds]:
    began, ended = np.asarray(began, dtype=np.int64), np.asarray(ended, dtype=np.int64)
    if began.shape != (traces.count,) or ended.shape != began.shape or bool(np.any(ended < began)):
        raise UsageError(
            Fault(
                code="RQC-H210",
                what="The ways of the traces are not stated.",
                got=f"{began.shape} beginnings, {ended.shape} ends, {traces.count} traces",
                expected="for each trace when its way began and when it ended, not before",
            )
        )
    return began, ended


def _with_values(traces: Traces) -> tuple[Traces, npt.NDArray[np.bool_]]:
    missing = np.isnan(traces.values)
    if not missing.any():
        return traces, np.zeros(traces.count, dtype=np.bool_)
    holed = np.zeros(traces.count, dtype=np.bool_)
    holed[_trace_of(traces, np.flatnonzero(missing))] = True
    return traces.kept(~missing), holed


def _at_ends(traces: Traces, *, last: bool) -> Milliseconds:
    """Return the first or last moment of each trace, the earliest there is for one without readings."""
    found = np.full(traces.count, np.iinfo(np.int64).min)
    full = np.diff(traces.offsets) > 0
    positions = traces.offsets[1:][full] - 1 if last else traces.offsets[:-1][full]
    found[full] = traces.moments[positions]
    return found


def _in_order(traces: Traces) -> npt.NDArray[np.bool_]:
    in_order = np.ones(traces.count, dtype=np.bool_)
    backward = np.flatnonzero(np.diff(traces.moments) <= 0) + 1
    # A step back at the beginning of a trace is the step to another logger.
    backward = backward[~np.isin(backward, traces.offsets)]
    in_order[_trace_of(traces, backward)] = False
    return in_order


def _on_the_way(traces: Traces, began: Milliseconds, ended: Milliseconds, *, in_order: bool) -> Traces:
    full = np.diff(traces.offsets) > 0
    if in_order:
        first, last = _at_ends(traces, last=False), _at_ends(traces, last=True)
        if bool(np.all((first >= began)[full])) and bool(np.all((last <= ended)[full])):
            return traces
    lengths = np.diff(traces.offsets)
    return traces.kept((traces.moments >= np.repeat(began, lengths)) & (traces.moments <= np.repeat(ended, lengths)))


def _trace_of(traces: Traces, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.searchsorted(traces.offsets, positions, side="right") - 1


# ---- what they say ------------------------------------------------------------------------------------------------------


def _extremes(traces: Traces) -> tuple[npt.NDArray[np.float64], ...]:
    full = np.diff(traces.offsets) > 0
    starts, lengths = traces.offsets[:-1][full], np.diff(traces.offsets)[full]
    found = []
    for function in (np.minimum, np.maximum, np.add):
        column = np.full(traces.count, np.nan)
        if starts.size:
            column[full] = function.reduceat(traces.values, starts)
        found.append(column)
    found[2][full] /= lengths
    return tuple(found)


def _silence(
    traces: Traces,
    requirement: ChannelRequirement,
    began: Milliseconds,
    ended: Milliseconds,
    troubles: npt.NDArray[np.int16],
) -> tuple[Milliseconds, Milliseconds]:
    full = np.diff(traces.offsets) > 0
    before = np.where(full, _at_ends(traces, last=False) - began, ended - began)
    after = np.where(full, ended - _at_ends(traces, last=True), 0)
    longest = np.maximum(before, after)
    steps = np.diff(traces.moments, append=traces.moments[-1:])
    if steps.size:
        steps[traces.offsets[1:][full] - 1] = 0
        longest[full] = np.maximum(longest[full], np.maximum.reduceat(steps, traces.offsets[:-1][full]))
    if requirement.gap_minutes is None:
        troubles |= np.int16(Trouble.NOT_SET)
        return np.zeros(traces.count, dtype=np.int64), longest
    permitted = float(requirement.gap_minutes) * 60_000
    troubles[full & (before > permitted)] |= Trouble.STARTS_LATE
    troubles[full & (after > permitted)] |= Trouble.ENDS_EARLY
    silent = np.where(before > permitted, before, 0) + np.where(after > permitted, after, 0)
    long = np.flatnonzero(steps > permitted)
    where = _trace_of(traces, long)
    troubles[where] |= Trouble.SILENT
    np.add.at(silent, where, steps[long])
    return silent, longest


@dataclass(slots=True)
class _Outside:
    count: Milliseconds
    at_least: Milliseconds
    at_most: Milliseconds
    longest_at_least: Milliseconds
    longest_at_most: Milliseconds


def _outside(traces: Traces, limits: tuple[float, float], began: Milliseconds, ended: Milliseconds) -> _Outside:
    columns = _Outside(*(np.zeros(traces.count, dtype=np.int64) for _ in range(5)))
    low, high = limits
    positions = np.flatnonzero((traces.values < low) | (traces.values > high))
    if not positions.size:
        return columns
    owner = _trace_of(traces, positions)
    new = np.ones(positions.size, dtype=np.bool_)
    new[1:] = (np.diff(positions) > 1) | (np.diff(owner) > 0)
    first = positions[new]
    last = positions[np.append(np.flatnonzero(new)[1:] - 1, positions.size - 1)]
    trace = owner[new]
    moments = traces.moments
    at_least = moments[last] - moments[first]
    at_start, at_end = first == traces.offsets[trace], last + 1 == traces.offsets[trace + 1]
    before = np.where(at_start, began[trace], moments[np.maximum(first - 1, 0)])
    after = np.where(at_end, ended[trace], moments[np.minimum(last + 1, moments.size - 1)])
    at_most = after - before
    columns.count = np.bincount(trace, minlength=traces.count)
    np.add.at(columns.at_least, trace, at_least)
    np.add.at(columns.at_most, trace, at_most)
    np.maximum.at(columns.longest_at_least, trace, at_least)
    np.maximum.at(columns.longest_at_most, trace, at_most)
    return columns


def _compare(requirement: ChannelRequirement, outside: _Outside, troubles: npt.NDArray[np.int16]) -> None:
    if not requirement.has_limit:
        troubles |= np.int16(Trouble.NOT_SET)
        return
    some = outside.count > 0
    for permitted, at_least, at_most in (
        (requirement.longest_minutes, outside.longest_at_least, outside.longest_at_most),
        (requirement.total_minutes, outside.at_least, outside.at_most),
    ):
        if permitted is None:
            troubles[some] |= Trouble.NOT_SET
            continue
        milliseconds = float(permitted) * 60_000
        fails = some if milliseconds == 0 else some & (at_least > milliseconds)
        troubles[fails] |= Trouble.OUTSIDE
        troubles[some & ~fails & (at_most > milliseconds)] |= Trouble.PERHAPS_OUTSIDE
    # What certainly was outside too long was not only perhaps so.
    troubles[(troubles & _FAILING) > 0] &= ~np.int16(Trouble.PERHAPS_OUTSIDE)
