"""Events of custody that a LIMS or MES records in the ledger of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from regenqc.canonical import canonical_json
from regenqc.console.access.journal import Event, Outcome, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.api.answers import FaultAnswer, refusals
from regenqc.console.refusals import Refused
from regenqc.console.site_ledger import moment_now, site_ledger, site_rules
from regenqc.errors import DataError, Fault, fault_value

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["EVENT_SCHEMAS", "router"]

router = APIRouter(prefix="/api/v1", tags=["custody"])
_MOST: Final = 500
EVENT_SCHEMAS: Final = "#/components/schemas/Custody{name}"


class EventsRequest(BaseModel):
    """Events, in the order in which they happened."""

    events: Annotated[
        list[dict[str, Any]],
        Field(
            min_length=1, max_length=_MOST, json_schema_extra={"items": {"$ref": EVENT_SCHEMAS.format(name="Event")}}
        ),
    ] = Field(description="`regenqc.event/1`, signed where the rules of the site ask for it.")
    model_config = {"extra": "forbid"}


class EventOutcome(BaseModel):
    """What became of one event."""

    event_id: str
    state: Literal["recorded", "known", "declined"] = Field(description="`known`: the same event was recorded before.")
    index: int | None = Field(description="Its place in the ledger; null when it was declined.")
    faults: list[FaultAnswer] = Field(description="Every rule that it breaks.")


class EventOutcomes(BaseModel):
    """What became of each event, in their order."""

    outcomes: list[EventOutcome]


@router.post(
    "/events",
    summary="Record events of custody",
    response_model=EventOutcomes,
    responses={
        200: {"model": EventOutcomes, "description": "Every event is recorded, durably."},
        409: {"model": EventOutcomes, "description": "Some are declined by the rules, the others are recorded."},
        **{code: said for code, said in refusals().items() if code != 409},
    },
    dependencies=[allow(Permission.UPLOAD)],
)
def record_events(request: Request, asked: EventsRequest) -> Response:
    """Record events in one transaction; the rules of custody judge each by the ledger and all events before it.

    An event that is declined does not stop the others. The same event may be sent again: it is recorded once, by its `event_id`.
    """
    from regenqc.custody import Book, Noted  # noqa: PLC0415 - the ledger is loaded where it is written

    console: Console = request.app.state.console
    person = signed_in(request)
    site = site_rules(console)
    elsewhere = [
        Fault(
            code="RQC-W424",
            what="An event belongs to a site for which this account does not speak.",
            where=f"body.events.{at}.site",
            got=str(event.get("site", "nothing"))[:120],
            expected=", ".join(sorted(person.sites)),
        )
        for at, event in enumerate(asked.events)
        if not person.sees(str(event.get("site", "")))
    ]
    if elsewhere:
        raise Refused(422, *elsewhere)
    data = [_bytes_of(event, at) for at, event in enumerate(asked.events)]
    log = site_ledger(request)  # what is not there is not made
    del log
    with Book.open(
        console.settings.ledger_url, policy=site.policy, now=lambda: moment_now(console), keeper=site.keeper
    ) as book:
        outcomes = book.append(data, offered_by=person.person_id)
    told = [
        EventOutcome(
            event_id=each.event_id,
            state="declined" if not isinstance(each, Noted) else "known" if each.again else "recorded",
            index=each.index if isinstance(each, Noted) else None,
            faults=[] if isinstance(each, Noted) else [FaultAnswer(**fault_value(fault)) for fault in each.faults],
        )
        for each in outcomes
    ]
    is_whole = all(each.state != "declined" for each in told)
    record(
        request,
        Event.CUSTODY,
        subject=told[0].event_id,
        outcome=Outcome.DONE if is_whole else Outcome.REFUSED,
        detail=f"{len(told)} events offered, {sum(each.state == 'declined' for each in told)} declined",
    )
    return JSONResponse(EventOutcomes(outcomes=told).model_dump(mode="json"), 200 if is_whole else 409)


def _bytes_of(event: dict[str, Any], at: int) -> bytes:
    try:
        return canonical_json(event)
    except DataError as error:
        raise Refused(
            422,
            *(
                Fault(
                    code=each.code,
                    what=each.what,
                    where=f"body.events.{at}{each.where.removeprefix('$')}",
                    got=each.got,
                    expected=each.expected,
                    action=each.action,
                )
                for each in error.faults
            ),
        ) from error
