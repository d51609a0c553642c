"""Derive the projection from the log, event by event: the same code while appending and while verifying.

A derivation knows what the log says so far, answers the rules, and collects the rows that each event adds. Where it gets
what it does not hold in memory is a `Source`: the tables, while appending; nothing, when it has seen the log from its first
event.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final, Protocol

from msgspec.structs import replace

from regenqc.custody.kinds import KINDS, Group
from regenqc.custody.knowledge import Person, Recorded, Register
from regenqc.custody.projection.digest import FIRST, block_digest
from regenqc.custody.projection.rows import AddedRows, Numbers, add_rows, no_uses
from regenqc.custody.projection.tables import DIGEST_BLOCK
from regenqc.custody.record import Item
from regenqc.custody.state import CHANGING_KINDS, ItemState, advance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regenqc.custody.knowledge import Knowledge
    from regenqc.custody.record import Event

__all__ = ["Derivation", "Source"]

_PARTS: Final = ("items", "inputs", "outputs")
_TABLES: Final = tuple(entry.name for entry in fields(AddedRows))
_REGISTERED: Final = frozenset(
    {name for name, kind in KINDS.items() if kind.group in {Group.BOOK, Group.STUDY}} | {"recall"}
)
# What is known of an item when every event that named it is void.
_ORPHAN: Final = ItemState()
# A place behind every other.
_NOWHERE: Final = 2**62


class Source(Protocol):
    """Give what a derivation does not hold in memory."""

    def numbers(self, codes: Sequence[str]) -> dict[str, int]:
        """Return the numbers of those codes that have one."""

    def states(self, numbers: Sequence[int]) -> dict[int, ItemState]:
        """Return the states of those items that have one."""

    def events_naming(self, numbers: Sequence[int]) -> list[tuple[int, Event]]:
        """Return the events before this batch that name any of these things in any part, in the order of the log."""

    def recorded(self, event_id: str) -> Recorded | None:
        """Return an event before this batch."""

    def event(self, index: int) -> Event:
        """Return an event before this batch."""

    def voids(self) -> dict[int, int]:
        """Return void events of the log before this batch, with the correction that made each void."""

    def places(self) -> dict[int, int]:
        """Return replacements of the log before this batch, with the void event in whose place each stands."""


class Derivation:
    """Hold what the log says, and derive what a further event adds.

    Args:
        source: of what is not held.
        names: how many codes are numbered already.
        complete: everything that the log names is held; nothing need be asked of the source.
    """

    def __init__(self, source: Source, *, names: int = 0, complete: bool = False) -> None:
        self._source = source
        self.complete = complete
        self.numbers = Numbers(names)
        self.uses = no_uses()
        self.items: dict[str, ItemState] = {}
        self._no_items: set[str] = set()
        self.people: dict[str, Person] = {}
        self.studies: dict[str, str] = {}
        self.lots: set[str] = set()
        # What the events since the last `forget_rows` added, and what has to be written for them.
        self.rows = AddedRows(names=self.numbers.added)
        self.new_items: dict[str, None] = {}
        self.changed_items: dict[str, None] = {}
        self.changed_register: dict[tuple[str, str], None] = {}
        self.blocks: list[tuple[int, int, bytes]] = []
        # The rows of the block that is not full yet.
        self.digest = FIRST
        self._block_rows = AddedRows()
        self._block_starts = (0,) * len(fields(AddedRows))
        self._recent: dict[int, Event] = {}
        self._recent_ids: dict[str, int] = {}
        self._voids: dict[int, int] | None = None
        self._places: dict[int, int] | None = None

    def follow(self, source: Source) -> None:
        """Ask another view of the same tables from now on."""
        self._source = source

    def continue_block(self, digest: bytes, rows: AddedRows) -> None:
        """Take up a block that was begun before: the digest of the block before it, and its rows so far."""
        self.digest, self._block_rows = digest, rows

    # ---- what the rules ask -----------------------------------------------------------------------------------------

    def item(self, code: str) -> ItemState | None:
        """Return the state of an item."""
        state = self.items.get(code)
        if state is not None or self.complete:
            return state
        if code not in self._no_items:
            self.prepare([code])
            state = self.items.get(code)
        return state

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
        """Return an earlier event, with what corrections say of it."""
        # Only corrections ask, so the identifiers of a batch are gathered when one does.
        recent = self._recent_ids
        recent.update((self._recent[at].event_id, at) for at in list(self._recent)[len(recent) :])
        index = recent.get(event_id)
        found = Recorded(index, self._recent[index].kind) if index is not None else self._source.recorded(event_id)
        if found is None:
            return None
        void = self.voids.get(found.index, -1)
        return Recorded(found.index, found.kind, void, void >= 0 and found.index in self.places.values())

    def at_the_place_of(self, event: Event) -> Knowledge:
        """Return what was known of the things that an event names, where the event stood that it replaces."""
        codes = _things(event)
        replaced = self.recorded(event.replaces)
        here = self._place_of(replaced.index) if replaced is not None else _NOWHERE
        history = [entry for entry in self._standing(self._naming(codes)) if self._place_of(entry[0]) < here]
        then = Register(people=self.people)
        for code in codes:
            state = _fold(code, history)
            if state is not None:
                then.items[code] = state
        return then

    @property
    def voids(self) -> dict[int, int]:
        """Return void events with the correction that made each void."""
        if self._voids is None:
            self._voids = dict(self._source.voids())
        return self._voids

    @property
    def places(self) -> dict[int, int]:
        """Return replacements with the void events in whose place they stand."""
        if self._places is None:
            self._places = dict(self._source.places())
        return self._places

    # ---- taking events ----------------------------------------------------------------------------------------------

    def prepare(self, items: Iterable[str], others: Iterable[str] = ()) -> None:
        """Fetch what is known of codes that are not held, all at once.

        Args:
            items: codes of things that have a state.
            others: further codes that will be numbered; a code that is not prepared is taken for a new one.
        """
        if self.complete:
            return
        wanted = [code for code in dict.fromkeys(items) if code not in self.items and code not in self._no_items]
        unnumbered = [code for code in dict.fromkeys((*wanted, *others)) if code not in self.numbers]
        if unnumbered:
            self.numbers.update(self._source.numbers(unnumbered))
        by_number = {self.numbers[code]: code for code in wanted if code in self.numbers}
        if by_number:
            for number, state in self._source.states(list(by_number)).items():
                self.items[by_number[number]] = state
        self._no_items.update(code for code in wanted if code not in self.items)

    def take(self, event: Event, index: int) -> None:
        """Take the next event: add its rows, and change what is known of the things it names."""
        self._recent[index] = event
        add_rows(event, index, numbers=self.numbers, uses=self.uses, rows=self.rows)
        self.learn(event, index)
        if (index + 1) % DIGEST_BLOCK == 0:
            self._close_block(index + 1)

    def learn(self, event: Event, index: int) -> None:
        """Take the next event without its rows: only what becomes known through it, and which events it makes void.

        The source must know all events before it.
        """
        if event.replaces:
            self._stand_in(event, index)
        elif event.outputs or event.inputs or event.items or event.container:
            self._advance(event, index)
        if event.kind in _REGISTERED:
            self._register(event, index)

    def _advance(self, event: Event, index: int) -> None:
        if event.items and event.kind in CHANGING_KINDS:
            self._advance_part(event, event.items, "items", index)
        if event.inputs:
            self._advance_part(event, event.inputs, "inputs", index)
        if event.outputs:
            self._advance_part(event, event.outputs, "outputs", index)
        if event.container:
            self._advance_part(event, (Item(event.container),), "container", index)

    def _advance_part(self, event: Event, named: Sequence[Item], part: str, index: int) -> None:
        items = self.items
        for item in named:
            code = item.id
            before = items.get(code) or self.item(code)
            after = advance(before, event, item, part=part, index=index)
            if after is not before:
                items[code] = after
                if before is None:
                    self.new_items[code] = None
                elif code not in self.new_items:
                    self.changed_items[code] = None

    def _set(self, code: str, state: ItemState, *, new: bool) -> None:
        self.items[code] = state
        if new:
            self.new_items[code] = None
        elif code not in self.new_items:
            self.changed_items[code] = None

    def _close_block(self, through: int) -> None:
        for name, start in zip(_TABLES, self._block_starts, strict=True):
            getattr(self._block_rows, name).extend(getattr(self.rows, name)[start:])
        self._block_starts = tuple(len(getattr(self.rows, name)) for name in _TABLES)
        self.digest = block_digest(self.digest, self._block_rows)
        self.blocks.append((through, self.numbers.last, self.digest))
        self._block_rows.clear()

    def _register(self, event: Event, index: int) -> None:
        if event.kind == "correction":
            self._correct(event, index)
        elif event.person:
            self.people[event.person] = _person_after(self.people.get(event.person, Person()), event)
            self.changed_register["person", event.person] = None
        elif event.study and KINDS[event.kind].group == Group.STUDY:
            self._set_study(event.study, event.kind)
        elif event.kind == "recall" and event.lot:
            self.lots.add(event.lot)
            self.changed_register["lot", event.lot] = None

    def _set_study(self, study: str, kind: str) -> None:
        standing = kind.removeprefix("study_")
        self.studies[study] = "" if standing == "resumed" else standing
        self.changed_register["study", study] = None

    # ---- corrections ------------------------------------------------------------------------------------------------

    def _correct(self, event: Event, index: int) -> None:
        target = self.recorded(event.corrects)
        if target is None:
            return
        self.voids[target.index] = index
        self.rows.voids += (target.index, index)
        void = self._event(target.index)
        self._replay(void)
        if KINDS[void.kind].group == Group.STUDY:
            self._replay_study(void.study)
        if void.kind == "recall" and void.lot:
            self._replay_lot(void.lot)

    def _stand_in(self, event: Event, index: int) -> None:
        found = self.recorded(event.replaces)
        if found is not None:
            self.places[index] = found.index
            self.rows.places += (index, found.index)
        self._replay(event)

    def _replay(self, event: Event) -> None:
        """Derive anew what is known of every item that an event names, from the events that stand."""
        codes = _things(event)
        history = self._standing(self._naming(codes))
        for code in codes:
            state = _fold(code, history)
            self._set(code, _ORPHAN if state is None else state, new=self.item(code) is None)

    def _replay_study(self, study: str) -> None:
        self.studies[study] = ""
        self.changed_register["study", study] = None
        for _, event in self._standing(self._naming([study])):
            if KINDS[event.kind].group == Group.STUDY:
                self._set_study(study, event.kind)

    def _replay_lot(self, lot: str) -> None:
        recalls = (event for _, event in self._standing(self._naming([lot])) if event.kind == "recall")
        if any(event.lot == lot for event in recalls):
            self.lots.add(lot)
        else:
            self.lots.discard(lot)
        self.changed_register["lot", lot] = None

    def _naming(self, codes: Sequence[str]) -> list[tuple[int, Event]]:
        """Return all events so far that name any of these codes, in the order of the log."""
        self.prepare((), codes)
        numbers = [self.numbers[code] for code in codes if code in self.numbers]
        if len(numbers) < len(codes):
            numbers += self._source.numbers([code for code in codes if code not in self.numbers]).values()
        found = dict(self._source.events_naming(numbers))
        wanted = set(codes)
        found.update(
            (index, event)
            for index, event in self._recent.items()
            if wanted & {*_things(event), event.study, event.lot}
        )
        return sorted(found.items())

    def _standing(self, history: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
        """Return the events that are not void, each replacement in the place of what it replaces."""
        place = {index: self._place_of(index) for index, _ in history}
        standing = [(index, event) for index, event in history if index not in self.voids]
        return sorted(standing, key=lambda entry: (place[entry[0]], entry[0]))

    def _place_of(self, index: int) -> int:
        # A replacement of a replacement stands where the first void event stood.
        while index in self.places:
            index = self.places[index]
        return index

    def _event(self, index: int) -> Event:
        return self._recent[index] if index in self._recent else self._source.event(index)

    def forget_rows(self) -> None:
        """Forget what was collected; it is stored now."""
        for name, start in zip(_TABLES, self._block_starts, strict=True):
            getattr(self._block_rows, name).extend(getattr(self.rows, name)[start:])
        self._block_starts = (0,) * len(_TABLES)
        self.rows.clear()
        for collected in (self.new_items, self.changed_items, self.changed_register, self.blocks):
            collected.clear()
        self._recent.clear()
        self._recent_ids.clear()
        self._voids = self._places = None


def _fold(code: str, history: Sequence[tuple[int, Event]]) -> ItemState | None:
    """Return what is known of an item after events that name it, `None` when none does."""
    state: ItemState | None = None
    for index, event in history:
        for part in _PARTS:
            for item in getattr(event, part):
                if item.id == code:
                    state = advance(state, event, item, part=part, index=index)
        if event.container == code:
            state = advance(state, event, Item(code), part="container", index=index)
    return state


def _things(event: Event) -> list[str]:
    """Return the codes whose state an event may change, each once, in the order in which the event names them."""
    codes = [item.id for item in (*event.items, *event.inputs, *event.outputs)]
    return [*codes, event.container] if event.container else codes


def _person_after(before: Person, event: Event) -> Person:
    if event.kind == "actor_withdrawn":
        return replace(before, withdrawn=True)
    if event.kind == "key_revoked":
        return replace(before, revoked=(*before.revoked, *(key for key in event.keys if key not in before.revoked)))
    keys = (*before.keys, *(key for key in event.keys if key not in before.keys))
    return replace(before, roles=event.roles, keys=keys, withdrawn=False)
