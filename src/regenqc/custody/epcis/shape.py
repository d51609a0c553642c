"""What sort of value each member of an EPCIS event holds: checked once, so that nobody who reads it later has to ask."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["shape_faults"]

_TEXTS: Final = (
    "type",
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    "eventID",
    "action",
    "bizStep",
    "disposition",
    "parentID",
    "transformationID",
)
_TEXT_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITY_LISTS: Final = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_TYPED_LISTS: Final = ("bizTransactionList", "sourceList", "destinationList")
_QUANTITIES: Final = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_WORDS: Final = ("type", "exception", "component", "uom", "time", "deviceID", "rawData")


def shape_faults(members: Mapping[str, Any], *, where: str) -> list[Fault]:
    """Return every member of an EPCIS event that holds another sort of value than it should, `RQC-C317`.

    Args:
        members: of the event.
        where: path of the event.

    Example:
        >>> shape_faults({"epcList": "urn:x:1"}, where="event 0")[0].where
        'event 0.epcList'
    """
    return [
        Fault(
            code="RQC-C317",
            what="A member holds another sort of value.",
            where=f"{where}.{path}",
            got=got,
            expected=expected,
        )
        for path, got, expected in _misshapen(members)
    ]


_Found = tuple[str, str, str]


def _misshapen(members: Mapping[str, Any]) -> Iterator[_Found]:
    for name in _TEXTS:
        yield from _each(members, name, _is_text, "text")
    for name in _TEXT_LISTS:
        yield from _list(members, name, _is_text, "a list of texts")
    if not isinstance(members.get("certificationInfo"), str):
        yield from _list(members, "certificationInfo", _is_text, "text, or a list of texts")
    for name in _QUANTITY_LISTS:
        yield from _list(members, name, _is_object, "a list of objects")
        for entry in _objects(members.get(name)):
            yield from _within(name, _each(entry, "epcClass", _is_text, "text"))
            yield from _within(name, _each(entry, "uom", _is_text, "text"))
            yield from _within(name, _each(entry, "quantity", _is_plain, "a number"))
    for name in _TYPED_LISTS:
        yield from _list(members, name, _is_object, "a list of objects")
        for entry in _objects(members.get(name)):
            for part in entry:
                yield from _within(name, _each(entry, part, _is_text, "text"))
    for name in ("readPoint", "bizLocation"):
        yield from _each(members, name, _is_object, "an object with id")
        for place in _objects([members.get(name)]):
            yield from _within(name, _each(place, "id", _is_text, "text"))
    yield from _each(members, "ilmd", _is_object, "an object")
    yield from _declaration(members)
    yield from _sensors(members)


def _declaration(members: Mapping[str, Any]) -> Iterator[_Found]:
    yield from _each(members, "errorDeclaration", _is_object, "an object")
    for declaration in _objects([members.get("errorDeclaration")]):
        yield from _within("errorDeclaration", _each(declaration, "declarationTime", _is_text, "text"))
        yield from _within("errorDeclaration", _each(declaration, "reason", _is_text, "text"))
        yield from _within("errorDeclaration", _list(declaration, "correctiveEventIDs", _is_text, "a list of texts"))
    yield from _each(members, "persistentDisposition", _is_object, "an object")
    for persistent in _objects([members.get("persistentDisposition")]):
        for part in ("set", "unset"):
            yield from _within("persistentDisposition", _list(persistent, part, _is_text, "a list of texts"))


def _sensors(members: Mapping[str, Any]) -> Iterator[_Found]:
    name = "sensorElementList"
    yield from _list(members, name, _is_object, "a list of objects")
    for element in _objects(members.get(name)):
        yield from _within(name, _each(element, "sensorMetadata", _is_object, "an object"))
        for metadata in _objects([element.get("sensorMetadata")]):
            for part in ("time", "startTime", "endTime", "deviceID", "rawData"):
                yield from _within(f"{name}.sensorMetadata", _each(metadata, part, _is_text, "text"))
        yield from _within(name, _list(element, "sensorReport", _is_object, "a list of objects"))
        for report in _objects(element.get("sensorReport")):
            at = f"{name}.sensorReport"
            for part in _WORDS:
                yield from _within(at, _each(report, part, _is_text, "text"))
            for part in _QUANTITIES:
                yield from _within(at, _each(report, part, _is_plain, "a number"))


def _within(where: str, found: Iterator[_Found]) -> Iterator[_Found]:
    for path, got, expected in found:
        yield f"{where}.{path}", got, expected


def _each(value: Mapping[str, Any], name: str, is_right: Callable[[Any], bool], expected: str) -> Iterator[_Found]:
    if name in value and not is_right(value[name]):
        yield name, _said(value[name]), expected


def _list(value: Mapping[str, Any], name: str, is_right: Callable[[Any], bool], expected: str) -> Iterator[_Found]:
    if name in value and not (isinstance(value[name], list) and all(map(is_right, value[name]))):
        yield name, _said(value[name]), expected


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_plain(value: Any) -> bool:
    # Whether a text is a number is said by the checks, with the right words.
    return isinstance(value, int | Decimal | str) and not isinstance(value, bool)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _said(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"[:80]
