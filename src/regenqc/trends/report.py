"""The report for people: signals first, then a chart for each series; one HTML file that opens offline and prints.

What is printed is capped and says so; the complete record is in the files beside it. The same analysis gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.page import page_environment
from regenqc.statistics.refusal import EXPLANATIONS, RefusalReason
from regenqc.trends.charts import CHART_RULES
from regenqc.trends.history import Aside
from regenqc.trends.picture import MOST_POINTS, draw_series
from regenqc.trends.signals import FALSE_ALERTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.trends.analysis import TrendAnalysis
    from regenqc.trends.capabilities import CapabilityOfSeries
    from regenqc.trends.signals import Signal

__all__ = ["write_report"]

_MOST_CHARTS, _MOST_LOTS, _MOST_OF_ONE, _MOST_COMPARISONS = 60, 40, 12, 60

# What each reason to set a row aside means, in the words of the page.
_ASIDE: Final = {
    Aside.REFUSED: "cannot be read (no batch or test, unknown stage or status, ambiguous date)",
    Aside.SUPERSEDED: "superseded by a later revision",
    Aside.INVALIDATED: "invalidated with investigation and approval",
    Aside.CANCELLED: "cancelled",
    Aside.UNVERIFIED: "not verified",
    Aside.PRELIMINARY: "preliminary",
    Aside.OTHER_STAGE: "of another stage",
    Aside.EMPTY: "without a result",
    Aside.WORD: "in words, not in numbers",
    Aside.UNREADABLE: "not a number that can be read without guessing",
    Aside.UNKNOWN_UNIT: "in a unit that is in no dictionary",
    Aside.WITHOUT_TIME: "without a moment of testing",
    Aside.TIME_WITHOUT_ZONE: "with a moment of testing that lacks its zone",
}


@dataclass(frozen=True, slots=True)
class _Lot:
    """One lot of a series, and what rules say of it: identifier, name and sentence of each."""

    batch_id: str
    day: str
    value: str
    said: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class _Section:
    """One series of the page."""

    anchor: str
    name: str
    facts: list[str]
    refusal: str
    picture: str
    lots: list[_Lot]
    lots_total: int
    signals: int
    capabilities: list[CapabilityOfSeries]


def write_report(analysis: TrendAnalysis, path: Path, *, inputs: Sequence[str] = ()) -> None:
    """Write `trend.html`.

    Args:
        analysis: what to report.
        path: file to write.
        inputs: names of the input files.
    """
    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily

    environment = page_environment(Path(__file__).parent)
    lots = [signal for signal in analysis.signals if signal.rule == "unlike_its_history"]
    comparisons = [signal for signal in analysis.signals if signal.rule == "comparison"]
    sections = _sections(analysis)
    html = environment.get_template("trend.html.jinja").render(
        version=regenqc.__version__,
        inputs=list(inputs),
        history=analysis.history,
        charted=analysis.history.counts[Aside.CHARTED],
        aside=[
            (words, analysis.history.counts[reason])
            for reason, words in _ASIDE.items()
            if analysis.history.counts[reason]
        ],
        points=len(analysis.points.batch),
        series=len(analysis.points.series),
        censored=int(analysis.charts.censored.sum()),
        signals=len(analysis.signals),
        lots=lots[:_MOST_LOTS],
        lots_total=len(lots),
        comparisons=comparisons[:_MOST_COMPARISONS],
        comparisons_total=len(comparisons),
        compared=len(analysis.comparisons),
        sections=sections,
        most_points=MOST_POINTS,
        false_alerts=f"{FALSE_ALERTS:.0%}",
        options=analysis.options,
        rules=[(name, CHART_RULES[name]) for name in analysis.charts.marks],
    )
    path.write_bytes(html.encode("utf-8"))


def _sections(analysis: TrendAnalysis) -> list[_Section]:
    """Return the series, those with most of their lots in signals first."""
    points, charts = analysis.points, analysis.charts
    own: dict[int, list[Signal]] = {}
    for signal in analysis.signals:
        if signal.point >= 0:
            own.setdefault(signal.series, []).append(signal)
    order = sorted(range(len(points.series)), key=lambda number: (-len(own.get(number, ())), number))
    sections = []
    for number in order[:_MOST_CHARTS]:
        series, signals = points.series[number], own.get(number, [])
        refusal = RefusalReason(int(charts.refusal[number]))
        capabilities = [entry for entry in analysis.capabilities if entry.series == number]
        limits = {side for entry in capabilities for side in (entry.lower, entry.upper) if np.isfinite(side)}
        sections.append(
            _Section(
                anchor=f"s{number}",
                name=series.name,
                facts=_facts(analysis, number),
                refusal="" if refusal is RefusalReason.NONE else " ".join(EXPLANATIONS[refusal]),
                picture=draw_series(points, charts, number, limits=tuple(sorted(limits))),
                lots=_lots(signals)[:_MOST_OF_ONE],
                lots_total=len({signal.point for signal in signals}),
                signals=len(signals),
                capabilities=capabilities,
            )
        )
    return sections


def _lots(signals: list[Signal]) -> list[_Lot]:
    """Return the lots at which signals of one series were raised, the latest first."""
    lots: dict[int, _Lot] = {}
    for signal in signals:
        lot = lots.setdefault(signal.point, _Lot(signal.batch_id, signal.tested_at[:10], signal.value, []))
        runs_on = f", on to {signal.until_batch_id} ({signal.points} lots)" if signal.points > 1 else ""
        lot.said.append((signal.signal_id, signal.rule, CHART_RULES[signal.rule] + runs_on))
    return [lots[point] for point in sorted(lots, reverse=True)]


def _facts(analysis: TrendAnalysis, number: int) -> list[str]:
    series, charts = analysis.points.series[number], analysis.charts
    lots, censored = int(charts.numbers[number] + charts.censored[number]), int(charts.censored[number])
    facts = [f"{lots:,} {'lot' if lots == 1 else 'lots'}"]
    if censored:
        facts.append(f"{censored:,} censored, drawn hollow at their limit; no average, sum or tolerance interval")
    if lots > MOST_POINTS:
        facts.append(f"the last {MOST_POINTS} are drawn")
    if series.converted:
        facts.append(f"{series.converted:,} results converted exactly from other units")
    if series.words:
        facts.append(f"{series.words:,} results in words are not drawn")
    if series.other_kinds:
        facts.append("results of other kinds of units make a series of their own")
    return facts
