"""`regenqc spec export` and `regenqc spec import`: exchange limits with submissions and spreadsheets."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from regenqc.cli.terminal import console, write_text
from regenqc.errors import Fault, UsageError

__all__ = ["export_command", "import_command"]


class Shape(StrEnum):
    """What limits are written as."""

    PQ_CMC = "pq-cmc"
    TEMPLATE = "template"
    TOML = "toml"


def export_command(
    reference: Annotated[
        str | None, typer.Argument(help="Specification file or identifier; none for an empty template.")
    ] = None,
    shape: Annotated[
        Shape,
        typer.Option(
            "--format", "-f", help="HL7 PQ-CMC quality specification, spreadsheet template (CSV), or one TOML file."
        ),
    ] = Shape.PQ_CMC,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file.")] = None,
) -> None:
    """Write a specification for others: a quality specification, a spreadsheet, or one file without inheritance.

    Example: regenqc spec export example/car-t-ari-0001 --out car-t.json
    """
    from regenqc.specification import load_specification
    from regenqc.specification.quality_specification import export_quality_specification
    from regenqc.specification.template import write_template
    from regenqc.specification.writing import write_specification

    if reference is None and shape is not Shape.TEMPLATE:
        raise UsageError(
            Fault(
                code="RQC-U112",
                what="There is nothing to export.",
                expected="a specification",
                action="Name one, or write an empty template with --format template.",
            )
        )
    specification = load_specification(reference) if reference is not None else None
    left_out: tuple[tuple[str, str], ...] = ()
    if specification is None:
        text = write_template()
    elif shape is Shape.TOML:
        text = write_specification(specification)
    elif shape is Shape.TEMPLATE:
        text = write_template(specification.requirements)
        fits = {"limit", "one_of"}
        left_out = tuple(
            (entry.id, f"criterion {entry.criterion}")
            for entry in specification.requirements
            if entry.criterion not in fits
        )
    else:
        exported = export_quality_specification(specification)
        text, left_out = exported.text, exported.left_out
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)
    for identifier, reason in left_out:
        console(error=True).print(f"left out: {identifier} ({reason})", markup=False)


def import_command(
    file: Annotated[Path, typer.Argument(help="A quality specification (.json) or a filled template (.csv).")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the requirements to this file.")] = None,
) -> None:
    """Read limits and print them as requirements, to be put into a specification file and cited there.

    Example: regenqc spec import limits.csv
    """
    from regenqc.specification.lookup import read_text
    from regenqc.specification.quality_specification import read_quality_specification
    from regenqc.specification.template import read_template
    from regenqc.specification.writing import write_requirements

    text = read_text(file)
    read = read_quality_specification if file.suffix.lower() == ".json" else read_template
    requirements = read(text, source=str(file))
    written = write_requirements(requirements)
    if out is None:
        sys.stdout.write(written)
    else:
        write_text(out, written)
