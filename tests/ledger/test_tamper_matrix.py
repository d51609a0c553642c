"""Every way to tamper with a ledger, and exactly which detectors find it: no more, no less.

Rows are attacks, columns the detectors of `regenqc.ledger.verification`. What only `outside_checkpoint` finds is found by
nobody who has only the database and the log's own key: that is why checkpoints are cosigned and kept elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from regenqc.ledger import CheckpointMemory, Entry, Log, Policy
from regenqc.ledger.merkle import Frontier, leaf_hash, leaf_hashes
from regenqc.ledger.note import Ed25519Signer

from .shelf import Shelf, ShelfAuditor, moves
from .workbench import LOG_KEY, NOW, ORIGIN, WITNESS_KEYS, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from regenqc.ledger import Transaction, Verification

COUNT = 600
TAIL = 40
POLICY = Policy.of([LOG_KEY.verifier], witnesses=[WITNESS_KEYS[0].verifier])
TEXTS = [f"place-{number} thing-{number % 50}" for number in range(COUNT + TAIL)]


class Case:
    """A ledger with two checkpoints, the second of them cosigned and held elsewhere too."""

    def __init__(self, new_url: Callable[[], str], folder: Path) -> None:
        self._new_url = new_url
        self._folder = folder
        self.log = self._made(TEXTS[:COUNT], LOG_KEY)
        signed = self.log.latest_checkpoint()
        line = WITNESS_KEYS[0].sign(signed.note.text, time=NOW).line.encode()
        self.outside = [self.log.add_cosignatures(signed, line, policy=POLICY).encoded]

    def _made(self, texts: Sequence[str], key: Ed25519Signer, *, sign_at: Sequence[int] = (200, COUNT)) -> Log:
        url = self.url = self._new_url()
        log = Log.open(url, origin=ORIGIN, projection=Shelf())
        memory = CheckpointMemory(self._folder / f"memory {abs(hash(url))}")
        entries = moves(*texts)
        start = 0
        for end in [*(size for size in sign_at if size < len(texts)), len(texts)]:
            log.append(entries[start:end])
            log.checkpoint(key, memory=memory, now=NOW)
            start = end
        return log

    def remade(self, texts: Sequence[str], key: Ed25519Signer = LOG_KEY) -> None:
        """Put another ledger, hashed and signed anew, in the place of this one."""
        self.log.close()
        self.log = self._made(texts, key)

    def change(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        """Change the database as its owner can, past the triggers."""
        with self.log.store.transaction() as transaction:
            _disarm(transaction)
            for statement, parameters in statements:
                transaction.execute(statement, parameters)

    def verify(self, *, outside: bool = True) -> Verification:
        return self.log.verify(policy=POLICY, outside=self.outside if outside else (), auditor=ShelfAuditor())


def _disarm(transaction: Transaction) -> None:
    if transaction.dialect == "postgresql":
        transaction.execute("SET LOCAL session_replication_role = replica")
        for table in ("entry", "node", "checkpoint", "head", "cosignature", "blob", "meta"):
            transaction.execute(f"GRANT ALL ON ledger_{table} TO CURRENT_USER")
    else:
        for (name,) in transaction.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            transaction.execute(f"DROP TRIGGER {name}")


@pytest.fixture
def case(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    urls = [url]

    def new_url() -> str:
        if urls:
            return urls.pop()
        if url.startswith("sqlite"):
            return f"sqlite:///{tmp_path}/another.db"
        return request.getfixturevalue("postgres_server").new_ledger()

    made = Case(new_url, tmp_path)
    yield made
    made.log.close()


def edited(number: int, text: str) -> list[str]:
    return [*TEXTS[:number], text, *TEXTS[number + 1 : COUNT]]


def edit_a_row(case: Case) -> None:
    case.change(("UPDATE ledger_entry SET body = ? WHERE idx = 100", (b"elsewhere thing-0",)))


def edit_a_row_and_its_leaf(case: Case) -> None:
    body = b"elsewhere thing-0"
    case.change(("UPDATE ledger_entry SET body = ?, leaf = ? WHERE idx = 100", (body, leaf_hash(body))))


def edit_a_leaf(case: Case) -> None:
    case.change(("UPDATE ledger_entry SET leaf = ? WHERE idx = 100", (bytes(32),)))


def delete_a_row_and_renumber(case: Case) -> None:
    case.change(
        ("DELETE FROM ledger_entry WHERE idx = 100", ()),
        ("UPDATE ledger_entry SET idx = -idx WHERE idx > 100", ()),
        ("UPDATE ledger_entry SET idx = -idx - 1 WHERE idx < 0", ()),
    )


def delete_a_row(case: Case) -> None:
    case.change(("DELETE FROM ledger_entry WHERE idx = 100", ()))


def delete_the_last_rows(case: Case) -> None:
    case.change(("DELETE FROM ledger_entry WHERE idx >= 590", ()))


def swap_two_rows(case: Case) -> None:
    case.change(
        ("UPDATE ledger_entry SET idx = -1 WHERE idx = 100", ()),
        ("UPDATE ledger_entry SET idx = 100 WHERE idx = 101", ()),
        ("UPDATE ledger_entry SET idx = 101 WHERE idx = -1", ()),
    )


def edit_an_inner_hash(case: Case) -> None:
    case.change(("UPDATE ledger_node SET hash = ? WHERE level = 1 AND position = 1", (bytes(32),)))


def add_an_inner_hash(case: Case) -> None:
    case.change(("INSERT INTO ledger_node (level, position, hash) VALUES (1, 2, ?)", (bytes(32),)))


def add_a_row_far_away(case: Case) -> None:
    case.change(
        (
            "INSERT INTO ledger_entry (idx, leaf, key, body) VALUES (?, ?, ?, ?)",
            (2**60, leaf_hash(b"far away"), b"far away", b"far away"),
        )
    )


def add_a_row_before_the_first(case: Case) -> None:
    case.change(
        (
            "INSERT INTO ledger_entry (idx, leaf, key, body) VALUES (-1, ?, ?, ?)",
            (leaf_hash(b"first"), b"first", b"first"),
        )
    )


def edit_the_head(case: Case) -> None:
    size = COUNT - 1
    frontier, _ = Frontier().extended(leaf_hashes([text.encode() for text in TEXTS[:size]]))
    case.change(("UPDATE ledger_head SET size = ?, frontier = ?", (size, b"".join(frontier.hashes))))


def rewrite_with_a_wrong_key(case: Case) -> None:
    case.remade(edited(100, "elsewhere thing-0"), Ed25519Signer(ORIGIN, seed("wrong")))


def rewrite_with_the_stolen_key(case: Case) -> None:
    case.remade(edited(100, "elsewhere thing-0"))


def insert_back_dated_with_the_stolen_key(case: Case) -> None:
    case.remade([*TEXTS[:100], "elsewhere thing-99", *TEXTS[100:COUNT]])


def roll_back_to_an_older_backup(case: Case) -> None:
    case.remade(TEXTS[:300])


def roll_back_and_go_on_with_the_stolen_key(case: Case) -> None:
    case.remade([*TEXTS[:300], *(f"other-{number} thing-1" for number in range(400))])


def delete_all_checkpoints(case: Case) -> None:
    case.change(("DELETE FROM ledger_checkpoint", ()))


def delete_a_checkpoint(case: Case) -> None:
    case.change(("DELETE FROM ledger_checkpoint WHERE number = 1", ()))


def delete_the_newest_checkpoint(case: Case) -> None:
    case.change(("DELETE FROM ledger_checkpoint WHERE number = (SELECT MAX(number) FROM ledger_checkpoint)", ()))


def edit_a_blob(case: Case) -> None:
    digest = case.log.put_blob(b"a trace of a logger")
    case.change(("UPDATE ledger_blob SET data = ? WHERE digest = ?", (b"a warm trace", digest)))


def rename_the_log(case: Case) -> None:
    case.change(("UPDATE ledger_meta SET value = ? WHERE name = 'origin'", ("other.example/ledger",)))
    case.log.close()
    case.log = Log.open(case.url, projection=Shelf())


def edit_a_checkpoint(case: Case) -> None:
    case.change(("UPDATE ledger_checkpoint SET note = ? WHERE number = 1", (b"200 entries, honestly\n",)))


def delete_a_row_of_the_layer_above(case: Case) -> None:
    case.change(("DELETE FROM shelf_thing WHERE thing = 'thing-7'", ()))


def add_a_row_of_the_layer_above(case: Case) -> None:
    case.change(("INSERT INTO shelf_thing (thing, place, moved_by) VALUES ('thing-x', 'tank', 5)", ()))


def change_a_key(case: Case) -> None:
    case.change(("UPDATE ledger_entry SET key = ? WHERE idx = 100", (b"another name",)))


def drop_what_no_witness_has_seen(case: Case) -> None:
    case.remade(TEXTS[:COUNT])


def nothing(case: Case) -> None:
    del case


STORED, TREE, SIGNED, ABOVE, OUTSIDE = "stored_leaf", "tree", "signed_checkpoint", "projection", "outside_checkpoint"
BLOB = "stored_blob"
MATRIX = [
    (nothing, set()),
    (edit_a_row, {STORED, TREE, SIGNED, OUTSIDE, ABOVE}),
    (edit_a_row_and_its_leaf, {TREE, SIGNED, OUTSIDE, ABOVE}),
    (edit_a_leaf, {STORED}),
    (delete_a_row, {TREE, SIGNED, OUTSIDE}),
    (delete_a_row_and_renumber, {TREE, SIGNED, OUTSIDE, ABOVE}),
    (delete_the_last_rows, {TREE, SIGNED, OUTSIDE, ABOVE}),
    (swap_two_rows, {TREE, SIGNED, OUTSIDE}),
    (add_a_row_far_away, {TREE, ABOVE}),
    (add_a_row_before_the_first, {TREE, SIGNED, OUTSIDE, ABOVE}),
    (edit_an_inner_hash, {TREE}),
    (add_an_inner_hash, {TREE}),
    (edit_the_head, {TREE}),
    (rewrite_with_a_wrong_key, {SIGNED, OUTSIDE}),
    (rewrite_with_the_stolen_key, {OUTSIDE}),
    (insert_back_dated_with_the_stolen_key, {OUTSIDE}),
    (roll_back_to_an_older_backup, {OUTSIDE}),
    (roll_back_and_go_on_with_the_stolen_key, {OUTSIDE}),
    (delete_all_checkpoints, {SIGNED}),
    (delete_a_checkpoint, {SIGNED}),
    (edit_a_checkpoint, {SIGNED}),
    # The entries are those that were signed; that fewer of them are signed is reported as the unsigned tail.
    (delete_the_newest_checkpoint, set()),
    (edit_a_blob, {BLOB}),
    (rename_the_log, {SIGNED, OUTSIDE}),
    (delete_a_row_of_the_layer_above, {ABOVE}),
    (add_a_row_of_the_layer_above, {ABOVE}),
    (change_a_key, {ABOVE}),
    (drop_what_no_witness_has_seen, set()),
]


@pytest.mark.parametrize(
    ("attack", "detectors"), MATRIX, ids=[attack.__name__.replace("_", " ") for attack, _ in MATRIX]
)
def test_an_attack_is_found_by_exactly_these_detectors(
    case: Case, attack: Callable[[Case], None], detectors: set[str]
) -> None:
    attack(case)
    found = case.verify()
    assert found.detectors == detectors, found.detections
    assert found.ok == (not detectors)


def test_without_a_checkpoint_from_outside_a_rewriting_with_the_stolen_key_passes(case: Case) -> None:
    rewrite_with_the_stolen_key(case)
    assert case.verify(outside=False).ok


def test_the_distance_that_no_witness_has_seen_is_reported_before_it_can_be_dropped(case: Case) -> None:
    case.log.append(moves(*TEXTS)[COUNT:])
    found = case.verify()
    assert (found.ok, found.unwitnessed_tail, found.unsigned_tail) == (True, TAIL, TAIL)


def test_a_damaged_index_is_found(sqlite_url: str) -> None:
    """A key that its index does not know would be recorded a second time."""
    with Log.open(sqlite_url, origin=ORIGIN) as log:
        log.append([Entry(b"%d" % number, b"x") for number in range(100)])
        with log.store.transaction() as transaction:
            ((sql,),) = transaction.execute("SELECT sql FROM sqlite_master WHERE name = 'ledger_entry_key'")
            transaction.execute("DROP INDEX ledger_entry_key")
            transaction.execute("CREATE UNIQUE INDEX ledger_entry_key ON ledger_entry (key) WHERE idx <> 50")
        writer = log.store._writer
        writer.execute("PRAGMA writable_schema = ON")
        with log.store.transaction() as transaction:
            transaction.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'ledger_entry_key'", (sql,))
    with Log.open(sqlite_url, read_only=True) as log:
        assert log.verify().detectors == {"key_index"}
        assert log.verify(indexes=False).ok


def test_many_detections_are_all_counted_and_the_first_are_listed(case: Case) -> None:
    case.change(("UPDATE ledger_entry SET leaf = ? WHERE idx < 100", (bytes(32),)))
    found = case.verify()
    assert dict(found.counts) == {"stored_leaf": 100}
    assert len(found.detections) == 20
    assert "entry 0" in found.detections[0].fault.where


@pytest.mark.parametrize(
    "data",
    [b"rubbish", Ed25519Signer("other.example", seed("o")).verifier.text.encode()],
    ids=["rubbish", "a key"],
)
def test_a_checkpoint_from_outside_that_cannot_be_read_is_not_passed_over(case: Case, data: bytes) -> None:
    assert case.log.verify(policy=POLICY, outside=[data]).detectors == {"outside_checkpoint"}


def test_a_checkpoint_from_outside_without_the_wanted_witness_is_not_passed_over(case: Case) -> None:
    alone = next(iter(case.log.checkpoints())).encoded
    assert case.log.verify(policy=POLICY, outside=[alone]).detectors == {"outside_checkpoint"}
