"""`regenqc trend`: chart a history of results and print what calls for a look."""

from __future__ import annotations

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.start import leave_pandas_out
from regenqc.cli.terminal import console

if TYPE_CHECKING:
    from regenqc.trends.analysis import TrendAnalysis

__all__ = ["trend_command"]

_SHOWN = 8


class Rules(StrEnum):
    """Which rules mark points."""

    NELSON = "nelson"
    WESTERN_ELECTRIC = "western-electric"
    BOTH = "both"


def trend_command(
    results: Annotated[list[str], typer.Argument(help="Exports: .csv .parquet .arrow .xlsx .jsonl, or patterns.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory for the output files, written whole or not at all.")
    ],
    batches: Annotated[str | None, typer.Option("--batches", "-b", help="Batch table with attributes.")] = None,
    spec: Annotated[
        list[str] | None, typer.Option("--spec", "-s", help="Specification whose limits capability is asked for.")
    ] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="Chart this stage only.")] = None,
    profile: Annotated[
        str, typer.Option("--profile", "-p", help="What the export's columns mean: identifier or .toml file.")
    ] = "canonical",
    by: Annotated[
        list[str] | None, typer.Option("--by", help="Attribute of lots, such as site: a series for each of its values.")
    ] = None,
    compare: Annotated[
        list[str] | None, typer.Option("--compare", help="Further attribute of lots by which to compare them.")
    ] = None,
    rules: Annotated[Rules, typer.Option("--rules", help="Rules that mark points.")] = Rules.NELSON,
    baseline_until: Annotated[
        str | None, typer.Option("--baseline-until", help="Limits come from lots tested before, ISO 8601 with zone.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Chart a history of results and name what calls for a look. Signals change no disposition.

    Example: regenqc trend history.parquet --batches batches.csv --spec my-product.toml --out trends
    """
    leave_pandas_out()
    from regenqc.evaluation.dates import parse_as_of
    from regenqc.intake import read_batches, read_results
    from regenqc.specification import load_specification
    from regenqc.statistics.run_rules import NELSON, WESTERN_ELECTRIC
    from regenqc.trends.analysis import analyse
    from regenqc.trends.charts import ChartOptions
    from regenqc.trends.output import write_analysis

    chosen = {Rules.NELSON: NELSON, Rules.WESTERN_ELECTRIC: WESTERN_ELECTRIC, Rules.BOTH: (*WESTERN_ELECTRIC, *NELSON)}
    until = None if baseline_until is None else int(parse_as_of(baseline_until).timestamp())
    specifications = tuple(load_specification(reference) for reference in spec or ())
    table = read_results(*results, profile=profile)
    listed = read_batches(batches) if batches is not None else None
    analysis = analyse(
        table,
        batches=listed,
        specifications=specifications,
        stage=stage,
        divided_by=by or (),
        compared_by=compare or (),
        options=ChartOptions(baseline_until=until, rules=chosen[rules]),
    )
    run = write_analysis(analysis, out, results=table, batches=listed, specifications=specifications)
    if as_json:
        typer.echo(json.dumps(run | {"out": str(out)}, ensure_ascii=False, indent=2))
    else:
        _print(analysis, out=out)


def _print(analysis: TrendAnalysis, *, out: Path) -> None:
    """Print the counts, odd lots, differing groups, series by signals, and where the files are."""
    from rich.text import Text

    from regenqc.evaluation.visible_text import visible
    from regenqc.statistics.refusal import RefusalReason
    from regenqc.trends.history import Aside

    screen = console()
    history = analysis.history
    charted = history.counts[Aside.CHARTED]
    head = Text(f"{len(analysis.signals):,} signals in {len(analysis.points.series):,} series   ", style="bold")
    head.append(
        f"{history.rows_read:,} rows read = {charted:,} charted + {history.rows_read - charted:,} set aside",
        style="dim",
    )
    screen.print(head)
    for title, rule in (("lots unlike their history", "unlike_its_history"), ("groups that differ", "comparison")):
        found = [signal for signal in analysis.signals if signal.rule == rule]
        if found:
            screen.print(Text(f"! {len(found):,} {title}", style="yellow"))
        for signal in found[:_SHOWN]:
            screen.print(Text(f"    {visible(signal.sentence, longest=240)}"))
        if len(found) > _SHOWN:
            screen.print(Text(f"    … and {len(found) - _SHOWN:,} more", style="dim"))
    rules = Counter((signal.series, signal.rule) for signal in analysis.signals if signal.point >= 0)
    total = Counter(signal.series for signal in analysis.signals if signal.point >= 0)
    for series, count in total.most_common(_SHOWN):
        screen.print(Text(f"! {count:>5,} {visible(analysis.points.series[series].name, longest=100)}", style="yellow"))
        parts = [f"{name} {times:,}" for (own, name), times in rules.most_common() if own == series]
        screen.print(Text(f"        {', '.join(parts)}", style="dim"))
    if len(total) > _SHOWN:
        screen.print(Text(f"  … and {len(total) - _SHOWN:,} more series with signals", style="dim"))
    refused = Counter(code for code in analysis.charts.refusal.tolist() if code != RefusalReason.NONE)
    for code, count in refused.items():
        words = RefusalReason(code).name.lower().replace("_", " ")
        screen.print(Text(f"  {count:,} series without limits: {words}", style="dim"))
    screen.print(Text.assemble(("written to ", "dim"), str(out), (", open ", "dim"), str(out / "trend.html")))
