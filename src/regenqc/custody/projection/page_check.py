"""Check one page of the log: its entries by themselves, and the stored rows of their events.

What an event says by itself follows from no other event. Its rows follow from it and from the numbers of the codes that were
named before, and those stand in the tables. Each page shows that the codes which it names first have the next numbers, in that
order; so the numbers before it are right when the pages before it are. Pages can therefore be checked in any order of time, by
any number of processes; the projection is right when every page is.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from regenqc.custody.canonical import decode_event
from regenqc.custody.projection.digest import FIRST, block_digest
from regenqc.custody.projection.rows import AddedRows, Numbers, add_rows, no_uses, rows_of
from regenqc.custody.projection.tables import COLUMNS, DIGEST_BLOCK
from regenqc.custody.reading import events_of_usual_form, judged_event
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.record import Event
    from regenqc.ledger import Snapshot

__all__ = ["Extent", "PageCheck", "extent_of", "rows_outside"]

# Few enough that they stay near the processor while they are looked at.
_ENTRIES_AT_ONCE: Final = 64
# The tables whose rows belong to one event each: which column names the event, and the key.
_OF_EVENTS: Final = {
    "custody_step": ("event", "event"),
    "custody_edge": ("event", "event, part, subject"),
    "custody_transfer": ("event", "event, subject"),
    "custody_condition": ("event", "event, position"),
    "custody_void": ("correction", "correction"),
    "custody_place": ("event", "event"),
}


class Extent(Struct, frozen=True, kw_only=True):
    """Say how far a ledger is to be checked.

    Args:
        size: entries of the log.
        names: codes that they name.
        judged: each event is asked whether anything is wrong with it by itself; otherwise only whether it is one.
    """

    size: int
    names: int
    judged: bool

    @property
    def pages(self) -> int:
        """Return how many pages that is; the last one may be shorter.

        Example:
            >>> Extent(size=5000, names=900, judged=True).pages
            2
        """
        return -(-self.size // DIGEST_BLOCK)


def extent_of(view: Snapshot, *, judged: bool) -> Extent:
    """Return how far the ledger is in a view."""
    ((names,),) = view.execute("SELECT COALESCE(MAX(number), 0) FROM custody_name")
    return Extent(size=view.size(), names=int(names), judged=judged)


def rows_outside(view: Snapshot, extent: Extent) -> bool:
    """Return whether tables hold rows that belong to no page."""
    spans = [(table, column, 0, extent.size - 1) for table, (column, _) in _OF_EVENTS.items()]
    return any(
        view.execute(f"SELECT 1 FROM {table} WHERE {column} < ? OR {column} > ? LIMIT 1", (first, last))  # noqa: S608 - names from code
        for table, column, first, last in (*spans, ("custody_name", "number", 1, extent.names))
    )


class PageCheck:
    """Check pages in one view of a ledger, each further in the log than the one before.

    Args:
        view: of the ledger.
        extent: how far it goes; the log may have grown since.
    """

    def __init__(self, view: Snapshot, extent: Extent) -> None:
        self._view = view
        self._extent = extent
        self._numbers = Numbers(0)
        self._uses = no_uses()
        self._rows = AddedRows(names=self._numbers.added)

    @property
    def uses(self) -> list[tuple[int, int]]:
        """Return the rows of `custody_use` that follow from the pages so far."""
        return sorted((number, sort) for sort, found in enumerate(self._uses) for number in found)

    def is_right(self, page: int) -> bool:
        """Return whether nothing is wrong with a page; what is wrong is for `ProjectionAuditor` to say."""
        start, end = page * DIGEST_BLOCK, min((page + 1) * DIGEST_BLOCK, self._extent.size)
        try:
            names, digest = self._closed(start) if start else (0, FIRST)
            self._skip_to(names)
            return self._derive(start, end) and self._is_stored(start, end, names, digest)
        except (RegenqcError, LookupError, TypeError, ValueError, OverflowError):
            # Tables and entries that nobody judged may hold anything.
            return False

    def _closed(self, through: int) -> tuple[int, bytes]:
        """Return what the tables say of the block that ends at a place: the number given last, and its digest."""
        ((names, digest),) = self._view.execute(
            "SELECT names, digest FROM custody_digest WHERE through = ?", (through,)
        )
        return names, bytes(digest)

    def _skip_to(self, names: int) -> None:
        """Learn the numbers that pages in between gave, which others check."""
        if names > self._numbers.last:
            self._numbers.update((text, number) for number, text in self._names(names))
            self._numbers.last = names
        if names != self._numbers.last:
            raise LookupError(names)

    def _names(self, through: int) -> Sequence[tuple[int, str]]:
        """Return the stored names behind those that are known, up to a number."""
        return self._view.execute(
            "SELECT number, text FROM custody_name WHERE number > ? AND number <= ? ORDER BY number",
            (self._numbers.last, through),
        )

    def _derive(self, start: int, end: int) -> bool:
        """Derive the rows of a page; return whether each of its entries is an event in which nothing is wrong."""
        self._rows.clear()
        numbers, uses, rows = self._numbers, self._uses, self._rows
        portions = self._view.stream(
            "SELECT key, body FROM ledger_entry WHERE idx >= ? AND idx < ? ORDER BY idx",
            (start, end),
            rows_per_chunk=_ENTRIES_AT_ONCE,
        )
        index = start
        for portion in portions:
            keys, bodies = zip(*portion, strict=True)
            events = self._events(bodies)
            if [event.event_id.encode() for event in events] != list(keys):
                return False
            for event in events:
                add_rows(event, index, numbers=numbers, uses=uses, rows=rows)
                index += 1
        return index == end

    def _events(self, bodies: Sequence[bytes]) -> list[Event]:
        """Return the events of bodies in which nothing is wrong; one less for each in which something is."""
        if not self._extent.judged:
            return list(map(decode_event, bodies))
        found = []
        for event, body in zip(events_of_usual_form(bodies), bodies, strict=True):
            if event is not None:
                found.append(event)
                continue
            unusual, faults = judged_event(body)
            if not faults:
                found.append(unusual)
        return found

    def _is_stored(self, start: int, end: int, names: int, digest: bytes) -> bool:
        rows = self._rows
        full = end - start == DIGEST_BLOCK
        last, expected = self._closed(end) if full else (self._extent.names, b"")
        stored_names = self._view.execute(
            "SELECT number, text FROM custody_name WHERE number > ? AND number <= ? ORDER BY number", (names, last)
        )
        if rows.names != stored_names or self._numbers.last != last:
            return False
        for table, derived in (
            ("custody_step", rows.steps),
            ("custody_edge", rows.edges),
            ("custody_transfer", rows.transfers),
        ):
            if self._stored(table, start, end) != msgspec.json.encode(list(rows_of(derived, len(COLUMNS[table])))):
                return False
        if self._stored("custody_condition", start, end) != msgspec.json.encode(rows.conditions):
            return False
        if not full:
            return True
        # Which events are void follows from other events; who follows those compares these two tables.
        rows.voids += chain.from_iterable(msgspec.json.decode(self._stored("custody_void", start, end)))
        rows.places += chain.from_iterable(msgspec.json.decode(self._stored("custody_place", start, end)))
        return block_digest(digest, rows) == expected

    def _stored(self, table: str, start: int, end: int) -> bytes:
        """Return the stored rows of a page as one JSON array of rows without blanks."""
        column, key = _OF_EVENTS[table]
        columns = ", ".join(COLUMNS[table])
        span = f"FROM {table} WHERE {column} >= ? AND {column} < ? ORDER BY {key}"
        if self._view.dialect == "sqlite":
            # Written by the database itself, in a third of the time that it takes to fetch each value.
            query = f"SELECT json_group_array(json_array({columns})) FROM (SELECT {columns} {span})"  # noqa: S608 - names from code
            ((text,),) = self._view.execute(query, (start, end))
            return bytes(text, "utf-8")
        return msgspec.json.encode(self._view.execute(f"SELECT {columns} {span}", (start, end)))
