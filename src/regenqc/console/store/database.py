"""The database of the console: SQLite in a file, or PostgreSQL by address; the same tables and queries on both.

It can always be made again from evaluations, decisions and the ledger, save for accounts, sessions and the journal of accesses.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, event, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from regenqc.errors import Fault, UsageError

__all__ = ["METADATA", "open_store"]

METADATA: Final = MetaData()
# Every module that states tables states them here; a store with a newer version of them is not opened.
_VERSION: Final = 1
# Any number that nothing else in the same database locks by.
_MAKING_TABLES: Final = 0x7265_6765_6E71_63
_SCHEMA: Final = Table("console_schema", METADATA, Column("version", Integer, nullable=False))


def open_store(url: str) -> Engine:
    """Open the database of the console and make the tables that it lacks.

    Args:
        url: `sqlite:///console.db` or `postgresql://user@host/name`.

    Raises:
        UsageError: `RQC-U150`, it cannot be opened; `RQC-U151`, a newer regenqc made it.

    Example:
        >>> open_store("sqlite://").dialect.name
        'sqlite'
    """
    try:
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # Of servers that start at the same moment one makes the tables, and the others wait for it.
                connection.execute(select(func.pg_advisory_xact_lock(_MAKING_TABLES)))
            METADATA.create_all(connection)
            found = connection.execute(select(_SCHEMA.c.version)).scalar()
            if found is None:
                connection.execute(insert(_SCHEMA).values(version=_VERSION))
    except (SQLAlchemyError, ImportError) as error:
        raise UsageError(
            Fault(
                code="RQC-U150",
                what="The store of the console cannot be opened.",
                where=url.rpartition("@")[2],
                got=str(error).splitlines()[0],
                expected="sqlite:///FILE or postgresql://USER@HOST/NAME",
                action="Look whether it is there and may be written.",
            )
        ) from error
    if found is not None and found > _VERSION:
        raise UsageError(
            Fault(
                code="RQC-U151",
                what="A newer regenqc made this store.",
                where=url.rpartition("@")[2],
                got=str(found),
                expected=f"at most {_VERSION}",
                action="Use that version, or name another store: everything but accounts is loaded again.",
            )
        )
    return engine


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "busy_timeout = 10000", "synchronous = FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
