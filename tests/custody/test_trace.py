"""The questions that a trace must answer, asked of the story of three lots that share a medium and an incubator."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.story import (
    COI,
    COURIER,
    HOSPITAL,
    LATER,
    LENIENT,
    MAKER,
    PATIENT,
    Scribe,
    collected,
    condition,
    delivered,
    life,
    made,
    released,
)
from tests.ledger.workbench import LOG_KEY, NOW

from regenqc.custody.book import Book, Noted
from regenqc.custody.record import Event, Item, Previous
from regenqc.custody.trace import (
    Asking,
    Reader,
    backward,
    completeness,
    condition_of,
    custody_findings,
    custody_spans,
    events_of_items,
    evidence_packet,
    forward,
    holdings,
    identity_points,
    items_of_lot,
    partner_extract,
    reconcile,
    sideways,
    trace_document,
)
from regenqc.errors import UsageError
from regenqc.ledger import CheckpointMemory, Policy, verify_proof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHARED = Item("BUFFER-9", "1", "mL")


def lots(write: Scribe) -> list[Event]:
    """Return three lots; 0001 and 0002 take from one bottle of buffer, 0003 does not."""
    bottle = write("receipt", outputs=(Item("BUFFER-9", "500", "mL"),), lot="BL-9", source="SUPPLIER-2")
    events = [bottle]
    for number, shares in (("0001", True), ("0002", True), ("0003", False)):
        coi = f"COI-{number}"
        events += collected(Scribe(prefix=f"C{number}"), name=number, coi=coi)
        write.clock += 60 * 60_000
        making = made(write, name=number, coi=coi)
        events += making[:2]
        if shares:
            culture = {"items": (f"CU-{number}",), "inputs": (SHARED,), "coi": coi, "stage": "in_process"}
            events.append(write("expansion", event_time=making[1].event_time, **culture))
        events += making[2:]
        events += released(write, name=number, coi=coi)
    return events


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("trace")
    with Book.open(
        f"sqlite:///{folder}/l.db", origin="site.example/ledger", policy=LENIENT, now=lambda: LATER
    ) as made_book:
        write = Scribe(start="2026-03-16T10:00:00.000Z")
        events = [*lots(write), *delivered(write, name="0001", coi=COI)]
        outcomes = made_book.append(events)
        assert all(isinstance(outcome, Noted) for outcome in outcomes), [
            o for o in outcomes if not isinstance(o, Noted)
        ]
        yield made_book


def codes(trace: Any) -> set[str]:
    return {item.code for item in trace.items}


def doses(trace: Any) -> set[str]:
    return {code for code in codes(trace) if code.startswith("DP-")}


# ---- forward and backward -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param("BUFFER-9", {"0001", "0002"}, id="a material"),
        pytest.param("BL-9", {"0001", "0002"}, id="a supplier's lot"),
        pytest.param("MEDIUM-0003", {"0003"}, id="a material of one lot"),
        pytest.param("AP-0002", {"0002"}, id="a collection"),
        pytest.param("DONOR-0001", {"0001"}, id="a donor"),
        pytest.param("INC-07", {"0001", "0002", "0003"}, id="an incubator"),
        pytest.param("BSC-01", {"0001", "0002", "0003"}, id="a cabinet"),
        pytest.param("STAFF-0417", {"0001", "0002", "0003"}, id="a person"),
        pytest.param("LOT-0003", {"0003"}, id="a manufactured lot"),
        pytest.param("COI-0002", {"0002"}, id="a chain of identity"),
        pytest.param("CLINIC-1", {"0001", "0002", "0003"}, id="a site"),
        pytest.param("TANK-3/R2", {"0001", "0002", "0003"}, id="a place"),
        pytest.param("BOX-0001-1", {"0001"}, id="a shipper"),
        pytest.param(COURIER, {"0001", "0002", "0003"}, id="a courier"),
    ],
)
def test_forward_reaches_every_dose_and_no_other(book: Book, start: str, expected: set[str]) -> None:
    with book.read() as view:
        trace = forward(view, start)
    reached = doses(trace)
    if start == "BOX-0001-1":
        assert reached == {"DP-0001-1"}
    else:
        assert reached == {f"DP-{name}-{dose}" for name in expected for dose in (1, 2)}


def test_forward_says_where_everything_is_now(book: Book) -> None:
    with book.read() as view:
        trace = forward(view, "BUFFER-9")
    here, there = trace.item("DP-0001-2"), trace.item("DP-0001-1")
    assert here.where is not None
    assert there.where is not None
    assert (here.where.holder, here.where.place) == (MAKER, "TANK-3/R2")
    assert there.where.holder == HOSPITAL
    assert trace.item("SA-0001").state is not None


def test_backward_reaches_every_lot_in_contact_and_every_donation(book: Book) -> None:
    with book.read() as view:
        trace = backward(view, "DP-0001-1")
    assert codes(trace) == {"DP-0001-1", "DS-0001", "CU-0001", "AP-0001", "MEDIUM-0001", "BUFFER-9"}
    donors = {item.state.donor for item in trace.items if item.state is not None and item.state.donor}
    assert donors == {"DONOR-0001"}


def test_what_went_in_before_a_sample_was_taken_can_be_in_the_sample(book: Book) -> None:
    with book.read() as view:
        trace = backward(view, "SA-0001")
    # The sample was taken after the buffer went in, so the buffer can be in it.
    assert trace.item("BUFFER-9").in_time


def test_time_is_told_apart_from_reach(sqlite_book: Book) -> None:
    write = Scribe()
    events = collected(write)
    culture = {"inputs": (Item("AP-0001", "120", "mL"),), "outputs": ("CU-1",), "coi": COI, "stage": "in_process"}
    events += [
        write("expansion", **culture),
        write("sampling", inputs=("CU-1",), outputs=("EARLY-1",), coi=COI),
        write("expansion", items=("CU-1",), inputs=(Item("MEDIUM-0001", "1", "mL"),), coi=COI, stage="in_process"),
        write("sampling", inputs=("CU-1",), outputs=("LATE-1",), coi=COI),
    ]
    sqlite_book.append(events)
    with sqlite_book.read() as view:
        down, up = forward(view, "MEDIUM-0001"), backward(view, "EARLY-1")
    assert {item.code: item.in_time for item in down.items} == {
        "MEDIUM-0001": True,
        "CU-1": True,
        "EARLY-1": False,
        "LATE-1": True,
    }
    assert {item.code for item in up.items if not item.in_time} == {"MEDIUM-0001"}


def test_the_links_lead_from_the_start_to_everything_reached(book: Book) -> None:
    with book.read() as view:
        trace = forward(view, "BUFFER-9")
    reached = {"BUFFER-9"}
    for link in trace.links:
        assert link.source in codes(trace)
        reached.add(link.target)
    assert reached == codes(trace)
    assert set(trace.events) >= {link.event for link in trace.links}


def test_something_the_log_never_names_is_no_answer(book: Book) -> None:
    with book.read() as view, pytest.raises(UsageError) as caught:
        forward(view, "BUFFER-8")
    assert caught.value.code == "RQC-C221"
    assert "BUFFER-9" in caught.value.faults[0].expected


def test_a_word_of_the_record_is_nothing_to_trace(book: Book) -> None:
    with book.read() as view, pytest.raises(UsageError) as caught:
        forward(view, "filling")
    assert caught.value.code == "RQC-C221"


def test_a_void_event_leads_nowhere(sqlite_book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write)]
    wrong = next(event for event in events if event.kind == "expansion")
    sqlite_book.append(
        [*events, write("correction", corrects=wrong.event_id, basis="did_not_occur", reason="Wrong culture")]
    )
    with sqlite_book.read() as view:
        assert wrong.event_id not in {
            Reader(view).event(index).event_id for index in forward(view, "MEDIUM-0001").events
        }
        known_before = forward(view, "MEDIUM-0001", asking=Asking(known_at=events[-1].record_time))
        assert wrong.event_id in {Reader(view).event(index).event_id for index in known_before.events}


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[list[int], list[int]]]:
    """Draw steps over numbered things: what each uses of what exists, and how many things it makes."""
    steps, exist = [], 3
    for _ in range(draw(st.integers(1, 12))):
        used = draw(st.lists(st.integers(0, exist - 1), min_size=1, max_size=3, unique=True))
        makes = draw(st.integers(0, 2))
        kept = draw(st.lists(st.sampled_from([n for n in range(exist) if n not in used] or [exist]), max_size=1))
        kept = [number for number in kept if number < exist]
        if not makes and not kept:
            makes = 1
        steps.append((used, [*kept, *range(exist, exist + makes)]))
        exist += makes
    return steps


@settings(max_examples=40, deadline=None)
@given(histories(), st.data())
def test_lineage_agrees_with_a_graph_searched_by_hand(
    steps: list[tuple[list[int], list[int]]], data: st.DataObject
) -> None:
    import tempfile

    write = Scribe()
    first = write(
        "donation", donor="DONOR-0001", outputs=tuple(Item(f"T-{number}", "1000", "mL") for number in range(3))
    )
    events, exist = [first], 3
    for used, targets in steps:
        new = tuple(Item(f"T-{number}", "1000", "mL") for number in targets if number >= exist)
        kept = tuple(f"T-{number}" for number in targets if number < exist)
        inputs = tuple(Item(f"T-{number}", "1", "mL") for number in used)
        events.append(write("expansion", inputs=inputs, outputs=new, items=kept, stage="donor"))
        exist += len(new)
    start = data.draw(st.integers(0, exist - 1))
    with (
        tempfile.TemporaryDirectory() as folder,
        Book.open(f"sqlite:///{folder}/l.db", origin="a.example/l", policy=LENIENT, now=lambda: LATER) as made_book,
    ):
        assert all(isinstance(outcome, Noted) for outcome in made_book.append(events))
        with made_book.read() as view:
            down, up = codes(forward(view, f"T-{start}")), codes(backward(view, f"T-{start}"))
    for direction, found in ((1, down), (-1, up)):
        reached, grown = {start}, True
        while grown:
            size = len(reached)
            for used, targets in steps:
                sources, ends = (used, targets) if direction == 1 else (targets, used)
                if reached & set(sources):
                    reached |= set(ends)
            grown = len(reached) > size
        assert found == {f"T-{number}" for number in reached}


# ---- sideways --------------------------------------------------------------------------------------------------------------


def test_what_shared_an_incubator_in_a_window(book: Book) -> None:
    with book.read() as view:
        reader = Reader(view)
        uses = reader.events_naming([reader.number("INC-07")])
        first = uses[0][1].event_time
        stays = sideways(view, "INC-07", start=first, end=first)
        always = sideways(view, "INC-07", start="2026-01-01T00:00:00.000Z", end=LATER)
    assert {stay.item for stay in stays} == {"CU-0001", "MEDIUM-0001"}
    assert {stay.item for stay in always} == {f"{thing}-000{lot}" for thing in ("CU", "MEDIUM") for lot in (1, 2, 3)}


@pytest.mark.parametrize("place", ["TANK-3", "TANK-3/R2"])
def test_what_stood_in_a_tank_while_something_else_did(sqlite_book: Book, place: str) -> None:
    write = Scribe()
    events = [*collected(write), *made(write), *released(write), *delivered(write)]
    tank = write("store", items=("DP-0001-2",), place="TANK-3")
    sqlite_book.append([*events, tank])
    with sqlite_book.read() as view:
        stays = {stay.item: stay for stay in sideways(view, place, start="2026-03-16T00:00:00.000Z", end=LATER)}
    assert set(stays) == {"DP-0001-1", "DP-0001-2"}
    assert stays["DP-0001-1"].ended is not None
    assert (stays["DP-0001-2"].ended is None) == (place == "TANK-3")


def test_what_travelled_in_one_shipper(book: Book) -> None:
    with book.read() as view:
        (stay,) = sideways(view, "BOX-0001-1", start="2026-03-16T00:00:00.000Z", end=LATER)
    assert (stay.item, stay.manner) == ("DP-0001-1", "container")
    assert stay.ended is not None


def test_a_stay_that_ended_before_the_window_is_not_listed(book: Book) -> None:
    with book.read() as view:
        assert sideways(view, "BOX-0001-1", start="2026-12-01T00:00:00.000Z", end=LATER) == ()


# ---- as known at, as true at --------------------------------------------------------------------------------------------------


def test_what_was_known_and_what_was_true_at_a_moment_differ(sqlite_book: Book) -> None:
    write = Scribe()
    events = collected(write)
    late = write(
        "discard", items=(Item("MEDIUM-0001", "100", "mL"),), reason="Spilled", record_time="2026-03-20T00:00:00.000Z"
    )
    sqlite_book.append([*events, late])
    day = "2026-03-18T00:00:00.000Z"
    with sqlite_book.read() as view:
        known = holdings(view, ["MEDIUM-0001"], asking=Asking(known_at=day))[0].state
        true = holdings(view, ["MEDIUM-0001"], asking=Asking(true_at=day))[0].state
    assert known is not None
    assert true is not None
    assert (known.destroyed, true.destroyed) == ("", "100")


def test_before_it_was_made_nothing_is_known_of_an_item(book: Book) -> None:
    with book.read() as view:
        (found,) = holdings(view, ["DP-0001-1"], asking=Asking(true_at="2026-03-16T08:00:00.000Z"))
    assert found.state is None


def test_now_is_the_same_as_at_the_end_of_all_days(book: Book) -> None:
    with book.read() as view:
        now = forward(view, "BUFFER-9")
        last = forward(view, "BUFFER-9", asking=Asking(known_at=LATER, true_at=LATER))
    assert now == last


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError):
        Asking(known_at="yesterday")


# ---- reconciliation ---------------------------------------------------------------------------------------------------------


def balance_of(book: Book, items: Any, **asking: Any) -> Any:
    with book.read() as view:
        (found,) = reconcile(view, items, **asking)
    return found


def test_a_lot_in_parts(sqlite_book: Book) -> None:
    write = Scribe()
    at = {"site": HOSPITAL, "actor": "PHARM-0099", "role": "pharmacist"}
    two = {"second_actor": "PHYS-0077", "second_role": "physician", "recipient": PATIENT, "coi": COI}
    events = [*collected(write), *made(write, doses=6), *released(write, doses=6)]
    sent = [write("ship", items=(f"DP-0001-{dose}",), destination=HOSPITAL, coi=COI) for dose in (1, 2, 3, 4)]
    events += sent
    for dose in (1, 2, 3):
        quantity = "8" if dose == 3 else "10"
        item = (Item(f"DP-0001-{dose}", quantity, "mL"),)
        events.append(write("receive", items=item, previous=Previous(sent[dose - 1].event_id), coi=COI, **at))
        events.append(write("decision", items=(f"DP-0001-{dose}",), outcome="accept", **at))
    events.append(write("administer", items=(Item("DP-0001-1", "7", "mL"),), **two, **at))
    events.append(write("discard", items=(Item("DP-0001-1", "3", "mL"),), reason="Rest", **at))
    back = write("return", items=("DP-0001-2",), destination=MAKER, reason="Surgery cancelled", **at)
    events += [back, write("receive", items=("DP-0001-2",), previous=Previous(back.event_id), coi=COI)]
    events.append(write("discard", items=(Item("DP-0001-6", "4", "mL"),), reason="Stability sample"))
    outcomes = sqlite_book.append(events)
    assert all(isinstance(outcome, Noted) for outcome in outcomes), [o for o in outcomes if not isinstance(o, Noted)]
    with sqlite_book.read() as view:
        items = items_of_lot(view, "LOT-0001")
    balance = balance_of(sqlite_book, [item for item in items if item.startswith("DP-")])
    expected = {
        "made": 60,
        "administered": 7,
        "destroyed": 7,
        "returned": 10,
        "in_transit": 10,
        "unaccounted": 2,
        "stock": 24,
        "used": 0,
        "difference": 0,
    }
    assert {name: getattr(balance, name) for name in expected} == expected
    assert balance.unaccounted_items == ["DP-0001-3"]


def test_whole_things_are_counted_by_ones(book: Book) -> None:
    balance = balance_of(book, ["DP-0002-1", "DP-0002-2"])
    assert (balance.unit, balance.made, balance.stock) == ("mL", Decimal(20), Decimal(20))


def test_every_item_of_the_log_balances(book: Book) -> None:
    with book.read() as view:
        named = [
            text
            for (text,) in view.execute("SELECT n.text FROM custody_item i JOIN custody_name n ON n.number = i.subject")
        ]
        balances = reconcile(view, named)
    assert {balance.unit: balance.difference for balance in balances} == {"": 0, "mL": 0}


def test_the_account_of_the_past(book: Book) -> None:
    before = balance_of(book, ["MEDIUM-0001"], asking=Asking(true_at="2026-03-16T10:30:00.000Z"))
    assert (before.used, before.stock) == (Decimal(0), Decimal(1000))


# ---- custody ------------------------------------------------------------------------------------------------------------------


def test_who_held_a_dose_from_filling_to_the_hospital(book: Book) -> None:
    with book.read() as view:
        spans = custody_spans(view, "DP-0001-1")
    assert [(span.holder, span.in_transit) for span in spans] == [(MAKER, False), (COURIER, True), (HOSPITAL, False)]
    assert all(first.ended == second.started for first, second in itertools.pairwise(spans))
    assert spans[-1].ended is None


def test_a_chain_with_carrier_and_receipt_has_nothing_open(book: Book) -> None:
    with book.read() as view:
        assert custody_findings(view, "DP-0001-1") == ()


def kinds(book: Book, code: str) -> list[str]:
    with book.read() as view:
        return [finding.kind for finding in custody_findings(view, code)]


def test_a_way_without_a_name_is_a_gap(sqlite_book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write), *released(write)]
    sent = write("ship", items=("DP-0001-1",), destination=HOSPITAL, coi=COI)
    at = {"site": HOSPITAL, "actor": "PHARM-0099", "role": "pharmacist"}
    received = write("receive", items=("DP-0001-1",), previous=Previous(sent.event_id), coi=COI, **at)
    sqlite_book.append([*events, sent, received])
    assert kinds(sqlite_book, "DP-0001-1") == ["nobody_named"]
    with sqlite_book.read() as view:
        assert [span.holder for span in custody_spans(view, "DP-0001-1")] == [MAKER, "", HOSPITAL]


def test_what_was_sent_and_never_received_is_open(sqlite_book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write), *released(write)]
    events.append(write("ship", items=("DP-0001-1",), destination=HOSPITAL, carrier=COURIER, coi=COI))
    sqlite_book.append(events)
    assert kinds(sqlite_book, "DP-0001-1") == ["still_in_transit"]


def test_an_open_way_of_the_container_is_an_open_way_of_what_is_in_it(sqlite_book: Book) -> None:
    write = Scribe()
    events = [*collected(write), *made(write), *released(write), *delivered(write)[:2]]
    sqlite_book.append(events)
    assert kinds(sqlite_book, "DP-0001-1") == ["still_in_transit"]


def test_a_handover_without_the_other_signature_is_one_sided(sqlite_book: Book) -> None:
    write = Scribe()
    two = {"second_actor": "COUR-0303", "second_role": "courier"}
    events = [*collected(write), *made(write)]
    events.append(write("handover", items=("CU-0001",), source=MAKER, destination=COURIER, **two))
    events = [event for event in events if event.kind not in {"formulation", "filling"}]
    outcomes = sqlite_book.append(events)
    assert all(isinstance(outcome, Noted) for outcome in outcomes)
    assert kinds(sqlite_book, "CU-0001") == ["one_side_only"]


def test_an_item_whose_origin_is_void_has_none(sqlite_book: Book) -> None:
    write = Scribe()
    events = collected(write)
    donation = next(event for event in events if event.kind == "donation")
    sqlite_book.append(
        [*events, write("correction", corrects=donation.event_id, basis="incorrect_data", reason="Wrong donor")]
    )
    assert "no_origin" in kinds(sqlite_book, "AP-0001")


# ---- condition ------------------------------------------------------------------------------------------------------------------


def test_excursions_in_the_container_are_excursions_of_what_was_in_it(book: Book) -> None:
    with book.read() as view:
        (summary,) = condition_of(view, "DP-0001-1")
        other = condition_of(view, "DP-0001-2")
    assert (summary.channel, summary.excursion_seconds, summary.minimum) == ("temperature", Decimal(60), Decimal(-196))
    assert [reading.subject for reading in summary.readings] == ["BOX-0001-1"]
    assert other == ()


def shipped_with(book: Book, *intervals: tuple[str, str], budget: str = "") -> Any:
    write = Scribe()
    events = [*collected(write), *made(write), *released(write)]
    late = Scribe(prefix="T", start="2026-03-17T00:00:00.000Z")
    sent = late("ship", items=("DP-0001-1",), destination=HOSPITAL, carrier=COURIER, coi=COI)
    late.clock += 10 * 60 * 60_000
    at = {"site": HOSPITAL, "actor": "PHARM-0099", "role": "pharmacist"}
    received = late("receive", items=("DP-0001-1",), previous=Previous(sent.event_id), coi=COI, **at)
    read = [
        late(
            "sensor_reading",
            items=("DP-0001-1",),
            conditions=(condition(started=start, ended=end, excursion="30", gap="5", budget_seconds=budget),),
            **at,
        )
        for start, end in intervals
    ]
    outcomes = book.append([*events, sent, received, *read])
    assert all(isinstance(outcome, Noted) for outcome in outcomes)
    with book.read() as view:
        (summary,) = condition_of(view, "DP-0001-1")
    return summary


def test_a_way_that_no_logger_watched_is_unwatched(sqlite_book: Book) -> None:
    summary = shipped_with(sqlite_book)
    (stretch,) = summary.unwatched
    assert (summary.readings, stretch.seconds) == ((), Decimal(36060))


def test_gaps_between_readings_on_the_way_are_unwatched(sqlite_book: Book) -> None:
    summary = shipped_with(
        sqlite_book,
        ("2026-03-17T00:00:00.000Z", "2026-03-17T02:00:00.000Z"),
        ("2026-03-17T01:30:00.000Z", "2026-03-17T04:00:00.000Z"),
        ("2026-03-17T05:00:00.000Z", "2026-03-17T12:00:00.000Z"),
        budget="570",
    )
    assert [(stretch.started[11:16], stretch.ended[11:16], stretch.seconds) for stretch in summary.unwatched] == [
        ("04:00", "05:00", Decimal(3600))
    ]
    assert (summary.excursion_seconds, summary.gap_seconds, summary.budget_seconds) == (
        Decimal(90),
        Decimal(15),
        Decimal(570),
    )


# ---- identity -------------------------------------------------------------------------------------------------------------------


def test_the_identity_of_a_lot_agrees_at_every_point(sqlite_book: Book) -> None:
    sqlite_book.append(life(Scribe()))
    with sqlite_book.read() as view:
        points = identity_points(view, COI)
    assert all(point.agrees for point in points)
    verified = [point.kind for point in points if point.required and point.item == "DP-0001-1"]
    assert verified == ["filling", "label", "reinspect", "thaw_at_bedside", "administer"]
    assert points[-1].verified_by == ("NURSE-0501", "PHYS-0077")


def test_materials_and_containers_are_no_points_of_identity(book: Book) -> None:
    with book.read() as view:
        items = {point.item for point in identity_points(view, COI)}
    assert items == {"AP-0001", "CU-0001", "SA-0001", "DS-0001", "DP-0001-1", "DP-0001-2"}


# ---- evidence, completeness, extract ---------------------------------------------------------------------------------------------


def test_an_evidence_packet_is_checked_with_the_key_alone(sqlite_book: Book, tmp_path: Path) -> None:
    sqlite_book.append(life(Scribe()))
    sqlite_book.log.checkpoint(
        LOG_KEY.__class__("maker.example/ledger", bytes(32)), memory=CheckpointMemory(tmp_path / "m"), now=NOW
    )
    key = LOG_KEY.__class__("maker.example/ledger", bytes(32))
    trust = Policy.of([key.verifier])
    with sqlite_book.read() as view:
        trace = forward(view, "MEDIUM-0001")
        indices = events_of_items(Reader(view), [item.code for item in trace.items])
    files = dict(
        evidence_packet(
            sqlite_book.log, indices, question={"forward": "MEDIUM-0001"}, answer=trace_document(trace), trust=trust
        )
    )
    answer = json.loads(files["answer.json"])
    assert answer["events"] == indices
    assert {item["item"] for item in answer["items"]} == codes(trace)
    for index in indices:
        verified = verify_proof(files[f"events/{index}.proof"], files[f"events/{index}.json"], policy=trust)
        assert verified.index == index
    assert len(files) == 4 + 2 * len(indices)


def test_completeness_finds_the_same_in_tables_and_log(book: Book) -> None:
    for code in ("BUFFER-9", "INC-07", "DP-0001-1", "BOX-0001-1", "DONOR-0002", COI):
        with book.read() as view:
            found = completeness(view, code)
        assert found.complete, code
        assert found.entries == book.log.size
        assert found.derived


def test_completeness_notices_an_edge_that_was_taken_away(sqlite_book: Book) -> None:
    sqlite_book.append(life(Scribe()))
    with sqlite_book.log.store.transaction() as transaction:
        transaction.execute(
            "DELETE FROM custody_edge WHERE part = 1 AND event = 5 AND subject = "
            "(SELECT number FROM custody_name WHERE text = 'MEDIUM-0001')"
        )
    with sqlite_book.read() as view:
        found = completeness(view, "MEDIUM-0001")
    assert not found.complete
    assert set(found.derived) - set(found.answered) == {(5, "input")}


def test_a_partner_sees_what_passed_and_nothing_of_anybody_else(book: Book) -> None:
    with book.read() as view:
        passed = partner_extract(view, HOSPITAL)
    (dose,) = passed
    assert (dose.item, dose.direction, dose.container, dose.lot, dose.coi) == (
        "DP-0001-1",
        "up",
        "BOX-0001-1",
        "LOT-0001",
        COI,
    )
    said = json.dumps([str(entry) for entry in passed])
    assert "DONOR" not in said
    assert "PATIENT" not in said
    assert "STAFF" not in said
    assert "0002" not in said


def test_a_supplier_of_cells_sees_what_came_from_there(book: Book) -> None:
    with book.read() as view:
        passed = partner_extract(view, "CLINIC-1")
    assert [(entry.item, entry.direction) for entry in passed] == [
        ("AP-0001", "down"),
        ("AP-0002", "down"),
        ("AP-0003", "down"),
    ]
    assert {entry.leaf for entry in passed} == {book.log.entry(entry.index).leaf.hex() for entry in passed}


def test_the_questions_are_answered_alike_on_each_store(url: str, opening: Callable[..., Book]) -> None:
    made_book = opening(url)
    made_book.append(life(Scribe()))
    with made_book.read() as view:
        asking = Asking(known_at=LATER)
        assert doses(forward(view, "MEDIUM-0001", asking=asking)) == {"DP-0001-1", "DP-0001-2"}
        assert codes(backward(view, "DP-0001-1")) == {"DP-0001-1", "DS-0001", "CU-0001", "AP-0001", "MEDIUM-0001"}
        assert [span.holder for span in custody_spans(view, "DP-0001-1")] == [MAKER, COURIER, HOSPITAL]
        assert sideways(view, "INC-07", start="2026-01-01T00:00:00.000Z", end=LATER)
        assert all(balance.difference == 0 for balance in reconcile(view, items_of_lot(view, "LOT-0001")))
        assert completeness(view, "MEDIUM-0001").complete
        assert len(partner_extract(view, HOSPITAL)) == 1
        assert condition_of(view, "DP-0001-1")
        assert all(point.agrees for point in identity_points(view, COI))
