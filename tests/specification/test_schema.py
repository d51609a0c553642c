"""The JSON Schema for editors describes every key, and the packaged files have its form."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from regenqc.specification import list_specifications, model, specification_schema
from regenqc.specification.schema import KEY_MEANINGS

from .test_fingerprint import WHOLE

MODELS = {
    name: value
    for name, value in vars(model).items()
    if isinstance(value, type) and issubclass(value, BaseModel) and value.model_fields
}
SCHEMA = specification_schema()
FILES = [pytest.param(path.read_text(encoding="utf-8"), id=name) for name, path in list_specifications()]
TYPES = {"string": (str, date), "integer": int, "boolean": bool, "array": list, "object": dict}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_key_has_a_meaning(name: str) -> None:
    assert set(KEY_MEANINGS[name]) == {field.alias or key for key, field in MODELS[name].model_fields.items()}


def test_every_key_of_the_schema_has_its_description() -> None:
    owners = [SCHEMA, *(entry for entry in SCHEMA["$defs"].values() if "properties" in entry)]
    assert all("description" in key for owner in owners for key in owner["properties"].values())


def test_no_table_of_the_schema_takes_unknown_keys() -> None:
    owners = [SCHEMA, *(entry for entry in SCHEMA["$defs"].values() if "properties" in entry)]
    assert all(owner["additionalProperties"] is False for owner in owners)


def test_the_schema_is_plain_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_a_change_of_the_returned_schema_does_not_reach_the_next_one() -> None:
    specification_schema()["properties"].clear()
    assert specification_schema() == SCHEMA


def _misfits(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:
    """Return where a value does not have the form of a schema, as far as this format uses JSON Schema."""
    if "$ref" in schema:
        return _misfits(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], path)
    if "anyOf" in schema or "oneOf" in schema:
        tried = [_misfits(value, option, path) for option in schema.get("anyOf") or schema["oneOf"]]
        return [] if [] in tried else tried[0]
    if "const" in schema or "enum" in schema:
        return [] if value in schema.get("enum", [schema.get("const")]) else [path]
    if schema["type"] == "null" or not isinstance(value, TYPES[schema["type"]]):
        return [path]
    if isinstance(value, dict):
        known, further = schema.get("properties", {}), schema.get("additionalProperties")
        missing = [f"{path}.{key}" for key in schema.get("required", ()) if key not in value]
        patterns = list(schema.get("patternProperties", {}).values())
        return missing + [
            misfit
            for key, inner in value.items()
            for misfit in (
                _misfits(inner, known.get(key) or (patterns or [further])[0], f"{path}.{key}")
                if key in known or patterns or further
                else [f"{path}.{key}"]
            )
        ]
    if isinstance(value, list):
        short = [path] if len(value) < schema.get("minItems", 0) else []
        return short + [misfit for inner in value for misfit in _misfits(inner, schema["items"], f"{path}[]")]
    matches = not isinstance(value, str) or re.search(schema.get("pattern", ""), value)
    return [] if matches else [path]


@pytest.mark.parametrize("text", [*FILES, pytest.param(WHOLE, id="a file with every key")])
def test_the_schema_accepts(text: str) -> None:
    assert _misfits(tomllib.loads(text), SCHEMA) == []


def test_the_schema_refuses_an_unknown_key_and_a_number_as_limit() -> None:
    content = tomllib.loads(WHOLE) | {"colour": "red"}
    content["requirement"][0]["limit"]["min"] = 70
    assert _misfits(content, SCHEMA) == [".requirement[].limit.min", ".colour"]


@pytest.mark.parametrize(
    "source",
    ['"endotoxin"', '"@dose_volume"', '"50 %"', '"1E-3 %"', '{ test = "rcl", column = "lod", method = "PCR" }'],
)
def test_the_schema_accepts_every_form_of_input(source: str) -> None:
    content = tomllib.loads(WHOLE.replace('dose = "dose"', f"dose = {source}"))
    assert _misfits(content, SCHEMA) == []


@pytest.mark.parametrize("source", ['"@"', '"50  %"', "50", '{ column = "lod" }', '{ test = "rcl", colum = "lod" }'])
def test_the_schema_refuses_what_is_no_input(source: str) -> None:
    content = tomllib.loads(WHOLE.replace('dose = "dose"', f"dose = {source}"))
    assert _misfits(content, SCHEMA) != []
