"""At the bedside: identity checked by two people, thaw, what was given after a go; and what is destroyed or sent back."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from regenqc.console.access.journal import Event, Outcome, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.pages.gate import answered_page, gate_rules
from regenqc.console.photos.fields import Photographed, answer_photos, read_form
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.console.site_ledger import (
    moment_now,
    record_events,
    roles_in_ledger,
    signer_of,
    site_rules,
    view_of_ledger,
)
from regenqc.custody.identifiers import read_scan
from regenqc.custody.moments import moment_of
from regenqc.custody.state import left_of
from regenqc.custody.trace import Reader
from regenqc.custody.words import ROLES
from regenqc.errors import DataError, Fault, RegenqcError, UsageError
from regenqc.reinspection.bedside import ACTS, MADE_ANEW, Sheet, compared, sheet_event, sheet_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.console.application import Console
    from regenqc.custody import Event as CustodyEvent
    from regenqc.custody.state import ItemState
    from regenqc.custody.trace.reader import Step

__all__ = ["router"]

router = APIRouter()
Text = Annotated[str, Form(max_length=400)]
Asked = Annotated[str, Query(max_length=400)]
Long = Annotated[str, Form(max_length=2000)]
Password = Annotated[str, Form(max_length=1000)]
_SHOWN: Final = 8
_SCANNED: Final = ("item", "recipient", "coi", "actor", "second_actor", "destination")


@router.get("/bedside", dependencies=[allow(Permission.GATE)])
def bedside(request: Request, item: Asked = "") -> Response:
    """Show how a container stands and what may be done next; without a code, ask for one."""
    return _shown(request, item)


@router.post("/bedside/photo", dependencies=[allow(Permission.GATE, told_by_route=True)])
def bedside_photo(request: Request, found: Annotated[Photographed, Depends(read_form)]) -> Response:
    """Read the photos beside the fields, and show the page with what they say; nothing is checked yet."""

    def shown() -> Response:
        item = found.typed.get("item", "")
        record(request, Event.GATE, subject=item)  # what follows is a look at the chain
        return _shown(request, item, photographed=found)

    return answer_photos(request, found, shown)


@router.post("/bedside/check", dependencies=[allow(Permission.GATE)])
def compare(
    request: Request,
    item: Text = "",
    recipient: Text = "",
    coi: Text = "",
    actor: Text = "",
    role: Text = "",
    second_actor: Text = "",
    second_role: Text = "",
) -> Response:
    """Say whether wristband, label and container belong together, before anybody signs."""
    typed = {
        "item": item, "recipient": recipient, "coi": coi, "actor": actor, "role": role,
        "second_actor": second_actor, "second_role": second_role,
    }  # fmt: skip
    return _check_page(request, typed | {"sheet": secrets.token_hex(16), "thaw": "", "expires_at": ""}, faults=())


@router.post("/bedside/record", dependencies=[allow(Permission.GATE)])
def record_check(
    request: Request,
    sheet: Text = "",
    item: Text = "",
    recipient: Text = "",
    coi: Text = "",
    actor: Text = "",
    role: Text = "",
    second_actor: Text = "",
    second_role: Text = "",
    thaw: Annotated[str, Form(max_length=8)] = "",
    expires_at: Text = "",
    password: Password = "",
    second_password: Password = "",
) -> Response:
    """Record the check, and the thaw where it begins now, signed by both."""
    typed = {
        "sheet": sheet, "item": item, "recipient": recipient, "coi": coi, "actor": actor, "role": role,
        "second_actor": second_actor, "second_role": second_role, "thaw": thaw, "expires_at": expires_at,
    }  # fmt: skip
    kinds = ("bedside_check", "thaw_at_bedside") if thaw else ("bedside_check",)
    try:
        said, _ = _record(request, kinds, typed, passwords=(password, second_password))
    except RegenqcError as error:
        return _check_page(request, typed, faults=error.faults)
    return _done(said)


@router.get("/bedside/give", dependencies=[allow(Permission.GATE)])
def given_form(
    request: Request,
    item: Asked = "",
    recipient: Asked = "",
    coi: Asked = "",
    actor: Asked = "",
    role: Asked = "",
    second_actor: Asked = "",
    second_role: Asked = "",
) -> Response:
    """Ask how much was given, after the gate said go."""
    typed = {
        "sheet": secrets.token_hex(16), "item": item, "recipient": recipient, "coi": coi, "actor": actor, "role": role,
        "second_actor": second_actor, "second_role": second_role, "quantity": "",
    }  # fmt: skip
    return _act_page(request, "administer", typed)


@router.post("/bedside/give", dependencies=[allow(Permission.GATE)])
def give(
    request: Request,
    sheet: Text = "",
    item: Text = "",
    recipient: Text = "",
    coi: Text = "",
    actor: Text = "",
    role: Text = "",
    second_actor: Text = "",
    second_role: Text = "",
    quantity: Text = "",
    password: Password = "",
    second_password: Password = "",
) -> Response:
    """Record what was given, if the gate says go at this moment; the answer is recorded with it."""
    typed = {
        "sheet": sheet, "item": item, "recipient": recipient, "coi": coi, "actor": actor, "role": role,
        "second_actor": second_actor, "second_role": second_role, "quantity": quantity,
    }  # fmt: skip
    try:
        said, refused = _record(request, ("administer",), typed, passwords=(password, second_password))
    except RegenqcError as error:
        return _act_page(request, "administer", typed, faults=error.faults)
    return refused or _done(said)


@router.get("/bedside/{act}", dependencies=[allow(Permission.RECEIVE)])
def ending_form(request: Request, act: str, item: Asked = "") -> Response:
    """Ask why a container is destroyed or returned, and what of it."""
    typed = {
        "sheet": secrets.token_hex(16), "item": item, "actor": signed_in(request).person_id, "role": "", "quantity": "",
        "destination": "", "reason": "",
    }  # fmt: skip
    return _act_page(request, _ending(act), typed)


@router.post("/bedside/{act}", dependencies=[allow(Permission.RECEIVE)])
def end(
    request: Request,
    act: str,
    sheet: Text = "",
    item: Text = "",
    role: Text = "",
    quantity: Text = "",
    destination: Text = "",
    reason: Long = "",
    password: Password = "",
) -> Response:
    """Record that a container, or part of it, was destroyed or sent back, signed by who does it."""
    typed = {
        "sheet": sheet, "item": item, "role": role, "quantity": quantity, "destination": destination,
        "reason": reason, "actor": signed_in(request).person_id,
    }  # fmt: skip
    kind = _ending(act)
    try:
        said, _ = _record(request, (kind,), typed, passwords=(password,))
    except RegenqcError as error:
        return _act_page(request, kind, typed, faults=error.faults)
    return _done(said)


def _record(
    request: Request, kinds: Sequence[str], typed: dict[str, str], *, passwords: Sequence[str]
) -> tuple[Sheet, Response | None]:
    """Record a sheet; return it as it was read, and the answer of the gate where that stands against it."""
    console: Console = request.app.state.console
    sheet = _read(typed)
    _, state = _standing(request, sheet.item)
    person = signed_in(request).person_id
    now, site = moment_now(console), site_rules(console)
    code = console.settings.site
    events = [sheet_event(kind, sheet, state, site=code, zone=site.zone, now=now) for kind in kinds]
    with view_of_ledger(request) as view:
        is_again = len(view.find([event.event_id.encode() for event in events])) == len(events)
    faults = [] if is_again else [fault for kind in kinds for fault in sheet_faults(kind, sheet, state)]
    if person not in {sheet.actor, sheet.second_actor}:
        faults.append(_wrong("RQC-H419", "Whoever does it records it.", person, "one of the two"))
    if faults:
        raise DataError(*faults)
    if is_again:
        return sheet, None
    if "administer" in kinds:
        asked, refused = _ask(request, sheet, now)
        if refused is not None:
            return sheet, refused
        events = [asked, *events]
    actors = (sheet.actor, sheet.second_actor) if ACTS[kinds[-1]] else (sheet.actor,)
    signers = [
        signer_of(console, actor, password=password, purpose=f"{kinds[-1]} {sheet.item}"[:120])
        for actor, password in zip(actors, passwords, strict=True)
    ]
    record_events(console, events, signers=signers, members=MADE_ANEW)
    record(
        request,
        Event.GATE,
        subject=sheet.item,
        detail=", ".join(f"{event.kind} {event.outcome}".strip() for event in events),
    )
    return sheet, None


def _ask(request: Request, sheet: Sheet, now: str) -> tuple[CustodyEvent, Response | None]:
    """Return the gate's answer of this moment as an event, and as a page where it is no."""
    from regenqc.reinspection.gate import Question, answer_event, ask_gate  # noqa: PLC0415

    console: Console = request.app.state.console
    names = ("item", "recipient", "coi", "actor", "role", "second_actor", "second_role")
    asked = {name: getattr(sheet, name) for name in names}
    with view_of_ledger(request) as view:
        answer = ask_gate(view, Question(**asked, site=console.settings.site, now=now), rules=gate_rules(console))
    made = answer_event(answer, zone=site_rules(console).zone, recorded_at=now)
    if answer.is_go:
        return made, None
    record(
        request, Event.GATE, subject=sheet.item, outcome=Outcome.REFUSED, detail=f"not given: {' '.join(answer.names)}"
    )
    return made, answered_page(request, answer, asked, status=422)


def _shown(request: Request, item: str, *, faults: tuple[Fault, ...] = (), **more: Any) -> Response:
    shown: dict[str, Any] = {"item": item, "code": "", "state": None, "faults": faults}
    _check_site(request)
    if item.strip() and not faults:
        try:
            code = read_scan(item).code
            steps, state = _standing(request, code)
        except RegenqcError as error:
            return _shown(request, item, faults=error.faults)
        shown |= {"code": code, "state": state, "steps": list(reversed(steps))[:_SHOWN], "left": left_of(state)}
    return page(request, "ward/bedside.html.jinja", status=422 if faults else 200, **(shown | more), **_people(request))


def _check_page(request: Request, typed: dict[str, str], *, faults: tuple[Fault, ...]) -> Response:
    try:
        sheet = _read(typed)
        steps, state = _standing(request, sheet.item)
    except RegenqcError as error:
        return _shown(request, typed.get("item", ""), faults=error.faults)
    before = tuple(sheet_faults("bedside_check", sheet, state))
    if before:
        return _shown(request, typed.get("item", ""), faults=before)
    found = compared(sheet, state)
    if found != "conformant":
        record(
            request, Event.GATE, subject=sheet.item, outcome=Outcome.REFUSED, detail="identity at the bedside: no match"
        )
    return page(
        request,
        "ward/bedside_check.html.jinja",
        status=422 if faults else 200,
        sheet=sheet,
        typed=typed,
        found=found,
        is_thawed=any(step.event.kind == "thaw_at_bedside" for step in steps),
        faults=faults,
    )


def _act_page(request: Request, kind: str, typed: dict[str, str], *, faults: tuple[Fault, ...] = ()) -> Response:
    try:
        _, state = _standing(request, read_scan(typed["item"]).code)
    except RegenqcError as error:
        return _shown(request, typed["item"], faults=error.faults)
    return page(
        request,
        "ward/bedside_act.html.jinja",
        status=422 if faults else 200,
        kind=kind,
        typed=typed,
        state=state,
        left=left_of(state),
        faults=faults,
        **_people(request),
    )


def _people(request: Request) -> dict[str, Any]:
    return {"roles": sorted(ROLES), "own_roles": roles_in_ledger(request, signed_in(request).person_id)}


def _read(typed: dict[str, str]) -> Sheet:
    """Return what was typed or scanned as a sheet.

    Raises:
        DataError: `RQC-C030` and following, a code cannot be read.
    """
    said = {name: text.strip() for name, text in typed.items() if name in Sheet.__dataclass_fields__}
    said |= {name: read_scan(said[name]).code for name in _SCANNED if said.get(name)}
    sheet = Sheet(**({"actor": ""} | said))
    try:
        return replace(sheet, expires_at=moment_of(datetime.fromisoformat(sheet.expires_at)))
    except (ValueError, DataError):
        return sheet


def _standing(request: Request, code: str) -> tuple[list[Step], ItemState]:
    """Return the life of a container and how it stands.

    Raises:
        DataError: `RQC-H423`, the ledger knows no such container.
    """
    _check_site(request)
    with view_of_ledger(request) as view:
        try:
            steps = Reader(view).life(code)
        except UsageError:  # the log never names it
            steps = []
    if not steps or steps[-1].state.created < 0:
        raise DataError(
            Fault(
                code="RQC-H423",
                what="The ledger knows no such container.",
                where="item",
                got=code or "nothing",
                action="Scan the code again. What nobody knows is not given.",
            )
        )
    return steps, steps[-1].state


def _ending(act: str) -> str:
    if act not in {"discard", "return"}:
        raise NotFound("page", act)
    return act


def _done(sheet: Sheet) -> Response:
    from urllib.parse import urlencode  # noqa: PLC0415

    return RedirectResponse(f"/bedside?{urlencode({'item': sheet.item})}", status_code=303)


def _check_site(request: Request) -> None:
    console: Console = request.app.state.console
    if not signed_in(request).sees(console.settings.site):
        raise NotFound("site", console.settings.site)


def _wrong(code: str, what: str, got: str, expected: str) -> Fault:
    return Fault(code=code, what=what, got=got, expected=expected)
