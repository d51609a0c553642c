"""`regenqc pull`: fetch results out of a LIMS, as it has them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regenqc.cli.terminal import console

__all__ = ["app"]

app = typer.Typer(help="Fetch results out of a LIMS.", no_args_is_help=True, rich_markup_mode="rich")


@app.callback()
def _pull() -> None:
    """Fetch results out of a LIMS."""


@app.command("senaite")
def senaite_command(
    url: Annotated[str, typer.Option("--url", help="Address of the site, without credentials.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write, one analysis per line; it appears when it is whole.")
    ],
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Condition of the query as NAME=VALUE; may be given several times."),
    ] = None,
    page_size: Annotated[
        int, typer.Option("--page-size", min=1, max=1000, help="Analyses to ask for at a time.")
    ] = 100,
) -> None:
    """Write every analysis that SENAITE's JSON API lists. What was cut off goes on where it stopped.

    User and password come from REGENQC_SENAITE_USER and REGENQC_SENAITE_PASSWORD. The file is read with
    `--profile senaite-json`, or with your own copy of it.

    Example: regenqc pull senaite --url https://lims.example.org/senaite --out analyses.jsonl --where getBatchID=SYN-01
    """
    from regenqc.errors import Fault, UsageError
    from regenqc.intake.pulling import pull_senaite

    conditions = dict(text.partition("=")[::2] for text in where or [])
    if any(not name or not value for name, value in conditions.items()):
        raise UsageError(
            Fault(
                code="RQC-U132",
                what="A condition has a name and a value.",
                got=", ".join(where or []),
                expected="NAME=VALUE",
            )
        )
    pulled = pull_senaite(url, out=out, where=conditions, page_size=page_size)
    resumed = f", of which an earlier run had left {pulled.resumed_at:,}" if pulled.resumed_at else ""
    console().print(f"{pulled.analyses:,} analyses{resumed} written to {out}", markup=False)
