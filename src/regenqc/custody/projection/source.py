"""What a derivation asks of the stored tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from regenqc.custody.canonical import decode_event
from regenqc.custody.knowledge import Person, Recorded
from regenqc.custody.projection.digest import FIRST
from regenqc.custody.projection.rows import no_uses
from regenqc.custody.projection.stored import stored_rows
from regenqc.custody.projection.tables import DIGEST_BLOCK
from regenqc.custody.state import decode_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.custody.projection.rows import AddedRows, Uses
    from regenqc.custody.record import Event
    from regenqc.custody.state import ItemState
    from regenqc.ledger import Snapshot

__all__ = ["TableSource", "decode_person", "encode_person", "marks", "parted"]

_PERSON_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_PERSON_DECODER: Final = msgspec.json.Decoder(Person)
# Both databases take more parameters than this in one statement.
_AT_ONCE: Final = 1_000
# A place behind every other.
_NOWHERE: Final = 2**62

Value = TypeVar("Value")


def marks(values: Sequence[object]) -> str:
    """Return one question mark for each value."""
    return ",".join("?" * len(values))


def parted(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Yield values in parts that one statement takes."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


class TableSource:
    """Read the projection in one view of a ledger.

    Args:
        view: snapshot or transaction.
    """

    def __init__(self, view: Snapshot) -> None:
        self._view = view

    def numbers(self, codes: Sequence[str]) -> dict[str, int]:
        """Return the numbers of those codes that have one."""
        found: dict[str, int] = {}
        for part in parted(codes):
            rows = self._view.execute(f"SELECT text, number FROM custody_name WHERE text IN ({marks(part)})", part)  # noqa: S608 - only question marks
            found.update(rows)
        return found

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the codes of numbers."""
        found: dict[int, str] = {}
        for part in parted(numbers):
            rows = self._view.execute(f"SELECT number, text FROM custody_name WHERE number IN ({marks(part)})", part)  # noqa: S608 - only question marks
            found.update(rows)
        return found

    def states(self, numbers: Sequence[int]) -> dict[int, ItemState]:
        """Return the states of those items that have one."""
        found: dict[int, ItemState] = {}
        for part in parted(numbers):
            rows = self._view.execute(f"SELECT subject, state FROM custody_item WHERE subject IN ({marks(part)})", part)  # noqa: S608 - only question marks
            found.update((subject, decode_state(state)) for subject, state in rows)
        return found

    def events_naming(self, numbers: Sequence[int], *, before: int = _NOWHERE) -> list[tuple[int, Event]]:
        """Return the events before a place of the log that name any of these things, in the order of the log."""
        indices: set[int] = set()
        for part in parted(numbers):
            rows = self._view.execute(
                f"SELECT DISTINCT event FROM custody_edge WHERE event < ? AND subject IN ({marks(part)})",  # noqa: S608 - only question marks
                (before, *part),
            )
            indices.update(index for (index,) in rows)
        return [(index, self.event(index)) for index in sorted(indices)]

    def event(self, index: int) -> Event:
        """Return one event."""
        return decode_event(self._view.entry(index).body)

    def recorded(self, event_id: str) -> Recorded | None:
        """Return an event by its identifier."""
        key = event_id.encode()
        found = self._view.find([key])
        if key not in found:
            return None
        index = found[key][0]
        return Recorded(index, self.event(index).kind)

    def voids(self) -> dict[int, int]:
        """Return void events with the correction that made each void."""
        return dict(self._view.execute("SELECT event, correction FROM custody_void"))

    def places(self) -> dict[int, int]:
        """Return replacements with the void events in whose place they stand."""
        return dict(self._view.execute("SELECT event, replaces FROM custody_place"))

    def uses(self) -> Uses:
        """Return the manners of use of codes outside edges."""
        uses = no_uses()
        for number, sort in self._view.execute("SELECT number, sort FROM custody_use"):
            uses[sort].add(number)
        return uses

    def name_count(self) -> int:
        """Return how many codes are numbered."""
        return int(self._view.execute("SELECT COALESCE(MAX(number), 0) FROM custody_name")[0][0])

    def open_block(self, size: int) -> tuple[bytes, AddedRows]:
        """Return the digest of the last full block before an event, and the rows of the block begun since."""
        full = size - size % DIGEST_BLOCK
        rows = self._view.execute("SELECT names, digest FROM custody_digest WHERE through = ?", (full,))
        names, digest = rows[0] if rows else (0, FIRST)
        return bytes(digest), stored_rows(self._view, start=full, end=size, names=names)

    def register(self) -> tuple[dict[str, Person], dict[str, str], set[str]]:
        """Return people, standing of studies, and recalled lots."""
        people: dict[str, Person] = {}
        studies: dict[str, str] = {}
        lots: set[str] = set()
        for sort, code, value in self._view.execute("SELECT sort, code, value FROM custody_register"):
            if sort == "person":
                people[code] = decode_person(value)
            elif sort == "study":
                studies[code] = value
            elif value:
                lots.add(code)
        return people, studies, lots


def decode_person(data: str) -> Person:
    """Return the person that the register stored."""
    return _PERSON_DECODER.decode(data)


def encode_person(person: Person) -> str:
    """Return a person as the register stores it."""
    return _PERSON_ENCODER.encode(person).decode()
