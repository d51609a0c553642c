"""The page of the JSON interface: every operation and every schema, out of its description, with nothing from elsewhere."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from fastapi.responses import Response

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow
from regenqc.console.api.documentation import operations_of
from regenqc.console.rendering import page

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/api", dependencies=[allow(Permission.OPEN)])
def interface(request: Request) -> Response:
    """Show the operations of the JSON interface; what it says is the same for everybody, and names no lot."""
    description = request.app.openapi()
    operations = list(operations_of(description))
    return page(
        request,
        "api/interface.html.jinja",
        about=description["info"]["description"].strip().split("\n\n"),
        groups=[(tag, [each for each in operations if each.tag == tag["name"]]) for tag in description["tags"]],
        schemas={
            name: (schema.get("description", ""), json.dumps(schema, ensure_ascii=False, indent=2))
            for name, schema in description["components"]["schemas"].items()
        },
    )
