"""An audit trail on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.cli.ledger_screen import print_line
from regenqc.cli.terminal import console, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from regenqc.decision.audit import AuditEntry

__all__ = ["print_trail"]


def print_trail(lot: str, entries: Sequence[AuditEntry]) -> None:
    """Print an audit trail, one act below the other; changes of results and failed attempts stand out."""
    from rich.table import Table
    from rich.text import Text

    if not entries:
        print_line(f"Nothing is on record about {lot}.")
        return
    table = Table(box=None, show_edge=False, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("when", no_wrap=True)
    for name, ratio in (("who", 18), ("what", 26), ("old → new", 26), ("why", 30)):
        table.add_column(name, overflow="fold", ratio=ratio)
    for entry in entries:
        day, _, time = entry.at.partition("T")
        is_change = entry.action.startswith(("result", "retested", "attempt"))
        mark = "△ " if is_change else ""
        table.add_row(
            f"{visible(day)}\n{visible(time)}" if entry.at else "not stated",
            _two(entry.who or "not stated", entry.role.replace("_", " ")),
            _two(f"{mark}{entry.action}", entry.what, style="magenta" if is_change else ""),
            Text(" → ".join(visible(part) for part in (entry.old, entry.new) if part)),
            _two(entry.why, entry.source),
        )
    console().print(table)
    changed = sum(entry.action.startswith(("result", "retested")) for entry in entries)
    print_line("", detail=f"{lot}: {len(entries)} on record, {changed} of results changed, set aside or repeated")


def _two(first: str, second: str, *, style: str = "") -> Text:
    from rich.text import Text

    text = Text(visible(first), style=style)
    if second:
        text.append(f"{chr(10) if first else ''}{visible(second)}", style="dim")
    return text
