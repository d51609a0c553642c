"""The statements of a ledger in SQLite, through one connection."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from regenqc.ledger.faults import ledger_error
from regenqc.ledger.session import SqlSnapshot, SqlTransaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.errors import LedgerError
    from regenqc.ledger.entries import NewEntries
    from regenqc.ledger.store import Dialect, Row

__all__ = ["SqliteSnapshot", "SqliteTransaction", "translated"]

_KEYS_PER_LOOKUP: Final = 2_000
# A statement with the values of many rows takes half the time of as many statements; one of a hundred rows takes longer.
_ROWS_PER_STATEMENT: Final = 2_048
_ROWS_WORTH_A_STATEMENT: Final = 256
_ENTRIES_PER_STATEMENT: Final = 8_192
# Of each entry, in one number: where it begins, and how long its key (8 bits) and its body (16 bits) are.
_CUT_ENTRIES: Final = (
    "INSERT INTO ledger_entry (idx, leaf, key, body) SELECT :start + key, substr(:leaves, 32 * key + 1, 32), "
    "substr(:texts, (value >> 24) + 1, value >> 16 & 255), "
    "substr(:texts, (value >> 24) + 1 + (value >> 16 & 255), value & 65535) FROM json_each(:cuts)"
)


def translated(error: sqlite3.Error, *, where: str) -> LedgerError:
    """Return the ledger error that an error of SQLite means.

    Example:
        >>> translated(sqlite3.OperationalError("near FROM: syntax error"), where="ledger.db").code
        'RQC-L045'
    """
    kinds = {
        sqlite3.SQLITE_FULL: ("RQC-L032", "The disk is full.", "Free space; nothing acknowledged is lost."),
        sqlite3.SQLITE_IOERR: (
            "RQC-L033",
            "The disk reported an error.",
            "Close the ledger, look after the disk, open it again; nothing acknowledged is lost.",
        ),
        sqlite3.SQLITE_BUSY: ("RQC-L031", "Another program holds the database locked.", "Close it and try again."),
        sqlite3.SQLITE_LOCKED: ("RQC-L031", "Another program holds the database locked.", "Close it and try again."),
        sqlite3.SQLITE_NOTADB: ("RQC-L036", "This file is not a ledger.", "Check the path."),
        sqlite3.SQLITE_CORRUPT: ("RQC-L036", "The database is damaged.", "Restore a backup; run the recovery drill."),
        sqlite3.SQLITE_CANTOPEN: ("RQC-L036", "The ledger cannot be opened.", "Check path and permissions."),
        sqlite3.SQLITE_READONLY: (
            "RQC-L037",
            "The ledger can only be read.",
            "Check the permissions of file and folder.",
        ),
    }
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    code, what, action = kinds.get(primary, ("RQC-L045", "The database refused a statement.", ""))
    return ledger_error(code, what, where=where, got=error, action=action)


class SqliteSnapshot(SqlSnapshot):
    """Read a ledger through one connection."""

    def __init__(self, connection: sqlite3.Connection, *, where: str) -> None:
        self._connection = connection
        self._where = where

    @property
    def dialect(self) -> Dialect:
        """Return which SQL the store speaks."""
        return "sqlite"

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows."""
        try:
            return self._connection.execute(sql, tuple(parameters)).fetchall()
        except sqlite3.Error as error:
            raise translated(error, where=self._where) from error

    def stream(
        self, sql: str, parameters: Sequence[object] = (), *, rows_per_chunk: int = 10_000
    ) -> Iterator[list[Row]]:
        """Yield the rows of a query in chunks."""
        try:
            cursor = self._connection.execute(sql, tuple(parameters))
            while rows := cursor.fetchmany(rows_per_chunk):
                yield rows
        except sqlite3.Error as error:
            raise translated(error, where=self._where) from error

    def _look_up(self, keys: Sequence[bytes]) -> list[Row]:
        """Return key, index and leaf hash of the keys that are recorded."""
        found: list[Row] = []
        for start in range(0, len(keys), _KEYS_PER_LOOKUP):
            some = keys[start : start + _KEYS_PER_LOOKUP]
            marks = ",".join("?" * len(some))
            found += self.execute(f"SELECT key, idx, leaf FROM ledger_entry WHERE key IN ({marks})", some)  # noqa: S608 - only question marks
        return found


class SqliteTransaction(SqliteSnapshot, SqlTransaction):
    """Change a ledger through the one connection that writes."""

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows."""
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise translated(error, where=self._where) from error

    def insert_rows(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert many rows."""
        if len(rows) < _ROWS_WORTH_A_STATEMENT:
            self._insert_each(table, columns, rows)
        else:
            self.insert_values(table, columns, list(chain.from_iterable(rows)))

    def insert_values(self, table: str, columns: Sequence[str], values: Sequence[object]) -> None:
        """Insert many rows whose values lie one after the other: thousands in one statement, the last few one by one."""
        width, at = len(columns), 0
        if len(values) >= _ROWS_WORTH_A_STATEMENT * width:
            rows = _most_rows(self._connection, width)
            while rows >= _ROWS_WORTH_A_STATEMENT:
                # Powers of two, so that few statements are prepared, and each of them once.
                statement = _insertion(table, tuple(columns), rows)
                while len(values) - at >= rows * width:
                    self.execute(statement, values[at : at + rows * width])
                    at += rows * width
                rows //= 2
        if at < len(values):
            self._insert_each(table, columns, zip(*[iter(values[at:])] * width, strict=True))

    def _insert_each(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.execute_many(_insertion(table, tuple(columns), 1), rows)

    def _insert_entries(self, entries: NewEntries) -> None:
        """Insert entries cut out of two long texts, which takes a third of the time of handing over each value."""
        count = len(entries.bodies)
        if count < _ROWS_WORTH_A_STATEMENT:
            super()._insert_entries(entries)
            return
        for first in range(0, count, _ENTRIES_PER_STATEMENT):
            last = min(first + _ENTRIES_PER_STATEMENT, count)
            keys, bodies = entries.keys[first:last], entries.bodies[first:last]
            cuts, start = [], 0
            for key, body in zip(map(len, keys), map(len, bodies), strict=True):
                cuts.append(start << 24 | key << 16 | body)
                start += key + body
            texts = {
                "start": entries.start + first,
                "leaves": b"".join(entries.leaves[first:last]),
                "texts": b"".join(chain.from_iterable(zip(keys, bodies, strict=True))),
                "cuts": f"{cuts}",
            }
            try:
                self._connection.execute(_CUT_ENTRIES, texts)
            except sqlite3.Error as error:
                raise translated(error, where=self._where) from error


def _most_rows(connection: sqlite3.Connection, width: int) -> int:
    """Return how many rows one statement takes, a power of two."""
    values = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    rows = _ROWS_PER_STATEMENT
    while rows * width > values:
        rows //= 2
    return rows


@lru_cache(maxsize=512)
def _insertion(table: str, columns: tuple[str, ...], rows: int) -> str:
    marks = f"({','.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([marks] * rows)}"  # noqa: S608 - names from code
