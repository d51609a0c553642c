"""Derive the whole projection again from the log, and compare it with the tables.

A Merkle tree covers the events, not the tables: a trace edge that is deleted from a table shows only here.
"""

from __future__ import annotations

from array import array
from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec

from regenqc.custody.canonical import decode_event
from regenqc.custody.knowledge import Recorded
from regenqc.custody.projection.derivation import Derivation
from regenqc.custody.projection.refusals import refusal_anchors, refusal_chain_faults
from regenqc.custody.projection.source import TableSource, encode_person
from regenqc.custody.projection.tables import COLUMNS
from regenqc.custody.reading import judged_event
from regenqc.custody.rules import violations
from regenqc.custody.state import encode_state
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.custody.record import Event
    from regenqc.custody.rules import Policy
    from regenqc.custody.state import ItemState
    from regenqc.ledger import Snapshot, StoredEntry

__all__ = ["ProjectionAuditor"]

_MOST_FAULTS: Final = 100
# Tables of integers, with their keys.
_INTEGER_KEYS: Final = {
    "custody_step": "event",
    "custody_edge": "event, part, subject",
    "custody_transfer": "event, subject",
    "custody_void": "correction",
    "custody_place": "event",
}
_WIDTHS: Final = {table: len(COLUMNS[table]) for table in _INTEGER_KEYS}


class _Seen:
    """Answer a derivation that has seen the log from its first event; only corrections ask."""

    def __init__(self, view: Snapshot, edges: array[int]) -> None:
        self._view = view
        self._edges = edges
        self.here = 0
        self.void: dict[int, int] = {}
        self.place: dict[int, int] = {}

    def numbers(self, _codes: Sequence[str]) -> dict[str, int]:
        return {}

    def states(self, _numbers: Sequence[int]) -> dict[int, ItemState]:
        return {}

    def events_naming(self, numbers: Sequence[int]) -> list[tuple[int, Event]]:
        wanted = set(numbers)
        edges = self._edges
        indices = {edges[at] for at in range(0, len(edges), 3) if edges[at + 2] in wanted}
        return [(index, self.event(index)) for index in sorted(indices)]

    def recorded(self, event_id: str) -> Recorded | None:
        found = self._view.find([event_id.encode()])
        for index, _ in found.values():
            event = self.event(index)
            if event.event_id == event_id and index < self.here:
                return Recorded(index, event.kind)
        return None

    def event(self, index: int) -> Event:
        return decode_event(self._view.entry(index).body)

    def voids(self) -> dict[int, int]:
        return self.void

    def places(self) -> dict[int, int]:
        return self.place


class ProjectionAuditor:
    """Take the log entry by entry, judge every event again, and compare what follows with the tables.

    Args:
        view: of the log that is verified; asked only for earlier events that a correction is about.
        policy: rules to judge by again; `None` when only the tables are compared.
        now: the present moment.

    Codes: `RQC-C210` an entry that is no event, `RQC-C211` an entry under another key than its event_id, `RQC-C212` a table
    that does not follow from the log, `RQC-C202` a changed refusal log; an event that violates a rule under the id of the
    rule.
    """

    def __init__(self, view: Snapshot, *, policy: Policy | None, now: str) -> None:
        self._policy = policy
        self._now = now
        self._expected = {table: array("q") for table in _INTEGER_KEYS}
        self._conditions: list[tuple[int, int, bytes]] = []
        self._blocks: list[tuple[int, int, bytes]] = []
        self._faults: list[Fault] = []
        self._anchors: list[tuple[int, str]] = []
        self._source = _Seen(view, self._expected["custody_edge"])
        self._derivation = Derivation(self._source, complete=True)

    # ---- taking the log ---------------------------------------------------------------------------------------------

    def visit(self, entries: Sequence[StoredEntry]) -> None:
        """Take the next entries, in the order of the log."""
        if not entries:
            return
        for entry in entries:
            self._visit_one(entry)
        rows = self._derivation.rows
        for table, added in (
            ("custody_step", rows.steps),
            ("custody_edge", rows.edges),
            ("custody_transfer", rows.transfers),
            ("custody_void", rows.voids),
            ("custody_place", rows.places),
        ):
            self._expected[table].extend(array("q", added))
        self._source.void.update(zip(rows.voids[::2], rows.voids[1::2], strict=True))
        self._source.place.update(zip(rows.places[::2], rows.places[1::2], strict=True))
        self._conditions.append((entries[0].index, entries[-1].index + 1, msgspec.json.encode(rows.conditions)))
        self._blocks += self._derivation.blocks
        self._derivation.forget_rows()

    def _visit_one(self, entry: StoredEntry) -> None:
        where = f"entry {entry.index}"
        self._source.here = entry.index
        try:
            event, wrong = judged_event(entry.body) if self._policy is not None else (decode_event(entry.body), ())
        except DataError as error:
            self._note("RQC-C210", "An entry is no event.", where, got=str(error.faults[0]))
            return
        if entry.key != event.event_id.encode():
            self._note("RQC-C211", "An entry stands under another key than its event_id.", where, got=repr(entry.key))
        if wrong:
            self._note_all(wrong, where)
        elif self._policy is not None:
            self._note_all(violations(event, known=self._derivation, policy=self._policy, now=self._now), where)
        if event.digest:
            self._check_digest(event, where)
        try:
            self._derivation.take(event, entry.index)
        except KeyError:
            self._note("RQC-C210", "An entry is of a kind that is not known.", where, got=event.kind)

    def _note_all(self, faults: Iterable[Fault], where: str) -> None:
        for fault in faults:
            self._note(fault.code, fault.what, f"{where}: {fault.where}", got=fault.got, expected=fault.expected)

    def _check_digest(self, event: Event, where: str) -> None:
        known = {through: digest for through, _, digest in (*self._blocks, *self._derivation.blocks)}
        expected = known.get(int(event.through), b"").hex()
        if event.digest != f"sha256:{expected}":
            self._note(
                "RQC-C191", "A projection digest is not that of this log.", where, got=event.digest, expected=expected
            )
        self._anchors += refusal_anchors(event)

    # ---- comparing --------------------------------------------------------------------------------------------------

    def finish(self, snapshot: Snapshot) -> list[Fault]:
        """Return what differs between the tables and what follows from the log, the first hundred differences."""
        for found in chain(
            self._compare_names(snapshot),
            *(self._compare_integers(snapshot, table) for table in _INTEGER_KEYS),
            self._compare_conditions(snapshot),
            self._compare_items(snapshot),
            self._compare_register(snapshot),
            self._compare_digests(snapshot),
            refusal_chain_faults(snapshot),
            self._compare_anchors(snapshot),
        ):
            if len(self._faults) >= _MOST_FAULTS:
                break
            self._faults.append(found)
        return self._faults

    def _compare_names(self, view: Snapshot) -> Iterator[Fault]:
        derived = sorted((number, sort) for sort, found in enumerate(self._derivation.uses) for number in found)
        uses = [
            (number, sort)
            for number, sort in view.execute("SELECT number, sort FROM custody_use ORDER BY number, sort")
        ]
        yield from _differences("custody_use", iter(uses), iter(derived))
        names = [(number, text) for text, number in self._derivation.numbers.items()]
        stored = view.stream("SELECT number, text FROM custody_name ORDER BY number")
        yield from _differences("custody_name", chain.from_iterable(stored), iter(names))

    def _compare_integers(self, view: Snapshot, table: str) -> Iterator[Fault]:
        expected, width = self._expected[table], _WIDTHS[table]
        at = 0
        columns = ", ".join(COLUMNS[table])
        for rows in view.stream(f"SELECT {columns} FROM {table} ORDER BY {_INTEGER_KEYS[table]}"):  # noqa: S608 - names from code
            if _integers(rows) != expected[at : at + len(rows) * width]:
                yield from _differences(table, iter(rows), _rows(expected, at, width))
                return
            at += len(rows) * width
        if at < len(expected):
            yield _differs(table, got="missing", expected=str(tuple(expected[at : at + width])))

    def _compare_conditions(self, view: Snapshot) -> Iterator[Fault]:
        columns = ", ".join(COLUMNS["custody_condition"])
        query = f"SELECT {columns} FROM custody_condition WHERE event >= ? AND event < ? ORDER BY event, position"  # noqa: S608 - names from code
        for start, end, expected in self._conditions:
            rows = view.execute(query, (start, end))
            if msgspec.json.encode(rows) != expected:
                derived = iter(tuple(row) for row in msgspec.json.decode(expected))
                yield from _differences("custody_condition", iter(rows), derived)
        ((extra,),) = view.execute(
            "SELECT COUNT(*) FROM custody_condition WHERE event >= ?",
            (self._conditions[-1][1] if self._conditions else 0,),
        )
        if extra:
            yield _differs("custody_condition", got=f"{extra} rows of events that are not there", expected="none")

    def _compare_items(self, view: Snapshot) -> Iterator[Fault]:
        numbers = self._derivation.numbers
        expected = sorted((numbers[code], encode_state(state)) for code, state in self._derivation.items.items())
        stored = view.stream("SELECT subject, state FROM custody_item ORDER BY subject")
        yield from _differences("custody_item", chain.from_iterable(stored), iter(expected))

    def _compare_register(self, view: Snapshot) -> Iterator[Fault]:
        people, studies, lots = TableSource(view).register()
        derivation = self._derivation
        expected: list[tuple[str, str, str]] = []
        expected += [("person", code, encode_person(person)) for code, person in derivation.people.items()]
        expected += [("study", code, standing) for code, standing in derivation.studies.items()]
        expected += [("lot", code, "recalled") for code in derivation.lots]
        found: list[tuple[str, str, str]] = []
        found += [("person", code, encode_person(person)) for code, person in people.items()]
        found += [("study", code, standing) for code, standing in studies.items()]
        found += [("lot", code, "recalled") for code in lots]
        yield from _differences("custody_register", iter(sorted(found)), iter(sorted(expected)))

    def _compare_digests(self, view: Snapshot) -> Iterator[Fault]:
        stored = [
            (through, names, bytes(digest).hex())
            for through, names, digest in view.execute(
                "SELECT through, names, digest FROM custody_digest ORDER BY through"
            )
        ]
        expected = [(through, names, digest.hex()) for through, names, digest in self._blocks]
        yield from _differences("custody_digest", iter(stored), iter(expected))

    def _compare_anchors(self, view: Snapshot) -> Iterator[Fault]:
        for count, digest in self._anchors:
            rows = view.execute("SELECT chain FROM custody_refusal WHERE number = ?", (count,))
            found = f"sha256:{bytes(rows[0][0]).hex()}" if rows else "no such entry"
            if found != digest:
                yield Fault(
                    code="RQC-C202",
                    what="The refusal log is not the one that was written.",
                    where=f"entry {count}",
                    got=found,
                    expected=digest,
                )

    def _note(self, code: str, what: str, where: str, *, got: str = "", expected: str = "") -> None:
        if len(self._faults) < _MOST_FAULTS:
            self._faults.append(Fault(code=code, what=what, where=where, got=got, expected=expected))


def _integers(rows: Sequence[Sequence[int]]) -> array[int] | None:
    """Return rows one after the other, `None` when they hold anything else than integers of eight bytes."""
    try:
        return array("q", chain.from_iterable(rows))
    except (TypeError, OverflowError):
        return None


def _rows(values: array[int], start: int, width: int) -> Iterator[tuple[int, ...]]:
    for at in range(start, len(values), width):
        yield tuple(values[at : at + width])


def _differences(
    table: str, stored: Iterator[Sequence[object]], expected: Iterator[Sequence[object]]
) -> Iterator[Fault]:
    """Yield the first row in which two sequences in order of their keys differ: what follows is no longer aligned."""
    while True:
        found, derived = next(stored, None), next(expected, None)
        if found is None and derived is None:
            return
        if found is None or derived is None or tuple(found) != tuple(derived):
            yield _differs(
                table,
                got="missing" if found is None else str(tuple(found)),
                expected="nothing" if derived is None else str(tuple(derived)),
            )
            return


def _differs(table: str, *, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-C212",
        what="A table does not follow from the log.",
        where=table,
        got=got,
        expected=expected,
        action="Trust no answer from this ledger; find who changed it, then derive the tables anew.",
    )
