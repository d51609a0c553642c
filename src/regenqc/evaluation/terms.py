"""The terms of a run: what is judged by what, at which stage and moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenqc.errors import DataError, Fault, UsageError
from regenqc.evaluation.dates import parse_as_of
from regenqc.evaluation.plan import STAGES, Plan
from regenqc.intake.batches import BatchTable, read_batches
from regenqc.intake.coding import RowCoder
from regenqc.specification.attributes import attributes_used
from regenqc.specification.model import Specification
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from regenqc.intake.batch_numbers import BatchNumbers
    from regenqc.intake.revisions import Superseding
    from regenqc.intake.sources import Source

__all__ = ["RunTerms", "no_results", "terms_of"]


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What is judged by what.

    Args:
        specifications: judged side by side.
        batches: attributes of batches, `None` for a run without batch table.
        moment: of evaluation.
        stage: index of the only stage wanted, `None` for all.
        default_stage: stage of a row that states none.
    """

    specifications: tuple[Specification, ...]
    batches: BatchTable | None
    moment: datetime
    stage: int | None
    default_stage: Stage | None

    def coder(self, plan: Plan, *, superseding: Superseding, batch_ids: BatchNumbers | None = None) -> RowCoder:
        """Return a coder of rows that has seen none yet.

        Args:
            plan: of these specifications.
            superseding: highest revision of every revised result.
            batch_ids: batches that have been numbered already.
        """
        return RowCoder(
            tests=plan.tests,
            default_stage=self.default_stage,
            superseding=superseding,
            batch_ids=batch_ids,
            # A reported value must not stand in for one that cannot be computed because an input is missing.
            computed_tests={derived.id for entry in self.specifications for derived in entry.derived},
        )


def terms_of(
    sources: Sequence[Source],
    specifications: Specification | Sequence[Specification],
    *,
    batches: Any,
    stage: str | None,
    as_of: str | datetime | None,
) -> RunTerms:
    """Return the terms of a run, checked.

    Args:
        sources: of the results.
        specifications: one or several.
        batches: batch table as a path, frame or Arrow table, or `None`.
        stage: judge this stage only.
        as_of: moment of evaluation; now when not given.

    Raises:
        UsageError: no specification, one given twice, an unknown stage or moment, or results without a stage where several
            are possible.
        DataError: the batch table is refused.

    Example:
        >>> from regenqc.specification import load_specification
        >>> terms_of([], load_specification("example/car-t-ari-0001"), batches=None, stage=None, as_of=None).default_stage
        <Stage.DRUG_PRODUCT_RELEASE: 'drug_product_release'>
    """
    judged_by = (specifications,) if isinstance(specifications, Specification) else tuple(specifications)
    _check_specifications(judged_by)
    listed: BatchTable | None = None
    if batches is not None:
        listed = batches if isinstance(batches, BatchTable) else read_batches(batches, only=attributes_used(judged_by))
    moment = parse_as_of(as_of)
    wanted = _stage(stage)
    return RunTerms(judged_by, listed, moment, wanted, _default_stage(wanted, judged_by, sources))


def no_results(sources: Sequence[Source]) -> DataError:
    """Return the error of a run whose input holds no row at all."""
    return DataError(
        Fault(
            code="RQC-D001",
            what="The input holds no results.",
            where=", ".join(source.name for source in sources),
            expected="at least one result",
            action="Export again; an empty export releases nothing.",
        )
    )


def _check_specifications(specifications: tuple[Specification, ...]) -> None:
    if not specifications:
        raise UsageError(
            Fault(code="RQC-U006", what="No specification was given.", expected="at least one", action="Name one.")
        )
    named = Counter(specification.id for specification in specifications)
    repeated = sorted(name for name, times in named.items() if times > 1)
    if repeated:
        raise UsageError(
            Fault(
                code="RQC-U007",
                what="A specification was given twice.",
                got=", ".join(repeated),
                expected="every specification once",
                action="Give one version of it.",
            )
        )


def _stage(stage: str | None) -> int | None:
    if stage is None:
        return None
    words = [entry.value for entry in Stage]
    if stage not in words:
        raise UsageError(
            Fault(
                code="RQC-U008",
                what="There is no such stage.",
                got=str(stage),
                expected=", ".join(words),
                action="Use one of these words.",
            )
        )
    return words.index(stage)


def _default_stage(
    wanted: int | None, specifications: tuple[Specification, ...], sources: Sequence[Source]
) -> Stage | None:
    if wanted is not None:
        return STAGES[wanted]
    stages = {stage for specification in specifications for stage in specification.stages}
    if len(stages) == 1:
        return next(iter(stages))
    lacking = [source.name for source in sources if "stage" not in source.columns]
    if lacking:
        raise UsageError(
            Fault(
                code="RQC-U009",
                what="The results state no stage, and the specifications have several.",
                where=", ".join(lacking),
                got=", ".join(sorted(stages)),
                expected="a column stage, or one stage to judge",
                action="Name the stage with --stage.",
            )
        )
    return None
