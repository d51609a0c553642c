"""What every operation of the interface answers beside its own: faults as JSON, whatever went wrong, and pages of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from regenqc.console.refusals import Refused
from regenqc.console.rendering import page
from regenqc.errors import Fault, fault_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI

__all__ = ["After", "FaultAnswer", "Faults", "Limit", "answer_faults", "faults_answer", "is_interface", "refusals"]

_EXAMPLE: Final[dict[str, Any]] = {
    "code": "RQC-D006",
    "what": "A line is not a flat JSON object in UTF-8.",
    "where": "results.jsonl line 1",
    "got": "Expecting ',' delimiter: line 2 column 1 (char 47)",
    "expected": '{"batch_id": "…", "test": "…", "result": "…", "unit": "…"}',
    "action": "Export again; no part of a broken file is judged.",
}


class FaultAnswer(BaseModel):
    """One thing that is wrong; what it does not say is left out."""

    code: str = Field(description="Stable identifier; the letter names the area.", examples=["RQC-D006"])
    what: str = Field(description="One sentence.")
    where: str = Field("", description="File and row, member of the body, or identifier.")
    got: str = Field("", description="What was found.")
    expected: str = Field("", description="What would have been accepted.")
    action: str = Field("", description="What to do next.")


class Faults(BaseModel):
    """Why nothing was done."""

    faults: list[FaultAnswer] = Field(description="All of it, in the order in which a reader meets it.")
    model_config = {"json_schema_extra": {"examples": [{"faults": [_EXAMPLE]}]}}


Limit = Annotated[int, Query(ge=1, le=500, description="At most so many.")]
After = Annotated[
    str,
    Query(
        max_length=2000, pattern=r"^[A-Za-z0-9._~=-]*$", description="`next` of the page before; empty for the first."
    ),
]

_SENTENCES: Final = {
    400: "What was sent cannot be read as what the operation takes.",
    401: "Nobody is signed in: the key is missing, unknown, expired or withdrawn.",
    403: "No role of the account allows this.",
    404: "There is no such thing, or it belongs to another site.",
    409: "It contradicts what is there already.",
    413: "What was sent is larger than this operation takes.",
    415: "What was sent is of a kind that this operation does not take.",
    422: "It was understood, and refused; each fault says where and why.",
}


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers by which an operation refuses, for its description.

    Example:
        >>> sorted(refusals(404))
        [401, 403, 404, 422]
    """
    return {code: {"model": Faults, "description": _SENTENCES[code]} for code in sorted({401, 403, 422, *codes})}


def is_interface(request: Request) -> bool:
    """Return whether the answer is JSON: what is asked for belongs to the interface."""
    return request.url.path.startswith("/api/")


def faults_answer(
    faults: Sequence[Fault], status: int, headers: dict[str, str] | None = None, **members: str
) -> JSONResponse:
    """Return an answer that refuses, with further members beside the faults."""
    value = members | {"faults": [fault_value(each) for each in faults]}
    return JSONResponse(value, status_code=status, headers=headers)


def answer_faults(application: FastAPI) -> None:
    """Let everything that an operation refuses or breaks on be answered by faults as JSON."""

    @application.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        del request
        return faults_answer(error.faults, error.status)

    @application.exception_handler(RequestValidationError)
    def not_valid(request: Request, error: RequestValidationError) -> Response:
        faults = [_of_validation(each) for each in error.errors()]
        if not is_interface(request):
            return page(request, "faults.html.jinja", status=422, faults=faults)
        return faults_answer(faults, 422)

    @application.exception_handler(HTTPException)
    def no_operation(request: Request, error: HTTPException) -> Response:
        if not is_interface(request):
            return _page_of(request, error)
        fault = Fault(
            code=f"RQC-W{error.status_code}",
            what="There is no such operation." if error.status_code in {404, 405} else str(error.detail),
            where=f"{request.method} {request.url.path}"[:200],
            action="Look it up at /api." if error.status_code in {404, 405} else "",
        )
        return faults_answer([fault], error.status_code, dict(error.headers or {}))

    @application.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        del error  # the server writes it, with where it happened, to its log
        if not is_interface(request):
            return PlainTextResponse("regenqc failed inside.", status_code=500)
        fault = Fault(
            code="RQC-X070", what="regenqc failed inside.", action="Report it with the moment at which it happened."
        )
        return faults_answer([fault], 500)


def _page_of(request: Request, error: HTTPException) -> Response:
    """Return the page of what no route answers; what the outermost layers say, they word."""
    if error.status_code not in {404, 405}:
        return PlainTextResponse(str(error.detail), status_code=error.status_code, headers=error.headers)
    answer = page(request, "not_found.html.jinja", status=error.status_code, what="page", name=request.url.path)
    answer.headers.update(error.headers or {})
    return answer


def _of_validation(error: dict[str, Any]) -> Fault:
    place = [str(part) for part in error["loc"]]
    got = error.get("input")
    return Fault(
        code="RQC-W422",
        what="A member is not what the operation takes.",
        where=".".join(place)[:200],
        got="nothing"
        if error["type"] == "missing"
        else repr(got)[:120]
        if not isinstance(got, dict | list)
        else type(got).__name__,
        expected=str(error["msg"])[:200],
        action="Correct it; the description of the operation at /api says what it takes.",
    )
