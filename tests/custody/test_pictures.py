"""Pictures: well-formed, complete, alone, the same every time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.custody.story import COI, HOSPITAL, LATER, LENIENT, Scribe, collected, life, made, released

from regenqc.custody.book import Book, Noted
from regenqc.custody.picture import lineage_picture, timeline_picture
from regenqc.custody.record import Item
from regenqc.custody.trace import (
    Reader,
    backward,
    condition_of,
    custody_findings,
    custody_spans,
    forward,
    identity_points,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.record import Event

SVG = "{http://www.w3.org/2000/svg}"


def lineage(book: Book, code: str, *, direction: str = "forward") -> str:
    with book.read() as view:
        trace = forward(view, code) if direction == "forward" else backward(view, code)
        reader = Reader(view)
        return lineage_picture(trace, {index: reader.event(index) for index in trace.events})


def timeline(book: Book, code: str, coi: str = COI) -> str:
    with book.read() as view:
        return timeline_picture(
            code,
            steps=Reader(view).life(code),
            spans=custody_spans(view, code),
            findings=custody_findings(view, code),
            channels=condition_of(view, code),
            points=identity_points(view, coi),
        )


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - made by the code under test


def texts(svg: str) -> str:
    return " ".join("".join(element.itertext()) for element in parsed(svg).iter() if element.tag != f"{SVG}svg")


def record(book: Book, events: list[Event]) -> None:
    assert all(isinstance(outcome, Noted) for outcome in book.append(events))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("pictures")
    with Book.open(f"sqlite:///{folder}/l.db", origin="a.example/l", policy=LENIENT, now=lambda: LATER) as book:
        record(book, life(Scribe()))
        yield book


def test_every_thing_and_every_event_of_a_small_trace_is_drawn(lived: Book) -> None:
    said = texts(lineage(lived, "AP-0001"))
    assert all(code in said for code in ("AP-0001", "CU-0001", "DS-0001", "DP-0001-1", "DP-0001-2", "SA-0001"))
    assert all(word in said for word in ("Gene modification", "Formulation", "Filling", "Sampling"))


def test_a_trace_backward_is_drawn(lived: Book) -> None:
    said = texts(lineage(lived, "DP-0001-1", direction="backward"))
    assert "What went into DP-0001-1" in said
    assert "MEDIUM-0001" in said


def test_the_timeline_names_holders_places_checks_and_events(lived: Book) -> None:
    said = texts(timeline(lived, "DP-0001-1"))
    expected = ("MAKER-1", "HOSPITAL-1", "TANK-3/R2", "BOX-0001-1", "Administration", "Shipping", "no gap, no overlap")
    assert all(word in said for word in expected)
    assert "Re-inspection: COI-0001 by PHARM-0099" in said


@pytest.mark.parametrize("picture", [lambda book: lineage(book, "AP-0001"), lambda book: timeline(book, "DP-0001-1")])
def test_a_picture_stands_alone_and_is_the_same_every_time(lived: Book, picture: object) -> None:
    svg = picture(lived)  # type: ignore[operator] # one of the functions above
    assert svg == picture(lived)  # type: ignore[operator] # same
    assert set(re.findall(r"https?://[^\"' <]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in svg
    root = parsed(svg)
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None


def test_signs_of_markup_in_codes_are_texts(sqlite_book: Book) -> None:
    write = Scribe()
    first = write("donation", donor="DONOR-0001", outputs=("A&B;1",), coi=COI, site="MAKER-1", place="R&D/1")
    record(sqlite_book, [first, write("store", items=("A&B;1",), place="T&1")])
    assert "A&B;1" in texts(lineage(sqlite_book, "A&B;1"))
    assert "T&1" in texts(timeline(sqlite_book, "A&B;1"))


def bank(write: Scribe, vials: int) -> list[Event]:
    outputs = tuple(f"WCB-1/V{number:03d}" for number in range(vials))
    return [
        *collected(write),
        write("banking", inputs=(Item("AP-0001", "120", "mL"),), outputs=outputs, coi=COI, lot="WCB-1"),
    ]


def test_things_that_came_alike_are_one_card(sqlite_book: Book) -> None:
    write = Scribe()
    record(
        sqlite_book,
        [*bank(write, 40), write("thaw", inputs=("WCB-1/V000",), outputs=("CU-1",), coi=COI, stage="in_process")],
    )
    svg = lineage(sqlite_book, "AP-0001")
    assert "39 × WCB-1/V001 …" in texts(svg)
    assert len(parsed(svg).findall(f".//{SVG}circle")) == 2


def test_what_is_too_much_for_a_picture_is_counted(sqlite_book: Book) -> None:
    write = Scribe()
    events = bank(write, 200)
    events += [
        write("thaw", inputs=(f"WCB-1/V{number:03d}",), outputs=(f"CU-{number}",), coi=COI, stage="in_process")
        for number in range(200)
    ]
    record(sqlite_book, events)
    said = texts(lineage(sqlite_book, "AP-0001"))
    assert "401 things" in said
    (left_out,) = re.findall(r"(\d+) not drawn", said)
    assert int(left_out) == 401 - 150


def test_a_long_history_is_laid_out(sqlite_book: Book) -> None:
    write = Scribe()
    events = [write("donation", donor="DONOR-0001", outputs=("P-0",))]
    events += [write("expansion", inputs=(f"P-{n}",), outputs=(f"P-{n + 1}",), stage="donor") for n in range(140)]
    record(sqlite_book, events)
    assert "P-140" in texts(lineage(sqlite_book, "P-0"))


def test_medium_that_goes_into_what_is_there_draws_no_circle(sqlite_book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write)]
    events.append(write("sampling", inputs=(Item("MEDIUM-0001", "1", "mL"),), outputs=("MS-1",)))
    record(sqlite_book, events)
    assert "MS-1" in texts(lineage(sqlite_book, "MEDIUM-0001"))


def test_an_open_way_shows_in_the_timeline(sqlite_book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write), *released(write)]
    record(sqlite_book, [*events, write("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)])
    said = texts(timeline(sqlite_book, "DP-0001-1"))
    assert "2 open" in said
    assert "no receipt is recorded" in said
