"""What a ledger promises, on every store: the same tests run on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from regenqc.errors import Fault, LedgerError
from regenqc.ledger import Appended, CheckpointMemory, Entry, Log, Policy, Refused, verify_proof
from regenqc.ledger.blobs import LARGEST_BLOB_BYTES
from regenqc.ledger.merkle import leaf_hash, tree_hash, verify_consistency
from regenqc.ledger.schema import MIGRATIONS

from . import oracle
from .shelf import Shelf, moves, places
from .workbench import LOG_KEY, NOW, ORIGIN, POLICY, WITNESS_KEYS, Workbench, entries, entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.ledger import Transaction

Opening = Callable[..., Log]


# ---- recording ------------------------------------------------------------------------------------------------------


def test_a_new_ledger_is_empty(open_log: Opening) -> None:
    log = open_log()
    assert (log.size, log.origin, log.writable, log.why_read_only) == (0, ORIGIN, True, "")


def test_entries_get_consecutive_places_and_their_leaf_hashes(bench: Workbench) -> None:
    given = entries(5)
    assert bench.log.append(given) == tuple(Appended(index, leaf_hash(each.body)) for index, each in enumerate(given))


@pytest.mark.parametrize("count", [1, 63, 64, 65, 255, 256, 257, 1000], ids=lambda count: f"{count} entries at once")
def test_the_root_is_that_of_the_recorded_bytes(bench: Workbench, count: int) -> None:
    given = entries(count)
    bench.log.append(given)
    assert bench.sign().root == tree_hash([leaf_hash(each.body) for each in given])


def test_the_root_does_not_depend_on_how_entries_are_grouped(bench: Workbench) -> None:
    given = [Entry(f"{number}".encode(), data) for number, data in enumerate(oracle.DATA)]
    start = 0
    for count in (1, 2, 61, 64, 100, 29, 300):
        bench.log.append(given[start : start + count])
        start += count
        with bench.log.read() as snapshot:
            assert snapshot.head().root == oracle.root(0, start)
            assert snapshot.tree().root(start) == oracle.root(0, start)


def test_the_bytes_that_come_back_are_the_bytes_that_were_given(bench: Workbench) -> None:
    odd = [bytes(range(256)), b"\x00", b"'; DROP TABLE ledger_entry; --", "Ωmega é".encode(), b"%s ? %% ??"]
    given = [Entry(sha256(body).digest(), body) for body in odd]
    bench.log.append(given)
    assert [(found.key, found.body) for found in bench.log.entries()] == [(each.key, each.body) for each in given]


def test_the_largest_entry_is_recorded(bench: Workbench) -> None:
    largest = Entry(b"k" * 128, b"x" * 65_535)
    bench.log.append_one(largest)
    assert bench.log.entry(0).body == largest.body


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Entry(b"", b"x"), id="an empty key"),
        pytest.param(Entry(b"k" * 129, b"x"), id="a key that is too long"),
        pytest.param(Entry(b"k", b""), id="an empty body"),
        pytest.param(Entry(b"k", b"x" * 65_536), id="a body that is too long"),
        pytest.param(Entry("k", b"x"), id="a key that is text"),
        pytest.param(Entry(b"k", bytearray(b"x")), id="a body that could still change"),
    ],
)
def test_a_malformed_entry_is_refused_and_the_others_of_the_call_are_recorded(bench: Workbench, wrong: Entry) -> None:
    first, refused, last = bench.log.append([entry(1), wrong, entry(2)])
    assert (first.index, last.index) == (0, 1)
    assert isinstance(refused, Refused)
    assert refused.fault.code == "RQC-L020"


def test_the_same_key_with_the_same_bytes_is_acknowledged_again_with_the_same_place(bench: Workbench) -> None:
    before = bench.log.append(entries(3))
    again = bench.log.append(list(reversed(entries(3))))
    assert again == tuple(Appended(each.index, each.leaf, again=True) for each in reversed(before))
    assert bench.log.size == 3


def test_the_same_key_with_other_bytes_is_refused_and_nothing_changes(bench: Workbench) -> None:
    bench.fill(3)
    with pytest.raises(LedgerError, match="RQC-L021"):
        bench.log.append_one(Entry(entry(1).key, b"other"))
    assert bench.log.size == 3
    assert bench.log.find(entry(1).key).body == entry(1).body


def test_a_key_that_comes_twice_in_one_call_is_judged_as_if_it_came_in_two(bench: Workbench) -> None:
    one = entry(1)
    first, same, other, last = bench.log.append([one, one, Entry(one.key, b"other"), entry(2)])
    assert (first, same) == (Appended(0, leaf_hash(one.body)), Appended(0, leaf_hash(one.body), again=True))
    assert isinstance(other, Refused)
    assert last.index == 1


def test_nothing_appended_is_nothing_recorded(bench: Workbench) -> None:
    assert bench.log.append([]) == ()
    assert bench.log.size == 0


def test_a_long_stream_is_recorded_in_several_transactions(bench: Workbench) -> None:
    sizes = [len(outcomes) for outcomes in bench.log.append_many(iter(entries(250)), per_transaction=100)]
    assert (sizes, bench.log.size) == ([100, 100, 50], 250)


def test_keys_and_bytes_of_every_length_and_value_are_recorded_as_they_are(bench: Workbench) -> None:
    dice = random.Random(7)
    lengths = [1, 2, 255, 256, 65_535, *(dice.randrange(1, 60) for _ in range(9_000))]
    given = [
        Entry(number.to_bytes(3, "big") + bytes(dice.randrange(0, 126)), dice.randbytes(length))
        for number, length in enumerate(lengths)
    ]
    bench.log.append(given)
    stored = list(bench.log.entries())
    assert [(found.index, found.key, found.body) for found in stored] == [
        (index, entry.key, entry.body) for index, entry in enumerate(given)
    ]
    assert [found.leaf for found in stored] == [leaf_hash(entry.body) for entry in given]
    assert bench.log.verify().ok


def test_what_was_acknowledged_is_there_when_the_ledger_is_opened_again(open_log: Opening) -> None:
    log = open_log()
    log.append(entries(300))
    log.close()
    again = open_log(origin=None)
    assert again.origin == ORIGIN
    assert again.append_one(entry(299)).again
    assert again.append_one(entry(300)).index == 300


def test_a_closed_ledger_refuses_to_record(open_log: Opening) -> None:
    log = open_log()
    log.close()
    with pytest.raises(LedgerError, match="RQC-L038"):
        log.append_one(entry(1))
    with pytest.raises(LedgerError, match="RQC-L038"):
        _ = log.size


def test_a_ledger_of_another_origin_is_not_opened(open_log: Opening, url: str) -> None:
    open_log().close()
    with pytest.raises(LedgerError, match="RQC-L040"):
        Log.open(url, origin="other.example/ledger")


def test_a_new_ledger_needs_an_origin(url: str) -> None:
    with pytest.raises(LedgerError, match="RQC-L040"):
        Log.open(url)


def test_reading_does_not_create_a_ledger(url: str) -> None:
    with pytest.raises(LedgerError, match="RQC-L036"):
        Log.open(url, read_only=True)


def test_a_ledger_opened_for_reading_does_not_record(open_log: Opening, url: str) -> None:
    open_log().append(entries(3))
    with Log.open(url, read_only=True) as reader:
        assert reader.size == 3
        with pytest.raises(LedgerError, match="RQC-L037"):
            reader.append_one(entry(3))


def test_a_reader_sees_what_is_recorded_after_it_was_opened(open_log: Opening, url: str) -> None:
    log = open_log()
    with Log.open(url, read_only=True) as reader:
        log.append(entries(3))
        assert reader.size == 3


def test_a_ledger_whose_newest_entries_are_lost_is_not_written_to_but_can_be_read(open_log: Opening, url: str) -> None:
    log = open_log()
    log.append(entries(300))
    with log.store.transaction() as transaction:
        if transaction.dialect == "sqlite":
            transaction.execute("DROP TRIGGER ledger_entry_delete")
        else:
            transaction.execute("SET LOCAL session_replication_role = replica")
            transaction.execute("GRANT DELETE ON ledger_entry TO CURRENT_USER")
        transaction.execute("DELETE FROM ledger_entry WHERE idx = 299")
    log.close()
    with pytest.raises(LedgerError, match="RQC-L036"):
        Log.open(url)
    with Log.open(url, read_only=True) as reader:
        assert reader.verify().detectors == {"tree"}


# ---- many at once ---------------------------------------------------------------------------------------------------


def test_what_many_threads_submit_is_recorded_once_each_and_without_gaps(bench: Workbench) -> None:
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(bench.log.append_one, entries(400)))
    assert sorted(each.index for each in outcomes) == list(range(400))
    assert bench.log.verify().ok


def test_one_event_submitted_by_many_threads_at_once_is_recorded_once(bench: Workbench) -> None:
    start = threading.Barrier(8)

    def race(_: int) -> Appended:
        start.wait()
        return bench.log.append_one(entry(7))

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(race, range(8)))
    assert {each.index for each in outcomes} == {0}
    assert sum(not each.again for each in outcomes) == 1


def test_of_two_contents_raced_under_one_key_exactly_one_is_recorded(bench: Workbench) -> None:
    start = threading.Barrier(6)

    def race(number: int) -> Appended | Refused:
        start.wait()
        return bench.log.append([Entry(b"same key", f"content {number}".encode())])[0]

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(race, range(6)))
    assert sum(isinstance(each, Appended) for each in outcomes) == 1
    assert bench.log.size == 1


def test_writers_and_readers_that_verify_every_proof_against_one_checkpoint(bench: Workbench) -> None:
    """A small hammer: while writers go on, readers prove entries under a checkpoint that was signed before."""
    bench.fill(300)
    signed = bench.sign()
    stop = threading.Event()
    recorded: list[int] = []

    def write(writer: int) -> None:
        number = 0
        while not stop.is_set() and number < 400:
            recorded.append(bench.log.append_one(entry(number, word=f"writer-{writer}")).index)
            number += 1

    def read(reader: int) -> int:
        dice = random.Random(reader)
        for _ in range(60):
            index = dice.randrange(300)
            found = bench.log.entry(index)
            verified = verify_proof(bench.log.prove(index), found.body, policy=POLICY)
            assert verified.trusted.signed.root == signed.root
            with bench.log.read() as snapshot:
                size = snapshot.size()
                verify_consistency(
                    snapshot.tree().consistency_proof(300, size),
                    first=300,
                    second=size,
                    first_root=signed.root,
                    second_root=snapshot.head().root,
                )
        return reader

    with ThreadPoolExecutor(7) as threads:
        writers = [threads.submit(write, number) for number in range(4)]
        readers = [threads.submit(read, number) for number in range(3)]
        assert [each.result() for each in readers] == [0, 1, 2]
        stop.set()
        for each in writers:
            each.result()
    assert sorted(recorded) == list(range(300, 300 + len(recorded)))
    bench.sign()
    assert bench.log.verify(policy=POLICY).ok


# ---- checkpoints and proofs -----------------------------------------------------------------------------------------


def test_every_entry_is_proved_under_the_newest_checkpoint(bench: Workbench) -> None:
    bench.fill(300)
    bench.sign()
    bench.fill(5, start=300)
    for index, proof in enumerate(bench.log.proofs(range(300))):
        assert verify_proof(proof, entry(index).body, policy=POLICY).index == index


def test_an_entry_that_no_checkpoint_covers_has_no_proof_yet(bench: Workbench) -> None:
    bench.fill(3)
    bench.sign()
    bench.fill(1, start=3)
    with pytest.raises(LedgerError, match="RQC-L061"):
        bench.log.prove(3)


@pytest.mark.parametrize("index", [-1, 3, 2**40])
def test_an_entry_that_does_not_exist_has_no_proof(bench: Workbench, index: int) -> None:
    bench.fill(3)
    bench.sign()
    with pytest.raises(LedgerError, match="RQC-L060"):
        bench.log.prove(index)
    with pytest.raises(LedgerError, match="RQC-L060"):
        bench.log.entry(index)


def test_checkpoints_are_kept_in_the_order_of_signing(bench: Workbench) -> None:
    sizes = []
    for start in range(0, 60, 3):
        bench.fill(3, start=start)
        sizes.append(bench.sign(now=NOW + start).size)
    assert [signed.size for signed in bench.log.checkpoints()] == sizes
    assert [signed.size for signed in bench.log.checkpoints(newest_first=True)] == sizes[::-1]


def test_the_last_checkpoint_is_returned_again_when_nothing_was_added(bench: Workbench) -> None:
    bench.fill(3)
    assert bench.sign(now=NOW) == bench.sign(now=NOW + 60)
    assert len(list(bench.log.checkpoints())) == 1


def test_an_empty_log_can_be_signed_and_grows_from_there(bench: Workbench) -> None:
    assert bench.sign().size == 0
    bench.fill(3)
    assert bench.sign().size == 3


# ---- blobs ----------------------------------------------------------------------------------------------------------


def test_a_blob_comes_back_by_its_digest(bench: Workbench) -> None:
    data = bytes(range(256)) * 1000
    digest = bench.log.put_blob(data)
    assert digest == sha256(data).digest()
    assert bench.log.put_blob(data) == digest
    assert bench.log.blob(digest) == data


def test_an_empty_blob_is_a_blob(bench: Workbench) -> None:
    assert bench.log.blob(bench.log.put_blob(b"")) == b""


def test_a_blob_that_is_not_kept_is_an_error(bench: Workbench) -> None:
    with pytest.raises(LedgerError, match="RQC-L022"):
        bench.log.blob(bytes(32))


def test_a_blob_that_is_too_large_is_refused(bench: Workbench) -> None:
    with pytest.raises(LedgerError, match="RQC-L022"):
        bench.log.put_blob(bytes(LARGEST_BLOB_BYTES + 1))


# ---- the layer above ------------------------------------------------------------------------------------------------


def test_tables_of_the_layer_above_change_with_the_log(open_log: Opening) -> None:
    log = open_log(projection=Shelf())
    log.append(moves("tank vial-1", "tank vial-2", "bench vial-1"))
    assert places(log) == {"vial-1": ("bench", 2), "vial-2": ("tank", 1)}


def test_the_layer_above_can_refuse_and_places_stay_without_gaps(open_log: Opening) -> None:
    log = open_log(projection=Shelf())
    outcomes = log.append(moves("tank vial-1", "tank vial-1", "tank vial-2"))
    assert [type(each) for each in outcomes] == [Appended, Refused, Appended]
    assert outcomes[1].fault.code == "RQC-L900"
    assert outcomes[2].index == 1
    assert places(log)["vial-2"] == ("tank", 1)


def test_the_layer_above_never_sees_what_is_recorded_already(open_log: Opening) -> None:
    log = open_log(projection=Shelf())
    log.append(moves("tank vial-1"))
    assert log.append(moves("tank vial-1"))[0].again


def test_a_defect_in_the_layer_above_reaches_only_the_caller_whose_entry_it_was(open_log: Opening) -> None:
    log = open_log(projection=Shelf())
    start = threading.Barrier(4)

    def race(text: str) -> object:
        start.wait()
        try:
            return log.append_one(moves(text)[0])
        except RuntimeError as error:
            return error

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(race, ["tank a", "crash b", "tank c", "tank d"]))
    assert [isinstance(each, RuntimeError) for each in outcomes] == [False, True, False, False]
    assert set(places(log)) == {"a", "c", "d"}
    assert log.verify().ok


def test_a_defect_in_the_layer_above_leaves_nothing_behind(open_log: Opening) -> None:
    shelf = Shelf()
    log = open_log(projection=shelf)
    shelf.broken = True
    with pytest.raises(RuntimeError):
        log.append(moves("tank vial-1"))
    shelf.broken = False
    assert (log.size, places(log)) == (0, {})
    assert log.append_one(moves("tank vial-1")[0]).index == 0


def test_a_wrong_statement_of_the_layer_above_is_a_ledger_error(open_log: Opening) -> None:
    class Wrong(Shelf):
        def apply(self, transaction: Transaction, **_: Any) -> Mapping[int, Fault]:
            transaction.execute("SELECT * FROM shelf_nowhere")
            return {}

    log = open_log(projection=Wrong())
    with pytest.raises(LedgerError, match="RQC-L045"):
        log.append(moves("tank vial-1"))


@pytest.mark.parametrize("flat", [False, True], ids=["row by row", "value after value"])
@pytest.mark.parametrize("count", [1, 255, 256, 257, 5000], ids=lambda count: f"{count} rows")
def test_rows_of_every_kind_come_back_as_they_were_written(open_log: Opening, count: int, *, flat: bool) -> None:
    columns = ("number", "words", "raw", "share", "absent")
    rows = [(2**40 + number, f"é {number} % ?", bytes([number % 256]), number / 8, None) for number in range(count)]

    class Kinds(Shelf):
        def create(self, transaction: Transaction, **_: Any) -> None:
            binary = "BLOB" if transaction.dialect == "sqlite" else "BYTEA"
            transaction.execute(
                f"CREATE TABLE kinds (number BIGINT, words TEXT, raw {binary}, share DOUBLE PRECISION, absent TEXT)"
            )

        def apply(self, transaction: Transaction, **_: Any) -> Mapping[int, Fault]:
            if flat:
                transaction.insert_values("kinds", columns, [value for row in rows for value in row])
            else:
                transaction.insert_rows("kinds", columns, rows)
            return {}

    log = open_log(projection=Kinds())
    log.append(moves("any"))
    with log.read() as snapshot:
        assert snapshot.execute("SELECT number, words, raw, share, absent FROM kinds ORDER BY number") == rows
        streamed = list(snapshot.stream("SELECT number FROM kinds ORDER BY number", rows_per_chunk=1000))
    assert [row for chunk in streamed for row in chunk] == [(row[0],) for row in rows]
    assert max(map(len, streamed)) <= 1000


def test_tables_of_the_layer_above_are_migrated_once(open_log: Opening) -> None:
    shelves = [Shelf(), Shelf(), Shelf(version=3)]
    for shelf in shelves:
        open_log(projection=shelf).close()
    assert [shelf.created for shelf in shelves] == [[0], [], [1]]


def test_tables_of_a_newer_layer_above_make_the_ledger_read_only(open_log: Opening) -> None:
    log = open_log(projection=Shelf(version=2))
    log.append(moves("tank vial-1"))
    log.close()
    older = open_log(projection=Shelf(version=1))
    assert not older.writable
    assert "version 2" in older.why_read_only
    assert places(older) == {"vial-1": ("tank", 0)}
    with pytest.raises(LedgerError, match="RQC-L037"):
        older.append_one(entry(1))


def test_a_view_stays_what_it_was_while_the_log_grows(open_log: Opening) -> None:
    log = open_log(projection=Shelf())
    log.append(moves("tank vial-1"))
    with log.read() as snapshot:
        before = snapshot.size()
        log.append([Entry(b"later", b"bench vial-1")])
        assert snapshot.size() == before == 1
        assert snapshot.execute("SELECT place FROM shelf_thing") == [("tank",)]
    assert places(log) == {"vial-1": ("bench", 1)}


# ---- append only ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET body = body",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_node SET hash = hash",
        "DELETE FROM ledger_node",
        "UPDATE ledger_checkpoint SET signed_at = 0",
        "DELETE FROM ledger_checkpoint",
        "DELETE FROM ledger_cosignature",
        "DELETE FROM ledger_head",
        "UPDATE ledger_head SET size = size - 1",
    ],
)
def test_the_database_refuses_to_change_what_is_recorded(bench: Workbench, statement: str) -> None:
    bench.fill(300)
    signed = bench.sign()
    cosigner = WITNESS_KEYS[0]
    policy = Policy.of([LOG_KEY.verifier], witnesses=[cosigner.verifier])
    bench.log.add_cosignatures(signed, cosigner.sign(signed.note.text, time=NOW).line.encode(), policy=policy)
    with pytest.raises(LedgerError, match=r"RQC-L045|RQC-L037"), bench.log.store.transaction() as transaction:
        transaction.execute(statement)
    assert bench.log.verify(policy=POLICY).ok


# ---- a newer schema -------------------------------------------------------------------------------------------------


def test_a_ledger_with_a_newer_schema_opens_for_reading_only(open_log: Opening, memory: CheckpointMemory) -> None:
    log = open_log()
    log.append(entries(10))
    with log.store.transaction() as transaction:
        transaction.put_meta("schema", "99")
    log.close()
    newer = open_log()
    assert not newer.writable
    assert "schema 99" in newer.why_read_only
    assert [found.key for found in newer.entries()] == [each.key for each in entries(10)]
    assert newer.verify().ok
    with pytest.raises(LedgerError, match=r"RQC-L037.*schema 99"):
        newer.append_one(entry(10))
    with pytest.raises(LedgerError, match="RQC-L037"):
        newer.checkpoint(LOG_KEY, memory=memory, now=NOW)


def test_a_ledger_with_an_older_schema_is_brought_up_to_date_with_everything_in_it(
    open_log: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_step = ("CREATE TABLE ledger_future (x INTEGER)", "INSERT INTO ledger_future (x) VALUES (7)")
    log = open_log()
    log.append(entries(10))
    log.close()
    newer = {dialect: (*steps, next_step) for dialect, steps in MIGRATIONS.items()}
    monkeypatch.setattr("regenqc.ledger.session.MIGRATIONS", newer)
    monkeypatch.setattr("regenqc.ledger.session.SCHEMA_VERSION", 2)
    for _ in range(2):
        log = open_log()
        with log.read() as snapshot:
            assert (snapshot.meta("schema"), snapshot.execute("SELECT x FROM ledger_future")) == ("2", [(7,)])
        assert (log.size, log.verify().ok, log.append_one(entry(0)).again) == (10, True, True)
        log.close()
    monkeypatch.undo()
    assert "schema 2" in open_log().why_read_only


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(open_log: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_log()
    log.append(entries(10))
    log.close()
    wrong = ("CREATE TABLE ledger_future (x INTEGER)", "this is not SQL")
    newer = {dialect: (*steps, wrong) for dialect, steps in MIGRATIONS.items()}
    monkeypatch.setattr("regenqc.ledger.session.MIGRATIONS", newer)
    monkeypatch.setattr("regenqc.ledger.session.SCHEMA_VERSION", 2)
    with pytest.raises(LedgerError, match="RQC-L045"):
        open_log()
    monkeypatch.undo()
    log = open_log()
    assert (log.size, log.writable, log.append_one(entry(10)).index) == (10, True, 10)
