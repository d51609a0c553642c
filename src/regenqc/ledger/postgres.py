"""The ledger in PostgreSQL, for several writers.

Every change first locks the one row that holds size and right edge of the tree. Changes of all processes therefore stand
in one line, indices have no gaps, and a change that is rolled back leaves no trace. `fsync` and `synchronous_commit` must
be on: acknowledged means durable. Standbys are read-only, and checkpoints are made on the primary only, because a
standby may show a state that never was one of the primary.
"""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql as composed
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import BytesBinaryDumper

from regenqc.errors import LedgerError
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import HASH_BYTES
from regenqc.ledger.session import SqlSnapshot, SqlTransaction, check_origin, why_read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.ledger.entries import NewEntries
    from regenqc.ledger.merkle import Frontier, Node
    from regenqc.ledger.store import Dialect, Projection, Row

__all__ = ["PostgresStore"]

Connection = psycopg.Connection[tuple[Any, ...]]

# Fewer rows than this go as one INSERT statement in one network round trip; more go as a binary COPY.
_ROWS_WORTH_A_COPY: Final = 512
_MIGRATION_LOCK: Final = 0x52514C31
_STREAMS: Final = itertools.count(1)
# The schema that the extension is in, and whether this role may use it.
_AMCHECK: Final = (
    "SELECT quote_ident(n.nspname), has_function_privilege(p.oid, 'EXECUTE') FROM pg_extension e "
    "JOIN pg_namespace n ON n.oid = e.extnamespace JOIN pg_proc p ON p.pronamespace = n.oid "
    "WHERE e.extname = 'amcheck' AND p.proname = 'bt_index_check' AND p.pronargs = 2"
)
_LOST: Final = "The connection to the database is lost."


def translated(error: psycopg.Error, *, where: str, committing: bool = False) -> LedgerError:
    """Return the ledger error that an error of PostgreSQL means.

    Example:
        >>> translated(psycopg.errors.DiskFull("no space"), where="postgresql://host/ledger").code
        'RQC-L032'
    """
    state = error.sqlstate or ""
    kinds = {
        "53100": ("RQC-L032", "The disk of the database is full.", "Free space; nothing acknowledged is lost."),
        "58030": ("RQC-L033", "The disk of the database reported an error.", "Look after the server."),
        "55P03": ("RQC-L031", "Another change holds the ledger locked.", "Try again."),
        "40P01": ("RQC-L031", "Two changes waited for each other.", "Try again."),
        "40001": ("RQC-L031", "Two changes met.", "Try again."),
        "25006": ("RQC-L037", "The ledger can only be read.", "Connect to the primary server."),
        "42501": ("RQC-L037", "The database does not permit this.", "Connect as a role with the rights, if you may."),
    }
    if state in kinds:
        code, what, action = kinds[state]
    elif (isinstance(error, psycopg.OperationalError) and not state) or state[:2] in {"08", "57"}:
        if committing:
            code, what = "RQC-L035", "The connection was lost while committing; whether it happened is unknown."
            action = "Append the same entries again: what is recorded already is acknowledged, the rest is recorded."
        else:
            code, what, action = "RQC-L034", _LOST, "Look after server and network and try again."
    elif state[:2] in {"28", "3D", "53"}:
        code, what, action = "RQC-L036", "The ledger cannot be opened.", "Check server, database, role and password."
    elif state[:2] == "XX":
        code, what, action = "RQC-L036", "The database is damaged.", "Restore a backup; run the recovery drill."
    else:
        code, what, action = "RQC-L045", "The database refused a statement.", ""
    return ledger_error(code, what, where=where, got=str(error).strip().partition("\n")[0], action=action)


@lru_cache(maxsize=512)
def _in_postgresql_words(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")


class PostgresSnapshot(SqlSnapshot):
    """Read a ledger through one connection."""

    def __init__(self, connection: Connection, *, where: str) -> None:
        self._connection = connection
        self._where = where

    @property
    def dialect(self) -> Dialect:
        """Return which SQL the store speaks."""
        return "postgresql"

    @contextmanager
    def _translation(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise translated(error, where=self._where) from error

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows."""
        with self._translation():
            cursor = self._connection.cursor(binary=True)
            cursor.execute(_in_postgresql_words(sql), tuple(parameters))
            return cursor.fetchall() if cursor.description else []

    def stream(
        self, sql: str, parameters: Sequence[object] = (), *, rows_per_chunk: int = 10_000
    ) -> Iterator[list[Row]]:
        """Yield the rows of a query in chunks."""
        with (
            self._translation(),
            self._connection.cursor(name=f"ledger_stream_{next(_STREAMS)}", binary=True) as cursor,
        ):
            cursor.execute(_in_postgresql_words(sql), tuple(parameters))
            while rows := cursor.fetchmany(rows_per_chunk):
                yield rows

    def hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Return leaf hashes (level 0) or hashes of complete subtrees of `256 ** level` leaves."""
        # As one row: taking 256 rows out of an answer costs more than all the rest of a proof.
        if level:
            return self._joined(
                "SELECT count(*), string_agg(hash, ''::bytea ORDER BY position) FROM ledger_node "
                "WHERE level = ? AND position >= ? AND position < ?",
                (level, start, end),
            )
        return self._joined(
            "SELECT count(*), string_agg(leaf, ''::bytea ORDER BY idx) FROM ledger_entry WHERE idx >= ? AND idx < ?",
            (start, end),
        )

    def _joined(self, sql: str, parameters: Sequence[object]) -> list[bytes]:
        """Return hashes that come as one value; of another length than their number says, they are none."""
        ((count, joined),) = self.execute(sql, parameters)
        data = bytes(joined or b"")
        return (
            [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
            if len(data) == count * HASH_BYTES
            else []
        )

    def _look_up(self, keys: Sequence[bytes]) -> list[Row]:
        """Return key, index and leaf hash of the keys that are recorded."""
        with self._translation():
            cursor = self._connection.cursor(binary=True)
            # A list of ten thousand keys written as text would cost more than all the rest of recording them.
            cursor.execute("SELECT key, idx, leaf FROM ledger_entry WHERE key = ANY (%b)", (list(keys),))
            return cursor.fetchall()


class PostgresTransaction(PostgresSnapshot, SqlTransaction):
    """Change a ledger while the head row is locked."""

    def __init__(
        self,
        connection: Connection,
        *,
        where: str,
        head: list[Row] | None,
        types: dict[str, dict[str, tuple[int, str]]],
    ) -> None:
        super().__init__(connection, where=where)
        self._head = self._frontier(head) if head is not None else None
        self._known_types = types

    def head(self) -> Frontier:
        """Return size and right edge of the tree; locked, so nobody else can change them."""
        return self._head if self._head is not None else super().head()

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows."""
        with self._translation():
            self._connection.cursor().executemany(_in_postgresql_words(sql), rows)

    def insert_rows(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert many rows, as a binary COPY when they are many."""
        names = ",".join(columns)
        types = self._types(table, columns)
        if len(rows) < _ROWS_WORTH_A_COPY:
            # One statement for all of them, and one that stays the same however many they are: one array for each column.
            arrays = ",".join(f"%b::{name}[]" for _, name in types)
            statement = f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608 - names from code
            with self._translation():
                self._connection.cursor().execute(
                    statement.encode(), [list(values) for values in zip(*rows, strict=True)]
                )
            return
        copying = composed.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            composed.SQL(table),
            composed.SQL(names),
        )
        with self._translation(), self._connection.cursor() as cursor, cursor.copy(copying) as copy:
            copy.set_types([number for number, _ in types])
            write = copy.write_row
            for row in rows:
                write(row)

    def _types(self, table: str, columns: Sequence[str]) -> list[tuple[int, str]]:
        """Return the types of columns, which a binary COPY must meet exactly: number and name."""
        if table not in self._known_types:
            rows = self.execute(
                "SELECT attname::text, atttypid::int8, atttypid::regtype::text FROM pg_attribute "
                "WHERE attrelid = ?::regclass AND attnum > 0",
                (table,),
            )
            self._known_types[table] = {str(name): (int(number), str(text)) for name, number, text in rows}
        known = self._known_types[table]
        return [known[column] for column in columns]

    def insert_values(self, table: str, columns: Sequence[str], values: Sequence[object]) -> None:
        """Insert many rows whose values lie one after the other."""
        self.insert_rows(table, columns, list(zip(*[iter(values)] * len(columns), strict=True)))

    def put_entries(self, entries: NewEntries, nodes: Sequence[Node], head: Frontier) -> None:
        """Record entries, inner hashes and the new right edge; few of them in one network round trip."""
        if len(entries.bodies) < _ROWS_WORTH_A_COPY and len(nodes) < _ROWS_WORTH_A_COPY:
            for table in ("ledger_entry", "ledger_node"):
                self._types(table, ())  # asked before the pipeline, in which nothing can be read
            with self._translation(), self._connection.pipeline():
                super().put_entries(entries, nodes, head)
        else:
            super().put_entries(entries, nodes, head)
        self._head = head

    def migrate(self, projection: Projection | None, *, origin: str | None, present: int) -> None:
        """Bring the tables to the current version."""
        super().migrate(projection, origin=origin, present=present)
        self._known_types.clear()


class PostgresStore:
    """Keep a ledger in a PostgreSQL database.

    Args:
        url: `postgresql://user@host:port/database`; options as libpq takes them, for instance
            `?options=-csearch_path%3Dsite_a` to keep several ledgers in one database.
        read_only: do not write even where it would be possible.
        wait_seconds: how long to wait for another change to end, and for the server to answer.

    Example:
        >>> PostgresStore("postgresql://qa:secret@db.example/ledger", read_only=True, wait_seconds=5).url
        'postgresql://qa@db.example/ledger'
    """

    def __init__(self, url: str, *, read_only: bool, wait_seconds: float) -> None:
        try:
            parts = conninfo_to_dict(url)
        except psycopg.Error as error:
            raise ledger_error(
                "RQC-L039", "This is not a PostgreSQL URL.", got=error, expected="postgresql://user@host/database"
            ) from error
        user = f"{parts['user']}@" if parts.get("user") else ""
        port = f":{parts['port']}" if parts.get("port") else ""
        self.url = f"postgresql://{user}{parts.get('host', '')}{port}/{parts.get('dbname', '')}"
        self.why_read_only = "It was opened for reading." if read_only else ""
        self.address = url
        self._wait_seconds = wait_seconds
        self._lock = threading.RLock()
        self._writer: Connection | None = None
        self._readers: list[Connection] = []
        self._types: dict[str, dict[str, tuple[int, str]]] = {}
        self._closed = False
        self._process = os.getpid()

    @property
    def writable(self) -> bool:
        """Return whether entries can be recorded."""
        return not self.why_read_only

    # ---- opening and closing ----------------------------------------------------------------------------------------

    def prepare(self, projection: Projection | None, *, origin: str | None) -> None:
        """Create what is missing, and check that the server keeps what it confirms."""
        try:
            with self.snapshot() as snapshot:
                present = self._present_schema(snapshot)
                ((standby,),) = snapshot.execute("SELECT pg_is_in_recovery()")
                if standby and self.writable:
                    self.why_read_only = "The server is a standby."
                if present:
                    newer = why_read_only(snapshot, projection)
                    self.why_read_only = self.why_read_only or newer
                    check_origin(snapshot.meta("origin"), expected=origin, url=self.url)
                if self.writable:
                    self._check_durable(snapshot)
                else:
                    self._check_present(present)
            if self.writable:
                self._migrate(projection, origin=origin)
        except BaseException:
            self.close()
            raise

    def _present_schema(self, snapshot: PostgresSnapshot) -> int:
        ((table,),) = snapshot.execute("SELECT to_regclass('ledger_meta')::text")
        return int(snapshot.meta("schema") or 0) if table else 0

    def _check_present(self, present: int) -> None:
        if not present:
            raise ledger_error("RQC-L036", "There is no ledger here.", where=self.url, action="Check the URL.")

    def _check_durable(self, snapshot: PostgresSnapshot) -> None:
        for setting, bad in (("fsync", {"off"}), ("full_page_writes", {"off"}), ("server_encoding", {"SQL_ASCII"})):
            ((value,),) = snapshot.execute("SELECT current_setting(?)", (setting,))
            if value in bad:
                raise ledger_error(
                    "RQC-L042",
                    "The server does not keep what it confirms.",
                    where=self.url,
                    got=f"{setting} = {value}",
                    action="Correct the setting of the server.",
                )

    def _migrate(self, projection: Projection | None, *, origin: str | None) -> None:
        with self._lock, self._change(lock_head=False) as transaction:
            transaction.execute("SELECT pg_advisory_xact_lock(?)", (_MIGRATION_LOCK,))
            present = self._present_schema(transaction)
            transaction.migrate(projection, origin=origin, present=present)
            check_origin(transaction.meta("origin"), expected=origin, url=self.url)

    def _connect(self) -> Connection:
        milliseconds = max(1, round(self._wait_seconds * 1000))
        try:
            connection = psycopg.connect(
                self.address, autocommit=True, connect_timeout=max(2, round(self._wait_seconds)), keepalives_idle=30
            )
            # The last dumper registered for a type is the one a binary COPY uses; this one is compiled, the default is not.
            connection.adapters.register_dumper(bytes, BytesBinaryDumper)
            connection.execute(f"SET lock_timeout = {milliseconds}".encode())
            connection.execute("SET client_encoding = 'UTF8'")
            # A session may have been given less by the configuration of its role; a stronger setting stays.
            if connection.execute("SHOW synchronous_commit").fetchone() in {("off",), ("local",)}:
                connection.execute("SET synchronous_commit = on")
        except psycopg.Error as error:
            raise translated(error, where=self.url) from error
        return connection

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._closed = True
            for connection in [*self._readers, *([self._writer] if self._writer is not None else [])]:
                with suppress(psycopg.Error):
                    connection.close()
            self._readers.clear()
            self._writer = None

    # ---- views and changes ------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[PostgresSnapshot]:
        """Return a consistent view."""
        self._check_open()
        connection = self._reader()
        try:
            yield PostgresSnapshot(connection, where=self.url)
        finally:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            if self._closed or connection.closed or connection.broken:
                connection.close()
            else:
                self._readers.append(connection)

    def _reader(self) -> Connection:
        """Return a connection with a view begun; one that was lost while nobody used it is replaced."""
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        while self._readers:
            connection = self._readers.pop()
            try:
                connection.execute(begin)
            except psycopg.Error:
                connection.close()
            else:
                return connection
        connection = self._connect()
        PostgresSnapshot(connection, where=self.url).execute(begin)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        """Return a change that commits at its end."""
        self._check_open()
        if not self.writable:
            raise ledger_error(
                "RQC-L037",
                "The ledger can only be read.",
                where=self.url,
                got=self.why_read_only,
                action="Open it for writing, on the primary server, or with the newer version of regenqc.",
            )
        with self._lock, self._change(lock_head=True) as transaction:
            yield transaction

    @contextmanager
    def _change(self, *, lock_head: bool) -> Iterator[PostgresTransaction]:
        connection, head = self._begun(lock_head=lock_head)
        committing = False
        try:
            yield PostgresTransaction(connection, where=self.url, head=head, types=self._types)
            committing = True
            connection.execute("COMMIT")
        except psycopg.Error as error:
            self._give_up(connection)
            raise translated(error, where=self.url, committing=committing) from error
        except BaseException:
            self._give_up(connection)
            raise

    def _begun(self, *, lock_head: bool) -> tuple[Connection, list[Row] | None]:
        """Return the writing connection with a change begun; one that was lost in between is replaced once."""
        fresh = self._writer is None
        while True:
            if self._writer is None or self._writer.closed or self._writer.broken:
                self._writer, fresh = self._connect(), True
            connection = self._writer
            try:
                return connection, self._begin(connection, lock_head=lock_head)
            except psycopg.Error as error:
                self._give_up(connection)
                meaning = translated(error, where=self.url)
                if fresh or meaning.code != "RQC-L034":
                    raise meaning from error
                connection.close()

    def _begin(self, connection: Connection, *, lock_head: bool) -> list[Row] | None:
        if not lock_head:
            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            return None
        with connection.pipeline():
            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            cursor = connection.cursor(binary=True)
            cursor.execute("SELECT size, frontier FROM ledger_head FOR UPDATE")
        return cursor.fetchall()

    def _give_up(self, connection: Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            # The server rolls back what a vanished client had begun; the next change opens a new connection.
            with suppress(psycopg.Error):
                connection.close()

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

    # ---- looking after ----------------------------------------------------------------------------------------------

    def damaged_indexes(self) -> list[str]:
        """Return what the extension amcheck finds wrong with the indexes of the ledger; nothing where it cannot be used."""
        with self.snapshot() as snapshot:
            usable = snapshot.execute(_AMCHECK)
            if not usable or not usable[0][1]:
                return []
            indexes = snapshot.execute(
                "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'ledger_entry'::regclass"
            )
        damaged = []
        for (index,) in indexes:
            with self.snapshot() as snapshot:
                try:
                    snapshot.execute(f"SELECT {usable[0][0]}.bt_index_check(?::regclass, true)", (index,))
                except LedgerError as error:
                    damaged.append(f"{index}: {error}")
        return damaged

    def describe(self) -> dict[str, str]:
        """Return engine, version and durability settings."""
        with self.snapshot() as snapshot:
            ((version, fsync, synchronous),) = snapshot.execute(
                "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
            )
            amcheck = snapshot.execute(_AMCHECK)
        without = "not permitted to this role" if amcheck else "the extension amcheck is not installed"
        return {
            "engine": f"PostgreSQL {version}",
            "fsync": str(fsync),
            "synchronous_commit": str(synchronous),
            "index check": "amcheck" if amcheck and amcheck[0][1] else f"not available: {without}",
        }
