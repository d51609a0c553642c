"""The event hash of CBV 2.0: one identifier for what an event says, whatever the syntax it is written in.

CBV 2.0, section 8.9: the members of an event are written one after the other as `name=value`, in the order of the standard and
with lists sorted, in one normal form (time in UTC with milliseconds, numbers without superfluous zeros, keys of GS1 as canonical
Digital Link URIs, words as URIs); members of other namespaces follow. The SHA-256 of that text is the identifier.

Where the reference implementation (epcis-event-hash-generator 1.9.3) and a reading of the standard differ, this follows the
reference, because hashes are only worth something when both sides get the same: business transactions, sources and
destinations stand with the members of other namespaces at the end, each with its type before its value.

It identifies an event of a partner that arrives twice. It is not the leaf hash of the log, which covers the stored bytes.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.epcis.vocabulary import WORD_URIS
from regenqc.custody.identifiers import is_standard, one_spelling
from regenqc.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regenqc.custody.epcis.document import EpcisEvent

__all__ = ["event_hash_id", "pre_hash"]

_QUANTITY: Final = ("epcClass", "quantity", "uom")
_METADATA: Final = (
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
)
_REPORT: Final = (
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "time",
    "microorganism",
    "chemicalSubstance",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
    "coordinateReferenceSystem",
)
# Members of an event in the order of the standard, with what their lists consist of.
_LISTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "epcList": "epc",
        "inputEPCList": "epc",
        "childEPCs": "epc",
        "outputEPCList": "epc",
        "quantityList": "quantityElement",
        "childQuantityList": "quantityElement",
        "inputQuantityList": "quantityElement",
        "outputQuantityList": "quantityElement",
    }
)
_TYPED: Final = (
    ("bizTransactionList", "bizTransaction", "bizTransactionType"),
    ("destinationList", "destination", "partyType"),
    ("sourceList", "source", "partyType"),
)
_ORDER: Final = (
    "eventTime",
    "eventTimeZoneOffset",
    "certificationInfo",
    "parentID",
    "epcList",
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "sensorElementList",
)
# An event and its correction say the same; who recorded it when is not part of what it says.
_LEFT_OUT: Final = frozenset(
    {"@context", "type", "eventID", "recordTime", "errorDeclaration", "rdfs:comment", "comment", *_ORDER}
    | {name for name, _, _ in _TYPED}
)
_TIMES: Final = frozenset({"eventTime", "time", "startTime", "endTime"})
_SORTS: Final[Mapping[str, str]] = MappingProxyType({"exception": "alert", "component": "component"})
_GS1_PREFIXES: Final = MappingProxyType(
    {
        "urn:epcglobal:cbv:bizstep:": "https://ref.gs1.org/cbv/BizStep-",
        "urn:epcglobal:cbv:disp:": "https://ref.gs1.org/cbv/Disp-",
        "urn:epcglobal:cbv:btt:": "https://ref.gs1.org/cbv/BTT-",
        "urn:epcglobal:cbv:sdt:": "https://ref.gs1.org/cbv/SDT-",
        "urn:epcglobal:cbv:er:": "https://ref.gs1.org/cbv/ER-",
    }
)


def event_hash_id(event: EpcisEvent) -> str:
    """Return the event hash identifier of an event.

    Example:
        >>> from regenqc.custody.epcis.document import read_document
        >>> document = read_document('''{"type": "ObjectEvent", "@context": [], "eventTime": "2020-03-04T11:00:30.000+01:00",
        ...     "eventTimeZoneOffset": "+01:00", "action": "OBSERVE", "bizStep": "departing",
        ...     "epcList": ["urn:epc:id:sscc:4012345.0000000111"]}''')
        >>> event_hash_id(document.events[0])[:32]
        'ni:///sha-256;b8bb9ba5c4a9ee2b6d'
    """
    digest = hashlib.sha256(pre_hash(event).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def pre_hash(event: EpcisEvent) -> str:
    """Return the text whose SHA-256 is the event hash.

    Example:
        >>> from regenqc.custody.epcis.document import read_document
        >>> document = read_document('''{"type": "ObjectEvent", "@context": [], "eventTime": "2020-03-04T11:00:30.000+01:00",
        ...     "eventTimeZoneOffset": "+01:00", "action": "OBSERVE", "bizStep": "departing",
        ...     "epcList": ["urn:epc:id:sscc:4012345.0000000111"]}''')
        >>> print(pre_hash(document.events[0]).replace("=", "=\\n", 2))
        eventType=
        ObjectEventeventTime=
        2020-03-04T10:00:30.000ZeventTimeZoneOffset=+01:00epcListepc=https://id.gs1.org/00/040123450000001117action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-departing
    """
    members, namespaces = event.members, event.namespaces
    parts = [f"eventType={event.kind}"]
    parts += [_member(name, members[name], namespaces) for name in _ORDER if name in members]
    others = {name: value for name, value in members.items() if name not in _LEFT_OUT}
    tail = [*_extensions(others, namespaces)]
    tail += [_typed(*names, members, namespaces) for names in _TYPED]
    for name in ("readPoint", "bizLocation"):
        place = members.get(name)
        if isinstance(place, dict):
            tail.append(_with_name(name, _sorted(_extensions(_foreign(place, ("id",)), namespaces))))
    return "".join([*parts, *_sorted(tail)])


def _member(name: str, value: Any, namespaces: Mapping[str, str]) -> str:
    if name in _LISTS and isinstance(value, list):
        parts = [_element(_LISTS[name], entry, namespaces) for entry in value]
        return _with_name(name, _sorted(parts))
    if name == "sensorElementList":
        return _with_name(name, _sorted([_sensor(element, namespaces) for element in value]))
    if name == "persistentDisposition":
        parts = [
            _pair(part, _word(word, "disposition", namespaces))
            for part in ("set", "unset")
            for word in sorted(value.get(part, []))
        ]
        return _with_name(name, parts)
    if name in {"readPoint", "bizLocation"}:
        place = value if isinstance(value, dict) else {"id": value}
        return _with_name(name, [_pair("id", _normal(place.get("id", ""), namespaces))])
    if name == "certificationInfo":
        values = value if isinstance(value, list) else [value]
        return "".join(_sorted([_pair(name, _normal(entry, namespaces)) for entry in values]))
    return _pair(name, _scalar(name, value, namespaces))


def _element(name: str, entry: Any, namespaces: Mapping[str, str]) -> str:
    if name == "epc":
        return _pair("epc", _normal(entry, namespaces))
    return name + "".join(_pair(part, _normal(entry[part], namespaces)) for part in _QUANTITY if part in entry)


def _typed(name: str, part: str, sort: str, members: Mapping[str, Any], namespaces: Mapping[str, str]) -> str:
    parts = [
        _pair("type", _word(entry["type"], sort, namespaces) if "type" in entry else "")
        + _pair(part, _normal(entry.get(part, ""), namespaces))
        for entry in members.get(name, [])
    ]
    return _with_name(name, _sorted(parts))


def _sensor(element: Mapping[str, Any], namespaces: Mapping[str, str]) -> str:
    metadata = element.get("sensorMetadata", {})
    parts = []
    if metadata:
        own = [_pair(part, _scalar(part, metadata[part], namespaces)) for part in _METADATA if part in metadata]
        parts.append(
            _with_name("sensorMetadata", [*own, *_sorted(_extensions(_foreign(metadata, _METADATA), namespaces))])
        )
    reports = []
    for report in element.get("sensorReport", []):
        own = [_pair(part, _report(part, report[part], namespaces)) for part in _REPORT if part in report]
        extended = _sorted(_extensions(_foreign(report, _REPORT), namespaces))
        reports.append(_with_name("sensorReport", [*own, *extended]))
    parts += _sorted(reports)
    parts += _sorted(_extensions(_foreign(element, ("sensorMetadata", "sensorReport")), namespaces))
    return _with_name("sensorElement", parts)


def _report(name: str, value: Any, namespaces: Mapping[str, str]) -> str:
    if name == "type":
        return _word(value, "measurement", namespaces)
    return _word(value, _SORTS[name], namespaces) if name in _SORTS else _scalar(name, value, namespaces)


def _foreign(value: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    return {
        name: entry for name, entry in value.items() if name not in known and name not in {"rdfs:comment", "comment"}
    }


def _extensions(members: Mapping[str, Any], namespaces: Mapping[str, str]) -> Iterator[str]:
    """Yield members of other namespaces, nested ones included, each beginning with its name in full."""
    for name, value in members.items():
        full = _full_name(name, namespaces)
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                yield full + "".join(_sorted(_extensions(entry, namespaces)))
            else:
                yield f"{full}={_normal(entry, namespaces)}"


def _full_name(name: str, namespaces: Mapping[str, str]) -> str:
    prefix, _, rest = name.partition(":")
    return f"{{{namespaces[prefix]}}}{rest}" if rest and prefix in namespaces else name


def _scalar(name: str, value: Any, namespaces: Mapping[str, str]) -> str:
    if name in WORD_URIS:
        return _word(value, name, namespaces)
    return _time(value) if name in _TIMES else _normal(value, namespaces)


def _word(value: Any, sort: str, namespaces: Mapping[str, str]) -> str:
    return WORD_URIS[sort].get(value) or _normal(value, namespaces)


def _time(value: Any) -> str:
    """Return a time in UTC with milliseconds, halves rounded to even."""
    match = re.fullmatch(r"(.*T[0-9:]{8})(\.[0-9]+)?(Z|[+-][0-9:]{5})", str(value))
    if match is None:
        return str(value)
    moment = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    moment += timedelta(milliseconds=int(round(Decimal(match[2] or 0), 3) * 1000))
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _normal(value: Any, namespaces: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | Decimal):
        return _number(Decimal(value))
    text = str(value).strip()
    for old, new in _GS1_PREFIXES.items():
        text = text.replace(old, new)
    try:
        return _number(Decimal(text))
    except InvalidOperation:
        pass
    prefix, _, rest = text.partition(":")
    if rest and prefix in namespaces:
        return namespaces[prefix] + rest
    if is_standard(text):
        try:
            return one_spelling(text)
        except DataError:
            return text
    return text


def _number(value: Decimal) -> str:
    if not value.is_finite():
        return str(value)
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _pair(name: str, value: str) -> str:
    return f"{name}={value}" if value else ""


def _with_name(name: str, parts: Sequence[str]) -> str:
    text = "".join(parts)
    return name + text if text else ""


def _sorted(parts: Iterator[str] | Sequence[str]) -> list[str]:
    return sorted(part for part in parts if part)
