"""Compare sites, laboratories, instruments, analysts, donors, banks and lots of reagents, in every series at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.statistics.comparison import adjusted_for_false_discovery, compare_groups, rank_keys
from regenqc.trends.series import MIXED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.trends.series import Points

__all__ = ["ATTRIBUTE_FACTORS", "LEAST_EFFECT", "LEAST_LOTS", "Comparison", "comparisons_of", "is_factor"]

# Columns of the batch table that divide lots into groups; those of rows are `regenqc.trends.history.ROW_FACTORS`.
ATTRIBUTE_FACTORS: Final = ("site", "manufacturing_site", "donor_id", "cell_bank_id")
_LOTS: Final = ("reagent_lot", "raw_material_lot")
# Chi-square is a fair approximation of the Kruskal-Wallis statistic from five values in each group on.
LEAST_LOTS: Final = 5
# A small effect in the words of Cohen 1988, Statistical Power Analysis for the Behavioral Sciences: 1 % of the variance.
LEAST_EFFECT: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One factor in one series.

    Args:
        series: position of the series.
        factor: column.
        groups: groups with `LEAST_LOTS` lots or more.
        lots: of these groups.
        effect: epsilon², the share of the variance of ranks that the groups explain.
        p_value: of Kruskal and Wallis, for this comparison alone.
        q_value: adjusted for all comparisons of the run.
        group: the one that lies farthest from the others.
        group_lots: lots of it.
        delta: Cliff's delta of it against the others, from -1 (all below) to 1 (all above).
    """

    series: int
    factor: str
    groups: int
    lots: int
    effect: float
    p_value: float
    q_value: float
    group: str
    group_lots: int
    delta: float


def is_factor(column: str) -> bool:
    """Return whether a column of the batch table divides lots into groups worth comparing.

    Example:
        >>> is_factor("donor_id"), is_factor("reagent_lot_medium"), is_factor("dose_volume")
        (True, True, False)
    """
    return column in ATTRIBUTE_FACTORS or column.startswith(_LOTS)


def comparisons_of(points: Points) -> list[Comparison]:
    """Return every comparison that the data allow, those with the strongest evidence first.

    Lots whose results state nothing, or different groups, are left out of a comparison; so are groups of fewer than
    `LEAST_LOTS` lots. Censored points are ranked as what is known about them.

    Args:
        points: of all series, with their factors.
    """
    keys = rank_keys(points.lowest, points.highest, offsets=points.offsets)
    of = points.series_of
    # Sorted once: the ranks of every factor are those of a part of this order.
    order = np.lexsort((keys, of))
    keys, of = keys[order], of[order]
    found: list[tuple[int, str, int, int, float, float, str, int, float]] = []
    for factor, (codes, words) in points.factors.items():
        # Identifiers that hardly ever occur twice are no groups, and there may be as many of them as lots.
        times = np.bincount(np.maximum(codes, 0), minlength=len(words))
        kept = np.flatnonzero((times >= LEAST_LOTS) & (np.arange(len(times)) > 0))
        code_of = np.full(len(times), -1)
        code_of[kept] = np.arange(len(kept))
        group = np.where(codes == MIXED, -1, code_of[np.maximum(codes, 0)])[order]
        compared = compare_groups(
            keys, family=of, group=group, families=len(points.series), groups=max(len(kept), 1), least=LEAST_LOTS
        )
        lots = compared.counts.sum(axis=1)
        # Distance of the mean rank from the middle, in terms of its own standard deviation, which falls with √n.
        weight = np.abs(np.nan_to_num(compared.deltas)) * (lots[:, None] - compared.counts) * np.sqrt(compared.counts)
        farthest = np.argmax(weight, axis=1)
        for series in np.flatnonzero(~np.isnan(compared.p_value)).tolist():
            level = int(farthest[series])
            found.append(
                (
                    series,
                    factor,
                    int((compared.counts[series] > 0).sum()),
                    int(lots[series]),
                    float(compared.effect[series]),
                    float(compared.p_value[series]),
                    words[kept[level]],
                    int(compared.counts[series, level]),
                    float(compared.deltas[series, level]),
                )
            )
    q_values = adjusted_for_false_discovery(np.array([entry[5] for entry in found]))
    listed = [_comparison(entry, q_value) for entry, q_value in zip(found, q_values.tolist(), strict=True)]
    return sorted(listed, key=lambda entry: (entry.q_value, -entry.effect, entry.series, entry.factor))


def _comparison(entry: Sequence[object], q_value: float) -> Comparison:
    names = ("series", "factor", "groups", "lots", "effect", "p_value", "group", "group_lots", "delta")
    return Comparison(q_value=q_value, **dict(zip(names, entry, strict=True)))  # type: ignore[arg-type]
