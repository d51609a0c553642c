"""`regenqc spec compare` and `regenqc spec strictest`: several specifications at once."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.terminal import console, write_text
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from regenqc.specification.comparison import Comparison

__all__ = ["compare_command", "strictest_command"]


class Form(StrEnum):
    """How a comparison is written."""

    TEXT = "text"
    CSV = "csv"
    HTML = "html"


def compare_command(
    specifications: Annotated[list[str], typer.Argument(help="Specifications: identifiers or files, two or more.")],
    form: Annotated[
        Form, typer.Option("--format", "-f", help="Text for the screen, CSV, or a page that opens offline.")
    ] = Form.TEXT,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file.")] = None,
    differences: Annotated[
        bool, typer.Option("--differences", "-d", help="Only what they do not demand alike.")
    ] = False,
) -> None:
    """Set the requirements of specifications side by side.

    Example: regenqc spec compare jp/asrm-class-2 kr/arm-medium --differences
    """
    from regenqc.evaluation.side_by_side import comparison_csv, comparison_html
    from regenqc.specification import load_specification
    from regenqc.specification.comparison import compare_specifications

    _need_two(specifications)
    comparison = compare_specifications([load_specification(reference) for reference in specifications])
    if form is Form.TEXT and out is None:
        _print(comparison, differences=differences)
        return
    write = comparison_html if form is Form.HTML else comparison_csv
    text = write(comparison, only_differences=differences)
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)


def strictest_command(
    specifications: Annotated[list[str], typer.Argument(help="Specifications: identifiers or files, two or more.")],
    identifier: Annotated[str, typer.Option("--id", help="Identifier of the result.")] = "strictest",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the specification to this file.")] = None,
) -> None:
    """Make the strictest common specification: what is eligible under it is eligible under each.

    Example: regenqc spec strictest us/investigational jp/asrm-class-1 --out strictest.toml
    """
    from regenqc.specification import load_specification
    from regenqc.specification.strictest import make_strictest

    _need_two(specifications)
    found = make_strictest([load_specification(reference) for reference in specifications], identifier=identifier)
    if out is None:
        sys.stdout.write(found.text)
        return
    write_text(out, found.text)
    joined = sum(len(origin.covers) > 1 for origin in found.origins)
    console().print(
        f"[green]✔[/] {out}: {len(found.origins)} requirements, {joined} of them for several specifications, "
        f"{found.specification.fingerprint[:19]}…"
    )


def _need_two(specifications: list[str]) -> None:
    if len(specifications) < 2:
        raise UsageError(
            Fault(
                code="RQC-U110",
                what="There is nothing to compare.",
                got=", ".join(specifications),
                expected="two specifications or more",
                action="Name another one; `regenqc spec list` lists them.",
            )
        )


def _print(comparison: Comparison, *, differences: bool) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from regenqc.evaluation.side_by_side import cell_text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("requirement", overflow="fold", ratio=2)
    for entry in comparison.specifications:
        table.add_column(Text(f"{entry.id}\n{entry.version}, {entry.jurisdiction}"), overflow="fold", ratio=3)
    for stage in dict.fromkeys(row.stage for row in comparison.rows):
        rows = [row for row in comparison.rows if row.stage is stage and (row.differs or not differences)]
        if rows:
            table.add_row(Text(stage.replace("_", " "), style="bold"))
        for row in rows:
            cells = [
                Text("–", style="dim")
                if cell is None
                else Text.assemble(cell_text(cell), (f"\n{cell.force}, {cell.mark}", "dim"))
                for cell in row.cells
            ]
            table.add_row(Text(("≠ " if row.differs else "  ") + row.id), *cells)
    screen = console()
    screen.print(table)
    same = sum(not row.differs for row in comparison.rows)
    screen.print(f"\n{len(comparison.rows)} requirements, {same} of them alike in all; ≠ marks the others.")
