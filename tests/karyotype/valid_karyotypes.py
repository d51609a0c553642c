"""Valid karyotypes, made from what they mean: numbers of chromosomes are kept by hand, not by the code under test.

The same recipe is driven by a seeded generator (benchmarks) and by hypothesis (`strategies.py`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from regenqc.karyotype.bands import AUTOSOMES, BAND_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Dice", "ValidKaryotype", "make_karyotype", "valid_karyotypes"]

_Option = TypeVar("_Option")
ACROCENTRIC = ("13", "14", "15", "21", "22")


class Dice(Protocol):
    """Where choices come from."""

    def pick(self, options: Sequence[_Option]) -> _Option: ...

    def number(self, low: int, high: int) -> int: ...


class SeededDice:
    """Choices of a seeded generator."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def pick(self, options: Sequence[_Option]) -> _Option:
        return options[int(self._random.random() * len(options))]

    def number(self, low: int, high: int) -> int:
        return low + int(self._random.random() * (high - low + 1))


@dataclass(frozen=True, slots=True)
class ValidKaryotype:
    """A text and what it means.

    Args:
        text: of the karyotype.
        metaphases: counted, `None` where a count is left out.
        normal: whether every clone is 46,XX, or every clone is 46,XY, and nothing else is said.
        clones: number of clones.
    """

    text: str
    metaphases: int | None
    normal: bool
    clones: int


def valid_karyotypes(*, seed: int) -> Iterator[ValidKaryotype]:
    """Yield valid karyotypes without end, the same ones for the same seed."""
    dice = SeededDice(seed)
    while True:
        yield make_karyotype(dice)


def make_karyotype(dice: Dice) -> ValidKaryotype:
    """Return one valid karyotype."""
    sex = dice.pick(("XX", "XY"))
    shape = dice.pick(
        ("normal", "one", "one", "mosaic", "mosaic", "mosaic", "evolution", "composite", "polyploid", "mos")
    )
    if shape == "normal":
        cells = _cells(dice)
        return _karyotype([f"46,{sex}"], [cells], dice, normal=True)
    if shape == "one":
        return _karyotype([_clone(dice, sex)[0]], [_cells(dice)], dice)
    if shape == "mosaic":
        return _karyotype([_clone(dice, sex)[0], f"46,{sex}"], [dice.number(1, 40), _cells(dice)], dice)
    if shape == "mos":
        return _karyotype(
            [dice.pick(("45,X", "47,XXX", "47,XXY", "47,XYY")), f"46,{sex}"], [_cells(dice), 20], dice, "mos "
        )
    if shape == "polyploid":
        count, doubled = dice.pick(
            (("69", sex + "X" if sex == "XX" else "XXY"), ("92", "XXXX" if sex == "XX" else "XXYY"))
        )
        stated = dice.pick(("", f"<{int(count) // 23}n>"))
        return _karyotype([f"{count}{stated},{doubled}", f"46,{sex}"], [dice.number(1, 5), _cells(dice)], dice)
    if shape == "evolution":
        return _evolution(dice, sex)
    return _composite(dice, sex)


def _karyotype(
    clones: list[str], cells: list[int], dice: Dice, before: str = "", *, normal: bool = False
) -> ValidKaryotype:
    counted = dice.number(1, 20) > 1
    text = before + "/".join(
        f"{clone}[{count}]" if counted else clone for clone, count in zip(clones, cells, strict=True)
    )
    more = dice.number(1, 12) == 1 and counted
    if more:
        text += dice.pick(
            (
                ".nuc ish(BCL2L1x2)[200]",
                ".nuc ish 20q11.21(BCL2L1x3)[150/200]",
                ".arr(1-22)x2,(X,Y)x1",
                ".arr[GRCh38] 20q11.21(30000000_31500000)x3",
            )
        )
    return ValidKaryotype(text, sum(cells) if counted else None, normal and not more, len(clones))


def _cells(dice: Dice) -> int:
    return dice.pick((20, 20, 30, dice.number(1, 60)))


def _band(dice: Dice, chromosome: str) -> str:
    band = dice.pick(BAND_ORDER[chromosome])
    whole, point, digits = band.partition(".")
    return band if not point else whole + dice.pick(("", f".{digits[0]}", f".{digits}"))


def _segment(dice: Dice, chromosome: str) -> str:
    return _band(dice, chromosome) + _band(dice, chromosome)


def _clone(dice: Dice, sex: str) -> tuple[str, int, int]:
    """Return a clone without its cells, its number of chromosomes, and the place where the next free autosome stands."""
    free = _shuffled(dice)
    number, stated, changes = 46, sex, []
    if dice.number(1, 8) == 1:
        sex_change = dice.pick(("+X", "-", "del"))
        if sex_change == "+X":
            number, changes = 47, ["+X"]
        elif sex_change == "-":
            number, stated, changes = 45, "X", [f"-{sex[1]}"]
        else:
            stated, changes = "X", [f"del({sex[1]})(q11)" if sex == "XX" else "del(Y)(q12)"]
    for _ in range(dice.pick((1, 1, 1, 2, 2, 3))):
        text, added = _change(dice, free)
        number += added
        changes.append(text)
    return f"{number},{stated},{','.join(changes)}", number, len(free)


def _shuffled(dice: Dice) -> list[str]:
    free = list(AUTOSOMES)
    for place in range(len(free) - 1, 0, -1):
        other = dice.number(0, place)
        free[place], free[other] = free[other], free[place]
    return free


def _change(dice: Dice, free: list[str]) -> tuple[str, int]:
    """Return one abnormality of autosomes that no other one uses, and the chromosomes it adds."""
    first = free.pop()
    kind = dice.number(1, 20)
    if kind <= 5:
        return f"+{first}", 1
    if kind <= 7:
        return f"-{first}", -1
    if kind <= 10:
        first, second = sorted((first, free.pop()), key=int)
        return f"t({first};{second})({_band(dice, first)};{_band(dice, second)})", 0
    if kind <= 12:
        return f"{dice.pick(('dup', 'trp', 'inv'))}({first})({_segment(dice, first)})", 0
    if kind == 13:
        return f"{dice.pick(('add', 'del', 'hsr', 'idic'))}({first})({_band(dice, first)})", 0
    if kind == 14:
        arm = dice.pick("pq")
        bands = [band for band in BAND_ORDER[first] if band[0] == arm]
        return f"del({first})({dice.pick(bands)}{dice.pick(bands)})", 0
    if kind == 15:
        return f"i({first})({dice.pick(('p10', 'q10'))})", 0
    if kind == 16:
        second = free.pop()
        pair = sorted((first, second), key=int)
        inner = f"t({pair[0]};{pair[1]})({_band(dice, pair[0])};{_band(dice, pair[1])})"
        sign = dice.pick(("", "+"))
        return f"{sign}der({first}){inner}", 1 if sign else 0
    if kind == 17:
        second = free.pop()
        return f"{dice.pick(('dic', 'der'))}({first};{second})({_band(dice, first)};{_band(dice, second)})", -1
    if kind == 18:
        count = dice.number(1, 3)
        return (f"+{count}mar" if count > 1 else "+mar"), count
    if kind == 19:
        return f"r({first})({_segment(dice, first)})", 0
    return f"{dice.pick(('1qh+', '9qh-', '16qh+', '21ps+', '15cenh+', '9ph+'))}", 0


def _evolution(dice: Dice, sex: str) -> ValidKaryotype:
    stem, number, _ = _clone(dice, sex)
    names = [name for name in AUTOSOMES if f"+{name}" not in stem and f"-{name}" not in stem]
    gained = dice.pick(names)
    clones = [stem, f"{number + 1},{dice.pick(('idem', 'sl'))},+{gained}"]
    if dice.pick((True, False)):
        clones.append(f"{number + 2},sdl1,+{dice.pick([name for name in names if name != gained])}")
    clones.append(f"46,{sex}")
    return _karyotype(clones, [dice.number(1, 20) for _ in clones], dice)


def _composite(dice: Dice, sex: str) -> ValidKaryotype:
    cells = dice.number(4, 20)
    free = _shuffled(dice)
    counts = [dice.number(1, cells) for _ in range(dice.number(2, 4))]
    signs = [dice.pick("+-") for _ in counts]
    changes = [f"{sign}{free.pop()}[{count}]" for sign, count in zip(signs, counts, strict=True)]
    lowest, highest = 46 - signs.count("-"), 46 + signs.count("+")
    return ValidKaryotype(f"{lowest}~{highest},{sex},{','.join(changes)}[cp{cells}]", cells, normal=False, clones=1)
