"""`regenqc serve`: the reviewer's console, for a browser."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_screen import print_line
from regenqc.cli.start import leave_pandas_out
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from regenqc.console.settings import ConsoleSettings

__all__ = ["console_clock", "serve_command", "serve_home"]


def serve_command(
    home: Annotated[
        Path, typer.Option("--home", help="Folder of the console, with console.toml.", envvar="REGENQC_CONSOLE_HOME")
    ],
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen at; 0 takes a free one.")
    ] = 8040,
    load_only: Annotated[
        bool, typer.Option("--load-only", help="Load evaluations and decisions of the home into the store, and end.")
    ] = False,
) -> None:
    """Open the console for a browser: queue, lots, decisions, certificates.

    Evaluations are loaded from the folder `evaluations` of the home, at the start and whenever one appears there: write one
    with `regenqc evaluate --out HOME/evaluations/NAME`. Leaves with 3 when an evaluation is refused with --load-only.

    Example: regenqc serve --home console
    """
    leave_pandas_out()
    from regenqc.console.settings import read_settings

    settings = read_settings(home)
    if load_only:
        _load(settings)
    else:
        serve_home(settings, host=host, port=port)


def serve_home(settings: ConsoleSettings, *, host: str, port: int) -> None:
    """Answer until the process is told to end.

    Args:
        settings: of the console.
        host: address to listen at.
        port: to listen at.

    Raises:
        UsageError: `RQC-U153`, others could read what is sent.
    """
    from dataclasses import replace

    from regenqc.console.access.policy import read_policy
    from regenqc.console.access.serving import server_of
    from regenqc.console.application import create_application
    from regenqc.console.background import Background
    from regenqc.console.deciding import finish_begun

    policy = read_policy(settings.home)
    is_encrypted = policy.tls_certificate is not None or bool(policy.trusted_proxies)
    is_local = _is_loopback(host)
    if not (is_encrypted or is_local):
        raise UsageError(
            Fault(
                code="RQC-U153",
                what="Passwords and results would go over the network for everybody to read.",
                where=f"{host}:{port}",
                expected="tls_certificate and tls_key, or trusted_proxies, in access.toml; or a loopback address",
                action="docs/operation.md shows both.",
            )
        )
    _keep_memory_together()
    settings = replace(settings, is_secure=is_encrypted)
    clock = console_clock(settings)
    for fault in finish_begun(settings, clock=clock):
        print_line("A decision that was begun is not finished.", good=False, detail=str(fault))
    application = create_application(settings, clock=clock, policy=policy)
    background = Background(settings, application.state.console.store, clock)
    background.start()
    print_line(f"regenqc console of {settings.site}: {'https' if policy.tls_certificate else 'http'}://{host}:{port}/")
    try:
        server_of(application, policy=policy, host=host, port=port).run()
    finally:
        background.stop()


def _load(settings: ConsoleSettings) -> None:
    from regenqc.console.store.database import open_store
    from regenqc.console.store.upkeep import load_all

    store = open_store(settings.store)
    loaded, faults = load_all(store, settings, now=console_clock(settings)())
    for each in loaded:
        if each.is_new:
            print_line(f"{each.lots:,} lots loaded", good=True, detail=each.digest)
    for fault in faults:
        print_line(str(fault), good=False)
    if faults:
        raise typer.Exit(3)


def _keep_memory_together() -> None:
    """Let the threads of the server share two heaps: the C library gives each thread one, and none is given back."""
    import ctypes

    arena_max, heaps = -8, 2
    with suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(arena_max, heaps)


def console_clock(settings: ConsoleSettings) -> Callable[[], datetime]:
    """Return the clock of a console: that of the machine, or ahead of it in a demonstration."""
    from datetime import UTC, datetime, timedelta

    ahead = timedelta(seconds=settings.clock_ahead_seconds)
    return lambda: datetime.now(UTC) + ahead


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
