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
from regenqc.custody.privacy import identifying_fault, is_harmless, is_pseudonym
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
_PLAIN_BYTES: Final = CODE_CHARACTERS.encode() + b'{}[]",'
_DIGITS: Final = frozenset("0123456789")

_PERSONS: Final = attrgetter("actor", "second_actor", "donor", "recipient", "person")
_SELDOM: Final = attrgetter(
    "measurements",
    "conditions",
    "blobs",
    "signatures",
    "previous",
    "reason",
    "roles",
    "basis",
    "through",
    "digest",
)
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
    kind = KINDS.get(event.kind)
    return (
        kind is not None
        and all(_NEEDED[event.kind](event))
        and not any(_FOREIGN[event.kind](event))
        and (not kind.one_of or all(any(getattr(event, name) for name in choice) for choice in kind.one_of))
        and is_moment(event.event_time)
        and is_moment(event.record_time)
        and event.zone in ZONES
        and event.role in ROLES
        and (event.second_role in ROLES if event.second_actor else not event.second_role)
        and (not event.stage or event.stage in STAGE_ORDER)
        and (not event.expires_at or is_moment(event.expires_at))
        and (not event.outcome or event.outcome in kind.outcomes)
        and all(map(is_pseudonym, filter(None, _PERSONS(event))))
        and (
            (
                not _has_text(event)
                and _bytes_are_plain(event, data)
                and _lists_are_plain(event)
                and _things_are_plain(event, _has_digit)
            )
            or (_codes_are_plain(event) and _lists_are_plain(event) and _things_are_plain(event, _is_numbered_code))
        )
        and (not any(_SELDOM(event)) or _seldom_is_plain(event))
    )


def _bytes_are_plain(event: Event, data: bytes) -> bool:
    """Return whether every code of an event is plain because its bytes as a whole are.

    Looking at the bytes once is several times as fast as looking at each code. They are plain when they hold only the
    characters of codes and of JSON, no run of ten digits, no digits on both sides of a hyphen and no plus sign but those of
    its moments and its zone, and no beginning of a standard identifier.
    """
    shape = data.translate(_SHAPES)
    moments = 2 + bool(event.expires_at) + 2 * len(event.conditions)
    return (
        not data.translate(None, _PLAIN_BYTES)
        and b"9999999999" not in shape
        and shape.count(b"9-9") == 2 * moments
        and data.count(b"+") == (event.zone[0] == "+")
        and b"a:" not in shape
        and b'"(' not in shape
    )


def _has_text(event: Event) -> bool:
    return bool(event.measurements or event.conditions or event.reason)


def _codes_are_plain(event: Event) -> bool:
    return all(map(_is_plain_code, filter(None, _CODES(event))))


def _lists_are_plain(event: Event) -> bool:
    return all(map(_are_plain_codes, filter(None, _CODE_LISTS(event))))


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
    return all(map(_is_plain_code, codes)) and (len(codes) == 1 or len(set(codes)) == len(codes))


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


def _seldom_is_plain(event: Event) -> bool:
    previous = event.previous
    return (
        (not event.reason or _is_plain_text(event.reason))
        and all(
            _is_plain_code(entry.name)
            and _is_plain_text(entry.value)
            and (not entry.unit or _is_plain_text(entry.unit))
            for entry in event.measurements
        )
        and all(map(_is_plain_condition, event.conditions))
        and all(
            is_digest(blob.digest)
            and _is_plain_code(blob.name)
            and (not blob.media_type or _is_plain_code(blob.media_type))
            and (not blob.size or _COUNT.fullmatch(blob.size) is not None)
            for blob in event.blobs
        )
        and len({(blob.name, blob.digest) for blob in event.blobs}) == len(event.blobs)
        and all(
            is_pseudonym(entry.actor) and _is_plain_code(entry.key) and _BASE64.fullmatch(entry.value) is not None
            for entry in event.signatures
        )
        and len({(entry.actor, entry.key) for entry in event.signatures}) == len(event.signatures)
        and (
            previous is None
            or (
                _is_plain_code(previous.event_id)
                and (not previous.leaf or is_digest(previous.leaf))
                and (not previous.origin or _is_plain_code(previous.origin))
            )
        )
        and all(role in ROLES for role in event.roles)
        and len(set(event.roles)) == len(event.roles)
        and (not event.basis or event.basis in CORRECTION_BASES)
        and (not event.through or _COUNT.fullmatch(event.through) is not None)
        and (not event.digest or is_digest(event.digest))
    )


def _is_plain_condition(condition: Condition) -> bool:
    return (
        _is_plain_code(condition.channel)
        and _is_plain_text(condition.unit)
        and is_moment(condition.started)
        and is_moment(condition.ended)
        and condition.started <= condition.ended
        and _NUMBERS.fullmatch(";".join(_CONDITION_NUMBERS(condition))) is not None
    )
