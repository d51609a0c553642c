"""What is signed of the ledger: a checkpoint by the key of the log, and the cosignatures of witnesses, carried as files."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from regenqc.console.access.journal import Event, Outcome, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.pages.ledger import check_site, handed_over, ledger_page
from regenqc.console.site_ledger import signer_of, site_ledger, trusted_policy
from regenqc.errors import Fault, RegenqcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.console.application import Console
    from regenqc.ledger import Log

__all__ = ["router"]

router = APIRouter()
_LARGEST_BYTES: Final = 65_536


@router.post("/ledger/checkpoint", dependencies=[allow(Permission.LEDGER)])
def sign(request: Request, password: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Sign what the ledger is now, never less than, or another than, what was signed before."""
    from regenqc.ledger import CheckpointMemory, parse_secret_key  # noqa: PLC0415 - who only looks needs none of it

    console: Console = request.app.state.console
    check_site(request)
    folder = console.settings.custody
    try:
        # Whoever has it signed shows by password who they are, as with every signature; the log signs with a key of its own.
        signer_of(console, signed_in(request).person_id, password=password, purpose="checkpoint of the ledger")
        key = folder / "log.key"
        if not key.is_file():
            raise UsageError(
                Fault(
                    code="RQC-U160",
                    what="The key of the log is not kept here.",
                    where=key.name,
                    got="nothing",
                    action="Sign where it is kept: regenqc ledger checkpoint.",
                )
            )
        signer = parse_secret_key(key.read_text(encoding="utf-8", errors="replace"))
        with _writing(console) as log:
            signed = log.checkpoint(
                signer, memory=CheckpointMemory(folder / "signed"), now=int(console.clock().timestamp())
            )
    except RegenqcError as error:
        record(request, Event.LEDGER, subject="checkpoint", outcome=Outcome.REFUSED, detail=error.faults[0].what)
        return ledger_page(request, faults=error.faults, status=422)
    record(request, Event.LEDGER, subject="checkpoint", detail=f"{signed.size} events, root {signed.root.hex()}")
    return RedirectResponse("/ledger", status_code=303)


@router.get("/ledger/witness/request", dependencies=[allow(Permission.LEDGER)])
def request_file(request: Request, old_size: Annotated[int, Query(ge=0, le=10**15)] = 0) -> Response:
    """Hand over what is sent to a witness, to have the newest checkpoint cosigned."""
    from regenqc.ledger.witness_service import request_for_witness  # noqa: PLC0415

    check_site(request)
    try:
        log = site_ledger(request)
        signed = log.latest_checkpoint()
        data = request_for_witness(log, signed, old_size=old_size)
    except RegenqcError as error:
        return ledger_page(request, faults=error.faults, status=422)
    return handed_over(data, f"checkpoint-{signed.size}.request", "text/plain; charset=utf-8")


@router.post("/ledger/witness", dependencies=[allow(Permission.LEDGER)])
def keep(request: Request, answer: Annotated[UploadFile | None, File()] = None) -> Response:
    """Keep the cosignatures that a witness answered, beside the checkpoint that they are for."""
    from regenqc.ledger.witness_service import keep_answer  # noqa: PLC0415

    console: Console = request.app.state.console
    check_site(request)
    try:
        data = answer.file.read(_LARGEST_BYTES + 1) if answer is not None else b""
        if not data or len(data) > _LARGEST_BYTES:
            got = f"more than {_LARGEST_BYTES} bytes" if data else "nothing"
            raise UsageError(Fault(code="RQC-U164", what="This is no answer of a witness.", where="answer", got=got))
        policy = trusted_policy(console)
        if policy is None:
            raise UsageError(
                Fault(
                    code="RQC-U160",
                    what="This site has not said whose checkpoints it believes.",
                    where="policy.txt",
                    got="nothing",
                    action="Write it down: regenqc ledger policy.",
                )
            )
        with _writing(console) as log:
            signed = keep_answer(log, data, policy=policy)
    except RegenqcError as error:
        record(request, Event.LEDGER, subject="cosignature", outcome=Outcome.REFUSED, detail=error.faults[0].what)
        return ledger_page(request, faults=error.faults, status=422)
    names = ", ".join(each.name for each in signed.note.signatures)
    record(request, Event.LEDGER, subject="cosignature", detail=f"{signed.size} events: {names}")
    return RedirectResponse("/ledger", status_code=303)


@contextmanager
def _writing(console: Console) -> Iterator[Log]:
    """Open the ledger for writing; what is not there is not made."""
    from regenqc.ledger import Log  # noqa: PLC0415

    url = console.settings.ledger_url
    if not url:
        raise UsageError(Fault(code="RQC-U160", what="This console has no ledger.", got="nothing"))
    with Log.open(url, read_only=True):
        pass
    with Log.open(url) as log:
        yield log
