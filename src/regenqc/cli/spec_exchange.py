"""`regenqc spec export` and `regenqc spec import`: exchange limits with submissions and spreadsheets."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from regenqc.cli.terminal import console, write_text
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.specification.model import Requirement

__all__ = ["export_command", "import_command"]


_WORKBOOK: Final = ".xlsx"


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
            "--format", "-f", help="HL7 PQ-CMC quality specification, spreadsheet template, or one TOML file."
        ),
    ] = Shape.PQ_CMC,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write to this file; a template named .xlsx becomes a workbook, else CSV."),
    ] = None,
) -> None:
    """Write a specification for others: a quality specification, a spreadsheet, or one file without inheritance.

    Example: regenqc spec export example/car-t-ari-0001 --out car-t.json
    """
    from regenqc.specification import load_specification
    from regenqc.specification.quality_specification import export_quality_specification
    from regenqc.specification.writing import write_specification

    specification = load_specification(reference) if reference is not None else None
    left_out: tuple[tuple[str, str], ...] = ()
    written: str | bytes
    if shape is Shape.TEMPLATE:
        requirements = specification.requirements if specification is not None else ()
        written, left_out = _template(requirements, workbook=out is not None and out.suffix.lower() == _WORKBOOK)
    elif specification is None:
        raise UsageError(
            Fault(
                code="RQC-U112",
                what="There is nothing to export.",
                expected="a specification",
                action="Name one, or write an empty template with --format template.",
            )
        )
    elif shape is Shape.TOML:
        written = write_specification(specification)
    else:
        exported = export_quality_specification(specification)
        written, left_out = exported.text, exported.left_out
    if out is not None:
        write_text(out, written)
    elif isinstance(written, str):
        sys.stdout.write(written)
    for identifier, reason in left_out:
        console(error=True).print(f"left out: {identifier} ({reason})", markup=False)


def import_command(
    file: Annotated[Path, typer.Argument(help="A quality specification (.json) or a filled template (.csv, .xlsx).")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the requirements to this file.")] = None,
) -> None:
    """Read limits and print them as requirements, to be put into a specification file and cited there.

    Example: regenqc spec import limits.csv
    """
    from regenqc.specification.writing import write_requirements

    written = write_requirements(_read(file))
    if out is None:
        sys.stdout.write(written)
    else:
        write_text(out, written)


def _read(file: Path) -> tuple[Requirement, ...]:
    from regenqc.specification.lookup import read_text
    from regenqc.specification.quality_specification import read_quality_specification
    from regenqc.specification.template import read_template, read_template_rows

    if file.suffix.lower() == _WORKBOOK:
        # Specifications know no spreadsheets and the intake no specifications: they meet here.
        from regenqc.intake.workbook import read_workbook

        return read_template_rows(read_workbook(file), source=str(file))
    read = read_quality_specification if file.suffix.lower() == ".json" else read_template
    return read(read_text(file), source=str(file))


def _template(
    requirements: Sequence[Requirement], *, workbook: bool
) -> tuple[str | bytes, tuple[tuple[str, str], ...]]:
    from regenqc.specification.template import template_rows, write_template

    left_out = tuple(
        (entry.id, f"criterion {entry.criterion}")
        for entry in requirements
        if entry.criterion not in {"limit", "one_of"}
    )
    if not workbook:
        return write_template(requirements), left_out
    from regenqc.intake.workbook import write_workbook

    return write_workbook(template_rows(requirements)), left_out
