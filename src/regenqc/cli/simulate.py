"""`regenqc simulate`: seeded synthetic exports with known truth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from regenqc.cli.terminal import console

__all__ = ["simulate_command"]


class FileFormat(StrEnum):
    """Format of the files written."""

    CSV = "csv"
    PARQUET = "parquet"


def simulate_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write.")],
    batches: Annotated[int, typer.Option("--batches", "-n", help="Lots to make.", min=1)] = 60,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 20260101,
    file_format: Annotated[FileFormat, typer.Option("--format", help="Format of the files.")] = FileFormat.CSV,
) -> None:
    """Make the export of a synthetic hiPSC-derived product with every kind of trouble planted, and the truth about it.

    Example: regenqc simulate --batches 600 --seed 7 --out synthetic
    """
    from regenqc.simulation import simulate

    summary = simulate(batches=batches, seed=seed, out=out, file_format=file_format.value)
    console().print(f"{summary}", markup=False)
