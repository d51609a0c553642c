"""What commands share: consoles, error messages and exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from regenqc.errors import RegenqcError

__all__ = [
    "INTERNAL_ERROR",
    "MARKS",
    "console",
    "print_error",
    "print_faults",
    "print_internal_error",
    "visible",
    "write_text",
]

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


def print_faults(error: RegenqcError) -> None:
    """Print every fault of an error as JSON on standard output: whoever asked for JSON reads that."""
    import json

    from regenqc.errors import fault_value

    print(json.dumps({"faults": [fault_value(fault) for fault in error.faults]}, ensure_ascii=False))  # noqa: T201 - what --json asks for


def print_internal_error(error: BaseException) -> None:
    """Print what to report when regenqc itself is at fault."""
    import traceback

    import regenqc

    out = console(error=True)
    out.print("[bold red]RQC-X070[/] [bold]regenqc failed inside; nothing was written.[/]")
    out.print("  [dim]do       [/] Please report the lines below with the command and, if you can, the input.")
    out.print(f"  regenqc {regenqc.__version__}, Python {sys.version.split()[0]}", markup=False)
    out.print("".join(traceback.format_exception(error)), markup=False)


def write_text(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; text as UTF-8 with the line ends that it has, bytes as they are.

    Raises:
        UsageError: it cannot be written there.
    """
    from contextlib import suppress

    from regenqc.errors import Fault, UsageError

    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        part.replace(path)
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        raise UsageError(
            Fault(
                code="RQC-U111",
                what="The file cannot be written.",
                where=str(path),
                got=str(error),
                action="Choose another place.",
            )
        ) from error


def visible(text: object) -> str:
    r"""Return text with control characters made visible, so that what others wrote cannot steer the terminal.

    Example:
        >>> visible("LOT-1\x1b[2J")
        'LOT-1\\x1b[2J'
    """
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(text))
