"""`regenqc demo`: the whole story on the sample data that travels with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regenqc.cli.terminal import console

__all__ = ["demo_command"]


def demo_command(
    directory: Annotated[Path, typer.Argument(help="Where to write the outputs.")] = Path("regenqc-demo"),
) -> None:
    """Judge the published and synthetic sample lots, and show what the data allow and why.

    Example: regenqc demo
    """
    from regenqc.cli.evaluate import print_evaluation, run_evaluation
    from regenqc.resources import packaged_path

    samples = packaged_path("sample_data")
    published = samples / "published"
    two_step = published / "cd20-car-t-two-step"
    synthetic = samples / "synthetic-hipsc"
    screen = console()
    stories = (
        (
            "Three published CAR-T lots (ARI-0001): all conform, one of two alternative potency tests suffices.",
            "car-t-ari-0001",
            published / "ari-0001",
            "results.csv",
            ("example/car-t-ari-0001",),
            "2026-06-30T00:00:00Z",
        ),
        (
            "Twenty-four published out-of-specification batches of tisagenlecleucel: 69.9 % is below 70 %, without rounding.",
            "tisagenlecleucel",
            published / "tisagenlecleucel-japan",
            "results.csv",
            ("example/tisagenlecleucel-japan",),
            "2026-06-30T00:00:00Z",
        ),
        (
            "A two-step release on day 10 (synthetic lots): conditional, with what is pending and when it is due.",
            "two-step-day-10",
            two_step,
            "results_day_10.csv",
            ("example/car-t-cd20-two-step",),
            "2026-03-16T12:00:00Z",
        ),
        (
            "The same lots when a late positive arrives: rejected, whatever was released before.",
            "two-step-late-positive",
            two_step,
            "results_late_positive.csv",
            ("example/car-t-cd20-two-step",),
            "2026-03-27T12:00:00Z",
        ),
        (
            "Sixty synthetic hiPSC lots with every kind of trouble planted, judged by two specifications at once.",
            "synthetic-hipsc",
            synthetic,
            "results.csv",
            ("example/hipsc-bank", "example/hipsc-progenitors"),
            "2026-06-30T00:00:00Z",
        ),
    )
    for title, name, folder, results, specifications, as_of in stories:
        screen.print(f"\n[bold]{title}[/]")
        evaluation, _ = run_evaluation(
            [str(folder / results)],
            specifications=specifications,
            batches=str(folder / "batches.csv"),
            as_of=as_of,
            out=directory / name,
            quiet=True,
        )
        print_evaluation(evaluation, out=directory / name)
    screen.print(
        "\nA disposition is what the data allow. Whether a batch is released, a named person decides and signs.",
        style="bold",
    )
