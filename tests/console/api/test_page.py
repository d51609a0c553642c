"""The page of the interface shows every operation and schema, to anybody, without anything from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from regenqc.console.api.documentation import operations_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from fastapi.testclient import TestClient


def test_the_page_shows_every_operation_and_every_schema(
    as_person: Callable[[str], TestClient], application: FastAPI
) -> None:
    answer = as_person("nobody").get("/api")
    assert answer.status_code == 200
    for each in operations_of(application.openapi()):
        assert f"<strong>{each.method}</strong> {each.path}</code>" in answer.text
    anchors = set(re.findall(r'id="(schema-\w+)"', answer.text))
    assert anchors == {f"schema-{name}" for name in application.openapi()["components"]["schemas"]}
    assert set(re.findall(r'href="#(schema-\w+)"', answer.text)) <= anchors


def test_the_page_loads_nothing_from_elsewhere(as_person: Callable[[str], TestClient]) -> None:
    text = as_person("LIMS-0001").get("/api").text
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]*)"', text)
    assert loaded
    assert all(each.startswith("/static/") for each in loaded)
