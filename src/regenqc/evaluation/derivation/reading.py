"""Read the text of an input as its function asks for it: a quantity, a count, or the metaphases of a karyotype."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from regenqc.evaluation.derivation.columns import ABSENT, NOT_DETECTED, UNREADABLE, Problem
from regenqc.evaluation.derivation.quantity import Quantity, read_quantity
from regenqc.karyotype import Karyotype, read_karyotype
from regenqc.measurement.reported import fold_text
from regenqc.specification.criteria import canonical_word
from regenqc.specification.derived_functions import Reading

if TYPE_CHECKING:
    from fractions import Fraction

    from regenqc.specification.derived_functions import Input

__all__ = ["NO_WHOLE_NUMBER", "SEVERAL_CELL_LINES", "read_input"]

NO_WHOLE_NUMBER: Final = Problem("is no whole number")
SEVERAL_CELL_LINES: Final = Problem("is of several cell lines")
NO_METAPHASES: Final = Problem("states no number of metaphases")

# What a count of responses is, where a laboratory reports in words whether there was one.
_NONE: Final = frozenset({"no growth", "not detected", "negative", "non-reactive", "absent"})
_SOME: Final = frozenset({"growth", "detected", "positive", "reactive", "present"})


def read_input(entry: Input, text: str, unit: str, *, lod: str = "") -> Quantity | Problem:
    """Return what a text says for an input, in the unit of that input.

    Args:
        entry: the input.
        text: as reported or stated.
        unit: of the text, as reported or stated.
        lod: limit declared with a result that is not detected, or below the limit of quantitation.

    Example:
        >>> from regenqc.specification.derived_functions import FUNCTIONS
        >>> positives = FUNCTIONS["virus_upper_bound_per_dose"].input("positives")
        >>> read_input(positives, "negative", ""), read_input(positives, "< 3", ""), read_input(positives, "2.5", "").text
        (Quantity(operator='', numerator=0, denominator=1), Quantity(operator='≤', numerator=2, denominator=1), 'is no whole number')
    """
    if not fold_text(text):
        return ABSENT
    if entry.reading is Reading.METAPHASES:
        return _metaphases(entry, text, unit)
    if entry.reading is Reading.COUNT:
        return _count(entry, text, unit)
    found = _quantity(entry, text, unit, lod)
    if found is not None:
        return found
    is_open = bool(entry.not_detected_below) and not fold_text(lod) and canonical_word(text) == "not detected"
    return NOT_DETECTED if is_open else UNREADABLE


def _quantity(entry: Input, text: str, unit: str, lod: str = "") -> Quantity | None:
    found = read_quantity(text, unit, target=entry.unit, lod=lod)
    if found is None:
        for symbol, size in entry.also:
            other = read_quantity(text, unit, target=symbol, lod=lod)
            if other is not None:
                value = other.fraction * size
                return replace(other, numerator=value.numerator, denominator=value.denominator)
    return found


def _count(entry: Input, text: str, unit: str) -> Quantity | Problem:
    """Return a count; a censored one names the nearest whole number that it includes."""
    word = canonical_word(text)
    if word in _NONE:
        return Quantity("", 0, 1)
    if word in _SOME:
        return Quantity("≥", 1, 1)
    found = _quantity(entry, text, unit)
    if found is None:
        return UNREADABLE
    number: Fraction = found.fraction
    if found.operator == "":
        return found if number.denominator == 1 else NO_WHOLE_NUMBER
    whole = {"<": ceil(number) - 1, "≤": floor(number), ">": floor(number) + 1, "≥": ceil(number)}[found.operator]
    return Quantity("≤" if found.operator in "<≤" else "≥", whole, 1)


@lru_cache(maxsize=1 << 14)
def _metaphases(entry: Input, text: str, unit: str) -> Quantity | Problem:
    found = _quantity(entry, text, unit)
    if found is not None:
        return _count(entry, text, unit)
    karyotype = read_karyotype(text)
    if not isinstance(karyotype, Karyotype):
        return UNREADABLE
    if len(karyotype.clones) != 1 or karyotype.clones[0].notation.composite:
        return SEVERAL_CELL_LINES
    cells = karyotype.clones[0].cells
    return NO_METAPHASES if cells is None else Quantity("", cells, 1)
