"""Webhooks: who is told what happens, and what became of the deliveries."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StrictStr

from regenqc.canonical import digest_of
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.api.answers import refusals
from regenqc.console.api.idempotency import IdempotencyKey, remember
from regenqc.console.refusals import NotFound
from regenqc.console.webhooks.addresses import permitted_target
from regenqc.console.webhooks.signing import new_secret
from regenqc.console.webhooks.tables import (
    EventType,
    Subscription,
    add_subscription,
    delivery_counts,
    end_subscription,
    find_subscription,
    subscriptions,
    try_again,
)

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])
_OPERATION: Final = "webhooks"
SubscriptionId = Annotated[str, Path(pattern=r"^hook-[0-9a-f]{16}$", description="As the subscription was answered.")]


class WebhookRequest(BaseModel):
    """Who is to be told what."""

    url: StrictStr = Field(
        max_length=2000,
        description="https address of the receiver; never one that is not public, unless the server permits its network.",
        examples=["https://lims.example.org/regenqc"],
    )
    types: list[EventType] = Field([], max_length=20, description="Of events; every one when left out.")
    sites: list[Annotated[StrictStr, Field(min_length=1, max_length=128)]] = Field(
        [], max_length=100, description="Whose events; those of every site when left out."
    )
    note: StrictStr = Field("", max_length=400, description="What it is for.")
    model_config = {"extra": "forbid"}


class Webhook(BaseModel):
    """A subscription, without its secret."""

    subscription_id: str
    url: str
    types: list[EventType]
    sites: list[str]
    note: str
    made_by: str
    made_at: str
    ended_at: str = Field(description="Empty while it counts.")
    pending: int = Field(description="Events that are still to be delivered.")
    delivered: int
    given_up: int = Field(description="Events that were not taken in three days; `retry` tries them again.")


class NewWebhook(Webhook):
    """A subscription as it is answered the one time that its secret is shown."""

    secret: str | None = Field(description="Of the signatures; null when the request was sent twice: it is shown once.")


class Webhooks(BaseModel):
    """Every subscription, the ended ones included."""

    webhooks: list[Webhook]


class Retried(BaseModel):
    """How many events are tried again."""

    events: int


@router.post(
    "",
    summary="Subscribe to events",
    status_code=201,
    response_model=NewWebhook,
    responses={200: {"model": NewWebhook, "description": "The same request was sent before."}, **refusals(409)},
    dependencies=[allow(Permission.ADMINISTER)],
)
def subscribe(request: Request, key: IdempotencyKey, asked: WebhookRequest) -> Response:
    """Tell a receiver what happens from now on. The secret is shown once, here, and signs every delivery."""
    console: Console = request.app.state.console
    person = signed_in(request)
    permitted_target(asked.url, networks=console.settings.webhook_networks)
    secret, now = new_secret(secrets.token_bytes(32)), console.clock()
    made = Subscription(
        subscription_id=f"hook-{secrets.token_hex(8)}",
        url=asked.url,
        types=tuple(dict.fromkeys(asked.types)),
        sites=tuple(dict.fromkeys(asked.sites)),
        note=asked.note,
        made_by=person.person_id,
        made_at=now.isoformat(),
    )
    fingerprint = digest_of(asked.model_dump_json().encode())
    with console.store.begin() as connection:
        first = remember(
            connection,
            person_id=person.person_id,
            operation=_OPERATION,
            key=key,
            fingerprint=fingerprint,
            result=made.subscription_id,
            now=now,
        )
        if first == made.subscription_id:
            add_subscription(connection, made, secret=secret)
    known = _found(console, first)
    answer = NewWebhook(**known.model_dump(), secret=secret if first == made.subscription_id else None)
    return JSONResponse(answer.model_dump(mode="json"), 201 if first == made.subscription_id else 200)


@router.get("", summary="List subscriptions", responses=refusals(), dependencies=[allow(Permission.ADMINISTER)])
def list_webhooks(request: Request) -> Webhooks:
    """Return every subscription with the number of its deliveries."""
    console: Console = request.app.state.console
    with console.store.connect() as connection:
        found = subscriptions(connection)
        counts = delivery_counts(connection, [each.subscription_id for each in found])
    return Webhooks(webhooks=[_value(each, counts[each.subscription_id]) for each in found])


@router.get(
    "/{subscription_id}",
    summary="Ask what became of a subscription",
    responses=refusals(404),
    dependencies=[allow(Permission.ADMINISTER)],
)
def show_webhook(request: Request, subscription_id: SubscriptionId) -> Webhook:
    """Return one subscription."""
    return _found(request.app.state.console, subscription_id)


@router.delete(
    "/{subscription_id}",
    summary="End a subscription",
    responses=refusals(404),
    dependencies=[allow(Permission.ADMINISTER)],
)
def end_webhook(request: Request, subscription_id: SubscriptionId) -> Webhook:
    """End it at once; what was still to be delivered is given up. Ending it twice is the same as once."""
    console: Console = request.app.state.console
    _found(console, subscription_id)
    with console.store.begin() as connection:
        end_subscription(connection, subscription_id, at=console.clock().isoformat())
    return _found(console, subscription_id)


@router.post(
    "/{subscription_id}/retry",
    summary="Try again what was given up",
    responses=refusals(404),
    dependencies=[allow(Permission.ADMINISTER)],
)
def retry_webhook(request: Request, subscription_id: SubscriptionId) -> Retried:
    """Deliver again, from the start of the schedule, what the receiver did not take."""
    console: Console = request.app.state.console
    known = _found(console, subscription_id)
    if known.ended_at:
        raise NotFound("subscription", subscription_id)
    with console.store.begin() as connection:
        return Retried(events=try_again(connection, subscription_id))


def _found(console: Console, subscription_id: str) -> Webhook:
    with console.store.connect() as connection:
        found = find_subscription(connection, subscription_id)
        if found is None:
            raise NotFound("subscription", subscription_id)
        return _value(found, delivery_counts(connection, [subscription_id])[subscription_id])


def _value(found: Subscription, counts: dict[str, int]) -> Webhook:
    return Webhook(
        subscription_id=found.subscription_id,
        url=found.url,
        types=list(found.types),
        sites=list(found.sites),
        note=found.note,
        made_by=found.made_by,
        made_at=found.made_at,
        ended_at=found.ended_at,
        **counts,
    )
