"""The files of an analysis: signals, points, charts, comparisons, capability, rows set aside, and the report."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from regenqc.evaluation.output_directory import OutputDirectory, unwritable
from regenqc.statistics.refusal import EXPLANATIONS, RefusalReason
from regenqc.trends.report import write_report

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.intake.batches import BatchTable
    from regenqc.intake.table import ResultTable
    from regenqc.specification.model import Specification
    from regenqc.trends.analysis import TrendAnalysis

__all__ = ["charts_table", "points_table", "run_record", "signals_table", "write_analysis"]

_TEXT, _NUMBER, _COUNT = pa.string(), pa.float64(), pa.int64()
_MOMENT: Final = pa.timestamp("s", tz="UTC")


def write_analysis(
    analysis: TrendAnalysis,
    directory: Path,
    *,
    results: ResultTable,
    batches: BatchTable | None,
    specifications: tuple[Specification, ...] = (),
) -> dict[str, Any]:
    """Write every file and return the content of `run.json`; the directory appears whole or not at all.

    Args:
        analysis: what was found.
        directory: where to put it; an earlier output there is replaced, anything else is left alone and refused.
        results: the input, for its digests.
        batches: the batch table, if there is one.
        specifications: whose limits were used.

    Raises:
        UsageError: the directory holds something else, or cannot be written.
    """
    with OutputDirectory(directory) as output:
        run = run_record(analysis, results=results, batches=batches, specifications=specifications)
        signals = signals_table(analysis)
        texts = {
            "signals": signals,
            "charts": charts_table(analysis),
            "comparisons": _comparisons_table(analysis),
            "capability": _capability_table(analysis),
            "set_aside": analysis.history.set_aside,
        }
        try:
            for name, table in texts.items():
                pacsv.write_csv(table, output.work / f"{name}.csv", pacsv.WriteOptions(quoting_style="needed"))
            pq.write_table(signals, output.work / "signals.parquet", compression="zstd")
            pq.write_table(points_table(analysis), output.work / "series.parquet", compression="zstd")
            write_report(analysis, output.work / "trend.html", inputs=[source.name for source in results.sources])
            text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
            (output.work / "run.json").write_text(text, encoding="utf-8")
            output.put_into_place()
        except OSError as error:
            raise unwritable(directory, error) from error
    return run


def run_record(
    analysis: TrendAnalysis,
    *,
    results: ResultTable,
    batches: BatchTable | None,
    specifications: tuple[Specification, ...] = (),
) -> dict[str, Any]:
    """Return the content of `run.json`: inputs, options and counts."""
    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily

    options = analysis.options
    counts: dict[str, int] = {}
    for signal in analysis.signals:
        counts[signal.rule] = counts.get(signal.rule, 0) + 1
    return {
        "schema": "regenqc.trend/1",
        "engine": {"regenqc": regenqc.__version__, "python": platform.python_version(), "numpy": np.__version__},
        "inputs": [
            {"name": source.name, "kind": source.kind, "digest": source.digest, "bytes": source.byte_count}
            for source in results.sources
        ],
        "batches": None if batches is None else {"name": batches.name, "digest": batches.digest},
        "specifications": [
            {"id": entry.id, "version": entry.version, "fingerprint": entry.fingerprint} for entry in specifications
        ],
        "options": {
            "rules": [rule.name for rule in options.rules],
            "baseline_until": options.baseline_until,
            "ewma_weight": options.weight,
            "ewma_width": options.width,
            "cusum_allowance": options.allowance,
            "cusum_decision": options.decision,
            "tolerance_coverage": options.coverage,
            "tolerance_confidence": options.confidence,
        },
        "counts": {
            "rows_read": analysis.history.rows_read,
            "rows": {reason.name.lower(): count for reason, count in analysis.history.counts.items()},
            "series": len(analysis.points.series),
            "series_without_chart": int((analysis.charts.refusal != RefusalReason.NONE).sum()),
            "points": len(analysis.points.batch),
            "censored_points": int(analysis.charts.censored.sum()),
            "signals": counts,
        },
    }


def signals_table(analysis: TrendAnalysis) -> pa.Table:
    """Return the signals as they are written; a null is a figure that such a signal does not have."""
    series = analysis.points.series
    signals = analysis.signals
    known = [series[signal.series] if signal.series >= 0 else None for signal in signals]
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "signal_id": (_TEXT, [signal.signal_id for signal in signals]),
        "rule": (_TEXT, [signal.rule for signal in signals]),
        "test": (_TEXT, [entry.test if entry else "" for entry in known]),
        "stage": (_TEXT, [entry.stage if entry else "" for entry in known]),
        "unit": (_TEXT, [entry.unit_symbol if entry else "" for entry in known]),
        "series_group": (_TEXT, [entry.group if entry else "" for entry in known]),
        "batch_id": (_TEXT, [signal.batch_id for signal in signals]),
        "tested_at": (_TEXT, [signal.tested_at for signal in signals]),
        "value": (_TEXT, [signal.value for signal in signals]),
        "until_batch_id": (_TEXT, [signal.until_batch_id for signal in signals]),
        "lots": (_COUNT, [signal.points for signal in signals]),
        "factor": (_TEXT, [signal.factor for signal in signals]),
        "factor_group": (_TEXT, [signal.group for signal in signals]),
        "effect": (_NUMBER, [signal.effect for signal in signals]),
        "q_value": (_NUMBER, [signal.q_value for signal in signals]),
        "sentence": (_TEXT, [signal.sentence for signal in signals]),
    }
    return pa.table({name: pa.array(values, type=kind) for name, (kind, values) in columns.items()})


def points_table(analysis: TrendAnalysis) -> pa.Table:
    """Return every point with its charts; a null is what a series does not have."""
    points, charts = analysis.points, analysis.charts
    of = points.series_of

    def by_series(texts: list[str]) -> pa.DictionaryArray:
        # Every text once: Parquet does not write a dictionary that repeats itself.
        distinct = pa.array(texts, type=_TEXT).dictionary_encode()
        return pa.DictionaryArray.from_arrays(distinct.indices.take(pa.array(of)), distinct.dictionary)

    def figures(values: Any) -> pa.Array:
        return pa.array(values, mask=~np.isfinite(values))

    columns = {
        "test": by_series([series.test for series in points.series]),
        "stage": by_series([series.stage for series in points.series]),
        "unit": by_series([series.unit_symbol for series in points.series]),
        "series_group": by_series([series.group for series in points.series]),
        "batch_id": pa.DictionaryArray.from_arrays(
            pa.array(points.batch.astype(np.int32)), pa.array(points.batch_ids, type=_TEXT)
        ),
        "tested_at": pa.array(points.tested, type=pa.int64()).cast(_MOMENT),
        "results": pa.array(points.results),
        "lowest": figures(points.lowest),
        "highest": figures(points.highest),
        "is_censored": pa.array(points.is_censored),
        "centre": figures(charts.centre[of]),
        "sigma": figures(charts.sigma[of]),
        "moving_range": figures(charts.moving_range),
        "ewma": figures(charts.ewma),
        "ewma_half_width": figures(charts.ewma_half_width),
        "cusum_high": figures(charts.cusum_high),
        "cusum_low": figures(charts.cusum_low),
    }
    return pa.table(columns | {f"is_{name}": pa.array(marked) for name, marked in charts.marks.items()})


def charts_table(analysis: TrendAnalysis) -> pa.Table:
    """Return one row for each series: counts, centre, sigma, or why there is no chart."""
    points, charts = analysis.points, analysis.charts

    def figures(values: Any) -> pa.Array:
        return pa.array(values, mask=~np.isfinite(values))

    return pa.table(
        {
            "test": [series.test for series in points.series],
            "stage": [series.stage for series in points.series],
            "unit": [series.unit_symbol for series in points.series],
            "series_group": [series.group for series in points.series],
            "lots": charts.numbers + charts.censored,
            "censored": charts.censored,
            "in_words": pa.array([series.words for series in points.series], type=_COUNT),
            "converted": pa.array([series.converted for series in points.series], type=_COUNT),
            "series_of_other_units": pa.array([series.other_kinds for series in points.series], type=_COUNT),
            "baseline_lots": charts.baseline,
            "centre": figures(charts.centre),
            "sigma": figures(charts.sigma),
            "refusal": [_code(code) for code in charts.refusal.tolist()],
            "tolerance_refusal": [_code(code) for code in charts.tolerance_refusal.tolist()],
            "explanation": [" ".join(EXPLANATIONS.get(RefusalReason(code), ("",))) for code in charts.refusal.tolist()],
        }
    )


def _code(code: int) -> str:
    return "" if code == RefusalReason.NONE else RefusalReason(code).name.lower()


def _comparisons_table(analysis: TrendAnalysis) -> pa.Table:
    series = analysis.points.series
    found = analysis.comparisons
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "test": (_TEXT, [series[entry.series].test for entry in found]),
        "stage": (_TEXT, [series[entry.series].stage for entry in found]),
        "unit": (_TEXT, [series[entry.series].unit_symbol for entry in found]),
        "series_group": (_TEXT, [series[entry.series].group for entry in found]),
        "factor": (_TEXT, [entry.factor for entry in found]),
        "groups": (_COUNT, [entry.groups for entry in found]),
        "lots": (_COUNT, [entry.lots for entry in found]),
        "epsilon_squared": (_NUMBER, [entry.effect for entry in found]),
        "p_value": (_NUMBER, [entry.p_value for entry in found]),
        "q_value": (_NUMBER, [entry.q_value for entry in found]),
        "farthest_group": (_TEXT, [entry.group for entry in found]),
        "farthest_lots": (_COUNT, [entry.group_lots for entry in found]),
        "cliffs_delta": (_NUMBER, [entry.delta for entry in found]),
    }
    return pa.table({name: pa.array(values, type=kind) for name, (kind, values) in columns.items()})


def _capability_table(analysis: TrendAnalysis) -> pa.Table:
    series = analysis.points.series
    found = analysis.capabilities

    def figure(value: float) -> float | None:
        return value if np.isfinite(value) else None

    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "test": (_TEXT, [series[entry.series].test for entry in found]),
        "stage": (_TEXT, [series[entry.series].stage for entry in found]),
        "unit": (_TEXT, [series[entry.series].unit_symbol for entry in found]),
        "series_group": (_TEXT, [series[entry.series].group for entry in found]),
        "requirement": (_TEXT, [entry.requirement for entry in found]),
        "limit": (_TEXT, [entry.limit for entry in found]),
        "lots": (_COUNT, [entry.lots for entry in found]),
        "ppk": (_NUMBER, [figure(entry.ppk) for entry in found]),
        "ppk_lower_bound": (_NUMBER, [figure(entry.lower_bound) for entry in found]),
        "refusal": (_TEXT, [entry.refusal for entry in found]),
    }
    return pa.table({name: pa.array(values, type=kind) for name, (kind, values) in columns.items()})
