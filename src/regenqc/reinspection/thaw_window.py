"""Until when thawed cells may be given: the clocks of the product's label, each from an anchor of its own.

Labels count from the removal from storage, from the start of the thaw, or from its end, and some set several clocks at once. The
window closes with the first of them. A clock whose anchor nobody wrote down cannot be read, and then there is no window.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.moments import is_moment, milliseconds_of, moment_of_milliseconds
from regenqc.errors import DataError, Fault, SpecificationError
from regenqc.vocabulary import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ANCHORS", "WINDOW_SCHEMA", "ThawClock", "parse_thaw_clocks", "window_end"]

WINDOW_SCHEMA: Final = "regenqc.window/1"
ANCHORS: Final = ("removed_from_storage", "thaw_started", "thaw_ended")
_TOP: Final = {"schema", "id", "version", "clock"}
_MEMBERS: Final = ("anchor", "minutes", "until", "citation", "mark")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThawClock:
    """Hold one clock of a label.

    Args:
        anchor: from which it runs, one of `ANCHORS`.
        minutes: how long.
        until: what has to be so by then, in words, e.g. `infusion complete`.
        citation: where it stands.
        mark: how far that source was checked.
    """

    anchor: str
    minutes: int
    until: str
    citation: str
    mark: Mark


def parse_thaw_clocks(text: str, *, where: str = "window.toml") -> tuple[ThawClock, ...]:
    """Return the clocks that a file states.

    Args:
        text: of the file, TOML.
        where: its name, for messages.

    Raises:
        SpecificationError: `RQC-H701`, with every fault of the file; a file without clocks is one.

    Example:
        >>> (clock,) = parse_thaw_clocks('''
        ... schema = "regenqc.window/1"
        ... id = "example/label"
        ... version = "1"
        ... [[clock]]
        ... anchor = "thaw_started"
        ... minutes = 60
        ... until = "infusion complete"
        ... citation = "Abecma, EU leaflet, 2024"
        ... mark = "verified"
        ... ''')
        >>> clock.minutes
        60
    """
    try:
        value: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(_fault(where, str(error), "a TOML file")) from error
    faults = list(_faults(value, where))
    if faults:
        raise SpecificationError(*faults)
    return tuple(ThawClock(**(entry | {"mark": Mark(entry["mark"])})) for entry in value["clock"])


def window_end(clocks: tuple[ThawClock, ...], moments: Mapping[str, str]) -> tuple[str, ThawClock]:
    """Return the moment at which the window closes, and the clock that closes it.

    Args:
        clocks: of the label; at least one.
        moments: of the anchors, `2026-03-16T12:00:00.000Z`.

    Raises:
        DataError: `RQC-H702`, an anchor of a clock is not stated, is no moment, or the anchors are out of order.

    Example:
        >>> clocks = (ThawClock(anchor="removed_from_storage", minutes=120, until="given", citation="", mark=Mark.VERIFIED),
        ...     ThawClock(anchor="thaw_ended", minutes=30, until="begun", citation="", mark=Mark.VERIFIED))
        >>> window_end(clocks, {"removed_from_storage": "2026-03-16T09:00:00.000Z", "thaw_ended": "2026-03-16T09:20:00.000Z"})[0]
        '2026-03-16T09:50:00.000Z'
    """
    unreadable = [
        clock.anchor for clock in clocks if clock.anchor not in moments or not is_moment(moments.get(clock.anchor, ""))
    ]
    known = [moments[anchor] for anchor in ANCHORS if anchor in moments]
    if not clocks or unreadable or known != sorted(known):
        raise DataError(
            Fault(
                code="RQC-H702",
                what="The window after thaw cannot be told.",
                where=", ".join(dict.fromkeys(unreadable)),
                got=", ".join(f"{name} {moment}" for name, moment in moments.items()) or "no moment",
                expected=f"the moments of {', '.join(dict.fromkeys(clock.anchor for clock in clocks))}, in the order of {', '.join(ANCHORS)}",
                action="Write down when each happened. Without them there is no window.",
            )
        )
    ends = [(milliseconds_of(moments[clock.anchor]) + clock.minutes * 60_000, clock) for clock in clocks]
    end, clock = min(ends, key=lambda each: each[0])
    return moment_of_milliseconds(end), clock


def _faults(value: Mapping[str, Any], where: str) -> Iterator[Fault]:
    for name in value:
        if name not in _TOP:
            yield _fault(f"{where} {name}", name, ", ".join(sorted(_TOP)))
    if value.get("schema") != WINDOW_SCHEMA:
        yield _fault(f"{where} schema", str(value.get("schema", "nothing")), WINDOW_SCHEMA)
    for name in ("id", "version"):
        if not isinstance(value.get(name), str) or not value[name]:
            yield _fault(f"{where} {name}", repr(value.get(name)), "text")
    clocks = value.get("clock")
    if not isinstance(clocks, list) or not clocks:
        yield _fault(f"{where} clock", repr(clocks), "at least one [[clock]]")
        return
    for position, entry in enumerate(clocks):
        here = f"{where} clock[{position}]"
        if not isinstance(entry, dict) or set(entry) != set(_MEMBERS):
            yield _fault(here, repr(entry), ", ".join(_MEMBERS))
            continue
        if entry["anchor"] not in ANCHORS:
            yield _fault(f"{here}.anchor", repr(entry["anchor"]), ", ".join(ANCHORS))
        if type(entry["minutes"]) is not int or entry["minutes"] <= 0:
            yield _fault(f"{here}.minutes", repr(entry["minutes"]), "a whole number above 0")
        for name in ("until", "citation"):
            if not isinstance(entry[name], str) or not entry[name]:
                yield _fault(f"{here}.{name}", repr(entry[name]), "text")
        if entry["mark"] not in {mark.value for mark in Mark}:
            yield _fault(f"{here}.mark", repr(entry["mark"]), ", ".join(mark.value for mark in Mark))


def _fault(where: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-H701",
        what="The file with the clocks after thaw is not valid.",
        where=where,
        got=got,
        expected=expected,
        action="Take them from the label of the product.",
    )
