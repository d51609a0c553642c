"""The book of custody: a provable log, the rules, and the tables that follow from it, as one service."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Final, Self, cast

from msgspec import Struct

from regenqc.custody.canonical import spell_event
from regenqc.custody.log_keys import with_keys_in_force
from regenqc.custody.projection.audit import ProjectionAuditor
from regenqc.custody.projection.offered import OfferedEntry, entries_of
from regenqc.custody.projection.page_check import extent_of
from regenqc.custody.projection.page_readers import PageReaders
from regenqc.custody.projection.refusals import Refusal, erase_refused, log_refusals, refusals
from regenqc.custody.projection.swift_audit import SwiftAuditor
from regenqc.custody.projection.tables import DIGEST_BLOCK
from regenqc.custody.projection.writer import CustodyProjection
from regenqc.custody.record import SCHEMA, Blob, Event
from regenqc.custody.rules.case import refusal
from regenqc.errors import Fault, LedgerError
from regenqc.garbage import collection_paused
from regenqc.ledger import Appended, Log, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from regenqc.custody.rules import Policy
    from regenqc.ledger import Entry, Outcome, Snapshot, Verification
    from regenqc.ledger import Policy as TrustPolicy

__all__ = ["Book", "Declined", "Keeper", "Noted"]

_EVENTS_PER_TRANSACTION: Final = 10_000
_SAME_ID: Final = "RQC-L021"


class Noted(Struct, frozen=True, gc=False):
    """Say that an event is recorded and durable.

    Args:
        event_id: of the event.
        index: its place in the log, from 0.
        leaf: its leaf hash.
        again: it was recorded before, with the same bytes.
    """

    event_id: str
    index: int
    leaf: bytes
    again: bool


class Declined(Struct, frozen=True, gc=False):
    """Say that an event is not recorded; it stands in the refusal log.

    Args:
        event_id: of the event, empty when it could not be read.
        faults: everything that is wrong with it, in the order of the rules.
    """

    event_id: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Name the system that records projection digests.

    Args:
        actor: its pseudonym; enrolled with the role `system`.
        site: where it runs.
        zone: offset of that place.
    """

    actor: str
    site: str
    zone: str = "+00:00"


class Book:
    """Record events of custody, refuse what the rules forbid, and answer from what is recorded.

    Args:
        log: with a `CustodyProjection`.
        policy: what the site decides about the rules.
        now: returns the present moment.
        keeper: records a projection digest after each full block of events; `None` for none.

    Use `Book.open`. A book may be used by several threads.
    """

    def __init__(
        self, log: Log, *, policy: Policy | None, now: Callable[[], str], keeper: Keeper | None = None
    ) -> None:
        self._log = log
        self._policy = policy
        self._now = now
        self._keeper = keeper
        self._digesting = Lock()
        self._digested = self._last_digest() if keeper is not None else 0

    @classmethod
    def open(
        cls,
        url: str,
        *,
        policy: Policy | None,
        now: Callable[[], str],
        origin: str | None = None,
        keeper: Keeper | None = None,
        read_only: bool = False,
    ) -> Self:
        """Open a book, and create it when there is none.

        Args:
            url: `sqlite:///ledger.db` or `postgresql://user@host/database`.
            policy: what the site decides about the rules; `None` for a copy of a log that was judged where it was written.
            now: returns the present moment, `2026-03-16T12:00:00.000Z`.
            origin: identity of the log; needed to create one.
            keeper: records a projection digest after each full block of events.
            read_only: open for reading only.

        Raises:
            LedgerError: it cannot be opened.

        Example:
            >>> import tempfile
            >>> from regenqc.custody.record import Event, Item, SCHEMA
            >>> from regenqc.custody.rules import Policy, signatures_unchecked
            >>> folder = tempfile.TemporaryDirectory()
            >>> donation = Event(schema=SCHEMA, kind="donation", event_id="EV-1", event_time="2026-03-16T08:00:00.000Z",
            ...     record_time="2026-03-16T08:05:00.000Z", zone="+01:00", actor="NURSE-0417", role="nurse", site="CLINIC-1",
            ...     donor="DONOR-7F31", outputs=(Item("APHERESIS-1", "120", "mL"),), coi="COI-001")
            >>> policy = Policy(check_signature=signatures_unchecked, enrolled_people_only=False)
            >>> with Book.open(f"sqlite:///{folder.name}/ledger.db", origin="site.example/ledger", policy=policy,
            ...     now=lambda: "2026-03-16T09:00:00.000Z") as book:
            ...     book.append([donation])[0].index
            0
            >>> folder.cleanup()
        """
        log = Log.open(url, origin=origin, projection=CustodyProjection(policy, now=now), read_only=read_only)
        return cls(log, policy=policy, now=now, keeper=keeper)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Record what was offered, then release the store."""
        self._log.close()

    @property
    def log(self) -> Log:
        """Return the log, for checkpoints, proofs and blobs."""
        return self._log

    def read(self) -> AbstractContextManager[Snapshot]:
        """Return a consistent view for the questions of `regenqc.custody.trace`."""
        return self._log.read()

    # ---- recording --------------------------------------------------------------------------------------------------

    def append(self, events: Sequence[Event | bytes], *, offered_by: str = "") -> tuple[Noted | Declined, ...]:
        """Record events in one transaction and return when they are durable.

        Args:
            events: in the order in which they happened; bytes must be canonical.
            offered_by: who offers them, for the refusal log; the actor of each event when empty.

        Returns:
            For each event, in order, `Noted` or `Declined`. An event is judged by the log and all events before it, so
            one that is declined does not stop the others.

        Raises:
            LedgerError: nothing was recorded (disk, lock, connection).
        """
        offered = self._offered(events, offered_by)
        return self._recorded(offered, self._log.submit(_entries(offered)))

    def _recorded(
        self, offered: Sequence[OfferedEntry], answer: Future[tuple[Outcome, ...]]
    ) -> tuple[Noted | Declined, ...]:
        """Wait until entries are recorded, and record a projection digest when a block is full."""
        noted = self._noted(offered, answer.result())
        last = max((outcome.index for outcome in noted if isinstance(outcome, Noted)), default=-1)
        if self._keeper is not None and last + 1 >= self._digested + DIGEST_BLOCK:
            self._record_digest()
        return noted

    def submit(self, events: Sequence[Event | bytes], *, offered_by: str = "") -> Future[tuple[Noted | Declined, ...]]:
        """Return at once what will hold the outcomes of `append`; what many threads submit is committed together.

        Projection digests are recorded by the next `append`.
        """
        offered = self._offered(events, offered_by)
        answer: Future[tuple[Noted | Declined, ...]] = Future()

        def tell(done: Future[tuple[Outcome, ...]]) -> None:
            try:
                answer.set_result(self._noted(offered, done.result()))
            except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
                answer.set_exception(error)

        self._log.submit(_entries(offered)).add_done_callback(tell)
        return answer

    def append_one(self, event: Event | bytes, *, offered_by: str = "") -> Noted:
        """Record one event.

        Raises:
            LedgerError: with every fault, when it is declined.
        """
        (outcome,) = self.append([event], offered_by=offered_by)
        if isinstance(outcome, Declined):
            raise LedgerError(*outcome.faults)
        return outcome

    def append_many(
        self, events: Iterable[Event | bytes], *, offered_by: str = "", per_transaction: int = _EVENTS_PER_TRANSACTION
    ) -> Iterator[tuple[Noted | Declined, ...]]:
        """Record any number of events and yield the outcomes of each transaction when it is durable.

        The next events are read while the database records those before.
        """
        running: tuple[list[OfferedEntry], Future[tuple[Outcome, ...]]] | None = None
        remaining = iter(events)
        try:
            while group := list(islice(remaining, per_transaction)):
                offered = self._offered(group, offered_by)
                if running is not None:
                    recorded, running = running, None
                    yield self._recorded(*recorded)
                running = offered, self._log.submit(_entries(offered))
        finally:
            # Also when the events cannot be read any further: what was offered is recorded before anybody hears of it.
            if running is not None:
                running[1].exception()
        if running is not None:
            yield self._recorded(*running)

    def _offered(self, events: Sequence[Event | bytes], offered_by: str) -> list[OfferedEntry]:
        offers = [event if isinstance(event, bytes) else spell_event(event) for event in events]
        with collection_paused():
            return entries_of(offers, offered_by=offered_by, judged_elsewhere=self._policy is None)

    def _noted(self, offered: Sequence[OfferedEntry], outcomes: Sequence[Outcome]) -> tuple[Noted | Declined, ...]:
        results: list[Noted | Declined] = []
        unlogged: list[tuple[OfferedEntry, Sequence[Fault]]] = []
        for entry, outcome in zip(offered, outcomes, strict=True):
            event_id = entry.event.event_id if entry.event is not None else ""
            if isinstance(outcome, Appended):
                results.append(Noted(event_id, outcome.index, outcome.leaf, outcome.again))
                continue
            faults = entry.judged
            if not faults:
                # The log itself refused it and the rules never saw it.
                faults = (_by_the_log(event_id, outcome),)
                unlogged.append((entry, faults))
            results.append(Declined(event_id, faults))
        if unlogged:
            with self._log.store.transaction() as transaction:
                log_refusals(transaction, unlogged, now=self._now())
        return tuple(results)

    # ---- projection digests -----------------------------------------------------------------------------------------

    def _last_digest(self) -> int:
        with self._log.read() as view:
            rows = view.execute(
                "SELECT s.event FROM custody_step s JOIN custody_name n ON n.number = s.kind "
                "WHERE n.text = 'projection_digest' ORDER BY s.event DESC LIMIT 1"
            )
        return int(rows[0][0]) // DIGEST_BLOCK * DIGEST_BLOCK if rows else 0

    def _record_digest(self) -> None:
        with self._digesting:
            self._record_digest_once()

    def _record_digest_once(self) -> None:
        with self._log.read() as view:
            if view.size() < self._digested + DIGEST_BLOCK:
                return
            rows = view.execute("SELECT through, digest FROM custody_digest ORDER BY through DESC LIMIT 1")
            chain = view.execute("SELECT number, chain FROM custody_refusal ORDER BY number DESC LIMIT 1")
        if not rows or self._keeper is None:
            return
        through, digest = rows[0]
        now = self._now()
        refused = [
            Blob(digest=f"sha256:{bytes(end).hex()}", name="refusal-log", size=str(count)) for count, end in chain
        ]
        event = Event(
            schema=SCHEMA,
            kind="projection_digest",
            event_id=f"DIGEST-{through}",
            event_time=now,
            record_time=now,
            zone=self._keeper.zone,
            actor=self._keeper.actor,
            role="system",
            site=self._keeper.site,
            through=str(through),
            digest=f"sha256:{bytes(digest).hex()}",
            blobs=tuple(refused),
        )
        offered = self._offered([event], self._keeper.actor)
        (outcome,) = self._noted(offered, self._log.append(_entries(offered)))
        # Another process may have recorded the digest of the same block, a moment earlier.
        if isinstance(outcome, Declined) and outcome.faults[0].code != "RQC-C171":
            raise LedgerError(*outcome.faults)
        self._digested = through

    # ---- verifying --------------------------------------------------------------------------------------------------

    def verify(
        self,
        *,
        policy: Policy | None = None,
        trust: TrustPolicy | None = None,
        outside: Sequence[bytes] = (),
        indexes: bool = True,
        processes: int = 1,
    ) -> Verification:
        """Recompute the tree, judge every event again, derive every table again, and compare.

        Args:
            policy: rules to judge by; the policy under which the book is open when `None`.
            trust: whose checkpoints are believed.
            outside: signed checkpoints held elsewhere.
            indexes: also ask the database to check its indexes.
            processes: with more than one, others read the ledger beside this one.

        Returns:
            What was found, the same with any number of processes; what is wrong with events and tables stands there under
            the detector `projection`.
        """
        rules = policy or self._policy
        if processes > 1:
            found = self._verify_swiftly(rules, trust, outside, indexes=indexes, processes=processes)
            if found is not None:
                return found
        with self._log.read() as view:
            auditor = ProjectionAuditor(view, policy=rules, now=self._now())
            found = self._log.verify(policy=trust, outside=outside, auditor=auditor, indexes=indexes)
            return with_keys_in_force(found, view, trust=trust, outside=outside)

    def _verify_swiftly(
        self,
        rules: Policy | None,
        trust: TrustPolicy | None,
        outside: Sequence[bytes],
        *,
        indexes: bool,
        processes: int,
    ) -> Verification | None:
        """Verify with further processes; return `None` when events or tables are not right, which one alone explains."""
        with self._log.read() as view:
            extent = extent_of(view, judged=rules is not None)
            readers = PageReaders(self._log.store.address, extent, count=processes - 1)
            try:
                auditor = SwiftAuditor(view, policy=rules, now=self._now(), readers=readers)
                found = self._log.verify(policy=trust, outside=outside, auditor=auditor, indexes=indexes)
            finally:
                readers.close()
            return with_keys_in_force(found, view, trust=trust, outside=outside) if auditor.is_right else None

    # ---- the refusal log --------------------------------------------------------------------------------------------

    def refusals(self, *, after: int = 0) -> list[Refusal]:
        """Return the refusal log behind an entry, oldest first."""
        with self._log.read() as view:
            return refusals(view, after=after)

    def erase_refused(self, number: int) -> None:
        """Erase what a refused event said, because it named a person; that it was refused stays."""
        with self._log.store.transaction() as transaction:
            erase_refused(transaction, number)


def _entries(offered: Sequence[OfferedEntry]) -> Sequence[Entry]:
    # The log asks an entry for key, body and fault, and an offered entry answers; see OfferedEntry for why it is none.
    return cast("Sequence[Entry]", offered)


def _by_the_log(event_id: str, outcome: Refused) -> Fault:
    if outcome.fault.code != _SAME_ID:
        return outcome.fault
    return refusal(
        "RQC-C171",
        event_id,
        got=f"other bytes; {outcome.fault.where} has this event_id",
        expected="the same bytes, or a new event_id",
        action="Record a correction; nothing recorded is changed.",
    )
