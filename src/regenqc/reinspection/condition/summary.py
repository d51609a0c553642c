"""Say what became of a trace: as a condition for the ledger, in sentences for people, as a mean kinetic temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regenqc.custody.moments import moment_of_milliseconds
from regenqc.custody.record import Condition
from regenqc.reinspection.condition.excursions import EXPLANATIONS
from regenqc.statistics.refusal import EXPLANATIONS as NO_FIGURE
from regenqc.statistics.refusal import RefusalReason
from regenqc.statistics.temperature import mean_kinetic_temperature_columns

if TYPE_CHECKING:
    from regenqc.reinspection.condition.excursions import TraceFindings
    from regenqc.reinspection.condition.requirement import ChannelRequirement
    from regenqc.reinspection.condition.traces import Traces

__all__ = ["condition_of_trace", "explain_trace", "mean_kinetic_temperatures"]


def condition_of_trace(
    traces: Traces, findings: TraceFindings, position: int, *, began: int, ended: int, left: int | None = None
) -> Condition:
    """Return one trace as the ledger records it: extremes, time outside at most, time without readings.

    Args:
        traces: of one channel.
        findings: of `judge_traces`.
        position: of the trace.
        began: beginning of the way, milliseconds since 1970 UTC.
        ended: end of it.
        left: permitted time that is left, milliseconds.
    """
    has_readings = int(findings.readings[position]) > 0
    return Condition(
        channel=traces.channel,
        unit=traces.unit,
        started=moment_of_milliseconds(began),
        ended=moment_of_milliseconds(ended),
        minimum=_decimal(findings.minimum[position]) if has_readings else "",
        maximum=_decimal(findings.maximum[position]) if has_readings else "",
        mean=_decimal(findings.mean[position]) if has_readings else "",
        readings=str(int(findings.readings[position])),
        excursion_seconds=_seconds(int(findings.outside_at_most[position])),
        gap_seconds=_seconds(int(findings.silent[position])),
        budget_seconds="" if left is None else _seconds(left),
    )


def explain_trace(
    traces: Traces, findings: TraceFindings, position: int, requirement: ChannelRequirement
) -> tuple[str, ...]:
    """Return sentences that a reviewer can sign: what was seen, and everything that keeps it from conforming."""
    unit = traces.unit
    count = int(findings.readings[position])
    limits = " and ".join(
        f"{word} {limit} {requirement.unit}"
        for word, limit in (("at least", requirement.low), ("at most", requirement.high))
        if limit is not None
    )
    first = f"{traces.names[position]}: {count:,} readings of {traces.channel}"
    if count:
        first += f" from {findings.minimum[position]:g} to {findings.maximum[position]:g} {unit}"
    sentences = [f"{first}; permitted {limits or 'is not set'}."]
    excursions = int(findings.excursions[position])
    if excursions:
        sentences.append(
            f"{excursions} {'excursion' if excursions == 1 else 'excursions'}, outside for at least "
            f"{_minutes(findings.outside_at_least[position])} and at most {_minutes(findings.outside_at_most[position])} min."
        )
    if findings.silent[position]:
        sentences.append(f"Nobody watched for {_minutes(findings.silent[position])} min.")
    sentences += [EXPLANATIONS[each][0] for each in findings.trouble(position)]
    return tuple(sentences)


def mean_kinetic_temperatures(traces: Traces, findings: TraceFindings) -> tuple[float | str, ...]:
    """Return the mean kinetic temperature of each trace in °C, or why there is none.

    There is none below 0 °C, where it says nothing, none where the logger was silent, and none of another channel.
    """
    if traces.channel != "temperature" or traces.unit != "°C":
        return tuple("It is a figure of temperatures in °C." for _ in traces.names)
    steps = np.diff(traces.moments, append=traces.moments[-1:]) / 3_600_000
    starts, ends = traces.offsets[:-1], traces.offsets[1:]
    full = ends > starts
    # The last reading of a logger stands for as long as the one before it.
    last = ends[full] - 1
    steps[last] = np.where(last > starts[full], steps[np.maximum(last - 1, 0)], 1.0)
    in_order = np.where(steps > 0, steps, np.nan)
    found = mean_kinetic_temperature_columns(traces.values, hours=in_order, offsets=traces.offsets)
    answers: list[float | str] = []
    for position in range(traces.count):
        reason = RefusalReason(int(found.refusal[position]))
        if reason is RefusalReason.NONE and findings.silent[position]:
            reason = RefusalReason.GAP_BETWEEN_READINGS
        answers.append(NO_FIGURE[reason][0] if reason is not RefusalReason.NONE else float(found.celsius[position]))
    return tuple(answers)


def _decimal(value: float) -> str:
    """Return a reading as the record writes it: digits without exponent."""
    text = f"{float(value):.6f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _seconds(milliseconds: int) -> str:
    return _decimal(milliseconds / 1000)


def _minutes(milliseconds: float) -> str:
    return f"{milliseconds / 60_000:.1f}".removesuffix(".0")
