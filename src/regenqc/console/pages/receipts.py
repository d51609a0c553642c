"""Receipt on a tablet: the questions of a receipt page by page, kept at once, gone on with at any time by anybody on duty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from regenqc.console.access.journal import Event, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.photos.fields import Photographed, answer_photos, read_form
from regenqc.console.receipt_store import KeptReceipt, find_receipt, keep_receipt, list_receipts, start_receipt
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.console.site_ledger import moment_now, roles_in_ledger, signer_of, view_of_ledger
from regenqc.custody.identifiers import read_scan
from regenqc.errors import DataError, Fault, RegenqcError
from regenqc.reinspection.receipt import QUESTIONS, Answer, IdentityReading, Receipt, ReTest, amended
from regenqc.reinspection.receipt.deciding import recorded_acts
from regenqc.reinspection.receipt.model import SCHEMA
from regenqc.reinspection.receipt.questions import tests_on_receipt

if TYPE_CHECKING:
    from regenqc.console.application import Console

__all__ = ["STEPS", "receipt_of", "router", "show_step"]

router = APIRouter()
Short = Annotated[str, Form(max_length=400)]
_KNOWN_TESTS: Final = frozenset(each.test for each in QUESTIONS)


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a receipt: its word in addresses, and its title."""

    name: str
    title: str


STEPS: Final = (
    Step("arrival", "Arrival"),
    Step("first", "First reading"),
    Step("second", "Second reading"),
    Step("label", "Count and label"),
    Step("checks", "Checks"),
    Step("tests", "Tests"),
    Step("files", "Packet and loggers"),
    Step("judge", "Judge and record"),
    Step("decide", "Decide"),
)
_PHOTOGRAPHED: Final = frozenset({"arrival", "first", "second", "label"})
_TEXTS: Final = {
    "arrival": ("received_by", "received_as", "received_at", "shipment"),
    "label": ("containers", "expires_at", "shipper", "requalified_until"),
}


async def form_of(request: Request) -> FormData:
    """Return the fields of a form whose names the specification says."""
    return await request.form()


@router.get("/receipts", dependencies=[allow(Permission.RECEIVE)])
def receipts(request: Request) -> Response:
    """List what is being received, and let a container be scanned."""
    return _list(request, faults=(), status=200)


@router.post("/receipts", dependencies=[allow(Permission.RECEIVE)])
def begin(request: Request, item: Short = "", specification: Short = "") -> Response:
    """Begin the receipt of a container, or go on with the one there is."""
    console: Console = request.app.state.console
    if not signed_in(request).sees(console.settings.site):
        raise NotFound("site", console.settings.site)
    try:
        code = read_scan(item).code
        if not code:
            raise _wrong("RQC-H417", "Which container?", "item", "nothing", "the code on it")
        if specification not in dict(_specifications(console)):
            raise _wrong("RQC-H417", "By which specification?", "specification", specification, "one of the list")
    except DataError as error:
        return _list(request, faults=error.faults, status=422)
    record(request, Event.RECEIPT, subject=code, detail="begun")
    receipt_id = start_receipt(
        console.store,
        Receipt(schema=SCHEMA, item=code, site=console.settings.site),
        specification=specification,
        person_id=signed_in(request).person_id,
        now=moment_now(console),
    )
    return RedirectResponse(f"/receipts/{receipt_id}", status_code=303)


# A photo that is read comes near nobody's chain: what is then kept is recorded.
@router.post("/receipts/photo", dependencies=[allow(Permission.RECEIVE, told_by_route=True)])
def begin_photo(request: Request, found: Annotated[Photographed, Depends(read_form)]) -> Response:
    """Read a photo of a container, and show the form with what it says; nothing is begun yet."""
    return answer_photos(request, found, lambda: _list(request, faults=(), status=200, photographed=found))


@router.get("/receipts/{receipt_id}", dependencies=[allow(Permission.RECEIVE)])
def go_on(request: Request, receipt_id: str) -> Response:
    """Lead to the first page on which something is open."""
    kept = receipt_of(request, receipt_id)
    done = steps_done(kept)
    name = next((step.name for step in STEPS if not done[step.name]), "decide")
    return RedirectResponse(f"/receipts/{receipt_id}/{name}", status_code=303)


@router.get("/receipts/{receipt_id}/{step}", dependencies=[allow(Permission.RECEIVE)])
def step_page(request: Request, receipt_id: str, step: str) -> Response:
    """Show one page of a receipt."""
    kept = receipt_of(request, receipt_id)
    if step not in {each.name for each in STEPS}:
        raise NotFound("page", step)
    return show_step(request, kept, step)


@router.post("/receipts/{receipt_id}/arrival", dependencies=[allow(Permission.RECEIVE)])
def keep_arrival(
    request: Request,
    receipt_id: str,
    seen: Short = "",
    received_by: Short = "",
    received_as: Short = "",
    received_at: Short = "",
    shipment: Short = "",
) -> Response:
    """Keep who took it over, when, and by which shipment it came."""
    typed = {
        "received_by": received_by, "received_as": received_as, "received_at": received_at, "shipment": shipment,
    }  # fmt: skip
    return _keep(request, receipt_id, "arrival", seen, lambda _: _stripped(typed))


@router.post("/receipts/{receipt_id}/label", dependencies=[allow(Permission.RECEIVE)])
def keep_label(
    request: Request,
    receipt_id: str,
    seen: Short = "",
    containers: Short = "",
    expires_at: Short = "",
    shipper: Short = "",
    requalified_until: Short = "",
) -> Response:
    """Keep the count and what the label and the shipper say."""
    typed = {
        "containers": containers, "expires_at": expires_at, "shipper": shipper, "requalified_until": requalified_until,
    }  # fmt: skip
    return _keep(request, receipt_id, "label", seen, lambda _: _stripped(typed))


@router.post("/receipts/{receipt_id}/first", dependencies=[allow(Permission.RECEIVE)])
@router.post("/receipts/{receipt_id}/second", dependencies=[allow(Permission.RECEIVE)])
def keep_reading(
    request: Request,
    receipt_id: str,
    seen: Short = "",
    by: Short = "",
    role: Short = "",
    recipient: Short = "",
    coi: Short = "",
    lot: Short = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Keep what one person read from the label; a second person on the same tablet shows by password who they are."""
    reading = request.url.path.rpartition("/")[2]

    def change(kept: KeptReceipt) -> dict[str, Any]:
        console: Console = request.app.state.console
        readings = kept.receipt.readings
        place = 0 if reading == "first" else 1
        person = by.strip() or signed_in(request).person_id
        others = [each.by for number, each in enumerate(readings) if number != place]
        if len(readings) < place:
            raise _wrong("RQC-H417", "The first person reads first.", "second", "no first reading", "a first reading")
        if person in others:
            raise _wrong("RQC-H308", "Two different people read the label.", "by", person, "another person")
        if person != signed_in(request).person_id:
            signer_of(console, person, password=password, purpose=f"reading of {kept.receipt.item}"[:120])
        texts = {"recipient": recipient, "coi": coi, "lot": lot}
        read = IdentityReading(by=person, role=role, **{name: read_scan(text).code for name, text in texts.items()})
        return {"readings": (*readings[:place], read, *readings[place + 1 :])}

    return _keep(request, receipt_id, reading, seen, change)


@router.post("/receipts/{receipt_id}/{step}/photo", dependencies=[allow(Permission.RECEIVE, told_by_route=True)])
def step_photo(
    request: Request, receipt_id: str, step: str, found: Annotated[Photographed, Depends(read_form)]
) -> Response:
    """Read the photos beside the fields of a page, and show it with what they say; nothing is kept yet."""
    kept = receipt_of(request, receipt_id)
    if step not in _PHOTOGRAPHED:
        raise NotFound("page", step)
    return answer_photos(request, found, lambda: show_step(request, kept, step, photographed=found))


@router.post("/receipts/{receipt_id}/checks", dependencies=[allow(Permission.RECEIVE)])
def keep_answers(request: Request, receipt_id: str, form: Annotated[FormData, Depends(form_of)]) -> Response:
    """Keep the answers to the questions; what was not answered stays open."""
    by = signed_in(request).person_id

    def change(kept: KeptReceipt) -> dict[str, Any]:
        found = {each.question: each for each in kept.receipt.answers}
        for test in sorted(_KNOWN_TESTS):
            said, remark = _text(form, test), _text(form, f"{test}_remark")
            before = found.get(test)
            if said in {"yes", "no"} and (before is None or (before.answer, before.remark) != (said, remark)):
                found[test] = Answer(question=test, answer=said, by=by, remark=remark)  # type: ignore[arg-type] # yes or no
        return {"answers": tuple(found[each.test] for each in QUESTIONS if each.test in found)}

    return _keep(request, receipt_id, "checks", _text(form, "seen"), change)


@router.post("/receipts/{receipt_id}/tests", dependencies=[allow(Permission.RECEIVE)])
def keep_results(request: Request, receipt_id: str, form: Annotated[FormData, Depends(form_of)]) -> Response:
    """Keep the results of the hospital's laboratory, as typed; a changed result is one of now."""
    now = moment_now(request.app.state.console)

    def change(kept: KeptReceipt) -> dict[str, Any]:
        before = {each.test: each for each in kept.receipt.results}
        made = []
        for test, _, unit in _tests(kept.specification):
            result, method = _text(form, f"result_{test}"), _text(form, f"method_{test}")
            old = before.get(test)
            if old is not None and (old.result, old.method) == (result, method):
                made.append(old)
            elif result:
                made.append(ReTest(test=test, result=result, unit=unit, method=method, tested_at=now))
        return {"results": tuple(made), "thawed_at": _text(form, "thawed_at")}

    return _keep(request, receipt_id, "tests", _text(form, "seen"), change)


def receipt_of(request: Request, receipt_id: str) -> KeptReceipt:
    """Return a receipt that the person may see.

    Raises:
        NotFound: there is none, or it belongs to another site.
    """
    console: Console = request.app.state.console
    kept = find_receipt(console.store, receipt_id)
    if kept is None or not signed_in(request).sees(kept.receipt.site):
        raise NotFound("receipt", receipt_id)
    if kept.inspection and kept.decision:
        return kept
    # What the ledger recorded counts: a server that ended between ledger and store loses nothing, and repeats nothing.
    with view_of_ledger(request) as view:
        acts = recorded_acts(view, kept.receipt)
    if (acts.inspection, acts.decision) == (kept.inspection, kept.decision):
        return kept
    keep_receipt(
        console.store,
        kept,
        seen=kept.digest,
        person_id=kept.changed_by,
        now=moment_now(console),
        inspection=acts.inspection,
        decision=acts.decision,
        outcome=acts.outcome,
    )
    return find_receipt(console.store, receipt_id) or kept


def steps_done(kept: KeptReceipt) -> dict[str, bool]:
    """Return for each page whether nothing is open on it."""
    receipt = kept.receipt
    answered = {each.question for each in receipt.answers}
    tested = {each.test for each in receipt.results}
    return {
        "arrival": all(getattr(receipt, name) for name in _TEXTS["arrival"]),
        "first": len(receipt.readings) > 0,
        "second": len(receipt.readings) > 1,
        "label": all(getattr(receipt, name) for name in _TEXTS["label"]),
        "checks": answered >= _KNOWN_TESTS,
        "tests": all(test in tested for test, _, _ in _tests(kept.specification)),
        "files": receipt.packet is not None and bool(receipt.way),
        "judge": bool(kept.inspection),
        "decide": bool(kept.decision),
    }


def show_step(
    request: Request, kept: KeptReceipt, step: str, *, faults: tuple[Fault, ...] = (), status: int = 200, **more: Any
) -> Response:
    """Return one page of a receipt, with what was refused."""
    from regenqc.console.pages.receipt_decision import shown_on  # noqa: PLC0415 - it shows its pages by this one

    console: Console = request.app.state.console
    person = signed_in(request)
    titles = [each.name for each in STEPS]
    following = titles[min(titles.index(step) + 1, len(titles) - 1)]
    shown: dict[str, Any] = {
        "questions": QUESTIONS,
        "tests": _tests(kept.specification),
        "own_roles": roles_in_ledger(request, person.person_id),
        "conditions": sorted(each.name for each in (console.settings.home / "conditions").glob("*.toml")),
        "default_time": moment_now(console),
    }
    if step in {"judge", "decide"}:
        shown |= shown_on(request, kept, step)
    return page(
        request,
        f"ward/receipt_{'reading' if step in {'first', 'second'} else step}.html.jinja",
        status=status,
        kept=kept,
        receipt=kept.receipt,
        step=step,
        steps=STEPS,
        done=steps_done(kept),
        following=following,
        faults=faults,
        **(shown | more),
    )


def _keep(request: Request, receipt_id: str, step: str, seen: str, change: Any) -> Response:
    console: Console = request.app.state.console
    kept = receipt_of(request, receipt_id)
    try:
        if not kept.is_open:
            raise _wrong(
                "RQC-H418", "What is recorded is not changed.", kept.receipt.item, kept.inspection, "an open receipt"
            )
        changed = amended(kept.receipt, **change(kept))
        keep_receipt(
            console.store,
            kept,
            seen=seen,
            person_id=signed_in(request).person_id,
            now=moment_now(console),
            receipt=changed,
        )
    except RegenqcError as error:
        return show_step(request, kept, step, faults=error.faults, status=422)
    record(request, Event.RECEIPT, subject=kept.receipt.item, detail=f"{step} kept")
    return RedirectResponse(f"/receipts/{receipt_id}", status_code=303)


def _list(request: Request, *, faults: tuple[Fault, ...], status: int, **more: Any) -> Response:
    console: Console = request.app.state.console
    site = console.settings.site
    found = list_receipts(console.store, site=site) if signed_in(request).sees(site) else []
    rows = [(kept, sum(steps_done(kept).values())) for kept in found]
    return page(
        request,
        "ward/receipts.html.jinja",
        status=status,
        rows=rows,
        steps=STEPS,
        specifications=_specifications(console),
        faults=faults,
        **more,
    )


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip()[:400] if isinstance(value, str) else ""


def _stripped(typed: dict[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in typed.items()}


def _tests(reference: str) -> tuple[tuple[str, str, str], ...]:
    from regenqc.specification import load_specification  # noqa: PLC0415

    return tests_on_receipt(load_specification(reference))


def _specifications(console: Console) -> list[tuple[str, str]]:
    from regenqc.console.pages.specification_list import known_specifications  # noqa: PLC0415

    return [
        (each.id, each.title)
        for each in known_specifications(console.settings)
        if any(entry.stage == "hospital_receipt" for entry in each.requirements)
    ]


def _wrong(code: str, what: str, where: str, got: str, expected: str) -> DataError:
    return DataError(Fault(code=code, what=what, where=where, got=got, expected=expected))
