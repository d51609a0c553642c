"""The gate: one dose, one patient, two people; go or no-go in letters that can be read across a room, with every reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from regenqc.console.access.journal import Event, Outcome, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.photos.fields import Photographed, answer_photos, read_form
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.console.site_ledger import moment_now, site_ledger, trusted_policy, view_of_ledger
from regenqc.custody.identifiers import read_scan
from regenqc.custody.words import ROLES
from regenqc.errors import DataError

if TYPE_CHECKING:
    from regenqc.console.application import Console
    from regenqc.errors import Fault
    from regenqc.ledger import Log
    from regenqc.reinspection.gate import GateAnswer, GateRules, KnownCheckpoint

__all__ = ["answered_page", "freshness_of", "gate_rules", "router"]

router = APIRouter()
Text = Annotated[str, Form(max_length=400)]
_FIELDS: Final = ("item", "recipient", "coi", "actor", "role", "second_actor", "second_role")


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Say how old the newest checkpoint that the site believes is.

    Args:
        age: in words, empty when there is none.
        known_at: until when the ledger is known to be complete.
        fault: why no checkpoint can be believed; empty when one can.
    """

    age: str = ""
    known_at: str = ""
    fault: str = ""


@router.get("/gate", dependencies=[allow(Permission.GATE)])
def gate_form(
    request: Request,
    item: Annotated[str, Query(max_length=400)] = "",
    recipient: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show what is to be scanned."""
    person = signed_in(request)
    asked = dict.fromkeys(_FIELDS, "") | {"item": item, "recipient": recipient, "actor": person.person_id}
    return page(request, "ward/gate.html.jinja", asked=asked, roles=sorted(ROLES), faults=())


@router.post("/gate", dependencies=[allow(Permission.GATE, told_by_route=True)])
def gate_answer(
    request: Request,
    item: Text = "",
    recipient: Text = "",
    coi: Text = "",
    actor: Text = "",
    role: Text = "",
    second_actor: Text = "",
    second_role: Text = "",
    offline: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Answer, and record that it was asked."""
    from regenqc.reinspection.gate import Question, ask_gate  # noqa: PLC0415 - the ledger is loaded where it is asked

    console: Console = request.app.state.console
    if not signed_in(request).sees(console.settings.site):
        raise NotFound("site", console.settings.site)
    typed = {
        "item": item, "recipient": recipient, "coi": coi, "actor": actor, "role": role,
        "second_actor": second_actor, "second_role": second_role,
    }  # fmt: skip
    try:
        read = {name: read_scan(value).code for name, value in typed.items()}
    except DataError as error:
        record(request, Event.GATE, subject=item, outcome=Outcome.REFUSED, detail=error.faults[0].what)
        return _again(request, typed, error.faults)
    now = moment_now(console)
    question = Question(**read, site=console.settings.site, now=now)
    rules = gate_rules(console)
    known = freshness_of(console, site_ledger(request), now=now)[1] if offline else None
    with view_of_ledger(request) as view:
        answer = ask_gate(view, question, rules=rules, checkpoint=known)
    record(
        request,
        Event.GATE,
        subject=question.item,
        outcome=Outcome.DONE if answer.is_go else Outcome.REFUSED,
        detail=f"{answer.word} by {question.actor} and {question.second_actor}: {' '.join(answer.names)}",
    )
    return answered_page(request, answer, typed)


def answered_page(request: Request, answer: GateAnswer, asked: dict[str, str], *, status: int = 200) -> Response:
    """Return the page of an answer.

    Args:
        request: that is answered.
        answer: of the gate.
        asked: the fields as they were typed.
        status: of the page.
    """
    console: Console = request.app.state.console
    freshness, _ = freshness_of(console, site_ledger(request), now=answer.question.now)
    return page(
        request,
        "ward/gate_answer.html.jinja",
        status=status,
        answer=answer,
        asked=asked,
        freshness=freshness,
        grouped=_grouped(answer),
    )


# A photo that is read comes near nobody's chain: what is then asked is recorded.
@router.post("/gate/photo", dependencies=[allow(Permission.GATE, told_by_route=True)])
def gate_photo(request: Request, found: Annotated[Photographed, Depends(read_form)]) -> Response:
    """Read the photos beside the fields, and show the form with what they say; nothing is asked yet."""
    asked = {name: found.typed.get(name, "") for name in _FIELDS}
    return answer_photos(
        request,
        found,
        lambda: page(request, "ward/gate.html.jinja", asked=asked, roles=sorted(ROLES), faults=(), photographed=found),
    )


def _again(request: Request, typed: dict[str, str], faults: tuple[Fault, ...]) -> Response:
    return page(request, "ward/gate.html.jinja", status=422, asked=typed, roles=sorted(ROLES), faults=faults)


def _grouped(answer: GateAnswer) -> dict[str, list[object]]:
    """Return the conditions by what became of them: against it, not asked, held."""
    found: dict[str, list[object]] = {"against": [], "not_asked": [], "held": []}
    for each in answer.answered:
        found["against" if each.reasons else "held" if each.applies else "not_asked"].append(each)
    return found


def gate_rules(console: Console) -> GateRules:
    """Return what the site decides about its gate; what it does not decide, blocks where it is needed."""
    from regenqc.reinspection.gate import GateRules, parse_gate_rules  # noqa: PLC0415

    path = console.settings.custody / "gate.toml"
    if not path.is_file():
        return GateRules()
    return parse_gate_rules(path.read_text(encoding="utf-8", errors="replace"), where=path.name)


def freshness_of(console: Console, log: Log, *, now: str) -> tuple[Freshness, KnownCheckpoint]:
    """Return how old the newest believed checkpoint is, and it as the gate judges it."""
    from regenqc.errors import RegenqcError  # noqa: PLC0415
    from regenqc.reinspection.gate import KnownCheckpoint, known_checkpoint  # noqa: PLC0415

    policy = trusted_policy(console)
    if policy is None:
        fault = "this site has not said whose checkpoints it believes"
        return Freshness(fault=fault), KnownCheckpoint(fault=fault)
    try:
        data = log.latest_checkpoint(policy=policy).encoded
    except RegenqcError as error:
        fault = error.faults[0].what.rstrip(".")
        return Freshness(fault=fault), KnownCheckpoint(fault=fault)
    with log.read() as view:
        known = known_checkpoint(view, data, policy=policy, now=now)
    return Freshness(age=known.age_text, known_at=known.known_at, fault=known.fault), known
