"""regenqc itself, by its Python interface and with nothing but it: files in, dispositions and findings out."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.peers.task import Outcome
from regenqc.evaluation import evaluate
from regenqc.evaluation.findings import FINDING_COLUMNS

if TYPE_CHECKING:
    from benchmarks.peers.task import Task
    from regenqc.specification import Specification

__all__ = ["NOTES", "judge", "load"]

NOTES = ("finds reasons, limits, rows and a sentence for every finding; the others need not",)


def load(task: Task) -> list[Specification]:
    """Return the loaded specifications."""
    specifications: list[Specification] = pickle.loads(Path(task.specifications).read_bytes())  # noqa: S301 - own file
    # As the commands do, which look for no reference cycles at all: what was loaded stays, and is not searched again.
    gc.freeze()
    return specifications


def judge(task: Task, rules: list[Specification]) -> Outcome:
    """Judge the files."""
    evaluation = evaluate(task.results, rules, batches=task.batches, as_of=task.as_of)
    findings = pa.Table.from_batches(evaluation.finding_batches(), schema=FINDING_COLUMNS)
    return Outcome(evaluation.disposition_table, findings)


def comparable(outcome: Outcome) -> Outcome:
    """Return the outcome in the form in which engines are compared; outside the measured time.

    What stands for several results is compared without text: a computed value, or replicates that cannot be told apart.
    """
    dispositions = outcome.dispositions.select(["batch_id", "spec_id", "stage", "disposition"])
    findings = outcome.findings
    of_several = pc.or_(
        pc.equal(findings["source"], "(computed)"), pc.equal(findings["reason_code"], "replicates_indistinguishable")
    )
    names = ["batch_id", "spec_id", "stage", "requirement_id", "verdict"]
    reported = pc.if_else(of_several, "", findings["reported"])
    shown = pa.table({**{name: findings[name] for name in names}, "reported": reported})
    return Outcome(dispositions, shown.group_by([*names, "reported"]).aggregate([]))
