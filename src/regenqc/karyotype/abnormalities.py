"""Read one abnormality of a karyotype, e.g. `+12` or `t(9;22)(q34;q11.2)`.

A text is read by expressions for whole abnormalities. A text that none of them reads is walked through in
`regenqc.karyotype.faults`, only to say where it stops being understood.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from regenqc.karyotype.bands import ACROCENTRIC, AUTOSOMES, CHROMOSOMES, ONE_BAND, split_bands
from regenqc.karyotype.model import Abnormality, Form
from regenqc.karyotype.variants import is_heteromorphism_label

if TYPE_CHECKING:
    from collections.abc import Mapping

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

_NOTE = r"(c|mat|pat|dn|inh)?"
_TAIL = r"(?:x([2-9]))?" + _NOTE
_PART = r"[a-z]+\([0-9XY;]+\)(?:\([pq0-9.;]+\))?"
_HEAD: Final = re.compile(r"([+-]?)((?:psu )?[a-z]+)\(([0-9XY;]+)")
_AFTER_BANDS: Final = re.compile(_TAIL)
_REARRANGEMENTS: Final = re.compile(rf"(?:\(([pq]10)\))?((?:{_PART})+){_TAIL}")
_EACH_PART: Final = re.compile(_PART)
_UNKNOWN_ORIGIN: Final = re.compile(r"\+([2-9]|[1-9][0-9])?(mar|r)([1-9][0-9]?)?" + _TAIL)
_DOUBLE_MINUTES: Final = re.compile(r"((?:[1-9][0-9]{0,2}(?:~[1-9][0-9]{0,2})?)?)dmin")
_HETEROMORPHISM: Final = re.compile(r"([0-9]{1,2}|[XY])([pqchstkenp+-]+[+-])" + _NOTE)

# Whole chromosomes gained and lost are few enough to be listed.
_WHOLE: Final = {
    f"{sign}{name}{note}": Abnormality(form, sign, (name,), note=note)
    for sign, form in (("+", Form.GAIN), ("-", Form.LOSS))
    for name in CHROMOSOMES
    for note in ("", "c", "mat", "pat", "dn", "inh")
}


def find_abnormality(text: str) -> Abnormality | None:
    """Return the abnormality that a text is, or `None`.

    Signs are not judged here: `-del(5)(q13)` is an abnormality that only a clone which refers to another one can have.

    Args:
        text: folded, without count of cells.

    Example:
        >>> find_abnormality("inv(9)(p12q13)").breakpoints, find_abnormality("inv(9)(p12)")
        ((('p12', 'q13'),), None)
    """
    before, between, after = text.partition(")(")
    if not between or ")" in before:
        return _WHOLE.get(text) or _rare(text)
    head = _find_head(before) if len(before) <= _LONGEST_HEAD else None
    if head is None:
        return None
    sign, form, shapes, names, known = head
    if not shapes:
        return _rare(text)
    bands, _, tail = after.rpartition(")")
    breakpoints: tuple[tuple[str, ...], ...]
    if len(names) == 1:
        several = split_bands(bands, known[0])
        if (len(several),) not in shapes or (form is _DELETION and several[0][0] != several[-1][0]):
            return None
        breakpoints = (several,)
    elif len(names) == 2:
        first, _, second = bands.partition(";")
        breakpoints = one, other = split_bands(first, known[0]), split_bands(second, known[1])
        if (len(one), len(other)) not in shapes:
            return None
    else:
        groups = bands.split(";")
        breakpoints = tuple(map(split_bands, groups, known))
        if len(groups) != len(names) or tuple(map(len, breakpoints)) not in shapes:
            return None
    if not tail:
        return Abnormality(form, sign, names, breakpoints)
    match = _AFTER_BANDS.fullmatch(tail)
    if match is None:
        return None
    return Abnormality(form, sign, names, breakpoints, (), int(match[1] or 1), match[2] or "")


# Laboratories report the same few changes again and again. Only for short texts, so that what is remembered stays small.
find_frequent = lru_cache(maxsize=1 << 14)(find_abnormality)
# Members of an enumeration are looked up slowly.
_DELETION: Final = Form.DELETION
_ISODERIVATIVE: Final = Form.ISODERIVATIVE


class _Head(NamedTuple):
    """What stands before the bands, as in `+dup(1` and `t(9;22`, and which may follow.

    Args:
        sign: `+`, `-` or empty.
        form: kind of change.
        shapes: of the breakpoints; none where rearrangements follow, as in `der(1`.
        names: of the chromosomes.
        known: bands of each of them.
    """

    sign: str
    form: Form
    shapes: frozenset[tuple[int, ...]]
    names: tuple[str, ...]
    known: tuple[Mapping[str, tuple[str, ...]], ...]


# `+t(10;11;12;13;14;15`
_LONGEST_HEAD: Final = 20
# Changes that part the chromosome at the centromere.
_ARMS: Final = {"i": {"p10": ("p10",), "q10": ("q10",)}, "rob": {"q10": ("q10",)}}


def _read_head(text: str) -> _Head | None:
    match = _HEAD.fullmatch(text)
    if match is None:
        return None
    sign, symbol, names = match[1], match[2], tuple(match[3].split(";"))
    if not CHROMOSOMES.issuperset(names):
        return None
    if symbol in {"der", "ider"} and len(names) == 1:
        return _Head(sign, Form(symbol), frozenset(), names, ())
    if symbol not in RULES or (symbol in {"t", "rob"} and wrong_order(names)):
        return None
    if (symbol == "rob" and not ACROCENTRIC.issuperset(names)) or (symbol == "ins" and names[1:] == names[:1]):
        return None
    known = tuple(_ARMS.get(symbol, ONE_BAND[name]) for name in names)
    return _Head(sign, RULES[symbol].form, RULES[symbol].breakpoints, names, known)


# There are some thousand heads; bands vary much more.
_find_head = lru_cache(maxsize=1 << 13)(_read_head)


def wrong_order(names: tuple[str, ...]) -> bool:
    """Return whether two chromosomes stand in another order than X, Y, 1 to 22, in which ISCN lists them.

    Example:
        >>> wrong_order(("9", "22")), wrong_order(("22", "9")), wrong_order(("1", "X"))
        (False, True, True)
    """
    return len(names) == 2 and _RANK[names[0]] > _RANK[names[1]]


_RANK: Final = {name: place for place, name in enumerate(("X", "Y", *AUTOSOMES))}


def _rare(text: str) -> Abnormality | None:
    before, closed, after = text.partition(")")
    if closed:
        head = _find_head(before) if len(before) <= _LONGEST_HEAD else None
        if head is None or not head.shapes:
            return None if head is None else _derivative(head, after)
        match = _AFTER_BANDS.fullmatch(after)
        if match is None or () not in head.shapes or len(head.names) > 1:
            return None
        return Abnormality(head.form, head.sign, head.names, copies=int(match[1] or 1), note=match[2] or "")
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


def _derivative(head: _Head, after: str) -> Abnormality | None:
    match = _REARRANGEMENTS.fullmatch(after)
    if match is None or (head.form is _ISODERIVATIVE) != (match[1] is not None):
        return None
    arm, inner, copies, note = match.groups()
    parts = []
    for text in _EACH_PART.findall(inner):
        part = find_abnormality(text) or _stated_elsewhere(text)
        if part is None or part.form not in PARTS:
            return None
        parts.append(part)
    (chromosome,) = head.names
    if not any(chromosome in part.chromosomes for part in parts):
        return None
    breakpoints = ((arm,),) if arm is not None else ()
    return Abnormality(head.form, head.sign, head.names, breakpoints, tuple(parts), int(copies or 1), note or "")


def _stated_elsewhere(text: str) -> Abnormality | None:
    """Return a translocation without its bands, which stand in another place of the text: the `t(9;22)` of `der(22)t(9;22)`."""
    head = _read_head(text[:-1])
    if head is None or head.form is not Form.TRANSLOCATION or len(head.names) == 1:
        return None
    return Abnormality(head.form, "", head.names)
