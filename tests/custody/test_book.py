"""The book: one service over log, rules and tables, on each store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from tests.custody.story import COI, HOSPITAL, LATER, LENIENT, Desk, Scribe, collected, life

from regenqc.custody.book import Book, Declined, Keeper, Noted
from regenqc.custody.canonical import encode_event
from regenqc.custody.projection.tables import DIGEST_BLOCK
from regenqc.custody.record import Item, Measurement
from regenqc.custody.rules import Policy, signatures_unchecked
from regenqc.errors import Fault, LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def rules(outcome: Noted | Declined) -> list[str]:
    """Return the ids of the rules for which an event was declined."""
    assert isinstance(outcome, Declined)
    return [fault.code for fault in outcome.faults]


def states(book: Book) -> dict[str, str]:
    """Return the stored state of every item."""
    with book.read() as view:
        rows = view.execute("SELECT n.text, i.state FROM custody_item i JOIN custody_name n ON n.number = i.subject")
    return {str(text): str(state) for text, state in rows}


def edges(book: Book) -> list[Any]:
    with book.read() as view:
        return view.execute("SELECT event, part, subject FROM custody_edge ORDER BY event, part, subject")


# ---- appending -----------------------------------------------------------------------------------------------------------


def test_a_whole_life_is_recorded(book: Book) -> None:
    outcomes = book.append(life(Scribe()))
    assert [outcome.index for outcome in outcomes if isinstance(outcome, Noted)] == list(range(24))
    assert book.verify().ok


def test_events_one_by_one_and_all_at_once_leave_the_same_tables(tmp_path: Any, opening: Callable[..., Book]) -> None:
    single, whole = opening(f"sqlite:///{tmp_path}/single.db"), opening(f"sqlite:///{tmp_path}/whole.db")
    for event in life(Scribe()):
        single.append_one(event)
    whole.append(life(Scribe()))
    assert (states(single), edges(single)) == (states(whole), edges(whole))


def test_a_reopened_book_goes_on_where_it_was(url: str, opening: Callable[..., Book]) -> None:
    for event in life(Scribe()):
        book = opening(url)
        book.append_one(event)
        book.close()
    again = opening(url)
    assert again.verify().ok
    assert len(states(again)) == 8


def test_what_is_stored_is_what_was_offered_byte_by_byte(book: Book) -> None:
    events = life(Scribe())
    book.append(events)
    assert [entry.body for entry in book.log.entries()] == [encode_event(event) for event in events]


def test_the_same_event_is_acknowledged_again(book: Book) -> None:
    (event, *_) = collected(Scribe())
    first, second = book.append_one(event), book.append_one(event)
    assert (first.again, second.again) == (False, True)
    assert (first.index, first.leaf) == (second.index, second.leaf)
    assert len(edges(book)) == 3


def test_the_same_event_twice_in_one_call_is_recorded_once(book: Book) -> None:
    (event, *_) = collected(Scribe())
    first, second = book.append([event, event])
    assert (first.again, second.again, book.log.size) == (False, True, 1)  # type: ignore[union-attr] # both are noted


def test_the_same_event_id_with_other_bytes_is_refused_and_logged(book: Book) -> None:
    (event, *_) = collected(Scribe())
    book.append_one(event)
    (outcome,) = book.append([replace(event, place="ROOM-9")])
    assert rules(outcome) == ["RQC-C171"]
    assert [refusal.rules for refusal in book.refusals()] == [("RQC-C171",)]


def test_an_event_is_judged_by_the_events_before_it_in_the_same_call(book: Book) -> None:
    donation, shipped, received, *_ = collected(Scribe())
    outcomes = book.append([donation, received, shipped, replace(received, event_id="EV-9999")])
    assert [type(outcome) for outcome in outcomes] == [Noted, Declined, Noted, Noted]
    assert rules(outcomes[1]) == ["RQC-C103"]
    assert book.verify().ok


def test_a_declined_event_leaves_nothing_in_the_tables(book: Book) -> None:
    book.append(collected(Scribe()))
    before = (states(book), edges(book))
    write = Scribe(prefix="X", start="2026-03-16T10:00:00.000Z")
    book.append([write("ship", items=("AP-0001",), destination=HOSPITAL, site="LAB-9")])
    assert (states(book), edges(book)) == before


def test_one_event_that_is_declined_raises_with_all_its_rules(book: Book) -> None:
    write = Scribe()
    with pytest.raises(LedgerError) as caught:
        book.append_one(write("ship", items=("GHOST-1", "GHOST-2"), destination=HOSPITAL))
    assert [fault.code for fault in caught.value.faults] == ["RQC-C161", "RQC-C161"]


def test_many_events_are_recorded_in_groups(sqlite_book: Book) -> None:
    groups = list(sqlite_book.append_many(life(Scribe()), per_transaction=5))
    assert [len(group) for group in groups] == [5, 5, 5, 5, 4]
    assert sqlite_book.verify().ok


def test_when_events_cannot_be_read_any_further_those_before_are_recorded(sqlite_book: Book) -> None:
    def offers() -> Iterator[Any]:
        yield from life(Scribe())[:12]
        raise OSError("the line is dead")

    groups = sqlite_book.append_many(offers(), per_transaction=5)
    assert len(next(groups)) == 5
    with pytest.raises(OSError, match="dead"):
        next(groups)
    assert sqlite_book.log.size == 10


def test_whoever_stops_listening_leaves_nothing_half_recorded(sqlite_book: Book) -> None:
    groups = sqlite_book.append_many(life(Scribe()), per_transaction=5)
    next(groups)
    groups.close()
    assert sqlite_book.log.size == 5
    assert sqlite_book.verify().ok


def test_threads_that_append_together_leave_a_consistent_book(book: Book) -> None:
    def record(number: int) -> int:
        name = f"{number:04d}"
        events = life(Scribe(prefix=f"E{name}"), name=name, coi=f"COI-{name}")
        return sum(isinstance(book.append([event])[0], Noted) for event in events)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(record, range(6))) == [24] * 6
    assert book.log.size == 6 * 24
    assert book.verify().ok


def test_what_is_submitted_is_answered_like_what_is_appended(book: Book) -> None:
    donation, shipped, *_ = collected(Scribe())
    first = book.submit([shipped])
    second = book.submit([donation, replace(donation, place="ROOM-9"), b"nothing"])
    assert rules(first.result(30)[0]) == ["RQC-C161"]
    noted, other, broken = second.result(30)
    assert isinstance(noted, Noted)
    assert (rules(other), rules(broken)) == (["RQC-C171"], ["RQC-C001"])
    assert [refusal.rules[0] for refusal in book.refusals()] == ["RQC-C161", "RQC-C001", "RQC-C171"]


def test_two_processes_on_one_database_see_each_others_events(url: str, opening: Callable[..., Book]) -> None:
    if url.startswith("sqlite"):
        pytest.skip("one writer of a SQLite ledger at a time")
    first, second = opening(url), opening(url)
    for number, event in enumerate(life(Scribe())):
        (first, second)[number % 2].append_one(event)
    assert first.verify().ok


def test_what_another_process_wrote_in_place_of_a_rolled_back_batch_is_seen(
    url: str, opening: Callable[..., Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    if url.startswith("sqlite"):
        pytest.skip("one writer of a SQLite ledger at a time")
    first, second = opening(url), opening(url)
    write = Scribe()
    lost, kept = (write("receipt", outputs=(code,), lot="L-1") for code in ("MAT-1", "MAT-2"))
    with monkeypatch.context() as patched:
        patched.setattr("regenqc.ledger.postgres.PostgresTransaction.put_entries", _broken)
        with pytest.raises(LedgerError):
            first.append_one(lost)
    second.append_one(kept)
    assert rules(first.append([write("store", items=("MAT-1",), place="ROOM-1")])[0]) == ["RQC-C161"]
    first.append_one(write("store", items=("MAT-2",), place="ROOM-1"))
    assert second.verify().ok


def _broken(*_: object) -> None:
    raise LedgerError(Fault(code="RQC-L034", what="The connection is lost."))


@pytest.mark.parametrize("program", ["/bin/false", "/no/such/program"])
def test_without_a_second_process_one_verifies_alone(program: str, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    book.append(life(Scribe()))
    monkeypatch.setattr("sys.executable", program)
    assert book.verify(processes=2) == book.verify()
    assert book.verify(processes=2).ok


def test_a_book_that_is_read_only_says_so(url: str, opening: Callable[..., Book]) -> None:
    opening(url).close()
    reader = opening(url, read_only=True)
    with pytest.raises(LedgerError):
        reader.append(collected(Scribe()))


# ---- refusals ------------------------------------------------------------------------------------------------------------

BROKEN = [
    ("nothing", b"", "RQC-C001"),
    ("no JSON", b"hello", "RQC-C001"),
    ("an unknown schema", b'{"schema":"regenqc.event/9"}', "RQC-C005"),
    ("too many bytes", b"x" * 70_000, "RQC-C002"),
    ("a spelling that is not canonical", b" " + encode_event(life(Scribe())[0]), "RQC-C003"),
]


@pytest.mark.parametrize(("data", "code"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_what_is_no_event_goes_to_the_refusal_log_whole(book: Book, data: bytes, code: str) -> None:
    (outcome,) = book.append([data], offered_by="PARTNER-001")
    assert rules(outcome) == [code]
    (refusal,) = book.refusals()
    assert (refusal.offered_by, refusal.body, refusal.rules, refusal.refused_at) == (
        "PARTNER-001",
        data,
        (code,),
        LATER,
    )
    assert book.log.size == 0


def test_a_refusal_names_every_rule_and_who_offered_it(book: Book) -> None:
    write = Scribe()
    (outcome,) = book.append(
        [write("ship", items=("GHOST-1",), destination=HOSPITAL, event_time="2027-01-01T00:00:00.000Z")]
    )
    (refusal,) = book.refusals()
    assert refusal.offered_by == "STAFF-0417"
    assert list(refusal.rules) == ["RQC-C161", "RQC-C123"]
    assert list(refusal.faults) == list(outcome.faults)  # type: ignore[union-attr] # it is declined


def test_refusals_are_numbered_and_read_from_where_one_stopped(book: Book) -> None:
    for data in (b"a", b"b", b"c"):
        book.append([data])
    assert [(refusal.number, refusal.body) for refusal in book.refusals(after=1)] == [(2, b"b"), (3, b"c")]


def test_an_event_that_names_a_person_can_be_erased_from_the_refusal_log(book: Book) -> None:
    write = Scribe()
    book.append([write("receipt", outputs=("MAT-1",), reason="ask jane.doe@hospital.example")])
    book.erase_refused(1)
    (refusal,) = book.refusals()
    assert (refusal.body, refusal.faults, refusal.rules) == (None, (), ("RQC-C020",))
    assert book.verify().ok


def test_a_refusal_log_from_which_an_entry_was_taken_does_not_verify(sqlite_book: Book) -> None:
    for data in (b"a", b"b", b"c"):
        sqlite_book.append([data])
    with sqlite_book.log.store.transaction() as transaction:
        transaction.execute("DELETE FROM custody_refusal WHERE number = 2")
    assert [found.fault.code for found in sqlite_book.verify().detections] == ["RQC-C202"]


def test_a_refused_event_offered_again_is_judged_again(book: Book) -> None:
    donation, shipped, *_ = collected(Scribe())
    assert isinstance(book.append([shipped])[0], Declined)
    assert isinstance(book.append([donation, shipped])[1], Noted)


def test_nothing_is_lost_every_offer_is_in_the_log_or_in_the_refusal_log(book: Book) -> None:
    events = life(Scribe())
    shuffled = [*events[::2], *events[1::2]]
    book.append(shuffled)
    logged = {entry.body for entry in book.log.entries()}
    refused = {refusal.body for refusal in book.refusals()}
    assert logged | refused == {encode_event(event) for event in events}
    assert not logged & refused


# ---- the projection --------------------------------------------------------------------------------------------------------


def test_the_book_knows_what_a_desk_in_memory_knows(book: Book) -> None:
    desk = Desk()
    events = life(Scribe())
    desk.take(*events)
    book.append(events)
    with book.read() as view:
        from regenqc.custody.projection.source import TableSource

        source = TableSource(view)
        numbers = source.numbers(list(desk.known.items))
        stored = source.states(list(numbers.values()))
    assert {code: stored[number] for code, number in numbers.items()} == desk.known.items


def keeper_policy() -> Policy:
    return Policy(check_signature=signatures_unchecked, enrolled_people_only=False)


def full_block(count: int) -> list[Any]:
    write = Scribe()
    made = write("receipt", outputs=(Item("MAT-1", "1000", "mL"),), lot="L-1")
    return [
        made,
        *(write("test_result", items=("MAT-1",), measurements=(Measurement("ph", "7.2"),)) for _ in range(count - 1)),
    ]


def test_a_projection_digest_is_recorded_after_each_full_block(url: str, opening: Callable[..., Book]) -> None:
    book = opening(url, keeper=Keeper(actor="SYSTEM-0001", site="MAKER-1"))
    events = full_block(DIGEST_BLOCK + 10)
    book.append([b"refused", *events[: DIGEST_BLOCK - 1]])
    assert book.log.size == DIGEST_BLOCK - 1
    book.append(events[DIGEST_BLOCK - 1 :])
    last = book.log.entry(book.log.size - 1).body
    assert b'"through":"4096"' in last
    assert b'"name":"refusal-log","size":"1"' in last
    assert book.verify().ok


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param([[4096]], id="all at once"),
        pytest.param([[1, 1000, 3, 2000, 1092]], id="in groups of different size"),
        pytest.param([[4000], [95, 1]], id="in a book that was closed and opened in between"),
    ],
)
def test_a_digest_is_the_same_however_the_events_were_grouped(
    groups: list[list[int]], url: str, opening: Callable[..., Book]
) -> None:
    events = full_block(DIGEST_BLOCK)
    for sizes in groups:
        with opening(url) as book:
            for size in sizes:
                book.append(events[:size])
                del events[:size]
    with opening(url, read_only=True).read() as view:
        ((digest,),) = view.execute("SELECT digest FROM custody_digest")
    # Pinned: another value means other tables, and so a new version of them.
    assert bytes(digest).hex() == "8bf6eed1dcb403c580c53d71657f7342c3c231bea15240c6182844dd8198dbfc"


def test_a_wrong_projection_digest_is_refused(sqlite_book: Book) -> None:
    sqlite_book.append(full_block(DIGEST_BLOCK))
    write = Scribe(prefix="D", start="2026-06-01T00:00:00.000Z")
    wrong = write("projection_digest", role="system", through=str(DIGEST_BLOCK), digest="sha256:" + "00" * 32)
    assert rules(sqlite_book.append([wrong])[0]) == ["RQC-C191"]
    other = write("projection_digest", role="system", through="17", digest="sha256:" + "00" * 32)
    assert rules(sqlite_book.append([other])[0]) == ["RQC-C191"]


def test_a_rolled_back_group_leaves_no_trace_in_memory(sqlite_book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    events = life(Scribe())
    sqlite_book.append(events[:3])

    def failing(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    from regenqc.ledger.session import SqlTransaction

    with monkeypatch.context() as patch:
        patch.setattr(SqlTransaction, "put_entries", failing)
        with pytest.raises(OSError, match="no space"):
            sqlite_book.append(events[3:8])
    assert all(isinstance(outcome, Noted) for outcome in sqlite_book.append(events[3:]))
    assert sqlite_book.verify().ok


def test_an_entry_under_another_key_than_its_event_id_is_refused(sqlite_book: Book) -> None:
    from regenqc.ledger import Entry, Refused

    (outcome,) = sqlite_book.log.append([Entry(b"other", encode_event(life(Scribe())[0]))])
    assert isinstance(outcome, Refused)
    assert outcome.fault.code == "RQC-C171"


def test_a_book_without_rules_copies_what_another_recorded(tmp_path: Any, opening: Callable[..., Book]) -> None:
    original, copy = opening(f"sqlite:///{tmp_path}/a.db"), opening(f"sqlite:///{tmp_path}/b.db", policy=None)
    original.append(life(Scribe()))
    copy.append([entry.body for entry in original.log.entries()])
    assert (states(copy), edges(copy)) == (states(original), edges(original))
    assert copy.verify(policy=LENIENT).ok


def test_identity_stated_per_item_is_found_by_identity(sqlite_book: Book) -> None:
    sqlite_book.append(collected(Scribe()))
    with sqlite_book.read() as view:
        rows = view.execute(
            "SELECT COUNT(*) FROM custody_edge e JOIN custody_name n ON n.number = e.subject WHERE n.text = ? AND e.part = 9",
            (COI,),
        )
    assert rows == [(2,)]
