"""`regenqc demo`: the whole story on the sample data that travels with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.demo_hospital import tell_hospital
from regenqc.cli.demo_lots import counts_line, planted_lot, planted_truth, print_consequences, print_lot
from regenqc.cli.demo_signed import emptied, sign_and_certify
from regenqc.cli.terminal import console

if TYPE_CHECKING:
    from rich.console import Console

    from regenqc.evaluation import Evaluation

__all__ = ["demo_command"]

_TWO_STEP = "example/car-t-cd20-two-step"
_SYNTHETIC = ("example/hipsc-bank", "example/hipsc-progenitors")
_RELEASE = "drug_product_release"
_MARKETS = ("us/investigational", "eu/atmp", "jp/asrm-class-1", "kr/arm-high", "cn/drug-track")


def demo_command(
    directory: Annotated[Path, typer.Argument(help="Where to write the outputs.")] = Path("regenqc-demo"),
    serve: Annotated[
        bool, typer.Option("--serve", help="Then open the console on what was written, for a browser on this machine.")
    ] = False,
    ward: Annotated[
        bool,
        typer.Option("--ward", help="Serve the console of the hospital instead, where two containers have arrived."),
    ] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="With --serve: port to listen at.")] = 8040,
) -> None:
    """Judge the sample lots, decide, sign and certify, and follow one lot from donation to follow-up.

    Example: regenqc demo
    """
    from regenqc.resources import packaged_path

    samples = packaged_path("sample_data")
    screen = console()
    maker, signed = samples / "synthetic-maker", emptied(directory / "signed")
    screen.print("[bold]Published lots[/]")
    _published(screen, samples / "published", maker, directory)
    screen.print("\n[bold]Four tests that no comparison of a number with a limit decides[/]  [dim](synthetic lots)[/]")
    screen.print("\n  [bold]1 Sterility[/]: the answer comes after the cells were needed")
    _two_step(screen, samples / "published" / "cd20-car-t-two-step", maker, directory)
    judged = _synthetic(screen, samples / "synthetic-hipsc", directory)
    _five_markets(screen, samples / "published" / "ari-0001", directory)
    sign_and_certify(screen, signed, maker=maker, judged=judged)
    tell_hospital(screen, signed)
    screen.print(f"\n[dim]Written to[/] {directory}[dim]: a report.html of each run, and[/] signed/hospital/*.pdf")
    if serve or ward:
        from regenqc.cli.demo_console import serve_demonstration

        serve_demonstration(screen, directory, port=port, ward=ward)


def _judged(
    results: Path, specifications: tuple[str, ...], *, as_of: str, out: Path, batches: Path | None = None
) -> Evaluation:
    from regenqc.cli.evaluate import run_evaluation

    evaluation, _ = run_evaluation(
        [str(results)],
        specifications=specifications,
        batches=str(batches or results.parent / "batches.csv"),
        as_of=as_of,
        out=out,
        quiet=True,
    )
    return evaluation


def _published(screen: Console, published: Path, maker: Path, directory: Path) -> None:
    as_of = "2026-06-30T00:00:00Z"
    screen.print("\n  ARI-0001, three CAR-T lots: one of two alternative potency tests suffices.")
    results = published / "ari-0001" / "results.csv"
    # No dates of these lots are published, and no certificate goes without: the ones in this table are invented.
    out, dated = directory / "car-t-ari-0001", maker / "ari-0001-batches.csv"
    found = _judged(results, ("example/car-t-ari-0001",), as_of=as_of, out=out, batches=dated)
    screen.print(counts_line(found))
    screen.print("\n  Tisagenlecleucel, 24 lots that were out of specification: nothing is rounded into compliance.")
    results, name = published / "tisagenlecleucel-japan" / "results.csv", "example/tisagenlecleucel-japan"
    found = _judged(results, (name,), as_of=as_of, out=directory / "tisagenlecleucel")
    screen.print(counts_line(found))
    print_lot(screen, found, ("TISA-JP-A", name, _RELEASE), "viability")


def _two_step(screen: Console, lots: Path, maker: Path, directory: Path) -> None:
    dated = maker / "cd20-car-t-two-step-batches.csv"
    lot = ("SYNTHETIC-CD20-01", _TWO_STEP, _RELEASE)
    screen.print("    On 16 March: an interim answer is no final one, and the final one has a day on which it is due.")
    results, out = lots / "results_day_10.csv", directory / "two-step-day-10"
    early = _judged(results, (_TWO_STEP,), as_of="2026-03-16T12:00:00Z", out=out, batches=dated)
    print_lot(screen, early, lot, "sterility")
    screen.print("    On 27 March: the late positive rejects the lot, whatever was released before.")
    results, out = lots / "results_late_positive.csv", directory / "two-step-late-positive"
    late = _judged(results, (_TWO_STEP,), as_of="2026-03-27T12:00:00Z", out=out, batches=dated)
    print_lot(screen, late, lot, "sterility")


def _synthetic(screen: Console, lots: Path, directory: Path) -> Evaluation:
    found = _judged(lots / "results.csv", _SYNTHETIC, as_of="2026-06-30T00:00:00Z", out=directory / "synthetic-hipsc")
    truth = planted_truth(lots / "truth.csv")

    def show(trouble: str, *requirements: str) -> str:
        lot = planted_lot(truth, trouble)
        print_lot(screen, found, lot, *requirements)
        return lot[0]

    screen.print("    Another product, where what is to be done then stands in the specification:")
    print_consequences(screen, found, show("sterility_late_positive", "sterility"))
    screen.print("    And no growth in four containers says too little:")
    show("sterility_sample_too_small", "sterility_sample")

    screen.print("\n  [bold]2 Replication-competent virus[/]: not detected, but in how much?")
    show("rcl_sample_too_small", "rcl_detection", "rcl_per_dose")
    show("rcl_detected", "rcl")

    screen.print("\n  [bold]3 Karyotype[/]: a sentence that is read, checked and counted")
    show("karyotype_mosaic", "karyotype")
    show("karyotype_too_few_metaphases", "karyotype", "mosaicism")

    screen.print("\n  [bold]4 Residual undifferentiated cells[/]: what may be there, and what is")
    screen.print("    None seen, but too few cells examined: the limit is not shown, and not broken either.")
    show("residual_culture_too_few_cells", "residual_culture_bound")
    screen.print("    Measured below the limit, with too much uncertainty:")
    show("residual_bound_above", "residual_cells_bound")
    screen.print("    Measured above it, and at least this much:")
    show("residual_above", "residual_undifferentiated", "residual_cells_bound")

    planted = {trouble for _, troubles in truth.values() for trouble in troubles if trouble}
    dispositions = [row for part in found.disposition_batches() for row in part.to_pylist()]
    right = sum(truth[row["batch_id"], row["spec_id"], row["stage"]][0] == row["disposition"] for row in dispositions)
    computed = {entry.function for specification in found.specifications for entry in specification.derived}
    screen.print(
        f"\n[bold]All {found.batch_count} synthetic lots[/], {len(planted)} kinds of trouble planted, two specifications at"
        f" once: {right} of {len(truth)} dispositions are the planted ones."
    )
    screen.print(counts_line(found))
    screen.print(f"  [dim]{found.rows_computed:,} results computed from others, by {len(computed)} functions[/]")
    return found


def _five_markets(screen: Console, lots: Path, directory: Path) -> None:
    from regenqc.cli.evaluate import run_evaluation
    from regenqc.cli.matrix import print_release_matrix

    screen.print(
        "\n[bold]The three CAR-T lots for five markets at once[/]: what each still needs before it is eligible"
    )
    found, _ = run_evaluation(
        [str(lots / "results.csv")],
        specifications=_MARKETS,
        batches=str(lots / "batches.csv"),
        stage=_RELEASE,
        as_of="2026-06-30T00:00:00Z",
        out=directory / "five-markets",
        quiet=True,
    )
    print_release_matrix(found)
