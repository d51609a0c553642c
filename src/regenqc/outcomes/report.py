"""The page about outcomes: conditions first, then visits, reports, and what goes with what; it opens offline and prints.

No pseudonym, lot or dose stands on it, and counts of few people are withheld. The same analysis gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.page import page_environment
from regenqc.outcomes.associations import METHODS
from regenqc.trends.signals import q_text

if TYPE_CHECKING:
    from regenqc.outcomes.analysis import OutcomeAnalysis
    from regenqc.outcomes.associations import Association

__all__ = ["AnswerShown", "answers_shown", "write_report"]

_MOST_ANSWERS: Final = 40
_MOST_REFUSALS: Final = 20
_LEVEL: Final = "95 %"
# Methods whose estimate lies between -1 and 1, and is drawn on that scale.
_DRAWN: Final = frozenset({"rank_correlation", "thirds_share", "threshold_share"})
_WIDTH, _HEIGHT, _EDGE = 180, 16, 6


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """One answer in texts: attribute and outcome, both in short, method, estimate with its interval, lots, adjusted chance, picture, warnings."""

    attribute: str
    outcome: str
    question: str
    method: str
    estimate: str
    lots: str
    chance: str
    picture: str
    warnings: str


def write_report(analysis: OutcomeAnalysis, path: Path) -> None:
    """Write `outcomes.html`.

    Args:
        analysis: what to report.
        path: file to write.
    """
    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily

    answered, refused = answers_shown(analysis)
    html = (
        page_environment(Path(__file__).parent)
        .get_template("outcomes.html.jinja")
        .render(
            version=regenqc.__version__,
            plan=analysis.plan,
            as_of=analysis.now.date().isoformat(),
            shown=analysis.shown,
            conditions=analysis.conditions,
            answered=answered[:_MOST_ANSWERS],
            answered_total=len(answered),
            refused=refused[:_MOST_REFUSALS],
            refused_total=sum(times for _, times in refused),
            summaries=[
                (
                    analysis.plan.measures[each.measure],
                    each,
                    [f"{end:.4g}" for end in (each.lower_quartile, each.median, each.upper_quartile)],
                )
                for each in analysis.summaries
            ],
            level=_LEVEL,
        )
    )
    path.write_bytes(html.encode("utf-8"))


def answers_shown(analysis: OutcomeAnalysis) -> tuple[list[AnswerShown], list[tuple[str, int]]]:
    """Return answers as texts, the strongest evidence first, and the reasons of refusals with how often each was given.

    Args:
        analysis: whose associations they are.
    """
    answered = [_answer(each, analysis) for each in analysis.associations if each.estimate is not None]
    times: dict[str, int] = {}
    for each in analysis.associations:
        if each.refusal is not None:
            times[each.refusal.what] = times.get(each.refusal.what, 0) + 1
    return answered, sorted(times.items(), key=lambda entry: (-entry[1], entry[0]))


def _answer(each: Association, analysis: OutcomeAnalysis) -> AnswerShown:
    estimate = each.estimate
    assert estimate is not None  # noqa: S101 - the caller chose those with one
    measure = analysis.plan.measures[each.measure]
    unit = f" {measure.unit}" if measure.unit and each.method in {"thirds", "threshold"} else ""
    return AnswerShown(
        attribute=each.attribute,
        outcome=f"{measure.title}, {each.visit}" if each.visit else measure.title,
        question=f"{each.test} / {each.measure} {each.visit}".rstrip(),
        method=METHODS[each.method],
        estimate=f"{_figure(estimate.value)} ({_figure(estimate.lower)} to {_figure(estimate.upper)}){unit}",
        lots="not shown" if each.lots is None else f"{each.lots:,}",
        chance=q_text(each.q_value),
        picture=_picture(estimate.value, estimate.lower, estimate.upper) if each.method in _DRAWN else "",
        warnings="; ".join(each.warnings),
    )


def _figure(value: float) -> str:
    return "no upper end" if value == np.inf else f"{value:.3g}"


def _picture(value: float, lower: float, upper: float) -> str:
    """Return an estimate and its interval on the scale from -1 to 1, with a line at 0."""
    middle = _HEIGHT / 2

    def at(number: float) -> str:
        return f"{_EDGE + (min(max(number, -1.0), 1.0) + 1) / 2 * (_WIDTH - 2 * _EDGE):.1f}"

    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{value:.2f}, from {lower:.2f} to {upper:.2f}">'
        f'<line class="scale" x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{middle}" y2="{middle}"/>'
        f'<line class="zero" x1="{at(0)}" x2="{at(0)}" y1="1" y2="{_HEIGHT - 1}"/>'
        f'<line class="interval" x1="{at(lower)}" x2="{at(upper)}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="estimate" cx="{at(value)}" cy="{middle}" r="4"/></svg>'
    )
