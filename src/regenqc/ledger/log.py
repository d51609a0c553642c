"""The log: append, checkpoint, prove, read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self, cast

from regenqc.errors import LedgerError, RegenqcError
from regenqc.garbage import collection_paused
from regenqc.ledger.blobs import get_blob, put_blob
from regenqc.ledger.entries import Appended, Entry, NewEntries, Outcome, Refused, StoredEntry
from regenqc.ledger.faults import fault, ledger_error
from regenqc.ledger.group_commit import GroupCommitter, Submission
from regenqc.ledger.merkle import leaf_hash, leaf_hashes
from regenqc.ledger.note import parse_signature_line
from regenqc.ledger.proof import encode_proof
from regenqc.ledger.signing import sign_checkpoint
from regenqc.ledger.store import open_store
from regenqc.ledger.tree import TileCache
from regenqc.ledger.verification import Verification, verify_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from regenqc.errors import Fault
    from regenqc.ledger.checkpoint import SignedCheckpoint
    from regenqc.ledger.memory import CheckpointMemory
    from regenqc.ledger.note import Signer
    from regenqc.ledger.policy import Policy
    from regenqc.ledger.store import Projection, Snapshot, Store, Transaction
    from regenqc.ledger.verification import Auditor

__all__ = ["Log"]

_ENTRIES_PER_TRANSACTION: Final = 10_000


class _ProjectionFailed(Exception):  # noqa: N818 - never leaves this module; it carries the real error as its cause
    """Mark an error of the layer above, so that the others of the group are not punished for it."""


class Log:
    """Record entries, one after the other, so that it can be proved later.

    Args:
        store: an opened store that has been prepared.
        projection: tables and rules of the layer above, changed in the same transactions.

    Use `Log.open`. A log may be used by several threads.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> with Log.open(f"sqlite:///{folder.name}/ledger.db", origin="site.example/ledger") as log:
        ...     log.append([Entry(b"1", b"received"), Entry(b"2", b"thawed")])[1].index
        ...     log.append_one(Entry(b"1", b"received")).again
        1
        True
        >>> folder.cleanup()
    """

    def __init__(self, store: Store, *, projection: Projection | None = None) -> None:
        self._store = store
        self._projection = projection
        self._tiles = TileCache()
        with store.snapshot() as snapshot:
            self.origin: str = snapshot.meta("origin") or ""
            if store.writable:
                _check_edge(snapshot, where=store.url)
        self._committer = GroupCommitter(self._commit, name=f"ledger {self.origin}")

    @classmethod
    def open(
        cls,
        url: str,
        *,
        origin: str | None = None,
        projection: Projection | None = None,
        read_only: bool = False,
        wait_seconds: float = 10.0,
    ) -> Self:
        """Open a ledger, and create it when there is none.

        Args:
            url: `sqlite:///ledger.db`, `sqlite:////full/path.db` or `postgresql://user@host/database`.
            origin: identity of the log, for instance `site.example/ledger`; needed to create one, checked otherwise.
            projection: tables and rules of the layer above.
            read_only: open for reading only; nothing is created.
            wait_seconds: how long to wait for other changes and for a server.

        Raises:
            LedgerError: it cannot be opened; the message says why and what to do.
        """
        store = open_store(url, read_only=read_only, wait_seconds=wait_seconds)
        store.prepare(projection, origin=origin)
        try:
            return cls(store, projection=projection)
        except BaseException:
            store.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Record what was submitted, then release the store."""
        self._committer.close()
        self._store.close()

    @property
    def store(self) -> Store:
        """Return the store."""
        return self._store

    @property
    def writable(self) -> bool:
        """Return whether entries can be recorded."""
        return self._store.writable

    @property
    def why_read_only(self) -> str:
        """Return why not, in one sentence; empty when they can."""
        return self._store.why_read_only

    # ---- recording --------------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry]) -> tuple[Outcome, ...]:
        """Record entries in one transaction and return when they are durable.

        Returns:
            For every entry, in order, `Appended` or `Refused`; the same key with the same bytes is acknowledged again.

        Raises:
            LedgerError: nothing was recorded; after `RQC-L035` that is unknown, and appending again is safe.
        """
        return self.submit(entries).result()

    def append_one(self, entry: Entry) -> Appended:
        """Record one entry and return when it is durable.

        Raises:
            LedgerError: it was refused, or nothing could be recorded.
        """
        (outcome,) = self.append([entry])
        if isinstance(outcome, Refused):
            raise LedgerError(outcome.fault)
        return outcome

    def append_many(
        self, entries: Iterable[Entry], *, per_transaction: int = _ENTRIES_PER_TRANSACTION
    ) -> Iterator[tuple[Outcome, ...]]:
        """Record any number of entries and yield the outcomes of each transaction when it is durable."""
        group: list[Entry] = []
        for entry in entries:
            group.append(entry)
            if len(group) >= per_transaction:
                yield self.append(group)
                group = []
        if group:
            yield self.append(group)

    def submit(self, entries: Sequence[Entry]) -> Future[tuple[Outcome, ...]]:
        """Return what will hold the outcomes of `append`; what many threads submit is committed together."""
        if not self.writable:
            with self._store.transaction():  # raises, and says why
                pass
        return self._committer.submit(entries)

    def put_blob(self, data: bytes) -> bytes:
        """Keep content that is too large for an entry, durably, and return its SHA-256 for the entry to record."""
        return put_blob(self._store, data)

    def _commit(self, group: list[Submission]) -> None:
        """Record a group and answer its futures; see `GroupCommitter`."""
        entries = [entry for submission in group for entry in submission.entries]
        try:
            with self._store.transaction() as transaction, collection_paused():
                outcomes = self._record(transaction, entries)
        except _ProjectionFailed as error:
            if len(group) > 1:
                for submission in group:
                    self._commit([submission])
                return
            group[0].future.set_exception(error.__cause__ or error)
        except BaseException as error:  # noqa: BLE001 - whatever happened, those who wait must hear of it
            for submission in group:
                submission.future.set_exception(error)
        else:
            start = 0
            for submission in group:
                end = start + len(submission.entries)
                submission.future.set_result(tuple(outcomes[start:end]))
                start = end

    def _record(self, transaction: Transaction, entries: Sequence[Entry]) -> list[Outcome]:
        outcomes: list[Outcome | None] = [None] * len(entries)
        waiting = list(range(len(entries)))
        wrong = [entry.fault for entry in entries]
        if any(wrong):
            waiting = [position for position in waiting if wrong[position] is None]
            outcomes = [Refused(found) if found is not None else None for found in wrong]
        while waiting:
            together, waiting = _without_repeated_keys(entries, waiting)
            self._record_batch(transaction, entries, together, outcomes)
        return cast("list[Outcome]", outcomes)

    def _record_batch(
        self,
        transaction: Transaction,
        entries: Sequence[Entry],
        positions: list[int],
        outcomes: list[Outcome | None],
    ) -> None:
        """Record the entries at some positions, whose keys differ, and note what became of each."""
        keys = [entries[position].key for position in positions]
        known = transaction.find(keys)
        if known:
            for position in positions:
                entry = entries[position]
                if entry.key in known:
                    outcomes[position] = _known_already(entry, *known[entry.key])
            positions = [position for position in positions if entries[position].key not in known]
        head = transaction.head()
        refused = self._judge(transaction, [entries[position] for position in positions], first_index=head.size)
        for number, why in refused.items():
            outcomes[positions[number]] = Refused(why)
        if known or refused:
            positions = [position for position in positions if outcomes[position] is None]
            keys = [entries[position].key for position in positions]
        if not positions:
            return
        bodies = [entries[position].body for position in positions]
        leaves = leaf_hashes(bodies)
        extended, nodes = head.extended(leaves)
        transaction.put_entries(NewEntries(head.size, leaves, keys, bodies), nodes, extended)
        places = range(head.size, extended.size)
        for position, appended in zip(positions, map(Appended, places, leaves), strict=True):
            outcomes[position] = appended

    def _judge(self, transaction: Transaction, entries: list[Entry], *, first_index: int) -> Mapping[int, Fault]:
        if self._projection is None or not entries:
            return {}
        try:
            refused = self._projection.apply(transaction, first_index=first_index, entries=entries)
        except Exception as error:
            raise _ProjectionFailed from error
        return refused

    # ---- reading ----------------------------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Return a consistent view of entries, tree and the tables of the layer above."""
        with self._store.snapshot() as snapshot:
            yield snapshot

    @property
    def size(self) -> int:
        """Return the number of entries recorded."""
        with self._store.snapshot() as snapshot:
            return snapshot.size()

    def entry(self, index: int) -> StoredEntry:
        """Return one entry; raise `LedgerError` `RQC-L060` when there is none."""
        with self._store.snapshot() as snapshot:
            return snapshot.entry(index)

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[StoredEntry]:
        """Yield entries in order, from one consistent view."""
        with self._store.snapshot() as snapshot:
            yield from snapshot.entries(start, end)

    def find(self, key: bytes) -> StoredEntry | None:
        """Return the entry that was recorded under a key, `None` when none was."""
        with self._store.snapshot() as snapshot:
            known = snapshot.find([key])
            return snapshot.entry(known[key][0]) if key in known else None

    def blob(self, digest: bytes) -> bytes:
        """Return a blob by its SHA-256; raise `LedgerError` `RQC-L022` when it is not kept or damaged."""
        with self._store.snapshot() as snapshot:
            return get_blob(snapshot, digest)

    # ---- proving ----------------------------------------------------------------------------------------------------

    def checkpoint(self, *signers: Signer, memory: CheckpointMemory, now: int) -> SignedCheckpoint:
        """Sign what the log is now, unless that would contradict anything signed before.

        Args:
            signers: keys that have the origin as their name; at least one.
            memory: where the signers remember, outside the database, what they signed.
            now: seconds since 1970 UTC.

        Returns:
            The checkpoint, recorded and remembered; the last one again when nothing was added since.

        Raises:
            LedgerError: `RQC-L050` the log is smaller than one that was signed, `RQC-L051` it does not extend it,
                `RQC-L052` the memory cannot be read or written. Nothing was signed.
        """
        return sign_checkpoint(self._store, signers, origin=self.origin, memory=memory, now=now)

    def checkpoints(self, *, newest_first: bool = False) -> Iterator[SignedCheckpoint]:
        """Yield the signed checkpoints with the cosignatures known for each."""
        with self._store.snapshot() as snapshot:
            yield from snapshot.checkpoints(newest_first=newest_first)

    def latest_checkpoint(self, *, least_size: int = 0, policy: Policy | None = None) -> SignedCheckpoint:
        """Return the newest checkpoint of at least some size that a policy trusts.

        Raises:
            LedgerError: `RQC-L061`, there is none.
        """
        with self._store.snapshot() as snapshot:
            return _newest(snapshot, least_size=least_size, policy=policy)

    def add_cosignatures(self, signed: SignedCheckpoint, lines: bytes, *, policy: Policy) -> SignedCheckpoint:
        """Keep the cosignatures of witnesses whom a policy lists; others are ignored.

        Args:
            signed: a checkpoint that the log signed.
            lines: signature lines as a witness answered them.
            policy: lists the witnesses.

        Returns:
            The checkpoint with all cosignatures known for it.

        Raises:
            LedgerError: the lines are malformed, or none is by a listed witness (`RQC-L070`).
            SignatureError: `RQC-L013`, a line in the name of a listed witness does not verify.
        """
        try:
            offered = [parse_signature_line(line) for line in lines.decode().removesuffix("\n").split("\n")]
        except UnicodeDecodeError as error:
            raise ledger_error("RQC-L001", "These are not signature lines.", got=error) from error
        known = {(key.name, key.key_id): key for key in policy.witnesses.values()}
        accepted = [found for found in offered if (found.name, found.key_id) in known]
        for found in accepted:
            known[found.name, found.key_id].verify(signed.note.text, found.signature)
        if not accepted:
            raise ledger_error(
                "RQC-L070",
                "No listed witness has cosigned.",
                got=", ".join(f"{found.name}+{found.key_id.hex()}" for found in offered),
                expected=", ".join(key.text[:60] for key in policy.witnesses.values()),
            )
        with self._store.transaction() as transaction:
            transaction.put_cosignatures(signed, accepted)
        return type(signed)(signed.checkpoint, signed.note.with_signatures(accepted))

    def prove(self, index: int, *, policy: Policy | None = None, extra: bytes = b"") -> bytes:
        """Return a `.tlog-proof` file for one entry.

        Args:
            index: place of the entry.
            policy: take the newest checkpoint that it trusts, instead of simply the newest.
            extra: further data for the file; no signature covers it.

        Raises:
            LedgerError: `RQC-L060` there is no such entry, `RQC-L061` no checkpoint covers it yet.
        """
        (proof,) = self.proofs([index], policy=policy, extra=extra)
        return proof

    def proofs(self, indices: Sequence[int], *, policy: Policy | None = None, extra: bytes = b"") -> list[bytes]:
        """Return `.tlog-proof` files for many entries, all under one checkpoint."""
        if not indices:
            return []
        with self._store.snapshot() as snapshot:
            tree = snapshot.tree(cache=self._tiles)
            if min(indices) < 0 or max(indices) >= tree.size:
                outside = [index for index in indices if not 0 <= index < tree.size]
                raise ledger_error(
                    "RQC-L060", "There is no such entry.", got=outside[0], expected=f"0 to {tree.size - 1}"
                )
            signed = _newest(snapshot, least_size=max(indices) + 1, policy=policy)
            checkpoint = signed.encoded
            # In the order of the log each tile is read once, however many entries are asked for.
            proofs = {
                index: encode_proof(index, tree.inclusion_proof(index, signed.size), checkpoint, extra=extra)
                for index in sorted(set(indices))
            }
            return [proofs[index] for index in indices]

    def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """Return the proof that the log of `second` entries extends the log of `first` entries."""
        with self._store.snapshot() as snapshot:
            return snapshot.tree(cache=self._tiles).consistency_proof(first, second)

    def verify(
        self,
        *,
        policy: Policy | None = None,
        outside: Sequence[bytes] = (),
        auditor: Auditor | None = None,
        indexes: bool = True,
    ) -> Verification:
        """Recompute everything from the stored bytes and compare; see `verify_log`."""
        return verify_log(
            self._store, origin=self.origin, policy=policy, outside=outside, auditor=auditor, indexes=indexes
        )


def _check_edge(snapshot: Snapshot, *, where: str) -> None:
    """Check that the newest entries are the ones that the head row says, before anything is built on it."""
    head = snapshot.head()
    root = snapshot.tree().root(head.size)
    if root != head.root:
        raise ledger_error(
            "RQC-L036",
            "The newest entries are not those that the ledger was closed with.",
            where=where,
            got=root.hex(),
            expected=head.root.hex(),
            action="Open it for reading and verify it; restore a backup after a recovery drill.",
        )


def _without_repeated_keys(entries: Sequence[Entry], positions: list[int]) -> tuple[list[int], list[int]]:
    """Divide positions before the first key that comes again: it is judged when it is known what became of the first."""
    if len({entries[position].key for position in positions}) == len(positions):
        return positions, []
    seen: set[bytes] = set()
    for count, position in enumerate(positions):
        if entries[position].key in seen:
            return positions[:count], positions[count:]
        seen.add(entries[position].key)
    return positions, []


def _known_already(entry: Entry, index: int, leaf: bytes) -> Outcome:
    return (
        Appended(index, leaf, again=True) if leaf_hash(entry.body) == leaf else Refused(_other_bytes(entry.key, index))
    )


def _other_bytes(key: bytes, index: int) -> Fault:
    return fault(
        "RQC-L021",
        "This key is recorded with other content.",
        where=f"entry {index}",
        got=repr(key)[:80],
        expected="the same bytes, or a new key",
        action="Record a correction as an entry of its own; nothing recorded is changed.",
    )


def _newest(snapshot: Snapshot, *, least_size: int, policy: Policy | None) -> SignedCheckpoint:
    for signed in snapshot.checkpoints(newest_first=True, least_size=least_size):
        if policy is None or _trusts(policy, signed):
            return signed
    raise ledger_error(
        "RQC-L061",
        "No checkpoint covers this yet.",
        expected=f"a checkpoint of at least {least_size} entries" + (" that the policy trusts" if policy else ""),
        action="Make a checkpoint" + (" and have it cosigned." if policy else "."),
    )


def _trusts(policy: Policy, signed: SignedCheckpoint) -> bool:
    try:
        policy.trust(signed.encoded)
    except RegenqcError:
        return False
    return True
