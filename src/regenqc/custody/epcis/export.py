"""Write custody events as EPCIS 2.0 documents.

What leaves the house is what the receiver needs: things, places, parties, steps, conditions and the chain-of-identity
identifier. People, donors and recipients are left out unless they are asked for; so is the record itself, which, when it is
included, lets the receiver restore the very bytes and check them against a proof.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.canonical import encode_event
from regenqc.custody.epcis.document import read_document
from regenqc.custody.epcis.event_hash import event_hash_id
from regenqc.custody.epcis.mapping import EXCHANGED
from regenqc.custody.epcis.uris import uri_of
from regenqc.custody.epcis.vocabulary import CONTEXT, NAMESPACE, UNITS_OF_MEASURE
from regenqc.custody.words import ACCEPTING_DECISIONS, EXAMINATION_OUTCOMES, PERMITTING_DECISIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.record import Condition, Event, Item

__all__ = ["Exported", "export_document", "export_event"]

_PREFIX: Final = "regenqc"
_RECORD: Final = f"{NAMESPACE}BTT-record"
_MEASURED: Final = {"temperature": "Temperature", "humidity": "RelativeHumidity", "pressure": "Pressure"}


@dataclass(frozen=True, slots=True)
class Exported:
    """Hold an EPCIS document, and what did not go into it.

    Args:
        document: as values of JSON.
        left_out: event_id and reason of each event that EPCIS has no form for.
    """

    document: dict[str, Any]
    left_out: tuple[tuple[str, str], ...]

    @property
    def text(self) -> bytes:
        """Return the document as JSON-LD."""
        return json.dumps(self.document, ensure_ascii=False, indent=2).encode()


def export_document(
    events: Sequence[Event], *, base: str, created: str, people: bool = False, record: bool = False
) -> Exported:
    """Return an EPCIS document of events.

    Args:
        events: in the order of the log. A correction becomes an error declaration of the event that it corrects, which must
            be among them.
        base: beginning of the URIs of the site, `https://` and a domain that it owns.
        created: moment of making the document.
        people: include the pseudonyms of those who acted, donors and recipients.
        record: include the canonical record of each event.

    Returns:
        The document, and what was left out of it.
    """
    written: list[dict[str, Any]] = []
    left_out: list[tuple[str, str]] = []
    identifiers: dict[str, list[str]] = {}
    by_id = {event.event_id: event for event in events}
    replacements = {event.replaces: event.event_id for event in events if event.replaces}
    for event in events:
        if event.kind == "correction":
            continue
        made = export_event(event, base=base, people=people, record=record)
        if not made:
            left_out.append((event.event_id, _why_not(event)))
        written += made
        identifiers[event.event_id] = [entry["eventID"] for entry in made]
    for event in events:
        if event.kind != "correction":
            continue
        corrected = by_id.get(event.corrects)
        if corrected is None or not identifiers.get(event.corrects):
            left_out.append((event.event_id, "the event that it corrects is not among the exported ones"))
            continue
        declaration: dict[str, Any] = {"declarationTime": event.record_time, "reason": event.basis}
        corrective = identifiers.get(replacements.get(event.corrects, ""), [])
        if corrective:
            declaration["correctiveEventIDs"] = corrective
        written += [
            entry | {"errorDeclaration": declaration}
            for entry in export_event(corrected, base=base, people=people, record=record)
        ]
    document = {
        "@context": [CONTEXT, {_PREFIX: NAMESPACE}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": created,
        "epcisBody": {"eventList": written},
    }
    return Exported(document, tuple(left_out))


def export_event(event: Event, *, base: str, people: bool = False, record: bool = False) -> list[dict[str, Any]]:
    """Return the EPCIS events that say what a custody event says; none when EPCIS has no form for it.

    Args:
        event: of the record.
        base: beginning of the URIs of the site.
        people: include pseudonyms.
        record: include the canonical record.
    """
    if _why_not(event):
        return []
    if event.kind == "label":
        # One thing in one association: each item with its labels.
        return [
            _finished(event, _labelled(event, item, base), base, people=people, record=record) for item in event.items
        ]
    return [_finished(event, _things(event, base), base, people=people, record=record)]


def _why_not(event: Event) -> str:
    if event.kind not in EXCHANGED:
        return "EPCIS has no form for events about people, studies and the book itself"
    if not (event.items or event.inputs or event.outputs or event.lot or event.conditions):
        return "EPCIS has no form for an event that names no thing"
    return ""


def _finished(event: Event, things: dict[str, Any], base: str, *, people: bool, record: bool) -> dict[str, Any]:
    form = EXCHANGED[event.kind]
    value: dict[str, Any] = {"type": form.event, "eventTime": event.event_time, "eventTimeZoneOffset": event.zone}
    value["recordTime"] = event.record_time
    value |= things
    if form.action:
        value["action"] = form.action
    value["bizStep"] = form.step
    disposition = _disposition(event)
    if disposition:
        value["disposition"] = disposition
    persistent = _persistent(event)
    if persistent and form.event in {"ObjectEvent", "TransformationEvent"}:
        value["persistentDisposition"] = {"set": [persistent]}
    value["readPoint"] = {"id": uri_of(event.place or event.site, sort="place", base=base)}
    value["bizLocation"] = {"id": uri_of(event.site, sort="place", base=base)}
    value |= _parties(event, base)
    sensors = [_sensor(event, condition, base) for condition in event.conditions]
    if sensors:
        value["sensorElementList"] = sensors
    value |= _own_members(event, people=people, record=record)
    return {"eventID": _identifier(value)} | value


def _identifier(value: dict[str, Any]) -> str:
    document = {"@context": [CONTEXT, {_PREFIX: NAMESPACE}]} | value
    return event_hash_id(read_document(json.dumps(document)).events[0])


def _things(event: Event, base: str) -> dict[str, Any]:
    form = EXCHANGED[event.kind]
    if form.event == "TransformationEvent":
        # What is left in being goes in and comes out.
        into, out = _listed((*event.inputs, *event.items), base), _listed((*event.outputs, *event.items), base)
        named = {
            "inputEPCList": into[0],
            "inputQuantityList": into[1],
            "outputEPCList": out[0],
            "outputQuantityList": out[1],
        }
        value: dict[str, Any] = {name: entries for name, entries in named.items() if entries}
    elif form.event == "AggregationEvent":
        single, measured = _listed(event.items, base)
        named = {"childEPCs": single, "childQuantityList": measured}
        value = {"parentID": uri_of(event.container, sort="item", base=base)}
        value |= {name: entries for name, entries in named.items() if entries}
    else:
        single, measured = _listed((*event.items, *event.outputs), base)
        if event.kind == "recall" and event.lot:
            measured.append({"epcClass": uri_of(event.lot, sort="class", base=base)})
        value = {"epcList": single}
        if measured:
            value["quantityList"] = measured
    if event.outputs:
        ilmd = {
            f"{_PREFIX}:{name}": text
            for name, text in (("lot", event.lot), ("product", event.product), ("expiresAt", event.expires_at))
            if text
        }
        if ilmd:
            value["ilmd"] = ilmd
    return value


def _labelled(event: Event, item: Item, base: str) -> dict[str, Any]:
    return {
        "parentID": uri_of(item.id, sort="item", base=base),
        "childEPCs": [uri_of(label, sort="label", base=base) for label in event.labels],
    }


def _listed(items: Sequence[Item], base: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Return whole things as identifiers, and measured ones as quantities where EPCIS has a code for the unit."""
    single: list[str] = []
    measured: list[dict[str, Any]] = []
    for item in items:
        uri, number = uri_of(item.id, sort="item", base=base), _number(item.quantity)
        if number is not None and item.unit in UNITS_OF_MEASURE:
            measured.append({"epcClass": uri, "quantity": number, "uom": UNITS_OF_MEASURE[item.unit]})
        else:
            single.append(uri)
    return list(dict.fromkeys(single)), measured


def _number(text: str) -> int | float | None:
    """Return the number of JSON that is exactly a decimal, `None` when there is none."""
    if not text:
        return None
    value = Decimal(text)
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else None


def _disposition(event: Event) -> str:
    if event.outcome in EXAMINATION_OUTCOMES and event.kind in {"receive", "reinspect", "unpack"}:
        return event.outcome
    if event.kind == "administer" and any(item.quantity for item in event.items):
        return "partially_dispensed"
    return EXCHANGED[event.kind].disposition


def _persistent(event: Event) -> str:
    if event.kind == "recall":
        return "recalled"
    if event.kind != "decision":
        return ""
    return "conformant" if event.outcome in PERMITTING_DECISIONS | ACCEPTING_DECISIONS else "non_conformant"


def _parties(event: Event, base: str) -> dict[str, Any]:
    value: dict[str, Any] = {}
    source = event.source or (event.site if event.destination else "")
    for name, member, code in (("sourceList", "source", source), ("destinationList", "destination", event.destination)):
        if code:
            value[name] = [{"type": "possessing_party", member: uri_of(code, sort="holder", base=base)}]
    kind = {"test_result": "testres", "decision": "cert", "ship": "desadv", "receive": "recadv"}.get(
        event.kind, _RECORD
    )
    documents = [uri_of(code, sort="document", base=base) for code in event.documents]
    documents += [f"ni:///sha-256;{blob.digest.removeprefix('sha256:')}" for blob in event.blobs]
    if documents:
        value["bizTransactionList"] = [{"type": kind, "bizTransaction": uri} for uri in documents]
    return value


def _sensor(event: Event, condition: Condition, base: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"startTime": condition.started, "endTime": condition.ended}
    if event.equipment:
        metadata["deviceID"] = uri_of(event.equipment[0], sort="device", base=base)
    if event.blobs:
        metadata["rawData"] = f"ni:///sha-256;{event.blobs[0].digest.removeprefix('sha256:')}"
    report: dict[str, Any] = {"type": _MEASURED.get(condition.channel, f"{NAMESPACE}measurement-{condition.channel}")}
    if Decimal(condition.excursion_seconds or 0) > 0:
        report["exception"] = "ALARM_CONDITION"
    for name, text in (("minValue", condition.minimum), ("maxValue", condition.maximum), ("meanValue", condition.mean)):
        number = _signed(text)
        if number is not None:
            report[name] = number
    if condition.unit in UNITS_OF_MEASURE:
        report["uom"] = UNITS_OF_MEASURE[condition.unit]
    own = {
        "readings": condition.readings,
        "excursionSeconds": condition.excursion_seconds,
        "gapSeconds": condition.gap_seconds,
        "budgetSeconds": condition.budget_seconds,
    }
    report |= {f"{_PREFIX}:{name}": text for name, text in own.items() if text}
    return {"sensorMetadata": metadata, "sensorReport": [report]}


def _signed(text: str) -> int | float | None:
    number = _number(text.removeprefix("-"))
    return number if number is None or not text.startswith("-") else -number


def _own_members(event: Event, *, people: bool, record: bool) -> dict[str, Any]:
    own: dict[str, Any] = {"eventId": event.event_id, "kind": f"{NAMESPACE}kind-{event.kind}", "coi": event.coi}
    if event.outcome and event.outcome != _disposition(event):
        own["outcome"] = f"{NAMESPACE}outcome-{event.outcome}"
    identities = {item.id: item.coi for item in (*event.items, *event.inputs, *event.outputs) if item.coi}
    if identities:
        own["identities"] = [{f"{_PREFIX}:item": code, f"{_PREFIX}:coi": coi} for code, coi in identities.items()]
    if people:
        own |= {
            "actor": event.actor,
            "role": event.role,
            "secondActor": event.second_actor,
            "secondRole": event.second_role,
            "donor": event.donor,
            "recipient": event.recipient,
        }
    if record:
        own["record"] = encode_event(event).decode()
    return {f"{_PREFIX}:{name}": value for name, value in own.items() if value}
