"""The `regenqc` command."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from typing import Annotated

import typer

from regenqc.cli.commands import Commands
from regenqc.cli.terminal import INTERNAL_ERROR, print_error, print_faults, print_internal_error
from regenqc.errors import RegenqcError

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="regenqc",
    cls=Commands,
    help="Release engine for cell and gene therapies: laboratory results in, a justified disposition for every batch out.",
    epilog=(
        "Exit codes: 0 every batch eligible or the command succeeded · 1 some batch is not eligible · 2 usage · "
        "3 input refused · 4 specification invalid · 5 ledger or signature check failed · 70 internal error."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback(invoke_without_command=True)
def _version(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False
) -> None:
    if version:
        import regenqc

        typer.echo(f"regenqc {regenqc.__version__}")
        raise typer.Exit


def run() -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = app(standalone_mode=True)
    except RegenqcError as error:
        if "--json" in sys.argv:
            print_faults(error)
        print_error(error)
        code = error.exit_code
    except (KeyboardInterrupt, BrokenPipeError):
        code = 130
    except Exception as error:  # noqa: BLE001 - the edge of the program: an unforeseen error becomes code 70
        print_internal_error(error)
        code = INTERNAL_ERROR
    sys.exit(code)


def main() -> None:
    """Run the command line as a program of its own, which need not take its memory apart before it leaves.

    After a large run that would take longer than many a small run as a whole. Everything else that belongs to the end of
    a process is done: registered functions run, and the streams are flushed.
    """
    try:
        run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    else:
        code = 0
    atexit._run_exitfuncs()  # noqa: SLF001 - no public name; os._exit alone would skip them
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
