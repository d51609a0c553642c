"""Rows of the annex: what the data allow by the rules of each jurisdiction, read from the output of an evaluation."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING
from unicodedata import normalize

from regenqc.certificate.content import AnnexRow
from regenqc.certificate.faults import data_error

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_annex"]


def read_annex(output: Path, *, stage: str = "drug_product_release") -> dict[str, tuple[AnnexRow, ...]]:
    """Return the rows of every batch, one for each specification by which it was evaluated at a stage.

    Args:
        output: folder that `regenqc evaluate` wrote.
        stage: of the dispositions.

    Raises:
        DataError: `RQC-V090`, the folder is no output of an evaluation.
    """
    try:
        dispositions, findings = (_rows(output / name) for name in ("dispositions.csv", "findings.csv"))
        obstacles: dict[tuple[str, str], list[str]] = {}
        for row in findings:
            if row["stage"] == stage and row["verdict"] != "alert":
                obstacles.setdefault((row["batch_id"], row["spec_id"]), []).append(row["requirement_id"])
        found: dict[str, list[AnnexRow]] = {}
        for row in dispositions:
            if row["stage"] == stage:
                found.setdefault(row["batch_id"], []).append(
                    AnnexRow(
                        specification=normalize("NFC", row["spec_id"]),
                        version=row["spec_version"],
                        fingerprint=row["spec_fingerprint"],
                        disposition=row["disposition"],
                        obstacles=tuple(dict.fromkeys(obstacles.get((row["batch_id"], row["spec_id"]), ()))),
                    )
                )
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise data_error(
            "RQC-V090",
            "The folder is no output of an evaluation.",
            where=str(output),
            got=repr(error),
            expected="dispositions.csv and findings.csv",
            action="Name the folder that `regenqc evaluate --out` wrote.",
        ) from error
    return {batch: tuple(rows) for batch, rows in found.items()}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
