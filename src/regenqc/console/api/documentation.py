"""The table of operations and of events, as docs/api.md and the page of the interface show them, out of the description itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Operation", "operations_of", "operations_table"]


# Every operation may answer so.
_COMMON: Final = frozenset({"401", "403", "429", "500", "503"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Hold one operation of the description.

    Args:
        tag: to which it belongs.
        method: of HTTP.
        path: below the server.
        summary: one line.
        about: what it does, in sentences.
        parameters: name, where it stands, whether it is needed, what it is.
        bodies: kind of content and name of its schema.
        answers: status, sentence and name of the schema.
    """

    tag: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[tuple[str, str, bool, str], ...]
    bodies: tuple[tuple[str, str], ...]
    answers: tuple[tuple[str, str, str], ...]


def operations_of(description: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield every operation of a description, in its order."""
    for path, item in description["paths"].items():
        for method, operation in item.items():
            yield Operation(
                tag=operation["tags"][0],
                method=method.upper(),
                path=path,
                summary=operation["summary"],
                about=operation.get("description", ""),
                parameters=tuple(
                    (each["name"], each["in"], each.get("required", False), each.get("description", ""))
                    for each in operation.get("parameters", ())
                ),
                bodies=tuple(
                    (kind, _name(content))
                    for kind, content in operation.get("requestBody", {}).get("content", {}).items()
                ),
                answers=tuple(
                    (status, answer["description"], ", ".join(map(_name, answer.get("content", {}).values())))
                    for status, answer in sorted(operation["responses"].items())
                ),
            )


def operations_table(description: Mapping[str, Any]) -> str:
    """Return the operations of a description as a table of Markdown.

    Example:
        >>> operation = {"tags": ["gate"], "summary": "Ask", "responses": {"200": {"description": "Go."}}}
        >>> print(operations_table({"paths": {"/api/v1/gate": {"post": operation}}}))
        | operation | does | answers |
        |---|---|---|
        | `POST /api/v1/gate` | Ask | 200 |
    """
    lines = ["| operation | does | answers |", "|---|---|---|"]
    for each in operations_of(description):
        statuses = " ".join(status for status, _, _ in each.answers if status not in _COMMON)
        lines.append(f"| `{each.method} {each.path}` | {each.summary} | {statuses} |")
    return "\n".join(lines)


def _name(content: Mapping[str, Any]) -> str:
    schema = content.get("schema", {})
    return str(schema.get("$ref", schema.get("type", ""))).rpartition("/")[2]
