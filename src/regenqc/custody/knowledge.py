"""What the rules may ask: the items, people, studies and recalled lots as the log so far tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from regenqc.custody.record import Event
    from regenqc.custody.state import ItemState

__all__ = ["Knowledge", "Person", "Recorded", "Register", "Whereabouts", "container_path", "whereabouts"]


class Person(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """Hold what is known of a person or system that acts.

    Args:
        roles: in which they may act.
        keys: with which they sign.
        revoked: keys that no longer count.
        withdrawn: they may act no more.
    """

    roles: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """Name an event of this log.

    Args:
        index: its position.
        kind: what it was.
        void: index of the correction that made it void, -1 when it stands.
        replaced: an event already stands in its place.
    """

    index: int
    kind: str
    void: int = -1
    replaced: bool = False


class Knowledge(Protocol):
    """Answer what the log so far says."""

    def item(self, code: str) -> ItemState | None:
        """Return the state of an item, `None` when nothing names it."""

    def person(self, code: str) -> Person | None:
        """Return a person, `None` when nobody enrolled them."""

    def has_people(self) -> bool:
        """Return whether anybody is enrolled."""

    def study(self, code: str) -> str:
        """Return `suspended`, `terminated`, or empty text when a study goes on or is not mentioned."""

    def is_recalled_lot(self, code: str) -> bool:
        """Return whether a lot as a whole is recalled."""

    def recorded(self, event_id: str) -> Recorded | None:
        """Return an earlier event."""

    def at_the_place_of(self, event: Event) -> Knowledge:
        """Return what was known where the void event stood that this one replaces: of the things that this one names."""


@dataclass(slots=True)
class Register:
    """Knowledge kept in dictionaries.

    Args:
        items: states by code.
        people: by pseudonym.
        studies: suspended and terminated ones.
        lots: recalled as a whole.
        events: by event_id; only those that a correction may name.
    """

    items: dict[str, ItemState] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    studies: dict[str, str] = field(default_factory=dict)
    lots: set[str] = field(default_factory=set)
    events: dict[str, Recorded] = field(default_factory=dict)

    def item(self, code: str) -> ItemState | None:
        """Return the state of an item."""
        return self.items.get(code)

    def person(self, code: str) -> Person | None:
        """Return a person."""
        return self.people.get(code)

    def has_people(self) -> bool:
        """Return whether anybody is enrolled."""
        return bool(self.people)

    def study(self, code: str) -> str:
        """Return the standing of a study."""
        return self.studies.get(code, "")

    def is_recalled_lot(self, code: str) -> bool:
        """Return whether a lot is recalled."""
        return code in self.lots

    def recorded(self, event_id: str) -> Recorded | None:
        """Return an earlier event."""
        return self.events.get(event_id)

    def at_the_place_of(self, event: Event) -> Knowledge:  # noqa: ARG002 - dictionaries have no history
        """Return what is known now."""
        return self


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Say who has an item in hand, and whether it is on its way.

    Args:
        holder: who holds it, or the outermost container it is in.
        heading: where that is on its way to, empty when it is not in transit.
        place: room, tank or position of it.
        outermost: code of that container, empty when it is not packed.
    """

    holder: str
    heading: str
    place: str
    outermost: str


def container_path(known: Knowledge, state: ItemState) -> tuple[str, ...]:
    """Return the containers around an item, innermost first."""
    path: list[str] = []
    while state.container and state.container not in path:
        path.append(state.container)
        around = known.item(state.container)
        if around is None:
            break
        state = around
    return tuple(path)


def whereabouts(known: Knowledge, state: ItemState) -> Whereabouts:
    """Return where an item is: with its outermost container, or by itself.

    Example:
        >>> from regenqc.custody.state import ItemState
        >>> known = Register(items={"BOX-1": ItemState(created=0, holder="COURIER-1", heading="HOSPITAL-1")})
        >>> whereabouts(known, ItemState(created=0, holder="MAKER-1", container="BOX-1"))
        Whereabouts(holder='COURIER-1', heading='HOSPITAL-1', place='', outermost='BOX-1')
    """
    if not state.container:
        return Whereabouts(state.holder, state.heading, state.place, "")
    path = container_path(known, state)
    outermost = known.item(path[-1])
    if outermost is None:
        return Whereabouts(state.holder, state.heading, state.place, path[-1])
    return Whereabouts(outermost.holder, outermost.heading, outermost.place, path[-1])
