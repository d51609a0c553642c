"""Decide about a lot and sign: the questions, what is signed as it will be signed, and the signature."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final
from unicodedata import normalize

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from regenqc.console.access.journal import Event, Outcome, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import SignedIn, allow, signed_in
from regenqc.console.deciding import SigningDesk, Typed, digest_shown
from regenqc.console.pages.lot_view import find_lot
from regenqc.console.pages.preview import Preview, preview_of
from regenqc.console.rendering import page
from regenqc.decision.answers import Answers, Confirmation, answers_json, read_answers_json
from regenqc.decision.checklist import find_checklist
from regenqc.decision.reading import read_decision
from regenqc.decision.rules import required_acknowledgements
from regenqc.errors import Fault, RegenqcError, SignatureError
from regenqc.signing.moments import read_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.decision.checklist import Checklist
    from regenqc.decision.desk import Desk, LaidOut
    from regenqc.decision.model import Decision

__all__ = ["ROUTER"]

ROUTER = APIRouter()
# What was shown is signed within this time, or looked at again.
_SHOWN_FOR: Final = timedelta(minutes=30)
_Text = Annotated[str, Query(max_length=40)]


async def _form(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=500, max_part_size=100_000)


_Form = Annotated[FormData, Depends(_form)]


@ROUTER.get("/lots/{key}/decide", dependencies=[allow(Permission.DECIDE)], response_class=HTMLResponse)
def ask(request: Request, key: str, kind: _Text = "") -> Response:
    """Show what may be decided about a lot; with a kind, its questions."""
    place = _Place(request, key)
    if place.lot.state == "waiting":
        return RedirectResponse(f"/lots/{key}/countersign", status_code=303)
    chosen = kind if kind in place.kinds else ""
    return place.questions(chosen, None, ())


@ROUTER.post("/lots/{key}/decide", dependencies=[allow(Permission.DECIDE)], response_class=HTMLResponse)
def answer(request: Request, key: str, form: _Form) -> Response:
    """Take the answers: show what would be signed, or everything that keeps it from being signed."""
    place = _Place(request, key)
    answers = place.answers(form)
    if answers is None:
        return place.questions("", None, ())
    try:
        decision = place.desk.prepare(place.laid_out, answers)
    except RegenqcError as error:
        return place.questions(answers.kind, answers, error.faults, status=422)
    return place.to_sign(decision, answers, ())


@ROUTER.post("/lots/{key}/sign", dependencies=[allow(Permission.DECIDE)], response_class=HTMLResponse)
def sign(request: Request, key: str, form: _Form) -> Response:
    """Sign what was shown."""
    place = _Place(request, key)
    answers = read_answers_json(_field(form, "answers"))
    made_at = _moment(_field(form, "made_at"), request.app.state.console.clock())
    decision = place.desk.prepare(place.laid_out, answers, now=made_at)
    if place.laid_out.head == decision.decision_id:
        return RedirectResponse(f"/lots/{key}", status_code=303)  # sent twice: it was signed the first time
    if digest_shown(decision) != _field(form, "shown") or made_at is None:
        fresh = place.desk.prepare(place.laid_out, answers)
        return place.to_sign(fresh, answers, (_CHANGED,), status=409)
    try:
        place.signing.sign_new(decision, _typed(form, decision))
    except RegenqcError as error:
        _note_refused(request, key, error.faults)
        return place.to_sign(decision, answers, error.faults, status=422)
    return RedirectResponse(f"/lots/{key}", status_code=303)


@ROUTER.get("/lots/{key}/countersign", dependencies=[allow(Permission.REVIEW)], response_class=HTMLResponse)
def show_waiting(request: Request, key: str) -> Response:
    """Show a decision that waits for a signature, as it was prepared."""
    waiting = _Waiting(request, key)
    return waiting.page(()) if waiting.decision is not None else RedirectResponse(f"/lots/{key}", status_code=303)


@ROUTER.post("/lots/{key}/countersign", dependencies=[allow(Permission.REVIEW)], response_class=HTMLResponse)
def countersign(request: Request, key: str, form: _Form) -> Response:
    """Give the next signature to a decision that somebody else prepared."""
    waiting = _Waiting(request, key)
    decision = waiting.decision
    if decision is None:
        return RedirectResponse(f"/lots/{key}", status_code=303)
    if f"{digest_shown(decision)} {len(decision.signatures)}" != _field(form, "shown"):
        return waiting.page((_CHANGED,), status=409)
    try:
        waiting.signing.sign_further(decision, _typed(form, decision), checklist=waiting.checklist)
    except RegenqcError as error:
        _note_refused(request, key, error.faults)
        return waiting.page(error.faults, status=422)
    return RedirectResponse(f"/lots/{key}", status_code=303)


_CHANGED: Final = Fault(
    code="RQC-W110",
    what="This is no longer what was shown to you, or it was shown too long ago.",
    action="Look at it again, as it stands below, and sign then.",
)


class _Place:
    """What the steps of one decision have in common."""

    def __init__(self, request: Request, key: str) -> None:
        self.request = request
        self.person, self.signing, self.lot = _opened(request, key)
        self.desk: Desk = self.signing.desk(self.lot, person=self.person.person_id)
        self.laid_out: LaidOut = self.desk.lay_out(self.lot.batch_id, stage=self.lot.stage)
        self.kinds = self.desk.kinds(self.laid_out)

    def questions(
        self, kind: str, answers: Answers | None, faults: Sequence[Fault], *, status: int = 200
    ) -> HTMLResponse:
        draft = self.desk.draft(self.laid_out, kind or "reject")
        is_release = bool(kind) and draft.is_release
        checklist = self.desk.checklist
        return page(
            self.request,
            "decide.html.jinja",
            status=status,
            lot=self.lot,
            kinds=self.kinds,
            kind=kind,
            draft=draft,
            proposed=self.kinds[0],
            head=self.laid_out.chain[-1] if self.laid_out.chain else None,
            items=checklist.items_of(kind) if is_release else (),
            checklist=checklist,
            acknowledgements=required_acknowledgements(draft) if is_release else (),
            documents=checklist.exceptional if kind == "exceptional_release" else (),
            departs=bool(kind) and self.desk.departs(self.laid_out, kind),
            answers=answers,
            faults=faults,
        )

    def answers(self, form: FormData) -> Answers | None:
        """Return what was answered; `None` where no kind of decision that is open was chosen."""
        kind = _field(form, "kind")
        if kind not in self.kinds:
            return None
        checklist = {
            name.removeprefix("item:"): Confirmation(
                answer=str(value),  # type: ignore[arg-type] # checked in the line below
                comment=_field(form, f"comment:{name.removeprefix('item:')}"),
            )
            for name, value in form.items()
            if name.startswith("item:") and value in {"yes", "no", "not_applicable"}
        }
        head = self.laid_out.head
        return Answers(
            batch_id=self.laid_out.dossier.batch_id,
            kind=kind,  # type: ignore[arg-type] # one of those that are open
            stage=self.laid_out.dossier.stage,
            checklist=checklist,
            acknowledged=tuple(str(each) for each in form.getlist("acknowledged")),
            justification=_field(form, "justification"),
            exceptional={
                name.removeprefix("exceptional:"): normalize("NFC", str(value)).strip()
                for name, value in form.items()
                if name.startswith("exceptional:") and str(value).strip()
            },
            supersedes=head,
            reason=_field(form, "reason") if head is not None else "",
        )

    def to_sign(
        self, decision: Decision, answers: Answers, faults: Sequence[Fault], *, status: int = 200
    ) -> HTMLResponse:
        return page(
            self.request,
            "sign.html.jinja",
            status=status,
            lot=self.lot,
            decision=decision,
            rule=decision.required_signatures[0],
            following=decision.required_signatures[1:],
            role=_role_for(self.person, decision),
            action=f"/lots/{self.lot.key}/sign",
            hidden={"answers": answers_json(answers), "made_at": decision.made_at, "shown": digest_shown(decision)},
            preview=_preview(self.request, decision),
            faults=faults,
        )


class _Waiting:
    """A decision that waits for a signature."""

    def __init__(self, request: Request, key: str) -> None:
        self._request = request
        self._person, self.signing, self._lot = _opened(request, key)
        self.decision: Decision | None = None
        if self._lot.state == "waiting":
            self.decision = read_decision(self.signing.folder.file_of(self._lot.decision_id))

    @property
    def checklist(self) -> Checklist:
        decision = self.decision
        if decision is None:
            raise SignatureError
        return find_checklist(
            jurisdiction=decision.spec.jurisdiction,
            specification=decision.spec.id,
            extends=decision.spec.extends,
            version=decision.checklist_id.rpartition("@")[2],
        )

    def page(self, faults: Sequence[Fault], *, status: int = 200) -> HTMLResponse:
        decision = self.decision
        if decision is None:
            raise SignatureError
        number = len(decision.signatures)
        return page(
            self._request,
            "sign.html.jinja",
            status=status,
            lot=self._lot,
            decision=decision,
            rule=decision.required_signatures[number],
            following=decision.required_signatures[number + 1 :],
            role=_role_for(self._person, decision),
            action=f"/lots/{self._lot.key}/countersign",
            hidden={"shown": f"{digest_shown(decision)} {number}"},
            preview=_preview(self._request, decision),
            faults=faults,
        )


def _note_refused(request: Request, key: str, faults: Sequence[Fault]) -> None:
    """Put into the journal that a signature about a lot was refused, and why; never what was typed."""
    detail = "; ".join(f"{fault.code} {fault.what}" for fault in faults)
    record(request, Event.SIGNATURE, subject=key, outcome=Outcome.REFUSED, detail=detail)


def _opened(request: Request, key: str) -> tuple[SignedIn, SigningDesk, Any]:
    console = request.app.state.console
    person = signed_in(request)
    with console.store.connect() as connection:
        lot = find_lot(connection, key, person)
    desk = SigningDesk(console.settings, console.store, console.office.registry, console.clock)
    return person, desk, lot


def _preview(request: Request, decision: Decision) -> Preview | None:
    console = request.app.state.console
    return preview_of(decision, console.settings, now=console.clock())


def _role_for(person: SignedIn, decision: Decision) -> str:
    """Return the role in which a person would give the next signature: one of theirs that may, else the first that may."""
    roles = decision.required_signatures[len(decision.signatures)].roles
    held = {role.value for role in person.roles}
    return next((role for role in roles if role in held), roles[0])


def _typed(form: FormData, decision: Decision) -> Typed:
    return Typed(
        person=_field(form, "person"),
        password=str(form.get("password") or ""),
        role=_field(form, "role"),
        meaning=_field(form, "meaning") or decision.required_signatures[len(decision.signatures)].meaning,
    )


def _field(form: FormData, name: str) -> str:
    return normalize("NFC", str(form.get(name) or "")).strip()


def _moment(text: str, now: datetime) -> datetime | None:
    """Return when the decision was shown; `None` when that is no moment, is yet to come or is too long ago."""
    try:
        moment = read_moment(text)
    except SignatureError:
        return None
    return moment if timedelta(0) <= now - moment <= _SHOWN_FOR else None
