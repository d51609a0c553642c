"""The custody event: one closed record of who did what, where, when and why.

An event is written once and never changed; a mistake is corrected by a further event. Quantities are decimal strings,
moments are UTC texts of one form, absent fields are absent. Nothing here is a number of JSON, so nothing depends on how a
programme prints one.

The record is a `msgspec.Struct` rather than a dataclass: it is decoded against this schema, and encoded in sorted order,
in about a microsecond each, which is what lets every event of a million be read again by `verify`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from msgspec.json import schema_components

__all__ = ["SCHEMA", "Blob", "Condition", "Event", "Item", "Measurement", "Previous", "Signature", "event_schemas"]

SCHEMA: Final = "regenqc.event/1"

# Lengths are checked while decoding; what the texts may hold is checked by `regenqc.custody.grammar`.
Code = Annotated[str, Meta(min_length=1, max_length=128)]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Moment = Annotated[str, Meta(min_length=24, max_length=24)]
Number = Annotated[str, Meta(min_length=1, max_length=40)]
Text = Annotated[str, Meta(min_length=1, max_length=1000)]
Reported = Annotated[str, Meta(min_length=1, max_length=200)]
UnitText = Annotated[str, Meta(min_length=1, max_length=40)]
Encoded = Annotated[str, Meta(min_length=1, max_length=6000)]


class Item(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Name an item, and how much of it the event is about.

    Args:
        id: code of the item; identifiers of GS1 and ISBT 128 in their one spelling (`regenqc.custody.identifiers`).
        quantity: decimal text; absent for an item that is one whole thing.
        unit: of the quantity, UCUM or the laboratory's own; absent with the quantity.
        coi: chain-of-identity identifier of this item, where the items of one event differ in it.
    """

    id: Code
    quantity: Number = ""
    unit: UnitText = ""
    coi: Code = ""


class Measurement(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """State one reported value, as reported.

    Args:
        name: test code or property, e.g. `viability`.
        value: reported text, e.g. `92.4`, `< 0.001`, `No growth`.
        unit: as reported.
    """

    name: Code
    value: Reported
    unit: UnitText = ""


class Condition(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Summarise one channel of a data logger over an interval; the readings themselves are a blob.

    Args:
        channel: what was measured, e.g. `temperature`, `tilt`, `shock`.
        unit: of the values.
        started: first moment covered.
        ended: last moment covered.
        minimum: smallest reading, decimal text.
        maximum: largest reading.
        mean: mean of the readings.
        readings: how many readings, whole number as text.
        excursion_seconds: time outside the permitted range, decimal text.
        gap_seconds: time without readings.
        budget_seconds: permitted time outside the range that is left after this interval.
    """

    channel: Code
    unit: UnitText
    started: Moment
    ended: Moment
    minimum: Number = ""
    maximum: Number = ""
    mean: Number = ""
    readings: Number = ""
    excursion_seconds: Number = ""
    gap_seconds: Number = ""
    budget_seconds: Number = ""


class Blob(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Refer to bytes kept beside the log by what they are.

    Args:
        digest: `sha256:` and 64 hexadecimal digits.
        name: what the bytes are, e.g. `logger-trace`, `certificate`.
        media_type: e.g. `application/pdf`.
        size: bytes, whole number as text.
    """

    digest: Code
    name: Code
    media_type: Code = ""
    size: Number = ""


class Previous(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Name the other half of a handover.

    Args:
        event_id: of the event by which the item was sent.
        leaf: its leaf hash, `sha256:` and 64 hexadecimal digits; needed when it stands in another log.
        origin: that log; absent when it is this one.
    """

    event_id: Code
    leaf: Code = ""
    origin: Code = ""


class Signature(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Carry a person's signature over the event without its signatures.

    Args:
        actor: who signed.
        key: identifier of the key.
        value: the signature in base64.
    """

    actor: Code
    key: Code
    value: Encoded


class Event(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """One event in the life of an item.

    Which fields a kind needs and allows stands in `regenqc.custody.kinds`.

    Args:
        schema: version of this record, `regenqc.event/1`.
        kind: what happened.
        event_id: unique identifier; the same id with the same bytes is the same event.
        event_time: when it happened, UTC, `2026-03-16T12:00:00.000Z`.
        record_time: when the record was made.
        zone: offset of the wall clock where it happened, `+01:00`.
        actor: pseudonym of the person or system that did it.
        role: in which capacity.
        second_actor: who also did it, e.g. took over, or checked the identity at the bedside.
        second_role: in which capacity.
        signatures: by the actors.

        items: what the event is about and leaves in being.
        inputs: what was used, with the quantity used; also reagents in contact.
        outputs: what came into being.
        container: what the items were packed into or taken out of.
        coi: chain-of-identity identifier of all items that do not state their own.
        product: product code of the outputs.
        lot: manufactured lot or supplier's lot of the outputs; lot that is recalled.
        study: clinical study.
        donor: pseudonym.
        recipient: pseudonym.
        expires_at: of the outputs.
        labels: codes printed on the label.
        stage: stage of the outputs.
        measurements: reported values.
        conditions: what a logger saw.

        site: location that recorded the event, and that holds the items where a kind needs custody.
        place: room, tank, incubator position.
        equipment: identifiers of what was used or shared.
        source: who hands over.
        destination: who takes over.
        carrier: who carries in between.

        reason: text for people.
        basis: coded reason of a correction.
        outcome: coded result of a decision, an examination or an investigation.
        investigation: identifier of an investigation.
        documents: identifiers of records that this one stands on.
        corrects: event_id of the event that this correction makes void.
        replaces: event_id of the void event in whose place this one stands.
        previous: the other half of a handover.
        blobs: larger evidence, by digest.

        person: pseudonym that is enrolled or withdrawn.
        roles: of that person.
        keys: public keys of that person, or those revoked.
        through: number of events that a projection digest covers, as text.
        digest: of the projection.

    Example:
        >>> from regenqc.custody.record import Event, Item, SCHEMA
        >>> thaw = Event(schema=SCHEMA, kind="thaw", event_id="EV-0007", event_time="2026-03-16T08:00:00.000Z",
        ...     record_time="2026-03-16T08:05:00.000Z", zone="+01:00", actor="STAFF-0417", role="operator", site="SITE-1",
        ...     inputs=(Item("WCB-1/V001"),), outputs=(Item("CULTURE-1", "20", "mL"),), stage="in_process")
        >>> thaw.outputs[0].quantity
        '20'
    """

    # who, when
    schema: Word
    kind: Word
    event_id: Code
    event_time: Moment
    record_time: Moment
    zone: Word
    actor: Code
    role: Word
    second_actor: Code = ""
    second_role: Word = ""
    signatures: tuple[Signature, ...] = ()
    # what
    items: tuple[Item, ...] = ()
    inputs: tuple[Item, ...] = ()
    outputs: tuple[Item, ...] = ()
    container: Code = ""
    coi: Code = ""
    product: Code = ""
    lot: Code = ""
    study: Code = ""
    donor: Code = ""
    recipient: Code = ""
    expires_at: Moment = ""
    labels: tuple[Code, ...] = ()
    stage: Word = ""
    measurements: tuple[Measurement, ...] = ()
    conditions: tuple[Condition, ...] = ()
    # where
    site: Code
    place: Code = ""
    equipment: tuple[Code, ...] = ()
    source: Code = ""
    destination: Code = ""
    carrier: Code = ""
    # why
    reason: Text = ""
    basis: Word = ""
    outcome: Word = ""
    investigation: Code = ""
    documents: tuple[Code, ...] = ()
    corrects: Code = ""
    replaces: Code = ""
    previous: Previous | None = None
    blobs: tuple[Blob, ...] = ()
    # the book itself
    person: Code = ""
    roles: tuple[Word, ...] = ()
    keys: tuple[Code, ...] = ()
    through: Number = ""
    digest: Code = ""


def event_schemas(*, template: str) -> dict[str, dict[str, Any]]:
    """Return the JSON Schemas of an event and its parts, by name.

    Args:
        template: of a reference to one of them, with `{name}`.

    Example:
        >>> sorted(event_schemas(template="#/components/schemas/{name}"))[:4]
        ['Blob', 'Condition', 'Event', 'Item']
    """
    _, schemas = schema_components((Event,), ref_template=template)
    return schemas
