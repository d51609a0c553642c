"""Read one abnormality of a karyotype, e.g. `+12` or `t(9;22)(q34;q11.2)`.

A text is read by expressions for whole abnormalities. A text that none of them reads is walked through in
`regenqc.karyotype.faults`, only to say where it stops being understood.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from regenqc.karyotype.bands import ACROCENTRIC, BAND_SPANS, CHROMOSOMES, split_bands
from regenqc.karyotype.model import Abnormality, Form
from regenqc.karyotype.variants import is_heteromorphism_label

__all__ = ["PARTS", "RULES", "SYMBOLS", "Rule", "find_abnormality", "find_frequent", "wrong_order"]


class Rule(NamedTuple):
    """What stands in the parentheses of one symbol.

    Args:
        form: kind of change.
        breakpoints: how many bands each chromosome named has, in order, one entry for each way to write the change;
            the empty entry is one chromosome without bands.
        expected: in words, for the reader of a refusal.
    """

    form: Form
    breakpoints: frozenset[tuple[int, ...]]
    expected: str


def _rule(form: Form, expected: str, *breakpoints: tuple[int, ...]) -> Rule:
    return Rule(form, frozenset(breakpoints), expected)


_ONE_BAND = "one chromosome and one band"
_TWO_BANDS = "one chromosome and the two bands where the segment begins and ends"
_FUSED = "two chromosomes and one band of each"

# What may follow each symbol: the number of bands of each chromosome named, in order; `()` where none need be stated.
RULES: Final[dict[str, Rule]] = {
    "add": _rule(Form.ADDITION, _ONE_BAND, (1,)),
    "del": _rule(Form.DELETION, "one chromosome and one band, or two of one arm", (1,), (2,)),
    "dup": _rule(Form.DUPLICATION, _TWO_BANDS, (2,)),
    "trp": _rule(Form.TRIPLICATION, _TWO_BANDS, (2,)),
    "qdp": _rule(Form.QUADRUPLICATION, _TWO_BANDS, (2,)),
    "inv": _rule(Form.INVERSION, _TWO_BANDS, (2,)),
    "ins": _rule(Form.INSERTION, "one chromosome and three bands, or two chromosomes with one and two", (3,), (1, 2)),
    "t": _rule(Form.TRANSLOCATION, "two to six chromosomes and one band of each", *((1,) * n for n in range(2, 7))),
    "i": _rule(Form.ISOCHROMOSOME, "one chromosome and p10 or q10", (1,)),
    "idic": _rule(Form.ISODICENTRIC, _ONE_BAND, (1,)),
    "psu idic": _rule(Form.PSEUDO_ISODICENTRIC, _ONE_BAND, (1,)),
    "dic": _rule(Form.DICENTRIC, _FUSED, (1, 1)),
    "psu dic": _rule(Form.PSEUDO_DICENTRIC, _FUSED, (1, 1)),
    "rob": _rule(Form.ROBERTSONIAN, "two acrocentric chromosomes and (q10;q10)", (1, 1)),
    "tas": _rule(Form.TELOMERE_FUSION, _FUSED, (1, 1)),
    "der": _rule(Form.DERIVATIVE, "two chromosomes with one band of each, or one with its rearrangements", (1, 1)),
    "r": _rule(Form.RING, "one chromosome with two bands or none, or two with two each", (), (2,), (2, 2)),
    "hsr": _rule(Form.HOMOGENEOUS_STAINING, _ONE_BAND, (1,)),
    "fra": _rule(Form.FRAGILE_SITE, _ONE_BAND, (1,)),
}
SYMBOLS: Final[tuple[str, ...]] = (*RULES, "ider", "mar", "dmin")

# Rearrangements that a derivative chromosome is made of.
PARTS: Final[frozenset[str]] = frozenset({"add", "del", "dup", "trp", "inv", "ins", "t", "hsr", "dic", "i"})

_TAIL = r"(?:x([2-9]))?(c|mat|pat|dn|inh)?"
_CHROMOSOME = r"([0-9]{1,2}|[XY])"
_BAND = r"([pq][0-9]+(?:\.[0-9]+)?)"
# One or two chromosomes with one or two bands each: nearly everything that laboratories report.
_SIMPLE: Final = re.compile(
    rf"([+-])?(?:{_CHROMOSOME}|((?:psu )?[a-z]+)\({_CHROMOSOME}(?:;{_CHROMOSOME})?\)\({_BAND}{_BAND}?(?:;{_BAND}{_BAND}?)?\))"
    + _TAIL
)
_GENERAL: Final = re.compile(r"([+-])?([a-z]+)\(([0-9XY;]+)\)(?:\(([pq0-9.;]+)\))?" + _TAIL)
_PART = r"(?:[a-z]+\([0-9XY;]+\)(?:\([pq0-9.;]+\))?)"
_DERIVATIVE: Final = re.compile(r"([+-])?(der|ider)\(([0-9XY]{1,2})\)(?:\(([pq]10)\))?(" + _PART + "+)" + _TAIL)
_EACH_PART: Final = re.compile(r"([a-z]+)\(([0-9XY;]+)\)(?:\(([pq0-9.;]+)\))?")
_UNKNOWN_ORIGIN: Final = re.compile(r"\+([2-9]|[1-9][0-9])?(mar|r)([1-9][0-9]?)?" + _TAIL)
_DOUBLE_MINUTES: Final = re.compile(r"((?:[1-9][0-9]{0,2}(?:~[1-9][0-9]{0,2})?)?)dmin")
_HETEROMORPHISM: Final = re.compile(r"([0-9]{1,2}|[XY])([pqchstkenp+-]+[+-])(c|mat|pat|dn|inh)?")


def find_abnormality(text: str) -> Abnormality | None:
    """Return the abnormality that a text is, or `None`.

    Signs are not judged here: `-del(5)(q13)` is an abnormality that only a clone which refers to another one can have.

    Args:
        text: folded, without count of cells.

    Example:
        >>> find_abnormality("inv(9)(p12q13)").breakpoints, find_abnormality("inv(9)(p12)")
        ((('p12', 'q13'),), None)
    """
    match = _SIMPLE.fullmatch(text)
    if match is None:
        return _rare(text)
    sign, number, symbol, first, second, band, band_2, other, other_2, copies, note = match.groups()
    if number is not None:
        if sign is None or copies is not None or number not in CHROMOSOMES:
            return None
        return Abnormality(_GAIN if sign == "+" else _LOSS, sign, (number,), (), (), 1, note or "")
    rule, spans = RULES.get(symbol), BAND_SPANS.get(first)
    if rule is None or spans is None or band not in spans or (band_2 is not None and band_2 not in spans):
        return None
    form, shapes, _ = rule
    bands: tuple[str, ...] = (band,) if band_2 is None else (band, band_2)
    names: tuple[str, ...]
    breakpoints: tuple[tuple[str, ...], ...]
    if second is None:
        if other is not None or (len(bands),) not in shapes:
            return None
        names, breakpoints = (first,), (bands,)
    else:
        spans = BAND_SPANS.get(second)
        if spans is None or other not in spans or (other_2 is not None and other_2 not in spans):
            return None
        others: tuple[str, ...] = (other,) if other_2 is None else (other, other_2)
        if (len(bands), len(others)) not in shapes:
            return None
        names, breakpoints = (first, second), (bands, others)
    if form in _RESTRICTED and not _is_allowed(form, names, breakpoints):
        return None
    return Abnormality(form, sign or "", names, breakpoints, (), 1 if copies is None else int(copies), note or "")


# Laboratories report the same few changes again and again. Only for short texts, so that what is remembered stays small.
find_frequent = lru_cache(maxsize=1 << 14)(find_abnormality)
# Members of an enumeration are looked up slowly.
_GAIN: Final = Form.GAIN
_LOSS: Final = Form.LOSS

_Change = tuple[Form, tuple[str, ...], tuple[tuple[str, ...], ...]]


def _structural(symbol: str, chromosomes: str, bands: str | None) -> _Change | None:
    """Return a rearrangement of any number of chromosomes and bands."""
    rule = RULES.get(symbol)
    names = tuple(chromosomes.split(";"))
    if rule is None or not CHROMOSOMES.issuperset(names):
        return None
    if bands is None:
        return (rule.form, names, ()) if () in rule.breakpoints and len(names) == 1 else None
    groups = bands.split(";")
    if len(groups) != len(names):
        return None
    breakpoints = []
    for name, group in zip(names, groups, strict=True):
        several = split_bands(group)
        if several is None or not BAND_SPANS[name].keys() >= set(several):
            return None
        breakpoints.append(several)
    found = tuple(breakpoints)
    if tuple(len(entry) for entry in found) not in rule.breakpoints:
        return None
    return (rule.form, names, found) if _is_allowed(rule.form, names, found) else None


_RESTRICTED: Final = frozenset(
    {Form.DELETION, Form.ISOCHROMOSOME, Form.ROBERTSONIAN, Form.TRANSLOCATION, Form.INSERTION}
)


def _is_allowed(form: Form, names: tuple[str, ...], breakpoints: tuple[tuple[str, ...], ...]) -> bool:
    if form is Form.TRANSLOCATION:
        return not wrong_order(names)
    if form is Form.DELETION:
        return len({band[0] for band in breakpoints[0]}) == 1
    if form is Form.ISOCHROMOSOME:
        return breakpoints[0][0] in {"p10", "q10"}
    if form is Form.ROBERTSONIAN:
        return ACROCENTRIC.issuperset(names) and breakpoints == (("q10",), ("q10",)) and not wrong_order(names)
    return form is not Form.INSERTION or len(names) == 1 or names[0] != names[1]


def wrong_order(names: tuple[str, ...]) -> bool:
    """Return whether two chromosomes stand in another order than X, Y, 1 to 22, in which ISCN lists them.

    Example:
        >>> wrong_order(("9", "22")), wrong_order(("22", "9")), wrong_order(("1", "X"))
        (False, True, True)
    """
    return len(names) == 2 and _RANK[names[0]] > _RANK[names[1]]


_RANK: Final = {name: place for place, name in enumerate(("X", "Y", *(str(number) for number in range(1, 23))))}


def _rare(text: str) -> Abnormality | None:
    if (match := _GENERAL.fullmatch(text)) is not None:
        sign, symbol, chromosomes, bands, copies, note = match.groups()
        change = _structural(symbol, chromosomes, bands)
        if change is None:
            return None
        return Abnormality(change[0], sign or "", change[1], change[2], (), int(copies or 1), note or "")
    if (match := _DERIVATIVE.fullmatch(text)) is not None:
        sign, symbol, chromosome, arm, inner, copies, note = match.groups()
        return _derivative(sign or "", symbol, chromosome, arm, inner, int(copies or 1), note or "")
    if (match := _HETEROMORPHISM.fullmatch(text)) is not None:
        chromosome, label, note = match.groups()
        if not is_heteromorphism_label(chromosome, label):
            return None
        return Abnormality(Form.HETEROMORPHISM, "", (chromosome,), label=label, note=note or "")
    if (match := _UNKNOWN_ORIGIN.fullmatch(text)) is not None:
        several, symbol, label, copies, note = match.groups()
        # `+2mar` are two different markers, `+mar1x2` is one of them twice.
        if (several and (label or copies)) or (copies and not label):
            return None
        return Abnormality(Form(symbol), "+", copies=int(several or copies or 1), note=note or "", label=label or "")
    if (match := _DOUBLE_MINUTES.fullmatch(text)) is not None:
        low, _, high = match[1].partition("~")
        return None if high and int(low) >= int(high) else Abnormality(Form.DOUBLE_MINUTE, label=match[1])
    return None


def _derivative(
    sign: str, symbol: str, chromosome: str, arm: str | None, inner: str, copies: int, note: str
) -> Abnormality | None:
    if chromosome not in CHROMOSOMES or (symbol == "ider") != (arm is not None):
        return None
    parts = []
    for part_symbol, chromosomes, bands in _EACH_PART.findall(inner):
        if part_symbol not in PARTS:
            return None
        names = tuple(chromosomes.split(";"))
        if bands == "" and part_symbol == "t" and len(names) > 1 and CHROMOSOMES.issuperset(names):
            change: _Change | None = None if wrong_order(names) else (Form.TRANSLOCATION, names, ())
        else:
            change = _structural(part_symbol, chromosomes, bands or None)
        if change is None:
            return None
        parts.append(Abnormality(change[0], "", change[1], change[2]))
    if not any(chromosome in part.chromosomes for part in parts):
        return None
    breakpoints = ((arm,),) if arm is not None else ()
    return Abnormality(Form(symbol), sign, (chromosome,), breakpoints, tuple(parts), copies, note)
