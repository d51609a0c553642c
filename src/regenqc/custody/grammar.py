"""What the texts of an event may hold: codes, moments, quantities, words, and text for people.

Lengths were checked while decoding. Codes are printable ASCII without blanks, so that two people cannot write the same item
in two ways that look alike; text for people is Unicode without control or direction characters.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from unicodedata import category

from regenqc.custody.kinds import KINDS, STAGE_ORDER
from regenqc.custody.moments import ZONES, is_moment
from regenqc.custody.words import CORRECTION_BASES, ROLES
from regenqc.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.record import Event

__all__ = ["CODE_CHARACTERS", "grammar_faults", "is_code", "is_digest", "is_quantity", "named_codes", "named_texts"]

CODE_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_~:/%+=()#!*;,?&$"

_CODE: Final = re.compile("[" + re.escape(CODE_CHARACTERS) + "]+")
_QUANTITY: Final = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?")
_READING: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?")
_COUNT: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_JOINERS: Final = frozenset("\u200c\u200d")  # part of how some scripts are written

_SINGLE_CODES: Final = (
    "event_id",
    "actor",
    "site",
    "second_actor",
    "container",
    "coi",
    "product",
    "lot",
    "study",
    "donor",
    "recipient",
    "place",
    "source",
    "destination",
    "carrier",
    "investigation",
    "corrects",
    "replaces",
    "person",
)
_CODE_LISTS: Final = ("labels", "equipment", "documents", "keys")
_NUMBERS: Final = ("minimum", "maximum", "mean", "readings", "excursion_seconds", "gap_seconds", "budget_seconds")


def is_code(text: str) -> bool:
    """Return whether a text is a code.

    Example:
        >>> is_code("WCB-1/V001"), is_code("Zhang Wei"), is_code("Jörg")
        (True, False, False)
    """
    return _CODE.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_quantity(text: str) -> bool:
    """Return whether a text is a positive decimal in its shortest form of digits: no sign, exponent or leading zero.

    Example:
        >>> [is_quantity(text) for text in ("20", "0.50", "1e3", "-1", "0", "007")]
        [True, True, False, False, False, False]
    """
    return _QUANTITY.fullmatch(text) is not None and Decimal(text) > 0


def is_digest(text: str) -> bool:
    """Return whether a text is a SHA-256 digest as the record writes it.

    Example:
        >>> is_digest("sha256:" + "0" * 64), is_digest("0" * 64)
        (True, False)
    """
    return _DIGEST.fullmatch(text) is not None


def named_codes(event: Event) -> Iterator[tuple[str, str]]:
    """Yield path and value of every coded member of an event that somebody chose.

    Example:
        >>> from regenqc.custody.record import Event
        >>> event = Event(schema="s", kind="k", event_id="1", event_time="t", record_time="t", zone="z", actor="A",
        ...     role="r", site="x", equipment=("INC-7",))
        >>> list(named_codes(event))
        [('event_id', '1'), ('actor', 'A'), ('site', 'x'), ('equipment[0]', 'INC-7')]
    """
    for name in _SINGLE_CODES:
        value = getattr(event, name)
        if value:
            yield name, value
    for name in _CODE_LISTS:
        for position, value in enumerate(getattr(event, name)):
            yield f"{name}[{position}]", value
    for name in ("items", "inputs", "outputs"):
        for position, item in enumerate(getattr(event, name)):
            yield f"{name}[{position}].id", item.id
            if item.coi:
                yield f"{name}[{position}].coi", item.coi
    for position, measurement in enumerate(event.measurements):
        yield f"measurements[{position}].name", measurement.name
    for position, condition in enumerate(event.conditions):
        yield f"conditions[{position}].channel", condition.channel
    for position, blob in enumerate(event.blobs):
        yield f"blobs[{position}].name", blob.name
        if blob.media_type:
            yield f"blobs[{position}].media_type", blob.media_type
    for position, signature in enumerate(event.signatures):
        yield f"signatures[{position}].actor", signature.actor
        yield f"signatures[{position}].key", signature.key
    if event.previous is not None:
        yield "previous.event_id", event.previous.event_id
        if event.previous.origin:
            yield "previous.origin", event.previous.origin


def named_texts(event: Event) -> Iterator[tuple[str, str]]:
    """Yield path and value of every member that is text for people or as reported."""
    if event.reason:
        yield "reason", event.reason
    for position, measurement in enumerate(event.measurements):
        yield f"measurements[{position}].value", measurement.value
        if measurement.unit:
            yield f"measurements[{position}].unit", measurement.unit
    for position, condition in enumerate(event.conditions):
        yield f"conditions[{position}].unit", condition.unit
    for name in ("items", "inputs", "outputs"):
        for position, item in enumerate(getattr(event, name)):
            if item.unit:
                yield f"{name}[{position}].unit", item.unit


def grammar_faults(event: Event) -> list[Fault]:
    """Return what is wrong with the texts of an event, in the order of its members; its kind must be known.

    Codes: `RQC-C009` code, `RQC-C010` moment or zone, `RQC-C011` quantity, `RQC-C012` word that is not in its list,
    `RQC-C013` text for people, `RQC-C014` digest, key or signature, `RQC-C015` a thing named twice.
    """
    return [
        *_code_faults(event),
        *_moment_faults(event),
        *_number_faults(event),
        *_word_faults(event),
        *_text_faults(event),
        *_evidence_faults(event),
        *_repetition_faults(event),
    ]


def _code_faults(event: Event) -> Iterator[Fault]:
    for where, value in named_codes(event):
        if not is_code(value):
            yield Fault(
                code="RQC-C009",
                what="A coded member holds something else than a code.",
                where=where,
                got=value,
                expected=f"letters, digits and {CODE_CHARACTERS[62:]}, no blank",
                action="Use the code of the thing or the pseudonym of the person.",
            )


def _moment_faults(event: Event) -> Iterator[Fault]:
    moments = [("event_time", event.event_time), ("record_time", event.record_time)]
    if event.expires_at:
        moments.append(("expires_at", event.expires_at))
    for position, condition in enumerate(event.conditions):
        moments.append((f"conditions[{position}].started", condition.started))
        moments.append((f"conditions[{position}].ended", condition.ended))
    for where, value in moments:
        if not is_moment(value):
            yield Fault(
                code="RQC-C010",
                what="This is no moment.",
                where=where,
                got=value,
                expected="UTC with milliseconds, as 2026-03-16T12:00:00.000Z",
                action="Convert the local time and state its offset in zone.",
            )
    for position, condition in enumerate(event.conditions):
        if condition.ended < condition.started:
            yield Fault(
                code="RQC-C010",
                what="An interval ends before it starts.",
                where=f"conditions[{position}]",
                got=f"{condition.started} to {condition.ended}",
                expected="started not after ended",
            )
    if event.zone not in ZONES:
        yield Fault(
            code="RQC-C010",
            what="This is no offset of civil time.",
            where="zone",
            got=event.zone,
            expected="an offset as +01:00 or -03:30; +00:00 for UTC",
        )


def _number_faults(event: Event) -> Iterator[Fault]:
    for name in ("items", "inputs", "outputs"):
        for position, item in enumerate(getattr(event, name)):
            where = f"{name}[{position}]"
            if item.quantity and not is_quantity(item.quantity):
                yield _no_number(f"{where}.quantity", item.quantity, "a positive decimal such as 20 or 0.5")
            if bool(item.quantity) != bool(item.unit):
                yield _no_number(
                    where, f"{item.quantity} {item.unit}".strip(), "quantity and unit together, or neither"
                )
    for position, condition in enumerate(event.conditions):
        for name in _NUMBERS:
            value = getattr(condition, name)
            pattern = (
                _COUNT if name == "readings" else _READING if name in {"minimum", "maximum", "mean"} else _QUANTITY
            )
            if value and not pattern.fullmatch(value):
                yield _no_number(f"conditions[{position}].{name}", value, "a decimal without exponent")
    for position, blob in enumerate(event.blobs):
        if blob.size and not _COUNT.fullmatch(blob.size):
            yield _no_number(f"blobs[{position}].size", blob.size, "a whole number of bytes")
    if event.through and not _COUNT.fullmatch(event.through):
        yield _no_number("through", event.through, "a whole number of events")


def _word_faults(event: Event) -> Iterator[Fault]:
    words = [("role", event.role, ROLES), ("second_role", event.second_role, ROLES)]
    words += [(f"roles[{position}]", role, ROLES) for position, role in enumerate(event.roles)]
    words += [("stage", event.stage, STAGE_ORDER), ("basis", event.basis, CORRECTION_BASES)]  # type: ignore[list-item] # read only as a collection
    words.append(("outcome", event.outcome, KINDS[event.kind].outcomes))
    for where, value, known in words:
        if value and value not in known:
            yield Fault(
                code="RQC-C012",
                what="This word is not in its list.",
                where=where,
                got=value,
                expected=", ".join(sorted(known)) or "no word for this kind",
                action="Use a word of the list.",
            )


def _text_faults(event: Event) -> Iterator[Fault]:
    for where, value in named_texts(event):
        strange = sorted({character for character in value if _is_strange(character)})
        if strange or value != value.strip():
            yield Fault(
                code="RQC-C013",
                what="A text holds characters that a reader cannot see.",
                where=where,
                got=ascii(value),
                expected="letters, digits, signs and single lines, without blanks at the ends",
                action="Write the text in one line.",
            )


def _is_strange(character: str) -> bool:
    kind = category(character)
    return (kind[0] == "C" and character not in _JOINERS) or kind in {"Zl", "Zp"}


def _evidence_faults(event: Event) -> Iterator[Fault]:
    digests = [(f"blobs[{position}].digest", blob.digest) for position, blob in enumerate(event.blobs)]
    if event.digest:
        digests.append(("digest", event.digest))
    if event.previous is not None and event.previous.leaf:
        digests.append(("previous.leaf", event.previous.leaf))
    for where, value in digests:
        if not is_digest(value):
            yield _no_evidence(where, value, "sha256: and 64 lower-case hexadecimal digits")
    for position, signature in enumerate(event.signatures):
        if not _BASE64.fullmatch(signature.value):
            yield _no_evidence(f"signatures[{position}].value", signature.value, "base64")


def _repetition_faults(event: Event) -> Iterator[Fault]:
    lists = [(name, [item.id for item in getattr(event, name)]) for name in ("items", "inputs", "outputs")]
    lists += [(name, list(getattr(event, name))) for name in (*_CODE_LISTS, "roles")]
    lists.append(("blobs", [f"{blob.name} {blob.digest}" for blob in event.blobs]))
    lists.append(("signatures", [f"{signature.actor} {signature.key}" for signature in event.signatures]))
    for where, values in lists:
        if len(set(values)) < len(values):
            twice = sorted({value for value in values if values.count(value) > 1})
            yield _repeated(where, ", ".join(twice[:5]))
    everywhere = {item.id for item in event.inputs} & {item.id for item in (*event.outputs, *event.items)}
    everywhere |= {item.id for item in event.outputs} & {item.id for item in event.items}
    if event.container and event.container in {item.id for item in (*event.items, *event.inputs, *event.outputs)}:
        everywhere.add(event.container)
    if everywhere:
        yield _repeated("items, inputs, outputs, container", ", ".join(sorted(everywhere)[:5]))


def _no_number(where: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-C011",
        what="This is no quantity of the record.",
        where=where,
        got=got,
        expected=expected,
        action="Write plain decimal digits, without sign, exponent or leading zero.",
    )


def _no_evidence(where: str, got: str, expected: str) -> Fault:
    return Fault(code="RQC-C014", what="This is no digest or signature.", where=where, got=got, expected=expected)


def _repeated(where: str, got: str) -> Fault:
    return Fault(
        code="RQC-C015",
        what="A thing is named twice in one event.",
        where=where,
        got=got,
        expected="every thing once, either as item, input, output or container",
    )
