"""Gather everything that a review speaks of, from the outputs that other commands wrote."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenqc.decision.evaluation_files import EvaluationFiles
from regenqc.decision.folder import DecisionFolder
from regenqc.errors import DataError, Fault, UsageError
from regenqc.intake.table import read_results
from regenqc.review.after_release import LotAfterwards, lots_afterwards
from regenqc.review.failures import Failures, failures_of
from regenqc.review.latest import latest_results
from regenqc.review.lots import Judged, LotsOfPeriod, decided, judged, lots_of_period
from regenqc.specification.difference import Change, list_changes
from regenqc.trends.analysis import TrendAnalysis, analyse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from regenqc.decision.model import Decision
    from regenqc.intake.batches import BatchTable
    from regenqc.ledger import Snapshot
    from regenqc.specification.model import Specification

__all__ = ["OutcomeFiles", "ProductReview", "gather_review"]


@dataclass(frozen=True, slots=True)
class OutcomeFiles:
    """What `regenqc outcomes report` wrote: its record and its tables, with counts of few patients withheld already."""

    run: dict[str, Any]
    tables: tuple[dict[str, str], ...]
    conditions: tuple[dict[str, str], ...]
    associations: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductReview:
    """Everything that a review speaks of.

    Args:
        start: first day of the period.
        end: last day.
        lots: of the product.
        judged: what the data allowed.
        decisions: that stand, by lot, stage and specification; `None` when no folder of decisions was given.
        failures: results outside their limits.
        trends: of all lots up to the end of the period; `None` when no lot of the period has results.
        afterwards: of a ledger; `None` when none was given.
        changes: of specifications, by the name of the newer one; `None` when no earlier specification was given.
        outcomes: of patients; `None` when none were given.
        evaluations: folder, moment, digest of its record, and specifications by which it judged.
        batches: name and digest of the batch table.
        specifications: whose limits capability was asked for.
    """

    start: date
    end: date
    lots: LotsOfPeriod
    judged: list[Judged]
    decisions: dict[tuple[str, str, str], Decision] | None
    failures: Failures
    trends: TrendAnalysis | None
    afterwards: tuple[LotAfterwards, ...] | None
    changes: tuple[tuple[str, tuple[Change, ...]], ...] | None
    outcomes: OutcomeFiles | None
    evaluations: tuple[tuple[str, str, str, tuple[tuple[str, str, str], ...]], ...]
    batches: tuple[str, str]
    specifications: tuple[Specification, ...]


def gather_review(
    evaluations: Sequence[Path],
    *,
    batches: BatchTable,
    start: date,
    end: date,
    product: str | None = None,
    specifications: Sequence[Specification] = (),
    earlier: Sequence[Specification] = (),
    decisions: Path | None = None,
    view: Snapshot | None = None,
    outcomes: Path | None = None,
) -> ProductReview:
    """Return what a review speaks of.

    Args:
        evaluations: folders that `regenqc evaluate` wrote.
        batches: batch table with `product` and `manufactured_at`.
        start: first day of the period.
        end: last day.
        product: its code; may be left out when there is one only.
        specifications: in force, for capability and as the newer side of changes.
        earlier: in force at the beginning of the period; compared with that of the same identifier.
        decisions: folder of decisions.
        view: of a ledger.
        outcomes: folder that `regenqc outcomes report` wrote.

    Raises:
        UsageError: no such product, a period that ends before it begins, `RQC-U162` an earlier specification without a newer one.
        DataError: a folder is no output of those commands.
        SignatureError: a decision is none.
    """
    lots = lots_of_period(batches, product=product, start=start, end=end)
    files = [EvaluationFiles(path) for path in evaluations]
    found = judged(files, lots)
    return ProductReview(
        start=start,
        end=end,
        lots=lots,
        judged=found,
        decisions=None if decisions is None else decided(DecisionFolder(decisions).read(), lots),
        failures=failures_of(files, lots),
        trends=_trends(files, lots, batches, specifications),
        afterwards=None if view is None else lots_afterwards(view, lots),
        changes=_changes(specifications, earlier) if earlier else None,
        outcomes=None if outcomes is None else _outcome_files(outcomes),
        evaluations=tuple(
            (
                str(each.directory),
                each.moment,
                each.digests["run"],
                tuple((entry["id"], entry["version"], entry["fingerprint"]) for entry in each.run["specifications"]),
            )
            for each in files
        ),
        batches=(batches.name, batches.digest),
        specifications=tuple(specifications),
    )


def _trends(
    files: Sequence[EvaluationFiles], lots: LotsOfPeriod, batches: BatchTable, specifications: Sequence[Specification]
) -> TrendAnalysis | None:
    """Return trends of all lots up to the end of the period."""
    tables = latest_results(files, {*lots.earlier, *lots.lots})
    if not any(set(table["batch_id"].unique().to_pylist()) & set(lots.lots) for table in tables):
        return None
    # What the evaluation added says where a row stood and how it was judged; a trend asks for neither.
    added = ["row_number", "source", "verdict", "reason_code"]
    return analyse(
        read_results(*(table.drop_columns(added) for table in tables)), batches=batches, specifications=specifications
    )


def _changes(
    specifications: Sequence[Specification], earlier: Sequence[Specification]
) -> tuple[tuple[str, tuple[Change, ...]], ...]:
    newer = {each.id: each for each in specifications}
    lacking = [each.id for each in earlier if each.id not in newer]
    if lacking:
        raise UsageError(
            Fault(
                code="RQC-U162",
                what="An earlier specification has no newer one to be compared with.",
                got=", ".join(lacking),
                expected=", ".join(newer) or "the same identifier with --spec",
                action="Name the version in force with --spec.",
            )
        )
    return tuple(
        (f"{each.id} {each.version} to {newer[each.id].version}", list_changes(each, newer[each.id]))
        for each in earlier
    )


def _outcome_files(directory: Path) -> OutcomeFiles:
    try:
        run = json.loads((directory / "run.json").read_text(encoding="utf-8"))
        schema = run.get("schema")
        tables = {name: _csv(directory / "shown" / f"{name}.csv") for name in ("tables", "conditions", "associations")}
    except (OSError, ValueError, AttributeError) as error:
        schema, reason = None, str(error)
    else:
        reason = str(schema)
    if schema != "regenqc.outcomes/1":
        raise DataError(
            Fault(
                code="RQC-D051",
                what="This folder is no output of `regenqc outcomes report`.",
                where=str(directory),
                got=reason,
                expected="regenqc.outcomes/1",
                action="Name the folder that it wrote.",
            )
        )
    return OutcomeFiles(run, tables["tables"], tables["conditions"], tables["associations"])


def _csv(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))
