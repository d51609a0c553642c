"""How much to test, before testing: metaphases, supernatant, cells, containers.

A plan is an answer with the table around it, so that a reader sees what more or less confidence would cost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault, UsageError
from regenqc.statistics import binomial, mosaicism, poisson, sampling
from regenqc.statistics.domain import AMOUNT, CONFIDENCE, FRACTION, POSITIVE_COUNT
from regenqc.statistics.plan_tables import (
    Plan,
    PlanRow,
    PlanTable,
    amount_cell,
    amount_text,
    count_cell,
    occurrence_text,
    one_in_text,
    percent_text,
    share_cell,
    steps_around,
    with_asked,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "plan_cells",
    "plan_containers",
    "plan_counted_metaphases",
    "plan_metaphases",
    "plan_supernatant",
]

_CONFIDENCES: Final = (0.90, 0.95, 0.99)
_EFFICIENCIES: Final = (1.0, 0.5, 0.2, 0.1)
_COUNTED: Final = (10, 20, 30, 50, 100)


def plan_metaphases(share: float, *, confidence: float, power: float) -> Plan:
    """Return how many metaphases exclude a mosaicism, and how many call a clone in it.

    Args:
        share: of abnormal cells to exclude, above 0 and at most 1.
        confidence: of the exclusion when all metaphases are normal.
        power: probability of calling a clone that is there.

    Raises:
        UsageError: an argument is outside its domain, or no number is enough.

    Source: `regenqc.statistics.mosaicism`.

    Example:
        >>> plan_metaphases(0.10, confidence=0.95, power=0.95).answer
        '29 metaphases, all normal, exclude a mosaicism of 10 % with a confidence of 95 %.'
    """
    FRACTION.read(share, "share")
    _sure(confidence=confidence, power=power)
    required = _finite(mosaicism.metaphases_needed(share, confidence=confidence), "metaphases")
    confidences = with_asked(_CONFIDENCES, confidence)
    rows = []
    for row in steps_around(share):
        cells = [
            count_cell(mosaicism.metaphases_needed(row, confidence=level), asked=row == share and level == confidence)
            for level in confidences
        ]
        cells += [
            count_cell(mosaicism.metaphases_needed_to_call(row, cells=size, power=power), asked=False)
            for size in (2, 3)
        ]
        rows.append(PlanRow(title=percent_text(row), asked=row == share, cells=tuple(cells)))
    table = PlanTable(
        title="Metaphases to count: all normal, to exclude; or to call a clone of 2 cells (gain) or 3 cells (loss) that is there",
        row_title="mosaicism",
        columns=(*(f"exclude at {percent_text(level)}" for level in confidences), *_clone_titles(power)),
        rows=tuple(rows),
    )
    return Plan(
        answer=f"{required:,.0f} metaphases, all normal, exclude a mosaicism of {percent_text(share)} "
        f"with a confidence of {percent_text(confidence)}.",
        required=required,
        unit="metaphases",
        asked={"mosaicism": share, "confidence": confidence, "power": power},
        tables=(table,),
        notes=_METAPHASE_NOTES,
        formula="n = ln(1 - confidence) / ln(1 - mosaicism), rounded up",
        source="Hook 1977, Am J Hum Genet 29:94",
    )


def plan_counted_metaphases(metaphases: int, *, confidence: float, power: float) -> Plan:
    """Return which mosaicism a number of normal metaphases excludes, and from which share on a clone is called.

    Args:
        metaphases: counted, 1 or more.
        confidence: of the exclusion when all metaphases are normal.
        power: probability of calling a clone that is there.

    Raises:
        UsageError: an argument is outside its domain.

    Source: `regenqc.statistics.mosaicism`.

    Example:
        >>> plan_counted_metaphases(20, confidence=0.95, power=0.95).answer
        '20 metaphases, all normal, exclude a mosaicism of 13.9 % or more with a confidence of 95 %.'
    """
    POSITIVE_COUNT.read(metaphases, "metaphases")
    _sure(confidence=confidence, power=power)
    excluded = mosaicism.excluded_mosaicism(float(metaphases), confidence=confidence)
    confidences = with_asked(_CONFIDENCES, confidence)
    rows = []
    for count in with_asked(_COUNTED, metaphases):
        own = count == metaphases
        cells = [
            share_cell(mosaicism.excluded_mosaicism(count, confidence=level), asked=own and level == confidence)
            for level in confidences
        ]
        cells += [
            share_cell(mosaicism.smallest_mosaicism_called(count, cells=size, power=power), asked=False)
            for size in (2, 3)
        ]
        rows.append(PlanRow(title=f"{count:,.0f}", asked=own, cells=tuple(cells)))
    table = PlanTable(
        title="Smallest mosaicism: excluded when all are normal; or called as a clone of 2 cells (gain) or 3 cells (loss)",
        row_title="metaphases",
        columns=(*(f"excluded at {percent_text(level)}" for level in confidences), *_clone_titles(power)),
        rows=tuple(rows),
    )
    return Plan(
        answer=f"{metaphases:,} metaphases, all normal, exclude a mosaicism of {percent_text(excluded)} or more "
        f"with a confidence of {percent_text(confidence)}.",
        required=excluded,
        unit="share of cells",
        asked={"metaphases": metaphases, "confidence": confidence, "power": power},
        tables=(table,),
        notes=_METAPHASE_NOTES,
        formula="mosaicism = 1 - (1 - confidence)^(1/n)",
        source="Hook 1977, Am J Hum Genet 29:94",
    )


def plan_supernatant(concentration: float, *, unit: str, confidence: float, efficiency: float = 1.0) -> Plan:
    """Return how much supernatant shows a replication-competent virus, or anything else that is rare in a liquid.

    Args:
        concentration: events per unit that must not go unseen, above 0.
        unit: in which amounts are wanted, e.g. `mL`.
        confidence: probability of seeing at least one event.
        efficiency: probability that the assay responds to an event that is there, above 0 and at most 1.

    Raises:
        UsageError: an argument is outside its domain, or no amount is enough.

    Source: `regenqc.statistics.poisson`.

    Example:
        >>> plan_supernatant(0.01, unit="mL", confidence=0.95).answer
        '299.6 mL show at least one event with a probability of 95 % when there is 1 in 100 mL.'
    """
    AMOUNT.read(concentration, "concentration")
    FRACTION.read(efficiency, "efficiency")
    _sure(confidence=confidence)

    def amount(level: float, share: float) -> float:
        return poisson.amount_to_test(concentration, probability=level, efficiency=share)

    required = _finite(amount(confidence, efficiency), f"{unit} tested")
    confidences, efficiencies = with_asked(_CONFIDENCES, confidence), with_asked(_EFFICIENCIES, efficiency)[::-1]
    rows = tuple(
        PlanRow(
            title=percent_text(level),
            asked=level == confidence,
            cells=tuple(
                amount_cell(amount(level, share), unit, asked=level == confidence and share == efficiency)
                for share in efficiencies
            ),
        )
        for level in confidences
    )
    table = PlanTable(
        title=f"Amount to test, {unit}",
        row_title="confidence",
        columns=tuple(f"efficiency {percent_text(share)}" for share in efficiencies),
        rows=rows,
    )
    at = "" if efficiency == 1 else f", by an assay that responds to {percent_text(efficiency)} of them"
    return Plan(
        answer=f"{amount_text(required, unit)} show at least one event with a probability of {percent_text(confidence)} "
        f"when there is {occurrence_text(concentration, unit)}{at}.",
        required=required,
        unit=unit,
        asked={"concentration": concentration, "unit": unit, "confidence": confidence, "efficiency": efficiency},
        tables=(table,),
        notes=(
            "No event in this amount bounds the material at the concentration asked, not at zero.",
            "The efficiency is the share of events to which the assay responds in this matrix; the validation shows it.",
        ),
        formula="amount = -ln(1 - confidence) / (concentration × efficiency)",
        source="Poisson distribution; ICH Q5A, detection of virus at low concentration",
    )


def plan_cells(rate: float, *, confidence: float, efficiency: float = 1.0, dose: float | None = None) -> Plan:
    """Return how many cells must be tested, with none seen, to claim that a rare kind is below a rate.

    Args:
        rate: of the rare cells to claim, e.g. 1e-5 residual undifferentiated cells per cell, above 0 and at most 1.
        confidence: of the claim.
        efficiency: probability that the assay responds to a rare cell that is there, above 0 and at most 1.
        dose: cells per dose, to say what the rate means for a patient.

    Raises:
        UsageError: an argument is outside its domain, or no number is enough.

    Source: `regenqc.statistics.poisson`.

    Example:
        >>> plan_cells(1e-5, confidence=0.95).answer
        '299,574 cells, none of them of the rare kind, claim a rate below 1 in 100,000 with a confidence of 95 %.'
    """
    FRACTION.read(rate, "rate")
    FRACTION.read(efficiency, "efficiency")
    _sure(confidence=confidence)
    required = _finite(poisson.count_to_test(rate, probability=confidence, efficiency=efficiency), "cells tested")
    confidences = with_asked(_CONFIDENCES, confidence)
    rows = []
    for row in sorted(steps_around(rate), reverse=True):
        cells = [
            count_cell(
                poisson.count_to_test(row, probability=level, efficiency=efficiency),
                asked=row == rate and level == confidence,
            )
            for level in confidences
        ]
        if dose is not None:
            cells.append(amount_cell(row * float(AMOUNT.read(dose, "dose")), "", asked=False))
        rows.append(PlanRow(title=f"1 in {one_in_text(row)}", asked=row == rate, cells=tuple(cells)))
    columns = tuple(f"none seen, {percent_text(level)}" for level in confidences)
    tables = (
        PlanTable(
            title="Cells to test",
            row_title="rate",
            columns=(*columns, *(() if dose is None else ("left in a dose, up to",))),
            rows=tuple(rows),
        ),
        PlanTable(
            title=f"Cells to test for 1 in {one_in_text(rate)} when some are seen",
            row_title="seen",
            columns=tuple(percent_text(level) for level in confidences),
            rows=tuple(_seen_row(seen, rate * efficiency, confidences) for seen in (1, 2, 3)),
        ),
    )
    left = (
        ()
        if dose is None
        else (f"A dose of {amount_text(dose)} cells may then still hold up to {amount_text(rate * dose)} of them.",)
    )
    return Plan(
        answer=f"{required:,.0f} cells, none of them of the rare kind, claim a rate below 1 in {one_in_text(rate)} "
        f"with a confidence of {percent_text(confidence)}.",
        required=required,
        unit="cells",
        asked={"rate": rate, "confidence": confidence, "efficiency": efficiency}
        | ({} if dose is None else {"dose": dose}),
        tables=tables,
        notes=(
            *left,
            "None seen is a bound, never a zero; the detection limit of the assay bounds the rate as well.",
            "An assay that measures expression and counts no cells needs a detection limit of its own model.",
        ),
        formula="n = -ln(1 - confidence) / (rate × efficiency), rounded up; with k seen, Garwood's upper bound / (rate × efficiency)",
        source="Garwood 1936, Biometrika 28:437",
    )


def plan_containers(share: float, *, confidence: float, containers: int | None = None) -> Plan:
    """Return how many containers must be tested to include a contaminated one.

    Args:
        share: of the containers that are contaminated, above 0 and at most 1. In a lot of N containers it stands for the
            smallest whole number of them that is no smaller a share.
        confidence: probability of including at least one contaminated container.
        containers: N, in the lot; without it the lot is taken to be large against the sample.

    Raises:
        UsageError: an argument is outside its domain, or no number is enough.

    Source: `regenqc.statistics.binomial`, `regenqc.statistics.sampling`.

    Example:
        >>> plan_containers(0.10, confidence=0.95, containers=20).answer
        '16 of 20 containers include a contaminated one with a probability of 95 % when 10 % are contaminated (2 of 20).'
    """
    FRACTION.read(share, "share")
    _sure(confidence=confidence)
    if containers is not None:
        POSITIVE_COUNT.read(containers, "containers")

    def needed(part: float, level: float) -> float:
        if containers is None:
            return binomial.trials_needed(part, probability=level)
        return sampling.containers_needed(_contaminated(part, containers), containers=containers, probability=level)

    required = _finite(needed(share, confidence) if share else math.inf, "containers tested")
    confidences = with_asked(_CONFIDENCES, confidence)
    parts = {row: percent_text(row) for row in steps_around(share)}
    if containers is not None:
        parts = _whole_shares(share, containers)
    rows = tuple(
        PlanRow(
            title=title,
            asked=row == share,
            cells=tuple(
                count_cell(needed(row, level), asked=row == share and level == confidence) for level in confidences
            ),
        )
        for row, title in parts.items()
    )
    table = PlanTable(
        title="Containers to test",
        row_title="contaminated",
        columns=tuple(percent_text(level) for level in confidences),
        rows=rows,
    )
    of, in_lot = (
        ("", "")
        if containers is None
        else (f" of {containers:,}", f" ({_contaminated(share, containers)} of {containers:,})")
    )
    return Plan(
        answer=f"{required:,.0f}{of} containers include a contaminated one with a probability of {percent_text(confidence)} "
        f"when {percent_text(share)} are contaminated{in_lot}.",
        required=required,
        unit="containers",
        asked={"contaminated_share": share, "confidence": confidence}
        | ({} if containers is None else {"containers": containers}),
        tables=(table,),
        notes=(
            "No growth says that none was found in the sample, not that the lot is sterile.",
            "Every contamination of a tested container is taken to grow in the test, and containers to be taken at random.",
        ),
        formula="n = ln(1 - confidence) / ln(1 - share), rounded up"
        if containers is None
        else "smallest n with 1 - C(N - D, n) / C(N, n) ≥ confidence",
        source="binomial distribution" if containers is None else "hypergeometric distribution",
    )


_METAPHASE_NOTES: Final = (
    "One abnormal cell is neither a normal result nor a clone: count more cells, or add a second method.",
    "Metaphases count once each as independent draws; cells of one colony are not independent.",
    "Banding sees no change below 5 to 10 Mb: a gain of 20q11.21 needs FISH, PCR or an array.",
)


def _sure(**levels: float) -> None:
    for name, level in levels.items():
        CONFIDENCE.read(level, name)


def _finite(required: float, what: str) -> float:
    if not math.isfinite(required):
        raise UsageError(
            Fault(
                code="RQC-U086",
                what="No amount is enough.",
                got=f"infinitely many {what}",
                expected="a share, rate or concentration above 0, and an assay that responds to some of it",
                action="Ask for the smallest amount that matters to the patient; absence cannot be shown by testing.",
            )
        )
    return required


def _contaminated(share: float, containers: int) -> int:
    return int(sampling.contaminated_containers(share, containers=containers))


def _whole_shares(share: float, containers: int) -> dict[float, str]:
    """Return shares around the one asked, with words for each; of those that are one number of containers, one."""
    by_count = {_contaminated(row, containers): row for row in steps_around(share)}
    by_count[_contaminated(share, containers)] = share
    return {row: f"{count:,} of {containers:,} ({percent_text(count / containers)})" for count, row in by_count.items()}


def _clone_titles(power: float) -> tuple[str, str]:
    return (f"gain at {percent_text(power)}", f"loss at {percent_text(power)}")


def _seen_row(seen: int, response: float, confidences: Sequence[float]) -> PlanRow:
    cells = tuple(
        count_cell(float(math.ceil(poisson.event_upper_bound(float(seen), confidence=level) / response)), asked=False)
        for level in confidences
    )
    return PlanRow(title=f"{seen}", asked=False, cells=cells)
