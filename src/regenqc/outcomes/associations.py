"""How quality attributes of lots go with what became of the patients: always an estimate with an interval, or a refusal by name.

One lot is one observation. Patients of one lot share its attribute, so that counting them one by one would claim more than there
is: their values are averaged, and events become the share of the lot's patients. A censored attribute is never replaced by a number:
it is ranked as what is known of it, and where an answer needs the number the question is refused. Chance is adjusted for every question
of the run. An association is not a cause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.errors import Fault, UsageError
from regenqc.measurement.units import UNITS, conversion_factor, find_unit
from regenqc.statistics.association import Estimate, odds_ratio, rank_correlation, share_difference, shift_between
from regenqc.statistics.comparison import adjusted_for_false_discovery, rank_keys
from regenqc.statistics.refusal import Refusal, RefusalReason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from regenqc.outcomes.joining import Joined, Joining
    from regenqc.outcomes.plan import FollowUpPlan, Measure
    from regenqc.trends.series import Points

__all__ = ["FEW_LOTS", "METHODS", "Association", "Threshold", "associations_of", "read_threshold"]

METHODS: Final = {
    "rank_correlation": "Spearman's rho",
    "thirds": "upper third of lots less lower third, median difference",
    "thirds_share": "upper third of lots less lower third, difference of shares",
    "threshold": "lots at or above the threshold less those below, median difference",
    "threshold_share": "lots at or above the threshold less those below, difference of shares",
    "odds_ratio": "odds ratio for one standard deviation",
}
# Below this a warning says that the interval is wide; a choice of regenqc.
FEW_LOTS: Final = 30


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value that parts lots, as stated: of a test, in a unit."""

    test: str
    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """One question and its answer.

    Args:
        attribute: test, stage and unit of the series.
        test: its code.
        measure: of the plan.
        visit: of the schedule; empty for adverse events at any time.
        method: one of `METHODS`.
        lots: behind the answer; `None` when the number would show a count of few people, and then there is no answer.
        estimate: with its interval; `None` where refused.
        q_value: adjusted for all questions of the run; NaN where refused.
        refusal: why there is no answer; `None` where there is one.
        warnings: what to keep in mind.
    """

    attribute: str
    test: str
    measure: str
    visit: str
    method: str
    lots: int | None
    estimate: Estimate | None
    q_value: float
    refusal: Refusal | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lots:
    """Outcomes by lot: the least and the most of the mean, the share of events, and how many patients."""

    batch: NDArray[np.int64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    events: NDArray[np.int64]
    patients: NDArray[np.int64]


def read_threshold(text: str) -> Threshold:
    """Read a threshold as `test=80 %`.

    Raises:
        UsageError: `RQC-O020`, no such form.

    Example:
        >>> read_threshold("viability=80 %")
        Threshold(test='viability', value=Decimal('80'), unit='%')
    """
    from regenqc.measurement.reported import Form, read_reported  # noqa: PLC0415 - only a stated threshold needs it

    test, _, stated = text.partition("=")
    value, _, unit = stated.strip().partition(" ")
    reported = read_reported(value)
    if (
        not test.strip()
        or reported.form is not Form.NUMBER
        or reported.number is None
        or find_unit(unit.strip()) is None
    ):
        raise UsageError(
            Fault(
                code="RQC-O020",
                what="A threshold names a test, a number and a unit.",
                got=text,
                expected="as viability=80 %, with a unit of the dictionary",
                action="State it so.",
            )
        )
    return Threshold(test.strip(), reported.number, unit.strip() or reported.unit)


def associations_of(
    points: Points,
    joining: Joining,
    *,
    plan: FollowUpPlan,
    countable: Collection[tuple[str, str]],
    thresholds: Sequence[Threshold] = (),
) -> list[Association]:
    """Return every question that attributes and measures raise, with its answer or why there is none.

    Args:
        points: quality attributes: one point for each lot in each series.
        joining: outcomes with their lots.
        plan: measures, and the smallest count of people that may show.
        countable: measures and visits of which counts of patients may be told.
        thresholds: by which lots are parted besides thirds.

    Raises:
        UsageError: `RQC-O023`, a threshold that fits no results.

    Returns:
        Those with the strongest evidence first, then refusals in the order of the plan.
    """
    _check_thresholds(thresholds, points)
    lot_numbers = {batch_id: number for number, batch_id in enumerate(points.batch_ids)}
    found: list[Association] = []
    for measure in plan.measure:
        if not measure.is_number and not measure.event:
            continue
        for visit in plan.visits_of(measure) or ("",):
            answers = joining.answers(measure.id, visit)
            lots = _lots_of(answers, measure, lot_numbers)
            may_count = (measure.id, visit) in countable
            for series in range(len(points.series)):
                found += _questions(points, series, lots, measure, visit, len(answers), may_count, plan, thresholds)
    q_values = adjusted_for_false_discovery(
        np.array([np.nan if each.estimate is None else each.estimate.p_value for each in found])
    )
    adjusted = [replace(each, q_value=float(q)) for each, q in zip(found, q_values, strict=True)]
    return sorted(
        adjusted, key=lambda each: (each.estimate is None, each.q_value if each.estimate is not None else 0.0)
    )


def _check_thresholds(thresholds: Sequence[Threshold], points: Points) -> None:
    """Refuse a threshold that parts nothing: it would be passed over in silence."""
    for threshold in thresholds:
        if not any(_fits(threshold, points, series) for series in range(len(points.series))):
            found = sorted({f"{each.test} in {each.unit_symbol or 'no unit'}" for each in points.series})
            raise UsageError(
                Fault(
                    code="RQC-O023",
                    what="No result can be compared with the threshold.",
                    got=f"{threshold.test}={threshold.value} {threshold.unit}".rstrip(),
                    expected=", ".join(found[:20]) or "results in numbers",
                    action="Check the test and its unit.",
                )
            )


def _fits(threshold: Threshold, points: Points, series: int) -> bool:
    unit = find_unit(threshold.unit)
    own = points.series[series]
    return own.test == threshold.test and unit is not None and unit.kind == UNITS[own.unit].kind


def _lots_of(answers: dict[str, list[Joined]], measure: Measure, lot_numbers: dict[str, int]) -> _Lots:
    by_lot: dict[int, list[tuple[float, float, bool]]] = {}
    for rows in answers.values():
        lots = {row.lot for row in rows}
        if len(lots) != 1 or (lot := lots.pop()) not in lot_numbers:
            continue
        first = rows[0].outcome
        has_event = any(row.outcome.is_event for row in rows)
        by_lot.setdefault(lot_numbers[lot], []).append((first.lowest, first.highest, has_event))
    batch = np.array(sorted(by_lot), dtype=np.int64)
    patients = [by_lot[number] for number in batch.tolist()]
    shares = [sum(event for _, _, event in each) for each in patients]
    with np.errstate(invalid="ignore"):
        lowest, highest = (
            np.array([np.mean([entry[end] for entry in each]) for each in patients], dtype=np.float64) for end in (0, 1)
        )
    counts = np.array([len(each) for each in patients], dtype=np.int64)
    events = np.array(shares, dtype=np.int64)
    if not measure.is_number:
        lowest = highest = events / np.maximum(counts, 1)
    return _Lots(batch, lowest, highest, events, counts)


def _questions(
    points: Points,
    series: int,
    lots: _Lots,
    measure: Measure,
    visit: str,
    reported: int,
    may_count: bool,  # noqa: FBT001 - one of many facts of the question
    plan: FollowUpPlan,
    thresholds: Sequence[Threshold],
) -> Iterator[Association]:
    part = slice(int(points.offsets[series]), int(points.offsets[series + 1]))
    _, own, other = np.intersect1d(points.batch[part], lots.batch, assume_unique=True, return_indices=True)
    lowest, highest = points.lowest[part][own], points.highest[part][own]
    at = _Lots(lots.batch[other], lots.lowest[other], lots.highest[other], lots.events[other], lots.patients[other])
    smallest = plan.disclosure.smallest
    patients = int(at.patients.sum())
    # An interval tells how many are behind it: nothing is answered where that number, or what it leaves over, is withheld.
    is_small = not may_count or 0 < patients < smallest or 0 < reported - patients < smallest
    keys = rank_keys(lowest, highest, offsets=np.array([0, len(own)]))
    is_single = bool((at.patients == 1).all())
    answers: list[tuple[str, Estimate | Refusal, tuple[str, ...]]] = []
    if measure.is_number or not is_single:
        outcome = rank_keys(at.lowest, at.highest, offsets=np.array([0, len(own)]))
        answers.append(("rank_correlation", rank_correlation(keys, outcome), ()))
    groups = [("thirds", *_thirds(keys))]
    own_unit = UNITS[points.series[series].unit]
    for threshold in thresholds:
        unit = find_unit(threshold.unit)
        if unit is not None and _fits(threshold, points, series):
            limit = float(Fraction(threshold.value) * conversion_factor(unit, own_unit))
            groups.append(("threshold", highest < limit, lowest >= limit))
    for name, low, high in groups:
        answers.append(_between(name, low, high, at, measure, is_single=is_single, smallest=smallest))
    if not measure.is_number:
        answers.append(("odds_ratio", _odds(lowest, highest, at, is_single=is_single, smallest=smallest), ()))
    for method, found, warnings in answers:
        # Why there is no answer would tell that there are few.
        answer = _small(smallest) if is_small else found
        yield Association(
            attribute=points.series[series].name,
            test=points.series[series].test,
            measure=measure.id,
            visit=visit,
            method=method,
            lots=None if is_small else len(own),
            estimate=answer if isinstance(answer, Estimate) else None,
            q_value=float("nan"),
            refusal=answer if isinstance(answer, Refusal) else None,
            warnings=() if is_small else (*_warnings(len(own), is_censored=bool((lowest != highest).any())), *warnings),
        )


def _thirds(keys: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the lower and the upper third; ties stay together, and what falls into both is in neither."""
    if not len(keys):
        return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.bool_)
    ordered = np.sort(keys)
    size = -(-len(keys) // 3)
    low, high = keys <= ordered[size - 1], keys >= ordered[-size]
    both = low & high
    return low & ~both, high & ~both


def _between(
    name: str,
    low: NDArray[np.bool_],
    high: NDArray[np.bool_],
    at: _Lots,
    measure: Measure,
    *,
    is_single: bool,
    smallest: int,
) -> tuple[str, Estimate | Refusal, tuple[str, ...]]:
    is_open = name == "threshold" and bool((~low & ~high).any())
    warnings = ("censored lots that may lie on either side are in neither group",) if is_open else ()
    is_share = not measure.is_number and is_single
    method = f"{name}_share" if is_share else name
    parts = (low, high, ~low & ~high)
    sizes = [int(at.patients[part].sum()) for part in parts]
    counts = [(int(at.events[part].sum()), size) for part, size in zip(parts, sizes, strict=True)]
    cells = [cell for events, size in counts for cell in (events, size - events)] if not measure.is_number else sizes
    if any(0 < cell < smallest for cell in cells):
        answer: Estimate | Refusal = _small(smallest)
    elif is_share:
        answer = share_difference(*counts[0], *counts[1]) if min(sizes[:2]) > 0 else _too_few(low, high)
    elif (at.lowest[low | high] != at.highest[low | high]).any():
        answer = Refusal(reason=RefusalReason.CENSORED_VALUES, detail="outcomes beyond a limit")
    else:
        answer = shift_between(at.highest[low], at.highest[high])
    return method, answer, warnings


def _odds(
    lowest: NDArray[np.float64], highest: NDArray[np.float64], at: _Lots, *, is_single: bool, smallest: int
) -> Estimate | Refusal:
    if not is_single:
        return Refusal(reason=RefusalReason.SHARED_LOTS, detail="lots of several patients")
    if (lowest != highest).any():
        return Refusal(reason=RefusalReason.CENSORED_VALUES, detail="attributes beyond a limit")
    events = int(at.events.sum())
    if any(0 < cell < smallest for cell in (events, len(highest) - events)):
        return _small(smallest)
    return odds_ratio(highest, at.events > 0)


def _too_few(low: NDArray[np.bool_], high: NDArray[np.bool_]) -> Refusal:
    return Refusal(reason=RefusalReason.TOO_FEW_TO_SAY, detail=f"groups of {int(low.sum())} and {int(high.sum())}")


def _small(smallest: int) -> Refusal:
    return Refusal(reason=RefusalReason.SMALL_CELLS, detail=f"a count from 1 to {smallest - 1}")


def _warnings(lots: int, *, is_censored: bool) -> Iterator[str]:
    if lots < FEW_LOTS:
        yield "few lots: the interval is wide, and a single lot may move it"
    if is_censored:
        yield "some attributes are censored, and ranked as what is known of them"
