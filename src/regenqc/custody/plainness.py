"""Whether an event is certainly without fault; nearly all are, and need no explanation.

Everything tested here is tested again, with an explanation, by `regenqc.custody.reading.event_faults`; a property test holds
the two together. Codes, pseudonyms and quantities return many times, so their judgements are remembered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from regenqc.custody.grammar import CODE_CHARACTERS, is_code, is_digest, is_quantity
from regenqc.custody.identifiers import spelling_fault
from regenqc.custody.kinds import ALWAYS, KINDS, STAGE_ORDER
from regenqc.custody.moments import ZONES, is_moment
from regenqc.custody.privacy import has_personal_shape, identifying_fault, is_harmless, is_pseudonym
from regenqc.custody.record import Event
from regenqc.custody.words import CORRECTION_BASES, ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from regenqc.custody.record import Condition

__all__ = ["MEMBERS", "is_plainly_right"]

MEMBERS: Final = tuple(name for name in Event.__struct_fields__ if name not in ALWAYS)


def _getter(*names: str) -> attrgetter[Any]:
    # A getter of one member returns the member itself: a second name makes it a tuple.
    return attrgetter(names[0], *names) if names else attrgetter("schema", "schema")


_NEEDED: Final[Mapping[str, attrgetter[Any]]] = MappingProxyType(
    {name: _getter(*kind.required) for name, kind in KINDS.items()}
)
_FOREIGN: Final[Mapping[str, attrgetter[Any]]] = MappingProxyType(
    {name: _getter(*(member for member in MEMBERS if member not in kind.allowed)) for name, kind in KINDS.items()}
)
_CODES: Final = attrgetter(
    "event_id",
    "site",
    "product",
    "study",
    "place",
    "source",
    "destination",
    "carrier",
    "investigation",
    "corrects",
    "replaces",
)
_NUMBERED_CODES: Final = attrgetter("coi", "lot", "container")
_CODE_LISTS: Final = attrgetter("equipment", "labels", "documents", "keys")
# Digits alike, letters alike, and the signs with which scanned identifiers begin alike.
_SHAPES: Final = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz(=", b"9" * 10 + b"a" * 52 + b"(("
)
_PLAIN_BYTES: Final = CODE_CHARACTERS.encode() + b'"'
_DIGITS: Final = frozenset("0123456789")

_OTHER_PERSONS: Final = attrgetter("second_actor", "donor", "recipient", "person")
_RARE: Final = attrgetter("blobs", "signatures", "roles", "basis", "through", "digest")
_SELDOM: Final = attrgetter(
    "measurements", "conditions", "previous", "reason", "blobs", "signatures", "roles", "basis", "through", "digest"
)
_SELDOM_LISTS: Final = attrgetter("measurements", "conditions", "blobs", "signatures")
_CONDITION_NUMBERS: Final = attrgetter(
    "minimum", "maximum", "mean", "excursion_seconds", "gap_seconds", "budget_seconds", "readings"
)
_DECIMAL: Final = r"(?:(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?)?"
_NUMBERS: Final = re.compile(rf"(?:-?{_DECIMAL};){{3}}(?:{_DECIMAL};){{3}}(?:0|[1-9][0-9]{{0,17}})?")
_COUNT: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def is_plainly_right(event: Event, data: bytes) -> bool:
    """Return whether an event, whatever happened before it, is certainly without fault.

    Args:
        event: as decoded, so that types and lengths are right.
        data: its canonical bytes.

    Returns:
        `False` says nothing: `event_faults` then explains, and may find nothing wrong.
    """
    name = event.kind
    kind = KINDS.get(name)
    if (
        kind is None
        or any("+" in key for key in event.keys)  # a public key, whose name is looked at
        or not all(_NEEDED[name](event))
        or any(_FOREIGN[name](event))
        or (kind.one_of and not all(any(getattr(event, member) for member in choice) for choice in kind.one_of))
        or not is_moment(event.event_time)
        or (event.record_time != event.event_time and not is_moment(event.record_time))
        or event.zone not in ZONES
        or event.role not in ROLES
        or not is_pseudonym(event.actor)
        or not (event.second_role in ROLES if event.second_actor else not event.second_role)
        or (event.stage and event.stage not in STAGE_ORDER)
        or (event.expires_at and not is_moment(event.expires_at))
        or (event.outcome and event.outcome not in kind.outcomes)
        or not all(map(is_pseudonym, filter(None, _OTHER_PERSONS(event))))
    ):
        return False
    seldom = any(_SELDOM(event))
    if _bytes_are_plain(event, data, seldom):
        is_code, is_numbered, are_codes = _is_given, _has_digit, _are_different
    elif all(map(_is_plain_code, filter(None, _CODES(event)))):
        is_code, is_numbered, are_codes = _is_plain_code, _is_numbered_code, _are_plain_codes
    else:
        return False
    return (
        _things_are_plain(event, is_numbered)
        and all(map(are_codes, filter(None, _CODE_LISTS(event))))
        and (not seldom or _seldom_is_plain(event, is_code))
    )


def _bytes_are_plain(event: Event, data: bytes, seldom: bool) -> bool:  # noqa: FBT001 - asked once for every event
    """Return whether every code of an event is plain because its bytes as a whole are.

    Looking at the bytes once is several times as fast as looking at each code. They are plain when they hold only the
    characters of codes and of JSON, no digits in the shape of a number of a person, no plus sign but that of the zone, and
    no beginning of a standard identifier. Of brackets and braces there may be as many as the event has lists and records,
    of other characters as many as its texts hold.
    """
    items, inputs, outputs = event.items, event.inputs, event.outputs
    brackets = 1 + len(items) + len(inputs) + len(outputs) + bool(items) + bool(inputs) + bool(outputs)
    for codes in _CODE_LISTS(event):
        if codes:
            brackets += 1
    strange = 0
    if seldom:
        for entries in _SELDOM_LISTS(event):
            if entries:
                brackets += 1 + len(entries)
        brackets += (event.previous is not None) + bool(event.roles)
        strange = sum(map(_strange_bytes, _texts(event)))
    if len(data.translate(None, _PLAIN_BYTES)) != strange + 2 * brackets:
        return False
    shape = data.translate(_SHAPES)
    return (
        not has_personal_shape(data)
        and data.count(b"+") == (event.zone[0] == "+")
        and b"a:" not in shape
        and (b"(" not in shape or b'"(' not in shape)
    )


def _texts(event: Event) -> list[str]:
    """Return every text in which other characters than those of codes may stand, except the units of items."""
    texts = [event.reason]
    for measurement in event.measurements:
        texts += (measurement.value, measurement.unit)
    texts += [condition.unit for condition in event.conditions]
    return texts


@lru_cache(maxsize=16_384)
def _strange_bytes(text: str) -> int:
    return len(text.encode().translate(None, _PLAIN_BYTES))


def _is_given(code: str) -> bool:
    return bool(code)


def _are_different(codes: tuple[str, ...]) -> bool:
    return all(codes) and (len(codes) == 1 or len(set(codes)) == len(codes))


@lru_cache(maxsize=65_536)
def _is_plain_code(code: str) -> bool:
    if not is_code(code) or spelling_fault(code) is not None:
        return False
    # A standard identifier that was checked may be a long run of digits.
    return (
        is_harmless(code)
        or code.startswith("https://id.gs1.org/")
        or identifying_fault(code, where="", coded=True) is None
    )


@lru_cache(maxsize=65_536)
def _is_numbered_code(code: str) -> bool:
    return code.translate(_NO_DIGITS) != code and _is_plain_code(code)


_NO_DIGITS: Final = str.maketrans("", "", "0123456789")


def _are_plain_codes(codes: tuple[str, ...]) -> bool:
    return all(map(_is_plain_code, codes)) and _are_different(codes)


@lru_cache(maxsize=16_384)
def _is_plain_text(text: str) -> bool:
    return text.isprintable() and text.strip() == text and is_harmless(text)


def _has_digit(code: str) -> bool:
    return code[-1] in _DIGITS or not _DIGITS.isdisjoint(code)


def _things_are_plain(event: Event, is_numbered: Callable[[str], bool]) -> bool:
    things = event.items + event.inputs + event.outputs
    for item in things:
        if not is_numbered(item.id) or (item.coi and not is_numbered(item.coi)):
            return False
        if item.quantity:
            if not (item.unit and is_quantity(item.quantity) and _is_plain_text(item.unit)):
                return False
        elif item.unit:
            return False
    if len(things) > 1 or event.container:
        names = {item.id for item in things}
        if len(names) < len(things) or event.container in names:
            return False
    return all(map(is_numbered, filter(None, _NUMBERED_CODES(event))))


def _seldom_is_plain(event: Event, is_code: Callable[[str], bool]) -> bool:
    previous = event.previous
    return (
        (not event.reason or _is_plain_text(event.reason))
        and all(
            is_code(entry.name) and _is_plain_text(entry.value) and (not entry.unit or _is_plain_text(entry.unit))
            for entry in event.measurements
        )
        and all(_is_plain_condition(condition, is_code) for condition in event.conditions)
        and (
            previous is None
            or (
                is_code(previous.event_id)
                and (not previous.leaf or is_digest(previous.leaf))
                and (not previous.origin or is_code(previous.origin))
            )
        )
        and (not any(_RARE(event)) or _rare_is_plain(event, is_code))
    )


def _rare_is_plain(event: Event, is_code: Callable[[str], bool]) -> bool:
    return (
        all(
            is_digest(blob.digest)
            and is_code(blob.name)
            and (not blob.media_type or is_code(blob.media_type))
            and (not blob.size or _COUNT.fullmatch(blob.size) is not None)
            for blob in event.blobs
        )
        and len({(blob.name, blob.digest) for blob in event.blobs}) == len(event.blobs)
        and all(
            is_pseudonym(entry.actor) and is_code(entry.key) and _BASE64.fullmatch(entry.value) is not None
            for entry in event.signatures
        )
        and len({(entry.actor, entry.key) for entry in event.signatures}) == len(event.signatures)
        and all(role in ROLES for role in event.roles)
        and len(set(event.roles)) == len(event.roles)
        and (not event.basis or event.basis in CORRECTION_BASES)
        and (not event.through or _COUNT.fullmatch(event.through) is not None)
        and (not event.digest or is_digest(event.digest))
    )


def _is_plain_condition(condition: Condition, is_code: Callable[[str], bool]) -> bool:
    return (
        is_code(condition.channel)
        and _is_plain_text(condition.unit)
        and is_moment(condition.started)
        and is_moment(condition.ended)
        and condition.started <= condition.ended
        and _NUMBERS.fullmatch(";".join(_CONDITION_NUMBERS(condition))) is not None
    )
