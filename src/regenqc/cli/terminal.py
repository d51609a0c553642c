"""What commands share: consoles, error messages and exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from regenqc.errors import RegenqcError

__all__ = ["INTERNAL_ERROR", "MARKS", "console", "print_error", "print_internal_error"]

INTERNAL_ERROR = 70

# Disposition -> symbol and style; never colour alone.
MARKS = {
    "eligible": ("✔", "green"),
    "conditional": ("◔", "cyan"),
    "hold": ("■", "yellow"),
    "reject": ("✘", "red"),
}


def console(*, error: bool = False) -> Console:
    """Return a console for output, or for messages."""
    from rich.console import Console

    return Console(stderr=error, highlight=False, soft_wrap=not sys.stdout.isatty())


def print_error(error: RegenqcError) -> None:
    """Print every fault of an error, one after the other."""
    from rich.text import Text

    out = console(error=True)
    shown = error.faults[:50]
    for fault in shown:
        out.print(Text.assemble((f"{fault.code} ", "bold red"), (fault.what, "bold")))
        for label, text in (
            ("at", fault.where),
            ("got", fault.got),
            ("expected", fault.expected),
            ("do", fault.action),
        ):
            if text:
                short = text if len(text) <= 400 else f"{text[:380]}… ({len(text)} characters)"
                out.print(Text.assemble((f"  {label:<9}", "dim"), short))
    if len(error.faults) > len(shown):
        out.print(f"… and {len(error.faults) - len(shown)} more faults")


def print_internal_error(error: BaseException) -> None:
    """Print what to report when regenqc itself is at fault."""
    import traceback

    import regenqc

    out = console(error=True)
    out.print("[bold red]RQC-X070[/] [bold]regenqc failed inside; nothing was written.[/]")
    out.print("  [dim]do       [/] Please report the lines below with the command and, if you can, the input.")
    out.print(f"  regenqc {regenqc.__version__}, Python {sys.version.split()[0]}", markup=False)
    out.print("".join(traceback.format_exception(error)), markup=False)
