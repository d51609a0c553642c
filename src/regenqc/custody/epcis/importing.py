"""Take EPCIS events of others into the record.

An event that carries its record is restored from it, when everything else that it says agrees. Any other event becomes a
custody event where its type, action and business step leave no doubt what it was and it says all that the record wants; it is
left out, with the reason, where they do not. Nothing is guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.digest_names import digest_name
from regenqc.custody.epcis.event_hash import event_hash_id
from regenqc.custody.epcis.export import export_event
from regenqc.custody.epcis.mapping import EXCHANGED, KIND_OF
from regenqc.custody.epcis.uris import code_of
from regenqc.custody.epcis.vocabulary import NAMESPACE, UNITS_OF_MEASURE, WORD_URIS
from regenqc.custody.kinds import KINDS
from regenqc.custody.moments import moment_of
from regenqc.custody.reading import event_faults, read_event
from regenqc.custody.record import SCHEMA, Blob, Condition, Event, Item, Previous
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.epcis.document import EpcisDocument, EpcisEvent

__all__ = ["Imported", "Recorder", "import_events"]

_UNITS: Final = {code: unit for unit, code in reversed(list(UNITS_OF_MEASURE.items()))}
_MEASURED: Final = {"Temperature": "temperature", "RelativeHumidity": "humidity", "Pressure": "pressure"}
_STEPS: Final = {uri: word for word, uri in WORD_URIS["bizStep"].items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Say who takes events into the record, and when.

    Args:
        actor: pseudonym of the person or system that does.
        role: in which capacity.
        recorded_at: the present moment.
        base: beginning of the URIs of the partner whose codes are taken out of them.
        document: digest of the document, `sha256:` and 64 hexadecimal digits, under which it is kept as a blob.
    """

    actor: str
    role: str
    recorded_at: str
    base: str
    document: str


@dataclass(frozen=True, slots=True)
class Imported:
    """Hold what came of an EPCIS document.

    Args:
        events: for the record, in the order of the document.
        left_out: position in the document and reasons of each event that was not taken.
    """

    events: tuple[Event, ...]
    left_out: tuple[tuple[int, tuple[Fault, ...]], ...]


def import_events(document: EpcisDocument, *, recorder: Recorder, previous: Previous | None = None) -> Imported:
    """Return the custody events of an EPCIS document.

    Args:
        document: read, and checked by `document_faults`.
        recorder: who takes them into the record.
        previous: for events of receipt: the event of the sending log that sent the things.

    Returns:
        Events that are right in themselves; whether the rules admit them, the book says. An event_id is derived from the
        event hash, so that a document that arrives twice is recorded once.
    """
    events: list[Event] = []
    left_out: list[tuple[int, tuple[Fault, ...]]] = []
    for entry in document.events:
        if entry.shape_faults:
            left_out.append((entry.position, entry.shape_faults))
            continue
        try:
            events.append(_restored(entry, recorder) or _understood(entry, recorder, previous))
        except DataError as error:
            left_out.append((entry.position, error.faults))
    return Imported(tuple(events), tuple(left_out))


# ---- an event that carries its record -------------------------------------------------------------------------------------


def _restored(entry: EpcisEvent, recorder: Recorder) -> Event | None:
    record = entry.text(_own(entry, "record"))
    if not record:
        return None
    event = read_event(record.encode())
    said = {name: value for name, value in entry.members.items() if name not in {"errorDeclaration", "@context"}}
    forms = export_event(event, base=recorder.base, people=bool(entry.text(_own(entry, "actor"))), record=True)
    if not any(_plain(form) == _plain(said) for form in forms):
        raise DataError(
            Fault(
                code="RQC-C321",
                what="An event says something else than the record that it carries.",
                where=event.event_id,
                got=str(sorted(_plain(said).keys())),
                expected="an event as this software exports it",
                action="Ask the sender for the document as it was made.",
            )
        )
    return event


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=float))


def _own(entry: EpcisEvent, name: str) -> str:
    prefix = next((prefix for prefix, uri in entry.namespaces.items() if uri == NAMESPACE), "regenqc")
    return f"{prefix}:{name}"


# ---- an event of somebody else --------------------------------------------------------------------------------------------


def _understood(entry: EpcisEvent, recorder: Recorder, previous: Previous | None) -> Event:
    kind = _kind(entry)
    allowed = KINDS[kind].allowed
    identifier = event_hash_id(entry).removeprefix("ni:///sha-256;").partition("?")[0]
    members: dict[str, Any] = {
        "coi": entry.text(_own(entry, "coi")),
        "outcome": _outcome(entry, kind),
        "reason": _reason(entry, kind),
        "lot": entry.text("ilmd", _own(entry, "lot")),
        "product": entry.text("ilmd", _own(entry, "product")),
        "expires_at": entry.text("ilmd", _own(entry, "expiresAt")),
        "source": _party(entry, "sourceList", "source", recorder),
        "destination": _party(entry, "destinationList", "destination", recorder),
        "conditions": _conditions(entry),
        "previous": previous if kind == "receive" else None,
        **_places(entry, recorder),
        **_things(entry, kind, recorder),
    }
    event = Event(
        schema=SCHEMA,
        kind=kind,
        event_id=digest_name("EPCIS", identifier.encode()),
        event_time=_moment(entry.text("eventTime")),
        record_time=recorder.recorded_at,
        zone=entry.text("eventTimeZoneOffset"),
        actor=recorder.actor,
        role=recorder.role,
        blobs=(Blob(digest=recorder.document, name="epcis-document"),),
        **{name: value for name, value in members.items() if value and (name in allowed or name == "site")},
    )
    faults = event_faults(event)
    if faults:
        raise DataError(*faults)
    return event


def _kind(entry: EpcisEvent) -> str:
    stated = entry.text(_own(entry, "kind")).removeprefix(f"{NAMESPACE}kind-")
    step = entry.text("bizStep")
    found = (
        stated if stated in EXCHANGED else KIND_OF.get((entry.kind, entry.text("action"), _STEPS.get(step, step)), "")
    )
    if not found:
        raise DataError(
            Fault(
                code="RQC-C322",
                what="It cannot be told what this event was.",
                where=f"event {entry.position}",
                got=f"{entry.kind} {entry.text('action')} {step}".strip(),
                expected="a type, action and business step that stand for one kind of custody event",
                action="Record it by hand.",
            )
        )
    return found


def _things(entry: EpcisEvent, kind: str, recorder: Recorder) -> dict[str, Any]:
    if entry.kind == "TransformationEvent":
        used = _items(entry.list("inputEPCList"), entry.list("inputQuantityList"), recorder)
        made = _items(entry.list("outputEPCList"), entry.list("outputQuantityList"), recorder)
        kept = {item.id for item in used} & {item.id for item in made}
        return {
            "inputs": tuple(item for item in used if item.id not in kept),
            "outputs": tuple(item for item in made if item.id not in kept),
            "items": tuple(item for item in made if item.id in kept),
        }
    if entry.kind in {"AggregationEvent", "AssociationEvent"}:
        parent = entry.text("parentID")
        inside = _items(entry.list("childEPCs"), entry.list("childQuantityList"), recorder)
        return {"items": inside, "container": code_of(parent, base=recorder.base) if parent else ""}
    things = _items(entry.list("epcList"), entry.list("quantityList"), recorder)
    return {"outputs" if KINDS[kind].gives or kind == "receipt" else "items": things}


def _items(single: Sequence[Any], measured: Sequence[Any], recorder: Recorder) -> tuple[Item, ...]:
    found = [Item(code_of(str(uri), base=recorder.base)) for uri in single]
    for element in measured:
        code = code_of(str(element.get("epcClass", "")), base=recorder.base)
        quantity, unit = element.get("quantity"), element.get("uom")
        if quantity is None:
            found.append(Item(code))
        else:
            found.append(Item(code, _text(quantity), _UNITS.get(unit, str(unit or "each"))))
    return tuple(found)


def _text(number: Any) -> str:
    plain = f"{Decimal(number):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _places(entry: EpcisEvent, recorder: Recorder) -> dict[str, str]:
    read_point, location = entry.text("readPoint", "id"), entry.text("bizLocation", "id")
    site = code_of(location or read_point, base=recorder.base) if location or read_point else ""
    place = code_of(read_point, base=recorder.base) if read_point and location else ""
    return {"site": site, "place": place if place != site else ""}


def _party(entry: EpcisEvent, name: str, member: str, recorder: Recorder) -> str:
    for party in entry.list(name):
        if isinstance(party, dict) and str(party.get("type", "")).endswith("possessing_party"):
            return code_of(str(party.get(member, "")), base=recorder.base)
    return ""


def _outcome(entry: EpcisEvent, kind: str) -> str:
    stated = entry.text(_own(entry, "outcome")).removeprefix(f"{NAMESPACE}outcome-")
    word = stated or entry.text("disposition").rpartition("Disp-")[2]
    return word if word in KINDS[kind].outcomes else ""


def _reason(entry: EpcisEvent, kind: str) -> str:
    # Where the record wants a reason, that a partner said so is one.
    return f"Stated by a partner: {entry.text('bizStep')}" if "reason" in KINDS[kind].required else ""


def _conditions(entry: EpcisEvent) -> tuple[Condition, ...]:
    found = []
    for element in entry.list("sensorElementList"):
        metadata = element.get("sensorMetadata", {})
        for report in element.get("sensorReport", []):
            moment = metadata.get("time") or report.get("time") or entry.text("eventTime")
            started, ended = metadata.get("startTime", moment), metadata.get("endTime", moment)
            value = report.get("value")
            kind = str(report.get("type", ""))
            unit = str(report.get("uom", ""))
            found.append(
                Condition(
                    channel=_MEASURED.get(kind, kind.rpartition("measurement-")[2]) or "alert",
                    unit=_UNITS.get(unit, unit or "1"),
                    started=_moment(str(started)),
                    ended=_moment(str(ended)),
                    minimum=_reading(report.get("minValue", value)),
                    maximum=_reading(report.get("maxValue", value)),
                    mean=_reading(report.get("meanValue", value)),
                    readings=str(report.get(_own(entry, "readings"), "")),
                    excursion_seconds=str(report.get(_own(entry, "excursionSeconds"), "")),
                    gap_seconds=str(report.get(_own(entry, "gapSeconds"), "")),
                    budget_seconds=str(report.get(_own(entry, "budgetSeconds"), "")),
                )
            )
    return tuple(found)


def _reading(value: Any) -> str:
    return "" if value is None else _text(value)


def _moment(text: str) -> str:
    try:
        return moment_of(datetime.fromisoformat(text))
    except ValueError:
        raise DataError(
            Fault(code="RQC-C306", what="This is no time with zone.", got=text, expected="2026-03-16T12:00:00.000Z")
        ) from None
