"""Specifications: by what lots can be judged here."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow
from regenqc.console.api.answers import FaultAnswer, refusals
from regenqc.console.refusals import NotFound
from regenqc.errors import RegenqcError, fault_value
from regenqc.evaluation.criteria_in_words import criterion_text
from regenqc.specification import load_specification
from regenqc.specification.lookup import find_specification, list_specifications

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from regenqc.console.application import Console

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/specifications", tags=["specifications"])


class RequirementAnswer(BaseModel):
    """One line of a specification."""

    id: str
    title: str
    test: str | None
    stage: str | None
    criterion: str = Field(description="What a result must satisfy, in words.")
    timing: str
    force: str | None
    citation: str | None
    mark: str | None


class SpecificationName(BaseModel):
    """A specification that can be named in an upload."""

    reference: str = Field(description="By which an upload names it.")
    id: str
    version: str
    title: str
    jurisdiction: str
    fingerprint: str
    faults: list[FaultAnswer] = Field(description="Why it cannot be used; empty when it can.")


class SpecificationNames(BaseModel):
    """Every specification of the site, and those that travel with regenqc."""

    specifications: list[SpecificationName]


class SpecificationAnswer(SpecificationName):
    """A specification after inheritance: what a lot is judged by."""

    extends: list[str]
    requirements: list[RequirementAnswer]
    text: str = Field(description="The file, character by character.")


@router.get("", summary="List specifications", responses=refusals(), dependencies=[allow(Permission.READ)])
def list_all(request: Request) -> SpecificationNames:
    """Return every specification by which an upload can be judged."""
    console: Console = request.app.state.console
    found = list_specifications(roots=(console.settings.specifications,))
    return SpecificationNames(
        specifications=[
            SpecificationName(
                **_loaded(reference, path, path.stat().st_mtime_ns, console.settings.specifications).model_dump(
                    include=set(SpecificationName.model_fields)
                )
            )
            for reference, path in found
        ]
    )


@router.get(
    "/{reference:path}",
    summary="Fetch a specification",
    responses=refusals(404),
    dependencies=[allow(Permission.READ)],
)
def show(
    request: Request,
    reference: Annotated[
        str, Path(max_length=120, description="Identifier, with its slashes.", examples=["example/car-t-ari-0001"])
    ],
) -> SpecificationAnswer:
    """Return a specification with every requirement, inherited ones included."""
    console: Console = request.app.state.console
    root = console.settings.specifications
    path = find_specification(reference, roots=(root,))
    if path is None:
        raise NotFound("specification", reference)
    return _loaded(reference, path, path.stat().st_mtime_ns, root)


@lru_cache(maxsize=512)
def _loaded(reference: str, path: FilePath, changed: int, root: FilePath) -> SpecificationAnswer:
    """Return a specification as it is on the disk; read again when its file changed."""
    del changed
    try:
        found = load_specification(reference, roots=(root,))
    except RegenqcError as error:
        return SpecificationAnswer(
            reference=reference, id="", version="", title="", jurisdiction="", fingerprint="",
            faults=[FaultAnswer(**fault_value(each)) for each in error.faults],
            extends=[], requirements=[], text=path.read_text(encoding="utf-8", errors="replace"),
        )  # fmt: skip
    return SpecificationAnswer(
        reference=reference,
        id=found.id,
        version=found.version,
        title=found.title,
        jurisdiction=found.jurisdiction.value,
        fingerprint=found.fingerprint,
        faults=[],
        extends=list(found.extends),
        requirements=[
            RequirementAnswer(
                id=each.id,
                title=each.name,
                test=each.test,
                stage=each.stage,
                criterion=criterion_text(each),
                timing=each.timing,
                force=each.force,
                citation=each.citation,
                mark=each.mark,
            )
            for each in found.requirements
        ],
        text=found.text,
    )
