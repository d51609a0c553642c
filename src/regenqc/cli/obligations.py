"""`regenqc obligations`: how long what is kept, what is reported when, follow-up, and duties on receipt."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.classify import read_day, read_jurisdiction, read_pairs
from regenqc.cli.terminal import console
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from regenqc.regulation import Obligations
    from regenqc.regulation.clocks import WorkingCalendar

__all__ = ["obligations_command", "read_calendar"]


def obligations_command(
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", "-j", help="US, EU, JP, KR or CN.")],
    track: Annotated[
        str, typer.Option("--track", "-t", help="Code of the track, as `regenqc classify --json` gives it.")
    ],
    anchors: Annotated[
        list[str] | None, typer.Option("--anchor", "-a", help="Event from which a retention runs, name=2026-05-01.")
    ] = None,
    events: Annotated[
        list[str] | None, typer.Option("--event", "-e", help="Event that is reported, report=2026-05-01.")
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", "-c", help="Fact on which a clock depends, for example offspring_involved=no."),
    ] = None,
    holidays: Annotated[
        Path | None,
        typer.Option("--holidays", help="Working calendar: one day per line, `+` before a weekend day that is worked."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the obligations as JSON.")] = False,
) -> None:
    """List retention, reports, follow-up and duties on receipt of a track. Indicative only.

    Example: regenqc obligations -j CN -t order_818 --anchor study_ended=2028-03-01 --case offspring_involved=no
    """
    from regenqc.regulation import list_obligations

    found = list_obligations(
        jurisdiction=read_jurisdiction(jurisdiction),
        track=track,
        anchors={name: read_day(day) for name, day in read_pairs(anchors or []).items()},
        events={name: read_day(day) for name, day in read_pairs(events or []).items()},
        case=read_pairs(case or []),
        calendar=read_calendar(holidays) if holidays is not None else None,
    )
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2, default=str))
    else:
        _print(found)


def read_calendar(path: Path) -> WorkingCalendar:
    """Return the working calendar of a file."""
    from regenqc.regulation.clocks import WorkingCalendar

    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            Fault(code="RQC-U106", what="The calendar cannot be read.", where=str(path), got=str(error))
        ) from error
    days = [line for line in lines if line and not line.startswith("#")]
    return WorkingCalendar(
        holidays=frozenset(read_day(day) for day in days if not day.startswith("+")),
        working_weekends=frozenset(read_day(day[1:].strip()) for day in days if day.startswith("+")),
    )


def _print(found: Obligations) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen = console()
    empty = not (found.retention or found.reports or found.follow_up or found.on_receipt)
    screen.print(Text(f"{found.jurisdiction}, track {found.track}", style="bold"))
    if empty:
        screen.print("No table has a row for this track.")
    if found.retention:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for title in ("keep", "until", "why"):
            table.add_column(title, overflow="fold")
        for kept in found.retention:
            table.add_row(kept.subject, str(kept.until or "indefinitely"), Text(kept.why))
        screen.print(table)
    if found.reports:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for title in ("report", "after", "to whom, how", "within", "due", "source"):
            table.add_column(title, overflow="fold")
        for entry in found.reports:
            within = str(entry.period) if entry.period else ""
            cells = (entry.rule.id, entry.rule.event, entry.rule.words, within, str(entry.due or ""), entry.rule.source)
            table.add_row(*cells)
        screen.print()
        screen.print(table)
    for title, rows in (
        (
            "Follow-up",
            [
                (f"{entry.words}{f': {entry.period}' if entry.period else ''}", entry.source)
                for entry in found.follow_up
            ],
        ),
        ("On receipt", [(duty.words, duty.source) for duty in found.on_receipt]),
    ):
        if rows:
            screen.print()
            screen.print(Text(title, style="bold"))
            for words, source in rows:
                screen.print(Text.assemble("  · ", words, (f" [{source}]", "dim")))
    screen.print()
    screen.print(Text(found.note, style="bold"))
