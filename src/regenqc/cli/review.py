"""`regenqc review`: gather what the data say of a product over a period, as a page and as a document to be signed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from regenqc.cli.ledger_place import open_log
from regenqc.cli.ledger_screen import print_facts, print_line
from regenqc.cli.start import leave_pandas_out
from regenqc.cli.terminal import console
from regenqc.errors import Fault, UsageError

__all__ = ["review_command"]


def review_command(
    evaluations: Annotated[list[Path], typer.Argument(help="Folders that `regenqc evaluate --out` wrote.")],
    *,
    batches: Annotated[str, typer.Option("--batches", "-b", help="Batch table with product and manufactured_at.")],
    start: Annotated[str, typer.Option("--from", help="First day of the period, as 2026-01-01.")],
    end: Annotated[str, typer.Option("--until", help="Last day of the period.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory for the output files, written whole or not at all.")
    ],
    product: Annotated[str | None, typer.Option("--product", help="Its code, where the table has several.")] = None,
    spec: Annotated[
        list[str] | None, typer.Option("--spec", "-s", help="Specification in force, for capability.")
    ] = None,
    earlier_spec: Annotated[
        list[str] | None,
        typer.Option("--earlier-spec", help="Version at the beginning of the period, to list changes."),
    ] = None,
    decisions: Annotated[Path | None, typer.Option("--decisions", help="Folder of signed decisions.")] = None,
    ledger: Annotated[str | None, typer.Option("--ledger", "-l", help="Ledger of containers and recalls.")] = None,
    outcomes: Annotated[
        Path | None, typer.Option("--outcomes", help="Folder that `regenqc outcomes report` wrote.")
    ] = None,
    made_by: Annotated[str, typer.Option("--for", help="Whose review it is, as it is to be printed.")] = "",
    fonts: Annotated[list[Path] | None, typer.Option("--fonts", help="Folder of font files.")] = None,
    html_only: Annotated[bool, typer.Option("--html-only", help="Set no PDF.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> None:
    """Gather a product quality review from evaluations and trends: page and PDF. It draws no conclusion.

    Example: regenqc review judged --batches batches.csv --spec my-product.toml --from 2026-01-01 --until 2026-12-31 --out review
    """
    leave_pandas_out()
    from contextlib import ExitStack

    from regenqc.intake import read_batches
    from regenqc.review.gathering import gather_review
    from regenqc.review.rendering import write_review
    from regenqc.specification import load_specification

    with ExitStack() as stack:
        view = None
        if ledger is not None:
            view = stack.enter_context(stack.enter_context(open_log(ledger)).read())
        review = gather_review(
            evaluations,
            batches=read_batches(batches),
            start=_day(start, "--from"),
            end=_day(end, "--until"),
            product=product,
            specifications=[load_specification(reference) for reference in spec or ()],
            earlier=[load_specification(reference) for reference in earlier_spec or ()],
            decisions=decisions,
            view=view,
            outcomes=outcomes,
        )
    run = write_review(review, out, made_by=made_by, fonts=fonts, with_pdf=not html_only)
    if as_json:
        typer.echo(json.dumps(run | {"out": str(out)}, ensure_ascii=False, indent=2))
        return
    counts = run["counts"]
    print_line(f"{review.lots.product or 'The product'} from {review.start} to {review.end}", bold=True)
    print_facts(
        [
            ("lots", counts["lots"]),
            ("findings that fail", counts["findings_failing"]),
            ("invalidated results", counts["invalidated"]),
            ("retests", counts["retests"]),
            ("signals of trends", counts["signals"]),
        ]
    )
    if counts["lots_undated"]:
        print_line(f"{counts['lots_undated']:,} lots have no day of manufacture that can be read", good=False)
    print_line("It draws no conclusion: the person who signs it does.")
    console().print(f"written to {out}, open {out / 'review.html'}", markup=False)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            Fault(code="RQC-U163", what="This is no day.", where=option, got=text, expected="as 2026-01-01")
        ) from error
