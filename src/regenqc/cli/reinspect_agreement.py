"""`regenqc reinspect agree`: the hospital's values against the manufacturer's, lot by lot, and over lots as a trend."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import AsJson, read_file
from regenqc.cli.ledger_screen import print_json, print_line, print_table
from regenqc.cli.terminal import write_text
from regenqc.errors import DataError, Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from regenqc.reinspection.agreement import Compared, Margin

__all__ = ["agree_command"]

_COLUMNS = ("batch_id", "unit", "manufacturer", "manufacturer_uncertainty", "hospital", "hospital_uncertainty")


def agree_command(
    values: Annotated[Path, typer.Argument(help=f"CSV with the columns {', '.join(_COLUMNS)}; one test.")],
    margin: Annotated[
        str, typer.Option("--margin", help="By how much values may differ, as 10 or 15%; without it nothing conforms.")
    ] = "",
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw the differences over lots (SVG).")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the hospital's values with the manufacturer's: each lot by its uncertainties, all lots as a trend.

    Leaves with 1 when some lot does not conform. The trend is no verdict on a lot.

    Example: regenqc reinspect agree viability.csv --margin 10 --svg viability.svg
    """
    from regenqc.reinspection.agreement import agreement_picture
    from regenqc.statistics.agreement import LimitsOfAgreement, limits_of_agreement
    from regenqc.statistics.refusal import EXPLANATIONS

    permitted = _margin(margin)
    rows = list(_rows(values))
    compared = [(row["batch_id"], _compare(row, permitted, values)) for row in rows]
    first, second = ([_number(row, name, values) for row in rows] for name in ("manufacturer", "hospital"))
    import numpy as np

    found = limits_of_agreement(np.asarray(first), np.asarray(second))
    unit = rows[0]["unit"]
    if isinstance(found, LimitsOfAgreement):
        low, high = found.bias_interval
        trend = f"bias {found.bias:.3g} {unit}, {low:.3g} to {high:.3g}; 95 % of differences {found.lower:.3g} to {found.upper:.3g}"
        if svg is not None:
            write_text(
                svg,
                agreement_picture(first, second, found, title=f"Hospital and manufacturer, {values.stem}", unit=unit),
            )
    else:
        trend = f"no trend: {EXPLANATIONS[found.reason][0]}"
    if as_json:
        told = [
            {"batch_id": lot, "verdict": each.verdict.word, "difference": each.difference, "interval": each.interval}
            for lot, each in compared
        ]
        print_json({"lots": told, "trend": trend})
    else:
        print_table(
            ("lot", "verdict", "why"),
            [(lot, each.verdict.word, each.explanation) for lot, each in compared],
            empty="No lot.",
        )
        print_line(trend, detail="a trend of two laboratories, no verdict on a lot")
    raise typer.Exit(0 if all(each.verdict.word == "conforms" for _, each in compared) else 1)


def _compare(row: Mapping[str, str], margin: Margin | None, where: Path) -> Compared:
    from regenqc.reinspection.agreement import compare_values

    first, second = (
        _number(row, f"{name}_uncertainty", where) if row[f"{name}_uncertainty"] else None
        for name in ("manufacturer", "hospital")
    )
    return compare_values(
        _number(row, "manufacturer", where),
        _number(row, "hospital", where),
        margin=margin,
        manufacturer_uncertainty=first,
        hospital_uncertainty=second,
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(read_file(path).decode("utf-8-sig", errors="replace")))
    names = tuple(reader.fieldnames or ())
    rows = list(reader)
    units = {row.get("unit") for row in rows}
    if set(_COLUMNS) - set(names) or not rows or len(units) != 1:
        raise DataError(
            Fault(
                code="RQC-H502",
                what="The file holds no values of one test in one unit.",
                where=str(path),
                got=f"{', '.join(names) or 'no columns'}; {len(rows)} rows, {len(units)} units",
                expected=", ".join(_COLUMNS),
            )
        )
    yield from rows


def _number(row: Mapping[str, str], name: str, where: Path) -> float:
    try:
        return float(row[name])
    except (TypeError, ValueError) as error:
        raise DataError(
            Fault(
                code="RQC-H502",
                what="A value is no number; what is censored is not compared.",
                where=f"{where} {row['batch_id']} {name}",
                got=str(row[name]),
                expected="a number",
            )
        ) from error


def _margin(text: str) -> Margin | None:
    from regenqc.reinspection.agreement import Margin

    if not text:
        return None
    try:
        return Margin(float(text.removesuffix("%")) / 100, relative=True) if text.endswith("%") else Margin(float(text))
    except ValueError as error:
        raise UsageError(
            Fault(code="RQC-U145", what="This is no margin.", where="--margin", got=text, expected="as 10 or 15%")
        ) from error
