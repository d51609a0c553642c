"""One analysis from results to signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regenqc.garbage import collection_paused
from regenqc.trends.capabilities import CapabilityOfSeries, capabilities_of
from regenqc.trends.charts import ChartOptions, Charts, charts_of
from regenqc.trends.comparisons import Comparison, comparisons_of, is_factor
from regenqc.trends.faults import not_a_choice
from regenqc.trends.history import History, read_history
from regenqc.trends.lots import unlike_lots
from regenqc.trends.series import Points, series_of
from regenqc.trends.signals import FALSE_ALERTS, Signal, chart_signals, comparison_signals, lot_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.intake.batches import BatchTable
    from regenqc.intake.table import ResultTable
    from regenqc.specification.model import Specification

__all__ = ["TrendAnalysis", "analyse"]

Attributes = dict[str, "tuple[NDArray[np.integer[Any]], list[str]]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendAnalysis:
    """Everything that was found.

    Args:
        history: rows read, charted and set aside.
        points: of all series.
        charts: of the same series.
        comparisons: of groups of lots.
        capabilities: against limits.
        signals: lots first, then comparisons, then charts in the order of series and time.
        options: of the charts.
    """

    history: History
    points: Points
    charts: Charts
    comparisons: list[Comparison]
    capabilities: list[CapabilityOfSeries]
    signals: list[Signal]
    options: ChartOptions


@collection_paused()
def analyse(
    results: ResultTable,
    *,
    batches: BatchTable | None = None,
    specifications: Sequence[Specification] = (),
    stage: str | None = None,
    divided_by: Sequence[str] = (),
    compared_by: Sequence[str] = (),
    options: ChartOptions | None = None,
) -> TrendAnalysis:
    """Read results, chart them and say what calls for a look.

    Args:
        results: the history.
        batches: attributes of lots; series of different products are apart.
        specifications: whose limits capability is asked for.
        stage: chart this stage only; rows that state none are of it.
        divided_by: further columns of the batch table by which series are apart, e.g. `site`.
        compared_by: further columns of the batch table by which lots are compared.
        options: of the charts.

    Raises:
        UsageError: an unknown stage or column.
        DataError: a file is broken.

    Example:
        >>> import pyarrow as pa
        >>> from regenqc.intake import read_results
        >>> table = pa.table({"batch_id": [f"B{n}" for n in range(12)], "test": ["ph"] * 12, "unit": ["pH"] * 12,
        ...     "result": ["7.1", "7.2"] * 5 + ["7.2", "7.9"], "tested_at": [f"2026-01-{n + 1:02d}T08:00:00Z" for n in range(12)]})
        >>> analysis = analyse(read_results(table), stage="drug_product_release")
        >>> [(signal.rule, signal.batch_id) for signal in analysis.signals]
        [('unlike_its_history', 'B11'), ('nelson_2', 'B8'), ('moving_range', 'B11'), ('nelson_1', 'B11'), ('out_of_trend', 'B11')]
    """
    chosen = options or ChartOptions()
    history = read_history(results, stage=stage)
    attributes = _attributes(history, batches, (*divided_by, *compared_by))
    points = series_of(
        history,
        attributes={name: column for name, column in attributes.items() if is_factor(name) or name in compared_by},
        divided_by=_divided(attributes, divided_by),
    )
    charts = charts_of(points, options=chosen)
    comparisons = comparisons_of(points)
    signals = [
        *lot_signals(points, unlike_lots(points, charts, level=FALSE_ALERTS)),
        *comparison_signals(points, comparisons),
        *chart_signals(points, charts),
    ]
    return TrendAnalysis(
        history=history,
        points=points,
        charts=charts,
        comparisons=comparisons,
        capabilities=capabilities_of(points, specifications, attributes=attributes),
        signals=signals,
        options=chosen,
    )


def _attributes(history: History, batches: BatchTable | None, named: Sequence[str]) -> Attributes:
    """Return every attribute by lot of the history; lots that are not listed state nothing."""
    columns = [] if batches is None else [name for name in batches.attributes if name != "batch_id"]
    for name in named:
        if name not in columns:
            raise not_a_choice("column of the batch table", got=name, choices=tuple(columns))
    if batches is None:
        return {}
    listed = {batch_id: row for row, batch_id in enumerate(batches.batch_ids)}
    row = np.array([listed.get(batch_id, -1) for batch_id in history.batch_ids], dtype=np.int64)
    found: Attributes = {}
    for name in columns:
        codes, words = batches.coded(name)
        found[name] = np.append(codes, 0)[row], words
    return found


def _divided(attributes: Attributes, divided_by: Sequence[str]) -> tuple[NDArray[np.int64], list[str]] | None:
    """Return the group of every lot: its product, where there are several, and what else was asked for."""
    several = "product" in attributes and len(np.unique(attributes["product"][0])) > 1
    names = [*(["product"] if several and "product" not in divided_by else []), *divided_by]
    if not names:
        return None
    codes = np.stack([attributes[name][0] for name in names])
    groups, place = np.unique(codes, axis=1, return_inverse=True)
    texts = [
        ", ".join(
            (attributes[name][1][code] if code else f"{name} not stated")
            if name == "product"
            else f"{name} {attributes[name][1][code] or 'not stated'}"
            for name, code in zip(names, group, strict=True)
        )
        for group in groups.T.tolist()
    ]
    return place.reshape(-1).astype(np.int64), texts
