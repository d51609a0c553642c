"""The rows that one event adds: a pure function of the event, its place, and the numbering of codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from regenqc.custody.kinds import KINDS, SUBJECTS, Group
from regenqc.custody.moments import milliseconds_of
from regenqc.custody.projection.tables import Part, Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from regenqc.custody.record import Event, Item

__all__ = ["AddedRows", "Numbers", "Uses", "add_rows", "no_uses", "other_codes", "rows_of"]

_TRANSFERS: Final = frozenset(name for name, kind in KINDS.items() if kind.group == Group.TRANSFER)
# Kinds that are about a lot as a whole, or bring one in from another log.
_LOT_KINDS: Final = frozenset({"recall", "receive"})
# Plain integers: a database driver takes them without asking what they are.
_ITEM, _INPUT, _OUTPUT, _CONTAINER, _EQUIPMENT, _LOT, _DONOR, _RECIPIENT, _STUDY, _IDENTITY, _SUBJECT = map(int, Part)
_SITE, _ACTOR, _PLACE, _SOURCE, _DESTINATION, _CARRIER = map(int, Use)
# Kinds that give or confirm an identity; elsewhere the identifier is repeated and adds nothing to find.
_IDENTIFYING: Final = frozenset(
    {name for name, kind in KINDS.items() if kind.gives or kind.identity_point} | {"sampling", "receipt"}
)


# Of each kind: whether it names its lot without outputs, identities, and who hands over to whom.
_ADDS: Final = {name: (name in _LOT_KINDS, name in _IDENTIFYING, name in _TRANSFERS) for name in KINDS}

# For each manner of use the numbers of the codes that are used so.
Uses = tuple[set[int], ...]


def no_uses() -> Uses:
    """Return the uses of a log without events."""
    return tuple(set() for _ in Use)


class Numbers(dict[str, int]):
    """Give numbers to codes: one that has none gets the next.

    Args:
        last: the number given last.

    Example:
        >>> numbers = Numbers(7)
        >>> numbers["TANK-3"], numbers["TANK-3"], numbers.added
        (8, 8, [(8, 'TANK-3')])
    """

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last
        self.added: list[tuple[int, str]] = []

    def __missing__(self, code: str) -> int:
        self.last += 1
        self[code] = self.last
        self.added.append((self.last, code))
        return self.last


@dataclass(slots=True)
class AddedRows:
    """Collect the rows that events add, in the order of the log.

    Rows of integers lie one after the other in one flat list, as many numbers each as the table has columns: millions of
    them are hashed, compared and stored as they lie, and none needs an object of its own.
    """

    names: list[tuple[int, str]] = field(default_factory=list)
    uses: list[tuple[int, int]] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    transfers: list[int] = field(default_factory=list)
    conditions: list[tuple[int | str, ...]] = field(default_factory=list)
    voids: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def clear(self) -> None:
        """Forget everything collected."""
        for rows in (
            self.names,
            self.uses,
            self.steps,
            self.edges,
            self.transfers,
            self.conditions,
            self.voids,
            self.places,
        ):
            rows.clear()


def rows_of(flat: Iterable[int], width: int) -> Iterator[tuple[int, ...]]:
    """Yield the rows of a flat list.

    Example:
        >>> list(rows_of([1, 2, 3, 4], 2))
        [(1, 2), (3, 4)]
    """
    return zip(*[iter(flat)] * width, strict=True)


def add_rows(event: Event, index: int, *, numbers: Mapping[str, int], uses: Uses, rows: AddedRows) -> None:
    """Add the rows of one event, except those that say what became of its items.

    Args:
        event: of a known kind.
        index: its place in the log.
        numbers: numbers of codes; gives one to a code that has none.
        uses: manners of use that are known already; new ones are added.
        rows: where to.

    Codes are numbered in the order: kind, site, actor, place, then as the edges are added.
    """
    kind = event.kind
    names_lot, identifies, transfers = _ADDS[kind]
    number, site, actor = numbers[kind], numbers[event.site], numbers[event.actor]
    place = numbers[event.place] if event.place else 0
    event_time = milliseconds_of(event.event_time)
    record_time = event_time if event.record_time == event.event_time else milliseconds_of(event.record_time)
    rows.steps += (index, number, event_time, record_time, site, actor, place)
    if site not in uses[_SITE]:
        _use(site, _SITE, uses, rows)
    if actor not in uses[_ACTOR]:
        _use(actor, _ACTOR, uses, rows)
    if place and place not in uses[_PLACE]:
        _use(place, _PLACE, uses, rows)
    edges = rows.edges
    # In the order of the table's key, so that a stream of the table is the same sequence.
    items, inputs, outputs = event.items, event.inputs, event.outputs
    if items:
        _add_things(edges, index, _ITEM, items, numbers)
    if inputs:
        _add_things(edges, index, _INPUT, inputs, numbers)
    if outputs:
        _add_things(edges, index, _OUTPUT, outputs, numbers)
    if event.container:
        edges += (index, _CONTAINER, numbers[event.container])
    if event.equipment:
        _add_edges(edges, index, _EQUIPMENT, event.equipment, numbers)
    if event.lot and (names_lot or outputs):
        edges += (index, _LOT, numbers[event.lot])
    if event.donor:
        edges += (index, _DONOR, numbers[event.donor])
    if event.recipient:
        edges += (index, _RECIPIENT, numbers[event.recipient])
    if event.study:
        edges += (index, _STUDY, numbers[event.study])
    if identifies:
        _add_edges(edges, index, _IDENTITY, _identities(event), numbers)
    if kind in SUBJECTS:
        _add_edges(edges, index, _SUBJECT, _subjects(event), numbers)
    if transfers:
        _add_transfers(event, index, numbers=numbers, uses=uses, rows=rows)
    if event.conditions:
        _add_conditions(event, index, numbers=numbers, rows=rows)


def _add_things(edges: list[int], index: int, part: int, things: tuple[Item, ...], numbers: Mapping[str, int]) -> None:
    if len(things) == 1:
        edges += (index, part, numbers[things[0].id])
    else:
        _add_edges(edges, index, part, [thing.id for thing in things], numbers)


def _add_edges(edges: list[int], index: int, part: int, codes: Sequence[str], numbers: Mapping[str, int]) -> None:
    if len(codes) == 1:
        edges += (index, part, numbers[codes[0]])
    else:
        for subject in _numbered(codes, numbers):
            edges += (index, part, subject)


def _numbered(codes: Sequence[str], numbers: Mapping[str, int]) -> list[int]:
    return sorted([numbers[code] for code in codes])


def _use(number: int, sort: int, uses: Uses, rows: AddedRows) -> None:
    uses[sort].add(number)
    rows.uses.append((number, sort))


def _add_transfers(event: Event, index: int, *, numbers: Mapping[str, int], uses: Uses, rows: AddedRows) -> None:
    source, destination = numbers[event.source or event.site], numbers[event.destination or event.site]
    carrier = numbers[event.carrier] if event.carrier else 0
    for number, sort in ((source, _SOURCE), (destination, _DESTINATION), (carrier, _CARRIER)):
        if number and number not in uses[sort]:
            _use(number, sort, uses, rows)
    for subject in _numbered([item.id for item in event.items], numbers):
        rows.transfers += (index, subject, source, destination, carrier)


def _add_conditions(event: Event, index: int, *, numbers: Mapping[str, int], rows: AddedRows) -> None:
    rows.conditions += [
        (
            index,
            position,
            numbers[condition.channel],
            milliseconds_of(condition.started),
            milliseconds_of(condition.ended),
            condition.unit,
            condition.minimum,
            condition.maximum,
            condition.mean,
            condition.excursion_seconds,
            condition.gap_seconds,
            condition.budget_seconds,
        )
        for position, condition in enumerate(event.conditions)
    ]


def other_codes(event: Event) -> list[str]:
    """Return every code that the rows of an event number, besides its items, inputs, outputs and container."""
    codes = [event.kind, event.site, event.actor, event.place, event.lot, event.donor, event.recipient, event.study]
    codes += event.equipment
    if event.kind in _IDENTIFYING:
        codes += _identities(event)
    if event.kind in _TRANSFERS:
        codes += (event.source, event.destination, event.carrier)
    codes += [condition.channel for condition in event.conditions]
    if event.kind in SUBJECTS:
        codes += _subjects(event)
    return [code for code in codes if code]


def _subjects(event: Event) -> list[str]:
    return list(dict.fromkeys(getattr(event, member) for member in SUBJECTS[event.kind]))


def _identities(event: Event) -> list[str]:
    """Return the chain-of-identity identifiers that an event states, each once."""
    own = [item.coi for item in event.items + event.inputs + event.outputs if item.coi]
    if not own:
        return [event.coi] if event.coi else []
    return list(dict.fromkeys((event.coi, *own) if event.coi else own))
