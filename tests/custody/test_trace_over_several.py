"""Traces over the ledgers of several sites: one item in all of them, and every leg between them that is missing or contradicted."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from tests.custody.story import COI, HOSPITAL, collected, made
from tests.custody.two_ledgers import AT_HOSPITAL, BOX, DOSE, ELSEWHERE, HOSPITALS, MAKERS, OTHER, TwoLedgers

from regenqc.custody.record import Previous
from regenqc.custody.trace import LEG_FINDINGS, forward, trace_over
from regenqc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regenqc.custody.trace import JoinedTrace


@pytest.fixture
def sites(tmp_path: Path) -> TwoLedgers:
    return TwoLedgers(tmp_path).made()


def traced(sites: TwoLedgers, code: str = "LOT-0001", *, only: str = "", **asked: Any) -> JoinedTrace:
    with ExitStack() as stack:
        views = {}
        for book in sites.books():
            stack.enter_context(book)
            views[book.log.origin] = stack.enter_context(book.read())
        return trace_over({only: views[only]} if only else views, code, **asked)


def findings(found: JoinedTrace) -> list[tuple[str, str]]:
    return [(leg.item, leg.finding) for leg in found.legs]


def of_doses(found: JoinedTrace) -> list[tuple[str, str, str]]:
    return [(leg.item, leg.finding, leg.received_in) for leg in found.legs if leg.item in {DOSE, OTHER}]


def told(found: JoinedTrace) -> dict[str, tuple[str, str]]:
    return {each.item.code: (each.item.state.status if each.item.state else "", each.ledger) for each in found.items}


@pytest.mark.parametrize("packed", [False, True], ids=["by itself", "in a box"])
def test_what_was_made_here_and_given_there_is_one_item(sites: TwoLedgers, *, packed: bool) -> None:
    sites.received(DOSE, of=sites.sent(DOSE, packed=packed))
    sites.given(DOSE)
    found = traced(sites)
    assert told(found)[DOSE] == ("administered", HOSPITALS)
    assert told(found)[OTHER] == ("active", MAKERS)
    assert found.faulty == ()
    legs = {leg.item: leg for leg in found.legs if not leg.finding}
    assert set(legs) == {DOSE}
    assert (legs[DOSE].sent_in, legs[DOSE].received_in, legs[DOSE].destination) == (MAKERS, HOSPITALS, HOSPITAL)


def test_a_box_that_came_brought_what_lay_in_it(sites: TwoLedgers) -> None:
    sites.received(BOX, of=sites.sent(DOSE, packed=True))
    assert of_doses(traced(sites)) == [(DOSE, "", HOSPITALS)]


@pytest.mark.parametrize("received", [DOSE, "CRATE-1"], ids=["the dose", "the crate"])
def test_a_box_in_a_crate_was_sent_with_it(sites: TwoLedgers, received: str) -> None:
    for inside, around in ((DOSE, BOX), (BOX, "CRATE-1")):
        sites.makers.append(sites.write("pack", items=(inside,), container=around))
    sites.received(received, of=sites.sent("CRATE-1"))
    assert of_doses(traced(sites)) == [(DOSE, "", HOSPITALS)]


def test_what_was_taken_out_before_was_not_sent(sites: TwoLedgers) -> None:
    for kind, codes in (("pack", (DOSE, OTHER)), ("unpack", (OTHER,))):
        sites.makers.append(sites.write(kind, items=codes, container=BOX))
    sites.received(BOX, of=sites.sent(BOX))
    assert of_doses(traced(sites)) == [(DOSE, "", HOSPITALS)]


def test_what_one_ledger_made_of_it_is_reached_from_the_other(sites: TwoLedgers) -> None:
    sites.received(DOSE, of=sites.sent(DOSE))
    sites.at_hospital("sampling", inputs=(DOSE,), outputs=("QC-DP-9",), coi=COI)
    donor = sites.makers[0].donor
    assert {"QC-DP-9", DOSE, OTHER} <= set(told(traced(sites, donor)))
    back = traced(sites, "QC-DP-9", direction="backward")
    assert {DOSE, *(item.id for item in sites.makers[0].outputs)} <= set(told(back))
    assert told(traced(sites, "QC-DP-9", direction="backward", only=HOSPITALS)).keys() == {"QC-DP-9", DOSE}


def test_a_recall_in_one_ledger_counts_in_all(sites: TwoLedgers) -> None:
    sites.received(DOSE, of=sites.sent(DOSE))
    sites.makers.append(sites.write("recall", lot="LOT-0001", reason="late positive", role="quality_assurance"))
    found = {each.item.code: each for each in traced(sites).items}
    assert (found[DOSE].ledger, found[DOSE].recalled_in) == (HOSPITALS, (MAKERS,))
    assert found[OTHER].recalled_in == (MAKERS,)


def test_over_one_ledger_the_answer_is_that_of_the_ledger(sites: TwoLedgers) -> None:
    sites.sent(DOSE)
    found = traced(sites, only=MAKERS)
    with next(sites.books()) as book, book.read() as view:
        alone = forward(view, "LOT-0001")
    assert [each.item for each in found.items] == list(alone.items)
    assert findings(found) == [(DOSE, "on_its_way")]
    assert found.faulty == ()


def test_what_nobody_names_is_refused(sites: TwoLedgers) -> None:
    with pytest.raises(UsageError, match="RQC-C221"):
        traced(sites, "LOT-0009")


def other_leaf(sites: TwoLedgers) -> None:
    sites.received(DOSE, of=sites.sent(DOSE), previous={"leaf": "sha256:" + 64 * "0"})


def unknown_event(sites: TwoLedgers) -> None:
    sites.received(DOSE, of=sites.sent(DOSE), previous={"event_id": "EV-9999"})


def unknown_ledger(sites: TwoLedgers) -> None:
    sites.received(DOSE, of=sites.sent(DOSE), previous={"origin": "elsewhere.example/log"})


def of_another_item(sites: TwoLedgers) -> None:
    sites.received(DOSE, of=sites.sent(OTHER))


def of_no_sending(sites: TwoLedgers) -> None:
    sites.received(DOSE, of=sites.makers[-1])


def to_another_site(sites: TwoLedgers) -> None:
    sites.received(DOSE, of=sites.sent(DOSE, destination="HOSPITAL-2"))


def before_it_left(sites: TwoLedgers) -> None:
    sent = sites.sent(DOSE)
    sites.received(DOSE, of=sent, event_time=sites.makers[0].event_time)


def corrected_away(sites: TwoLedgers) -> None:
    sent = sites.sent(DOSE)
    sites.received(DOSE, of=sent)
    void = {"corrects": sent.event_id, "basis": "did_not_occur", "reason": "never left", "role": "quality_assurance"}
    sites.makers.append(sites.write("correction", **void))


def twice(sites: TwoLedgers) -> None:
    sent = sites.sent(DOSE)
    sites.received(DOSE, of=sent)
    sites.received(DOSE, of=sent, site=ELSEWHERE)


def never_came(sites: TwoLedgers) -> None:
    sites.received(OTHER, of=sites.sent(OTHER))
    sites.sent(DOSE)


def made_in_both(sites: TwoLedgers) -> None:
    for some in (collected, made):
        sites.hospitals += some(sites.write)


WRONG: dict[str, tuple[Callable[[TwoLedgers], None], set[tuple[str, str]]]] = {
    "another leaf": (other_leaf, {(DOSE, "another_leaf")}),
    "an event that is not there": (unknown_event, {(DOSE, "not_found"), (DOSE, "not_received")}),
    "a ledger that was not asked": (unknown_ledger, {(DOSE, "ledger_not_asked"), (DOSE, "not_received")}),
    "the sending of another item": (of_another_item, {(DOSE, "another_item"), (OTHER, "not_received")}),
    "an event that sent nothing": (of_no_sending, {(DOSE, "not_sent")}),
    "sent to another site": (to_another_site, {(DOSE, "another_destination")}),
    "received before it was sent": (before_it_left, {(DOSE, "before_it_was_sent")}),
    "a sending that was corrected away": (corrected_away, {(DOSE, "void")}),
    "received twice": (twice, {(DOSE, "received_twice"), (DOSE, "another_destination")}),
    "sent and never received": (never_came, {(DOSE, "not_received")}),
    "made in both": (made_in_both, {(code, "made_twice") for code in ("SA-0001", "CU-0001", "DS-0001", DOSE, OTHER)}),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_leg_that_is_missing_or_contradicted_is_said_by_name(sites: TwoLedgers, name: str) -> None:
    bend, expected = WRONG[name]
    bend(sites)
    found = traced(sites)
    assert {(leg.item, leg.finding) for leg in found.faulty} == expected
    # The item is in the answer all the same: a recall must not miss it.
    assert {DOSE, OTHER} <= set(told(found))
    for leg in found.faulty:
        assert LEG_FINDINGS[leg.finding] in leg.explanation
        assert leg.item in leg.explanation


def test_every_finding_but_one_is_wrong() -> None:
    assert {finding for _, expected in WRONG.values() for _, finding in expected} | {"on_its_way"} == set(LEG_FINDINGS)


def test_events_taken_over_from_another_ledger_are_the_same_events(sites: TwoLedgers) -> None:
    sent = sites.sent(DOSE)
    sites.hospitals += sites.makers
    sites.hospitals.append(
        sites.write("receive", items=(DOSE,), previous=Previous(sent.event_id), coi=COI, **AT_HOSPITAL)
    )
    assert traced(sites).faulty == ()
