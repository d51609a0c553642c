"""Every way to tamper with a book of custody, and exactly which detectors find it: no more, no less.

Rows are attacks, the set beside each the detectors that must find it. The tree covers the events; that the tables follow from
them shows only when they are derived again; and whoever has the log's key is found only by a checkpoint held elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from tests.custody.story import LATER, LENIENT, Scribe, life
from tests.ledger.workbench import LOG_KEY, NOW, ORIGIN, WITNESS_KEYS, seed

from regenqc.custody.book import Book, Declined
from regenqc.custody.canonical import encode_event
from regenqc.ledger import CheckpointMemory, Policy
from regenqc.ledger.merkle import leaf_hash
from regenqc.ledger.note import Ed25519Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from regenqc.custody.record import Event
    from regenqc.ledger import Transaction, Verification

NEXT_KEY = Ed25519Signer(ORIGIN, seed("next"))
TRUST = Policy.of([LOG_KEY.verifier], witnesses=[WITNESS_KEYS[0].verifier])


def history() -> list[Event]:
    """Return 240 events: the lives of ten lots, with one suspension, one correction and one person."""
    events: list[Event] = []
    for number in range(10):
        name = f"{number:04d}"
        events += life(Scribe(prefix=f"E{name}"), name=name, coi=f"COI-{name}")
    write = Scribe(prefix="Z", start="2026-05-01T00:00:00.000Z")
    void = write("store", items=("DP-0003-2",), place="TANK-9")
    events += [
        void,
        write("correction", corrects=void.event_id, basis="did_not_occur", reason="Wrong tank"),
        write("store", items=("DP-0003-2",), place="TANK-8", replaces=void.event_id, event_time=void.event_time),
        write("study_suspended", study="STUDY-A", reason="Signal"),
        write("actor_enrolled", person="QA-0001", roles=("quality_assurance",), role="quality_assurance"),
        write("recall", lot="LOT-0008", reason="Filter torn"),
    ]
    return events


EVENTS = history()
COUNT = len(EVENTS)
VICTIM = next(index for index, event in enumerate(EVENTS) if event.kind == "store")
ELSEWHERE = replace(EVENTS[VICTIM], place="TANK-7")


class Case:
    """A book with two checkpoints, the second of them cosigned and held elsewhere too."""

    def __init__(self, new_url: Callable[[], str], folder: Path) -> None:
        self._new_url = new_url
        self.folder = folder
        self.book = self._made(EVENTS, LOG_KEY)
        signed = self.book.log.latest_checkpoint()
        line = WITNESS_KEYS[0].sign(signed.note.text, time=NOW).line.encode()
        self.outside = [self.book.log.add_cosignatures(signed, line, policy=TRUST).encoded]

    def _made(self, events: Sequence[Event], key: Ed25519Signer) -> Book:
        url = self._new_url()
        book = Book.open(url, origin=ORIGIN, policy=LENIENT, now=lambda: LATER)
        memory = CheckpointMemory(self.folder / f"memory {abs(hash(url))}")
        for start, end in ((0, 100), (100, len(events))):
            assert not any(isinstance(outcome, Declined) for outcome in book.append(events[start:end]))
            book.log.checkpoint(key, memory=memory, now=NOW)
        book.append([b"refused"])
        return book

    def remade(self, events: Sequence[Event], key: Ed25519Signer = LOG_KEY) -> None:
        """Put another book, hashed and signed anew, in the place of this one."""
        self.book.close()
        self.book = self._made(events, key)

    def change(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        """Change the database as its owner can, past the triggers."""
        with self.book.log.store.transaction() as transaction:
            _disarm(transaction)
            for statement, parameters in statements:
                transaction.execute(statement, parameters)

    def number(self, code: str) -> int:
        with self.book.read() as view:
            return int(view.execute("SELECT number FROM custody_name WHERE text = ?", (code,))[0][0])

    def verify(self, *, outside: bool = True) -> Verification:
        held = self.outside if outside else []
        found = self.book.verify(trust=TRUST, outside=held)
        assert self.book.verify(trust=TRUST, outside=held, processes=2) == found
        return found


def _disarm(transaction: Transaction) -> None:
    if transaction.dialect == "postgresql":
        transaction.execute("SET LOCAL session_replication_role = replica")
        for table in ("entry", "node", "checkpoint", "head", "cosignature"):
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
        return str(request.getfixturevalue("postgres_server").new_ledger())

    made = Case(new_url, tmp_path)
    yield made
    made.book.close()


# ---- attacks on the log ---------------------------------------------------------------------------------------------------


def edit_an_event(case: Case) -> None:
    case.change(("UPDATE ledger_entry SET body = ? WHERE idx = ?", (encode_event(ELSEWHERE), VICTIM)))


def edit_an_event_and_its_leaf(case: Case) -> None:
    body = encode_event(ELSEWHERE)
    case.change(("UPDATE ledger_entry SET body = ?, leaf = ? WHERE idx = ?", (body, leaf_hash(body), VICTIM)))


def edit_an_event_its_leaf_and_its_row(case: Case) -> None:
    edit_an_event_and_its_leaf(case)
    place = case.number("TANK-3/R2")
    case.change(
        ("INSERT INTO custody_name (number, text) SELECT MAX(number) + 1, 'TANK-7' FROM custody_name", ()),
        ("UPDATE custody_step SET place = place + 1 WHERE event = ? AND place = ?", (VICTIM, place)),
    )


def delete_an_event_and_renumber(case: Case) -> None:
    case.change(
        ("DELETE FROM ledger_entry WHERE idx = ?", (VICTIM,)),
        ("UPDATE ledger_entry SET idx = -idx WHERE idx > ?", (VICTIM,)),
        ("UPDATE ledger_entry SET idx = -idx - 1 WHERE idx < 0", ()),
    )


def swap_two_events(case: Case) -> None:
    case.change(
        ("UPDATE ledger_entry SET idx = -1 WHERE idx = ?", (VICTIM,)),
        ("UPDATE ledger_entry SET idx = ? WHERE idx = ?", (VICTIM, VICTIM + 1)),
        ("UPDATE ledger_entry SET idx = ? WHERE idx = -1", (VICTIM + 1,)),
    )


def change_the_key_of_an_event(case: Case) -> None:
    case.change(("UPDATE ledger_entry SET key = ? WHERE idx = ?", (b"another name", VICTIM)))


def rewrite_with_a_wrong_key(case: Case) -> None:
    case.remade([*EVENTS[:VICTIM], ELSEWHERE, *EVENTS[VICTIM + 1 :]], Ed25519Signer(ORIGIN, seed("wrong")))


def rewrite_with_the_stolen_key(case: Case) -> None:
    case.remade([*EVENTS[:VICTIM], ELSEWHERE, *EVENTS[VICTIM + 1 :]])


def insert_back_dated_with_the_stolen_key(case: Case) -> None:
    more = replace(EVENTS[VICTIM], event_id="X-0001", place="TANK-8")
    case.remade([*EVENTS[: VICTIM + 1], more, *EVENTS[VICTIM + 1 :]])


def roll_back_to_an_older_backup(case: Case) -> None:
    case.remade(EVENTS[:150])


def delete_all_checkpoints(case: Case) -> None:
    case.change(("DELETE FROM ledger_checkpoint", ()))


def drop_what_no_witness_has_seen(case: Case) -> None:
    case.remade(EVENTS)


def sign_with_a_revoked_key(case: Case) -> None:
    write = Scribe(prefix="K", start="2026-05-02T00:00:00.000Z")
    events = [
        write("actor_enrolled", person="LOG-0001", roles=("system",), keys=(NEXT_KEY.verifier.text,), role="system"),
        write("key_revoked", person="LOG-0001", keys=(LOG_KEY.verifier.text,), reason="Stolen", role="system"),
    ]
    assert not any(isinstance(outcome, Declined) for outcome in case.book.append(events))
    case.book.log.checkpoint(LOG_KEY, memory=CheckpointMemory(case.folder / "memory of the thief"), now=NOW)


def sign_before_the_key_was_enrolled(case: Case) -> None:
    write = Scribe(prefix="K", start="2026-05-02T00:00:00.000Z")
    event = write("actor_enrolled", person="LOG-0001", roles=("system",), keys=(LOG_KEY.verifier.text,), role="system")
    assert not isinstance(case.book.append_one(event), Declined)


# ---- attacks on the tables ------------------------------------------------------------------------------------------------


def delete_a_trace_edge(case: Case) -> None:
    case.change(("DELETE FROM custody_edge WHERE event = 4 AND part = 1", ()))


def add_a_trace_edge(case: Case) -> None:
    case.change(("INSERT INTO custody_edge (event, part, subject) VALUES (8, 1, 1)", ()))


def move_a_trace_edge(case: Case) -> None:
    other = case.number("MEDIUM-0005")
    case.change(("UPDATE custody_edge SET subject = ? WHERE event = 5 AND part = 1", (other,)))


def hide_an_edge_behind_the_last_event(case: Case) -> None:
    case.change(("INSERT INTO custody_edge (event, part, subject) VALUES (999999, 1, 1)", ()))


def change_what_is_known_of_an_item(case: Case) -> None:
    number = case.number("DP-0001-2")
    case.change(("UPDATE custody_item SET state = REPLACE(state, 'MAKER-1', 'MAKER-2') WHERE subject = ?", (number,)))


def forget_an_item(case: Case) -> None:
    case.change(("DELETE FROM custody_item WHERE subject = ?", (case.number("DP-0001-2"),)))


def invent_an_item(case: Case) -> None:
    case.change(("INSERT INTO custody_item (subject, state) VALUES (999999, '{}')", ()))


def rename_a_thing(case: Case) -> None:
    case.change(("UPDATE custody_name SET text = 'MEDIUM-9999' WHERE text = 'MEDIUM-0001'", ()))


def move_an_event_in_time(case: Case) -> None:
    case.change(("UPDATE custody_step SET event_time = event_time - 86400000 WHERE event = 5", ()))


def put_an_event_on_somebody_else(case: Case) -> None:
    case.change(("UPDATE custody_step SET actor = 1 WHERE event = 5", ()))


def delete_a_transfer(case: Case) -> None:
    case.change(("DELETE FROM custody_transfer WHERE event = 1", ()))


def play_down_an_excursion(case: Case) -> None:
    case.change(
        ("UPDATE custody_condition SET excursion_seconds = '0' WHERE excursion_seconds = '60' AND event < 30", ())
    )


def delete_an_excursion(case: Case) -> None:
    case.change(("DELETE FROM custody_condition WHERE event < 30", ()))


def hide_a_correction(case: Case) -> None:
    case.change(("DELETE FROM custody_void", ()))


def forget_in_whose_place_an_event_stands(case: Case) -> None:
    case.change(("DELETE FROM custody_place", ()))


def make_somebody_no_actor(case: Case) -> None:
    case.change(
        ("DELETE FROM custody_use WHERE sort = 1 AND number = (SELECT MIN(number) FROM custody_use WHERE sort = 1)", ())
    )


def make_an_event_void(case: Case) -> None:
    case.change(("INSERT INTO custody_void (event, correction) VALUES (5, 6)", ()))


def resume_a_suspended_study(case: Case) -> None:
    case.change(("UPDATE custody_register SET value = '' WHERE sort = 'study'", ()))


def lift_a_recall(case: Case) -> None:
    case.change(("DELETE FROM custody_register WHERE sort = 'lot'", ()))


def give_somebody_a_role(case: Case) -> None:
    case.change(("UPDATE custody_register SET value = REPLACE(value, 'quality_a', 'a') WHERE sort = 'person'", ()))


def invent_a_digest(case: Case) -> None:
    case.change(("INSERT INTO custody_digest (through, names, digest) VALUES (4096, 1, ?)", (bytes(32),)))


def delete_a_refusal(case: Case) -> None:
    case.change(
        ("UPDATE custody_refusal SET number = 2 WHERE number = 1", ()),
    )


def change_a_refused_event(case: Case) -> None:
    case.change(("UPDATE custody_refusal SET body = ? WHERE number = 1", (b"something else",)))


def nothing(case: Case) -> None:
    del case


STORED, TREE, SIGNED, TABLES, OUTSIDE = "stored_leaf", "tree", "signed_checkpoint", "projection", "outside_checkpoint"
MATRIX = [
    (nothing, set()),
    (edit_an_event, {STORED, TREE, SIGNED, TABLES, OUTSIDE}),
    (edit_an_event_and_its_leaf, {TREE, SIGNED, TABLES, OUTSIDE}),
    (edit_an_event_its_leaf_and_its_row, {TREE, SIGNED, TABLES, OUTSIDE}),
    (delete_an_event_and_renumber, {TREE, SIGNED, TABLES, OUTSIDE}),
    (swap_two_events, {TREE, SIGNED, TABLES, OUTSIDE}),
    (change_the_key_of_an_event, {TABLES}),
    (rewrite_with_a_wrong_key, {SIGNED, OUTSIDE}),
    (rewrite_with_the_stolen_key, {OUTSIDE}),
    (insert_back_dated_with_the_stolen_key, {OUTSIDE}),
    (roll_back_to_an_older_backup, {OUTSIDE}),
    (delete_all_checkpoints, {SIGNED}),
    (sign_with_a_revoked_key, {SIGNED}),
    (sign_before_the_key_was_enrolled, {SIGNED, OUTSIDE}),
    (drop_what_no_witness_has_seen, set()),
    (delete_a_trace_edge, {TABLES}),
    (add_a_trace_edge, {TABLES}),
    (move_a_trace_edge, {TABLES}),
    (hide_an_edge_behind_the_last_event, {TABLES}),
    (change_what_is_known_of_an_item, {TABLES}),
    (forget_an_item, {TABLES}),
    (invent_an_item, {TABLES}),
    (rename_a_thing, {TABLES}),
    (move_an_event_in_time, {TABLES}),
    (put_an_event_on_somebody_else, {TABLES}),
    (delete_a_transfer, {TABLES}),
    (play_down_an_excursion, {TABLES}),
    (delete_an_excursion, {TABLES}),
    (hide_a_correction, {TABLES}),
    (forget_in_whose_place_an_event_stands, {TABLES}),
    (make_somebody_no_actor, {TABLES}),
    (make_an_event_void, {TABLES}),
    (resume_a_suspended_study, {TABLES}),
    (lift_a_recall, {TABLES}),
    (give_somebody_a_role, {TABLES}),
    (invent_a_digest, {TABLES}),
    (delete_a_refusal, {TABLES}),
    (change_a_refused_event, {TABLES}),
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


@pytest.mark.parametrize(
    "attack", [rewrite_with_the_stolen_key, insert_back_dated_with_the_stolen_key, roll_back_to_an_older_backup]
)
def test_without_a_checkpoint_from_outside_whoever_has_the_key_is_not_found(
    case: Case, attack: Callable[[Case], None]
) -> None:
    attack(case)
    assert case.verify(outside=False).ok


def test_the_table_that_was_changed_is_named(case: Case) -> None:
    delete_a_trace_edge(case)
    (found,) = case.verify().detections
    assert (found.fault.code, found.fault.where) == ("RQC-C212", "custody_edge")
    assert found.fault.expected.startswith("(4, 1,")


def test_an_event_that_the_rules_forbid_is_found_when_the_log_is_rewritten_without_them(tmp_path: Path) -> None:
    """Whoever writes past the rules, with the key and all tables in order, is found by judging the events again."""
    forbidden = Scribe(prefix="Y", start="2026-06-01T00:00:00.000Z")("ship", items=("AP-0001",), destination="LAB-9")
    with Book.open(f"sqlite:///{tmp_path}/l.db", origin=ORIGIN, policy=None, now=lambda: LATER) as book:
        book.append([*EVENTS, forbidden])
        found = book.verify(policy=LENIENT)
    assert {detection.fault.code for detection in found.detections} == {"RQC-C145"}


def test_an_entry_that_is_no_event_is_found(tmp_path: Path) -> None:
    from regenqc.ledger import Entry, Log

    url = f"sqlite:///{tmp_path}/l.db"
    with Book.open(url, origin=ORIGIN, policy=LENIENT, now=lambda: LATER) as book:
        book.append(EVENTS[:3])
    with Log.open(url) as log:
        log.append([Entry(b"x", b"no event")])
    with Book.open(url, policy=LENIENT, now=lambda: LATER) as book:
        assert [found.fault.code for found in book.verify().detections] == ["RQC-C210"]
