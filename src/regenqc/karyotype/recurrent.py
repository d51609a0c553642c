"""Whether a change is one of those that human pluripotent stem cells acquire again and again in culture.

| change | rule |
|---|---|
| `1q` | a gained segment lies on the long arm of chromosome 1 |
| `8`, `12`, `X` | a gained segment lies on the chromosome |
| `17q` | a gained segment lies on the long arm of chromosome 17 |
| `20q11.21` | a gained segment reaches this band, or a coarser band that contains it |

Gained is what a change adds in copies: a whole chromosome (`+12`), a duplicated segment, the arm that an isochromosome doubles,
the foreign segment of a derivative chromosome, everything on an additional rearranged chromosome. Material of unknown
origin (`add`, `mar`, `hsr`) is not called gained, and a balanced change gains nothing. A gain of 20q11.21 is often
smaller than what G-banding shows, so that its absence here proves nothing.

Sources: gains of 1, 12, 17 and 20 with the minimal amplicon 20q11.21: International Stem Cell Initiative 2011,
doi 10.1038/nbt.2051; 1q: Krivec et al. 2024, PMC11582570. That 8 and X belong to them is common knowledge of service laboratories,
for which no source was checked. Being recurrent changes no verdict; it is said to the reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.karyotype.bands import BAND_ORDER, BAND_SPANS, arm_span
from regenqc.karyotype.model import Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.karyotype.model import Abnormality

__all__ = ["RECURRENT_CHANGES", "gained_segments", "recurrent_changes"]

# Chromosome, first and last place in BAND_ORDER.
Segment = tuple[str, int, int]

RECURRENT_CHANGES: Final[tuple[str, ...]] = ("1q", "8", "12", "17q", "20q11.21", "X")

# By chromosome: the name of the change, and the first and last place of its region.
_TARGETS: Final[dict[str, tuple[str, int, int]]] = {
    "1": ("1q", *arm_span("1", "q")),
    "8": ("8", 0, len(BAND_ORDER["8"]) - 1),
    "12": ("12", 0, len(BAND_ORDER["12"]) - 1),
    "17": ("17q", *arm_span("17", "q")),
    "20": ("20q11.21", *BAND_SPANS["20"]["q11.21"]),
    "X": ("X", 0, len(BAND_ORDER["X"]) - 1),
}


def recurrent_changes(abnormality: Abnormality) -> tuple[str, ...]:
    """Return which of the recurrent changes an abnormality is.

    Example:
        >>> from regenqc.karyotype import read_abnormality
        >>> texts = ("+12", "dup(1)(q21q42)", "i(20)(q10)", "+X", "add(17)(q25)", "der(5)t(5;17)(p15;q21)", "t(8;12)(q24;p13)")
        >>> [recurrent_changes(read_abnormality(text)) for text in texts]
        [('12',), ('1q',), ('20q11.21',), ('X',), (), ('17q',), ()]
    """
    found = []
    for chromosome, low, high in gained_segments(abnormality):
        name, first, last = _TARGETS.get(chromosome, ("", 0, -1))
        if low <= last and first <= high and name not in found:
            found.append(name)
    return tuple(found)


def gained_segments(abnormality: Abnormality) -> tuple[Segment, ...]:
    """Return the segments that an abnormality adds, as far as it states them, by place in `BAND_ORDER`.

    Example:
        >>> from regenqc.karyotype import read_abnormality
        >>> ((chromosome, first, last),) = gained_segments(read_abnormality("dup(20)(q11.21q11.23)"))
        >>> chromosome, BAND_ORDER["20"][first], BAND_ORDER["20"][last]
        ('20', 'q11.21', 'q11.23')
    """
    if abnormality.sign == "-":
        return ()
    return (*_kept(abnormality),) if abnormality.sign == "+" else (*_added(abnormality),)


def _added(change: Abnormality) -> Iterator[Segment]:
    """Yield what a chromosome that replaces its normal homologue has in addition to it."""
    form, names, breakpoints = change.form, change.chromosomes, change.breakpoints
    if form in {Form.DUPLICATION, Form.TRIPLICATION, Form.QUADRUPLICATION}:
        yield _between(names[0], *breakpoints[0])
    elif form is Form.ISOCHROMOSOME:
        yield (names[0], *arm_span(names[0], breakpoints[0][0][0]))
    elif form in {Form.ISODICENTRIC, Form.PSEUDO_ISODICENTRIC}:
        yield _centric(names[0], breakpoints[0][0])
    elif form is Form.ISODERIVATIVE:
        yield (names[0], *arm_span(names[0], breakpoints[0][0][0]))
    if form in {Form.DERIVATIVE, Form.ISODERIVATIVE}:
        for part in change.parts:
            yield from _brought(names[0], part)


def _brought(receiver: str, part: Abnormality) -> Iterator[Segment]:
    """Yield what a rearrangement brings onto the chromosome that receives it."""
    if part.form is Form.TRANSLOCATION and receiver in part.chromosomes:
        for name, bands in zip(part.chromosomes, part.breakpoints, strict=False):
            if name != receiver:
                yield _distal(name, bands[0])
    elif part.form is Form.INSERTION and len(part.chromosomes) == 2 and part.chromosomes[0] == receiver:
        yield _between(part.chromosomes[1], *part.breakpoints[1])
    elif part.form in {Form.DUPLICATION, Form.TRIPLICATION, Form.ISOCHROMOSOME}:
        yield from _added(part)
    elif part.form is Form.DICENTRIC:
        for name, bands in zip(part.chromosomes, part.breakpoints, strict=True):
            if name != receiver:
                yield _centric(name, bands[0])


def _kept(change: Abnormality) -> Iterator[Segment]:
    """Yield what an additional chromosome consists of."""
    form, names, breakpoints = change.form, change.chromosomes, change.breakpoints
    if form in {Form.RING, Form.ISOCHROMOSOME} and breakpoints:
        for name, bands in zip(names, breakpoints, strict=True):
            yield _between(name, *bands) if form is Form.RING else (name, *arm_span(name, bands[0][0]))
        return
    if form in {Form.ADDITION, Form.ISODICENTRIC, Form.PSEUDO_ISODICENTRIC} or len(names) > 1:
        for name, bands in zip(names, breakpoints, strict=True):
            yield (name, *arm_span(name, bands[0][0])) if bands[0] in {"p10", "q10"} else _centric(name, bands[0])
        return
    if form is Form.DELETION and len(breakpoints[0]) == 1:
        yield _centric(names[0], breakpoints[0][0])
        return
    # Of a derivative chromosome the receiving one is kept to its breakpoint; what else is kept of it is not told apart.
    broken = [part for part in change.parts if part.form is Form.TRANSLOCATION and part.breakpoints]
    if form is Form.DERIVATIVE and len(change.parts) == 1 and broken and names[0] in broken[0].chromosomes:
        yield _centric(names[0], broken[0].breakpoints[broken[0].chromosomes.index(names[0])][0])
    else:
        yield from ((name, 0, len(BAND_ORDER[name]) - 1) for name in names)
    yield from _added(change)


def _between(name: str, *bands: str) -> Segment:
    spans = [BAND_SPANS[name][band] for band in bands]
    return name, min(first for first, _ in spans), max(last for _, last in spans)


def _distal(name: str, band: str) -> Segment:
    """Return the segment from a band to the end of its arm."""
    first, last = BAND_SPANS[name][band]
    return (name, 0, last) if band[0] == "p" else (name, first, len(BAND_ORDER[name]) - 1)


def _centric(name: str, band: str) -> Segment:
    """Return the segment from a band through the centromere to the end of the other arm."""
    first, last = BAND_SPANS[name][band]
    return (name, first, len(BAND_ORDER[name]) - 1) if band[0] == "p" else (name, 0, last)
