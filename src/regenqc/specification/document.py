"""Read the text of one specification file and collect every fault in it, with path and line."""

from __future__ import annotations

import difflib
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError

from regenqc.errors import Fault
from regenqc.specification import model

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["locate_lines", "read_document"]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\"-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_-]+)\"?\s*=")

# The model that owns the keys below a container, by the container's name.
_OWNERS: Final[dict[str, type[BaseModel]]] = {
    "": model.SpecificationDocument,
    "requirement": model.Requirement,
    "derived": model.Derived,
    "removed": model.Removal,
    "limit": model.LimitText,
    "alert": model.LimitText,
    "karyotype": model.Karyotype,
    "identity": model.Identity,
    "agreement": model.Agreement,
    "evidence": model.Evidence,
    "any_of": model.AlternativePart,
    "all_of": model.AlternativePart,
    "of": model.AlternativePart,
    "n_of_m": model.NumberOf,
}


def locate_lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Return the 1-based line at which each table and key of a TOML text stands.

    Keys inside inline tables are found through the key that holds them.

    Example:
        >>> locate_lines('id = "a"\\n[[requirement]]\\nid = "b"\\n')[("requirement", 0, "id")]
        3
    """
    lines: dict[tuple[str | int, ...], int] = {}
    counts: dict[str, int] = {}
    prefix: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2].replace('"', "")
            if header[1] == "[[":
                prefix = (*name.split("."), counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
            else:
                prefix = tuple(name.split("."))
            lines[prefix] = number
        elif key := _KEY.match(line):
            lines.setdefault((*prefix, key[1]), number)
    return lines


def describe_place(source: str, path: Iterable[str | int], lines: dict[tuple[str | int, ...], int]) -> str:
    """Return `file:line path` for a place inside a document."""
    steps = tuple(path)
    line = next((lines[steps[:end]] for end in range(len(steps), 0, -1) if steps[:end] in lines), 1)
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    return f"{source}:{line} {words}".rstrip()


def read_document(
    text: str, *, source: str
) -> tuple[model.SpecificationDocument | None, list[Fault], dict[tuple[str | int, ...], int]]:
    """Read one specification text.

    Args:
        text: TOML.
        source: how to name the text in faults, usually its path.

    Returns:
        The document, or `None` when it has faults; the faults in the order of the text; the line of each key.

    Example:
        >>> document, faults, lines = read_document('schema = "regenqc.specification/1"', source="a.toml")
        >>> document is None, faults[0].what
        (True, 'A required key is missing.')
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = Fault(
            code="RQC-S001",
            what="The file is not valid TOML.",
            where=source,
            got=str(error),
            expected="TOML 1.0",
            action="Correct the syntax at the place named.",
        )
        return None, [fault], {}
    lines = locate_lines(text)
    try:
        return model.SpecificationDocument.model_validate(content), [], lines
    except ValidationError as error:
        faults = [_fault(dict(detail), source=source, lines=lines) for detail in error.errors(include_url=False)]
        return None, faults, lines


def _fault(detail: dict[str, Any], *, source: str, lines: dict[tuple[str | int, ...], int]) -> Fault:
    path: tuple[str | int, ...] = detail["loc"]
    where = describe_place(source, path, lines)
    kind = detail["type"]
    if kind == "extra_forbidden":
        container = next((step for step in reversed(path[:-1]) if isinstance(step, str)), "")
        owner = _OWNERS.get(container, model.SpecificationDocument)
        known = sorted(field.alias or name for name, field in owner.model_fields.items())
        near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        return Fault(
            code="RQC-S002",
            what="Unknown key.",
            where=where,
            got=str(path[-1]),
            expected=f"did you mean '{near[0]}'" if near else ", ".join(known),
            action="Rename or remove the key; nothing in a specification is ignored.",
        )
    if kind == "missing":
        return Fault(
            code="RQC-S003",
            what="A required key is missing.",
            where=where,
            got="nothing",
            expected=str(path[-1]),
            action="Add the key.",
        )
    number_as_limit = kind == "string_type" and path and path[-1] in _LIMIT_KEYS
    return Fault(
        code="RQC-S004",
        what="A value is not what its key takes.",
        where=where,
        got=repr(detail.get("input"))[:200],
        expected=detail["msg"],
        action="Write the number as a string: its digits are significant." if number_as_limit else "Correct the value.",
    )


_LIMIT_KEYS: Final = frozenset(
    {"min", "max", "min_exclusive", "max_exclusive", "min_metaphases", "relative", "absolute"}
)
