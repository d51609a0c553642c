"""`regenqc audit`: who did what with a lot, when, why, old and new value."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_screen import print_line, visible
from regenqc.cli.signing_place import attempt_log
from regenqc.cli.start import leave_pandas_out
from regenqc.cli.terminal import console, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.decision.audit import AuditEntry

__all__ = ["audit_command"]


class Form(StrEnum):
    """How an audit trail is written."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


def audit_command(
    lot: Annotated[str, typer.Argument(help="Batch.")],
    decisions: Annotated[Path, typer.Option("--decisions", help="Folder of decisions.")] = Path("decisions"),
    results: Annotated[
        list[Path] | None,
        typer.Option("--results", "-r", help="Directory of an evaluation; may be given several times."),
    ] = None,
    people: Annotated[
        Path | None, typer.Option("--people", help="Folder with attempts.jsonl, for attempts that failed.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", "-f", help="For the screen, as CSV or as JSON.")] = Form.TEXT,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write CSV or JSON to this file.")] = None,
) -> None:
    """Show the audit trail of a lot: decisions, signatures, results changed after entry, failed attempts.

    Example: regenqc audit ARI0001/01 --decisions decisions --results judged
    """
    leave_pandas_out()
    import json
    import sys

    import msgspec

    from regenqc.decision.audit import audit_csv, audit_trail
    from regenqc.decision.folder import DecisionFolder

    entries = audit_trail(
        lot,
        decisions=DecisionFolder(decisions).read(),
        evaluations=results or (),
        attempts=attempt_log(people).read() if people is not None else (),
    )
    if form is Form.TEXT and out is None:
        _print(lot, entries)
        return
    if form is Form.JSON or (out is not None and out.suffix == ".json"):
        text = json.dumps([msgspec.to_builtins(entry) for entry in entries], ensure_ascii=False, indent=2) + "\n"
    else:
        text = audit_csv(entries)
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)
        print_line(f"{len(entries)} entries", good=True, detail=str(out))


def _print(lot: str, entries: Sequence[AuditEntry]) -> None:
    from rich.table import Table
    from rich.text import Text

    if not entries:
        print_line(f"Nothing is on record about {lot}.")
        return
    table = Table(box=None, show_edge=False, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name, ratio in (("when", 20), ("who", 18), ("what", 26), ("old → new", 30), ("why", 26)):
        table.add_column(name, overflow="fold", ratio=ratio)
    for entry in entries:
        is_change = entry.action.startswith(("result", "retested", "attempt"))
        what = Text(visible(entry.action), style="magenta" if is_change else "bold")
        what.append(f"\n{visible(entry.what)}", style="dim")
        change = " → ".join(visible(part) for part in (entry.old, entry.new) if part)
        who = Text(visible(entry.who) or "not stated")
        if entry.role:
            who.append(f"\n{visible(entry.role.replace('_', ' '))}", style="dim")
        why = Text(visible(entry.why))
        why.append(f"{chr(10) if entry.why else ''}{visible(entry.source)}", style="dim")
        table.add_row(visible(entry.at.replace("T", " ")) or "no time stated", who, what, change, why)
    console().print(table)
    changed = sum(entry.action.startswith(("result", "retested")) for entry in entries)
    print_line("", detail=f"{lot}: {len(entries)} entries, {changed} of results changed, set aside or repeated")
