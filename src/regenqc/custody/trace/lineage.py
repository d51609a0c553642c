"""Lineage: what came of something, and what something came from (questions 1 and 2).

Everything that an event used as input is taken to be in everything that the event made or left in place: reagents that were
in contact included. The answer is a set that is certainly large enough; whether a way through it is possible in time is
said of each item apart, because clocks of sites differ and a recall must not miss what a clock hides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.custody.knowledge import Register, whereabouts
from regenqc.custody.projection.source import marks, parted
from regenqc.custody.projection.tables import Part, Use
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regenqc.custody.knowledge import Whereabouts
    from regenqc.custody.state import ItemState
    from regenqc.ledger import Snapshot

__all__ = ["Link", "Trace", "TracedItem", "backward", "forward", "reached", "sorts_of", "traced_items"]

_ITEM, _INPUT, _OUTPUT = int(Part.ITEM), int(Part.INPUT), int(Part.OUTPUT)
_MADE: Final = f"({_ITEM}, {_OUTPUT})"
# What an event names that a thing of each sort has touched: a donor gave the outputs, an incubator held everything.
_TOUCHED: Final[dict[Part, str]] = {
    Part.CONTAINER: f"({_ITEM})",
    Part.EQUIPMENT: f"({_ITEM}, {_INPUT}, {_OUTPUT})",
    Part.LOT: f"({_ITEM}, {_OUTPUT})",
    Part.DONOR: f"({_OUTPUT})",
    Part.RECIPIENT: f"({_ITEM})",
    Part.STUDY: f"({_ITEM}, {_OUTPUT})",
    Part.IDENTITY: f"({_ITEM}, {_OUTPUT})",
}
_STEP_COLUMNS: Final = ("actor", "site", "place")
_TRANSFER_COLUMNS: Final = ("source", "destination", "carrier")


@dataclass(frozen=True, slots=True)
class Link:
    """Say that an event led from one thing to another.

    Args:
        event: its index in the log.
        source: what it used.
        target: what it made or left in place.
    """

    event: int
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class TracedItem:
    """Hold an item of a trace.

    Args:
        code: of the item.
        state: what is known of it; `None` when only other events than those that count name it.
        where: who has it, and whether it is on its way.
        in_time: there is a way to it along which time does not run backward.
        lot_recalled: its lot was recalled as a whole, whether or not the item was named.
    """

    code: str
    state: ItemState | None
    where: Whereabouts | None
    in_time: bool
    lot_recalled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Hold the answer to a forward or backward question.

    Args:
        start: what was asked about.
        sorts: as what the log names it: `item`, `lot`, `donor`, `equipment`, `actor`, `site`, `place`, …
        direction: `forward` or `backward`.
        items: everything reached, what was asked about included, in the order in which the log first names it.
        links: how it was reached, in the order of the log.
        events: indices of all events that made the links.
    """

    start: str
    sorts: tuple[str, ...]
    direction: str
    items: tuple[TracedItem, ...]
    links: tuple[Link, ...]
    events: tuple[int, ...]

    def item(self, code: str) -> TracedItem:
        """Return one item of the trace."""
        return next(item for item in self.items if item.code == code)


def sorts_of(reader: Reader, code: str) -> tuple[str, ...]:
    """Return as what the log names a code.

    Raises:
        UsageError: `RQC-C221`, the log does not name it, or only as something that touches no item.
    """
    number = reader.number(code)
    rows = reader.view.execute("SELECT DISTINCT part FROM custody_edge WHERE subject = ?", (number,))
    parts = {Part(part) for (part,) in rows}
    sorts = ["item"] if parts & {Part.ITEM, Part.INPUT, Part.OUTPUT} else []
    sorts += [part.name.lower() for part in _TOUCHED if part in parts]
    uses = reader.view.execute("SELECT sort FROM custody_use WHERE number = ? ORDER BY sort", (number,))
    sorts += [Use(sort).name.lower() for (sort,) in uses]
    if not sorts:
        raise UsageError(
            Fault(
                code="RQC-C221",
                what="This is nothing that can be traced.",
                got=code,
                expected="a code of an item, lot, donor, recipient, person, site, place, piece of equipment or study",
            )
        )
    return tuple(sorts)


def reached(reader: Reader, code: str, *, direction: str = "forward", sorts: Sequence[str] | None = None) -> list[int]:
    """Return the numbers of everything reached from a code, without any details: what takes the time of a recall.

    Args:
        reader: of the ledger.
        code: where to begin.
        direction: `forward` or `backward`.
        sorts: as what the code is meant; as everything that it is when `None`.
    """
    begin = _beginnings(reader, code, sorts if sorts is not None else sorts_of(reader, code))
    query = f"{_recursion(reader, begin, direction)} SELECT subject FROM reach ORDER BY subject"  # noqa: S608 - numbers from code
    rows = reader.view.execute(query)
    return [subject for (subject,) in rows]


def forward(view: Snapshot, code: str, *, asking: Asking = ALWAYS) -> Trace:
    """Return everything that came of an item, lot, donor, person, site, place, study or piece of equipment.

    Args:
        view: of the ledger.
        code: of it.
        asking: as of when.

    Raises:
        UsageError: `RQC-C221`, the log never names the code.
    """
    return _trace(Reader(view, asking), code, direction="forward")


def backward(view: Snapshot, code: str, *, asking: Asking = ALWAYS) -> Trace:
    """Return everything that an item came from: donors' collections, and every lot that was in contact with it.

    Args:
        view: of the ledger.
        code: of an item; for anything else, of the items that it touched.
        asking: as of when.

    Raises:
        UsageError: `RQC-C221`, the log never names the code.
    """
    return _trace(Reader(view, asking), code, direction="backward")


def _trace(reader: Reader, code: str, *, direction: str) -> Trace:
    sorts = sorts_of(reader, code)
    begin = _beginnings(reader, code, sorts)
    numbers = reached(reader, code, direction=direction, sorts=sorts)
    began = {subject for (subject,) in reader.view.execute(begin)}
    steps = _steps(reader, numbers, direction)
    in_time = _in_time(steps, began, direction)
    codes = reader.codes({*numbers, *(number for _, _, used, made in steps for number in (*used, *made))})
    known = set(numbers)
    links = tuple(
        Link(event, codes[source], codes[target])
        for event, _, used, made in steps
        for source in used
        for target in made
        if source in known and target in known
    )
    return Trace(
        start=code,
        sorts=sorts,
        direction=direction,
        items=traced_items(reader, numbers, in_time=in_time),
        links=links,
        events=tuple(event for event, *_ in sorted(steps)),
    )


def traced_items(reader: Reader, numbers: Sequence[int], *, in_time: set[int] | None = None) -> tuple[TracedItem, ...]:
    """Return what is known of items, in the order of their numbers.

    Args:
        reader: of the ledger.
        numbers: of the items.
        in_time: those that time allows; all when `None`.
    """
    codes, states = reader.codes(numbers), reader.states(numbers)
    around = _containers(reader, states.values())
    recalled = reader.recalled_lots()
    return tuple(
        TracedItem(
            codes[number],
            states.get(number),
            whereabouts(around, states[number]) if number in states else None,
            in_time is None or number in in_time,
            number in states and states[number].lot in recalled,
        )
        for number in numbers
    )


def _containers(reader: Reader, states: Iterable[ItemState]) -> Register:
    """Return what is known of the containers around items, and around those."""
    register = Register()
    wanted = {state.container for state in states if state.container}
    while wanted:
        numbers = reader.source.numbers(sorted(wanted))
        found = reader.states(list(numbers.values()))
        register.items.update({code: found[number] for code, number in numbers.items() if number in found})
        wanted = {state.container for state in found.values() if state.container} - set(register.items)
    return register


def _beginnings(reader: Reader, code: str, sorts: Sequence[str]) -> str:
    """Return the query of the items that a question begins with."""
    number = reader.number(code)
    parts = []
    for sort in sorts:
        if sort == "item":
            parts.append(f"SELECT CAST({number} AS BIGINT) AS subject")
        elif sort in _STEP_COLUMNS:
            parts.append(
                f"SELECT o.subject FROM custody_step e JOIN custody_edge o ON o.event = e.event "  # noqa: S608 - numbers and columns from code
                f"WHERE e.{sort} = {number} AND o.part IN {_TOUCHED[Part.EQUIPMENT]} AND {reader.counts('e.event')}"
            )
        elif sort in _TRANSFER_COLUMNS:
            parts.append(
                f"SELECT e.subject FROM custody_transfer e WHERE e.{sort} = {number} AND {reader.counts('e.event')}"  # noqa: S608 - numbers and columns from code
            )
        else:
            part = Part[sort.upper()]
            parts.append(
                f"SELECT o.subject FROM custody_edge e JOIN custody_edge o ON o.event = e.event "  # noqa: S608 - numbers from code
                f"WHERE e.subject = {number} AND e.part = {int(part)} AND o.part IN {_TOUCHED[part]} "
                f"AND {reader.counts('e.event')}"
            )
    return " UNION ".join(parts)


def _recursion(reader: Reader, begin: str, direction: str) -> str:
    if direction == "forward":
        joined = f"i.part = {_INPUT} JOIN custody_edge o ON o.event = i.event AND o.part IN {_MADE}"
    else:
        joined = f"i.part IN {_MADE} JOIN custody_edge o ON o.event = i.event AND o.part = {_INPUT}"
    return (
        f"WITH RECURSIVE reach(subject) AS (SELECT subject FROM ({begin}) AS begin UNION "  # noqa: S608 - numbers from code
        f"SELECT o.subject FROM reach r JOIN custody_edge i ON i.subject = r.subject AND {joined} "
        f"WHERE {reader.counts('i.event')})"
    )


_Step = tuple[int, int, list[int], list[int]]


def _steps(reader: Reader, numbers: Sequence[int], direction: str) -> list[_Step]:
    """Return the events that link what was reached: index, moment, what they used, what they made or left in place.

    Two plain look-ups by key; in one statement with the recursion, planners without statistics scan the whole table.
    """
    entering = f"= {_INPUT}" if direction == "forward" else f"IN {_MADE}"
    events: set[int] = set()
    for some in parted(numbers):
        query = (
            f"SELECT DISTINCT i.event FROM custody_edge i WHERE i.subject IN ({marks(some)}) AND i.part {entering} "  # noqa: S608 - numbers and question marks
            f"AND {reader.counts('i.event')}"
        )
        events.update(event for (event,) in reader.view.execute(query, some))
    steps: dict[int, _Step] = {}
    for some in parted(sorted(events)):
        query = (
            f"SELECT e.event, s.event_time, e.part, e.subject FROM custody_edge e JOIN custody_step s ON s.event = e.event "  # noqa: S608 - numbers and question marks
            f"WHERE e.event IN ({marks(some)}) AND e.part IN ({_ITEM}, {_INPUT}, {_OUTPUT})"
        )
        for event, moment, part, subject in reader.view.execute(query, some):
            _, _, used, made = steps.setdefault(event, (event, moment, [], []))
            (used if part == _INPUT else made).append(subject)
    # What only made something, a donation or a receipt, links nothing.
    return [steps[event] for event in sorted(steps) if steps[event][2]]


def _in_time(steps: Sequence[_Step], began: set[int], direction: str) -> set[int]:
    """Return what is reached when time runs only forward, or only backward."""
    found = set(began)
    for _, _, used, made in sorted(steps, key=lambda step: (step[1], step[0]), reverse=direction == "backward"):
        sources, targets = (used, made) if direction == "forward" else (made, used)
        if not found.isdisjoint(sources):
            found.update(targets)
    return found
