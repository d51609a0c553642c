"""The statements that both databases share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from regenqc.ledger.checkpoint import SignedCheckpoint, parse_signed_checkpoint
from regenqc.ledger.entries import StoredEntry
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import HASH_BYTES, Frontier, Node
from regenqc.ledger.note import NoteSignature
from regenqc.ledger.schema import MIGRATIONS, SCHEMA_VERSION
from regenqc.ledger.tree import StoredTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.ledger.entries import NewEntries
    from regenqc.ledger.store import Dialect, Projection, Row
    from regenqc.ledger.tree import TileCache

__all__ = ["SqlSnapshot", "SqlTransaction", "check_origin", "why_read_only"]

_CHECKPOINTS_PER_PAGE = 16
_KEYS_WORTH_A_LIMIT = 64
_AFTER_ALL = 2**31 - 1
_ENTRY_COLUMNS = ("idx", "leaf", "key", "body")


class SqlSnapshot(ABC):
    """Read a ledger through SQL; a store adds how statements are run."""

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """Return which SQL the store speaks."""

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows."""

    @abstractmethod
    def stream(
        self, sql: str, parameters: Sequence[object] = (), *, rows_per_chunk: int = 10_000
    ) -> Iterator[list[Row]]:
        """Yield the rows of a query in chunks."""

    @abstractmethod
    def _look_up(self, keys: Sequence[bytes]) -> list[Row]:
        """Return key, index and leaf hash of the keys that are recorded."""

    def meta(self, name: str) -> str | None:
        """Return a fact about the ledger itself."""
        rows = self.execute("SELECT value FROM ledger_meta WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def head(self) -> Frontier:
        """Return size and right edge of the tree."""
        return self._frontier(self.execute("SELECT size, frontier FROM ledger_head"))

    def _frontier(self, rows: list[Row]) -> Frontier:
        if len(rows) != 1 or not isinstance(rows[0][0], int) or not isinstance(rows[0][1], bytes):
            raise ledger_error(
                "RQC-L036",
                "The ledger has lost its head row.",
                got=f"{len(rows)} rows",
                expected="one row with size and right edge",
                action="Restore a backup and run the recovery drill.",
            )
        size, joined = rows[0]
        hashes = tuple(joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES))
        return Frontier(size, hashes)

    def size(self) -> int:
        """Return the number of entries."""
        return self.head().size

    def hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Return leaf hashes (level 0) or hashes of complete subtrees of `256 ** level` leaves."""
        if level:
            return self.nodes(level, start, end)
        rows = self.execute("SELECT leaf FROM ledger_entry WHERE idx >= ? AND idx < ? ORDER BY idx", (start, end))
        return [leaf for (leaf,) in rows]

    def nodes(self, level: int, start: int, end: int) -> list[bytes]:
        """Return stored hashes of complete subtrees."""
        rows = self.execute(
            "SELECT hash FROM ledger_node WHERE level = ? AND position >= ? AND position < ? ORDER BY position",
            (level, start, end),
        )
        return [found for (found,) in rows]

    def tree(self, *, cache: TileCache | None = None) -> StoredTree:
        """Return the tree for hashes and proofs."""
        return StoredTree(self.size(), self.hashes, cache=cache)

    def chunks(self, start: int = 0, end: int | None = None, *, rows: int = 8_192) -> Iterator[list[StoredEntry]]:
        """Yield entries in order, `rows` at a time."""
        last = self.size() if end is None else end
        for first in range(start, last, rows):
            found = self.execute(
                "SELECT idx, leaf, key, body FROM ledger_entry WHERE idx >= ? AND idx < ? ORDER BY idx",
                (first, min(first + rows, last)),
            )
            yield list(map(StoredEntry._make, found))

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[StoredEntry]:
        """Yield entries in order."""
        for chunk in self.chunks(start, end):
            yield from chunk

    def find(self, keys: Sequence[bytes]) -> dict[bytes, tuple[int, bytes]]:
        """Return index and leaf hash of the keys that are recorded."""
        if len(keys) > _KEYS_WORTH_A_LIMIT:
            # Keys that grow with time are beyond the largest one recorded: they are new without being looked up.
            largest = self.execute("SELECT key FROM ledger_entry ORDER BY key DESC LIMIT 1")
            keys = [key for key in keys if largest and key <= largest[0][0]]
        return {key: (index, leaf) for key, index, leaf in self._look_up(keys)} if keys else {}

    def entry(self, index: int) -> StoredEntry:
        """Return one entry."""
        rows = self.execute("SELECT idx, leaf, key, body FROM ledger_entry WHERE idx = ?", (index,))
        if not rows:
            raise ledger_error("RQC-L060", "There is no such entry.", got=index, expected=f"0 to {self.size() - 1}")
        return StoredEntry._make(rows[0])

    def checkpoints(self, *, newest_first: bool = False, least_size: int = 0) -> Iterator[SignedCheckpoint]:
        """Yield the signed checkpoints with their cosignatures."""
        order, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
        last = _AFTER_ALL if newest_first else 0
        while True:
            # One page of checkpoints with their cosignatures in one query: a proof needs no more than that.
            rows = self.execute(
                "SELECT c.number, c.note, s.name, s.key_id, s.signature FROM "  # noqa: S608 - two words of ours
                "(SELECT number, note FROM ledger_checkpoint WHERE size >= ? "
                f"AND number {beyond} ? ORDER BY number {order} LIMIT {_CHECKPOINTS_PER_PAGE}) c "
                "LEFT JOIN ledger_cosignature s ON s.checkpoint = c.number "
                f"ORDER BY c.number {order}, s.name, s.key_id, s.signature",
                (least_size, last),
            )
            if not rows:
                return
            for number, of_one in groupby(rows, key=itemgetter(0)):
                last = number
                yield _with_cosignatures(list(of_one))

    def _number_of(self, signed: SignedCheckpoint) -> int:
        for number, note in self.execute(
            "SELECT number, note FROM ledger_checkpoint WHERE size = ? ORDER BY number DESC", (signed.size,)
        ):
            if parse_signed_checkpoint(note).note.text == signed.note.text:
                return int(number)
        raise ledger_error("RQC-L061", "The ledger never signed this checkpoint.", got=f"size {signed.size}")

    def blob(self, digest: bytes) -> bytes | None:
        """Return the blob with that SHA-256."""
        rows = self.execute("SELECT data FROM ledger_blob WHERE digest = ?", (digest,))
        return bytes(rows[0][0]) if rows else None

    def blob_digests(self) -> Iterator[bytes]:
        """Yield the digests under which blobs are kept, in ascending order."""
        for chunk in self.stream("SELECT digest FROM ledger_blob ORDER BY digest"):
            yield from (bytes(digest) for (digest,) in chunk)


def _with_cosignatures(rows: list[Row]) -> SignedCheckpoint:
    signed = parse_signed_checkpoint(rows[0][1])
    more = [NoteSignature(name, key_id, signature) for _, _, name, key_id, signature in rows if name is not None]
    return SignedCheckpoint(signed.checkpoint, signed.note.with_signatures(more)) if more else signed


class SqlTransaction(SqlSnapshot):
    """Change a ledger through SQL."""

    @abstractmethod
    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows."""

    @abstractmethod
    def insert_rows(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert many rows the fastest way the store knows."""

    @abstractmethod
    def insert_values(self, table: str, columns: Sequence[str], values: Sequence[object]) -> None:
        """Insert many rows whose values lie one after the other."""

    def put_meta(self, name: str, value: str) -> None:
        """Record a fact about the ledger itself."""
        self.execute(
            "INSERT INTO ledger_meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def put_entries(self, entries: NewEntries, nodes: Sequence[Node], head: Frontier) -> None:
        """Record entries, the inner hashes that became complete, and the new right edge."""
        self._insert_entries(entries)
        if nodes:
            self.insert_rows("ledger_node", Node._fields, nodes)
        self.execute("UPDATE ledger_head SET size = ?, frontier = ?", (head.size, b"".join(head.hashes)))

    def _insert_entries(self, entries: NewEntries) -> None:
        places = range(entries.start, entries.start + len(entries.bodies))
        rows = list(zip(places, entries.leaves, entries.keys, entries.bodies, strict=True))
        self.insert_rows("ledger_entry", _ENTRY_COLUMNS, rows)

    def put_checkpoint(self, signed: SignedCheckpoint, *, signed_at: int) -> None:
        """Record a checkpoint that the log has signed."""
        self.execute(
            "INSERT INTO ledger_checkpoint (number, size, note, signed_at) "
            "SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ? FROM ledger_checkpoint",
            (signed.size, signed.encoded, signed_at),
        )

    def put_cosignatures(self, signed: SignedCheckpoint, cosignatures: Sequence[NoteSignature]) -> None:
        """Record cosignatures of a recorded checkpoint."""
        number = self._number_of(signed)
        self.execute_many(
            "INSERT INTO ledger_cosignature (checkpoint, name, key_id, signature) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [(number, found.name, found.key_id, found.signature) for found in cosignatures],
        )

    def put_blob(self, digest: bytes, data: bytes) -> None:
        """Keep a blob."""
        self.execute(
            "INSERT INTO ledger_blob (digest, data) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING", (digest, data)
        )

    def migrate(self, projection: Projection | None, *, origin: str | None, present: int) -> None:
        """Bring the tables from a schema version (0: none) to the current one, and those of the projection to its own."""
        if present == 0 and not origin:
            raise ledger_error(
                "RQC-L040",
                "A new ledger needs an origin.",
                expected="a name that no other log has, such as site.example/ledger",
                action="Name it; it cannot be changed later.",
            )
        for statements in MIGRATIONS[self.dialect][present:]:
            for statement in statements:
                self.execute(statement)
        if present == 0:
            self.put_meta("origin", str(origin))
            self.execute("INSERT INTO ledger_head (id, size, frontier) VALUES (1, 0, ?)", (b"",))
        if present < SCHEMA_VERSION:
            self.put_meta("schema", str(SCHEMA_VERSION))
        if projection is not None:
            name = f"projection {projection.name}"
            version = int(self.meta(name) or 0)
            if version < projection.version:
                projection.create(self, present=version)
                self.put_meta(name, str(projection.version))


def check_origin(recorded: str | None, *, expected: str | None, url: str) -> None:
    """Check that a ledger is the one it was opened as.

    Raises:
        LedgerError: `RQC-L040`, it is another one.

    Example:
        >>> check_origin("site.example/ledger", expected=None, url="sqlite:///ledger.db")
    """
    if expected is not None and recorded != expected:
        raise ledger_error(
            "RQC-L040",
            "This is the ledger of another origin.",
            where=url,
            got=recorded,
            expected=expected,
            action="Open the right ledger; an origin is never changed.",
        )


def why_read_only(snapshot: SqlSnapshot, projection: Projection | None) -> str:
    """Return why a ledger made by a newer version may only be read, empty when it may be written.

    A newer version may keep facts that this one does not know; reading what this one knows stays right, writing would
    leave the newer facts behind.
    """
    present = int(snapshot.meta("schema") or 0)
    if present > SCHEMA_VERSION:
        return f"The ledger has schema {present}; this version of regenqc writes schema {SCHEMA_VERSION}."
    if projection is not None:
        version = int(snapshot.meta(f"projection {projection.name}") or 0)
        if version > projection.version:
            return (
                f"The {projection.name} tables have version {version}; "
                f"this version of regenqc writes version {projection.version}."
            )
    return ""
