"""Dispositions: what the data allow, for each lot that is known, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import SignedIn, allow, signed_in
from regenqc.console.api.answers import After, Limit, refusals
from regenqc.console.refusals import NotFound, Refused
from regenqc.console.store.current_lots import folded
from regenqc.console.store.tables import BATCHES, CELLS, EVALUATIONS, FINDINGS, JUDGEMENTS, LOTS
from regenqc.errors import Fault
from regenqc.vocabulary import Disposition, Stage

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

    from regenqc.console.application import Console

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["dispositions"])
Word = Annotated[str, Query(max_length=400)]
LotId = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$", description="`lot_id` of a disposition.")]
_LARGEST_NUMBER: Final = 2**62


class LotDisposition(BaseModel):
    """What the data allow for one lot: a batch at a stage under a specification."""

    lot_id: str = Field(description="Of this lot, the same in every installation.")
    batch_id: str
    stage: str
    spec_id: str
    spec_version: str
    spec_fingerprint: str
    product: str
    site: str
    disposition: Disposition = Field(description="What the data allow; a named person decides.")
    reasons: str
    pending_until: str = Field(description="Until when what is still to come is due; empty when nothing is.")
    fails: int
    inconclusive: int
    missing: int
    pending: int
    alerts: int
    as_of: str = Field(description="Moment as of which was judged.")
    evaluation_id: str = Field(description="Of the evaluation that judged it last.")
    decision_id: str = Field(description="Of the decision in force; empty when nobody decided.")


class Dispositions(BaseModel):
    """A page of lots, in an order of its own that stays the same."""

    dispositions: list[LotDisposition]
    next: str | None = Field(description="For `after` of the next page; null on the last.")


class FindingAnswer(BaseModel):
    """One cell of a lot that is not `conforms`, explained."""

    requirement_id: str
    verdict: str
    reason_code: str
    test: str
    reported: str = Field(description="As the laboratory wrote it.")
    unit: str
    limit: str
    source: str = Field(description="File of the result.")
    row_number: int | None = Field(description="Row of it; null where no result is meant.")
    explanation: str = Field(description="One sentence that a reviewer can sign.")


class EarlierJudgement(BaseModel):
    """What an earlier evaluation said of the lot."""

    evaluation_id: str
    as_of: str
    disposition: Disposition
    reasons: str


class Lot(LotDisposition):
    """One lot with every requirement, every finding, and what was said of it before."""

    attributes: dict[str, str] = Field(description="Of the batch table.")
    verdicts: dict[str, str] = Field(description="Verdict by requirement.")
    findings: list[FindingAnswer]
    history: list[EarlierJudgement] = Field(description="The latest first, this one included.")


@router.get(
    "/dispositions",
    summary="List the dispositions of lots",
    responses=refusals(400),
    dependencies=[allow(Permission.READ)],
)
def list_dispositions(
    request: Request,
    after: After = "",
    limit: Limit = 100,
    batch_id: Word = "",
    stage: Annotated[Stage | None, Query(description="Only lots at this stage.")] = None,
    spec_id: Word = "",
    product: Word = "",
    site: Word = "",
    disposition: Annotated[Disposition | None, Query(description="Only lots with this one.")] = None,
    evaluation_id: Word = "",
) -> Dispositions:
    """Return the current disposition of every lot that the account may see, and that every stated condition fits."""
    console: Console = request.app.state.console
    asked = _lots(signed_in(request)).where(LOTS.c.id > _number(after)).order_by(LOTS.c.id).limit(limit + 1)
    if batch_id:
        asked = asked.where(LOTS.c.folded == folded(batch_id), LOTS.c.batch_id == batch_id)
    for column, stated in ((LOTS.c.spec_id, spec_id), (LOTS.c.product, product), (LOTS.c.site, site)):
        if stated:
            asked = asked.where(column == stated)
    if stage is not None:
        asked = asked.where(LOTS.c.stage == stage.value)
    if disposition is not None:
        asked = asked.where(LOTS.c.disposition == disposition.value)
    if evaluation_id:
        asked = asked.where(EVALUATIONS.c.folder == evaluation_id)
    with console.store.connect() as connection:
        rows = connection.execute(asked).all()
    shown = rows[:limit]
    return Dispositions(
        dispositions=[LotDisposition(**_values(row)) for row in shown],
        next=str(shown[-1].id) if len(rows) > limit else None,
    )


@router.get(
    "/lots/{lot_id}",
    summary="Fetch a lot with its findings",
    responses=refusals(404),
    dependencies=[allow(Permission.READ)],
)
def show_lot(request: Request, lot_id: LotId) -> Lot:
    """Return a lot: what the data allow, every verdict, every finding with its source, and what was said before."""
    console: Console = request.app.state.console
    with console.store.connect() as connection:
        row = connection.execute(_lots(signed_in(request)).where(LOTS.c.key == lot_id)).first()
        if row is None:
            raise NotFound("lot", lot_id)
        return Lot(
            **_values(row),
            attributes=_attributes(connection, row.judgement_id),
            verdicts=_verdicts(connection, row.judgement_id),
            findings=_findings(connection, row.judgement_id),
            history=_history(connection, lot_id),
        )


def _lots(person: SignedIn) -> Select[Any]:
    asked = (
        select(
            LOTS,
            JUDGEMENTS.c.spec_version,
            JUDGEMENTS.c.spec_fingerprint,
            _PENDING_UNTIL,
            EVALUATIONS.c.as_of,
            EVALUATIONS.c.folder,
        )
        .join(JUDGEMENTS, JUDGEMENTS.c.id == LOTS.c.judgement_id)
        .join(EVALUATIONS, EVALUATIONS.c.id == JUDGEMENTS.c.evaluation_id)
    )
    return asked.where(LOTS.c.site.in_(sorted(person.sites))) if person.sites else asked


# The lot has the moment in seconds, to be sorted by; the judgement has it as it was written.
_PENDING_UNTIL: Final = JUDGEMENTS.c.pending_until.label("pending_text")
_SAME: Final = (
    "batch_id", "stage", "spec_id", "spec_version", "spec_fingerprint", "product", "site", "disposition", "reasons",
    "fails", "inconclusive", "missing", "pending", "alerts", "as_of", "decision_id",
)  # fmt: skip


def _values(row: Row[Any]) -> dict[str, Any]:
    return {
        "lot_id": row.key,
        "evaluation_id": row.folder,
        "pending_until": row.pending_text,
        **{name: getattr(row, name) for name in _SAME},
    }


def _attributes(connection: Connection, judgement: int) -> dict[str, str]:
    import json  # noqa: PLC0415 - a name used once

    asked = (
        select(BATCHES.c.attributes)
        .join(JUDGEMENTS, JUDGEMENTS.c.batch == BATCHES.c.id)
        .where(JUDGEMENTS.c.id == judgement)
    )
    stated: dict[str, str] = json.loads(connection.execute(asked).scalar_one() or "{}")
    return stated


def _verdicts(connection: Connection, judgement: int) -> dict[str, str]:
    asked = select(CELLS).where(CELLS.c.judgement_id == judgement).order_by(CELLS.c.id)
    return {row.requirement_id: row.verdict for row in connection.execute(asked)}


def _findings(connection: Connection, judgement: int) -> list[FindingAnswer]:
    asked = select(FINDINGS).where(FINDINGS.c.judgement_id == judgement).order_by(FINDINGS.c.id)
    return [
        FindingAnswer(
            **{name: getattr(row, name) for name in FindingAnswer.model_fields} | {"source": _file(row.source)}
        )
        for row in connection.execute(asked)
    ]


def _history(connection: Connection, key: str) -> list[EarlierJudgement]:
    asked = (
        select(JUDGEMENTS.c.disposition, JUDGEMENTS.c.reasons, EVALUATIONS.c.as_of, EVALUATIONS.c.folder)
        .join(EVALUATIONS, EVALUATIONS.c.id == JUDGEMENTS.c.evaluation_id)
        .where(JUDGEMENTS.c.key == key, EVALUATIONS.c.state == "loaded")
        .order_by(EVALUATIONS.c.as_of_seconds.desc(), EVALUATIONS.c.id.desc())
        .limit(100)
    )
    return [
        EarlierJudgement(evaluation_id=row.folder, as_of=row.as_of, disposition=row.disposition, reasons=row.reasons)
        for row in connection.execute(asked)
    ]


def _file(source: str) -> str:
    # Where a file lay on the server is nobody's business.
    return source.rpartition("/")[2]


def _number(after: str) -> int:
    if not after:
        return 0
    if not (after.isascii() and after.isdigit()) or int(after[:20]) > _LARGEST_NUMBER:
        raise Refused(
            400,
            Fault(
                code="RQC-W425",
                what="This is no `next` of a page.",
                where="after",
                got=after[:120],
                action="Begin with the first page.",
            ),
        )
    return int(after)
