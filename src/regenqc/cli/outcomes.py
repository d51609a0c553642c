"""`regenqc outcomes`: what became of the patients, what is due of whom, and where the conditions of an approval stand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import AsJson, open_log
from regenqc.cli.ledger_screen import print_json, print_line, print_table
from regenqc.cli.start import leave_pandas_out
from regenqc.cli.terminal import console, visible
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from regenqc.outcomes.analysis import OutcomeAnalysis
    from regenqc.outcomes.associations import Threshold

__all__ = ["app"]

app = typer.Typer(
    help="What became of the patients: lots joined to outcomes, visits due, conditions of an approval.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Outcomes = Annotated[
    list[str] | None,
    typer.Argument(help="Reports: .csv .parquet .arrow .xlsx .jsonl; with --ledger they may be left out."),
]
Plan = Annotated[Path, typer.Option("--plan", "-p", help="Plan of the follow-up, TOML.")]
Doses = Annotated[str | None, typer.Option("--doses", "-d", help="Who received which container of which lot.")]
LedgerUrl = Annotated[
    str | None,
    typer.Option("--ledger", "-l", help="Ledger whose administrations and follow-ups count, in place of --doses."),
]
Now = Annotated[
    str | None, typer.Option("--now", help="The present moment, ISO 8601 with zone; the clock when not stated.")
]
_SHOWN = 12


@app.command("report")
def report_command(
    outcomes: Outcomes = None,
    *,
    plan: Plan,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory for the output files, written whole or not at all.")
    ],
    doses: Doses = None,
    ledger: LedgerUrl = None,
    results: Annotated[
        list[str] | None, typer.Option("--results", "-r", help="Results of the lots, for their quality attributes.")
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="What the columns of the results mean.")] = "canonical",
    stage: Annotated[str | None, typer.Option("--stage", help="Attributes of this stage only.")] = None,
    threshold: Annotated[
        list[str] | None, typer.Option("--threshold", help="Part lots here as well, as viability=80 %.")
    ] = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Write rows/, too: it names patients by pseudonym and is not for everybody.")
    ] = False,
    all_counts: Annotated[
        bool, typer.Option("--all-counts", help="Withhold nothing: for readers who may see single patients.")
    ] = False,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Join outcomes to lots and write tables in which counts of few patients are withheld.

    Example: regenqc outcomes report outcomes.csv --plan plan.toml --doses doses.csv --results results.csv --out outcomes
    """
    leave_pandas_out()
    from regenqc.intake import read_results
    from regenqc.outcomes.associations import read_threshold
    from regenqc.outcomes.output import write_outcomes

    table = read_results(*results, profile=profile) if results else None
    analysis = _analysis(
        outcomes,
        plan=plan,
        doses=doses,
        ledger=ledger,
        now=now,
        results=table,
        stage=stage,
        thresholds=[read_threshold(text) for text in threshold or ()],
        all_counts=all_counts,
    )
    run = write_outcomes(analysis, out, results=table, with_rows=rows)
    if as_json:
        typer.echo(json.dumps(run | {"out": str(out)}, ensure_ascii=False, indent=2))
    else:
        _print(analysis, out=out)


@app.command("due")
def due_command(
    outcomes: Outcomes = None,
    *,
    plan: Plan,
    doses: Doses = None,
    ledger: LedgerUrl = None,
    now: Now = None,
    every: Annotated[bool, typer.Option("--all", help="Also what is done, and what is later.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what is due and overdue of whom, by pseudonym. Leaves with 1 when something is overdue.

    Example: regenqc outcomes due outcomes.csv --plan plan.toml --doses doses.csv
    """
    leave_pandas_out()
    analysis = _analysis(outcomes, plan=plan, doses=doses, ledger=ledger, now=now)
    found = [each for each in analysis.joining.due if every or each.visit.state in {"due", "overdue"}]
    found.sort(key=lambda each: (each.visit.due, each.visit.recipient, each.measure))
    if as_json:
        print_json(
            [
                {
                    "recipient": each.visit.recipient,
                    "measure": each.measure,
                    "visit": each.visit.period,
                    "due": each.visit.due,
                    "state": each.visit.state,
                }
                for each in found
            ]
        )
    else:
        print_table(
            ("recipient", "measure", "visit", "due", "state"),
            [
                (each.visit.recipient, each.measure, each.visit.period, each.visit.due.isoformat(), each.visit.state)
                for each in found
            ],
            empty="Nothing is due." if not every else "Nobody received anything.",
        )
        _print_refused(analysis)
    raise typer.Exit(1 if any(each.visit.state == "overdue" for each in found) else 0)


@app.command("conditions")
def conditions_command(
    outcomes: Outcomes = None,
    *,
    plan: Plan,
    doses: Doses = None,
    ledger: LedgerUrl = None,
    now: Now = None,
    missing: Annotated[bool, typer.Option("--missing", help="Name those without a report, by pseudonym.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say where the conditions of an approval stand. Leaves with 1 when one is overdue or was never set.

    Example: regenqc outcomes conditions outcomes.csv --plan plan.toml --doses doses.csv
    """
    leave_pandas_out()
    analysis = _analysis(outcomes, plan=plan, doses=doses, ledger=ledger, now=now)
    found = analysis.conditions
    if as_json:
        print_json(
            [
                {
                    "condition": each.condition.id,
                    "state": each.state,
                    "reported": each.reported,
                    "required": each.required,
                    "lacking": each.lacking,
                    "by": each.condition.by,
                    "days_left": each.days_left,
                    "citation": each.condition.citation,
                    "mark": each.condition.mark,
                    **({"without_report": each.without_report} if missing else {}),
                }
                for each in found
            ]
        )
    else:
        print_table(
            ("condition", "state", "reported", "required", "lacking", "by", "days left"),
            [
                (
                    each.condition.id,
                    each.state.replace("_", " "),
                    each.reported,
                    each.required or "sponsor must set",
                    each.lacking if each.required else "",
                    each.condition.by or "sponsor must set",
                    "" if each.days_left is None else each.days_left,
                )
                for each in found
            ],
            empty="The plan states no condition.",
        )
        for each in found:
            condition = each.condition
            print_line(condition.id, detail=f"{condition.title}; {condition.citation} ({condition.mark})")
        for each in found if missing else ():
            print_line(f"{each.condition.id}: no report of {', '.join(each.without_report) or 'nobody'}")
        _print_refused(analysis)
    raise typer.Exit(1 if any(each.state in {"overdue", "not_set"} for each in found) else 0)


def _analysis(
    outcomes: list[str] | None,
    *,
    plan: Path,
    doses: str | None,
    ledger: str | None,
    now: str | None,
    results: object = None,
    stage: str | None = None,
    thresholds: list[Threshold] | None = None,
    all_counts: bool = False,
) -> OutcomeAnalysis:
    from regenqc.evaluation.dates import parse_as_of
    from regenqc.outcomes.analysis import analyse_outcomes
    from regenqc.outcomes.doses import doses_of_ledger, outcomes_of_ledger, read_doses
    from regenqc.outcomes.plan import read_plan, showing_all

    stated = read_plan(plan)
    if all_counts:
        stated = showing_all(stated)
    if (doses is None) == (ledger is None) or (not outcomes and ledger is None):
        raise UsageError(
            Fault(
                code="RQC-O021",
                what="Who received what comes from one place.",
                got=" and ".join(
                    name for name, value in (("--doses", doses), ("--ledger", ledger), ("reports", outcomes)) if value
                )
                or "nothing",
                expected="reports with --doses, or --ledger with or without further reports",
                action="State one of both.",
            )
        )
    inputs: list[object] = list(outcomes or ())
    if ledger is not None:
        with open_log(ledger) as log, log.read() as view:
            given = doses_of_ledger(view, name=ledger, product=stated.product)
            told = outcomes_of_ledger(view, plan=stated)
        unknown = given.source["administrations_of_unknown_product"]
        if not given.doses:
            raise UsageError(
                Fault(
                    code="RQC-O022",
                    what="The ledger records no administration of the product.",
                    where=ledger,
                    got=f"{unknown:,} administrations of items whose product it does not state",
                    expected=stated.product or "an administration",
                    action="Check the product of the plan and the ledger; a plan without product counts every administration.",
                )
            )
        if unknown:
            console(error=True).print(
                f"! {unknown:,} administrations of items whose product the ledger does not state are left out",
                style="yellow",
            )
        if told.num_rows:
            inputs.insert(0, told)
    else:
        given = read_doses(doses)
    moment = datetime.now(UTC) if now is None else parse_as_of(now)
    return analyse_outcomes(
        *inputs,
        doses=given,
        plan=stated,
        now=moment,
        results=results,  # type: ignore[arg-type] # a table of results, or none
        stage=stage,
        thresholds=thresholds or (),
    )


def _print(analysis: OutcomeAnalysis, *, out: Path) -> None:
    """Print conditions, tables, the strongest associations, and where the files are."""
    from rich.text import Text

    from regenqc.outcomes.report import answers_shown

    screen = console()
    shown = analysis.shown
    screen.print(Text.assemble((f"{shown.treated} treated", "bold"), f"   as of {analysis.now.date().isoformat()}"))
    for each in analysis.conditions:
        good = {"met": True, "overdue": False, "not_set": False}.get(each.state)
        by = f"by {each.condition.by}" if each.condition.by else "no day set"
        print_line(
            f"{each.condition.id}: {each.state.replace('_', ' ')}, {by}", good=good, detail=each.condition.citation
        )
    for table in shown.tables:
        screen.print(Text(visible(table.title), style="bold"))
        print_table(
            ("", *table.columns), [(name, *(str(cell) for cell in cells)) for name, cells in table.rows], empty=""
        )
    answered, refused = answers_shown(analysis)
    if answered:
        screen.print(Text("Attributes and outcomes, the strongest first", style="bold"))
        print_table(
            ("attribute / outcome", "estimate (95 %)", "method", "lots", "chance"),
            [(each.question, each.estimate, each.method, each.lots, each.chance) for each in answered[:_SHOWN]],
            empty="",
        )
        if len(answered) > _SHOWN:
            screen.print(Text(f"  … and {len(answered) - _SHOWN:,} more in associations.csv", style="dim"))
    for what, times in refused:
        screen.print(Text(f"  {times:,} questions: {what}", style="dim"))
    if shown.smallest > 1:
        print_line(
            f"Counts of 1 to {shown.smallest - 1} patients are withheld, with those that would give them back.",
            detail="--all-counts withholds nothing, for readers who may see single patients",
        )
    else:
        print_line("Nothing is withheld: for readers who may see single patients.", good=False)
    lacking = analysis.lots_without_results
    if lacking:
        named = ", ".join(lot or "a lot that is not named" for lot in lacking[:_SHOWN])
        more = f" and {len(lacking) - _SHOWN:,} more" if len(lacking) > _SHOWN else ""
        lots = "lot that was given has" if len(lacking) == 1 else "lots that were given have"
        print_line(f"{len(lacking):,} {lots} no result in numbers: {named}{more}", good=False)
    _print_refused(analysis)
    screen.print(
        Text.assemble(
            ("written to ", "dim"), str(out), (", to be passed on: ", "dim"), str(out / "shown" / "outcomes.html")
        )
    )


def _print_refused(analysis: OutcomeAnalysis) -> None:
    from collections import Counter

    reasons = Counter(row.reason for row in analysis.refused)
    total = sum(reasons.values())
    if total:
        from regenqc.outcomes.faults import EXPLANATIONS

        print_line(f"{total:,} of {analysis.table.rows_read:,} rows refused", good=False)
        for reason, times in reasons.most_common():
            print_line(f"    {times:,} {reason.name.lower().replace('_', ' ')}: {EXPLANATIONS[reason]}")
