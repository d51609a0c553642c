"""Random histories: what the rules admit is what a plain model of custody admits, and the tables say what it says.

The model is written the way one would explain it: a dictionary of things, each with a holder, a place on the way, a quantity
and a few marks. It knows nothing of states, projections or kinds as data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.custody.story import Desk, Scribe

from regenqc.custody.record import Item, Previous
from regenqc.custody.state import left_of

SITES = ("SITE-1", "SITE-2", "SITE-3")
COIS = ("", "COI-0001", "COI-0002")
CODES = [f"THING-{number}" for number in range(8)]
BOXES = ["BOX-1", "BOX-2"]


@dataclass
class Thing:
    """What anybody would write on a card about a thing."""

    holder: str
    coi: str
    left: Decimal
    made: Decimal
    heading: str = ""
    sent: str = ""
    box: str = ""
    recalled: bool = False
    gone: dict[str, Decimal] = field(default_factory=lambda: {"used": Decimal(0), "destroyed": Decimal(0)})


class Custody(RuleBasedStateMachine):
    """Offer events that are right and wrong in the same measure, and compare every verdict."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.write = Scribe()
        self.cards: dict[str, Thing] = {}
        self.boxes: dict[str, Thing] = {}
        self.recalled_lots: set[str] = set()

    @initialize()
    def begin(self) -> None:
        for code in CODES[:3]:
            self.receipt(code, SITES[0], COIS[1], 10)

    def card(self, code: str) -> Thing | None:
        return self.cards.get(code) or self.boxes.get(code)

    def whereabouts(self, thing: Thing) -> Thing:
        return self.boxes[thing.box] if thing.box else thing

    def at_hand(self, code: str, site: str) -> bool:
        thing = self.card(code)
        return thing is not None and not thing.box and not thing.heading and thing.holder == site and thing.left > 0

    def compare(self, *, admitted: bool, event: Any) -> bool:
        found = self.desk.offer(event)
        assert (not found) is admitted, (event, found, self.cards, self.boxes)
        return admitted

    @rule(
        code=st.sampled_from(CODES), site=st.sampled_from(SITES), coi=st.sampled_from(COIS), amount=st.integers(1, 20)
    )
    def receipt(self, code: str, site: str, coi: str, amount: int) -> None:
        event = self.write("donation", site=site, donor="DONOR-0001", outputs=(Item(code, str(amount), "mL"),), coi=coi)
        if self.compare(admitted=code not in self.cards, event=event):
            self.cards[code] = Thing(site, coi, Decimal(amount), Decimal(amount))

    @rule(
        source=st.sampled_from(CODES),
        into=st.sampled_from(CODES),
        site=st.sampled_from(SITES),
        coi=st.sampled_from(COIS),
        amount=st.integers(1, 12),
        made=st.integers(1, 12),
    )
    def sample(self, source: str, into: str, site: str, coi: str, amount: int, made: int) -> None:
        if source == into:
            return
        event = self.write(
            "sampling",
            site=site,
            inputs=(Item(source, str(amount), "mL"),),
            outputs=(Item(into, str(made), "mL"),),
            coi=coi,
        )
        card = self.cards.get(source)
        admitted = (
            card is not None
            and into not in self.cards
            and self.at_hand(source, site)
            and amount <= card.left
            and made <= amount
            and coi == (card.coi or coi)
        )
        if self.compare(admitted=admitted, event=event):
            assert card is not None
            card.left -= amount
            card.gone["used"] += amount
            self.cards[into] = Thing(site, coi, Decimal(made), Decimal(made))

    @rule(code=st.sampled_from(CODES), site=st.sampled_from(SITES), amount=st.integers(1, 12))
    def destroy(self, code: str, site: str, amount: int) -> None:
        event = self.write("discard", site=site, items=(Item(code, str(amount), "mL"),), reason="Not needed")
        card = self.cards.get(code)
        if self.compare(admitted=card is not None and self.at_hand(code, site) and amount <= card.left, event=event):
            assert card is not None
            card.left -= amount
            card.gone["destroyed"] += amount

    @rule(code=st.sampled_from([*CODES, *BOXES]), site=st.sampled_from(SITES), to=st.sampled_from(SITES))
    def ship(self, code: str, site: str, to: str) -> None:
        event = self.write("ship", site=site, items=(code,), destination=to)
        card = self.card(code)
        if self.compare(admitted=self.at_hand(code, site) and card is not None and not card.recalled, event=event):
            assert card is not None
            card.heading, card.sent = to, event.event_id

    @rule(
        code=st.sampled_from([*CODES, *BOXES]),
        site=st.sampled_from(SITES),
        right=st.booleans(),
        coi=st.sampled_from(COIS),
    )
    def receive(self, code: str, site: str, right: bool, coi: str) -> None:  # noqa: FBT001 - drawn by name
        card = self.card(code)
        sent = card.sent if card is not None and right else "EV-9999"
        if not sent:
            return
        event = self.write("receive", site=site, items=(code,), previous=Previous(sent), coi=coi)
        admitted = (
            card is not None
            and not card.box
            and card.heading == site
            and sent == card.sent
            and (coi == card.coi if card.coi else True)
            and card.left > 0
        )
        if self.compare(admitted=admitted, event=event):
            assert card is not None
            card.holder, card.heading, card.sent = site, "", ""

    @rule(code=st.sampled_from([*CODES, *BOXES]), giver=st.sampled_from(SITES), taker=st.sampled_from(SITES))
    def hand_over(self, code: str, giver: str, taker: str) -> None:
        event = self.write(
            "handover",
            site=giver,
            items=(code,),
            source=giver,
            destination=taker,
            second_actor="COUR-0303",
            second_role="courier",
        )
        card = self.card(code)
        admitted = card is not None and not card.box and card.holder == giver and giver != taker and card.left > 0
        if self.compare(admitted=admitted, event=event):
            assert card is not None
            card.holder = taker
            if card.heading == taker:
                card.heading, card.sent = "", ""

    @rule(code=st.sampled_from(CODES), box=st.sampled_from(BOXES), site=st.sampled_from(SITES))
    def pack(self, code: str, box: str, site: str) -> None:
        event = self.write("pack", site=site, items=(code,), container=box)
        card, around = self.cards.get(code), self.boxes.get(box)
        admitted = (
            card is not None
            and self.at_hand(code, site)
            and not card.recalled
            and (around is None or self.at_hand(box, site))
        )
        if self.compare(admitted=admitted, event=event):
            assert card is not None
            card.box = box
            if around is None:
                self.boxes[box] = Thing(site, "", Decimal(1), Decimal(1))

    @rule(code=st.sampled_from(CODES), box=st.sampled_from(BOXES), site=st.sampled_from(SITES))
    def unpack(self, code: str, box: str, site: str) -> None:
        event = self.write("unpack", site=site, items=(code,), container=box)
        card = self.cards.get(code)
        admitted = card is not None and card.box == box and self.at_hand(box, site)
        if self.compare(admitted=admitted, event=event):
            assert card is not None
            card.box, card.holder = "", site

    @rule(code=st.sampled_from(CODES))
    def recall(self, code: str) -> None:
        event = self.write("recall", items=(code,), reason="Contaminated")
        card = self.cards.get(code)
        if self.compare(admitted=card is not None, event=event):
            assert card is not None
            card.recalled = True

    @invariant()
    def the_tables_say_what_the_cards_say(self) -> None:
        for code, card in {**self.cards, **self.boxes}.items():
            state = self.desk.state(code)
            assert (state.holder, state.heading, state.container, state.recalled) == (
                card.holder,
                card.heading,
                card.box,
                card.recalled,
            )

    @invariant()
    def nothing_is_made_out_of_nothing(self) -> None:
        for code, card in self.cards.items():
            state = self.desk.state(code)
            assert left_of(state) == card.left >= 0
            assert Decimal(state.made) == card.left + sum(card.gone.values())


TestCustody = Custody.TestCase
TestCustody.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
