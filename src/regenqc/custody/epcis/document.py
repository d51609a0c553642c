"""Read EPCIS 2.0 documents in JSON and JSON-LD: captured documents, query documents, single events.

Numbers stay decimal: `0.1` of a document is one tenth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.epcis.vocabulary import EVENT_TYPES
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EpcisDocument", "EpcisEvent", "read_document"]

_MOST_BYTES: Final = 64 * 2**20
_BODIES: Final = ("epcisBody", "queryResults", "resultsBody")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcisEvent:
    """Hold one event of an EPCIS document.

    Args:
        kind: its type, e.g. `ObjectEvent`.
        position: its place in the document, from 0.
        members: everything it says, as in the document; numbers are `Decimal` or `int`.
        namespaces: prefixes that it may use, with what they stand for.
    """

    kind: str
    position: int
    members: Mapping[str, Any]
    namespaces: Mapping[str, str]

    def text(self, *path: str) -> str:
        """Return a text at a path of members, empty when there is none."""
        value: Any = self.members
        for name in path:
            value = value.get(name) if isinstance(value, dict) or hasattr(value, "get") else None
        return value if isinstance(value, str) else ""

    def list(self, name: str) -> list[Any]:
        """Return a member that is a list, empty when there is none."""
        value = self.members.get(name)
        return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcisDocument:
    """Hold an EPCIS document.

    Args:
        kind: `EPCISDocument`, `EPCISQueryDocument`, or the type of a single event.
        version: `schemaVersion`, empty for a single event without one.
        created: `creationDate`.
        events: in the order of the document.
        members: everything it says.
        doubled: names of members that some object has twice, of which the last was read; no reader may rely on that.
    """

    kind: str
    version: str
    created: str
    events: tuple[EpcisEvent, ...]
    doubled: tuple[str, ...]
    members: Mapping[str, Any] = field(repr=False)


def read_document(data: bytes | str) -> EpcisDocument:
    """Read an EPCIS document.

    Args:
        data: JSON or JSON-LD text; UTF-8 when bytes.

    Raises:
        DataError: `RQC-C301`, it is no EPCIS document in JSON.

    Example:
        >>> document = read_document('{"type": "ObjectEvent", "@context": [], "action": "OBSERVE", "epcList": []}')
        >>> document.events[0].kind
        'ObjectEvent'
    """
    if len(data) > _MOST_BYTES:
        raise _no_document(f"{len(data)} bytes", f"at most {_MOST_BYTES} bytes")
    doubled: dict[str, None] = {}

    def collected(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        doubled.update(dict.fromkeys(name for name in names if names.count(name) > 1))
        return dict(pairs)

    try:
        value = json.loads(data, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=collected)
    except (ValueError, RecursionError) as error:
        raise _no_document(str(error)[:200], "one JSON object") from error
    if not isinstance(value, dict):
        raise _no_document(type(value).__name__, "a JSON object")
    kind = value.get("type")
    if kind in EVENT_TYPES:
        found: list[Any] = [value]
    elif kind in {"EPCISDocument", "EPCISQueryDocument"}:
        found = _events_in(value)
    else:
        raise _no_document(repr(kind), "type EPCISDocument, EPCISQueryDocument or an event type")
    context = _namespaces(value.get("@context"))
    return EpcisDocument(
        kind=str(kind),
        version=str(value.get("schemaVersion", "")),
        created=str(value.get("creationDate", "")),
        events=tuple(_event(entry, position, context) for position, entry in enumerate(found)),
        doubled=tuple(doubled),
        members=MappingProxyType(value),
    )


def _events_in(value: dict[str, Any]) -> list[Any]:
    body: Any = value
    for name in _BODIES:
        if isinstance(body, dict) and name in body:
            body = body[name]
    if not isinstance(body, dict):
        raise _no_document("no body", "epcisBody")
    events = body.get("eventList", [body["event"]] if "event" in body else None)
    if not isinstance(events, list):
        raise _no_document("no list of events", "eventList")
    return events


def _event(entry: Any, position: int, context: dict[str, str]) -> EpcisEvent:
    if not isinstance(entry, dict):
        raise _no_document(f"event {position} is {type(entry).__name__}", "a JSON object")
    namespaces = context | _namespaces(entry.get("@context"))
    return EpcisEvent(
        kind=str(entry.get("type", "")),
        position=position,
        members=MappingProxyType(entry),
        namespaces=MappingProxyType(namespaces),
    )


def _namespaces(context: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in context if isinstance(context, list) else [context]:
        if isinstance(entry, dict):
            found.update(
                {name: uri for name, uri in entry.items() if isinstance(uri, str) and not name.startswith("@")}
            )
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _no_document(got: str, expected: str) -> DataError:
    return DataError(Fault(code="RQC-C301", what="This is no EPCIS 2.0 document in JSON.", got=got, expected=expected))
