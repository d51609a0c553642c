"""`regenqc reinspect window`: until when thawed cells may be given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regenqc.cli.ledger_place import moment_now, read_file
from regenqc.cli.ledger_screen import print_line
from regenqc.cli.trace_answers import moment_stated
from regenqc.errors import Fault, UsageError

__all__ = ["window_command"]


def window_command(
    clocks: Annotated[Path, typer.Argument(help="Clocks of the product's label, a file of schema regenqc.window/1.")],
    at: Annotated[
        list[str], typer.Option("--at", help="Anchor and moment, as thaw_started=2026-03-16T09:00Z; several times.")
    ],
    now: Annotated[str | None, typer.Option("--now", help="The present moment; the clock when not stated.")] = None,
) -> None:
    """Say until when thawed cells may be given: state it as `expires_at` of the event `thaw_at_bedside`.

    Leaves with 1 when the window has closed.

    Example: regenqc reinspect window window.toml --at thaw_started=2026-03-16T09:00Z
    """
    from regenqc.reinspection.thaw_window import parse_thaw_clocks, window_end

    read = parse_thaw_clocks(read_file(clocks).decode(errors="replace"), where=str(clocks))
    end, clock = window_end(read, dict(map(_anchor, at)))
    is_open = (moment_stated(now, "--now") if now is not None else moment_now()) <= end
    print_line(
        end,
        good=is_open,
        detail=f"{clock.until}, {clock.minutes} min after {clock.anchor}, {clock.citation}",
        bold=True,
    )
    raise typer.Exit(0 if is_open else 1)


def _anchor(text: str) -> tuple[str, str]:
    from regenqc.reinspection.thaw_window import ANCHORS

    name, equals, moment = text.partition("=")
    if name not in ANCHORS or not equals:
        raise UsageError(
            Fault(
                code="RQC-U148",
                what="This is no anchor of a clock.",
                where="--at",
                got=text,
                expected=f"{', '.join(ANCHORS)}, each with =moment",
            )
        )
    return name, moment_stated(moment, name)
