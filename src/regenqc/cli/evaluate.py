"""`regenqc evaluate`: judge results, print what needs attention, write the output files."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.matrix import print_release_matrix
from regenqc.cli.start import leave_pandas_out, stop_garbage_collection
from regenqc.cli.terminal import MARKS, console, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regenqc.cli.ledger_evaluation import EvaluationRecorder
    from regenqc.evaluation import Evaluation
    from regenqc.evaluation.judge import JudgedRows
    from regenqc.intake import BatchTable, ResultTable
    from regenqc.spark.output import WrittenEvaluation

    Outcome = Evaluation | WrittenEvaluation

__all__ = ["evaluate_command", "print_evaluation", "run_evaluation"]


class Engine(StrEnum):
    """Where results are judged."""

    LOCAL = "local"
    SPARK = "spark"


_SHOWN_BATCHES = 8
_SHOWN_FINDINGS = 6


def evaluate_command(
    results: Annotated[
        list[str],
        typer.Argument(help="Exports: .csv .parquet .arrow .xlsx .jsonl, patterns, or - for CSV on standard input."),
    ],
    spec: Annotated[
        list[str], typer.Option("--spec", "-s", help="Specification: identifier or file; may be given several times.")
    ],
    batches: Annotated[str | None, typer.Option("--batches", "-b", help="Batch table with attributes.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="Judge this stage only.")] = None,
    profile: Annotated[
        str, typer.Option("--profile", "-p", help="What the export's columns mean: identifier or .toml file.")
    ] = "canonical",
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Moment of evaluation, ISO 8601 with zone; default now.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Directory for the output files, written whole or not at all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Print batches by specifications, and why each is not eligible.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option("--engine", help="Judge in this process, or on Apache Spark (extra: spark).")
    ] = Engine.LOCAL,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Leave with 0 although some batch is not eligible.")
    ] = False,
    ledger: Annotated[
        str | None, typer.Option("--ledger", "-l", help="Record every evaluation in this ledger, once.")
    ] = None,
    home: Annotated[
        Path, typer.Option("--home", help="With --ledger: folder with its site.toml.", envvar="REGENQC_LEDGER_HOME")
    ] = Path("ledger-home"),
) -> None:
    """Judge every batch of an export against versioned specifications.

    Example: regenqc evaluate results.csv --batches batches.csv --spec example/car-t-ari-0001 --out judged
    """
    recorder = None
    if ledger is not None:
        from regenqc.cli.ledger_evaluation import EvaluationRecorder

        recorder = EvaluationRecorder(ledger, home)
    with ExitStack() as stack:
        if engine is Engine.SPARK:
            evaluation, run = _run_on_spark(
                stack,
                results,
                specifications=spec,
                batches=batches,
                stage=stage,
                profile=profile,
                as_of=as_of,
                out=out,
                quiet=as_json,
                recorder=recorder,
            )
        else:
            evaluation, run = run_evaluation(
                results,
                specifications=spec,
                batches=batches,
                stage=stage,
                profile=profile,
                as_of=as_of,
                out=out,
                quiet=as_json,
                recorder=recorder,
            )
        if as_json:
            typer.echo(json.dumps(_summary(evaluation, run, out), ensure_ascii=False, indent=2))
        elif matrix:
            print_release_matrix(evaluation)
        else:
            print_evaluation(evaluation, out=out)
            if run is not None:
                _print_mapping(run)
        if recorder is not None:
            recorder.tell(quiet=as_json)
        is_all_eligible = evaluation.is_all_eligible
    raise typer.Exit(0 if exit_zero or is_all_eligible else 1)


def run_evaluation(
    results: Sequence[str],
    *,
    specifications: Sequence[str],
    batches: str | None,
    stage: str | None = None,
    profile: str = "canonical",
    as_of: str | None = None,
    out: Path | None,
    quiet: bool = False,
    recorder: EvaluationRecorder | None = None,
) -> tuple[Evaluation, dict[str, Any] | None]:
    """Evaluate files, write the output and record it; returns the evaluation and the content of `run.json`."""
    leave_pandas_out()
    stop_garbage_collection()
    from regenqc.evaluation import evaluate
    from regenqc.intake import read_batches, read_results
    from regenqc.specification import load_specification
    from regenqc.specification.attributes import attributes_used

    loaded = [load_specification(reference) for reference in specifications]
    table = read_results(*results, profile=profile)
    listed = read_batches(batches, only=attributes_used(loaded)) if batches is not None else None
    with ExitStack() as stack:
        output = _open_output(stack, out, table, listed)
        progress = _progress(stack, table, quiet=quiet)

        def on_rows(judged: JudgedRows, source: int) -> None:
            if output is not None:
                output.on_rows(judged, source)
            progress(judged.coded.rows.num_rows)

        evaluation = evaluate(table, loaded, batches=listed, stage=stage, as_of=as_of, on_rows=on_rows)
        run = output.finish(evaluation) if output is not None else None
    _record(recorder, evaluation, table, listed)
    return evaluation, run


def _run_on_spark(
    stack: ExitStack,
    results: Sequence[str],
    *,
    specifications: Sequence[str],
    batches: str | None,
    stage: str | None,
    profile: str,
    as_of: str | None,
    out: Path | None,
    quiet: bool,
    recorder: EvaluationRecorder | None,
) -> tuple[Outcome, dict[str, Any] | None]:
    """Evaluate files on Spark and write the output; what is returned reads it back, as long as the stack is open."""
    from regenqc.intake import read_batches, read_results
    from regenqc.spark import evaluate
    from regenqc.spark.installation import logged_session
    from regenqc.spark.output import SparkOutput
    from regenqc.specification import load_specification
    from regenqc.specification.attributes import attributes_used

    loaded = [load_specification(reference) for reference in specifications]
    table = read_results(*results, profile=profile)
    listed = read_batches(batches, only=attributes_used(loaded)) if batches is not None else None
    output = stack.enter_context(SparkOutput(out, results=table, batches=listed))
    with ExitStack() as running:
        if not quiet and sys.stderr.isatty():
            running.enter_context(console(error=True).status("judging on Spark"))
        running.enter_context(logged_session())
        evaluation = evaluate(table, loaded, batches=listed, stage=stage, as_of=as_of, rows_folder=output.rows_folder)
        written, run = output.finish(evaluation)
    _record(recorder, written, table, listed)
    return written, run if out is not None else None


def _record(
    recorder: EvaluationRecorder | None, evaluation: Outcome, results: ResultTable, batches: BatchTable | None
) -> None:
    if recorder is not None:
        from regenqc.evaluation.output import inputs_of

        recorder.record(evaluation, [digest for _, digest in inputs_of(results, batches)])


def _open_output(stack: ExitStack, out: Path | None, table: ResultTable, batches: BatchTable | None) -> Any:
    if out is None:
        return None
    from regenqc.evaluation.output import EvaluationOutput

    return stack.enter_context(EvaluationOutput(out, results=table, batches=batches))


def _progress(stack: ExitStack, table: ResultTable, *, quiet: bool) -> Callable[[int], None]:
    # A bar only where somebody watches and the input is large enough to wait for.
    if quiet or not sys.stderr.isatty() or sum(source.byte_count for source in table.sources) < 5_000_000:
        return lambda _: None
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
    )
    bar = stack.enter_context(Progress(*columns, console=console(error=True), transient=True))
    task = bar.add_task("judging", total=None)
    return lambda rows: bar.advance(task, rows)


def _summary(evaluation: Outcome, run: dict[str, Any] | None, out: Path | None) -> dict[str, Any]:
    if run is not None:
        return run | {"out": str(out)}
    return {
        "as_of": evaluation.evaluated_at.isoformat(),
        "counts": {
            "rows_read": evaluation.rows_read,
            "rows_judged": evaluation.rows_judged,
            "rows_refused": evaluation.rows_refused,
            "dispositions": evaluation.disposition_counts,
        },
        "dispositions": [row for batch in evaluation.disposition_batches() for row in batch.to_pylist()],
    }


def print_evaluation(evaluation: Outcome, *, out: Path | None) -> None:
    """Print counts, the batches that need attention with their findings, and where the files are."""
    from rich.text import Text

    screen = console()
    counts = evaluation.disposition_counts
    head = Text()
    for word, (symbol, style) in MARKS.items():
        head.append(f"{symbol} {counts[word]:,} {word}   ", style=style if counts[word] else "dim")
    head.append(
        f"{evaluation.rows_read:,} rows read = {evaluation.rows_judged:,} judged + {evaluation.rows_refused:,} refused",
        style="dim",
    )
    screen.print(head)
    rows = _first_exceptions(evaluation)
    findings = _findings_of(evaluation, rows)
    for row in rows:
        symbol, style = MARKS[row["disposition"]]
        line = Text(f"{symbol} {row['disposition']:<12}", style=style)
        line.append(visible(row["batch_id"]), style="bold default")
        line.append(f"  {row['stage']}  {row['spec_id']}", style="dim")
        screen.print(line)
        own = findings.get((row["batch_id"], row["spec_id"], row["stage"]), [])
        for finding in own[:_SHOWN_FINDINGS]:
            screen.print(Text.assemble((f"    {finding['verdict']:<13}", "dim"), _short(finding, row)))
        if len(own) > _SHOWN_FINDINGS:
            screen.print(Text(f"    … and {len(own) - _SHOWN_FINDINGS} more findings", style="dim"))
    total = sum(counts.values()) - counts["eligible"]
    if total > len(rows):
        screen.print(Text(f"… and {total - len(rows):,} more that are not eligible", style="dim"))
    if out is not None:
        screen.print(Text.assemble(("written to ", "dim"), str(out), (", open ", "dim"), str(out / "report.html")))


def _print_mapping(run: dict[str, Any]) -> None:
    """Print what is hidden in the files, and of every file that a profile described what became of its rows."""
    from rich.text import Text

    for entry in run["inputs"]:
        for note in entry.get("notes", ()):
            console().print(Text(f"■ {visible(entry['name'])}: {visible(note)}", style="yellow"))
        if "rows" in entry:
            rows = entry["rows"]
            console().print(
                Text(
                    f"profile {run['profile']} {run['profile_version']}, {visible(entry['name'])}: {rows['read']:,} rows in file = "
                    f"{rows['mapped']:,} mapped + {rows['not_data']:,} declared no data + {rows['refused']:,} refused",
                    style="dim",
                )
            )


def _short(finding: dict[str, Any], row: dict[str, Any]) -> str:
    """Return a finding in a line; its whole sentence stands in the files."""
    reported = f"{finding['reported']} {finding['unit']}".strip()
    shown = f"{reported[:60]}…" if len(reported) > 60 else reported
    reason = finding["reason_code"].replace("_", " ")
    due = f", due {row['pending_until']}" if finding["reason_code"] == "pending" else ""
    shows_limit = finding["limit"] and finding["verdict"] != "missing" and finding["reason_code"] != "sponsor_must_set"
    limit = f", required {finding['limit']}" if shows_limit else ""
    text = f"{finding['requirement_id']:<26} {shown + ': ' if shown else ''}{reason}{limit}{due}"
    return visible(text)


def _first_exceptions(evaluation: Outcome) -> list[dict[str, Any]]:
    chosen: list[dict[str, Any]] = []
    for word in ("reject", "hold", "conditional"):
        chosen += evaluation.first_dispositions(word, _SHOWN_BATCHES - len(chosen))
    return chosen


def _findings_of(evaluation: Outcome, rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for part in evaluation.finding_batches(only=[row["batch_id"] for row in rows]) if rows else ():
        for row in part.to_pylist():
            found.setdefault((row["batch_id"], row["spec_id"], row["stage"]), []).append(row)
    return found
