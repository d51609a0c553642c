"""Print one lot for every market: batches by specifications, and why each "no" is a no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.cli.terminal import MARKS, console, visible

if TYPE_CHECKING:
    from regenqc.evaluation.release_matrix import Judged

__all__ = ["print_release_matrix"]


def print_release_matrix(evaluation: Judged) -> None:
    """Print the release matrix of an evaluation by several specifications."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from regenqc.evaluation.release_matrix import make_release_matrix

    matrix = make_release_matrix(evaluation)
    stages = dict.fromkeys(row.stage for row in matrix.rows)
    screen = console()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("batch", no_wrap=True)
    if len(stages) > 1:
        table.add_column("stage")
    for name in matrix.specifications:
        table.add_column(Text(name.replace("/", "/\n", 1)))
    for row in matrix.rows:
        cells = [
            Text("–", style="dim") if not word else Text(f"{MARKS[word][0]} {word}", style=MARKS[word][1])
            for word in row.dispositions
        ]
        stage = [Text(row.stage.replace("_", " "))] if len(stages) > 1 else []
        table.add_row(Text(visible(row.batch_id), style="bold"), *stage, *cells)
    screen.print(table)
    if matrix.left_out:
        screen.print(f"… and {matrix.left_out:,} more batches")
    for name in matrix.specifications:
        obstacles = [entry for entry in matrix.obstacles if entry.specification == name]
        if obstacles:
            screen.print()
            screen.print(Text(name, style="bold"))
        for entry in obstacles:
            where = f"{entry.stage.replace('_', ' ')}, " if len(stages) > 1 else ""
            count = f"{entry.batches} batch{'es' if entry.batches != 1 else ''}"
            text = f"  {where}{entry.reason.replace('_', ' ')} ({count}): {', '.join(entry.requirements)}"
            screen.print(Text(visible(text)))
