"""`regenqc spec diff` and `regenqc spec impact`: a change, in words, and what it would have done to history."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.start import leave_pandas_out
from regenqc.cli.terminal import console, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.evaluation.impact import Impact
    from regenqc.specification.difference import Change

__all__ = ["diff_command", "impact_command"]

_SIGNS = {
    "added": ("+", "cyan"),
    "removed": ("-", "red"),
    "tightened": ("▲", "green"),
    "loosened": ("▼", "red"),
    "changed": ("≠", "yellow"),
    "source only": ("·", "dim"),
    "specification": ("·", "dim"),
}
_SHOWN = 20


def diff_command(
    old: Annotated[str, typer.Argument(help="The version in force: identifier or file.")],
    new: Annotated[str, typer.Argument(help="The version that is to replace it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
) -> None:
    """Say in words what changes from one specification to another.

    Example: regenqc spec diff jp/asrm-class-3 jp/asrm-class-2
    """
    from regenqc.specification import load_specification
    from regenqc.specification.difference import list_changes

    changes = list_changes(load_specification(old), load_specification(new))
    if as_json:
        typer.echo(json.dumps([asdict(change) for change in changes], ensure_ascii=False, indent=2))
    else:
        _print_changes(changes)


def impact_command(
    old: Annotated[str, typer.Argument(help="The version in force: identifier or file.")],
    new: Annotated[str, typer.Argument(help="The version that is to replace it.")],
    results: Annotated[
        list[str], typer.Option("--results", "-r", help="Results of history; may be given several times.")
    ],
    batches: Annotated[str | None, typer.Option("--batches", "-b", help="Batch table with attributes.")] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="How the laboratory's columns map to the canonical ones.")
    ] = "canonical",
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Moment of evaluation, ISO 8601 with zone; default now.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write all changed batches to this CSV file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the impact as JSON.")] = False,
) -> None:
    """Judge history under both versions and list every batch whose disposition changes, and why.

    Leaves with 1 when a disposition changes.

    Example: regenqc spec impact example/car-t-ari-0001 my-product.toml --results results.csv --batches batches.csv
    """
    leave_pandas_out()
    from regenqc.evaluation.impact import assess_impact
    from regenqc.intake import read_results
    from regenqc.specification import load_specification

    versions = [load_specification(reference) for reference in (old, new)]
    impact = assess_impact(
        read_results(*results, profile=profile), *versions, batches=batches, as_of=as_of, processes=os.cpu_count() or 1
    )
    if out is not None:
        write_text(out, _csv(impact))
    if as_json:
        typer.echo(_json(impact))
    else:
        _print_impact(impact, out)
    raise typer.Exit(1 if impact.changed else 0)


def _json(impact: Impact) -> str:
    """Return a line for each batch: tens of thousands may have changed."""
    from regenqc.evaluation.impact import ChangedBatch

    names = [entry.name for entry in fields(ChangedBatch)]
    batches = [{name: getattr(batch, name) for name in names} for batch in impact.changed]
    lines = ",\n".join(f"  {json.dumps(batch, ensure_ascii=False)}" for batch in batches)
    return (
        f'{{"judged": {impact.judged}, "changed": [\n{lines}\n]}}'
        if lines
        else f'{{"judged": {impact.judged}, "changed": []}}'
    )


def _csv(impact: Impact) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("batch_id", "stage", "before", "after", "requirement_id", "state_before", "state_after"))
    for batch in impact.changed:
        for because in batch.because or (("", "", ""),):
            writer.writerow((batch.batch_id, batch.stage, batch.before, batch.after, *because))
    return text.getvalue()


def _print_changes(changes: Sequence[Change]) -> None:
    from rich.text import Text

    screen = console()
    if not changes:
        screen.print("Nothing changes.")
        return
    for change in changes:
        sign, style = _SIGNS[change.direction.value]
        place = f" at {change.stage.replace('_', ' ')}" if change.stage else ""
        title = Text.assemble((f"{sign} ", style), (change.id, "bold"), f"{place}: ", (change.direction.value, style))
        screen.print(title)
        for key, before, after in change.parts:
            if change.direction.value == "added":
                text = f"{key} {after}"
            elif change.direction.value == "removed":
                text = f"{key} was {before}"
            else:
                text = f"{key}: {before} → {after}"
            screen.print(Text(f"    {text}"))
        for respect in change.looser:
            screen.print(Text(f"    demands less: {respect}", style="red"))


def _print_impact(impact: Impact, out: Path | None) -> None:
    from rich.text import Text

    from regenqc.cli.terminal import MARKS

    screen = console()
    moves: dict[tuple[str, str], int] = {}
    for batch in impact.changed:
        moves[batch.before, batch.after] = moves.get((batch.before, batch.after), 0) + 1
    screen.print(
        f"[bold]{len(impact.changed):,}[/] of {impact.judged:,} dispositions change from {impact.old.id} "
        f"{impact.old.version} to {impact.new.id} {impact.new.version}."
    )
    for (before, after), count in sorted(moves.items(), key=lambda move: -move[1]):
        sign, style = MARKS.get(after, ("·", "dim"))
        screen.print(Text.assemble(f"  {count:>7,}  {before} → ", (f"{sign} {after}", style)))
    for batch in impact.changed[:_SHOWN]:
        screen.print()
        sign, style = MARKS.get(batch.after, ("·", "dim"))
        screen.print(
            Text.assemble(
                (f"{sign} ", style), (batch.batch_id, "bold"), f"  {batch.stage}: {batch.before} → {batch.after}"
            )
        )
        for requirement, before, after in batch.because:
            screen.print(Text(f"    {requirement}: {before} → {after}"))
    if len(impact.changed) > _SHOWN:
        where = f"all of them are in {out}" if out is not None else "--out writes all of them"
        screen.print(f"\n… and {len(impact.changed) - _SHOWN:,} more; {where}.")
