"""Quantities are texts; what is left of an item is computed from them exactly, whole numbers or not."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st
from tests.custody.story import Scribe

from regenqc.custody.record import Item
from regenqc.custody.state import ItemState, advance, left_of

QUANTITIES = st.from_regex(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?", fullmatch=True).filter(
    lambda text: Decimal(text) > 0
)


@given(st.lists(QUANTITIES, min_size=1, max_size=5))
@example(["250", "250", "0.5"])
@example(["999999999999999999", "999999999999999999", "0.000000000000000001"])
def test_what_was_used_is_the_sum_to_the_last_digit(used: list[str]) -> None:
    state = ItemState(created=0, made="999999999999999999", unit="mL")
    for number, quantity in enumerate(used, start=1):
        event = Scribe()("expansion", inputs=(Item("MAT-1", quantity, "mL"),))
        state = advance(state, event, event.inputs[0], part="inputs", index=number)
    total = sum(map(Fraction, used))
    assert Fraction(state.used) == total
    assert Fraction(left_of(state)) == 999999999999999999 - total


@given(QUANTITIES, st.lists(QUANTITIES, max_size=4))
def test_what_is_left_is_what_was_made_less_everything_that_is_gone(made: str, gone: list[str]) -> None:
    names = ("used", "administered", "destroyed", "unaccounted")
    state = ItemState(made=made, unit="mL", **dict(zip(names, gone, strict=False)))
    assert Fraction(left_of(state)) == Fraction(made) - sum(map(Fraction, gone))


@given(QUANTITIES, QUANTITIES)
@example("100000666000006.00000666000006", "100000666000006.00000666000006")
def test_an_item_is_used_up_when_as_much_was_taken_as_was_left(made: str, taken: str) -> None:
    event = Scribe()("expansion", inputs=(Item("MAT-1", taken, "mL"),))
    after = advance(ItemState(created=0, made=made, unit="mL"), event, event.inputs[0], part="inputs", index=1)
    assert (after.status == "used") == (Decimal(taken) >= Decimal(made))


@given(st.lists(st.from_regex(r"[1-9][0-9]{0,17}", fullmatch=True), min_size=2, max_size=5))
def test_whole_quantities_have_the_digits_of_decimal_arithmetic(used: list[str]) -> None:
    state = ItemState(created=0, made="999999999999999999", unit="mL")
    for number, quantity in enumerate(used, start=1):
        event = Scribe()("expansion", inputs=(Item("MAT-1", quantity, "mL"),))
        state = advance(state, event, event.inputs[0], part="inputs", index=number)
    assert state.used == str(sum(map(Decimal, used)))
