"""The gate: may this dose be given to this patient, here, now, by these two people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StrictStr

from regenqc.console.access.journal import Event, Outcome, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.api.answers import FaultAnswer, refusals
from regenqc.console.pages.gate import freshness_of, gate_rules
from regenqc.console.refusals import NotFound
from regenqc.console.site_ledger import moment_now, site_ledger, view_of_ledger
from regenqc.custody.identifiers import read_scan
from regenqc.errors import DataError

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["gate"])
Code = Annotated[StrictStr, Field(min_length=1, max_length=400)]


class GateRequest(BaseModel):
    """What is asked at the bedside; codes as scanners send them, or as they are printed."""

    item: Code = Field(description="Code on the container.", examples=["DP-0001-1"])
    recipient: Code = Field(description="Pseudonym of the patient, as read at the bedside.", examples=["PATIENT-0815"])
    coi: StrictStr = Field("", max_length=400, description="Chain-of-identity identifier, as read from the label.")
    actor: Code = Field(description="Who would give it.", examples=["NURSE-0501"])
    role: Code = Field(examples=["nurse"])
    second_actor: Code = Field(description="Who checks it with them.", examples=["PHYS-0077"])
    second_role: Code = Field(examples=["physician"])
    network_down: bool = Field(
        default=False,
        description="Answer from the last believed checkpoint alone; its age is said and judged.",
    )
    model_config = {"extra": "forbid"}


class ConditionAnswer(BaseModel):
    """What became of one condition."""

    code: str
    name: str
    sentence: str
    answer: Literal["holds", "does not hold", "not asked"]
    source: str
    mark: str
    otherwise: str = Field("", description="Why it was not asked.")
    reasons: list[FaultAnswer] = Field(description="What stands against it.")


class KnownTo(BaseModel):
    """By which checkpoint the ledger is known while the network is down."""

    covers: int
    known_at: str
    age_seconds: int
    fault: str


class GateReply(BaseModel):
    """Go, or no-go with every reason."""

    answer: Literal["go", "no-go"] = Field(description="Anything but `go` is no.")
    item: str
    recipient: str
    site: str
    asked_at: str
    conditions: list[ConditionAnswer]
    events_known: int
    last_recorded_at: str
    checkpoint: KnownTo | None


@router.post(
    "/gate",
    summary="Ask whether a dose may be given",
    responses=refusals(404),
    dependencies=[allow(Permission.GATE)],
)
def ask(request: Request, asked: GateRequest) -> GateReply:
    """Answer from the ledger of the site alone, and note in the journal who asked and what was answered.

    An item that nobody knows is no-go, not an error. Do not give a dose on any answer but `go`: a refusal, an answer that does not
    come and one that is not understood are no.
    """
    from regenqc.reinspection.gate import Question, ask_gate, gate_value  # noqa: PLC0415 - loaded where it is asked

    console: Console = request.app.state.console
    site = console.settings.site
    if not signed_in(request).sees(site):
        raise NotFound("site", site)
    try:
        read = {name: read_scan(value).code for name, value in asked.model_dump(exclude={"network_down"}).items()}
    except DataError as error:
        record(request, Event.GATE, subject=asked.item, outcome=Outcome.REFUSED, detail=error.faults[0].what)
        raise
    now = moment_now(console)
    checkpoint = freshness_of(console, site_ledger(request), now=now)[1] if asked.network_down else None
    with view_of_ledger(request) as view:
        answer = ask_gate(view, Question(**read, site=site, now=now), rules=gate_rules(console), checkpoint=checkpoint)
    record(
        request,
        Event.GATE,
        subject=read["item"],
        outcome=Outcome.DONE if answer.is_go else Outcome.REFUSED,
        detail=f"{answer.word} for {read['recipient']} by {read['actor']} and {read['second_actor']}: "
        f"{' '.join(answer.names)}",
    )
    return GateReply.model_validate(gate_value(answer))
