"""The description of the interface is whole, and the document shows the same operations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from regenqc.console.api.documentation import operations_of, operations_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from fastapi.testclient import TestClient

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "api.md"


@pytest.fixture
def description(application: FastAPI) -> dict[str, object]:
    return application.openapi()


def test_every_operation_has_summary_text_tag_and_answers_with_schemas(description: dict[str, object]) -> None:
    known = {tag["name"] for tag in description["tags"]}
    operations = list(operations_of(description))
    assert len(operations) == len({(each.method, each.path) for each in operations}) == 19
    for each in operations:
        assert each.tag in known
        assert each.summary
        assert each.about
        assert {"401", "403", "422", "500"} <= {status for status, _, _ in each.answers}
        assert all(said and schema for _, said, schema in each.answers), each
        assert all(about for name, _, _, about in each.parameters if name not in _PLAIN), each


# What they are, their names say.
_PLAIN = {"batch_id", "spec_id", "product", "site", "evaluation_id"}


def test_every_refusal_is_answered_by_faults(description: dict[str, object]) -> None:
    for item in description["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                name = (
                    answer["content"].get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
                )
                if status >= "400":
                    assert name in {"Faults", "RefusedEvaluation", "EventOutcomes"}, (operation["operationId"], status)


def test_every_name_leads_to_a_schema_and_every_schema_is_one(description: dict[str, object]) -> None:
    schemas = description["components"]["schemas"]
    named = set(_references(description))
    assert named == set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_operations_have_names_of_their_own_and_ask_for_a_key(description: dict[str, object]) -> None:
    names = [operation["operationId"] for item in description["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    assert description["security"] == [{"key": []}]
    assert description["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_the_description_names_no_screen(description: dict[str, object]) -> None:
    assert all(path.startswith("/api/v1/") for path in description["paths"])


def test_the_document_has_the_table_of_the_description(description: dict[str, object]) -> None:
    assert operations_table(description) in DOCUMENT.read_text(encoding="utf-8")


def test_the_rows_that_the_document_shows_are_taken(lims: TestClient) -> None:
    import json
    import re

    from tests.console.api.conftest import ended, new_key

    (body,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    answer = lims.post("/api/v1/evaluations", headers=new_key(), json=json.loads(body))
    assert ended(lims, answer.json()["evaluation_id"])["state"] == "done"


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
