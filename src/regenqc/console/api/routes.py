"""The operations of the JSON interface, and how it describes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

import regenqc
from regenqc.console.api import (
    certificates,
    dispositions,
    evaluations,
    events,
    gate,
    specifications,
    verification,
    webhooks,
)
from regenqc.console.api.answers import Faults
from regenqc.console.api.uploads import EvaluationRequest
from regenqc.custody.record import event_schemas

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI

__all__ = ["API_ROUTERS", "describe", "description_of"]

API_ROUTERS: Final[tuple[APIRouter, ...]] = (
    evaluations.router,
    dispositions.router,
    specifications.router,
    certificates.router,
    verification.router,
    gate.router,
    events.router,
    webhooks.router,
)
_ALWAYS: Final = {
    "429": "Too many requests; come again after `Retry-After` seconds.",
    "500": "regenqc failed inside.",
    "503": "The server takes no more at the moment; come again after `Retry-After` seconds.",
}
_WITH_BODY: Final = {
    "400": "The body cannot be read.",
    "413": "The body is larger than the operation takes.",
}
_PREFIX: Final = "/api/v1/"
_TAGS: Final = (
    ("evaluations", "Upload results, hear what became of them, fetch the files."),
    ("dispositions", "What the data allow, for each lot, and why."),
    ("specifications", "By what lots can be judged here."),
    ("certificates", "What was issued, as record and as pages; whether one that came from elsewhere holds."),
    ("gate", "Whether a dose may be given, before it is."),
    ("custody", "What happened to items, recorded in the ledger of the site."),
    ("webhooks", "Who is told what happens."),
)
_ABOUT: Final = """\
What a LIMS or MES calls. Every answer that refuses has `faults`: each with a stable `code`, what is wrong, where (file and row), what
was found, what was expected, and what to do. A disposition is what the data allow; a named person decides.

Requests carry the key of a service account: `Authorization: Bearer rqc_…`. An administrator makes it, and it is shown once.
Numbers that a laboratory reported are text, so that no digit is lost on the way. Moments are ISO 8601 with their zone. Lists come in
pages: `next` of a page is `after` of the following one.
"""


def describe(application: FastAPI) -> None:
    """Let the application describe its JSON interface, and nothing else, at its `openapi_url`."""

    def description() -> dict[str, Any]:
        if application.openapi_schema is None:
            application.openapi_schema = description_of(application)
        return application.openapi_schema

    application.openapi = description  # type: ignore[method-assign] # as FastAPI documents it


def description_of(application: FastAPI) -> dict[str, Any]:
    """Return the description of the JSON interface of an application, OpenAPI 3.1."""
    whole = get_openapi(
        title="regenqc",
        version=regenqc.__version__,
        summary="Release of cell and gene therapies: results in, a justified disposition for every lot out.",
        description=_ABOUT,
        routes=application.routes,
        tags=[{"name": name, "description": said} for name, said in _TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    whole["paths"] = {path: item for path, item in whole["paths"].items() if path.startswith(_PREFIX)}
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    _, more = models_json_schema([(EvaluationRequest, "validation")], ref_template="#/components/schemas/{model}")
    schemas.update(more["$defs"])
    custody = event_schemas(template=events.EVENT_SCHEMAS)
    schemas.update({f"Custody{name}": schema for name, schema in custody.items()})
    whole["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "Key of a service account."}
    }
    whole["security"] = [{"key": []}]
    for item in whole["paths"].values():
        for operation in item.values():
            _complete(operation)
    whole["components"]["schemas"] = _used(whole)
    return whole


def _complete(operation: dict[str, Any]) -> None:
    """State what every operation has in common; FastAPI's own form of a fault is answered by none."""
    fault = {"$ref": f"#/components/schemas/{Faults.__name__}"}
    common = _ALWAYS | (_WITH_BODY if "requestBody" in operation else {})
    for status, said in common.items():
        operation["responses"].setdefault(
            status, {"description": said, "content": {"application/json": {"schema": fault}}}
        )
    for answer in operation["responses"].values():
        # FastAPI says so where a route says nothing.
        if answer["description"] == "Successful Response":
            answer["description"] = "What was asked for."
    name = operation["operationId"]
    operation["operationId"] = name.partition("_api_v1")[0]


def _used(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas to which something leads."""
    schemas: dict[str, Any] = whole["components"]["schemas"]
    found: dict[str, Any] = {}
    waiting = _references(whole["paths"])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting |= _references(schemas[name])
    return dict(sorted(found.items()))


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(each) for each in value.values())) if value else own
    if isinstance(value, list):
        return set().union(*(_references(each) for each in value)) if value else set()
    return set()
