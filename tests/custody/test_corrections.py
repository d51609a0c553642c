"""Corrections: a void event counts no more, a replacement stands in its place, and nothing recorded is ever changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.custody.story import COI, HOSPITAL, Desk, Scribe, collected, life, made, released

from regenqc.custody.book import Book, Declined, Noted
from regenqc.custody.projection.source import TableSource
from regenqc.custody.record import Event, Item

if TYPE_CHECKING:
    from collections.abc import Callable


def state(book: Book, code: str) -> Any:
    with book.read() as view:
        source = TableSource(view)
        numbers = source.numbers([code])
        return source.states(list(numbers.values())).get(numbers.get(code, 0))


def void(write: Scribe, event: Event, basis: str = "did_not_occur") -> Event:
    return write("correction", corrects=event.event_id, basis=basis, reason="Recorded by mistake", role="records")


def recorded(book: Book, *events: Event) -> None:
    outcomes = book.append(events)
    assert all(isinstance(outcome, Noted) for outcome in outcomes), outcomes


def declined(book: Book, event: Event) -> list[str]:
    (outcome,) = book.append([event])
    assert isinstance(outcome, Declined)
    return [fault.code for fault in outcome.faults]


def the(kind: str, events: list[Event]) -> Event:
    return next(event for event in events if event.kind == kind)


def test_a_void_event_counts_no_more(book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write), *released(write)]
    recorded(book, *events)
    before = state(book, "DP-0001-1")
    shipped = write("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)
    recorded(book, shipped)
    assert state(book, "DP-0001-1").heading == HOSPITAL
    recorded(book, void(write, shipped))
    assert state(book, "DP-0001-1") == before
    assert book.verify().ok


def test_nothing_recorded_is_changed_by_a_correction(book: Book) -> None:
    write = Scribe()
    events = collected(write)
    recorded(book, *events)
    before = list(book.log.entries())
    recorded(book, void(write, events[-1]))
    assert list(book.log.entries())[: len(before)] == before


def test_a_void_use_gives_the_quantity_back(book: Book) -> None:
    write = Scribe()
    recorded(book, *collected(write), *made(write))
    wasted = write("discard", items=(Item("MEDIUM-0001", "100", "mL"),), reason="Spilled")
    recorded(book, wasted, void(write, wasted))
    assert state(book, "MEDIUM-0001").destroyed == ""
    assert book.verify().ok


def test_a_replacement_stands_in_the_place_of_the_void_event(book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write)]
    recorded(book, *events)
    wrong = the("expansion", events)
    right = write(
        "expansion",
        items=("CU-0001",),
        inputs=(Item("MEDIUM-0001", "250", "mL"),),
        coi=COI,
        stage="in_process",
        event_time=wrong.event_time,
        replaces=wrong.event_id,
    )
    recorded(book, void(write, wrong, "incorrect_data"), right)
    assert state(book, "MEDIUM-0001").used == "450"
    assert state(book, "CU-0001").changed > right.event_time
    assert book.verify().ok


def test_an_item_whose_origin_is_void_is_not_worked_with_until_it_is_replaced(book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write)]
    recorded(book, *events)
    filled = the("filling", events)
    recorded(book, void(write, filled, "incorrect_data"))
    assert declined(book, write("store", items=("DP-0001-1",), place="T-1")) == ["RQC-C161"]
    again = write(
        "filling",
        inputs=filled.inputs,
        outputs=(Item("DP-0001-1", "9", "mL"), Item("DP-0001-2", "11", "mL")),
        coi=COI,
        lot="LOT-0001",
        event_time=filled.event_time,
        replaces=filled.event_id,
    )
    recorded(book, again, write("store", items=("DP-0001-1",), place="T-1"))
    assert state(book, "DP-0001-1").made == "9"
    assert book.verify().ok


def test_an_item_can_be_made_anew_when_its_first_making_did_not_occur(book: Book) -> None:
    write = Scribe()
    wrong = write("receipt", outputs=(Item("MAT-1", "5", "mL"),))
    recorded(book, wrong, void(write, wrong))
    again = write("receipt", outputs=(Item("MAT-1", "6", "mL"),), event_time=wrong.event_time, replaces=wrong.event_id)
    recorded(book, again)
    assert state(book, "MAT-1").made == "6"


def test_a_void_recall_and_a_void_suspension_no_longer_stop(book: Book) -> None:
    write = Scribe()
    recorded(book, *collected(write), *made(write), *released(write))
    recall = write("recall", lot="LOT-0001", reason="Medium contaminated")
    item_recall = write("recall", items=("DP-0001-1",), reason="Medium contaminated")
    suspended = write("study_suspended", study="STUDY-A", reason="Signal")
    recorded(book, recall, item_recall, suspended)
    assert declined(book, write("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI, study="STUDY-A")) == [
        "RQC-C144",
        "RQC-C141",
    ]
    recorded(book, void(write, recall), void(write, item_recall), void(write, suspended))
    recorded(book, write("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI, study="STUDY-A"))
    assert book.verify().ok


def test_a_second_recall_of_a_lot_outlives_the_correction_of_the_first(book: Book) -> None:
    write = Scribe()
    recorded(book, *collected(write), *made(write), *released(write))
    first = write("recall", lot="LOT-0001", reason="Medium contaminated")
    recorded(book, first, write("recall", lot="LOT-0001", reason="Filter torn"), void(write, first))
    assert declined(book, write("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)) == ["RQC-C141"]


@pytest.mark.parametrize(
    ("corrects", "expected"),
    [
        pytest.param("EV-7777", ["RQC-C181"], id="an event that is not there"),
        pytest.param("EV-0006", ["RQC-C182"], id="a correction"),
        pytest.param("EV-0001", ["RQC-C182"], id="an event that is void already"),
    ],
)
def test_what_cannot_be_corrected(book: Book, corrects: str, expected: list[str]) -> None:
    write = Scribe()
    events = collected(write)
    recorded(book, *events)
    write.count = 5
    recorded(book, void(write, next(event for event in events if event.event_id == "EV-0001")))
    correction = write("correction", corrects=corrects, basis="incorrect_data", reason="Wrong vial", role="records")
    assert declined(book, correction) == expected


def test_only_a_void_event_is_replaced_and_only_once(book: Book) -> None:
    write = Scribe()
    first = write("receipt", outputs=(Item("MAT-1", "5", "mL"),))
    recorded(book, first)
    in_place = {"outputs": (Item("MAT-1", "6", "mL"),), "event_time": first.event_time, "replaces": first.event_id}
    assert declined(book, write("receipt", **in_place)) == ["RQC-C183"]
    recorded(book, void(write, first), write("receipt", **in_place))
    assert "RQC-C183" in declined(book, write("receipt", **(in_place | {"outputs": ("MAT-2",)})))
    unknown = in_place | {"replaces": "EV-7777", "outputs": ("MAT-2",)}
    assert declined(book, write("receipt", **unknown)) == ["RQC-C183"]


def test_a_replacement_that_names_other_things_takes_the_place_once(url: str, opening: Callable[..., Book]) -> None:
    write = Scribe()
    made_first = [write("receipt", outputs=(f"MAT-{number}",)) for number in range(4)]
    wrong = write("discard", items=("MAT-1",), reason="Expired")
    right = write("discard", items=("MAT-2",), reason="Expired", replaces=wrong.event_id, event_time=wrong.event_time)
    with opening(url) as book:
        recorded(book, *made_first, wrong, void(write, wrong, "incorrect_data"), right)
    book = opening(url)
    assert (state(book, "MAT-1").status, state(book, "MAT-2").status) == ("active", "discarded")
    again = write("discard", items=("MAT-3",), reason="Expired", replaces=wrong.event_id, event_time=wrong.event_time)
    assert declined(book, again) == ["RQC-C183"]
    assert book.verify().ok


def test_a_replacement_can_itself_be_replaced(book: Book) -> None:
    write = Scribe()
    first = write("receipt", outputs=(Item("MAT-1", "10", "mL"),))
    wrong = write("discard", items=(Item("MAT-1", "9", "mL"),), reason="Spilled")
    later = write("discard", items=(Item("MAT-1", "1", "mL"),), reason="Spilled")
    recorded(book, first, wrong, later)
    second = write(
        "discard",
        items=(Item("MAT-1", "5", "mL"),),
        reason="Spilled",
        replaces=wrong.event_id,
        event_time=wrong.event_time,
    )
    recorded(book, void(write, wrong, "incorrect_data"), second)
    third = write(
        "discard",
        items=(Item("MAT-1", "3", "mL"),),
        reason="Spilled",
        replaces=second.event_id,
        event_time=wrong.event_time,
    )
    recorded(book, void(write, second, "incorrect_data"), third)
    assert state(book, "MAT-1").destroyed == "4"
    assert state(book, "MAT-1").changed == later.event_time
    assert book.verify().ok


def test_a_replacement_cannot_take_what_later_events_took(book: Book) -> None:
    write = Scribe()
    first = write("receipt", outputs=(Item("MAT-1", "10", "mL"),))
    wrong = write("discard", items=(Item("MAT-1", "2", "mL"),), reason="Spilled")
    later = write("discard", items=(Item("MAT-1", "7", "mL"),), reason="Spilled")
    recorded(book, first, wrong, later, void(write, wrong, "incorrect_data"))
    in_place = {"reason": "Spilled", "replaces": wrong.event_id, "event_time": wrong.event_time}
    assert declined(book, write("discard", items=(Item("MAT-1", "4", "mL"),), **in_place)) == ["RQC-C131"]
    recorded(book, write("discard", items=(Item("MAT-1", "3", "mL"),), **in_place))


def test_a_correction_works_across_closing_and_opening(url: str, opening: Callable[..., Book]) -> None:
    write = Scribe()
    events = [*collected(write), *made(write), *released(write)]
    shipped = write("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)
    for batch in (events, [shipped], [void(write, shipped)]):
        with opening(url) as book:
            recorded(book, *batch)
    again = opening(url)
    assert state(again, "DP-0001-1").heading == ""
    assert again.verify().ok


@pytest.mark.parametrize("position", range(4, 23))
def test_correcting_any_event_of_a_life_leaves_what_follows_from_the_others(sqlite_book: Book, position: int) -> None:
    write = Scribe()
    events = life(write)
    recorded(sqlite_book, *events, void(write, events[position]))
    # What is known of an item follows from the events that name it and stand, in their order, and from nothing else.
    expected = Desk()
    for index, event in enumerate(events):
        if index != position:
            expected.known.take(event, index)
    touched = {item.id for item in (*events[position].items, *events[position].inputs, *events[position].outputs)}
    for code in touched:
        found, alone = state(sqlite_book, code), expected.state(code)
        assert (found.status, found.made, found.used) == (
            (alone.status, alone.made, alone.used) if alone is not None else ("active", "", "")
        )
    assert sqlite_book.verify().ok
