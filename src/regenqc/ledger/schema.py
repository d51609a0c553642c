"""Tables of the ledger in both databases, as migrations; the last one's number is the schema version.

The log itself is three tables: entries, the hashes of full tiles, and one row with size and right edge. Entries, hashes
and signed checkpoints are only ever added; triggers refuse everything else. They stop accidents and honest programs, not
an owner of the database: that is what checkpoints held elsewhere are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from regenqc.ledger.store import Dialect

__all__ = ["MIGRATIONS", "SCHEMA_VERSION"]

_APPEND_ONLY: Final = ("ledger_entry", "ledger_node", "ledger_checkpoint", "ledger_cosignature")


def _tables(binary: str, integer: str) -> tuple[str, ...]:
    return (
        # One row. The frontier is the concatenation of the hashes of the right edge, largest subtree first.
        (
            f"CREATE TABLE ledger_head (id INTEGER PRIMARY KEY CHECK (id = 1), size {integer} NOT NULL, "
            f"frontier {binary} NOT NULL)"
        ),
        # The leaf stands before the body, so that reading a tile of leaves does not read the bodies' overflow pages.
        (
            f"CREATE TABLE ledger_entry (idx {integer} PRIMARY KEY, leaf {binary} NOT NULL, key {binary} NOT NULL, "
            f"body {binary} NOT NULL)"
        ),
        "CREATE UNIQUE INDEX ledger_entry_key ON ledger_entry (key)",
        (
            f"CREATE TABLE ledger_node (level INTEGER NOT NULL, position {integer} NOT NULL, hash {binary} NOT NULL, "
            "PRIMARY KEY (level, position))"
        ),
        (
            f"CREATE TABLE ledger_checkpoint (number INTEGER PRIMARY KEY, size {integer} NOT NULL, note {binary} NOT NULL, "
            f"signed_at {integer} NOT NULL)"
        ),
        (
            f"CREATE TABLE ledger_cosignature (checkpoint INTEGER NOT NULL, name TEXT NOT NULL, key_id {binary} NOT NULL, "
            f"signature {binary} NOT NULL, PRIMARY KEY (checkpoint, name, key_id, signature))"
        ),
        f"CREATE TABLE ledger_blob (digest {binary} NOT NULL UNIQUE, data {binary} NOT NULL)",
    )


def _sqlite_guards() -> tuple[str, ...]:
    guards = [
        f"CREATE TRIGGER {table}_{change.lower()} BEFORE {change} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {change} of {table}'); END"
        for table in _APPEND_ONLY
        for change in ("UPDATE", "DELETE")
    ]
    guards.append(
        "CREATE TRIGGER ledger_head_shrink BEFORE UPDATE ON ledger_head WHEN NEW.size < OLD.size "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: its size cannot shrink'); END"
    )
    guards.append(
        "CREATE TRIGGER ledger_head_delete BEFORE DELETE ON ledger_head "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: DELETE of ledger_head'); END"
    )
    return tuple(guards)


def _postgresql_guards() -> tuple[str, ...]:
    guards = [
        (
            "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'the ledger is append-only: % of %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
        ),
        (
            "CREATE FUNCTION ledger_refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF NEW.size < OLD.size THEN RAISE EXCEPTION 'the ledger is append-only: its size cannot shrink' "
            "USING ERRCODE = 'insufficient_privilege'; END IF; RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER ledger_head_shrink BEFORE UPDATE ON ledger_head "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse_shrinking()"
        ),
        (
            "CREATE TRIGGER ledger_head_delete BEFORE DELETE OR TRUNCATE ON ledger_head "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        ),
        "REVOKE DELETE, TRUNCATE ON ledger_head FROM PUBLIC, CURRENT_USER",
    ]
    for table in _APPEND_ONLY:
        guards.append(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        )
        guards.append(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER")
    return tuple(guards)


_META: Final = "CREATE TABLE ledger_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
# Bodies and hashes do not compress; trying to costs time at every insert.
_POSTGRESQL_STORAGE: Final = (
    "ALTER TABLE ledger_entry ALTER COLUMN body SET STORAGE EXTERNAL",
    "ALTER TABLE ledger_head SET (fillfactor = 50)",
)

# A shipped migration is never changed; what a newer version needs is added as the next tuple.
MIGRATIONS: Final[dict[Dialect, tuple[tuple[str, ...], ...]]] = {
    "sqlite": ((_META, *_tables("BLOB", "INTEGER"), *_sqlite_guards()),),
    "postgresql": ((_META, *_tables("BYTEA", "BIGINT"), *_POSTGRESQL_STORAGE, *_postgresql_guards()),),
}
SCHEMA_VERSION: Final = len(MIGRATIONS["sqlite"])
