"""The ledger: what it is, how much of it is signed and witnessed, its verification, and proofs to take away."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.children import jobs_of, read_job, start_job
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.console.site_ledger import moment_now, site_ledger, trusted_policy
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from regenqc.console.application import Console
    from regenqc.errors import Fault
    from regenqc.ledger import Policy, SignedCheckpoint

__all__ = ["check_site", "handed_over", "ledger_page", "router"]

router = APIRouter()
_VERIFY: Final = "verify"
_SHOWN: Final = 20


@router.get("/ledger", dependencies=[allow(Permission.LEDGER)])
def ledger(request: Request) -> Response:
    """Show the ledger, its checkpoints with their witnesses, and what its last verifications found."""
    return ledger_page(request, faults=(), status=200)


@router.post("/ledger/verify", dependencies=[allow(Permission.LEDGER)])
def verify(request: Request) -> Response:
    """Verify the whole ledger again, in a process of its own."""
    console: Console = request.app.state.console
    check_site(request)
    arguments = [
        "ledger", "verify", "--ledger", console.settings.ledger_url, "--home", str(console.settings.custody.resolve()),
        "--json",
    ]  # fmt: skip
    try:
        job_id = start_job(
            arguments,
            kind=_VERIFY,
            about=f"{site_ledger(request).size} events",
            home=console.settings.home,
            person_id=signed_in(request).person_id,
            now=console.clock(),
        )
    except RegenqcError as error:
        return ledger_page(request, faults=error.faults, status=422)
    return RedirectResponse(f"/ledger/verify/{job_id}", status_code=303)


@router.get("/ledger/verify/{job_id}", dependencies=[allow(Permission.LEDGER)])
def verification(request: Request, job_id: str) -> Response:
    """Show what a verification found, or how long it is running."""
    console: Console = request.app.state.console
    check_site(request)
    job = read_job(console.settings.home, _VERIFY, job_id)
    if job is None:
        raise NotFound("verification", job_id)
    return page(request, "ward/ledger_verify.html.jinja", job=job)


@router.get("/ledger/proof", dependencies=[allow(Permission.LEDGER)])
def proof(request: Request, event: Annotated[str, Query(max_length=400)] = "") -> Response:
    """Hand over one event with its proof, to be checked offline by anybody."""
    check_site(request)
    console: Console = request.app.state.console
    log = site_ledger(request)
    entry = log.find(event.encode())
    if entry is None:
        raise NotFound("event", event)
    try:
        proved = log.prove(entry.index, policy=trusted_policy(console))
    except RegenqcError as error:
        return ledger_page(request, faults=error.faults, status=409)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            (f"event-{entry.index}.json", entry.body),
            (f"event-{entry.index}.tlog-proof", proved),
        ):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return handed_over(packed.getvalue(), f"event-{entry.index}.zip", "application/zip")


@router.get("/ledger/checkpoint", dependencies=[allow(Permission.LEDGER)])
def checkpoint(request: Request) -> Response:
    """Hand over the newest checkpoint, to be kept elsewhere and compared later."""
    check_site(request)
    try:
        signed = site_ledger(request).latest_checkpoint()
    except RegenqcError as error:
        return ledger_page(request, faults=error.faults, status=404)
    return handed_over(signed.encoded, f"checkpoint-{signed.size}.txt", "text/plain; charset=utf-8")


def ledger_page(request: Request, *, faults: tuple[Fault, ...], status: int) -> Response:
    """Return the page of the ledger, with what was refused."""
    check_site(request)
    console: Console = request.app.state.console
    log = site_ledger(request)
    policy = trusted_policy(console)
    checkpoints: list[tuple[SignedCheckpoint, dict[str, object]]] = []
    for signed in log.checkpoints(newest_first=True):
        if len(checkpoints) == _SHOWN:
            break
        checkpoints.append((signed, _believed(policy, signed)))
    size = log.size
    covered = checkpoints[0][0].size if checkpoints else 0
    with log.read() as view:
        moments = [row[0] for row in view.execute("SELECT MAX(record_time) FROM custody_step")]
    return page(
        request,
        "ward/ledger.html.jinja",
        status=status,
        log=log,
        size=size,
        unsigned=size - covered,
        checkpoints=checkpoints,
        has_policy=policy is not None,
        has_key=(console.settings.custody / "log.key").is_file(),
        cosigned=max((signed.size for signed, said in checkpoints if said["witnesses"]), default=0),
        last=_moment(moments[0]) if moments and moments[0] is not None else "",
        jobs=jobs_of(console.settings.home, _VERIFY)[:_SHOWN],
        now_moment=moment_now(console),
        faults=faults,
    )


def _believed(policy: Policy | None, signed: SignedCheckpoint) -> dict[str, object]:
    """Return whether the site believes a checkpoint, and who witnessed it."""
    if policy is None:
        return {"is_believed": False, "witnesses": [], "why": ""}
    try:
        trusted = policy.trust(signed.encoded)
    except RegenqcError as error:
        return {"is_believed": False, "witnesses": [], "why": error.faults[0].what}
    return {"is_believed": True, "witnesses": [witness.name for witness in trusted.witnesses], "why": ""}


def _moment(milliseconds: int) -> str:
    from regenqc.custody.moments import moment_of_milliseconds  # noqa: PLC0415

    return moment_of_milliseconds(milliseconds)


def handed_over(data: bytes, name: str, media_type: str) -> Response:
    """Return bytes as a file to keep."""
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def check_site(request: Request) -> None:
    """Refuse whoever may not see the site of the ledger.

    Raises:
        NotFound: the person may not know of it.
    """
    console: Console = request.app.state.console
    if not signed_in(request).sees(console.settings.site):
        raise NotFound("ledger", console.settings.site)
