"""What can go wrong with a server: several writers, lost connections, locks, crashes, roles, a server that forgets."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from regenqc.errors import LedgerError
from regenqc.ledger import Appended, Log, open_store

from .postgres_server import PostgresServer, why_no_server
from .workbench import ORIGIN, entries, entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.errors import Fault
    from regenqc.ledger import Entry, Transaction


def schema_of(url: str) -> str:
    return url.rpartition("%3D")[2]


def test_several_writers_record_without_gaps_and_without_losing_anything(postgres_url: str) -> None:
    logs = [Log.open(postgres_url, origin=ORIGIN) for _ in range(4)]

    def write(number: int) -> list[int]:
        return [logs[number].append_one(each).index for each in entries(60, word=f"writer-{number}")]

    with ThreadPoolExecutor(4) as threads:
        places = [place for found in threads.map(write, range(4)) for place in found]
    assert sorted(places) == list(range(240))
    assert logs[0].verify().ok
    for log in logs:
        log.close()


def test_one_event_sent_to_several_writers_is_recorded_once(postgres_url: str) -> None:
    logs = [Log.open(postgres_url, origin=ORIGIN) for _ in range(4)]
    start = threading.Barrier(4)

    def race(log: Log) -> Appended:
        start.wait()
        return log.append_one(entry(7))

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(race, logs))
    assert ({each.index for each in outcomes}, sum(not each.again for each in outcomes)) == ({0}, 1)
    for log in logs:
        log.close()


def test_two_processes_that_create_one_ledger_at_once_create_it_once(postgres_url: str) -> None:
    start = threading.Barrier(4)

    def create(_: int) -> Log:
        start.wait()
        return Log.open(postgres_url, origin=ORIGIN)

    with ThreadPoolExecutor(4) as threads:
        logs = list(threads.map(create, range(4)))
    assert [log.append_one(entry(number)).index for number, log in enumerate(logs)] == [0, 1, 2, 3]
    for log in logs:
        log.close()


def cut_connections(url: str) -> None:
    """End every other connection to the server's database, as a network failure would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def test_a_connection_lost_in_between_is_replaced(postgres_url: str) -> None:
    with Log.open(postgres_url, origin=ORIGIN) as log:
        log.append(entries(3))
        assert log.size == 3
        cut_connections(postgres_url)
        assert log.size == 3
        assert log.append_one(entry(3)).index == 3


def test_a_connection_lost_while_recording_is_a_clear_error_and_nothing_is_half_done(postgres_url: str) -> None:
    class Cutting:
        name, version, cut = "cutting", 1, True

        def create(self, transaction: Transaction, *, present: int) -> None:
            del transaction, present

        def apply(self, transaction: Transaction, *, first_index: int, entries: Sequence[Entry]) -> dict[int, Fault]:
            if self.cut:
                cut_connections(postgres_url)
            transaction.execute("SELECT 1")
            del first_index, entries
            return {}

    projection = Cutting()
    with Log.open(postgres_url, origin=ORIGIN, projection=projection) as log:
        with pytest.raises(LedgerError, match="RQC-L034"):
            log.append(entries(3))
        projection.cut = False
        assert log.append(entries(3))[2].index == 2
        assert log.size == 3


def test_a_connection_lost_while_committing_says_that_the_outcome_is_unknown(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Log.open(postgres_url, origin=ORIGIN) as log:
        log.append(entries(3))
        execute = psycopg.Connection.execute

        def execute_then_cut(self: psycopg.Connection, query: object, *rest: object, **options: object) -> object:
            done = execute(self, query, *rest, **options)
            if query == "COMMIT":
                raise psycopg.OperationalError("server closed the connection unexpectedly")
            return done

        monkeypatch.setattr(psycopg.Connection, "execute", execute_then_cut)
        with pytest.raises(LedgerError, match="RQC-L035"):
            log.append_one(entry(3))
        monkeypatch.undo()
        again = log.append_one(entry(3))
        assert (again.index, again.again) == (3, True)


def test_a_ledger_locked_for_long_is_a_clear_error_and_nothing_is_lost(postgres_url: str) -> None:
    with Log.open(postgres_url, origin=ORIGIN, wait_seconds=0.2) as log:
        log.append(entries(3))
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT size FROM ledger_head FOR UPDATE")
            with pytest.raises(LedgerError, match="RQC-L031"):
                log.append_one(entry(3))
            other.rollback()
        assert log.append_one(entry(3)).index == 3


def test_a_transaction_left_open_by_a_dead_writer_does_not_hold_the_others(postgres_url: str) -> None:
    with Log.open(postgres_url, origin=ORIGIN) as log:
        dead = psycopg.connect(postgres_url)
        dead.execute("SELECT size FROM ledger_head FOR UPDATE")
        dead.close()
        assert log.append_one(entry(0)).index == 0


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://regenqc@127.0.0.1:1/ledger", "RQC-L034"),
        ("postgresql://regenqc@127.0.0.1/ledger?nonsense=1", "RQC-L039"),
        ("postgresql://[", "RQC-L039"),
    ],
)
def test_a_server_that_cannot_be_reached_is_a_clear_error(url: str, code: str) -> None:
    with pytest.raises(LedgerError, match=code):
        Log.open(url, origin=ORIGIN, wait_seconds=2)


def test_a_database_that_does_not_exist_is_a_clear_error(postgres_server: PostgresServer) -> None:
    with pytest.raises(LedgerError, match=r"RQC-L03[46]"):
        Log.open(postgres_server.url("nowhere"), origin=ORIGIN)


def test_a_password_is_never_shown(postgres_server: PostgresServer) -> None:
    url = postgres_server.url("postgres").replace("regenqc@", "regenqc:sesame@")
    assert "sesame" not in open_store(url).url
    with pytest.raises(LedgerError) as caught:
        Log.open(f"{url}?options=-csearch_path%3Dnowhere", read_only=True)
    assert "sesame" not in str(caught.value)


def test_rights_to_change_what_is_recorded_are_taken_away(postgres_url: str) -> None:
    with Log.open(postgres_url, origin=ORIGIN) as log:
        log.append(entries(3))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        rights = connection.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE table_schema = %s "
            "AND table_name IN ('ledger_entry', 'ledger_node', 'ledger_checkpoint', 'ledger_cosignature') "
            "AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')",
            (schema_of(postgres_url),),
        ).fetchall()
        assert rights == []
        for statement in ("UPDATE ledger_entry SET body = 'x'", "DELETE FROM ledger_entry", "TRUNCATE ledger_entry"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                connection.execute(statement)  # this role is a superuser, whom only the trigger stops


def test_a_role_that_may_only_add_can_record(postgres_server: PostgresServer, postgres_url: str) -> None:
    schema = schema_of(postgres_url)
    Log.open(postgres_url, origin=ORIGIN).close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE recorder_{schema} LOGIN")
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO recorder_{schema}")
        connection.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO recorder_{schema}")
        connection.execute(f"GRANT UPDATE ON {schema}.ledger_head TO recorder_{schema}")
    url = postgres_url.replace("regenqc@", f"recorder_{schema}@")
    with Log.open(url) as log:
        assert log.append(entries(100))[99].index == 99
        with pytest.raises(LedgerError, match="RQC-L037"), log.store.transaction() as transaction:
            transaction.execute("DELETE FROM ledger_entry")
    del postgres_server


def test_a_session_that_would_confirm_too_early_is_corrected(postgres_url: str) -> None:
    schema = schema_of(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE hasty_{schema} LOGIN SUPERUSER")
        connection.execute(f"ALTER ROLE hasty_{schema} SET synchronous_commit = off")
    with Log.open(postgres_url.replace("regenqc@", f"hasty_{schema}@"), origin=ORIGIN) as log:
        assert log.store.describe()["synchronous_commit"] == "on"


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """Return a server that the test may crash."""
    if why_no_server():
        pytest.skip(why_no_server())
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


def test_a_server_that_is_killed_loses_nothing_acknowledged(own_server: PostgresServer) -> None:
    url = own_server.new_ledger()
    with Log.open(url, origin=ORIGIN, wait_seconds=2) as log:
        log.append(entries(500))
        own_server.stop(signal.SIGKILL)
        with pytest.raises(LedgerError, match=r"RQC-L03[45]"):
            log.append_one(entry(500))
        own_server.start()
        assert log.append_one(entry(500)).index == 500
        assert log.verify().ok


def test_a_server_that_does_not_keep_what_it_confirms_is_refused(own_server: PostgresServer) -> None:
    url = own_server.new_ledger()
    own_server.stop()
    own_server.start("fsync=off")
    with pytest.raises(LedgerError, match=r"RQC-L042.*fsync = off"):
        Log.open(url, origin=ORIGIN)


def test_an_index_that_does_not_fit_its_table_is_found_where_amcheck_is_installed(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        available = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").fetchone()
        if available is None:
            pytest.skip("the extension amcheck is not installed on this server")
        connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
    with Log.open(postgres_url, origin=ORIGIN) as log:
        log.append(entries(300))
        assert log.store.describe()["index check"] == "amcheck"
        assert log.verify().ok
