"""What the quick look at an event admits, every rule admits."""

from __future__ import annotations

from dataclasses import replace as with_policy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.custody.story import CLINIC, HOSPITAL, LENIENT, MAKER, Desk, Scribe, life

from regenqc.custody.kinds import KINDS
from regenqc.custody.knowledge import Register
from regenqc.custody.record import Event, Item, Previous
from regenqc.custody.rules.admission import is_plainly_admitted
from regenqc.custody.rules.check import explained_violations
from regenqc.custody.state import ItemState

if TYPE_CHECKING:
    from regenqc.custody.rules import Policy

EVENTS = list(life(Scribe()))
CODES = sorted({item.id for event in EVENTS for item in (*event.items, *event.inputs, *event.outputs)})
ITEMS = st.builds(
    lambda code, quantity, coi: Item(code, quantity, "mL" if quantity else "", coi),
    st.sampled_from([*CODES, "NEW-1"]),
    st.sampled_from(["", "", "1", "20", "1000"]),
    st.sampled_from(["", "", "COI-0001", "COI-0002"]),
)
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(sorted(KINDS)),
    "site": st.sampled_from([MAKER, CLINIC, HOSPITAL]),
    "source": st.sampled_from(["", MAKER, CLINIC, HOSPITAL]),
    "destination": st.sampled_from(["", MAKER, CLINIC, HOSPITAL]),
    "coi": st.sampled_from(["", "COI-0001", "COI-0002"]),
    "recipient": st.sampled_from(["", "PATIENT-0815", "PATIENT-0002"]),
    "outcome": st.sampled_from(
        ["", "release", "reject", "accept", "accept_for_infusion", "exceptional", "refuse", "quarantine", "conformant"]
    ),
    "stage": st.sampled_from(["", "in_process", "drug_product_release", "administration"]),
    "container": st.sampled_from(["", "BOX-1", *CODES]),
    "study": st.sampled_from(["", "STUDY-A"]),
    "event_time": st.sampled_from(["2026-03-16T07:00:00.000Z", "2026-03-17T00:00:00.000Z"]),
    "record_time": st.sampled_from(["2026-03-16T07:00:00.000Z", "2099-01-01T00:00:00.000Z"]),
    "second_actor": st.sampled_from(["", "STAFF-0417", "NURSE-0501"]),
    "previous": st.sampled_from([None, Previous("EV-0002"), Previous("X-1", origin="other.example/log")]),
    "replaces": st.sampled_from(["", "EV-0002"]),
    **dict.fromkeys(("items", "inputs", "outputs"), st.lists(ITEMS, max_size=2).map(tuple)),
}


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Return a life in which some events are repeated with changes."""
    told: list[Event] = []
    for event in EVENTS:
        told.append(event)
        for _ in range(draw(st.integers(0, 2))):
            changed = draw(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=2, unique=True))
            copied = replace(draw(st.sampled_from(told)), event_id=f"CHANGED-{len(told)}", event_time=event.event_time)
            told.append(replace(copied, **{name: draw(CHANGES[name]) for name in changed}))
    return told


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    histories(),
    st.builds(
        with_policy,
        st.just(LENIENT),
        ship_before_release=st.booleans(),
        signed_kinds=st.sampled_from([frozenset(), frozenset({"ship", "decision"})]),
    ),
)
def test_what_the_quick_look_admits_violates_no_rule(told: list[Event], policy: Policy) -> None:
    desk = Desk(policy)
    for event in told:
        found = explained_violations(event, known=desk.known, policy=policy, now=desk.now)
        if is_plainly_admitted(event, known=desk.known, policy=policy, now=desk.now):
            assert found == [], event
        if not found and event.kind in KINDS and not event.replaces:
            desk.known.take(event, len(desk.events))
            desk.events.append(event)


def test_the_quick_look_admits_a_whole_life_but_its_divisions() -> None:
    desk = Desk()
    for event in EVENTS:
        if not KINDS[event.kind].conserves:
            assert is_plainly_admitted(event, known=desk.known, policy=desk.policy, now=desk.now), event
        desk.take(event)


@pytest.mark.parametrize(
    ("kind", "members", "states"),
    [
        pytest.param(
            "modification",
            {
                "inputs": (Item("A-1", coi="COI-1"), Item("A-2", coi="COI-2")),
                "outputs": (Item("B-1", coi="COI-2"),),
                "stage": "in_process",
            },
            {
                "A-1": ItemState(created=0, holder=MAKER, coi="COI-1", stage="in_process"),
                "A-2": ItemState(created=0, holder=MAKER, coi="COI-2", stage="in_process"),
            },
            id="two chains of identity meet",
        ),
        pytest.param("test_result", {"items": ("A-1",)}, {"A-1": ItemState()}, id="the origin of the item is void"),
        pytest.param(
            "store",
            {"items": ("A-1",), "place": "ROOM-1"},
            {"A-1": ItemState(created=0, holder=MAKER, changed="2026-03-16T09:00:00.000Z")},
            id="the item changed later than that",
        ),
    ],
)
def test_the_quick_look_leaves_to_the_rules(kind: str, members: dict[str, Any], states: dict[str, ItemState]) -> None:
    event, known = Scribe()(kind, **members), Register(items=states)
    assert not is_plainly_admitted(event, known=known, policy=LENIENT, now="2026-12-31T00:00:00.000Z")
