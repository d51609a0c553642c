"""The files of an analysis of outcomes, in three places by who may see them.

`shown/` holds what may be passed on: no row, no count of rows, no count of few people. Beside it stand counts of rows and the rows that
were refused, for whoever makes the run: from counts of rows counts of people can follow. `rows/`, when asked for, names patients by
pseudonym.
"""

from __future__ import annotations

import csv
import json
import platform
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regenqc.evaluation.dates import format_time
from regenqc.evaluation.output_directory import OutputDirectory, unwritable
from regenqc.outcomes.faults import EXPLANATIONS
from regenqc.outcomes.report import write_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from regenqc.intake.table import ResultTable
    from regenqc.outcomes.analysis import OutcomeAnalysis

__all__ = ["associations_table", "outcome_record", "write_outcomes"]

_WITHHELD = "withheld"


def write_outcomes(
    analysis: OutcomeAnalysis, directory: Path, *, results: ResultTable | None = None, with_rows: bool = False
) -> dict[str, Any]:
    """Write every file and return the content of `run.json`; the directory appears whole or not at all.

    Args:
        analysis: what was found.
        directory: where to put it; an earlier output there is replaced, anything else is left alone and refused.
        results: the results behind the attributes, for their digests.
        with_rows: write `rows/`, too.

    Raises:
        UsageError: the directory holds something else, or cannot be written.
    """
    with OutputDirectory(directory) as output:
        run = outcome_record(analysis, results=results)
        try:
            shown = output.work / "shown"
            shown.mkdir()
            associations = associations_table(analysis)
            pq.write_table(associations, shown / "associations.parquet", compression="zstd")
            _write(shown / "associations.csv", associations.column_names, _rows(associations))
            _write(shown / "tables.csv", ("table", "row", "column", "patients"), _shown(analysis))
            _write(shown / "summaries.csv", *_summaries(analysis))
            _write(shown / "conditions.csv", *_conditions(analysis))
            _write(shown / "plan.csv", ("key", "value"), _plan(analysis))
            write_report(analysis, shown / "outcomes.html")
            _write(
                output.work / "refused.csv",
                ("source", "row_number", "reason", "column", "explanation"),
                (
                    (row.source, row.row_number, row.reason.name.lower(), row.column, EXPLANATIONS[row.reason])
                    for row in analysis.refused
                ),
            )
            if with_rows:
                _write_rows(analysis, output.work / "rows")
            text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
            (output.work / "run.json").write_text(text, encoding="utf-8")
            output.put_into_place()
        except OSError as error:
            raise unwritable(directory, error) from error
    return run


def outcome_record(analysis: OutcomeAnalysis, *, results: ResultTable | None = None) -> dict[str, Any]:
    """Return the content of `run.json`: inputs, plan, and counts of rows; people are counted in the tables alone."""
    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily

    plan, table = analysis.plan, analysis.table
    reasons = Counter(row.reason.name.lower() for row in analysis.refused)
    methods = Counter("answered" if each.estimate is not None else "refused" for each in analysis.associations)
    return {
        "schema": "regenqc.outcomes/1",
        "engine": {"regenqc": regenqc.__version__, "python": platform.python_version(), "numpy": np.__version__},
        "as_of": analysis.now.isoformat(),
        "plan": {"id": plan.id, "version": plan.version},
        "disclosure": {
            "smallest": analysis.shown.smallest,
            "citation": plan.disclosure.citation,
            "mark": str(plan.disclosure.mark),
        },
        "inputs": list(table.sources),
        "doses": analysis.doses.source,
        "results": []
        if results is None
        else [
            {"name": source.name, "kind": source.kind, "digest": source.digest, "bytes": source.byte_count}
            for source in results.sources
        ],
        "counts": {
            "rows_read": table.rows_read,
            "rows_accepted": len(analysis.joining.rows),
            "rows_repeated": table.repeated,
            "rows_superseded": table.superseded,
            "rows_refused": dict(sorted(reasons.items())),
            "rows_of_results_read": analysis.rows_of_results[0],
            "rows_of_results_used": analysis.rows_of_results[1],
            "lots_without_results": len(analysis.lots_without_results),
            "questions": dict(sorted(methods.items())),
        },
        "conditions": {each.condition.id: each.state for each in analysis.conditions},
    }


def associations_table(analysis: OutcomeAnalysis) -> pa.Table:
    """Return the associations as they are written; a null is a figure that there is not."""
    found = analysis.associations

    def figure(name: str) -> pa.Array:
        return pa.array(
            [None if each.estimate is None else getattr(each.estimate, name) for each in found], pa.float64()
        )

    texts: dict[str, Sequence[str]] = {
        "attribute": [each.attribute for each in found],
        "test": [each.test for each in found],
        "measure": [each.measure for each in found],
        "visit": [each.visit for each in found],
        "method": [each.method for each in found],
    }
    return pa.table(
        {name: pa.array(values, pa.string()) for name, values in texts.items()}
        | {
            "lots": pa.array([each.lots for each in found], pa.int64()),
            "estimate": figure("value"),
            "lower": figure("lower"),
            "upper": figure("upper"),
            "p_value": figure("p_value"),
            "q_value": pa.array([None if each.estimate is None else each.q_value for each in found], pa.float64()),
            "refusal": pa.array(["" if each.refusal is None else str(each.refusal) for each in found], pa.string()),
            "warnings": pa.array(["; ".join(each.warnings) for each in found], pa.string()),
        }
    )


def _rows(table: pa.Table) -> Iterable[Sequence[object]]:
    columns = [["" if value is None else value for value in column.to_pylist()] for column in table.columns]
    return zip(*columns, strict=True)


def _shown(analysis: OutcomeAnalysis) -> Iterable[Sequence[object]]:
    yield ("treated", "", "", _WITHHELD if analysis.shown.treated.count is None else analysis.shown.treated.count)
    for table in analysis.shown.tables:
        for name, cells in table.rows:
            for column, cell in zip(table.columns, cells, strict=True):
                yield (table.name, name, column, _WITHHELD if cell.count is None else cell.count)


def _plan(analysis: OutcomeAnalysis) -> Iterable[Sequence[object]]:
    plan = analysis.plan
    yield from (("plan", plan.id), ("version", plan.version), ("title", plan.title), ("product", plan.product))
    yield from (("study", plan.study), ("as_of", analysis.now.date().isoformat()))
    yield from (("smallest", analysis.shown.smallest), ("smallest_citation", plan.disclosure.citation))


def _summaries(analysis: OutcomeAnalysis) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
    return ("measure", "visit", "unit", "lower_quartile", "median", "upper_quartile", "refusal"), (
        (
            each.measure,
            each.visit,
            analysis.plan.measures[each.measure].unit,
            *(
                "" if np.isnan(value) else f"{value:.6g}"
                for value in (each.lower_quartile, each.median, each.upper_quartile)
            ),
            "" if each.refusal is None else str(each.refusal),
        )
        for each in analysis.summaries
    )


def _conditions(analysis: OutcomeAnalysis) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
    names = ("condition", "title", "state", "required", "reported", "by", "days_left", "force", "citation", "mark")
    return names, (
        (
            each.condition.id,
            each.condition.title,
            analysis.shown.state_of(each),
            # Everybody is who was treated, and that count is shown in its own place, or is not.
            "everybody treated" if each.condition.all_treated else each.required or "sponsor must set",
            analysis.shown.reported[each.condition.id],
            each.condition.by or "sponsor must set",
            "" if each.days_left is None else each.days_left,
            each.condition.force,
            each.condition.citation,
            each.condition.mark,
        )
        for each in analysis.conditions
    )


def _write_rows(analysis: OutcomeAnalysis, directory: Path) -> None:
    directory.mkdir()
    _write(
        directory / "outcomes.csv",
        ("recipient", "lot", "dose", "measure", "visit", "lowest", "highest", "word", "is_event", "observed_at"),
        (
            (
                row.outcome.recipient,
                row.lot,
                row.outcome.dose,
                row.outcome.measure,
                row.visit,
                *("" if np.isnan(end) else repr(end) for end in (row.outcome.lowest, row.outcome.highest)),
                row.outcome.word,
                row.outcome.is_event,
                format_time(row.outcome.observed_at),
            )
            for row in analysis.joining.rows
        ),
    )
    _write(
        directory / "due.csv",
        ("recipient", "measure", "visit", "due", "state"),
        (
            (due.visit.recipient, due.measure, due.visit.period, due.visit.due.isoformat(), due.visit.state)
            for due in analysis.joining.due
        ),
    )
    _write(
        directory / "without_report.csv",
        ("condition", "recipient"),
        ((each.condition.id, recipient) for each in analysis.conditions for recipient in each.without_report),
    )


def _write(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
