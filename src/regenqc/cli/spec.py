"""`regenqc spec`: look at, check and list specifications."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.spec_audit import audit_command
from regenqc.cli.spec_change import diff_command, impact_command
from regenqc.cli.spec_compare import compare_command, strictest_command
from regenqc.cli.spec_exchange import export_command, import_command
from regenqc.cli.terminal import console, print_error
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from regenqc.specification import Specification

__all__ = ["app"]

app = typer.Typer(help="Work on specifications.", no_args_is_help=True, rich_markup_mode="rich")
app.command("audit")(audit_command)
app.command("compare")(compare_command)
app.command("diff")(diff_command)
app.command("export")(export_command)
app.command("import")(import_command)
app.command("impact")(impact_command)
app.command("strictest")(strictest_command)


@app.command("lint")
def lint_command(
    files: Annotated[list[str], typer.Argument(help="Specification files or identifiers.")],
    conformance: Annotated[
        bool, typer.Option("--conformance", help="Show what the specification makes of every inherited requirement.")
    ] = False,
) -> None:
    """Check specifications and report every fault with its file and line.

    Example: regenqc spec lint my-product.toml
    """
    from regenqc.specification import load_specification

    failed = 0
    for reference in files:
        try:
            specification = load_specification(reference)
        except RegenqcError as error:
            print_error(error)
            failed = max(failed, error.exit_code)
            continue
        console().print(
            f"[green]✔[/] {specification.id} {specification.version}: {len(specification.requirements)} requirements, "
            f"{len(specification.derived)} derived, {specification.fingerprint[:19]}…"
        )
        if conformance:
            _print_conformance(specification)
    raise typer.Exit(failed)


def _print_conformance(specification: Specification) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from regenqc.evaluation.criteria_in_words import criterion_text
    from regenqc.specification.conformance import Standing, check_conformance

    signs = {
        Standing.MEETS: "[green]= meets[/]",
        Standing.TIGHTENS: "[green]▲ tightens[/]",
        Standing.SETS: "[green]✔ sets[/]",
        Standing.CITES: "[green]✔ cites[/]",
        Standing.STILL_OPEN: "[yellow]■ still open[/]",
        Standing.REMOVES: "[red]✘ removes[/]",
    }
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in ("", "requirement", "the pack", "the product"):
        table.add_column(title, overflow="fold")
    for row in check_conformance(specification):
        own = f"removed: {row.justification}" if row.own is None else criterion_text(row.own)
        table.add_row(
            signs[row.standing],
            f"{row.inherited.id}\n[dim]{row.pack}[/]",
            Text(criterion_text(row.inherited)),
            Text(own),
        )
    console().print(table)


@app.command("show")
def show_command(
    reference: Annotated[str, typer.Argument(help="Specification file or identifier.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the resolved specification as JSON.")] = False,
) -> None:
    """Show a specification after inheritance: every requirement with limit, source and mark.

    Example: regenqc spec show example/car-t-ari-0001
    """
    from rich.markup import escape
    from rich.table import Table

    from regenqc.evaluation.criteria_in_words import criterion_text
    from regenqc.specification import load_specification

    specification = load_specification(reference)
    if as_json:
        content = {
            "id": specification.id,
            "version": specification.version,
            "title": specification.title,
            "jurisdiction": specification.jurisdiction,
            "pathway": specification.pathway,
            "fingerprint": specification.fingerprint,
            "extends": list(specification.extends),
            "product": specification.product,
            "requirement": [
                entry.model_dump(mode="json", exclude_defaults=True) for entry in specification.requirements
            ],
            "derived": [entry.model_dump(mode="json", exclude_defaults=True) for entry in specification.derived],
            "removed": [entry.model_dump(mode="json") for entry in specification.removed],
        }
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    screen = console()
    screen.print(f"[bold]{escape(specification.title)}[/]")
    screen.print(
        f"{specification.id} {specification.version}, {specification.jurisdiction}, {specification.fingerprint}"
    )
    for line in specification.extends:
        screen.print(f"extends {line}")
    table = Table(show_edge=False, pad_edge=False)
    for title in ("stage", "requirement", "criterion", "when it counts", "force, mark", "source"):
        table.add_column(title, overflow="fold")
    for entry in specification.requirements:
        timing = f"after release, due {entry.due}" if entry.due else "before release"
        when = "; ".join(f"{name} = {' | '.join(values)}" for name, values in entry.when.items())
        cells = (
            str(entry.stage),
            entry.id,
            criterion_text(entry),
            f"{timing}{'; ' + when if when else ''}; fails: {entry.consequence}",
            f"{entry.force}, {entry.mark}",
            entry.citation,
        )
        table.add_row(*(escape(cell) for cell in cells))
    screen.print(table)
    for removal in specification.removed:
        screen.print(f"removed {removal.id}: {escape(removal.justification)}")


@app.command("schema")
def schema_command(
    units: Annotated[bool, typer.Option("--units", help="List the units of the dictionary instead.")] = False,
) -> None:
    """Print the JSON Schema of specification files for editors.

    Example: regenqc spec schema > specification.schema.json
    """
    if units:
        from regenqc.measurement.units import UNITS

        for unit in UNITS:
            typer.echo(f"{unit.symbol or '(none)'}\t{unit.kind}")
        return
    from regenqc.specification import specification_schema

    typer.echo(json.dumps(specification_schema(), indent=2, ensure_ascii=False))


@app.command("list")
def list_command(
    root: Annotated[Path | None, typer.Option("--root", help="A directory of your own specifications.")] = None,
) -> None:
    """List the specifications that can be named by identifier.

    Example: regenqc spec list
    """
    from rich.markup import escape
    from rich.table import Table

    from regenqc.specification import list_specifications, load_specification

    table = Table(show_edge=False, pad_edge=False)
    for title in ("identifier", "version", "jurisdiction", "title"):
        table.add_column(title, overflow="fold")
    for identifier, path in list_specifications(roots=(root,) if root is not None else ()):
        try:
            specification = load_specification(path)
        except RegenqcError as error:
            table.add_row(identifier, "", "", f"[red]invalid, {len(error.faults)} faults[/]")
            continue
        table.add_row(identifier, specification.version, specification.jurisdiction, escape(specification.title))
    console().print(table)
