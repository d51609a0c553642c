"""Derive the projection from the log and compare it, by several processes: one answer, right or not.

This process follows the log from event to event: it judges each by the rules and knows what became of every item. What needs no
other event, which is more than half of the work, is checked page by page, by further processes and at the end by this one too.

Everything is asked here that `ProjectionAuditor` asks, and nothing is explained. When anything is not right, that auditor looks
again, alone, and says what.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from regenqc.custody.canonical import EVENT_DECODER
from regenqc.custody.projection.derivation import Derivation
from regenqc.custody.projection.page_check import rows_outside
from regenqc.custody.projection.refusals import refusal_anchors, refusal_chain_faults
from regenqc.custody.projection.rows import rows_of
from regenqc.custody.projection.source import TableSource
from regenqc.custody.projection.tables import DIGEST_BLOCK
from regenqc.custody.rules import violations
from regenqc.custody.state import encode_state
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.knowledge import Recorded
    from regenqc.custody.projection.page_readers import PageReaders
    from regenqc.custody.record import Event
    from regenqc.custody.rules import Policy
    from regenqc.custody.state import ItemState
    from regenqc.errors import Fault
    from regenqc.ledger import Snapshot, StoredEntry

__all__ = ["SwiftAuditor"]


class _Recorded:
    """Answer a derivation that has followed the log up to a place; only corrections ask."""

    def __init__(self, view: Snapshot) -> None:
        self._tables = TableSource(view)
        self.here = 0
        self.void: dict[int, int] = {}
        self.place: dict[int, int] = {}

    def numbers(self, codes: Sequence[str]) -> dict[str, int]:
        return self._tables.numbers(codes)

    def states(self, _numbers: Sequence[int]) -> dict[int, ItemState]:
        return {}

    def events_naming(self, numbers: Sequence[int]) -> list[tuple[int, Event]]:
        return self._tables.events_naming(numbers, before=self.here)

    def recorded(self, event_id: str) -> Recorded | None:
        found = self._tables.recorded(event_id)
        return found if found is not None and found.index < self.here else None

    def event(self, index: int) -> Event:
        return self._tables.event(index)

    def voids(self) -> dict[int, int]:
        return self.void

    def places(self) -> dict[int, int]:
        return self.place


class SwiftAuditor:
    """Take the log entry by entry, judge every event again, and tell whether all tables follow from it.

    Args:
        view: of the log that is verified; asked only for earlier events that a correction is about.
        policy: rules to judge by again; `None` when only the tables are compared.
        now: the present moment.
        readers: check pages of the same ledger.

    After `finish`, `is_right` says whether everything is as it should be.
    """

    def __init__(self, view: Snapshot, *, policy: Policy | None, now: str, readers: PageReaders) -> None:
        self._policy = policy
        self._now = now
        self._readers = readers
        self._source = _Recorded(view)
        self._derivation = Derivation(self._source, complete=True)
        self._seen = 0
        self._digests: list[tuple[int, str]] = []
        self._anchors: list[tuple[int, str]] = []
        self.is_right = True

    # ---- following the log ------------------------------------------------------------------------------------------

    def visit(self, entries: Sequence[StoredEntry]) -> None:
        """Take the next entries, in the order of the log."""
        if not self.is_right:
            return
        try:
            self.is_right = self._follow(entries)
        except Exception:  # noqa: BLE001 - an entry that was never judged can fail anywhere
            self.is_right = False
        rows = self._derivation.rows
        self._source.void.update(rows_of(rows.voids, 2))  # type: ignore[arg-type] # rows of two
        self._source.place.update(rows_of(rows.places, 2))  # type: ignore[arg-type] # rows of two
        self._derivation.forget_rows()

    def _follow(self, entries: Sequence[StoredEntry]) -> bool:
        decode, derivation, source, policy, now = (
            EVENT_DECODER.decode,
            self._derivation,
            self._source,
            self._policy,
            self._now,
        )
        for index, _, _, body in entries:
            event = decode(body)
            source.here = index
            if policy is not None and violations(event, known=derivation, policy=policy, now=now):
                return False
            if event.digest:
                if int(event.through) > index:
                    return False
                self._digests.append((int(event.through), event.digest))
                self._anchors += refusal_anchors(event)
            if event.replaces:
                source.here = index + 1
            derivation.learn(event, index)
        self._seen += len(entries)
        return True

    # ---- comparing --------------------------------------------------------------------------------------------------

    def finish(self, snapshot: Snapshot) -> list[Fault]:
        """Find out whether the tables follow from the log; return nothing, because nothing is explained here."""
        if self.is_right:
            try:
                self.is_right = self._all_follows(snapshot)
            except (RegenqcError, LookupError, TypeError, ValueError):
                self.is_right = False
        return []

    def _all_follows(self, view: Snapshot) -> bool:
        extent, head = self._readers.extent, view.head()
        if not self._seen == extent.size == head.size or rows_outside(view, extent):
            return False
        found = self._readers.findings(view)
        pages = sorted(chain.from_iterable(each.pages for each in found))
        uses = sorted({use for each in found for use in each.uses})
        return (
            not any(each.wrong or each.root != head.root.hex() for each in found)
            and pages == list(range(extent.pages))
            and uses == view.execute("SELECT number, sort FROM custody_use ORDER BY number, sort")
            and self._digests_follow(view)
            and self._corrections_follow(view)
            and self._items_follow(view)
            and self._register_follows(view)
            and not refusal_chain_faults(view)
            and self._anchors_hold(view)
        )

    def _digests_follow(self, view: Snapshot) -> bool:
        # The digests themselves were compared with the pages; here, that there are no others, and those in the log.
        stored: dict[int, bytes] = dict(view.execute("SELECT through, digest FROM custody_digest ORDER BY through"))
        return list(stored) == list(range(DIGEST_BLOCK, self._seen + 1, DIGEST_BLOCK)) and all(
            digest == f"sha256:{bytes(stored.get(through, b'')).hex()}" for through, digest in self._digests
        )

    def _corrections_follow(self, view: Snapshot) -> bool:
        return all(
            derived == dict(stored) and len(derived) == len(stored)
            for derived, stored in (
                (self._source.void, view.execute("SELECT event, correction FROM custody_void")),
                (self._source.place, view.execute("SELECT event, replaces FROM custody_place")),
            )
        )

    def _items_follow(self, view: Snapshot) -> bool:
        items = self._derivation.items
        stored = int(view.execute("SELECT COUNT(*) FROM custody_item")[0][0])
        if stored != len(items):
            return False
        named = view.stream("SELECT n.text, i.state FROM custody_item i JOIN custody_name n ON n.number = i.subject")
        equal = 0
        for rows in named:
            if any(encode_state(items[code]) != state for code, state in rows):
                return False
            equal += len(rows)
        return equal == stored

    def _register_follows(self, view: Snapshot) -> bool:
        derivation = self._derivation
        people, studies, lots = TableSource(view).register()
        return (people, studies, lots) == (derivation.people, derivation.studies, derivation.lots)

    def _anchors_hold(self, view: Snapshot) -> bool:
        return all(
            [f"sha256:{bytes(chain).hex()}" for (chain,) in rows] == [digest]
            for count, digest in self._anchors
            for rows in [view.execute("SELECT chain FROM custody_refusal WHERE number = ?", (count,))]
        )
