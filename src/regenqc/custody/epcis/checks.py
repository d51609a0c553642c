"""Check an EPCIS document more strictly than its schema does.

The JSON Schema of EPCIS 2.0 leaves to optional checkers of formats what a time or a URI is, accepts a business step in plain
words where it is not listed, and members of `ilmd` without namespace. Here each of these is a fault; and keys of GS1 must
have the right check digit wherever one is visible.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.epcis.vocabulary import ACTIONS, EVENT_TYPES, WORD_URIS
from regenqc.custody.identifiers import is_standard, one_spelling
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from regenqc.custody.epcis.document import EpcisDocument, EpcisEvent

__all__ = ["document_faults"]

_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_ZONE: Final = re.compile(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)")
# A scheme, a colon, and characters that a URI may hold (RFC 3986).
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_PREFIXED: Final = re.compile(r"([A-Za-z_][\w.-]*):(?!//)\S+")
_UNIT: Final = re.compile(r"[A-Z0-9]{2,3}")
# Schemes of URIs that have no `//`, and prefixes that the EPCIS context itself declares.
_SCHEMES: Final = frozenset({"did", "geo", "ni", "tag", "urn"})
_DECLARED: Final = frozenset({"cbv", "cbvmda", "dcterms", "epcis", "gs1", "owl", "rdfs", "xsd"})
_OLD_WORDS: Final = "urn:epcglobal:cbv:"

_COMMON: Final = frozenset(
    [
        "@context",
        "type",
        "eventTime",
        "recordTime",
        "eventTimeZoneOffset",
        "eventID",
        "certificationInfo",
        "errorDeclaration",
        "bizStep",
        "disposition",
        "readPoint",
        "bizLocation",
        "bizTransactionList",
        "sourceList",
        "destinationList",
        "sensorElementList",
    ]
)
_OWN: Final[dict[str, frozenset[str]]] = {
    "ObjectEvent": frozenset({"action", "epcList", "quantityList", "persistentDisposition", "ilmd"}),
    "AggregationEvent": frozenset({"action", "parentID", "childEPCs", "childQuantityList"}),
    "AssociationEvent": frozenset({"action", "parentID", "childEPCs", "childQuantityList"}),
    "TransactionEvent": frozenset({"action", "parentID", "epcList", "quantityList"}),
    "TransformationEvent": frozenset(
        [
            "inputEPCList",
            "inputQuantityList",
            "outputEPCList",
            "outputQuantityList",
            "transformationID",
            "persistentDisposition",
            "ilmd",
        ]
    ),
}
_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITY_LISTS: Final = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_IDENTIFIED: Final[dict[str, tuple[str, ...]]] = {
    "ObjectEvent": ("epcList", "quantityList", "sensorElementList"),
    "AggregationEvent": ("parentID", "childEPCs", "childQuantityList"),
    "AssociationEvent": ("parentID", "childEPCs", "childQuantityList"),
    "TransactionEvent": ("bizTransactionList",),
    "TransformationEvent": ("inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList"),
}
_NUMBERS: Final = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")


def document_faults(document: EpcisDocument) -> list[Fault]:
    """Return everything that is wrong with an EPCIS document.

    Codes: `RQC-C302` context, `RQC-C303` version, `RQC-C304` type of event, `RQC-C305` member missing, `RQC-C306` time,
    `RQC-C307` offset, `RQC-C308` action, `RQC-C309` word of no vocabulary, `RQC-C310` identifier, `RQC-C311` quantity,
    `RQC-C312` member that EPCIS does not have, `RQC-C313` namespace that is not declared, `RQC-C314` event about nothing,
    `RQC-C315` event identifier twice, `RQC-C316` member twice.
    """
    return list(_document(document))


def _document(document: EpcisDocument) -> Iterator[Fault]:
    for name in document.doubled:
        yield _fault("RQC-C316", "An object has a member twice.", name, expected="every member once")
    if "@context" not in document.members:
        yield _fault("RQC-C302", "The document has no context.", "@context", expected="the EPCIS context")
    if document.kind.startswith("EPCIS"):
        if not document.version.startswith("2."):
            yield _fault(
                "RQC-C303", "The document is of another version.", "schemaVersion", got=document.version, expected="2.0"
            )
        yield from _time(document.members.get("creationDate"), "creationDate", needed=True)
    seen: set[str] = set()
    for event in document.events:
        identifier = event.text("eventID")
        # An event and the declaration that it was wrong have the same identifier.
        if identifier and "errorDeclaration" not in event.members:
            if identifier in seen:
                yield _fault(
                    "RQC-C315", "Two events have one identifier.", f"event {event.position}.eventID", got=identifier
                )
            seen.add(identifier)
        yield from _event(event)


def _event(event: EpcisEvent) -> Iterator[Fault]:
    where, members = f"event {event.position}", event.members
    if event.kind not in EVENT_TYPES:
        expected = ", ".join(sorted(EVENT_TYPES))
        yield _fault("RQC-C304", "This type of event is not known.", where, got=event.kind, expected=expected)
        return
    known = _COMMON | _OWN[event.kind]
    yield from _names(members, known, where, event.namespaces)
    yield from _time(members.get("eventTime"), f"{where}.eventTime", needed=True)
    yield from _time(members.get("recordTime"), f"{where}.recordTime")
    offset = members.get("eventTimeZoneOffset")
    if not (isinstance(offset, str) and _ZONE.fullmatch(offset)):
        yield _fault(
            "RQC-C307", "This is no offset.", f"{where}.eventTimeZoneOffset", got=_said(offset), expected="+01:00"
        )
    if "action" in _OWN[event.kind] and members.get("action") not in ACTIONS:
        expected = ", ".join(sorted(ACTIONS))
        yield _fault(
            "RQC-C308", "This is no action.", f"{where}.action", got=_said(members.get("action")), expected=expected
        )
    if not any(members.get(name) for name in _IDENTIFIED[event.kind]):
        expected = " or ".join(_IDENTIFIED[event.kind])
        yield _fault("RQC-C314", "The event is about nothing.", where, expected=expected)
    yield from _words(event, where)
    yield from _things(event, where)
    yield from _parties(event, where)
    yield from _declaration(event, where)
    for number, element in enumerate(event.list("sensorElementList")):
        yield from _sensor(element, f"{where}.sensorElementList[{number}]", event.namespaces)
    ilmd = members.get("ilmd", {})
    yield from _names(ilmd if isinstance(ilmd, dict) else {}, frozenset(), f"{where}.ilmd", event.namespaces)


def _names(
    members: Mapping[str, Any], known: frozenset[str], where: str, namespaces: Mapping[str, str]
) -> Iterator[Fault]:
    for name in members:
        if name in known or name in {"rdfs:comment", "comment"}:
            continue
        prefixed = _PREFIXED.fullmatch(name)
        if prefixed is None and not name.startswith(("http://", "https://", "urn:")):
            yield _fault(
                "RQC-C312",
                "EPCIS has no such member.",
                f"{where}.{name}",
                expected="a member of a namespace, as ns:name",
            )
        elif prefixed is not None and prefixed[1] not in {*namespaces, *_DECLARED, *_SCHEMES}:
            yield _fault(
                "RQC-C313",
                "The namespace is not declared.",
                f"{where}.{name}",
                got=prefixed[1],
                expected="a prefix of @context",
            )


def _words(event: EpcisEvent, where: str) -> Iterator[Fault]:
    members = event.members
    words = [("bizStep", members.get("bizStep"), "bizStep"), ("disposition", members.get("disposition"), "disposition")]
    persistent = members.get("persistentDisposition")
    if isinstance(persistent, dict):
        words += [
            ("persistentDisposition", word, "disposition")
            for word in (*persistent.get("set", ()), *persistent.get("unset", ()))
        ]
    words += [
        ("bizTransactionList", entry.get("type"), "bizTransactionType")
        for entry in _objects(event.list("bizTransactionList"))
    ]
    for name in ("sourceList", "destinationList"):
        words += [(name, entry.get("type"), "partyType") for entry in _objects(event.list(name))]
    for name, word, sort in words:
        if word is not None:
            yield from _word(word, sort, f"{where}.{name}", event.namespaces)


def _word(word: Any, sort: str, where: str, namespaces: Mapping[str, str]) -> Iterator[Fault]:
    if word in WORD_URIS[sort]:
        return
    named = isinstance(word, str) and _URI.fullmatch(word)
    prefix = word.partition(":")[0] if named else ""
    if not named or word.startswith(_OLD_WORDS) or ("//" not in word and prefix not in {*namespaces, *_SCHEMES}):
        yield _fault(
            "RQC-C309",
            "This word is in no vocabulary.",
            where,
            got=_said(word),
            expected=f"a {sort} of CBV 2.0, or a URI",
        )


def _things(event: EpcisEvent, where: str) -> Iterator[Fault]:
    for name in _LISTS:
        for number, uri in enumerate(event.list(name)):
            yield from _identifier(uri, f"{where}.{name}[{number}]", event.namespaces)
    for name in ("parentID", "transformationID", "eventID"):
        if name in event.members:
            yield from _identifier(event.members[name], f"{where}.{name}", event.namespaces)
    for name in ("readPoint", "bizLocation"):
        place = event.members.get(name)
        if place is not None:
            yield from _identifier(
                place.get("id") if isinstance(place, dict) else place, f"{where}.{name}.id", event.namespaces
            )
    for name in _QUANTITY_LISTS:
        for number, element in enumerate(event.list(name)):
            yield from _quantity(element, f"{where}.{name}[{number}]", event.namespaces)


def _quantity(element: Any, where: str, namespaces: Mapping[str, str]) -> Iterator[Fault]:
    if not isinstance(element, dict):
        yield _fault("RQC-C311", "This is no quantity.", where, got=_said(element), expected="epcClass, quantity, uom")
        return
    for name in element:
        if name not in {"epcClass", "quantity", "uom"}:
            yield _fault(
                "RQC-C312", "A quantity has no such member.", f"{where}.{name}", expected="epcClass, quantity, uom"
            )
    yield from _identifier(element.get("epcClass"), f"{where}.epcClass", namespaces)
    quantity, unit = element.get("quantity"), element.get("uom")
    if quantity is not None and (isinstance(quantity, bool) or not isinstance(quantity, int | Decimal) or quantity < 0):
        yield _fault(
            "RQC-C311",
            "This is no quantity.",
            f"{where}.quantity",
            got=_said(quantity),
            expected="a number, not negative",
        )
    if unit is not None and not (isinstance(unit, str) and _UNIT.fullmatch(unit)):
        yield _fault(
            "RQC-C311",
            "This is no code of a unit.",
            f"{where}.uom",
            got=_said(unit),
            expected="UN/ECE Recommendation 20",
        )


def _parties(event: EpcisEvent, where: str) -> Iterator[Fault]:
    for name, member in (
        ("sourceList", "source"),
        ("destinationList", "destination"),
        ("bizTransactionList", "bizTransaction"),
    ):
        for number, entry in enumerate(_objects(event.list(name))):
            yield from _identifier(entry.get(member), f"{where}.{name}[{number}].{member}", event.namespaces)


def _declaration(event: EpcisEvent, where: str) -> Iterator[Fault]:
    declaration = event.members.get("errorDeclaration")
    if isinstance(declaration, dict):
        yield from _time(declaration.get("declarationTime"), f"{where}.errorDeclaration.declarationTime", needed=True)
        if "reason" in declaration:
            yield from _word(declaration["reason"], "errorReason", f"{where}.errorDeclaration.reason", event.namespaces)


def _sensor(element: Any, where: str, namespaces: Mapping[str, str]) -> Iterator[Fault]:
    metadata = element.get("sensorMetadata", {}) if isinstance(element, dict) else {}
    for name in ("time", "startTime", "endTime"):
        yield from _time(metadata.get(name), f"{where}.sensorMetadata.{name}")
    reports = element.get("sensorReport", []) if isinstance(element, dict) else []
    if not isinstance(reports, list):
        yield _fault("RQC-C305", "A sensor element has no list of reports.", where, expected="sensorReport")
        return
    for number, report in enumerate(_objects(reports)):
        at = f"{where}.sensorReport[{number}]"
        # A report of an alert names the alert; any other names what it measured.
        if "exception" not in report or "type" in report:
            yield from _word(report.get("type"), "measurement", f"{at}.type", namespaces)
        if "exception" in report:
            yield from _word(report["exception"], "alert", f"{at}.exception", namespaces)
        yield from _time(report.get("time"), f"{at}.time")
        for name in _NUMBERS:
            value = report.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
                yield _fault("RQC-C311", "This is no number.", f"{at}.{name}", got=_said(value), expected="a number")


def _identifier(value: Any, where: str, namespaces: Mapping[str, str]) -> Iterator[Fault]:
    if not (isinstance(value, str) and _URI.fullmatch(value)):
        yield _fault("RQC-C310", "This is no identifier.", where, got=_said(value), expected="a URI")
        return
    prefix = value.partition(":")[0]
    if "//" not in value and prefix not in {*namespaces, *_SCHEMES}:
        yield _fault("RQC-C313", "The namespace is not declared.", where, got=prefix, expected="a prefix of @context")
    if is_standard(value) and not value.startswith("urn:epc:idpat"):
        try:
            one_spelling(value)
        except DataError as error:
            (fault,) = error.faults
            yield _fault("RQC-C310", fault.what, where, got=value, expected=fault.expected)


def _time(value: Any, where: str, *, needed: bool = False) -> Iterator[Fault]:
    if value is None and not needed:
        return
    right = isinstance(value, str) and _TIME.fullmatch(value) is not None
    if right:
        try:
            datetime.fromisoformat(re.sub(r"\.[0-9]+", "", value))
        except ValueError:
            right = False
    if not right:
        code = "RQC-C305" if value is None else "RQC-C306"
        yield _fault(code, "This is no time with zone.", where, got=_said(value), expected="2026-03-16T12:00:00.000Z")


def _objects(entries: list[Any]) -> list[dict[str, Any]]:
    return [entry for entry in entries if isinstance(entry, dict)]


def _said(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _fault(code: str, what: str, where: str, *, got: str = "", expected: str = "") -> Fault:
    return Fault(code=code, what=what, where=where, got=got, expected=expected)
