"""Specifications: each requirement with limit, source and mark; side by side; what a change does, also to history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.children import jobs_of, read_job, start_job
from regenqc.console.pages.receipts import form_of
from regenqc.console.pages.specification_list import known_specifications
from regenqc.console.pages.trends import evaluations_of
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.errors import DataError, Fault, RegenqcError
from regenqc.evaluation.criteria_in_words import criterion_text
from regenqc.evaluation.side_by_side import cell_text
from regenqc.specification.comparison import compare_specifications
from regenqc.specification.difference import list_changes

if TYPE_CHECKING:
    from regenqc.console.application import Console
    from regenqc.specification.model import Specification

__all__ = ["router"]

router = APIRouter()
Name = Annotated[str, Query(max_length=200)]
_IMPACT: Final = "impact"
_MOST: Final = 5
_SHOWN: Final = 300


@router.get("/specifications", dependencies=[allow(Permission.READ)])
def specifications(request: Request) -> Response:
    """List the specifications that can be named by identifier."""
    console: Console = request.app.state.console
    return page(
        request,
        "ward/specifications.html.jinja",
        known=_known(request),
        jobs=jobs_of(console.settings.home, _IMPACT),
        faults=(),
    )


@router.get("/specifications/show", dependencies=[allow(Permission.READ)])
def show(request: Request, id: Name = "") -> Response:  # noqa: A002 - the word of the address
    """Show a specification after inheritance: every requirement with limit, source and mark."""
    found = _named(request, id)
    stages = dict.fromkeys(entry.stage for entry in found.requirements)
    rows = {stage: [entry for entry in found.requirements if entry.stage == stage] for stage in stages}
    texts = {(entry.stage, entry.id): criterion_text(entry) for entry in found.requirements}
    return page(request, "ward/specification.html.jinja", specification=found, rows=rows, texts=texts)


@router.get("/specifications/compare", dependencies=[allow(Permission.READ)])
def compare(
    request: Request,
    id: Annotated[list[str] | None, Query(max_length=_MOST)] = None,  # noqa: A002 - the word of the address
    only: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Set specifications side by side."""
    chosen = [_named(request, each) for each in dict.fromkeys(filter(None, id or []))]
    if len(chosen) < 2:
        fault = Fault(
            code="RQC-U110", what="There is nothing to compare.", got=str(len(chosen)), expected="two or more"
        )
        return page(
            request,
            "ward/compare.html.jinja",
            status=422,
            known=_known(request),
            chosen=chosen,
            rows=[],
            only=only,
            faults=(fault,),
        )
    found = compare_specifications(chosen)
    rows = [
        (row, [cell_text(cell) for cell in row.cells]) for row in found.rows if row.differs or only != "differences"
    ]
    return page(
        request, "ward/compare.html.jinja", known=_known(request), chosen=chosen, rows=rows, only=only, faults=()
    )


@router.get("/specifications/diff", dependencies=[allow(Permission.READ)])
def diff(request: Request, old: Name = "", new: Name = "") -> Response:
    """Say in words what changes from one specification to another."""
    before, after = _named(request, old), _named(request, new)
    console: Console = request.app.state.console
    return page(
        request,
        "ward/difference.html.jinja",
        old=before,
        new=after,
        changes=list_changes(before, after),
        evaluations=sorted(evaluations_of(console)),
        may_ask=signed_in(request).may(Permission.REVIEW),
    )


@router.post("/specifications/impact", dependencies=[allow(Permission.REVIEW)])
def impact(request: Request, form: Annotated[FormData, Depends(form_of)]) -> Response:
    """Judge history under both versions, in a process of its own."""
    console: Console = request.app.state.console
    old, new = _named(request, _text(form, "old")), _named(request, _text(form, "new"))
    known = evaluations_of(console)
    name = _text(form, "evaluation")
    if name not in known:
        raise DataError(
            Fault(code="RQC-U165", what="Which history?", got=name or "nothing", expected="an evaluation of the list")
        )
    batches = known[name] / "inputs" / "batches.csv"
    arguments = ["spec", "impact", old.id, new.id, f"--results={known[name] / 'results.parquet'}", "--json"]
    arguments += [f"--batches={batches}"] if batches.is_file() else []
    try:
        job_id = start_job(
            [*arguments, f"--as-of={console.clock().isoformat(timespec='seconds')}"],
            kind=_IMPACT,
            about=f"{old.id} {old.version} → {new.id} {new.version}: {name}",
            home=console.settings.home.resolve(),
            person_id=signed_in(request).person_id,
            now=console.clock(),
        )
    except RegenqcError as error:
        return page(
            request, "ward/specifications.html.jinja", status=422, known=_known(request),
            jobs=jobs_of(console.settings.home, _IMPACT), faults=error.faults,
        )  # fmt: skip
    return RedirectResponse(f"/specifications/impact/{job_id}", status_code=303)


@router.get("/specifications/impact/{job_id}", dependencies=[allow(Permission.READ)])
def impact_found(request: Request, job_id: str) -> Response:
    """Show every batch whose disposition a change would have changed."""
    console: Console = request.app.state.console
    job = read_job(console.settings.home, _IMPACT, job_id)
    if job is None or not signed_in(request).sees(console.settings.site):
        raise NotFound("impact", job_id)
    changed = job.answer["changed"] if job.answer else []
    return page(
        request, "ward/impact.html.jinja", job=job, changed=changed[:_SHOWN], more=max(len(changed) - _SHOWN, 0)
    )


def _known(request: Request) -> tuple[Specification, ...]:
    console: Console = request.app.state.console
    return known_specifications(console.settings)


def _named(request: Request, name: str) -> Specification:
    found = next((each for each in _known(request) if each.id == name), None)
    if found is None:
        raise NotFound("specification", name)
    return found


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
