"""What an engine is asked to do, and what it gives back; plain Python, because engines run in different environments."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RESULT_COLUMNS", "Outcome", "Task"]

# What the rules ask of the results; an engine that can leave columns unread reads these and no others.
RESULT_COLUMNS = (
    "batch_id",
    "result_id",
    "stage",
    "test",
    "replicate",
    "result",
    "unit",
    "lod",
    "loq",
    "status",
    "revision",
    "investigation_id",
    "assignable_cause",
    "analyst",
    "invalidated_by",
    "tested_at",
    "reported_at",
)


@dataclass(frozen=True, slots=True)
class Task:
    """Files to judge.

    Args:
        results: export of results, Parquet or CSV.
        batches: table of batches, same format.
        rules: folder of the rule tables.
        specifications: folder of specification files, for regenqc.
        as_of: moment of evaluation, ISO 8601 in UTC with `Z`.
    """

    results: str
    batches: str
    rules: str
    specifications: str
    as_of: str

    @property
    def is_csv(self) -> bool:
        """Return whether the tables are text."""
        return self.results.endswith(".csv")

    def write(self, path: Path) -> None:
        """Write the task for a process that is to do it."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Task:
        """Return the task that was written there."""
        return Task(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an engine found; both tables are anything that Arrow can take over (`__arrow_c_stream__`).

    Args:
        dispositions: batch_id, spec_id, stage, disposition.
        findings: batch_id, spec_id, stage, requirement_id, verdict, reported, each once, for every cell that does not
            conform; `reported` is empty where no single row explains the cell.
    """

    dispositions: Any
    findings: Any
