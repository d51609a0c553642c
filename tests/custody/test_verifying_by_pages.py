"""Several processes that look at pages of the log say the same as one that reads it from the first event to the last."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from shutil import copyfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.custody.story import LATER, LENIENT, Scribe, life
from tests.ledger.workbench import ORIGIN

from regenqc.custody.book import Book, Keeper
from regenqc.custody.canonical import encode_event
from regenqc.custody.projection.page_check import Extent, PageCheck, extent_of, rows_outside
from regenqc.custody.projection.page_readers import PageReaders, Portions, check_portions
from regenqc.custody.projection.tables import DIGEST_BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from regenqc.custody.record import Event

PAGES = 3


def history() -> Iterator[Event]:
    """Yield events of more than two pages; each page corrects what an earlier one said."""
    for number in range(2 * DIGEST_BLOCK // 24 + 20):
        name = f"{number:04d}"
        yield from life(Scribe(prefix=f"E{name}"), name=name, coi=f"COI-{name}")
        if number % 90 == 89:
            write = Scribe(prefix=f"Z{name}", start="2026-05-01T00:00:00.000Z")
            void = write("store", items=(f"DP-{number - 80:04d}-2",), place="TANK-9")
            yield void
            yield write("correction", corrects=void.event_id, basis="did_not_occur", reason="Wrong tank")
            yield write("store", items=void.items, place="TANK-8", replaces=void.event_id, event_time=void.event_time)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "ledger.db"
    keeper = Keeper(actor="SYSTEM-0001", site="MAKER-1")
    with Book.open(f"sqlite:///{path}", origin=ORIGIN, policy=LENIENT, now=lambda: LATER, keeper=keeper) as book:
        for group in book.append_many(history(), per_transaction=DIGEST_BLOCK):
            assert all(hasattr(outcome, "index") for outcome in group)
        book.append([b"refused"])
    return path


@pytest.fixture
def ledger(original: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "ledger.db"
    copyfile(original, copy)
    return copy


def opened(path: Path, **options: Any) -> Book:
    return Book.open(f"sqlite:///{path}", **({"policy": LENIENT, "now": lambda: LATER, "read_only": True} | options))


def change(path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Change the database as its owner can, past the triggers."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement, parameters in statements:
            assert connection.execute(statement, parameters).rowcount, statement


@pytest.mark.parametrize("policy", [pytest.param(LENIENT, id="judged"), pytest.param(None, id="only copied")])
def test_where_everything_is_right_nobody_has_to_explain(
    policy: Any, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(ledger, policy=policy) as book:
        alone = book.verify()
        monkeypatch.setattr("regenqc.custody.book.ProjectionAuditor", None)
        assert book.verify(processes=3) == alone
    assert alone.ok
    assert alone.size > 2 * DIGEST_BLOCK


LAST, SECOND = 2 * DIGEST_BLOCK + 100, DIGEST_BLOCK + 100
CHANGES: dict[str, tuple[str, tuple[object, ...]]] = {
    "a step in the second page": ("UPDATE custody_step SET actor = actor + 1 WHERE event = ?", (SECOND,)),
    "a step in the last page": ("UPDATE custody_step SET place = 1 WHERE event = ?", (LAST,)),
    "a step behind the last entry": ("INSERT INTO custody_step VALUES (99999, 1, 1, 1, 1, 1, 1)", ()),
    "a step before the first entry": ("INSERT INTO custody_step VALUES (-1, 1, 1, 1, 1, 1, 1)", ()),
    "no step": ("DELETE FROM custody_step WHERE event = ?", (SECOND,)),
    "an edge that is gone": ("DELETE FROM custody_edge WHERE event = ? AND part < 3", (SECOND,)),
    "an edge too many": ("INSERT INTO custody_edge VALUES (?, 4, 1)", (LAST,)),
    "an edge that is a text": ("INSERT INTO custody_edge VALUES (?, 4, 'TANK-3')", (LAST,)),
    "an edge of an event that is a text": ("INSERT INTO custody_edge VALUES ('late', 4, 1)", ()),
    "bytes for a number": (
        "UPDATE custody_transfer SET carrier = X'00' WHERE event = (SELECT MAX(event) FROM custody_transfer)",
        (),
    ),
    "a transfer less": ("DELETE FROM custody_transfer WHERE event > ?", (LAST,)),
    "a condition that is milder": ("UPDATE custody_condition SET maximum = '-190' WHERE event > ?", (LAST,)),
    "a correction less": (
        "DELETE FROM custody_void WHERE correction = (SELECT MAX(correction) FROM custody_void)",
        (),
    ),
    "a correction too many": ("INSERT INTO custody_void VALUES (5, ?)", (LAST,)),
    "a correction at another place": (
        "UPDATE custody_void SET event = event + 2 WHERE event = (SELECT MIN(event) FROM custody_void)",
        (),
    ),
    "a replacement less": ("DELETE FROM custody_place WHERE event = (SELECT MAX(event) FROM custody_place)", ()),
    "a name of the second page": (
        "UPDATE custody_name SET text = 'OTHER-1' WHERE number = (SELECT names + 5 FROM custody_digest WHERE through = ?)",
        (DIGEST_BLOCK,),
    ),
    "a name that nothing names": (
        "INSERT INTO custody_name SELECT MAX(number) + 1, 'UNHEARD-1' FROM custody_name",
        (),
    ),
    "a name under no number": ("INSERT INTO custody_name VALUES (0, 'UNHEARD-1')", ()),
    "a use less": ("DELETE FROM custody_use WHERE number = (SELECT MAX(number) FROM custody_use)", ()),
    "a use too many": ("INSERT INTO custody_use SELECT MAX(number), 0 FROM custody_name", ()),
    "an item in another state": (
        "UPDATE custody_item SET state = REPLACE(state, 'MAKER-1', 'MAKER-2') WHERE subject = (SELECT MIN(subject) FROM custody_item)",
        (),
    ),
    "an item too many": ("INSERT INTO custody_item VALUES (1, '{}')", ()),
    "an item without a name": ("INSERT INTO custody_item VALUES (999999, '{}')", ()),
    "the digest of a page": ("UPDATE custody_digest SET digest = zeroblob(32) WHERE through = ?", (DIGEST_BLOCK,)),
    "the names of a page": ("UPDATE custody_digest SET names = names + 1 WHERE through = ?", (DIGEST_BLOCK,)),
    "a digest less": ("DELETE FROM custody_digest WHERE through = ?", (DIGEST_BLOCK,)),
    "a digest too many": ("INSERT INTO custody_digest VALUES (99999, 1, zeroblob(32))", ()),
    "a recalled lot too many": ("INSERT INTO custody_register VALUES ('lot', 'LOT-0001', 'recalled')", ()),
    "a refusal that says something else": ("UPDATE custody_refusal SET offered_by = 'STAFF-0999'", ()),
    "an entry under another key": ("UPDATE ledger_entry SET key = 'X-1' WHERE idx = ?", (SECOND,)),
    "an entry less": ("DELETE FROM ledger_entry WHERE idx = ?", (SECOND,)),
    "an entry that is no event": ("UPDATE ledger_entry SET body = 'nothing' WHERE idx = ?", (LAST,)),
}


def swiftly(book: Book) -> Any:
    """Return what the swift way finds in this one process, `None` when something is not right."""
    return book._verify_swiftly(LENIENT, None, (), indexes=True, processes=1)


@pytest.mark.parametrize("name", CHANGES)
def test_the_swift_way_finds_that_something_is_not_right(name: str, ledger: Path) -> None:
    change(ledger, CHANGES[name])
    with opened(ledger) as book:
        assert swiftly(book) is None


@pytest.mark.parametrize("name", ["a step in the last page", *(name for name in CHANGES if name.endswith("a text"))])
def test_the_long_way_then_says_what(name: str, ledger: Path) -> None:
    change(ledger, CHANGES[name])
    with opened(ledger) as book:
        (found,) = book.verify(processes=2).detections
    assert found.detector == "projection"
    assert found.fault.where == CHANGES[name][0].split()[1 if "UPDATE" in CHANGES[name][0] else 2]


def test_two_names_that_changed_places_are_found(ledger: Path) -> None:
    """Every edge then leads to the wrong thing, though each table looks as before."""
    swap = "UPDATE custody_name SET number = ? WHERE number = ?"
    change(ledger, *((swap, pair) for pair in ((-1, 30), (30, 3_000), (3_000, -1))))
    with opened(ledger) as book:
        assert book.verify().detectors == {"projection"}
        assert swiftly(book) is None


def test_an_event_that_the_rules_forbid_is_found(ledger: Path) -> None:
    forbidden = Scribe(prefix="Y", start="2026-06-01T00:00:00.000Z")("ship", items=("AP-0001",), destination="LAB-9")
    with opened(ledger, policy=None, read_only=False) as book:
        book.append([encode_event(forbidden)])
    with opened(ledger) as book:
        alone = book.verify()
        assert {found.fault.code for found in alone.detections} == {"RQC-C145"}
        assert swiftly(book) is None
        assert book.verify(processes=2) == alone


def test_a_correction_of_what_is_recorded_only_later_is_found(ledger: Path) -> None:
    write = Scribe(prefix="Y", start="2026-06-01T00:00:00.000Z")
    early = write("correction", corrects="Y-0002", basis="did_not_occur", reason="Not yet")
    with opened(ledger, policy=None, read_only=False) as book:
        book.append([early, write("store", items=("DP-0001-2",), place="TANK-9")])
    with opened(ledger) as book:
        assert "RQC-C181" in {found.fault.code for found in book.verify().detections}
        assert swiftly(book) is None


# ---- pages by themselves ---------------------------------------------------------------------------------------------------


def test_pages_can_be_skipped_and_are_right_all_the_same(ledger: Path) -> None:
    with opened(ledger) as book, book.read() as view:
        extent = extent_of(view, judged=True)
        assert extent.pages == PAGES
        for chosen in ([0, 1, 2], [0, 2], [1], [2]):
            check = PageCheck(view, extent)
            assert [check.is_right(page) for page in chosen] == [True] * len(chosen)
        assert not rows_outside(view, extent)


def test_a_log_that_grew_meanwhile_is_checked_as_far_as_it_was(ledger: Path) -> None:
    with opened(ledger, read_only=False) as book:
        with book.read() as view:
            extent = extent_of(view, judged=True)
        for number in range(7_000, 7_200):
            name = f"{number:04d}"
            book.append(list(life(Scribe(prefix=f"E{name}"), name=name, coi=f"COI-{name}")))
        with book.read() as view:
            check = PageCheck(view, extent)
            assert all(check.is_right(page) for page in range(extent.pages))


def test_every_portion_is_handed_out_once() -> None:
    for pages in (0, 1, 1_999, 2_000, 2_001, 10_000):
        portions = Portions.of(pages)
        assert [page for some in portions for page in some] == list(range(pages))
        portions.close()


def test_what_a_process_took_and_did_not_come_back_with_is_checked_by_another(ledger: Path) -> None:
    with opened(ledger) as book, book.read() as view:
        readers = PageReaders(book.log.store.address, extent_of(view, judged=True), count=0)
        lost = next(iter(readers._portions))
        found = readers.findings(view)
        readers.close()
    assert list(lost) == [0]
    assert sorted(page for each in found for page in each.pages) == list(range(PAGES))
    assert not any(each.wrong for each in found)


def test_of_a_page_that_is_not_right_nothing_is_claimed(ledger: Path) -> None:
    change(ledger, CHANGES["a step in the second page"])
    with opened(ledger) as book, book.read() as view:
        portions = Portions.of(PAGES)
        found = check_portions(view, extent_of(view, judged=True), portions)
        portions.close()
    assert (found.pages, found.wrong) == ([0], True)


def test_an_empty_ledger_has_no_pages(book: Book) -> None:
    with book.read() as view:
        assert extent_of(view, judged=True) == Extent(size=0, names=0, judged=True)
    assert book.verify(processes=2) == book.verify()


@pytest.mark.parametrize("pages", [2])
def test_several_processes_read_both_stores(pages: int, url: str, opening: Callable[..., Book]) -> None:
    book = opening(url)
    names = [f"{number:04d}" for number in range(pages * DIGEST_BLOCK // 24 + 1)]
    events = [event for name in names for event in life(Scribe(prefix=f"E{name}"), name=name, coi=f"COI-{name}")]
    book.append(events)
    alone = book.verify()
    assert alone.ok
    assert book.verify(processes=2) == alone
    with book.read() as view:
        readers = PageReaders(book.log.store.address, extent_of(view, judged=True), count=1)
        assert not any(each.wrong for each in readers.findings(view))
        readers.close()
