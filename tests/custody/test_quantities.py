"""Quantities are texts; what is left of an item is computed from them exactly, whole numbers or not."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st
from tests.custody.story import Scribe

from regenqc.custody.record import Item
from regenqc.custody.state import ItemState, advance, left_of

QUANTITIES = st.from_regex(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?", fullmatch=True).filter(
    lambda text: Decimal(text)
)


@given(st.lists(QUANTITIES, min_size=1, max_size=5))
@example(["250", "250", "0.5"])
@example(["999999999999999999", "999999999999999999", "0.000000000000000001"])
def test_what_was_used_is_the_sum_as_decimal_arithmetic_writes_it(used: list[str]) -> None:
    state = ItemState(created=0, made="999999999999999999", unit="mL")
    for number, quantity in enumerate(used, start=1):
        event = Scribe()("expansion", inputs=(Item("MAT-1", quantity, "mL"),))
        state = advance(state, event, event.inputs[0], part="inputs", index=number)
    total = Decimal(used[0])
    for quantity in used[1:]:
        total += Decimal(quantity)
    assert state.used == (str(total) if len(used) > 1 else used[0])
    assert left_of(state) == Decimal(999999999999999999) - total


@given(QUANTITIES, st.lists(QUANTITIES, max_size=4))
def test_what_is_left_is_what_was_made_less_everything_that_is_gone(made: str, gone: list[str]) -> None:
    names = ("used", "administered", "destroyed", "unaccounted")
    state = ItemState(made=made, unit="mL", **dict(zip(names, gone, strict=False)))
    assert str(left_of(state)) == str(Decimal(made) - sum(map(Decimal, gone), Decimal(0)))


@given(QUANTITIES, QUANTITIES)
def test_an_item_is_used_up_when_as_much_was_taken_as_was_left(made: str, taken: str) -> None:
    event = Scribe()("expansion", inputs=(Item("MAT-1", taken, "mL"),))
    after = advance(ItemState(created=0, made=made, unit="mL"), event, event.inputs[0], part="inputs", index=1)
    assert (after.status == "used") == (Decimal(taken) >= Decimal(made))
