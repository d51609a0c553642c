"""Rows of the annex: what the data allow by the rules of each jurisdiction, read from the output of an evaluation.

The annex says something about a decision only where both rest on the same results; other ones are refused. The table of batches
may be another, because jurisdictions ask for other attributes.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from regenqc.certificate.content import AnnexRow
from regenqc.certificate.faults import data_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Annex", "read_annex"]

_COLUMNS: Final = frozenset({"batch_id", "spec_id", "stage"})


@dataclass(frozen=True, slots=True)
class Annex:
    """Hold what an evaluation by several specifications says of each batch.

    Args:
        where: folder that it was read from.
        rows: by batch, one for each specification.
        results: digests of the files of results that were judged.
    """

    where: str
    rows: Mapping[str, tuple[AnnexRow, ...]]
    results: frozenset[str]

    def rows_of(self, decision: Mapping[str, Any]) -> tuple[AnnexRow, ...]:
        """Return the rows of the batch of a decision.

        Raises:
            DataError: `RQC-V094`, it was judged from other results than the decision rests on, or not at all.
        """
        batch = str(decision["batch_id"])
        decided_on = {str(entry["digest"]) for entry in decision["evaluation"]["inputs"]}
        # A decision names its files of results and at most one table of batches, in one list.
        if "" in self.results or not self.results <= decided_on or len(decided_on - self.results) > 1:
            raise data_error(
                "RQC-V094",
                "The annex was judged from other results than those on which the decision rests.",
                where=f"batch {batch}, {self.where}",
                got=", ".join(sorted(self.results)) or "no file",
                expected=", ".join(sorted(filter(None, decided_on))) or "files with digests",
                action="Judge the results of the decision by the specifications of the annex.",
            )
        if batch not in self.rows:
            raise data_error(
                "RQC-V094",
                "The annex says nothing about this batch.",
                where=f"batch {batch}, {self.where}",
                expected="one disposition for each specification",
                action="Judge the batch by the specifications of the annex, or leave the annex out.",
            )
        return self.rows[batch]


def read_annex(output: Path, *, stage: str = "drug_product_release") -> Annex:
    """Return what an evaluation says of every batch, one row for each specification by which it was judged at a stage.

    Args:
        output: folder that `regenqc evaluate` wrote.
        stage: of the dispositions.

    Raises:
        DataError: `RQC-V090`, the folder is no output of an evaluation.
    """
    try:
        dispositions, findings = (_rows(output / name) for name in ("dispositions.csv", "findings.csv"))
        run = json.loads((output / "run.json").read_bytes())
        results = frozenset(str(entry["digest"] or "") for entry in run["inputs"])
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
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise data_error(
            "RQC-V090",
            "The folder is no output of an evaluation.",
            where=str(output),
            got=repr(error),
            expected="dispositions.csv, findings.csv and run.json",
            action="Name the folder that `regenqc evaluate --out` wrote.",
        ) from error
    return Annex(str(output), {batch: tuple(rows) for batch, rows in found.items()}, results)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        table = csv.DictReader(stream)
        if not set(table.fieldnames or ()) >= _COLUMNS:
            raise KeyError(*sorted(_COLUMNS - set(table.fieldnames or ())))
        return list(table)
