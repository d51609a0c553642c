"""The usual form of an event: one pattern for each kind, which its canonical bytes match as a whole.

Bytes of this form are the canonical spelling of an event in which nothing is wrong: the pattern holds the members that a kind
needs and may have, in their one order, and for each what its texts may hold. Matching the bytes once takes a fifth of the time
of looking at each member, and spares spelling the event again. Everything the form leaves out (signatures, identifiers of GS1
and ISBT 128, texts beyond ASCII, the book's own kinds) is read the longer way; property tests hold both together.
"""

from __future__ import annotations

import re
from collections.abc import Callable  # noqa: TC003 - a named tuple asks for it when it is made
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from regenqc.custody.kinds import ALWAYS, KINDS, STAGE_ORDER, Kind
from regenqc.custody.privacy import has_personal_shape, is_pseudonym
from regenqc.custody.record import SCHEMA
from regenqc.custody.words import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regenqc.custody.record import Event

__all__ = ["has_usual_form"]

# No colon, no plus sign, and a letter or digit first: so no identifier of GS1 or ISBT 128, and no telephone number abroad.
_SIGN: Final = r"A-Za-z.\-_~/%!*;,?&$#)"
_CODE: Final = rf'"[A-Za-z0-9][0-9{_SIGN}]*+"'
_NUMBERED: Final = rf'"(?:[A-Za-z][{_SIGN}]*+)?[0-9][0-9{_SIGN}]*+"'
# A word and a number too short for a date is a pseudonym; a person named otherwise is captured, and then looked at.
_PERSON: Final = r'(?:"[A-Z]++-[0-9]{3,7}+"|("[A-Z][-.0-9A-Z]++"))'
# Every day but 29 February, which a calendar must tell.
_DAY: Final = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_MOMENT: Final = rf'"(?:19|20)[0-9]{{2}}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{{3}}Z"'
_ZONE: Final = r'"[+-](?:0[0-9]|1[01]):(?:00|15|30|45)"'
_UNIT: Final = r'"(?:\xc2\xb0)?[A-Za-z0-9%/.*^]++"'
_DECIMAL: Final = r"(?:0|[1-9][0-9]{0,17}+)(?:\.[0-9]{1,18}+)?"
_AMOUNT: Final = rf'"(?!0(?:\.0++)?"){_DECIMAL}"'
_COUNT: Final = r'"(?:0|[1-9][0-9]{0,17}+)"'
_RUN: Final = r"[!#-*,\-./0-9;<=>?A-Z\[\]^_`a-z{|}~]++"
_TEXT: Final = rf'"{_RUN}(?: ++{_RUN})*+"'


def _list(entry: str) -> str:
    return rf"\[{entry}(?:,{entry})*+\]"


def _one_of(words: Iterable[str]) -> str:
    return f'"(?:{"|".join(sorted(words))})"'


def _record(**members: str) -> str:
    """Return the pattern of an object: members in order, those that end in `_or_not` may be missing, the first one never."""
    parts = []
    for position, (name, pattern) in enumerate(members.items()):
        member = f'{"," if position else ""}"{name.removesuffix("_or_not")}":{pattern}'
        parts.append(f"(?:{member})?+" if name.endswith("_or_not") else member)
    return rf"\{{{''.join(parts)}\}}"


_READING: Final = f'"-?{_DECIMAL}"'
_SPAN: Final = f'"{_DECIMAL}"'
_PATTERNS: Final[Mapping[str, str]] = {
    "schema": f'"{re.escape(SCHEMA)}"',
    "zone": _ZONE,
    **dict.fromkeys(("actor", "donor", "recipient"), _PERSON),
    # Whoever also did it is named with a role or not at all.
    "second_actor": f'{_PERSON},"second_role":{_one_of(ROLES)}',
    "role": _one_of(ROLES),
    "stage": _one_of(STAGE_ORDER),
    **dict.fromkeys(("event_time", "record_time", "expires_at"), _MOMENT),
    **dict.fromkeys(("coi", "lot", "container"), _NUMBERED),
    **dict.fromkeys(("event_id", "site", "product", "study", "place", "source", "destination", "carrier"), _CODE),
    **dict.fromkeys(("investigation", "replaces"), _CODE),
    **dict.fromkeys(("equipment", "labels", "documents"), _list(_CODE)),
    **dict.fromkeys(
        ("items", "inputs", "outputs"),
        _list(rf'\{{(?:"coi":{_NUMBERED},)?+"id":{_NUMBERED}(?:,"quantity":{_AMOUNT},"unit":{_UNIT})?+\}}'),
    ),
    "measurements": _list(_record(name=_CODE, unit_or_not=_UNIT, value=_TEXT)),
    "conditions": _list(
        rf'\{{(?:"budget_seconds":{_SPAN},)?+"channel":{_CODE},"ended":{_MOMENT}'
        + "".join(f'(?:,"{name}":{_SPAN})?+' for name in ("excursion_seconds", "gap_seconds"))
        + "".join(f'(?:,"{name}":{_READING})?+' for name in ("maximum", "mean", "minimum"))
        + rf'(?:,"readings":{_COUNT})?+,"started":{_MOMENT},"unit":{_UNIT}\}}'
    ),
    "previous": _record(event_id=_CODE, origin_or_not=_CODE),
    "reason": _TEXT,
}


class _Form(NamedTuple):
    """Hold the usual form of a kind: what matches the bytes, and sets of members of each of which one must be there."""

    matches: Callable[[bytes], re.Match[bytes] | None]
    choices: tuple[attrgetter[tuple[object, ...]], ...]


def _form(kind: Kind) -> _Form | None:
    """Return the usual form of a kind, `None` when it has none."""
    patterns = {**_PATTERNS, "kind": f'"{kind.name}"'}
    if kind.outcomes:
        patterns["outcome"] = _one_of(kind.outcomes)
    needed = {*ALWAYS, *kind.required} - {"second_role"}
    if not needed <= patterns.keys():
        return None
    members: list[str] = []
    for name in sorted(kind.allowed & patterns.keys()):
        member = f'{"," if members else ""}"{name}":{patterns[name]}'
        members.append(member if name in needed else f"(?:{member})?+")
    return _Form(
        re.compile(rf"\{{{''.join(members)}\}}".encode("latin-1")).fullmatch,
        # A getter of one member returns the member itself: a second name makes it a tuple.
        tuple(attrgetter(choice[0], *choice) for choice in kind.one_of),
    )


class _Forms(dict[str, _Form | None]):
    """Forms by kind, each made when an event of that kind comes first: all of them take as long as reading 50,000 events."""

    def __missing__(self, name: str) -> _Form | None:
        kind = KINDS.get(name)
        if kind is None:
            return None
        self[name] = form = _form(kind)
        return form


_FORMS: Final = _Forms()


def has_usual_form(event: Event, data: bytes) -> bool:
    """Return whether bytes are of the usual form, so that they are canonical and nothing is wrong with their event.

    Args:
        event: as decoded from the bytes.
        data: the bytes, canonical or not.

    Returns:
        `False` says nothing: `decode_event` and `event_faults` then explain, and may find nothing wrong.

    Example:
        >>> from regenqc.custody.canonical import encode_event
        >>> from regenqc.custody.record import Event, Item
        >>> event = Event(schema=SCHEMA, kind="store", event_id="EV-9", event_time="2026-03-16T08:00:00.000Z",
        ...     record_time="2026-03-16T08:05:00.000Z", zone="+01:00", actor="STAFF-0417", role="operator", site="SITE-1",
        ...     items=(Item("WCB-1/V001"),), place="TANK-3")
        >>> has_usual_form(event, encode_event(event)), has_usual_form(event, b" " + encode_event(event))
        (True, False)
    """
    return _matches_form(event, data) and not has_personal_shape(data)


def have_usual_form(events: Sequence[Event], bodies: Sequence[bytes]) -> list[bool]:
    """Return of each event what `has_usual_form` does, with one look at all bytes for the numbers of people.

    Example:
        >>> have_usual_form([], [])
        []
    """
    found = list(map(_matches_form, events, bodies))
    if has_personal_shape(b"\n".join(bodies)):
        return [matches and not has_personal_shape(data) for matches, data in zip(found, bodies, strict=True)]
    return found


def _matches_form(event: Event, data: bytes) -> bool:
    form = _FORMS[event.kind]
    match = form.matches(data) if form is not None else None
    if form is None or match is None:
        return False
    for is_there in form.choices:
        if not any(is_there(event)):
            return False
    for condition in event.conditions:
        if condition.started > condition.ended:
            return False
    return (match.lastindex is None or _people_are_pseudonyms(event)) and _names_everything_once(event)


def _people_are_pseudonyms(event: Event) -> bool:
    return all(map(is_pseudonym, filter(None, (event.actor, event.second_actor, event.donor, event.recipient))))


def _names_everything_once(event: Event) -> bool:
    items, inputs, outputs, container = event.items, event.inputs, event.outputs, event.container
    count = len(items) + len(inputs) + len(outputs)
    if count > 1 or container:
        names = {item.id for item in items + inputs + outputs}
        if len(names) < count or container in names:
            return False
    for codes in (event.equipment, event.labels, event.documents):
        if len(codes) > 1 and len(set(codes)) < len(codes):
            return False
    return True
