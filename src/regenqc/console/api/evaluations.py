"""Evaluations: upload results, hear what became of them, fetch the files."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import SignedIn, allow, signed_in
from regenqc.console.api.answers import After, FaultAnswer, Faults, Limit, faults_answer, refusals
from regenqc.console.api.idempotency import IdempotencyKey, remember, remembered
from regenqc.console.api.uploads import REQUEST_BODY, Upload, receive_upload
from regenqc.console.jobs.runner import upload_folder
from regenqc.console.jobs.table import ENDED, Job, JobState, add_job, find_job, list_jobs
from regenqc.console.refusals import NotFound, Refused
from regenqc.errors import Fault, SpecificationError
from regenqc.intake.profiles import list_profiles
from regenqc.specification import load_specification
from regenqc.specification.lookup import find_specification, not_found

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path as FilePath

    from regenqc.console.application import Console

__all__ = ["FILES", "router"]

router = APIRouter(prefix="/api/v1/evaluations", tags=["evaluations"])

# What is answered at once when it is done by then; whatever takes longer is asked for again.
_AT_ONCE_SECONDS: Final = 1.0
FILES: Final = {
    "dispositions.csv": "text/csv",
    "dispositions.parquet": "application/vnd.apache.parquet",
    "findings.csv": "text/csv",
    "findings.parquet": "application/vnd.apache.parquet",
    "verdicts.parquet": "application/vnd.apache.parquet",
    "results.parquet": "application/vnd.apache.parquet",
    "refused.csv": "text/csv",
    "run.json": "application/json",
    "report.html": "text/html",
}
_OPERATION: Final = "evaluations"
EvaluationId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$", description="As the upload was answered.")
]


class UploadedFile(BaseModel):
    """One file of an upload."""

    kind: str = Field(description="`results`, `batches` or `profile_file`.")
    name: str
    digest: str = Field(description="`sha256:` and 64 hexadecimal digits, over the bytes that were received.")


class Evaluation(BaseModel):
    """An uploaded evaluation: what was asked, how far it is, what came of it."""

    evaluation_id: str
    state: JobState = Field(
        description="`queued`, `running`; `done`: every batch has its disposition; `refused`: by the data or the specification, and the "
        "same input is refused again; `failed`: for no reason in the input."
    )
    uploaded_by: str
    created_at: str
    started_at: str
    ended_at: str
    specifications: list[str]
    stage: str
    profile: str
    as_of: str
    files: list[UploadedFile]
    exit_code: int | None = Field(
        description="As of `regenqc evaluate`: 0 every batch eligible, 1 some batch is not, 2 to 4 refused; null until it ended, and "
        "when a limit ended it."
    )
    counts: dict[str, Any] = Field(
        description="Of rows, batches and dispositions; `rows_read = rows_judged + rows_refused`."
    )
    faults: list[FaultAnswer]
    output: list[str] = Field(description="Names of the files at `/evaluations/{evaluation_id}/files/{name}`.")


class RefusedEvaluation(Faults):
    """Why an upload has no dispositions."""

    evaluation_id: str = ""


class Evaluations(BaseModel):
    """A page of uploads, the latest first."""

    evaluations: list[Evaluation]
    next: str | None = Field(description="For `after` of the next page; null on the last.")


_ENDED_BADLY: Final[dict[int | str, dict[str, Any]]] = {
    422: {"model": RefusedEvaluation, "description": "Refused; each fault says in which file and row, and what to do."}
}


@router.post(
    "",
    summary="Upload results and have them judged",
    status_code=202,
    response_model=Evaluation,
    responses={
        200: {"model": Evaluation, "description": "Done within a second."},
        202: {"model": Evaluation, "description": "Taken; ask again at the address in `Location`."},
        **refusals(400, 409, 413, 415),
        **_ENDED_BADLY,
    },
    openapi_extra=REQUEST_BODY,
    dependencies=[allow(Permission.UPLOAD)],
)
def upload_evaluation(
    request: Request, key: IdempotencyKey, upload: Annotated[Upload, Depends(receive_upload)]
) -> Response:
    """Take results, batches and, where needed, an import profile; judge every batch by the specifications.

    The evaluation runs in a process of its own within limits of time and memory, and goes on when the connection ends or the
    server restarts. It is written whole or not at all, and never runs to an end twice.
    """
    console: Console = request.app.state.console
    person = signed_in(request)
    now = console.clock()
    earlier = _remembered(console, person, key, upload, now)
    if earlier is None:
        asked = _checked(console, upload, now)
        earlier = _take(console, person, key, upload, asked, now)
        request.app.state.jobs.wake()
    job = request.app.state.jobs.wait_for(earlier, seconds=_AT_ONCE_SECONDS)
    if job is None:
        raise NotFound("evaluation", earlier)
    return _answer(job, console)


@router.get(
    "",
    summary="List uploads, the latest first",
    responses=refusals(),
    dependencies=[allow(Permission.READ)],
)
def list_evaluations(
    request: Request,
    after: After = "",
    limit: Limit = 100,
    state: Annotated[JobState | None, Query(description="Only those in this state.")] = None,
) -> Evaluations:
    """Return what was uploaded; an account that is restricted to sites sees its own uploads."""
    console: Console = request.app.state.console
    person = signed_in(request)
    with console.store.connect() as connection:
        found = list_jobs(
            connection,
            before=after,
            state=state,
            person_id=person.person_id if person.sites else None,
            limit=limit + 1,
        )
    shown = found[:limit]
    return Evaluations(
        evaluations=[_value(job, console) for job in shown],
        next=shown[-1].evaluation_id if len(found) > limit else None,
    )


@router.get(
    "/{evaluation_id}",
    summary="Ask how far an upload is, and what came of it",
    responses=refusals(404),
    dependencies=[allow(Permission.READ)],
)
def show_evaluation(
    request: Request,
    response: Response,
    evaluation_id: EvaluationId,
    wait: Annotated[int, Query(ge=0, le=30, description="Seconds to wait for the end before answering.")] = 0,
) -> Evaluation:
    """Return one upload. Ask with `wait` rather than often."""
    console: Console = request.app.state.console
    job = _seen(request, evaluation_id)
    if wait and job.state not in ENDED:
        job = request.app.state.jobs.wait_for(evaluation_id, seconds=wait) or job
    if job.state not in ENDED:
        response.headers["Retry-After"] = "2"
    return _value(job, console)


@router.get(
    "/{evaluation_id}/files/{name}",
    summary="Fetch a file of a finished evaluation",
    response_class=FileResponse,
    responses={
        200: {
            "description": "The file, byte for byte as `regenqc evaluate --out` wrote it.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(set(FILES.values()))
            },
        },
        **refusals(404),
    },
    dependencies=[allow(Permission.READ)],
)
def fetch_file(
    request: Request,
    evaluation_id: EvaluationId,
    name: Annotated[
        str, Path(description=f"One of {', '.join(FILES)}.", max_length=100, examples=["dispositions.csv"])
    ],
) -> Response:
    """Return a file of the output; `dispositions.csv` and `findings.csv` are what most systems read."""
    console: Console = request.app.state.console
    job = _seen(request, evaluation_id)
    path = console.settings.evaluations / job.evaluation_id / name
    if job.state is not JobState.DONE or name not in FILES or not path.is_file():
        raise NotFound("file", name)
    # A report is opened from the console as a file of its own: what it shows came from a laboratory.
    return FileResponse(path, media_type=FILES[name], filename=name, content_disposition_type="attachment")


def _seen(request: Request, evaluation_id: str) -> Job:
    console: Console = request.app.state.console
    person = signed_in(request)
    with console.store.connect() as connection:
        job = find_job(connection, evaluation_id)
    if job is None or (person.sites and job.person_id != person.person_id):
        raise NotFound("evaluation", evaluation_id)
    return job


def _remembered(console: Console, person: SignedIn, key: str, upload: Upload, now: datetime) -> str | None:
    with console.store.begin() as connection:
        return remembered(
            connection,
            person_id=person.person_id,
            operation=_OPERATION,
            key=key,
            fingerprint=upload.fingerprint,
            now=now,
        )


def _checked(console: Console, upload: Upload, now: datetime) -> list[str]:
    """Return the arguments of `regenqc evaluate`, save for the files; what can be seen at once is refused at once."""
    roots = (console.settings.specifications,)
    words = []
    for reference in upload.specifications:
        path = find_specification(reference.partition("@")[0], roots=roots)
        if path is None:
            raise SpecificationError(not_found(reference, where="specifications", roots=roots))
        load_specification(reference, roots=roots)
        words += ["--spec", str(path.resolve())]
    known = [name for name, _ in list_profiles()]
    if upload.profile and upload.profile not in known:
        raise Refused(
            422,
            Fault(
                code="RQC-W423",
                what="There is no such import profile.",
                where="profile",
                got=upload.profile,
                expected=", ".join(known),
                action="Name one of these, or send your own as `profile_file`.",
            ),
        )
    if upload.stage:
        words += ["--stage", upload.stage]
    # Stated now, so that whoever takes it up after a restart judges as of the same moment.
    return [*words, f"--as-of={upload.as_of or now.isoformat(timespec='seconds')}"]


def _take(console: Console, person: SignedIn, key: str, upload: Upload, asked: list[str], now: datetime) -> str:
    """Keep an upload and put it among those that wait; returns the name of the first upload with this key."""
    evaluation_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    folder = upload_folder(console.settings, evaluation_id)
    request = {
        "arguments": [*_file_arguments(upload, folder), *asked],
        "specifications": list(upload.specifications),
        "stage": upload.stage,
        "profile": upload.profile,
        "as_of": asked[-1].removeprefix("--as-of="),
        "sites": sorted(person.sites),
        "files": [
            {"kind": kind, "name": path.removeprefix("inputs/"), "digest": digest}
            for (kind, path), digest in zip(upload.files, upload.digests, strict=True)
        ],
    }
    upload.folder.rename(folder)
    with console.store.begin() as connection:
        first = remember(
            connection,
            person_id=person.person_id,
            operation=_OPERATION,
            key=key,
            fingerprint=upload.fingerprint,
            result=evaluation_id,
            now=now,
        )
        if first == evaluation_id:
            add_job(
                connection,
                evaluation_id=evaluation_id,
                person_id=person.person_id,
                request=request,
                created_at=now.isoformat(),
            )
    if first != evaluation_id:
        folder.rename(upload.folder)
    return first


def _file_arguments(upload: Upload, folder: FilePath) -> list[str]:
    words = [str(folder / path) for path in upload.paths("results")]
    for path in upload.paths("batches"):
        words += ["--batches", str(folder / path)]
    profile = next(upload.paths("profile_file"), None)
    if profile is not None:
        return [*words, "--profile", str(folder / profile)]
    return [*words, "--profile", upload.profile] if upload.profile != "canonical" else words


def _answer(job: Job, console: Console) -> Response:
    if job.state in {JobState.REFUSED, JobState.FAILED}:
        faults = [Fault(**fault) for fault in job.faults]
        answer = faults_answer(faults, 422, evaluation_id=job.evaluation_id)
    else:
        answer = JSONResponse(_value(job, console).model_dump(mode="json"), 200 if job.state is JobState.DONE else 202)
        if job.state is not JobState.DONE:
            answer.headers["Retry-After"] = "2"
    answer.headers["Location"] = f"/api/v1/evaluations/{job.evaluation_id}"
    return answer


def _value(job: Job, console: Console) -> Evaluation:
    folder = console.settings.evaluations / job.evaluation_id
    asked = job.request
    return Evaluation(
        evaluation_id=job.evaluation_id,
        state=job.state,
        uploaded_by=job.person_id,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        specifications=asked["specifications"],
        stage=asked["stage"],
        profile=asked["profile"],
        as_of=asked["as_of"],
        files=[UploadedFile(**file) for file in asked["files"]],
        exit_code=job.exit_code,
        counts=dict(job.counts),
        faults=[FaultAnswer(**fault) for fault in job.faults],
        output=[name for name in FILES if (folder / name).is_file()] if job.state is JobState.DONE else [],
    )
