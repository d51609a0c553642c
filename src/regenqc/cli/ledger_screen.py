"""How the commands on a ledger print: short facts, tables, JSON."""

from __future__ import annotations

import json
import re
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

import typer

from regenqc.cli.terminal import console, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
__all__ = ["print_facts", "print_json", "print_line", "print_table"]


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_line(text: str, *, good: bool | None = None, detail: str = "", bold: bool = False) -> None:
    """Print one sentence: with a tick or a cross where it is good or bad news, and a quieter remark behind it."""
    from rich.text import Text

    mark = {True: ("✔ ", "green"), False: ("✘ ", "bold red"), None: ("", "")}[good]
    line = Text.assemble(mark, (visible(text), "bold" if bold or good is False else ""))
    if detail:
        line.append(f"  {visible(detail)}", style="dim")
    console().print(line)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one below the other; what has no value is left out."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value not in ("", None):
            table.add_row(name, _cell(f"{value:,}" if type(value) is int else value))
    console().print(table)


def print_table(
    titles: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str, most: int | None = None
) -> None:
    """Print rows.

    Args:
        titles: of the columns; one whose cells are all empty is left out.
        rows: their cells.
        empty: what to say when there is no row.
        most: how many rows to show; the number of the others is said.
    """
    from rich.table import Table

    found = list(rows)
    if not found:
        print_line(empty)
        return
    table = Table(show_edge=False, pad_edge=False, header_style="dim", box=None)
    shown = found if most is None else found[:most]
    said = [any(cell not in ("", None) for cell in column) for column in zip(*shown, strict=True)]
    for title, _ in compress(zip(titles, shown[0], strict=True), said):
        table.add_column(title, overflow="fold")
    for row in shown:
        table.add_row(*map(_cell, compress(row, said)))
    # What a row is about is read whole also on a narrow terminal.
    table.columns[0].no_wrap = max(len(str(row[0])) for row in shown) <= _WHOLE
    console().print(table)
    if len(found) > len(shown):
        print_line("", detail=f"… and {len(found) - len(shown):,} more; --json prints all")


def _cell(value: object) -> Any:
    from rich.text import Text

    if isinstance(value, bool):
        return Text("✔" if value else "✘", style="green" if value else "bold red")
    if isinstance(value, int):
        return Text(f"{value:,}", justify="right")
    text = visible("" if value is None else value)
    # Moments of a record have milliseconds, nearly always none: three digits less to read, and no line broken for them.
    return Text(f"{text[:-5]}Z" if _WHOLE_SECOND.fullmatch(text) else text)


# Characters of a first column that is never broken over two lines.
_WHOLE: Final = 16
_WHOLE_SECOND: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z")
