"""Canonical bytes: the bytes that are hashed, stored and read again.

A subset of the JSON Canonicalization Scheme (RFC 8785): members in sorted order, no blanks, the shortest escapes, UTF-8.
The subset leaves out what differs between programmes: no floating point numbers at all, whole numbers only within
±(2⁵³ - 1), names of members in ASCII (where the order by UTF-16 units and by bytes is the same), and text in Unicode
Normalization Form C.

An event has exactly one spelling. Bytes are accepted when decoding and encoding them gives the same bytes again; that alone
refuses blanks, doubled members, members out of order, needless escapes and absent values written as empty ones.
"""

from __future__ import annotations

from typing import Final
from unicodedata import is_normalized

import msgspec

from regenqc.canonical import canonical_json
from regenqc.custody.record import SCHEMA, Event
from regenqc.errors import DataError, Fault

__all__ = [
    "EVENT_DECODER",
    "MAXIMUM_BYTES",
    "canonical_json",
    "decode_event",
    "encode_event",
    "signed_bytes",
    "spell_event",
]

# One entry of a tiled log (C2SP tlog-tiles) has a length of two bytes.
MAXIMUM_BYTES: Final = 65_535

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
# Decodes any spelling of an event; only `decode_event` tells that it is the canonical one.
EVENT_DECODER: Final = msgspec.json.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """Return the canonical bytes of an event.

    Raises:
        DataError: `RQC-C002` when they are longer than one entry of the log can be, `RQC-C004` when a text is not in Form C.

    Example:
        >>> from regenqc.custody.record import Event
        >>> encode_event(Event(schema="s", kind="k", event_id="1", event_time="t", record_time="t", zone="z", actor="a",
        ...     role="r", site="x"))
        b'{"actor":"a","event_id":"1","event_time":"t","kind":"k","record_time":"t","role":"r","schema":"s","site":"x","zone":"z"}'
    """
    data = spell_event(event)
    _check_size(data)
    _check_form(data)
    return data


def spell_event(event: Event) -> bytes:
    """Return the bytes of an event in canonical order, whether or not the log would take them.

    Raises:
        DataError: `RQC-C001` for text that no bytes stand for.
    """
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError as error:
        raise DataError(_not_text("$", repr(error.object))) from error


def decode_event(data: bytes) -> Event:
    """Return the event that canonical bytes state; any other spelling of it is refused.

    Args:
        data: as stored or as received.

    Returns:
        The event. Its fields are of the right type; what they say is not judged here.

    Raises:
        DataError: `RQC-C001` no event of this schema, `RQC-C002` too long, `RQC-C003` another spelling than the canonical
            one, `RQC-C004` text not in Form C, `RQC-C005` an event of another schema version.

    Example:
        >>> try:
        ...     decode_event(b'{"kind": "thaw"}')
        ... except DataError as error:
        ...     error.code
        'RQC-C001'
    """
    _check_size(data)
    try:
        event = EVENT_DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(_undecodable(data, error)) from error
    if event.schema != SCHEMA:
        raise DataError(_other_schema(event.schema))
    if _ENCODER.encode(event) != data:
        raise DataError(
            Fault(
                code="RQC-C003",
                what="The bytes are not the canonical spelling of the event.",
                where=event.event_id,
                got=f"{len(data)} bytes",
                expected="sorted members, no blanks, no member twice, no empty value, shortest escapes (RFC 8785)",
                action="Encode the event with encode_event.",
            )
        )
    _check_form(data)
    return event


def signed_bytes(event: Event) -> bytes:
    """Return what the actors of an event sign: its canonical bytes without the signatures.

    Example:
        >>> from regenqc.custody.record import Event, Signature
        >>> event = Event(schema="s", kind="k", event_id="1", event_time="t", record_time="t", zone="z", actor="a", role="r",
        ...     site="x")
        >>> from msgspec.structs import replace
        >>> signed_bytes(replace(event, signatures=(Signature("a", "k1", "AAAA"),))) == encode_event(event)
        True
    """
    return encode_event(msgspec.structs.replace(event, signatures=()))


def _check_size(data: bytes) -> None:
    if len(data) > MAXIMUM_BYTES:
        raise DataError(
            Fault(
                code="RQC-C002",
                what="The event is too long for one entry of the log.",
                got=f"{len(data)} bytes",
                expected=f"at most {MAXIMUM_BYTES} bytes",
                action="Keep traces and documents as blobs and refer to them by digest, or split the event.",
            )
        )


def _check_form(data: bytes) -> None:
    # The whole text is in Form C exactly when every string in it is: nothing composes with a quotation mark.
    if not data.isascii() and not is_normalized("NFC", data.decode()):
        raise DataError(
            Fault(
                code="RQC-C004",
                what="A text is not in Unicode Normalization Form C.",
                expected="composed characters",
                action="Normalise texts to NFC before recording them.",
            )
        )


def _undecodable(data: bytes, error: Exception) -> Fault:
    # A newer schema may have members this one does not know: say that rather than "unknown member".
    try:
        schema = msgspec.json.decode(data).get("schema")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, AttributeError):
        schema = SCHEMA
    if schema != SCHEMA and isinstance(schema, str):
        return _other_schema(schema)
    return Fault(
        code="RQC-C001",
        what="The bytes are no custody event.",
        got=str(error),
        expected=f"one JSON object of schema {SCHEMA}",
        action="See regenqc.custody.record for the members of an event.",
    )


def _other_schema(schema: str) -> Fault:
    return Fault(
        code="RQC-C005",
        what="The event is of a schema version that this software does not know.",
        where="schema",
        got=schema,
        expected=SCHEMA,
        action="Read it with a version of regenqc that knows this schema.",
    )


def _not_text(where: str, got: str) -> Fault:
    return Fault(
        code="RQC-C001",
        what="The value has no canonical bytes.",
        where=where,
        got=got,
        expected="text without lone surrogates",
        action="Write quantities as decimal text.",
    )
