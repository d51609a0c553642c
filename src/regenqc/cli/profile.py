"""`regenqc profile`: describe a laboratory's export, and see what a description makes of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.terminal import console, visible, write_text

if TYPE_CHECKING:
    from rich.table import Table

    from regenqc.intake.profiles.coverage import Coverage

__all__ = ["app"]

app = typer.Typer(help="Describe laboratories' exports.", no_args_is_help=True, rich_markup_mode="rich")

_SHOWN = 40
_TITLES = {
    "test": "codes of tests",
    "result": "results",
    "unit": "units",
    "qualifier": "flags",
    "operator": "operators",
    "status": "statuses",
    "stage": "stages",
}


@app.command("list")
def list_command() -> None:
    """List the profiles that can be named by identifier.

    Example: regenqc profile list
    """
    from rich.markup import escape

    from regenqc.intake.profiles.loading import list_profiles, load_profile

    table = _table("identifier", "version", "format", "title")
    for identifier, path in list_profiles():
        document = load_profile(path).document
        table.add_row(identifier, document.version, document.format, escape(document.title))
    console().print(table)


@app.command("show")
def show_command(
    reference: Annotated[str, typer.Argument(help="Identifier of a packaged profile.")],
) -> None:
    """Print a packaged profile as it is written, to copy and complete.

    Example: regenqc profile show senaite-json > our-senaite.toml
    """
    from regenqc.intake.profiles.loading import load_profile

    typer.echo(Path(load_profile(reference, is_draft_allowed=True).source).read_text(encoding="utf-8"), nl=False)


@app.command("check")
def check_command(
    file: Annotated[Path, typer.Argument(help="An export of the laboratory.")],
    profile: Annotated[str, typer.Option("--profile", "-p", help="Identifier or .toml file; a draft is checked too.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Show what a profile makes of a file: every column, code, word, unit and flag, mapped or not, with counts.

    Leaves with 0 when nothing in the file is left unexplained, else with 1.

    Example: regenqc profile check export.csv --profile generic-long-comma
    """
    from regenqc.errors import DataError, Fault
    from regenqc.intake.profiles.loading import load_profile
    from regenqc.intake.profiles.source import check_coverage

    loaded = load_profile(profile, is_draft_allowed=True)
    try:
        coverage = check_coverage(file, loaded)
    except OSError as error:
        raise DataError(
            Fault(
                code="RQC-D008",
                what="The file cannot be opened.",
                where=str(file),
                got=str(error),
                action="Check the path.",
            )
        ) from error
    if as_json:
        typer.echo(json.dumps({"profile": loaded.label, **coverage.as_json()}, ensure_ascii=False, indent=2))
    else:
        _print_coverage(coverage, label=f"{loaded.label}{' (a draft)' if loaded.document.draft else ''}")
    raise typer.Exit(0 if coverage.is_whole else 1)


@app.command("draft")
def draft_command(
    file: Annotated[Path, typer.Argument(help="An export of the laboratory.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the draft here; default is the screen.")
    ] = None,
) -> None:
    """Propose a profile for a file that nobody has described yet. A draft never runs: a person completes it.

    Example: regenqc profile draft export.csv --out our-laboratory.toml
    """
    import re

    from regenqc.errors import DataError, Fault
    from regenqc.intake.profiles.drafting import draft_profile

    name = re.sub("[^a-z0-9_-]+", "-", (out or file).stem.casefold()).strip("-_") or "our-laboratory"
    try:
        text = draft_profile(file, identifier=name)
    except OSError as error:
        raise DataError(
            Fault(
                code="RQC-D008",
                what="The file cannot be opened.",
                where=str(file),
                got=str(error),
                action="Check the path.",
            )
        ) from error
    if out is None:
        typer.echo(text, nl=False)
        return
    write_text(out, text)
    console().print(f"written to {out}: complete it, then regenqc profile check {file} --profile {out}", markup=False)


def _table(*titles: str) -> Table:
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False, box=None, header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in {"rows", "column"} else "left")
    return table


def _print_coverage(coverage: Coverage, *, label: str) -> None:
    from rich.text import Text

    from regenqc.intake.profiles.coverage import KINDS

    screen = console()
    screen.print(Text(f"profile {label}", style="bold"))
    table = _table("column", "title", "is")
    for title, position, role in coverage.columns:
        table.add_row(str(position), Text(visible(title)), role or Text("not mapped", style="red"))
    screen.print(table)
    for note in coverage.notes:
        screen.print(Text(f"■ {visible(note)}", style="yellow"))
    for kind in KINDS:
        met = coverage.met(kind)
        if not met:
            continue
        screen.print()
        table = _table("rows", _TITLES[kind], "means")
        for entry in met[:_SHOWN]:
            meaning = (
                Text(f"■ {entry.problem}", style="yellow")
                if entry.problem
                else Text(_meaning(entry.text, entry.meaning))
            )
            table.add_row(f"{entry.count:,}", Text(visible(entry.text) or "(empty)"), meaning)
        screen.print(table)
        if len(met) > _SHOWN:
            screen.print(Text(f"… and {len(met) - _SHOWN:,} more", style="dim"))
    screen.print()
    for text, (row, count) in sorted(coverage.faults.items(), key=lambda entry: entry[1]):
        screen.print(Text(f"✘ {count:,} rows refused, first row {row:,}: {visible(text)}", style="red"))
    screen.print(Text(str(coverage.tally), style="bold"))
    if coverage.is_whole:
        screen.print(Text("✔ nothing in the file is left unexplained", style="green"))


def _meaning(text: str, meaning: str) -> str:
    return "as it is" if meaning == text else visible(meaning)
