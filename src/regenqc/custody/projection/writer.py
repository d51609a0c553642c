"""Keep the projection while the log grows: judge each event by the rules, write its rows, remember what was refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from regenqc.custody.projection.derivation import Derivation
from regenqc.custody.projection.offered import offered_entry
from regenqc.custody.projection.refusals import log_refusals
from regenqc.custody.projection.rows import other_codes
from regenqc.custody.projection.source import TableSource, encode_person, marks, parted
from regenqc.custody.projection.tables import COLUMNS, VERSION, definitions
from regenqc.custody.rules import violations
from regenqc.custody.rules.case import refusal
from regenqc.custody.state import encode_state
from regenqc.ledger.merkle import Frontier, leaf_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from regenqc.custody.projection.offered import OfferedEntry
    from regenqc.custody.record import Event
    from regenqc.custody.rules import Policy
    from regenqc.errors import Fault
    from regenqc.ledger import Entry, Transaction

__all__ = ["CustodyProjection"]

# Codes held between batches; beyond this they are asked of the tables again.
_MOST_HELD: Final = 1_000_000


class CustodyProjection:
    """Judge and project events in the transaction that records them.

    Args:
        policy: of the site; `None` when nothing is judged because another log has done so (copies and restored backups).
        now: returns the present moment.
    """

    name = "custody"
    version = VERSION

    def __init__(self, policy: Policy | None, *, now: Callable[[], str]) -> None:
        self._policy = policy
        self._now = now
        self._derivation: Derivation | None = None
        self._end = -1
        self._transaction: Transaction | None = None
        # The right edge of the tree before the last batch, and the bodies that the batch added to it.
        self._left: tuple[Frontier, list[bytes]] = Frontier(), []

    def create(self, transaction: Transaction, *, present: int) -> None:
        """Create the tables."""
        if present == 0:
            for statement in definitions(transaction.dialect):
                transaction.execute(statement)

    def apply(self, transaction: Transaction, *, first_index: int, entries: Sequence[Entry]) -> Mapping[int, Fault]:
        """Judge new entries and write the rows of those that the rules admit.

        Returns:
            Position and fault of each refused entry; the fault names the first violated rule and counts the others.
        """
        derivation = self._resume(transaction, first_index)
        try:
            offered = [offered_entry(entry) for entry in entries]
            if not derivation.complete:
                derivation.prepare(*_codes([entry.event for entry in offered if entry.event is not None]))
            refused = self._take(derivation, offered, first_index, transaction)
            end = first_index + len(entries) - len(refused)
            self._write(transaction, derivation)
        except BaseException:
            self._derivation = None
            raise
        derivation.forget_rows()
        self._end = end
        if transaction.dialect != "sqlite":
            accepted = [entry.body for position, entry in enumerate(entries) if position not in refused]
            self._left = transaction.head(), accepted
        for position, faults in refused.items():
            offered[position].judged = faults
        return {position: _summary(faults) for position, faults in refused.items()}

    def _resume(self, transaction: Transaction, first_index: int) -> Derivation:
        """Return a derivation that knows the log up to here.

        What is held is believed only when nobody else can have appended since, and nothing was rolled back.
        """
        held = self._derivation
        source = TableSource(transaction)
        if (
            held is not None
            and self._end == first_index
            and len(held.numbers) <= _MOST_HELD
            and self._wrote_last(transaction)
        ):
            held.follow(source)
        else:
            held = Derivation(source, names=source.name_count(), complete=first_index == 0)
            if first_index:
                held.people, held.studies, held.lots = source.register()
                held.uses = source.uses()
                held.continue_block(*source.open_block(first_index))
        self._derivation, self._transaction = held, transaction
        return held

    def _wrote_last(self, transaction: Transaction) -> bool:
        """Return whether the log is as long as it was left here, and made of the same entries."""
        if transaction is self._transaction or transaction.dialect == "sqlite":
            return True
        # Several processes may write; one of theirs may stand where a batch of ours was rolled back.
        before, bodies = self._left
        return before.extended(leaf_hashes(bodies))[0] == transaction.head()

    def _take(
        self, derivation: Derivation, offered: Sequence[OfferedEntry], first_index: int, transaction: Transaction
    ) -> dict[int, tuple[Fault, ...]]:
        refused: dict[int, tuple[Fault, ...]] = {}
        index = first_index
        now = self._now()
        for position, entry in enumerate(offered):
            event = entry.event
            if event is None or entry.faults:
                refused[position] = entry.faults
                continue
            if self._policy is not None:
                found = violations(event, known=derivation, policy=self._policy, now=now)
                if event.digest and not found:
                    found = self._digest_faults(transaction, event)
                if found:
                    refused[position] = tuple(found)
                    continue
            derivation.take(event, index)
            index += 1
        if refused:
            log_refusals(transaction, [(offered[position], faults) for position, faults in refused.items()], now=now)
        return refused

    @staticmethod
    def _digest_faults(transaction: Transaction, event: Event) -> list[Fault]:
        rows = transaction.execute("SELECT digest FROM custody_digest WHERE through = ?", (int(event.through),))
        expected = f"sha256:{rows[0][0].hex()}" if rows else "a digest of a full block"
        if event.digest == expected:
            return []
        return [refusal("RQC-C191", f"through {event.through}", got=event.digest, expected=expected)]

    @staticmethod
    def _write(transaction: Transaction, derivation: Derivation) -> None:
        rows = derivation.rows
        for table, added in (
            ("custody_name", rows.names),
            ("custody_use", rows.uses),
            ("custody_condition", rows.conditions),
        ):
            if added:
                transaction.insert_rows(table, COLUMNS[table], added)
        for table, flat in (
            ("custody_step", rows.steps),
            ("custody_edge", rows.edges),
            ("custody_transfer", rows.transfers),
            ("custody_void", rows.voids),
            ("custody_place", rows.places),
        ):
            if flat:
                transaction.insert_values(table, COLUMNS[table], flat)
        items, number = derivation.items, derivation.numbers
        if derivation.new_items:
            added_items = [(number[code], encode_state(items[code])) for code in derivation.new_items]
            transaction.insert_rows("custody_item", COLUMNS["custody_item"], added_items)
        if derivation.changed_items:
            _replace_items(
                transaction, [(number[code], encode_state(items[code])) for code in derivation.changed_items]
            )
        if derivation.changed_register:
            transaction.execute_many(
                "INSERT INTO custody_register (sort, code, value) VALUES (?, ?, ?) "
                "ON CONFLICT (sort, code) DO UPDATE SET value = excluded.value",
                [(sort, code, _register_value(derivation, sort, code)) for sort, code in derivation.changed_register],
            )
        if derivation.blocks:
            transaction.insert_rows("custody_digest", COLUMNS["custody_digest"], derivation.blocks)


def _replace_items(transaction: Transaction, rows: Sequence[tuple[int, str]]) -> None:
    if transaction.dialect == "sqlite":
        transaction.execute_many(
            "UPDATE custody_item SET state = ? WHERE subject = ?", [(state, subject) for subject, state in rows]
        )
        return
    # Many rows at once: away with the old ones and in with the new ones is one statement and one stream.
    for part in parted(rows):
        subjects = [subject for subject, _ in part]
        transaction.execute(f"DELETE FROM custody_item WHERE subject IN ({marks(subjects)})", subjects)  # noqa: S608 - only question marks
    transaction.insert_rows("custody_item", COLUMNS["custody_item"], rows)


def _codes(events: Sequence[Event]) -> tuple[dict[str, None], dict[str, None]]:
    """Return the codes of things with a state, and all other codes, that events name."""
    things: dict[str, None] = {}
    others: dict[str, None] = {}
    for event in events:
        for items in (event.items, event.inputs, event.outputs):
            for item in items:
                things[item.id] = None
        if event.container:
            things[event.container] = None
        others.update(dict.fromkeys(other_codes(event)))
    return things, others


def _register_value(derivation: Derivation, sort: str, code: str) -> str:
    if sort == "person":
        return encode_person(derivation.people[code])
    if sort == "study":
        return derivation.studies[code]
    return "recalled" if code in derivation.lots else ""


def _summary(faults: tuple[Fault, ...]) -> Fault:
    first = faults[0]
    if len(faults) == 1:
        return first
    others = ", ".join(sorted({fault.code for fault in faults[1:]}))
    return replace(first, action=f"{first.action} {len(faults) - 1} more: {others}.".strip())
