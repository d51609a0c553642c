"""Write a resolved specification as the TOML of one file, complete in itself."""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from regenqc.specification.model import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.specification.model import Derived, Requirement, Specification

__all__ = ["write_requirements", "write_specification"]


def write_specification(specification: Specification) -> str:
    """Return a file that means the same without extending anything.

    What was inherited is written out; `removed` is left out, because nothing is inherited from which it could be removed.

    Example:
        >>> from regenqc.specification import load_specification, parse_specification
        >>> specification = load_specification("example/car-t-ari-0001")
        >>> parse_specification(write_specification(specification)).requirements == specification.requirements
        True
    """
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "id": specification.id,
        "version": specification.version,
        "title": specification.title,
        "jurisdiction": specification.jurisdiction,
        "pathway": specification.pathway,
        "valid_from": specification.valid_from,
        "valid_to": specification.valid_to,
    }
    if specification.unlisted_tests == "report":
        head["unlisted_tests"] = "report"
    blocks = [_lines({key: value for key, value in head.items() if value is not None})]
    if specification.product:
        blocks.append("[product]\n" + _lines(specification.product))
    declared = specification.declared_attributes
    if declared:
        blocks.append("[attributes]\n" + _lines({name: sorted(values) for name, values in declared.items()}))
    blocks += ["[[derived]]\n" + _lines(_plain(entry)) for entry in specification.derived]
    blocks.append(write_requirements(specification.requirements))
    return "\n".join(blocks)


def write_requirements(requirements: Sequence[Requirement]) -> str:
    """Return requirements as they stand in a file.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> print(write_requirements([Requirement(id="sterility", one_of=("no growth",))]), end="")
        [[requirement]]
        id     = "sterility"
        one_of = ["no growth"]
    """
    return "\n".join("[[requirement]]\n" + _lines(_plain(entry)) for entry in requirements)


def _plain(entry: Requirement | Derived) -> dict[str, Any]:
    return entry.model_dump(mode="python", exclude_defaults=True)


def _lines(table: Mapping[str, Any]) -> str:
    width = max(map(len, table), default=0)
    return "".join(f"{key:<{width}} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, StrEnum):
        return json.dumps(value.value)
    if isinstance(value, str):
        # TOML's basic strings are those of JSON, but for the character that JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, (int, date)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{_key(key)} = {_value(entry)}" for key, entry in value.items() if entry is not None)
            + " }"
        )
    raise TypeError(type(value).__name__)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)
