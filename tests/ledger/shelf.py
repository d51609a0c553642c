"""A small layer above the log: what stands where, one row per thing, moved by entries `place thing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.errors import Fault
from regenqc.ledger import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.ledger import Log, Snapshot, StoredEntry, Transaction

__all__ = ["Shelf", "ShelfAuditor", "moves", "places"]


class Shelf:
    """Keep where things stand, and refuse to move a thing to where it stands."""

    name = "shelf"

    def __init__(self, *, version: int = 1) -> None:
        self.version = version
        self.created: list[int] = []
        self.broken = False

    def create(self, transaction: Transaction, *, present: int) -> None:
        self.created.append(present)
        if present == 0:
            transaction.execute("CREATE TABLE shelf_thing (thing TEXT PRIMARY KEY, place TEXT, moved_by BIGINT)")

    def apply(self, transaction: Transaction, *, first_index: int, entries: Sequence[Entry]) -> Mapping[int, Fault]:
        refused, index = {}, first_index
        for position, each in enumerate(entries):
            place, _, thing = each.body.decode().partition(" ")
            known = transaction.execute("SELECT place FROM shelf_thing WHERE thing = ?", (thing,))
            if place == "crash" or self.broken:
                raise RuntimeError("the layer above has a defect")
            if known == [(place,)]:
                refused[position] = Fault(code="RQC-L900", what="It stands there already.")
                continue
            transaction.execute(
                "INSERT INTO shelf_thing (thing, place, moved_by) VALUES (?, ?, ?) "
                "ON CONFLICT (thing) DO UPDATE SET place = excluded.place, moved_by = excluded.moved_by",
                (thing, place, index),
            )
            index += 1
        return refused


def moves(*texts: str) -> list[Entry]:
    """Return entries with keys that begin with their bodies."""
    return [Entry(f"{text} {number}".encode(), text.encode()) for number, text in enumerate(texts)]


def places(log: Log) -> dict[str, tuple[str, int]]:
    """Return what stands where, and which entry moved it there."""
    with log.read() as snapshot:
        return _rows(snapshot)


class ShelfAuditor:
    """Recompute the shelf from the log, and compare."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[str, int]] = {}
        self._foreign: list[int] = []

    def visit(self, entries: Sequence[StoredEntry]) -> None:
        for each in entries:
            place, _, thing = each.body.decode(errors="replace").partition(" ")
            self._places[thing] = (place, each.index)
            if not each.key.startswith(each.body):
                self._foreign.append(each.index)

    def finish(self, snapshot: Snapshot) -> list[Fault]:
        faults = [
            Fault(code="RQC-L901", what="The key is not that of the entry.", where=str(at)) for at in self._foreign
        ]
        if _rows(snapshot) != self._places:
            faults.append(Fault(code="RQC-L902", what="The table is not what the entries say."))
        return faults


def _rows(snapshot: Snapshot) -> dict[str, tuple[str, int]]:
    rows = snapshot.execute("SELECT thing, place, moved_by FROM shelf_thing ORDER BY thing")
    return {thing: (place, index) for thing, place, index in rows}
