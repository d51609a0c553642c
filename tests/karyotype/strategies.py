"""Valid karyotypes as a hypothesis strategy, and texts that are nearly valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from .valid_karyotypes import ValidKaryotype, make_karyotype

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["karyotypes", "mutated_karyotypes"]

_Option = TypeVar("_Option")

# Everything that stands in karyotypes, and a little that does not.
CHARACTERS = "0123456789XYpqcxnt+-~<>,;.:/[]() abdefhilmorstu?*_–×\nＸ"


class _DrawnDice:
    """Choices that hypothesis makes, and can shrink."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def pick(self, options: Sequence[_Option]) -> _Option:
        return self._draw(st.sampled_from(options))

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


@st.composite
def karyotypes(draw: st.DrawFn) -> ValidKaryotype:
    """Draw one valid karyotype."""
    return make_karyotype(_DrawnDice(draw))


@st.composite
def mutated_karyotypes(draw: st.DrawFn) -> str:
    """Draw a valid karyotype with one to three characters inserted, deleted, replaced, or parts exchanged."""
    text = draw(karyotypes()).text
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(("insert", "delete", "replace", "repeat", "cut")))
        character = draw(st.sampled_from(CHARACTERS))
        if kind == "insert":
            text = text[:place] + character + text[place:]
        elif kind == "delete":
            text = text[:place] + text[place + 1 :]
        elif kind == "replace":
            text = text[:place] + character + text[place + 1 :]
        elif kind == "repeat":
            end = draw(st.integers(place, len(text)))
            text = text[:end] + text[place:end] + text[end:]
        else:
            text = text[:place]
    return text
