"""The end of a receipt: packet and loggers, what the engine says, the record by two people, the decision by a third."""

from __future__ import annotations

import tempfile
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from regenqc.console.access.journal import Event, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.children import answer_of
from regenqc.console.hospital_signing import drafted_decision, sign_decision
from regenqc.console.pages.receipts import form_of, receipt_of, show_step
from regenqc.console.receipt_store import KeptReceipt, check_shown, keep_receipt
from regenqc.console.refusals import NotFound
from regenqc.console.site_ledger import (
    moment_now,
    record_event,
    roles_in_ledger,
    signer_of,
    site_rules,
    view_of_ledger,
)
from regenqc.custody.words import HOSPITAL_DECISIONS
from regenqc.errors import DataError, Fault, RegenqcError
from regenqc.reinspection.receipt import Receipt, read_receipt, receipt_bytes
from regenqc.reinspection.receipt.told import read_judged

if TYPE_CHECKING:
    from regenqc.console.application import Console
    from regenqc.decision.checklist import Checklist
    from regenqc.reinspection.receipt import JudgedReceipt

__all__ = ["router", "shown_on"]

router = APIRouter()
Short = Annotated[str, Form(max_length=400)]
Password = Annotated[str, Form(max_length=1000)]
_LARGEST: Final = 32_000_000
_LOGGERS: Final = 8
_OUTCOMES: Final = ("accept", "accept_for_infusion", "quarantine", "refuse", "exceptional")


@router.post("/receipts/{receipt_id}/files", dependencies=[allow(Permission.RECEIVE)])
def read_files(
    request: Request,
    receipt_id: str,
    packet: Annotated[UploadFile | None, File()] = None,
    logger: Annotated[list[UploadFile] | None, File()] = None,
    condition: Short = "",
    profile: Short = "generic",
    sent_at: Short = "",
    seen: Short = "",
) -> Response:
    """Verify the release packet, judge the way by its loggers, and keep what was found."""
    console: Console = request.app.state.console
    kept = receipt_of(request, receipt_id)
    try:
        files: dict[str, bytes] = {}
        options: list[str] = []
        if packet is not None and packet.filename:
            files["packet"] = _bytes_of(packet)
            options += ["--packet", "packet", "--trust", str(console.settings.home / "trust")]
        sent = [each for each in logger or [] if each.filename]
        for number, each in enumerate(sent[:_LOGGERS], 1):
            name = f"logger-{number}{'.json' if str(each.filename).lower().endswith(('.json', '.jsonld')) else '.csv'}"
            files[name] = _bytes_of(each)
            options += ["--logger", name]
        if sent:
            options += ["--condition", str(_condition(console, condition)), f"--profile={profile or 'generic'}"]
            options += [f"--sent-at={sent_at.strip()}"] if sent_at.strip() else []
        if not files:
            raise DataError(
                Fault(
                    code="RQC-H417",
                    what="Which files?",
                    where="files",
                    got="nothing",
                    expected="a packet or a logger file",
                )
            )
        receipt, judged = _ask_engine(console, kept, options=options, files=files)
        _keep(request, kept, seen=seen, receipt=receipt, judged=judged)
    except RegenqcError as error:
        return show_step(request, kept, "files", faults=error.faults, status=422)
    record(request, Event.RECEIPT, subject=kept.receipt.item, detail="files read")
    return RedirectResponse(f"/receipts/{receipt_id}/files", status_code=303)


@router.post("/receipts/{receipt_id}/judge", dependencies=[allow(Permission.RECEIVE)])
def judge(request: Request, receipt_id: str, seen: Short = "") -> Response:
    """Ask the engine what the receipt allows as it is now."""
    kept = receipt_of(request, receipt_id)
    try:
        _, judged = _ask_engine(request.app.state.console, kept)
        _keep(request, kept, seen=seen, judged=judged)
    except RegenqcError as error:
        return show_step(request, kept, "judge", faults=error.faults, status=422)
    record(request, Event.RECEIPT, subject=kept.receipt.item, detail="judged")
    return RedirectResponse(f"/receipts/{receipt_id}/judge", status_code=303)


@router.post("/receipts/{receipt_id}/record", dependencies=[allow(Permission.RECEIVE)])
def record_inspection(
    request: Request, receipt_id: str, seen: Short = "", first_password: Password = "", second_password: Password = ""
) -> Response:
    """Record the inspection in the ledger, signed by the two people who read the label."""
    from regenqc.reinspection.receipt.deciding import inspection_event  # noqa: PLC0415

    console: Console = request.app.state.console
    kept = receipt_of(request, receipt_id)
    receipt = kept.receipt
    try:
        if kept.inspection:
            raise _wrong("RQC-H418", "What is recorded is not changed.", kept.inspection, "an open receipt")
        check_shown(kept, seen=seen)
        if len(receipt.readings) != 2:
            raise _wrong("RQC-H314", "Two people read the label.", f"{len(receipt.readings)} readings", "two readings")
        if signed_in(request).person_id not in {each.by for each in receipt.readings}:
            raise _wrong(
                "RQC-H419", "Whoever read the label records it.", signed_in(request).person_id, "one of the two"
            )
        purpose = f"inspection of {receipt.item}"[:120]
        signers = [
            signer_of(console, reading.by, password=password, purpose=purpose)
            for reading, password in zip(receipt.readings, (first_password, second_password), strict=True)
        ]
        _, told = _ask_engine(console, kept)
        judged = read_judged(told, receipt)
        now = moment_now(console)
        rules = site_rules(console)
        event = inspection_event(
            judged, zone=rules.zone, inspected_at=now, recorded_at=now, procedures=rules.procedures
        )
        record_event(console, event, signers=signers, documents=[receipt_bytes(receipt)])
        _keep(request, kept, seen=seen, judged=told, inspection=event.event_id)
    except RegenqcError as error:
        return show_step(request, kept, "judge", faults=error.faults, status=422)
    record(request, Event.RECEIPT, subject=receipt.item, detail=f"inspection recorded: {event.outcome}")
    return RedirectResponse(f"/receipts/{receipt_id}/decide", status_code=303)


@router.post("/receipts/{receipt_id}/decide", dependencies=[allow(Permission.ACCEPT)])
def decide(request: Request, receipt_id: str, form: Annotated[FormData, Depends(form_of)]) -> Response:
    """Record the decision of somebody who neither received nor inspected it, signed by their password."""
    from regenqc.decision.hospital import hospital_decision_bytes  # noqa: PLC0415
    from regenqc.reinspection.receipt.deciding import decision_event  # noqa: PLC0415

    console: Console = request.app.state.console
    kept = receipt_of(request, receipt_id)
    receipt, person = kept.receipt, signed_in(request).person_id
    outcome = _text(form, "outcome")
    checklist = _checklist(kept)
    documents = {each.id: _text(form, f"document_{each.id}") for each in checklist.exceptional}
    told: dict[str, Any] = {
        "actor": person,
        "role": _text(form, "role"),
        "reason": _text(form, "reason"),
        "documents": {name: text for name, text in documents.items() if text} if outcome == "exceptional" else {},
    }
    try:
        if kept.decision:
            raise _wrong("RQC-H418", "It was decided about already.", kept.outcome, "an open receipt")
        if not kept.inspection:
            raise _wrong("RQC-H409", "Its inspection is not recorded yet.", "no inspection", "a recorded inspection")
        with tempfile.TemporaryDirectory(prefix="regenqc-decision-") as name:
            judged_now, drafted = drafted_decision(
                console, receipt, specification=kept.specification, folder=Path(name), outcome=outcome, **told
            )
        check_shown(kept, seen=_text(form, "seen"))
        password = form.get("password", "")
        signed, signer = sign_decision(console, drafted, password=password if isinstance(password, str) else "")
        event = decision_event(
            read_judged(judged_now, receipt),
            outcome,
            **told,
            zone=site_rules(console).zone,
            decided_at=moment_now(console),
            record=signed,
        )
        documented = hospital_decision_bytes(signed)
        record_event(console, event, signers=[signer], documents=[receipt_bytes(receipt), documented])
        _keep(request, kept, seen=_text(form, "seen"), judged=judged_now, decision=event.event_id, outcome=outcome)
    except RegenqcError as error:
        return show_step(request, kept, "decide", faults=error.faults, status=422)
    record(request, Event.RECEIPT, subject=receipt.item, detail=f"decided: {outcome}")
    return RedirectResponse(f"/receipts/{receipt_id}/decide", status_code=303)


@router.get("/receipts/{receipt_id}/document", dependencies=[allow(Permission.RECEIVE)])
def signed_document(request: Request, receipt_id: str) -> Response:
    """Hand over the signed document of the decision, which `regenqc reinspect verify` checks offline."""
    from regenqc.reinspection.receipt.record import documents_of  # noqa: PLC0415

    kept = receipt_of(request, receipt_id)
    with view_of_ledger(request) as view:
        found = documents_of(view, kept.receipt.item) if kept.decision else ()
    if not found:
        raise NotFound("document", receipt_id)
    name, data = found[-1]
    headers = {"Content-Disposition": f'attachment; filename="{name.lower()}.json"'}
    return Response(data, media_type="application/json", headers=headers)


def shown_on(request: Request, kept: KeptReceipt, step: str) -> dict[str, Any]:
    """Return what the last two pages show besides the receipt."""
    judged: JudgedReceipt | None = read_judged(kept.judged, kept.receipt) if kept.judged else None
    people = [each.by for each in kept.receipt.readings]
    if step == "judge":
        return {"judged": judged, "readers": people}
    person = signed_in(request)
    return {
        "judged": judged,
        "readers": people,
        "outcomes": [each for each in _OUTCOMES if each in HOSPITAL_DECISIONS],
        "checklist": _checklist(kept),
        "may_decide": person.may(Permission.ACCEPT),
        "roles": list(roles_in_ledger(request, person.person_id)),
    }


def _ask_engine(
    console: Console, kept: KeptReceipt, *, options: list[str] | None = None, files: dict[str, bytes] | None = None
) -> tuple[Receipt, dict[str, Any]]:
    """Return the receipt with what files told, and what the engine says about it; it runs in a process of its own."""
    now = console.clock().astimezone(UTC).isoformat(timespec="milliseconds")
    with tempfile.TemporaryDirectory(prefix="regenqc-receipt-") as name:
        folder = Path(name)
        for file, data in (files or {}).items():
            (folder / file).write_bytes(data)
        (folder / "receipt.json").write_bytes(receipt_bytes(kept.receipt))
        arguments = ["reinspect", "judge", "receipt.json", f"--spec={kept.specification}", "--json", f"--now={now}"]
        arguments += ["--ledger", console.settings.ledger_url, "--home", str(console.settings.custody.resolve())]
        told: dict[str, Any] = answer_of([*arguments, *(options or [])], folder=folder)
        receipt = read_receipt((folder / "receipt.json").read_bytes(), where=kept.receipt.item)
    return receipt, told


def _keep(request: Request, kept: KeptReceipt, **changes: Any) -> None:
    console: Console = request.app.state.console
    seen = changes.pop("seen")
    keep_receipt(
        console.store, kept, seen=seen, person_id=signed_in(request).person_id, now=moment_now(console), **changes
    )


def _checklist(kept: KeptReceipt) -> Checklist:
    from regenqc.decision.checklist import find_checklist  # noqa: PLC0415
    from regenqc.specification import load_specification  # noqa: PLC0415

    found = load_specification(kept.specification)
    return find_checklist(jurisdiction=found.jurisdiction.value, specification=found.id, extends=found.extends)


def _condition(console: Console, name: str) -> Path:
    """Return the file with what a product permits on its way: one of those that the site keeps, never a path of a form."""
    folder = console.settings.home / "conditions"
    known = {each.name: each for each in folder.glob("*.toml")}
    if name not in known:
        raise _wrong(
            "RQC-U143", "What the product permits on its way is not stated.", name or "nothing", "one of the list"
        )
    return known[name].resolve()


def _bytes_of(upload: UploadFile) -> bytes:
    data = upload.file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise _wrong("RQC-U164", "The file is too large.", str(upload.filename), f"at most {_LARGEST // 1_000_000} MB")
    return data


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip()[:2000] if isinstance(value, str) else ""


def _wrong(code: str, what: str, got: str, expected: str) -> DataError:
    return DataError(Fault(code=code, what=what, got=got, expected=expected))
