"""The ledger in one SQLite file.

Durability: write-ahead log with `synchronous=FULL`, so a commit returns after its pages are on disk. One connection, of
one process, writes and checkpoints; a lock file beside the database keeps a second writer out and names the first.

Why one: SQLite 3.7.0 to 3.51.2 can corrupt a database when two connections write or checkpoint its write-ahead log at the
same moment ("WAL-reset bug", fixed in 3.51.3). Readers therefore open the file read-only, in which mode SQLite never
checkpoints; and a change made by any other program is noticed at the next transaction, which then refuses to go on.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from regenqc.ledger.faults import ledger_error
from regenqc.ledger.session import check_origin, why_read_only
from regenqc.ledger.sqlite_session import SqliteSnapshot, SqliteTransaction, translated

try:
    import fcntl
except ImportError:  # pragma: no cover - not a POSIX system; opening for writing is refused there
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.errors import LedgerError
    from regenqc.ledger.store import Projection

__all__ = ["SqliteStore"]

_APPLICATION: Final = 0x52514C31  # "RQL1" in the header of the file
_FIXED_WAL_RESET: Final = (3, 51, 3)
_WRITER_PRAGMAS: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # on macOS only this reaches the disk
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -131072",
    "PRAGMA trusted_schema = OFF",
)
_READER_PRAGMAS: Final = ("PRAGMA query_only = ON", "PRAGMA cache_size = -65536", "PRAGMA trusted_schema = OFF")


class SqliteStore:
    """Keep a ledger in one SQLite file.

    Args:
        url: `sqlite:///relative.db` or `sqlite:////absolute.db`.
        read_only: do not write even where it would be possible.
        wait_seconds: how long to wait for a lock that another program holds.

    Example:
        >>> SqliteStore("sqlite:///ledger.db", read_only=True, wait_seconds=1).path.name
        'ledger.db'
    """

    def __init__(self, url: str, *, read_only: bool, wait_seconds: float) -> None:
        path = url.removeprefix("sqlite:///")
        if not path or path.startswith((":memory:", "file:")) or "\x00" in path:
            raise ledger_error(
                "RQC-L039", "A ledger needs a file.", got=url, expected="sqlite:///ledger.db or sqlite:////full/path.db"
            )
        self.path = Path(os.path.realpath(path))
        self.url = url
        self.why_read_only = "It was opened for reading." if read_only else ""
        self._wait_seconds = wait_seconds
        self._lock = threading.RLock()
        self._lock_file: int | None = None
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []
        self._data_version = 0
        self._broken = ""
        self._closed = False
        self._process = os.getpid()

    @property
    def address(self) -> str:
        """Return the URL by which another process opens it."""
        return f"sqlite:///{self.path}"

    @property
    def writable(self) -> bool:
        """Return whether entries can be recorded."""
        return not self.why_read_only

    # ---- opening and closing ----------------------------------------------------------------------------------------

    def prepare(self, projection: Projection | None, *, origin: str | None) -> None:
        """Create what is missing, and take the writer's place unless the ledger is only read."""
        try:
            if self.writable:
                self._become_writer(projection, origin=origin)
            if not self.writable:
                self._check_readable(origin)
        except BaseException:
            self.close()
            raise

    def _become_writer(self, projection: Projection | None, *, origin: str | None) -> None:
        if not self.path.parent.is_dir():
            raise ledger_error("RQC-L036", "The folder of the ledger does not exist.", where=str(self.path.parent))
        self._take_lock()
        self._writer = self._connect("rwc")
        present = self._present_schema()
        if present:
            self.why_read_only = why_read_only(SqliteSnapshot(self._writer, where=self.url), projection)
            if self.why_read_only:
                self._release_writer()
                return
        with self._translation():
            if self._writer.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
                raise ledger_error(
                    "RQC-L042",
                    "The file system of the ledger does not support a write-ahead log.",
                    where=str(self.path),
                    action="Keep the ledger on a local disk.",
                )
            for pragma in _WRITER_PRAGMAS:
                self._writer.execute(pragma)
        self._note_data_version()
        with self.transaction() as transaction:
            if not present:
                transaction.execute(f"PRAGMA application_id = {_APPLICATION}")
            transaction.migrate(projection, origin=origin, present=present)
            check_origin(transaction.meta("origin"), expected=origin, url=self.url)

    def _check_readable(self, origin: str | None) -> None:
        if not self.path.is_file():
            raise ledger_error(
                "RQC-L036", "There is no ledger here.", where=str(self.path), action="Check the path, or create it."
            )
        with self.snapshot() as snapshot:
            try:
                recorded = snapshot.meta("origin")
            except Exception as error:
                if getattr(error, "code", "") != "RQC-L045":
                    raise
                raise self._not_a_ledger() from error
            check_origin(recorded, expected=origin, url=self.url)

    def _present_schema(self) -> int:
        """Return the schema version of the file, 0 of an empty one."""
        with self._translation():
            connection = self._usable_writer()
            (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            if not tables:
                return 0
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != _APPLICATION:
                raise self._not_a_ledger()
            rows = connection.execute("SELECT value FROM ledger_meta WHERE name = 'schema'").fetchall()
            return int(rows[0][0]) if rows else 0

    def _not_a_ledger(self) -> LedgerError:
        return ledger_error(
            "RQC-L036", "This database is not a ledger.", where=str(self.path), action="Name another file."
        )

    def _take_lock(self) -> None:
        if fcntl is None:  # pragma: no cover - not a POSIX system
            raise ledger_error("RQC-L042", "This system has no file locks.", action="Use PostgreSQL.")
        path = f"{self.path}.lock"
        try:
            self._lock_file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ledger_error(
                "RQC-L037",
                "The ledger cannot be opened for writing.",
                where=path,
                got=error.strerror,
                action="Check the permissions of the folder, or open the ledger for reading.",
            ) from error
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._lock_file, 200, 0).decode(errors="replace").strip()
            raise ledger_error(
                "RQC-L030",
                "The ledger is open for writing elsewhere.",
                where=str(self.path),
                got=holder or "another process",
                expected="one writer of a SQLite ledger at a time",
                action="Let that process write, open the ledger for reading, or use PostgreSQL for several writers.",
            ) from error
        with suppress(OSError):  # the name only helps whoever comes second; a full disk is no reason not to open
            os.ftruncate(self._lock_file, 0)
            os.pwrite(self._lock_file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def _connect(self, mode: str) -> sqlite3.Connection:
        options = f"mode={mode}"
        if mode == "ro" and not os.access(self.path.parent, os.W_OK) and not Path(f"{self.path}-wal").exists():
            options = "immutable=1"  # on read-only media SQLite cannot make the files that readers of a WAL share
        with self._translation():
            return sqlite3.connect(
                f"file:{quote(str(self.path))}?{options}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=self._wait_seconds,
                cached_statements=256,
            )

    def close(self) -> None:
        """Release the file; the write-ahead log is folded into it."""
        with self._lock:
            self._closed = True
            for connection in self._readers:
                connection.close()
            self._readers.clear()
            self._release_writer()

    def _release_writer(self) -> None:
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    # ---- views and changes ------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[SqliteSnapshot]:
        """Return a consistent view."""
        self._check_open()
        connection = self._readers.pop() if self._readers else self._new_reader()
        try:
            with self._translation():
                connection.execute("BEGIN")
            yield SqliteSnapshot(connection, where=self.url)
        finally:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if self._closed:
                connection.close()
            else:
                self._readers.append(connection)

    @contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """Return a change that commits at its end."""
        self._check_open()
        with self._lock:
            connection = self._usable_writer()
            with self._translation():
                connection.execute("BEGIN IMMEDIATE")
            try:
                self._check_only_writer(connection)
                yield SqliteTransaction(connection, where=self.url)
                with self._translation():
                    connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            try:
                connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                self._broken = str(error)

    def _check_only_writer(self, connection: sqlite3.Connection) -> None:
        with self._translation():
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._data_version:
            self._broken = "another program has written to the database"
            raise ledger_error(
                "RQC-L041",
                "Another program has written to the ledger's database.",
                where=str(self.path),
                action="Stop that program, verify the ledger, and open it again.",
            )

    def _note_data_version(self) -> None:
        with self._translation():
            (self._data_version,) = self._usable_writer().execute("PRAGMA data_version").fetchone()

    def _usable_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            raise ledger_error(
                "RQC-L037",
                "The ledger can only be read.",
                where=self.url,
                got=self.why_read_only,
                action="Open it for writing, or with the newer version of regenqc.",
            )
        if self._broken:
            raise ledger_error(
                "RQC-L033",
                "The ledger stopped writing after an error.",
                where=self.url,
                got=self._broken,
                action="Close it, look after the cause, open it again; nothing acknowledged is lost.",
            )
        return self._writer

    def _new_reader(self) -> sqlite3.Connection:
        connection = self._connect("ro")
        try:
            with self._translation():
                for pragma in _READER_PRAGMAS:
                    connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_open(self) -> None:
        if self._closed:
            raise ledger_error("RQC-L038", "The ledger is closed.", where=self.url)
        if os.getpid() != self._process:
            raise ledger_error(
                "RQC-L043",
                "The ledger was opened by the parent of this process.",
                where=self.url,
                action="Open it again in the child: connections do not survive a fork.",
            )

    @contextmanager
    def _translation(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            meaning = translated(error, where=self.url)
            if meaning.code == "RQC-L033":
                # After a failed write or fsync nobody knows what the disk holds; only recovery at open can tell.
                self._broken = str(error)
            raise meaning from error

    # ---- looking after ----------------------------------------------------------------------------------------------

    def damaged_indexes(self) -> list[str]:
        """Return what SQLite finds wrong with tables and indexes."""
        with self.snapshot() as snapshot:
            return [str(row[0]) for row in snapshot.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]

    def describe(self) -> dict[str, str]:
        """Return engine, version and durability settings."""
        fixed = sqlite3.sqlite_version_info >= _FIXED_WAL_RESET
        with self.snapshot() as snapshot:
            ((journal,),) = snapshot.execute("PRAGMA journal_mode")
        return {
            "engine": f"SQLite {sqlite3.sqlite_version}",
            "journal": str(journal),
            "synchronous": "full" if self._writer is not None else "not writing",
            "WAL-reset bug": "fixed in this version" if fixed else "kept out: one connection writes and checkpoints",
        }
