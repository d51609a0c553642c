"""What the log needs of a database, and what the layer above may do inside its transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from regenqc.ledger.faults import ledger_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from regenqc.errors import Fault
    from regenqc.ledger.checkpoint import SignedCheckpoint
    from regenqc.ledger.entries import Entry, NewEntries, StoredEntry
    from regenqc.ledger.merkle import Frontier, Node
    from regenqc.ledger.note import NoteSignature
    from regenqc.ledger.tree import StoredTree, TileCache

__all__ = ["Dialect", "Projection", "Snapshot", "Store", "Transaction", "open_store"]

Dialect = Literal["sqlite", "postgresql"]
Row = tuple[Any, ...]


class Snapshot(Protocol):
    """One consistent view of the store."""

    @property
    def dialect(self) -> Dialect:
        """Return which SQL the store speaks."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows; parameters are written `?` on every store."""

    def stream(
        self, sql: str, parameters: Sequence[object] = (), *, rows_per_chunk: int = 10_000
    ) -> Iterator[list[Row]]:
        """Yield the rows of a query in chunks, so that large answers need little memory."""

    def meta(self, name: str) -> str | None:
        """Return a fact about the ledger itself, `None` when it is not recorded."""

    def head(self) -> Frontier:
        """Return size and right edge of the tree."""

    def size(self) -> int:
        """Return the number of entries."""

    def tree(self, *, cache: TileCache | None = None) -> StoredTree:
        """Return the tree for hashes and proofs; valid as long as the view. A cache serves several views."""

    def chunks(self, start: int = 0, end: int | None = None, *, rows: int = 8_192) -> Iterator[list[StoredEntry]]:
        """Yield entries in order; `rows` at a time."""

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[StoredEntry]:
        """Yield entries in order."""

    def entry(self, index: int) -> StoredEntry:
        """Return one entry; raise `LedgerError` `RQC-L060` when there is none."""

    def find(self, keys: Sequence[bytes]) -> dict[bytes, tuple[int, bytes]]:
        """Return index and leaf hash of the keys that are recorded."""

    def nodes(self, level: int, start: int, end: int) -> list[bytes]:
        """Return stored hashes of complete subtrees of `256 ** level` leaves, level 1 and above."""

    def checkpoints(self, *, newest_first: bool = False, least_size: int = 0) -> Iterator[SignedCheckpoint]:
        """Yield the signed checkpoints in the order of signing, with the cosignatures known for each."""

    def blob(self, digest: bytes) -> bytes | None:
        """Return the blob with that SHA-256, `None` when it is not kept."""

    def blob_digests(self) -> Iterator[bytes]:
        """Yield the digests under which blobs are kept, in ascending order."""


class Transaction(Snapshot, Protocol):
    """One exclusive change of the store; what is written in it is durable when it ends, or never was."""

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows."""

    def insert_rows(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert many rows the fastest way the store knows."""

    def insert_values(self, table: str, columns: Sequence[str], values: Sequence[object]) -> None:
        """Insert many rows whose values lie one after the other in one flat sequence."""

    def put_meta(self, name: str, value: str) -> None:
        """Record a fact about the ledger itself."""

    def put_entries(self, entries: NewEntries, nodes: Sequence[Node], head: Frontier) -> None:
        """Record entries, the inner hashes that became complete, and the new right edge."""

    def put_checkpoint(self, signed: SignedCheckpoint, *, signed_at: int) -> None:
        """Record a checkpoint that the log has signed."""

    def put_cosignatures(self, signed: SignedCheckpoint, cosignatures: Sequence[NoteSignature]) -> None:
        """Record cosignatures of a recorded checkpoint; those known already stay as they are."""

    def put_blob(self, digest: bytes, data: bytes) -> None:
        """Keep a blob; one that is kept already stays as it is."""


class Store(Protocol):
    """A database that holds one ledger."""

    @property
    def url(self) -> str:
        """Return where the ledger is, without passwords."""

    @property
    def address(self) -> str:
        """Return the URL by which another process opens it; it may hold a password."""

    @property
    def writable(self) -> bool:
        """Return whether entries can be recorded."""

    @property
    def why_read_only(self) -> str:
        """Return why not, in one sentence; empty when they can."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return a consistent view; further views and changes may run beside it."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Return a change that commits at its end, or rolls back when an exception leaves it."""

    def prepare(self, projection: Projection | None, *, origin: str | None) -> None:
        """Create what is missing: the ledger itself, and the tables of the layer above."""

    def damaged_indexes(self) -> list[str]:
        """Return what the database finds wrong with its own indexes, empty when it finds nothing."""

    def describe(self) -> Mapping[str, str]:
        """Return engine, version and durability settings, for reports."""

    def close(self) -> None:
        """Release files, locks and connections."""


class Projection(Protocol):
    """Tables and rules of the layer above that change together with the log."""

    @property
    def name(self) -> str:
        """Return the name that all its tables start with; small letters and underscores."""

    @property
    def version(self) -> int:
        """Return the version of its tables, 1 or more."""

    def create(self, transaction: Transaction, *, present: int) -> None:
        """Create its tables when `present` is 0, or bring them from that version to the current one."""

    def apply(self, transaction: Transaction, *, first_index: int, entries: Sequence[Entry]) -> Mapping[int, Fault]:
        """Judge new entries and write its rows for those it accepts.

        Args:
            transaction: the change that the entries will be part of.
            first_index: place that the first accepted entry will have; the next accepted one has the next, and so on.
            entries: none of them recorded before, no key twice, in the order of the log.

        Returns:
            Position and reason of every entry that it refuses; empty when it accepts all.
        """


def open_store(url: str, *, read_only: bool = False, wait_seconds: float = 10.0) -> Store:
    """Return the store at a URL; nothing is created before `prepare`.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `postgresql://user@host/database`.
        read_only: open for reading even where writing would be possible.
        wait_seconds: how long a change waits for another one to end.

    Raises:
        LedgerError: `RQC-L039`, no store knows the URL; `RQC-L044`, its driver is not installed.

    Example:
        >>> open_store("mysql://host/ledger")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.LedgerError: RQC-L039 No store knows this URL. ...
    """
    scheme = url.partition(":")[0]
    if scheme == "sqlite" and url.startswith("sqlite:///"):
        from regenqc.ledger.sqlite import SqliteStore  # noqa: PLC0415 - only the store that is used is imported

        return SqliteStore(url, read_only=read_only, wait_seconds=wait_seconds)
    if scheme in {"postgresql", "postgres"}:
        try:
            from regenqc.ledger.postgres import PostgresStore  # noqa: PLC0415 - its driver is an optional extra
        except ImportError as error:
            raise ledger_error(
                "RQC-L044",
                "The PostgreSQL driver is not installed.",
                got=error,
                action="Install it with: pip install 'regenqc[postgres]'",
            ) from error
        return PostgresStore(url, read_only=read_only, wait_seconds=wait_seconds)
    raise ledger_error(
        "RQC-L039",
        "No store knows this URL.",
        got=f"{scheme}:…",
        expected="sqlite:///path or postgresql://user@host/database",
    )
