"""`regenqc plan`: how much to test, asked before testing."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.terminal import console
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from regenqc.statistics.curves import Chart
    from regenqc.statistics.plan_tables import Plan, PlanTable

__all__ = ["app"]

app = typer.Typer(
    help="Say how much to test, before testing: metaphases, supernatant, cells, containers.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Confidence = Annotated[str, typer.Option("--confidence", "-c", help="Of the answer, e.g. 95%.")]
Power = Annotated[str, typer.Option("--power", help="Probability of calling a clone that is there.")]
Efficiency = Annotated[
    str, typer.Option("--efficiency", help="Probability that the assay responds to an event that is there.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")]
PlotFile = Annotated[
    Path | None, typer.Option("--plot", help="Draw the curve into this file: .svg, .png or .pdf.", metavar="FILE")
]


@app.command("metaphases")
def metaphases_command(
    mosaicism: Annotated[
        str | None, typer.Option("--mosaicism", "-m", help="Share of abnormal cells to exclude, e.g. 10%.")
    ] = None,
    counted: Annotated[
        int | None, typer.Option("--counted", "-n", help="Or: metaphases counted, to see what they exclude.")
    ] = None,
    confidence: Confidence = "95%",
    power: Power = "95%",
    as_json: AsJson = False,
    plot: PlotFile = None,
) -> None:
    """Say how many metaphases exclude a mosaicism, or what a number of metaphases excludes.

    Example: regenqc plan metaphases --mosaicism 10% --confidence 95%
    """
    from regenqc.statistics import curves, planning

    level, power_level = read_share(confidence, "--confidence"), read_share(power, "--power")
    if mosaicism is not None and counted is None:
        share = read_share(mosaicism, "--mosaicism")
        plan = planning.plan_metaphases(share, confidence=level, power=power_level)
        _answer(plan, lambda: curves.mosaicism_chart(confidence=level, power=power_level, share=share), as_json, plot)
    elif counted is not None and mosaicism is None:
        plan = planning.plan_counted_metaphases(counted, confidence=level, power=power_level)
        _answer(
            plan, lambda: curves.mosaicism_chart(confidence=level, power=power_level, metaphases=counted), as_json, plot
        )
    else:
        raise UsageError(
            Fault(
                code="RQC-U090",
                what="The question needs either a mosaicism or a number of metaphases.",
                got="both" if mosaicism is not None else "neither",
                expected="--mosaicism or --counted",
                action="Ask with --mosaicism 10% how many to count, or with --counted 20 what they exclude.",
            )
        )


@app.command("supernatant")
def supernatant_command(
    concentration: Annotated[
        str,
        typer.Option("--concentration", help="That must not go unseen: '1/100 mL', '0.01/mL', '1 per dose'."),
    ],
    confidence: Confidence = "95%",
    efficiency: Efficiency = "100%",
    as_json: AsJson = False,
    plot: PlotFile = None,
) -> None:
    """Say how much supernatant shows a replication-competent virus, or anything else that is rare in a liquid.

    Example: regenqc plan supernatant --concentration "1/100 mL" --confidence 95%
    """
    from regenqc.statistics import curves, planning

    value, unit = read_concentration(concentration)
    level, share = read_share(confidence, "--confidence"), read_share(efficiency, "--efficiency")
    plan = planning.plan_supernatant(value, unit=unit, confidence=level, efficiency=share)
    _answer(
        plan,
        lambda: curves.detection_chart(value, unit=unit, confidence=level, efficiency=share),
        as_json,
        plot,
    )


@app.command("cells")
def cells_command(
    rate: Annotated[str, typer.Option("--rate", help="Of rare cells to claim: 1e-5, 0.001%, 1/100000.")],
    confidence: Confidence = "95%",
    efficiency: Efficiency = "100%",
    dose: Annotated[
        str | None, typer.Option("--dose", help="Cells per dose, to see what the rate leaves in it.")
    ] = None,
    as_json: AsJson = False,
    plot: PlotFile = None,
) -> None:
    """Say how many cells to test, with none seen, to claim that residual undifferentiated cells are rarer than a rate.

    Example: regenqc plan cells --rate 1e-5 --dose 1e8
    """
    from regenqc.statistics import curves, planning

    value = read_share(rate, "--rate")
    level, share = read_share(confidence, "--confidence"), read_share(efficiency, "--efficiency")
    cells = None if dose is None else float(_number(dose, "--dose"))
    plan = planning.plan_cells(value, confidence=level, efficiency=share, dose=cells)
    _answer(plan, lambda: curves.bound_chart(value, confidence=level, efficiency=share), as_json, plot)


@app.command("containers")
def containers_command(
    contaminated_share: Annotated[
        str, typer.Option("--contaminated-share", help="Share of containers that must not go unseen, e.g. 1%.")
    ],
    lot: Annotated[
        int | None, typer.Option("--lot", help="Containers in the lot, drawn without being put back; default: many.")
    ] = None,
    confidence: Confidence = "95%",
    as_json: AsJson = False,
    plot: PlotFile = None,
) -> None:
    """Say how many containers to test so that a contaminated one is among them.

    Example: regenqc plan containers --contaminated-share 10% --lot 40
    """
    from regenqc.statistics import curves, planning

    share, level = read_share(contaminated_share, "--contaminated-share"), read_share(confidence, "--confidence")
    plan = planning.plan_containers(share, confidence=level, containers=lot)
    _answer(plan, lambda: curves.container_chart(share, confidence=level, containers=lot), as_json, plot)


def read_share(text: str, option: str) -> float:
    """Return a share written as a percentage, a fraction or a ratio.

    A bare number of 1 or more is refused: `5` may be 5 % or a slip.

    Raises:
        UsageError: RQC-U091 when it cannot be read without guessing.

    Example:
        >>> read_share("10 %", "--mosaicism"), read_share("1e-5", "--rate"), read_share("1/100000", "--rate")
        (0.1, 1e-05, 1e-05)
    """
    from regenqc.measurement.reported import Form, read_reported

    above, stroke, below = text.partition("/")
    if stroke:
        divisor = _number(below.strip(), option)
        share = _number(above.strip(), option) / divisor if divisor else Decimal(-1)
    else:
        reported = read_reported(text)
        if reported.number is None or reported.form is not Form.NUMBER:
            raise _unreadable(text, option)
        share = reported.number / 100 if reported.unit == "%" else reported.number
        if not reported.unit and share >= 1:
            raise _unreadable(text, option)
    if not 0 <= share <= 1:
        raise _unreadable(text, option)
    return float(share)


_PER = re.compile(r"(?P<events>.+?) ?(?:/|\bper\b|\bin\b) ?(?P<size>[0-9][0-9.,eE+]*)? ?(?P<unit>[A-Za-zµμ][\w-]*)")


def read_concentration(text: str) -> tuple[float, str]:
    """Return the events per unit, and the unit, of `1/100 mL`, `0.01/mL`, `1 per dose` or `1 in 100 mL`.

    Raises:
        UsageError: RQC-U091 when it cannot be read without guessing.

    Example:
        >>> read_concentration("1/100 mL"), read_concentration("1 per dose")
        ((0.01, 'mL'), (1.0, 'dose'))
    """
    match = _PER.fullmatch(" ".join(text.split()))
    if match is None:
        raise _unreadable(text, "--concentration")
    events, size = _number(match["events"], "--concentration"), _number(match["size"] or "1", "--concentration")
    if size <= 0 or events < 0:
        raise _unreadable(text, "--concentration")
    return float(events / size), match["unit"]


def _number(text: str, option: str) -> Decimal:
    from regenqc.measurement.reported import Form, read_reported

    reported = read_reported(text)
    if reported.number is None or reported.form is not Form.NUMBER or reported.unit:
        raise _unreadable(text, option)
    return reported.number


_EXPECTED = {
    "--concentration": "events per amount, e.g. '1/100 mL', '0.01/mL' or '1 per dose'",
    "--rate": "a rate below 1, e.g. 1e-5, 0.001% or 1/100000",
    "--dose": "a number of cells, e.g. 1e8",
}


def _unreadable(text: str, option: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U091",
            what=f"The value of {option} cannot be read.",
            got=text,
            expected=_EXPECTED.get(option, "a share, e.g. 10% or 0.1"),
            action="Write the percent sign where percent is meant.",
        )
    )


def _answer(plan: Plan, chart: Callable[[], Chart], as_json: bool, plot: Path | None) -> None:  # noqa: FBT001 - as typer hands it over
    if plot is not None:
        from regenqc.plots import draw_chart

        draw_chart(chart(), plot)
    if as_json:
        typer.echo(json.dumps(_document(plan, plot), ensure_ascii=False, indent=2))
    else:
        _print_plan(plan, plot)


def _document(plan: Plan, plot: Path | None) -> dict[str, object]:
    return {
        "answer": plan.answer,
        "required": _whole(plan.required),
        "unit": plan.unit,
        "asked": dict(plan.asked),
        "tables": [
            {
                "title": table.title,
                "row_title": table.row_title,
                "columns": list(table.columns),
                "rows": [
                    {"row": row.title, "asked": row.asked, "values": [_whole(cell.value) for cell in row.cells]}
                    for row in table.rows
                ],
            }
            for table in plan.tables
        ],
        "notes": list(plan.notes),
        "formula": plan.formula,
        "source": plan.source,
        **({} if plot is None else {"plot": str(plot)}),
    }


def _whole(value: float | None) -> float | None:
    return int(value) if value is not None and value.is_integer() else value


def _print_plan(plan: Plan, plot: Path | None) -> None:
    from rich.padding import Padding
    from rich.text import Text

    screen = console()
    screen.print(Text(plan.answer, style="bold"))
    for table in plan.tables:
        screen.print()
        screen.print(Text(table.title))
        screen.print(Padding(_table(table), (0, 0, 0, 2), expand=False))
    screen.print()
    for note in plan.notes:
        screen.print(Text.assemble(("· ", "dim"), note))
    screen.print(Text(f"{plan.formula} ({plan.source})", style="dim"))
    if plot is not None:
        screen.print(Text.assemble(("drawn into ", "dim"), str(plot)))


def _table(table: PlanTable) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    shown.add_column(table.row_title, no_wrap=True)
    for title in table.columns:
        shown.add_column(title, justify="right")
    for row in table.rows:
        # The answer is bracketed as well as bold, so that it is found without either.
        cells = [
            Text(f"▸{cell.text}" if cell.asked else cell.text, style="bold" if cell.asked else "") for cell in row.cells
        ]
        shown.add_row(Text(row.title, style="bold" if row.asked else ""), *cells)
    return shown
