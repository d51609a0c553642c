"""Read the projection for a question: which events count, what a code is, what was known of an item and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.custody.canonical import decode_event
from regenqc.custody.kinds import KINDS
from regenqc.custody.moments import is_moment, milliseconds_of
from regenqc.custody.projection.source import TableSource, marks, parted
from regenqc.custody.projection.tables import Part
from regenqc.custody.record import Item
from regenqc.custody.state import ItemState, advance
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regenqc.custody.record import Event
    from regenqc.ledger import Snapshot

__all__ = ["ALWAYS", "Asking", "Reader", "Step"]

_THINGS: Final = tuple(map(int, (Part.ITEM, Part.INPUT, Part.OUTPUT, Part.CONTAINER)))

_WITHOUT_VOID: Final = "NOT EXISTS (SELECT 1 FROM custody_void v WHERE v.event = {event}{corrected})"
_WITH_STEP: Final = "EXISTS (SELECT 1 FROM custody_step s WHERE s.event = {event} AND {limits})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Say as of when a question is asked.

    Args:
        known_at: only what had been recorded by then counts, corrections included; `None` for all that is recorded.
        true_at: only what had happened by then counts; `None` for all that happened.

    Example:
        >>> Asking(known_at="2026-03-16T12:00:00.000Z").is_now
        False
    """

    known_at: str | None = None
    true_at: str | None = None

    def __post_init__(self) -> None:
        for name, moment in (("known_at", self.known_at), ("true_at", self.true_at)):
            if moment is not None and not is_moment(moment):
                raise UsageError(
                    Fault(
                        code="RQC-C220",
                        what="This is no moment.",
                        where=name,
                        got=moment,
                        expected="UTC with milliseconds, as 2026-03-16T12:00:00.000Z",
                    )
                )

    @property
    def is_now(self) -> bool:
        """Return whether everything recorded counts."""
        return self.known_at is None and self.true_at is None


ALWAYS: Final = Asking()


@dataclass(frozen=True, slots=True)
class Step:
    """Hold one event in the life of an item, and what was known of the item after it.

    Args:
        index: place of the event in the log.
        event: it.
        state: of the item after it.
        part: as what the event names the item.
    """

    index: int
    event: Event
    state: ItemState
    part: str


class Reader:
    """Answer from one view of a ledger, as of one moment.

    Args:
        view: of the ledger.
        asking: as of when.
    """

    def __init__(self, view: Snapshot, asking: Asking = ALWAYS) -> None:
        self.view = view
        self.asking = asking
        self.source = TableSource(view)
        self._events: dict[int, Event] = {}
        self._voids = self._counted_voids()
        self._places = self.source.places()

    def _counted_voids(self) -> dict[int, int]:
        if self.asking.known_at is None:
            return self.source.voids()
        rows = self.view.execute(
            "SELECT v.event, v.correction FROM custody_void v JOIN custody_step s ON s.event = v.correction "
            "WHERE s.record_time <= ?",
            (milliseconds_of(self.asking.known_at),),
        )
        return dict(rows)

    # ---- which events count -----------------------------------------------------------------------------------------

    def counts(self, event: str) -> str:
        """Return the SQL condition, without parameters, that an event counts.

        Args:
            event: SQL expression of its index.
        """
        parts = []
        known, true = (
            milliseconds_of(moment) if moment is not None else None
            for moment in (self.asking.known_at, self.asking.true_at)
        )
        if self._voids:
            corrected = (
                "" if known is None else _WITH_STEP.format(event="v.correction", limits=f"s.record_time <= {known}")
            )
            parts.append(_WITHOUT_VOID.format(event=event, corrected=corrected and f" AND {corrected}"))
        limits = [
            f"s.{column} <= {moment}"
            for column, moment in (("record_time", known), ("event_time", true))
            if moment is not None
        ]
        if limits:
            parts.append(_WITH_STEP.format(event=event, limits=" AND ".join(limits)))
        return " AND ".join(parts) or "1 = 1"

    def is_counted(self, index: int, event: Event) -> bool:
        """Return whether an event counts."""
        asking = self.asking
        return (
            index not in self._voids
            and (asking.known_at is None or event.record_time <= asking.known_at)
            and (asking.true_at is None or event.event_time <= asking.true_at)
        )

    @property
    def voids(self) -> dict[int, int]:
        """Return the void events, with the corrections, that count as void."""
        return self._voids

    # ---- codes and numbers ------------------------------------------------------------------------------------------

    def number(self, code: str) -> int:
        """Return the number of a code.

        Raises:
            UsageError: `RQC-C221`, the log never names it.
        """
        found = self.source.numbers([code])
        if code not in found:
            # Names are also those of kinds, which nobody asks for.
            near = [
                str(text)
                for (text,) in self.view.execute(
                    f"SELECT text FROM custody_name WHERE text >= ? AND text NOT IN ({marks(tuple(KINDS))}) "  # noqa: S608 - only question marks
                    "ORDER BY text LIMIT 3",
                    (code[: max(1, len(code) - 2)], *KINDS),
                )
            ]
            raise UsageError(
                Fault(
                    code="RQC-C221",
                    what="The log never names this.",
                    got=code,
                    expected="a code of an item, lot, donor, recipient, person, site, place, piece of equipment or study"
                    + (f"; near it stand {', '.join(near)}" if near else ""),
                    action="Check the spelling.",
                )
            )
        return found[code]

    def codes(self, numbers: Iterable[int]) -> dict[int, str]:
        """Return the codes of numbers."""
        return self.source.texts(list(numbers))

    # ---- events -----------------------------------------------------------------------------------------------------

    def event(self, index: int) -> Event:
        """Return one event, read once."""
        event = self._events.get(index)
        if event is None:
            event = self._events[index] = decode_event(self.view.entry(index).body)
        return event

    def events_naming(self, numbers: Sequence[int], *, parts: Sequence[int] = ()) -> list[tuple[int, Event]]:
        """Return the counted events that name any of these things, in the order of the log.

        Args:
            numbers: of things.
            parts: in which parts; in any when empty.
        """
        indices: set[int] = set()
        as_part = f" AND part IN ({','.join(str(int(part)) for part in parts)})" if parts else ""
        for some in parted(numbers):
            rows = self.view.execute(
                f"SELECT DISTINCT event FROM custody_edge WHERE subject IN ({marks(some)}){as_part}",  # noqa: S608 - numbers and question marks
                some,
            )
            indices.update(index for (index,) in rows)
        found = [(index, self.event(index)) for index in sorted(indices)]
        return [(index, event) for index, event in found if self.is_counted(index, event)]

    # ---- items ------------------------------------------------------------------------------------------------------

    def recalled_lots(self) -> frozenset[str]:
        """Return the lots that are recalled as a whole, as of the moment of asking."""
        rows = self.view.execute("SELECT code, value FROM custody_register WHERE sort = 'lot'")
        if self.asking.is_now:
            return frozenset(code for code, value in rows if value)
        # A recall that is void now may have counted then.
        ever = [code for code, _ in rows]
        return frozenset(
            code
            for code, number in self.source.numbers(ever).items()
            if any(
                event.kind == "recall" and event.lot == code
                for _, event in self.events_naming([number], parts=(Part.LOT,))
            )
        )

    def states(self, numbers: Sequence[int]) -> dict[int, ItemState]:
        """Return what is known of items, as of the moment of asking; those of which nothing is are left out."""
        if self.asking.is_now:
            return self.source.states(numbers)
        found: dict[int, ItemState] = {}
        codes = self.codes(numbers)
        for number in numbers:
            steps = self.life(codes[number], number)
            if steps:
                found[number] = steps[-1].state
        return found

    def life(self, code: str, number: int | None = None) -> list[Step]:
        """Return the counted events of an item in their order, with what was known after each.

        A replacement stands where the void event stood that it replaces.
        """
        subject = self.number(code) if number is None else number
        history = self.events_naming([subject], parts=_THINGS)
        place = {index: self._place(index) for index, _ in history}
        steps: list[Step] = []
        state: ItemState | None = None
        for index, event in sorted(history, key=lambda entry: (place[entry[0]], entry[0])):
            for part, item in _named(event, code):
                state = advance(state, event, item, part=part, index=index)
                steps.append(Step(index, event, state, part))
        return steps

    def _place(self, index: int) -> int:
        while index in self._places:
            index = self._places[index]
        return index


def _named(event: Event, code: str) -> list[tuple[str, Item]]:
    found = [
        (part, item)
        for part, items in (("items", event.items), ("inputs", event.inputs), ("outputs", event.outputs))
        for item in items
        if item.id == code
    ]
    return [*found, ("container", Item(code))] if event.container == code else found
